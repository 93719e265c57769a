#include "tests/crash/people.h"

#include "enroll/otpauth.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SOON_MS 2000 /* as long as a login waits for a lock */

struct ph_user people_one, people_other;
const struct record_device *people_also[PEOPLE_ALSO];
const char *people_word;

void people_make(const char *more)
{
	ph_make(more);
	ph_enroll(&people_one, PEOPLE_ONE, 20001);
	ph_enroll(&people_other, PEOPLE_OTHER, 20002);
	ph_account(PEOPLE_NEW, 20003);
	memset(people_also, 0, sizeof(people_also));
	people_word = NULL;
}

static long milliseconds(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool people_try(struct ph_login *l)
{
	long start = milliseconds(), took;
	int code;

	ph_start(l);
	code = ph_authenticate(l);
	ph_end(l);
	took = milliseconds() - start;
	if (took > crash_seen->slowest)
		crash_seen->slowest = took;
	crash_must(took < SOON_MS, "the next login of %s took %ld ms", l->user, took);
	return code == PAM_SUCCESS;
}

bool people_get_in(const char *user, const char *answer)
{
	struct ph_login l = ph_typing(ph_stranger(user), answer);

	return people_try(&l);
}

void people_must_get_in(const struct ph_user *u, const char *answer, const char *what)
{
	bool in = people_get_in(u->name, answer);

	crash_must(in, "%s of %s is refused: %.300s", what, u->name,
	    ph_lines > 0 ? ph_log[ph_lines - 1].text : "nothing is logged");
}

void people_spend_once(const char *user, const char *answer, bool told)
{
	int times = told ? 1 : 0;

	for (int i = 0; i < 2; i++)
		times += people_get_in(user, answer) ? 1 : 0;
	crash_must(times <= 1, "the code got in %d times", times);
}

int people_wrong(const char *user)
{
	struct record_hot hot;
	int n = 0;

	ph_read_hot(user, &hot);
	for (int i = 0; i < RECORD_BUCKETS; i++)
		n += hot.unknown[i].wrong;
	for (int i = 0; i < RECORD_KNOWN; i++)
		n += hot.known[i].bucket.wrong;
	return n;
}

/* The first word of that length that is all capitals, digits 2 to 7 and dashes; or NULL. */
static const char *find_word(const char *text, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567-";

	for (const char *p = text; *p != '\0';) {
		size_t n = strspn(p, letters);

		if (n == len)
			return p;
		p += n > 0 ? n : 1;
	}
	return NULL;
}

static const char *find_text(const struct tree *now, const char *text, size_t len)
{
	static char why[700];
	const char *path = tree_search(now, "state/", text, len);

	if (path == NULL)
		return NULL;
	(void)snprintf(why, sizeof(why), "%s: a secret stands in clear in it", path);
	return why;
}

static const char *find_device(const struct tree *now, const struct record_device *d)
{
	const char *why = find_text(now, (const char *)d->secret, d->secret_len);
	char text[OTPAUTH_KEY_SIZE], groups[OTPAUTH_GROUPS_SIZE];

	if (otpauth_secret_base32(d, text, sizeof(text)) != 0 ||
	    otpauth_key_groups(d, groups, sizeof(groups)) != 0)
		ph_die("base32");
	if (why == NULL)
		why = find_text(now, text, strlen(text));
	return why != NULL ? why : find_text(now, groups, strlen(groups));
}

/* As it is shown, and without its dashes. */
static const char *find_code(const struct tree *now, const char *code)
{
	const char *why = find_text(now, code, RECOVERY_TEXT_SIZE - 1);
	char bare[RECOVERY_TEXT_SIZE];
	size_t n = 0;

	for (int i = 0; i < RECOVERY_TEXT_SIZE - 1; i++)
		if (code[i] != '-')
			bare[n++] = code[i];
	return why != NULL ? why : find_text(now, bare, n);
}

/* The master keys of now and of before, as they are and as the keyring spells them. */
static const char *find_master(const struct tree *now)
{
	static struct keyring_key seen[2 * KEYRING_KEYS];
	static int n;
	struct keyring k;
	const char *why = NULL;

	/* There may be none yet. */
	if (keyring_load(&k, ph_conf.keyring, NULL, NULL) != 0)
		k.count = 0;
	for (int i = 0; i < k.count; i++) {
		bool is = false;

		for (int m = 0; m < n; m++)
			is = is || memcmp(seen[m].bytes, k.key[i].bytes, KEYRING_KEY_SIZE) == 0;
		if (!is)
			seen[n++ % (2 * KEYRING_KEYS)] = k.key[i];
	}
	for (int m = 0; m < n && m < 2 * KEYRING_KEYS && why == NULL; m++) {
		unsigned char text[2 * KEYRING_KEY_SIZE];
		int len = EVP_EncodeBlock(text, seen[m].bytes, KEYRING_KEY_SIZE);

		why = find_text(now, (const char *)seen[m].bytes, KEYRING_KEY_SIZE);
		/* Without the padding, which is no secret. */
		if (why == NULL)
			why = find_text(now, (const char *)text, (size_t)len - 1);
	}
	return why;
}

static const char *find_user(const struct tree *now, const struct ph_user *u)
{
	const char *why = find_device(now, &u->device);

	for (int i = 0; i < RECORD_CODES && why == NULL; i++)
		why = find_code(now, u->recovery[i]);
	return why;
}

bool people_shown(struct record_device *d)
{
	const bool tool = tool_has_key(&crash_seen->said);
	const char *text = tool ? crash_seen->said.out : crash_seen->login.prompt;
	struct otpauth_secret s = {"shown", NULL, 32, false};
	char groups[64] = "";

	*d = (struct record_device){.id = 1, .name = "app", .algorithm = RECORD_SHA1,
	    .digits = 6, .period = PH_PERIOD};
	if (tool) {
		s.text = find_word(text, s.len);
	} else if (strstr(text, "authenticator app") != NULL) {
		/* In groups of four. */
		for (const char *p = text; s.text == NULL && (p = find_word(p, 4)) != NULL; p += 4) {
			size_t n = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567 ");

			if (n < 39)
				continue;
			(void)snprintf(groups, sizeof(groups), "%.39s", p);
			s.text = groups;
			s.len = 39;
		}
	}
	return s.text != NULL && otpauth_take_secret(&s, d, NULL) == 0;
}

const char *people_shown_code(int64_t at)
{
	static char ring[8][OTP_CODE_SIZE];
	static int next;
	char *out = ring[next++ % 8];
	struct record_device d;

	if (!people_shown(&d) || otp_code(&d, otp_step(at, d.period), out) != 0)
		ph_die("no key was shown");
	return out;
}

const char *people_leak(const struct tree *now)
{
	const char *why = find_master(now), *p = crash_seen->said.out;
	struct record_device shown;

	if (why == NULL)
		why = find_user(now, &people_one);
	if (why == NULL)
		why = find_user(now, &people_other);
	if (why == NULL && people_word != NULL)
		why = find_code(now, people_word);
	for (int i = 0; i < PEOPLE_ALSO && why == NULL; i++)
		if (people_also[i] != NULL)
			why = find_device(now, people_also[i]);
	if (why == NULL && people_shown(&shown))
		why = find_device(now, &shown);
	for (; why == NULL && (p = find_word(p, RECOVERY_TEXT_SIZE - 1)) != NULL;
	    p += RECOVERY_TEXT_SIZE - 1)
		why = find_code(now, p);
	return why;
}
