/* Fixed-width fields in a bounded buffer: pack.h. */
#include "tests/unit/scratch.h"

#include "lib/core/pack.h"

static void integers_are_big_endian_of_their_width(void **state)
{
	unsigned char bytes[36];
	struct pack w = {.data = bytes, .size = sizeof(bytes)};
	struct pack r = {.data = bytes, .size = sizeof(bytes)};

	(void)state;
	for (int width = 1; width <= 8; width++)
		pack_put_int(&w, UINT64_C(0x0102030405060708), width);
	assert_int_equal(w.at, 36);
	assert_false(w.bad);
	assert_memory_equal(bytes, "\x08\x07\x08\x06\x07\x08", 6);
	assert_memory_equal(bytes + 28, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
	for (int width = 1; width <= 8; width++)
		assert_int_equal(pack_get_int(&r, width),
		    UINT64_C(0x0102030405060708) &
		    (width == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1));
	assert_false(r.bad);
}

static void greatest_values_come_back(void **state)
{
	unsigned char bytes[8];

	(void)state;
	for (int width = 1; width <= 8; width++) {
		struct pack w = {.data = bytes, .size = sizeof(bytes)};
		struct pack r = {.data = bytes, .size = sizeof(bytes)};
		uint64_t most = width == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1;

		pack_put_int(&w, most, width);
		assert_int_equal(pack_get_int(&r, width), most);
	}
}

static void field_that_does_not_fit_is_not_written(void **state)
{
	unsigned char bytes[8];
	struct pack p = {.data = bytes, .size = 5};

	(void)state;
	memset(bytes, 0xcc, sizeof(bytes));
	pack_put(&p, "abc", 3);
	pack_put(&p, "def", 3);
	assert_true(p.bad);
	assert_int_equal(p.at, 3);
	assert_memory_equal(bytes, "abc\xcc\xcc\xcc\xcc\xcc", 8);
	/* and nothing after it, though it would fit */
	pack_put(&p, "g", 1);
	pack_put_int(&p, 1, 1);
	assert_int_equal(p.at, 3);
	assert_memory_equal(bytes, "abc\xcc\xcc\xcc\xcc\xcc", 8);
}

static void read_beyond_the_end_gives_zero_from_then_on(void **state)
{
	unsigned char *bytes = malloc(5); /* exact, for ASan */
	struct pack p = {.data = bytes, .size = 5};
	unsigned char out[4];

	(void)state;
	assert_non_null(bytes);
	memset(bytes, 0xff, 5);
	assert_int_equal(pack_get_int(&p, 4), 0xffffffff);
	memset(out, 0xee, sizeof(out));
	pack_get(&p, out, 4);
	assert_true(p.bad);
	assert_memory_equal(out, "\0\0\0\0", 4);
	assert_int_equal(pack_get_int(&p, 1), 0);
	assert_int_equal(p.at, 4);
	free(bytes);
}

static void fields_up_to_the_last_byte_fit(void **state)
{
	unsigned char bytes[3];
	struct pack p = {.data = bytes, .size = 3};

	(void)state;
	pack_put(&p, "abc", 3);
	pack_put(&p, "", 0);
	assert_false(p.bad);
	pack_put(&p, "d", 1);
	assert_true(p.bad);
}

static void position_behind_the_end_is_bad(void **state)
{
	unsigned char bytes[4] = {0};
	struct pack p = {.data = bytes, .size = 2, .at = 3};

	(void)state;
	assert_int_equal(pack_get_int(&p, 1), 0);
	assert_true(p.bad);
	p = (struct pack){.data = bytes, .size = 4, .at = 2};
	pack_get(&p, bytes, 3);
	assert_true(p.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(integers_are_big_endian_of_their_width),
	    cmocka_unit_test(greatest_values_come_back),
	    cmocka_unit_test(field_that_does_not_fit_is_not_written),
	    cmocka_unit_test(read_beyond_the_end_gives_zero_from_then_on),
	    cmocka_unit_test(fields_up_to_the_last_byte_fit),
	    cmocka_unit_test(position_behind_the_end_is_bad),
	};

	return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
