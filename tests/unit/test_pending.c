/* What is shown and not confirmed, invitations and bypasses: enroll/pending.h. */
#include "tests/unit/scratch.h"

#include "enroll/init.h"
#include "enroll/pending.h"
#include "lib/core/look.h"

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static struct scratch sc;
static const uint8_t here[RECORD_HASH] = {1}, there[RECORD_HASH] = {2};
static const uint8_t key[RECORD_HASH] = {9, 9, 9};
static int64_t clock_now;
static int64_t word_at; /* when the word was typed that the next offer goes by; 0: none */

static int set_up(void **state)
{
	(void)state;
	clock_now = SCRATCH_NOW;
	word_at = 0;
	scratch_init(&sc);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(&sc);
	return 0;
}

static struct steps alice(struct store *st)
{
	scratch_open(&sc, st);
	return (struct steps){.store = st, .conf = &sc.conf, .user = "alice", .account = true,
	    .uid = 1000, .now = clock_now};
}

static struct pending_others others; /* of the last confirm() */

static int offer(const uint8_t *place, bool first, struct pending_shown *out)
{
	const struct pending_offer q = {place, place == here ? key : NULL, first, word_at};
	struct store st;
	struct steps s = alice(&st);
	int r = pending_offer(&s, &q, out, NULL);

	store_close(&st);
	return r;
}

static int confirm(uint64_t id)
{
	struct store st;
	struct steps s = alice(&st);
	int r = pending_confirm(&s, id, &others, NULL);

	store_close(&st);
	return r;
}

static int bypass(uint32_t life)
{
	struct store st;
	struct steps s = alice(&st);
	int r = pending_bypass(&s, life, NULL);

	store_close(&st);
	return r;
}

static void invite(uint32_t life, char word[WORD_TEXT_SIZE])
{
	struct store st;
	struct steps s = alice(&st);

	assert_int_equal(pending_invite(&s, life, word, NULL), 0);
	store_close(&st);
}

/* As root does it. */
static void enrol(const char *name)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct record_device d = {.algorithm = RECORD_SHA1, .digits = 6, .period = 30};
	struct record_recovery set;
	struct steps_device put = {.device = &d, .recovery = &set};
	struct store st;
	struct steps s = alice(&st);

	(void)snprintf(d.name, sizeof(d.name), "%s", name);
	assert_int_equal(steps_new_device(&d, clock_now, NULL), 0);
	assert_int_equal(recovery_new(&set, codes, NULL), 0);
	assert_int_equal(steps_enroll(&s, &put, NULL), 0);
	store_close(&st);
}

static struct record_enroll record(void)
{
	struct record_enroll r = {0};
	struct store_value v;

	assert_int_equal(scratch_get(&sc, "enroll/alice", &v), 0);
	assert_int_equal(record_get_enroll(&r, v.data, v.len), 0);
	return r;
}

static struct steps_status status(void)
{
	struct steps_status out;
	struct store st;
	struct steps s = alice(&st);

	assert_int_equal(steps_status(&s, &out, NULL), 0);
	store_close(&st);
	return out;
}

static bool is_word(const char *word)
{
	struct record_enroll r = record();
	struct answer a;
	bool yes;

	answer_read(word, &a);
	assert_int_equal(word_is_invited(&r.invite, &a, &yes), 0);
	return yes;
}

static void what_is_shown_is_shown_again_only_at_its_place(void **state)
{
	struct pending_shown first, again, other;

	(void)state;
	assert_int_equal(offer(here, true, &first), 0);
	assert_false(first.again);
	assert_int_equal(offer(there, true, &other), 0);
	assert_false(other.again);
	assert_memory_not_equal(first.device.secret, other.device.secret, 20);
	assert_int_equal(offer(here, true, &again), 0);
	assert_true(again.again);
	assert_int_equal(again.device.id, first.device.id);
	assert_memory_equal(first.device.secret, again.device.secret, 20);
	assert_true(first.device.has_key);
	assert_memory_equal(first.device.key, key, RECORD_HASH);
	assert_false(other.device.has_key);
}

static void what_is_shown_is_stored_with_a_state_before(void **state)
{
	struct pending_shown shown;
	struct record_hot hot;

	(void)state;
	assert_int_equal(offer(here, true, &shown), 0);
	hot = scratch_read_hot(&sc, "alice");
	assert_int_equal(record().pendings, 1);
	assert_non_null(record_find_entry(&hot, shown.device.id));
	assert_false(status().enrolled);
	assert_int_equal(status().trouble.code, 0);
}

static void fifth_open_enrolment_is_refused_until_one_has_ended(void **state)
{
	uint8_t place[RECORD_HASH] = {0};
	struct pending_shown shown;

	(void)state;
	for (int i = 0; i < RECORD_PENDING; i++) {
		place[1] = (uint8_t)(i + 1);
		clock_now = SCRATCH_NOW + i;
		assert_int_equal(offer(place, true, &shown), 0);
	}
	assert_int_equal(offer(there, true, &shown), ERR_REFUSED);
	assert_int_equal(record().pendings, RECORD_PENDING);
	clock_now = SCRATCH_NOW + LOOK_PENDING_LIFE;
	assert_int_equal(offer(there, true, &shown), 0);
	assert_int_equal(record().pendings, RECORD_PENDING);
	assert_int_equal(scratch_read_hot(&sc, "alice").entries, RECORD_PENDING);
}

static void confirmed_device_is_in_force_and_all_else_that_was_open_ends(void **state)
{
	struct pending_shown mine, other;
	char word[WORD_TEXT_SIZE];
	struct record_enroll r;
	struct record_hot hot;

	(void)state;
	invite(3600, word);
	word_at = clock_now;
	assert_int_equal(offer(there, false, &other), 0);
	assert_int_equal(offer(here, false, &mine), 0);
	/* What login() has done by then: the code is spent. */
	hot = scratch_read_hot(&sc, "alice");
	record_find_entry(&hot, mine.device.id)->last_step = 4711;
	hot.ever_confirmed = true;
	scratch_change_hot(&sc, "alice", &hot);
	assert_int_equal(confirm(mine.device.id), 0);
	r = record();
	assert_int_equal(r.devices, 1);
	assert_int_equal(r.device[0].id, mine.device.id);
	assert_memory_equal(r.device[0].secret, mine.device.secret, 20);
	assert_memory_equal(r.device[0].key, key, RECORD_HASH);
	assert_int_equal(r.pendings, 0);
	assert_int_equal(others.count, 1);
	assert_int_equal(others.last, other.device.created);
	assert_false(r.invite.open);
	hot = scratch_read_hot(&sc, "alice");
	assert_int_equal(hot.entries, 1);
	assert_int_equal(hot.entry[0].last_step, 4711);
	assert_int_equal(confirm(other.device.id), ERR_NONE);
	assert_int_equal(confirm(mine.device.id), ERR_NONE);
	assert_int_equal(record().devices, 1);
}

static void somebody_with_a_device_is_offered_one_by_invitation_only(void **state)
{
	struct pending_shown shown;

	(void)state;
	enrol("phone");
	assert_int_equal(offer(here, true, &shown), ERR_REFUSED);
	assert_int_equal(offer(here, false, &shown), 0);
	assert_int_equal(confirm(shown.device.id), 0);
	assert_string_equal(record().device[0].name, "phone");
	assert_string_equal(record().device[1].name, "phone-2");
	assert_int_equal(offer(here, false, &shown), 0);
	assert_string_equal(shown.device.name, "phone-3");
}

static int take_away(const char *device)
{
	struct store st;
	struct steps s = alice(&st);
	int r = steps_remove(&s, device, NULL);

	store_close(&st);
	return r;
}

/* The lost phone may be what has opened them. */
static void removal_of_one_device_ends_all_that_is_open(void **state)
{
	struct pending_shown shown;
	char word[WORD_TEXT_SIZE];

	(void)state;
	enrol("phone");
	enrol("lost");
	invite(3600, word);
	assert_int_equal(bypass(3600), 0);
	assert_int_equal(offer(here, false, &shown), 0);
	assert_int_equal(take_away("lost"), 0);
	assert_int_equal(record().pendings, 0);
	assert_false(record().invite.open);
	assert_int_equal(status().bypass_until, 0);
	assert_int_equal(scratch_read_hot(&sc, "alice").entries, 1);
	assert_int_equal(confirm(shown.device.id), ERR_NONE);
	assert_int_equal(record().devices, 1);
}

/* Who holds an old code may have seen the secret, which would be shown again. */
static void new_recovery_codes_end_what_was_shown(void **state)
{
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE], word[WORD_TEXT_SIZE];
	struct record_recovery set;
	struct pending_shown shown;
	struct store st;
	struct steps s;

	(void)state;
	enrol("phone");
	invite(3600, word);
	assert_int_equal(bypass(3600), 0);
	assert_int_equal(offer(here, false, &shown), 0);
	s = alice(&st);
	assert_int_equal(recovery_new(&set, codes, NULL), 0);
	assert_int_equal(steps_recovery(&s, &set, NULL), 0);
	store_close(&st);
	assert_int_equal(record().pendings, 0);
	assert_int_equal(scratch_read_hot(&sc, "alice").entries, 1);
	assert_int_equal(confirm(shown.device.id), ERR_NONE);
	/* For whoever has lost phone and paper both are wanted. */
	assert_true(record().invite.open);
	assert_true(status().bypass_until > 0);
}

static void own_new_enrolment_ends_a_bypass(void **state)
{
	struct pending_shown shown;
	char word[WORD_TEXT_SIZE];

	(void)state;
	enrol("phone");
	invite(3600, word);
	assert_int_equal(bypass(3600), 0);
	assert_int_equal(offer(here, false, &shown), 0);
	assert_true(status().bypass_until > 0);
	assert_int_equal(confirm(shown.device.id), 0);
	assert_int_equal(status().bypass_until, 0);
}

static void ninth_device_is_neither_offered_nor_confirmed(void **state)
{
	struct record_enroll r;
	struct pending_shown shown;
	struct store_value v;
	char name[16];

	(void)state;
	for (int i = 1; i < RECORD_DEVICES; i++) {
		(void)snprintf(name, sizeof(name), "d%d", i);
		enrol(name);
	}
	assert_int_equal(offer(here, false, &shown), 0);
	/* The eighth comes from elsewhere meanwhile. */
	r = record();
	r.device[r.devices++] = scratch_device(99);
	assert_int_equal(scratch_get(&sc, "enroll/alice", &v), 0);
	v.len = (size_t)record_put_enroll(&r, v.data);
	scratch_put_key(&sc, "enroll/alice", &v);
	assert_int_equal(confirm(shown.device.id), ERR_REFUSED);
	assert_int_equal(offer(here, false, &shown), ERR_REFUSED);
	assert_int_equal(record().devices, RECORD_DEVICES);
}

/* Who was shown it has a first factor, and perhaps a stolen one. */
static void enrolment_by_root_ends_what_was_shown_at_logins(void **state)
{
	struct pending_shown shown;

	(void)state;
	assert_int_equal(offer(here, true, &shown), 0);
	enrol("phone");
	assert_int_equal(record().pendings, 0);
	assert_int_equal(confirm(shown.device.id), ERR_NONE);
	assert_int_equal(record().devices, 1);
	assert_int_equal(scratch_read_hot(&sc, "alice").entries, 1);
}

static void invitation_takes_the_place_of_the_one_before(void **state)
{
	char first[WORD_TEXT_SIZE], second[WORD_TEXT_SIZE];

	(void)state;
	invite(3600, first);
	assert_true(is_word(first));
	assert_int_equal(status().invited_until, SCRATCH_NOW + 3600);
	invite(60, second);
	assert_false(is_word(first));
	assert_true(is_word(second));
	assert_int_equal(status().invited_until, SCRATCH_NOW + 60);
	assert_int_equal(strlen(second), 19);
	clock_now += 60;
	assert_int_equal(status().invited_until, 0);
}

static void one_invitation_brings_one_device(void **state)
{
	struct pending_shown shown;
	char word[WORD_TEXT_SIZE];

	(void)state;
	invite(3600, word);
	word_at = clock_now; /* typed at two places */
	assert_int_equal(offer(here, false, &shown), 0);
	assert_int_equal(confirm(shown.device.id), 0);
	assert_int_equal(offer(there, false, &shown), ERR_REFUSED);
	assert_int_equal(offer(there, true, &shown), ERR_REFUSED);
	assert_int_equal(record().pendings, 0);
	assert_int_equal(record().devices, 1);
}

static void word_counts_no_more_after_a_removal(void **state)
{
	struct pending_shown shown;
	char word[WORD_TEXT_SIZE];
	struct store_value v;

	(void)state;
	invite(3600, word);
	word_at = clock_now;
	assert_int_equal(take_away(NULL), 0);
	assert_int_equal(offer(here, false, &shown), ERR_REFUSED);
	word_at = 0;
	assert_int_equal(offer(here, false, &shown), ERR_REFUSED);
	assert_int_equal(scratch_get(&sc, "enroll/alice", &v), ERR_NONE);
}

static void word_of_another_invitation_or_of_one_that_ran_out_shows_nothing(void **state)
{
	struct pending_shown shown;
	char word[WORD_TEXT_SIZE];

	(void)state;
	invite(3600, word);
	word_at = clock_now++;
	invite(60, word);
	assert_int_equal(offer(here, false, &shown), ERR_REFUSED);
	word_at = clock_now;
	assert_int_equal(offer(here, false, &shown), 0);
	clock_now += 60;
	assert_int_equal(offer(there, false, &shown), ERR_REFUSED);
}

static void new_invitation_ends_what_the_one_before_has_shown(void **state)
{
	struct pending_shown old, new;
	char word[WORD_TEXT_SIZE];

	(void)state;
	invite(3600, word);
	word_at = clock_now;
	assert_int_equal(offer(here, false, &old), 0);
	invite(3600, word);
	assert_int_equal(record().pendings, 0);
	assert_int_equal(confirm(old.device.id), ERR_NONE);
	assert_int_equal(offer(here, false, &new), 0);
	assert_false(new.again);
	assert_memory_not_equal(new.device.secret, old.device.secret, 20);
}

static void invited_user_is_nobody_yet_and_can_be_enrolled(void **state)
{
	char word[WORD_TEXT_SIZE];

	(void)state;
	invite(3600, word);
	assert_false(status().enrolled);
	assert_int_equal(status().trouble.code, 0);
	enrol("phone");
	assert_false(record().invite.open);
	assert_int_equal(status().recovery_left, RECORD_CODES);
	/* For another person of a shared account. */
	invite(3600, word);
	enrol("tablet");
	assert_true(record().invite.open);
}

static void bypass_needs_a_device_and_ends_by_time_word_or_enrolment(void **state)
{
	(void)state;
	assert_int_equal(bypass(3600), ERR_NONE);
	enrol("phone");
	assert_int_equal(bypass(3600), 0);
	assert_int_equal(status().bypass_until, SCRATCH_NOW + 3600);
	clock_now += 3600;
	assert_int_equal(status().bypass_until, 0);
	assert_int_equal(bypass(60), 0);
	assert_true(status().bypass_until > 0);
	assert_int_equal(bypass(0), 0);
	assert_int_equal(status().bypass_until, 0);
	assert_int_equal(bypass(60), 0);
	enrol("phone");
	assert_int_equal(status().bypass_until, 0);
}

static void change_touches_neither_counters_nor_recovery_codes(void **state)
{
	struct record_hot before, after;
	char word[WORD_TEXT_SIZE];

	(void)state;
	enrol("phone");
	before = scratch_read_hot(&sc, "alice");
	before.entry[0].last_step = 99;
	before.spent[0].used = 5;
	before.unknown[3].wrong = 2;
	before.locked_since = SCRATCH_NOW;
	scratch_change_hot(&sc, "alice", &before);
	invite(3600, word);
	assert_int_equal(bypass(60), 0);
	after = scratch_read_hot(&sc, "alice");
	assert_memory_equal(&before, &after, sizeof(before));
}

static void change_of_a_user_whose_state_is_lost_is_refused(void **state)
{
	struct pending_shown shown;
	struct store st;

	(void)state;
	enrol("phone");
	scratch_open(&sc, &st);
	assert_int_equal(store_del(&st, "hot/alice", NULL, NULL), 0);
	store_close(&st);
	assert_int_equal(bypass(60), ERR_REFUSED);
	assert_int_equal(offer(here, false, &shown), ERR_REFUSED);
}

static void unlock_makes_a_state_for_what_is_pending_too(void **state)
{
	struct steps_unlocked u;
	struct pending_shown shown;
	struct record_hot hot;
	struct store st;
	struct steps s;

	(void)state;
	enrol("phone");
	assert_int_equal(offer(here, false, &shown), 0);
	s = alice(&st);
	assert_int_equal(store_del(&st, "hot/alice", NULL, NULL), 0);
	assert_int_equal(steps_unlock(&s, &u, NULL), 0);
	store_close(&st);
	assert_true(u.recreated);
	hot = scratch_read_hot(&sc, "alice");
	assert_non_null(record_find_entry(&hot, shown.device.id));
}

static void offers_side_by_side_are_all_kept(void **state)
{
	uint8_t place[RECORD_HASH] = {0};
	struct pending_shown shown;
	pid_t pid[RECORD_PENDING];

	(void)state;
	for (int i = 0; i < RECORD_PENDING; i++) {
		pid[i] = fork();
		place[1] = (uint8_t)i;
		if (pid[i] == 0)
			_exit(offer(place, true, &shown) == 0 ? 0 : 1);
	}
	for (int i = 0; i < RECORD_PENDING; i++)
		assert_int_equal(scratch_wait(pid[i]), 0);
	assert_int_equal(record().pendings, RECORD_PENDING);
	assert_int_equal(scratch_read_hot(&sc, "alice").entries, RECORD_PENDING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(what_is_shown_is_shown_again_only_at_its_place),
	    T(what_is_shown_is_stored_with_a_state_before),
	    T(fifth_open_enrolment_is_refused_until_one_has_ended),
	    T(confirmed_device_is_in_force_and_all_else_that_was_open_ends),
	    T(somebody_with_a_device_is_offered_one_by_invitation_only),
	    T(removal_of_one_device_ends_all_that_is_open),
	    T(new_recovery_codes_end_what_was_shown),
	    T(own_new_enrolment_ends_a_bypass),
	    T(ninth_device_is_neither_offered_nor_confirmed),
	    T(enrolment_by_root_ends_what_was_shown_at_logins),
	    T(invitation_takes_the_place_of_the_one_before),
	    T(one_invitation_brings_one_device),
	    T(word_counts_no_more_after_a_removal),
	    T(word_of_another_invitation_or_of_one_that_ran_out_shows_nothing),
	    T(new_invitation_ends_what_the_one_before_has_shown),
	    T(invited_user_is_nobody_yet_and_can_be_enrolled),
	    T(bypass_needs_a_device_and_ends_by_time_word_or_enrolment),
	    T(change_touches_neither_counters_nor_recovery_codes),
	    T(change_of_a_user_whose_state_is_lost_is_refused),
	    T(unlock_makes_a_state_for_what_is_pending_too),
	    T(offers_side_by_side_are_all_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
