#include "lib/core/who.h"

#include "lib/core/err.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_FIRST 4096
#define BUFFER_MOST ((size_t)4 << 20) /* a group of some 100,000 members */
#define GROUPS_MOST 65536             /* NGROUPS_MAX */

int who_parse(const char *text, size_t n, struct who *out)
{
	size_t skip;

	if (n > 5 && memcmp(text, "user:", 5) == 0)
		skip = 5;
	else if (n > 6 && memcmp(text, "group:", 6) == 0)
		skip = 6;
	else
		return ERR_SYNTAX;
	out->group = skip == 6;
	if (n - skip > WHO_NAME_MAX)
		return ERR_SYNTAX;
	for (size_t i = skip; i < n; i++)
		if ((unsigned char)text[i] <= 0x20 || text[i] == 0x7f || text[i] == ':' ||
		    text[i] == '/' || text[i] == ',')
			return ERR_SYNTAX;
	memcpy(out->name, text + skip, n - skip);
	out->name[n - skip] = '\0';
	return 0;
}

static bool is_listed(const struct group *g, const char *user)
{
	for (char **m = g->gr_mem; m != NULL && *m != NULL; m++)
		if (strcmp(*m, user) == 0)
			return true;
	return false;
}

/* The group's id, and whether its list names the user.  0 or ERR_UNAVAIL. */
static int find_group(const char *name, const char *user, gid_t *gid, bool *listed)
{
	struct group entry, *found = NULL;
	size_t size = BUFFER_FIRST;
	char *buffer = NULL;
	int r;

	do {
		char *larger = realloc(buffer, size);

		if (larger == NULL)
			break;
		buffer = larger;
		r = getgrnam_r(name, &entry, buffer, size, &found);
		if (r == ERANGE)
			size *= 2;
	} while (r == EINTR || (r == ERANGE && size <= BUFFER_MOST));
	if (found != NULL) {
		*gid = found->gr_gid;
		*listed = is_listed(found, user);
	}
	free(buffer);
	return found != NULL ? 0 : ERR_UNAVAIL;
}

/* getgrouplist() leaves out the groups of a service that failed, and only errno may
 * tell: "not found" is an answer, all else is none. */
static bool was_answered(int number)
{
	return number == 0 || number == ENOENT || number == ESRCH || number == ERANGE;
}

/* Directories that do not list members answer here. */
static int has_group(const struct who_account *a, gid_t gid)
{
	gid_t few[64], *all = few;
	int n = sizeof(few) / sizeof(few[0]);
	int found = 0, number;

	errno = 0;
	if (getgrouplist(a->user, a->gid, all, &n) < 0) {
		if (n <= 0 || n > GROUPS_MOST ||
		    (all = malloc((size_t)n * sizeof(*all))) == NULL)
			return ERR_UNAVAIL;
		if (getgrouplist(a->user, a->gid, all, &n) < 0)
			n = -1;
	}
	number = errno;
	for (int i = 0; i < n; i++)
		found |= all[i] == gid;
	if (all != few)
		free(all);
	return n < 0 || (found == 0 && !was_answered(number)) ? ERR_UNAVAIL : found;
}

int who_is(const struct who *w, const struct who_account *a)
{
	bool listed = false;
	gid_t gid;

	if (!w->group)
		return strcmp(w->name, a->user) == 0;
	if (find_group(w->name, a->user, &gid, &listed) != 0)
		return ERR_UNAVAIL;
	return gid == a->gid || listed ? 1 : has_group(a, gid);
}
