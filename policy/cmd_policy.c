#include "policy/cmd_policy.h"

#include "enroll/language.h"
#include "lib/core/store.h"
#include "policy/password/profile.h"
#include "policy/policy_expire.h"
#include "policy/policy_store.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char help_policy[] =
    N_("usage: bastionctl policy show [--explain] [--json]\n"
    "       bastionctl policy pull [--check] [--yes] [--profile NAME] [--region NAME]\n"
    "       bastionctl policy import FILE|-\n"
    "       bastionctl policy check FILE|- [--json]\n"
    "       bastionctl policy apply\n"
    "\n"
    "  show      the password rules in force; --explain: where each comes from\n"
    "  pull      takes the policy that IAM has now into policy_file; --check: is it the same\n"
    "            as what is kept there?  An account without one is kept as iam-default; in the\n"
    "            place of another account's it is taken with --yes alone\n"
    "  import    takes what `aws iam get-account-password-policy` prints into policy_file\n"
    "  check     is what is in force at least as strict as that policy of IAM?\n"
    "  apply     puts in force what `pull` or `import` has staged\n"
    "\n"
    "FILE `-` is standard input.  A policy that would newly expire the passwords of\n"
    "local users is staged only, and they are listed (exit 3).  A file that is not such\n"
    "a policy in every detail is refused, and what is in force stays; likewise when IAM\n"
    "cannot be asked or does not answer with one.\n"
    "\n"
    "exit: 0 yes, 1 no (refused, check: less strict, pull --check: not the same), 2 usage,\n"
    "      3 trouble, or staged, 75 another bastionctl is at work, or IAM has too many\n"
    "      requests: try again\n");

static int usage(const char *reason, const char *word)
{
	return cmd_usage("policy", reason, word);
}

/* One line for each field that is another; absent is "-". */
static void print_field(const struct iam_policy *p, enum iam_field field, char text[16])
{
	if (!p->custom || (p->given & 1U << field) == 0)
		(void)snprintf(text, 16, "-");
	else if (iam_field_is_number(field))
		(void)snprintf(text, 16, "%d", p->value[field]);
	else
		(void)snprintf(text, 16, "%s", p->value[field] != 0 ? "true" : "false");
}

void cmd_policy_changes(const struct iam_policy *old, const struct iam_policy *new)
{
	for (int i = 0; i < IAM_FIELDS; i++) {
		char before[16], after[16];

		print_field(old, (enum iam_field)i, before);
		print_field(new, (enum iam_field)i, after);
		if (strcmp(before, after) != 0)
			(void)printf("  %-26s %5s -> %s\n", iam_field_name((enum iam_field)i), before,
			    after);
	}
}

static void print_expired(void *ctx, const struct policy_expired *one)
{
	int *n = ctx;

	if ((*n)++ == 0)
		(void)printf("%s", _("With it these local users have to change their passwords at "
		    "their next login:\n"));
	if (one->days == POLICY_EXPIRE_UNKNOWN)
		(void)printf(one->hard ? _("  %s: day of the last change unknown; an administrator "
		    "has to set a new one\n") : _("  %s: day of the last change unknown\n"), one->user);
	else
		(void)printf(one->hard ? _("  %s: %d days old; an administrator has to set a new "
		    "one\n") : _("  %s: %d days old\n"), one->user, one->days);
}

static struct policy_ages ages_of(const struct password_policies *p)
{
	return (struct policy_ages){password_max_age(p), password_hard_age(p)};
}

/* Prints who would newly expire under k.  Their number, or a code. */
static int look_at_users(const struct conf *c, const struct policy_kept *k, struct err *e)
{
	struct policy_expire_ask ask = {.shadow = POLICY_EXPIRE_SHADOW, .conf = c,
	    .now = (int64_t)time(NULL)};
	struct password_policies p;
	int r, n = 0;

	if (!password_list_names(c->password_policy, "iam"))
		return 0;
	/* What cannot be read lets nobody expire: then everybody is new. */
	if (password_policies_load(&p, c->password_policy, c->policy_file, NULL) == 0)
		ask.in_force = ages_of(&p);
	/* Nor is one put in force with which no password could be set. */
	if ((r = password_policies_load_with(&p, c->password_policy, &k->policy, e)) != 0)
		return r;
	if (c->age == CONF_AGE_OFF)
		return 0;
	ask.would_be = ages_of(&p);
	return policy_expire(&ask, print_expired, &n, e);
}

static void print_in_force(const struct conf *c, const struct policy_kept *old,
    const struct policy_kept *new)
{
	(void)printf(_("%s: in force, sha256 %s\n"), c->policy_file, new->mirror.sha256);
	cmd_policy_changes(&old->policy, &new->policy);
	if (!password_list_names(c->password_policy, "iam"))
		(void)printf(_("password_policy (%s) does not name iam: it judges no password yet\n"),
		    c->password_policy);
}

/* What is in force now may look back on passwords of which there is no history to open:
 * the module refuses every change then. */
static void warn_of_history(const struct conf *c, const struct iam_policy *p)
{
	struct store s;
	struct err e = {0};
	int r;

	if (p->value[IAM_PASSWORD_REUSE_PREVENTION] == 0 ||
	    !password_list_names(c->password_policy, "iam"))
		return;
	r = store_open_pw(&s, c, false, &e);
	if (r == 0)
		store_close(&s);
	else if (r == ERR_INIT)
		(void)fprintf(stderr, _("bastionctl: warning: PasswordReusePrevention is in force "
		    "without a history of passwords: every change of a local password is refused "
		    "until `enroll-mfa init` has been run\n"));
	else if (r != ERR_NONE) /* its directory is made by the first change */
		(void)fprintf(stderr, _("bastionctl: warning: PasswordReusePrevention is in force, "
		    "and every change of a local password is refused: %s\n"), e.text);
}

/* The last of a policy that is in force. */
static int finish_in_force(const struct conf *c, const struct policy_kept *k)
{
	const int r = cmd_finish(CMD_YES);

	warn_of_history(c, &k->policy);
	return r;
}

int cmd_policy_tell(const struct err *e)
{
	return cmd_tell(e, e->code == ERR_CONFLICT ? CMD_AGAIN :
	    e->code == ERR_REFUSED ? CMD_NO : CMD_TROUBLE);
}

/* Staged: nothing is in force that was not before. */
static int stage(const struct conf *c, const struct policy_kept *k)
{
	char staged[POLICY_PATH_MAX];
	struct err e = {0};

	policy_staged_path(c->policy_file, staged);
	if (policy_store_stage(c->policy_file, k, &e) != 0)
		return cmd_policy_tell(&e);
	(void)printf(_("%s: staged; `bastionctl policy apply` puts it in force\n"), staged);
	return cmd_finish(CMD_TROUBLE);
}

static int put_in_force(const struct conf *c, const struct policy_kept *k)
{
	struct policy_kept old;
	struct err e = {0};
	int r;

	(void)policy_store_read(c->policy_file, &old, NULL);
	r = policy_store_write(c->policy_file, k, &e);
	if (r == 0 || r == ERR_UNKNOWN)
		print_in_force(c, &old, k);
	return r != 0 ? cmd_policy_tell(&e) : finish_in_force(c, k);
}

int cmd_policy_take(const struct conf *c, struct policy_kept *k)
{
	struct err e = {0};
	int r;

	if (iam_json_fingerprint(&k->policy, k->mirror.sha256) != 0) {
		(void)err_set(&e, ERR_SYSTEM, "libcrypto failed");
		return cmd_tell(&e, CMD_TROUBLE);
	}
	if ((r = look_at_users(c, k, &e)) < 0)
		return cmd_policy_tell(&e);
	return r > 0 ? stage(c, k) : put_in_force(c, k);
}

/* What the mirror remembers: no byte that its own reader refuses. */
static void name_source(struct iam_mirror *m, const char *file)
{
	(void)snprintf(m->source, sizeof(m->source), "import %.100s",
	    strcmp(file, "-") == 0 ? "-" : file);
	for (char *s = m->source; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7E || *s == '"' || *s == '\\')
			*s = '?';
}

static int cmd_import(const struct cmd_common *common, const struct policy_options *o)
{
	char text[IAM_JSON_MAX + 1];
	struct policy_kept k = {.mirror = {.known = true, .time = (int64_t)time(NULL)}};
	const char *name;
	struct err e = {0};
	struct conf c;
	size_t len;
	int r;

	if ((r = cmd_load(common, &c)) != CMD_YES)
		return r;
	if ((r = cmd_read(o->file, text, sizeof(text), &len, &name, &e)) != 0)
		return cmd_tell(&e, r == ERR_SYNTAX ? CMD_NO : CMD_TROUBLE);
	if (iam_json_parse(&k.policy, name, text, len, &e) != 0)
		return cmd_tell(&e, CMD_NO);
	name_source(&k.mirror, o->file);
	return cmd_policy_take(&c, &k);
}

static int cmd_apply(const struct cmd_common *common, const struct policy_options *o)
{
	char staged[POLICY_PATH_MAX];
	struct policy_kept old, new;
	struct err e = {0};
	struct conf c;
	int r;

	(void)o;
	if ((r = cmd_load(common, &c)) != CMD_YES)
		return r;
	policy_staged_path(c.policy_file, staged);
	(void)policy_store_read(c.policy_file, &old, NULL);
	r = policy_store_read(staged, &new, &e);
	if (r == ERR_NONE) {
		(void)err_set(&e, r, "%s: nothing is staged", staged);
		return cmd_tell(&e, CMD_NO);
	}
	/* Listed once more: days have passed. */
	if (r == 0 && (r = look_at_users(&c, &new, &e)) >= 0)
		r = policy_store_apply(c.policy_file, &new, &e);
	if (r != 0)
		return cmd_policy_tell(&e);
	print_in_force(&c, &old, &new);
	return finish_in_force(&c, &new);
}

/* Which options and words each takes. */
static const struct sub {
	const char *name;
	bool json, explain, file;
	int (*run)(const struct cmd_common *common, const struct policy_options *o);
} subs[] = {{"show", true, true, false, cmd_policy_show},
    {"import", false, false, true, cmd_import}, {"check", true, false, true, cmd_policy_check},
    {"apply", false, false, false, cmd_apply}};

static int read_options(struct policy_options *o, const struct sub *sub, int argc, char **argv)
{
	bool words = false;

	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];

		if (!words && strcmp(a, "--") == 0)
			words = true;
		else if (!words && sub->json && strcmp(a, "--json") == 0)
			o->json = true;
		else if (!words && sub->explain && strcmp(a, "--explain") == 0)
			o->explain = true;
		else if (!words && a[0] == '-' && a[1] != '\0')
			return usage(N_("unknown option"), a);
		else if (!sub->file || o->file[0] != '\0')
			return usage(N_("one word too many"), a);
		else
			o->file = a;
	}
	if (sub->file && o->file[0] == '\0')
		return usage(N_("FILE is missing, or `-` for standard input"), NULL);
	return CMD_YES;
}

int cmd_policy(const struct cmd_common *common, int argc, char **argv)
{
	struct policy_options o = {.file = ""};
	const size_t n = sizeof(subs) / sizeof(subs[0]);
	size_t i = 0;
	int r;

	if (common->help)
		return cmd_help(help_policy);
	if (argc == 0)
		return usage(N_("say show, pull, import, check or apply"), NULL);
	if (strcmp(argv[0], "pull") == 0)
		return cmd_policy_pull(common, argc - 1, argv + 1);
	while (i < n && strcmp(subs[i].name, argv[0]) != 0)
		i++;
	if (i == n)
		return usage(argv[0][0] == '-' ? N_("unknown option") : N_("unknown command"), argv[0]);
	if ((r = read_options(&o, &subs[i], argc, argv)) != CMD_YES)
		return r;
	return subs[i].run(common, &o);
}
