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

/* A banner may say anything: a line of it that is taken for one of ssh's can only make it
 * fail, as a denial is the last that ssh says. */
void probe_read_login(const char *said, int status, char *words, size_t size, char *last,
    size_t last_size)
{
	bool accepted = false, partial = false, denied;

	last[0] = '\0';
	for (const char *line = said; *line != '\0';) {
		const size_t n = strcspn(line, "\r\n");

		accepted = accepted || begins(line, "debug1: Server accepts key: ");
		if (begins(line, "Authenticated ") || begins(line, "debug1: Authentication succeeded"))
			partial = true;
		if (n > 0 && !begins(line, "debug") && !begins(line, "Warning: Permanently added"))
			(void)snprintf(last, last_size, "%.*s", (int)n, line);
		line += n;
		line += strspn(line, "\r\n");
	}
	denied = strstr(last, "@127.0.0.1: Permission denied (") != NULL;
	(void)snprintf(words, size, "status=%d accepted=%s partial=%s denied=%s", status,
	    accepted ? "yes" : "no", partial ? "yes" : "no", denied ? "yes" : "no");
}
