/*
 * tape: what the store asks of the kernel, recorded call by call.
 *
 * An act runs in a child, on real files, with the shipped objects; the calls below stand
 * before libc's own in the link.  The tape is shared, so it stays when the act is killed
 * at one of its calls, or is told that a sync failed.
 *
 * Header-only, so that each source here is one program.
 */
#ifndef PB_TAPE_H
#define PB_TAPE_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TAPE_EVENTS 4096
#define TAPE_BYTES (8 << 20)
#define TAPE_NAME 64
#define TAPE_KILLED 9

enum tape_kind {
	TAPE_NEW,     /* an unnamed file */
	TAPE_WRITE,
	TAPE_SYNC,    /* of a file or a directory */
	TAPE_SYNC_ALL,
	TAPE_NAMED,   /* the name has come to stand for the file */
	TAPE_UNNAMED,
	TAPE_TRIES,   /* number: the value that the act is going to write */
	TAPE_TOLD     /* number: the value that somebody has been told of */
};

struct tape_event {
	enum tape_kind kind;
	uint64_t file;
	uint64_t dir;
	off_t at;
	size_t len;
	size_t bytes; /* where in the tape */
	bool failed;
	long number;
	char name[TAPE_NAME];
};

struct tape {
	int n;
	size_t used;
	int result;  /* of the act that came to its end */
	struct tape_event event[TAPE_EVENTS];
	unsigned char bytes[TAPE_BYTES];
};

/* What befalls the next act.  Calls and syncs count from 1; 0: never. */
struct tape_fate {
	int kill_at;         /* dies before that call */
	size_t kill_after;   /* ... and when it is a write, behind so many bytes of it */
	int fail_write_at;   /* that write fails */
	size_t fail_after;   /* ... behind so many bytes */
	unsigned failing;    /* bit k: sync k + 1 fails */
};

static struct tape *tape;
static struct tape_fate tape_fate;
static bool tape_runs;
static int tape_calls, tape_syncs, tape_writes;

static inline void tape_die(const char *why)
{
	fprintf(stderr, "tape: %s\n", why);
	abort();
}

static inline void tape_open(void)
{
	tape = mmap(NULL, sizeof(*tape), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tape == MAP_FAILED)
		tape_die("mmap");
}

static inline uint64_t tape_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		tape_die("fstat");
	return st.st_ino;
}

static inline struct tape_event *tape_note(enum tape_kind kind, uint64_t file)
{
	struct tape_event *v = &tape->event[tape->n++];

	if (tape->n == TAPE_EVENTS)
		tape_die("full");
	*v = (struct tape_event){.kind = kind, .file = file};
	return v;
}

static inline void tape_note_number(enum tape_kind kind, long number)
{
	tape_note(kind, 0)->number = number;
}

static inline bool tape_is_killed(void)
{
	return tape_runs && ++tape_calls == tape_fate.kill_at;
}

static inline bool tape_sync_fails(void)
{
	unsigned k = (unsigned)tape_syncs++;

	return k < 32 && (tape_fate.failing >> k & 1) != 0;
}

static inline ssize_t tape_write(int fd, const void *data, size_t n, off_t at)
{
	struct tape_event *v;
	ssize_t done = syscall(SYS_pwrite64, fd, data, n, at);

	if (!tape_runs || done <= 0)
		return done;
	v = tape_note(TAPE_WRITE, tape_file(fd));
	v->at = at;
	v->len = (size_t)done;
	v->bytes = tape->used;
	if (tape->used + v->len > TAPE_BYTES)
		tape_die("full");
	memcpy(tape->bytes + tape->used, data, v->len);
	tape->used += v->len;
	return done;
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
	static bool fails_next;

	if (tape_is_killed()) {
		(void)tape_write(fd, data, tape_fate.kill_after < n ? tape_fate.kill_after : n, at);
		_exit(TAPE_KILLED);
	}
	if (fails_next || (tape_runs && ++tape_writes == tape_fate.fail_write_at)) {
		if (!fails_next && tape_fate.fail_after > 0 && tape_fate.fail_after < n) {
			fails_next = true;
			return tape_write(fd, data, tape_fate.fail_after, at);
		}
		fails_next = false;
		errno = EIO;
		return -1;
	}
	return tape_write(fd, data, n, at);
}

/* Nothing is synced in earnest: the model says what that would have brought. */
static inline int tape_sync(enum tape_kind kind, int fd)
{
	bool fails;

	if (!tape_runs)
		return 0;
	if (tape_is_killed())
		_exit(TAPE_KILLED);
	fails = tape_sync_fails();
	tape_note(kind, tape_file(fd))->failed = fails;
	errno = EIO;
	return fails ? -1 : 0;
}

int fdatasync(int fd)
{
	return tape_sync(TAPE_SYNC, fd);
}

int fsync(int fd)
{
	return tape_sync(TAPE_SYNC, fd);
}

int syncfs(int fd)
{
	return tape_sync(TAPE_SYNC_ALL, fd);
}

int openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list more;
	int fd;

	va_start(more, flags);
	if ((flags & (O_CREAT | O_TMPFILE)) != 0)
		mode = va_arg(more, mode_t);
	va_end(more);
	fd = (int)syscall(SYS_openat, dir, path, flags, mode);
	if (tape_runs && fd >= 0 && (flags & O_TMPFILE) == O_TMPFILE)
		(void)tape_note(TAPE_NEW, tape_file(fd));
	return fd;
}

static inline void tape_note_name(enum tape_kind kind, uint64_t file, int dir, const char *name)
{
	struct tape_event *v = tape_note(kind, file);

	v->dir = tape_file(dir);
	if (strlen(name) >= sizeof(v->name))
		tape_die("name");
	memcpy(v->name, name, strlen(name) + 1);
}

int linkat(int from, const char *name, int to, const char *new_name, int flags)
{
	int r;

	if (tape_is_killed())
		_exit(TAPE_KILLED);
	r = (int)syscall(SYS_linkat, from, name, to, new_name, flags);
	if (tape_runs && r == 0)
		tape_note_name(TAPE_NAMED, tape_file(from), to, new_name);
	return r;
}

int unlinkat(int dir, const char *name, int flags)
{
	int r;

	if (tape_is_killed())
		_exit(TAPE_KILLED);
	r = (int)syscall(SYS_unlinkat, dir, name, flags);
	if (tape_runs && r == 0)
		tape_note_name(TAPE_UNNAMED, 0, dir, name);
	return r;
}

/* Runs an act in a child.  True: it came to its end, with tape->result. */
static inline bool tape_run(int (*act)(void *ctx), void *ctx, const struct tape_fate *fate)
{
	int status;
	pid_t pid;

	tape->n = 0;
	tape->used = 0;
	(void)fflush(stdout);
	if ((pid = fork()) < 0)
		tape_die("fork");
	if (pid == 0) {
		tape_fate = *fate;
		tape_runs = true;
		tape->result = act(ctx);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != TAPE_KILLED))
		tape_die("the act ended otherwise");
	return WEXITSTATUS(status) == 0;
}

#endif
