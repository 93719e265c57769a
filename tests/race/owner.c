/*
 * One wrong code every 5 s for an hour from elsewhere: the owner, at a source
 * that has logged in before, gets in at least 59 times of 60.
 */
#include "tests/race/race.h"

#define MINUTES 60
#define EVERY 5

static struct ph_user u;

/* elsewhere(k): the source of the k-th wrong code. */
static void one_source(int k, char rhost[64])
{
	(void)k;
	(void)snprintf(rhost, 64, "198.51.100.9");
}

static void many_sources(int k, char rhost[64])
{
	(void)snprintf(rhost, 64, "198.51.%d.%d", k / 250 % 250, k % 250 + 1);
}

static void names(int k, char rhost[64])
{
	(void)snprintf(rhost, 64, "host%d.example", k);
}

static void same_network(int k, char rhost[64])
{
	(void)snprintf(rhost, 64, "2001:db8:0:%x::%x", k % 3, k);
}

static int attack(int minute, void (*elsewhere)(int, char[64]))
{
	int judged = 0;

	for (int s = 0; s < 60; s += EVERY) {
		struct ph_login l = ph_stranger("alice");
		char rhost[64];

		elsewhere(minute * 60 / EVERY + s / EVERY, rhost);
		l.rhost = rhost;
		ph_forget();
		if (ph_try(l, ph_wrong(&u)) == PAM_SUCCESS)
			ph_die("a wrong code was let in");
		judged += ph_matches("*verdict=wrong *", ph_log[0].text);
		ph_later(EVERY);
	}
	return judged;
}

static void play(struct race *r, const char *what, void (*elsewhere)(int, char[64]))
{
	int in = 0, judged = 0;

	ph_make(NULL);
	ph_enroll(&u, "alice", 20001);
	if (ph_try(ph_stranger("alice"), ph_code(&u, 0)) != PAM_SUCCESS)
		ph_die("the first login");
	for (int minute = 0; minute < MINUTES; minute++) {
		judged += attack(minute, elsewhere);
		in += ph_try(ph_stranger("alice"), ph_code(&u, 0)) == PAM_SUCCESS;
	}
	printf("%s: %d wrong codes, %d of them judged; the owner got in %d times of %d\n", what,
	    MINUTES * 60 / EVERY, judged, in, MINUTES);
	race_check(r, in >= MINUTES - 1, what, 1);
}

int main(void)
{
	struct race r;

	race_open(&r);
	play(&r, "from one source", one_source);
	play(&r, "from many sources", many_sources);
	play(&r, "from names", names);
	play(&r, "from three networks", same_network);
	return race_close(&r);
}
