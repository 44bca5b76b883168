/* SPDX-License-Identifier: GPL-2.0-only */
/* What the fuzzers share: a decompressor run in buffers of exact size. */
#ifndef XENLITE_FUZZ_UTIL_H
#define XENLITE_FUZZ_UTIL_H

#include <stdlib.h>
#include <string.h>
#include "types.h"
#include "unpack.h"

/* Enough for several blocks of any format, little enough to be quick. */
#define FUZZ_OUT_SIZE	(300u << 10)

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

/*
 * Decodes @data twice, with much and with little room. The room asked for with
 * a successful first result must be enough again, and a byte less must not be.
 */
static inline void fuzz_unpack(long (*decode)(const u8 *in, size_t in_len, u8 *out,
					      size_t out_size, void *scratch),
			       const u8 *data, size_t len)
{
	static u8 scratch[UNPACK_SCRATCH_SIZE] __aligned(UNPACK_SCRATCH_ALIGN);
	u8 *in = malloc(len ? len : 1), *out = malloc(FUZZ_OUT_SIZE), *again;
	long ret;

	memcpy(in, data, len);
	ret = decode(in, len, out, FUZZ_OUT_SIZE, scratch);
	if (ret > FUZZ_OUT_SIZE)
		abort();
	if (ret > 0) {
		again = malloc(ret);
		if (decode(in, len, again, ret, scratch) != ret || memcmp(out, again, ret))
			abort();
		if (decode(in, len, again, ret - 1, scratch) >= 0)
			abort();
		free(again);
	}
	free(out);
	free(in);
}

#endif
