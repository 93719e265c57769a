/*
 * enable_sshd: asks sshd what it makes of a configuration, and has it read its files
 * again.
 */
#ifndef PB_ENABLE_SSHD_H
#define PB_ENABLE_SSHD_H

#include "lib/core/err.h"
#include "policy/buffer.h"

#include <stdbool.h>
#include <stddef.h>

#define ENABLE_SSHD_PROGRAM "/usr/sbin/sshd"
#define ENABLE_SSHD_CONFIG "/etc/ssh/sshd_config"
#define ENABLE_SSHD_DIR "/etc/ssh/sshd_config.d"
#define ENABLE_DROPIN ENABLE_SSHD_DIR "/10-bastion-mfa.conf"

struct enable_sshd {
	const char *config; /* the main file as it will be */
	const char *shown;  /* what messages call it */
	const char *user;
	const char *addr;   /* where he comes from, or NULL */
};

/* Runs `sshd -t` as argv has it, and once more where its directory of privilege separation is
 * missing, which is made.  0 with its exit status and, in line, what it said; as run_program(). */
int enable_sshd_try(const char *const argv[], int *status, char *line, size_t size, struct err *e);

/* `sshd -t`.  0; ERR_REFUSED with what it says; ERR_NONE: no sshd. */
int enable_sshd_test(const struct enable_sshd *q, struct err *e);

/* `sshd -T -C`: its settings for a login of q->user, to said, which the caller frees.  0;
 * ERR_REFUSED with what it says; ERR_NONE: no sshd. */
int enable_sshd_ask(const struct enable_sshd *q, struct buffer *said, struct err *e);

/* Whether by these settings every way in needs a key and then the code through PAM.  0;
 * ERR_REFUSED with the setting that is otherwise. */
int enable_sshd_judge(const struct enable_sshd *q, const char *said, struct err *e);

/* Some way in asks for the code and no key: what would be opened by taking the password
 * out. */
bool enable_sshd_unproven(const char *said);

/* Whether sshd lets q->user in by no method at all; why is the setting. */
bool enable_sshd_turns_away(const struct enable_sshd *q, const char *said, char *why,
    size_t size);

/* `sshd -t` of the live files.  0, also without a sshd; ERR_UNAVAIL with what it says. */
int enable_sshd_live(struct err *e);

/* Has the running sshd read its files again, unless it would refuse them: by systemd where
 * it runs, else SIGHUP to the process in its pid file.  0; ERR_NONE: none is running, nothing to do;
 * ERR_UNAVAIL: it did not work. */
int enable_sshd_reload(struct err *e);

/* Whether its pid file names a process that is a sshd. */
bool enable_sshd_has_pid(void);

#endif
