/*
 * enable_exec: runs a program of the system and takes what it says.
 */
#ifndef PB_ENABLE_EXEC_H
#define PB_ENABLE_EXEC_H

#include "lib/core/err.h"
#include "policy/buffer.h"

#define ENABLE_EXEC_SECONDS 60 /* then it is killed */

/* Runs argv[0] (a path), nothing on standard input, a clean environment, standard
 * output and error into out (may be NULL: dropped).  0 with *status the exit status,
 * 128 + N for a signal; ERR_NONE: there is no such program; ERR_SYSTEM. */
int enable_exec(const char *const argv[], struct buffer *out, int *status, struct err *e);

/* The first line of what a program said, for messages. */
void enable_exec_line(const struct buffer *out, char *line, size_t size);

#endif
