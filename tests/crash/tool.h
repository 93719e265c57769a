/*
 * tool: enroll-mfa, run as it is, and the person in front of it.
 */
#ifndef PB_CRASH_TOOL_H
#define PB_CRASH_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define TOOL_WORDS 8

struct tool_said {
	char out[8192];
	size_t out_len;
	char err[4096];
	size_t err_len;
};

/* What is typed once it has said enough, or NULL for not yet. */
typedef const char *tool_answer(const struct tool_said *said);

struct tool {
	pid_t pid;
	struct tool_said *said;
	tool_answer *answer; /* NULL: standard input ends at once */
	int in, out, err;    /* of the parent; -1: closed */
};

/* Starts it with these words (behind them NULL) under the scratch configuration; traced:
 * it stops for inject_run(). */
void tool_start(struct tool *t, const char *const *words, bool traced);

/* Reads what it has said and answers, without waiting: a step of inject_run(). */
void tool_step(void *tool);

/* Whoever has not answered by now has nothing to say: its `waits`. */
void tool_waits(void *tool);

/* What is left to read when it has ended. */
void tool_end(struct tool *t);

/* The whole of it, untraced: its exit status. */
int tool_run(const char *const *words, tool_answer *answer, struct tool_said *said);

/* The key that it has printed as JSON, whole; or false. */
bool tool_has_key(const struct tool_said *said);

#endif
