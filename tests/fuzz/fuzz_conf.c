/*
 * fuzz_conf: a configuration and a PAM line that are taken have every value in range,
 * and what is printed of them is taken as the same again; what is refused says where.
 *
 * The input: a byte for the group, words of the PAM line up to an empty one, and the
 * text of the file.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/core/conf.h"
#include "lib/core/exempt.h"
#include "policy/password/profile.h"
#include "tests/fuzz/scratch.h"

#define WORDS 12

static struct conf_args args;
static const char *words[WORDS + CONF_KEYS + CONF_EXEMPTS + 1];
static char *owned[WORDS];

static void check_path(const char *path)
{
	MUST(path[0] == '/' && strlen(path) < CONF_PATH_MAX - 32);
	MUST(path[1] == '\0' || path[strlen(path) - 1] != '/');
	MUST(strstr(path, "/../") == NULL);
}

static int count_who(void *ctx, const struct who *who)
{
	MUST(who->name[0] != '\0');
	++*(int *)ctx;
	return 0;
}

static void check_lists(const struct conf *c)
{
	struct exempt x;
	int n = 0;

	MUST(c->exempts >= 0 && c->exempts <= CONF_EXEMPTS);
	MUST(c->exempt_used <= sizeof(c->exempt_text));
	for (int i = 0; i < c->exempts; i++)
		MUST(exempt_parse(conf_exempt(c, i), &x, NULL) == 0);
	/* Whoever is not named is not required: an empty list would require nobody. */
	MUST(conf_require_each(c, count_who, &n) == 0);
	MUST(conf_require_is_all(c) ? n == 0 : n > 0);
	n = 0;
	MUST(conf_age_exempt_each(c, count_who, &n) == 0);
	MUST((c->age_exempt[0] == '\0') == (n == 0));
}

/* What the configuration takes as names of policies, the profiles know; files are not
 * there, and `iam` is one. */
static void check_policies(const struct conf *c)
{
	static struct password_policies p;
	const bool files = strchr(c->password_policy, '/') != NULL ||
	    password_list_names(c->password_policy, "iam");
	const int r = password_policies_load(&p, c->password_policy, NULL, NULL);

	MUST((r == 0) == !files || strchr(c->password_policy, '/') != NULL);
	MUST((r == 0) == (p.count > 0) && p.count <= CONF_POLICIES);
	MUST(r == 0 || r != ERR_SYNTAX || files);
	MUST(password_max_age(&p) <= PASSWORD_MOST_AGE);
	MUST(password_reuse(&p) <= PASSWORD_MOST_REUSE && !password_hard_expiry(&p));
	MUST(password_allow_change(&p) == (r == 0));
}

static void check_range(const struct conf *c)
{
	check_path(c->store_dir);
	check_path(c->state_dir);
	check_path(c->keyring);
	MUST(c->policy_file[0] == '/' && strlen(c->policy_file) < CONF_PATH_MAX);
	MUST(c->password_policy[0] != '\0' && strlen(c->password_policy) < CONF_POLICY_MAX);
	MUST(strlen(c->issuer) < CONF_ISSUER_MAX && strchr(c->issuer, ':') == NULL);
	MUST(c->window >= 0 && c->window <= 2);
	MUST(c->throttle_free >= 1 && c->throttle_free <= 20);
	MUST(c->throttle_base >= 1 && c->throttle_base <= c->throttle_max);
	MUST(c->throttle_max <= 86400);
	MUST(c->lock_after >= 1 && c->lock_after <= 100);
	MUST(c->retry >= 1 && c->retry <= 5);
	MUST(c->remember >= 0 && c->remember <= 43200);
	MUST(c->enroll == CONF_ENROLL_ADMIN || c->enroll == CONF_ENROLL_INVITE ||
	    c->enroll == CONF_ENROLL_LOGIN);
	MUST(c->enroll_by == 0 || (c->enroll_by > 0 && c->enroll_by % 86400 == 0));
	MUST(c->age == CONF_AGE_ENFORCE || c->age == CONF_AGE_WARN || c->age == CONF_AGE_OFF);
	MUST(c->warn_days >= 0 && c->warn_days <= 365);
	check_lists(c);
	check_policies(c);
}

static bool is_printable(const struct conf *c, int i)
{
	return conf_key_built(i) && strcmp(conf_key(i), "exempt") != 0 &&
	    (strcmp(conf_key(i), "issuer") != 0 || c->issuer[0] != '\0') &&
	    (strcmp(conf_key(i), "require") != 0 || strlen(c->require) < CONF_VALUE_MAX - 5) &&
	    (strcmp(conf_key(i), "age_exempt") != 0 || strlen(c->age_exempt) < CONF_VALUE_MAX - 5);
}

/* Every value as it is printed, and every exemption, on a PAM line of its own. */
static void check_printed(const struct conf *c)
{
	static char line[CONF_KEYS + CONF_EXEMPTS][CONF_VALUE_MAX + 64 + CONF_PATH_MAX];
	static struct conf again;
	const struct conf_args printed = {"printed", 0, words};
	struct conf_args a = printed;
	struct conf_words w;
	struct err e = {0};
	char value[CONF_VALUE_MAX], value2[CONF_VALUE_MAX];

	for (int i = 0; i < CONF_KEYS; i++) {
		if (!is_printable(c, i))
			continue;
		conf_value(c, i, value);
		(void)snprintf(line[a.argc], sizeof(line[0]), "%s=%s", conf_key(i), value);
		words[a.argc] = line[a.argc];
		a.argc++;
	}
	for (int i = 0; i < c->exempts; i++, a.argc++) {
		(void)snprintf(line[a.argc], sizeof(line[0]), "exempt=%s", conf_exempt(c, i));
		words[a.argc] = line[a.argc];
	}
	MUST(conf_load_args(&again, &w, CONF_AUTH, &a, &e) == 0);
	for (int i = 0; i < CONF_KEYS; i++) {
		conf_value(c, i, value);
		conf_value(&again, i, value2);
		MUST(!is_printable(c, i) || strcmp(value, value2) == 0);
	}
	MUST(again.exempts == c->exempts);
}

/* "FILE:LINE: reason" or the PAM line's name. */
static void check_error(const struct err *e, const char *path)
{
	MUST(e->code == ERR_SYNTAX);
	MUST(strncmp(e->text, "PAM line", 8) == 0 ||
	    (strncmp(e->text, path, strlen(path)) == 0 && strchr(e->text, ':') != NULL));
}

/* Words that name another file would read it; there is the scratch file for that. */
static void read_words(struct fuzz *f, const char *conf)
{
	int n = 0;

	args = (struct conf_args){"PAM line", 0, words};
	words[args.argc++] = conf;
	while (n < WORDS - 1) {
		owned[n] = fuzz_text(f);
		if (owned[n][0] == '\0')
			break;
		if (strncmp(owned[n], "conf=/", 6) == 0)
			owned[n][5] = '?';
		words[args.argc++] = owned[n++];
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	scratch_begin();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf c, parsed;
	struct fuzz f = {data, size};
	const enum conf_group group = (enum conf_group)fuzz_below(&f, 4);
	char path[SCRATCH_PATH], conf[SCRATCH_PATH + 8];
	struct conf_words w;
	struct err e = {0};

	scratch_path(path, "conf");
	(void)snprintf(conf, sizeof(conf), "conf=%s", path);
	memset(owned, 0, sizeof(owned));
	read_words(&f, conf);
	scratch_write("conf", f.at, f.left, 0644);
	if (conf_load_args(&c, &w, group, &args, &e) == 0) {
		check_range(&c);
		check_printed(&c);
		/* A line changes nothing of the text alone. */
		MUST(conf_parse(&parsed, path, (const char *)f.at, f.left, NULL) == 0);
		check_range(&parsed);
	} else if (f.left <= CONF_FILE_MAX) {
		check_error(&e, path);
	}
	for (int i = 0; i < WORDS; i++)
		free(owned[i]);
	return 0;
}
