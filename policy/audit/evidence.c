#include "policy/audit/evidence.h"

#include "enroll/language.h"
#include "lib/core/crypto.h"
#include "policy/audit/people.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUMS "SHA256SUMS"
#define BESIDE ".XXXXXX" /* mkdtemp() makes a name of it that nobody can foresee */

struct work {
	struct evidence *v;
	int dir;            /* the directory that is being made */
	struct buffer sums; /* text of SHA256SUMS so far */
	struct err *e;
};

/* ---- one file ---- */

static int sum_of(int fd, char sum[EVIDENCE_SUM], struct err *e)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	unsigned char md[EVP_MAX_MD_SIZE], block[4096];
	bool ok = c != NULL && EVP_DigestInit_ex(c, crypto_sha256(), NULL) == 1;
	off_t at = 0;
	ssize_t n = 1;

	while (ok && n > 0) {
		n = pread(fd, block, sizeof(block), at);
		ok = n >= 0 && EVP_DigestUpdate(c, block, (size_t)n) == 1;
		at += n;
	}
	ok = ok && EVP_DigestFinal_ex(c, md, NULL) == 1;
	EVP_MD_CTX_free(c);
	for (size_t i = 0; ok && i < 32; i++)
		(void)snprintf(sum + 2 * i, 3, "%02x", md[i]);
	return ok ? 0 : err_set(e, ERR_SYSTEM, "SHA-256 fails");
}

/* Writes, syncs and sums it up; print may refuse. */
static int put(struct work *w, const char *name, char sum[EVIDENCE_SUM],
    int (*print)(struct work *w, const void *arg, FILE *out), const void *arg)
{
	const int fd = openat(w->dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
	int r;

	if (out == NULL) {
		r = err_errno(w->e, "%s", name);
		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	errno = 0;
	r = print(w, arg, out);
	if (r == 0 && (fflush(out) != 0 || ferror(out) != 0 || fsync(fd) != 0))
		r = err_errno(w->e, "%s: write", name);
	if (r == 0)
		r = sum_of(fd, sum, w->e);
	if (fclose(out) != 0 && r == 0)
		r = err_errno(w->e, "%s: write", name);
	return r;
}

static int add(struct work *w, const char *name,
    int (*print)(struct work *w, const void *arg, FILE *out), const void *arg)
{
	char sum[EVIDENCE_SUM] = "";
	const int r = put(w, name, sum, print, arg);

	if (r == 0)
		buffer_format(&w->sums, "%s  %s\n", sum, name);
	return r;
}

/* ---- what is in them ---- */

static int print_report(struct work *w, const void *arg, FILE *out)
{
	const enum report_format f = *(const enum report_format *)arg;

	language_speak_english(report_is_for_machines(f));
	report_print(report_is_for_machines(f) ? w->v->machines : w->v->people, f, out);
	language_speak_english(false);
	return 0;
}

static int print_facts(struct work *w, const void *arg, FILE *out)
{
	(void)arg;
	return facts_write(w->v->machines->facts, out, w->e);
}

static int print_people(struct work *w, const void *arg, FILE *out)
{
	(void)w;
	people_csv(arg, out);
	return 0;
}

static int print_sums(struct work *w, const void *arg, FILE *out)
{
	(void)arg;
	if (w->sums.failed)
		return err_set(w->e, ERR_SYSTEM, "out of memory");
	(void)fputs(buffer_string(&w->sums), out);
	return 0;
}

static void print_value(FILE *out, const char *key, const char *value)
{
	(void)fprintf(out, "%s: ", key);
	report_plain(out, value, 2);
	(void)putc('\n', out);
}

static int print_about(struct work *w, const void *arg, FILE *out)
{
	const struct report *r = w->v->machines;
	const struct audit *a = r->audit;
	char time[REPORT_TIME];

	(void)arg;
	report_time_text(report_time(r), time);
	print_value(out, "host", report_host(r));
	print_value(out, "instance", facts_string(r->facts, "host", "instance"));
	print_value(out, "kernel", facts_string(r->facts, "host", "kernel"));
	(void)fprintf(out, "time: %s\nprogram: bastionctl " PB_VERSION "\n", time);
	(void)fprintf(out, "checks: %zu\nFAIL: %zu\nERROR: %zu\nWARN: %zu\nSKIP: %zu\nINFO: %zu\n"
	    "PASS: %zu\nmuted: %zu\n", a->count, audit_count(a, AUDIT_FAIL),
	    audit_count(a, AUDIT_ERROR), audit_count(a, AUDIT_WARN), audit_count(a, AUDIT_SKIP),
	    audit_count(a, AUDIT_INFO), audit_count(a, AUDIT_PASS), audit_muted(a));
	return 0;
}

static int write_people(struct work *w)
{
	struct people p = {.count = 0};
	int r = 0;

	people_of(&p, w->v->machines->facts, report_time(w->v->machines));
	if (p.failed)
		r = err_set(w->e, ERR_SYSTEM, "out of memory");
	else if (p.enrolment)
		r = add(w, "enrolment.csv", print_people, &p);
	people_free(&p);
	return r;
}

static int write_all(struct work *w)
{
	static const struct { const char *name; enum report_format format; } reports[] = {
	    {"report.txt", REPORT_TEXT}, {"report.html", REPORT_HTML}, {"report.json", REPORT_JSON},
	    {"report.csv", REPORT_CSV}, {"report.ocsf.json", REPORT_OCSF},
	    {"report.asff.json", REPORT_ASFF}};
	int r = add(w, "about.txt", print_about, NULL);

	for (size_t i = 0; r == 0 && i < sizeof(reports) / sizeof(reports[0]); i++)
		r = add(w, reports[i].name, print_report, &reports[i].format);
	if (r == 0)
		r = add(w, "facts.txt", print_facts, NULL);
	if (r == 0)
		r = write_people(w);
	if (r == 0)
		r = put(w, SUMS, w->v->sum, print_sums, NULL);
	if (r == 0 && fsync(w->dir) != 0)
		r = err_errno(w->e, "%s", SUMS);
	return r;
}

/* ---- the directory ---- */

/* Nothing is there yet, or an empty directory. */
static int look_at_place(const char *dir, struct err *e)
{
	const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	int r = 0;

	if (d == NULL) {
		r = errno == ENOENT ? 0 : errno == ENOTDIR || errno == ELOOP ?
		    err_set(e, ERR_CONFLICT, "%s: it is there, and no directory", dir) :
		    err_errno(e, "%s", dir);
		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	while (r == 0 && (entry = readdir(d)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = err_set(e, ERR_CONFLICT, "%s: the directory is not empty", dir);
	(void)closedir(d);
	return r;
}

/* Takes away what was begun: files alone are in it. */
static void clear(int dir, const char *path)
{
	const int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL)
		(void)unlinkat(dir, entry->d_name, 0);
	if (d != NULL)
		(void)closedir(d);
	else if (fd >= 0)
		(void)close(fd);
	(void)rmdir(path);
}

static int sync_parent(const char *path, struct err *e)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd, r = 0;

	(void)snprintf(parent, sizeof(parent), "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
	    slash == NULL ? "." : path);
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		r = err_errno(e, "%s: it is in place, but may not stay: sync", path);
	if (fd >= 0)
		(void)close(fd);
	return r;
}

/* The path without slashes at its end.  0, or ERR_SYNTAX. */
static int trim(const char *dir, char path[PATH_MAX], struct err *e)
{
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	if (n + sizeof(BESIDE) > PATH_MAX)
		return err_set(e, ERR_SYNTAX, "%.80s...: the path is too long", dir);
	(void)snprintf(path, PATH_MAX, "%.*s", (int)n, dir);
	return 0;
}

int evidence_write(struct evidence *v, const char *dir, struct err *e)
{
	char path[PATH_MAX], beside[PATH_MAX];
	struct work w = {.v = v, .dir = -1, .e = e};
	int r = trim(dir, path, e);

	if (r != 0 || (r = look_at_place(path, e)) != 0)
		return r;
	(void)snprintf(beside, sizeof(beside), "%.*s" BESIDE, (int)(PATH_MAX - sizeof(BESIDE)), path);
	if (mkdtemp(beside) == NULL)
		return err_errno(e, "%s", path);
	if ((w.dir = open(beside, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0) {
		r = err_errno(e, "%s", path);
		(void)rmdir(beside);
		return r;
	}
	r = write_all(&w);
	buffer_free(&w.sums);
	if (r == 0 && rename(beside, path) != 0)
		r = errno == ENOTEMPTY || errno == EEXIST ?
		    err_set(e, ERR_CONFLICT, "%s: the directory is not empty", path) :
		    err_errno(e, "%s", path);
	if (r != 0)
		clear(w.dir, beside);
	else
		r = sync_parent(path, e);
	(void)close(w.dir);
	return r;
}

static int write_facts(struct facts *f, int fd, const char *path, struct err *e)
{
	FILE *out = fdopen(fd, "w");
	int r;

	if (out == NULL) {
		r = err_errno(e, "%s", path);
		(void)close(fd);
		return r;
	}
	r = facts_write(f, out, e);
	if (r == 0 && fsync(fd) != 0)
		r = err_errno(e, "%s", path);
	if (fclose(out) != 0 && r == 0)
		r = err_errno(e, "%s", path);
	return r;
}

int evidence_save_facts(struct facts *f, const char *path, struct err *e)
{
	char beside[PATH_MAX];
	struct stat st;
	int fd, r;

	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(e, ERR_UNSAFE, "%s: it is there, and no file", path);
	if (snprintf(beside, sizeof(beside), "%s" BESIDE, path) >= (int)sizeof(beside))
		return err_set(e, ERR_SYNTAX, "%.80s...: the path is too long", path);
	if ((fd = mkostemp(beside, O_CLOEXEC)) < 0)
		return err_errno(e, "%s", path);
	r = write_facts(f, fd, path, e);
	if (r == 0 && rename(beside, path) != 0)
		r = err_errno(e, "%s", path);
	if (r != 0)
		(void)unlink(beside);
	else
		r = sync_parent(path, e);
	return r;
}
