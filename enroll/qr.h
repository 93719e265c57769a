/*
 * qr: a QR code, and its picture in a terminal's characters.
 *
 * What it shows is a secret: modules and pictures are wiped when given back.
 * libqrencode is opened when a code is encoded and not before, so that no
 * login pays for it.
 */
#ifndef PB_QR_H
#define PB_QR_H

#include "lib/core/err.h"

#include <stdbool.h>

#define QR_WIDTH_MAX 177 /* modules: version 40 */
#define QR_QUIET_MAX 16  /* modules of a quiet zone */

struct qr {
	int width;           /* modules a side */
	unsigned char *dark; /* width * width, row by row, 1 is dark; NULL: empty */
};

/* Encodes text at error correction level L in the smallest version that holds
 * it.  0; ERR_NONE (libqrencode is not installed); ERR_SYNTAX (empty or too
 * long); ERR_SYSTEM.  *q is empty after an error, else freed by qr_free(). */
int qr_encode(const char *text, struct qr *q, struct err *e);

/* Wipes and releases; NULL and an empty code are allowed; q is empty after. */
void qr_free(struct qr *q);

/* Whether the module is dark; everything outside the code is light. */
bool qr_dark(const struct qr *q, int x, int y);

/* The size of the picture in characters, with a zone of quiet light modules on
 * all four sides. */
int qr_columns(const struct qr *q, int quiet);
int qr_rows(const struct qr *q, int quiet);

/* Draws in UTF-8 half blocks without any escape, two rows of modules in one
 * row of text, each ended by a newline.  Light modules are painted, which is
 * right on a dark terminal; invert paints the dark ones, for a light terminal.
 * 0 with *out given to qr_text_free(), or ERR_SYSTEM with *out NULL. */
int qr_render_utf8(const struct qr *q, int quiet, bool invert, char **out);

/* The same in black on white whatever the terminal's colours are.  For a
 * terminal that the caller owns: ssh shows escapes of a prompt as text. */
int qr_render_ansi(const struct qr *q, int quiet, char **out);

/* Wipes and releases a picture and writes NULL back; NULL is allowed. */
void qr_text_free(char **text);

#endif
