/*
 * Random stacks, run by libpam and by the interpreter of bastionctl, which must agree on
 * what they return; and what gets in without our module's success is a way that the walk
 * of `config check` and of the audit has told.
 *
 * PB_STACKS=N cases, PB_STACKS_SEED=N: others than every run has.
 */
#include "tests/pam/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/pamd_run.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CASES 22000
#define FILES 6     /* the service, four that are included, `other` */
#define LINES 8     /* of a file, at most */
#define SERVICE 0
#define OTHER 5
#define NOBODY_KNOWS 77 /* a return code that libpam does not have */

static const char *const names[FILES] = {"svc", "a", "b", "c", "d", "other"};
static char dir[PATH_MAX - 64]; /* of the service files; the modules are beside it */

struct line {
	int code, second; /* what its module answers; second: in the second round of password */
};

/* One case: files, and what the modules of their lines answer. */
struct stacks {
	char text[FILES][4096]; /* "": there is no such file */
	struct line line[FILES][LINES + 1];
	const char *main; /* type of most of the lines */
	bool strange; /* a module answers what the walk does not reckon with */
};

static uint64_t seed = 1;

static int below(int n)
{
	uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (int)((z ^ z >> 31) % (uint64_t)n);
}

static bool chance(int percent)
{
	return below(100) < percent;
}

static void add(char *text, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void add(char *text, size_t size, const char *fmt, ...)
{
	const size_t n = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	assert_true(vsnprintf(text + n, size - n, fmt, ap) < (int)(size - n));
	va_end(ap);
}

/* ---- what is in the files ---- */

static void add_pair(char *control, size_t size, bool rest)
{
	static const char *const actions[] = {"ignore", "ok", "ok", "done", "bad", "die", "reset",
	    "1", "1", "2", "7"};
	static const int usual[] = {PAM_SUCCESS, PAM_AUTH_ERR, PAM_IGNORE, PAM_NEW_AUTHTOK_REQD,
	    PAM_MODULE_UNKNOWN, PAM_PERM_DENIED};
	const int code = chance(70) ? usual[below(6)] : below(PAMD_CODES);

	add(control, size, " %s=%s", rest ? "default" : pamd_code_name(code), actions[below(11)]);
}

static void make_control(char control[512])
{
	static const char *const keywords[] = {"required", "requisite", "sufficient", "optional"};
	const int pairs = 1 + below(4);

	control[0] = '\0';
	if (chance(45)) {
		add(control, 512, "%s", keywords[below(4)]);
		return;
	}
	add(control, 512, "[");
	for (int i = 0; i < pairs; i++)
		add_pair(control, 512, chance(25));
	if (chance(50))
		add_pair(control, 512, true);
	add(control, 512, "]");
}

static int any_code(struct stacks *s)
{
	static const int strange[] = {-1, PAM_INCOMPLETE, PAMD_CODES, NOBODY_KNOWS};
	const int n = below(100);

	if (n < 2)
		s->strange = true;
	return n < 2 ? strange[below(4)] : n < 55 ? PAM_SUCCESS : n < 68 ? PAM_AUTH_ERR :
	    n < 76 ? PAM_IGNORE : n < 84 ? PAM_NEW_AUTHTOK_REQD : below(PAM_INCOMPLETE);
}

/* What the walk reckons with: `pam_unix.so` of auth never ignores, and so on. */
static int code_of(struct stacks *s, const char *module, const char *type)
{
	const bool ours = strcmp(module, PAMD_OURS) == 0;
	const bool never_ignores = ours || (strcmp(module, "pam_unix.so") == 0 &&
	    strcmp(type, "auth") == 0);
	int code = any_code(s);

	if (strcmp(module, "pam_permit.so") == 0)
		return PAM_SUCCESS;
	if (strcmp(module, "pam_deny.so") == 0)
		return strcmp(type, "account") == 0 && chance(50) ? PAM_ACCT_EXPIRED : PAM_AUTH_ERR;
	if ((never_ignores && code == PAM_IGNORE) || (ours && code == PAM_NEW_AUTHTOK_REQD))
		code = PAM_AUTH_ERR;
	return code;
}

static void add_module(struct stacks *s, int file, int number, const char *type)
{
	static const char *const modules[] = {PAMD_OURS, PAMD_OURS, "pam_unix.so", "pam_permit.so",
	    "pam_deny.so", "pam_gone.so", "pam_any.so", "pam_any.so", "pam_any.so", "pam_rootok.so"};
	const char *module = modules[below(10)];
	struct line *x = &s->line[file][number];
	char control[512];

	make_control(control);
	x->code = code_of(s, module, type);
	x->second = code_of(s, module, type);
	if (strcmp(module, "pam_gone.so") == 0)
		x->code = x->second = PAM_MODULE_UNKNOWN;
	add(s->text[file], sizeof(s->text[file]), "%s%s %s %s/../%s %d %d%s\n",
	    chance(15) ? "-" : "", type, control, dir, module, x->code, x->second,
	    strcmp(type, "account") == 0 ? " need_auth" : "");
}

/* A file includes those behind it alone: no circles.  With the directory: a bare name
 * libpam 1.5 seeks in /etc/pam.d, whatever the service's directory. */
static void add_line(struct stacks *s, int file, int number)
{
	const char *type = chance(70) ? s->main : pamd_type_name((enum pamd_type)below(3));
	const int first = file == OTHER ? 1 : file + 1;
	const int kind = first < OTHER ? below(10) : 9;
	const char *other = names[first + below(OTHER - first > 0 ? OTHER - first : 1)];
	char *text = s->text[file];

	if (kind == 0)
		add(text, sizeof(s->text[file]), "@include %s/%s\n", dir, other);
	else if (kind == 1)
		add(text, sizeof(s->text[file]), "%s include %s/%s\n", type, dir, other);
	else if (kind < 4)
		add(text, sizeof(s->text[file]), "%s substack %s/%s\n", type, dir, other);
	else
		add_module(s, file, number, type);
}

static void make_stacks(struct stacks *s)
{
	memset(s, 0, sizeof(*s));
	s->main = chance(45) ? "auth" : chance(75) ? "account" : "password";
	for (int file = 0; file < FILES; file++) {
		const int lines = file == SERVICE ? 3 + below(LINES - 2) : 2 + below(4);

		if ((file == SERVICE && chance(2)) || (file == OTHER && chance(30)))
			continue;
		add(s->text[file], sizeof(s->text[file]), "# line 1\n");
		for (int i = 2; i <= lines; i++)
			add_line(s, file, i);
	}
	if (s->text[SERVICE][0] == '\0' && s->text[OTHER][0] == '\0')
		add(s->text[OTHER], sizeof(s->text[OTHER]), "# nothing\n");
}

static void write_stacks(const struct stacks *s)
{
	for (int file = 0; file < FILES; file++) {
		char path[PATH_MAX];
		FILE *f;

		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[file]);
		/* A new file each time: ext4 writes a truncated one to the disk at once. */
		assert_true(unlink(path) == 0 || errno == ENOENT);
		if (s->text[file][0] == '\0')
			continue;
		assert_non_null(f = fopen(path, "w"));
		(void)fputs(s->text[file], f);
		assert_int_equal(fclose(f), 0);
	}
}

/* ---- both run them ---- */

static int no_talk(int n, const struct pam_message **m, struct pam_response **r, void *p)
{
	(void)n, (void)m, (void)r, (void)p;
	return PAM_CONV_ERR;
}

static int libpam_says(enum pamd_type type)
{
	const struct pam_conv conv = {no_talk, NULL};
	pam_handle_t *pamh = NULL;
	int code;

	assert_int_equal(pam_start_confdir("svc", "nobody", &conv, dir, &pamh), PAM_SUCCESS);
	code = type == PAMD_AUTH ? pam_authenticate(pamh, 0) :
	    type == PAMD_ACCOUNT ? pam_acct_mgmt(pamh, 0) : pam_chauthtok(pamh, 0);
	(void)pam_end(pamh, PAM_SUCCESS);
	ph_lines = 0;
	return code;
}

/* One run of the interpreter. */
struct tape {
	const struct stacks *stacks;
	bool second;
	bool code; /* ours has succeeded */
	bool ran[PAMD_STACK_MAX];
};

static int answer(void *ctx, const struct pamd_stack *s, int at)
{
	struct tape *t = ctx;
	const struct pamd_entry *x = &s->entry[at];
	const char *name = strrchr(x->file, '/') + 1;
	const struct line *l = NULL;
	int code;

	for (int file = 0; file < FILES; file++)
		if (strcmp(names[file], name) == 0)
			l = &t->stacks->line[file][x->line];
	assert_non_null(l);
	code = t->second ? l->second : l->code;
	t->ran[at] = true;
	t->code = t->code || (x->role == PAMD_OURSELVES && code == PAM_SUCCESS);
	return code;
}

static int we_say(const struct pamd_stack *s, struct tape *t)
{
	int code = pamd_run(s, answer, t);

	if (s->type != PAMD_PASSWORD || code != PAM_SUCCESS)
		return code;
	t->second = true;
	return pamd_run(s, answer, t);
}

static void load_stack(struct pamd_stack *s, enum pamd_type type)
{
	const struct pamd_dirs dirs = {.dir = dir};
	struct err e = {0};
	bool other;
	int r = pamd_stack_load_or_other(s, &dirs, "svc", type, &other, &e);

	if (r != 0 && !(r == ERR_NONE && other))
		fail_msg("%s", e.text);
	for (int i = 0; i < s->count; i++)
		s->entry[i].missing = strstr(s->entry[i].module, "pam_gone.so") != NULL;
}

static void show_stacks(const struct stacks *s)
{
	for (int file = 0; file < FILES; file++)
		if (s->text[file][0] != '\0')
			print_message("---- %s\n%s", names[file], s->text[file]);
}

/* ---- what must hold ---- */

struct counts {
	int cases, in, without, ways, exact;
};

static void each_stack_returns_what_libpam_does(const struct stacks *c, enum pamd_type type,
    struct counts *n)
{
	struct tape t = {.stacks = c};
	struct pamd_stack s;
	int theirs, ours;

	load_stack(&s, type);
	ours = we_say(&s, &t);
	theirs = libpam_says(type);
	pamd_stack_free(&s);
	if (ours != theirs) {
		show_stacks(c);
		fail_msg("case %d, %s: libpam returns %s, the interpreter %s", n->cases,
		    pamd_type_name(type), pamd_code_name(theirs), pamd_code_name(ours));
	}
	n->in += theirs == PAM_SUCCESS;
	n->cases++;
}

static bool has_ours(const struct pamd_stack *s)
{
	for (int i = 0; i < s->count; i++)
		if (s->entry[i].role == PAMD_OURSELVES)
			return true;
	return false;
}

static void broken(const struct stacks *c, const struct counts *n, const char *what)
{
	show_stacks(c);
	fail_msg("case %d: %s", n->cases, what);
}

static void the_walk_has_told(const struct stacks *c, enum pamd_type type, struct counts *n)
{
	struct tape t = {.stacks = c};
	struct pamd_stack s;
	struct pamd_ways w;
	int code;

	load_stack(&s, type);
	assert_int_equal(pamd_stack_walk(&s, &w, NULL), 0);
	code = we_say(&s, &t);
	for (int i = 0; i < s.count; i++)
		if (t.ran[i] && !s.entry[i].run)
			broken(c, n, "a line is run that the walk does not reach");
	if (code == PAM_SUCCESS && !w.any)
		broken(c, n, "the walk knows no success");
	if (code == PAM_SUCCESS && t.code && !w.code)
		broken(c, n, "the walk knows no success behind a right code");
	/* Programs let in whose account says so, and have him change it. */
	if (has_ours(&s) && !t.code && (code == PAM_SUCCESS ||
	    (code == PAM_NEW_AUTHTOK_REQD && type == PAMD_ACCOUNT))) {
		n->without++;
		if (w.refused < 0 && w.jumped < 0 && w.chosen < 0)
			broken(c, n, "a way past the code that the walk has not told");
	}
	pamd_stack_free(&s);
}

/* A way is told by its lines, and libpam goes it where it is called exact. */
static void ways_are_gone_as_they_are_told(enum pamd_type type, struct counts *n)
{
	struct pamd_trace trace;
	struct pamd_stack s;
	struct pamd_ways w;

	load_stack(&s, type);
	assert_int_equal(pamd_stack_walk(&s, &w, NULL), 0);
	for (int kind = PAMD_WAY_REFUSED; kind <= PAMD_WAY_CODE; kind++) {
		const bool told = kind == PAMD_WAY_REFUSED ? w.refused >= 0 :
		    kind == PAMD_WAY_JUMPED ? w.jumped >= 0 : kind == PAMD_WAY_CHOSEN ? w.chosen >= 0 :
		    kind == PAMD_WAY_ANY ? w.any : w.code;

		assert_int_equal(pamd_stack_trace(&s, (enum pamd_way)kind, &trace, NULL), 0);
		assert_int_equal(trace.count > 0, told);
		n->ways += told;
		n->exact += trace.exact;
	}
	pamd_stack_free(&s);
}

static int number(const char *name, int standard)
{
	const char *text = getenv(name);

	return text != NULL ? atoi(text) : standard;
}

static void interpreter_walk_and_libpam_agree(void **state)
{
	const int cases = number("PB_STACKS", CASES);
	struct stacks *c = malloc(sizeof(*c));
	struct counts n = {.cases = 0};

	(void)state;
	assert_non_null(c);
	seed = (uint64_t)number("PB_STACKS_SEED", 1);
	while (n.cases < cases) {
		make_stacks(c);
		write_stacks(c);
		for (int type = PAMD_AUTH; type <= PAMD_PASSWORD; type++) {
			/* The others are short. */
			if (strcmp(pamd_type_name((enum pamd_type)type), c->main) != 0 && chance(70))
				continue;
			each_stack_returns_what_libpam_does(c, (enum pamd_type)type, &n);
			if (!c->strange && type != PAMD_PASSWORD) {
				the_walk_has_told(c, (enum pamd_type)type, &n);
				if (n.cases % 8 < 3)
					ways_are_gone_as_they_are_told((enum pamd_type)type, &n);
			}
		}
	}
	free(c);
	print_message("%d cases, %d succeed, %d without the code; %d of %d ways are exact\n",
	    n.cases, n.in, n.without, n.exact, n.ways);
	/* The cases are no walk-over. */
	assert_true(n.in > cases / 9 && n.without > cases / 100);
	assert_true(n.exact > n.ways / 100 * 95);
}

/* ---- the modules, all the same file ---- */

static void find_stub(char stub[PATH_MAX])
{
	char path[PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s", ph_module());
	*strrchr(path, '/') = '\0';
	strcat(path, "/tests/stub/pam_say.so");
	if (realpath(path, stub) == NULL)
		fail_msg("%s: %s", path, strerror(errno));
}

static int make(void **state)
{
	static const char *const modules[] = {PAMD_OURS, "pam_unix.so", "pam_permit.so",
	    "pam_deny.so", "pam_any.so", "pam_rootok.so"};
	char stub[PATH_MAX], path[PATH_MAX];

	(void)state;
	ph_make_bare(NULL);
	ph_clock(0);
	(void)snprintf(dir, sizeof(dir), "%s", ph_path("stacks"));
	assert_int_equal(mkdir(dir, 0755), 0);
	find_stub(stub);
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/../%s", dir, modules[i]);
		assert_int_equal(symlink(stub, path), 0);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(interpreter_walk_and_libpam_agree),
	};

	return cmocka_run_group_tests(tests, make, NULL);
}
