#include "enroll/line.h"

#include "lib/core/secret.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_ms(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* false: it is late.  end 0: there is no limit. */
static bool wait_for(int fd, int64_t end)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int64_t left = 0;
	int r = 1;

	if (end == 0)
		return true;
	do {
		if ((left = end - clock_ms()) > 0)
			r = poll(&p, 1, left < INT_MAX ? (int)left : INT_MAX);
	} while (left > 0 && (r == 0 || (r < 0 && errno == EINTR)));
	return left > 0; /* what else poll() may say, read() says again */
}

enum line_end line_read(int fd, int seconds, char *line, size_t cap)
{
	const int64_t end = seconds > 0 ? clock_ms() + (int64_t)seconds * 1000 : 0;
	size_t n = 0;
	bool any = false;
	char c = '\0';

	for (;;) {
		ssize_t got;

		if (!wait_for(fd, end)) {
			(void)tcflush(fd, TCIFLUSH);
			secret_wipe(line, cap);
			return LINE_LATE;
		}
		got = read(fd, &c, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || c == '\n')
			break;
		any = true;
		if (n + 1 < cap)
			line[n++] = c;
	}
	line[n] = '\0';
	return any || c == '\n' ? LINE_READ : LINE_NONE;
}
