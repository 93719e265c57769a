#include "policy/audit/meta.h"

#include "enroll/language.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

bool meta_read(const struct fact *x, struct meta *m)
{
	*m = (struct meta){.mode = 07777};
	return x->is == FACT_TEXT && sscanf(x->text, "%7s %5o %10u %10u %18lld %18lld", m->type, &m->mode,
	    &m->uid, &m->gid, &m->size, &m->mtime) >= 5;
}

static bool is_safe(struct facts *f, struct result *r, const char *dir)
{
	const struct fact *x = facts_get(f, "meta", dir);
	struct meta m;

	if (result_untold(r, x, "meta", dir))
		return false;
	if (!meta_read(x, &m) || strcmp(m.type, "dir") != 0)
		result_note(r, AUDIT_FAIL, N_("%s: %s: no directory, or a link, which the module does not "
		    "follow"), dir, x->is == FACT_NONE ? "-" : x->text);
	else if (m.uid != 0)
		result_note(r, AUDIT_FAIL, N_("%s: mode %04o, owner %u: its owner is not root"), dir, m.mode,
		    m.uid);
	else if ((m.mode & 022) != 0 && (m.mode & 01000) == 0)
		result_note(r, AUDIT_FAIL, N_("%s: mode %04o, owner %u: others than root may replace what is "
		    "in it"), dir, m.mode, m.uid);
	else
		return true;
	return false;
}

bool meta_way_is_safe(struct facts *f, struct result *r, const char *path)
{
	char part[PATH_MAX];
	size_t n;
	bool safe = path[0] == '/' && snprintf(part, sizeof(part), "%s", path) < (int)sizeof(part);

	for (n = safe ? strlen(part) : 0; n > 1;) {
		while (n > 0 && part[n - 1] != '/')
			n--;
		while (n > 1 && part[n - 1] == '/')
			n--;
		part[n] = '\0';
		safe = is_safe(f, r, part) && safe;
	}
	return safe;
}
