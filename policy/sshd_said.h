/*
 * sshd_said: asks `sshd -T` what holds for one login, and reads the answer.
 */
#ifndef PB_SSHD_SAID_H
#define PB_SSHD_SAID_H

#include "lib/core/err.h"
#include "policy/buffer.h"

#include <stdbool.h>
#include <stddef.h>

#define SSHD_SAID_PROGRAM "/usr/sbin/sshd"

struct sshd_login {
	const char *config; /* the main file, or NULL: the system's */
	const char *user;
	const char *from;   /* an address, or NULL: not known */
	char **group;       /* the names of his groups, or NULL: they are looked up */
	size_t groups;
	bool not_root;      /* known to be another: else he is looked up */
};

/* Its settings for the login, as lines "key value", to out, which the caller frees.  The
 * login comes in at the first port and address that sshd listens on: no Match changes
 * these, and one that asks for them makes sshd stop when they are not given.  0;
 * ERR_REFUSED with sshd's own line; ERR_NONE: no sshd; the codes of run_program(). */
int sshd_said_ask(const struct sshd_login *q, struct buffer *out, struct err *e);

/* The value of the first line of key, cut at size; false: there is none. */
bool sshd_said_value(const char *said, const char *key, char *value, size_t size);
bool sshd_said_yes(const char *said, const char *key);

/* Whether errno behind a look-up of getpwent(3) and its kin that found nothing, 0 before,
 * says that there is none: all else is trouble. */
bool sshd_said_none(int error);

/* 1: sshd turns the user away whatever he shows, by AllowUsers and its kin, and for root
 * by PermitRootLogin; asks: every way in asks PAM.  why is the setting, "DenyUsers alice".
 * 0: it does not.  -1: his groups cannot be looked up, why is the reason: the names of
 * groups say neither.  Without q->from an AllowUsers with a host is taken to fit, and a
 * DenyUsers not to. */
int sshd_said_refuses(const char *said, const struct sshd_login *q, bool asks, char *why,
    size_t size);

#endif
