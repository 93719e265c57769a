/*
 * aws_profile: profiles of the shared files: ~/.aws/credentials (AWS_SHARED_CREDENTIALS_FILE)
 * and ~/.aws/config (AWS_CONFIG_FILE).
 */
#ifndef PB_NET_AWS_PROFILE_H
#define PB_NET_AWS_PROFILE_H

#include "lib/net/aws_ini.h"

/* Zeroed memory is an empty one; aws_profiles_free() in any case. */
struct aws_profiles {
	struct aws_ini credentials, config;
};

/* Reads both; one that is missing is empty.  0, or as aws_ini_read(). */
int aws_profiles_read(struct aws_profiles *p, struct err *e);
void aws_profiles_free(struct aws_profiles *p);

bool aws_profiles_have(const struct aws_profiles *p, const char *profile);
/* Whether all that it says is known here, as aws_ini_whole(). */
int aws_profiles_whole(const struct aws_profiles *p, const char *profile, struct err *e);
/* The value of a key; NULL: there is none. */
typedef const char *aws_profiles_getter(const struct aws_profiles *p, const char *profile,
    const char *name);
/* Of either file; the credentials file's goes first. */
aws_profiles_getter aws_profiles_get;
/* Of the one, or of the other, alone. */
aws_profiles_getter aws_profiles_credentials, aws_profiles_config;

#endif
