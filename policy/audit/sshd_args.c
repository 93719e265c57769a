#include "policy/audit/sshd_args.h"

#include <string.h>

#define WITH_VALUE "CEbcfghkopu"

bool sshd_args_is(const struct unit_command *c)
{
	const char *base = c->count > 0 ? strrchr(c->word[0].text, '/') : NULL;

	return c->count > 0 && strcmp(base != NULL ? base + 1 : c->word[0].text, "sshd") == 0;
}

size_t sshd_args_key(const char *text, const char **value)
{
	size_t n, at;

	text += strspn(text, " \t");
	n = strcspn(text, " \t=");
	at = n + strspn(text + n, " \t");
	at += text[at] == '=';
	*value = text + at + strspn(text + at, " \t");
	return n;
}

/* As getopt(3) does: letters in one word, the value behind its letter or in the next. */
int sshd_args(const struct unit_command *c, int (*each)(void *ctx, const struct sshd_arg *a),
    void *ctx)
{
	int r = 0;

	for (size_t i = 1; i < c->count && r == 0; i++) {
		const char *p = c->word[i].text;

		if (*p++ != '-' || *p == '\0' || *p == '-')
			return 0; /* sshd takes no other words, and stops here */
		for (; *p != '\0' && r == 0; p++) {
			struct sshd_arg a = {*p, "", c->word[i].at};

			if (strchr(WITH_VALUE, *p) == NULL) {
				r = each(ctx, &a);
				continue;
			}
			if (p[1] != '\0')
				a.value = p + 1;
			else if (i + 1 < c->count)
				a.value = c->word[++i].text, a.at = c->word[i].at;
			r = each(ctx, &a);
			break;
		}
	}
	return r;
}
