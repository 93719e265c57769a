#include "pam_module/report.h"

#include "lib/core/source.h"
#include "lib/core/text.h"
#include "pam_module/entry.h"

#include <security/pam_ext.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define LINE 1024

void report_escape(const char *text, char *out, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; text != NULL && text[i] != '\0' && n + 5 < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c > 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '=') {
			out[n++] = (char)c;
			continue;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	out[n] = '\0';
}

/* Whole or not at all. */
static void keep_whole(struct text *l, size_t before)
{
	if (!l->cut)
		return;
	l->len = before;
	l->data[before] = '\0';
	l->cut = false;
}

static void add(struct text *l, const char *key, const char *value)
{
	const size_t before = l->len;
	char escaped[256];

	if (value == NULL || value[0] == '\0')
		return;
	report_escape(value, escaped, sizeof(escaped));
	if (before > 0)
		text_add_char(l, ' ');
	text_add(l, key);
	text_add_char(l, '=');
	text_add(l, escaped);
	keep_whole(l, before);
}

static void add_number(struct text *l, const char *key, long number)
{
	const size_t before = l->len;

	text_add_char(l, ' ');
	text_add(l, key);
	text_add(l, number < 0 ? "=-" : "=");
	text_add_number(l, (uint64_t)(number < 0 ? -number : number));
	keep_whole(l, before);
}

/* A sentence, in quotes; only quotes and control characters are escaped. */
static void add_sentence(struct text *l, const char *key, const char *value)
{
	const size_t before = l->len;
	char clean[400];
	size_t n = 0;

	for (size_t i = 0; value[i] != '\0' && n + 1 < sizeof(clean); i++) {
		unsigned char c = (unsigned char)value[i];

		clean[n++] = c < 0x20 || c >= 0x7f || c == '"' || c == '\\' ? '?' : (char)c;
	}
	clean[n] = '\0';
	text_add_char(l, ' ');
	text_add(l, key);
	text_add(l, "=\"");
	text_add(l, clean);
	text_add_char(l, '"');
	keep_whole(l, before);
}

/* A name stands in the log as the host was named, whatever it is worth. */
static void add_source(struct text *l, const pam_handle_t *pamh, const struct source *s)
{
	char source[SOURCE_TEXT_MAX];

	source_text(s, source);
	add(l, "source", s->kind == SOURCE_NAME ? entry_item(pamh, PAM_RHOST) : source);
}

static int priority(enum login_verdict v)
{
	if (v == LOGIN_OK)
		return LOG_INFO;
	return v == LOGIN_ERROR || v == LOGIN_UNAVAILABLE ? LOG_ERR : LOG_NOTICE;
}

void report_login(pam_handle_t *pamh, const struct report *r)
{
	char line[LINE];
	struct text l = text_in(line, sizeof(line));

	add(&l, "user", r->req->user);
	add(&l, "verdict", r->verdict != NULL ? r->verdict :
	    login_verdict_name(r->res->verdict));
	add(&l, "reason", r->res->reason);
	add(&l, "method", r->res->method);
	add(&l, "device", r->res->device);
	add(&l, "key", r->key);
	add_source(&l, pamh, &r->req->source);
	add(&l, "service", entry_item(pamh, PAM_SERVICE));
	if (r->res->device[0] != '\0')
		add_number(&l, "skew", r->res->skew);
	add(&l, "store", r->res->store);
	add_number(&l, "ms", r->ms);
	if (r->res->reason != NULL && r->res->err.text[0] != '\0')
		add_sentence(&l, "detail", r->res->err.text);
	pam_syslog(pamh, priority(r->res->verdict), "%s", line);
}

void report_trouble(pam_handle_t *pamh, const char *reason, const struct err *e)
{
	char line[LINE];
	struct text l = text_in(line, sizeof(line));
	struct source from;

	source_parse(entry_item(pamh, PAM_RHOST), getuid(), &from);
	add(&l, "user", entry_item(pamh, PAM_USER));
	add(&l, "verdict", "error");
	add(&l, "reason", reason);
	add_source(&l, pamh, &from);
	add(&l, "service", entry_item(pamh, PAM_SERVICE));
	if (e != NULL && e->text[0] != '\0')
		add_sentence(&l, "detail", e->text);
	pam_syslog(pamh, LOG_ERR, "%s", line);
}

void report_decision(pam_handle_t *pamh, const struct login_request *req, const char *key,
    const struct report_decision *d)
{
	char line[LINE];
	struct text l = text_in(line, sizeof(line));

	add(&l, "user", req->user);
	add(&l, "verdict", d->verdict);
	add(&l, "reason", d->reason);
	add(&l, "device", d->device);
	add(&l, "key", key);
	add_source(&l, pamh, &req->source);
	add(&l, "service", entry_item(pamh, PAM_SERVICE));
	if (d->detail != NULL && d->detail[0] != '\0')
		add_sentence(&l, "detail", d->detail);
	pam_syslog(pamh, d->priority, "%s", line);
}

void report_change(pam_handle_t *pamh, const struct report_change *c)
{
	const bool quiet = strcmp(c->verdict, "ok") == 0 && c->reason == NULL;
	char line[LINE];
	struct text l = text_in(line, sizeof(line));
	struct source from;

	source_parse(entry_item(pamh, PAM_RHOST), getuid(), &from);
	add(&l, "user", c->user);
	add(&l, "verdict", c->verdict);
	add(&l, "reason", c->reason);
	add(&l, "method", "password");
	add(&l, "rules", c->rules);
	add_source(&l, pamh, &from);
	add(&l, "service", entry_item(pamh, PAM_SERVICE));
	pam_syslog(pamh, quiet ? LOG_INFO : LOG_NOTICE, "%s", line);
}

void report_note(pam_handle_t *pamh, const char *user, const char *note, const char *detail)
{
	char line[LINE];
	struct text l = text_in(line, sizeof(line));

	add(&l, "user", user);
	add(&l, "note", note);
	add(&l, "service", entry_item(pamh, PAM_SERVICE));
	add_sentence(&l, "detail", detail);
	pam_syslog(pamh, LOG_WARNING, "%s", line);
}
