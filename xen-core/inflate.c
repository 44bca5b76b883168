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
#define GZIP_FHCRC		0x02
#define GZIP_FEXTRA		0x04
#define GZIP_FNAME		0x08
#define GZIP_FCOMMENT		0x10

struct inflate_code {
	u16 fast[1 << INFLATE_FAST_BITS];	/* symbol << 4 | length; 0: not here */
	u16 count[INFLATE_MAX_BITS + 1];	/* codes of each length */
	u16 symbol[INFLATE_LITERALS];		/* in the order of their codes */
};

struct inflate {
	const u8 *in, *in_end;
	u8 *out_start, *out, *out_end;
	u64 bits;
	u32 nr_bits;
	struct inflate_code literal, distance;
	u8 lengths[INFLATE_LITERALS + INFLATE_DISTANCES];
	struct unpack_crc32 crc32;
};

static_assert(sizeof(struct inflate) <= UNPACK_SCRATCH_SIZE - UNPACK_SCRATCH_ALIGN, "scratch");

/* At least 56 bits in the window, or all that is left. */
static __unpack_inline void inflate_refill(struct inflate *s)
{
	if (s->in_end - s->in >= 8) {
		s->bits |= unpack_le64(s->in) << s->nr_bits;
		s->in += (63 - s->nr_bits) >> 3;
		s->nr_bits |= 56;
		return;
	}
	while (s->nr_bits < 56 && s->in < s->in_end) {
		s->bits |= (u64)*s->in++ << s->nr_bits;
		s->nr_bits += 8;
	}
}

/* Takes @n bits that a refill put there; false if the input ended before. */
static __unpack_inline bool inflate_take(struct inflate *s, u32 n, u32 *value)
{
	if (s->nr_bits < n)
		return false;
	*value = s->bits & ((1u << n) - 1);
	s->bits >>= n;
	s->nr_bits -= n;
	return true;
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
	if (used > 1 && start[INFLATE_MAX_BITS] + c->count[INFLATE_MAX_BITS] != 1u << INFLATE_MAX_BITS)
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
	if (len > s->nr_bits)
		return -EINVAL;
	s->bits >>= len;
	s->nr_bits -= len;
	return sym;
}

/* Length and distance of the match that symbol @sym starts, and the copy. */
static __unpack_inline int inflate_match(struct inflate *s, u32 sym)
{
	u32 len = sym - 254, dist, extra, value;
	int dsym;

	if (sym > 285)
		return -EINVAL;
	if (sym == 285) {
		len = 258;
	} else if (sym >= 265) {
		extra = (sym - 261) >> 2;
		if (!inflate_take(s, extra, &value))
			return -EINVAL;
		len = 3 + ((4 | ((sym - 265) & 3)) << extra) + value;
	}
	dsym = inflate_symbol(s, &s->distance);
	if (dsym < 0 || dsym > 29)
		return -EINVAL;
	dist = dsym + 1;
	if (dsym >= 4) {
		extra = (dsym >> 1) - 1;
		if (!inflate_take(s, extra, &value))
			return -EINVAL;
		dist = 1 + ((2 | (dsym & 1)) << extra) + value;
	}
	if (dist > (size_t)(s->out - s->out_start))
		return -EINVAL;
	if (len > (size_t)(s->out_end - s->out))
		return -ENOSPC;
	unpack_copy_match(s->out, dist, len);
	s->out += len;
	return 0;
}

static __init_hot int inflate_coded_block(struct inflate *s)
{
	int sym, ret;

	for (;;) {
		inflate_refill(s);
		sym = inflate_symbol(s, &s->literal);
		if (sym < 0)
			return sym;
		if (sym < 256) {
			if (s->out == s->out_end)
				return -ENOSPC;
			*s->out++ = sym;
			continue;
		}
		if (sym == INFLATE_END_OF_BLOCK)
			return 0;
		ret = inflate_match(s, sym);
		if (ret)
			return ret;
	}
}

static __init int inflate_stored_block(struct inflate *s)
{
	u32 len;

	/* Back to the first whole byte that was not consumed. */
	s->in -= s->nr_bits >> 3;
	s->bits = 0;
	s->nr_bits = 0;
	if (s->in_end - s->in < 4)
		return -EINVAL;
	len = unpack_le16(s->in);
	if (len != (unpack_le16(s->in + 2) ^ 0xffffu))
		return -EINVAL;
	s->in += 4;
	if (len > (size_t)(s->in_end - s->in))
		return -EINVAL;
	if (len > (size_t)(s->out_end - s->out))
		return -ENOSPC;
	memcpy(s->out, s->in, len);
	s->in += len;
	s->out += len;
	return 0;
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
	u32 i = 0, run, value;
	int sym;

	while (i < total) {
		inflate_refill(s);
		sym = inflate_symbol(s, &s->literal);
		if (sym < 0)
			return sym;
		if (sym < 16) {
			s->lengths[i++] = sym;
			continue;
		}
		if (sym == 16 && !i)
			return -EINVAL;
		value = sym == 16 ? s->lengths[i - 1] : 0;
		if (!inflate_take(s, sym == 16 ? 2 : sym == 17 ? 3 : 7, &run))
			return -EINVAL;
		run += sym == 18 ? 11 : 3;
		if (run > total - i)
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
	u32 header, nr_literals, nr_distances, nr_codes, i, len;
	int ret;

	inflate_refill(s);
	if (!inflate_take(s, 14, &header))
		return -EINVAL;
	nr_literals = (header & 31) + 257;
	nr_distances = (header >> 5 & 31) + 1;
	nr_codes = (header >> 10) + 4;
	if (nr_literals > 286 || nr_distances > 30)
		return -EINVAL;
	memset(s->lengths, 0, sizeof(order));
	for (i = 0; i < nr_codes; i++) {
		inflate_refill(s);
		if (!inflate_take(s, 3, &len))
			return -EINVAL;
		s->lengths[order[i]] = len;
	}
	ret = inflate_build_code(&s->literal, s->lengths, sizeof(order)) ?:
	      inflate_read_lengths(s, nr_literals + nr_distances);
	if (ret)
		return ret;
	if (!s->lengths[INFLATE_END_OF_BLOCK])
		return -EINVAL;
	return inflate_build_code(&s->literal, s->lengths, nr_literals) ?:
	       inflate_build_code(&s->distance, s->lengths + nr_literals, nr_distances);
}

static __init int inflate_decode_blocks(struct inflate *s)
{
	u32 header;
	int ret;

	do {
		inflate_refill(s);
		if (!inflate_take(s, 3, &header))
			return -EINVAL;
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
		if (ret)
			return ret;
	} while (!(header & 1));
	s->in -= s->nr_bits >> 3;
	return 0;
}

/* Steps over a terminated string of the header; false if it has no end. */
static __init bool gzip_skip_string(struct inflate *s)
{
	while (s->in < s->in_end)
		if (!*s->in++)
			return true;
	return false;
}

static __init int gzip_skip_header(struct inflate *s)
{
	size_t extra;
	u8 flags;

	if (s->in_end - s->in < GZIP_HEADER_SIZE || s->in[0] != 0x1f || s->in[1] != 0x8b ||
	    s->in[2] != 8 || (s->in[3] & 0xe0))
		return -EINVAL;
	flags = s->in[3];
	s->in += GZIP_HEADER_SIZE;
	if (flags & GZIP_FEXTRA) {
		if (s->in_end - s->in < 2)
			return -EINVAL;
		extra = 2 + unpack_le16(s->in);
		if (extra > (size_t)(s->in_end - s->in))
			return -EINVAL;
		s->in += extra;
	}
	if (((flags & GZIP_FNAME) && !gzip_skip_string(s)) ||
	    ((flags & GZIP_FCOMMENT) && !gzip_skip_string(s)))
		return -EINVAL;
	if (flags & GZIP_FHCRC) {
		if (s->in_end - s->in < 2)
			return -EINVAL;
		s->in += 2;
	}
	return 0;
}

/**
 * inflate_decode_gzip() - unpack a .gz file, one member or several
 *
 * See unpack.h for the arguments and results.
 */
__init long inflate_decode_gzip(const u8 *in, size_t in_len, u8 *out, size_t out_size,
				void *scratch)
{
	struct inflate *s = scratch;
	size_t len;
	int ret;

	s->in = in;
	s->in_end = in + in_len;
	s->out = out;
	s->out_end = out + out_size;
	unpack_crc32_init(&s->crc32);
	do {
		s->out_start = s->out;
		s->bits = 0;
		s->nr_bits = 0;
		ret = gzip_skip_header(s) ?: inflate_decode_blocks(s);
		if (ret)
			return ret;
		len = s->out - s->out_start;
		if (s->in_end - s->in < GZIP_TRAILER_SIZE ||
		    unpack_crc32(&s->crc32, s->out_start, len) != unpack_le32(s->in) ||
		    (u32)len != unpack_le32(s->in + 4))
			return -EINVAL;
		s->in += GZIP_TRAILER_SIZE;
	} while (s->in < s->in_end);
	return s->out - out;
}
