/* TOTP: RFC 4226, RFC 6238, oathtool, and DESIGN.md rule 6. */
#include "tests/unit/scratch.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define NOW SCRATCH_NOW
#define SEED "12345678901234567890123456789012345678901234567890123456789012345678901234567890"

static int set_up(void **state)
{
	(void)state;
	return crypto_init();
}

static struct record_device rfc_device(uint8_t algorithm, uint8_t digits)
{
	static const uint8_t lengths[] = {0, 20, 32, 64};
	struct record_device d = {.id = 1, .name = "rfc", .algorithm = algorithm,
	    .digits = digits, .period = 30, .secret_len = lengths[algorithm]};

	memcpy(d.secret, SEED, d.secret_len);
	return d;
}

static void rfc_4226_appendix_d(void **state)
{
	static const char *const codes[] = {"755224", "287082", "359152", "969429", "338314",
	    "254676", "287922", "162583", "399871", "520489"};
	struct record_device d = rfc_device(RECORD_SHA1, 6);

	(void)state;
	for (uint64_t step = 0; step < 10; step++) {
		char code[OTP_CODE_SIZE];

		assert_int_equal(otp_code(&d, step, code), 0);
		assert_string_equal(code, codes[step]);
	}
}

static void rfc_6238_appendix_b(void **state)
{
	static const struct {
		int64_t now;
		const char *code[3]; /* SHA1, SHA256, SHA512 */
	} vectors[] = {
	    {59, {"94287082", "46119246", "90693936"}},
	    {1111111109, {"07081804", "68084774", "25091201"}},
	    {1111111111, {"14050471", "67062674", "99943326"}},
	    {1234567890, {"89005924", "91819424", "93441116"}},
	    {2000000000, {"69279037", "90698825", "38618901"}},
	    {20000000000, {"65353130", "77737706", "47863826"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		for (uint8_t a = RECORD_SHA1; a <= RECORD_SHA512; a++) {
			struct record_device d = rfc_device(a, 8);
			char code[OTP_CODE_SIZE];

			assert_int_equal(otp_code(&d, otp_step(vectors[i].now, 30), code), 0);
			assert_string_equal(code, vectors[i].code[a - 1]);
		}
}

/* The code by the letter of RFC 4226, 5.3, with libcrypto's HMAC. */
static void by_hand(const struct record_device *d, uint64_t step, char out[OTP_CODE_SIZE])
{
	const EVP_MD *md = d->algorithm == RECORD_SHA1 ? EVP_sha1() :
	    d->algorithm == RECORD_SHA256 ? EVP_sha256() : EVP_sha512();
	unsigned char counter[8], mac[EVP_MAX_MD_SIZE];
	unsigned int n = 0, modulus = 1, at, bits;

	for (int i = 7; i >= 0; i--, step >>= 8)
		counter[i] = (unsigned char)step;
	assert_non_null(HMAC(md, d->secret, d->secret_len, counter, sizeof(counter), mac, &n));
	at = mac[n - 1] & 15;
	bits = (unsigned)(mac[at] & 127) << 24 | (unsigned)mac[at + 1] << 16 |
	    (unsigned)mac[at + 2] << 8 | mac[at + 3];
	for (int i = 0; i < d->digits; i++)
		modulus *= 10;
	bits %= modulus;
	out[d->digits] = '\0';
	for (int i = d->digits - 1; i >= 0; i--, bits /= 10)
		out[i] = (char)('0' + bits % 10);
}

static struct record_device random_device(uint64_t *seed)
{
	static const uint8_t periods[] = {15, 30, 60, 120};
	struct record_device d = {.id = 1, .name = "random"};

	d.algorithm = (uint8_t)(1 + scratch_below(seed, 3));
	d.digits = (uint8_t)(6 + scratch_below(seed, 3));
	d.period = periods[scratch_below(seed, 4)];
	d.secret_len = (uint8_t)(16 + scratch_below(seed, 49));
	for (size_t i = 0; i < d.secret_len; i++)
		d.secret[i] = (uint8_t)scratch_random(seed);
	return d;
}

static void code_agrees_with_the_rfc_done_by_hand(void **state)
{
	uint64_t seed = 6238;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct record_device d = random_device(&seed);
		uint64_t step = otp_step(NOW + (int64_t)scratch_below(&seed, 1u << 31), d.period);
		char code[OTP_CODE_SIZE], expected[OTP_CODE_SIZE];

		assert_int_equal(otp_code(&d, step, code), 0);
		by_hand(&d, step, expected);
		assert_string_equal(code, expected);
	}
}

/* oathtool, an authenticator of its own, by exec: digits into out. */
static void oathtool(const struct record_device *d, int64_t now, char out[OTP_CODE_SIZE])
{
	static const char *const modes[] = {NULL, "--totp=SHA1", "--totp=SHA256",
	    "--totp=SHA512"};
	char hex[2 * RECORD_SECRET_MAX + 1], digits[16], step[24], when[32], text[32] = "";
	int pipes[2];
	pid_t pid;

	for (size_t i = 0; i < d->secret_len; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", d->secret[i]);
	(void)snprintf(digits, sizeof(digits), "-d%d", d->digits);
	(void)snprintf(step, sizeof(step), "-s%ds", d->period);
	(void)snprintf(when, sizeof(when), "-N@%lld", (long long)now);
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		(void)dup2(pipes[1], 1);
		(void)execlp("oathtool", "oathtool", modes[d->algorithm], digits, step, when,
		    hex, (char *)NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	(void)close(pipes[1]);
	assert_true(read(pipes[0], text, sizeof(text) - 1) >= 0);
	(void)close(pipes[0]);
	assert_int_equal(scratch_wait(pid), 0);
	assert_int_equal(strspn(text, "0123456789"), d->digits);
	memcpy(out, text, d->digits);
	out[d->digits] = '\0';
}

/* SHA1 SHA256 SHA512 x 6 7 8 digits x 15 30 60 120 s. */
static void codes_of_oathtool_match(void **state)
{
	static const uint8_t periods[] = {15, 30, 60, 120};
	uint64_t seed = 4226;

	(void)state;
	for (uint8_t algorithm = 1; algorithm <= 3; algorithm++)
		for (uint8_t digits = 6; digits <= 8; digits++)
			for (size_t p = 0; p < 4; p++) {
				struct record_device d = random_device(&seed);
				int64_t now = NOW + (int64_t)scratch_below(&seed, 100000000);
				char code[OTP_CODE_SIZE];
				struct otp_match m;
				struct answer a;

				d.algorithm = algorithm;
				d.digits = digits;
				d.period = periods[p];
				oathtool(&d, now, code);
				answer_read(code, &a);
				assert_int_equal(otp_match(&d, &a, now, 0, &m), 0);
				assert_true(m.hit);
				assert_int_equal(m.step, (uint64_t)now / periods[p]);
			}
}

static bool hit(const struct record_device *d, const char *typed, int64_t now, int window,
    struct otp_match *m)
{
	struct answer a;

	answer_read(typed, &a);
	memset(m, 0xee, sizeof(*m));
	assert_int_equal(otp_match(d, &a, now, window, m), 0);
	if (!m->hit)
		assert_true(m->step == 0 && m->skew == 0);
	return m->hit;
}

static void window_is_exactly_its_steps_either_side(void **state)
{
	uint64_t seed = 11;

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct record_device d = random_device(&seed);
		int64_t now = NOW + (int64_t)scratch_below(&seed, 100000000);
		uint64_t present = otp_step(now, d.period);

		d.digits = 8; /* no code meets another step's by chance here */
		for (int window = 0; window <= 2; window++)
			for (int skew = -4; skew <= 4; skew++) {
				char code[OTP_CODE_SIZE];
				struct otp_match m;
				bool within = skew >= -window && skew <= window;

				assert_int_equal(otp_code(&d, present + (uint64_t)(int64_t)skew,
				    code), 0);
				assert_int_equal(hit(&d, code, now, window, &m), within);
				assert_true(!within || m.skew == skew);
				assert_true(!within ||
				    m.step == present + (uint64_t)(int64_t)skew);
			}
	}
}

/* Two neighbouring steps with one code, found by search: one in a million. */
static void greatest_matching_step_is_told(void **state)
{
	struct record_device d = scratch_device(5);
	const uint64_t step = 57070481;
	char code[OTP_CODE_SIZE];
	struct otp_match m;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(otp_code(&d, step + (uint64_t)i, code), 0);
		assert_string_equal(code, "294891");
	}
	assert_true(hit(&d, code, (int64_t)(step + 1) * 30, 1, &m));
	assert_int_equal(m.step, step + 1);
	assert_int_equal(m.skew, 0);
	assert_true(hit(&d, code, (int64_t)step * 30, 1, &m));
	assert_int_equal(m.step, step + 1);
	assert_int_equal(m.skew, 1);
	assert_true(hit(&d, code, (int64_t)step * 30, 0, &m));
	assert_int_equal(m.step, step);
}

static void step_begins_at_its_second(void **state)
{
	(void)state;
	assert_int_equal(otp_step(59, 30), 1);
	assert_int_equal(otp_step(60, 30), 2);
	assert_int_equal(otp_step(0, 30), 0);
	assert_int_equal(otp_step(-1, 30), 0);
	assert_int_equal(otp_step(100, 0), 0);
	assert_int_equal(otp_step(INT64_C(1) << 40, 15), (UINT64_C(1) << 40) / 15);
}

static void number_of_digits_comes_from_the_record(void **state)
{
	uint64_t seed = 678;

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct record_device d = random_device(&seed);
		char code[OTP_CODE_SIZE], part[OTP_CODE_SIZE], longer[OTP_CODE_SIZE + 2];
		struct otp_match m;

		d.digits = 8;
		assert_int_equal(otp_code(&d, otp_step(NOW, d.period), code), 0);
		assert_true(hit(&d, code, NOW, 1, &m));
		/* The first, or the last, 6 and 7 of the 8 digits. */
		for (size_t n = 6; n <= 7; n++) {
			(void)snprintf(part, sizeof(part), "%.*s", (int)n, code);
			assert_false(hit(&d, part, NOW, 1, &m));
			assert_false(hit(&d, code + 8 - n, NOW, 1, &m));
		}
		d.digits = 6;
		assert_int_equal(otp_code(&d, otp_step(NOW, d.period), code), 0);
		for (int c = '0'; c <= '9'; c++) {
			(void)snprintf(longer, sizeof(longer), "%s%c", code, c);
			assert_false(hit(&d, longer, NOW, 1, &m));
			(void)snprintf(longer, sizeof(longer), "%c%s", c, code);
			assert_false(hit(&d, longer, NOW, 1, &m));
			(void)snprintf(longer, sizeof(longer), "%s%c%c", code, c, c);
			assert_false(hit(&d, longer, NOW, 1, &m));
		}
	}
}

static void one_wrong_digit_is_a_miss(void **state)
{
	struct record_device d = scratch_device(5);
	char code[OTP_CODE_SIZE];
	struct otp_match m;

	(void)state;
	assert_int_equal(otp_code(&d, otp_step(NOW, 30), code), 0);
	for (int i = 0; i < 6; i++)
		for (int k = 1; k < 10; k++) {
			char typed[OTP_CODE_SIZE];

			memcpy(typed, code, sizeof(typed));
			typed[i] = (char)('0' + (typed[i] - '0' + k) % 10);
			assert_false(hit(&d, typed, NOW, 0, &m));
		}
}

static void answer_that_is_no_code_never_matches(void **state)
{
	static const char *const typed[] = {"", "12345", "abcdef", "123456789", "00000a",
	    "ABCD-EFGH-IJKL-MNOP", "\xd9\xa1\xd9\xa2\xd9\xa3", "+12345", "-12345", " "};
	struct record_device d = scratch_device(5);

	(void)state;
	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
		struct otp_match m;

		assert_false(hit(&d, typed[i], NOW, 2, &m));
	}
}

/* An answer of another kind whose text happens to hold the digits. */
static void kind_of_the_answer_decides(void **state)
{
	struct record_device d = scratch_device(5);
	char code[OTP_CODE_SIZE];
	struct answer a;

	(void)state;
	assert_int_equal(otp_code(&d, otp_step(NOW, 30), code), 0);
	answer_read(code, &a);
	for (int kind = ANSWER_EMPTY; kind <= ANSWER_OTHER; kind++) {
		struct otp_match m;

		a.kind = (enum answer_kind)kind;
		assert_int_equal(otp_match(&d, &a, NOW, 1, &m), 0);
		assert_int_equal(m.hit, kind == ANSWER_CODE);
	}
}

static void clock_before_2020_is_refused(void **state)
{
	struct record_device d = scratch_device(5);
	struct otp_match m = {.hit = true};
	struct answer a;

	(void)state;
	answer_read("123456", &a);
	assert_int_not_equal(otp_match(&d, &a, OTP_EARLIEST - 1, 1, &m), 0);
	assert_false(m.hit);
	assert_int_equal(otp_match(&d, &a, OTP_EARLIEST, 1, &m), 0);
}

static void device_out_of_range_makes_no_code(void **state)
{
	struct record_device good = scratch_device(5), bad[6];
	struct answer a;

	(void)state;
	for (int i = 0; i < 6; i++)
		bad[i] = good;
	bad[0].secret_len = 0;
	bad[1].secret_len = 15;
	bad[2].digits = 5;
	bad[3].period = 0;
	bad[4].algorithm = 4;
	bad[5].digits = 9;
	answer_read("123456", &a);
	for (int i = 0; i < 6; i++) {
		struct otp_match m = {.hit = true};
		char code[OTP_CODE_SIZE];

		assert_int_equal(otp_code(&bad[i], 1, code), ERR_SYSTEM);
		assert_int_equal(code[0], '\0');
		assert_int_equal(otp_match(&bad[i], &a, NOW, 1, &m), ERR_SYSTEM);
		assert_false(m.hit);
	}
}

static void code_is_zero_padded_to_its_size(void **state)
{
	static const char zeros[OTP_CODE_SIZE];
	struct record_device d = scratch_device(5);
	char code[OTP_CODE_SIZE];

	(void)state;
	memset(code, 'x', sizeof(code));
	assert_int_equal(otp_code(&d, otp_step(NOW, 30), code), 0);
	assert_int_equal(strlen(code), 6);
	assert_memory_equal(code + 6, zeros, sizeof(code) - 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc_4226_appendix_d),
	    cmocka_unit_test(rfc_6238_appendix_b),
	    cmocka_unit_test(code_agrees_with_the_rfc_done_by_hand),
	    cmocka_unit_test(codes_of_oathtool_match),
	    cmocka_unit_test(window_is_exactly_its_steps_either_side),
	    cmocka_unit_test(greatest_matching_step_is_told),
	    cmocka_unit_test(step_begins_at_its_second),
	    cmocka_unit_test(number_of_digits_comes_from_the_record),
	    cmocka_unit_test(one_wrong_digit_is_a_miss),
	    cmocka_unit_test(answer_that_is_no_code_never_matches),
	    cmocka_unit_test(kind_of_the_answer_decides),
	    cmocka_unit_test(clock_before_2020_is_refused),
	    cmocka_unit_test(device_out_of_range_makes_no_code),
	    cmocka_unit_test(code_is_zero_padded_to_its_size),
	};

	return cmocka_run_group_tests_name("otp", tests, set_up, NULL);
}
