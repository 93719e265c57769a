#include "lib/core/secret.h"

#include "lib/core/err.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#define SECRET_MAX ((size_t)16 << 20)
#define STACK_BURNED 4096

/* The secrets of a login fit in here.  One such piece, wiped, stays with the process
 * for the next one: mapping and locking pages costs more than what is done in them. */
#define ROOM ((size_t)12 << 10)
static void *_Atomic kept;

static size_t mapped(size_t size)
{
	return size < ROOM ? ROOM : size;
}

static void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	/* One of these may be missing on an odd kernel; the wipe is what counts. */
	(void)madvise(p, size, MADV_DONTDUMP);
	(void)mlock(p, size);
	return p;
}

static void *take_kept(void)
{
	void *p = atomic_exchange(&kept, NULL);

	if (p != NULL)
		(void)mlock(p, ROOM); /* a forked child has the pages, but not their lock */
	return p;
}

int secret_new(struct secret *s, size_t size)
{
	void *p;

	*s = (struct secret){0};
	if (size == 0 || size > SECRET_MAX)
		return ERR_SYSTEM;
	p = size <= ROOM ? take_kept() : NULL;
	if (p == NULL && (p = map(mapped(size))) == NULL)
		return ERR_SYSTEM;
	*s = (struct secret){.data = p, .size = size};
	return 0;
}

void secret_free(struct secret *s)
{
	void *none = NULL;

	if (s == NULL || s->data == NULL)
		return;
	secret_wipe(s->data, s->size);
	if (s->size > ROOM || !atomic_compare_exchange_strong(&kept, &none, s->data))
		(void)munmap(s->data, mapped(s->size));
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

/* Clang knows how from 15 on. */
#if __has_attribute(zero_call_used_regs)
#define CLEARING __attribute__((zero_call_used_regs("all")))
#else
#define CLEARING
#endif

__attribute__((noinline)) CLEARING void secret_clear_registers(void)
{
	__asm__ volatile("");
}

__attribute__((noinline)) void secret_burn_stack(void)
{
	unsigned char below[STACK_BURNED];

	explicit_bzero(below, sizeof(below));
	secret_clear_registers();
}
