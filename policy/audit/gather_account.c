#include "policy/audit/gather.h"

#include "lib/core/secret.h"
#include "policy/audit/words.h"
#include "policy/buffer.h"
#include "policy/password/shadow.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a hash begins with. */
static const struct { const char *prefix, *name; } hashes[] = {{"$y$", "yescrypt"},
    {"$gy$", "gost-yescrypt"}, {"$7$", "scrypt"}, {"$2a$", "bcrypt"}, {"$2b$", "bcrypt"},
    {"$2x$", "bcrypt"}, {"$2y$", "bcrypt"}, {"$6$", "sha512"}, {"$5$", "sha256"},
    {"$sha1", "sha1"}, {"$1$", "md5"}, {"$md5", "md5"}, {"$3$", "nt"}, {"_", "des"}};

static const char *hash_kind(const char *field)
{
	if (field[0] == '\0')
		return "none";
	if (field[0] == '!')
		return "locked";
	if (field[0] == '*')
		return "star";
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (strncmp(field, hashes[i].prefix, strlen(hashes[i].prefix)) == 0)
			return hashes[i].name;
	return strlen(field) == 13 && strspn(field, "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz") == 13 ? "des" : "other";
}

/* "yes" when one of the usual places has a key of theirs, "no", or "unknown": a home of another
 * machine does not let root look. */
static const char *has_keys(const char *home)
{
	static const char *const names[] = {"authorized_keys", "authorized_keys2"};
	const char *has = "no";
	struct stat st;
	char path[PATH_MAX];

	for (int i = 0; i < 2; i++) {
		if (snprintf(path, sizeof(path), "%s/.ssh/%s", home, names[i]) >= (int)sizeof(path))
			has = "unknown";
		else if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
			return "yes";
		else if (access(path, F_OK) != 0 && errno != ENOENT && errno != ENOTDIR)
			has = "unknown";
	}
	return has;
}

static void add_word(struct buffer *b, const char *key, const char *value)
{
	char text[PATH_MAX];

	words_put(text, sizeof(text), value);
	buffer_format(b, "%s%s=%s", b->len > 0 ? " " : "", key, text);
}

static void add_days(struct buffer *b, const char *key, int64_t days)
{
	if (days != SHADOW_UNSET)
		buffer_format(b, " %s=%" PRId64, key, days);
}

/* entry holds a hash, of which the kind alone is noted. */
static void note_account(struct facts *f, const struct passwd *pw, struct shadow_entry *entry,
    bool homes)
{
	static const struct shadow_files files = {.passwd = NULL};
	struct buffer b = {0};
	struct err e = {0};

	if (shadow_read(&files, pw->pw_name, entry, &e) != 0) {
		facts_trouble(f, "account", pw->pw_name, e.text);
		return;
	}
	buffer_format(&b, "uid=%u gid=%u", (unsigned)pw->pw_uid, (unsigned)pw->pw_gid);
	add_word(&b, "shell", pw->pw_shell[0] != '\0' ? pw->pw_shell : "/bin/sh");
	add_word(&b, "home", pw->pw_dir);
	add_word(&b, "hash", hash_kind(entry->field));
	add_word(&b, "keys", homes ? has_keys(pw->pw_dir) : "unknown");
	add_days(&b, "last", entry->last);
	add_days(&b, "max", entry->max);
	add_days(&b, "warn", entry->warn);
	add_days(&b, "inactive", entry->inactive);
	add_days(&b, "expire", entry->expire);
	if (b.failed)
		f->failed = true;
	else
		facts_text(f, "account", pw->pw_name, b.data, b.len);
	buffer_free(&b);
}

/* Whether it is one: a name of NIS is not. */
static bool is_account(const struct passwd *pw)
{
	return pw->pw_name[0] != '\0' && strchr("+-#", pw->pw_name[0]) == NULL &&
	    strchr(pw->pw_name, '\n') == NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The first line of a name is the one that counts. */
static bool is_first(void **names, const char *name)
{
	char *copy = strdup(name);
	void *const *found = copy != NULL ? tsearch(copy, names, by_name) : NULL;

	if (found != NULL && *found == copy)
		return true;
	free(copy);
	return found == NULL;
}

/* How many there were. */
static size_t note_accounts(struct facts *f, FILE *in, struct shadow_entry *entry, bool homes)
{
	const struct passwd *pw;
	void *names = NULL;
	size_t n = 0;

	while (n < GATHER_ACCOUNTS && (pw = fgetpwent(in)) != NULL)
		if (is_account(pw) && is_first(&names, pw->pw_name)) {
			note_account(f, pw, entry, homes);
			n++;
		}
	tdestroy(names, free);
	return n;
}

void gather_account(struct facts *f, bool homes)
{
	FILE *in = fopen(SHADOW_PASSWD_PATH, "re");
	struct secret memory = {NULL, 0};
	size_t n;

	if (in == NULL || secret_new(&memory, sizeof(struct shadow_entry)) != 0) {
		facts_trouble(f, "accounts", "local", in == NULL ? strerror(errno) : "out of memory");
		if (in != NULL)
			(void)fclose(in);
		return;
	}
	n = note_accounts(f, in, (struct shadow_entry *)(void *)memory.data, homes);
	if (n == GATHER_ACCOUNTS)
		facts_trouble(f, "accounts", "local", "more of them than are looked at");
	else
		facts_format(f, "accounts", "local", "%zu", n);
	secret_free(&memory);
	(void)fclose(in);
	gather_file(f, "/etc/login.defs", true);
}
