/*
 * enable_txn: a change of files that can be taken back, whoever dies when.
 *
 * STATE_DIR/txn/ID/ holds the old and the new text of each file and a manifest;
 * all of it is durable before the first file changes.  While the manifest is there
 * the transaction is open; it ends by renaming the manifest.  Each file is replaced
 * by rename(): old or new, never half.
 */
#ifndef PB_ENABLE_TXN_H
#define PB_ENABLE_TXN_H

#include "lib/core/err.h"
#include "policy/enable_files.h"
#include "policy/enable_login.h"
#include "policy/enable_put.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define ENABLE_FILES_MAX 4
#define ENABLE_ID_MAX 64

struct enable_change {
	enum enable_target target;
	bool disable;  /* the other way round: nobody has to confirm it */
	bool reload;   /* sshd has to read its files again */
	int count;
	struct enable_file file[ENABLE_FILES_MAX]; /* in the order they are put */
	int64_t seconds; /* until it comes back by itself; 0: it does not */
	uint32_t audit;  /* session that called */
	struct enable_moment begun;
};

void enable_change_free(struct enable_change *c);

/* The directory of transactions, locked: one change at a time. */
struct enable_txn {
	char dir[ENABLE_PATH_MAX]; /* STATE_DIR/txn */
	int lock;
};

/* Makes the directory if need be.  0; ERR_CONFLICT: another one is at work (wait:
 * only after so many seconds); ERR_UNSAFE and others for the directory. */
int enable_txn_lock(struct enable_txn *t, const char *state_dir, int wait, struct err *e);
void enable_txn_unlock(struct enable_txn *t);

/* The open transaction: 1 with id and *c (freed by the caller), 0: there is none; a
 * code, ERR_BAD for a manifest that does not read.  Half-made ones are removed. */
int enable_txn_find(const struct enable_txn *t, char id[ENABLE_ID_MAX],
    struct enable_change *c, struct err *e);

/* Keeps old and new of c and opens the transaction. */
int enable_txn_begin(const struct enable_txn *t, const struct enable_change *c,
    char id[ENABLE_ID_MAX], struct err *e);

/* Keeps the text of file i as somebody has edited it: 0, or trouble, and then nothing may
 * take its place.  And whether any is kept. */
int enable_txn_keep(const struct enable_txn *t, const char *id, int i,
    const struct buffer *text, struct err *e);
bool enable_txn_edited(const struct enable_txn *t, const char *id);

/* Notes that the old files begin to come back; from then on nobody can confirm it.  On a
 * full disk the note is missing, and the files still come back. */
void enable_txn_return(const struct enable_txn *t, const char *id);
bool enable_txn_returning(const struct enable_txn *t, const char *id);

/* Notes that the timer is armed, which comes before the first file; without it nothing
 * has been put. */
int enable_txn_arm(const struct enable_txn *t, const char *id, struct err *e);
bool enable_txn_armed(const struct enable_txn *t, const char *id);

/* Notes when the new files were in force, and reads it: 0, ERR_NONE (never were). */
int enable_txn_in_force(const struct enable_txn *t, const char *id,
    const struct enable_moment *m, struct err *e);
int enable_txn_since(const struct enable_txn *t, const char *id, struct enable_moment *m,
    struct err *e);

/* Ends it: "confirmed", "returned" or "done".  0; ERR_UNAVAIL: it is still open;
 * ERR_UNKNOWN: it has ended, but the disk does not say that this is there to stay.  Of
 * those that have ended the last ENABLE_KEPT stay, this one in any case. */
#define ENABLE_KEPT 20
int enable_txn_end(const struct enable_txn *t, const char *id, const char *how,
    struct err *e);

/* ---- for transactions of another kind in the same directory (fix_txn.h) ---- */

#define ENABLE_TXN_FIX "fix" /* the manifest of an open one */

/* A new directory, durable, that nobody else has. */
int enable_txn_make(const struct enable_txn *t, char id[ENABLE_ID_MAX], struct err *e);

/* A file in it, durable; its text, freed by the caller (ERR_NONE: there is none); and
 * whether it is there. */
int enable_txn_write(const struct enable_txn *t, const char *id, const char *name,
    const struct buffer *text, struct err *e);
int enable_txn_read(const struct enable_txn *t, const char *id, const char *name,
    struct buffer *text, struct err *e);
bool enable_txn_has(const struct enable_txn *t, const char *id, const char *name);

/* The next word of a line of a manifest, ended in place; NULL at the end of the line. */
char *enable_txn_word(char **p);
/* The next words, all n; false: there are fewer. */
bool enable_txn_words(char **p, const char *w[], int n);

/* What stands behind the key of a line, which may be nothing.  false: there is no such line, or
 * it does not fit; out is "". */
bool enable_txn_line(const char *text, const char *key, char *out, size_t size);

/* The line of the file of this number, which is of a kind: written, and read behind its key. */
void enable_txn_add_file(const struct enable_file *f, int number, const char *kind,
    struct buffer *out);
bool enable_txn_read_file(char *line, int number, const char **kind, struct enable_file *f);

/* The manifest goes by another name from now on; as enable_txn_end(). */
int enable_txn_turn(const struct enable_txn *t, const char *id, const char *was,
    const char *how, struct err *e);

/* Whether it is open, without the lock. */
bool enable_txn_open(const char *state_dir, const char *id);

#endif
