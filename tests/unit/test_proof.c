/* Proven first factor: every sentence of it in DESIGN.md, proof.h. */
#include "tests/unit/scratch.h"

#include "pam_module/proof.h"

#define KEY_LINE "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ\n"

static bool ssh_proves(const char *tty, const char *info)
{
	struct conf_words none = {0};
	struct proof_facts f = {.tty = tty, .ssh_auth_info = info};

	return proof_holds(&none, &f);
}

static void name_alone_proves_nothing(void **state)
{
	struct conf_words none = {0};
	struct conf_words all = {.need_auth = true, .after_password = true,
	    .after_login = true, .debug = true};
	struct proof_facts f = {.account = true};

	(void)state;
	assert_false(proof_holds(&none, &f));
	/* root's own sudo: words without what they speak of */
	assert_false(proof_holds(&all, &f));
	f.uid = f.ruid = 1001;
	f.authtok = true;
	assert_false(proof_holds(&none, &f));
}

static void publickey_line_of_sshd_proves(void **state)
{
	(void)state;
	assert_true(ssh_proves("ssh", KEY_LINE));
	assert_true(ssh_proves("ssh", "publickey ssh-rsa AAAA"));
	assert_true(ssh_proves("ssh", "password\n" KEY_LINE));
	assert_true(ssh_proves("ssh", KEY_LINE KEY_LINE "keyboard-interactive/pam\n"));
}

static void publickey_line_without_tty_ssh_proves_nothing(void **state)
{
	static const char *const ttys[] = {NULL, "", "pts/0", "tty1", "SSH", "ssh ", "sshd",
	    "/dev/ssh", "login"};

	(void)state;
	for (size_t i = 0; i < sizeof(ttys) / sizeof(ttys[0]); i++)
		assert_false(ssh_proves(ttys[i], KEY_LINE));
}

static void other_lines_of_sshd_prove_nothing(void **state)
{
	static const char *const infos[] = {NULL, "", "\n\n", "password\n",
	    "keyboard-interactive\n", "gssapi-with-mic alice@CORP\n",
	    "hostbased ssh-ed25519 AAAA\n", "publickey", "publickey\n", "publickeys x\n",
	    "PUBLICKEY ssh-rsa AAAA\n", " publickey ssh-rsa AAAA\n", "xpublickey a b\n",
	    "password publickey ssh-rsa AAAA\n", "publickey-hostbound ssh-rsa AAAA\n",
	    "publickey\tssh-rsa AAAA\n", "password\n publickey ssh-rsa AAAA\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(infos) / sizeof(infos[0]); i++)
		if (ssh_proves("ssh", infos[i]))
			fail_msg("proves: '%s'", infos[i]);
}

static void password_proves_where_the_line_says_after_password(void **state)
{
	struct conf_words w = {.after_password = true}, none = {0};
	struct proof_facts f = {.tty = "ssh", .authtok = true};

	(void)state;
	assert_true(proof_holds(&w, &f));
	f.tty = "tty1";
	assert_true(proof_holds(&w, &f));
	f.tty = NULL;
	assert_true(proof_holds(&w, &f));
	assert_false(proof_holds(&none, &f));
	w = (struct conf_words){.after_login = true, .debug = true, .need_auth = true};
	assert_false(proof_holds(&w, &f));
}

static void after_password_without_a_password_proves_nothing(void **state)
{
	struct conf_words w = {.after_password = true};
	struct proof_facts f = {.tty = "ssh", .ssh_auth_info = "password\n", .ruid = 1001,
	    .account = true, .uid = 1001};

	(void)state;
	assert_false(proof_holds(&w, &f));
}

static void own_login_proves_where_the_line_says_after_login(void **state)
{
	struct conf_words w = {.after_login = true}, none = {0};
	struct proof_facts f = {.tty = "/dev/pts/3", .ruid = 1001, .account = true, .uid = 1001};

	(void)state;
	assert_true(proof_holds(&w, &f));
	f.tty = NULL;
	assert_true(proof_holds(&w, &f));
	assert_false(proof_holds(&none, &f));
	w = (struct conf_words){.after_password = true};
	assert_false(proof_holds(&w, &f));
}

static void after_login_never_proves_on_tty_ssh(void **state)
{
	struct conf_words w = {.after_login = true};
	struct proof_facts f = {.tty = "ssh", .ruid = 1001, .account = true, .uid = 1001};

	(void)state;
	assert_false(proof_holds(&w, &f));
}

static void after_login_never_proves_for_root(void **state)
{
	struct conf_words w = {.after_login = true};
	struct proof_facts f = {.tty = "pts/0", .ruid = 0, .account = true, .uid = 0};

	(void)state;
	assert_false(proof_holds(&w, &f));
	f.uid = 1001;
	assert_false(proof_holds(&w, &f));
}

static void after_login_proves_only_for_the_callers_own_account(void **state)
{
	struct conf_words w = {.after_login = true};
	struct proof_facts f = {.tty = "pts/0", .ruid = 1001, .account = true, .uid = 1002};

	(void)state;
	assert_false(proof_holds(&w, &f));
	f.uid = 0;
	assert_false(proof_holds(&w, &f));
	f.uid = 1001;
	f.account = false;
	assert_false(proof_holds(&w, &f));
	f.account = true;
	assert_true(proof_holds(&w, &f));
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(name_alone_proves_nothing),
	    T(publickey_line_of_sshd_proves),
	    T(publickey_line_without_tty_ssh_proves_nothing),
	    T(other_lines_of_sshd_prove_nothing),
	    T(password_proves_where_the_line_says_after_password),
	    T(after_password_without_a_password_proves_nothing),
	    T(own_login_proves_where_the_line_says_after_login),
	    T(after_login_never_proves_on_tty_ssh),
	    T(after_login_never_proves_for_root),
	    T(after_login_proves_only_for_the_callers_own_account),
	};

	return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
