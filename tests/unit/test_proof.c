/* Proven first factor: every sentence of it in DESIGN.md, proof.h. */
#include "tests/unit/scratch.h"

#include "pam_module/proof.h"

#define KEY_LINE "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ\n"

static struct scratch sc;

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(crypto_init(), 0);
	scratch_dir(&sc);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(&sc);
	return 0;
}

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

/* ---- the key of the log line ---- */

static void key_of(const char *info, char out[PROOF_KEY_MAX])
{
	struct proof_facts f = {.tty = "ssh", .ssh_auth_info = info};

	memset(out, 'x', PROOF_KEY_MAX);
	proof_key(&f, out);
	assert_true(strnlen(out, PROOF_KEY_MAX) < PROOF_KEY_MAX);
}

/* Runs ssh-keygen with these arguments, its output into text. */
static void ssh_keygen(char *const argv[], char *text, size_t cap)
{
	size_t got = 0;
	int pipes[2];
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		(void)dup2(pipes[1], 1);
		(void)execvp("ssh-keygen", argv);
		_exit(127);
	}
	assert_true(pid > 0);
	(void)close(pipes[1]);
	while (got + 1 < cap && (n = read(pipes[0], text + got, cap - 1 - got)) > 0)
		got += (size_t)n;
	text[got] = '\0';
	(void)close(pipes[0]);
	assert_int_equal(scratch_wait(pid), 0);
}

static void make_key(char *type, char *bits, char path[512])
{
	char quiet[] = "-q", t[] = "-t", b[] = "-b", n[] = "-N", none[] = "", f[] = "-f";
	char name[] = "ssh-keygen", text[64];
	char *argv[] = {name, quiet, t, type, b, bits, n, none, f, path, NULL};

	scratch_path(&sc, path, type);
	ssh_keygen(argv, text, sizeof(text));
}

/* "publickey TYPE BASE64\n" as sshd writes it, from a .pub file. */
static void info_of(const char *tail, char *info, size_t cap)
{
	unsigned char bytes[8192];
	char *second;
	size_t n = scratch_bytes(&sc, tail, bytes, sizeof(bytes) - 1);

	bytes[n] = '\0';
	second = strchr((char *)bytes, ' ');
	assert_non_null(second);
	second = strpbrk(second + 1, " \n");
	assert_non_null(second);
	*second = '\0'; /* the comment goes */
	assert_true(snprintf(info, cap, "publickey %s\n", (char *)bytes) < (int)cap);
}

static void key_is_the_fingerprint_of_ssh_keygen(void **state)
{
	static char types[][12] = {"ed25519", "ecdsa", "rsa"};
	static char bits[][8] = {"256", "521", "2048"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		char path[512], tail[48], info[8192], text[1024], out[PROOF_KEY_MAX];
		char name[] = "ssh-keygen", l[] = "-l", f[] = "-f", pub[520];
		char *argv[] = {name, l, f, pub, NULL};

		make_key(types[i], bits[i], path);
		(void)snprintf(tail, sizeof(tail), "%s.pub", types[i]);
		(void)snprintf(pub, sizeof(pub), "%s.pub", path);
		info_of(tail, info, sizeof(info));
		ssh_keygen(argv, text, sizeof(text));
		key_of(info, out);
		assert_int_equal(strncmp(out, "SHA256:", 7), 0);
		assert_int_equal(strlen(out), 7 + 43);
		assert_non_null(strstr(text, out));
	}
}

static void first_of_several_keys_is_told(void **state)
{
	char one[PROOF_KEY_MAX], two[PROOF_KEY_MAX];

	(void)state;
	key_of(KEY_LINE, one);
	key_of("password\n" KEY_LINE "publickey ssh-rsa AAAAB3NzaC1yc2EAAAAD\n", two);
	assert_string_equal(one, two);
	key_of("publickey ssh-rsa AAAAB3NzaC1yc2EAAAAD\n" KEY_LINE, two);
	assert_string_not_equal(one, two);
}

static void comment_behind_the_key_does_not_matter(void **state)
{
	char one[PROOF_KEY_MAX], two[PROOF_KEY_MAX];

	(void)state;
	key_of("publickey ssh-rsa AAAAB3NzaC1yc2EAAAAD\n", one);
	key_of("publickey ssh-rsa AAAAB3NzaC1yc2EAAAAD a comment", two);
	assert_string_equal(one, two);
	assert_int_equal(strlen(one), 50);
}

static void no_key_is_an_empty_text(void **state)
{
	static const char *const infos[] = {NULL, "", "password\n", "publickey ", "publickey \n",
	    "publickey ssh-rsa", "publickey ssh-rsa \n", "publickey ssh-rsa AAA\n",
	    "publickey ssh-rsa AA!A\n", "publickey ssh-rsa ====\n",
	    "publickey ssh-rsa \xff\xff\xff\xff\n"};
	struct proof_facts f = {.tty = "tty1", .ssh_auth_info = KEY_LINE};
	char out[PROOF_KEY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(infos) / sizeof(infos[0]); i++) {
		key_of(infos[i], out);
		if (out[0] != '\0')
			fail_msg("'%s' gives %s", infos[i], out);
	}
	proof_key(&f, out);
	assert_string_equal(out, "");
}

/* The key must not be looked for beyond the end of its line. */
static void key_is_of_its_own_line(void **state)
{
	char out[PROOF_KEY_MAX];

	(void)state;
	key_of("publickey ssh-rsa\nhostbased x AAAAB3NzaC1yc2EAAAAD\n", out);
	assert_string_equal(out, "");
}

static void very_long_key_is_left_out(void **state)
{
	char *info = malloc(200000), out[PROOF_KEY_MAX];

	(void)state;
	assert_non_null(info);
	memset(info, 'A', 199999);
	info[199999] = '\0';
	memcpy(info, "publickey x ", 12);
	key_of(info, out);
	assert_string_equal(out, "");
	info[12 + 16384] = '\0'; /* the longest that sshd takes is about this */
	key_of(info, out);
	assert_int_equal(strlen(out), 50);
	free(info);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
	    T(key_is_the_fingerprint_of_ssh_keygen),
	    T(first_of_several_keys_is_told),
	    T(comment_behind_the_key_does_not_matter),
	    T(no_key_is_an_empty_text),
	    T(key_is_of_its_own_line),
	    T(very_long_key_is_left_out),
	};

	return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
