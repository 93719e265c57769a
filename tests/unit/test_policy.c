/* What `bastionctl policy` works with: policy_store.h, policy_expire.h, policy_compare.h,
 * password_lines.h. */
#include "tests/unit/scratch.h"

#include "policy/password/policy.h"
#include "policy/password/profile.h"
#include "policy/password_lines.h"
#include "policy/policy_compare.h"
#include "policy/policy_expire.h"
#include "policy/policy_store.h"

#include <sys/file.h>
#include <time.h>

#define DAY 86400

static struct policy_kept kept(int length)
{
	struct policy_kept k = {.policy = {.custom = true, .given = 1}, .mirror = {.time = 1764445200,
	    .source = "import f"}};

	k.policy.value[IAM_MINIMUM_PASSWORD_LENGTH] = length;
	return k;
}

static int length_of(const char *path)
{
	struct policy_kept k;
	struct err e = {0};
	int r = policy_store_read(path, &k, &e);

	return r == 0 ? k.policy.value[IAM_MINIMUM_PASSWORD_LENGTH] : r;
}

static void put(const char *path, int length)
{
	const struct policy_kept k = kept(length);
	struct err e = {0};

	if (policy_store_write(path, &k, &e) != 0)
		fail_msg("%s", e.text);
}

static int count_files(const char *dir)
{
	DIR *d = opendir(dir);
	int n = -2;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

static void policy_that_is_kept_replaces_the_one_before(void **state)
{
	struct policy_kept k;
	char path[512];
	struct scratch s;
	struct stat st;

	(void)state;
	scratch_dir(&s);
	scratch_path(&s, path, "policy.json");
	assert_int_equal(length_of(path), ERR_NONE);
	put(path, 14);
	assert_int_equal(length_of(path), 14);
	put(path, 9);
	assert_int_equal(length_of(path), 9);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(count_files(s.dir), 2); /* and the lock */
	assert_int_equal(policy_store_read(path, &k, NULL), 0);
	assert_string_equal(k.mirror.source, "import f");
	assert_int_equal(k.mirror.time, 1764445200);
	scratch_remove(&s);
}

static void what_a_killed_one_left_is_no_obstacle(void **state)
{
	char path[512], left[512];
	struct scratch s;

	(void)state;
	scratch_dir(&s);
	scratch_path(&s, path, "policy.json");
	scratch_path(&s, left, "policy.json.new");
	scratch_write(left, "half", 4, 0600);
	put(path, 14);
	assert_int_equal(length_of(path), 14);
	assert_int_equal(count_files(s.dir), 2); /* and the lock */
	scratch_remove(&s);
}

static void directory_of_others_is_not_written(void **state)
{
	const struct policy_kept k = kept(8);
	char path[512];
	struct scratch s;
	struct err e = {0};

	(void)state;
	scratch_dir(&s);
	scratch_path(&s, path, "policy.json");
	assert_int_equal(chmod(s.dir, 0777), 0);
	assert_int_equal(policy_store_write(path, &k, &e), ERR_UNSAFE);
	assert_int_equal(policy_store_apply(path, &k, &e), ERR_UNSAFE);
	assert_int_equal(chmod(s.dir, 0700), 0);
	assert_int_equal(count_files(s.dir), 0);
	scratch_remove(&s);
}

static void stage(const char *path, int length)
{
	const struct policy_kept k = kept(length);
	struct err e = {0};

	if (policy_store_stage(path, &k, &e) != 0)
		fail_msg("%s", e.text);
}

/* Anybody may open a directory that they may read, and lock it. */
static void lock_on_the_directory_holds_nobody_up(void **state)
{
	char path[512];
	struct scratch s;
	int fd;

	(void)state;
	scratch_dir(&s);
	scratch_path(&s, path, "policy.json");
	assert_int_equal(chmod(s.dir, 0755), 0);
	fd = open(s.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	(void)alarm(10);
	put(path, 14);
	stage(path, 20);
	(void)alarm(0);
	assert_int_equal(length_of(path), 14);
	(void)close(fd);
	scratch_remove(&s);
}

static void who_waits_two_seconds_for_the_lock_is_told(void **state)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	const struct policy_kept k = kept(20);
	char path[512], lock_path[512];
	struct scratch s;
	struct err e = {0};
	struct stat st;
	time_t begun;
	int fd;

	(void)state;
	scratch_dir(&s);
	scratch_path(&s, path, "policy.json");
	scratch_path(&s, lock_path, "policy.json.lock");
	put(path, 14);
	fd = open(lock_path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	begun = time(NULL);
	assert_int_equal(policy_store_write(path, &k, &e), ERR_CONFLICT);
	assert_in_range(time(NULL) - begun, 1, 6);
	assert_non_null(strstr(e.text, "policy.json.lock: another bastionctl is changing files"));
	assert_int_equal(length_of(path), 14);
	(void)close(fd);
	put(path, 20);
	scratch_remove(&s);
}

static void lock_that_others_can_open_is_refused(void **state)
{
	const struct policy_kept k = kept(20);
	char path[512], lock[512];
	struct scratch s;
	struct err e = {0};

	(void)state;
	scratch_dir(&s);
	scratch_path(&s, path, "policy.json");
	scratch_path(&s, lock, "policy.json.lock");
	scratch_write(lock, "", 0, 0644);
	assert_int_equal(policy_store_write(path, &k, &e), ERR_UNSAFE);
	assert_int_equal(unlink(lock), 0);
	assert_int_equal(symlink("elsewhere", lock), 0);
	assert_int_equal(policy_store_stage(path, &k, &e), ERR_UNSAFE);
	assert_int_equal(length_of(path), ERR_NONE);
	assert_int_equal(count_files(s.dir), 1);
	scratch_remove(&s);
}

static void staged_policy_waits_and_is_applied_in_one_step(void **state)
{
	char path[512], staged[POLICY_PATH_MAX];
	struct policy_kept seen = {.mirror = {.known = false}};
	struct scratch s;
	struct err e = {0};

	(void)state;
	scratch_dir(&s);
	scratch_path(&s, path, "policy.json");
	policy_staged_path(path, staged);
	put(path, 9);
	assert_int_equal(policy_store_apply(path, &seen, &e), ERR_NONE);
	stage(path, 20);
	assert_int_equal(length_of(path), 9);
	assert_int_equal(policy_store_read(staged, &seen, &e), 0);
	assert_int_equal(policy_store_apply(path, &seen, &e), 0);
	assert_int_equal(length_of(path), 20);
	assert_int_equal(length_of(staged), ERR_NONE);
	stage(path, 21);
	put(path, 20);
	assert_int_equal(length_of(staged), ERR_NONE);
	put(path, 20);
	/* What cannot be trusted is not put in force. */
	scratch_write(staged, "{}", 2, 0600);
	assert_int_equal(policy_store_apply(path, &seen, &e), ERR_SYNTAX);
	assert_int_equal(length_of(path), 20);
	scratch_remove(&s);
}

/* Stages, by hand, in the very moment in which the lock is free. */
static void stage_at_once(const char *path, const char *lock_path, const char *staged)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(lock_path, O_RDWR | O_CLOEXEC);

	while (length_of(path) == 9)
		;
	while (fcntl(fd, F_OFD_SETLK, &lock) != 0)
		;
	scratch_write(staged, "newer", 5, 0600);
	(void)close(fd);
}

static void policy_that_is_staged_after_another_came_in_force_stays(void **state)
{
	char path[512], lock[512], staged[POLICY_PATH_MAX];
	struct scratch s;

	(void)state;
	scratch_dir(&s);
	scratch_path(&s, path, "policy.json");
	scratch_path(&s, lock, "policy.json.lock");
	policy_staged_path(path, staged);
	for (int i = 0; i < 50; i++) {
		int status = -1;
		pid_t child;

		put(path, 9);
		stage(path, 10);
		child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			(void)alarm(20);
			stage_at_once(path, lock, staged);
			_exit(0);
		}
		put(path, 20);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		assert_int_equal(length_of(staged), ERR_SYNTAX);
	}
	scratch_remove(&s);
}

static void only_what_was_seen_is_applied(void **state)
{
	char path[512], staged[POLICY_PATH_MAX];
	struct policy_kept seen;
	struct scratch s;
	struct err e = {0};

	(void)state;
	scratch_dir(&s);
	scratch_path(&s, path, "policy.json");
	policy_staged_path(path, staged);
	put(path, 9);
	stage(path, 20);
	assert_int_equal(policy_store_read(staged, &seen, &e), 0);
	stage(path, 21);
	assert_int_equal(policy_store_apply(path, &seen, &e), ERR_CONFLICT);
	assert_non_null(strstr(e.text, "another policy has been staged meanwhile"));
	assert_int_equal(length_of(path), 9);
	assert_int_equal(length_of(staged), 21);
	scratch_remove(&s);
}

struct list {
	char text[256];
};

static void note(void *ctx, const struct policy_expired *one)
{
	struct list *l = ctx;
	const size_t n = strlen(l->text);

	(void)snprintf(l->text + n, sizeof(l->text) - n, "%s%s:%d%s", n > 0 ? " " : "", one->user,
	    one->days, one->hard ? "!" : "");
}

#define HASH "$y$j9T$abcdefghijklmnop$qrstuvwxyz"

/* Day 20000 is now. */
static void assert_expires(struct policy_ages old, struct policy_ages new, const char *who)
{
	static const char shadow[] =
	    "root:*:19000:0:99999:7:::\n"
	    "locked:!" HASH ":19000:0:99999:7:::\n"
	    "never:!!:19000::::::\n"
	    "empty::19000:0:99999:7:::\n"
	    "young:" HASH ":19990:0:99999:7:::\n"
	    "edge:" HASH ":19910:0:99999:7:::\n"
	    "old:" HASH ":19700:0:99999:7:::\n"
	    "forced:" HASH ":0:0:99999:7:::\n"
	    "ahead:" HASH ":20001:0:99999:7:::\n"
	    "future:" HASH ":20002:0:99999:7:::\n"
	    "none:" HASH "::0:99999:7:::\n";
	struct policy_expire_ask ask = {.in_force = old, .would_be = new,
	    .now = INT64_C(20000) * DAY + 3600};
	struct list l = {""};
	struct scratch s;
	struct err e = {0};
	char path[512];
	int n;

	scratch_dir(&s);
	scratch_path(&s, path, "shadow");
	scratch_write(path, shadow, sizeof(shadow) - 1, 0640);
	ask.shadow = path;
	n = policy_expire(&ask, note, &l, &e);
	assert_string_equal(l.text, who);
	assert_int_equal(n > 0, who[0] != '\0');
	scratch_remove(&s);
}

static void who_newly_expires_is_named_and_nobody_else(void **state)
{
	const struct policy_ages none = {0, 0}, quarter = {90, 0}, month = {30, 0}, year = {365, 0};
	const struct policy_ages hard = {90, 90}, later = {30, 365};

	(void)state;
	assert_expires(none, none, "");
	assert_expires(quarter, none, "");
	assert_expires(none, quarter, "edge:90 old:300 future:-1 none:-1");
	assert_expires(none, (struct policy_ages){91, 0}, "old:300 future:-1 none:-1");
	assert_expires(none, month, "edge:90 old:300 future:-1 none:-1");
	assert_expires(year, quarter, "edge:90 old:300");
	assert_expires(quarter, quarter, "");
	assert_expires(quarter, month, "");
	assert_expires(quarter, (struct policy_ages){10, 0}, "young:10");
	/* To need an administrator is new, too. */
	assert_expires(quarter, hard, "edge:90! old:300! none:-1!");
	assert_expires(hard, hard, "");
	assert_expires(none, later, "edge:90 old:300 future:-1 none:-1!");
}

static void shadow_file_that_cannot_be_read_is_trouble(void **state)
{
	struct policy_expire_ask ask = {.shadow = "/nonexistent/shadow", .would_be = {90, 0}};
	struct list l = {""};
	struct err e = {0};

	(void)state;
	assert_int_equal(policy_expire(&ask, note, &l, &e), ERR_NONE);
	ask.shadow = "/";
	assert_true(policy_expire(&ask, note, &l, &e) < 0);
}

static bool holds_by(enum conf_age age, const char *list, const char *members,
    enum iam_field *first)
{
	struct policy_compared result[IAM_FIELDS];
	struct password_policies p;
	struct iam_policy wanted;
	struct err e = {0};
	char text[512];

	(void)snprintf(text, sizeof(text), "{\"PasswordPolicy\":{\"AllowUsersToChangePassword\":"
	    "true%s%s}}", members[0] != '\0' ? "," : "", members);
	if (iam_json_parse(&wanted, "f", text, strlen(text), &e) != 0 ||
	    password_policies_load(&p, list, NULL, &e) != 0)
		fail_msg("%s", e.text);
	policy_compare(&p, age, &wanted, result);
	*first = IAM_FIELDS;
	for (int i = IAM_FIELDS - 1; i >= 0; i--)
		if (!result[i].holds)
			*first = (enum iam_field)i;
	assert_int_equal(policy_holds(result), *first == IAM_FIELDS);
	return policy_holds(result);
}

static void drift_is_found_field_by_field(void **state)
{
	static const struct { const char *list, *members; enum iam_field drift; } all[] = {
	    {"kisa", "\"MinimumPasswordLength\":8", IAM_FIELDS},
	    {"kisa", "\"MinimumPasswordLength\":9", IAM_MINIMUM_PASSWORD_LENGTH},
	    {"kisa,cis-aws", "\"MinimumPasswordLength\":14", IAM_FIELDS},
	    {"cis-aws", "\"MinimumPasswordLength\":15", IAM_MINIMUM_PASSWORD_LENGTH},
	    {"kisa", "\"RequireSymbols\":true", IAM_REQUIRE_SYMBOLS},
	    {"iam-default", "\"RequireNumbers\":true", IAM_REQUIRE_NUMBERS},
	    {"pci-4.0.1", "\"RequireNumbers\":true", IAM_FIELDS},
	    {"pci-4.0.1", "\"RequireLowercaseCharacters\":true", IAM_REQUIRE_LOWERCASE_CHARACTERS},
	    {"pci-4.0.1", "\"RequireUppercaseCharacters\":true", IAM_REQUIRE_UPPERCASE_CHARACTERS},
	    {"kisa", "\"MaxPasswordAge\":90", IAM_FIELDS},
	    {"kisa", "\"MaxPasswordAge\":365,\"ExpirePasswords\":true", IAM_FIELDS},
	    {"kisa", "\"MaxPasswordAge\":89", IAM_MAX_PASSWORD_AGE},
	    {"cis-aws", "\"MaxPasswordAge\":1095", IAM_EXPIRE_PASSWORDS},
	    {"cis-aws", "\"PasswordReusePrevention\":24", IAM_FIELDS},
	    {"pci-4.0.1", "\"PasswordReusePrevention\":5", IAM_PASSWORD_REUSE_PREVENTION},
	    {"kisa", "\"HardExpiry\":true", IAM_FIELDS}, /* of what never expires */
	    {"kisa", "\"HardExpiry\":true,\"MaxPasswordAge\":90", IAM_HARD_EXPIRY},
	    {"kisa", "", IAM_FIELDS}};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		enum iam_field first;

		(void)holds_by(CONF_AGE_ENFORCE, all[i].list, all[i].members, &first);
		if (first != all[i].drift)
			fail_msg("%s, %s: %d", all[i].list, all[i].members, first);
	}
}

static void ages_that_refuse_nobody_are_drift(void **state)
{
	static const enum conf_age loose[] = {CONF_AGE_WARN, CONF_AGE_OFF};
	static const struct { const char *members; enum iam_field drift; } all[] = {
	    {"\"MinimumPasswordLength\":8", IAM_FIELDS}, {"\"ExpirePasswords\":false", IAM_FIELDS},
	    {"\"HardExpiry\":true", IAM_FIELDS}, /* of what never expires */
	    {"\"MaxPasswordAge\":90", IAM_EXPIRE_PASSWORDS},
	    {"\"MaxPasswordAge\":90,\"HardExpiry\":true", IAM_EXPIRE_PASSWORDS}};
	struct policy_compared result[IAM_FIELDS];
	struct password_policies p = {.count = 1};
	struct iam_policy wanted = {.custom = true};
	enum iam_field first;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		for (int k = 0; k < 2; k++) {
			(void)holds_by(loose[k], "kisa", all[i].members, &first);
			assert_int_equal(first, all[i].drift);
		}
	}
	assert_true(holds_by(CONF_AGE_ENFORCE, "kisa", all[3].members, &first));
	p.policy[0] = (struct password_policy){.max_age = 60, .hard_expiry = true};
	wanted.value[IAM_EXPIRE_PASSWORDS] = wanted.value[IAM_HARD_EXPIRY] = 1;
	wanted.value[IAM_MAX_PASSWORD_AGE] = 60;
	policy_compare(&p, CONF_AGE_WARN, &wanted, result);
	for (int i = IAM_EXPIRE_PASSWORDS; i < IAM_FIELDS; i++) {
		assert_int_equal(result[i].holds, i == IAM_PASSWORD_REUSE_PREVENTION);
		assert_int_equal(result[i].in_force, 0);
	}
	assert_int_equal(p.policy[0].max_age, 60);
}

static void own_rules_are_compared_by_what_they_prove(void **state)
{
	struct policy_compared result[IAM_FIELDS];
	struct password_policies p = {.count = 1};
	struct iam_policy wanted = {.custom = true};

	(void)state;
	p.policy[0] = (struct password_policy){.min_length = 12, .bytes = true, .classes = 4,
	    .max_age = 60, .hard_expiry = true};
	wanted.value[IAM_MINIMUM_PASSWORD_LENGTH] = 4; /* 12 bytes may be 3 characters */
	wanted.value[IAM_REQUIRE_SYMBOLS] = 1;
	wanted.value[IAM_MAX_PASSWORD_AGE] = 60;
	wanted.value[IAM_HARD_EXPIRY] = 1;
	policy_compare(&p, CONF_AGE_ENFORCE, &wanted, result);
	assert_false(result[IAM_MINIMUM_PASSWORD_LENGTH].holds);
	assert_int_equal(result[IAM_MINIMUM_PASSWORD_LENGTH].in_force, 3);
	assert_true(result[IAM_REQUIRE_SYMBOLS].holds); /* all four classes */
	assert_true(result[IAM_HARD_EXPIRY].holds);
	assert_true(result[IAM_ALLOW_USERS_TO_CHANGE_PASSWORD].holds);
	p.policy[0].max_age = 61;
	p.policy[0].allow_change = true;
	policy_compare(&p, CONF_AGE_ENFORCE, &wanted, result);
	assert_false(result[IAM_HARD_EXPIRY].holds);
	assert_false(result[IAM_MAX_PASSWORD_AGE].holds);
	assert_false(result[IAM_ALLOW_USERS_TO_CHANGE_PASSWORD].holds);
	/* Nothing in force is as strict as nothing. */
	p.count = 0;
	policy_compare(&p, CONF_AGE_ENFORCE, &wanted, result);
	for (int i = 0; i < IAM_FIELDS; i++)
		assert_false(result[i].holds);
}

/* Lines of a file, as "LENGTH:FIRST..." */
static void assert_lines(const char *text, size_t n, const char *expected)
{
	struct password_lines l;
	const char *line;
	char seen[512] = "";
	struct err e = {0};
	FILE *f = tmpfile();
	size_t len;
	int r;

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	rewind(f);
	assert_int_equal(password_lines_open(&l, fileno(f), &e), 0);
	while ((r = password_lines_next(&l, &line, &len, &e)) == 1) {
		const size_t used = strlen(seen);

		(void)snprintf(seen + used, sizeof(seen) - used, "%zu:%.*s ", len,
		    (int)(len < 4 ? len : 4), len > 60000 ? "long" : line);
	}
	assert_int_equal(r, 0);
	assert_string_equal(seen, expected);
	password_lines_close(&l);
	(void)fclose(f);
}

static void lines_are_read_of_any_length(void **state)
{
	static char text[400000];

	(void)state;
	assert_lines("", 0, "");
	assert_lines("a", 1, "1:a ");
	assert_lines("a\n", 2, "1:a ");
	assert_lines("\n", 1, "0: ");
	assert_lines("a\n\nbc\r\nd", 8, "1:a 0: 3:bc\r 1:d ");
	/* Around the size of the buffer, at its edges, and far over it. */
	for (size_t n = 65534; n < 65539; n++) {
		char expected[64];

		memset(text, 'x', sizeof(text));
		text[n] = '\n';
		memcpy(text + n + 1, "pass\nword", 9);
		(void)snprintf(expected, sizeof(expected), "%zu:long 4:pass 4:word ", n);
		assert_lines(text, n + 10, expected);
	}
	memset(text, 'x', sizeof(text));
	assert_lines(text, sizeof(text), "400000:long ");
	text[sizeof(text) - 5] = '\n';
	assert_lines(text, sizeof(text), "399995:long 4:xxxx ");
	text[65535] = '\n';
	assert_lines(text, 65537, "65535:long 1:x ");
}

static void every_short_line_arrives_whole(void **state)
{
	struct password_lines l;
	const char *line;
	char expected[32];
	struct err e = {0};
	FILE *f = tmpfile();
	size_t len;

	(void)state;
	assert_non_null(f);
	for (int i = 0; i < 50000; i++)
		(void)fprintf(f, "%0*d\n", 1 + i % 20, i);
	(void)fflush(f);
	rewind(f);
	assert_int_equal(password_lines_open(&l, fileno(f), &e), 0);
	for (int i = 0; i < 50000; i++) {
		assert_int_equal(password_lines_next(&l, &line, &len, &e), 1);
		assert_int_equal(len, snprintf(expected, sizeof(expected), "%0*d", 1 + i % 20, i));
		assert_memory_equal(line, expected, len);
	}
	assert_int_equal(password_lines_next(&l, &line, &len, &e), 0);
	password_lines_close(&l);
	(void)fclose(f);
}

static void input_that_cannot_be_read_is_trouble(void **state)
{
	struct password_lines l;
	const char *line;
	struct err e = {0};
	size_t len;
	int fd = open("/", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(password_lines_open(&l, fd, &e), 0);
	assert_true(password_lines_next(&l, &line, &len, &e) < 0);
	password_lines_close(&l);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(policy_that_is_kept_replaces_the_one_before),
	    cmocka_unit_test(what_a_killed_one_left_is_no_obstacle),
	    cmocka_unit_test(directory_of_others_is_not_written),
	    cmocka_unit_test(lock_on_the_directory_holds_nobody_up),
	    cmocka_unit_test(who_waits_two_seconds_for_the_lock_is_told),
	    cmocka_unit_test(lock_that_others_can_open_is_refused),
	    cmocka_unit_test(staged_policy_waits_and_is_applied_in_one_step),
	    cmocka_unit_test(policy_that_is_staged_after_another_came_in_force_stays),
	    cmocka_unit_test(only_what_was_seen_is_applied),
	    cmocka_unit_test(who_newly_expires_is_named_and_nobody_else),
	    cmocka_unit_test(shadow_file_that_cannot_be_read_is_trouble),
	    cmocka_unit_test(drift_is_found_field_by_field),
	    cmocka_unit_test(ages_that_refuse_nobody_are_drift),
	    cmocka_unit_test(own_rules_are_compared_by_what_they_prove),
	    cmocka_unit_test(lines_are_read_of_any_length),
	    cmocka_unit_test(every_short_line_arrives_whole),
	    cmocka_unit_test(input_that_cannot_be_read_is_trouble),
	};

	return crypto_init() != 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
