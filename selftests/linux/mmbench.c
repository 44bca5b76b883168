// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmbench - what changes of live page tables cost, beyond selftests/bench/xbench.c.
 *
 * Each operation makes the kernel change many entries of a page table that a CPU is
 * using. Like xbench it runs under `qemu -icount shift=0,sleep=off`, where a
 * nanosecond of CLOCK_MONOTONIC is an executed instruction, and prints the second of
 * two rounds in xbench's format.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "../bench/xb.h"
#include "mm.h"

static void touch(char *m, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		m[i * PAGE]++;
}

/* Fork of a process that has written all its memory again since the last fork. */
static void bench_fork_written(void)
{
	const size_t pages = 1024;
	const long n = 20;
	char *m = map_anon(pages);
	uint64_t spent = 0, faults = 0, t;

	for (long i = 0; i < n; i++) {
		t = now();
		touch(m, pages);
		faults += now() - t;
		t = now();
		if (!fork())
			_exit(0);
		wait(NULL);
		spent += now() - t;
	}
	report("fork_written", spent, n * pages);
	report("cow_fault", faults, n * pages);
	munmap(m, pages * PAGE);
}

/* A child has the pages as well: each write copies one. */
static void bench_copy_on_write(void)
{
	const size_t pages = 256;
	const long n = 20;
	char *m = map_anon(pages);
	uint64_t spent = 0, t;

	touch(m, pages);
	for (long i = 0; i < n; i++) {
		int fd[2];
		char c;

		if (pipe(fd))
			return;
		if (!fork()) {
			close(fd[1]);
			_exit(read(fd[0], &c, 1) != 0);
		}
		close(fd[0]);
		t = now();
		touch(m, pages);
		spent += now() - t;
		close(fd[1]);
		wait(NULL);
	}
	report("cow_copy", spent, n * pages);
	munmap(m, pages * PAGE);
}

/* Many processes at a time: the kernel maps and unmaps their stacks. */
static void bench_fork_many(void)
{
	const int n = 20, alive = 16;
	uint64_t t = now();

	for (int i = 0; i < n; i++) {
		int fd[2];
		char c;

		if (pipe(fd))
			return;
		for (int j = 0; j < alive; j++) {
			if (!fork()) {
				close(fd[1]);
				_exit(read(fd[0], &c, 1) != 0);
			}
		}
		close(fd[0]);
		close(fd[1]);
		while (wait(NULL) > 0)
			;
	}
	report("fork_many", now() - t, n * alive);
}

static void bench_mremap(void)
{
	const size_t pages = 64;
	const long n = 500;
	char *from = map_anon(pages), *to = map_anon(pages), *swap;
	uint64_t t;

	touch(from, pages);
	t = now();
	for (long i = 0; i < n; i++) {
		if (mremap(from, pages * PAGE, pages * PAGE,
			   MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
			return;
		swap = from;
		from = to;
		to = swap;
	}
	report("mremap_page", now() - t, n * pages);
	munmap(from, pages * PAGE);
}

static void advise(const char *name, int advice, size_t pages, long n)
{
	char *m = map_anon(pages);
	uint64_t spent = 0, t;

	for (long i = 0; i < n; i++) {
		touch(m, pages);
		t = now();
		madvise(m, pages * PAGE, advice);
		spent += now() - t;
	}
	report(name, spent, n * pages);
	munmap(m, pages * PAGE);
}

static void bench_advise(void)
{
	advise("dontneed_page", MADV_DONTNEED, 64, 500);
	advise("free_page", MADV_FREE, 64, 500);
	advise("cold_page", MADV_COLD, 64, 500);
}

/* A few pages at a time, as malloc and thread stacks do. */
static void bench_small_unmap(void)
{
	const size_t pages = 8;
	const long n = 2000;
	uint64_t t = now();

	for (long i = 0; i < n; i++) {
		char *m = map_anon(pages);

		touch(m, pages);
		munmap(m, pages * PAGE);
	}
	report("map_8_pages", now() - t, n);
}

/* To no access and back: the entries do not stay present. */
static void bench_protect_none(void)
{
	const size_t pages = 64;
	const long n = 500;
	char *m = map_anon(pages);
	uint64_t t;

	touch(m, pages);
	t = now();
	for (long i = 0; i < n; i++) {
		mprotect(m, pages * PAGE, PROT_NONE);
		mprotect(m, pages * PAGE, PROT_READ | PROT_WRITE);
	}
	report("protnone64x2", now() - t, n);
	munmap(m, pages * PAGE);
}

/* What reclaim does with pages before it takes them: were they accessed? */
static void bench_clear_young(void)
{
	const size_t pages = 1024;
	const long n = 20;
	char *m = map_anon(pages);
	int fd = open("/proc/self/clear_refs", O_WRONLY);
	uint64_t spent = 0, t;

	for (long i = 0; i < n; i++) {
		touch(m, pages);
		t = now();
		if (write(fd, "1", 1) != 1)
			return;
		spent += now() - t;
	}
	report("young_page", spent, n * pages);
	close(fd);
	munmap(m, pages * PAGE);
}

/* As when a module or a BPF program is loaded: kernel memory that becomes read-only. */
static void bench_filter(void)
{
	struct sock_fprog program = filter_program(1024);
	int s = socket(AF_UNIX, SOCK_DGRAM, 0);
	const long n = 400;
	uint64_t t;

	t = now();
	for (long i = 0; i < n; i++)
		if (setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
			return;
	report("filter_attach", now() - t, n);
	close(s);
}

int main(void)
{
	int swap = swap_open();

	for (warm = 0; warm < 2; warm++) {
		bench_fork_written();
		bench_copy_on_write();
		bench_fork_many();
		bench_mremap();
		bench_advise();
		bench_small_unmap();
		bench_protect_none();
		bench_clear_young();
		bench_filter();
		if (swap)
			advise("pageout_page", MADV_PAGEOUT, 256, 20);
	}
	printf("XB mm done\n");
	return 0;
}
