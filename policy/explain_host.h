/*
 * explain_host: what the machine around a login says: sshd's configuration for the
 * user, the last lines of the log, owners and labels of the files, the clock.
 */
#ifndef PB_EXPLAIN_HOST_H
#define PB_EXPLAIN_HOST_H

#include "policy/config_check.h"
#include "policy/explain.h"

#include <stdbool.h>
#include <stddef.h>

/* Asks `sshd -T` about the user; guarded: account has need_auth.  text says what was
 * found, or why it cannot be told. */
enum explain_ssh explain_sshd(const struct explain_query *q, bool guarded, char *text,
    size_t size);

/* What sshd's methods make of a login: the value of AuthenticationMethods, and which of
 * the methods it names are switched on. */
struct explain_methods {
	const char *list;
	bool kbdint, pubkey, password;
};
enum explain_ssh explain_sshd_methods(const struct explain_methods *m);

/* The same of what `sshd -T` has said; list takes AuthenticationMethods. */
enum explain_ssh explain_sshd_said(const char *said, char *list, size_t size);

/* What `config check` fails of the service's own lines.  0, or trouble that kept it from
 * being looked at; f is freed by the caller. */
int explain_check(const struct explain_query *q, struct config_findings *f, struct err *e);

/* What the log says were the last verdicts of the user, oldest first, a line each; ""
 * when there are none.  Returns where it was read: the journal, of root's senders only,
 * or a file, in which any local user may have written. */
#define EXPLAIN_LOG_LINES 5
const char *explain_log(const char *user, char *text, size_t size);

/* Whether a line is a verdict of the user's: time, host, program, and then nothing
 * before the module's words (exposed for its test). */
bool explain_log_is(const char *line, size_t n, const char *user);

/* "0700 root:root system_u:object_r:..." or why it cannot be told. */
void explain_mode(const char *path, char *text, size_t size);

/* Whether the kernel says that the clock is synchronised. */
bool explain_clock(void);

#endif
