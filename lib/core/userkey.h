/*
 * userkey: the injective spelling of a user name as a store key and file name.
 *
 * [A-Za-z0-9_@-] and dots that are neither first nor last stand for
 * themselves; every other byte is %XX in upper case.  So no name begins with
 * a dot, contains a slash, or meets another name.
 */
#ifndef PB_USERKEY_H
#define PB_USERKEY_H

#include <stddef.h>

#define USERKEY_MAX 240 /* bytes of an encoded name; longer names are refused */
#define USERKEY_NAME_MAX 240

/* Encodes name into key (USERKEY_MAX + 1 bytes).  0, or ERR_SYNTAX when the
 * name is empty or too long. */
int userkey_encode(const char *name, char *key);

/* The way back, into name (USERKEY_NAME_MAX + 1 bytes).  0, or ERR_SYNTAX when
 * key is not what userkey_encode() makes of any name. */
int userkey_decode(const char *key, char *name);

#endif
