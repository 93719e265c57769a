/* The bytes of the records: record.h. */
#include "tests/unit/scratch.h"

#include "lib/core/seal.h"

typedef int (*decode)(const unsigned char *in, size_t len);

static int read_enroll(const unsigned char *in, size_t len)
{
	static struct record_enroll r;

	return record_get_enroll(&r, in, len);
}

static int read_hot(const unsigned char *in, size_t len)
{
	static struct record_hot r;

	return record_get_hot(&r, in, len);
}

/* A buffer of exactly that size, so that ASan sees a byte read behind it. */
static int decode_exact(decode f, const unsigned char *in, size_t len)
{
	unsigned char *copy = malloc(len > 0 ? len : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, in, len);
	r = f(copy, len);
	free(copy);
	return r;
}

static struct record_device largest_device(uint64_t id)
{
	struct record_device d = scratch_device(id);

	memset(d.name, 'n', RECORD_DEVICE_NAME_MAX);
	d.algorithm = RECORD_SHA512;
	d.digits = 8;
	d.period = 120;
	d.secret_len = RECORD_SECRET_MAX;
	memset(d.secret, 0xfe, sizeof(d.secret));
	d.has_key = true;
	memset(d.key, 0xfd, sizeof(d.key));
	return d;
}

static struct record_enroll largest_enroll(void)
{
	struct record_enroll r = {.format = RECORD_FORMAT, .devices = RECORD_DEVICES,
	    .pendings = RECORD_PENDING, .bypass_since = INT64_MAX, .bypass_life = UINT32_MAX};

	for (int i = 0; i < RECORD_DEVICES; i++)
		r.device[i] = largest_device(UINT64_MAX - (uint64_t)i);
	for (int i = 0; i < RECORD_PENDING; i++) {
		r.pending[i].device = largest_device(1000 + (uint64_t)i);
		memset(r.pending[i].where, 0xfc, RECORD_HASH);
	}
	r.recovery.id = UINT64_MAX;
	memset(r.recovery.key, 0xfb, sizeof(r.recovery.key));
	memset(r.recovery.hash, 0xfa, sizeof(r.recovery.hash));
	r.invite = (struct record_invite){.open = true, .since = INT64_MAX,
	    .life = UINT32_MAX};
	memset(r.invite.key, 0xf9, sizeof(r.invite.key));
	memset(r.invite.hash, 0xf8, sizeof(r.invite.hash));
	return r;
}

static struct record_hot largest_hot(void)
{
	struct record_hot h = {.format = RECORD_FORMAT, .ever_confirmed = true,
	    .uid_bound = true, .uid = UINT32_MAX, .locked_since = INT64_MAX,
	    .entries = RECORD_ENTRIES};

	memset(h.source_key, 1, sizeof(h.source_key));
	for (int i = 0; i < RECORD_ENTRIES; i++)
		h.entry[i] = (struct record_entry){UINT64_MAX - (uint64_t)i, UINT64_MAX,
		    INT64_MAX};
	for (int i = 0; i < 2; i++) {
		h.spent[i].id = UINT64_MAX - (uint64_t)i;
		h.spent[i].used = 0x3ff;
	}
	for (int i = 0; i < RECORD_KNOWN; i++) {
		memset(h.known[i].source, i, sizeof(h.known[i].source));
		h.known[i].since = i;
		h.known[i].bucket = (struct record_bucket){65535, 65534, i, 65535};
	}
	for (int i = 0; i < RECORD_BUCKETS; i++)
		h.unknown[i] = (struct record_bucket){(uint16_t)i, 7, INT64_MAX - i,
		    (uint16_t)(i / 2)};
	h.dropped = (struct record_bucket){1, 2, 3, 1};
	h.missed = (struct record_missed){UINT32_MAX, 4, 5,
	    {.kind = SOURCE_IPV6, .bytes = {0x20, 1, 0xd, 0xb8}}};
	for (int i = 0; i < RECORD_REMEMBERED; i++) {
		memset(h.remembered[i].source, i, 16);
		memset(h.remembered[i].keys, i + 1, 16);
		h.remembered[i].since = i;
	}
	h.reserveds = RECORD_RESERVED;
	for (int i = 0; i < RECORD_RESERVED; i++) {
		h.reserved[i].id = UINT64_MAX - (uint64_t)i;
		memset(h.reserved[i].source, i, sizeof(h.reserved[i].source));
		h.reserved[i].since = INT64_MAX - i;
	}
	return h;
}

static size_t put_enroll(const struct record_enroll *r, unsigned char *out)
{
	int n = record_put_enroll(r, out);

	assert_true(n > 0);
	return (size_t)n;
}

static size_t put_hot(const struct record_hot *r, unsigned char *out)
{
	int n = record_put_hot(r, out);

	assert_true(n > 0);
	return (size_t)n;
}

static void assert_same_device(const struct record_device *a, const struct record_device *b)
{
	assert_int_equal(a->id, b->id);
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->algorithm, b->algorithm);
	assert_int_equal(a->digits, b->digits);
	assert_int_equal(a->period, b->period);
	assert_int_equal(a->secret_len, b->secret_len);
	assert_memory_equal(a->secret, b->secret, sizeof(a->secret));
	assert_int_equal(a->created, b->created);
	assert_int_equal(a->has_key, b->has_key);
	assert_memory_equal(a->key, b->key, sizeof(a->key));
}

static void assert_same_enroll(const struct record_enroll *a, const struct record_enroll *b)
{
	assert_int_equal(a->format, b->format);
	assert_int_equal(a->devices, b->devices);
	for (int i = 0; i < a->devices; i++)
		assert_same_device(&a->device[i], &b->device[i]);
	assert_int_equal(a->recovery.id, b->recovery.id);
	assert_memory_equal(a->recovery.key, b->recovery.key, sizeof(a->recovery.key));
	assert_memory_equal(a->recovery.hash, b->recovery.hash, sizeof(a->recovery.hash));
	assert_int_equal(a->pendings, b->pendings);
	for (int i = 0; i < a->pendings; i++) {
		assert_same_device(&a->pending[i].device, &b->pending[i].device);
		assert_memory_equal(a->pending[i].where, b->pending[i].where, RECORD_HASH);
	}
	assert_int_equal(a->invite.open, b->invite.open);
	assert_memory_equal(a->invite.key, b->invite.key, RECORD_HASH);
	assert_memory_equal(a->invite.hash, b->invite.hash, RECORD_HASH);
	assert_int_equal(a->invite.since, b->invite.since);
	assert_int_equal(a->invite.life, b->invite.life);
	assert_int_equal(a->bypass_since, b->bypass_since);
	assert_int_equal(a->bypass_life, b->bypass_life);
}

static void enroll_round_trips(const struct record_enroll *r)
{
	unsigned char bytes[RECORD_PLAIN_MAX], again[RECORD_PLAIN_MAX];
	size_t n = put_enroll(r, bytes);
	struct record_enroll back;

	memset(&back, 0xee, sizeof(back));
	assert_int_equal(record_get_enroll(&back, bytes, n), 0);
	assert_same_enroll(r, &back);
	assert_int_equal(put_enroll(&back, again), n);
	assert_memory_equal(bytes, again, n);
}

static void hot_round_trips(const struct record_hot *r)
{
	unsigned char bytes[RECORD_PLAIN_MAX], again[RECORD_PLAIN_MAX];
	size_t n = put_hot(r, bytes);
	struct record_hot back;

	memset(&back, 0xee, sizeof(back));
	assert_int_equal(record_get_hot(&back, bytes, n), 0);
	assert_int_equal(put_hot(&back, again), n);
	assert_memory_equal(bytes, again, n);
	assert_int_equal(back.ever_confirmed, r->ever_confirmed);
	assert_int_equal(back.uid, r->uid);
	assert_int_equal(back.locked_since, r->locked_since);
	assert_int_equal(back.entries, r->entries);
	assert_memory_equal(back.entry, r->entry, sizeof(back.entry));
	assert_int_equal(back.spent[1].used, r->spent[1].used);
	assert_memory_equal(back.source_key, r->source_key, sizeof(back.source_key));
	for (int i = 0; i < RECORD_KNOWN; i++) {
		assert_memory_equal(back.known[i].source, r->known[i].source, 16);
		assert_int_equal(back.known[i].since, r->known[i].since);
		assert_int_equal(back.known[i].bucket.wrong, r->known[i].bucket.wrong);
		assert_int_equal(back.known[i].bucket.proven, r->known[i].bucket.proven);
	}
	for (int i = 0; i < RECORD_BUCKETS; i++)
		assert_int_equal(back.unknown[i].last, r->unknown[i].last);
	assert_int_equal(back.dropped.proven, r->dropped.proven);
	assert_int_equal(back.missed.count, r->missed.count);
	assert_int_equal(back.missed.from.kind, r->missed.from.kind);
	assert_memory_equal(back.missed.from.bytes, r->missed.from.bytes, 16);
	assert_int_equal(back.remembered[7].since, r->remembered[7].since);
	assert_int_equal(back.unknown[9].passwords, r->unknown[9].passwords);
	assert_int_equal(back.known[7].bucket.passwords, r->known[7].bucket.passwords);
	assert_int_equal(back.dropped.passwords, r->dropped.passwords);
	assert_int_equal(back.reserveds, r->reserveds);
	assert_memory_equal(back.reserved, r->reserved, sizeof(back.reserved));
}

static void smallest_and_largest_enroll_round_trip(void **state)
{
	struct record_enroll empty = {.format = RECORD_FORMAT};
	struct record_enroll one = scratch_enroll(1, 1);
	struct record_enroll all = largest_enroll();

	(void)state;
	one.device[0].secret_len = 16;
	memset(one.device[0].secret + 16, 0, RECORD_SECRET_MAX - 16);
	memcpy(one.device[0].name, "x", 2);
	one.device[0].period = 15;
	enroll_round_trips(&empty);
	enroll_round_trips(&one);
	enroll_round_trips(&all);
}

static void smallest_and_largest_hot_round_trip(void **state)
{
	struct record_hot empty = {.format = RECORD_FORMAT};
	struct record_hot all = largest_hot();

	(void)state;
	hot_round_trips(&empty);
	hot_round_trips(&all);
}

/* 8 devices, 4 pending and an invitation stay within a slot of the store. */
static void largest_records_fit_sealed_into_4000_bytes(void **state)
{
	struct record_enroll enroll = largest_enroll();
	struct record_hot hot = largest_hot();
	unsigned char bytes[RECORD_PLAIN_MAX], sealed[4000];
	struct keyring k = {.count = 1};
	char name[256];

	(void)state;
	memset(k.key[0].id, 'k', KEYRING_ID_MAX);
	memset(name, 'u', sizeof(name));
	memcpy(name, "enroll/", 7);
	name[SEAL_NAME_MAX - 1] = '\0';
	for (int i = 0; i < 3; i++) {
		size_t n = i == 0 ? put_enroll(&enroll, bytes) :
		    i == 1 ? put_hot(&hot, bytes) : RECORD_PLAIN_MAX;
		struct seal_bytes plain = {bytes, sizeof(bytes), n};
		struct seal_bytes out = {sealed, sizeof(sealed), 0};

		assert_true(n <= 3900);
		assert_int_equal(seal_close(&k, name, &plain, &out, NULL), 0);
		assert_true(out.len <= 4000);
	}
}

static void size_of_hot_depends_only_on_format_and_entries(void **state)
{
	unsigned char bytes[RECORD_PLAIN_MAX];
	struct record_hot empty = {.format = RECORD_FORMAT, .entries = RECORD_ENTRIES};
	struct record_hot all = largest_hot();

	(void)state;
	assert_int_equal(put_hot(&empty, bytes), put_hot(&all, bytes));
}

static void every_truncation_is_refused(void **state)
{
	struct record_enroll enroll = largest_enroll();
	struct record_hot hot = largest_hot();
	unsigned char bytes[RECORD_PLAIN_MAX];
	size_t n = put_enroll(&enroll, bytes);

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(decode_exact(read_enroll, bytes, i), ERR_BAD);
	assert_int_equal(decode_exact(read_enroll, bytes, n), 0);
	n = put_hot(&hot, bytes);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(decode_exact(read_hot, bytes, i), ERR_BAD);
	assert_int_equal(decode_exact(read_hot, bytes, n), 0);
}

static void every_appended_byte_is_refused(void **state)
{
	struct record_enroll enroll = scratch_enroll(2, 5);
	struct record_hot hot = scratch_hot(&enroll);
	unsigned char bytes[RECORD_PLAIN_MAX + 300] = {0};

	(void)state;
	for (int i = 0; i < 256; i++) {
		size_t n = put_enroll(&enroll, bytes);

		bytes[n] = (unsigned char)i;
		assert_int_equal(decode_exact(read_enroll, bytes, n + 1), ERR_BAD);
		n = put_hot(&hot, bytes);
		bytes[n] = (unsigned char)i;
		assert_int_equal(decode_exact(read_hot, bytes, n + 1), ERR_BAD);
	}
}

/* What a version before this one has written, and reads: without what `reserve` keeps. */
static struct record_hot largest_hot_of_format_1(void)
{
	struct record_hot h = largest_hot();

	h.format = 1;
	for (int i = 0; i < RECORD_KNOWN; i++)
		h.known[i].bucket.passwords = 0;
	for (int i = 0; i < RECORD_BUCKETS; i++)
		h.unknown[i].passwords = 0;
	h.dropped.passwords = 0;
	memset(h.reserved, 0, sizeof(h.reserved));
	h.reserveds = 0;
	return h;
}

static void format_1_is_read_and_written_as_it_was(void **state)
{
	struct record_enroll enroll = largest_enroll();
	struct record_hot hot = largest_hot_of_format_1(), two = hot;
	unsigned char bytes[RECORD_PLAIN_MAX], again[RECORD_PLAIN_MAX];
	size_t n, m;

	(void)state;
	enroll.format = 1;
	enroll_round_trips(&enroll);
	hot_round_trips(&hot);
	n = put_hot(&hot, bytes);
	assert_int_equal(n, 1478);
	two.format = 2;
	m = put_hot(&two, again);
	assert_int_equal(m, n + 41 * 2 + 32 * 32);
	assert_memory_equal(again + 2, bytes + 2, n - 2);
}

static void format_1_record_never_loses_a_reservation(void **state)
{
	struct record_hot hot = largest_hot_of_format_1();
	unsigned char bytes[RECORD_PLAIN_MAX];

	(void)state;
	hot.reserveds = 1;
	hot.reserved[0].id = 5;
	assert_int_equal(record_put_hot(&hot, bytes), ERR_SYSTEM);
	hot = largest_hot_of_format_1();
	hot.unknown[31].passwords = 1;
	assert_int_equal(record_put_hot(&hot, bytes), ERR_SYSTEM);
}

static void reservations_out_of_place_are_refused(void **state)
{
	struct record_hot hot = {.format = RECORD_FORMAT}, back;
	unsigned char bytes[RECORD_PLAIN_MAX];
	size_t n = put_hot(&hot, bytes), first = n - 32 * 32;

	(void)state;
	bytes[first + 32] = 1; /* the id of the second, and no first */
	assert_int_equal(record_get_hot(&back, bytes, n), ERR_BAD);
	bytes[first] = 1;
	assert_int_equal(record_get_hot(&back, bytes, n), 0);
	assert_int_equal(back.reserveds, 2);
	bytes[first + 3 * 32 + 31] = 1; /* a time of none */
	assert_int_equal(record_get_hot(&back, bytes, n), ERR_BAD);
	hot.reserveds = 1; /* without an id */
	assert_int_equal(record_put_hot(&hot, bytes), ERR_SYSTEM);
	/* More passwords than wrong ones. */
	hot = (struct record_hot){.format = RECORD_FORMAT, .dropped = {.wrong = 1, .passwords = 2}};
	n = put_hot(&hot, bytes);
	assert_int_equal(record_get_hot(&back, bytes, n), ERR_BAD);
}

static void other_format_is_refused(void **state)
{
	struct record_enroll enroll = scratch_enroll(1, 5);
	struct record_hot hot = scratch_hot(&enroll);
	unsigned char bytes[RECORD_PLAIN_MAX];

	(void)state;
	for (int f = 0; f < 65536; f++) {
		size_t n;

		if (f == 1 || f == 2)
			continue;
		enroll.format = (uint16_t)f;
		n = put_enroll(&enroll, bytes);
		assert_int_equal(read_enroll(bytes, n), ERR_BAD);
		n = put_hot(&hot, bytes);
		bytes[0] = (unsigned char)(f >> 8);
		bytes[1] = (unsigned char)f;
		assert_int_equal(read_hot(bytes, n), ERR_BAD);
	}
}

static void hot_is_not_an_enrolment_nor_the_other_way(void **state)
{
	struct record_enroll enroll = largest_enroll();
	struct record_hot hot = largest_hot();
	unsigned char bytes[RECORD_PLAIN_MAX];
	size_t n = put_enroll(&enroll, bytes);

	(void)state;
	assert_int_equal(decode_exact(read_hot, bytes, n), ERR_BAD);
	n = put_hot(&hot, bytes);
	assert_int_equal(decode_exact(read_enroll, bytes, n), ERR_BAD);
}

static bool device_reads(const struct record_device *d)
{
	struct record_enroll r = scratch_enroll(1, 5);
	unsigned char bytes[RECORD_PLAIN_MAX];
	int n;
	bool read;

	r.device[0] = *d;
	n = record_put_enroll(&r, bytes);
	read = n > 0 && read_enroll(bytes, (size_t)n) == 0;
	assert_int_equal(read, record_device_valid(d));
	return read;
}

static void device_out_of_range_is_refused(void **state)
{
	struct record_device good = scratch_device(5), d;

	(void)state;
	assert_true(device_reads(&good));
#define WITH(field, value) (d = good, d.field = (value), device_reads(&d))
	assert_false(WITH(id, 0));
	assert_false(WITH(algorithm, 0));
	assert_true(WITH(algorithm, RECORD_SHA1));
	assert_true(WITH(algorithm, RECORD_SHA512));
	assert_false(WITH(algorithm, RECORD_SHA512 + 1));
	assert_false(WITH(digits, 5));
	assert_true(WITH(digits, 6));
	assert_true(WITH(digits, 8));
	assert_false(WITH(digits, 9));
	assert_false(WITH(period, 0));
	assert_false(WITH(period, 14));
	assert_true(WITH(period, 15));
	assert_true(WITH(period, 120));
	assert_false(WITH(period, 121));
	assert_false(WITH(secret_len, 0));
	assert_false(WITH(secret_len, 15));
	assert_true(WITH(secret_len, 16));
	assert_true(WITH(secret_len, RECORD_SECRET_MAX));
#undef WITH
	d = good;
	d.secret_len = RECORD_SECRET_MAX + 1;
	assert_false(record_device_valid(&d));
}

static void device_name_is_printable_and_1_to_32_bytes(void **state)
{
	struct record_device d = scratch_device(5);

	(void)state;
	d.name[0] = '\0';
	assert_false(device_reads(&d));
	memset(d.name, 'n', RECORD_DEVICE_NAME_MAX);
	d.name[RECORD_DEVICE_NAME_MAX] = '\0';
	assert_true(device_reads(&d));
	memset(d.name, 'n', sizeof(d.name)); /* no terminator */
	assert_false(record_device_valid(&d));
	for (int c = 1; c < 0x20; c++) {
		d = scratch_device(5);
		d.name[1] = (char)c;
		assert_false(device_reads(&d));
	}
	d.name[1] = 0x7f;
	assert_false(device_reads(&d));
}

static void two_devices_of_one_id_are_refused(void **state)
{
	struct record_enroll r = scratch_enroll(8, 5);
	unsigned char bytes[RECORD_PLAIN_MAX];
	size_t n;

	(void)state;
	r.device[7].id = r.device[0].id;
	n = put_enroll(&r, bytes);
	assert_int_equal(read_enroll(bytes, n), ERR_BAD);
}

static void counts_beyond_the_maximum_are_not_written(void **state)
{
	struct record_enroll r = scratch_enroll(8, 5);
	struct record_hot h = {.format = RECORD_FORMAT, .entries = RECORD_ENTRIES + 1};
	unsigned char bytes[RECORD_PLAIN_MAX];

	(void)state;
	r.devices = RECORD_DEVICES + 1;
	assert_int_equal(record_put_enroll(&r, bytes), ERR_SYSTEM);
	r.devices = 1;
	r.pendings = RECORD_PENDING + 1;
	assert_int_equal(record_put_enroll(&r, bytes), ERR_SYSTEM);
	assert_int_equal(record_put_hot(&h, bytes), ERR_SYSTEM);
}

/* Any byte changed to any value: refused, or a record that writes back to the
 * very same bytes.  So every record has one spelling and no byte is ignored. */
static void every_record_has_one_spelling(void **state)
{
	struct record_enroll enroll = scratch_enroll(2, 5), e2;
	struct record_hot hot = scratch_hot(&enroll), h2;
	unsigned char bytes[RECORD_PLAIN_MAX], again[RECORD_PLAIN_MAX];
	size_t n;

	(void)state;
	enroll.pendings = 1;
	enroll.pending[0].device = scratch_device(99);
	enroll.invite.open = true;
	n = put_enroll(&enroll, bytes);
	for (size_t i = 0; i < n; i++)
		for (int flip = 1; flip < 256; flip++) {
			bytes[i] ^= (unsigned char)flip;
			if (record_get_enroll(&e2, bytes, n) == 0) {
				if (put_enroll(&e2, again) != n || memcmp(bytes, again, n) != 0)
					fail_msg("enroll: byte %zu changed by %02x", i,
					    (unsigned)flip);
			}
			bytes[i] ^= (unsigned char)flip;
		}
	n = put_hot(&hot, bytes);
	for (size_t i = 0; i < n; i++)
		for (int flip = 1; flip < 256; flip += 2) {
			bytes[i] ^= (unsigned char)flip;
			if (record_get_hot(&h2, bytes, n) == 0) {
				assert_int_equal(put_hot(&h2, again), n);
				assert_memory_equal(bytes, again, n);
			}
			bytes[i] ^= (unsigned char)flip;
		}
}

static void random_bytes_never_break_a_reader(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		unsigned char bytes[600];
		size_t n = scratch_below(&seed, sizeof(bytes));

		for (size_t k = 0; k < n; k++)
			bytes[k] = (unsigned char)scratch_random(&seed);
		if (n > 1) {
			bytes[0] = 0;
			bytes[1] = RECORD_FORMAT;
		}
		(void)decode_exact(read_enroll, bytes, n);
		(void)decode_exact(read_hot, bytes, n);
	}
}

static void entry_is_found_by_its_id_only_among_those_in_use(void **state)
{
	struct record_enroll enroll = scratch_enroll(2, 5);
	struct record_hot hot = scratch_hot(&enroll);

	(void)state;
	hot.entry[2].id = 777; /* beyond entries */
	assert_ptr_equal(record_find_entry(&hot, 5), &hot.entry[0]);
	assert_ptr_equal(record_find_entry(&hot, 6), &hot.entry[1]);
	assert_null(record_find_entry(&hot, 777));
	assert_null(record_find_entry(&hot, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(smallest_and_largest_enroll_round_trip),
	    cmocka_unit_test(smallest_and_largest_hot_round_trip),
	    cmocka_unit_test(largest_records_fit_sealed_into_4000_bytes),
	    cmocka_unit_test(size_of_hot_depends_only_on_format_and_entries),
	    cmocka_unit_test(format_1_is_read_and_written_as_it_was),
	    cmocka_unit_test(format_1_record_never_loses_a_reservation),
	    cmocka_unit_test(reservations_out_of_place_are_refused),
	    cmocka_unit_test(every_truncation_is_refused),
	    cmocka_unit_test(every_appended_byte_is_refused),
	    cmocka_unit_test(other_format_is_refused),
	    cmocka_unit_test(hot_is_not_an_enrolment_nor_the_other_way),
	    cmocka_unit_test(device_out_of_range_is_refused),
	    cmocka_unit_test(device_name_is_printable_and_1_to_32_bytes),
	    cmocka_unit_test(two_devices_of_one_id_are_refused),
	    cmocka_unit_test(counts_beyond_the_maximum_are_not_written),
	    cmocka_unit_test(every_record_has_one_spelling),
	    cmocka_unit_test(random_bytes_never_break_a_reader),
	    cmocka_unit_test(entry_is_found_by_its_id_only_among_those_in_use),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
