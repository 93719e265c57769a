/*
 * conf: the login configuration, pam_bastion.conf(5) and the PAM line.
 *
 * Strict: an unknown key, a bad value, a key given twice in one place or a key
 * whose feature this version does not have is an error that names file, line
 * and reason.  Nothing falls back to something weaker.  Constant after loading.
 */
#ifndef PB_CONF_H
#define PB_CONF_H

#include "lib/core/conf_text.h"
#include "lib/core/err.h"
#include "lib/core/who.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONF_PATH_MAX CONF_TEXT_PATH_MAX
#define CONF_ISSUER_MAX 64
#define CONF_REQUIRE_MAX 1024
#define CONF_EXEMPTS 64
#define CONF_EXEMPT_TEXT 4096
#define CONF_FILE_MAX 65536 /* bytes of a configuration file */
#define CONF_AGE_EXEMPT_MAX 1024
#define CONF_VALUE_MAX 640  /* bytes of a value printed by conf_value() */
#define CONF_POLICY_MAX 512 /* bytes of password_policy */
#define CONF_POLICIES 8

enum conf_enroll { CONF_ENROLL_ADMIN, CONF_ENROLL_INVITE, CONF_ENROLL_LOGIN };

/* Zero is the strictest. */
enum conf_age { CONF_AGE_ENFORCE, CONF_AGE_WARN, CONF_AGE_OFF };

enum conf_where { CONF_DEFAULT, CONF_FILE, CONF_PAM_LINE };

struct conf_origin {
	enum conf_where where;
	int line; /* of the file */
};

#define CONF_KEYS 26

struct conf {
	char path[CONF_PATH_MAX];       /* the file that was asked for */
	bool file_read;                 /* false: the default file does not exist */
	bool judged;                    /* it was, with its directories, by safefile.h */
	char store_dir[CONF_PATH_MAX];  /* `store`, without its scheme */
	char state_dir[CONF_PATH_MAX];
	char keyring[CONF_PATH_MAX];
	char issuer[CONF_ISSUER_MAX];   /* "" : the host name */
	int window;                     /* time steps either side */
	int throttle_free;              /* wrong codes without a delay */
	int64_t throttle_base;          /* seconds */
	int64_t throttle_max;           /* seconds */
	int lock_after;                 /* wrong codes behind a proven first factor */
	int retry;                      /* prompts inside one authentication */
	enum conf_enroll enroll;
	int64_t remember;               /* seconds; 0: off */
	int64_t reserve_wait;           /* seconds that a password is being judged */
	int64_t enroll_by;              /* end of the last day; 0: none */
	char policy_file[CONF_PATH_MAX]; /* STATE_DIR/policy.json where it is not set */
	enum conf_age age;
	int warn_days;                  /* before a password is too old; 0: not at all */
	bool root_is_free;              /* `enforce_for_root = no` */
	int exempts;
	size_t exempt_used;             /* bytes of exempt_text */
	struct conf_exempt {
		size_t at;              /* of its text in exempt_text */
		struct conf_origin origin;
	} exempt[CONF_EXEMPTS];
	struct conf_origin origin[CONF_KEYS];
	/* Texts, parsed once to check them and again where they are judged. */
	char require[CONF_REQUIRE_MAX]; /* "all", or who.h's words with commas */
	char age_exempt[CONF_AGE_EXEMPT_MAX]; /* "", or the same of all lines */
	char exempt_text[CONF_EXEMPT_TEXT];
	/* Names and absolute paths with commas, each one a policy that must hold; read by
	 * policy/password/profile.h where passwords are judged. */
	char password_policy[CONF_POLICY_MAX];
};

/* The text of the i-th exemption (exempt.h). */
static inline const char *conf_exempt(const struct conf *c, int i)
{
	return c->exempt_text + c->exempt[i].at;
}

/* The file that was read, whose directory nobody but root can have changed since, or
 * NULL (safefile.h). */
static inline const char *conf_judged(const struct conf *c)
{
	return c->judged ? c->path : NULL;
}

bool conf_require_is_all(const struct conf *c);

/* Calls each(ctx, who) for the words of `require` until it returns non-zero, and
 * returns that; 0 at the end and for "all". */
int conf_require_each(const struct conf *c, int (*each)(void *ctx, const struct who *who),
    void *ctx);

/* The same for the words of `age_exempt`. */
int conf_age_exempt_each(const struct conf *c,
    int (*each)(void *ctx, const struct who *who), void *ctx);

/* The bare words of a PAM line. */
struct conf_words {
	bool need_auth;
	bool after_password;
	bool after_login;
	bool enroll_here;
	bool reserve;
	bool use_authtok;    /* never asks for the new password; `use_first_pass` is the same */
	bool try_first_pass; /* asks where no line above has */
	bool debug;
};

enum conf_group { CONF_AUTH, CONF_ACCOUNT, CONF_PASSWORD, CONF_SESSION };

struct conf_args {
	const char *what; /* "PAM line (sshd, auth)" or "/etc/pam.d/sshd:12" */
	int argc;
	const char **argv;
};


/* The packaged place of the file. */
const char *conf_default_path(void);

/* Loads path, or the packaged file when path is NULL (which may then be
 * missing).  0, or a code with e filled as "FILE:LINE: reason". */
int conf_load(struct conf *c, const char *path, struct err *e);

/* The same from text already in memory (tests, fuzzing, `config check -`). */
int conf_parse(struct conf *c, const char *path, const char *text, size_t len,
    struct err *e);

/* A PAM line's arguments: loads `conf=PATH` or the packaged file, then lets
 * the line's keys replace the file's.  what names the line in messages. */
int conf_load_args(struct conf *c, struct conf_words *w, enum conf_group group,
    const struct conf_args *args, struct err *e);

/* For printing: the i-th key's name, its value in force, and whether this
 * version has its feature.  value holds CONF_VALUE_MAX bytes. */
const char *conf_key(int i);
void conf_value(const struct conf *c, int i, char *value);
bool conf_key_built(int i);

#endif
