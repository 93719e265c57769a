/*
 * race: what the race programs share: many processes that log in at the same
 * moment, their verdicts, and the count at the end.
 *
 * ROUNDS in the environment takes the place of the short form's rounds.
 */
#ifndef PB_RACE_H
#define PB_RACE_H

#include "tests/pam/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define RACERS 64

enum race_release { AT_THE_START, AT_THE_PROMPT };

/* One of the processes: who types what, and when it believes to be. */
struct racer {
	struct ph_login login;
	char answer[32];
	int64_t clock;    /* 0: as the parent's */
	/* After the race: */
	int code;         /* of pam_authenticate() */
	char verdict[16]; /* as logged */
};

struct race {
	struct racer *racer; /* RACERS of them, shared memory */
	int passed, failed;
};

static inline void race_open(struct race *r)
{
	*r = (struct race){0};
	r->racer = mmap(NULL, RACERS * sizeof(struct racer), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r->racer == MAP_FAILED)
		ph_die("mmap");
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
}

static inline int race_rounds(int fallback)
{
	const char *text = getenv("ROUNDS");
	int n = text != NULL ? atoi(text) : 0;

	return n > 0 ? n : fallback;
}

static inline void race_check(struct race *r, bool ok, const char *what, int round)
{
	if (ok) {
		r->passed++;
		return;
	}
	r->failed++;
	printf("FAILED: %s (round %d)\n", what, round);
}

/* Ends the program: the status for main. */
static inline int race_close(struct race *r)
{
	printf("%d passed, %d failed\n", r->passed, r->failed);
	return r->failed == 0 && r->passed > 0 ? 0 : 1;
}

static inline void race_set(struct race *r, int i, struct ph_login login, const char *answer)
{
	r->racer[i] = (struct racer){.login = login};
	(void)snprintf(r->racer[i].answer, sizeof(r->racer[i].answer), "%s", answer);
}

static inline void race_gate(void *gate)
{
	ph_gate_wait(gate);
}

static inline void race_note(struct racer *me)
{
	const char *line = ph_lines > 0 ? ph_log[ph_lines - 1].text : "";
	const char *word = strstr(line, " verdict=");

	if (word != NULL)
		(void)snprintf(me->verdict, sizeof(me->verdict), "%.*s",
		    (int)strcspn(word + 9, " "), word + 9);
}

static inline void race_one(struct racer *me, enum race_release release, struct ph_gate *gate)
{
	struct ph_login *l = &me->login;

	ph_forget();
	if (me->clock != 0)
		ph_clock(me->clock);
	ph_answer(l, PH_TYPE, me->answer);
	if (release == AT_THE_PROMPT) {
		l->hold = race_gate;
		l->hold_arg = gate;
	} else {
		ph_gate_wait(gate);
	}
	ph_start(l);
	me->code = ph_authenticate(l);
	ph_end(l);
	race_note(me);
}

/* Runs the first n racers in a process each, let loose together. */
static inline void race_run(struct race *r, int n, enum race_release release)
{
	pid_t pid[RACERS];
	struct ph_gate gate;

	ph_gate_make(&gate);
	(void)fflush(stdout);
	for (int i = 0; i < n; i++) {
		pid[i] = fork();
		if (pid[i] < 0)
			ph_die("fork");
		if (pid[i] == 0) {
			race_one(&r->racer[i], release, &gate);
			_exit(0);
		}
	}
	ph_gate_open(&gate, n);
	for (int i = 0; i < n; i++) {
		int status = -1;

		if (waitpid(pid[i], &status, 0) != pid[i] || status != 0)
			ph_die("a child ended with status %d", status);
	}
}

static inline bool race_is(const struct racer *x, const char *verdict)
{
	return strcmp(x->verdict, verdict) == 0 &&
	    (x->code == PAM_SUCCESS) == (strcmp(verdict, "ok") == 0);
}

static inline int race_count(const struct race *r, int n, const char *verdict)
{
	int count = 0;

	for (int i = 0; i < n; i++)
		count += race_is(&r->racer[i], verdict);
	return count;
}

#endif
