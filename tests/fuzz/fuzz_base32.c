/*
 * fuzz_base32: a secret is read whole or not at all, in base32 and in hexadecimal, and
 * what is written of it liboath reads as the same.
 */
#include "tests/fuzz/fuzz.h"

#include "enroll/otpauth.h"
#include "lib/core/word.h"
#include "tests/fuzz/wrap.h"

#include <liboath/oath.h>
#include <openssl/rand.h>

static int letter(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

/* Every letter counts: blanks and padding aside, nothing may be passed over. */
static void check_base32(const char *text, size_t len, const struct record_device *d)
{
	uint8_t bytes[RECORD_SECRET_MAX + 1] = {0};
	unsigned held = 0, bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == ' ' || text[i] == '=')
			continue;
		MUST(letter(text[i]) >= 0);
		held = (held << 5 | (unsigned)letter(text[i])) & 0xfff;
		for (bits += 5; bits >= 8; bits -= 8) {
			MUST(n < sizeof(bytes));
			bytes[n++] = (uint8_t)(held >> (bits - 8));
		}
	}
	MUST(n == d->secret_len && memcmp(bytes, d->secret, n) == 0);
}

static void check_hex(const char *text, size_t len, const struct record_device *d)
{
	char again[2 * RECORD_SECRET_MAX + 1];

	MUST(len == 2U * d->secret_len);
	for (int i = 0; i < d->secret_len; i++)
		(void)snprintf(again + 2 * i, 3, "%02x", d->secret[i]);
	for (size_t i = 0; i < len; i++)
		MUST((text[i] | (text[i] >= 'A' && text[i] <= 'F' ? 32 : 0)) == again[i]);
}

static void check_written(const struct record_device *d)
{
	char text[OTPAUTH_KEY_SIZE], *bytes = NULL;
	size_t n = 0;

	MUST(otpauth_secret_base32(d, text, sizeof(text)) == 0);
	MUST(oath_base32_decode(text, strlen(text), &bytes, &n) == OATH_OK);
	MUST(n == d->secret_len && memcmp(bytes, d->secret, n) == 0);
	free(bytes);
}

/* The word that stands for random bytes. */
static void check_word(uint64_t seed)
{
	static const uint8_t key[RECORD_HASH];
	uint8_t hash[RECORD_HASH];
	unsigned char random[10];
	char text[WORD_TEXT_SIZE], letters[17], *bytes = NULL;
	size_t n = 0;

	wrap_begin(seed, 0);
	MUST(RAND_bytes(random, sizeof(random)) == 1);
	wrap_begin(seed, 0);
	MUST(word_new(key, hash, text) == 0);
	wrap_end();
	(void)snprintf(letters, sizeof(letters), "%.4s%.4s%.4s%.4s", text, text + 5, text + 10,
	    text + 15);
	MUST(oath_base32_decode(letters, 16, &bytes, &n) == OATH_OK);
	MUST(n == sizeof(random) && memcmp(bytes, random, n) == 0);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	struct record_device d = {0};
	struct otpauth_secret s = {"input", NULL, 0, fuzz_flip(&f)};
	char *text;
	int r;

	check_word(fuzz_number(&f, 2));
	text = (char *)fuzz_rest(&f, &s.len);
	s.text = text;
	r = otpauth_take_secret(&s, &d, NULL);
	MUST(r == 0 || r == ERR_SYNTAX || r == ERR_REFUSED);
	if (r == 0) {
		MUST(d.secret_len >= OTPAUTH_SECRET_MIN && d.secret_len <= RECORD_SECRET_MAX);
		if (s.hex)
			check_hex(text, s.len, &d);
		else
			check_base32(text, s.len, &d);
		check_written(&d);
	}
	free(text);
	return 0;
}
