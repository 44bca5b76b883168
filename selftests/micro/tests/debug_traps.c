// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debug exceptions where the core itself runs: single steps into it, watched
 * memory it touches for the guest, and the shadow behind a load of %ss. A
 * sloppy core takes the #DB in ring 0 (CPU manual, debug exceptions).
 */
#include "micro.h"

static struct micro_regs regs;
static struct micro_user_result result;

asm(".text\n"
	"debug_user_step:	pushfq; orl $0x100, (%rsp); popfq; syscall\n"
	"			ud2\n"
	"debug_user_ss:		movw (%rdi), %ss; syscall\n"
	"			ud2\n"
	"debug_user_ss_int3:	movw (%rdi), %ss; int3\n"
	"			ud2\n");

extern char debug_user_step[], debug_user_ss[], debug_user_ss_int3[];

/* Watch 4 bytes for reads and writes. */
static void watch(const void *address)
{
	micro_need(!hc_set_debugreg(0, (unsigned long)address));
	micro_need(!hc_set_debugreg(6, 0));
	micro_need(!hc_set_debugreg(7, 0xf0003));
}

static void unwatch(void)
{
	hc_set_debugreg(7, 0);
	hc_set_debugreg(0, 0);
	hc_set_debugreg(6, 0);
}

/* A single step over a hypercall: the trap comes behind it, in the guest. */
MICRO_TEST(debug_step_hypercall)
{
	regs = (struct micro_regs){
		.rax = __HYPERVISOR_xen_version, .rdi = XENVER_version,
	};
	MICRO_PROBE(&regs, "pushfq; orl $0x100, (%%rsp); popfq; syscall; nop;"
		    "nop; nop");
	micro_report("vector=%s result=%lx",
		     micro_probe.trapped ?
		     micro_vector_name(micro_probe.frame.vector) : "none",
		     micro_probe.trapped ? micro_probe.frame.rax : regs.rax);
	micro_info("rip_offset=%ld", micro_probe.rip_offset);
}

/* A step over the syscall of user mode enters the callback all the same. */
MICRO_TEST(debug_step_syscall)
{
	regs = (struct micro_regs){ 0 };
	micro_user_run(debug_user_step, 0, &regs, &result);
	micro_report("entry=%lu offset=%ld tf_in_frame=%lu",
		     result.frame.vector,
		     (long)(result.frame.rip - (unsigned long)debug_user_step),
		     result.frame.rflags >> 8 & 1);
}

/* Memory the core reads and writes for the guest: no trap, right answer. */
MICRO_TEST(debug_watched_buffer)
{
	static struct xen_feature_info info;
	static struct mmu_update update;
	uint64_t *page = micro_page_alloc();
	long ret;

	watch(&info.submap);
	MICRO_PROBE(&regs, "nop");
	ret = hc_xen_version(XENVER_get_features, &info);
	unwatch();
	micro_report("features=%ld set=%d", ret, info.submap != 0);
	update.ptr = micro_va_to_mfn(page) << PAGE_SHIFT;
	update.val = 0x77;
	watch(&update.val);
	ret = hc_mmu_update(&update, 1, NULL, DOMID_SELF);
	unwatch();
	micro_report("mmu_update=%ld value=%lx", ret, page[0]);
}

static void debug_hook(struct micro_frame *frame)
{
	(void)frame;
	unwatch();
}

/*
 * The guest's kernel stack, to which the core pushes frames, is watched: the
 * first #DB comes when the guest's own handler reads it.
 */
MICRO_TEST(debug_watched_stack)
{
	uint64_t *sp;

	micro_trap_hook(1, debug_hook);
	asm volatile("movq %%rsp, %0" : "=r" (sp));
	watch(sp - 24);
	MICRO_PROBE(&regs, "ud2");
	unwatch();
	micro_probe_report("ud2");
}

/*
 * A watched load of %ss holds its #DB back for one instruction; when that one
 * enters the core, the core must cope with it.
 */
MICRO_TEST(debug_ss_shadow)
{
	static uint32_t selector = FLAT_USER_SS;

	regs = (struct micro_regs){ .rdi = (unsigned long)&selector };
	watch(&selector);
	micro_user_run(debug_user_ss, 0, &regs, &result);
	unwatch();
	micro_report("syscall entered=%d",
		     result.frame.vector == ENTRY_SYSCALL ||
		     result.frame.vector == 1);
	watch(&selector);
	micro_user_run(debug_user_ss_int3, 0, &regs, &result);
	unwatch();
	micro_report("int3 entered=%d", result.frame.vector == 3 ||
		     result.frame.vector == 1);
}
