/*
 * wrap: the machine below a harness: calls of libc, libcrypto and liboath go through
 * here (--wrap, the list is taken from wrap.c).  Between wrap_begin() and wrap_end()
 * the clock stands, random numbers repeat, groups are invented, and calls fail as the
 * input says.  Outside they are the real ones.
 */
#ifndef PB_FUZZ_WRAP_H
#define PB_FUZZ_WRAP_H

#include "tests/fuzz/fuzz.h"

#include <sys/types.h>

#define WRAP_FAILURES 4

struct wrap {
	int64_t now;       /* CLOCK_REALTIME, in seconds */
	uid_t ruid;        /* getuid() */
	uint64_t random;   /* state of RAND_bytes() */
	bool groups_fail;  /* the directory does not answer */
	const char *machine_id; /* what stands in for /etc/machine-id, or NULL */
	unsigned calls;    /* that could have failed */
	unsigned failed;   /* that did */
	struct {
		unsigned call; /* the number of the call, from 1; 0: none */
		uint8_t how;   /* which error, or a short count */
	} failure[WRAP_FAILURES];
	unsigned from;     /* every call from this one fails; 0: none */
	void (*opened)(const char *path); /* for writing, or NULL */
	ssize_t (*typed)(void *p, size_t n); /* what read() of descriptor 0 gives, or NULL */
	const char *conf; /* what conf_load() loads instead of the packaged file, or NULL */
	bool closed_stdin; /* fclose(stdin) was called */
};

extern struct wrap wrap;

/* Everything as at the start: no failures, random numbers from seed. */
void wrap_begin(uint64_t seed, int64_t now);
void wrap_end(void);

/* Reads which calls fail: a count of at most WRAP_FAILURES, and for each where and how. */
void wrap_plan(struct fuzz *f);
void wrap_plan_none(void);

/* Without the wraps, for a harness's own work inside. */
bool wrap_pause(void);
void wrap_resume(bool was);

/* The lowest free descriptor: what is left open raises it. */
int wrap_lowest_fd(void);

#endif
