// SPDX-License-Identifier: GPL-2.0-only
/*
 * Privileged instructions of a guest kernel in ring 3: which the core carries
 * out for it, which do nothing, which are #GP (CPU manual, instruction
 * reference; xen.h VMASST_TYPE_architectural_iopl; physdev.h set_iopl).
 */
#include "micro.h"

static struct micro_regs regs;

#define TRY(name, insn)							\
	do {								\
		MICRO_PROBE(&regs, insn);				\
		micro_probe_report(name);				\
	} while (0)

/* No effect or #GP, but nothing that reaches the machine. */
MICRO_TEST(privileged_simple)
{
	static struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) table;

	regs = (struct micro_regs){ .rdi = (unsigned long)&table };
	TRY("cli", "cli");
	TRY("sti", "sti");
	TRY("invd", "invd");
	TRY("wbinvd", "wbinvd");
	TRY("clts", "clts");
	TRY("invlpg", "invlpg (%%rdi)");
	TRY("lgdt", "lgdt (%%rdi)");
	TRY("lidt", "lidt (%%rdi)");
	TRY("lldt", "lldt %%ax");
	TRY("ltr", "ltr %%ax");
	TRY("lmsw", "lmsw %%ax");
	TRY("swapgs", "swapgs");
	TRY("rdpmc", "rdpmc");
	TRY("sysret", "sysretq");
	TRY("smsw_memory", "smsw (%%rdi)");
	TRY("monitor", "monitor");
	TRY("mwait", "mwait");
	TRY("rsm", "rsm");
	TRY("vmmcall", "vmmcall");
}

/* hlt in the guest kernel waits for an event; one that is pending ends it. */
MICRO_TEST(privileged_hlt)
{
	evtchn_port_t port = micro_event_bind_ipi(0);
	struct evtchn_send send = { .port = port };

	micro_event_set_mask(port, false);
	micro_need(!micro_event_op(EVTCHNOP_send, &send));
	micro_trap_hook(ENTRY_EVENT, NULL);
	TRY("hlt", "hlt");
}

/* Control registers: reads of 0, 2, 3, 4, 8. */
MICRO_TEST(privileged_cr_read)
{
	uint64_t cr3;

	TRY("read_cr0", "movq %%cr0, %%rax");
	micro_report("cr0=%lx", regs.rax);
	regs.rax = 0x123456789;
	MICRO_PROBE(&regs, "movb (%%rax), %%cl");
	/* what the guest writes there is not what the core gives back */
	micro_vcpu_info()->arch.cr2 = 0x1234;
	TRY("read_cr2", "movq %%cr2, %%rax");
	micro_report("cr2=%lx", regs.rax);
	TRY("read_cr3", "movq %%cr3, %%rax");
	cr3 = micro_va_to_mfn((void *)micro_start_info->pt_base) << PAGE_SHIFT;
	micro_report("cr3_is_base=%d", regs.rax == cr3);
	TRY("read_cr4", "movq %%cr4, %%rax");
	/* optional CPU features decide on the rest */
	micro_report("cr4=%lx", regs.rax & 0x6ff);
	micro_info("cr4=%lx", regs.rax);
	TRY("read_cr8", "movq %%cr8, %%rax");
	TRY("smsw", "smswq %%rax");
}

/* Control registers: writes. Only TS of CR0 is the guest's to change. */
MICRO_TEST(privileged_cr_write)
{
	uint64_t cr0, cr3, cr4;

	MICRO_PROBE(&regs, "movq %%cr0, %%rax");
	cr0 = regs.rax;
	TRY("cr0_same", "movq %%rax, %%cr0");
	regs.rax = cr0 ^ 8;
	TRY("cr0_flip_ts", "movq %%rax, %%cr0");
	MICRO_PROBE(&regs, "movq %%cr0, %%rbx");
	micro_report("ts_changed=%d", !!((regs.rbx ^ cr0) & 8));
	regs.rax = cr0;
	TRY("cr0_back", "movq %%rax, %%cr0");
	regs.rax = cr0 & ~0x10000UL;
	TRY("cr0_no_wp", "movq %%rax, %%cr0");
	regs.rax = cr0 & ~0x80000000UL;
	TRY("cr0_no_pg", "movq %%rax, %%cr0");
	regs.rax = 0x5678;
	TRY("cr2", "movq %%rax, %%cr2");
	micro_report("arch_cr2=%lx", micro_vcpu_info()->arch.cr2);
	MICRO_PROBE(&regs, "movq %%cr3, %%rax");
	cr3 = regs.rax;
	TRY("cr3_same", "movq %%rax, %%cr3");
	regs.rax = micro_bad_mfn() << PAGE_SHIFT;
	TRY("cr3_bad", "movq %%rax, %%cr3");
	regs.rax = cr3;
	TRY("cr3_back", "movq %%rax, %%cr3");
	MICRO_PROBE(&regs, "movq %%cr4, %%rax");
	cr4 = regs.rax;
	TRY("cr4_same", "movq %%rax, %%cr4");
	regs.rax = cr4 & ~0x20UL;
	TRY("cr4_no_pae", "movq %%rax, %%cr4");
	regs.rax = cr4 | 0x2000;
	TRY("cr4_vmxe", "movq %%rax, %%cr4");
	regs.rax = cr4 ^ 4;
	TRY("cr4_flip_tsd", "movq %%rax, %%cr4");
	regs.rax = cr4 ^ 8;
	TRY("cr4_flip_de", "movq %%rax, %%cr4");
	regs.rax = cr4 ^ 0x80;
	TRY("cr4_flip_pge", "movq %%rax, %%cr4");
	MICRO_PROBE(&regs, "movq %%cr4, %%rbx");
	micro_report("cr4_pge_changed=%d", !!((regs.rbx ^ cr4) & 0x80));
	regs.rax = cr4 ^ 4;
	MICRO_PROBE(&regs, "movq %%rax, %%cr4");
	MICRO_PROBE(&regs, "movq %%cr4, %%rbx");
	micro_report("cr4_tsd_changed=%d", !!((regs.rbx ^ cr4) & 4));
	regs.rax = cr4;
	TRY("cr4_back", "movq %%rax, %%cr4");
	regs.rax = 0;
	TRY("cr8", "movq %%rax, %%cr8");
	TRY("cr1", ".byte 0x0f, 0x22, 0xc8");
}

/* CR4.TSD, once set, makes rdtsc fault for user code; the kernel may. */
MICRO_TEST(privileged_rdtsc)
{
	TRY("rdtsc", "rdtsc");
	regs.rcx = 0;
	TRY("rdtscp", "rdtscp");
	micro_report("aux=%lx", regs.rcx);
}

static void port_read(const char *name, unsigned int port)
{
	regs.rdx = port;
	MICRO_PROBE(&regs, "inb %%dx, %%al");
	micro_probe_report(name);
}

/*
 * Port I/O: the kernel may at its virtual IOPL of 1 or more; 0, the default,
 * stops even it. What dom0 may not touch reads as all ones.
 */
MICRO_TEST(privileged_ports)
{
	struct physdev_set_iopl iopl;
	unsigned int level;

	for (level = 0; level < 4; level++) {
		iopl.iopl = level;
		micro_report("set_iopl%u=%ld", level,
			     hc_physdev_op(PHYSDEVOP_set_iopl, &iopl));
		port_read("cmos", 0x71);
		port_read("pic", 0x21);
		regs.rdx = 0xcf8;
		TRY("pci_config_outl", "outl %%eax, %%dx");
	}
	port_read("pit", 0x40);
	regs.rdx = 0x21;
	MICRO_PROBE(&regs, "inb %%dx, %%al");
	micro_report("pic_value=%lx", regs.rax & 0xff);
	regs.rdx = 0x3fd;
	MICRO_PROBE(&regs, "inb %%dx, %%al");
	micro_report("core_uart_value=%lx", regs.rax & 0xff);
	iopl.iopl = 4;
	micro_report("set_iopl4=%ld",
		     hc_physdev_op(PHYSDEVOP_set_iopl, &iopl));
	micro_report("bad_pointer=%ld",
		     hc_physdev_op(PHYSDEVOP_set_iopl, 0x1000));
	iopl.iopl = 0;
	hc_physdev_op(PHYSDEVOP_set_iopl, &iopl);
}

/* pushf/popf cannot raise the real IOPL or clear IF in ring 3. */
MICRO_TEST(privileged_flags)
{
	TRY("popf", "pushfq; orq $0x3000, (%%rsp); andq $~0x200, (%%rsp);"
	    "popfq; pushfq; popq %%rax");
	micro_report("iopl_if=%lx", regs.rax & 0x3200);
}

/*
 * xsetbv: #UD until the guest has set its CR4.OSXSAVE; then it may choose
 * among the states the CPU has.
 */
MICRO_TEST(privileged_xsetbv)
{
	regs = (struct micro_regs){ 0 };
	TRY("xgetbv", "xgetbv");
	regs = (struct micro_regs){ .rax = 3 };
	TRY("without_osxsave", "xsetbv");
	MICRO_PROBE(&regs, "movq %%cr4, %%rax");
	regs.rax |= 0x40000;
	TRY("set_osxsave", "movq %%rax, %%cr4");
	MICRO_PROBE(&regs, "movq %%cr4, %%rax");
	micro_report("osxsave=%lu", regs.rax >> 18 & 1);
	regs = (struct micro_regs){ .rax = 3 };
	TRY("x87_sse", "xsetbv");
	regs = (struct micro_regs){ .rax = 2 };
	TRY("no_x87", "xsetbv");
	regs = (struct micro_regs){ .rax = 0xffffffff, .rdx = 0xffffffff };
	TRY("all_bits", "xsetbv");
	regs = (struct micro_regs){ .rax = 3, .rcx = 1 };
	TRY("register_1", "xsetbv");
	regs = (struct micro_regs){ .rax = 7 };
	TRY("avx", "xsetbv");
	regs = (struct micro_regs){ 0 };
	MICRO_PROBE(&regs, "xgetbv");
	micro_report("xcr0=%lx", regs.rax);
	regs = (struct micro_regs){ .rax = 3 };
	MICRO_PROBE(&regs, "xsetbv");
	MICRO_PROBE(&regs, "movq %%cr4, %%rax");
	regs.rax &= ~0x40000UL;
	TRY("clear_osxsave", "movq %%rax, %%cr4");
}

/* fpu_taskswitch and CR0.TS: #NM on the next FPU use, cleared by delivery. */
MICRO_TEST(privileged_fpu)
{
	TRY("fnop", "fnop");
	micro_report("set=%ld", hc_fpu_taskswitch(1));
	MICRO_PROBE(&regs, "movq %%cr0, %%rax");
	micro_report("cr0_ts=%lu", regs.rax >> 3 & 1);
	TRY("fnop_ts", "fnop");
	MICRO_PROBE(&regs, "movq %%cr0, %%rax");
	micro_report("cr0_ts_after_nm=%lu", regs.rax >> 3 & 1);
	TRY("fnop_again", "fnop");
	hc_fpu_taskswitch(1);
	micro_report("clear=%ld", hc_fpu_taskswitch(0));
	TRY("fnop_clear", "fnop");
	micro_report("set_99=%ld", hc_fpu_taskswitch(99));
	TRY("fnop_99", "fnop");
	hc_fpu_taskswitch(1);
	TRY("clts", "clts");
	TRY("fnop_clts", "fnop");
	hc_fpu_taskswitch(0);
}

/* Guest state of the FPU at the start: what fninit and ldmxcsr make of it. */
MICRO_TEST_ALONE(privileged_fpu_start)
{
	static uint16_t control;
	static uint32_t mxcsr;

	asm volatile("fnstcw %0; stmxcsr %1" : "=m" (control), "=m" (mxcsr));
	micro_report("fcw=%x mxcsr=%x", control, mxcsr);
}

/* Debug registers by hypercall: which values and numbers are refused. */
MICRO_TEST(privileged_debugreg)
{
	static const struct {
		int reg;
		unsigned long value;
	} tries[] = {
		{ 0, 0x1000 }, { 0, 0xffff830000000000 }, { 0, 0x800000000000 },
		{ 1, 0xffffffff80100000 }, { 2, 0 }, { 3, 0x7fffffffffff },
		{ 3, 0xffff800000000000 }, { 4, 0 }, { 5, 0 }, { 4, 1 },
		{ 6, 0 }, { 6, 0xf }, { 6, 0x100000000 }, { 6, 0xffffffff },
		{ 7, 0 }, { 7, 0x400 }, { 7, 0x1 }, { 7, 0x10001 },
		{ 7, 0x20001 }, { 7, 0x80001 }, { 7, 0x2000 }, { 7, 0x1000 },
		{ 7, 0x100000000 }, { 7, 0x300 }, { 7, 0xff }, { 7, 0x400 },
		{ 8, 0 }, { -1, 0 }, { 15, 0 },
	};
	unsigned int i;
	long ret;

	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		ret = hc_set_debugreg(tries[i].reg, tries[i].value);
		micro_report("set_dr%d_%lx=%ld get=%lx", tries[i].reg,
			     tries[i].value, ret,
			     hc_get_debugreg(tries[i].reg));
	}
	hc_set_debugreg(7, 0);
	for (i = 0; i < 4; i++)
		hc_set_debugreg(i, 0);
}

/* Debug registers by instruction, and a breakpoint that comes as #DB. */
MICRO_TEST(privileged_breakpoint)
{
	static uint64_t watched;

	regs.rax = (unsigned long)&watched;
	TRY("mov_dr0", "movq %%rax, %%dr0");
	TRY("read_dr0", "movq %%dr0, %%rbx");
	micro_report("same=%d", regs.rax == regs.rbx);
	TRY("read_dr4", "movq %%dr4, %%rbx");
	TRY("read_dr6", "movq %%dr6, %%rbx");
	micro_report("dr6=%lx", regs.rbx);
	TRY("read_dr7", "movq %%dr7, %%rbx");
	micro_report("dr7=%lx", regs.rbx);
	regs.rbx = 0xd0402;	/* DR0: write, 8... 4 bytes, global */
	TRY("mov_dr7", "movq %%rbx, %%dr7");
	TRY("write_watched", "movl $1, (%%rax)");
	micro_report("dr6_after=%lx", hc_get_debugreg(6));
	hc_set_debugreg(7, 0);
	TRY("write_unwatched", "movl $2, (%%rax)");
	hc_set_debugreg(0, 0);
	hc_set_debugreg(6, 0);
}

/* Segment bases: canonical and outside the core's range only. */
MICRO_TEST(privileged_segment_base)
{
	static uint64_t words[2] = { 0x1111, 0x2222 };
	unsigned int which;
	uint64_t value;

	for (which = 0; which < 5; which++) {
		micro_report("which%u zero=%ld kernel=%ld", which,
			     hc_set_segment_base(which, 0),
			     hc_set_segment_base(which, VIRT_BASE));
		micro_report("which%u noncanonical=%ld hypervisor=%ld", which,
			     hc_set_segment_base(which, 0x800000000000),
			     hc_set_segment_base(which, 0xffff830000000000));
	}
	hc_set_segment_base(SEGBASE_FS, words);
	asm volatile("movq %%fs:0, %0" : "=r" (value));
	micro_report("fs=%lx", value);
	hc_set_segment_base(SEGBASE_GS_KERNEL, words + 1);
	asm volatile("movq %%gs:0, %0" : "=r" (value));
	micro_report("gs=%lx", value);
	/* still there after the core has been through an exception */
	MICRO_PROBE(&regs, "ud2");
	asm volatile("movq %%gs:0, %0" : "=r" (value));
	micro_report("gs_after_trap=%lx", value);
	micro_report("user_sel_null=%ld bad=%ld",
		     hc_set_segment_base(SEGBASE_GS_USER_SEL, 0),
		     hc_set_segment_base(SEGBASE_GS_USER_SEL, 0x1b));
	hc_set_segment_base(SEGBASE_FS, 0);
	hc_set_segment_base(SEGBASE_GS_KERNEL, 0);
}
