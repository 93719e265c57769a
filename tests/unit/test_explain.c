/* What a login would meet, told without one: explain.h, explain_meets.h, explain_host.h. */
#include "tests/unit/scratch.h"

#include "lib/core/login.h"
#include "lib/core/rollout.h"
#include "lib/core/word.h"
#include "pam_module/decide.h"
#include "pam_module/proof.h"
#include "policy/explain_host.h"
#include "policy/explain_meets.h"

#include <sys/mman.h>

#define NOW SCRATCH_NOW /* 2023-11-14 */
#define UID 1001
#define FIRST UINT64_C(0x1122334455660001)
#define FROM "203.0.113.7"
#define KEY \
	"publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"

static struct scratch s;
static struct explain x;
static const struct explain_query query = {.user = "alice", .service = "sshd", .from = FROM,
    .now = NOW};

static int set_up(void **state)
{
	(void)state;
	scratch_make(&s);
	/* A guarded sshd that asks, of an account that is enrolled. */
	x = (struct explain){.line = "/etc/pam.d/sshd:3", .guarded = true, .is_ssh = true,
	    .account = true, .uid = UID, .state = EXPLAIN_ENROLLED, .ssh = EXPLAIN_SSH_ASKS};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(&s);
	return 0;
}

static void meets(enum explain_meets m)
{
	assert_string_equal(explain_meets_text(explain_meets(&query, &x)), explain_meets_text(m));
}

static void service_that_proves_nothing_lets_nobody_off(void **state)
{
	(void)state;
	x.is_ssh = false;
	x.rollout.duty = ROLLOUT_EXEMPT;
	meets(EXPLAIN_CODE);
	x.rollout.duty = ROLLOUT_NOT_REQUIRED;
	meets(EXPLAIN_CODE);
	x.rollout.duty = ROLLOUT_MUST;
	x.bypass_until = NOW + 60;
	meets(EXPLAIN_CODE);
	x.state = EXPLAIN_NOT;
	meets(EXPLAIN_REFUSED_UNPROVEN);
	x.conf.enroll_by = NOW + 86400;
	x.bypass_until = 0;
	meets(EXPLAIN_REFUSED_UNPROVEN);
	x.words.after_login = true;
	meets(EXPLAIN_GRACE);
	x.uid = 0; /* root's own sudo proves nothing */
	meets(EXPLAIN_REFUSED_UNPROVEN);
	x.words.after_password = true;
	meets(EXPLAIN_GRACE);
}

static void sshd_that_asks_before_a_key_lets_nobody_off(void **state)
{
	(void)state;
	x.ssh = EXPLAIN_SSH_UNPROVEN;
	x.rollout.duty = ROLLOUT_EXEMPT;
	meets(EXPLAIN_CODE);
	x.words.after_password = true;
	meets(EXPLAIN_EXEMPT);
}

static void enroll_by_too_far_ahead_counts_for_nobody(void **state)
{
	(void)state;
	x.state = EXPLAIN_NOT;
	x.conf.enroll_by = NOW + 300 * 86400;
	meets(EXPLAIN_GRACE);
	x.conf.enroll_by = NOW + 400 * INT64_C(86400);
	meets(EXPLAIN_REFUSED_NOT_ENROLLED);
}

static void login_round_the_code_is_refused_but_for_exempt_machines(void **state)
{
	(void)state;
	x.ssh = EXPLAIN_SSH_PAST;
	meets(EXPLAIN_REFUSED_NEED_AUTH);
	x.rollout.duty = ROLLOUT_NOT_REQUIRED;
	meets(EXPLAIN_REFUSED_NEED_AUTH);
	x.rollout.duty = ROLLOUT_MUST;
	x.bypass_until = NOW + 60;
	x.remembered = 1;
	meets(EXPLAIN_REFUSED_NEED_AUTH);
	x.state = EXPLAIN_NOT;
	x.conf.enroll_by = NOW + 86400;
	meets(EXPLAIN_REFUSED_NEED_AUTH);
	/* By the account line's configuration, not the auth line's. */
	x.rollout.duty = ROLLOUT_EXEMPT;
	meets(EXPLAIN_REFUSED_NEED_AUTH);
	x.account_exempt = true;
	meets(EXPLAIN_EXEMPT);
	x.ssh = EXPLAIN_SSH_MIXED;
	x.account_exempt = false;
	meets(EXPLAIN_REFUSED_MIXED);
}

static void login_round_the_code_is_let_in_where_nothing_guards(void **state)
{
	(void)state;
	x.guarded = false;
	x.ssh = EXPLAIN_SSH_PAST;
	meets(EXPLAIN_PAST);
	x.ssh = EXPLAIN_SSH_MIXED;
	meets(EXPLAIN_PAST_MIXED);
	x.guarded = true; /* account is not asked either */
	x.ssh = EXPLAIN_SSH_NO_PAM;
	meets(EXPLAIN_PAST);
}

static void need_auth_refuses_where_no_auth_line_is(void **state)
{
	(void)state;
	x.line[0] = '\0';
	meets(EXPLAIN_REFUSED_NEED_AUTH);
	x.account_exempt = true;
	meets(EXPLAIN_EXEMPT);
	x.is_ssh = false; /* account judges sshd's logins only */
	meets(EXPLAIN_REFUSED_NEED_AUTH);
	x.guarded = false;
	meets(EXPLAIN_NOT_ASKED);
}

static void who_is_refused_before_the_code_is_not_told_that_one_is_asked(void **state)
{
	(void)state;
	x.expired = NOW - 86400;
	x.rollout.duty = ROLLOUT_EXEMPT;
	meets(EXPLAIN_REFUSED_EXPIRED);
	x.ssh = EXPLAIN_SSH_REFUSES;
	meets(EXPLAIN_REFUSED_SSHD);
	x.is_ssh = false; /* sshd's lists are its own */
	meets(EXPLAIN_REFUSED_EXPIRED);
	x.account = false;
	meets(EXPLAIN_REFUSED_NOBODY);
}

static void service_that_other_lines_open_is_told_as_open(void **state)
{
	(void)state;
	(void)snprintf(x.hole, sizeof(x.hole), "/etc/pam.d/sshd:1");
	meets(EXPLAIN_HOLE_GUARDED);
	x.guarded = false;
	meets(EXPLAIN_HOLE);
	x.state = EXPLAIN_TROUBLE;
	meets(EXPLAIN_HOLE);
	x.ssh = EXPLAIN_SSH_PAST; /* PAM's auth is not asked at all */
	meets(EXPLAIN_PAST);
	x.ssh = EXPLAIN_SSH_REFUSES;
	meets(EXPLAIN_REFUSED_SSHD);
}

static void lock_stands_before_the_invitation(void **state)
{
	(void)state;
	x.state = EXPLAIN_NOT;
	x.words.enroll_here = true;
	x.conf.enroll = CONF_ENROLL_INVITE;
	x.invited_until = NOW + 60;
	meets(EXPLAIN_WORD);
	x.locked_since = NOW - 60;
	meets(EXPLAIN_LOCKED);
	x.conf.enroll = CONF_ENROLL_LOGIN;
	meets(EXPLAIN_SHOWN_LOCKED);
}

static void remembered_place_is_not_delayed(void **state)
{
	(void)state;
	x.remembered = 1;
	x.wait = 30;
	meets(EXPLAIN_REMEMBERED_DELAYED);
	x.is_ssh = false; /* no keys, no place */
	x.words.after_login = true;
	meets(EXPLAIN_DELAYED);
}

/* ---- explain_meets() against decide() ---- */

enum records { NONE, DEVICE, INVITED, DEVICE_INVITED, BYPASS, DEVICE_BYPASS, LOCKED,
	DEVICE_LOCKED, INVITED_LOCKED, REMEMBERED, HALF, RECORDS };

static const struct {
	bool device, invited, bypass, locked, remembered, half;
} made[RECORDS] = {
    [DEVICE] = {.device = true},
    [INVITED] = {.invited = true},
    [DEVICE_INVITED] = {.device = true, .invited = true},
    [BYPASS] = {.bypass = true},
    [DEVICE_BYPASS] = {.device = true, .bypass = true},
    [LOCKED] = {.locked = true},
    [DEVICE_LOCKED] = {.device = true, .locked = true},
    [INVITED_LOCKED] = {.invited = true, .locked = true},
    [REMEMBERED] = {.device = true, .remembered = true},
    [HALF] = {.device = true, .half = true},
};

static struct sshkey_set keys;

static void remember(struct record_hot *hot)
{
	struct source from;
	struct store st;

	source_parse(FROM, 0, &from);
	scratch_open(&s, &st);
	assert_int_equal(login_hash_source(st.keyring, hot, &from, hot->remembered[0].source), 0);
	assert_int_equal(sshkey_set_hash(&keys, hot->remembered[0].keys), 0);
	hot->remembered[0].since = NOW - 60;
	store_close(&st);
}

static void make_records(enum records r)
{
	struct record_enroll enroll = scratch_enroll(made[r].device ? 1 : 0, FIRST);
	struct record_hot hot = scratch_hot(&enroll);
	char text[WORD_TEXT_SIZE];

	if (r == NONE)
		return;
	if (made[r].invited)
		assert_int_equal(word_invite(&enroll.invite, NOW - 60, 3600, text), 0);
	if (made[r].bypass) {
		enroll.bypass_since = NOW - 60;
		enroll.bypass_life = 3600;
	}
	if (made[r].locked)
		hot.locked_since = NOW - 60;
	if (made[r].remembered)
		remember(&hot);
	scratch_user(&s, "alice", &enroll, made[r].half ? NULL : &hot);
}

/* What explain has to say of what decide() does. */
static enum explain_meets expected(enum records r, const struct decide *d, bool proven)
{
	const bool locked = made[r].locked;

	switch (d->way) {
	case DECIDE_EXEMPT:
		return EXPLAIN_EXEMPT;
	case DECIDE_NOT_REQUIRED:
		return EXPLAIN_NOT_REQUIRED;
	case DECIDE_BYPASS:
		return EXPLAIN_BYPASS;
	case DECIDE_REMEMBERED:
		return EXPLAIN_REMEMBERED;
	case DECIDE_GRACE:
		return EXPLAIN_GRACE;
	case DECIDE_SHOW:
		return d->grace ? EXPLAIN_SHOWN_GRACE : locked ? EXPLAIN_SHOWN_LOCKED :
		    EXPLAIN_SHOWN;
	case DECIDE_CODE:
		break;
	}
	if (made[r].half)
		return EXPLAIN_REFUSED_TROUBLE;
	if (!made[r].device && d->take_word && d->grace)
		return EXPLAIN_WORD_GRACE;
	if (!made[r].device && !proven)
		return EXPLAIN_REFUSED_UNPROVEN;
	if (locked)
		return EXPLAIN_LOCKED;
	if (made[r].device)
		return EXPLAIN_CODE;
	return d->take_word ? EXPLAIN_WORD : EXPLAIN_REFUSED_NOT_ENROLLED;
}

/* How the login comes: sshd behind a key, sshd without one, sudo. */
enum entry { BEHIND_KEY, NO_KEY, SUDO, ENTRIES };

static void compare(enum records r, enum entry entry, const struct conf_words *w)
{
	const struct proof_facts f = {.tty = entry == SUDO ? "pts/0" : "ssh",
	    .ssh_auth_info = entry == BEHIND_KEY ? KEY : NULL, .authtok = w->after_password,
	    .ruid = UID, .account = true, .uid = UID};
	struct login_request req = {.user = "alice", .account = true, .uid = UID,
	    .proven = proof_holds(w, &f), .keys = entry == BEHIND_KEY ? &keys : NULL, .now = NOW};
	struct exempt_facts who = {.account = {"alice", UID}, .now = NOW};
	enum explain_meets want, got;
	struct decide d;

	source_parse(FROM, 0, &req.source);
	assert_int_equal(address_parse(FROM, &who.from), 0);
	decide(&s.conf, w, &req, &who, &d);
	x.words = *w;
	x.is_ssh = entry != SUDO;
	x.ssh = entry == NO_KEY ? EXPLAIN_SSH_UNPROVEN : EXPLAIN_SSH_ASKS;
	rollout_judge(&s.conf, &who, &x.rollout);
	assert_int_equal(explain_meets_proof(&x), req.proven);
	/* Which keys come is not known to explain: a place may be remembered or not. */
	want = expected(r, &d, req.proven);
	got = explain_meets(&query, &x);
	if (got == EXPLAIN_REMEMBERED && want == EXPLAIN_CODE && entry == NO_KEY && req.proven)
		return;
	if (got != want)
		fail_msg("records %d, entry %d, after_password %d, after_login %d, enroll_here %d, "
		    "enroll %d, enroll_by %lld, duty %d: decide() means '%s', explain says '%s'",
		    (int)r, (int)entry, w->after_password, w->after_login, w->enroll_here,
		    (int)s.conf.enroll, (long long)s.conf.enroll_by, (int)x.rollout.duty,
		    explain_meets_text(want), explain_meets_text(got));
}

static void compare_words(enum records r)
{
	for (int bits = 0; bits < 8; bits++) {
		const struct conf_words w = {.after_password = (bits & 1) != 0,
		    .after_login = (bits & 2) != 0, .enroll_here = (bits & 4) != 0};

		for (int entry = 0; entry < ENTRIES; entry++)
			compare(r, (enum entry)entry, &w);
	}
}

static void explain_meets_what_decide_decides(void **state)
{
	static const char *const duties[] = {"", "exempt = user:alice until 2023-12-31\n",
	    "require = user:bob\n", "exempt = user:alice until 2026-12-31\n"};
	static const char *const enrolls[] = {"admin", "invite", "login"};
	static const char *const days[] = {"", "enroll_by = 2023-11-01\n",
	    "enroll_by = 2023-12-01\n", "enroll_by = 2026-01-01\n"};
	char text[256];

	(void)state;
	sshkey_read(KEY, &keys);
	for (int r = 0; r < RECORDS; r++) {
		scratch_remove(&s);
		scratch_make(&s);
		make_records((enum records)r);
		for (int i = 0; i < 4 * 3 * 4; i++) {
			(void)snprintf(text, sizeof(text), "remember = 1h\nenroll = %s\n%s%s",
			    enrolls[i % 3], duties[i / 3 % 4], days[i / 12]);
			scratch_conf(&s, text);
			memset(&x, 0, sizeof(x));
			x = (struct explain){.conf = s.conf, .line = "sshd:3", .account = true,
			    .uid = UID};
			explain_records(&query, &x);
			compare_words((enum records)r);
		}
	}
}

static void bypass_is_believed_for_a_day_only(void **state)
{
	struct record_enroll enroll = scratch_enroll(1, FIRST);
	struct record_hot hot = scratch_hot(&enroll);

	(void)state;
	enroll.bypass_since = NOW - 86400;
	enroll.bypass_life = 900000;
	scratch_user(&s, "alice", &enroll, &hot);
	x.conf = s.conf;
	explain_records(&query, &x);
	meets(EXPLAIN_CODE);
}

/* ---- sshd and the log ---- */

static void methods_are_told_apart(void **state)
{
	static const struct {
		const char *methods;
		bool kbdint;
		enum explain_ssh ssh;
	} table[] = {
	    {"publickey,keyboard-interactive:pam", true, EXPLAIN_SSH_ASKS},
	    {"publickey,keyboard-interactive", true, EXPLAIN_SSH_ASKS},
	    {"publickey,publickey,keyboard-interactive:pam", true, EXPLAIN_SSH_ASKS},
	    /* A list that names a method which is off does not count: nobody gets in. */
	    {"publickey,keyboard-interactive:pam", false, EXPLAIN_SSH_REFUSES},
	    {"keyboard-interactive:pam", true, EXPLAIN_SSH_UNPROVEN},
	    {"keyboard-interactive:pam,publickey", true, EXPLAIN_SSH_UNPROVEN},
	    {"publickey,keyboard-interactive:pam keyboard-interactive:pam", true,
		EXPLAIN_SSH_UNPROVEN},
	    {"publickey", true, EXPLAIN_SSH_PAST},
	    {"publickey,password", true, EXPLAIN_SSH_PAST},
	    {"publickey publickey,keyboard-interactive:pam", true, EXPLAIN_SSH_MIXED},
	    {"any", true, EXPLAIN_SSH_MIXED},
	    {"any", false, EXPLAIN_SSH_PAST},
	    {"", true, EXPLAIN_SSH_REFUSES},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (explain_sshd_methods(&(struct explain_methods){table[i].methods,
		    table[i].kbdint, true, true}) != table[i].ssh)
			fail_msg("%s, %d", table[i].methods, table[i].kbdint);
}

static void list_that_names_a_method_which_is_off_does_not_count(void **state)
{
	struct explain_methods m = {"publickey,password publickey,keyboard-interactive:pam", true,
	    true, true};

	(void)state;
	assert_int_equal(explain_sshd_methods(&m), EXPLAIN_SSH_MIXED);
	m.password = false;
	assert_int_equal(explain_sshd_methods(&m), EXPLAIN_SSH_ASKS);
	m.pubkey = false;
	assert_int_equal(explain_sshd_methods(&m), EXPLAIN_SSH_REFUSES);
}

#define VERDICT "pam_bastion(sshd:auth): user=alice verdict=ok method=totp"

static bool is_verdict(const char *line, const char *user)
{
	return explain_log_is(line, strlen(line), user);
}

static void verdict_stands_behind_time_host_and_program(void **state)
{
	static const char *const lines[] = {
	    "Nov 23 09:05:01 bastion sshd[12]: " VERDICT,
	    "Nov  3 09:05:01 bastion sshd-session[12]: " VERDICT,
	    "Nov 23 09:05:01 bastion sudo: pam_bastion(sudo-i:auth): user=alice verdict=wrong",
	    "2026-11-23T09:05:01.123456+00:00 bastion sshd[12]: " VERDICT,
	    "2026-11-23T09:05:01+0000 bastion sshd[12]: pam_bastion(sshd:account): user=alice "
	    "verdict=exempt",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!is_verdict(lines[i], "alice") || is_verdict(lines[i], "alic"))
			fail_msg("%s", lines[i]);
	assert_true(is_verdict("Nov 23 09:05:01 b sshd[1]: pam_bastion(sshd:auth): user=a\\x20b "
	    "verdict=ok", "a b"));
}

static void verdict_inside_a_message_is_forged(void **state)
{
	static const char *const lines[] = {
	    "Nov 23 09:05:01 bastion mallory: x sshd[12]: " VERDICT,
	    "Nov 23 09:05:01 bastion mallory: sshd[12]: " VERDICT,
	    "Nov 23 09:05:01 bastion mallory[7]: hello " VERDICT,
	    "Nov 23 09:05:01 bastion a b: " VERDICT,
	    "Nov 23 09:05:01 bastion sshd[12]: Invalid user " VERDICT " from 192.0.2.1",
	    "Nov 23 09:05:01 bastion sshd[12]: pam_bastion(sshd:auth): user=bob verdict=wrong "
	    "detail=\"" VERDICT "\"",
	    "Nov 23 09:05:01 bastion sshd[12]: pam_bastion(sshd:auth): note=x user=alice verdict=ok",
	    "Nov 23 09:05:01 bastion sshd[12]: pam_bastion(sshd:session): user=alice verdict=ok",
	    "Nov 23 09:05:01 bastion sshd[12]: pam_bastion(a b:auth): user=alice verdict=ok",
	    "Nov 23 09:05:01 bastion sshd[x]: " VERDICT,
	    "    2026-11-23T09:05:01+0000 bastion sshd[12]: " VERDICT, /* goes on in the journal */
	    VERDICT,
	    "",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (is_verdict(lines[i], "alice"))
			fail_msg("%s", lines[i]);
}

static void broken_lines_are_no_verdict(void **state)
{
	static const char line[] = "Nov 23 09:05:01 bastion sshd[12]: " VERDICT;

	(void)state;
	for (size_t n = 0; n < sizeof(line) - sizeof("ok method=totp"); n++) {
		char *copy = malloc(n + 1);

		assert_non_null(copy);
		memcpy(copy, line, n);
		assert_false(explain_log_is(copy, n, "alice"));
		free(copy);
	}
}

/* Nothing stands behind it, not even a terminator: what is read there is a page that
 * cannot be read. */
static void empty_line_is_not_read_past_its_end(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	    0);

	(void)state;
	assert_true(two != MAP_FAILED);
	assert_int_equal(mprotect(two + page, page, PROT_NONE), 0);
	assert_false(explain_log_is(two + page, 0, "alice"));
	assert_int_equal(munmap(two, 2 * page), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(service_that_proves_nothing_lets_nobody_off),
	    T(sshd_that_asks_before_a_key_lets_nobody_off),
	    T(enroll_by_too_far_ahead_counts_for_nobody),
	    T(login_round_the_code_is_refused_but_for_exempt_machines),
	    T(login_round_the_code_is_let_in_where_nothing_guards),
	    T(need_auth_refuses_where_no_auth_line_is),
	    T(who_is_refused_before_the_code_is_not_told_that_one_is_asked),
	    T(service_that_other_lines_open_is_told_as_open),
	    T(lock_stands_before_the_invitation),
	    T(remembered_place_is_not_delayed),
	    T(explain_meets_what_decide_decides),
	    T(bypass_is_believed_for_a_day_only),
	    T(methods_are_told_apart),
	    T(list_that_names_a_method_which_is_off_does_not_count),
	    T(verdict_stands_behind_time_host_and_program),
	    T(verdict_inside_a_message_is_forged),
	    T(broken_lines_are_no_verdict),
	    T(empty_line_is_not_read_past_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
