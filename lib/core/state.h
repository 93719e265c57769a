/*
 * state: the rule of one attempt, pure.
 *
 * state_next() takes what a login spends (the hot record) and one attempt, and
 * gives the verdict and the record to store before it is told.  No clock, no
 * randomness, no I/O: a store may run it several times over.
 *
 * MUST, each with a test of that name in tests/unit/test_state.c:
 *  - a step is accepted only if greater than every step accepted before on
 *    that device (same_code_is_refused_twice, clock_set_back_accepts_nothing_old)
 *  - a right code advances every device it matches (one_code_advances_all_matches)
 *  - a bucket judges throttle_free wrong codes, then delays, doubling
 *    (free_tries_then_doubling_delay)
 *  - a known source is not delayed by others (known_source_is_not_delayed)
 *  - a replay does not raise a bucket (replay_does_not_raise_the_bucket)
 *  - wrong codes behind a proven first factor lock at the bound (lock_at_the_bound)
 *  - a recovery code is judged in every state, once (recovery_opens_a_locked_user)
 */
#ifndef PB_STATE_H
#define PB_STATE_H

#include "lib/core/record.h"

#include <stdbool.h>
#include <stdint.h>

enum state_verdict {
	STATE_NONE = 0, /* nothing was decided: refuse */
	STATE_OK,
	STATE_WRONG,
	STATE_REPLAY,
	STATE_THROTTLED,
	STATE_LOCKED,
	STATE_INVITED, /* the word of an open invitation: nothing spent, nothing counted */
	STATE_BROKEN /* the records do not fit together: refuse, write nothing */
};

struct state_limits {
	int throttle_free;
	int64_t throttle_base; /* seconds */
	int64_t throttle_max;  /* seconds */
	int lock_after;
	int window;
	int64_t reserve_wait; /* seconds that a reservation is open (reserve.h) */
};

struct state_match {
	uint64_t id;   /* of the device */
	uint64_t step; /* greatest matching step; 0: the code is not this device's */
	uint64_t floor; /* steps up to here count as accepted (restored state) */
};

struct state_attempt {
	int64_t now;
	bool proven;          /* behind a proven first factor */
	bool remember_source; /* the source may become a known one */
	uint8_t source[16];   /* keyed hash, under the record's source_key */
	struct source from;   /* for the owner's eyes */
	bool uncounted;       /* empty or over-long: no guess, so not counted as one */
	bool invited;         /* the word of an open invitation was typed */
	bool remember;        /* a right code is remembered, for these keys: */
	uint8_t keys[16];     /* hash of the set of public keys */
	uint64_t recovery_id; /* the set in force */
	int recovery;         /* index of the recovery code typed, or -1 */
	int devices;          /* confirmed devices of the user, matched or not */
	struct state_match match[RECORD_DEVICES];
};

struct state_outcome {
	enum state_verdict verdict;
	uint64_t device;      /* id of the first device that was advanced, or met (replay) */
	bool by_recovery;
	int recovery_left;
	int64_t wait;         /* throttled: seconds until the next try is judged */
	struct record_missed missed; /* OK: wrong codes since the success before */
};

/* Applies one attempt to *hot.  When the verdict is STATE_BROKEN *hot is
 * unchanged; in every other case it is to be stored before the answer. */
void state_next(struct record_hot *hot, const struct state_attempt *a,
    const struct state_limits *l, struct state_outcome *out);

/* Wrong codes behind a proven first factor that lock, for so many devices:
 * min(lock_after, 900 / (devices x (2 x window + 1))), so that guessing
 * succeeds with at most 0.09 % (NIST SP 800-63B-4, 3.2.2). */
int state_lock_bound(const struct state_limits *l, int devices);

/* When a code of this source (keyed hash) and these keys was accepted, if that is less
 * than life seconds ago and there is no lock; else 0.  Later than now is expired. */
int64_t state_remembered(const struct record_hot *hot, const uint8_t source[16],
    const uint8_t keys[16], int64_t now, int64_t life);

/* Seconds until a code of this source (keyed hash) would be judged; 0: at once. */
int64_t state_wait(const struct record_hot *hot, const uint8_t source[16], int64_t now,
    const struct state_limits *l);

/* What `enroll-mfa unlock` takes back: the lock, every bucket and every reservation. */
void state_unlock(struct record_hot *hot);

/* What an enrolment takes back: the lock and the wrong codes, which were guesses at other
 * devices.  Wrong passwords stay: they are not about devices. */
void state_forget_codes(struct record_hot *hot);

/*
 * For reserve.c, which counts in the same buckets.
 */

/* Brings what is in hot up to now: reservations that have run out become wrong tries,
 * buckets of 30 days ago are empty, starts later than now are now. */
void state_settle(struct record_hot *hot, int64_t now, const struct state_limits *l);

/* The bucket of a source (keyed hash): its own when it is known at now, else the one that
 * it shares. */
struct record_bucket *state_bucket(struct record_hot *hot, const uint8_t source[16],
    int64_t now);
bool state_is_known(const struct record_hot *hot, const uint8_t source[16], int64_t now);

/* Seconds until a try in that bucket would be judged; 0: at once. */
int64_t state_bucket_wait(const struct record_bucket *b, int64_t now,
    const struct state_limits *l);

/* One more wrong password in a bucket, judged at since. */
void state_wrong_password(struct record_bucket *b, int64_t since);

/* The source that has logged in at now is known. */
void state_learn(struct record_hot *hot, const uint8_t source[16], int64_t now);

#endif
