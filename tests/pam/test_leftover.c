/* What the module leaves behind in its host process, after each kind of login: nothing.
 * (Memory is test_memory.c's and test_growth.c's.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/pam/host.h"
#include "tests/pam/kinds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <locale.h>
#include <openssl/err.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static struct ph_user alice;

/* The process as it is, a line for each thing. */
struct view {
	char text[1 << 17];
	size_t n;
};

static void note(struct view *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void note(struct view *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	v->n += (size_t)vsnprintf(v->text + v->n, sizeof(v->text) - v->n, fmt, ap);
	va_end(ap);
	if (v->n + 1 >= sizeof(v->text))
		ph_die("more text than there is room for");
}

/* The lines of a file but those that begin with one of these words. */
static void note_file(struct view *v, const char *path, const char *const *without)
{
	FILE *f = fopen(path, "re");
	char line[1024];

	if (f == NULL)
		ph_die("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f) != NULL) {
		bool out = false;

		for (size_t i = 0; without != NULL && without[i] != NULL; i++)
			out = out || strncmp(line, without[i], strlen(without[i])) == 0;
		if (!out)
			note(v, "%s: %s", path, line);
	}
	(void)fclose(f);
}

/* The names in a directory, with where they point. */
static void note_links(struct view *v, const char *path)
{
	DIR *d = opendir(path);
	struct dirent *entry;

	if (d == NULL)
		ph_die("%s: %s", path, strerror(errno));
	while ((entry = readdir(d)) != NULL) {
		char name[64], target[256] = "";
		struct stat st;

		(void)snprintf(name, sizeof(name), "%s/%.16s", path, entry->d_name);
		/* Not the directory that is being read. */
		if (lstat(name, &st) != 0 || !S_ISLNK(st.st_mode) || atoi(entry->d_name) == dirfd(d))
			continue;
		(void)!readlink(name, target, sizeof(target) - 1);
		note(v, "%s -> %s\n", name, target);
	}
	(void)closedir(d);
}

/* Position and flags of each descriptor. */
static void note_descriptors(struct view *v)
{
	note_links(v, "/proc/self/fd");
	for (int fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			note(v, "descriptor %d: %x %x at %lld\n", fd, fcntl(fd, F_GETFD),
			    fcntl(fd, F_GETFL), (long long)lseek(fd, 0, SEEK_CUR));
}

static void note_signals(struct view *v)
{
	unsigned char mask[8]; /* the kernel's */
	stack_t other;

	for (int i = 1; i <= 64; i++) {
		struct {
			void *handler;
			unsigned long flags;
			void *restorer;
			unsigned char mask[8];
		} action = {0};

		(void)syscall(SYS_rt_sigaction, i, NULL, &action, sizeof(action.mask));
		memcpy(mask, action.mask, sizeof(mask));
		note(v, "signal %d: %p %lx ", i, action.handler, action.flags);
		for (size_t k = 0; k < sizeof(mask); k++)
			note(v, "%02x", mask[k]);
		note(v, "\n");
	}
	(void)sigaltstack(NULL, &other);
	note(v, "other stack: %p %zu %x\n", other.ss_sp, other.ss_size, (unsigned)other.ss_flags);
}

static void note_timers(struct view *v)
{
	for (int i = ITIMER_REAL; i <= ITIMER_PROF; i++) {
		struct itimerval t;

		(void)getitimer(i, &t);
		/* It runs: to the hour is near enough. */
		note(v, "timer %d: %s %ld\n", i, t.it_value.tv_sec > 3600 ? "runs" : t.it_value.tv_sec +
		    t.it_value.tv_usec > 0 ? "runs soon" : "off", (long)t.it_interval.tv_sec);
	}
	note_file(v, "/proc/self/timers", NULL);
}

static void note_process(struct view *v)
{
	static const int asked[] = {PR_GET_DUMPABLE, PR_GET_KEEPCAPS, PR_GET_SECUREBITS,
	    PR_GET_TIMERSLACK, PR_GET_NO_NEW_PRIVS, PR_GET_THP_DISABLE, PR_GET_IO_FLUSHER};
	char cwd[512] = "", root[512] = "";
	int subreaper = 0, death = 0;

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		note(v, "prctl %d: %d\n", asked[i], prctl(asked[i], 0, 0, 0, 0));
	(void)prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
	(void)prctl(PR_GET_PDEATHSIG, &death);
	note(v, "subreaper %d, death signal %d, personality %lx\n", subreaper, death,
	    syscall(SYS_personality, 0xffffffffUL));
	note(v, "nice %d, policy %d, io %ld\n", getpriority(PRIO_PROCESS, 0),
	    sched_getscheduler(0), syscall(SYS_ioprio_get, 1, 0));
	note(v, "group %d, session %d, parent %d\n", getpgrp(), getsid(0), getppid());
	(void)!getcwd(cwd, sizeof(cwd));
	(void)!readlink("/proc/self/root", root, sizeof(root) - 1);
	note(v, "cwd %s, root %s\n", cwd, root);
	note(v, "locale %s, of the thread %d\n", setlocale(LC_ALL, NULL),
	    uselocale((locale_t)0) == LC_GLOBAL_LOCALE);
	for (char **e = environ; *e != NULL; e++)
		note(v, "environment %p: %s\n", (void *)*e, *e);
}

/* /proc/self/status without what changes by itself; threads, credentials, capabilities,
 * umask, pending and blocked signals, locked memory are in what remains. */
static const char *const of_the_kernel[] = {"VmPeak", "VmSize", "VmHWM", "VmRSS", "RssAnon",
    "RssFile", "RssShmem", "VmData", "VmStk", "VmLib", "VmPTE", "SigQ", "voluntary",
    "nonvoluntary", NULL};

static void take(struct view *v)
{
	v->n = 0;
	note_file(v, "/proc/self/status", of_the_kernel);
	note_file(v, "/proc/self/limits", NULL);
	note_file(v, "/proc/self/oom_score_adj", NULL);
	note_file(v, "/proc/thread-self/children", NULL);
	note_links(v, "/proc/self/ns");
	note_descriptors(v);
	note_signals(v);
	note_timers(v);
	note_process(v);
}

/* The first line that is another one now. */
static void assert_same(const struct view *before, const struct view *after, const char *name)
{
	const char *a = before->text, *b = after->text;

	while (*a != '\0' || *b != '\0') {
		size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");

		if (n != m || memcmp(a, b, n) != 0)
			fail_msg("%s: before: %.*s\nafter: %.*s", name, (int)n, a, (int)m, b);
		a += n + (a[n] != '\0');
		b += m + (b[m] != '\0');
	}
}

/* The kernel's: AddressSanitizer's own does nothing. */
__attribute__((visibility("default"))) int mlock(const void *p, size_t n)
{
	return (int)syscall(SYS_mlock, p, n);
}

/* Takes the line of locked memory out: how much it is, in KiB. */
static long take_locked(struct view *v)
{
	static const char line[] = "/proc/self/status: VmLck:";
	char *at = strstr(v->text, line), *end;
	long locked;

	if (at == NULL)
		ph_die("no VmLck");
	locked = strtol(at + sizeof(line) - 1, NULL, 10);
	end = strchr(at, '\n') + 1;
	memmove(at, end, strlen(end) + 1);
	return locked;
}

static void own_handler(int signal)
{
	(void)signal;
}

static void own_long_handler(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)info, (void)context;
}

/* Nothing is as a fresh process has it, so that putting the usual back is seen too. */
static void be_unusual(void)
{
	static char other[1 << 16];
	const struct itimerval hours = {.it_interval = {.tv_sec = 7200}, .it_value = {.tv_sec = 99999}};
	struct sigaction chld = {.sa_handler = own_handler, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
	struct sigaction hup = {.sa_sigaction = own_long_handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	const stack_t stack = {.ss_sp = other, .ss_size = sizeof(other)};
	const gid_t groups[] = {7, 11, 13};
	const struct rlimit core = {4096, 8192};
	sigset_t set;

	(void)setlocale(LC_ALL, "C.UTF-8");
	(void)umask(027);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR2);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)raise(SIGUSR2);
	(void)sigaddset(&hup.sa_mask, SIGWINCH);
	if (sigaction(SIGCHLD, &chld, NULL) != 0 || sigaction(SIGHUP, &hup, NULL) != 0 ||
	    signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigaltstack(&stack, NULL) != 0 ||
	    setitimer(ITIMER_REAL, &hours, NULL) != 0 || setgroups(3, groups) != 0 ||
	    setrlimit(RLIMIT_CORE, &core) != 0 || setpriority(PRIO_PROCESS, 0, 3) != 0 ||
	    prctl(PR_SET_NAME, "own-name") != 0 || prctl(PR_SET_TIMERSLACK, 60000) != 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGWINCH) != 0 || chdir("/proc") != 0)
		ph_die("be_unusual: %s", strerror(errno));
}

static int set_up(void **state)
{
	(void)state;
	kinds_make();
	return 0;
}

static void each_kind_of_login_leaves_the_process_as_it_was(void **state)
{
	static struct view before, after;

	(void)state;
	for (int i = 0; i < kinds_count; i++) {
		take(&before);
		kinds[i].log_in();
		take(&after);
		assert_same(&before, &after, kinds[i].name);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		assert_int_equal(errno, ECHILD);
	}
}

static int set_up_without_a_login(void **state)
{
	(void)state;
	ph_make(NULL);
	ph_enroll(&alice, "alice", 20001);
	return 0;
}

/* Loading the module and setting libcrypto up; what stays is one locked piece of 12 KiB. */
static void first_login_leaves_the_process_as_it_was(void **state)
{
	static struct view before, after;
	long locked;

	(void)state;
	take(&before);
	locked = take_locked(&before);
	assert_int_equal(ph_try(ph_with_key("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
	take(&after);
	assert_int_equal(take_locked(&after), locked + 12);
	assert_same(&before, &after, "the first login");
}

static void fifty_logins_leave_the_process_as_it_was(void **state)
{
	static struct view before, after;

	(void)state;
	for (int i = 0; i < kinds_count; i++)
		kinds[i].log_in();
	take(&before);
	for (int i = 0; i < 50; i++)
		kinds[i % kinds_count].log_in();
	take(&after);
	assert_same(&before, &after, "fifty logins");
}

/* What the host has not read yet of its own errors stands there as before, and nothing
 * else. */
static void openssl_errors_of_the_host_are_left_as_found(void **state)
{
	(void)state;
	for (int i = 0; i < kinds_count; i++) {
		unsigned long own;

		ERR_clear_error();
		ERR_raise(ERR_LIB_USER, 42);
		own = ERR_peek_error();
		kinds[i].log_in();
		if (ERR_get_error() != own || ERR_peek_error() != 0)
			fail_msg("%s: libcrypto's error queue has changed: %s", kinds[i].name,
			    ERR_error_string(ERR_peek_error(), NULL));
	}
}

static void nothing_is_written_to_the_standard_streams(void **state)
{
	int kept[2], file = open(ph_path("streams"), O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0600);
	struct stat st;

	(void)state;
	assert_true(file >= 0);
	(void)fflush(NULL);
	for (int i = 0; i < 2; i++) {
		kept[i] = fcntl(i + 1, F_DUPFD_CLOEXEC, 3);
		(void)dup2(file, i + 1);
	}
	for (int i = 0; i < kinds_count; i++)
		kinds[i].log_in();
	(void)fflush(NULL);
	for (int i = 0; i < 2; i++) {
		(void)dup2(kept[i], i + 1);
		(void)close(kept[i]);
	}
	assert_int_equal(fstat(file, &st), 0);
	(void)close(file);
	assert_int_equal(st.st_size, 0);
}

/* ---- the PAM handle ---- */

static void note_handle(struct view *v, pam_handle_t *pamh)
{
	static const int items[] = {PAM_SERVICE, PAM_USER, PAM_TTY, PAM_RHOST, PAM_RUSER,
	    PAM_USER_PROMPT, PAM_XDISPLAY, PAM_AUTHTOK_TYPE};
	char **list = pam_getenvlist(pamh);
	const void *item;

	v->n = 0;
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		item = NULL;
		(void)pam_get_item(pamh, items[i], &item);
		note(v, "item %d: %s\n", items[i], item != NULL ? (const char *)item : "(none)");
	}
	item = NULL;
	(void)pam_get_item(pamh, PAM_CONV, &item);
	note(v, "conversation %p\n", item != NULL ? ((const struct pam_conv *)item)->appdata_ptr :
	    NULL);
	for (char **e = list; e != NULL && *e != NULL; e++) {
		note(v, "environment: %s\n", *e);
		free(*e);
	}
	free(list);
}

static void handle_is_left_as_it_was(void **state)
{
	static struct view before, after;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct ph_login l = ph_with_key(i == 0 ? "dave" : i == 1 ? "gina" : "nobody-here");

		ph_answer(&l, PH_TYPE, "123456");
		ph_answer(&l, PH_TYPE, "123456");
		ph_start(&l);
		(void)pam_set_item(l.pamh, PAM_RUSER, "somebody");
		(void)pam_set_item(l.pamh, PAM_USER_PROMPT, "who? ");
		(void)pam_putenv(l.pamh, "OWN=1");
		note_handle(&before, l.pamh);
		(void)ph_authenticate(&l);
		(void)pam_acct_mgmt(l.pamh, 0);
		(void)pam_setcred(l.pamh, PAM_ESTABLISH_CRED);
		note_handle(&after, l.pamh);
		assert_same(&before, &after, l.user);
		ph_end(&l);
	}
}

static unsigned int delay;

static void note_delay(int code, unsigned int microseconds, void *data)
{
	(void)code, (void)data;
	delay = microseconds;
}

/* How long a refusal waits is said by the other lines of the stack, and by the host. */
static void no_delay_is_asked_for(void **state)
{
	struct ph_login l = ph_stranger("gina");

	(void)state;
	delay = 77;
	ph_answer(&l, PH_TYPE, "123456");
	ph_start(&l);
	assert_int_equal(pam_set_item(l.pamh, PAM_FAIL_DELAY, (const void *)note_delay), PAM_SUCCESS);
	assert_int_equal(ph_authenticate(&l), PAM_AUTH_ERR);
	ph_end(&l);
	assert_int_equal(delay, 0);
}

/* The lines above ask for it, and lines below use it again. */
static void password_of_the_stack_is_left_as_it_was(void **state)
{
	char text[512], got[64] = "";
	struct ph_login l = ph_stranger("gina");
	FILE *f;

	(void)state;
	(void)snprintf(text, sizeof(text), "auth optional pam_exec.so quiet expose_authtok /bin/true\n"
	    "auth [default=1 success=1] %s conf=%s retry=1 after_password\nauth required pam_deny.so\n"
	    "auth optional pam_exec.so quiet expose_authtok /usr/bin/tee %s\n", ph_module(),
	    ph_path("etc/pam_bastion.conf"), ph_path("token"));
	ph_words_below(text, "retry=1");
	ph_answer(&l, PH_TYPE, "correct-horse");
	ph_answer(&l, PH_TYPE, "123456");
	ph_answer(&l, PH_TYPE, "123456");
	ph_start(&l);
	assert_int_equal(ph_authenticate(&l), PAM_AUTH_ERR);
	ph_end(&l);
	f = fopen(ph_path("token"), "re");
	assert_non_null(f);
	assert_true(fread(got, 1, sizeof(got) - 1, f) > 0);
	(void)fclose(f);
	assert_string_equal(got, "correct-horse");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(first_login_leaves_the_process_as_it_was,
	        set_up_without_a_login),
	    TEST(each_kind_of_login_leaves_the_process_as_it_was),
	    TEST(fifty_logins_leave_the_process_as_it_was),
	    TEST(openssl_errors_of_the_host_are_left_as_found),
	    TEST(nothing_is_written_to_the_standard_streams),
	    TEST(handle_is_left_as_it_was),
	    TEST(no_delay_is_asked_for),
	    TEST(password_of_the_stack_is_left_as_it_was),
	};

	be_unusual();
	return cmocka_run_group_tests_name("leftover", tests, NULL, NULL);
}
