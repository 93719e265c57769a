#include "policy/audit/eic_log.h"

#include "policy/audit/eic.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MESSAGE 600 /* bytes that are kept of one */

struct entry {
	char message[MESSAGE], uid[16];
	int64_t time;
};

static void add(struct buffer *out, const struct entry *x)
{
	char clean[MESSAGE];
	size_t n = 0;

	for (const char *p = x->message; *p != '\0'; p++)
		clean[n++] = (unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p;
	clean[n] = '\0';
	buffer_format(out, "%" PRId64 " %s %s\n", x->time, x->uid, clean);
}

/* ---- journal ---- */

static void take_field(struct entry *x, const char *name, size_t n, const char *value, size_t len)
{
	char number[24];

	if (n == 7 && memcmp(name, "MESSAGE", 7) == 0) {
		(void)snprintf(x->message, sizeof(x->message), "%.*s", (int)(len < MESSAGE ? len : MESSAGE),
		    value);
		return;
	}
	(void)snprintf(number, sizeof(number), "%.*s", (int)(len < 20 ? len : 20), value);
	if (n == 4 && memcmp(name, "_UID", 4) == 0 && number[strspn(number, "0123456789")] == '\0')
		(void)snprintf(x->uid, sizeof(x->uid), "%.10s", number);
	else if (n == 20 && memcmp(name, "__REALTIME_TIMESTAMP", 20) == 0)
		x->time = strtoll(number, NULL, 10) / 1000000;
}

/* The value of a field that may have any bytes: 8 of its length, the lowest first, it, and
 * a newline.  Where it goes on, or NULL. */
static const char *binary(const char *p, const char *end, size_t *len)
{
	uint64_t n = 0;

	if (end - p < 8)
		return NULL;
	for (int i = 7; i >= 0; i--)
		n = n << 8 | (unsigned char)p[i];
	if (n >= (uint64_t)(end - p - 8))
		return NULL;
	*len = (size_t)n;
	return p + 8 + n + 1;
}

void eic_log_journal(const char *data, size_t len, struct buffer *out)
{
	const char *p = data, *end = data + len;
	struct entry x = {.uid = "-"};

	while (p != NULL && p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p)), *equals, *next;
		size_t n;

		if (newline == NULL)
			break; /* it was cut */
		if (newline == p) {
			if (strncmp(x.message, EIC_LOGGED, sizeof(EIC_LOGGED) - 1) == 0)
				add(out, &x);
			x = (struct entry){.uid = "-"};
			p++;
			continue;
		}
		equals = memchr(p, '=', (size_t)(newline - p));
		if (equals != NULL) {
			take_field(&x, p, (size_t)(equals - p), equals + 1, (size_t)(newline - equals) - 1);
			p = newline + 1;
			continue;
		}
		next = binary(newline + 1, end, &n);
		if (next != NULL)
			take_field(&x, p, (size_t)(newline - p), newline + 9, n);
		p = next;
	}
	if (strncmp(x.message, EIC_LOGGED, sizeof(EIC_LOGGED) - 1) == 0)
		add(out, &x);
}

/* ---- files ---- */

static int64_t read_time(const char *line, int64_t now)
{
	struct tm t = {.tm_isdst = -1};
	const time_t at = (time_t)now;
	const char *rest = strptime(line, "%Y-%m-%dT%H:%M:%S", &t);
	time_t found;

	if (rest != NULL) {
		rest += *rest == '.' ? 1 + strspn(rest + 1, "0123456789") : 0;
		if (strptime(rest, "%z", &t) != NULL) {
			const long off = t.tm_gmtoff;

			return (int64_t)timegm(&t) - off;
		}
		return (int64_t)mktime(&t);
	}
	if (localtime_r(&at, &t) == NULL || strptime(line, "%b %d %H:%M:%S", &t) == NULL)
		return 0;
	t.tm_isdst = -1;
	found = mktime(&t);
	if (found > at + 86400) {
		t.tm_year--;
		t.tm_isdst = -1;
		found = mktime(&t);
	}
	return (int64_t)found;
}

/* Behind time, host and tag, and nowhere else: a user's text may have these words, too. */
static const char *find_message(const char *line)
{
	const char *at = strstr(line, ": " EIC_LOGGED), *p = line;
	int words = *line >= '0' && *line <= '9' ? 2 : 4;

	if (at == NULL)
		return NULL;
	for (; words > 0; words--)
		p += strcspn(p, " "), p += strspn(p, " ");
	return p <= at && strcspn(p, " ") >= (size_t)(at - p) ? at + 2 : NULL;
}

void eic_log_file(const char *text, int64_t now, struct buffer *out)
{
	while (*text != '\0') {
		const size_t n = strcspn(text, "\n");
		char line[2048];
		const char *message;

		(void)snprintf(line, sizeof(line), "%.*s", (int)(n < sizeof(line) ? n : sizeof(line) - 1),
		    text);
		if ((message = find_message(line)) != NULL) {
			struct entry x = {.uid = "-", .time = read_time(line, now)};

			(void)snprintf(x.message, sizeof(x.message), "%s", message);
			add(out, &x);
		}
		text += n + (text[n] == '\n');
	}
}
