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

static int write_keyring(const char *path, struct err *e)
{
	const char *name = strrchr(path, '/') + 1;
	char dir_path[CONF_PATH_MAX], line[128];
	int dir, fd, r;

	(void)snprintf(dir_path, sizeof(dir_path), "%.*s", (int)(name - path), path);
	if ((dir = safefile_open_dir(dir_path, e)) < 0)
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
		return 0;
	if ((r = store_has_records(c, e)) < 0)
		return r;
	if (r > 0)
		return err_set(e, ERR_KEYRING, "%s: does not exist, but %s holds records that a "
		    "new one would not open; restore the keyring from its copy", c->keyring,
		    c->store_dir);
	r = write_keyring(c->keyring, e);
	if (r == ERR_CONFLICT)
		return 0; /* another init was faster */
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

/* A pair is whole when both halves open and belong together: an unknown name
 * must be judged by it to the end, or it would be told apart. */
static bool pair_is_whole(struct store *s, int i, struct store_value *v)
{
	struct record_enroll enroll;
	struct record_hot hot;
	char key[STORE_KEY_MAX];
	bool whole;

	store_decoy_name(key, "enroll", (unsigned char)i);
	if (store_get(s, key, NULL, v, NULL) != 0 ||
	    record_get_enroll(&enroll, v->data, v->len) != 0)
		return false;
	store_decoy_name(key, "hot", (unsigned char)i);
	whole = store_get(s, key, NULL, v, NULL) == 0 &&
	    record_get_hot(&hot, v->data, v->len) == 0 && enroll.devices == 1 &&
	    record_find_entry(&hot, enroll.device[0].id) != NULL &&
	    recovery_left(&enroll.recovery, &hot) > 0;
	secret_wipe(&enroll, sizeof(enroll));
	return whole;
}

static int fill_batch(struct store *s, struct store_item *items, int *pairs,
    struct store_value *v, struct err *e)
{
	int missing[STORE_DECOYS], n = 0;
	int r = 0;

	for (int i = 0; i < STORE_DECOYS; i++)
		if (!pair_is_whole(s, i, v))
			missing[n++] = i;
	for (int i = 0; i < n && r == 0; i++) {
		struct store_item *hot = &items[i], *enroll = &items[n + i];

		store_decoy_name(hot->key, "hot", (unsigned char)missing[i]);
		store_decoy_name(enroll->key, "enroll", (unsigned char)missing[i]);
		/* Half a pair is of no use: both go, both come. */
		(void)store_del(s, hot->key, NULL, NULL);
		(void)store_del(s, enroll->key, NULL, NULL);
		r = fill_pair(s, hot, enroll, v, e);
	}
	*pairs = n;
	return r;
}

static int make_decoys(struct store *s, struct init_made *made, struct err *e)
{
	struct store_item *items = calloc(2 * STORE_DECOYS, sizeof(*items));
	struct secret memory = {0};
	int r = ERR_SYSTEM;

	if (items == NULL || secret_new(&memory, sizeof(struct store_value)) != 0)
		(void)err_set(e, r, "out of memory");
	else
		r = fill_batch(s, items, &made->decoys,
		    (struct store_value *)(void *)memory.data, e);
	if (r == 0 && made->decoys > 0)
		r = store_create(s, items, 2 * (size_t)made->decoys, e);
	for (int i = 0; i < 2 * made->decoys && r == 0; i++)
		if (items[i].result != 0)
			r = err_set(e, items[i].result, "%s: cannot be stored", items[i].key);
	secret_free(&memory);
	free(items);
	return r;
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
		r = make_decoys(&s, made, e);
		store_unlock(&s);
	}
	store_close(&s);
	/* Records without a note of their machine: nobody knows what was spent
	 * elsewhere, so they count as arrived now. */
	if (r == 0)
		r = host_create(c, records ? now : 0, e);
	return r;
}
