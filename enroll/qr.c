#include "enroll/qr.h"

#include "lib/core/secret.h"

#include <dlfcn.h>
#include <errno.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

#define LIBRARY "libqrencode.so.4"

/* The grey that 47 gives on some terminals is light enough; 107 is not known
 * to all of them.  0 first: bold black would be grey. */
#define BLACK_ON_WHITE "\033[0;30;47m"
#define PLAIN "\033[0m"

struct encoder {
	void *library;
	__typeof__(QRcode_encodeString8bit) *encode;
	__typeof__(QRcode_free) *release;
};

static int encoder_open(struct encoder *c, struct err *e)
{
	c->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (c->library == NULL)
		return err_set(e, ERR_NONE,
		    "no QR code can be drawn: %s; install libqrencode4 (Debian, Ubuntu) or "
		    "qrencode-libs (Fedora, RHEL)", dlerror());
	/* POSIX promises this cast, ISO C does not. */
	c->encode = (__typeof__(c->encode))dlsym(c->library, "QRcode_encodeString8bit");
	c->release = (__typeof__(c->release))dlsym(c->library, "QRcode_free");
	if (c->encode != NULL && c->release != NULL)
		return 0;
	(void)dlclose(c->library);
	c->library = NULL;
	return err_set(e, ERR_SYSTEM, "libqrencode.so.4 lacks QRcode_encodeString8bit or "
	    "QRcode_free");
}

static int copy_modules(const QRcode *code, struct qr *q, struct err *e)
{
	size_t n;

	if (code->width < 1 || code->width > QR_WIDTH_MAX)
		return err_set(e, ERR_SYSTEM, "libqrencode.so.4 made a code of an odd size");
	n = (size_t)code->width * (size_t)code->width;
	if ((q->dark = malloc(n)) == NULL)
		return err_set(e, ERR_SYSTEM, "QR code: out of memory");
	q->width = code->width;
	/* The lowest bit is the colour, the others are the encoder's notes. */
	for (size_t i = 0; i < n; i++)
		q->dark[i] = code->data[i] & 1;
	return 0;
}

int qr_encode(const char *text, struct qr *q, struct err *e)
{
	struct encoder c = {0};
	QRcode *code;
	int r;

	*q = (struct qr){0};
	if (text[0] == '\0')
		return err_set(e, ERR_SYNTAX, "QR code: nothing to encode");
	r = encoder_open(&c, e);
	if (c.library == NULL)
		return r;
	errno = 0;
	code = c.encode(text, 0, QR_ECLEVEL_L);
	if (code != NULL) {
		r = copy_modules(code, q, e);
		secret_wipe(code->data, (size_t)code->width * (size_t)code->width);
		c.release(code);
	} else if (errno == ERANGE) {
		r = err_set(e, ERR_SYNTAX, "QR code: the text is too long for any QR code");
	} else {
		r = err_set(e, ERR_SYSTEM, "QR code: the encoder failed");
	}
	(void)dlclose(c.library);
	secret_burn_stack();
	return r;
}

void qr_free(struct qr *q)
{
	if (q == NULL || q->dark == NULL)
		return;
	secret_wipe(q->dark, (size_t)q->width * (size_t)q->width);
	free(q->dark);
	*q = (struct qr){0};
}

bool qr_dark(const struct qr *q, int x, int y)
{
	if (x < 0 || y < 0 || x >= q->width || y >= q->width)
		return false;
	return q->dark[y * q->width + x] != 0;
}

int qr_columns(const struct qr *q, int quiet)
{
	return q->width + 2 * quiet;
}

int qr_rows(const struct qr *q, int quiet)
{
	return (qr_columns(q, quiet) + 1) / 2;
}

static char *put(char *at, const char *s)
{
	size_t n = strlen(s);

	memcpy(at, s, n);
	return at + n;
}

/* One character: the modules (x, y) and, below it, (x, y + 1).  The lower half
 * of the last row may lie outside the code: light, so more quiet zone. */
static const char *half_blocks(const struct qr *q, int x, int y, bool paint_dark)
{
	static const char *const glyph[2][2] = {
		{" ", "\xe2\x96\x84"}, {"\xe2\x96\x80", "\xe2\x96\x88"}};
	bool upper = qr_dark(q, x, y) == paint_dark;
	bool lower = qr_dark(q, x, y + 1) == paint_dark;

	return glyph[upper][lower];
}

struct style {
	bool paint_dark;
	const char *line_start;
	const char *line_end;
};

static int render(const struct qr *q, int quiet, const struct style *s, char **out)
{
	size_t line, rows;
	char *at;

	*out = NULL;
	if (q->dark == NULL || quiet < 0 || quiet > QR_QUIET_MAX)
		return ERR_SYSTEM;
	rows = (size_t)qr_rows(q, quiet);
	line = strlen(s->line_start) + 3 * (size_t)qr_columns(q, quiet) + strlen(s->line_end);
	if ((at = *out = malloc(rows * line + 1)) == NULL)
		return ERR_SYSTEM;
	for (int y = -quiet; y < q->width + quiet; y += 2) {
		at = put(at, s->line_start);
		for (int x = -quiet; x < q->width + quiet; x++)
			at = put(at, half_blocks(q, x, y, s->paint_dark));
		at = put(at, s->line_end);
	}
	*at = '\0';
	return 0;
}

int qr_render_utf8(const struct qr *q, int quiet, bool invert, char **out)
{
	const struct style s = {.paint_dark = invert, .line_start = "", .line_end = "\n"};

	return render(q, quiet, &s, out);
}

int qr_render_ansi(const struct qr *q, int quiet, char **out)
{
	const struct style s = {.paint_dark = true, .line_start = BLACK_ON_WHITE,
		.line_end = PLAIN "\n"};

	return render(q, quiet, &s, out);
}

void qr_text_free(char **text)
{
	if (text == NULL || *text == NULL)
		return;
	secret_wipe(*text, strlen(*text));
	free(*text);
	*text = NULL;
}
