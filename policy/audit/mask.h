/*
 * mask: covers what may be secret in the files that are facts, before they are judged, saved
 * or shown: each of its bytes becomes `*`, lines and columns stay.
 *
 *   units and drop-ins   all values but those of ExecStart and EnvironmentFile, and of
 *                        variables that a command of theirs names; comments
 *   files of variables   variables that none of these commands names; comments
 *   sshd                 SetEnv, and what `sshd -T` says of it; comments
 *   inetd.conf           all but the names of services
 *   PAM                  arguments with names such as passwd=, secret= and token=, of others
 *                        than the module
 *
 * What names EC2 Instance Connect stays: it is looked for there.
 */
#ifndef PB_AUDIT_MASK_H
#define PB_AUDIT_MASK_H

#include "policy/audit/facts.h"

/* For the facts of this host, when all are gathered. */
void mask_facts(struct facts *f);

#endif
