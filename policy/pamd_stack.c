#include "policy/pamd_stack.h"

#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const char *base_name(const char *module)
{
	const char *slash = strrchr(module, '/');

	return slash != NULL ? slash + 1 : module;
}

bool pamd_is_ours(const char *module)
{
	return strcmp(base_name(module), PAMD_OURS) == 0;
}

static bool is_one_of(const char *name, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(name, *list) == 0)
			return true;
	return false;
}

int pamd_find(const struct pamd_dirs *dirs, const char *name, char path[PAMD_PATH_MAX])
{
	const char *dir[] = {dirs->dir, dirs->fallback};
	int n;

	if (name[0] == '/') {
		n = snprintf(path, PAMD_PATH_MAX, "%s", name);
		return n < PAMD_PATH_MAX ? 0 : ERR_SYNTAX;
	}
	for (int i = 0; i < 2 && dir[i] != NULL; i++) {
		n = snprintf(path, PAMD_PATH_MAX, "%s/%s", dir[i], name);
		if (n >= PAMD_PATH_MAX)
			return ERR_SYNTAX;
		if (access(path, F_OK) == 0)
			return 0;
	}
	return ERR_NONE;
}

struct load {
	struct pamd_stack *stack;
	const struct pamd_dirs *dirs;
	enum pamd_type type;
	int depth;
	int level;
	struct err *e;
};

static bool has_word(const struct pamd_line *l, const char *word)
{
	for (int i = 0; i < l->argc; i++)
		if (strcmp(l->argv[i], word) == 0)
			return true;
	return false;
}

/* A word that is not one of the module's own switches. */
static bool has_condition(const struct pamd_line *l)
{
	static const char *const switches[] = {"debug", "use_uid", "quiet", "quiet_fail",
	    "quiet_success", "audit", NULL};

	for (int i = 0; i < l->argc; i++)
		if (!is_one_of(l->argv[i], switches))
			return true;
	return false;
}

/*
 * Whether the line lets past only whom an admin named.  pam_access, pam_time,
 * pam_localuser and pam_usertype do not: with the files of their packages they
 * let everybody past.  Nor do pam_succeed_if without a condition, pam_listfile
 * with a list of those to refuse, or a success for its errors, and the reversed
 * pam_wheel.
 */
static bool chooses(const struct pamd_line *l)
{
	const char *name = base_name(l->module);

	if (strcmp(name, "pam_succeed_if.so") == 0)
		return has_condition(l);
	if (strcmp(name, "pam_listfile.so") == 0)
		return has_word(l, "sense=allow") && !has_word(l, "sense=deny") &&
		    !has_word(l, "onerr=succeed");
	if (strcmp(name, "pam_wheel.so") == 0)
		return !has_word(l, "deny");
	return strcmp(name, "pam_rootok.so") == 0;
}

static enum pamd_role role_of(const struct pamd_line *l)
{
	static const char *const passwords[] = {"pam_unix.so", "pam_sss.so", "pam_krb5.so",
	    "pam_ldap.so", "pam_winbind.so", NULL};
	const char *name = base_name(l->module);

	if (pamd_is_ours(name) && l->type == PAMD_AUTH && has_word(l, "reserve"))
		return PAMD_RESERVES;
	if (pamd_is_ours(name))
		/* Without its word an account line of ours judges the age of the password alone. */
		return l->type == PAMD_ACCOUNT && !has_word(l, "need_auth") ? PAMD_OTHER :
		    PAMD_OURSELVES;
	if (strcmp(name, "pam_deny.so") == 0)
		return PAMD_DENIES;
	if (strcmp(name, "pam_permit.so") == 0)
		return PAMD_PERMITS;
	if (chooses(l))
		return PAMD_CHOOSES;
	return is_one_of(name, passwords) ? PAMD_PASSWORDS : PAMD_OTHER;
}

/* Password modules answer "ignore" only when an argument allows it. */
static bool may_ignore(const struct pamd_line *l)
{
	for (int i = 0; i < l->argc; i++)
		if (strncmp(l->argv[i], "ignore_", 7) == 0 || strcmp(l->argv[i], "unknown_ok") == 0)
			return true;
	return false;
}

/* Whether a password line may ask for a new password although a line above has. */
static bool may_ask(const struct pamd_line *l)
{
	static const char *const asking[] = {PAMD_OURS, "pam_unix.so", "pam_pwquality.so",
	    "pam_cracklib.so", "pam_passwdqc.so", "pam_pwhistory.so", "pam_sss.so",
	    "pam_krb5.so", "pam_ldap.so", "pam_winbind.so", NULL};

	return l->type == PAMD_PASSWORD && is_one_of(base_name(l->module), asking) &&
	    !has_word(l, "use_authtok") && !has_word(l, "use_first_pass");
}

/* Whether an auth line may ask for a password although a line above has.  pam_unix does not:
 * it takes what is there. */
static bool may_ask_anew(const struct pamd_line *l)
{
	static const char *const asking[] = {"pam_sss.so", "pam_krb5.so", "pam_ldap.so",
	    "pam_winbind.so", NULL};

	return l->type == PAMD_AUTH && is_one_of(base_name(l->module), asking) &&
	    !has_word(l, "use_first_pass");
}

/* With `deny` pam_wheel passes all others, with `root_only` everybody who does
 * not ask for root. */
static bool limits_callers(const struct pamd_line *l)
{
	const char *name = base_name(l->module);

	if (strcmp(name, "pam_wheel.so") == 0)
		return !has_word(l, "deny") && !has_word(l, "root_only");
	return strcmp(name, "pam_rootok.so") == 0;
}

static int append(struct load *load, const struct pamd_line *l, enum pamd_role role)
{
	struct pamd_stack *s = load->stack;
	struct pamd_entry *x;

	if (s->count == PAMD_STACK_MAX)
		return err_set(load->e, ERR_BAD, "%s:%d: the stack has more than %d lines",
		    l->file, l->line, PAMD_STACK_MAX);
	x = realloc(s->entry, (size_t)(s->count + 1) * sizeof(*x));
	if (x == NULL)
		return err_set(load->e, ERR_SYSTEM, "out of memory");
	s->entry = x;
	x += s->count++;
	*x = (struct pamd_entry){.line = l->line, .level = load->level, .role = role};
	(void)snprintf(x->file, sizeof(x->file), "%s", l->file);
	if (role == PAMD_SUBSTACK)
		return 0;
	x->ours = pamd_is_ours(l->module);
	x->after_password = role == PAMD_OURSELVES && has_word(l, "after_password");
	x->need_auth = role == PAMD_OURSELVES && has_word(l, "need_auth");
	x->ignores = role != PAMD_PASSWORDS || l->type != PAMD_AUTH || may_ignore(l);
	x->limits = limits_callers(l);
	x->asks = may_ask(l) || may_ask_anew(l);
	return pamd_control(l->control, &x->control, load->e);
}

static int each_line(void *ctx, const struct pamd_line *l);

static int include(struct load *load, const struct pamd_line *l, bool substack)
{
	struct load below = *load;
	char path[PAMD_PATH_MAX];
	int r;

	if (substack && (r = append(load, l, PAMD_SUBSTACK)) != 0)
		return r;
	if (load->depth + 1 >= PAMD_STACK_DEPTH)
		return err_set(load->e, ERR_BAD, "%s:%d: includes more than %d deep, or in a "
		    "circle", l->file, l->line, PAMD_STACK_DEPTH);
	below.depth++;
	below.level += substack ? 1 : 0;
	if (pamd_find(load->dirs, l->module, path) != 0)
		return err_set(load->e, ERR_NONE, "%s:%d: includes %.100s, which does not exist",
		    l->file, l->line, l->module);
	return pamd_read(path, each_line, &below, load->e);
}

static int each_line(void *ctx, const struct pamd_line *l)
{
	struct load *load = ctx;
	bool substack = strcasecmp(l->control, "substack") == 0;

	if (l->type != PAMD_ANY && l->type != load->type)
		return 0;
	if (l->type == PAMD_ANY || substack || strcasecmp(l->control, "include") == 0)
		return include(load, l, substack);
	return append(load, l, role_of(l));
}

int pamd_stack_load(struct pamd_stack *s, const struct pamd_dirs *dirs,
    const char *service, enum pamd_type type, struct err *e)
{
	struct load load = {.stack = s, .dirs = dirs, .type = type, .e = e};
	char path[PAMD_PATH_MAX];

	*s = (struct pamd_stack){.type = type};
	if (pamd_find(dirs, service, path) != 0)
		return err_set(e, ERR_NONE, "%s/%s: does not exist", dirs->dir, service);
	return pamd_read(path, each_line, &load, e);
}

void pamd_stack_free(struct pamd_stack *s)
{
	free(s->entry);
	*s = (struct pamd_stack){0};
}

/*
 * The walk.  A state is what libpam's dispatcher remembers (its impression and
 * the status that goes with it) and what has happened on the way.  All edges
 * lead forward, so one pass in order reaches every state.
 */
enum impression {
	UNDEFINED,  /* nothing has counted yet: a failure at the end */
	SUCCEEDS,
	EXPIRED,    /* succeeds, "new password required": goes on in account */
	ODD,        /* counted as ok, with a code that is no success */
	FAILS,
	OVERDUE,    /* fails with "new password required", whatever fails behind it */
	IMPRESSIONS
};

enum { PROVEN = 1, CODE = 2, REFUSED = 4, CHOSEN = 8, LIMITED = 16, RESERVED = 32, DENIED = 64,
    FLAGS = 128 };
#define STATES (IMPRESSIONS * FLAGS)
#define NEVER (-1)
#define START (-2)

struct walk {
	struct pamd_stack *stack;
	int *parent; /* [entry][state]: where from, as entry * STATES + state */
};

static bool may_return(const struct pamd_stack *s, int at, int code)
{
	switch (s->entry[at].role) {
	case PAMD_PERMITS:
		return code == PAM_SUCCESS;
	case PAMD_DENIES:
		return code == PAM_AUTH_ERR || (s->type == PAMD_ACCOUNT && code == PAM_ACCT_EXPIRED);
	case PAMD_OURSELVES:
		return code != PAM_INCOMPLETE && code != PAM_IGNORE && code != PAM_NEW_AUTHTOK_REQD;
	case PAMD_RESERVES:
		return code != PAM_INCOMPLETE && code != PAM_SUCCESS && code != PAM_NEW_AUTHTOK_REQD;
	default:
		return code != PAM_INCOMPLETE && (code != PAM_IGNORE || s->entry[at].ignores);
	}
}

/* The entry behind at's (sub)stack. */
static int behind(const struct pamd_stack *s, int at)
{
	int level = s->entry[at].level;

	while (at + 1 < s->count && s->entry[at + 1].level >= level)
		at++;
	return at + 1;
}

/* The target of a jump; *bad when the (sub)stack is too short for it. */
static int jump(const struct pamd_stack *s, int at, int lines, bool *bad)
{
	int level = s->entry[at].level;

	while (lines > 0 && at + 1 < s->count && s->entry[at + 1].level >= level) {
		do
			at++;
		while (at + 1 < s->count && s->entry[at + 1].level > level);
		lines--;
	}
	*bad = lines > 0;
	return at + 1;
}

/* Our first line that an edge leaves out, or -1. */
static int left_out(const struct pamd_stack *s, int from, int to)
{
	for (int i = from + 1; i < to; i++)
		if (s->entry[i].role == PAMD_OURSELVES)
			return i;
	return -1;
}

static void arrive(struct walk *w, int from, int state, int to, int to_state)
{
	int *slot = &w->parent[to * STATES + to_state];

	if (*slot == NEVER)
		*slot = from * STATES + state;
}

static enum impression count_ok(enum impression was, int code)
{
	if (was != UNDEFINED && was != SUCCEEDS)
		return was;
	if (code == PAM_SUCCESS)
		return SUCCEEDS;
	return code == PAM_NEW_AUTHTOK_REQD ? EXPIRED : ODD;
}

/* The first failure's code stays, and of account sshd takes this one for "change
 * the password, then go in". */
static enum impression count_bad(const struct pamd_stack *s, enum impression was, int code)
{
	if (was == FAILS || was == OVERDUE)
		return was;
	return s->type == PAMD_ACCOUNT && code == PAM_NEW_AUTHTOK_REQD ? OVERDUE : FAILS;
}

static bool is_positive(enum impression was)
{
	return was == SUCCEEDS || was == EXPIRED || was == ODD;
}

static int note(const struct pamd_stack *s, int at, int to, int code, int flags)
{
	enum pamd_role role = s->entry[at].role;

	/* "New password required" is said of a right one too. */
	if (role == PAMD_PASSWORDS && s->type == PAMD_AUTH &&
	    (code == PAM_SUCCESS || code == PAM_NEW_AUTHTOK_REQD))
		flags |= PROVEN;
	/* pam_wheel answers "ignore" to members, and never "new password required". */
	if (s->entry[at].limits &&
	    (code == PAM_SUCCESS || code == PAM_IGNORE || code == PAM_NEW_AUTHTOK_REQD))
		flags |= LIMITED;
	if (role == PAMD_OURSELVES)
		flags |= code == PAM_SUCCESS ? CODE : REFUSED;
	if (role == PAMD_RESERVES)
		flags |= code == PAM_IGNORE ? RESERVED : DENIED;
	if (role == PAMD_CHOOSES && left_out(s, at, to) >= 0)
		flags |= CHOSEN;
	return flags;
}

static void step(struct walk *w, int at, int state, int code)
{
	const struct pamd_stack *s = w->stack;
	int action = s->entry[at].control.action[code];
	enum impression was = (enum impression)(state / FLAGS), now = was;
	bool bad = false;
	int to = at + 1, flags;

	if (action == PAMD_OK || action == PAMD_DONE)
		now = count_ok(was, code);
	else if (action == PAMD_BAD || action == PAMD_DIE)
		now = count_bad(s, was, code);
	else if (action == PAMD_RESET)
		now = UNDEFINED;
	else if (action > 0)
		to = jump(s, at, action, &bad);
	if (action == PAMD_DIE || (action == PAMD_DONE && is_positive(now)))
		to = behind(s, at);
	if (bad)
		now = FAILS;
	flags = note(s, at, to, code, state % FLAGS);
	arrive(w, at, state, to, (int)now * FLAGS + flags);
	/* What was before a substack is not remembered here: all are possible. */
	if (action == PAMD_RESET && s->entry[at].level > 0) {
		arrive(w, at, state, to, SUCCEEDS * FLAGS + flags);
		arrive(w, at, state, to, EXPIRED * FLAGS + flags);
		if (s->type == PAMD_ACCOUNT)
			arrive(w, at, state, to, OVERDUE * FLAGS + flags);
	}
}

static void visit(struct walk *w, int at)
{
	struct pamd_entry *x = &w->stack->entry[at];

	for (int state = 0; state < STATES; state++) {
		if (w->parent[at * STATES + state] == NEVER)
			continue;
		x->run = true;
		x->unproven = x->unproven || (state % FLAGS & PROVEN) == 0;
		x->unreserved = x->unreserved || (state % FLAGS & RESERVED) == 0;
		x->denied = x->denied || (state % FLAGS & DENIED) != 0;
		x->unlimited = x->unlimited || (state % FLAGS & LIMITED) == 0;
		if (x->role == PAMD_SUBSTACK)
			arrive(w, at, state, at + 1, state);
		for (int code = 0; code < PAMD_CODES && x->role != PAMD_SUBSTACK; code++)
			if (may_return(w->stack, at, code))
				step(w, at, state, code);
	}
}

/* Back from the end: our line that refused, or the line that left it out. */
static int opener(const struct walk *w, int state)
{
	int at = w->stack->count;
	int here = at * STATES + state;

	for (int from = w->parent[here]; from != START; from = w->parent[here]) {
		int before = from / STATES;

		if ((state % FLAGS & REFUSED) != 0 ?
		    w->stack->entry[before].role == PAMD_OURSELVES :
		    left_out(w->stack, before, at) >= 0)
			return before;
		at = before;
		here = from;
	}
	return -1;
}

/* Programs let nobody in whom pam_authenticate() answers "new password
 * required"; of account it is a success. */
static bool is_success(const struct pamd_stack *s, int was)
{
	return was == SUCCEEDS || (was == EXPIRED && s->type == PAMD_ACCOUNT);
}

static void judge_ends(const struct walk *w, struct pamd_ways *ways)
{
	bool ours = left_out(w->stack, -1, w->stack->count) >= 0;
	int end = w->stack->count;

	for (int state = 0; state < STATES; state++) {
		int flags = state % FLAGS, was = state / FLAGS;
		int *way = (flags & REFUSED) != 0 ? &ways->refused :
		    (flags & CHOSEN) != 0 ? &ways->chosen : &ways->jumped;

		if (w->parent[end * STATES + state] == NEVER)
			continue;
		ways->any = ways->any || is_success(w->stack, was);
		ways->code = ways->code || ((flags & CODE) != 0 && is_success(w->stack, was));
		if (ours && (flags & CODE) == 0 && *way < 0 &&
		    (was == SUCCEEDS || was == EXPIRED || was == OVERDUE))
			*way = opener(w, state);
	}
}

int pamd_stack_walk(struct pamd_stack *s, struct pamd_ways *ways, struct err *e)
{
	size_t n = (size_t)(s->count + 1) * STATES;
	struct walk w = {.stack = s};

	*ways = (struct pamd_ways){.refused = -1, .jumped = -1, .chosen = -1};
	if ((w.parent = malloc(n * sizeof(*w.parent))) == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		w.parent[i] = NEVER;
	w.parent[UNDEFINED * FLAGS] = START;
	for (int at = 0; at < s->count; at++)
		visit(&w, at);
	judge_ends(&w, ways);
	free(w.parent);
	return 0;
}
