#include "policy/explain_meets.h"

#include "enroll/language.h"
#include "lib/core/day.h"

static const struct {
	const char *text, *next;
} says[] = {
    [EXPLAIN_REFUSED_TROUBLE] = {N_("is asked for a code and refused: the records are not whole"),
	N_("mend the records: every code is refused until then")},
    [EXPLAIN_REFUSED_NOBODY] = {N_("is asked for a code and refused: no such account"),
	N_("no such account: every answer is refused")},
    [EXPLAIN_REFUSED_SSHD] = {N_("is refused by sshd, whatever is answered"),
	N_("change what the line `sshd` names, or log in as somebody else")},
    [EXPLAIN_REFUSED_EXPIRED] = {N_("is refused, whatever is answered: the account has expired"),
	N_("`chage -l USER` shows the days, `chage -E -1 -I -1 USER` takes them away")},
    [EXPLAIN_REFUSED_NOT_ENROLLED] = {N_("is asked for a code and refused: not enrolled"),
	N_("enrol: `enroll-mfa USER`, or `enroll-mfa invite USER`")},
    [EXPLAIN_REFUSED_UNPROVEN] = {N_("is asked for a code and refused: not enrolled, and no key or "
	"password is proven before, so that no exemption, bypass or invitation counts"),
	N_("enrol: `enroll-mfa USER`")},
    [EXPLAIN_REFUSED_NEED_AUTH] = {N_("is refused by need_auth: no code is asked for, and account "
	"lets only exempt machines in so"),
	N_("have it ask for the code (`bastionctl enable`; AuthenticationMethods), or an `exempt` line "
	"for a machine")},
    [EXPLAIN_REFUSED_MIXED] = {N_("is refused by need_auth where the method does not ask for a code"),
	N_("set AuthenticationMethods publickey,keyboard-interactive:pam: `bastionctl enable sshd`")},
    [EXPLAIN_PAST] = {N_("is let in without a code: sshd does not ask PAM for one, and nothing refuses"),
	N_("have sshd ask for the code: `bastionctl enable sshd`")},
    [EXPLAIN_PAST_MIXED] = {N_("is let in without a code by some methods of sshd: they do not ask "
	"PAM for one, and nothing refuses"),
	N_("have sshd ask for the code: `bastionctl enable sshd`")},
    [EXPLAIN_HOLE] = {N_("can get in without a code: other lines of the service let everybody in"),
	N_("mend what `check` names")},
    [EXPLAIN_HOLE_GUARDED] = {N_("is refused by need_auth where other lines of the service let in "
	"without a code"), N_("mend what `check` names")},
    [EXPLAIN_NOT_ASKED] = {N_("is not asked for a code: the service does not name the module"),
	N_("the service does not ask for a code: `bastionctl enable`")},
    [EXPLAIN_EXEMPT] = {N_("is let in without a code: exempt"), ""},
    [EXPLAIN_NOT_REQUIRED] = {N_("is let in without a code: not required"), ""},
    [EXPLAIN_BYPASS] = {N_("is let in without a code: bypass"), ""},
    [EXPLAIN_GRACE] = {N_("is let in without a code until enroll_by"),
	N_("enrol: `enroll-mfa USER`, or `enroll-mfa invite USER`")},
    [EXPLAIN_SHOWN] = {N_("is shown a QR code to enrol with"), N_("enrol at the next login")},
    [EXPLAIN_SHOWN_GRACE] = {N_("is shown a QR code to enrol with; an empty answer is let in until "
	"enroll_by"), N_("enrol at the next login")},
    [EXPLAIN_SHOWN_LOCKED] = {N_("is shown a QR code, and every answer is refused: locked"),
	N_("find out who guesses, then `enroll-mfa unlock`")},
    [EXPLAIN_WORD] = {N_("is asked for a code, and may type the invitation word"), ""},
    [EXPLAIN_WORD_GRACE] = {N_("is asked for a code, and may type the invitation word; an empty "
	"answer is let in until enroll_by"), ""},
    [EXPLAIN_LOCKED] = {N_("is asked for a code; only a recovery code is taken: locked"),
	N_("find out who guesses, then `enroll-mfa unlock`, or a recovery code")},
    [EXPLAIN_DELAYED] = {N_("is asked for a code, and refused for now: delayed"),
	N_("wait, or `enroll-mfa unlock`")},
    [EXPLAIN_REMEMBERED] = {N_("is asked for a code, but not where one is remembered"), ""},
    [EXPLAIN_REMEMBERED_DELAYED] = {N_("is not asked where a code is remembered, else refused for "
	"now: delayed"), N_("wait, or `enroll-mfa unlock`")},
    [EXPLAIN_CODE] = {N_("is asked for a code"), ""},
};

bool explain_meets_proof(const struct explain *x)
{
	if (x->words.after_password)
		return true;
	if (x->is_ssh)
		return x->ssh != EXPLAIN_SSH_UNPROVEN;
	/* The caller's own uid, and not root's. */
	return x->words.after_login && x->uid != 0;
}

/* A login that PAM's auth does not see.  Account judges its `exempt`, and nothing else. */
static enum explain_meets round_auth(const struct explain *x)
{
	const bool mixed = x->line[0] != '\0' && x->ssh == EXPLAIN_SSH_MIXED;

	if (!x->guarded && x->line[0] == '\0' && x->ssh != EXPLAIN_SSH_PAST)
		return EXPLAIN_NOT_ASKED;
	if (!x->guarded)
		return mixed ? EXPLAIN_PAST_MIXED : EXPLAIN_PAST;
	if (x->is_ssh && x->account_exempt)
		return EXPLAIN_EXEMPT;
	return mixed ? EXPLAIN_REFUSED_MIXED : EXPLAIN_REFUSED_NEED_AUTH;
}

static enum explain_meets without_device(const struct explain_query *q,
    const struct explain *x)
{
	const bool grace = q->now < x->conf.enroll_by && !day_is_far(x->conf.enroll_by, q->now);
	const bool here = x->words.enroll_here, locked = x->locked_since != 0;

	if (x->conf.enroll == CONF_ENROLL_LOGIN && here)
		return grace ? EXPLAIN_SHOWN_GRACE : locked ? EXPLAIN_SHOWN_LOCKED : EXPLAIN_SHOWN;
	if (x->invited_until != 0 && here && x->conf.enroll != CONF_ENROLL_ADMIN)
		return grace ? EXPLAIN_WORD_GRACE : locked ? EXPLAIN_LOCKED : EXPLAIN_WORD;
	if (grace)
		return EXPLAIN_GRACE;
	return locked ? EXPLAIN_LOCKED : EXPLAIN_REFUSED_NOT_ENROLLED;
}

static enum explain_meets with_device(const struct explain *x, bool proven)
{
	if (x->locked_since != 0)
		return EXPLAIN_LOCKED;
	if (proven && x->is_ssh && x->remembered > 0)
		return x->wait > 0 ? EXPLAIN_REMEMBERED_DELAYED : EXPLAIN_REMEMBERED;
	return x->wait > 0 ? EXPLAIN_DELAYED : EXPLAIN_CODE;
}

static enum explain_meets unproven(const struct explain *x)
{
	if (x->state == EXPLAIN_TROUBLE)
		return EXPLAIN_REFUSED_TROUBLE;
	if (x->state == EXPLAIN_NOT)
		return EXPLAIN_REFUSED_UNPROVEN;
	return with_device(x, false);
}

enum explain_meets explain_meets(const struct explain_query *q, const struct explain *x)
{
	if (!x->account)
		return EXPLAIN_REFUSED_NOBODY;
	if (x->is_ssh && x->ssh == EXPLAIN_SSH_REFUSES)
		return EXPLAIN_REFUSED_SSHD;
	if (x->expired != 0)
		return EXPLAIN_REFUSED_EXPIRED;
	if (x->is_ssh && x->ssh == EXPLAIN_SSH_NO_PAM)
		return EXPLAIN_PAST;
	if (x->hole[0] != '\0' && !(x->is_ssh && x->ssh == EXPLAIN_SSH_PAST))
		return x->guarded ? EXPLAIN_HOLE_GUARDED : EXPLAIN_HOLE;
	if (x->line[0] == '\0' || (x->is_ssh &&
	    (x->ssh == EXPLAIN_SSH_PAST || x->ssh == EXPLAIN_SSH_MIXED)))
		return round_auth(x);
	if (!explain_meets_proof(x))
		return unproven(x);
	if (x->rollout.duty == ROLLOUT_EXEMPT)
		return EXPLAIN_EXEMPT;
	if (x->rollout.duty == ROLLOUT_NOT_REQUIRED)
		return EXPLAIN_NOT_REQUIRED;
	if (x->state == EXPLAIN_TROUBLE)
		return EXPLAIN_REFUSED_TROUBLE;
	if (x->bypass_until != 0)
		return EXPLAIN_BYPASS;
	return x->state == EXPLAIN_NOT ? without_device(q, x) : with_device(x, true);
}

const char *explain_meets_text(enum explain_meets m)
{
	return _(says[m].text);
}

const char *explain_meets_next(enum explain_meets m)
{
	return _(says[m].next);
}
