/*
 * crash: one operation, interrupted at each of its system calls, from the same state
 * each time; and what must hold afterwards.
 *
 * Everything lives in the scratch directory of tests/pam/host.h, which becomes a file
 * system in memory here, in a mount namespace of its own.  The short form leaves out some
 * calls of the longer operations; CRASH_SEED, which it prints, chooses which.  With
 * CRASH_ALL in the environment each call is tried, with CRASH_PART=N an N-th of the short
 * form.
 */
#ifndef PB_CRASH_H
#define PB_CRASH_H

#include "tests/crash/inject.h"
#include "tests/crash/tool.h"
#include "tests/crash/tree.h"
#include "tests/pam/host.h"

#define CRASH_UNTOLD (-1)
#define CRASH_LOGGED 4

/* What an operation has said up to its end, in memory that outlives it, and what has
 * become of it. */
struct crash_seen {
	struct ph_login login; /* of a login; */
	int code;              /* CRASH_UNTOLD: it has not come back */
	int lines;             /* that it has logged */
	struct ph_line log[CRASH_LOGGED];
	struct tool_said said; /* of the tool */
	uint64_t step;         /* of the code that was typed; 0: none was */
	/* What was done to it: */
	enum inject_how how;
	int at, number;
	long call;
	bool lost;             /* what it wrote may not be on the disk */
	bool ended;            /* by itself */
	int status;            /* exit status, then */
	/* What was found: */
	bool wrong;
	char why[600];
	long slowest;          /* login behind it, in ms */
};
extern struct crash_seen *crash_seen;

struct crash_op {
	const char *name;
	const char *words;           /* of the PAM line; NULL: retry=1 */
	void (*make)(void);          /* the state before, made once */
	void (*play)(void);          /* a login, in the process that is interrupted; */
	const char *const *tool;     /* or the words of enroll-mfa */
	tool_answer *answer;         /* what is typed to that */
	void (*check)(void);         /* in a process of its own: says crash_must() */
	bool (*may_come)(const char *path); /* files that may be there afterwards */
	int most;                    /* calls of each pass in the short form; 0: all */
	int head, tail;              /* of so many at the beginning and the end each pass tries
	                              * one of three: together they meet every state */
};

void crash_open(void);
void crash_open_on_disk(void); /* the scratch directory where it is, not in memory */
bool crash_open_bare(void);    /* the same without a state; false: no mounts of its own */
void crash_try(const struct crash_op *op);
/* One thing that was tried otherwise, in a process of its own. */
void crash_count(const char *what, void (*f)(void));
int crash_close(void); /* the status for main */

/* In a process of its own, that ends with it; what it must not, as in a check. */
void crash_apart(void (*f)(void));

/* The first thing that is not as it must be is told. */
void crash_must(bool ok, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

bool crash_is_whole(void); /* nothing was done to it */
bool crash_all(void);
unsigned int crash_seed(void);

/* The login in crash_seen->login, begun and brought to its end: a play(). */
void crash_log_in(void);

#endif
