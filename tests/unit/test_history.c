/* history: passwords that somebody has had before, with the real crypt(3) and store. */
#include "tests/unit/scratch.h"

#include "lib/core/record_pw.h"
#include "lib/core/slot.h"
#include "policy/password/history.h"

#include <crypt.h>
#include <dlfcn.h>

static struct scratch sc;
static struct store store;
static struct history h;
static char live[CRYPT_OUTPUT_SIZE]; /* the user's field of shadow */

/* ---- what the libraries call in the place of crypt(3) counts and goes on ---- */

static int calls;
static void (*at_next_call)(void);

char *crypt_r(const char *phrase, const char *setting, struct crypt_data *data)
{
	static char *(*real)(const char *, const char *, struct crypt_data *);
	void (*act)(void) = at_next_call;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "crypt_r");
	calls++;
	at_next_call = NULL;
	if (act != NULL)
		act();
	return real(phrase, setting, data);
}

/* A setting that costs 2 ms. */
static const char *cheap(void)
{
	static char salt[CRYPT_GENSALT_OUTPUT_SIZE];

	assert_non_null(crypt_gensalt_rn("$y$", 1, NULL, 0, salt, sizeof(salt)));
	return salt;
}

static void set_live(const char *password)
{
	static struct crypt_data data;
	const int before = calls;

	(void)snprintf(live, sizeof(live), "%s", crypt_r(password, cheap(), &data));
	calls = before;
}

/* ---- a user ---- */

static struct history_ask ask(const char *new, int reuse)
{
	return (struct history_ask){.store = &store, .user = "alice", .live = live,
	    .new = {new, strlen(new)}, .reuse = reuse, .now = SCRATCH_NOW};
}

static int check(const char *new, int reuse, enum history_said *said)
{
	const struct history_ask q = ask(new, reuse);
	struct err e = {0};

	*said = HISTORY_FREE;
	return history_check(&h, &q, said, &e);
}

static void assert_said(const char *new, int reuse, enum history_said expected)
{
	enum history_said said;

	assert_int_equal(check(new, reuse, &said), 0);
	assert_int_equal(said, expected);
}

/* Of who has proved the old one. */
static void assert_said_behind(const char *old, const char *new, enum history_said expected)
{
	struct history_ask q = ask(new, 24);
	enum history_said said = HISTORY_FREE;

	q.old = (struct history_text){old, strlen(old)};
	assert_int_equal(history_check(&h, &q, &said, NULL), 0);
	assert_int_equal(said, expected);
}

static void add(const char *new, const char *old)
{
	struct history_ask q = ask(new, 24);
	struct err e = {0};

	if (old != NULL)
		q.old = (struct history_text){old, strlen(old)};
	if (history_add(&h, &q, &e) != 0)
		fail_msg("%s", e.text);
}

/* The whole of a change: noted by us, written by pam_unix. */
static void change(const char *new)
{
	add(new, NULL);
	set_live(new);
}

static struct record_pw record(void)
{
	struct store_value v;
	struct record_pw r;

	assert_int_equal(store_get(&store, "pw/alice", NULL, &v, NULL), 0);
	assert_int_equal(record_pw_get(&r, v.data, v.len), 0);
	return r;
}

static void put(const struct record_pw *r)
{
	struct store_value v = {.version = STORE_NEW};
	int n = record_pw_put(r, v.data);

	assert_true(n > 0);
	v.len = (size_t)n;
	assert_int_equal(store_put(&store, "pw/alice", &v, NULL), 0);
}

/* A record whose crypt(3) is cheap. */
static void put_cheap(void)
{
	struct record_pw r;

	assert_int_equal(record_pw_new(&r, cheap()), 0);
	put(&r);
}

static const char *numbered(int i)
{
	static char text[4][32];
	static int at;
	char *out = text[at++ % 4];

	(void)snprintf(out, sizeof(text[0]), "password number %d", i);
	return out;
}

/* ---- */

static void used_password_is_found_among_as_many_as_policy_says(void **state)
{
	(void)state;
	put_cheap();
	for (int i = 1; i <= 26; i++)
		change(numbered(i));
	assert_said(numbered(26), 24, HISTORY_IN_FORCE);
	for (int i = 1; i <= 25; i++) {
		assert_said(numbered(i), 24, i >= 2 ? HISTORY_USED : HISTORY_FREE);
		assert_said(numbered(i), 1, i >= 25 ? HISTORY_USED : HISTORY_FREE);
	}
	assert_said("another one", 24, HISTORY_FREE);
}

static void twenty_four_entries_cost_two_calls_of_crypt(void **state)
{
	enum history_said said;

	(void)state;
	put_cheap();
	for (int i = 1; i <= 25; i++)
		change(numbered(i));
	calls = 0;
	assert_int_equal(check("another one", 24, &said), 0);
	assert_int_equal(said, HISTORY_FREE);
	assert_int_equal(calls, 2);
	add("another one", numbered(25));
	assert_int_equal(calls, 2);
	calls = 0;
	assert_said(numbered(1), 24, HISTORY_USED);
	assert_int_equal(calls, 2);
}

static void first_change_keeps_the_old_password_for_no_third_call(void **state)
{
	struct record_pw r;

	(void)state;
	set_live("the first");
	calls = 0;
	assert_said_behind("the first", "the first", HISTORY_IN_FORCE);
	assert_said_behind("the first", "the second", HISTORY_FREE);
	assert_int_equal(calls, 0);
	add("the second", "the first");
	assert_int_equal(calls, 2);
	r = record();
	assert_int_equal(r.entries, 2);
	assert_int_equal(r.entry[1].set, 0);
	set_live("the second");
	assert_said("the first", 1, HISTORY_USED);
	assert_said("the second", 1, HISTORY_IN_FORCE);
	/* Only then. */
	calls = 0;
	add("the third", "the second");
	assert_int_equal(calls, 1);
	assert_int_equal(record().entries, 3);
}

static void old_password_is_kept_behind_a_first_change_that_was_refused(void **state)
{
	(void)state;
	put_cheap();
	set_live("the first");
	add("refused", NULL);
	add("the second", "the first");
	set_live("the second");
	assert_said("the first", 1, HISTORY_USED);
}

static void refused_change_may_be_tried_again_at_once(void **state)
{
	(void)state;
	put_cheap();
	change("one");
	add("two", NULL); /* pam_unix refuses it */
	assert_said("two", 24, HISTORY_FREE);
	add("two", NULL);
	assert_int_equal(record().entries, 2);
	set_live("two");
	set_live("two"); /* root gives the same one another salt */
	assert_said("two", 24, HISTORY_IN_FORCE);
	assert_said("one", 24, HISTORY_USED);
}

static void withdrawn_change_leaves_no_password(void **state)
{
	static const uint8_t none[RECORD_HASH];
	struct history_ask q = ask("two", 24);

	(void)state;
	put_cheap();
	change("one");
	add("two", NULL);
	assert_int_equal(history_withdraw(&h, &q, NULL), 0);
	assert_int_equal(record().entries, 2);
	assert_memory_equal(record().entry[0].mac, none, sizeof(none)); /* a mark */
	change("two");
	assert_int_equal(history_withdraw(&h, &q, NULL), 0); /* shadow is another one */
	assert_int_equal(record().entries, 3);
	history_close(&h);
	assert_int_equal(history_open(&h, NULL), 0);
	assert_int_equal(history_withdraw(&h, &q, NULL), 0); /* nothing was noted by it */
	assert_int_equal(record().entries, 3);
}

/* Its entry has gone by time, or another process withdrew the same password. */
static void stopped_change_that_goes_on_is_noted_by_the_next(void **state)
{
	struct history_ask q = ask("stopped", 24);

	(void)state;
	for (int way = 0; way < 2; way++) {
		put_cheap();
		change("one");
		add("stopped", "one");
		if (way == 0) {
			q = ask("killed", 24);
			q.now += HISTORY_UNDER_WAY;
			assert_int_equal(history_add(&h, &q, NULL), 0);
		} else {
			q = ask("stopped", 24);
			add("stopped", "one");
			assert_int_equal(history_withdraw(&h, &q, NULL), 0);
		}
		set_live("stopped"); /* it goes on */
		assert_said_behind("stopped", "stopped", HISTORY_IN_FORCE);
		history_forget(&h);
		calls = 0;
		assert_said_behind("stopped", "next", HISTORY_FREE);
		add("next", "stopped");
		assert_int_equal(calls, 2);
		set_live("next");
		assert_said("stopped", 1, HISTORY_USED);
		assert_said("one", 24, HISTORY_USED);
		calls = 0;
		assert_said("another", 24, HISTORY_FREE);
		add("another", "next");
		assert_int_equal(calls, 2);
		assert_int_equal(store_del(&store, "pw/alice", NULL, NULL), 0);
	}
}

static void reuse_0_asks_nothing_and_notes_all(void **state)
{
	(void)state;
	put_cheap();
	calls = 0;
	set_live("one");
	assert_said("one", 0, HISTORY_FREE);
	assert_int_equal(calls, 0);
	change("two");
	change("three");
	assert_said("two", 0, HISTORY_FREE);
	assert_said("two", 24, HISTORY_USED);
}

static void locked_password_is_the_one_in_force(void **state)
{
	char locked[CRYPT_OUTPUT_SIZE + 2];
	struct history_ask q;
	enum history_said said;

	(void)state;
	put_cheap();
	change("one");
	(void)snprintf(locked, sizeof(locked), "!%.380s", live);
	q = ask("one", 1);
	q.live = locked;
	assert_int_equal(history_check(&h, &q, &said, NULL), 0);
	assert_int_equal(said, HISTORY_IN_FORCE);
	/* Locking is no change: what was refused before it has still not happened. */
	add("two", NULL);
	q = ask("two", 24);
	q.live = locked;
	assert_int_equal(history_check(&h, &q, &said, NULL), 0);
	assert_int_equal(said, HISTORY_FREE);
}

static void fields_that_are_no_hash_match_nothing(void **state)
{
	static const char *const fields[] = {"", "*", "!", "!!", "x", "*0", "*1", "$9$a$b", "$y$",
	    ":", "\n", "$y$j9T", NULL};

	(void)state;
	put_cheap();
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct history_ask q = ask("*0", 24);
		enum history_said said = HISTORY_USED;
		struct err e = {0};

		q.live = fields[i];
		if (history_check(&h, &q, &said, &e) != 0)
			fail_msg("%s: %s", fields[i], e.text);
		assert_int_equal(said, HISTORY_FREE);
	}
}

static void other_methods_of_crypt_are_compared(void **state)
{
	static const char *const prefixes[] = {"$6$", "$5$", "$2b$", "$y$"};
	static const unsigned long costs[] = {1000, 1000, 4, 1};
	static struct crypt_data data;
	char salt[CRYPT_GENSALT_OUTPUT_SIZE];

	(void)state;
	put_cheap();
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		assert_non_null(crypt_gensalt_rn(prefixes[i], costs[i], NULL, 0, salt, sizeof(salt)));
		(void)snprintf(live, sizeof(live), "%s", crypt_r("pass word", salt, &data));
		assert_said("pass word", 1, HISTORY_IN_FORCE);
		assert_said("pass wore", 1, HISTORY_FREE);
	}
}

static void passwords_that_crypt_cannot_take_are_refused(void **state)
{
	char text[HISTORY_PASSWORD_MAX + 2];
	struct history_ask q;
	enum history_said said;

	(void)state;
	put_cheap();
	memset(text, 'p', sizeof(text));
	q = ask("", 1);
	q.new = (struct history_text){text, HISTORY_PASSWORD_MAX};
	assert_int_equal(history_check(&h, &q, &said, NULL), 0);
	assert_int_equal(said, HISTORY_FREE);
	assert_int_equal(history_add(&h, &q, NULL), 0);
	q.new.len++;
	assert_int_equal(history_check(&h, &q, &said, NULL), ERR_SYNTAX);
	assert_int_equal(said, HISTORY_USED);
	assert_int_equal(history_add(&h, &q, NULL), ERR_SYNTAX);
	q.new.len = 0;
	assert_int_equal(history_check(&h, &q, &said, NULL), ERR_SYNTAX);
	text[3] = '\0';
	q.new.len = 10;
	assert_int_equal(history_check(&h, &q, &said, NULL), ERR_SYNTAX);
	assert_int_equal(history_add(&h, &q, NULL), ERR_SYNTAX);
	q.reuse = 0;
	assert_int_equal(history_check(&h, &q, &said, NULL), ERR_SYNTAX);
	q = ask("new", 1);
	q.old = (struct history_text){text, sizeof(text)};
	assert_int_equal(history_add(&h, &q, NULL), ERR_SYNTAX);
	assert_int_equal(record().entries, 1);
}

/* Text behind it in memory is none of it. */
static void password_ends_with_its_length(void **state)
{
	struct history_ask q = ask("secret and more", 24);
	enum history_said said;

	(void)state;
	put_cheap();
	q.new.len = 6;
	assert_int_equal(history_add(&h, &q, NULL), 0);
	set_live("other");
	assert_said("secret", 24, HISTORY_USED);
	assert_said("secret and more", 24, HISTORY_FREE);
	assert_int_equal(history_check(&h, &q, &said, NULL), 0);
	assert_int_equal(said, HISTORY_USED);
}

static void added_is_the_password_of_the_call_not_of_the_one_before(void **state)
{
	(void)state;
	put_cheap();
	set_live("zero");
	assert_said("one", 24, HISTORY_FREE);
	change("two");
	set_live("three");
	assert_said("one", 24, HISTORY_FREE);
	assert_said("two", 24, HISTORY_USED);
}

static void make_record_meanwhile(void)
{
	struct history_ask q = ask("theirs", 24);
	struct history other;
	struct store st;

	if (store_open_pw(&st, &sc.conf, true, NULL) != 0 || history_open(&other, NULL) != 0)
		abort();
	q.store = &st;
	if (history_add(&other, &q, NULL) != 0)
		abort();
	history_close(&other);
	store_close(&st);
}

static void record_that_another_process_makes_meanwhile_loses_nothing(void **state)
{
	(void)state;
	set_live("zero");
	at_next_call = make_record_meanwhile;
	add("ours", "zero");
	set_live("later");
	assert_int_equal(record().entries, 3);
	assert_said("ours", 24, HISTORY_USED);
	assert_said("theirs", 24, HISTORY_USED);
	assert_said("zero", 24, HISTORY_USED);
}

static void remove_record_meanwhile(void)
{
	if (store_del(&store, "pw/alice", NULL, NULL) != 0)
		abort();
}

static void record_that_is_removed_meanwhile_is_made_anew(void **state)
{
	(void)state;
	put_cheap();
	set_live("zero");
	at_next_call = remove_record_meanwhile;
	add("ours", NULL);
	set_live("later");
	assert_said("ours", 24, HISTORY_USED);
}

static void record_that_cannot_be_trusted_refuses_and_is_left_alone(void **state)
{
	static unsigned char before[SLOT_FILE], after[SLOT_FILE];
	struct store_value v = {.version = STORE_NEW, .len = 3, .data = {9, 9, 9}};
	const struct history_ask q = ask("new", 1);
	enum history_said said;
	int64_t when = 7;

	(void)state;
	set_live("zero");
	assert_int_equal(store_put(&store, "pw/alice", &v, NULL), 0);
	assert_int_equal(scratch_bytes(&sc, "pw/alice", before, sizeof(before)), sizeof(before));
	assert_int_equal(check("new", 1, &said), ERR_BAD);
	assert_int_equal(said, HISTORY_USED);
	assert_int_equal(history_add(&h, &q, NULL), ERR_BAD);
	assert_int_equal(history_changed(&h, &q, &when, NULL), ERR_BAD);
	assert_int_equal(when, 0);
	assert_int_equal(scratch_bytes(&sc, "pw/alice", after, sizeof(after)), sizeof(after));
	assert_memory_equal(before, after, sizeof(before));
}

static void ninth_change_at_once_is_told_to_try_again(void **state)
{
	struct history_ask q = ask("ninth", 24);
	struct err e = {0};

	(void)state;
	put_cheap();
	set_live("zero");
	for (int i = 0; i < HISTORY_AT_ONCE; i++)
		add(numbered(i), NULL);
	assert_int_equal(history_add(&h, &q, &e), ERR_UNAVAIL);
	assert_non_null(strstr(e.text, "try again"));
	q.now += HISTORY_UNDER_WAY;
	assert_int_equal(history_add(&h, &q, &e), 0);
}

static void time_of_the_last_change_is_that_of_one_which_happened(void **state)
{
	struct history_ask q = ask("two", 24);
	int64_t when = 7;

	(void)state;
	set_live("zero");
	assert_int_equal(history_changed(&h, &q, &when, NULL), 0);
	assert_int_equal(when, 0);
	put_cheap();
	change("one");
	q.now += 86400;
	assert_int_equal(history_add(&h, &q, NULL), 0);
	assert_int_equal(history_changed(&h, &q, &when, NULL), 0);
	assert_int_equal(when, SCRATCH_NOW);
	set_live("two");
	assert_int_equal(history_changed(&h, &q, &when, NULL), 0);
	assert_int_equal(when, SCRATCH_NOW + 86400);
}

static bool holds(const struct store_value *v, const char *text)
{
	return memmem(v->data, v->len, text, strlen(text)) != NULL;
}

static void record_holds_neither_passwords_nor_hashes(void **state)
{
	static struct crypt_data data;
	struct store_value v;
	struct record_pw r;
	const char *hash;

	(void)state;
	put_cheap();
	change("one password");
	r = record();
	hash = crypt_r("one password", r.salt, &data);
	assert_int_equal(store_get(&store, "pw/alice", NULL, &v, NULL), 0);
	assert_true(holds(&v, r.salt));
	assert_false(holds(&v, "one password"));
	assert_false(holds(&v, strrchr(hash, '$')));
	assert_false(holds(&v, strrchr(live, '$')));
	/* A copy of the record under another key of its own would match nothing. */
	r.key[0] ^= 1;
	assert_int_equal(store_del(&store, "pw/alice", NULL, NULL), 0);
	put(&r);
	set_live("later");
	assert_said("one password", 24, HISTORY_FREE);
}

static void users_have_records_of_their_own(void **state)
{
	struct history_ask q = ask("mine", 24);
	enum history_said said;

	(void)state;
	put_cheap();
	change("mine");
	set_live("later");
	q.user = "b/o b";
	assert_int_equal(history_check(&h, &q, &said, NULL), 0);
	assert_int_equal(said, HISTORY_FREE);
	assert_int_equal(history_add(&h, &q, NULL), 0);
	set_live("still later");
	assert_int_equal(history_check(&h, &q, &said, NULL), 0);
	assert_int_equal(said, HISTORY_USED);
	q.user = "";
	assert_int_equal(history_check(&h, &q, &said, NULL), ERR_SYNTAX);
	assert_int_equal(history_add(&h, &q, NULL), ERR_SYNTAX);
}

static void new_records_salt_has_the_librarys_default_cost(void **state)
{
	char *salt = crypt_gensalt_ra("$y$", 0, NULL, 0);
	struct record_pw r;

	(void)state;
	set_live("zero");
	add("one", NULL);
	r = record();
	assert_non_null(salt);
	assert_memory_equal(r.salt, salt, strcspn(salt + 3, "$") + 4);
	assert_string_not_equal(r.salt, salt);
	free(salt);
}

/* ---- a store for each ---- */

static int make(void **state)
{
	struct err e = {0};

	(void)state;
	scratch_make(&sc);
	live[0] = '\0';
	calls = 0;
	at_next_call = NULL;
	if (store_open_pw(&store, &sc.conf, true, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(history_open(&h, NULL), 0);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	history_close(&h);
	store_close(&store);
	scratch_remove(&sc);
	return 0;
}

#define T(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(used_password_is_found_among_as_many_as_policy_says),
	    T(twenty_four_entries_cost_two_calls_of_crypt),
	    T(first_change_keeps_the_old_password_for_no_third_call),
	    T(old_password_is_kept_behind_a_first_change_that_was_refused),
	    T(refused_change_may_be_tried_again_at_once),
	    T(withdrawn_change_leaves_no_password),
	    T(stopped_change_that_goes_on_is_noted_by_the_next),
	    T(reuse_0_asks_nothing_and_notes_all),
	    T(locked_password_is_the_one_in_force),
	    T(fields_that_are_no_hash_match_nothing),
	    T(other_methods_of_crypt_are_compared),
	    T(passwords_that_crypt_cannot_take_are_refused),
	    T(password_ends_with_its_length),
	    T(added_is_the_password_of_the_call_not_of_the_one_before),
	    T(record_that_another_process_makes_meanwhile_loses_nothing),
	    T(record_that_is_removed_meanwhile_is_made_anew),
	    T(record_that_cannot_be_trusted_refuses_and_is_left_alone),
	    T(ninth_change_at_once_is_told_to_try_again),
	    T(time_of_the_last_change_is_that_of_one_which_happened),
	    T(record_holds_neither_passwords_nor_hashes),
	    T(users_have_records_of_their_own),
	    T(new_records_salt_has_the_librarys_default_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
