/*
 * 64 guesses in parallel from one source: at most throttle_free are judged.
 *
 * When the right code is among those it lets in, and takes back what its own
 * source had failed before: then up to throttle_free more may be judged.
 */
#include "tests/race/race.h"

#define GUESSES 64
#define FREE 3

static struct ph_user u;

static void play(struct race *r, bool right_among, int round, int *ok)
{
	struct ph_login l = ph_stranger("alice");
	int wrong, in, late;

	ph_enroll_device(&u, "phone");
	/* A code that is right at the time when the bucket is fresh. */
	ph_later(PH_PERIOD);
	for (int i = 0; i < GUESSES; i++)
		race_set(r, i, l, ph_wrong(&u));
	if (right_among)
		race_set(r, round * 7 % GUESSES, l, ph_code(&u, 0));
	race_run(r, GUESSES, round % 2 == 0 ? AT_THE_START : AT_THE_PROMPT);
	wrong = race_count(r, GUESSES, "wrong");
	in = race_count(r, GUESSES, "ok");
	late = race_count(r, GUESSES, "throttled");
	*ok += in;
	race_check(r, wrong + in + late == GUESSES, "each guess has a verdict", round);
	if (in == 0)
		race_check(r, wrong == FREE, "3 of 64 guesses are judged", round);
	else
		race_check(r, right_among && in == 1 && wrong >= FREE && wrong < 2 * FREE,
		    "3 of 64 guesses are judged before and after the right one", round);
}

int main(void)
{
	int rounds = race_rounds(50), ok = 0, none = 0;
	struct race r;

	race_open(&r);
	ph_make(NULL);
	ph_enroll(&u, "alice", 20001);
	for (int round = 1; round <= rounds; round++) {
		play(&r, false, round, &none);
		play(&r, true, round, &ok);
	}
	printf("%d rounds of %d guesses, the right code among them: let in %d times\n", rounds,
	    GUESSES, ok);
	race_check(&r, none == 0, "no wrong code was ever let in", rounds);
	return race_close(&r);
}
