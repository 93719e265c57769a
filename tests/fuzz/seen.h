/*
 * seen: what a harness has come to, said at its end as `seen THAT TIMES` for what stands in
 * tests/fuzz/must/NAME.  Header-only, for one file of a program.
 */
#ifndef PB_FUZZ_SEEN_H
#define PB_FUZZ_SEEN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEN_KINDS 16

static struct {
	const char *what; /* a literal */
	unsigned long times;
} seen_all[SEEN_KINDS];

static void seen_say(void)
{
	for (int i = 0; i < SEEN_KINDS && seen_all[i].times > 0; i++)
		(void)fprintf(stderr, "seen %s %lu\n", seen_all[i].what, seen_all[i].times);
}

static void seen(const char *what)
{
	int i = 0;

	if (seen_all[0].times == 0)
		(void)atexit(seen_say);
	while (i < SEEN_KINDS - 1 && seen_all[i].times > 0 && strcmp(seen_all[i].what, what) != 0)
		i++;
	seen_all[i].what = what;
	seen_all[i].times++;
}

#endif
