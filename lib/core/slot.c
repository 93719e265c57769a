#include "lib/core/slot.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAGIC UINT32_C(0x50425331) /* "PBS1" */
#define SUM 8
#define HEAD (4 + 4 + 8 + SUM)
#define MARK (SLOT_BLOCK - 8) /* where a block speaks of the other one */
#define POLL_FIRST_NS 200000L  /* 0.2 ms, growing */
#define POLL_MOST_NS 4000000L  /* to 4 ms */
#define READ_TRIES 8           /* against a writer that passes twice meanwhile */

_Static_assert(HEAD + SLOT_VALUE_MAX <= MARK, "a value and the mark fit a block");
_Static_assert(HEAD % 8 == 0 && SUM == 8, "the checksum is one word");

static void put32(unsigned char *p, uint32_t v)
{
	for (int i = 3; i >= 0; i--, v >>= 8)
		p[i] = (unsigned char)v;
}

static uint32_t get32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put64(unsigned char *p, uint64_t v)
{
	put32(p, (uint32_t)(v >> 32));
	put32(p + 4, (uint32_t)v);
}

static uint64_t get64(const unsigned char *p)
{
	return (uint64_t)get32(p) << 32 | get32(p + 4);
}

/* FNV-1a over 64-bit words, each turned so that all its bits reach the others.
 * Against torn writes, not against people: that is the seal's part, which no
 * torn value passes either. */
static uint64_t checksum(const unsigned char *block, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325), word;

	for (size_t i = 0; i < HEAD + len; i += 8) {
		if (i == HEAD - SUM)
			continue;
		/* The rest of the block is zero, so the last word is whole. */
		memcpy(&word, block + i, 8);
		h = (h ^ le64toh(word)) * UINT64_C(0x100000001b3);
		h ^= h >> 29;
	}
	return h;
}

static uint64_t sum_of(const unsigned char *block)
{
	return get64(block + HEAD - SUM);
}

static int fill_block(unsigned char block[SLOT_BLOCK], uint64_t sequence,
    const void *value, size_t len)
{
	if (len > SLOT_VALUE_MAX)
		return ERR_SYSTEM;
	memset(block + HEAD + len, 0, SLOT_BLOCK - HEAD - len);
	put32(block, MAGIC);
	put32(block + 4, (uint32_t)len);
	put64(block + 8, sequence);
	memcpy(block + HEAD, value, len);
	put64(block + HEAD - SUM, checksum(block, len));
	return 0;
}

int slot_image(unsigned char file[SLOT_FILE], uint64_t sequence, const void *value,
    size_t len)
{
	int r;

	memset(file, 0, SLOT_FILE);
	if ((r = fill_block(file, sequence, value, len)) == 0)
		put64(file + SLOT_BLOCK + MARK, sum_of(file));
	return r;
}

/* 0 when the block is a whole slot. */
static int check_block(const unsigned char *block)
{
	uint32_t len = get32(block + 4);

	if (get32(block) != MAGIC || len > SLOT_VALUE_MAX)
		return ERR_BAD;
	for (size_t i = HEAD + len; i < SLOT_BLOCK && i % 8 != 0; i++)
		if (block[i] != 0)
			return ERR_BAD;
	return checksum(block, len) == sum_of(block) ? 0 : ERR_BAD;
}

static int choose(const unsigned char *file, struct slot *s)
{
	uint64_t seq[2] = {get64(file + 8), get64(file + SLOT_BLOCK + 8)};
	int first = seq[1] > seq[0] ? 1 : 0;

	for (int k = 0; k < 2; k++) {
		int i = k == 0 ? first : 1 - first;
		const unsigned char *block = file + i * SLOT_BLOCK;

		if (check_block(block) != 0)
			continue;
		s->index = i;
		s->sequence = seq[i];
		s->sum = sum_of(block);
		s->durable = get64(file + (1 - i) * SLOT_BLOCK + MARK) == s->sum;
		s->len = get32(block + 4);
		memcpy(s->value, block + HEAD, s->len);
		return 0;
	}
	return ERR_BAD;
}

static ssize_t read_file(int fd, unsigned char *file)
{
	size_t got = 0;

	while (got < SLOT_FILE) {
		ssize_t n = pread(fd, file + got, SLOT_FILE - got, (off_t)got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

int slot_read(int fd, struct slot *s, struct err *e)
{
	unsigned char file[SLOT_FILE];

	for (int i = 0; i < READ_TRIES; i++) {
		ssize_t n = read_file(fd, file);

		if (n < 0)
			return err_errno(e, "%s: read", s->name);
		if (n != SLOT_FILE)
			return err_set(e, ERR_BAD, "%s: is %zd bytes long instead of %d",
			    s->name, n, SLOT_FILE);
		if (choose(file, s) == 0)
			return 0;
	}
	return err_set(e, ERR_BAD, "%s: neither of its two slots is whole", s->name);
}

/* The mark comes behind the sync and is not synced: should it be lost, the next
 * writer writes this block once more. */
static int put_block(int fd, int index, const unsigned char block[SLOT_BLOCK], const char *name,
    struct err *e)
{
	off_t at = (off_t)index * SLOT_BLOCK, other = (off_t)(1 - index) * SLOT_BLOCK;
	size_t done = 0;

	while (done < SLOT_BLOCK) {
		ssize_t n = pwrite(fd, block + done, SLOT_BLOCK - done, at + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int r = err_errno(e, "%s: write", name);
			return done > 0 ? ERR_UNKNOWN : r;
		}
		done += (size_t)n;
	}
	while (fdatasync(fd) != 0) {
		if (errno == EINTR)
			continue;
		(void)err_errno(e, "%s: sync", name);
		return ERR_UNKNOWN;
	}
	(void)!pwrite(fd, block + HEAD - SUM, SUM, other + MARK);
	return 0;
}

int slot_settle(int fd, const struct slot *s, struct err *e)
{
	unsigned char block[SLOT_BLOCK];

	if (s->durable)
		return 0;
	if (fill_block(block, s->sequence, s->value, s->len) != 0)
		return err_set(e, ERR_BAD, "%s: value too long", s->name);
	return put_block(fd, s->index, block, s->name, e);
}

int slot_write(int fd, const struct slot *s, const void *value, size_t len, struct err *e)
{
	unsigned char block[SLOT_BLOCK];
	int r;

	if (s->sequence == UINT64_MAX || fill_block(block, s->sequence + 1, value, len) != 0)
		return err_set(e, ERR_UNAVAIL, "%s: value too long", s->name);
	put64(block + MARK, s->sum);
	/* Until that is on the disk, the slot to be written may be all that the disk has. */
	r = slot_settle(fd, s, e);
	return r == 0 ? put_block(fd, 1 - s->index, block, s->name, e) : r;
}

static int64_t monotonic_ns(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int set_lock(int fd, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};

	return fcntl(fd, F_OFD_SETLK, &lock);
}

int slot_lock(int fd, int wait_ms, const char *name, struct err *e)
{
	long pause = POLL_FIRST_NS;
	int64_t end;

	if (set_lock(fd, F_WRLCK) == 0)
		return 0;
	end = monotonic_ns() + (int64_t)wait_ms * 1000000;
	for (;;) {
		struct timespec t = {.tv_nsec = pause};

		if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
			(void)err_errno(e, "%s: lock", name);
			return ERR_UNAVAIL;
		}
		if (monotonic_ns() >= end)
			return err_set(e, ERR_UNAVAIL,
			    "%s: locked by another process for more than %d ms", name, wait_ms);
		(void)nanosleep(&t, NULL);
		if (pause < POLL_MOST_NS)
			pause += pause / 2;
		if (set_lock(fd, F_WRLCK) == 0)
			return 0;
	}
}

void slot_unlock(int fd)
{
	(void)set_lock(fd, F_UNLCK);
}
