// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the XZ decompressor.
 *
 * The checksums of the container keep a fuzzer from what is behind them. An
 * input that starts with '2' or 'B' is therefore put into a sound container
 * without a check, as LZMA2 chunks, with 'B' also through the x86 filter; any
 * other input is taken as a whole file.
 *
 * Links: unpack.c unxz.c inflate.c unzstd.c unlz4.c
 */
#include <stdlib.h>
#include <string.h>
#include "fuzz_util.h"
#include "unpack.h"

static u32 crc32(const u8 *data, size_t len)
{
	u32 v = ~0u;

	while (len--) {
		v ^= *data++;
		for (u32 bit = 0; bit < 8; bit++)
			v = v >> 1 ^ (v & 1 ? 0xedb88320 : 0);
	}
	return ~v;
}

static size_t wrap(const u8 *data, size_t len, bool x86, u8 *file)
{
	u8 header[12] = { 2, x86, 0x04, 0x00, 0x21, 0x01, 8 };
	u32 sum;

	if (!x86)
		memcpy(header + 2, "\x21\x01\x08\0\0", 5);
	memcpy(file, "\xfd" "7zXZ\0\0\0", 8);
	sum = crc32(file + 6, 2);
	memcpy(file + 8, &sum, 4);
	sum = crc32(header, 8);
	memcpy(header + 8, &sum, 4);
	memcpy(file + 12, header, 12);
	memcpy(file + 24, data, len);
	return 24 + len;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	u8 *file;

	if (!len || (data[0] != '2' && data[0] != 'B')) {
		fuzz_unpack(data, len);
		return 0;
	}
	file = malloc(24 + len);
	len = wrap(data + 1, len - 1, data[0] == 'B', file);
	fuzz_unpack(file, len);
	free(file);
	return 0;
}
