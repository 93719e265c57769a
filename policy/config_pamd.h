/*
 * config_pamd: the part of config_check that judges the PAM service files.
 */
#ifndef PB_CONFIG_PAMD_H
#define PB_CONFIG_PAMD_H

#include "policy/config_check.h"

/* As config_check(), for the lines that name the module. */
int config_pamd(const struct config_request *q, struct config_findings *f, struct err *e);

#endif
