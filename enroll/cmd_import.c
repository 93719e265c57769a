/*
 * cmd_import: `enroll-mfa import --from otpauth FILE|-`.
 */
#include "enroll/cmd.h"
#include "enroll/import.h"
#include "lib/core/json_text.h"
#include "lib/core/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define READ_BUFFER 65536

struct view {
	const struct cmd *c;
	const char *name;
	bool terminal;
	bool first[2]; /* of each kind, for JSON's commas */
	FILE *lists[2]; /* JSON: the two lists, built beside the work */
	char *text[2];
	size_t size[2];
};

static void note(void *ctx, enum import_note kind, long line, const char *text)
{
	struct view *v = ctx;
	FILE *f = v->lists[kind];

	if (v->c->json) {
		(void)fprintf(f, "%s{\"line\": %ld, \"%s\": ", v->first[kind] ? "" : ", ", line,
		    kind == IMPORT_SKIPPED ? "user" : "reason");
		json_text_print(f, text);
		(void)fprintf(f, "}");
		v->first[kind] = false;
		return;
	}
	(void)fprintf(stderr, "%s%s:%ld: %s%s\n", v->terminal ? "\r\033[K" : "", v->name, line, text,
	    kind == IMPORT_SKIPPED ? ": enrolled already, skipped" : "");
}

static void progress(void *ctx, long lines, long imported)
{
	const struct view *v = ctx;

	if (v->terminal)
		(void)fprintf(stderr, "\r%ld lines, %ld imported ...", lines, imported);
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

static int print(struct view *v, const struct import_result *res)
{
	for (int i = 0; i < 2; i++)
		(void)fflush(v->lists[i]);
	if (v->terminal)
		(void)fprintf(stderr, "\r\033[K");
	if (v->c->json) {
		(void)printf("{\"lines\": %ld, \"imported\": %ld, \"skipped\": [%s], "
		    "\"refused\": [%s]}\n", res->lines, res->imported, v->text[0], v->text[1]);
	} else {
		(void)printf("%ld lines: %ld imported, %ld enrolled already, %ld refused\n",
		    res->lines, res->imported, res->skipped, res->refused);
		if (res->imported > 0)
			(void)fprintf(stderr, "enroll-mfa: names were not looked up; `enroll-mfa "
			    "list --orphans` shows those without an account\n");
	}
	return res->refused > 0 ? CMD_NO : CMD_YES;
}

static int run(struct cmd *c, struct store *store, FILE *in, struct view *v)
{
	struct import job = {.store = store, .conf = &c->conf, .in = in, .name = v->name,
	    .device = c->device != NULL ? c->device : "phone", .now = c->now, .note = note,
	    .progress = progress, .ctx = v};
	struct import_result res;
	struct err e = {0};
	int r, code;

	r = import_otpauth(&job, &res, &e);
	code = print(v, &res);
	return r == 0 ? code : cmd_fail(&e);
}

static bool open_lists(struct view *v)
{
	for (int i = 0; i < 2; i++) {
		v->first[i] = true;
		v->lists[i] = open_memstream(&v->text[i], &v->size[i]);
		if (v->lists[i] == NULL)
			return false;
	}
	return true;
}

static void close_lists(struct view *v)
{
	for (int i = 0; i < 2; i++) {
		if (v->lists[i] != NULL)
			(void)fclose(v->lists[i]);
		free(v->text[i]);
	}
}

int cmd_import(struct cmd *c)
{
	bool standard = strcmp(c->file, "-") == 0;
	struct view v = {.c = c, .name = standard ? "standard input" : c->file};
	struct secret buffer = {0};
	struct store store;
	struct err e = {0};
	FILE *in;
	int r;

	if (c->device != NULL && cmd_check_device(c->device, &e) != 0) {
		(void)cmd_fail(&e);
		return CMD_USAGE;
	}
	if ((in = standard ? stdin : fopen(c->file, "re")) == NULL) {
		(void)fprintf(stderr, "enroll-mfa: %s: %s\n", c->file, strerror(errno));
		return CMD_TROUBLE;
	}
	if (secret_new(&buffer, READ_BUFFER) != 0 || !open_lists(&v) ||
	    setvbuf(in, (char *)buffer.data, _IOFBF, buffer.size) != 0)
		r = CMD_TROUBLE;
	else if ((r = cmd_open(c, &store, true)) == 0) {
		raise_limit();
		v.terminal = isatty(STDERR_FILENO) && !c->json;
		r = run(c, &store, in, &v);
		store_close(&store);
	}
	close_lists(&v);
	(void)fclose(in);
	secret_free(&buffer);
	return r;
}
