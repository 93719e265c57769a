/*
 * kinds: one login of each kind, each as often as one likes: a kind puts the records
 * that it needs back first, and leaves configuration and keyring as they were.
 */
#ifndef PB_PH_KINDS_H
#define PB_PH_KINDS_H

#include <security/pam_appl.h>

/* Makes the scratch directory, its users and its configuration. */
void kinds_make(void);

struct kind {
	const char *name;
	void (*log_in)(void); /* ends the test program when it does not end as it should */
};
extern const struct kind kinds[];
extern const int kinds_count;

/* Called before pam_end() of each login, NULL: nothing is. */
extern void (*kinds_look)(pam_handle_t *pamh);

#endif
