// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exceptions of the guest kernel: which handler, and what the frame holds
 * (arch-x86/xen.h set_trap_table; CPU manual, exception reference).
 */
#include "micro.h"

static struct micro_regs regs;

static void frame_report(const char *key)
{
	const struct micro_frame *frame = &micro_probe.frame;

	micro_probe_report(key);
	/* flags: without those arithmetic leaves behind */
	micro_report("%s cs=%lx ss=%lx rflags=%lx", key, frame->cs, frame->ss,
		     frame->rflags & ~0x8d5UL);
}

/* Faults without an error code: rip is the instruction's. */
MICRO_TEST(exception_faults)
{
	regs = (struct micro_regs){ .rax = 1 };
	MICRO_PROBE(&regs, "xorl %%ecx, %%ecx; xorl %%edx, %%edx; divl %%ecx");
	frame_report("divide");
	MICRO_PROBE(&regs, "ud2");
	frame_report("ud2");
	MICRO_PROBE(&regs, ".byte 0x0f, 0xff, 0xc0");
	frame_report("ud0");
	MICRO_PROBE(&regs, ".byte 0x06");
	frame_report("push_es");
	MICRO_PROBE(&regs, ".byte 0xf0, 0x90");
	frame_report("lock_nop");
}

/* Traps: rip is behind the instruction; #BP and INTO-like need DPL 3. */
MICRO_TEST(exception_breakpoint)
{
	MICRO_PROBE(&regs, "int3");
	frame_report("int3");
	MICRO_PROBE(&regs, ".byte 0xcd, 3");
	frame_report("int_3");
	MICRO_PROBE(&regs, "pushfq; orl $0x100, (%%rsp); popfq; nop; nop");
	frame_report("single_step");
	micro_report("dr6=%lx", hc_get_debugreg(6));
}

/*
 * QEMU's software CPU reports "int n" without right to the gate as error code
 * n * 16 + 2, where the manual has n * 8 + 2; a core that goes by the manual
 * then finds vector 2n. Both gates are set up alike and both answers are taken,
 * so that the tests are good on either CPU.
 */
static void gate_set(unsigned int vector, unsigned int flags)
{
	static struct trap_info gates[3];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		gates[i] = (struct trap_info){
			.vector = vector << i, .flags = flags,
			.cs = FLAT_KERNEL_CS,
			.address = (unsigned long)micro_stubs +
				   (vector << i) * 32,
		};
	}
	micro_need(!hc_set_trap_table(gates));
}

static void gate_report(const char *key, unsigned int vector)
{
	unsigned int found = micro_probe.frame.vector;
	unsigned int index = micro_probe.frame.error >> 3;

	if (!micro_probe.trapped)
		micro_report("%s=ok", key);
	else if (found == vector || found == vector * 2)
		micro_report("%s=arrived(%lx)+%ld", key,
			     micro_probe.frame.error, micro_probe.rip_offset);
	else if (found == 13 && (index == vector || index == vector * 2))
		micro_report("%s=#GP(n*8+%lx)+%ld", key,
			     micro_probe.frame.error & 7,
			     micro_probe.rip_offset);
	else
		micro_probe_report(key);
}

/*
 * int n: a gate with level >= 1 may be used by the kernel, level 0 by nobody:
 * #GP with error code n * 8 + 2; the same for vectors nobody registered.
 */
MICRO_TEST(exception_int_gates)
{
	static struct trap_info none[1];
	unsigned int level;
	char key[8];

	for (level = 0; level < 4; level++) {
		gate_set(0x35, level);
		MICRO_PROBE(&regs, "int $0x35");
		micro_format(key, sizeof(key), "level%u", level);
		gate_report(key, 0x35);
	}
	MICRO_PROBE(&regs, "int $0x0e");
	gate_report("page_fault_vector", 0x0e);
	MICRO_PROBE(&regs, "int $0x80");
	gate_report("int80", 0x80);
	/* NULL drops every handler: set up again what reports the result */
	micro_report("null_table=%ld", hc_set_trap_table(NULL));
	gate_set(13, 0);
	MICRO_PROBE(&regs, "int $0x35");
	gate_report("no_handler", 0x35);
	micro_report("empty_table=%ld", hc_set_trap_table(none));
}

/*
 * set_trap_table: bad selectors are fixed up to the kernel's, addresses must
 * be canonical, the list ends at address 0, and bad pointers are refused.
 */
MICRO_TEST(exception_table_arguments)
{
	static struct trap_info one[2];

	one[0] = (struct trap_info){
		.vector = 0x36, .flags = 3, .cs = 0xe033,
		.address = 0x800000000000UL,
	};
	micro_report("noncanonical=%ld", hc_set_trap_table(one));
	one[0].address = (unsigned long)micro_stubs + 0x36 * 32;
	one[0].cs = 0x10;
	micro_report("ring0_selector=%ld", hc_set_trap_table(one));
	MICRO_PROBE(&regs, "int $0x36");
	gate_report("use", 0x36);
	one[0].cs = 0;
	micro_report("null_selector=%ld", hc_set_trap_table(one));
	one[0].cs = 0xe02b;
	micro_report("data_selector=%ld", hc_set_trap_table(one));
	one[0].cs = 0xe033;
	one[0].flags = 0xff;
	micro_report("flag_bits=%ld", hc_set_trap_table(one));
	micro_report("bad_pointer=%ld", hc_set_trap_table(0x1000));
	micro_report("hypervisor_pointer=%ld",
		     hc_set_trap_table(0xffff830000000000));
}

static uint64_t seen_cs, seen_flags;
static unsigned int seen_mask, seen_count;

static void note_mask(struct micro_frame *frame)
{
	seen_cs = frame->cs;
	seen_flags = frame->rflags;
	seen_mask = micro_vcpu_info()->evtchn_upcall_mask;
	seen_count++;
}

static void int_with_flags(unsigned int flags, unsigned int mask)
{
	unsigned int after;

	gate_set(0x37, flags);
	micro_vcpu_info()->evtchn_upcall_mask = mask;
	barrier();
	asm volatile("int $0x37" ::: "memory");
	after = micro_vcpu_info()->evtchn_upcall_mask;
	micro_vcpu_info()->evtchn_upcall_mask = 1;
	micro_report("if=%u mask=%u: in_handler=%u saved=%lx frame_if=%lu after=%u",
		     flags >> 2, mask, seen_mask, seen_cs >> 32,
		     (seen_flags >> 9) & 1, after);
}

/*
 * A gate with TI_GET_IF masks events on the way in; the old mask is in the
 * frame (saved_upcall_mask, and rflags.IF is its inverse), and iret restores
 * the mask from rflags.IF.
 */
MICRO_TEST(exception_event_mask)
{
	micro_trap_hook(0x37, note_mask);
	micro_trap_hook(0x37 * 2, note_mask);
	int_with_flags(3, 0);
	int_with_flags(3, 1);
	int_with_flags(3 | 4, 0);
	int_with_flags(3 | 4, 1);
	micro_check(seen_count == 4);
}

/* #PF: error code bits as the CPU makes them, address in arch.cr2. */
MICRO_TEST(exception_page_fault)
{
	char *page = micro_page_alloc();

	regs.rax = 0x123456000;
	MICRO_PROBE(&regs, "movb (%%rax), %%cl");
	frame_report("read_absent");
	micro_report("cr2=%lx", micro_probe.cr2);
	MICRO_PROBE(&regs, "movb %%cl, 5(%%rax)");
	frame_report("write_absent");
	micro_report("cr2=%lx", micro_probe.cr2);
	regs.rax = (unsigned long)page;
	micro_page_protect(page, false);
	MICRO_PROBE(&regs, "movb %%cl, (%%rax)");
	frame_report("write_readonly");
	micro_map(page, (micro_va_to_mfn(page) << PAGE_SHIFT) | PTE_RW | PTE_NX);
	MICRO_PROBE(&regs, "jmp *%%rax");
	micro_report("fetch_nx=%s(%lx) rip_is_target=%d",
		     micro_vector_name(micro_probe.frame.vector),
		     micro_probe.frame.error,
		     micro_probe.frame.rip == (unsigned long)page);
}

/* Addresses of the core: a #PF for the guest, no data; m2p is readable. */
MICRO_TEST(exception_hypervisor_range)
{
	static const unsigned long where[] = {
		0xffff804000000000, 0xffff82d040000000, 0xffff82d080000000,
		0xffff830000000000, 0xffff820000000000, 0xffff87ffffffffff,
		0xffff81c000000000, 0xffff828000000000,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(where); i++) {
		regs.rax = where[i];
		MICRO_PROBE(&regs, "movb (%%rax), %%cl");
		micro_report("read_%lx vector=%s cr2_same=%d", where[i],
			     micro_probe.trapped ?
			     micro_vector_name(micro_probe.frame.vector) : "-",
			     micro_probe.cr2 == where[i]);
		micro_check(micro_probe.trapped);
	}
	regs.rax = MACH2PHYS_VIRT_START;
	MICRO_PROBE(&regs, "movq (%%rax), %%rcx");
	micro_probe_report("m2p_read");
	MICRO_PROBE(&regs, "movq %%rcx, (%%rax)");
	micro_probe_report("m2p_write");
	micro_check(micro_probe.trapped);
}

/* Non-canonical addresses are #GP(0), #SS(0) through the stack pointer. */
MICRO_TEST(exception_noncanonical)
{
	regs.rax = 0x800000000000;
	MICRO_PROBE(&regs, "movb (%%rax), %%cl");
	micro_probe_report("read");
	/* like MICRO_PROBE, but with %rbp to be put back after the trap */
	micro_probe.trapped = false;
	asm volatile("movq $1f, micro_probe_start(%%rip)\n\t"
		     "movq $2f, micro_probe_resume(%%rip)\n\t"
		     "pushq %%rbp; movq %%rax, %%rbp\n"
		     "1:\tmovb (%%rbp), %%cl\n"
		     "2:\tpopq %%rbp"
		     :: "a" (0x800000000000) : "rcx", "memory");
	micro_check(micro_probe.trapped);
	micro_report("through_rbp=%s(%lx)",
		     micro_vector_name(micro_probe.frame.vector),
		     micro_probe.frame.error);
}

/* Selectors: absent, bad type and null ones on load. */
MICRO_TEST(exception_selectors)
{
	static const struct {
		const char *name;
		unsigned int selector;
	} loads[] = {
		{ "null", 0 }, { "null_rpl3", 3 }, { "flat_ds32", 0xe02b },
		{ "flat_cs64", 0xe033 }, { "flat_cs32", 0xe023 },
		{ "beyond", 0xfff8 | 3 }, { "guest_part", 0x1b },
		{ "ldt", 0x7 | 0x10 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(loads); i++) {
		regs.rax = loads[i].selector;
		MICRO_PROBE(&regs, "movl %%eax, %%es");
		micro_report("%s", loads[i].name);
		micro_probe_report("es");
	}
	regs.rax = 0;
	MICRO_PROBE(&regs, "movl %%eax, %%es");
	MICRO_PROBE(&regs, "movl %%eax, %%ss");
	micro_probe_report("ss_null");
	regs.rax = 0x1b;
	MICRO_PROBE(&regs, "movl %%eax, %%ss");
	micro_probe_report("ss_guest");
}

/*
 * A trap on a stack nobody can write to is the end of the guest: nothing is
 * left to tell it. Only the guest, though.
 */
MICRO_TEST_CRASH(exception_bad_stack)
{
	asm volatile("movq $0x1000, %%rsp; ud2" ::: "memory");
}

/* The same for an exception without a handler. */
MICRO_TEST_CRASH(exception_no_handler)
{
	micro_report("clear=%ld", hc_set_trap_table(NULL));
	asm volatile("ud2" ::: "memory");
}
