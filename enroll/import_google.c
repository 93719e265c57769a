/*
 * import_google: the files of google-authenticator: the secret in base32, options
 * (`" NAME VALUE`), scratch codes of 8 digits.
 *
 * They lie in their users' hands: root opens them below the open home directory,
 * through no link, and only what is the user's own or root's is read, up to a bound.
 */
#include "enroll/import_run.h"

#include "enroll/language.h"
#include "lib/core/secret.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME ".google_authenticator"
#define OPEN (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
#define SCRATCH_DIGITS 8
#define FAR_AHEAD 100 /* steps: more than any window of google-authenticator takes */

struct span {
	const char *at;
	size_t len;
};

static bool next_line(const char **rest, const char *end, struct span *line)
{
	const char *stop;

	if (*rest >= end)
		return false;
	stop = memchr(*rest, '\n', (size_t)(end - *rest));
	line->at = *rest;
	line->len = (size_t)((stop != NULL ? stop : end) - *rest);
	*rest = stop != NULL ? stop + 1 : end;
	if (line->len > 0 && line->at[line->len - 1] == '\r')
		line->len--;
	return true;
}

static bool is_scratch_code(struct span line)
{
	size_t n = 0;

	while (n < line.len && line.at[n] >= '0' && line.at[n] <= '9')
		n++;
	return n == line.len && n == SCRATCH_DIGITS;
}

/* What stands behind `" NAME`; at NULL: it is another line. */
static struct span option(struct span line, const char *name)
{
	size_t n = strlen(name);
	struct span none = {NULL, 0};

	if (line.len < n + 2 || memcmp(line.at, "\" ", 2) != 0 || memcmp(line.at + 2, name, n) != 0)
		return none;
	line.at += n + 2;
	line.len -= n + 2;
	if (line.len > 0 && line.at[0] != ' ')
		return none;
	while (line.len > 0 && line.at[0] == ' ')
		line.at++, line.len--;
	return line;
}

static int read_step(struct span value, struct record_device *d, struct err *e)
{
	unsigned n = 0;

	for (size_t i = 0; i < value.len && n < 1000; i++)
		n = value.at[i] >= '0' && value.at[i] <= '9' ? n * 10 + (unsigned)(value.at[i] - '0') :
		    1000;
	if (n < 15 || n > 120)
		return err_set(e, ERR_REFUSED, "STEP_SIZE is not 15 to 120 (seconds)");
	d->period = (uint8_t)n;
	return 0;
}

/* The number at the beginning of *value, which goes behind it and its blanks. */
static bool take_number(struct span *value, uint64_t *n)
{
	size_t digits = 0;

	*n = 0;
	while (digits < value->len && value->at[digits] >= '0' && value->at[digits] <= '9' &&
	    *n < UINT64_C(1) << 48)
		*n = *n * 10 + (uint64_t)(value->at[digits++] - '0');
	value->at += digits;
	value->len -= digits;
	if (digits == 0 || (value->len > 0 && value->at[0] != ' '))
		return false;
	while (value->len > 0 && value->at[0] == ' ')
		value->at++, value->len--;
	return true;
}

/* The time steps of codes that were taken lately; behind the greatest, none was. */
static int read_reuse(struct span value, long line, struct import_google_file *f, struct err *e)
{
	uint64_t step;

	f->used.known = true;
	f->used_line = line;
	while (value.len > 0) {
		if (!take_number(&value, &step))
			return err_set(e, ERR_SYNTAX, "line %ld: behind DISALLOW_REUSE is something else "
			    "than numbers", line);
		if (step > f->used.step)
			f->used.step = step;
	}
	return 0;
}

static int read_skew(struct span value, long line, struct import_google_file *f, struct err *e)
{
	const bool behind = value.len > 0 && value.at[0] == '-';
	uint64_t n;

	if (behind)
		value.at++, value.len--;
	if (!take_number(&value, &n) || value.len > 0 || n > 1000000)
		return err_set(e, ERR_SYNTAX, "line %ld: behind TIME_SKEW is no number of time steps",
		    line);
	f->skew = behind ? -(int)n : (int)n;
	f->skew_line = line;
	return 0;
}

static int read_option(struct span line, long number, struct import_google_file *f, struct err *e)
{
	struct span value;
	int r = 0;

	if (option(line, "HOTP_COUNTER").at != NULL)
		return err_set(e, ERR_REFUSED, "counts events (HOTP_COUNTER), which is not taken");
	if ((value = option(line, "STEP_SIZE")).at != NULL)
		r = read_step(value, &f->device, e);
	else if ((value = option(line, "DISALLOW_REUSE")).at != NULL)
		r = read_reuse(value, number, f, e);
	else if ((value = option(line, "TIME_SKEW")).at != NULL)
		r = read_skew(value, number, f, e);
	f->scratch_codes += is_scratch_code(line) ? 1 : 0;
	return r;
}

int import_google_parse(const char *text, size_t len, struct import_google_file *f,
    struct err *e)
{
	const char *rest = text, *end = text + len;
	struct span line = {text, 0};
	bool timed = false;
	int r;

	memset(f, 0, sizeof(*f));
	f->device.algorithm = RECORD_SHA1;
	f->device.digits = 6;
	f->device.period = 30;
	if (memchr(text, '\0', len) != NULL || !next_line(&rest, end, &line))
		return err_set(e, ERR_SYNTAX, "is empty or holds a NUL byte");
	if ((r = otpauth_take_secret(&(struct otpauth_secret){_("line 1"), line.at, line.len, false},
	    &f->device, e)) != 0)
		return r;
	for (long number = 2; next_line(&rest, end, &line); number++) {
		timed = timed || option(line, "TOTP_AUTH").at != NULL;
		if ((r = read_option(line, number, f, e)) != 0)
			return r;
	}
	return timed ? 0 : err_set(e, ERR_REFUSED, "is not time-based (no TOTP_AUTH)");
}

/* Whose file it may be. */
struct owner {
	bool known;
	uid_t uid;
};

static int check_file(int fd, const struct owner *o, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(e, "cannot be looked at");
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_UNSAFE, "is not a regular file");
	if (st.st_uid != 0 && (!o->known || st.st_uid != o->uid))
		return err_set(e, ERR_UNSAFE, "belongs to uid %u, neither the user's nor root's",
		    (unsigned)st.st_uid);
	if (st.st_nlink != 1)
		return err_set(e, ERR_UNSAFE, "has %lu links instead of 1",
		    (unsigned long)st.st_nlink);
	if ((st.st_mode & 077) != 0)
		return err_set(e, ERR_UNSAFE, "mode %04o lets others at the secret; enrol anew, or "
		    "chmod 0600 it", (unsigned)(st.st_mode & 07777));
	return 0;
}

static int read_file(int fd, char text[IMPORT_TEXT], size_t *len, struct err *e)
{
	*len = 0;
	for (;;) {
		ssize_t n = read(fd, text + *len, IMPORT_TEXT - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, "cannot be read");
		*len += (size_t)n;
		if (n == 0)
			return 0;
		if (*len == IMPORT_TEXT)
			return err_set(e, ERR_SYNTAX, "is longer than %d bytes", IMPORT_TEXT - 1);
	}
}

/* What is wrong with one file stops nobody else's. */
static void refuse(struct import_run *r, const char *user, const struct err *why)
{
	char reason[ERR_TEXT_MAX + USERKEY_NAME_MAX + 32];

	(void)snprintf(reason, sizeof(reason), _("%s: .google_authenticator %s"), user, why->text);
	import_refuse(r, 0, reason);
}

/* A phone whose clock is off shows codes that the old module had learnt to expect. */
static int judge_times(const struct import_run *r, const struct import_google_file *f,
    struct err *e)
{
	const int window = r->job->conf->window, period = f->device.period;
	const int off = f->skew < 0 ? -f->skew : f->skew;

	if (off > window)
		return err_set(e, ERR_REFUSED, "line %ld: TIME_SKEW %d says that the clock of the phone "
		    "is %d seconds off, and `window = %d` allows %d; set the phone's clock and remove "
		    "the line", f->skew_line, f->skew, off * period, window, window * period);
	if (f->used.step > otp_step(import_now(r), period) + FAR_AHEAD)
		return err_set(e, ERR_REFUSED, "line %ld: DISALLOW_REUSE names a time step that is far "
		    "ahead of this machine's clock; set the clock, or remove the line", f->used_line);
	return 0;
}

static void warn_of_skew(struct import_run *r, const char *user,
    const struct import_google_file *f)
{
	char text[USERKEY_NAME_MAX + 256];

	(void)snprintf(text, sizeof(text), _("%s: .google_authenticator line %ld: TIME_SKEW %d "
	    "says that the clock of the phone is %d seconds off, which the window just allows; set "
	    "it"), user,
	    f->skew_line, f->skew, (f->skew < 0 ? -f->skew : f->skew) * f->device.period);
	r->job->note(r->job->ctx, IMPORT_WARNED, 0, text);
}

static int read_google(struct import_run *r, int fd, struct import_google_file *f, struct err *e)
{
	size_t len;
	int code;

	memset(f, 0, sizeof(*f));
	if ((code = read_file(fd, r->w->text, &len, e)) != 0 ||
	    (code = import_google_parse(r->w->text, len, f, e)) != 0)
		return code;
	return judge_times(r, f, e);
}

/* The open file of one user. */
static int take(struct import_run *r, int fd, const char *user, struct err *e)
{
	struct otpauth *o = &r->w->entry;
	struct import_google_file *f = &r->w->google;
	struct err why = {0};
	long left_out = r->res->skipped + r->res->refused, kept = r->res->kept;
	int code;

	memset(o, 0, sizeof(*o));
	if (read_google(r, fd, f, &why) != 0) {
		refuse(r, user, &why);
		return 0;
	}
	o->device = f->device;
	r->w->used = f->used;
	if (strlen(user) > USERKEY_NAME_MAX) {
		import_refuse(r, 0, _("the user name is too long"));
		return 0;
	}
	(void)snprintf(o->user, sizeof(o->user), "%s", user);
	code = import_take(r, 0, e);
	if (r->res->skipped + r->res->refused != left_out)
		return code;
	if (f->skew != 0)
		warn_of_skew(r, user, f);
	if (r->res->kept == kept)
		r->res->scratch_codes += f->scratch_codes;
	return code;
}

/* fd: as open() gave it. */
static int take_opened(struct import_run *r, int fd, const char *user, const struct owner *o,
    struct err *e)
{
	struct err why = {0};
	int code = 0;

	r->res->lines++;
	if (fd < 0 && errno == ELOOP)
		(void)err_set(&why, ERR_UNSAFE, "is a symbolic link");
	else if (fd < 0)
		(void)err_errno(&why, "cannot be opened");
	else
		(void)check_file(fd, o, &why);
	if (why.code != 0)
		refuse(r, user, &why);
	else
		code = take(r, fd, user, e);
	if (fd >= 0)
		(void)close(fd);
	return code;
}

/* Whether there is anything to refuse behind what is no directory of its own. */
static bool has_file(int dir, const char *name)
{
	char path[NAME_MAX + sizeof(FILE_NAME) + 2];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/" FILE_NAME, name);
	return fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int take_home(struct import_run *r, int dir, const char *name, bool wanted,
    struct err *e)
{
	int home = openat(dir, name, OPEN | O_DIRECTORY), fd, number, code = 0;
	struct err why = {0};
	struct owner o = {.known = true};
	struct stat st = {0};

	if (home < 0 && (wanted || (errno != ENOTDIR && errno != ELOOP) || has_file(dir, name))) {
		r->res->lines++;
		if (errno == ENOTDIR || errno == ELOOP)
			(void)err_set(&why, ERR_UNSAFE, "cannot be reached: the home is a link or no "
			    "directory");
		else
			(void)err_set(&why, ERR_UNSAFE, "cannot be reached: %s", strerror(errno));
		refuse(r, name, &why);
	}
	if (home < 0)
		return 0;
	fd = openat(home, FILE_NAME, OPEN);
	number = errno;
	o.known = fstat(home, &st) == 0;
	o.uid = st.st_uid;
	errno = number;
	if (fd >= 0 || number != ENOENT || wanted)
		code = take_opened(r, fd, name, &o, e);
	(void)close(home);
	return code;
}

static int is_name(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int take_homes(struct import_run *r, int dir, struct err *e)
{
	struct dirent **list;
	int n = scandirat(dir, ".", &list, is_name, alphasort), code = 0;

	if (n < 0)
		return err_errno(e, "%s", r->job->name);
	for (int i = 0; i < n; i++) {
		if (code == 0)
			code = take_home(r, dir, list[i]->d_name, false, e);
		free(list[i]);
	}
	free(list);
	return code;
}

/* The names in it become users, so only root may have put them there. */
static int check_homes(int dir, const struct import_google *g, struct err *e)
{
	struct stat st;

	if (fstat(dir, &st) != 0)
		return err_errno(e, "%s", g->path);
	if (st.st_uid != 0 || (st.st_mode & 022) != 0)
		return err_set(e, ERR_UNSAFE, "%s: is not root's alone to write, so its names may be "
		    "anybody's; give one user's file, with --user", g->path);
	if (g->user != NULL && (g->user[0] == '.' || strchr(g->user, '/') != NULL))
		return err_set(e, ERR_SYNTAX, "--user: is no directory's name in %s", g->path);
	return 0;
}

static int take_path(struct import_run *r, const struct import_google *g, struct err *e)
{
	int dir = open(g->path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC), code;
	const struct owner o = {g->account, g->uid};

	if (dir >= 0) {
		if ((code = check_homes(dir, g, e)) == 0)
			code = g->user != NULL ? take_home(r, dir, g->user, true, e) :
			    take_homes(r, dir, e);
		(void)close(dir);
		return code;
	}
	if (errno != ENOTDIR)
		return err_errno(e, "%s", g->path);
	if (g->user == NULL)
		return err_set(e, ERR_SYNTAX, "%s: whose file is it? Say --user", g->path);
	return take_opened(r, open(g->path, OPEN), g->user, &o, e);
}

int import_google(const struct import *job, const struct import_google *g,
    struct import_result *res, struct err *e)
{
	struct import_run r;
	int code = import_begin(&r, job, res, e);

	if (code == 0 && g->path != NULL) {
		code = take_path(&r, g, e);
	} else if (code == 0) {
		res->lines = 1;
		code = take(&r, fileno(job->in), g->user, e);
	}
	return import_end(&r, code, e);
}
