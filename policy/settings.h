/*
 * settings: bastionctl.conf(5): what audits and the commands of the cloud go by.  Never read at
 * a login.
 *
 * Strict as the login configuration: an unknown key, a bad value or a key given twice is an
 * error that names file, line and reason.  Constant after loading.
 */
#ifndef PB_SETTINGS_H
#define PB_SETTINGS_H

#include "lib/core/conf_text.h"
#include "lib/core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETTINGS_FILE_MAX 65536
#define SETTINGS_REGIONS 40
#define SETTINGS_REGION_MAX 32
#define SETTINGS_ROLE_MAX 700
#define SETTINGS_KEYS 7

struct settings {
	char path[CONF_TEXT_PATH_MAX]; /* the file that was asked for */
	bool file_read;                /* false: the default file does not exist */
	int64_t key_max_age;           /* seconds that an access key may be in use */
	int64_t key_unused;            /* seconds that one may lie unused */
	int64_t rotate_overlap;        /* seconds that the old key works beside the new one */
	int64_t rotate_grace;          /* seconds that it is kept, switched off, before it goes */
	int regions;                   /* 0: the one that AWS's own settings name */
	char region[SETTINGS_REGIONS][SETTINGS_REGION_MAX];
	char assume_role[SETTINGS_ROLE_MAX];   /* its ARN; "": none */
	char mute_file[CONF_TEXT_PATH_MAX];    /* of `audit`; "": none */
	int line[SETTINGS_KEYS];       /* of the file; 0: the default */
};

/* The packaged place of the file. */
const char *settings_default_path(void);

/* Loads path, or the packaged file when path is NULL (which may then be missing); only root
 * may have written it.  0, or a code with e filled as "FILE:LINE: reason"; then *s is the
 * defaults. */
int settings_load(struct settings *s, const char *path, struct err *e);

/* The same from text already in memory. */
int settings_parse(struct settings *s, const char *path, const char *text, size_t len,
    struct err *e);

/* For printing: the i-th key and its value in force, SETTINGS_VALUE_MAX bytes. */
#define SETTINGS_VALUE_MAX 1400
const char *settings_key(int i);
void settings_value(const struct settings *s, int i, char *value);

#endif
