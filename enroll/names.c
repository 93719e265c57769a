#include "enroll/names.h"

#include "lib/core/userkey.h"

#include <stdlib.h>
#include <string.h>

static int add_name(void *ctx, const char *key)
{
	struct names *names = ctx;
	char user[USERKEY_NAME_MAX + 1];

	if (userkey_decode(strchr(key, '/') + 1, user) != 0) {
		names->foreign++;
		return 0;
	}
	if (names->n == names->room) {
		size_t room = names->room > 0 ? names->room * 2 : 256;
		char **more = reallocarray(names->name, room, sizeof(*more));

		if (more == NULL)
			return ERR_SYSTEM;
		names->name = more;
		names->room = room;
	}
	names->name[names->n] = strdup(user);
	return names->name[names->n++] != NULL ? 0 : ERR_SYSTEM;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void drop_doubles(struct names *names)
{
	size_t n = 0;

	for (size_t i = 0; i < names->n; i++) {
		if (n > 0 && strcmp(names->name[n - 1], names->name[i]) == 0)
			free(names->name[i]);
		else
			names->name[n++] = names->name[i];
	}
	names->n = n;
}

static int add_kind(struct store *s, const char *prefix, struct names *out, struct err *e)
{
	int r = store_list(s, prefix, add_name, out, e);

	if (r != 0)
		return r == ERR_SYSTEM ? err_set(e, r, "out of memory") : r;
	if (out->n > 0)
		qsort(out->name, out->n, sizeof(*out->name), by_name);
	drop_doubles(out);
	return 0;
}

int names_of(struct store *s, struct names *out, struct err *e)
{
	int r;

	*out = (struct names){0};
	r = add_kind(s, "enroll/", out, e);
	return r == 0 ? add_kind(s, "hot/", out, e) : r;
}

int names_add_pw(struct store *pw, struct names *out, struct err *e)
{
	return add_kind(pw, "pw/", out, e);
}

void names_free(struct names *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->name[i]);
	free(n->name);
	*n = (struct names){0};
}
