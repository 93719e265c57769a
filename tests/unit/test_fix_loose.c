/* Which modes and owners a fix would change, from facts alone: fix_loose.h. */
#include "tests/unit/scratch.h"

#include "policy/fix_loose.h"

#define KEYRING "/etc/pam-bastion/keyring"
#define STATE "/var/lib/pam-bastion"

static struct facts host;
static struct fix_plan plan;

static void host_text(const char *kind, const char *name, const char *text)
{
	facts_text(&host, kind, name, text, strlen(text));
}

static int set_up(void **state)
{
	static const char *const dirs[] = {"/", "/etc", "/etc/pam-bastion", "/var", "/var/lib"};

	(void)state;
	facts_free(&host);
	fix_plan_free(&plan);
	host_text("conf-file", "login", "/etc/pam-bastion/pam_bastion.conf");
	host_text("conf", "keyring", KEYRING);
	host_text("conf", "state_dir", STATE);
	host_text("conf", "store_dir", STATE);
	host_text("store", "open", "names=0 foreign=0");
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		host_text("meta", dirs[i], "dir 0755 0 0 1 1");
	host_text("meta", KEYRING, "file 0600 0 0 60 1");
	host_text("meta", STATE, "dir 0700 0 0 1 1");
	host_text("holds", STATE, "enroll\nhot\n");
	host_text("aws-keys", "scan", "3");
	return 0;
}

static int tear_down(void **state)
{
	fix_plan_free(&plan);
	facts_free(&host);
	(void)state;
	return 0;
}

/* The plan in one text: "OLD:UID>NEW:UID PATH", a line each. */
static const char *plan_is(int (*make)(struct facts *, struct fix_plan *, struct err *))
{
	static char text[2000];
	struct err e = {0};
	size_t n = 0;

	fix_plan_free(&plan);
	if (make(&host, &plan, &e) != 0)
		fail_msg("%s", e.text);
	text[0] = '\0';
	for (int i = 0; i < plan.modes && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%o:%u>%o:%u %s\n",
		    (unsigned)plan.mode[i].old.mode, (unsigned)plan.mode[i].old.uid,
		    (unsigned)plan.mode[i].new.mode, (unsigned)plan.mode[i].new.uid, plan.mode[i].path);
	return text;
}

static void what_is_roots_alone_is_left_in_peace(void **state)
{
	(void)state;
	assert_string_equal(plan_is(fix_loose_secrets), "");
	assert_int_equal(plan.left.len, 0);
	host_text("meta", "/var", "dir 1777 0 0 1 1"); /* as the check has it */
	assert_string_equal(plan_is(fix_loose_secrets), "");
}

static void keyring_and_records_become_roots(void **state)
{
	(void)state;
	host_text("meta", KEYRING, "file 2644 5 0 60 1");
	host_text("meta", STATE, "dir 0755 0 0 1 1");
	host_text("loose", STATE "/enroll", "dir 0711 0 0 1");
	host_text("loose", STATE "/enroll/a", "file 0640 0 9 1");
	assert_string_equal(plan_is(fix_loose_secrets), "2644:5>2600:0 " KEYRING "\n755:0>700:0 " STATE "\n711:0>700:0 " STATE "/enroll\n640:0>600:0 " STATE "/enroll/a\n");
}

static void conf_is(const char *key, const char *path, const char *meta)
{
	host_text("conf", key, path);
	host_text("meta", path, meta);
}

/* Somebody else may live in it. */
static void directory_above_is_told_and_never_changed(void **state)
{
	(void)state;
	conf_is("keyring", "/home/u/kr/keyring", "file 0644 0 0 60 1");
	host_text("meta", "/home", "dir 0755 0 0 1 1");
	host_text("meta", "/home/u", "dir 0700 7 7 1 1");
	host_text("meta", "/home/u/kr", "dir 0755 0 0 1 1");
	assert_string_equal(plan_is(fix_loose_secrets), "644:0>600:0 /home/u/kr/keyring\n");
	assert_true(plan.by_hand);
	assert_int_equal(strncmp(plan.left.data, "/home/u: others may put", 23), 0);
}

static void directory_that_is_not_pam_bastions_own_is_told_and_left(void **state)
{
	static const struct { const char *path, *holds; bool own; } dirs[] = {{"/srv", "enroll\nhot\ndb\n",
	    false}, {"/srv", "", false}, {"/srv", "enroll\n", false}, {"/srv", NULL, false},
	    {"/srv", "enroll\nhot\nhotel\n", false}, {"/srv", "hot\ntxn\nenroll\npolicy.json\n", true},
	    {"/srv/pam-bastion", "db\nhot\n", true}, {"/srv/pam-bastion.d", "db\n", false}};
	char wanted[200], loose[100];

	(void)state;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		facts_free(&host);
		assert_int_equal(set_up(state), 0);
		host_text("meta", "/srv", "dir 0755 0 0 1 1");
		conf_is("state_dir", dirs[i].path, "dir 0755 0 0 1 1");
		if (dirs[i].holds != NULL)
			host_text("holds", dirs[i].path, dirs[i].holds);
		else
			facts_trouble(&host, "holds", dirs[i].path, "not all of it could be looked at");
		(void)snprintf(loose, sizeof(loose), "%s/db", dirs[i].path);
		host_text("loose", loose, "dir 0755 0 9 1");
		(void)snprintf(wanted, sizeof(wanted), "755:0>700:0 %s\n755:0>700:0 %s\n", dirs[i].path, loose);
		assert_string_equal(plan_is(fix_loose_secrets), dirs[i].own ? wanted : "");
		assert_int_equal(plan.by_hand, !dirs[i].own);
		assert_int_equal(plan.left.len > 0, !dirs[i].own);
		if (dirs[i].own) /* once, whatever is in it */
			continue;
		assert_int_equal(strncmp(plan.left.data, dirs[i].path, strlen(dirs[i].path)), 0);
		assert_ptr_equal(strchr(plan.left.data, '\n') + 1, plan.left.data + plan.left.len);
	}
}

static void keyring_that_is_a_directory_is_left(void **state)
{
	(void)state;
	conf_is("keyring", "/srv", "dir 0755 0 0 1 1");
	assert_string_equal(plan_is(fix_loose_secrets), "");
	assert_non_null(strstr(plan.left.data, "/srv: "));
}

/* Its transactions would be theirs. */
static void directory_of_states_that_others_may_write_is_left(void **state)
{
	static const struct { const char *path, *meta; } bad[] = {{STATE, "dir 0720 0 0 1 1"},
	    {STATE, "dir 0700 5 0 1 1"}, {"/var/lib", "dir 0777 0 0 1 1"}, {"/", "dir 0757 0 0 1 1"}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		facts_free(&host);
		assert_int_equal(set_up(state), 0);
		host_text("meta", KEYRING, "file 0644 0 0 60 1");
		host_text("meta", bad[i].path, bad[i].meta);
		assert_string_equal(plan_is(fix_loose_secrets), "");
		assert_true(plan.by_hand);
		assert_non_null(strstr(plan.left.data, "chmod go-w it by hand"));
		assert_int_equal(strncmp(plan.left.data, bad[i].path, strlen(bad[i].path)), 0);
	}
}

static void link_or_socket_among_the_records_is_left(void **state)
{
	(void)state;
	host_text("loose", STATE "/hot/a", "other 0777 0 0 1");
	host_text("meta", "/var/lib", "link 0777 0 0 1 1 /srv");
	assert_string_equal(plan_is(fix_loose_secrets), "");
	assert_non_null(strstr(plan.left.data, STATE "/hot/a: "));
	assert_non_null(strstr(plan.left.data, "/var/lib: "));
}

static void before_there_are_secrets_there_is_nothing_to_do(void **state)
{
	(void)state;
	facts_none(&host, "store", "open");
	facts_none(&host, "meta", KEYRING);
	host_text("meta", STATE, "dir 0777 0 0 1 1");
	assert_string_equal(plan_is(fix_loose_secrets), "");
}

static void fact_that_does_not_tell_plans_nothing(void **state)
{
	static const char *const names[] = {KEYRING, "/var", STATE, "/"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		fix_plan_free(&plan);
		assert_int_equal(set_up(state), 0);
		host_text("meta", names[i], "file 9999 x");
		assert_int_equal(fix_loose_secrets(&host, &plan, NULL), ERR_UNKNOWN);
		facts_trouble(&host, "meta", names[i], "no");
		assert_int_equal(fix_loose_secrets(&host, &plan, NULL), ERR_UNKNOWN);
		facts_free(&host);
	}
	assert_int_equal(fix_loose_secrets(&host, &plan, NULL), ERR_UNKNOWN);
	assert_int_equal(fix_loose_keys(&host, &plan, NULL), ERR_UNKNOWN);
}

static void of_too_many_the_first_are_put_right(void **state)
{
	char path[100];

	(void)state;
	for (int i = 0; i <= FIX_MODES; i++) {
		(void)snprintf(path, sizeof(path), STATE "/enroll/%05d", i);
		host_text("loose", path, "file 0644 0 0 1");
	}
	(void)plan_is(fix_loose_secrets);
	assert_int_equal(plan.modes, FIX_MODES);
	assert_true(plan.more);
}

static void files_with_keys_lose_what_others_may(void **state)
{
	(void)state;
	host_text("aws-key", "/home/a/.aws/credentials:2", "mode=0644 uid=7 gid=7 id=AKIA...ABCD");
	host_text("aws-key", "/home/a/.aws/credentials:5", "mode=0644 uid=7 gid=7 id=AKIA...EFGH");
	host_text("aws-key", "/home/b/.env:1", "mode=0600 uid=8 gid=8 id=AKIA...ABCD");
	host_text("aws-key", "/etc/profile:9", "mode=0644 uid=0 gid=0 id=AKIA...ABCD");
	host_text("aws-key", "/etc/profile.d/x:1:3", "mode=0644 uid=0 gid=0 id=AKIA...ABCD");
	assert_string_equal(plan_is(fix_loose_keys), "644:7>600:7 /home/a/.aws/credentials\n");
	assert_non_null(strstr(plan.left.data, "/etc/profile:9: others have to read this file"));
	assert_non_null(strstr(plan.left.data, "/etc/profile.d/x:1:3: others"));
}

static void key_whose_fact_is_hostile_plans_nothing(void **state)
{
	static const char *const texts[] = {"", "mode= uid=7", "mode=0644", "mode=9 uid=7",
	    "mode=0644 uid=99999999999", "mode=777777777777 uid=0", "mode=-1 uid=0"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		host_text("aws-key", "/home/a/.env:1", texts[i]);
		assert_int_equal(fix_loose_keys(&host, &plan, NULL), ERR_UNKNOWN);
	}
	facts_none(&host, "aws-key", "/home/a/.env:1");
	host_text("aws-key", "no colon", "mode=0644 uid=0");
	assert_int_equal(fix_loose_keys(&host, &plan, NULL), ERR_UNKNOWN);
	assert_int_equal(plan.modes, 0);
}

static void name_that_is_too_long_is_left(void **state)
{
	char name[ENABLE_PATH_MAX + 40];

	(void)state;
	memset(name, 'x', sizeof(name));
	(void)snprintf(name + ENABLE_PATH_MAX + 10, 8, ":1");
	name[0] = '/';
	host_text("aws-key", name, "mode=0644 uid=7 gid=7 id=AKIA...ABCD");
	assert_string_equal(plan_is(fix_loose_keys), "");
	assert_true(plan.left.len > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    TEST(what_is_roots_alone_is_left_in_peace),
	    TEST(keyring_and_records_become_roots),
	    TEST(directory_above_is_told_and_never_changed),
	    TEST(directory_that_is_not_pam_bastions_own_is_told_and_left),
	    TEST(keyring_that_is_a_directory_is_left),
	    TEST(directory_of_states_that_others_may_write_is_left),
	    TEST(link_or_socket_among_the_records_is_left),
	    TEST(before_there_are_secrets_there_is_nothing_to_do),
	    TEST(fact_that_does_not_tell_plans_nothing), TEST(of_too_many_the_first_are_put_right),
	    TEST(files_with_keys_lose_what_others_may), TEST(key_whose_fact_is_hostile_plans_nothing),
	    TEST(name_that_is_too_long_is_left)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
