// SPDX-License-Identifier: GPL-2.0-only
/*
 * The short ways between a guest's user mode and its kernel: iret with a frame like all
 * others, the system call, the page fault. A core may have them in assembly, for users
 * that are where Linux has them, below 2^47, only after user mode has run once, and for
 * handlers that mask events, as Linux's do. What they let through is what the long ways
 * do (iret.c, user.c).
 */
#include "domain.h"
#include "user.h"

#define LOW_VA	((1UL << 39) + 0x1000)

static struct micro_frame frame;
static struct micro_user_result result;

static void frame_default(void)
{
	frame = (struct micro_frame){
		.rip = LOW_VA, .cs = FLAT_USER_CS, .rflags = 0x202, .ss = FLAT_USER_SS,
		.rsp = (unsigned long)micro_user_stack + PAGE_SIZE,
	};
}

/* To user mode by the frame, and back by what it does there. */
static void go(const char *key, uint64_t flags)
{
	const struct micro_frame *seen = &result.frame;

	micro_user_run_frame(&frame, flags, &result);
	if (seen->vector < 256)
		micro_report("%s=%s(%lx)", key, micro_vector_name(seen->vector), seen->error);
	else
		micro_report("%s=entry%lu", key, seen->vector);
	micro_report("%s rip=%lx cs=%lx ss=%lx rflags=%lx mask=%u", key, seen->rip, seen->cs,
		     seen->ss, seen->rflags & 0x247fff, micro_vcpu_info()->evtchn_upcall_mask);
}

/* The handlers of system calls and page faults, which mask events or do not. */
static void handlers_set(const void *syscall, const void *fault, bool masking)
{
	static struct trap_info traps[257];
	struct callback_register reg = {
		.type = CALLBACKTYPE_syscall, .flags = masking ? CALLBACKF_mask_events : 0,
		.address = (unsigned long)syscall,
	};

	micro_trap_fill(traps);
	if (fault)
		traps[14].address = (unsigned long)fault;
	TI_SET_IF(&traps[14], masking);
	hc_set_trap_table(traps);
	micro_need(!hc_callback_op(CALLBACKOP_register, &reg));
}

/* A page with this code at LOW_VA, for the user; and the user has run. */
static void user_open(const void *code, size_t size)
{
	char *page = micro_page_alloc();
	uint64_t *l1 = micro_page_alloc(), *l2, *l3;

	memcpy(page, code, size);
	l1[1] = micro_page_pte(page, PTE_RW);
	micro_page_protect(l1, false);
	l2 = micro_table_build(micro_page_pte(l1, PTE_TABLE));
	l3 = micro_table_build(micro_page_pte(l2, PTE_TABLE));
	handlers_set(micro_syscall_entry, NULL, true);
	micro_user_init();
	micro_need(!micro_mmu_update((micro_va_to_mfn(micro_user_l4) << PAGE_SHIFT) +
				     (LOW_VA >> 39) * 8, micro_page_pte(l3, PTE_TABLE)));
	frame_default();
	go("first", 0);
}

static const uint8_t code_ud2[] = { 0x0f, 0x0b };
static const uint8_t code_cli[] = { 0xfa, 0x0f, 0x0b };
static const uint8_t code_syscall[] = { 0x0f, 0x05 };
static const uint8_t code_read[] = { 0x48, 0x8b, 0x07 };	/* movq (%rdi), %rax */

/* E1: what flags the user runs with. */
MICRO_TEST(short_iret_flags)
{
	static const uint64_t flags[] = {
		0x2, 0x200, 0x202, 0x302, 0x602, 0x3202, 0x4202, 0x10202, 0x20202, 0x40202,
		0x80202, 0x100202, 0x200202, 0x8000000000000202, 0xffffffffffffffff,
		0xffffffffffffeeff, 0,
	};
	char key[40];
	unsigned int i;

	user_open(code_ud2, sizeof(code_ud2));
	for (i = 0; i < 2 * ARRAY_SIZE(flags); i++) {
		frame_default();
		frame.rflags = flags[i / 2];
		micro_format(key, sizeof(key), "%s_%lx", i & 1 ? "syscall" : "iret", flags[i / 2]);
		go(key, i & 1 ? VGCF_in_syscall : 0);
	}
}

/* RF: the user gets past a breakpoint. */
MICRO_TEST(short_iret_resume)
{
	user_open(code_ud2, sizeof(code_ud2));
	micro_breakpoint(LOW_VA);
	go("break", 0);
	frame.rflags |= 0x10000;
	go("resume", 0);
	micro_breakpoint(0);
}

/* E3: selectors that the CPU refuses, or that mean others than they say. */
MICRO_TEST(short_iret_selectors)
{
	static const uint64_t selectors[][2] = {
		{ 0x1b, FLAT_USER_SS }, { FLAT_USER_CS, 0x1b }, { 0xe023, FLAT_USER_SS },
		{ 0xe02b, FLAT_USER_SS }, { 0xe033 | 1UL << 32, FLAT_USER_SS }, { 3, FLAT_USER_SS },
		{ 0xe00b, FLAT_USER_SS }, { 0x1e033, FLAT_USER_SS }, { FLAT_USER_CS, 0 },
		{ FLAT_USER_CS, 0xff0000 | FLAT_USER_SS }, { FLAT_USER_CS, FLAT_USER_CS },
	};
	char key[40];
	unsigned int i;

	user_open(code_ud2, sizeof(code_ud2));
	for (i = 0; i < ARRAY_SIZE(selectors); i++) {
		frame_default();
		frame.cs = selectors[i][0] | 3;
		frame.ss = selectors[i][1];
		micro_format(key, sizeof(key), "%lx_%lx", selectors[i][0], selectors[i][1]);
		go(key, 0);
	}
}

/* E1: no frame gives a right to I/O. */
MICRO_TEST(short_iret_iopl)
{
	user_open(code_cli, sizeof(code_cli));
	frame.rflags = 0x3202;
	go("cli", 0);
	go("cli_syscall", VGCF_in_syscall);
}

/* E2: where no user can be. */
MICRO_TEST(short_iret_noncanonical)
{
	user_open(code_ud2, sizeof(code_ud2));
	frame.rip = 0x800000000000;
	go("iret", 0);
	go("syscall", VGCF_in_syscall);
	frame.rip = 0xffff830000000000;
	go("core_syscall", VGCF_in_syscall);
}

/* E5: user mode has run, and lost its table. */
MICRO_TEST_CRASH(short_iret_no_table)
{
	user_open(code_ud2, sizeof(code_ud2));
	micro_report("drop=%ld", micro_mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0));
	micro_frame_go(&frame);
}

/* The machine address as a pointer into what a core is likely to map all memory at. */
static unsigned long direct(const void *page)
{
	return 0xffff830000000000 + (micro_va_to_mfn(page) << PAGE_SHIFT);
}

static void was_read(struct micro_frame *f)
{
	micro_error("the core read its own memory: %lx", f->rip);
}

/* H2: a frame in the core's range is not read. */
MICRO_TEST_CRASH(short_iret_core_frame)
{
	struct { uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss; } *own;

	user_open(code_ud2, sizeof(code_ud2));
	own = micro_page_alloc();
	own->cs = FLAT_USER_CS | 3;
	own->rip = LOW_VA;
	own->rflags = 0x202;
	own->rsp = frame.rsp;
	own->ss = FLAT_USER_SS;
	micro_trap_hook(6, was_read);
	asm volatile("movq %0, %%rsp; syscall"
		     :: "r" (direct(own)), "a" (__HYPERVISOR_iret) : "memory");
}

/* H2: nor is one written there, for a system call or a page fault of the user. */
static uint64_t *core_stack;
extern char short_late_entry[];
void short_late(void);

asm(".text\n"
	"short_late_entry:	leaq micro_stack_end(%rip), %rsp\n"
	"			call short_late\n");

void short_late(void)
{
	micro_error("the core wrote its own memory: %d", core_stack[511] != 0);
}

static void core_stack_set(void)
{
	core_stack = micro_page_alloc();
	micro_report("stack=%ld", hc_stack_switch(FLAT_KERNEL_SS, direct(core_stack) + PAGE_SIZE));
}

MICRO_TEST_CRASH(short_syscall_core_stack)
{
	user_open(code_syscall, sizeof(code_syscall));
	handlers_set(short_late_entry, NULL, true);
	core_stack_set();
	micro_frame_go(&frame);
}

MICRO_TEST_CRASH(short_fault_core_stack)
{
	user_open(code_read, sizeof(code_read));
	handlers_set(micro_syscall_entry, short_late_entry, true);
	core_stack_set();
	micro_frame_go(&frame);
}

/* With the assist for it, the kernel sees the IOPL that it gave its user. */
MICRO_TEST_ALONE(short_assist_iopl)
{
	user_open(code_syscall, sizeof(code_syscall));
	micro_report("assist=%ld",
		     hc_vm_assist(VMASST_CMD_enable, VMASST_TYPE_architectural_iopl));
	frame.rflags = 0x3202;
	go("syscall", 0);
	frame.rip = LOW_VA + PAGE_SIZE;
	go("fault", 0);
	frame.rflags = 0x202;
	go("fault_iopl0", 0);
}

static bool is_core_address(uint64_t va)
{
	return va >= 0xffff800000000000 && va < 0xffff880000000000;
}

/* What the user had in its registers is what the kernel finds. */
static void registers_report(const char *key)
{
	const struct micro_frame *f = &result.frame;

	micro_report("%s rsp=%d rcx_is_rip=%d r11_is_flags=%d", key, f->rsp == frame.rsp,
		     f->rcx == f->rip, f->r11 == f->rflags);
	/* The kernel's own rcx, whose value is the frame's, is no address of the core's. */
	micro_check(!is_core_address(micro_entry_rcx));
	micro_report("%s rax=%lx rbx=%lx rdx=%lx rsi=%lx rdi=%lx rbp=%lx", key, f->rax, f->rbx,
		     f->rdx, f->rsi, f->rdi, f->rbp);
	micro_report("%s r8=%lx r9=%lx r10=%lx r12=%lx r13=%lx r14=%lx r15=%lx", key, f->r8,
		     f->r9, f->r10, f->r12, f->r13, f->r14, f->r15);
}

static void registers_fill(void)
{
	frame_default();
	frame.rax = 0x1000000000000001;
	frame.rbx = 2;
	frame.rdx = 3;
	frame.rsi = 4;
	frame.rdi = 5;
	frame.rbp = 6;
	frame.r8 = 8;
	frame.r9 = 9;
	frame.r10 = 10;
	frame.r12 = 12;
	frame.r13 = 13;
	frame.r14 = 14;
	frame.r15 = 15;
}

MICRO_TEST(short_syscall)
{
	static const uint64_t flags[] = { 0x202, 0x2, 0xad7, 0x40202, 0x4202, 0x200202 };
	char key[40];
	unsigned int i;

	user_open(code_syscall, sizeof(code_syscall));
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		registers_fill();
		frame.rflags = flags[i];
		micro_format(key, sizeof(key), "%lx", flags[i]);
		go(key, 0);
		registers_report(key);
	}
}

MICRO_TEST(short_fault)
{
	static const uint64_t at[] = {
		0, LOW_VA + PAGE_SIZE, 0x7ffffffffff9, 0x7ffffffffff8, 0x800000000000,
		0xffff800000000000, 0xffff880000000000, -8ul,
	};
	char key[40];
	unsigned int i;

	user_open(code_read, sizeof(code_read));
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		registers_fill();
		frame.rdi = at[i];
		micro_vcpu_info()->arch.cr2 = 0x123;
		micro_format(key, sizeof(key), "%lx", at[i]);
		go(key, 0);
		micro_report("%s cr2=%lx", key, micro_vcpu_info()->arch.cr2);
		registers_report(key);
	}
}

/* A kernel may change its mind about its handlers at any time. */
MICRO_TEST(short_handlers)
{
	user_open(code_syscall, sizeof(code_syscall));
	go("masking", 0);
	handlers_set(micro_syscall_entry, NULL, false);
	go("open", 0);
	go("open_again", 0);
	handlers_set(micro_syscall_entry, NULL, true);
	go("masking_again", 0);
	handlers_set(NULL, NULL, true);
	go("none", 0);
	go("none_again", 0);
	handlers_set(micro_syscall_entry, NULL, true);
	frame.rip = LOW_VA + PAGE_SIZE;
	go("fault", 0);
	handlers_set(micro_syscall_entry, NULL, false);
	go("fault_open", 0);
}

/* The kernel's stack as it was, after others at the edges of what can be one. */
MICRO_TEST(short_stacks)
{
	static const uint64_t at[] = {
		0xffff880000000000, 0xffff88000000003f, 0xffff880000000040, -1ul, 0, 0x3f,
		0x7fffffffffff, 0x800000000000, 0xffff7fffffffffff, 0xffff800000000000,
	};
	unsigned int i;

	user_open(code_syscall, sizeof(code_syscall));
	for (i = 0; i < ARRAY_SIZE(at); i++)
		micro_report("%lx=%ld", at[i], hc_stack_switch(FLAT_KERNEL_SS, at[i]));
	micro_user_init();
	go("back", 0);
}

static struct micro_jmp back;

static void at_end(struct micro_frame *f)
{
	result.frame = *f;
	micro_longjmp(&back, 1);
}

/* The last system call that there is room for: the address behind it is none. */
MICRO_TEST(short_syscall_at_end)
{
	static const unsigned long calls[] = {
		__HYPERVISOR_xen_version, __HYPERVISOR_sched_op, 63, __HYPERVISOR_stack_switch,
	};
	char *page = micro_page_alloc();
	uint64_t *l1 = micro_page_alloc(), *l2 = micro_page_alloc(), *l3 = micro_page_alloc();
	unsigned int i;

	memcpy(page + PAGE_SIZE - 2, code_syscall, 2);
	l1[511] = micro_page_pte(page, PTE_RW);
	micro_page_protect(l1, false);
	l2[511] = micro_page_pte(l1, PTE_TABLE);
	micro_page_protect(l2, false);
	l3[511] = micro_page_pte(l2, PTE_TABLE);
	micro_page_protect(l3, false);
	micro_need(!micro_mmu_update(micro_pte_maddr(255UL << 39, 4),
				     micro_page_pte(l3, PTE_TABLE)));
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		micro_trap_hook(13, at_end);
		if (!micro_setjmp(&back))
			asm volatile("jmp *%0" :: "r" (0x7ffffffffffe), "a" (calls[i]),
				     "D" (0UL), "S" (micro_stack_end) : "memory");
		micro_report("%lu=%s(%lx) rip=%lx", calls[i],
			     micro_vector_name(result.frame.vector), result.frame.error,
			     result.frame.rip);
	}
	micro_user_init();
}

/* Dom0: when the domain has crashed, let it go on, as tools do with one that is saved. */
static int64_t serve_resume(struct micro_domain *d, uint32_t question, uint64_t argument)
{
	unsigned long i;

	(void)question, (void)argument;
	WRITE_ONCE(d->mail->word[0], 1);
	for (i = 0; i < 10000000; i++) {
		micro_domctl_clear();
		if (micro_domctl_do(XEN_DOMCTL_getdomaininfo, d->id))
			return -1;
		if (micro_domctl.u.getdomaininfo.flags & XEN_DOMINF_shutdown)
			break;
	}
	micro_domctl_clear();
	return micro_domctl_do(XEN_DOMCTL_resumedomain, d->id);
}

static void half_fault(struct micro_frame *f)
{
	micro_error("the core used half a frame: cs %lx error %lx", f->cs, f->error);
}

/*
 * E1, E4: of a frame whose first half alone can be read nothing is used, not even when the
 * domain, which ends by it, is made to go on.
 */
MICRO_TEST_DOMU_SERVED(domu_iret_half_frame, 2, serve_resume)
{
	static char pages[2 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
	uint64_t *at = (uint64_t *)(pages + PAGE_SIZE - 48), rcx = 0;

	user_open(code_syscall, sizeof(code_syscall));
	at[5] = micro_mail->which ? FLAT_USER_CS : 0xe008;
	micro_need(!micro_map(pages + PAGE_SIZE, 0));
	micro_trap_hook(13, half_fault);
	micro_ask_begin(1, 0);
	while (!READ_ONCE(micro_mail->word[0]))
		asm volatile("pause");
	asm volatile("movq %%rsp, %%rbx; movq %1, %%rsp; syscall; movq %%rbx, %%rsp"
		     : "=c" (rcx) : "r" (at), "a" (__HYPERVISOR_iret) : "rbx", "r11", "memory");
	micro_check(!is_core_address(rcx));
	micro_report("resumed=%ld", (long)micro_ask_end());
}
