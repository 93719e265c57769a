/*
 * fuzz_userkey: no two names have one key, every key is a harmless file name, and the
 * way back leads to the very name.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/core/store.h"
#include "lib/core/userkey.h"

static bool encode(const char *name, char key[USERKEY_MAX + 1])
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789_@-.%";
	char again[USERKEY_NAME_MAX + 1], whole[STORE_KEY_MAX];

	if (userkey_encode(name, key) != 0) {
		/* Only who is nobody, or too long. */
		MUST(name[0] == '\0' || strlen(name) > USERKEY_MAX / 3);
		MUST(store_key(whole, "hot", name) != 0);
		return false;
	}
	MUST(key[0] != '\0' && key[0] != '.' && strlen(key) <= USERKEY_MAX);
	MUST(strspn(key, plain) == strlen(key) && key[strlen(key) - 1] != '.');
	MUST(userkey_decode(key, again) == 0 && strcmp(again, name) == 0);
	MUST(store_key(whole, "hot", name) == 0 && strcmp(whole + 4, key) == 0);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	char *a = fuzz_text(&f), *b = fuzz_text(&f);
	char key_a[USERKEY_MAX + 1], key_b[USERKEY_MAX + 1], name[USERKEY_NAME_MAX + 1];
	const bool has_a = encode(a, key_a), has_b = encode(b, key_b);

	if (has_a && has_b)
		MUST((strcmp(a, b) == 0) == (strcmp(key_a, key_b) == 0));
	/* As a key: what is taken is what encoding makes of a name. */
	if (userkey_decode(a, name) == 0) {
		MUST(userkey_encode(name, key_a) == 0 && strcmp(key_a, a) == 0);
	}
	free(a);
	free(b);
	return 0;
}
