// SPDX-License-Identifier: GPL-2.0-only
/*
 * entries - operations that change live page tables, each between two marks.
 *
 * The first process of `entries`' ram disk. Says the name of each operation, then calls
 * getpgid(), which nothing else here does, does the operation and calls it again: what
 * enters the hypervisor between the two calls is the operation's.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "mm.h"

#define PAGES	1024ul		/* 4 MB */
#define FEW	256ul		/* of them, for what takes long */

static char *area, *other;
static int self, clear_refs, filtered;

static void need(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	reboot(RB_AUTOBOOT);
}

static void touch(char *m, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		m[i * PAGE] = 1;
}

static void touch_area(void)
{
	touch(area, FEW);
}

static void fork_exit(void)
{
	pid_t pid = fork();

	need(pid >= 0, "fork");
	if (!pid)
		_exit(0);
	wait(NULL);
}

static void fork_exec(void)
{
	int status;

	if (!vfork()) {
		execl("/init", "init", "exit", NULL);
		_exit(1);
	}
	need(wait(&status) > 0 && status == 0, "exec");
}

static void protect(void)
{
	mprotect(area, 64 * PAGE, PROT_READ);
	mprotect(area, 64 * PAGE, PROT_READ | PROT_WRITE);
}

static void write_all(void)
{
	touch(area, PAGES);
}

static void touch_and_unmap(void)
{
	char *m = map_anon(PAGES);

	touch(m, PAGES);
	munmap(m, PAGES * PAGE);
}

static void map_file(void)
{
	volatile char *m = mmap(NULL, 16 * PAGE, PROT_READ, MAP_PRIVATE, self, 0);

	for (size_t i = 0; i < 16; i++)
		(void)m[i * PAGE];
	munmap((void *)m, 16 * PAGE);
}

static void move(void)
{
	/* That leaves FEW pages in the area. */
	char *m = mremap(area, FEW * PAGE, FEW * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, other);

	need(m == other, "mremap");
	area = m;
}

/* A child that lives on has the pages as well. */
static void share(void)
{
	pid_t pid;

	touch_area();
	pid = fork();
	need(pid >= 0, "fork");
	if (!pid) {
		pause();
		_exit(0);
	}
}

static void page_out(void)
{
	madvise(area, FEW * PAGE, MADV_PAGEOUT);
}

static void forget_accesses(void)
{
	need(write(clear_refs, "1", 1) == 1, "clear_refs");
}

/* As when a module is loaded: areas of kernel memory, one of which becomes read-only. */
static void filter(void)
{
	struct sock_fprog program = filter_program(BPF_MAXINSNS);

	need(!setsockopt(filtered, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) &&
	     !setsockopt(filtered, SOL_SOCKET, SO_DETACH_FILTER, &program, sizeof(program)),
	     "a filter");
}

static void nothing(void)
{
}

/* In this order: to fork costs the less the less has been written before. */
static const struct operation {
	const char *name;
	void (*prepare)(void);
	void (*run)(void);
} operations[] = {
	{ "nothing", nothing, nothing },
	{ "fork+exit+wait", nothing, fork_exit },
	{ "vfork+exec+exit+wait", nothing, fork_exec },
	{ "64 KB of a file: map, read, unmap", map_file, map_file },
	{ "4 MB touched, then unmapped", nothing, touch_and_unmap },
	{ "4 MB written, then fork+exit", write_all, fork_exit },
	{ "mprotect 64 pages, twice", write_all, protect },
	{ "1,024 pages: accessed bits cleared", write_all, forget_accesses },
	{ "256 pages moved by mremap", touch_area, move },
	{ "256 pages copied on write", share, touch_area },
	{ "256 pages paged out", touch_area, page_out },
	{ "a filter of 4,096 instructions", filter, filter },
};

static void allow_big_filters(void)
{
	int fd = open("/proc/sys/net/core/optmem_max", O_WRONLY);

	need(write(fd, "1000000", 7) == 7 && !close(fd), "optmem_max");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "exit"))
		return 0;
	need(!mount("proc", "/proc", "proc", 0, NULL), "/proc");
	need(!mount("dev", "/dev", "devtmpfs", 0, NULL), "/dev");
	need(swap_open(), "/dev/ram0");
	allow_big_filters();
	self = open("/init", O_RDONLY);
	clear_refs = open("/proc/self/clear_refs", O_WRONLY);
	filtered = socket(AF_UNIX, SOCK_DGRAM, 0);
	area = map_anon(PAGES);
	other = map_anon(FEW);
	need(area != MAP_FAILED && other != MAP_FAILED, "mmap");
	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
		operations[i].prepare();
		printf("ENTRIES %s\n", operations[i].name);
		fflush(stdout);
		usleep(20000);		/* until the console's work is done */
		syscall(SYS_getpgid, 0);
		operations[i].run();
		syscall(SYS_getpgid, 0);
	}
	printf("ENTRIES end\n");
	reboot(RB_AUTOBOOT);
}
