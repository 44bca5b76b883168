/* SPDX-License-Identifier: GPL-2.0-only */
/* A guest kernel's ELF file: its segments and what its Xen notes say. */
#ifndef XENLITE_ELF_H
#define XENLITE_ELF_H

#include <xen/elfnote.h>

#define ELF_MAX_SEGMENTS	32
#define ELF_NOTE_STRING_SIZE	32

/** struct elf64_phdr - a program header, as it is in the file */
struct elf64_phdr {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

/**
 * struct elf_notes - the Xen notes that matter to a PV loader, in typed form (xen/elfnote.h)
 *
 * A field holds its default while elf_has_note() is false for it. Strings are
 * terminated, longer ones cut.
 */
struct elf_notes {
	u32 present;				/* 1 << XEN_ELFNOTE_* */
	gva_t entry, hypercall_page, init_p2m;	/* entry's default: the ELF header's e_entry */
	u64 virt_base, paddr_offset, mod_start_pfn;
	u32 features_required;			/* 1 << XENFEAT_*, those marked '!' */
	char xen_version[ELF_NOTE_STRING_SIZE], loader[ELF_NOTE_STRING_SIZE];
};

/**
 * struct elf_image - a parsed kernel; refers to the file, which must stay
 * @file: the ELF file
 * @paddr_start: lowest pseudo-physical address of a segment, page aligned
 * @virt_start: virtual address of @paddr_start, page aligned
 * @virt_end: end of the highest segment, page aligned
 * @nr_segments: used entries of @segments
 * @segments: what to load: ranges checked, file contents within the file
 */
struct elf_image {
	const u8 *file;
	size_t file_len;
	u64 paddr_start;
	gva_t virt_start, virt_end;
	struct elf_notes notes;
	unsigned int nr_segments;
	struct elf64_phdr segments[ELF_MAX_SEGMENTS];
};

/** elf_has_note() - did the kernel carry note @type (XEN_ELFNOTE_*)? */
static inline bool elf_has_note(const struct elf_image *img, unsigned int type)
{
	return type <= XEN_ELFNOTE_MAX && (img->notes.present >> type & 1);
}

const char *elf_parse(const void *file, size_t len, struct elf_image *img);
int elf_load(const struct elf_image *img, void *dest, size_t size);

#endif
