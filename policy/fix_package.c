#include "policy/fix_package.h"

#include "policy/audit/eic.h"
#include "policy/enable_txn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WITHIN 300 /* seconds of a package tool, which waits for another one */
#define LOCKED 120 /* tries of one that does not, a second each */
#define CACHE "/var/cache/apt/archives"
#define APT "/usr/bin/apt-get"
#define DPKG "/usr/bin/dpkg"
#define DNF "/usr/bin/dnf"
#define YUM "/usr/bin/yum"
#define RPM "/usr/bin/rpm"

/* 0; ERR_UNAVAIL with what it says; ERR_CONFLICT: another one works on the database. */
static int run_tool(const char *const argv[], struct err *e)
{
	struct run_said said = {{0}, {0}};
	char text[300];
	int status, r = run_within(WITHIN, argv, &said, &status, e);

	run_lines(&said, text, sizeof(text));
	run_free(&said);
	if (r != 0 || status == 0)
		return r;
	return err_set(e, strstr(text, "lock") != NULL && strstr(text, "another process") != NULL ?
	    ERR_CONFLICT : ERR_UNAVAIL, "%s: exit %d: %s", argv[0], status, text);
}

/* dpkg does not wait for another one, as apt-get does. */
static int run_waiting(const char *const argv[], struct err *e)
{
	const struct timespec pause = {.tv_sec = 1};
	int r = run_tool(argv, e);

	for (int i = 0; i < LOCKED && r == ERR_CONFLICT; i++) {
		(void)nanosleep(&pause, NULL);
		r = run_tool(argv, e);
	}
	return r == ERR_CONFLICT ? ERR_UNAVAIL : r;
}

static enum fix_package_is read_dpkg(const struct run_said *said, int status)
{
	const char *text = buffer_string(&said->out), *state = strrchr(text, ' ');

	if (status == 1 && text[0] == '\0')
		return FIX_PACKAGE_NONE;
	if (status != 0 || state == NULL)
		return FIX_PACKAGE_UNTOLD;
	if (strcmp(state, " installed") == 0)
		return FIX_PACKAGE_WHOLE;
	if (strcmp(state, " not-installed") == 0)
		return FIX_PACKAGE_NONE;
	return strcmp(state, " config-files") == 0 ? FIX_PACKAGE_CONFIG : FIX_PACKAGE_HALF;
}

enum fix_package_is fix_package_read(const struct run_said *said, int status, bool rpm)
{
	if (!rpm)
		return read_dpkg(said, status);
	if (status == 0)
		return FIX_PACKAGE_WHOLE;
	/* It ends with 1 of a broken database, too. */
	return status == 1 && said->err.len == 0 &&
	    strstr(buffer_string(&said->out), "is not installed") != NULL ? FIX_PACKAGE_NONE :
	    FIX_PACKAGE_UNTOLD;
}

/* 0 and what is there of it; ERR_UNKNOWN. */
static int state_of(const struct fix_package *p, enum fix_package_is *is, struct err *e)
{
	const char *const dpkg[] = {"/usr/bin/dpkg-query", "-W", "-f", "${Status}", p->name, NULL};
	const char *const rpm[] = {RPM, "-q", p->name, NULL};
	struct run_said said = {{0}, {0}};
	char text[200];
	int status, r = run_program(p->rpm ? rpm : dpkg, &said, &status, e);

	run_lines(&said, text, sizeof(text));
	*is = r == 0 ? fix_package_read(&said, status, p->rpm) : FIX_PACKAGE_UNTOLD;
	if (r == 0 && *is == FIX_PACKAGE_UNTOLD)
		r = err_set(e, ERR_UNKNOWN, "%s: it could not be told whether it is installed: exit %d: %s",
		    p->name, status, text);
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
 * and it refuses where another one depends on it.  Without a terminal of its own dpkg is
 * ended with apt-get. */
static int purge_dpkg(const struct fix_package *p, struct err *e)
{
	const char *const apt[] = {"/usr/bin/env", "DEBIAN_FRONTEND=noninteractive", APT, "-y", "-q",
	    "-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Use-Pty=0", "purge", p->name, NULL};
	const char *const dpkg[] = {DPKG, "-P", p->name, NULL};

	if (access(APT, X_OK) == 0 && is_alone(p) && run_tool(apt, NULL) == 0)
		return 0;
	return run_waiting(dpkg, e);
}

/* rpm itself: it refuses where another one depends on it, and takes no other with it, as dnf
 * and yum do. */
static int purge_rpm(const struct fix_plan *p, struct err *e)
{
	const char *argv[FIX_PACKAGES + 3] = {RPM, "-e"};
	size_t n = 2;

	for (int i = 0; i < p->packages; i++) {
		enum fix_package_is is;
		const int r = state_of(&p->package[i], &is, e);

		if (r != 0)
			return r;
		if (is != FIX_PACKAGE_NONE)
			argv[n++] = p->package[i].name;
	}
	return n == 2 ? 0 : run_waiting(argv, e);
}

int fix_package_purge(const struct fix_plan *p, struct err *e)
{
	for (int i = 0; i < p->packages; i++) {
		enum fix_package_is is;
		int r = state_of(&p->package[i], &is, e);

		if (r == 0 && is == FIX_PACKAGE_NONE)
			continue;
		if (r == 0)
			r = p->package[i].rpm ? purge_rpm(p, e) : purge_dpkg(&p->package[i], e);
		if (r == 0 && (r = state_of(&p->package[i], &is, e)) == 0 && is != FIX_PACKAGE_NONE)
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

/* ERR_NONE: it is gone, and there is no copy. */
static int install(const struct fix_package *p, const char *kept, bool half, struct err *e)
{
	char path[600];
	const char *const dpkg[] = {"/usr/bin/env", "DEBIAN_FRONTEND=noninteractive", DPKG, "-i",
	    path, NULL};
	const char *const whole[] = {"/usr/bin/env", "DEBIAN_FRONTEND=noninteractive", DPKG,
	    "--configure", p->name, NULL};
	const char *const dnf[] = {access(DNF, X_OK) == 0 ? DNF : YUM, "-y", "-C", "install", path, NULL};

	if (p->rpm) {
		(void)snprintf(path, sizeof(path), "%s-%s", p->name, p->version);
		return run_tool(dnf, e) == 0 ? 0 : ERR_NONE;
	}
	(void)snprintf(path, sizeof(path), "%s", kept);
	if (access(path, F_OK) == 0 || find_deb(p, path, sizeof(path)))
		return run_waiting(dpkg, e);
	return half ? run_waiting(whole, e) : err_set(e, ERR_NONE, "no copy of its version is in the "
	    "cache");
}

/* A purge that was begun leaves word that it is wanted, which another tool may follow later. */
static void want_again(const struct fix_package *p)
{
	const char *const wanted[] = {"/usr/bin/dpkg-query", "-W", "-f", "${db:Status-Want}", p->name, NULL};
	const char *const install[] = {"/usr/bin/apt-mark", "install", p->name, NULL};
	struct run_said said = {{0}, {0}};
	int status;

	if (!p->rpm && run_program(wanted, &said, &status, NULL) == 0 &&
	    strcmp(buffer_string(&said.out), "purge") == 0)
		(void)run_tool(install, NULL);
	run_free(&said);
}

static int put_back(const struct fix_package *p, const char *kept, struct err *e)
{
	enum fix_package_is is;
	int r = p->installed ? state_of(p, &is, e) : 0;

	if (!p->installed || r != 0)
		return r;
	if (is == FIX_PACKAGE_WHOLE) {
		want_again(p);
		return 0;
	}
	if ((r = install(p, kept, is == FIX_PACKAGE_HALF, e)) == 0 && (r = state_of(p, &is, e)) == 0 &&
	    is != FIX_PACKAGE_WHOLE)
		r = err_set(e, ERR_UNAVAIL, "%s: is not whole again", p->name);
	if (r == 0)
		want_again(p);
	return r;
}

int fix_package_put_back(const struct fix_plan *p, const char *dir, struct err *e)
{
	char kept[600];
	int worst = 0;

	for (int i = 0; i < p->packages; i++) {
		struct err why = {0};
		int r;

		kept_name(kept, sizeof(kept), dir, i);
		r = put_back(&p->package[i], kept, &why);
		if (r == 0 || (r == ERR_NONE && worst != 0))
			continue;
		worst = r;
		if (e != NULL)
			*e = why;
	}
	return worst;
}

int fix_package_drop_account(struct err *e)
{
	const char *const argv[] = {"/usr/sbin/userdel", EIC_NAME, NULL};

	return getpwnam(EIC_NAME) == NULL ? 0 : run_tool(argv, e);
}

static int add_user(const char *const w[4], const char *group, bool number, struct err *e)
{
	const char *argv[16] = {"/usr/sbin/useradd", "-r", "-M", "-d", w[2], "-s", w[3]};
	size_t n = 7;

	if (number)
		argv[n++] = "-u", argv[n++] = w[0];
	if (group != NULL)
		argv[n++] = "-g", argv[n++] = group;
	argv[n] = EIC_NAME;
	return run_tool(argv, e);
}

/* The number may be somebody else's by now. */
int fix_package_make_account(const char *account, struct err *e)
{
	char text[600], *at = text;
	const char *w[4], *group = NULL;

	if (getpwnam(EIC_NAME) != NULL)
		return 0;
	(void)snprintf(text, sizeof(text), "%s", account);
	if (!enable_txn_words(&at, w, 4))
		return err_set(e, ERR_BAD, "the account cannot be made again: %s", account);
	if (getgrgid((gid_t)strtoul(w[1], NULL, 10)) != NULL)
		group = w[1];
	else if (getgrnam(EIC_NAME) != NULL)
		group = EIC_NAME;
	return add_user(w, group, getpwuid((uid_t)strtoul(w[0], NULL, 10)) == NULL, e);
}
