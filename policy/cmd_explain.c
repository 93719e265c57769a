#include "policy/cmd_explain.h"

#include "enroll/language.h"
#include "lib/core/day.h"
#include "lib/core/json_text.h"
#include "lib/core/sshkey.h"
#include "policy/explain.h"
#include "policy/explain_host.h"
#include "policy/explain_meets.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define VALUE 1024
/* Of what fails: it is one screen.  po/extra.c has them too. */
static const char *const check_name[] = {"check", "check_2", "check_3", "check_4", "check_5"};
#define CHECK_MOST (sizeof(check_name) / sizeof(check_name[0]))

static const char help_text[] =
    N_("usage: bastionctl explain USER [--service NAME] [--from ADDRESS] [--json]\n"
    "\n"
    "What a login of USER would meet, and why: required or exempt and by which line,\n"
    "devices, lock, delay, what is remembered, wrong codes, the last verdicts, sshd's\n"
    "configuration, files and clock, and what to do next.  It asks for no code and\n"
    "writes nothing.\n"
    "\n"
    "  --service NAME   the PAM service (default sshd)\n"
    "  --from ADDRESS   where the login comes from (default: this machine)\n"
    "\n"
    "exit: 0, 2 usage, 3 trouble, or the user's records are not whole\n");

struct options {
	struct explain_query q;
	bool json;
};

/* Prints "name   value", or the JSON member. */
struct printer {
	bool json;
	bool first;
};

static void put(struct printer *p, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void put(struct printer *p, const char *name, const char *fmt, ...)
{
	char value[VALUE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (!p->json) {
		(void)printf("  ");
		language_print_padded(language_in("explain", name), 12);
		(void)printf("  %s\n", value);
		return;
	}
	(void)printf("%s\"%s\":", p->first ? "" : ",", name);
	json_text_print(stdout, value);
	p->first = false;
}

static const char *when(int64_t t, char text[32])
{
	time_t at = (time_t)t;
	struct tm tm;

	if (t == 0 || gmtime_r(&at, &tm) == NULL)
		return _("never");
	(void)strftime(text, 32, "%Y-%m-%d %H:%M:%S UTC", &tm);
	return text;
}

static void put_until(struct printer *p, const char *name, int64_t until, const char *none)
{
	char at[32];

	if (until == 0)
		put(p, name, "%s", none);
	else
		put(p, name, _("until %s"), when(until, at));
}

static void put_duty(struct printer *p, const struct explain *x)
{
	const struct conf *c = &x->conf;
	char day[DAY_TEXT];

	put(p, "required", x->rollout.duty == ROLLOUT_NOT_REQUIRED ? _("no (require = %s)") :
	    _("yes (require = %s)"), c->require);
	if (x->rollout.duty == ROLLOUT_EXEMPT && x->rollout.ending) {
		day_text(x->rollout.until, day);
		put(p, "exempt", _("yes, behind a proven first factor: exempt = %s (line %d), ends "
		    "soon: %s"), conf_exempt(c, x->rollout.rule),
		    c->exempt[x->rollout.rule].origin.line, day);
	} else if (x->rollout.duty == ROLLOUT_EXEMPT) {
		put(p, "exempt", _("yes, behind a proven first factor: exempt = %s (line %d)"),
		    conf_exempt(c, x->rollout.rule), c->exempt[x->rollout.rule].origin.line);
	} else if (x->rollout.stale < 0) {
		put(p, "exempt", "%s", _("no"));
	} else {
		put(p, "exempt", _("no: the day of 'exempt = %s' is past or too far ahead"),
		    conf_exempt(c, x->rollout.stale));
	}
	if (c->enroll_by != 0)
		put_until(p, "enroll_by", c->enroll_by, _("none"));
}

static void put_device(struct printer *p, const struct explain *x, int i)
{
	const struct explain_device *d = &x->device[i];
	char created[32], used[32], key[SSHKEY_TEXT] = "", name[32] = "device";

	if (i > 0)
		(void)snprintf(name, sizeof(name), _("device_%d"), i + 1);
	sshkey_text(d->key, key);
	if (d->has_key)
		put(p, name, _("%s, enrolled %s, last used %s, only behind key %s"), d->name,
		    when(d->created, created), when(d->last_used, used), key);
	else
		put(p, name, _("%s, enrolled %s, last used %s"), d->name,
		    when(d->created, created), when(d->last_used, used));
}

static void put_devices(struct printer *p, const struct explain *x)
{
	if (x->state == EXPLAIN_TROUBLE) {
		put(p, "records", "%s", x->trouble.text);
		return;
	}
	if (x->devices == 0)
		put(p, "devices", "%s", _("none: not enrolled"));
	for (int i = 0; i < x->devices; i++)
		put_device(p, x, i);
}

static void put_state(struct printer *p, const struct explain_query *q, const struct explain *x)
{
	const char *const no = language_in("state", "no");
	char at[32], last[32], from[SOURCE_TEXT_MAX];

	if (x->state == EXPLAIN_TROUBLE)
		return;
	if (x->devices > 0)
		put(p, "recovery", _("%d codes left"), x->recovery_left);
	if (x->locked_since == 0)
		put(p, "locked", "%s", no);
	else
		put(p, "locked", _("since %s"), when(x->locked_since, at));
	if (q->from != NULL)
		put_until(p, "throttled", x->wait > 0 ? q->now + x->wait : 0, no);
	else
		put_until(p, "throttled", x->worst_wait > 0 ? q->now + x->worst_wait : 0,
		    _("no source is"));
	if (x->conf.remember > 0)
		put_until(p, "remembered", x->remembered_until, no);
	put_until(p, "bypass", x->bypass_until, no);
	put_until(p, "invited", x->invited_until, no);
	if (x->missed.count == 0) {
		put(p, "wrong_codes", "%s", _("none since the last success"));
		return;
	}
	source_text(&x->missed.from, from);
	put(p, "wrong_codes", _("%u since %s, the last at %s from %s"), x->missed.count,
	    when(x->missed.first, at), when(x->missed.last, last), from);
}

static void put_host(struct printer *p, const struct explain_query *q,
    const struct explain *x, const char *sshd)
{
	char text[VALUE];

	if (x->line[0] == '\0')
		put(p, "pam", _("service %s has no auth line of pam_bastion.so"), q->service);
	else
		put(p, "pam", "%s%s%s", x->line, x->words.enroll_here ? _(", enrols here") : "",
		    x->guarded ? ", need_auth" : "");
	if (sshd[0] != '\0')
		put(p, "sshd", "%s", sshd);
	explain_mode(x->conf.store_dir, text, sizeof(text));
	put(p, "store", "%s: %s", x->conf.store_dir, text);
	explain_mode(x->conf.keyring, text, sizeof(text));
	put(p, "keyring", "%s: %s", x->conf.keyring, text);
	put(p, "clock", "%s", explain_clock() ? _("synchronised") :
	    _("not synchronised: codes may fail"));
}

static void put_log(struct printer *p, const char *user)
{
	char lines[4096];
	const char *where = explain_log(user, lines, sizeof(lines));

	if (p->json)
		(void)fputs(",\"log\":[", stdout);
	else
		put(p, "log says", lines[0] != '\0' ? _("the last verdicts: (%s)") :
		    _("no verdict found (%s)"), where);
	for (char *at = lines; *at != '\0';) {
		char *end = at + strcspn(at, "\n");

		if (*end != '\0')
			*end++ = '\0';
		if (p->json) {
			if (at != lines)
				(void)putchar(',');
			json_text_print(stdout, at);
		} else {
			(void)printf("    %s\n", at);
		}
		at = end;
	}
	if (p->json)
		(void)putchar(']');
}

static void tell_question(const struct explain_query *q)
{
	if (q->from != NULL)
		(void)printf(_("%s, service %s, from %s\n"), q->user, q->service, q->from);
	else
		(void)printf(_("%s, service %s, at this machine\n"), q->user, q->service);
}

/* What `config check` fails of the service, first the line that opens it. */
static bool put_check(struct printer *p, const struct explain_query *q)
{
	struct config_findings f = {0};
	struct err e = {0};
	int r = explain_check(q, &f, &e);
	bool fails = r != 0 || f.count > 0;

	for (size_t i = 0; i < f.count && i < CHECK_MOST; i++)
		put(p, check_name[i], "%s", f.item[i].text);
	if (r != 0)
		put(p, "check", _("cannot be told: %s"), e.text);
	config_findings_free(&f);
	return fails;
}

static int tell(const struct options *o, const struct explain *x, const char *sshd)
{
	const enum explain_meets meets = explain_meets(&o->q, x);
	const char *next = explain_meets_next(x->account && x->state == EXPLAIN_TROUBLE ?
	    EXPLAIN_REFUSED_TROUBLE : meets);
	struct printer p = {o->json, true};
	char at[32];

	if (o->json)
		(void)putchar('{');
	else
		tell_question(&o->q);
	if (o->json) {
		put(&p, "user", "%s", o->q.user);
		put(&p, "service", "%s", o->q.service);
	}
	put(&p, "login", explain_meets_proof(x) ? _("%s (behind a key or password that is proven)") :
	    _("%s (the service proves no key or password before)"), explain_meets_text(meets));
	if (!x->account)
		put(&p, "account", "%s", _("none"));
	else if (x->expired != 0)
		put(&p, "account", _("uid %u, expired since %s"), (unsigned)x->uid, when(x->expired, at));
	else
		put(&p, "account", "uid %u", (unsigned)x->uid);
	put_duty(&p, x);
	put_devices(&p, x);
	put_state(&p, &o->q, x);
	put_host(&p, &o->q, x, sshd);
	if (put_check(&p, &o->q) && next[0] == '\0')
		next = explain_meets_next(EXPLAIN_HOLE);
	put_log(&p, o->q.user);
	put(&p, "next", "%s", next[0] != '\0' ? next : _("nothing"));
	if (o->json)
		(void)fputs("}\n", stdout);
	if (fflush(stdout) != 0 || ferror(stdout) != 0) {
		(void)fprintf(stderr, _("bastionctl: standard output: %s\n"), strerror(errno));
		return CMD_TROUBLE;
	}
	return x->state == EXPLAIN_TROUBLE ? CMD_TROUBLE : CMD_YES;
}

static int usage(const char *reason, const char *word)
{
	(void)fprintf(stderr, "bastionctl: explain: %s%s%s\n", _(reason), word != NULL ? ": " : "",
	    word != NULL ? word : "");
	return CMD_USAGE;
}

static int read_options(struct options *o, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const char *a = argv[i], **value = NULL;

		if (strcmp(a, "--json") == 0)
			o->json = true;
		else if (strcmp(a, "--service") == 0)
			value = &o->q.service;
		else if (strcmp(a, "--from") == 0)
			value = &o->q.from;
		else if (a[0] == '-')
			return usage(N_("unknown option"), a);
		else if (o->q.user != NULL)
			return usage(N_("one word too many"), a);
		else
			o->q.user = a;
		if (value != NULL && (i + 1 == argc || argv[i + 1][0] == '\0'))
			return usage(N_("a value is missing"), a);
		if (value != NULL)
			*value = argv[++i];
	}
	return o->q.user == NULL ? usage(N_("say which user"), NULL) : CMD_YES;
}

static int check_options(const struct options *o)
{
	struct address a;

	if (strchr(o->q.service, '/') != NULL)
		return usage(N_("not the name of a PAM service"), o->q.service);
	if (o->q.from != NULL && address_parse(o->q.from, &a) != 0)
		return usage(N_("not an address"), o->q.from);
	return CMD_YES;
}

int cmd_explain(const struct cmd_common *common, int argc, char **argv)
{
	struct options o = {.q = {.service = "sshd", .config = common->config}};
	struct timespec now = {0};
	static struct explain x;
	char sshd[VALUE] = "";
	struct err e = {0};
	int r;

	if (common->help)
		return fputs(_(help_text), stdout) >= 0 && fflush(stdout) == 0 ? CMD_YES : CMD_TROUBLE;
	if ((r = read_options(&o, argc, argv)) != CMD_YES || (r = check_options(&o)) != CMD_YES)
		return r;
	if (geteuid() != 0) {
		(void)fprintf(stderr, _("bastionctl: explain: the records are root's: run it as root\n"));
		return CMD_TROUBLE;
	}
	(void)clock_gettime(CLOCK_REALTIME, &now);
	o.q.now = now.tv_sec;
	if (explain(&o.q, &x, &e) != 0) {
		(void)fprintf(stderr, "bastionctl: %s\n", e.text);
		return CMD_TROUBLE;
	}
	if (strcmp(o.q.service, "sshd") == 0)
		x.ssh = explain_sshd(&o.q, x.guarded, sshd, sizeof(sshd));
	return tell(&o, &x, sshd);
}
