/*
 * host: a PAM host for tests, as sshd is one: it starts libpam on a service of
 * its own, which names the shipped pam_bastion.so, and plays the person at the
 * prompt.
 *
 * Everything lives in a scratch directory below /tmp that goes at exit.  A few
 * functions of the libraries are replaced in the test program (the module stays
 * as it is): syslog() in both spellings ends up in ph_log[], CLOCK_REALTIME
 * stands still until the test moves it, getpwnam_r() also knows invented
 * accounts, and the kernel's audit is not there.
 *
 * Trouble in the host itself ends the program with a message.
 */
#ifndef PB_PH_HOST_H
#define PB_PH_HOST_H

#include "lib/core/conf.h"
#include "lib/core/otp.h"
#include "lib/core/record.h"
#include "lib/core/recovery.h"
#include "lib/core/store.h"

#include <security/pam_appl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PH_SERVICE "bastion"
#define PH_PERIOD 30
#define PH_NOW INT64_C(1800000010) /* 2027-01-15 08:00:10 UTC, 10 s into a step */
#define PH_PATH 512
#define PH_PUBLICKEY \
	"publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"

#define PH_OTHER_KEY \
	"publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA\n"

/* The scratch directory.  make: directory, service, configuration (more lines
 * behind, NULL for none), init; where it is there already only the users go.
 * bare: always a new one, without init.  A test that spoils more than users,
 * configuration and service removes it. */
void ph_make(const char *more);
void ph_make_bare(const char *more);
void ph_init(void);
void ph_remove(void);
void ph_enter(const char *there); /* another process's, in which it stays */
const char *ph_path(const char *tail); /* good for the next 8 calls */
extern struct conf ph_conf;

/* Writes the configuration anew, with more lines behind.  raw: these bytes and
 * nothing else; ph_conf stays. */
void ph_configure(const char *more);
void ph_configure_raw(const char *text);

const char *ph_module(void); /* the real path of the shipped .so */

/* The words behind conf= on the auth and the account line.  lines: any lines
 * above the module's auth line, each with its newline. */
void ph_words(const char *auth, const char *account);
void ph_words_below(const char *lines, const char *auth);

/* A stack that asks for the password PH_PASSWORD first and reserves the try.  The
 * password line is tests/stub/pam_judge.c, which takes so many milliseconds; with code
 * the module's own line is behind it, else its account line gives back.  words: more of
 * the reserve line. */
#define PH_PASSWORD "a right password"
void ph_password_stack(bool code, const char *words, int ms);
void ph_service(const char *text); /* the service file as it is */
const char *ph_judge_line(int ms); /* the password line of it */

/* The password lines of the service: above, ours with words, below.  ph_stub_line(): one of
 * the stub's with these words. */
void ph_password_lines(const char *above, const char *words, const char *below);
const char *ph_stub_line(const char *words); /* good for 8 calls */
int ph_judged(void);               /* passwords that it has judged since ph_make() */

/* Somebody with an account, and with a device whose secret is known here. */
struct ph_user {
	const char *name;
	uid_t uid;
	struct record_device device;
	char recovery[RECORD_CODES][RECOVERY_TEXT_SIZE];
};

void ph_account(const char *name, uid_t uid); /* again: another uid */
void ph_alias(const char *typed, const char *name); /* getpwnam(typed) is name */
extern bool ph_nss_fails;                 /* getpwnam ends with an error */
extern int ph_sync_fails;                 /* the errno of the next fdatasync; 0: none */
extern int ph_write_fails;                /* of each pwrite */
extern int ph_syncs;                      /* how many there were */
void ph_enroll(struct ph_user *u, const char *name, uid_t uid);
void ph_enroll_device(struct ph_user *u, const char *device); /* another device */

/* The user's code so many steps from now; wrong: none of anybody's window. */
const char *ph_code(const struct ph_user *u, int skew); /* good for 8 calls */
const char *ph_wrong(const struct ph_user *u);

/* The code of a key that a prompt shows in base32, as an app makes it. */
const char *ph_shown_code(const char *prompt, int skew);

/* The right code of the decoy that a name without a device is judged by. */
const char *ph_decoy_code(const char *name);

/* CLOCK_REALTIME: stands at t; runs as the kernel's with 0. */
void ph_clock(int64_t t);
void ph_later(int64_t seconds);
int64_t ph_now(void);
extern bool ph_hurries; /* each look at CLOCK_MONOTONIC finds it a second later */

/* Records, opened.  change_* writes what read_* gave back. */
void ph_read_hot(const char *name, struct record_hot *hot);
void ph_change_hot(const char *name, const struct record_hot *hot);
void ph_read_enroll(const char *name, struct record_enroll *enroll);
void ph_change_enroll(const char *name, const struct record_enroll *enroll);

/* What is answered at a prompt. */
enum ph_how {
	PH_TYPE,    /* text */
	PH_FAIL,    /* the conversation fails */
	PH_CALL,    /* what call(l) returns, for an answer that depends on the prompt */
	PH_NULL,    /* it succeeds with a response that holds no text */
	PH_NOTHING  /* it succeeds without a response */
};

struct ph_login {
	/* Before ph_start(): */
	const char *user;
	const char *rhost;    /* NULL: not set */
	const char *tty;
	const char *ssh_auth_info;
	int flags;
	void (*hold)(void *); /* called before each answer */
	void *hold_arg;
	/* Meanwhile: */
	struct {
		enum ph_how how;
		const char *text;
		const char *(*call)(struct ph_login *l);
	} answer[12];
	int answers, answered;
	pam_handle_t *pamh;
	/* After: one line for each message, in order: "on: " and "off: " prompts
	 * with and without echo, "error: " and "info: " texts; of a prompt with several
	 * lines the last. */
	int prompts;
	char said[2048];
	char prompt[8192]; /* the newest prompt, whole */
};

/* A login over the network of a user: 203.0.113.7, tty "ssh", no key. */
struct ph_login ph_stranger(const char *user);
/* The same behind a public key. */
struct ph_login ph_with_key(const char *user);

void ph_answer(struct ph_login *l, enum ph_how how, const char *text);
struct ph_login ph_typing(struct ph_login l, const char *answer); /* PH_TYPE, as a value */
void ph_answer_call(struct ph_login *l, const char *(*call)(struct ph_login *l));
void ph_start(struct ph_login *l);
int ph_authenticate(struct ph_login *l);
void ph_end(struct ph_login *l);

/* One whole authentication with one answer: the PAM code. */
int ph_try(struct ph_login l, const char *answer);

/* What was logged: the text behind "pam_bastion(bastion:auth): ". */
#define PH_LINES 512
struct ph_line {
	int priority;
	char text[1200];
};
extern struct ph_line ph_log[PH_LINES];
extern int ph_lines;
void ph_forget(void);

/* Whether text is what the pattern says: '#' is a number, '*' anything. */
bool ph_matches(const char *pattern, const char *text);
/* The newest line, and whether it is that; the line is printed when not. */
bool ph_logged(const char *pattern);

/* Children that start together: each calls ph_gate_wait(), the parent
 * ph_gate_open() when all are there. */
struct ph_gate {
	int ready[2];
	int go[2];
};
void ph_gate_make(struct ph_gate *g);
void ph_gate_wait(struct ph_gate *g);
void ph_gate_open(struct ph_gate *g, int children);

void ph_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
