#include "tests/fuzz/scratch.h"

#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[SCRATCH_PATH / 2];

void scratch_begin(void)
{
	const char *base = getenv("FUZZ_SCRATCH");

	if (dir[0] != '\0')
		return;
	if (base == NULL || base[0] != '/' || strlen(base) + 16 > sizeof(dir)) {
		(void)fprintf(stderr, "FUZZ_SCRATCH names no directory; use tests/fuzz/run\n");
		_exit(2);
	}
	(void)snprintf(dir, sizeof(dir), "%s/XXXXXX", base);
	MUST(mkdtemp(dir) != NULL);
	(void)umask(022);
}

void scratch_path(char path[SCRATCH_PATH], const char *tail)
{
	MUST(snprintf(path, SCRATCH_PATH, "%s/%s", dir, tail) < SCRATCH_PATH);
}

void scratch_write(const char *tail, const void *data, size_t n, mode_t mode)
{
	char path[SCRATCH_PATH];
	int fd;

	scratch_path(path, tail);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	MUST(fd >= 0);
	MUST(n == 0 || write(fd, data, n) == (ssize_t)n);
	MUST(fchmod(fd, mode) == 0);
	MUST(close(fd) == 0);
}

unsigned char *scratch_read(const char *tail, size_t *n)
{
	char path[SCRATCH_PATH];
	unsigned char *data;
	struct stat st;
	int fd;

	scratch_path(path, tail);
	*n = 0;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	MUST(fstat(fd, &st) == 0);
	data = malloc((size_t)st.st_size + 1);
	MUST(data != NULL && read(fd, data, (size_t)st.st_size) == st.st_size);
	*n = (size_t)st.st_size;
	(void)close(fd);
	return data;
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	return remove(path);
}

void scratch_remove(const char *tail)
{
	char path[SCRATCH_PATH];

	scratch_path(path, tail);
	(void)nftw(path, drop, 16, FTW_DEPTH | FTW_PHYS);
}
