/*
 * world: a store with one person in it, made anew for each input in the state that the
 * input says, and what the harness remembers of that person to judge a login by.
 */
#ifndef PB_FUZZ_WORLD_H
#define PB_FUZZ_WORLD_H

#include "lib/core/conf.h"
#include "lib/core/record.h"
#include "lib/core/word.h"
#include "tests/fuzz/fuzz.h"

#define WORLD_NOW INT64_C(1700000000) /* 2023-11-14 */
#define WORLD_USER "alice"

/* What the last lines of the configuration say. */
enum world_exempt { WORLD_NOBODY, WORLD_ALICE_LOCAL, WORLD_ALICE_NET, WORLD_OPS_PAST,
	WORLD_STAFF, WORLD_BOB_FAR, WORLD_EXEMPTS };
enum world_require { WORLD_ALL, WORLD_OPS, WORLD_BOB, WORLD_REQUIRES };

struct world {
	struct conf conf;
	enum world_exempt exempt;
	enum world_require require;
	struct record_enroll enroll; /* as it was put; zeroed: not there */
	struct record_hot hot;
	bool has_enroll, has_hot;
	bool damaged;  /* a byte of a record is another one */
	bool copied;   /* the state is from another machine */
	bool clean;    /* nothing keeps a right code from being taken */
	char code[RECORD_CODES][WORD_TEXT_SIZE]; /* recovery codes */
	char word[WORD_TEXT_SIZE];               /* of the invitation */
};

/* Once: the store with its keyring and decoys. */
void world_init(void);

/* From the input: the configuration (file "conf" in the scratch directory) and the
 * person's records.  Wraps are on afterwards, without failures. */
void world_make(struct world *w, struct fuzz *f);

/* Everything of the store but the person as it was at first: for harnesses that change
 * more than a login does.  Before world_make(). */
void world_reset(void);

/* A file of the store that a harness has changed by itself. */
void world_touch(const char *path);

/* The enrolment as it stands in the store now; false: none that opens. */
bool world_enroll(struct record_enroll *out);
bool world_hot(struct record_hot *out);

/* When the exemption or day of the configuration ends. */
#define WORLD_SOON INT64_C(1703980800)  /* end of 2023-12-30 */
#define WORLD_PAST INT64_C(1698883200)  /* end of 2023-11-01 */
#define WORLD_FAR INT64_C(1767225600)   /* end of 2025-12-31 */

#endif
