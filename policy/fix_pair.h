/*
 * fix_pair: which lines of sshd's configuration go with EC2 Instance Connect: a command for keys
 * and the user that it runs as, as a pair.  Pure.
 *
 * A command that lost its user is refused by sshd, and below a Match silently dead; one that
 * gets the user of another runs as somebody it should not.
 */
#ifndef PB_FIX_PAIR_H
#define PB_FIX_PAIR_H

#include <stdbool.h>
#include <stddef.h>

struct fix_key_line {
	const char *file; /* as all of them that are the same */
	size_t line;
	const char *match_file; /* the Match that it is under, or NULL */
	size_t match_line;
	bool principals; /* AuthorizedPrincipalsCommand, else AuthorizedKeysCommand */
	bool user;       /* its User */
	bool named;      /* its value names EC2 Instance Connect */
	bool goes;       /* the answer */
};

/* Lines in the order that sshd reads them.  NULL; or a command of somebody's own that no user
 * would be left for. */
const struct fix_key_line *fix_pair(struct fix_key_line *l, size_t count);

#endif
