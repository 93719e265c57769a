#include "lib/net/aws_source.h"

#include "lib/net/json_reply.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MOST 64
#define COMMAND_MOST 4096
#define SAID_MOST ((size_t)64 << 10)
#define SECONDS_MOST 60
#define LEAVE_MS 5000 /* that it may live behind its output */
#define PAUSE_MS 10

/* ---- its words ---- */

/* One word from *from to *to, ended by a NUL; quotes and backslashes as in a shell, and
 * nothing else of it.  False: a quote is open. */
static bool take_word(const char **from, char **to)
{
	char quote = '\0';

	for (; **from != '\0' && (quote != '\0' || strchr(" \t", **from) == NULL); (*from)++) {
		const char c = **from;

		if (quote == '\0' && (c == '"' || c == '\'')) {
			quote = c;
		} else if (quote != '\0' && c == quote) {
			quote = '\0';
		} else {
			if (c == '\\' && quote != '\'' && (*from)[1] != '\0' &&
			    (quote == '\0' || strchr("\"\\", (*from)[1]) != NULL))
				(*from)++;
			*(*to)++ = **from;
		}
	}
	*(*to)++ = '\0';
	return quote == '\0';
}

static int split(const char *command, char text[COMMAND_MOST], char *argv[WORDS_MOST + 1])
{
	int n = 0;

	if (strlen(command) >= COMMAND_MOST - 1)
		return ERR_SYNTAX;
	for (command += strspn(command, " \t"); *command != '\0'; command += strspn(command, " \t")) {
		argv[n] = text;
		if (n == WORDS_MOST || !take_word(&command, &text))
			return ERR_SYNTAX;
		n++;
	}
	argv[n] = NULL;
	return n > 0 ? 0 : ERR_SYNTAX;
}

/* ---- what it says ---- */

static int start(char *const argv[], int out, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	int r = posix_spawn_file_actions_init(&files);

	if (r != 0)
		return r;
	r = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&files, out, 1);
	if (r == 0)
		r = posix_spawnp(pid, argv[0], &files, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&files);
	return r;
}

static int64_t seconds(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

/* True: all of it, and it fits. */
static bool read_all(int fd, struct secret *said, size_t *len)
{
	const int64_t end = seconds() + SECONDS_MOST;

	while (*len + 1 < said->size && seconds() < end) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, 1000) <= 0)
			continue;
		if ((n = read(fd, said->data + *len, said->size - 1 - *len)) == 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
		*len += n > 0 ? (size_t)n : 0;
	}
	return false;
}

/* Whether it has ended, and how: it may close its output and live on. */
static bool leaves(pid_t pid, int *how)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};

	for (int waited = 0; waited < LEAVE_MS; waited += PAUSE_MS) {
		if (waitpid(pid, how, WNOHANG) == pid)
			return true;
		(void)nanosleep(&pause, NULL);
	}
	return false;
}

static int run(char *const argv[], struct secret *said, size_t *len, const char *source,
    struct err *e)
{
	int ends[2], how = 0, r;
	pid_t pid = -1;
	bool whole, gone;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_set(e, ERR_SYSTEM, "pipe: %s", strerror(errno));
	r = start(argv, ends[1], &pid);
	(void)close(ends[1]);
	if (r != 0) {
		(void)close(ends[0]);
		return err_set(e, ERR_BAD, "%s: credential_process: %s", source, strerror(r));
	}
	whole = read_all(ends[0], said, len);
	(void)close(ends[0]);
	gone = whole && leaves(pid, &how);
	if (!gone)
		(void)kill(pid, SIGKILL);
	while (!gone && waitpid(pid, &how, 0) < 0)
		if (errno != EINTR)
			return err_set(e, ERR_SYSTEM, "waitpid: %s", strerror(errno));
	if (!whole || !gone)
		return err_set(e, ERR_BAD, "%s: credential_process: too slow, or says too much", source);
	if (!WIFEXITED(how) || WEXITSTATUS(how) != 0)
		return err_set(e, ERR_BAD, "%s: credential_process: exit status %d", source,
		    WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how));
	return 0;
}

static int read_version(const char *text, size_t len, const char *source, struct err *e)
{
	json_t *j;
	const int r = json_reply_read(&j, text, len, NULL);
	const bool one = r == 0 && json_integer_value(json_object_get(j, "Version")) == 1;

	json_decref(j);
	return one ? 0 : err_set(e, ERR_BAD, "%s: credential_process: no JSON with \"Version\": 1",
	    source);
}

int aws_source_process(struct aws_key *k, const char *command, const char *profile,
    struct err *e)
{
	char text[COMMAND_MOST], *argv[WORDS_MOST + 1], source[256];
	struct secret said;
	size_t len = 0;
	int r;

	(void)snprintf(source, sizeof(source), "profile %.200s", profile);
	if (split(command, text, argv) != 0)
		return err_set(e, ERR_SYNTAX, "%s: credential_process: no command", source);
	if (secret_new(&said, SAID_MOST) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if ((r = run(argv, &said, &len, source, e)) == 0 &&
	    (r = read_version((char *)said.data, len, source, e)) == 0)
		r = aws_source_json(k, (char *)said.data, len, "SessionToken", source, e);
	secret_free(&said);
	return r;
}
