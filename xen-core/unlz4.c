// SPDX-License-Identifier: GPL-2.0-only
/*
 * LZ4 decompression: the legacy format (lz4 -l, how Linux packs kernels) and
 * the frame format (LZ4 Frame Format Description 1.6).
 *
 * Both are sequences of blocks; a block is literals and matches in turn. The
 * legacy format has neither end mark nor checksums. Of the frame format all
 * checksums are verified; dictionaries are not supported.
 */
#include "compiler.h"
#include "errno.h"
#include "string.h"
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

struct unlz4 {
	const u8 *in, *in_end;
	u8 *window;		/* what a match may reach back to */
	u8 *out, *out_end;
};

#define XXH32_P1	0x9e3779b1u
#define XXH32_P2	0x85ebca77u
#define XXH32_P3	0xc2b2ae3du
#define XXH32_P4	0x27d4eb2fu
#define XXH32_P5	0x165667b1u

static __unpack_inline u32 lz4_rotate(u32 v, u32 n)
{
	return v << n | v >> (32 - n);
}

/* XXH32 with seed 0, as the xxHash specification has it. */
static __init_hot u32 lz4_xxh32(const u8 *p, size_t len)
{
	u32 acc[4] = { XXH32_P1 + XXH32_P2, XXH32_P2, 0, -XXH32_P1 };
	u32 h = XXH32_P5, i;
	size_t left = len;

	if (len >= 16) {
		for (; left >= 16; left -= 16)
			for (i = 0; i < 4; i++, p += 4)
				acc[i] = lz4_rotate(acc[i] + unpack_le32(p) * XXH32_P2, 13) * XXH32_P1;
		h = lz4_rotate(acc[0], 1) + lz4_rotate(acc[1], 7) +
		    lz4_rotate(acc[2], 12) + lz4_rotate(acc[3], 18);
	}
	h += (u32)len;
	for (; left >= 4; left -= 4, p += 4)
		h = lz4_rotate(h + unpack_le32(p) * XXH32_P3, 17) * XXH32_P4;
	for (; left; left--, p++)
		h = lz4_rotate(h + *p * XXH32_P5, 11) * XXH32_P1;
	h = (h ^ h >> 15) * XXH32_P2;
	h = (h ^ h >> 13) * XXH32_P3;
	return h ^ h >> 16;
}

/* A length of 15 goes on in further bytes, up to the first that is not 255. */
static __unpack_inline bool lz4_read_length(const u8 **in, const u8 *end, size_t *len)
{
	u8 byte;

	if (*len != 15)
		return true;
	do {
		if (*in == end)
			return false;
		byte = *(*in)++;
		*len += byte;
	} while (byte == 255);
	return true;
}

static __init_hot int lz4_decode_block(struct unlz4 *s, size_t size)
{
	const u8 *in = s->in, *end = in + size;
	u8 *out = s->out, *out_end = s->out_end;
	size_t len, offset;
	u8 token;

	while (in < end) {
		token = *in++;
		len = token >> 4;
		if (!lz4_read_length(&in, end, &len) || len > (size_t)(end - in))
			return -EINVAL;
		if (len > (size_t)(out_end - out))
			return -ENOSPC;
		unpack_copy(out, in, len);
		in += len;
		out += len;
		if (in == end) {	/* the last sequence has literals only */
			s->in = in;
			s->out = out;
			return 0;
		}
		if (end - in < 2)
			return -EINVAL;
		offset = unpack_le16(in);
		in += 2;
		len = token & 15;
		if (!lz4_read_length(&in, end, &len) || !offset ||
		    offset > (size_t)(out - s->window))
			return -EINVAL;
		len += LZ4_MIN_MATCH;
		if (len > (size_t)(out_end - out))
			return -ENOSPC;
		unpack_copy_match(out, offset, len);
		out += len;
	}
	return -EINVAL;
}

/* Blocks up to the end of the input, or up to another magic number. */
static __init int lz4_decode_legacy(struct unlz4 *s)
{
	u32 size;
	int ret;

	while (s->in_end - s->in >= 4) {
		size = unpack_le32(s->in);
		if (size == LZ4_MAGIC_LEGACY || size == LZ4_MAGIC_FRAME)
			return 0;
		s->in += 4;
		if (size > (size_t)(s->in_end - s->in))
			return -EINVAL;
		s->window = s->out;
		ret = lz4_decode_block(s, size);
		if (ret)
			return ret;
	}
	return 0;
}

/* One block of a frame with its checksum; @size is as in the block header. */
static __init int lz4_decode_frame_block(struct unlz4 *s, u32 size, u8 flags)
{
	const u8 *start = s->in;
	bool stored = size & LZ4_BLOCK_STORED;
	int ret;

	size &= ~LZ4_BLOCK_STORED;
	if (size + (flags & LZ4_FLAG_BLOCK_SUM ? 4ul : 0) > (size_t)(s->in_end - s->in))
		return -EINVAL;
	if (stored) {
		if (size > (size_t)(s->out_end - s->out))
			return -ENOSPC;
		memcpy(s->out, s->in, size);
		s->in += size;
		s->out += size;
	} else {
		if (flags & LZ4_FLAG_INDEPENDENT)
			s->window = s->out;
		ret = lz4_decode_block(s, size);
		if (ret)
			return ret;
	}
	if (flags & LZ4_FLAG_BLOCK_SUM) {
		if (lz4_xxh32(start, size) != unpack_le32(s->in))
			return -EINVAL;
		s->in += 4;
	}
	return 0;
}

static __init int lz4_decode_frame(struct unlz4 *s)
{
	const u8 *header = s->in;
	size_t len = 2, left = s->in_end - s->in;
	u8 flags = left ? header[0] : 0, *out = s->out;
	u32 size;
	int ret;

	if (flags & LZ4_FLAG_CONTENT_SIZE)
		len += 8;
	if (left < len + 1 || (flags & LZ4_FLAG_VERSION) != LZ4_VERSION_1 ||
	    (flags & LZ4_FLAG_DICTIONARY) ||
	    (lz4_xxh32(header, len) >> 8 & 0xff) != header[len])
		return -EINVAL;
	s->in += len + 1;
	s->window = out;
	for (;;) {
		if (s->in_end - s->in < 4)
			return -EINVAL;
		size = unpack_le32(s->in);
		s->in += 4;
		if (!size)
			break;
		ret = lz4_decode_frame_block(s, size, flags);
		if (ret)
			return ret;
	}
	if ((flags & LZ4_FLAG_CONTENT_SIZE) && unpack_le64(header + 2) != (u64)(s->out - out))
		return -EINVAL;
	if (flags & LZ4_FLAG_CONTENT_SUM) {
		if (s->in_end - s->in < 4 || lz4_xxh32(out, s->out - out) != unpack_le32(s->in))
			return -EINVAL;
		s->in += 4;
	}
	return 0;
}

/**
 * unlz4_decode() - unpack an .lz4 file, either format, one frame or several
 *
 * See unpack.h for the arguments and results.
 */
__init long unlz4_decode(const u8 *in, size_t in_len, u8 *out, size_t out_size,
			 void *scratch __maybe_unused)
{
	struct unlz4 s = { .in = in, .in_end = in + in_len, .out = out, .out_end = out + out_size };
	u32 magic;
	int ret;

	do {
		if (s.in_end - s.in < 4)
			return -EINVAL;
		magic = unpack_le32(s.in);
		s.in += 4;
		if (magic == LZ4_MAGIC_LEGACY)
			ret = lz4_decode_legacy(&s);
		else if (magic == LZ4_MAGIC_FRAME)
			ret = lz4_decode_frame(&s);
		else
			ret = -EINVAL;
		if (ret)
			return ret;
	} while (s.in < s.in_end);
	return s.out - out;
}
