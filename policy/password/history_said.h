/*
 * history_said: what history_check() says of a password.
 */
#ifndef PB_HISTORY_SAID_H
#define PB_HISTORY_SAID_H

/* Zero is the answer that refuses. */
enum history_said {
	HISTORY_USED,     /* among the last, or another try of it is under way */
	HISTORY_IN_FORCE, /* the live shadow field is its hash */
	HISTORY_FREE
};

#endif
