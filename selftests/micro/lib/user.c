// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest user mode: run a piece of code there and catch how it leaves.
 *
 * On x86-64 the guest's kernel and user both run in ring 3, told apart by the
 * page table the core has loaded. The user table made here shares the lower
 * levels of the kernel's, so user code can live in the image itself.
 */
#include "micro.h"
#include "user.h"

uint64_t *micro_user_l4;
char micro_user_stack[2 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static char kernel_entry_stack[4 * PAGE_SIZE]
	__attribute__((aligned(PAGE_SIZE)));
static bool user_active;
static struct micro_jmp user_return;
static struct micro_user_result *user_result;

/** micro_user_init() - user page table and kernel entry stack; idempotent */
void micro_user_init(void)
{
	const uint64_t *kernel_l4 = (const void *)micro_start_info->pt_base;
	unsigned long i;
	long ret;

	hc_stack_switch(FLAT_KERNEL_SS,
			kernel_entry_stack + sizeof(kernel_entry_stack));
	if (micro_user_l4)
		return;
	micro_user_l4 = micro_page_alloc();
	for (i = 0; i < 512; i++) {
		if (i < 256 || i > 271)
			micro_user_l4[i] = kernel_l4[i];
	}
	micro_page_protect(micro_user_l4, false);
	ret = micro_mmuext(MMUEXT_PIN_L4_TABLE,
			   micro_va_to_mfn(micro_user_l4), 0);
	if (!ret)
		ret = micro_mmuext(MMUEXT_NEW_USER_BASEPTR,
				   micro_va_to_mfn(micro_user_l4), 0);
	if (ret)
		micro_error("user page table: %ld", ret);
}

/* iret pops the frame where it lies, with pushes below it. */
static struct {
	uint64_t room[16];
	struct micro_frame frame;
} stage;

static void stage_fill(uint64_t cs, uint64_t rip, uint64_t rsp,
		       const struct micro_regs *regs)
{
	stage.frame = (struct micro_frame){
		.rax = regs->rax, .rbx = regs->rbx, .rcx = regs->rcx,
		.rdx = regs->rdx, .rsi = regs->rsi, .rdi = regs->rdi,
		.rip = rip, .cs = cs, .rflags = 0x202, .rsp = rsp,
		.ss = FLAT_USER_SS,
	};
}

static void stage_run(uint64_t iret_flags, struct micro_user_result *result)
{
	micro_user_init();
	user_result = result;
	if (micro_setjmp(&user_return))
		return;
	user_active = true;
	micro_iret_flags = iret_flags;
	micro_frame_load(&stage.frame);
}

/**
 * micro_user_run() - run code in user mode until it enters the kernel
 * @rip: where to start
 * @iret_flags: VGCF_* for the iret
 * @regs: start values of the registers it names
 * @result: the frame with which user mode was left
 *
 * Anything that has no hook ends the run: a syscall, a trap, an event.
 */
void micro_user_run(void *rip, uint64_t iret_flags, struct micro_regs *regs,
		    struct micro_user_result *result)
{
	stage_fill(FLAT_USER_CS | 3, (unsigned long)rip,
		   (unsigned long)micro_user_stack + sizeof(micro_user_stack) -
		   256, regs);
	stage_run(iret_flags, result);
}

/** micro_user_run_at() - the same with code segment and stack of one's own */
void micro_user_run_at(uint64_t cs, uint64_t rip, uint64_t rsp,
		       struct micro_regs *regs,
		       struct micro_user_result *result)
{
	stage_fill(cs, rip, rsp, regs);
	stage_run(0, result);
}

/** micro_user_run_frame() - the same with all of the frame, and VGCF_* for the iret */
void micro_user_run_frame(const struct micro_frame *frame, uint64_t iret_flags,
			  struct micro_user_result *result)
{
	stage.frame = *frame;
	stage_run(iret_flags, result);
}

/** micro_frame_go() - iret with a frame, and nothing prepared: it does not come back */
void micro_frame_go(const struct micro_frame *frame)
{
	stage.frame = *frame;
	micro_frame_load(&stage.frame);
}

/* Called for a frame nobody has a hook for; true only when not from user. */
bool micro_user_finish(struct micro_frame *frame)
{
	if (!user_active)
		return false;
	user_active = false;
	micro_iret_flags = 0;
	user_result->frame = *frame;
	user_result->cr2 = micro_vcpu_info()->arch.cr2;
	micro_longjmp(&user_return, 1);
}
