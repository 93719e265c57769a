/*
 * reserve: the rule of one password, pure.
 *
 * Whoever counts a wrong password behind its check has let every parallel guess be
 * checked by then.  So a try is taken out of the bucket before: it is reserved, given
 * back when the password was right, and a wrong try when it was not, or when nobody has
 * said within `reserve_wait` which of both it was.  Nothing has to run for that: whoever
 * looks at the record next settles it.  The buckets are those of codes (state.h).
 *
 * MUST, each with a test of that name in tests/unit/test_reserve.c:
 *  - at one time no more passwords are open than the bucket has tries left
 *    (no_more_are_open_than_the_bucket_has)
 *  - given back, it leaves nothing; else it is a wrong try (given_back_leaves_nothing,
 *    not_given_back_is_a_wrong_try)
 *  - a right password takes back nothing but itself; a whole login without a code takes
 *    back the wrong passwords of its own bucket and no wrong code
 *    (right_password_resets_no_wrong_code)
 *  - wrong passwords never lock (wrong_passwords_never_lock)
 *  - a known source has room whatever the others do (known_source_always_has_room)
 */
#ifndef PB_RESERVE_H
#define PB_RESERVE_H

#include "lib/core/record.h"
#include "lib/core/state.h"

#include <stdbool.h>
#include <stdint.h>

enum reserve_answer {
	RESERVE_NONE = 0,  /* nothing was decided: refuse */
	RESERVE_TAKEN,     /* let the password be judged, after the record is stored */
	RESERVE_FULL,      /* only open ones are in the way: try again a little later */
	RESERVE_THROTTLED
};

struct reserve_try {
	int64_t now;
	uint64_t id;        /* random, not 0 */
	uint64_t former;    /* one of before that was a wrong password; 0: none */
	uint8_t source[16]; /* keyed hash, under the record's source_key */
};

/* RESERVE_TAKEN puts the try into *hot, which becomes a record of format 2.  *wait: throttled, seconds
 * until one would be judged.  *hot is to be stored where it was RESERVE_TAKEN, and where
 * there is a former one. */
enum reserve_answer reserve_take(struct record_hot *hot, const struct reserve_try *t,
    const struct state_limits *l, int64_t *wait);

/* The password was right: its reservation is gone.  False: it was not there any more (it
 * has become a wrong try, or root has reset the buckets). */
bool reserve_give_back(struct record_hot *hot, uint64_t id);

/* A login of that source has come to its end without a code of ours: the wrong passwords
 * of its bucket are forgotten.  Where no device is enrolled the source is known from now
 * on (learn: it may be); where one is, only codes make it known. */
void reserve_succeed(struct record_hot *hot, const uint8_t source[16], bool learn,
    int64_t now, const struct state_limits *l);

/* Reservations that have run out by now become wrong tries. */
void reserve_settle(struct record_hot *hot, int64_t now, const struct state_limits *l);

#endif
