/* The one home of keys and codes in memory: secret.h. */
#include "tests/unit/scratch.h"

#include "lib/core/secret.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void new_secret_is_zero_and_of_its_size(void **state)
{
	static const size_t sizes[] = {1, 4095, 4096, 4097, 100000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct secret s;

		assert_int_equal(secret_new(&s, sizes[i]), 0);
		assert_int_equal(s.size, sizes[i]);
		for (size_t k = 0; k < s.size; k++)
			assert_int_equal(s.data[k], 0);
		memset(s.data, 0x5a, s.size);
		secret_free(&s);
		assert_null(s.data);
		assert_int_equal(s.size, 0);
	}
}

static void size_out_of_range_is_refused(void **state)
{
	static const size_t sizes[] = {0, ((size_t)16 << 20) + 1, SIZE_MAX, SIZE_MAX - 4095};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct secret s = {.size = 99};

		assert_int_not_equal(secret_new(&s, sizes[i]), 0);
		assert_null(s.data);
		assert_int_equal(s.size, 0);
	}
}

static void free_takes_nothing_an_empty_one_and_twice(void **state)
{
	struct secret s = {0};

	(void)state;
	secret_free(NULL);
	secret_free(&s);
	assert_int_equal(secret_new(&s, 10), 0);
	secret_free(&s);
	secret_free(&s);
}

/* The flags the kernel keeps of the pages at p, as in "VmFlags: rd wr .. dd". */
static void flags_of(const void *p, char out[256])
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long low, high;
	char line[512];
	int here = 0;

	assert_non_null(f);
	out[0] = '\0';
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx ", &low, &high) == 2 && strchr(line, '-') < line + 17)
			here = (uintptr_t)p >= low && (uintptr_t)p < high;
		if (here && strncmp(line, "VmFlags:", 8) == 0)
			(void)snprintf(out, 256, "%.250s ", line + 8);
	}
	(void)fclose(f);
}

static void secret_is_left_out_of_core_dumps(void **state)
{
	struct secret s;
	char flags[256];

	(void)state;
	assert_int_equal(secret_new(&s, 5000), 0);
	flags_of(s.data, flags);
	assert_non_null(strstr(flags, " dd ")); /* do not dump */
	secret_free(&s);
}

/* The kernel's: AddressSanitizer's own does nothing. */
static int locks;

int mlock(const void *p, size_t n)
{
	locks++;
	return (int)syscall(SYS_mlock, p, n);
}

/* munmap of the test's, before libc's: what it gives back is already wiped. */
static bool looking;
static bool was_zero;

int munmap(void *p, size_t n)
{
	if (looking) {
		was_zero = true;
		for (size_t i = 0; i < n; i++)
			was_zero &= ((unsigned char *)p)[i] == 0;
	}
	return mprotect(p, n, PROT_NONE); /* a leak of address space in this test */
}

static void pages_are_wiped_before_they_are_given_back(void **state)
{
	struct secret s;

	(void)state;
	assert_int_equal(secret_new(&s, 50000), 0);
	memset(s.data, 0x5a, s.size);
	looking = true;
	was_zero = false;
	secret_free(&s);
	looking = false;
	assert_true(was_zero);
}

static void pages_that_stay_are_wiped_and_used_again(void **state)
{
	struct secret s, t;
	const unsigned char *at;

	(void)state;
	assert_int_equal(secret_new(&s, 5000), 0);
	at = s.data;
	memset(s.data, 0x5a, s.size);
	secret_free(&s);
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(at[i], 0);
	assert_int_equal(secret_new(&s, 12000), 0);
	assert_ptr_equal(s.data, at);
	assert_int_equal(secret_new(&t, 5000), 0); /* while the first is in use */
	assert_ptr_not_equal(t.data, at);
	secret_free(&t);
	secret_free(&s);
}

static void pages_that_stay_are_locked_in_a_child_too(void **state)
{
	struct secret s;
	char flags[256];
	int status;
	pid_t child;

	(void)state;
	assert_int_equal(secret_new(&s, 5000), 0);
	flags_of(s.data, flags);
	assert_non_null(strstr(flags, " lo "));
	secret_free(&s);
	if ((child = fork()) == 0) {
		if (secret_new(&s, 5000) != 0)
			_exit(2);
		flags_of(s.data, flags);
		_exit(strstr(flags, " lo ") != NULL && strstr(flags, " dd ") != NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void pages_that_stay_are_locked_once_a_process(void **state)
{
	struct secret s;
	int before, status;
	pid_t child;

	(void)state;
	assert_int_equal(secret_new(&s, 5000), 0);
	secret_free(&s);
	before = locks;
	assert_int_equal(secret_new(&s, 12000), 0);
	assert_int_equal(locks, before);
	secret_free(&s);
	if ((child = fork()) == 0) {
		for (int i = 0; i < 3; i++) {
			if (secret_new(&s, 5000) != 0)
				_exit(2);
			secret_free(&s);
		}
		_exit(locks - before);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 1);
}

/* What a piece has behind its room is not what anybody gets. */
static void every_size_is_zero_when_new_and_takes_all_its_bytes(void **state)
{
	(void)state;
	for (size_t size = 12200; size < 12400; size++) {
		for (int i = 0; i < 2; i++) {
			struct secret s;

			assert_int_equal(secret_new(&s, size), 0);
			for (size_t k = 0; k < size; k++)
				assert_int_equal(s.data[k], 0);
			memset(s.data, 0x5a, size);
			secret_free(&s);
		}
	}
}

static void secret_in_use_is_not_a_childs(void **state)
{
	struct secret s;
	int status;
	pid_t child;

	(void)state;
	assert_int_equal(secret_new(&s, 5000), 0);
	memset(s.data, 0x5a, s.size);
	if ((child = fork()) == 0) {
		int sum = 0;

		for (size_t i = 0; i < s.size; i++)
			sum |= s.data[i];
		_exit(sum);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(s.data[4999], 0x5a);
	secret_free(&s);
}

static void wipe_clears_and_takes_nothing(void **state)
{
	unsigned char bytes[8];

	(void)state;
	memset(bytes, 1, sizeof(bytes));
	secret_wipe(bytes + 1, 6);
	assert_memory_equal(bytes, "\1\0\0\0\0\0\0\1", 8);
	secret_wipe(NULL, 5);
	secret_wipe(bytes, 0);
	assert_int_equal(bytes[0], 1);
}

static void equal_compares_every_byte(void **state)
{
	unsigned char a[64], b[64];

	(void)state;
	memset(a, 7, sizeof(a));
	memcpy(b, a, sizeof(b));
	assert_true(secret_equal(a, b, sizeof(a)));
	for (size_t i = 0; i < sizeof(a); i++) {
		b[i] ^= 1;
		assert_false(secret_equal(a, b, sizeof(a)));
		assert_true(secret_equal(a, b, i));
		b[i] ^= 1;
	}
	assert_true(secret_equal(a, b, 0));
}

/* Under AddressSanitizer the frame would not be on the stack. */
#if !defined(__SANITIZE_ADDRESS__)
static volatile uintptr_t left; /* where it was */

static __attribute__((noinline)) void leave_below(void)
{
	volatile unsigned char below[3000];

	for (size_t i = 0; i < sizeof(below); i++)
		below[i] = 0x5a;
	left = (uintptr_t)below;
}

/* How many of its bytes are still there; read as another process would. */
static int count_left(int memory)
{
	unsigned char now[2000];
	int n = 0;

	assert_int_equal(pread(memory, now, sizeof(now), (off_t)left), sizeof(now));
	for (size_t i = 0; i < sizeof(now); i++)
		n += now[i] == 0x5a;
	return n;
}

static void burned_stack_holds_nothing_of_before(void **state)
{
	int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(memory >= 0);
	leave_below();
	secret_burn_stack();
	/* Calls since then have put addresses there, of which a byte may be the same. */
	assert_true(count_left(memory) < 32);
	(void)close(memory);
}
#endif

#ifdef __x86_64__
#define VECTORS 32
#define VECTOR 64 /* bytes */
#define OLD "\n.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n\t"
#define NEW "\n.irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n\t"
#define STORE(move, kind) move " %%" kind "\\n, \\n * 64(%0)\n.endr\n"
#define LOAD(move, kind) move " (%0), %%" kind "\\n\n.endr\n"
#define CHANGED "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", \
	"xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

static bool has_zmm, has_ymm;
static unsigned char vectors[VECTORS * VECTOR];

/* Before the first of the copies: it uses registers itself. */
static void ask_cpu(void)
{
	has_zmm = __builtin_cpu_supports("avx512f");
	has_ymm = __builtin_cpu_supports("avx");
	memset(vectors, 0, sizeof(vectors));
}

/* Each register to its place, so far as the CPU has it. */
static __attribute__((noinline)) void read_vectors(void)
{
	if (has_zmm)
		__asm__ volatile(OLD STORE("vmovdqu64", "zmm") NEW STORE("vmovdqu64", "zmm")
		    : : "r"(vectors) : "memory");
	else if (has_ymm)
		__asm__ volatile(OLD STORE("vmovdqu", "ymm") : : "r"(vectors) : "memory");
	else
		__asm__ volatile(OLD STORE("movdqu", "xmm") : : "r"(vectors) : "memory");
}

/* How many pieces of 8 bytes of the secret are there. */
static int count_pieces(const unsigned char *secret, size_t n)
{
	int found = 0;

	for (size_t i = 0; i + 8 <= sizeof(vectors); i++)
		for (size_t k = 0; k + 8 <= n; k++)
			found += memcmp(vectors + i, secret + k, 8) == 0;
	return found;
}

static void make_secret(unsigned char secret[200])
{
	for (size_t i = 0; i < 200; i++)
		secret[i] = (unsigned char)(17 + i);
}

static void no_vector_register_holds_what_memcpy_copied(void **state)
{
	static const volatile size_t sizes[] = {200, 20};
	unsigned char secret[200], copy[200];

	(void)state;
	make_secret(secret);
	ask_cpu();
	for (size_t i = 0; i < 2; i++) {
		memcpy(copy, secret, sizes[i]);
		__asm__ volatile("" : : "r"(copy) : "memory"); /* it is used */
	}
	secret_burn_stack();
	read_vectors();
	assert_int_equal(count_pieces(secret, sizeof(secret)), 0);
}

/* All of them, whichever the libc of this machine copies through. */
static __attribute__((noinline)) void load_vectors(const unsigned char *from)
{
	if (has_zmm)
		__asm__ volatile(OLD LOAD("vmovdqu64", "zmm") NEW LOAD("vmovdqu64", "zmm")
		    : : "r"(from) : CHANGED);
	else if (has_ymm)
		__asm__ volatile(OLD LOAD("vmovdqu", "ymm") : : "r"(from) : CHANGED);
	else
		__asm__ volatile(OLD LOAD("movdqu", "xmm") : : "r"(from) : CHANGED);
}

static void each_vector_register_is_cleared(void **state)
{
	unsigned char secret[200];

	(void)state;
	make_secret(secret);
	ask_cpu();
	load_vectors(secret);
	read_vectors();
	assert_true(count_pieces(secret, VECTOR) >= (has_zmm ? VECTORS : VECTORS / 2));
	ask_cpu();
	load_vectors(secret);
	secret_clear_registers();
	read_vectors();
	for (size_t i = 0; i < sizeof(vectors); i++)
		assert_int_equal(vectors[i], 0);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(new_secret_is_zero_and_of_its_size),
	    cmocka_unit_test(size_out_of_range_is_refused),
	    cmocka_unit_test(free_takes_nothing_an_empty_one_and_twice),
	    cmocka_unit_test(secret_is_left_out_of_core_dumps),
	    cmocka_unit_test(pages_are_wiped_before_they_are_given_back),
	    cmocka_unit_test(pages_that_stay_are_wiped_and_used_again),
	    cmocka_unit_test(pages_that_stay_are_locked_in_a_child_too),
	    cmocka_unit_test(pages_that_stay_are_locked_once_a_process),
	    cmocka_unit_test(every_size_is_zero_when_new_and_takes_all_its_bytes),
	    cmocka_unit_test(secret_in_use_is_not_a_childs),
	    cmocka_unit_test(wipe_clears_and_takes_nothing),
	    cmocka_unit_test(equal_compares_every_byte),
#if !defined(__SANITIZE_ADDRESS__)
	    cmocka_unit_test(burned_stack_holds_nothing_of_before),
#endif
#ifdef __x86_64__
	    cmocka_unit_test(no_vector_register_holds_what_memcpy_copied),
	    cmocka_unit_test(each_vector_register_is_cleared),
#endif
	};

	return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
