#include "policy/audit/check_pam.h"

#include "enroll/language.h"
#include "policy/audit/pam_facts.h"
#include "policy/audit/pam_services.h"

#include <stdlib.h>
#include <string.h>

/* One way of a kind, if there is one, with its lines below what is wrong. */
static bool note_kind(struct result *r, struct pamd_stack *s, enum pamd_way kind,
    enum audit_status status, const char *what, const char *service)
{
	struct pamd_trace t;

	if (pamd_stack_trace(s, kind, &t, NULL) != 0) {
		result_note(r, AUDIT_ERROR, N_("out of memory"));
		return true;
	}
	if (t.count == 0)
		return false;
	if (!t.exact) /* the walk has taken two ways for one: more than libpam may go */
		status = AUDIT_WARN;
	result_note(r, status, N_("service %s: %s:"), service, _(what));
	pam_note_way(r, status, s, &t);
	return true;
}

static const struct pamd_entry *our_line(const struct pamd_stack *s)
{
	for (int i = 0; i < s->count; i++)
		if (s->entry[i].role == PAMD_OURSELVES)
			return &s->entry[i];
	return NULL;
}

static void judge_module(struct facts *f, struct result *r, const struct pamd_entry *x)
{
	char path[PAMD_PATH_MAX];

	if (x->missing && pam_module_path(f, x->module, path))
		result_note(r, AUDIT_WARN, N_("%s:%d: %s is not there: a right code is refused too"),
		    x->file, x->line, path);
}

/* Without a line of ours: any way in is one. */
static void judge_unasked(struct result *r, struct pamd_stack *s, const char *service,
    bool other)
{
	if (!note_kind(r, s, PAMD_WAY_ANY, AUDIT_FAIL, other ?
	    N_("has no auth lines of its own, those of `other` ask for no code") :
	    N_("no auth line of pam_bastion.so asks for a code"), service))
		result_note(r, AUDIT_PASS, N_("service %s: lets nobody in"), service);
}

/* What a line of ours says in place of the configuration that the other checks go by: whom it
 * asks, and where the records and their key are. */
static void judge_words(struct facts *f, struct result *r, const struct pamd_stack *s,
    const char *service)
{
	static const struct { const char *word, *same; } words[] = {{"conf=", NULL}, {"require=", "all"},
	    {"exempt=", NULL}, {"store=", NULL}, {"state_dir=", NULL}, {"keyring=", NULL}};
	const char *conf = facts_string(f, "conf-file", "login");
	char value[64];

	for (int i = 0; i < s->count; i++)
		for (size_t k = 0; s->entry[i].ours && k < sizeof(words) / sizeof(words[0]); k++) {
			const char *same = k == 0 ? conf : words[k].same;

			if (pam_has_word(f, &s->entry[i], words[k].word, value) &&
			    (same == NULL || strcmp(value, same) != 0))
				result_note(r, AUDIT_ERROR, N_("%s:%d: service %s: %s%s stands in place of the login "
				    "configuration: whom it asks cannot be told"), s->entry[i].file,
				    s->entry[i].line, service, words[k].word, value);
		}
}

/* guarded: who comes that way is refused by need_auth, which is one line between him and the
 * host. */
static void judge_auth(struct facts *f, struct result *r, struct pamd_stack *s,
    const char *service, bool guarded)
{
	const enum audit_status bad = guarded ? AUDIT_WARN : AUDIT_FAIL;
	const struct pamd_entry *x = our_line(s);
	bool open = note_kind(r, s, PAMD_WAY_REFUSED, bad, N_("a refused code still gets in"),
	    service);

	if (x == NULL) /* the caller has seen one */
		return;
	open = note_kind(r, s, PAMD_WAY_JUMPED, bad,
	    N_("gets in without a code"), service) || open;
	open = note_kind(r, s, PAMD_WAY_CHOSEN, AUDIT_WARN,
	    N_("whom a line chooses gets in without a code"), service) || open;
	judge_module(f, r, x);
	judge_words(f, r, s, service);
	if (open && guarded)
		result_note(r, AUDIT_WARN, N_("service %s: need_auth in its account lines still refuses "
		    "these"), service);
	if (!open)
		result_note(r, AUDIT_PASS, N_("%s:%d: service %s: each way in passes this line"),
		    x->file, x->line, service);
}

/* A way past need_auth, or none. */
static bool note_unguarded(struct result *r, struct pamd_stack *s, const char *service)
{
	bool open = note_kind(r, s, PAMD_WAY_REFUSED, AUDIT_FAIL,
	    N_("need_auth refuses, and a login by key alone still gets in"), service);

	open = note_kind(r, s, PAMD_WAY_JUMPED, AUDIT_FAIL,
	    N_("a login by key alone goes past need_auth"), service) || open;
	return note_kind(r, s, PAMD_WAY_CHOSEN, AUDIT_WARN,
	    N_("whom a line chooses gets in by key alone"), service) || open;
}

/* A login by key alone runs the account lines alone.  True when need_auth refuses all who
 * come without a code. */
static bool judge_guard(struct facts *f, struct result *r, const char *service, bool sshd)
{
	bool guarded = false;
	struct pamd_stack s;
	struct pamd_ways w;
	struct err e = {0};
	bool other = false;
	const int code = pam_load(f, r, &s, service, PAMD_ACCOUNT, &other, &e);

	if (sshd)
		pamd_stack_by_root(&s);
	if (code != 0 && !(code == ERR_NONE && other)) {
		result_note(r, AUDIT_ERROR, N_("service %s: its account lines: %s"), service, e.text);
	} else if (our_line(&s) != NULL) {
		judge_words(f, r, &s, service);
		guarded = !note_unguarded(r, &s, service);
	} else if (pamd_stack_walk(&s, &w, NULL) != 0) {
		result_note(r, AUDIT_ERROR, N_("out of memory"));
	} else if (w.any && sshd) {
		result_note(r, AUDIT_WARN, other ?
		    N_("service %s: has no account lines of its own, those of `other` apply: where sshd "
		    "asks for a key alone nobody is asked for a code") :
		    N_("service %s: no need_auth in its account lines: where sshd asks for a key alone "
		    "nobody is asked for a code"), service);
	}
	pamd_stack_free(&s);
	return guarded;
}

static void judge_service(struct facts *f, struct result *r, const char *service, bool sshd)
{
	struct pamd_stack s;
	struct err e = {0};
	bool other = false;
	const int code = pam_load(f, r, &s, service, PAMD_AUTH, &other, &e);

	if (sshd)
		pamd_stack_by_root(&s);
	if (code == ERR_NONE && other)
		result_note(r, AUDIT_PASS, N_("service %s: neither it nor `other` has auth lines: lets "
		    "nobody in"), service);
	else if (code != 0)
		result_note(r, AUDIT_ERROR, N_("service %s: its auth lines: %s"), service, e.text);
	else if (our_line(&s) == NULL)
		judge_unasked(r, &s, service, other);
	else
		judge_auth(f, r, &s, service, judge_guard(f, r, service, sshd));
	pamd_stack_free(&s);
}

enum audit_status check_pam_service(struct facts *f, const char *service)
{
	struct result r = {.count = 0};
	enum audit_status status;

	if (!pam_is_here(f, service))
		return AUDIT_NOTHING;
	judge_service(f, &r, service, strcmp(service, "sshd") == 0);
	status = r.failed ? AUDIT_ERROR : r.status;
	result_free(&r);
	return status;
}

static void check_ways(struct facts *f, const struct audit_rules *rules, struct result *r)
{
	struct pam_services all;
	bool any = false;

	(void)rules;
	pam_services(f, r, &all);
	for (size_t i = 0; i < all.count; i++) {
		if (!all.item[i].named && !pam_is_here(f, all.item[i].name))
			continue;
		judge_service(f, r, all.item[i].name, all.item[i].sshd);
		any = true;
	}
	if (!any)
		result_note(r, AUDIT_SKIP, N_("neither sshd nor sudo nor login is here"));
}

static const struct audit_check checks[] = {
    {.id = "MFA-10", .severity = AUDIT_CRITICAL, .title = "PAM enforces the code on every path",
        .title_ko = "PAM 경로상 OTP 강제", .guide = "1", .isms_p = "2.5.3 2.6.6",
        .rule = N_("no way through the PAM lines of sshd, sudo and login ends in a success without "
        "that of pam_bastion.so"),
        .fix = "bastionctl fix MFA-10", .rollback = "bastionctl disable sshd",
        .run = check_ways},
};

const struct audit_group audit_pam = {checks, sizeof(checks) / sizeof(checks[0])};
