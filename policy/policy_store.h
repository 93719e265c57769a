/*
 * policy_store: the file of the mirrored account password policy (`policy_file`), and the
 * one beside it, FILE.staged, of a policy that waits for `bastionctl policy apply`.
 *
 * Both are root's, 0600, and replaced as a whole by rename(): whoever reads has the old or
 * the new one, and after a crash it is one of them.  A directory that others may write is
 * not used (safefile.h).  Whoever changes one of them holds FILE.lock, a permanent file
 * (lock_file.h), and waits 2 s for it.
 */
#ifndef PB_POLICY_STORE_H
#define PB_POLICY_STORE_H

#include "lib/core/conf.h"
#include "policy/password/iam_json.h"

#define POLICY_STAGED ".staged"
#define POLICY_LOCK ".lock"
#define POLICY_PATH_MAX (CONF_PATH_MAX + sizeof(POLICY_STAGED))

struct policy_kept {
	struct iam_policy policy;
	struct iam_mirror mirror;
};

/* Writes path + ".staged". */
void policy_staged_path(const char *path, char staged[POLICY_PATH_MAX]);

/* 0; ERR_NONE: there is none; ERR_UNSAFE, ERR_DENIED, ERR_UNAVAIL; ERR_SYNTAX, ERR_BAD for
 * what is in it. */
int policy_store_read(const char *path, struct policy_kept *k, struct err *e);

/* Puts k there, durably, and takes away the staged one, which is older; its fingerprint is
 * made here.  0, or trouble: then the old one is there, but for ERR_UNKNOWN: the new one
 * is, and the disk does not say that it stays, or the staged one does not go.
 * ERR_CONFLICT: another bastionctl is at work. */
int policy_store_write(const char *path, const struct policy_kept *k, struct err *e);

/* The same for the one beside it; what is in force stays. */
int policy_store_stage(const char *path, const struct policy_kept *k, struct err *e);

/* Puts the staged one in the place of the other, if it is still what was seen there.  The
 * same answers; ERR_NONE: none is staged; ERR_CONFLICT also: another is. */
int policy_store_apply(const char *path, const struct policy_kept *seen, struct err *e);

#endif
