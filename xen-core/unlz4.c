// SPDX-License-Identifier: GPL-2.0-only
/*
 * LZ4 decompression, in the legacy format: lz4 -l, how Linux packs kernels.
 *
 * It is a sequence of blocks, with neither end mark nor checksums; a block is
 * literals and matches in turn.
 */
#include "unpack.h"

#define LZ4_MAGIC		0x184c2102
#define LZ4_MIN_MATCH		4

/* A length of 15 goes on in further bytes, up to the first that is not 255. */
static __always_inline size_t lz4_read_length(struct unpack_io *io, size_t len)
{
	u8 byte = 255;

	if (len == 15)
		for (; byte == 255; len += byte)
			byte = unpack_number(io, 1);
	return len;
}

static __init_hot void lz4_decode_block(struct unpack_io *io)
{
	for (;;) {
		u8 token = unpack_number(io, 1);
		size_t len = lz4_read_length(io, token >> 4), distance;

		unpack_put(io, unpack_take(io, len), len);
		if (io->in == io->in_end)	/* the last one has literals only */
			return;
		distance = unpack_number(io, 2);
		unpack_repeat(io, distance, lz4_read_length(io, token & 15) + LZ4_MIN_MATCH);
	}
}

/** unlz4_decode() - unpack all blocks of one file, or of several; see unpack.h */
__init void unlz4_decode(struct unpack_io *io)
{
	while (io->in < io->in_end) {
		u32 size = unpack_number(io, 4);
		const u8 *end;

		if (size == LZ4_MAGIC)		/* another file starts */
			continue;
		io->base = io->out;
		end = unpack_enter(io, size);
		lz4_decode_block(io);
		unpack_leave(io, end);
	}
}
