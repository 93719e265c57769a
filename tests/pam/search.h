/*
 * search: looks for secrets in the memory of another process.
 *
 * What is looked for stays in this process, so that the other one holds nothing
 * but what its own code has left: in its heap, freed pieces too, on its stack,
 * below the present frame too, in its data and in every other page that it may
 * write.
 */
#ifndef PB_PH_SEARCH_H
#define PB_PH_SEARCH_H

#include <stddef.h>
#include <sys/types.h>

/* Forgets what was looked for. */
void search_clear(void);

/* A key: each 8 bytes of it, as they are, as HMAC pads them, and each of them in the
 * byte order in which SHA-1 and SHA-256 hold a block.  n: at least 8. */
void search_add_key(const char *name, const void *key, size_t n);

/* A text: each 8 characters of it; of 6 or 7 characters as a whole. */
void search_add_text(const char *name, const char *text);

/* Bytes that count only as a whole, at most SEARCH_WHOLE. */
#define SEARCH_WHOLE 96
void search_add_whole(const char *name, const void *bytes, size_t n);

/* How often something of it stands in pages that the process may write; a line about
 * each of the first ones in report.  The process does not run meanwhile. */
int search_process(pid_t pid, char *report, size_t size);

#endif
