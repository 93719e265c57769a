/*
 * line: one line that a person types, with an end to the waiting.
 */
#ifndef PB_LINE_H
#define PB_LINE_H

#include <stddef.h>

enum line_end {
	LINE_NONE = 0, /* the end of input, and nothing before it */
	LINE_READ,
	LINE_LATE /* no whole line in time; what a terminal held of it is thrown away */
};

/* Reads at most cap - 1 bytes of fd, unbuffered; an over-long line is cut and the rest
 * passed over.  seconds: for the whole of it; 0: as long as it takes. */
enum line_end line_read(int fd, int seconds, char *line, size_t cap);

#endif
