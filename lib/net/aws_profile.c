#include "lib/net/aws_profile.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_MOST 512
#define SECTION_MOST 256

static int path_of(const char *variable, const char *name, char path[PATH_MOST], struct err *e)
{
	const char *named = secure_getenv(variable), *home = secure_getenv("HOME");
	const struct passwd *pw;

	if (named != NULL && named[0] != '\0') {
		/* As a shell would have it, where none stood before it. */
		if (strncmp(named, "~/", 2) != 0)
			return snprintf(path, PATH_MOST, "%s", named) < PATH_MOST ? 0 :
			    err_set(e, ERR_SYNTAX, "%s: the path is too long", variable);
		name = named + 1;
	}
	if ((home == NULL || home[0] == '\0') && (pw = getpwuid(geteuid())) != NULL)
		home = pw->pw_dir;
	if (home == NULL || home[0] == '\0')
		return ERR_NONE;
	return snprintf(path, PATH_MOST, "%s%s", home, name) < PATH_MOST ? 0 :
	    err_set(e, ERR_SYNTAX, "%s: the path is too long", variable);
}

static int read_one(struct aws_ini *i, const char *variable, const char *name, struct err *e)
{
	char path[PATH_MOST];
	int r = path_of(variable, name, path, e);

	if (r == 0)
		r = aws_ini_read(i, path, e);
	return r == ERR_NONE ? 0 : r;
}

int aws_profiles_read(struct aws_profiles *p, struct err *e)
{
	int r;

	aws_profiles_free(p);
	r = read_one(&p->credentials, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials", e);
	return r != 0 ? r : read_one(&p->config, "AWS_CONFIG_FILE", "/.aws/config", e);
}

void aws_profiles_free(struct aws_profiles *p)
{
	aws_ini_free(&p->credentials);
	aws_ini_free(&p->config);
}

/* [profile x], and [default] too. */
static const char *section_of(const struct aws_profiles *p, const char *profile,
    char name[SECTION_MOST])
{
	(void)snprintf(name, SECTION_MOST, "profile %s", profile);
	if (strcmp(profile, "default") == 0 && !aws_ini_has(&p->config, name))
		return profile;
	return name;
}

bool aws_profiles_have(const struct aws_profiles *p, const char *profile)
{
	char name[SECTION_MOST];

	return aws_ini_has(&p->credentials, profile) ||
	    aws_ini_has(&p->config, section_of(p, profile, name));
}

int aws_profiles_whole(const struct aws_profiles *p, const char *profile, struct err *e)
{
	char name[SECTION_MOST];
	int r = aws_ini_whole(&p->credentials, profile, e);

	return r != 0 ? r : aws_ini_whole(&p->config, section_of(p, profile, name), e);
}

const char *aws_profiles_config(const struct aws_profiles *p, const char *profile,
    const char *name)
{
	char section[SECTION_MOST];

	return aws_ini_get(&p->config, section_of(p, profile, section), name);
}

const char *aws_profiles_credentials(const struct aws_profiles *p, const char *profile,
    const char *name)
{
	return aws_ini_get(&p->credentials, profile, name);
}

const char *aws_profiles_get(const struct aws_profiles *p, const char *profile, const char *name)
{
	const char *value = aws_profiles_credentials(p, profile, name);

	return value != NULL ? value : aws_profiles_config(p, profile, name);
}
