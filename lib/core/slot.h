/*
 * slot: one value in a permanent file of two slots.
 *
 * Each slot is a written 4 KiB block of its own, so that a write needs no new
 * space on a full disk and can tear only itself:
 *
 *   magic (4) | value length (4) | sequence (8) | checksum of all but
 *   itself and the mark (8) | value | zeros | mark (8)
 *
 * The valid slot with the greater sequence is the value.  A write goes to the
 * other one, in place, and is durable before it returns.  The lock is an
 * open-file-description lock, which the kernel frees when its holder dies.
 *
 * A writer that is killed before its sync, or whose sync fails, leaves a value that
 * every reader sees and the disk may not have: nobody was told of it, but the slot
 * beside it is the only one that is there after a power cut.  Hence the mark.  It
 * stands in the OTHER slot's block, the one to be overwritten next, and is the checksum
 * of the value that a sync brought to the disk; it is written after that sync.  A
 * writer that does not find it writes the value once more where it is, as it is,
 * and syncs it, before it touches the other slot.
 *
 * Why a mark is never wrong: it names bytes, not a place or a time.  Those bytes were
 * durable before it was written, and stay until the other slot holds a durable value of
 * a greater sequence.  It may be lost in any way (not yet on the disk, torn off, an older
 * version's zeros): that costs one write.  It lies outside the checksum and in a block
 * that is not needed, so that writing it can harm nothing; tests/crash/torn.c tries.
 */
#ifndef PB_SLOT_H
#define PB_SLOT_H

#include "lib/core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOT_BLOCK 4096
#define SLOT_FILE (2 * SLOT_BLOCK)
#define SLOT_VALUE_MAX 4000

struct slot {
	const char *name; /* for messages */
	uint64_t sequence;
	int index;        /* which slot is the valid newest */
	uint64_t sum;     /* its checksum */
	bool durable;     /* the mark says that a sync brought it to the disk */
	size_t len;
	unsigned char value[SLOT_VALUE_MAX];
};

/* Reads the value.  0; ERR_BAD when no slot is valid or the size is wrong;
 * ERR_UNAVAIL when it cannot be read.  s->name is kept. */
int slot_read(int fd, struct slot *s, struct err *e);

/* Writes a new value into the slot that slot_read() found not to be the newest,
 * and syncs it, behind slot_settle(); the caller holds the lock.  0; ERR_UNAVAIL when
 * nothing was written; ERR_UNKNOWN when a write or a sync failed half way. */
int slot_write(int fd, const struct slot *s, const void *value, size_t len, struct err *e);

/* Brings to the disk what slot_read() found, where no mark says that it is there; the
 * caller holds the lock.  0; ERR_UNAVAIL; ERR_UNKNOWN. */
int slot_settle(int fd, const struct slot *s, struct err *e);

/* The bytes of a new file that holds value under sequence, marked: the caller syncs
 * the file before anybody else can open it. */
int slot_image(unsigned char file[SLOT_FILE], uint64_t sequence, const void *value,
    size_t len);

/* Takes the lock (fd is open read-write), polling for at most wait_ms.
 * 0 or ERR_UNAVAIL. */
int slot_lock(int fd, int wait_ms, const char *name, struct err *e);

/* Frees it explicitly: a forked child may share the description. */
void slot_unlock(int fd);

#endif
