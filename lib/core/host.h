/*
 * host: notices that the state woke up on another machine (a cloned disk, an
 * image, a restored volume), where codes may be spent that this copy does not
 * know.  STATE_DIR/machine-id (a slot file, slot.h) keeps the
 * machine-id (or a hash of it) and since when it has been that one.
 */
#ifndef PB_HOST_H
#define PB_HOST_H

#include "lib/core/conf.h"
#include "lib/core/err.h"

#include <stdint.h>

/* Sets *since to 0 when this is the machine that the state was made on, else to
 * the time it was first seen here (recorded, durably, by the first call): every
 * last step then counts as at least step + window of that time.
 * 0; ERR_INIT when there is no record; ERR_BAD; ERR_UNSAFE; ERR_UNAVAIL. */
int host_since(const struct conf *c, int64_t now, int64_t *since, struct err *e);

/* The same with state_dir open already (-1: it is not). */
int host_since_at(int dir, const struct conf *c, int64_t now, int64_t *since,
    struct err *e);

/* The state has come from elsewhere at this time (a backup): every last step counts as
 * at least step + window of it.  There is a record already.  0 or trouble. */
int host_arrive(const struct conf *c, int64_t now, struct err *e);

/* Only looks whether an open record is one: 0, ERR_BAD or ERR_UNAVAIL. */
int host_peek(int fd, const char *name, struct err *e);

/* Makes the record if there is none or a bad one; since is what it then says.
 * 0 (also when it is there), or trouble. */
int host_create(const struct conf *c, int64_t since, struct err *e);

#endif
