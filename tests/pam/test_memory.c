/* What a login leaves in the memory of its host: neither secret nor code.
 *
 * The host is a process of its own that is told each answer through a socket, straight
 * into the memory that libpam takes over, and shows each prompt from where libpam has
 * it: so it has no copy of anything.  This one knows the secrets, and looks for them
 * at each prompt, after the authentication, and after pam_end(). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/pam/host.h"
#include "tests/pam/search.h"

#include "enroll/pending.h"
#include "lib/core/seal.h"
#include "lib/core/sshkey.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_FD 3 /* of the host: where the person is */

enum said { SAID_PROMPT = 'p', SAID_CODE = 'c', SAID_END = 'e' };

/* ---- the host: another process, which is this program again ---- */

static void tell(enum said what, const void *data, unsigned int n)
{
	const char head = (char)what;

	if (write(LINE_FD, &head, 1) != 1 || write(LINE_FD, &n, sizeof(n)) != sizeof(n) ||
	    write(LINE_FD, data, n) != (ssize_t)n)
		_exit(98);
}

/* Straight into what libpam will own.  NULL: the person has gone away. */
static char *hear(void)
{
	unsigned char n = 0;
	char *answer;

	if (read(LINE_FD, &n, 1) != 1)
		_exit(98);
	if (n == 0)
		return NULL;
	answer = calloc(1, (size_t)n + 1);
	if (answer == NULL || read(LINE_FD, answer, n) != n)
		_exit(98);
	return answer;
}

/* What a host should not do, for the test of the search: it keeps the answer. */

static const char *keeps = "nothing";
static char in_data[80];
static char *volatile in_heap;

static void keep_answer(const char *answer)
{
	char *to = in_data;

	if (strcmp(keeps, "nothing") == 0)
		return;
	if (strcmp(keeps, "data") != 0)
		to = in_heap = calloc(1, 6000);
	if (to == NULL)
		_exit(98);
	(void)snprintf(to + (to == in_heap ? 3001 : 0), sizeof(in_data), "%s", answer);
}

static __attribute__((noinline)) void move_below_the_stack(void)
{
	volatile char below[4096];

	for (size_t i = 0; i < sizeof(in_data); i++) {
		below[2001 + i] = in_heap[3001 + i];
		in_heap[3001 + i] = '\0';
	}
	(void)below[2001];
}

/* Last thing before the search: nothing may come over it. */
static void put_answer_away(void)
{
	if (strcmp(keeps, "stack") == 0)
		move_below_the_stack();
	if (strcmp(keeps, "freed") == 0)
		free(in_heap);
}

static void do_nothing(int signal)
{
	(void)signal;
}

/* A signal saves all registers on the stack, where the search sees them. */
static void show_registers(void)
{
	(void)raise(SIGUSR1);
}

/* There is no picture: libqrencode frees its copies of the secret as they are. */
__attribute__((visibility("default"))) void *dlopen(const char *file, int mode)
{
	void *(*real)(const char *, int) = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");

	if (file != NULL && strstr(file, "libqrencode") != NULL)
		return NULL;
	return real(file, mode);
}

static int converse(int n, const struct pam_message **m, struct pam_response **out,
    void *data)
{
	struct pam_response *r = calloc(1, sizeof(*r));

	(void)data;
	if (n != 1 || r == NULL)
		_exit(98);
	*out = r;
	if (m[0]->msg_style != PAM_PROMPT_ECHO_ON && m[0]->msg_style != PAM_PROMPT_ECHO_OFF)
		return PAM_SUCCESS;
	show_registers();
	tell(SAID_PROMPT, m[0]->msg, (unsigned int)strlen(m[0]->msg));
	r->resp = hear();
	if (r->resp != NULL) {
		keep_answer(r->resp);
		return PAM_SUCCESS;
	}
	free(r);
	*out = NULL;
	return PAM_CONV_ERR;
}

static void wait_for_the_search(enum said what, int code)
{
	tell(what, &code, sizeof(code));
	(void)hear();
}

/* host ROOT TIME USER key|no-key|change KEEPS; change: of the password */
static int be_host(char **argument)
{
	const struct pam_conv conv = {converse, NULL};
	struct ph_login l = argument[3][0] == 'k' ? ph_with_key(argument[2]) :
	    ph_stranger(argument[2]);
	int code;

	keeps = argument[4];
	(void)signal(SIGUSR1, do_nothing);
	ph_enter(argument[0]);
	ph_clock(strtoll(argument[1], NULL, 10));
	ph_account("alice", 20001);
	ph_account("bob", 20002);
	ph_start(&l);
	(void)pam_set_item(l.pamh, PAM_CONV, &conv);
	code = argument[3][0] == 'c' ? pam_chauthtok(l.pamh, 0) : ph_authenticate(&l);
	show_registers();
	put_answer_away();
	wait_for_the_search(SAID_CODE, code);
	(void)pam_acct_mgmt(l.pamh, 0);
	ph_end(&l);
	wait_for_the_search(SAID_END, 0);
	return 0;
}

/* ---- the person, who knows the secrets ---- */

static struct ph_user alice;
static char prompt[16384]; /* the newest */
static char report[8192];
static int code;    /* what the authentication returned */
static int prompts;
static int found;

/* What is typed, from the prompt; it is looked for from then on. */
typedef const char *(*typing)(void);

struct act {
	const char *user;
	const char *proof;
	typing type;
	bool shows;        /* the prompt shows a secret, so it is there meanwhile */
	const char *keeps; /* the host, where; NULL: nothing */
};

struct host {
	pid_t pid;
	int line;
};

static void start(struct host *h, const struct act *a)
{
	char now[32];
	int pair[2];

	(void)snprintf(now, sizeof(now), "%lld", (long long)ph_now());
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0 ||
	    (h->pid = fork()) < 0)
		ph_die("host: %s", strerror(errno));
	if (h->pid == 0) {
		if (dup2(pair[1], LINE_FD) == LINE_FD && fcntl(LINE_FD, F_SETFD, 0) == 0)
			(void)execl("/proc/self/exe", "host", ph_path(""), now, a->user, a->proof,
			    a->keeps != NULL ? a->keeps : "nothing", NULL);
		_exit(98);
	}
	(void)close(pair[1]);
	h->line = pair[0];
}

static void read_all(const struct host *h, void *data, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t more = read(h->line, (char *)data + got, n - got);

		if (more <= 0)
			ph_die("the host has ended");
		got += (size_t)more;
	}
}

static enum said listen_to(const struct host *h)
{
	unsigned int n;
	char head;

	read_all(h, &head, 1);
	read_all(h, &n, sizeof(n));
	if (n >= sizeof(prompt) || (head != SAID_PROMPT && n != sizeof(code)))
		ph_die("the host says %u bytes", n);
	if (head != SAID_PROMPT) {
		read_all(h, &code, n);
		return (enum said)head;
	}
	read_all(h, prompt, n);
	prompt[n] = '\0';
	prompts++;
	return SAID_PROMPT;
}

/* NULL: goes away. */
static void answer(const struct host *h, const char *text)
{
	unsigned char n = (unsigned char)(text != NULL ? strlen(text) : 0);

	if (write(h->line, &n, 1) != 1 || (n > 0 && write(h->line, text, n) != n))
		ph_die("the host has ended");
}

/* AddressSanitizer maps terabytes, and keeps what is freed: there the logins run, and what
 * is searched is the shipped module. */
#ifdef __SANITIZE_ADDRESS__
#define SEARCHES false
#else
#define SEARCHES true
#endif

static void look_for_secrets(const struct host *h, const char *when)
{
	size_t n = strlen(report);
	int hits;

	if (!SEARCHES)
		return;
	n += (size_t)snprintf(report + n, sizeof(report) - n, "%s: ", when);
	if (n + 1 >= sizeof(report))
		return;
	if ((hits = search_process(h->pid, report + n, sizeof(report) - n)) == 0)
		(void)snprintf(report + n, sizeof(report) - n, "nothing\n");
	found += hits;
}

static int log_in_and_search(const struct act *a)
{
	struct host h;
	enum said said;
	int result = -1, status;

	prompts = found = 0;
	report[0] = '\0';
	start(&h, a);
	while ((said = listen_to(&h)) != SAID_END) {
		if (said == SAID_CODE) {
			result = code;
			look_for_secrets(&h, "after the authentication");
			answer(&h, NULL);
			continue;
		}
		if (!a->shows)
			look_for_secrets(&h, "at the prompt");
		answer(&h, a->type());
	}
	look_for_secrets(&h, "after pam_end()");
	answer(&h, NULL);
	assert_int_equal(waitpid(h.pid, &status, 0), h.pid);
	assert_int_equal(status, 0);
	(void)close(h.line);
	return result;
}

static int log_in(const struct act *a)
{
	int result = log_in_and_search(a);

	if (found > 0)
		fail_msg("%d times:\n%s", found, report);
	return result;
}

/* ---- what is secret ---- */

static void know_keyring(void)
{
	static const char *const names[] = {"enroll/alice", "hot/alice", "enroll/bob", "hot/bob",
	    "enroll/carol", "hot/carol"};
	unsigned char key[32], file[256] = "";
	struct keyring ring;
	struct err e = {0};
	FILE *f = fopen(ph_conf.keyring, "re");

	if (f == NULL || fread(file, 1, sizeof(file) - 1, f) == 0 || fclose(f) != 0 ||
	    keyring_load(&ring, ph_conf.keyring, NULL, &e) != 0 || seal_engine_open(&ring) != 0)
		ph_die("keyring: %s", e.text);
	search_add_text("master key in base64", strchr((char *)file, ' ') + 1);
	search_add_key("master key", ring.key[0].bytes, sizeof(ring.key[0].bytes));
	search_add_key("extracted master key", ring.key[0].prk, sizeof(ring.key[0].prk));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(seal_derive(&ring, &ring.key[0], names[i], key, sizeof(key)), 0);
		search_add_key(names[i], key, sizeof(key));
	}
	seal_engine_close(&ring);
}

static void to_base32(const unsigned char *bytes, size_t n, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	unsigned int bits = 0, have = 0;

	for (size_t i = 0; i < n; i++) {
		bits = bits << 8 | bytes[i];
		for (have += 8; have >= 5; have -= 5)
			*out++ = digits[bits >> (have - 5) & 31];
	}
	*out = '\0';
}

static void know_device(const struct record_device *d)
{
	char base32[128];

	to_base32(d->secret, d->secret_len, base32);
	search_add_key("secret of a device", d->secret, d->secret_len);
	search_add_text("secret of a device in base32", base32);
}

static void know_recovery_codes(void)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

	for (int i = 0; i < RECORD_CODES; i++) {
		unsigned char raw[10], *out = raw;
		char joined[ANSWER_WORD + 1] = "";
		unsigned int bits = 0, have = 0;

		for (const char *c = alice.recovery[i]; *c != '\0'; c++) {
			if (*c == '-')
				continue;
			joined[strlen(joined)] = *c;
			bits = bits << 5 | (unsigned int)(strchr(alphabet, *c) - alphabet);
			have += 5;
			if (have >= 8)
				*out++ = (unsigned char)(bits >> (have -= 8));
		}
		search_add_text("recovery code", alice.recovery[i]);
		search_add_text("recovery code without dashes", joined);
		search_add_key("recovery code in bytes", raw, sizeof(raw));
	}
}

static void know_records(const char *name)
{
	struct record_enroll r;
	struct record_hot hot;

	ph_read_enroll(name, &r);
	ph_read_hot(name, &hot);
	for (int i = 0; i < r.devices; i++)
		know_device(&r.device[i]);
	for (int i = 0; i < r.pendings; i++)
		know_device(&r.pending[i].device);
	if (r.recovery.id != 0)
		search_add_key("key of the recovery codes", r.recovery.key, RECORD_HASH);
	if (r.invite.open)
		search_add_key("key of the invitation", r.invite.key, RECORD_HASH);
	search_add_key("key of the sources", hot.source_key, sizeof(hot.source_key));
}

static void set_digits(uint8_t digits)
{
	struct record_enroll r;

	ph_read_enroll("alice", &r);
	r.device[0].digits = alice.device.digits = digits;
	ph_change_enroll("alice", &r);
}

static int set_up(void **state)
{
	(void)state;
	ph_make("enroll = login\nremember = 1h\n");
	ph_words("retry=1 enroll_here", "need_auth");
	ph_enroll(&alice, "alice", 20001);
	ph_account("bob", 20002);
	set_digits(8);
	search_clear();
	know_keyring();
	know_records("alice");
	know_recovery_codes();
	for (int i = -1; i <= 1; i++)
		search_add_text("code", ph_code(&alice, i));
	return 0;
}

/* ---- what is typed ---- */

static const char *right_code(void)
{
	return ph_code(&alice, 0);
}

static const char *wrong_code(void)
{
	search_add_text("wrong code", "70914368");
	return "70914368";
}

static const char *recovery_code(void)
{
	return alice.recovery[3];
}

/* As it is typed, and as it may be taken. */
static const char *wrong_word(void)
{
	search_add_text("wrong word as typed", "qz7x-k2mp-wtrb-5hvd");
	search_add_text("wrong word in capitals", "QZ7X-K2MP-WTRB-5HVD");
	search_add_text("wrong word without dashes", "qz7xk2mpwtrb5hvd");
	search_add_text("wrong word in capitals without dashes", "QZ7XK2MPWTRB5HVD");
	return "qz7x-k2mp-wtrb-5hvd";
}

static const char *long_answer(void)
{
	static const char typed[] = "correct-horse-battery-staple-7-"
	    "never-under-purple-mountains-8-yesterday-again";

	search_add_text("long answer", typed);
	return typed;
}

static const char *nothing(void)
{
	return NULL;
}

/* Each password twice; the first breaks a rule. */
static const char *new_password(void)
{
	static const char *const typed[] = {"gloomy-weasel", "rain over 7 hills"};

	search_add_text("refused password", typed[0]);
	search_add_text("new password", typed[1]);
	return typed[(prompts - 1) / 2 % 2];
}

static const struct act stranger = {"alice", "no-key", right_code, false, NULL};
static const struct act friend = {"alice", "key", right_code, false, NULL};

static struct act typing_this(struct act a, typing type)
{
	a.type = type;
	return a;
}

/* ---- the tests ---- */

static void nothing_is_left_of_a_right_code(void **state)
{
	(void)state;
	assert_int_equal(log_in(&stranger), PAM_SUCCESS);
	assert_int_equal(prompts, 1);
}

static void nothing_is_left_of_a_right_code_behind_a_key(void **state)
{
	(void)state;
	assert_int_equal(log_in(&friend), PAM_SUCCESS);
	assert_int_equal(prompts, 1);
}

static void nothing_is_left_of_a_code_of_six_digits(void **state)
{
	(void)state;
	set_digits(6);
	search_add_text("code of six digits", ph_code(&alice, 0));
	assert_int_equal(log_in(&stranger), PAM_SUCCESS);
}

static void nothing_is_left_of_a_wrong_code(void **state)
{
	struct act a = typing_this(friend, wrong_code);

	(void)state;
	assert_int_equal(log_in(&a), PAM_AUTH_ERR);
	a = typing_this(stranger, wrong_word);
	assert_int_equal(log_in(&a), PAM_AUTH_ERR);
	a = typing_this(stranger, long_answer);
	assert_int_equal(log_in(&a), PAM_AUTH_ERR);
}

static void nothing_is_left_of_a_recovery_code(void **state)
{
	struct act a = typing_this(friend, recovery_code);

	(void)state;
	assert_int_equal(log_in(&a), PAM_SUCCESS);
	assert_int_equal(log_in(&a), PAM_AUTH_ERR); /* spent */
}

static void nothing_is_left_of_a_code_that_is_used_already(void **state)
{
	(void)state;
	assert_int_equal(log_in(&stranger), PAM_SUCCESS);
	assert_int_equal(log_in(&stranger), PAM_AUTH_ERR);
}

static void nothing_is_left_of_a_throttled_code(void **state)
{
	struct act a = typing_this(stranger, wrong_code);

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(log_in(&a), PAM_AUTH_ERR);
	assert_int_equal(log_in(&stranger), PAM_AUTH_ERR);
}

static void nothing_is_left_of_a_name_that_nobody_has(void **state)
{
	const struct act a = {"carol", "key", wrong_code, false, NULL};

	(void)state;
	assert_int_equal(log_in(&a), PAM_AUTH_ERR);
}

static void nothing_is_left_when_the_person_goes_away(void **state)
{
	struct act a = typing_this(friend, nothing);

	(void)state;
	assert_int_equal(log_in(&a), PAM_CONV_ERR);
}

static void nothing_is_left_of_a_remembered_login(void **state)
{
	(void)state;
	assert_int_equal(log_in(&friend), PAM_SUCCESS);
	assert_int_equal(log_in(&friend), PAM_SUCCESS);
	assert_int_equal(prompts, 0);
}

static void nothing_is_left_when_a_record_is_bad(void **state)
{
	(void)state;
	assert_int_equal(truncate(ph_path("state/hot/alice"), 100), 0);
	assert_int_equal(log_in(&stranger), PAM_AUTH_ERR);
	assert_int_equal(log_in(&friend), PAM_AUTH_ERR);
}

static void nothing_is_left_when_a_record_does_not_open(void **state)
{
	int fd = open(ph_path("state/hot/bob"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(rename(ph_path("state/enroll/alice"), ph_path("state/enroll/bob")), 0);
	assert_int_equal(log_in(&(struct act){"bob", "key", right_code, false, NULL}), PAM_AUTH_ERR);
}

/* root is in /etc/passwd everywhere, so that there is a history; libpam has the first of two
 * answers while it asks for the second. */
static void nothing_is_left_of_a_new_password(void **state)
{
	const struct act a = {"root", "change", new_password, true, NULL};

	(void)state;
	ph_configure("password_policy = pci-4.0.1\n");
	(void)unlink(ph_path("state/pw/root"));
	assert_int_equal(log_in(&a), PAM_SUCCESS);
	assert_int_equal(prompts, 4);
	assert_int_equal(log_in(&a), PAM_SUCCESS); /* there is a record now */
}

/* ---- the enrolment at the prompt ---- */

/* "ABCD EFGH ...", as the prompt shows the key. */
static void know_groups(const struct record_device *d)
{
	char base32[128], groups[160];
	size_t n = 0;

	to_base32(d->secret, d->secret_len, base32);
	for (size_t i = 0; base32[i] != '\0'; i++) {
		if (i > 0 && i % 4 == 0)
			groups[n++] = ' ';
		groups[n++] = base32[i];
	}
	groups[n] = '\0';
	for (size_t i = 0; i + 14 <= n; i += 5)
		search_add_whole("key in groups", groups + i, 14);
}

/* What stands in a QR code is bytes behind 4 bits, so each of them in two halves; an
 * encoder holds them also as one byte for each bit. */
static void know_bits(const struct record_device *d)
{
	unsigned char bits[8 * 8], shifted[7];
	char base32[128];

	to_base32(d->secret, d->secret_len, base32);
	for (size_t at = 0; base32[at] != '\0'; at += 8) {
		const unsigned char *c = (const unsigned char *)base32 + at;

		for (size_t i = 0; i < 64; i++)
			bits[i] = c[i / 8] >> (7 - i % 8) & 1;
		for (size_t i = 0; i < 7; i++)
			shifted[i] = (unsigned char)(c[i] << 4 | c[i + 1] >> 4);
		search_add_whole("key in bits", bits, sizeof(bits));
		search_add_whole("key in half bytes", shifted, sizeof(shifted));
	}
}

/* The first device of bob's: it is made when the prompt comes. */
static const char *code_of_the_prompt(void)
{
	const char *typed = ph_shown_code(prompt, 0);

	struct record_enroll r;

	know_records("bob");
	ph_read_enroll("bob", &r);
	assert_int_equal(r.pendings, 1);
	know_groups(&r.pending[0].device);
	know_bits(&r.pending[0].device);
	search_add_text("code of the new device", typed);
	return typed;
}

static const char *code_then_away(void)
{
	(void)code_of_the_prompt();
	return NULL;
}

static const struct act newcomer = {"bob", "key", code_of_the_prompt, true, NULL};

static void nothing_is_left_of_an_enrolment(void **state)
{
	(void)state;
	assert_int_equal(log_in(&newcomer), PAM_SUCCESS);
}

static void nothing_is_left_of_an_enrolment_that_is_not_confirmed(void **state)
{
	struct act a = typing_this(newcomer, code_then_away);

	(void)state;
	assert_int_equal(log_in(&a), PAM_CONV_ERR);
}

/* ---- the search itself ---- */

static void search_finds_what_a_host_forgets(void **state)
{
	static const char *const places[] = {"heap", "freed", "stack", "data"};

	(void)state;
	for (size_t i = 0; SEARCHES && i < sizeof(places) / sizeof(places[0]); i++) {
		struct act a = stranger;

		a.keeps = places[i];
		assert_int_equal(set_up(NULL), 0);
		assert_int_equal(log_in_and_search(&a), PAM_SUCCESS);
		if (found == 0)
			fail_msg("not found: %s", places[i]);
		assert_non_null(strstr(report, "after the authentication: code (text) at "));
	}
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    TEST(search_finds_what_a_host_forgets),
	    TEST(nothing_is_left_of_a_right_code),
	    TEST(nothing_is_left_of_a_right_code_behind_a_key),
	    TEST(nothing_is_left_of_a_code_of_six_digits),
	    TEST(nothing_is_left_of_a_wrong_code),
	    TEST(nothing_is_left_of_a_recovery_code),
	    TEST(nothing_is_left_of_a_code_that_is_used_already),
	    TEST(nothing_is_left_of_a_throttled_code),
	    TEST(nothing_is_left_of_a_name_that_nobody_has),
	    TEST(nothing_is_left_when_the_person_goes_away),
	    TEST(nothing_is_left_of_a_remembered_login),
	    TEST(nothing_is_left_when_a_record_is_bad),
	    TEST(nothing_is_left_when_a_record_does_not_open),
	    TEST(nothing_is_left_of_a_new_password),
	    TEST(nothing_is_left_of_an_enrolment),
	    TEST(nothing_is_left_of_an_enrolment_that_is_not_confirmed),
	};

	if (argc == 6 && strcmp(argv[0], "host") == 0)
		return be_host(argv + 1);
	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
