// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dom0: from the boot loader's modules to a vcpu that can run.
 *
 * The first guest frames are one block, so that kernel, start_info, page
 * tables and stack can be laid out linearly (xen.h, "startofday"):
 *
 *	virt_base   kernel   [initrd] [p2m]   start_info  page tables  stack   end
 *	gfn 0 ...                                                       4 MiB aligned
 *	gfn end ... [initrd, by frame number] [p2m list and its page tables]
 *
 * Initrd and p2m list are behind it when the kernel's notes allow that.
 */
#include "bzimage.h"
#include "clock.h"
#include "compiler.h"
#include "cmdline.h"
#include "cpu_private.h"
#include "dom0_pt.h"
#include "elf.h"
#include "errno.h"
#include "event.h"
#include "grant.h"
#include "options.h"

#include "page_alloc.h"
#include "page_type.h"
#include "physdev.h"
#include "printk.h"
#include "pv.h"
#include "sched.h"
#include "setup.h"
#include "string.h"
#include "unpack.h"

#include <xen/features.h>

#define MIB			(1ull << 20)
#define BOOT_ALIGN		(4 * MIB)
#define BOOT_SPARE		(512 * 1024)
#define HYPERCALL_SLOTS		128
#define HYPERCALL_SLOT_SIZE	32
#define KERNEL_MAX		(512 * MIB)

/* What a kernel may insist on; the same as XENVER_get_features tells dom0. */
#define FEATURES_OFFERED	(1u << XENFEAT_mmu_pt_update_preserve_ad | \
				 1u << XENFEAT_pae_pgdir_above_4gb | \
				 1u << XENFEAT_gnttab_map_avail_bits | 1u << XENFEAT_dom0 | \
				 1u << XENFEAT_highmem_assist | \
				 1u << XENFEAT_writable_descriptor_tables * 0)

/* The kernel's ELF file, unpacked into frames of the core's that are freed later. */
static __init void *unpack_kernel(const struct kernel_image *k, u32 *order, size_t *len)
{
	void *scratch = alloc_zeroed(UNPACK_SCRATCH_SIZE);
	struct page *p;
	long got;

	if (k->unpacked_size > KERNEL_MAX)
		boot_fail("dom0: kernel: it claims to be larger than 512 MiB when unpacked");
	for (*order = 0; PAGE_SIZE << *order < k->unpacked_size; (*order)++)
		;
	p = page_alloc(*order, ADDR_BITS_ANY);
	if (!p || !scratch)
		boot_fail("dom0: kernel: not enough memory to unpack it");
	got = unpack_payload(k->payload, k->payload_len, page_to_virt(p), k->unpacked_size,
			     scratch, UNPACK_SCRATCH_SIZE);
	if (got == -ENOSYS)
		boot_fail("dom0: kernel: compressed in a way that is not supported");
	if (got < 0)
		boot_fail("dom0: kernel: its compressed payload is corrupt");
	free_zeroed(scratch, UNPACK_SCRATCH_SIZE);
	*len = got;
	return page_to_virt(p);
}

static __init void check_notes(const struct elf_image *img)
{
	const struct elf_notes *n = &img->notes;

	if (elf_has_note(img, XEN_ELFNOTE_XEN_VERSION) && strcmp(n->xen_version, "xen-3.0"))
		boot_fail("dom0: kernel: made for another hypervisor interface than xen-3.0");
	if (n->features_required & ~FEATURES_OFFERED)
		boot_fail("dom0: kernel: it requires features that are not offered");
	if (img->virt_start.a < n->virt_base || !va_is_guest(n->virt_base) ||
	    !va_is_guest(img->virt_end.a) || img->virt_end.a - n->virt_base > KERNEL_MAX)
		boot_fail("dom0: kernel: its virtual addresses are out of range");
}

/* Where everything goes, in bytes from virt_base. */
static __init void plan(struct dom0_plan *p, const struct elf_image *img, u64 initrd_len)
{
	u64 at = img->virt_end.a - img->notes.virt_base, tables;

	p->virt_base = img->notes.virt_base;
	p->initrd_outside = img->notes.mod_start_pfn;
	p->p2m_outside = elf_has_note(img, XEN_ELFNOTE_INIT_P2M);
	p->initrd_pages = PFN_UP(initrd_len);
	p->p2m_pages = PFN_UP(p->nr_pages * 8);
	if (!p->initrd_outside) {
		p->initrd = at;
		at += p->initrd_pages * PAGE_SIZE;
	}
	if (!p->p2m_outside) {
		p->p2m = at;
		at += p->p2m_pages * PAGE_SIZE;
	}
	p->start_info = at;
	p->tables = at + PAGE_SIZE;
	/* The tables must map themselves: try until their number fits. */
	for (p->nr_tables = 4; ; p->nr_tables++) {
		p->stack = p->tables + p->nr_tables * PAGE_SIZE;
		p->end = ROUND_UP(p->virt_base + p->stack + PAGE_SIZE + BOOT_SPARE, BOOT_ALIGN) -
			 p->virt_base;
		tables = dom0_pt_count(p->virt_base, p->virt_base + p->end);
		if (tables <= p->nr_tables)
			break;
	}
	p->nr_outside = p->initrd_outside ? p->initrd_pages : 0;
	if (p->p2m_outside) {
		p->p2m_va = img->notes.init_p2m.a;
		p->p2m_tables = dom0_pt_count(p->p2m_va,
					      p->p2m_va + p->p2m_pages * PAGE_SIZE) - 1;
		p->nr_outside += p->p2m_pages + p->p2m_tables;
	}
	if (p->end / PAGE_SIZE + p->nr_outside > p->nr_pages)
		boot_fail("dom0: memory: dom0_mem is too small for the kernel and its initrd");
}

/* The first block: contiguous, with the kernel and what it starts with. */
static __init void allocate_block(struct domain *d, struct dom0_plan *p)
{
	u64 first = p->end / PAGE_SIZE;
	u32 order = 0;
	struct page *page;

	while (1ull << order < first)
		order++;
	page = domain_page_alloc(d, order, ADDR_BITS_ANY);
	if (!page)
		boot_fail("dom0: memory: not enough contiguous memory for the kernel");
	p->block = page_to_virt(page);
	p->first_mfn = page_to_mfn(page).n;
	for (u64 i = first; i < 1ull << order; i++)
		domain_page_release(d, page + i);
	p->p2m_scratch = alloc_zeroed(p->p2m_pages * PAGE_SIZE);
	if (!p->p2m_scratch)
		boot_fail("dom0: memory: not enough for the frame list");
	for (u64 i = 0; i < first; i++)
		p->p2m_scratch[i] = p->first_mfn + i;
}

/* All others, in guest order, in pieces as large as there are. */
static __init void allocate_rest(struct domain *d, struct dom0_plan *p)
{
	u64 got = p->end / PAGE_SIZE;
	struct page *page;
	u32 order;

	for (order = MAX_ORDER; got < p->nr_pages;) {
		while (1ull << order > p->nr_pages - got)
			order--;
		page = domain_page_alloc(d, order, ADDR_BITS_ANY);
		if (!page && order--)
			continue;
		if (!page)
			boot_fail("dom0: memory: dom0_mem is more than there is");
		for (u64 i = 0; i < 1ull << order; i++)
			p->p2m_scratch[got++] = page_to_mfn(page).n + i;
	}
	for (u64 i = 0; i < p->nr_pages; i++)
		m2p[p->p2m_scratch[i]] = i;
}

static __init void copy_initrd(struct dom0_plan *p, const struct boot_module *m)
{
	const u8 *from = m ? arch_direct_map(m->start) : NULL;

	if (!m)
		return;
	if (!p->initrd_outside) {
		memcpy(p->block + p->initrd, from, m->len);
		return;
	}
	p->initrd_gfn = p->end / PAGE_SIZE;
	for (u64 i = 0; i < p->initrd_pages; i++)
		memcpy(mfn_to_virt(MFN(p->p2m_scratch[p->initrd_gfn + i])), from + i * PAGE_SIZE,
		       MIN(m->len - i * PAGE_SIZE, PAGE_SIZE));
}

static __init void write_hypercall_page(u8 *page)
{
	memset(page, 0xcc, PAGE_SIZE);
	for (u32 n = 0; n < HYPERCALL_SLOTS; n++) {
		u8 *c = page + n * HYPERCALL_SLOT_SIZE;

		*c++ = 0x51;			/* push %rcx */
		*c++ = 0x41; *c++ = 0x53;	/* push %r11 */
		if (n == __HYPERVISOR_iret)
			*c++ = 0x50;		/* push %rax: struct iret_context */
		*c++ = 0xb8;			/* mov $n, %eax */
		memcpy(c, &n, 4);
		c += 4;
		*c++ = 0x0f; *c++ = 0x05;	/* syscall */
		if (n == __HYPERVISOR_iret)
			continue;
		*c++ = 0x41; *c++ = 0x5b;	/* pop %r11 */
		*c++ = 0x59;			/* pop %rcx */
		*c++ = 0xc3;			/* ret */
	}
}

static __init void write_start_info(struct domain *d, struct dom0_plan *p,
				    const struct boot_module *initrd, const char *cmdline)
{
	struct start_info *si = (void *)(p->block + p->start_info);
	struct dom0_vga_console_info *vga = (void *)(si + 1);

	memset(si, 0, PAGE_SIZE);
	strlcpy(si->magic, "xen-3.0-x86_64", sizeof(si->magic));
	si->nr_pages = p->nr_pages;
	si->shared_info = arch_direct_unmap(d->shared).a;
	si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN | (3u << 8);	/* xen-pm: C and P states */
	si->pt_base = p->virt_base + p->tables;
	si->nr_pt_frames = p->nr_tables;
	si->mfn_list = p->p2m_outside ? p->p2m_va : p->virt_base + p->p2m;
	if (p->p2m_outside) {
		si->first_p2m_pfn = p->p2m_gfn;
		si->nr_p2m_frames = p->p2m_pages + p->p2m_tables;
	} else {
		si->first_p2m_pfn = p->end / PAGE_SIZE;
	}
	if (initrd) {
		si->mod_start = p->initrd_outside ? p->initrd_gfn : p->virt_base + p->initrd;
		si->flags |= p->initrd_outside ? SIF_MOD_START_PFN : 0;
		si->mod_len = initrd->len;
	}
	si->console.dom0.info_off = sizeof(*si);
	si->console.dom0.info_size = sizeof(*vga);
	vga->video_type = XEN_VGATYPE_TEXT_MODE_3;
	vga->u.text_mode_3.font_height = 16;
	vga->u.text_mode_3.rows = 25;
	vga->u.text_mode_3.columns = 80;
	strlcpy((char *)si->cmd_line, cmdline ? cmdline : "", sizeof(si->cmd_line));
}

static __init void prepare_vcpu(struct domain *d, struct dom0_plan *p, u64 entry)
{
	struct vcpu *v = d->vcpu[0];
	mfn_t root = MFN(p->p2m_scratch[p->tables / PAGE_SIZE]);

	spin_lock(&d->pt_lock);
	/* Dom0's tables get no benefit of the doubt: the same checks as any guest's. */
	if (pt_get_whole(d, root, 4) || pt_get_whole(d, root, 4))
		panic("dom0's first page tables do not validate");
	__atomic_fetch_or(&mfn_to_page(root)->type, PT_PINNED, __ATOMIC_RELAXED);
	spin_unlock(&d->pt_lock);
	v->arch.kernel_cr3 = mfn_to_maddr(root).a;
	v->regs = (struct regs){
		.rip = entry, .cs = GUEST_CS, .ss = GUEST_SS, .rflags = EFLAGS_IF | 2,
		.rsp = p->virt_base + p->stack + PAGE_SIZE,
		.rsi = p->virt_base + p->start_info,
	};
	v->initialised = true;
}

static __init struct domain *create(u64 nr_pages, u64 max_pages)
{
	u32 vcpus = MIN(opt_dom0_max_vcpus ? opt_dom0_max_vcpus : nr_cpus, (u32)MAX_VCPUS);
	struct domain *d = domain_create(0, true, vcpus);

	if (!d)
		boot_fail("dom0: memory: not enough for dom0's own structures");
	d->max_pages = MIN(max_pages, 0xffffffffull);
	memset(d->arch.io_bitmap, 0xff, sizeof(d->arch.io_bitmap));
	physdev_hide_ports(d->arch.io_bitmap);
	time_fill_wallclock(d);
	return d;
}

static __init void load_kernel(struct elf_image *img, struct dom0_plan *p)
{
	u64 off = img->virt_start.a - p->virt_base;

	if (elf_load(img, p->block + off, p->end - off))
		boot_fail("dom0: kernel: its segments do not fit");
	if (elf_has_note(img, XEN_ELFNOTE_HYPERCALL_PAGE)) {
		u64 page = img->notes.hypercall_page.a - p->virt_base;

		if (page & ~PAGE_MASK || page >= p->end)
			boot_fail("dom0: kernel: its hypercall page is outside of it");
		write_hypercall_page(p->block + page);
	}
}

/* The kernel proper: parsed, and unpacked into *@file if it was packed. */
static __init void open_kernel(struct elf_image *img, void **file, u32 *order)
{
	const struct boot_module *m = &boot_info.module[0];
	struct kernel_image k;
	const char *why = NULL;
	size_t len;

	*file = NULL;
	if (!boot_info.nr_modules)
		boot_fail("dom0: kernel: the boot loader passed no module, and the first must be it");
	if (bzimage_parse(arch_direct_map(m->start), m->len, &k, &why))
		boot_fail("dom0: kernel: %s", why);
	len = k.payload_len;
	if (!k.is_elf) {
		*file = unpack_kernel(&k, order, &len);
		k.payload = *file;
	}
	if (elf_parse(k.payload, len, img, &why))
		boot_fail("dom0: kernel: %s", why);
	check_notes(img);
}

/** dom0_build() - make dom0 from the boot modules and let it run */
__init void dom0_build(void)
{
	static __initdata struct elf_image img;
	static __initdata struct dom0_plan p;
	const struct boot_module *initrd = boot_info.nr_modules > 1 ? &boot_info.module[1] : NULL;
	u64 avail = page_alloc_nr_free() * PAGE_SIZE, max;
	u32 order = 0;
	void *file;

	if (initrd && !initrd->len)
		initrd = NULL;
	for (u32 i = 2; i < boot_info.nr_modules; i++)
		pr_warn("boot module %u ignored: only a kernel and an initrd are known\n", i + 1);
	p.nr_pages = PFN_DOWN(cmdline_compute_dom0_mem(&opt_dom0_mem, max_mfn << PAGE_SHIFT,
						       avail, &max));
	open_kernel(&img, &file, &order);
	plan(&p, &img, initrd ? initrd->len : 0);
	dom0 = create(p.nr_pages, PFN_DOWN(max));
	allocate_block(dom0, &p);
	load_kernel(&img, &p);
	if (file)	/* dom0 may need that memory */
		page_free(virt_to_page(file), order);
	allocate_rest(dom0, &p);
	copy_initrd(&p, initrd);
	dom0_pt_build(&p);
	write_start_info(dom0, &p, initrd, boot_info.module[0].cmdline);
	prepare_vcpu(dom0, &p, img.notes.entry.a);
	free_zeroed(p.p2m_scratch, p.p2m_pages * PAGE_SIZE);
	pr_info("dom0: %llu MiB, %u vcpus, kernel %llx-%llx entry %llx\n",
		(unsigned long long)(p.nr_pages >> 8), dom0->max_vcpus,
		(unsigned long long)img.virt_start.a, (unsigned long long)img.virt_end.a,
		(unsigned long long)img.notes.entry.a);
	vcpu_clear_pause(dom0->vcpu[0], VPF_DOWN);
}
