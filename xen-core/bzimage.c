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
#include "bzimage.h"
#include "compiler.h"
#include "errno.h"
#include "string.h"
#include "unpack.h"

#define BZIMAGE_SECTOR		512u
#define BZIMAGE_SETUP_SECTS	0x1f1
#define BZIMAGE_BOOT_FLAG	0x1fe
#define BZIMAGE_MAGIC		0x202
#define BZIMAGE_VERSION		0x206
#define BZIMAGE_PAYLOAD_OFFSET	0x248
#define BZIMAGE_PAYLOAD_LENGTH	0x24c
#define BZIMAGE_HEADER_END	0x250
#define BZIMAGE_MIN_VERSION	0x0208

static __init bool bzimage_is_elf(const u8 *p, size_t len)
{
	return len >= 4 && !memcmp(p, "\177ELF", 4);
}

/* What the payload is: ELF as it stands, or a format that we unpack. */
static __init int bzimage_parse_payload(const u8 *payload, size_t len, struct kernel_image *out,
					const char **why)
{
	const char *format;

	out->payload = payload;
	out->payload_len = len;
	out->is_elf = bzimage_is_elf(payload, len);
	if (out->is_elf) {
		out->unpacked_size = len;
		return 0;
	}
	format = unpack_name(payload, len);
	if (!format || len < 8) {
		*why = "the kernel is packed in a format other than xz, gzip, zstd and lz4";
		return -ENOSYS;
	}
	out->unpacked_size = unpack_le(payload + len - 4, 4);
	if (strcmp(format, "gzip"))
		out->payload_len -= 4;
	if (!out->unpacked_size) {
		*why = "the kernel image says that its kernel is empty";
		return -EINVAL;
	}
	return 0;
}

/**
 * bzimage_parse() - find the kernel in a file
 * @file: the whole file
 * @len: its size
 * @out: where the kernel is in it, and in what form
 * @why: on failure one short sentence for the console
 *
 * Return: 0, -EINVAL or -ENOSYS.
 */
__init int bzimage_parse(const void *file, size_t len, struct kernel_image *out, const char **why)
{
	const u8 *p = file;
	size_t start, offset, size;

	*out = (struct kernel_image){ 0 };
	*why = NULL;
	if (bzimage_is_elf(p, len))
		return bzimage_parse_payload(p, len, out, why);
	if (len < BZIMAGE_HEADER_END) {
		*why = "the file is too short to be a kernel";
		return -EINVAL;
	}
	if (unpack_le(p + BZIMAGE_BOOT_FLAG, 2) != 0xaa55 || memcmp(p + BZIMAGE_MAGIC, "HdrS", 4)) {
		*why = "the file is neither a bzImage nor an ELF file";
		return -EINVAL;
	}
	if (unpack_le(p + BZIMAGE_VERSION, 2) < BZIMAGE_MIN_VERSION) {
		*why = "the bzImage is older than boot protocol 2.08 (Linux 2.6.26)";
		return -ENOSYS;
	}
	offset = unpack_le(p + BZIMAGE_PAYLOAD_OFFSET, 4);
	size = unpack_le(p + BZIMAGE_PAYLOAD_LENGTH, 4);
	if (!offset || !size) {
		*why = "the bzImage has no payload entry";
		return -EINVAL;
	}
	/* No field is wider than 32 bits: the sums cannot wrap. */
	start = ((p[BZIMAGE_SETUP_SECTS] ?: 4) + 1) * BZIMAGE_SECTOR + offset;
	if (start > len || size > len - start) {
		*why = "the bzImage is cut short";
		return -EINVAL;
	}
	return bzimage_parse_payload(p + start, size, out, why);
}
