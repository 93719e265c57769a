/*
 * store_file: `store = file:DIR`, one permanent file per key (slot.h).
 *
 * DIR/enroll/USER and DIR/hot/USER, root's alone.  Nothing is renamed and there
 * are no temporary names.  STATE_DIR/pw/USER is a store of its own of the same kind,
 * wherever the other is: a login does not open it.  store_file.c is what a login needs;
 * store_file_admin.c, what makes, removes and lists records, is linked into the
 * tools only: every symbol that the module does not import makes each login
 * cheaper.
 */
#ifndef PB_STORE_FILE_H
#define PB_STORE_FILE_H

#include "lib/core/conf.h"
#include "lib/core/slot.h"
#include "lib/core/store.h"

#define STORE_FILE_LOCK_MS 2000 /* how long a record's lock is waited for */
#define STORE_FILE_REOPENS 4    /* the file was removed while we waited for its lock */

#define STORE_FILE_KINDS 2

struct store_file {
	char path[CONF_PATH_MAX];
	int root;
	const char *const *kinds;  /* of its records; at most STORE_FILE_KINDS, NULL behind them */
	int dir[STORE_FILE_KINDS]; /* of the kinds, opened when something is made or removed */
	int lock;                  /* the one that changes lock, or -1: root */
};

/* One record, or the other when there is none; both are always opened. */
struct store_pair {
	int fd[2]; /* of the key and of the alternative */
	int used;  /* which one is read */
	const char *key;
	const char *alt;
};

/* Splits "hot/USER" into its kind (an index, or -1) and its file name. */
int store_file_kind(const struct store_file *f, const char *key, const char **name);

/* A closed one at path.  0 or ERR_SYSTEM. */
int store_file_new(const char *path, const char *const *kinds, struct store_file **f,
    struct err *e);
extern const struct store_ops store_file_ops;

int store_file_open_pair(const struct store_file *f, struct store_pair *p, int flags,
    struct err *e);
void store_file_close_pair(struct store_pair *p);

/* Reads what is used into slot and raw.  0; ERR_NONE: removed meanwhile; ERR_BAD. */
int store_file_read_pair(const struct store_pair *p, struct slot *s, struct store_raw *raw,
    struct err *e);

/* Whether raw, as it was read, is a record that was made and never filled: only password
 * histories are made so (store_make()). */
bool store_file_is_empty(const struct store_file *f, const struct store_raw *raw);

/* store_file_update() that also fills an empty one. */
int store_file_fill(void *impl, const char *key, store_change change, void *ctx,
    struct err *e);

int store_file_update(void *impl, const char *key, const char *alt, store_change change,
    void *ctx, struct err *e);

#endif
