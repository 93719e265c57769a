/* Public keys as sshd reports them: fingerprints, certificates, sets. */
#include "tests/unit/scratch.h"

#include "lib/core/sshkey.h"

#define KEY_LINE "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ\n"
#define OTHER_LINE "publickey ssh-rsa AAAAB3NzaC1yc2EAAAAD\n"

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

static void key_of(const char *info, char out[SSHKEY_TEXT])
{
	struct sshkey_set set;

	sshkey_read(info, &set);
	memset(out, 'x', SSHKEY_TEXT);
	out[0] = '\0';
	if (set.count > 0)
		sshkey_text(set.hash[0], out);
	assert_true(strnlen(out, SSHKEY_TEXT) < SSHKEY_TEXT);
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
		char path[512], tail[48], info[8192], text[1024], out[SSHKEY_TEXT];
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
	char one[SSHKEY_TEXT], two[SSHKEY_TEXT];

	(void)state;
	key_of(KEY_LINE, one);
	key_of("password\n" KEY_LINE "publickey ssh-rsa AAAAB3NzaC1yc2EAAAAD\n", two);
	assert_string_equal(one, two);
	key_of("publickey ssh-rsa AAAAB3NzaC1yc2EAAAAD\n" KEY_LINE, two);
	assert_string_not_equal(one, two);
}

static void comment_behind_the_key_does_not_matter(void **state)
{
	char one[SSHKEY_TEXT], two[SSHKEY_TEXT];

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
	char out[SSHKEY_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(infos) / sizeof(infos[0]); i++) {
		key_of(infos[i], out);
		if (out[0] != '\0')
			fail_msg("'%s' gives %s", infos[i], out);
	}
}

/* The key must not be looked for beyond the end of its line. */
static void key_is_of_its_own_line(void **state)
{
	char out[SSHKEY_TEXT];

	(void)state;
	key_of("publickey ssh-rsa\nhostbased x AAAAB3NzaC1yc2EAAAAD\n", out);
	assert_string_equal(out, "");
}

static void very_long_key_is_left_out(void **state)
{
	char *info = malloc(200000), out[SSHKEY_TEXT];

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

/* A new certificate of the same key is the same person. */
static void certificate_counts_as_its_key(void **state)
{
	static char types[][12] = {"ed25519", "ecdsa", "rsa"};
	static char bits[][8] = {"256", "384", "2048"};
	char ca[512], ca_type[] = "ed25519", ca_bits[] = "256", keep[520];

	(void)state;
	make_key(ca_type, ca_bits, ca);
	(void)snprintf(keep, sizeof(keep), "%s-ca", ca);
	assert_int_equal(rename(ca, keep), 0);
	scratch_path(&sc, ca, "ed25519.pub");
	assert_int_equal(unlink(ca), 0);
	for (int i = 0; i < 3; i++) {
		char path[512], tail[48], info[16384], text[1024];
		char plain[SSHKEY_TEXT], certified[SSHKEY_TEXT];
		char name[] = "ssh-keygen", q[] = "-q", s[] = "-s", id[] = "-I", who[] = "x";
		char pub[520];
		char *argv[] = {name, q, s, keep, id, who, pub, NULL};

		make_key(types[i], bits[i], path);
		(void)snprintf(pub, sizeof(pub), "%s.pub", path);
		(void)snprintf(tail, sizeof(tail), "%s.pub", types[i]);
		info_of(tail, info, sizeof(info));
		key_of(info, plain);
		ssh_keygen(argv, text, sizeof(text));
		(void)snprintf(tail, sizeof(tail), "%s-cert.pub", types[i]);
		info_of(tail, info, sizeof(info));
		assert_non_null(strstr(info, "-cert-v01@openssh.com "));
		key_of(info, certified);
		assert_string_equal(plain, certified);
	}
}

static void damaged_certificate_is_no_key(void **state)
{
	/* string "ssh-ed25519-cert-v01@openssh.com", and nothing behind it */
	static const uint8_t blob[] = "\0\0\0\x20ssh-ed25519-cert-v01@openssh.com\0\0\0\x04nnnn"
	    "\0\0\0\x20short";
	uint8_t hash[SSHKEY_HASH];

	(void)state;
	for (size_t n = 0; n < sizeof(blob); n++)
		if (n < 4 + 32 || n > 4 + 32)
			(void)sshkey_hash(blob, n, hash);
	assert_int_equal(sshkey_hash(blob, 36, hash), ERR_SYNTAX);
	assert_int_equal(sshkey_hash(blob, 44, hash), ERR_SYNTAX);
	assert_int_equal(sshkey_hash(blob, sizeof(blob) - 1, hash), ERR_SYNTAX);
	assert_int_equal(sshkey_hash(blob, 3, hash), ERR_SYNTAX);
}

static void set_is_the_same_in_any_order(void **state)
{
	static const uint8_t none[SSHKEY_HASH];
	uint8_t one[16], two[16], three[16];
	struct sshkey_set set;

	(void)state;
	sshkey_read(KEY_LINE OTHER_LINE, &set);
	assert_int_equal(set.count, 2);
	assert_true(set.whole);
	assert_int_equal(sshkey_set_hash(&set, one), 0);
	assert_true(sshkey_has(&set, set.hash[1]));
	sshkey_read(OTHER_LINE "password\n" KEY_LINE KEY_LINE, &set);
	assert_int_equal(set.count, 2);
	assert_int_equal(sshkey_set_hash(&set, two), 0);
	assert_memory_equal(one, two, sizeof(one));
	sshkey_read(KEY_LINE, &set);
	assert_int_equal(sshkey_set_hash(&set, three), 0);
	assert_memory_not_equal(one, three, sizeof(one));
	sshkey_read(NULL, &set);
	assert_int_equal(set.count, 0);
	assert_false(sshkey_has(&set, none));
	assert_false(sshkey_has(NULL, none));
}

/* What is left out must not make two different sets the same. */
static void set_that_is_not_whole_says_so(void **state)
{
	struct sshkey_set set;

	(void)state;
	sshkey_read(KEY_LINE "publickey ssh-rsa AAA\n", &set);
	assert_int_equal(set.count, 1);
	assert_false(set.whole);
	sshkey_read("publickey a AAAAAWEA\npublickey a AAAAAWEB\npublickey a AAAAAWEC\n"
	    "publickey a AAAAAWED\npublickey a AAAAAWEE\n", &set);
	assert_int_equal(set.count, SSHKEY_MOST);
	assert_false(set.whole);
}

static void fingerprint_is_read_back(void **state)
{
	static const char *const bad[] = {"", "SHA256:", "MD5:00:11",
	    "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	    "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	    "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
	    "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	uint8_t hash[SSHKEY_HASH];
	struct sshkey_set set;
	char text[SSHKEY_TEXT];

	(void)state;
	sshkey_read(KEY_LINE, &set);
	sshkey_text(set.hash[0], text);
	assert_int_equal(sshkey_parse(text, hash), 0);
	assert_memory_equal(hash, set.hash[0], sizeof(hash));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(sshkey_parse(bad[i], hash), ERR_SYNTAX);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(key_is_the_fingerprint_of_ssh_keygen),
	    T(first_of_several_keys_is_told),
	    T(comment_behind_the_key_does_not_matter),
	    T(no_key_is_an_empty_text),
	    T(key_is_of_its_own_line),
	    T(very_long_key_is_left_out),
	    T(certificate_counts_as_its_key),
	    T(damaged_certificate_is_no_key),
	    T(set_is_the_same_in_any_order),
	    T(set_that_is_not_whole_says_so),
	    T(fingerprint_is_read_back),
	};

	return cmocka_run_group_tests_name("sshkey", tests, NULL, NULL);
}
