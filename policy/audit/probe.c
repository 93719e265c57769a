#include "policy/audit/probe.h"

#include <stdio.h>
#include <string.h>

#define USER_MOST 32

static bool is_in(const char *set, char c)
{
	return c != '\0' && strchr(set, c) != NULL;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

bool probe_user_is_allowed(const char *user)
{
	const size_t n = strlen(user);

	if (n == 0 || n > USER_MOST || !is_in(LETTERS "_", user[0]))
		return false;
	for (size_t i = 1; i < n; i++)
		if (!is_in(LETTERS "0123456789_-", user[i]) && !is_in(i + 1 < n ? "@." : "$", user[i]))
			return false;
	return true;
}

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

#define OFFERING "debug1: Offering public key: "
#define CONTINUE "debug1: Authentications that can continue: "
#define DENIED "@127.0.0.1: Permission denied ("

/* Whether one of the n bytes' words is this; set: what is between words. */
static bool has_word(const char *text, size_t n, const char *set, const char *word)
{
	for (const char *end = text + n; text < end; text++) {
		const size_t left = (size_t)(end - text), len = strcspn(text, set);

		if (len == strlen(word) && len <= left && memcmp(text, word, len) == 0)
			return true;
		text += len < left ? len : left;
	}
	return false;
}

/* A line of n bytes, in the order of ssh: the banner of a server comes before, and cannot
 * know the key. */
static void read_line(const char *line, size_t n, const char *fingerprint, struct probe_login *to)
{
	if (begins(line, OFFERING))
		to->offered = to->offered || has_word(line, n, " \r\n", fingerprint);
	else if (begins(line, CONTINUE))
		to->refused = to->refused || (to->offered && has_word(line + strlen(CONTINUE),
		    n - strlen(CONTINUE), ", \r\n", "publickey"));
	else if (begins(line, "debug1: Server accepts key: "))
		to->accepted = true;
	else if (begins(line, "Authenticated ") || begins(line, "debug1: Authentication succeeded"))
		to->partial = true;
	if (n > 0 && !begins(line, "debug") && !begins(line, "Warning: Permanently added"))
		(void)snprintf(to->last, sizeof(to->last), "%.*s", (int)n, line);
}

/* A banner may say anything: a line of it that is taken for one of ssh's can only make it
 * fail, as a denial is the last that ssh says. */
void probe_read_login(const char *said, const char *fingerprint, struct probe_login *to)
{
	const char *denial;

	*to = (struct probe_login){.last = ""};
	for (const char *line = said; *line != '\0'; line += strspn(line, "\r\n")) {
		const size_t n = strcspn(line, "\r\n");

		read_line(line, n, fingerprint, to);
		line += n;
	}
	denial = strstr(to->last, DENIED);
	to->denied = denial != NULL && has_word(denial + strlen(DENIED),
	    strlen(denial + strlen(DENIED)), ",).", "publickey");
}
