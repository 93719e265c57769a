/*
 * tree: all files below a directory, held in memory: to put them back, to see what has
 * come, and to look for bytes in them.
 */
#ifndef PB_CRASH_TREE_H
#define PB_CRASH_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

struct tree_file {
	char *path; /* below the root */
	mode_t mode;
	ino_t number;
	bool seen;  /* by tree_changes() */
	size_t len;
	unsigned char *data;
};

struct tree {
	struct tree_file *file; /* in the order of their paths */
	size_t n;
	size_t directories;
	time_t mark;
};

/* Reads what is there, and marks each file so that a change of it is seen without
 * reading all.  Trouble ends the program with a message. */
void tree_take(struct tree *t, const char *root);
void tree_free(struct tree *t);

/* What is there and is not as it was. */
void tree_changes(struct tree *now, const char *root, struct tree *before);

/* Makes the directory what t is; what has changed goes and comes as another file. */
void tree_put_back(struct tree *t, const char *root);

/* The first file of `now` that `before` does not have and may(path) does not allow;
 * or NULL. */
const char *tree_stray(const struct tree *now, const struct tree *before,
    bool (*may)(const char *path));

/* The first file below dir in which these bytes stand, or NULL. */
const char *tree_search(const struct tree *t, const char *dir, const void *data, size_t len);

#endif
