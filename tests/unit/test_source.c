/* Where a login comes from: source.h, DESIGN.md 'Source'. */
#include "tests/unit/scratch.h"

#include "lib/core/source.h"

static struct source from(const char *rhost)
{
	struct source s;

	memset(&s, 0xee, sizeof(s));
	source_parse(rhost, 1001, &s);
	return s;
}

static void assert_text(const char *rhost, enum source_kind kind, const char *expected)
{
	struct source s = from(rhost);
	char text[SOURCE_TEXT_MAX];

	if (s.kind != kind)
		fail_msg("%s: kind %d", rhost, s.kind);
	source_text(&s, text);
	assert_string_equal(text, expected);
}

static void assert_same(const char *a, const char *b, bool same)
{
	struct source x = from(a), y = from(b);

	if ((memcmp(&x, &y, sizeof(x)) == 0) != same)
		fail_msg("%s and %s", a, b);
}

static void ipv4_is_itself(void **state)
{
	(void)state;
	assert_text("203.0.113.7", SOURCE_IPV4, "203.0.113.7");
	assert_text("0.0.0.0", SOURCE_IPV4, "0.0.0.0");
	assert_text("255.255.255.255", SOURCE_IPV4, "255.255.255.255");
	assert_same("203.0.113.7", "203.0.113.8", false);
}

static void ipv4_mapped_is_ipv4(void **state)
{
	(void)state;
	assert_text("::ffff:203.0.113.7", SOURCE_IPV4, "203.0.113.7");
	assert_text("::FFFF:CB00:7107", SOURCE_IPV4, "203.0.113.7");
	assert_text("::ffff:203.0.113.7%eth0", SOURCE_IPV4, "203.0.113.7");
	assert_same("::ffff:203.0.113.7", "203.0.113.7", true);
	/* IPv4-compatible is not mapped. */
	assert_same("::203.0.113.7", "203.0.113.7", false);
}

static void ipv6_counts_by_its_64(void **state)
{
	(void)state;
	assert_text("2001:db8:1:2:3:4:5:6", SOURCE_IPV6, "2001:db8:1:2::/64");
	assert_text("::1", SOURCE_IPV6, "::/64");
	assert_same("2001:db8:1:2::1", "2001:DB8:1:2:ffff:ffff:ffff:ffff", true);
	assert_same("2001:db8:1:2::1", "2001:db8:1:3::1", false);
}

static void scope_is_cut(void **state)
{
	(void)state;
	assert_text("fe80::1%eth0", SOURCE_IPV6, "fe80::/64");
	assert_same("fe80::1%eth0", "fe80::2%a-very-long-interface-name-of-somebody", true);
}

static void no_host_is_local_and_the_callers_uid(void **state)
{
	struct source a, b;
	char text[SOURCE_TEXT_MAX];

	(void)state;
	assert_text(NULL, SOURCE_LOCAL, "local:1001");
	assert_text("", SOURCE_LOCAL, "local:1001");
	source_parse(NULL, 0, &a);
	source_parse(NULL, 1, &b);
	assert_memory_not_equal(&a, &b, sizeof(a));
	source_parse(NULL, (uid_t)4294967294u, &a);
	source_text(&a, text);
	assert_string_equal(text, "local:4294967294");
	/* The uid plays no part where there is a host. */
	source_parse("203.0.113.7", 0, &a);
	source_parse("203.0.113.7", 1, &b);
	assert_memory_equal(&a, &b, sizeof(a));
}

static void name_is_a_name_whatever_it_looks_like(void **state)
{
	static const char *const names[] = {"host.example.com", "localhost", "UNKNOWN", "::g",
	    "203.0.113.256", "203.0.113", "203.0.113.7.example.com", "203.0.113.7 ",
	    " 203.0.113.7", "0x7f.1", "127.1", "010.0.0.1", "203.0.113.7%eth0", "1234567890",
	    "2001:db8::1/64", "[::1]", "203.0.113.7:22", "local:0", "%", ":",
	    "aaaa:bbbb:cccc:dddd:eeee:ffff:0000:1111:2222", "203.0.113.7\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_text(names[i], SOURCE_NAME, "name");
	assert_same("a.example.com", "b.example.com", false);
	assert_same("a.example.com", "a.example.com", true);
}

static void very_long_hosts_are_names(void **state)
{
	char *longest = malloc(100001);

	(void)state;
	assert_non_null(longest);
	memset(longest, ':', 100000);
	longest[100000] = '\0';
	assert_text(longest, SOURCE_NAME, "name");
	memset(longest, '1', 100000);
	assert_text(longest, SOURCE_NAME, "name");
	free(longest);
}

static void zeroed_source_is_a_name(void **state)
{
	struct source zero = {0};
	char text[SOURCE_TEXT_MAX];

	(void)state;
	source_text(&zero, text);
	assert_string_equal(text, "name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ipv4_is_itself),
	    cmocka_unit_test(ipv4_mapped_is_ipv4),
	    cmocka_unit_test(ipv6_counts_by_its_64),
	    cmocka_unit_test(scope_is_cut),
	    cmocka_unit_test(no_host_is_local_and_the_callers_uid),
	    cmocka_unit_test(name_is_a_name_whatever_it_looks_like),
	    cmocka_unit_test(very_long_hosts_are_names),
	    cmocka_unit_test(zeroed_source_is_a_name),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
