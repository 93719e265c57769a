/*
 * answer: what somebody typed at the prompt, before anything is looked up.
 */
#ifndef PB_ANSWER_H
#define PB_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#define ANSWER_TYPED_MAX 64 /* bytes; longer answers are not judged */
#define ANSWER_WORD 16      /* base32 characters of a recovery code: 80 bits */

enum answer_kind {
	ANSWER_EMPTY = 0, /* nothing, or blanks */
	ANSWER_OVERLONG,
	ANSWER_CODE,      /* 6 to 8 digits */
	ANSWER_RECOVERY,  /* 16 base32 characters */
	ANSWER_OTHER      /* judged like a wrong code */
};

struct answer {
	enum answer_kind kind;
	char text[ANSWER_TYPED_MAX + 1]; /* blanks and dashes gone, upper case, zero-padded */
	size_t len;
};

/* Never fails; typed may be NULL (empty).  The caller wipes *out. */
void answer_read(const char *typed, struct answer *out);

/* Whether nothing was typed, or blanks. */
bool answer_is_empty(const char *typed);

#endif
