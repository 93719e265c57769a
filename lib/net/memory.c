#include "lib/net/memory.h"

#include "lib/core/err.h"
#include "lib/core/secret.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* In front of each block stands how long it is. */
union head {
	size_t size;
	max_align_t align;
};

static union head *head_of(void *p)
{
	return (union head *)p - 1;
}

void *memory_malloc(size_t size)
{
	union head *h = size <= SIZE_MAX - sizeof(*h) ? malloc(sizeof(*h) + size) : NULL;

	if (h == NULL)
		return NULL;
	h->size = size;
	return h + 1;
}

void *memory_calloc(size_t count, size_t size)
{
	void *p = size == 0 || count <= SIZE_MAX / size ? memory_malloc(count * size) : NULL;

	if (p != NULL)
		memset(p, 0, count * size);
	return p;
}

void *memory_realloc(void *p, size_t size)
{
	void *new = memory_malloc(size);
	size_t old;

	if (new == NULL || p == NULL)
		return new;
	old = head_of(p)->size;
	memcpy(new, p, old < size ? old : size);
	memory_free(p);
	return new;
}

void memory_free(void *p)
{
	if (p == NULL)
		return;
	secret_wipe(p, head_of(p)->size);
	free(head_of(p));
}

char *memory_strdup(const char *s)
{
	const size_t n = strlen(s) + 1;
	char *copy = memory_malloc(n);

	if (copy != NULL)
		memcpy(copy, s, n);
	return copy;
}

int memory_use(void)
{
	static bool used;

	if (used)
		return 0;
	json_set_alloc_funcs(memory_malloc, memory_free);
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, memory_malloc, memory_free, memory_realloc,
	    memory_strdup, memory_calloc) != CURLE_OK)
		return ERR_SYSTEM;
	used = true;
	return 0;
}
