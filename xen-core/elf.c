// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parses a guest kernel's ELF file: what to load where, and its Xen notes.
 *
 * A kernel is placed by the physical addresses of its segments, not by the
 * virtual ones (Linux links its per-CPU segment at virtual address 0):
 *
 *	virtual = paddr - PADDR_OFFSET note + VIRT_BASE note
 *
 * Everything is checked here, once: segments lie in the file and in an address
 * range that does not wrap, notes have a fitting size, and the addresses in
 * them lie in the image where the ABI says so. The file must not change after.
 * What the notes demand of the hypervisor is the domain builder's to judge.
 */
#include <xen/features.h>
#include "elf.h"

/* From the ELF-64 object file format and the x86-64 psABI. */
enum elf_ident { ELF_CLASS_32 = 1, ELF_CLASS_64 = 2, ELF_DATA_LSB = 1 };
enum elf_type { ELF_TYPE_EXEC = 2, ELF_MACHINE_X86_64 = 62, ELF_PT_LOAD = 1, ELF_PT_NOTE = 4 };

/* No kernel is larger; keeps sums of sizes far from wrapping. */
#define ELF_MAX_IMAGE_SIZE	(1ull << 40)
/* Nor has any as many headers or notes; bounds the time a bad file takes. */
#define ELF_MAX_PHDRS		256
#define ELF_MAX_NOTES_SIZE	(64u << 10)

struct elf64_header {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_note_header {
	u32 namesz, descsz, type;
};

static_assert(sizeof(struct elf64_header) == 64, "ELF-64 header");
static_assert(sizeof(struct elf64_phdr) == 56, "ELF-64 program header");

/* Every access to the file goes through here; headers may be misaligned. */
static __init const u8 *elf_range(const struct elf_image *img, u64 offset, u64 size)
{
	if (offset > img->file_len || size > img->file_len - offset)
		return NULL;
	return img->file + offset;
}

static const char elf_features[][32] __initconst = {
	[XENFEAT_writable_page_tables] = "writable_page_tables",
	[XENFEAT_writable_descriptor_tables] = "writable_descriptor_tables",
	[XENFEAT_pae_pgdir_above_4gb] = "pae_pgdir_above_4gb",
	[XENFEAT_mmu_pt_update_preserve_ad] = "mmu_pt_update_preserve_ad",
	[XENFEAT_highmem_assist] = "highmem_assist",
	[XENFEAT_gnttab_map_avail_bits] = "gnttab_map_avail_bits",
	[XENFEAT_dom0] = "dom0",
};

/* The bit of a feature's name; 0 if there is none of that name. */
static __init u32 elf_feature_bit(const char *name, size_t len)
{
	for (u32 i = 0; len && i < ARRAY_SIZE(elf_features); i++)
		if (strlen(elf_features[i]) == len && !memcmp(elf_features[i], name, len))
			return 1u << i;
	return 0;
}

/* The FEATURES string: names with '|' between them, of interest if required: with a '!'. */
static __init const char *elf_parse_features(struct elf_notes *notes, const char *s, size_t len)
{
	const char *end = s + len;

	while (s < end && *s) {
		const char *name = s;
		u32 bit;

		while (s < end && *s && *s != '|')
			s++;
		if (*name == '!') {
			bit = elf_feature_bit(name + 1, s - name - 1);
			if (!bit)
				return "the kernel requires an unknown hypervisor feature";
			notes->features_required |= bit;
		}
		s += s < end && *s == '|';
	}
	return NULL;
}

static __init const char *elf_parse_number(u64 *to, const u8 *desc, u32 size)
{
	if (size != 4 && size != 8)
		return "a Xen note of the kernel has a wrong size";
	*to = 0;
	memcpy(to, desc, size);
	return NULL;
}

static __init const char *elf_parse_string(char *to, const u8 *desc, u32 size)
{
	memset(to, 0, ELF_NOTE_STRING_SIZE);
	memcpy(to, desc, MIN(size, ELF_NOTE_STRING_SIZE - 1u));
	return NULL;
}

/* Those that say nothing to a PV loader here only count as present. */
static __init const char *elf_parse_note(struct elf_notes *n, u32 type, const u8 *desc, u32 size)
{
	if (type == XEN_ELFNOTE_INFO || type > XEN_ELFNOTE_MAX)
		return NULL;
	n->present |= 1u << type;
	switch (type) {
	case XEN_ELFNOTE_ENTRY:		return elf_parse_number(&n->entry.a, desc, size);
	case XEN_ELFNOTE_HYPERCALL_PAGE: return elf_parse_number(&n->hypercall_page.a, desc, size);
	case XEN_ELFNOTE_VIRT_BASE:	return elf_parse_number(&n->virt_base, desc, size);
	case XEN_ELFNOTE_PADDR_OFFSET:	return elf_parse_number(&n->paddr_offset, desc, size);
	case XEN_ELFNOTE_INIT_P2M:	return elf_parse_number(&n->init_p2m.a, desc, size);
	case XEN_ELFNOTE_MOD_START_PFN:	return elf_parse_number(&n->mod_start_pfn, desc, size);
	case XEN_ELFNOTE_XEN_VERSION:	return elf_parse_string(n->xen_version, desc, size);
	case XEN_ELFNOTE_LOADER:	return elf_parse_string(n->loader, desc, size);
	case XEN_ELFNOTE_FEATURES:	return elf_parse_features(n, (const char *)desc, size);
	}
	return NULL;
}

static __init const char *elf_parse_notes(struct elf_image *img, const struct elf64_phdr *ph)
{
	const u8 *p = elf_range(img, ph->offset, ph->filesz);
	u64 size = ph->filesz, align = ph->align == 8 ? 8 : 4, desc, next;
	struct elf_note_header h;
	const char *why = NULL;

	if (!p)
		return "the notes of the kernel lie outside its file";
	if (size > ELF_MAX_NOTES_SIZE)
		return "the notes of the kernel are too long";
	for (; size >= sizeof(h) && !why; p += next, size -= next) {
		memcpy(&h, p, sizeof(h));
		desc = ROUND_UP(sizeof(h) + (u64)h.namesz, align);
		if (desc + h.descsz > size)
			return "the notes of the kernel are damaged";
		if (h.namesz == 4 && !memcmp(p + sizeof(h), "Xen", 4))
			why = elf_parse_note(&img->notes, h.type, p + desc, h.descsz);
		next = MIN(ROUND_UP(desc + h.descsz, align), size);
	}
	return why;
}

static __init const char *elf_check_header(const struct elf64_header *h)
{
	if (h->ident[4] == ELF_CLASS_32)
		return "32-bit kernels are not supported";
	if (h->ident[4] != ELF_CLASS_64 || h->ident[5] != ELF_DATA_LSB ||
	    h->machine != ELF_MACHINE_X86_64)
		return "the kernel is not for x86-64";
	if (h->type != ELF_TYPE_EXEC)
		return "the kernel's ELF file is not an executable";
	if (h->phentsize < sizeof(struct elf64_phdr) || !h->phnum)
		return "the kernel's ELF file has no program headers";
	if (h->phnum > ELF_MAX_PHDRS)
		return "the kernel's ELF file has too many program headers";
	return NULL;
}

static __init const char *elf_add_segment(struct elf_image *img, const struct elf64_phdr *ph)
{
	if (!ph->memsz)
		return NULL;
	if (!elf_range(img, ph->offset, ph->filesz))
		return "the kernel's ELF file is cut short";
	if (ph->filesz > ph->memsz || ph->memsz > ELF_MAX_IMAGE_SIZE ||
	    ph->paddr + ph->memsz < ph->paddr)
		return "the kernel's ELF file has a damaged segment";
	if (img->nr_segments == ELF_MAX_SEGMENTS)
		return "the kernel has too many segments";
	img->segments[img->nr_segments++] = *ph;
	return NULL;
}

static __init const char *elf_read_segments(struct elf_image *img, const struct elf64_header *h)
{
	const u8 *p = elf_range(img, h->phoff, (u64)h->phnum * h->phentsize);
	const char *why = p ? NULL : "the kernel's ELF file is cut short";
	struct elf64_phdr ph;

	for (u32 i = 0; i < h->phnum && !why; i++, p += h->phentsize) {
		memcpy(&ph, p, sizeof(ph));
		if (ph.type == ELF_PT_LOAD)
			why = elf_add_segment(img, &ph);
		else if (ph.type == ELF_PT_NOTE)
			why = elf_parse_notes(img, &ph);
	}
	if (!why && !img->nr_segments)
		why = "the kernel's ELF file has nothing to load";
	return why;
}

static __init bool elf_contains(const struct elf_image *img, gva_t va, u64 size)
{
	return va.a >= img->virt_start.a && va.a < img->virt_end.a &&
	       size <= img->virt_end.a - va.a;
}

/* The range that the segments cover, and that the notes fit it. */
static __init const char *elf_check_layout(struct elf_image *img)
{
	u64 start = ~0ull, end = 0, bias = img->notes.virt_base - img->notes.paddr_offset;

	for (u32 i = 0; i < img->nr_segments; i++) {
		start = MIN(start, img->segments[i].paddr);
		end = MAX(end, img->segments[i].paddr + img->segments[i].memsz);
	}
	start = ROUND_DOWN(start, PAGE_SIZE);
	if (end > ~0ull - PAGE_SIZE || end - start > ELF_MAX_IMAGE_SIZE)
		return "the kernel's segments are too far apart";
	img->paddr_start = start;
	img->virt_start = GVA(start + bias);
	img->virt_end = GVA(ROUND_UP(end, PAGE_SIZE) + bias);
	if (bias & (PAGE_SIZE - 1) || img->virt_end.a <= img->virt_start.a)
		return "the kernel's VIRT_BASE note does not fit its segments";
	if (!elf_contains(img, img->notes.entry, 1))
		return "the kernel's entry point lies outside of it";
	if (elf_has_note(img, XEN_ELFNOTE_HYPERCALL_PAGE) &&
	    !elf_contains(img, img->notes.hypercall_page, PAGE_SIZE))
		return "the kernel's hypercall page lies outside of it";
	return NULL;
}

/* Is this a PV kernel, and for this ABI? */
static __init const char *elf_check_notes(const struct elf_image *img)
{
	const struct elf_notes *n = &img->notes;

	if (!n->present)
		return "the kernel has no Xen ELF notes: it was not built for Xen PV";
	if (!elf_has_note(img, XEN_ELFNOTE_ENTRY) && elf_has_note(img, XEN_ELFNOTE_PHYS32_ENTRY))
		return "the kernel supports PVH only, not PV";
	if (elf_has_note(img, XEN_ELFNOTE_XEN_VERSION) && strncmp(n->xen_version, "xen-3.", 6))
		return "the kernel is for another version of the Xen ABI";
	if (elf_has_note(img, XEN_ELFNOTE_LOADER) && strcmp(n->loader, "generic"))
		return "the kernel wants another loader than the generic one";
	return NULL;
}

/**
 * elf_parse() - check a kernel and gather what a loader has to know
 * @file: the whole ELF file
 * @len: its size
 * @img: filled; refers to @file
 *
 * Return: NULL, or why it cannot be loaded: one short sentence for the console.
 */
__init const char *elf_parse(const void *file, size_t len, struct elf_image *img)
{
	struct elf64_header h;

	*img = (struct elf_image){ .file = file, .file_len = len };
	if (len < sizeof(h) || memcmp(file, "\177ELF", 4))
		return "the kernel is not an ELF file";
	memcpy(&h, file, sizeof(h));
	img->notes.entry = GVA(h.entry);
	return elf_check_header(&h) ?: elf_read_segments(img, &h) ?:
	       elf_check_notes(img) ?: elf_check_layout(img);
}

/**
 * elf_load() - put the segments into memory
 * @img: from elf_parse()
 * @dest: where @img->virt_start goes; must not overlap the file
 * @size: room there
 *
 * Zeroes what a segment has beyond its file contents (bss). Gaps between
 * segments are left as they are: hand over zeroed memory.
 *
 * Return: 0, or -ENOSPC when @size is below virt_end - virt_start.
 */
__init int elf_load(const struct elf_image *img, void *dest, size_t size)
{
	if (size < img->virt_end.a - img->virt_start.a)
		return -ENOSPC;
	for (u32 i = 0; i < img->nr_segments; i++) {
		const struct elf64_phdr *ph = &img->segments[i];
		u8 *to = (u8 *)dest + (ph->paddr - img->paddr_start);

		memcpy(to, img->file + ph->offset, ph->filesz);
		memset(to + ph->filesz, 0, ph->memsz - ph->filesz);
	}
	return 0;
}
