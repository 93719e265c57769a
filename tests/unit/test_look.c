/* What a login may know before it asks: look.h. */
#include "tests/unit/scratch.h"

#include "lib/core/login.h"
#include "lib/core/look.h"
#include "lib/core/word.h"

#define NOW SCRATCH_NOW
#define UID 1001
#define FIRST UINT64_C(0x1122334455660001)
#define KEY \
	"publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"
#define OTHER_KEY \
	"publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA\n"

static struct scratch s;
static struct sshkey_set keys;
static struct record_enroll enroll;
static struct record_hot hot;

/* alice may be put there, with a device. */
static int set_up(void **state)
{
	(void)state;
	scratch_make(&s);
	scratch_conf(&s, "remember = 1h\n");
	sshkey_read(KEY, &keys);
	enroll = scratch_enroll(1, FIRST);
	hot = scratch_hot(&enroll);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(&s);
	return 0;
}

static void put(void)
{
	scratch_user(&s, "alice", &enroll, &hot);
}

static struct login_request request(const char *source, int64_t now)
{
	struct login_request q = {.user = "alice", .account = true, .uid = UID, .proven = true,
	    .keys = &keys, .now = now};

	source_parse(source, 0, &q.source);
	return q;
}

static struct look seen_by(const struct login_request *q)
{
	struct err e = {0};
	struct look l;

	memset(&l, 0xee, sizeof(l));
	if (look(&s.conf, q, &l, &e) != 0)
		fail_msg("%s", e.text);
	return l;
}

static struct look seen(int64_t now)
{
	const struct login_request q = request("203.0.113.7", now);

	return seen_by(&q);
}

static int trouble(void)
{
	static const struct look nothing;
	const struct login_request q = request("203.0.113.7", NOW);
	struct look l;
	int r;

	memset(&l, 0xee, sizeof(l));
	r = look(&s.conf, &q, &l, NULL);
	if (r != 0)
		assert_memory_equal(&l, &nothing, sizeof(l));
	return r;
}

static void nobody_has_nothing(void **state)
{
	struct look l = seen(NOW);

	(void)state;
	assert_false(l.enrolled || l.invited);
	assert_int_equal(l.bypass_until, 0);
	assert_int_equal(l.remembered_until, 0);
}

static void device_is_seen(void **state)
{
	(void)state;
	put();
	assert_true(seen(NOW).enrolled);
	assert_false(seen(NOW).invited);
}

static void pending_enrolment_is_no_device(void **state)
{
	(void)state;
	enroll.devices = 0;
	enroll.pendings = 1;
	enroll.pending[0].device = enroll.device[0];
	put();
	assert_false(seen(NOW).enrolled);
}

static void looking_writes_nothing(void **state)
{
	static unsigned char before[16384], after[16384];
	size_t n;

	(void)state;
	put();
	n = scratch_bytes(&s, "hot/alice", before, sizeof(before));
	(void)seen(NOW);
	assert_int_equal(scratch_bytes(&s, "hot/alice", after, sizeof(after)), n);
	assert_memory_equal(before, after, n);
}

static void invitation_runs_for_its_life(void **state)
{
	char text[WORD_TEXT_SIZE];

	(void)state;
	enroll.devices = 0;
	hot = scratch_hot(&enroll);
	assert_int_equal(word_invite(&enroll.invite, NOW, 3600, text), 0);
	put();
	assert_true(seen(NOW).invited);
	assert_true(seen(NOW + 3599).invited);
	assert_false(seen(NOW + 3600).invited);
	assert_false(seen(NOW - 1).invited); /* a start later than now is expired */
	assert_false(seen(NOW).enrolled);
}

static void bypass_runs_for_its_life(void **state)
{
	(void)state;
	enroll.bypass_since = NOW;
	enroll.bypass_life = 4 * 3600;
	put();
	assert_int_equal(seen(NOW).bypass_until, NOW + 4 * 3600);
	assert_int_equal(seen(NOW + 4 * 3600 - 1).bypass_until, NOW + 4 * 3600);
	assert_int_equal(seen(NOW + 4 * 3600).bypass_until, 0);
	assert_int_equal(seen(NOW - 1).bypass_until, 0);
}

static void bypass_is_at_most_a_day_whatever_the_record_says(void **state)
{
	(void)state;
	enroll.bypass_since = NOW;
	enroll.bypass_life = UINT32_MAX;
	put();
	assert_int_equal(seen(NOW + 86399).bypass_until, NOW + 86400);
	assert_int_equal(seen(NOW + 86400).bypass_until, 0);
}

/* Puts what login() writes after a code: the pair of this source and these keys. */
static void remember(const char *source, const char *info, int64_t since)
{
	struct record_remembered *r = &hot.remembered[0];
	struct login_request q = request(source, since);
	struct sshkey_set set;
	struct store st;

	sshkey_read(info, &set);
	scratch_open(&s, &st);
	assert_int_equal(login_hash_source(st.keyring, &hot, &q.source, r->source), 0);
	store_close(&st);
	assert_int_equal(sshkey_set_hash(&set, r->keys), 0);
	r->since = since;
	put();
}

static void same_source_and_keys_are_remembered_for_the_time(void **state)
{
	(void)state;
	remember("203.0.113.7", KEY, NOW);
	assert_int_equal(seen(NOW).remembered_until, NOW + 3600);
	assert_int_equal(seen(NOW + 3599).remembered_until, NOW + 3600);
	assert_int_equal(seen(NOW + 3600).remembered_until, 0);
	assert_int_equal(seen(NOW - 1).remembered_until, 0); /* the clock was set back */
}

static void other_source_or_keys_are_not_remembered(void **state)
{
	struct login_request q = request("203.0.113.8", NOW);

	(void)state;
	remember("203.0.113.7", KEY, NOW);
	assert_int_equal(seen_by(&q).remembered_until, 0);
	q = request("203.0.113.7", NOW);
	assert_int_not_equal(seen_by(&q).remembered_until, 0);
	sshkey_read(OTHER_KEY, &keys);
	assert_int_equal(seen_by(&q).remembered_until, 0);
	sshkey_read(KEY OTHER_KEY, &keys);
	assert_int_equal(seen_by(&q).remembered_until, 0);
	sshkey_read(NULL, &keys);
	assert_int_equal(seen_by(&q).remembered_until, 0);
	q.keys = NULL;
	assert_int_equal(seen_by(&q).remembered_until, 0);
}

/* An unreadable line more might be another key. */
static void keys_that_were_not_all_read_are_not_remembered(void **state)
{
	struct login_request q = request("203.0.113.7", NOW);

	(void)state;
	remember("203.0.113.7", KEY, NOW);
	sshkey_read(KEY "publickey ssh-rsa AAA\n", &keys);
	assert_int_equal(seen_by(&q).remembered_until, 0);
}

/* Whatever is in the record: neither was put there by this version. */
static void name_and_local_are_not_remembered(void **state)
{
	static const char *const sources[] = {"host.example.com", NULL, ""};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct login_request q = request(sources[i], NOW);

		remember(sources[i], KEY, NOW);
		assert_int_equal(seen_by(&q).remembered_until, 0);
		scratch_remove(&s);
		(void)set_up(NULL);
	}
}

static void remember_off_or_shorter_counts_at_once(void **state)
{
	(void)state;
	remember("203.0.113.7", KEY, NOW);
	scratch_conf(&s, "remember = 30m\n");
	assert_int_equal(seen(NOW + 1799).remembered_until, NOW + 1800);
	assert_int_equal(seen(NOW + 1800).remembered_until, 0);
	scratch_conf(&s, NULL);
	assert_int_equal(seen(NOW).remembered_until, 0);
}

static void locked_user_is_not_remembered(void **state)
{
	(void)state;
	hot.locked_since = NOW - 10;
	remember("203.0.113.7", KEY, NOW);
	assert_int_equal(seen(NOW).remembered_until, 0);
}

static void user_without_a_device_is_not_remembered(void **state)
{
	(void)state;
	enroll.devices = 0;
	remember("203.0.113.7", KEY, NOW);
	assert_int_equal(seen(NOW).remembered_until, 0);
}

/* Half of the records is trouble, never "not enrolled": that might let in. */
static void half_of_the_records_is_trouble(void **state)
{
	(void)state;
	scratch_user(&s, "alice", &enroll, NULL);
	assert_int_equal(trouble(), ERR_REFUSED);
}

static void confirmed_state_alone_is_trouble(void **state)
{
	(void)state;
	hot.ever_confirmed = true;
	scratch_user(&s, "alice", NULL, &hot);
	assert_int_equal(trouble(), ERR_REFUSED);
}

/* A killed first enrolment. */
static void state_that_never_let_in_is_nobodys(void **state)
{
	(void)state;
	scratch_user(&s, "alice", NULL, &hot);
	assert_false(seen(NOW).enrolled);
}

static void records_of_another_uid_are_trouble(void **state)
{
	(void)state;
	hot.uid_bound = true;
	hot.uid = UID + 1;
	enroll.bypass_since = NOW;
	enroll.bypass_life = 3600;
	put();
	assert_int_equal(trouble(), ERR_BAD);
}

static void damaged_record_or_missing_keyring_is_trouble(void **state)
{
	char path[512];

	(void)state;
	put();
	scratch_path(&s, path, "enroll/alice");
	assert_int_equal(truncate(path, 100), 0);
	assert_int_not_equal(trouble(), 0);
	assert_int_equal(unlink(path), 0);
	scratch_path(&s, path, "keyring");
	assert_int_equal(unlink(path), 0);
	assert_int_not_equal(trouble(), 0);
}

static void name_that_no_record_can_have_is_nobodys(void **state)
{
	static char longest[2000];
	struct login_request q = request("203.0.113.7", NOW);

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	q.user = longest;
	assert_false(seen_by(&q).enrolled);
	q.user = "../enroll/alice";
	assert_false(seen_by(&q).enrolled);
}

static void place_is_of_source_and_keys(void **state)
{
	static const char *const sources[] = {"203.0.113.7", "203.0.113.8", "2001:db8::1", NULL,
	    "host.example.com", "203.0.113.7"};
	static const char *const infos[] = {KEY, KEY, KEY, KEY, KEY, OTHER_KEY};
	uint8_t places[6][RECORD_HASH], again[RECORD_HASH];
	struct login_request q;

	(void)state;
	for (int i = 0; i < 6; i++) {
		q = request(sources[i], NOW + i);
		sshkey_read(infos[i], &keys);
		assert_int_equal(look_place(&q, places[i]), 0);
		assert_int_equal(look_place(&q, again), 0);
		assert_memory_equal(places[i], again, RECORD_HASH);
		for (int k = 0; k < i; k++)
			assert_memory_not_equal(places[i], places[k], RECORD_HASH);
	}
	sshkey_read(KEY "publickey ssh-rsa AAA\n", &keys);
	assert_int_equal(look_place(&q, again), ERR_SYSTEM);
}

static void pending_is_found_at_its_place_for_15_minutes(void **state)
{
	uint8_t here[RECORD_HASH] = {1}, there[RECORD_HASH] = {2};
	struct record_enroll r = {.pendings = 2};

	(void)state;
	r.pending[0].device = scratch_device(1);
	r.pending[0].device.created = NOW;
	r.pending[0].where[0] = 1;
	r.pending[1].device = scratch_device(2);
	r.pending[1].device.created = NOW + 60;
	r.pending[1].where[0] = 3;
	assert_ptr_equal(look_pending(&r, here, NOW), &r.pending[0]);
	assert_ptr_equal(look_pending(&r, here, NOW + 899), &r.pending[0]);
	assert_null(look_pending(&r, here, NOW + 900));
	assert_null(look_pending(&r, here, NOW - 1));
	assert_null(look_pending(&r, there, NOW));
	r.pendings = 0;
	assert_null(look_pending(&r, here, NOW));
}

static void running_starts_at_its_start_and_ends_before_its_end(void **state)
{
	(void)state;
	assert_true(look_is_running(NOW, 10, NOW));
	assert_true(look_is_running(NOW, 10, NOW + 9));
	assert_false(look_is_running(NOW, 10, NOW + 10));
	assert_false(look_is_running(NOW, 10, NOW - 1));
	assert_false(look_is_running(0, INT64_MAX, NOW));
	assert_false(look_is_running(-1, INT64_MAX, NOW));
	assert_false(look_is_running(NOW, 0, NOW));
	assert_false(look_is_running(INT64_MAX, 10, NOW));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(nobody_has_nothing),
	    T(device_is_seen),
	    T(pending_enrolment_is_no_device),
	    T(looking_writes_nothing),
	    T(invitation_runs_for_its_life),
	    T(bypass_runs_for_its_life),
	    T(bypass_is_at_most_a_day_whatever_the_record_says),
	    T(same_source_and_keys_are_remembered_for_the_time),
	    T(other_source_or_keys_are_not_remembered),
	    T(keys_that_were_not_all_read_are_not_remembered),
	    T(name_and_local_are_not_remembered),
	    T(remember_off_or_shorter_counts_at_once),
	    T(locked_user_is_not_remembered),
	    T(user_without_a_device_is_not_remembered),
	    T(half_of_the_records_is_trouble),
	    T(confirmed_state_alone_is_trouble),
	    T(state_that_never_let_in_is_nobodys),
	    T(records_of_another_uid_are_trouble),
	    T(damaged_record_or_missing_keyring_is_trouble),
	    T(name_that_no_record_can_have_is_nobodys),
	    T(place_is_of_source_and_keys),
	    T(pending_is_found_at_its_place_for_15_minutes),
	    T(running_starts_at_its_start_and_ends_before_its_end),
	};

	return cmocka_run_group_tests_name("look", tests, NULL, NULL);
}
