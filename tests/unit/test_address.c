/* Numeric addresses and networks: address.h. */
#include "tests/unit/scratch.h"

#include "lib/core/address.h"

#include <arpa/inet.h>

static struct address address(const char *text)
{
	struct address a;

	memset(&a, 0xee, sizeof(a));
	if (address_parse(text, &a) != 0)
		fail_msg("no address: %s", text);
	return a;
}

static struct address_net net(const char *text)
{
	struct address_net n;

	memset(&n, 0xee, sizeof(n));
	if (address_net_parse(text, &n) != 0)
		fail_msg("no network: %s", text);
	return n;
}

static bool is_in(const char *a, const char *n)
{
	const struct address one = address(a);
	const struct address_net all = net(n);

	return address_in(&one, &all);
}

static void numbers_are_read(void **state)
{
	static const uint8_t v4[16] = {203, 0, 113, 7};
	struct address a = address("203.0.113.7");

	(void)state;
	assert_int_equal(a.bits, 32);
	assert_memory_equal(a.bytes, v4, 16);
	a = address("2001:db8::1");
	assert_int_equal(a.bits, 128);
	assert_int_equal(a.bytes[0], 0x20);
	assert_int_equal(a.bytes[15], 1);
}

/* What is no number is no address at all, whoever would resolve it. */
static void name_is_no_address(void **state)
{
	static const char *const bad[] = {"", "localhost", "host.example.com", "10.0.0", "10",
	    "10.0.0.256", "10.0.0.1.", " 10.0.0.1", "10.0.0.1 ", "010.0.0.1", "0x0a.0.0.1",
	    "10.0.0.1/8", "10.0.0.1%eth0", "::1::", "1:2", "[::1]", "2001:db8::1:0:0:0:0:0:0",
	    "::ffff:10.0.0.256", "cafe", "%", "%eth0", "10.0.0.1:22",
	    "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111"};
	static const struct address none;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct address a;

		memset(&a, 0xee, sizeof(a));
		if (address_parse(bad[i], &a) != ERR_SYNTAX)
			fail_msg("an address: '%s'", bad[i]);
		assert_memory_equal(&a, &none, sizeof(a));
	}
}

static void mapped_address_is_the_ipv4_one(void **state)
{
	const struct address plain = address("203.0.113.7");
	const struct address mapped = address("::ffff:203.0.113.7");
	const struct address hex = address("::FFFF:cb00:7107");

	(void)state;
	assert_memory_equal(&plain, &mapped, sizeof(plain));
	assert_memory_equal(&plain, &hex, sizeof(plain));
	assert_int_equal(address("::203.0.113.7").bits, 128);
	assert_true(is_in("::ffff:10.1.2.3", "10.0.0.0/8"));
	assert_false(is_in("::ffff:10.1.2.3", "::/0"));
}

static void scope_is_cut_off(void **state)
{
	const struct address plain = address("fe80::1"), scoped = address("fe80::1%eth0");

	(void)state;
	assert_memory_equal(&plain, &scoped, sizeof(plain));
	assert_true(is_in("fe80::1%a.name/with%anything", "fe80::/10"));
	assert_int_equal(address("::ffff:10.0.0.1%1").bits, 32);
}

static void prefix_counts_its_bits(void **state)
{
	(void)state;
	assert_true(is_in("10.255.255.255", "10.0.0.0/8"));
	assert_false(is_in("11.0.0.0", "10.0.0.0/8"));
	assert_false(is_in("9.255.255.255", "10.0.0.0/8"));
	assert_true(is_in("192.0.2.7", "192.0.2.6/31"));
	assert_false(is_in("192.0.2.8", "192.0.2.6/31"));
	assert_true(is_in("192.0.2.7", "192.0.2.7"));
	assert_true(is_in("192.0.2.7", "192.0.2.7/32"));
	assert_false(is_in("192.0.2.6", "192.0.2.7"));
	assert_true(is_in("255.255.255.255", "0.0.0.0/0"));
	assert_true(is_in("2001:db8:ffff::1", "2001:db8::/32"));
	assert_false(is_in("2001:db9::1", "2001:db8::/32"));
	assert_true(is_in("2001:db8::1", "2001:db8::1"));
	assert_false(is_in("2001:db8::2", "2001:db8::1/128"));
	assert_true(is_in("2001:db8::1", "::/0"));
}

static void families_never_meet(void **state)
{
	(void)state;
	assert_false(is_in("10.0.0.1", "::/0"));
	assert_false(is_in("2001:db8::1", "0.0.0.0/0"));
	assert_false(is_in("a00:1::", "10.0.0.0/8")); /* the same first bytes */
}

static void none_is_in_no_network(void **state)
{
	const struct address none = {0};
	const struct address_net all4 = net("0.0.0.0/0"), all6 = net("::/0");
	const struct address_net zero = {0};
	const struct address any = address("10.0.0.1");

	(void)state;
	assert_false(address_in(&none, &all4));
	assert_false(address_in(&none, &all6));
	assert_false(address_in(&none, &zero));
	assert_false(address_in(&any, &zero));
}

static void malformed_network_is_refused(void **state)
{
	static const char *const bad[] = {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
	    "10.0.0.0/+8", "10.0.0.0/8 ", " 10.0.0.0/8", "10.0.0.0/ 8", "10.0.0.0/8/8",
	    "10.0.0.0/0008", "10.0.0.0/255.0.0.0", "10.0.0/8", "10/8", "2001:db8::/129",
	    "2001:db8::/1000", "fe80::%eth0/10", "fe80::1%eth0", "host/8", "host.example.com",
	    "::ffff:10.0.0.0/104", "::ffff:10.0.0.0/8", "10.0.0.0/4294967304", "10.0.0.0/8x"};
	struct address_net n;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (address_net_parse(bad[i], &n) != ERR_SYNTAX)
			fail_msg("a network: '%s'", bad[i]);
	assert_int_equal(net("10.0.0.0/08").prefix, 8);
	assert_true(is_in("10.0.0.1", "::ffff:10.0.0.1"));
}

/* 10.0.0.1/8 is meant as one of two things; nobody can tell which. */
static void bit_behind_the_prefix_is_refused(void **state)
{
	struct address_net n;
	char text[64];

	(void)state;
	for (int p = 0; p <= 32; p++) {
		(void)snprintf(text, sizeof(text), "255.255.255.255/%d", p);
		assert_int_equal(address_net_parse(text, &n), p == 32 ? 0 : ERR_SYNTAX);
	}
	for (int p = 0; p <= 128; p++) {
		(void)snprintf(text, sizeof(text), "::1/%d", p);
		assert_int_equal(address_net_parse(text, &n), p == 128 ? 0 : ERR_SYNTAX);
	}
	assert_int_equal(address_net_parse("10.0.0.1/8", &n), ERR_SYNTAX);
	assert_int_equal(address_net_parse("192.0.2.128/25", &n), 0);
	assert_int_equal(address_net_parse("192.0.2.64/25", &n), ERR_SYNTAX);
}

/* Against a mask of 32 bits, for every prefix. */
static void every_prefix_agrees_with_a_mask(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		const unsigned p = (unsigned)scratch_below(&seed, 33);
		const uint32_t mask = p == 0 ? 0 : UINT32_MAX << (32 - p);
		const uint32_t base = (uint32_t)scratch_random(&seed) & mask;
		uint32_t other = base ^ (uint32_t)(UINT64_C(1) << scratch_below(&seed, 32));
		struct in_addr in = {htonl(base)};
		char text[64], dotted[INET_ADDRSTRLEN];
		struct address a;
		struct address_net n;

		(void)inet_ntop(AF_INET, &in, dotted, sizeof(dotted));
		(void)snprintf(text, sizeof(text), "%s/%u", dotted, p);
		n = net(text);
		in.s_addr = htonl(other);
		(void)inet_ntop(AF_INET, &in, dotted, sizeof(dotted));
		a = address(dotted);
		assert_int_equal(address_in(&a, &n), (other & mask) == base);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_are_read),
	    cmocka_unit_test(name_is_no_address),
	    cmocka_unit_test(mapped_address_is_the_ipv4_one),
	    cmocka_unit_test(scope_is_cut_off),
	    cmocka_unit_test(prefix_counts_its_bits),
	    cmocka_unit_test(families_never_meet),
	    cmocka_unit_test(none_is_in_no_network),
	    cmocka_unit_test(malformed_network_is_refused),
	    cmocka_unit_test(bit_behind_the_prefix_is_refused),
	    cmocka_unit_test(every_prefix_agrees_with_a_mask),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
