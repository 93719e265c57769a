/*
 * fuzz_keyring: a keyring that is taken holds one to eight keys, each with a name of its
 * own, and keeps them all through the changes of a new master key.
 */
#include "tests/fuzz/fuzz.h"

#include "enroll/keyfile.h"
#include "lib/core/crypto.h"
#include "lib/core/keyring.h"
#include "tests/fuzz/wrap.h"

#include <openssl/evp.h>

static void check_range(const struct keyring *k)
{
	MUST(k->count >= 1 && k->count <= KEYRING_KEYS && k->engine == NULL);
	for (int i = 0; i < k->count; i++) {
		MUST(k->key[i].id[0] != '\0' && strpbrk(k->key[i].id, " \n#/") == NULL);
		MUST(keyring_find(k, k->key[i].id) == &k->key[i] && !k->key[i].extracted);
	}
}

/* Written and read again. */
static void check_written(const struct keyring *k)
{
	static struct keyring again;
	unsigned char base64[48];
	char text[4096];
	int n = 0;

	for (int i = 0; i < k->count; i++) {
		MUST(EVP_EncodeBlock(base64, k->key[i].bytes, KEYRING_KEY_SIZE) == 44);
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s %s\n", k->key[i].id, base64);
	}
	MUST(keyring_parse(&again, "again", text, (size_t)n, NULL) == 0);
	MUST(memcmp(&again, k, sizeof(again)) == 0);
}

static bool has_all(const struct keyring *k, const struct keyring *of, const char *but)
{
	for (int i = 0; i < of->count; i++) {
		const struct keyring_key *key = keyring_find(k, of->key[i].id);

		if (strcmp(of->key[i].id, but) == 0 ? key != NULL : key == NULL ||
		    memcmp(key->bytes, of->key[i].bytes, KEYRING_KEY_SIZE) != 0)
			return false;
	}
	return true;
}

static void parse(struct keyring *k, const struct keyfile *file)
{
	MUST(keyring_parse(k, "changed", file->text, file->len, NULL) == 0);
}

/* add, use, retire: what was sealed before can always be opened. */
static void check_changes(const struct keyring *k, struct keyfile *file)
{
	static struct keyring now;
	char id[KEYRING_ID_MAX + 1], next[KEYRING_ID_MAX + 1], before[KEYRING_ID_MAX + 1];

	keyfile_next(file, before);
	/* One waits already: `rekey add` refuses. */
	if (before[0] != '\0' || k->count == KEYRING_KEYS || keyfile_add(file, id, NULL) != 0)
		return;
	/* A new name of 32 random bits that is there: keyfile_replace() refuses. */
	if (keyring_find(k, id) != NULL)
		return;
	parse(&now, file);
	MUST(now.count == k->count + 1 && has_all(&now, k, ""));
	MUST(strcmp(now.key[0].id, k->key[0].id) == 0);
	keyfile_next(file, next);
	MUST(strcmp(next, id) == 0);
	keyfile_use(file);
	parse(&now, file);
	MUST(has_all(&now, k, "") && strcmp(now.key[0].id, id) == 0);
	keyfile_next(file, next);
	MUST(next[0] == '\0');
	keyfile_remove(file, k->key[0].id);
	parse(&now, file);
	MUST(now.count == k->count && has_all(&now, k, k->key[0].id));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	MUST(crypto_init() == 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct keyring k;
	static struct keyfile file;
	struct fuzz f = {data, size};
	struct err e = {0};
	size_t n;
	uint8_t *text = fuzz_rest(&f, &n);

	memset(&k, 0xff, sizeof(k));
	if (keyring_parse(&k, "ring", (const char *)text, n, &e) == 0) {
		check_range(&k);
		check_written(&k);
		if (n <= sizeof(file.text)) {
			memcpy(file.text, text, n);
			file.len = n;
			wrap_begin(n, 1700000000);
			check_changes(&k, &file);
			wrap_end();
		}
	} else {
		MUST(e.code == ERR_KEYRING && strncmp(e.text, "ring:", 5) == 0);
	}
	free(text);
	return 0;
}
