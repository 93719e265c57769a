#include "enroll/catalogue.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC UINT32_C(0x950412de)
#define HEAD 20 /* magic, revision, count, table of the texts, of the translations */

static uint32_t number(const struct catalogue *c, size_t at)
{
	uint32_t n;

	memcpy(&n, c->data + at, sizeof(n));
	return c->swapped ? __builtin_bswap32(n) : n;
}

/* Entry i of a table, or NULL when it is not a string inside the file. */
static const char *entry(const struct catalogue *c, uint32_t table, uint32_t i)
{
	size_t at = table + (size_t)i * 8, len = number(c, at), start = number(c, at + 4);

	return start < c->size && len < c->size - start && c->data[start + len] == '\0' ?
	    c->data + start : NULL;
}

static bool is_whole(const struct catalogue *c)
{
	size_t table = (size_t)c->count * 8;

	if (c->count > c->size / 8 || c->from > c->size - table || c->to > c->size - table)
		return false;
	for (uint32_t i = 0; i < c->count; i++)
		if (entry(c, c->from, i) == NULL || entry(c, c->to, i) == NULL)
			return false;
	return true;
}

static int read_head(struct catalogue *c)
{
	uint32_t magic = c->size >= HEAD ? number(c, 0) : 0;

	c->swapped = magic == __builtin_bswap32(MAGIC);
	if ((magic != MAGIC && !c->swapped) || number(c, 4) >> 16 > 1)
		return -1;
	c->count = number(c, 8);
	c->from = number(c, 12);
	c->to = number(c, 16);
	return is_whole(c) ? 0 : -1;
}

static bool is_trusted(const struct stat *st)
{
	return S_ISREG(st->st_mode) && (st->st_uid == 0 || st->st_uid == geteuid()) &&
	    (st->st_mode & (S_IWGRP | S_IWOTH)) == 0 && st->st_size > 0 &&
	    st->st_size <= CATALOGUE_MAX;
}

static int read_whole(struct catalogue *c, int fd)
{
	size_t done = 0;
	ssize_t n = 1;

	while (done < c->size && n > 0) {
		n = read(fd, c->data + done, c->size - done);
		done += n > 0 ? (size_t)n : 0;
	}
	return done == c->size ? 0 : -1;
}

int catalogue_open(struct catalogue *c, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), r = -1;
	struct stat st;

	*c = (struct catalogue){.data = NULL};
	if (fd >= 0 && fstat(fd, &st) == 0 && is_trusted(&st)) {
		c->size = (size_t)st.st_size;
		c->data = malloc(c->size);
		if (c->data != NULL && read_whole(c, fd) == 0)
			r = read_head(c);
	}
	if (fd >= 0)
		(void)close(fd);
	if (r != 0)
		catalogue_close(c);
	return r;
}

void catalogue_close(struct catalogue *c)
{
	free(c->data);
	*c = (struct catalogue){.data = NULL};
}

/* The texts are in order. */
const char *catalogue_find(const struct catalogue *c, const char *text)
{
	uint32_t low = 0, high = c->data != NULL ? c->count : 0;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const char *here = entry(c, c->from, middle);
		int order = here != NULL ? strcmp(text, here) : 0;

		if (here == NULL) /* is_whole() has seen them all */
			return NULL;
		if (order == 0)
			return entry(c, c->to, middle);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
