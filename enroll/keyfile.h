/*
 * keyfile: the keyring as a text that `rekey` changes: keys are added behind, moved to
 * the front, taken out; comments stay.  keyring.h reads the same file.
 *
 * A line "# next ID ..." names a key that has been added and does not seal yet.
 */
#ifndef PB_KEYFILE_H
#define PB_KEYFILE_H

#include "lib/core/err.h"
#include "lib/core/keyring.h"

#include <stddef.h>

#define KEYFILE_MAX 4096

/* In secret memory. */
struct keyfile {
	char text[KEYFILE_MAX];
	size_t len;
	char scratch[KEYFILE_MAX + 256];
};

/* 0, or the codes of keyring_load(). */
int keyfile_read(struct keyfile *k, const char *path, struct err *e);

/* Puts k in the place of the file: whoever reads has the old or the new one whole. */
int keyfile_replace(struct keyfile *k, const char *path, struct err *e);

/* Removes what a change that was killed has left beside the file: master keys, whole.
 * Takes the lock of changes where there is any, and waits for a change under way. */
struct store;
void keyfile_tidy(struct store *s, const char *path);

/* The key that waits; "" when there is none. */
void keyfile_next(const struct keyfile *k, char id[KEYRING_ID_MAX + 1]);

/* A new key behind the others, which waits.  0; ERR_REFUSED: no room; ERR_SYSTEM. */
int keyfile_add(struct keyfile *k, char id[KEYRING_ID_MAX + 1], struct err *e);

/* The key that waits to the front: it seals. */
void keyfile_use(struct keyfile *k);

void keyfile_remove(struct keyfile *k, const char *id);

#endif
