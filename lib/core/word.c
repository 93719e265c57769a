#include "lib/core/word.h"

#include "lib/core/err.h"
#include "lib/core/secret.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#define RANDOM_BYTES 10

int word_hash(const uint8_t key[RECORD_HASH], const char *word, uint8_t hash[RECORD_HASH])
{
	unsigned int n = 0;

	if (HMAC(EVP_sha256(), key, RECORD_HASH, (const unsigned char *)word, ANSWER_WORD,
	    hash, &n) == NULL || n != RECORD_HASH)
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

int word_new(const uint8_t key[RECORD_HASH], uint8_t hash[RECORD_HASH],
    char text[WORD_TEXT_SIZE])
{
	unsigned char bytes[RANDOM_BYTES];
	char word[ANSWER_WORD + 1] = "";
	int r = ERR_SYSTEM;

	if (RAND_bytes(bytes, sizeof(bytes)) == 1) {
		spell(bytes, word);
		r = word_hash(key, word, hash);
	}
	for (int k = 0; k < 4; k++) {
		memcpy(text + k * 5, word + k * 4, 4);
		text[k * 5 + 4] = k < 3 ? '-' : '\0';
	}
	if (r != 0)
		secret_wipe(text, WORD_TEXT_SIZE);
	secret_wipe(bytes, sizeof(bytes));
	secret_wipe(word, sizeof(word));
	return r;
}

int word_invite(struct record_invite *v, int64_t now, uint32_t life,
    char text[WORD_TEXT_SIZE])
{
	*v = (struct record_invite){.open = true, .since = now, .life = life};
	if (RAND_bytes(v->key, sizeof(v->key)) == 1 && word_new(v->key, v->hash, text) == 0)
		return 0;
	*v = (struct record_invite){0};
	return ERR_SYSTEM;
}

int word_is_invited(const struct record_invite *v, const struct answer *a, bool *yes)
{
	uint8_t hash[RECORD_HASH];
	int r;

	*yes = false;
	if (a->kind != ANSWER_RECOVERY || !v->open)
		return 0;
	if ((r = word_hash(v->key, a->text, hash)) == 0)
		*yes = secret_equal(hash, v->hash, sizeof(hash));
	secret_wipe(hash, sizeof(hash));
	return r;
}
