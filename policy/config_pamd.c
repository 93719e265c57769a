#include "policy/config_pamd.h"

#include "enroll/language.h"
#include "policy/config_password.h"
#include "policy/config_reserve.h"
#include "policy/config_trust.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAM "pam"
#define SERVICES_MAX 1024
#define NAME_BYTES 256
#define PLACE_MAX (PAMD_PATH_MAX + 16) /* "FILE:LINE" */
#define LIST_MAX 256 /* bytes of names in one finding */

struct service {
	char name[NAME_BYTES];
	char path[PAMD_PATH_MAX];
	int lines;     /* that name the module */
	bool included; /* by another file */
	bool unread;   /* a syntax error */
	bool asks;     /* its auth lines have one of ours */
	bool guards;   /* its account lines do */
	bool judges;   /* its password lines do */
	char sets[PLACE_MAX]; /* they do not, and this one sets passwords; or "" */
};

struct scan {
	const struct config_request *request;
	struct config_findings *found;
	struct config_places *places;
	struct service *service;
	size_t count;
	size_t at; /* the one that is being read */
};

/* Leavings of editors and package managers, which no program has as a service. */
static bool is_leaving(const char *name)
{
	static const char *const ends[] = {"~", ".bak", ".orig", ".rej", ".swp", ".rpmnew",
	    ".rpmsave", ".rpmorig", ".dpkg-old", ".dpkg-new", ".dpkg-dist", ".dpkg-tmp",
	    ".dpkg-bak", ".ucf-dist", ".ucf-old"};
	size_t n = strlen(name);

	if (name[0] == '.')
		return true;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t m = strlen(ends[i]);

		if (n > m && strcmp(name + n - m, ends[i]) == 0)
			return true;
	}
	return false;
}

static struct service *find_service(struct scan *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->service[i].name, name) == 0)
			return &s->service[i];
	return NULL;
}

/* A file of the first directory hides one of the same name in the second. */
static int add_service(struct scan *s, const char *dir, const char *name, struct err *e)
{
	struct service *x;
	struct stat st;
	int n;

	if (is_leaving(name) || strlen(name) >= NAME_BYTES || find_service(s, name) != NULL)
		return 0;
	if (s->count == SERVICES_MAX)
		return err_set(e, ERR_BAD, "%s: more than %d files", dir, SERVICES_MAX);
	x = &s->service[s->count];
	*x = (struct service){.lines = 0};
	(void)snprintf(x->name, sizeof(x->name), "%s", name);
	n = snprintf(x->path, sizeof(x->path), "%s/%s", dir, name);
	if (n >= (int)sizeof(x->path))
		return err_set(e, ERR_SYNTAX, "%s: the path is too long", dir);
	if (stat(x->path, &st) != 0 || !S_ISREG(st.st_mode))
		return 0; /* a directory, or a link to nothing: no service */
	s->count++;
	return 0;
}

static int list_dir(struct scan *s, const char *dir, struct err *e)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	int r = 0;

	if (d == NULL)
		return err_errno(e, "%s", dir);
	for (errno = 0; r == 0 && (entry = readdir(d)) != NULL; errno = 0)
		r = add_service(s, dir, entry->d_name, e);
	if (r == 0 && errno != 0)
		r = err_errno(e, "%s", dir);
	(void)closedir(d);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct service *)a)->name, ((const struct service *)b)->name);
}

/*
 * One line by itself.
 */

static bool refuses(int action)
{
	return action == PAMD_BAD || action == PAMD_DIE;
}

/* A code of ours that the control lets pass, or -1.  The module never answers
 * "ignore" (but for `reserve`) or "new_authtok_reqd"; keywords spelled out map them so. */
static int passing_code(const struct pamd_control *c)
{
	for (int i = 0; i < PAMD_CODES; i++) {
		int action = c->action[i];

		if (i == PAM_SUCCESS || i == PAM_INCOMPLETE || refuses(action))
			continue;
		if (i == PAM_IGNORE && action == PAMD_IGNORE)
			continue;
		if (i == PAM_NEW_AUTHTOK_REQD && action <= PAMD_IGNORE && action != PAMD_RESET)
			continue;
		return i;
	}
	return -1;
}

static bool has_word(const struct pamd_line *l, const char *word)
{
	for (int i = 0; i < l->argc; i++)
		if (strcmp(l->argv[i], word) == 0)
			return true;
	return false;
}

static void judge_control(struct config_findings *f, const struct pamd_line *l)
{
	struct pamd_control c;
	int code;

	if (strcasecmp(l->control, "sufficient") == 0) {
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: `sufficient`: a refused login goes on to "
		    "the lines below; write `requisite`", l->file, l->line);
		return;
	}
	if (l->type == PAMD_SESSION)
		return;
	if (l->type == PAMD_PASSWORD) {
		config_password_line(f, l);
		return;
	}
	if (strcasecmp(l->control, "optional") == 0) {
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: `optional`: a refusal counts for "
		    "nothing; write `requisite`", l->file, l->line);
		return;
	}
	if (l->type == PAMD_AUTH && has_word(l, "reserve")) {
		config_reserve_line(f, l);
		return;
	}
	(void)pamd_control(l->control, &c, NULL);
	if ((code = passing_code(&c)) >= 0)
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: '%s' does not end in bad or die: a "
		    "refusal would pass; write [success=1 ignore=ignore default=die], then "
		    "pam_deny.so and pam_permit.so", l->file, l->line, pamd_code_name(code));
}

static bool says_conf(const struct pamd_line *l)
{
	for (int i = 0; i < l->argc; i++)
		if (strncmp(l->argv[i], "conf=", 5) == 0)
			return true;
	return false;
}

static bool is_told(const struct config_findings *f, const char *text)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->item[i].text, text) == 0)
			return true;
	return false;
}

/* Of the places, that they can be written where passwords must be changed. */
static bool asks_the_same(const struct conf *a, const struct conf *b)
{
	return b->age != CONF_AGE_ENFORCE || (a->age == b->age &&
	    strcmp(a->password_policy, b->password_policy) == 0 &&
	    strcmp(a->policy_file, b->policy_file) == 0);
}

int config_place(struct config_places *p, const struct conf *c)
{
	struct conf *more;

	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->item[i].store_dir, c->store_dir) == 0 &&
		    strcmp(p->item[i].state_dir, c->state_dir) == 0 &&
		    strcmp(p->item[i].keyring, c->keyring) == 0 && asks_the_same(&p->item[i], c))
			return 0;
	if ((more = realloc(p->item, (p->count + 1) * sizeof(*more))) == NULL)
		return ERR_SYSTEM;
	p->item = more;
	p->item[p->count++] = *c;
	return 0;
}

/* The file under check stands for the packaged one where the line names none. */
/* Whether the age of passwords is judged there. */
static bool judge_arguments(const struct scan *s, const struct pamd_line *l)
{
	static const enum conf_group groups[] = {CONF_AUTH, CONF_ACCOUNT, CONF_PASSWORD,
	    CONF_SESSION};
	const char *argv[PAMD_ARGS_MAX + 1];
	char conf[CONF_PATH_MAX + 8], what[PAMD_PATH_MAX + 16];
	struct conf_args args = {.what = what, .argv = argv};
	struct conf_words words;
	struct err why = {0};
	struct conf c;

	(void)snprintf(what, sizeof(what), "%s:%d", l->file, l->line);
	(void)snprintf(conf, sizeof(conf), "conf=%s",
	    s->request->config != NULL ? s->request->config : "");
	if (s->request->config != NULL && !says_conf(l))
		argv[args.argc++] = conf;
	for (int i = 0; i < l->argc; i++)
		argv[args.argc++] = l->argv[i];
	if (conf_load_args(&c, &words, groups[l->type], &args, &why) == 0) {
		if (config_place(s->places, &c) != 0)
			s->found->truncated = true;
		config_password_rules(s->found, l, &c, s->places->file);
		return c.age != CONF_AGE_OFF;
	}
	if (is_told(s->found, why.text)) /* the file's own error, once */
		return true;
	config_find(s->found, CONFIG_FAIL, PAM, "%s%s%s",
	    strncmp(why.text, what, strlen(what)) == 0 ? "" : what,
	    strncmp(why.text, what, strlen(what)) == 0 ? "" : ": ", why.text);
	return true;
}

/* Where account is run without auth before it, so that the guard would refuse. */
static const char *guard_is_off(const char *name)
{
	static const struct { const char *name, *why; } off[] = {
	    {"su", N_("su by root")}, {"su-l", N_("su by root")}, {"runuser", N_("runuser")},
	    {"runuser-l", N_("runuser")}, {"sudo", N_("sudo with a ticket")},
	    {"sudo-i", N_("sudo with a ticket")}, {"cron", N_("cron")}, {"crond", N_("cron")},
	    {"atd", N_("at")}, {"systemd-user", N_("systemd --user")},
	    {"common-account", N_("cron, su and systemd --user, which include it,")},
	    {"system-auth", N_("cron, su and systemd --user, which include it,")},
	    {"password-auth", N_("cron and systemd --user, which include it,")},
	    {"postlogin", N_("cron and su, which include it,")}};

	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		if (strcmp(name, off[i].name) == 0)
			return _(off[i].why);
	return NULL;
}

static void judge_guard(struct config_findings *f, const char *service, const char *file,
    int line)
{
	const char *why = guard_is_off(service);

	if (why != NULL)
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: need_auth in %s: %s runs account without "
		    "auth and would be refused; remove the line", file, line, service, why);
	else if (strcmp(service, "login") == 0 || strcmp(service, "remote") == 0)
		config_find(f, CONFIG_WARN, PAM, "%s:%d: need_auth in %s: `login -f` (autologin) "
		    "runs account without auth and is refused", file, line, service);
}

/* Whether the auth lines of the service that is being read have one. */
static bool reserves(const struct scan *s)
{
	struct pamd_stack auth;
	bool has = false;

	(void)pamd_stack_load(&auth, &s->request->pam, s->service[s->at].name, PAMD_AUTH, NULL);
	for (int i = 0; i < auth.count; i++)
		has = has || auth.entry[i].role == PAMD_RESERVES;
	pamd_stack_free(&auth);
	return has;
}

static void judge_line(const struct scan *s, const struct pamd_line *l)
{
	bool ages;

	config_trust_module(s->request, s->found, l);
	judge_control(s->found, l);
	ages = judge_arguments(s, l);
	if (l->type != PAMD_ACCOUNT)
		return;
	if (has_word(l, "need_auth"))
		judge_guard(s->found, s->service[s->at].name, l->file, l->line);
	else if (!reserves(s) && !ages)
		config_find(s->found, CONFIG_WARN, PAM, "%s:%d: without need_auth, and with age = off, "
		    "an account line always succeeds; add the word or remove the line", l->file,
		    l->line);
}

static int each_line(void *ctx, const struct pamd_line *l)
{
	struct scan *s = ctx;
	struct service *other;

	if (l->type == PAMD_ANY || strcasecmp(l->control, "include") == 0 ||
	    strcasecmp(l->control, "substack") == 0) {
		const char *slash = strrchr(l->module, '/');

		other = find_service(s, slash != NULL ? slash + 1 : l->module);
		if (other != NULL && other != &s->service[s->at])
			other->included = true;
	} else if (pamd_is_ours(l->module)) {
		s->service[s->at].lines++;
		judge_line(s, l);
	}
	return 0;
}

/* Whether the bytes of a file that does not parse name the module. */
static bool names_us(const char *path)
{
	char text[PAMD_FILE_MAX];
	size_t len = 0;
	ssize_t n = 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	while (fd >= 0 && n > 0 && len < sizeof(text)) {
		n = read(fd, text + len, sizeof(text) - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		(void)close(fd);
	return memmem(text, len, PAMD_OURS, strlen(PAMD_OURS)) != NULL;
}

static int read_service(struct scan *s, struct err *e)
{
	struct service *x = &s->service[s->at];
	struct err why = {0};
	int r = pamd_read(x->path, each_line, s, &why);

	if (r == ERR_SYNTAX || r == ERR_BAD) {
		x->unread = true;
		config_find(s->found, names_us(x->path) ? CONFIG_FAIL : CONFIG_WARN, PAM, "%s",
		    why.text);
	} else if (r != 0 && r != ERR_NONE) {
		return err_set(e, r, "%s", why.text);
	}
	return 0;
}

/*
 * The lines of a service together.
 */

static const struct pamd_entry *our_line(const struct pamd_stack *s)
{
	for (int i = 0; i < s->count; i++)
		if (s->entry[i].role == PAMD_OURSELVES)
			return &s->entry[i];
	return NULL;
}

static bool any_run(const struct pamd_stack *s)
{
	for (int i = 0; i < s->count; i++)
		if (s->entry[i].role == PAMD_OURSELVES && s->entry[i].run)
			return true;
	return false;
}

static void judge_reached(struct config_findings *f, const char *service,
    const struct pamd_stack *s, const struct pamd_ways *w)
{
	bool opens = w->any && !any_run(s);

	for (int i = 0; i < s->count; i++) {
		const struct pamd_entry *x = &s->entry[i];

		if (x->role != PAMD_OURSELVES)
			continue;
		if (!x->run)
			config_find(f, opens ? CONFIG_FAIL : CONFIG_WARN, PAM, "%s:%d: service %s: "
			    "this line is never run; the lines above always jump over it or end",
			    x->file, x->line, service);
		else if (x->after_password && x->unproven)
			config_find(f, CONFIG_FAIL, PAM, "%s:%d: service %s: after_password, but "
			    "this line is also run without a right password; put a `requisite` "
			    "password line above it (`required` does not end the stack), or remove "
			    "the word", x->file, x->line, service);
	}
}

/* What nobody can pass is no safe stack: the admin is outside, too. */
static void judge_lockout(struct config_findings *f, const char *service,
    const struct pamd_stack *s, const struct pamd_ways *w)
{
	const struct pamd_entry *x = our_line(s);

	if (w->code || (w->any && !any_run(s)))
		return;
	if (s->type == PAMD_AUTH)
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: service %s: a right code fails too, so "
		    "nobody gets in; write [success=1 ignore=ignore default=die], then pam_deny.so "
		    "and pam_permit.so", x->file, x->line, service);
	else
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: service %s: the account lines fail behind "
		    "a right code too, so nobody gets in; write `requisite`, and see which line "
		    "fails or jumps past the end", x->file, x->line, service);
}

/* su runs with the caller's own real uid and judges somebody else. */
static void judge_su(struct config_findings *f, const char *service,
    const struct pamd_stack *s)
{
	if (strcmp(service, "su") != 0 && strcmp(service, "su-l") != 0)
		return;
	for (int i = 0; i < s->count; i++) {
		const struct pamd_entry *x = &s->entry[i];

		if (x->role != PAMD_OURSELVES || !x->unlimited)
			continue;
		config_find(f, CONFIG_WARN, PAM, "%s:%d: service %s: any local user can stop his "
		    "su while it holds the record of the user it is for, who is locked out for as "
		    "long; use sudo instead, or put `auth requisite pam_wheel.so` above this line "
		    "(`required` does not end the stack)", x->file, x->line, service);
		return;
	}
}

static void judge_auth(struct config_findings *f, const char *service,
    const struct pamd_stack *s, const struct pamd_ways *w)
{
	const struct pamd_entry *x;

	judge_reached(f, service, s, w);
	judge_lockout(f, service, s, w);
	judge_su(f, service, s);
	if (w->refused >= 0) {
		x = &s->entry[w->refused];
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: service %s: a refused code still gets "
		    "in; write [success=1 ignore=ignore default=die]", x->file, x->line, service);
	}
	if (w->jumped >= 0) {
		x = &s->entry[w->jumped];
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: service %s: gets in without a code, past "
		    "the line of pam_bastion.so; put that line first, or say `substack` where it "
		    "says `include`", x->file, x->line, service);
	}
	if (w->chosen >= 0) {
		x = &s->entry[w->chosen];
		config_find(f, CONFIG_WARN, PAM, "%s:%d: service %s: whom this line lets pass is "
		    "not asked for a code; see that it is meant so", x->file, x->line, service);
	}
}

static void judge_account(struct config_findings *f, const char *service,
    const struct pamd_stack *s, const struct pamd_ways *w)
{
	const struct pamd_entry *x;

	for (int i = 0; i < s->count; i++)
		if (s->entry[i].need_auth)
			judge_guard(f, service, s->entry[i].file, s->entry[i].line);
	if (our_line(s) != NULL) {
		judge_reached(f, service, s, w);
		judge_lockout(f, service, s, w);
	}
	if (w->refused >= 0) {
		x = &s->entry[w->refused];
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: service %s: need_auth refuses and the "
		    "stack still succeeds; write `requisite`, as the first account line", x->file, x->line, service);
	}
	if (w->jumped >= 0) {
		x = &s->entry[w->jumped];
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: service %s: ends the account lines before "
		    "need_auth; put the need_auth line above it", x->file, x->line, service);
	}
	if (w->chosen >= 0) {
		x = &s->entry[w->chosen];
		config_find(f, CONFIG_WARN, PAM, "%s:%d: service %s: whom this line lets pass gets "
		    "in with a public key alone; see that it is meant so", x->file, x->line,
		    service);
	}
}

/* Auth and account as one. */
static void judge_pair(struct config_findings *f, const struct service *x,
    const struct pamd_stack *auth, const struct pamd_stack *account, bool succeeds)
{
	const struct pamd_entry *code = our_line(auth), *guard = our_line(account);

	if (guard != NULL && code == NULL)
		config_find(f, CONFIG_FAIL, PAM, "%s:%d: service %s: need_auth, but no auth line "
		    "of pam_bastion.so: nobody gets in; add it", guard->file, guard->line, x->name);
	if (code != NULL && guard == NULL && account->count > 0 && !succeeds)
		config_find(f, CONFIG_FAIL, PAM, "%s: service %s: its account lines always fail, so "
		    "nobody gets in; see which line fails or jumps past the end", x->path, x->name);
	if (code == NULL || guard != NULL || strstr(x->name, "sshd") == NULL)
		return;
	if (account->count > 0)
		config_find(f, CONFIG_WARN, PAM, "%s:%d: service %s: no need_auth in its account "
		    "lines; a publickey-only login would skip the code: add `account requisite "
		    "pam_bastion.so need_auth`", code->file, code->line, x->name);
	else
		config_find(f, CONFIG_WARN, PAM, "%s:%d: service %s: it has no account lines, so "
		    "those of `other` apply; a publickey-only login would skip the code: add "
		    "`account requisite pam_bastion.so need_auth`", code->file, code->line, x->name);
}

/* 0; 1 when the stack cannot be judged, with the finding made; ERR_SYSTEM. */
static int load_and_walk(const struct scan *s, const struct service *x,
    struct pamd_stack *stack, enum pamd_type type, struct pamd_ways *w)
{
	struct err why = {0};
	int r = pamd_stack_load(stack, &s->request->pam, x->name, type, &why);

	*w = (struct pamd_ways){.refused = -1, .jumped = -1, .chosen = -1};
	if (r == 0)
		return pamd_stack_walk(stack, w, &why);
	/* Files of others are theirs; what does not parse was told already. */
	if (x->lines > 0 || our_line(stack) != NULL)
		config_find(s->found, CONFIG_FAIL, PAM, "%s", why.text);
	return r == ERR_SYSTEM ? r : 1;
}

/* 0 or ERR_SYSTEM. */
static int judge_passwords(const struct scan *s, struct service *x)
{
	struct pamd_stack password = {0};
	const struct pamd_entry *sets;
	struct pamd_ways set;
	int r = load_and_walk(s, x, &password, PAMD_PASSWORD, &set);

	if (r == 0) {
		config_password(s->found, &password, &set);
		x->judges = config_password_judges(&password);
		if ((sets = config_password_unjudged(&password)) != NULL)
			(void)snprintf(x->sets, sizeof(x->sets), "%s:%d", sets->file, sets->line);
	}
	pamd_stack_free(&password);
	return r < 0 ? r : 0;
}

static int judge_service(const struct scan *s, struct service *x, struct err *e)
{
	struct pamd_stack auth = {0}, account = {0};
	struct pamd_ways in, guard;
	int r = load_and_walk(s, x, &auth, PAMD_AUTH, &in);

	if (r == 0)
		r = load_and_walk(s, x, &account, PAMD_ACCOUNT, &guard);
	x->asks = our_line(&auth) != NULL;
	x->guards = our_line(&account) != NULL;
	/* An included piece of a service is judged where it is included. */
	if (r == 0 && (!x->included || (auth.count > 0 && account.count > 0))) {
		if (x->asks)
			judge_auth(s->found, x->name, &auth, &in);
		config_reserve(s->found, x->name, &auth, &account);
		judge_account(s->found, x->name, &account, &guard);
		judge_pair(s->found, x, &auth, &account, guard.any);
	}
	pamd_stack_free(&auth);
	pamd_stack_free(&account);
	if (r >= 0 && !x->included)
		r = judge_passwords(s, x);
	return r < 0 ? err_set(e, r, "out of memory") : 0;
}

static bool asks(struct scan *s, const char *name)
{
	const struct service *x = find_service(s, name);

	return x != NULL && x->asks;
}

/* The services that do not ask although others do. */
static void judge_silent(struct scan *s)
{
	const struct service *sshd = find_service(s, "sshd");
	const struct service *sudo_i = find_service(s, "sudo-i");
	const struct service *su_l = find_service(s, "su-l");
	bool any = false;

	for (size_t i = 0; i < s->count; i++)
		any = any || s->service[i].asks;
	if (any && sshd != NULL && !sshd->asks)
		config_find(s->found, CONFIG_WARN, PAM, "%s: ssh logins are not asked for a "
		    "code, others are; add the lines of pam_bastion.so", sshd->path);
	if (asks(s, "sudo") && sudo_i != NULL && !sudo_i->asks)
		config_find(s->found, CONFIG_FAIL, PAM, "%s: does not ask for a code, sudo "
		    "does: `sudo -i` goes round the code; change both", sudo_i->path);
	if (asks(s, "su") && su_l != NULL && !su_l->asks)
		config_find(s->found, CONFIG_WARN, PAM, "%s: does not ask for a code, su does: "
		    "`su -` goes round the code; change both", su_l->path);
}

/* "chpasswd, login, su": the services whose passwords the line sets, the first of which is
 * the i-th; false when an earlier one has it, and so has told. */
static bool list_setters(const struct scan *s, size_t i, char list[LIST_MAX])
{
	const char *sets = s->service[i].sets;
	size_t used = 0;

	for (size_t k = 0; k < s->count; k++) {
		const struct service *x = &s->service[k];

		if (strcmp(x->sets, sets) != 0)
			continue;
		if (k < i)
			return false;
		if (used + strlen(x->name) + sizeof(", , ...") > LIST_MAX) {
			(void)snprintf(list + used, LIST_MAX - used, ", ...");
			return true;
		}
		used += (size_t)snprintf(list + used, LIST_MAX - used, "%s%s", used > 0 ? ", " : "",
		    x->name);
	}
	return true;
}

/* The services that set any password although others have theirs judged. */
static void judge_unjudged(const struct scan *s)
{
	const struct service *judged = NULL;

	for (size_t i = 0; i < s->count && judged == NULL; i++)
		judged = s->service[i].judges ? &s->service[i] : NULL;
	for (size_t i = 0; i < s->count && judged != NULL; i++) {
		char list[LIST_MAX] = "...";

		if (s->service[i].sets[0] != '\0' && list_setters(s, i, list))
			config_find(s->found, CONFIG_WARN, PAM, "%s: new passwords of %s are set without "
			    "pam_bastion.so, those of %s with it; put its password line above this one",
			    s->service[i].sets, list, judged->name);
	}
}

static void tell_good(const struct scan *s, const struct service *x)
{
	size_t n = strlen(x->path);

	for (size_t i = 0; i < s->found->count; i++) {
		const struct config_finding *f = &s->found->item[i];

		if (f->level == CONFIG_FAIL && strncmp(f->text, x->path, n) == 0 &&
		    f->text[n] == ':')
			return;
	}
	config_find(s->found, CONFIG_OK, PAM, "%s: lines of pam_bastion.so: %d", x->path,
	    x->lines);
}

static int judge_all(struct scan *s, struct err *e)
{
	int r = 0, lines = 0;

	for (s->at = 0; s->at < s->count && r == 0; s->at++)
		r = read_service(s, e);
	for (size_t i = 0; i < s->count && r == 0; i++)
		if (!s->service[i].unread)
			r = judge_service(s, &s->service[i], e);
	if (r != 0)
		return r;
	judge_silent(s);
	judge_unjudged(s);
	config_trust_dir(s->found, s->request->pam.dir);
	if (s->request->pam.fallback != NULL)
		config_trust_dir(s->found, s->request->pam.fallback);
	for (size_t i = 0; i < s->count && r == 0; i++) {
		const struct service *x = &s->service[i];

		if (x->lines > 0 || x->asks || x->guards)
			r = config_trust_service(s->request, s->found, x->path, e);
		lines += x->lines;
		if (x->lines > 0)
			tell_good(s, x);
	}
	if (r != 0)
		return r;
	if (lines == 0)
		config_find(s->found, CONFIG_WARN, PAM, "%s: no line names pam_bastion.so: "
		    "nobody is asked for a code", s->request->pam.dir);
	return 0;
}

int config_pamd(const struct config_request *q, struct config_findings *f,
    struct config_places *p, struct err *e)
{
	struct scan s = {.request = q, .found = f, .places = p};
	int r;

	if ((s.service = calloc(SERVICES_MAX, sizeof(*s.service))) == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	r = list_dir(&s, q->pam.dir, e);
	if (r == 0 && q->pam.fallback != NULL) {
		r = list_dir(&s, q->pam.fallback, e);
		r = r == ERR_NONE ? 0 : r; /* not every system has one */
	}
	if (r == 0) {
		qsort(s.service, s.count, sizeof(*s.service), by_name);
		r = judge_all(&s, e);
	}
	free(s.service);
	return r;
}
