// SPDX-License-Identifier: GPL-2.0-only
/*
 * LZ4 decompression: the legacy format (lz4 -l, how Linux packs kernels) and
 * the frame format (LZ4 Frame Format Description 1.6).
 *
 * Both are sequences of blocks; a block is literals and matches in turn. The
 * legacy format has neither end mark nor checksums. The checksums of the frame
 * format are stepped over: nothing that boots is packed with them.
 */
#include "compiler.h"
#include "errno.h"
#include "types.h"
#include "unpack.h"

#define LZ4_MAGIC_LEGACY	0x184c2102
#define LZ4_MAGIC_FRAME		0x184d2204
#define LZ4_MIN_MATCH		4
#define LZ4_BLOCK_STORED	0x80000000

/* Frame descriptor flags */
#define LZ4_FLAG_DICTIONARY	0x01
#define LZ4_FLAG_CONTENT_SUM	0x04
#define LZ4_FLAG_CONTENT_SIZE	0x08
#define LZ4_FLAG_BLOCK_SUM	0x10
#define LZ4_FLAG_INDEPENDENT	0x20
#define LZ4_FLAG_VERSION	0xc0
#define LZ4_VERSION_1		0x40

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

/* Blocks up to the end of the input, or up to another magic number. */
static __init int lz4_decode_legacy(struct unpack_io *io)
{
	u32 size;
	int ret;

	while (lz4_read_word(io, &size)) {
		if (size == LZ4_MAGIC_LEGACY || size == LZ4_MAGIC_FRAME) {
			io->in -= 4;
			return 0;
		}
		io->base = io->out;
		ret = lz4_decode_block(io, size);
		if (ret)
			return ret;
	}
	return unpack_left(io) ? -EINVAL : 0;
}

static __init int lz4_decode_frame(struct unpack_io *io)
{
	u8 flags = unpack_left(io) ? *io->in : 0, *out = io->out;
	size_t size_len = flags & LZ4_FLAG_CONTENT_SIZE ? 8 : 0;
	size_t sum_len = flags & LZ4_FLAG_BLOCK_SUM ? 4 : 0;
	u64 content = 0;
	u32 size = 1, sum;
	int ret;

	if (unpack_left(io) < 3 + size_len || (flags & LZ4_FLAG_DICTIONARY) ||
	    (flags & LZ4_FLAG_VERSION) != LZ4_VERSION_1)
		return -EINVAL;
	if (size_len)
		content = unpack_le64(io->in + 2);
	io->in += 3 + size_len;
	while (lz4_read_word(io, &size) && size) {
		if (flags & LZ4_FLAG_INDEPENDENT)
			io->base = io->out;
		if (size & LZ4_BLOCK_STORED)
			ret = unpack_store(io, size & ~LZ4_BLOCK_STORED);
		else
			ret = lz4_decode_block(io, size);
		if (ret)
			return ret;
		if (sum_len && !lz4_read_word(io, &sum))
			return -EINVAL;
		size = 1;	/* no end mark yet */
	}
	if (size || (size_len && content != (u64)(io->out - out)) ||
	    ((flags & LZ4_FLAG_CONTENT_SUM) && !lz4_read_word(io, &sum)))
		return -EINVAL;
	return 0;
}

/** unlz4_decode() - unpack one unit of either format; see unpack.h */
__init int unlz4_decode(struct unpack_io *io)
{
	u32 magic;

	if (!lz4_read_word(io, &magic))
		return -EINVAL;
	if (magic == LZ4_MAGIC_LEGACY)
		return lz4_decode_legacy(io);
	return magic == LZ4_MAGIC_FRAME ? lz4_decode_frame(io) : -EINVAL;
}
