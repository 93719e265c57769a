#include "lib/net/aws_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Printable and without blanks: nothing that could end a header or a field of one. */
static bool is_word(const char *text, size_t most)
{
	const size_t n = strnlen(text, most + 1);

	if (n == 0 || n > most)
		return false;
	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return true;
}

static int keep(struct secret *s, const char *text)
{
	const size_t n = strlen(text) + 1;

	if (secret_new(s, n) != 0)
		return ERR_SYSTEM;
	memcpy(s->data, text, n);
	return 0;
}

int aws_key_set(struct aws_key *k, const char *id, const char *secret_key, const char *token,
    const char *expires, const char *source, struct err *e)
{
	*k = (struct aws_key){.expires = 0};
	if (token != NULL && token[0] == '\0')
		token = NULL;
	/* libcurl's user name ends at a colon. */
	if (id == NULL || !is_word(id, sizeof(k->id) - 1) || strpbrk(id, ":/,") != NULL)
		return err_set(e, ERR_BAD, "%s: the access key id is none", source);
	if (secret_key == NULL || !is_word(secret_key, AWS_KEY_MOST))
		return err_set(e, ERR_BAD, "%s: the secret access key is missing, or none", source);
	if (token != NULL && !is_word(token, AWS_KEY_MOST))
		return err_set(e, ERR_BAD, "%s: the session token is none", source);
	if (expires != NULL && expires[0] != '\0' && aws_key_time(expires, &k->expires) != 0)
		return err_set(e, ERR_BAD, "%s: the time of expiry is none", source);
	if (keep(&k->secret_key, secret_key) != 0 || (token != NULL && keep(&k->token, token) != 0)) {
		aws_key_free(k);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	(void)snprintf(k->id, sizeof(k->id), "%s", id);
	(void)snprintf(k->source, sizeof(k->source), "%s", source);
	return 0;
}

int aws_key_time(const char *text, int64_t *at)
{
	struct tm tm = {.tm_mday = 1};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	time_t t;

	*at = 0;
	if (rest == NULL)
		return ERR_BAD;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (strcmp(rest, "Z") != 0 && strcmp(rest, "+00:00") != 0 && strcmp(rest, "+0000") != 0)
		return ERR_BAD;
	if ((t = timegm(&tm)) <= 0)
		return ERR_BAD;
	*at = t;
	return 0;
}

bool aws_key_expires(const struct aws_key *k, int64_t now, int within)
{
	return k->expires != 0 && now >= k->expires - within;
}

void aws_key_free(struct aws_key *k)
{
	secret_free(&k->secret_key);
	secret_free(&k->token);
	*k = (struct aws_key){.expires = 0};
}
