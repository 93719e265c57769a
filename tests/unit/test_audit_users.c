/* Who is enrolled, secrets, clock and store, from facts alone: MFA-12 to MFA-15. */
#include "tests/unit/audit_said.h"

#include "policy/audit/gather_logins.h"

#define KEYS "authorizedkeysfile .ssh/authorized_keys .ssh/authorized_keys2\ntrustedusercakeys none\n" \
	"authorizedkeyscommand "
#define KEYRING "/etc/pam-bastion/keyring"
#define STATE "/var/lib/pam-bastion"
#define ACCOUNT "uid=1000 gid=1000 shell=/bin/bash home=/home/a hash=yescrypt keys=no"
#define ENROLLED "devices=1 last_used=1699999000 locked=no recovery=10 invited_until=0 bypass_until=0"
#define MUST "duty=must until=0 line=0 local=must local_until=0 local_line=0"

static int set_up(void **state)
{
	static const char *const dirs[] = {"/", "/etc", "/etc/pam-bastion", "/var", "/var/lib"};

	(void)state;
	host = (struct facts){.count = 0};
	host_result = (struct result){.count = 0};
	host_text("conf-file", "login", "/etc/pam-bastion/pam_bastion.conf");
	host_text("conf-number", "enroll_by", "0");
	host_text("conf", "keyring", KEYRING);
	host_text("conf", "state_dir", STATE);
	host_text("conf", "store_dir", STATE);
	host_text("conf", "store", "file:" STATE);
	host_text("accounts", "local", "1");
	host_text("store", "open", "names=1 foreign=0");
	host_text("account", "alice", ACCOUNT);
	facts_none(&host, "login", LOGINS_NOBODY);
	host_text("sshd", "config", KEYS "none\n");
	host_text("duty", "alice", MUST);
	host_text("enrolled", "alice", ENROLLED);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		host_text("meta", dirs[i], "dir 0755 0 0 4096 1");
	host_text("meta", KEYRING, "file 0600 0 0 100 1");
	host_text("copies", KEYRING, "file 0600 0 0 100 keyring.old\n");
	host_text("meta", STATE, "dir 0700 0 0 4096 1");
	host_text("modes", STATE, "dir 0700 0 0 3 " STATE "/enroll\nfile 0600 0 0 9 " STATE "/x\n");
	host_text("disk", STATE, "read_only=no writable=yes remote=no free=1000000000 size=2000000000 "
	    "files_free=100000 files=200000");
	host_text("clock", "kernel", "synchronised=yes max_error=120000 est_error=100");
	return 0;
}

static void a_host_as_it_has_to_be_passes(void **state)
{
	(void)state;
	host_says("MFA-12", AUDIT_PASS, "PASS alice: enrolled, 1 devices");
	host_says("MFA-13", AUDIT_PASS, "PASS " KEYRING ": mode 0600");
	host_says("MFA-14", AUDIT_PASS, "max_error=120000");
	host_says("MFA-15", AUDIT_PASS, "free=1000000000");
}

static void nothing_gathered_is_an_error(void **state)
{
	static const char *const ids[] = {"MFA-12", "MFA-13", "MFA-14", "MFA-15"};

	(void)state;
	facts_free(&host);
	for (size_t i = 0; i < 4; i++)
		host_says(ids[i], AUDIT_ERROR, "was not looked at");
}

static void trouble_is_an_error(void **state)
{
	static const struct { const char *id, *kind, *name; } told[] = {
	    {"MFA-12", "conf-file", "login"}, {"MFA-12", "accounts", "local"}, {"MFA-12", "store", "open"},
	    {"MFA-12", "account", "alice"}, {"MFA-12", "login", "*"}, {"MFA-12", "duty", "alice"}, {"MFA-12", "enrolled", "alice"},
	    {"MFA-13", "conf-file", "login"}, {"MFA-13", "meta", KEYRING}, {"MFA-13", "meta", "/var"},
	    {"MFA-13", "copies", KEYRING}, {"MFA-13", "modes", STATE}, {"MFA-14", "clock", "kernel"}, {"MFA-15", "store", "open"},
	    {"MFA-15", "disk", STATE}};

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		(void)host_tear_down(state);
		(void)set_up(state);
		facts_trouble(&host, told[i].kind, told[i].name, "it broke");
		host_says(told[i].id, AUDIT_ERROR, "it broke");
	}
}

static void who_is_not_enrolled_fails_behind_enroll_by_and_warns_before(void **state)
{
	(void)state;
	facts_none(&host, "enrolled", "alice");
	host_says("MFA-12", AUDIT_FAIL, "FAIL alice: not enrolled\n");
	host_text("conf-number", "enroll_by", "1699999999");
	host_says("MFA-12", AUDIT_FAIL, "FAIL alice: not enrolled\n");
	host_text("conf-number", "enroll_by", "1701388800");
	host_says("MFA-12", AUDIT_WARN, "until 2023-11-30 (enroll_by)");
	host_text("enrolled", "alice", "devices=0 locked=no bypass_until=0");
	host_says("MFA-12", AUDIT_WARN, "enroll_by");
	host_text("enrolled", "alice", "devices=x locked=no");
	host_says("MFA-12", AUDIT_ERROR, "devices=x");
}

static void who_is_let_off_without_a_last_day_is_a_warning(void **state)
{
	(void)state;
	facts_none(&host, "enrolled", "alice");
	host_text("duty", "alice", "duty=not-required until=0 line=0 local=must");
	host_says("MFA-12", AUDIT_FAIL, "nobody is asked for a code: `require` leaves out all 1 accounts");
	host_text("account", "bob", ACCOUNT);
	host_text("duty", "bob", MUST);
	host_text("enrolled", "bob", ENROLLED);
	host_says("MFA-12", AUDIT_WARN, "alice: asked for no code, without a last day: outside `require`");
	host_text("duty", "alice", "duty=exempt until=0 line=4 local=exempt");
	host_says("MFA-12", AUDIT_WARN, "pam_bastion.conf:4: alice: exempt without");
	host_text("duty", "alice", "duty=exempt until=1701388800 line=4 local=exempt");
	host_says("MFA-12", AUDIT_INFO, "exempt until 2023-11-30");
	host_text("enrolled", "alice", ENROLLED);
	host_text("duty", "alice", "duty=must local=exempt local_until=0 local_line=7");
	host_says("MFA-12", AUDIT_WARN, "pam_bastion.conf:7: alice: exempt on the host itself");
}

static void who_is_let_off_from_a_network_alone_need_not_be_enrolled(void **state)
{
	(void)state;
	facts_none(&host, "enrolled", "alice");
	host_text("duty", "alice", MUST " net=exempt net_until=1701388800 net_line=5");
	host_says("MFA-12", AUDIT_INFO, "pam_bastion.conf:5: alice: not enrolled, and exempt from a network "
	    "until 2023-11-30");
	host_text("duty", "alice", MUST " net=exempt net_until=1699999999 net_line=5");
	host_says("MFA-12", AUDIT_FAIL, "FAIL alice: not enrolled\n");
	host_text("duty", "alice", MUST " net=must net_until=1701388800 net_line=5");
	host_says("MFA-12", AUDIT_FAIL, "FAIL alice: not enrolled\n");
	/* From elsewhere nobody is asked yet. */
	host_text("duty", "alice", MUST " net=exempt net_until=1701388800 net_line=5");
	host_text("conf-number", "enroll_by", "1701388800");
	host_says("MFA-12", AUDIT_WARN, "until 2023-11-30 (enroll_by)");
}

static void who_cannot_log_in_need_not_be_enrolled(void **state)
{
	static const char *const words[] = {"shell=/usr/sbin/nologin hash=sha512 keys=yes",
	    "shell=/bin/bash hash=locked keys=no", "shell=/bin/bash hash=star keys=no",
	    "shell=/bin/bash hash=yescrypt keys=yes expire=100"};
	static const char *const others[] = {"shell=/bin/bash hash=locked keys=yes",
	    "shell=/bin/bash hash=none keys=no", "shell=/bin/bash hash=des keys=no expire=30000"};

	(void)state;
	facts_none(&host, "enrolled", "alice");
	for (size_t i = 0; i < 4; i++) {
		host_text("account", "alice", words[i]);
		host_says("MFA-12", AUDIT_SKIP, "nobody who has a shell");
	}
	for (size_t i = 0; i < 3; i++) {
		host_text("account", "alice", others[i]);
		host_says("MFA-12", AUDIT_FAIL, "not enrolled");
	}
}

static void who_may_have_a_key_that_nobody_has_looked_at_is_a_login(void **state)
{
	static const char *const said[] = {KEYS "/usr/bin/sss_ssh_authorizedkeys\n",
	    "authorizedkeyscommand none\nauthorizedkeysfile /etc/ssh/keys/%u\n",
	    "authorizedkeysfile .ssh/authorized_keys\ntrustedusercakeys /etc/ssh/ca.pub\n", "usepam yes\n"};

	(void)state;
	facts_none(&host, "enrolled", "alice");
	host_text("account", "alice", "shell=/bin/bash hash=locked keys=unknown");
	host_says("MFA-12", AUDIT_FAIL, "alice: not enrolled");
	host_text("account", "alice", "shell=/bin/bash hash=locked keys=no");
	host_says("MFA-12", AUDIT_SKIP, "nobody who has a shell");
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		host_text("sshd", "config", said[i]);
		host_says("MFA-12", AUDIT_FAIL, "alice: not enrolled");
	}
	/* What sshd says of him counts, and whom it refuses needs no code. */
	host_text("sshd-class", "config:alice", "bob");
	host_text("sshd", "config:bob", KEYS "none\n");
	host_says("MFA-12", AUDIT_SKIP, "nobody who has a shell");
	host_text("sshd", "config:match:/etc/ssh/sshd_config:7:bob", said[1]);
	host_says("MFA-12", AUDIT_FAIL, "alice: not enrolled");
	host_text("sshd", "config:match:/etc/ssh/sshd_config:7:bob", KEYS "none\n");
	facts_trouble(&host, "sshd", "config:bob", "no answer");
	host_says("MFA-12", AUDIT_ERROR, "alice: sshd has not told where keys are (config)");
	facts_none(&host, "sshd", "config:bob");
	host_says("MFA-12", AUDIT_SKIP, "nobody who has a shell");
}

static void whom_sshd_refuses_needs_no_key_to_be_looked_for(void **state)
{
	(void)state;
	facts_none(&host, "enrolled", "alice");
	host_text("account", "alice", "shell=/bin/bash hash=locked keys=no");
	host_text("sshd", "config", KEYS "/usr/bin/keys\n");
	host_text("sshd-refuses", "config:alice", "PermitRootLogin no");
	host_says("MFA-12", AUDIT_SKIP, "nobody who has a shell");
}

static void login_of_a_directory_is_judged_too(void **state)
{
	(void)state;
	host_text("login", "carol", "70001 70001 /bin/bash");
	host_says("MFA-12", AUDIT_ERROR, "duty carol: was not looked at");
	host_text("duty", "carol", MUST);
	facts_none(&host, "enrolled", "carol");
	host_says("MFA-12", AUDIT_FAIL, "FAIL carol: not enrolled");
	host_text("enrolled", "carol", ENROLLED);
	host_says("MFA-12", AUDIT_PASS, "PASS carol: enrolled");
	facts_trouble(&host, "login", "*", "more people than are looked at");
	host_says("MFA-12", AUDIT_ERROR, "login *");
}

static void secrets_that_others_can_reach_fail(void **state)
{
	static const struct { const char *kind, *name, *text; } open[] = {
	    {"meta", KEYRING, "file 0640 0 0 100 1"}, {"meta", KEYRING, "file 0600 1000 0 100 1"},
	    {"meta", KEYRING, "link 0777 0 0 9 1 /tmp/x"}, {"meta", KEYRING, "file"},
	    {"meta", "/etc", "dir 0775 0 50 1 1"}, {"meta", "/etc/pam-bastion", "dir 0755 5 0 1 1"},
	    {"meta", "/var/lib", "link 0777 0 0 1 1 /data"}, {"meta", STATE, "dir 0750 0 0 1 1"},
	    {"modes", STATE, "file 0600 0 0 9 a\nfile 0644 0 0 1 " STATE "/pw/b\n"},
	    {"copies", KEYRING, "file 0600 0 0 100 a\nfile 0644 0 0 100 .keyring.swp\n"},
	    {"copies", KEYRING, "file 0600 7 0 100 keyring~\n"}, {"copies", KEYRING, "keyring~\n"},
	    {"modes", STATE, "file 0600 7 0 9 a\n"}, {"modes", STATE, "nonsense\n"},
	    {"meta", "/", "dir 0755 4294967296 0 1 1"}};

	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
		(void)host_tear_down(state);
		(void)set_up(state);
		host_text(open[i].kind, open[i].name, open[i].text);
		host_says("MFA-13", AUDIT_FAIL, "FAIL ");
	}
	(void)host_tear_down(state);
	(void)set_up(state);
	host_text("meta", "/var", "dir 1777 0 0 1 1");
	host_says("MFA-13", AUDIT_PASS, "PASS ");
	facts_none(&host, "meta", KEYRING);
	host_says("MFA-13", AUDIT_FAIL, "no keyring that opens them");
}

static void where_nothing_is_made_yet_there_is_nothing_to_protect(void **state)
{
	(void)state;
	facts_none(&host, "store", "open");
	facts_none(&host, "meta", KEYRING);
	host_says("MFA-13", AUDIT_SKIP, "no secrets yet");
	host_says("MFA-15", AUDIT_SKIP, "nothing is in it yet");
	facts_none(&host, "enrolled", "alice");
	host_says("MFA-12", AUDIT_FAIL, "not enrolled");
}

static void a_clock_that_is_off_fails(void **state)
{
	static const struct { const char *text; enum audit_status is; } clocks[] = {
	    {"synchronised=yes max_error=5000000", AUDIT_PASS},
	    {"synchronised=yes max_error=5000001", AUDIT_WARN},
	    {"synchronised=yes max_error=15000000", AUDIT_WARN},
	    {"synchronised=yes max_error=15000001", AUDIT_FAIL},
	    {"synchronised=no max_error=1", AUDIT_FAIL}, {"max_error=1", AUDIT_FAIL},
	    {"synchronised=yes", AUDIT_ERROR}, {"synchronised=yes max_error=-1", AUDIT_ERROR}};

	(void)state;
	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		host_text("clock", "kernel", clocks[i].text);
		assert_int_equal(host_check("MFA-14"), clocks[i].is);
	}
}

static void a_store_that_cannot_be_written_fails(void **state)
{
	static const struct { const char *text; enum audit_status is; } disks[] = {
	    {"read_only=yes writable=yes remote=no free=9000000000 files_free=9000 files=1", AUDIT_FAIL},
	    {"read_only=no writable=no remote=no free=9000000000 files_free=9000 files=1", AUDIT_FAIL},
	    {"read_only=no writable=yes remote=yes free=9000000000 files_free=9000 files=1", AUDIT_WARN},
	    {"read_only=no writable=yes remote=no free=1000 files_free=9000 files=1", AUDIT_WARN},
	    {"read_only=no writable=yes remote=no free=9000000000 files_free=9 files=99", AUDIT_WARN},
	    {"read_only=no writable=yes remote=no free=9000000000 files_free=0 files=0", AUDIT_PASS},
	    {"read_only=no writable=yes remote=no", AUDIT_ERROR}};

	(void)state;
	for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]); i++) {
		host_text("disk", STATE, disks[i].text);
		assert_int_equal(host_check("MFA-15"), disks[i].is);
	}
	(void)host_tear_down(state);
	(void)set_up(state);
	facts_trouble(&host, "enrolled", "alice", "is not a sealed record");
	host_says("MFA-15", AUDIT_FAIL, "alice: no code of theirs is taken: is not a sealed record");
	host_text("enrolled", "alice", ENROLLED);
	host_text("store", "open", "names=1 foreign=2");
	host_says("MFA-15", AUDIT_WARN, "foreign=2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_host_as_it_has_to_be_passes, set_up, host_tear_down),
	    cmocka_unit_test_setup_teardown(nothing_gathered_is_an_error, set_up, host_tear_down),
	    cmocka_unit_test_setup_teardown(trouble_is_an_error, set_up, host_tear_down),
	    cmocka_unit_test_setup_teardown(who_is_not_enrolled_fails_behind_enroll_by_and_warns_before,
	        set_up, host_tear_down),
	    cmocka_unit_test_setup_teardown(who_is_let_off_without_a_last_day_is_a_warning, set_up,
	        host_tear_down),
	    cmocka_unit_test_setup_teardown(who_is_let_off_from_a_network_alone_need_not_be_enrolled, set_up,
	        host_tear_down),
	    cmocka_unit_test_setup_teardown(who_cannot_log_in_need_not_be_enrolled, set_up,
	        host_tear_down),
	    cmocka_unit_test_setup_teardown(who_may_have_a_key_that_nobody_has_looked_at_is_a_login, set_up,
	        host_tear_down),
	    cmocka_unit_test_setup_teardown(whom_sshd_refuses_needs_no_key_to_be_looked_for, set_up,
	        host_tear_down),
	    cmocka_unit_test_setup_teardown(login_of_a_directory_is_judged_too, set_up, host_tear_down),
	    cmocka_unit_test_setup_teardown(secrets_that_others_can_reach_fail, set_up, host_tear_down),
	    cmocka_unit_test_setup_teardown(where_nothing_is_made_yet_there_is_nothing_to_protect, set_up,
	        host_tear_down),
	    cmocka_unit_test_setup_teardown(a_clock_that_is_off_fails, set_up, host_tear_down),
	    cmocka_unit_test_setup_teardown(a_store_that_cannot_be_written_fails, set_up, host_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
