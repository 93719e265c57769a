#include "policy/enable_trial.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define ANSWER_MAX PAM_MAX_RESP_SIZE

/* What is used of libpam. */
struct libpam {
	int (*start)(const char *service, const char *user, const struct pam_conv *conv,
	    const char *dir, pam_handle_t **h);
	int (*set_item)(pam_handle_t *h, int item, const void *value);
	int (*set_env)(pam_handle_t *h, const char *text);
	int (*authenticate)(pam_handle_t *h, int flags);
	int (*account)(pam_handle_t *h, int flags);
	int (*end)(pam_handle_t *h, int status);
	const char *(*error)(pam_handle_t *h, int code);
};

/* dlsym() gives a pointer to an object, as POSIX has it. */
static bool find(void *lib, const char *name, void *place)
{
	void *symbol = dlsym(lib, name);

	memcpy(place, &symbol, sizeof(symbol));
	return symbol != NULL;
}

static bool load(struct libpam *p)
{
	void *lib = dlopen("libpam.so.0", RTLD_NOW);

	return lib != NULL && find(lib, "pam_start_confdir", &p->start) &&
	    find(lib, "pam_set_item", &p->set_item) && find(lib, "pam_putenv", &p->set_env) &&
	    find(lib, "pam_authenticate", &p->authenticate) &&
	    find(lib, "pam_acct_mgmt", &p->account) && find(lib, "pam_end", &p->end) &&
	    find(lib, "pam_strerror", &p->error);
}

static void say(int tty, const char *text)
{
	size_t n = strlen(text);

	while (n > 0) {
		ssize_t k = write(tty, text, n);

		if (k < 0 && errno != EINTR)
			return;
		text += k > 0 ? k : 0;
		n -= k > 0 ? (size_t)k : 0;
	}
}

/* One line, without its end; NULL at the end of the input. */
static char *read_answer(int tty)
{
	char *text = calloc(1, ANSWER_MAX);
	size_t n = 0;
	ssize_t k = 1;
	char c = '\0';

	while (text != NULL && ((k = read(tty, &c, 1)) == 1 || (k < 0 && errno == EINTR))) {
		if (k == 1 && c == '\n')
			return text;
		if (k == 1 && n < ANSWER_MAX - 1)
			text[n++] = c;
	}
	if (text != NULL)
		explicit_bzero(text, ANSWER_MAX);
	free(text);
	return NULL;
}

static char *ask(int tty, const char *prompt, bool echo)
{
	struct termios now, quiet;
	char *answer;

	if (echo || tcgetattr(tty, &now) != 0) {
		say(tty, prompt);
		return read_answer(tty);
	}
	quiet = now;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	/* Before the prompt: what is typed from then on is kept, and not shown. */
	(void)tcsetattr(tty, TCSAFLUSH, &quiet);
	say(tty, prompt);
	answer = read_answer(tty);
	(void)tcsetattr(tty, TCSAFLUSH, &now);
	say(tty, "\n");
	return answer;
}

static int converse(int n, const struct pam_message **m, struct pam_response **out, void *ctx)
{
	int tty = *(const int *)ctx;
	struct pam_response *r = n > 0 ? calloc((size_t)n, sizeof(*r)) : NULL;

	if (r == NULL)
		return PAM_CONV_ERR;
	for (int i = 0; i < n; i++) {
		int style = m[i]->msg_style;

		if (style == PAM_PROMPT_ECHO_ON || style == PAM_PROMPT_ECHO_OFF) {
			r[i].resp = ask(tty, m[i]->msg, style == PAM_PROMPT_ECHO_ON);
			if (r[i].resp != NULL)
				continue;
			while (i-- > 0)
				free(r[i].resp);
			free(r);
			return PAM_CONV_ERR;
		}
		say(tty, m[i]->msg);
		say(tty, "\n");
	}
	*out = r;
	return PAM_SUCCESS;
}

static int go_through(const struct libpam *p, const struct enable_trial *q, pam_handle_t *h)
{
	char keys[8192];
	int r = p->set_item(h, PAM_TTY, q->tty);

	if (r == PAM_SUCCESS && q->host != NULL)
		r = p->set_item(h, PAM_RHOST, q->host);
	if (r == PAM_SUCCESS && q->keys != NULL &&
	    snprintf(keys, sizeof(keys), "SSH_AUTH_INFO_0=%s", q->keys) < (int)sizeof(keys))
		r = p->set_env(h, keys);
	if (r == PAM_SUCCESS)
		r = p->authenticate(h, 0);
	if (r == PAM_SUCCESS)
		r = p->account(h, 0);
	return r == PAM_NEW_AUTHTOK_REQD ? PAM_SUCCESS : r;
}

/* How the child ends; libpam's codes are below. */
enum { NO_TTY = 101, NO_LIBPAM = 102 };

static _Noreturn void child(const struct enable_trial *q)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC), r;
	const struct pam_conv conv = {converse, &tty};
	pam_handle_t *h = NULL;
	struct libpam p;

	if (tty < 0)
		_exit(NO_TTY);
	if (!load(&p))
		_exit(NO_LIBPAM);
	r = p.start(q->service, q->user, &conv, q->dir, &h);
	if (r == PAM_SUCCESS) {
		r = go_through(&p, q, h);
		if (r != PAM_SUCCESS) {
			say(tty, p.error(h, r));
			say(tty, "\n");
		}
		(void)p.end(h, r);
	}
	_exit(r >= 0 && r < 100 ? r : 100);
}

int enable_trial(const struct enable_trial *q, struct err *e)
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return err_set(e, ERR_SYSTEM, "fork: %s", strerror(errno));
	if (pid == 0)
		child(q);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(e, ERR_SYSTEM, "waitpid: %s", strerror(errno));
	if (!WIFEXITED(status))
		return err_set(e, ERR_REFUSED, "the stack of %s ends its process by signal %d: a "
		    "module in it is broken", q->service, WTERMSIG(status));
	switch (WEXITSTATUS(status)) {
	case 0:
		return 0;
	case NO_TTY:
		return err_set(e, ERR_UNAVAIL, "the trial asks for a code and needs a terminal; call "
		    "it from one");
	case NO_LIBPAM:
		return err_set(e, ERR_UNAVAIL, "the trial needs libpam 1.4 or later "
		    "(pam_start_confdir)");
	default:
		return err_set(e, ERR_REFUSED, "the future stack of %s does not let %s in (libpam's "
		    "code %d); nothing is changed; the system log says why", q->service, q->user,
		    WEXITSTATUS(status));
	}
}
