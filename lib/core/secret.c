#include "lib/core/secret.h"

#include "lib/core/err.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define SECRET_MAX ((size_t)16 << 20)
#define STACK_BURNED 4096

/* The secrets of a login fit in here.  One such piece, wiped, stays with the process
 * for the next one: mapping and locking pages costs more than what is done in them. */
#define PIECE ((size_t)12 << 10)
#define ROOM (PIECE - sizeof(uint64_t))
static void *_Atomic kept;

/* Behind the room of a piece stands whether its pages are locked.  A forked child has
 * the pages, but not their lock; there the kernel has zeroed them (MADV_WIPEONFORK), so
 * the mark too.  Locking them anew at each login is what it spares. */
#define LOCKED UINT64_C(0x6c6f636b65642121)

static size_t mapped(size_t size)
{
	return size <= ROOM ? PIECE : size;
}

static void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	/* One of these may be missing on an odd kernel; the wipe is what counts. */
	(void)madvise(p, size, MADV_DONTDUMP);
	return p;
}

static void lock_piece(unsigned char *p)
{
	uint64_t mark;

	memcpy(&mark, p + ROOM, sizeof(mark));
	if (mark == LOCKED || mlock(p, PIECE) != 0)
		return;
	/* Before Linux 4.14 nothing is wiped at a fork: each time, then. */
	mark = madvise(p, PIECE, MADV_WIPEONFORK) == 0 ? LOCKED : 0;
	memcpy(p + ROOM, &mark, sizeof(mark));
}

int secret_new(struct secret *s, size_t size)
{
	void *p;

	*s = (struct secret){0};
	if (size == 0 || size > SECRET_MAX)
		return ERR_SYSTEM;
	p = size <= ROOM ? atomic_exchange(&kept, NULL) : NULL;
	if (p == NULL && (p = map(mapped(size))) == NULL)
		return ERR_SYSTEM;
	if (size <= ROOM)
		lock_piece(p);
	else
		(void)mlock(p, size);
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

#ifdef __x86_64__
/* What the kernel keeps for each thread, as XGETBV tells. */
#define KEEPS_YMM 0x6U
#define KEEPS_ZMM 0xe6U
#define CPUID_OSXSAVE (1U << 27)

/* Which vector registers there are.  This one CPUID and no more (__builtin_cpu_supports()
 * runs many, whenever the module is loaded): on a virtual machine each is a trap. */
static unsigned int kept_registers(void)
{
	static _Atomic unsigned int known; /* 1: asked, and none of the above */
	unsigned int mask = atomic_load_explicit(&known, memory_order_relaxed);
	unsigned int a = 1, b, c = 0, d;

	if (mask != 0)
		return mask;
	mask = 1;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if ((c & CPUID_OSXSAVE) != 0) {
		__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
		mask |= a;
	}
	atomic_store_explicit(&known, mask, memory_order_relaxed);
	return mask;
}

#define OLD_REGISTERS "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15"
#define NEW_REGISTERS "16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31"
#define OLD_CHANGED "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", \
	"xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#define NEW_CHANGED "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", \
	"xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31"

static void clear_xmm(void)
{
	__asm__ volatile(".irp n, " OLD_REGISTERS "\n\tpxor %%xmm\\n, %%xmm\\n\n\t.endr"
	    : : : OLD_CHANGED);
}

static void clear_ymm(void)
{
	__asm__ volatile("vzeroall" : : : OLD_CHANGED);
}

/* Where glibc can, its memcpy() uses these: so it needs no vzeroupper. */
__attribute__((noinline, target("avx512f"))) static void clear_zmm(void)
{
	__asm__ volatile(".irp n, " NEW_REGISTERS
	    "\n\tvpxord %%zmm\\n, %%zmm\\n, %%zmm\\n\n\t.endr" : : : NEW_CHANGED);
}

static void clear_vectors(void)
{
	const unsigned int mask = kept_registers();

	if ((mask & KEEPS_ZMM) == KEEPS_ZMM)
		clear_zmm();
	if ((mask & KEEPS_YMM) == KEEPS_YMM)
		clear_ymm();
	else
		clear_xmm();
}
#else
static void clear_vectors(void)
{
}
#endif

/* The compiler clears what it knows of, the general registers too. */
__attribute__((noinline)) CLEARING void secret_clear_registers(void)
{
	clear_vectors();
	__asm__ volatile("");
}

__attribute__((noinline)) void secret_burn_stack(void)
{
	unsigned char below[STACK_BURNED];

	explicit_bzero(below, sizeof(below));
	secret_clear_registers();
}
