// SPDX-License-Identifier: GPL-2.0-only
/*
 * XENPF_*: what the privileged domain tells and asks about the machine.
 *
 * The structure is copied in once and, where something is answered, copied
 * out whole. Power management data that nothing here would use is refused
 * with -ENOSYS, so that dom0 does not believe in it.
 */

#include <xen/platform.h>
#include "acpi.h"
#include "clock.h"
#include "pv.h"

static long platform_firmware_info(struct xenpf_firmware_info *info)
{
	switch (info->type) {
	case XEN_FW_DISK_INFO:		/* the core makes no BIOS calls: none known */
	case XEN_FW_DISK_MBR_SIGNATURE:
	case XEN_FW_VBEDDC_INFO:
		return -ESRCH;
	case XEN_FW_EFI_INFO:		/* started by a BIOS */
		return -ENOSYS;
	case XEN_FW_KBD_SHIFT_FLAGS:
		if (info->index)
			return -ESRCH;
		/* the keyboard's state in the BIOS's data area */
		info->u.kbd_shift_flags = *(const u8 *)arch_direct_map(MADDR(0x417));
		return 0;
	default:
		return -EINVAL;
	}
}

static long platform_enter_sleep(const struct xenpf_enter_acpi_sleep *op)
{
	if (op->flags & ~XENPF_ACPI_SLEEP_EXTENDED || op->sleep_state > 5 || !op->sleep_state)
		return -EINVAL;
	if (op->flags || op->sleep_state != 5)
		return -ENOSYS;
	if (!acpi_info.pm1a_cnt)
		return -EPERM;
	pr_always("Preparing system for ACPI S5 state.\n");
	machine_power_off(op->val_a, op->val_b);
}

static long platform_get_cpuinfo(struct xenpf_pcpuinfo *info)
{
	const struct cpu *cpu = info->xen_cpuid < nr_cpus ? cpus[info->xen_cpuid] : NULL;

	info->max_present = nr_cpus - 1;
	info->flags = !cpu ? XEN_PCPU_FLAGS_INVALID : cpu->online ? XEN_PCPU_FLAGS_ONLINE : 0;
	info->apic_id = cpu ? cpu->apic_id : 0;
	info->acpi_id = cpu ? acpi_id_of(cpu->apic_id) : 0;
	return 0;
}

/* All CPUs are taken to be of the boot CPU's kind. */
static long platform_get_cpu_version(struct xenpf_pcpu_version *info)
{
	const u32 eax = cpuid(1, 0).a;

	*info = (struct xenpf_pcpu_version){ .xen_cpuid = info->xen_cpuid,
					     .max_present = nr_cpus - 1 };
	if (info->xen_cpuid >= nr_cpus)
		return 0;
	memcpy(info->vendor_id, cpu_features.vendor, sizeof(info->vendor_id));
	info->family = eax >> 8 & 15;
	info->model = eax >> 4 & 15;
	info->stepping = eax & 15;
	if (info->family == 6 || info->family == 15)
		info->model |= eax >> 12 & 0xf0;
	if (info->family == 15)
		info->family += eax >> 20 & 0xff;
	return 0;
}

static long platform_dispatch(struct xen_platform_op *op)
{
	switch (op->cmd) {
	case XENPF_settime32:
		return time_set_wallclock(op->u.settime32.secs, op->u.settime32.nsecs,
					  op->u.settime32.system_time);
	case XENPF_settime64:
		return op->u.settime64.mbz ? -EINVAL :
			time_set_wallclock(op->u.settime64.secs, op->u.settime64.nsecs,
					   op->u.settime64.system_time);
	case XENPF_firmware_info:	return platform_firmware_info(&op->u.firmware_info);
	case XENPF_enter_acpi_sleep:	return platform_enter_sleep(&op->u.enter_acpi_sleep);
	case XENPF_get_cpuinfo:		return platform_get_cpuinfo(&op->u.pcpu_info);
	case XENPF_get_cpu_version:	return platform_get_cpu_version(&op->u.pcpu_version);
	case XENPF_cpu_online:		/* CPUs do not come and go */
		return op->u.cpu_ol.cpuid < nr_cpus ? -EBUSY : -EINVAL;
	case XENPF_cpu_offline:
		return op->u.cpu_ol.cpuid < nr_cpus ? -EOPNOTSUPP : -EINVAL;
	default:			return -ENOSYS;
	}
}

long do_platform_op(gva_t arg)
{
	struct xen_platform_op op;
	long rc;

	if (!current->domain->privileged)
		return -EPERM;
	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XENPF_INTERFACE_VERSION)
		return -EACCES;
	rc = platform_dispatch(&op);
	if (!rc && op.cmd != XENPF_settime32 && op.cmd != XENPF_settime64 &&
	    copy_to_guest(arg, &op, sizeof(op)))
		rc = -EFAULT;
	return rc;
}
