/*
 * sshd_place: where logins come from and to, as far as the Match lines of a configuration
 * tell it apart: one place for each set of lines that may hold there.
 */
#ifndef PB_AUDIT_SSHD_PLACE_H
#define PB_AUDIT_SSHD_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#define SSHD_PLACES 64
#define SSHD_PLACE_LINES 64 /* Match lines */

struct sshd_place {
	char host[300]; /* "": as the address, which is what sshd takes without UseDNS */
	char addr[100], laddr[100], lport[16];
};

struct sshd_places {
	struct sshd_place item[SSHD_PLACES]; /* the first is nowhere in particular */
	size_t count;
	bool more; /* there are more of them, or one could not be made up */
};

/* Of n Match lines, at most SSHD_PLACE_LINES; said is what `sshd -T` says in general: its ports, and whether it takes
 * IPv6.  False: memory ran out. */
bool sshd_places(struct sshd_places *all, const char *const *criteria, size_t n, const char *said);

/* Whether the criteria fit there, but for those of people; what else they may name does not. */
bool sshd_place_fits(const struct sshd_place *p, const char *criteria);

/* The words of -C, as "host=H,addr=A,laddr=L,lport=P".  False: no room. */
bool sshd_place_words(const struct sshd_place *p, char *words, size_t size);

#endif
