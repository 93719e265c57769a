/*
 * fuzz_import: of every form of an import each entry is taken whole or named as refused
 * or skipped: none is lost, and what is in the store is what a line says.
 *
 * The first byte says the form and whether the store is used; the rest is the text.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/scratch.h"
#include "tests/fuzz/world.h"
#include "tests/fuzz/wrap.h"

#include "enroll/import_run.h"
#include "enroll/steps.h"
#include "lib/core/store.h"

#include <sys/stat.h>

static struct conf conf;
static long notes[3];

static void check_device(const struct record_device *d)
{
	MUST(d->algorithm >= RECORD_SHA1 && d->algorithm <= RECORD_SHA512);
	MUST(d->digits >= 6 && d->digits <= 8 && d->period >= 15 && d->period <= 120);
	MUST(d->secret_len >= OTPAUTH_SECRET_MIN && d->secret_len <= RECORD_SECRET_MAX);
}

static void check_oath(const char *line)
{
	struct otpauth o;
	struct import_used used = {0};
	struct err e = {0};

	if (import_oath_parse(line, strlen(line), &o, &used, &e) != 0) {
		MUST(e.code == ERR_SYNTAX || e.code == ERR_REFUSED);
		return;
	}
	check_device(&o.device);
	MUST(strncmp(line + strspn(line, " \t"), "HOTP/T", 6) == 0);
	MUST(o.user[0] != '\0' && strstr(line, o.user) != NULL);
	MUST(!used.known || strlen(used.code) == o.device.digits);
}

static void check_google(const char *text, size_t n)
{
	struct import_google_file g;
	struct err e = {0};
	long codes = 0;

	if (import_google_parse(text, n, &g, &e) != 0) {
		MUST(e.code == ERR_SYNTAX || e.code == ERR_REFUSED);
		return;
	}
	check_device(&g.device);
	MUST(memmem(text, n, "TOTP_AUTH", 9) != NULL);
	MUST(g.skew >= -1000000 && g.skew <= 1000000);
	MUST(g.used.known == (memmem(text, n, "\" DISALLOW_REUSE", 16) != NULL) || !g.used.known);
	for (const char *p = text; p < text + n; p++)
		codes += *p == '\n';
	MUST(g.scratch_codes >= 0 && g.scratch_codes <= codes);
}

static void note(void *ctx, enum import_note kind, long line, const char *text)
{
	(void)ctx;
	MUST(kind <= IMPORT_WARNED && line >= 0 && text[0] != '\0');
	notes[kind]++;
}

static void progress(void *ctx, long lines, long imported)
{
	(void)ctx;
	MUST(imported <= lines);
}

/* What the store holds of a user is one of the lines that name the user. */
static void check_stored(struct store *s, const char *text)
{
	const char *line = text, *end;
	struct otpauth o;

	for (; *line != '\0'; line = *end == '\0' ? end : end + 1) {
		static struct store_value v;
		static struct record_enroll r;
		char key[STORE_KEY_MAX];
		size_t n;

		end = line + strcspn(line, "\n");
		n = (size_t)(end - line) - (end > line && end[-1] == '\r');
		if (n == 0 || *line == '#' || n >= OTPAUTH_URI_MAX - 1 ||
		    otpauth_parse(line, n, &o, NULL) != 0 || store_key(key, "enroll", o.user) != 0)
			continue;
		MUST(store_get(s, key, NULL, &v, NULL) == 0);
		MUST(record_get_enroll(&r, v.data, v.len) == 0 && r.devices >= 1);
		if (strcmp(o.user, WORLD_USER) == 0)
			continue; /* had one before */
		/* The first line of the user counts. */
		if (strstr(text, o.user) >= line && r.devices == 1)
			MUST(r.device[0].secret_len == o.device.secret_len &&
			    memcmp(r.device[0].secret, o.device.secret, o.device.secret_len) == 0 &&
			    r.device[0].digits == o.device.digits);
	}
}

static void import(unsigned form, char *text, size_t n, struct fuzz *plan)
{
	static struct store s;
	struct import job = {.store = &s, .conf = &conf, .name = "input", .device = "phone",
	    .replace = (form & 4) != 0, .now = WORLD_NOW, .note = note, .progress = progress};
	struct import_google g = {.user = "bob", .account = true, .uid = 1001};
	struct import_result res = {0};
	struct err e = {0};
	char path[SCRATCH_PATH];
	int r;

	MUST(store_open(&s, &conf, NULL) == 0);
	job.in = fmemopen(text, n, "r");
	MUST(job.in != NULL);
	if ((form & 8) != 0)
		wrap_plan(plan);
	if ((form & 3) == 0) {
		r = import_otpauth(&job, &res, &e);
	} else if ((form & 3) == 1) {
		r = import_oath(&job, &res, &e);
	} else {
		scratch_path(path, "google");
		g.path = (form & 3) == 2 ? path : NULL;
		r = import_google(&job, &g, &res, &e);
	}
	wrap_plan_none();
	MUST(r == 0 || e.text[0] != '\0');
	MUST(notes[IMPORT_SKIPPED] == res.skipped && notes[IMPORT_REFUSED] == res.refused);
	if (r == 0)
		MUST(res.imported + res.replaced + res.kept + res.skipped + res.refused == res.lines);
	if (r == 0 && (form & 3) == 0 && res.refused == 0)
		check_stored(&s, text);
	(void)fclose(job.in);
	store_close(&s);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	world_init();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	static const uint8_t person[] = {7, 0, 0, 1, 2, 2, 99, 1, 0, 0, 1, 0, 0, 15, 0, 0};
	struct fuzz f = {data, size}, who = {person, sizeof(person)}, plan;
	const unsigned form = fuzz_byte(&f);
	size_t n, used;
	char *text;

	memset(notes, 0, sizeof(notes));
	plan = f;
	if ((form & 8) != 0)
		f.at += f.left < 12 ? f.left : 12, f.left -= f.left < 12 ? f.left : 12;
	text = (char *)fuzz_rest(&f, &n);
	text = realloc(text, n + 1);
	MUST(text != NULL);
	text[n] = '\0';
	check_oath(text);
	check_google(text, n);
	if ((form & 16) != 0 && n > 0) {
		world_reset();
		world_make(&w, &who);
		conf = w.conf;
		used = strlen(text);
		scratch_write("google", text, n, 0600);
		import(form, text, (form & 3) == 0 ? used + (used == 0) : n, &plan);
		wrap_end();
	}
	free(text);
	return 0;
}
