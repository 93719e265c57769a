#include "policy/enable_sshd.h"

#include "policy/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

int enable_sshd_test(const struct enable_sshd *q, struct err *e)
{
	const char *const argv[] = {ENABLE_SSHD_PROGRAM, "-t", "-f", q->config, NULL};
	struct run_said said = {0};
	char line[300];
	int status, r = run_program(argv, &said, &status, e);

	run_line(&said, line, sizeof(line));
	if (r == 0 && status != 0)
		r = err_set(e, ERR_REFUSED, "%s: sshd -t refuses it: %s", q->shown, line);
	run_free(&said);
	return r;
}

/* The value of a line `key value` in the output of sshd -T, without its end. */
static bool find_value(const char *text, const char *key, char *value, size_t size)
{
	size_t n = strlen(key);

	for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n') {
		if (strncasecmp(text, key, n) != 0 || text[n] != ' ')
			continue;
		(void)snprintf(value, size, "%.*s", (int)strcspn(text + n + 1, "\n"), text + n + 1);
		return true;
	}
	return false;
}

/* Every list of methods must end at PAM. */
static bool methods_ask(const char *methods)
{
	for (const char *p = methods; *p != '\0';) {
		size_t n = strcspn(p, " ");
		bool asks = false;

		for (size_t at = 0; at < n; at += strcspn(p + at, ", ") + 1)
			asks = asks || strncmp(p + at, "keyboard-interactive", 20) == 0;
		if (!asks)
			return false;
		p += n;
		p += strspn(p, " ");
	}
	return methods[0] != '\0';
}

static int judge_output(const struct enable_sshd *q, const char *text, struct err *e)
{
	static const struct {
		const char *key, *must;
	} settings[] = {{"usepam", "yes"}, {"passwordauthentication", "no"}};
	char value[1024] = "";

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (!find_value(text, settings[i].key, value, sizeof(value)) ||
		    strcasecmp(value, settings[i].must) != 0)
			return err_set(e, ERR_REFUSED, "%s: for %s sshd -T says `%s %s`, which must be "
			    "`%s`; an earlier line or a Match has set it", q->shown, q->user,
			    settings[i].key, value, settings[i].must);
	if (!find_value(text, "authenticationmethods", value, sizeof(value)) ||
	    !methods_ask(value))
		return err_set(e, ERR_REFUSED, "%s: for %s sshd -T says `authenticationmethods %s`, "
		    "which goes past the code; an earlier line or a Match has set it", q->shown,
		    q->user, value);
	/* From OpenSSH 9.8 on it may be another file that sshd goes by. */
	if (find_value(text, "pamservicename", value, sizeof(value)) && strcmp(value, "sshd") != 0)
		return err_set(e, ERR_REFUSED, "%s: PAMServiceName is %s, so /etc/pam.d/sshd is not "
		    "read; take the line out, or edit that file by hand", q->shown, value);
	if (strcmp(q->user, "root") == 0 && find_value(text, "permitrootlogin", value,
	    sizeof(value)) && strcasecmp(value, "no") == 0)
		return err_set(e, ERR_REFUSED, "%s: root would not get in by ssh (PermitRootLogin "
		    "no); name another admin with --admin", q->shown);
	return 0;
}

int enable_sshd_judge(const struct enable_sshd *q, struct err *e)
{
	char who[400];
	const char *const argv[] = {ENABLE_SSHD_PROGRAM, "-T", "-f", q->config, "-C", who, NULL};
	struct run_said said = {0};
	char line[300];
	int status, r;

	(void)snprintf(who, sizeof(who), "user=%.256s,host=localhost,addr=%.64s", q->user,
	    q->addr != NULL ? q->addr : "192.0.2.1");
	r = run_program(argv, &said, &status, e);
	run_line(&said, line, sizeof(line));
	if (r == 0 && status != 0)
		r = err_set(e, ERR_REFUSED, "%s: sshd -T refuses it: %s", q->shown, line);
	if (r == 0)
		r = judge_output(q, buffer_string(&said.out), e);
	run_free(&said);
	return r;
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

static int reload_process(struct err *e)
{
	const char *const argv[] = {ENABLE_SSHD_PROGRAM, "-T", NULL};
	struct run_said said = {0};
	char path[512] = "/run/sshd.pid";
	int status;
	pid_t pid;

	if (run_program(argv, &said, &status, NULL) == 0 && status == 0)
		(void)find_value(buffer_string(&said.out), "pidfile", path, sizeof(path));
	run_free(&said);
	if ((pid = read_pid(path)) == 0)
		return err_set(e, ERR_NONE, "%s names no running sshd", path);
	return kill(pid, SIGHUP) == 0 ? 0 : err_set(e, ERR_UNAVAIL, "sshd, process %d: %s",
	    (int)pid, strerror(errno));
}

int enable_sshd_reload(struct err *e)
{
	return access("/run/systemd/system", F_OK) == 0 ? reload_systemd(e) : reload_process(e);
}
