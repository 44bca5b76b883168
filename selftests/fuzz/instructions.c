// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random things that are no hypercalls: writes to page tables, to what is shared
 * with the core, privileged instructions, selectors, user mode.
 */
#include "fuzz.h"

static void write_table(struct fuzz_vcpu *v)
{
	uint64_t *slot = &fuzz_table[fuzz_below(v, PLAY_TABLES)][fuzz_below(v, 512)];
	uint64_t val = fuzz_pte(v), old = READ_ONCE(*slot);

	switch (fuzz_below(v, 8)) {
	case 0:
		asm volatile("xchgq %0, %1" : "+r" (val), "+m" (*slot));
		break;
	case 1:
		asm volatile("lock cmpxchgq %2, %1" : "+a" (old), "+m" (*slot) : "r" (val));
		break;
	case 2:
		asm volatile("lock btrq $1, %0" : "+m" (*slot));
		break;
	case 3:
		asm volatile("lock andq %1, %0" : "+m" (*slot) : "r" (val));
		break;
	case 4:
		asm volatile("orl %k1, %0" : "+m" (*slot) : "r" (val));
		break;
	case 5:
		asm volatile("movb %b1, %0" : "+m" (*slot) : "q" (val));
		break;
	default:
		WRITE_ONCE(*slot, val);
	}
}

static void touch(struct fuzz_vcpu *v)
{
	volatile uint64_t *at = (uint64_t *)(fuzz_va(v) & ~7UL);
	uint64_t is = *at;

	if (fuzz_chance(v, 2))
		*at = fuzz_chance(v, 2) ? is : fuzz_number(v);
}

/* What the core reads from memory that is ours: events, grants, start_info. */
static void scribble(struct fuzz_vcpu *v)
{
	uint32_t *shared = (uint32_t *)micro_shared;

	if (fuzz_chance(v, 2))
		shared[fuzz_below(v, 16)] = fuzz_number(v);
	else
		shared[fuzz_below(v, PAGE_SIZE / 4)] = fuzz_number(v);
}

/* The other vcpu's arguments change while the core looks at them. */
static void race(struct fuzz_vcpu *v)
{
	uint64_t *args = (uint64_t *)fuzz_args;
	unsigned int n = 50 + fuzz_below(v, 500), at = fuzz_below(v, 16), i;
	uint64_t other = fuzz_chance(v, 2) ? fuzz_number(v) : fuzz_va(v), is = args[at];

	for (i = 0; i < n; i++)
		WRITE_ONCE(args[at], i % 2 ? is : other);
}

#define IT(insn) case __COUNTER__:					\
	asm volatile(insn : "+a" (a), "+d" (d), "+c" (c) : "b" (b)	\
		     : "memory", "cc", "rsi", "rdi");			\
	break

/* Registers are random: addresses, too. */
static void privileged(struct fuzz_vcpu *v)
{
	static const uint32_t msrs[] = { 0xc0000000, 0xc0010000, 0x40000000, 0x800, 0, 0 };
	uint64_t a = fuzz_number(v), d = fuzz_number(v), b = fuzz_va(v);
	uint64_t c = msrs[fuzz_below(v, ARRAY_SIZE(msrs))] + fuzz_below(v, 0x1000);

	switch (fuzz_below(v, 40)) {
	IT("rdmsr"); IT("wrmsr"); IT("rdmsr"); IT("wrmsr"); IT("cpuid"); IT("rdtscp");
	IT("inb %%dx, %%al"); IT("outl %%eax, %%dx"); IT("inl $0x60, %%eax");
	IT("mov %%cr0, %%rax"); IT("mov %%cr3, %%rax"); IT("mov %%cr4, %%rax");
	IT("mov %%rax, %%cr0"); IT("mov %%rax, %%cr3"); IT("mov %%rax, %%cr4");
	IT("mov %%rax, %%dr7"); IT("mov %%rax, %%dr0"); IT("mov %%dr6, %%rax");
	IT("clts"); IT("wbinvd"); IT("cli"); IT("sti"); IT("lgdt (%%rbx)"); IT("lidt (%%rbx)");
	IT("ltr %%ax"); IT("lldt %%ax"); IT("int $0x80"); IT("int3"); IT("ud2");
	IT("invlpg (%%rbx)"); IT("xsetbv"); IT("swapgs"); IT("wrgsbase %%rbx");
	IT("mov %%eax, %%ds"); IT("mov %%eax, %%fs"); IT("verr %%ax"); IT("lar %%eax, %%eax");
	IT("ud2a\n.ascii \"xen\"\ncpuid"); IT("insb"); IT("fxrstor (%%rbx)");
	}
}

static void selectors(struct fuzz_vcpu *v)
{
	uint16_t sel = fuzz_chance(v, 2) ? fuzz_below(v, 64) | 3 : fuzz_number(v);

	switch (fuzz_below(v, 4)) {
	case 0:
		asm volatile("movw %0, %%es" :: "r" (sel));
		break;
	case 1:
		asm volatile("movw %0, %%ds" :: "r" (sel));
		break;
	case 2:
		asm volatile("movw %0, %%gs" :: "r" (sel));
		break;
	default:
		if (fuzz_chance(v, 8))	/* a 32-bit kernel does not live long */
			asm volatile("pushq %0\n\tpushq $1f\n\tlretq\n1:\tud2"
				     :: "r" ((uint64_t)sel));
	}
	asm volatile("movl %0, %%ds\n\tmovl %0, %%es" :: "r" (0));
}

/* To anywhere, in kernel or user mode; a trap brings us back. */
static void do_iret(struct fuzz_vcpu *v)
{
	static struct {
		uint64_t room[16];
		struct micro_frame frame;
	} stage[ATTACKER_VCPUS];
	struct micro_frame *f = &stage[v->id].frame;
	static const uint64_t code[] = { FLAT_KERNEL_CS, FLAT_USER_CS, FLAT_USER_CS | 3, 0x1b };
	uint64_t *word = (uint64_t *)f;
	unsigned int i;

	if (!fuzz_chance(v, 8))
		return;		/* it ends us often */
	for (i = 0; i < sizeof(*f) / 8; i++)
		word[i] = fuzz_number(v);
	f->cs = fuzz_chance(v, 8) ? fuzz_number(v) : code[fuzz_below(v, ARRAY_SIZE(code))];
	f->ss = fuzz_chance(v, 8) ? fuzz_number(v) : FLAT_USER_SS;
	f->rflags = fuzz_chance(v, 2) ? 0x202 : fuzz_number(v);
	f->rsp = fuzz_chance(v, 4) ? fuzz_va(v) : (uint64_t)v->stack + sizeof(v->stack) / 2;
	f->rip = fuzz_chance(v, 2) ? fuzz_va(v) : (uint64_t)micro_hypercall_page;
	if (!fuzz_chance(v, 8))
		micro_mmuext(MMUEXT_NEW_USER_BASEPTR, micro_va_to_mfn(micro_user_l4), 0);
	micro_frame_load(f);
}

static const struct fuzz_kind kinds[] = {
	{ write_table, 12 }, { touch, 8 }, { scribble, 4 }, { race, 6 }, { privileged, 6 },
	{ selectors, 1 }, { do_iret, 1 },
};

/** fuzz_instruction() - one thing that is no hypercall */
void fuzz_instruction(struct fuzz_vcpu *v)
{
	fuzz_one_of(v, kinds, ARRAY_SIZE(kinds));
}
