/*
 * facts: what was found on a host, as text: everything that the checks of an audit judge,
 * and nothing else.  A saved one replays a host elsewhere.
 *
 * A fact has a kind and a name: `file /etc/ssh/sshd_config`, `package ec2-instance-connect`.
 * It is a text, or "there is none", or "it could not be told", with the reason.  A kind
 * and name that nobody has gathered are FACT_UNKNOWN, which a check never takes for "none".
 *
 * Secrets are no facts: who gathers shadow(5) or a credentials file notes what must be
 * judged of it (facts of gather_*.h), never a hash or a key; of other files mask.h covers
 * what may be one.
 *
 * The file: a first line with the format, then for each fact
 *
 *     = KIND NAME        a text: its lines follow, a TAB before each; one that ends in a
 *     	...               newline ends in a line of a TAB alone
 *     - KIND NAME        there is none
 *     ! KIND NAME        it could not be told: the reason follows likewise
 *
 * NAME has no newline; other bytes are as they are, but NUL.
 */
#ifndef PB_AUDIT_FACTS_H
#define PB_AUDIT_FACTS_H

#include "lib/core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define FACTS_HEAD "pam-bastion facts 1"
#define FACTS_FILE_MAX (32U << 20) /* bytes of a saved one */
#define FACTS_MOST (1U << 18)      /* facts in it */

enum fact_is { FACT_UNKNOWN, FACT_NONE, FACT_TEXT, FACT_TROUBLE };

struct fact {
	const char *kind, *name;
	enum fact_is is;
	const char *text; /* of FACT_TEXT; of FACT_TROUBLE the reason; else "" */
	size_t noted;     /* before which others: the last of a kind and name counts */
};

/* Zeroed memory is an empty one; facts_free() in any case. */
struct facts {
	struct fact *item;
	size_t count, room, noted;
	bool sorted;
	bool failed; /* memory ran out: it is not whole */
};

/* Notes one; a later one of the same kind and name replaces it.  Text is len bytes; a NUL
 * among them becomes a blank. */
void facts_text(struct facts *f, const char *kind, const char *name, const char *text,
    size_t len);
void facts_format(struct facts *f, const char *kind, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void facts_none(struct facts *f, const char *kind, const char *name);
void facts_trouble(struct facts *f, const char *kind, const char *name, const char *why);

/* The fact, never NULL; it lives until the next one is noted. */
const struct fact *facts_get(struct facts *f, const char *kind, const char *name);

/* Its text, or "". */
const char *facts_string(struct facts *f, const char *kind, const char *name);

/* The same to be changed in place, not in its length; of one that is no text it is an empty
 * one, and there to be left alone. */
char *facts_edit(struct facts *f, const char *kind, const char *name);

/* The facts of a kind whose name begins with prefix, in order of names: the one behind
 * last (NULL: the first), or NULL. */
const struct fact *facts_next(struct facts *f, const char *kind, const char *prefix,
    const struct fact *last);

/* 0, or ERR_SYSTEM: memory ran out meanwhile, or out cannot be written. */
int facts_write(struct facts *f, FILE *out, struct err *e);

/* Reads a saved one into f, which is empty.  0; ERR_SYNTAX with NAME:LINE and reason. */
int facts_read(struct facts *f, const char *name, const char *text, size_t len, struct err *e);

void facts_free(struct facts *f);

#endif
