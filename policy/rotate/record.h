/*
 * record: how far the rotation of one user's access key has come: what the journal keeps.
 *
 * A record may hold secrets: it lives in secret memory (lib/core/secret.h) wherever it is.
 */
#ifndef PB_ROTATE_RECORD_H
#define PB_ROTATE_RECORD_H

#include "lib/core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROTATE_KEY_ID_MAX 132
#define ROTATE_SECRET_MAX 256
#define ROTATE_USER_MAX 65
#define ROTATE_ACCOUNT_MAX 16
#define ROTATE_ARN_MAX 640
#define ROTATE_VERSION_MAX 133 /* of a secret's version, or the id of a profile's key */
#define ROTATE_HOME_MAX 1024   /* an ARN, or PATH of a credentials file and [PROFILE] */
#define ROTATE_PROFILE_MAX 128
#define ROTATE_KEYS_MOST 2     /* that IAM lets a user have */
#define ROTATE_RECORD_MAX 4000 /* bytes as it is written */

/* An access key that can sign. */
struct rotate_pair {
	char id[ROTATE_KEY_ID_MAX];
	char secret[ROTATE_SECRET_MAX]; /* "": not known here */
};

/* What was done last; what is to be done next follows from it. */
enum rotate_state {
	ROTATE_CLOSED = 0, /* nothing is under way */
	ROTATE_INTENT,     /* a key may have been created since */
	ROTATE_SUSPECT,    /* one was, and nobody here has its secret: off, then deleted */
	ROTATE_SAVED,      /* its secret is here, and maybe nowhere else */
	ROTATE_PUT,        /* and in the version `token` of the home */
	ROTATE_TESTED,     /* it works */
	ROTATE_ABORT,      /* it does not, or was given up: off, then deleted */
	ROTATE_OVERLAP,    /* it is the current one; both are active */
	ROTATE_GRACE,      /* the old one is off */
	ROTATE_BACK        /* a rollback is under way: the old one becomes current again */
};
#define ROTATE_STATES 10

enum rotate_home_kind { ROTATE_HOME_SECRET, ROTATE_HOME_PROFILE };

struct rotate_record {
	enum rotate_state state;
	enum rotate_home_kind home_kind;
	char home[ROTATE_HOME_MAX];      /* an ARN, or a path */
	char profile[ROTATE_PROFILE_MAX]; /* in that file; of a secret "" */
	char by[ROTATE_PROFILE_MAX];     /* the profile that signs; "": whatever is found */
	char account[ROTATE_ACCOUNT_MAX];
	char user[ROTATE_USER_MAX];
	char arn[ROTATE_ARN_MAX];        /* of the user: what each key has to answer to */
	char token[ROTATE_VERSION_MAX];  /* the version that holds the new key */
	char v_old[ROTATE_VERSION_MAX];  /* the one that holds the old */
	struct rotate_pair old, new;     /* id "": none */
	char before[ROTATE_KEYS_MOST][ROTATE_KEY_ID_MAX]; /* keys at the intent */
	bool off;    /* the suspect was switched off */
	bool leaves; /* beside it in the file is one with secrets (journal.c) */
	/* Seconds since 1970; 0: not yet. */
	int64_t t_intent, t_suspect, t_promoted, t_off, t_closed;
	int64_t t_own; /* when a rotation has signed with the old key itself */
};

/* Writes it as bytes.  0 or ERR_SYSTEM: it is too long. */
int rotate_record_pack(const struct rotate_record *r, unsigned char out[ROTATE_RECORD_MAX],
    size_t *len);

/* 0; ERR_BAD: it is no record of this version (r is zero). */
int rotate_record_unpack(struct rotate_record *r, const unsigned char *bytes, size_t len);

/* "closed", "intent", ... for machines and people. */
const char *rotate_state_name(enum rotate_state s);

#endif
