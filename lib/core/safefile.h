/*
 * safefile: opens files and directories that only root may have written.
 *
 * What is judged is the descriptor, not the path.  A directory is safe when
 * it and every directory above it belong to root and are writable by nobody
 * else, or are root's and sticky; no component may be a symbolic link.
 */
#ifndef PB_SAFEFILE_H
#define PB_SAFEFILE_H

#include "lib/core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum safefile_kind {
	SAFEFILE_PUBLIC, /* others may read it, nobody else may write: configuration */
	SAFEFILE_PRIVATE /* root's alone, one link: keyring, records */
};

/* Opens the directory path (absolute), every component checked.
 * Returns a descriptor (O_CLOEXEC) that the caller closes, or ERR_NONE,
 * ERR_UNSAFE, ERR_DENIED, ERR_UNAVAIL. */
int safefile_open_dir(const char *path, struct err *e);

/* The same in a login that has read the file `judged` (NULL: none) before: the parents
 * that both paths have are not judged once more.  Only root could have changed them. */
int safefile_open_dir_beside(const char *path, const char *judged, struct err *e);

/* The same for a directory right below an open one; path is for messages. */
int safefile_open_subdir(int dirfd, const char *name, const char *path, struct err *e);

/* Only looks at it; parent is the open directory's path, for messages.  0 or the
 * same codes. */
int safefile_check_subdir(int dirfd, const char *name, const char *parent, struct err *e);

/* Checks an open file: regular, root's, modes and links as kind says.
 * name is for the message.  0, ERR_UNSAFE or ERR_UNAVAIL. */
int safefile_check(int fd, enum safefile_kind kind, const char *name, struct err *e);

/* Which file was read, and when it had changed last.  Zeroed: none. */
struct safefile_seen {
	uint64_t file;
	int64_t seconds, nanoseconds;
};

/* Reads the whole file path, its directory checked as above, into buf (no
 * terminator).  0 and *len, or as above, or ERR_BAD when longer than cap.  With data
 * NULL it gets as much memory as the file needs, for the caller to free() in any
 * case. */
struct safefile_buffer {
	char *data;
	size_t cap;
	size_t len;
	const char *judged; /* as above, or NULL; its own directory is not judged again either */
	struct safefile_seen seen;
};
int safefile_read(const char *path, enum safefile_kind kind,
    struct safefile_buffer *buf, struct err *e);

/* Whether path is that file still, unchanged: one system call.  false also where it
 * cannot be looked at. */
bool safefile_is_seen(const char *path, const struct safefile_seen *seen);

#endif
