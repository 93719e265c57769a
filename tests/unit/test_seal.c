/* AES-256-GCM around every value: seal.h, DESIGN.md 'The store'. */
#include "tests/unit/scratch.h"

#include "lib/core/seal.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define NONCE 12
#define TAG 16

static struct keyring ring;

static int set_up(void **state)
{
	(void)state;
	memset(&ring, 0, sizeof(ring));
	ring.count = 2;
	memcpy(ring.key[0].id, "k1", 3);
	memcpy(ring.key[1].id, "old-key", 8);
	for (int i = 0; i < KEYRING_KEY_SIZE; i++) {
		ring.key[0].bytes[i] = (unsigned char)(i * 7 + 1);
		ring.key[1].bytes[i] = (unsigned char)(i * 5 + 2);
	}
	return crypto_init();
}

struct box {
	unsigned char data[STORE_SEALED_MAX];
	size_t len;
};

static struct box seal(const struct keyring *k, const char *name, const void *text, size_t n)
{
	struct box b = {.len = 0};
	unsigned char plain[RECORD_PLAIN_MAX];
	struct seal_bytes in = {plain, sizeof(plain), n};
	struct seal_bytes out = {b.data, sizeof(b.data), 0};

	memcpy(plain, text, n);
	assert_int_equal(seal_close(k, name, &in, &out, NULL), 0);
	b.len = out.len;
	return b;
}

/* Opens a copy of exactly that size, so that ASan sees a byte read behind it. */
static int open_box(const struct keyring *k, const char *name, const unsigned char *data,
    size_t len, struct box *plain)
{
	unsigned char *copy = malloc(len > 0 ? len : 1);
	struct seal_bytes in = {copy, len, len};
	struct seal_bytes out = {plain->data, sizeof(plain->data), 99};
	int r;

	assert_non_null(copy);
	memcpy(copy, data, len);
	r = seal_open(k, name, &in, &out, NULL);
	plain->len = out.len;
	free(copy);
	return r;
}

static void value_opens_under_its_own_name(void **state)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 1000, RECORD_PLAIN_MAX};
	static unsigned char text[RECORD_PLAIN_MAX];
	struct box plain;

	(void)state;
	memset(text, 't', sizeof(text));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct box b = seal(&ring, "hot/alice", text, sizes[i]);

		assert_int_equal(b.len, 2 + 2 + NONCE + sizes[i] + TAG);
		assert_int_equal(open_box(&ring, "hot/alice", b.data, b.len, &plain), 0);
		assert_int_equal(plain.len, sizes[i]);
		assert_memory_equal(plain.data, text, sizes[i]);
	}
}

static void value_moved_to_another_users_key_does_not_open(void **state)
{
	static const char *const names[] = {"hot/bob", "enroll/alice", "hot/alic", "hot/alice2",
	    "", "hot/Alice", "pw/alice"};
	struct box b = seal(&ring, "hot/alice", "secret", 6), plain;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(open_box(&ring, names[i], b.data, b.len, &plain), ERR_BAD);
		assert_int_equal(plain.len, 0);
	}
}

static void every_flipped_bit_is_refused(void **state)
{
	struct box b = seal(&ring, "hot/alice", "some secret text", 16), plain;

	(void)state;
	for (size_t i = 0; i < b.len; i++)
		for (int bit = 0; bit < 8; bit++) {
			b.data[i] ^= (unsigned char)(1 << bit);
			assert_int_equal(open_box(&ring, "hot/alice", b.data, b.len, &plain),
			    ERR_BAD);
			assert_int_equal(plain.len, 0);
			b.data[i] ^= (unsigned char)(1 << bit);
		}
	assert_int_equal(open_box(&ring, "hot/alice", b.data, b.len, &plain), 0);
}

static void every_truncation_and_extension_is_refused(void **state)
{
	struct box b = seal(&ring, "hot/alice", "some secret text", 16), plain;

	(void)state;
	for (size_t n = 0; n < b.len; n++)
		assert_int_equal(open_box(&ring, "hot/alice", b.data, n, &plain), ERR_BAD);
	b.data[b.len] = 0;
	assert_int_equal(open_box(&ring, "hot/alice", b.data, b.len + 1, &plain), ERR_BAD);
}

static void refused_value_leaves_no_plain_text(void **state)
{
	static const char text[] = "JBSWY3DPEHPK3PXP-JBSWY3DPEHPK3PXP";
	struct box b = seal(&ring, "hot/alice", text, sizeof(text)), plain;

	(void)state;
	memset(&plain, 0, sizeof(plain));
	b.data[b.len - 1] ^= 1; /* only the tag: GCM has decrypted it by then */
	assert_int_equal(open_box(&ring, "hot/alice", b.data, b.len, &plain), ERR_BAD);
	assert_null(memmem(plain.data, sizeof(plain.data), "JBSWY3DP", 8));
}

static void nonce_is_new_every_time(void **state)
{
	enum { N = 2000 };
	static unsigned char nonces[N][NONCE];

	(void)state;
	for (int i = 0; i < N; i++) {
		struct box b = seal(&ring, "hot/alice", "same", 4);

		memcpy(nonces[i], b.data + 2 + 2, NONCE);
		for (int k = 0; k < i; k++)
			assert_memory_not_equal(nonces[i], nonces[k], NONCE);
	}
}

static void first_key_seals_and_every_key_opens(void **state)
{
	struct keyring old = {.count = 1}, other = {.count = 1};
	struct box b, plain;

	(void)state;
	old.key[0] = ring.key[1];
	b = seal(&old, "hot/alice", "x", 1);
	assert_int_equal(open_box(&ring, "hot/alice", b.data, b.len, &plain), 0);
	b = seal(&ring, "hot/alice", "x", 1);
	assert_memory_equal(b.data, "\x01\x02k1", 4);
	assert_int_equal(open_box(&old, "hot/alice", b.data, b.len, &plain), ERR_BAD);
	/* The same id, another key. */
	other.key[0] = ring.key[1];
	memcpy(other.key[0].id, "k1", 3);
	assert_int_equal(open_box(&other, "hot/alice", b.data, b.len, &plain), ERR_BAD);
}

static void key_id_is_part_of_what_is_sealed(void **state)
{
	struct keyring twin = {.count = 2};
	struct box b = seal(&ring, "hot/alice", "x", 1), plain;

	(void)state;
	/* One key under two ids: the value's id cannot be exchanged. */
	twin.key[0] = ring.key[0];
	twin.key[1] = ring.key[0];
	memcpy(twin.key[1].id, "k2", 3);
	assert_int_equal(open_box(&twin, "hot/alice", b.data, b.len, &plain), 0);
	b.data[3] = '2';
	assert_int_equal(open_box(&twin, "hot/alice", b.data, b.len, &plain), ERR_BAD);
}

static void what_does_not_fit_is_not_sealed(void **state)
{
	unsigned char plain[64] = {0}, room[200];
	struct seal_bytes in = {plain, sizeof(plain), 64};
	struct keyring none = {.count = 0};
	char longest[SEAL_NAME_MAX + 2];

	(void)state;
	for (size_t cap = 0; cap < sizeof(room); cap++) {
		struct seal_bytes out = {room, cap, 7};
		int r;

		memset(room, 0xcc, sizeof(room));
		r = seal_close(&ring, "hot/alice", &in, &out, NULL);
		assert_int_equal(r == 0, cap >= 2 + 2 + NONCE + 64 + TAG);
		assert_int_equal(out.len > 0, r == 0);
		for (size_t i = cap; i < sizeof(room); i++)
			assert_int_equal(room[i], 0xcc);
	}
	struct seal_bytes out = {room, sizeof(room), 7};
	assert_int_equal(seal_close(&none, "hot/alice", &in, &out, NULL), ERR_SYSTEM);
	memset(longest, 'n', sizeof(longest));
	longest[SEAL_NAME_MAX + 1] = '\0';
	assert_int_not_equal(seal_close(&ring, longest, &in, &out, NULL), 0);
}

static void what_does_not_fit_is_not_opened(void **state)
{
	struct box b = seal(&ring, "hot/alice", "0123456789", 10);
	unsigned char room[10];
	struct seal_bytes in = {b.data, sizeof(b.data), b.len};
	struct seal_bytes out = {room, 9, 0};

	(void)state;
	assert_int_equal(seal_open(&ring, "hot/alice", &in, &out, NULL), ERR_BAD);
	out.cap = 10;
	assert_int_equal(seal_open(&ring, "hot/alice", &in, &out, NULL), 0);
}

/* RFC 5869 by hand: PRK = HMAC(salt = 32 zeros, key); T1 = HMAC(PRK, info|1). */
static void hkdf_by_hand(const unsigned char key[32], const char *info, unsigned char out[32])
{
	static const unsigned char salt[32];
	unsigned char prk[32], message[300];
	size_t n = strlen(info);
	unsigned int len = 0;

	assert_non_null(HMAC(EVP_sha256(), salt, 32, key, 32, prk, &len));
	assert_int_equal(len, 32);
	memcpy(message, info, n);
	message[n] = 1;
	assert_non_null(HMAC(EVP_sha256(), prk, 32, message, n + 1, out, &len));
}

static void derived_key_is_that_of_rfc_5869(void **state)
{
	static const char *const infos[] = {"hot/alice", "enroll/bob", "decoy:x", "a"};

	(void)state;
	for (size_t i = 0; i < sizeof(infos) / sizeof(infos[0]); i++)
		for (int k = 0; k < 2; k++) {
			unsigned char expected[32], derived[32];

			hkdf_by_hand(ring.key[k].bytes, infos[i], expected);
			for (size_t n = 1; n <= 32; n++) {
				assert_int_equal(seal_derive(&ring, &ring.key[k], infos[i], derived, n), 0);
				assert_memory_equal(derived, expected, n);
			}
		}
}

/* The whole of a sealed value, opened with nothing of seal.c. */
static void sealed_value_is_what_the_design_says(void **state)
{
	struct box b = seal(&ring, "hot/alice", "some secret text", 16);
	unsigned char key[32], plain[16], aad[4 + 9];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	(void)state;
	hkdf_by_hand(ring.key[0].bytes, "hot/alice", key);
	memcpy(aad, "\x01\x02k1", 4); /* format, id with its length */
	memcpy(aad + 4, "hot/alice", 9);
	assert_memory_equal(b.data, aad, 4);
	assert_int_equal(EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, b.data + 4), 1);
	assert_int_equal(EVP_DecryptUpdate(ctx, NULL, &n, aad, sizeof(aad)), 1);
	assert_int_equal(EVP_DecryptUpdate(ctx, plain, &n, b.data + 4 + NONCE, 16), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG,
	    b.data + b.len - TAG), 1);
	assert_int_equal(EVP_DecryptFinal_ex(ctx, plain + 16, &n), 1);
	assert_memory_equal(plain, "some secret text", 16);
	EVP_CIPHER_CTX_free(ctx);
}

static void random_bytes_never_open(void **state)
{
	uint64_t seed = 99;
	struct box plain;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		unsigned char bytes[120];
		size_t n = scratch_below(&seed, sizeof(bytes));

		for (size_t k = 0; k < n; k++)
			bytes[k] = (unsigned char)scratch_random(&seed);
		if (n > 4 && i % 2 == 0)
			memcpy(bytes, "\x01\x02k1", 4);
		assert_int_equal(open_box(&ring, "hot/alice", bytes, n, &plain), ERR_BAD);
	}
}

#define T(name) cmocka_unit_test_setup(name, set_up)

static void engine_derives_what_single_calls_derive(void **state)
{
	static const char *const infos[] = {"enroll/alice", "hot/alice", "decoy:alice", "hot/bob"};
	unsigned char alone[8][32], together[32], other[32];
	const struct seal_text key = {"another key", 11}, text = {"between", 7};

	(void)state;
	for (int i = 0; i < 8; i++)
		assert_int_equal(seal_derive(&ring, &ring.key[i / 4], infos[i % 4], alone[i], 32), 0);
	assert_int_equal(seal_engine_open(&ring), 0);
	for (int i = 0; i < 64; i++) {
		int k = i * 5 % 8;

		if (i % 3 == 0)
			assert_int_equal(seal_hmac(&ring, &key, &text, other), 0);
		assert_int_equal(seal_derive(&ring, &ring.key[k / 4], infos[k % 4], together, 32), 0);
		assert_memory_equal(together, alone[k], 32);
	}
	seal_engine_close(&ring);
}

static void engine_opens_what_single_calls_seal(void **state)
{
	const char *const names[] = {"hot/alice", "hot/bob", "hot/alice"};
	struct box sealed[3];
	unsigned char plain[RECORD_PLAIN_MAX];

	(void)state;
	for (int i = 0; i < 3; i++)
		sealed[i] = seal(&ring, names[i], "text", 4);
	assert_int_equal(seal_engine_open(&ring), 0);
	for (int i = 0; i < 9; i++) {
		struct seal_bytes in = {sealed[i % 3].data, sealed[i % 3].len, sealed[i % 3].len};
		struct seal_bytes out = {plain, sizeof(plain), 0};

		assert_int_equal(seal_open(&ring, names[i % 3], &in, &out, NULL), 0);
		assert_memory_equal(plain, "text", 4);
		assert_int_equal(seal_open(&ring, names[(i + 1) % 3], &in, &out, NULL),
		    strcmp(names[i % 3], names[(i + 1) % 3]) == 0 ? 0 : ERR_BAD);
	}
	seal_engine_close(&ring);
}

static void key_id_with_a_nul_is_none(void **state)
{
	unsigned char bytes[2 + 3 + 12 + 16] = {SEAL_FORMAT, 3, 'k', '\0', 'x'};
	const struct seal_bytes sealed = {bytes, sizeof(bytes), sizeof(bytes)};
	char id[KEYRING_ID_MAX + 1] = "before";

	(void)state;
	assert_int_equal(seal_key_id(&sealed, id), ERR_BAD);
	assert_string_equal(id, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(value_opens_under_its_own_name),
	    T(value_moved_to_another_users_key_does_not_open),
	    T(every_flipped_bit_is_refused),
	    T(every_truncation_and_extension_is_refused),
	    T(refused_value_leaves_no_plain_text),
	    T(nonce_is_new_every_time),
	    T(first_key_seals_and_every_key_opens),
	    T(key_id_is_part_of_what_is_sealed),
	    T(what_does_not_fit_is_not_sealed),
	    T(what_does_not_fit_is_not_opened),
	    T(derived_key_is_that_of_rfc_5869),
	    T(sealed_value_is_what_the_design_says),
	    T(random_bytes_never_open),
	    T(engine_derives_what_single_calls_derive),
	    T(engine_opens_what_single_calls_seal),
	    T(key_id_with_a_nul_is_none),
	};

	return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
