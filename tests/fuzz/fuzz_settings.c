/*
 * fuzz_settings: a bastionctl.conf that is taken has every value in range, and what is printed
 * of it is taken as the same again; what is refused says where, and leaves the defaults.
 */
#include "tests/fuzz/fuzz.h"

#include "policy/settings.h"

static void check_range(const struct settings *s)
{
	const int64_t day = 86400;

	MUST(s->key_max_age >= day && s->key_max_age <= 3650 * day);
	MUST(s->key_unused >= day && s->key_unused <= 3650 * day);
	MUST(s->rotate_overlap >= 0 && s->rotate_overlap <= 90 * day);
	MUST(s->rotate_grace >= 0 && s->rotate_grace <= 365 * day);
	MUST(s->regions >= 0 && s->regions <= SETTINGS_REGIONS);
	for (int i = 0; i < s->regions; i++) {
		MUST(s->region[i][0] != '\0' && strlen(s->region[i]) < SETTINGS_REGION_MAX);
		MUST(strpbrk(s->region[i], " ,\"'\\/") == NULL);
	}
	MUST(strlen(s->assume_role) < SETTINGS_ROLE_MAX && strpbrk(s->assume_role, " \t\r") == NULL);
	MUST(s->assume_role[0] == '\0' || strncmp(s->assume_role, "arn:aws", 7) == 0);
	MUST(s->mute_file[0] == '\0' || (s->mute_file[0] == '/' &&
	    strlen(s->mute_file) < CONF_TEXT_PATH_MAX - 32));
}

static void check_printed(const struct settings *s)
{
	static char text[SETTINGS_KEYS * (SETTINGS_VALUE_MAX + 32)];
	static struct settings again;
	char value[SETTINGS_VALUE_MAX];
	const size_t end = strlen(s->mute_file);
	size_t n = 0;

	/* A blank before the slashes that were cut does not come back. */
	if (end > 0 && strchr(" \t\r", s->mute_file[end - 1]) != NULL)
		return;
	for (int i = 0; i < SETTINGS_KEYS; i++) {
		settings_value(s, i, value);
		if (strlen(value) > CONF_TEXT_LINE_MAX - 32)
			return; /* a blank behind each comma is what is too much */
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s = %s\n", settings_key(i), value);
	}
	MUST(settings_parse(&again, s->path, text, n, NULL) == 0);
	MUST(memcmp(again.region, s->region, sizeof(s->region)) == 0);
	MUST(again.key_max_age == s->key_max_age && again.rotate_grace == s->rotate_grace);
	MUST(strcmp(again.assume_role, s->assume_role) == 0);
	MUST(strcmp(again.mute_file, s->mute_file) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct settings s, none;
	struct fuzz f = {data, size};
	struct err e = {0};
	size_t len;
	char *text = (char *)fuzz_rest(&f, &len);

	if (settings_parse(&s, "/input", text, len, &e) == 0) {
		check_range(&s);
		check_printed(&s);
	} else {
		MUST(e.code == ERR_SYNTAX && strncmp(e.text, "/input:", 7) == 0);
		MUST(settings_parse(&none, "/input", "", 0, NULL) == 0);
		MUST(s.key_max_age == none.key_max_age && s.regions == 0 && s.mute_file[0] == '\0');
	}
	free(text);
	return 0;
}
