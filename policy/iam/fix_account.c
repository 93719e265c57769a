#include "policy/iam/fix_account.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#define HEAD "pam-bastion fix-account 1"
#define OLD "old.json"
#define NEW "new.json"
#define LENGTH 8
#define AGE 90
#define REUSE 24
#define WAIT_MOST 8 /* seconds, the last of 1, 2, 4, ... */

/* ---- what it becomes ---- */

static void set(struct iam_policy *p, enum iam_field field, int value)
{
	p->value[field] = value;
	p->given |= 1U << field;
}

static void raise_to(struct iam_policy *p, enum iam_field field, int least)
{
	if (p->value[field] < least)
		set(p, field, least);
}

/* IAM's default takes 8 characters of three of the four classes: all four are no less.  People
 * may change their own password there. */
static void begin_new(struct iam_policy *p)
{
	*p = (struct iam_policy){.custom = true};
	set(p, IAM_MINIMUM_PASSWORD_LENGTH, LENGTH);
	set(p, IAM_REQUIRE_UPPERCASE_CHARACTERS, 1);
	set(p, IAM_REQUIRE_LOWERCASE_CHARACTERS, 1);
	set(p, IAM_REQUIRE_NUMBERS, 1);
	set(p, IAM_REQUIRE_SYMBOLS, 1);
	set(p, IAM_ALLOW_USERS_TO_CHANGE_PASSWORD, 1);
	set(p, IAM_HARD_EXPIRY, 0);
}

static bool is_strong(const struct iam_policy *p)
{
	const int kinds = (p->value[IAM_REQUIRE_UPPERCASE_CHARACTERS] != 0 ||
	    p->value[IAM_REQUIRE_LOWERCASE_CHARACTERS] != 0) + (p->value[IAM_REQUIRE_NUMBERS] != 0) +
	    (p->value[IAM_REQUIRE_SYMBOLS] != 0);

	return (kinds == 3 && p->value[IAM_MINIMUM_PASSWORD_LENGTH] >= LENGTH) ||
	    (kinds >= 2 && p->value[IAM_MINIMUM_PASSWORD_LENGTH] >= 10);
}

void fix_account_merge(const struct iam_policy *old, unsigned what, struct iam_policy *new)
{
	if (old->custom)
		*new = *old;
	else
		begin_new(new);
	if ((what & FIX_ACCOUNT_BIT(2)) != 0 && !is_strong(new)) {
		raise_to(new, IAM_MINIMUM_PASSWORD_LENGTH, LENGTH);
		raise_to(new, IAM_REQUIRE_NUMBERS, 1);
		raise_to(new, IAM_REQUIRE_SYMBOLS, 1);
		if (new->value[IAM_REQUIRE_UPPERCASE_CHARACTERS] == 0)
			raise_to(new, IAM_REQUIRE_LOWERCASE_CHARACTERS, 1);
	}
	if ((what & FIX_ACCOUNT_BIT(3)) != 0 && (new->value[IAM_MAX_PASSWORD_AGE] == 0 ||
	    new->value[IAM_MAX_PASSWORD_AGE] > AGE))
		set(new, IAM_MAX_PASSWORD_AGE, AGE);
	if ((what & FIX_ACCOUNT_BIT(4)) != 0)
		raise_to(new, IAM_PASSWORD_REUSE_PREVENTION, REUSE);
	if (new->value[IAM_MAX_PASSWORD_AGE] > 0)
		set(new, IAM_EXPIRE_PASSWORDS, 1);
}

bool fix_account_same(const struct iam_policy *a, const struct iam_policy *b)
{
	for (int i = 0; i < IAM_FIELDS && a->custom && b->custom; i++)
		if (i != IAM_EXPIRE_PASSWORDS && a->value[i] != b->value[i])
			return false;
	return a->custom == b->custom;
}

/* ---- what is kept ---- */

static int keep_policy(const struct enable_txn *t, const char *id, const char *name,
    const struct iam_policy *p, struct err *e)
{
	struct iam_mirror m = {.known = true, .time = (int64_t)time(NULL), .source = "fix"};
	struct buffer text = {0};
	char json[IAM_JSON_TEXT];
	size_t len;
	int r = iam_json_write(p, &m, json, &len, e);

	if (r == 0) {
		buffer_add(&text, json, len);
		r = enable_txn_write(t, id, name, &text, e);
	}
	buffer_free(&text);
	return r;
}

/* The manifest is the last to come: from then on it is open. */
static int keep(const struct enable_txn *t, const struct fix_account *c, char id[ENABLE_ID_MAX],
    struct err *e)
{
	struct buffer text = {0};
	int r = enable_txn_make(t, id, e);

	if (r == 0)
		r = keep_policy(t, id, OLD, &c->old, e);
	if (r == 0)
		r = keep_policy(t, id, NEW, &c->new, e);
	buffer_format(&text, HEAD "\nwhat %s\naccount %s\nprofile %s\nregion %s\nend\n", c->what,
	    c->who.account, c->profile, c->region);
	if (r == 0)
		r = enable_txn_write(t, id, ENABLE_TXN_FIX, &text, e);
	if (r != 0)
		id[0] = '\0';
	buffer_free(&text);
	return r;
}

static int read_policy(const struct enable_txn *t, const char *id, const char *name,
    struct iam_policy *p, struct err *e)
{
	struct buffer text = {0};
	struct iam_mirror m;
	int r = enable_txn_read(t, id, name, &text, e);

	if (r == 0 && iam_json_parse_kept(p, &m, name, buffer_string(&text), text.len, e) != 0)
		r = ERR_BAD;
	buffer_free(&text);
	return r;
}

int fix_account_read(const struct enable_txn *t, const char *id, struct fix_account *c,
    struct err *e)
{
	struct buffer text = {0};
	const char *name = enable_txn_has(t, id, ENABLE_TXN_FIX) ? ENABLE_TXN_FIX : "done";
	char end[8];
	int r = enable_txn_read(t, id, name, &text, e);

	*c = (struct fix_account){.what = ""};
	if (r == 0 && (strncmp(buffer_string(&text), HEAD "\n", strlen(HEAD) + 1) != 0 ||
	    !enable_txn_line(text.data, "what", c->what, sizeof(c->what)) ||
	    !enable_txn_line(text.data, "account", c->who.account, sizeof(c->who.account)) ||
	    !enable_txn_line(text.data, "profile", c->profile, sizeof(c->profile)) ||
	    !enable_txn_line(text.data, "region", c->region, sizeof(c->region)) ||
	    !enable_txn_line(text.data, "end", end, sizeof(end))))
		r = err_set(e, ERR_BAD, "transaction %s: its manifest cannot be read", id);
	if (r == 0 && (r = read_policy(t, id, OLD, &c->old, e)) == 0)
		r = read_policy(t, id, NEW, &c->new, e);
	buffer_free(&text);
	return r;
}

/* ---- IAM ---- */

static void note(const char *id, const struct fix_account *c, const char *what)
{
	syslog(LOG_AUTHPRIV | LOG_NOTICE, "bastionctl: transaction=%s fix %s account=%s: %s", id, c->what,
	    c->who.account, what);
}

/* IAM may show what it had a moment ago: reads until that is not there any more, for 15 s.  0,
 * also when it still is. */
static int read_new(struct aws *a, const struct iam_policy *before, struct iam_policy *now,
    struct err *e)
{
	int r = iam_policy_get(a, now, e);

	for (int wait = 1; r == 0 && wait <= WAIT_MOST && fix_account_same(now, before); wait *= 2) {
		(void)nanosleep(&(struct timespec){.tv_sec = wait}, NULL);
		r = iam_policy_get(a, now, e);
	}
	return r;
}

/* The old one is still there.  What IAM has refused was not taken; what it may have taken can
 * come into force yet, and stays open. */
static int settle_old(const struct enable_txn *t, const char *id, const struct fix_account *c,
    bool taken, struct err *e)
{
	struct err other = {0};

	note(id, c, taken ? "is not to be seen yet" : "was not taken");
	if (!taken)
		(void)enable_txn_turn(t, id, ENABLE_TXN_FIX, "returned", &other);
	if (e->text[0] == '\0')
		(void)err_set(e, ERR_UNAVAIL, "IAM has taken the new policy and shows the old one");
	e->code = taken ? ERR_UNAVAIL : e->code == ERR_CONFLICT ? ERR_CONFLICT : ERR_REFUSED;
	return e->code;
}

/* What IAM has is read again, whatever it has answered: it may be that the answer was lost. */
static int settle(const struct enable_txn *t, struct aws *a, const char *id,
    const struct fix_account *c, bool taken, struct err *e)
{
	struct iam_policy now;
	struct err other = {0};
	int r = taken ? read_new(a, &c->old, &now, &other) : iam_policy_get(a, &now, &other);

	if (r != 0) {
		*e = other;
		return r;
	}
	if (fix_account_same(&now, &c->new)) {
		note(id, c, "done");
		return enable_txn_turn(t, id, ENABLE_TXN_FIX, "done", e);
	}
	if (!fix_account_same(&now, &c->old))
		return err_set(e, ERR_BAD, "IAM has neither the old nor the new policy");
	return settle_old(t, id, c, taken, e);
}

int fix_account_apply(const struct enable_txn *t, struct aws *a, const struct fix_account *c,
    char id[ENABLE_ID_MAX], struct err *e)
{
	struct iam_policy now;
	struct err why = {0};
	bool taken = false;
	int r = iam_policy_get(a, &now, e);

	id[0] = '\0';
	if (r == 0 && !fix_account_same(&now, &c->old))
		r = err_set(e, ERR_CONFLICT, "the policy has been changed since it was looked at");
	if (r == 0)
		r = keep(t, c, id, e);
	if (r != 0)
		return r;
	note(id, c, "begins");
	(void)iam_policy_put(a, &c->new, &taken, &why);
	r = settle(t, a, id, c, taken, &why);
	if (r != 0)
		*e = why;
	return r;
}

/* Also where it seems to be there already: that may be what IAM had a moment ago. */
static int put_old(struct aws *a, const struct fix_account *c, struct err *e)
{
	struct iam_policy now;
	bool taken;
	int r = iam_policy_put(a, &c->old, &taken, e);

	if (r == 0 && (r = read_new(a, &c->new, &now, e)) == 0 && !fix_account_same(&now, &c->old))
		r = err_set(e, ERR_UNAVAIL, "IAM does not have the old policy yet: try again");
	return r;
}

int fix_account_back(const struct enable_txn *t, struct aws *a, const char *id,
    const struct fix_account *c, struct err *e)
{
	const char *name = enable_txn_has(t, id, ENABLE_TXN_FIX) ? ENABLE_TXN_FIX : "done";
	struct account_caller who;
	struct iam_policy now;
	int r = account_caller(a, &who, e);

	if (r == 0 && strcmp(who.account, c->who.account) != 0)
		r = err_set(e, ERR_REFUSED, "account %s answers; the transaction is of %s", who.account,
		    c->who.account);
	if (r == 0)
		r = iam_policy_get(a, &now, e);
	if (r == 0 && !fix_account_same(&now, &c->old) && !fix_account_same(&now, &c->new))
		return err_set(e, ERR_REFUSED, "the account password policy has been changed since; "
		    "%s/%s/%s is how it was", t->dir, id, OLD);
	if (r != 0 || (r = put_old(a, c, e)) != 0)
		return r;
	note(id, c, "all is as it was");
	return enable_txn_turn(t, id, name, "returned", e);
}
