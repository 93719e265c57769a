/* Memory of a process that logs in many people: after the first ones it does not grow,
 * and nothing but the module stays mapped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/pam/host.h"
#include "tests/pam/kinds.h"

#include <errno.h>
#include <malloc.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WARM_UP 500
#define LOGINS 10000
#define PAGES 16 /* that the kernel may bring in meanwhile */
#define SLACK 1024 /* bytes; the smallest leak of a login would be 16 times 10,000 */

/* AddressSanitizer keeps what is freed, and looks for leaks itself. */
#ifdef __SANITIZE_ADDRESS__
#define COMPARES false
#else
#define COMPARES true
#endif

static int transactions;

static void count(pam_handle_t *pamh)
{
	(void)pamh;
	transactions++;
}

struct size {
	size_t in_use;   /* bytes of the heap */
	size_t heap;     /* bytes that malloc() has from the kernel */
	long resident;   /* pages in memory */
	long mapped;     /* pages in all */
};

static struct size measure(void)
{
	struct mallinfo2 m = mallinfo2();
	struct size s = {.in_use = m.uordblks + m.hblkhd, .heap = m.arena + m.hblkhd};
	FILE *f = fopen("/proc/self/statm", "re");

	if (f == NULL || fscanf(f, "%ld %ld", &s.mapped, &s.resident) != 2 || fclose(f) != 0)
		ph_die("statm: %s", strerror(errno));
	return s;
}

/* Each kind as often as any other, so that the end of a round is like the beginning. */
static void run_until(int n)
{
	while (transactions < n)
		for (int i = 0; i < kinds_count; i++)
			kinds[i].log_in();
}

static void say(const char *when, const struct size *s)
{
	(void)fprintf(stderr, "after %s: %zu bytes in use, heap %zu KiB, %ld KiB resident, %ld KiB "
	    "mapped\n", when, s->in_use, s->heap / 1024, s->resident * (getpagesize() / 1024),
	    s->mapped * (getpagesize() / 1024));
}

/* Looking takes memory too, the first time. */
static struct size look_after(const char *what)
{
	struct size s = measure();

	say(what, &s);
	return measure();
}

static void memory_does_not_grow_over_10000_logins(void **state)
{
	struct size before, after;

	(void)state;
	kinds_make();
	kinds_look = count;
	transactions = 0;
	(void)look_after("the first login");
	run_until(WARM_UP);
	before = look_after("the warm-up");
	run_until(LOGINS);
	after = look_after("10,000 logins");
	if (!COMPARES)
		return;
	/* A block may stand in a greater one than it needs: some bytes, not some a login. */
	assert_true(after.in_use <= before.in_use + SLACK);
	assert_int_equal(after.heap, before.heap);
	assert_int_equal(after.mapped, before.mapped);
	assert_true(after.resident <= before.resident + PAGES);
}

/* The files that are mapped, a line each. */
static void list_files(char *out, size_t size)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512], name[256];
	size_t n = 0;

	if (f == NULL)
		ph_die("maps: %s", strerror(errno));
	out[0] = '\0';
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*s %*s %*s %*s %*s %255s", name) == 1 && name[0] == '/' &&
		    strstr(out, name) == NULL)
			n += (size_t)snprintf(out + n, size - n, "%s\n", name);
	(void)fclose(f);
	if (n + 1 >= size)
		ph_die("more files than there is room for");
}

/* Libc opens its own for a name that the host does not know: before.  Of the module's,
 * those that it needs (tests/guard/needed) stay with it; neither libqrencode, which an
 * enrolment opens, nor anything that this has brought along. */
static bool is_needed(const char *name)
{
	static const char *const own[] = {"/libcrypt.so.", "/liboath.so.", "/libcrypto.so.",
	    "/libpam.so."};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strstr(name, own[i]) != NULL)
			return true;
	return false;
}

static void nothing_but_the_module_stays_mapped(void **state)
{
	static char before[16384], after[16384];
	int modules = 0;

	(void)state;
	ph_make(NULL);
	assert_null(getpwnam("no-such-name"));
	list_files(before, sizeof(before));
	kinds_make();
	for (int i = 0; i < kinds_count; i++)
		kinds[i].log_in();
	list_files(after, sizeof(after));
	for (char *name = strtok(after, "\n"); name != NULL; name = strtok(NULL, "\n")) {
		if (strcmp(name, ph_module()) == 0)
			modules++;
		else if (strstr(before, name) == NULL && !is_needed(name))
			fail_msg("%s stays mapped", name);
	}
	assert_int_equal(modules, 1);
}

/* What malloc() keeps of each thread's freed pieces counts as in use, and comes to its
 * bound only after many logins: in this process it keeps none. */
static void be_exact(char **argv)
{
	if (getenv("GLIBC_TUNABLES") != NULL)
		return;
	if (setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1) == 0)
		(void)execv("/proc/self/exe", argv);
	ph_die("exec: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_but_the_module_stays_mapped),
	    cmocka_unit_test(memory_does_not_grow_over_10000_logins),
	};

	(void)argc;
	be_exact(argv);
	return cmocka_run_group_tests_name("growth", tests, NULL, NULL);
}
