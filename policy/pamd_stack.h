/*
 * pamd_stack: what libpam makes of a service: the lines of one type with every
 * include resolved, and the ways through them.
 *
 * The walk goes through all outcomes that the modules may have, as libpam's
 * dispatcher would: jumps, ok/done/bad/die, substacks.  It errs on the side of
 * more ways than there are: what it calls closed is closed.
 */
#ifndef PB_PAMD_STACK_H
#define PB_PAMD_STACK_H

#include "policy/pamd.h"

#define PAMD_STACK_MAX 256
#define PAMD_STACK_DEPTH 16 /* of includes, as in libpam */
#define PAMD_STACK_FILES 512 /* includes in all: a few files can name each other for ever */
#define PAMD_OURS "pam_bastion.so"

/* Where the files come from when not from the disk. */
struct pamd_source {
	/* Points *text at the file path, which stays as long as the source: 0; ERR_NONE when
	 * there is none; another code and e when it cannot be told. */
	int (*read)(void *ctx, const char *path, const char **text, size_t *len, struct err *e);
	void *ctx;
};

struct pamd_dirs {
	const char *dir;      /* "/etc/pam.d" */
	const char *fallback; /* the vendor's, "/usr/lib/pam.d"; or NULL */
	const struct pamd_source *source; /* or NULL: the disk */
};

enum pamd_role {
	PAMD_OTHER,    /* may answer anything */
	PAMD_CHOOSES,  /* the same; it is there to let an admin choose who passes */
	PAMD_PASSWORDS, /* as PAMD_OTHER; its success in auth proves the password */
	PAMD_DENIES,
	PAMD_PERMITS,
	PAMD_OURSELVES, /* a line that judges: a code, or need_auth */
	PAMD_RESERVES, /* ours too, with the word `reserve`: "ignore", or a refusal */
	PAMD_SUBSTACK  /* a mark without a module */
};

struct pamd_entry {
	char file[PAMD_PATH_MAX];
	char module[PAMD_PATH_MAX]; /* as it is written; of a mark the file */
	int line;
	int level;           /* of substacks */
	enum pamd_role role;
	bool after_password; /* words of a line of ours */
	bool need_auth;
	bool ours;           /* whatever its words */
	bool ignores;        /* the module may answer "ignore" */
	bool missing;        /* set by who knows, before the walk: the module is not there */
	struct pamd_control control;
	bool asks;           /* may ask for a (new) password although a line above has */
	bool names_passed;   /* of PAMD_CHOOSES: whom it lets past an admin has named */
	bool names_refused;  /* the same of whom it refuses */
	bool caller;         /* judges who runs the program, not whom it asks about */
	bool limits;         /* tells members of a group, or root, from other callers */
	bool run;            /* some way leads here */
	bool unproven;       /* one without a password module's success */
	bool unreserved;     /* one without a try taken by a `reserve` line */
	bool denied;         /* one past a `reserve` line that has refused */
	bool unlimited;      /* one for any caller: no line that limits has passed him */
};

struct pamd_stack {
	enum pamd_type type;
	struct pamd_entry *entry;
	int count;
	int files; /* that were included, each as often as it is */
};

/* Ways to a success.  Of those that miss our module's success the line that
 * opens them, as an index, or -1 when there is none. */
struct pamd_ways {
	int refused; /* our line is run, refuses, and the stack succeeds */
	int jumped;  /* a line goes past ours, whoever the user is */
	int chosen;  /* the same by a module that judges who may */
	bool any;    /* some way ends in a success */
	bool code;   /* the same with our module's success on it */
};

/* True for "pam_bastion.so" and any path ending in it. */
bool pamd_is_ours(const char *module);

/* Where libpam would find the file: 0, ERR_NONE, ERR_SYNTAX (too long), or what the
 * source says. */
int pamd_find(const struct pamd_dirs *dirs, const char *name, char path[PAMD_PATH_MAX]);

/* Of a program that runs as root for whoever comes, sshd and login: what judges the caller
 * tells nobody from anybody.  Those of such a name are so already. */
void pamd_stack_by_root(struct pamd_stack *s);

/* Loads the lines of one type of the service.  s is freed by the caller, also
 * after an error, when it holds the lines before it.  As pamd_read(). */
int pamd_stack_load(struct pamd_stack *s, const struct pamd_dirs *dirs,
    const char *service, enum pamd_type type, struct err *e);
void pamd_stack_free(struct pamd_stack *s);

/* The same as libpam runs it: where the service has no file, or no line of the type, that
 * is `other`, and *other says so.  ERR_NONE when that is not there either. */
int pamd_stack_load_or_other(struct pamd_stack *s, const struct pamd_dirs *dirs,
    const char *service, enum pamd_type type, bool *other, struct err *e);

/* Fills run, unproven, unreserved, denied and unlimited of every entry, and *w.  0 or ERR_SYSTEM. */
int pamd_stack_walk(struct pamd_stack *s, struct pamd_ways *w, struct err *e);

/* The kinds of ways of struct pamd_ways. */
enum pamd_way { PAMD_WAY_REFUSED, PAMD_WAY_JUMPED, PAMD_WAY_CHOSEN, PAMD_WAY_ANY, PAMD_WAY_CODE };

/* A way, line by line. */
struct pamd_trace {
	int count;
	bool exact; /* libpam goes this way; else the walk has taken two ways for one */
	struct {
		int at;   /* the line that is run */
		int code; /* what its module answers */
	} pass[PAMD_STACK_MAX];
};

/* One way of that kind; count is 0 when there is none.  As the walk, which it repeats. */
int pamd_stack_trace(struct pamd_stack *s, enum pamd_way kind, struct pamd_trace *t,
    struct err *e);

#endif
