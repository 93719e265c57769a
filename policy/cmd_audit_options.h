/*
 * cmd_audit_options: the words of `bastionctl audit`.
 */
#ifndef PB_CMD_AUDIT_OPTIONS_H
#define PB_CMD_AUDIT_OPTIONS_H

#include "policy/audit/report.h"

/* What is not given is NULL or false. */
struct audit_options {
	struct audit_choice which;
	const char *facts, *save_facts, *evidence, *mute;
	const char *account, *region;
	const char *profile, *secrets; /* of the account alone */
	bool deep;
	const char *probe_user; /* NULL: no probe */
	int probe_port;
	enum report_format format;
	unsigned statuses; /* as struct report has them */
	bool verbose;
	bool log; /* what fails goes to syslog too */
};

/* CMD_YES; else it was said why. */
int audit_options_read(struct audit_options *o, int argc, char **argv);

/* The facts of the account, into f, which has those of the host (gather_little()).  CMD_YES,
 * or CMD_USAGE: this bastionctl is built without AWS. */
struct facts;
struct settings;
int cmd_audit_iam(struct facts *f, const struct audit_options *o, const struct settings *s,
    const char *rotate_dir);

#endif
