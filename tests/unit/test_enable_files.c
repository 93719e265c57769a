/* The marked lines of `bastionctl enable`, on the files of two families. */
#include "tests/unit/scratch.h"

#include "policy/config_pamd.h"
#include "policy/enable_diff.h"
#include "policy/enable_files.h"
#include "policy/pamd.h"

#define FIXTURES "tests/fixtures/"
#define BLOCK "# pam-bastion: begin\n"
#define CODE "auth       [success=1 ignore=ignore default=die]  pam_bastion.so"
#define CLOSED "auth       requisite    pam_deny.so\nauth       required     pam_permit.so\n"

static char *read_file(const char *path)
{
	static unsigned char bytes[PAMD_FILE_MAX];
	const struct scratch here = {.dir = "."};
	size_t n = scratch_bytes(&here, path, bytes, sizeof(bytes) - 1);
	char *text = malloc(n + 1);

	assert_non_null(text);
	memcpy(text, bytes, n);
	text[n] = '\0';
	return text;
}

static int mark(enum enable_target target, const char *text, struct buffer *out,
    struct enable_marked *m, struct err *e)
{
	struct enable_service q = {"FILE", target, true};

	*out = (struct buffer){0};
	*e = (struct err){0};
	return enable_files_service(&q, text, out, m, e);
}

static void marks(enum enable_target target, const char *text, struct buffer *out,
    struct enable_marked *m)
{
	struct err e;

	if (mark(target, text, out, m, &e) != 0)
		fail_msg("%s", e.text);
}

static void refuses(enum enable_target target, const char *text, int code, const char *why)
{
	struct enable_marked m;
	struct buffer out;
	struct err e;

	assert_int_equal(mark(target, text, &out, &m, &e), code);
	if (strstr(e.text, why) == NULL)
		fail_msg("'%s' does not say '%s'", e.text, why);
	buffer_free(&out);
}

static char *unmarked(const char *text, bool expected)
{
	struct buffer out = {0};
	bool found = !expected;
	struct err e = {0};

	if (enable_files_unmark("FILE", text, &out, &found, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(found, expected);
	buffer_text(&out, "");
	return out.data;
}

/* ---- what is in force ---- */

struct lines {
	enum pamd_type type;
	struct buffer text;
};

static int add(void *ctx, const struct pamd_line *l)
{
	struct lines *s = ctx;

	if (l->type != s->type && (l->type != PAMD_ANY || strcmp(l->module, "common-auth") != 0))
		return 0;
	buffer_format(&s->text, "%s %s", l->control, l->module);
	for (int i = 0; i < l->argc; i++)
		if (strcmp(l->argv[i], "enroll_here") != 0) /* by `enroll` of the configuration */
			buffer_format(&s->text, " %s", l->argv[i]);
	buffer_text(&s->text, "\n");
	return 0;
}

static char *in_force(enum pamd_type type, const char *text)
{
	struct lines s = {.type = type};
	struct err e = {0};

	if (pamd_parse("FILE", text, strlen(text), add, &s, &e) != 0)
		fail_msg("%s", e.text);
	return s.text.data;
}

static void debian_is_as_shipped(enum enable_target target, const char *name)
{
	char path[128], *shipped, *live, *a, *b;
	struct enable_marked m;
	struct buffer out;

	(void)snprintf(path, sizeof(path), "packaging/pam.d/%s", name);
	shipped = read_file(path);
	(void)snprintf(path, sizeof(path), FIXTURES "debian-12/%s", name);
	live = read_file(path);
	marks(target, live, &out, &m);
	assert_false(m.covered);
	assert_int_equal(m.after_password, target != ENABLE_SSHD);
	a = in_force(PAMD_AUTH, shipped);
	b = in_force(PAMD_AUTH, out.data);
	assert_string_equal(b, a);
	free(a);
	free(b);
	buffer_free(&out);
	free(shipped);
	free(live);
}

static void on_debian_the_auth_lines_in_force_are_the_shipped_ones(void **state)
{
	(void)state;
	debian_is_as_shipped(ENABLE_SSHD, "sshd");
	debian_is_as_shipped(ENABLE_SUDO, "sudo");
	debian_is_as_shipped(ENABLE_LOGIN, "login");
}

static void the_guard_is_the_first_account_line_of_sshd(void **state)
{
	static const char *const families[] = {"debian-12", "rhel-9"};
	char path[128], *live, *account;
	struct enable_marked m;
	struct buffer out;

	(void)state;
	for (int i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), FIXTURES "%s/sshd", families[i]);
		live = read_file(path);
		marks(ENABLE_SSHD, live, &out, &m);
		account = in_force(PAMD_ACCOUNT, out.data);
		assert_int_equal(strncmp(account, "requisite pam_bastion.so need_auth\n", 35), 0);
		free(account);
		buffer_free(&out);
		free(live);
	}
}

static void on_rhel_sshd_asks_for_the_code_in_the_place_of_the_password(void **state)
{
	char *live = read_file(FIXTURES "rhel-9/sshd");
	struct enable_marked m;
	struct buffer out;

	(void)state;
	marks(ENABLE_SSHD, live, &out, &m);
	assert_non_null(strstr(out.data, "#%PAM-1.0\n" BLOCK
	    "# pam-bastion: was: auth       substack     password-auth\n"
	    "auth       optional     pam_faildelay.so  delay=1000000\n" CODE "  enroll_here\n" CLOSED
	    "# pam-bastion: end\nauth       include      postlogin\n"));
	buffer_free(&out);
	free(live);
}

static void on_rhel_an_include_becomes_a_substack_which_cannot_end_the_stack(void **state)
{
	char *live = read_file(FIXTURES "rhel-9/sudo");
	struct enable_marked m;
	struct buffer out;

	(void)state;
	marks(ENABLE_SUDO, live, &out, &m);
	assert_string_equal(out.data, "#%PAM-1.0\n" BLOCK
	    "# pam-bastion: was: auth       include      system-auth\n"
	    "auth       substack     system-auth\n" CODE "  after_login\n" CLOSED
	    "# pam-bastion: end\naccount    include      system-auth\n"
	    "password   include      system-auth\nsession    include      system-auth\n");
	assert_false(m.after_password);
	buffer_free(&out);
	free(live);
}

static void on_rhel_login_asks_behind_the_substack(void **state)
{
	char *live = read_file(FIXTURES "rhel-9/login");
	struct enable_marked m;
	struct buffer out;

	(void)state;
	marks(ENABLE_LOGIN, live, &out, &m);
	assert_non_null(strstr(out.data, "auth       substack     system-auth\n" BLOCK CODE "\n" CLOSED
	    "# pam-bastion: end\nauth       include      postlogin\n"));
	assert_false(m.after_password);
	buffer_free(&out);
	free(live);
}

static void on_rhel_sudo_i_goes_through_sudo(void **state)
{
	char *live = read_file(FIXTURES "rhel-9/sudo-i");
	struct enable_marked m;
	struct buffer out;

	(void)state;
	marks(ENABLE_SUDO, live, &out, &m);
	assert_true(m.covered);
	assert_string_equal(out.data, live);
	buffer_free(&out);
	free(live);
}

static void marking_twice_is_the_same_and_unmarking_gives_the_file_back(void **state)
{
	static const struct {
		const char *file;
		enum enable_target target;
	} all[] = {{"debian-12/sshd", ENABLE_SSHD}, {"debian-12/sudo", ENABLE_SUDO},
	    {"debian-12/sudo-i", ENABLE_SUDO}, {"debian-12/login", ENABLE_LOGIN},
	    {"rhel-9/sshd", ENABLE_SSHD}, {"rhel-9/sudo", ENABLE_SUDO},
	    {"rhel-9/login", ENABLE_LOGIN}};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char path[128], *live, *back;
		struct enable_marked m;
		struct buffer once, twice;

		(void)snprintf(path, sizeof(path), FIXTURES "%s", all[i].file);
		live = read_file(path);
		marks(all[i].target, live, &once, &m);
		marks(all[i].target, once.data, &twice, &m);
		assert_string_equal(once.data, twice.data);
		back = unmarked(once.data, true);
		assert_string_equal(back, live);
		free(back);
		buffer_free(&once);
		buffer_free(&twice);
		free(live);
	}
}

/* ---- judged by config check ---- */

static void config_check_passes_the_files(const char *family)
{
	static const struct {
		const char *name;
		enum enable_target target;
	} ours[] = {{"sshd", ENABLE_SSHD}, {"sudo", ENABLE_SUDO}, {"sudo-i", ENABLE_SUDO},
	    {"login", ENABLE_LOGIN}};
	static const char *const debian[] = {"common-auth", "common-account", "common-session",
	    "common-session-noninteractive", "common-password", "other", NULL};
	static const char *const rhel[] = {"system-auth", "password-auth", "postlogin", "other", NULL};
	const char *const *rest = strcmp(family, "rhel-9") == 0 ? rhel : debian;
	struct config_findings f = {0};
	struct config_places places = {0};
	char path[512], from[128], pam[512], conf[512], *live;
	struct scratch sc;
	struct err e = {0};

	scratch_dir(&sc);
	scratch_mkdir(&sc, "pam.d");
	scratch_path(&sc, pam, "pam.d");
	scratch_path(&sc, conf, "pam_bastion.conf");
	scratch_write(conf, "", 0, 0644);
	for (int i = 0; i < 4; i++) {
		struct enable_marked m;
		struct buffer out;

		(void)snprintf(from, sizeof(from), FIXTURES "%s/%s", family, ours[i].name);
		live = read_file(from);
		marks(ours[i].target, live, &out, &m);
		(void)snprintf(from, sizeof(from), "pam.d/%s", ours[i].name);
		scratch_path(&sc, path, from);
		scratch_write(path, out.data, out.len, 0644);
		buffer_free(&out);
		free(live);
	}
	for (; *rest != NULL; rest++) {
		(void)snprintf(from, sizeof(from), FIXTURES "%s/%s", family, *rest);
		live = read_file(from);
		(void)snprintf(from, sizeof(from), "pam.d/%s", *rest);
		scratch_path(&sc, path, from);
		scratch_write(path, live, strlen(live), 0644);
		free(live);
	}
	struct config_request q = {.config = conf, .pam = {pam, NULL}, .now = SCRATCH_NOW};
	if (config_pamd(&q, &f, &places, &e) != 0)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < f.count; i++)
		if (f.item[i].level != CONFIG_OK)
			fail_msg("%s: %s", family, f.item[i].text);
	config_findings_free(&f);
	free(places.item);
	scratch_remove(&sc);
}

static void config_check_finds_nothing_in_the_marked_files(void **state)
{
	(void)state;
	config_check_passes_the_files("debian-12");
	config_check_passes_the_files("rhel-9");
}

/* ---- refused ---- */

static void a_file_that_is_not_ours_to_edit_is_refused(void **state)
{
	(void)state;
	refuses(ENABLE_SSHD, "@include common-auth\nauth required pam_bastion.so\n", ERR_REFUSED,
	    "FILE:2: names pam_bastion.so outside the marks");
	refuses(ENABLE_SSHD, "# Generated by authselect on\nauth substack password-auth\n",
	    ERR_REFUSED, "authselect wrote it");
	refuses(ENABLE_SUDO, "auth required pam_unix.so\n", ERR_REFUSED, "FILE: no line brings in");
	refuses(ENABLE_SUDO, "@include common-auth\n@include common-auth\n", ERR_REFUSED,
	    "FILE: more than one line brings in");
	refuses(ENABLE_SSHD, "@include common-auth\n", ERR_REFUSED, "no account lines");
	refuses(ENABLE_SUDO, "auth \\\ninclude system-auth\n", ERR_REFUSED,
	    "FILE:1: the line goes on");
	refuses(ENABLE_LOGIN, "nonsense\n", ERR_SYNTAX, "FILE:1:");
}

static void marks_without_their_other_end_are_an_error(void **state)
{
	struct buffer out = {0};
	struct err e = {0};
	bool found;

	(void)state;
	assert_int_equal(enable_files_unmark("FILE", "a\n" BLOCK "b\n", &out, &found, &e),
	    ERR_SYNTAX);
	assert_non_null(strstr(e.text, "FILE:2: "));
	assert_int_equal(enable_files_unmark("FILE", "a\n# pam-bastion: end\n", &out, &found, &e),
	    ERR_SYNTAX);
	assert_int_equal(enable_files_unmark("FILE", BLOCK BLOCK, &out, &found, &e), ERR_SYNTAX);
	buffer_free(&out);
}

static void edits_outside_the_marks_stay(void **state)
{
	char *back;

	(void)state;
	back = unmarked("one\n" BLOCK "ours\n# pam-bastion: was: theirs\n# pam-bastion: end\r\n"
	    "two", true);
	assert_string_equal(back, "one\ntheirs\ntwo");
	free(back);
	back = unmarked("no marks\n", false);
	assert_string_equal(back, "no marks\n");
	free(back);
}

/* ---- sshd ---- */

/* The settings of a file of sshd, one a line. */
static char *settings(const char *text)
{
	struct buffer out = {0};

	for (size_t n; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (n > 0 && text[0] != '#')
			buffer_format(&out, "%.*s\n", (int)n, text);
	}
	return out.data;
}

static void the_drop_in_sets_what_the_shipped_one_sets(void **state)
{
	char *shipped = read_file("packaging/sshd_config.d/10-bastion-mfa.conf"), *a, *b, *back;
	struct buffer out = {0}, over = {0};

	(void)state;
	assert_int_equal(enable_files_dropin("FILE", "", &out, NULL), 0);
	a = settings(shipped);
	b = settings(out.data);
	assert_string_equal(b, a);
	/* What is there stays behind it. */
	assert_int_equal(enable_files_dropin("FILE", "Banner none\n", &over, NULL), 0);
	assert_true(over.len > out.len);
	assert_int_equal(strncmp(over.data, out.data, out.len), 0);
	back = unmarked(over.data, true);
	assert_string_equal(back, "Banner none\n");
	free(back);
	back = unmarked(out.data, true);
	assert_true(enable_files_blank(back));
	free(back);
	free(a);
	free(b);
	free(shipped);
	buffer_free(&out);
	buffer_free(&over);
}

static void becomes(const char *text, const char *expected)
{
	const struct enable_include q = {"/etc/ssh/sshd_config",
	    "/etc/ssh/sshd_config.d/10-bastion-mfa.conf", "/future"};
	struct buffer out = {0};
	struct err e = {0};
	int r = enable_files_config(&q, text, &out, &e);

	assert_int_equal(r, expected != NULL ? 0 : ERR_NONE);
	if (expected != NULL)
		assert_string_equal(out.data, expected);
	else
		assert_non_null(strstr(e.text, "put `Include /etc/ssh/sshd_config.d/*.conf`"));
	buffer_free(&out);
}

static void the_include_of_the_drop_in_is_found_as_sshd_finds_it(void **state)
{
	(void)state;
	becomes("Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n",
	    "Include \"/future/*.conf\"\nUsePAM yes\n");
	becomes("\tinclude = \"sshd_config.d/*.conf\" # ours\n", "Include \"/future/*.conf\"\n");
	becomes("Include /etc/other/*.conf /etc/ssh/sshd_config.d/*\n",
	    "Include \"/etc/other/*.conf\" \"/future/*\"\n");
	becomes("Port 22\n", NULL);
	becomes("#Include /etc/ssh/sshd_config.d/*.conf\n", NULL);
	becomes("Include /etc/ssh/sshd_config.d/50*.conf\n", NULL);
	becomes("Match all\nInclude /etc/ssh/sshd_config.d/*.conf\n", NULL);
	becomes("Include /etc/ssh/*/*.conf\n", NULL); /* more than one directory */
}

/* ---- the difference ---- */

static void differs(const char *old, const char *new, const char *expected)
{
	const struct enable_diff d = {"/f", old, new};
	struct buffer out = {0};

	enable_diff(&d, &out);
	assert_false(out.failed);
	assert_string_equal(buffer_string(&out), expected);
	buffer_free(&out);
}

static void the_difference_is_that_of_diff(void **state)
{
	(void)state;
	differs("a\nb\n", "a\nb\n", "");
	differs(NULL, "a\n", "--- /dev/null\n+++ /f\n@@ -0,0 +1,1 @@\n+a\n");
	differs("a\n", NULL, "--- /f\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n");
	differs("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nX\n6\n7\n8\n9\n",
	    "--- /f\n+++ /f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+X\n 6\n 7\n 8\n");
	differs("a\nb", "a\nb\n",
	    "--- /f\n+++ /f\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n");
	differs("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n",
	    "--- /f\n+++ /f\n@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n@@ -9,3 +10,4 @@\n 9\n 10\n 11\n+12\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(on_debian_the_auth_lines_in_force_are_the_shipped_ones),
	    cmocka_unit_test(the_guard_is_the_first_account_line_of_sshd),
	    cmocka_unit_test(on_rhel_sshd_asks_for_the_code_in_the_place_of_the_password),
	    cmocka_unit_test(on_rhel_an_include_becomes_a_substack_which_cannot_end_the_stack),
	    cmocka_unit_test(on_rhel_login_asks_behind_the_substack),
	    cmocka_unit_test(on_rhel_sudo_i_goes_through_sudo),
	    cmocka_unit_test(marking_twice_is_the_same_and_unmarking_gives_the_file_back),
	    cmocka_unit_test(config_check_finds_nothing_in_the_marked_files),
	    cmocka_unit_test(a_file_that_is_not_ours_to_edit_is_refused),
	    cmocka_unit_test(marks_without_their_other_end_are_an_error),
	    cmocka_unit_test(edits_outside_the_marks_stay),
	    cmocka_unit_test(the_drop_in_sets_what_the_shipped_one_sets),
	    cmocka_unit_test(the_include_of_the_drop_in_is_found_as_sshd_finds_it),
	    cmocka_unit_test(the_difference_is_that_of_diff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
