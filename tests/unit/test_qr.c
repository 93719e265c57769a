/* What a QR code looks like, checked by another project's reader: zbarimg. */
#include "tests/unit/scratch.h"

#include "enroll/otpauth.h"
#include "enroll/qr.h"
#include "enroll/qr_image.h"

#include <dlfcn.h>
#include <png.h>
#include <signal.h>
#include <sys/resource.h>

#define URI "otpauth://totp/bastion:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
#define SIDE_MAX (QR_WIDTH_MAX + 2 * QR_QUIET_MAX + 1)
#define FULL "\xe2\x96\x88"
#define UPPER "\xe2\x96\x80"
#define LOWER "\xe2\x96\x84"

static struct scratch scratch; /* of one test, gone after it even if it fails */

static int enter(void **state)
{
	(void)state;
	scratch_dir(&scratch);
	return 0;
}

static int leave(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

static bool library_hidden;

/* Stands before libc's, so that the library can be missing for one test. */
void *dlopen(const char *file, int mode)
{
	void *(*real)(const char *, int);
	void *symbol = dlsym(RTLD_NEXT, "dlopen");

	assert_non_null(symbol);
	memcpy(&real, &symbol, sizeof(symbol));
	return real(library_hidden ? "libqrencode-that-is-not-there.so" : file, mode);
}

static struct qr encode(const char *text)
{
	struct err e = {0};
	struct qr q;

	if (qr_encode(text, &q, &e) != 0)
		fail_msg("%s", e.text);
	assert_true(q.width >= 21 && q.width <= QR_WIDTH_MAX);
	return q;
}

/* What a terminal shows: painted[y][x], two rows a line. */
struct grid {
	int rows, columns;
	unsigned char painted[SIDE_MAX][SIDE_MAX];
};

static struct grid grid;

static size_t glyph(const char *at, int *upper, int *lower)
{
	*upper = *lower = 0;
	if (*at == ' ')
		return 1;
	*upper = strncmp(at, FULL, 3) == 0 || strncmp(at, UPPER, 3) == 0;
	*lower = strncmp(at, FULL, 3) == 0 || strncmp(at, LOWER, 3) == 0;
	if (!*upper && !*lower)
		fail_msg("not a half block: %02x", (unsigned char)*at);
	return 3;
}

/* Reads a picture; each line stands between start and end. */
static void read_grid(const char *text, const char *start, const char *end)
{
	memset(&grid, 0, sizeof(grid));
	while (*text != '\0') {
		int x = 0, upper, lower;

		assert_int_equal(strncmp(text, start, strlen(start)), 0);
		text += strlen(start);
		while (strncmp(text, end, strlen(end)) != 0) {
			assert_true(x < SIDE_MAX && grid.rows + 1 < SIDE_MAX);
			text += glyph(text, &upper, &lower);
			grid.painted[grid.rows][x] = (unsigned char)upper;
			grid.painted[grid.rows + 1][x] = (unsigned char)lower;
			x++;
		}
		text += strlen(end);
		if (grid.rows > 0)
			assert_int_equal(x, grid.columns);
		grid.columns = x;
		grid.rows += 2;
	}
}

static void render(const struct qr *q, int quiet, bool invert)
{
	char *text;

	assert_int_equal(qr_render_utf8(q, quiet, invert, &text), 0);
	read_grid(text, "", "\n");
	qr_text_free(&text);
	assert_null(text);
}

static void render_ansi(const struct qr *q, int quiet)
{
	char *text;

	assert_int_equal(qr_render_ansi(q, quiet, &text), 0);
	read_grid(text, "\033[0;30;47m", "\033[0m\n");
	qr_text_free(&text);
}

/* The grid is q with its quiet zone, dark modules being those that are drawn
 * as dark. */
static void assert_grid_is(const struct qr *q, int quiet, int dark)
{
	for (int y = 0; y < grid.rows; y++)
		for (int x = 0; x < grid.columns; x++)
			assert_int_equal(grid.painted[y][x] == dark,
			    qr_dark(q, x - quiet, y - quiet));
}

static void a_code_has_its_three_finders(void **state)
{
	static const char *const finder[] = {"1111111", "1000001", "1011101", "1011101", "1011101",
		"1000001", "1111111"};
	struct qr q = encode(URI);

	(void)state;
	for (int y = 0; y < 7; y++) {
		for (int x = 0; x < 7; x++) {
			bool dark = finder[y][x] == '1';

			assert_int_equal(qr_dark(&q, x, y), dark);
			assert_int_equal(qr_dark(&q, q.width - 7 + x, y), dark);
			assert_int_equal(qr_dark(&q, x, q.width - 7 + y), dark);
		}
	}
	qr_free(&q);
	assert_null(q.dark);
	assert_int_equal(q.width, 0);
}

static void everything_outside_the_code_is_light(void **state)
{
	struct qr q = encode(URI);

	(void)state;
	for (int i = -2; i < q.width + 2; i++) {
		assert_false(qr_dark(&q, i, -1));
		assert_false(qr_dark(&q, -1, i));
		assert_false(qr_dark(&q, i, q.width));
		assert_false(qr_dark(&q, q.width, i));
	}
	qr_free(&q);
}

/* What fits 80x24 with two modules of quiet zone and one line of question. */
static void a_uri_of_134_bytes_is_version_6(void **state)
{
	char text[135];
	struct qr q;

	(void)state;
	memset(text, 'a', 134);
	text[134] = '\0';
	q = encode(text);
	assert_int_equal(q.width, 41);
	assert_int_equal(qr_columns(&q, 2), 45);
	assert_int_equal(qr_rows(&q, 2), 23);
	assert_int_equal(qr_rows(&q, 1), 22);
	assert_int_equal(qr_rows(&q, 0), 21);
	qr_free(&q);
}

static void a_text_too_long_for_any_code_is_refused(void **state)
{
	static char text[2955];
	struct err e = {0};
	struct qr q = {.width = 7};

	(void)state;
	memset(text, 'a', 2954);
	assert_int_equal(qr_encode(text, &q, &e), ERR_SYNTAX);
	assert_non_null(strstr(e.text, "too long"));
	assert_null(q.dark);
	assert_int_equal(q.width, 0);
	text[2953] = '\0';
	q = encode(text);
	assert_int_equal(q.width, QR_WIDTH_MAX);
	qr_free(&q);
}

static void an_empty_text_is_refused(void **state)
{
	struct err e = {0};
	struct qr q;

	(void)state;
	assert_int_equal(qr_encode("", &q, &e), ERR_SYNTAX);
	assert_null(q.dark);
	assert_int_equal(qr_encode("", &q, NULL), ERR_SYNTAX);
}

static void a_missing_library_names_the_package(void **state)
{
	struct err e = {0};
	struct qr q;

	(void)state;
	library_hidden = true;
	assert_int_equal(qr_encode(URI, &q, &e), ERR_NONE);
	library_hidden = false;
	assert_null(q.dark);
	assert_non_null(strstr(e.text, "libqrencode4"));
	assert_non_null(strstr(e.text, "qrencode-libs"));
	assert_null(strstr(e.text, "otpauth"));
}

static void the_library_is_loaded_only_while_it_encodes(void **state)
{
	struct qr q;

	(void)state;
	assert_null(dlopen("libqrencode.so.4", RTLD_LAZY | RTLD_NOLOAD));
	q = encode(URI);
	assert_null(dlopen("libqrencode.so.4", RTLD_LAZY | RTLD_NOLOAD));
	qr_free(&q);
}

static void freeing_nothing_is_allowed(void **state)
{
	struct qr q = {0};
	char *text = NULL;

	(void)state;
	qr_free(NULL);
	qr_free(&q);
	qr_text_free(NULL);
	qr_text_free(&text);
}

/* Text lengths that make versions 1 to 10 and 40. */
static struct qr code_of_size(int i)
{
	static char text[2954];
	size_t n = i == 10 ? 2953 : 10 + 27 * (size_t)i;

	memset(text, 'x', n);
	text[n] = '\0';
	return encode(text);
}

static void the_text_holds_every_module_and_the_quiet_zone(void **state)
{
	(void)state;
	for (int i = 0; i <= 10; i++) {
		struct qr q = code_of_size(i);

		for (int quiet = 0; quiet <= 4; quiet++) {
			for (int invert = 0; invert <= 1; invert++) {
				render(&q, quiet, invert);
				assert_int_equal(grid.columns, qr_columns(&q, quiet));
				assert_int_equal(grid.rows, 2 * qr_rows(&q, quiet));
				assert_int_equal(grid.columns, q.width + 2 * quiet);
				assert_int_equal(grid.rows, q.width + 2 * quiet + 1);
				assert_grid_is(&q, quiet, invert);
			}
		}
		qr_free(&q);
	}
}

static void the_quiet_zone_is_there_on_all_four_sides(void **state)
{
	struct qr q = encode(URI);

	(void)state;
	for (int quiet = 1; quiet <= QR_QUIET_MAX; quiet++) {
		int side = q.width + 2 * quiet;

		render(&q, quiet, false);
		for (int i = 0; i < side; i++) {
			for (int j = 0; j < quiet; j++) {
				assert_int_equal(grid.painted[j][i], 1);
				assert_int_equal(grid.painted[side - 1 - j][i], 1);
				assert_int_equal(grid.painted[i][j], 1);
				assert_int_equal(grid.painted[i][side - 1 - j], 1);
			}
		}
		/* And no more than that: the finders touch it. */
		assert_int_equal(grid.painted[quiet][quiet], 0);
		assert_int_equal(grid.painted[side - 1 - quiet][quiet], 0);
	}
	qr_free(&q);
}

static void the_polarities_are_complements(void **state)
{
	static struct grid first;
	struct qr q = encode(URI);

	(void)state;
	for (int quiet = 0; quiet <= 3; quiet++) {
		render(&q, quiet, false);
		first = grid;
		render(&q, quiet, true);
		assert_int_equal(first.rows, grid.rows);
		assert_int_equal(first.columns, grid.columns);
		for (int y = 0; y < grid.rows; y++)
			for (int x = 0; x < grid.columns; x++)
				assert_int_equal(first.painted[y][x] + grid.painted[y][x], 1);
	}
	qr_free(&q);
}

static void the_text_has_no_escape(void **state)
{
	struct qr q = encode(URI);
	char *text;

	(void)state;
	for (int invert = 0; invert <= 1; invert++) {
		assert_int_equal(qr_render_utf8(&q, 2, invert, &text), 0);
		for (const char *p = text; *p != '\0'; p++)
			assert_true((unsigned char)*p >= 0x20 || *p == '\n');
		assert_int_equal(text[strlen(text) - 1], '\n');
		qr_text_free(&text);
	}
	qr_free(&q);
}

static void the_ansi_picture_sets_and_resets_its_colours_on_each_line(void **state)
{
	struct qr q = encode(URI);

	(void)state;
	for (int quiet = 0; quiet <= 4; quiet++) {
		render_ansi(&q, quiet); /* checks start and end of each line */
		assert_int_equal(grid.columns, qr_columns(&q, quiet));
		assert_grid_is(&q, quiet, 1);
	}
	qr_free(&q);
}

static void a_bad_quiet_zone_draws_nothing(void **state)
{
	static const int quiet[] = {-1, QR_QUIET_MAX + 1, INT32_MAX, INT32_MIN};
	struct qr q = encode(URI), empty = {0};
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
		text = (char *)&q;
		assert_int_equal(qr_render_utf8(&q, quiet[i], false, &text), ERR_SYSTEM);
		assert_null(text);
		text = (char *)&q;
		assert_int_equal(qr_render_ansi(&q, quiet[i], &text), ERR_SYSTEM);
		assert_null(text);
	}
	assert_int_equal(qr_render_utf8(&empty, 1, false, &text), ERR_SYSTEM);
	assert_null(text);
	qr_free(&q);
}

static void run_child(char *const argv[], int out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0)
		_exit(126);
	(void)execvp(argv[0], argv);
	_exit(127);
}

/* Runs a program without a shell and takes what it prints.  A program that is
 * not there fails the test: a picture that nobody reads proves nothing. */
static void run(char *const argv[], char *out, size_t cap)
{
	size_t n = 0;
	ssize_t got;
	pid_t pid;
	int ends[2], status;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_true((pid = fork()) >= 0);
	if (pid == 0)
		run_child(argv, ends[1]);
	(void)close(ends[1]);
	while ((got = read(ends[0], out + n, cap - 1 - n)) > 0)
		n += (size_t)got;
	(void)close(ends[0]);
	out[n] = '\0';
	status = scratch_wait(pid);
	if (status == 127)
		fail_msg("%s is not installed", argv[0]);
	if (status != 0)
		fail_msg("%s: exit code %d", argv[0], status);
}

static void assert_reads_as(const char *png, const char *text)
{
	char program[] = "zbarimg", quiet[] = "--quiet", raw[] = "--raw", path[512], out[4096];
	char off[] = "-Sdisable", on[] = "-Sqrcode.enable";
	char *argv[] = {program, quiet, raw, off, on, path, NULL};

	assert_true(snprintf(path, sizeof(path), "%s", png) < (int)sizeof(path));
	run(argv, out, sizeof(out));
	assert_true(strlen(out) > 0);
	assert_int_equal(out[strlen(out) - 1], '\n');
	out[strlen(out) - 1] = '\0';
	assert_string_equal(out, text);
}

static void rasterise(const char *svg, const char *png)
{
	char program[] = "rsvg-convert", option[] = "-o", from[512], to[512], out[512];
	char *argv[] = {program, option, to, from, NULL};

	assert_true(snprintf(from, sizeof(from), "%s", svg) < (int)sizeof(from));
	assert_true(snprintf(to, sizeof(to), "%s", png) < (int)sizeof(to));
	run(argv, out, sizeof(out));
}

/* A terminal's window: 8x16 pixels a character, two characters of the
 * terminal's own ground around the picture. */
struct window {
	int around, blank, ink; /* greys */
};

#define CELL 8
#define MARGIN (4 * CELL)

static int window_grey(const struct window *w, int x, int y)
{
	if (x < 0 || y < 0 || x >= grid.columns * CELL || y >= grid.rows * CELL)
		return w->around;
	return grid.painted[y / CELL][x / CELL] ? w->ink : w->blank;
}

static void draw_window(const struct window *w, const char *path)
{
	int width = grid.columns * CELL + 2 * MARGIN, height = grid.rows * CELL + 2 * MARGIN;
	png_image image = {.version = PNG_IMAGE_VERSION, .width = (png_uint_32)width,
	    .height = (png_uint_32)height, .format = PNG_FORMAT_GRAY};
	unsigned char *pixel = malloc((size_t)width * (size_t)height);

	assert_non_null(pixel);
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++)
			pixel[y * width + x] =
			    (unsigned char)window_grey(w, x - MARGIN, y - MARGIN);
	assert_true(png_image_write_to_file(&image, path, 0, pixel, 0, NULL));
	free(pixel);
}

static const struct window dark_terminal = {.around = 0, .blank = 0, .ink = 255};
static const struct window grey_terminal = {.around = 40, .blank = 40, .ink = 190};
static const struct window light_terminal = {.around = 255, .blank = 255, .ink = 0};
static const struct window ansi_on_dark = {.around = 0, .blank = 170, .ink = 0};
static const struct window ansi_on_light = {.around = 255, .blank = 170, .ink = 0};

/* The shortest, an ordinary, and a long URI that a login may show. */
static const char *const uris[] = {
	"otpauth://totp/a?secret=MFRGGZDFMZTWQ2LKNNWG23TPOA",
	URI,
	URI "&issuer=My%20Corp&algorithm=SHA256&digits=8&period=60",
};

#define URIS (sizeof(uris) / sizeof(uris[0]))

static void a_reader_reads_the_text_on_the_right_ground(void **state)
{
	char png[512];

	(void)state;
	scratch_path(&scratch, png, "window.png");
	for (size_t i = 0; i < URIS; i++) {
		struct qr q = encode(uris[i]);

		for (int quiet = 1; quiet <= 4; quiet++) {
			render(&q, quiet, false);
			draw_window(&dark_terminal, png);
			assert_reads_as(png, uris[i]);
			draw_window(&grey_terminal, png);
			assert_reads_as(png, uris[i]);
			render(&q, quiet, true);
			draw_window(&light_terminal, png);
			assert_reads_as(png, uris[i]);
		}
		qr_free(&q);
	}
}

static void a_reader_reads_the_ansi_picture_on_every_ground(void **state)
{
	char png[512];

	(void)state;
	scratch_path(&scratch, png, "window.png");
	for (size_t i = 0; i < URIS; i++) {
		struct qr q = encode(uris[i]);

		render_ansi(&q, 2);
		draw_window(&ansi_on_dark, png);
		assert_reads_as(png, uris[i]);
		draw_window(&ansi_on_light, png);
		assert_reads_as(png, uris[i]);
		qr_free(&q);
	}
}

/* The whole way: a device, its URI, the code, the reader, the same device. */
static void what_a_reader_reads_is_the_same_device(void **state)
{
	struct otpauth o = {.user = "alice@corp", .issuer = "Bastion \xea\xb0\x80", .device = {
	    .algorithm = RECORD_SHA512, .digits = 8, .period = 60, .secret_len = 64}}, back;
	char uri[OTPAUTH_URI_SIZE], png[512];
	struct qr q;

	(void)state;
	for (int i = 0; i < 64; i++)
		o.device.secret[i] = (uint8_t)(i * 41);
	assert_int_equal(otpauth_format(&o, uri, sizeof(uri), NULL), 0);
	q = encode(uri);
	scratch_path(&scratch, png, "code.png");
	assert_int_equal(qr_image_png(&q, png, NULL), 0);
	assert_reads_as(png, uri);
	assert_int_equal(otpauth_parse(uri, strlen(uri), &back, NULL), 0);
	assert_memory_equal(&back, &o, sizeof(o));
	qr_free(&q);
}

/* Every pixel of a picture file is its module's. */
static void assert_picture_is(const char *path, const struct qr *q)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	int side = (q->width + 2 * QR_IMAGE_QUIET) * QR_IMAGE_SCALE;
	unsigned char *pixel;

	assert_true(png_image_begin_read_from_file(&image, path));
	assert_int_equal(image.width, side);
	assert_int_equal(image.height, side);
	image.format = PNG_FORMAT_GRAY;
	pixel = malloc(PNG_IMAGE_SIZE(image));
	assert_non_null(pixel);
	assert_true(png_image_finish_read(&image, NULL, pixel, 0, NULL));
	for (int y = 0; y < side; y++)
		for (int x = 0; x < side; x++)
			assert_int_equal(pixel[y * side + x],
			    qr_dark(q, x / QR_IMAGE_SCALE - QR_IMAGE_QUIET,
			        y / QR_IMAGE_SCALE - QR_IMAGE_QUIET) ? 0 : 255);
	free(pixel);
}

static void a_reader_reads_both_kinds_of_file(void **state)
{
	char png[512], svg[512], drawn[512];

	(void)state;
	for (size_t i = 0; i < URIS; i++) {
		struct qr q = encode(uris[i]);

		scratch_path(&scratch, png, "code.png");
		scratch_path(&scratch, svg, "code.svg");
		scratch_path(&scratch, drawn, "drawn.png");
		assert_int_equal(qr_image_png(&q, png, NULL), 0);
		assert_int_equal(qr_image_svg(&q, svg, NULL), 0);
		rasterise(svg, drawn);
		assert_reads_as(png, uris[i]);
		assert_reads_as(drawn, uris[i]);
		assert_picture_is(png, &q);
		assert_picture_is(drawn, &q);
		assert_int_equal(unlink(png), 0);
		assert_int_equal(unlink(svg), 0);
		qr_free(&q);
	}
}

static void the_largest_code_fits_both_kinds_of_file(void **state)
{
	static unsigned char board[QR_WIDTH_MAX * QR_WIDTH_MAX];
	struct qr q = {.width = QR_WIDTH_MAX, .dark = board};
	char png[512], svg[512], drawn[512];

	(void)state;
	for (size_t i = 0; i < sizeof(board); i++)
		board[i] = (i % 2) == 0;
	scratch_path(&scratch, png, "code.png");
	scratch_path(&scratch, svg, "code.svg");
	scratch_path(&scratch, drawn, "drawn.png");
	assert_int_equal(qr_image_png(&q, png, NULL), 0);
	assert_int_equal(qr_image_svg(&q, svg, NULL), 0);
	rasterise(svg, drawn);
	assert_picture_is(png, &q);
	assert_picture_is(drawn, &q);
}

static void the_svg_is_one_path_and_refers_to_nothing(void **state)
{
	static char text[1 << 20];
	struct qr q = encode(URI);
	char svg[512];
	const char *path;
	size_t n;

	(void)state;
	scratch_path(&scratch, svg, "code.svg");
	assert_int_equal(qr_image_svg(&q, svg, NULL), 0);
	n = scratch_bytes(&scratch, "code.svg", (unsigned char *)text, sizeof(text) - 1);
	text[n] = '\0';
	path = strstr(text, "<path ");
	assert_non_null(path);
	assert_null(strstr(path + 1, "<path "));
	assert_non_null(strstr(text, "shape-rendering=\"crispEdges\""));
	assert_non_null(strstr(text, "fill=\"#fff\""));
	assert_null(strstr(text, "href"));
	assert_null(strstr(text, "url("));
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "secret"));
	assert_string_equal(text + n - 7, "</svg>\n");
	qr_free(&q);
}

typedef int (*write_image)(const struct qr *q, const char *path, struct err *e);

static const write_image writers[] = {qr_image_png, qr_image_svg};

#define WRITERS 2

static void a_picture_is_0600_whatever_the_umask(void **state)
{
	static const mode_t mask[] = {0, 022, 077};
	struct qr q = encode(URI);
	struct stat st;
	char path[512];

	(void)state;
	for (size_t i = 0; i < WRITERS * 3; i++) {
		mode_t before;

		scratch_path(&scratch, path, "code");
		before = umask(mask[i / WRITERS]);
		assert_int_equal(writers[i % WRITERS](&q, path, NULL), 0);
		(void)umask(before);
		assert_int_equal(lstat(path, &st), 0);
		assert_true(S_ISREG(st.st_mode));
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(st.st_nlink, 1);
		assert_true(st.st_size > 100);
		assert_int_equal(unlink(path), 0);
	}
	qr_free(&q);
}

static void existing_file_is_never_overwritten(void **state)
{
	struct qr q = encode(URI);
	struct err e;
	unsigned char kept[64];
	char path[512];

	(void)state;
	scratch_path(&scratch, path, "kept");
	scratch_write(path, "precious", 8, 0644);
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(writers[i](&q, path, &e), ERR_CONFLICT);
		assert_non_null(strstr(e.text, "exists"));
		assert_non_null(strstr(e.text, path));
		assert_int_equal(scratch_bytes(&scratch, "kept", kept, sizeof(kept)), 8);
		assert_memory_equal(kept, "precious", 8);
	}
	qr_free(&q);
}

static void a_symbolic_link_is_never_followed(void **state)
{
	struct qr q = encode(URI);
	unsigned char kept[64];
	char path[512], dangling[512], target[512], absent[512];

	(void)state;
	scratch_path(&scratch, path, "link");
	scratch_path(&scratch, dangling, "dangling");
	scratch_path(&scratch, target, "target");
	scratch_path(&scratch, absent, "absent");
	scratch_write(target, "precious", 8, 0644);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(symlink(absent, dangling), 0);
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(writers[i](&q, path, NULL), ERR_CONFLICT);
		assert_int_equal(writers[i](&q, dangling, NULL), ERR_CONFLICT);
		assert_int_equal(scratch_bytes(&scratch, "target", kept, sizeof(kept)), 8);
		assert_int_not_equal(access(absent, F_OK), 0);
		assert_int_equal(readlink(path, (char *)kept, sizeof(kept)), strlen(target));
	}
	qr_free(&q);
}

static void a_directory_or_pipe_in_the_way_stays(void **state)
{
	struct qr q = encode(URI);
	struct stat st;
	char dir[512], fifo[512];

	(void)state;
	scratch_mkdir(&scratch, "dir");
	scratch_path(&scratch, dir, "dir");
	scratch_path(&scratch, fifo, "fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(writers[i](&q, dir, NULL), ERR_CONFLICT);
		assert_int_equal(writers[i](&q, fifo, NULL), ERR_CONFLICT);
		assert_int_equal(lstat(dir, &st), 0);
		assert_true(S_ISDIR(st.st_mode));
		assert_int_equal(lstat(fifo, &st), 0);
		assert_true(S_ISFIFO(st.st_mode));
	}
	qr_free(&q);
}

static void a_place_that_cannot_be_is_an_error(void **state)
{
	static char long_path[8192];
	struct qr q = encode(URI), empty = {0};
	struct err e;
	char absent[512], file[512], below[512], slash[512];

	(void)state;
	scratch_path(&scratch, absent, "no/code");
	scratch_path(&scratch, file, "file");
	scratch_path(&scratch, below, "file/code");
	scratch_path(&scratch, slash, "file2/");
	scratch_write(file, "x", 1, 0600);
	memset(long_path, 'a', sizeof(long_path) - 1);
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(writers[i](&q, absent, &e), ERR_NONE);
		assert_int_equal(writers[i](&q, below, &e), ERR_UNSAFE);
		assert_int_not_equal(writers[i](&q, slash, &e), 0);
		assert_int_not_equal(writers[i](&q, "", &e), 0);
		assert_int_not_equal(writers[i](&q, long_path, &e), 0);
		long_path[5000] = '/';
		assert_int_equal(writers[i](&q, long_path, &e), ERR_SYNTAX);
		long_path[5000] = 'a';
		assert_int_equal(writers[i](&empty, file, &e), ERR_SYSTEM);
	}
	qr_free(&q);
}

static void a_name_without_a_directory_is_in_the_working_directory(void **state)
{
	struct qr q = encode(URI);
	char path[512];
	int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_true(before >= 0);
	assert_int_equal(chdir(scratch.dir), 0);
	assert_int_equal(qr_image_png(&q, "here.png", NULL), 0);
	assert_int_equal(fchdir(before), 0);
	(void)close(before);
	scratch_path(&scratch, path, "here.png");
	assert_reads_as(path, URI);
	qr_free(&q);
}

/* The disk takes a part and then no more. */
static void a_failed_write_leaves_no_file(void **state)
{
	struct qr q = encode(URI);
	struct rlimit limit, small;
	struct err e = {0};
	char path[512];

	(void)state;
	scratch_path(&scratch, path, "code");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	for (rlim_t size = 0; size <= 200; size += 50) {
		for (int i = 0; i < WRITERS; i++) {
			int r;

			small = (struct rlimit){.rlim_cur = size, .rlim_max = limit.rlim_max};
			assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
			r = writers[i](&q, path, &e);
			assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
			assert_int_equal(r, ERR_UNAVAIL);
			assert_non_null(strstr(e.text, path));
			assert_int_not_equal(access(path, F_OK), 0);
		}
	}
	(void)signal(SIGXFSZ, SIG_DFL);
	qr_free(&q);
}

#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_has_its_three_finders),
		cmocka_unit_test(everything_outside_the_code_is_light),
		cmocka_unit_test(a_uri_of_134_bytes_is_version_6),
		cmocka_unit_test(a_text_too_long_for_any_code_is_refused),
		cmocka_unit_test(an_empty_text_is_refused),
		cmocka_unit_test(a_missing_library_names_the_package),
		cmocka_unit_test(the_library_is_loaded_only_while_it_encodes),
		cmocka_unit_test(freeing_nothing_is_allowed),
		cmocka_unit_test(the_text_holds_every_module_and_the_quiet_zone),
		cmocka_unit_test(the_quiet_zone_is_there_on_all_four_sides),
		cmocka_unit_test(the_polarities_are_complements),
		cmocka_unit_test(the_text_has_no_escape),
		cmocka_unit_test(the_ansi_picture_sets_and_resets_its_colours_on_each_line),
		cmocka_unit_test(a_bad_quiet_zone_draws_nothing),
		SCRATCH_TEST(a_reader_reads_the_text_on_the_right_ground),
		SCRATCH_TEST(a_reader_reads_the_ansi_picture_on_every_ground),
		SCRATCH_TEST(what_a_reader_reads_is_the_same_device),
		SCRATCH_TEST(a_reader_reads_both_kinds_of_file),
		SCRATCH_TEST(the_largest_code_fits_both_kinds_of_file),
		SCRATCH_TEST(the_svg_is_one_path_and_refers_to_nothing),
		SCRATCH_TEST(a_picture_is_0600_whatever_the_umask),
		SCRATCH_TEST(existing_file_is_never_overwritten),
		SCRATCH_TEST(a_symbolic_link_is_never_followed),
		SCRATCH_TEST(a_directory_or_pipe_in_the_way_stays),
		SCRATCH_TEST(a_place_that_cannot_be_is_an_error),
		SCRATCH_TEST(a_name_without_a_directory_is_in_the_working_directory),
		SCRATCH_TEST(a_failed_write_leaves_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
