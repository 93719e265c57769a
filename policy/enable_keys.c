#include "policy/enable_keys.h"

#include "lib/core/sshkey.h"
#include "policy/sshd_said.h"

#include <fcntl.h>
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

static enum enable_keys keys_in(const struct owner *o, const char *path)
{
	static char text[KEYS_MAX];
	enum enable_keys found = ENABLE_KEYS_NONE;
	const char *line = text;

	if (!read_file(o, path, text))
		return found;
	for (size_t n; *line != '\0'; line += n) {
		line += strspn(line, BLANKS);
		n = strcspn(line, "\r\n");
		if (line[0] == '#' || !line_has_key(line, n))
			continue;
		if (strncmp(line, "cert-authority", 14) != 0)
			return ENABLE_KEYS_SOME;
		found = ENABLE_KEYS_UNKNOWN;
	}
	return found;
}

/* With his rights: a file that only root can read is none to sshd. */
static enum enable_keys keys_of(const struct owner *o, const char *files)
{
	enum enable_keys found = ENABLE_KEYS_NONE;
	char path[PATH_MAX];
	int gid = setfsgid(o->gid), uid = setfsuid(o->uid);

	for (const char *p = files; *p != '\0' && found != ENABLE_KEYS_SOME; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");
		enum enable_keys here = expand(o, p, n, path) ? keys_in(o, path) : ENABLE_KEYS_UNKNOWN;

		found = here != ENABLE_KEYS_NONE ? here : found;
		p += n;
	}
	(void)setfsuid((uid_t)uid);
	(void)setfsgid((gid_t)gid);
	return found;
}

static bool is_set(const char *said, const char *key)
{
	char value[PATH_MAX];

	return sshd_said_value(said, key, value, sizeof(value)) && strcmp(value, "none") != 0;
}

enum enable_keys enable_keys(const char *said, const char *user, char *files, size_t size)
{
	const struct passwd *pw = getpwnam(user);
	enum enable_keys found;
	struct owner o;

	if (!sshd_said_value(said, "authorizedkeysfile", files, size))
		(void)snprintf(files, size, "none");
	if (pw == NULL)
		return ENABLE_KEYS_NONE;
	o = (struct owner){.uid = pw->pw_uid, .gid = pw->pw_gid,
	    .strict = sshd_said_yes(said, "strictmodes")};
	(void)snprintf(o.name, sizeof(o.name), "%s", user);
	(void)snprintf(o.home, sizeof(o.home), "%s", pw->pw_dir);
	found = strcmp(files, "none") == 0 ? ENABLE_KEYS_NONE : keys_of(&o, files);
	if (found == ENABLE_KEYS_NONE && (is_set(said, "authorizedkeyscommand") ||
	    is_set(said, "trustedusercakeys")))
		return ENABLE_KEYS_UNKNOWN;
	return found;
}
