#include "lib/core/host.h"

#include "lib/core/crypto.h"
#include "lib/core/pack.h"
#include "lib/core/safefile.h"
#include "lib/core/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MACHINE_ID "/etc/machine-id"
#define NAME "machine-id"
#define HASH 32
#define FORMAT 1
#define LOCK_WAIT_MS 2000

struct host {
	unsigned char id[HASH];
	int64_t since;
};

/* 32 hexadecimal digits, as machine-id(5) has it, are kept as they are (hashing
 * them at each login would cost more than all the rest of this file); anything
 * else by its SHA-256. */
static int shorten(const char *text, size_t n, unsigned char id[HASH], struct err *e)
{
	unsigned char md[EVP_MAX_MD_SIZE];

	if (n == HASH + 1 && text[HASH] == '\n' &&
	    strspn(text, "0123456789abcdef") == HASH) {
		memcpy(id, text, HASH);
		return 0;
	}
	if (EVP_Digest(text, n, md, NULL, crypto_sha256(), NULL) != 1)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot run SHA-256");
	memcpy(id, md, HASH);
	return 0;
}

/* No file, or an empty one, is an identity too: that of "none". */
static int this_machine(unsigned char id[HASH], struct err *e)
{
	char text[128] = "";
	ssize_t n = 0;
	int fd = open(MACHINE_ID, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 && errno != ENOENT)
		return err_errno(e, MACHINE_ID);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text));
		(void)close(fd);
	}
	/* Not "none": that would pass for another machine. */
	if (n < 0)
		return err_set(e, ERR_UNAVAIL, MACHINE_ID ": cannot be read");
	return shorten(text, (size_t)n, id, e);
}

static size_t put_host(const struct host *h, unsigned char out[64])
{
	struct pack p = {.data = out, .size = 64};

	pack_put_int(&p, FORMAT, 2);
	pack_put(&p, h->id, sizeof(h->id));
	pack_put_int(&p, (uint64_t)h->since, 8);
	return p.at;
}

static int get_host(struct slot *s, struct host *h, struct err *e)
{
	struct pack p = {.data = s->value, .size = s->len};
	uint64_t format = pack_get_int(&p, 2);

	pack_get(&p, h->id, sizeof(h->id));
	h->since = (int64_t)pack_get_int(&p, 8);
	if (p.bad || p.at != s->len || format != FORMAT || h->since < 0)
		return err_set(e, ERR_BAD, "%s: is not a machine-id record", s->name);
	return 0;
}

static int open_at(int dir, const struct conf *c, struct err *e)
{
	int fd = openat(dir, NAME, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	int r = fd < 0 ? err_errno(e, "%s/%s", c->state_dir, NAME) : 0;

	if (fd >= 0 && (r = safefile_check(fd, SAFEFILE_PRIVATE, NAME, e)) != 0)
		(void)close(fd);
	return r != 0 ? r : fd;
}

static int open_record(const struct conf *c, struct err *e)
{
	int dir = safefile_open_dir(c->state_dir, e);
	int fd;

	if (dir < 0)
		return dir;
	fd = open_at(dir, c, e);
	(void)close(dir);
	return fd;
}

static int read_host(int fd, struct slot *s, struct host *h, struct err *e)
{
	int r;

	s->name = NAME;
	if ((r = slot_read(fd, s, e)) != 0)
		return r;
	return get_host(s, h, e);
}

/* Changed machine, or a first sight that lies in the future because the clock
 * was wrong then: first seen now. */
static int note_change(int fd, const unsigned char id[HASH], int64_t now, struct host *h,
    struct err *e)
{
	unsigned char bytes[64];
	struct slot s;
	int r = slot_lock(fd, LOCK_WAIT_MS, NAME, e);

	if (r != 0)
		return r;
	r = read_host(fd, &s, h, e);
	if (r == 0 && (memcmp(h->id, id, HASH) != 0 || h->since > now)) {
		memcpy(h->id, id, HASH);
		h->since = now;
		r = slot_write(fd, &s, bytes, put_host(h, bytes), e);
	}
	slot_unlock(fd);
	return r;
}

int host_peek(int fd, const char *name, struct err *e)
{
	struct slot s = {.name = name};
	struct host h;
	int r = slot_read(fd, &s, e);

	return r != 0 ? r : get_host(&s, &h, e);
}

int host_since(const struct conf *c, int64_t now, int64_t *since, struct err *e)
{
	return host_since_at(-1, c, now, since, e);
}

int host_since_at(int dir, const struct conf *c, int64_t now, int64_t *since,
    struct err *e)
{
	unsigned char id[HASH];
	struct host h = {0};
	struct slot s;
	int fd, r;

	*since = INT64_MAX;
	if ((r = this_machine(id, e)) != 0)
		return r;
	fd = dir >= 0 ? open_at(dir, c, e) : open_record(c, e);
	if (fd == ERR_NONE)
		return err_set(e, ERR_INIT, "%s/%s: does not exist; run `enroll-mfa init`",
		    c->state_dir, NAME);
	if (fd < 0)
		return fd;
	r = read_host(fd, &s, &h, e);
	if (r == 0 && (memcmp(h.id, id, HASH) != 0 || h.since > now))
		r = note_change(fd, id, now, &h, e);
	(void)close(fd);
	if (r == 0)
		*since = h.since;
	return r;
}

int host_arrive(const struct conf *c, int64_t now, struct err *e)
{
	struct host h = {.since = now};
	unsigned char bytes[64];
	struct slot s;
	int fd, r;

	if ((r = this_machine(h.id, e)) != 0)
		return r;
	if ((fd = open_record(c, e)) < 0)
		return fd;
	if ((r = slot_lock(fd, LOCK_WAIT_MS, NAME, e)) == 0) {
		s.name = NAME;
		if ((r = slot_read(fd, &s, e)) == 0)
			r = slot_write(fd, &s, bytes, put_host(&h, bytes), e);
		slot_unlock(fd);
	}
	(void)close(fd);
	return r;
}

static int write_new(int dir, const struct host *h, struct err *e)
{
	unsigned char image[SLOT_FILE], bytes[64];
	int fd, r = 0;

	if (slot_image(image, 1, bytes, put_host(h, bytes)) != 0)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot run SHA-256");
	/* Its name is there before its sync: no mark says otherwise. */
	memset(image + SLOT_BLOCK, 0, SLOT_BLOCK);
	fd = openat(dir, NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, "%s", NAME);
	/* A kill in here leaves a bad record, which the next init mends. */
	if (pwrite(fd, image, sizeof(image), 0) != SLOT_FILE ||
	    ftruncate(fd, SLOT_FILE) != 0 || fchmod(fd, 0600) != 0 || fsync(fd) != 0 ||
	    fsync(dir) != 0)
		r = err_errno(e, "%s: write", NAME);
	(void)close(fd);
	return r;
}

int host_create(const struct conf *c, int64_t since, struct err *e)
{
	struct host h = {.since = since};
	struct host old;
	struct slot s;
	int fd, dir, r;

	if ((dir = safefile_open_dir(c->state_dir, e)) < 0)
		return dir;
	if ((fd = open_at(dir, c, e)) >= 0) {
		r = read_host(fd, &s, &old, e);
		(void)close(fd);
	} else {
		r = fd;
	}
	/* Whoever made it may have been killed before its name was on the disk. */
	if (r == 0 && fsync(dir) != 0)
		r = err_errno(e, "%s: sync", NAME);
	else if ((r == ERR_BAD || r == ERR_NONE) && (r = this_machine(h.id, e)) == 0)
		r = write_new(dir, &h, e);
	(void)close(dir);
	return r;
}
