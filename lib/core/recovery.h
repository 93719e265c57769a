/*
 * recovery: one-time codes for a lost phone, 80 bits each, kept as
 * HMAC-SHA256 under a random key inside the sealed record.
 */
#ifndef PB_RECOVERY_H
#define PB_RECOVERY_H

#include "lib/core/answer.h"
#include "lib/core/record.h"
#include "lib/core/word.h"

#define RECOVERY_TEXT_SIZE WORD_TEXT_SIZE

/* Makes a new set with a new id and writes its RECORD_CODES codes to text.
 * 0 or ERR_SYSTEM (set and text are wiped). */
int recovery_new(struct record_recovery *set,
    char text[RECORD_CODES][RECOVERY_TEXT_SIZE], struct err *e);

/* Sets *index to the code that was typed, or -1; always compares with all.
 * 0 or ERR_SYSTEM (*index is -1). */
int recovery_match(const struct record_recovery *set, const struct answer *a, int *index);

/* How many codes of set are unspent in hot (0 when hot does not know the set). */
int recovery_left(const struct record_recovery *set, const struct record_hot *hot);

#endif
