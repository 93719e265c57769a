#include "lib/core/record_pw.h"

#include "lib/core/pack.h"

#include <openssl/rand.h>
#include <string.h>

#define YESCRYPT "$y$"

/* crypt(5): what a setting is spelled with. */
static bool salt_valid(const char *salt)
{
	static const char letters[] =
	    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz$";
	size_t n = strnlen(salt, RECORD_PW_SALT_MAX + 1);

	return n > strlen(YESCRYPT) && n <= RECORD_PW_SALT_MAX &&
	    strncmp(salt, YESCRYPT, strlen(YESCRYPT)) == 0 && strspn(salt, letters) == n;
}

int record_pw_new(struct record_pw *r, const char *salt)
{
	memset(r, 0, sizeof(*r));
	if (!salt_valid(salt))
		return ERR_SYNTAX;
	if (RAND_bytes(r->key, sizeof(r->key)) != 1)
		return ERR_SYSTEM;
	r->format = RECORD_PW_FORMAT;
	memcpy(r->salt, salt, strlen(salt) + 1);
	return 0;
}

int record_pw_put(const struct record_pw *r, unsigned char *out)
{
	struct pack p = {.data = out, .size = RECORD_PLAIN_MAX};
	size_t n = strnlen(r->salt, RECORD_PW_SALT_MAX);

	pack_put_int(&p, r->format, 2);
	pack_put_int(&p, n, 1);
	pack_put(&p, r->salt, n);
	pack_put(&p, r->key, sizeof(r->key));
	pack_put_int(&p, r->entries, 1);
	for (int i = 0; i < r->entries && i < RECORD_PW_ENTRIES; i++) {
		pack_put(&p, r->entry[i].mac, sizeof(r->entry[i].mac));
		pack_put(&p, r->entry[i].before, sizeof(r->entry[i].before));
		pack_put_int(&p, (uint64_t)r->entry[i].set, 8);
	}
	return p.bad || r->entries > RECORD_PW_ENTRIES ? ERR_SYSTEM : (int)p.at;
}

static void get_entry(struct pack *p, struct record_pw_entry *entry)
{
	pack_get(p, entry->mac, sizeof(entry->mac));
	pack_get(p, entry->before, sizeof(entry->before));
	entry->set = (int64_t)pack_get_int(p, 8);
	if (entry->set < 0)
		p->bad = true;
}

int record_pw_get(struct record_pw *r, const unsigned char *in, size_t len)
{
	struct pack p = {.data = (unsigned char *)(uintptr_t)in, .size = len};
	size_t n;

	memset(r, 0, sizeof(*r));
	r->format = (uint16_t)pack_get_int(&p, 2);
	if (r->format != RECORD_PW_FORMAT && r->format != RECORD_PW_FORMAT_SAME)
		return ERR_BAD;
	n = (size_t)pack_get_int(&p, 1);
	if (n > RECORD_PW_SALT_MAX)
		return ERR_BAD;
	pack_get(&p, r->salt, n);
	pack_get(&p, r->key, sizeof(r->key));
	r->entries = (uint8_t)pack_get_int(&p, 1);
	if (r->entries > RECORD_PW_ENTRIES)
		return ERR_BAD;
	for (int i = 0; i < r->entries; i++)
		get_entry(&p, &r->entry[i]);
	return p.bad || p.at != len || strlen(r->salt) != n || !salt_valid(r->salt) ? ERR_BAD : 0;
}

_Static_assert(2 + 1 + RECORD_PW_SALT_MAX + RECORD_HASH + 1 +
    RECORD_PW_ENTRIES * (RECORD_HASH + RECORD_PW_TAG + 8) <= RECORD_PLAIN_MAX,
    "a full record fits a slot");
