/* login() over a real store: DESIGN.md 'One login is one straight line'. */
#include "tests/unit/scratch.h"

#include "lib/core/login.h"
#include "lib/core/slot.h"
#include "lib/core/sshkey.h"
#include "lib/core/word.h"

#define NOW SCRATCH_NOW
#define ALICE_UID 1001
#define FIRST UINT64_C(0x1122334455660001)

struct world {
	struct scratch s;
	struct record_enroll enroll;
	struct record_hot hot;
	char recovery[RECORD_CODES][RECOVERY_TEXT_SIZE];
};

static struct world w;

/* alice with so many devices and ten recovery codes; decoys for the others. */
static void make_world(int devices)
{
	scratch_remove(&w.s);
	memset(&w, 0, sizeof(w));
	scratch_make(&w.s);
	w.enroll = scratch_enroll(devices, FIRST);
	assert_int_equal(recovery_new(&w.enroll.recovery, w.recovery, NULL), 0);
	w.hot = scratch_hot(&w.enroll);
	scratch_decoy(&w.s, "alice");
	scratch_decoy(&w.s, "bob");
	scratch_decoy(&w.s, "nobody-such");
}

static int set_up(void **state)
{
	(void)state;
	make_world(1);
	scratch_user(&w.s, "alice", &w.enroll, &w.hot);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(&w.s);
	return 0;
}

static struct login_request request(const char *answer, int64_t now)
{
	struct login_request q = {.user = "alice", .account = true, .uid = ALICE_UID,
	    .answer = answer, .now = now};

	source_parse("203.0.113.7", 0, &q.source);
	return q;
}

static struct login_result judged(const struct login_request *q)
{
	struct login_result res;

	memset(&res, 0xee, sizeof(res));
	login(&w.s.conf, q, &res);
	return res;
}

static struct login_result answer(const char *typed, int64_t now)
{
	struct login_request q = request(typed, now);

	return judged(&q);
}

/* The code of device i, so many steps off. */
static const char *code(int i, int64_t now, int skew)
{
	static char text[OTP_CODE_SIZE];
	const struct record_device *d = &w.enroll.device[i];

	assert_int_equal(otp_code(d, otp_step(now, d->period) + (uint64_t)(int64_t)skew, text), 0);
	return text;
}

/* Six digits that no device takes at this time. */
static const char *wrong(int64_t now)
{
	static char text[OTP_CODE_SIZE];

	for (unsigned int n = 0;; n++) {
		struct otp_match m = {0};
		struct answer a;
		bool hit = false;

		(void)snprintf(text, sizeof(text), "%06u", n);
		answer_read(text, &a);
		for (int i = 0; i < w.enroll.devices; i++) {
			assert_int_equal(otp_match(&w.enroll.device[i], &a, now, 2, &m), 0);
			hit |= m.hit;
		}
		if (!hit)
			return text;
	}
}

static void assert_verdict(const struct login_result *r, enum login_verdict v,
    const char *reason)
{
	if (r->verdict != v)
		fail_msg("verdict=%s reason=%s (%s)", login_verdict_name(r->verdict),
		    r->reason != NULL ? r->reason : "-", r->err.text);
	if (reason == NULL)
		assert_null(r->reason);
	else
		assert_string_equal(r->reason, reason);
}

static void assert_refused_like_wrong(const struct login_result *r)
{
	assert_int_not_equal(r->verdict, LOGIN_OK);
	assert_int_equal(r->rule, STATE_WRONG);
	assert_int_equal(r->missed.count, 0);
	assert_int_equal(r->device[0], '\0');
	assert_null(r->method);
}

static void right_code_logs_in(void **state)
{
	struct login_result r = answer(code(0, NOW, 0), NOW);
	struct record_hot h = scratch_read_hot(&w.s, "alice");

	(void)state;
	assert_verdict(&r, LOGIN_OK, NULL);
	assert_int_equal(r.rule, STATE_OK);
	assert_string_equal(r.method, "totp");
	assert_string_equal(r.device, w.enroll.device[0].name);
	assert_string_equal(r.store, "file");
	assert_int_equal(r.skew, 0);
	assert_int_equal(h.entry[0].last_step, otp_step(NOW, 30));
	assert_int_equal(h.entry[0].last_used, NOW);
	assert_true(h.ever_confirmed);
	assert_true(h.uid_bound);
	assert_int_equal(h.uid, ALICE_UID);
}

static void code_with_blanks_and_dashes_logs_in(void **state)
{
	char text[32];
	const char *c = code(0, NOW, 0);
	struct login_result r;

	(void)state;
	(void)snprintf(text, sizeof(text), " %.3s-%.3s ", c, c + 3);
	r = answer(text, NOW);
	assert_verdict(&r, LOGIN_OK, NULL);
}

static void same_code_is_refused_twice(void **state)
{
	struct login_result r = answer(code(0, NOW, 0), NOW);

	(void)state;
	assert_verdict(&r, LOGIN_OK, NULL);
	r = answer(code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_REPLAY, NULL);
	assert_int_equal(r.rule, STATE_REPLAY);
	r = answer(code(0, NOW, 0), NOW + 29);
	assert_verdict(&r, LOGIN_REPLAY, NULL);
	r = answer(code(0, NOW + 30, 0), NOW + 30);
	assert_verdict(&r, LOGIN_OK, NULL);
}

static void code_is_spent_for_every_source(void **state)
{
	struct login_request q = request(code(0, NOW, 0), NOW);
	struct login_result r = judged(&q);

	(void)state;
	assert_verdict(&r, LOGIN_OK, NULL);
	source_parse("2001:db8::1", 0, &q.source);
	r = judged(&q);
	assert_verdict(&r, LOGIN_REPLAY, NULL);
}

static void wrong_code_is_counted_durably(void **state)
{
	struct login_result r = answer(wrong(NOW), NOW);
	struct record_hot h = scratch_read_hot(&w.s, "alice");

	(void)state;
	assert_verdict(&r, LOGIN_WRONG, NULL);
	assert_int_equal(h.missed.count, 1);
	assert_int_equal(h.missed.last, NOW);
	assert_int_equal(h.missed.from.kind, SOURCE_IPV4);
	assert_false(h.ever_confirmed);
	assert_false(h.uid_bound);
	/* Letters count like digits. */
	r = answer("hello", NOW);
	assert_verdict(&r, LOGIN_WRONG, NULL);
	r = answer("AAAA-BBBB-CCCC-DDDD", NOW);
	assert_verdict(&r, LOGIN_WRONG, NULL);
	assert_int_equal(scratch_read_hot(&w.s, "alice").missed.count, 3);
}

static void right_code_in_a_delay_is_throttled(void **state)
{
	struct login_result r;

	(void)state;
	for (int i = 0; i < 3; i++)
		r = answer(wrong(NOW), NOW);
	r = answer(code(0, NOW + 29, 0), NOW + 29);
	assert_verdict(&r, LOGIN_THROTTLED, NULL);
	assert_int_equal(r.wait, 1);
	r = answer(code(0, NOW + 30, 0), NOW + 30);
	assert_verdict(&r, LOGIN_OK, NULL);
	assert_int_equal(r.missed.count, 3);
	assert_int_equal(r.missed.first, NOW);
}

static void owner_at_a_known_source_is_not_delayed_by_others(void **state)
{
	struct login_request q = request(NULL, NOW);
	struct login_result r = answer(code(0, NOW, 0), NOW);

	(void)state;
	assert_verdict(&r, LOGIN_OK, NULL);
	for (int i = 0; i < 200; i++) {
		char host[32];

		(void)snprintf(host, sizeof(host), "198.51.100.%d", i);
		source_parse(host, 0, &q.source);
		q.answer = wrong(NOW + 30);
		q.now = NOW + 30;
		r = judged(&q);
		assert_int_not_equal(r.verdict, LOGIN_OK);
	}
	assert_int_equal(r.verdict, LOGIN_THROTTLED);
	r = answer(code(0, NOW + 30, 0), NOW + 30);
	assert_verdict(&r, LOGIN_OK, NULL);
	assert_true(r.missed.count >= 64);
}

static void host_name_is_never_a_known_source(void **state)
{
	struct login_request q = request(code(0, NOW, 0), NOW);
	struct login_result r;

	(void)state;
	source_parse("home.example.com", 0, &q.source);
	r = judged(&q);
	assert_verdict(&r, LOGIN_OK, NULL);
	assert_int_equal(scratch_read_hot(&w.s, "alice").known[0].since, 0);
	source_parse("203.0.113.7", 0, &q.source);
	q.answer = code(0, NOW, 1);
	r = judged(&q);
	assert_verdict(&r, LOGIN_OK, NULL);
	assert_int_equal(scratch_read_hot(&w.s, "alice").known[0].since, NOW);
}

static void hundred_proven_wrong_codes_lock(void **state)
{
	struct login_request q = request(NULL, NOW);
	struct login_result r;
	int64_t now = NOW;
	int judged_codes = 0;

	(void)state;
	q.proven = true;
	for (int i = 0; i < 101; i++, now += 3600) {
		q.answer = wrong(now);
		q.now = now;
		r = judged(&q);
		judged_codes += r.verdict == LOGIN_WRONG;
	}
	assert_verdict(&r, LOGIN_LOCKED, NULL);
	assert_int_equal(judged_codes, 100);
	r = answer(code(0, now, 0), now);
	assert_verdict(&r, LOGIN_LOCKED, NULL);
	r = answer(w.recovery[0], now);
	assert_verdict(&r, LOGIN_OK, NULL);
	r = answer(code(0, now, 0), now);
	assert_verdict(&r, LOGIN_OK, NULL);
}

static void lock_after_of_the_configuration_holds(void **state)
{
	struct login_request q = request(NULL, NOW);
	struct login_result r;

	(void)state;
	scratch_conf(&w.s, "lock_after = 2\n");
	q.proven = true;
	q.answer = wrong(NOW);
	(void)judged(&q);
	r = judged(&q);
	assert_verdict(&r, LOGIN_WRONG, NULL);
	r = judged(&q);
	assert_verdict(&r, LOGIN_LOCKED, NULL);
}

static void recovery_code_works_once(void **state)
{
	struct login_result r = answer(w.recovery[3], NOW);
	struct record_hot h = scratch_read_hot(&w.s, "alice");

	(void)state;
	assert_verdict(&r, LOGIN_OK, NULL);
	assert_string_equal(r.method, "recovery");
	assert_int_equal(r.recovery_left, 9);
	assert_int_equal(r.device[0], '\0');
	assert_int_equal(h.spent[0].used, 1 << 3);
	assert_int_equal(recovery_left(&w.enroll.recovery, &h), 9);
	r = answer(w.recovery[3], NOW);
	assert_verdict(&r, LOGIN_REPLAY, NULL);
	assert_string_equal(r.method, "recovery");
	r = answer(w.recovery[4], NOW);
	assert_verdict(&r, LOGIN_OK, NULL);
	assert_int_equal(r.recovery_left, 8);
}

static void window_is_one_step_either_side(void **state)
{
	struct login_result r = answer(code(0, NOW, -2), NOW);

	(void)state;
	assert_verdict(&r, LOGIN_WRONG, NULL);
	r = answer(code(0, NOW, 2), NOW);
	assert_verdict(&r, LOGIN_WRONG, NULL);
	r = answer(code(0, NOW, -1), NOW);
	assert_verdict(&r, LOGIN_OK, NULL);
	assert_int_equal(r.skew, -1);
	r = answer(code(0, NOW, 1), NOW);
	assert_verdict(&r, LOGIN_OK, NULL);
	assert_int_equal(r.skew, 1);
	/* Having taken +1, the present step is behind it. */
	r = answer(code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_REPLAY, NULL);
}

static void clock_set_back_accepts_nothing_old(void **state)
{
	struct login_result r = answer(code(0, NOW, 0), NOW);

	(void)state;
	assert_verdict(&r, LOGIN_OK, NULL);
	r = answer(code(0, NOW - 3600, 0), NOW - 3600);
	assert_verdict(&r, LOGIN_REPLAY, NULL);
}

static void every_device_of_a_user_logs_in(void **state)
{
	(void)state;
	make_world(8);
	scratch_user(&w.s, "alice", &w.enroll, &w.hot);
	for (int i = 0; i < 8; i++) {
		struct login_result r = answer(code(i, NOW, 0), NOW);

		assert_verdict(&r, LOGIN_OK, NULL);
		assert_string_equal(r.device, w.enroll.device[i].name);
	}
}

static void one_code_advances_both_devices_of_one_secret(void **state)
{
	struct login_result r;
	struct record_hot h;

	(void)state;
	make_world(2);
	memcpy(w.enroll.device[1].secret, w.enroll.device[0].secret, RECORD_SECRET_MAX);
	scratch_user(&w.s, "alice", &w.enroll, &w.hot);
	r = answer(code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_OK, NULL);
	h = scratch_read_hot(&w.s, "alice");
	assert_int_equal(h.entry[0].last_step, otp_step(NOW, 30));
	assert_int_equal(h.entry[1].last_step, otp_step(NOW, 30));
	r = answer(code(1, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_REPLAY, NULL);
}

/* Written like any other, or names that sshd knows would be told from those that it
 * does not, for which it puts an answer of its own. */
static void empty_and_over_long_answers_are_written_and_not_counted(void **state)
{
	unsigned char before[SLOT_FILE], after[SLOT_FILE];
	struct record_hot hot;
	char longest[ANSWER_TYPED_MAX + 2];
	static const char *const blanks[] = {NULL, "", " ", "\t - \r"};
	struct login_result r;

	(void)state;
	memset(longest, '1', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
		(void)scratch_bytes(&w.s, "hot/alice", before, sizeof(before));
		r = answer(blanks[i], NOW);
		(void)scratch_bytes(&w.s, "hot/alice", after, sizeof(after));
		assert_memory_not_equal(before, after, sizeof(before));
		assert_verdict(&r, LOGIN_WRONG, "empty");
		assert_refused_like_wrong(&r);
	}
	r = answer(longest, NOW);
	assert_verdict(&r, LOGIN_WRONG, "over_long");
	hot = scratch_read_hot(&w.s, "alice");
	assert_int_equal(hot.missed.count, 0);
	r = answer(code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_OK, NULL);
}

/* Every judged, throttled or replayed answer is one new write of the record. */
static void every_attempt_is_written(void **state)
{
	const char *const *typed;
	char right[OTP_CODE_SIZE], bad[OTP_CODE_SIZE];
	const char *const tries[] = {bad, right, right, bad, bad, bad, bad, right, NULL};

	(void)state;
	memcpy(right, code(0, NOW, 0), sizeof(right));
	memcpy(bad, wrong(NOW), sizeof(bad));
	for (typed = tries; *typed != NULL; typed++) {
		unsigned char before[SLOT_FILE], after[SLOT_FILE];

		(void)scratch_bytes(&w.s, "hot/alice", before, sizeof(before));
		(void)answer(*typed, NOW);
		(void)scratch_bytes(&w.s, "hot/alice", after, sizeof(after));
		assert_memory_not_equal(before, after, sizeof(before));
	}
}

static void not_enrolled_is_refused_like_wrong(void **state)
{
	struct login_request q = request("123456", NOW);
	struct login_result r;

	(void)state;
	q.user = "bob";
	r = judged(&q);
	assert_verdict(&r, LOGIN_NOT_ENROLLED, NULL);
	assert_refused_like_wrong(&r);
}

static void unknown_account_is_refused_like_wrong(void **state)
{
	struct login_request q = request("123456", NOW);
	struct login_result r;

	(void)state;
	q.user = "nobody-such";
	q.account = false;
	r = judged(&q);
	assert_verdict(&r, LOGIN_NOT_ENROLLED, "no_account");
	assert_refused_like_wrong(&r);
}

/* The right code of a decoy (whoever could know it).  One name a test: two may have one
 * decoy, where the same code is used already. */
static void try_decoys_own_code(const char *user, bool account, const char *reason)
{
	struct record_device decoy = scratch_device(UINT64_C(0xdec0de0000000001));
	struct login_request q = request(NULL, NOW);
	char text[OTP_CODE_SIZE];
	struct login_result r;

	assert_int_equal(otp_code(&decoy, otp_step(NOW, 30), text), 0);
	q.answer = text;
	q.user = user;
	q.account = account;
	r = judged(&q);
	assert_verdict(&r, LOGIN_NOT_ENROLLED, reason);
	assert_refused_like_wrong(&r);
}

static void decoys_own_code_lets_nobody_in(void **state)
{
	(void)state;
	try_decoys_own_code("bob", true, NULL);
}

static void decoys_own_code_lets_no_unknown_name_in(void **state)
{
	(void)state;
	try_decoys_own_code("nobody-such", false, "no_account");
}

static void record_without_an_account_counts_for_nothing(void **state)
{
	struct login_request q = request(code(0, NOW, 0), NOW);
	struct login_result r;
	struct record_hot h;

	(void)state;
	q.account = false;
	r = judged(&q);
	assert_verdict(&r, LOGIN_NOT_ENROLLED, "no_account");
	assert_refused_like_wrong(&r);
	h = scratch_read_hot(&w.s, "alice");
	assert_int_equal(h.entry[0].last_step, 0);
	assert_false(h.ever_confirmed);
}

static void guesses_at_an_unknown_name_are_throttled_too(void **state)
{
	struct login_request q = request("not a code", NOW);
	struct login_result r;

	(void)state;
	q.user = "nobody-such";
	q.account = false;
	for (int i = 0; i < 3; i++)
		r = judged(&q);
	assert_int_equal(r.rule, STATE_WRONG);
	r = judged(&q);
	assert_verdict(&r, LOGIN_NOT_ENROLLED, "no_account");
	assert_int_equal(r.rule, STATE_THROTTLED);
	assert_int_equal(r.wait, 30);
}

static void guess_at_an_unknown_name_is_written_to_its_decoy(void **state)
{
	struct login_request q = request("123456", NOW);
	char key[STORE_KEY_MAX];
	struct store st;

	(void)state;
	scratch_open(&w.s, &st);
	assert_int_equal(store_decoy_key(&st, key, "hot", "nobody-such"), 0);
	store_close(&st);
	q.user = "nobody-such";
	q.account = false;
	(void)judged(&q);
	(void)judged(&q);
	assert_int_equal(scratch_read_hot_key(&w.s, key).missed.count, 2);
	assert_int_equal(scratch_read_hot(&w.s, "alice").missed.count, 0);
}

static void very_long_or_odd_names_are_refused_like_wrong(void **state)
{
	static char longest[5000];
	static const char *const names[] = {"", ".", "..", "../hot/alice", "/etc/passwd", "%",
	    "a/b", "alice\n", longest};
	struct login_request q = request("123456", NOW);

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct login_result r;

		scratch_decoy(&w.s, names[i]);
		q.user = names[i];
		for (int account = 0; account < 2; account++) {
			q.account = account == 1;
			r = judged(&q);
			assert_verdict(&r, LOGIN_NOT_ENROLLED,
			    q.account ? NULL : "no_account");
			assert_int_not_equal(r.rule, STATE_OK);
		}
	}
}

static void never_confirmed_hot_without_enrolment_is_not_enrolled(void **state)
{
	struct login_request q = request("123456", NOW);
	struct login_result r;

	(void)state;
	scratch_user(&w.s, "bob", NULL, &w.hot);
	q.user = "bob";
	r = judged(&q);
	assert_verdict(&r, LOGIN_NOT_ENROLLED, NULL);
	assert_refused_like_wrong(&r);
	assert_int_equal(scratch_read_hot(&w.s, "bob").missed.count, 1);
}

static void confirmed_hot_without_enrolment_is_state_missing(void **state)
{
	struct login_request q = request("123456", NOW);
	struct login_result r;

	(void)state;
	w.hot.ever_confirmed = true;
	scratch_user(&w.s, "bob", NULL, &w.hot);
	q.user = "bob";
	r = judged(&q);
	assert_verdict(&r, LOGIN_ERROR, "state_missing");
	assert_refused_like_wrong(&r);
	/* Nor the code of the device that was removed with enroll. */
	q.answer = code(0, NOW, 0);
	r = judged(&q);
	assert_verdict(&r, LOGIN_ERROR, "state_missing");
	assert_int_equal(scratch_read_hot(&w.s, "bob").entry[0].last_step, 0);
}

static void enrolment_without_hot_is_state_missing(void **state)
{
	struct login_request q = request(NULL, NOW);
	struct login_result r;

	(void)state;
	scratch_user(&w.s, "bob", &w.enroll, NULL);
	q.user = "bob";
	q.answer = code(0, NOW, 0);
	r = judged(&q);
	assert_verdict(&r, LOGIN_ERROR, "state_missing");
	assert_refused_like_wrong(&r);
	q.answer = w.recovery[0];
	r = judged(&q);
	assert_verdict(&r, LOGIN_ERROR, "state_missing");
}

static void device_that_hot_does_not_know_is_state_missing(void **state)
{
	struct record_hot h = w.hot;
	struct login_result r;

	(void)state;
	h.entry[0].id++;
	scratch_change_hot(&w.s, "alice", &h);
	r = answer(code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_ERROR, "state_missing");
	r = answer(w.recovery[0], NOW);
	assert_verdict(&r, LOGIN_ERROR, "state_missing");
}

static void enrolment_without_a_device_is_not_enrolled(void **state)
{
	struct record_enroll none = scratch_enroll(0, FIRST);
	struct record_hot h = scratch_hot(&none);
	struct login_request q = request("123456", NOW);
	struct login_result r;

	(void)state;
	none.recovery = w.enroll.recovery;
	h.spent[0].id = none.recovery.id;
	scratch_user(&w.s, "bob", &none, &h);
	q.user = "bob";
	r = judged(&q);
	assert_verdict(&r, LOGIN_NOT_ENROLLED, NULL);
	/* A recovery code without a device is nobody's way in. */
	q.answer = w.recovery[0];
	r = judged(&q);
	assert_verdict(&r, LOGIN_NOT_ENROLLED, NULL);
	assert_refused_like_wrong(&r);
}

static void pending_device_does_not_log_in(void **state)
{
	struct record_enroll none = scratch_enroll(0, FIRST);
	struct record_hot h = scratch_hot(&none);
	struct login_request q = request(code(0, NOW, 0), NOW);
	struct login_result r;

	(void)state;
	none.pendings = 1;
	none.pending[0].device = w.enroll.device[0];
	scratch_user(&w.s, "bob", &none, &h);
	q.user = "bob";
	r = judged(&q);
	assert_verdict(&r, LOGIN_NOT_ENROLLED, NULL);
}

static void spoil(const char *tail, int first, int last)
{
	static const unsigned char zeros[64];
	char path[512];
	int fd;

	scratch_path(&w.s, path, tail);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (int i = first; i <= last; i++)
		assert_int_equal(pwrite(fd, zeros, 64, i * SLOT_BLOCK + 16), 64);
	(void)close(fd);
}

static void both_slots_bad_is_record_bad_and_nothing_is_written(void **state)
{
	static const char *const tails[] = {"hot/alice", "enroll/alice"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		unsigned char before[SLOT_FILE], after[SLOT_FILE];
		struct login_result r;

		make_world(1);
		scratch_user(&w.s, "alice", &w.enroll, &w.hot);
		spoil(tails[i], 0, 1);
		(void)scratch_bytes(&w.s, "hot/alice", before, sizeof(before));
		r = answer(code(0, NOW, 0), NOW);
		assert_verdict(&r, LOGIN_ERROR, "record_bad");
		assert_refused_like_wrong(&r);
		(void)scratch_bytes(&w.s, "hot/alice", after, sizeof(after));
		assert_memory_equal(before, after, sizeof(before));
	}
}

static void one_bad_slot_still_logs_in(void **state)
{
	struct login_result r = answer(wrong(NOW), NOW);

	(void)state;
	assert_verdict(&r, LOGIN_WRONG, NULL);
	spoil("hot/alice", 1, 1); /* the newest: the wrong code's */
	r = answer(code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_OK, NULL);
}

static void other_format_is_record_bad(void **state)
{
	struct record_hot h = w.hot;
	struct login_result r;

	(void)state;
	h.format = RECORD_FORMAT + 1;
	scratch_change_hot(&w.s, "alice", &h);
	r = answer(code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_ERROR, "record_bad");
}

static void records_of_another_user_are_record_bad(void **state)
{
	static const char *const from[] = {"hot/alice", "enroll/alice"};
	static const char *const to[] = {"hot/bob", "enroll/bob"};
	struct login_request q = request(code(0, NOW, 0), NOW);
	struct login_result r;

	(void)state;
	for (int i = 0; i < 2; i++) {
		unsigned char bytes[SLOT_FILE];
		char path[512];

		(void)scratch_bytes(&w.s, from[i], bytes, sizeof(bytes));
		scratch_path(&w.s, path, to[i]);
		scratch_write(path, bytes, sizeof(bytes), 0600);
	}
	q.user = "bob";
	r = judged(&q);
	assert_verdict(&r, LOGIN_ERROR, "record_bad");
}

static void account_given_to_another_uid_is_record_bad(void **state)
{
	struct login_request q = request(NULL, NOW + 30);
	struct login_result r = answer(code(0, NOW, 0), NOW);
	unsigned char before[SLOT_FILE], after[SLOT_FILE];

	(void)state;
	assert_verdict(&r, LOGIN_OK, NULL);
	(void)scratch_bytes(&w.s, "hot/alice", before, sizeof(before));
	q.answer = code(0, NOW + 30, 0);
	q.uid = ALICE_UID + 1;
	r = judged(&q);
	assert_verdict(&r, LOGIN_ERROR, "record_bad");
	assert_refused_like_wrong(&r);
	(void)scratch_bytes(&w.s, "hot/alice", after, sizeof(after));
	assert_memory_equal(before, after, sizeof(before));
	q.uid = ALICE_UID;
	r = judged(&q);
	assert_verdict(&r, LOGIN_OK, NULL);
}

static void clock_before_2020_denies(void **state)
{
	int64_t now = OTP_EARLIEST - 1;
	struct login_result r = answer("123456", now);

	(void)state;
	assert_verdict(&r, LOGIN_ERROR, "clock");
	assert_refused_like_wrong(&r);
	r = answer("123456", 0);
	assert_verdict(&r, LOGIN_ERROR, "clock");
	r = answer("123456", -1);
	assert_verdict(&r, LOGIN_ERROR, "clock");
	r = answer(code(0, OTP_EARLIEST, 0), OTP_EARLIEST);
	assert_verdict(&r, LOGIN_OK, NULL);
}

/* The record of the machine says another machine: as after a cloned disk. */
static void clone_disk(void)
{
	unsigned char bytes[2 + 32 + 8] = {0, 1}, image[SLOT_FILE];
	char path[512];

	memset(bytes + 2, 0xab, 32);
	assert_int_equal(slot_image(image, 5, bytes, sizeof(bytes)), 0);
	scratch_path(&w.s, path, "machine-id");
	scratch_write(path, image, sizeof(image), 0600);
}

static void code_shown_before_the_machine_changed_is_refused(void **state)
{
	struct login_result r;

	(void)state;
	clone_disk();
	/* First sight at NOW: everything up to step + window counts as spent. */
	for (int skew = -1; skew <= 1; skew++) {
		r = answer(code(0, NOW, skew), NOW);
		assert_verdict(&r, LOGIN_REPLAY, NULL);
	}
	r = answer(code(0, NOW + 30, 0), NOW + 30);
	assert_verdict(&r, LOGIN_REPLAY, NULL);
	r = answer(code(0, NOW + 30, 1), NOW + 30);
	assert_verdict(&r, LOGIN_OK, NULL);
}

static void recovery_code_works_on_a_changed_machine(void **state)
{
	struct login_result r;

	(void)state;
	clone_disk();
	r = answer(w.recovery[0], NOW);
	assert_verdict(&r, LOGIN_OK, NULL);
}

static void before_init_every_answer_is_refused(void **state)
{
	struct login_result r;
	char path[512];

	(void)state;
	/* Nothing at all. */
	scratch_remove(&w.s);
	scratch_dir(&w.s);
	scratch_conf(&w.s, NULL);
	r = answer("123456", NOW);
	assert_verdict(&r, LOGIN_ERROR, "not_initialised");
	assert_refused_like_wrong(&r);
	/* Directories, but neither keyring nor record. */
	scratch_mkdir(&w.s, "enroll");
	scratch_mkdir(&w.s, "hot");
	r = answer("123456", NOW);
	assert_verdict(&r, LOGIN_ERROR, "not_initialised");
	/* A keyring, no machine record. */
	scratch_keyring(&w.s);
	r = answer("123456", NOW);
	assert_verdict(&r, LOGIN_ERROR, "not_initialised");
	/* All but the decoys. */
	assert_int_equal(host_create(&w.s.conf, 0, NULL), 0);
	r = answer("123456", NOW);
	assert_verdict(&r, LOGIN_ERROR, "not_initialised");
	/* A keyring without the store's directories. */
	scratch_path(&w.s, path, "hot");
	assert_int_equal(rmdir(path), 0);
	r = answer("123456", NOW);
	assert_verdict(&r, LOGIN_ERROR, "not_initialised");
}

static void lost_keyring_denies(void **state)
{
	struct login_result r;
	char path[512];

	(void)state;
	/* What tells a lost keyring from none is a decoy of `init`. */
	scratch_path(&w.s, path, "enroll/.00");
	scratch_write(path, "", 0, 0600);
	scratch_path(&w.s, path, "keyring");
	assert_int_equal(unlink(path), 0);
	r = answer(code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_ERROR, "keyring");
	assert_refused_like_wrong(&r);
	/* A new one opens nothing. */
	scratch_keyring(&w.s);
	scratch_decoy(&w.s, "alice");
	r = answer(code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_ERROR, "record_bad");
}

static void damaged_keyring_denies(void **state)
{
	static char much[8192];
	struct login_result r;
	char path[512];

	(void)state;
	scratch_path(&w.s, path, "keyring");
	scratch_write(path, "rubbish\n", 8, 0600);
	r = answer(code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_ERROR, "keyring");
	scratch_write(path, "", 0, 0600);
	r = answer(code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_ERROR, "keyring");
	memset(much, '#', sizeof(much));
	scratch_write(path, much, sizeof(much), 0600);
	r = answer(code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_ERROR, "keyring");
	assert_refused_like_wrong(&r);
}

static void keyring_open_to_others_denies(void **state)
{
	struct login_result r;
	char path[512];

	(void)state;
	scratch_path(&w.s, path, "keyring");
	assert_int_equal(chmod(path, 0640), 0);
	r = answer(code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_ERROR, "unsafe");
	assert_non_null(strstr(r.err.text, path));
}

static void store_open_to_others_denies(void **state)
{
	struct login_result r;
	char path[512];

	(void)state;
	scratch_path(&w.s, path, "hot");
	assert_int_equal(chmod(path, 0770), 0);
	r = answer(code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_ERROR, "unsafe");
}

static void hot_locked_by_another_process_denies_as_unavailable(void **state)
{
	struct login_result r;
	char path[512];
	int fd;

	(void)state;
	scratch_path(&w.s, path, "hot/alice");
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(slot_lock(fd, 0, "hot/alice", NULL), 0);
	r = answer(code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_UNAVAILABLE, "unavailable");
	assert_refused_like_wrong(&r);
	slot_unlock(fd);
	(void)close(fd);
	r = answer(code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_OK, NULL);
}

/* Eight processes, one code: one of them gets in. */
static void parallel_logins_spend_a_code_once(void **state)
{
	pid_t pids[8];
	int in = 0, others = 0;

	(void)state;
	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit((int)answer(code(0, NOW, 0), NOW).verdict);
		assert_true(pids[i] > 0);
	}
	for (int i = 0; i < 8; i++) {
		int v = scratch_wait(pids[i]);

		in += v == LOGIN_OK;
		others += v == LOGIN_REPLAY;
	}
	assert_int_equal(in, 1);
	assert_int_equal(others, 7);
}

static void parallel_guesses_are_all_counted(void **state)
{
	struct record_hot h;
	pid_t pids[8];

	(void)state;
	scratch_conf(&w.s, "throttle_free = 20\n");
	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit((int)answer("guess", NOW).verdict);
		assert_true(pids[i] > 0);
	}
	for (int i = 0; i < 8; i++)
		assert_int_equal(scratch_wait(pids[i]), LOGIN_WRONG);
	h = scratch_read_hot(&w.s, "alice");
	assert_int_equal(h.missed.count, 8);
}

static void settings_of_a_device_come_from_its_record(void **state)
{
	struct login_result r;
	char eight[OTP_CODE_SIZE];

	(void)state;
	make_world(1);
	w.enroll.device[0].digits = 8;
	w.enroll.device[0].algorithm = RECORD_SHA512;
	w.enroll.device[0].period = 60;
	scratch_user(&w.s, "alice", &w.enroll, &w.hot);
	memcpy(eight, code(0, NOW, 0), sizeof(eight));
	eight[6] = '\0';
	r = answer(eight, NOW);
	assert_verdict(&r, LOGIN_WRONG, NULL);
	r = answer(code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_OK, NULL);
	assert_int_equal(scratch_read_hot(&w.s, "alice").entry[0].last_step, NOW / 60);
}

/* ---- a device of one key ---- */

#define KEY \
	"publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"
#define OTHER_KEY \
	"publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA\n"

/* alice's devices 0 and 1, the first of KEY, the second of OTHER_KEY. */
static void make_shared_account(void)
{
	static const char *const infos[] = {KEY, OTHER_KEY};
	struct sshkey_set set;

	make_world(2);
	for (int i = 0; i < 2; i++) {
		sshkey_read(infos[i], &set);
		assert_int_equal(set.count, 1);
		w.enroll.device[i].has_key = true;
		memcpy(w.enroll.device[i].key, set.hash[0], SSHKEY_HASH);
	}
	scratch_user(&w.s, "alice", &w.enroll, &w.hot);
}

static struct login_result behind_key(const char *info, const char *typed, int64_t now)
{
	struct login_request q = request(typed, now);
	struct sshkey_set set;

	sshkey_read(info, &set);
	q.keys = &set;
	q.proven = true;
	return judged(&q);
}

static void device_of_a_key_takes_its_code_behind_that_key(void **state)
{
	struct login_result r;

	(void)state;
	make_shared_account();
	r = behind_key(KEY, code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_OK, NULL);
	assert_string_equal(r.device, w.enroll.device[0].name);
	r = behind_key(OTHER_KEY, code(1, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_OK, NULL);
	assert_string_equal(r.device, w.enroll.device[1].name);
	r = behind_key(KEY OTHER_KEY, code(1, NOW + 30, 0), NOW + 30);
	assert_verdict(&r, LOGIN_OK, NULL);
}

/* Wrong like any other: counted, not spent, and not told apart. */
static void code_of_another_keys_device_is_wrong_like_any_other(void **state)
{
	static const char *const infos[] = {OTHER_KEY, "password\n", NULL};
	struct record_hot h;
	struct login_result r;

	(void)state;
	make_shared_account();
	for (unsigned i = 0; i < 3; i++) {
		r = behind_key(infos[i], code(0, NOW, 0), NOW);
		assert_verdict(&r, LOGIN_WRONG, NULL);
		assert_refused_like_wrong(&r);
		h = scratch_read_hot(&w.s, "alice");
		assert_int_equal(h.missed.count, i + 1);
		assert_int_equal(h.entry[0].last_step, 0);
	}
	r = behind_key(KEY, code(0, NOW + 30, 0), NOW + 30);
	assert_verdict(&r, LOGIN_OK, NULL);
	/* A used one is not told from a wrong one either. */
	r = behind_key(OTHER_KEY, code(0, NOW + 30, 0), NOW + 60);
	assert_verdict(&r, LOGIN_WRONG, NULL);
}

/* sudo, the console, `enroll-mfa verify`. */
static void device_of_a_key_is_good_where_no_key_can_be_proven(void **state)
{
	struct login_result r;

	(void)state;
	make_shared_account();
	r = answer(code(0, NOW, 0), NOW);
	assert_verdict(&r, LOGIN_OK, NULL);
}

static void device_without_a_key_is_good_behind_any(void **state)
{
	struct login_result r = behind_key(OTHER_KEY, code(0, NOW, 0), NOW);

	(void)state;
	assert_verdict(&r, LOGIN_OK, NULL);
}

static void recovery_code_is_good_behind_any_key(void **state)
{
	struct login_result r;

	(void)state;
	make_shared_account();
	r = behind_key(NULL, w.recovery[0], NOW);
	assert_verdict(&r, LOGIN_OK, NULL);
}

/* ---- remember ---- */

static int memories(void)
{
	struct record_hot h = scratch_read_hot(&w.s, "alice");
	int n = 0;

	for (int i = 0; i < RECORD_REMEMBERED; i++)
		n += h.remembered[i].since != 0;
	return n;
}

static void code_is_remembered_only_where_it_may_be(void **state)
{
	static const struct {
		const char *more, *source, *info;
		bool proven;
		int n;
	} cases[] = {
	    {NULL, "203.0.113.7", KEY, true, 0},
	    {"remember = 1h\n", "host.example.com", KEY, true, 0},
	    {"remember = 1h\n", NULL, KEY, true, 0},
	    {"remember = 1h\n", "203.0.113.7", KEY "publickey x A\n", true, 0},
	    {"remember = 1h\n", "203.0.113.7", NULL, false, 0},
	    {"remember = 1h\n", "203.0.113.7", KEY, true, 1},
	    {"remember = 1h\n", "203.0.113.7", NULL, true, 2},
	    {"remember = 1h\n", "2001:db8::1", KEY, true, 3},
	};
	int64_t now = NOW;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++, now += 30) {
		struct login_request q = request(code(0, now, 0), now);
		struct sshkey_set set;
		struct login_result r;

		scratch_conf(&w.s, cases[i].more);
		sshkey_read(cases[i].info, &set);
		source_parse(cases[i].source, 0, &q.source);
		q.keys = &set;
		q.proven = cases[i].proven;
		r = judged(&q);
		assert_verdict(&r, LOGIN_OK, NULL);
		assert_int_equal(memories(), cases[i].n);
	}
}

/* ---- an invitation ---- */

static char word[WORD_TEXT_SIZE];

/* bob has no device, and an invitation for an hour from NOW. */
static void invite_bob(void)
{
	struct record_enroll none = scratch_enroll(0, FIRST);
	struct record_hot h = scratch_hot(&none);

	assert_int_equal(word_invite(&none.invite, NOW, 3600, word), 0);
	scratch_user(&w.s, "bob", &none, &h);
}

static struct login_request word_request(const char *typed, int64_t now)
{
	struct login_request q = request(typed, now);

	q.user = "bob";
	q.proven = q.take_word = true;
	return q;
}

static struct login_result invited(const char *typed, int64_t now)
{
	struct login_request q = word_request(typed, now);

	return judged(&q);
}

static void word_is_taken_where_it_may_be(void **state)
{
	struct login_request q = word_request(word, NOW);
	struct login_result r;

	(void)state;
	invite_bob();
	for (int i = 0; i < 3; i++) { /* it is not spent by being typed */
		r = judged(&q);
		assert_verdict(&r, LOGIN_INVITED, NULL);
	}
	assert_int_equal(scratch_read_hot(&w.s, "bob").missed.count, 0);
	q.take_word = false;
	r = judged(&q);
	assert_verdict(&r, LOGIN_NOT_ENROLLED, NULL);
	q.take_word = true;
	q.proven = false;
	r = judged(&q);
	assert_verdict(&r, LOGIN_INVALID_INVITE, NULL);
	assert_int_equal(r.rule, STATE_WRONG);
	assert_int_equal(scratch_read_hot(&w.s, "bob").missed.count, 2);
}

static void word_runs_for_its_life(void **state)
{
	struct login_result r;

	(void)state;
	invite_bob();
	r = invited(word, NOW + 3599);
	assert_verdict(&r, LOGIN_INVITED, NULL);
	r = invited(word, NOW + 3600);
	assert_verdict(&r, LOGIN_INVALID_INVITE, NULL);
	r = invited(word, NOW - 1); /* a start later than now */
	assert_verdict(&r, LOGIN_INVALID_INVITE, NULL);
}

static void wrong_word_is_counted_and_delays_the_right_one(void **state)
{
	struct login_result r;

	(void)state;
	invite_bob();
	for (int i = 0; i < 3; i++) {
		r = invited("AAAA-BBBB-CCCC-DDDD", NOW);
		assert_verdict(&r, LOGIN_INVALID_INVITE, NULL);
		assert_int_equal(r.rule, STATE_WRONG);
	}
	r = invited(word, NOW);
	assert_verdict(&r, LOGIN_THROTTLED, NULL);
	assert_int_equal(r.rule, STATE_THROTTLED);
	r = invited(word, NOW + 30);
	assert_verdict(&r, LOGIN_INVITED, NULL);
}

static void word_is_refused_under_a_lock(void **state)
{
	struct record_hot h;
	struct login_result r;

	(void)state;
	invite_bob();
	h = scratch_read_hot(&w.s, "bob");
	h.locked_since = NOW;
	scratch_change_hot(&w.s, "bob", &h);
	r = invited(word, NOW);
	assert_verdict(&r, LOGIN_LOCKED, NULL);
	assert_int_equal(r.rule, STATE_LOCKED);
}

static void word_of_one_user_is_nothing_for_another(void **state)
{
	struct login_request q;
	struct login_result r;

	(void)state;
	invite_bob();
	q = word_request(word, NOW);
	q.user = "alice";
	r = judged(&q);
	assert_verdict(&r, LOGIN_WRONG, NULL);
	q.user = "nobody-such";
	q.account = false;
	r = judged(&q);
	assert_verdict(&r, LOGIN_NOT_ENROLLED, "no_account");
	/* Nor for the name when its account is gone. */
	q.user = "bob";
	r = judged(&q);
	assert_verdict(&r, LOGIN_NOT_ENROLLED, "no_account");
}

/* ---- an enrolment that waits for its code ---- */

static const uint8_t here[RECORD_HASH] = {1}, there[RECORD_HASH] = {2};

/* bob has one pending here and one there, each with a secret of its own. */
static void make_pending(int64_t created)
{
	struct record_enroll r = scratch_enroll(2, FIRST + 10);
	struct record_hot h = scratch_hot(&r);

	r.devices = 0;
	r.pendings = 2;
	for (int i = 0; i < 2; i++) {
		r.pending[i].device = scratch_device(FIRST + 10 + (uint64_t)i);
		r.pending[i].device.created = created;
		memcpy(r.pending[i].where, i == 0 ? here : there, RECORD_HASH);
	}
	scratch_user(&w.s, "bob", &r, &h);
}

static const char *pending_code(int i, int64_t now)
{
	static char text[OTP_CODE_SIZE];
	const struct record_device d = scratch_device(FIRST + 10 + (uint64_t)i);

	assert_int_equal(otp_code(&d, otp_step(now, 30), text), 0);
	return text;
}

static struct login_result at_place(const uint8_t *place, const char *typed, int64_t now)
{
	struct login_request q = request(typed, now);

	q.user = "bob";
	q.proven = true;
	q.place = place;
	return judged(&q);
}

static void code_is_judged_against_its_own_pending_only(void **state)
{
	struct login_result r;

	(void)state;
	make_pending(NOW);
	r = at_place(here, pending_code(1, NOW), NOW);
	assert_verdict(&r, LOGIN_WRONG, NULL);
	assert_int_equal(scratch_read_hot(&w.s, "bob").missed.count, 1);
	r = at_place(here, pending_code(0, NOW), NOW);
	assert_verdict(&r, LOGIN_OK, NULL);
	r = at_place(here, pending_code(0, NOW), NOW);
	assert_verdict(&r, LOGIN_REPLAY, NULL);
	r = at_place(NULL, pending_code(1, NOW), NOW);
	assert_verdict(&r, LOGIN_NOT_ENROLLED, NULL);
}

static void pending_is_gone_after_15_minutes_or_before_its_start(void **state)
{
	struct login_result r;

	(void)state;
	make_pending(NOW);
	r = at_place(here, pending_code(0, NOW + 900), NOW + 900);
	assert_verdict(&r, LOGIN_NOT_ENROLLED, "pending_gone");
	r = at_place(here, pending_code(0, NOW - 1), NOW - 1);
	assert_verdict(&r, LOGIN_NOT_ENROLLED, "pending_gone");
	assert_int_equal(r.rule, STATE_WRONG);
	r = at_place(here, pending_code(0, NOW + 899), NOW + 899);
	assert_verdict(&r, LOGIN_OK, NULL);
}

/* What was shown before somebody got a device, to whomever. */
static void pending_is_gone_when_there_is_a_device(void **state)
{
	struct login_request q = request(NULL, NOW);
	struct login_result r;

	(void)state;
	w.enroll.pendings = 1;
	w.enroll.pending[0].device = scratch_device(FIRST + 10);
	w.enroll.pending[0].device.created = NOW;
	memcpy(w.enroll.pending[0].where, here, RECORD_HASH);
	w.hot.entries = 2;
	w.hot.entry[1].id = FIRST + 10;
	scratch_user(&w.s, "carol", &w.enroll, &w.hot);
	q.user = "carol";
	q.proven = true;
	q.place = here;
	q.answer = pending_code(0, NOW);
	r = judged(&q);
	assert_verdict(&r, LOGIN_NOT_ENROLLED, "pending_gone");
	q.take_word = true; /* a word was given: another person's device */
	r = judged(&q);
	assert_verdict(&r, LOGIN_OK, NULL);
}

static void devices_and_recovery_codes_do_not_confirm(void **state)
{
	struct login_request q = request(code(0, NOW, 0), NOW);
	struct login_result r;

	(void)state;
	q.place = here;
	q.proven = true;
	r = judged(&q);
	assert_verdict(&r, LOGIN_NOT_ENROLLED, "pending_gone");
	q.answer = w.recovery[0];
	r = judged(&q);
	assert_verdict(&r, LOGIN_NOT_ENROLLED, "pending_gone");
	q.place = NULL;
	r = judged(&q); /* and it was not spent */
	assert_verdict(&r, LOGIN_OK, NULL);
}

/* The word brought them here; a second time it is no code. */
static void word_does_not_confirm(void **state)
{
	struct record_enroll r = scratch_enroll(1, FIRST + 10);
	struct record_hot h = scratch_hot(&r);
	struct login_request q = word_request(word, NOW);
	struct login_result res;

	(void)state;
	r.devices = 0;
	r.pendings = 1;
	r.pending[0].device = scratch_device(FIRST + 10);
	r.pending[0].device.created = NOW;
	memcpy(r.pending[0].where, here, RECORD_HASH);
	assert_int_equal(word_invite(&r.invite, NOW, 3600, word), 0);
	scratch_user(&w.s, "bob", &r, &h);
	q.place = here;
	res = judged(&q);
	assert_verdict(&res, LOGIN_WRONG, NULL);
	assert_int_equal(scratch_read_hot(&w.s, "bob").missed.count, 1);
}

static void confirming_code_is_not_remembered(void **state)
{
	struct login_request q;
	struct login_result r;
	struct sshkey_set set;
	struct record_hot h;

	(void)state;
	make_pending(NOW);
	scratch_conf(&w.s, "remember = 1h\n");
	sshkey_read(KEY, &set);
	q = request(pending_code(0, NOW), NOW);
	q.user = "bob";
	q.proven = true;
	q.place = here;
	q.keys = &set;
	r = judged(&q);
	assert_verdict(&r, LOGIN_OK, NULL);
	h = scratch_read_hot(&w.s, "bob");
	for (int i = 0; i < RECORD_REMEMBERED; i++)
		assert_int_equal(h.remembered[i].since, 0);
}

static void pending_that_hot_does_not_know_is_state_missing(void **state)
{
	struct record_hot h;
	struct login_result r;

	(void)state;
	make_pending(NOW);
	h = scratch_read_hot(&w.s, "bob");
	h.entries = 0;
	scratch_change_hot(&w.s, "bob", &h);
	r = at_place(here, pending_code(0, NOW), NOW);
	assert_verdict(&r, LOGIN_ERROR, "state_missing");
}

static void verdict_names_are_those_of_the_log(void **state)
{
	static const char *const names[] = {"error", "ok", "wrong", "replay", "throttled",
	    "locked", "not_enrolled", "unavailable", "shown", "invalid_invite"};
	struct login_result zero = {0};

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_string_equal(login_verdict_name((enum login_verdict)i), names[i]);
	assert_string_equal(login_verdict_name((enum login_verdict)99), "error");
	assert_int_equal(zero.verdict, LOGIN_ERROR);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(right_code_logs_in),
	    T(code_with_blanks_and_dashes_logs_in),
	    T(same_code_is_refused_twice),
	    T(code_is_spent_for_every_source),
	    T(wrong_code_is_counted_durably),
	    T(right_code_in_a_delay_is_throttled),
	    T(owner_at_a_known_source_is_not_delayed_by_others),
	    T(host_name_is_never_a_known_source),
	    T(hundred_proven_wrong_codes_lock),
	    T(lock_after_of_the_configuration_holds),
	    T(recovery_code_works_once),
	    T(window_is_one_step_either_side),
	    T(clock_set_back_accepts_nothing_old),
	    T(every_device_of_a_user_logs_in),
	    T(one_code_advances_both_devices_of_one_secret),
	    T(empty_and_over_long_answers_are_written_and_not_counted),
	    T(every_attempt_is_written),
	    T(not_enrolled_is_refused_like_wrong),
	    T(unknown_account_is_refused_like_wrong),
	    T(decoys_own_code_lets_nobody_in),
	    T(decoys_own_code_lets_no_unknown_name_in),
	    T(record_without_an_account_counts_for_nothing),
	    T(guesses_at_an_unknown_name_are_throttled_too),
	    T(guess_at_an_unknown_name_is_written_to_its_decoy),
	    T(very_long_or_odd_names_are_refused_like_wrong),
	    T(never_confirmed_hot_without_enrolment_is_not_enrolled),
	    T(confirmed_hot_without_enrolment_is_state_missing),
	    T(enrolment_without_hot_is_state_missing),
	    T(device_that_hot_does_not_know_is_state_missing),
	    T(enrolment_without_a_device_is_not_enrolled),
	    T(pending_device_does_not_log_in),
	    T(both_slots_bad_is_record_bad_and_nothing_is_written),
	    T(one_bad_slot_still_logs_in),
	    T(other_format_is_record_bad),
	    T(records_of_another_user_are_record_bad),
	    T(account_given_to_another_uid_is_record_bad),
	    T(clock_before_2020_denies),
	    T(code_shown_before_the_machine_changed_is_refused),
	    T(recovery_code_works_on_a_changed_machine),
	    T(before_init_every_answer_is_refused),
	    T(lost_keyring_denies),
	    T(damaged_keyring_denies),
	    T(keyring_open_to_others_denies),
	    T(store_open_to_others_denies),
	    T(hot_locked_by_another_process_denies_as_unavailable),
	    T(parallel_logins_spend_a_code_once),
	    T(parallel_guesses_are_all_counted),
	    T(settings_of_a_device_come_from_its_record),
	    T(device_of_a_key_takes_its_code_behind_that_key),
	    T(code_of_another_keys_device_is_wrong_like_any_other),
	    T(device_of_a_key_is_good_where_no_key_can_be_proven),
	    T(device_without_a_key_is_good_behind_any),
	    T(recovery_code_is_good_behind_any_key),
	    T(code_is_remembered_only_where_it_may_be),
	    T(word_is_taken_where_it_may_be),
	    T(word_runs_for_its_life),
	    T(wrong_word_is_counted_and_delays_the_right_one),
	    T(word_is_refused_under_a_lock),
	    T(word_of_one_user_is_nothing_for_another),
	    T(code_is_judged_against_its_own_pending_only),
	    T(pending_is_gone_after_15_minutes_or_before_its_start),
	    T(pending_is_gone_when_there_is_a_device),
	    T(devices_and_recovery_codes_do_not_confirm),
	    T(word_does_not_confirm),
	    T(confirming_code_is_not_remembered),
	    T(pending_that_hot_does_not_know_is_state_missing),
	    T(verdict_names_are_those_of_the_log),
	};

	return cmocka_run_group_tests_name("login", tests, NULL, NULL);
}
