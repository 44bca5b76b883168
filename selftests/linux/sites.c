// SPDX-License-Identifier: GPL-2.0-only
/*
 * sites - on bare metal the calls of paravirt operations are native instructions.
 *
 *	the image                                       the memory of the running kernel
 *	call *pv_ops+N  --- .altinstructions: unless paravirtual --->  mov %rsi,(%rdi); nop
 *	call *pv_ops+M  --- .parainstructions: M does nothing ------>  nop
 *
 * Looks at each of these places in /proc/kcore, and tells them by what pv_ops has there. Not
 * at those which become direct calls, nor at .init.text, which is gone. As root, natively. TAP.
 *	sites VMLINUX	(what is running, unpacked: scripts/extract-vmlinux of the kernel)
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALT_INVERTED	0x8000		/* asm/alternative.h: if the CPU lacks the feature */
#define MAX_KINDS	64
#define MAX_CODE	16
#define SYMBOL_LEN	80
#define N_RULES		(sizeof(rules) / sizeof(*rules))

/* asm/alternative.h; the offsets are from the fields themselves */
struct alt_instr {
	int32_t site, replacement;
	uint16_t feature;
	uint8_t site_len, replacement_len;
} __attribute__((packed));

/* asm/paravirt_types.h */
struct paravirt_patch_site {
	uint64_t site;
	uint8_t type, len;
} __attribute__((aligned(8)));

/* Places that call the same function and become the same instructions */
struct kind {
	uint64_t function;	/* its address in the image */
	uint8_t code[MAX_CODE];
	size_t len;		/* 0: nothing but nops */
	unsigned int sites, wrong;
};

/* A native function, its instructions, and how many places there are at the least */
static const struct rule {
	const char *function;
	uint8_t code[MAX_CODE];
	size_t len;
	unsigned int least;
} rules[] = {
	{ "native_set_pte", { 0x48, 0x89, 0x37 }, 3, 50 },		/* mov %rsi,(%rdi) */
	{ "native_ptep_set_wrprotect", { 0xf0, 0x48, 0x83, 0x27, 0xfd }, 5, 2 },
						/* lock andq $~_PAGE_RW,(%rdi) */
	{ "native_ptep_clear_young", { 0xf0, 0x48, 0x83, 0x27, 0xdf }, 5, 2 },
						/* lock andq $~_PAGE_ACCESSED,(%rdi) */
	{ "native_ptep_get_and_clear", { 0xb8, 0, 0, 0, 0, 0x48, 0x87, 0x07 }, 8, 5 },
						/* mov $0,%eax; xchg %rax,(%rdi) */
	{ "native_queued_spin_unlock", { 0xc6, 0x07, 0x00 }, 3, 1 },		/* movb $0,(%rdi) */
	{ "native_vcpu_is_preempted", { 0x48, 0x31, 0xc0 }, 3, 1 },	/* xor %rax,%rax */
	{ "native_save_fl", { 0x9c, 0x58 }, 2, 100 },			/* pushf; pop %rax */
	{ "native_irq_enable", { 0xfb }, 1, 100 },			/* sti */
	{ "native_irq_disable", { 0xfa }, 1, 100 },			/* cli */
	{ "native_read_cr2", { 0x0f, 0x20, 0xd0 }, 3, 1 },		/* mov %cr2,%rax */
	{ "native_read_cr3", { 0x0f, 0x20, 0xd8 }, 3, 1 },		/* mov %cr3,%rax */
	{ "native_write_cr3", { 0x0f, 0x22, 0xdf }, 3, 1 },		/* mov %rdi,%cr3 */
	{ "native_wbinvd", { 0x0f, 0x09 }, 2, 1 },			/* wbinvd */
	{ "paravirt_ident_64", { 0x48, 0x89, 0xf8 }, 3, 100 },		/* mov %rdi,%rax */
	{ "paravirt_nop", { 0 }, 0, 50 },
};

static struct kind kinds[MAX_KINDS];
static unsigned int sites[N_RULES];	/* that were found for each rule */
static size_t n_kinds;
static const uint8_t *image;
static uint64_t slide;
static int core, tests, failures;

static void need(bool good, const char *what)
{
	if (good)
		return;
	printf("Bail out! %s\n", what);
	exit(2);
}

static const Elf64_Shdr *section(const char *name)
{
	const Elf64_Ehdr *elf = (const void *)image;
	const Elf64_Shdr *sections = (const void *)(image + elf->e_shoff);
	const char *names = (const char *)image + sections[elf->e_shstrndx].sh_offset;

	for (int i = 0; i < elf->e_shnum; i++)
		if (!strcmp(names + sections[i].sh_name, name))
			return &sections[i];
	printf("Bail out! the image has no %s\n", name);
	exit(2);
}

/* The image's bytes at the address @va in its section @name; NULL: it is not there. */
static const uint8_t *at(const char *name, uint64_t va)
{
	const Elf64_Shdr *s = section(name);

	if (va < s->sh_addr || va >= s->sh_addr + s->sh_size)
		return NULL;
	return image + s->sh_offset + (va - s->sh_addr);
}

/* The running kernel's memory at the address @va of the image */
static void read_memory(uint64_t va, uint8_t *buffer, size_t len)
{
	static Elf64_Phdr segments[32];
	static Elf64_Ehdr elf;

	if (!elf.e_phnum) {
		need(pread(core, &elf, sizeof(elf), 0) == sizeof(elf) && elf.e_phnum <= 32 &&
		     pread(core, segments, elf.e_phnum * sizeof(*segments), elf.e_phoff) > 0,
		     "/proc/kcore");
	}
	va += slide;
	for (int i = 0; i < elf.e_phnum; i++) {
		uint64_t offset = va - segments[i].p_vaddr;

		if (segments[i].p_type == PT_LOAD && va >= segments[i].p_vaddr &&
		    offset < segments[i].p_filesz) {
			need(pread(core, buffer, len, segments[i].p_offset + offset) == (long)len,
			     "/proc/kcore cannot be read");
			return;
		}
	}
	need(false, "/proc/kcore does not have the kernel's text");
}

/* The running kernel's symbol at *@address, or, if that is 0, the one called @name */
static void find_symbol(char name[SYMBOL_LEN], uint64_t *address)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	char line[300], have[SYMBOL_LEN];
	uint64_t value;

	need(f, "/proc/kallsyms");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNx64 " %*c %79s", &value, have) != 2 ||
		    (*address ? value != *address : strcmp(have, name) != 0))
			continue;
		*address = value;
		strcpy(name, have);
		fclose(f);
		return;
	}
	printf("Bail out! /proc/kallsyms has no %s %" PRIx64 "\n", *address ? "" : name, *address);
	exit(2);
}

static uint64_t address_of(const char *symbol)
{
	char name[SYMBOL_LEN];
	uint64_t address = 0;

	strcpy(name, symbol);
	find_symbol(name, &address);
	return address;
}

/* What pv_ops has natively for the call in @code at @va, if one is there; else 0 */
static uint64_t called(const uint8_t *code, size_t len, uint64_t va)
{
	int32_t displacement;
	const uint8_t *slot;
	uint64_t function;

	for (size_t i = 0; i + 6 <= len; i++) {
		if (code[i] != 0xff || code[i + 1] != 0x15)	/* call *DISPLACEMENT(%rip) */
			continue;
		memcpy(&displacement, code + i + 2, sizeof(displacement));
		slot = at(".data", va + i + 6 + displacement);
		if (!slot)
			return 0;
		memcpy(&function, slot, sizeof(function));
		return function;
	}
	return 0;
}

static struct kind *kind_of(uint64_t function, const uint8_t *code, size_t len)
{
	struct kind *k;

	for (k = kinds; k < kinds + n_kinds; k++)
		if (k->function == function && k->len == len && !memcmp(k->code, code, len))
			return k;
	need(n_kinds < MAX_KINDS && len <= MAX_CODE, "too many kinds of sites");
	n_kinds++;
	k->function = function;
	memcpy(k->code, code, len);
	k->len = len;
	return k;
}

static bool nops(const uint8_t *code, size_t len)
{
	static const uint8_t nop[][8] = {	/* Intel SDM, volume 2: NOP */
		{ 0x90 }, { 0x66, 0x90 }, { 0x0f, 0x1f, 0 }, { 0x0f, 0x1f, 0x40, 0 },
		{ 0x0f, 0x1f, 0x44, 0, 0 }, { 0x66, 0x0f, 0x1f, 0x44, 0, 0 },
		{ 0x0f, 0x1f, 0x80, 0, 0, 0, 0 }, { 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 },
	};
	size_t n;

	for (; len; code += n, len -= n) {
		for (n = len < 8 ? len : 8; n && memcmp(code, nop[n - 1], n); n--)
			;
		if (!n)
			return false;
	}
	return true;
}

/* Is the site's memory what it shall be, then nops? */
static void look_at(uint64_t va, size_t site_len, struct kind *k)
{
	uint8_t memory[256];

	read_memory(va, memory, site_len);
	k->sites++;
	if (memcmp(memory, k->code, k->len) || !nops(memory + k->len, site_len - k->len))
		k->wrong++;
}

static void look_at_alternatives(void)
{
	const Elf64_Shdr *s = section(".altinstructions");
	const struct alt_instr *all = (const void *)(image + s->sh_offset);

	for (size_t i = 0; i < s->sh_size / sizeof(*all); i++) {
		uint64_t entry = s->sh_addr + i * sizeof(*all);
		uint64_t site = entry + all[i].site;
		const uint8_t *code = at(".text", site), *replacement;
		uint64_t function;

		/* What is in no .text, but in .init.text, is gone by now. */
		if (!(all[i].feature & ALT_INVERTED) || !code)
			continue;
		function = called(code, all[i].site_len, site);
		if (!function)
			continue;
		replacement = at(".altinstr_replacement",
				 entry + sizeof(int32_t) + all[i].replacement);
		need(replacement, "a replacement that is not there");
		look_at(site, all[i].site_len,
			kind_of(function, replacement, all[i].replacement_len));
	}
}

static void look_at_empty_operations(void)
{
	const Elf64_Shdr *s = section(".parainstructions");
	const struct paravirt_patch_site *all = (const void *)(image + s->sh_offset);
	const uint64_t empty = address_of("_paravirt_nop") - slide;

	for (size_t i = 0; i < s->sh_size / sizeof(*all); i++) {
		const uint8_t *code = at(".text", all[i].site);

		if (code && called(code, all[i].len, all[i].site) == empty)
			look_at(all[i].site, all[i].len, kind_of(empty, code, 0));
	}
}

/* xor %rN,%rN; xchg %rN,(%rM), with N from 8 on: what clears an entry with any register */
static bool clears_with_any(const uint8_t *code, size_t len)
{
	const unsigned int n = code[2] & 7, m = code[5] & 7;
	/* RBP and R13 need a displacement, RSP and R12 a SIB byte. */
	const unsigned int mod = m == 5 ? 0x40 : 0, last = m == 5 ? 0 : 0x24;

	return len == 6 + (m == 4 || m == 5) && code[0] == 0x45 && code[1] == 0x31 &&
	       code[2] == (0xc0 | n << 3 | n) && (code[3] & 0xfe) == 0x4c && code[4] == 0x87 &&
	       code[5] == (mod | n << 3 | m) && (len == 6 || code[6] == last);
}

static bool follows(const struct kind *k, const struct rule *r)
{
	return (k->len == r->len && !memcmp(k->code, r->code, k->len)) ||
	       (!strcmp(r->function, "native_ptep_get_and_clear") &&
		clears_with_any(k->code, k->len));
}

static void result(bool good)
{
	printf("%sok %d - ", good ? "" : "not ", ++tests);
	failures += !good;
}

static void report(const struct kind *k)
{
	uint64_t address = k->function + slide;
	char name[SYMBOL_LEN];
	bool good = false;

	find_symbol(name, &address);
	for (size_t i = 0; i < N_RULES; i++) {
		if (!strstr(name, rules[i].function))
			continue;
		good = follows(k, &rules[i]);
		sites[i] += k->sites;
	}
	if (!good)
		printf("# that is not its native instruction\n");
	if (k->wrong)
		printf("# %u of them are not\n", k->wrong);
	result(good && !k->wrong);
	printf("%s: %u sites are", name, k->sites);
	for (size_t i = 0; i < k->len; i++)
		printf(" %02x", k->code[i]);
	printf(k->len ? "\n" : " nops\n");
}

int main(int argc, char **argv)
{
	struct stat st;
	int fd;

	need(argc == 2, "usage: sites VMLINUX");
	fd = open(argv[1], O_RDONLY);
	core = open("/proc/kcore", O_RDONLY);
	need(core >= 0, "/proc/kcore: not root, or no CONFIG_PROC_KCORE");
	need(fd >= 0 && !fstat(fd, &st) && st.st_size > (long)sizeof(Elf64_Ehdr), argv[1]);
	image = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	need(image != MAP_FAILED && !memcmp(image, ELFMAG, SELFMAG), "the image is not ELF");
	slide = address_of("_text") - section(".text")->sh_addr;
	look_at_alternatives();
	look_at_empty_operations();
	for (size_t i = 0; i < n_kinds; i++)
		report(&kinds[i]);
	for (size_t i = 0; i < N_RULES; i++) {
		result(sites[i] >= rules[i].least);
		printf("%s: %u sites at the least\n", rules[i].function, rules[i].least);
	}
	printf("1..%d\n", tests);
	return failures != 0;
}
