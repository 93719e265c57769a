/*
 * enable_files: what `bastionctl enable` writes, as text: lines between marks in
 * the service files and the sshd drop-in, and how they are taken out again.
 *
 *     # pam-bastion: begin
 *     # pam-bastion: was: @include common-auth
 *     auth ...
 *     # pam-bastion: end
 *
 * A line that gives way is kept behind `was:`.  Everything outside the marks is
 * the admin's and stays as it is.  Nothing here touches a file.
 */
#ifndef PB_ENABLE_FILES_H
#define PB_ENABLE_FILES_H

#include "lib/core/err.h"
#include "policy/buffer.h"

#include <stdbool.h>

#define ENABLE_MARK_BEGIN "# pam-bastion: begin"
#define ENABLE_MARK_END "# pam-bastion: end"

enum enable_target { ENABLE_SSHD, ENABLE_SUDO, ENABLE_LOGIN };

/* "sshd", "sudo", "login". */
const char *enable_target_name(enum enable_target target);

struct enable_service {
	const char *path; /* for messages */
	enum enable_target target;
	bool enroll_here; /* sshd: users may enrol at the prompt */
};

struct enable_marked {
	bool after_password; /* the line has the word: the stack proves the password */
	bool covered;        /* nothing to write: its auth lines are those of sudo */
};

/* The service file with the marked lines, made from the text without any: a second
 * time gives the same.  0; ERR_SYNTAX (the file, or its marks), ERR_REFUSED (it
 * names the module outside marks, authselect wrote it, or it is not known where
 * the lines belong), ERR_SYSTEM; then *out is not whole. */
int enable_files_service(const struct enable_service *q, const char *text,
    struct buffer *out, struct enable_marked *m, struct err *e);

/* The drop-in: the marked block first, so that its values win, then what else is
 * in text.  0, ERR_SYNTAX, ERR_SYSTEM. */
int enable_files_dropin(const char *path, const char *text, struct buffer *out,
    struct err *e);

/* Text without the marked lines, those behind `was:` in force again; *found: there
 * were any.  0, ERR_SYNTAX (marks without their other end), ERR_SYSTEM. */
int enable_files_unmark(const char *path, const char *text, struct buffer *out,
    bool *found, struct err *e);

/* Whether nothing but blanks is left. */
bool enable_files_blank(const char *text);

struct enable_include {
	const char *config; /* path of sshd_config, for messages and relative names */
	const char *dropin; /* must be read by it */
	const char *dir;    /* what stands in the place of the drop-in's directory */
};

/* sshd's main file as it will be read: the Include that covers the drop-in, outside
 * any Match, names dir instead.  0; ERR_NONE: there is no such Include; ERR_SYSTEM. */
int enable_files_config(const struct enable_include *q, const char *text,
    struct buffer *out, struct err *e);

#endif
