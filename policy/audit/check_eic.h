/*
 * check_eic: the checks of EC2 Instance Connect that have files of their own.
 */
#ifndef PB_AUDIT_CHECK_EIC_H
#define PB_AUDIT_CHECK_EIC_H

#include "policy/audit/finding.h"

/* EIC-07: what the logs say of its use. */
void check_eic_use(struct facts *f, const struct audit_rules *rules, struct result *r);

/* EIC-08: whether a key that it has pushed is refused. */
void check_probe(struct facts *f, const struct audit_rules *rules, struct result *r);

/* EIC-11: whether it would be installed again. */
void check_eic_return(struct facts *f, const struct audit_rules *rules, struct result *r);

/* The same for who puts it right: a pin of apt is in force, or where one of the file path would
 * be none, *file and *line say what comes before it (else *file is NULL); there is a dnf or yum,
 * and an exclude of it is in force; whether a file is one of cloud-init. */
bool eic_return_is_pinned(struct facts *f, const char *path, const char **file, size_t *line);
bool eic_return_has_dnf(struct facts *f);
bool eic_return_is_excluded(struct facts *f);
bool eic_return_is_cloud(const char *path);

#endif
