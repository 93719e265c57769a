#include "policy/enable_files.h"

#include "policy/pamd.h"
#include "policy/pamd_stack.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BEGIN ENABLE_MARK_BEGIN
#define WAS "# pam-bastion: was: "
#define END ENABLE_MARK_END

#define CODE "auth       [success=1 ignore=ignore default=die]  " PAMD_OURS
#define RESERVE "auth       requisite    " PAMD_OURS "  reserve\n"
#define ACCOUNT "account    requisite    " PAMD_OURS
#define CLOSED "auth       requisite    pam_deny.so\nauth       required     pam_permit.so\n"

/* packaging/sshd_config.d/10-bastion-mfa.conf, settings only. */
static const char dropin_text[] =
    "# Put here by `bastionctl enable sshd`, taken out by `bastionctl disable sshd`.\n"
    "# What is to stay belongs outside these marks.\n"
    "UsePAM yes\n"
    "# The key, then what /etc/pam.d/sshd asks: the code.\n"
    "AuthenticationMethods publickey,keyboard-interactive:pam\n"
    "KbdInteractiveAuthentication yes\n"
    "# An answer typed as a password must not reach a PAM prompt.\n"
    "PasswordAuthentication no\n"
    "PermitRootLogin no\n"
    "# Wrong codes are counted by address; a name would be the visitor's word.\n"
    "UseDNS no\n"
    "# Time to find the phone; a login that waits for its code holds a place.\n"
    "LoginGraceTime 120\n"
    "MaxStartups 60:30:200\n";

const char *enable_target_name(enum enable_target target)
{
	static const char *const names[] = {"sshd", "sudo", "login"};

	return names[target];
}

/* The length of the line without its end, blanks at the end not counted. */
static size_t line_length(const char *text)
{
	size_t n = strcspn(text, "\n");

	while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t' || text[n - 1] == '\r'))
		n--;
	return n;
}

static const char *next_line(const char *text)
{
	text += strcspn(text, "\n");
	return text + (*text == '\n');
}

static bool is_mark(const char *text, const char *mark)
{
	return line_length(text) == strlen(mark) && strncmp(text, mark, strlen(mark)) == 0;
}

static void add_line(struct buffer *out, const char *text)
{
	buffer_add(out, text, (size_t)(next_line(text) - text));
}

static int finish(const struct buffer *out, struct err *e)
{
	return out->failed ? err_set(e, ERR_SYSTEM, "out of memory") : 0;
}

int enable_files_unmark(const char *path, const char *text, struct buffer *out,
    bool *found, struct err *e)
{
	int line = 1, opened = 0;

	*found = false;
	for (; *text != '\0'; text = next_line(text), line++) {
		if (is_mark(text, BEGIN)) {
			if (opened > 0)
				return err_set(e, ERR_SYNTAX, "%s:%d: `# pam-bastion: begin` inside the "
				    "one of line %d; put `# pam-bastion: end` where that block ends", path,
				    line, opened);
			opened = line;
		} else if (is_mark(text, END)) {
			if (opened == 0)
				return err_set(e, ERR_SYNTAX, "%s:%d: `# pam-bastion: end` without a begin; take "
				    "the line out", path, line);
			opened = 0;
			*found = true;
		} else if (opened == 0) {
			add_line(out, text);
		} else if (strncmp(text, WAS, strlen(WAS)) == 0) {
			add_line(out, text + strlen(WAS));
		}
	}
	if (opened > 0)
		return err_set(e, ERR_SYNTAX, "%s:%d: `# pam-bastion: begin` without "
		    "`# pam-bastion: end`; put it where the block ends", path, opened);
	return finish(out, e);
}

bool enable_files_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

/* What there is to know of a service file before it is edited. */
struct look {
	const struct enable_service *service;
	struct err *e;
	int pivot;       /* the line that brings in the password, or 0 */
	bool again;      /* there is a second one */
	bool common;     /* it is Debian's `@include common-auth` */
	bool includes;   /* it is `include`, which a success inside would end */
	char module[64]; /* what it includes */
	int account;     /* the first line that may hold account lines */
	bool sudo;       /* auth includes sudo */
};

static bool is_password_file(const char *name)
{
	static const char *const names[] = {"password-auth", "system-auth", "password-auth-ac",
	    "system-auth-ac"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void look_pivot(struct look *k, const struct pamd_line *l)
{
	k->again = k->pivot > 0;
	if (k->pivot > 0)
		return;
	k->pivot = l->line;
	k->common = l->type == PAMD_ANY;
	k->includes = strcasecmp(l->control, "include") == 0;
	(void)snprintf(k->module, sizeof(k->module), "%s", l->module);
}

static int look_line(void *ctx, const struct pamd_line *l)
{
	struct look *k = ctx;
	bool drawn = strcasecmp(l->control, "include") == 0 ||
	    strcasecmp(l->control, "substack") == 0;

	if (l->type != PAMD_ANY && !drawn && pamd_is_ours(l->module))
		return err_set(k->e, ERR_REFUSED, "%s:%d: names pam_bastion.so outside the marks of "
		    "`bastionctl enable`; take that line and those that belong to it out first, or "
		    "leave the file to whoever wrote it", l->file, l->line);
	if (l->type == PAMD_ANY && strcmp(l->module, "common-auth") == 0)
		look_pivot(k, l);
	else if (l->type == PAMD_AUTH && drawn && is_password_file(l->module))
		look_pivot(k, l);
	else if (l->type == PAMD_AUTH && drawn && strcmp(l->module, "sudo") == 0)
		k->sudo = true;
	else if ((l->type == PAMD_ACCOUNT || l->type == PAMD_ANY) && k->account == 0)
		k->account = l->line;
	return 0;
}

static int look_at(struct look *k, const char *text)
{
	const struct enable_service *q = k->service;
	int r = pamd_parse(q->path, text, strlen(text), look_line, k, k->e);

	if (r != 0)
		return r;
	if (k->pivot == 0 && k->sudo && q->target == ENABLE_SUDO)
		return 0;
	if (k->again)
		return err_set(k->e, ERR_REFUSED, "%s: more than one line brings in common-auth, "
		    "system-auth or password-auth, so it is not known where the code belongs; edit "
		    "the file by hand, see pam_bastion(8)", q->path);
	if (k->pivot == 0)
		return err_set(k->e, ERR_REFUSED, "%s: no line brings in common-auth, system-auth or "
		    "password-auth, so it is not known where the code belongs; edit the file by "
		    "hand, see pam_bastion(8)", q->path);
	if (q->target == ENABLE_SSHD && k->account == 0)
		return err_set(k->e, ERR_REFUSED, "%s: no account lines, so those of `other` apply; "
		    "add them first", q->path);
	return 0;
}

/* The words of our auth line.  Where a substack asks for the password nothing ends
 * the stack on a wrong one, so there only sudo has a proof: who calls it. */
static const char *auth_words(const struct look *k)
{
	if (k->service->target == ENABLE_SSHD)
		return k->service->enroll_here ? "  enroll_here" : "";
	if (k->common)
		return "  after_password";
	return k->service->target == ENABLE_SUDO ? "  after_login" : "";
}

/* The pivot's place: the line as it was, or as a remark, and ours. */
static void write_auth(const struct look *k, const char *line, struct buffer *out)
{
	bool sshd = k->service->target == ENABLE_SSHD;
	bool give_way = sshd || (!k->common && k->includes);

	/* Only where the line for the code gives the try back. */
	if (!sshd && k->common)
		buffer_text(out, BEGIN "\n" RESERVE END "\n");
	if (!give_way)
		add_line(out, line);
	if (!give_way && out->len > 0 && out->data[out->len - 1] != '\n')
		buffer_text(out, "\n");
	buffer_text(out, BEGIN "\n");
	if (give_way)
		buffer_format(out, WAS "%.*s\n", (int)strcspn(line, "\n"), line);
	if (sshd)
		buffer_text(out, "auth       optional     pam_faildelay.so  delay=1000000\n");
	else if (give_way)
		buffer_format(out, "auth       substack     %s\n", k->module);
	buffer_format(out, CODE "%s\n" CLOSED END "\n", auth_words(k));
}

static bool goes_on(const char *line)
{
	size_t n = strcspn(line, "\n");

	return n > 0 && line[n - 1] == '\\';
}

static int write_service(const struct look *k, const char *text, struct buffer *out)
{
	int line = 1;

	for (; *text != '\0'; text = next_line(text), line++) {
		if (line == k->account && k->service->target == ENABLE_SSHD)
			buffer_text(out, BEGIN "\n" ACCOUNT "  need_auth\n" END "\n");
		/* `login -f` has no auth to look at; the age of the password is judged. */
		if (line == k->account && k->service->target == ENABLE_LOGIN)
			buffer_text(out, BEGIN "\n" ACCOUNT "\n" END "\n");
		if (line == k->pivot && goes_on(text))
			return err_set(k->e, ERR_REFUSED, "%s:%d: the line goes on in the next; write "
			    "it in one", k->service->path, line);
		if (line == k->pivot)
			write_auth(k, text, out);
		else
			add_line(out, text);
	}
	return finish(out, k->e);
}

int enable_files_service(const struct enable_service *q, const char *text,
    struct buffer *out, struct enable_marked *m, struct err *e)
{
	struct look k = {.service = q, .e = e};
	struct buffer plain = {0};
	bool found;
	int r;

	*m = (struct enable_marked){.after_password = false};
	if (strstr(text, "Generated by authselect") != NULL)
		return err_set(e, ERR_REFUSED, "%s: authselect wrote it and writes it again; make a "
		    "custom profile, see pam_bastion(8)", q->path);
	r = enable_files_unmark(q->path, text, &plain, &found, e);
	if (r == 0)
		r = look_at(&k, buffer_string(&plain));
	if (r == 0) {
		m->covered = k.pivot == 0;
		m->after_password = strstr(auth_words(&k), "after_password") != NULL;
		r = write_service(&k, buffer_string(&plain), out);
	}
	buffer_free(&plain);
	return r;
}

int enable_files_dropin(const char *path, const char *text, struct buffer *out,
    struct err *e)
{
	struct buffer rest = {0};
	bool found;
	int r = enable_files_unmark(path, text, &rest, &found, e);

	if (r == 0) {
		buffer_format(out, BEGIN "\n%s" END "\n", dropin_text);
		buffer_add(out, buffer_string(&rest), rest.len);
		r = rest.failed ? err_set(e, ERR_SYSTEM, "out of memory") : finish(out, e);
	}
	buffer_free(&rest);
	return r;
}

/* ---- sshd_config ---- */

/* The next word of a line of sshd_config: its length, 0 at the end; *p is where it
 * begins.  Quotes are left out. */
static size_t word_at(const char **p)
{
	const char *s = *p + strspn(*p, " \t=\r");

	if (*s == '"') {
		*p = s + 1;
		return strcspn(s + 1, "\"\n");
	}
	*p = s;
	return *s == '#' ? 0 : strcspn(s, " \t=\r\n\"");
}

/* The pattern as an absolute one. */
static bool make_pattern(const struct enable_include *q, const char *word, size_t n,
    char out[512])
{
	const char *slash = strrchr(q->config, '/');
	int dir = word[0] == '/' || slash == NULL ? 0 : (int)(slash - q->config) + 1;

	return snprintf(out, 512, "%.*s%.*s", dir, q->config, (int)n, word) < 512;
}

/* Writes one Include line with the patterns that cover the drop-in turned to dir. */
static bool write_include(const struct enable_include *q, const char *line,
    struct buffer *out)
{
	size_t home = (size_t)(strrchr(q->dropin, '/') - q->dropin), n;
	char pattern[512];
	bool found = false;

	(void)word_at(&line);
	line += strcspn(line, " \t=");
	buffer_text(out, "Include");
	for (; (n = word_at(&line)) > 0; line += n + (line[n] == '"')) {
		bool covers = make_pattern(q, line, n, pattern) &&
		    fnmatch(pattern, q->dropin, FNM_PATHNAME | FNM_PERIOD) == 0 &&
		    strncmp(pattern, q->dropin, home + 1) == 0;

		found = found || covers;
		if (covers)
			buffer_format(out, " \"%s%s\"", q->dir, pattern + home);
		else
			buffer_format(out, " \"%.*s\"", (int)n, line);
	}
	buffer_text(out, "\n");
	return found;
}

static bool is_keyword(const char *line, const char *keyword)
{
	size_t n = word_at(&line);

	return n == strlen(keyword) && strncasecmp(line, keyword, n) == 0;
}

int enable_files_config(const struct enable_include *q, const char *text,
    struct buffer *out, struct err *e)
{
	bool found = false, match = false;

	for (; *text != '\0'; text = next_line(text)) {
		match = match || is_keyword(text, "Match");
		if (!match && is_keyword(text, "Include"))
			found = write_include(q, text, out) || found;
		else
			add_line(out, text);
	}
	if (!found)
		return err_set(e, ERR_NONE, "%s: does not include %s; put `Include %.*s/*.conf` "
		    "above its other lines", q->config, q->dropin,
		    (int)(strrchr(q->dropin, '/') - q->dropin), q->dropin);
	return finish(out, e);
}
