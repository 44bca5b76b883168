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
 * Decodes @data in buffers of exact size. With what it gave, exactly that much
 * room must do again, and a byte less must not.
 */
static inline void fuzz_unpack(const u8 *data, size_t len)
{
	static u8 scratch[UNPACK_SCRATCH_SIZE];
	u8 *in = malloc(len ? len : 1), *out = malloc(FUZZ_OUT_SIZE), *again;
	long ret;

	memcpy(in, data, len);
	ret = unpack_payload(in, len, out, FUZZ_OUT_SIZE, scratch, sizeof(scratch));
	if (ret > FUZZ_OUT_SIZE)
		abort();
	if (ret > 0) {
		again = malloc(ret);
		if (unpack_payload(in, len, again, ret, scratch, sizeof(scratch)) != ret ||
		    memcmp(out, again, ret))
			abort();
		if (unpack_payload(in, len, again, ret - 1, scratch, sizeof(scratch)) >= 0)
			abort();
		free(again);
	}
	free(out);
	free(in);
}

#endif
