#include "lib/core/recovery.h"

#include "lib/core/err.h"
#include "lib/core/secret.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#define RANDOM_BYTES 10

static int hash_word(const uint8_t key[RECORD_HASH], const char *word, uint8_t *out)
{
	unsigned int n = 0;

	if (HMAC(EVP_sha256(), key, RECORD_HASH, (const unsigned char *)word, ANSWER_WORD,
	    out, &n) == NULL || n != RECORD_HASH)
		return ERR_SYSTEM;
	return 0;
}

/* RFC 4648 base32 of 80 bits: 16 characters, no padding. */
static void spell(const unsigned char *bytes, char *word)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	unsigned int bits = 0, held = 0;
	int n = 0;

	for (int i = 0; i < RANDOM_BYTES; i++) {
		held = held << 8 | bytes[i];
		for (bits += 8; bits >= 5; bits -= 5)
			word[n++] = alphabet[held >> (bits - 5) & 31];
	}
	word[n] = '\0';
}

static int new_code(struct record_recovery *set, int i, char text[RECOVERY_TEXT_SIZE])
{
	unsigned char bytes[RANDOM_BYTES];
	char word[ANSWER_WORD + 1];
	int r = ERR_SYSTEM;

	if (RAND_bytes(bytes, sizeof(bytes)) == 1) {
		spell(bytes, word);
		r = hash_word(set->key, word, set->hash[i]);
		for (int k = 0; k < 4; k++) {
			memcpy(text + k * 5, word + k * 4, 4);
			text[k * 5 + 4] = k < 3 ? '-' : '\0';
		}
	}
	secret_wipe(bytes, sizeof(bytes));
	secret_wipe(word, sizeof(word));
	return r;
}

int recovery_new(struct record_recovery *set,
    char text[RECORD_CODES][RECOVERY_TEXT_SIZE], struct err *e)
{
	int r = 0;

	memset(set, 0, sizeof(*set));
	if (RAND_bytes((unsigned char *)&set->id, sizeof(set->id)) != 1 || set->id == 0 ||
	    RAND_bytes(set->key, sizeof(set->key)) != 1)
		r = ERR_SYSTEM;
	for (int i = 0; i < RECORD_CODES && r == 0; i++)
		r = new_code(set, i, text[i]);
	if (r != 0) {
		secret_wipe(set, sizeof(*set));
		secret_wipe(text, RECORD_CODES * RECOVERY_TEXT_SIZE);
		return err_set(e, r, "no random numbers from libcrypto");
	}
	return 0;
}

int recovery_match(const struct record_recovery *set, const struct answer *a, int *index)
{
	uint8_t hash[RECORD_HASH];
	int found = -1, r;

	*index = -1;
	if (a->kind != ANSWER_RECOVERY || set->id == 0)
		return 0;
	if ((r = hash_word(set->key, a->text, hash)) != 0)
		return r;
	for (int i = 0; i < RECORD_CODES; i++)
		if (secret_equal(hash, set->hash[i], sizeof(hash)))
			found = i;
	secret_wipe(hash, sizeof(hash));
	*index = found;
	return 0;
}

int recovery_left(const struct record_recovery *set, const struct record_hot *hot)
{
	int left = 0;

	for (int k = 0; k < 2 && set->id != 0; k++) {
		if (hot->spent[k].id != set->id)
			continue;
		for (int i = 0; i < RECORD_CODES; i++)
			left += (hot->spent[k].used >> i & 1) == 0;
		break;
	}
	return left;
}
