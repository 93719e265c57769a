/*
 * cmd_verify: one code through the very login(), so it is spent.
 */
#include "enroll/cmd.h"
#include "lib/core/json_text.h"
#include "lib/core/login.h"
#include "lib/core/secret.h"

#include <pwd.h>
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

static void print(const struct cmd *c, const struct login_result *res)
{
	const char *verdict = login_verdict_name(res->verdict);

	if (c->json) {
		(void)printf("{\"user\": ");
		json_text_print(stdout, c->user);
		(void)printf(", \"verdict\": \"%s\", \"reason\": ", verdict);
		json_text_print(stdout, res->reason != NULL ? res->reason : "");
		(void)printf(", \"method\": ");
		json_text_print(stdout, res->method != NULL ? res->method : "");
		(void)printf(", \"device\": ");
		json_text_print(stdout, res->device);
		(void)printf(", \"skew\": %d}\n", res->skew);
		return;
	}
	(void)printf("%s: %s", c->user, verdict);
	if (res->verdict == LOGIN_OK)
		(void)printf(" (%s%s%s, skew %d)", res->method,
		    res->device[0] != '\0' ? ", device " : "", res->device, res->skew);
	if (res->verdict == LOGIN_THROTTLED)
		(void)printf(" (%lld s to wait)", (long long)res->wait);
	if (res->reason != NULL)
		(void)printf(" (%s)", res->reason);
	(void)printf("\n");
	if (res->err.text[0] != '\0')
		(void)fprintf(stderr, "enroll-mfa: %s\n", res->err.text);
}

int cmd_verify(struct cmd *c)
{
	struct login_request req = {.now = c->now};
	struct login_result res;
	struct secret typed;
	const struct passwd *pw = getpwnam(c->user);

	if (secret_new(&typed, 256) != 0)
		return CMD_TROUBLE;
	req.account = pw != NULL;
	req.user = pw != NULL ? pw->pw_name : c->user;
	req.uid = pw != NULL ? pw->pw_uid : 0;
	source_parse(NULL, getuid(), &req.source);
	(void)cmd_read_line("Verification code: ", (char *)typed.data, typed.size);
	req.answer = (const char *)typed.data;
	login(&c->conf, &req, &res);
	secret_free(&typed);
	print(c, &res);
	return exit_code(&res);
}
