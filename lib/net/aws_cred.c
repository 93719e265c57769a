#include "lib/net/aws_cred.h"

#include "lib/net/aws_imds.h"
#include "lib/net/aws_profile.h"
#include "lib/net/aws_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_MOST 5 /* profiles, each of which names the next */

struct aws_cred {
	struct http *http;
	struct aws_cred_settings s;
	struct aws_profiles profiles;
	bool profiles_read;
	char region[AWS_REGION_MAX];
	bool region_known;
	struct aws_key found; /* what the chain has */
	struct aws_key role;  /* what that has assumed; empty without s.assume_role */
};

static const char *variable(const char *name)
{
	const char *value = secure_getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* ---- the profile ---- */

/* AWS's own tools do not agree on which of the two variables goes first. */
static int profile_of(const struct aws_cred *c, const char **profile, bool *named, struct err *e)
{
	const char *one = variable("AWS_PROFILE"), *other = variable("AWS_DEFAULT_PROFILE");

	*profile = c->s.profile != NULL ? c->s.profile : one != NULL ? one : other;
	*named = *profile != NULL;
	if (*profile == NULL)
		*profile = "default";
	if (c->s.profile == NULL && one != NULL && other != NULL && strcmp(one, other) != 0)
		return err_set(e, ERR_SYNTAX, "AWS_PROFILE and AWS_DEFAULT_PROFILE name two profiles: unset "
		    "one of them");
	return 0;
}

static int read_profiles(struct aws_cred *c, struct err *e)
{
	int r;

	if (c->profiles_read)
		return 0;
	if ((r = aws_profiles_read(&c->profiles, e)) == 0)
		c->profiles_read = true;
	return r;
}

static int from_profile(struct aws_cred *c, const char *profile, int deep, int64_t now,
    struct aws_key *k, struct err *e);

/* What this version cannot do is not passed over: the identity would be another. */
static int look_for_others(const struct aws_cred *c, const char *profile, struct err *e)
{
	static const char *const keys[] = {"sso_session", "sso_start_url", "sso_account_id",
	    "web_identity_token_file", "login_session", NULL};

	for (int i = 0; keys[i] != NULL; i++)
		if (aws_profiles_get(&c->profiles, profile, keys[i]) != NULL)
			return err_set(e, ERR_SYNTAX, "profile %s: %s is not in this version", profile, keys[i]);
	return 0;
}

/* ERR_NONE: none.  Of one file alone: what two files say is of two keys. */
static int from_file(const struct aws_cred *c, const char *profile, aws_profiles_getter *get,
    struct aws_key *k, struct err *e)
{
	const struct aws_profiles *p = &c->profiles;
	const char *id = get(p, profile, "aws_access_key_id");
	const char *secret_key = get(p, profile, "aws_secret_access_key");
	char source[256];

	if (id == NULL && secret_key == NULL)
		return ERR_NONE;
	(void)snprintf(source, sizeof(source), "profile %.200s", profile);
	return aws_key_set(k, id, secret_key, get(p, profile, "aws_session_token"), NULL, source, e);
}

static bool has_key(const struct aws_cred *c, const char *profile)
{
	return aws_profiles_get(&c->profiles, profile, "aws_access_key_id") != NULL ||
	    aws_profiles_get(&c->profiles, profile, "aws_secret_access_key") != NULL;
}

/* The key itself, a program, a key in the configuration file, in the order of AWS's own tools;
 * ERR_NONE: none of them. */
static int from_section(const struct aws_cred *c, const char *profile, struct aws_key *k,
    struct err *e)
{
	const char *command = aws_profiles_get(&c->profiles, profile, "credential_process");
	int r = from_file(c, profile, aws_profiles_credentials, k, e);

	if (r != ERR_NONE)
		return r;
	return command != NULL ? aws_source_process(k, command, profile, e) :
	    from_file(c, profile, aws_profiles_config, k, e);
}

static int from_named_source(struct aws_cred *c, const char *profile, const char *source,
    struct aws_key *k, struct err *e)
{
	int r;

	if (strcmp(source, "Environment") == 0)
		r = aws_source_environment(k, e);
	else if (strcmp(source, "EcsContainer") == 0)
		r = aws_source_container(k, c->http, e);
	else if (strcmp(source, "Ec2InstanceMetadata") == 0)
		r = aws_source_instance(k, c->http, e);
	else
		return err_set(e, ERR_SYNTAX, "profile %s: credential_source: Environment, "
		    "Ec2InstanceMetadata or EcsContainer is wanted", profile);
	return r == ERR_NONE ? err_set(e, ERR_BAD, "profile %s: credential_source %s has no key", profile,
	    source) : r;
}

/* What assumes the role of the profile; never ERR_NONE, for it was named: no other identity
 * takes its place. */
static int find_assuming(struct aws_cred *c, const char *profile, int deep, int64_t now,
    struct aws_key *k, struct err *e)
{
	const char *from = aws_profiles_get(&c->profiles, profile, "source_profile");
	const char *source = aws_profiles_get(&c->profiles, profile, "credential_source");
	int r;

	if ((from == NULL) == (source == NULL))
		return err_set(e, ERR_SYNTAX, "profile %s: role_arn needs source_profile or "
		    "credential_source, and not both", profile);
	if (source != NULL)
		return from_named_source(c, profile, source, k, e);
	if (strcmp(from, profile) != 0) {
		if ((r = from_profile(c, from, deep + 1, now, k, e)) == ERR_NONE && e != NULL)
			e->code = ERR_BAD;
		return r == ERR_NONE ? ERR_BAD : r;
	}
	r = from_section(c, profile, k, e);
	return r == ERR_NONE ? err_set(e, ERR_SYNTAX, "profile %s: it has no key to assume its role with",
	    profile) : r;
}

static int from_role(struct aws_cred *c, const char *profile, int deep, int64_t now,
    struct aws_key *k, struct err *e)
{
	const struct aws_profiles *p = &c->profiles;
	struct aws_role role = {.arn = aws_profiles_get(p, profile, "role_arn"),
	    .session = aws_profiles_get(p, profile, "role_session_name"),
	    .external_id = aws_profiles_get(p, profile, "external_id"),
	    .seconds = aws_profiles_get(p, profile, "duration_seconds"), .now = now};
	struct aws_key with = {.expires = 0};
	int r;

	if (aws_profiles_get(p, profile, "mfa_serial") != NULL)
		return err_set(e, ERR_SYNTAX, "profile %s: %s is not in this version", profile,
		    "mfa_serial");
	if ((r = find_assuming(c, profile, deep, now, &with, e)) != 0)
		return r;
	r = aws_cred_region(c, false, &role.region, e);
	if (r == 0 || r == ERR_NONE)
		r = aws_source_role(k, c->http, &role, &with, e);
	aws_key_free(&with);
	return r;
}

static int from_profile(struct aws_cred *c, const char *profile, int deep, int64_t now,
    struct aws_key *k, struct err *e)
{
	int r;

	if (deep == CHAIN_MOST)
		return err_set(e, ERR_SYNTAX, "profile %s: source_profile: too many in a row", profile);
	if (!aws_profiles_have(&c->profiles, profile))
		return err_set(e, ERR_NONE, "profile %s: neither %s nor %s has it", profile,
		    c->profiles.credentials.path, c->profiles.config.path);
	if ((r = aws_profiles_whole(&c->profiles, profile, e)) != 0 ||
	    (r = look_for_others(c, profile, e)) != 0)
		return r;
	/* A chain ends at the first profile that has a key of its own. */
	if (aws_profiles_get(&c->profiles, profile, "role_arn") != NULL &&
	    (deep == 0 || !has_key(c, profile)))
		return from_role(c, profile, deep, now, k, e);
	r = from_section(c, profile, k, e);
	return r == ERR_NONE ? err_set(e, ERR_NONE, "profile %s: there is no key in it", profile) : r;
}

/* ---- the chain ---- */

static int from_machine(struct aws_cred *c, struct aws_key *k, struct err *e)
{
	struct err why = {.text = "no role"};
	int r = aws_source_container(k, c->http, e);

	if (r != ERR_NONE)
		return r;
	r = aws_source_instance(k, c->http, &why);
	if (r == ERR_NONE)
		return err_set(e, ERR_NONE, "no AWS credentials: set AWS_ACCESS_KEY_ID and "
		    "AWS_SECRET_ACCESS_KEY, or name a profile, or give the instance a role (%.256s)",
		    why.text);
	return r != 0 ? err_set(e, r, "%s", why.text) : 0;
}

static int find(struct aws_cred *c, int64_t now, struct aws_key *k, struct err *e)
{
	const char *profile;
	bool named;
	int r = ERR_NONE;

	if (c->s.profile == NULL && (r = aws_source_environment(k, e)) != ERR_NONE)
		return r;
	if ((r = profile_of(c, &profile, &named, e)) != 0)
		return r;
	if (!named && (variable("AWS_WEB_IDENTITY_TOKEN_FILE") != NULL))
		return err_set(e, ERR_SYNTAX, "AWS_WEB_IDENTITY_TOKEN_FILE: web identities are not in this "
		    "version");
	c->profiles_read = false; /* they may have changed since */
	if ((r = read_profiles(c, e)) != 0)
		return r;
	r = from_profile(c, profile, 0, now, k, e);
	/* A profile that nobody asked for need not have a key: it may name a region alone. */
	return named || r != ERR_NONE ? r : from_machine(c, k, e);
}

static int assume(struct aws_cred *c, int64_t now, struct aws_key *k, struct err *e)
{
	struct aws_role role = {.arn = c->s.assume_role, .external_id = c->s.external_id, .now = now};
	int r = aws_cred_region(c, false, &role.region, e);

	return r == 0 || r == ERR_NONE ? aws_source_role(k, c->http, &role, &c->found, e) : r;
}

/* Puts a new key into its place, or leaves the old one where it is still good. */
static int settle(struct aws_key *old, struct aws_key *new, int r, int64_t now)
{
	if (r != 0) {
		aws_key_free(new);
		return old->id[0] != '\0' && !aws_key_expires(old, now, 0) ? 0 : r;
	}
	aws_key_free(old);
	*old = *new;
	return 0;
}

int aws_cred_get(struct aws_cred *c, int64_t now, const struct aws_key **key, struct err *e)
{
	struct aws_key *last = c->s.assume_role != NULL ? &c->role : &c->found;
	struct aws_key new = {.expires = 0};
	int r = 0;

	*key = NULL;
	if (last->id[0] == '\0' || aws_key_expires(last, now, AWS_CRED_EARLY)) {
		if (c->found.id[0] == '\0' || aws_key_expires(&c->found, now, AWS_CRED_EARLY))
			r = settle(&c->found, &new, find(c, now, &new, e), now);
		new = (struct aws_key){.expires = 0};
		if (r == 0 && c->s.assume_role != NULL)
			r = settle(&c->role, &new, assume(c, now, &new, e), now);
	}
	if (r == 0)
		*key = last;
	return r;
}

int aws_cred_renew(struct aws_cred *c, int64_t now, const struct aws_key **key, struct err *e)
{
	aws_key_free(&c->found);
	aws_key_free(&c->role);
	return aws_cred_get(c, now, key, e);
}

/* ---- the region ---- */

static int ask_region(struct aws_cred *c, struct err *e)
{
	struct aws_imds *m;
	int r = aws_imds_open(&m, c->http, e);

	if (r == 0)
		r = aws_imds_line(m, "meta-data/placement/region", c->region, sizeof(c->region), e);
	aws_imds_close(&m);
	return r == ERR_REFUSED || r == ERR_UNAVAIL || r == ERR_NONE ?
	    err_set(e, ERR_NONE, "no region is known: set AWS_REGION, or the profile's") : r;
}

static int find_region(struct aws_cred *c, bool ask, struct err *e)
{
	const char *region = c->s.region, *profile;
	bool named;
	int r;

	if (region == NULL && (region = variable("AWS_REGION")) == NULL)
		region = variable("AWS_DEFAULT_REGION");
	if (region == NULL) {
		if ((r = profile_of(c, &profile, &named, e)) != 0 || (r = read_profiles(c, e)) != 0 ||
		    (r = aws_profiles_whole(&c->profiles, profile, e)) != 0)
			return r;
		region = aws_profiles_get(&c->profiles, profile, "region");
	}
	if (region == NULL || region[0] == '\0')
		return ask ? ask_region(c, e) : ERR_NONE;
	if (snprintf(c->region, sizeof(c->region), "%s", region) >= (int)sizeof(c->region))
		return err_set(e, ERR_SYNTAX, "%.64s: no region", region);
	return 0;
}

int aws_cred_region(struct aws_cred *c, bool ask, const char **region, struct err *e)
{
	int r = 0;

	*region = "";
	if (!c->region_known && (r = find_region(c, ask, e)) == 0)
		c->region_known = true;
	if (r == 0)
		*region = c->region;
	return r;
}

/* ---- its life ---- */

int aws_cred_open(struct aws_cred **c, struct http *h, const struct aws_cred_settings *s,
    struct err *e)
{
	if ((*c = calloc(1, sizeof(**c))) == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	(*c)->http = h;
	(*c)->s = *s;
	return 0;
}

void aws_cred_close(struct aws_cred **c)
{
	if (*c == NULL)
		return;
	aws_key_free(&(*c)->found);
	aws_key_free(&(*c)->role);
	aws_profiles_free(&(*c)->profiles);
	free(*c);
	*c = NULL;
}
