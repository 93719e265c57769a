/* HMAC-SHA256 over libcrypto's SHA-256 is libcrypto's own HMAC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/core/crypto.h"
#include "lib/core/err.h"
#include "lib/core/hmac.h"
#include "tests/unit/scratch.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 200

static unsigned char key[HMAC_KEY_MAX + 1], text[MOST];

static void draw(uint64_t *seed)
{
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (unsigned char)scratch_random(seed);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)scratch_random(seed);
}

static void expect(size_t key_len, size_t len, unsigned char want[HMAC_SIZE])
{
	unsigned int n = 0;

	assert_non_null(HMAC(EVP_sha256(), key, (int)key_len, text, len, want, &n));
	assert_int_equal(n, HMAC_SIZE);
}

static void every_length_is_as_libcrypto_has_it(void **state)
{
	unsigned char want[HMAC_SIZE], got[HMAC_SIZE];
	uint64_t seed = 1;
	struct hmac h;

	(void)state;
	assert_int_equal(hmac_open(&h), 0);
	for (size_t key_len = 0; key_len <= HMAC_KEY_MAX; key_len++) {
		for (size_t len = 0; len <= MOST; len += key_len % 3 == 0 ? 1 : 17) {
			draw(&seed);
			expect(key_len, len, want);
			assert_int_equal(hmac_once(&h, key, key_len, text, len, got), 0);
			assert_memory_equal(got, want, HMAC_SIZE);
			assert_int_equal(hmac_key(&h, key, key_len), 0);
			assert_int_equal(hmac_again(&h, text, len, got), 0);
			assert_memory_equal(got, want, HMAC_SIZE);
		}
	}
	hmac_close(&h);
}

static void a_key_holds_for_many_texts_with_others_between(void **state)
{
	unsigned char want[HMAC_SIZE], got[HMAC_SIZE], kept[32];
	uint64_t seed = 2;
	struct hmac h;

	(void)state;
	assert_int_equal(hmac_open(&h), 0);
	draw(&seed);
	memcpy(kept, key, sizeof(kept));
	assert_int_equal(hmac_key(&h, kept, sizeof(kept)), 0);
	for (size_t i = 0; i < 300; i++) {
		draw(&seed);
		if (i % 2 == 0)
			assert_int_equal(hmac_once(&h, key, i % HMAC_KEY_MAX, text, i % MOST, got), 0);
		memcpy(key, kept, sizeof(kept));
		expect(sizeof(kept), i % MOST, want);
		assert_int_equal(hmac_again(&h, text, i % MOST, got), 0);
		assert_memory_equal(got, want, HMAC_SIZE);
	}
	hmac_close(&h);
}

static void longer_key_is_refused(void **state)
{
	unsigned char got[HMAC_SIZE];
	struct hmac h;

	(void)state;
	assert_int_equal(hmac_open(&h), 0);
	assert_int_equal(hmac_once(&h, key, sizeof(key), text, 1, got), ERR_SYSTEM);
	assert_int_equal(hmac_key(&h, key, sizeof(key)), ERR_SYSTEM);
	hmac_close(&h);
}

static void without_a_key_there_is_no_hmac(void **state)
{
	unsigned char got[HMAC_SIZE];
	struct hmac h;

	(void)state;
	assert_int_equal(hmac_open(&h), 0);
	assert_int_equal(hmac_again(&h, text, 1, got), ERR_SYSTEM);
	hmac_close(&h);
	hmac_close(&h);
}

static void what_libcrypto_gives_stays_in_a_child_too(void **state)
{
	const EVP_MD *sha256 = crypto_sha256();
	const EVP_CIPHER *aes = crypto_aes256_gcm();
	int status;
	pid_t child;

	(void)state;
	assert_non_null(sha256);
	assert_non_null(aes);
	assert_ptr_equal(crypto_sha256(), sha256);
	assert_ptr_equal(crypto_aes256_gcm(), aes);
	if ((child = fork()) == 0) {
		unsigned char got[HMAC_SIZE], want[HMAC_SIZE];
		struct hmac h;
		bool ok = hmac_open(&h) == 0 && hmac_once(&h, key, 32, text, 9, got) == 0 &&
		    HMAC(EVP_sha256(), key, 32, text, 9, want, NULL) != NULL &&
		    memcmp(got, want, HMAC_SIZE) == 0;

		hmac_close(&h);
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_length_is_as_libcrypto_has_it),
	    cmocka_unit_test(a_key_holds_for_many_texts_with_others_between),
	    cmocka_unit_test(longer_key_is_refused),
	    cmocka_unit_test(without_a_key_there_is_no_hmac),
	    cmocka_unit_test(what_libcrypto_gives_stays_in_a_child_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
