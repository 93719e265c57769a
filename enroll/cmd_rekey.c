/*
 * cmd_rekey: rekey add, use, retire.
 */
#include "enroll/cmd.h"
#include "enroll/language.h"
#include "enroll/rekey.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void progress(void *ctx, size_t done, size_t all)
{
	if (!*(const bool *)ctx)
		return;
	(void)fputc('\r', stderr);
	(void)fprintf(stderr, _("%zu of %zu users ..."), done, all);
}

static void bad(void *ctx, const char *why)
{
	if (*(const bool *)ctx)
		(void)fprintf(stderr, "\r\033[K");
	(void)fprintf(stderr, _("enroll-mfa: stays as it is: %s\n"), why);
}

static int add(const struct cmd *c, const struct rekey *q)
{
	char id[KEYRING_ID_MAX + 1], detail[64];
	struct err e = {0};

	if (rekey_add(q, id, &e) != 0)
		return cmd_fail(&e);
	(void)snprintf(detail, sizeof(detail), "step=add key=%s", id);
	cmd_log(NULL, "rekey", detail);
	if (c->json)
		(void)printf("{\"key\": \"%s\"}\n", id);
	else
		(void)printf(_("Added the key %s to %s; it seals nothing yet.\n"
		    "Copy the keyring (to its safe place, and to every host of the store), then\n"
		    "`enroll-mfa rekey use`.\n"), id, c->conf.keyring);
	return CMD_YES;
}

static int use(const struct cmd *c, const struct rekey *q)
{
	struct rekey_used res;
	struct err e = {0};
	char detail[64];
	int r = rekey_use(q, &res, &e);

	if (*(const bool *)q->ctx)
		(void)fprintf(stderr, "\r\033[K");
	if (r != 0)
		return cmd_fail(&e);
	(void)snprintf(detail, sizeof(detail), "step=use key=%s", res.id);
	if (res.changed || res.records > 0)
		cmd_log(NULL, "rekey", detail);
	if (c->json)
		(void)printf("{\"key\": \"%s\", \"changed\": %s, \"records\": %zu, \"left\": %zu}\n",
		    res.id, res.changed ? "true" : "false", res.records, res.bad);
	else if (res.changed)
		(void)printf(_("The key %s seals from now on; %zu records have been sealed anew.\n"),
		    res.id, res.records);
	else
		(void)printf(_("The key %s seals (no other had been added); %zu records have been sealed "
		    "anew.\n"), res.id, res.records);
	return res.bad > 0 ? CMD_TROUBLE : CMD_YES;
}

static int retire(const struct cmd *c, const struct rekey *q)
{
	struct rekey_retired res;
	struct err e = {0};
	char detail[64];
	int r = rekey_retire(q, &res, &e);

	if (*(const bool *)q->ctx)
		(void)fprintf(stderr, "\r\033[K");
	if (r != 0)
		return cmd_fail(&e);
	if (c->json)
		(void)printf("{\"retired\": [");
	for (int i = 0; i < res.keys; i++) {
		(void)snprintf(detail, sizeof(detail), "step=retire key=%s", res.id[i]);
		cmd_log(NULL, "rekey", detail);
		if (c->json)
			(void)printf("%s\"%s\"", i > 0 ? ", " : "", res.id[i]);
		else
			(void)printf(_("The key %s is out of the keyring; backups made under it need it "
			    "still.\n"), res.id[i]);
	}
	if (c->json)
		(void)printf("]}\n");
	return CMD_YES;
}

int cmd_rekey(struct cmd *c)
{
	static const struct {
		const char *word;
		int (*run)(const struct cmd *c, const struct rekey *q);
	} steps[] = {{"add", add}, {"use", use}, {"retire", retire}};
	bool terminal = isatty(STDERR_FILENO) && !c->json;
	const struct rekey q = {&c->conf, progress, bad, &terminal};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (strcmp(c->word, steps[i].word) == 0)
			return steps[i].run(c, &q);
	(void)fprintf(stderr, _("enroll-mfa: rekey is add, use or retire; see enroll-mfa rekey --help\n"));
	return CMD_USAGE;
}
