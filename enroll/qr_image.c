#include "enroll/qr_image.h"

#include "lib/core/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A picture is made whole in memory: it is small, and so nothing is written
 * before nothing but the disk can fail. */
struct picture {
	unsigned char *data;
	size_t cap;
	size_t len;
};

static int picture_new(struct picture *p, size_t cap, struct err *e)
{
	*p = (struct picture){.data = malloc(cap), .cap = cap};
	if (p->data == NULL)
		return err_set(e, ERR_SYSTEM, "QR picture: out of memory");
	return 0;
}

static void picture_free(struct picture *p)
{
	secret_wipe(p->data, p->len);
	free(p->data);
	*p = (struct picture){0};
}

static int write_all(int fd, const struct picture *p)
{
	size_t done = 0;

	while (done < p->len) {
		ssize_t n = write(fd, p->data + done, p->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return fsync(fd);
}

/* Opens the directory of path, so that create and remove mean the same place
 * whatever happens to the path in between; *name is what comes behind it. */
static int open_parent(const char *path, const char **name, struct err *e)
{
	const char *slash = strrchr(path, '/');
	size_t keep = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
	char dir[PATH_MAX] = ".";
	int fd;

	if (keep >= sizeof(dir))
		return err_set(e, ERR_SYNTAX, "QR picture: the path is too long");
	if (keep > 0) {
		memcpy(dir, path, keep);
		dir[keep] = '\0';
	}
	*name = slash == NULL ? path : slash + 1;
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_errno(e, "%s", dir) : fd;
}

static int create(int dirfd, const char *name, const char *path, struct err *e)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);

	if (fd < 0 && errno == EEXIST)
		return err_set(e, ERR_CONFLICT,
		    "%s: exists and is not overwritten; remove it or name another file", path);
	return fd < 0 ? err_errno(e, "%s", path) : fd;
}

static int write_file(const char *path, const struct picture *p, struct err *e)
{
	const char *name = path;
	int dirfd, fd, r = 0;

	if ((dirfd = open_parent(path, &name, e)) < 0)
		return dirfd;
	if ((fd = create(dirfd, name, path, e)) < 0) {
		(void)close(dirfd);
		return fd;
	}
	if (write_all(fd, p) != 0)
		r = err_errno(e, "%s", path);
	/* A late write error may come with close. */
	if (close(fd) != 0 && r == 0)
		r = err_errno(e, "%s", path);
	if (r != 0 && unlinkat(dirfd, name, 0) != 0)
		r = err_set(e, ERR_UNAVAIL,
		    "%s: could be neither completed nor removed; it holds part of a secret",
		    path);
	(void)close(dirfd);
	return r;
}

static int side_modules(const struct qr *q)
{
	return qr_columns(q, QR_IMAGE_QUIET);
}

/* libpng's own would print. */
static void png_failed(png_structp png, png_const_charp message)
{
	(void)message;
	png_longjmp(png, 1);
}

static void png_warned(png_structp png, png_const_charp message)
{
	(void)png;
	(void)message;
}

static void png_take(png_structp png, png_bytep bytes, size_t n)
{
	struct picture *p = png_get_io_ptr(png);

	if (n > p->cap - p->len)
		png_error(png, "picture too large");
	memcpy(p->data + p->len, bytes, n);
	p->len += n;
}

static void png_flushed(png_structp png)
{
	(void)png;
}

/* One row of pixels, 1 bit each: as QR_IMAGE_SCALE is 8, a byte a module. */
_Static_assert(QR_IMAGE_SCALE == 8, "a module is a byte of a row");

static void fill_row(const struct qr *q, int y, unsigned char *row)
{
	for (int x = 0; x < side_modules(q); x++)
		row[x] = qr_dark(q, x - QR_IMAGE_QUIET, y) ? 0x00 : 0xff;
}

/* The only function libpng jumps back to.  It changes no variable of its own
 * that is read after the jump. */
static int png_draw(png_structp png, png_infop info, const struct qr *q, unsigned char *row)
{
	png_uint_32 side = (png_uint_32)side_modules(q) * QR_IMAGE_SCALE;

	if (setjmp(png_jmpbuf(png)) != 0)
		return -1;
	png_set_IHDR(png, info, side, side, 1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
	    PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, info);
	for (int y = -QR_IMAGE_QUIET; y < q->width + QR_IMAGE_QUIET; y++) {
		fill_row(q, y, row);
		for (int i = 0; i < QR_IMAGE_SCALE; i++)
			png_write_row(png, row);
	}
	png_write_end(png, info);
	return 0;
}

static int make_png(const struct qr *q, struct picture *p, struct err *e)
{
	unsigned char row[QR_WIDTH_MAX + 2 * QR_IMAGE_QUIET];
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, png_failed,
	    png_warned);
	png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
	int drawn = -1;

	if (info != NULL) {
		png_set_write_fn(png, p, png_take, png_flushed);
		drawn = png_draw(png, info, q, row);
	}
	png_destroy_write_struct(&png, &info);
	secret_wipe(row, sizeof(row));
	return drawn == 0 ? 0 : err_set(e, ERR_SYSTEM, "QR picture: libpng failed");
}

static int check_code(const struct qr *q, struct err *e)
{
	if (q->dark == NULL || q->width < 1 || q->width > QR_WIDTH_MAX)
		return err_set(e, ERR_SYSTEM, "QR picture: there is no QR code");
	return 0;
}

int qr_image_png(const struct qr *q, const char *path, struct err *e)
{
	struct picture p;
	size_t side;
	int r;

	if ((r = check_code(q, e)) != 0)
		return r;
	side = (size_t)side_modules(q);
	/* Uncompressed, a filter byte a row, and room for headers. */
	if ((r = picture_new(&p, (side + 1) * side * QR_IMAGE_SCALE + 65536, e)) != 0)
		return r;
	if ((r = make_png(q, &p, e)) == 0)
		r = write_file(path, &p, e);
	picture_free(&p);
	return r;
}

/* False when there is no room; the caller's bound says that there is. */
__attribute__((format(printf, 2, 3)))
static bool add(struct picture *p, const char *fmt, ...)
{
	size_t room = p->cap - p->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf((char *)p->data + p->len, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		return false;
	p->len += (size_t)n;
	return true;
}

/* A run of dark modules is a rectangle one module high. */
static bool add_row(struct picture *p, const struct qr *q, int y)
{
	int x = 0, end;

	while (x < q->width) {
		for (end = x; qr_dark(q, end, y); end++)
			;
		if (end > x && !add(p, "M%d %dh%dv1h-%dz", x + QR_IMAGE_QUIET,
		    y + QR_IMAGE_QUIET, end - x, end - x))
			return false;
		x = end + 1;
	}
	return true;
}

static bool make_svg(const struct qr *q, struct picture *p)
{
	int side = side_modules(q);
	int pixels = side * QR_IMAGE_SCALE;

	if (!add(p, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"%d\" "
	    "height=\"%d\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">\n"
	    "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<path fill=\"#000\" d=\"",
	    pixels, pixels, side, side, side, side))
		return false;
	for (int y = 0; y < q->width; y++)
		if (!add_row(p, q, y))
			return false;
	return add(p, "\"/>\n</svg>\n");
}

int qr_image_svg(const struct qr *q, const char *path, struct err *e)
{
	struct picture p;
	size_t runs;
	int r;

	if ((r = check_code(q, e)) != 0)
		return r;
	runs = (size_t)q->width * (size_t)(q->width / 2 + 1);
	if ((r = picture_new(&p, runs * sizeof("M181 181h177v1h-177z") + 1024, e)) != 0)
		return r;
	if (make_svg(q, &p))
		r = write_file(path, &p, e);
	else
		r = err_set(e, ERR_SYSTEM, "QR picture: no room");
	picture_free(&p);
	return r;
}
