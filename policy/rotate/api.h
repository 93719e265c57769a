/*
 * api: what a rotation asks of the world, as tables of functions, so that each step of it is
 * tested with a cloud in memory (tests/unit/test_rotate.c).
 *
 * rotate_aws.h fills them for AWS, profile.h `home` for a credentials file.  e says why a
 * call has ended otherwise than ROTATE_OK.
 */
#ifndef PB_ROTATE_API_H
#define PB_ROTATE_API_H

#include "lib/core/secret.h"
#include "policy/rotate/record.h"

enum rotate_answer {
	ROTATE_OK = 0,
	ROTATE_NONE,    /* not done: there is no such user, key, secret or version */
	ROTATE_TAKEN,   /* not done: the quota is reached, the version is another's, or the label
	                 * stands elsewhere */
	ROTATE_LATER,   /* not done: too many requests */
	ROTATE_UNKNOWN, /* done or not */
	ROTATE_REFUSED, /* not done: it is not allowed, or wrong */
	ROTATE_DEAD,    /* not done: the key that signs is unknown, off, or has another secret */
	ROTATE_TROUBLE  /* not done: no connection, no memory */
};

struct rotate_key {
	char id[ROTATE_KEY_ID_MAX];
	bool active;
	int64_t created;
};

/* Keys beyond those that IAM lets a user have are an error of list(). */
struct rotate_keys {
	struct rotate_key key[ROTATE_KEYS_MOST];
	size_t count;
};

struct rotate_used {
	int64_t at; /* 0: never */
	char user[ROTATE_USER_MAX];
	char where[96]; /* "s3 in eu-west-1", or "" */
};

struct rotate_identity {
	char arn[ROTATE_ARN_MAX];
	char account[ROTATE_ACCOUNT_MAX];
};

struct rotate_iam {
	void *ctx;
	enum rotate_answer (*list)(void *ctx, const char *user, struct rotate_keys *out,
	    struct err *e);
	/* Asked once: never sent again by itself.  out is in secret memory. */
	enum rotate_answer (*create)(void *ctx, const char *user, struct rotate_pair *out,
	    struct err *e);
	enum rotate_answer (*update)(void *ctx, const char *user, const char *id, bool active,
	    struct err *e);
	enum rotate_answer (*remove)(void *ctx, const char *user, const char *id, struct err *e);
	enum rotate_answer (*used)(void *ctx, const char *id, struct rotate_used *out, struct err *e);
	/* Who signs with a pair; NULL: who signs here. */
	enum rotate_answer (*identity)(void *ctx, const struct rotate_pair *pair,
	    struct rotate_identity *out, struct err *e);
	/* The id of the key that signs here, and of the one that has assumed its role; "": none. */
	enum rotate_answer (*signer)(void *ctx, char id[ROTATE_KEY_ID_MAX],
	    char behind[ROTATE_KEY_ID_MAX], struct err *e);
	/* From now on this pair signs what this table does. */
	enum rotate_answer (*sign_with)(void *ctx, const struct rotate_pair *pair, struct err *e);
};

/* What a version of the home holds.  In secret memory. */
struct rotate_value {
	char version[ROTATE_VERSION_MAX];
	char user[ROTATE_USER_MAX]; /* "": it does not say */
	struct rotate_pair pair;
	struct secret text; /* all of it, where it has more members */
};

/* What Secrets Manager knows of the versions. */
struct rotate_stages {
	bool rotating;                    /* RotationEnabled */
	char current[ROTATE_VERSION_MAX]; /* with the label; "": none */
	char pending[ROTATE_VERSION_MAX];
	bool known; /* the version that was asked for has a label */
};

#define ROTATE_CURRENT "AWSCURRENT"
#define ROTATE_PENDING "AWSPENDING"
#define ROTATE_PREVIOUS "AWSPREVIOUS"

/* Where a key lives: a secret, or a profile of a credentials file. */
struct rotate_home {
	void *ctx;
	bool keeps; /* what was put is kept; else the journal has to, until it is current */
	/* Of a version, or (version NULL) of a label.  out is in secret memory; its text is freed
	 * and replaced. */
	enum rotate_answer (*get)(void *ctx, const char *version, const char *label,
	    struct rotate_value *out, struct err *e);
	/* Makes the version token what base says, with this pair instead, labelled AWSPENDING. */
	enum rotate_answer (*put)(void *ctx, const char *token, const struct rotate_value *base,
	    const struct rotate_pair *pair, struct err *e);
	/* AWSCURRENT goes from a version to another: TAKEN if it stands elsewhere. */
	enum rotate_answer (*move)(void *ctx, const char *to, const char *from, struct err *e);
	/* Takes AWSPENDING off a version, if it is there. */
	enum rotate_answer (*drop)(void *ctx, const char *version, struct err *e);
	enum rotate_answer (*stages)(void *ctx, const char *version, struct rotate_stages *out,
	    struct err *e);
};

struct rotate_host {
	void *ctx;
	int64_t (*now)(void *ctx);
	void (*sleep)(void *ctx, int64_t ms);
	bool (*stop)(void *ctx); /* somebody wants this process to end: asked between two steps */
	void (*say)(void *ctx, const char *line); /* to people */
};

#endif
