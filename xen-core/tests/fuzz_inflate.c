// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the gzip decompressor.
 *
 * Links: unpack.c unxz.c inflate.c unzstd.c unlz4.c
 */
#include "fuzz_util.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	fuzz_unpack(inflate_decode_gzip, data, len);
	return 0;
}
