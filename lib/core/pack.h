/*
 * pack: fixed-width big-endian fields in a bounded buffer.
 *
 * A pack never reads or writes outside its buffer: the first field that does
 * not fit sets `bad`, later calls do nothing and reads give zero.  The caller
 * looks at `bad` once, at the end.  In the header, because a login calls these
 * some 400 times and the widths are constants.
 */
#ifndef PB_PACK_H
#define PB_PACK_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct pack {
	unsigned char *data;
	size_t size; /* capacity when writing, length when reading */
	size_t at;
	bool bad;
};

static inline bool pack_room(struct pack *p, size_t n)
{
	if (p->bad || p->size < p->at || p->size - p->at < n)
		p->bad = true;
	return !p->bad;
}

static inline void pack_put(struct pack *p, const void *bytes, size_t n)
{
	if (!pack_room(p, n))
		return;
	if (n > 0)
		memcpy(p->data + p->at, bytes, n);
	p->at += n;
}

/* width: 1..8 bytes */
static inline void pack_put_int(struct pack *p, uint64_t value, int width)
{
	uint64_t big = htobe64(value);

	pack_put(p, (unsigned char *)&big + 8 - width, (size_t)width);
}

static inline void pack_get(struct pack *p, void *bytes, size_t n)
{
	if (!pack_room(p, n)) {
		memset(bytes, 0, n);
		return;
	}
	if (n > 0)
		memcpy(bytes, p->data + p->at, n);
	p->at += n;
}

static inline uint64_t pack_get_int(struct pack *p, int width)
{
	uint64_t big = 0;

	pack_get(p, (unsigned char *)&big + 8 - width, (size_t)width);
	return be64toh(big);
}

#endif
