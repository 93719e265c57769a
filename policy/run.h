/*
 * run: other programs' answers (sshd -T, journalctl), without a shell.
 */
#ifndef PB_RUN_H
#define PB_RUN_H

#include "lib/core/err.h"

#include <stddef.h>

#define RUN_SECONDS 20 /* a program that takes longer is killed */

/* Runs argv[0] (a path) with a clean environment and nothing on standard input; what
 * it prints on standard output goes to out, at most size - 1 bytes and a NUL, the rest
 * is passed over.  Its exit status (0..255); or ERR_NONE (no such program), ERR_UNAVAIL
 * (killed, too slow), ERR_SYSTEM. */
int run(const char *const argv[], char *out, size_t size, struct err *e);

#endif
