/*
 * sshd_match: the criteria of a Match line, as far as they name people and addresses: who
 * is the same to all of them, and which login would come under one.
 */
#ifndef PB_AUDIT_SSHD_MATCH_H
#define PB_AUDIT_SSHD_MATCH_H

#include <stdbool.h>
#include <stddef.h>

/* Somebody, and the names of the groups that he is in. */
struct sshd_person {
	const char *user;
	char **group;
	size_t groups;
};

/* Adds '0' or '1' to key for each pattern of User and Group in the criteria: two with
 * the same keys come under the same blocks.  False: no room, or not a Match that can be
 * read. */
bool sshd_match_key(const char *criteria, const struct sshd_person *p, char *key, size_t size);

/* Whether the User and Group of the criteria fit; by_people: they have no other. */
bool sshd_match_fits(const char *criteria, const struct sshd_person *p, bool *by_people);

/* The words of -C for a login that comes under the criteria, as
 * "user=U,host=H,addr=A,laddr=L,lport=P".  False: none can be made up. */
bool sshd_match_login(const char *criteria, const char *user, char *words, size_t size);

/* As sshd's: * and ?. */
bool sshd_match_pattern(const char *pattern, const char *text);

#endif
