/*
 * inject: runs a child under ptrace, counts its system calls, and does something to
 * it at one of them.
 *
 * They are counted from the first one that names a path below `names`: what comes
 * before loads libraries and reads nothing that is the module's.
 */
#ifndef PB_CRASH_INJECT_H
#define PB_CRASH_INJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define INJECT_CALLS 20000
#define INJECT_TEXT 512

enum inject_how {
	INJECT_NOTHING,
	INJECT_KILL,   /* SIGKILL: the call is not made any more */
	INJECT_BEHIND, /* SIGKILL: the call is made, and nothing behind it */
	INJECT_TERM,   /* SIGTERM: the call is made, unless it waits */
	INJECT_FAIL    /* the call is not made, and ends with error `number` */
};

struct inject {
	enum inject_how how;
	int at;            /* the call that it happens to, counted from 0 */
	int number;
	bool cut;          /* at its end the power goes (loss.h) */
	const char *names;
	void (*step)(void *ctx); /* at each stop, for who has to feed the child; or NULL */
	void (*waits)(void *ctx); /* before it reads its standard input; or NULL */
	void *ctx;
	/* After: */
	bool hit;          /* there was such a call */
	bool lost;         /* what it wrote may not be on the disk */
	bool forked;       /* the child has made a child, which nobody follows */
	int calls;
	int status;        /* of waitpid() */
	struct inject_call {
		short number;
		bool changes; /* what is on the disk, or who may change it */
	} call[INJECT_CALLS];
};

/* In the child, before what is to be traced. */
void inject_begin(void);

/* In the parent: until the child has ended.  0, or -1 with errno. */
int inject_run(pid_t pid, struct inject *j);

/* A text of the child's; what is none reads as "". */
void inject_text(pid_t pid, uint64_t at, char text[INJECT_TEXT]);

const char *inject_how_name(enum inject_how how);
const char *inject_call_name(long number); /* good until the next call */

#endif
