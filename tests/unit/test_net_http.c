/* One request and its answer, and many: lib/net/http.h. */
#include "tests/unit/loopback.h"

#include "lib/net/http.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#define OK LOOPBACK_200("2\r\nX-Id: abc\r\n\r\nok")

static struct http *http;
static struct http_answer answer;

static int set_up(void **state)
{
	(void)state;
	return http_open(&http, &(struct http_settings){.agent = "test/1"}, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	http_answer_free(&answer);
	http_close(&http);
	return 0;
}

static int ask(const struct http_request *q)
{
	http_answer_free(&answer);
	return http_do(http, q, &answer);
}

static const char *body(void)
{
	return answer.body.data != NULL ? (const char *)answer.body.data : "(none)";
}

static void answer_comes_with_the_headers_that_are_wanted(void **state)
{
	static const struct loopback_step steps[] = {{.answer = OK}};

	(void)state;
	loopback_say(steps, 1);
	assert_int_equal(ask(&(struct http_request){.url = loopback_url("/a?b"), .want = {"x-id", "date"},
	    .header = {"x-mine: 1"}}), 0);
	assert_int_equal(answer.status, 200);
	assert_string_equal(body(), "ok");
	assert_string_equal(answer.value[0], "abc");
	assert_string_equal(answer.value[1], "");
	assert_true(answer.sent);
	assert_non_null(strstr(loopback.request[0], "GET /a?b HTTP/1.1\r\n"));
	assert_non_null(strstr(loopback.request[0], "\r\nx-mine: 1\r\n"));
	assert_non_null(strstr(loopback.request[0], "\r\nUser-Agent: test/1\r\n"));
}

static void redirect_is_not_followed(void **state)
{
	static const struct loopback_step steps[] = {
	    {.answer = "HTTP/1.1 302 x\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"}};

	(void)state;
	loopback_say(steps, 1);
	assert_int_equal(ask(&(struct http_request){.url = loopback_url("/")}), 0);
	assert_int_equal(answer.status, 302);
	assert_int_equal(loopback.requests, 1);
}

static void chunks_are_put_together(void **state)
{
	static const struct loopback_step steps[] = {{.answer = "HTTP/1.1 200 OK\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"}};

	(void)state;
	loopback_say(steps, 1);
	assert_int_equal(ask(&(struct http_request){.url = loopback_url("/")}), 0);
	assert_string_equal(body(), "abcdefg");
}

static void answer_that_is_too_long_is_refused_however_it_comes(void **state)
{
	static const struct loopback_step steps[] = {
	    {.answer = LOOPBACK_200("12\r\n\r\n123456789012")},
	    {.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n"
	     "4\r\n1234\r\n0\r\n\r\n"},
	    {.answer = LOOPBACK_200("11\r\n\r\n12345678901")}};
	const struct http_request q = {.url = loopback_url("/"), .answer_most = 11};

	(void)state;
	loopback_say(steps, 3);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ask(&q), ERR_BAD);
		assert_null(answer.body.data);
		assert_true(answer.sent);
	}
	assert_int_equal(ask(&q), 0);
	assert_string_equal(body(), "12345678901");
}

static void long_answer_is_whole(void **state)
{
	enum { LENGTH = 100000 };
	char *text = malloc(LENGTH + 64);
	struct loopback_step step = {.answer = text};
	int n;

	(void)state;
	assert_non_null(text);
	n = sprintf(text, LOOPBACK_200("100000\r\n\r\n"));
	memset(text + n, 'x', LENGTH);
	text[n + LENGTH] = '\0';
	loopback_say(&step, 1);
	assert_int_equal(ask(&(struct http_request){.url = loopback_url("/")}), 0);
	assert_int_equal(answer.len, LENGTH);
	assert_int_equal(strlen(body()), LENGTH);
	loopback_say(NULL, 0);
	free(text);
}

static void part_of_an_answer_is_none(void **state)
{
	static const struct loopback_step steps[] = {
	    {.answer = LOOPBACK_200("100\r\n\r\nsecret"), .cut = true}, {.answer = NULL}};

	(void)state;
	loopback_say(steps, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ask(&(struct http_request){.url = loopback_url("/")}), ERR_UNAVAIL);
		assert_null(answer.body.data);
		assert_true(answer.sent);
	}
}

static void slow_answer_is_given_up(void **state)
{
	static const struct loopback_step steps[] = {{.answer = OK, .delay_ms = 1500}};

	(void)state;
	loopback_say(steps, 1);
	assert_int_equal(ask(&(struct http_request){.url = loopback_url("/"), .total_ms = 200}),
	    ERR_UNAVAIL);
	assert_true(answer.sent);
	assert_non_null(strstr(answer.e.text, "no answer in time"));
}

static void what_was_never_sent_is_told_apart(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t size = sizeof(at);
	char url[64];

	(void)state;
	assert_return_code(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0); /* nobody listens */
	assert_return_code(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/", ntohs(at.sin_port));
	assert_int_equal(ask(&(struct http_request){.url = url}), ERR_UNAVAIL);
	assert_false(answer.sent);
	(void)close(fd);
}

/* libcurl sends again what it had sent over a connection that turns out dead.  That is what
 * `fresh` is for. */
static void fresh_request_is_sent_once(void **state)
{
	static const struct loopback_step steps[] = {{.answer = OK}, {.answer = NULL}, {.answer = OK}};
	struct http_request q = {.url = loopback_url("/"), .method = HTTP_POST, .body = "x", .body_len = 1};

	(void)state;
	loopback_say(steps, 3);
	assert_int_equal(ask(&q), 0);
	assert_int_equal(ask(&q), 0); /* the control: cut, and sent again unasked */
	assert_int_equal(loopback.requests, 3);

	loopback_say(steps, 3);
	q.fresh = true;
	assert_int_equal(ask(&q), 0);
	assert_int_equal(ask(&q), ERR_UNAVAIL);
	assert_true(answer.sent);
	assert_int_equal(loopback.requests, 2);
	assert_int_equal(loopback.connections, 2);
}

static void connection_is_kept_for_the_next_request(void **state)
{
	static const struct loopback_step steps[] = {{.answer = OK}};

	(void)state;
	loopback_say(steps, 1);
	for (int i = 0; i < 5; i++)
		assert_int_equal(ask(&(struct http_request){.url = loopback_url("/")}), 0);
	assert_in_range(loopback.connections, 0, 1);
}

static void what_is_not_allowed_is_not_sent(void **state)
{
	static const struct http_sign sign = {"r", "s", "id", "key"};
	static const char *const urls[] = {"http://192.0.2.1/", "http://example.invalid/",
	    "http://127.0.0.1.example.invalid/", "http://169.254.169.254/", "http://[fd00:ec2::254]/",
	    "https://user:password@192.0.2.1/", "ftp://127.0.0.1/", "file:///etc/passwd", "", "127.0.0.1",
	    "http://2130706433.invalid/"};

	(void)state;
	loopback_say(NULL, 0);
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		if (ask(&(struct http_request){.url = urls[i], .total_ms = 100}) != ERR_SYNTAX)
			fail_msg("%s: %d %s", urls[i], answer.r, answer.e.text);
		assert_false(answer.sent);
		assert_null(strstr(answer.e.text, "password@"));
	}
	assert_int_equal(ask(&(struct http_request){.url = loopback_url("/"), .sign = &sign}), ERR_SYNTAX);
	assert_int_equal(ask(&(struct http_request){.url = loopback_url("/"),
	    .header = {"x: 1\r\ny: 2"}}), ERR_SYNTAX);
	assert_int_equal(ask(&(struct http_request){.url = loopback_url("/"), .header = {"x:"}}),
	    ERR_SYNTAX);
	assert_int_equal(loopback.requests, 0);
}

static void places_are_told_by_the_address(void **state)
{
	static const struct { const char *url; enum http_place place; bool tls; } urls[] = {
	    {"http://127.0.0.1:80/", HTTP_LOOPBACK, false}, {"http://127.9.9.9/", HTTP_LOOPBACK, false},
	    {"http://localhost/", HTTP_LOOPBACK, false}, {"http://[::1]/x", HTTP_LOOPBACK, false},
	    {"https://169.254.170.2/", HTTP_METADATA, true}, {"http://[fd00:ec2::23]/", HTTP_METADATA, false},
	    {"http://[fd00:ec3::23]/", HTTP_FAR, false}, {"https://iam.amazonaws.com", HTTP_FAR, true},
	    {"http://127.0.0.1@192.0.2.1/", HTTP_NOWHERE, true}, {"gopher://x/", HTTP_NOWHERE, true}};
	bool tls;

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		if (http_place_of(urls[i].url, &tls) != urls[i].place)
			fail_msg("%s", urls[i].url);
		if (urls[i].place != HTTP_NOWHERE)
			assert_int_equal(tls, urls[i].tls);
	}
}

static void proxy_is_never_asked_for_loopback(void **state)
{
	static const struct loopback_step steps[] = {{.answer = OK}};
	static const char *const variables[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"};

	(void)state;
	loopback_say(steps, 1);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(setenv(variables[i], "http://192.0.2.1:1", 1), 0);
	assert_int_equal(ask(&(struct http_request){.url = loopback_url("/"), .total_ms = 2000}), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(unsetenv(variables[i]), 0);
}

static void many_are_in_flight_and_each_tag_comes_once(void **state)
{
	static const struct loopback_step steps[] = {{.answer = OK, .delay_ms = 200}};
	bool seen[HTTP_FLIGHT_MOST] = {false};
	struct timespec from, to;
	const char *url = loopback_url("/");

	(void)state;
	loopback_say(steps, 1);
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < HTTP_FLIGHT_MOST; i++)
		assert_int_equal(http_submit(http, &(struct http_request){.url = url}, &seen[i], NULL), 0);
	assert_int_equal(http_submit(http, &(struct http_request){.url = url}, NULL, NULL), ERR_CONFLICT);
	assert_int_equal(http_in_flight(http), HTTP_FLIGHT_MOST);
	for (int i = 0; i < HTTP_FLIGHT_MOST; i++) {
		void *tag;

		assert_int_equal(http_next(http, -1, &answer, &tag), 0);
		assert_int_equal(answer.status, 200);
		assert_false(*(bool *)tag);
		*(bool *)tag = true;
		http_answer_free(&answer);
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	assert_in_range(to.tv_sec - from.tv_sec, 0, 5); /* one at a time: 12.8 s */
	assert_int_equal(http_next(http, -1, &answer, (void *[]){NULL}), ERR_NONE);
}

static void waiting_for_the_next_ends_and_what_is_left_is_given_up(void **state)
{
	static const struct loopback_step steps[] = {{.answer = OK, .delay_ms = 3000}};
	void *tag;

	(void)state;
	loopback_say(steps, 1);
	assert_int_equal(http_submit(http, &(struct http_request){.url = loopback_url("/")}, NULL, NULL), 0);
	assert_int_equal(http_next(http, 50, &answer, &tag), ERR_UNAVAIL);
	assert_int_equal(http_in_flight(http), 1);
}

/* ---- TLS ---- */

/* posix_spawn() takes what it does not change as changeable. */
static char *const *changeable(const char *const list[])
{
	union {
		const char *const *in;
		char *const *out;
	} u = {.in = list};

	return u.out;
}

static void run(const char *command)
{
	static const char *shell[] = {"/bin/sh", "-c", NULL, NULL};
	pid_t pid;
	int status;

	shell[2] = command;
	assert_int_equal(posix_spawn(&pid, shell[0], NULL, NULL, changeable(shell), environ), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A server with a certificate for name, which is also in the bundle at dir/NAME.pem. */
static pid_t serve(const char *dir, const char *name, int *port)
{
	char command[1024], number[16], pem[256];
	const char *argv[] = {"openssl", "s_server", "-quiet", "-www", "-accept", number, "-cert", pem, "-key",
	    pem, NULL};
	posix_spawn_file_actions_t files;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	pid_t pid;

	assert_return_code(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_return_code(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	*port = ntohs(at.sin_port);
	(void)close(fd);
	(void)snprintf(pem, sizeof(pem), "%s/%s.pem", dir, name);
	(void)snprintf(command, sizeof(command), "cd %s && openssl req -x509 -newkey ec -pkeyopt "
	    "ec_paramgen_curve:P-256 -nodes -keyout %s.pem -out %s.crt -days 2 -subj /CN=x "
	    "-addext subjectAltName=%s 2>/dev/null && cat %s.crt >>%s.pem", dir, name, name,
	    strcmp(name, "right") == 0 ? "IP:127.0.0.1" : "DNS:other.invalid", name, name);
	run(command);
	(void)snprintf(number, sizeof(number), "127.0.0.1:%d", *port);
	number[15] = '\0';
	assert_int_equal(posix_spawn_file_actions_init(&files), 0);
	assert_int_equal(posix_spawn_file_actions_addopen(&files, 0, "/dev/null", 0, 0), 0);
	assert_int_equal(posix_spawn_file_actions_addopen(&files, 1, "/dev/null", 1, 0), 0);
	(void)snprintf(number, sizeof(number), "%d", *port);
	assert_int_equal(posix_spawnp(&pid, argv[0], &files, NULL, changeable(argv), environ), 0);
	(void)posix_spawn_file_actions_destroy(&files);
	return pid;
}

/* Waits until it listens. */
static int ask_tls(const char *bundle, int port)
{
	const struct timespec wait = {.tv_nsec = 50000000};
	struct http_settings s = {.ca_bundle = bundle};
	char url[64];
	int r = ERR_UNAVAIL;

	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/", port);
	http_close(&http);
	assert_int_equal(http_open(&http, &s, NULL), 0);
	for (int i = 0; i < 100 && r == ERR_UNAVAIL; i++) {
		(void)nanosleep(&wait, NULL);
		r = ask(&(struct http_request){.url = url});
	}
	return r;
}

static void certificate_must_be_trusted_and_for_the_name(void **state)
{
	char dir[] = "/tmp/pb-http-XXXXXX", bundle[64], command[64];
	int right, wrong;
	pid_t one, other;

	(void)state;
	assert_non_null(mkdtemp(dir));
	one = serve(dir, "right", &right);
	other = serve(dir, "wrong", &wrong);
	(void)snprintf(bundle, sizeof(bundle), "%s/right.crt", dir);
	assert_int_equal(ask_tls(bundle, right), 0);
	assert_int_equal(answer.status, 200);
	assert_int_equal(ask_tls(NULL, right), ERR_BAD);
	assert_false(answer.sent);
	assert_non_null(strstr(answer.e.text, "AWS_CA_BUNDLE"));
	(void)snprintf(bundle, sizeof(bundle), "%s/wrong.crt", dir);
	assert_int_equal(ask_tls(bundle, wrong), ERR_BAD); /* trusted, but another's */
	assert_false(answer.sent);
	(void)snprintf(bundle, sizeof(bundle), "%s/none.crt", dir);
	assert_int_equal(ask_tls(bundle, right), ERR_BAD);
	for (int i = 0; i < 2; i++) {
		(void)kill(i == 0 ? one : other, SIGTERM);
		(void)waitpid(i == 0 ? one : other, NULL, 0);
	}
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	run(command);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(answer_comes_with_the_headers_that_are_wanted),
	    TEST(redirect_is_not_followed),
	    TEST(chunks_are_put_together),
	    TEST(answer_that_is_too_long_is_refused_however_it_comes),
	    TEST(long_answer_is_whole),
	    TEST(part_of_an_answer_is_none),
	    TEST(slow_answer_is_given_up),
	    TEST(what_was_never_sent_is_told_apart),
	    TEST(fresh_request_is_sent_once),
	    TEST(connection_is_kept_for_the_next_request),
	    TEST(what_is_not_allowed_is_not_sent),
	    TEST(places_are_told_by_the_address),
	    TEST(proxy_is_never_asked_for_loopback),
	    TEST(many_are_in_flight_and_each_tag_comes_once),
	    TEST(waiting_for_the_next_ends_and_what_is_left_is_given_up),
	    TEST(certificate_must_be_trusted_and_for_the_name),
	};

	loopback_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
