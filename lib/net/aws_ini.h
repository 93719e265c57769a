/*
 * aws_ini: the files ~/.aws/credentials and ~/.aws/config.
 *
 * `[section]`, `key = value`; a line that begins with # or ; is a remark.  A key may be set in;
 * what is set in further than the key above it belongs to that one and is passed over, where
 * nothing stands behind its `=`.  Else it is a value of several lines, which others read, as
 * they do `key: value`, and this does not: aws_ini_whole().  A section or a key that is given
 * twice, [DEFAULT], and what is none of these is an error.
 */
#ifndef PB_NET_AWS_INI_H
#define PB_NET_AWS_INI_H

#include "lib/core/err.h"
#include "lib/core/secret.h"

#include <stdbool.h>
#include <stddef.h>

#define AWS_INI_MOST ((size_t)1 << 20)
#define AWS_INI_KEYS_MOST 4000

struct aws_ini_key {
	const char *section, *name, *value; /* in the text */
	enum aws_ini_odd { AWS_INI_PLAIN, AWS_INI_NO_PAIR, AWS_INI_MANY_LINES } odd;
	size_t line; /* of what is odd */
};

/* Zeroed memory is an empty one; aws_ini_free() in any case. */
struct aws_ini {
	struct secret text;
	struct aws_ini_key *key; /* name NULL: the head of a section */
	size_t count;
	char path[512]; /* for messages */
};

/* Reads the file at path.  0; ERR_NONE: there is none; ERR_UNSAFE: it is not the caller's or
 * root's, or others may write it; ERR_SYNTAX: PATH:LINE; ERR_DENIED, ERR_UNAVAIL,
 * ERR_SYSTEM. */
int aws_ini_read(struct aws_ini *i, const char *path, struct err *e);

/* The same of a text; name is for messages. */
int aws_ini_parse(struct aws_ini *i, const char *name, const char *text, size_t len,
    struct err *e);

bool aws_ini_has(const struct aws_ini *i, const char *section);
/* Whether all values of a section are known here.  0, also where it is not there; ERR_SYNTAX:
 * PATH:LINE. */
int aws_ini_whole(const struct aws_ini *i, const char *section, struct err *e);
/* The value, or NULL. */
const char *aws_ini_get(const struct aws_ini *i, const char *section, const char *name);

/* Reads a file of secrets into s, a NUL behind its *len bytes, as above. */
int aws_ini_load(struct secret *s, size_t *len, const char *path, size_t most, struct err *e);

void aws_ini_free(struct aws_ini *i);

#endif
