/*
 * pack: fixed-width big-endian fields in a bounded buffer.
 *
 * A pack never reads or writes outside its buffer: the first field that does
 * not fit sets `bad`, later calls do nothing and reads give zero.  The caller
 * looks at `bad` once, at the end.
 */
#ifndef PB_PACK_H
#define PB_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pack {
	unsigned char *data;
	size_t size; /* capacity when writing, length when reading */
	size_t at;
	bool bad;
};

void pack_put(struct pack *p, const void *bytes, size_t n);
void pack_put_int(struct pack *p, uint64_t value, int width); /* 1..8 bytes */
void pack_get(struct pack *p, void *bytes, size_t n);
uint64_t pack_get_int(struct pack *p, int width);

#endif
