#include "policy/audit/gather.h"

#include "policy/audit/unit.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Beside the services, what belongs to them. */
static const char *const more_units[] = {"ssh.socket", "sshd.socket"};
static const char *const types[] = {"service", "socket"};

static void gather_dropins(struct facts *f, const char *dir, const char *name)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s.d", dir, name);
	gather_dir(f, path, ".conf");
}

static void gather_one(struct facts *f, const char *dir, const char *name)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	gather_file(f, path, true);
	gather_dropins(f, dir, name);
}

static void gather_units_in(struct facts *f, const char *dir)
{
	gather_file(f, dir, false);
	if (facts_get(f, "meta", dir)->is == FACT_NONE)
		return;
	for (size_t i = 0; unit_sshd(i) != NULL; i++)
		gather_one(f, dir, unit_sshd(i));
	for (size_t i = 0; i < sizeof(more_units) / sizeof(more_units[0]); i++)
		gather_one(f, dir, more_units[i]);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		gather_dropins(f, dir, types[i]);
}

/* The files that a unit takes its variables from. */
static void gather_environment(struct facts *f, const char *name)
{
	struct unit u;

	if (unit_merge(f, name, &u) != 0)
		f->failed = true;
	for (size_t i = 0; i < u.environments; i++)
		if (u.environment[i][0] == '/' && strpbrk(u.environment[i], "*?[") == NULL)
			gather_file(f, u.environment[i], true);
	unit_free(&u);
}

void gather_unit(struct facts *f)
{
	gather_file(f, "/lib", false);
	for (size_t i = 0; unit_dir(i) != NULL; i++)
		if (strncmp(unit_dir(i), "/lib/", 5) != 0 ||
		    strncmp(facts_string(f, "meta", "/lib"), "link ", 5) != 0)
			gather_units_in(f, unit_dir(i));
	gather_file(f, "/etc/default/ssh", true);
	gather_file(f, "/etc/sysconfig/sshd", true);
	for (size_t i = 0; unit_sshd(i) != NULL; i++)
		gather_environment(f, unit_sshd(i));
}
