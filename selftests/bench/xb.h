/* SPDX-License-Identifier: GPL-2.0-only */
/* Time, and how benchmarks print it: lines "XB NAME FIGURE ns/op" for the scripts. */
#ifndef XB_H
#define XB_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

/* Everything runs twice; what is printed is the second round. */
static int warm;

static inline uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static inline void report(const char *name, uint64_t spent, long ops)
{
	if (!warm)
		return;
	printf("XB %-14s %10.1f ns/op\n", name, (double)spent / ops);
	fflush(stdout);
}

#endif
