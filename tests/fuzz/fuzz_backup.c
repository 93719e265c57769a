/*
 * fuzz_backup: a backup in which any byte is another one is refused before anything is
 * changed; and one whose MAC is right, whatever is in it, restores to records that open,
 * or to nothing.
 *
 * The input: changes of a true backup of three users, and whether the MAC is made anew.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/scratch.h"
#include "tests/fuzz/world.h"
#include "tests/fuzz/wrap.h"

#include "enroll/restore.h"
#include "enroll/steps.h"
#include "lib/core/record_pw.h"
#include "lib/core/seal.h"

#include <openssl/evp.h>

static const uint8_t person[] = {7, 0, 0, 1, 2, 2, 99, 1, 0, 0, 2, 0, 0, 15, 0, 1, 1, 30, 0, 1, 0, 0,
	12};
static unsigned char *good;
static size_t good_size;
static struct conf conf;
static struct keyring ring;

static int no_account(void *ctx, const char *user, uid_t *uid)
{
	(void)ctx;
	*uid = strcmp(user, "bob") == 0 ? 1001 : 1000;
	return strcmp(user, "carol") == 0 ? ERR_NONE : 0;
}

static void foreign(void *ctx, const struct restore_foreign *f)
{
	(void)ctx;
	MUST(f->bound != f->has);
}

static void progress(void *ctx, uint64_t left, uint64_t all)
{
	(void)ctx;
	MUST(left <= all);
}

static void said(void *ctx, const char *why)
{
	(void)ctx, (void)why;
}

static void counted(void *ctx, size_t done, size_t all)
{
	(void)ctx;
	MUST(done <= all);
}

static int64_t clock_now(void)
{
	return wrap.now;
}

static struct steps steps_of(struct store *s, const char *user)
{
	return (struct steps){.store = s, .conf = &conf, .user = user, .now = wrap.now};
}

static void enrol(struct store *store, const char *user)
{
	struct record_device d = {.algorithm = RECORD_SHA1, .digits = 6, .period = 30,
	    .name = "phone"};
	const struct steps_device with = {.device = &d};
	struct steps s = steps_of(store, user);

	MUST(steps_new_device(&d, WORLD_NOW, NULL) == 0);
	MUST(steps_enroll(&s, &with, NULL) == 0);
}

static void make_world(struct store *store)
{
	static struct world w;
	struct fuzz f = {person, sizeof(person)};

	world_reset();
	world_make(&w, &f);
	conf = w.conf;
	MUST(store_open(store, &conf, NULL) == 0);
	enrol(store, "bob");
	enrol(store, "carol");
}

static void make_history(struct store *pw)
{
	struct store_value v = {.version = STORE_NEW};
	struct record_pw r;

	MUST(store_open_pw(pw, &conf, true, NULL) == 0);
	MUST(record_pw_new(&r, "$y$j75$salt") == 0);
	r.entries = 2;
	v.len = (size_t)record_pw_put(&r, v.data);
	MUST(store_put(pw, "pw/bob", &v, NULL) == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct store store, pw;
	char path[SCRATCH_PATH];
	struct backup b = {&store, &pw, path, WORLD_NOW, said, counted, NULL};
	struct backup_result res;

	(void)argc, (void)argv;
	world_init();
	make_world(&store);
	make_history(&pw);
	scratch_path(path, "good");
	MUST(backup_write(&b, &res, NULL) == 0 && res.records == 7 && res.bad == 0);
	MUST(store_del(&pw, "pw/bob", NULL, NULL) == 0);
	store_close(&pw);
	store_close(&store);
	MUST(keyring_load(&ring, conf.keyring, NULL, NULL) == 0);
	wrap_end();
	good = scratch_read("good", &good_size);
	MUST(good != NULL);
	return 0;
}

/* As backup.c does it: of the records, then of the header. */
static void mac_anew(unsigned char *bytes, size_t n)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	MUST(md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1);
	MUST(EVP_DigestUpdate(md, bytes + BACKUP_HEADER, n - BACKUP_HEADER - BACKUP_MAC) == 1);
	MUST(EVP_DigestUpdate(md, bytes, BACKUP_HEADER) == 1);
	MUST(EVP_DigestFinal_ex(md, digest, NULL) == 1);
	EVP_MD_CTX_free(md);
	MUST(backup_mac(&ring, ring.key[0].id, digest, bytes + n - BACKUP_MAC) == 0);
}

/* Overwrites, takes out, or puts in what the input says. */
static unsigned char *change(struct fuzz *f, size_t *n)
{
	unsigned char *bytes = malloc(good_size + 4096);
	const unsigned changes = fuzz_below(f, 6);

	MUST(bytes != NULL);
	memcpy(bytes, good, good_size);
	*n = good_size;
	for (unsigned i = 0; i < changes && *n > 1; i++) {
		const unsigned how = fuzz_below(f, 4);
		const size_t at = (size_t)fuzz_number(f, 2) % *n;
		size_t len;
		uint8_t *with = fuzz_block(f, fuzz_below(f, 64), &len);

		if (how < 2) {
			memcpy(bytes + at, with, len < *n - at ? len : *n - at);
		} else if (how == 2) {
			len = len < *n - at ? len : *n - at;
			memmove(bytes + at, bytes + at + len, *n - at - len);
			*n -= len;
		} else {
			memmove(bytes + at + len, bytes + at, *n - at);
			memcpy(bytes + at, with, len);
			*n += len;
		}
		free(with);
	}
	return bytes;
}

static void check_whole(struct store *store)
{
	static const char *const users[] = {"alice", "bob", "carol"};
	static struct steps_status st;

	for (int i = 0; i < 3; i++) {
		const struct steps s = steps_of(store, users[i]);

		MUST(steps_status(&s, &st, NULL) == 0 && st.trouble.code == 0 && st.enrolled);
	}
}

static void check(const char *path, bool same, bool right, struct fuzz *f)
{
	static struct store store;
	static struct backup_in in;
	struct restore q = {.store = &store, .conf = &conf, .in = &in, .account = no_account,
	    .foreign = foreign, .clock = clock_now, .progress = progress};
	struct restore_result res;
	struct err e = {0};
	int r;

	make_world(&store);
	q.replace = fuzz_below(f, 4) != 0;
	q.rebind = fuzz_flip(f);
	if (fuzz_flip(f))
		wrap_plan(f);
	r = backup_open(&in, path, &ring, &e);
	MUST(r != 0 || same || right);
	MUST(r == 0 || !same || wrap.failed > 0);
	if (r == 0) {
		r = restore_run(&q, &res, &e);
		MUST(q.replace || r != 0 || wrap.failed > 0);
		MUST(r == 0 || e.text[0] != '\0');
	} else {
		wrap_plan_none();
		check_whole(&store);
	}
	backup_close(&in);
	wrap_plan_none();
	if (r == 0)
		check_whole(&store);
	store_close(&store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	const bool anew = fuzz_flip(&f);
	char path[SCRATCH_PATH];
	size_t n;
	unsigned char *bytes = change(&f, &n);
	const bool right = anew && n > BACKUP_HEADER + BACKUP_MAC;

	if (right)
		mac_anew(bytes, n);
	scratch_remove("backup");
	scratch_write("backup", bytes, n, 0600);
	scratch_path(path, "backup");
	check(path, n == good_size && memcmp(bytes, good, n) == 0, right, &f);
	wrap_end();
	free(bytes);
	return 0;
}
