#include "policy/pamd_run.h"

#include <security/pam_appl.h>
#include <stdint.h>
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

/* 0, ERR_NONE, or what the source says. */
static int look_for(const struct pamd_dirs *dirs, const char *path, struct err *e)
{
	const struct pamd_source *from = dirs->source;
	const char *text;
	size_t len;

	if (from != NULL)
		return from->read(from->ctx, path, &text, &len, e);
	return access(path, F_OK) == 0 ? 0 : ERR_NONE;
}

static int find(const struct pamd_dirs *dirs, const char *name, char path[PAMD_PATH_MAX],
    struct err *e)
{
	const char *dir[] = {dirs->dir, dirs->fallback};
	int n, r;

	if (name[0] == '/') {
		n = snprintf(path, PAMD_PATH_MAX, "%s", name);
		return n < PAMD_PATH_MAX ? 0 : ERR_SYNTAX;
	}
	for (int i = 0; i < 2 && dir[i] != NULL; i++) {
		n = snprintf(path, PAMD_PATH_MAX, "%s/%s", dir[i], name);
		if (n >= PAMD_PATH_MAX)
			return ERR_SYNTAX;
		if ((r = look_for(dirs, path, e)) != ERR_NONE)
			return r;
	}
	return ERR_NONE;
}

int pamd_find(const struct pamd_dirs *dirs, const char *name, char path[PAMD_PATH_MAX])
{
	return find(dirs, name, path, NULL);
}

static int read_path(const struct pamd_dirs *dirs, const char *path, pamd_each each, void *ctx,
    struct err *e)
{
	const struct pamd_source *from = dirs->source;
	const char *text = NULL;
	size_t len = 0;
	int r;

	if (from == NULL)
		return pamd_read(path, each, ctx, e);
	if ((r = from->read(from->ctx, path, &text, &len, e)) != 0)
		return r == ERR_NONE ? err_set(e, r, "%s: does not exist", path) : r;
	if (len > PAMD_FILE_MAX)
		return err_set(e, ERR_BAD, "%s: is longer than %d bytes", path, PAMD_FILE_MAX);
	return pamd_parse(path, text, len, each, ctx, e);
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

/* Whether a condition of pam_succeed_if about people uses one of the operators. */
static bool has_condition(const struct pamd_line *l, const char *const *how)
{
	static const char *const who[] = {"user", "uid", "gid", NULL};

	for (int i = 0; i + 2 < l->argc; i++)
		if (is_one_of(l->argv[i], who) && is_one_of(l->argv[i + 1], how) &&
		    strspn(l->argv[i + 2], "*") < strlen(l->argv[i + 2]))
			return true;
	return false;
}

/* "user = backup", "user ingroup robots", "uid < 1000": whom it fits somebody has named.  All
 * the others are whom "uid >= 1000" and "user != root" fit, and everybody "service = sshd". */
static bool fits_the_named(const struct pamd_line *l)
{
	static const char *const how[] = {"=", "eq", "<", "lt", "<=", "le", "in", "=~", "ingroup",
	    "innetgr", NULL};

	return has_condition(l, how);
}

static bool fits_the_others(const struct pamd_line *l)
{
	static const char *const how[] = {"!=", "ne", ">", "gt", ">=", "ge", "notin", "!~",
	    "notingroup", "notinnetgr", NULL};

	return !fits_the_named(l) && has_condition(l, how);
}

/*
 * Whether the line lets past only whom an admin named.  pam_access, pam_time,
 * pam_localuser and pam_usertype do not: with the files of their packages they
 * let everybody past.  Nor do pam_succeed_if without a condition that names somebody, pam_listfile
 * with a list of those to refuse, or a success for its errors, and the reversed
 * pam_wheel.
 */
static bool chooses(const struct pamd_line *l)
{
	const char *name = base_name(l->module);

	if (strcmp(name, "pam_succeed_if.so") == 0)
		return fits_the_named(l);
	if (strcmp(name, "pam_listfile.so") == 0)
		return has_word(l, "sense=allow") && !has_word(l, "sense=deny") &&
		    !has_word(l, "onerr=succeed");
	if (strcmp(name, "pam_wheel.so") == 0)
		return !has_word(l, "deny");
	return strcmp(name, "pam_rootok.so") == 0;
}

/* "[success=ignore default=1] pam_succeed_if.so user notingroup robots" */
static bool refuses_the_named(const struct pamd_line *l)
{
	return strcmp(base_name(l->module), "pam_succeed_if.so") == 0 && fits_the_others(l);
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
	if (chooses(l) || refuses_the_named(l))
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

static bool judges_caller(const struct pamd_line *l)
{
	static const char *const modules[] = {"pam_succeed_if.so", "pam_wheel.so", NULL};
	const char *name = base_name(l->module);

	return strcmp(name, "pam_rootok.so") == 0 ||
	    (is_one_of(name, modules) && has_word(l, "use_uid"));
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
	(void)snprintf(x->module, sizeof(x->module), "%s", l->module);
	if (role == PAMD_SUBSTACK)
		return 0;
	x->ours = pamd_is_ours(l->module);
	x->after_password = role == PAMD_OURSELVES && has_word(l, "after_password");
	x->need_auth = role == PAMD_OURSELVES && has_word(l, "need_auth");
	x->ignores = role != PAMD_PASSWORDS || l->type != PAMD_AUTH || may_ignore(l);
	x->limits = limits_callers(l);
	x->names_passed = chooses(l);
	x->names_refused = refuses_the_named(l);
	x->caller = judges_caller(l);
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
	if (++load->stack->files > PAMD_STACK_FILES)
		return err_set(load->e, ERR_BAD, "%s:%d: more than %d includes in all", l->file,
		    l->line, PAMD_STACK_FILES);
	below.depth++;
	below.level += substack ? 1 : 0;
	r = find(load->dirs, l->module, path, load->e);
	if (r == ERR_NONE || r == ERR_SYNTAX)
		return err_set(load->e, ERR_NONE, "%s:%d: includes %.100s, which does not exist",
		    l->file, l->line, l->module);
	return r != 0 ? r : read_path(load->dirs, path, each_line, &below, load->e);
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

static bool is_run_by_root(const char *service)
{
	return strstr(service, "sshd") != NULL || strcmp(service, "login") == 0;
}

int pamd_stack_load(struct pamd_stack *s, const struct pamd_dirs *dirs,
    const char *service, enum pamd_type type, struct err *e)
{
	struct load load = {.stack = s, .dirs = dirs, .type = type, .e = e};
	char path[PAMD_PATH_MAX];
	int r;

	*s = (struct pamd_stack){.type = type};
	r = find(dirs, service, path, e);
	if (r == ERR_NONE || r == ERR_SYNTAX)
		return err_set(e, ERR_NONE, "%s/%s: does not exist", dirs->dir, service);
	r = r != 0 ? r : read_path(dirs, path, each_line, &load, e);
	if (is_run_by_root(service))
		pamd_stack_by_root(s);
	return r;
}

void pamd_stack_by_root(struct pamd_stack *s)
{
	for (int i = 0; i < s->count; i++) {
		struct pamd_entry *x = &s->entry[i];

		if (!x->caller)
			continue;
		x->role = strcmp(base_name(x->module), "pam_rootok.so") == 0 ? PAMD_PERMITS : PAMD_OTHER;
		x->limits = false;
	}
}

int pamd_stack_load_or_other(struct pamd_stack *s, const struct pamd_dirs *dirs,
    const char *service, enum pamd_type type, bool *other, struct err *e)
{
	char path[PAMD_PATH_MAX];
	int r;

	*s = (struct pamd_stack){.type = type};
	*other = (r = find(dirs, service, path, e)) == ERR_NONE;
	if (r != 0 && !*other)
		return r == ERR_SYNTAX ? err_set(e, ERR_NONE, "%s: the name is too long", service) : r;
	r = *other ? 0 : pamd_stack_load(s, dirs, service, type, e);
	if (r != 0 || s->count > 0)
		return r;
	*other = true;
	r = pamd_stack_load(s, dirs, "other", type, e);
	if (is_run_by_root(service))
		pamd_stack_by_root(s);
	return r;
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
#define NEVER 0
#define START (-1)

struct walk {
	struct pamd_stack *stack;
	int *parent; /* [entry][state]: where from, as entry * STATES + state + 1 */
};

static bool may_return(const struct pamd_stack *s, int at, int code)
{
	if (s->entry[at].missing)
		return code == PAM_MODULE_UNKNOWN;
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
		*slot = from * STATES + state + 1;
}

/* What stands for all that are taken for one. */
static struct pamd_state example(int was)
{
	static const struct pamd_state examples[IMPRESSIONS] = {
	    [UNDEFINED] = {PAMD_UNDEFINED, PAM_PERM_DENIED}, [SUCCEEDS] = {PAMD_POSITIVE, PAM_SUCCESS},
	    [EXPIRED] = {PAMD_POSITIVE, PAM_NEW_AUTHTOK_REQD}, [ODD] = {PAMD_POSITIVE, PAM_AUTH_ERR},
	    [FAILS] = {PAMD_NEGATIVE, PAM_AUTH_ERR}, [OVERDUE] = {PAMD_NEGATIVE, PAM_NEW_AUTHTOK_REQD}};

	return examples[was];
}

/* Of account sshd takes the code of OVERDUE for "change the password, then go in". */
static enum impression kind_of(const struct pamd_stack *s, const struct pamd_state *now)
{
	const bool renew = now->status == PAM_NEW_AUTHTOK_REQD;

	if (now->impression == PAMD_UNDEFINED)
		return UNDEFINED;
	if (now->impression == PAMD_NEGATIVE)
		return renew && s->type == PAMD_ACCOUNT ? OVERDUE : FAILS;
	return now->status == PAM_SUCCESS ? SUCCEEDS : renew ? EXPIRED : ODD;
}

/* Whether an admin has named whom that is answered.  "Ignore" is for members (pam_wheel), and
 * nobody of them is told "new password required". */
static bool is_named(const struct pamd_entry *x, int code)
{
	return code == PAM_SUCCESS ? x->names_passed : code == PAM_IGNORE ||
	    code == PAM_NEW_AUTHTOK_REQD || x->names_refused;
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
	if (role == PAMD_CHOOSES && left_out(s, at, to) >= 0 && is_named(&s->entry[at], code))
		flags |= CHOSEN;
	return flags;
}

/* Whether some way enters the substack of at with that impression. */
static bool may_enter(const struct walk *w, int at, int was)
{
	const int level = w->stack->entry[at].level;

	while (w->stack->entry[at].level >= level)
		at--; /* to the mark, which is outside */
	for (int flags = 0; flags < FLAGS; flags++)
		if (w->parent[at * STATES + was * FLAGS + flags] != NEVER)
			return true;
	return false;
}

static void step(struct walk *w, int at, int state, int code)
{
	const struct pamd_stack *s = w->stack;
	const bool forgets = s->entry[at].control.action[code] == PAMD_RESET;

	for (int was = 0; was < IMPRESSIONS; was++) {
		const bool inside = s->entry[at].level > 0;
		struct pamd_state now = example(state / FLAGS), saved = example(was);
		int to;

		/* What was before a substack is not remembered here: any that may enter it. */
		if (forgets && inside ? !may_enter(w, at, was) : was != UNDEFINED)
			continue;
		to = pamd_step(s, at, code, &saved, &now);
		arrive(w, at, state, to, (int)kind_of(s, &now) * FLAGS +
		    note(s, at, to, code, state % FLAGS));
	}
}

/* The usual ones first: they are what a way is told by. */
static int nth_code(int i)
{
	static const int usual[] = {PAM_SUCCESS, PAM_AUTH_ERR, PAM_IGNORE, PAM_MODULE_UNKNOWN};
	const int n = sizeof(usual) / sizeof(usual[0]);

	if (i < n)
		return usual[i];
	for (int code = 0, k = n; code < PAMD_CODES; code++) {
		bool told = false;

		for (int u = 0; u < n; u++)
			told = told || usual[u] == code;
		if (!told && k++ == i)
			return code;
	}
	return 0;
}

static void visit_state(struct walk *w, int at, int state)
{
	struct pamd_entry *x = &w->stack->entry[at];

	if (w->parent[at * STATES + state] == NEVER)
		return;
	x->run = true;
	x->unproven = x->unproven || (state % FLAGS & PROVEN) == 0;
	x->unreserved = x->unreserved || (state % FLAGS & RESERVED) == 0;
	x->denied = x->denied || (state % FLAGS & DENIED) != 0;
	x->unlimited = x->unlimited || (state % FLAGS & LIMITED) == 0;
	if (x->role == PAMD_SUBSTACK)
		arrive(w, at, state, at + 1, state);
	for (int i = 0; i < PAMD_CODES && x->role != PAMD_SUBSTACK; i++)
		if (may_return(w->stack, at, nth_code(i)))
			step(w, at, state, nth_code(i));
}

/* From the likeliest state to the others: the first way to a state is the one that is told. */
static const int likely[IMPRESSIONS] = {SUCCEEDS, UNDEFINED, EXPIRED, OVERDUE, ODD, FAILS};

static void visit(struct walk *w, int at)
{
	for (int i = 0; i < IMPRESSIONS; i++)
		for (int flags = 0; flags < FLAGS; flags++)
			visit_state(w, at, likely[i] * FLAGS + flags);
}

/* Back from the end: our line that refused, or the line that left it out. */
static int opener(const struct walk *w, int state)
{
	int at = w->stack->count;
	int here = at * STATES + state;

	for (int from = w->parent[here]; from != START; from = w->parent[here]) {
		int before = (from - 1) / STATES;

		if ((state % FLAGS & REFUSED) != 0 ?
		    w->stack->entry[before].role == PAMD_OURSELVES :
		    left_out(w->stack, before, at) >= 0)
			return before;
		at = before;
		here = from - 1;
	}
	return -1;
}

/* Programs let nobody in whom pam_authenticate() answers "new password
 * required"; of account it is a success. */
static bool is_success(const struct pamd_stack *s, int was)
{
	return was == SUCCEEDS || (was == EXPIRED && s->type == PAMD_ACCOUNT);
}

/* Whether a way that ends so is of that kind. */
static bool is_way(const struct walk *w, enum pamd_way kind, int state, bool ours)
{
	const int flags = state % FLAGS, was = state / FLAGS;

	if (kind == PAMD_WAY_ANY)
		return is_success(w->stack, was);
	if (kind == PAMD_WAY_CODE)
		return (flags & CODE) != 0 && is_success(w->stack, was);
	return ours && (flags & CODE) == 0 &&
	    (was == SUCCEEDS || was == EXPIRED || was == OVERDUE) &&
	    kind == ((flags & REFUSED) != 0 ? PAMD_WAY_REFUSED :
	    (flags & CHOSEN) != 0 ? PAMD_WAY_CHOSEN : PAMD_WAY_JUMPED);
}

/* The first end of that kind, a plain success before the others; or -1. */
static int find_end(const struct walk *w, enum pamd_way kind)
{
	const bool ours = left_out(w->stack, -1, w->stack->count) >= 0;

	for (int i = 0; i < IMPRESSIONS; i++)
		for (int flags = 0; flags < FLAGS; flags++) {
			const int state = likely[i] * FLAGS + flags;

			if (w->parent[w->stack->count * STATES + state] != NEVER &&
			    is_way(w, kind, state, ours))
				return state;
		}
	return -1;
}

static int open_way(const struct walk *w, enum pamd_way kind)
{
	const int state = find_end(w, kind);

	return state < 0 ? -1 : opener(w, state);
}

/* free() w->parent in any case. */
static int walk(struct walk *w, struct err *e)
{
	struct pamd_stack *s = w->stack;
	const size_t n = (size_t)(s->count + 1) * STATES;

	if ((w->parent = calloc(n, sizeof(*w->parent))) == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	w->parent[UNDEFINED * FLAGS] = START;
	for (int at = 0; at < s->count; at++)
		visit(w, at);
	return 0;
}

int pamd_stack_walk(struct pamd_stack *s, struct pamd_ways *ways, struct err *e)
{
	struct walk w = {.stack = s};
	int r;

	*ways = (struct pamd_ways){.refused = -1, .jumped = -1, .chosen = -1};
	if ((r = walk(&w, e)) == 0)
		*ways = (struct pamd_ways){.refused = open_way(&w, PAMD_WAY_REFUSED),
		    .jumped = open_way(&w, PAMD_WAY_JUMPED), .chosen = open_way(&w, PAMD_WAY_CHOSEN),
		    .any = find_end(&w, PAMD_WAY_ANY) >= 0, .code = find_end(&w, PAMD_WAY_CODE) >= 0};
	free(w.parent);
	return r;
}

/*
 * A way, back from its end.
 */

/* Which answer leads from one state to the other: the one that came first. */
static int answer_between(const struct walk *w, int at, int state, int to)
{
	const struct pamd_stack *s = w->stack;

	for (int i = 0; i < PAMD_CODES; i++) {
		const int code = nth_code(i);

		for (int was = 0; was < IMPRESSIONS && may_return(s, at, code); was++) {
			struct pamd_state now = example(state / FLAGS), saved = example(was);
			const int next = pamd_step(s, at, code, &saved, &now);

			if (to == next * STATES + (int)kind_of(s, &now) * FLAGS +
			    note(s, at, next, code, state % FLAGS))
				return code;
		}
	}
	return PAM_SUCCESS; /* not reached: some answer has led there */
}

struct replay {
	const struct pamd_trace *trace;
	int next;
	bool left; /* libpam went elsewhere */
};

static int replayed(void *ctx, const struct pamd_stack *s, int at)
{
	struct replay *r = ctx;
	const struct pamd_trace *t = r->trace;

	(void)s;
	if (r->left || r->next == t->count || t->pass[r->next].at != at) {
		r->left = true;
		return PAM_SYSTEM_ERR;
	}
	return t->pass[r->next++].code;
}

static bool is_exact(const struct pamd_stack *s, const struct pamd_trace *t, int was)
{
	struct replay r = {.trace = t};
	const int code = pamd_run(s, replayed, &r);

	return !r.left && r.next == t->count &&
	    code == (was == SUCCEEDS ? PAM_SUCCESS : PAM_NEW_AUTHTOK_REQD);
}

static void trace_back(const struct walk *w, int state, struct pamd_trace *t)
{
	int to = w->stack->count * STATES + state, from, n = 0;

	for (from = w->parent[to]; from != START; to = from - 1, from = w->parent[to]) {
		const int at = (from - 1) / STATES;

		if (w->stack->entry[at].role != PAMD_SUBSTACK) {
			t->pass[n].at = at;
			t->pass[n++].code = answer_between(w, at, (from - 1) % STATES, to);
		}
	}
	t->count = n;
	for (int i = 0; i < n / 2; i++) {
		const int at = t->pass[i].at, code = t->pass[i].code;

		t->pass[i] = t->pass[n - 1 - i];
		t->pass[n - 1 - i].at = at;
		t->pass[n - 1 - i].code = code;
	}
	t->exact = is_exact(w->stack, t, state / FLAGS);
}

/*
 * The search: the walk once more, with what was before each substack remembered.  Only where
 * the walk has taken two ways for one.
 */

#define SEEN ((size_t)1 << 16) /* states: of more none is looked at */

struct search {
	const struct walk *walk;
	enum pamd_way kind;
	struct pamd_trace *trace;
	struct pamd_state saved[PAMD_STACK_DEPTH + 1];
	uint64_t *seen; /* a table of keys, 0: free */
	size_t count;
	int end; /* the state that it ends in */
};

/* Whether it is the first time here: 3 bits for each level, a bit at the top so that none is 0. */
static bool is_new(struct search *x, int at, int state)
{
	const struct pamd_stack *s = x->walk->stack;
	const int level = at < s->count ? s->entry[at].level : 0;
	uint64_t key = (uint64_t)1 << 63 | (uint64_t)at << 10 | (uint64_t)state;
	size_t i;

	for (int k = 1; k <= level; k++)
		key ^= (uint64_t)(kind_of(s, &x->saved[k]) + 1) << (19 + 3 * (k - 1));
	for (i = (key * UINT64_C(0x9e3779b97f4a7c15)) >> 48; x->seen[i] != 0; i = (i + 1) % SEEN)
		if (x->seen[i] == key)
			return false;
	if (x->count >= SEEN / 2)
		return false;
	x->count++;
	x->seen[i] = key;
	return true;
}

static bool search(struct search *x, int at, int state, int passed);

static bool search_codes(struct search *x, int at, int state, int passed)
{
	const struct pamd_stack *s = x->walk->stack;

	for (int i = 0; i < PAMD_CODES; i++) {
		const int code = nth_code(i);
		struct pamd_state now = example(state / FLAGS);
		int to;

		if (!may_return(s, at, code))
			continue;
		to = pamd_step(s, at, code, &x->saved[s->entry[at].level], &now);
		x->trace->pass[passed].at = at;
		x->trace->pass[passed].code = code;
		if (search(x, to, (int)kind_of(s, &now) * FLAGS + note(s, at, to, code, state % FLAGS),
		    passed + 1))
			return true;
	}
	return false;
}

/* Fills the trace from passed on: true when a way of the kind goes on from here. */
static bool search(struct search *x, int at, int state, int passed)
{
	const struct pamd_stack *s = x->walk->stack;
	struct pamd_state *saved, old;
	bool found;

	if (at == s->count) {
		x->trace->count = passed;
		x->end = state;
		return is_way(x->walk, x->kind, state, left_out(s, -1, s->count) >= 0);
	}
	if (!is_new(x, at, state))
		return false;
	if (s->entry[at].role != PAMD_SUBSTACK)
		return search_codes(x, at, state, passed);
	saved = &x->saved[s->entry[at].level + 1];
	old = *saved;
	*saved = example(state / FLAGS);
	found = search(x, at + 1, state, passed);
	*saved = old;
	return found;
}

/* Another way of the kind, one that libpam goes; *t stays where there is none. */
static int find_exact(const struct walk *w, enum pamd_way kind, struct pamd_trace *t,
    struct err *e)
{
	struct pamd_trace other = {.count = 0};
	struct search x = {.walk = w, .kind = kind, .trace = &other};

	x.saved[0] = pamd_state_begin();
	if ((x.seen = calloc(SEEN, sizeof(*x.seen))) == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (search(&x, 0, UNDEFINED * FLAGS, 0) && is_exact(w->stack, &other, x.end / FLAGS)) {
		*t = other;
		t->exact = true;
	}
	free(x.seen);
	return 0;
}

int pamd_stack_trace(struct pamd_stack *s, enum pamd_way kind, struct pamd_trace *t,
    struct err *e)
{
	struct walk w = {.stack = s};
	int state, r;

	*t = (struct pamd_trace){.count = 0};
	if ((r = walk(&w, e)) == 0 && (state = find_end(&w, kind)) >= 0)
		trace_back(&w, state, t);
	if (r == 0 && t->count > 0 && !t->exact)
		r = find_exact(&w, kind, t, e);
	free(w.parent);
	return r;
}
