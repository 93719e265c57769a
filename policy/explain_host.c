#include "policy/explain_host.h"

#include "lib/core/text.h"
#include "policy/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/xattr.h>

#define SSHD "/usr/sbin/sshd"
#define JOURNALCTL "/usr/bin/journalctl"
#define LOG_TAIL (1 << 20) /* bytes of a log file that are looked through */

/* The value of a line "KEY value" of `sshd -T`, cut at its end; NULL: none. */
static char *value_of(char *output, const char *key, char *value, size_t size)
{
	size_t n = strlen(key);

	for (char *p = output; p != NULL && *p != '\0'; p = strchr(p, '\n'), p += p != NULL) {
		if (strncmp(p, key, n) != 0 || p[n] != ' ')
			continue;
		(void)snprintf(value, size, "%.*s", (int)strcspn(p + n + 1, "\n"), p + n + 1);
		return value;
	}
	return NULL;
}

static bool is_yes(char *output, const char *key)
{
	char value[16];

	return value_of(output, key, value, sizeof(value)) != NULL && strcmp(value, "yes") == 0;
}

/* Every alternative of AuthenticationMethods must ask PAM. */
static bool methods_ask(const char *methods, bool kbdint)
{
	if (strcmp(methods, "any") == 0)
		return false;
	while (*methods != '\0') {
		size_t n = strcspn(methods, " ");
		const char *at = memmem(methods, n, "keyboard-interactive", 20);

		if (at == NULL || !kbdint)
			return false;
		methods += n + strspn(methods + n, " ");
	}
	return true;
}

int explain_sshd(const char *user, const char *from, char *text, size_t size)
{
	struct run_said said = {0};
	char *output = NULL, methods[512], who[512];
	const char *argv[] = {SSHD, "-T", "-C", who, NULL};
	bool kbdint;
	int r = -1, status;

	(void)snprintf(who, sizeof(who), "user=%s,host=%s,addr=%s", user,
	    from != NULL ? from : "localhost", from != NULL ? from : "127.0.0.1");
	if (strpbrk(user, ",=") == NULL && run_program(argv, &said, &status, NULL) == 0 &&
	    status == 0)
		output = said.out.data;
	if (output == NULL) {
		(void)snprintf(text, size, "cannot be told: `%s -T` does not answer", SSHD);
	} else if (!is_yes(output, "usepam")) {
		r = 0;
		(void)snprintf(text, size, "does not use PAM (UsePAM no)");
	} else {
		kbdint = is_yes(output, "kbdinteractiveauthentication");
		if (value_of(output, "authenticationmethods", methods, sizeof(methods)) == NULL)
			(void)snprintf(methods, sizeof(methods), "any");
		r = methods_ask(methods, kbdint) ? 1 : 0;
		(void)snprintf(text, size, "%s (AuthenticationMethods %s%s)", r == 1 ?
		    "asks for the code" : "lets people in without asking PAM for a code", methods,
		    kbdint ? "" : ", KbdInteractiveAuthentication no");
	}
	run_free(&said);
	return r;
}

static bool is_verdict_of(const char *line, size_t n, const char *user)
{
	char mark[300];
	const char *at = memmem(line, n, "pam_bastion(", 12);

	(void)snprintf(mark, sizeof(mark), "user=%.256s ", user);
	return at != NULL && memmem(at, n - (size_t)(at - line), mark, strlen(mark)) != NULL &&
	    memmem(at, n - (size_t)(at - line), " verdict=", 9) != NULL;
}

/* Keeps the last EXPLAIN_LOG_LINES lines of log that are the user's. */
static void keep_last(const char *log, const char *user, struct text *out)
{
	const char *kept[EXPLAIN_LOG_LINES] = {NULL};
	int count = 0;

	for (const char *p = log; *p != '\0';) {
		size_t n = strcspn(p, "\n");

		if (is_verdict_of(p, n, user))
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

void explain_log(const char *user, char *text, size_t size)
{
	static const char *const files[] = {"/var/log/auth.log", "/var/log/secure"};
	const char *argv[] = {JOURNALCTL, "-q", "-o", "short-iso", "-n", "20000",
	    "SYSLOG_FACILITY=10", NULL};
	char *log = malloc(LOG_TAIL);
	struct text out = text_in(text, size);
	struct run_said journal = {0};
	int status;

	for (size_t i = 0; log != NULL && i < 2 && out.len == 0; i++)
		if (read_tail(files[i], log, LOG_TAIL))
			keep_last(log, user, &out);
	if (out.len == 0 && run_program(argv, &journal, &status, NULL) == 0 && status == 0)
		keep_last(buffer_string(&journal.out), user, &out);
	run_free(&journal);
	free(log);
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
