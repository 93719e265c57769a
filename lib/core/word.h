/*
 * word: one-time words of 80 random bits, in base32 (RFC 4648): recovery codes and
 * invitations.  Kept as HMAC-SHA256 under a random key in a sealed record.
 */
#ifndef PB_WORD_H
#define PB_WORD_H

#include "lib/core/answer.h"
#include "lib/core/record.h"

#define WORD_TEXT_SIZE 20 /* "ABCD-EFGH-IJKL-MNOP" and the terminator */

/* A new word: its text, which the caller wipes, and its hash under key.  0 or
 * ERR_SYSTEM (text is wiped). */
int word_new(const uint8_t key[RECORD_HASH], uint8_t hash[RECORD_HASH],
    char text[WORD_TEXT_SIZE]);

/* word: ANSWER_WORD characters as answer_read() leaves them.  0 or ERR_SYSTEM. */
int word_hash(const uint8_t key[RECORD_HASH], const char *word, uint8_t hash[RECORD_HASH]);

/* A new invitation from now for life seconds; text as in word_new(). */
int word_invite(struct record_invite *v, int64_t now, uint32_t life,
    char text[WORD_TEXT_SIZE]);

/* Whether the answer is the word of the invitation, open and running or not. */
int word_is_invited(const struct record_invite *v, const struct answer *a, bool *yes);

#endif
