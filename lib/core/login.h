/*
 * login: one answer, judged.  The straight line of every entry to the host:
 *
 *   get enroll -> open -> match the code over the window (pure)
 *   -> update hot with state_next (pure, atomic, durable) -> verdict
 *
 * Everything is read anew; nothing is held afterwards.  A name that does not
 * exist or is not enrolled walks the same line over a decoy pair.
 */
#ifndef PB_LOGIN_H
#define PB_LOGIN_H

#include "lib/core/conf.h"
#include "lib/core/err.h"
#include "lib/core/record.h"
#include "lib/core/source.h"
#include "lib/core/sshkey.h"
#include "lib/core/state.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum login_verdict {
	LOGIN_ERROR = 0, /* zeroed memory refuses */
	LOGIN_OK,
	LOGIN_WRONG,
	LOGIN_REPLAY,
	LOGIN_THROTTLED,
	LOGIN_LOCKED,
	LOGIN_NOT_ENROLLED,
	LOGIN_UNAVAILABLE,
	LOGIN_INVITED,        /* a right invitation word: show the QR code */
	LOGIN_INVALID_INVITE  /* there is an invitation, and this is not its word */
};

struct login_request {
	const char *user; /* pw_name, or what was typed when there is no account */
	bool account;     /* getpwnam knows it */
	uid_t uid;        /* when it does */
	struct source source;
	bool proven;      /* behind a proven first factor */
	/* Proven in this login, perhaps none.  NULL: a service where none can be proven
	 * (sudo, a console), so that a device of one key is good there. */
	const struct sshkey_set *keys;
	bool take_word;   /* an invitation may be taken up here, or has been */
	const uint8_t *place; /* judge what is pending there (look.h); NULL: the devices */
	const char *answer; /* as typed; the caller wipes it */
	int64_t now;      /* seconds since 1970 */
};

struct login_result {
	enum login_verdict verdict;
	const char *reason;        /* for the log, NULL when there is none */
	const char *method;        /* "totp", "recovery", NULL */
	char device[RECORD_DEVICE_NAME_MAX + 1];
	int skew;                  /* time steps the phone is off */
	const char *store;         /* "file" */
	enum state_verdict rule;   /* what the texts go by, also for decoys */
	int64_t wait;              /* throttled: seconds */
	int recovery_left;         /* after a recovery code */
	struct record_missed missed; /* OK: wrong codes since the success before */
	struct err err;            /* reason in full, for the log */
};

/* Judges req->answer and fills *res; never fails otherwise. */
void login(const struct conf *c, const struct login_request *req, struct login_result *res);

/* The source under the record's own key, as its buckets and memories hold it.  0 or
 * ERR_SYSTEM. */
struct keyring;
int login_hash_source(const struct keyring *k, const struct record_hot *hot,
    const struct source *s, uint8_t out[16]);

/* The verdict and reason of trouble with the store: an error code. */
void login_refuse(struct login_result *res, int code);

/* "ok", "wrong", ... as in the log line. */
const char *login_verdict_name(enum login_verdict v);

#endif
