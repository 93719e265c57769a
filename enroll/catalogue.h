/*
 * catalogue: the translations of one language, from a .mo file as msgfmt(1)
 * writes it.
 *
 * Not libc's gettext(): that one goes by LANGUAGE, LOCPATH and by which locales
 * are generated on a host, and from glibc 2.39 on it translates nothing under
 * C.UTF-8, the only UTF-8 locale that is there everywhere.
 */
#ifndef PB_CATALOGUE_H
#define PB_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CATALOGUE_MAX (1 << 20) /* bytes of a file */

struct catalogue {
	char *data; /* NULL: there is none */
	size_t size;
	uint32_t count, from, to; /* texts, and where their two tables begin */
	bool swapped;             /* made on a machine of the other byte order */
};

/* 0 or -1: none, not a .mo file, or a file that somebody else than root and the
 * process may write.  Its texts become formats, so it is believed no more than that. */
int catalogue_open(struct catalogue *c, const char *path);

void catalogue_close(struct catalogue *c);

/* What stands for text, or NULL. */
const char *catalogue_find(const struct catalogue *c, const char *text);

#endif
