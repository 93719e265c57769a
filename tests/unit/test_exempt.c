/* Lines of `exempt`: exempt.h. */
#include "tests/unit/nss.h"
#include "tests/unit/scratch.h"

#include "lib/core/day.h"
#include "lib/core/exempt.h"

#define TODAY INT64_C(1800000000) /* 2027-01-15 08:00 UTC */
#define END INT64_C(1800057600)   /* of that day */

static int set_up(void **state)
{
	(void)state;
	nss_reset();
	return 0;
}

static struct exempt parsed(const char *text)
{
	struct err e = {0};
	struct exempt x;

	memset(&x, 0xee, sizeof(x));
	if (exempt_parse(text, &x, &e) != 0)
		fail_msg("refused: '%s': %s", text, e.text);
	return x;
}

static void assert_refused(const char *text, const char *piece)
{
	struct err e = {0};
	struct exempt x;

	if (exempt_parse(text, &x, &e) != ERR_SYNTAX)
		fail_msg("accepted: '%s'", text);
	if (strstr(e.text, piece) == NULL)
		fail_msg("'%s' gives '%s', without '%s'", text, e.text, piece);
}

/* alice of group 100, from there (NULL: no remote host), now. */
static struct exempt_facts facts(const char *from, int64_t now)
{
	struct exempt_facts f = {.account = {"alice", 100}, .local = from == NULL, .now = now};

	if (from != NULL)
		(void)address_parse(from, &f.from);
	return f;
}

static enum exempt_answer judged(const char *text, const char *from, int64_t now)
{
	const struct exempt_facts f = facts(from, now);
	const struct exempt x = parsed(text);

	return exempt_judge(&x, &f);
}

static void a_line_has_who_where_and_until(void **state)
{
	struct exempt x = parsed("user:deploy@10.0.0.0/8 until 2027-01-15");

	(void)state;
	assert_false(x.who.group);
	assert_string_equal(x.who.name, "deploy");
	assert_int_equal(x.from, EXEMPT_NET);
	assert_int_equal(x.net.prefix, 8);
	assert_int_equal(x.until, END);
	x = parsed("group:wheel until 2027-01-15");
	assert_true(x.who.group);
	assert_int_equal(x.from, EXEMPT_ANYWHERE);
	x = parsed("user:root@local");
	assert_int_equal(x.from, EXEMPT_LOCAL);
	assert_int_equal(x.until, 0);
	x = parsed("user:root@local\t until \t2027-01-15");
	assert_int_equal(x.until, END);
	assert_int_equal(parsed("user:a@2001:db8::/32 until 2027-01-15").net.base.bits, 128);
	assert_int_equal(parsed("user:a@::1 until 2027-01-15").net.prefix, 128);
	assert_int_equal(parsed("user:a@192.0.2.7 until 2027-01-15").net.prefix, 32);
}

static void name_may_hold_an_at(void **state)
{
	struct exempt x = parsed("user:a@corp until 2027-01-15");

	(void)state;
	assert_string_equal(x.who.name, "a@corp");
	assert_int_equal(x.from, EXEMPT_ANYWHERE);
	x = parsed("user:a@corp@10.0.0.0/8 until 2027-01-15");
	assert_string_equal(x.who.name, "a@corp");
	assert_int_equal(x.from, EXEMPT_NET);
	x = parsed("group:domain_admins@corp.example.com@local");
	assert_string_equal(x.who.name, "domain_admins@corp.example.com");
	assert_int_equal(x.from, EXEMPT_LOCAL);
	x = parsed("user:a@b@c until 2027-01-15");
	assert_string_equal(x.who.name, "a@b@c");
	/* The last one decides, so a domain `local` has to be followed by where. */
	x = parsed("user:a@local@local");
	assert_string_equal(x.who.name, "a@local");
	assert_int_equal(x.from, EXEMPT_LOCAL);
	x = parsed("user:a@localhost until 2027-01-15");
	assert_string_equal(x.who.name, "a@localhost");
	assert_int_equal(x.from, EXEMPT_ANYWHERE);
}

static void typing_errors_are_refused_with_a_reason(void **state)
{
	static const struct {
		const char *text, *piece;
	} bad[] = {
	    {"", "user:NAME or group:NAME"},
	    {"alice until 2027-01-15", "'alice' is not user:NAME"},
	    {"user: until 2027-01-15", "'user:' is not"},
	    {"user:@local", "'user:@local' is not"},
	    {"user:@10.0.0.0/8 until 2027-01-15", "is not user:NAME"},
	    {"group:a,b until 2027-01-15", "is not user:NAME"},
	    {"user:a@10.0.0.1/8 until 2027-01-15", "'10.0.0.1/8' is not a network"},
	    {"user:a@10.0.0.0/33 until 2027-01-15", "'10.0.0.0/33' is not a network"},
	    {"user:a@10.0.0.256 until 2027-01-15", "'10.0.0.256' is not a network"},
	    {"user:a@10.0.0 until 2027-01-15", "'10.0.0' is not a network"},
	    {"user:a@10. until 2027-01-15", "'10.' is not a network"},
	    {"user:a@ until 2027-01-15", "'' is not a network"},
	    {"user:a@fe80::1%eth0 until 2027-01-15", "is not a network"},
	    {"user:a@host/24 until 2027-01-15", "'host/24' is not a network"},
	    {"user:a@local/8 until 2027-01-15", "'local/8' is not a network"},
	    {"user:a@[::1] until 2027-01-15", "is not a network"},
	    {"user:a@10.0.0.0/8", "needs 'until YYYY-MM-DD'"},
	    {"user:a", "needs 'until YYYY-MM-DD'"},
	    {"user:a@corp", "needs 'until YYYY-MM-DD'"},
	    {"user:a@Local", "needs 'until YYYY-MM-DD'"},
	    {"user:a until", "'until' is not"},
	    {"user:a until 2027-02-29", "'until 2027-02-29' is not"},
	    {"user:a until tomorrow", "is not 'until YYYY-MM-DD'"},
	    {"user:a until 2027-01-15 x", "is not 'until YYYY-MM-DD'"},
	    {"user:a until2027-01-15", "is not 'until YYYY-MM-DD'"},
	    {"user:a UNTIL 2027-01-15", "is not 'until YYYY-MM-DD'"},
	    {"user:a 2027-01-15", "is not 'until YYYY-MM-DD'"},
	    {"user:a @10.0.0.0/8 until 2027-01-15", "is not 'until YYYY-MM-DD'"},
	    {"user:a@local forever", "is not 'until YYYY-MM-DD'"},
	    {"user:a user:b until 2027-01-15", "is not 'until YYYY-MM-DD'"},
	};
	char longest[400];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(bad[i].text, bad[i].piece);
	(void)snprintf(longest, sizeof(longest), "user:a@%0200d/8 until 2027-01-15", 1);
	assert_refused(longest, "is not a network");
}

static void day_counts_to_its_end(void **state)
{
	static const char line[] = "user:alice until 2027-01-15";

	(void)state;
	assert_int_equal(judged(line, "192.0.2.7", END - 1), EXEMPT_ENDING);
	assert_int_equal(judged(line, "192.0.2.7", END), EXEMPT_PAST);
	assert_int_equal(judged(line, "192.0.2.7", END + 1), EXEMPT_PAST);
	assert_int_equal(judged("user:alice until 1999-12-31", "192.0.2.7", TODAY), EXEMPT_PAST);
}

static void last_14_days_are_ending(void **state)
{
	static const char line[] = "user:alice until 2027-01-15";

	(void)state;
	assert_int_equal(judged(line, NULL, END - 14 * DAY_SECONDS - 1), EXEMPT_YES);
	assert_int_equal(judged(line, NULL, END - 14 * DAY_SECONDS), EXEMPT_ENDING);
}

static void day_more_than_366_days_ahead_exempts_nobody(void **state)
{
	(void)state;
	assert_int_equal(judged("user:alice until 2028-01-16", NULL, TODAY), EXEMPT_YES);
	assert_int_equal(judged("user:alice until 2028-01-17", NULL, TODAY), EXEMPT_FAR);
	assert_int_equal(judged("user:alice@local until 2028-01-17", NULL, TODAY), EXEMPT_FAR);
	assert_int_equal(judged("user:alice until 9999-12-31", NULL, TODAY), EXEMPT_FAR);
	/* A clock at 1970 must not make it count. */
	assert_int_equal(judged("user:alice until 2027-01-15", NULL, 0), EXEMPT_FAR);
}

static void without_a_day_it_goes_on(void **state)
{
	(void)state;
	assert_int_equal(judged("user:alice@local", NULL, TODAY), EXEMPT_YES);
	assert_int_equal(judged("user:alice@local", NULL, INT64_C(99999999999)), EXEMPT_YES);
}

static void network_matches_addresses_only(void **state)
{
	static const char line[] = "user:alice@10.0.0.0/8 until 2027-06-30";

	(void)state;
	assert_int_equal(judged(line, "10.1.2.3", TODAY), EXEMPT_YES);
	assert_int_equal(judged(line, "::ffff:10.1.2.3", TODAY), EXEMPT_YES);
	assert_int_equal(judged(line, "11.1.2.3", TODAY), EXEMPT_NOT);
	assert_int_equal(judged(line, "2001:db8::1", TODAY), EXEMPT_NOT);
	assert_int_equal(judged(line, NULL, TODAY), EXEMPT_NOT);
	assert_int_equal(judged("user:alice@0.0.0.0/0 until 2027-06-30", NULL, TODAY), EXEMPT_NOT);
	assert_int_equal(judged("user:alice@2001:db8::/32 until 2027-06-30", "2001:db8::9%e",
	    TODAY), EXEMPT_YES);
}

static void host_name_never_matches_a_network(void **state)
{
	(void)state;
	for (int all = 0; all < 2; all++) {
		const char *line = all != 0 ? "user:alice@0.0.0.0/0 until 2027-06-30" :
		    "user:alice@::/0 until 2027-06-30";

		assert_int_equal(judged(line, "localhost", TODAY), EXEMPT_NOT);
		assert_int_equal(judged(line, "10.0.0.1.example.com", TODAY), EXEMPT_NOT);
		assert_int_equal(judged(line, "?", TODAY), EXEMPT_NOT);
	}
	/* One that is exempt from anywhere is so behind a name too. */
	assert_int_equal(judged("user:alice until 2027-06-30", "localhost", TODAY), EXEMPT_YES);
}

static void local_is_no_remote_host(void **state)
{
	(void)state;
	assert_int_equal(judged("user:alice@local", NULL, TODAY), EXEMPT_YES);
	assert_int_equal(judged("user:alice@local", "127.0.0.1", TODAY), EXEMPT_NOT);
	assert_int_equal(judged("user:alice@local", "::1", TODAY), EXEMPT_NOT);
	assert_int_equal(judged("user:alice@local", "localhost", TODAY), EXEMPT_NOT);
	assert_int_equal(judged("user:alice@local", "local", TODAY), EXEMPT_NOT);
}

static void others_are_not_exempt(void **state)
{
	(void)state;
	assert_int_equal(judged("user:bob@local", NULL, TODAY), EXEMPT_NOT);
	assert_int_equal(judged("group:lists@local", NULL, TODAY), EXEMPT_NOT);
	/* Whom it does not name it has nothing to say about, whatever its day. */
	assert_int_equal(judged("user:bob until 1999-12-31", NULL, TODAY), EXEMPT_NOT);
	assert_int_equal(judged("user:alice@10.0.0.0/8 until 1999-12-31", "192.0.2.7", TODAY),
	    EXEMPT_NOT);
}

static void group_that_cannot_be_looked_up_exempts_nobody(void **state)
{
	struct exempt_facts f = facts(NULL, TODAY);
	struct exempt x = parsed("group:lists@local");

	(void)state;
	f.account.user = "listed";
	assert_int_equal(exempt_judge(&x, &f), EXEMPT_YES);
	nss_fails = true;
	assert_int_equal(exempt_judge(&x, &f), EXEMPT_NOT);
	nss_fails = false;
	x = parsed("group:no-such-group-here@local");
	assert_int_equal(exempt_judge(&x, &f), EXEMPT_NOT);
}

static void zeroed_memory_exempts_nobody(void **state)
{
	const struct exempt zero = {0};
	const struct exempt_facts f = facts(NULL, TODAY);

	(void)state;
	assert_int_equal(exempt_judge(&zero, &f), EXEMPT_NOT);
	assert_int_equal(EXEMPT_NOT, 0);
}

#define T(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_line_has_who_where_and_until),
	    T(name_may_hold_an_at),
	    T(typing_errors_are_refused_with_a_reason),
	    T(day_counts_to_its_end),
	    T(last_14_days_are_ending),
	    T(day_more_than_366_days_ahead_exempts_nobody),
	    T(without_a_day_it_goes_on),
	    T(network_matches_addresses_only),
	    T(host_name_never_matches_a_network),
	    T(local_is_no_remote_host),
	    T(others_are_not_exempt),
	    T(group_that_cannot_be_looked_up_exempts_nobody),
	    T(zeroed_memory_exempts_nobody),
	};

	return cmocka_run_group_tests_name("exempt", tests, NULL, NULL);
}
