/*
 * fuzz: what the harnesses share: reading the input piece by piece, and saying what
 * was broken.
 *
 * Header-only but for the wraps (wrap.h), so that one harness file stays one program.
 */
#ifndef PB_FUZZ_H
#define PB_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* A property that holds for every input; where it does not, the input is kept. */
#define MUST(what) \
	do { \
		if (!(what)) { \
			(void)fprintf(stderr, "%s:%d: must hold: %s\n", __FILE__, __LINE__, \
			    #what); \
			abort(); \
		} \
	} while (0)

/* The rest of an input. At its end every number is 0 and every text empty. */
struct fuzz {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t fuzz_byte(struct fuzz *f)
{
	if (f->left == 0)
		return 0;
	f->left--;
	return *f->at++;
}

static inline uint64_t fuzz_number(struct fuzz *f, int bytes)
{
	uint64_t v = 0;

	for (int i = 0; i < bytes; i++)
		v = v << 8 | fuzz_byte(f);
	return v;
}

static inline unsigned fuzz_below(struct fuzz *f, unsigned n)
{
	return n == 0 ? 0 : (unsigned)(fuzz_number(f, n > 256 ? 2 : 1) % n);
}

static inline bool fuzz_flip(struct fuzz *f)
{
	return (fuzz_byte(f) & 1) != 0;
}

/* Up to the next newline or NUL, which is passed over: a block of its own with the
 * terminator, so that a read behind it is seen.  To be freed. */
static inline char *fuzz_text(struct fuzz *f)
{
	size_t n = 0;
	char *text;

	while (n < f->left && f->at[n] != '\n' && f->at[n] != '\0')
		n++;
	text = malloc(n + 1);
	MUST(text != NULL);
	if (n > 0)
		memcpy(text, f->at, n);
	text[n] = '\0';
	f->at += n;
	f->left -= n;
	(void)fuzz_byte(f);
	return text;
}

/* The next n bytes, or what is left, in a block of exactly that size.  To be freed. */
static inline uint8_t *fuzz_block(struct fuzz *f, size_t n, size_t *len)
{
	uint8_t *block;

	*len = n < f->left ? n : f->left;
	block = calloc(1, *len > 0 ? *len : 1);
	MUST(block != NULL);
	if (*len > 0)
		memcpy(block, f->at, *len);
	f->at += *len;
	f->left -= *len;
	return block;
}

static inline uint8_t *fuzz_rest(struct fuzz *f, size_t *len)
{
	return fuzz_block(f, f->left, len);
}

#endif
