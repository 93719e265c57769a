/*
 * An import, a backup or a restore, killed or failing at any system call: who was
 * enrolled gets in by the old device or the new one, a backup is whole or not there, and
 * no code that was spent before a restore is good behind it.
 */
#include "tests/crash/desk.h"

#include "enroll/backup.h"
#include "enroll/otpauth.h"
#include "enroll/steps.h"
#include "lib/core/seal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NEWEST "pbcrash-newest"

static char import_path[PH_PATH], backup_path[PH_PATH];
static const char *const import_all[] = {"import", "--replace", import_path, NULL};
static const char *const backup_all[] = {"backup", backup_path, NULL};
static const char *const restore_all[] = {"restore", "--replace", backup_path, NULL};

/* An import: two who are new, and another device for one who is there. */

static struct ph_user to_come[3] = {{.name = PEOPLE_NEW}, {.name = PEOPLE_ONE},
    {.name = NEWEST}};

static void make_import(void)
{
	FILE *f;

	desk_make();
	ph_account(NEWEST, 20004);
	if ((f = fopen(import_path, "we")) == NULL)
		ph_die("%s: %s", import_path, strerror(errno));
	for (int i = 0; i < 3; i++) {
		struct record_device *d = &to_come[i].device;
		char key[OTPAUTH_KEY_SIZE];

		*d = (struct record_device){.name = "phone", .algorithm = RECORD_SHA1, .digits = 6,
		    .period = PH_PERIOD, .secret_len = 20};
		if (steps_new_device(d, ph_now(), NULL) != 0 ||
		    otpauth_secret_base32(d, key, sizeof(key)) != 0)
			ph_die("device");
		(void)fprintf(f, "otpauth://totp/%s?secret=%s\n", to_come[i].name, key);
		people_also[i] = d;
	}
	if (fclose(f) != 0)
		ph_die("%s: %s", import_path, strerror(errno));
}

static bool may_be_imported(const char *path)
{
	return strcmp(path, "state/enroll/" PEOPLE_NEW) == 0 ||
	    strcmp(path, "state/hot/" PEOPLE_NEW) == 0 ||
	    strcmp(path, "state/enroll/" NEWEST) == 0 || strcmp(path, "state/hot/" NEWEST) == 0;
}

static void check_import(void)
{
	const bool yes = desk_said_yes();
	bool in[3], old;

	desk_must_go_on();
	for (int i = 0; i < 3; i++) {
		in[i] = people_get_in(to_come[i].name, ph_code(&to_come[i], 0));
		crash_must(in[i] || !yes, "%s is refused", to_come[i].name);
	}
	old = people_get_in(PEOPLE_ONE, ph_code(&people_one, 0));
	crash_must(old != in[1], "of the old device and the new one %s",
	    old ? "both get in" : "neither gets in");
	desk_check_other();
	if (!yes)
		desk_must_succeed(import_all, NULL);
	for (int i = 0; i < 3; i++)
		people_must_get_in(&to_come[i], ph_code(&to_come[i], 1), "the next right code");
}

/* A backup. */

static bool may_be_backup(const char *path)
{
	return strcmp(path, strrchr(backup_path, '/') + 1) == 0;
}

static bool is_whole(struct err *e)
{
	struct backup_in in = {0};
	struct keyring k;
	bool is;

	if (keyring_load(&k, ph_conf.keyring, NULL, e) != 0 || seal_engine_open(&k) != 0)
		ph_die("keyring");
	is = backup_open(&in, backup_path, &k, e) == 0;
	backup_close(&in);
	seal_engine_close(&k);
	return is;
}

static void check_backup(void)
{
	const bool yes = desk_said_yes(), there = access(backup_path, F_OK) == 0;
	struct err e = {0};

	crash_must(there || !yes, "it said yes, and there is none");
	crash_must(!there || is_whole(&e), "it is not whole: %.300s", e.text);
	if (!there)
		desk_must_succeed(backup_all, NULL);
	people_must_get_in(&people_one, ph_code(&people_one, 0), "the right code");
	desk_check_other();
}

/* A restore, of who has spent a code and got another device since. */

static struct ph_user had;
static int64_t spent_at;

static const char *code_then(const struct ph_user *u)
{
	return ph_code(u, (int)(spent_at / PH_PERIOD - ph_now() / PH_PERIOD));
}

static void spend(void)
{
	people_must_get_in(&people_one, ph_code(&people_one, 0), "the right code");
}

static void make_restore(void)
{
	static struct tool_said said;

	desk_make();
	had = people_one;
	people_also[0] = &had.device;
	if (tool_run(backup_all, NULL, &said) != 0)
		ph_die("backup: %s", said.err);
	spent_at = ph_now();
	crash_apart(spend);
	ph_enroll_device(&people_one, "phone");
	crash_apart(spend);
	if (crash_seen->wrong)
		ph_die("%s", crash_seen->why);
}

static void check_spent(void)
{
	crash_must(!people_get_in(PEOPLE_ONE, code_then(&had)) &&
	    !people_get_in(PEOPLE_ONE, code_then(&people_one)), "a spent code gets in");
}

/* Whether it is the device of the backup that gets in, or the other one does. */
static bool is_back(void)
{
	const bool back = people_get_in(PEOPLE_ONE, ph_code(&had, 0));
	bool now;

	/* With the spent codes, which are too old by and by, it may be one wrong too many. */
	ph_later(2 * PH_PERIOD);
	now = people_get_in(PEOPLE_ONE, ph_code(&people_one, 0));
	crash_must(back != now, "of the device of before and the new one %s",
	    back ? "both get in" : "neither gets in");
	return back;
}

static void check_restore(void)
{
	const bool yes = desk_said_yes();
	bool back;

	desk_must_go_on();
	check_spent();
	/* No code of now is good behind it, only what comes after the next. */
	ph_later(3 * PH_PERIOD);
	back = is_back();
	crash_must(back || !yes, "it said yes, and the device of the backup is refused");
	desk_check_other();
	if (yes)
		return;
	ph_clock(0);
	desk_must_succeed(restore_all, NULL);
	check_spent();
	ph_later(6 * PH_PERIOD);
	crash_must(is_back(), "after a second one the device of the backup is refused");
	desk_check_other();
}

int main(void)
{
	static const struct crash_op ops[] = {
	    {.name = "an import", .make = make_import, .tool = import_all,
	        .check = check_import, .may_come = may_be_imported, .most = 90},
	    {.name = "a backup", .make = desk_make, .tool = backup_all, .check = check_backup,
	        .may_come = may_be_backup, .most = 90},
	    {.name = "a restore", .make = make_restore, .tool = restore_all,
	        .check = check_restore, .most = 20, .tail = 90},
	};

	crash_open();
	(void)snprintf(import_path, sizeof(import_path), "%s", ph_path("import"));
	(void)snprintf(backup_path, sizeof(backup_path), "%s", ph_path("backup"));
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		crash_try(&ops[i]);
	return crash_close();
}
