/*
 * eic: what EC2 Instance Connect is called, wherever it stands.
 */
#ifndef PB_AUDIT_EIC_H
#define PB_AUDIT_EIC_H

#include <stdbool.h>
#include <stddef.h>

#define EIC_NAME "ec2-instance-connect"
#define EIC_LOGGED "Providing ssh key from EC2 Instance Connect"
#define EIC_DAYS 90       /* that its use is looked back for */
#define EIC_RECENT_DAYS 7 /* it counts as in use */

/* Where its scripts are, of all releases; NULL behind the last. */
const char *eic_script(size_t i);

/* Whether a text names its package, its user or one of its scripts. */
bool eic_is_named(const char *text);

#endif
