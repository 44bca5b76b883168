/* SPDX-License-Identifier: GPL-2.0-only */
/* What programs need that have a kernel change many page table entries. */
#ifndef MM_H
#define MM_H

#include <fcntl.h>
#include <linux/filter.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <unistd.h>

#define PAGE	4096ul

static inline char *map_anon(size_t pages)
{
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	return p;
}

/* The RAM disk as swap space, with the header that mkswap would write. Return: done */
static inline int swap_open(void)
{
	static const struct {
		char boot[1024];
		uint32_t version, last_page, bad_pages;
		char rest[PAGE - 1024 - 3 * 4 - 10], magic[10];
	} header = { .version = 1, .last_page = 1023, .magic = "SWAPSPACE2" };
	int fd = open("/dev/ram0", O_WRONLY);
	int done = write(fd, &header, sizeof(header)) == sizeof(header);

	close(fd);
	return done && !swapon("/dev/ram0", 0);
}

/* A filter of @len instructions, which the kernel translates into code of its own. */
static inline struct sock_fprog filter_program(uint16_t len)
{
	static struct sock_filter code[BPF_MAXINSNS];

	for (int i = 0; i < len - 1; i++)
		code[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, i);
	code[len - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 1);
	return (struct sock_fprog) { .len = len, .filter = code };
}

#endif
