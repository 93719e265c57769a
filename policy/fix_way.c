#include "policy/fix_way.h"

#include "lib/core/sshkey.h"
#include "policy/audit/eic.h"
#include "policy/audit/sshd_lines.h"
#include "policy/enable_login.h"
#include "policy/run.h"
#include "policy/sshd_said.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KEYS_MOST ((size_t)1024 * 1024) /* bytes of a file of keys */
#define KEY_LINE 8192
#define DAY ((int64_t)24 * 3600)
#define TAIL ((long)4 << 20)            /* bytes of a log that are looked through */

/* The name that sshd was asked about for them: itself, or one that every Match treats so. */
static const char *asked_for(struct facts *f, const char *user, char *name, size_t size)
{
	const struct fact *x;

	(void)snprintf(name, size, "config:%s", user);
	x = facts_get(f, "sshd-class", name);
	if (x->is == FACT_TEXT)
		(void)snprintf(name, size, "config:%.*s", (int)strcspn(x->text, "\n"), x->text);
	return name;
}

/* ---- keys ---- */

/* "20260131", "202601311200", with seconds and a Z behind: whether that is a day away at least.
 * In which time zone sshd reads it is its own. */
static bool is_to_come(const char *value, size_t n, int64_t now)
{
	struct tm t = {.tm_isdst = 0};
	char day[9];

	if (n < 8)
		return false;
	(void)snprintf(day, sizeof(day), "%.8s", value);
	if (strptime(day, "%Y%m%d", &t) == NULL)
		return false;
	return (int64_t)timegm(&t) - DAY > now;
}

/* The option of n bytes does not keep the key from a shell of its owner's. */
static bool lets_in(const char *option, size_t n, int64_t now)
{
	static const char expiry[] = "expiry-time=\"";
	const size_t head = sizeof(expiry) - 1;

	if ((n >= 8 && strncasecmp(option, "command=", 8) == 0) ||
	    (n == 14 && strncasecmp(option, "cert-authority", 14) == 0))
		return false;
	return n < 12 || strncasecmp(option, expiry, 12) != 0 || (n > head &&
	    is_to_come(option + head, n - head - 1, now));
}

/* Behind the options; NULL: one of them shuts the key out, or a quote is open. */
static const char *pass_options(const char *p, int64_t now)
{
	const char *from = p;
	bool quoted = false;

	for (;; p++) {
		if (*p == '\\' && p[1] == '"') {
			p++;
			continue;
		}
		if (*p == '"')
			quoted = !quoted;
		if (*p == '\0' && quoted)
			return NULL;
		if (*p != '\0' && (quoted || strchr(", \t", *p) == NULL))
			continue;
		if (!lets_in(from, (size_t)(p - from), now))
			return NULL;
		if (*p != ',')
			return p;
		from = p + 1;
	}
}

static bool is_type(const char *word)
{
	static const char *const types[] = {"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp",
	    "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strncmp(word, types[i], strlen(types[i])) == 0)
			return true;
	return false;
}

bool fix_way_key(const char *line, int64_t now)
{
	const char *p = line + strspn(line, " \t");
	char info[KEY_LINE];
	struct sshkey_set set;
	size_t type, key;

	if (*p == '#' || *p == '\0' || *p == '\n' || *p == '\r')
		return false;
	if (!is_type(p) && ((p = pass_options(p, now)) == NULL || !is_type(p += strspn(p, " \t"))))
		return false;
	type = strcspn(p, " \t");
	key = strcspn(p + type + strspn(p + type, " \t"), " \t\r\n");
	if (snprintf(info, sizeof(info), "publickey %.*s %.*s", (int)type, p, (int)key,
	    p + type + strspn(p + type, " \t")) >= (int)sizeof(info))
		return false;
	sshkey_read(info, &set);
	return set.count == 1 && set.whole;
}

static size_t count_keys(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;
	const int64_t now = (int64_t)time(NULL);
	size_t keys = 0, left = KEYS_MOST;
	struct stat st;
	char line[KEY_LINE];
	bool begins = true;

	if (in == NULL || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		left = 0;
	while (left > 0 && fgets(line, sizeof(line), in) != NULL) {
		const size_t n = strlen(line);

		if (begins && fix_way_key(line, now))
			keys++;
		begins = line[n - 1] == '\n';
		left = n < left ? left - n : 0;
	}
	if (in != NULL)
		(void)fclose(in);
	else if (fd >= 0)
		(void)close(fd);
	return keys;
}

/* As sshd's StrictModes: nobody but root and the owner may write the file, and what is above it
 * up to the home. */
static bool is_safe(const char *path, const struct passwd *pw)
{
	char real[PATH_MAX], home[PATH_MAX];
	struct stat st;

	if (realpath(path, real) == NULL)
		return false;
	if (realpath(pw->pw_dir, home) == NULL)
		home[0] = '\0';
	for (;;) {
		char *end = strrchr(real, '/');

		if (stat(real, &st) != 0 || (st.st_uid != 0 && st.st_uid != pw->pw_uid) ||
		    (st.st_mode & 022) != 0)
			return false;
		if (strcmp(real, home) == 0 || strcmp(real, "/") == 0)
			return true;
		end[end == real] = '\0';
	}
}

/* The path that sshd makes of a word of AuthorizedKeysFile. */
static bool expand(const char *word, const struct passwd *pw, char path[PATH_MAX])
{
	size_t n = 0;
	int r;

	path[0] = '\0';
	if (word[0] != '/' && strncmp(word, "%h", 2) != 0)
		n = (size_t)snprintf(path, PATH_MAX, "%s/", pw->pw_dir);
	for (; *word != '\0' && n < PATH_MAX - 1; word++) {
		if (word[0] != '%') {
			r = snprintf(path + n, PATH_MAX - n, "%c", *word);
		} else {
			word++;
			if (strchr("hu%", *word) == NULL || *word == '\0')
				return false;
			r = snprintf(path + n, PATH_MAX - n, "%s", *word == 'h' ? pw->pw_dir :
			    *word == 'u' ? pw->pw_name : "%");
		}
		n += r > 0 ? (size_t)r : 0;
	}
	return n < PATH_MAX - 1;
}

/* Who gets in and may do nothing puts nothing right. */
static void gather_root(struct facts *f, const char *user, uid_t uid)
{
	const char *const argv[] = {"/usr/bin/sudo", "-n", "-l", "-U", user, "--", "/bin/sh", NULL};
	int status = 1;

	if (uid == 0)
		facts_text(f, "own-root", user, "root", 4);
	else if (run_program(argv, NULL, &status, NULL) == 0 && status == 0)
		facts_text(f, "own-root", user, "sudo", 4);
	else
		facts_none(f, "own-root", user);
}

static void gather_keys(struct facts *f, const char *user)
{
	const struct passwd *pw = getpwnam(user);
	char name[300], files[1000], word[PATH_MAX], path[PATH_MAX];
	const char *said = facts_string(f, "sshd", asked_for(f, user, name, sizeof(name))), *at = files;
	size_t keys = 0;
	bool strict;

	if (said[0] == '\0')
		said = facts_string(f, "sshd", "config");
	strict = !sshd_said_value(said, "strictmodes", word, sizeof(word)) || strcmp(word, "no") != 0;
	if (pw == NULL || !sshd_said_value(said, "authorizedkeysfile", files, sizeof(files)))
		files[0] = '\0';
	while (pw != NULL && keys == 0 && sshd_lines_word(&at, word, sizeof(word)))
		if (strcmp(word, "none") != 0 && expand(word, pw, path) && (!strict || is_safe(path, pw)))
			keys = count_keys(path);
	if (keys > 0)
		facts_format(f, "own-key", user, "%s: %zu", path, keys);
	else
		facts_none(f, "own-key", user);
	if (keys > 0)
		gather_root(f, user, pw->pw_uid);
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
		facts_none(f, "own-login", "fingerprint");
		return;
	}
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
void fix_way_gather(struct facts *f)
{
	const struct fact *x = NULL;
	struct buffer names = {0};

	while ((x = facts_next(f, "login", "", x)) != NULL)
		if (x->is == FACT_TEXT)
			buffer_format(&names, "%s\n", x->name);
	for (char *save = NULL, *name = strtok_r(names.data != NULL ? names.data : (char[]){""}, "\n",
	    &save); name != NULL; name = strtok_r(NULL, "\n", &save))
		gather_keys(f, name);
	f->failed = f->failed || names.failed;
	buffer_free(&names);
	gather_login(f);
}

/* ---- the judgement ---- */

static bool sshd_said_no(const char *said, const char *key)
{
	char value[40];

	return sshd_said_value(said, key, value, sizeof(value)) && strcmp(value, "no") == 0;
}

/* It has handed out the key with this fingerprint; "": any. */
static bool has_handed_out(struct facts *f, const char *print)
{
	const struct fact *x = NULL;

	while ((x = facts_next(f, "eic-use", "", x)) != NULL)
		if (x->is == FACT_TEXT && x->text[0] != '\0' && strstr(x->text, print) != NULL)
			return true;
	return false;
}

/* Whether sshd offers a method of AuthenticationMethods at all. */
static bool is_offered(const char *said, const char *method, size_t n)
{
	if (n == 9 && strncmp(method, "publickey", n) == 0)
		return !sshd_said_no(said, "pubkeyauthentication");
	if (n >= 20 && strncmp(method, "keyboard-interactive", 20) == 0)
		return !sshd_said_no(said, "kbdinteractiveauthentication");
	return n == 8 && strncmp(method, "password", n) == 0 &&
	    !sshd_said_no(said, "passwordauthentication");
}

/* One of the lists has the key in it, and every method of it is offered. */
static bool takes_key(const char *said)
{
	char list[1024];

	if (!sshd_said_value(said, "authenticationmethods", list, sizeof(list)) ||
	    strcmp(list, "any") == 0)
		return !sshd_said_no(said, "pubkeyauthentication");
	for (char *save = NULL, *one = strtok_r(list, " ", &save); one != NULL;
	    one = strtok_r(NULL, " ", &save)) {
		bool all = true, key = false;

		for (const char *p = one; *p != '\0'; p += *p == ',') {
			const size_t n = strcspn(p, ",");

			key = key || (n == 9 && strncmp(p, "publickey", n) == 0);
			all = all && is_offered(said, p, n);
			p += n;
		}
		if (all && key)
			return true;
	}
	return false;
}

static bool gets_in(struct facts *f, const char *user)
{
	char name[300];
	const char *said = facts_string(f, "sshd", asked_for(f, user, name, sizeof(name)));

	(void)snprintf(name, sizeof(name), "config:%s", user);
	if (said[0] == '\0')
		said = facts_string(f, "sshd", "config");
	return said[0] != '\0' && takes_key(said) &&
	    facts_get(f, "sshd-refuses", name)->is != FACT_TEXT;
}

static bool is_admin(struct facts *f, const char *user)
{
	return facts_get(f, "own-root", user)->is == FACT_TEXT;
}

int fix_way_judge(struct facts *f, char *who, size_t size, struct err *e)
{
	const struct fact *x = facts_get(f, "own-login", "fingerprint");

	who[0] = '\0';
	if (x->is == FACT_TEXT && has_handed_out(f, x->text))
		return err_set(e, ERR_REFUSED, "this login came in by EC2 Instance Connect (%s); log in "
		    "with a key of your own, or give --i-have-console", x->text);
	if ((x->is == FACT_TROUBLE || x->is == FACT_UNKNOWN) && has_handed_out(f, ""))
		return err_set(e, ERR_REFUSED, "it could not be told whether this login came in by EC2 "
		    "Instance Connect, and it was in use lately; give --i-have-console");
	for (x = NULL; (x = facts_next(f, "own-key", "", x)) != NULL;)
		if (x->is == FACT_TEXT && strcmp(x->name, EIC_NAME) != 0 && gets_in(f, x->name) &&
		    is_admin(f, x->name)) {
			(void)snprintf(who, size, "%s (%s)", x->name, x->text);
			return 0;
		}
	return err_set(e, ERR_REFUSED, "nobody who may log in, and is root or becomes it by sudo, has a "
	    "key of their own that gives them a shell, so without EC2 Instance Connect nobody would get "
	    "in; put one in place, or give --i-have-console");
}
