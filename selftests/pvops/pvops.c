// SPDX-License-Identifier: GPL-2.0-only
/*
 * pvops - a kernel's changes of live page tables take effect, on all processors.
 *
 * The rule under test: when a system call that takes rights or pages away returns, no
 * processor can use them any more, and nothing that was written before is lost; however
 * the kernel collected its updates. A thread on another processor keeps the entries
 * cached and its dirty bits coming. A switch of processes leaves each its segments. TAP.
 *	pvops [FOLDER]		all but what follows (a folder on a disk)
 *	pvops --segments	an LDT's segment over switches, alone
 *	pvops --offline		as root: an LDT whose processor goes offline
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096ul
#define PAGES	300ul		/* more than a batch, not a multiple of one */
#define COW_ROUNDS	8
#define SWITCHES	20000l

static int tests, failures;
static _Thread_local sigjmp_buf fault_env;
static atomic_bool stop;

static void result(bool good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++tests, name);
	fflush(stdout);
	failures += !good;
}

/* What the test cannot do without */
static void need(bool good, const char *what)
{
	if (good)
		return;
	printf("Bail out! %s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(2);
}

static void on_fault(int sig)
{
	(void)sig;
	siglongjmp(fault_env, 1);
}

/* Does an access fault? */
static bool faults(volatile char *p, bool write)
{
	if (sigsetjmp(fault_env, 1))
		return true;
	if (write)
		*p = *p + 1;
	else
		(void)*p;
	return false;
}

static size_t count_faults(char *m, bool write)
{
	size_t n = 0;

	for (size_t i = 0; i < PAGES; i++)
		n += faults(m + i * PAGE, write);
	return n;
}

static char *map_pages(void)
{
	char *m = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(m != MAP_FAILED, "mmap");
	for (size_t i = 0; i < PAGES; i++)
		m[i * PAGE] = i;
	return m;
}

static bool holds_numbers(const char *m, char added)
{
	for (size_t i = 0; i < PAGES; i++)
		if (m[i * PAGE] != (char)(i + added))
			return false;
	return true;
}

/* A child that does not outlive its parent */
static pid_t must_fork(void)
{
	pid_t parent = getpid(), pid = fork();

	need(pid >= 0, "fork");
	if (!pid) {
		need(!prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl");
		if (getppid() != parent)
			_exit(2);
	}
	return pid;
}

/* @pid, who was @what, has done its work, and still does. */
static void end_child(pid_t pid, const char *what)
{
	need(!waitpid(pid, NULL, WNOHANG), what);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static pthread_t must_thread(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, run, arg);
	need(!errno, "pthread_create");
	return thread;
}

static void test_protect(void)
{
	char *m = map_pages();

	mprotect(m, PAGES * PAGE, PROT_READ);
	result(count_faults(m, true) == PAGES, "mprotect: read-only pages cannot be written");
	result(count_faults(m, false) == 0, "mprotect: read-only pages can be read");
	mprotect(m, PAGES * PAGE, PROT_NONE);
	result(count_faults(m, false) == PAGES, "mprotect: no access");
	mprotect(m, PAGES * PAGE, PROT_READ | PROT_WRITE);
	result(count_faults(m, true) == 0 && holds_numbers(m, 1),
	       "mprotect: writable again, with what was in them");
	munmap(m, PAGES * PAGE);
	result(count_faults(m, false) == PAGES, "munmap: no access");
}

static void test_advise(void)
{
	char *m = map_pages();
	bool zero = true;

	need(!madvise(m, PAGES * PAGE, MADV_DONTNEED), "MADV_DONTNEED");
	for (size_t i = 0; i < PAGES; i++)
		zero &= m[i * PAGE] == 0;
	result(zero, "madvise: pages not needed are zero");
	for (size_t i = 0; i < PAGES; i++)
		m[i * PAGE] = i;
	need(!madvise(m, PAGES * PAGE, MADV_COLD), "MADV_COLD");
	result(holds_numbers(m, 0), "madvise: cold pages keep their contents");
	need(!madvise(m, PAGES * PAGE, MADV_FREE), "MADV_FREE");
	result(count_faults(m, true) == 0, "madvise: freed pages can be written");
	munmap(m, PAGES * PAGE);
}

static void forget_accesses(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY);

	need(fd >= 0 && write(fd, "1", 1) == 1, "clear_refs");
	close(fd);
}

/* Pages of the mapping at @m that were accessed, as the kernel sees it; -1: not known */
static long accessed(const char *m)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start;
	char line[300];
	bool ours = false;
	long kb = -1;

	while (f && kb < 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%*x ", &start) == 1)
			ours = start == (unsigned long)m;
		else if (ours)
			sscanf(line, "Referenced: %ld", &kb);
	}
	if (f)
		fclose(f);
	return kb < 0 ? -1 : kb / 4;
}

static void test_accessed(void)
{
	/* A mapping of its own: what is next to it has other rights. */
	char *m = map_pages() + PAGE;
	const long n = PAGES - 2;

	mprotect(m - PAGE, PAGE, PROT_NONE);
	mprotect(m + n * PAGE, PAGE, PROT_NONE);
	result(accessed(m) == n, "accessed: pages that were written");
	forget_accesses();
	result(accessed(m) == 0, "accessed: none after the bits were cleared");
	/* That left the TLB alone; to unmap so many pages flushes it whole. */
	munmap(map_pages(), PAGES * PAGE);
	for (long i = 0; i < n; i += 2)
		(void)*(volatile char *)(m + i * PAGE);
	result(accessed(m) == n / 2, "accessed: those that were read since");
	munmap(m - PAGE, PAGES * PAGE);
}

static void test_move(void)
{
	char *from = map_pages(), *to = map_pages();

	memset(to, 0, PAGES * PAGE);
	mremap(from, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	result(holds_numbers(to, 0) && count_faults(to, true) == 0,
	       "mremap: pages move with their contents and rights");
	result(count_faults(from, false) == PAGES, "mremap: no access at the old place");
	munmap(to, PAGES * PAGE);
}

/* Writes all pages for ever, whatever happens to them. */
static void *write_all(void *arg)
{
	volatile uint64_t *word = arg;

	while (!stop)
		for (size_t i = 0; i < PAGES; i++)
			word[i * PAGE / 8 + 1]++;
	return NULL;
}

static bool child_stands_still(const char *m, char *copy)
{
	memcpy(copy, m, PAGES * PAGE);
	for (int i = 0; i < 50; i++) {
		sched_yield();
		if (memcmp(copy, m, PAGES * PAGE))
			return false;
	}
	return holds_numbers(m, 0);
}

static void test_fork(void)
{
	char *m = map_pages(), *copy = map_pages();
	volatile uint64_t *written_word = (uint64_t *)m + 1;
	bool good = true;
	pthread_t writer;
	int status;

	stop = false;
	writer = must_thread(write_all, m);
	for (int i = 0; i < 30; i++) {
		uint64_t before = *written_word;
		pid_t pid;

		while (*written_word == before)
			sched_yield();
		pid = must_fork();
		if (!pid)
			_exit(!child_stands_still(m, copy));
		good &= waitpid(pid, &status, 0) == pid && status == 0;
	}
	stop = true;
	pthread_join(writer, NULL);
	result(good, "fork: no write of the parent's other thread shows in the child");
	munmap(m, PAGES * PAGE);
	munmap(copy, PAGES * PAGE);
}

static atomic_int cow_round, cow_seen;
static bool cow_good;

/* Keeps translations of the pages, and looks whether it sees what was written. */
static void *read_after_write(void *arg)
{
	const volatile uint64_t *word = arg;

	for (int round = 1; round <= COW_ROUNDS; round++) {
		while (cow_round < round && !stop)
			for (size_t i = 0; i < PAGES; i++)
				(void)word[i * PAGE / 8];
		for (size_t i = 0; i < PAGES; i++)
			cow_good &= word[i * PAGE / 8] == (uint64_t)round;
		cow_seen = round;
	}
	return NULL;
}

/* Each write after a fork goes to a copy, which all threads must see from then on. */
static void test_copy_on_write(void)
{
	char *m = map_pages();
	volatile uint64_t *word = (void *)m;
	bool child_good = true;
	pthread_t reader;
	int status;

	memset(m, 0, PAGES * PAGE);
	cow_good = true;
	stop = false;
	reader = must_thread(read_after_write, m);
	for (int round = 1; round <= COW_ROUNDS; round++) {
		int go[2];
		char c;
		pid_t pid;

		need(!pipe(go), "pipe");
		pid = must_fork();
		if (!pid) {
			bool old = true;

			close(go[1]);
			old &= read(go[0], &c, 1) == 0;
			for (size_t i = 0; i < PAGES; i++)
				old &= word[i * PAGE / 8] == (uint64_t)round - 1;
			_exit(!old);
		}
		for (size_t i = 0; i < PAGES; i++)
			word[i * PAGE / 8] = round;
		cow_round = round;
		while (cow_seen < round)
			sched_yield();
		close(go[0]);
		close(go[1]);
		child_good &= waitpid(pid, &status, 0) == pid && status == 0;
	}
	pthread_join(reader, NULL);
	result(cow_good, "copy on write: another thread sees the copy at once");
	result(child_good, "copy on write: the child keeps what was there");
	munmap(m, PAGES * PAGE);
}

static unsigned long get_gs_base(void)
{
	unsigned long base = 0;

	syscall(SYS_arch_prctl, ARCH_GET_GS, &base);
	return base;
}

static void set_gs_base(unsigned long base)
{
	if (getauxval(AT_HWCAP2) & 2)	/* FSGSBASE in user mode */
		asm volatile("wrgsbase %0" : : "r" (base));
	else
		syscall(SYS_arch_prctl, ARCH_SET_GS, base);
}

static void pin_to(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	need(!sched_setaffinity(0, sizeof(one), &one), "sched_setaffinity");
}

/* One turn: wait for the token, check, pass the token on. */
static bool take_turns(unsigned long base, int from, int to)
{
	bool good = true;
	char c;

	for (int i = 0; i < 300; i++) {
		unsigned long b = base ? base + i : 0;

		set_gs_base(b);
		need(read(from, &c, 1) == 1, "the token");
		good &= get_gs_base() == b;
		need(write(to, &c, 1) == 1, "the token");
	}
	return good;
}

/*
 * Put the segment @selector in FS and GS, and @rounds times give the CPU to who reads @to
 * and writes @from: is @word still where both begin? In one piece, since the C library has
 * its own in FS.
 */
static bool keeps_segment(uint16_t selector, uint64_t word, long rounds, long from, long to)
{
	unsigned long library;
	char token;

	syscall(SYS_arch_prctl, ARCH_GET_FS, &library);
	asm volatile("mov %w[selector], %%fs\n\t"
		     "mov %w[selector], %%gs\n\t"
		     "mov %[token], %%rsi\n\t"
		     "mov $1, %%edx\n"
		     "1:\tmov %[write], %%eax\n\t"
		     "mov %[to], %%rdi\n\t"
		     "syscall\n\t"
		     "mov %[read], %%eax\n\t"
		     "mov %[from], %%rdi\n\t"
		     "syscall\n\t"
		     "cmp $1, %%rax\n\t"
		     "jne 2f\n\t"
		     "cmp %%fs:0, %[word]\n\t"
		     "jne 2f\n\t"
		     "cmp %%gs:0, %[word]\n\t"
		     "jne 2f\n\t"
		     "mov %%fs, %%eax\n\t"
		     "cmp %w[selector], %%ax\n\t"
		     "jne 2f\n\t"
		     "mov %%gs, %%eax\n\t"
		     "cmp %w[selector], %%ax\n\t"
		     "jne 2f\n\t"
		     "dec %[rounds]\n\t"
		     "jnz 1b\n"
		     "2:\tmov %[prctl], %%eax\n\t"
		     "mov %[set_fs], %%edi\n\t"
		     "mov %[library], %%rsi\n\t"
		     "syscall"
		     : [rounds] "+r" (rounds)
		     : [selector] "r" (selector), [word] "r" (word), [library] "r" (library),
		       [from] "r" (from), [to] "r" (to), [token] "r" (&token),
		       [write] "i" (SYS_write), [read] "i" (SYS_read),
		       [prctl] "i" (SYS_arch_prctl), [set_fs] "i" (ARCH_SET_FS)
		     : "rax", "rcx", "rdx", "rdi", "rsi", "r11", "memory", "cc");
	return rounds == 0;
}

/* Put a segment that begins at @word in an LDT. Return: its selector */
static uint16_t make_ldt_segment(uint64_t *word)
{
	struct user_desc desc = {
		.entry_number = 1, .base_addr = (uintptr_t)word, .limit = 4095,
		.seg_32bit = 1, .useable = 1,
	};

	need(!((uintptr_t)word >> 32), "an address below 4 GB");
	need(!syscall(SYS_modify_ldt, 1, &desc, sizeof(desc)), "modify_ldt");
	return 1 << 3 | 7;
}

static bool keeps_ldt_segment(long rounds, int from, int to)
{
	static uint64_t words[2] = { 0x1234, 0x5678 };
	uint16_t selector = make_ldt_segment(&words[1]);

	/* A register that was lost has base 0, and the C library's is lost with it. */
	signal(SIGSEGV, SIG_DFL);
	return keeps_segment(selector, words[1], rounds, from, to);
}

/* Processes on one CPU take turns, with GS bases that differ or not. */
static void test_gs_base(void)
{
	static const unsigned long bases[] = { 0, 0, 0x10000, 0x7f0000000000, 0x10000 };
	enum { N = sizeof(bases) / sizeof(*bases) };
	int pipes[N][2], status;
	bool good = true;

	for (int i = 0; i < N; i++)
		need(!pipe(pipes[i]), "pipe");
	for (int i = 0; i < N; i++) {
		if (!must_fork()) {
			pin_to(0);
			_exit(!take_turns(bases[i], pipes[i][0], pipes[(i + 1) % N][1]));
		}
	}
	need(write(pipes[0][1], "t", 1) == 1, "the token");
	for (int i = 0; i < N; i++)
		good &= wait(&status) > 0 && status == 0;
	for (int i = 0; i < N; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	result(good, "switch: each process keeps its GS base");
}

/*
 * A process with an LDT takes turns on one CPU with one that has none. Where the vcpus of a
 * guest share a processor, the naps on the other one take it away amid these switches, and
 * the hypervisor loads FS and GS anew by what it was told of the LDT until then.
 */
static void test_segments(void)
{
	int there[2], back[2], status;
	pid_t user, partner, napper;
	bool good;
	char c;

	need(!pipe(there) && !pipe(back), "pipe");
	partner = must_fork();
	if (!partner) {
		pin_to(0);
		while (read(there[0], &c, 1) == 1 && write(back[1], &c, 1) == 1)
			;
		_exit(2);
	}
	napper = must_fork();
	if (!napper) {
		pin_to(1);
		for (;;)
			usleep(100);
	}
	user = must_fork();
	if (!user) {
		pin_to(0);
		_exit(!keeps_ldt_segment(SWITCHES, back[0], there[1]));
	}
	good = waitpid(user, &status, 0) == user && status == 0;
	end_child(partner, "who shares its CPU");
	end_child(napper, "who naps on the other one");
	for (int i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
	result(good, "switch: a process keeps the segment of its LDT in FS and GS");
}

/* Hotplug may be busy for a while. */
static void set_online(const char *value)
{
	int fd = open("/sys/devices/system/cpu/cpu1/online", O_WRONLY);
	bool done = false;

	for (int i = 0; fd >= 0 && !done && i < 100; i++) {
		done = write(fd, value, 1) == 1;
		if (!done)
			usleep(10000);
	}
	need(done, "cpu1/online");
	close(fd);
}

/* A process on CPU 1 that has an LDT, and does nothing else */
static pid_t start_ldt_user(void)
{
	static uint64_t word;
	int ready[2];
	pid_t pid;
	char c;

	need(!pipe(ready), "pipe");
	pid = must_fork();
	if (!pid) {
		pin_to(1);
		asm volatile("mov %w0, %%gs" : : "r" (make_ldt_segment(&word)));
		need(write(ready[1], "1", 1) == 1, "pipe");
		for (;;)
			;
	}
	close(ready[1]);
	need(read(ready[0], &c, 1) == 1, "a process with an LDT");
	close(ready[0]);
	return pid;
}

/* Processes come and go, on all CPUs. */
static pid_t start_forks(void)
{
	pid_t pid = must_fork();

	while (!pid) {
		if (!must_fork())
			_exit(0);
		wait(NULL);
	}
	return pid;
}

/*
 * A CPU has a process's page tables and LDT when it goes offline, and then that process
 * ends. A kernel must have told a hypervisor by then that both are out of use.
 */
static bool ldt_users_end(void)
{
	bool good = true;
	int status;

	for (int i = 0; good && i < 5; i++) {
		pid_t pid = start_ldt_user();

		set_online("0");
		kill(pid, SIGKILL);
		good = waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
		       WTERMSIG(status) == SIGKILL;
		set_online("1");
	}
	return good;
}

static void test_offline(void)
{
	pid_t forks[2];

	result(ldt_users_end(), "offline: a process whose LDT the CPU had last can end");
	for (int i = 0; i < 2; i++)
		forks[i] = start_forks();
	result(ldt_users_end(), "offline: the same while processes come and go");
	for (int i = 0; i < 2; i++)
		end_child(forks[i], "who forks");
}

static volatile uint64_t *shared;
static uint64_t written[PAGES];

/*
 * Counts up in the file's pages while they come and go. A store that did not fault
 * has been made.
 */
static void *write_file(void *arg)
{
	(void)arg;
	while (!stop) {
		for (size_t i = 0; i < PAGES; i++) {
			if (sigsetjmp(fault_env, 1))
				continue;
			shared[i * PAGE / 8] = written[i] + 1;
			written[i]++;
		}
	}
	return NULL;
}

static volatile uint64_t *map_file(int fd, void *where)
{
	void *p = mmap(where, PAGES * PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | (where ? MAP_FIXED : 0), fd, 0);

	need(p != MAP_FAILED, "mmap of a file");
	return p;
}

static bool read_back(const char *path)
{
	static uint64_t block[PAGE / 8] __attribute__((aligned(PAGE)));
	int fd = open(path, O_RDONLY | O_DIRECT);
	bool good = fd >= 0;
	uint64_t stores = 0;

	for (size_t i = 0; good && i < PAGES; i++) {
		good = read(fd, block, PAGE) == PAGE && block[0] == written[i];
		stores += written[i];
	}
	close(fd);
	return good && stores;
}

static void unmap_and_map(int fd, int i)
{
	munmap((void *)shared, PAGES * PAGE);
	if (i % 10 == 0)
		fsync(fd);
	map_file(fd, (void *)shared);
}

/* Away and back: the writer faults meanwhile. */
static void move_and_back(int fd, int i)
{
	void *away = mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (i % 10 == 0)
		fsync(fd);
	need(mremap((void *)shared, PAGES * PAGE, PAGES * PAGE,
		    MREMAP_MAYMOVE | MREMAP_FIXED, away) == away &&
	     mremap(away, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		    (void *)shared) == shared, "mremap");
}

/* The accessed bits go, as reclaim takes them away, while D bits come. */
static void clear_accessed(int fd, int i)
{
	if (i % 10 == 0)
		fsync(fd);
	forget_accesses();
}

/* Reclaim unmaps the pages one by one, and writes back what is dirty. */
static void page_out(int fd, int i)
{
	if (i % 10 == 0)
		fsync(fd);
	need(!madvise((void *)shared, PAGES * PAGE, MADV_PAGEOUT), "MADV_PAGEOUT");
}

/* What was written through a mapping that is gone, or elsewhere, must reach the file. */
static void test_dirty(const char *folder, void (*change)(int, int), int rounds,
		       const char *name)
{
	char path[200];
	bool good = true;
	pthread_t writer;
	int fd;

	snprintf(path, sizeof(path), "%s/pvops.data", folder);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, PAGES * PAGE)) {
		result(false, "a file to map");
		return;
	}
	memset(written, 0, sizeof(written));
	shared = map_file(fd, NULL);
	for (int round = 0; good && round < rounds; round++) {
		stop = false;
		writer = must_thread(write_file, NULL);
		for (int i = 0; i < 40; i++) {
			change(fd, i);
			sched_yield();
		}
		stop = true;
		pthread_join(writer, NULL);
		munmap((void *)shared, PAGES * PAGE);
		fsync(fd);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		map_file(fd, (void *)shared);
		good = read_back(path);
	}
	result(good, name);
	munmap((void *)shared, PAGES * PAGE);
	close(fd);
	unlink(path);
}

/* A kernel whose entry does not clear DF copies backwards, over what is before the buffer. */
static void test_direction(void)
{
	static char buffer[3 * PAGE];
	int fd = open("/proc/self/exe", O_RDONLY);
	char head[4];
	long n = SYS_pread64;
	register long offset asm("r10") = 0;

	need(pread(fd, head, sizeof(head), 0) == sizeof(head), "/proc/self/exe");
	asm volatile("std; syscall; cld"
		     : "+a"(n)
		     : "D"((long)fd), "S"(buffer + PAGE), "d"(PAGE), "r"(offset)
		     : "rcx", "r11", "memory", "cc");
	for (size_t i = 0; i < PAGE; i++)
		if (buffer[i])
			n = 0;
	result(n == (long)PAGE && !memcmp(buffer + PAGE, head, sizeof(head)),
	       "system call with the direction flag set: reads forwards");
	close(fd);
}

static void test_all(const char *folder)
{
	test_protect();
	test_advise();
	test_accessed();
	test_move();
	test_fork();
	test_copy_on_write();
	test_gs_base();
	test_segments();
	test_direction();
	if (!folder)
		return;
	test_dirty(folder, unmap_and_map, 20,
		   "munmap: what was written through a shared mapping is in the file");
	test_dirty(folder, move_and_back, 20,
		   "mremap: what was written through a shared mapping is in the file");
	test_dirty(folder, clear_accessed, 5,
		   "accessed: what was written meanwhile is in the file");
	test_dirty(folder, page_out, 5,
		   "page-out: what was written meanwhile is in the file");
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &action, NULL);
	if (argc > 1 && !strcmp(argv[1], "--segments"))
		test_segments();
	else if (argc > 1 && !strcmp(argv[1], "--offline"))
		test_offline();
	else
		test_all(argv[1]);
	printf("1..%d\n", tests);
	return failures != 0;
}
