/*
 * entry: what every pam_sm_* function shares.
 */
#ifndef PB_ENTRY_H
#define PB_ENTRY_H

#include "lib/core/conf.h"

#include <security/pam_modules.h>

/* The only symbols that leave the .so; everything else is hidden. */
#define ENTRY __attribute__((visibility("default")))

struct entry {
	pam_handle_t *pamh;
	struct conf conf;
	struct conf_words words;
};

/* Reads the configuration of this line.  0, or a code after one log line. */
int entry_begin(struct entry *en, pam_handle_t *pamh, enum conf_group group, int argc,
    const char **argv);

/* A PAM item as text, NULL when it is not set. */
const char *entry_item(const pam_handle_t *pamh, int item);

#endif
