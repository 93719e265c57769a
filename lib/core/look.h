/*
 * look: what a login behind a proven first factor may know of the records before it
 * asks anything.  It only decides which prompt comes; login() reads all anew.
 */
#ifndef PB_LOOK_H
#define PB_LOOK_H

#include "lib/core/login.h"

struct look {
	bool enrolled;           /* has a device */
	bool invited;            /* has an open invitation */
	int64_t bypass_until;    /* `enroll-mfa bypass` is running; 0: it is not */
	int64_t remembered_until; /* a code of this source and these keys counts; 0: none */
};

/* Reads without writing.  0, or the code of what is wrong with the records: then the
 * code is asked for, and refused for that reason. */
int look(const struct conf *c, const struct login_request *req, struct look *out,
    struct err *e);

/* Whether a code of this request is remembered, or may have been: `remember` is on, the
 * source is a number, and all keys are known.  A service that names no host would make
 * all who come through it one source. */
bool look_may_remember(const struct conf *c, const struct login_request *req);

/* Where a pending enrolment is shown and confirmed, and nowhere else: a hash of the
 * source and of the keys proven.  0 or ERR_SYSTEM (also when not all keys are known). */
int look_place(const struct login_request *req, uint8_t place[RECORD_HASH]);

/* The pending enrolment of that place which is still good, or NULL. */
const struct record_pending *look_pending(const struct record_enroll *r,
    const uint8_t place[RECORD_HASH], int64_t now);

#define LOOK_BYPASS_MOST 86400 /* seconds; the record may say more, and is not believed */
#define LOOK_PENDING_LIFE 900 /* seconds that an enrolment stays to be confirmed */

/* Whether what began at since, for life seconds, is running now.  A start later than
 * now counts as expired. */
bool look_is_running(int64_t since, int64_t life, int64_t now);

#endif
