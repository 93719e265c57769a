/*
 * txn_said: what a transaction in STATE_DIR/txn was, and what became of it.
 */
#ifndef PB_TXN_SAID_H
#define PB_TXN_SAID_H

#include "policy/enable_txn.h"

struct txn_said {
	char what[48];      /* "fix EIC", "fix PWD-02,PWD-03", "enable sshd" */
	const char *state;  /* "open", "returning", "done", "returned", "confirmed" */
	char step[24];      /* of a fix: the last that is done */
	bool fix;           /* else one of enable or disable: */
	bool disable;
	char target[16];
};

/* false: there is none of this name, or it is not whole. */
bool txn_said_read(const struct enable_txn *t, const char *id, struct txn_said *x);

/* Whether it is neither done nor back. */
bool txn_said_is_open(const struct txn_said *x);

/* Their names, the oldest first; free() the list.  -1: errno. */
typedef char txn_said_id[ENABLE_ID_MAX];
int txn_said_list(const struct enable_txn *t, txn_said_id **list);

#endif
