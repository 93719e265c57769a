#include "tests/fuzz/wrap.h"

#include "lib/core/conf.h"
#include "lib/core/crypto.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <liboath/oath.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct wrap wrap;

static bool on;
static uint8_t how; /* of the failure that fails() has just told of */

void wrap_plan_none(void)
{
	wrap.calls = wrap.failed = wrap.from = 0;
	memset(wrap.failure, 0, sizeof(wrap.failure));
}

void wrap_begin(uint64_t seed, int64_t now)
{
	wrap = (struct wrap){.now = now, .random = seed};
	on = true;
}

void wrap_end(void)
{
	on = false;
}

bool wrap_pause(void)
{
	const bool was = on;

	on = false;
	return was;
}

void wrap_resume(bool was)
{
	on = was;
}

void wrap_plan(struct fuzz *f)
{
	const unsigned n = fuzz_below(f, WRAP_FAILURES + 2);
	unsigned call = 0;

	wrap_plan_none();
	if (n > WRAP_FAILURES) { /* as on a disk that is gone for good */
		wrap.from = 1 + fuzz_below(f, 1000);
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		call += 1 + (unsigned)fuzz_number(f, 2) % 1000;
		wrap.failure[i].call = call;
		wrap.failure[i].how = fuzz_byte(f);
	}
}

int wrap_lowest_fd(void)
{
	const bool was = wrap_pause();
	int fd = dup(STDERR_FILENO);

	MUST(fd >= 0);
	(void)close(fd);
	wrap_resume(was);
	return fd;
}

static bool fails(void)
{
	if (!on)
		return false;
	wrap.calls++;
	for (int i = 0; i < WRAP_FAILURES; i++) {
		if (wrap.failure[i].call == wrap.calls) {
			how = wrap.failure[i].how;
			wrap.failed++;
			return true;
		}
	}
	how = 0;
	if (wrap.from == 0 || wrap.calls < wrap.from)
		return false;
	wrap.failed++;
	return true;
}

/* -1 with one of the errors that a disk or a kernel gives.  EINTR never from a plan
 * without an end: who tries again would do so for ever. */
static int no(void)
{
	static const int numbers[] = {EIO, ENOSPC, EACCES, ENOMEM, EROFS, EDQUOT, EMFILE, EINTR,
	    ENOENT, EPERM, ELOOP, EEXIST};

	errno = numbers[how % (sizeof(numbers) / sizeof(numbers[0]))];
	return -1;
}

static void *none(void)
{
	errno = ENOMEM;
	return NULL;
}

/* Of a stream or a directory. */
static void *no_pointer(void)
{
	(void)no();
	return NULL;
}

/* Also because somebody else holds the lock, who lets it go after a while. */
static int no_lock(void)
{
	if (how % 3 != 1)
		return no();
	errno = EWOULDBLOCK;
	return -1;
}

#define WRAP(type, name, args, call, failed) \
	type __real_##name args; \
	type __wrap_##name args; \
	type __wrap_##name args \
	{ \
		return fails() ? (failed) : __real_##name call; \
	}

/* Memory. */
WRAP(void *, malloc, (size_t n), (n), none())
WRAP(void *, calloc, (size_t n, size_t m), (n, m), none())
WRAP(void *, realloc, (void *p, size_t n), (p, n), none())
WRAP(void *, reallocarray, (void *p, size_t n, size_t m), (p, n, m), none())
WRAP(char *, strdup, (const char *s), (s), none())
WRAP(void *, mmap, (void *p, size_t n, int prot, int flags, int fd, off_t at),
    (p, n, prot, flags, fd, at), (errno = ENOMEM, MAP_FAILED))

/* Files. */
WRAP(int, fdatasync, (int fd), (fd), no())
WRAP(int, fsync, (int fd), (fd), no())
WRAP(int, syncfs, (int fd), (fd), no())
WRAP(int, fstat, (int fd, struct stat *st), (fd, st), no())
WRAP(int, fstatat, (int dir, const char *p, struct stat *st, int flags), (dir, p, st, flags), no())
WRAP(int, lstat, (const char *p, struct stat *st), (p, st), no())
WRAP(int, ftruncate, (int fd, off_t n), (fd, n), no())
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), no())
WRAP(int, mkdir, (const char *p, mode_t mode), (p, mode), no())
WRAP(int, linkat, (int a, const char *p, int b, const char *q, int flags), (a, p, b, q, flags), no())
WRAP(int, unlinkat, (int dir, const char *p, int flags), (dir, p, flags), no())
WRAP(int, renameat, (int a, const char *p, int b, const char *q), (a, p, b, q), no())
WRAP(int, gethostname, (char *name, size_t n), (name, n), no())
WRAP(int, access, (const char *p, int mode), (p, mode), no())
WRAP(int, faccessat, (int dir, const char *p, int mode, int flags), (dir, p, mode, flags), no())
WRAP(int, flock, (int fd, int what), (fd, what), no_lock())
WRAP(DIR *, fdopendir, (int fd), (fd), no_pointer())
WRAP(struct dirent *, readdir, (DIR *d), (d), no_pointer())

/* Streams. */
WRAP(FILE *, fopen, (const char *p, const char *mode), (p, mode), no_pointer())
WRAP(FILE *, fdopen, (int fd, const char *mode), (fd, mode), no_pointer())
WRAP(FILE *, open_memstream, (char **text, size_t *n), (text, n), none())
WRAP(int, fseek, (FILE *f, long at, int from), (f, at, from), no())
WRAP(size_t, fread, (void *p, size_t n, size_t m, FILE *f), (p, n, m, f), (size_t)(no(), 0))
WRAP(size_t, fwrite, (const void *p, size_t n, size_t m, FILE *f), (p, n, m, f),
    (size_t)(no(), 0))

/* libcrypto and liboath; but not what crypto.c fetches once a process, which one input
 * would leave to the next. */
WRAP(const EVP_MD *, crypto_sha256, (void), (), none())
WRAP(const EVP_CIPHER *, crypto_aes256_gcm, (void), (), none())
WRAP(int, EVP_MD_CTX_copy_ex, (EVP_MD_CTX *to, const EVP_MD_CTX *from), (to, from), 0)
WRAP(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_new, (void), (), none())
WRAP(int, EVP_CipherInit_ex2, (EVP_CIPHER_CTX *c, const EVP_CIPHER *cipher,
    const unsigned char *key, const unsigned char *iv, int enc, const OSSL_PARAM p[]),
    (c, cipher, key, iv, enc, p), 0)
WRAP(int, EVP_CipherUpdate, (EVP_CIPHER_CTX *c, unsigned char *out, int *n,
    const unsigned char *in, int len), (c, out, n, in, len), 0)
WRAP(int, EVP_CipherFinal_ex, (EVP_CIPHER_CTX *c, unsigned char *out, int *n), (c, out, n), 0)
WRAP(int, EVP_CIPHER_CTX_ctrl, (EVP_CIPHER_CTX *c, int type, int arg, void *p),
    (c, type, arg, p), 0)
WRAP(int, EVP_Digest, (const void *data, size_t n, unsigned char *md, unsigned int *size,
    const EVP_MD *type, ENGINE *e), (data, n, md, size, type, e), 0)
WRAP(EVP_MD_CTX *, EVP_MD_CTX_new, (void), (), none())
WRAP(int, EVP_DigestInit_ex, (EVP_MD_CTX *c, const EVP_MD *type, ENGINE *e), (c, type, e), 0)
WRAP(int, EVP_DigestUpdate, (EVP_MD_CTX *c, const void *data, size_t n), (c, data, n), 0)
WRAP(int, EVP_DigestFinal_ex, (EVP_MD_CTX *c, unsigned char *md, unsigned int *n), (c, md, n), 0)
WRAP(unsigned char *, HMAC, (const EVP_MD *type, const void *key, int keylen,
    const unsigned char *data, size_t n, unsigned char *md, unsigned int *len),
    (type, key, keylen, data, n, md, len), NULL)
WRAP(int, oath_totp_generate2, (const char *secret, size_t n, time_t now, unsigned period,
    time_t start, unsigned digits, int flags, char *code),
    (secret, n, now, period, start, digits, flags, code), OATH_CRYPTO_ERROR)
WRAP(int, oath_base32_decode, (const char *in, size_t n, char **out, size_t *len),
    (in, n, out, len), OATH_MALLOC_ERROR)
WRAP(int, oath_base32_encode, (const char *in, size_t n, char **out, size_t *len),
    (in, n, out, len), OATH_MALLOC_ERROR)

/* What was to be written is lost, and a later fclose() does not make it good. */
int __real_fflush(FILE *f);
int __wrap_fflush(FILE *f);
int __wrap_fflush(FILE *f)
{
	if (!fails())
		return __real_fflush(f);
	if (f != NULL && fileno(f) >= 0)
		__fpurge(f);
	return no();
}

/* What counts, and may be short. */
static size_t short_count(size_t n)
{
	return how % 3 == 1 && n > 1 ? n / 2 : 0;
}

#define WRAP_COUNT(name, args, call, call_half, n) \
	ssize_t __real_##name args; \
	ssize_t __wrap_##name args; \
	ssize_t __wrap_##name args \
	{ \
		size_t half; \
		if (!fails()) \
			return __real_##name call; \
		half = short_count(n); \
		return half > 0 ? __real_##name call_half : no(); \
	}

WRAP_COUNT(pread, (int fd, void *p, size_t n, off_t at), (fd, p, n, at), (fd, p, half, at), n)
WRAP_COUNT(write, (int fd, const void *p, size_t n), (fd, p, n), (fd, p, half), n)
WRAP_COUNT(pwrite, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at),
    (fd, p, half, at), n)

ssize_t __real_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n)
{
	size_t half;

	if (on && fd == STDIN_FILENO && wrap.typed != NULL)
		return wrap.typed(p, n);
	if (!fails())
		return __real_read(fd, p, n);
	half = short_count(n);
	return half > 0 ? __real_read(fd, p, half) : no();
}

int __real_fclose(FILE *f);
int __wrap_fclose(FILE *f);
int __wrap_fclose(FILE *f)
{
	if (on && f == stdin)
		wrap.closed_stdin = true;
	return __real_fclose(f);
}

int __real_conf_load(struct conf *c, const char *path, struct err *e);
int __wrap_conf_load(struct conf *c, const char *path, struct err *e);
int __wrap_conf_load(struct conf *c, const char *path, struct err *e)
{
	return __real_conf_load(c, on && path == NULL ? wrap.conf : path, e);
}

/* Variable arguments. */
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	if (fails())
		return no();
	if (on && wrap.machine_id != NULL && strcmp(path, "/etc/machine-id") == 0)
		path = wrap.machine_id;
	return __real_open(path, flags, mode);
}

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	if (fails())
		return no();
	if (on && wrap.opened != NULL && (flags & O_ACCMODE) != O_RDONLY)
		wrap.opened(path);
	return __real_openat(dir, path, flags, mode);
}

int __real_fcntl(int fd, int what, ...);
int __wrap_fcntl(int fd, int what, ...);
int __wrap_fcntl(int fd, int what, ...)
{
	va_list args;
	void *p;

	va_start(args, what);
	p = va_arg(args, void *);
	va_end(args);
	return fails() ? no() : __real_fcntl(fd, what, p);
}

/* The clock, randomness, who is asking. */
int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	if (!on)
		return __real_clock_gettime(id, t);
	*t = (struct timespec){.tv_sec = (time_t)wrap.now};
	return 0;
}

/* Whoever sleeps is waiting for another process, and there is none. */
int __real_nanosleep(const struct timespec *t, struct timespec *left);
int __wrap_nanosleep(const struct timespec *t, struct timespec *left);
int __wrap_nanosleep(const struct timespec *t, struct timespec *left)
{
	if (!on)
		return __real_nanosleep(t, left);
	wrap.now++;
	return 0;
}

int __real_RAND_bytes(unsigned char *out, int n);
int __wrap_RAND_bytes(unsigned char *out, int n);
int __wrap_RAND_bytes(unsigned char *out, int n)
{
	if (!on)
		return __real_RAND_bytes(out, n);
	if (fails())
		return 0;
	for (int i = 0; i < n; i++) {
		uint64_t z = wrap.random += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		out[i] = (unsigned char)(z >> 32);
	}
	return 1;
}

uid_t __real_getuid(void);
uid_t __wrap_getuid(void);
uid_t __wrap_getuid(void)
{
	return on ? wrap.ruid : __real_getuid();
}

/* A program that is started would outlive the harness. */
pid_t __real_fork(void);
pid_t __wrap_fork(void);
pid_t __wrap_fork(void)
{
	errno = EAGAIN;
	return on ? -1 : __real_fork();
}

/* Locking pages costs more than a whole run. */
int __wrap_mlock(const void *p, size_t n);
int __wrap_mlock(const void *p, size_t n)
{
	(void)p, (void)n;
	return 0;
}
int __real_mlock(const void *p, size_t n);

/* Groups: `ops` (7001) lists alice; `staff` (7002) is found by its members' names only;
 * others do not exist. */
int __real_getgrnam_r(const char *name, struct group *g, char *buf, size_t size, struct group **out);
int __wrap_getgrnam_r(const char *name, struct group *g, char *buf, size_t size, struct group **out);
int __wrap_getgrnam_r(const char *name, struct group *g, char *buf, size_t size, struct group **out)
{
	static char ops[] = "ops", staff[] = "staff", alice[] = "alice";
	static char *listed[] = {alice, NULL}, *nobody[] = {NULL};

	if (!on)
		return __real_getgrnam_r(name, g, buf, size, out);
	*out = NULL;
	if (wrap.groups_fail || fails())
		return EIO;
	if (strcmp(name, "ops") == 0)
		*g = (struct group){.gr_name = ops, .gr_gid = 7001, .gr_mem = listed};
	else if (strcmp(name, "staff") == 0)
		*g = (struct group){.gr_name = staff, .gr_gid = 7002, .gr_mem = nobody};
	else
		return 0;
	*out = g;
	return 0;
}

int __real_getgrouplist(const char *user, gid_t gid, gid_t *all, int *n);
int __wrap_getgrouplist(const char *user, gid_t gid, gid_t *all, int *n);
int __wrap_getgrouplist(const char *user, gid_t gid, gid_t *all, int *n)
{
	const int room = *n;

	if (!on)
		return __real_getgrouplist(user, gid, all, n);
	if (fails()) {
		errno = EIO;
		return *n = 0, -1;
	}
	*n = strcmp(user, "bob") == 0 ? 2 : 1;
	if (room < *n)
		return -1;
	all[0] = gid;
	if (*n == 2)
		all[1] = 7002;
	errno = 0;
	return *n;
}
