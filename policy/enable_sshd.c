#include "policy/enable_sshd.h"

#include "policy/explain_host.h"
#include "policy/run.h"
#include "policy/sshd_said.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define PRIVSEP "/run/sshd"

static int run_once(const char *const argv[], int *status, char *line, size_t size, struct err *e)
{
	struct run_said said = {0};
	int r = run_program(argv, &said, status, e);

	run_line(&said, line, size);
	run_free(&said);
	return r;
}

/* The directory is made when sshd begins, and gone at boot
 * (test_unconfirmed_change_comes_back_at_boot_before_sshd_has_begun). */
int enable_sshd_try(const char *const argv[], int *status, char *line, size_t size, struct err *e)
{
	int r = run_once(argv, status, line, size, e);

	if (r == 0 && *status != 0 && strstr(line, "separation directory: " PRIVSEP) != NULL &&
	    mkdir(PRIVSEP, 0755) == 0)
		r = run_once(argv, status, line, size, e);
	return r;
}

int enable_sshd_test(const struct enable_sshd *q, struct err *e)
{
	const char *const argv[] = {ENABLE_SSHD_PROGRAM, "-t", "-f", q->config, NULL};
	char line[300];
	int status, r = enable_sshd_try(argv, &status, line, sizeof(line), e);

	if (r == 0 && status != 0)
		r = err_set(e, ERR_REFUSED, "%s: sshd -t refuses it: %s", q->shown, line);
	return r;
}

static int judge_methods(const struct enable_sshd *q, const char *said, struct err *e)
{
	char list[1024];
	enum explain_ssh ssh = explain_sshd_said(said, list, sizeof(list));

	if (ssh == EXPLAIN_SSH_ASKS)
		return 0;
	if (ssh == EXPLAIN_SSH_UNPROVEN)
		return err_set(e, ERR_REFUSED, "%s: for %s sshd -T says `authenticationmethods %s`; the "
		    "password gives way to the code, so the code alone would let in; write "
		    "`publickey,keyboard-interactive:pam` in the line that has set it", q->shown,
		    q->user, list);
	if (ssh == EXPLAIN_SSH_REFUSES)
		return err_set(e, ERR_REFUSED, "%s: for %s sshd -T says `authenticationmethods %s`, "
		    "`kbdinteractiveauthentication %s` and `pubkeyauthentication %s`, so nothing would "
		    "let %s in; take out the earlier line or the Match that has set it", q->shown,
		    q->user, list, sshd_said_yes(said, "kbdinteractiveauthentication") ? "yes" : "no",
		    sshd_said_yes(said, "pubkeyauthentication") ? "yes" : "no", q->user);
	return err_set(e, ERR_REFUSED, "%s: for %s sshd -T says `authenticationmethods %s`, "
	    "which goes past the code; an earlier line or a Match has set it", q->shown,
	    q->user, list);
}

int enable_sshd_judge(const struct enable_sshd *q, const char *said, struct err *e)
{
	static const struct {
		const char *key, *must;
	} settings[] = {{"usepam", "yes"}, {"passwordauthentication", "no"}};
	char value[1024] = "";
	int r;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (!sshd_said_value(said, settings[i].key, value, sizeof(value)) ||
		    strcasecmp(value, settings[i].must) != 0)
			return err_set(e, ERR_REFUSED, "%s: for %s sshd -T says `%s %s`, which must be "
			    "`%s`; an earlier line or a Match has set it", q->shown, q->user,
			    settings[i].key, value, settings[i].must);
	if ((r = judge_methods(q, said, e)) != 0)
		return r;
	/* From OpenSSH 9.8 on it may be another file that sshd goes by. */
	if (sshd_said_value(said, "pamservicename", value, sizeof(value)) &&
	    strcmp(value, "sshd") != 0)
		return err_set(e, ERR_REFUSED, "%s: PAMServiceName is %s, so /etc/pam.d/sshd is not "
		    "read; take the line out, or edit that file by hand", q->shown, value);
	return 0;
}

bool enable_sshd_unproven(const char *said)
{
	char list[1024];

	return explain_sshd_said(said, list, sizeof(list)) == EXPLAIN_SSH_UNPROVEN;
}

bool enable_sshd_turns_away(const struct enable_sshd *q, const char *said, char *why,
    size_t size)
{
	const struct sshd_login who = {.config = q->config, .user = q->user, .from = q->addr};

	return sshd_said_refuses(said, &who, true, why, size) > 0;
}

int enable_sshd_ask(const struct enable_sshd *q, struct buffer *said, struct err *e)
{
	const struct sshd_login who = {.config = q->config, .user = q->user, .from = q->addr};
	struct err why = {0};
	int r = sshd_said_ask(&who, said, &why);

	return r == 0 ? 0 : err_set(e, r, "%s: sshd -T refuses it: %s", q->shown, why.text);
}

static int reload_systemd(struct err *e)
{
	static const char *const units[] = {"ssh.service", "sshd.service"};

	for (size_t i = 0; i < 2; i++) {
		const char *const active[] = {"/usr/bin/systemctl", "-q", "is-active", units[i],
		    NULL};
		const char *const reload[] = {"/usr/bin/systemctl", "reload", units[i], NULL};
		struct run_said said = {0};
		char line[200];
		int status, r = run_program(active, NULL, &status, e);

		if (r != 0)
			return r;
		if (status != 0)
			continue;
		r = run_program(reload, &said, &status, e);
		run_line(&said, line, sizeof(line));
		run_free(&said);
		return r != 0 || status == 0 ? r : err_set(e, ERR_UNAVAIL,
		    "systemctl reload %s: exit %d: %s", units[i], status, line);
	}
	return err_set(e, ERR_NONE, "sshd is not running by systemd, or is started for each "
	    "connection");
}

/* The pid in the file, when that process is a sshd; else 0. */
static pid_t read_pid(const char *path)
{
	char text[32] = "", link[64], exe[256] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *name;
	long pid;

	if (fd >= 0) {
		if (read(fd, text, sizeof(text) - 1) < 0)
			text[0] = '\0';
		(void)close(fd);
	}
	if ((pid = strtol(text, NULL, 10)) <= 1)
		return 0;
	(void)snprintf(link, sizeof(link), "/proc/%ld/exe", pid);
	if (readlink(link, exe, sizeof(exe) - 1) < 0 || (name = strrchr(exe, '/')) == NULL)
		return 0;
	return strncmp(name, "/sshd", 5) == 0 ? (pid_t)pid : 0;
}

static pid_t find_pid(char path[512])
{
	const char *const argv[] = {ENABLE_SSHD_PROGRAM, "-T", NULL};
	struct run_said said = {0};
	int status;

	(void)snprintf(path, 512, "/run/sshd.pid");
	if (run_program(argv, &said, &status, NULL) == 0 && status == 0)
		(void)sshd_said_value(buffer_string(&said.out), "pidfile", path, 512);
	run_free(&said);
	return read_pid(path);
}

bool enable_sshd_has_pid(void)
{
	char path[512];

	return find_pid(path) != 0;
}

static int reload_process(struct err *e)
{
	char path[512];
	const pid_t pid = find_pid(path);

	if (pid == 0)
		return err_set(e, ERR_NONE, "%s names no running sshd", path);
	return kill(pid, SIGHUP) == 0 ? 0 : err_set(e, ERR_UNAVAIL, "sshd, process %d: %s",
	    (int)pid, strerror(errno));
}

/* A sshd that reads what it refuses ends, and nobody gets in any more. */
int enable_sshd_live(struct err *e)
{
	const char *const argv[] = {ENABLE_SSHD_PROGRAM, "-t", NULL};
	char line[400];
	int status, r;

	if (access(ENABLE_SSHD_PROGRAM, X_OK) != 0)
		return 0;
	r = enable_sshd_try(argv, &status, line, sizeof(line), e);
	return r != 0 || status == 0 ? r : err_set(e, ERR_UNAVAIL, "sshd -t refuses the live files, so "
	    "sshd does not read them: %s", line);
}

int enable_sshd_reload(struct err *e)
{
	int r = enable_sshd_live(e);

	if (r != 0)
		return r;
	return access("/run/systemd/system", F_OK) == 0 ? reload_systemd(e) : reload_process(e);
}
