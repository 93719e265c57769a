#include "tests/crash/crash.h"

#include "tests/crash/people.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TOLD 10 /* failures of an operation that are printed */

struct crash_seen *crash_seen;

static int passed, failed;
static struct inject *job;
static struct tree fresh; /* as crash_open() has left it */
static struct tree before;

bool crash_all(void)
{
	return getenv("CRASH_ALL") != NULL;
}

unsigned int crash_seed(void)
{
	static unsigned int seed;
	const char *text = getenv("CRASH_SEED");

	if (seed == 0)
		seed = text != NULL ? (unsigned int)strtoul(text, NULL, 10) : (unsigned int)time(NULL);
	return seed;
}

/* The tests are no news for the log of the system, nor for its notify program. */
static void hide(const char *path)
{
	char real[PATH_MAX];

	if (realpath(path, real) != NULL)
		(void)mount("/dev/null", real, NULL, MS_BIND, NULL);
}

static bool own_mounts(void)
{
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return false;
	hide("/dev/log");
	hide("/etc/pam-bastion/notify");
	return true;
}

/* The scratch directory anew, in memory: nobody but this program sees it. */
static void mount_scratch(void)
{
	FILE *f;

	if (mount("tmpfs", ph_path(""), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0)
		return;
	if (mkdir(ph_path("etc"), 0755) != 0 || mkdir(ph_path("pam.d"), 0755) != 0 ||
	    (f = fopen(ph_path("pam.d/other"), "we")) == NULL || fclose(f) != 0)
		ph_die("scratch: %s", strerror(errno));
	ph_configure(NULL);
	ph_words("retry=1", "need_auth");
}

bool crash_open_bare(void)
{
	void *memory[2];

	for (int i = 0; i < 2; i++) {
		memory[i] = mmap(NULL, i == 0 ? sizeof(*crash_seen) : sizeof(*job),
		    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (memory[i] == MAP_FAILED)
			ph_die("mmap: %s", strerror(errno));
	}
	crash_seen = memory[0];
	job = memory[1];
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	ph_make_bare(NULL);
	return own_mounts();
}

static void make_fresh(void)
{
	ph_init();
	tree_take(&fresh, ph_path(""));
}

void crash_open(void)
{
	if (crash_open_bare())
		mount_scratch();
	make_fresh();
}

void crash_open_on_disk(void)
{
	(void)crash_open_bare();
	make_fresh();
}

int crash_close(void)
{
	printf("%d passed, %d failed\n", passed, failed);
	return failed == 0 && passed > 0 ? 0 : 1;
}

void crash_must(bool ok, const char *fmt, ...)
{
	va_list ap;

	if (ok || crash_seen->wrong)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(crash_seen->why, sizeof(crash_seen->why), fmt, ap);
	va_end(ap);
	crash_seen->wrong = true;
}

void crash_apart(void (*f)(void))
{
	pid_t pid;
	int status;

	(void)fflush(stdout);
	if ((pid = fork()) == 0) {
		f();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		ph_die("fork: %s", strerror(errno));
	crash_must(status == 0, "the check itself ended with status %d", status);
}

void crash_count(const char *what, void (*f)(void))
{
	*crash_seen = (struct crash_seen){.code = CRASH_UNTOLD};
	crash_apart(f);
	if (crash_seen->wrong) {
		failed++;
		printf("FAILED: %s: %s\n", what, crash_seen->why);
	} else {
		passed++;
	}
}

bool crash_is_whole(void)
{
	return crash_seen->how == INJECT_NOTHING;
}

void crash_log_in(void)
{
	struct ph_login *l = &crash_seen->login;
	int code;

	ph_forget();
	ph_start(l);
	inject_begin();
	code = ph_authenticate(l);
	crash_seen->lines = ph_lines;
	for (int i = 0; i < ph_lines && i < CRASH_LOGGED; i++)
		crash_seen->log[i] = ph_log[i];
	crash_seen->code = code;
}

/* One point: as it was before, the operation with what is done to it, and the checks. */

static const struct crash_op *op;

/* What a state with people in it has for good; the listings for import and restore are
 * the test's own.  So what an enrolment leaves, and each later one finds, is seen too. */
static bool is_permanent(const char *path)
{
	static const char *const files[] = {"backup", "etc/keyring", "etc/pam_bastion.conf",
	    "import", "pam.d/bastion", "pam.d/other", "state/machine-id", "state/pw/root"};
	const char *name = strrchr(path, '/');
	unsigned int decoy;
	char end;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(path, files[i]) == 0)
			return true;
	if (strncmp(path, "state/enroll/", 13) != 0 && strncmp(path, "state/hot/", 10) != 0)
		return false;
	return strcmp(name, "/" PEOPLE_ONE) == 0 || strcmp(name, "/" PEOPLE_OTHER) == 0 ||
	    strcmp(name, "/" PEOPLE_NEW) == 0 || sscanf(name, "/.%2x%c", &decoy, &end) == 1;
}

#define DIRECTORIES 6 /* etc pam.d state state/enroll state/hot state/pw */

static void check_set_up(const struct tree *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (!is_permanent(t->file[i].path))
			ph_die("%s: the set-up leaves %s", op->name, t->file[i].path);
	if (t->directories != DIRECTORIES)
		ph_die("%s: the set-up leaves %zu directories", op->name, t->directories);
}

static void look_and_check(void)
{
	struct tree now;
	const char *stray, *leak;

	tree_changes(&now, ph_path(""), &before);
	stray = tree_stray(&now, &before, op->may_come);
	crash_must(stray == NULL, "%s is there", stray);
	crash_must(now.directories == before.directories, "a directory is there");
	leak = people_leak(&now);
	/* What was there before is searched once. */
	if (leak == NULL && crash_is_whole())
		leak = people_leak(&before);
	crash_must(leak == NULL, "%s", leak);
	tree_free(&now);
	if (op->words != NULL)
		ph_words("retry=1", "need_auth");
	op->check();
}

static void play_it(void)
{
	struct tool t = {.said = &crash_seen->said, .answer = op->answer};

	job->step = op->tool != NULL ? tool_step : NULL;
	job->waits = op->tool != NULL ? tool_waits : NULL;
	job->ctx = &t;
	job->names = ph_path("");
	if (op->tool != NULL) {
		tool_start(&t, op->tool, true);
	} else if ((t.pid = fork()) == 0) {
		op->play();
		_exit(0);
	}
	if (t.pid < 0 || inject_run(t.pid, job) != 0)
		ph_die("%s: cannot be traced: %s", op->name, strerror(errno));
	if (op->tool != NULL)
		tool_end(&t);
}

static void note_end(void)
{
	const int status = job->status;
	const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	crash_seen->ended = WIFEXITED(status);
	crash_seen->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	crash_seen->call = job->hit ? job->call[job->at].number : 0;
	crash_seen->lost = job->lost;
	crash_must(!job->forked, "it forks, and nobody follows the child");
	if (!job->hit || job->how == INJECT_FAIL)
		crash_must(signal == 0, "it died of signal %d", signal);
	else if (crash_seen->call != SYS_exit_group)
		crash_must(signal == (job->how == INJECT_TERM ? SIGTERM : SIGKILL),
		    "it went on after its %s", inject_how_name(job->how));
}

static void tell_failure(int *told)
{
	if (++*told > TOLD)
		return;
	printf("FAILED: %s, %s", op->name, inject_how_name(job->how));
	if (job->hit)
		printf(" at call %d (%s)", job->at, inject_call_name(crash_seen->call));
	if (job->how == INJECT_FAIL)
		printf(" with %s", strerrorname_np(job->number));
	if (job->cut)
		printf(", then a power cut");
	printf(": %s\n", crash_seen->why);
}

struct sum {
	int points[INJECT_FAIL + 1];
	int told;
	long slowest;
};

/* Where it has fewer calls this time and so has not come to that one, it does not count. */
static void try_point(struct sum *s)
{
	tree_put_back(&before, ph_path(""));
	memset(crash_seen, 0, sizeof(*crash_seen));
	crash_seen->code = CRASH_UNTOLD;
	crash_seen->how = job->how;
	crash_seen->at = job->at;
	crash_seen->number = job->number;
	if (op->words != NULL)
		ph_words(op->words, "need_auth");
	play_it();
	note_end();
	if (job->how != INJECT_NOTHING && !job->hit && !crash_seen->wrong)
		return;
	crash_apart(look_and_check);
	s->points[job->how]++;
	if (crash_seen->slowest > s->slowest)
		s->slowest = crash_seen->slowest;
	if (crash_seen->wrong) {
		failed++;
		tell_failure(&s->told);
	} else {
		passed++;
	}
}

/* So that about `most` of the n are tried, in the long form all. */
static int stride(int n, int most)
{
	const char *part = getenv("CRASH_PART");

	if (part != NULL && atoi(part) > 0 && most > 0)
		most = most / atoi(part) + 1;
	return most == 0 || n <= most || crash_all() ? 1 : (n + most - 1) / most;
}

static bool is_turn(int at, int by, unsigned int from)
{
	return at % by == (int)((crash_seed() + from) % (unsigned)by);
}

/* Where much of the operation happens in few calls. */
static bool is_dense(int at, int calls)
{
	return at < op->head || at >= calls - op->tail;
}

static void try_kills(struct sum *s, int calls)
{
	/* What is left behind one call is what stands before the next: of each three calls in
	 * a row one kill before, one behind and one by SIGTERM meet every state of the disk. */
	static const struct { enum inject_how how; unsigned int from; } passes[] = {
	    {INJECT_KILL, 0}, {INJECT_BEHIND, 0}, {INJECT_TERM, 1}};
	int by = stride(calls, op->most), dense = by < 3 ? by : 3;

	for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++) {
		job->how = passes[i].how;
		for (job->at = 0; job->at < calls; job->at++)
			if (is_turn(job->at, is_dense(job->at, calls) ? dense : by, passes[i].from))
				try_point(s);
	}
}

/* Of the calls of an operation that is left alone: */
static int changing[INJECT_CALLS], changings;
static int syncing[INJECT_CALLS], syncings;

static bool is_sync(long call)
{
	return call == SYS_fsync || call == SYS_fdatasync || call == SYS_syncfs;
}

static void note_calls(void)
{
	changings = syncings = 0;
	for (int i = 0; i < job->calls; i++) {
		if (job->call[i].changes)
			changing[changings++] = i;
		if (is_sync(job->call[i].number))
			syncing[syncings++] = i;
	}
}

static void try_failures(struct sum *s, int calls)
{
	static const int numbers[] = {ENOSPC, EIO, EINTR, EDQUOT, EROFS};
	int by = stride(changings * 5, 2 * op->most);

	job->how = INJECT_FAIL;
	for (int i = 0; i < changings * 5; i++) {
		job->at = changing[i / 5];
		job->number = numbers[i % 5];
		if (is_dense(job->at, calls) || is_turn(i, by, 0))
			try_point(s);
	}
}

/* The power goes: at the end, behind a sync that failed, or at any call.  What is not on
 * the disk by then is not there, and what was told holds all the same. */
static void try_cuts(struct sum *s, int calls)
{
	int by = stride(syncings, op->most);

	job->cut = true;
	job->how = INJECT_NOTHING;
	job->hit = false;
	try_point(s);
	job->how = INJECT_FAIL;
	job->number = EIO;
	for (int i = 0; i < syncings; i++) {
		job->at = syncing[i];
		if (is_dense(job->at, calls) || is_turn(i, by, 0))
			try_point(s);
	}
	/* Nothing is new before a call unless the one before it changes something. */
	job->how = INJECT_KILL;
	by = stride(changings, op->most);
	for (int i = 0; i < changings; i++) {
		job->at = changing[i] + 1;
		if (is_dense(job->at, calls) || is_turn(i, by, 0))
			try_point(s);
	}
	job->cut = false;
}

void crash_try(const struct crash_op *what)
{
	struct sum s = {.told = 0};
	int calls, fails, kills;

	op = what;
	if (op->make != NULL)
		op->make();
	tree_take(&before, ph_path(""));
	check_set_up(&before);
	job->how = INJECT_NOTHING;
	job->hit = false;
	try_point(&s);
	calls = job->calls;
	if (calls > INJECT_CALLS)
		ph_die("%s: %d calls are too many", op->name, calls);
	note_calls();
	try_kills(&s, calls);
	try_failures(&s, calls);
	fails = s.points[INJECT_FAIL];
	kills = s.points[INJECT_KILL];
	try_cuts(&s, calls);
	printf("%s: %d calls, %d of them change something; killed %d times before one, %d behind "
	    "one, %d by SIGTERM; %d failures; %d power cuts, %d of them behind a failed sync; the "
	    "next login in at most %ld ms\n", op->name, calls, changings, kills,
	    s.points[INJECT_BEHIND], s.points[INJECT_TERM], fails,
	    1 + s.points[INJECT_KILL] - kills + s.points[INJECT_FAIL] - fails,
	    s.points[INJECT_FAIL] - fails, s.slowest);
	if (stride(calls, op->most) > 1)
		printf("    one of %d calls each, CRASH_SEED=%u\n", stride(calls, op->most),
		    crash_seed());
	tree_put_back(&fresh, ph_path(""));
	tree_free(&before);
}
