// SPDX-License-Identifier: GPL-2.0-only
/*
 * From boot.S to the first guest: the order in which the core comes up.
 *
 *	core_start	loader's information, console, address space, allocator
 *	core_main	on the boot CPU's own stack: tables, firmware, clock,
 *			interrupts, other CPUs, dom0
 *	core_on_stack	init memory given back; the idle loop takes over
 *
 * The other CPUs are started one after the other, each by INIT and start-up IPIs,
 * and go from smp_ap_main to the idle loop.
 */
#include "acpi.h"
#include "clock.h"
#include "console.h"
#include "cpu_policy.h"
#include "pv.h"
#include "sched.h"
#include "setup.h"
#include "spec_ctrl.h"
#include "stacks.h"

#define TRAMPOLINE	0x8000		/* a page of free low memory */
#define MSEC		1000000ull

extern char ap_start[], syscall_entry[], syscall_entry32[], syscall_stub[];
extern char guard_stub[], guard_syscall[], guard_syscall32[];

__initdata u64 ap_stack_top;
static __initdata volatile u32 ap_state;	/* 0: off, 1: alive, 2: go on */

static __init void set_owners(void)
{
	struct page *p = virt_to_page(m2p), *end = p + PFN_DOWN(ROUND_UP(max_mfn * 8, 2ul << 20));

	/*
	 * Frames between RAM ranges belong to devices and firmware. Nor is the first MiB
	 * the allocator's: dom0 may look at it.
	 */
	for (u64 mfn = 0; mfn < max_mfn; mfn++)
		frame_table[mfn].owner = dom_io;
	for_each_ram(r) {
		u64 end = PFN_DOWN(r->start + r->size);

		for (u64 mfn = MAX(PFN_UP(r->start), 256ul); mfn < end; mfn++)
			frame_table[mfn].owner = NULL;
	}
	/* X4: tools may map the machine-to-phys table, to read: its type keeps it from more. */
	for (; p < end; p++) {
		page_share_xen(p, dom_xen);
		p->type = PT_DESC | PT_VALID | 1;
	}
}

__init void boot_fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintk(LOG_ALWAYS, fmt, args);
	va_end(args);
	pr_always("\nBooting has failed; the machine is halted\n");
	console_flush();
	cpu_stop();	/* other CPUs, if there are any yet, idle */
}

static __init void start_console(const char *loader_problem)
{
	printk_init();
	console_init();
	pr_info("Xenlite %s, speaks Xen's ABI %u.%u; loader: %s\n", XENLITE_VERSION,
		XEN_ABI_MAJOR, XEN_ABI_MINOR, boot_info.loader[0] ? boot_info.loader : "unknown");
	pr_info("command line: %s\n", boot_info.cmdline);
	if (loader_problem)
		boot_fail("boot: %s", loader_problem);
	for_each_e820(r)
		pr_debug("e820: %016lx-%016lx type %u\n", r->start, r->start + r->size, r->type);
	pr_info("CPU: %s, %u physical address bits%s%s%s%s\n", cpu_features.vendor,
		cpu_features.phys_bits, cpu_features.smep ? ", SMEP" : "",
		cpu_features.smap ? ", SMAP" : "", cpu_features.fsgsbase ? ", FSGSBASE" : "",
		cpu_features.xsave ? ", XSAVE" : "");
}

static __init void *boot_zeroed(size_t len)
{
	void *p = alloc_zeroed(len);

	if (!p)
		boot_fail("no memory for a CPU");
	return p;
}

static __init void *add_page(u64 va, u64 flags)
{
	void *page = boot_zeroed(PAGE_SIZE);

	if (paging_map(va, arch_direct_unmap(page), PAGE_SIZE, flags))
		boot_fail("no memory for the stacks of a CPU");
	return page;
}

struct cpu *arch_this_cpu(void)
{
	u64 sp;

	asm("mov %%rsp, %0" : "=r"(sp));
	return *(struct cpu **)(sp & -(u64)STACK_BLOCK_SIZE);
}

/* The block of stacks of @cpu; stacks.h shows its layout. */
static __init void create_stacks(struct cpu *cpu)
{
	u64 block = stacks_block(cpu);
	u8 *code = add_page(block, PTE_CORE_RX), *data = add_page(block + PAGE_SIZE, PTE_CORE_RW);
	struct tss *tss = (struct tss *)(data + STACK_TSS - PAGE_SIZE);
	bool guard = spec_ctrl.guard;

	*(struct cpu **)code = cpu;
	memcpy(code + STACK_STUB, guard ? guard_stub : syscall_stub, 2 * STACK_STUB_SIZE);
	memcpy(data + STACK_SYSCALL_TARGET - PAGE_SIZE,
	       guard ? (u64[]){ (u64)guard_syscall, (u64)guard_syscall32 }
		     : (u64[]){ (u64)syscall_entry, (u64)syscall_entry32 }, 16);
	tss->io_base = sizeof(*tss);	/* no bitmap: all ports trap */
	for (u32 ist = IST_NMI; ist <= IST_DB; ist++) {
		tss->ist[ist - 1] = block + STACK_IST_TOP(ist);
		add_page(block + STACK_IST_TOP(ist) - PAGE_SIZE, PTE_CORE_RW);
	}
	for (u64 page = STACK_BOTTOM; page < STACK_BLOCK_SIZE; page += PAGE_SIZE)
		add_page(block + page, PTE_CORE_RW);
	if (spec_ctrl_create_cpu(cpu))
		boot_fail("no memory for the guests' view on a CPU");
}

/* The structures of CPU @id, and its stacks. */
static __init struct cpu *create_cpu(u32 id)
{
	struct cpu *cpu = boot_zeroed(sizeof(*cpu));

	cpu->arch = boot_zeroed(sizeof(*cpu->arch));
	cpu->id = id;
	cpus[id] = cpu;
	create_stacks(cpu);
	return cpu;
}

/* Its timers, run queue and idle vcpu. */
static __init void init_sched(struct cpu *cpu)
{
	if (timer_init_cpu(cpu) || sched_init_cpu(cpu))
		boot_fail("no memory for the scheduler of CPU%u", cpu->id);
	cpu->curr->arch.stack_top = stacks_top(cpu);
}

/* The new CPU's first C code, on its own stack and the core's own tables. */
__init void smp_ap_main(void)
{
	struct cpu *cpu = this_cpu();

	cpu_init(cpu);
	apic_init_cpu();
	tlb_flush_local();
	ap_state = 1;
	clock_sync_target();
	while (ap_state != 2)
		cpu_pause();
	cpu->online = true;
	idle_loop();
}

static __init bool start_cpu(struct cpu *cpu)
{
	ap_stack_top = stacks_top(cpu);
	ap_state = 0;
	apic_send(cpu->apic_id, APIC_INIT);
	clock_delay(10 * MSEC);
	for (int i = 0; i < 2 && !ap_state; i++) {
		apic_send(cpu->apic_id, APIC_STARTUP | TRAMPOLINE >> PAGE_SHIFT);
		clock_delay(MSEC / 5);
	}
	for (u64 end = arch_now() + 1000 * MSEC; !ap_state; cpu_pause())
		if (arch_now() >= end)
			return false;
	clock_sync_source();
	nr_cpus = cpu->id + 1;
	ap_state = 2;
	while (!READ_ONCE(cpu->online))
		cpu_pause();
	return true;
}

/*
 * A copy of ap_start (boot.S) below 1 MiB brings a CPU to smp_ap_main(), one after
 * the other. One that does not answer is left out.
 */
static __init void start_other_cpus(void)
{
	key_register('d', arch_dump_all_cpus, "dump registers and stacks of all CPUs");
	memcpy(arch_direct_map(MADDR(TRAMPOLINE)), ap_start, PAGE_SIZE);
	for (u32 i = 0; i < acpi_info.nr_cpus && nr_cpus < opt_maxcpus; i++) {
		const struct acpi_cpu *a = &acpi_info.cpus[i];
		struct cpu *cpu;

		if (!a->enabled || a->apic_id == this_cpu()->apic_id)
			continue;
		cpu = create_cpu(nr_cpus);
		cpu->apic_id = a->apic_id;
		init_sched(cpu);
		if (!start_cpu(cpu)) {
			pr_warn("CPU with APIC id %u does not start, left out\n", a->apic_id);
			cpus[cpu->id] = NULL;
			break;	/* its idle vcpu has the number; give up on the rest */
		}
	}
	pr_info("%u CPU%s\n", nr_cpus, nr_cpus == 1 ? "" : "s");
}

static __init void core_main(void)
{
	struct cpu *cpu = this_cpu();

	cpu_init(cpu);
	domain_init();
	set_owners();
	acpi_init(boot_info.rsdp);
	if (boot_info.efi)
		boot_info.efi_rsdp = acpi_find_efi(boot_info.efi);
	cpu_policy_init();
	clock_init();
	apic_init();
	ioapic_init();
	keys_init();
	init_sched(cpu);
	console_start();
	start_other_cpus();
	version_set_commandline(boot_info.cmdline);
	memory_set_map(boot_info.e820, boot_info.nr_e820);
	dom0_build();
	console_end_boot();
}

/* Not in init memory, which paging_seal() gives back. */
static __used void __noreturn core_on_stack(void)
{
	core_main();
	paging_seal();
	domain_unpause(dom0);
	idle_loop();
}

__init void core_start(u32 magic, u32 info)
{
	const char *loader_problem = multiboot_read(magic, MADDR(info));
	struct cpu *cpu;

	options_parse(boot_info.cmdline);
	cpu_detect();
	start_console(loader_problem);
	spec_ctrl_init();
	boot_alloc_init();
	cpu_init_tables();	/* patches the text, which paging_init() protects */
	paging_init();
	cpu = create_cpu(0);
	nr_cpus = 1;
	cpu->online = true;
	asm volatile("mov %0, %%rsp; xor %%ebp, %%ebp; call *%1; ud2"
		     : : "r"(stacks_top(cpu)), "r"(core_on_stack) : "memory");
	__builtin_unreachable();
}
