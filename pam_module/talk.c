#include "pam_module/talk.h"

#include "lib/core/secret.h"

#include <security/pam_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PROMPT "Verification code: "

int talk_ask(pam_handle_t *pamh, char **typed)
{
	*typed = NULL;
	if (pam_prompt(pamh, PAM_PROMPT_ECHO_ON, typed, "%s", PROMPT) != PAM_SUCCESS) {
		talk_wipe(typed);
		return ERR_UNAVAIL;
	}
	return 0;
}

void talk_wipe(char **typed)
{
	if (*typed != NULL)
		secret_wipe(*typed, strlen(*typed));
	free(*typed);
	*typed = NULL;
}

/* Also under PAM_SILENT, which sudo always sets: a refusal says why the prompt comes
 * again, and wrong codes of somebody else are told once, so it must be now. */
static void say(pam_handle_t *pamh, int style, const char *text)
{
	char *nothing = NULL;

	(void)pam_prompt(pamh, style, &nothing, "%s", text);
	free(nothing);
}

void talk_refused(pam_handle_t *pamh, const struct login_result *res, bool proven)
{
	const char *text = "Refused: wrong code.";

	/* Only who has proven a first factor learns more than "wrong". */
	if (proven && res->rule == STATE_REPLAY)
		text = "Refused: code already used, wait for the next.";
	else if (proven && (res->rule == STATE_THROTTLED || res->rule == STATE_LOCKED))
		text = "Refused: too many tries.";
	say(pamh, PAM_ERROR_MSG, text);
}

void talk_welcome(pam_handle_t *pamh, const struct login_result *res)
{
	char text[160], since[32] = "?", from[SOURCE_TEXT_MAX];
	time_t first = (time_t)res->missed.first;
	struct tm tm;

	if (res->missed.count > 0) {
		if (gmtime_r(&first, &tm) != NULL)
			(void)strftime(since, sizeof(since), "%Y-%m-%d %H:%M UTC", &tm);
		source_text(&res->missed.from, from);
		(void)snprintf(text, sizeof(text), "%u wrong code%s since %s, last from %s.",
		    res->missed.count, res->missed.count == 1 ? "" : "s", since, from);
		say(pamh, PAM_TEXT_INFO, text);
	}
	if (res->method != NULL && strcmp(res->method, "recovery") == 0) {
		(void)snprintf(text, sizeof(text), "%d recovery code%s left.",
		    res->recovery_left, res->recovery_left == 1 ? "" : "s");
		say(pamh, PAM_TEXT_INFO, text);
	}
}
