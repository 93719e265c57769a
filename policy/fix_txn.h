/*
 * fix_txn: a fix that can be taken back: the copies, the package and what has been done of
 * it, in the directory of transactions of `enable` (enable_txn.h) and under its lock.
 *
 * STATE_DIR/txn/ID/ has old.N and new.N of each file, steps (a line "NAME SECONDS" for each
 * that is done) and the manifest, which is the last to come: named fix while the
 * transaction is open, then done or returned.  The old modes and owners stand in it.
 */
#ifndef PB_FIX_TXN_H
#define PB_FIX_TXN_H

#include "policy/enable_txn.h"
#include "policy/fix_plan.h"

#define FIX_LISTEN 8
#define FIX_UNIT_MAX 32

struct fix_listen {
	char addr[64]; /* numeric, one that can be connected to */
	int port;
};

struct fix_change {
	struct fix_plan plan;
	struct fix_listen listen[FIX_LISTEN]; /* where sshd answered before */
	int listens;
	char unit[FIX_UNIT_MAX]; /* that sshd was up by, or "" */
};

void fix_change_free(struct fix_change *c);

/* Reads a file, or where a link leads, into x as it is now; x->file.path is set, what becomes
 * of it stays.  0; ERR_REFUSED: it is neither; trouble. */
int fix_file_copy(struct fix_file *x, struct err *e);

/* Puts it back as it was; or makes it what it becomes, ERR_CONFLICT: it is neither.  0 or
 * trouble. */
int fix_file_back(const struct fix_file *x, struct err *e);
int fix_file_put(const struct fix_file *x, struct err *e);

/* Whether the file is what it was (will false) or becomes (true) now. */
bool fix_file_is(const struct fix_file *x, bool will);

/* Keeps all of c and opens the transaction. */
int fix_txn_begin(const struct enable_txn *t, const struct fix_change *c,
    char id[ENABLE_ID_MAX], struct err *e);

/* The open one: 1 with id, 0: none is; or the last that is done.  Then fix_txn_read(), of
 * a manifest with this name: 0; ERR_NONE; ERR_BAD; trouble. */
int fix_txn_open(const struct enable_txn *t, char id[ENABLE_ID_MAX]);
int fix_txn_last(const struct enable_txn *t, char id[ENABLE_ID_MAX]);
int fix_txn_read(const struct enable_txn *t, const char *id, const char *manifest,
    struct fix_change *c, struct err *e);

/* Notes that a step is done, and whether it is. */
int fix_txn_step(const struct enable_txn *t, const char *id, const char *step, struct err *e);
bool fix_txn_has_step(const struct enable_txn *t, const char *id, const char *step);

#endif
