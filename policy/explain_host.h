/*
 * explain_host: what the machine around a login says: sshd's configuration for the
 * user, the last lines of the log, owners and labels of the files, the clock.
 */
#ifndef PB_EXPLAIN_HOST_H
#define PB_EXPLAIN_HOST_H

#include "lib/core/conf.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether sshd would ask PAM for a code: 1 yes, 0 no, -1 not known (no sshd, or it
 * does not answer); text says what was found. */
int explain_sshd(const char *user, const char *from, char *text, size_t size);

/* The last verdicts of the user, oldest first, a line each; "" when there are none. */
#define EXPLAIN_LOG_LINES 5
void explain_log(const char *user, char *text, size_t size);

/* "0700 root:root system_u:object_r:..." or why it cannot be told. */
void explain_mode(const char *path, char *text, size_t size);

/* Whether the kernel says that the clock is synchronised. */
bool explain_clock(void);

#endif
