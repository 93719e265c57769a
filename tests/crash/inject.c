#include "tests/crash/inject.h"

#include "tests/crash/loss.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of calls that newer machines do not have: no call has this number. */
#define NO_CALL (-1L)
#ifndef SYS_open
#define SYS_open (NO_CALL - 1)
#define SYS_link NO_CALL
#define SYS_unlink NO_CALL
#define SYS_rename NO_CALL
#define SYS_mkdir NO_CALL
#define SYS_rmdir NO_CALL
#define SYS_chmod NO_CALL
#define SYS_chown NO_CALL
#define SYS_fork (NO_CALL - 2)
#define SYS_vfork (NO_CALL - 3)
#endif
#ifndef SYS_renameat
#define SYS_renameat NO_CALL
#endif

static const struct {
	long number;
	const char *name;
	bool changes;
} names[] = {
    {SYS_write, "write", true}, {SYS_writev, "writev", true}, {SYS_pwrite64, "pwrite64", true},
    {SYS_fsync, "fsync", true}, {SYS_fdatasync, "fdatasync", true}, {SYS_syncfs, "syncfs", true},
    {SYS_truncate, "truncate", true}, {SYS_ftruncate, "ftruncate", true},
    {SYS_fallocate, "fallocate", true}, {SYS_link, "link", true}, {SYS_linkat, "linkat", true},
    {SYS_unlink, "unlink", true}, {SYS_unlinkat, "unlinkat", true}, {SYS_rename, "rename", true},
    {SYS_renameat, "renameat", true}, {SYS_renameat2, "renameat2", true},
    {SYS_mkdir, "mkdir", true}, {SYS_mkdirat, "mkdirat", true}, {SYS_rmdir, "rmdir", true},
    {SYS_chmod, "chmod", true}, {SYS_fchmod, "fchmod", true}, {SYS_fchmodat, "fchmodat", true},
    {SYS_chown, "chown", true}, {SYS_fchown, "fchown", true}, {SYS_fchownat, "fchownat", true},
    {SYS_utimensat, "utimensat", true}, {SYS_flock, "flock", true}, {SYS_fcntl, "fcntl", false},
    {SYS_open, "open", false}, {SYS_openat, "openat", false}, {SYS_close, "close", false},
    {SYS_read, "read", false}, {SYS_pread64, "pread64", false}, {SYS_fstat, "fstat", false},
    {SYS_newfstatat, "newfstatat", false}, {SYS_lseek, "lseek", false},
    {SYS_mmap, "mmap", false}, {SYS_munmap, "munmap", false}, {SYS_brk, "brk", false},
    {SYS_getdents64, "getdents64", false}, {SYS_nanosleep, "nanosleep", false},
    {SYS_clock_nanosleep, "clock_nanosleep", false}, {SYS_getrandom, "getrandom", false},
    {SYS_exit_group, "exit_group", false}, {SYS_futex, "futex", false}};

const char *inject_how_name(enum inject_how how)
{
	static const char *const words[] = {"nothing", "SIGKILL", "SIGKILL behind", "SIGTERM",
	    "failing"};

	return words[how];
}

const char *inject_call_name(long number)
{
	static char text[32];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == number)
			return names[i].name;
	(void)snprintf(text, sizeof(text), "call %ld", number);
	return text;
}

void inject_begin(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 || raise(SIGSTOP) != 0)
		_exit(98);
}

static bool opens_for_change(uint64_t flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT) != 0;
}

static bool changes(const struct __ptrace_syscall_info *s)
{
	const uint64_t *a = s->entry.args;

	switch (s->entry.nr) {
	case SYS_open:
		return opens_for_change(a[1]);
	case SYS_openat:
		return opens_for_change(a[2]);
	case SYS_fcntl:
		return a[1] == F_OFD_SETLK || a[1] == F_OFD_SETLKW || a[1] == F_SETLK ||
		    a[1] == F_SETLKW;
	default:
		break;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((uint64_t)names[i].number == s->entry.nr)
			return names[i].changes;
	return false;
}

void inject_text(pid_t pid, uint64_t at, char text[INJECT_TEXT])
{
	struct iovec here = {text, INJECT_TEXT - 1};
	struct iovec there = {(void *)(uintptr_t)at, INJECT_TEXT - 1};
	ssize_t n = process_vm_readv(pid, &here, 1, &there, 1, 0);

	if (n <= 0) {
		/* It may end with its page. */
		here.iov_len = there.iov_len = 4096 - at % 4096 < INJECT_TEXT ? 4096 - at % 4096 :
		    INJECT_TEXT - 1;
		n = process_vm_readv(pid, &here, 1, &there, 1, 0);
	}
	text[n > 0 ? n : 0] = '\0';
}

static bool names_path(pid_t pid, const struct __ptrace_syscall_info *s, const char *path)
{
	char text[INJECT_TEXT];

	for (int i = 0; i < 2; i++) {
		if (s->entry.args[i] < 4096)
			continue;
		inject_text(pid, s->entry.args[i], text);
		if (strncmp(text, path, strlen(path)) == 0)
			return true;
	}
	return false;
}

/* Of the call at which the child stands: at its entry its number, behind it the result. */
#if defined(__x86_64__)
static int inject_set(pid_t pid, bool entry, long value)
{
	struct user_regs_struct regs;
	struct iovec all = {&regs, sizeof(regs)};

	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &all) != 0)
		return -1;
	if (entry)
		regs.orig_rax = (unsigned long long)value;
	else
		regs.rax = (unsigned long long)value;
	return (int)ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &all);
}
#elif defined(__aarch64__)
static int inject_set(pid_t pid, bool entry, long value)
{
	struct user_regs_struct regs;
	struct iovec all = {&regs, sizeof(regs)};
	int number = (int)value;
	struct iovec call = {&number, sizeof(number)};

	if (entry)
		return (int)ptrace(PTRACE_SETREGSET, pid, (void *)NT_ARM_SYSTEM_CALL, &call);
	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &all) != 0)
		return -1;
	regs.regs[0] = (unsigned long long)value;
	return (int)ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &all);
}
#else
#error "inject_set(): how is a system call changed on this machine?"
#endif

struct tracing {
	pid_t pid;
	bool begun;
	bool here; /* at the call that it happens to */
	long number;      /* of the call that it is in */
	uint64_t args[6];
	struct loss *loss;
};

static int enter(struct tracing *t, struct inject *j, const struct __ptrace_syscall_info *s)
{
	t->number = (long)s->entry.nr;
	memcpy(t->args, s->entry.args, sizeof(t->args));
	if (t->number == SYS_fork || t->number == SYS_vfork || t->number == SYS_clone ||
	    t->number == SYS_clone3)
		j->forked = true;
	if (s->entry.nr == SYS_read && s->entry.args[0] == STDIN_FILENO && j->waits != NULL)
		j->waits(j->ctx);
	t->begun = t->begun || names_path(t->pid, s, j->names);
	if (!t->begun)
		return 0;
	t->here = j->how != INJECT_NOTHING && j->calls == j->at;
	/* Another call than the last time, for memory perhaps: it is not what may fail. */
	t->here = t->here && (j->how != INJECT_FAIL || changes(s));
	j->hit = j->hit || t->here;
	if (j->calls < INJECT_CALLS)
		j->call[j->calls] = (struct inject_call){(short)s->entry.nr, changes(s)};
	j->calls++;
	if (t->here && j->how == INJECT_KILL)
		return kill(t->pid, SIGKILL);
	if (t->here && j->how == INJECT_TERM)
		return kill(t->pid, SIGTERM);
	if (!t->here || j->how != INJECT_FAIL) {
		loss_enter(t->loss, &(struct loss_call){t->pid, t->number, t->args});
		return 0;
	}
	loss_fail(t->loss, &(struct loss_call){t->pid, t->number, t->args}, j->number);
	return inject_set(t->pid, true, -1);
}

static int leave(struct tracing *t, const struct inject *j, int64_t result)
{
	bool here = t->here;

	t->here = false;
	if (t->begun && (!here || j->how != INJECT_FAIL))
		loss_leave(t->loss, &(struct loss_call){t->pid, t->number, t->args}, result);
	if (here && j->how == INJECT_BEHIND)
		return kill(t->pid, SIGKILL);
	return here && j->how == INJECT_FAIL ? inject_set(t->pid, false, -(long)j->number) : 0;
}

static int at_call(struct tracing *t, struct inject *j)
{
	struct __ptrace_syscall_info s;

	/* A child that has just been killed cannot be asked. */
	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(s), &s) < 0)
		return errno == ESRCH ? 0 : -1;
	if (s.op == PTRACE_SYSCALL_INFO_ENTRY)
		return enter(t, j, &s);
	return s.op == PTRACE_SYSCALL_INFO_EXIT ? leave(t, j, s.exit.rval) : 0;
}

int inject_run(pid_t pid, struct inject *j)
{
	struct tracing t = {.pid = pid, .loss = loss_begin()};
	int signal = 0;

	if (t.loss == NULL)
		return -1;
	j->hit = j->forked = false;
	j->calls = 0;
	if (waitpid(pid, &j->status, 0) != pid || !WIFSTOPPED(j->status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(uintptr_t)(PTRACE_O_TRACESYSGOOD |
	    PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC)) != 0)
		return -1;
	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(uintptr_t)signal) != 0 && errno != ESRCH)
			return -1;
		if (waitpid(pid, &j->status, 0) != pid)
			return -1;
		if (j->step != NULL)
			j->step(j->ctx);
		if (!WIFSTOPPED(j->status)) {
			j->lost = loss_end(t.loss, j->cut);
			return 0;
		}
		signal = WSTOPSIG(j->status);
		if (signal == (SIGTRAP | 0x80) && at_call(&t, j) != 0)
			return -1;
		if (signal == (SIGTRAP | 0x80) || j->status >> 16 != 0)
			signal = 0;
	}
}
