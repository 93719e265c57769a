#include "policy/fix_way.h"

#include "enroll/language.h"
#include "policy/audit/gather_logins.h"
#include "policy/audit/sshd_source.h"
#include "policy/enable_keys.h"
#include "policy/enable_login.h"
#include "policy/enable_put.h"
#include "policy/fix_key.h"
#include "policy/run.h"
#include "policy/sshd_said.h"

#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TAIL ((long)4 << 20) /* bytes of a log that are looked through */
#define NOBODYS "192.0.2.1"  /* where that is not known (RFC 5737) */

struct gathering {
	struct facts *f;
	char from[64];         /* where this login comes from; "": not known */
	char algorithms[4096]; /* that the sshd that is looked at takes */
	int rsa_bits;          /* the fewest that it takes */
	struct buffer revoked; /* the keys that it takes no more */
	char path[PATH_MAX];   /* of the first file with a key, and how many are in it */
	size_t keys;
};

/* ---- who becomes root ---- */

/* Who gets in and may do nothing puts nothing right. */
static void gather_root(struct facts *f, const char *user, uid_t uid)
{
	const char *const may[] = {"/usr/bin/sudo", "-n", "-l", "-U", user, "--", "/bin/sh", NULL};
	const char *const how[] = {"/usr/bin/sudo", "-n", "-l", "-U", user, NULL};
	struct run_said said = {{0}, {0}};
	int status = 1;

	if (uid == 0) {
		facts_text(f, "own-root", user, "root", 4);
	} else if (run_program(may, NULL, &status, NULL) != 0 || status != 0) {
		facts_none(f, "own-root", user);
	} else {
		const bool unasked = run_program(how, &said, &status, NULL) == 0 && status == 0 &&
		    fix_way_unasked(buffer_string(&said.out));

		facts_format(f, "own-root", user, "%s", unasked ? "sudo unasked" : "sudo");
	}
	run_free(&said);
}

/* ---- keys ---- */

static bool see_key(void *ctx, const char *path, const char *line)
{
	struct gathering *g = ctx;
	const struct fix_key_login l = {.from = g->from, .algorithms = g->algorithms,
	    .revoked = buffer_string(&g->revoked), .now = (int64_t)time(NULL),
	    .rsa_bits = g->rsa_bits};

	if (g->keys > 0 && strcmp(path, g->path) != 0)
		return true;
	if (fix_key_lets_in(line, &l)) {
		(void)snprintf(g->path, sizeof(g->path), "%s", path);
		g->keys++;
	}
	return false;
}

/* As sshd: one that is not there, or is none of the shells of this host, lets nobody work. */
static bool is_shell(const char *shell)
{
	const char *one;
	struct stat st;
	bool listed = false;

	setusershell();
	while (!listed && (one = getusershell()) != NULL)
		listed = strcmp(one, shell) == 0;
	endusershell();
	return listed && stat(shell, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}

static bool is_shut(uid_t uid)
{
	return uid != 0 && (access("/etc/nologin", F_OK) == 0 || access("/run/nologin", F_OK) == 0);
}

/* What keeps this account from a shell by any key, by what one sshd says, or "". */
static void find_reason(const struct gathering *g, const char *said, const char *user, char *why,
    size_t size)
{
	const struct sshd_login q = {.user = user, .from = g->from[0] != '\0' ? g->from : NOBODYS};
	const struct passwd *pw = getpwnam(user);

	why[0] = '\0';
	if (pw == NULL)
		(void)snprintf(why, size, "%s", _("the account could not be told"));
	else if (is_shut(pw->pw_uid))
		(void)snprintf(why, size, "/etc/nologin");
	else if (!is_shell(pw->pw_shell[0] != '\0' ? pw->pw_shell : "/bin/sh"))
		(void)snprintf(why, size, "%.300s", pw->pw_shell);
	else if (sshd_said_refuses(said, &q, false, why, size) == 0)
		why[0] = '\0';
}

/* false: it cannot be told.  Then sshd takes no key, or it is a list of another form. */
static bool read_revoked(struct gathering *g, const char *said)
{
	struct enable_file f = {.was = false};
	bool told;

	buffer_free(&g->revoked);
	if (!sshd_said_value(said, "revokedkeys", f.path, sizeof(f.path)) || strcmp(f.path, "none") == 0)
		return true;
	told = enable_file_read(&f, NULL) == 0 && f.was && strncmp(buffer_string(&f.old), "SSHKRL", 6) != 0;
	if (told)
		g->revoked = f.old;
	else
		buffer_free(&f.old);
	return told;
}

/* What it takes of keys; RSAMinSize is what Red Hat's had before OpenSSH had the other. */
static void read_taken(struct gathering *g, const char *said)
{
	char bits[20] = "";

	if (!sshd_said_value(said, "pubkeyacceptedalgorithms", g->algorithms, sizeof(g->algorithms)) &&
	    !sshd_said_value(said, "pubkeyacceptedkeytypes", g->algorithms, sizeof(g->algorithms)))
		g->algorithms[0] = '\0';
	if (!sshd_said_value(said, "requiredrsasize", bits, sizeof(bits)))
		(void)sshd_said_value(said, "rsaminsize", bits, sizeof(bits));
	g->rsa_bits = (int)strtol(bits, NULL, 10);
}

/* By one sshd, which has said this. */
static void gather_keys(struct gathering *g, const char *name, const char *user, const char *said)
{
	char why[400];

	find_reason(g, said, user, why, sizeof(why));
	if (why[0] == '\0' && !read_revoked(g, said))
		(void)snprintf(why, sizeof(why), "RevokedKeys");
	if (why[0] != '\0')
		return facts_trouble(g->f, "own-key", name, why);
	read_taken(g, said);
	g->keys = 0;
	enable_keys_each(said, user, see_key, g);
	if (g->keys > 0)
		facts_format(g->f, "own-key", name, "%s: %zu", g->path, g->keys);
	else
		facts_none(g->f, "own-key", name);
}

/* Whether there is one. */
static bool gather_by(struct gathering *g, const char *source, const char *user)
{
	char name[FIX_WAY_NAME];
	const struct fact *x = fix_way_said(g->f, source, user);
	char *said = x->is == FACT_TEXT ? strdup(x->text) : NULL;

	(void)snprintf(name, sizeof(name), "%s:%s", source, user);
	if (said != NULL)
		gather_keys(g, name, user, said);
	else
		facts_trouble(g->f, "own-key", name, _("sshd was not asked whether it lets them in"));
	free(said);
	return facts_get(g->f, "own-key", name)->is == FACT_TEXT;
}

/* By the file for a login from where this one comes: a Match may name addresses. */
static void gather_from(struct gathering *g, const char *user)
{
	const struct sshd_login q = {.user = user, .from = g->from};
	struct buffer said = {0};
	char name[FIX_WAY_NAME];
	struct err e = {0};

	(void)snprintf(name, sizeof(name), FIX_WAY_HERE ":%s", user);
	facts_text(g->f, "sshd-class", name, user, strlen(user));
	facts_none(g->f, "sshd-refuses", name); /* gather_keys() finds out */
	if (sshd_said_ask(&q, &said, &e) == 0)
		facts_text(g->f, "sshd", name, buffer_string(&said), said.len);
	else
		facts_trouble(g->f, "sshd", name, e.text);
	buffer_free(&said);
	(void)gather_by(g, FIX_WAY_HERE, user);
}

static void gather_person(struct gathering *g, const struct sshd_sources *all, const char *user)
{
	const struct passwd *pw;
	bool has = gather_by(g, SSHD_SOURCE_FILE, user);

	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->item[i].name, SSHD_SOURCE_FILE) != 0)
			has = gather_by(g, all->item[i].name, user) || has;
	if (has && (pw = getpwnam(user)) != NULL)
		gather_root(g->f, user, pw->pw_uid);
	if (g->from[0] != '\0' && facts_get(g->f, "own-root", user)->is == FACT_TEXT)
		gather_from(g, user);
}

/* ---- this login ---- */

/* The fingerprint in the last line of a log that says so of this process. */
static void find_accepted(const char *text, pid_t pid, char *print, size_t size)
{
	char one[40], other[40];

	(void)snprintf(one, sizeof(one), "sshd[%d]: Accepted ", (int)pid);
	(void)snprintf(other, sizeof(other), "sshd-session[%d]: Accepted ", (int)pid);
	while (*text != '\0') {
		const size_t n = strcspn(text, "\n");
		char line[1000];
		const char *key;

		(void)snprintf(line, sizeof(line), "%.*s", (int)(n < 990 ? n : 990), text);
		text += n + (text[n] == '\n');
		if ((strstr(line, one) == NULL && strstr(line, other) == NULL) ||
		    (key = strstr(line, "SHA256:")) == NULL)
			continue;
		(void)snprintf(print, size, "%.*s", (int)strcspn(key, " ,"), key);
	}
}

static void look_into_log(const char *path, pid_t pid, char *print, size_t size)
{
	FILE *in = fopen(path, "re");
	char *text = in != NULL ? malloc((size_t)TAIL + 1) : NULL;
	size_t n = 0;

	if (text != NULL) {
		if (fseek(in, 0, SEEK_END) == 0 && ftell(in) > TAIL)
			(void)fseek(in, -TAIL, SEEK_END);
		else
			rewind(in);
		n = fread(text, 1, (size_t)TAIL, in);
		for (size_t i = 0; i < n; i++)
			text[i] = text[i] == '\0' ? ' ' : text[i];
		text[n] = '\0';
		find_accepted(text, pid, print, size);
	}
	free(text);
	if (in != NULL)
		(void)fclose(in);
}

static void ask_journal(pid_t pid, char *print, size_t size)
{
	char field[40];
	const char *const argv[] = {"/usr/bin/journalctl", "-q", "-o", "short", "-b", "-n", "200", field,
	    "_UID=0", NULL};
	struct run_said said = {{0}, {0}};
	int status = 0;

	(void)snprintf(field, sizeof(field), "_PID=%d", (int)pid);
	if (run_program(argv, &said, &status, NULL) == 0 && status == 0)
		find_accepted(buffer_string(&said.out), pid, print, size);
	run_free(&said);
}

static pid_t parent_of(pid_t pid)
{
	char path[40], line[200];
	FILE *in;
	int parent = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if ((in = fopen(path, "re")) == NULL)
		return 0;
	while (parent == 0 && fgets(line, sizeof(line), in) != NULL)
		if (strncmp(line, "PPid:", 5) == 0)
			parent = (int)strtol(line + 5, NULL, 10);
	(void)fclose(in);
	return parent;
}

/* The process of the user's is a child of the one that has judged the key and says so. */
static void gather_login(struct facts *f)
{
	struct enable_login l = {.pid = 0};
	char print[100] = "";

	enable_login_here(ENABLE_SSHD, &l);
	if (l.pid == 0) {
		/* A terminal that outlives its login, such as tmux's, has no sshd above it. */
		if (facts_get(f, "own-login", "from")->is == FACT_TEXT)
			facts_trouble(f, "own-login", "fingerprint", "the login by ssh has ended");
		else
			facts_none(f, "own-login", "fingerprint");
		return;
	}
	facts_format(f, "own-login", "begun", "%" PRId64, enable_login_wall(&l));
	for (int i = 0; i < 2 && l.pid > 1 && print[0] == '\0'; i++, l.pid = parent_of(l.pid)) {
		ask_journal(l.pid, print, sizeof(print));
		if (print[0] == '\0')
			look_into_log("/var/log/auth.log", l.pid, print, sizeof(print));
		if (print[0] == '\0')
			look_into_log("/var/log/secure", l.pid, print, sizeof(print));
	}
	if (print[0] == '\0')
		facts_trouble(f, "own-login", "fingerprint", "no log tells the key of this login");
	else
		facts_text(f, "own-login", "fingerprint", print, strlen(print));
}

/* Facts move while others are noted, so the names are taken first. */
static void gather_people(struct facts *f, const struct sshd_sources *all)
{
	struct gathering *g = calloc(1, sizeof(*g));
	const struct fact *x = NULL;
	struct buffer names = {0};

	if (g == NULL) {
		f->failed = true;
		return;
	}
	g->f = f;
	enable_login_address(g->from, sizeof(g->from));
	if (g->from[0] != '\0')
		facts_text(f, "own-login", "from", g->from, strlen(g->from));
	else
		facts_none(f, "own-login", "from");
	while ((x = facts_next(f, "login", "", x)) != NULL)
		if (x->is == FACT_TEXT)
			buffer_format(&names, "%s\n", x->name);
	for (char *save = NULL, *name = strtok_r(names.data != NULL ? names.data : (char[]){""}, "\n",
	    &save); name != NULL; name = strtok_r(NULL, "\n", &save))
		gather_person(g, all, name);
	f->failed = f->failed || names.failed;
	buffer_free(&names);
	buffer_free(&g->revoked);
	free(g);
}

void fix_way_gather(struct facts *f)
{
	struct sshd_sources *all = sshd_sources(f);

	if (all != NULL)
		gather_people(f, all);
	f->failed = f->failed || all == NULL || all->failed;
	sshd_sources_free(all);
	gather_login(f);
}
