/*
 * explain: what a login of one user would meet, and why: `bastionctl explain`.
 * It reads and never writes, and asks nobody for a code.
 */
#ifndef PB_EXPLAIN_H
#define PB_EXPLAIN_H

#include "lib/core/conf.h"
#include "lib/core/err.h"
#include "lib/core/record.h"
#include "lib/core/rollout.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct explain_query {
	const char *user;
	const char *service; /* "sshd" */
	const char *from;    /* an address, or NULL: at this machine, or not known */
	const char *config;  /* --config, or NULL */
	int64_t now;
};

/* What the records say; valid where state is EXPLAIN_ENROLLED or EXPLAIN_NOT. */
enum explain_state { EXPLAIN_NOT = 0, EXPLAIN_ENROLLED, EXPLAIN_TROUBLE };

struct explain_device {
	char name[RECORD_DEVICE_NAME_MAX + 1];
	bool has_key;
	uint8_t key[RECORD_HASH];
	int64_t created, last_used; /* 0: never */
};

/* What sshd does before and beside PAM's auth. */
enum explain_ssh {
	EXPLAIN_SSH_UNKNOWN = 0, /* or not asked: taken for ASKS */
	EXPLAIN_SSH_ASKS,        /* every way in ends at the code, behind a key */
	EXPLAIN_SSH_UNPROVEN,    /* it does, but not every one behind a key */
	EXPLAIN_SSH_MIXED,       /* some ways in never ask PAM */
	EXPLAIN_SSH_PAST,        /* no way in asks PAM */
	EXPLAIN_SSH_NO_PAM,      /* neither auth nor account is called */
	EXPLAIN_SSH_REFUSES      /* sshd refuses the user itself, whatever is answered */
};

struct explain {
	struct conf conf;
	struct conf_words words; /* of the service's auth line */
	char line[600];          /* FILE:LINE of that line; "" : the service has none */
	bool guarded;            /* a need_auth line in account */
	bool account_exempt;     /* by the configuration of that line */
	bool is_ssh;             /* the service is sshd's, also under another name */
	enum explain_ssh ssh;    /* put there by the caller (explain_host.h) */
	bool account;
	uid_t uid;
	int64_t expired;         /* since this day, which account refuses; 0: not */
	char hole[600];          /* FILE:LINE that opens auth without our line's yes, or "" */
	struct rollout rollout;
	enum explain_state state;
	struct err trouble; /* why it is EXPLAIN_TROUBLE */
	int devices;
	struct explain_device device[RECORD_DEVICES];
	int recovery_left;
	int64_t locked_since;   /* 0: not locked */
	int64_t wait;           /* seconds, with from only */
	int64_t worst_wait;     /* of any source */
	int remembered;         /* places that are remembered now */
	int64_t remembered_until; /* the longest of them */
	int64_t bypass_until, invited_until; /* 0: none */
	struct record_missed missed;
};

/* 0, or trouble that left nothing to tell: the configuration is wrong, or the PAM
 * service cannot be read. */
int explain(const struct explain_query *q, struct explain *x, struct err *e);

/* The records of q->user alone, under x->conf: state and all below it. */
void explain_records(const struct explain_query *q, struct explain *x);

#endif
