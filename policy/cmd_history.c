#include "enroll/language.h"
#include "lib/core/json_text.h"
#include "policy/cmd_common.h"
#include "policy/cmd_fix.h"
#include "policy/txn_said.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help_history[] =
    N_("usage: bastionctl history [--json]\n"
    "\n"
    "The last changes by `fix`, `enable` and `disable`: name, what, and what became of it.\n"
    "\n"
    "exit: 0 shown, 2 usage, 3 trouble\n");

/* 20261130T025000.123456-77 as 2026-11-30T02:50:00Z */
static void time_of(const char *id, char out[24])
{
	if (strlen(id) < 15 || id[8] != 'T')
		(void)snprintf(out, 24, "-");
	else
		(void)snprintf(out, 24, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", id, id + 4, id + 6, id + 9, id + 11,
		    id + 13);
}

static void print_json(const char *id, const struct txn_said *x, bool first)
{
	char when[24];

	time_of(id, when);
	(void)fputs(first ? "{\"id\": " : ", {\"id\": ", stdout);
	json_text_print(stdout, id);
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

static int show(const char *state_dir, bool json)
{
	struct enable_txn t = {.lock = -1};
	struct err e = {0};
	txn_said_id *id = NULL;
	bool first = true;
	int n;

	(void)snprintf(t.dir, sizeof(t.dir), "%.*s/txn", ENABLE_PATH_MAX - 8, state_dir);
	if ((n = txn_said_list(&t, &id)) < 0 && errno != ENOENT) {
		(void)err_errno(&e, "%s", t.dir);
		return cmd_tell(&e, CMD_TROUBLE);
	}
	if (json)
		(void)fputs("{\"transactions\": [", stdout);
	for (int i = 0; i < n; i++) {
		struct txn_said x;
		char when[24];

		time_of(id[i], when);
		if (txn_said_read(&t, id[i], &x) && json)
			print_json(id[i], &x, first), first = false;
		else if (x.state != NULL)
			(void)printf("%s  %-17s  %-9s  %s\n", when, x.what, x.state, id[i]);
	}
	free(id);
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
