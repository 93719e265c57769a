#include "policy/explain_host.h"

#include "enroll/language.h"
#include "lib/core/text.h"
#include "policy/config_pamd.h"
#include "policy/config_trust.h"
#include "policy/run.h"
#include "policy/sshd_said.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/xattr.h>

#define PAM_DIR "/etc/pam.d"
#define PAM_VENDOR_DIR "/usr/lib/pam.d"
#define JOURNALCTL "/usr/bin/journalctl"
#define METHOD "keyboard-interactive"
#define LOG_TAIL (1 << 20) /* bytes of a log file that are looked through */

static bool word_is(const char *p, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(p, word, n) == 0;
}

/* What one alternative of AuthenticationMethods does: a list with commas.  sshd leaves
 * one out that names a method which is switched off: false. */
static bool see_alternative(const char *list, size_t n, const struct explain_methods *m,
    bool *asks, bool *behind_key)
{
	bool key = false;

	*asks = *behind_key = false;
	for (size_t at = 0; at < n; at += strcspn(list + at, ", ") + 1) {
		const char *p = list + at;
		size_t len = strcspn(p, ", ");
		bool kbdint = len >= sizeof(METHOD) - 1 && memcmp(p, METHOD, sizeof(METHOD) - 1) == 0;

		if ((kbdint && !m->kbdint) || (word_is(p, len, "publickey") && !m->pubkey) ||
		    (word_is(p, len, "password") && !m->password))
			return false;
		key = key || word_is(p, len, "publickey");
		*behind_key = *behind_key || (kbdint && !*asks && key);
		*asks = *asks || kbdint;
	}
	return true;
}

enum explain_ssh explain_sshd_methods(const struct explain_methods *m)
{
	bool any = false, all = true, proven = true, left = false, asks, behind_key;
	const char *list = m->list;

	if (strcmp(list, "any") == 0)
		return m->kbdint ? EXPLAIN_SSH_MIXED : EXPLAIN_SSH_PAST;
	while (*list != '\0') {
		size_t n = strcspn(list, " ");

		if (see_alternative(list, n, m, &asks, &behind_key)) {
			left = true;
			any = any || asks;
			all = all && asks;
			proven = proven && behind_key;
		}
		list += n + strspn(list + n, " ");
	}
	if (!left)
		return EXPLAIN_SSH_REFUSES;
	if (!all)
		return any ? EXPLAIN_SSH_MIXED : EXPLAIN_SSH_PAST;
	return proven ? EXPLAIN_SSH_ASKS : EXPLAIN_SSH_UNPROVEN;
}

enum explain_ssh explain_sshd_said(const char *said, char *list, size_t size)
{
	struct explain_methods m = {list, sshd_said_yes(said, "kbdinteractiveauthentication"),
	    sshd_said_yes(said, "pubkeyauthentication"),
	    sshd_said_yes(said, "passwordauthentication")};

	if (!sshd_said_value(said, "authenticationmethods", list, size))
		(void)snprintf(list, size, "any");
	return sshd_said_yes(said, "usepam") ? explain_sshd_methods(&m) : EXPLAIN_SSH_NO_PAM;
}

static const char *sshd_does(enum explain_ssh ssh, bool guarded)
{
	switch (ssh) {
	case EXPLAIN_SSH_ASKS:
		return _("asks for the code");
	case EXPLAIN_SSH_UNPROVEN:
		return _("asks for the code, not always behind a key");
	case EXPLAIN_SSH_MIXED:
		return guarded ? _("asks for the code; a login round it is refused by need_auth") :
		    _("lets people in without asking PAM for a code, by some methods");
	case EXPLAIN_SSH_PAST:
		return guarded ? _("does not ask PAM for a code: refused by need_auth") :
		    _("lets people in without asking PAM for a code");
	case EXPLAIN_SSH_REFUSES:
		return _("has no method left for this login, and refuses it");
	case EXPLAIN_SSH_NO_PAM:
	case EXPLAIN_SSH_UNKNOWN:
		break;
	}
	return _("does not use PAM, and lets people in without a code (UsePAM no)");
}

static enum explain_ssh judge_sshd(const struct sshd_login *who, const char *said, bool guarded,
    char *text, size_t size)
{
	char methods[512], service[64] = "", off[80] = "", why[400];
	enum explain_ssh ssh = explain_sshd_said(said, methods, sizeof(methods));

	if (sshd_said_refuses(said, who, ssh == EXPLAIN_SSH_ASKS || ssh == EXPLAIN_SSH_UNPROVEN,
	    why, sizeof(why)) > 0) {
		(void)snprintf(text, size, _("refuses %s, whatever is answered (%s)"), who->user, why);
		return EXPLAIN_SSH_REFUSES;
	}
	if (ssh == EXPLAIN_SSH_NO_PAM) {
		(void)snprintf(text, size, "%s", sshd_does(ssh, guarded));
		return ssh;
	}
	if (!sshd_said_yes(said, "kbdinteractiveauthentication"))
		(void)snprintf(off, sizeof(off), ", KbdInteractiveAuthentication no");
	else if (!sshd_said_yes(said, "pubkeyauthentication"))
		(void)snprintf(off, sizeof(off), ", PubkeyAuthentication no");
	/* From OpenSSH 9.8 on it may be another file that sshd goes by. */
	(void)sshd_said_value(said, "pamservicename", service, sizeof(service));
	(void)snprintf(text, size, "%s (AuthenticationMethods %s%s%s%s)", sshd_does(ssh, guarded),
	    methods, off, service[0] != '\0' ? ", PAMServiceName " : "", service);
	return ssh;
}

enum explain_ssh explain_sshd(const struct explain_query *q, bool guarded, char *text,
    size_t size)
{
	const struct sshd_login who = {.user = q->user,
	    .from = q->from != NULL ? q->from : "127.0.0.1"};
	enum explain_ssh ssh = EXPLAIN_SSH_UNKNOWN;
	struct buffer said = {0};
	struct err e = {0};

	if (sshd_said_ask(&who, &said, &e) == 0)
		ssh = judge_sshd(&who, buffer_string(&said), guarded, text, size);
	else
		(void)snprintf(text, size, _("cannot be told: %s -T: %s"), SSHD_SAID_PROGRAM, e.text);
	buffer_free(&said);
	return ssh;
}

int explain_check(const struct explain_query *q, struct config_findings *f, struct err *e)
{
	char modules[PAMD_PATH_MAX], path[PAMD_PATH_MAX];
	struct config_request all = {.config = q->config, .pam = {PAM_DIR, PAM_VENDOR_DIR},
	    .module_dir = modules, .now = q->now};
	struct config_places places = {0};
	size_t kept = 0;
	int r;

	config_module_dir(modules);
	r = config_pamd(&all, f, &places, e);
	free(places.item);
	if (pamd_find(&all.pam, q->service, path) != 0)
		path[0] = '\0';
	for (size_t i = 0; i < f->count; i++) {
		const char *text = f->item[i].text;
		size_t n = strlen(path);
		bool its = strcmp(f->item[i].service, q->service) == 0 ||
		    (n > 0 && strncmp(text, path, n) == 0 && text[n] == ':');

		if (its && f->item[i].level == CONFIG_FAIL)
			f->item[kept++] = f->item[i];
	}
	f->count = kept;
	return r;
}

/* Behind the words of a time and a host: where the tag begins, or NULL. */
static const char *skip_header(const char *p, const char *end)
{
	int words;

	if (p == end || *p == ' ' || *p == '\t')
		return NULL;
	/* "Nov 23 09:05:01 host " or "2026-11-23T09:05:01+00:00 host " */
	words = *p >= '0' && *p <= '9' ? 2 : 4;
	for (; words > 0; words--) {
		while (p < end && *p != ' ')
			p++;
		while (p < end && *p == ' ')
			p++;
	}
	return p < end ? p : NULL;
}

/* Passes over the letters of a name (and text behind it): where it goes on, or NULL. */
static const char *skip_name(const char *p, const char *end, const char *behind)
{
	static const char more[] = "_.-/@";
	const char *first = p;
	size_t n = strlen(behind);

	while (p < end && (isalnum((unsigned char)*p) || strchr(more, *p) != NULL))
		p++;
	return p > first && (size_t)(end - p) >= n && memcmp(p, behind, n) == 0 ? p + n : NULL;
}

/* "NAME: " or "NAME[PID]: " */
static const char *skip_tag(const char *p, const char *end)
{
	const char *plain = skip_name(p, end, ": ");

	if (plain != NULL || (p = skip_name(p, end, "[")) == NULL)
		return plain;
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return end - p > 3 && memcmp(p, "]: ", 3) == 0 ? p + 3 : NULL;
}

bool explain_log_is(const char *line, size_t n, const char *user)
{
	static const char module[] = "pam_bastion(";
	const char *end = line + n, *p = skip_header(line, end), *at;
	char mark[1300];
	struct text t = text_in(mark, sizeof(mark));

	if (p == NULL || (p = skip_tag(p, end)) == NULL ||
	    (size_t)(end - p) < sizeof(module) || memcmp(p, module, sizeof(module) - 1) != 0)
		return false;
	p += sizeof(module) - 1;
	if ((at = skip_name(p, end, ":auth): ")) == NULL &&
	    (at = skip_name(p, end, ":account): ")) == NULL)
		return false;
	text_add(&t, "user=");
	text_add_escaped(&t, user);
	text_add(&t, " verdict=");
	return !t.cut && (size_t)(end - at) > t.len && memcmp(at, mark, t.len) == 0;
}

/* Keeps the last EXPLAIN_LOG_LINES lines of log that are the user's. */
static void keep_last(const char *log, const char *user, struct text *out)
{
	const char *kept[EXPLAIN_LOG_LINES] = {NULL};
	int count = 0;

	for (const char *p = log; *p != '\0';) {
		size_t n = strcspn(p, "\n");

		if (explain_log_is(p, n, user))
			kept[count++ % EXPLAIN_LOG_LINES] = p;
		p += n + (p[n] != '\0');
	}
	for (int i = count > EXPLAIN_LOG_LINES ? count - EXPLAIN_LOG_LINES : 0; i < count; i++) {
		const char *p = kept[i % EXPLAIN_LOG_LINES];

		for (size_t k = 0; p[k] != '\0' && p[k] != '\n'; k++)
			text_add_char(out, (unsigned char)p[k] < 0x20 || p[k] == 0x7f ? '?' : p[k]);
		text_add_char(out, '\n');
	}
}

static bool read_tail(const char *path, char *buffer, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n = 0;

	if (f == NULL)
		return false;
	if (fseek(f, 0, SEEK_END) == 0 && ftell(f) > (long)(size - 1))
		(void)fseek(f, -(long)(size - 1), SEEK_END);
	else
		rewind(f);
	n = fread(buffer, 1, size - 1, f);
	buffer[n] = '\0';
	(void)fclose(f);
	return n > 0;
}

const char *explain_log(const char *user, char *text, size_t size)
{
	static const char *const files[] = {"/var/log/auth.log", "/var/log/secure"};
	/* What the journal knows of the sender is the kernel's word; a file has only the
	 * sender's, who may be anybody. */
	const char *const argv[] = {JOURNALCTL, "-q", "-o", "short-iso", "-n", "20000",
	    "SYSLOG_FACILITY=10", "_TRANSPORT=syslog", "_UID=0", NULL};
	struct run_said journal = {0};
	struct text out = text_in(text, size);
	const char *where = _("journal");
	char *log = NULL;
	int status;

	if (run_program(argv, &journal, &status, NULL) == 0 && status == 0 && journal.out.len > 0)
		keep_last(buffer_string(&journal.out), user, &out);
	else if ((log = malloc(LOG_TAIL)) != NULL)
		for (size_t i = 0; i < 2 && out.len == 0; i++)
			if (read_tail(where = files[i], log, LOG_TAIL))
				keep_last(log, user, &out);
	free(log);
	run_free(&journal);
	return where;
}

void explain_mode(const char *path, char *text, size_t size)
{
	char label[256];
	struct stat st;
	ssize_t n;

	if (lstat(path, &st) != 0) {
		(void)snprintf(text, size, "%s", strerror(errno));
		return;
	}
	n = lgetxattr(path, "security.selinux", label, sizeof(label) - 1);
	label[n > 0 ? n : 0] = '\0';
	(void)snprintf(text, size, "%04o uid %u%s%s", (unsigned)(st.st_mode & 07777),
	    (unsigned)st.st_uid, n > 0 ? " " : "", label);
}

bool explain_clock(void)
{
	struct timex clock = {.modes = 0};
	int state = adjtimex(&clock);

	return state >= 0 && state != TIME_ERROR && (clock.status & STA_UNSYNC) == 0;
}
