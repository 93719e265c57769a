/* users.oath, google-authenticator's files, and --replace: enroll/import.h. */
#include "tests/unit/scratch.h"

#include "enroll/import_run.h"
#include "enroll/init.h"
#include "enroll/pending.h"
#include "enroll/steps.h"
#include "lib/core/login.h"

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define P(name) cmocka_unit_test(name)
#define HEX "3132333435363738393031323334353637383930"
#define HEX2 "4142434445464748494A4b4c4d4e4f5051525354"
#define KEY "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
#define KEY2 "IFBEGRCFIZDUQSKKJNGE2TSPKBIVEU2U"
#define STEP_NOW ((uint64_t)SCRATCH_NOW / 30)
#define FILE_TEXT KEY "\n\" RATE_LIMIT 3 30\n\" TOTP_AUTH\n12345678\n87654321\n"

static struct scratch sc;

static int set_up(void **state)
{
	(void)state;
	scratch_init(&sc);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(&sc);
	return 0;
}

static int oath(const char *line, struct otpauth *o, struct err *e)
{
	struct import_used used;

	return import_oath_parse(line, strlen(line), o, &used, e);
}

static void oath_types_are_those_of_pam_oath(void **state)
{
	static const struct {
		const char *line;
		int period, digits;
	} good[] = {
	    {"HOTP/T30 bob - " HEX, 30, 6}, {"HOTP/T60\tbob\t-\t" HEX, 60, 6},
	    {"HOTP/T30/6 bob - " HEX " 0 123456 2026-01-01T00:00:00L", 30, 6},
	    {" HOTP/T30/7  bob  -  " HEX, 30, 7}, {"HOTP/T30/8 bob + " HEX, 30, 8},
	    {"HOTP/T60/8 bob - " HEX, 60, 8}};
	struct otpauth o;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(oath(good[i].line, &o, NULL), 0);
		assert_string_equal(o.user, "bob");
		assert_int_equal(o.device.algorithm, RECORD_SHA1);
		assert_int_equal(o.device.period, good[i].period);
		assert_int_equal(o.device.digits, good[i].digits);
		assert_int_equal(o.device.secret_len, 20);
		assert_memory_equal(o.device.secret, "12345678901234567890", 20);
	}
}

static void oath_lines_that_count_events_or_have_a_pin_are_refused(void **state)
{
	static const struct {
		const char *line;
		int code;
		const char *reason;
	} bad[] = {
	    {"HOTP bob - " HEX, ERR_REFUSED, "counts events"},
	    {"HOTP/E/8 bob - " HEX " 5", ERR_REFUSED, "counts events"},
	    {"HOTP/T30 bob 1234 " HEX, ERR_REFUSED, "bob has a PIN"},
	    {"HOTP/T30 bob - 3132333435", ERR_REFUSED, "shorter than 128 bits"},
	    {"HOTP/T30 bob - " HEX "3", ERR_SYNTAX, "not hexadecimal"},
	    {"HOTP/T30 bob - " KEY, ERR_SYNTAX, "not hexadecimal"},
	    {"HOTP/T30 bob " HEX, ERR_SYNTAX, "not all there"},
	    {"HOTP/T30 bob", ERR_SYNTAX, "not all there"},
	    {"HOTP/T45 bob - " HEX, ERR_SYNTAX, "the type"},
	    {"HOTP/T30/9 bob - " HEX, ERR_SYNTAX, "the type"},
	    {"HOTP/T30 bob - " HEX " x 123456", ERR_SYNTAX, "last code of 6 digits"},
	    {"HOTP/T30 bob - " HEX " 0 12345", ERR_SYNTAX, "last code of 6 digits"},
	    {"HOTP/T30/8 bob - " HEX " 0 123456", ERR_SYNTAX, "last code of 8 digits"},
	    {"HOTP/T30 bob - " HEX " 0 12345x", ERR_SYNTAX, "last code of 6 digits"},
	    {"HOTP/T3 bob - " HEX, ERR_SYNTAX, "the type"},
	    {"HOTP/T30 b\x01 - " HEX, ERR_SYNTAX, "control character"},
	    {"   ", ERR_SYNTAX, "the type"}};
	struct otpauth o;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = {0};

		if (oath(bad[i].line, &o, &e) != bad[i].code || strstr(e.text, bad[i].reason) == NULL)
			fail_msg("%s: %s", bad[i].line, e.text);
		assert_null(strstr(e.text, "3132"));
		assert_null(strstr(e.text, "1234"));
		assert_null(strstr(e.text, KEY));
	}
}

static int google(const char *text, struct record_device *d, long *codes, struct err *e)
{
	struct import_google_file f;
	int r = import_google_parse(text, strlen(text), &f, e);

	*d = f.device;
	*codes = f.scratch_codes;
	return r;
}

static void google_file_gives_secret_step_and_scratch_codes(void **state)
{
	struct record_device d;
	long codes;

	(void)state;
	assert_int_equal(google(FILE_TEXT, &d, &codes, NULL), 0);
	assert_memory_equal(d.secret, "12345678901234567890", 20);
	assert_int_equal(d.period, 30);
	assert_int_equal(d.digits, 6);
	assert_int_equal(codes, 2);
	assert_int_equal(google(KEY "\r\n\" STEP_SIZE 60\r\n\" TOTP_AUTH\r\n", &d, &codes, NULL), 0);
	assert_int_equal(d.period, 60);
	assert_int_equal(codes, 0);
}

static void google_secret_may_be_in_lower_case_with_blanks_and_padding(void **state)
{
	struct record_device d;
	long codes;

	(void)state;
	assert_int_equal(google("gezd gnbv gy3t qojq gezd gnbv gy3t qojq\n\" TOTP_AUTH\n", &d,
	    &codes, NULL), 0);
	assert_memory_equal(d.secret, "12345678901234567890", 20);
	assert_int_equal(google("GEZDGNBVGY3TQOJQGEZDGNBVGY======\n\" TOTP_AUTH\n", &d, &codes,
	    NULL), 0);
	assert_int_equal(d.secret_len, 16);
}

static void google_file_that_is_not_time_based_is_refused(void **state)
{
	static const char *const bad[] = {KEY "\n\" HOTP_COUNTER 1\n",
	    KEY "\n\" TOTP_AUTH\n\" HOTP_COUNTER 1\n", KEY "\n12345678\n", KEY,
	    KEY "\n\" TOTP_AUTH\n\" DISALLOW_REUSE 1 x\n", KEY "\n\" TOTP_AUTH\n\" TIME_SKEW\n",
	    KEY "\n\" TOTP_AUTH\n\" TIME_SKEW -\n", KEY "\n\" TOTP_AUTH\n\" TIME_SKEW 1 2\n",
	    KEY "\n\" TOTP_AUTH\n\" DISALLOW_REUSE 99999999999999999999\n\" TIME_SKEW 1.5\n",
	    KEY "\n\" STEP_SIZE 10\n\" TOTP_AUTH\n", KEY "\n\" STEP_SIZE 3x\n\" TOTP_AUTH\n", "",
	    "GEZDGNBVGY3TQOJQ\n\" TOTP_AUTH\n", "0189\n\" TOTP_AUTH\n"};
	struct record_device d;
	long codes;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = {0};

		if (google(bad[i], &d, &codes, &e) == 0)
			fail_msg("accepted: %s", bad[i]);
		assert_null(strstr(e.text, "GEZD"));
	}
}

struct outcome {
	int code;
	char reasons[4096];
	struct import_result res;
	struct err e;
};

static void note(void *ctx, enum import_note kind, long line, const char *text)
{
	struct outcome *o = ctx;
	size_t n = strlen(o->reasons);

	(void)snprintf(o->reasons + n, sizeof(o->reasons) - n, "%ld:%s:%s\n", line,
	    kind == IMPORT_SKIPPED ? "skipped" : kind == IMPORT_WARNED ? "warned" : "refused",
	    text);
}

static void progress(void *ctx, long lines, long imported)
{
	(void)ctx, (void)lines, (void)imported;
}

static struct import job_of(struct store *st, struct outcome *o, const char *device,
    bool replace)
{
	scratch_open(&sc, st);
	return (struct import){.store = st, .conf = &sc.conf, .name = "test", .device = device,
	    .replace = replace, .now = SCRATCH_NOW, .note = note, .progress = progress, .ctx = o};
}

static struct outcome import_lines_as(const char *text, const char *device, bool replace)
{
	struct outcome o = {0};
	struct store st;
	struct import job = job_of(&st, &o, device, replace);

	job.in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	o.code = import_oath(&job, &o.res, &o.e);
	(void)fclose(job.in);
	store_close(&st);
	return o;
}

static struct outcome import_homes(const char *tail, const char *user, uid_t uid)
{
	struct outcome o = {0};
	char path[512];
	struct store st;
	struct import job = job_of(&st, &o, "phone", false);
	struct import_google g = {path, user, uid != 0, uid};

	scratch_path(&sc, path, tail);
	o.code = import_google(&job, &g, &o.res, &o.e);
	store_close(&st);
	return o;
}

static struct record_enroll record(const char *user)
{
	struct record_enroll r = {0};
	char key[STORE_KEY_MAX];
	struct store_value v;

	scratch_key(key, "enroll", user);
	assert_int_equal(scratch_get(&sc, key, &v), 0);
	assert_int_equal(record_get_enroll(&r, v.data, v.len), 0);
	return r;
}

static bool has_record(const char *user)
{
	char key[STORE_KEY_MAX];
	struct store_value v;

	scratch_key(key, "enroll", user);
	return scratch_get(&sc, key, &v) == 0;
}

/* homes/NAME, NAME's own, and the file in it. */
static void home(const char *name, uid_t uid, const char *text)
{
	char tail[256], path[512];

	(void)snprintf(tail, sizeof(tail), "homes/%s", name);
	scratch_mkdir(&sc, tail);
	scratch_path(&sc, path, tail);
	assert_int_equal(chown(path, uid, uid), 0);
	if (text == NULL)
		return;
	(void)snprintf(tail, sizeof(tail), "homes/%s/.google_authenticator", name);
	scratch_path(&sc, path, tail);
	scratch_write(path, text, strlen(text), 0400);
	assert_int_equal(chown(path, uid, uid), 0);
}

static void home_again(const char *name, const char *text)
{
	char tail[256], path[512];

	(void)snprintf(tail, sizeof(tail), "homes/%s/.google_authenticator", name);
	scratch_path(&sc, path, tail);
	scratch_write(path, text, strlen(text), 0400);
}

static void file_of(const char *name, char path[512])
{
	char tail[256];

	(void)snprintf(tail, sizeof(tail), "homes/%s/.google_authenticator", name);
	scratch_path(&sc, path, tail);
}

static void homes_of_google_authenticator_are_kept_without_a_new_scan(void **state)
{
	struct outcome o;

	(void)state;
	scratch_mkdir(&sc, "homes");
	home("alice", 1001, FILE_TEXT);
	home("bob", 1002, KEY2 "\n\" TOTP_AUTH\n");
	home("carol", 1003, NULL);
	home("dave", 1004, KEY "\n\" HOTP_COUNTER 3\n");
	o = import_homes("homes", NULL, 0);
	assert_int_equal(o.code, 0);
	assert_int_equal(o.res.lines, 3);
	assert_int_equal(o.res.imported, 2);
	assert_int_equal(o.res.refused, 1);
	assert_int_equal(o.res.scratch_codes, 2);
	assert_non_null(strstr(o.reasons, "dave"));
	assert_memory_equal(record("alice").device[0].secret, "12345678901234567890", 20);
	assert_int_equal(record("alice").recovery.id, 0);
	o = import_homes("homes", NULL, 0);
	assert_int_equal(o.res.skipped, 2);
	assert_int_equal(o.res.scratch_codes, 0);
}

static void homes_of_one_user_only(void **state)
{
	(void)state;
	scratch_mkdir(&sc, "homes");
	home("alice", 1001, FILE_TEXT);
	home("bob", 1002, FILE_TEXT);
	assert_int_equal(import_homes("homes", "bob", 0).res.imported, 1);
	assert_false(has_record("alice"));
	assert_int_equal(import_homes("homes", "nobody", 0).res.refused, 1);
	assert_int_equal(import_homes("homes", "../homes/alice", 0).code, ERR_SYNTAX);
	assert_int_equal(import_homes("homes/alice/.google_authenticator", "al", 1001).res.imported,
	    1);
	assert_int_equal(import_homes("homes/alice/.google_authenticator", "x", 1002).res.refused,
	    1);
	assert_int_equal(import_homes("homes/alice/.google_authenticator", "y", 0).res.refused, 1);
	assert_int_equal(import_homes("homes/alice/.google_authenticator", NULL, 0).code,
	    ERR_SYNTAX);
}

static void only_root_may_have_named_the_homes(void **state)
{
	char path[512];

	(void)state;
	scratch_mkdir(&sc, "homes");
	home("root", 1001, FILE_TEXT);
	scratch_path(&sc, path, "homes");
	assert_int_equal(chown(path, 1001, 0), 0);
	assert_int_equal(import_homes("homes", NULL, 0).code, ERR_UNSAFE);
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(import_homes("homes", "root", 0).code, ERR_UNSAFE);
	assert_false(has_record("root"));
}

static void what_root_must_not_follow_or_read_is_refused_by_name(void **state)
{
	static char big[IMPORT_TEXT + 100];
	char path[512], other[512], at[512];
	struct outcome o;

	(void)state;
	scratch_mkdir(&sc, "homes");
	home("victim", 2000, FILE_TEXT);
	file_of("victim", other);
	home("link", 2001, NULL);
	file_of("link", path);
	assert_int_equal(symlink(other, path), 0);
	home("hard", 2002, NULL);
	file_of("hard", path);
	home("fifo", 2003, NULL);
	file_of("fifo", at);
	assert_int_equal(mkfifo(at, 0600), 0);
	home("dir", 2004, NULL);
	file_of("dir", at);
	assert_int_equal(mkdir(at, 0700), 0);
	home("foreign", 2005, FILE_TEXT);
	file_of("foreign", at);
	assert_int_equal(chown(at, 2006, 0), 0);
	home("open", 2007, FILE_TEXT);
	file_of("open", at);
	assert_int_equal(chmod(at, 0644), 0);
	memset(big, 'A', sizeof(big) - 1);
	home("huge", 2008, big);
	scratch_path(&sc, at, "homes/moved");
	scratch_path(&sc, other, "homes/victim");
	assert_int_equal(symlink(other, at), 0);
	/* Root's own file, linked by its user. */
	file_of("hard", path);
	scratch_path(&sc, other, "roots");
	scratch_write(other, FILE_TEXT, strlen(FILE_TEXT), 0600);
	assert_int_equal(link(other, path), 0);
	o = import_homes("homes", NULL, 0);
	assert_int_equal(o.code, 0);
	assert_int_equal(o.res.imported, 1); /* the victim's own */
	assert_int_equal(o.res.refused, 8);
	assert_int_equal(o.res.lines, 9);
	assert_non_null(strstr(o.reasons, "link: .google_authenticator is a symbolic link"));
	assert_non_null(strstr(o.reasons, "hard: .google_authenticator has 2 links"));
	assert_non_null(strstr(o.reasons, "fifo: .google_authenticator is not a regular file"));
	assert_non_null(strstr(o.reasons, "dir: .google_authenticator is not a regular file"));
	assert_non_null(strstr(o.reasons, "foreign: .google_authenticator belongs to uid 2006"));
	assert_non_null(strstr(o.reasons, "open: .google_authenticator mode 0644"));
	assert_non_null(strstr(o.reasons, "huge: .google_authenticator is longer"));
	assert_non_null(strstr(o.reasons, "moved: .google_authenticator cannot be reached"));
}

static void replace_gives_a_new_secret_and_keeps_all_else(void **state)
{
	struct record_enroll before, after;
	struct outcome o;

	(void)state;
	assert_int_equal(import_lines_as("HOTP/T30 bob - " HEX "\n", "phone", false).res.imported, 1);
	assert_int_equal(import_lines_as("HOTP/T30 bob - " HEX2 "\n", "phone", false).res.skipped,
	    1);
	before = record("bob");
	o = import_lines_as("HOTP/T30 bob - " HEX2 "\nHOTP/T30 carol - " HEX "\n", "phone", true);
	assert_int_equal(o.res.replaced, 1);
	assert_int_equal(o.res.imported, 1);
	after = record("bob");
	assert_int_equal(after.devices, 1);
	assert_memory_equal(after.device[0].secret, "ABCDEFGHIJKLMNOPQRST", 20);
	assert_true(after.device[0].id != before.device[0].id);
	assert_int_equal(scratch_read_hot(&sc, "bob").entries, 1);
	assert_int_equal(scratch_read_hot(&sc, "bob").entry[0].last_step, 0);
}

static void replace_by_the_same_secret_makes_no_used_code_good_again(void **state)
{
	struct record_enroll before, after;
	struct record_hot hot;
	struct outcome o;

	(void)state;
	(void)import_lines_as("HOTP/T30 bob - " HEX "\n", "phone", false);
	hot = scratch_read_hot(&sc, "bob");
	hot.entry[0].last_step = 4711;
	scratch_change_hot(&sc, "bob", &hot);
	before = record("bob");
	o = import_lines_as("HOTP/T30 bob - " HEX "\n", "phone", true);
	assert_int_equal(o.res.kept, 1);
	assert_int_equal(o.res.replaced, 0);
	after = record("bob");
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(scratch_read_hot(&sc, "bob").entry[0].last_step, 4711);
	/* Steps of another length would count otherwise. */
	assert_int_equal(import_lines_as("HOTP/T60 bob - " HEX "\n", "phone", true).res.refused, 1);
}

static void second_entry_of_a_user_replaces_nothing_but_can_be_added(void **state)
{
	static const char text[] = "HOTP/T30 bob - " HEX "\nHOTP/T30 bob - " HEX2 "\n";
	struct outcome o;

	(void)state;
	o = import_lines_as(text, "phone", true);
	assert_int_equal(o.res.imported, 1);
	assert_int_equal(o.res.refused, 1);
	assert_non_null(strstr(o.reasons, "2:refused:bob has an entry above"));
	o = import_lines_as(text, "phone", true);
	assert_int_equal(o.res.kept, 1);
	assert_int_equal(o.res.refused, 1);
	o = import_lines_as(text, "token", true);
	assert_int_equal(o.res.kept, 1);
	assert_int_equal(o.res.replaced, 1);
	assert_int_equal(record("bob").devices, 2);
	assert_string_equal(record("bob").device[1].name, "token");
}

static void import_takes_somebody_who_is_only_invited(void **state)
{
	char word[WORD_TEXT_SIZE];
	struct store st;
	struct steps s = {.store = &st, .conf = &sc.conf, .user = "bob", .now = SCRATCH_NOW};

	(void)state;
	scratch_open(&sc, &st);
	assert_int_equal(pending_invite(&s, 3600, word, NULL), 0);
	store_close(&st);
	assert_int_equal(import_lines_as("HOTP/T30 bob - " HEX "\n", "phone", false).res.imported, 1);
	assert_int_equal(record("bob").devices, 1);
	assert_false(record("bob").invite.open);
}

static uint64_t last_step_of(const char *user)
{
	return scratch_read_hot(&sc, user).entry[0].last_step;
}

static enum login_verdict code_of(const char *user, uint64_t step, int64_t now)
{
	char code[OTP_CODE_SIZE];
	const struct record_device d = record(user).device[0];
	struct login_request q = {.user = user, .account = true, .uid = 1000, .answer = code,
	    .now = now};
	struct login_result res;

	assert_int_equal(otp_code(&d, step, code), 0);
	source_parse("203.0.113.7", 0, &q.source);
	login(&sc.conf, &q, &res);
	return res.verdict;
}

static void code_that_google_authenticator_noted_as_used_is_refused(void **state)
{
	char text[256];

	(void)state;
	scratch_mkdir(&sc, "homes");
	(void)snprintf(text, sizeof(text), KEY "\n\" DISALLOW_REUSE %llu %llu\n\" TOTP_AUTH\n",
	    (unsigned long long)STEP_NOW, (unsigned long long)STEP_NOW - 1);
	home("alice", 1001, text);
	home("bob", 1002, KEY2 "\n\" DISALLOW_REUSE\n\" TOTP_AUTH\n");
	assert_int_equal(import_homes("homes", NULL, 0).res.imported, 2);
	assert_int_equal(last_step_of("alice"), STEP_NOW);
	assert_int_equal(code_of("alice", STEP_NOW, SCRATCH_NOW), LOGIN_REPLAY);
	assert_int_equal(code_of("alice", STEP_NOW + 1, SCRATCH_NOW + 30), LOGIN_OK);
	/* It notes, and has taken none. */
	assert_int_equal(code_of("bob", STEP_NOW, SCRATCH_NOW), LOGIN_OK);
}

/* Nobody waits for a code because of an import. */
static void present_code_is_good_where_no_used_one_is_noted(void **state)
{
	(void)state;
	scratch_mkdir(&sc, "homes");
	home("alice", 1001, FILE_TEXT);
	assert_int_equal(import_homes("homes", NULL, 0).res.imported, 1);
	assert_int_equal(last_step_of("alice"), 0);
	assert_int_equal(code_of("alice", STEP_NOW, SCRATCH_NOW), LOGIN_OK);
}

static void last_code_of_users_oath_is_refused(void **state)
{
	static const struct {
		int at;        /* steps from the present one */
		uint64_t last; /* the last step that is kept; 0: none */
	} cases[] = {{0, STEP_NOW}, {-1, STEP_NOW - 1}, {1, STEP_NOW + 1}, {5, STEP_NOW + 5},
	    {-2, 0}, {-5000, 0}};
	struct record_device d = {.id = 1, .name = "x", .algorithm = RECORD_SHA1, .digits = 6,
	    .period = 30, .secret_len = 20};
	char text[256], user[16], code[OTP_CODE_SIZE];

	(void)state;
	memcpy(d.secret, "12345678901234567890", 20);
	for (int i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
		(void)snprintf(user, sizeof(user), "user%d", i);
		assert_int_equal(otp_code(&d, STEP_NOW + (uint64_t)(int64_t)cases[i].at, code), 0);
		(void)snprintf(text, sizeof(text), "HOTP/T30\t%s\t-\t" HEX "\t0\t%s\t"
		    "2009-12-07T23:23:49L\n", user, code);
		assert_int_equal(import_lines_as(text, "phone", false).res.imported, 1);
		assert_int_equal(last_step_of(user), cases[i].last);
	}
	assert_int_equal(code_of("user0", STEP_NOW, SCRATCH_NOW), LOGIN_REPLAY);
	assert_int_equal(code_of("user4", STEP_NOW, SCRATCH_NOW), LOGIN_OK);
	/* Nothing is noted. */
	assert_int_equal(import_lines_as("HOTP/T30 zoe - " HEX "\n", "phone", false).res.imported, 1);
	assert_int_equal(last_step_of("zoe"), 0);
}

static void code_taken_elsewhere_since_an_import_is_refused_after_the_next(void **state)
{
	char text[256], path[512];
	struct outcome o = {0};
	struct store st;
	struct import_google g = {path, NULL, false, 0};
	struct import job;

	(void)state;
	scratch_mkdir(&sc, "homes");
	home("alice", 1001, KEY "\n\" DISALLOW_REUSE\n\" TOTP_AUTH\n");
	assert_int_equal(import_homes("homes", NULL, 0).res.imported, 1);
	(void)snprintf(text, sizeof(text), KEY "\n\" DISALLOW_REUSE %llu\n\" TOTP_AUTH\n",
	    (unsigned long long)STEP_NOW);
	home_again("alice", text);
	scratch_path(&sc, path, "homes");
	job = job_of(&st, &o, "phone", true);
	assert_int_equal(import_google(&job, &g, &o.res, NULL), 0);
	store_close(&st);
	assert_int_equal(o.res.kept, 1);
	assert_int_equal(last_step_of("alice"), STEP_NOW);
	assert_int_equal(code_of("alice", STEP_NOW, SCRATCH_NOW), LOGIN_REPLAY);
}

static void phone_whose_clock_is_off_is_refused_or_warned_of(void **state)
{
	struct outcome o;

	(void)state;
	scratch_mkdir(&sc, "homes");
	home("ahead", 1001, KEY "\n\" TIME_SKEW 1\n\" TOTP_AUTH\n");
	home("far", 1002, KEY "\n\" TOTP_AUTH\n\" TIME_SKEW -10\n");
	home("right", 1003, KEY "\n\" TIME_SKEW 0\n\" TOTP_AUTH\n");
	home("two", 1004, KEY "\n\" STEP_SIZE 60\n\" TIME_SKEW 2\n\" TOTP_AUTH\n");
	o = import_homes("homes", NULL, 0);
	assert_int_equal(o.res.imported, 2);
	assert_int_equal(o.res.refused, 2);
	assert_non_null(strstr(o.reasons, "0:refused:far: .google_authenticator line 3: TIME_SKEW -10 "
	    "says that the clock of the phone is 300 seconds off"));
	assert_non_null(strstr(o.reasons, "0:refused:two: .google_authenticator line 3: TIME_SKEW 2 "
	    "says that the clock of the phone is 120 seconds off"));
	assert_non_null(strstr(o.reasons, "0:warned:ahead: .google_authenticator line 2: TIME_SKEW 1 "));
	assert_null(strstr(o.reasons, "right"));
	sc.conf.window = 2;
	o = import_homes("homes", "two", 0);
	assert_int_equal(o.res.imported, 1);
	assert_non_null(strstr(o.reasons, "0:warned:two"));
	sc.conf.window = 0;
	assert_int_equal(import_homes("homes/ahead/.google_authenticator", "al", 1001).res.refused, 1);
}

static void step_far_ahead_of_the_clock_is_refused(void **state)
{
	char text[256];
	struct outcome o;

	(void)state;
	scratch_mkdir(&sc, "homes");
	(void)snprintf(text, sizeof(text), KEY "\n\" TOTP_AUTH\n\" DISALLOW_REUSE %llu\n",
	    (unsigned long long)STEP_NOW + 5000);
	home("alice", 1001, text);
	o = import_homes("homes", NULL, 0);
	assert_int_equal(o.res.refused, 1);
	assert_non_null(strstr(o.reasons, "alice: .google_authenticator line 3: DISALLOW_REUSE"));
	assert_false(has_record("alice"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    P(oath_types_are_those_of_pam_oath),
	    P(oath_lines_that_count_events_or_have_a_pin_are_refused),
	    P(google_file_gives_secret_step_and_scratch_codes),
	    P(google_secret_may_be_in_lower_case_with_blanks_and_padding),
	    P(google_file_that_is_not_time_based_is_refused),
	    T(homes_of_google_authenticator_are_kept_without_a_new_scan),
	    T(homes_of_one_user_only),
	    T(only_root_may_have_named_the_homes),
	    T(what_root_must_not_follow_or_read_is_refused_by_name),
	    T(replace_gives_a_new_secret_and_keeps_all_else),
	    T(replace_by_the_same_secret_makes_no_used_code_good_again),
	    T(second_entry_of_a_user_replaces_nothing_but_can_be_added),
	    T(import_takes_somebody_who_is_only_invited),
	    T(code_that_google_authenticator_noted_as_used_is_refused),
	    T(present_code_is_good_where_no_used_one_is_noted),
	    T(last_code_of_users_oath_is_refused),
	    T(code_taken_elsewhere_since_an_import_is_refused_after_the_next),
	    T(phone_whose_clock_is_off_is_refused_or_warned_of),
	    T(step_far_ahead_of_the_clock_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
