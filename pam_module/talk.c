#include "pam_module/talk.h"

#include "lib/core/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PROMPT "Verification code: "

int talk_ask(pam_handle_t *pamh, char **typed)
{
	return talk_ask_text(pamh, PROMPT, typed);
}

/* Not by pam_prompt(): it formats the text anew, in pieces that it frees as they are,
 * and the text of an enrolment is a secret. */
static int converse(pam_handle_t *pamh, int style, const char *text, char **typed)
{
	const struct pam_message message = {.msg_style = style, .msg = text};
	const struct pam_message *list = &message;
	struct pam_response *answer = NULL;
	const void *item = NULL;
	const struct pam_conv *conv;
	int r;

	*typed = NULL;
	if (pam_get_item(pamh, PAM_CONV, &item) != PAM_SUCCESS || (conv = item) == NULL ||
	    conv->conv == NULL)
		return ERR_UNAVAIL;
	r = conv->conv(1, &list, &answer, conv->appdata_ptr);
	if (answer != NULL)
		*typed = answer->resp;
	free(answer);
	return r == PAM_SUCCESS ? 0 : ERR_UNAVAIL;
}

int talk_ask_text(pam_handle_t *pamh, const char *text, char **typed)
{
	int r = converse(pamh, PAM_PROMPT_ECHO_ON, text, typed);

	if (r != 0)
		talk_wipe(typed);
	return r;
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
void talk_say(pam_handle_t *pamh, int style, const char *text)
{
	char *nothing;

	(void)converse(pamh, style, text, &nothing);
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
	talk_say(pamh, PAM_ERROR_MSG, text);
}

static void spell_time(int64_t at, char text[32])
{
	time_t t = (time_t)at;
	struct tm tm;

	memcpy(text, "?", 2);
	if (gmtime_r(&t, &tm) != NULL)
		(void)strftime(text, 32, "%Y-%m-%d %H:%M UTC", &tm);
}

void talk_enrolled(pam_handle_t *pamh, int others, int64_t last)
{
	char text[200], at[32];

	talk_say(pamh, PAM_TEXT_INFO, "Enrolled. From now on every login asks for a code.");
	if (others <= 0)
		return;
	spell_time(last, at);
	(void)snprintf(text, sizeof(text), "%d other enrolment%s of this account had been shown "
	    "elsewhere, last at %s; if that was not you, tell the administrator.", others,
	    others == 1 ? "" : "s", at);
	talk_say(pamh, PAM_TEXT_INFO, text);
}

void talk_grace(pam_handle_t *pamh, int64_t until)
{
	char text[160], at[32];

	spell_time(until, at);
	(void)snprintf(text, sizeof(text), "You are not enrolled yet. From %s on, a login needs a "
	    "code.", at);
	talk_say(pamh, PAM_TEXT_INFO, text);
}

void talk_bypass(pam_handle_t *pamh, int64_t until)
{
	char text[160], at[32];

	spell_time(until, at);
	(void)snprintf(text, sizeof(text), "No code is asked until %s: an administrator has "
	    "switched it off for you.", at);
	talk_say(pamh, PAM_TEXT_INFO, text);
}

void talk_welcome(pam_handle_t *pamh, const struct login_result *res)
{
	char text[160], since[32], from[SOURCE_TEXT_MAX];

	if (res->missed.count > 0) {
		spell_time(res->missed.first, since);
		source_text(&res->missed.from, from);
		(void)snprintf(text, sizeof(text), "%u wrong code%s since %s, last from %s.",
		    res->missed.count, res->missed.count == 1 ? "" : "s", since, from);
		talk_say(pamh, PAM_TEXT_INFO, text);
	}
	if (res->method != NULL && strcmp(res->method, "recovery") == 0) {
		(void)snprintf(text, sizeof(text), "%d recovery code%s left.",
		    res->recovery_left, res->recovery_left == 1 ? "" : "s");
		talk_say(pamh, PAM_TEXT_INFO, text);
	}
}
