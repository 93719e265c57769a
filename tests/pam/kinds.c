#include "tests/pam/kinds.h"

#include "tests/pam/host.h"

#include "enroll/pending.h"
#include "lib/core/record_pw.h"
#include "lib/core/slot.h"

#include <crypt.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WORDS "retry=1 enroll_here"

void (*kinds_look)(pam_handle_t *pamh);

static struct ph_user alice; /* a device */
static struct ph_user erin;  /* a device, and remembered */
static struct ph_user frank; /* a device, and a bypass */
static struct ph_user henry; /* a device, locked */
/* dave is exempt, gina has an account and nothing else, bob enrols at the prompt. */

/* The two records of a user, as they were made. */
static struct saved {
	const char *user;
	unsigned char enroll[SLOT_FILE], hot[SLOT_FILE];
} saved_alice = {.user = "alice"}, saved_erin = {.user = "erin"}, saved_frank = {.user = "frank"},
    saved_henry = {.user = "henry"};

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

/* A salt that costs little: what is tested is no work of crypt(3). */
static void make_history(void)
{
	char salt[CRYPT_GENSALT_OUTPUT_SIZE], key[STORE_KEY_MAX];
	struct store_value v = {.version = STORE_NEW};
	struct record_pw r;
	struct store s;

	if (crypt_gensalt_rn("$y$", 1, NULL, 0, salt, sizeof(salt)) == NULL ||
	    record_pw_new(&r, salt) != 0 || store_key(key, "pw", "root") != 0 ||
	    store_open_pw(&s, &ph_conf, true, NULL) != 0)
		ph_die("a history");
	v.len = (size_t)record_pw_put(&r, v.data);
	(void)store_del(&s, key, NULL, NULL);
	if (store_put(&s, key, &v, NULL) != 0)
		ph_die("store_put");
	store_close(&s);
}

void kinds_make(void)
{
	struct record_enroll r;
	struct record_hot hot;

	ph_make("enroll = login\nremember = 1h\nexempt = user:dave until 2027-06-30\n");
	ph_words(WORDS, "need_auth");
	ph_enroll(&alice, "alice", 20001);
	ph_enroll(&erin, "erin", 20002);
	ph_enroll(&frank, "frank", 20003);
	ph_enroll(&henry, "henry", 20007);
	ph_account("dave", 20004);
	ph_account("gina", 20005);
	ph_account("bob", 20006);
	go(ph_typing(ph_with_key("erin"), ph_code(&erin, 0)), PAM_SUCCESS);
	ph_read_enroll("frank", &r);
	r.bypass_since = ph_now();
	r.bypass_life = 3600;
	ph_change_enroll("frank", &r);
	ph_read_hot("henry", &hot);
	hot.locked_since = ph_now() - 60;
	ph_change_hot("henry", &hot);
	make_history();
	save(&saved_alice);
	save(&saved_erin);
	save(&saved_frank);
	save(&saved_henry);
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

/* ---- new passwords; root's are kept in a history, nobody sets them ---- */

static void change(struct ph_login l, int expected)
{
	int code;

	ph_forget();
	ph_start(&l);
	code = pam_chauthtok(l.pamh, 0);
	if (code != expected)
		ph_die("a change of %s: %d instead of %d: %s", l.user, code, expected,
		    ph_lines > 0 ? ph_log[ph_lines - 1].text : "no log line");
	if (kinds_look != NULL)
		kinds_look(l.pamh);
	ph_end(&l);
}

static void password_taken(void)
{
	struct ph_login l = ph_stranger("root");

	for (int i = 0; i < 2; i++)
		ph_answer(&l, PH_TYPE, "rain over 7 hills");
	change(l, PAM_SUCCESS);
}

static void password_refused(void)
{
	struct ph_login l = ph_stranger("root");

	for (int i = 0; i < 6; i++)
		ph_answer(&l, PH_TYPE, "abc");
	change(l, PAM_AUTHTOK_ERR);
}

static void password_cancelled(void)
{
	struct ph_login l = ph_stranger("alice");

	ph_answer(&l, PH_FAIL, NULL);
	change(l, PAM_AUTHTOK_ERR);
}

static void password_of_nobody(void)
{
	change(ph_stranger("nobody-here"), PAM_USER_UNKNOWN);
}

/* A right code, and the refusal that is logged with this. */
static void refused(struct ph_login l, const char *code, const char *logged)
{
	go(ph_typing(l, code), PAM_AUTH_ERR);
	if (ph_lines == 0 || strstr(ph_log[0].text, logged) == NULL)
		ph_die("a login of %s: not %s: %s", l.user, logged,
		    ph_lines > 0 ? ph_log[0].text : "no log line");
}

static void locked(void)
{
	put_back(&saved_henry);
	refused(ph_with_key("henry"), ph_code(&henry, 0), "verdict=locked");
}

static void three_wrong(void)
{
	struct ph_login l = ph_with_key("alice");

	put_back(&saved_alice);
	ph_words("retry=3 enroll_here", "need_auth");
	for (int i = 0; i < 3; i++)
		ph_answer(&l, PH_TYPE, ph_wrong(&alice));
	go(l, PAM_AUTH_ERR);
	if (ph_lines != 3)
		ph_die("three answers have %d log lines", ph_lines);
	ph_words(WORDS, "need_auth");
}

/* ---- what ends inside the update ---- */

static void state_missing(void)
{
	put_back(&saved_alice);
	if (rename(ph_path("state/hot/alice"), ph_path("state/away")) != 0)
		ph_die("hot/alice: %s", strerror(errno));
	refused(ph_with_key("alice"), ph_code(&alice, 0), "reason=state_missing");
	if (rename(ph_path("state/away"), ph_path("state/hot/alice")) != 0)
		ph_die("hot/alice: %s", strerror(errno));
}

/* Her first success has bound the record to the other number. */
static void foreign_uid(void)
{
	put_back(&saved_erin);
	ph_account("erin", 30002);
	refused(ph_stranger("erin"), ph_code(&erin, 1), "reason=");
	ph_account("erin", 20002);
}

static void damaged_hot(void)
{
	static unsigned char nothing[SLOT_FILE];

	put_back(&saved_alice);
	copy_file("hot", "alice", nothing, true);
	refused(ph_with_key("alice"), ph_code(&alice, 0), "reason=record_bad");
	put_back(&saved_alice);
}

/* The lock belongs to the open file, so another one of this process holds it as well. */
static void held_lock(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd;

	put_back(&saved_alice);
	fd = open(ph_path("state/hot/alice"), O_RDWR | O_CLOEXEC);
	if (fd < 0 || fcntl(fd, F_OFD_SETLK, &lock) != 0)
		ph_die("lock: %s", strerror(errno));
	ph_hurries = true;
	refused(ph_with_key("alice"), ph_code(&alice, 0), "verdict=unavailable");
	ph_hurries = false;
	(void)close(fd);
}

static void failing(int *call, int error)
{
	put_back(&saved_alice);
	*call = error;
	refused(ph_with_key("alice"), ph_code(&alice, 0), "verdict=unavailable");
	*call = 0;
}

static void failing_sync(void)
{
	failing(&ph_sync_fails, EIO);
}

static void full_disk(void)
{
	failing(&ph_write_fails, ENOSPC);
}

static void read_only_disk(void)
{
	failing(&ph_write_fails, EROFS);
}

static void clock_before_2020(void)
{
	const int64_t now = ph_now();
	const char *code = ph_code(&alice, 0);

	put_back(&saved_alice);
	ph_clock(INT64_C(1500000000));
	refused(ph_with_key("alice"), code, "reason=clock");
	ph_clock(now);
}

const struct kind kinds[] = {
    {"right", right}, {"right without a key", right_without_a_key}, {"recovery", recovery},
    {"wrong", wrong}, {"replay", replay}, {"throttled", throttled}, {"over-long", over_long},
    {"cancelled", cancelled}, {"unknown", unknown}, {"not enrolled", not_enrolled},
    {"exempt", exempt}, {"remembered", remembered}, {"bypassed", bypassed},
    {"enrolment", enrolment}, {"enrolment cancelled", enrolment_cancelled},
    {"refused configuration", refused_configuration}, {"missing keyring", missing_keyring},
    {"bad record", bad_record}, {"account alone", account_alone},
    {"password taken", password_taken}, {"password refused", password_refused},
    {"password cancelled", password_cancelled}, {"password of nobody", password_of_nobody},
    {"locked", locked}, {"three wrong", three_wrong},
    {"state missing", state_missing}, {"foreign uid", foreign_uid},
    {"damaged hot record", damaged_hot}, {"held lock", held_lock},
    {"failing sync", failing_sync}, {"full disk", full_disk},
    {"read-only disk", read_only_disk}, {"clock before 2020", clock_before_2020},
};
const int kinds_count = sizeof(kinds) / sizeof(kinds[0]);
