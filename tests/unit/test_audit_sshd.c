/* What sshd asks for, from facts alone: check_sshd.h, sshd_way.h, sshd_match.h. */
#include "tests/unit/audit_host.h"

#include "policy/audit/check_sshd.h"
#include "policy/audit/sshd_lines.h"
#include "policy/audit/sshd_match.h"
#include "policy/audit/sshd_way.h"
#include "policy/buffer.h"

#define ON "usepam yes\nkbdinteractiveauthentication yes\npubkeyauthentication yes\n" \
	"passwordauthentication yes\n"

static void says(const char *methods, const char *source, const char *user)
{
	char text[900], name[200];

	(void)snprintf(text, sizeof(text), ON "authenticationmethods %s\n", methods);
	(void)snprintf(name, sizeof(name), "%s:%s", source, user);
	host_text("sshd", name, text);
}

static void way_is_asked_only_when_each_alternative_is(void **state)
{
	static const struct { const char *said; enum sshd_way way; } ways[] = {
	    {ON "authenticationmethods publickey,keyboard-interactive", SSHD_WAY_ASKED},
	    {ON "authenticationmethods publickey,keyboard-interactive:pam password", SSHD_WAY_ASKED},
	    {ON "authenticationmethods publickey,keyboard-interactive publickey", SSHD_WAY_UNASKED},
	    {ON "authenticationmethods publickey,publickey", SSHD_WAY_UNASKED},
	    {ON "authenticationmethods any", SSHD_WAY_UNASKED},
	    {"usepam no\n" ON "authenticationmethods keyboard-interactive", SSHD_WAY_UNASKED},
	    {"authenticationmethods keyboard-interactive", SSHD_WAY_UNASKED},
	    {"usepam yes\nkbdinteractiveauthentication no\npubkeyauthentication yes\n"
	        "authenticationmethods publickey,keyboard-interactive", SSHD_WAY_NONE},
	    {"usepam yes\nkbdinteractiveauthentication yes\npubkeyauthentication no", SSHD_WAY_ASKED},
	    {"usepam yes\nkbdinteractiveauthentication yes\ngssapiauthentication yes", SSHD_WAY_UNASKED},
	    /* sshd asks Kerberos before PAM */
	    {"kerberosauthentication yes\n" ON "authenticationmethods publickey,password",
	        SSHD_WAY_UNASKED},
	    {"kerberosauthentication yes\n" ON "authenticationmethods password,keyboard-interactive",
	        SSHD_WAY_ASKED},
	    {"usepam yes\npasswordauthentication yes\nkerberosauthentication yes", SSHD_WAY_UNASKED},
	    {"", SSHD_WAY_UNASKED}};
	char why[300];

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		assert_int_equal(sshd_way(ways[i].said, why, sizeof(why)), ways[i].way);
}

static void root_is_refused_by_prohibit_password_only_where_every_way_asks(void **state)
{
	static const struct { const char *methods; int refused; } ways[] = {
	    {"publickey,keyboard-interactive", 1}, {"publickey keyboard-interactive", 0}, {"any", 0},
	    {"keyboard-interactive:pam,publickey password", 1}, {"publickey", 0}};
	const struct sshd_login root = {.user = "root"};
	char said[400], why[200];

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		(void)snprintf(said, sizeof(said), ON "permitrootlogin without-password\n"
		    "authenticationmethods %s\n", ways[i].methods);
		assert_int_equal(sshd_way_refuses(said, &root, why, sizeof(why)), ways[i].refused);
	}
	assert_int_equal(sshd_way_refuses("permitrootlogin no\nusepam yes\n", &root, why, sizeof(why)),
	    1);
	assert_int_equal(sshd_way_refuses("permitrootlogin no\nusepam yes\n", &(struct sshd_login){
	    .user = "root", .not_root = true}, why, sizeof(why)), 0);
}

static void host_that_asks_everybody_passes(void **state)
{
	(void)state;
	host_says("MFA-11", AUDIT_PASS, "config: 2 logins");
}

static void lone_key_of_one_user_fails_with_the_line_that_says_it(void **state)
{
	(void)state;
	host_file(HOST_CONFIG, "AuthenticationMethods publickey,keyboard-interactive\n"
	    "Match User bob\n  AuthenticationMethods publickey\n");
	host_text("match", HOST_CONFIG ":2", "bob");
	host_person("config", "bob", "bob");
	says("publickey", "config", "bob");
	host_says("MFA-11", AUDIT_FAIL, "FAIL " HOST_CONFIG ":3: AuthenticationMethods publickey: bob: "
	    "in without a code");
	host_text("exempt", "bob", "exempt = user:bob until 2026-12-31");
	host_says("MFA-11", AUDIT_INFO, "bob: is let off by the login configuration: exempt = user:bob");
	facts_trouble(&host, "exempt", "bob", "no configuration");
	host_says("MFA-11", AUDIT_ERROR, "no configuration");
}

static void who_is_turned_away_needs_no_code(void **state)
{
	(void)state;
	host_person("config", "root", "root");
	says("any", "config", "root");
	host_says("MFA-11", AUDIT_FAIL, "root");
	host_text("sshd-refuses", "config:root", "PermitRootLogin no");
	host_says("MFA-11", AUDIT_PASS, "config: 2 logins");
}

static void many_are_named_and_counted(void **state)
{
	char name[20];

	(void)state;
	says("any", "config", "alice");
	for (int i = 0; i < 30; i++) {
		(void)snprintf(name, sizeof(name), "u%02d", i);
		host_person("config", name, "alice");
	}
	host_says("MFA-11", AUDIT_FAIL, "sshd -T: AuthenticationMethods any (PubkeyAuthentication yes): "
	    "alice, no-such-account, u00, u01, u02, u03, u04, u05 and 24 more get in without a code");
}

static void daemon_that_has_not_read_its_files_is_a_warning(void **state)
{
	(void)state;
	host_says("MFA-11", AUDIT_PASS, "config: 2 logins");
	host_text("meta", HOST_CONFIG, "file 0644 0 0 1 1650000001");
	host_says("MFA-11", AUDIT_WARN, "process 77: runs since before " HOST_CONFIG " was changed: it needs a "
	    "reload");
	/* It was reloaded. */
	host_text("file", "/run/sshd.pid", "77\n");
	host_text("meta", "/run/sshd.pid", "file 0644 0 0 3 1650000002");
	host_says("MFA-11", AUDIT_PASS, "config: 2 logins");
	host_text("meta", "/etc/default/ssh", "file 0644 0 0 1 1650000001");
	host_says("MFA-11", AUDIT_WARN, "/etc/default/ssh was changed: it needs a restart");
}

static void options_of_the_unit_win_over_the_file(void **state)
{
	(void)state;
	host_file("/etc/default/ssh", "SSHD_OPTS=\"-o AuthenticationMethods=any\"\n");
	/* What sshd says with them was not gathered: no pass. */
	host_says("MFA-11", AUDIT_ERROR, "sshd-class ssh.service:alice: was not looked at");
	host_person("ssh.service", "alice", "alice");
	host_person("ssh.service", LOGINS_NOBODY, "alice");
	says("any", "ssh.service", "alice");
	host_says("MFA-11", AUDIT_FAIL, "ssh.service: AuthenticationMethods any");
}

static void match_that_nobody_comes_under_is_told_and_judged_by_its_own_lines(void **state)
{
	(void)state;
	host_file(HOST_CONFIG, "Match Group gone\n  X11Forwarding no\n");
	facts_none(&host, "match", HOST_CONFIG ":1");
	host_says("MFA-11", AUDIT_INFO, HOST_CONFIG ":1: Match Group gone: no login");
	host_file(HOST_CONFIG, "Match Group gone\n  AuthenticationMethods publickey\n");
	host_says("MFA-11", AUDIT_FAIL, "FAIL " HOST_CONFIG ":2: AuthenticationMethods publickey: in without");
	/* The others of its lines count, too. */
	host_file(HOST_CONFIG, "Match Group gone\n  AuthenticationMethods any\n  PubkeyAuthentication no\n");
	host_says("MFA-11", AUDIT_ERROR, "ERROR " HOST_CONFIG ":2: AuthenticationMethods any: in a Match");
	host_file(HOST_CONFIG, "Match Group gone\n  ChallengeResponseAuthentication no\n");
	host_says("MFA-11", AUDIT_ERROR, HOST_CONFIG ":2: ChallengeResponseAuthentication no: in a Match");
	host_file(HOST_CONFIG, "Match Group gone\n  AllowUsers *\n  AuthenticationMethods "
	    "\"publickey,keyboard-interactive\"\n");
	host_says("MFA-11", AUDIT_INFO, "INFO " HOST_CONFIG ":3: AuthenticationMethods");
	host_text("sshd", "config", "usepam yes\npubkeyauthentication yes\npasswordauthentication yes\n");
	host_file(HOST_CONFIG, "Match Address 10.*,!10.1.1.1\n  HostbasedAuthentication yes\n"
	    "  PubkeyAuthentication no\nMatch all\n");
	host_text("match", HOST_CONFIG ":4", "alice\n");
	host_says("MFA-11", AUDIT_FAIL, "FAIL " HOST_CONFIG ":2: HostbasedAuthentication yes: in without");
	host_file(HOST_CONFIG, "Match Group gone\n  X11Forwarding no\n");
	facts_trouble(&host, "match", HOST_CONFIG, "more Match lines than are looked at");
	host_says("MFA-11", AUDIT_ERROR, "more Match lines");
}

static void match_by_address_is_judged_by_a_login_from_there(void **state)
{
	(void)state;
	host_file(HOST_CONFIG, "Match Address 10.0.0.0/8\n  AuthenticationMethods publickey\n");
	host_text("match", HOST_CONFIG ":1", "alice");
	says("publickey", "config", "match:" HOST_CONFIG ":1:alice");
	host_says("MFA-11", AUDIT_FAIL, "FAIL " HOST_CONFIG ":2: AuthenticationMethods publickey: alice");
}

static void one_who_is_refused_or_let_off_does_not_stand_for_others_under_a_match(void **state)
{
	(void)state;
	host_file(HOST_CONFIG, "Match Address 10.0.0.0/8\n  AuthenticationMethods publickey\n");
	host_text("match", HOST_CONFIG ":1", "alice\n");
	host_person("config", "bob", "alice");
	says("publickey", "config", "match:" HOST_CONFIG ":1:alice");
	/* Elsewhere she is refused, and here as well. */
	host_text("sshd-refuses", "config:alice", "DenyUsers alice");
	host_text("sshd-refuses", "config:match:" HOST_CONFIG ":1:alice", "DenyUsers alice");
	host_says("MFA-11", AUDIT_FAIL, "publickey: bob, no-such-account: in without a code");
	host_text("exempt", "alice", "exempt = user:alice until 2026-12-31");
	facts_none(&host, "sshd-refuses", "config:match:" HOST_CONFIG ":1:alice");
	host_says("MFA-11", AUDIT_FAIL, "publickey: bob, no-such-account: in without a code");
}

static void who_is_let_off_from_there_may_come_in_by_a_key_from_there(void **state)
{
	(void)state;
	host_file(HOST_CONFIG, "Match Address 10.0.0.0/8\n  AuthenticationMethods publickey\n");
	host_text("match", HOST_CONFIG ":1", "alice\n");
	says("publickey", "config", "match:" HOST_CONFIG ":1:alice");
	host_text("sshd-refuses", "config:match:" HOST_CONFIG ":1:" LOGINS_NOBODY, "DenyUsers");
	host_says("MFA-11", AUDIT_FAIL, "publickey: alice: in without a code");
	host_text("exempt", "config:match:" HOST_CONFIG ":1:alice", "exempt = user:alice@10.0.0.0/8 until "
	    "2026-12-31");
	host_says("MFA-11", AUDIT_INFO, "publickey: alice: is let off by the login configuration: exempt = "
	    "user:alice@10.0.0.0/8");
	/* From a part of it she is not. */
	says("publickey", "config:place:host=10.1.0.0,addr=10.1.0.0,laddr=127.0.0.1,lport=22", "alice");
	host_says("MFA-11", AUDIT_FAIL, "lport=22): alice, ");
}

static void who_is_refused_is_told_by_what_holds_under_the_match(void **state)
{
	(void)state;
	host_file(HOST_CONFIG, "AllowUsers bob\nMatch Address 10.0.0.0/8\n  AllowUsers *\n"
	    "  AuthenticationMethods publickey\n");
	host_text("match", HOST_CONFIG ":2", "alice\n");
	host_text("sshd-refuses", "config:alice", "AllowUsers does not name alice");
	host_text("sshd-refuses", "config:" LOGINS_NOBODY, "AllowUsers does not name");
	says("publickey", "config", "match:" HOST_CONFIG ":2:alice");
	host_says("MFA-11", AUDIT_FAIL, HOST_CONFIG ":4: AuthenticationMethods publickey: alice, no-such");
}

static void sshd_that_lets_in_nobody_who_was_asked_about_is_an_error(void **state)
{
	(void)state;
	host_text("sshd-refuses", "config:alice", "AllowUsers does not name alice");
	host_text("sshd-refuses", "config:" LOGINS_NOBODY, "AllowUsers does not name");
	host_says("MFA-11", AUDIT_ERROR, "config: lets in nobody that was asked about");
}

static void answer_that_is_not_told_is_not_counted(void **state)
{
	(void)state;
	facts_trouble(&host, "sshd", "config:alice", "no hostkeys available (ssh-keygen -A makes them)");
	host_says("MFA-11", AUDIT_ERROR, "ssh-keygen -A");
	assert_null(strstr(host_notes, "PASS"));
}

#define LISTENS "1650000000\n/usr/sbin/sshd\nsshd: "

static void sshd_that_no_unit_starts_is_judged_by_its_own_options(void **state)
{
	static const char *const same[] = {"/usr/sbin/sshd -D", "/usr/sbin/sshd -4 -e",
	    "/usr/sbin/sshd"};
	char text[300];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(text, sizeof(text), LISTENS "%s [listener] 0 of 10-100 startups", same[i]);
		host_text("listener", "77", text);
		host_says("MFA-11", AUDIT_PASS, "config: 2 logins");
	}
	host_text("listener", "78", LISTENS "/usr/sbin/sshd -f /etc/ssh/alt [listener] 0 of 10-100");
	host_says("MFA-11", AUDIT_ERROR, "sshd-class process 78:alice: was not looked at");
	host_file("/etc/ssh/alt", "AuthenticationMethods publickey\n");
	host_person("process 78", "alice", "alice");
	host_person("process 78", LOGINS_NOBODY, "alice");
	host_text("sshd", "process 78", HOST_SAID);
	says("publickey", "process 78", "alice");
	host_says("MFA-11", AUDIT_FAIL, "FAIL /etc/ssh/alt:1: AuthenticationMethods publickey: alice");
}

static void sshd_whose_options_cannot_be_told_is_an_error(void **state)
{
	static const struct { const char *text, *why; } listens[] = {
	    {"1\n/usr/sbin/sshd\nsshd: /usr/sbin/sshd -D -o Authent", "cut off"},
	    {"1\n/usr/sbin/sshd\nsshd: /usr/sbin/sshd -D -f /a b [listener] 0", "told apart"},
	    {"1\n/usr/sbin/sshd\nsshd: /usr/sbin/sshd -Z [listener] 0 of 10-100 startups", "-Z"},
	    {"1\n/opt/sbin/sshd\nsshd: /usr/sbin/sshd [listener] 0 of 10-100 startups", "/opt/sbin"},
	    {"1\n\nsshd: /usr/sbin/sshd [listener] 0 of 10-100 startups", "is not asked"}, {"1", "told"}};

	(void)state;
	for (size_t i = 0; i < sizeof(listens) / sizeof(listens[0]); i++) {
		host_text("listener", "77", listens[i].text);
		host_says("MFA-11", AUDIT_ERROR, "process 77: cannot be asked: ");
		host_says("MFA-11", AUDIT_ERROR, listens[i].why);
	}
	/* The room for the title was short, and its words are whole; another serves one login. */
	host_text("listener", "77", "1650000000\n/usr/sbin/sshd (deleted)\nsshd: /usr/sbin/sshd -D [list");
	host_text("listener", "78", "1650000000\n/usr/sbin/sshd\n/usr/sbin/sshd -i -f /etc/ssh/alt");
	host_says("MFA-11", AUDIT_PASS, "config: 2 logins");
}

static void options_are_taken_out_of_the_title_of_a_process(void **state)
{
	struct sshd_sources *all;

	(void)state;
	host_text("listener", "77", LISTENS "/usr/sbin/sshd -D -o AuthenticationMethods publickey,password  "
	    "keyboard-interactive -p22 -oUsePAM yes -f/a -4 [listener] 0 of 10-100 startups");
	all = sshd_sources(&host);
	assert_non_null(all);
	if (all == NULL)
		abort();
	assert_int_equal(all->count, 2);
	assert_string_equal(all->item[0].name, "config");
	assert_string_equal(all->item[1].name, "process 77");
	assert_string_equal(all->item[1].main, "/a");
	assert_int_equal(all->item[1].words, 8);
	assert_string_equal(all->item[1].word[1],
	    "AuthenticationMethods publickey,password  keyboard-interactive");
	assert_string_equal(all->item[1].word[3], "22");
	assert_string_equal(all->item[1].word[5], "UsePAM yes");
	assert_true(sshd_source_gives(&all->item[1], "usepam", "yes"));
	assert_false(sshd_source_gives(&all->item[1], "usepam", "no"));
	assert_false(sshd_source_gives(&all->item[1], "port", "22"));
	sshd_sources_free(all);
}

static void process_with_the_options_of_its_unit_is_the_unit(void **state)
{
	struct sshd_sources *all;

	(void)state;
	host_file("/etc/default/ssh", "SSHD_OPTS=\"-o 'AuthenticationMethods any'\"\n");
	host_text("listener", "77", LISTENS "/usr/sbin/sshd -D -o AuthenticationMethods any [listener] 0 of");
	all = sshd_sources(&host);
	assert_non_null(all);
	if (all == NULL)
		abort();
	assert_int_equal(all->count, 1);
	assert_string_equal(all->item[0].name, "ssh.service");
	sshd_sources_free(all);
}

static void host_without_sshd_is_skipped(void **state)
{
	(void)state;
	facts_none(&host, "sshd", "config");
	host_says("MFA-11", AUDIT_ERROR, "there is no sshd"); /* one listens all the same */
	facts_none(&host, "listener", "77");
	host_says("MFA-11", AUDIT_SKIP, "there is no sshd");
}

static void people_with_the_same_key_come_under_the_same_blocks(void **state)
{
	static char staff[] = "staff";
	static char *groups[] = {staff};
	const struct sshd_person alice = {"alice", groups, 1}, bob = {"bob", NULL, 0};
	struct sshd_place from;
	char key[10] = "", words[300];
	bool by_people;

	(void)state;
	assert_true(sshd_match_key("User a*,!bob Group staff,\"x\" Address 10.0.0.0/8", &alice, key,
	    sizeof(key)));
	assert_string_equal(key, "1010");
	assert_false(sshd_match_key("User a,b,c,d,e,f", &bob, key, sizeof(key)));
	assert_true(sshd_match_fits("User *,!bob", &alice, &by_people) && by_people);
	assert_false(sshd_match_fits("User *,!bob", &bob, &by_people));
	assert_true(sshd_match_fits("Group st?ff LocalPort 22", &alice, &by_people) && !by_people);
	assert_true(sshd_match_place("Address !10.0.0.1,10.1.0.0/16 LocalPort 2200", &from));
	assert_true(sshd_match_login(&from, "alice", words, sizeof(words)));
	assert_string_equal(words, "user=alice,host=10.1.0.0,addr=10.1.0.0,laddr=127.0.0.1,lport=2200");
	assert_false(sshd_match_place("RDomain x", &from));
	assert_true(sshd_match_pattern("a*b*c?", "axxbyybzzcd") && !sshd_match_pattern("a?", "a"));
}

static void login_that_is_made_up_comes_under_the_match(void **state)
{
	static const struct { const char *criteria, *words; } logins[] = {
	    {"Address 10.*", "host=10.1.1.1,addr=10.1.1.1,laddr=127.0.0.1,lport=22"},
	    {"Address *", "host=1.1.1.1,addr=1.1.1.1,laddr=127.0.0.1,lport=22"},
	    {"Address 192.168.1.?", "host=192.168.1.1,addr=192.168.1.1,laddr=127.0.0.1,lport=22"},
	    {"Address 10.0.0.0/8,!10.0.0.0/24,fd00::/8",
	        "host=fd00::,addr=fd00::,laddr=127.0.0.1,lport=22"},
	    {"Host *.corp,!1.corp", NULL}, {"Host ?x.corp LocalPort 2*",
	        "host=1x.corp,addr=192.0.2.1,laddr=127.0.0.1,lport=21"},
	    {"Address !10.0.0.0/8", NULL}, {"Address fd00:*", NULL}, {"Address 10.0.0.0/8,!*", NULL}};
	char words[300];

	(void)state;
	for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
		struct sshd_place from;
		const bool made = sshd_match_place(logins[i].criteria, &from) &&
		    sshd_match_login(&from, "alice", words, sizeof(words));

		assert_int_equal(made, logins[i].words != NULL);
		if (made)
			assert_string_equal(words + strlen("user=alice,"), logins[i].words);
	}
}

static int note_match(void *ctx, const struct sshd_line *l)
{
	struct buffer *b = ctx;

	buffer_format(b, "%s:%s ", l->key, l->match != NULL ? l->match : "-");
	return 0;
}

static void note_untold(void *ctx, const char *kind, const char *name)
{
	buffer_format(ctx, "(%s %s)", kind, name);
}

static void match_of_an_included_file_holds_under_the_one_around_it(void **state)
{
	struct buffer b = {0};
	const struct sshd_lines l = {&host, note_match, note_untold, &b};
	char lines[3000];

	(void)state;
	host_file(HOST_CONFIG, "Match RDomain x\n Include in.conf\n UseDNS no\nMatch all\n UsePAM no\n");
	host_text("glob", "/etc/ssh/in.conf", "/etc/ssh/in.conf\n");
	host_file("/etc/ssh/in.conf", "Banner a\nMatch User bob\n Banner b\nMatch Address ::1\n");
	assert_int_equal(sshd_lines(&l, HOST_CONFIG), 0);
	assert_string_equal(buffer_string(&b), "Match:RDomain x Include:RDomain x Banner:RDomain x "
	    "Match:RDomain x User bob Banner:RDomain x User bob Match:RDomain x Address ::1 "
	    "UseDNS:RDomain x Match:all UsePAM:all ");
	buffer_free(&b);
	(void)snprintf(lines, sizeof(lines), "Match User %0*d\nInclude in.conf\n", 2900, 1);
	host_file(HOST_CONFIG, lines);
	(void)snprintf(lines, sizeof(lines), "Match User %0*d\n", 2900, 1);
	host_file("/etc/ssh/in.conf", lines);
	assert_int_equal(sshd_lines(&l, HOST_CONFIG), -1);
	assert_non_null(strstr(buffer_string(&b), "(lines /etc/ssh/in.conf)"));
	buffer_free(&b);
}

/* The addresses of the places, behind one another. */
static const char *places_of(const char *const *criteria, size_t n, const char *said)
{
	static struct sshd_places all;
	static char text[4000];
	size_t len = 0;

	assert_true(sshd_places(&all, criteria, n, said));
	text[0] = '\0';
	for (size_t i = 0; i < all.count; i++) {
		char words[600];

		assert_true(sshd_place_words(&all.item[i], words, sizeof(words)));
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %s\n", all.item[i].addr,
		    strstr(words, "lport="));
	}
	(void)snprintf(text + len, sizeof(text) - len, "%s", all.more ? "and more" : "");
	return text;
}

static void places_are_told_apart_by_the_lines_that_hold_there(void **state)
{
	static const char *const inner[] = {"Address 10.0.0.0/24", "Address 10.0.0.0/8"},
	    *const outside[] = {"Address *,!192.0.0.0/8,!2001:db8::/32"},
	    *const ports[] = {"LocalPort 22", "User bob"}, *const half[] = {"Address 128.0.0.0/1"},
	    *const hosts[] = {"Host 10.*,*.corp"}, *const nets[] = {"Address fd00:*"};

	(void)state;
	assert_string_equal(places_of(NULL, 0, ""), "192.0.2.1 lport=22\n");
	assert_string_equal(places_of(inner, 2, ""), "192.0.2.1 lport=22\n10.9.8.7 lport=22\n"
	    "10.0.0.0 lport=22\n");
	assert_string_equal(places_of(outside, 1, ""), "192.0.2.1 lport=22\n203.0.113.9 lport=22\n");
	assert_string_equal(places_of(ports, 2, "port 2222\nport 22\n"), "192.0.2.1 lport=2222\n"
	    "192.0.2.1 lport=22\n");
	assert_string_equal(places_of(ports, 1, "port 22\n"), "192.0.2.1 lport=22\n");
	/* The port of a ListenAddress is the one that counts. */
	assert_string_equal(places_of(ports, 1, "port 22\nlistenaddress [::]:2222\n"
	    "listenaddress 0.0.0.0:2223 rdomain x\n"), "192.0.2.1 lport=2222\n192.0.2.1 lport=22\n");
	assert_string_equal(places_of(half, 1, "addressfamily inet\n"), "192.0.2.1 lport=22\n"
	    "10.9.8.7 lport=22\n");
	assert_string_equal(places_of(hosts, 1, ""), "192.0.2.1 lport=22\n10.9.8.7 lport=22\n");
	assert_string_equal(places_of(nets, 1, ""), "192.0.2.1 lport=22\nand more");
}

/* As a host of which a version without this kind of facts has told. */
static void forget(const char *kind, const char *name)
{
	for (size_t i = 0; i < host.count; i++)
		if (strcmp(host.item[i].kind, kind) == 0 && strcmp(host.item[i].name, name) == 0)
			((char *)(size_t)host.item[i].kind)[0] = '-';
	host.sorted = false;
}

static void login_from_elsewhere_that_is_asked_for_no_code_fails(void **state)
{
	static const char place[] = "host=10.9.8.7,addr=10.9.8.7,laddr=127.0.0.1,lport=22";
	char key[200];

	(void)state;
	host_file(HOST_CONFIG, "AuthenticationMethods publickey\nMatch Address *,!10.0.0.0/8\n"
	    "  AuthenticationMethods publickey,keyboard-interactive\n");
	host_text("match", HOST_CONFIG ":2", "alice\n");
	says("publickey,keyboard-interactive", "config", "match:" HOST_CONFIG ":2:alice");
	forget("places", "config");
	host_says("MFA-11", AUDIT_ERROR, "places config: was not looked at");
	facts_trouble(&host, "places", "config", "more of them than are asked about");
	host_says("MFA-11", AUDIT_ERROR, "places config: cannot be told: more of them");
	host_text("places", "config", "2");
	host_says("MFA-11", AUDIT_PASS, "config: 2 logins");
	(void)snprintf(key, sizeof(key), "config:place:%s", place);
	says("publickey", key, "alice");
	host_says("MFA-11", AUDIT_FAIL, "FAIL " HOST_CONFIG ":1: AuthenticationMethods publickey "
	    "(host=10.9.8.7,addr=10.9.8.7,laddr=127.0.0.1,lport=22): alice, no-such-account: in without");
	(void)snprintf(key, sizeof(key), "config:place:%s:alice", place);
	host_text("sshd-refuses", key, "DenyUsers alice");
	host_says("MFA-11", AUDIT_FAIL, "lport=22): no-such-account: in without");
	facts_trouble(&host, "sshd", key, "fails and says nothing");
	host_says("MFA-11", AUDIT_ERROR, "fails and says nothing");
}

static void settings_against_guessing_are_judged(void **state)
{
	struct result r = {.count = 0};

	(void)state;
	check_sshd_guessing(&host, &r);
	assert_int_equal(r.status, AUDIT_PASS);
	result_free(&r);
	host_text("sshd", "config", "maxauthtries 10\nlogingracetime 0\npersourcepenalties no\n");
	check_sshd_guessing(&host, &r);
	assert_int_equal(r.status, AUDIT_WARN);
	assert_int_equal(r.count, 3);
	result_free(&r);
	facts_trouble(&host, "sshd", "config", "x");
	check_sshd_guessing(&host, &r);
	assert_int_equal(r.status, AUDIT_ERROR);
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, host_set_up, host_tear_down)
	    TEST(way_is_asked_only_when_each_alternative_is),
	    TEST(root_is_refused_by_prohibit_password_only_where_every_way_asks),
	    TEST(host_that_asks_everybody_passes),
	    TEST(lone_key_of_one_user_fails_with_the_line_that_says_it),
	    TEST(who_is_turned_away_needs_no_code), TEST(many_are_named_and_counted),
	    TEST(daemon_that_has_not_read_its_files_is_a_warning),
	    TEST(options_of_the_unit_win_over_the_file),
	    TEST(match_that_nobody_comes_under_is_told_and_judged_by_its_own_lines),
	    TEST(match_by_address_is_judged_by_a_login_from_there),
	    TEST(one_who_is_refused_or_let_off_does_not_stand_for_others_under_a_match),
	    TEST(who_is_let_off_from_there_may_come_in_by_a_key_from_there),
	    TEST(who_is_refused_is_told_by_what_holds_under_the_match),
	    TEST(sshd_that_lets_in_nobody_who_was_asked_about_is_an_error),
	    TEST(answer_that_is_not_told_is_not_counted),
	    TEST(sshd_that_no_unit_starts_is_judged_by_its_own_options),
	    TEST(sshd_whose_options_cannot_be_told_is_an_error),
	    TEST(options_are_taken_out_of_the_title_of_a_process),
	    TEST(process_with_the_options_of_its_unit_is_the_unit),
	    TEST(host_without_sshd_is_skipped),
	    TEST(people_with_the_same_key_come_under_the_same_blocks),
	    TEST(login_that_is_made_up_comes_under_the_match),
	    TEST(match_of_an_included_file_holds_under_the_one_around_it),
	    TEST(places_are_told_apart_by_the_lines_that_hold_there),
	    TEST(login_from_elsewhere_that_is_asked_for_no_code_fails),
	    TEST(settings_against_guessing_are_judged)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
