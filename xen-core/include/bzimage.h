/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the kernel proper in the file that the boot loader handed over. */
#ifndef XENLITE_BZIMAGE_H
#define XENLITE_BZIMAGE_H

#include "types.h"

/**
 * struct kernel_image - where the kernel's ELF file is, and how it is packed
 * @payload: first byte of the ELF file or of its compressed form
 * @payload_len: bytes of it
 * @unpacked_size: size of the ELF file; what the image claims, not verified
 * @is_elf: @payload is the ELF file itself, nothing to unpack
 */
struct kernel_image {
	const void *payload;
	size_t payload_len;
	size_t unpacked_size;
	bool is_elf;
};

const char *bzimage_parse(const void *file, size_t len, struct kernel_image *out);

#endif
