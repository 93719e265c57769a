/*
 * Passwords in parallel, through a password module that counts what it judges.
 *
 * 200 wrong ones at once: no more are judged than throttle_free, however they come.
 * 100 right ones at once: all are let in, and nothing of them is left behind.
 */
#include "tests/race/race.h"

#include <sys/syscall.h>
#include <time.h>

#define WRONG 200
#define RIGHT 100
#define FREE 3
#define JUDGE_MS 20 /* what a hash of a password costs */

static struct ph_user alice;

struct outcome {
	int code;
	int took_ms;
};

static int milliseconds(void)
{
	struct timespec t = {0};

	(void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return (int)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

static int log_in(const char *user, const char *password, const char *code)
{
	struct ph_login l = ph_stranger(user);
	int r;

	ph_answer(&l, PH_TYPE, password);
	if (code != NULL)
		ph_answer(&l, PH_TYPE, code);
	ph_start(&l);
	r = ph_authenticate(&l);
	if (r == PAM_SUCCESS)
		r = pam_acct_mgmt(l.pamh, 0);
	ph_end(&l);
	return r;
}

/* n processes, let loose together. */
static void together(struct outcome *out, int n, const char *user, const char *password)
{
	struct ph_gate gate;
	pid_t pid[WRONG];

	ph_gate_make(&gate);
	(void)fflush(stdout);
	for (int i = 0; i < n; i++) {
		if ((pid[i] = fork()) < 0)
			ph_die("fork");
		if (pid[i] == 0) {
			int start;

			ph_gate_wait(&gate);
			start = milliseconds();
			out[i].code = log_in(user, password, NULL);
			out[i].took_ms = milliseconds() - start;
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

static int count(const struct outcome *out, int n, int code)
{
	int hits = 0;

	for (int i = 0; i < n; i++)
		hits += out[i].code == code;
	return hits;
}

static int slowest(const struct outcome *out, int n)
{
	int most = 0;

	for (int i = 0; i < n; i++)
		most = out[i].took_ms > most ? out[i].took_ms : most;
	return most;
}

static void play_wrong(struct race *r, struct outcome *out, const char *user, int round)
{
	const int before = ph_judged();
	int judged;

	together(out, WRONG, user, "wrong");
	judged = ph_judged() - before;
	printf("%d wrong passwords of %s at once: %d judged, slowest %d ms\n", WRONG, user, judged,
	    slowest(out, WRONG));
	race_check(r, count(out, WRONG, PAM_AUTH_ERR) == WRONG, "each is refused", round);
	race_check(r, judged == FREE, "3 of 200 wrong passwords are judged", round);
	/* Behind the delay it is one, however many come. */
	ph_later(60);
	together(out, 20, user, "wrong");
	race_check(r, ph_judged() - before == FREE + 1, "one of 20 is judged behind a delay", round);
	ph_later(3600);
}

static int left_behind(const char *user)
{
	struct record_hot hot;
	int n;

	ph_read_hot(user, &hot);
	n = hot.reserveds;
	for (int i = 0; i < RECORD_BUCKETS; i++)
		n += hot.unknown[i].wrong;
	for (int i = 0; i < RECORD_KNOWN; i++)
		n += hot.known[i].bucket.wrong;
	return n;
}

static void play_right(struct race *r, struct outcome *out, const char *user, int round)
{
	int in;

	together(out, RIGHT, user, PH_PASSWORD);
	in = count(out, RIGHT, PAM_SUCCESS);
	printf("%d right passwords of %s at once: %d let in, slowest %d ms\n", RIGHT, user, in,
	    slowest(out, RIGHT));
	race_check(r, in == RIGHT, "100 of 100 right passwords are let in", round);
	race_check(r, left_behind(user) == 0, "nothing of them is left", round);
	race_check(r, log_in(user, PH_PASSWORD, NULL) == PAM_SUCCESS, "the next one is not delayed",
	    round);
}

int main(void)
{
	const int rounds = race_rounds(1);
	struct outcome *out = mmap(NULL, WRONG * sizeof(*out), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct race r;

	if (out == MAP_FAILED)
		ph_die("mmap");
	race_open(&r);
	ph_make(NULL);
	ph_enroll(&alice, "alice", 20001);
	ph_account("bob", 20002);
	ph_password_stack(false, "", JUDGE_MS);
	for (int round = 1; round <= rounds; round++) {
		play_right(&r, out, "alice", round);
		/* The first of these makes the record of bob, and the rest move to it. */
		play_right(&r, out, "bob", round);
		play_wrong(&r, out, "alice", round);
		play_wrong(&r, out, "nobody-here", round);
	}
	/* And a code behind the password, after all that. */
	ph_password_stack(true, "", JUDGE_MS);
	ph_later(3600);
	race_check(&r, log_in("alice", PH_PASSWORD, ph_code(&alice, 0)) == PAM_SUCCESS,
	    "a password and a code get in", rounds);
	return race_close(&r);
}
