/*
 * scratch: the one directory that a harness may write, made and removed by
 * tests/fuzz/run, which names it in FUZZ_SCRATCH.
 */
#ifndef PB_FUZZ_SCRATCH_H
#define PB_FUZZ_SCRATCH_H

#include <stddef.h>
#include <sys/types.h>

#define SCRATCH_PATH 256

/* A directory of this process's own in it.  Ends the process where there is none. */
void scratch_begin(void);

/* Its absolute path with tail behind it. */
void scratch_path(char path[SCRATCH_PATH], const char *tail);

/* The whole content of a file in it. */
void scratch_write(const char *tail, const void *data, size_t n, mode_t mode);

/* The content, to be freed, or NULL when there is no such file. */
unsigned char *scratch_read(const char *tail, size_t *n);

/* Removes what is in a directory of it, and the file or directory itself. */
void scratch_remove(const char *tail);

#endif
