#include "enroll/backup.h"

#include "enroll/language.h"
#include "lib/core/record_pw.h"
#include "lib/core/safefile.h"
#include "lib/core/seal.h"
#include "lib/core/secret.h"
#include "lib/core/text.h"
#include "lib/core/userkey.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#define TITLE "pam-bastion backup 1\n"

int backup_header_put(const struct backup_header *h, char text[BACKUP_HEADER])
{
	struct text t = text_in(text, BACKUP_HEADER);

	text_add(&t, TITLE "time ");
	text_add_number(&t, (uint64_t)h->time);
	text_add(&t, "\nmachine ");
	text_add(&t, h->machine);
	text_add(&t, "\nrecords ");
	text_add_number(&t, h->records);
	text_add(&t, "\nmac ");
	text_add(&t, h->mac);
	text_add(&t, "\nkeys");
	for (int i = 0; i < h->keys; i++) {
		text_add_char(&t, ' ');
		text_add(&t, h->key[i]);
	}
	text_add_char(&t, '\n');
	if (t.cut)
		return ERR_SYSTEM;
	memset(text + t.len, ' ', BACKUP_HEADER - t.len - 1);
	text[BACKUP_HEADER - 1] = '\n';
	return 0;
}

/* The word behind name on the line at *at, which goes behind the line. */
static int get_word(const char **at, const char *name, char *word, size_t size)
{
	size_t n = strlen(name), len;

	if (strncmp(*at, name, n) != 0)
		return ERR_BAD;
	len = strcspn(*at + n, "\n");
	if (len >= size || (*at)[n + len] != '\n')
		return ERR_BAD;
	memcpy(word, *at + n, len);
	word[len] = '\0';
	*at += n + len + 1;
	return 0;
}

static int get_number(const char **at, const char *name, uint64_t *v)
{
	char word[20];

	*v = 0;
	if (get_word(at, name, word, sizeof(word)) != 0 || word[0] == '\0')
		return ERR_BAD;
	for (const char *p = word; *p != '\0'; p++) {
		if (*p < '0' || *p > '9')
			return ERR_BAD;
		*v = *v * 10 + (uint64_t)(*p - '0');
	}
	return 0;
}

static int get_keys(const char **at, struct backup_header *h)
{
	char line[KEYRING_KEYS * (KEYRING_ID_MAX + 1) + 1];
	const char *p = line;

	if (get_word(at, "keys", line, sizeof(line)) != 0)
		return ERR_BAD;
	while (*p == ' ') {
		size_t n = strcspn(++p, " ");

		if (n == 0 || n > KEYRING_ID_MAX || h->keys == KEYRING_KEYS)
			return ERR_BAD;
		memcpy(h->key[h->keys++], p, n);
		p += n;
	}
	return *p == '\0' ? 0 : ERR_BAD;
}

int backup_header_get(struct backup_header *h, const char text[BACKUP_HEADER])
{
	char copy[BACKUP_HEADER + 1], again[BACKUP_HEADER];
	const char *at = copy + sizeof(TITLE) - 1;
	uint64_t time;

	memset(h, 0, sizeof(*h));
	memcpy(copy, text, BACKUP_HEADER);
	copy[BACKUP_HEADER] = '\0';
	if (strncmp(copy, TITLE, sizeof(TITLE) - 1) != 0 || get_number(&at, "time ", &time) != 0 ||
	    get_word(&at, "machine ", h->machine, sizeof(h->machine)) != 0 ||
	    get_number(&at, "records ", &h->records) != 0 ||
	    get_word(&at, "mac ", h->mac, sizeof(h->mac)) != 0 || get_keys(&at, h) != 0)
		return ERR_BAD;
	h->time = (int64_t)time;
	/* One spelling only. */
	return backup_header_put(h, again) == 0 && memcmp(again, text, BACKUP_HEADER) == 0 ? 0 :
	    ERR_BAD;
}

int backup_mac(const struct keyring *k, const char *id, const unsigned char digest[32],
    unsigned char mac[BACKUP_MAC])
{
	const struct keyring_key *master = keyring_find(k, id);
	unsigned char key[32];
	int r;

	if (master == NULL)
		return ERR_KEYRING;
	if ((r = seal_derive(k, master, "backup", key, sizeof(key))) == 0)
		r = seal_hmac(k, &(struct seal_text){key, sizeof(key)},
		    &(struct seal_text){digest, 32}, mac);
	secret_wipe(key, sizeof(key));
	return r;
}

static int damaged(const struct backup_in *in, const char *what, struct err *e)
{
	return err_set(e, ERR_BAD, "%s: is damaged, or not a backup of this program (%s)", in->path,
	    what);
}

static int get(struct backup_in *in, void *data, size_t n)
{
	if (fread(data, 1, n, in->f) != n)
		return ERR_BAD;
	return in->digest == NULL || EVP_DigestUpdate(in->digest, data, n) == 1 ? 0 : ERR_SYSTEM;
}

static int get_sized(struct backup_in *in, void *data, size_t cap, size_t *n)
{
	unsigned char size[2];

	if (get(in, size, sizeof(size)) != 0)
		return ERR_BAD;
	*n = (size_t)size[0] << 8 | size[1];
	return *n <= cap ? get(in, data, *n) : ERR_BAD;
}

/* A name that a record can have, and behind the last one. */
static bool is_next(const char *last, const char *key, size_t n)
{
	char user[USERKEY_NAME_MAX + 1], before[USERKEY_NAME_MAX + 1];
	const char *slash = strchr(key, '/');
	int order;

	if (strlen(key) != n || slash == NULL ||
	    (strncmp(key, "enroll/", 7) != 0 && strncmp(key, "hot/", 4) != 0 &&
	    strncmp(key, "pw/", 3) != 0) ||
	    userkey_decode(slash + 1, user) != 0)
		return false;
	if (last[0] == '\0')
		return true;
	if (userkey_decode(strchr(last, '/') + 1, before) != 0)
		return false;
	order = strcmp(before, user);
	/* enroll, hot, pw */
	return order < 0 || (order == 0 && last[0] < key[0]);
}

int backup_next(struct backup_in *in, char key[STORE_KEY_MAX], struct store_raw *raw,
    struct err *e)
{
	size_t n;

	if (in->left == 0)
		return ERR_NONE;
	*raw = (struct store_raw){.version = STORE_NEW};
	if (get_sized(in, key, STORE_KEY_MAX - 1, &n) != 0)
		return damaged(in, _("it ends too early"), e);
	key[n] = '\0';
	if (!is_next(in->last, key, n))
		return damaged(in, _("the name of a record"), e);
	if (get_sized(in, raw->data, sizeof(raw->data), &raw->len) != 0)
		return damaged(in, _("it ends too early"), e);
	memcpy(in->last, key, n + 1);
	in->left--;
	return 0;
}

static int check_keys(const struct backup_in *in, struct err *e)
{
	const struct backup_header *h = &in->header;

	for (int i = 0; i <= h->keys; i++) {
		const char *id = i < h->keys ? h->key[i] : h->mac;

		if (keyring_find(in->keyring, id) == NULL)
			return err_set(e, ERR_KEYRING, "%s: needs the master key %s, which the keyring "
			    "does not hold; add its line from the copy of the keyring", in->path, id);
	}
	return 0;
}

int backup_check_record(const struct keyring *k, const char *key, const struct store_raw *raw,
    struct store_value *v, struct err *e)
{
	union {
		struct record_enroll enroll;
		struct record_hot hot;
		struct record_pw pw;
	} u;
	int r = store_open_raw(k, key, raw, v, e);

	if (r != 0)
		return r;
	switch (key[0]) {
	case 'e':
		r = record_get_enroll(&u.enroll, v->data, v->len);
		break;
	case 'h':
		r = record_get_hot(&u.hot, v->data, v->len);
		break;
	default:
		r = record_pw_get(&u.pw, v->data, v->len);
	}
	secret_wipe(&u, sizeof(u));
	return r == 0 ? 0 : err_set(e, ERR_BAD, "%s: its format is not one of this version's", key);
}

static int check_records(struct backup_in *in, struct store_value *v, struct err *e)
{
	char key[STORE_KEY_MAX];
	struct store_raw raw;
	struct err why = {0};
	int r;

	while ((r = backup_next(in, key, &raw, e)) == 0) {
		if ((r = backup_check_record(in->keyring, key, &raw, v, &why)) != 0)
			return damaged(in, why.text, e);
	}
	return r == ERR_NONE ? 0 : r;
}

static int check_mac(struct backup_in *in, const char text[BACKUP_HEADER], struct err *e)
{
	unsigned char digest[EVP_MAX_MD_SIZE], mac[BACKUP_MAC], right[BACKUP_MAC];

	if (EVP_DigestUpdate(in->digest, text, BACKUP_HEADER) != 1 ||
	    EVP_DigestFinal_ex(in->digest, digest, NULL) != 1)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot run SHA-256");
	if (fread(mac, 1, sizeof(mac), in->f) != sizeof(mac) || getc(in->f) != EOF)
		return damaged(in, _("its length"), e);
	if (backup_mac(in->keyring, in->header.mac, digest, right) != 0)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	return secret_equal(mac, right, sizeof(mac)) ? 0 : damaged(in, _("the MAC"), e);
}

static int rewind_to(struct backup_in *in, struct err *e)
{
	if (fseek(in->f, BACKUP_HEADER, SEEK_SET) != 0)
		return err_errno(e, "%s", in->path);
	in->left = in->header.records;
	in->last[0] = '\0';
	return 0;
}

/* The whole file, before anything is done with it. */
static int check(struct backup_in *in, struct err *e)
{
	char text[BACKUP_HEADER];
	struct secret memory;
	int r;

	if (fread(text, 1, sizeof(text), in->f) != sizeof(text) ||
	    backup_header_get(&in->header, text) != 0)
		return damaged(in, _("the header"), e);
	if ((r = check_keys(in, e)) != 0 || (r = rewind_to(in, e)) != 0)
		return r;
	in->digest = EVP_MD_CTX_new();
	if (in->digest == NULL || EVP_DigestInit_ex(in->digest, EVP_sha256(), NULL) != 1 ||
	    secret_new(&memory, sizeof(struct store_value)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	r = check_records(in, (struct store_value *)(void *)memory.data, e);
	secret_free(&memory);
	if (r == 0 && (r = check_mac(in, text, e)) == 0)
		r = rewind_to(in, e);
	EVP_MD_CTX_free(in->digest);
	in->digest = NULL;
	return r;
}

int backup_open(struct backup_in *in, const char *path, const struct keyring *k,
    struct err *e)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), r;

	*in = (struct backup_in){.path = path, .keyring = k};
	if (fd < 0)
		return err_errno(e, "%s", path);
	/* Nobody changes it between the check and the use. */
	if ((r = safefile_check(fd, SAFEFILE_PRIVATE, path, e)) == 0 &&
	    (in->f = fdopen(fd, "r")) == NULL)
		r = err_errno(e, "%s", path);
	if (in->f == NULL) {
		(void)close(fd);
		return r;
	}
	return check(in, e);
}

void backup_close(struct backup_in *in)
{
	EVP_MD_CTX_free(in->digest);
	in->digest = NULL;
	if (in->f != NULL)
		(void)fclose(in->f);
	in->f = NULL;
}
