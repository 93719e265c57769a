/* One log line per decision: report.h, DESIGN.md 'One log line'. */
#include "tests/unit/scratch.h"

#include "pam_module/report.h"

#include <security/pam_appl.h>
#include <security/pam_ext.h>
#include <syslog.h>

/* The test's own, before libpam's in the link: keeps the line. */
static char logged[4096];
static int logged_priority, logged_lines;

void pam_syslog(const pam_handle_t *pamh, int priority, const char *fmt, ...)
{
	va_list ap;

	(void)pamh;
	va_start(ap, fmt);
	(void)vsnprintf(logged, sizeof(logged), fmt, ap);
	va_end(ap);
	logged_priority = priority;
	logged_lines++;
}

static int talk(int n, const struct pam_message **m, struct pam_response **r, void *ctx)
{
	(void)n, (void)m, (void)r, (void)ctx;
	return PAM_CONV_ERR;
}

static struct scratch sc;
static pam_handle_t *pamh;
static struct login_request req;
static struct login_result res;
static struct report rep;

static int set_up(void **state)
{
	static const struct pam_conv conv = {.conv = talk};
	char path[512];

	(void)state;
	scratch_dir(&sc);
	scratch_path(&sc, path, "sshd");
	scratch_write(path, "", 0, 0644);
	assert_int_equal(pam_start_confdir("sshd", "alice", &conv, sc.dir, &pamh),
	    PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_RHOST, "203.0.113.7"), PAM_SUCCESS);
	memset(&req, 0, sizeof(req));
	memset(&res, 0, sizeof(res));
	req.user = "alice";
	source_parse("203.0.113.7", 0, &req.source);
	rep = (struct report){.req = &req, .res = &res, .key = "", .ms = 2};
	logged[0] = '\0';
	logged_lines = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)pam_end(pamh, PAM_SUCCESS);
	scratch_remove(&sc);
	return 0;
}

static void escaped(const char *text, const char *expected)
{
	char out[256];

	report_escape(text, out, sizeof(out));
	assert_string_equal(out, expected);
}

static void printable_ascii_stays_and_the_rest_is_escaped(void **state)
{
	(void)state;
	escaped("alice", "alice");
	escaped("", "");
	escaped(NULL, "");
	escaped("a b", "a\\x20b");
	escaped("a=b", "a\\x3db");
	escaped("a\"b", "a\\x22b");
	escaped("a\\b", "a\\x5cb");
	escaped("a\nverdict=ok", "a\\x0averdict\\x3dok");
	escaped("\t\r\x1b\x7f", "\\x09\\x0d\\x1b\\x7f");
	escaped("\xed\x95\x9c", "\\xed\\x95\\x9c");
	escaped("!#$%&'()*+,-./:;<>?@[]^_`{|}~", "!#$%&'()*+,-./:;<>?@[]^_`{|}~");
}

static void every_byte_gives_what_reads_back(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		char text[2] = {(char)c, '\0'}, out[16];
		unsigned int back;

		report_escape(text, out, sizeof(out));
		if (out[1] == '\0') {
			assert_int_equal((unsigned char)out[0], c);
			assert_true(c > 0x20 && c < 0x7f);
		} else {
			assert_int_equal(strlen(out), 4);
			assert_int_equal(sscanf(out, "\\x%02x", &back), 1);
			assert_int_equal(back, c);
		}
	}
}

static void escape_cuts_at_the_size_and_never_in_an_escape(void **state)
{
	(void)state;
	for (size_t size = 1; size < 40; size++) {
		char out[48];
		size_t n;

		memset(out, 0x7e, sizeof(out));
		report_escape("\n\n\n\n\n\n\n\n\n\n\n\n", out, size);
		n = strlen(out);
		assert_true(n < size);
		assert_int_equal(n % 4, 0);
		for (size_t i = size; i < sizeof(out); i++)
			assert_int_equal(out[i], 0x7e);
		report_escape("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", out, size);
		assert_true(strlen(out) < size);
	}
}

static void line_of_a_right_code_is_that_of_the_contract(void **state)
{
	(void)state;
	res.verdict = LOGIN_OK;
	res.method = "totp";
	res.store = "file";
	memcpy(res.device, "phone", 6);
	rep.key = "SHA256:abc/+def";
	report_login(pamh, &rep);
	assert_string_equal(logged, "user=alice verdict=ok method=totp device=phone "
	    "key=SHA256:abc/+def source=203.0.113.7 service=sshd skew=0 store=file ms=2");
	assert_int_equal(logged_priority, LOG_INFO);
	assert_int_equal(logged_lines, 1);
}

static void skew_is_told_with_its_sign(void **state)
{
	(void)state;
	res.verdict = LOGIN_OK;
	res.method = "totp";
	memcpy(res.device, "phone", 6);
	res.skew = -1;
	report_login(pamh, &rep);
	assert_non_null(strstr(logged, " skew=-1 "));
}

static void trouble_has_a_reason_and_a_detail(void **state)
{
	(void)state;
	res.verdict = LOGIN_ERROR;
	res.reason = "record_bad";
	(void)err_set(&res.err, ERR_BAD, "hot/alice: say \"x\"\nverdict=ok \\ \x1b[2J");
	report_login(pamh, &rep);
	assert_string_equal(logged, "user=alice verdict=error reason=record_bad "
	    "source=203.0.113.7 service=sshd ms=2 "
	    "detail=\"hot/alice: say ?x??verdict=ok ? ?[2J\"");
	assert_int_equal(logged_priority, LOG_ERR);
	assert_null(strchr(logged, '\n'));
}

static void every_verdict_has_its_word_and_priority(void **state)
{
	static const struct {
		enum login_verdict v;
		const char *word;
		int priority;
	} verdicts[] = {{LOGIN_ERROR, "error", LOG_ERR}, {LOGIN_OK, "ok", LOG_INFO},
	    {LOGIN_WRONG, "wrong", LOG_NOTICE}, {LOGIN_REPLAY, "replay", LOG_NOTICE},
	    {LOGIN_THROTTLED, "throttled", LOG_NOTICE}, {LOGIN_LOCKED, "locked", LOG_NOTICE},
	    {LOGIN_NOT_ENROLLED, "not_enrolled", LOG_NOTICE},
	    {LOGIN_UNAVAILABLE, "unavailable", LOG_ERR}};

	(void)state;
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		char piece[64];

		res.verdict = verdicts[i].v;
		report_login(pamh, &rep);
		(void)snprintf(piece, sizeof(piece), "user=alice verdict=%s source=",
		    verdicts[i].word);
		assert_int_equal(strncmp(logged, piece, strlen(piece)), 0);
		assert_int_equal(logged_priority, verdicts[i].priority);
	}
}

static void hostile_names_forge_no_field(void **state)
{
	(void)state;
	req.user = "x verdict=ok\nuser=root";
	res.verdict = LOGIN_NOT_ENROLLED;
	memcpy(res.device, "my \"phone\" = 1", 15);
	report_login(pamh, &rep);
	assert_int_equal(strncmp(logged,
	    "user=x\\x20verdict\\x3dok\\x0auser\\x3droot verdict=not_enrolled "
	    "device=my\\x20\\x22phone\\x22\\x20\\x3d\\x201 ", 100), 0);
	assert_null(strchr(logged, '\n'));
}

static void host_name_is_told_as_it_came_but_escaped(void **state)
{
	(void)state;
	assert_int_equal(pam_set_item(pamh, PAM_RHOST, "evil host verdict=ok"), PAM_SUCCESS);
	source_parse("evil host verdict=ok", 0, &req.source);
	res.verdict = LOGIN_WRONG;
	report_login(pamh, &rep);
	assert_non_null(strstr(logged, " source=evil\\x20host\\x20verdict\\x3dok service="));
}

static void make_everything_long(void)
{
	static char longest[10000];

	memset(longest, '\n', sizeof(longest) - 1);
	req.user = longest;
	res.verdict = LOGIN_ERROR;
	res.reason = "record_bad";
	memset(res.device, ' ', sizeof(res.device) - 1);
	memset(res.err.text, 'd', sizeof(res.err.text) - 1);
	rep.key = longest;
	source_parse(longest, 0, &req.source);
	assert_int_equal(pam_set_item(pamh, PAM_RHOST, longest), PAM_SUCCESS);
}

static void very_long_values_leave_the_verdict_in_the_line(void **state)
{
	(void)state;
	make_everything_long();
	report_login(pamh, &rep);
	assert_non_null(strstr(logged, " verdict=error reason=record_bad "));
	assert_true(strlen(logged) < 1024);
}

/* A quote that is left open would make a reader of the log misread the rest. */
static void field_that_does_not_fit_leaves_no_open_quote(void **state)
{
	int quotes = 0;

	(void)state;
	make_everything_long();
	report_login(pamh, &rep);
	for (const char *p = logged; *p != '\0'; p++)
		quotes += *p == '"';
	assert_int_equal(quotes % 2, 0);
}

static void trouble_before_a_judgement_is_one_line_too(void **state)
{
	struct err e = {0};

	(void)state;
	(void)err_set(&e, ERR_SYNTAX, "/etc/x.conf:3: window: '9' is not");
	report_trouble(pamh, "config", &e);
	assert_string_equal(logged, "user=alice verdict=error reason=config "
	    "source=203.0.113.7 service=sshd detail=\"/etc/x.conf:3: window: '9' is not\"");
	assert_int_equal(logged_priority, LOG_ERR);
	report_trouble(pamh, "conversation", NULL);
	assert_string_equal(logged, "user=alice verdict=error reason=conversation "
	    "source=203.0.113.7 service=sshd");
	assert_int_equal(logged_lines, 2);
}

/* A login's line never holds what was typed. */
static void typed_answer_is_not_in_the_line(void **state)
{
	(void)state;
	req.answer = "314159";
	for (int v = LOGIN_ERROR; v <= LOGIN_UNAVAILABLE; v++) {
		res.verdict = (enum login_verdict)v;
		res.reason = "record_bad";
		(void)err_set(&res.err, ERR_BAD, "x");
		report_login(pamh, &rep);
		assert_null(strstr(logged, "314159"));
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(printable_ascii_stays_and_the_rest_is_escaped),
	    T(every_byte_gives_what_reads_back),
	    T(escape_cuts_at_the_size_and_never_in_an_escape),
	    T(line_of_a_right_code_is_that_of_the_contract),
	    T(skew_is_told_with_its_sign),
	    T(trouble_has_a_reason_and_a_detail),
	    T(every_verdict_has_its_word_and_priority),
	    T(hostile_names_forge_no_field),
	    T(host_name_is_told_as_it_came_but_escaped),
	    T(very_long_values_leave_the_verdict_in_the_line),
	    T(field_that_does_not_fit_leaves_no_open_quote),
	    T(trouble_before_a_judgement_is_one_line_too),
	    T(typed_answer_is_not_in_the_line),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
