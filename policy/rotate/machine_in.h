/*
 * machine_in: what the files of the machine share, and nobody else.
 */
#ifndef PB_ROTATE_MACHINE_IN_H
#define PB_ROTATE_MACHINE_IN_H

#include "policy/rotate/machine.h"

/* Fills m->e as err_set() does, and is the end given. */
#define ROTATE_END(m, end, ...) ((void)err_set(&(m)->e, 0, __VA_ARGS__), (end))
/* Tells people. */
#define ROTATE_SAY(m, ...) \
	do { \
		struct err said_; \
		(void)err_set(&said_, 0, __VA_ARGS__); \
		(m)->host->say((m)->host->ctx, said_.text); \
	} while (0)

/* "AKIA...ABCD": as much of an id as people need. */
struct rotate_short {
	char text[16];
};
struct rotate_short rotate_short(const char *id);
/* 2026-11-30T05:12:18Z */
struct rotate_when {
	char text[24];
};
struct rotate_when rotate_when(int64_t at);

int64_t rotate_now(const struct rotate *m);

/* ROTATE_STOPPED, with its reason, or ROTATE_GO. */
enum rotate_end rotate_is_stopped(struct rotate *m);
/* A pause in a step.  MUST: nothing is concluded from one that was cut short
 * (key_whose_test_is_stopped_is_not_given_up). */
enum rotate_end rotate_pause(struct rotate *m, int64_t ms);

/* How a call that was not ROTATE_OK ends the run; m->e is the call's. */
enum rotate_end rotate_failed(enum rotate_answer a);

/* Remembers since when a key is off that is no rotation's; only a closed record does. */
enum rotate_end rotate_note_off(struct rotate *m, const char *id);

/* A new version for m->rec.  0, or a code. */
int rotate_new_token(struct rotate *m);

/* Whether who is the user whose key this is; learns his ARN where it is not known yet. */
bool rotate_is_user(struct rotate *m, const struct rotate_identity *who);

/* Brings the record to the disk with a new state.  ROTATE_GO, or ROTATE_STUCK. */
enum rotate_end rotate_save(struct rotate *m, enum rotate_state s);
/* Ends the rotation: no secret is left on the disk.  ROTATE_GO: it is closed. */
enum rotate_end rotate_close_record(struct rotate *m);

/* MUST: a user of this name in another account is another
 * (rotation_of_another_account_is_not_told_to_be_done).  ROTATE_GO: it is m->signer's. */
enum rotate_end rotate_check_account(struct rotate *m, const struct rotate_record *target);

/* The current key is of people.  ROTATE_STUCK. */
enum rotate_end rotate_overtaken(struct rotate *m);

/* Asks anew for m->keys and m->cur. */
enum rotate_end rotate_look(struct rotate *m);
/* The key of an id, or NULL. */
const struct rotate_key *rotate_key_of(const struct rotate *m, const char *id);
/* Lists may be late: the new key is in none yet.  ROTATE_AGAIN. */
enum rotate_end rotate_not_listed(struct rotate *m);
/* Whether a version of the home with a label holds the key. */
enum rotate_end rotate_is_home(struct rotate *m, const char *id, bool *yes);
/* Asks for m->keys ROTATE_LISTS times over half a minute, until one shows a key that is new
 * since the intent: its id, or "". */
#define ROTATE_LISTS 3
enum rotate_end rotate_find_new(struct rotate *m, char id[ROTATE_KEY_ID_MAX]);
/* The new key is so young that AWS may not tell it everywhere. */
bool rotate_is_young(const struct rotate *m);
/* Deletes a key that is off, or in ROTATE_ABORT switches it off before: both may be done
 * already. */
enum rotate_end rotate_remove(struct rotate *m, const char *id);
/* Three answers of who the pair is, with pauses.  ROTATE_GO: it works; ROTATE_AGAIN: not in
 * time; ROTATE_DRIFT: it is somebody else's; ROTATE_STOPPED: it is not known. */
enum rotate_end rotate_test(struct rotate *m, const struct rotate_pair *pair);
/* Where the key that signs is the one that goes, or went, the current one signs. */
enum rotate_end rotate_sign(struct rotate *m);

/* The steps.  Each is ROTATE_GO when the record has another state, or an end. */
enum rotate_end rotate_step_closed(struct rotate *m);
enum rotate_end rotate_step_intent(struct rotate *m);
enum rotate_end rotate_step_suspect(struct rotate *m);
enum rotate_end rotate_step_saved(struct rotate *m);
enum rotate_end rotate_step_put(struct rotate *m);
enum rotate_end rotate_step_tested(struct rotate *m);
enum rotate_end rotate_step_abort(struct rotate *m);
enum rotate_end rotate_step_overlap(struct rotate *m);
enum rotate_end rotate_step_grace(struct rotate *m);
enum rotate_end rotate_step_back(struct rotate *m);

/* Of m->order.  Of a repair ROTATE_DONE: there is nothing to repair any more. */
enum rotate_end rotate_begin_back(struct rotate *m);
enum rotate_end rotate_begin_repair(struct rotate *m);

#endif
