/*
 * Steps go up only: a code of an earlier step after a later one, or one that a
 * clock set back makes right again, is refused, also when they come together.
 */
#include "tests/race/race.h"

#define PROCESSES 16

static struct ph_user u;

/* Each process believes in an earlier time and types that time's right code. */
static void set_clocks(struct race *r, int64_t now)
{
	for (int i = 0; i < PROCESSES; i++) {
		ph_clock(now - (int64_t)i * PH_PERIOD);
		race_set(r, i, ph_stranger("alice"), ph_code(&u, 0));
		r->racer[i].clock = ph_now();
	}
	ph_clock(now);
}

static void play(struct race *r, int round, int *in)
{
	int64_t now = ph_now();
	struct record_hot hot;

	ph_enroll_device(&u, "phone");
	set_clocks(r, now);
	race_run(r, PROCESSES, round % 2 == 0 ? AT_THE_START : AT_THE_PROMPT);
	*in += race_count(r, PROCESSES, "ok");
	race_check(r, race_is(&r->racer[0], "ok"), "the latest step is let in", round);
	race_check(r, race_count(r, PROCESSES, "ok") + race_count(r, PROCESSES, "replay") ==
	    PROCESSES, "every other is let in before it or refused as replay", round);
	ph_read_hot("alice", &hot);
	race_check(r, hot.entry[0].last_step == otp_step(now, PH_PERIOD),
	    "the last step is the latest", round);
	set_clocks(r, now);
	race_run(r, PROCESSES, AT_THE_PROMPT);
	race_check(r, race_count(r, PROCESSES, "replay") == PROCESSES,
	    "no clock set back makes a code good again", round);
}

/* The steps of one window in parallel: never two in falling order. */
static void play_window(struct race *r, int round)
{
	bool in[3];

	ph_enroll_device(&u, "phone");
	for (int i = 0; i < PROCESSES; i++)
		race_set(r, i, ph_stranger("alice"), ph_code(&u, i % 3 - 1));
	race_run(r, PROCESSES, AT_THE_PROMPT);
	for (int skew = 0; skew < 3; skew++) {
		int n = 0;

		for (int i = skew; i < PROCESSES; i += 3)
			n += race_is(&r->racer[i], "ok");
		in[skew] = n == 1;
		race_check(r, n <= 1, "each step is let in once at most", round);
	}
	race_check(r, in[2], "the last step of the window is let in", round);
	for (int i = 0; i < 3; i++)
		race_set(r, i, ph_stranger("alice"), ph_code(&u, i - 1));
	race_run(r, 3, AT_THE_PROMPT);
	race_check(r, race_count(r, 3, "replay") == 3,
	    "after it no step of the window is", round);
}

int main(void)
{
	int rounds = race_rounds(50), in = 0;
	struct race r;

	race_open(&r);
	ph_make(NULL);
	ph_enroll(&u, "alice", 20001);
	for (int round = 1; round <= rounds; round++) {
		play(&r, round, &in);
		play_window(&r, round);
		ph_later(PH_PERIOD);
	}
	printf("%d rounds of %d clocks: %d let in, in rising order\n", rounds, PROCESSES, in);
	return race_close(&r);
}
