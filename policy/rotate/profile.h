/*
 * profile: a key's home that is a profile of a credentials file, as the AWS tools keep it.
 *
 * Of the file the values of aws_access_key_id and aws_secret_access_key are replaced, and
 * nothing else of it: comments, order and blanks, owner, mode and label stay.  Whoever reads
 * has the old or the new file.  What is put is kept in memory alone, until it is current.
 */
#ifndef PB_ROTATE_PROFILE_H
#define PB_ROTATE_PROFILE_H

#include "policy/rotate/api.h"

#define PROFILE_FILE_MOST ((size_t)1 << 20)

/* In secret memory; path and name must live as long.  Zeroed: nothing is put. */
struct rotate_profile {
	const char *path, *name;
	const char *state_dir; /* of the lock of files that are replaced */
	char token[ROTATE_VERSION_MAX];
	struct rotate_pair put;
};

/* It points into p. */
void rotate_profile_home(struct rotate_profile *p, struct rotate_home *home);

/* Reads the pair of a profile.  0; ERR_NONE: no such file or profile, or no key in it;
 * ERR_SYNTAX: given twice, or not for good; ERR_UNSAFE, ERR_DENIED, ERR_UNAVAIL, ERR_SYSTEM. */
int rotate_profile_read(const struct rotate_profile *p, struct rotate_pair *pair, struct err *e);

/* Replaces it, if its id is still what `from` says (else ERR_CONFLICT); by the same id: writes
 * what is there.  ERR_UNKNOWN: it is there, and the disk does not say that it stays. */
int rotate_profile_write(const struct rotate_profile *p, const char *from,
    const struct rotate_pair *pair, struct err *e);

/* The profiles of the file whose key has this id: how many, and the first one's name. */
int rotate_profile_find(const char *path, const char *id, char name[ROTATE_PROFILE_MAX], int *count,
    struct err *e);

#endif
