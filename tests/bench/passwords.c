/*
 * What it costs to judge a new password, beside libpwquality and passwdqc as they are
 * installed: the same random passwords, all in one run, slice by slice in turn, in time of
 * the processor, so that a busy machine is as busy for each of them.
 *
 * Prints a Markdown table of medians, with the fastest and slowest slice.
 * passwords [ROUNDS [SEED]]
 */
#include "policy/password/check.h"
#include "policy/password/profile.h"

#include <passwdqc.h>
#include <pwquality.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SET 1024
#define LONGEST 32
#define ROUNDS_MAX 1001
#define OLD "Old-passw0rd-of-2026"

static char set[SET][LONGEST + 1];
static size_t set_length;
static uint64_t state;

static struct password_policies kisa, iam, three;
static pwquality_settings_t *with_dictionary, *without;
static passwdqc_params_t qc;

static unsigned next(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % n;
}

static void draw(size_t length)
{
	set_length = length;
	for (int i = 0; i < SET; i++) {
		for (size_t k = 0; k < length; k++)
			set[i][k] = (char)(33 + next(94));
		set[i][length] = '\0';
	}
}

static bool ours(const struct password_policies *p, const char *fresh, const char *old)
{
	const struct password_facts f = {.fresh = fresh, .fresh_len = set_length, .old = old,
	    .old_len = old != NULL ? strlen(old) : 0, .user = "alice", .gecos = "Alice Liddell"};
	struct password_broken b;

	password_check(p, &f, &b);
	return password_is_good(&b);
}

static bool do_kisa(const char *fresh)
{
	return ours(&kisa, fresh, NULL);
}

static bool do_iam(const char *fresh)
{
	return ours(&iam, fresh, NULL);
}

static bool do_three(const char *fresh)
{
	return ours(&three, fresh, NULL);
}

static bool do_old(const char *fresh)
{
	return ours(&kisa, fresh, OLD);
}

static bool do_quality(const char *fresh)
{
	void *more = NULL;

	return pwquality_check(with_dictionary, fresh, NULL, "alice", &more) >= 0;
}

static bool do_quality_alone(const char *fresh)
{
	void *more = NULL;

	return pwquality_check(without, fresh, NULL, "alice", &more) >= 0;
}

static bool do_qc(const char *fresh)
{
	return passwdqc_check(&qc.qc, fresh, NULL, NULL) == NULL;
}

static struct kind {
	const char *name;
	bool (*judge)(const char *fresh);
	int slice; /* passwords: some tens of microseconds to milliseconds */
	double cost[ROUNDS_MAX];
	long taken, judged;
} kinds[] = {
    {.name = "pam-bastion, kisa", .judge = do_kisa, .slice = SET},
    {.name = "pam-bastion, iam-default", .judge = do_iam, .slice = SET},
    {.name = "pam-bastion, kisa, iam-default and cis-aws", .judge = do_three, .slice = SET},
    {.name = "pam-bastion, kisa, with the old password", .judge = do_old, .slice = SET / 4},
    {.name = "libpwquality", .judge = do_quality, .slice = 16},
    {.name = "libpwquality, dictcheck = 0", .judge = do_quality_alone, .slice = SET / 4},
    {.name = "passwdqc", .judge = do_qc, .slice = 8},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Of the processor: a slice of milliseconds is interrupted, one of microseconds is not. */
static double seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Microseconds for one password. */
static double slice(struct kind *k)
{
	const int from = (int)next((unsigned)(SET - k->slice + 1));
	const double begin = seconds();

	for (int i = 0; i < k->slice; i++)
		k->taken += k->judge(set[from + i]);
	k->judged += k->slice;
	return (seconds() - begin) * 1e6 / k->slice;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void load(struct password_policies *p, const char *list)
{
	struct err e = {0};

	if (password_policies_load(p, list, NULL, &e) != 0) {
		(void)fprintf(stderr, "%s\n", e.text);
		exit(3);
	}
}

static void begin(void)
{
	load(&kisa, "kisa");
	load(&iam, "iam-default");
	load(&three, "kisa,iam-default,cis-aws");
	with_dictionary = pwquality_default_settings();
	without = pwquality_default_settings();
	if (with_dictionary == NULL || without == NULL)
		exit(3);
	(void)pwquality_set_int_value(without, PWQ_SETTING_DICT_CHECK, 0);
	passwdqc_params_reset(&qc);
}

static void measure(size_t length, int rounds)
{
	draw(length);
	for (size_t k = 0; k < KINDS; k++) {
		kinds[k].taken = kinds[k].judged = 0;
		(void)slice(&kinds[k]); /* what the first call reads */
	}
	for (int r = 0; r < rounds; r++)
		for (size_t k = 0; k < KINDS; k++)
			kinds[k].cost[r] = slice(&kinds[k]);
	for (size_t k = 0; k < KINDS; k++) {
		struct kind *x = &kinds[k];

		qsort(x->cost, (size_t)rounds, sizeof(x->cost[0]), by_value);
		(void)printf("| %s | %zu | %.3f | %.3f to %.3f | %.0f %% |\n", x->name, length,
		    x->cost[rounds / 2], x->cost[0], x->cost[rounds - 1],
		    100.0 * (double)x->taken / (double)x->judged);
	}
}

int main(int argc, char **argv)
{
	const int rounds = argc > 1 ? atoi(argv[1]) : 101;
	static const size_t lengths[] = {8, 14, 32};

	state = argc > 2 ? strtoull(argv[2], NULL, 10) : 20261129;
	if (rounds < 1 || rounds > ROUNDS_MAX || state == 0)
		return 2;
	begin();
	(void)printf("| check of a random password | characters | median CPU us | slices, us | taken |\n"
	    "|---|---:|---:|---:|---:|\n");
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		measure(lengths[i], rounds);
	return fflush(stdout) == 0 ? 0 : 3;
}
