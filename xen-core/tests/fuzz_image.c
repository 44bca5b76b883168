// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the bzImage and ELF parsers, and loads what they accept.
 *
 * Links: bzimage.c elf.c unpack.c unxz.c inflate.c unzstd.c unlz4.c
 */
#include "elf.h"
#include "fuzz_util.h"

#define MAX_LOADED	(1u << 20)

static void fuzz_elf(const void *file, size_t len)
{
	struct elf_image elf;
	u64 size;
	u8 *to;

	if (elf_parse(file, len, &elf))
		return;
	size = elf.virt_end.a - elf.virt_start.a;
	if (size > MAX_LOADED)
		return;
	to = malloc(size);
	if (elf_load(&elf, to, size))
		abort();
	free(to);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct kernel_image image;
	u8 *file = malloc(len ? len : 1);

	memcpy(file, data, len);
	if (!bzimage_parse(file, len, &image)) {
		const u8 *payload = image.payload;

		if (payload < file || image.payload_len > len - (payload - file))
			abort();
		if (image.is_elf)
			fuzz_elf(payload, image.payload_len);
	}
	free(file);
	return 0;
}
