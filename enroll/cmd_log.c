/*
 * cmd_log: what an administrator has opened or closed, for the log of the system.
 */
#include "enroll/cmd.h"
#include "lib/core/text.h"

#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

#define LINE 1024
#define VALUE 256

/* As the module's log has it: blanks, '"', '\', '=' and what is not printable ASCII
 * become \xNN. */
static void add(struct text *t, const char *key, const char *value)
{
	static const char hex[] = "0123456789abcdef";

	if (t->len > 0)
		text_add_char(t, ' ');
	text_add(t, key);
	text_add_char(t, '=');
	for (size_t i = 0; i < VALUE && value[i] != '\0'; i++) {
		unsigned char c = (unsigned char)value[i];

		if (c > 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '=') {
			text_add_char(t, (char)c);
			continue;
		}
		text_add(t, "\\x");
		text_add_char(t, hex[c >> 4]);
		text_add_char(t, hex[c & 15]);
	}
}

void cmd_log(const char *user, const char *note, const char *detail)
{
	const char *sudo = getenv("SUDO_USER");
	char line[LINE];
	struct text t = text_in(line, sizeof(line));

	if (user != NULL)
		add(&t, "user", user);
	add(&t, "note", note);
	if (detail[0] != '\0') {
		text_add_char(&t, ' ');
		text_add(&t, detail);
	}
	text_add(&t, " uid=");
	text_add_number(&t, getuid());
	if (sudo != NULL && sudo[0] != '\0')
		add(&t, "sudo_user", sudo);
	openlog("enroll-mfa", LOG_PID, LOG_AUTHPRIV);
	syslog(LOG_AUTHPRIV | LOG_NOTICE, "%s", line);
	closelog();
}
