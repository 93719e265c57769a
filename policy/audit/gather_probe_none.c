/* Built without AWS. */
#include "policy/audit/gather.h"
#include "policy/audit/probe.h"

bool probe_is_built(void)
{
	return false;
}

void gather_probe(struct facts *f, const struct probe_request *q)
{
	if (q == NULL)
		facts_none(f, "probe", "asked");
	else
		facts_trouble(f, "probe", "asked", "built without AWS");
}
