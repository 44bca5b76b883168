// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the kernel's ELF file in a Linux bzImage, or takes a plain ELF file.
 *
 * A bzImage is a real-mode part (boot sector and setup code with the setup
 * header), then the protected-mode part, which is a small decompressor with
 * the packed kernel inside. The setup header says where (Linux,
 * Documentation/arch/x86/boot.rst, protocol 2.08 and later):
 *
 *	| setup_sects + 1 sectors | ... | payload | unpacked size, u32 | ... |
 *	                          |<-- offset -->|<--- payload_length --->|
 *
 * The decompressor itself is never run: a PV kernel starts from its ELF entry.
 * For gzip the trailing size is the one of the gzip format itself.
 */
#include "unpack.h"

#define BZIMAGE_SECTOR		512u
#define BZIMAGE_MIN_VERSION	0x0208

/* Where the fields of the setup header are. */
enum bzimage_field {
	BZIMAGE_SETUP_SECTS = 0x1f1, BZIMAGE_BOOT_FLAG = 0x1fe, BZIMAGE_MAGIC = 0x202,
	BZIMAGE_VERSION = 0x206, BZIMAGE_PAYLOAD_OFFSET = 0x248, BZIMAGE_PAYLOAD_LENGTH = 0x24c,
	BZIMAGE_HEADER_END = 0x250,
};

/* What the payload is: ELF as it stands, or a format that we unpack. */
static __init const char *bzimage_parse_payload(const u8 *payload, size_t len,
						struct kernel_image *out)
{
	const char *format = unpack_name(payload, len);

	*out = (struct kernel_image){ .payload = payload, .payload_len = len,
				      .unpacked_size = len };
	out->is_elf = len >= 4 && !memcmp(payload, "\177ELF", 4);
	if (out->is_elf)
		return NULL;
	if (!format || len < 8)
		return "the kernel is packed in a format other than xz, gzip, zstd and lz4";
	out->unpacked_size = unpack_le(payload + len - 4, 4);
	if (strcmp(format, "gzip"))
		out->payload_len -= 4;
	return out->unpacked_size ? NULL : "the kernel image says that its kernel is empty";
}

/**
 * bzimage_parse() - find the kernel in a file
 * @file: the whole file
 * @len: its size
 * @out: where the kernel is in it, and in what form
 *
 * Return: NULL, or why there is none: one short sentence for the console.
 */
__init const char *bzimage_parse(const void *file, size_t len, struct kernel_image *out)
{
	u64 start, offset, size;
	const u8 *p = file;

	if (len >= 4 && !memcmp(p, "\177ELF", 4))
		return bzimage_parse_payload(p, len, out);
	if (len < BZIMAGE_HEADER_END)
		return "the file is too short to be a kernel";
	if (unpack_le(p + BZIMAGE_BOOT_FLAG, 2) != 0xaa55 || memcmp(p + BZIMAGE_MAGIC, "HdrS", 4))
		return "the file is neither a bzImage nor an ELF file";
	if (unpack_le(p + BZIMAGE_VERSION, 2) < BZIMAGE_MIN_VERSION)
		return "the bzImage is older than boot protocol 2.08 (Linux 2.6.26)";
	offset = unpack_le(p + BZIMAGE_PAYLOAD_OFFSET, 4);
	size = unpack_le(p + BZIMAGE_PAYLOAD_LENGTH, 4);
	if (!offset || !size)
		return "the bzImage has no payload entry";
	/* No field is wider than 32 bits: the sums cannot wrap. */
	start = ((p[BZIMAGE_SETUP_SECTS] ?: 4) + 1) * BZIMAGE_SECTOR + offset;
	if (start > len || size > len - start)
		return "the bzImage is cut short";
	return bzimage_parse_payload(p + start, size, out);
}
