/*
 * memory: the heap of the libraries that speak to a network.  libcurl, jansson and expat
 * copy passwords, tokens and answers wherever they like; here each block of theirs is
 * wiped when they give it back.
 *
 * What remains: the stack and the registers of these libraries, and what libssl keeps of
 * a connection (its record buffers are freed, not wiped, by OpenSSL's own allocator).
 */
#ifndef PB_NET_MEMORY_H
#define PB_NET_MEMORY_H

#include <stddef.h>

/* As those of libc; what memory_free() and memory_realloc() give back is wiped. */
void *memory_malloc(size_t size);
void *memory_calloc(size_t count, size_t size);
void *memory_realloc(void *p, size_t size);
void memory_free(void *p);
char *memory_strdup(const char *s);

/* Makes libcurl and jansson use it; expat is given it by xml.c.  Before any of their other
 * calls, by one thread.  0 or ERR_SYSTEM. */
int memory_use(void);

#endif
