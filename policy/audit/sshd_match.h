/*
 * sshd_match: the criteria of a Match line, as far as they name people and addresses: who
 * is the same to all of them, and which login would come under one.
 */
#ifndef PB_AUDIT_SSHD_MATCH_H
#define PB_AUDIT_SSHD_MATCH_H

#include "policy/audit/sshd_place.h"

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

#define SSHD_MATCH_WORD 1024

/* The next criterion: its name and its list of patterns, "" for All and its like; each of
 * SSHD_MATCH_WORD bytes. */
bool sshd_match_next(const char **at, char *name, char *list);

/* A place from where a login comes under the criteria.  False: none can be made up. */
bool sshd_match_place(const char *criteria, struct sshd_place *p);

/* The words of -C for a login from there, as "user=U,host=H,addr=A,laddr=L,lport=P".  False:
 * his name is none that sshd can be asked about. */
bool sshd_match_login(const struct sshd_place *p, const char *user, char *words, size_t size);

/* Whether a list fits the text, as sshd reads it: one that is negated and fits decides. */
bool sshd_match_list(const char *list, bool address, const char *text);

/* Something that a pattern fits; a * of an address stands for the octets that lack.  False:
 * nothing can be made up. */
bool sshd_match_fill(const char *pattern, bool address, char *out, size_t size);

/* As sshd's: * and ?. */
bool sshd_match_pattern(const char *pattern, const char *text);

#endif
