// SPDX-License-Identifier: GPL-2.0-only
/*
 * From boot.S to the first guest: the order in which the core comes up.
 *
 *	core_start	loader's information, console, address space, allocator
 *	core_main	on the boot CPU's own stack: tables, firmware, clock,
 *			interrupts, other CPUs, dom0
 *	core_on_stack	init memory given back; the idle loop takes over
 */
#include "acpi.h"
#include "apic.h"
#include "clock.h"
#include "console.h"
#include "cpu_private.h"
#include "hypercall.h"
#include "irq.h"
#include "page_alloc.h"
#include "page_type.h"
#include "printk.h"
#include "pv.h"
#include "sched.h"
#include "setup.h"
#include "smp.h"
#include "stacks.h"
#include "traps.h"

/* Tools may map the machine-to-phys table, to read: its type keeps it from more. */
static __init void share_m2p(void)
{
	u64 len = ROUND_UP(max_mfn * 8, 2ul << 20);

	for (struct page *p = virt_to_page(m2p), *end = p + (len >> PAGE_SHIFT); p < end; p++) {
		page_share_xen(p, dom_xen);
		p->type = PT_DESC | PT_VALID | 1;
	}
}

/*
 * Frames between RAM ranges belong to devices and firmware. Nor is the first MiB
 * the allocator's: dom0 may look at it.
 */
static __init void mark_mmio(void)
{
	for (u64 mfn = 0; mfn < max_mfn; mfn++)
		frame_table[mfn].owner = dom_io;
	for_each_ram(r) {
		u64 end = PFN_DOWN(r->start + r->size);

		for (u64 mfn = MAX(PFN_UP(r->start), 256ul); mfn < end; mfn++)
			frame_table[mfn].owner = NULL;
	}
}

static __init void protect_devices(void)
{
	mmio_deny(maddr_to_mfn(MADDR(apic_addr)), true);
	for (u32 i = 0; i < acpi_info.nr_ioapics; i++)
		mmio_deny(MFN(PFN_DOWN(acpi_info.ioapics[i].addr)), false);
	if (acpi_info.hpet_addr)
		mmio_deny(MFN(PFN_DOWN(acpi_info.hpet_addr)), false);
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

static __init void core_main(void)
{
	struct cpu *cpu = this_cpu();

	cpu_init(cpu);
	domain_init();
	mark_mmio();
	share_m2p();
	acpi_init(boot_info.rsdp);
	clock_init();
	apic_init();
	ioapic_init();
	protect_devices();
	keys_init();
	smp_cpu_init_sched(cpu);
	console_start();
	smp_boot_cpus(opt_maxcpus);
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
	boot_alloc_init();
	cpu_init_tables();	/* patches the text, which paging_init() protects */
	paging_init();
	cpu = smp_cpu_create(0);
	nr_cpus = 1;
	cpu->online = true;
	asm volatile("mov %0, %%rsp; xor %%ebp, %%ebp; call *%1; ud2"
		     : : "r"(stacks_top(cpu)), "r"(core_on_stack) : "memory");
	__builtin_unreachable();
}
