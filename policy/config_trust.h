/*
 * config_trust: the part of config_check that asks who may change what libpam
 * loads: the service files, what they include, and the module itself.
 */
#ifndef PB_CONFIG_TRUST_H
#define PB_CONFIG_TRUST_H

#include "policy/config_check.h"

/* FAIL when others than root may write the directory, or put another in its
 * place.  One that is not there passes. */
void config_trust_dir(struct config_findings *f, const char *dir);

/* FAIL when others than root may write the service file path or what it
 * includes, or put another in the place of one.  0 or ERR_SYSTEM. */
int config_trust_service(const struct config_request *q, struct config_findings *f,
    const char *path, struct err *e);

/* 0 when root alone may write the file path and put another in its place, links followed;
 * ERR_UNSAFE or ERR_BAD with the reason; ERR_NONE, ERR_DENIED or another: it cannot be told. */
int config_trust_file(const char *path, struct err *e);

/* FAIL when the module of a line is not there, or others may put another in its
 * place. */
void config_trust_module(const struct config_request *q, struct config_findings *f,
    const struct pamd_line *l);

/* Where this system keeps its PAM modules, as packaging/securedir has it. */
void config_module_dir(char dir[PAMD_PATH_MAX]);

#endif
