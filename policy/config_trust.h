/*
 * config_trust: the part of config_check that asks who may change what libpam
 * loads: the service files, what they include, and the module itself.
 */
#ifndef PB_CONFIG_TRUST_H
#define PB_CONFIG_TRUST_H

#include "policy/config_check.h"

/* FAIL when others than root may write the file or directory. */
void config_trust_owner(struct config_findings *f, const char *path);

/* The same for the service file path, all that it includes, and the directories
 * these are in.  0 or ERR_SYSTEM. */
int config_trust_service(const struct config_request *q, struct config_findings *f,
    const char *path, struct err *e);

/* FAIL when the module of a line is not there, or others may put another in its
 * place. */
void config_trust_module(const struct config_request *q, struct config_findings *f,
    const struct pamd_line *l);

/* Where this system keeps its PAM modules, as packaging/securedir has it. */
void config_module_dir(char dir[PAMD_PATH_MAX]);

#endif
