/*
 * steps: the changes of an enrolment, each in the order that keeps a kill at
 * any point harmless: hot gains the new entry beside the old, enroll is put,
 * then hot drops what enroll no longer names.  Removal: enroll first, then hot.
 *
 * Changes are serialised by store_lock().  A change that returns 0 is in force;
 * e->text then holds a warning where the tidying up behind it failed.
 *
 * Records are passed in memory that the caller wipes.
 */
#ifndef PB_STEPS_H
#define PB_STEPS_H

#include "lib/core/conf.h"
#include "lib/core/err.h"
#include "lib/core/record.h"
#include "lib/core/store.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The code by which a user changes the own enrolment.  steps_change(), steps_recovery()
 * and steps_remove() look under their lock, and refuse: when what it was a code of is no
 * longer in the record, when it is too old, and on a shared account, where a device
 * other than the one of the code is bound to a key. */
#define STEPS_PROOF_LIFE 300 /* seconds */
struct steps_proof {
	uint64_t device;   /* whose code it was; 0: */
	uint64_t recovery; /* the set that the recovery code is of */
	int64_t since;
};

/* Who, in an open store. */
struct steps {
	struct store *store;
	const struct conf *conf;
	const char *user;
	bool account; /* the name has an account, with this uid: */
	uid_t uid;
	int64_t now;
	const struct steps_proof *proof; /* NULL: root's change */
};

/* Fills d's id, secret (as long as its algorithm's hash, RFC 6238 section 5.1)
 * and created; algorithm, digits, period and name are the caller's. */
int steps_new_device(struct record_device *d, int64_t now, struct err *e);

struct steps_device {
	const struct record_device *device;
	const struct record_recovery *recovery; /* NULL: what is there stays */
	uint64_t confirmed_step; /* of the confirming code; 0: not confirmed */
	int *codes_kept;         /* NULL, or: how many of the earlier codes stay good */
};

/* Puts the device in force: replaces the one of the same name or adds it.  One that
 * is added to others leaves the recovery codes as they are, if any are left;
 * otherwise those of d come in their place.  Pending enrolments and a bypass end; so does the
 * invitation of somebody who had no device.  0; ERR_REFUSED (8 devices already, a secret the
 * user already has, the account is somebody else's); ERR_UNKNOWN: in force or not,
 * the disk does not say; store answers. */
int steps_enroll(const struct steps *s, const struct steps_device *d, struct err *e);

/* The same for nobody yet, judged where nothing can come between.  ERR_CONFLICT: is
 * enrolled; ERR_BAD: has a damaged enrolment; ERR_REFUSED also where the enrolment
 * of a state that has let somebody in is missing. */
int steps_enroll_new(const struct steps *s, const struct steps_device *d, struct err *e);

/* Looks whether steps_enroll() would take a device of that name, before it is shown
 * to anybody.  0, or what steps_enroll() would say. */
int steps_may_enroll(const struct steps *s, const char *device, struct err *e);

/* Any other change of the enrolment record: edit() changes r in place (zeroed but for
 * its format where there is none), and may run again where somebody else was faster.  Devices and pending enrolments that are new get
 * their entries in hot first.  Where the state of confirmed devices is missing or bad
 * it is ERR_REFUSED: `unlock` is the way.  0, what edit() returned, or store answers. */
typedef int (*steps_edit)(void *ctx, struct record_enroll *r, struct err *e);
int steps_change(const struct steps *s, steps_edit edit, void *ctx, struct err *e);

/* What else is open in a record ends: an enrolment shown at a login (its first factor may
 * be in other hands), a bypass (the phone is there again, or was taken away), and, when
 * said, the invitation. */
void steps_end_ways(struct record_enroll *r, bool invitation);

/* Whether the proof of s allows a change, before anything is asked.  0 or ERR_REFUSED;
 * store answers. */
int steps_may_change(const struct steps *s, struct err *e);

/* A new set of recovery codes; the old ones end, and what is shown and not confirmed:
 * the old codes may have shown it.  ERR_NONE: not enrolled. */
int steps_recovery(const struct steps *s, const struct record_recovery *set, struct err *e);

/* Takes back lock and delays, of somebody without an enrolment too: those of passwords; an
 * account without any record gets a state of its own.  Where hot is missing, bad or another uid's it is
 * made anew with every last step = present step + window and no recovery codes.
 * ERR_NONE: neither enrolled nor an account, or the enrolment of the state is missing. */
struct steps_unlocked {
	bool recreated;
	bool rebound;  /* because it was bound to another uid: */
	uid_t old_uid;
};
int steps_unlock(const struct steps *s, struct steps_unlocked *u, struct err *e);

/* Removes one device, or everything when device is NULL or the last one.  All other ways
 * end with the device: whoever holds it may have opened one.
 * ERR_NONE: nothing there, or no such device; ERR_REFUSED: by a proof, the last one. */
int steps_remove(const struct steps *s, const char *device, struct err *e);

struct steps_status {
	bool enrolled;
	int devices;
	struct {
		uint64_t id;
		char name[RECORD_DEVICE_NAME_MAX + 1];
		bool has_key;
		uint8_t key[RECORD_HASH];
		int64_t created;
		int64_t last_used; /* 0: never */
	} device[RECORD_DEVICES];
	bool locked;
	int64_t invited_until; /* 0: no open invitation */
	int64_t bypass_until;  /* 0: no bypass */
	int recovery_left;
	uint64_t recovery_id; /* of the set; 0: none */
	bool uid_bound;
	uid_t uid;
	struct err trouble; /* code 0: the records are whole */
};

/* Reads without changing.  0 (also for somebody not enrolled, and with
 * st->trouble set where a record is missing or bad), or store trouble. */
int steps_status(const struct steps *s, struct steps_status *st, struct err *e);

/* A hot record for nobody yet; entries and sets are added by the caller. */
int steps_new_hot(struct record_hot *hot, struct err *e);

/* Encoding into a store value. 0 or ERR_SYSTEM. */
int steps_encode_enroll(const struct record_enroll *r, struct store_value *v, struct err *e);
int steps_encode_hot(const struct record_hot *r, struct store_value *v, struct err *e);

#endif
