#include "policy/audit/gather.h"

#include "policy/run.h"

#include <string.h>

#define DPKG "/usr/bin/dpkg-query"
#define RPM "/usr/bin/rpm"

/* What the checks ask for by name. */
static const char *const packages[] = {"ec2-instance-connect", "ec2-instance-connect-selinux"};

/* dpkg's three words of a state are for machines: "install ok installed", "deinstall ok
 * config-files".  Exit 1: it does not know the package. */
static bool ask_dpkg(struct facts *f, const char *name)
{
	const char *const argv[] = {DPKG, "-W", "-f", "${Status}\n${Version}\n", name, NULL};
	struct run_said said = {{0}, {0}};
	struct err e = {0};
	int status = 0, r = run_program(argv, &said, &status, &e);
	const char *text = buffer_string(&said.out);
	const size_t n = strcspn(text, "\n");

	if (r == ERR_NONE) {
		run_free(&said);
		return false;
	}
	if (r != 0)
		facts_trouble(f, "package", name, e.text);
	else if (status == 1 && n == 0)
		facts_none(f, "package", name);
	else if (status != 0)
		facts_trouble(f, "package", name, "dpkg-query failed");
	else
		facts_format(f, "package", name, "dpkg\n%s", text);
	run_free(&said);
	return true;
}

static bool ask_rpm(struct facts *f, const char *name)
{
	const char *const argv[] = {RPM, "-q", "--qf", "%{VERSION}-%{RELEASE}\\n", name, NULL};
	struct run_said said = {{0}, {0}};
	struct err e = {0};
	int status = 0, r = run_program(argv, &said, &status, &e);

	if (r == ERR_NONE) {
		run_free(&said);
		return false;
	}
	if (r != 0)
		facts_trouble(f, "package", name, e.text);
	else if (status == 1 && said.err.len == 0)
		facts_none(f, "package", name);
	else if (status != 0)
		facts_trouble(f, "package", name, "rpm failed");
	else
		facts_format(f, "package", name, "rpm\ninstall ok installed\n%s", buffer_string(&said.out));
	run_free(&said);
	return true;
}

/* A host of one of them may have the other as a tool: it knows nothing of the package. */
void gather_package(struct facts *f)
{
	for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++) {
		const bool dpkg = ask_dpkg(f, packages[i]);
		const bool none = facts_get(f, "package", packages[i])->is == FACT_NONE;

		if ((!dpkg || none) && !ask_rpm(f, packages[i]) && !dpkg)
			facts_trouble(f, "package", packages[i], "neither dpkg nor rpm is here");
	}
}
