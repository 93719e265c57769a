#include "pam_module/report.h"

#include "lib/core/source.h"
#include "pam_module/entry.h"

#include <security/pam_ext.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define LINE 1024

void report_escape(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; text != NULL && text[i] != '\0' && n + 5 < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c > 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '=')
			out[n++] = (char)c;
		else
			n += (size_t)snprintf(out + n, size - n, "\\x%02x", c);
	}
	out[n] = '\0';
}

struct line {
	char text[LINE];
	size_t len;
};

static void add(struct line *l, const char *key, const char *value)
{
	char escaped[256];
	int n;

	if (value == NULL || value[0] == '\0')
		return;
	report_escape(value, escaped, sizeof(escaped));
	n = snprintf(l->text + l->len, sizeof(l->text) - l->len, "%s%s=%s",
	    l->len > 0 ? " " : "", key, escaped);
	if (n > 0 && (size_t)n < sizeof(l->text) - l->len)
		l->len += (size_t)n;
	else
		l->text[l->len] = '\0'; /* whole or not at all */
}

/* A sentence, in quotes; only quotes and control characters are escaped. */
static void add_sentence(struct line *l, const char *key, const char *value)
{
	char clean[400];
	size_t n = 0;
	int put;

	for (size_t i = 0; value[i] != '\0' && n + 1 < sizeof(clean); i++) {
		unsigned char c = (unsigned char)value[i];

		clean[n++] = c < 0x20 || c >= 0x7f || c == '"' || c == '\\' ? '?' : (char)c;
	}
	clean[n] = '\0';
	put = snprintf(l->text + l->len, sizeof(l->text) - l->len, " %s=\"%s\"", key, clean);
	if (put > 0 && (size_t)put < sizeof(l->text) - l->len)
		l->len += (size_t)put;
	else
		l->text[l->len] = '\0';
}

static int priority(enum login_verdict v)
{
	if (v == LOGIN_OK)
		return LOG_INFO;
	return v == LOGIN_ERROR || v == LOGIN_UNAVAILABLE ? LOG_ERR : LOG_NOTICE;
}

void report_login(pam_handle_t *pamh, const struct report *r)
{
	char source[SOURCE_TEXT_MAX], number[32];
	struct line l = {.len = 0};

	source_text(&r->req->source, source);
	add(&l, "user", r->req->user);
	add(&l, "verdict", login_verdict_name(r->res->verdict));
	add(&l, "reason", r->res->reason);
	add(&l, "method", r->res->method);
	add(&l, "device", r->res->device);
	add(&l, "key", r->key);
	add(&l, "source", r->req->source.kind == SOURCE_NAME ?
	    entry_item(pamh, PAM_RHOST) : source);
	add(&l, "service", entry_item(pamh, PAM_SERVICE));
	if (r->res->device[0] != '\0') {
		(void)snprintf(number, sizeof(number), "%d", r->res->skew);
		add(&l, "skew", number);
	}
	add(&l, "store", r->res->store);
	(void)snprintf(number, sizeof(number), "%ld", r->ms);
	add(&l, "ms", number);
	if (r->res->reason != NULL && r->res->err.text[0] != '\0')
		add_sentence(&l, "detail", r->res->err.text);
	pam_syslog(pamh, priority(r->res->verdict), "%s", l.text);
}

void report_trouble(pam_handle_t *pamh, const char *reason, const struct err *e)
{
	char source[SOURCE_TEXT_MAX];
	struct line l = {.len = 0};
	struct source from;

	source_parse(entry_item(pamh, PAM_RHOST), getuid(), &from);
	source_text(&from, source);
	add(&l, "user", entry_item(pamh, PAM_USER));
	add(&l, "verdict", "error");
	add(&l, "reason", reason);
	add(&l, "source", source);
	add(&l, "service", entry_item(pamh, PAM_SERVICE));
	if (e != NULL && e->text[0] != '\0')
		add_sentence(&l, "detail", e->text);
	pam_syslog(pamh, LOG_ERR, "%s", l.text);
}
