/*
 * Each step of a change of the master key, killed or failing at any system call: every
 * record stays readable, and the rest of the change completes it.
 */
#include "tests/crash/desk.h"

#include "lib/core/keyring.h"

#include <string.h>
#include <unistd.h>

static const char *const add[] = {"rekey", "add", NULL};
static const char *const use[] = {"rekey", "use", NULL};
static const char *const retire[] = {"rekey", "retire", NULL};

static void step(const char *const *words)
{
	static struct tool_said said;

	if (tool_run(words, NULL, &said) != 0)
		ph_die("rekey: %s", said.err);
}

static void make_added(void)
{
	desk_make();
	step(add);
}

static void make_used(void)
{
	make_added();
	step(use);
}

/* Whoever was killed may leave the new keyring beside the old one; the next command of
 * root's, whichever, removes it. */
static bool may_come(const char *path)
{
	return strcmp(path, "etc/keyring.new") == 0;
}

static int keys(void)
{
	struct keyring k;
	struct err e = {0};

	if (keyring_load(&k, ph_conf.keyring, NULL, &e) != 0) {
		crash_must(false, "the keyring: %.300s", e.text);
		return 0;
	}
	return k.count;
}

static void check_readable(int skew)
{
	static const char *const list[] = {"list", NULL};

	crash_must(desk_again(list, NULL) == 0, "the list of users ends with %.300s",
	    crash_seen->said.err);
	crash_must(access(ph_path("etc/keyring.new"), F_OK) != 0, "keyring.new is there still");
	people_must_get_in(&people_one, ph_code(&people_one, skew), "the next right code");
	people_must_get_in(&people_other, ph_code(&people_other, skew), "the next right code");
}

/* What was interrupted once more, then the rest of the change. */
static void complete(const char *const *again)
{
	int status = desk_again(again, NULL);

	crash_must(status == 0 || status == 1, "once more ends with %d: %.300s", status,
	    crash_seen->said.err);
	if (again == add)
		desk_must_succeed(use, NULL);
	if (again == add || again == use)
		desk_must_succeed(retire, NULL);
	crash_must(keys() == 1, "there are %d keys at the end", keys());
	check_readable(1);
}

static void check_add(void)
{
	const bool yes = desk_said_yes();

	desk_must_go_on();
	crash_must(keys() == 2 || (!yes && keys() == 1), "there are %d keys", keys());
	check_readable(0);
	complete(add);
}

static void check_use(void)
{
	(void)desk_said_yes();
	desk_must_go_on();
	crash_must(keys() == 2, "there are %d keys", keys());
	check_readable(0);
	complete(use);
}

static void check_retire(void)
{
	const bool yes = desk_said_yes();

	desk_must_go_on();
	crash_must(keys() == 1 || (!yes && keys() == 2), "there are %d keys", keys());
	check_readable(0);
	complete(retire);
}

int main(void)
{
	static const struct crash_op ops[] = {
	    {.name = "rekey add", .make = desk_make, .tool = add, .check = check_add,
	        .may_come = may_come, .most = 30},
	    {.name = "rekey use", .make = make_added, .tool = use, .check = check_use,
	        .may_come = may_come, .most = 8, .head = 90},
	    {.name = "rekey retire", .make = make_used, .tool = retire, .check = check_retire,
	        .may_come = may_come, .most = 8, .tail = 60},
	};

	crash_open();
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		crash_try(&ops[i]);
	return crash_close();
}
