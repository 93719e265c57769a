/*
 * login_reserve: one password, reserved in the store before it is judged, and given back
 * when it was right (reserve.h; the word `reserve`, pam_bastion(8)).
 *
 *   update hot with reserve_take (pure, atomic, durable) -> the password is judged
 *   -> update hot with reserve_give_back
 *
 * Who has no record of the own uses the decoy of the name, by the same steps; an account
 * gets a record of its own at its first right password.
 */
#ifndef PB_LOGIN_RESERVE_H
#define PB_LOGIN_RESERVE_H

#include "lib/core/conf.h"
#include "lib/core/login.h"
#include "lib/core/reserve.h"
#include "lib/core/store.h"

#include <stdbool.h>
#include <stdint.h>

#define LOGIN_RESERVE_WAIT 10 /* seconds that one waits for those that are open */

/* What a login keeps of its reservation; zeroed: it has none. */
struct login_reserved {
	uint64_t id;             /* 0: none, or given back */
	char key[STORE_KEY_MAX]; /* of the record that holds it */
	bool decoy;              /* which is nobody's */
};

/* One try, of req's user, account, uid and source; req->now is the time.  *kept is that of
 * the former password of this login, which was wrong then, and becomes the new one.
 * RESERVE_TAKEN: durable.  RESERVE_FULL: nothing is held; once more a little later.
 * RESERVE_THROTTLED: res->wait is set.  RESERVE_NONE: trouble, res is that of login(). */
enum reserve_answer login_reserve(const struct conf *c, const struct login_request *req,
    struct login_reserved *kept, struct login_result *res);

/* Gives it back: the password was right.  whole: and the login has come to its end, without
 * a code of ours, so that what reserve_succeed() says is done too; then also without a
 * reservation.  An account on a decoy gets its own record, where nothing else is being
 * changed just now; note is why not, for the log, or "".  0, or trouble: *kept stays. */
int login_give_back(const struct conf *c, const struct login_request *req,
    struct login_reserved *kept, bool whole, struct err *note, struct err *e);

#endif
