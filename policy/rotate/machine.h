/*
 * machine: the rotation of one user's access key, step by step, each of which may be the last
 * one of this process and is done again by the next.
 *
 * Always true:
 *   I1 an active key is never deleted;
 *   I2 a user never has more than two keys: one is created only where there is one at most;
 *   I3 the secret of a new key is on the disk before anything else is done;
 *   I4 AWSCURRENT names an active key that has passed the test;
 *   I5 each step may be done again;
 *   I6 whatever is changed is changed under the lock of the journal, and AWSCURRENT by
 *      compare-and-swap.
 *
 * intent -> create -> save -> put -> test -> promote -> overlap -> drain -> off -> grace ->
 * delete.  The waits are not slept: a later run goes on.
 */
#ifndef PB_ROTATE_MACHINE_H
#define PB_ROTATE_MACHINE_H

#include "policy/rotate/api.h"
#include "policy/rotate/journal.h"

/* Seconds, but where it says otherwise. */
struct rotate_times {
	int64_t period;       /* a key of this age is due */
	int64_t overlap;      /* both are active */
	int64_t overlap_most; /* as long as the old one is used */
	int64_t grace;        /* the old one is off */
	int64_t orphan;       /* a suspect is off */
	int64_t pace_ms;      /* between two tests of a new key; 7.5 times that between two lists of
	                       * keys, 60 times that until a test is given up */
};
extern const struct rotate_times rotate_times_default;

/* How far to go. */
enum rotate_until { ROTATE_TO_END, ROTATE_TO_PUT, ROTATE_TO_TESTED, ROTATE_TO_PROMOTED };

struct rotate_order {
	bool force;    /* due or not */
	bool yes;      /* what was asked is answered by yes */
	bool dry_run;  /* say what would be done */
	bool resume;   /* begin nothing new */
	bool rollback; /* back to the old key */
	bool repair;   /* where AWSCURRENT names no key that works */
	const char *token; /* of the version to be made, or NULL */
	enum rotate_until until;
};

enum rotate_end {
	ROTATE_GO = 0,  /* there is a next step */
	ROTATE_DONE,    /* what can be done now is done */
	ROTATE_DRIFT,   /* AWSCURRENT names no key that works; nothing was changed */
	ROTATE_STUCK,   /* trouble, or somebody has to decide */
	ROTATE_AGAIN,   /* try again, or wait */
	ROTATE_BUSY,    /* another process is at work */
	ROTATE_STOPPED  /* somebody wants this process to end */
};

struct rotate {
	/* Given. */
	const struct rotate_iam *iam;
	const struct rotate_home *home;
	const struct rotate_host *host;
	struct rotate_times times;
	struct rotate_order order;
	const char *state_dir;
	/* Of the machine. */
	struct journal journal;
	struct rotate_record rec;
	struct rotate_identity signer;
	char signer_id[ROTATE_KEY_ID_MAX], behind_id[ROTATE_KEY_ID_MAX];
	int64_t started;
	bool by_old; /* it has signed with the old key */
	struct rotate_value cur, other;
	struct rotate_keys keys;
	bool sure;    /* no key was created since the intent */
	bool gave_up; /* the new key was taken back */
	bool ended;   /* a rotation: no other one is begun */
	int creates, versions; /* in this process */
	struct err e;
};

/* One in secret memory, closed: rotate_free() ends it.  NULL: no memory. */
struct rotate *rotate_new(void);
void rotate_free(struct rotate **m);

/* Asks who signs and what is current, locks, loads, and makes what was given the record's
 * target.  user, account: "" or the one that it must be.  ROTATE_GO, or how it ended: m->e. */
enum rotate_end rotate_open(struct rotate *m, const struct rotate_record *target);

/* The four steps of Secrets Manager, each called by itself, any number of times: createSecret,
 * setSecret, testSecret, finishSecret.  Behind rotate_open() with order.token. */
enum rotate_end rotate_call(struct rotate *m, const char *step);

/* Switches a key off that is no home's: of target's user, whose rotations this host may not know
 * (then m->home is NULL), in its account where it says one; m->signer is known.  ROTATE_DRIFT:
 * there is no such key. */
enum rotate_end rotate_retire(struct rotate *m, const struct rotate_record *target, const char *id);

/* Goes as far as it may.  Unless ROTATE_DONE, m->e says why. */
enum rotate_end rotate_run(struct rotate *m);

#endif
