/*
 * pending: an enrolment that is shown at a login and not confirmed yet, the
 * invitation that may lead to one, and the bypass of a lost phone: what else an
 * enrolment record holds.
 *
 * A pending secret is stored before it is shown, belongs to one place (source and
 * keys, look.h) and is shown again only there.
 */
#ifndef PB_PENDING_H
#define PB_PENDING_H

#include "enroll/steps.h"
#include "lib/core/word.h"

struct pending_offer {
	const uint8_t *place; /* RECORD_HASH bytes */
	const uint8_t *key;   /* the key just proven, which the device is bound to; or NULL */
	bool first;           /* only for somebody without any device */
	int64_t word;         /* when the word of an invitation was judged to be right; 0: none
	                       * was.  The invitation must be open still, and not a later one. */
};

struct pending_shown {
	struct record_device device; /* in the caller's secret memory */
	bool again;                  /* was shown at this place before */
};

/* What had been shown at other places when one was confirmed. */
struct pending_others {
	int count;
	int64_t last; /* when the latest was made */
};

/* Makes what is to be shown, or finds it again.  0; ERR_REFUSED (enrolled already, the
 * invitation is over, nobody to add a device to, too many are open, no room for a
 * device); store answers. */
int pending_offer(const struct steps *s, const struct pending_offer *q,
    struct pending_shown *out, struct err *e);

/* The code was right: the device is in force, the invitation spent, every other
 * pending enrolment gone, a bypass at its end.  0; ERR_NONE (no longer there); as above. */
int pending_confirm(const struct steps *s, uint64_t id, struct pending_others *others,
    struct err *e);

/* A new invitation in the place of any before, and of what that one has shown.
 * ERR_SYSTEM: no random numbers. */
int pending_invite(const struct steps *s, uint32_t life, char text[WORD_TEXT_SIZE],
    struct err *e);

/* No code for life seconds from now; 0 ends it.  ERR_NONE: not enrolled. */
int pending_bypass(const struct steps *s, uint32_t life, struct err *e);

#endif
