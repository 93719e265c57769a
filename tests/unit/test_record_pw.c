/* record_pw: the bytes of a password history. */
#include "tests/unit/scratch.h"

#include "lib/core/record_pw.h"

#define SALT "$y$j9T$salt./09AZaz"

static struct record_pw full(int entries)
{
	struct record_pw r;

	assert_int_equal(record_pw_new(&r, SALT), 0);
	r.entries = (uint8_t)entries;
	for (int i = 0; i < entries; i++) {
		memset(r.entry[i].mac, i + 1, sizeof(r.entry[i].mac));
		memset(r.entry[i].before, 0xff - i, sizeof(r.entry[i].before));
		r.entry[i].set = SCRATCH_NOW - i;
	}
	return r;
}

static void record_comes_back_as_it_was(void **state)
{
	unsigned char bytes[RECORD_PLAIN_MAX];

	(void)state;
	for (int n = 0; n <= RECORD_PW_ENTRIES; n++) {
		struct record_pw r = full(n), back;
		int len = record_pw_put(&r, bytes);

		assert_true(len > 0);
		memset(&back, 0xee, sizeof(back));
		assert_int_equal(record_pw_get(&back, bytes, (size_t)len), 0);
		assert_memory_equal(&back, &r, sizeof(r));
	}
}

static void every_cut_and_every_byte_more_is_bad(void **state)
{
	unsigned char bytes[RECORD_PLAIN_MAX + 1] = {0};
	struct record_pw r = full(3), back;
	int len = record_pw_put(&r, bytes);

	(void)state;
	for (int i = 0; i < len; i++)
		assert_int_equal(record_pw_get(&back, bytes, (size_t)i), ERR_BAD);
	assert_int_equal(record_pw_get(&back, bytes, (size_t)len + 1), ERR_BAD);
}

static void values_out_of_range_are_bad(void **state)
{
	unsigned char bytes[RECORD_PLAIN_MAX], copy[RECORD_PLAIN_MAX];
	const size_t salt = 3, count = 3 + strlen(SALT) + RECORD_HASH;
	struct record_pw r = full(2), back;
	int len = record_pw_put(&r, bytes);

	(void)state;
#define BAD(at, value) do { \
	memcpy(copy, bytes, sizeof(copy)); \
	copy[at] = (value); \
	assert_int_equal(record_pw_get(&back, copy, (size_t)len), ERR_BAD); \
} while (0)
	BAD(0, 1);
	BAD(1, 0);
	BAD(1, RECORD_PW_FORMAT_SAME + 1);
	BAD(2, RECORD_PW_SALT_MAX + 1);
	BAD(salt, '#');
	BAD(salt + 1, '6'); /* another method */
	BAD(salt + 8, '\0');
	BAD(salt + 8, ':');
	BAD(salt + 8, ' ');
	BAD(count, RECORD_PW_ENTRIES + 1);
	BAD(count, 1);
	BAD(count, 3);
	BAD(count + 1 + RECORD_HASH + RECORD_PW_TAG, 0x80); /* a time before 1970 */
#undef BAD
	assert_int_equal(record_pw_get(&back, bytes, (size_t)len), 0);
}

/* Numbers, not names: bytes that are on disks. */
static void both_numbers_of_the_layout_are_read_and_kept(void **state)
{
	unsigned char bytes[RECORD_PLAIN_MAX], again[RECORD_PLAIN_MAX];
	struct record_pw r = full(3), back;
	int len = record_pw_put(&r, bytes);

	(void)state;
	for (unsigned char format = 1; format <= 2; format++) {
		bytes[0] = 0;
		bytes[1] = format;
		assert_int_equal(record_pw_get(&back, bytes, (size_t)len), 0);
		assert_int_equal(back.format, format);
		assert_memory_equal(back.entry, r.entry, sizeof(r.entry));
		assert_int_equal(record_pw_put(&back, again), len);
		assert_memory_equal(again, bytes, (size_t)len);
	}
}

static void more_entries_than_there_is_room_for_are_not_written(void **state)
{
	unsigned char bytes[RECORD_PLAIN_MAX];
	struct record_pw r = full(RECORD_PW_ENTRIES);

	(void)state;
	r.entries++;
	assert_int_equal(record_pw_put(&r, bytes), ERR_SYSTEM);
}

static void new_record_is_empty_and_has_a_key_of_its_own(void **state)
{
	static const uint8_t zero[RECORD_HASH];
	struct record_pw a, b;

	(void)state;
	memset(&a, 0xee, sizeof(a));
	assert_int_equal(record_pw_new(&a, SALT), 0);
	assert_int_equal(record_pw_new(&b, SALT), 0);
	assert_int_equal(a.format, RECORD_PW_FORMAT);
	assert_int_equal(a.entries, 0);
	assert_string_equal(a.salt, SALT);
	assert_memory_not_equal(a.key, zero, sizeof(zero));
	assert_memory_not_equal(a.key, b.key, sizeof(a.key));
}

static void salt_is_one_of_yescrypts(void **state)
{
	static const char *const bad[] = {"", "$y$", "$6$abc", "$y", "y$j9T$a", "$y$j9T$a:b",
	    "$y$j9T$a\n", "*0"};
	char long_one[RECORD_PW_SALT_MAX + 2];
	struct record_pw r;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(record_pw_new(&r, bad[i]), ERR_SYNTAX);
	memset(long_one, 'a', sizeof(long_one) - 1);
	memcpy(long_one, "$y$", 3);
	long_one[RECORD_PW_SALT_MAX + 1] = '\0';
	assert_int_equal(record_pw_new(&r, long_one), ERR_SYNTAX);
	long_one[RECORD_PW_SALT_MAX] = '\0';
	assert_int_equal(record_pw_new(&r, long_one), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(record_comes_back_as_it_was),
	    cmocka_unit_test(every_cut_and_every_byte_more_is_bad),
	    cmocka_unit_test(values_out_of_range_are_bad),
	    cmocka_unit_test(both_numbers_of_the_layout_are_read_and_kept),
	    cmocka_unit_test(more_entries_than_there_is_room_for_are_not_written),
	    cmocka_unit_test(new_record_is_empty_and_has_a_key_of_its_own),
	    cmocka_unit_test(salt_is_one_of_yescrypts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
