// SPDX-License-Identifier: GPL-2.0-only
/*
 * LZ4 decompression, in the legacy format: lz4 -l, how Linux packs kernels.
 *
 * It is a sequence of blocks, with neither end mark nor checksums; a block is
 * literals and matches in turn.
 */
#include "compiler.h"
#include "errno.h"
#include "types.h"
#include "unpack.h"

#define LZ4_MAGIC		0x184c2102
#define LZ4_MIN_MATCH		4

/* The next word, if there is one. */
static __init bool lz4_read_word(struct unpack_io *io, u32 *word)
{
	if (unpack_left(io) < 4)
		return false;
	*word = unpack_le32(io->in);
	io->in += 4;
	return true;
}

/* A length of 15 goes on in further bytes, up to the first that is not 255. */
static __unpack_inline bool lz4_read_length(struct unpack_io *io, const u8 *end, size_t *len)
{
	u8 byte = 255;

	if (*len != 15)
		return true;
	for (; byte == 255; *len += byte) {
		if (io->in == end)
			return false;
		byte = *io->in++;
	}
	return true;
}

static __init_hot int lz4_decode_block(struct unpack_io *io, size_t size)
{
	const u8 *end = io->in + size;
	size_t len, distance;
	u8 token;
	int ret;

	if (size > unpack_left(io))
		return -EINVAL;
	while (io->in < end) {
		token = *io->in++;
		len = token >> 4;
		if (!lz4_read_length(io, end, &len) || len > (size_t)(end - io->in))
			return -EINVAL;
		ret = unpack_store(io, len);
		if (ret || io->in == end)	/* the last one has literals only */
			return ret;
		if (end - io->in < 2)
			return -EINVAL;
		distance = unpack_le16(io->in);
		io->in += 2;
		len = token & 15;
		if (!lz4_read_length(io, end, &len))
			return -EINVAL;
		ret = unpack_repeat(io, distance, len + LZ4_MIN_MATCH);
		if (ret)
			return ret;
	}
	return -EINVAL;
}

/** unlz4_decode() - unpack all blocks of one file, or of several; see unpack.h */
__init int unlz4_decode(struct unpack_io *io)
{
	u32 size;
	int ret;

	while (lz4_read_word(io, &size)) {
		if (size == LZ4_MAGIC)		/* a file starts */
			continue;
		io->base = io->out;
		ret = lz4_decode_block(io, size);
		if (ret)
			return ret;
	}
	return unpack_left(io) ? -EINVAL : 0;
}
