#include "policy/explain_host.h"

#include "enroll/language.h"
#include "lib/core/text.h"
#include "policy/run.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/xattr.h>

#define SSHD "/usr/sbin/sshd"
#define JOURNALCTL "/usr/bin/journalctl"
#define METHOD "keyboard-interactive"
#define LOG_TAIL (1 << 20) /* bytes of a log file that are looked through */

/* The value of a line "KEY value" of `sshd -T`, cut at its end; NULL: none. */
static char *value_of(const char *output, const char *key, char *value, size_t size)
{
	size_t n = strlen(key);

	for (const char *p = output; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n') {
		if (strncmp(p, key, n) != 0 || p[n] != ' ')
			continue;
		(void)snprintf(value, size, "%.*s", (int)strcspn(p + n + 1, "\n"), p + n + 1);
		return value;
	}
	return NULL;
}

static bool is_yes(const char *output, const char *key)
{
	char value[16];

	return value_of(output, key, value, sizeof(value)) != NULL && strcmp(value, "yes") == 0;
}

/* What one alternative of AuthenticationMethods does: a list with commas. */
static void see_alternative(const char *list, size_t n, bool *asks, bool *behind_key)
{
	bool key = false;

	*asks = *behind_key = false;
	for (size_t at = 0; at < n && !*asks; at += strcspn(list + at, ", ") + 1) {
		const char *p = list + at;
		size_t len = strcspn(p, ", ");

		key = key || (len == 9 && memcmp(p, "publickey", 9) == 0);
		*asks = len >= sizeof(METHOD) - 1 && memcmp(p, METHOD, sizeof(METHOD) - 1) == 0;
	}
	*behind_key = *asks && key;
}

enum explain_ssh explain_sshd_methods(const char *methods, bool kbdint)
{
	bool any = false, all = true, proven = true, asks, behind_key;

	if (!kbdint)
		return EXPLAIN_SSH_PAST;
	if (strcmp(methods, "any") == 0)
		return EXPLAIN_SSH_MIXED;
	while (*methods != '\0') {
		size_t n = strcspn(methods, " ");

		see_alternative(methods, n, &asks, &behind_key);
		any = any || asks;
		all = all && asks;
		proven = proven && behind_key;
		methods += n + strspn(methods + n, " ");
	}
	if (!all || !any)
		return any ? EXPLAIN_SSH_MIXED : EXPLAIN_SSH_PAST;
	return proven ? EXPLAIN_SSH_ASKS : EXPLAIN_SSH_UNPROVEN;
}

/* Where sshd listens, for `Match LocalAddress` and `Match LocalPort`: the first of its
 * ports and addresses.  The answer is for a login that comes in there. */
static void find_own(const char *output, const char *from, char *own, size_t size)
{
	char port[16] = "22", address[128] = "";
	bool six = from != NULL && strchr(from, ':') != NULL;
	size_t n;

	(void)value_of(output, "port", port, sizeof(port));
	if (value_of(output, "listenaddress", address, sizeof(address)) != NULL &&
	    address[0] == '[' && (n = strcspn(address, "]")) > 0) {
		memmove(address, address + 1, n - 1);
		address[n - 1] = '\0';
	} else {
		address[strcspn(address, ":")] = '\0';
	}
	if (address[0] == '\0' || strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0)
		(void)snprintf(address, sizeof(address), "%s", six ? "::1" : "127.0.0.1");
	(void)snprintf(own, size, "laddr=%s,lport=%s", address, port);
}

/* `sshd -T -C`: 0, or a code, and text says why. */
static int ask_sshd(const struct explain_query *q, const char *own, struct run_said *said,
    char *text, size_t size)
{
	char who[800], line[400];
	const char *const argv[] = {SSHD, "-T", "-C", who, NULL};
	struct err e = {0};
	int status, r;

	(void)snprintf(who, sizeof(who), "user=%.256s,host=%.128s,addr=%.128s,%s", q->user,
	    q->from != NULL ? q->from : "localhost", q->from != NULL ? q->from : "127.0.0.1", own);
	run_free(said); /* of the time before */
	r = run_program(argv, said, &status, &e);
	run_line(said, line, sizeof(line));
	if (r == 0 && status == 0)
		return 0;
	(void)snprintf(text, size, _("cannot be told: %s -T: %s"), SSHD,
	    r != 0 ? e.text : line[0] != '\0' ? line : _("fails and says nothing"));
	return r != 0 ? r : ERR_REFUSED;
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
	case EXPLAIN_SSH_NO_PAM:
	case EXPLAIN_SSH_UNKNOWN:
		break;
	}
	return _("does not use PAM, and lets people in without a code (UsePAM no)");
}

static enum explain_ssh judge_sshd(const char *output, bool guarded, char *text, size_t size)
{
	bool kbdint = is_yes(output, "kbdinteractiveauthentication");
	enum explain_ssh ssh = EXPLAIN_SSH_NO_PAM;
	char methods[512], service[64] = "";

	if (!is_yes(output, "usepam")) {
		(void)snprintf(text, size, "%s", sshd_does(ssh, guarded));
		return ssh;
	}
	if (value_of(output, "authenticationmethods", methods, sizeof(methods)) == NULL)
		(void)snprintf(methods, sizeof(methods), "any");
	ssh = explain_sshd_methods(methods, kbdint);
	/* From OpenSSH 9.8 on it may be another file that sshd goes by. */
	(void)value_of(output, "pamservicename", service, sizeof(service));
	(void)snprintf(text, size, "%s (AuthenticationMethods %s%s%s%s)", sshd_does(ssh, guarded),
	    methods, kbdint ? "" : ", KbdInteractiveAuthentication no",
	    service[0] != '\0' ? ", PAMServiceName " : "", service);
	return ssh;
}

enum explain_ssh explain_sshd(const struct explain_query *q, bool guarded, char *text,
    size_t size)
{
	enum explain_ssh ssh = EXPLAIN_SSH_UNKNOWN;
	struct run_said said = {0};
	char usual[200], own[200];
	int r;

	if (strpbrk(q->user, ",= ") != NULL) {
		(void)snprintf(text, size, _("cannot be told: %s -T does not take such a name"), SSHD);
		return ssh;
	}
	/* No Match changes where it listens.  It has to be given all the same, or a Match
	 * that asks for it makes sshd stop. */
	find_own("", q->from, usual, sizeof(usual));
	r = ask_sshd(q, usual, &said, text, size);
	if (r == 0) {
		find_own(buffer_string(&said.out), q->from, own, sizeof(own));
		if (strcmp(own, usual) != 0)
			r = ask_sshd(q, own, &said, text, size);
	}
	if (r == 0)
		ssh = judge_sshd(buffer_string(&said.out), guarded, text, size);
	run_free(&said);
	return ssh;
}

/* Behind the words of a time and a host: where the tag begins, or NULL. */
static const char *skip_header(const char *p, const char *end)
{
	/* "Nov 23 09:05:01 host " or "2026-11-23T09:05:01+00:00 host " */
	int words = *p >= '0' && *p <= '9' ? 2 : 4;

	if (*p == ' ' || *p == '\t')
		return NULL;
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
