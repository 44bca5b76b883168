// SPDX-License-Identifier: GPL-2.0-only
/*
 * direct - reads from a disk into pages of its own, past the page cache, for ever.
 *	direct DEVICE
 *
 * The kernel holds such pages and writes to them by addresses of its own: the disk's
 * driver copies from its persistent grants, which Debian's has by default. While the
 * reads are on their way the process writes to the other half of every second page:
 * a core that takes the right to write from its entries, to see what a guest that moves
 * writes to (log-dirty), must not have it copy a page that is held, nor miss what came
 * into one that it never wrote to itself. What it has read it looks at again after the
 * next reads, which are into other pages. It forks now and then, so that entries are
 * read-only for other reasons, too; never while it reads, see open(2), O_DIRECT.
 *
 * It fills the device first. On its standard output is how often it has read since;
 * it ends, with status 1, when it finds a page that is not what it must be.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGES	64u		/* read at once */
#define HALF	2048u
#define WORDS	(HALF / 8)
#define BLOCKS	2048u		/* of half a page, on the disk */
#define FORKS	8		/* one in so many turns */

struct page {
	uint64_t read[WORDS], own[WORDS];
};

struct set {
	struct page *page;
	unsigned int block[PAGES];	/* what was read into each */
	uint64_t own;			/* what every second one has in its other half */
};

static void need(int is, const char *what)
{
	if (is)
		return;
	fprintf(stderr, "direct: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t word(unsigned int block, unsigned int i)
{
	return ((uint64_t)block * WORDS + i + 1) * 0x9e3779b97f4a7c15;
}

static void *pages_new(void)
{
	void *p = mmap(NULL, PAGES * sizeof(struct page), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(p != MAP_FAILED, "memory");
	return p;
}

static void fill(int fd)
{
	const unsigned int each = 2 * PAGES;
	uint64_t *buffer = pages_new();
	unsigned int block, i;

	for (block = 0; block < BLOCKS; block += each) {
		for (i = 0; i < each * WORDS; i++)
			buffer[i] = word(block, i);
		need(pwrite(fd, buffer, each * HALF, (off_t)block * HALF) == each * HALF, "write");
	}
}

static void submit(aio_context_t aio, int fd, struct set *s)
{
	static struct iocb control[PAGES], *list[PAGES];
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		s->block[i] = rand() % BLOCKS;
		control[i] = (struct iocb){
			.aio_fildes = fd, .aio_lio_opcode = IOCB_CMD_PREAD,
			.aio_buf = (uintptr_t)s->page[i].read, .aio_nbytes = HALF,
			.aio_offset = (off_t)s->block[i] * HALF,
		};
		list[i] = &control[i];
	}
	need(syscall(SYS_io_submit, aio, PAGES, list) == PAGES, "submit");
}

static void write_own(struct set *s)
{
	unsigned int i, j;

	s->own++;
	for (i = 1; i < PAGES; i += 2)
		for (j = 0; j < WORDS; j++)
			s->page[i].own[j] = s->own + j;
}

static void wait_for_all(aio_context_t aio, struct set *s)
{
	struct io_event event[PAGES];
	struct timespec soon = { .tv_nsec = 1000000 };
	long done, n, i;

	for (done = 0; done < PAGES; done += n) {
		write_own(s);
		n = syscall(SYS_io_getevents, aio, 1, PAGES, event, &soon);
		if (n < 0 && errno == EINTR)
			n = 0;
		need(n >= 0, "getevents");
		for (i = 0; i < n; i++)
			need(event[i].res == HALF, "read");
	}
}

static void look(const struct set *s, unsigned long turn)
{
	const struct page *p;
	unsigned int i, j;

	for (i = 0; i < PAGES; i++) {
		p = &s->page[i];
		for (j = 0; j < WORDS; j++) {
			if (p->read[j] == word(s->block[i], j) &&
			    (i % 2 == 0 || p->own[j] == s->own + j))
				continue;
			fprintf(stderr, "direct: turn %lu, page %u, word %u: %lx for %lx, %lx\n",
				turn, i, j, p->read[j], word(s->block[i], j), p->own[j]);
			exit(1);
		}
	}
}

int main(int argc, char **argv)
{
	struct set set[2] = { { .page = pages_new() }, { .page = pages_new() } };
	int fd = open(argc == 2 ? argv[1] : "", O_RDWR | O_DIRECT);
	aio_context_t aio = 0;
	unsigned long turn;
	char text[24];
	pid_t child;

	need(fd >= 0, "open");
	need(!syscall(SYS_io_setup, PAGES, &aio), "setup");
	fill(fd);
	for (turn = 0;; turn++) {
		child = turn % FORKS ? -1 : fork();
		if (!child)
			_exit(0);
		submit(aio, fd, &set[turn % 2]);
		wait_for_all(aio, &set[turn % 2]);
		if (child > 0)
			waitpid(child, NULL, 0);
		look(&set[turn % 2], turn);
		if (turn)
			look(&set[!(turn % 2)], turn);
		pwrite(1, text, sprintf(text, "%lu\n", turn + 1), 0);
	}
}
