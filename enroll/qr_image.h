/*
 * qr_image: a QR code as a picture file.
 *
 * The file holds a secret: it is new, 0600 and complete, or it is not there.
 * Whatever has the name already, a symbolic link too, is never touched.
 */
#ifndef PB_QR_IMAGE_H
#define PB_QR_IMAGE_H

#include "enroll/qr.h"
#include "lib/core/err.h"

#define QR_IMAGE_QUIET 4 /* modules on each side, as the standard asks */
#define QR_IMAGE_SCALE 8 /* pixels a module */

/* 0; ERR_CONFLICT (the name is taken); ERR_NONE (no such directory);
 * ERR_DENIED, ERR_UNAVAIL (the disk) with no file left; ERR_SYSTEM. */
int qr_image_png(const struct qr *q, const char *path, struct err *e);

/* The same as SVG: one path on a white ground, nothing from outside. */
int qr_image_svg(const struct qr *q, const char *path, struct err *e);

#endif
