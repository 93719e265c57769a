/*
 * cmd: the front of enroll-mfa: what was asked for, and one function a command.
 *
 * Each cmd_*() returns the exit code: 0 yes; 1 no, refused; 2 usage; 3 trouble;
 * 75 try again.  Answers go to standard output, everything else to standard
 * error.
 */
#ifndef PB_CMD_H
#define PB_CMD_H

#include "enroll/steps.h"
#include "lib/core/conf.h"
#include "lib/core/store.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { CMD_YES = 0, CMD_NO = 1, CMD_USAGE = 2, CMD_TROUBLE = 3, CMD_AGAIN = 75 };

struct cmd {
	const char *config;
	bool json;
	const char *user;   /* USER, or NULL */
	const char *file;   /* import, backup, restore */
	const char *word;   /* rekey */
	const char *issuer;
	const char *label;
	const char *device;
	const char *key; /* SHA256:... */
	const char *algorithm;
	const char *digits;
	const char *period;
	const char *qr;
	const char *png;
	const char *svg;
	const char *from;
	const char *of; /* --user */
	const char *expires;
	const char *lasts; /* --for */
	bool invert;
	bool no_confirm;
	bool orphans;
	bool replace;
	bool rebind;
	struct conf conf;
	int64_t now;  /* when the command was started */
	char *name;   /* what user points to when the account is called otherwise */
	bool account; /* cmd_account(): user has one, with this uid: */
	uid_t uid;
};

int cmd_enroll(struct cmd *c);
int cmd_self(struct cmd *c);
int cmd_init(struct cmd *c);
int cmd_status(struct cmd *c);
int cmd_list(struct cmd *c);
int cmd_verify(struct cmd *c);
int cmd_recovery(struct cmd *c);
int cmd_unlock(struct cmd *c);
int cmd_remove(struct cmd *c);
int cmd_import(struct cmd *c);
int cmd_invite(struct cmd *c);
int cmd_bypass(struct cmd *c);
int cmd_backup(struct cmd *c);
int cmd_restore(struct cmd *c);
int cmd_rekey(struct cmd *c);

/* Shared by them (cmd_common.c). */

/* "enroll-mfa: ..." on standard error; gives the exit code for e->code. */
int cmd_fail(const struct err *e);

/* Prints the warning that a change which succeeded may have left in e. */
void cmd_warn(const struct err *e);

/* Opens the store, after init where neither keyring nor records exist, or an init
 * was interrupted, and init is allowed.  0 or an exit code after its message. */
int cmd_open(struct cmd *c, struct store *s, bool may_init);

/* Looks c->user up, which becomes what the account is called: records are found
 * under that name at login.  With a store, a record of the very name that was typed
 * goes first (an import looks no names up).  0 or an exit code after its message. */
int cmd_account(struct cmd *c, struct store *store);

/* "90s", "30m", "24h", "7d" into seconds; the option is for the message.  0 or
 * ERR_SYNTAX. */
struct cmd_span {
	const char *option;
	int64_t least, most;
};
int cmd_duration(const char *text, const struct cmd_span *span, int64_t *seconds,
    struct err *e);

/* One line in the log of the system (authpriv): user=USER (unless NULL) note=NOTE
 * DETAIL, and who ran the command.  detail is key=value already, or "". */
void cmd_log(const char *user, const char *note, const char *detail);

/* 0, or ERR_SYNTAX: not a name for a device. */
int cmd_check_device(const char *name, struct err *e);

/* The hash of --key.  0 or ERR_SYNTAX. */
int cmd_check_key(const char *text, uint8_t hash[RECORD_HASH], struct err *e);

/* The time now: somebody may have sat at a prompt since the start. */
int64_t cmd_clock(void);

/* Fills s for c->user, as cmd_account() found it. */
void cmd_steps(const struct cmd *c, struct store *store, struct steps *s);

/* Asks (on a terminal) and reads one line of standard input, at most cap - 1
 * bytes, unbuffered.  false at the end of input; an over-long line is cut and
 * the rest passed over. */
bool cmd_read_line(const char *question, char *line, size_t cap);

/* The same; false, after a line that says so, also when none came in so many seconds. */
bool cmd_read_line_within(int seconds, const char *question, char *line, size_t cap);

/* "2026-11-23T18:25:00Z", or "never" / "-" for 0. */
void cmd_time(int64_t t, char text[32]);

/* "N wrong codes since ..., last from ...", in the words of a login; nothing for none. */
void cmd_print_missed(const struct record_missed *missed);

/* Prints the ten codes, once. */
void cmd_print_codes(const char *user, char codes[RECORD_CODES][20]);

#endif
