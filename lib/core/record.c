#include "lib/core/record.h"

#include "lib/core/pack.h"

#include <string.h>

enum { SECRET_MIN = 16 }; /* 128 bits; RFC 4226 section 4, R6 */

static bool name_valid(const char *name)
{
	size_t n = strnlen(name, RECORD_DEVICE_NAME_MAX + 1);

	if (n == 0 || n > RECORD_DEVICE_NAME_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return false;
	return true;
}

bool record_format_known(uint16_t format)
{
	return format >= RECORD_FORMAT_OLDEST && format <= RECORD_FORMAT;
}

bool record_device_valid(const struct record_device *d)
{
	return d->id != 0 && d->algorithm >= RECORD_SHA1 && d->algorithm <= RECORD_SHA512 &&
	    d->digits >= 6 && d->digits <= 8 && d->period >= 15 && d->period <= 120 &&
	    d->secret_len >= SECRET_MIN && d->secret_len <= RECORD_SECRET_MAX &&
	    name_valid(d->name);
}

struct record_entry *record_find_entry(struct record_hot *r, uint64_t id)
{
	for (int i = 0; i < r->entries; i++)
		if (r->entry[i].id == id)
			return &r->entry[i];
	return NULL;
}

static void put_device(struct pack *p, const struct record_device *d)
{
	size_t n = strnlen(d->name, RECORD_DEVICE_NAME_MAX);

	pack_put_int(p, d->id, 8);
	pack_put_int(p, n, 1);
	pack_put(p, d->name, n);
	pack_put_int(p, d->algorithm, 1);
	pack_put_int(p, d->digits, 1);
	pack_put_int(p, d->period, 1);
	pack_put_int(p, d->secret_len, 1);
	pack_put(p, d->secret, d->secret_len);
	pack_put_int(p, (uint64_t)d->created, 8);
	pack_put_int(p, d->has_key, 1);
	if (d->has_key)
		pack_put(p, d->key, sizeof(d->key));
}

static bool get_bool(struct pack *p)
{
	uint64_t v = pack_get_int(p, 1);

	if (v > 1)
		p->bad = true;
	return v == 1;
}

static size_t get_count(struct pack *p, size_t max)
{
	uint64_t n = pack_get_int(p, 1);

	if (n > max)
		p->bad = true;
	return p->bad ? 0 : (size_t)n;
}

static int64_t get_time(struct pack *p)
{
	int64_t t = (int64_t)pack_get_int(p, 8);

	if (t < 0)
		p->bad = true;
	return t;
}

static void get_device(struct pack *p, struct record_device *d)
{
	size_t n;

	d->id = pack_get_int(p, 8);
	n = get_count(p, RECORD_DEVICE_NAME_MAX);
	pack_get(p, d->name, n);
	if (strnlen(d->name, sizeof(d->name)) != n)
		p->bad = true; /* a NUL inside */
	d->algorithm = (uint8_t)pack_get_int(p, 1);
	d->digits = (uint8_t)pack_get_int(p, 1);
	d->period = (uint8_t)pack_get_int(p, 1);
	d->secret_len = (uint8_t)get_count(p, RECORD_SECRET_MAX);
	pack_get(p, d->secret, d->secret_len);
	d->created = get_time(p);
	d->has_key = get_bool(p);
	if (d->has_key)
		pack_get(p, d->key, sizeof(d->key));
	if (!record_device_valid(d))
		p->bad = true;
}

static void put_recovery(struct pack *p, const struct record_recovery *r)
{
	pack_put_int(p, r->id, 8);
	if (r->id == 0)
		return;
	pack_put(p, r->key, sizeof(r->key));
	pack_put(p, r->hash, sizeof(r->hash));
}

static void get_recovery(struct pack *p, struct record_recovery *r)
{
	r->id = pack_get_int(p, 8);
	if (r->id == 0)
		return;
	pack_get(p, r->key, sizeof(r->key));
	pack_get(p, r->hash, sizeof(r->hash));
}

static void put_invite(struct pack *p, const struct record_invite *v)
{
	pack_put_int(p, v->open, 1);
	if (!v->open)
		return;
	pack_put(p, v->key, sizeof(v->key));
	pack_put(p, v->hash, sizeof(v->hash));
	pack_put_int(p, (uint64_t)v->since, 8);
	pack_put_int(p, v->life, 4);
}

static void get_invite(struct pack *p, struct record_invite *v)
{
	if (!(v->open = get_bool(p)))
		return;
	pack_get(p, v->key, sizeof(v->key));
	pack_get(p, v->hash, sizeof(v->hash));
	v->since = get_time(p);
	v->life = (uint32_t)pack_get_int(p, 4);
}

int record_put_enroll(const struct record_enroll *r, unsigned char *out)
{
	struct pack p = {.data = out, .size = RECORD_PLAIN_MAX};

	pack_put_int(&p, r->format, 2);
	pack_put_int(&p, r->devices, 1);
	for (int i = 0; i < r->devices && i < RECORD_DEVICES; i++)
		put_device(&p, &r->device[i]);
	put_recovery(&p, &r->recovery);
	pack_put_int(&p, r->pendings, 1);
	for (int i = 0; i < r->pendings && i < RECORD_PENDING; i++) {
		put_device(&p, &r->pending[i].device);
		pack_put(&p, r->pending[i].where, RECORD_HASH);
	}
	put_invite(&p, &r->invite);
	pack_put_int(&p, (uint64_t)r->bypass_since, 8);
	pack_put_int(&p, r->bypass_life, 4);
	return p.bad || r->devices > RECORD_DEVICES || r->pendings > RECORD_PENDING ?
	    ERR_SYSTEM : (int)p.at;
}

/* Two devices of one id would share one counter. */
static bool ids_differ(const struct record_enroll *r)
{
	for (int i = 0; i < r->devices; i++)
		for (int j = 0; j < i; j++)
			if (r->device[i].id == r->device[j].id)
				return false;
	return true;
}

int record_get_enroll(struct record_enroll *r, const unsigned char *in, size_t len)
{
	struct pack p = {.data = (unsigned char *)(uintptr_t)in, .size = len};

	memset(r, 0, sizeof(*r));
	r->format = (uint16_t)pack_get_int(&p, 2);
	if (!record_format_known(r->format))
		return ERR_BAD;
	r->devices = (uint8_t)get_count(&p, RECORD_DEVICES);
	for (int i = 0; i < r->devices; i++)
		get_device(&p, &r->device[i]);
	get_recovery(&p, &r->recovery);
	r->pendings = (uint8_t)get_count(&p, RECORD_PENDING);
	for (int i = 0; i < r->pendings; i++) {
		get_device(&p, &r->pending[i].device);
		pack_get(&p, r->pending[i].where, RECORD_HASH);
	}
	get_invite(&p, &r->invite);
	r->bypass_since = get_time(&p);
	r->bypass_life = (uint32_t)pack_get_int(&p, 4);
	return p.bad || p.at != len || !ids_differ(r) ? ERR_BAD : 0;
}

static void put_bucket(struct pack *p, const struct record_bucket *b)
{
	pack_put_int(p, b->wrong, 2);
	pack_put_int(p, b->proven, 2);
	pack_put_int(p, (uint64_t)b->last, 8);
}

static void get_bucket(struct pack *p, struct record_bucket *b)
{
	b->wrong = (uint16_t)pack_get_int(p, 2);
	b->proven = (uint16_t)pack_get_int(p, 2);
	b->last = get_time(p);
}

static void put_missed(struct pack *p, const struct record_missed *m)
{
	pack_put_int(p, m->count, 4);
	pack_put_int(p, (uint64_t)m->first, 8);
	pack_put_int(p, (uint64_t)m->last, 8);
	pack_put_int(p, m->from.kind, 1);
	pack_put(p, m->from.bytes, sizeof(m->from.bytes));
}

static void get_missed(struct pack *p, struct record_missed *m)
{
	m->count = (uint32_t)pack_get_int(p, 4);
	m->first = get_time(p);
	m->last = get_time(p);
	m->from.kind = (uint8_t)get_count(p, SOURCE_IPV6);
	pack_get(p, m->from.bytes, sizeof(m->from.bytes));
}

static void put_sources(struct pack *p, const struct record_hot *r)
{
	for (int i = 0; i < RECORD_KNOWN; i++) {
		pack_put(p, r->known[i].source, sizeof(r->known[i].source));
		pack_put_int(p, (uint64_t)r->known[i].since, 8);
		put_bucket(p, &r->known[i].bucket);
	}
	for (int i = 0; i < RECORD_BUCKETS; i++)
		put_bucket(p, &r->unknown[i]);
	put_bucket(p, &r->dropped);
	put_missed(p, &r->missed);
	for (int i = 0; i < RECORD_REMEMBERED; i++) {
		pack_put(p, r->remembered[i].source, sizeof(r->remembered[i].source));
		pack_put(p, r->remembered[i].keys, sizeof(r->remembered[i].keys));
		pack_put_int(p, (uint64_t)r->remembered[i].since, 8);
	}
}

static void get_sources(struct pack *p, struct record_hot *r)
{
	for (int i = 0; i < RECORD_KNOWN; i++) {
		pack_get(p, r->known[i].source, sizeof(r->known[i].source));
		r->known[i].since = get_time(p);
		get_bucket(p, &r->known[i].bucket);
	}
	for (int i = 0; i < RECORD_BUCKETS; i++)
		get_bucket(p, &r->unknown[i]);
	get_bucket(p, &r->dropped);
	get_missed(p, &r->missed);
	for (int i = 0; i < RECORD_REMEMBERED; i++) {
		pack_get(p, r->remembered[i].source, sizeof(r->remembered[i].source));
		pack_get(p, r->remembered[i].keys, sizeof(r->remembered[i].keys));
		r->remembered[i].since = get_time(p);
	}
}

/* Every bucket, in the order of put_sources(). */
static struct record_bucket *bucket_at(struct record_hot *r, int i)
{
	if (i < RECORD_KNOWN)
		return &r->known[i].bucket;
	return i - RECORD_KNOWN < RECORD_BUCKETS ? &r->unknown[i - RECORD_KNOWN] : &r->dropped;
}

#define BUCKETS (RECORD_KNOWN + RECORD_BUCKETS + 1)

/* What format 2 has behind format 1. */
static void put_reserved(struct pack *p, const struct record_hot *r)
{
	for (int i = 0; i < BUCKETS; i++)
		pack_put_int(p, bucket_at((struct record_hot *)(uintptr_t)r, i)->passwords, 2);
	/* The free places too: how many are open is not to be seen from outside. */
	for (int i = 0; i < RECORD_RESERVED; i++) {
		pack_put_int(p, r->reserved[i].id, 8);
		pack_put(p, r->reserved[i].source, sizeof(r->reserved[i].source));
		pack_put_int(p, (uint64_t)r->reserved[i].since, 8);
	}
}

static const struct record_reserved free_place;

static void get_reserved(struct pack *p, struct record_hot *r)
{
	for (int i = 0; i < BUCKETS; i++) {
		struct record_bucket *b = bucket_at(r, i);

		b->passwords = (uint16_t)pack_get_int(p, 2);
		if (b->passwords > b->wrong)
			p->bad = true;
	}
	for (int i = 0; i < RECORD_RESERVED; i++) {
		struct record_reserved *x = &r->reserved[i];

		x->id = pack_get_int(p, 8);
		pack_get(p, x->source, sizeof(x->source));
		x->since = get_time(p);
		if (x->id != 0 && r->reserveds == i)
			r->reserveds++;
		else if (memcmp(x, &free_place, sizeof(*x)) != 0)
			p->bad = true;
	}
}

/* As it is read back: those behind the last one are free. */
static bool places_are_whole(const struct record_hot *r)
{
	for (int i = 0; i < RECORD_RESERVED; i++)
		if ((r->reserved[i].id != 0) != (i < r->reserveds))
			return false;
	return r->reserveds <= RECORD_RESERVED;
}

/* A record that would lose what it says is not written. */
static bool fits_format_1(const struct record_hot *r)
{
	for (int i = 0; i < BUCKETS; i++)
		if (bucket_at((struct record_hot *)(uintptr_t)r, i)->passwords != 0)
			return false;
	return r->reserveds == 0;
}

int record_put_hot(const struct record_hot *r, unsigned char *out)
{
	struct pack p = {.data = out, .size = RECORD_PLAIN_MAX};

	pack_put_int(&p, r->format, 2);
	pack_put_int(&p, r->ever_confirmed, 1);
	pack_put_int(&p, r->uid_bound, 1);
	pack_put_int(&p, r->uid, 4);
	pack_put(&p, r->source_key, sizeof(r->source_key));
	pack_put_int(&p, (uint64_t)r->locked_since, 8);
	pack_put_int(&p, r->entries, 1);
	for (int i = 0; i < r->entries && i < RECORD_ENTRIES; i++) {
		pack_put_int(&p, r->entry[i].id, 8);
		pack_put_int(&p, r->entry[i].last_step, 8);
		pack_put_int(&p, (uint64_t)r->entry[i].last_used, 8);
	}
	for (int i = 0; i < 2; i++) {
		pack_put_int(&p, r->spent[i].id, 8);
		pack_put_int(&p, r->spent[i].used, 2);
	}
	put_sources(&p, r);
	if (r->format >= 2)
		put_reserved(&p, r);
	else if (!fits_format_1(r))
		p.bad = true;
	return p.bad || r->entries > RECORD_ENTRIES || !places_are_whole(r) ?
	    ERR_SYSTEM : (int)p.at;
}

int record_get_hot(struct record_hot *r, const unsigned char *in, size_t len)
{
	struct pack p = {.data = (unsigned char *)(uintptr_t)in, .size = len};

	memset(r, 0, sizeof(*r));
	r->format = (uint16_t)pack_get_int(&p, 2);
	if (!record_format_known(r->format))
		return ERR_BAD;
	r->ever_confirmed = get_bool(&p);
	r->uid_bound = get_bool(&p);
	r->uid = (uint32_t)pack_get_int(&p, 4);
	pack_get(&p, r->source_key, sizeof(r->source_key));
	r->locked_since = get_time(&p);
	r->entries = (uint8_t)get_count(&p, RECORD_ENTRIES);
	for (int i = 0; i < r->entries; i++) {
		r->entry[i].id = pack_get_int(&p, 8);
		r->entry[i].last_step = pack_get_int(&p, 8);
		r->entry[i].last_used = get_time(&p);
	}
	for (int i = 0; i < 2; i++) {
		r->spent[i].id = pack_get_int(&p, 8);
		r->spent[i].used = (uint16_t)pack_get_int(&p, 2);
	}
	get_sources(&p, r);
	if (r->format >= 2)
		get_reserved(&p, r);
	return p.bad || p.at != len ? ERR_BAD : 0;
}
