/*
 * cmd_import: `enroll-mfa import [--from FORM] FILE|-`.
 */
#include "enroll/cmd.h"
#include "enroll/import.h"
#include "enroll/language.h"
#include "lib/core/json_text.h"
#include "lib/core/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define READ_BUFFER 65536

enum { KINDS = IMPORT_WARNED + 1 };

struct view {
	const struct cmd *c;
	const char *name;
	bool terminal;
	bool first[KINDS]; /* of each kind, for JSON's commas */
	FILE *lists[KINDS]; /* JSON: the lists, built beside the work */
	char *text[KINDS];
	size_t size[KINDS];
};

static void note(void *ctx, enum import_note kind, long line, const char *text)
{
	struct view *v = ctx;
	FILE *f = v->lists[kind];

	if (v->c->json) {
		(void)fprintf(f, "%s{", v->first[kind] ? "" : ", ");
		if (line > 0)
			(void)fprintf(f, "\"line\": %ld, ", line);
		(void)fprintf(f, "\"%s\": ", kind == IMPORT_SKIPPED ? "user" : "reason");
		json_text_print(f, text);
		(void)fprintf(f, "}");
		v->first[kind] = false;
		return;
	}
	(void)fprintf(stderr, "%s%s:", v->terminal ? "\r\033[K" : "", v->name);
	if (line > 0)
		(void)fprintf(stderr, "%ld:", line);
	if (kind == IMPORT_WARNED)
		(void)fprintf(stderr, _(" warning: %s\n"), text);
	else if (kind == IMPORT_SKIPPED)
		(void)fprintf(stderr, _(" %s: enrolled already, skipped\n"), text);
	else
		(void)fprintf(stderr, " %s\n", text);
}

static void progress(void *ctx, long lines, long imported)
{
	const struct view *v = ctx;

	if (!v->terminal)
		return;
	(void)fputc('\r', stderr);
	(void)fprintf(stderr, _("%ld lines, %ld imported ..."), lines, imported);
}

/* A batch holds many files open. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 2048 &&
	    (limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= 2048)) {
		limit.rlim_cur = 2048;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static bool is_google(const struct cmd *c)
{
	return c->from != NULL && strcmp(c->from, "google-authenticator") == 0;
}

static void print_json(const struct view *v, const struct import_result *res)
{
	(void)printf("{\"lines\": %ld, \"imported\": %ld, ", res->lines, res->imported);
	if (v->c->replace)
		(void)printf("\"replaced\": %ld, \"kept\": %ld, ", res->replaced, res->kept);
	if (is_google(v->c))
		(void)printf("\"scratch_codes_left\": %ld, \"warnings\": [%s], ",
		    res->scratch_codes, v->text[IMPORT_WARNED]);
	(void)printf("\"skipped\": [%s], \"refused\": [%s]}\n", v->text[0], v->text[1]);
}

static void print_text(const struct view *v, const struct import_result *res)
{
	(void)printf(is_google(v->c) ? _("%ld files: %ld imported, ") :
	    _("%ld lines: %ld imported, "), res->lines, res->imported);
	if (v->c->replace)
		(void)printf(_("%ld replaced, %ld with the same secret already, "), res->replaced,
		    res->kept);
	(void)printf(_("%ld enrolled already, %ld refused\n"), res->skipped, res->refused);
	if (res->scratch_codes > 0)
		(void)fprintf(stderr, _("enroll-mfa: %ld scratch codes of google-authenticator were not "
		    "taken over; `enroll-mfa recovery USER` makes recovery codes\n"),
		    res->scratch_codes);
	if (res->imported > 0)
		(void)fprintf(stderr, _("enroll-mfa: names were not looked up; `enroll-mfa "
		    "list --orphans` shows those without an account\n"));
}

static int print(struct view *v, const struct import_result *res)
{
	for (int i = 0; i < KINDS; i++)
		(void)fflush(v->lists[i]);
	if (v->terminal)
		(void)fprintf(stderr, "\r\033[K");
	if (v->c->json)
		print_json(v, res);
	else
		print_text(v, res);
	return res->refused > 0 ? CMD_NO : CMD_YES;
}

static int run(struct cmd *c, struct store *store, FILE *in, struct view *v)
{
	struct import job = {.store = store, .conf = &c->conf, .in = in, .name = v->name,
	    .device = c->device != NULL ? c->device : "phone", .replace = c->replace,
	    .now = c->now, .clock = cmd_clock, .note = note, .progress = progress, .ctx = v};
	struct import_google g = {in == NULL ? c->file : NULL, c->user, c->account, c->uid};
	struct import_result res;
	struct err e = {0};
	int r, code;

	if (is_google(c))
		r = import_google(&job, &g, &res, &e);
	else if (c->from != NULL && strcmp(c->from, "users.oath") == 0)
		r = import_oath(&job, &res, &e);
	else
		r = import_otpauth(&job, &res, &e);
	code = print(v, &res);
	if (r == ERR_SYNTAX) {
		(void)cmd_fail(&e);
		return CMD_USAGE;
	}
	return r == 0 ? code : cmd_fail(&e);
}

static bool open_lists(struct view *v)
{
	for (int i = 0; i < KINDS; i++) {
		v->first[i] = true;
		v->lists[i] = open_memstream(&v->text[i], &v->size[i]);
		if (v->lists[i] == NULL)
			return false;
	}
	return true;
}

static void close_lists(struct view *v)
{
	for (int i = 0; i < KINDS; i++) {
		if (v->lists[i] != NULL)
			(void)fclose(v->lists[i]);
		free(v->text[i]);
	}
}

/* 0, or an exit code after its message. */
static int check(struct cmd *c, bool standard)
{
	struct err e = {0};
	int r;

	if (c->device != NULL && cmd_check_device(c->device, &e) != 0) {
		(void)cmd_fail(&e);
		return CMD_USAGE;
	}
	if (is_google(c) ? standard && c->of == NULL : c->of != NULL) {
		(void)fprintf(stderr, _("enroll-mfa: --user goes with --from google-authenticator, and "
		    "with standard input there it must be given\n"));
		return CMD_USAGE;
	}
	c->user = c->of;
	if (c->user != NULL && (r = cmd_account(c, NULL)) != 0)
		return r;
	return 0;
}

/* Lines are read here, files of others where they are judged: *in is NULL for these. */
static int open_input(const struct cmd *c, bool standard, struct secret *buffer, FILE **in)
{
	*in = standard ? stdin : NULL;
	if (is_google(c))
		return 0;
	if (!standard && (*in = fopen(c->file, "re")) == NULL) {
		(void)fprintf(stderr, "enroll-mfa: %s: %s\n", c->file, strerror(errno));
		return CMD_TROUBLE;
	}
	if (secret_new(buffer, READ_BUFFER) != 0 ||
	    setvbuf(*in, (char *)buffer->data, _IOFBF, buffer->size) != 0)
		return CMD_TROUBLE;
	return 0;
}

int cmd_import(struct cmd *c)
{
	bool standard = strcmp(c->file, "-") == 0;
	struct view v = {.c = c, .name = standard ? _("standard input") : c->file};
	struct secret buffer = {0};
	struct store store;
	FILE *in = NULL;
	int r;

	if ((r = check(c, standard)) != 0)
		return r;
	if ((r = open_input(c, standard, &buffer, &in)) == 0 && !open_lists(&v))
		r = CMD_TROUBLE;
	if (r == 0 && (r = cmd_open(c, &store, true)) == 0) {
		raise_limit();
		v.terminal = isatty(STDERR_FILENO) && !c->json;
		r = run(c, &store, in, &v);
		store_close(&store);
	}
	close_lists(&v);
	if (in != NULL)
		(void)fclose(in);
	secret_free(&buffer);
	return r;
}
