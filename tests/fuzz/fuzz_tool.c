/*
 * fuzz_tool: enroll-mfa whole, command after command over one store, with the options,
 * files and answers that the input says and calls that fail underneath.
 *
 * It ends with one of its exit codes, leaves nothing open, prints whole JSON, and no
 * change that fails, short of a removal or a restore, leaves records behind that do not
 * open.  `verify` takes no code twice.  A backup that is said to be made opens, and the
 * people are in it.
 */
#include "tests/fuzz/fakepam.h"
#include "tests/fuzz/scratch.h"
#include "tests/fuzz/world.h"
#include "tests/fuzz/wrap.h"

#include "enroll/backup.h"
#include "enroll/otpauth.h"
#include "enroll/steps.h"
#include "lib/core/otp.h"
#include "lib/core/store.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#define COMMANDS 6
#define WORDS 12
#define VISIBLE __attribute__((visibility("default")))

/* main() of enroll/main.c, renamed in its object (Makefile). */
int enroll_mfa_main(int argc, char **argv);

static struct {
	struct fuzz *f;
	struct world w;
	char line[256]; /* typed and not read yet */
	size_t at, len;
	char *out, *err;
	size_t out_size, err_size;
	FILE *real_out, *real_err, *real_in;
	bool terminal;
	bool hurt; /* something in the store was broken by the input */
	char first[64]; /* first line that was typed */
	uint64_t accepted; /* greatest step of a code that `verify` took */
} t;

static int inside, outside; /* the scratch directory, and where the harness was started */

/* The machine of the tool. */

static struct passwd *copy_account(const struct passwd *found)
{
	static char shell[] = "/bin/sh", none[] = "/usr/sbin/nologin";
	static struct passwd pw;

	if (found == NULL)
		return NULL;
	pw = *found;
	pw.pw_shell = pw.pw_uid == 1002 ? none : shell;
	return &pw;
}

VISIBLE struct passwd *getpwnam(const char *name)
{
	return copy_account(fakepam_account(name));
}

VISIBLE struct passwd *getpwuid(uid_t uid)
{
	return copy_account(uid == 1000 ? fakepam_account("alice") : uid == 1001 ?
	    fakepam_account("bob") : uid == 1002 ? fakepam_account("a@corp") : NULL);
}

static bool shell_told;

VISIBLE void setusershell(void)
{
	shell_told = false;
}

VISIBLE char *getusershell(void)
{
	static char shell[] = "/bin/sh";

	shell_told = !shell_told;
	return shell_told ? shell : NULL;
}

VISIBLE void endusershell(void)
{
}

VISIBLE void openlog(const char *name, int options, int facility)
{
	(void)name, (void)options, (void)facility;
}

VISIBLE void closelog(void)
{
}

VISIBLE void syslog(int priority, const char *fmt, ...)
{
	char line[2048];
	va_list args;

	(void)priority;
	va_start(args, fmt);
	MUST(vsnprintf(line, sizeof(line), fmt, args) < (int)sizeof(line));
	va_end(args);
	for (const char *p = line; *p != '\0'; p++)
		MUST(*p >= 0x20 && *p < 0x7f);
}

VISIBLE int isatty(int fd)
{
	return t.terminal && fd < 3;
}

VISIBLE int prctl(int what, ...)
{
	return what == PR_SET_DUMPABLE ? 0 : -1;
}

VISIBLE int setrlimit(__rlimit_resource_t what, const struct rlimit *limit)
{
	(void)what, (void)limit;
	return 0;
}

/* The typing: as the tool asks for it, so that what it has shown can be typed off. */

/* The key on the screen, after "KEY" groups of four. */
static bool read_key(struct record_device *d)
{
	struct otpauth_secret s = {"screen", NULL, 0, false};

	(void)fflush(stdout);
	for (const char *line = t.out; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
		line += strspn(line, "\n ");
		s.text = line;
		s.len = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567 ");
		if (s.len > 35 && line[4] == ' ' && otpauth_take_secret(&s, d, NULL) == 0)
			return true;
	}
	return false;
}

static void type_code(const struct record_device *of, int offset)
{
	struct record_device d = *of;
	char code[OTP_CODE_SIZE];

	d.id = 1;
	(void)snprintf(d.name, sizeof(d.name), "x");
	if (otp_code(&d, otp_step(wrap.now, d.period) + (uint64_t)(int64_t)offset, code) == 0)
		(void)snprintf(t.line, sizeof(t.line), "%s", code);
}

static void make_line(void)
{
	static const char *const words[] = {"i", "q", "a", "r", "c", "phone", "work", "000000", ""};
	const unsigned what = fuzz_byte(t.f);
	struct record_device d = {.algorithm = RECORD_SHA1, .digits = 6, .period = 30};
	struct record_enroll now;
	char *text;

	(void)snprintf(t.line, sizeof(t.line), "0");
	if ((what & 7) < 3 && world_enroll(&now) && now.devices > 0)
		type_code(&now.device[(what >> 3) % now.devices], (int)(what >> 6) - 1);
	else if ((what & 7) == 3 && read_key(&d))
		type_code(&d, (int)(what >> 6) - 1);
	else if ((what & 7) == 4)
		(void)snprintf(t.line, sizeof(t.line), "%s", t.w.code[(what >> 3) % RECORD_CODES]);
	else if ((what & 7) == 5)
		(void)snprintf(t.line, sizeof(t.line), "%s", t.w.word);
	else if ((what & 7) == 6)
		(void)snprintf(t.line, sizeof(t.line), "%s", words[(what >> 3) % 9]);
	else {
		text = fuzz_text(t.f);
		(void)snprintf(t.line, sizeof(t.line), "%.200s", text);
		free(text);
	}
	if (t.first[0] == '\0')
		(void)snprintf(t.first, sizeof(t.first), "%.60s", t.line);
}

static ssize_t typed(void *p, size_t n)
{
	const bool was = wrap_pause();

	if (t.at == t.len && t.f->left > 0) {
		make_line();
		t.len = strlen(t.line);
		t.line[t.len++] = '\n';
		t.at = 0;
	}
	if (n > t.len - t.at)
		n = t.len - t.at;
	memcpy(p, t.line + t.at, n);
	t.at += n;
	wrap_resume(was);
	return (ssize_t)n;
}

/* What must hold. */

static const char *skip_value(const char *p, int deep);

static const char *skip_blank(const char *p)
{
	return p + strspn(p, " \n\t");
}

static const char *skip_string(const char *p)
{
	for (p++; *p != '"'; p++) {
		MUST((unsigned char)*p >= 0x20);
		if (*p == '\\')
			MUST(strchr("\"\\/bfnrtu", *++p) != NULL);
	}
	return p + 1;
}

static const char *skip_members(const char *p, char end, int deep)
{
	p = skip_blank(p + 1);
	while (*p != end) {
		if (end == '}') {
			MUST(*p == '"');
			p = skip_blank(skip_string(p));
			MUST(*p++ == ':');
		}
		p = skip_blank(skip_value(skip_blank(p), deep + 1));
		MUST(*p == ',' || *p == end);
		if (*p == ',') {
			p = skip_blank(p + 1);
			MUST(*p != end);
		}
	}
	return p + 1;
}

static const char *skip_value(const char *p, int deep)
{
	size_t n;

	MUST(deep < 16);
	if (*p == '{' || *p == '[')
		return skip_members(p, *p == '{' ? '}' : ']', deep);
	if (*p == '"')
		return skip_string(p);
	n = strspn(p, "-0123456789");
	if (n == 0)
		n = strncmp(p, "true", 4) == 0 || strncmp(p, "null", 4) == 0 ? 4 :
		    strncmp(p, "false", 5) == 0 ? 5 : 0;
	MUST(n > 0);
	return p + n;
}

static void check_json(void)
{
	const char *p = skip_blank(t.out);

	while (*p != '\0')
		p = skip_blank(skip_value(p, 0));
}

/* The first thing typed at `verify` was a code later than all that it took. */
static void check_verified(const struct record_enroll *before)
{
	char code[OTP_CODE_SIZE];
	uint64_t hit = 0;

	for (int i = 0; i < RECORD_CODES; i++)
		if (t.w.code[i][0] != '\0' && strcmp(t.first, t.w.code[i]) == 0)
			return;
	for (int i = 0; i < before->devices; i++) {
		const struct record_device *d = &before->device[i];
		const uint64_t now = otp_step(wrap.now, d->period);

		for (uint64_t s = now - 2; s <= now + 2; s++)
			if (otp_code(d, s, code) == 0 && strcmp(code, t.first) == 0)
				hit = (uint64_t)((int64_t)(s * d->period));
	}
	MUST(hit > 0 && (before->devices > 1 || hit > t.accepted));
	t.accepted = hit;
}

struct state {
	bool whole, enrolled;
};

static struct state state_of(const char *user)
{
	static struct store store;
	static struct steps_status st;
	const bool was = wrap_pause();
	struct state now = {false, false};
	struct steps s = {.store = &store, .conf = &t.w.conf, .user = user, .now = wrap.now};

	if (store_open(&store, &t.w.conf, NULL) == 0) {
		now.whole = steps_status(&s, &st, NULL) == 0 && st.trouble.code == 0;
		now.enrolled = now.whole && st.enrolled;
		store_close(&store);
	}
	wrap_resume(was);
	return now;
}

/* One command. */

static const char *const tokens[] = {"alice", "bob", "a@corp", "ALICE", "mallory", "--", "--json",
	"status", "list", "verify", "recovery", "unlock", "remove", "invite", "bypass", "import",
	"backup", "restore", "rekey", "init", "add", "use", "retire", "--device", "work", "phone",
	"--issuer", "Corp", "--label", "--key",
	"SHA256:A2vyOZZyU2tn1lXNklBKFUKU6XFexvBAk12XKwLMThM", "--algorithm", "sha256", "--digits", "8",
	"--period", "60", "--qr", "utf8", "ansi", "none", "--invert", "--png", "p.png", "--svg",
	"p.svg", "--no-confirm", "--expires", "24h", "--for", "4h", "0", "--from", "otpauth",
	"google-authenticator", "users.oath", "--user", "--replace", "--rebind", "--orphans", "file-a",
	"file-b", "-", "home", "--help", "--version", "file-c", "--json", "break-glass", "sha512"};
#define TOKENS (sizeof(tokens) / sizeof(tokens[0]))

static void begin_streams(const char *input, size_t n)
{
	static char nothing[1];

	t.at = t.len = 0;
	t.first[0] = '\0';
	t.out = t.err = NULL;
	t.real_in = stdin;
	t.real_out = stdout;
	t.real_err = stderr;
	stdout = open_memstream(&t.out, &t.out_size);
	stderr = open_memstream(&t.err, &t.err_size);
	stdin = n > 0 ? fmemopen((void *)(uintptr_t)input, n, "r") : fmemopen(nothing, 1, "r");
	MUST(stdin != NULL && stdout != NULL && stderr != NULL);
	wrap.closed_stdin = false;
}

static void end_streams(void)
{
	if (!wrap.closed_stdin)
		(void)fclose(stdin);
	(void)fclose(stdout);
	(void)fclose(stderr);
	stdin = t.real_in;
	stdout = t.real_out;
	stderr = t.real_err;
	if (getenv("FUZZ_SHOW") != NULL)
		(void)fprintf(stderr, "out: %s\nerr: %s\n", t.out, t.err);
}

static int read_command(char *words[WORDS + 3], char *owned[WORDS])
{
	static char name[] = "enroll-mfa", config[CONF_PATH_MAX + 16];
	const unsigned n = fuzz_below(t.f, WORDS + 1);
	int argc = 0;

	(void)snprintf(config, sizeof(config), "--config=%s", t.w.conf.path);
	words[argc++] = name;
	if (n > 0) /* else the own enrolment, which takes no argument */
		words[argc++] = config;
	for (unsigned i = 0; i < n; i++) {
		const unsigned k = fuzz_byte(t.f);

		owned[i] = k < TOKENS ? strdup(tokens[k]) : k % 8 == 0 ? fuzz_text(t.f) :
		    strdup(tokens[k % TOKENS]);
		MUST(owned[i] != NULL);
		for (char *p = owned[i]; *p != '\0'; p++)
			*p = *p == '/' ? '_' : *p;
		words[argc++] = owned[i];
	}
	words[argc] = NULL;
	return argc;
}

static bool has_word(char *const words[], const char *word)
{
	for (int i = 1; words[i] != NULL; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

/* Not where it is the value of an option, or stands behind `--`. */
static bool wants_json(char *const words[])
{
	for (int i = 2; words[1] != NULL && words[i] != NULL && strcmp(words[i], "--") != 0; i++)
		if (strcmp(words[i], "--json") == 0 && (i == 2 || words[i - 1][0] != '-'))
			return true;
	return false;
}

static void set_caller(unsigned what)
{
	static const char *const uids[] = {"1000", "1001", "1002", "0", "x"};
	static const char *const names[] = {"alice", "bob", "a@corp", "root", "alice"};

	wrap.ruid = 0;
	(void)unsetenv("SUDO_UID");
	(void)unsetenv("SUDO_USER");
	if (what % 8 < 5) {
		(void)setenv("SUDO_UID", uids[what % 8], 1);
		(void)setenv("SUDO_USER", names[what % 8], 1);
	}
}

/* Whether word is the file of a backup that opens; what of keys[] is in it. */
static bool read_backup(const char *word, const struct keyring *ring, unsigned *has)
{
	static const char *const keys[] = {"enroll/alice", "hot/alice", "enroll/bob", "hot/bob"};
	static struct backup_in in;
	static struct store_raw raw;
	char key[STORE_KEY_MAX];
	const bool opens = backup_open(&in, word, ring, NULL) == 0;

	while (opens && backup_next(&in, key, &raw, NULL) == 0)
		for (int i = 0; i < 4; i++)
			*has |= strcmp(key, keys[i]) == 0 ? 1U << i : 0;
	backup_close(&in);
	return opens;
}

static void check_backup(char *const words[], const struct state was[2])
{
	static struct keyring ring;
	const bool paused = wrap_pause();
	unsigned has = 0;
	bool opens = false;

	MUST(keyring_load(&ring, t.w.conf.keyring, NULL, NULL) == 0);
	MUST(fchdir(inside) == 0);
	for (int i = 3; words[i] != NULL && !opens; i++)
		opens = read_backup(words[i], &ring, &has);
	MUST(fchdir(outside) == 0);
	MUST(opens);
	for (int i = 0; i < 2; i++)
		MUST(!was[i].enrolled || (has >> 2 * i & 3) == 3);
	wrap_resume(paused);
}

static bool is_done(char *const words[], const char *command)
{
	return words[1] != NULL && words[2] != NULL && strcmp(words[2], command) == 0 &&
	    !has_word(words, "--help") && !has_word(words, "--version");
}

static void check_after(int code, char *const words[], unsigned failed,
    const struct record_enroll *before, const struct state was[2])
{
	const struct state is[2] = {state_of("alice"), state_of("bob")};
	const bool ends = has_word(words, "remove") || has_word(words, "restore");

	MUST(code == 0 || code == 1 || code == 2 || code == 3 || code == 75);
	if (wants_json(words) && !has_word(words, "--help") &&
	    !has_word(words, "--version") && (code == 0 || code == 1) && failed == 0)
		check_json();
	for (int i = 0; i < 2 && !t.hurt; i++) {
		MUST(is[i].whole || !was[i].whole || (ends && failed > 0));
		MUST(is[i].enrolled || !was[i].enrolled || ends);
	}
	if (code == 0 && is_done(words, "verify"))
		check_verified(before);
	if (code == 0 && is_done(words, "backup"))
		check_backup(words, was);
}

static void command(void)
{
	const unsigned caller = fuzz_byte(t.f);
	char *words[WORDS + 3], *owned[WORDS] = {NULL}, *input = NULL;
	const struct state was[2] = {state_of("alice"), state_of("bob")};
	const int fd = wrap_lowest_fd();
	struct record_enroll before;
	int argc = read_command(words, owned), code;
	unsigned failed;

	(void)world_enroll(&before);
	set_caller(caller);
	wrap.conf = t.w.conf.path;
	t.terminal = (caller & 8) != 0;
	if (has_word(words, "-"))
		input = fuzz_text(t.f);
	begin_streams(input, input != NULL ? strlen(input) : 0);
	if ((caller & 16) != 0)
		wrap_plan(t.f);
	wrap.typed = typed;
	MUST(fchdir(inside) == 0);
	code = enroll_mfa_main(argc, words);
	failed = wrap.failed;
	wrap_plan_none();
	MUST(fchdir(outside) == 0);
	wrap.typed = NULL;
	end_streams();
	MUST(wrap_lowest_fd() == fd);
	check_after(code, words, failed, &before, was);
	free(t.out);
	free(t.err);
	free(input);
	for (int i = 0; i < WORDS; i++)
		free(owned[i]);
}

/* What happens between commands. */

static void write_file(void)
{
	static const char *const names[] = {"file-a", "file-b", "file-c",
	    "home/alice/.google_authenticator", "home/bob/.google_authenticator"};
	const char *name = names[fuzz_below(t.f, 5)];
	size_t n;
	uint8_t *text = fuzz_block(t.f, (size_t)fuzz_number(t.f, 2) % 1200, &n);

	scratch_remove(name);
	scratch_write(name, text, n, fuzz_below(t.f, 8) == 7 ? 0644 : 0600);
	free(text);
}

/* Backups too: a damaged one must be seen as that. */
static void damage(void)
{
	static const char *const names[] = {"enroll/alice", "hot/alice", "enroll/bob", "file-b",
	    "file-c", "machine-id", "hot/.07"};
	const char *name = names[fuzz_below(t.f, 7)];
	size_t n, at = (size_t)fuzz_number(t.f, 2);
	unsigned char *data = scratch_read(name, &n);

	world_touch(name);
	t.hurt = t.hurt || name[0] != 'f';
	if (data != NULL && n > 0) {
		data[at % n] ^= (unsigned char)(1 + fuzz_below(t.f, 255));
		scratch_write(name, data, at % 97 == 0 ? n / 2 : n, 0600);
	} else {
		scratch_write(name, "", 0, 0600);
	}
	if (at % 89 == 0)
		scratch_remove(name);
	free(data);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const dirs[] = {"home", "home/alice", "home/bob"};
	char path[SCRATCH_PATH];

	(void)argc, (void)argv;
	world_init();
	for (int i = 0; i < 3; i++) {
		scratch_path(path, dirs[i]);
		MUST(mkdir(path, 0700) == 0);
	}
	scratch_path(path, "");
	outside = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	inside = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(inside >= 0 && outside >= 0);
	return 0;
}

static void clean_up(void)
{
	static const char *const names[] = {"file-a", "file-b", "file-c", "p.png", "p.svg",
	    "home/alice/.google_authenticator", "home/bob/.google_authenticator", "keyring.new"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		scratch_remove(names[i]);
	world_reset();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};

	clean_up();
	t.f = &f;
	t.hurt = false;
	t.accepted = 0;
	world_make(&t.w, &f);
	t.hurt = t.w.damaged || !t.w.has_enroll || !t.w.has_hot;
	for (int i = 0; i < COMMANDS && f.left > 0; i++) {
		static const int64_t moves[] = {31, 120, 3600, 86400, -60, 301, 7 * 86400, 1};

		switch (fuzz_below(&f, 8)) {
		case 0:
			write_file();
			break;
		case 1:
			wrap.now += moves[fuzz_below(&f, 8)];
			break;
		case 2:
			damage();
			break;
		default:
			command();
		}
	}
	wrap_end();
	return 0;
}
