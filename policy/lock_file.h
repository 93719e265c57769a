/*
 * lock_file: one bastionctl at a time at the same files.
 *
 * The lock is the kernel's (of the open file description, freed when its holder dies), on a
 * permanent file of its own that only root can open.  Never on a directory: whoever may
 * read one can hold its lock for ever.
 */
#ifndef PB_LOCK_FILE_H
#define PB_LOCK_FILE_H

#include "lib/core/err.h"

/* Takes it, made where it is not there yet, below an open directory that was judged; path
 * is for messages.  A descriptor that the caller closes, which frees the lock; ERR_CONFLICT:
 * another holds it, still after wait_ms milliseconds; ERR_UNSAFE: others can open it;
 * ERR_DENIED, ERR_UNAVAIL. */
int lock_file_take(int dir, const char *name, const char *path, int wait_ms, struct err *e);

#endif
