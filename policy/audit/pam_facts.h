/*
 * pam_facts: PAM stacks out of the facts of a host, for the checks that judge them.
 *
 * The facts, noted by gather_pam.c:
 *
 *   file PATH     the service files, what they include, faillock.conf, pwquality.conf
 *                 and its drop-ins
 *   dir PATH      of the service files
 *   meta PATH     each module that a line names; sshd, sudo and login
 *   trust PATH    of service files and modules: why others than root may change them, or ""
 *   real PATH     of modules: where it is, without links
 *   pam modules   where modules are that are named without a directory
 */
#ifndef PB_AUDIT_PAM_FACTS_H
#define PB_AUDIT_PAM_FACTS_H

#include "policy/audit/finding.h"
#include "policy/pamd_stack.h"

#ifndef PB_SYSCONFDIR
#define PB_SYSCONFDIR "/etc"
#endif
#define PAM_OUR_CONF PB_SYSCONFDIR "/pam-bastion/pam_bastion.conf"

#define PAM_DIRS 2
extern const char *const pam_dirs[PAM_DIRS];
/* Programs whose services the checks look at: NULL at the end. */
extern const char *const pam_programs[];

/* Whether the service is one of this host: it has a file, or its program is there. */
bool pam_is_here(struct facts *f, const char *service);

/* Where libpam looks for the module: false when the path is too long, or the facts do not
 * tell the directory. */
bool pam_module_path(struct facts *f, const char *module, char path[PAMD_PATH_MAX]);

/* As pamd_stack_load_or_other(), with missing filled.  A module of our name in another place
 * than ours is none of ours.  What could not be told of a module or file is noted as
 * AUDIT_ERROR, one that others than root may change as AUDIT_FAIL.  s is freed by the caller
 * in any case. */
int pam_load(struct facts *f, struct result *r, struct pamd_stack *s, const char *service,
    enum pamd_type type, bool *other, struct err *e);

/* The lines alone: nothing is noted of files and modules, which another check judges. */
int pam_load_lines(struct facts *f, struct pamd_stack *s, const char *service, enum pamd_type type,
    bool *other, struct err *e);

/* The name without its directory. */
const char *pam_module_name(const struct pamd_entry *x);

/* Whether the line has the word; or, where word ends in '=', a word that begins so, of
 * which value is the rest (NULL: not wanted). */
bool pam_has_word(struct facts *f, const struct pamd_entry *x, const char *word,
    char value[64]);

/* The value of `key = value`, or "" of `key`, in a file of such lines: false when no line has
 * it. */
bool pam_setting(struct facts *f, const char *path, const char *key, char value[64]);

/* Notes a way, a line each: where, the module, what it answers; and our lines that it leaves
 * out. */
void pam_note_way(struct result *r, enum audit_status status, const struct pamd_stack *s,
    const struct pamd_trace *t);

#endif
