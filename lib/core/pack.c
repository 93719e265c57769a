#include "lib/core/pack.h"

#include <endian.h>
#include <string.h>

static bool room(struct pack *p, size_t n)
{
	if (p->bad || p->size < p->at || p->size - p->at < n)
		p->bad = true;
	return !p->bad;
}

void pack_put(struct pack *p, const void *bytes, size_t n)
{
	if (!room(p, n))
		return;
	if (n > 0)
		memcpy(p->data + p->at, bytes, n);
	p->at += n;
}

void pack_put_int(struct pack *p, uint64_t value, int width)
{
	uint64_t big = htobe64(value);

	pack_put(p, (unsigned char *)&big + 8 - width, (size_t)width);
}

void pack_get(struct pack *p, void *bytes, size_t n)
{
	if (!room(p, n)) {
		memset(bytes, 0, n);
		return;
	}
	if (n > 0)
		memcpy(bytes, p->data + p->at, n);
	p->at += n;
}

uint64_t pack_get_int(struct pack *p, int width)
{
	uint64_t big = 0;

	pack_get(p, (unsigned char *)&big + 8 - width, (size_t)width);
	return be64toh(big);
}
