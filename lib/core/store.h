/*
 * store: where the records are, behind one interface, every value sealed.
 *
 * Keys are "enroll/USER", "hot/USER" and "pw/USER" with USER as userkey.h
 * spells it.  A version is opaque; "0" means: must not exist.
 *
 * The answers are those of err.h: 0, ERR_NONE, ERR_CONFLICT, ERR_UNAVAIL,
 * ERR_UNKNOWN, ERR_DENIED, ERR_BAD.  ERR_BAD: it exists, but its slots, seal
 * or format are bad; no judge runs and nothing is written.
 */
#ifndef PB_STORE_H
#define PB_STORE_H

#include "lib/core/conf.h"
#include "lib/core/err.h"
#include "lib/core/keyring.h"
#include "lib/core/record.h"
#include "lib/core/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_KEY_MAX 256
#define STORE_VERSION_MAX 24
#define STORE_NEW "0"
#define STORE_SEALED_MAX 4000
#define STORE_DECOYS 256

/* Opened values live in secret memory of the caller's. */
struct store_value {
	unsigned char data[RECORD_PLAIN_MAX];
	size_t len;
	char version[STORE_VERSION_MAX];
	bool from_alt; /* the second key was used, the first does not exist */
};

struct store_raw {
	unsigned char data[STORE_SEALED_MAX];
	size_t len;
	char version[STORE_VERSION_MAX];
	bool from_alt;
};

/* One new record of a batch. */
struct store_item {
	char key[STORE_KEY_MAX];
	struct store_raw raw;
	int result; /* 0, ERR_CONFLICT (it exists), or trouble */
};

typedef int (*store_change)(void *ctx, const struct store_raw *old, struct store_raw *new,
    struct err *e);
typedef int (*store_each)(void *ctx, const char *key);

/* What a login asks of a backend; values are sealed bytes. alt may be NULL. */
struct store_ops {
	const char *name; /* in the log line */
	int (*get)(void *impl, const char *key, const char *alt, struct store_raw *out,
	    struct err *e);
	int (*update)(void *impl, const char *key, const char *alt, store_change change,
	    void *ctx, struct err *e);
	void (*close)(void *impl);
	int (*root)(void *impl); /* the directory it is in, or -1 */
};

enum store_locking { STORE_FREE, STORE_TRY, STORE_WAIT };

/* What enrolment asks besides (store_admin.c); a login's store has none. */
struct store_admin_ops {
	int (*put)(void *impl, const char *key, const struct store_raw *value, struct err *e);
	int (*create)(void *impl, struct store_item *items, size_t n, struct err *e);
	int (*del)(void *impl, const char *key, const char *version, struct err *e);
	int (*list)(void *impl, const char *prefix, store_each each, void *ctx, struct err *e);
	int (*lock)(void *impl, enum store_locking how, struct err *e);
	int (*sync)(void *impl, const char *key, struct err *e);
	int (*get_locked)(void *impl, const char *key, struct store_raw *out, struct err *e);
	int (*probe)(void *impl, const char *key, struct err *e);
	int (*make)(void *impl, const char *key, store_change change, void *ctx, struct err *e);
};

/* What an open store keeps in secret memory. */
struct store_memory {
	struct keyring keyring;
	struct store_value value;
};

struct store {
	const struct store_ops *ops;
	const struct store_admin_ops *admin; /* of store_open() */
	void *impl;
	struct secret memory;       /* struct store_memory, unless the caller's */
	struct keyring *keyring;
	struct store_value *value;  /* of store_update() */
	const char *keyring_path;   /* of the conf, which outlives the store */
};

/* Opens what a login needs, in the caller's zeroed secret memory: the keyring and
 * the backend.  ERR_INIT when neither keyring nor decoys exist, ERR_KEYRING when
 * there are decoys and no usable keyring.  s is closed after an error; the caller
 * wipes the memory, after an error too. */
int store_open_in(struct store *s, struct store_memory *m, const struct conf *c,
    struct err *e);
void store_close(struct store *s);

/* The same with memory of its own and with all that changes enrolments.  Without a
 * keyring it goes by the records: decoys alone may be made anew (ERR_INIT). */
int store_open(struct store *s, const struct conf *c, struct err *e);

/* The local store of password histories (pw/USER), below c's state_dir wherever the other
 * store is; its lock is one of its own, taken after the other's by who needs both.  The
 * directory is made where make says so.  0; ERR_NONE: it is not there; or as above. */
int store_open_pw(struct store *s, const struct conf *c, bool make, struct err *e);

/* Whether a history of user's (NULL: anybody's) could be written now, without making or
 * changing anything: the store opens, or could be made, its directory and the record can be
 * written, and what is not there yet finds room.  0; ERR_DENIED (also a read-only file
 * system, an immutable file); ERR_UNAVAIL; or as store_open_pw(). */
int store_probe_pw(const struct conf *c, const char *user, struct err *e);

/* One change of enrolments at a time: tools hold this over what must not mix
 * (an enrolment's three writes), never across a question; logins never take it.
 * The kernel frees it when its holder dies.  Behind it store_renew_keyring() has been
 * called: a tool may have been open since before another key seals.  0; ERR_UNAVAIL after 30 s; ERR_UNSAFE
 * where somebody who is not root could hold it. */
int store_lock(struct store *s, struct err *e);

/* The same for a login, which waits for nobody: ERR_UNAVAIL at once. */
int store_try_lock(struct store *s, struct err *e);
void store_unlock(struct store *s);

/* Reads the keyring anew where its file is not the one that was read: one system call
 * where it is.  What is sealed afterwards, under a lock that `rekey retire` takes too,
 * is sealed under a key that stays.  0; ERR_KEYRING, also where it is gone; ERR_UNSAFE;
 * ERR_UNAVAIL; ERR_SYSTEM. */
int store_renew_keyring(struct store *s, struct err *e);

/* The open directory of a file store (stays the store's), or -1. */
int store_root(const struct store *s);

/* Whether the stores of c hold any record (also without a keyring): 1, 0, or
 * the code of what kept it from being looked at. */
int store_has_records(const struct conf *c, struct err *e);

/* "enroll/" and the like, with USER encoded.  0 or ERR_SYNTAX. */
int store_key(char key[STORE_KEY_MAX], const char *kind, const char *user);

/* The key of one of the STORE_DECOYS decoys. */
void store_decoy_name(char key[STORE_KEY_MAX], const char *kind, unsigned char which);

/* The decoy of a typed name, by keyed hash: its number, or its key. */
int store_decoy(const struct store *s, const char *user, unsigned char *which);
int store_decoy_key(const struct store *s, char key[STORE_KEY_MAX], const char *kind,
    const char *user);

/* Reads key; when there is none and alt is given, alt.  Both are always opened,
 * so that a trace does not tell which was used.  What does not open is looked at once
 * more where the keyring has changed since it was read. */
int store_get(struct store *s, const char *key, const char *alt, struct store_value *out,
    struct err *e);

/* As it is sealed, for a backup and for a new master key; the same under the lock that
 * a login holds from before it looks at the keyring until its record is written
 * (ERR_UNAVAIL after 2 s), and durable when it returns; and what is in it. */
int store_get_raw(struct store *s, const char *key, struct store_raw *out, struct err *e);
int store_get_locked(struct store *s, const char *key, struct store_raw *out, struct err *e);
int store_open_raw(const struct keyring *k, const char *key, const struct store_raw *raw,
    struct store_value *out, struct err *e);

/* Writes value where its version says; value->version is expected. */
int store_put(struct store *s, const char *key, const struct store_value *value,
    struct err *e);

/* Seals value into item (whose key is set) for store_create(). */
int store_seal_item(struct store *s, struct store_item *item,
    const struct store_value *value, struct err *e);

/* Creates many records, complete and durable when it returns, in the order
 * given; each item has its own result.  0 unless the batch as a whole failed. */
int store_create(struct store *s, struct store_item *items, size_t n, struct err *e);

int store_del(struct store *s, const char *key, const char *version, struct err *e);

/* Makes durable what is at key, or that nothing is: for the caller who has seen
 * that an unknown outcome is the one it wanted. */
int store_sync(struct store *s, const char *key, struct err *e);

/* Calls each(key) for every record with the prefix, decoys left out, until it
 * returns non-zero. */
int store_list(struct store *s, const char *prefix, store_each each, void *ctx,
    struct err *e);

/* One atomic step: judge() gets the opened value and changes it in place; it is
 * pure and may run several times.  When it returns non-zero nothing is written
 * and that is returned.  alt as in store_get().  The keyring is looked at inside the
 * step, so the record is sealed under the key that is the first one then. */
typedef int (*store_judge)(void *ctx, struct store_value *value, struct err *e);
int store_update(struct store *s, const char *key, const char *alt, store_judge judge,
    void *ctx, struct err *e);

/* The same where the record may not be there yet; of the store of password histories only.
 * No lock of others is taken for it, for a process that its caller may stop does this: an
 * empty record is made first, which needs no key and counts for everybody as none, and is
 * filled by the atomic step.  judge() finds value->len 0 where there is none.  Who is killed
 * between the two leaves the empty one. */
int store_make(struct store *s, const char *key, store_judge judge, void *ctx, struct err *e);

/* The file store of c's store_dir (store_file.c). */
int store_file_open(const struct conf *c, const struct store_ops **ops, void **impl,
    struct err *e);
const struct store_admin_ops *store_file_admin(void);

/* The store of password histories below c's state_dir (store_file_admin.c); the second
 * makes its directory. */
int store_file_open_pw(const struct conf *c, const struct store_ops **ops, void **impl,
    struct err *e);
int store_file_make_pw(const struct conf *c, const struct store_ops **ops, void **impl,
    struct err *e);

/* For store_probe_pw(): whether the latter could. */
int store_file_probe_pw(const struct conf *c, struct err *e);

/* For store_admin.c: store_open_in() with another backend than store_file_open(). */
typedef int (*store_backend)(const struct conf *c, const struct store_ops **ops, void **impl,
    struct err *e);
int store_open_by(struct store *s, struct store_memory *m, const struct conf *c,
    store_backend open, struct err *e);

/* For store_admin.c: says that there is no keyring, ERR_KEYRING when it was lost,
 * else ERR_INIT. */
int store_no_keyring(const struct conf *c, bool lost, struct err *e);

/* Seals value for the backend (store.c, for store_admin.c). */
int store_seal_raw(const struct store *s, const char *key, const struct store_value *value,
    struct store_raw *raw, struct err *e);

#endif
