#include "tests/pam/search.h"

#include "tests/pam/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATTERNS 4096
#define WINDOW 8
#define PIECE ((size_t)1 << 20) /* of a mapping that is read at once */

static struct pattern {
	const char *name;
	const char *form;
	unsigned char bytes[SEARCH_WHOLE];
	size_t len;
	int next; /* of those that begin with the same two bytes, or 0 */
} patterns[PATTERNS];
static int count;          /* patterns[0] is not used */
static int first[1 << 16]; /* by the first two bytes */

void search_clear(void)
{
	count = 0;
	memset(first, 0, sizeof(first));
}

static size_t bucket(const unsigned char *p)
{
	return (size_t)p[0] << 8 | p[1];
}

static void add(const char *name, const char *form, const void *bytes, size_t n)
{
	struct pattern *p;

	if (n < 6 || n > SEARCH_WHOLE || count + 1 == PATTERNS)
		ph_die("search: %s: %zu bytes, %d patterns", name, n, count);
	p = &patterns[++count];
	*p = (struct pattern){.name = name, .form = form, .len = n};
	memcpy(p->bytes, bytes, n);
	p->next = first[bucket(p->bytes)];
	first[bucket(p->bytes)] = count;
}

static void add_windows(const char *name, const char *form, const unsigned char *bytes,
    size_t n)
{
	for (size_t i = 0; i + WINDOW <= n; i += WINDOW / 2)
		add(name, form, bytes + i, WINDOW);
	if (n % (WINDOW / 2) != 0)
		add(name, form, bytes + n - WINDOW, WINDOW);
}

/* In words of 4 bytes, the other way round. */
static void add_both_orders(const char *name, const char *form, const char *swapped_form,
    const unsigned char *bytes, size_t n)
{
	unsigned char swapped[128];

	add_windows(name, form, bytes, n);
	for (size_t i = 0; i < n; i++)
		swapped[i] = bytes[(i ^ 3) < n ? i ^ 3 : i];
	add_windows(name, swapped_form, swapped, n & ~(size_t)3);
}

void search_add_key(const char *name, const void *key, size_t n)
{
	static const unsigned char pads[] = {0, 0x36, 0x5c};
	static const char *const forms[][2] = {{"as it is", "words turned"},
	    {"inner pad", "inner pad, words turned"}, {"outer pad", "outer pad, words turned"}};
	unsigned char bytes[128];

	if (n < WINDOW || n > sizeof(bytes))
		ph_die("search: %s: %zu bytes", name, n);
	for (size_t k = 0; k < sizeof(pads); k++) {
		for (size_t i = 0; i < n; i++)
			bytes[i] = ((const unsigned char *)key)[i] ^ pads[k];
		add_both_orders(name, forms[k][0], forms[k][1], bytes, n);
	}
}

void search_add_text(const char *name, const char *text)
{
	size_t n = strlen(text);

	if (n < WINDOW)
		add(name, "text", text, n);
	else
		add_windows(name, "text", (const unsigned char *)text, n);
}

void search_add_whole(const char *name, const void *bytes, size_t n)
{
	add(name, "whole", bytes, n);
}

struct report {
	char *text;
	size_t size, used;
	int hits;
	const char *mapping;
};

static void hit(struct report *r, const struct pattern *p, unsigned long at)
{
	int n;

	r->hits++;
	if (r->used + 1 >= r->size)
		return;
	n = snprintf(r->text + r->used, r->size - r->used, "%s (%s) at %lx in %s\n", p->name,
	    p->form, at, r->mapping);
	r->used += (size_t)n < r->size - r->used ? (size_t)n : r->size - r->used - 1;
}

static void search_piece(struct report *r, const unsigned char *data, size_t n,
    unsigned long at)
{
	for (size_t i = 0; i + 1 < n; i++) {
		for (int k = first[bucket(data + i)]; k != 0; k = patterns[k].next) {
			const struct pattern *p = &patterns[k];

			if (p->len <= n - i && memcmp(p->bytes, data + i, p->len) == 0)
				hit(r, p, at + i);
		}
	}
}

/* Pieces overlap, so that nothing hides on the border of two. */
static void search_mapping(struct report *r, int memory, unsigned long from, unsigned long to)
{
	static unsigned char data[PIECE + SEARCH_WHOLE];

	for (unsigned long at = from; at < to; at += PIECE) {
		size_t n = to - at < sizeof(data) ? to - at : sizeof(data);

		if (pread(memory, data, n, (off_t)at) != (ssize_t)n)
			ph_die("search: %s at %lx: %s", r->mapping, at, strerror(errno));
		search_piece(r, data, n, at);
	}
}

int search_process(pid_t pid, char *report, size_t size)
{
	struct report r = {.text = report, .size = size};
	char path[64], line[512];
	unsigned long from, to;
	int memory, mappings = 0;
	FILE *maps;

	report[0] = '\0';
	(void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	memory = open(path, O_RDONLY | O_CLOEXEC);
	(void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	if (memory < 0 || maps == NULL)
		ph_die("search: %s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), maps) != NULL) {
		char mode[8] = "", name[256] = "pages without a name";

		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &from, &to, mode, name) < 3)
			ph_die("search: %s: %s", path, line);
		if (mode[0] != 'r' || mode[1] != 'w')
			continue;
		r.mapping = name;
		mappings++;
		search_mapping(&r, memory, from, to);
	}
	(void)fclose(maps);
	(void)close(memory);
	if (mappings < 3)
		ph_die("search: %s: only %d mappings that can be written", path, mappings);
	return r.hits;
}
