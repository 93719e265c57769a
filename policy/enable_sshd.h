/*
 * enable_sshd: asks sshd what it makes of a configuration, and has it read its files
 * again.
 */
#ifndef PB_ENABLE_SSHD_H
#define PB_ENABLE_SSHD_H

#include "lib/core/err.h"

#include <stdbool.h>

#define ENABLE_SSHD_PROGRAM "/usr/sbin/sshd"
#define ENABLE_SSHD_CONFIG "/etc/ssh/sshd_config"
#define ENABLE_SSHD_DIR "/etc/ssh/sshd_config.d"
#define ENABLE_DROPIN ENABLE_SSHD_DIR "/10-bastion-mfa.conf"

struct enable_sshd {
	const char *config; /* the main file as it will be */
	const char *shown;  /* what messages call it */
	const char *user;   /* the admin, or NULL: nobody in particular */
	const char *addr;   /* where he comes from, or NULL */
};

/* `sshd -t`.  0; ERR_REFUSED with what it says; ERR_NONE: no sshd. */
int enable_sshd_test(const struct enable_sshd *q, struct err *e);

/* `sshd -T -C user=,host=,addr=`: the login of q->user needs a key and then the code
 * through PAM.  0; ERR_REFUSED with the setting that is otherwise. */
int enable_sshd_judge(const struct enable_sshd *q, struct err *e);

/* Has the running sshd read its files again: by systemd where it runs, else SIGHUP to
 * the process in its pid file.  0; ERR_NONE: none is running, nothing to do;
 * ERR_UNAVAIL: it did not work. */
int enable_sshd_reload(struct err *e);

#endif
