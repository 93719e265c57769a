#include "policy/fix_package.h"

#include "policy/audit/eic.h"
#include "policy/enable_txn.h"
#include "policy/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WITHIN 300 /* seconds of a package tool, which waits for another one */
#define CACHE "/var/cache/apt/archives"
#define APT "/usr/bin/apt-get"
#define DPKG "/usr/bin/dpkg"
#define DNF "/usr/bin/dnf"
#define YUM "/usr/bin/yum"

/* 0; ERR_UNAVAIL with its first line. */
static int run_tool(const char *const argv[], struct err *e)
{
	struct run_said said = {{0}, {0}};
	char line[300];
	int status, r = run_within(WITHIN, argv, &said, &status, e);

	run_line(&said, line, sizeof(line));
	run_free(&said);
	return r != 0 || status == 0 ? r : err_set(e, ERR_UNAVAIL, "%s: exit %d: %s", argv[0], status,
	    line);
}

/* What is there of it: 0 nothing, 1 its configuration, 2 all; a code. */
static int state_of(const struct fix_package *p, struct err *e)
{
	const char *const dpkg[] = {"/usr/bin/dpkg-query", "-W", "-f", "${Status}", p->name, NULL};
	const char *const rpm[] = {"/usr/bin/rpm", "-q", p->name, NULL};
	struct run_said said = {{0}, {0}};
	const char *text;
	int status, r = run_program(p->rpm ? rpm : dpkg, &said, &status, e);

	text = buffer_string(&said.out);
	if (r == 0 && status == 0 && !p->rpm && strstr(text, " not-installed") == NULL)
		r = strstr(text, " config-files") != NULL ? 1 : 2;
	else if (r == 0 && status == 0 && p->rpm)
		r = 2;
	run_free(&said);
	return r;
}

/* Whether apt-get would take nothing else with it, such as what depends on it. */
static bool is_alone(const struct fix_package *p)
{
	const char *const argv[] = {APT, "-s", "-y", "purge", p->name, NULL};
	struct run_said said = {{0}, {0}};
	int status;
	bool alone = run_program(argv, &said, &status, NULL) == 0 && status == 0;

	for (const char *line = buffer_string(&said.out); *line != '\0' && alone;) {
		if (strncmp(line, "Purg ", 5) == 0 || strncmp(line, "Remv ", 5) == 0)
			alone = strncmp(line + 5, EIC_NAME, sizeof(EIC_NAME) - 1) == 0;
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	run_free(&said);
	return alone;
}

/* A package tool that was killed leaves work behind, which dpkg alone goes on with;
 * and it refuses where another one depends on it. */
static int purge_dpkg(const struct fix_package *p, struct err *e)
{
	const char *const apt[] = {"/usr/bin/env", "DEBIAN_FRONTEND=noninteractive", APT, "-y", "-q",
	    "-o", "DPkg::Lock::Timeout=120", "purge", p->name, NULL};
	const char *const dpkg[] = {DPKG, "-P", p->name, NULL};

	if (access(APT, X_OK) == 0 && is_alone(p) && run_tool(apt, NULL) == 0)
		return 0;
	return run_tool(dpkg, e);
}

static int purge_rpm(const struct fix_package *p, struct err *e)
{
	const char *const argv[] = {access(DNF, X_OK) == 0 ? DNF : YUM, "-y", "remove", p->name, NULL};

	return run_tool(argv, e);
}

int fix_package_purge(const struct fix_plan *p, struct err *e)
{
	for (int i = 0; i < p->packages; i++) {
		int r = state_of(&p->package[i], e);

		if (r == 0)
			continue;
		if (r > 0)
			r = p->package[i].rpm ? purge_rpm(&p->package[i], e) : purge_dpkg(&p->package[i], e);
		if (r == 0 && (r = state_of(&p->package[i], e)) > 0)
			r = err_set(e, ERR_UNAVAIL, "%s: is still there", p->package[i].name);
		if (r != 0)
			return r;
	}
	return 0;
}

/* apt's name of the file: a colon of the version is written %3a. */
static bool find_deb(const struct fix_package *p, char *path, size_t size)
{
	char prefix[200], *to = prefix + snprintf(prefix, sizeof(prefix), "%.60s_", p->name);
	const struct dirent *entry;
	DIR *d = opendir(CACHE);
	bool found = false;

	for (const char *v = p->version; *v != '\0' && to < prefix + sizeof(prefix) - 5; v++)
		to += snprintf(to, 5, *v == ':' ? "%%3a" : "%c", *v);
	*to++ = '_';
	*to = '\0';
	while (d != NULL && !found && (entry = readdir(d)) != NULL) {
		const size_t n = strlen(entry->d_name);

		found = strncmp(entry->d_name, prefix, strlen(prefix)) == 0 && n > 4 &&
		    strcmp(entry->d_name + n - 4, ".deb") == 0;
		if (found)
			(void)snprintf(path, size, CACHE "/%s", entry->d_name);
	}
	if (d != NULL)
		(void)closedir(d);
	return found;
}

static int copy_bytes(int from, int to)
{
	char part[16384];
	ssize_t n;

	while ((n = read(from, part, sizeof(part))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		for (ssize_t done = 0, m; n > 0 && done < n; done += m)
			if ((m = write(to, part + done, (size_t)(n - done))) <= 0)
				return -1;
		if (n < 0)
			return -1;
	}
	return fsync(to);
}

static void kept_name(char *path, size_t size, const char *dir, int i)
{
	(void)snprintf(path, size, "%.550s/package.%d.deb", dir, i);
}

int fix_package_keep(const struct fix_plan *p, const char *dir, struct err *e)
{
	char path[600], kept[600];
	int r = 0;

	for (int i = 0; i < p->packages && r == 0; i++) {
		int from, to;

		if (p->package[i].rpm || !find_deb(&p->package[i], path, sizeof(path)))
			continue;
		kept_name(kept, sizeof(kept), dir, i);
		from = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		to = open(kept, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (from < 0 || to < 0 || copy_bytes(from, to) != 0)
			r = err_errno(e, "%s", from < 0 ? path : kept);
		if (from >= 0)
			(void)close(from);
		if (to >= 0)
			(void)close(to);
	}
	return r;
}

static int put_back(const struct fix_package *p, const char *kept)
{
	char path[600];
	const char *const dpkg[] = {"/usr/bin/env", "DEBIAN_FRONTEND=noninteractive", DPKG, "-i",
	    path, NULL};
	const char *const dnf[] = {access(DNF, X_OK) == 0 ? DNF : YUM, "-y", "-C", "install", path, NULL};

	if (!p->installed || state_of(p, NULL) == 2)
		return 0;
	if (!p->rpm) {
		(void)snprintf(path, sizeof(path), "%s", kept);
		return access(path, F_OK) == 0 || find_deb(p, path, sizeof(path)) ? run_tool(dpkg, NULL) :
		    ERR_NONE;
	}
	(void)snprintf(path, sizeof(path), "%s-%s", p->name, p->version);
	return run_tool(dnf, NULL);
}

int fix_package_put_back(const struct fix_plan *p, const char *dir)
{
	char kept[600];
	int r = 0;

	for (int i = 0; i < p->packages; i++) {
		kept_name(kept, sizeof(kept), dir, i);
		if (put_back(&p->package[i], kept) != 0)
			r = ERR_NONE;
	}
	return r;
}

int fix_package_drop_account(struct err *e)
{
	const char *const argv[] = {"/usr/sbin/userdel", EIC_NAME, NULL};

	return getpwnam(EIC_NAME) == NULL ? 0 : run_tool(argv, e);
}

int fix_package_make_account(const char *account, struct err *e)
{
	char text[600], *at = text;
	const char *w[4];

	if (getpwnam(EIC_NAME) != NULL)
		return 0;
	(void)snprintf(text, sizeof(text), "%s", account);
	for (int i = 0; i < 4; i++)
		if ((w[i] = enable_txn_word(&at)) == NULL)
			return err_set(e, ERR_BAD, "the account cannot be made again: %s", account);
	const char *const argv[] = {"/usr/sbin/useradd", "-r", "-M", "-u", w[0], "-d", w[2], "-s", w[3],
	    EIC_NAME, NULL};

	return run_tool(argv, e);
}
