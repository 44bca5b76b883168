// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dom0: from the boot loader's modules to a vcpu that can run.
 *
 * What dom0 starts with is laid out by guest frame numbers. Its first tables map
 * those from 0 to `end' linearly (xen.h, "startofday"):
 *
 *	virt_base   kernel   [initrd] [p2m]   start_info  page tables  stack   end
 *	gfn 0 ...                                                       4 MiB aligned
 *	gfn end ... [initrd, by frame number] [p2m list and its page tables]
 *
 * Initrd and p2m list are behind it when the kernel's notes allow that. No two
 * machine frames need be neighbours: the kernel is loaded through dom0's own
 * tables, all else is page by page.
 */
#include "clock.h"
#include "elf.h"
#include "pv.h"
#include "sched.h"
#include "setup.h"
#include "unpack.h"

#include <xen/features.h>

#define MIB			(1ull << 20)
#define HYPERCALL_SLOT_SIZE	32
#define KERNEL_MAX		(512 * MIB)
#define PTE_GUEST		(PTE_P | PTE_U)

/*
 * What a kernel may insist on: what XENVER_get_features tells dom0, and, as in Xen,
 * the writable page tables that Linux's notes require and then do without.
 */
#define FEATURES_OFFERED \
	(1u << XENFEAT_writable_page_tables | 1u << XENFEAT_mmu_pt_update_preserve_ad | \
	 1u << XENFEAT_pae_pgdir_above_4gb | 1u << XENFEAT_gnttab_map_avail_bits | \
	 1u << XENFEAT_dom0 | 1u << XENFEAT_highmem_assist)

/**
 * struct plan - what is where
 * @initrd,@p2m,@start_info,@tables,@stack,@end: first guest frame of each; tables go up to @stack
 * @needed:	frames of all that
 * @p2m_va:	where the kernel wants the list, 0: in the boot area
 * @frames:	machine frame of each guest frame, as far as there are any (@nr_frames)
 */
static __initdata struct plan {
	u64 virt_base, p2m_va;
	u64 initrd, p2m, start_info, tables, stack, end, needed;
	u64 nr_initrd, nr_p2m, nr_p2m_tables;
	u64 *frames, nr_frames;
} plan;

static __init void *frame(u64 gfn) { return mfn_to_virt(MFN(plan.frames[gfn])); }
static __init u64 boot_va(u64 gfn) { return plan.virt_base + gfn * PAGE_SIZE; }

/* The kernel's ELF file, unpacked into memory of the core's that is freed later. */
static __init void unpack_kernel(struct kernel_image *k)
{
	void *scratch = alloc_zeroed(UNPACK_SCRATCH_SIZE), *file;
	long got;

	if (k->unpacked_size > KERNEL_MAX)
		boot_fail("dom0: kernel: it claims to be larger than 512 MiB when unpacked");
	file = alloc_zeroed(k->unpacked_size);
	if (!file || !scratch)
		boot_fail("dom0: kernel: not enough memory to unpack it, which takes %llu MiB",
			  k->unpacked_size / MIB + 1);
	got = unpack_payload(k->payload, k->payload_len, file, k->unpacked_size,
			     scratch, UNPACK_SCRATCH_SIZE);
	if (got == -ENOSYS)
		boot_fail("dom0: kernel: compressed in a way that is not supported");
	if (got < 0)
		boot_fail("dom0: kernel: its compressed payload is corrupt");
	free_zeroed(scratch, UNPACK_SCRATCH_SIZE);
	k->payload = file;
	k->payload_len = got;
}

/* The kernel proper: unpacked if it was packed, and parsed. */
static __init void open_kernel(struct kernel_image *k, struct elf_image *img)
{
	const struct boot_module *m = &boot_info.module[0];
	const struct elf_notes *n = &img->notes;
	const char *why;

	if (!boot_info.nr_modules)
		boot_fail("dom0: kernel: the boot loader passed no module, it must be the first");
	why = bzimage_parse(arch_direct_map(m->start), m->len, k);
	if (why)
		boot_fail("dom0: kernel: %s", why);
	if (!k->is_elf)
		unpack_kernel(k);
	why = elf_parse(k->payload, k->payload_len, img);
	if (why)
		boot_fail("dom0: kernel: %s", why);
	if (elf_has_note(img, XEN_ELFNOTE_XEN_VERSION) && strcmp(n->xen_version, "xen-3.0"))
		boot_fail("dom0: kernel: made for another hypervisor interface than xen-3.0");
	if (n->features_required & ~FEATURES_OFFERED)
		boot_fail("dom0: kernel: it requires features that are not offered");
	if (img->virt_start.a < n->virt_base || n->virt_base & ~PAGE_MASK ||
	    img->virt_end.a - n->virt_base > KERNEL_MAX)
		boot_fail("dom0: kernel: its virtual addresses are out of range");
}

/* Tables of all levels to map [start, end), the root included. */
static __init u64 count_tables(u64 start, u64 end)
{
	u64 n = 1;

	for (int shift = 39; shift >= 21; shift -= 9)
		n += ((end - 1) >> shift) - (start >> shift) + 1;
	return n;
}

static __init void make_plan(struct plan *p, const struct elf_image *img, u64 initrd_len,
			     u64 nr_pages)
{
	bool initrd_outside = img->notes.mod_start_pfn;

	p->virt_base = img->notes.virt_base;
	p->p2m_va = img->notes.init_p2m.a;
	p->nr_initrd = PFN_UP(initrd_len);
	p->nr_p2m = PFN_UP(nr_pages * 8);
	p->initrd = PFN_DOWN(img->virt_end.a - p->virt_base);
	p->p2m = p->initrd + (initrd_outside ? 0 : p->nr_initrd);
	p->start_info = p->p2m + (p->p2m_va ? 0 : p->nr_p2m);
	p->tables = p->start_info + 1;
	p->stack = p->tables + 3;
	/* The tables must map themselves: try until their number fits; 512 KiB are spare. */
	do {
		p->stack++;
		p->end = PFN_DOWN(ROUND_UP(boot_va(p->stack + 1) + MIB / 2, 4 * MIB) -
				  p->virt_base);
	} while (count_tables(p->virt_base, boot_va(p->end)) > p->stack - p->tables);
	p->needed = p->end;
	if (initrd_outside) {
		p->initrd = p->needed;
		p->needed += p->nr_initrd;
	}
	if (p->p2m_va) {
		p->p2m = p->needed;
		p->nr_p2m_tables = count_tables(p->p2m_va, p->p2m_va + p->nr_p2m * PAGE_SIZE) - 1;
		p->needed += p->nr_p2m + p->nr_p2m_tables;
	}
	if (!va_range_ok(p->virt_base, p->end * PAGE_SIZE) ||
	    !va_range_ok(p->p2m_va, p->nr_p2m * PAGE_SIZE))
		boot_fail("dom0: kernel: its virtual addresses are out of range");
	if (p->needed > nr_pages)
		boot_fail("dom0: memory: %llu MiB, too small for the kernel and its initrd: %llu",
			  nr_pages * PAGE_SIZE / MIB, p->needed * PAGE_SIZE / MIB + 1);
	p->frames = alloc_zeroed(p->nr_p2m * PAGE_SIZE);
	if (!p->frames)
		boot_fail("dom0: memory: not enough for the frame list");
	memset(p->frames, 0xff, p->nr_p2m * PAGE_SIZE);
}

/* More of @d's frames, in guest order, up to number @upto; in pieces as large as there are. */
static __init void allocate(struct domain *d, u64 upto)
{
	for (u32 order = MAX_ORDER; plan.nr_frames < upto; ) {
		struct page *page = NULL;

		if (1ull << order <= upto - plan.nr_frames)
			page = domain_page_alloc(d, order, ADDR_BITS_ANY);
		if (!page && !order--)
			boot_fail("dom0: memory: dom0_mem is more than there is");
		for (u64 i = 0; page && i < 1ull << order; i++) {
			m2p[page_to_mfn(page).n + i] = plan.nr_frames;
			plan.frames[plan.nr_frames++] = page_to_mfn(page).n + i;
		}
	}
}

/* Map @nr guest frames from @gfn on at @va; tables that are missing are @table and following. */
static __init void map_frames(u64 va, u64 gfn, u64 nr, u64 table)
{
	for (u64 end = gfn + nr; gfn < end; gfn++, va += PAGE_SIZE) {
		/* P1: tables are mapped read-only, used or not. */
		bool is_table = gfn >= plan.tables && gfn < plan.stack;
		u64 *e = (u64 *)frame(plan.tables) + (va >> 39 & 511);

		for (int shift = 30; shift >= 12; shift -= 9) {
			if (!(*e & PTE_P)) {
				memset(frame(table), 0, PAGE_SIZE);
				*e = plan.frames[table++] << PAGE_SHIFT | PTE_GUEST | PTE_W | PTE_A;
			}
			e = (u64 *)mfn_to_virt(PTE_MFN(*e)) + (va >> shift & 511);
		}
		*e = plan.frames[gfn] << PAGE_SHIFT | PTE_GUEST | (is_table ? 0 : PTE_W);
	}
}

void write_hypercall_page(u8 *page)
{
	/* push %rcx; push %r11; mov $n, %eax; syscall; pop %r11; pop %rcx; ret */
	static const u8 call[] = {
		0x51, 0x41, 0x53, 0xb8, 0, 0, 0, 0, 0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3
	};
	/* push %rcx; push %r11; push %rax; mov $n, %eax; syscall: struct iret_context */
	static const u8 iret[] = {
		0x51, 0x41, 0x53, 0x50, 0xb8, __HYPERVISOR_iret, 0, 0, 0, 0x0f, 0x05
	};

	memset(page, 0xcc, PAGE_SIZE);
	for (u32 n = 0; n < PAGE_SIZE / HYPERCALL_SLOT_SIZE; n++) {
		memcpy(page + n * HYPERCALL_SLOT_SIZE, call, sizeof(call));
		memcpy(page + n * HYPERCALL_SLOT_SIZE + 4, &n, sizeof(n));
	}
	memcpy(page + __HYPERVISOR_iret * HYPERCALL_SLOT_SIZE, iret, sizeof(iret));
}

/* Into dom0's own address space, whose tables are loaded meanwhile. */
static __init void load_kernel(const struct elf_image *img)
{
	memset(frame(plan.tables), 0, PAGE_SIZE);
	map_frames(plan.virt_base, 0, plan.end, plan.tables + 1);
	paging_fill_root(frame(plan.tables));
	write_cr4(cpu_features.cr4 & ~CR4_SMAP);
	write_cr3(plan.frames[plan.tables] << PAGE_SHIFT);
	elf_load(img, (void *)img->virt_start.a, img->virt_end.a - img->virt_start.a);
	if (elf_has_note(img, XEN_ELFNOTE_HYPERCALL_PAGE))
		write_hypercall_page((void *)img->notes.hypercall_page.a);
	write_cr3((u64)core_l4 - IMAGE_VA);
	write_cr4(cpu_features.cr4);
}

static __init void write_start_info(const struct domain *d, u64 initrd_len)
{
	struct start_info *si = frame(plan.start_info);
	struct dom0_vga_console_info *vga = (void *)(si + 1);
	bool initrd_outside = plan.initrd >= plan.end;
	char rsdp[40] = "";

	memset(si, 0, PAGE_SIZE);
	strlcpy(si->magic, "xen-3.0-x86_64", sizeof(si->magic));
	si->nr_pages = plan.nr_frames;
	si->shared_info = arch_direct_unmap(d->shared).a;
	si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN | (3u << 8);	/* xen-pm: C and P states */
	si->pt_base = boot_va(plan.tables);
	si->nr_pt_frames = plan.stack - plan.tables;
	si->mfn_list = plan.p2m_va ? plan.p2m_va : boot_va(plan.p2m);
	si->first_p2m_pfn = plan.p2m_va ? plan.p2m : plan.end;
	si->nr_p2m_frames = plan.p2m_va ? plan.nr_p2m + plan.nr_p2m_tables : 0;
	if (initrd_len) {
		si->mod_start = initrd_outside ? plan.initrd : boot_va(plan.initrd);
		si->flags |= initrd_outside ? SIF_MOD_START_PFN : 0;
		si->mod_len = initrd_len;
	}
	si->console.dom0.info_off = sizeof(*si);
	si->console.dom0.info_size = sizeof(*vga);
	*vga = (struct dom0_vga_console_info){
		.video_type = XEN_VGATYPE_TEXT_MODE_3,
		.u.text_mode_3 = { .font_height = 16, .rows = 25, .columns = 80 },
	};
	/* In front, so that the administrator's own has the last word. */
	if (boot_info.efi_rsdp)
		snprintf(rsdp, sizeof(rsdp), "acpi_rsdp=0x%lx ", boot_info.efi_rsdp);
	snprintf((char *)si->cmd_line, sizeof(si->cmd_line), "%s%s", rsdp,
		 boot_info.module[0].cmdline);
}

/* The initrd, the frame list and start_info: what needs to know all of dom0's frames. */
static __init void write_data(const struct domain *d, maddr_t initrd, u64 initrd_len)
{
	for (u64 off = 0; off < initrd_len; off += PAGE_SIZE)
		memcpy(frame(plan.initrd + off / PAGE_SIZE), arch_direct_map(MADDR(initrd.a + off)),
		       MIN(initrd_len - off, PAGE_SIZE));
	for (u64 i = 0; i < plan.nr_p2m; i++)
		memcpy(frame(plan.p2m + i), plan.frames + i * 512, PAGE_SIZE);
	if (plan.p2m_va)
		map_frames(plan.p2m_va, plan.p2m, plan.nr_p2m, plan.p2m + plan.nr_p2m);
	write_start_info(d, initrd_len);
}

static __init void prepare_vcpu(struct domain *d, u64 entry)
{
	struct vcpu *v = d->vcpu[0];
	mfn_t root = MFN(plan.frames[plan.tables]);

	spin_guard(&d->pt_lock);
	/* Dom0's tables get no benefit of the doubt: the same checks as any guest's. */
	if (pt_get_whole(d, root, 4))
		panic("dom0's first page tables do not validate");
	__atomic_fetch_or(&mfn_to_page(root)->type, PT_PINNED_BY(d), __ATOMIC_RELAXED);
	v->arch.kernel_cr3 = mfn_to_maddr(root).a;
	v->regs = (struct regs){
		.rip = entry, .cs = GUEST_CS, .ss = GUEST_SS, .rflags = EFLAGS_IF | 2,
		.rsp = boot_va(plan.stack + 1), .rsi = boot_va(plan.start_info),
	};
	v->initialised = true;
}

/** dom0_build() - make dom0 from the boot modules and let it run */
__init void dom0_build(void)
{
	static __initdata struct elf_image img;
	struct kernel_image kernel;
	const struct boot_module *initrd = &boot_info.module[1];	/* no length: none */
	u64 avail = page_alloc_nr_free() * PAGE_SIZE, max;
	u64 nr_pages = PFN_DOWN(cmdline_compute_dom0_mem(&opt_dom0_mem, max_mfn << PAGE_SHIFT,
							 avail, &max));

	for (u32 i = 2; i < boot_info.nr_modules; i++)
		pr_warn("boot module %u ignored: only a kernel and an initrd are known\n", i + 1);
	open_kernel(&kernel, &img);
	make_plan(&plan, &img, initrd->len, nr_pages);
	dom0 = domain_create(0, true, opt_dom0_max_vcpus ? opt_dom0_max_vcpus : nr_cpus);
	if (!dom0)
		boot_fail("dom0: memory: not enough for dom0's own structures");
	domain_publish(dom0);
	dom0->max_pages = MIN(PFN_DOWN(max), 0xffffffffull);
	memset(dom0->arch.io_bitmap, 0xff, sizeof(dom0->arch.io_bitmap));
	physdev_hide_ports(dom0->arch.io_bitmap);
	time_fill_wallclock(dom0);
	allocate(dom0, plan.end);
	load_kernel(&img);
	if (!kernel.is_elf)	/* dom0 may need that memory */
		free_zeroed((void *)kernel.payload, kernel.unpacked_size);
	allocate(dom0, nr_pages);
	write_data(dom0, initrd->start, initrd->len);
	prepare_vcpu(dom0, img.notes.entry.a);
	free_zeroed(plan.frames, plan.nr_p2m * PAGE_SIZE);
	pr_info("dom0: %lu MiB, %u vcpus, kernel %lx-%lx entry %lx\n",
		nr_pages >> 8, dom0->max_vcpus, img.virt_start.a, img.virt_end.a,
		img.notes.entry.a);
	vcpu_clear_pause(dom0->vcpu[0], VPF_DOWN);
}
