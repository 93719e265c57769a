/*
 * cmd_verify: one code through the very login(), so it is spent.
 */
#include "enroll/cmd.h"
#include "enroll/language.h"
#include "lib/core/json_text.h"
#include "lib/core/login.h"
#include "lib/core/secret.h"

#include <stdio.h>
#include <unistd.h>

static int exit_code(const struct login_result *res)
{
	switch (res->verdict) {
	case LOGIN_OK:
		return CMD_YES;
	case LOGIN_UNAVAILABLE:
		return CMD_AGAIN;
	case LOGIN_ERROR:
		return CMD_TROUBLE;
	default:
		return CMD_NO;
	}
}

static void print_json_missed(const struct record_missed *missed)
{
	char when[32], from[SOURCE_TEXT_MAX];

	(void)printf(", \"missed\": %u", missed->count);
	if (missed->count == 0) {
		(void)printf(", \"missed_since\": null, \"missed_last\": null, "
		    "\"missed_from\": null");
		return;
	}
	cmd_time(missed->first, when);
	(void)printf(", \"missed_since\": \"%s\"", when);
	cmd_time(missed->last, when);
	source_text(&missed->from, from);
	(void)printf(", \"missed_last\": \"%s\", \"missed_from\": \"%s\"", when, from);
}

static void print_json(const struct cmd *c, const struct login_result *res)
{
	(void)printf("{\"user\": ");
	json_text_print(stdout, c->user);
	(void)printf(", \"verdict\": \"%s\", \"reason\": ", login_verdict_name(res->verdict));
	json_text_print(stdout, res->reason != NULL ? res->reason : "");
	(void)printf(", \"method\": ");
	json_text_print(stdout, res->method != NULL ? res->method : "");
	(void)printf(", \"device\": ");
	json_text_print(stdout, res->device);
	(void)printf(", \"skew\": %d", res->skew);
	print_json_missed(&res->missed);
	(void)printf("}\n");
}

static void print(const struct cmd *c, const struct login_result *res)
{
	(void)printf("%s: %s", c->user, login_verdict_name(res->verdict));
	if (res->verdict == LOGIN_OK && res->device[0] != '\0')
		(void)printf(_(" (%s, device %s, skew %d)"), res->method, res->device, res->skew);
	else if (res->verdict == LOGIN_OK)
		(void)printf(_(" (%s, skew %d)"), res->method, res->skew);
	if (res->verdict == LOGIN_THROTTLED)
		(void)printf(_(" (%lld s to wait)"), (long long)res->wait);
	if (res->reason != NULL)
		(void)printf(" (%s)", res->reason);
	(void)printf("\n");
	cmd_print_missed(&res->missed);
	if (res->err.text[0] != '\0')
		(void)fprintf(stderr, "enroll-mfa: %s\n", res->err.text);
}

int cmd_verify(struct cmd *c)
{
	struct sshkey_set keys = {0}; /* not whole: nothing is remembered for it */
	struct login_request req = {0};
	struct login_result res;
	struct secret typed;
	struct err e = {0};
	int r;

	if (c->key != NULL && cmd_check_key(c->key, keys.hash[keys.count++], &e) != 0) {
		(void)cmd_fail(&e);
		return CMD_USAGE;
	}
	req.keys = keys.count > 0 ? &keys : NULL;
	if ((r = cmd_account(c, NULL)) != 0)
		return r;
	if (secret_new(&typed, 256) != 0)
		return CMD_TROUBLE;
	req.account = c->account;
	req.user = c->user;
	req.uid = c->uid;
	source_parse(NULL, getuid(), &req.source);
	(void)cmd_read_line(_("Verification code: "), (char *)typed.data, typed.size);
	req.answer = (const char *)typed.data;
	req.now = cmd_clock();
	login(&c->conf, &req, &res);
	secret_free(&typed);
	if (c->json)
		print_json(c, &res);
	else
		print(c, &res);
	return exit_code(&res);
}
