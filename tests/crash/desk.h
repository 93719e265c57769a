/*
 * desk: what the programs that interrupt enroll-mfa share.  It believes the kernel's
 * clock, so these logins do too.
 */
#ifndef PB_CRASH_DESK_H
#define PB_CRASH_DESK_H

#include "tests/crash/people.h"

/* Both users, by the kernel's clock. */
void desk_make(void);

/* Types the code of the key that is printed: a tool_answer. */
const char *desk_confirm(const struct tool_said *said);

/* How the tool has ended: true when it has said yes. */
bool desk_said_yes(void);

/* Whoever is interrupted in the middle of such a change of the store goes on. */
void desk_must_go_on(void);

/* It has said no, and is sure that nothing has changed. */
bool desk_said_no(void);

/* The code behind the one that confirmed the device that was shown gets in; and that
 * one itself never again. */
bool desk_new_gets_in(const char *user);

/* Once more, uninterrupted: its exit status. */
int desk_again(const char *const *words, tool_answer *answer);

/* The same, and it must say yes. */
void desk_must_succeed(const char *const *words, tool_answer *answer);

/* The others, as if nothing had been. */
void desk_check_other(void);

#endif
