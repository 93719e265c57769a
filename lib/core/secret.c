#include "lib/core/secret.h"

#include "lib/core/err.h"

#include <openssl/crypto.h>
#include <string.h>
#include <sys/mman.h>

#define SECRET_MAX ((size_t)16 << 20)
#define STACK_BURNED 4096

int secret_new(struct secret *s, size_t size)
{
	void *p;

	*s = (struct secret){0};
	if (size == 0 || size > SECRET_MAX)
		return ERR_SYSTEM;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return ERR_SYSTEM;
	/* One of these may be missing on an odd kernel; the wipe is what counts. */
	(void)madvise(p, size, MADV_DONTDUMP);
	(void)mlock(p, size);
	*s = (struct secret){.data = p, .size = size};
	return 0;
}

void secret_free(struct secret *s)
{
	if (s == NULL || s->data == NULL)
		return;
	secret_wipe(s->data, s->size);
	(void)munmap(s->data, s->size);
	*s = (struct secret){0};
}

void secret_wipe(void *p, size_t n)
{
	if (p != NULL && n > 0)
		explicit_bzero(p, n);
}

bool secret_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

__attribute__((noinline)) void secret_burn_stack(void)
{
	unsigned char below[STACK_BURNED];

	explicit_bzero(below, sizeof(below));
}
