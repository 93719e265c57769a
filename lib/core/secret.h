/*
 * secret: the one home of keys, codes and opened records in memory.
 *
 * Each secret has pages of its own that are left out of core dumps and locked
 * where the limits allow (best effort), and that are wiped before they are given
 * back.  One piece of 12 KiB, wiped, stays with the process for its next secret.  What
 * fits in there is the process's alone: a child that it forks meanwhile finds zeros.
 */
#ifndef PB_SECRET_H
#define PB_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct secret {
	unsigned char *data; /* size bytes, zero when new; NULL: empty */
	size_t size;
};

/* Makes s hold size (1 .. 16 MiB) zero bytes.  0 or ERR_SYSTEM (s empty). */
int secret_new(struct secret *s, size_t size);

/* Wipes and releases; NULL and an empty secret are allowed; s is empty after. */
void secret_free(struct secret *s);

/* Wipes n bytes at p so that the compiler cannot leave it out. */
void secret_wipe(void *p, size_t n);

/* Compares n bytes in constant time. */
bool secret_equal(const void *a, const void *b, size_t n);

/* Clears the registers in which memcpy() has left pieces of secrets: the next signal, or
 * the first call of a function, saves them on the stack.  On x86-64 all vector registers
 * that the machine has, and with gcc 11 or clang 15 the others that a call may change;
 * elsewhere what these two clear, and nothing with older ones. */
void secret_clear_registers(void);

/* The same, and overwrites the stack below the caller, where libraries that wipe nothing
 * (liboath) have left copies. */
void secret_burn_stack(void);

#endif
