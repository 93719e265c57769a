/* The tokenizer of PAM service files and the walk through a stack. */
#include "tests/unit/scratch.h"

#include "lib/core/json_text.h"
#include "policy/pamd.h"
#include "policy/pamd_stack.h"

#include <security/pam_appl.h>

/* ---- what the tokenizer says, as one text: "line type control module [arg]" ---- */

struct seen {
	char text[8192];
	int lines;
	int stop_at; /* the callback ends the reading there */
};

static int see(void *ctx, const struct pamd_line *l)
{
	struct seen *s = ctx;
	size_t n = strlen(s->text);

	n += (size_t)snprintf(s->text + n, sizeof(s->text) - n, "%d %s%s {%s} %s", l->line,
	    l->quiet ? "-" : "", pamd_type_name(l->type), l->control, l->module);
	for (int i = 0; i < l->argc && n < sizeof(s->text); i++)
		n += (size_t)snprintf(s->text + n, sizeof(s->text) - n, " [%s]", l->argv[i]);
	if (n < sizeof(s->text))
		(void)snprintf(s->text + n, sizeof(s->text) - n, "\n");
	assert_null(l->argv[l->argc]);
	return ++s->lines == s->stop_at ? 77 : 0;
}

static int parse_bytes(const char *text, size_t len, struct seen *s, struct err *e)
{
	/* Without a terminator behind it, so that a sanitizer sees every overrun. */
	char *exact = malloc(len > 0 ? len : 1);
	int r;

	assert_non_null(exact);
	memcpy(exact, text, len);
	*e = (struct err){0};
	r = pamd_parse("x", exact, len, see, s, e);
	free(exact);
	return r;
}

static void reads(const char *text, const char *expected)
{
	struct seen s = {.text = ""};
	struct err e;

	if (parse_bytes(text, strlen(text), &s, &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(s.text, expected);
}

static void refuses(const char *text, const char *place, const char *reason)
{
	struct seen s = {.text = ""};
	struct err e;

	assert_int_equal(parse_bytes(text, strlen(text), &s, &e), ERR_SYNTAX);
	assert_int_equal(strncmp(e.text, place, strlen(place)), 0);
	if (strstr(e.text, reason) == NULL)
		fail_msg("'%s' does not say '%s'", e.text, reason);
}

static void a_line_has_type_control_module_and_arguments(void **state)
{
	(void)state;
	reads("auth required pam_x.so a b=c\n", "1 auth {required} pam_x.so [a] [b=c]\n");
	reads("AUTH\t Required  /lib/security/pam_x.so", "1 auth {Required} /lib/security/pam_x.so\n");
	reads("  session optional pam_y.so\t\n\n", "1 session {optional} pam_y.so\n");
}

static void a_dash_before_the_type_is_noted(void **state)
{
	(void)state;
	reads("-session optional pam_systemd.so\n", "1 -session {optional} pam_systemd.so\n");
}

static void brackets_hold_blanks_together(void **state)
{
	(void)state;
	reads("auth [success=1 default=ignore] pam_x.so\n",
	    "1 auth {success=1 default=ignore} pam_x.so\n");
	reads("auth required pam_x.so [issuer=My Corp] debug\n",
	    "1 auth {required} pam_x.so [issuer=My Corp] [debug]\n");
}

static void an_escaped_bracket_does_not_close(void **state)
{
	(void)state;
	reads("auth required pam_x.so [a\\]b[c d] e\n",
	    "1 auth {required} pam_x.so [a]b[c d] [e]\n");
	reads("auth required pam_x.so [a\\b] c[d]\n",
	    "1 auth {required} pam_x.so [a\\b] [c[d]]\n");
}

static void a_closing_bracket_ends_the_word_as_in_libpam(void **state)
{
	(void)state;
	reads("auth [success=ok]pam_x.so [a]b\n", "1 auth {success=ok} pam_x.so [a] [b]\n");
	reads("auth required pam_x.so []\n", "1 auth {required} pam_x.so []\n");
}

static void a_backslash_continues_the_line(void **state)
{
	(void)state;
	reads("auth required \\\n   pam_x.so \\\n  a\nauth required pam_y.so\n",
	    "1 auth {required} pam_x.so [a]\n4 auth {required} pam_y.so\n");
	reads("auth required pam_x.so\\  \n b", "1 auth {required} pam_x.so [b]\n");
}

static void comments_end_a_line_anywhere(void **state)
{
	(void)state;
	reads("# all\n  # of it\nauth required pam_x.so a # b\nauth required pam_y.so c#d \\\n",
	    "3 auth {required} pam_x.so [a]\n4 auth {required} pam_y.so [c]\n");
	/* libpam cuts in brackets too. */
	refuses("auth required pam_x.so [a #b]\n", "x:1:", "without its ']'");
}

static void includes_are_lines(void **state)
{
	(void)state;
	reads("@include common-auth\nauth include a\naccount substack b\n",
	    "1 @include {include} common-auth\n2 auth {include} a\n3 account {substack} b\n");
}

static void errors_carry_file_and_line(void **state)
{
	(void)state;
	refuses("\nauht required pam_x.so\n", "x:2: ", "'auht'");
	refuses("auth\n", "x:1: ", "no control");
	refuses("auth required\n", "x:1: ", "no module");
	refuses("@include\n", "x:1: ", "no file name");
	refuses("auth requisit pam_x.so\n", "x:1: ", "'requisit'");
	refuses("auth [success=okay] pam_x.so\n", "x:1: ", "'okay'");
	refuses("auth [succes=ok] pam_x.so\n", "x:1: ", "'succes'");
	refuses("auth [success=0] pam_x.so\n", "x:1: ", "'0'");
	refuses("auth [success] pam_x.so\n", "x:1: ", "success");
	refuses("auth [] pam_x.so\n", "x:1: ", "empty");
	refuses("auth [success=1 pam_x.so\n", "x:1: ", "']'");
	refuses("auth required pam_x.so\r\n", "x:1: ", "Unix line ends");
	refuses("-@include x\n", "x:1: ", "-@include");
}

static void what_versions_of_libpam_read_differently_is_an_error(void **state)
{
	(void)state;
	refuses("auth required pam_x.so \\\n", "x:1: ", "continuation");
	refuses("auth required pam_x.so \\\n\nauth required pam_y.so\n", "x:2: ", "continued");
	refuses("auth required pam_x.so \\\n# c\nauth required pam_y.so\n", "x:2: ", "continued");
	refuses("\\\n\\\n a b c\n", "x:1: ", "'a'");
}

static void long_lines_are_an_error_even_in_a_comment(void **state)
{
	char text[PAMD_LINE_MAX + 32] = "#";
	struct seen s = {.text = ""};
	struct err e;

	(void)state;
	memset(text + 1, 'c', PAMD_LINE_MAX - 2);
	assert_int_equal(parse_bytes(text, PAMD_LINE_MAX - 1, &s, &e), 0);
	text[PAMD_LINE_MAX - 1] = 'c';
	assert_int_equal(parse_bytes(text, PAMD_LINE_MAX, &s, &e), ERR_SYNTAX);
	assert_non_null(strstr(e.text, "x:1: longer"));
	memset(text, 'c', sizeof(text) - 1);
	text[500] = '\\';
	text[501] = '\n';
	memcpy(text, "auth required ", 14);
	assert_int_equal(parse_bytes(text, sizeof(text) - 1, &s, &e), ERR_SYNTAX);
}

static void too_many_arguments_are_an_error(void **state)
{
	char text[PAMD_LINE_MAX] = "auth required pam_x.so";
	struct seen s = {.text = ""};
	struct err e;

	(void)state;
	for (int i = 0; i < PAMD_ARGS_MAX; i++)
		strcat(text, " a");
	assert_int_equal(parse_bytes(text, strlen(text), &s, &e), 0);
	strcat(text, " a");
	assert_int_equal(parse_bytes(text, strlen(text), &s, &e), ERR_SYNTAX);
	assert_non_null(strstr(e.text, "arguments"));
}

static void a_nul_byte_is_an_error(void **state)
{
	struct seen s = {.text = ""};
	struct err e;

	(void)state;
	assert_int_equal(parse_bytes("auth required\0pam_x.so", 22, &s, &e), ERR_SYNTAX);
}

static void the_callback_ends_the_reading(void **state)
{
	struct seen s = {.stop_at = 1};
	struct err e;

	(void)state;
	assert_int_equal(parse_bytes("auth required a\nauth required b\n", 32, &s, &e), 77);
	assert_int_equal(s.lines, 1);
}

static void any_bytes_are_read_without_harm(void **state)
{
	static const char alphabet[] = "auth[]\\ \n\t#=required@include1-session pam_x.so";
	uint64_t seed = 7;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char text[96];
		size_t n = (size_t)scratch_below(&seed, sizeof(text));
		struct seen s = {.text = ""};
		struct err e;
		int r;

		for (size_t i = 0; i < n; i++)
			text[i] = alphabet[scratch_below(&seed, sizeof(alphabet) - 1)];
		r = parse_bytes(text, n, &s, &e);
		assert_true(r == 0 || (r == ERR_SYNTAX && strncmp(e.text, "x:", 2) == 0));
	}
}

static void keywords_mean_what_pam_conf_says(void **state)
{
	struct pamd_control c;

	(void)state;
	assert_int_equal(pamd_control("required", &c, NULL), 0);
	assert_int_equal(c.action[PAM_SUCCESS], PAMD_OK);
	assert_int_equal(c.action[PAM_IGNORE], PAMD_IGNORE);
	assert_int_equal(c.action[PAM_AUTH_ERR], PAMD_BAD);
	assert_int_equal(pamd_control("REQUISITE", &c, NULL), 0);
	assert_int_equal(c.action[PAM_MODULE_UNKNOWN], PAMD_DIE);
	assert_int_equal(pamd_control("sufficient", &c, NULL), 0);
	assert_int_equal(c.action[PAM_SUCCESS], PAMD_DONE);
	assert_int_equal(c.action[PAM_AUTH_ERR], PAMD_IGNORE);
	assert_int_equal(pamd_control("optional", &c, NULL), 0);
	assert_int_equal(c.action[PAM_AUTH_ERR], PAMD_IGNORE);
}

static void pairs_fill_their_codes_and_the_default_the_rest(void **state)
{
	struct pamd_control c;

	(void)state;
	assert_int_equal(pamd_control("default=die success=12 ignore=ignore", &c, NULL), 0);
	assert_int_equal(c.action[PAM_SUCCESS], 12);
	assert_int_equal(c.action[PAM_IGNORE], PAMD_IGNORE);
	assert_int_equal(c.action[PAM_INCOMPLETE], PAMD_DIE);
	assert_int_equal(pamd_control(" success = ok  authtok_recover_err=reset", &c, NULL), 0);
	assert_int_equal(c.action[PAM_AUTHTOK_RECOVERY_ERR], PAMD_RESET);
	assert_int_equal(c.action[PAM_AUTH_ERR], PAMD_BAD); /* no default: bad */
	assert_int_equal(pamd_control("default=ignore default=die", &c, NULL), 0);
	assert_int_equal(c.action[PAM_AUTH_ERR], PAMD_IGNORE); /* the first counts */
	assert_int_equal(pamd_control("success=ok x=y", &c, NULL), ERR_SYNTAX);
	assert_int_equal(c.action[PAM_SUCCESS], PAMD_BAD); /* as libpam: all of it */
	assert_int_equal(pamd_control("success=1001", &c, NULL), ERR_SYNTAX);
}

/* ---- stacks ---- */

static struct scratch sc;

static int make(void **state)
{
	(void)state;
	scratch_dir(&sc);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	scratch_remove(&sc);
	return 0;
}

static void put(const char *name, const char *text)
{
	char path[512];

	scratch_path(&sc, path, name);
	scratch_write(path, text, strlen(text), 0644);
}

static int load(struct pamd_stack *s, enum pamd_type type, struct err *e)
{
	struct pamd_dirs dirs = {.dir = sc.dir, .fallback = NULL};

	return pamd_stack_load(s, &dirs, "svc", type, e);
}

/* "RJC": a refused code gets in, a line jumps past, a line chooses; "N" a right
 * code does not get in, "F" nothing does; and of our first line "u" unproven,
 * "x" never run. */
static void ways(enum pamd_type type, const char *text, const char *expected)
{
	struct pamd_stack s;
	struct pamd_ways w;
	struct err e = {0};
	char got[8] = "";

	put("svc", text);
	if (load(&s, type, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(pamd_stack_walk(&s, &w, &e), 0);
	strcat(got, w.refused >= 0 ? "R" : "");
	strcat(got, w.jumped >= 0 ? "J" : "");
	strcat(got, w.chosen >= 0 ? "C" : "");
	for (int i = 0; i < s.count; i++) {
		if (s.entry[i].role != PAMD_OURSELVES)
			continue;
		strcat(got, w.code ? "" : w.any ? "N" : "F");
		strcat(got, !s.entry[i].run ? "x" : s.entry[i].unproven ? "u" : "");
		break;
	}
	pamd_stack_free(&s);
	if (strcmp(got, expected) != 0)
		fail_msg("'%s' instead of '%s' for:\n%s", got, expected, text);
}

#define M "pam_bastion.so"
#define THREE "auth [success=1 ignore=ignore default=die] " M "\n" \
	"auth requisite pam_deny.so\nauth required pam_permit.so\n"
#define COMMON "auth [success=1 default=ignore] pam_unix.so nullok\n" \
	"auth requisite pam_deny.so\nauth required pam_permit.so\nauth optional pam_cap.so\n"

static void the_three_lines_let_only_a_right_code_in(void **state)
{
	(void)state;
	ways(PAMD_AUTH, THREE, "u");
	ways(PAMD_AUTH, "auth required pam_faildelay.so\n" THREE, "u");
	ways(PAMD_AUTH, "auth required " M "\n", "u");
	ways(PAMD_AUTH, "auth requisite " M "\nauth required pam_permit.so\n", "u");
}

static void measured_dangers_are_seen(void **state)
{
	(void)state;
	ways(PAMD_AUTH, "auth sufficient " M "\nauth required pam_permit.so\n", "Ru");
	ways(PAMD_AUTH, "auth [success=ok default=ignore] " M "\nauth required pam_permit.so\n",
	    "Ru");
	ways(PAMD_AUTH, "auth optional " M "\n", "u"); /* wrong code out: nothing else counts */
	ways(PAMD_AUTH, "auth optional " M "\nauth required pam_permit.so\n", "Ru");
	ways(PAMD_AUTH, "auth [default=1] pam_permit.so\nauth required " M "\n", "Fx");
	/* The profile "code OR password". */
	ways(PAMD_AUTH, "auth [success=2 default=ignore] " M "\n" COMMON, "Ru");
}

static void a_sufficient_password_above_skips_the_code(void **state)
{
	(void)state;
	ways(PAMD_AUTH, "auth sufficient pam_unix.so\nauth required " M "\n", "Ju");
	put("password-auth", "auth required pam_env.so\nauth sufficient pam_unix.so\n"
	    "auth required pam_deny.so\n");
	ways(PAMD_AUTH, "auth include password-auth\nauth required " M "\n", "JNu");
	ways(PAMD_AUTH, "auth substack password-auth\nauth required " M "\n", "u");
	ways(PAMD_AUTH, "@include password-auth\nauth required " M "\n", "JNu");
}

static void a_chooser_above_is_told_apart(void **state)
{
	(void)state;
	ways(PAMD_AUTH, "auth sufficient pam_rootok.so\nauth required " M "\n", "Cu");
	ways(PAMD_AUTH, "auth [success=1 default=ignore] pam_succeed_if.so user = x\n"
	    "auth requisite " M "\nauth required pam_permit.so\n", "Cu");
	ways(PAMD_AUTH, "auth [success=1 default=ignore] pam_access.so\nauth requisite " M "\n"
	    "auth required pam_permit.so\n", "Ju");
	/* Nothing behind: whoever jumps is refused. */
	ways(PAMD_AUTH, "auth [success=1 default=ignore] pam_access.so\nauth requisite " M "\n",
	    "u");
}

static void after_password_needs_a_password_whose_failure_ends(void **state)
{
	(void)state;
	ways(PAMD_AUTH, COMMON THREE, "");
	ways(PAMD_AUTH, "auth requisite pam_unix.so\n" THREE, "");
	ways(PAMD_AUTH, "auth [success=ok default=die] pam_sss.so forward_pass\n" THREE, "");
	ways(PAMD_AUTH, "auth [success=2 default=ignore] pam_unix.so\n"
	    "auth [success=1 default=ignore] pam_sss.so use_first_pass\n"
	    "auth requisite pam_deny.so\nauth required pam_permit.so\n" THREE, "");
	/* `required` goes on, and so does a deny that is only required. */
	ways(PAMD_AUTH, "auth required pam_unix.so\n" THREE, "u");
	ways(PAMD_AUTH, "auth [success=1 default=ignore] pam_unix.so\n"
	    "auth required pam_deny.so\n" THREE, "u");
	ways(PAMD_AUTH, "auth optional pam_unix.so\n" THREE, "u");
	ways(PAMD_AUTH, "auth requisite pam_u2f.so\n" THREE, "u");
	ways(PAMD_AUTH, "auth requisite pam_systemd_home.so\n" THREE, "u");
	/* A jump past the password. */
	ways(PAMD_AUTH, "auth [success=1 default=ignore] pam_succeed_if.so uid = 5\n"
	    "auth requisite pam_unix.so\n" THREE, "u");
	/* An argument that turns failures into "ignore". */
	ways(PAMD_AUTH, "auth requisite pam_sss.so ignore_unknown_user\n" THREE, "u");
}

static void die_in_a_substack_ends_only_the_substack(void **state)
{
	(void)state;
	put("inner", COMMON);
	ways(PAMD_AUTH, "@include inner\n" THREE, "");
	ways(PAMD_AUTH, "auth include inner\n" THREE, "");
	ways(PAMD_AUTH, "auth substack inner\n" THREE, "u");
}

static void a_jump_counts_a_substack_as_one_line(void **state)
{
	(void)state;
	put("inner", "auth optional pam_a.so\nauth optional pam_b.so\n");
	ways(PAMD_AUTH, "auth [default=1] pam_permit.so\nauth substack inner\nauth required " M
	    "\n", "u");
	ways(PAMD_AUTH, "auth [default=1] pam_permit.so\nauth include inner\nauth required " M
	    "\n", "u");
	ways(PAMD_AUTH, "auth [default=3] pam_permit.so\nauth include inner\nauth required " M
	    "\nauth required pam_permit.so\n", "JNx");
	ways(PAMD_AUTH, "auth [default=2] pam_permit.so\nauth substack inner\nauth required " M
	    "\nauth required pam_permit.so\n", "JNx");
}

static void a_jump_too_far_fails(void **state)
{
	(void)state;
	ways(PAMD_AUTH, "auth required pam_permit.so\nauth [default=9] pam_permit.so\n"
	    "auth required " M "\n", "Fx");
}

static void a_stack_that_fails_behind_a_right_code_is_seen(void **state)
{
	static const char first[] = "auth [success=%d ignore=ignore default=die] " M "\n%s";
	char text[512];

	(void)state;
	/* The jump ends at the end, with nothing counted; or past it. */
	(void)snprintf(text, sizeof(text), first, 1, "auth requisite pam_deny.so\n");
	ways(PAMD_AUTH, text, "Fu");
	(void)snprintf(text, sizeof(text), first, 2, "auth requisite pam_deny.so\n");
	ways(PAMD_AUTH, text, "Fu");
	(void)snprintf(text, sizeof(text), first, 3, "auth requisite pam_deny.so\n"
	    "auth required pam_permit.so\n");
	ways(PAMD_AUTH, text, "Fu");
	ways(PAMD_AUTH, "auth [success=ignore ignore=ignore default=die] " M "\n", "Fu");
	ways(PAMD_AUTH, "auth [success=die default=die] " M "\n", "Fu");
	ways(PAMD_AUTH, "auth required " M "\nauth required pam_deny.so\n", "Fu");
	/* A success that counted before the jump stays. */
	ways(PAMD_AUTH, "auth required pam_x.so\nauth [success=1 default=die] " M
	    "\nauth requisite pam_deny.so\n", "u");
	/* Of auth "new password required" is no success, of account it is. */
	ways(PAMD_AUTH, "auth requisite " M "\nauth [success=die new_authtok_reqd=done "
	    "default=die] pam_x.so\n", "Fu");
	ways(PAMD_ACCOUNT, "account requisite " M " need_auth\naccount [success=die "
	    "new_authtok_reqd=done default=die] pam_x.so\n", "u");
	ways(PAMD_ACCOUNT, "account requisite " M " need_auth\naccount required pam_deny.so\n",
	    "Fu");
}

static void a_reset_forgets_a_refusal(void **state)
{
	(void)state;
	ways(PAMD_AUTH, "auth required " M "\nauth [default=reset] pam_x.so\n"
	    "auth required pam_permit.so\n", "Ru");
}

static void an_expired_password_must_not_skip_the_guard(void **state)
{
	(void)state;
	put("common-account", "account [success=1 new_authtok_reqd=done default=ignore] "
	    "pam_unix.so\naccount requisite pam_deny.so\naccount required pam_permit.so\n");
	ways(PAMD_ACCOUNT, "account required pam_nologin.so\n@include common-account\n"
	    "account requisite " M " need_auth\n", "Ju");
	ways(PAMD_ACCOUNT, "account required pam_nologin.so\naccount requisite " M
	    " need_auth\n@include common-account\n", "u");
	ways(PAMD_ACCOUNT, "account sufficient pam_localuser.so\naccount requisite " M
	    " need_auth\n", "Ju");
	ways(PAMD_ACCOUNT, "account [success=1 default=ignore] pam_succeed_if.so user ingroup x\n"
	    "account requisite " M " need_auth\n@include common-account\n", "Cu");
}

static void an_expired_password_counted_as_a_failure_hides_the_guards_refusal(void **state)
{
	(void)state;
	ways(PAMD_ACCOUNT, "account [success=ok default=bad] pam_unix.so\naccount requisite " M
	    " need_auth\n", "Ru");
	ways(PAMD_ACCOUNT, "account [success=ok default=die] pam_unix.so\naccount requisite " M
	    " need_auth\n", "Ju");
	ways(PAMD_ACCOUNT, "account required pam_unix.so\naccount requisite " M
	    " need_auth\n", "u");
	ways(PAMD_ACCOUNT, "account requisite " M " need_auth\n"
	    "account [success=ok default=bad] pam_unix.so\n", "u");
}

static void an_account_line_without_its_word_is_no_guard(void **state)
{
	(void)state;
	ways(PAMD_ACCOUNT, "account requisite " M "\n", "");
}

static void missing_and_circular_includes_are_errors(void **state)
{
	struct pamd_stack s;
	struct err e = {0};

	(void)state;
	put("svc", "auth required pam_x.so\nauth include nowhere\n");
	assert_int_equal(load(&s, PAMD_AUTH, &e), ERR_NONE);
	assert_non_null(strstr(e.text, "svc:2: includes nowhere"));
	assert_int_equal(s.count, 1);
	pamd_stack_free(&s);
	put("svc", "@include svc\n");
	assert_int_equal(load(&s, PAMD_AUTH, &e), ERR_BAD);
	assert_non_null(strstr(e.text, "circle"));
	pamd_stack_free(&s);
	/* Only the types that are asked for. */
	put("svc", "session include nowhere\nauth required pam_x.so\n");
	assert_int_equal(load(&s, PAMD_AUTH, &e), 0);
	pamd_stack_free(&s);
}

static void the_vendors_directory_comes_second(void **state)
{
	struct pamd_dirs dirs = {.dir = NULL, .fallback = NULL};
	char first[512], second[512], path[PAMD_PATH_MAX];

	(void)state;
	scratch_mkdir(&sc, "etc");
	scratch_mkdir(&sc, "usr");
	put("etc/a", "");
	put("usr/a", "");
	put("usr/b", "");
	scratch_path(&sc, first, "etc");
	scratch_path(&sc, second, "usr");
	dirs = (struct pamd_dirs){.dir = first, .fallback = second};
	assert_int_equal(pamd_find(&dirs, "a", path), 0);
	assert_non_null(strstr(path, "/etc/a"));
	assert_int_equal(pamd_find(&dirs, "b", path), 0);
	assert_non_null(strstr(path, "/usr/b"));
	assert_int_equal(pamd_find(&dirs, "c", path), ERR_NONE);
	assert_int_equal(pamd_find(&dirs, "/c", path), 0);
}

static void our_name_is_known_with_and_without_a_path(void **state)
{
	(void)state;
	assert_true(pamd_is_ours("pam_bastion.so"));
	assert_true(pamd_is_ours("/usr/lib/security/pam_bastion.so"));
	assert_true(pamd_is_ours("/lib/$ISA/pam_bastion.so"));
	assert_false(pamd_is_ours("xpam_bastion.so"));
	assert_false(pamd_is_ours("pam_bastion.so.1"));
	assert_false(pamd_is_ours("pam_bastion.so/x"));
}

/* ---- json_text ---- */

static void prints(const char *text, const char *expected)
{
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);

	assert_non_null(f);
	json_text_print(f, text);
	assert_int_equal(fclose(f), 0);
	assert_string_equal(out, expected);
	free(out);
}

static void json_strings_are_quoted_and_escaped(void **state)
{
	(void)state;
	prints("", "\"\"");
	prints(NULL, "null");
	prints("a\"b\\c/\n\t\r\x01\x7f", "\"a\\\"b\\\\c/\\n\\t\\u000d\\u0001\\u007f\"");
	prints("\xed\x95\x9c \xf0\x9f\x94\x91", "\"\xed\x95\x9c \xf0\x9f\x94\x91\"");
}

#define FFFD "\xef\xbf\xbd"

static void bytes_that_are_no_utf8_become_the_replacement_character(void **state)
{
	(void)state;
	prints("a\xff" "b", "\"a" FFFD "b\"");
	prints("\xc0\x80", "\"" FFFD FFFD "\"");                 /* overlong */
	prints("\xed\xa0\x80", "\"" FFFD FFFD FFFD "\"");        /* surrogate */
	prints("\xf4\x90\x80\x80", "\"" FFFD FFFD FFFD FFFD "\""); /* above U+10FFFF */
	prints("\xe2\x82", "\"" FFFD FFFD "\"");                 /* cut off */
	prints("\xe2\"", "\"" FFFD "\\\"\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_has_type_control_module_and_arguments),
	    cmocka_unit_test(a_dash_before_the_type_is_noted),
	    cmocka_unit_test(brackets_hold_blanks_together),
	    cmocka_unit_test(an_escaped_bracket_does_not_close),
	    cmocka_unit_test(a_closing_bracket_ends_the_word_as_in_libpam),
	    cmocka_unit_test(a_backslash_continues_the_line),
	    cmocka_unit_test(comments_end_a_line_anywhere),
	    cmocka_unit_test(includes_are_lines),
	    cmocka_unit_test(errors_carry_file_and_line),
	    cmocka_unit_test(what_versions_of_libpam_read_differently_is_an_error),
	    cmocka_unit_test(long_lines_are_an_error_even_in_a_comment),
	    cmocka_unit_test(too_many_arguments_are_an_error),
	    cmocka_unit_test(a_nul_byte_is_an_error),
	    cmocka_unit_test(the_callback_ends_the_reading),
	    cmocka_unit_test(any_bytes_are_read_without_harm),
	    cmocka_unit_test(keywords_mean_what_pam_conf_says),
	    cmocka_unit_test(pairs_fill_their_codes_and_the_default_the_rest),
	    cmocka_unit_test_setup_teardown(the_three_lines_let_only_a_right_code_in, make, drop),
	    cmocka_unit_test_setup_teardown(measured_dangers_are_seen, make, drop),
	    cmocka_unit_test_setup_teardown(a_sufficient_password_above_skips_the_code, make,
	        drop),
	    cmocka_unit_test_setup_teardown(a_chooser_above_is_told_apart, make, drop),
	    cmocka_unit_test_setup_teardown(after_password_needs_a_password_whose_failure_ends,
	        make, drop),
	    cmocka_unit_test_setup_teardown(die_in_a_substack_ends_only_the_substack, make, drop),
	    cmocka_unit_test_setup_teardown(a_jump_counts_a_substack_as_one_line, make, drop),
	    cmocka_unit_test_setup_teardown(a_jump_too_far_fails, make, drop),
	    cmocka_unit_test_setup_teardown(a_stack_that_fails_behind_a_right_code_is_seen, make,
	        drop),
	    cmocka_unit_test_setup_teardown(a_reset_forgets_a_refusal, make, drop),
	    cmocka_unit_test_setup_teardown(an_expired_password_must_not_skip_the_guard, make,
	        drop),
	    cmocka_unit_test_setup_teardown(
	        an_expired_password_counted_as_a_failure_hides_the_guards_refusal, make, drop),
	    cmocka_unit_test_setup_teardown(an_account_line_without_its_word_is_no_guard, make,
	        drop),
	    cmocka_unit_test_setup_teardown(missing_and_circular_includes_are_errors, make, drop),
	    cmocka_unit_test_setup_teardown(the_vendors_directory_comes_second, make, drop),
	    cmocka_unit_test(our_name_is_known_with_and_without_a_path),
	    cmocka_unit_test(json_strings_are_quoted_and_escaped),
	    cmocka_unit_test(bytes_that_are_no_utf8_become_the_replacement_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
