#include "enroll/language.h"
#include "lib/core/json_text.h"
#include "policy/cmd_common.h"
#include "policy/cmd_fix.h"
#include "policy/fix_run.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT 30 /* seconds for another bastionctl */

static const char help_rollback[] =
    N_("usage: bastionctl rollback [TXN]\n"
    "\n"
    "Takes a `bastionctl fix` back: its files byte for byte, the account, and the package where\n"
    "the cache of this host has it.  TXN: the name that `bastionctl history` shows (default: the\n"
    "one that was cut short, or the last).\n"
    "\n"
    "exit: 0 all is as it was, 1 there is none, or a file was changed since, 2 usage, 3 trouble,\n"
    "      75 another bastionctl is at work\n");

static const char help_history[] =
    N_("usage: bastionctl history [--json]\n"
    "\n"
    "The last changes by `fix`, `enable` and `disable`: name, what, and what became of it.\n"
    "\n"
    "exit: 0 shown, 2 usage, 3 trouble\n");

/* ---- rollback ---- */

static int tell_back(const struct fix_done *d, int r, const struct err *e)
{
	if (r != 0) {
		(void)fprintf(stderr, "bastionctl: rollback: %s\n", e->text);
		return r == ERR_NONE || r == ERR_CONFLICT ? CMD_NO : CMD_TROUBLE;
	}
	(void)printf(_("All is as it was before transaction %s.\n"), d->id);
	if (d->no_package)
		(void)printf(_("The package is not installed again: no copy of its version is in the cache; "
		    "its files are back.\n"));
	return CMD_YES;
}

/* A name, no path. */
static bool is_name(const char *id)
{
	return id[0] != '\0' && strlen(id) < ENABLE_ID_MAX &&
	    id[strspn(id, "0123456789T.-")] == '\0' && id[0] != '.';
}

static int roll_back(const char *state_dir, const char *name)
{
	struct enable_txn t;
	struct fix_done done = {.open = false};
	char id[ENABLE_ID_MAX];
	struct err e = {0};
	int r = enable_txn_lock(&t, state_dir, WAIT, &e);

	if (r != 0)
		return cmd_tell(&e, r == ERR_CONFLICT ? CMD_AGAIN : CMD_TROUBLE);
	if (name != NULL)
		(void)snprintf(id, sizeof(id), "%s", name);
	else if (fix_txn_open(&t, id) == 0 && fix_txn_last(&t, id) == 0)
		r = err_set(&e, ERR_NONE, "there is no fix to take back");
	if (r == 0)
		r = fix_run_back(&t, id, &done, &e);
	enable_txn_unlock(&t);
	return tell_back(&done, r, &e);
}

int cmd_rollback(const struct cmd_common *common, int argc, char **argv)
{
	char dir[CONF_PATH_MAX];
	int r;

	if (common->help)
		return cmd_help(help_rollback);
	if (argc > 1)
		return cmd_usage("rollback", N_("more than one transaction"), argv[1]);
	if (argc == 1 && !is_name(argv[0]))
		return cmd_usage("rollback", N_("not the name of a transaction"), argv[0]);
	if (geteuid() != 0) {
		(void)fprintf(stderr, _("bastionctl: %s needs root\n"), "rollback");
		return CMD_TROUBLE;
	}
	if ((r = cmd_fix_state_dir(common, dir, sizeof(dir))) != CMD_YES)
		return r;
	return cmd_finish(roll_back(dir, argc == 1 ? argv[0] : NULL));
}

/* ---- history ---- */

struct entry {
	char id[ENABLE_ID_MAX];
	char what[40];      /* "fix EIC", "enable sshd" */
	const char *state;  /* "open", "returning", "done", "returned", "confirmed" */
	char step[24];      /* the last one that is done of a fix */
};

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

static void read_what(struct entry *x, const char *text)
{
	char action[16] = "", target[16] = "";

	if (line_of(text, "what ", target, sizeof(target)))
		(void)snprintf(x->what, sizeof(x->what), "fix %s", target);
	else if (line_of(text, "action ", action, sizeof(action)) &&
	    line_of(text, "target ", target, sizeof(target)))
		(void)snprintf(x->what, sizeof(x->what), "%s %s", action, target);
}

static void read_step(struct entry *x, const char *text)
{
	while (*text != '\0') {
		(void)snprintf(x->step, sizeof(x->step), "%.*s", (int)strcspn(text, " \n"), text);
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
}

/* false: it is none, or not whole. */
static bool read_entry(const struct enable_txn *t, struct entry *x)
{
	static const struct { const char *name, *state; } files[] = {{ENABLE_TXN_FIX, "open"},
	    {"manifest", "open"}, {"done", "done"}, {"returned", "returned"},
	    {"confirmed", "confirmed"}};
	struct buffer text = {0};

	x->state = NULL;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && x->state == NULL; i++)
		if (enable_txn_has(t, x->id, files[i].name) &&
		    enable_txn_read(t, x->id, files[i].name, &text, NULL) == 0) {
			x->state = files[i].state;
			read_what(x, buffer_string(&text));
		}
	buffer_free(&text);
	if (x->state != NULL && strcmp(x->state, "open") == 0 && enable_txn_has(t, x->id, "returning"))
		x->state = "returning";
	if (x->state != NULL && enable_txn_has(t, x->id, "steps") &&
	    enable_txn_read(t, x->id, "steps", &text, NULL) == 0)
		read_step(x, buffer_string(&text));
	buffer_free(&text);
	return x->state != NULL;
}

/* 20261130T025000.123456-77 as 2026-11-30T02:50:00Z */
static void time_of(const char *id, char out[24])
{
	if (strlen(id) < 15 || id[8] != 'T')
		(void)snprintf(out, 24, "-");
	else
		(void)snprintf(out, 24, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", id, id + 4, id + 6, id + 9, id + 11,
		    id + 13);
}

static void print_json(const struct entry *x, bool first)
{
	char when[24];

	time_of(x->id, when);
	(void)fputs(first ? "{\"id\": " : ", {\"id\": ", stdout);
	json_text_print(stdout, x->id);
	(void)fputs(", \"time\": ", stdout);
	json_text_print(stdout, when);
	(void)fputs(", \"what\": ", stdout);
	json_text_print(stdout, x->what);
	(void)fputs(", \"state\": ", stdout);
	json_text_print(stdout, x->state);
	(void)fputs(", \"step\": ", stdout);
	if (x->step[0] != '\0')
		json_text_print(stdout, x->step);
	else
		(void)fputs("null", stdout);
	(void)fputs("}", stdout);
}

static int is_one(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strlen(entry->d_name) < ENABLE_ID_MAX;
}

static int show(const char *state_dir, bool json)
{
	struct enable_txn t = {.lock = -1};
	struct dirent **list = NULL;
	struct err e = {0};
	bool first = true;
	int n;

	(void)snprintf(t.dir, sizeof(t.dir), "%.*s/txn", ENABLE_PATH_MAX - 8, state_dir);
	if ((n = scandir(t.dir, &list, is_one, alphasort)) < 0 && errno != ENOENT) {
		(void)err_errno(&e, "%s", t.dir);
		return cmd_tell(&e, CMD_TROUBLE);
	}
	if (json)
		(void)fputs("{\"transactions\": [", stdout);
	for (int i = 0; i < n; i++) {
		struct entry x = {.state = NULL};
		char when[24];

		(void)snprintf(x.id, sizeof(x.id), "%.*s", ENABLE_ID_MAX - 1, list[i]->d_name);
		time_of(x.id, when);
		if (read_entry(&t, &x) && json)
			print_json(&x, first), first = false;
		else if (x.state != NULL)
			(void)printf("%s  %-14s  %-9s  %s\n", when, x.what, x.state, x.id);
		free(list[i]);
	}
	free(list);
	if (json)
		(void)fputs("]}\n", stdout);
	return CMD_YES;
}

int cmd_history(const struct cmd_common *common, int argc, char **argv)
{
	const bool json = argc == 1 && strcmp(argv[0], "--json") == 0;
	char dir[CONF_PATH_MAX];
	int r;

	if (common->help)
		return cmd_help(help_history);
	if (argc > 0 && !json)
		return cmd_usage("history", N_("unknown option"), argv[0]);
	if ((r = cmd_fix_state_dir(common, dir, sizeof(dir))) != CMD_YES)
		return r;
	return cmd_finish(show(dir, json));
}
