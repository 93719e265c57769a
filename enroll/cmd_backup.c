/*
 * cmd_backup: backup FILE and restore FILE.
 */
#include "enroll/cmd.h"
#include "enroll/init.h"
#include "enroll/language.h"
#include "enroll/restore.h"
#include "lib/core/json_text.h"
#include "lib/core/seal.h"
#include "lib/core/secret.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define NAMED 5 /* users of other ids, in the text */

struct view {
	bool terminal;
	bool json;
	size_t foreign; /* told of so far */
	FILE *list;     /* JSON: of these, built beside the work */
	char *text;
	size_t size;
};

static void clear_line(const struct view *v)
{
	if (v->terminal)
		(void)fprintf(stderr, "\r\033[K");
}

static void bad(void *ctx, const char *why)
{
	clear_line(ctx);
	(void)fprintf(stderr, _("enroll-mfa: left out: %s\n"), why);
}

static void progress(void *ctx, size_t done, size_t all)
{
	const struct view *v = ctx;

	if (!v->terminal)
		return;
	(void)fputc('\r', stderr);
	(void)fprintf(stderr, _("%zu of %zu users ..."), done, all);
}

static void progress_left(void *ctx, uint64_t left, uint64_t all)
{
	const struct view *v = ctx;

	if (!v->terminal)
		return;
	(void)fputc('\r', stderr);
	(void)fprintf(stderr, _("%llu of %llu records ..."), (unsigned long long)(all - left),
	    (unsigned long long)all);
}

static void print_backup(const struct cmd *c, const struct backup_result *res)
{
	const struct backup_header *h = &res->header;

	if (!c->json) {
		(void)printf(_("%zu records of %zu users are in %s.\n"
		    "THE KEYRING IS NOT IN IT. Without its keys this file opens no more; keep a copy\n"
		    "of %s apart from it. Needed:"), res->records, res->users, c->file,
		    c->conf.keyring);
		for (int i = 0; i < h->keys; i++)
			(void)printf(" %s", h->key[i]);
		(void)printf("\n");
		return;
	}
	(void)printf("{\"file\": ");
	json_text_print(stdout, c->file);
	(void)printf(", \"users\": %zu, \"records\": %zu, \"left_out\": %zu, \"keys\": [", res->users,
	    res->records, res->bad);
	for (int i = 0; i < h->keys; i++)
		(void)printf("%s\"%s\"", i > 0 ? ", " : "", h->key[i]);
	(void)printf("]}\n");
}

int cmd_backup(struct cmd *c)
{
	struct view v = {.terminal = isatty(STDERR_FILENO) && !c->json};
	struct backup_result res;
	struct err e = {0};
	struct store store, pw = {0};
	struct backup b = {.store = &store, .path = c->file, .now = c->now, .bad = bad,
	    .progress = progress, .ctx = &v};
	int r;

	if ((r = cmd_open(c, &store, false)) != 0)
		return r;
	r = store_open_pw(&pw, &c->conf, false, &e);
	b.pw = r == 0 ? &pw : NULL;
	if (r == 0 || r == ERR_NONE)
		r = backup_write(&b, &res, &e);
	store_close(&pw);
	store_close(&store);
	clear_line(&v);
	if (r != 0)
		return cmd_fail(&e);
	print_backup(c, &res);
	cmd_log(NULL, "backup", "");
	return res.bad > 0 ? CMD_TROUBLE : CMD_YES;
}

/* The record is found under the very name that the account has, no other. */
static int account(void *ctx, const char *user, uid_t *uid)
{
	const struct passwd *pw;
	int number;

	(void)ctx;
	errno = 0;
	pw = getpwnam(user);
	number = errno;
	if (pw != NULL && strcmp(pw->pw_name, user) == 0) {
		*uid = pw->pw_uid;
		return 0;
	}
	return pw != NULL || number == 0 || number == ENOENT || number == ESRCH ? ERR_NONE :
	    ERR_UNAVAIL;
}

static void foreign(void *ctx, const struct restore_foreign *f)
{
	struct view *v = ctx;

	v->foreign++;
	if (v->json) {
		(void)fprintf(v->list, "%s{\"user\": ", v->foreign > 1 ? ", " : "");
		json_text_print(v->list, f->user);
		(void)fprintf(v->list, ", \"bound\": %u, \"uid\": %u}", (unsigned)f->bound,
		    (unsigned)f->has);
	} else if (v->foreign <= NAMED) {
		clear_line(v);
		(void)fprintf(stderr, _("enroll-mfa: %s: is bound to uid %u, the account here is uid "
		    "%u: every login is refused\n"), f->user, (unsigned)f->bound, (unsigned)f->has);
	}
}

/* What is to be decided; of the text too, for it goes to standard error. */
static void print_undecided(const struct cmd *c, const struct restore_result *res)
{
	if (res->foreign > NAMED)
		(void)fprintf(stderr, _("enroll-mfa: and %zu more are bound to other user ids than "
		    "their accounts have here\n"), res->foreign - NAMED);
	if (res->foreign > 0)
		(void)fprintf(stderr, _("enroll-mfa: if these are the same people, run `enroll-mfa "
		    "restore %s --replace --rebind`, or `enroll-mfa unlock USER` for one of them; if "
		    "not, `enroll-mfa remove USER`\n"), c->file);
	if (res->unknown > 0)
		(void)fprintf(stderr, _("enroll-mfa: %zu users could not be looked up, so nobody knows "
		    "whether their user ids are those that they are bound to; `enroll-mfa status "
		    "USER` tells when the directory answers again\n"), res->unknown);
}

static void print_restore(const struct cmd *c, const struct restore_result *res,
    const struct view *v)
{
	if (c->json) {
		(void)printf("{\"users\": %zu, \"replaced\": %zu, \"recovery_dropped\": %zu, "
		    "\"rebound\": %zu, \"not_looked_up\": %zu, \"password_histories\": %zu, "
		    "\"other_uid\": [%s]}\n", res->users, res->replaced, res->codes, res->rebound,
		    res->unknown, res->histories, v->text);
		return;
	}
	(void)printf(_("%zu users are restored, %zu of them in the place of what was there.\n"
	    "No code shown up to now is good any more: wait for the one after the next.\n"),
	    res->users, res->replaced);
	if (res->codes > 0)
		(void)printf(_("%zu users had recovery codes; some may have been spent since the backup, "
		    "so all\nare gone: `enroll-mfa recovery USER` makes new ones.\n"), res->codes);
	if (res->histories > 0)
		(void)printf(P_("%zu password history is restored.\n",
		    "%zu password histories are restored.\n", res->histories), res->histories);
	if (res->rebound > 0)
		(void)printf(_("%zu users were bound to a user id that they do not have here; the first "
		    "success of\neach binds anew.\n"), res->rebound);
	print_undecided(c, res);
}

static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1024 &&
	    (limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= 1024)) {
		limit.rlim_cur = 1024;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int run_restore(struct cmd *c, struct backup_in *in, struct view *v)
{
	struct restore_result res;
	struct err e = {0};
	struct store store;
	struct restore q = {.store = &store, .conf = &c->conf, .in = in, .replace = c->replace,
	    .rebind = c->rebind, .account = account, .foreign = foreign, .clock = cmd_clock,
	    .progress = progress_left, .ctx = v};
	int r;

	if ((r = cmd_open(c, &store, false)) != 0)
		return r;
	raise_limit();
	r = restore_run(&q, &res, &e);
	store_close(&store);
	clear_line(v);
	if (r != 0)
		return cmd_fail(&e);
	(void)fflush(v->list);
	print_restore(c, &res, v);
	cmd_log(NULL, "restore", c->rebind ? "rebind=yes" : "");
	return res.foreign > 0 || res.unknown > 0 ? CMD_TROUBLE : CMD_YES;
}

/* The backup is whole, and its keys are here. */
static int restore(struct cmd *c, struct backup_in *in)
{
	struct view v = {.terminal = isatty(STDERR_FILENO) && !c->json, .json = c->json};
	struct init_made made;
	struct err e = {0};
	int r;

	if (init_run(&c->conf, c->now, &made, &e) != 0)
		return cmd_fail(&e);
	if ((v.list = open_memstream(&v.text, &v.size)) == NULL)
		return CMD_TROUBLE;
	r = run_restore(c, in, &v);
	(void)fclose(v.list);
	free(v.text);
	return r;
}

int cmd_restore(struct cmd *c)
{
	struct secret memory;
	struct keyring *k;
	struct backup_in in = {0};
	struct err e = {0};
	int r;

	if (secret_new(&memory, sizeof(*k)) != 0)
		return CMD_TROUBLE;
	k = (struct keyring *)(void *)memory.data;
	r = keyring_load(k, c->conf.keyring, NULL, &e);
	if (r == ERR_NONE)
		r = err_set(&e, ERR_KEYRING, "%s: does not exist; put the keyring's copy there first",
		    c->conf.keyring);
	if (r == 0 && seal_engine_open(k) != 0)
		r = err_set(&e, ERR_SYSTEM, "libcrypto cannot run HMAC");
	if (r == 0)
		r = backup_open(&in, c->file, k, &e);
	r = r == 0 ? restore(c, &in) : cmd_fail(&e);
	backup_close(&in);
	seal_engine_close(k);
	secret_free(&memory);
	return r;
}
