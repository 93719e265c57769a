/* Where keys and regions come from, and calls that are tried again: lib/net/aws_cred.h, aws.h. */
#include "tests/unit/loopback.h"

#include "lib/net/aws.h"
#include "lib/net/aws_imds.h"
#include "lib/net/aws_ini.h"

#define NOW INT64_C(1764479538) /* 2025-11-30T05:12:18Z */
#define SAID(status, text) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" text
#define KEYS(id, token) "{\"Code\":\"Success\",\"AccessKeyId\":\"" id "\",\"SecretAccessKey\":\"s\",\"" token \
	"\":\"t\",\"Expiration\":\"2025-11-30T06:12:18Z\"}"
#define FOR_GOOD(id) "{\"AccessKeyId\":\"" id "\",\"SecretAccessKey\":\"s\",\"Token\":\"t\"}"
#define ROLE(id) SAID("200 OK", "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>" id \
	"</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>" \
	"2025-11-30T06:12:18Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>")

static char dir[64];
static struct aws *aws;
static struct aws_cred_settings settings;
static const struct aws_key *key;
static const char *region;
static struct err e;

static void in_file(const char *name, const char *text)
{
	char path[128];
	FILE *out;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static void set(const char *variable, const char *value)
{
	assert_int_equal(setenv(variable, value, 1), 0);
}

/* Nothing of whoever runs this. */
static int set_up(void **state)
{
	static const char *const mine[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_WEB_IDENTITY_TOKEN_FILE",
	    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	    "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
	    "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "AWS_MAX_ATTEMPTS",
	    "AWS_METADATA_SERVICE_TIMEOUT", "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "AWS_CA_BUNDLE",
	    "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_IAM"};
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(mine) / sizeof(mine[0]); i++)
		assert_int_equal(unsetenv(mine[i]), 0);
	(void)snprintf(dir, sizeof(dir), "/tmp/pb-cred-XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/credentials", dir);
	set("AWS_SHARED_CREDENTIALS_FILE", path);
	(void)snprintf(path, sizeof(path), "%s/config", dir);
	set("AWS_CONFIG_FILE", path);
	set("AWS_EC2_METADATA_DISABLED", "true");
	set("AWS_ENDPOINT_URL", loopback_url("/"));
	settings = (struct aws_cred_settings){.profile = NULL};
	loopback_say(NULL, 0);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = {"credentials", "config", "token"};
	char path[128];

	(void)state;
	aws_close(&aws);
	for (int i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	return rmdir(dir);
}

static int find(void)
{
	aws_close(&aws);
	e = (struct err){.code = 0};
	assert_int_equal(aws_open(&aws, &(struct aws_settings){.cred = settings}, &e), 0);
	return aws_cred_get(aws_cred_of(aws), NOW, &key, &e);
}

static void assert_found(const char *id, const char *source)
{
	const int r = find();

	if (r != 0)
		fail_msg("%d: %s", r, e.text);
	assert_string_equal(key->id, id);
	assert_string_equal(key->source, source);
}

static void assert_fails(int code, const char *why)
{
	const int r = find();

	if (r != code || strstr(e.text, why) == NULL)
		fail_msg("%d: %s", r, e.text);
	assert_null(key);
}

static void no_source_at_all_is_told(void **state)
{
	(void)state;
	assert_fails(ERR_NONE, "no AWS credentials: set AWS_ACCESS_KEY_ID");
	assert_non_null(strstr(e.text, "AWS_EC2_METADATA_DISABLED is set"));
}

static void environment_comes_first_unless_a_profile_is_asked_for(void **state)
{
	(void)state;
	in_file("credentials", "[default]\naws_access_key_id=DEF\naws_secret_access_key=s\n"
	    "[x]\naws_access_key_id=X\naws_secret_access_key=s\naws_session_token=t\n");
	assert_found("DEF", "profile default");
	set("AWS_PROFILE", "x");
	assert_found("X", "profile x");
	assert_string_equal((char *)key->token.data, "t");
	set("AWS_ACCESS_KEY_ID", "ENV");
	assert_fails(ERR_BAD, "one alone is set");
	set("AWS_SECRET_ACCESS_KEY", "s");
	assert_found("ENV", "environment");
	settings.profile = "x";
	assert_found("X", "profile x");
	settings.profile = "y";
	assert_fails(ERR_NONE, "profile y: neither ");
}

static void file_that_others_may_write_is_refused(void **state)
{
	char path[128];

	(void)state;
	in_file("credentials", "[default]\naws_access_key_id=DEF\naws_secret_access_key=s\n");
	(void)snprintf(path, sizeof(path), "%s/credentials", dir);
	assert_int_equal(chmod(path, 0620), 0);
	assert_fails(ERR_UNSAFE, "chmod go-w");
	assert_int_equal(chmod(path, 0600), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, 0), 0);
		assert_fails(ERR_UNSAFE, "belongs to somebody else");
	}
}

static void what_is_not_in_this_version_is_not_passed_over(void **state)
{
	(void)state;
	in_file("config", "[default]\nsso_session=x\naws_access_key_id=A\naws_secret_access_key=s\n");
	assert_fails(ERR_SYNTAX, "sso_session is not in this version");
	in_file("config", "[default]\nregion=x\n");
	set("AWS_WEB_IDENTITY_TOKEN_FILE", "/x");
	assert_fails(ERR_SYNTAX, "web identities");
}

static void profile_assumes_its_role_with_the_key_of_another(void **state)
{
	static const struct loopback_step steps[] = {{.answer = ROLE("ROLE")}};

	(void)state;
	loopback_say(steps, 1);
	in_file("credentials", "[base]\naws_access_key_id=BASE\naws_secret_access_key=s\n");
	in_file("config", "[profile r]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=base\nexternal_id=e/1\n"
	    "role_session_name=me\nduration_seconds=900\nregion=eu-west-1\n");
	settings.profile = "r";
	assert_found("ROLE", "role arn:aws:iam::1:role/r");
	assert_int_equal(key->expires, NOW + 3600);
	assert_non_null(strstr(loopback.request[0], "Credential=BASE/"));
	assert_non_null(strstr(loopback.request[0], "/eu-west-1/sts/aws4_request"));
	assert_non_null(strstr(loopback.request[0], "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=me&"
	    "ExternalId=e%2F1&DurationSeconds=900"));
}

static void roles_without_a_source_in_a_circle_or_with_a_code_are_refused(void **state)
{
	(void)state;
	settings.profile = "r";
	in_file("config", "[profile r]\nrole_arn=a\n");
	assert_fails(ERR_SYNTAX, "needs source_profile or");
	in_file("config", "[profile r]\nrole_arn=a\nsource_profile=s\n[profile s]\nrole_arn=b\nsource_profile=r\n");
	assert_fails(ERR_SYNTAX, "too many in a row");
	in_file("config", "[profile r]\nrole_arn=a\nsource_profile=r\n");
	assert_fails(ERR_SYNTAX, "no key to assume its role with");
	in_file("config", "[profile r]\nrole_arn=a\ncredential_source=Moon\n");
	assert_fails(ERR_SYNTAX, "Ec2InstanceMetadata or");
	in_file("config", "[profile r]\nrole_arn=a\nmfa_serial=m\nsource_profile=r\n");
	assert_fails(ERR_SYNTAX, "mfa_serial is not in this version");
	assert_int_equal(loopback.requests, 0);
}

/* Without a key there is nothing to sign with. */
static void role_whose_source_has_no_key_is_never_asked_for(void **state)
{
	static const struct loopback_step steps[] = {{.answer = ROLE("ROLE")}};

	(void)state;
	loopback_say(steps, 1);
	settings.profile = "r";
	in_file("config", "[profile r]\nrole_arn=a\nsource_profile=nobody\n");
	assert_fails(ERR_BAD, "profile nobody: neither ");
	in_file("config", "[profile r]\nrole_arn=a\nsource_profile=s\n[profile s]\nregion=eu-west-1\n");
	assert_fails(ERR_BAD, "profile s: there is no key in it");
	settings.profile = NULL; /* nor does the instance's role take the place of the one that is named */
	in_file("config", "[default]\nrole_arn=a\nsource_profile=nobody\n");
	assert_fails(ERR_BAD, "profile nobody: neither ");
	assert_int_equal(loopback.requests, 0);
}

/* As AWS's own tools have it: the chain ends at the first key. */
static void source_profile_with_a_key_and_a_role_gives_its_key(void **state)
{
	static const struct loopback_step steps[] = {{.answer = ROLE("ROLE")}, {.answer = ROLE("OTHER")}};

	(void)state;
	loopback_say(steps, 2);
	settings.profile = "r";
	in_file("credentials", "[s]\naws_access_key_id=S\naws_secret_access_key=s\n"
	    "[t]\naws_access_key_id=T\naws_secret_access_key=s\n");
	in_file("config", "[profile r]\nrole_arn=a\nsource_profile=s\n"
	    "[profile s]\nrole_arn=b\nsource_profile=t\n");
	assert_found("ROLE", "role a");
	assert_int_equal(loopback.requests, 1);
	assert_non_null(strstr(loopback.request[0], "Credential=S/"));
}

static void key_is_of_one_file_alone(void **state)
{
	(void)state;
	settings.profile = "x";
	in_file("credentials", "[x]\naws_access_key_id=X\naws_secret_access_key=s\n");
	in_file("config", "[profile x]\naws_session_token=of-another\naws_secret_access_key=other\n");
	assert_found("X", "profile x");
	assert_null(key->token.data);
	in_file("credentials", "[x]\naws_access_key_id=X\n");
	assert_fails(ERR_BAD, "the secret access key is missing");
}

/* The program's key goes before one of the configuration file, and behind one of the
 * credentials file. */
static void program_stands_between_the_two_files(void **state)
{
	(void)state;
	settings.profile = "x";
	in_file("config", "[profile x]\naws_access_key_id=CONF\naws_secret_access_key=s\n"
	    "credential_process = /bin/echo '{\"Version\":1,\"AccessKeyId\":\"PROC\",\"SecretAccessKey\":\"s\"}'\n");
	assert_found("PROC", "profile x");
	in_file("credentials", "[x]\naws_access_key_id=CRED\naws_secret_access_key=s\n");
	assert_found("CRED", "profile x");
}

static void profile_may_be_named_by_the_older_variable_but_not_two(void **state)
{
	(void)state;
	in_file("credentials", "[default]\naws_access_key_id=DEF\naws_secret_access_key=s\n"
	    "[x]\naws_access_key_id=X\naws_secret_access_key=s\n");
	set("AWS_DEFAULT_PROFILE", "x");
	assert_found("X", "profile x");
	set("AWS_PROFILE", "x");
	assert_found("X", "profile x");
	set("AWS_PROFILE", "default");
	assert_fails(ERR_SYNTAX, "AWS_PROFILE and AWS_DEFAULT_PROFILE");
	assert_int_equal(aws_cred_region(aws_cred_of(aws), false, &region, &e), ERR_SYNTAX);
	settings.profile = "x";
	assert_found("X", "profile x");
}

/* It is asked for by roles alone. */
static void number_of_a_device_beside_a_key_says_nothing(void **state)
{
	(void)state;
	in_file("credentials", "[default]\naws_access_key_id=DEF\naws_secret_access_key=s\nmfa_serial=m\n");
	assert_found("DEF", "profile default");
}

/* A key that is set in from its section is one all the same: the instance's would be used. */
static void keys_that_are_indented_are_read(void **state)
{
	(void)state;
	in_file("credentials", "[default]\n  aws_access_key_id = DEF\n  aws_secret_access_key = s\n");
	assert_found("DEF", "profile default");
}

/* What AWS's own tools read, and this version does not, is refused where it is asked for. */
static void profile_that_cannot_be_read_spoils_no_other(void **state)
{
	(void)state;
	in_file("credentials", "[default]\naws_access_key_id=DEF\naws_secret_access_key=s\n"
	    "[old]\naws_access_key_id: OLD\naws_secret_access_key: s\n");
	in_file("config", "[default]\nregion=eu-west-3\n[profile tool]\nregion = eu-west-1\n   output = json\n");
	assert_found("DEF", "profile default");
	assert_int_equal(aws_cred_region(aws_cred_of(aws), false, &region, &e), 0);
	assert_string_equal(region, "eu-west-3");
	settings.profile = "old";
	assert_fails(ERR_SYNTAX, "credentials:5: neither a section nor KEY = VALUE");
	settings.profile = "tool";
	assert_fails(ERR_SYNTAX, "config:5: a value of several lines");
	assert_int_equal(aws_cred_region(aws_cred_of(aws), false, &region, &e), ERR_SYNTAX);
}

static void role_that_is_refused_is_named(void **state)
{
	static const struct loopback_step steps[] = {{.answer = SAID("403 x", "<ErrorResponse><Error><Code>"
	    "AccessDenied</Code><Message>m</Message></Error></ErrorResponse>")}};

	(void)state;
	loopback_say(steps, 1);
	set("AWS_ACCESS_KEY_ID", "ENV");
	set("AWS_SECRET_ACCESS_KEY", "s");
	settings.assume_role = "arn:aws:iam::1:role/r";
	assert_fails(ERR_DENIED, "role arn:aws:iam::1:role/r: sts AssumeRole: HTTP 403 AccessDenied: m");
	assert_int_equal(loopback.requests, 1);
}

static void process_is_run_without_a_shell(void **state)
{
	(void)state;
	settings.profile = "p";
	in_file("config", "[profile p]\ncredential_process = /bin/echo '{\"Version\":1,\"AccessKeyId\":\"PROC\",'"
	    " \"\\\"SecretAccessKey\\\":\\\"s\\\",\" \"\\\"SessionToken\\\":\\\"$HOME;x\\\"}\"\n");
	assert_found("PROC", "profile p");
	assert_string_equal((char *)key->token.data, "$HOME;x");
	in_file("config", "[profile p]\ncredential_process = /bin/echo {}\n");
	assert_fails(ERR_BAD, "\"Version\": 1");
	in_file("config", "[profile p]\ncredential_process = /bin/false\n");
	assert_fails(ERR_BAD, "exit status 1");
	in_file("config", "[profile p]\ncredential_process = /nonexistent\n");
	assert_fails(ERR_BAD, "credential_process");
	in_file("config", "[profile p]\ncredential_process = 'open\n");
	assert_fails(ERR_SYNTAX, "no command");
}

/* It says all, and lives on. */
static void process_that_does_not_end_is_ended(void **state)
{
	(void)state;
	settings.profile = "p";
	in_file("config", "[profile p]\ncredential_process = /bin/sh -c \"echo "
	    "'{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"PROC\\\",\\\"SecretAccessKey\\\":\\\"s\\\"}'; exec sleep 1000 >/dev/null\"\n");
	(void)alarm(30);
	assert_fails(ERR_BAD, "too slow");
	(void)alarm(0);
}

static void container_gives_a_key_with_its_token(void **state)
{
	static const struct loopback_step steps[] = {{.answer = SAID("200 OK", KEYS("CONT", "Token"))}};
	char path[128];

	(void)state;
	loopback_say(steps, 1);
	set("AWS_CONTAINER_CREDENTIALS_FULL_URI", loopback_url("/keys"));
	set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "abc");
	assert_found("CONT", "container");
	assert_non_null(strstr(loopback.request[0], "\r\nauthorization: abc\r\n"));
	in_file("token", "def\n");
	(void)snprintf(path, sizeof(path), "%s/token", dir);
	set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path);
	assert_found("CONT", "container");
	assert_non_null(strstr(loopback.request[1], "\r\nauthorization: def\r\n"));
	set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/keys");
	assert_fails(ERR_SYNTAX, "a key is asked for by https");
	set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://a:hunter2@127.0.0.1/keys");
	assert_fails(ERR_SYNTAX, "a name or a password");
	assert_null(strstr(e.text, "hunter2"));
	set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.22/keys");
	assert_fails(ERR_SYNTAX, "a key is asked for by https");
}

static void use_instance(void)
{
	assert_int_equal(unsetenv("AWS_EC2_METADATA_DISABLED"), 0);
	set("AWS_EC2_METADATA_SERVICE_ENDPOINT", loopback_url("/"));
}

static void instance_gives_a_key_by_version_2(void **state)
{
	static const struct loopback_step steps[] = {{.answer = SAID("200 OK", "tok")},
	    {.answer = SAID("200 OK", "role-1\n")}, {.answer = SAID("200 OK", KEYS("INST", "Token"))}};

	(void)state;
	use_instance();
	loopback_say(steps, 3);
	assert_found("INST", "instance role role-1");
	assert_non_null(strstr(loopback.request[0], "PUT /latest/api/token "));
	assert_non_null(strstr(loopback.request[0], "x-aws-ec2-metadata-token-ttl-seconds: 21600"));
	assert_non_null(strstr(loopback.request[2], "GET /latest/meta-data/iam/security-credentials/role-1 "));
	assert_non_null(strstr(loopback.request[2], "x-aws-ec2-metadata-token: tok"));
}

static void instance_without_a_token_is_never_asked_by_version_1(void **state)
{
	static const struct loopback_step steps[][1] = {{{.answer = SAID("403 x", "")}},
	    {{.answer = SAID("404 x", "")}}, {{.answer = SAID("405 x", "")}}, {{.answer = SAID("200 OK", "a b")}},
	    {{.answer = SAID("200 OK", "")}}};

	(void)state;
	use_instance();
	for (size_t i = 0; i < 5; i++) {
		loopback_say(steps[i], 1);
		assert_fails(i < 3 ? ERR_DENIED : ERR_BAD, "no token");
		assert_int_equal(loopback.requests, 1);
	}
}

static void key_is_fetched_anew_before_it_ends_and_the_old_one_stays_while_it_is_good(void **state)
{
	static const struct loopback_step steps[] = {{.answer = SAID("200 OK", "tok")},
	    {.answer = SAID("200 OK", "r")}, {.answer = SAID("200 OK", KEYS("ONE", "Token"))},
	    {.answer = SAID("200 OK", "tok")}, {.answer = SAID("200 OK", "r")},
	    {.answer = SAID("200 OK", KEYS("TWO", "Token"))}, {.answer = NULL}};
	struct aws_cred *c;

	(void)state;
	use_instance();
	loopback_say(steps, 7);
	assert_found("ONE", "instance role r");
	c = aws_cred_of(aws);
	assert_int_equal(aws_cred_get(c, NOW + 3000, &key, &e), 0);
	assert_int_equal(loopback.requests, 3);
	assert_int_equal(aws_cred_get(c, NOW + 3600 - AWS_CRED_EARLY, &key, &e), 0);
	assert_string_equal(key->id, "TWO");
	assert_int_equal(aws_cred_get(c, NOW + 3599, &key, &e), 0); /* nobody answers any more */
	assert_string_equal(key->id, "TWO");
	assert_int_not_equal(aws_cred_get(c, NOW + 3600, &key, &e), 0);
	assert_null(key);
}

static void region_is_found_in_its_order(void **state)
{
	static const struct loopback_step steps[] = {{.answer = SAID("200 OK", "tok")},
	    {.answer = SAID("200 OK", "ap-northeast-2")}};

	(void)state;
	use_instance();
	loopback_say(steps, 2);
	set("AWS_ACCESS_KEY_ID", "ENV");
	set("AWS_SECRET_ACCESS_KEY", "s");
	assert_int_equal(find(), 0);
	assert_int_equal(aws_cred_region(aws_cred_of(aws), false, &region, &e), ERR_NONE);
	assert_string_equal(region, "");
	assert_int_equal(aws_cred_region(aws_cred_of(aws), true, &region, &e), 0);
	assert_string_equal(region, "ap-northeast-2");
	in_file("config", "[default]\nregion=eu-west-3\n");
	assert_int_equal(find(), 0);
	assert_int_equal(aws_cred_region(aws_cred_of(aws), true, &region, &e), 0);
	assert_string_equal(region, "eu-west-3");
	in_file("config", "[default]\nregion=\n"); /* none, and not one without a name */
	assert_int_equal(find(), 0);
	assert_int_equal(aws_cred_region(aws_cred_of(aws), false, &region, &e), ERR_NONE);
	set("AWS_DEFAULT_REGION", "eu-west-2");
	assert_int_equal(find(), 0);
	assert_int_equal(aws_cred_region(aws_cred_of(aws), true, &region, &e), 0);
	assert_string_equal(region, "eu-west-2");
	set("AWS_REGION", "eu-west-1");
	assert_int_equal(find(), 0);
	assert_int_equal(aws_cred_region(aws_cred_of(aws), true, &region, &e), 0);
	assert_string_equal(region, "eu-west-1");
	settings.region = "us-east-2";
	assert_int_equal(find(), 0);
	assert_int_equal(aws_cred_region(aws_cred_of(aws), true, &region, &e), 0);
	assert_string_equal(region, "us-east-2");
}

/* ---- calls ---- */

#define DONE SAID("200 OK", "<GetUserResponse><GetUserResult><User/></GetUserResult></GetUserResponse>")
#define FAILS(status, code) SAID(status " x", "<ErrorResponse><Error><Code>" code "</Code></Error></ErrorResponse>")

static struct aws_call user = {.service = AWS_IAM, .action = "GetUser"};

static int call(bool repeat, struct aws_answer *r)
{
	user.repeat = repeat;
	aws_answer_free(r);
	return aws_do(aws, &user, r);
}

static void only_what_may_be_repeated_is_tried_again(void **state)
{
	static const struct loopback_step passes[] = {{.answer = FAILS("400", "Throttling")},
	    {.answer = NULL}, {.answer = DONE}}, stays[] = {{.answer = FAILS("503", "ServiceUnavailable")}},
	    refused[] = {{.answer = FAILS("404", "NoSuchEntity")}},
	    throttled[] = {{.answer = FAILS("400", "Throttling")}};
	struct aws_answer r = {.end = AWS_TROUBLE};

	(void)state;
	set("AWS_ACCESS_KEY_ID", "ENV");
	set("AWS_SECRET_ACCESS_KEY", "s");
	assert_int_equal(find(), 0);
	loopback_say(passes, 3);
	assert_int_equal(call(true, &r), 0);
	assert_int_equal(r.tries, 3);
	loopback_say(throttled, 1);
	assert_int_equal(call(false, &r), ERR_UNAVAIL);
	assert_int_equal(r.end, AWS_THROTTLED);
	assert_int_equal(loopback.requests, 1);
	loopback_say(refused, 1);
	assert_int_equal(call(true, &r), ERR_REFUSED);
	assert_int_equal(loopback.requests, 1);
	loopback_say(stays, 1);
	assert_int_equal(call(true, &r), ERR_UNAVAIL);
	assert_int_equal(loopback.requests, 3);
	assert_int_equal(r.end, AWS_TROUBLE);
	aws_answer_free(&r);
}

static void try_that_may_have_been_done_is_told_behind_the_next(void **state)
{
	static const struct loopback_step lost[] = {{.answer = NULL}, {.answer = FAILS("400", "Throttling")}},
	    refused[] = {{.answer = FAILS("400", "Throttling")}, {.answer = FAILS("404", "NoSuchEntity")}};
	struct aws_answer r = {.end = AWS_TROUBLE};

	(void)state;
	set("AWS_ACCESS_KEY_ID", "ENV");
	set("AWS_SECRET_ACCESS_KEY", "s");
	set("AWS_MAX_ATTEMPTS", "2");
	assert_int_equal(find(), 0);
	loopback_say(lost, 2);
	assert_int_equal(call(true, &r), ERR_UNAVAIL);
	assert_int_equal(r.end, AWS_THROTTLED);
	assert_true(r.unsure);
	loopback_say(refused, 2);
	assert_int_equal(call(true, &r), ERR_REFUSED);
	assert_false(r.unsure);
	loopback_say(lost, 1);
	assert_int_equal(call(false, &r), ERR_UNAVAIL);
	assert_true(r.sent && r.unsure);
	aws_answer_free(&r);
}

static void expired_key_is_fetched_anew_once(void **state)
{
	static const struct loopback_step steps[] = {{.answer = SAID("200 OK", FOR_GOOD("ONE"))},
	    {.answer = FAILS("403", "ExpiredToken")}, {.answer = SAID("200 OK", FOR_GOOD("TWO"))},
	    {.answer = DONE}, {.answer = FAILS("403", "ExpiredToken")}};
	struct aws_answer r = {.end = AWS_TROUBLE};

	(void)state;
	set("AWS_CONTAINER_CREDENTIALS_FULL_URI", loopback_url("/keys"));
	loopback_say(steps, 5);
	assert_int_equal(find(), 0);
	assert_int_equal(call(true, &r), 0);
	assert_int_equal(loopback.requests, 4);
	assert_non_null(strstr(loopback.request[1], "Credential=ONE/"));
	assert_non_null(strstr(loopback.request[3], "Credential=TWO/"));
	/* Of a call that must not be done twice the answer stays. */
	assert_int_equal(call(false, &r), ERR_DENIED);
	assert_int_equal(loopback.requests, 5);
	aws_answer_free(&r);
}

static void calls_in_flight_have_their_retries(void **state)
{
	static const struct loopback_step steps[] = {{.answer = FAILS("400", "Throttling")}, {.answer = NULL},
	    {.answer = FAILS("404", "NoSuchEntity")}, {.answer = DONE}};
	struct aws_answer r;
	int refused = 0, done = 0, tags[AWS_FLIGHT_MOST] = {0};
	void *tag;

	(void)state;
	set("AWS_ACCESS_KEY_ID", "ENV");
	set("AWS_SECRET_ACCESS_KEY", "s");
	assert_int_equal(find(), 0);
	loopback_say(steps, 4);
	user.repeat = true;
	for (int i = 0; i < AWS_FLIGHT_MOST; i++)
		assert_int_equal(aws_submit(aws, &user, &tags[i], &e), 0);
	assert_int_equal(aws_room(aws), 0);
	assert_int_equal(aws_submit(aws, &user, NULL, &e), ERR_CONFLICT);
	while (aws_next(aws, &r, &tag) == 0) {
		++*(int *)tag;
		refused += aws_answer_is(&r, "NoSuchEntity");
		done += r.end == AWS_DONE;
		aws_answer_free(&r);
	}
	for (int i = 0; i < AWS_FLIGHT_MOST; i++)
		assert_int_equal(tags[i], 1);
	assert_int_equal(refused, 1);
	assert_int_equal(done, AWS_FLIGHT_MOST - 1);
	assert_int_equal(aws_room(aws), AWS_FLIGHT_MOST);
}

static void variables_that_are_wrong_are_told(void **state)
{
	struct aws_imds *m;

	(void)state;
	set("AWS_MAX_ATTEMPTS", "0");
	aws_close(&aws);
	assert_int_equal(aws_open(&aws, &(struct aws_settings){.tries = 0}, &e), ERR_SYNTAX);
	assert_non_null(strstr(e.text, "AWS_MAX_ATTEMPTS=0"));
	assert_int_equal(unsetenv("AWS_MAX_ATTEMPTS"), 0);
	assert_int_equal(aws_open(&aws, &(struct aws_settings){.tries = 0}, &e), 0);
	assert_int_equal(aws_imds_open(&m, aws_http(aws), &e), ERR_REFUSED);
	use_instance();
	set("AWS_METADATA_SERVICE_TIMEOUT", "x");
	assert_int_equal(aws_imds_open(&m, aws_http(aws), &e), ERR_SYNTAX);
	assert_int_equal(unsetenv("AWS_METADATA_SERVICE_TIMEOUT"), 0);
	set("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5");
	assert_int_equal(aws_imds_open(&m, aws_http(aws), &e), ERR_SYNTAX);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(no_source_at_all_is_told),
	    TEST(environment_comes_first_unless_a_profile_is_asked_for),
	    TEST(file_that_others_may_write_is_refused),
	    TEST(what_is_not_in_this_version_is_not_passed_over),
	    TEST(profile_assumes_its_role_with_the_key_of_another),
	    TEST(roles_without_a_source_in_a_circle_or_with_a_code_are_refused),
	    TEST(role_whose_source_has_no_key_is_never_asked_for),
	    TEST(source_profile_with_a_key_and_a_role_gives_its_key),
	    TEST(key_is_of_one_file_alone),
	    TEST(program_stands_between_the_two_files),
	    TEST(profile_may_be_named_by_the_older_variable_but_not_two),
	    TEST(number_of_a_device_beside_a_key_says_nothing),
	    TEST(keys_that_are_indented_are_read),
	    TEST(profile_that_cannot_be_read_spoils_no_other),
	    TEST(role_that_is_refused_is_named),
	    TEST(process_is_run_without_a_shell),
	    TEST(process_that_does_not_end_is_ended),
	    TEST(container_gives_a_key_with_its_token),
	    TEST(instance_gives_a_key_by_version_2),
	    TEST(instance_without_a_token_is_never_asked_by_version_1),
	    TEST(key_is_fetched_anew_before_it_ends_and_the_old_one_stays_while_it_is_good),
	    TEST(region_is_found_in_its_order),
	    TEST(only_what_may_be_repeated_is_tried_again),
	    TEST(try_that_may_have_been_done_is_told_behind_the_next),
	    TEST(expired_key_is_fetched_anew_once),
	    TEST(calls_in_flight_have_their_retries),
	    TEST(variables_that_are_wrong_are_told),
	};

	loopback_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
