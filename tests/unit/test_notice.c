/* The program that is told of enrolments runs as root's own: notice.h. */
#include "tests/unit/scratch.h"

#include "enroll/notice.h"
#include "lib/core/secret.h"

#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>

#define CALLER 1001
#define SAID 16384
#define FAR_FD 1500 /* behind the 1,024 of old */

static struct scratch s;
static char program[512], said_path[512];

static int set_up(void **state)
{
	char text[2048];
	int n;

	(void)state;
	scratch_dir(&s);
	scratch_path(&s, program, "notify");
	scratch_path(&s, said_path, "said");
	/* By the shell's own words: a child would be asked of instead. */
	n = snprintf(text, sizeof(text), "#!/bin/sh\n"
	    "exec >%s.new\n"
	    "while read -r line; do echo \"$line\"; done </proc/self/status\n"
	    "while read -r line; do echo \"limit $line\"; done </proc/self/limits\n"
	    "echo \"umask $(umask)\"\n"
	    "for i in /proc/self/fd/*; do echo \"fd ${i##*/}\"; done\n"
	    "echo \"words $1|$2|$3\"\n"
	    "mv %s.new %s\n", said_path, said_path, said_path);
	scratch_write(program, text, (size_t)n, 0700);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(&s);
	return 0;
}

/* What the program says within ten seconds. */
static const char *said(void)
{
	static char text[SAID];
	size_t n;
	FILE *f = NULL;

	for (int i = 0; i < 1000 && (f = fopen(said_path, "re")) == NULL; i++)
		(void)poll(NULL, 0, 10);
	if (f == NULL)
		fail_msg("the program did not say anything");
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	return text;
}

static void says(const char *text, const char *line)
{
	size_t n = strlen(line);

	for (const char *p = text; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
		if (strncmp(p, line, n) == 0)
			return;
	fail_msg("no line begins with '%s' in:\n%s", line, text);
}

static const char *behind(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	assert_non_null(at);
	return at + strlen(name);
}

static int send(void)
{
	static const char *const words[3] = {NOTICE_ENROLLED, "alice", "phone"};
	struct err e = {0};
	int r = notice_send_by(program, words, &e);

	if (r != 0)
		(void)fprintf(stderr, "%s\n", e.text);
	return r;
}

/* Sends from a process of its own which change() has made strange. */
static const char *said_behind(bool (*change)(void))
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(change() && send() == 0 ? 0 : 1);
	assert_int_equal(scratch_wait(pid), 0);
	return said();
}

static bool other_ids(void)
{
	static const gid_t groups[] = {CALLER, CALLER + 1};

	return setgroups(2, groups) == 0 && setresgid(CALLER, 0, CALLER) == 0 &&
	    setresuid(CALLER, 0, CALLER) == 0;
}

static void program_is_root_in_every_id(void **state)
{
	const char *text = said_behind(other_ids);

	(void)state;
	says(text, "Uid:\t0\t0\t0\t0");
	says(text, "Gid:\t0\t0\t0\t0");
	assert_null(strstr(text, "Groups:\t100"));
	says(text, "words enrolled|alice|phone");
}

/* As the module has a device's name: a forked child finds zeros there. */
static void words_in_secret_memory_arrive(void **state)
{
	const char *words[3] = {NOTICE_ENROLLED, "alice", NULL};
	struct secret memory;

	(void)state;
	assert_int_equal(secret_new(&memory, 64), 0);
	(void)snprintf((char *)memory.data, 64, "tablet");
	words[2] = (const char *)memory.data;
	assert_int_equal(notice_send_by(program, words, NULL), 0);
	says(said(), "words enrolled|alice|tablet");
	secret_free(&memory);
}

static bool set_limit(int what, rlim_t soft, bool hard_too)
{
	struct rlimit l;

	if (getrlimit(what, &l) != 0)
		return false;
	l.rlim_cur = soft;
	l.rlim_max = hard_too ? soft : l.rlim_max;
	return setrlimit(what, &l) == 0;
}

static bool low_soft_limits(void)
{
	return set_limit(RLIMIT_FSIZE, 0, false) && set_limit(RLIMIT_CPU, 7, false) &&
	    set_limit(RLIMIT_NOFILE, 8, false);
}

/* The soft limit is the hard one. */
static void is_at_its_end(const char *text, const char *name)
{
	char line[64], soft[32] = "", hard[32] = "";
	const char *at;

	(void)snprintf(line, sizeof(line), "limit Max %s ", name);
	assert_non_null(at = strstr(text, line));
	assert_int_equal(sscanf(at + strlen(line), "%31s %31s", soft, hard), 2);
	assert_string_equal(soft, hard);
}

static void program_has_no_soft_limits_of_the_caller(void **state)
{
	const char *text = said_behind(low_soft_limits);

	(void)state;
	is_at_its_end(text, "file size");
	is_at_its_end(text, "cpu time");
	is_at_its_end(text, "open files");
}

static bool low_hard_limits(void)
{
	return set_limit(RLIMIT_CPU, 7, true) && set_limit(RLIMIT_NOFILE, 64, true);
}

/* Root in a container may lack CAP_SYS_RESOURCE. */
static bool may_raise(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(set_limit(RLIMIT_NOFILE, 64, true) && set_limit(RLIMIT_NOFILE, 65, true) ? 0 : 1);
	return scratch_wait(pid) == 0;
}

static void hard_limits_of_the_caller_are_raised_where_root_may(void **state)
{
	const char *text = said_behind(low_hard_limits);
	const bool may = may_raise();

	(void)state;
	says(text, may ? "limit Max cpu time              unlimited" :
	    "limit Max cpu time              7 ");
	says(text, may ? "limit Max open files            4096" :
	    "limit Max open files            64 ");
}

static bool strange_signals(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	return signal(SIGPIPE, SIG_IGN) != SIG_ERR && signal(SIGHUP, SIG_IGN) != SIG_ERR &&
	    signal(SIGTERM, SIG_IGN) != SIG_ERR && sigprocmask(SIG_SETMASK, &all, NULL) == 0;
}

static void program_has_no_signals_of_the_caller(void **state)
{
	const char *text = said_behind(strange_signals);

	(void)state;
	says(text, "SigBlk:\t0000000000000000");
	/* 32 and 33 are the C library's own, which nobody may change. */
	assert_int_equal(strtoull(behind(text, "SigIgn:\t"), NULL, 16) & ~UINT64_C(0x180000000), 0);
}

static bool strange_umask(void)
{
	(void)umask(0);
	return true;
}

static void program_has_a_umask_of_its_own(void **state)
{
	(void)state;
	says(said_behind(strange_umask), "umask 0022");
}

static bool far_descriptor(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) != 0)
		return false;
	l.rlim_cur = l.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &l) == 0 && dup2(2, FAR_FD) == FAR_FD && dup2(2, 5) == 5;
}

static void program_has_no_descriptors_of_the_caller(void **state)
{
	const char *text = said_behind(far_descriptor);
	char line[32];

	(void)state;
	(void)snprintf(line, sizeof(line), "fd %d\n", FAR_FD);
	assert_null(strstr(text, line));
	assert_null(strstr(text, "fd 5\n"));
}

/* A child of this process finds zeros there. */
static void words_in_secret_memory_reach_the_program(void **state)
{
	const char *words[3] = {NOTICE_ENROLLED, "alice", NULL};
	struct secret device = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(secret_new(&device, 64), 0);
	(void)snprintf((char *)device.data, device.size, "tablet");
	words[2] = (const char *)device.data;
	assert_int_equal(notice_send_by(program, words, &e), 0);
	says(said(), "words enrolled|alice|tablet");
	secret_free(&device);
}

static void program_of_others_is_not_run(void **state)
{
	static const char *const words[3] = {NOTICE_REMOVED, "alice", NULL};
	struct err e = {0};

	(void)state;
	assert_int_equal(chmod(program, 0722), 0);
	assert_int_equal(notice_send_by(program, words, &e), ERR_UNSAFE);
	assert_int_equal(chmod(program, 0700), 0);
	assert_int_equal(chown(program, CALLER, 0), 0);
	assert_int_equal(notice_send_by(program, words, &e), ERR_UNSAFE);
}

static void no_program_is_no_trouble(void **state)
{
	static const char *const words[3] = {NOTICE_REMOVED, "alice", ""};

	(void)state;
	assert_int_equal(unlink(program), 0);
	assert_int_equal(notice_send_by(program, words, NULL), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(program_is_root_in_every_id),
	    T(words_in_secret_memory_arrive),
	    T(hard_limits_of_the_caller_are_raised_where_root_may),
	    T(program_has_no_soft_limits_of_the_caller),
	    T(program_has_no_signals_of_the_caller),
	    T(program_has_a_umask_of_its_own),
	    T(program_has_no_descriptors_of_the_caller),
	    T(words_in_secret_memory_reach_the_program),
	    T(program_of_others_is_not_run),
	    T(no_program_is_no_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
