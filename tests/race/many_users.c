/* 16 users at once, each with a right code: none is refused, and no code is
 * good a second time. */
#include "tests/race/race.h"

#define USERS 16

static void set_all(struct race *r, const struct ph_user *users)
{
	for (int i = 0; i < USERS; i++)
		race_set(r, i, ph_stranger(users[i].name), ph_code(&users[i], 0));
}

int main(void)
{
	static char names[USERS][16];
	static struct ph_user users[USERS];
	int rounds = race_rounds(50), in = 0, again = 0;
	struct race r;

	race_open(&r);
	ph_make(NULL);
	for (int i = 0; i < USERS; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "user%02d", i);
		ph_enroll(&users[i], names[i], (uid_t)(20001 + i));
	}
	for (int round = 1; round <= rounds; round++) {
		enum race_release release = round % 2 == 0 ? AT_THE_START : AT_THE_PROMPT;

		ph_later(PH_PERIOD);
		set_all(&r, users);
		race_run(&r, USERS, release);
		in += race_count(&r, USERS, "ok");
		race_check(&r, race_count(&r, USERS, "ok") == USERS,
		    "16 users at once are all let in", round);
		set_all(&r, users);
		race_run(&r, USERS, release);
		again += race_count(&r, USERS, "replay");
		race_check(&r, race_count(&r, USERS, "replay") == USERS,
		    "none of their codes is good a second time", round);
	}
	printf("%d rounds of %d users: %d let in, %d second uses refused\n", rounds, USERS, in,
	    again);
	return race_close(&r);
}
