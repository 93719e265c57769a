/* Checks of an AWS account: what they make of made-up facts. */
#include "tests/unit/audit_said.h"

#define QUARTER 7776000

static void text(const char *kind, const char *name, const char *words)
{
	host_text(kind, name, words);
}

/* A user with console and device, and one active key that was made so many seconds ago. */
static void one_user(long long age, const char *used)
{
	char words[128];

	text("iam", "users", "count=1");
	text("iam-user", "kim", "arn=arn:aws:iam::123456789012:user/kim created=1500000000");
	text("iam-login", "kim", "created=1500000000");
	text("iam-mfa", "kim", "count=1 by=live");
	text("iam-keys", "kim", "count=1");
	(void)snprintf(words, sizeof(words), "id=AKIA...WXYZ status=Active created=%lld",
	    (long long)HOST_NOW - age);
	text("iam-key", "kim/1", words);
	if (used != NULL)
		text("iam-key-used", "kim/1", used);
	else
		facts_none(&host, "iam-key-used", "kim/1");
}

static void root_without_a_device_fails(void **state)
{
	(void)state;
	text("iam", "summary", "mfa=0 keys=0 password=1");
	host_says("MFA-01", AUDIT_FAIL, "AccountMFAEnabled = 0");
	host_says("MFA-02", AUDIT_SKIP, "MFA-01");
	text("iam", "summary", "mfa=0 keys=0");
	host_says("MFA-01", AUDIT_FAIL, "AccountMFAEnabled = 0");
	text("iam", "summary", "keys=0 password=0");
	host_says("MFA-01", AUDIT_ERROR, "does not tell");
}

static void root_with_a_device_or_without_credentials_passes(void **state)
{
	(void)state;
	text("iam", "summary", "mfa=1 keys=0 password=1");
	host_says("MFA-01", AUDIT_PASS, "= 1");
	facts_none(&host, "iam", "root-mfa");
	host_says("MFA-02", AUDIT_PASS, "not a virtual");
	text("iam", "root-mfa", "arn:aws:iam::123456789012:mfa/root-account-mfa-device");
	host_says("MFA-02", AUDIT_WARN, "root-account-mfa-device");
	text("iam", "summary", "mfa=0 keys=0 password=0");
	host_says("MFA-01", AUDIT_PASS, "neither");
}

static void keys_of_root_fail(void **state)
{
	(void)state;
	text("iam", "summary", "mfa=1 keys=1 password=1");
	host_says("KEY-04", AUDIT_FAIL, "= 1");
	text("iam", "summary", "mfa=1 keys=0 password=1");
	host_says("KEY-04", AUDIT_PASS, "= 0");
	text("iam", "summary", "mfa=1");
	host_says("KEY-04", AUDIT_ERROR, "does not tell");
}

static void console_user_without_a_device_fails(void **state)
{
	(void)state;
	one_user(1000, "last=1699999000 service=s3 region=-");
	host_says("MFA-03", AUDIT_PASS, "1 users, 1 of them");
	text("iam-mfa", "kim", "count=0 by=live");
	host_says("MFA-03", AUDIT_FAIL, "kim: has a console password and no MFA device (live)");
	facts_none(&host, "iam-login", "kim");
	host_says("MFA-03", AUDIT_PASS, "1 users, 0 of them");
}

/* One of many that could not be told is enough. */
static void what_of_a_user_is_not_told_is_an_error(void **state)
{
	static const char *const checks[] = {"MFA-03", "KEY-01", "KEY-02", "KEY-03", "KEY-05", "KEY-10"};

	(void)state;
	one_user(1000, "last=1699999000 service=s3 region=-");
	text("iam-user", "lee", "arn=a created=1500000000");
	facts_trouble(&host, "iam-login", "lee", "iam GetLoginProfile: HTTP 403 AccessDenied");
	facts_trouble(&host, "iam-keys", "lee", "iam ListAccessKeys: HTTP 403 AccessDenied");
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		host_says(checks[i], AUDIT_ERROR, "AccessDenied");
}

static void account_without_users_is_no_pass(void **state)
{
	static const char *const checks[] = {"MFA-03", "KEY-01", "KEY-02", "KEY-03", "KEY-05", "KEY-10",
	    "PWD-05"};

	(void)state;
	text("iam", "users", "count=0");
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		host_says(checks[i], AUDIT_INFO, "no IAM users");
	facts_trouble(&host, "iam", "users", "iam ListUsers: HTTP 403 AccessDenied");
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		host_says(checks[i], AUDIT_ERROR, "AccessDenied");
}

static void key_is_too_old_by_the_second(void **state)
{
	(void)state;
	one_user(QUARTER, "last=1699999000 service=s3 region=-");
	host_says("KEY-01", AUDIT_PASS, "1 access keys");
	one_user(QUARTER + 1, "last=1699999000 service=s3 region=-");
	host_says("KEY-01", AUDIT_FAIL, "kim: AKIA...WXYZ: active, 90 d 0 h old");
	text("iam-key", "kim/1", "id=AKIA...WXYZ status=Inactive created=1000");
	host_says("KEY-01", AUDIT_PASS, "1 access keys");
	text("iam-key", "kim/1", "id=AKIA...WXYZ status=Active created=-1");
	host_says("KEY-01", AUDIT_ERROR, "does not say when");
}

static void two_active_keys_fail_but_in_a_rotation(void **state)
{
	(void)state;
	one_user(1000, "last=1699999000 service=s3 region=-");
	host_says("KEY-02", AUDIT_PASS, "1 users");
	text("iam-key", "kim/2", "id=AKIA...2222 status=Inactive created=1699999000");
	host_says("KEY-02", AUDIT_PASS, "1 users");
	text("iam-key", "kim/2", "id=AKIA...2222 status=Active created=1699999000");
	host_says("KEY-02", AUDIT_FAIL, "kim: two active keys");
	text("rotation", "kim", "state=overlap old=AKIA...WXYZ new=AKIA...2222");
	host_says("KEY-02", AUDIT_WARN, "under way");
	text("rotation", "kim", "state=saved old=AKIA...WXYZ new=AKIA...2222");
	host_says("KEY-02", AUDIT_WARN, "under way");
}

/* A journal is a permanent file: that it is there says nothing. */
static void rotation_that_has_ended_or_is_of_other_keys_excuses_nobody(void **state)
{
	static const char *const ended[] = {"state=closed old=- new=-", "state=closed old=AKIA...WXYZ "
	    "new=AKIA...2222", "state=grace old=AKIA...WXYZ new=AKIA...2222", "state=intent "
	    "old=AKIA...WXYZ new=-", "state=overlap old=AKIA...0000 new=AKIA...2222",
	    "state=overlap old=AKIA...WXYZ new=AKIA...3333"};

	(void)state;
	one_user(1000, "last=1699999000 service=s3 region=-");
	text("iam-key", "kim/2", "id=AKIA...2222 status=Active created=1699999000");
	for (size_t i = 0; i < sizeof(ended) / sizeof(ended[0]); i++) {
		text("rotation", "kim", ended[i]);
		host_says("KEY-02", AUDIT_FAIL, "no rotation is under way");
	}
}

static void key_that_was_never_used_counts_from_when_it_was_made(void **state)
{
	(void)state;
	one_user(45 * 86400, NULL);
	host_says("KEY-03", AUDIT_PASS, "1 access keys");
	one_user(45 * 86400 + 1, NULL);
	host_says("KEY-03", AUDIT_FAIL, "never used");
	one_user(45 * 86400 + 1, "last=1699999000 service=s3 region=-");
	host_says("KEY-03", AUDIT_PASS, "1 access keys");
	one_user(QUARTER, "last=1690000000 service=s3 region=-");
	host_says("KEY-03", AUDIT_FAIL, "not used for 115 d");
	facts_trouble(&host, "iam-key-used", "kim/1", "HTTP 403 AccessDenied");
	host_says("KEY-03", AUDIT_ERROR, "AccessDenied");
}

static void inactive_key_beyond_the_grace_is_warned_of(void **state)
{
	(void)state;
	one_user(1000, NULL);
	text("iam-key", "kim/1", "id=AKIA...WXYZ status=Inactive created=1600000000");
	host_says("KEY-05", AUDIT_WARN, "inactive");
	text("iam-key-used", "kim/1", "last=1699999000 service=s3 region=-");
	host_says("KEY-05", AUDIT_PASS, "1 access keys");
}

static void initial_key_fails(void **state)
{
	(void)state;
	one_user(1000, NULL);
	host_says("KEY-10", AUDIT_FAIL, "active and never used");
	text("iam-key-used", "kim/1", "last=1699999000 service=s3 region=-");
	host_says("KEY-10", AUDIT_PASS, "1 access keys");
	one_user(1000, NULL);
	facts_none(&host, "iam-login", "kim");
	host_says("KEY-10", AUDIT_PASS, "1 access keys");
	facts_trouble(&host, "iam-login", "kim", "HTTP 403 AccessDenied");
	host_says("KEY-10", AUDIT_ERROR, "AccessDenied");
}

static void secret_that_is_not_iams_fails(void **state)
{
	(void)state;
	facts_none(&host, "iam-secrets", "all");
	host_says("KEY-06", AUDIT_SKIP, "--secrets");
	text("iam-secrets", "all", "count=1");
	host_says("KEY-06", AUDIT_ERROR, "none of the secrets");
	text("iam-secret", "s", "user=kim key=AKIA...WXYZ status=Active works=yes enabled=yes "
	    "created=1699999000 changed=1699999000 current=v1 pending=v1");
	host_says("KEY-06", AUDIT_PASS, "works");
	host_says("KEY-07", AUDIT_PASS, "nowhere, or on the current");
	host_says("KEY-08", AUDIT_PASS, "was made");
	text("iam-secret", "s", "user=kim key=AKIA...WXYZ status=Inactive works=InvalidClientTokenId "
	    "enabled=no created=1699990000 changed=1699990000 current=v1 pending=v2");
	host_says("KEY-06", AUDIT_FAIL, "Inactive");
	host_says("KEY-07", AUDIT_FAIL, "AWSPENDING waits");
	host_says("KEY-08", AUDIT_INFO, "does not rotate it");
	text("iam-secret", "s", "user=kim key=AKIA...WXYZ status=Active works=SignatureDoesNotMatch "
	    "enabled=yes created=1600000000 changed=1699999900 current=v1 pending=v2");
	host_says("KEY-06", AUDIT_FAIL, "SignatureDoesNotMatch");
	host_says("KEY-07", AUDIT_INFO, "under way");
	host_says("KEY-08", AUDIT_WARN, "more than 90 days");
	text("iam-secret", "s", "user=kim key=AKIA...WXYZ status=gone works=InvalidClientTokenId "
	    "enabled=yes created=-1 changed=1699999900 current=v1 pending=-");
	host_says("KEY-06", AUDIT_FAIL, "gone");
	host_says("KEY-08", AUDIT_ERROR, "not known");
	facts_trouble(&host, "iam-secret", "s", "HTTP 400 ResourceNotFoundException");
	host_says("KEY-06", AUDIT_ERROR, "ResourceNotFound");
	host_says("KEY-07", AUDIT_ERROR, "ResourceNotFound");
}

static void policy(const char *fields)
{
	char json[512];

	(void)snprintf(json, sizeof(json), "{\"PasswordPolicy\": {%s}}", fields);
	text("iam", "policy", json);
}

static void account_without_a_policy_fails(void **state)
{
	(void)state;
	facts_none(&host, "iam", "policy");
	host_says("PWD-01", AUDIT_FAIL, "NoSuchEntity");
	host_says("PWD-02", AUDIT_FAIL, "default");
	host_says("PWD-03", AUDIT_FAIL, "never expire");
	host_says("PWD-04", AUDIT_WARN, "= 0");
	facts_trouble(&host, "iam", "policy", "HTTP 403 AccessDenied");
	host_says("PWD-01", AUDIT_ERROR, "AccessDenied");
	host_says("PWD-03", AUDIT_ERROR, "AccessDenied");
	text("iam", "policy", "{\"PasswordPolicy\": {\"Unknown\": 1}}");
	host_says("PWD-02", AUDIT_ERROR, "Unknown");
}

static void upper_and_lower_case_are_one_kind(void **state)
{
	(void)state;
	policy("\"MinimumPasswordLength\": 8, \"RequireUppercaseCharacters\": true, "
	    "\"RequireLowercaseCharacters\": true, \"RequireNumbers\": true");
	host_says("PWD-02", AUDIT_FAIL, "kinds required: 2");
	policy("\"MinimumPasswordLength\": 10, \"RequireLowercaseCharacters\": true, "
	    "\"RequireNumbers\": true");
	host_says("PWD-02", AUDIT_PASS, "kinds required: 2");
	policy("\"MinimumPasswordLength\": 8, \"RequireLowercaseCharacters\": true, "
	    "\"RequireNumbers\": true, \"RequireSymbols\": true");
	host_says("PWD-02", AUDIT_PASS, "kinds required: 3");
	policy("\"MinimumPasswordLength\": 128");
	host_says("PWD-02", AUDIT_FAIL, "kinds required: 0");
	host_says("PWD-01", AUDIT_PASS, "of its own");
}

static void passwords_expire_each_quarter(void **state)
{
	(void)state;
	policy("\"MaxPasswordAge\": 90, \"PasswordReusePrevention\": 24");
	host_says("PWD-03", AUDIT_PASS, "= 90");
	host_says("PWD-04", AUDIT_PASS, "= 24");
	policy("\"MaxPasswordAge\": 91, \"PasswordReusePrevention\": 23");
	host_says("PWD-03", AUDIT_FAIL, "= 91");
	host_says("PWD-04", AUDIT_WARN, "= 23");
}

static void old_password_of_a_console_user_fails(void **state)
{
	(void)state;
	one_user(1000, NULL);
	text("iam", "report", "generated=1699999000");
	text("iam-report", "kim", "password=true changed=1692224000 next=-1");
	host_says("PWD-05", AUDIT_PASS, "1 users");
	text("iam-report", "kim", "password=true changed=1692223999 next=-1");
	host_says("PWD-05", AUDIT_FAIL, "kim: password changed 90 d");
	facts_none(&host, "iam-login", "kim");
	host_says("PWD-05", AUDIT_PASS, "1 users");
	text("iam-login", "kim", "created=1500000000");
	text("iam-report", "kim", "password=true changed=-1 next=-1");
	host_says("PWD-05", AUDIT_ERROR, "does not say");
	facts_trouble(&host, "iam", "report", "HTTP 403 AccessDenied");
	host_says("PWD-05", AUDIT_ERROR, "AccessDenied");
}

/* He is older than the report, so it should have him. */
static void user_whom_the_report_leaves_out_is_an_error(void **state)
{
	(void)state;
	one_user(1000, NULL);
	text("iam", "report", "generated=1699999000");
	host_says("PWD-05", AUDIT_ERROR, "kim: the report has no line of this user");
	facts_trouble(&host, "iam-login", "kim", "HTTP 403 AccessDenied");
	host_says("PWD-05", AUDIT_ERROR, "AccessDenied");
	facts_none(&host, "iam-login", "kim");
	host_says("PWD-05", AUDIT_PASS, "1 users");
	text("iam-login", "kim", "created=1699999500");
	text("iam-user", "kim", "arn=a created=1699999400");
	host_says("PWD-05", AUDIT_PASS, "1 users");
	text("iam-user", "kim", "arn=a created=-1");
	host_says("PWD-05", AUDIT_ERROR, "no line");
	/* The report's is another one of that name. */
	text("iam-user", "kim", "arn=a created=1699999400");
	text("iam-report", "kim", "password=true changed=1600000000 next=-1");
	host_says("PWD-05", AUDIT_PASS, "1 users");
}

static void endpoint_and_serial_console_are_warned_of(void **state)
{
	(void)state;
	text("ec2", "regions", "eu-west-1,us-east-1");
	text("ec2-endpoints", "eu-west-1", "count=0");
	text("ec2-serial", "eu-west-1", "enabled=no");
	host_says("EIC-09", AUDIT_ERROR, "us-east-1: was not looked at");
	text("ec2-endpoints", "us-east-1", "count=0");
	text("ec2-serial", "us-east-1", "enabled=no");
	host_says("EIC-09", AUDIT_PASS, "no endpoint");
	text("ec2-endpoint", "us-east-1/eice-1", "state=create-complete vpc=vpc-1");
	host_says("EIC-09", AUDIT_WARN, "us-east-1/eice-1");
	text("ec2-serial", "us-east-1", "enabled=yes");
	host_says("EIC-09", AUDIT_WARN, "serial consoles is enabled");
	facts_trouble(&host, "ec2", "regions", "no region is known");
	host_says("EIC-09", AUDIT_ERROR, "no region");
}

static void account_of_which_no_region_was_asked_is_no_pass(void **state)
{
	(void)state;
	text("ec2", "regions", "");
	host_says("EIC-09", AUDIT_ERROR, "no region");
	text("ec2", "regions", " , ");
	host_says("EIC-09", AUDIT_ERROR, "no region");
}

static void who_may_push_keys_is_named(void **state)
{
	(void)state;
	facts_none(&host, "iam-pushers", "all");
	host_says("EIC-10", AUDIT_SKIP, "--deep");
	text("iam-pushers", "all", "roles=all");
	text("iam", "users", "count=0");
	host_says("EIC-10", AUDIT_INFO, "neither users nor roles");
	text("iam-push", "arn:x", "SendSSHPublicKey=denied OpenTunnel=denied");
	/* Of permissions for some instances alone IAM was not asked. */
	host_says("EIC-10", AUDIT_INFO, "none may push");
	text("iam-push", "arn:y", "SendSSHPublicKey=allowed OpenTunnel=allowed");
	host_says("EIC-10", AUDIT_WARN, "arn:y: SendSSHPublicKey OpenTunnel");
	facts_trouble(&host, "iam-push", "arn:z", "HTTP 403 AccessDenied");
	host_says("EIC-10", AUDIT_ERROR, "AccessDenied");
}

static void users_that_are_not_told_are_no_pass_of_who_may_push_keys(void **state)
{
	(void)state;
	text("iam-pushers", "all", "roles=all");
	host_says("EIC-10", AUDIT_ERROR, "iam users: was not looked at");
	facts_trouble(&host, "iam", "users", "iam ListUsers: HTTP 403 AccessDenied");
	host_says("EIC-10", AUDIT_ERROR, "AccessDenied");
	text("iam-push", "arn:role", "SendSSHPublicKey=denied OpenTunnel=denied");
	host_says("EIC-10", AUDIT_ERROR, "AccessDenied");
	text("iam-push", "arn:other", "SendSSHPublicKey=allowed OpenTunnel=denied");
	host_says("EIC-10", AUDIT_ERROR, "arn:other: SendSSHPublicKey");
}

/* What the account has now counts, not what was mirrored. */
static void live_policy_is_what_the_host_is_held_to(void **state)
{
	(void)state;
	text("host", "time", "1700000000");
	facts_none(&host, "conf-file", "login");
	text("conf", "policy_file", "/p.json");
	text("conf", "password_policy", "kisa, iam");
	text("file", "/p.json", "{\"PasswordPolicy\":{\"MinimumPasswordLength\":12}}");
	text("meta", "/p.json", "file 0600 0 0 10 1699999000");
	host_says("PWD-07", AUDIT_PASS, "as strict");
	policy("\"MinimumPasswordLength\": 12");
	host_says("PWD-07", AUDIT_PASS, "the mirror is what IAM has now");
	policy("\"MinimumPasswordLength\": 14");
	host_says("PWD-07", AUDIT_FAIL, "IAM has 14, this host 12");
	policy("\"MinimumPasswordLength\": 8");
	host_says("PWD-07", AUDIT_WARN, "another policy now");
	facts_trouble(&host, "iam", "policy", "HTTP 403 AccessDenied");
	host_says("PWD-07", AUDIT_ERROR, "AccessDenied");
}

#define T(name) cmocka_unit_test_teardown(name, host_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(root_without_a_device_fails),
	    T(root_with_a_device_or_without_credentials_passes),
	    T(keys_of_root_fail),
	    T(console_user_without_a_device_fails),
	    T(what_of_a_user_is_not_told_is_an_error),
	    T(account_without_users_is_no_pass),
	    T(key_is_too_old_by_the_second),
	    T(two_active_keys_fail_but_in_a_rotation),
	    T(rotation_that_has_ended_or_is_of_other_keys_excuses_nobody),
	    T(key_that_was_never_used_counts_from_when_it_was_made),
	    T(inactive_key_beyond_the_grace_is_warned_of),
	    T(initial_key_fails),
	    T(secret_that_is_not_iams_fails),
	    T(account_without_a_policy_fails),
	    T(upper_and_lower_case_are_one_kind),
	    T(passwords_expire_each_quarter),
	    T(old_password_of_a_console_user_fails),
	    T(user_whom_the_report_leaves_out_is_an_error),
	    T(endpoint_and_serial_console_are_warned_of),
	    T(account_of_which_no_region_was_asked_is_no_pass),
	    T(who_may_push_keys_is_named),
	    T(users_that_are_not_told_are_no_pass_of_who_may_push_keys),
	    T(live_policy_is_what_the_host_is_held_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
