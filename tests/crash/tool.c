#include "tests/crash/tool.h"

#include "tests/crash/inject.h"
#include "tests/pam/host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void become(const char *const *words, const int fds[3], bool traced)
{
	static char locale[] = "LC_ALL=C", search[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char option[] = "--config";
	char sanitizer[PH_PATH] = "ASAN_OPTIONS=";
	char *const environment[] = {locale, search, sanitizer, NULL};
	char path[PH_PATH], config[PH_PATH], *argv[TOOL_WORDS + 4] = {path, option, config};
	const char *build = getenv("BUILD");

	if (getenv("ASAN_OPTIONS") != NULL)
		(void)snprintf(sanitizer, sizeof(sanitizer), "ASAN_OPTIONS=%s", getenv("ASAN_OPTIONS"));
	(void)snprintf(path, sizeof(path), "%s/enroll-mfa", build != NULL ? build : "build");
	(void)snprintf(config, sizeof(config), "%s", ph_path("etc/pam_bastion.conf"));
	for (int i = 0; i < TOOL_WORDS && words[i] != NULL; i++)
		argv[3 + i] = (char *)(uintptr_t)words[i];
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) != i)
			_exit(97);
	if (traced)
		inject_begin();
	(void)execve(path, argv, environment);
	_exit(97);
}

void tool_start(struct tool *t, const char *const *words, bool traced)
{
	int in[2], out[2], err[2];

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0)
		ph_die("pipe: %s", strerror(errno));
	(void)fflush(stdout);
	if ((t->pid = fork()) < 0)
		ph_die("fork: %s", strerror(errno));
	if (t->pid == 0)
		become(words, (const int[]){in[0], out[1], err[1]}, traced);
	(void)close(in[0]);
	(void)close(out[1]);
	(void)close(err[1]);
	t->in = in[1];
	t->out = out[0];
	t->err = err[0];
	if (fcntl(t->out, F_SETFL, O_NONBLOCK) != 0 || fcntl(t->err, F_SETFL, O_NONBLOCK) != 0)
		ph_die("fcntl: %s", strerror(errno));
}

/* What there is no room for is read all the same, or the tool would wait for ever. */
static void drain(int *fd, char *text, size_t *len, size_t size)
{
	char rest[1024];
	ssize_t n = 1;

	while (*fd >= 0 && n > 0) {
		const size_t room = size - 1 - *len;

		n = read(*fd, room > 0 ? text + *len : rest, room > 0 ? room : sizeof(rest));
		if (n > 0 && room > 0)
			*len += (size_t)n;
	}
	text[*len] = '\0';
	if (*fd >= 0 && n == 0) {
		(void)close(*fd);
		*fd = -1;
	}
}

static void type(struct tool *t)
{
	const char *text = t->answer != NULL ? t->answer(t->said) : "";

	if (t->in < 0 || text == NULL)
		return;
	/* It may have been killed meanwhile. */
	if (write(t->in, text, strlen(text)) < 0 && errno != EPIPE)
		ph_die("pipe: %s", strerror(errno));
	(void)close(t->in);
	t->in = -1;
}

void tool_step(void *tool)
{
	struct tool *t = tool;

	drain(&t->out, t->said->out, &t->said->out_len, sizeof(t->said->out));
	drain(&t->err, t->said->err, &t->said->err_len, sizeof(t->said->err));
	type(t);
}

void tool_waits(void *tool)
{
	struct tool *t = tool;

	if (t->in >= 0)
		(void)close(t->in);
	t->in = -1;
}

void tool_end(struct tool *t)
{
	tool_step(t);
	tool_waits(t);
	if (t->out >= 0)
		(void)close(t->out);
	if (t->err >= 0)
		(void)close(t->err);
	t->out = t->err = -1;
}

int tool_run(const char *const *words, tool_answer *answer, struct tool_said *said)
{
	struct tool t = {.said = said, .answer = answer};
	int status = -1;

	*said = (struct tool_said){0};
	tool_start(&t, words, false);
	while (t.out >= 0 || t.err >= 0) {
		struct pollfd p[2] = {{.fd = t.out, .events = POLLIN}, {.fd = t.err, .events = POLLIN}};

		(void)poll(p, 2, 100);
		tool_step(&t);
	}
	tool_end(&t);
	if (waitpid(t.pid, &status, 0) != t.pid)
		ph_die("waitpid: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool tool_has_key(const struct tool_said *said)
{
	const char *key = strstr(said->out, "\"secret\": \"");

	return key != NULL && strstr(key, "\",\n") != NULL;
}
