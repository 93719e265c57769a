/* What `bastionctl config check` finds, on a state and service files of its own. */
#include "tests/unit/scratch.h"

#include "enroll/init.h"
#include "lib/core/slot.h"
#include "policy/config_check.h"
#include "policy/config_trust.h"

#include <sched.h>
#include <sys/mount.h>
#include <time.h>
#include <utime.h>

static struct scratch sc;
static struct config_request request;
static char conf_path[512], pam_path[512];

static void put(const char *tail, const char *text)
{
	char path[512];

	scratch_path(&sc, path, tail);
	scratch_write(path, text, strlen(text), 0644);
}

static void put_conf(const char *more)
{
	char text[1024];

	(void)snprintf(text, sizeof(text),
	    "store = file:%s\nstate_dir = %s\nkeyring = %s/keyring\n%s", sc.dir, sc.dir, sc.dir,
	    more);
	put("pam_bastion.conf", text);
}

/* As Debian has them. */
static void put_common(void)
{
	put("pam.d/common-auth", "auth [success=1 default=ignore] pam_unix.so nullok\n"
	    "auth requisite pam_deny.so\nauth required pam_permit.so\n"
	    "auth optional pam_cap.so\n");
	put("pam.d/common-account", "account [success=1 new_authtok_reqd=done default=ignore] "
	    "pam_unix.so\naccount requisite pam_deny.so\naccount required pam_permit.so\n");
	put("pam.d/common-session", "session required pam_unix.so\n");
	put("pam.d/common-session-noninteractive", "session required pam_unix.so\n");
	put("pam.d/common-password", "password [success=1 default=ignore] pam_unix.so\n"
	    "password requisite pam_deny.so\npassword required pam_permit.so\n");
	put("pam.d/other", "@include common-auth\n@include common-account\n"
	    "@include common-password\n@include common-session\n");
}

#define THREE "auth [success=1 ignore=ignore default=die] pam_bastion.so"
#define BEHIND "\nauth requisite pam_deny.so\nauth required pam_permit.so\n"
#define GUARD "account requisite pam_bastion.so need_auth\n"
#define ACCOUNT "@include common-account\n"
#define GOOD THREE BEHIND GUARD ACCOUNT

/* Service files and configuration as they were, beside the store of sc. */
static void refresh(void)
{
	scratch_path(&sc, conf_path, "pam_bastion.conf");
	scratch_path(&sc, pam_path, "pam.d");
	(void)nftw(pam_path, scratch_drop, 16, FTW_DEPTH | FTW_PHYS);
	scratch_mkdir(&sc, "pam.d");
	put_conf("");
	put_common();
	request = (struct config_request){.config = conf_path, .pam = {pam_path, NULL},
	    .now = time(NULL), .synchronised = true};
}

/* A store of its own, for the tests that damage it. */
static int make(void **state)
{
	struct init_made made;
	struct err e = {0};

	(void)state;
	scratch_make(&sc);
	if (init_run(&sc.conf, SCRATCH_NOW, &made, &e) != 0)
		fail_msg("%s", e.text);
	refresh();
	return 0;
}

static int drop(void **state)
{
	(void)state;
	scratch_remove(&sc);
	return 0;
}

/* One store for all the others. */
static struct scratch shared;

static int make_shared(void **state)
{
	int r = make(state);

	shared = sc;
	return r;
}

static int use_shared(void **state)
{
	(void)state;
	sc = shared;
	refresh();
	return 0;
}

static int drop_shared(void **state)
{
	(void)state;
	scratch_remove(&shared);
	return 0;
}

static void run(struct config_findings *f)
{
	struct err e = {0};

	*f = (struct config_findings){0};
	if (config_check(&request, f, &e) != 0)
		fail_msg("%s", e.text);
}

static void dump(const struct config_findings *f)
{
	static const char *const names[] = {"ok", "warn", "fail"};

	for (size_t i = 0; i < f->count; i++)
		print_error("  %s %s %s\n", names[f->item[i].level], f->item[i].check,
		    f->item[i].text);
}

/* Exactly one finding of the level says the words; nothing worse is found. */
static void finds(enum config_level level, const char *place, const char *words)
{
	struct config_findings f;
	int hits = 0, others = 0;

	run(&f);
	for (size_t i = 0; i < f.count; i++) {
		if (f.item[i].level == level && strstr(f.item[i].text, place) != NULL &&
		    strstr(f.item[i].text, words) != NULL)
			hits++;
		else if (f.item[i].level > level)
			others++;
	}
	if (hits != 1 || others != 0 || f.failed != (level == CONFIG_FAIL)) {
		dump(&f);
		fail_msg("%d findings at '%s' say '%s', %d are worse", hits, place, words, others);
	}
	config_findings_free(&f);
}

static void fails(const char *place, const char *words)
{
	finds(CONFIG_FAIL, place, words);
}

static bool says(const struct config_findings *f, const char *place, const char *words)
{
	for (size_t i = 0; i < f->count; i++)
		if (strstr(f->item[i].text, place) != NULL && strstr(f->item[i].text, words) != NULL)
			return true;
	return false;
}

/* Among others. */
static bool fails_somewhere(const char *place, const char *words)
{
	struct config_findings f;
	bool found;

	run(&f);
	found = f.failed && says(&f, place, words);
	if (!found)
		dump(&f);
	config_findings_free(&f);
	return found;
}

/* Among others, but nothing fails. */
static bool warns_somewhere(const char *place, const char *words)
{
	struct config_findings f;
	bool found;

	run(&f);
	found = !f.failed && says(&f, place, words);
	config_findings_free(&f);
	return found;
}

static void warns(const char *place, const char *words)
{
	finds(CONFIG_WARN, place, words);
}

/* Neither warning nor failure. */
static void is_clean(void)
{
	struct config_findings f;

	run(&f);
	for (size_t i = 0; i < f.count; i++) {
		if (f.item[i].level == CONFIG_OK)
			continue;
		dump(&f);
		fail_msg("not clean");
	}
	config_findings_free(&f);
}

/* ---- the whole ---- */

static void a_good_host_passes(void **state)
{
	struct config_findings f;
	const char *const checks[] = {"configuration", "store", "files", "pam", "clock"};

	(void)state;
	put("pam.d/sshd", GOOD);
	is_clean();
	run(&f);
	for (size_t c = 0; c < sizeof(checks) / sizeof(checks[0]); c++) {
		bool seen = false;

		for (size_t i = 0; i < f.count; i++)
			seen = seen || strcmp(f.item[i].check, checks[c]) == 0;
		assert_true(seen);
	}
	config_findings_free(&f);
}

static void the_check_writes_nothing(void **state)
{
	unsigned char before[SLOT_FILE], after[SLOT_FILE];

	(void)state;
	put("pam.d/sshd", GOOD);
	assert_int_equal(scratch_bytes(&sc, "machine-id", before, sizeof(before)), SLOT_FILE);
	is_clean();
	assert_int_equal(scratch_bytes(&sc, "machine-id", after, sizeof(after)), SLOT_FILE);
	assert_memory_equal(before, after, sizeof(before));
}

static void the_shipped_stacks_pass(void **state)
{
	static const char *const names[] = {"sshd", "sudo", "sudo-code", "sudo-i", "login",
	    "sshd-password"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char from[128], to[64], text[16384];
		ssize_t n;
		int fd;

		(void)snprintf(from, sizeof(from), "packaging/pam.d/%s", names[i]);
		(void)snprintf(to, sizeof(to), "pam.d/%s", names[i]);
		fd = open(from, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			fail_msg("%s: run the tests in the top directory", from);
		n = read(fd, text, sizeof(text) - 1);
		assert_in_range(n, 1, sizeof(text) - 2);
		text[n] = '\0';
		(void)close(fd);
		put(to, text);
	}
	is_clean();
}

/* ---- the configuration ---- */

static void a_typing_error_fails_with_file_and_line(void **state)
{
	(void)state;
	put_conf("windw = 1\n");
	fails("pam_bastion.conf:4:", "windw");
}

static void a_configuration_that_others_may_write_fails(void **state)
{
	(void)state;
	put("pam.d/sshd", GOOD);
	assert_int_equal(chmod(conf_path, 0666), 0);
	fails("pam_bastion.conf:", "mode 0666");
}

static void text_alone_is_checked_too(void **state)
{
	struct config_findings f = {0};

	(void)state;
	config_check_text("x", "window = 9\n", 11, &f);
	assert_true(f.failed);
	assert_int_equal(f.count, 1);
	assert_non_null(strstr(f.item[0].text, "x:1: window"));
	config_findings_free(&f);
	config_check_text("x", "window = 2\n", 11, &f);
	assert_false(f.failed);
	config_findings_free(&f);
}

/* ---- one line ---- */

static void arguments_are_judged_like_the_modules_own(void **state)
{
	(void)state;
	put("pam.d/sshd", THREE " retyr=2" BEHIND GUARD ACCOUNT);
	fails("pam.d/sshd:1:", "retyr");
	put("pam.d/sshd", THREE " need_auth" BEHIND GUARD ACCOUNT);
	fails("pam.d/sshd:1:", "belongs on a line of type account");
	put("pam.d/sshd", THREE " use_first_pass" BEHIND GUARD ACCOUNT);
	fails("pam.d/sshd:1:", "use_first_pass");
	put("pam.d/sshd", THREE BEHIND "account requisite pam_bastion.so need_auth enroll_here\n"
	    ACCOUNT);
	fails("pam.d/sshd:4:", "belongs on a line of type auth");
	put("pam.d/sshd", THREE " conf=/nonexistent/x" BEHIND GUARD ACCOUNT);
	fails("pam.d/sshd:1:", "/nonexistent");
	put("pam.d/sshd", THREE " [issuer=My Corp] retry=2 enroll_here" BEHIND GUARD ACCOUNT);
	is_clean();
}

static void the_file_under_check_stands_for_the_packaged_one(void **state)
{
	(void)state;
	put_conf("throttle_base = 10m\n");
	put("pam.d/sshd", THREE " throttle_max=5m" BEHIND GUARD ACCOUNT);
	fails("pam.d/sshd:1:", "throttle_max");
}

static void the_module_is_known_by_any_path(void **state)
{
	(void)state;
	put("pam.d/sshd", "auth sufficient /opt/x/pam_bastion.so\n" GUARD ACCOUNT);
	fails("pam.d/sshd:1:", "`sufficient`: ");
}

static void sufficient_fails_in_every_group(void **state)
{
	(void)state;
	put("pam.d/sshd", GOOD "session sufficient pam_bastion.so\n");
	fails("pam.d/sshd:6:", "sufficient");
	put("pam.d/sshd", THREE BEHIND "account sufficient pam_bastion.so need_auth\n");
	fails("pam.d/sshd:4:", "`sufficient`: ");
}

static void optional_fails_on_auth_and_account(void **state)
{
	(void)state;
	put("pam.d/sshd", "auth optional pam_bastion.so\n" GUARD ACCOUNT);
	fails("pam.d/sshd:1:", "optional");
	put("pam.d/sshd", THREE BEHIND "account optional pam_bastion.so need_auth\n" ACCOUNT);
	fails("pam.d/sshd:4:", "`optional`: ");
	put("pam.d/sshd", GOOD "session optional pam_bastion.so\n");
	is_clean();
}

static void brackets_that_let_a_failure_pass_fail(void **state)
{
	static const char *const bad[] = {"[success=ok default=ignore]",
	    "[success=1 default=ignore]", "[success=ok auth_err=ok default=die]",
	    "[success=ok perm_denied=done default=die]", "[success=ok abort=1 default=die]",
	    "[success=ok ignore=ok default=die]", "[success=ok new_authtok_reqd=1 default=die]",
	    "[success=ok new_authtok_reqd=reset default=die]",
	    "[success=ok module_unknown=reset default=die]"};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "auth %s pam_bastion.so" BEHIND GUARD ACCOUNT,
		    bad[i]);
		put("pam.d/sshd", text);
		fails("pam.d/sshd:1:", "does not end in bad or die");
	}
	put("pam.d/sshd", "auth [success=ok new_authtok_reqd=ok ignore=ignore default=bad] "
	    "pam_bastion.so\n" GUARD ACCOUNT);
	is_clean();
	put("pam.d/sshd", "auth [success=die default=die] pam_bastion.so\n" GUARD ACCOUNT);
	fails("pam.d/sshd:1:", "nobody gets in");
}

static void a_done_for_an_answer_that_never_comes_is_no_refusal_that_passes(void **state)
{
	(void)state;
	put("pam.d/sshd", "auth [success=done new_authtok_reqd=done default=die] pam_bastion.so\n"
	    GUARD ACCOUNT);
	is_clean();
	put("pam.d/sshd", "auth [success=done new_authtok_reqd=ok ignore=ignore default=die] "
	    "pam_bastion.so\n" GUARD ACCOUNT);
	is_clean();
}

#define SETS "password [success=1 default=ignore] pam_unix.so use_authtok yescrypt\n" \
	"password requisite pam_deny.so\npassword required pam_permit.so\n"

static void password_lines_above_what_sets_it_pass(void **state)
{
	(void)state;
	put("pam.d/common-password", "password requisite pam_bastion.so retry=3\n" SETS);
	is_clean();
	put("pam.d/common-password", "password requisite pam_pwquality.so retry=3\n"
	    "password requisite pam_bastion.so use_authtok\n" SETS);
	is_clean();
	put("pam.d/common-password", "password requisite pam_bastion.so\n"
	    "password required pam_pwhistory.so use_authtok\n" SETS);
	is_clean();
	put("pam.d/passwd", "@include common-password\n");
	is_clean();
	put("pam.d/passwd", "password requisite pam_bastion.so\n" SETS);
	is_clean();
}

static void passwords_that_other_services_set_unjudged_are_warned_of(void **state)
{
	static const char *const names[] = {"chpasswd", "login", "passwd", "sshd", "su"};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(text, sizeof(text), "pam.d/%s", names[i]);
		put(text, "@include common-password\n");
	}
	/* Nobody's are judged, so none are forgotten. */
	put("pam.d/sudo", "@include common-auth\n" THREE BEHIND ACCOUNT);
	assert_false(warns_somewhere("common-password:1:", "are set without pam_bastion.so"));
	put("pam.d/passwd", "password requisite pam_bastion.so\n" SETS);
	warns("pam.d/common-password:1: new passwords of chpasswd, login, other, sshd, su are set",
	    "those of passwd with it; put its password line above");
	/* A line of its own; one that is not run sets none. */
	put("pam.d/su", "password sufficient pam_unix.so\npassword required pam_deny.so\n");
	put("pam.d/login", "password requisite pam_deny.so\npassword required pam_unix.so\n");
	warns("pam.d/common-password:1: new passwords of chpasswd, other, sshd are set", "passwd");
	warns("pam.d/su:1: new passwords of su are set", "those of passwd with it");
	/* Where all include it, one line is enough. */
	put("pam.d/su", "@include common-password\n");
	put("pam.d/common-password", "password requisite pam_bastion.so\n" SETS);
	assert_false(warns_somewhere("", "are set without pam_bastion.so"));
}

static void long_list_of_services_is_cut(void **state)
{
	char path[128];

	(void)state;
	for (int i = 0; i < 40; i++) {
		(void)snprintf(path, sizeof(path), "pam.d/daemon-%02d", i);
		put(path, "@include common-password\n");
	}
	put("pam.d/passwd", "password requisite pam_bastion.so\n" SETS);
	warns("pam.d/common-password:1: new passwords of daemon-00, ", ", ... are set without");
}

static void password_line_behind_what_sets_it_fails(void **state)
{
	(void)state;
	put("pam.d/passwd", "password sufficient pam_unix.so yescrypt\n"
	    "password requisite pam_bastion.so use_authtok\npassword requisite pam_deny.so\n");
	fails("pam.d/passwd:1:", "sets a password past the line of pam_bastion.so");
	put("pam.d/passwd", "password [success=2 default=ignore] pam_unix.so yescrypt\n"
	    "password requisite pam_bastion.so use_authtok\npassword requisite pam_deny.so\n"
	    "password required pam_permit.so\n");
	fails("pam.d/passwd:1:", "sets a password past the line of pam_bastion.so");
}

static void password_that_a_line_below_asks_for_anew_fails(void **state)
{
	(void)state;
	put("pam.d/passwd", "password requisite pam_bastion.so\n"
	    "password [success=1 default=ignore] pam_unix.so yescrypt\n"
	    "password requisite pam_deny.so\npassword required pam_permit.so\n");
	fails("pam.d/passwd:2:", "may ask for another new password");
	put("pam.d/passwd", "password requisite pam_bastion.so\n"
	    "password requisite pam_passwdqc.so\n" SETS);
	fails("pam.d/passwd:2:", "may ask for another new password");
}

static void password_line_that_asks_behind_another_warns(void **state)
{
	(void)state;
	put("pam.d/passwd", "password requisite pam_pwquality.so\n"
	    "password requisite pam_bastion.so try_first_pass\n" SETS);
	finds(CONFIG_WARN, "pam.d/passwd:2:", "add use_authtok");
}

static void use_authtok_without_a_line_that_asks_fails(void **state)
{
	(void)state;
	put("pam.d/passwd", "password requisite pam_bastion.so use_authtok\n" SETS);
	fails("pam.d/passwd:1:", "no line above asks for a password");
}

static void password_line_whose_refusal_does_not_end_the_stack_fails(void **state)
{
	static const char *const controls[] = {"required", "optional",
	    "[success=ok default=ignore]"};

	(void)state;
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		struct config_findings f;
		bool told = false;
		char text[512];

		(void)snprintf(text, sizeof(text), "password %s pam_bastion.so\n%s", controls[i],
		    SETS);
		put("pam.d/passwd", text);
		run(&f);
		assert_true(f.failed);
		for (size_t k = 0; k < f.count; k++)
			told = told || strstr(f.item[k].text, "does not end in die") != NULL;
		assert_true(told);
		config_findings_free(&f);
	}
}

static void arguments_of_a_password_line_are_read(void **state)
{
	(void)state;
	put("pam.d/passwd", "password requisite pam_bastion.so need_auth\n" SETS);
	fails("pam.d/passwd:1:", "belongs on a line of type account");
	put("pam.d/passwd", "password requisite pam_bastion.so password_policy=kiza\n" SETS);
	fails("pam.d/passwd:1:", "is no policy");
}

/* The password line that all include and the account line of sshd with the words. */
static void put_words(const char *password, const char *account)
{
	char text[2048];

	(void)snprintf(text, sizeof(text), "password requisite pam_bastion.so %s\n" SETS, password);
	put("pam.d/common-password", text);
	(void)snprintf(text, sizeof(text), THREE BEHIND "account requisite pam_bastion.so need_auth "
	    "%s\n" ACCOUNT, account);
	put("pam.d/sshd", text);
}

static void policies_of_a_line_that_cannot_be_read_fail(void **state)
{
	char words[600];

	(void)state;
	put_words("password_policy=kisa,/nonexistent", "");
	fails("pam.d/common-password:1:", "no new password will be taken: /nonexistent");
	put_words("", "password_policy=/nonexistent");
	fails("pam.d/sshd:4:", "no password's age can be judged: /nonexistent");
	put_words("", "password_policy=/nonexistent age=off");
	assert_true(warns_somewhere("pam.d/sshd:4:", "age is off here and warn in"));
	put_words("password_policy=iam", "");
	fails("pam.d/common-password:1:", "policy.json is not there; bring it by `bastionctl");
	/* Two that no password can keep; and a file of the line's own. */
	put("rules", "min_length = 8\nmax_length = 13\n");
	(void)snprintf(words, sizeof(words), "password_policy=cis-aws,%s/rules", sc.dir);
	put_words(words, "");
	fails("pam.d/common-password:1:", "no password can keep both 'cis-aws'");
	put("rules", "password_policy = /nonexistent\n");
	(void)snprintf(words, sizeof(words), "conf=%s/rules", sc.dir);
	put_words(words, "");
	assert_true(fails_somewhere("pam.d/common-password:1:", "will be taken: /nonexistent"));
	/* What is wrong with the file's own is told once. */
	put_words("", "");
	put_conf("password_policy = /nonexistent\n");
	fails("", "no new password will be taken: /nonexistent");
}

static void rules_of_a_line_that_the_tools_do_not_see_are_warned_of(void **state)
{
	char words[600];

	(void)state;
	put_words("", "");
	is_clean();
	put_words("password_policy=kisa", "password_policy=kisa age=warn age_exempt=none");
	is_clean();
	put_words("password_policy=nist-800-63b-4", "");
	warns("pam.d/common-password:1:", "password_policy is nist-800-63b-4 here and kisa in ");
	put_words("enforce_for_root=no", "");
	warns("pam.d/common-password:1:", "enforce_for_root is no here and yes in ");
	put_words("", "password_policy=cis-aws");
	warns("pam.d/sshd:4:", "password_policy is cis-aws here and kisa in ");
	put_words("", "age=enforce");
	warns("pam.d/sshd:4:", "age is enforce here and warn in ");
	put_words("", "age_exempt=user:deploy");
	warns("pam.d/sshd:4:", "age_exempt is user:deploy here and none in ");
	/* A file of which nothing is read. */
	(void)snprintf(words, sizeof(words), "policy_file=%s/own.json", sc.dir);
	put_words(words, "");
	is_clean();
	put("own.json", "{\"PasswordPolicy\":{\"MinimumPasswordLength\":20}}");
	put("policy.json", "{\"PasswordPolicy\":{\"MinimumPasswordLength\":8}}");
	put_conf("password_policy = iam\n");
	warns("pam.d/common-password:1:", "/own.json here and ");
	/* No rule of passwords: each has its own lines. */
	put_words("retry=2", "");
	is_clean();
}

static void a_syntax_error_fails_where_the_module_is_named(void **state)
{
	(void)state;
	put("pam.d/sshd", "auth required pam_bastion.so\nauth nonsense pam_x.so\n");
	fails("pam.d/sshd:2:", "nonsense");
	put("pam.d/sshd", GOOD);
	put("pam.d/foreign", "auth nonsense pam_x.so\n");
	warns("pam.d/foreign:1:", "nonsense");
}

static void a_service_file_that_others_may_write_fails(void **state)
{
	char path[512];

	(void)state;
	put("pam.d/sshd", GOOD);
	scratch_path(&sc, path, "pam.d/sshd");
	assert_int_equal(chmod(path, 0664), 0);
	fails("pam.d/sshd:", "chmod go-w");
}

static void leavings_of_editors_are_no_services(void **state)
{
	(void)state;
	put("pam.d/sshd", GOOD);
	put("pam.d/sshd.bak", "auth sufficient pam_bastion.so\n");
	put("pam.d/sshd~", "auth sufficient pam_bastion.so\n");
	put("pam.d/sshd.dpkg-old", "auth sufficient pam_bastion.so\n");
	put("pam.d/.sshd.swp", "auth sufficient pam_bastion.so\n");
	scratch_mkdir(&sc, "pam.d/dir");
	is_clean();
}

static void nobody_asked_is_a_warning(void **state)
{
	(void)state;
	warns("pam.d:", "no line names");
}

/* ---- the lines together ---- */

static void the_dangerous_stacks_of_the_measurements_fail(void **state)
{
	(void)state;
	put("pam.d/sshd", "auth sufficient pam_bastion.so\nauth required pam_permit.so\n" GUARD
	    ACCOUNT);
	finds(CONFIG_FAIL, "pam.d/sshd:1:", "a refused code still gets in");
	put("pam.d/sshd", "auth [success=ok default=ignore] pam_bastion.so\n"
	    "auth required pam_permit.so\n" GUARD ACCOUNT);
	finds(CONFIG_FAIL, "pam.d/sshd:1:", "a refused code still gets in");
	put("pam.d/sshd", "auth optional pam_bastion.so\n" GUARD ACCOUNT);
	fails("pam.d/sshd:1:", "optional");
	put("pam.d/sshd", "auth [default=1] pam_permit.so\nauth required pam_bastion.so\n"
	    "auth required pam_permit.so\n" GUARD ACCOUNT);
	fails("pam.d/sshd:1:", "gets in without a code");
	/* pam-auth-update's primary block: the code OR the password. */
	put("pam.d/common-auth", "auth [success=2 default=ignore] pam_bastion.so\n"
	    "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n"
	    "auth required pam_permit.so\n");
	put("pam.d/sshd", "@include common-auth\n" ACCOUNT);
	finds(CONFIG_FAIL, "common-auth:1:", "service sshd: a refused code still gets in");
}

static void a_stack_that_nobody_can_pass_fails(void **state)
{
	static const char *const closed[] = {
	    /* The jump lands at the end, where nothing has counted; or past it. */
	    THREE "\nauth requisite pam_deny.so\n",
	    "auth [success=2 ignore=ignore default=die] pam_bastion.so\n"
	    "auth requisite pam_deny.so\n",
	    "auth [success=ignore ignore=ignore default=die] pam_bastion.so\n",
	    "auth required pam_bastion.so\nauth required pam_deny.so\n",
	    "auth [success=3 default=die] pam_bastion.so" BEHIND};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s" GUARD ACCOUNT, closed[i]);
		put("pam.d/sshd", text);
		fails("pam.d/sshd:1:", "so nobody gets in");
	}
	put("pam.d/sshd", THREE BEHIND "account requisite pam_bastion.so need_auth\n"
	    "account required pam_deny.so\n");
	fails("pam.d/sshd:4:", "so nobody gets in");
	put("pam.d/sshd", THREE BEHIND "account [success=1 default=die] pam_bastion.so need_auth\n"
	    "account requisite pam_deny.so\n");
	fails("pam.d/sshd:4:", "so nobody gets in");
	put("pam.d/sshd", GOOD);
	put("pam.d/vpn", THREE BEHIND "account required pam_deny.so\n");
	fails("pam.d/vpn: service vpn:", "so nobody gets in");
	/* What has no line of ours is none of its business. */
	put("pam.d/vpn", "auth required pam_deny.so\naccount required pam_deny.so\n");
	is_clean();
}

static void the_safe_stacks_of_the_measurements_pass(void **state)
{
	(void)state;
	put("pam.d/sshd", GOOD);
	put("pam.d/bsshd", "auth required pam_unix.so\nauth required pam_bastion.so\n" GUARD
	    ACCOUNT);
	put("pam.d/login", "@include common-auth\nauth required pam_bastion.so\n" ACCOUNT);
	is_clean();
}

static void a_jump_of_an_exempting_module_is_a_warning(void **state)
{
	(void)state;
	put("pam.d/sshd", "auth [success=1 default=ignore] pam_succeed_if.so user ingroup x\n"
	    "auth requisite pam_bastion.so\nauth required pam_permit.so\n" GUARD ACCOUNT);
	warns("pam.d/sshd:1:", "not asked for a code");
	put("pam.d/sshd", THREE BEHIND "account [success=1 default=ignore] pam_succeed_if.so "
	    "user ingroup x\n" GUARD ACCOUNT);
	warns("pam.d/sshd:4:", "public key alone");
}

static void a_module_that_lets_everybody_past_unasked_does_not_choose(void **state)
{
	static const char *const everybody[] = {"pam_access.so", "pam_access.so accessfile=/x",
	    "pam_time.so", "pam_localuser.so", "pam_usertype.so isregular",
	    "pam_succeed_if.so quiet use_uid", "pam_wheel.so trust deny",
	    "pam_listfile.so item=user sense=deny file=/etc/ftpusers onerr=fail",
	    "pam_listfile.so item=user sense=allow file=/x onerr=succeed",
	    "pam_succeed_if.so uid >= 1000", "pam_succeed_if.so quiet user != root",
	    "pam_succeed_if.so user notingroup mfa", "pam_succeed_if.so service = sshd",
	    "pam_succeed_if.so tty = ssh quiet", "pam_succeed_if.so user =~ *"};
	static const char *const named[] = {"pam_succeed_if.so quiet user = backup",
	    "pam_succeed_if.so user ingroup robots service = sshd", "pam_succeed_if.so uid < 1000",
	    "pam_succeed_if.so user =~ svc-*", "pam_wheel.so trust", "pam_listfile.so item=user sense=allow file=/x"};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(everybody) / sizeof(everybody[0]); i++) {
		(void)snprintf(text, sizeof(text), "auth sufficient %s\n" GOOD, everybody[i]);
		put("pam.d/sshd", text);
		fails("pam.d/sshd:1:", "gets in without a code");
		(void)snprintf(text, sizeof(text), THREE BEHIND "account sufficient %s\n" GUARD
		    ACCOUNT, everybody[i]);
		put("pam.d/sshd", text);
		fails("pam.d/sshd:4:", "before need_auth");
	}
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		(void)snprintf(text, sizeof(text), "auth sufficient %s\n" GOOD, named[i]);
		put("pam.d/sshd", text);
		warns("pam.d/sshd:1:", "not asked for a code");
	}
}

static void a_line_that_is_never_run_fails_when_the_stack_succeeds(void **state)
{
	(void)state;
	put("pam.d/sshd", "auth [default=2] pam_access.so\n" THREE BEHIND GUARD ACCOUNT);
	fails("pam.d/sshd:2:", "never run");
	put("pam.d/sshd", "auth [default=2] pam_succeed_if.so user ingroup x\n" THREE BEHIND GUARD
	    ACCOUNT);
	fails("pam.d/sshd:2:", "never run");
	put("pam.d/sshd", THREE BEHIND "account [default=1] pam_succeed_if.so user ingroup x\n"
	    GUARD ACCOUNT);
	fails("pam.d/sshd:5:", "never run");
	/* Another line of the module asks. */
	put("pam.d/sshd", THREE "\nauth [default=die] pam_deny.so\nauth sufficient pam_permit.so\n"
	    "auth requisite pam_bastion.so\n" GUARD ACCOUNT);
	warns("pam.d/sshd:4:", "never run");
}

static void a_sufficient_password_in_an_include_fails(void **state)
{
	(void)state;
	put("pam.d/system-auth", "auth required pam_env.so\nauth sufficient pam_unix.so\n"
	    "auth required pam_deny.so\n");
	put("pam.d/vpn", "auth include system-auth\nauth required pam_bastion.so\n" ACCOUNT);
	fails("system-auth:2:", "service vpn: gets in without a code");
	put("pam.d/vpn", "auth substack system-auth\nauth required pam_bastion.so\n" ACCOUNT);
	is_clean();
}

static void after_password_needs_an_ending_password_line(void **state)
{
	(void)state;
	put("pam.d/login", "@include common-auth\n" THREE " after_password" BEHIND ACCOUNT);
	is_clean();
	put("pam.d/login", "auth requisite pam_unix.so\n" THREE " after_password" BEHIND ACCOUNT);
	is_clean();
	put("pam.d/login", "auth required pam_unix.so\n" THREE " after_password" BEHIND ACCOUNT);
	fails("pam.d/login:2:", "after_password");
	put("pam.d/login", THREE " after_password" BEHIND ACCOUNT);
	fails("pam.d/login:1:", "after_password");
	put("pam.d/login", "auth substack common-auth\n" THREE " after_password" BEHIND ACCOUNT);
	fails("pam.d/login:2:", "after_password");
}

#define RESERVE "auth requisite pam_bastion.so reserve\n"
#define UNIX "auth requisite pam_unix.so\n"
#define CODE THREE " after_password" BEHIND

static void a_stack_that_reserves_and_gives_back_passes(void **state)
{
	(void)state;
	put("pam.d/login", RESERVE "@include common-auth\n" CODE ACCOUNT);
	is_clean();
	put("pam.d/login", "auth [ignore=ignore default=die] pam_bastion.so reserve\n" UNIX CODE
	    ACCOUNT);
	is_clean();
	/* By the account line, which needs no word then. */
	put("pam.d/vpn", RESERVE UNIX "account required pam_bastion.so\n" ACCOUNT);
	is_clean();
	put("pam.d/vpn", RESERVE UNIX THREE BEHIND GUARD ACCOUNT);
	is_clean();
}

static void a_refused_try_must_end_the_stack(void **state)
{
	static const char *const controls[] = {"required", "[ignore=ignore default=bad]",
	    "[ignore=ignore auth_err=ignore default=die]", "[ignore=ignore conv_err=1 default=die]"};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		struct config_findings f;

		(void)snprintf(text, sizeof(text), "auth %s pam_bastion.so reserve\n" UNIX CODE ACCOUNT,
		    controls[i]);
		put("pam.d/login", text);
		run(&f);
		assert_true(f.failed);
		assert_true(says(&f, "pam.d/login:1:", "does not end in die"));
		assert_true(says(&f, "pam.d/login:1:", "the lines below are run all the same"));
		config_findings_free(&f);
	}
	put("pam.d/login", "auth [ignore=1 default=die] pam_bastion.so reserve\n" UNIX UNIX CODE ACCOUNT);
	fails("pam.d/login:1:", "its 'ignore' must do nothing");
	put("pam.d/login", "auth optional pam_bastion.so reserve\n" UNIX CODE ACCOUNT);
	assert_int_equal(fails_somewhere("pam.d/login:1:", "`optional`"), true);
	/* In a substack it ends that only. */
	put("pam.d/try", RESERVE);
	put("pam.d/login", "auth substack try\n" UNIX CODE ACCOUNT);
	assert_true(fails_somewhere("pam.d/try:1:", "not in a substack"));
}

static void reserve_stands_above_the_password_and_the_code(void **state)
{
	(void)state;
	put("pam.d/login", UNIX RESERVE CODE ACCOUNT);
	assert_true(fails_somewhere("pam.d/login:2:", "no password line below"));
	assert_true(fails_somewhere("pam.d/login:1:", "judges a password above"));
	put("pam.d/login", RESERVE CODE ACCOUNT);
	assert_true(fails_somewhere("pam.d/login:1:", "no password line below"));
	put("pam.d/login", THREE BEHIND RESERVE UNIX "account required pam_bastion.so\n" ACCOUNT);
	fails("pam.d/login:4:", "below the line for the code");
	/* Whom an admin chose goes past it. */
	put("pam.d/login", "auth [success=1 default=ignore] pam_succeed_if.so user = bob\n" RESERVE UNIX
	    CODE ACCOUNT);
	warns("pam.d/login:3:", "go past the `reserve` line");
}

static void what_nothing_gives_back_shuts_everybody_out(void **state)
{
	(void)state;
	put("pam.d/login", RESERVE UNIX THREE BEHIND ACCOUNT);
	fails("pam.d/login:1:", "no line gives a try back");
	put("pam.d/login", RESERVE UNIX ACCOUNT);
	fails("pam.d/login:1:", "no line gives a try back");
}

static void sshd_that_gives_back_in_account_only_is_a_warning(void **state)
{
	(void)state;
	put("pam.d/sshd", RESERVE UNIX THREE BEHIND GUARD ACCOUNT);
	warns("pam.d/sshd:1:", "each right password counts as a wrong one");
	put("pam.d/sshd", RESERVE UNIX CODE GUARD ACCOUNT);
	is_clean();
}

static void one_try_is_for_one_password(void **state)
{
	(void)state;
	put("pam.d/login", RESERVE RESERVE UNIX CODE ACCOUNT);
	warns("pam.d/login:2:", "a second `reserve` line");
	put("pam.d/login", RESERVE "auth requisite pam_krb5.so try_first_pass\n" CODE ACCOUNT);
	warns("pam.d/login:2:", "write use_first_pass");
	put("pam.d/login", RESERVE "auth requisite pam_krb5.so use_first_pass\n" CODE ACCOUNT);
	assert_false(warns_somewhere("pam.d/login:2:", "use_first_pass"));
	put("pam.d/login", RESERVE UNIX CODE ACCOUNT);
	assert_false(warns_somewhere("pam.d/login:2:", "use_first_pass"));
}

static void a_line_that_only_reserves_asks_for_no_code(void **state)
{
	(void)state;
	put("pam.d/sudo", "@include common-auth\n" CODE ACCOUNT);
	put("pam.d/sudo-i", RESERVE "@include common-auth\naccount required pam_bastion.so\n" ACCOUNT);
	fails("pam.d/sudo-i:", "does not ask for a code");
}

static void a_piece_is_judged_where_it_is_included(void **state)
{
	(void)state;
	put("pam.d/bastion-auth", THREE " after_password" BEHIND);
	put("pam.d/vpn", "@include common-auth\n@include bastion-auth\n" ACCOUNT);
	is_clean();
	put("pam.d/web", "@include bastion-auth\n" ACCOUNT);
	fails("bastion-auth:1: service web", "after_password");
}

static void a_missing_include_fails(void **state)
{
	(void)state;
	put("pam.d/sshd", "@include gone\n" GOOD);
	fails("pam.d/sshd:1:", "includes gone");
	put("pam.d/sshd", GOOD);
	put("pam.d/foreign", "@include gone\n");
	is_clean();
}

static void sshd_without_the_guard_is_a_warning(void **state)
{
	(void)state;
	put("pam.d/sshd", THREE BEHIND ACCOUNT);
	warns("pam.d/sshd:1:", "publickey-only");
	put("pam.d/sshd", THREE BEHIND);
	warns("pam.d/sshd:1:", "`other`");
	put("pam.d/guard", GUARD);
	put("pam.d/sshd", THREE BEHIND "account include guard\n" ACCOUNT);
	is_clean();
	put("pam.d/sshd", THREE BEHIND "account substack guard\n" ACCOUNT);
	is_clean();
}

static void the_guard_behind_an_expired_password_fails(void **state)
{
	(void)state;
	put("pam.d/sshd", THREE BEHIND "account required pam_nologin.so\n" ACCOUNT GUARD);
	fails("common-account:1:", "before need_auth");
}

static void an_expired_password_that_fails_above_the_guard_hides_its_refusal(void **state)
{
	(void)state;
	put("pam.d/sshd", THREE BEHIND "account [success=ok default=bad] pam_unix.so\n" GUARD);
	fails("pam.d/sshd:5:", "as the first account line");
	put("pam.d/sshd", THREE BEHIND GUARD "account [success=ok default=bad] pam_unix.so\n");
	is_clean();
}

static void the_guard_fails_where_account_runs_without_auth(void **state)
{
	static const char *const names[] = {"su", "su-l", "sudo", "sudo-i", "cron", "crond",
	    "systemd-user", "atd", "runuser"};
	char name[64], path[512];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(name, sizeof(name), "pam.d/%s", names[i]);
		put(name, GOOD);
		(void)strcat(name, ":4:");
		fails(name, "without auth");
		name[strlen(name) - 3] = '\0';
		scratch_path(&sc, path, name);
		assert_int_equal(unlink(path), 0);
	}
	put("pam.d/login", GOOD);
	warns("pam.d/login:4:", "login -f");
}

static void the_guard_in_common_account_fails(void **state)
{
	(void)state;
	put("pam.d/common-account", GUARD "account required pam_unix.so\n");
	put("pam.d/other", "auth required pam_deny.so\n");
	put("pam.d/sshd", THREE BEHIND ACCOUNT);
	fails("common-account:1:", "need_auth in common-account");
	put("pam.d/cron", "@include common-auth\n" ACCOUNT);
	finds(CONFIG_FAIL, "common-account:1:", "need_auth in cron");
}

static void the_guard_without_an_auth_line_locks_out(void **state)
{
	(void)state;
	put("pam.d/vpn", "@include common-auth\n" GUARD ACCOUNT);
	fails("pam.d/vpn:2:", "nobody gets in");
}

/* With ages it judges these. */
static void an_account_line_that_judges_nothing_is_a_warning(void **state)
{
	(void)state;
	put("pam.d/vpn", THREE BEHIND "account required pam_bastion.so age=off\n" ACCOUNT);
	assert_true(warns_somewhere("pam.d/vpn:4:", "without need_auth, and with age = off"));
	put("pam.d/vpn", THREE BEHIND "account required pam_bastion.so\n" ACCOUNT);
	assert_false(warns_somewhere("pam.d/vpn:4:", "without need_auth"));
}

static void sudo_i_without_the_code_fails(void **state)
{
	(void)state;
	put("pam.d/sudo", "@include common-auth\n" THREE " after_password" BEHIND ACCOUNT);
	put("pam.d/sudo-i", "@include common-auth\n" ACCOUNT);
	fails("pam.d/sudo-i:", "`sudo -i` goes round the code");
	put("pam.d/sudo-i", "auth include sudo\naccount include sudo\n");
	is_clean();
}

static void ssh_logins_that_are_not_asked_are_a_warning(void **state)
{
	(void)state;
	put("pam.d/login", THREE BEHIND ACCOUNT);
	is_clean();
	put("pam.d/sshd", "@include common-auth\n" ACCOUNT);
	warns("pam.d/sshd:", "ssh logins are not asked for a code");
	put("pam.d/sshd", GOOD);
	is_clean();
}

static void su_that_any_local_user_can_stop_is_a_warning(void **state)
{
	static const char *const names[] = {"pam.d/su", "pam.d/su-l"};
	static const char *const members_only[] = {"auth requisite pam_wheel.so\n",
	    "auth [success=1 default=ignore] pam_rootok.so\n"
	    "auth requisite pam_wheel.so use_uid group=adm\n",
	    "auth [success=ok ignore=ignore default=die] pam_wheel.so trust\n"};
	static const char *const open_to_all[] = {"", "auth required pam_wheel.so\n",
	    "auth requisite pam_wheel.so deny\n", "auth requisite pam_wheel.so root_only\n",
	    "auth [success=1 default=ignore] pam_succeed_if.so user = x\n"
	    "auth requisite pam_wheel.so\n"};
	char text[512], path[512];

	(void)state;
	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		for (size_t i = 0; i < sizeof(open_to_all) / sizeof(open_to_all[0]); i++) {
			(void)snprintf(text, sizeof(text), "%s" THREE BEHIND ACCOUNT,
			    open_to_all[i]);
			put(names[n], text);
			warns(names[n], "any local user can stop his su");
		}
		for (size_t i = 0; i < sizeof(members_only) / sizeof(members_only[0]); i++) {
			(void)snprintf(text, sizeof(text), "%s" THREE BEHIND ACCOUNT,
			    members_only[i]);
			put(names[n], text);
			is_clean();
		}
		scratch_path(&sc, path, names[n]);
		assert_int_equal(unlink(path), 0);
	}
	/* sudo judges the caller himself. */
	put("pam.d/sudo", THREE BEHIND ACCOUNT);
	is_clean();
}

static void only_a_choosing_module_may_open_a_way_past(void **state)
{
	static const char *const modules[] = {"pam_env", "pam_faildelay", "pam_cap", "pam_echo",
	    "pam_motd", "pam_exec", "pam_permit", "pam_warn", "pam_debug"};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		(void)snprintf(text, sizeof(text), "auth sufficient %s.so\n" GOOD, modules[i]);
		put("pam.d/sshd", text);
		fails("pam.d/sshd:1:", "gets in without a code");
		(void)snprintf(text, sizeof(text), "auth optional %s.so\n" GOOD, modules[i]);
		put("pam.d/sshd", text);
		is_clean();
	}
	/* sshd is root whoever comes. */
	put("pam.d/sshd", "auth sufficient pam_rootok.so\n" GOOD);
	fails("pam.d/sshd:1:", "gets in without a code");
}

static void a_directory_of_services_that_others_may_write_fails(void **state)
{
	(void)state;
	assert_int_equal(chmod(pam_path, 0770), 0);
	fails("pam.d:", "chmod go-w"); /* before the first line of ours too */
	put("pam.d/sshd", GOOD);
	fails("pam.d:", "chmod go-w");
	assert_int_equal(chmod(pam_path, 0755), 0);
	assert_int_equal(chown(pam_path, 1234, 0), 0);
	fails("pam.d:", "chown root");
}

/* The way of a service file: through pam.d/sshd, links/sshd and real/dir/sshd. */
static void a_service_file_reached_through_a_directory_of_others_fails(void **state)
{
	static const char *const dirs[] = {"links", "real", "real/dir"};
	char path[512], target[512];

	(void)state;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		scratch_mkdir(&sc, dirs[i]);
	put("real/dir/sshd", GOOD);
	scratch_path(&sc, path, "links/sshd");
	assert_int_equal(symlink("../real/dir/sshd", path), 0);
	scratch_path(&sc, path, "pam.d/sshd");
	scratch_path(&sc, target, "links/sshd");
	assert_int_equal(symlink(target, path), 0);
	is_clean();
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		(void)snprintf(target, sizeof(target), "/%s: ", dirs[i]);
		scratch_path(&sc, path, dirs[i]);
		assert_int_equal(chown(path, 65534, 65534), 0);
		fails(target, "chown root");
		assert_int_equal(chown(path, 0, 0), 0);
		assert_int_equal(chmod(path, 0777), 0);
		fails(target, "chmod go-w");
		assert_int_equal(chmod(path, 0755), 0);
		is_clean();
	}
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		scratch_path(&sc, path, dirs[i]);
		(void)nftw(path, scratch_drop, 16, FTW_DEPTH | FTW_PHYS);
	}
}

static void an_include_that_others_may_write_fails(void **state)
{
	static const char *const ways[] = {"@include piece\n", "session include piece\n",
	    "account substack piece\n", "@include outer\n"};
	char text[512], path[512];

	(void)state;
	put("pam.d/piece", "session required pam_unix.so\naccount required pam_unix.so\n");
	put("pam.d/outer", "session include piece\n");
	scratch_path(&sc, path, "pam.d/piece");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		(void)snprintf(text, sizeof(text), GOOD "%s", ways[i]);
		put("pam.d/sshd", text);
		assert_int_equal(chmod(path, 0644), 0);
		is_clean();
		assert_int_equal(chmod(path, 0646), 0);
		fails("pam.d/piece:", "chmod go-w");
	}
	/* Those of services without our lines are theirs. */
	put("pam.d/sshd", GOOD);
	put("pam.d/foreign", "@include piece\n");
	is_clean();
}

static void a_module_that_is_not_there_fails(void **state)
{
	char modules[512], text[2048], path[PAMD_PATH_MAX];

	(void)state;
	put("pam.d/sshd", GOOD);
	is_clean();
	scratch_path(&sc, modules, "");
	request.module_dir = modules;
	fails("pam.d/sshd:1:", "pam_bastion.so is not there");
	put("pam_bastion.so", "x");
	is_clean();
	request.module_dir = NULL;
	(void)snprintf(text, sizeof(text), "auth requisite %s/no/pam_bastion.so\n" GUARD ACCOUNT,
	    sc.dir);
	put("pam.d/sshd", text);
	fails("pam.d/sshd:1:", "no/pam_bastion.so is not there");
	(void)snprintf(text, sizeof(text), "auth requisite %s/pam_bastion.so\n" GUARD ACCOUNT,
	    sc.dir);
	put("pam.d/sshd", text);
	is_clean();
	/* Where it is looked for on this machine. */
	config_module_dir(path);
	(void)strncat(path, "/pam_unix.so", sizeof(path) - strlen(path) - 1);
	assert_int_equal(access(path, F_OK), 0);
}

static void a_module_that_others_may_replace_fails(void **state)
{
	char dir[512], path[512];

	(void)state;
	put("pam.d/sshd", GOOD);
	scratch_mkdir(&sc, "modules");
	put("modules/pam_bastion.so", "x");
	scratch_path(&sc, dir, "modules");
	scratch_path(&sc, path, "modules/pam_bastion.so");
	request.module_dir = dir;
	is_clean();
	assert_int_equal(chmod(dir, 0777), 0);
	fails("pam.d/sshd:1:", "lets others write");
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chmod(path, 0664), 0);
	fails("pam.d/sshd:1:", "mode 0664");
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chown(path, 1234, 0), 0);
	fails("pam.d/sshd:1:", "belongs to uid 1234");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	fails("pam.d/sshd:1:", "not a regular file");
	assert_int_equal(rmdir(path), 0);
	/* Who may change the link on the way. */
	put("pam_bastion.so", "x");
	assert_int_equal(symlink("../pam_bastion.so", path), 0);
	is_clean();
	assert_int_equal(chown(dir, 1234, 0), 0);
	fails("pam.d/sshd:1:", "modules: belongs to uid 1234");
}

static void no_directory_of_services_is_trouble(void **state)
{
	struct config_findings f = {0};
	struct err e = {0};

	(void)state;
	request.pam.dir = "/nonexistent/pam.d";
	assert_int_equal(config_check(&request, &f, &e), ERR_NONE);
	assert_non_null(strstr(e.text, "/nonexistent/pam.d"));
	config_findings_free(&f);
}

/* ---- keyring, store, files ---- */

static void path_of(char path[512], const char *tail)
{
	scratch_path(&sc, path, tail);
}

static void before_init_it_fails_and_says_so(void **state)
{
	char path[512];

	(void)state;
	put("pam.d/sshd", GOOD);
	path_of(path, "keyring");
	assert_int_equal(unlink(path), 0);
	/* Decoys are not records: this is as good as new. */
	fails("keyring", "enroll-mfa init");
}

static void a_lost_keyring_with_records_fails_otherwise(void **state)
{
	struct record_enroll r = scratch_enroll(1, 77);
	struct record_hot h = scratch_hot(&r);
	char path[512];

	(void)state;
	put("pam.d/sshd", GOOD);
	scratch_user(&sc, "alice", &r, &h);
	is_clean();
	path_of(path, "keyring");
	assert_int_equal(unlink(path), 0);
	fails("keyring", "restore the keyring");
}

static void another_keyring_does_not_open_the_records(void **state)
{
	(void)state;
	put("pam.d/sshd", GOOD);
	scratch_keyring(&sc);
	finds(CONFIG_FAIL, "enroll/.00", "");
}

static void a_keyring_that_others_may_read_fails(void **state)
{
	char path[512];

	(void)state;
	put("pam.d/sshd", GOOD);
	path_of(path, "keyring");
	assert_int_equal(chmod(path, 0640), 0);
	fails("keyring:", "0600");
}

static void missing_decoys_fail(void **state)
{
	char path[512];

	(void)state;
	put("pam.d/sshd", GOOD);
	path_of(path, "hot/.a7");
	assert_int_equal(unlink(path), 0);
	fails("hot:", "255 of the 256 decoys");
}

static void bad_record_files_are_named_and_counted(void **state)
{
	static const char *const files[] = {".10", ".11", ".12", ".13", ".14", ".15", ".16"};
	char path[512], tail[32];
	struct config_findings f;
	int named = 0, counted = 0;

	(void)state;
	put("pam.d/sshd", GOOD);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(tail, sizeof(tail), "hot/%s", files[i]);
		path_of(path, tail);
		assert_int_equal(chmod(path, 0604), 0);
	}
	run(&f);
	for (size_t i = 0; i < f.count; i++) {
		named += strstr(f.item[i].text, "chmod it to 0600") != NULL;
		counted += strstr(f.item[i].text, "2 more files") != NULL;
	}
	assert_int_equal(named, 5);
	assert_int_equal(counted, 1);
	assert_true(f.failed);
	config_findings_free(&f);
}

static void links_owners_and_lengths_of_records_are_judged(void **state)
{
	char path[512], other[512];

	(void)state;
	put("pam.d/sshd", GOOD);
	path_of(path, "hot/.10");
	path_of(other, "second-name");
	assert_int_equal(link(path, other), 0);
	fails("hot/.10:", "links");
	assert_int_equal(unlink(other), 0);
	assert_int_equal(chown(path, 1234, 0), 0);
	fails("hot/.10:", "root");
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(truncate(path, 100), 0);
	fails("hot/.10:", "length");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	fails("hot/.10:", "regular");
}

/* What fstatat() gives when the file is removed after its name was looked up. */
static const char *removed_at_stat;

int fstatat(int dir, const char *restrict name, struct stat *restrict st, int flags)
{
	int nofollow = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? O_NOFOLLOW : 0;
	int fd = openat(dir, name, O_PATH | O_CLOEXEC | nofollow);
	int r = fd;

	if (fd < 0)
		return -1;
	if (removed_at_stat != NULL && strcmp(name, removed_at_stat) == 0)
		(void)unlinkat(dir, name, 0);
	r = fstat(fd, st);
	(void)close(fd);
	return r;
}

static void a_record_that_is_removed_meanwhile_is_no_finding(void **state)
{
	struct record_enroll r = scratch_enroll(1, 77);
	struct record_hot h = scratch_hot(&r);
	char path[512];

	(void)state;
	put("pam.d/sshd", GOOD);
	scratch_user(&sc, "alice", &r, &h);
	path_of(path, "hot/zoe");
	scratch_write(path, "x", 1, 0600);
	fails("hot/zoe:", "length");
	removed_at_stat = "zoe";
	is_clean();
	removed_at_stat = NULL;
	assert_int_equal(access(path, F_OK), -1);
}

static void foreign_files_in_the_store_are_a_warning(void **state)
{
	(void)state;
	put("pam.d/sshd", GOOD);
	put("enroll/alice~", "x");
	warns("enroll/alice~:", "move it away");
}

static void open_directories_are_found(void **state)
{
	char path[512];

	(void)state;
	put("pam.d/sshd", GOOD);
	path_of(path, "hot");
	assert_int_equal(chmod(path, 0755), 0);
	warns("/hot:", "0700");
	assert_int_equal(chmod(path, 0777), 0);
	finds(CONFIG_FAIL, "/hot:", "lets others write");
}

static void a_missing_machine_record_fails(void **state)
{
	char path[512];

	(void)state;
	put("pam.d/sshd", GOOD);
	path_of(path, "machine-id");
	assert_int_equal(unlink(path), 0);
	fails("machine-id:", "enroll-mfa init");
}

static void a_torn_machine_record_fails(void **state)
{
	unsigned char bytes[SLOT_FILE];
	char path[512];

	(void)state;
	put("pam.d/sshd", GOOD);
	path_of(path, "machine-id");
	assert_int_equal(scratch_bytes(&sc, "machine-id", bytes, sizeof(bytes)), SLOT_FILE);
	bytes[40] ^= 1;
	scratch_write(path, bytes, sizeof(bytes), 0600);
	fails("machine-id", "`enroll-mfa init` makes it anew");
	assert_int_equal(truncate(path, 100), 0);
	fails("machine-id", "`enroll-mfa init` makes it anew");
	assert_int_equal(slot_image(bytes, 1, "not the format", 14), 0);
	scratch_write(path, bytes, sizeof(bytes), 0600);
	fails("machine-id", "is not a machine-id record");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(host_create(&sc.conf, 0, NULL), 0);
	is_clean();
}

static void a_torn_state_record_of_a_decoy_fails(void **state)
{
	unsigned char bytes[SLOT_FILE];
	char path[512];

	(void)state;
	put("pam.d/sshd", GOOD);
	assert_int_equal(scratch_bytes(&sc, "hot/.00", bytes, sizeof(bytes)), SLOT_FILE);
	memset(bytes, 0, sizeof(bytes));
	path_of(path, "hot/.00");
	scratch_write(path, bytes, sizeof(bytes), 0600);
	fails("hot/.00", "");
}

static void state_that_is_not_the_enrolments_fails(void **state)
{
	struct record_enroll r = scratch_enroll(2, 77);
	struct record_hot h = scratch_hot(&r);
	unsigned char zeros[SLOT_FILE] = {0};
	char path[512];

	(void)state;
	put("pam.d/sshd", GOOD);
	r.recovery.id = 5;
	h.spent[1].id = 5;
	scratch_user(&sc, "Alice", &r, &h);
	is_clean();
	h.entry[1].id = 99;
	scratch_change_hot(&sc, "Alice", &h);
	fails("device-78", "`enroll-mfa unlock Alice`");
	/* As `unlock` leaves it: codes are good, recovery codes are not. */
	h.entry[1].id = 78;
	h.spent[1].id = 0;
	scratch_change_hot(&sc, "Alice", &h);
	warns("hot/Alice", "`enroll-mfa recovery Alice`");
	path_of(path, "hot/Alice");
	scratch_write(path, zeros, sizeof(zeros), 0600);
	fails("hot/Alice", "`enroll-mfa unlock Alice`");
	assert_int_equal(unlink(path), 0);
	fails("hot/Alice", "`enroll-mfa unlock Alice`");
}

static void the_store_of_a_line_is_checked_too(void **state)
{
	char text[1024], conf[512];

	(void)state;
	(void)snprintf(text, sizeof(text), THREE " store=file:%s" BEHIND GUARD ACCOUNT, sc.dir);
	put("pam.d/sshd", text);
	is_clean();
	(void)snprintf(text, sizeof(text), THREE " store=file:%s/other" BEHIND GUARD ACCOUNT,
	    sc.dir);
	put("pam.d/sshd", text);
	fails("/other:", "does not exist: not initialised");
	scratch_mkdir(&sc, "empty");
	(void)snprintf(text, sizeof(text), THREE " state_dir=%s/empty" BEHIND GUARD ACCOUNT, sc.dir);
	put("pam.d/sshd", text);
	fails("empty/machine-id:", "enroll-mfa init");
	(void)snprintf(text, sizeof(text), THREE " keyring=%s/lost" BEHIND GUARD ACCOUNT, sc.dir);
	put("pam.d/sshd", text);
	fails("/lost", "enroll-mfa init");
	(void)snprintf(text, sizeof(text), "store = file:%s\nstate_dir = %s/empty\n"
	    "keyring = %s/keyring\n", sc.dir, sc.dir, sc.dir);
	put("second.conf", text);
	scratch_path(&sc, conf, "second.conf");
	(void)snprintf(text, sizeof(text), THREE " conf=%s" BEHIND GUARD ACCOUNT, conf);
	put("pam.d/sshd", text);
	fails("empty/machine-id:", "enroll-mfa init");
}

#define STUCK "age = enforce, and no password could be changed: "

static void enforced_ages_need_histories_that_can_be_written(void **state)
{
	char pw[512];

	(void)state;
	assert_true(unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0);
	put("pam.d/sshd", GOOD);
	put_conf("age = enforce\n");
	is_clean();
	path_of(pw, "pw");
	assert_int_equal(mount(pw, pw, "none", MS_BIND, NULL), 0);
	assert_int_equal(mount("none", pw, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	fails(STUCK, "Read-only file system");
	put_conf("");
	is_clean();
	put("pam.d/sshd", THREE " age=enforce" BEHIND GUARD ACCOUNT);
	fails(STUCK, "Read-only file system");
	assert_int_equal(umount(pw), 0);
	is_clean();
}

static void enforced_ages_and_a_policy_that_looks_back_need_init(void **state)
{
	static const char *const ages[] = {"age = enforce\npassword_policy = pci-4.0.1",
	    "age = warn\npassword_policy = pci-4.0.1", "age = enforce"};
	struct config_findings f;
	char text[1024];

	(void)state;
	put("pam.d/sshd", GOOD);
	for (int i = 0; i < 3; i++) {
		(void)snprintf(text, sizeof(text), "%s\nkeyring = %s/lost/keyring\n"
		    "state_dir = %s/lost\nstore = file:%s/lost\n", ages[i], sc.dir, sc.dir,
		    sc.dir);
		put("pam_bastion.conf", text);
		run(&f);
		assert_int_equal(says(&f, STUCK, "enroll-mfa init"), i == 0);
		config_findings_free(&f);
	}
}

/* ---- the clock ---- */

static void a_clock_before_2020_fails(void **state)
{
	char path[512], tail[32];
	struct utimbuf old = {0, 0};

	(void)state;
	put("pam.d/sshd", GOOD);
	for (int i = 0; i < 512; i++) {
		(void)snprintf(tail, sizeof(tail), "%s/.%02x", i < 256 ? "hot" : "enroll", i & 255);
		path_of(path, tail);
		assert_int_equal(utime(path, &old), 0);
	}
	request.now = 1000;
	fails("the clock says 1000", "2020");
}

static void an_unsynchronised_clock_is_a_warning(void **state)
{
	(void)state;
	put("pam.d/sshd", GOOD);
	request.synchronised = false;
	warns("not synchronised", "chrony");
}

static void records_from_the_future_are_a_warning(void **state)
{
	struct utimbuf t;
	char path[512];

	(void)state;
	put("pam.d/sshd", GOOD);
	t.actime = t.modtime = (time_t)request.now + 86400 + 60;
	path_of(path, "hot/.33");
	assert_int_equal(utime(path, &t), 0);
	warns("/hot: 1 records", "more than a day");
}

#define TEST(name) cmocka_unit_test_setup(name, use_shared)
#define DAMAGE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_good_host_passes),
	    TEST(the_check_writes_nothing),
	    TEST(the_shipped_stacks_pass),
	    TEST(a_typing_error_fails_with_file_and_line),
	    TEST(a_configuration_that_others_may_write_fails),
	    TEST(text_alone_is_checked_too),
	    TEST(arguments_are_judged_like_the_modules_own),
	    TEST(the_file_under_check_stands_for_the_packaged_one),
	    TEST(the_module_is_known_by_any_path),
	    TEST(sufficient_fails_in_every_group),
	    TEST(optional_fails_on_auth_and_account),
	    TEST(brackets_that_let_a_failure_pass_fail),
	    TEST(a_done_for_an_answer_that_never_comes_is_no_refusal_that_passes),
	    TEST(password_lines_above_what_sets_it_pass),
	    TEST(passwords_that_other_services_set_unjudged_are_warned_of),
	    TEST(long_list_of_services_is_cut),
	    TEST(password_line_behind_what_sets_it_fails),
	    TEST(password_that_a_line_below_asks_for_anew_fails),
	    TEST(password_line_that_asks_behind_another_warns),
	    TEST(use_authtok_without_a_line_that_asks_fails),
	    TEST(password_line_whose_refusal_does_not_end_the_stack_fails),
	    TEST(arguments_of_a_password_line_are_read),
	    TEST(policies_of_a_line_that_cannot_be_read_fail),
	    TEST(rules_of_a_line_that_the_tools_do_not_see_are_warned_of),
	    TEST(a_syntax_error_fails_where_the_module_is_named),
	    TEST(a_service_file_that_others_may_write_fails),
	    TEST(leavings_of_editors_are_no_services),
	    TEST(nobody_asked_is_a_warning),
	    TEST(the_dangerous_stacks_of_the_measurements_fail),
	    TEST(a_stack_that_nobody_can_pass_fails),
	    TEST(the_safe_stacks_of_the_measurements_pass),
	    TEST(a_jump_of_an_exempting_module_is_a_warning),
	    TEST(a_module_that_lets_everybody_past_unasked_does_not_choose),
	    TEST(a_line_that_is_never_run_fails_when_the_stack_succeeds),
	    TEST(a_sufficient_password_in_an_include_fails),
	    TEST(after_password_needs_an_ending_password_line),
	    TEST(a_stack_that_reserves_and_gives_back_passes),
	    TEST(a_refused_try_must_end_the_stack),
	    TEST(reserve_stands_above_the_password_and_the_code),
	    TEST(what_nothing_gives_back_shuts_everybody_out),
	    TEST(sshd_that_gives_back_in_account_only_is_a_warning),
	    TEST(one_try_is_for_one_password),
	    TEST(a_line_that_only_reserves_asks_for_no_code),
	    TEST(a_piece_is_judged_where_it_is_included),
	    TEST(a_missing_include_fails),
	    TEST(sshd_without_the_guard_is_a_warning),
	    TEST(the_guard_behind_an_expired_password_fails),
	    TEST(an_expired_password_that_fails_above_the_guard_hides_its_refusal),
	    TEST(the_guard_fails_where_account_runs_without_auth),
	    TEST(the_guard_in_common_account_fails),
	    TEST(the_guard_without_an_auth_line_locks_out),
	    TEST(an_account_line_that_judges_nothing_is_a_warning),
	    TEST(sudo_i_without_the_code_fails),
	    TEST(ssh_logins_that_are_not_asked_are_a_warning),
	    TEST(su_that_any_local_user_can_stop_is_a_warning),
	    TEST(only_a_choosing_module_may_open_a_way_past),
	    TEST(a_directory_of_services_that_others_may_write_fails),
	    TEST(a_service_file_reached_through_a_directory_of_others_fails),
	    TEST(an_include_that_others_may_write_fails),
	    TEST(a_module_that_is_not_there_fails),
	    TEST(a_module_that_others_may_replace_fails),
	    TEST(no_directory_of_services_is_trouble),
	    DAMAGE(before_init_it_fails_and_says_so),
	    DAMAGE(a_lost_keyring_with_records_fails_otherwise),
	    DAMAGE(another_keyring_does_not_open_the_records),
	    DAMAGE(a_keyring_that_others_may_read_fails),
	    DAMAGE(missing_decoys_fail),
	    DAMAGE(bad_record_files_are_named_and_counted),
	    DAMAGE(links_owners_and_lengths_of_records_are_judged),
	    DAMAGE(a_record_that_is_removed_meanwhile_is_no_finding),
	    DAMAGE(foreign_files_in_the_store_are_a_warning),
	    DAMAGE(open_directories_are_found),
	    DAMAGE(a_missing_machine_record_fails),
	    DAMAGE(a_torn_machine_record_fails),
	    DAMAGE(a_torn_state_record_of_a_decoy_fails),
	    DAMAGE(state_that_is_not_the_enrolments_fails),
	    DAMAGE(the_store_of_a_line_is_checked_too),
	    DAMAGE(enforced_ages_need_histories_that_can_be_written),
	    DAMAGE(enforced_ages_and_a_policy_that_looks_back_need_init),
	    DAMAGE(a_clock_before_2020_fails),
	    TEST(an_unsynchronised_clock_is_a_warning),
	    DAMAGE(records_from_the_future_are_a_warning),
	};

	return cmocka_run_group_tests(tests, make_shared, drop_shared);
}
