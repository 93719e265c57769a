#include "policy/enable_keys.h"

#include "lib/core/sshkey.h"
#include "policy/sshd_said.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYS_MAX 65536 /* bytes of a file that are looked at */
#define BLANKS " \t\r\n"
#define GROUPS_MAX 1024
#define LINE 20000     /* an RSA key of 16384 bits and its options fit */

struct owner {
	uid_t uid;
	gid_t gid;
	char name[257];
	char home[PATH_MAX];
	bool strict; /* StrictModes */
};

/* The path of a word of AuthorizedKeysFile; false: it does not fit, or has a token that is
 * not known. */
static bool expand(const struct owner *o, const char *word, size_t n, char path[PATH_MAX])
{
	char text[32];
	size_t len = 0;

	if (word[0] != '/' && strncmp(word, "%h", 2) != 0)
		len = (size_t)snprintf(path, PATH_MAX, "%s/", o->home);
	for (size_t i = 0; i < n && len < PATH_MAX; i++) {
		const char *add = text;

		(void)snprintf(text, sizeof(text), "%c", word[i]);
		if (word[i] == '%') {
			i++;
			(void)snprintf(text, sizeof(text), "%u", (unsigned)o->uid);
			add = i == n ? NULL : word[i] == 'h' ? o->home : word[i] == 'u' ? o->name :
			    word[i] == 'U' ? text : word[i] == '%' ? "%" : NULL;
		}
		if (add == NULL)
			return false;
		len += (size_t)snprintf(path + len, PATH_MAX - len, "%s", add);
	}
	return len > 0 && len < PATH_MAX;
}

static bool is_safe(const struct owner *o, const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == o->uid) && (st->st_mode & 022) == 0;
}

/* Up to the home directory, or to the root for a file elsewhere. */
static bool parents_are_safe(const struct owner *o, const char *path)
{
	char real[PATH_MAX], home[PATH_MAX], *slash;
	struct stat st;

	if (realpath(path, real) == NULL)
		return false;
	if (realpath(o->home, home) == NULL)
		home[0] = '\0';
	while ((slash = strrchr(real, '/')) != NULL) {
		slash[slash == real] = '\0';
		if (stat(real, &st) != 0 || !is_safe(o, &st))
			return false;
		if (strcmp(real, home) == 0 || strcmp(real, "/") == 0)
			break;
	}
	return true;
}

/* No pipe that would hold root up, and no more than KEYS_MAX bytes. */
static bool read_file(const struct owner *o, const char *path, char text[KEYS_MAX])
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	ssize_t n = 0, k = 0;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (!o->strict || (is_safe(o, &st) && parents_are_safe(o, path))))
		while (n < KEYS_MAX - 1 && (k = read(fd, text + n, KEYS_MAX - 1 - (size_t)n)) > 0)
			n += k;
	if (fd >= 0)
		(void)close(fd);
	text[n] = '\0';
	return n > 0;
}

/* Words may be options, the type, the key, a remark: each pair is tried. */
static bool line_has_key(const char *line, size_t n)
{
	char pair[LINE];
	struct sshkey_set set;

	for (const char *end = line + n; line < end;) {
		size_t word = strcspn(line, BLANKS), gap = strspn(line + word, " \t");
		const char *next = line + word + gap;
		int len = snprintf(pair, sizeof(pair), "publickey %.*s %.*s", (int)word, line,
		    (int)strcspn(next, BLANKS), next);

		if (len < (int)sizeof(pair)) {
			sshkey_read(pair, &set);
			if (set.count > 0)
				return true;
		}
		line = next;
	}
	return false;
}

/* Who looks at the lines, and a word of AuthorizedKeysFile whose path cannot be told. */
struct walk {
	struct owner owner;
	enable_keys_see *see;
	void *ctx;
	bool untold;
};

/* Each line that is no comment, without its end, until see() has seen enough. */
static bool walk_file(const struct walk *w, const char *path)
{
	static char text[KEYS_MAX];
	char *save = NULL;

	if (!read_file(&w->owner, path, text))
		return false;
	for (char *line = strtok_r(text, "\r\n", &save); line != NULL;
	    line = strtok_r(NULL, "\r\n", &save)) {
		line += strspn(line, BLANKS);
		if (line[0] != '#' && line[0] != '\0' && w->see(w->ctx, path, line))
			return true;
	}
	return false;
}

static void walk_files(struct walk *w, const char *files)
{
	bool done = false;
	char path[PATH_MAX];

	for (const char *p = files; *p != '\0' && !done; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (n == 4 && strncmp(p, "none", n) == 0)
			;
		else if (expand(&w->owner, p, n, path))
			done = walk_file(w, path);
		else
			w->untold = true;
		p += n;
	}
}

/* With his rights, those of his groups too: a file that only root can read is none to sshd. */
static void walk_as_owner(struct walk *w, const char *files)
{
	gid_t groups[GROUPS_MAX];
	const int n = getgroups(GROUPS_MAX, groups);
	int gid, uid;

	if (n < 0 || initgroups(w->owner.name, w->owner.gid) != 0) {
		w->untold = true;
		return;
	}
	gid = setfsgid(w->owner.gid);
	uid = setfsuid(w->owner.uid);
	walk_files(w, files);
	(void)setfsuid((uid_t)uid);
	(void)setfsgid((gid_t)gid);
	(void)setgroups((size_t)n, groups);
}

static bool find_owner(struct owner *o, const char *said, const char *user)
{
	const struct passwd *pw = getpwnam(user);

	if (pw == NULL)
		return false;
	*o = (struct owner){.uid = pw->pw_uid, .gid = pw->pw_gid,
	    .strict = sshd_said_yes(said, "strictmodes")};
	(void)snprintf(o->name, sizeof(o->name), "%s", user);
	(void)snprintf(o->home, sizeof(o->home), "%s", pw->pw_dir);
	return true;
}

void enable_keys_each(const char *said, const char *user, enable_keys_see *see, void *ctx)
{
	struct walk w = {.see = see, .ctx = ctx};
	char files[PATH_MAX];

	if (sshd_said_value(said, "authorizedkeysfile", files, sizeof(files)) &&
	    find_owner(&w.owner, said, user))
		walk_as_owner(&w, files);
}

static bool see_any(void *ctx, const char *path, const char *line)
{
	enum enable_keys *found = ctx;

	(void)path;
	if (line_has_key(line, strlen(line)))
		*found = strncmp(line, "cert-authority", 14) != 0 ? ENABLE_KEYS_SOME : ENABLE_KEYS_UNKNOWN;
	return *found == ENABLE_KEYS_SOME;
}

static bool is_set(const char *said, const char *key)
{
	char value[PATH_MAX];

	return sshd_said_value(said, key, value, sizeof(value)) && strcmp(value, "none") != 0;
}

enum enable_keys enable_keys(const char *said, const char *user, char *files, size_t size)
{
	enum enable_keys found = ENABLE_KEYS_NONE;
	struct walk w = {.see = see_any, .ctx = &found};

	if (!sshd_said_value(said, "authorizedkeysfile", files, size))
		(void)snprintf(files, size, "none");
	if (!find_owner(&w.owner, said, user))
		return ENABLE_KEYS_NONE;
	walk_as_owner(&w, files);
	if (found == ENABLE_KEYS_NONE && (w.untold || is_set(said, "authorizedkeyscommand") ||
	    is_set(said, "trustedusercakeys")))
		return ENABLE_KEYS_UNKNOWN;
	return found;
}
