/*
 * init: what must be there before anybody can log in: the directories, the
 * keyring, the decoy pairs that unknown names are judged by, and the record of
 * this machine.  May be run again at any time: it makes only what is missing.
 */
#ifndef PB_INIT_H
#define PB_INIT_H

#include "lib/core/conf.h"
#include "lib/core/err.h"
#include "lib/core/store.h"

#include <stdbool.h>
#include <stdint.h>

struct init_made {
	bool keyring;
	int decoys; /* pairs */
};

/* 0; ERR_KEYRING when records exist and no keyring does (a new one would open
 * none of them), or one that opens no record or no decoy: then nothing has been
 * removed; ERR_UNSAFE; store trouble. */
int init_run(const struct conf *c, int64_t now, struct init_made *made, struct err *e);

/* Whether neither keyring nor any record exists: the first enrolment or import
 * may then call init_run() by itself. */
bool init_is_due(const struct conf *c);

/* Whether decoys or the record of the machine are missing, as after an init that was
 * killed: who enrols then would not be let in.  One record is opened and one file is
 * looked at, not all. */
bool init_is_unfinished(struct store *s, const struct conf *c);

#endif
