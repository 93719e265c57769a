/*
 * source: where a login comes from, in one canonical form.
 *
 * A numeric address (IPv4-mapped IPv6 as IPv4, IPv6 by its /64, the scope cut
 * off), the caller's real uid when there is no remote host, or a name.  A name
 * is whatever reverse DNS said, so it is never a known source.
 */
#ifndef PB_SOURCE_H
#define PB_SOURCE_H

#include <stdint.h>
#include <sys/types.h>

enum source_kind { SOURCE_NAME = 0, SOURCE_LOCAL = 1, SOURCE_IPV4 = 2, SOURCE_IPV6 = 3 };

struct source {
	uint8_t kind;      /* enum source_kind */
	uint8_t bytes[16]; /* address, uid big-endian, or a hash of the name */
};

#define SOURCE_TEXT_MAX 64

/* From PAM_RHOST (NULL or "" : local) and the caller's real uid. */
void source_parse(const char *rhost, uid_t ruid, struct source *out);

/* Writes "203.0.113.7", "2001:db8::/64", "local:0" or "name" into text
 * (SOURCE_TEXT_MAX bytes). */
void source_text(const struct source *s, char *text);

#endif
