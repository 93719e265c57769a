/*
 * err: what went wrong, as a code for the caller and as one line for the
 * person who has to mend it: what, where, why, what to do.
 *
 * Functions of the kit return 0 or one of these codes.  The first seven are
 * the answers of a store (see store.h).  A "no" to a login is never one of
 * these: that is a verdict (state.h).
 */
#ifndef PB_ERR_H
#define PB_ERR_H

enum err_code {
	ERR_OK = 0,
	ERR_NONE = -1,     /* there is no such record or file */
	ERR_CONFLICT = -2, /* somebody else changed it first, or it exists already */
	ERR_UNAVAIL = -3,  /* cannot be read or written now; nothing changed */
	ERR_UNKNOWN = -4,  /* a write failed half way: old or new, not known */
	ERR_DENIED = -5,   /* the system refused the access */
	ERR_BAD = -6,      /* it is there, but cannot be trusted */
	ERR_SYNTAX = -7,   /* a text does not follow its grammar */
	ERR_UNSAFE = -8,   /* owner, mode or kind of a file is wrong */
	ERR_SYSTEM = -9,   /* memory, a library or a system call failed */
	ERR_INIT = -10,    /* `enroll-mfa init` has not been run */
	ERR_KEYRING = -11, /* no usable keyring */
	ERR_REFUSED = -12  /* understood, and the answer is no */
};

#define ERR_TEXT_MAX 512

struct err {
	int code;
	char text[ERR_TEXT_MAX];
};

/* Fills e (NULL is allowed) and returns code. */
int err_set(struct err *e, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with ": strerror(errno)" behind; the code is derived from errno
 * (ENOENT NONE, EACCES EPERM EROFS DENIED, EEXIST CONFLICT, ELOOP UNSAFE,
 * ENOMEM SYSTEM, everything else UNAVAIL) and returned. */
int err_errno(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The tools put their translator of formats here (enroll/language.h); NULL, which it
 * is in the module and where a text goes to a log: English.  Gives the one before. */
typedef const char *err_translator(const char *fmt);
err_translator *err_translate(err_translator *with);

/* A stable word for logs: "none", "conflict", ... */
const char *err_name(int code);

#endif
