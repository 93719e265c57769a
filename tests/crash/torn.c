/*
 * The power goes at any moment of any history of writes, kills and failed syncs: the
 * store opens to the last value that anybody was told of, or to a later one that was
 * being written.
 *
 * The store's own calls are recorded (tape.h) and played onto a disk that loses, reorders
 * and tears what was not synced (disk.h); each state that it may be left in is laid into
 * a second store and opened.  PB_CRASH_HISTORIES=N plays more random histories,
 * PB_CRASH_SEED=N others; with CRASH_PART=N an N-th of all histories is played.
 */
#include "tests/crash/disk.h"
#include "tests/unit/scratch.h"

#define KEY "hot/alice"
#define TEXT_MAX 512
#define HISTORIES 40 /* at random, in a usual run */
#define ACTS 12      /* each */

static struct scratch sc;    /* where the store works */
static struct conf after;    /* where a state is laid and opened */
static struct store after_store;
static struct disk *disk;
static struct disk_walk *walk;

static long told, tried; /* the last value told of, the last one begun */
static long next;
static char story[TEXT_MAX]; /* of what has befallen so far, for whoever mends it */
static int passed, failed, wrong;

static void tell(const char *what, long number)
{
	size_t n = strlen(story);

	(void)snprintf(story + n, sizeof(story) - n, " %s:%ld", what, number);
}

/* The value of a number: of many sizes, its bytes all its own. */
static size_t value_of(long number, unsigned char *out)
{
	static const size_t sizes[] = {1400, RECORD_PLAIN_MAX, 40, 3600, 700, RECORD_PLAIN_MAX};
	size_t n = sizes[(size_t)number % (sizeof(sizes) / sizeof(sizes[0]))];
	uint64_t random = (uint64_t)number;

	memcpy(out, &number, sizeof(number));
	for (size_t i = sizeof(number); i < n; i++)
		out[i] = (unsigned char)disk_random(&random);
	return n;
}

/* -1 when it is none. */
static long number_of(const struct store_value *v)
{
	unsigned char whole[RECORD_PLAIN_MAX];
	long number;

	if (v->len < sizeof(number))
		return -1;
	memcpy(&number, v->data, sizeof(number));
	if (number <= 0 || value_of(number, whole) != v->len)
		return -1;
	return memcmp(whole, v->data, v->len) == 0 ? number : -1;
}

static int put_next(void *ctx, struct store_value *v, struct err *e)
{
	(void)ctx, (void)e;
	v->len = value_of(next, v->data);
	return 0;
}

static int act_update(void *ctx)
{
	struct store st;
	int r = store_open(&st, &sc.conf, NULL);

	(void)ctx;
	if (r != 0)
		return r;
	tape_note_number(TAPE_TRIES, next);
	if ((r = store_update(&st, KEY, NULL, put_next, NULL, NULL)) == 0)
		tape_note_number(TAPE_TOLD, next);
	store_close(&st);
	return r;
}

static int act_create(void *ctx)
{
	struct store_value v = {.version = STORE_NEW};
	struct store st;
	int r = store_open(&st, &sc.conf, NULL);

	(void)ctx;
	if (r != 0)
		return r;
	(void)put_next(NULL, &v, NULL);
	tape_note_number(TAPE_TRIES, next);
	if ((r = store_put(&st, KEY, &v, NULL)) == 0)
		tape_note_number(TAPE_TOLD, next);
	store_close(&st);
	return r;
}

static int open_file(const char *root, const char *name)
{
	char path[TEXT_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", root, name) >= (int)sizeof(path))
		tape_die("path");
	if ((fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0)
		tape_die("cannot lay a file");
	return fd;
}

static void drop_file(const char *root, const char *name)
{
	char path[TEXT_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", root, name) >= (int)sizeof(path))
		tape_die("path");
	(void)unlink(path);
}

/* What lies in the second store, so that only what differs is written. */
static struct laid {
	bool there;
	int fd;
	size_t n;
	unsigned char bytes[DISK_SIZE];
} laid[DISK_NAMES];

static void forget_laid(void)
{
	for (int i = 0; i < DISK_NAMES; i++) {
		if (laid[i].there)
			(void)close(laid[i].fd);
		laid[i] = (struct laid){0};
	}
}

static void lay_bytes(struct laid *l, const unsigned char *bytes, size_t n)
{
	for (size_t k = 0; k < n; k += DISK_SECTOR) {
		size_t len = n - k < DISK_SECTOR ? n - k : DISK_SECTOR;

		if (k + len <= l->n && memcmp(bytes + k, l->bytes + k, len) == 0)
			continue;
		if (pwrite(l->fd, bytes + k, len, (off_t)k) != (ssize_t)len)
			tape_die("cannot lay a state");
	}
	if (n < l->n && ftruncate(l->fd, (off_t)n) != 0)
		tape_die("cannot lay a state");
	memcpy(l->bytes, bytes, n);
	l->n = n;
}

static void lay(const struct disk *d, const struct disk_state *s)
{
	unsigned char bytes[DISK_SIZE];

	for (int i = 0; i < d->names; i++) {
		int file = d->name[i].may[s->name[i]];
		struct laid *l = &laid[i];

		if (file < 0 && l->there) {
			drop_file(after.store_dir, d->name[i].path);
			(void)close(l->fd);
			*l = (struct laid){0};
		}
		if (file < 0)
			continue;
		if (!l->there)
			l->fd = open_file(after.store_dir, d->name[i].path);
		l->there = true;
		lay_bytes(l, bytes, disk_bytes(d, s, file, bytes));
	}
}

static void complain(const char *what, long number)
{
	if (++wrong <= 3)
		printf("  %s (%ld; told %ld, begun %ld), behind:%s\n", what, number, told, tried,
		    story);
}

static void open_state(void *ctx, const struct disk *d, const struct disk_state *s)
{
	struct store_value v;
	struct err e = {0};
	long number;
	int r;

	(void)ctx;
	lay(d, s);
	r = store_get(&after_store, KEY, NULL, &v, &e);
	number = r == 0 ? number_of(&v) : 0;
	if (r == ERR_NONE && told == 0)
		return;
	if (r != 0)
		complain(r == ERR_NONE ? "it is gone" : e.text, r);
	else if (number < told)
		complain("a value of before", number);
	else if (number > tried)
		complain("a value that was never written", number);
}

/* Plays what the last act left on the tape, and looks at the disk at each point. */
static void play(void)
{
	for (int i = 0; i < tape->n; i++) {
		const struct tape_event *v = &tape->event[i];

		disk_play(disk, v);
		if (v->kind == TAPE_TRIES)
			tried = v->number;
		else if (v->kind == TAPE_TOLD)
			told = v->number;
		disk_walk(walk, disk);
	}
}

static void act(int (*what)(void *ctx), const struct tape_fate *fate, const char *name)
{
	next++;
	tell(name, next);
	if (fate->kill_at != 0)
		tell("killed at call", fate->kill_at);
	if (fate->fail_write_at != 0)
		tell("failed write", fate->fail_write_at);
	if (fate->failing != 0)
		tell("failing syncs", (long)fate->failing);
	(void)tape_run(what, NULL, fate);
	play();
}

static void update(const struct tape_fate *fate)
{
	act(act_update, fate, "update");
}

/* What the machine reads now goes into the files that the store works on. */
static void lay_cache(void)
{
	for (int i = 0; i < disk->names; i++) {
		struct disk_file *f;
		struct stat st;
		int fd;

		if (disk->name[i].cache < 0) {
			drop_file(sc.conf.store_dir, disk->name[i].path);
			continue;
		}
		f = &disk->file[disk->name[i].cache];
		fd = open_file(sc.conf.store_dir, disk->name[i].path);
		for (int k = 0; k < DISK_SECTORS; k++)
			if (pwrite(fd, f->sector[k].cache, DISK_SECTOR, k * DISK_SECTOR) !=
			    DISK_SECTOR)
				tape_die("cannot lay the cache");
		if (fstat(fd, &st) != 0 || ftruncate(fd, (off_t)f->size) != 0 || close(fd) != 0)
			tape_die("cannot lay the cache");
		f->number = st.st_ino;
	}
}

static void lose_power(void)
{
	tell("power lost", 0);
	disk_pick(walk, disk);
	disk_settle(disk, &walk->state);
	lay_cache();
	disk_walk(walk, disk);
}

static void evict(void)
{
	tell("evicted", 0);
	if (disk_evict(disk, &walk->random))
		lay_cache();
	disk_walk(walk, disk);
}

static const struct tape_fate well;

/* A new store with nothing in it. */
static void begin(void)
{
	char path[512], more[512];
	struct err e = {0};

	scratch_make(&sc);
	scratch_mkdir(&sc, "after");
	scratch_mkdir(&sc, "after/enroll");
	scratch_mkdir(&sc, "after/hot");
	(void)snprintf(more, sizeof(more), "store = file:%s/after\nstate_dir = %s\n"
	    "keyring = %s/keyring\n", sc.dir, sc.dir, sc.dir);
	if (conf_parse(&after, "after.conf", more, strlen(more), &e) != 0 ||
	    store_open(&after_store, &after, &e) != 0)
		tape_die(e.text);
	memset(disk, 0, sizeof(*disk));
	scratch_path(&sc, path, "hot");
	disk_add_dir(disk, path, "hot/");
	scratch_path(&sc, path, "enroll");
	disk_add_dir(disk, path, "enroll/");
	told = tried = next = 0;
	story[0] = '\0';
	walk->visit = open_state;
}

static void end(void)
{
	store_close(&after_store);
	forget_laid();
	scratch_remove(&sc);
}

/* A store that holds a value. */
static void begin_with_value(void)
{
	begin();
	act(act_create, &well, "create");
}

static void every_write_is_the_old_value_or_the_new_one(void)
{
	begin_with_value();
	for (int i = 0; i < 12; i++)
		update(&well);
	end();
}

static long number_from(const char *variable, long otherwise)
{
	const char *text = getenv(variable);

	return text != NULL && *text != '\0' ? atol(text) : otherwise;
}

/* Each of three writers in a row dies at any of its calls, or at none. */
static void writers_killed_in_a_row_lose_nothing_that_was_told(void)
{
	const int last = 6, most = last * last * last;

	for (int k = 0; k < most && wrong == 0; k += (int)number_from("CRASH_PART", 1)) {
		int at = k;

		begin_with_value();
		update(&well);
		for (int i = 0; i < 3; i++, at /= last)
			update(&(struct tape_fate){.kill_at = at % last});
		update(&well);
		end();
	}
}

/* Syncs fail and the pages count as written: of four updates in a row, in every order. */
static void syncs_failing_in_a_row_lose_nothing_that_was_told(void)
{
	for (unsigned k = 0; k < 256 && wrong == 0; k += (unsigned)number_from("CRASH_PART", 1)) {
		begin_with_value();
		for (int i = 0; i < 4; i++)
			update(&(struct tape_fate){.failing = k >> 2 * i & 3});
		update(&well);
		end();
	}
}

static void write_that_fails_half_way_loses_nothing_that_was_told(void)
{
	static const size_t behind[] = {0, 1, 24, 511, 512, 2048, 4088, 4095};

	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]) && wrong == 0; i++) {
		begin_with_value();
		update(&well);
		update(&(struct tape_fate){.fail_write_at = 1, .fail_after = behind[i]});
		update(&(struct tape_fate){.fail_write_at = 2, .fail_after = behind[i]});
		update(&(struct tape_fate){.kill_at = 1, .kill_after = behind[i]});
		update(&(struct tape_fate){.kill_at = 3, .kill_after = behind[i]});
		update(&well);
		update(&well);
		end();
	}
}

static void new_record_is_whole_or_not_there(void)
{
	for (int at = 0; at <= 5 && wrong == 0; at++) {
		begin();
		act(act_create, &(struct tape_fate){.kill_at = at}, "create");
		end();
	}
	for (unsigned failing = 1; failing < 4 && wrong == 0; failing++) {
		begin();
		act(act_create, &(struct tape_fate){.failing = failing}, "create");
		end();
	}
}

static void befall(void)
{
	static const size_t behind[] = {0, 1, 512, 3000};
	uint64_t *random = &walk->random;
	struct tape_fate fate = {0};

	switch (disk_random(random) % 8) {
	case 0:
		lose_power();
		return;
	case 1:
		evict();
		return;
	case 2:
	case 3:
		fate.kill_at = 1 + (int)(disk_random(random) % 5);
		fate.kill_after = behind[disk_random(random) % 4];
		break;
	case 4:
		fate.fail_write_at = 1 + (int)(disk_random(random) % 3);
		fate.fail_after = behind[disk_random(random) % 4];
		break;
	case 5:
	case 6:
		fate.failing = 1 + (unsigned)(disk_random(random) % 3);
		break;
	default:
		break;
	}
	update(&fate);
}

static void random_histories_lose_nothing_that_was_told(void)
{
	long histories = number_from("PB_CRASH_HISTORIES", HISTORIES) / number_from("CRASH_PART", 1);
	long seed = number_from("PB_CRASH_SEED", 1);

	printf("  %ld histories of %d acts, seed %ld\n", histories, ACTS, seed);
	for (long i = 0; i < histories && wrong == 0; i++) {
		begin_with_value();
		walk->random = (uint64_t)seed * 1000003 + (uint64_t)i;
		tell("history", i);
		for (int k = 0; k < ACTS; k++)
			befall();
		update(&well);
		end();
	}
}

static void run(void (*test)(void), const char *name)
{
	long states = walk->states, sampled = walk->sampled;

	wrong = 0;
	test();
	printf("%s %s: %ld states, %ld points not in every state\n", wrong == 0 ? "ok    " : "FAILED",
	    name, walk->states - states, walk->sampled - sampled);
	passed += wrong == 0;
	failed += wrong != 0;
}

#define RUN(test) run(test, #test)

int main(void)
{
	tape_open();
	disk = calloc(1, sizeof(*disk));
	walk = calloc(1, sizeof(*walk));
	if (disk == NULL || walk == NULL)
		tape_die("out of memory");
	RUN(every_write_is_the_old_value_or_the_new_one);
	RUN(writers_killed_in_a_row_lose_nothing_that_was_told);
	RUN(syncs_failing_in_a_row_lose_nothing_that_was_told);
	RUN(write_that_fails_half_way_loses_nothing_that_was_told);
	RUN(new_record_is_whole_or_not_there);
	RUN(random_histories_lose_nothing_that_was_told);
	free(disk);
	free(walk);
	printf("%d passed, %d failed\n", passed, failed);
	return failed == 0 ? 0 : 1;
}
