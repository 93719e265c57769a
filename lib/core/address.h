/*
 * address: numeric IP addresses and networks (CIDR, RFC 4632).  Names are never
 * looked up: whoever answers for the reverse zone chooses them.
 */
#ifndef PB_ADDRESS_H
#define PB_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

struct address {
	uint8_t bits; /* 32 (IPv4), 128 (IPv6), 0: none */
	uint8_t bytes[16];
};

/* Reads a numeric address; an IPv4-mapped IPv6 address is an IPv4 one, a scope
 * ("%eth0") is cut off.  0 or ERR_SYNTAX (a name; *out is none). */
int address_parse(const char *text, struct address *out);

struct address_net {
	struct address base;
	uint8_t prefix; /* bits that count */
};

/* "10.0.0.0/8", "2001:db8::/32", or an address alone.  ERR_SYNTAX also when bits
 * behind the prefix are set: that is a typing error in one half or the other. */
int address_net_parse(const char *text, struct address_net *out);

/* Whether a (none: never) lies in the network. */
bool address_in(const struct address *a, const struct address_net *net);

#endif
