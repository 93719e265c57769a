/* An import beside enrolments, and in a store that cannot be read: enroll/import.h. */
#include "tests/unit/scratch.h"

#include "enroll/import.h"
#include "enroll/init.h"
#include "enroll/steps.h"

#include <sys/resource.h>
#include <sys/syscall.h>

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define URI(user) "otpauth://totp/" user "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n"

static struct scratch sc;

/* The linkat() that says so at the other end of the pipe, and lingers; 0: none. */
static int slow_link;
static int link_pipe[2];

int linkat(int from, const char *name, int to, const char *new_name, int flags)
{
	if (slow_link > 0 && --slow_link == 0) {
		(void)!write(link_pipe[1], "x", 1);
		(void)usleep(400 * 1000);
	}
	return (int)syscall(SYS_linkat, from, name, to, new_name, flags);
}

static int set_up(void **state)
{
	(void)state;
	slow_link = 0;
	scratch_init(&sc);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(&sc);
	return 0;
}

static int enroll(const char *user)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct record_device d = {.name = "phone", .algorithm = RECORD_SHA1, .digits = 6,
	    .period = 30};
	struct record_recovery set;
	struct steps_device put = {.device = &d, .recovery = &set};
	struct store st;
	struct steps s = {.store = &st, .conf = &sc.conf, .user = user, .now = SCRATCH_NOW};
	int r;

	scratch_open(&sc, &st);
	if ((r = steps_new_device(&d, SCRATCH_NOW, NULL)) == 0 &&
	    (r = recovery_new(&set, codes, NULL)) == 0)
		r = steps_enroll(&s, &put, NULL);
	store_close(&st);
	return r;
}

static void drop(const char *key)
{
	struct store st;

	scratch_open(&sc, &st);
	assert_int_equal(store_del(&st, key, NULL, NULL), 0);
	store_close(&st);
}

static void spoil(const char *key)
{
	char path[512];

	scratch_path(&sc, path, key);
	assert_int_equal(truncate(path, 100), 0);
}

static struct steps_status status_of(const char *user)
{
	struct steps_status status;
	struct store st;
	struct steps s = {.store = &st, .conf = &sc.conf, .user = user, .now = SCRATCH_NOW};

	scratch_open(&sc, &st);
	assert_int_equal(steps_status(&s, &status, NULL), 0);
	store_close(&st);
	return status;
}

struct outcome {
	int code;
	int skipped, refused;
	char last[512]; /* user or reason of the last note */
	struct import_result res;
	struct err e;
};

static void note(void *ctx, enum import_note kind, long line, const char *text)
{
	struct outcome *o = ctx;

	(void)line;
	*(kind == IMPORT_SKIPPED ? &o->skipped : &o->refused) += 1;
	(void)snprintf(o->last, sizeof(o->last), "%s", text);
}

static void progress(void *ctx, long lines, long imported)
{
	(void)ctx, (void)lines, (void)imported;
}

/* One text, and what happens when it has been read to its end. */
struct input {
	const char *text;
	void (*at_end)(void);
};

static ssize_t give(void *ctx, char *buf, size_t n)
{
	struct input *in = ctx;
	size_t len = strlen(in->text);

	if (len == 0 && in->at_end != NULL)
		in->at_end();
	len = len < n ? len : n;
	memcpy(buf, in->text, len);
	in->text += len;
	return (ssize_t)len;
}

static struct outcome import(const char *text, void (*at_start)(void), void (*at_end)(void))
{
	struct input input = {text, at_end};
	FILE *in = fopencookie(&input, "r", (cookie_io_functions_t){.read = give});
	struct outcome o = {0};
	struct store st;
	struct import job = {.store = &st, .conf = &sc.conf, .in = in, .name = "test",
	    .device = "phone", .now = SCRATCH_NOW, .note = note, .progress = progress, .ctx = &o};

	assert_non_null(in);
	scratch_open(&sc, &st);
	if (at_start != NULL)
		at_start();
	o.code = import_otpauth(&job, &o.res, &o.e);
	store_close(&st);
	(void)fclose(in);
	return o;
}

static struct rlimit before;

/* From now on no file can be opened. */
static void open_nothing(void)
{
	struct rlimit none;
	int next = dup(0);

	assert_true(next >= 0);
	(void)close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

static void open_again(void)
{
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void enroll_bob(void)
{
	assert_int_equal(enroll("bob"), 0);
}

static void half_enroll_bob(void)
{
	enroll_bob();
	drop("enroll/bob");
}

static void damage_bob(void)
{
	enroll_bob();
	spoil("enroll/bob");
}

static void import_keeps_an_enrolment_that_completes_meanwhile(void **state)
{
	struct outcome o;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(link_pipe), 0);
	if ((pid = fork()) == 0) {
		slow_link = 2; /* that of enroll/bob, hot/bob being there */
		_exit(enroll("bob") == 0 ? 0 : 1);
	}
	assert_int_equal(read(link_pipe[0], &byte, 1), 1);
	o = import(URI("bob"), NULL, NULL);
	assert_int_equal(scratch_wait(pid), 0);
	(void)close(link_pipe[0]);
	(void)close(link_pipe[1]);
	assert_int_equal(o.code, 0);
	assert_int_equal(o.res.imported, 0);
	assert_int_equal(o.skipped, 1);
	assert_string_equal(o.last, "bob");
	assert_int_equal(status_of("bob").recovery_left, RECORD_CODES);
}

static void import_keeps_an_enrolment_made_while_its_batch_was(void **state)
{
	struct outcome o = import(URI("bob") URI("carol"), NULL, enroll_bob);

	(void)state;
	assert_int_equal(o.code, 0);
	assert_int_equal(o.res.imported, 1);
	assert_int_equal(o.skipped, 1);
	assert_string_equal(o.last, "bob");
	assert_int_equal(status_of("bob").recovery_left, RECORD_CODES);
	assert_int_equal(status_of("carol").devices, 1);
}

static void import_names_nobody_as_enrolled_who_cannot_be_looked_up(void **state)
{
	struct outcome o = import(URI("bob"), open_nothing, NULL);

	(void)state;
	open_again();
	assert_int_equal(o.code, ERR_SYSTEM);
	assert_int_equal(o.skipped, 0);
	assert_int_equal(o.res.imported, 0);
	assert_non_null(strstr(o.e.text, "test:1: "));
	assert_non_null(strstr(o.e.text, "bob"));
	assert_non_null(strstr(o.e.text, strerror(EMFILE)));
}

static void import_skips_nobody_of_a_batch_who_cannot_be_looked_up(void **state)
{
	struct outcome o = import(URI("bob") URI("carol"), NULL, open_nothing);

	(void)state;
	open_again();
	assert_int_equal(o.code, ERR_SYSTEM);
	assert_int_equal(o.skipped, 0);
	assert_int_equal(o.res.imported, 0);
	assert_non_null(strstr(o.e.text, "test:1: "));
	assert_non_null(strstr(o.e.text, strerror(EMFILE)));
	assert_int_equal(import(URI("bob") URI("carol"), NULL, NULL).res.imported, 2);
}

static void import_refuses_a_damaged_record_and_says_what_to_do(void **state)
{
	struct outcome o;

	(void)state;
	damage_bob();
	o = import(URI("bob") URI("carol"), NULL, NULL);
	assert_int_equal(o.code, 0);
	assert_int_equal(o.res.imported, 1);
	assert_int_equal(o.skipped, 0);
	assert_int_equal(o.refused, 1);
	assert_non_null(strstr(o.last, "bob is damaged"));
	assert_non_null(strstr(o.last, "enroll-mfa remove"));
	drop("enroll/bob");
	spoil("hot/bob");
	o = import(URI("bob"), NULL, NULL);
	assert_int_equal(o.refused, 1);
	assert_non_null(strstr(o.last, "enroll-mfa remove"));
}

static void import_refuses_what_was_damaged_while_its_batch_was_made(void **state)
{
	struct outcome o = import(URI("bob"), NULL, damage_bob);

	(void)state;
	assert_int_equal(o.code, 0);
	assert_int_equal(o.skipped, 0);
	assert_int_equal(o.refused, 1);
	assert_non_null(strstr(o.last, "bob is damaged"));
}

static void import_does_not_call_half_an_enrolment_one(void **state)
{
	struct outcome o = import(URI("bob"), NULL, half_enroll_bob);

	(void)state;
	assert_int_equal(o.code, 0);
	assert_int_equal(o.skipped, 0);
	assert_int_equal(o.refused, 1);
	assert_int_equal(import(URI("bob"), NULL, NULL).res.imported, 1);
	assert_int_equal(status_of("bob").trouble.code, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(import_keeps_an_enrolment_that_completes_meanwhile),
	    T(import_keeps_an_enrolment_made_while_its_batch_was),
	    T(import_names_nobody_as_enrolled_who_cannot_be_looked_up),
	    T(import_skips_nobody_of_a_batch_who_cannot_be_looked_up),
	    T(import_refuses_a_damaged_record_and_says_what_to_do),
	    T(import_refuses_what_was_damaged_while_its_batch_was_made),
	    T(import_does_not_call_half_an_enrolment_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
