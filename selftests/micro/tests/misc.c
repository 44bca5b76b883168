// SPDX-License-Identifier: GPL-2.0-only
/*
 * Smaller calls: vm_assist, console_io, physdev_op, platform_op (xen.h,
 * physdev.h, platform.h).
 */
#include "micro.h"

/* vm_assist: which kinds a 64-bit PV guest has, on and off. */
MICRO_TEST(assist_types)
{
	static const unsigned int types[] = { 0, 1, 2, 3, 4, 5, 6, 31, 32, 33,
					      63, 64, ~0U };
	unsigned int i;
	long on, off;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		on = hc_vm_assist(VMASST_CMD_enable, types[i]);
		off = hc_vm_assist(VMASST_CMD_disable, types[i]);
		micro_report("type%x enable=%ld disable=%ld", types[i], on,
			     off);
	}
	micro_report("cmd2=%ld", hc_vm_assist(2, 4));
}

/* architectural_iopl: popf and iret show the virtual IOPL in the flags. */
MICRO_TEST(assist_iopl)
{
	struct physdev_set_iopl iopl = { .iopl = 1 };
	struct micro_regs regs = { 0 };

	micro_report("enable=%ld",
		     hc_vm_assist(VMASST_CMD_enable,
				  VMASST_TYPE_architectural_iopl));
	hc_physdev_op(PHYSDEVOP_set_iopl, &iopl);
	MICRO_PROBE(&regs, "ud2");
	micro_report("frame_flags=%lx", micro_probe.frame.rflags & 0x3000);
	iopl.iopl = 0;
	hc_physdev_op(PHYSDEVOP_set_iopl, &iopl);
	MICRO_PROBE(&regs, "ud2");
	micro_report("frame_flags=%lx", micro_probe.frame.rflags & 0x3000);
	MICRO_PROBE(&regs, "inb $0x80, %%al");
	micro_probe_report("port_iopl0");
	iopl.iopl = 3;
	hc_physdev_op(PHYSDEVOP_set_iopl, &iopl);
	MICRO_PROBE(&regs, "inb $0x80, %%al");
	micro_probe_report("port_iopl3");
	MICRO_PROBE(&regs, "cli");
	micro_probe_report("cli_iopl3");
	MICRO_PROBE(&regs, "sti");
	micro_probe_report("sti_iopl3");
	iopl.iopl = 0;
	hc_physdev_op(PHYSDEVOP_set_iopl, &iopl);
	micro_report("disable=%ld",
		     hc_vm_assist(VMASST_CMD_disable,
				  VMASST_TYPE_architectural_iopl));
}

/* console_io: writes of any length, reads without input, bad arguments. */
MICRO_TEST(console_calls)
{
	char buffer[16];

	micro_report("write0=%ld", hc_console_io(CONSOLEIO_write, 0, buffer));
	micro_report("write_null_0=%ld",
		     hc_console_io(CONSOLEIO_write, 0, NULL));
	micro_report("write_pointer=%ld",
		     hc_console_io(CONSOLEIO_write, 4, 0x1000));
	micro_report("write_hypervisor=%ld",
		     hc_console_io(CONSOLEIO_write, 4, 0xffff830000000000));
	micro_report("write_negative=%ld",
		     hc_console_io(CONSOLEIO_write, 0xffffffff, 0x1000));
	micro_report("read=%ld", hc_console_io(CONSOLEIO_read, 16, buffer));
	micro_report("read0=%ld", hc_console_io(CONSOLEIO_read, 0, buffer));
	micro_report("read_pointer=%ld",
		     hc_console_io(CONSOLEIO_read, 16, 0x1000));
	micro_report("cmd2=%ld", hc_console_io(2, 16, buffer));
}

/* physdev_op: pointers of every operation, and interrupts that are not. */
MICRO_TEST(physdev_arguments)
{
	struct physdev_irq_status_query query = { .irq = 300 };
	struct physdev_map_pirq map = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI,
		.index = 5000, .pirq = -1,
	};
	struct physdev_unmap_pirq unmap = { .domid = DOMID_SELF, .pirq = 300 };
	struct physdev_eoi eoi = { .irq = 100000 };
	struct physdev_apic apic = { .apic_physbase = 0x12345000 };
	struct physdev_get_free_pirq free = { .type = MAP_PIRQ_TYPE_MSI };
	unsigned int op;

	for (op = 0; op < 33; op++) {
		if (op == PHYSDEVOP_IRQ_UNMASK_NOTIFY)
			continue;
		micro_report("op%u pointer=%ld", op,
			     hc_physdev_op(op, 0x1000));
	}
	micro_report("status_300=%ld",
		     hc_physdev_op(PHYSDEVOP_irq_status_query, &query));
	query.irq = 100000;
	micro_report("status_100000=%ld",
		     hc_physdev_op(PHYSDEVOP_irq_status_query, &query));
	micro_report("map_bad_gsi=%ld",
		     hc_physdev_op(PHYSDEVOP_map_pirq, &map));
	map.domid = 77;
	micro_report("map_other=%ld", hc_physdev_op(PHYSDEVOP_map_pirq, &map));
	map.domid = DOMID_SELF;
	map.type = 99;
	micro_report("map_bad_type=%ld",
		     hc_physdev_op(PHYSDEVOP_map_pirq, &map));
	micro_report("unmap_300=%ld",
		     hc_physdev_op(PHYSDEVOP_unmap_pirq, &unmap));
	micro_report("eoi_100000=%ld", hc_physdev_op(PHYSDEVOP_eoi, &eoi));
	micro_report("apic_read_nowhere=%ld",
		     hc_physdev_op(PHYSDEVOP_apic_read, &apic));
	micro_report("free_pirq=%ld",
		     hc_physdev_op(PHYSDEVOP_get_free_pirq, &free));
}

/* A GSI: mapped one to one for dom0, bound, and given back. */
MICRO_TEST(physdev_gsi)
{
	struct physdev_map_pirq map = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI,
		.index = 16, .pirq = 16,
	};
	struct physdev_setup_gsi setup = {
		.gsi = 16, .triggering = 1, .polarity = 1,
	};
	struct physdev_irq_status_query query = { .irq = 16 };
	struct physdev_unmap_pirq unmap = { .domid = DOMID_SELF, .pirq = 16 };
	struct physdev_eoi eoi = { .irq = 16 };
	struct evtchn_bind_pirq bind = { .pirq = 16 };
	struct evtchn_close close;
	long ret;

	ret = hc_physdev_op(PHYSDEVOP_map_pirq, &map);
	micro_report("map=%ld pirq=%d", ret, map.pirq);
	micro_report("setup=%ld", hc_physdev_op(PHYSDEVOP_setup_gsi, &setup));
	micro_report("setup_again=%ld",
		     hc_physdev_op(PHYSDEVOP_setup_gsi, &setup));
	ret = micro_event_op(EVTCHNOP_bind_pirq, &bind);
	micro_report("bind=%ld", ret);
	ret = micro_event_op(EVTCHNOP_bind_pirq, &bind);
	micro_report("bind_again=%ld", ret);
	ret = hc_physdev_op(PHYSDEVOP_irq_status_query, &query);
	micro_report("status=%ld flags=%x", ret, query.flags);
	micro_report("eoi=%ld", hc_physdev_op(PHYSDEVOP_eoi, &eoi));
	for (close.port = 1; close.port < 4; close.port++)
		micro_event_op(EVTCHNOP_close, &close);
	micro_report("unmap=%ld",
		     hc_physdev_op(PHYSDEVOP_unmap_pirq, &unmap));
	micro_report("unmap_again=%ld",
		     hc_physdev_op(PHYSDEVOP_unmap_pirq, &unmap));
	setup.gsi = 5000;
	micro_report("setup_bad=%ld",
		     hc_physdev_op(PHYSDEVOP_setup_gsi, &setup));
}

/* The bitmap of pirqs to be acknowledged by hypercall: one page, set once. */
MICRO_TEST_ALONE(physdev_eoi_map)
{
	struct physdev_pirq_eoi_gmfn map = { .gmfn = micro_bad_mfn() };
	uint64_t *page = micro_page_alloc();

	micro_report("bad_gmfn=%ld",
		     hc_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &map));
	map.gmfn = micro_va_to_mfn(page);
	micro_report("set=%ld",
		     hc_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &map));
	micro_report("again=%ld",
		     hc_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &map));
	micro_report("v1_after=%ld",
		     hc_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v1, &map));
}

/*
 * PCI devices and MSI: as dom0 announces and maps them; q35's own devices.
 * prepare_msix is not tried: Xen 4.17 panics when the device has no MSI-X.
 */
MICRO_TEST(physdev_pci)
{
	struct physdev_pci_device_add add = { .devfn = 0x1f << 3 };
	struct physdev_pci_device device = { .devfn = 0x1f << 3 };
	struct physdev_pci_mmcfg_reserved mmcfg = { .address = 0x12345000 };
	struct physdev_map_pirq map = {
		.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_MSI_SEG,
		.index = -1, .pirq = -1, .bus = 77, .devfn = 0,
	};
	struct physdev_apic apic = { .apic_physbase = 0xfec00000, .reg = 1 };
	long ret;

	micro_report("add=%ld", hc_physdev_op(PHYSDEVOP_pci_device_add, &add));
	micro_report("add_again=%ld",
		     hc_physdev_op(PHYSDEVOP_pci_device_add, &add));
	micro_report("restore_msi=%ld",
		     hc_physdev_op(PHYSDEVOP_restore_msi_ext, &device));
	micro_report("mmcfg_unknown=%ld",
		     hc_physdev_op(PHYSDEVOP_pci_mmcfg_reserved, &mmcfg));
	micro_report("msi_of_absent=%ld",
		     hc_physdev_op(PHYSDEVOP_map_pirq, &map));
	map.bus = 0;
	map.devfn = 0x1f << 3;
	micro_report("msi_without_capability=%ld",
		     hc_physdev_op(PHYSDEVOP_map_pirq, &map));
	ret = hc_physdev_op(PHYSDEVOP_apic_read, &apic);
	micro_report("apic_version=%ld value=%x", ret, apic.value);
}

/* platform_op: the version is checked first, then the command. */
MICRO_TEST(platform_arguments)
{
	static struct xen_platform_op op;

	op.cmd = XENPF_settime32;
	micro_report("no_version=%ld", hc_platform_op(&op));
	op.interface_version = XENPF_INTERFACE_VERSION;
	op.cmd = 9999;
	micro_report("unknown=%ld", hc_platform_op(&op));
	op.cmd = XENPF_get_cpuinfo;
	op.u.pcpu_info.xen_cpuid = 0;
	micro_report("cpuinfo=%ld", hc_platform_op(&op));
	micro_report("cpu0 max_present=%u online=%d",
		     op.u.pcpu_info.max_present,
		     !!(op.u.pcpu_info.flags & XEN_PCPU_FLAGS_ONLINE));
	op.cmd = XENPF_get_cpuinfo;
	op.u.pcpu_info.xen_cpuid = 999;
	micro_report("cpuinfo_999=%ld", hc_platform_op(&op));
	micro_report("cpu999 flags=%x", op.u.pcpu_info.flags);
	op.cmd = XENPF_get_cpu_version;
	op.u.pcpu_version.xen_cpuid = 0;
	micro_report("cpu_version=%ld", hc_platform_op(&op));
	op.cmd = XENPF_firmware_info;
	op.u.firmware_info.type = 99;
	micro_report("firmware_99=%ld", hc_platform_op(&op));
	op.u.firmware_info.type = XEN_FW_KBD_SHIFT_FLAGS;
	micro_report("keyboard_flags=%ld", hc_platform_op(&op));
	op.u.firmware_info.type = XEN_FW_DISK_INFO;
	op.u.firmware_info.index = 200;
	micro_report("disk_200=%ld", hc_platform_op(&op));
	op.u.firmware_info.type = XEN_FW_EFI_INFO;
	op.u.firmware_info.index = 0;
	micro_report("efi=%ld", hc_platform_op(&op));
	op.cmd = XENPF_settime64;
	op.u.settime64.secs = 1000000000;
	op.u.settime64.nsecs = 0;
	op.u.settime64.mbz = 1;
	micro_report("settime_mbz=%ld", hc_platform_op(&op));
}

/* settime moves the wall clock in shared_info, under its version. */
MICRO_TEST(platform_settime)
{
	static struct xen_platform_op op;
	uint32_t version = micro_shared->wc_version;
	uint64_t boot;

	op.cmd = XENPF_settime64;
	op.interface_version = XENPF_INTERFACE_VERSION;
	op.u.settime64.secs = 1000000000;
	op.u.settime64.system_time = micro_time_now();
	micro_report("settime=%ld", hc_platform_op(&op));
	boot = 1000000000 - op.u.settime64.system_time / 1000000000;
	micro_report("version_moved=%d even=%d",
		     micro_shared->wc_version != version,
		     !(micro_shared->wc_version & 1));
	micro_report("wall_clock_right=%d",
		     micro_shared->wc_sec - (boot - 1) <= 2);
}
