// SPDX-License-Identifier: GPL-2.0-only
/*
 * iret with a frame the CPU will not take: a #GP for the guest, as if at the
 * target, or the end of the guest (xen-x86_64.h, HYPERVISOR_iret).
 */
#include "micro.h"

static struct micro_frame frame, seen;

extern char iret_target[];
asm(".text\n"
	"iret_target:	ud2\n");

static void frame_default(void)
{
	frame = (struct micro_frame){
		.rip = (unsigned long)iret_target, .cs = FLAT_USER_CS,
		.rflags = 0x202, .ss = FLAT_USER_SS,
		.rsp = (unsigned long)micro_user_stack + PAGE_SIZE,
	};
}

static void iret_try(const char *key, uint64_t flags)
{
	struct micro_user_result result;

	micro_user_run_frame(&frame, flags, &result);
	seen = result.frame;
	if (seen.vector < 256)
		micro_report("%s=%s(%lx)", key, micro_vector_name(seen.vector),
			     seen.error);
	else
		micro_report("%s=entry%lu", key, seen.vector);
	micro_report("%s rip_same=%d cs=%lx ss=%lx rflags=%lx", key,
		     seen.rip == frame.rip, seen.cs, seen.ss,
		     seen.rflags & 0x247fff);
}

/* Selectors the CPU refuses: #GP(selector) with the frame asked for. */
MICRO_TEST(iret_bad_selectors)
{
	frame_default();
	iret_try("good", 0);
	frame.cs = 0x1b;
	iret_try("cs_absent", 0);
	frame.cs = FLAT_USER_SS;
	iret_try("cs_data", 0);
	frame_default();
	frame.cs = 0xe033 | 4;
	iret_try("cs_ldt", 0);
	frame_default();
	frame.ss = 0x1b;
	iret_try("ss_absent", 0);
	frame.ss = FLAT_USER_CS;
	iret_try("ss_code", 0);
	frame.ss = 0;
	iret_try("ss_null", 0);
	frame.ss = 3;
	iret_try("ss_null_rpl3", 0);
}

/* Addresses: a non-canonical rip, by iret and by the sysret way. */
MICRO_TEST(iret_noncanonical)
{
	frame_default();
	frame.rip = 0x800000000000;
	iret_try("rip", 0);
	iret_try("rip_in_syscall", VGCF_in_syscall);
	frame.rip = 0x7ffffffffffe;
	iret_try("rip_at_hole", 0);
	iret_try("rip_at_hole_in_syscall", VGCF_in_syscall);
	frame.rip = 0xffff830000000000;
	iret_try("rip_hypervisor", 0);
	frame_default();
	frame.rsp = 0x800000000000;
	iret_try("rsp", 0);
}

/* Flags: what a frame cannot set, whatever it asks for. */
MICRO_TEST(iret_flags)
{
	static const uint64_t flags[] = {
		0x2, 0x202, 0x3202, 0x4202, 0x10202, 0x20202, 0x40202,
		0x80202, 0x100202, 0x200202, 0x8000000000000202, 0,
	};
	char key[24];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		frame_default();
		frame.rflags = flags[i];
		micro_format(key, sizeof(key), "flags_%lx", flags[i]);
		iret_try(key, 0);
		micro_report("%s mask=%u", key,
			     micro_vcpu_info()->evtchn_upcall_mask);
	}
}

/* RF: the first instruction is executed although there is a breakpoint on it. */
MICRO_TEST(iret_resume)
{
	frame_default();
	micro_breakpoint(frame.rip);
	iret_try("break", 0);
	frame.rflags |= 0x10000;
	iret_try("resume", 0);
	micro_breakpoint(0);
}

/* Back to the guest kernel itself: cs RPL 0, and the mask from rflags.IF. */
MICRO_TEST(iret_to_kernel)
{
	frame_default();
	frame.cs = FLAT_KERNEL_CS & ~3UL;
	iret_try("rpl0", 0);
	frame.cs = (FLAT_KERNEL_CS & ~3UL) | 1;
	iret_try("rpl1", 0);
	frame.cs = (FLAT_KERNEL_CS & ~3UL) | 2;
	iret_try("rpl2", 0);
	frame_default();
	frame.cs = (FLAT_KERNEL_CS & ~3UL) | 0x100000000;
	iret_try("saved_mask_bits", 0);
}

/* iret from a stack that cannot be read is the end. */
MICRO_TEST_CRASH(iret_bad_stack)
{
	asm volatile("movq $0x1000, %%rsp; movl $23, %%eax; syscall"
		     ::: "memory");
}

/* User mode without a user page table is the end, too. */
MICRO_TEST_CRASH(iret_no_user_table)
{
	frame_default();
	frame.cs = FLAT_USER_CS | 3;
	hc_stack_switch(FLAT_KERNEL_SS, micro_user_stack + PAGE_SIZE);
	micro_report("drop=%ld", micro_mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0));
	micro_frame_go(&frame);
}

/* A kernel stack nobody can write: the next entry from user mode ends it. */
MICRO_TEST_CRASH(iret_bad_kernel_stack)
{
	frame_default();
	frame.cs = FLAT_USER_CS | 3;
	micro_user_init();
	micro_report("switch=%ld", hc_stack_switch(FLAT_KERNEL_SS, 0x1000));
	micro_frame_go(&frame);
}

/* stack_switch: any ss and any rsp are taken, ss made a ring-3 one. */
MICRO_TEST(iret_stack_switch)
{
	micro_report("null_ss=%ld", hc_stack_switch(0, micro_stack_end));
	micro_report("code_ss=%ld", hc_stack_switch(0xe033, micro_stack_end));
	micro_report("absent_ss=%ld", hc_stack_switch(0x1b, micro_stack_end));
	micro_report("noncanonical=%ld",
		     hc_stack_switch(FLAT_KERNEL_SS, 0x800000000000));
	micro_user_init();
}

/* rax as it was, and rip too, although it looks like a call to be continued. */
MICRO_TEST(iret_rax_restart)
{
	frame_default();
	frame.cs = 0xe030;
	frame.rax = -85;
	iret_try("kernel", 0);
	micro_report("rax=%ld", seen.rax);
	frame_default();
	frame.rflags = 2;		/* masked: no short cut */
	frame.rax = -85;
	iret_try("user", 0);
	micro_report("rax=%ld", seen.rax);
}

/* A call has all 64 bits of rax for its number: this is none. */
MICRO_TEST(iret_high_bits)
{
	struct { uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss; } own = {
		.rax = 0x5a5a, .cs = FLAT_RING3_CS64 & ~3, .rflags = 0x202, .ss = FLAT_KERNEL_SS,
	};
	uint64_t rax = 1UL << 32 | __HYPERVISOR_iret;

	asm volatile("leaq 1f(%%rip), %%rcx; movq %%rcx, %[rip]\n\t"
		     "movq %%rsp, %[rsp]; movq %%rsp, %%rbx\n\t"
		     "leaq %[frame], %%rsp; syscall; movq %%rbx, %%rsp\n"
		     "1:"
		     : "+a" (rax), [rip] "=m" (own.rip), [rsp] "=m" (own.rsp),
		       [frame] "+m" (own)
		     :: "rbx", "rcx", "r11", "memory");
	micro_report("ret=%ld", (long)rax);
}
