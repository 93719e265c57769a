/*
 * config_check: what `bastionctl config check` finds: is the configuration
 * whole, do the PAM lines hold, is there a state that opens, is the clock set.
 * It reads and never writes.
 */
#ifndef PB_CONFIG_CHECK_H
#define PB_CONFIG_CHECK_H

#include "lib/core/conf.h"
#include "lib/core/err.h"
#include "policy/pamd_stack.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_level { CONFIG_OK, CONFIG_WARN, CONFIG_FAIL };

#define CONFIG_TEXT_MAX 1024

struct config_finding {
	enum config_level level;
	const char *check;          /* "configuration", "pam", "store", "files", "clock" */
	char text[CONFIG_TEXT_MAX]; /* "FILE:LINE: reason; what to do" */
	char service[64];           /* that it is about, or "" */
};

/* Zeroed memory is an empty list. */
struct config_findings {
	struct config_finding *item;
	size_t count;
	bool failed;    /* one is CONFIG_FAIL */
	bool truncated; /* memory ran out */
};

struct config_request {
	const char *config;    /* absolute, or NULL: the packaged file */
	struct pamd_dirs pam;
	const char *module_dir; /* of bare module names, or NULL: they are not looked for */
	int64_t now;           /* seconds since 1970 */
	bool synchronised;     /* the kernel says that the clock is */
};

/* Runs every check.  0, or trouble that kept a check from running: ERR_NONE or
 * ERR_DENIED for the directory of service files, ERR_SYSTEM.  The findings up
 * to there are in *f, which the caller frees. */
int config_check(const struct config_request *q, struct config_findings *f, struct err *e);

/* Only the syntax and every key of a configuration in memory. */
void config_check_text(const char *path, const char *text, size_t len,
    struct config_findings *f);

void config_findings_free(struct config_findings *f);

/* Adds one; an equal one is not added again. */
void config_find(struct config_findings *f, enum config_level level, const char *check,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
