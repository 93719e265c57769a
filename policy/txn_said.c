#include "policy/txn_said.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The rest of the line that begins with key, into out. */
static bool line_of(const char *text, const char *key, char *out, size_t size)
{
	const size_t n = strlen(key);

	for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n')
		if (strncmp(text, key, n) == 0) {
			(void)snprintf(out, size, "%.*s", (int)strcspn(text + n, "\n"), text + n);
			return true;
		}
	return false;
}

static void read_what(struct txn_said *x, const char *text)
{
	char action[16] = "", what[40] = "";

	if (line_of(text, "what ", what, sizeof(what))) {
		x->fix = true;
		(void)snprintf(x->what, sizeof(x->what), "fix %s", what);
	} else if (line_of(text, "action ", action, sizeof(action)) &&
	    line_of(text, "target ", x->target, sizeof(x->target))) {
		x->disable = strcmp(action, "disable") == 0;
		(void)snprintf(x->what, sizeof(x->what), "%s %s", action, x->target);
	}
}

static void read_step(struct txn_said *x, const char *text)
{
	while (*text != '\0') {
		(void)snprintf(x->step, sizeof(x->step), "%.*s", (int)strcspn(text, " \n"), text);
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
}

bool txn_said_read(const struct enable_txn *t, const char *id, struct txn_said *x)
{
	static const struct { const char *name, *state; } files[] = {{ENABLE_TXN_FIX, "open"},
	    {"manifest", "open"}, {"done", "done"}, {"returned", "returned"},
	    {"confirmed", "confirmed"}};
	struct buffer text = {0};

	*x = (struct txn_said){.state = NULL};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && x->state == NULL; i++)
		if (enable_txn_has(t, id, files[i].name) &&
		    enable_txn_read(t, id, files[i].name, &text, NULL) == 0) {
			x->state = files[i].state;
			read_what(x, buffer_string(&text));
		}
	buffer_free(&text);
	if (x->state != NULL && strcmp(x->state, "open") == 0 && enable_txn_has(t, id, "returning"))
		x->state = "returning";
	if (x->state != NULL && enable_txn_has(t, id, "steps") &&
	    enable_txn_read(t, id, "steps", &text, NULL) == 0)
		read_step(x, buffer_string(&text));
	buffer_free(&text);
	return x->state != NULL;
}

bool txn_said_is_open(const struct txn_said *x)
{
	return strcmp(x->state, "open") == 0 || strcmp(x->state, "returning") == 0;
}

static int is_one(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strlen(entry->d_name) < ENABLE_ID_MAX;
}

int txn_said_list(const struct enable_txn *t, txn_said_id **list)
{
	struct dirent **entry = NULL;
	int n = scandir(t->dir, &entry, is_one, alphasort);

	*list = n > 0 ? calloc((size_t)n, sizeof(**list)) : NULL;
	for (int i = 0; i < n; i++) {
		if (*list != NULL)
			(void)snprintf((*list)[i], sizeof((*list)[i]), "%.*s", ENABLE_ID_MAX - 1, entry[i]->d_name);
		free(entry[i]);
	}
	free(entry);
	return n > 0 && *list == NULL ? 0 : n;
}
