#include "pam_module/reason.h"

#include "enroll/language.h"
#include "pam_module/talk.h"
#include "policy/password/text.h"

#include <string.h>

struct voice {
	pam_handle_t *pamh;
	struct catalogue korean; /* or empty */
	struct password_tongue tongue;
};

static const char *translate(const void *ctx, const char *fmt)
{
	const char *found = catalogue_find(ctx, fmt);

	return found != NULL ? found : fmt;
}

static void begin(struct voice *v, pam_handle_t *pamh)
{
	const char *tty = entry_item(pamh, PAM_TTY);

	*v = (struct voice){.pamh = pamh};
	if (tty == NULL || strcmp(tty, "ssh") != 0)
		(void)language_open(&v->korean);
	v->tongue = (struct password_tongue){translate, &v->korean};
}

static void end(struct voice *v)
{
	catalogue_close(&v->korean);
}

static void say(const struct voice *v, const char *text)
{
	talk_say(v->pamh, PAM_ERROR_MSG, translate(&v->korean, text));
}

void reason_tell(const struct change *c, const struct weighed *w)
{
	char text[PASSWORD_TEXT_MAX];
	struct voice v;

	begin(&v, c->en->pamh);
	say(&v, c->free && w->possible ?
	    N_("The new password breaks rules, which do not bind root:") :
	    N_("The new password is refused:"));
	for (int i = 0; i < w->broken.count; i++) {
		password_text(&c->policies, &w->broken.item[i], &v.tongue, text);
		talk_say(v.pamh, PAM_ERROR_MSG, text);
	}
	password_history_text(w->said, c->reuse, &v.tongue, text);
	if (text[0] != '\0')
		talk_say(v.pamh, PAM_ERROR_MSG, text);
	if (w->broken.count == 0 && text[0] == '\0')
		say(&v, N_("It is empty."));
	end(&v);
}

void reason_trouble(pam_handle_t *pamh, const struct change_trouble *t)
{
	struct voice v;

	begin(&v, pamh);
	if (strcmp(t->reason, "not_initialised") == 0)
		say(&v, N_("The password cannot be changed: there is no password history yet; an "
		    "administrator has to run `enroll-mfa init`."));
	else
		say(&v, N_("The password cannot be changed now; tell an administrator."));
	if (t->err.text[0] != '\0' && strcmp(t->reason, "not_initialised") != 0)
		talk_say(pamh, PAM_ERROR_MSG, t->err.text);
	end(&v);
}

void reason_not_allowed(pam_handle_t *pamh, enum allowed why)
{
	struct voice v;

	begin(&v, pamh);
	if (why == ALLOWED_NO_MORE)
		say(&v, N_("Your password has expired; an administrator has to set a new one."));
	else
		say(&v, N_("Only an administrator may change a password here, or who has to because "
		    "it is too old."));
	end(&v);
}
