#include "enroll/init.h"

#include "enroll/steps.h"
#include "lib/core/host.h"
#include "lib/core/keyring.h"
#include "lib/core/recovery.h"
#include "lib/core/safefile.h"
#include "lib/core/secret.h"
#include "lib/core/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAST (STORE_DECOYS - 1)

static int make_dir(const char *path, mode_t mode, struct err *e)
{
	int fd, made = mkdir(path, mode);

	if (made != 0 && errno != EEXIST)
		return err_errno(e, "%s: make directory", path);
	if ((fd = safefile_open_dir(path, e)) < 0)
		return fd;
	/* What the umask left out of a new one. */
	if (made == 0 && fchmod(fd, mode) != 0) {
		int r = err_errno(e, "%s: chmod", path);
		(void)close(fd);
		return r;
	}
	(void)close(fd);
	return 0;
}

static int make_dirs(const struct conf *c, struct err *e)
{
	char path[CONF_PATH_MAX + 16];
	const char *slash = strrchr(c->keyring, '/');
	int r;

	(void)snprintf(path, sizeof(path), "%.*s", (int)(slash - c->keyring), c->keyring);
	if (path[0] != '\0' && (r = make_dir(path, 0755, e)) != 0)
		return r;
	if ((r = make_dir(c->state_dir, 0700, e)) != 0 ||
	    (r = make_dir(c->store_dir, 0700, e)) != 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/enroll", c->store_dir);
	if ((r = make_dir(path, 0700, e)) != 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/hot", c->store_dir);
	if ((r = make_dir(path, 0700, e)) != 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/pw", c->state_dir);
	return make_dir(path, 0700, e);
}

/* Complete or not at all, and never over another one. */
static int name_keyring(int dir, int fd, const char *name, const char *path, struct err *e)
{
	char proc[64];

	if (linkat(fd, "", dir, name, AT_EMPTY_PATH) != 0) {
		(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
		if (linkat(AT_FDCWD, proc, dir, name, AT_SYMLINK_FOLLOW) != 0)
			return err_errno(e, "%s", path);
	}
	return fsync(dir) == 0 ? 0 : err_errno(e, "%s: sync", path);
}

static int open_keyring_dir(const char *path, struct err *e)
{
	char dir[CONF_PATH_MAX];

	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') + 1 - path), path);
	return safefile_open_dir(dir, e);
}

/* Whoever made it may have been killed before its name was on the disk. */
static int sync_keyring(const char *path, struct err *e)
{
	int dir = open_keyring_dir(path, e), r;

	if (dir < 0)
		return dir;
	r = fsync(dir) == 0 ? 0 : err_errno(e, "%s: sync", path);
	(void)close(dir);
	return r;
}

static int write_keyring(const char *path, struct err *e)
{
	const char *name = strrchr(path, '/') + 1;
	int dir = open_keyring_dir(path, e), fd, r;
	char line[128];

	if (dir < 0)
		return dir;
	fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0) {
		r = err_errno(e, "%s", path);
	} else if ((r = keyring_new_line(line, sizeof(line), e)) == 0) {
		size_t n = strlen(line);

		if (fchmod(fd, 0600) != 0 || write(fd, line, n) != (ssize_t)n || fsync(fd) != 0)
			r = err_errno(e, "%s: write", path);
		else
			r = name_keyring(dir, fd, name, path, e);
		secret_wipe(line, sizeof(line));
	}
	if (fd >= 0)
		(void)close(fd);
	(void)close(dir);
	return r;
}

static bool has_keyring(const struct conf *c)
{
	struct stat st;

	return lstat(c->keyring, &st) == 0 || errno != ENOENT;
}

bool init_is_due(const struct conf *c)
{
	return !has_keyring(c) && store_has_records(c, NULL) == 0;
}

static int make_keyring(const struct conf *c, struct init_made *made, struct err *e)
{
	int r;

	if (has_keyring(c))
		return sync_keyring(c->keyring, e);
	if ((r = store_has_records(c, e)) < 0)
		return r;
	if (r > 0)
		return err_set(e, ERR_KEYRING, "%s: does not exist, but %s holds records that a "
		    "new one would not open; restore the keyring from its copy", c->keyring,
		    c->store_dir);
	r = write_keyring(c->keyring, e);
	if (r == ERR_CONFLICT) /* another init was faster */
		return sync_keyring(c->keyring, e);
	made->keyring = r == 0;
	return r;
}

/* A decoy pair looks like a user with one device and recovery codes whose
 * secrets nobody has. */
static int fill_pair(struct store *s, struct store_item *hot_item,
    struct store_item *enroll_item, struct store_value *v, struct err *e)
{
	struct record_enroll enroll = {.format = RECORD_FORMAT, .devices = 1};
	char codes[RECORD_CODES][RECOVERY_TEXT_SIZE];
	struct record_hot hot;
	int r;

	enroll.device[0] = (struct record_device){.name = "phone", .algorithm = RECORD_SHA1,
	    .digits = 6, .period = 30};
	if ((r = steps_new_device(&enroll.device[0], 0, e)) != 0 ||
	    (r = recovery_new(&enroll.recovery, codes, e)) != 0 ||
	    (r = steps_new_hot(&hot, e)) != 0)
		goto out;
	hot.entries = 1;
	hot.entry[0].id = enroll.device[0].id;
	hot.spent[0].id = enroll.recovery.id;
	if ((r = steps_encode_hot(&hot, v, e)) != 0 ||
	    (r = store_seal_item(s, hot_item, v, e)) != 0 ||
	    (r = steps_encode_enroll(&enroll, v, e)) != 0)
		goto out;
	r = store_seal_item(s, enroll_item, v, e);
out:
	secret_wipe(codes, sizeof(codes));
	secret_wipe(&enroll, sizeof(enroll));
	return r;
}

/* What is there of the decoys, before any is touched. */
struct survey {
	bool whole[STORE_DECOYS];
	int there, open; /* halves */
};

/* 0; ERR_NONE; ERR_BAD; or trouble, which says nothing about the half. */
static int open_half(struct store *s, const char *kind, int i, struct store_value *v,
    struct survey *y, struct err *e)
{
	char key[STORE_KEY_MAX];
	int r;

	store_decoy_name(key, kind, (unsigned char)i);
	r = store_get(s, key, NULL, v, e);
	y->there += r == 0 || r == ERR_BAD ? 1 : 0;
	y->open += r == 0 ? 1 : 0;
	return r;
}

static bool is_answer(int r)
{
	return r == 0 || r == ERR_NONE || r == ERR_BAD;
}

/* A pair is whole when both halves open and belong together: an unknown name
 * must be judged by it to the end, or it would be told apart. */
static int look_at_pair(struct store *s, int i, struct store_value *v, struct survey *y,
    struct err *e)
{
	struct record_enroll enroll = {0};
	struct record_hot hot = {0};
	bool whole = false;
	int r = open_half(s, "enroll", i, v, y, e);

	if (r == 0)
		whole = record_get_enroll(&enroll, v->data, v->len) == 0;
	if (is_answer(r)) {
		r = open_half(s, "hot", i, v, y, e);
		whole = whole && r == 0 && record_get_hot(&hot, v->data, v->len) == 0 &&
		    enroll.devices == 1 &&
		    record_find_entry(&hot, enroll.device[0].id) != NULL &&
		    recovery_left(&enroll.recovery, &hot) > 0;
	}
	secret_wipe(&enroll, sizeof(enroll));
	y->whole[i] = whole;
	return is_answer(r) ? 0 : r;
}

struct probe {
	struct store *store;
	struct store_value *value;
	bool records, opened;
};

static int try_record(void *ctx, const char *key)
{
	struct probe *p = ctx;
	int r = store_get(p->store, key, NULL, p->value, NULL);

	p->records |= r != ERR_NONE; /* a history that was made and never filled */
	p->opened = r == 0;
	return r == 0 ? 1 : is_answer(r) ? 0 : r;
}

/* Password histories too. */
static int try_pw(struct probe *p, const struct conf *c)
{
	struct store *main_store = p->store, pw;
	int r = store_open_pw(&pw, c, false, NULL);

	if (r != 0)
		return r == ERR_NONE ? 0 : r;
	p->store = &pw;
	r = store_list(&pw, "pw/", try_record, p, NULL);
	p->store = main_store;
	store_close(&pw);
	return r;
}

/* Decoys that a wrong keyring does not open are those of the right one. */
static int check_keyring(struct store *s, const struct conf *c, const struct survey *y,
    struct store_value *v, struct err *e)
{
	struct probe p = {.store = s, .value = v};
	int r = store_list(s, "enroll/", try_record, &p, e);

	if (r == 0)
		r = store_list(s, "hot/", try_record, &p, e);
	if (r == 0)
		r = try_pw(&p, c);
	if (r < 0)
		return err_set(e, r, "%s: its records cannot be read", c->store_dir);
	if (p.records && !p.opened)
		return err_set(e, ERR_KEYRING, "%.160s: opens none of the records in %.160s; put the "
		    "keyring that they were made with in its place (nothing has been changed), or, "
		    "if they are damaged, `enroll-mfa remove` their users", c->keyring,
		    c->store_dir);
	if (p.records && y->there > 0 && y->open == 0)
		return err_set(e, ERR_KEYRING, "%.160s: opens none of the decoys in %.160s; put the "
		    "keyring that they were made with in its place (nothing has been changed), or, "
		    "if they are damaged, remove .00 to .ff in its enroll and hot", c->keyring,
		    c->store_dir);
	return 0;
}

/* Which pairs are to be made.  The last one is made with any other: its enroll half
 * is the first to go and the last to come, so it tells whether all are there. */
static int choose_pairs(const struct survey *y, int pairs[STORE_DECOYS])
{
	int n = 0;

	for (int i = 0; i < STORE_DECOYS; i++)
		if (!y->whole[i] || (i == LAST && n > 0))
			pairs[n++] = i;
	return n;
}

/* Half a pair is of no use: both go, both come. */
static int clear_pairs(struct store *s, const struct store_item *items, int n, struct err *e)
{
	for (int i = 2 * n - 1; i >= 0; i--) {
		int r = store_del(s, items[i].key, NULL, e);

		if (r != 0 && r != ERR_NONE)
			return r;
	}
	return 0;
}

static int make_pairs(struct store *s, const int *pairs, int n, struct store_value *v,
    struct err *e)
{
	struct store_item *items = calloc(2 * STORE_DECOYS, sizeof(*items));
	int r = 0;

	if (items == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	for (int i = 0; i < n && r == 0; i++) {
		store_decoy_name(items[i].key, "hot", (unsigned char)pairs[i]);
		store_decoy_name(items[n + i].key, "enroll", (unsigned char)pairs[i]);
		r = fill_pair(s, &items[i], &items[n + i], v, e);
	}
	if (r == 0 && (r = clear_pairs(s, items, n, e)) == 0)
		r = store_create(s, items, 2 * (size_t)n, e);
	for (int i = 0; i < 2 * n && r == 0; i++)
		if (items[i].result != 0)
			r = err_set(e, items[i].result, "%s: cannot be stored", items[i].key);
	free(items);
	return r;
}

static int make_decoys(struct store *s, const struct conf *c, struct init_made *made,
    struct err *e)
{
	struct survey y = {0};
	struct secret memory = {0};
	struct store_value *v;
	int pairs[STORE_DECOYS], n = 0, r = 0;

	if (secret_new(&memory, sizeof(*v)) != 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	v = (struct store_value *)(void *)memory.data;
	for (int i = 0; i < STORE_DECOYS && r == 0; i++)
		r = look_at_pair(s, i, v, &y, e);
	if (r == 0)
		n = choose_pairs(&y, pairs);
	if (n > 0 && (r = check_keyring(s, c, &y, v, e)) == 0)
		r = make_pairs(s, pairs, n, v, e);
	for (int i = 0; i < STORE_DECOYS && r == 0; i++)
		made->decoys += y.whole[i] ? 0 : 1;
	secret_free(&memory);
	return r;
}

static bool has_machine_id(const struct conf *c)
{
	char path[CONF_PATH_MAX + 16];
	bool has;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/machine-id", c->state_dir);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno != ENOENT;
	has = host_peek(fd, path, NULL) != ERR_BAD;
	(void)close(fd);
	return has;
}

bool init_is_unfinished(struct store *s, const struct conf *c)
{
	struct store_value v;
	char key[STORE_KEY_MAX];
	int r;

	store_decoy_name(key, "enroll", LAST);
	r = store_get(s, key, NULL, &v, NULL);
	secret_wipe(&v, sizeof(v));
	return r == ERR_NONE || r == ERR_BAD || !has_machine_id(c);
}

int init_run(const struct conf *c, int64_t now, struct init_made *made, struct err *e)
{
	struct store s;
	int r, records;

	*made = (struct init_made){0};
	if ((r = make_dirs(c, e)) != 0 || (r = make_keyring(c, made, e)) != 0)
		return r;
	if ((records = store_has_records(c, e)) < 0)
		return records;
	if ((r = store_open(&s, c, e)) != 0)
		return r;
	if ((r = store_lock(&s, e)) == 0) {
		r = make_decoys(&s, c, made, e);
		store_unlock(&s);
	}
	store_close(&s);
	/* Records without a note of their machine: nobody knows what was spent
	 * elsewhere, so they count as arrived now. */
	if (r == 0)
		r = host_create(c, records ? now : 0, e);
	return r;
}
