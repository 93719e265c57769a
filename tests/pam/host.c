#include "tests/pam/host.h"

#include "enroll/init.h"
#include "enroll/steps.h"
#include "lib/core/crypto.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))
#define ACCOUNTS 80
#define RING 8

struct conf ph_conf;
bool ph_nss_fails, ph_hurries;
int ph_sync_fails, ph_write_fails, ph_syncs;
struct ph_line ph_log[PH_LINES];
int ph_lines;

static char root[64];
static pid_t owner;
static int64_t clock_stands = PH_NOW;

void ph_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fputs("test host: ", stderr);
	(void)vfprintf(stderr, fmt, ap);
	(void)fputc('\n', stderr);
	va_end(ap);
	ph_remove();
	_exit(99);
}

/* The log, whichever door libpam was built to use. */

static void record(int priority, const char *fmt, va_list ap)
{
	static const char head[] = "pam_bastion(" PH_SERVICE ":";
	char text[sizeof(ph_log[0].text)];
	const char *line = text, *end;

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	if (strncmp(text, head, strlen(head)) == 0 && (end = strstr(text, "): ")) != NULL)
		line = end + 3;
	if (ph_lines == PH_LINES)
		ph_die("more than %d log lines", PH_LINES);
	ph_log[ph_lines].priority = priority & LOG_PRIMASK;
	(void)snprintf(ph_log[ph_lines].text, sizeof(ph_log[0].text), "%s", line);
	ph_lines++;
}

void __syslog_chk(int priority, int flag, const char *fmt, ...);

EXPORTED void __syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, fmt);
	record(priority, fmt, ap);
	va_end(ap);
}

EXPORTED void (syslog)(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	record(priority, fmt, ap);
	va_end(ap);
}

int audit_open(void);

/* As on a kernel without audit: libpam would look remote names up in the DNS
 * for it, and these logins do not belong in the machine's audit log. */
EXPORTED int fdatasync(int fd)
{
	ph_syncs++;
	errno = ph_sync_fails;
	ph_sync_fails = 0;
	return errno != 0 ? -1 : (int)syscall(SYS_fdatasync, fd);
}

EXPORTED ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
	typedef ssize_t (*pwrite_type)(int, const void *, size_t, off_t);
	static pwrite_type libc;

	if (ph_write_fails != 0) {
		errno = ph_write_fails;
		return -1;
	}
	if (libc == NULL)
		libc = (pwrite_type)dlsym(RTLD_NEXT, "pwrite");
	return libc(fd, data, n, at);
}

EXPORTED int audit_open(void)
{
	errno = EPROTONOSUPPORT;
	return -1;
}

void ph_forget(void)
{
	ph_lines = 0;
}

bool ph_matches(const char *pattern, const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (*pattern == '\0')
		return *text == '\0';
	if (*pattern == '*')
		return ph_matches(pattern + 1, text) ||
		    (*text != '\0' && ph_matches(pattern, text + 1));
	if (*pattern == '#')
		return digits > 0 && ph_matches(pattern + 1, text + digits);
	return *pattern == *text && ph_matches(pattern + 1, text + 1);
}

bool ph_logged(const char *pattern)
{
	const char *newest = ph_lines > 0 ? ph_log[ph_lines - 1].text : "(nothing)";

	if (ph_matches(pattern, newest))
		return true;
	(void)fprintf(stderr, "expected: %s\nlogged:   %s\n", pattern, newest);
	return false;
}

/* The clock. */

EXPORTED int clock_gettime(clockid_t id, struct timespec *t)
{
	static int64_t hurried;

	if (id == CLOCK_MONOTONIC && (ph_hurries || hurried > 0)) {
		int r = (int)syscall(SYS_clock_gettime, id, t);

		hurried += ph_hurries ? 1 : 0;
		t->tv_sec += hurried;
		return r;
	}
	if (id == CLOCK_REALTIME && clock_stands != 0) {
		*t = (struct timespec){.tv_sec = clock_stands};
		return 0;
	}
	return (int)syscall(SYS_clock_gettime, id, t);
}

void ph_clock(int64_t t)
{
	clock_stands = t;
}

void ph_later(int64_t seconds)
{
	clock_stands = ph_now() + seconds;
}

int64_t ph_now(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

/* Accounts. */

static struct account {
	char typed[64];
	char name[64];
	uid_t uid;
} accounts[ACCOUNTS];
static int account_count;

static struct account *find_account(const char *typed)
{
	for (int i = 0; i < account_count; i++)
		if (strcmp(accounts[i].typed, typed) == 0)
			return &accounts[i];
	return NULL;
}

static struct account *add_account(const char *typed)
{
	struct account *a = find_account(typed);

	if (a != NULL)
		return a;
	if (account_count == ACCOUNTS)
		ph_die("more than %d accounts", ACCOUNTS);
	a = &accounts[account_count++];
	(void)snprintf(a->typed, sizeof(a->typed), "%s", typed);
	return a;
}

void ph_account(const char *name, uid_t uid)
{
	struct account *a = add_account(name);

	(void)snprintf(a->name, sizeof(a->name), "%s", name);
	a->uid = uid;
}

void ph_alias(const char *typed, const char *name)
{
	struct account *a = add_account(typed);
	const struct account *real = find_account(name);

	(void)snprintf(a->name, sizeof(a->name), "%s", name);
	a->uid = real != NULL ? real->uid : 0;
}

typedef int (*getpwnam_r_type)(const char *, struct passwd *, char *, size_t,
    struct passwd **);

EXPORTED int getpwnam_r(const char *name, struct passwd *pw, char *buf, size_t size,
    struct passwd **out)
{
	static char nothing[] = "";
	const struct account *a = find_account(name);
	getpwnam_r_type libc;

	*out = NULL;
	if (ph_nss_fails)
		return EIO;
	if (a == NULL) {
		libc = (getpwnam_r_type)dlsym(RTLD_NEXT, "getpwnam_r");
		return libc(name, pw, buf, size, out);
	}
	if (size < sizeof(a->name))
		return ERANGE;
	memcpy(buf, a->name, sizeof(a->name));
	*pw = (struct passwd){.pw_name = buf, .pw_passwd = nothing, .pw_uid = a->uid,
	    .pw_gid = 65534, .pw_gecos = nothing, .pw_dir = nothing, .pw_shell = nothing};
	*out = pw;
	return 0;
}

/* The scratch directory. */

const char *ph_path(const char *tail)
{
	static char ring[RING][PH_PATH];
	static int at;
	char *out = ring[at++ % RING];

	if (snprintf(out, PH_PATH, "%s/%s", root, tail) >= PH_PATH)
		ph_die("%s: path too long", tail);
	return out;
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0 || chmod(path, 0644) != 0)
		ph_die("%s: %s", path, strerror(errno));
}

void ph_configure_raw(const char *text)
{
	write_file(ph_path("etc/pam_bastion.conf"), text);
}

void ph_configure(const char *more)
{
	struct err e = {0};
	char text[2048];

	(void)snprintf(text, sizeof(text),
	    "store = file:%s/state\nstate_dir = %s/state\nkeyring = %s/etc/keyring\n%s",
	    root, root, root, more != NULL ? more : "");
	ph_configure_raw(text);
	if (conf_load(&ph_conf, ph_path("etc/pam_bastion.conf"), &e) != 0)
		ph_die("%s", e.text);
}

const char *ph_module(void)
{
	static char module[PATH_MAX];
	const char *build = getenv("BUILD");
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/pam_bastion.so", build != NULL ? build : "build");
	if (realpath(path, module) == NULL)
		ph_die("%s: %s", path, strerror(errno));
	return module;
}

static void write_service(const char *lines, const char *auth, const char *account)
{
	const char *module = ph_module();
	char text[4 * PATH_MAX + 4096];

	(void)snprintf(text, sizeof(text),
	    "%sauth required %s conf=%s/etc/pam_bastion.conf %s\n"
	    "account required %s conf=%s/etc/pam_bastion.conf %s\n"
	    "password required %s conf=%s/etc/pam_bastion.conf\n"
	    "session required %s conf=%s/etc/pam_bastion.conf\n",
	    lines, module, root, auth, module, root, account, module, root, module, root);
	write_file(ph_path("pam.d/" PH_SERVICE), text);
}

void ph_words(const char *auth, const char *account)
{
	write_service("", auth, account);
}

void ph_words_below(const char *lines, const char *auth)
{
	write_service(lines, auth, "");
}

void ph_service(const char *text)
{
	write_file(ph_path("pam.d/" PH_SERVICE), text);
}

static void find_stub(char stub[PATH_MAX])
{
	const char *build = getenv("BUILD");
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/tests/stub/pam_judge.so",
	    build != NULL ? build : "build");
	if (realpath(path, stub) == NULL)
		ph_die("%s: %s", path, strerror(errno));
}

const char *ph_stub_line(const char *words)
{
	static char ring[RING][2 * PATH_MAX];
	static int at;
	char *line = ring[at++ % RING];
	char stub[PATH_MAX];

	find_stub(stub);
	(void)snprintf(line, sizeof(ring[0]), "password required %s %s\n", stub, words);
	return line;
}

void ph_password_lines(const char *above, const char *words, const char *below)
{
	char text[8 * PATH_MAX];

	(void)snprintf(text, sizeof(text), "%spassword required %s conf=%s/etc/pam_bastion.conf "
	    "%s\n%s", above, ph_module(), root, words, below);
	ph_service(text);
}

const char *ph_judge_line(int ms)
{
	static char line[2 * PATH_MAX];
	char stub[PATH_MAX];

	find_stub(stub);
	(void)snprintf(line, sizeof(line), "auth requisite %s [right=" PH_PASSWORD "] "
	    "count=%s/judged ms=%d\n", stub, root, ms);
	return line;
}

void ph_password_stack(bool code, const char *words, int ms)
{
	const char *module = ph_module(), *judge = ph_judge_line(ms);
	char text[8 * PATH_MAX];
	int n;

	n = snprintf(text, sizeof(text), "auth requisite %s conf=%s/etc/pam_bastion.conf reserve %s\n%s",
	    module, root, words, judge);
	if (code)
		(void)snprintf(text + n, sizeof(text) - (size_t)n,
		    "auth required %s conf=%s/etc/pam_bastion.conf retry=1 after_password\n"
		    "account required %s conf=%s/etc/pam_bastion.conf need_auth\n",
		    module, root, module, root);
	else
		(void)snprintf(text + n, sizeof(text) - (size_t)n,
		    "auth required pam_permit.so\n"
		    "account required %s conf=%s/etc/pam_bastion.conf\n", module, root);
	ph_service(text);
}

int ph_judged(void)
{
	struct stat st;

	if (stat(ph_path("judged"), &st) != 0)
		return 0;
	return (int)st.st_size;
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	return remove(path);
}

void ph_remove(void)
{
	if (root[0] != '\0' && owner == getpid()) {
		/* Where a test has mounted something it cannot be removed. */
		(void)umount2(ph_path("state"), MNT_DETACH);
		(void)umount2(root, MNT_DETACH);
		(void)nftw(root, drop, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	}
	root[0] = '\0';
}

static void make_root(void)
{
	static bool registered;

	if (geteuid() != 0)
		ph_die("needs root");
	if (!registered && atexit(ph_remove) != 0)
		ph_die("atexit");
	registered = true;
	owner = getpid();
	memcpy(root, "/tmp/pb-pam-XXXXXX", sizeof("/tmp/pb-pam-XXXXXX"));
	if (crypto_init() != 0 || mkdtemp(root) == NULL ||
	    mkdir(ph_path("etc"), 0755) != 0 || mkdir(ph_path("pam.d"), 0755) != 0)
		ph_die("%s: %s", root, strerror(errno));
	/* Without it libpam logs that there is none. */
	write_file(ph_path("pam.d/other"), "");
}

void ph_enter(const char *there)
{
	size_t n = strlen(there);

	while (n > 1 && there[n - 1] == '/')
		n--;
	owner = 0;
	(void)snprintf(root, sizeof(root), "%.*s", (int)n, there);
}

static void reset(const char *more)
{
	account_count = 0;
	ph_nss_fails = false;
	ph_clock(PH_NOW);
	ph_configure(more);
	ph_words("retry=1", "need_auth");
	ph_forget();
}

void ph_make_bare(const char *more)
{
	ph_remove();
	make_root();
	reset(more);
}

static int drop_user(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st, (void)kind;
	return where->level == 0 || path[where->base] == '.' ? 0 : remove(path);
}

void ph_init(void)
{
	struct init_made made;
	struct err e = {0};

	if (init_run(&ph_conf, ph_now(), &made, &e) != 0)
		ph_die("init: %s", e.text);
}

void ph_make(const char *more)
{
	if (root[0] == '\0' || access(ph_path("state/machine-id"), F_OK) != 0)
		ph_make_bare(more);
	else
		reset(more);
	(void)unlink(ph_path("judged"));
	(void)nftw(ph_path("state/enroll"), drop_user, 16, FTW_DEPTH | FTW_PHYS);
	(void)nftw(ph_path("state/hot"), drop_user, 16, FTW_DEPTH | FTW_PHYS);
	ph_init();
}

/* Users and their records. */

static void open_store(struct store *s)
{
	struct err e = {0};

	if (store_open(s, &ph_conf, &e) != 0)
		ph_die("store: %s", e.text);
}

void ph_enroll_device(struct ph_user *u, const char *device)
{
	struct store store;
	struct steps s = {.store = &store, .conf = &ph_conf, .user = u->name,
	    .account = true, .uid = u->uid, .now = ph_now()};
	struct record_recovery set;
	struct steps_device d = {.device = &u->device, .recovery = &set};
	struct err e = {0};

	u->device = (struct record_device){.algorithm = RECORD_SHA1, .digits = 6,
	    .period = PH_PERIOD};
	(void)snprintf(u->device.name, sizeof(u->device.name), "%s", device);
	open_store(&store);
	if (steps_new_device(&u->device, ph_now(), &e) != 0 ||
	    recovery_new(&set, u->recovery, &e) != 0 || steps_enroll(&s, &d, &e) != 0)
		ph_die("enrol %s: %s", u->name, e.text);
	store_close(&store);
}

void ph_enroll(struct ph_user *u, const char *name, uid_t uid)
{
	*u = (struct ph_user){.name = name, .uid = uid};
	if (find_account(name) == NULL && getpwnam(name) == NULL)
		ph_account(name, uid);
	ph_enroll_device(u, "phone");
}

static void load(const char *kind, const char *name, struct store_value *v)
{
	char key[STORE_KEY_MAX];
	struct store store;
	struct err e = {0};

	open_store(&store);
	if (store_key(key, kind, name) != 0 || store_get(&store, key, NULL, v, &e) != 0)
		ph_die("%s/%s: %s", kind, name, e.text);
	store_close(&store);
}

static void save(const char *kind, const char *name, struct store_value *v)
{
	char key[STORE_KEY_MAX];
	struct store store;
	struct err e = {0};

	open_store(&store);
	if (store_key(key, kind, name) != 0 || store_put(&store, key, v, &e) != 0)
		ph_die("%s/%s: %s", kind, name, e.text);
	store_close(&store);
}

void ph_read_hot(const char *name, struct record_hot *hot)
{
	struct store_value v;

	load("hot", name, &v);
	if (record_get_hot(hot, v.data, v.len) != 0)
		ph_die("hot/%s: bad", name);
}

void ph_change_hot(const char *name, const struct record_hot *hot)
{
	struct store_value v;

	load("hot", name, &v);
	v.len = (size_t)record_put_hot(hot, v.data);
	save("hot", name, &v);
}

void ph_read_enroll(const char *name, struct record_enroll *enroll)
{
	struct store_value v;

	load("enroll", name, &v);
	if (record_get_enroll(enroll, v.data, v.len) != 0)
		ph_die("enroll/%s: bad", name);
}

void ph_change_enroll(const char *name, const struct record_enroll *enroll)
{
	struct store_value v;

	load("enroll", name, &v);
	v.len = (size_t)record_put_enroll(enroll, v.data);
	save("enroll", name, &v);
}

static const char *code_at(const struct record_device *d, uint64_t step)
{
	static char ring[RING][OTP_CODE_SIZE];
	static int at;
	char *out = ring[at++ % RING];

	if (otp_code(d, step, out) != 0)
		ph_die("otp_code");
	return out;
}

const char *ph_code(const struct ph_user *u, int skew)
{
	uint64_t now = otp_step(ph_now(), u->device.period);

	return code_at(&u->device, now + (uint64_t)(int64_t)skew);
}

const char *ph_decoy_code(const char *name)
{
	struct record_enroll enroll;
	char key[STORE_KEY_MAX];
	struct store_value v;
	struct store store;

	open_store(&store);
	if (store_decoy_key(&store, key, "enroll", name) != 0 ||
	    store_get(&store, key, NULL, &v, NULL) != 0 ||
	    record_get_enroll(&enroll, v.data, v.len) != 0)
		ph_die("decoy of %s", name);
	store_close(&store);
	return code_at(&enroll.device[0], otp_step(ph_now(), enroll.device[0].period));
}

/* The longest run of base32 characters and single blanks in the prompt. */
static size_t find_key(const char *prompt, char *out, size_t cap)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	size_t best = 0;

	for (const char *p = prompt; *p != '\0'; p++) {
		char run[128];
		size_t n = 0;

		for (const char *q = p; n + 1 < sizeof(run) && *q != '\0'; q++) {
			if (strchr(alphabet, *q) != NULL)
				run[n++] = *q;
			else if (*q != ' ' || strchr(alphabet, q[1]) == NULL || q[1] == '\0')
				break;
		}
		if (n > best && n < cap) {
			memcpy(out, run, n);
			out[best = n] = '\0';
		}
	}
	return best;
}

const char *ph_shown_code(const char *prompt, int skew)
{
	struct record_device d = {.id = 1, .name = "app", .algorithm = RECORD_SHA1, .digits = 6,
	    .period = PH_PERIOD};
	unsigned int held = 0, bits = 0;
	char key[128];
	size_t n = find_key(prompt, key, sizeof(key));

	if (n != 32)
		ph_die("no key of 160 bits in the prompt: %s", prompt);
	for (size_t i = 0; i < n; i++) {
		held = held << 5 | (unsigned int)(key[i] >= 'A' ? key[i] - 'A' : key[i] - '2' + 26);
		bits += 5;
		if (bits >= 8)
			d.secret[d.secret_len++] = (uint8_t)(held >> (bits -= 8));
	}
	return code_at(&d, otp_step(ph_now(), d.period) + (uint64_t)(int64_t)skew);
}

const char *ph_wrong(const struct ph_user *u)
{
	static char ring[RING][OTP_CODE_SIZE];
	static int at;
	char *out = ring[at++ % RING];
	unsigned int guess = (unsigned int)at;

	for (bool hit = true; hit; guess++) {
		(void)snprintf(out, OTP_CODE_SIZE, "%06u", guess * 7919 % 1000000);
		hit = false;
		for (int i = -3; i <= 3; i++)
			hit = hit || strcmp(out, ph_code(u, i)) == 0;
	}
	return out;
}

/* The person at the prompt. */

static void note(struct ph_login *l, int style, const char *text)
{
	static const struct { int style; const char *name; } names[] = {
	    {PAM_PROMPT_ECHO_ON, "on"}, {PAM_PROMPT_ECHO_OFF, "off"},
	    {PAM_ERROR_MSG, "error"}, {PAM_TEXT_INFO, "info"}};
	const char *last = strrchr(text, '\n');
	size_t n = strlen(l->said);
	const char *name = "?";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].style == style)
			name = names[i].name;
	(void)snprintf(l->said + n, sizeof(l->said) - n, "%s: %s\n", name,
	    last != NULL ? last + 1 : text);
}

static int answer_one(struct ph_login *l, struct pam_response *r)
{
	if (l->hold != NULL)
		l->hold(l->hold_arg);
	if (l->answered == l->answers || l->answer[l->answered].how == PH_FAIL)
		return PAM_CONV_ERR;
	if (l->answer[l->answered].how == PH_CALL)
		r->resp = strdup(l->answer[l->answered].call(l));
	else if (l->answer[l->answered].how == PH_TYPE)
		r->resp = strdup(l->answer[l->answered].text);
	else
		return PAM_SUCCESS;
	if (r->resp == NULL)
		return PAM_BUF_ERR;
	return PAM_SUCCESS;
}

static int converse(int n, const struct pam_message **m, struct pam_response **out,
    void *data)
{
	struct ph_login *l = data;
	struct pam_response *r = calloc((size_t)n, sizeof(*r));
	int code = PAM_SUCCESS;

	*out = NULL;
	if (r == NULL)
		return PAM_BUF_ERR;
	for (int i = 0; i < n && code == PAM_SUCCESS; i++) {
		int style = m[i]->msg_style;

		note(l, style, m[i]->msg);
		if (style != PAM_PROMPT_ECHO_ON && style != PAM_PROMPT_ECHO_OFF)
			continue;
		l->prompts++;
		(void)snprintf(l->prompt, sizeof(l->prompt), "%s", m[i]->msg);
		code = answer_one(l, &r[i]);
		l->answered++;
	}
	if (code != PAM_SUCCESS || (n == 1 && l->answered > 0 && r[0].resp == NULL &&
	    l->answer[l->answered - 1].how == PH_NOTHING))
		free(r);
	else
		*out = r;
	return code;
}

struct ph_login ph_stranger(const char *user)
{
	return (struct ph_login){.user = user, .rhost = "203.0.113.7", .tty = "ssh"};
}

struct ph_login ph_with_key(const char *user)
{
	struct ph_login l = ph_stranger(user);

	l.ssh_auth_info = PH_PUBLICKEY;
	return l;
}

void ph_answer(struct ph_login *l, enum ph_how how, const char *text)
{
	if (l->answers == (int)(sizeof(l->answer) / sizeof(l->answer[0])))
		ph_die("too many answers");
	l->answer[l->answers].how = how;
	l->answer[l->answers].text = text;
	l->answers++;
}

struct ph_login ph_typing(struct ph_login l, const char *answer)
{
	ph_answer(&l, PH_TYPE, answer);
	return l;
}

void ph_answer_call(struct ph_login *l, const char *(*call)(struct ph_login *l))
{
	ph_answer(l, PH_CALL, NULL);
	l->answer[l->answers - 1].call = call;
}

void ph_start(struct ph_login *l)
{
	const struct pam_conv conv = {converse, l};
	char variable[1024];

	if (pam_start_confdir(PH_SERVICE, l->user, &conv, ph_path("pam.d"), &l->pamh) !=
	    PAM_SUCCESS)
		ph_die("pam_start_confdir");
	if (l->rhost != NULL && pam_set_item(l->pamh, PAM_RHOST, l->rhost) != PAM_SUCCESS)
		ph_die("PAM_RHOST");
	if (l->tty != NULL && pam_set_item(l->pamh, PAM_TTY, l->tty) != PAM_SUCCESS)
		ph_die("PAM_TTY");
	(void)snprintf(variable, sizeof(variable), "SSH_AUTH_INFO_0=%s",
	    l->ssh_auth_info != NULL ? l->ssh_auth_info : "");
	if (l->ssh_auth_info != NULL && pam_putenv(l->pamh, variable) != PAM_SUCCESS)
		ph_die("pam_putenv");
}

int ph_authenticate(struct ph_login *l)
{
	return pam_authenticate(l->pamh, l->flags);
}

void ph_end(struct ph_login *l)
{
	(void)pam_end(l->pamh, PAM_SUCCESS);
	l->pamh = NULL;
}

int ph_try(struct ph_login l, const char *answer)
{
	int code;

	ph_answer(&l, PH_TYPE, answer);
	ph_start(&l);
	code = ph_authenticate(&l);
	ph_end(&l);
	return code;
}

/* Children that start together. */

void ph_gate_make(struct ph_gate *g)
{
	if (pipe2(g->ready, O_CLOEXEC) != 0 || pipe2(g->go, O_CLOEXEC) != 0)
		ph_die("pipe: %s", strerror(errno));
}

void ph_gate_wait(struct ph_gate *g)
{
	char c = 0;

	(void)close(g->go[1]);
	if (write(g->ready[1], &c, 1) != 1 || close(g->ready[1]) != 0 ||
	    read(g->go[0], &c, 1) != 0)
		ph_die("gate: %s", strerror(errno));
}

void ph_gate_open(struct ph_gate *g, int children)
{
	char c;

	/* A child that dies on the way is seen as the end of the pipe. */
	(void)close(g->ready[1]);
	for (int i = 0; i < children; i++)
		if (read(g->ready[0], &c, 1) != 1)
			ph_die("a child did not reach the gate");
	(void)close(g->go[0]);
	(void)close(g->go[1]);
	(void)close(g->ready[0]);
}
