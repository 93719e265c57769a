/*
 * run: runs a program of the system, without a shell, and takes what it says.
 */
#ifndef PB_RUN_H
#define PB_RUN_H

#include "lib/core/err.h"
#include "policy/buffer.h"

#define RUN_SECONDS 60            /* then it and what it has started are ended */
#define RUN_MOST (16U << 20)      /* bytes that are kept of a stream; the rest is passed over */

/* Zeroed memory is an empty one; run_free() in any case. */
struct run_said {
	struct buffer out;
	struct buffer err; /* standard error */
};

/* Runs argv[0] (a path) with nothing on standard input, a clean environment and a session of
 * its own; what it says goes to said (may be NULL: dropped).  0 with *status the exit status,
 * 128 + N for a signal; ERR_NONE: there is no such program; ERR_UNAVAIL: it was too slow;
 * ERR_SYSTEM. */
int run_program(const char *const argv[], struct run_said *said, int *status, struct err *e);

/* The same with seconds of its own. */
int run_within(int within, const char *const argv[], struct run_said *said, int *status,
    struct err *e);

/* The first line of what a program said, for messages: of standard error, where there
 * is one. */
void run_line(const struct run_said *said, char *line, size_t size);

/* All lines of it that are not empty, with "; " between them, cut at size. */
void run_lines(const struct run_said *said, char *text, size_t size);

void run_free(struct run_said *said);

#endif
