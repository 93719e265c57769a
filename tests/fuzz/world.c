#include "tests/fuzz/world.h"

#include "enroll/init.h"
#include "lib/core/crypto.h"
#include "lib/core/otp.h"
#include "lib/core/recovery.h"
#include "lib/core/slot.h"
#include "lib/core/store.h"
#include "tests/fuzz/scratch.h"
#include "tests/fuzz/wrap.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#define MACHINE "0123456789abcdef0123456789abcdef\n"

static struct store store;
static struct conf plain; /* where the store is, and nothing else */
static char conf_path[SCRATCH_PATH], machine_path[SCRATCH_PATH];

/* All files of the store as init made them.  Times of change are too coarse to see who
 * has been written. */
struct kept {
	char name[16];
	unsigned char *data;
	size_t size;
	ino_t number;
	bool touched;
};
static struct kept kept[2 * STORE_DECOYS + 2];
static int keeps;

/* LeakSanitizer's, where it is: what is reached through locked pages is not lost. */
void __lsan_register_root_region(const void *p, size_t n) __attribute__((weak));
void __lsan_unregister_root_region(const void *p, size_t n) __attribute__((weak));

void world_touch(const char *path)
{
	for (int i = 0; i < keeps; i++)
		if (strcmp(path, kept[i].name) == 0)
			kept[i].touched = true;
}

static void see(struct kept *k)
{
	char path[SCRATCH_PATH];
	struct stat st;

	scratch_path(path, k->name);
	MUST(stat(path, &st) == 0);
	k->number = st.st_ino;
	k->touched = false;
}

static void keep(const char *name)
{
	struct kept *k = &kept[keeps++];

	(void)snprintf(k->name, sizeof(k->name), "%s", name);
	k->data = scratch_read(name, &k->size);
	MUST(k->data != NULL);
	see(k);
}

static void keep_all(void)
{
	char name[16];

	for (int i = 0; i < STORE_DECOYS; i++) {
		(void)snprintf(name, sizeof(name), "enroll/.%02x", i);
		keep(name);
		(void)snprintf(name, sizeof(name), "hot/.%02x", i);
		keep(name);
	}
	keep("keyring");
	keep("machine-id");
}

static void drop_users(const char *kind)
{
	char path[SCRATCH_PATH], tail[SCRATCH_PATH];
	struct dirent *entry;
	DIR *dir;

	scratch_path(path, kind);
	(void)mkdir(path, 0700);
	MUST((dir = opendir(path)) != NULL);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		MUST(snprintf(tail, sizeof(tail), "%s/%s", kind, entry->d_name) < (int)sizeof(tail));
		scratch_remove(tail);
	}
	(void)closedir(dir);
}

static void put_back(struct kept *k)
{
	scratch_remove(k->name);
	scratch_write(k->name, k->data, k->size, 0600);
	see(k);
}

static void open_store(void)
{
	MUST(store_open(&store, &plain, NULL) == 0);
	if (__lsan_register_root_region != NULL)
		__lsan_register_root_region(store.memory.data, store.memory.size);
}

void world_reset(void)
{
	char path[SCRATCH_PATH];
	struct stat st;

	drop_users("enroll");
	drop_users("hot");
	drop_users("pw");
	for (int i = 0; i < keeps; i++) {
		scratch_path(path, kept[i].name);
		if (kept[i].touched || lstat(path, &st) != 0 || st.st_ino != kept[i].number)
			put_back(&kept[i]);
	}
	/* It may have seen another keyring. */
	if (__lsan_unregister_root_region != NULL)
		__lsan_unregister_root_region(store.memory.data, store.memory.size);
	store_close(&store);
	open_store();
}

static int places(char *text, size_t cap)
{
	char dir[SCRATCH_PATH];

	scratch_path(dir, "");
	dir[strlen(dir) - 1] = '\0';
	return snprintf(text, cap, "store = file:%s\nstate_dir = %s\nkeyring = %s/keyring\n",
	    dir, dir, dir);
}

void world_init(void)
{
	struct init_made made;
	struct err e = {0};
	char text[1024];
	int n;

	scratch_begin();
	MUST(crypto_init() == 0);
	scratch_path(conf_path, "conf");
	scratch_path(machine_path, "this-machine");
	scratch_write("this-machine", MACHINE, strlen(MACHINE), 0644);
	n = places(text, sizeof(text));
	MUST(conf_parse(&plain, conf_path, text, (size_t)n, &e) == 0);
	wrap_begin(1, WORLD_NOW);
	wrap.machine_id = machine_path;
	if (init_run(&plain, WORLD_NOW, &made, &e) != 0) {
		(void)fprintf(stderr, "%s\n", e.text);
		_exit(2);
	}
	wrap_end();
	keep_all();
	open_store();
}

static const char *const exempts[WORLD_EXEMPTS] = {
	[WORLD_NOBODY] = "", [WORLD_ALICE_LOCAL] = "exempt = user:alice@local\n",
	[WORLD_ALICE_NET] = "exempt = user:alice@198.51.100.0/24 until 2023-12-30\n",
	[WORLD_OPS_PAST] = "exempt = group:ops until 2023-11-01\n",
	[WORLD_STAFF] = "exempt = group:staff until 2023-12-30\n",
	[WORLD_BOB_FAR] = "exempt = user:bob until 2025-12-31\n"};
static const char *const requires[WORLD_REQUIRES] = {
	[WORLD_ALL] = "", [WORLD_OPS] = "require = group:ops\n",
	[WORLD_BOB] = "require = user:bob, group:nowhere\n"};

static void make_conf(struct world *w, struct fuzz *f)
{
	static const char *const enrolls[] = {"admin", "invite", "login"};
	static const char *const days[] = {"none", "2023-12-30", "2023-11-01", "2025-12-31"};
	static const char *const remembers[] = {"0", "1h", "12h", "90s"};
	char text[2048];
	struct err e = {0};
	int n = places(text, sizeof(text));

	w->exempt = (enum world_exempt)fuzz_below(f, WORLD_EXEMPTS);
	w->require = (enum world_require)fuzz_below(f, WORLD_REQUIRES);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "window = %u\nretry = %u\n"
	    "throttle_free = %u\nlock_after = %u\n", fuzz_below(f, 3), 1 + fuzz_below(f, 5),
	    1 + fuzz_below(f, 4), 1 + fuzz_below(f, 100));
	n += snprintf(text + n, sizeof(text) - (size_t)n, "enroll = %s\nenroll_by = %s\n"
	    "remember = %s\n%s%s", enrolls[fuzz_below(f, 3)], days[fuzz_below(f, 4)],
	    remembers[fuzz_below(f, 4)], exempts[w->exempt], requires[w->require]);
	MUST(conf_parse(&w->conf, conf_path, text, (size_t)n, &e) == 0);
	scratch_write("conf", text, (size_t)n, 0644);
}

static struct record_device make_device(struct fuzz *f, uint64_t id)
{
	struct record_device d = {.id = id, .created = WORLD_NOW - 86400};

	d.algorithm = (uint8_t)(RECORD_SHA1 + fuzz_below(f, 3));
	d.digits = (uint8_t)(6 + fuzz_below(f, 3));
	d.period = (uint8_t)(15 + fuzz_below(f, 106));
	d.secret_len = 20;
	(void)snprintf(d.name, sizeof(d.name), "phone %u", (unsigned)id);
	for (int i = 0; i < d.secret_len; i++)
		d.secret[i] = (uint8_t)(id * 37 + (unsigned)i * 11);
	if (fuzz_below(f, 4) == 3) {
		d.has_key = true;
		memset(d.key, 0x11, sizeof(d.key)); /* nobody's */
	}
	return d;
}

static void make_enroll(struct world *w, struct fuzz *f)
{
	struct record_enroll *r = &w->enroll;

	r->format = RECORD_FORMAT;
	r->devices = (uint8_t)fuzz_below(f, 4);
	for (int i = 0; i < r->devices; i++)
		r->device[i] = make_device(f, 11 + (uint64_t)i);
	if (r->devices > 0 && fuzz_flip(f))
		MUST(recovery_new(&r->recovery, w->code, NULL) == 0);
	switch (fuzz_below(f, 4)) {
	case 1:
		MUST(word_invite(&r->invite, WORLD_NOW - 60, 3600, w->word) == 0);
		break;
	case 2:
		MUST(word_invite(&r->invite, WORLD_NOW - 3600, 60, w->word) == 0);
		break;
	default:
		break;
	}
	switch (fuzz_below(f, 6)) {
	case 1:
		r->bypass_since = WORLD_NOW - 60, r->bypass_life = 3600;
		break;
	case 2:
		r->bypass_since = WORLD_NOW - 90000, r->bypass_life = UINT32_MAX;
		break;
	default:
		break;
	}
}

static void make_hot(struct world *w, struct fuzz *f)
{
	struct record_hot *h = &w->hot;
	const unsigned what = fuzz_byte(f);

	h->format = RECORD_FORMAT;
	memset(h->source_key, 0x5c, sizeof(h->source_key));
	h->entries = w->enroll.devices;
	for (int i = 0; i < h->entries; i++) {
		h->entry[i].id = w->enroll.device[i].id;
		if ((what & 1) != 0)
			h->entry[i].last_step = otp_step(WORLD_NOW, w->enroll.device[i].period) -
			    fuzz_below(f, 4);
	}
	h->spent[0].id = w->enroll.recovery.id;
	h->spent[0].used = w->enroll.recovery.id == 0 || (what & 2) == 0 ? 0 : 0x155;
	h->ever_confirmed = (what & 4) != 0;
	if ((what & 8) != 0)
		h->uid_bound = true, h->uid = fuzz_below(f, 4) == 0 ? 1234 : 1000;
	if ((what & 0x30) == 0x30)
		h->locked_since = WORLD_NOW - 100;
	if ((what & 0xc0) == 0xc0)
		for (int i = 0; i < RECORD_BUCKETS; i++)
			h->unknown[i] = (struct record_bucket){.wrong = (uint16_t)fuzz_below(f, 6),
			    .last = WORLD_NOW - 10};
}

static void put(struct world *w, const char *kind, struct store_value *v, int n, unsigned flip)
{
	static struct store_item item;
	unsigned char image[SLOT_FILE];
	char tail[64];

	MUST(n > 0);
	v->len = (size_t)n;
	(void)snprintf(tail, sizeof(tail), "%s/" WORLD_USER, kind);
	memcpy(item.key, tail, strlen(tail) + 1);
	MUST(store_seal_item(&store, &item, v, NULL) == 0);
	MUST(slot_image(image, 1, item.raw.data, item.raw.len) == 0);
	if (flip > 0 && flip < 24 + item.raw.len) {
		image[flip] ^= 0x10;
		w->damaged = true;
	}
	scratch_write(tail, image, sizeof(image), 0600);
}

static void put_records(struct world *w, struct fuzz *f)
{
	static struct store_value v;
	const unsigned there = fuzz_below(f, 8), flip = fuzz_flip(f) ? (unsigned)fuzz_number(f, 2) : 0;
	const bool second = fuzz_flip(f);

	w->has_enroll = there != 1 && there != 3;
	w->has_hot = there != 2 && there != 3;
	scratch_remove("enroll/" WORLD_USER);
	scratch_remove("hot/" WORLD_USER);
	if (w->has_enroll)
		put(w, "enroll", &v, record_put_enroll(&w->enroll, v.data), second ? 0 : flip);
	if (w->has_hot)
		put(w, "hot", &v, record_put_hot(&w->hot, v.data), second ? flip : 0);
}

void world_make(struct world *w, struct fuzz *f)
{
	for (int i = 0; i < keeps; i++)
		if (kept[i].touched)
			put_back(&kept[i]);
	memset(w, 0, sizeof(*w));
	wrap_begin(fuzz_number(f, 1), WORLD_NOW);
	make_conf(w, f);
	make_enroll(w, f);
	make_hot(w, f);
	put_records(w, f);
	w->copied = fuzz_below(f, 8) == 7;
	if (!w->copied)
		wrap.machine_id = machine_path;
	wrap.opened = world_touch;
	w->clean = w->has_enroll && w->has_hot && !w->damaged && !w->copied &&
	    w->hot.locked_since == 0 && w->hot.unknown[0].last == 0 &&
	    (!w->hot.uid_bound || w->hot.uid == 1000);
}

static bool get(const char *kind, struct store_value *v)
{
	char key[STORE_KEY_MAX];

	MUST(store_key(key, kind, WORLD_USER) == 0);
	return store_get(&store, key, NULL, v, NULL) == 0;
}

bool world_enroll(struct record_enroll *out)
{
	const bool was = wrap_pause();
	static struct store_value v;
	const bool there = get("enroll", &v) && record_get_enroll(out, v.data, v.len) == 0;

	if (!there)
		*out = (struct record_enroll){0};
	wrap_resume(was);
	return there;
}

bool world_hot(struct record_hot *out)
{
	const bool was = wrap_pause();
	static struct store_value v;
	const bool there = get("hot", &v) && record_get_hot(out, v.data, v.len) == 0;

	if (!there)
		*out = (struct record_hot){0};
	wrap_resume(was);
	return there;
}
