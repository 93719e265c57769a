/*
 * enable_put: reads a file of the system as it is, and replaces it in one step.
 */
#ifndef PB_ENABLE_PUT_H
#define PB_ENABLE_PUT_H

#include "lib/core/err.h"
#include "policy/buffer.h"

#include <stdbool.h>
#include <sys/types.h>

#define ENABLE_PATH_MAX 512

/* A file and what becomes of it.  The texts are freed by the owner. */
struct enable_file {
	char path[ENABLE_PATH_MAX];
	bool is_service; /* a PAM service file; else the drop-in */
	bool was, will;  /* it exists before, after */
	mode_t mode;     /* of it, or of a new one */
	uid_t uid;
	gid_t gid;
	struct buffer old, new;
};

/* Reads a file into f->old; f->path is set.  A missing one is f->was false, with
 * root's 0644 for a new one.  0; ERR_REFUSED: it is a link, or no file; trouble. */
int enable_file_read(struct enable_file *f, struct err *e);

/* Makes the file what text says, durably, with f's owner and mode and the label and
 * access lists of the one before; exists false: removes it.  0 or trouble; then the old one is
 * there.  Whoever dies in between leaves the old or the new one. */
int enable_file_put(const struct enable_file *f, const struct buffer *text, bool exists,
    struct err *e);

/* Removes what somebody who was killed while he put it has left beside the file. */
void enable_file_tidy(const char *path);

#endif
