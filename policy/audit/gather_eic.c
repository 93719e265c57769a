#include "policy/audit/gather.h"

#include "policy/audit/eic.h"
#include "policy/audit/sshd_args.h"
#include "policy/audit/sshd_lines.h"
#include "policy/audit/sshd_source.h"
#include "policy/audit/unit.h"
#include "policy/buffer.h"
#include "policy/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define DPKG "/usr/bin/dpkg-query"
#define RPM "/usr/bin/rpm"
#define READ_MOST ((size_t)64 << 20)

/* ---- scripts ---- */

static bool hash_file(const char *path, char hex[65])
{
	unsigned char part[8192], digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	unsigned n = 0;
	ssize_t len = -1;
	bool done = fd >= 0 && ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

	while (done && (len = read(fd, part, sizeof(part))) > 0)
		done = EVP_DigestUpdate(ctx, part, (size_t)len) == 1;
	done = done && len == 0 && EVP_DigestFinal_ex(ctx, digest, &n) == 1;
	for (unsigned i = 0; done && i < n && i < 32; i++)
		(void)snprintf(hex + 2 * (size_t)i, 3, "%02x", digest[i]);
	if (fd >= 0)
		(void)close(fd);
	EVP_MD_CTX_free(ctx);
	return done;
}

/* The package that it belongs to, "" for none. */
static void find_owner(const char *path, char *owner, size_t size)
{
	const char *const dpkg[] = {DPKG, "-S", path, NULL};
	const char *const rpm[] = {RPM, "-qf", "--qf", "%{NAME}\\n", path, NULL};
	struct run_said said = {{0}, {0}};
	int status = 0;

	owner[0] = '\0';
	if (run_program(dpkg, &said, &status, NULL) == 0 && status == 0)
		(void)snprintf(owner, size, "%.*s", (int)strcspn(buffer_string(&said.out), ":\n"),
		    buffer_string(&said.out));
	run_free(&said);
	if (owner[0] != '\0')
		return;
	if (run_program(rpm, &said, &status, NULL) == 0 && status == 0)
		(void)snprintf(owner, size, "%.*s", (int)strcspn(buffer_string(&said.out), "\n"),
		    buffer_string(&said.out));
	run_free(&said);
}

static void gather_script(struct facts *f, const char *path)
{
	char hex[65] = "cannot be read", owner[200];

	gather_file(f, path, false);
	if (facts_get(f, "meta", path)->is != FACT_TEXT)
		return;
	(void)hash_file(path, hex);
	find_owner(path, owner, sizeof(owner));
	facts_format(f, "script", path, "sha256 %s\npackage %s\n%s", hex,
	    owner[0] != '\0' ? owner : "-", access(path, X_OK) == 0 ? "executable" : "");
}

/* ---- files of which only one line is a fact ---- */

/* A file in pieces: lines, or what of a long one fits, with the end of the piece before. */
struct pieces {
	FILE *in;
	char text[2048];
	size_t line, read; /* bytes */
	bool goes_on;      /* the line has more */
	bool comment;
};

#define OVERLAP 64 /* longer than any name of it */

/* A NUL is as good as the end of a line: it may be a program. */
static bool next_piece(struct pieces *p)
{
	size_t n = 0;
	int c = 0;

	if (p->goes_on) {
		n = OVERLAP;
		memmove(p->text, p->text + sizeof(p->text) - 1 - OVERLAP, OVERLAP);
	} else {
		p->line++;
	}
	while (n < sizeof(p->text) - 1 && (c = getc_unlocked(p->in)) != EOF && c != '\n' && c != '\0') {
		p->text[n++] = (char)c;
		p->read++;
	}
	p->text[n] = '\0';
	if (!p->goes_on)
		p->comment = p->text[strspn(p->text, " \t")] == '#';
	p->line -= c == '\0' && !p->goes_on;
	p->goes_on = n == sizeof(p->text) - 1;
	return c != EOF || n > 0;
}

/* A fifo that nobody writes must not stop the audit. */
static FILE *open_regular(const char *path, const char **why)
{
	const int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	FILE *in = NULL;
	struct stat st;

	*why = NULL;
	if (fd < 0)
		*why = errno == ENOENT || errno == ENOTDIR ? NULL : strerror(errno);
	else if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		*why = "no regular file";
	else if ((in = fdopen(fd, "r")) == NULL)
		*why = strerror(errno);
	if (fd >= 0 && in == NULL)
		(void)close(fd);
	return in;
}

/* Notes the first line that names it, `eic-in PATH` "LINE: text": the rest may be secret. */
static void look_into(struct facts *f, const char *path)
{
	struct pieces p = {.line = 0};
	const char *why = NULL;
	bool found = false, more = true;

	if ((p.in = open_regular(path, &why)) == NULL) {
		if (why != NULL)
			facts_trouble(f, "eic-in", path, why);
		else
			facts_none(f, "eic-in", path);
		return;
	}
	while (!found && p.read < READ_MOST && (more = next_piece(&p)))
		found = !p.comment && eic_is_named(p.text);
	if (found)
		facts_format(f, "eic-in", path, "%zu: %.300s", p.line, p.text + strspn(p.text, " \t"));
	else if (more || ferror(p.in))
		facts_trouble(f, "eic-in", path, more ? "too long" : "it cannot be read");
	else
		facts_none(f, "eic-in", path);
	(void)fclose(p.in);
}

static int take_program(void *ctx, const char *value)
{
	char path[PATH_MAX];

	if (sshd_lines_word(&value, path, sizeof(path)) && path[0] == '/' && !eic_is_named(path))
		buffer_format(ctx, "%s\n", path);
	return 0;
}

static bool is_command(const char *key, size_t n)
{
	return (n == 21 && strncasecmp(key, "AuthorizedKeysCommand", n) == 0) ||
	    (n == 27 && strncasecmp(key, "AuthorizedPrincipalsCommand", n) == 0);
}

static int take_line(void *ctx, const struct sshd_line *l)
{
	return is_command(l->key, strlen(l->key)) ? take_program(ctx, l->value) : 0;
}

static int take_arg(void *ctx, const struct sshd_arg *a)
{
	const char *value;

	if (a->letter == 'o' && is_command(a->value, sshd_args_key(a->value, &value)))
		return take_program(ctx, value);
	return 0;
}

static void pass_over(void *ctx, const char *kind, const char *name)
{
	(void)ctx, (void)kind, (void)name;
}

/* Programs of other names that may call it: an own AuthorizedKeysCommand, an own sshd. */
static void look_into_programs(struct facts *f)
{
	struct buffer list = {0};
	const struct sshd_lines l = {f, take_line, pass_over, &list};
	struct sshd_sources *all = sshd_sources(f);

	(void)sshd_lines(&l, SSHD_LINES_MAIN);
	for (size_t i = 0; all != NULL && !all->failed && i < all->count; i++) {
		const struct sshd_source *s = &all->item[i];

		if (strcmp(s->main, SSHD_LINES_MAIN) != 0)
			(void)sshd_lines(&l, s->main);
		for (size_t k = 1; k < s->words; k += 2)
			(void)take_arg(&list, &(struct sshd_arg){.letter = s->word[k - 1][1],
			    .value = s->word[k]});
	}
	f->failed = f->failed || all == NULL;
	sshd_sources_free(all);
	for (size_t i = 0; unit_sshd(i) != NULL; i++) {
		struct unit u;

		if (unit_merge(f, unit_sshd(i), &u) != 0)
			f->failed = true;
		for (size_t k = 0; k < u.commands; k++) {
			if (sshd_args_is(&u.command[k]))
				(void)sshd_args(&u.command[k], take_arg, &list);
			else if (u.command[k].count > 0)
				(void)take_program(&list, u.command[k].word[0].text);
		}
		unit_free(&u);
	}
	for (char *save = NULL, *path = strtok_r(list.data != NULL ? list.data : (char[]){""}, "\n",
	    &save); path != NULL; path = strtok_r(NULL, "\n", &save))
		look_into(f, path);
	f->failed = f->failed || list.failed;
	buffer_free(&list);
}

/* Those of a directory whose names end in suffix; `dir PATH` is a fact, too. */
static void look_into_all(struct facts *f, const char *dir, const char *suffix)
{
	struct buffer list = {0};
	const struct dirent *entry;
	DIR *d = opendir(dir);

	while (d != NULL && (entry = readdir(d)) != NULL) {
		const size_t n = strlen(entry->d_name), m = strlen(suffix);

		if (entry->d_name[0] != '.' && n >= m && strcmp(entry->d_name + n - m, suffix) == 0)
			buffer_format(&list, "%s/%s\n", dir, entry->d_name);
	}
	if (d != NULL)
		(void)closedir(d);
	for (char *save = NULL, *path = strtok_r(list.data != NULL ? list.data : (char[]){""}, "\n",
	    &save); path != NULL; path = strtok_r(NULL, "\n", &save))
		look_into(f, path);
	f->failed = f->failed || list.failed;
	buffer_free(&list);
}

/* ---- leftovers ---- */

/* A mask keeps it off, and is no leftover. */
static bool is_masked(const char *path)
{
	char target[16];
	const ssize_t n = readlink(path, target, sizeof(target));

	return n == 9 && memcmp(target, "/dev/null", 9) == 0;
}

static void note_leftover(struct facts *f, const char *path)
{
	struct stat st;
	const bool dir = lstat(path, &st) == 0 && S_ISDIR(st.st_mode);

	facts_text(f, "leftover", path, "dir", dir ? 3 : 0);
}

/* Notes `leftover PATH` for what is in a directory and has its name. */
static void find_leftovers(struct facts *f, const char *dir, int depth)
{
	const struct dirent *entry;
	DIR *d = opendir(dir);
	int left = 4096;

	while (d != NULL && (entry = readdir(d)) != NULL && left-- > 0) {
		const char *name = entry->d_name, *end = strrchr(name, '.');
		char path[PATH_MAX];
		struct stat st;

		if (name[0] == '.' || snprintf(path, sizeof(path), "%s/%s", dir, name) >= PATH_MAX ||
		    is_masked(path))
			continue;
		if (strncmp(name, EIC_NAME, sizeof(EIC_NAME) - 1) == 0 ||
		    strstr(name, "-" EIC_NAME) != NULL)
			note_leftover(f, path);
		else if (depth > 0 && (end == NULL || strcmp(end, ".wants") == 0 ||
		    strcmp(end, ".requires") == 0) && lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
			find_leftovers(f, path, depth - 1);
	}
	if (d != NULL)
		(void)closedir(d);
}

static void gather_leftovers(struct facts *f)
{
	static const char *const others[] = {"/etc/systemd/system-preset", "/run/systemd/system-preset",
	    "/usr/local/lib/systemd/system-preset", "/usr/lib/systemd/system-preset",
	    "/usr/share/selinux/packages", "/etc/selinux/targeted/active/modules"};
	const struct passwd *pw = getpwnam(EIC_NAME);

	for (size_t i = 0; unit_dir(i) != NULL; i++)
		if (strncmp(unit_dir(i), "/lib/", 5) != 0 ||
		    strncmp(facts_string(f, "meta", "/lib"), "link ", 5) != 0)
			find_leftovers(f, unit_dir(i), 1);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		find_leftovers(f, others[i], 1);
	/* STORE/active/modules/PRIORITY/NAME */
	find_leftovers(f, "/var/lib/selinux/targeted/active/modules", 1);
	if (pw != NULL)
		facts_format(f, "account", EIC_NAME, "uid=%u gid=%u shell=%s home=%s",
		    (unsigned)pw->pw_uid, (unsigned)pw->pw_gid, pw->pw_shell, pw->pw_dir);
	else
		facts_none(f, "account", EIC_NAME);
	facts_text(f, "leftovers", EIC_NAME, "", 0); /* all were looked for */
}

/* ---- whether it would come back ---- */

/* Of dnf's configuration, which may have a proxy's password, the lines of excludes alone:
 * `dnf-exclude PATH`. */
static void note_excludes(struct facts *f, const char *path)
{
	FILE *in = fopen(path, "re");
	struct buffer b = {0};
	char line[4096];
	bool in_one = false;

	if (in == NULL && (errno == ENOENT || errno == ENOTDIR))
		facts_none(f, "dnf-exclude", path);
	else if (in == NULL)
		facts_trouble(f, "dnf-exclude", path, strerror(errno));
	for (int i = 0; in != NULL && i < 4096 && fgets(line, sizeof(line), in) != NULL; i++) {
		/* What begins with a blank goes on with the line above. */
		if (line[0] != ' ' && line[0] != '\t')
			in_one = strncmp(line, "exclude", 7) == 0;
		if (in_one)
			buffer_text(&b, line);
	}
	if (in != NULL) {
		(void)fclose(in);
		facts_text(f, "dnf-exclude", path, buffer_string(&b), b.len);
	}
	f->failed = f->failed || b.failed;
	buffer_free(&b);
}

void gather_eic_return(struct facts *f)
{
	static const char *const dnf[] = {"/etc/dnf/dnf.conf", "/etc/yum.conf"};

	gather_file(f, "/etc/apt", false);
	gather_file(f, "/etc/apt/preferences", true);
	gather_dir(f, "/etc/apt/preferences.d", "");
	for (size_t i = 0; i < sizeof(dnf) / sizeof(dnf[0]); i++)
		note_excludes(f, dnf[i]);
	/* There may be passwords and keys in these. */
	look_into(f, "/etc/cloud/cloud.cfg");
	look_into_all(f, "/etc/cloud/cloud.cfg.d", ".cfg");
	look_into(f, "/var/lib/cloud/instance/user-data.txt");
	look_into(f, "/var/lib/cloud/instance/vendor-data.txt");
}

void gather_eic(struct facts *f)
{
	for (size_t i = 0; eic_script(i) != NULL; i++)
		gather_script(f, eic_script(i));
	look_into_programs(f);
	gather_leftovers(f);
	gather_eic_return(f);
	gather_eic_use(f);
}
