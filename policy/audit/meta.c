#include "policy/audit/meta.h"

#include "enroll/language.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The next number of the text; false: there is none. */
static bool next_number(const char **at, int base, long long *n)
{
	char *end;

	*at += strspn(*at, " ");
	if (**at < '0' || **at > '9')
		return false;
	*n = strtoll(*at, &end, base);
	*at = end;
	return *n <= UINT_MAX || base == 10;
}

bool meta_parse(const char *text, struct meta *m)
{
	const size_t n = strcspn(text, " ");
	long long mode = 07777, uid = 0, gid = 0;

	*m = (struct meta){.mode = 07777, .uid = UINT_MAX};
	(void)snprintf(m->type, sizeof(m->type), "%.*s", (int)n, text);
	text += n;
	if (!next_number(&text, 8, &mode) || !next_number(&text, 10, &uid) ||
	    !next_number(&text, 10, &gid) || mode > 07777 || uid > UINT_MAX || gid > UINT_MAX)
		return false;
	m->mode = (unsigned)mode;
	m->uid = (unsigned)uid;
	m->gid = (unsigned)gid;
	if (!next_number(&text, 10, &m->size))
		return false;
	(void)next_number(&text, 10, &m->mtime);
	return true;
}

bool meta_read(const struct fact *x, struct meta *m)
{
	return meta_parse(x->is == FACT_TEXT ? x->text : "", m);
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
