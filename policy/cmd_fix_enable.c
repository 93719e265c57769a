#include "enroll/language.h"
#include "policy/audit/audit.h"
#include "policy/audit/check_pam.h"
#include "policy/audit/gather.h"
#include "policy/cmd_common.h"
#include "policy/cmd_enable.h"
#include "policy/cmd_fix.h"
#include "policy/enable_files.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TARGETS 3

/* What the check says now, and which services `enable` would close. */
struct seen {
	enum audit_status status;
	bool open[TARGETS]; /* by enum enable_target */
};

static void see_services(struct facts *f, struct seen *s)
{
	static const struct { const char *service; enum enable_target target; } all[] = {
	    {"sshd", ENABLE_SSHD}, {"sudo", ENABLE_SUDO}, {"sudo-i", ENABLE_SUDO},
	    {"login", ENABLE_LOGIN}};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (check_pam_service(f, all[i].service) == AUDIT_FAIL)
			s->open[all[i].target] = true;
}

static int see(const struct cmd_common *common, const char *id, struct seen *s)
{
	const struct audit_choice which = {.check = id};
	const struct audit_rules rules = {.now = time(NULL)};
	struct gather_request q = {.config = NULL};
	struct facts f = {.count = 0};
	struct audit a = {.count = 0};
	char config[CONF_PATH_MAX];
	struct err e = {0};
	int r;

	*s = (struct seen){.status = AUDIT_ERROR};
	if (common->config != NULL && cmd_absolute(common->config, config) == 0)
		q.config = config;
	gather_host(&f, &q);
	r = audit_run(&a, &f, &rules, &which, &e);
	if (r == 0 && a.count == 1)
		s->status = audit_status_of(&a.item[0]);
	if (strcmp(id, "MFA-11") == 0)
		s->open[ENABLE_SSHD] = true;
	else
		see_services(&f, s);
	audit_free(&a);
	facts_free(&f);
	return r == 0 ? CMD_YES : cmd_tell(&e, CMD_TROUBLE);
}

static int enable(const struct cmd_common *common, const struct fix_options *o,
    enum enable_target target)
{
	char words[6][64] = {"--confirm", "--admin", "--yes", "--dry-run"};
	char confirm[64], admin[300], name[16];
	char *argv[8];
	int n = 0;

	(void)snprintf(name, sizeof(name), "%s", enable_target_name(target));
	argv[n++] = name;
	if (o->confirm != NULL) {
		(void)snprintf(confirm, sizeof(confirm), "%s", o->confirm);
		argv[n++] = words[0], argv[n++] = confirm;
	}
	if (o->admin != NULL) {
		(void)snprintf(admin, sizeof(admin), "%s", o->admin);
		argv[n++] = words[1], argv[n++] = admin;
	}
	if (o->yes)
		argv[n++] = words[2];
	if (o->dry_run || (!o->yes && !isatty(STDIN_FILENO)))
		argv[n++] = words[3];
	argv[n] = NULL;
	return cmd_enable(common, n, argv);
}

/* The check itself has the last word: a Match, or a line of somebody else's, may be left. */
static int tell_rest(const struct cmd_common *common, const char *id)
{
	struct seen s;
	int r = see(common, id, &s);

	if (r != CMD_YES || s.status < AUDIT_ERROR)
		return r;
	if (strcmp(id, "MFA-10") == 0)
		for (int i = 0; i < TARGETS; i++)
			if (s.open[i])
				(void)printf(_("Still to do: %s; when this is confirmed, call `bastionctl fix MFA-10` "
				    "again.\n"), enable_target_name((enum enable_target)i));
	(void)printf(_("%s: does not pass yet; `bastionctl audit --check %s` says why.\n"), id, id);
	return s.status == AUDIT_FAIL ? CMD_NO : CMD_TROUBLE;
}

int cmd_fix_enable(const struct cmd_common *common, const struct fix_options *o, const char *id)
{
	struct seen s;
	int r = see(common, id, &s);

	if (r != CMD_YES)
		return r;
	if (s.status == AUDIT_ERROR) {
		(void)fprintf(stderr, _("bastionctl: fix: %s could not be told; `bastionctl audit --check %s` "
		    "says why\n"), id, id);
		return CMD_TROUBLE;
	}
	if (s.status != AUDIT_FAIL) {
		(void)printf(_("%s: there is nothing that could be put right.\n"), id);
		return CMD_YES;
	}
	for (int i = 0; i < TARGETS; i++)
		if (s.open[i]) {
			r = enable(common, o, (enum enable_target)i);
			return r == CMD_YES ? tell_rest(common, id) : r;
		}
	return tell_rest(common, id);
}
