/*
 * show: enrolment at the prompt: QR code, key and question in one prompt, and the
 * code that confirms it.
 */
#ifndef PB_SHOW_H
#define PB_SHOW_H

#include "pam_module/attempt.h"

/* grace: an empty answer is let in for now.  word: the word of an invitation has
 * just been given, so that devices of other people are no obstacle.
 * SHOW_ENROLLED and SHOW_GRACE let in; every other value refuses. */
enum show_end { SHOW_REFUSED = 0, SHOW_ENROLLED, SHOW_GRACE, SHOW_NO_CONVERSATION };
enum show_end show(struct attempt *a, bool grace, bool word);

#endif
