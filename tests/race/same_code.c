/* 16 processes with the same right code: exactly one is let in, in every round. */
#include "tests/race/race.h"

#define PROCESSES 16

static void play(struct race *r, enum race_release release, int rounds, const char *what)
{
	int ok = 0, replay = 0;
	struct ph_user u;

	ph_enroll(&u, "alice", 20001);
	for (int round = 1; round <= rounds; round++) {
		int won;

		ph_enroll_device(&u, "phone");
		for (int i = 0; i < PROCESSES; i++)
			race_set(r, i, ph_stranger("alice"), ph_code(&u, round % 3 - 1));
		race_run(r, PROCESSES, release);
		won = race_count(r, PROCESSES, "ok");
		ok += won;
		replay += race_count(r, PROCESSES, "replay");
		race_check(r, won == 1 && race_count(r, PROCESSES, "replay") == PROCESSES - 1,
		    what, round);
	}
	printf("%s: %d rounds of %d processes, %d let in, %d refused as replay\n", what,
	    rounds, PROCESSES, ok, replay);
}

int main(void)
{
	int rounds = race_rounds(200);
	struct race r;

	race_open(&r);
	ph_make(NULL);
	play(&r, AT_THE_START, rounds, "one of 16 with the same code, released at the start");
	play(&r, AT_THE_PROMPT, rounds, "one of 16 with the same code, held at the prompt");
	return race_close(&r);
}
