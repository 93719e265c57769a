/* What the tools say: enroll/language.h, enroll/catalogue.h, err_translate(). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "enroll/catalogue.h"
#include "enroll/language.h"
#include "lib/core/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the choice ---- */

static void only_korean_in_utf8_is_korean(void **state)
{
	static const struct {
		struct language_names names;
		bool korean;
	} cases[] = {
	    {{NULL, NULL, NULL, NULL}, false},
	    {{"", "", "", ""}, false},
	    {{NULL, NULL, "ko_KR.UTF-8", NULL}, true},
	    {{NULL, NULL, "ko_KR.utf8", NULL}, true},
	    {{NULL, NULL, "ko_KR.UTF-8@x", NULL}, true},
	    {{NULL, NULL, "ko", NULL}, true},
	    {{NULL, NULL, "ko_KR", NULL}, true},
	    {{NULL, NULL, "ko_KR.eucKR", NULL}, false},
	    {{NULL, NULL, "ko_KR.EUC-KR", "ko"}, false},
	    {{NULL, NULL, "ko_KR.", NULL}, false},
	    {{NULL, NULL, "kok_IN.UTF-8", NULL}, false},
	    {{NULL, NULL, "en_US.UTF-8", NULL}, false},
	    {{"C", NULL, "ko_KR.UTF-8", "ko"}, false},
	    {{"POSIX", NULL, "ko_KR.UTF-8", "ko"}, false},
	    {{"C.UTF-8", NULL, "ko_KR.UTF-8", "ko"}, false},
	    {{NULL, "C", "ko_KR.UTF-8", "ko"}, false},
	    {{"", "ko_KR.UTF-8", "en_US.UTF-8", NULL}, true},
	    {{"en_US.UTF-8", "ko_KR.UTF-8", "ko_KR.UTF-8", NULL}, false},
	    {{"ko_KR.UTF-8", "C", "C", NULL}, true},
	    {{NULL, NULL, "en_US.UTF-8", "ko:en"}, true},
	    {{NULL, NULL, "en_US.UTF-8", "fr:ko_KR:en"}, true},
	    {{NULL, NULL, "ko_KR.UTF-8", "en_US.UTF-8:ko"}, false},
	    {{NULL, NULL, "ko_KR.UTF-8", "en"}, false},
	    {{NULL, NULL, "ko_KR.UTF-8", "fr"}, true},
	    {{NULL, NULL, "en_US.ISO-8859-1", "ko"}, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (language_is_korean(&cases[i].names) != cases[i].korean)
			fail_msg("case %zu", i);
}

static void hostile_names_choose_and_do_nothing_else(void **state)
{
	static const char *const hostile[] = {"../../tmp/x", "/tmp/x", "::::", "ko/../../x",
	    "%s%n%s", "ko\033[2J", "../ko", "."};
	char many[4096];

	(void)state;
	memset(many, ':', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		assert_false(language_is_korean(&(struct language_names){.lang = hostile[i]}));
		assert_false(language_is_korean(&(struct language_names){.lang = "en_US.UTF-8",
		    .language = hostile[i]}));
		assert_true(language_is_korean(&(struct language_names){.lang = "ko_KR.UTF-8",
		    .language = hostile[i]}));
	}
	assert_true(language_is_korean(&(struct language_names){.lang = "ko", .language = many}));
}

static void begin_leaves_no_variable_that_names_texts(void **state)
{
	static const char *const names[] = {"LANGUAGE", "LOCPATH", "NLSPATH", "TEXTDOMAINDIR"};
	char program[] = "x", option[] = "--json";
	char *const argv[] = {program, option, NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(setenv(names[i], "/tmp/x", 1), 0);
	assert_int_equal(setenv("LC_ALL", "ko_KR.UTF-8", 1), 0);
	language_begin(2, argv);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_null(getenv(names[i]));
	/* A machine reads: English. */
	assert_string_equal(language_text("out of memory"), "out of memory");
	assert_string_equal(language_plural("one", "many", 1), "one");
	assert_string_equal(language_plural("one", "many", 0), "many");
	assert_string_equal(language_in("state", "no"), "no");
	assert_int_equal(setenv("LC_ALL", "C", 1), 0);
}

/* ---- columns ---- */

static void hangul_takes_two_columns(void **state)
{
	(void)state;
	assert_int_equal(language_width(""), 0);
	assert_int_equal(language_width("abc"), 3);
	assert_int_equal(language_width("등록됨"), 6);
	assert_int_equal(language_width("등록 안 됨"), 10);
	assert_int_equal(language_width("é"), 1);
	assert_int_equal(language_width("\xed\x95"), 1);     /* cut */
}

/* ---- the file ---- */

struct file {
	char path[64];
	unsigned char bytes[256];
	size_t len;
};

static void put32(struct file *f, size_t at, uint32_t n, bool swapped)
{
	n = swapped ? __builtin_bswap32(n) : n;
	memcpy(f->bytes + at, &n, sizeof(n));
}

static void put_text(struct file *f, size_t entry, const char *text, size_t len, bool swapped)
{
	put32(f, entry, (uint32_t)len, swapped);
	put32(f, entry + 4, (uint32_t)f->len, swapped);
	memcpy(f->bytes + f->len, text, len);
	f->len += len;
	f->bytes[f->len++] = '\0';
}

/* "" and two texts, one of them with its plural. */
static void make(struct file *f, bool swapped)
{
	memset(f->bytes, 0, sizeof(f->bytes));
	put32(f, 0, 0x950412de, swapped);
	put32(f, 8, 3, swapped);
	put32(f, 12, 28, swapped);
	put32(f, 16, 52, swapped);
	f->len = 76;
	put_text(f, 28, "", 0, swapped);
	put_text(f, 36, "%d code\0%d codes", 16, swapped);
	put_text(f, 44, "Removed.", 8, swapped);
	put_text(f, 52, "Language: ko\n", 13, swapped);
	put_text(f, 60, "\xec\xbd\x94\xeb\x93\x9c %d", 9, swapped);
	put_text(f, 68, "X", 1, swapped);
}

static void write_file(const struct file *f, mode_t mode)
{
	FILE *out = fopen(f->path, "we");

	assert_non_null(out);
	assert_int_equal(fwrite(f->bytes, 1, f->len, out), f->len);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(f->path, mode), 0);
}

static int set_up(void **state)
{
	static struct file f;
	int fd;

	memcpy(f.path, "/tmp/pb-catalogue-XXXXXX", sizeof("/tmp/pb-catalogue-XXXXXX"));
	fd = mkstemp(f.path);
	*state = &f;
	return fd < 0 || close(fd) != 0;
}

static int tear_down(void **state)
{
	return unlink(((struct file *)*state)->path);
}

static void texts_are_found_in_either_byte_order(void **state)
{
	struct file *f = *state;
	struct catalogue c;

	for (int swapped = 0; swapped < 2; swapped++) {
		make(f, swapped != 0);
		write_file(f, 0644);
		assert_int_equal(catalogue_open(&c, f->path), 0);
		assert_string_equal(catalogue_find(&c, "Removed."), "X");
		assert_string_equal(catalogue_find(&c, "%d code"), "\xec\xbd\x94\xeb\x93\x9c %d");
		assert_null(catalogue_find(&c, "Removed"));
		assert_null(catalogue_find(&c, "zzz"));
		assert_null(catalogue_find(&c, "!"));
		catalogue_close(&c);
		assert_null(catalogue_find(&c, "Removed."));
	}
}

static void file_that_others_may_write_is_not_believed(void **state)
{
	struct file *f = *state;
	struct catalogue c;
	char link[80];

	make(f, false);
	write_file(f, 0664);
	assert_int_equal(catalogue_open(&c, f->path), -1);
	write_file(f, 0646);
	assert_int_equal(catalogue_open(&c, f->path), -1);
	write_file(f, 0644);
	(void)snprintf(link, sizeof(link), "%s-link", f->path);
	assert_int_equal(symlink(f->path, link), 0);
	assert_int_equal(catalogue_open(&c, link), -1);
	assert_int_equal(unlink(link), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(f->path, 65534, 65534), 0);
		assert_int_equal(catalogue_open(&c, f->path), -1);
		assert_int_equal(chown(f->path, 0, 0), 0);
	}
	assert_int_equal(catalogue_open(&c, f->path), 0);
	catalogue_close(&c);
	assert_int_equal(catalogue_open(&c, "/tmp"), -1);
	assert_int_equal(catalogue_open(&c, "/tmp/pb-there-is-none"), -1);
}

/* Whatever stands in it: opened whole, or not at all, and never read beyond. */
static void damaged_file_is_refused_or_harmless(void **state)
{
	struct file *f = *state;
	struct catalogue c;

	for (size_t len = 0; len < 130; len++) {
		make(f, false);
		if (len < f->len)
			f->len = len;
		write_file(f, 0644);
		if (catalogue_open(&c, f->path) == 0)
			(void)catalogue_find(&c, "Removed.");
		catalogue_close(&c);
	}
	for (size_t at = 0; at < 76; at++)
		for (int value = 0; value < 256; value += 51) {
			make(f, false);
			f->bytes[at] = (unsigned char)value;
			write_file(f, 0644);
			if (catalogue_open(&c, f->path) == 0)
				(void)catalogue_find(&c, "Removed.");
			catalogue_close(&c);
		}
}

/* ---- errors ---- */

static const char *translate(const char *fmt)
{
	return strcmp(fmt, "%s: long") == 0 ? "\xea\xb0\x80%s" : fmt;
}

static void errors_speak_the_language_of_the_translator(void **state)
{
	struct err e;

	(void)state;
	assert_null(err_translate(translate));
	assert_int_equal(err_set(&e, ERR_BAD, "%s: long", "x"), ERR_BAD);
	assert_string_equal(e.text, "\xea\xb0\x80x");
	assert_ptr_equal(err_translate(NULL), translate);
	(void)err_set(&e, ERR_BAD, "%s: long", "x");
	assert_string_equal(e.text, "x: long");
}

static void cut_text_ends_with_a_whole_character(void **state)
{
	char text[ERR_TEXT_MAX + 8];
	struct err e;

	(void)state;
	for (int lead = 0; lead < 3; lead++) {
		memset(text, 'a', sizeof(text));
		for (size_t at = (size_t)lead; at + 3 < sizeof(text); at += 3)
			memcpy(text + at, "\xea\xb0\x80", 3);
		text[sizeof(text) - 1] = '\0';
		(void)err_set(&e, ERR_BAD, "%s", text);
		assert_true(strlen(e.text) >= ERR_TEXT_MAX - 4);
		assert_int_equal((strlen(e.text) - (size_t)lead) % 3, 0);
	}
	memset(text, 'a', sizeof(text) - 1);
	(void)err_set(&e, ERR_BAD, "%s", text);
	assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_korean_in_utf8_is_korean),
	    cmocka_unit_test(hostile_names_choose_and_do_nothing_else),
	    cmocka_unit_test(begin_leaves_no_variable_that_names_texts),
	    cmocka_unit_test(hangul_takes_two_columns),
	    cmocka_unit_test_setup_teardown(texts_are_found_in_either_byte_order, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(file_that_others_may_write_is_not_believed, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(damaged_file_is_refused_or_harmless, set_up, tear_down),
	    cmocka_unit_test(errors_speak_the_language_of_the_translator),
	    cmocka_unit_test(cut_text_ends_with_a_whole_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
