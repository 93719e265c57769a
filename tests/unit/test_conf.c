/* The login configuration: conf.h, DESIGN.md 'Names and files'. */
#include "tests/unit/scratch.h"

#ifndef PB_SYSCONFDIR /* compiled by hand */
#define PB_SYSCONFDIR "/etc"
#define PB_LOCALSTATEDIR "/var"
#endif
#define STATE_DIR PB_LOCALSTATEDIR "/lib/pam-bastion"
#define CONF_DIR PB_SYSCONFDIR "/pam-bastion"
#define CONF_FILE_PATH CONF_DIR "/pam_bastion.conf"

static struct scratch sc;
static char path[512];

static int set_up(void **state)
{
	(void)state;
	scratch_dir(&sc);
	scratch_path(&sc, path, "pam_bastion.conf");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(&sc);
	return 0;
}

static int parse_n(struct conf *c, const char *text, size_t n, struct err *e)
{
	struct err none;

	memset(c, 0xee, sizeof(*c));
	return conf_parse(c, "/etc/x.conf", text, n, e != NULL ? e : &none);
}

static int parse(struct conf *c, const char *text, struct err *e)
{
	return parse_n(c, text, strlen(text), e);
}

static void assert_accepted(const char *text)
{
	struct conf c;
	struct err e = {0};

	if (parse(&c, text, &e) != 0)
		fail_msg("refused: %s: %s", text, e.text);
}

/* Refused, with "/etc/x.conf:LINE: " before and the piece in the reason. */
static void assert_refused(const char *text, int line, const char *piece)
{
	char start[64];
	struct conf c;
	struct err e = {0};

	if (parse(&c, text, &e) == 0)
		fail_msg("accepted: %s", text);
	(void)snprintf(start, sizeof(start), "/etc/x.conf:%d: ", line);
	if (strncmp(e.text, start, strlen(start)) != 0)
		fail_msg("'%s' gives '%s'", text, e.text);
	if (strstr(e.text, piece) == NULL)
		fail_msg("'%s' gives '%s', without '%s'", text, e.text, piece);
}

static void assert_defaults(const struct conf *c)
{
	assert_string_equal(c->store_dir, STATE_DIR);
	assert_string_equal(c->state_dir, STATE_DIR);
	assert_string_equal(c->keyring, CONF_DIR "/keyring");
	assert_string_equal(c->issuer, "");
	assert_int_equal(c->window, 1);
	assert_int_equal(c->throttle_free, 3);
	assert_int_equal(c->throttle_base, 30);
	assert_int_equal(c->throttle_max, 3600);
	assert_int_equal(c->lock_after, 100);
	assert_int_equal(c->retry, 3);
	assert_int_equal(c->reserve_wait, 15);
	assert_int_equal(c->enroll, CONF_ENROLL_INVITE);
	assert_int_equal(c->remember, 0);
	assert_int_equal(c->enroll_by, 0);
	assert_true(conf_require_is_all(c));
	assert_int_equal(c->exempts, 0);
	assert_string_equal(c->password_policy, "kisa");
	assert_string_equal(c->policy_file, STATE_DIR "/policy.json");
	assert_int_equal(c->age, CONF_AGE_WARN);
	assert_string_equal(c->age_exempt, "");
	assert_int_equal(c->warn_days, 14);
	assert_false(c->root_is_free);
}

static void empty_file_gives_the_defaults(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(parse(&c, "", NULL), 0);
	assert_defaults(&c);
	assert_true(c.file_read);
	assert_string_equal(c.path, "/etc/x.conf");
	for (int i = 0; i < CONF_KEYS; i++)
		assert_int_equal(c.origin[i].where, CONF_DEFAULT);
}

static void every_built_key_is_set(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(parse(&c, "store = file:/srv/s\nstate_dir = /srv/t\n"
	    "keyring = /srv/k\nissuer = ACME bastion\nwindow = 2\nthrottle_free = 5\n"
	    "throttle_base = 10s\nthrottle_max = 2h\nlock_after = 50\nretry = 1\n"
	    "reserve_wait = 5m\nenroll = admin\nremember = 12h\nenroll_by = 1970-01-02\n"
	    "require = user:a,group:b\nexempt = user:c@local\n"
	    "password_policy = kisa, iam,/srv/rules\npolicy_file = /srv/p\nage = enforce\n"
	    "age_exempt = group:d\nwarn_days = 30\nenforce_for_root = no\n", NULL), 0);
	assert_string_equal(c.store_dir, "/srv/s");
	assert_string_equal(c.state_dir, "/srv/t");
	assert_string_equal(c.keyring, "/srv/k");
	assert_string_equal(c.issuer, "ACME bastion");
	assert_int_equal(c.window, 2);
	assert_int_equal(c.throttle_free, 5);
	assert_int_equal(c.throttle_base, 10);
	assert_int_equal(c.throttle_max, 7200);
	assert_int_equal(c.lock_after, 50);
	assert_int_equal(c.retry, 1);
	assert_int_equal(c.reserve_wait, 300);
	assert_int_equal(c.enroll, CONF_ENROLL_ADMIN);
	assert_int_equal(c.remember, 43200);
	assert_int_equal(c.enroll_by, 2 * 86400);
	assert_string_equal(c.require, "user:a,group:b");
	assert_int_equal(c.exempts, 1);
	assert_string_equal(conf_exempt(&c, 0), "user:c@local");
	assert_string_equal(c.password_policy, "kisa, iam,/srv/rules");
	assert_string_equal(c.policy_file, "/srv/p");
	assert_int_equal(c.age, CONF_AGE_ENFORCE);
	assert_string_equal(c.age_exempt, "group:d");
	assert_int_equal(c.warn_days, 30);
	assert_true(c.root_is_free);
}

static void whole_numbers_have_their_bounds(void **state)
{
	static const struct {
		const char *key;
		int min, max;
	} keys[] = {{"window", 0, 2}, {"throttle_free", 1, 20}, {"lock_after", 1, 100},
	    {"retry", 1, 5}};
	static const char *const never[] = {"", "x", "-1", "+1", "1x", "1 2", "0x1", "1.0",
	    "99999999999999999999", "1s"};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char text[64];

		for (int v = -2; v <= keys[i].max + 2; v++) {
			(void)snprintf(text, sizeof(text), "\n%s = %d", keys[i].key, v);
			if (v >= keys[i].min && v <= keys[i].max)
				assert_accepted(text);
			else
				assert_refused(text, 2, keys[i].key);
		}
		for (size_t k = 0; k < sizeof(never) / sizeof(never[0]); k++) {
			(void)snprintf(text, sizeof(text), "%s = %s", keys[i].key, never[k]);
			assert_refused(text, 1, keys[i].key);
		}
	}
}

static void durations_have_a_unit_and_their_bounds(void **state)
{
	static const char *const keys[] = {"throttle_base", "throttle_max"};
	static const char *const good[] = {"1s", "86400s", "1m", "1440m", "1h", "24h", "1d",
	    "0000000030s"};
	static const char *const bad[] = {"0", "0s", "30", "s", "-1s", "1.5h", "1w", "1S",
	    "86401s", "1441m", "25h", "2d", "30 s", "1h30m", "99999999999999999999s",
	    "100000000000s", "", "+1s"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char text[96];

		for (size_t k = 0; k < sizeof(good) / sizeof(good[0]); k++) {
			/* The other one such that the two agree. */
			(void)snprintf(text, sizeof(text), "%s = %s\n%s\n", keys[i], good[k],
			    i == 0 ? "throttle_max = 1d" : "throttle_base = 1s");
			assert_accepted(text);
		}
		for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
			(void)snprintf(text, sizeof(text), "%s = %s", keys[i], bad[k]);
			assert_refused(text, 1, keys[i]);
		}
	}
}

static void password_is_judged_for_1s_to_5m(void **state)
{
	static const char *const bad[] = {"0", "0s", "301s", "6m", "1h", "15"};
	char text[96];

	(void)state;
	assert_accepted("reserve_wait = 1s\n");
	assert_accepted("reserve_wait = 300s\n");
	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
		(void)snprintf(text, sizeof(text), "reserve_wait = %s", bad[k]);
		assert_refused(text, 1, "reserve_wait");
	}
}

static void greatest_delay_is_not_less_than_the_first(void **state)
{
	struct conf c;
	struct err e = {0};

	(void)state;
	assert_accepted("throttle_base = 1h\nthrottle_max = 1h\n");
	assert_int_not_equal(parse(&c, "throttle_base = 2h\n", &e), 0);
	assert_non_null(strstr(e.text, "/etc/x.conf"));
	assert_non_null(strstr(e.text, "throttle_max"));
}

static void paths_are_absolute_and_plain(void **state)
{
	static const char *const keys[] = {"store", "state_dir", "keyring", "policy_file"};
	static const char *const bad[] = {"x", "./x", "/a/../b", "/a/..", "/..", "~/x"};
	char text[1200], longest[600];
	struct conf c;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const char *scheme = i == 0 ? "file:" : "";

		for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
			(void)snprintf(text, sizeof(text), "%s = %s%s", keys[i], scheme, bad[k]);
			assert_refused(text, 1, keys[i]);
		}
		(void)snprintf(text, sizeof(text), "%s = %s/a/..b/b../c", keys[i], scheme);
		assert_accepted(text);
		memset(longest, 'p', sizeof(longest));
		longest[0] = '/';
		longest[CONF_PATH_MAX - 32] = '\0';
		(void)snprintf(text, sizeof(text), "%s = %s%s", keys[i], scheme, longest);
		assert_refused(text, 1, keys[i]);
		longest[CONF_PATH_MAX - 33] = '\0';
		(void)snprintf(text, sizeof(text), "%s = %s%s", keys[i], scheme, longest);
		assert_accepted(text);
	}
	assert_int_equal(parse(&c, "state_dir = /srv/x//\nstore = file:/\n", NULL), 0);
	assert_string_equal(c.state_dir, "/srv/x");
	assert_string_equal(c.store_dir, "/");
}

static void store_of_another_kind_is_an_error(void **state)
{
	static const char *const bad[] = {"dynamodb:table", "etcd:https://x", "/var/lib/x",
	    "redis:x", "file", "FILE:/x", "file:"};
	char text[96];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "store = %s", bad[i]);
		assert_refused(text, 1, "store");
	}
}

/* Such a URI is refused at each enrolment: nobody could enrol. */
static void issuer_is_text(void **state)
{
	struct conf c;

	(void)state;
	assert_refused("issuer = a\001b", 1, "UTF-8");
	assert_refused("issuer = a\177b", 1, "UTF-8");
	assert_refused("issuer = a\302\205b", 1, "UTF-8");
	assert_refused("issuer = a\355\240", 1, "UTF-8");
	assert_refused("issuer = a\300\200", 1, "UTF-8");
	assert_int_equal(parse(&c, "issuer = \355\225\234\352\265\255", NULL), 0);
	assert_string_equal(c.issuer, "\355\225\234\352\265\255");
}

static void issuer_has_no_colon_and_at_most_63_bytes(void **state)
{
	char text[128], name[70];

	(void)state;
	assert_refused("issuer = a:b", 1, "colon");
	memset(name, 'i', sizeof(name));
	name[CONF_ISSUER_MAX] = '\0';
	(void)snprintf(text, sizeof(text), "issuer = %s", name);
	assert_refused(text, 1, "issuer");
	name[CONF_ISSUER_MAX - 1] = '\0';
	(void)snprintf(text, sizeof(text), "issuer = %s", name);
	assert_accepted(text);
}

static void enroll_knows_its_words(void **state)
{
	static const char *const names[] = {"admin", "invite", "login"};
	struct conf c;

	(void)state;
	for (int i = 0; i < 3; i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "enroll = %s", names[i]);
		assert_int_equal(parse(&c, text, NULL), 0);
		assert_int_equal(c.enroll, i);
	}
	assert_refused("enroll = Admin", 1, "not one of");
	assert_refused("enroll = yes", 1, "not one of");
	assert_refused("enroll = login,invite", 1, "not one of");
}

static void remember_is_off_or_at_most_12h(void **state)
{
	static const char *const good[] = {"0", "1s", "30m", "12h", "720m", "43200s"};
	static const char *const bad[] = {"43201s", "721m", "13h", "1d", "-1s", "12", "on",
	    "0h30m"};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)snprintf(text, sizeof(text), "remember = %s", good[i]);
		assert_accepted(text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "remember = %s", bad[i]);
		assert_refused(text, 1, "remember");
	}
}

/* A day that is past or far ahead is judged at use: never an error. */
static void enroll_by_is_a_day_or_none(void **state)
{
	static const char *const bad[] = {"2027-02-29", "2027-1-01", "27-01-01", "tomorrow",
	    "2027-01-01 ", "2027/01/01", "0", "None"};
	char text[64];
	struct conf c;

	(void)state;
	assert_int_equal(parse(&c, "enroll_by = 2027-01-15", NULL), 0);
	assert_int_equal(c.enroll_by, 1799971200 + 86400);
	assert_int_equal(parse(&c, "enroll_by = none", NULL), 0);
	assert_int_equal(c.enroll_by, 0);
	assert_accepted("enroll_by = 1999-12-31");
	assert_accepted("enroll_by = 9999-12-31");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "enroll_by = \"%s\"", bad[i]);
		assert_refused(text, 1, "enroll_by");
		(void)snprintf(text, sizeof(text), "enroll_by = x%s", bad[i]);
		assert_refused(text, 1, "enroll_by");
	}
	assert_refused("enroll_by = 2027-02-29", 1, "not a day YYYY-MM-DD");
}

static int count_who(void *ctx, const struct who *who)
{
	char *seen = ctx;

	strcat(seen, who->group ? "%" : "");
	strcat(seen, who->name);
	strcat(seen, " ");
	return strcmp(who->name, "stop") == 0;
}

static void require_lists_users_and_groups(void **state)
{
	static const char *const bad[] = {"alice", "user:", "group:", "user:a group:b",
	    "all,user:a", "user:a,all", "user:a,,user:b", ",user:a", "user:a,", "User:a",
	    "user:a:b", "user:a/b", "none"};
	char text[CONF_REQUIRE_MAX + 64], seen[256] = "";
	struct conf c;

	(void)state;
	assert_int_equal(parse(&c, "require = user:a@corp ,\tgroup:wheel,user:z", NULL), 0);
	assert_false(conf_require_is_all(&c));
	assert_int_equal(conf_require_each(&c, count_who, seen), 0);
	assert_string_equal(seen, "a@corp %wheel z ");
	assert_int_equal(parse(&c, "require = user:a,user:stop,user:b", NULL), 0);
	seen[0] = '\0';
	assert_int_equal(conf_require_each(&c, count_who, seen), 1);
	assert_string_equal(seen, "a stop ");
	assert_int_equal(parse(&c, "require = all", NULL), 0);
	assert_true(conf_require_is_all(&c));
	assert_int_equal(conf_require_each(&c, count_who, NULL), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "require = %s", bad[i]);
		assert_refused(text, 1, "require");
	}
}

static void password_policy_lists_names_and_paths(void **state)
{
	static const char *const good[] = {"kisa", "kisa-2020", "iam-default", "cis-aws",
	    "nist-800-63b-4", "pci-4.0.1", "iam", "/etc/rules", "kisa,iam", "kisa ,\tiam , /etc/x",
	    "/1,/2,/3,/4,/5,/6,/7,/8"};
	static const char *const bad[] = {"kisa,", ",kisa", ",", "kisa,,iam", "Kisa", "kisa iam",
	    "kisa;iam", "nist", "pci", "iam-mirror", "none", "etc/rules", "./rules", "/a/../b",
	    "kisa,kisa", "kisa, iam, kisa", "/a,/b,/a", "/1,/2,/3,/4,/5,/6,/7,/8,/9", "kis", "kisax"};
	char text[1200];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)snprintf(text, sizeof(text), "password_policy = %s", good[i]);
		assert_accepted(text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "\npassword_policy = %s", bad[i]);
		assert_refused(text, 2, "password_policy: ");
	}
	memset(text, 'x', sizeof(text));
	memcpy(text, "password_policy = /", 19);
	text[18 + CONF_POLICY_MAX] = '\0';
	assert_refused(text, 1, "longer than 511 bytes");
}

static void policy_file_follows_the_state_directory(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(parse(&c, "state_dir = /srv/t\n", NULL), 0);
	assert_string_equal(c.policy_file, "/srv/t/policy.json");
	assert_int_equal(parse(&c, "policy_file = /srv/p\nstate_dir = /srv/t\n", NULL), 0);
	assert_string_equal(c.policy_file, "/srv/p");
}

static void exempt_may_repeat_and_keeps_its_lines(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(parse(&c, "exempt = user:a@local\n\nexempt = group:b@10.0.0.0/8 "
	    "until 2027-03-01\nexempt = none\n", NULL), 0);
	assert_int_equal(c.exempts, 2);
	assert_string_equal(conf_exempt(&c, 0), "user:a@local");
	assert_string_equal(conf_exempt(&c, 1), "group:b@10.0.0.0/8 until 2027-03-01");
	assert_int_equal(c.exempt[0].origin.line, 1);
	assert_int_equal(c.exempt[1].origin.line, 3);
	assert_int_equal(c.exempt[1].origin.where, CONF_FILE);
	assert_refused("\nexempt = user:a", 2, "until");
	assert_refused("exempt = a", 1, "exempt");
}

static void age_is_off_or_tells_or_enforces(void **state)
{
	static const char *const bad[] = {"on", "yes", "Warn", "enforce,warn", "0"};
	char text[64];
	struct conf c;

	(void)state;
	assert_int_equal(parse(&c, "age = off", NULL), 0);
	assert_int_equal(c.age, CONF_AGE_OFF);
	assert_int_equal(parse(&c, "age = warn", NULL), 0);
	assert_int_equal(c.age, CONF_AGE_WARN);
	assert_int_equal(parse(&c, "age = enforce", NULL), 0);
	assert_int_equal(c.age, CONF_AGE_ENFORCE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "age = %s", bad[i]);
		assert_refused(text, 1, "is not one of off, warn, enforce");
	}
}

static void warn_days_are_0_to_365(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(parse(&c, "warn_days = 0", NULL), 0);
	assert_int_equal(c.warn_days, 0);
	assert_int_equal(parse(&c, "warn_days = 365", NULL), 0);
	assert_int_equal(c.warn_days, 365);
	assert_refused("warn_days = 366", 1, "0 to 365");
	assert_refused("warn_days = -1", 1, "0 to 365");
	assert_refused("warn_days = 14d", 1, "0 to 365");
}

static void enforce_for_root_is_yes_or_no(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(parse(&c, "enforce_for_root = yes", NULL), 0);
	assert_false(c.root_is_free);
	assert_int_equal(parse(&c, "enforce_for_root = no", NULL), 0);
	assert_true(c.root_is_free);
	assert_refused("enforce_for_root = 0", 1, "is not yes or no");
	assert_refused("enforce_for_root = NO", 1, "is not yes or no");
}

static void age_exempt_lists_users_and_groups_and_may_repeat(void **state)
{
	static const char *const bad[] = {"alice", "user:", "all", "user:a group:b", "none,user:a",
	    "user:a,none", "user:a,,user:b", "user:a,", "user:a@10.0.0.0/8"};
	char text[CONF_AGE_EXEMPT_MAX], seen[256] = "";
	struct conf c;

	(void)state;
	assert_int_equal(parse(&c, "age_exempt = user:a@corp ,\tgroup:wheel\nage_exempt = user:z\n"
	    "age_exempt = none", NULL), 0);
	assert_int_equal(conf_age_exempt_each(&c, count_who, seen), 0);
	assert_string_equal(seen, "a@corp %wheel z ");
	assert_int_equal(parse(&c, "age_exempt = none", NULL), 0);
	assert_int_equal(conf_age_exempt_each(&c, count_who, NULL), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "age_exempt = %s", bad[i]);
		assert_refused(text, 1, "age_exempt");
	}
}

static void age_exempt_too_long_together_is_an_error(void **state)
{
	char text[8 * 256], name[201];
	size_t at = 0;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < 4; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "age_exempt = user:%s\n", name);
	assert_accepted(text);
	(void)snprintf(text + at, sizeof(text) - at, "age_exempt = user:%s\n", name);
	assert_refused(text, 5, "1023 bytes");
}

static void sixty_five_exemptions_are_an_error(void **state)
{
	char text[CONF_EXEMPTS * 32 + 64] = "";
	size_t at = 0;

	(void)state;
	for (int i = 0; i < CONF_EXEMPTS; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "exempt = user:u%d@local\n",
		    i);
	assert_accepted(text);
	(void)snprintf(text + at, sizeof(text) - at, "exempt = user:x@local\n");
	assert_refused(text, CONF_EXEMPTS + 1, "more than 64");
}

static void exemptions_too_long_together_are_an_error(void **state)
{
	static char text[CONF_EXEMPT_TEXT * 2];
	char name[201];
	size_t at = 0, used = 0;
	int lines = 0;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (; used <= CONF_EXEMPT_TEXT; lines++) {
		at += (size_t)snprintf(text + at, sizeof(text) - at, "exempt = user:%s@local\n",
		    name);
		used += sizeof(name) - 1 + sizeof("user:@local");
	}
	assert_refused(text, lines, "4096 bytes");
}

static void key_of_a_feature_not_built_is_an_error(void **state)
{
	int absent = 0;

	(void)state;
	for (int i = 0; i < CONF_KEYS; i++) {
		char value[CONF_VALUE_MAX], text[CONF_VALUE_MAX + 64];
		struct conf c;

		if (conf_key_built(i))
			continue;
		absent++;
		assert_int_equal(parse(&c, "", NULL), 0);
		conf_value(&c, i, value);
		(void)snprintf(text, sizeof(text), "\n\n%s = other\n", conf_key(i));
		assert_refused(text, 3, conf_key(i));
		(void)snprintf(text, sizeof(text), "%s = %s\n", conf_key(i), value);
		assert_refused(text, 1, "this version does not have it");
	}
	assert_int_equal(absent, 4);
}

/* Every key of DESIGN.md's table is known, and no other. */
static void keys_are_those_of_the_contract(void **state)
{
	static const char *const names[CONF_KEYS] = {"store", "state_dir", "keyring",
	    "helper_dir", "store_timeout", "window", "remember", "enroll", "enroll_by",
	    "require", "exempt", "issuer", "throttle_free", "throttle_base", "throttle_max",
	    "lock_after", "retry", "password_policy", "policy_file", "age", "age_exempt",
	    "warn_days", "enforce_for_root", "breach_filter", "breach_at_login",
	    "reserve_wait"};
	static const char *const unknown[] = {"windows", "Window", "win", "conf", "debug",
	    "throttle-free", "key_max_age", "need_auth", "#window", "wind ow"};

	(void)state;
	for (int i = 0; i < CONF_KEYS; i++) {
		bool found = false;

		for (int k = 0; k < CONF_KEYS; k++)
			found |= strcmp(names[i], conf_key(k)) == 0;
		assert_true(found);
	}
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "window = 1\n x%s = 1\n", unknown[i]);
		assert_refused(text, 2, "unknown key");
	}
	assert_refused("Window = 1", 1, "unknown key 'Window'");
	assert_refused("= 1", 1, "unknown key ''");
}

static void key_given_twice_is_an_error(void **state)
{
	(void)state;
	assert_refused("window = 1\n\nwindow = 1\n", 3, "'window' is given twice");
	assert_refused("retry = 1\nwindow = 2\nretry = 2\n", 3, "'retry' is given twice");
}

static void line_without_equals_or_value_is_an_error(void **state)
{
	(void)state;
	assert_refused("window", 1, "not 'key = value'");
	assert_refused("\n\nwindow 1\n", 3, "not 'key = value'");
	assert_refused("window =", 1, "no value");
	assert_refused("window =   # 1", 1, "no value");
	assert_refused("[section]", 1, "not 'key = value'");
	assert_refused("\xef\xbb\xbfwindow = 1", 1, "unknown key");
}

static void blanks_around_key_and_value_do_not_matter(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(parse(&c, "\t window\t=  2 \t\r\n  issuer=  two words \r\n\t\r\n",
	    NULL), 0);
	assert_int_equal(c.window, 2);
	assert_string_equal(c.issuer, "two words");
}

static void comment_begins_a_line_or_follows_a_blank(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(parse(&c, "# window = 9\n   # indented\nwindow = 2 # why\n"
	    "issuer = A#1 B# #C\nretry = 1\t#x\n#\n", NULL), 0);
	assert_int_equal(c.window, 2);
	assert_string_equal(c.issuer, "A#1 B#");
	assert_int_equal(c.retry, 1);
	assert_refused("window = 2#why", 1, "window");
}

static void value_may_hold_an_equals_sign(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(parse(&c, "issuer = a=b", NULL), 0);
	assert_string_equal(c.issuer, "a=b");
}

static void last_line_needs_no_newline(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(parse(&c, "retry = 2\nwindow = 0", NULL), 0);
	assert_int_equal(c.window, 0);
	assert_int_equal(c.retry, 2);
}

static void nul_byte_is_an_error(void **state)
{
	static const char one[] = "retry = 2\nwindow = 2\0 # 1\n";
	static const char two[] = "\0";
	struct conf c;
	struct err e = {0};

	(void)state;
	assert_int_not_equal(parse_n(&c, one, sizeof(one) - 1, &e), 0);
	assert_int_equal(strncmp(e.text, "/etc/x.conf:2: a NUL byte", 25), 0);
	assert_int_not_equal(parse_n(&c, two, 1, &e), 0);
}

static void over_long_line_is_an_error(void **state)
{
	char text[2100];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "\n# ", 3);
	text[1 + 1024] = '\0';
	assert_refused(text, 2, "longer than 1023");
	text[1 + 1023] = '\0';
	assert_accepted(text);
}

static void every_origin_is_noted(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(parse(&c, "\nwindow = 2\n\nretry = 4\n", NULL), 0);
	for (int i = 0; i < CONF_KEYS; i++) {
		int line = strcmp(conf_key(i), "window") == 0 ? 2 :
		    strcmp(conf_key(i), "retry") == 0 ? 4 : 0;

		assert_int_equal(c.origin[i].where, line > 0 ? CONF_FILE : CONF_DEFAULT);
		assert_int_equal(c.origin[i].line, line);
	}
}

/* What `config show` prints of a built key reads back as the same setting. */
static void printed_values_read_back(void **state)
{
	struct conf c, back;

	(void)state;
	assert_int_equal(parse(&c, "store = file:/srv/s\nstate_dir = /srv/t\n"
	    "keyring = /srv/k\nissuer = ACME\nwindow = 2\nthrottle_free = 5\n"
	    "throttle_base = 90s\nthrottle_max = 1d\nlock_after = 50\nretry = 1\n"
	    "reserve_wait = 20s\nenroll = login\nremember = 90m\nenroll_by = 2027-02-28\n"
	    "require = group:wheel, user:a@corp\n"
	    "exempt = user:a@corp@10.0.0.0/8 until 2027-03-01\nage = enforce\n"
	    "age_exempt = user:a, group:b\nage_exempt = user:c\nwarn_days = 0\n"
	    "enforce_for_root = no\n", NULL), 0);
	for (int i = 0; i < CONF_KEYS; i++) {
		char value[CONF_VALUE_MAX], again[CONF_VALUE_MAX], text[CONF_VALUE_MAX + 64];

		if (!conf_key_built(i))
			continue;
		conf_value(&c, i, value);
		(void)snprintf(text, sizeof(text), "%s = %s\n", conf_key(i), value);
		assert_int_equal(parse(&back, text, NULL), 0);
		conf_value(&back, i, again);
		assert_string_equal(value, again);
	}
}

/* ---- the file ---- */

static int load(struct conf *c, struct err *e)
{
	memset(c, 0xee, sizeof(*c));
	return conf_load(c, path, e);
}

static void named_file_must_exist(void **state)
{
	struct conf c;
	struct err e = {0};

	(void)state;
	assert_int_equal(load(&c, &e), ERR_NONE);
	assert_non_null(strstr(e.text, path));
	scratch_write(path, "window = 2\n", 11, 0644);
	assert_int_equal(load(&c, &e), 0);
	assert_int_equal(c.window, 2);
	assert_string_equal(c.path, path);
	assert_true(c.file_read);
}

static void file_is_roots_and_not_writable_by_others(void **state)
{
	static const struct {
		mode_t mode;
		int code;
	} modes[] = {{0644, 0}, {0600, 0}, {0400, 0}, {0755, 0}, {0664, ERR_UNSAFE},
	    {0646, ERR_UNSAFE}, {0620, ERR_UNSAFE}, {0602, ERR_UNSAFE}};
	struct conf c;
	struct err e = {0};

	(void)state;
	scratch_write(path, "window = 2\n", 11, 0644);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(path, modes[i].mode), 0);
		assert_int_equal(load(&c, &e), modes[i].code);
	}
	assert_non_null(strstr(e.text, path));
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chown(path, 1, 0), 0);
	assert_int_equal(load(&c, &e), ERR_UNSAFE);
	assert_non_null(strstr(e.text, "chown root"));
}

static void file_is_a_regular_file_in_a_safe_directory(void **state)
{
	char other[512];
	struct conf c;

	(void)state;
	scratch_path(&sc, other, "other");
	scratch_write(other, "window = 2\n", 11, 0644);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(load(&c, NULL), ERR_UNSAFE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(load(&c, NULL), ERR_UNSAFE);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(load(&c, NULL), ERR_UNSAFE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(load(&c, NULL), 0);
	assert_int_equal(chmod(sc.dir, 0777), 0);
	assert_int_equal(load(&c, NULL), ERR_UNSAFE);
	assert_int_equal(conf_load(&c, "relative.conf", NULL), ERR_UNSAFE);
}

static void error_in_a_file_names_file_and_line(void **state)
{
	char start[600];
	struct conf c;
	struct err e = {0};

	(void)state;
	scratch_write(path, "# a\n\nwindow = 3\n", 16, 0644);
	assert_int_equal(load(&c, &e), ERR_SYNTAX);
	(void)snprintf(start, sizeof(start), "%s:3: window: '3' is not", path);
	assert_int_equal(strncmp(e.text, start, strlen(start)), 0);
}

static void file_of_any_size_is_refused_beyond_64_kib(void **state)
{
	size_t n = CONF_FILE_MAX + 10;
	char *text = malloc(n);
	struct conf c;

	(void)state;
	assert_non_null(text);
	memset(text, '\n', n);
	scratch_write(path, text, n, 0644);
	assert_int_not_equal(load(&c, NULL), 0);
	scratch_write(path, text, CONF_FILE_MAX - 1, 0644);
	assert_int_equal(load(&c, NULL), 0);
	free(text);
}

static void path_too_long_is_refused(void **state)
{
	char longest[CONF_PATH_MAX + 10];
	struct conf c;
	struct err e = {0};

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[CONF_PATH_MAX] = '\0';
	assert_int_equal(conf_load(&c, longest, &e), ERR_SYNTAX);
}

static int make_parents(void)
{
	char part[] = CONF_FILE_PATH;

	for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) != 0)
			return -1;
		*slash = '/';
	}
	return 0;
}

/* The packaged path, below a root of our own: no test touches /etc. */
static int with_default_path(void)
{
	struct conf_args args = {.what = "line"};
	struct conf_words w;
	struct conf c;

	if (chroot(sc.dir) != 0 || chdir("/") != 0)
		return 77;
	if (conf_load(&c, NULL, NULL) != 0 || c.file_read || c.window != 1)
		return 1;
	if (make_parents() != 0 || conf_load(&c, NULL, NULL) != 0 || c.file_read)
		return 2;
	if (conf_load_args(&c, &w, CONF_AUTH, &args, NULL) != 0 || c.file_read)
		return 3;
	scratch_write(CONF_FILE_PATH, "window = 2\n", 11, 0644);
	if (conf_load(&c, NULL, NULL) != 0 || !c.file_read || c.window != 2)
		return 4;
	/* There and unsafe, or there and wrong, is not missing. */
	if (chmod(CONF_FILE_PATH, 0666) != 0 ||
	    conf_load(&c, NULL, NULL) != ERR_UNSAFE)
		return 5;
	scratch_write(CONF_FILE_PATH, "window = 7\n", 11, 0644);
	if (conf_load(&c, NULL, NULL) != ERR_SYNTAX)
		return 6;
	/* A link that leads nowhere is there, too. */
	if (unlink(CONF_FILE_PATH) != 0 ||
	    symlink("/absent", CONF_FILE_PATH) != 0 ||
	    conf_load(&c, NULL, NULL) != ERR_UNSAFE)
		return 7;
	return strcmp(conf_default_path(), CONF_FILE_PATH) == 0 ? 0 : 8;
}

static void default_file_may_be_missing(void **state)
{
	pid_t pid = fork();
	int r;

	(void)state;
	if (pid == 0)
		_exit(with_default_path());
	assert_true(pid > 0);
	r = scratch_wait(pid);
	if (r == 77)
		skip();
	assert_int_equal(r, 0);
}

/* ---- the PAM line ---- */

static struct conf line_conf;
static struct conf_words line_words;

static int load_line(enum conf_group group, struct err *e, int argc, const char **argv)
{
	struct conf_args args = {.what = "PAM line", .argc = argc, .argv = argv};

	memset(&line_conf, 0xee, sizeof(line_conf));
	memset(&line_words, 0xee, sizeof(line_words));
	return conf_load_args(&line_conf, &line_words, group, &args, e);
}

/* conf=PATH and one or two words more. */
static int load_words(enum conf_group group, struct err *e, const char *one, const char *two)
{
	char named[600];
	const char *argv[3] = {named, one, two};

	(void)snprintf(named, sizeof(named), "conf=%s", path);
	return load_line(group, e, two != NULL ? 3 : one != NULL ? 2 : 1, argv);
}

static void assert_line_refused(enum conf_group group, const char *one, const char *two,
    const char *piece)
{
	struct err e = {0};

	if (load_words(group, &e, one, two) == 0)
		fail_msg("accepted: %s %s", one, two != NULL ? two : "");
	if (strncmp(e.text, "PAM line: ", 10) != 0 || strstr(e.text, piece) == NULL)
		fail_msg("'%s' gives '%s'", one, e.text);
}

static void key_on_the_pam_line_replaces_the_files(void **state)
{
	(void)state;
	scratch_write(path, "window = 2\nretry = 4\n", 21, 0644);
	assert_int_equal(load_words(CONF_AUTH, NULL, "window=0", "lock_after=7"), 0);
	assert_int_equal(line_conf.window, 0);
	assert_int_equal(line_conf.retry, 4);
	assert_int_equal(line_conf.lock_after, 7);
	assert_string_equal(line_conf.path, path);
	for (int i = 0; i < CONF_KEYS; i++)
		if (strcmp(conf_key(i), "window") == 0)
			assert_int_equal(line_conf.origin[i].where, CONF_PAM_LINE);
}

static void value_with_blanks_stands_in_one_argument(void **state)
{
	(void)state;
	scratch_write(path, "", 0, 0644);
	/* libpam takes the brackets away. */
	assert_int_equal(load_words(CONF_AUTH, NULL, "issuer=two words=x", NULL), 0);
	assert_string_equal(line_conf.issuer, "two words=x");
}

static void error_on_the_pam_line_names_the_line(void **state)
{
	(void)state;
	scratch_write(path, "", 0, 0644);
	assert_line_refused(CONF_AUTH, "window=3", NULL, "window: '3'");
	assert_line_refused(CONF_AUTH, "window=1", "window=1", "given twice");
	assert_line_refused(CONF_AUTH, "windows=1", NULL, "unknown key 'windows'");
	assert_line_refused(CONF_AUTH, "window=", NULL, "no value");
	assert_line_refused(CONF_AUTH, "=1", NULL, "unknown key");
	assert_line_refused(CONF_AUTH, "remember=13h", NULL, "remember");
	assert_line_refused(CONF_AUTH, "exempt=user:root", NULL, "exempt");
	assert_line_refused(CONF_AUTH, "nullok", NULL, "unknown word 'nullok'");
	assert_line_refused(CONF_AUTH, "", NULL, "unknown word ''");
	assert_line_refused(CONF_AUTH, "Debug", NULL, "unknown word");
	assert_line_refused(CONF_AUTH, "a_very_long_key_that_cannot_be_one_of_ours_at_all=1",
	    NULL, "unknown key");
}

static void exemptions_of_the_pam_line_replace_the_files(void **state)
{
	static const char text[] = "exempt = user:a@local\nexempt = user:b@local\n";

	(void)state;
	scratch_write(path, text, sizeof(text) - 1, 0644);
	assert_int_equal(load_words(CONF_AUTH, NULL, "exempt=user:c@local",
	    "exempt=user:d@10.0.0.1 until 2027-03-01"), 0);
	assert_int_equal(line_conf.exempts, 2);
	assert_string_equal(conf_exempt(&line_conf, 0), "user:c@local");
	assert_string_equal(conf_exempt(&line_conf, 1), "user:d@10.0.0.1 until 2027-03-01");
	assert_int_equal(line_conf.exempt[1].origin.where, CONF_PAM_LINE);
	assert_int_equal(load_words(CONF_AUTH, NULL, "exempt=none", NULL), 0);
	assert_int_equal(line_conf.exempts, 0);
	assert_int_equal(load_words(CONF_AUTH, NULL, "window=1", NULL), 0);
	assert_int_equal(line_conf.exempts, 2);
}

static void age_exempt_of_the_pam_line_replaces_the_files(void **state)
{
	static const char text[] = "age_exempt = user:a\nage_exempt = user:b\n";

	(void)state;
	scratch_write(path, text, sizeof(text) - 1, 0644);
	assert_int_equal(load_words(CONF_AUTH, NULL, "age_exempt=user:c", "age_exempt=user:d"), 0);
	assert_string_equal(line_conf.age_exempt, "user:c, user:d");
	assert_int_equal(load_words(CONF_AUTH, NULL, "age_exempt=none", NULL), 0);
	assert_string_equal(line_conf.age_exempt, "");
	assert_int_equal(load_words(CONF_AUTH, NULL, "window=1", NULL), 0);
	assert_string_equal(line_conf.age_exempt, "user:a, user:b");
}

static void error_in_the_file_of_a_pam_line_names_the_file(void **state)
{
	struct err e = {0};

	(void)state;
	scratch_write(path, "\nwindow = 9\n", 12, 0644);
	assert_int_equal(load_words(CONF_AUTH, &e, "window=1", NULL), ERR_SYNTAX);
	assert_int_equal(strncmp(e.text, path, strlen(path)), 0);
	assert_non_null(strstr(e.text, ":2: window"));
}

static void words_belong_to_their_group(void **state)
{
	static const struct {
		const char *word;
		enum conf_group group;
	} words[] = {{"need_auth", CONF_ACCOUNT}, {"after_password", CONF_AUTH},
	    {"after_login", CONF_AUTH}, {"enroll_here", CONF_AUTH}, {"reserve", CONF_AUTH},
	    {"use_authtok", CONF_PASSWORD}, {"use_first_pass", CONF_PASSWORD},
	    {"try_first_pass", CONF_PASSWORD}};

	(void)state;
	scratch_write(path, "", 0, 0644);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (enum conf_group g = CONF_AUTH; g <= CONF_SESSION; g++) {
			if (g != words[i].group) {
				assert_line_refused(g, words[i].word, NULL, "belongs on a line of type");
				continue;
			}
			assert_int_equal(load_words(g, NULL, words[i].word, NULL), 0);
			assert_int_equal(line_words.need_auth, i == 0);
			assert_int_equal(line_words.after_password, i == 1);
			assert_int_equal(line_words.after_login, i == 2);
			assert_int_equal(line_words.enroll_here, i == 3);
			assert_int_equal(line_words.reserve, i == 4);
			assert_int_equal(line_words.use_authtok, i == 5 || i == 6);
			assert_int_equal(line_words.try_first_pass, i == 7);
			assert_false(line_words.debug);
		}
	for (enum conf_group g = CONF_AUTH; g <= CONF_SESSION; g++) {
		assert_int_equal(load_words(g, NULL, "debug", NULL), 0);
		assert_true(line_words.debug);
		assert_false(line_words.need_auth || line_words.after_password ||
		    line_words.after_login || line_words.enroll_here ||
		    line_words.reserve || line_words.use_authtok || line_words.try_first_pass);
	}
}

static void reserve_stands_alone_on_its_line(void **state)
{
	static const char *const others[] = {"after_password", "after_login", "enroll_here"};

	(void)state;
	scratch_write(path, "", 0, 0644);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_line_refused(CONF_AUTH, "reserve", others[i], "cannot stand on one line");
		assert_line_refused(CONF_AUTH, others[i], "reserve", others[i]);
	}
	assert_int_equal(load_words(CONF_AUTH, NULL, "reserve", "debug"), 0);
	assert_int_equal(load_words(CONF_AUTH, NULL, "reserve", "reserve_wait=20s"), 0);
	assert_int_equal(line_conf.reserve_wait, 20);
}

static void key_as_a_word_and_word_as_a_key_are_errors(void **state)
{
	(void)state;
	scratch_write(path, "", 0, 0644);
	assert_line_refused(CONF_AUTH, "window", NULL, "unknown word");
	assert_line_refused(CONF_AUTH, "debug=yes", NULL, "unknown key");
	assert_line_refused(CONF_AUTH, "after_password=1", NULL, "unknown key");
}

static void conf_argument_names_one_existing_absolute_path(void **state)
{
	const char *relative[] = {"conf=x.conf"}, *empty[] = {"conf="};
	const char *twice[] = {"conf=/a", "conf=/a"}, *absent[] = {"conf=/absent/x.conf"};
	struct err e = {0};

	(void)state;
	assert_int_equal(load_line(CONF_AUTH, &e, 1, relative), ERR_SYNTAX);
	assert_non_null(strstr(e.text, "PAM line"));
	assert_int_equal(load_line(CONF_AUTH, &e, 1, empty), ERR_SYNTAX);
	assert_int_equal(load_line(CONF_AUTH, &e, 2, twice), ERR_SYNTAX);
	assert_non_null(strstr(e.text, "twice"));
	assert_int_equal(load_line(CONF_AUTH, &e, 1, absent), ERR_NONE);
	/* conf is an argument, not a key of a file. */
	assert_refused("conf = /x", 1, "unknown key");
}

static void limits_must_agree_after_the_line_too(void **state)
{
	(void)state;
	scratch_write(path, "throttle_max = 1m\n", 18, 0644);
	assert_int_not_equal(load_words(CONF_AUTH, NULL, "throttle_base=2m", NULL), 0);
	assert_int_equal(load_words(CONF_AUTH, NULL, "throttle_base=1m", NULL), 0);
}

static void refused_line_leaves_no_word_set(void **state)
{
	struct err e = {0};
	const char *argv[] = {"conf=relative", "after_login"};

	(void)state;
	assert_int_not_equal(load_line(CONF_AUTH, &e, 2, argv), 0);
	assert_false(line_words.after_login);
	assert_defaults(&line_conf);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(empty_file_gives_the_defaults),
	    T(every_built_key_is_set),
	    T(whole_numbers_have_their_bounds),
	    T(durations_have_a_unit_and_their_bounds),
	    T(password_is_judged_for_1s_to_5m),
	    T(greatest_delay_is_not_less_than_the_first),
	    T(paths_are_absolute_and_plain),
	    T(store_of_another_kind_is_an_error),
	    T(issuer_is_text), T(issuer_has_no_colon_and_at_most_63_bytes),
	    T(enroll_knows_its_words),
	    T(remember_is_off_or_at_most_12h),
	    T(enroll_by_is_a_day_or_none),
	    T(require_lists_users_and_groups),
	    T(password_policy_lists_names_and_paths),
	    T(policy_file_follows_the_state_directory),
	    T(exempt_may_repeat_and_keeps_its_lines),
	    T(age_is_off_or_tells_or_enforces),
	    T(warn_days_are_0_to_365),
	    T(enforce_for_root_is_yes_or_no),
	    T(age_exempt_lists_users_and_groups_and_may_repeat),
	    T(age_exempt_too_long_together_is_an_error),
	    T(sixty_five_exemptions_are_an_error),
	    T(exemptions_too_long_together_are_an_error),
	    T(key_of_a_feature_not_built_is_an_error),
	    T(keys_are_those_of_the_contract),
	    T(key_given_twice_is_an_error),
	    T(line_without_equals_or_value_is_an_error),
	    T(blanks_around_key_and_value_do_not_matter),
	    T(comment_begins_a_line_or_follows_a_blank),
	    T(value_may_hold_an_equals_sign),
	    T(last_line_needs_no_newline),
	    T(nul_byte_is_an_error),
	    T(over_long_line_is_an_error),
	    T(every_origin_is_noted),
	    T(printed_values_read_back),
	    T(named_file_must_exist),
	    T(file_is_roots_and_not_writable_by_others),
	    T(file_is_a_regular_file_in_a_safe_directory),
	    T(error_in_a_file_names_file_and_line),
	    T(file_of_any_size_is_refused_beyond_64_kib),
	    T(path_too_long_is_refused),
	    T(default_file_may_be_missing),
	    T(key_on_the_pam_line_replaces_the_files),
	    T(value_with_blanks_stands_in_one_argument),
	    T(error_on_the_pam_line_names_the_line),
	    T(exemptions_of_the_pam_line_replace_the_files),
	    T(age_exempt_of_the_pam_line_replaces_the_files),
	    T(error_in_the_file_of_a_pam_line_names_the_file),
	    T(words_belong_to_their_group),
	    T(reserve_stands_alone_on_its_line),
	    T(key_as_a_word_and_word_as_a_key_are_errors),
	    T(conf_argument_names_one_existing_absolute_path),
	    T(limits_must_agree_after_the_line_too),
	    T(refused_line_leaves_no_word_set),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
