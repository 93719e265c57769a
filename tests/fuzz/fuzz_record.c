/*
 * fuzz_record: the bytes of a record are taken only in their one spelling, with every
 * field in range.
 *
 * The first byte says which: bytes as they are, or a true record of the harness's with
 * some bytes changed.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/core/record.h"
#include "lib/core/record_pw.h"

static void check_enroll(const uint8_t *in, size_t n)
{
	static struct record_enroll r;
	unsigned char out[RECORD_PLAIN_MAX];

	if (record_get_enroll(&r, in, n) != 0)
		return;
	MUST(record_format_known(r.format) && r.devices <= RECORD_DEVICES);
	MUST(r.pendings <= RECORD_PENDING);
	for (int i = 0; i < r.devices; i++) {
		MUST(record_device_valid(&r.device[i]) && r.device[i].id != 0);
		for (int k = 0; k < i; k++)
			MUST(r.device[i].id != r.device[k].id);
	}
	for (int i = 0; i < r.pendings; i++)
		MUST(record_device_valid(&r.pending[i].device));
	MUST(r.bypass_since >= 0 && r.invite.since >= 0);
	MUST(record_put_enroll(&r, out) == (int)n && memcmp(out, in, n) == 0);
}

static void check_hot(const uint8_t *in, size_t n)
{
	static struct record_hot r;
	unsigned char out[RECORD_PLAIN_MAX];

	if (record_get_hot(&r, in, n) != 0)
		return;
	MUST(record_format_known(r.format) && r.entries <= RECORD_ENTRIES);
	MUST(r.reserveds <= (r.format == 1 ? 0 : RECORD_RESERVED));
	for (int i = 0; i < r.reserveds; i++)
		MUST(r.reserved[i].id != 0 && r.reserved[i].since >= 0);
	for (int i = 0; i < RECORD_BUCKETS; i++)
		MUST(r.unknown[i].passwords <= r.unknown[i].wrong);
	MUST(r.locked_since >= 0);
	for (int i = 0; i < r.entries; i++)
		MUST(record_find_entry(&r, r.entry[i].id) != NULL && r.entry[i].last_used >= 0);
	MUST(record_put_hot(&r, out) == (int)n && memcmp(out, in, n) == 0);
}

static void check_pw(const uint8_t *in, size_t n)
{
	static struct record_pw r;
	unsigned char out[RECORD_PLAIN_MAX];

	if (record_pw_get(&r, in, n) != 0)
		return;
	MUST(r.format == RECORD_PW_FORMAT || r.format == RECORD_PW_FORMAT_SAME);
	MUST(r.entries <= RECORD_PW_ENTRIES);
	MUST(strlen(r.salt) <= RECORD_PW_SALT_MAX && strncmp(r.salt, "$y$", 3) == 0);
	for (int i = 0; i < r.entries; i++)
		MUST(r.entry[i].set >= 0);
	MUST(record_pw_put(&r, out) == (int)n && memcmp(out, in, n) == 0);
}

static struct record_device make_device(struct fuzz *f, int i)
{
	struct record_device d = {.id = 1 + (uint64_t)i, .algorithm = (uint8_t)(1 + i % 3),
	    .digits = (uint8_t)(6 + i % 3), .period = 30, .secret_len = (uint8_t)(16 + i * 4),
	    .created = 1700000000};

	(void)snprintf(d.name, sizeof(d.name), "device %d", i);
	d.has_key = fuzz_flip(f);
	for (int k = 0; k < d.secret_len; k++)
		d.secret[k] = fuzz_byte(f);
	return d;
}

static int make_enroll(struct fuzz *f, unsigned char *out)
{
	static struct record_enroll r;

	r = (struct record_enroll){.format = RECORD_FORMAT};
	r.devices = (uint8_t)fuzz_below(f, RECORD_DEVICES + 1);
	for (int i = 0; i < r.devices; i++)
		r.device[i] = make_device(f, i);
	r.recovery.id = fuzz_number(f, 1);
	r.pendings = (uint8_t)fuzz_below(f, RECORD_PENDING + 1);
	for (int i = 0; i < r.pendings; i++)
		r.pending[i].device = make_device(f, 8 + i);
	r.invite = (struct record_invite){.open = fuzz_flip(f), .since = 1700000000, .life = 60};
	r.bypass_since = (int64_t)fuzz_number(f, 4);
	r.bypass_life = (uint32_t)fuzz_number(f, 4);
	return record_put_enroll(&r, out);
}

static int make_hot(struct fuzz *f, unsigned char *out)
{
	static struct record_hot r;

	r = (struct record_hot){.format = RECORD_FORMAT, .ever_confirmed = fuzz_flip(f)};
	r.uid_bound = fuzz_flip(f);
	r.uid = (uint32_t)fuzz_number(f, 4);
	r.entries = (uint8_t)fuzz_below(f, RECORD_ENTRIES + 1);
	for (int i = 0; i < r.entries; i++)
		r.entry[i] = (struct record_entry){1 + (uint64_t)i, fuzz_number(f, 4), 0};
	r.spent[0].used = (uint16_t)(fuzz_number(f, 2) & 0x3ff);
	for (int i = 0; i < RECORD_KNOWN; i++)
		r.known[i].since = (int64_t)fuzz_number(f, 1);
	r.missed.count = (uint32_t)fuzz_number(f, 1);
	if (fuzz_flip(f)) {
		r.format = 1;
		return record_put_hot(&r, out);
	}
	r.reserveds = (uint8_t)fuzz_below(f, RECORD_RESERVED + 1);
	for (int i = 0; i < r.reserveds; i++)
		r.reserved[i] = (struct record_reserved){.id = 1 + fuzz_number(f, 1), .since = 1700000000};
	r.unknown[3].wrong = r.unknown[3].passwords = (uint16_t)fuzz_number(f, 1);
	return record_put_hot(&r, out);
}

static int make_pw(struct fuzz *f, unsigned char *out)
{
	static struct record_pw r;

	r = (struct record_pw){.format = RECORD_PW_FORMAT, .salt = "$y$j9T$salt"};
	r.entries = (uint8_t)fuzz_below(f, RECORD_PW_ENTRIES + 1);
	for (int i = 0; i < r.entries; i++)
		r.entry[i] = (struct record_pw_entry){{fuzz_byte(f)}, {fuzz_byte(f)},
		    (int64_t)fuzz_number(f, 4)};
	return record_pw_put(&r, out);
}

static int make(unsigned what, struct fuzz *f, unsigned char *out)
{
	if ((what & 8) != 0)
		return make_pw(f, out);
	return (what & 1) != 0 ? make_hot(f, out) : make_enroll(f, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	const unsigned what = fuzz_byte(&f);
	unsigned char made[RECORD_PLAIN_MAX];
	uint8_t *in;
	size_t n;

	if ((what & 2) == 0) {
		in = fuzz_rest(&f, &n);
	} else {
		int len = make(what, &f, made);
		struct fuzz whole = {made, (size_t)(len > 0 ? len : 0)};

		in = fuzz_rest(&whole, &n);
		/* As it is it is taken, so the harness makes true ones. */
		if ((what & 4) != 0 && n > 0)
			while (f.left > 0) {
				const size_t at = fuzz_number(&f, 2) % n;

				in[at] ^= fuzz_byte(&f);
			}
	}
	if ((what & 8) != 0)
		check_pw(in, n);
	else if ((what & 1) != 0)
		check_hot(in, n);
	else
		check_enroll(in, n);
	free(in);
	return 0;
}
