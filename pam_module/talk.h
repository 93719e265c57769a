/*
 * talk: every word the module says to a person.  Short ASCII: clients differ.
 */
#ifndef PB_TALK_H
#define PB_TALK_H

#include "lib/core/login.h"

#include <security/pam_modules.h>
#include <stdbool.h>

/* Asks for the code, echo on (sshd's password path then fails closed).
 * 0 with *typed (may be NULL: nothing was typed) for talk_wipe(), or
 * ERR_UNAVAIL when there is no conversation. */
int talk_ask(pam_handle_t *pamh, char **typed);

/* The same with a text of the caller's, which ends with the question. */
int talk_ask_text(pam_handle_t *pamh, const char *text, char **typed);

/* One sentence, whatever the flags say; style is PAM_TEXT_INFO or PAM_ERROR_MSG. */
void talk_say(pam_handle_t *pamh, int style, const char *text);

/* Wipes the whole answer and frees it; *typed is NULL after. */
void talk_wipe(char **typed);

/* Why it was refused: the same words for everybody, unless proven.  Said under
 * PAM_SILENT too, which sudo always sets: it is part of the question. */
void talk_refused(pam_handle_t *pamh, const struct login_result *res, bool proven);

/* After an enrolment at the prompt; others: how many more had been shown, the latest
 * at last. */
void talk_enrolled(pam_handle_t *pamh, int others, int64_t last);

/* Let in without a code: until when (seconds since 1970). */
void talk_grace(pam_handle_t *pamh, int64_t until);
void talk_bypass(pam_handle_t *pamh, int64_t until);

/* After a success, likewise: wrong codes meanwhile, recovery codes left. */
void talk_welcome(pam_handle_t *pamh, const struct login_result *res);

#endif
