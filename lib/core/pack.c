#include "lib/core/pack.h"

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
	unsigned char out[8];

	for (int i = width - 1; i >= 0; i--, value >>= 8)
		out[i] = (unsigned char)value;
	pack_put(p, out, (size_t)width);
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
	unsigned char in[8];
	uint64_t value = 0;

	pack_get(p, in, (size_t)width);
	for (int i = 0; i < width; i++)
		value = value << 8 | in[i];
	return value;
}
