#include "policy/audit/probe_key.h"

#include "lib/core/secret.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HALF 32 /* bytes of a seed, and of a public key */
#define TYPE "ssh-ed25519"
#define HEAD "-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define FOOT "\n-----END OPENSSH PRIVATE KEY-----\n"
#define ROOM 512

/* The format of OpenSSH's PROTOCOL.key. */
struct pen {
	unsigned char *to;
	size_t len;
};

static void put_number(struct pen *p, uint32_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		p->to[p->len++] = (unsigned char)(n >> shift);
}

static void put(struct pen *p, const void *data, size_t n)
{
	if (n > 0)
		memcpy(p->to + p->len, data, n);
	p->len += n;
}

static void put_string(struct pen *p, const void *data, size_t n)
{
	put_number(p, (uint32_t)n);
	put(p, data, n);
}

static size_t put_public(unsigned char *to, const unsigned char public[HALF])
{
	struct pen p = {.to = to};

	put_string(&p, TYPE, sizeof(TYPE) - 1);
	put_string(&p, public, HALF);
	return p.len;
}

/* seed holds the seed and, behind it, the public key. */
static size_t put_private(unsigned char *to, const unsigned char seed[2 * HALF])
{
	static const char magic[] = "openssh-key-v1"; /* with its NUL */
	unsigned char public[ROOM];
	struct pen p = {.to = to}, in;
	size_t n = put_public(public, seed + HALF);

	put(&p, magic, sizeof(magic));
	put_string(&p, "none", 4);
	put_string(&p, "none", 4);
	put_string(&p, "", 0);
	put_number(&p, 1);
	put_string(&p, public, n);
	in = (struct pen){.to = p.to + p.len + 4};
	put_number(&in, 0x70726f62); /* twice the same: it was opened with the right password */
	put_number(&in, 0x70726f62);
	put_string(&in, TYPE, sizeof(TYPE) - 1);
	put_string(&in, seed + HALF, HALF);
	put_string(&in, seed, (size_t)2 * HALF);
	put_string(&in, "probe", 5);
	for (unsigned char i = 1; in.len % 8 != 0; i++)
		in.to[in.len++] = i;
	put_number(&p, (uint32_t)in.len);
	return p.len + in.len;
}

static int write_private(int fd, const unsigned char seed[2 * HALF])
{
	struct secret raw, text = {0};
	int r = ERR_SYSTEM, n;

	if (secret_new(&raw, ROOM) == 0 && secret_new(&text, (size_t)2 * ROOM) == 0) {
		memcpy(text.data, HEAD, sizeof(HEAD) - 1);
		n = EVP_EncodeBlock(text.data + sizeof(HEAD) - 1, raw.data, (int)put_private(raw.data, seed));
		n += (int)sizeof(HEAD) - 1;
		memcpy(text.data + n, FOOT, sizeof(FOOT) - 1);
		n += (int)sizeof(FOOT) - 1;
		if (write(fd, text.data, (size_t)n) == n)
			r = 0;
	}
	secret_free(&raw);
	secret_free(&text);
	return r;
}

static int write_line(struct probe_key *k, const unsigned char public[HALF])
{
	unsigned char raw[ROOM], text[ROOM], hash[SSHKEY_HASH];
	const size_t n = put_public(raw, public);

	(void)EVP_EncodeBlock(text, raw, (int)n);
	(void)snprintf(k->line, sizeof(k->line), TYPE " %.100s", (char *)text);
	if (sshkey_hash(raw, n, hash) != 0)
		return ERR_SYSTEM;
	sshkey_text(hash, k->fingerprint);
	return 0;
}

static int make_seed(unsigned char seed[2 * HALF])
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	size_t n = HALF, m = HALF;
	const bool made = key != NULL && EVP_PKEY_get_raw_private_key(key, seed, &n) == 1 &&
	    EVP_PKEY_get_raw_public_key(key, seed + HALF, &m) == 1 && n == HALF && m == HALF;

	EVP_PKEY_free(key);
	return made ? 0 : ERR_SYSTEM;
}

int probe_key_make(struct probe_key *k, struct err *e)
{
	struct secret seed;
	int r;

	*k = (struct probe_key){.fd = -1};
	if (secret_new(&seed, (size_t)2 * HALF) != 0 || make_seed(seed.data) != 0)
		r = err_set(e, ERR_SYSTEM, "out of memory");
	else if ((k->fd = memfd_create("probe-key", MFD_CLOEXEC)) < 0 || fchmod(k->fd, 0600) != 0 ||
	    write_private(k->fd, seed.data) != 0)
		r = err_set(e, ERR_SYSTEM, "memfd: %s", strerror(errno));
	else if (write_line(k, seed.data + HALF) != 0)
		r = err_set(e, ERR_SYSTEM, "out of memory");
	else
		r = 0;
	if (r == 0)
		(void)snprintf(k->path, sizeof(k->path), "/proc/%d/fd/%d", (int)getpid(), k->fd);
	secret_free(&seed);
	return r;
}

void probe_key_free(struct probe_key *k)
{
	if (k->line[0] != '\0' || k->fd > 0)
		(void)close(k->fd);
	*k = (struct probe_key){.fd = -1};
}
