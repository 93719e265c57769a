#include "pam_module/hold.h"

#include "lib/core/login_reserve.h"
#include "lib/core/rollout.h"
#include "pam_module/report.h"

#include <security/pam_ext.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define NAME "pam_bastion_reserved"
#define LOCK_MS 1500 /* less than a login waits for a lock */
#define POLL_LEAST_MS 20
#define POLL_MOST_MS 120

static void drop(pam_handle_t *pamh, void *data, int status)
{
	(void)pamh;
	(void)status;
	free(data);
}

static struct login_reserved *read_mark(pam_handle_t *pamh)
{
	const void *data = NULL;

	if (pam_get_data(pamh, NAME, &data) != PAM_SUCCESS)
		return NULL;
	return (struct login_reserved *)(uintptr_t)data;
}

/* Before anything is reserved: what cannot be kept could not be given back. */
static struct login_reserved *make_mark(pam_handle_t *pamh)
{
	struct login_reserved *kept = read_mark(pamh);

	if (kept != NULL || (kept = calloc(1, sizeof(*kept))) == NULL)
		return kept;
	if (pam_set_data(pamh, NAME, kept, drop) == PAM_SUCCESS)
		return kept;
	free(kept);
	return NULL;
}

static int64_t milliseconds(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Longer from time to time, and not all who wait at once. */
static void pause_a_little(int round)
{
	long ms = POLL_LEAST_MS + round * 10 + getpid() % 17;
	struct timespec t = {.tv_nsec = (ms < POLL_MOST_MS ? ms : POLL_MOST_MS) * 1000000L};

	(void)nanosleep(&t, NULL);
}

/* Trouble that came at once is no crowd; that of a lock which others held all the time is. */
static bool is_crowded(int code, int64_t ms)
{
	return code == ERR_UNAVAIL && ms >= LOCK_MS;
}

/* Waits for those that are open, with nothing held; then it is one try too many. */
static enum reserve_answer take(struct attempt *a, struct login_reserved *kept)
{
	const int64_t end = milliseconds() + LOGIN_RESERVE_WAIT * 1000;

	for (int round = 0;; round++) {
		const int64_t start = milliseconds();
		enum reserve_answer answer;

		attempt_clock(a);
		answer = login_reserve(&a->en->conf, &a->req, kept, &a->res);
		if (answer == RESERVE_TAKEN || answer == RESERVE_THROTTLED ||
		    (answer == RESERVE_NONE && (milliseconds() >= end ||
		    !is_crowded(a->res.err.code, milliseconds() - start))))
			return answer;
		if (milliseconds() >= end)
			break;
		pause_a_little(round);
	}
	a->res.verdict = LOGIN_THROTTLED;
	a->res.reason = "reserved";
	return RESERVE_THROTTLED;
}

/* A console account that is exempt gets in with a dead disk (rollout.h): where nothing can
 * be kept, its passwords are not counted.  Never from elsewhere, and never for who has called
 * su or sudo: he could make the trouble himself, by limits or by stopping another of his. */
static bool does_without(const struct attempt *a)
{
	struct rollout r;

	if (!a->who.local || !a->req.account || getuid() != 0)
		return false;
	rollout_judge(&a->en->conf, &a->who, &r);
	return r.duty == ROLLOUT_EXEMPT;
}

static int go_on_without(const struct attempt *a, struct login_reserved *kept)
{
	*kept = (struct login_reserved){0};
	report_note(a->en->pamh, a->req.user, "not_reserved", a->res.err.text[0] != '\0' ?
	    a->res.err.text : a->res.reason);
	return PAM_IGNORE;
}

static int reserve(struct attempt *a, int64_t began)
{
	struct report r = {&a->req, &a->res, a->key, NULL, 0};
	struct login_reserved *kept = make_mark(a->en->pamh);
	enum reserve_answer answer;

	if (kept == NULL) {
		report_trouble(a->en->pamh, "system", NULL);
		return PAM_AUTHINFO_UNAVAIL;
	}
	answer = take(a, kept);
	if (answer == RESERVE_TAKEN)
		return PAM_IGNORE;
	if (answer == RESERVE_NONE && does_without(a))
		return go_on_without(a, kept);
	r.ms = (long)(milliseconds() - began);
	report_login(a->en->pamh, &r);
	return answer == RESERVE_THROTTLED ? PAM_AUTH_ERR : PAM_AUTHINFO_UNAVAIL;
}

/* The same question as that of the password line behind, which finds the answer.  It stays
 * libpam's: it is never copied, and an empty one is judged like any other. */
int hold_line(struct attempt *a)
{
	const char *typed = NULL;
	int r = pam_get_authtok(a->en->pamh, PAM_AUTHTOK, &typed, NULL);

	if (r != PAM_SUCCESS || typed == NULL) {
		report_trouble(a->en->pamh, "conversation", NULL);
		return PAM_CONV_ERR;
	}
	r = reserve(a, milliseconds());
	if (a->en->words.debug)
		pam_syslog(a->en->pamh, LOG_DEBUG, "reserve: %s", r == PAM_IGNORE ?
		    "the password is judged" : "the password is not judged");
	return r;
}

static int give_back(struct attempt *a, struct login_reserved *kept, bool whole,
    struct err *note, struct err *e)
{
	const int64_t end = milliseconds() + LOGIN_RESERVE_WAIT * 1000;
	int64_t start;
	int r;

	do {
		start = milliseconds();
		attempt_clock(a);
		r = login_give_back(&a->en->conf, &a->req, kept, whole, note, e);
	} while (is_crowded(r, milliseconds() - start) && milliseconds() < end);
	return r;
}

int hold_give_back(struct attempt *a, bool whole)
{
	struct login_reserved *kept = read_mark(a->en->pamh);
	struct err note, e = {0};
	int r;

	if (kept == NULL)
		return 0;
	r = give_back(a, kept, whole, &note, &e);
	if (r != 0) {
		login_refuse(&a->res, r);
		a->res.err = e;
		report_login(a->en->pamh, &(struct report){&a->req, &a->res, a->key, NULL, 0});
		return r;
	}
	if (note.code != 0)
		report_note(a->en->pamh, a->req.user, "no_state_of_its_own", note.text);
	if (whole)
		hold_forget(a->en->pamh);
	return 0;
}

void hold_forget(pam_handle_t *pamh)
{
	struct login_reserved *kept = read_mark(pamh);

	if (kept != NULL && kept->id == 0)
		*kept = (struct login_reserved){0};
}

bool hold_is(pam_handle_t *pamh)
{
	const struct login_reserved *kept = read_mark(pamh);

	return kept != NULL && kept->key[0] != '\0';
}
