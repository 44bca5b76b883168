// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzes the gzip decompressor, from seeds of its format.
 *
 * Links: unpack.c unxz.c inflate.c unzstd.c unlz4.c
 */
#include "fuzz_util.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	fuzz_unpack(data, len);
	return 0;
}
