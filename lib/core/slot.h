/*
 * slot: one value in a permanent file of two slots.
 *
 * Each slot is a written 4 KiB block of its own, so that a write needs no new
 * space on a full disk and can tear only itself:
 *
 *   magic (4) | value length (4) | sequence (8) | checksum of all but
 *   itself (8) | value | zeros
 *
 * The valid slot with the greater sequence is the value.  A write goes to the
 * other one, in place, and is durable before it returns.  The lock is an
 * open-file-description lock, which the kernel frees when its holder dies.
 */
#ifndef PB_SLOT_H
#define PB_SLOT_H

#include "lib/core/err.h"

#include <stddef.h>
#include <stdint.h>

#define SLOT_BLOCK 4096
#define SLOT_FILE (2 * SLOT_BLOCK)
#define SLOT_VALUE_MAX 4000

struct slot {
	const char *name; /* for messages */
	uint64_t sequence;
	int index;        /* which slot is the valid newest */
	size_t len;
	unsigned char value[SLOT_VALUE_MAX];
};

/* Reads the value.  0; ERR_BAD when no slot is valid or the size is wrong;
 * ERR_UNAVAIL when it cannot be read.  s->name is kept. */
int slot_read(int fd, struct slot *s, struct err *e);

/* Writes a new value into the slot that slot_read() found not to be the newest,
 * and syncs it; the caller holds the lock.  0; ERR_UNAVAIL when nothing was
 * written; ERR_UNKNOWN when the write or the sync failed half way. */
int slot_write(int fd, const struct slot *s, const void *value, size_t len, struct err *e);

/* The bytes of a new file that holds value under sequence. */
int slot_image(unsigned char file[SLOT_FILE], uint64_t sequence, const void *value,
    size_t len);

/* Takes the lock (fd is open read-write), polling for at most wait_ms.
 * 0 or ERR_UNAVAIL. */
int slot_lock(int fd, int wait_ms, const char *name, struct err *e);

/* Frees it explicitly: a forked child may share the description. */
void slot_unlock(int fd);

#endif
