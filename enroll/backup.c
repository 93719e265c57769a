#include "enroll/backup.h"

#include "enroll/names.h"
#include "lib/core/record.h"
#include "lib/core/seal.h"
#include "lib/core/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct work {
	const struct backup *b;
	struct backup_result *res;
	FILE *out;
	EVP_MD_CTX *digest;
	struct store_raw raw;
	struct store_value *value; /* in secret memory */
};

static int put(struct work *w, const void *data, size_t n)
{
	return EVP_DigestUpdate(w->digest, data, n) == 1 && fwrite(data, 1, n, w->out) == n ? 0 :
	    ERR_UNAVAIL;
}

static int put_sized(struct work *w, const void *data, size_t n)
{
	const unsigned char size[2] = {(unsigned char)(n >> 8), (unsigned char)n};

	return put(w, size, sizeof(size)) != 0 ? ERR_UNAVAIL : put(w, data, n);
}

static int note_key(struct backup_header *h, const char *id)
{
	for (int i = 0; i < h->keys; i++)
		if (strcmp(h->key[i], id) == 0)
			return 0;
	if (h->keys == KEYRING_KEYS)
		return ERR_SYSTEM;
	(void)snprintf(h->key[h->keys++], sizeof(h->key[0]), "%s", id);
	return 0;
}

/* Found out now, not when the backup is needed. */
static int check_record(struct work *w, const char *key, char id[KEYRING_ID_MAX + 1],
    struct err *e)
{
	const struct seal_bytes sealed = {w->raw.data, sizeof(w->raw.data), w->raw.len};

	if (seal_key_id(&sealed, id) != 0)
		return err_set(e, ERR_BAD, "%s: is not a sealed record", key);
	return backup_check_record(w->b->store->keyring, key, &w->raw, w->value, e);
}

static int copy_record(struct work *w, const char *kind, const char *user, struct err *e)
{
	struct store *s = kind[0] == 'p' ? w->b->pw : w->b->store;
	char key[STORE_KEY_MAX], id[KEYRING_ID_MAX + 1];
	struct err why = {0};
	int r;

	if (store_key(key, kind, user) != 0)
		return err_set(e, ERR_SYSTEM, "%s/%s: cannot be spelled", kind, user);
	r = store_get_raw(s, key, &w->raw, &why);
	if (r == ERR_NONE)
		return 0;
	if (r == 0)
		r = check_record(w, key, id, &why);
	if (r == ERR_BAD) {
		w->res->bad++;
		w->b->bad(w->b->ctx, why.text);
		return 0;
	}
	if (r != 0)
		return err_set(e, r, "%s", why.text);
	if (note_key(&w->res->header, id) != 0 || put_sized(w, key, strlen(key)) != 0 ||
	    put_sized(w, w->raw.data, w->raw.len) != 0)
		return err_errno(e, "%s: write", w->b->path);
	w->res->records++;
	return 0;
}

static int copy_all(struct work *w, struct err *e)
{
	struct names names;
	int r = names_of(w->b->store, &names, e);

	if (r == 0 && w->b->pw != NULL)
		r = names_add_pw(w->b->pw, &names, e);
	for (size_t i = 0; i < names.n && r == 0; i++) {
		if ((r = copy_record(w, "enroll", names.name[i], e)) == 0)
			r = copy_record(w, "hot", names.name[i], e);
		if (r == 0 && w->b->pw != NULL)
			r = copy_record(w, "pw", names.name[i], e);
		if (i % 512 == 0)
			w->b->progress(w->b->ctx, i, names.n);
	}
	w->res->users = names.n;
	names_free(&names);
	return r;
}

static int finish(struct work *w, struct err *e)
{
	struct backup_header *h = &w->res->header;
	unsigned char digest[EVP_MAX_MD_SIZE], mac[BACKUP_MAC];
	char text[BACKUP_HEADER];

	h->records = w->res->records;
	if (backup_header_put(h, text) != 0 ||
	    EVP_DigestUpdate(w->digest, text, sizeof(text)) != 1 ||
	    EVP_DigestFinal_ex(w->digest, digest, NULL) != 1 ||
	    backup_mac(w->b->store->keyring, h->mac, digest, mac) != 0)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot make the MAC");
	if (fwrite(mac, 1, sizeof(mac), w->out) != sizeof(mac) || fflush(w->out) != 0 ||
	    pwrite(fileno(w->out), text, sizeof(text), 0) != (ssize_t)sizeof(text) ||
	    fsync(fileno(w->out)) != 0)
		return err_errno(e, "%s: write", w->b->path);
	return 0;
}

/* The directory of the path, and what comes behind it. */
static int open_parent(const char *path, const char **name, struct err *e)
{
	const char *slash = strrchr(path, '/');
	size_t keep = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
	char dir[PATH_MAX] = ".";
	int fd;

	if (keep >= sizeof(dir))
		return err_set(e, ERR_SYNTAX, "%.64s...: is too long a path", path);
	if (keep > 0) {
		memcpy(dir, path, keep);
		dir[keep] = '\0';
	}
	*name = slash == NULL ? path : slash + 1;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_errno(e, "%s", dir) : fd;
}

static int give_name(int fd, int dir, const char *name, const char *path, struct err *e)
{
	char proc[64];

	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, proc, dir, name, AT_SYMLINK_FOLLOW) != 0)
		return errno == EEXIST ? err_set(e, ERR_REFUSED, "%s: exists and is not overwritten",
		    path) : err_errno(e, "%s", path);
	return fsync(dir) == 0 ? 0 : err_errno(e, "%s: sync", path);
}

static int write_unnamed(struct work *w, struct err *e)
{
	char empty[BACKUP_HEADER] = {0};
	struct backup_header *h = &w->res->header;
	int r;

	h->time = w->b->now;
	if (gethostname(h->machine, sizeof(h->machine) - 1) != 0 || h->machine[0] == '\0' ||
	    strpbrk(h->machine, " \n") != NULL)
		(void)snprintf(h->machine, sizeof(h->machine), "unknown");
	if (fwrite(empty, 1, sizeof(empty), w->out) != sizeof(empty))
		return err_errno(e, "%s: write", w->b->path);
	if (EVP_DigestInit_ex(w->digest, EVP_sha256(), NULL) != 1)
		return err_set(e, ERR_SYSTEM, "libcrypto cannot run SHA-256");
	/* No enrolment changes half way; logins go on. */
	if ((r = store_lock(w->b->store, e)) != 0)
		return r;
	(void)snprintf(h->mac, sizeof(h->mac), "%s", w->b->store->keyring->key[0].id);
	r = copy_all(w, e);
	store_unlock(w->b->store);
	return r == 0 ? finish(w, e) : r;
}

static int write_in(int dir, const char *name, struct work *w, struct err *e)
{
	int fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), r;

	if (fd < 0 && errno == EOPNOTSUPP)
		return err_set(e, ERR_UNAVAIL, "%s: this file system cannot make unnamed files "
		    "(O_TMPFILE); write it elsewhere and copy it", w->b->path);
	if (fd < 0)
		return err_errno(e, "%s", w->b->path);
	if ((w->out = fdopen(fd, "w")) == NULL) {
		r = err_errno(e, "%s", w->b->path);
		(void)close(fd);
		return r;
	}
	r = fchmod(fd, 0600) == 0 ? write_unnamed(w, e) : err_errno(e, "%s", w->b->path);
	if (r == 0)
		r = give_name(fd, dir, name, w->b->path, e);
	(void)fclose(w->out);
	return r;
}

int backup_write(const struct backup *b, struct backup_result *res, struct err *e)
{
	struct work w = {.b = b, .res = res, .digest = EVP_MD_CTX_new()};
	struct secret memory;
	const char *name = b->path;
	int dir, r;

	*res = (struct backup_result){0};
	if (w.digest == NULL || secret_new(&memory, sizeof(*w.value)) != 0) {
		EVP_MD_CTX_free(w.digest);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	w.value = (struct store_value *)(void *)memory.data;
	r = dir = open_parent(b->path, &name, e);
	if (dir >= 0) {
		/* Said before a long work, not behind it. */
		if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			r = err_set(e, ERR_REFUSED, "%s: exists and is not overwritten", b->path);
		else
			r = write_in(dir, name, &w, e);
		(void)close(dir);
	}
	EVP_MD_CTX_free(w.digest);
	secret_free(&memory);
	return r;
}
