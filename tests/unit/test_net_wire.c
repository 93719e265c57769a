/* What is sent to AWS and what it answers, without a network: lib/net/aws_wire.h, xml.h,
 * json_reply.h, aws_ini.h, aws_key.h. */
#include "tests/unit/scratch.h"

#include "lib/core/utf8.h"
#include "lib/net/aws_ini.h"
#include "lib/net/aws_wire.h"

#include <time.h>

#define NOW INT64_C(1764479538) /* Sun, 30 Nov 2025 05:12:18 GMT */

static struct err e;

/* ---- XML ---- */

static struct xml xml;

static int read_xml(const char *text)
{
	xml_free(&xml);
	return xml_read(&xml, text, strlen(text), &e);
}

static void elements_are_found_by_their_path(void **state)
{
	const struct xml_node *n;

	(void)state;
	assert_int_equal(read_xml("<?xml version=\"1.0\"?><A xmlns=\"u\"> <L> <m><N>a &amp; b</N></m>"
	    "<m><N>c&#x20ac;</N><E/></m></L><Id>1</Id></A>"), 0);
	assert_string_equal(xml.root->name, "A");
	assert_string_equal(xml_text(xml.root, "Id"), "1");
	n = xml_at(xml.root, "L/m");
	assert_string_equal(xml_text(n, "N"), "a & b");
	n = xml_next(n);
	assert_string_equal(xml_text(n, "N"), "c\xe2\x82\xac");
	assert_string_equal(xml_text(n, "E"), "");
	assert_null(xml_next(n));
	assert_string_equal(xml_text(xml.root, "L"), "");
	assert_null(xml_text(xml.root, "L/x"));
	assert_null(xml_text(NULL, "L"));
	xml_free(&xml);
}

static void document_types_and_depths_are_refused(void **state)
{
	char deep[XML_DEEP * 7 + 8] = "";

	(void)state;
	assert_int_equal(read_xml("<!DOCTYPE a [<!ENTITY b \"bb\">]><a>&b;</a>"), ERR_BAD);
	assert_non_null(strstr(e.text, "a document type"));
	assert_int_equal(read_xml("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"), ERR_BAD);
	assert_int_equal(read_xml("<a>&b;</a>"), ERR_BAD);
	for (int i = 0; i < XML_DEEP; i++)
		memcpy(deep + 3 * i, "<a>", 3);
	for (int i = 0; i < XML_DEEP; i++)
		memcpy(deep + 3 * XML_DEEP + 4 * i, "</a>", 5);
	assert_int_equal(read_xml(deep), 0);
	assert_int_equal(read_xml(""), ERR_BAD);
	assert_int_equal(read_xml("<a><b></a></b>"), ERR_BAD);
	assert_int_equal(read_xml("<a/><b/>"), ERR_BAD);
	assert_int_equal(read_xml("<a>\xff</a>"), ERR_BAD);
	assert_null(xml.root);
}

static void one_level_too_many_is_refused(void **state)
{
	char deep[(XML_DEEP + 1) * 7 + 1] = "";

	(void)state;
	for (int i = 0; i <= XML_DEEP; i++)
		memcpy(deep + 3 * i, "<a>", 3);
	for (int i = 0; i <= XML_DEEP; i++)
		memcpy(deep + 3 * (XML_DEEP + 1) + 4 * i, "</a>", 5);
	assert_int_equal(read_xml(deep), ERR_BAD);
	assert_non_null(strstr(e.text, "too deep"));
}

/* ---- JSON ---- */

static void objects_are_read_and_what_is_said_of_others_repeats_nothing(void **state)
{
	static const char *const wrong[] = {"", "[]", "\"hunter2\"", "{\"a\":\"hunter2\"", "{\"a\":1,\"a\":2}",
	    "{\"a\":hunter2}", "{\"hunter2\"}",
	    "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}"};
	static const char right[] = "{\"a\":\"x\\\"[\",\"n\":1,\"z\":\"\"}";
	json_t *j;

	(void)state;
	assert_int_equal(json_reply_read(&j, right, strlen(right), &e), 0);
	assert_string_equal(json_reply_text(j, "a"), "x\"[");
	assert_null(json_reply_text(j, "n"));
	assert_null(json_reply_text(j, "b"));
	json_decref(j);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(json_reply_read(&j, wrong[i], strlen(wrong[i]), &e), ERR_BAD);
		assert_null(j);
		assert_null(strstr(e.text, "hunter2"));
	}
}

/* ---- the shared files ---- */

static struct aws_ini ini;

static int read_ini(const char *text)
{
	aws_ini_free(&ini);
	return aws_ini_parse(&ini, "f", text, strlen(text), &e);
}

static void keys_are_found_in_their_section(void **state)
{
	(void)state;
	assert_int_equal(read_ini("\xef\xbb\xbf# remark\r\n[default]\r\nA=1\r\n; x\n\n[profile  \"b c\"] # y\n"
	    "a = two = 2 # not a remark\ns3 =\n  a = 3\n[empty]\n"), 0);
	assert_string_equal(aws_ini_get(&ini, "default", "a"), "1");
	assert_string_equal(aws_ini_get(&ini, "profile b c", "a"), "two = 2 # not a remark");
	assert_string_equal(aws_ini_get(&ini, "profile b c", "s3"), "");
	assert_null(aws_ini_get(&ini, "empty", "a"));
	assert_true(aws_ini_has(&ini, "empty"));
	assert_false(aws_ini_has(&ini, "b c"));
	aws_ini_free(&ini);
}

/* As AWS's own tools have it: by how far in the key above stands. */
static void lines_that_are_set_in_are_keys_or_those_of_the_key_above(void **state)
{
	(void)state;
	assert_int_equal(read_ini(" [a]\n  x = 1\n  s3 =\n    y = 2\n\n    # remark\n    z = 3\n  v = 4\n[b]\n\tx=5\n"), 0);
	assert_string_equal(aws_ini_get(&ini, "a", "x"), "1");
	assert_string_equal(aws_ini_get(&ini, "a", "v"), "4");
	assert_string_equal(aws_ini_get(&ini, "b", "x"), "5");
	assert_null(aws_ini_get(&ini, "a", "y"));
	assert_null(aws_ini_get(&ini, "a", "z"));
	aws_ini_free(&ini);
}

static void lines_that_are_none_are_told_by_number_and_not_repeated(void **state)
{
	static const struct { const char *text, *why; } wrong[] = {{"[a]\nhunter2\n", "f:2: neither"},
	    {"hunter2=1\n", "f:1: a key outside"}, {"[a\n", "f:1: no section"}, {"[]\n", "f:1: no section"},
	    {"[a]\nx=1\nX=hunter2\n", "f:3: the key is there"}, {"[a]\n[a]\n", "f:2: the section is there"},
	    {"[a]\n=hunter2", "f:2: neither"}, {"[a] b\n", "f:1: no section"},
	    {"[DEFAULT]\nx=hunter2\n", "f:1: [DEFAULT] is no profile"},
	    {"[a]\nx = \n  [b]\nhunter2=1\n", "f:3: a value of several lines"}};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(read_ini(wrong[i].text), ERR_SYNTAX);
		if (strncmp(e.text, wrong[i].why, strlen(wrong[i].why)) != 0)
			fail_msg("%s: %s", wrong[i].text, e.text);
		assert_null(strstr(e.text, "hunter2"));
	}
	assert_int_equal(aws_ini_parse(&ini, "f", "[a]\0b", 5, &e), ERR_SYNTAX);
}

/* As others read them, but for the section that has what this version does not. */
static void line_of_another_section_that_is_not_read_spoils_none(void **state)
{
	static const struct { const char *text, *why; } odd[] = {
	    {"[a]\nx=1\n[b]\ncredential_process: hunter2 --role=x\n  y\nz=1\n", "f:4: neither"},
	    {"[a]\nx=1\n[b]\nz=1\ncredential_process = x\n\n  hunter2 --role=y\n", "f:7: a value of several lines"}};

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		assert_int_equal(read_ini(odd[i].text), 0);
		assert_int_equal(aws_ini_whole(&ini, "a", &e), 0);
		assert_int_equal(aws_ini_whole(&ini, "c", &e), 0);
		assert_string_equal(aws_ini_get(&ini, "a", "x"), "1");
		assert_int_equal(aws_ini_whole(&ini, "b", &e), ERR_SYNTAX);
		if (strncmp(e.text, odd[i].why, strlen(odd[i].why)) != 0)
			fail_msg("%s: %s", odd[i].text, e.text);
		assert_null(strstr(e.text, "hunter2"));
		aws_ini_free(&ini);
	}
}

/* ---- keys ---- */

static void key_that_could_end_a_header_is_none(void **state)
{
	struct aws_key k;

	(void)state;
	assert_int_equal(aws_key_set(&k, "AKID", "a/b+c", NULL, "2025-11-30T05:12:18Z", "test", &e), 0);
	assert_int_equal(k.expires, NOW);
	assert_false(aws_key_expires(&k, NOW - 301, 300));
	assert_true(aws_key_expires(&k, NOW - 300, 300));
	aws_key_free(&k);
	assert_int_equal(aws_key_set(&k, "AKID", "a\r\nb", NULL, NULL, "test", &e), ERR_BAD);
	assert_int_equal(aws_key_set(&k, "AK:ID", "a", NULL, NULL, "test", &e), ERR_BAD);
	assert_int_equal(aws_key_set(&k, "AKID", "a", "b c", NULL, "test", &e), ERR_BAD);
	assert_int_equal(aws_key_set(&k, "AKID", NULL, NULL, NULL, "test", &e), ERR_BAD);
	assert_int_equal(aws_key_set(&k, "AKID", "hunter2", NULL, "tomorrow", "test", &e), ERR_BAD);
	assert_null(strstr(e.text, "hunter2"));
	assert_null(k.secret_key.data);
}

static void times_are_read_as_aws_writes_them(void **state)
{
	int64_t at;

	(void)state;
	assert_int_equal(aws_key_time("2025-11-30T05:12:18.123Z", &at), 0);
	assert_int_equal(at, NOW);
	assert_int_equal(aws_key_time("2025-11-30T05:12:18+00:00", &at), 0);
	assert_int_equal(aws_key_time("2025-11-30T05:12:18+09:00", &at), ERR_BAD);
	assert_int_equal(aws_key_time("2025-11-30", &at), ERR_BAD);
	assert_int_equal(aws_key_time("2025-11-30T05:12:18", &at), ERR_BAD);
}

/* ---- endpoints ---- */

static void each_partition_has_its_endpoints(void **state)
{
	static const struct { enum aws_service s; const char *region, *url, *scope; } known[] = {
	    {AWS_IAM, "", "https://iam.amazonaws.com/", "us-east-1"},
	    {AWS_IAM, "ap-northeast-2", "https://iam.amazonaws.com/", "us-east-1"},
	    {AWS_IAM, "cn-northwest-1", "https://iam.cn-north-1.amazonaws.com.cn/", "cn-north-1"},
	    {AWS_IAM, "us-gov-east-1", "https://iam.us-gov.amazonaws.com/", "us-gov-west-1"},
	    {AWS_IAM, "us-iso-west-1", "https://iam.us-iso-east-1.c2s.ic.gov/", "us-iso-east-1"},
	    {AWS_IAM, "us-isob-east-1", "https://iam.us-isob-east-1.sc2s.sgov.gov/", "us-isob-east-1"},
	    {AWS_IAM, "us-isof-east-1", "https://iam.us-isof-south-1.csp.hci.ic.gov/", "us-isof-south-1"},
	    {AWS_IAM, "eu-isoe-west-1", "https://iam.eu-isoe-west-1.cloud.adc-e.uk/", "eu-isoe-west-1"},
	    {AWS_IAM, "eusc-de-east-1", "https://iam.eusc-de-east-1.amazonaws.eu/", "eusc-de-east-1"},
	    {AWS_STS, "eusc-de-east-1", "https://sts.eusc-de-east-1.amazonaws.eu/", "eusc-de-east-1"},
	    {AWS_EC2, "us-iso-east-1", "https://ec2.us-iso-east-1.c2s.ic.gov/", "us-iso-east-1"},
	    {AWS_STS, "", "https://sts.amazonaws.com/", "us-east-1"},
	    {AWS_STS, "ap-northeast-2", "https://sts.ap-northeast-2.amazonaws.com/", "ap-northeast-2"},
	    {AWS_EC2, "cn-north-1", "https://ec2.cn-north-1.amazonaws.com.cn/", "cn-north-1"},
	    {AWS_SECRETS_MANAGER, "us-gov-west-1", "https://secretsmanager.us-gov-west-1.amazonaws.com/",
	     "us-gov-west-1"},
	    {AWS_EC2_INSTANCE_CONNECT, "eu-west-1", "https://ec2-instance-connect.eu-west-1.amazonaws.com/",
	     "eu-west-1"}};
	struct aws_endpoint p;

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		assert_int_equal(aws_endpoint_of(&p, known[i].s, known[i].region, NULL, &e), 0);
		assert_string_equal(p.url, known[i].url);
		assert_string_equal(p.region, known[i].scope);
	}
	assert_int_equal(aws_endpoint_of(&p, AWS_EC2, "", NULL, &e), ERR_NONE);
	assert_int_equal(aws_endpoint_of(&p, AWS_EC2, "evil.example/", NULL, &e), ERR_SYNTAX);
}

static void override_is_https_or_loopback(void **state)
{
	struct aws_endpoint p;

	(void)state;
	assert_int_equal(aws_endpoint_of(&p, AWS_IAM, "", "https://a:hunter2@127.0.0.1/", &e), ERR_SYNTAX);
	assert_null(strstr(e.text, "hunter2"));
	assert_int_equal(aws_endpoint_of(&p, AWS_IAM, "", "http://127.0.0.1:5000", &e), 0);
	assert_string_equal(p.url, "http://127.0.0.1:5000");
	assert_int_equal(aws_endpoint_of(&p, AWS_IAM, "", "https://iam.example.invalid", &e), 0);
	assert_int_equal(aws_endpoint_of(&p, AWS_IAM, "", "http://192.0.2.1/", &e), ERR_SYNTAX);
	assert_int_equal(aws_endpoint_of(&p, AWS_IAM, "", "http://169.254.169.254/", &e), ERR_SYNTAX);
	assert_int_equal(aws_endpoint_of(&p, AWS_IAM, "", "x", &e), ERR_SYNTAX);
	assert_int_equal(setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1", 1), 0);
	assert_int_equal(setenv("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:2", 1), 0);
	assert_int_equal(aws_endpoint_find(&p, AWS_IAM, "", &e), 0);
	assert_string_equal(p.url, "http://127.0.0.1:2");
	assert_int_equal(aws_endpoint_find(&p, AWS_STS, "", &e), 0);
	assert_string_equal(p.url, "http://127.0.0.1:1");
	assert_int_equal(unsetenv("AWS_ENDPOINT_URL"), 0);
	assert_int_equal(unsetenv("AWS_ENDPOINT_URL_IAM"), 0);
}

/* ---- requests ---- */

static struct aws_request request;

static void make(const struct aws_call *c, const struct aws_key *k)
{
	struct aws_endpoint p;

	aws_request_free(&request);
	assert_int_equal(aws_endpoint_of(&p, c->service, "eu-west-1", NULL, &e), 0);
	assert_int_equal(aws_request_make(&request, c, &p, k, &e), 0);
}

static void assert_body(const char *text)
{
	assert_int_equal(request.http.body_len, strlen(text));
	assert_memory_equal(request.http.body, text, strlen(text));
}

static void query_is_a_form_in_which_all_but_the_unreserved_is_encoded(void **state)
{
	static const struct aws_param params[] = {{"UserName", "a b+c/=&~-._%\xed\x95\x9c"}, {"Marker", NULL}};

	(void)state;
	make(&(struct aws_call){.service = AWS_IAM, .action = "GetUser", .param = params, .params = 2}, NULL);
	assert_body("Action=GetUser&Version=2010-05-08&UserName=a+b%2Bc%2F%3D%26~-._%25%ED%95%9C");
	assert_null(request.http.sign);
	assert_int_equal(request.http.method, HTTP_POST);
}

static void json_has_its_target_and_the_token_a_header(void **state)
{
	static const struct aws_param params[] = {{"SecretId", "a\"b"}, {"VersionId", NULL}};
	struct aws_key k;

	(void)state;
	assert_int_equal(aws_key_set(&k, "AKID", "key", "to/ken", NULL, "test", &e), 0);
	make(&(struct aws_call){.service = AWS_SECRETS_MANAGER, .action = "GetSecretValue", .param = params,
	    .params = 2}, &k);
	aws_key_free(&k);
	assert_body("{\"SecretId\":\"a\\\"b\"}");
	assert_string_equal(request.http.header[0], "content-type: application/x-amz-json-1.1");
	assert_string_equal(request.http.header[1], "x-amz-target: secretsmanager.GetSecretValue");
	assert_string_equal(request.http.header[2], "x-amz-security-token: to/ken");
	assert_null(request.http.header[3]);
	assert_string_equal(request.http.sign->service, "secretsmanager");
	assert_string_equal(request.http.sign->region, "eu-west-1");
	assert_string_equal(request.http.sign->secret_key, "key");
	assert_string_equal(aws_request_key_id(&request), "AKID");
}

/* Over a connection that has died meanwhile libcurl sends it again by itself. */
static void call_that_must_not_be_repeated_has_a_connection_of_its_own(void **state)
{
	(void)state;
	make(&(struct aws_call){.service = AWS_IAM, .action = "CreateAccessKey"}, NULL);
	assert_true(request.http.fresh);
	make(&(struct aws_call){.service = AWS_IAM, .action = "CreateAccessKey", .repeat = true, .fresh = true},
	    NULL);
	assert_true(request.http.fresh);
	make(&(struct aws_call){.service = AWS_IAM, .action = "ListUsers", .repeat = true}, NULL);
	assert_false(request.http.fresh);
}

/* ---- answers ---- */

static struct aws_answer answer;

static void answer_with(int status, const char *date, const char *body)
{
	struct http_answer a = {.status = status, .sent = true};

	aws_answer_free(&answer);
	assert_int_equal(secret_new(&a.body, strlen(body) + 1), 0);
	memcpy(a.body.data, body, strlen(body));
	a.len = strlen(body);
	(void)snprintf(a.value[0], sizeof(a.value[0]), "%s", date);
	(void)snprintf(a.value[1], sizeof(a.value[1]), "req-1");
	aws_reply_read(&answer, &request, &a, NOW);
	http_answer_free(&a);
}

#define ERROR(code) "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>" code \
	"</Code><Message>it\n says &lt;why&gt;</Message></Error><RequestId>r-2</RequestId></ErrorResponse>"

static void errors_name_service_call_code_and_request(void **state)
{
	(void)state;
	make(&(struct aws_call){.service = AWS_IAM, .action = "GetUser"}, NULL);
	answer_with(404, "", ERROR("NoSuchEntity"));
	assert_int_equal(answer.end, AWS_REFUSED);
	assert_true(aws_answer_is(&answer, "NoSuchEntity"));
	assert_string_equal(answer.e.text, "iam GetUser: HTTP 404 NoSuchEntity: it  says <why> (request r-2)");
	assert_int_equal(answer.e.code, ERR_REFUSED);
	answer_with(403, "", ERROR("AccessDenied"));
	assert_int_equal(answer.e.code, ERR_DENIED);
	answer_with(400, "", "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>m</Message>"
	    "</Error></Errors><RequestID>r-3</RequestID></Response>");
	assert_string_equal(answer.e.text, "iam GetUser: HTTP 400 UnauthorizedOperation: m (request r-3)");
	answer_with(400, "", "{\"__type\":\"com.amazon.x#ResourceNotFoundException:http://x\",\"Message\":\"m\"}");
	assert_string_equal(answer.code, "ResourceNotFoundException");
	answer_with(502, "", "<html>bad gateway");
	assert_int_equal(answer.end, AWS_TROUBLE);
	assert_string_equal(answer.e.text, "iam GetUser: HTTP 502 - (request req-1)");
}

static void message_about_a_secret_is_kept_back(void **state)
{
	(void)state;
	make(&(struct aws_call){.service = AWS_SECRETS_MANAGER, .action = "PutSecretValue", .secret = true},
	    NULL);
	answer_with(400, "", "{\"__type\":\"ValidationException\",\"message\":\"Value 'hunter2' at\"}");
	assert_string_equal(answer.e.text, "secretsmanager PutSecretValue: HTTP 400 ValidationException "
	    "(request req-1)");
}

static void throttling_is_no_refusal_and_a_quota_is(void **state)
{
	(void)state;
	make(&(struct aws_call){.service = AWS_IAM, .action = "GetUser"}, NULL);
	answer_with(400, "", ERROR("Throttling"));
	assert_int_equal(answer.end, AWS_THROTTLED);
	assert_true(aws_reply_may_pass(&answer));
	answer_with(429, "", "");
	assert_int_equal(answer.end, AWS_THROTTLED);
	answer_with(409, "", ERROR("LimitExceeded"));
	assert_int_equal(answer.end, AWS_REFUSED);
	assert_false(aws_reply_may_pass(&answer));
	answer_with(500, "", ERROR("ServiceFailure"));
	assert_int_equal(answer.end, AWS_TROUBLE);
	assert_true(answer.sent);
	assert_true(aws_reply_may_pass(&answer));
}

static void wrong_clock_is_told(void **state)
{
	(void)state;
	make(&(struct aws_call){.service = AWS_IAM, .action = "GetUser"}, NULL);
	answer_with(403, "Sun, 30 Nov 2025 05:22:18 GMT", ERROR("SignatureDoesNotMatch"));
	assert_int_equal(answer.end, AWS_SKEWED);
	assert_string_equal(answer.e.text, "iam GetUser: the clock of this host is 600 seconds slow: put it right");
	answer_with(403, "Sun, 30 Nov 2025 05:12:00 GMT", ERROR("SignatureDoesNotMatch"));
	assert_int_equal(answer.end, AWS_REFUSED);
	answer_with(403, "", ERROR("RequestTimeTooSkewed"));
	assert_int_equal(answer.end, AWS_SKEWED);
}

/* What a server says goes to a terminal and into reports. */
static void what_a_server_says_is_cut_between_characters_and_commands_no_terminal(void **state)
{
	char body[1024], many[400];

	(void)state;
	make(&(struct aws_call){.service = AWS_IAM, .action = "GetUser"}, NULL);
	for (size_t lead = 240; lead < 256; lead++) {
		memset(many, 'x', lead);
		(void)snprintf(many + lead, sizeof(many) - lead, "한글é한글한글한글");
		(void)snprintf(body, sizeof(body), "<ErrorResponse><Error><Code>X</Code><Message>%s</Message></Error>"
		    "</ErrorResponse>", many);
		answer_with(404, "", body);
		assert_true(utf8_is_text(answer.e.text));
		assert_non_null(strstr(answer.e.text, "xxxx"));
	}
	answer_with(404, "", "<ErrorResponse><Error><Code>X</Code><Message>a\xc2\x9b" "2Jb</Message></Error><RequestId>"
	    "r\xc2\x85</RequestId></ErrorResponse>");
	assert_true(utf8_is_text(answer.e.text));
	assert_non_null(strstr(answer.e.text, "X: a 2Jb"));
}

static void answer_of_another_call_is_trouble(void **state)
{
	(void)state;
	make(&(struct aws_call){.service = AWS_IAM, .action = "GetUser"}, NULL);
	answer_with(200, "", "<GetUserResponse><GetUserResult><User><UserName>a</UserName></User></GetUserResult>"
	    "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetUserResponse>");
	assert_int_equal(answer.end, AWS_DONE);
	assert_string_equal(xml_text(answer.result, "User/UserName"), "a");
	assert_string_equal(answer.request_id, "r");
	answer_with(200, "", "<ListUsersResponse/>");
	assert_int_equal(answer.end, AWS_TROUBLE);
	assert_int_equal(answer.e.code, ERR_BAD);
	answer_with(200, "", "<GetUserResponse>");
	assert_int_equal(answer.end, AWS_TROUBLE);
	answer_with(200, "", "");
	assert_int_equal(answer.end, AWS_TROUBLE);
	answer_with(301, "", "<GetUserResponse/>");
	assert_int_equal(answer.end, AWS_TROUBLE);
}

static int tear_down(void **state)
{
	(void)state;
	aws_request_free(&request);
	aws_answer_free(&answer);
	xml_free(&xml);
	aws_ini_free(&ini);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(elements_are_found_by_their_path),
	    cmocka_unit_test(document_types_and_depths_are_refused),
	    cmocka_unit_test(one_level_too_many_is_refused),
	    cmocka_unit_test(objects_are_read_and_what_is_said_of_others_repeats_nothing),
	    cmocka_unit_test(keys_are_found_in_their_section),
	    cmocka_unit_test(lines_that_are_set_in_are_keys_or_those_of_the_key_above),
	    cmocka_unit_test(lines_that_are_none_are_told_by_number_and_not_repeated),
	    cmocka_unit_test(line_of_another_section_that_is_not_read_spoils_none),
	    cmocka_unit_test(key_that_could_end_a_header_is_none),
	    cmocka_unit_test(times_are_read_as_aws_writes_them),
	    cmocka_unit_test(each_partition_has_its_endpoints),
	    cmocka_unit_test(override_is_https_or_loopback),
	    cmocka_unit_test(query_is_a_form_in_which_all_but_the_unreserved_is_encoded),
	    cmocka_unit_test(json_has_its_target_and_the_token_a_header),
	    cmocka_unit_test(call_that_must_not_be_repeated_has_a_connection_of_its_own),
	    cmocka_unit_test(errors_name_service_call_code_and_request),
	    cmocka_unit_test(message_about_a_secret_is_kept_back),
	    cmocka_unit_test(throttling_is_no_refusal_and_a_quota_is),
	    cmocka_unit_test(wrong_clock_is_told),
	    cmocka_unit_test(what_a_server_says_is_cut_between_characters_and_commands_no_terminal),
	    cmocka_unit_test(answer_of_another_call_is_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
