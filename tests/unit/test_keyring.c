/* The master keys: keyring.h. */
#include "tests/unit/scratch.h"

#define KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" /* 0, 1, .. 31 */
#define KEY_B "//////////////////////////////////////////8="

static struct scratch sc;
static char path[512];

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(crypto_init(), 0);
	scratch_dir(&sc);
	scratch_path(&sc, path, "keyring");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(&sc);
	return 0;
}

static int parse(const char *text, struct keyring *k, struct err *e)
{
	return keyring_parse(k, "/etc/k", text, strlen(text), e);
}

static int load_code(void)
{
	struct keyring k;

	memset(&k, 0xee, sizeof(k));
	return keyring_load(&k, path, NULL, NULL);
}

static void first_line_is_the_first_key(void **state)
{
	struct keyring k;

	(void)state;
	assert_int_equal(parse("k1 " KEY_A "\nk2 " KEY_B "\n", &k, NULL), 0);
	assert_int_equal(k.count, 2);
	assert_string_equal(k.key[0].id, "k1");
	assert_string_equal(k.key[1].id, "k2");
	for (int i = 0; i < KEYRING_KEY_SIZE; i++) {
		assert_int_equal(k.key[0].bytes[i], i);
		assert_int_equal(k.key[1].bytes[i], 255);
	}
	assert_ptr_equal(keyring_find(&k, "k2"), &k.key[1]);
	assert_null(keyring_find(&k, "k3"));
	assert_null(keyring_find(&k, ""));
}

static void comments_empty_lines_and_a_missing_last_newline_are_fine(void **state)
{
	struct keyring k;

	(void)state;
	assert_int_equal(parse("# kept safe\n\nk1 " KEY_A "\n\n#k2 " KEY_B "\nk3 " KEY_B, &k,
	    NULL), 0);
	assert_int_equal(k.count, 2);
}

static void bad_line_is_named_with_file_and_number(void **state)
{
	static const char *const lines[] = {
	    "k1", "k1 ", " " KEY_A, KEY_A, "k1  " KEY_A, "k1\t" KEY_A, "k1 " KEY_A " ",
	    "k1 " KEY_A "\r", "k1 " KEY_A "=", "k1 AAAA", "k/1 " KEY_A, "k.1 " KEY_A,
	    "k=1 " KEY_A, "k\xc3\xa9 " KEY_A,
	    /* 33, 31 and 33 bytes of key; a character that is not base64's */
	    "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g",
	    "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
	    "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8!",
	    "k1 AAECAwQFBgcICQoLDA0ODxAR-hMUFRYXGBkaGxwdHh8=",
	    "k1 AAECAwQFBgcICQoLDA0ODxA=EhMUFRYXGBkaGxwdHh8=",
	    "k1 \nAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
	    "abcdefghijklmnopqrstuvwxyzabcdefg " KEY_A};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct keyring k;
		struct err e = {0};
		char text[256];

		(void)snprintf(text, sizeof(text), "good " KEY_B "\n%s\n", lines[i]);
		if (parse(text, &k, &e) != ERR_KEYRING)
			fail_msg("accepted: %s", lines[i]);
		assert_int_equal(strncmp(e.text, "/etc/k:2: ", 10), 0);
		assert_null(strstr(e.text, "AAEC")); /* no key in a message */
	}
}

static void id_given_twice_is_refused(void **state)
{
	struct keyring k;
	struct err e = {0};

	(void)state;
	assert_int_equal(parse("k1 " KEY_A "\nk1 " KEY_B "\n", &k, &e), ERR_KEYRING);
	assert_int_equal(strncmp(e.text, "/etc/k:2: ", 10), 0);
}

static void nul_byte_is_refused(void **state)
{
	char text[] = "k1 " KEY_A "\nk\0 " KEY_B "\n";
	struct keyring k;

	(void)state;
	assert_int_equal(keyring_parse(&k, "/etc/k", text, sizeof(text) - 1, NULL),
	    ERR_KEYRING);
}

static void keyring_without_a_key_is_refused(void **state)
{
	struct keyring k;

	(void)state;
	assert_int_equal(parse("", &k, NULL), ERR_KEYRING);
	assert_int_equal(parse("\n\n# nothing\n", &k, NULL), ERR_KEYRING);
}

static void more_than_eight_keys_are_refused(void **state)
{
	char text[1024] = "";
	struct keyring k;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < KEYRING_KEYS; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "k%d " KEY_A "\n", i);
	assert_int_equal(parse(text, &k, NULL), 0);
	assert_int_equal(k.count, KEYRING_KEYS);
	(void)snprintf(text + n, sizeof(text) - n, "k9 " KEY_A "\n");
	assert_int_equal(parse(text, &k, NULL), ERR_KEYRING);
}

static void longest_id_is_kept(void **state)
{
	struct keyring k;

	(void)state;
	assert_int_equal(parse("ABCDEFGHIJKLMNOPQRSTUVWXYZ-_0189 " KEY_A "\n", &k, NULL), 0);
	assert_string_equal(k.key[0].id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_0189");
}

static void new_line_is_a_keyring_with_a_random_key(void **state)
{
	char one[128], two[128];
	struct keyring a, b;

	(void)state;
	assert_int_equal(keyring_new_line(one, sizeof(one), NULL), 0);
	assert_int_equal(keyring_new_line(two, sizeof(two), NULL), 0);
	assert_int_equal(parse(one, &a, NULL), 0);
	assert_int_equal(parse(two, &b, NULL), 0);
	assert_int_equal(a.count, 1);
	assert_string_not_equal(a.key[0].id, b.key[0].id);
	assert_memory_not_equal(a.key[0].bytes, b.key[0].bytes, KEYRING_KEY_SIZE);
	assert_int_equal(one[strlen(one) - 1], '\n');
}

static void file_must_be_roots_alone(void **state)
{
	char line[128], other[512];
	static const mode_t modes[] = {0640, 0604, 0660, 0644, 0601, 0777};

	(void)state;
	assert_int_equal(load_code(), ERR_NONE);
	assert_int_equal(keyring_new_line(line, sizeof(line), NULL), 0);
	scratch_write(path, line, strlen(line), 0600);
	assert_int_equal(load_code(), 0);
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(load_code(), 0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_int_equal(load_code(), ERR_UNSAFE);
	}
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(chown(path, 1, 0), 0);
	assert_int_equal(load_code(), ERR_UNSAFE);
	assert_int_equal(chown(path, 0, 0), 0);
	scratch_path(&sc, other, "other");
	assert_int_equal(link(path, other), 0);
	assert_int_equal(load_code(), ERR_UNSAFE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(load_code(), ERR_UNSAFE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(load_code(), ERR_UNSAFE);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(load_code(), ERR_UNSAFE);
}

static void directory_of_the_file_must_be_roots_alone(void **state)
{
	char line[128];

	(void)state;
	assert_int_equal(keyring_new_line(line, sizeof(line), NULL), 0);
	scratch_write(path, line, strlen(line), 0600);
	assert_int_equal(chmod(sc.dir, 0770), 0);
	assert_int_equal(load_code(), ERR_UNSAFE);
	assert_int_equal(chmod(sc.dir, 0755), 0);
	assert_int_equal(load_code(), 0);
}

static void content_that_is_no_keyring_is_refused(void **state)
{
	static char much[100000];

	(void)state;
	scratch_write(path, "rubbish\n", 8, 0600);
	assert_int_equal(load_code(), ERR_KEYRING);
	memset(much, '\n', sizeof(much));
	scratch_write(path, much, sizeof(much), 0600);
	assert_int_equal(load_code(), ERR_KEYRING);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(first_line_is_the_first_key),
	    T(comments_empty_lines_and_a_missing_last_newline_are_fine),
	    T(bad_line_is_named_with_file_and_number),
	    T(id_given_twice_is_refused),
	    T(nul_byte_is_refused),
	    T(keyring_without_a_key_is_refused),
	    T(more_than_eight_keys_are_refused),
	    T(longest_id_is_kept),
	    T(new_line_is_a_keyring_with_a_random_key),
	    T(file_must_be_roots_alone),
	    T(directory_of_the_file_must_be_roots_alone),
	    T(content_that_is_no_keyring_is_refused),
	};

	return cmocka_run_group_tests_name("keyring", tests, NULL, NULL);
}
