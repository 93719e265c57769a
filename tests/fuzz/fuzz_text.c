/*
 * fuzz_text: what is printed of strange names: a log value holds printable ASCII and no
 * separator, JSON holds one string of well-formed UTF-8, and nothing is written behind
 * its room.
 */
#include "tests/fuzz/fuzz.h"

#include "enroll/language.h"
#include "enroll/line.h"
#include "lib/core/json_text.h"
#include "lib/core/text.h"
#include "pam_module/report.h"

#include <sys/mman.h>
#include <unistd.h>

static void check_log(const char *s, size_t room)
{
	char *value = malloc(room + 1), *again = malloc(room + 1);
	struct text t;

	MUST(value != NULL && again != NULL);
	report_escape(s, value, room + 1);
	t = text_in(again, room + 1);
	text_add_escaped(&t, s);
	for (const char *p = value; *p != '\0'; p++)
		MUST(*p > 0x20 && *p < 0x7f && *p != '"' && *p != '=');
	for (const char *p = again; *p != '\0'; p++)
		MUST(*p > 0x20 && *p < 0x7f && *p != '"' && *p != '=');
	/* With room for it both say the same. */
	if (room > 4 * strlen(s) + 8)
		MUST(strcmp(value, again) == 0 && !t.cut);
	free(value);
	free(again);
}

static bool is_utf8(const unsigned char *s)
{
	while (*s != '\0') {
		int more = *s < 0x80 ? 0 : *s >= 0xc2 && *s < 0xe0 ? 1 : *s >= 0xe0 && *s < 0xf0 ? 2 :
		    *s >= 0xf0 && *s < 0xf5 ? 3 : -1;

		if (more < 0)
			return false;
		for (s++; more > 0; more--, s++)
			if ((*s & 0xc0) != 0x80)
				return false;
	}
	return true;
}

static void check_json(const char *s)
{
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);

	MUST(f != NULL);
	json_text_print(f, s);
	MUST(fclose(f) == 0 && n >= 2 && out[0] == '"' && out[n - 1] == '"');
	MUST(strlen(out) == n && is_utf8((const unsigned char *)out));
	for (size_t i = 1; i < n - 1; i++) {
		MUST((unsigned char)out[i] >= 0x20 && out[i] != '"');
		if (out[i] == '\\')
			MUST(strchr("\"\\/bfnrtu", out[++i]) != NULL && i < n - 1);
	}
	free(out);
}

/* A line as a person types it, with the end of input somewhere. */
static void check_line(const uint8_t *data, size_t size, size_t cap)
{
	const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
	const size_t n = end != NULL ? (size_t)(end - data) : size;
	char line[80];
	int fd = memfd_create("line", MFD_CLOEXEC);

	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	MUST(lseek(fd, 0, SEEK_SET) == 0);
	memset(line, 'x', sizeof(line));
	if (line_read(fd, 0, line, cap) == LINE_NONE)
		MUST(size == 0);
	else
		MUST(strlen(line) <= cap - 1 && strlen(line) <= n && memcmp(line, data, strlen(line)) == 0);
	(void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	const size_t room = fuzz_byte(&f), cap = 2 + fuzz_below(&f, 78);
	char *s;

	check_line(f.at, f.left, cap);
	s = fuzz_text(&f);
	check_log(s, room);
	check_log(s, 4 * strlen(s) + 9);
	check_json(s);
	MUST(language_width(s) >= 0 && language_width(s) <= 2 * (int)strlen(s));
	MUST(language_text(s) == s && language_in("context", s) == s);
	free(s);
	return 0;
}
