/*
 * A login killed at any time, not at its system calls only: 300 times, or as often as
 * ROUNDS says, 10,000 times in the long form.  Its files are on a real disk, where the
 * machine has one below /tmp.
 */
#include "tests/crash/people.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LATEST_US 3000

static const char *typed;
static struct ph_gate gate;

static int rounds(void)
{
	const char *text = getenv("ROUNDS");
	int n = text != NULL ? atoi(text) : 0;

	return n > 0 ? n : crash_all() ? 10000 : 300;
}

static _Noreturn void log_in(void)
{
	struct ph_login *l = &crash_seen->login;

	*l = ph_typing(ph_stranger(PEOPLE_ONE), typed);
	ph_start(l);
	ph_gate_wait(&gate);
	crash_seen->code = ph_authenticate(l);
	_exit(0);
}

static void kill_after(pid_t pid, long us)
{
	struct timespec t = {.tv_nsec = us * 1000};

	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
	(void)kill(pid, SIGKILL);
}

static void check(void)
{
	people_spend_once(PEOPLE_ONE, typed, crash_seen->code == PAM_SUCCESS);
	people_must_get_in(&people_one, ph_code(&people_one, 1), "the next right code");
	people_must_get_in(&people_other, ph_code(&people_other, 1), "the next right code");
}

struct sum {
	int before, between, told, wrong;
	long slowest;
};

/* What the killed one has left behind, before the others come. */
static void note(struct sum *s, uint64_t last)
{
	struct record_hot hot;

	ph_read_hot(PEOPLE_ONE, &hot);
	if (crash_seen->code != CRASH_UNTOLD)
		s->told++;
	else if (hot.entry[0].last_step > last)
		s->between++;
	else
		s->before++;
}

static uint64_t last_step(void)
{
	struct record_hot hot;

	ph_read_hot(PEOPLE_ONE, &hot);
	return hot.entry[0].last_step;
}

static void play(struct sum *s, int round, struct tree *before)
{
	uint64_t last = last_step();
	const char *stray, *leak;
	struct tree now;
	pid_t pid;

	*crash_seen = (struct crash_seen){.code = CRASH_UNTOLD, .how = INJECT_KILL};
	typed = ph_code(&people_one, 0);
	ph_gate_make(&gate);
	if ((pid = fork()) == 0)
		log_in();
	ph_gate_open(&gate, 1);
	/* Every other one early, where a disk in memory is done by then. */
	kill_after(pid, random() % (round % 2 == 0 ? LATEST_US + 1 : LATEST_US / 5));
	if (waitpid(pid, NULL, 0) != pid)
		ph_die("waitpid: %s", strerror(errno));
	note(s, last);
	tree_changes(&now, ph_path(""), before);
	stray = tree_stray(&now, before, NULL);
	crash_must(stray == NULL, "%s is there", stray);
	leak = people_leak(&now);
	crash_must(leak == NULL, "%s", leak);
	tree_free(&now);
	crash_apart(check);
	s->wrong += crash_seen->wrong;
	if (crash_seen->slowest > s->slowest)
		s->slowest = crash_seen->slowest;
	if (crash_seen->wrong)
		printf("FAILED: round %d: %s\n", round, crash_seen->why);
	/* The code behind the next one is fresh. */
	ph_later(3 * PH_PERIOD);
}

int main(void)
{
	struct sum s = {0};
	struct tree before;
	int n = rounds();

	crash_open_on_disk();
	people_make(NULL);
	tree_take(&before, ph_path(""));
	srandom(crash_seed());
	for (int round = 1; round <= n; round++)
		play(&s, round, &before);
	tree_free(&before);
	printf("%d logins killed within %d us, CRASH_SEED=%u: %d before they had spent the code, "
	    "%d between that and their answer, %d behind it; the next login in at most %ld ms\n", n,
	    LATEST_US, crash_seed(), s.before, s.between, s.told, s.slowest);
	/* Kills that all come too early or too late try nothing. */
	if (n >= 100 && s.between == 0) {
		printf("FAILED: none came between the spending and the answer\n");
		s.wrong++;
	}
	printf("%d passed, %d failed\n", n - s.wrong, s.wrong);
	return s.wrong == 0 ? 0 : 1;
}
