/*
 * config_pamd: the part of config_check that judges the PAM service files.
 */
#ifndef PB_CONFIG_PAMD_H
#define PB_CONFIG_PAMD_H

#include "policy/config_check.h"

/* What logins and tools work with: each (store, state_dir, keyring) once.
 * Zeroed memory is an empty list; item is freed by its owner. */
struct config_places {
	struct conf *item;
	size_t count;
	const struct conf *file; /* the configuration under check; NULL: it does not load */
};

/* 0 or ERR_SYSTEM. */
int config_place(struct config_places *p, const struct conf *c);

/* As config_check(), for the lines that name the module.  Adds to *p what they
 * yield. */
int config_pamd(const struct config_request *q, struct config_findings *f,
    struct config_places *p, struct err *e);

#endif
