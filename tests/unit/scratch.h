/*
 * scratch: a store of its own for each unit test, in a temporary directory, and
 * users made by hand through the functions of the store.
 *
 * Header-only, so that one test file stays one program.
 */
#ifndef PB_SCRATCH_H
#define PB_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "enroll/init.h"
#include "lib/core/conf.h"
#include "lib/core/crypto.h"
#include "lib/core/host.h"
#include "lib/core/keyring.h"
#include "lib/core/otp.h"
#include "lib/core/record.h"
#include "lib/core/recovery.h"
#include "lib/core/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCRATCH_NOW INT64_C(1700000000)

struct scratch {
	char dir[64];
	struct conf conf;
};

static inline void scratch_path(const struct scratch *s, char out[512], const char *tail)
{
	assert_true(snprintf(out, 512, "%s/%s", s->dir, tail) < 512);
}

static inline void scratch_mkdir(const struct scratch *s, const char *tail)
{
	char path[512];

	scratch_path(s, path, tail);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, 0700), 0);
}

static inline void scratch_write(const char *path, const void *data, size_t n, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, n), n);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

/* Only the directory. */
static inline void scratch_dir(struct scratch *s)
{
	memset(s, 0, sizeof(*s));
	memcpy(s->dir, "/tmp/pb-scratch-XXXXXX", sizeof("/tmp/pb-scratch-XXXXXX"));
	assert_non_null(mkdtemp(s->dir));
}

static inline void scratch_keyring(struct scratch *s)
{
	char line[128], path[512];

	assert_int_equal(keyring_new_line(line, sizeof(line), NULL), 0);
	scratch_path(s, path, "keyring");
	scratch_write(path, line, strlen(line), 0600);
}

/* Settings in force, with more lines behind (NULL: none). */
static inline void scratch_conf(struct scratch *s, const char *more)
{
	struct err e = {0};
	char text[1024];
	int n = snprintf(text, sizeof(text),
	    "store = file:%s\nstate_dir = %s\nkeyring = %s/keyring\n%s", s->dir, s->dir,
	    s->dir, more != NULL ? more : "");

	if (conf_parse(&s->conf, "scratch.conf", text, (size_t)n, &e) != 0)
		fail_msg("%s", e.text);
}

/* A whole store: directories, keyring, machine-id record; no decoys yet. */
static inline void scratch_make(struct scratch *s)
{
	assert_int_equal(crypto_init(), 0);
	scratch_dir(s);
	scratch_mkdir(s, "enroll");
	scratch_mkdir(s, "hot");
	scratch_keyring(s);
	scratch_conf(s, NULL);
	assert_int_equal(host_create(&s->conf, 0, NULL), 0);
}

/* The same as `enroll-mfa init` makes it, decoys and all. */
static inline void scratch_init(struct scratch *s)
{
	struct init_made made;
	struct err e = {0};

	assert_int_equal(crypto_init(), 0);
	scratch_dir(s);
	scratch_conf(s, "");
	if (init_run(&s->conf, SCRATCH_NOW, &made, &e) != 0)
		fail_msg("%s", e.text);
}

static inline int scratch_drop(const char *path, const struct stat *st, int kind,
    struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	return remove(path);
}

static inline void scratch_remove(struct scratch *s)
{
	if (s->dir[0] != '\0')
		(void)nftw(s->dir, scratch_drop, 16, FTW_DEPTH | FTW_PHYS);
	s->dir[0] = '\0';
}

static inline void scratch_open(const struct scratch *s, struct store *st)
{
	struct err e = {0};

	if (store_open(st, &s->conf, &e) != 0)
		fail_msg("store_open: %s", e.text);
}

/* A device whose secret is made of the id, so that two ids have two secrets. */
static inline struct record_device scratch_device(uint64_t id)
{
	struct record_device d = {.id = id, .algorithm = RECORD_SHA1, .digits = 6,
	    .period = 30, .secret_len = 20, .created = SCRATCH_NOW - 86400};

	(void)snprintf(d.name, sizeof(d.name), "device-%u", (unsigned)(id & 0xffff));
	for (size_t i = 0; i < d.secret_len; i++)
		d.secret[i] = (uint8_t)(id * 37 + i * 11 + (id >> (i % 8 * 8)));
	return d;
}

static inline struct record_enroll scratch_enroll(int devices, uint64_t first_id)
{
	struct record_enroll r = {.format = RECORD_FORMAT, .devices = (uint8_t)devices};

	for (int i = 0; i < devices; i++)
		r.device[i] = scratch_device(first_id + (uint64_t)i);
	return r;
}

/* The hot record that fits it: nothing used, nothing counted. */
static inline struct record_hot scratch_hot(const struct record_enroll *r)
{
	struct record_hot h = {.format = RECORD_FORMAT, .entries = r->devices};

	memset(h.source_key, 0x5c, sizeof(h.source_key));
	for (int i = 0; i < r->devices; i++)
		h.entry[i].id = r->device[i].id;
	h.spent[0].id = r->recovery.id;
	return h;
}

static inline void scratch_put_key(const struct scratch *s, const char *key,
    struct store_value *v)
{
	struct store st;
	struct err e = {0};

	scratch_open(s, &st);
	if (store_put(&st, key, v, &e) != 0)
		fail_msg("store_put %s: %s", key, e.text);
	store_close(&st);
}

static inline void scratch_put_enroll(const struct scratch *s, const char *key,
    const struct record_enroll *r)
{
	struct store_value v = {.version = STORE_NEW};
	int n = record_put_enroll(r, v.data);

	assert_true(n > 0);
	v.len = (size_t)n;
	scratch_put_key(s, key, &v);
}

static inline void scratch_put_hot(const struct scratch *s, const char *key,
    const struct record_hot *h)
{
	struct store_value v = {.version = STORE_NEW};
	int n = record_put_hot(h, v.data);

	assert_true(n > 0);
	v.len = (size_t)n;
	scratch_put_key(s, key, &v);
}

static inline void scratch_key(char key[STORE_KEY_MAX], const char *kind, const char *user)
{
	assert_int_equal(store_key(key, kind, user), 0);
}

/* The user's pair of records. */
static inline void scratch_user(const struct scratch *s, const char *user,
    const struct record_enroll *r, const struct record_hot *h)
{
	char key[STORE_KEY_MAX];

	if (h != NULL) {
		scratch_key(key, "hot", user);
		scratch_put_hot(s, key, h);
	}
	if (r != NULL) {
		scratch_key(key, "enroll", user);
		scratch_put_enroll(s, key, r);
	}
}

/* The pair of decoys that a name is judged by, unless it is there. */
static inline void scratch_decoy(const struct scratch *s, const char *user)
{
	struct record_enroll r = scratch_enroll(1, UINT64_C(0xdec0de0000000001));
	struct record_hot h = scratch_hot(&r);
	char enroll[STORE_KEY_MAX], hot[STORE_KEY_MAX], path[512];
	struct store st;

	scratch_open(s, &st);
	assert_int_equal(store_decoy_key(&st, enroll, "enroll", user), 0);
	assert_int_equal(store_decoy_key(&st, hot, "hot", user), 0);
	store_close(&st);
	scratch_path(s, path, hot);
	if (access(path, F_OK) == 0)
		return;
	scratch_put_hot(s, hot, &h);
	scratch_put_enroll(s, enroll, &r);
}

static inline int scratch_get(const struct scratch *s, const char *key,
    struct store_value *v)
{
	struct store st;
	int r;

	scratch_open(s, &st);
	r = store_get(&st, key, NULL, v, NULL);
	store_close(&st);
	return r;
}

static inline struct record_hot scratch_read_hot_key(const struct scratch *s, const char *key)
{
	struct store_value v;
	struct record_hot h;

	assert_int_equal(scratch_get(s, key, &v), 0);
	assert_int_equal(record_get_hot(&h, v.data, v.len), 0);
	return h;
}

static inline struct record_hot scratch_read_hot(const struct scratch *s, const char *user)
{
	char key[STORE_KEY_MAX];

	scratch_key(key, "hot", user);
	return scratch_read_hot_key(s, key);
}

/* The user's hot record of another content. */
static inline void scratch_change_hot(const struct scratch *s, const char *user,
    const struct record_hot *h)
{
	char key[STORE_KEY_MAX];
	struct store_value v;
	int n;

	scratch_key(key, "hot", user);
	assert_int_equal(scratch_get(s, key, &v), 0);
	assert_true((n = record_put_hot(h, v.data)) > 0);
	v.len = (size_t)n;
	scratch_put_key(s, key, &v);
}

/* Every byte of a file below the scratch directory, to compare before and after. */
static inline size_t scratch_bytes(const struct scratch *s, const char *tail,
    unsigned char *out, size_t cap)
{
	char path[512];
	ssize_t n;
	int fd;

	scratch_path(s, path, tail);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	n = read(fd, out, cap);
	assert_true(n >= 0);
	(void)close(fd);
	return (size_t)n;
}

/* Waits for a child and gives its exit status; a signal fails. */
static inline int scratch_wait(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* A generator of its own: the same numbers on every machine. */
static inline uint64_t scratch_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline uint64_t scratch_below(uint64_t *state, uint64_t n)
{
	return scratch_random(state) % n;
}

#endif
