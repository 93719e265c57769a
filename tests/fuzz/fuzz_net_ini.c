/*
 * fuzz_net_ini: of a file of profiles that is taken, each key is found in its section, once, and
 * has neither blanks at its ends nor line feeds; what is refused names its line and repeats
 * nothing of it.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/net/aws_ini.h"

#define MARK "hunter2"

static void check_value(const char *text)
{
	const size_t n = strlen(text);

	MUST(strchr(text, '\n') == NULL);
	MUST(n == 0 || (strchr(" \t\r", text[0]) == NULL || text[0] == '\r'));
	MUST(n == 0 || strchr(" \t\r", text[n - 1]) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	struct aws_ini i;
	struct err e = {0};
	size_t len;
	char *text = (char *)fuzz_rest(&f, &len);
	const int r = aws_ini_parse(&i, "input", text, len, &e);

	if (r == 0) {
		for (size_t n = 0; n < i.count; n++) {
			const struct aws_ini_key *k = &i.key[n];

			MUST(k->section[0] != '\0' && aws_ini_has(&i, k->section));
			MUST(k->name == NULL || aws_ini_get(&i, k->section, k->name) == k->value);
			if (k->name != NULL)
				check_value(k->value);
		}
	} else {
		MUST(strncmp(e.text, "input:", 6) == 0 && strstr(e.text, MARK) == NULL);
		MUST(i.key == NULL && i.text.data == NULL && i.count == 0);
	}
	aws_ini_free(&i);
	free(text);
	return 0;
}
