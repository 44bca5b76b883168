// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gzip decompression: DEFLATE (RFC 1951) in its gzip wrapping (RFC 1952).
 *
 * Bits are taken lowest first from a 64-bit window that is refilled once for
 * each literal or match. Codes of up to INFLATE_FAST_BITS bits are looked up at
 * once; longer ones, which are rare by construction, are found by walking
 * the canonical code one length at a time.
 */
#include "compiler.h"
#include "errno.h"
#include "string.h"
#include "types.h"
#include "unpack.h"

#define INFLATE_FAST_BITS	10
#define INFLATE_MAX_BITS	15
#define INFLATE_LITERALS	288
#define INFLATE_DISTANCES	32
#define INFLATE_END_OF_BLOCK	256

#define GZIP_HEADER_SIZE	10
#define GZIP_TRAILER_SIZE	8

struct inflate_code {
	u16 fast[1 << INFLATE_FAST_BITS];	/* symbol << 4 | length; 0: not here */
	u16 count[INFLATE_MAX_BITS + 1];	/* codes of each length */
	u16 symbol[INFLATE_LITERALS];		/* in the order of their codes */
};

struct inflate {
	struct unpack_io io;
	u64 bits;
	u32 nr_bits;
	struct inflate_code literal, distance;
	u8 lengths[INFLATE_LITERALS + INFLATE_DISTANCES];
	struct unpack_crc32 crc32;
};

UNPACK_CHECK_STATE(struct inflate);

/* At least 56 bits in the window, or all that is left. */
static __unpack_inline void inflate_refill(struct inflate *s)
{
	if (unpack_left(&s->io) >= 8) {
		s->bits |= unpack_le64(s->io.in) << s->nr_bits;
		s->io.in += (63 - s->nr_bits) >> 3;
		s->nr_bits |= 56;
		return;
	}
	for (; s->nr_bits < 56 && unpack_left(&s->io); s->nr_bits += 8)
		s->bits |= (u64)*s->io.in++ << s->nr_bits;
}

/* Takes @n bits that a refill put there, or fails if the input ended before. */
static __unpack_inline int inflate_take(struct inflate *s, u32 n)
{
	u32 value = s->bits & ((1u << n) - 1);

	if (s->nr_bits < n)
		return -EINVAL;
	s->bits >>= n;
	s->nr_bits -= n;
	return value;
}

/* Builds the tables of a code from the length of each symbol's code. */
static __init int inflate_build_code(struct inflate_code *c, const u8 *lengths, u32 n)
{
	u16 start[INFLATE_MAX_BITS + 2], offset[INFLATE_MAX_BITS + 2];
	u32 i, len, code, rev, bit, used;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < n; i++)
		c->count[lengths[i]]++;
	used = n - c->count[0];
	c->count[0] = 0;
	start[1] = offset[1] = 0;
	for (len = 1; len <= INFLATE_MAX_BITS; len++) {
		if (start[len] + c->count[len] > 1u << len)
			return -EINVAL;
		start[len + 1] = (start[len] + c->count[len]) << 1;
		offset[len + 1] = offset[len] + c->count[len];
	}
	/* Unused codes are allowed where there is one symbol, or none. */
	len = INFLATE_MAX_BITS;
	if (used > 1 && start[len] + c->count[len] != 1u << len)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		len = lengths[i];
		if (!len)
			continue;
		c->symbol[offset[len]++] = i;
		code = start[len]++;
		if (len > INFLATE_FAST_BITS)
			continue;
		for (rev = 0, bit = 0; bit < len; bit++)
			rev |= (code >> bit & 1) << (len - 1 - bit);
		for (; rev < 1u << INFLATE_FAST_BITS; rev += 1u << len)
			c->fast[rev] = i << 4 | len;
	}
	return 0;
}

/* The next symbol from the window (15 bits at most), or -EINVAL. */
static __unpack_inline int inflate_symbol(struct inflate *s, const struct inflate_code *c)
{
	u32 entry = c->fast[s->bits & ((1u << INFLATE_FAST_BITS) - 1)];
	u32 len = entry & 15, sym = entry >> 4, code = 0, first = 0, index = 0;

	if (unlikely(!len)) {
		for (len = 1;; len++) {
			if (len > INFLATE_MAX_BITS)
				return -EINVAL;
			code = code << 1 | (s->bits >> (len - 1) & 1);
			first <<= 1;
			if (code < first + c->count[len])
				break;
			first += c->count[len];
			index += c->count[len];
		}
		sym = c->symbol[index + code - first];
	}
	return inflate_take(s, len) < 0 ? -EINVAL : (int)sym;
}

/* Length and distance of the match that symbol @sym starts, and the copy. */
static __unpack_inline int inflate_match(struct inflate *s, u32 sym)
{
	int len = sym - 254, dist, value;
	u32 extra;

	if (sym > 285)
		return -EINVAL;
	if (sym == 285) {
		len = 258;
	} else if (sym >= 265) {
		extra = (sym - 261) >> 2;
		value = inflate_take(s, extra);
		if (value < 0)
			return value;
		len = 3 + ((4 | ((sym - 265) & 3)) << extra) + value;
	}
	dist = inflate_symbol(s, &s->distance);
	if (dist < 0 || dist > 29)
		return -EINVAL;
	if (dist >= 4) {
		extra = (dist >> 1) - 1;
		value = inflate_take(s, extra);
		if (value < 0)
			return value;
		dist = ((2 | (dist & 1)) << extra) + value;
	}
	return unpack_repeat(&s->io, dist + 1, len);
}

static __init_hot int inflate_coded_block(struct inflate *s)
{
	int sym, ret;

	do {
		inflate_refill(s);
		sym = inflate_symbol(s, &s->literal);
		if (sym < 0 || sym == INFLATE_END_OF_BLOCK)
			return sym < 0 ? sym : 0;
		ret = 0;
		if (sym > INFLATE_END_OF_BLOCK)
			ret = inflate_match(s, sym);
		else if (!unpack_room(&s->io))
			ret = -ENOSPC;
		else
			*s->io.out++ = sym;
	} while (!ret);
	return ret;
}

/* Back to the first whole byte that was not consumed. */
static __init void inflate_align(struct inflate *s)
{
	s->io.in -= s->nr_bits >> 3;
	s->bits = 0;
	s->nr_bits = 0;
}

static __init int inflate_stored_block(struct inflate *s)
{
	u32 len;

	inflate_align(s);
	if (unpack_left(&s->io) < 4)
		return -EINVAL;
	len = unpack_le16(s->io.in);
	if (len != (unpack_le16(s->io.in + 2) ^ 0xffffu))
		return -EINVAL;
	s->io.in += 4;
	return unpack_store(&s->io, len);
}

static __init int inflate_fixed_codes(struct inflate *s)
{
	memset(s->lengths, 8, 144);
	memset(s->lengths + 144, 9, 112);
	memset(s->lengths + 256, 7, 24);
	memset(s->lengths + 280, 8, 8);
	memset(s->lengths + 288, 5, 32);
	return inflate_build_code(&s->literal, s->lengths, 288) ?:
	       inflate_build_code(&s->distance, s->lengths + 288, 32);
}

/* The lengths of both codes, run-length coded by a third (in s->literal). */
static __init int inflate_read_lengths(struct inflate *s, u32 total)
{
	static const u8 run_bits[] __initconst = { 2, 3, 7 }, run_min[] __initconst = { 3, 3, 11 };
	u32 i = 0, value;
	int sym, run;

	while (i < total) {
		inflate_refill(s);
		sym = inflate_symbol(s, &s->literal);
		if (sym < 0 || (sym == 16 && !i))
			return -EINVAL;
		if (sym < 16) {
			s->lengths[i++] = sym;
			continue;
		}
		value = sym == 16 ? s->lengths[i - 1] : 0;
		run = inflate_take(s, run_bits[sym - 16]);
		if (run < 0 || (run += run_min[sym - 16]) > (int)(total - i))
			return -EINVAL;
		memset(s->lengths + i, value, run);
		i += run;
	}
	return 0;
}

static __init int inflate_dynamic_codes(struct inflate *s)
{
	static const u8 order[19] __initconst = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
	};
	int header = inflate_take(s, 14), len, ret;
	u32 nr_literals = (header & 31) + 257, nr_distances = (header >> 5 & 31) + 1, i;

	if (header < 0 || nr_literals > 286 || nr_distances > 30)
		return -EINVAL;
	memset(s->lengths, 0, sizeof(order));
	for (i = 0; i < (header >> 10) + 4u; i++) {
		inflate_refill(s);
		len = inflate_take(s, 3);
		if (len < 0)
			return len;
		s->lengths[order[i]] = len;
	}
	ret = inflate_build_code(&s->literal, s->lengths, sizeof(order)) ?:
	      inflate_read_lengths(s, nr_literals + nr_distances);
	if (ret || !s->lengths[INFLATE_END_OF_BLOCK])
		return -EINVAL;
	return inflate_build_code(&s->literal, s->lengths, nr_literals) ?:
	       inflate_build_code(&s->distance, s->lengths + nr_literals, nr_distances);
}

static __init int inflate_decode_blocks(struct inflate *s)
{
	int header, ret;

	do {
		inflate_refill(s);
		header = inflate_take(s, 3);
		switch (header >> 1) {
		case 0:
			ret = inflate_stored_block(s);
			break;
		case 1:
			ret = inflate_fixed_codes(s) ?: inflate_coded_block(s);
			break;
		case 2:
			ret = inflate_dynamic_codes(s) ?: inflate_coded_block(s);
			break;
		default:
			ret = -EINVAL;
		}
	} while (!ret && !(header & 1));
	inflate_align(s);
	return ret;
}

/** inflate_decode() - unpack one gzip member; see unpack.h */
__init int inflate_decode(struct unpack_io *io)
{
	struct inflate *s = container_of(io, struct inflate, io);
	size_t len;
	int ret;

	unpack_crc32_init(&s->crc32);
	s->bits = 0;
	s->nr_bits = 0;
	if (unpack_left(io) < GZIP_HEADER_SIZE || unpack_le16(io->in) != 0x8b1f ||
	    io->in[2] != 8 || io->in[3])	/* no name, no comment: kernels have none */
		return -EINVAL;
	io->in += GZIP_HEADER_SIZE;
	ret = inflate_decode_blocks(s);
	if (ret)
		return ret;
	len = io->out - io->base;
	if (unpack_left(io) < GZIP_TRAILER_SIZE || (u32)len != unpack_le32(io->in + 4) ||
	    unpack_crc32(&s->crc32, io->base, len) != unpack_le32(io->in))
		return -EINVAL;
	io->in += GZIP_TRAILER_SIZE;
	return 0;
}
