// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest user mode: page-table switch, syscall, exceptions and iret
 * (arch-x86/xen-x86_64.h, HYPERVISOR_iret; xen.h MMUEXT_NEW_USER_BASEPTR).
 */
#include "domain.h"

/* Pieces of user code; each ends by entering the kernel in its own way. */
asm(".text\n"
	"user_syscall:	syscall\n"
	"user_syscall_next:	ud2\n"
	"user_ud2:		ud2\n"
	"user_int80:	int $0x80\n"
	"			ud2\n"
	"user_cli:		cli\n"
	"			ud2\n"
	"user_hlt:		hlt\n"
	"			ud2\n"
	"user_in:		inb $0x80, %al\n"
	"			ud2\n"
	"user_out:		outb %al, $0x80\n"
	"			ud2\n"
	"user_cr3:		movq %cr3, %rax\n"
	"			ud2\n"
	"user_wrmsr:	wrmsr\n"
	"			ud2\n"
	"user_wbinvd:	wbinvd\n"
	"			ud2\n"
	"user_read:		movq (%rdi), %rax\n"
	"			ud2\n"
	"user_std_read:	std\n"
	"1:			loop 1b\n"
	"			movq (%rdi), %rax\n"
	"			ud2\n"
	"user_write:	movq %rax, (%rdi)\n"
	"			ud2\n"
	"user_jump:		jmp *%rdi\n"
	"user_cpuid:	.byte 0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, 0xa2\n"
	"			ud2\n"
	"user_rdtsc:	rdtsc\n"
	"			ud2\n"
	"user_sysenter:	sysenter\n"
	"			ud2\n"
	"user_int35:	int $0x35\n"
	"			ud2\n"
	"user_step:		pushfq; orl $0x100, (%rsp); popfq; nop; ud2\n"
	"user_gs:		movq %gs:0, %rax\n"
	"			movq %fs:0, %rcx\n"
	"			ud2\n"
	"user_spin:		jmp user_spin\n"
	"user_int3:		int3\n"
	"			ud2\n");

extern char user_syscall[], user_syscall_next[], user_ud2[], user_int80[];
extern char user_cli[], user_hlt[], user_in[], user_out[];
extern char user_cr3[], user_wrmsr[], user_wbinvd[], user_read[];
extern char user_std_read[], user_write[], user_jump[], user_cpuid[], user_rdtsc[];
extern char user_spin[], user_int35[], user_sysenter[], user_step[], user_gs[], user_int3[];

static struct micro_user_result result;
static struct micro_regs regs;

static void user_report(const char *key, char *code)
{
	const struct micro_frame *frame = &result.frame;

	if (frame->vector < 256)
		micro_report("%s=%s(%lx)+%ld", key,
			     micro_vector_name(frame->vector), frame->error,
			     (long)(frame->rip - (unsigned long)code));
	else
		micro_report("%s=entry%lu+%ld", key, frame->vector,
			     (long)(frame->rip - (unsigned long)code));
	micro_report("%s cs=%lx ss=%lx if=%lu", key, frame->cs, frame->ss,
		     frame->rflags >> 9 & 1);
}

static void user_try(const char *key, char *code)
{
	micro_user_run(code, 0, &regs, &result);
	user_report(key, code);
}

/* syscall from user mode enters the syscall callback, on the kernel stack. */
MICRO_TEST(user_syscall_frame)
{
	regs = (struct micro_regs){ .rax = 0x1111, .rdi = 0x2222 };
	user_try("syscall", user_syscall);
	micro_report("rax=%lx rdi=%lx", result.frame.rax, result.frame.rdi);
	micro_report("rcx_is_rip=%d r11_is_flags=%d rsp_kept=%d",
		     result.frame.rcx == (unsigned long)user_syscall_next,
		     (result.frame.r11 & 0x200) == 0x200,
		     result.frame.rsp == (unsigned long)micro_user_stack +
		     2 * PAGE_SIZE - 256);
	micro_report("upcall_mask=%u", micro_vcpu_info()->evtchn_upcall_mask);
	micro_check(result.frame.vector == ENTRY_SYSCALL);
}

/* The mask_events flag of the callback decides on the mask inside it. */
MICRO_TEST(user_syscall_mask)
{
	struct callback_register reg = {
		.type = CALLBACKTYPE_syscall, .flags = CALLBACKF_mask_events,
		.address = (unsigned long)micro_syscall_entry,
	};

	micro_report("register=%ld",
		     hc_callback_op(CALLBACKOP_register, &reg));
	user_try("masking", user_syscall);
	micro_report("masking mask=%u",
		     micro_vcpu_info()->evtchn_upcall_mask);
	reg.flags = 0;
	hc_callback_op(CALLBACKOP_register, &reg);
	user_try("open", user_syscall);
	micro_report("open mask=%u", micro_vcpu_info()->evtchn_upcall_mask);
}

/* Without a syscall callback the instruction is an invalid opcode. */
MICRO_TEST(user_syscall_none)
{
	struct callback_register reg = { .type = CALLBACKTYPE_syscall };

	micro_report("register=%ld", hc_callback_op(CALLBACKOP_register, &reg));
	regs = (struct micro_regs){ 0 };
	user_try("none", user_syscall);
	reg.address = (unsigned long)micro_syscall_entry;
	hc_callback_op(CALLBACKOP_register, &reg);
	user_try("back", user_syscall);
}

/* iret with VGCF_in_syscall: the core need not restore rcx and r11. */
MICRO_TEST(user_iret_in_syscall)
{
	regs = (struct micro_regs){ .rcx = 0xcccc };
	micro_user_run(user_ud2, 0, &regs, &result);
	micro_report("plain rcx=%lx", result.frame.rcx);
	micro_user_run(user_ud2, VGCF_in_syscall, &regs, &result);
	user_report("in_syscall", user_ud2);
	micro_info("in_syscall rcx_is_rip=%d",
		   result.frame.rcx == (unsigned long)user_ud2);
}

/* Exceptions and software interrupts from user mode. */
MICRO_TEST(user_exceptions)
{
	static struct trap_info gates[3];
	unsigned int level, i;

	regs = (struct micro_regs){ 0 };
	user_try("ud2", user_ud2);
	user_try("int3", user_int3);
	user_try("int80", user_int80);
	/* both vectors: see exceptions.c on QEMU and "int n" */
	for (level = 0; level < 4; level++) {
		for (i = 0; i < 2; i++)
			gates[i] = (struct trap_info){
				.vector = 0x35 << i, .flags = level,
				.cs = FLAT_KERNEL_CS,
				.address = (unsigned long)micro_stubs +
					   (0x35 << i) * 32,
			};
		micro_need(!hc_set_trap_table(gates));
		micro_user_run(user_int35, 0, &regs, &result);
		micro_report("int35 level%u allowed=%d +%ld", level,
			     result.frame.vector != 13,
			     (long)(result.frame.rip -
				    (unsigned long)user_int35));
	}
	user_try("single_step", user_step);
	micro_report("single_step tf=%lu", result.frame.rflags >> 8 & 1);
}

/* Nothing privileged works from user mode, whatever the kernel may do. */
MICRO_TEST(user_privileged)
{
	regs = (struct micro_regs){ .rcx = 0xc0000100 };
	user_try("cli", user_cli);
	user_try("hlt", user_hlt);
	user_try("in", user_in);
	user_try("out", user_out);
	user_try("cr3", user_cr3);
	user_try("wrmsr", user_wrmsr);
	user_try("wbinvd", user_wbinvd);
	regs.rax = 0x40000000;
	user_try("cpuid", user_cpuid);
	micro_report("cpuid rax=%lx rbx=%lx", result.frame.rax,
		     result.frame.rbx);
	user_try("rdtsc", user_rdtsc);
	user_try("sysenter", user_sysenter);
}

/* Ports for user mode: by set_iopl(3), or port by port in a bitmap. */
MICRO_TEST(user_ports)
{
	static uint8_t bitmap[8192];
	struct physdev_set_iobitmap set = { .nr_ports = 65536 };
	struct physdev_set_iopl iopl = { .iopl = 3 };

	hc_physdev_op(PHYSDEVOP_set_iopl, &iopl);
	user_try("iopl3_in", user_in);
	iopl.iopl = 0;
	hc_physdev_op(PHYSDEVOP_set_iopl, &iopl);
	memset(bitmap, 0xff, sizeof(bitmap));
	bitmap[0x80 / 8] &= ~1;
	set_xen_guest_handle(set.bitmap, bitmap);
	micro_report("set_iobitmap=%ld",
		     hc_physdev_op(PHYSDEVOP_set_iobitmap, &set));
	user_try("bitmap_in", user_in);
	set.nr_ports = 0x80;
	micro_report("shorter=%ld",
		     hc_physdev_op(PHYSDEVOP_set_iobitmap, &set));
	user_try("short_in", user_in);
	set.nr_ports = 65537;
	micro_report("too_many=%ld",
		     hc_physdev_op(PHYSDEVOP_set_iobitmap, &set));
	set_xen_guest_handle(set.bitmap, NULL);
	set.nr_ports = 0;
	micro_report("drop=%ld",
		     hc_physdev_op(PHYSDEVOP_set_iobitmap, &set));
}

/* Page faults of user mode: the U bit is set, the core's range is no way in. */
MICRO_TEST(user_page_faults)
{
	static const struct {
		const char *name;
		unsigned long va;
	} tries[] = {
		{ "absent", 0x123456000 },
		{ "hypervisor", 0xffff82d040000000 },
		{ "directmap", 0xffff830000000000 },
		{ "m2p", 0xffff800000000000 },
		{ "noncanonical", 0x800000000000 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		regs = (struct micro_regs){ .rdi = tries[i].va };
		micro_user_run(user_read, 0, &regs, &result);
		micro_report("read_%s=%s(%lx) cr2_same=%d", tries[i].name,
			     micro_vector_name(result.frame.vector),
			     result.frame.error & ~1UL,
			     result.cr2 == tries[i].va);
		micro_check(result.frame.vector != 6);
		micro_user_run(user_write, 0, &regs, &result);
		micro_report("write_%s=%s(%lx)", tries[i].name,
			     micro_vector_name(result.frame.vector),
			     result.frame.error & ~1UL);
	}
	regs.rdi = 0x123456000;
	micro_user_run(user_jump, 0, &regs, &result);
	micro_report("jump_absent=%s(%lx) rip_is_target=%d",
		     micro_vector_name(result.frame.vector),
		     result.frame.error, result.frame.rip == regs.rdi);
}

/*
 * What only the kernel's table maps is not there in user mode; what has no U
 * bit there is for the kernel alone.
 */
MICRO_TEST(user_kernel_page)
{
	char *page = micro_page_alloc();
	uint64_t *l3;
	unsigned long va = 0x7f0000000000;

	micro_user_init();
	micro_map(page, micro_page_pte(page, PTE_P | PTE_W | PTE_A | PTE_D));
	l3 = micro_tree_build(micro_page_pte(page, PTE_P | PTE_W));
	micro_report("link=%ld",
		     micro_mmu_update(micro_pte_maddr(va, 4),
				      micro_page_pte(l3, PTE_TABLE)));
	regs = (struct micro_regs){ .rdi = va };
	MICRO_PROBE(&regs, "movq (%%rdi), %%rax");
	micro_probe_report("kernel_read");
	micro_user_run(user_read, 0, &regs, &result);
	micro_report("user_read=%s(%lx)",
		     micro_vector_name(result.frame.vector),
		     result.frame.error);
	/* in the user table as well, without U and with it */
	micro_report("link_user=%ld",
		     micro_mmu_update((micro_va_to_mfn(micro_user_l4) <<
				       PAGE_SHIFT) + (va >> 39) * 8,
				      micro_page_pte(l3, PTE_TABLE)));
	micro_user_run(user_read, 0, &regs, &result);
	micro_info("user_read_linked=%s(%lx)",
		   micro_vector_name(result.frame.vector),
		   result.frame.error);
	micro_report("unlink=%ld %ld",
		     micro_mmu_update(micro_pte_maddr(va, 4), 0),
		     micro_mmu_update((micro_va_to_mfn(micro_user_l4) <<
				       PAGE_SHIFT) + (va >> 39) * 8, 0));
}

/* Segment bases: user gs and kernel gs are swapped on the way in and out. */
MICRO_TEST(user_segment_bases)
{
	static uint64_t user_word = 0x1111, kernel_word = 0x2222;
	static uint64_t fs_word = 0x3333;
	uint64_t value;

	hc_set_segment_base(SEGBASE_GS_USER, &user_word);
	hc_set_segment_base(SEGBASE_GS_KERNEL, &kernel_word);
	hc_set_segment_base(SEGBASE_FS, &fs_word);
	regs = (struct micro_regs){ 0 };
	user_try("user", user_gs);
	asm volatile("movq %%gs:0, %0" : "=r" (value));
	micro_report("user_gs=%lx user_fs=%lx kernel_gs=%lx", result.frame.rax,
		     result.frame.rcx, value);
	hc_set_segment_base(SEGBASE_GS_USER, 0);
	hc_set_segment_base(SEGBASE_GS_KERNEL, 0);
	hc_set_segment_base(SEGBASE_FS, 0);
}

static unsigned int upcalls;
static uint64_t upcall_cs;

static void note_upcall(struct micro_frame *frame)
{
	upcalls++;
	upcall_cs = frame->cs;
	micro_vcpu_info()->evtchn_upcall_pending = 0;
	micro_vcpu_info()->evtchn_pending_sel = 0;
}

/* An event that waits is delivered when iret opens the mask for user mode. */
MICRO_TEST(user_event)
{
	evtchn_port_t port = micro_event_bind_ipi(0);
	struct evtchn_send send = { .port = port };

	upcalls = 0;
	micro_event_set_mask(port, false);
	micro_need(!micro_event_op(EVTCHNOP_send, &send));
	micro_trap_hook(ENTRY_EVENT, note_upcall);
	regs = (struct micro_regs){ 0 };
	user_try("after", user_ud2);
	micro_report("upcalls=%u cs=%lx", upcalls, upcall_cs);
	micro_check(upcalls == 1);
}

/* A timer gets at user code that does nothing but run. */
MICRO_TEST(user_timer)
{
	struct vcpu_set_singleshot_timer op = { 0 };
	evtchn_port_t port = micro_event_bind_virq(VIRQ_TIMER, 0);

	micro_event_set_mask(port, false);
	op.timeout_abs_ns = micro_time_now() + 3000000;
	micro_need(!hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, &op));
	regs = (struct micro_regs){ 0 };
	user_try("spin", user_spin);
	micro_report("pending=%d mask=%u", micro_event_is_pending(port),
		     micro_vcpu_info()->evtchn_upcall_mask);
	micro_check(result.frame.vector == ENTRY_EVENT);
}

static volatile bool flush_stop;
static volatile unsigned int flushes;

static void flush_all(void)
{
	for (; !flush_stop; flushes++)
		micro_mmuext(MMUEXT_TLB_FLUSH_ALL, 0, 0);
}

/*
 * A user's direction flag is not the core's, nor its kernel's: with a page fault, the
 * quick way to the kernel, while the other vcpu flushes and so has the core look anew.
 */
MICRO_TEST(user_direction_flag)
{
	unsigned int i, other = 0, df = 0;

	flush_stop = false;
	micro_need(!micro_vcpu_start(1, flush_all));
	for (i = 0; i < 2000 || flushes < 2000; i++) {
		/* a while, for a flush to come in: the kernel's view is an old one then */
		regs = (struct micro_regs){ .rdi = 0x1000, .rcx = 3000 };
		micro_user_run(user_std_read, 0, &regs, &result);
		other += result.frame.vector != 14;
		df += result.frame.rflags >> 10 & 1;
		if (!(i % 256))
			micro_info("%u faults, %u flushes", i, flushes);
	}
	flush_stop = true;
	micro_vcpu_stop(1);
	micro_report("other=%u all_with_df=%d", other, df == i);
	micro_check(!other && df == i);
}

/* --- areas that only the kernel has --- */

#define AREA_VA		0x7f0000000000UL
#define AREA_RUNSTATE	2048

/* A page at AREA_VA in the tables of @l4, and in no others. */
static char *area_open(uint64_t l4_maddr)
{
	char *page = micro_page_alloc();
	uint64_t *l3 = micro_tree_build(micro_page_pte(page, PTE_RW));

	micro_need(!micro_mmu_update(l4_maddr + (AREA_VA >> 39) * 8,
				     micro_page_pte(l3, PTE_TABLE)));
	return page;
}

static int64_t serve_one_cpu(struct micro_domain *d, uint32_t question, uint64_t argument)
{
	(void)question;
	(void)argument;
	micro_vcpu_place(d->id, 0, 2);
	micro_vcpu_place(d->id, 1, 2);
	return 0;
}

static void spin(void)
{
	while (!flush_stop)
		flushes++;
}

/*
 * H4: what the kernel gave an address for is the kernel's memory, also when its user,
 * which has another page there, runs: the bitmap of ports, and the runstate, for which
 * the other vcpu takes the CPU away from the user again and again.
 */
MICRO_TEST_DOMU_SERVED(domu_user_areas, 1, serve_one_cpu)
{
	struct physdev_set_iobitmap set = { .nr_ports = 0x100 };
	struct vcpu_register_runstate_memory_area reg = { .addr.p = AREA_VA + AREA_RUNSTATE };
	evtchn_port_t port = micro_event_bind_virq(VIRQ_TIMER, 0);
	struct vcpu_set_singleshot_timer timer = { 0 };
	const struct vcpu_runstate_info *run;
	char *own, *other;
	uint64_t waited;

	micro_user_init();
	own = area_open(micro_pte_maddr(0, 4));
	other = area_open(micro_va_to_mfn(micro_user_l4) << PAGE_SHIFT);
	run = (void *)(own + AREA_RUNSTATE);
	set_xen_guest_handle_raw(set.bitmap, (void *)AREA_VA);
	micro_report("bitmap=%ld runstate=%ld", hc_physdev_op(PHYSDEVOP_set_iobitmap, &set),
		     hc_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &reg));
	memset(other, 0xff, AREA_RUNSTATE);
	user_try("kernel_allows", user_in);
	memset(own, 0xff, AREA_RUNSTATE);
	memset(other, 0, AREA_RUNSTATE);
	user_try("user_allows", user_in);

	micro_event_disable();	/* the user's exceptions left them on */
	micro_ask(0, 0);
	micro_event_set_mask(port, false);
	flush_stop = false;
	micro_need(!micro_vcpu_start(1, spin));
	waited = run->time[RUNSTATE_runnable];
	do {
		micro_info("waited %lu", run->time[RUNSTATE_runnable]);
		timer.timeout_abs_ns = micro_time_now() + 50000000;
		micro_need(!hc_vcpu_op(VCPUOP_set_singleshot_timer, 0, &timer));
		micro_user_run(user_spin, 0, &regs, &result);
		micro_shared->evtchn_pending[0] = 0;
		micro_vcpu_info()->evtchn_pending_sel = 0;
		micro_vcpu_info()->evtchn_upcall_pending = 0;
	} while (run->time[RUNSTATE_runnable] - waited < 100000000);
	flush_stop = true;
	micro_vcpu_stop(1);
	for (waited = AREA_RUNSTATE; waited < PAGE_SIZE && !other[waited]; waited++)
		;
	micro_report("written_to_user=%d", waited < PAGE_SIZE);
	micro_check(waited == PAGE_SIZE || !micro_is_ours());
}
