/*
 * A change of a password killed at any of its system calls, or met by any failing one: what
 * reaches the line that sets it has been judged and stands in the history, behind a power
 * cut too, and the next change goes on as if nothing had been.
 *
 * root is in /etc/passwd everywhere, so that there is a history.  Nobody sets a password:
 * the line below is tests/stub/pam_judge.c, which shows what it would have set.
 */
#include "tests/crash/people.h"

#include "lib/core/record_pw.h"

#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GOOD "rain over 7 hills"
#define NEXT "snow over 8 hills"
#define WEAK "gloomy-weasel"

/* A salt that costs little: what is interrupted is not crypt(3). */
static void make_history(void)
{
	char salt[CRYPT_GENSALT_OUTPUT_SIZE];
	struct store_value v = {.version = STORE_NEW};
	struct record_pw r;
	struct store s;

	if (crypt_gensalt_rn("$y$", 1, NULL, 0, salt, sizeof(salt)) == NULL ||
	    record_pw_new(&r, salt) != 0 || store_open_pw(&s, &ph_conf, true, NULL) != 0)
		ph_die("a history");
	v.len = (size_t)record_pw_put(&r, v.data);
	(void)store_del(&s, "pw/root", NULL, NULL);
	if (store_put(&s, "pw/root", &v, NULL) != 0)
		ph_die("store_put");
	store_close(&s);
}

static void make_fresh(void)
{
	char words[PH_PATH + 8];

	people_make("password_policy = pci-4.0.1\n");
	(void)snprintf(words, sizeof(words), "seen=%s", ph_path("seen"));
	ph_password_lines("", "retry=1", ph_stub_line(words));
	(void)unlink(ph_path("state/pw/root"));
}

static void make(void)
{
	make_fresh();
	make_history();
}

static void change(const char *password)
{
	struct ph_login *l = &crash_seen->login;

	*l = ph_typing(ph_stranger("root"), password);
	ph_answer(l, PH_TYPE, password);
	ph_forget();
	ph_start(l);
	inject_begin();
	crash_seen->code = pam_chauthtok(l->pamh, 0);
	crash_seen->lines = ph_lines;
	for (int i = 0; i < ph_lines && i < CRASH_LOGGED; i++)
		crash_seen->log[i] = ph_log[i];
}

/* Whether the line below would have set this. */
static bool was_set(const char *password)
{
	int fd = open(ph_path("seen"), O_RDONLY | O_CLOEXEC);
	char text[64] = "";
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;

	if (fd >= 0)
		(void)close(fd);
	return n > 0 && strcmp(text, password) == 0;
}

/* Of a record that opens; 0 where there is none. */
static int entries(void)
{
	static struct store_value v;
	static struct record_pw r;
	struct err e = {0};
	struct store s;
	int code;

	crash_must(store_open_pw(&s, &ph_conf, true, &e) == 0, "the store: %.300s", e.text);
	code = store_get(&s, "pw/root", NULL, &v, &e);
	crash_must(code == 0 || code == ERR_NONE, "the record: %.300s", e.text);
	crash_must(code != 0 || record_pw_get(&r, v.data, v.len) == 0, "the record does not read");
	store_close(&s);
	return code == 0 ? (int)r.entries : 0;
}

static void must_change_next(void)
{
	struct ph_login l = ph_typing(ph_stranger("root"), NEXT);
	int code;

	ph_answer(&l, PH_TYPE, NEXT);
	ph_start(&l);
	code = pam_chauthtok(l.pamh, 0);
	crash_must(code == PAM_SUCCESS && was_set(NEXT), "the next change is refused: %.300s",
	    ph_lines > 0 ? ph_log[ph_lines - 1].text : "nothing is logged");
	ph_end(&l);
}

static void play_good(void)
{
	change(GOOD);
}

static void check_good(void)
{
	const bool set = was_set(GOOD);
	const int noted = entries();

	crash_must(!set || noted >= 1, "it is set and not noted");
	crash_must(!set || !crash_seen->lost, "it is set, and its entry may be lost");
	crash_must(crash_seen->code != PAM_SUCCESS || noted >= 1, "it is taken and not noted");
	if (crash_is_whole())
		crash_must(crash_seen->code == PAM_SUCCESS && noted == 1, "it is refused: %.300s",
		    crash_seen->log[0].text);
	must_change_next();
}

static void play_weak(void)
{
	change(WEAK);
}

static void check_weak(void)
{
	crash_must(!was_set(WEAK), "a weak one is set");
	crash_must(crash_seen->code != PAM_SUCCESS, "a weak one is taken");
	crash_must(entries() == 0, "a weak one is noted");
	must_change_next();
}

static bool seen_comes(const char *path)
{
	return strcmp(path, "seen") == 0 || strcmp(path, "state/pw/root") == 0;
}

int main(void)
{
	static const struct crash_op ops[] = {
	    {.name = "a new password", .make = make, .play = play_good, .check = check_good},
	    {.name = "a weak password", .make = make, .play = play_weak, .check = check_weak},
	    {.name = "the first new password", .make = make_fresh, .play = play_good,
	        .check = check_good},
	};

	crash_open();
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		struct crash_op op = ops[i];

		op.may_come = seen_comes;
		crash_try(&op);
	}
	return crash_close();
}
