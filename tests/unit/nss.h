/*
 * nss: groups for a unit test.  getgrnam_r() and getgrouplist() of the test program
 * know a few invented groups, fail on demand, and ask the machine for the rest.
 *
 * Header-only, so that one test file stays one program.
 */
#ifndef PB_NSS_H
#define PB_NSS_H

#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define NSS_EXPORTED __attribute__((visibility("default")))

static bool nss_fails;          /* the directory does not answer */
static bool nss_lists_no_groups; /* getgrouplist() does not */
static size_t nss_needs;        /* bytes of buffer without which it is ERANGE */
static int nss_interrupts;      /* so many calls end with EINTR */
static int nss_groups_of_many;  /* groups that `many` is in beside 7002 */

/* 7001 lists its members, 7002 does not (its members are found by user). */
static char nss_lists[] = "lists", nss_silent[] = "silent";
static char nss_listed[] = "listed", nss_corp[] = "a@corp";
static char *nss_members[] = {nss_listed, nss_corp, NULL};
static char *nss_nobody[] = {NULL};

NSS_EXPORTED int getgrnam_r(const char *name, struct group *g, char *buf, size_t size,
    struct group **out)
{
	int (*libc)(const char *, struct group *, char *, size_t, struct group **);

	*out = NULL;
	if (nss_interrupts > 0) {
		nss_interrupts--;
		return EINTR;
	}
	if (nss_fails)
		return EIO;
	if (size < nss_needs)
		return ERANGE;
	if (strcmp(name, "lists") == 0)
		*g = (struct group){.gr_name = nss_lists, .gr_gid = 7001,
		    .gr_mem = nss_members};
	else if (strcmp(name, "silent") == 0)
		*g = (struct group){.gr_name = nss_silent, .gr_gid = 7002,
		    .gr_mem = nss_nobody};
	else {
		libc = (int (*)(const char *, struct group *, char *, size_t,
		    struct group **))dlsym(RTLD_NEXT, "getgrnam_r");
		return libc(name, g, buf, size, out);
	}
	*out = g;
	return 0;
}

/* `by_user` and `many` are in 7002. */
NSS_EXPORTED int getgrouplist(const char *user, gid_t gid, gid_t *all, int *n)
{
	const int room = *n;
	int total = 1;

	if (nss_lists_no_groups)
		return *n = 0, -1;
	if (strcmp(user, "by_user") == 0)
		total = 2;
	if (strcmp(user, "many") == 0)
		total = 2 + nss_groups_of_many;
	*n = total;
	for (int i = 0; i < total && i < room; i++)
		all[i] = i == 0 ? gid : i == total - 1 ? 7002 : 9000 + (gid_t)i;
	return total <= room ? total : -1;
}

static inline void nss_reset(void)
{
	nss_fails = nss_lists_no_groups = false;
	nss_needs = 0;
	nss_interrupts = nss_groups_of_many = 0;
}

#endif
