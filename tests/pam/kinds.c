#include "tests/pam/kinds.h"

#include "tests/pam/host.h"

#include "enroll/pending.h"
#include "lib/core/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS "retry=1 enroll_here"

void (*kinds_look)(pam_handle_t *pamh);

static struct ph_user alice; /* a device */
static struct ph_user erin;  /* a device, and remembered */
static struct ph_user frank; /* a device, and a bypass */
/* dave is exempt, gina has an account and nothing else, bob enrols at the prompt. */

/* The two records of a user, as they were made. */
static struct saved {
	const char *user;
	unsigned char enroll[SLOT_FILE], hot[SLOT_FILE];
} saved_alice = {.user = "alice"}, saved_erin = {.user = "erin"}, saved_frank = {.user = "frank"};

static void copy_file(const char *kind, const char *user, unsigned char *bytes, bool back)
{
	char path[64];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "state/%s/%s", kind, user);
	fd = open(ph_path(path), O_RDWR | O_CLOEXEC);
	n = back ? pwrite(fd, bytes, SLOT_FILE, 0) : pread(fd, bytes, SLOT_FILE, 0);
	if (n != SLOT_FILE)
		ph_die("%s: %s", path, strerror(errno));
	(void)close(fd);
}

static void save(struct saved *s)
{
	copy_file("enroll", s->user, s->enroll, false);
	copy_file("hot", s->user, s->hot, false);
}

static void put_back(struct saved *s)
{
	copy_file("enroll", s->user, s->enroll, true);
	copy_file("hot", s->user, s->hot, true);
}

/* One whole transaction that ends with this code. */
static void go(struct ph_login l, int expected)
{
	int code;

	ph_forget();
	ph_start(&l);
	code = ph_authenticate(&l);
	if (code != expected)
		ph_die("a login of %s: %d instead of %d: %s", l.user, code, expected,
		    ph_lines > 0 ? ph_log[ph_lines - 1].text : "no log line");
	if (code == PAM_SUCCESS && pam_acct_mgmt(l.pamh, 0) != PAM_SUCCESS)
		ph_die("account refuses %s", l.user);
	(void)pam_setcred(l.pamh, PAM_ESTABLISH_CRED);
	(void)pam_open_session(l.pamh, 0);
	(void)pam_close_session(l.pamh, 0);
	if (kinds_look != NULL)
		kinds_look(l.pamh);
	ph_end(&l);
}

void kinds_make(void)
{
	struct record_enroll r;

	ph_make("enroll = login\nremember = 1h\nexempt = user:dave until 2027-06-30\n");
	ph_words(WORDS, "need_auth");
	ph_enroll(&alice, "alice", 20001);
	ph_enroll(&erin, "erin", 20002);
	ph_enroll(&frank, "frank", 20003);
	ph_account("dave", 20004);
	ph_account("gina", 20005);
	ph_account("bob", 20006);
	go(ph_typing(ph_with_key("erin"), ph_code(&erin, 0)), PAM_SUCCESS);
	ph_read_enroll("frank", &r);
	r.bypass_since = ph_now();
	r.bypass_life = 3600;
	ph_change_enroll("frank", &r);
	save(&saved_alice);
	save(&saved_erin);
	save(&saved_frank);
}

static void right(void)
{
	put_back(&saved_alice);
	go(ph_typing(ph_with_key("alice"), ph_code(&alice, 0)), PAM_SUCCESS);
}

static void right_without_a_key(void)
{
	put_back(&saved_alice);
	go(ph_typing(ph_stranger("alice"), ph_code(&alice, 1)), PAM_SUCCESS);
}

static void recovery(void)
{
	put_back(&saved_alice);
	go(ph_typing(ph_stranger("alice"), alice.recovery[7]), PAM_SUCCESS);
}

static void wrong(void)
{
	put_back(&saved_alice);
	go(ph_typing(ph_with_key("alice"), ph_wrong(&alice)), PAM_AUTH_ERR);
}

static void replay(void)
{
	right_without_a_key();
	go(ph_typing(ph_with_key("alice"), ph_code(&alice, 1)), PAM_AUTH_ERR);
}

static void throttled(void)
{
	put_back(&saved_alice);
	for (int i = 0; i < 4; i++)
		go(ph_typing(ph_stranger("alice"), ph_wrong(&alice)), PAM_AUTH_ERR);
	go(ph_typing(ph_stranger("alice"), ph_code(&alice, 0)), PAM_AUTH_ERR);
}

static void over_long(void)
{
	put_back(&saved_alice);
	go(ph_typing(ph_stranger("alice"), "an answer that is a good deal longer than any code or "
	    "word can be, whatever stands between"), PAM_AUTH_ERR);
}

static void cancelled(void)
{
	struct ph_login l = ph_with_key("alice");

	put_back(&saved_alice);
	ph_answer(&l, PH_FAIL, NULL);
	go(l, PAM_CONV_ERR);
}

static void unknown(void)
{
	go(ph_typing(ph_stranger("no-such-name"), "123456"), PAM_AUTH_ERR);
}

static void not_enrolled(void)
{
	go(ph_typing(ph_stranger("gina"), "123456"), PAM_AUTH_ERR);
}

static void exempt(void)
{
	go(ph_with_key("dave"), PAM_SUCCESS);
}

static void remembered(void)
{
	put_back(&saved_erin);
	go(ph_with_key("erin"), PAM_SUCCESS);
}

static void bypassed(void)
{
	put_back(&saved_frank);
	go(ph_with_key("frank"), PAM_SUCCESS);
}

static void forget_bob(void)
{
	(void)unlink(ph_path("state/enroll/bob"));
	(void)unlink(ph_path("state/hot/bob"));
}

static const char *shown_code(struct ph_login *l)
{
	return ph_shown_code(l->prompt, 0);
}

static void enrolment(void)
{
	struct ph_login l = ph_with_key("bob");

	forget_bob();
	ph_answer(&l, PH_TYPE, "i");
	ph_answer_call(&l, shown_code);
	go(l, PAM_SUCCESS);
}

static void enrolment_cancelled(void)
{
	struct ph_login l = ph_with_key("bob");

	forget_bob();
	ph_answer(&l, PH_FAIL, NULL);
	go(l, PAM_CONV_ERR);
}

static void refused_configuration(void)
{
	ph_words("retry=9", "");
	go(ph_typing(ph_stranger("alice"), ph_code(&alice, 0)), PAM_SERVICE_ERR);
	ph_words(WORDS, "need_auth");
}

static void missing_keyring(void)
{
	if (rename(ph_path("etc/keyring"), ph_path("etc/away")) != 0)
		ph_die("keyring: %s", strerror(errno));
	go(ph_typing(ph_with_key("alice"), "123456"), PAM_AUTH_ERR);
	if (rename(ph_path("etc/away"), ph_path("etc/keyring")) != 0)
		ph_die("keyring: %s", strerror(errno));
}

/* A record that does not open: sealed for somebody else. */
static void bad_record(void)
{
	copy_file("enroll", "alice", saved_erin.enroll, true);
	go(ph_typing(ph_with_key("alice"), "123456"), PAM_AUTH_ERR);
	put_back(&saved_alice);
}

static void account_alone(void)
{
	struct ph_login l = ph_stranger("dave");

	ph_forget();
	ph_start(&l);
	if (pam_acct_mgmt(l.pamh, 0) != PAM_SUCCESS)
		ph_die("account refuses dave, who is exempt");
	if (kinds_look != NULL)
		kinds_look(l.pamh);
	ph_end(&l);
	l = ph_stranger("alice");
	ph_start(&l);
	if (pam_acct_mgmt(l.pamh, 0) != PAM_PERM_DENIED)
		ph_die("account lets alice in without a code");
	if (kinds_look != NULL)
		kinds_look(l.pamh);
	ph_end(&l);
}

static void password_change(void)
{
	struct ph_login l = ph_stranger("alice");

	ph_forget();
	ph_start(&l);
	if (pam_chauthtok(l.pamh, 0) == PAM_SUCCESS)
		ph_die("a password was changed");
	ph_end(&l);
}

const struct kind kinds[] = {
    {"right", right}, {"right without a key", right_without_a_key}, {"recovery", recovery},
    {"wrong", wrong}, {"replay", replay}, {"throttled", throttled}, {"over-long", over_long},
    {"cancelled", cancelled}, {"unknown", unknown}, {"not enrolled", not_enrolled},
    {"exempt", exempt}, {"remembered", remembered}, {"bypassed", bypassed},
    {"enrolment", enrolment}, {"enrolment cancelled", enrolment_cancelled},
    {"refused configuration", refused_configuration}, {"missing keyring", missing_keyring},
    {"bad record", bad_record}, {"account alone", account_alone},
    {"password change", password_change},
};
const int kinds_count = sizeof(kinds) / sizeof(kinds[0]);
