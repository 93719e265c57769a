/*
 * sshd_source: the sshd that a host has, each with the file it goes by and the options that
 * are stronger: those that units start, those that listen now whoever has started them, and
 * the file of the system where nothing else is said.  Pure: facts of unit.h, `listener PID`.
 */
#ifndef PB_AUDIT_SSHD_SOURCE_H
#define PB_AUDIT_SSHD_SOURCE_H

#include "policy/audit/unit.h"

#include <stdbool.h>
#include <stddef.h>

#define SSHD_SOURCES 24
#define SSHD_SOURCE_WORDS 128 /* two for each option */
#define SSHD_SOURCE_FILE "config"

struct sshd_source {
	char name[300]; /* SSHD_SOURCE_FILE; a unit with options of its own; "process PID" */
	char main[400]; /* the file that it goes by */
	char program[64]; /* the name that it is started by */
	char *word[SSHD_SOURCE_WORDS + 1]; /* "-o", "KEY=VALUE", "-f", "FILE", "-p", "PORT": all that decide */
	size_t words;
	char untold[300]; /* why it cannot be asked; "": it can */
	bool once;        /* a process that tests, or serves one connection, and does not listen */
};

struct sshd_sources {
	struct sshd_source item[SSHD_SOURCES];
	size_t count;
	bool more;   /* there are more of them */
	bool failed; /* memory ran out */
};

/* Of those that say the same the first stands for all.  What a unit could not be told from is
 * the caller's to ask unit_merge().  NULL: memory ran out; freed by sshd_sources_free(). */
struct sshd_sources *sshd_sources(struct facts *f);
void sshd_sources_free(struct sshd_sources *all);

/* Whether it was started with -o KEY VALUE, as `sshd -T` writes the value. */
bool sshd_source_gives(const struct sshd_source *s, const char *key, const char *value);

#endif
