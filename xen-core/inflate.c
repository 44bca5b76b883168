// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gzip decompression: DEFLATE (RFC 1951) in its gzip wrapping (RFC 1952).
 *
 * Every code is looked up at once, in a table for its longest codeword. The
 * bits that are looked at may reach into the trailer, but never beyond it.
 */
#include "unpack.h"

enum { INFLATE_MAX_BITS = 15, INFLATE_LITERALS = 288, INFLATE_DISTANCES = 32 };
enum inflate_literal { INFLATE_END_OF_BLOCK = 256, INFLATE_LONGEST_MATCH = 285 };

struct inflate_code {
	u32 bits;				/* of the longest codeword */
	u16 entry[1 << INFLATE_MAX_BITS];	/* symbol << 4 | length; 0: no codeword */
};

struct inflate {
	struct unpack_io io;
	struct inflate_code literal, distance;
	u8 lengths[INFLATE_LITERALS + INFLATE_DISTANCES];
};

UNPACK_CHECK_STATE(struct inflate);

/*
 * Builds the table of a code from the length of each symbol's codeword. These
 * are given out in ascending order, as binary fractions. The stream has their
 * highest bit lowest, so @word is counted up from its highest bit down.
 */
static __init void inflate_build_code(struct inflate *s, struct inflate_code *c,
				      const u8 *lengths, u32 n)
{
	u32 used = 0, word = 0, bit = 1;	/* @bit is 0 when no codeword is left */

	c->bits = 0;
	for (u32 i = 0; i < n; i++)
		c->bits = MAX(c->bits, lengths[i]);
	memset(c->entry, 0, sizeof(c->entry[0]) << c->bits);
	for (u32 len = 1; len <= c->bits; len++)
		for (u32 i = 0; i < n; i++) {
			if (lengths[i] != len)
				continue;
			unpack_check(&s->io, bit);
			for (u32 at = word; at < 1u << c->bits; at += 1u << len)
				c->entry[at] = i << 4 | len;
			for (bit = 1u << (len - 1); word & bit; bit >>= 1)
				word ^= bit;
			word |= bit;
			used++;
		}
	/* Unused codewords are allowed where there is one symbol, or none. */
	unpack_check(&s->io, !bit || used <= 1);
}

static __always_inline u32 inflate_symbol(struct inflate *s, const struct inflate_code *c)
{
	u32 entry = c->entry[unpack_peek(&s->io, c->bits)];

	unpack_check(&s->io, entry);
	unpack_bits(&s->io, entry & 15);
	return entry >> 4;
}

/* A number of which @code has the top @k + 1 bits and the width; the others follow. */
static __always_inline u32 inflate_number(struct inflate *s, u32 code, u32 k)
{
	u32 top = 1u << k, extra;

	if (code < 2 * top)
		return code;
	extra = (code >> k) - 1;
	return ((top | (code & (top - 1))) << extra) + unpack_bits(&s->io, extra);
}

static __init_hot void inflate_coded_block(struct inflate *s)
{
	u32 sym, len, distance;

	while ((sym = inflate_symbol(s, &s->literal)) != INFLATE_END_OF_BLOCK) {
		if (sym < INFLATE_END_OF_BLOCK) {
			*unpack_reserve(&s->io, 1) = sym;
			continue;
		}
		unpack_check(&s->io, sym <= INFLATE_LONGEST_MATCH);
		len = sym == INFLATE_LONGEST_MATCH ? 258 : 3 + inflate_number(s, sym - 257, 2);
		distance = inflate_symbol(s, &s->distance);
		unpack_check(&s->io, distance < 30);
		unpack_repeat(&s->io, 1 + inflate_number(s, distance, 1), len);
	}
}

static __init void inflate_stored_block(struct inflate *s)
{
	u32 len;

	unpack_align(&s->io);
	len = unpack_number(&s->io, 2);
	unpack_check(&s->io, unpack_number(&s->io, 2) == (len ^ 0xffff));
	unpack_put(&s->io, unpack_take(&s->io, len), len);
}

/* The lengths of both codes, run-length coded by a third (in s->literal). */
static __init void inflate_read_lengths(struct inflate *s, u32 total)
{
	static const u8 run_min[] __initconst = { [0 ... 15] = 1, 3, 3, 11 };
	static const u8 run_bits[] __initconst = { [16] = 2, 3, 7 };

	for (u32 i = 0, run; i < total; i += run) {
		u32 sym = inflate_symbol(s, &s->literal), value = sym < 16 ? sym : 0;

		run = run_min[sym] + unpack_bits(&s->io, run_bits[sym]);
		unpack_check(&s->io, run <= total - i && (sym != 16 || i));
		if (sym == 16)
			value = s->lengths[i - 1];
		memset(s->lengths + i, value, run);
	}
}

static __init void inflate_dynamic_codes(struct inflate *s)
{
	static const u8 order[19] __initconst = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
	};
	u32 literals = unpack_bits(&s->io, 5) + 257, distances = unpack_bits(&s->io, 5) + 1;
	u32 n = unpack_bits(&s->io, 4) + 4;

	unpack_check(&s->io, literals <= 286 && distances <= 30);
	memset(s->lengths, 0, sizeof(order));
	for (u32 i = 0; i < n; i++)
		s->lengths[order[i]] = unpack_bits(&s->io, 3);
	inflate_build_code(s, &s->literal, s->lengths, sizeof(order));
	inflate_read_lengths(s, literals + distances);
	unpack_check(&s->io, s->lengths[INFLATE_END_OF_BLOCK]);
	inflate_build_code(s, &s->literal, s->lengths, literals);
	inflate_build_code(s, &s->distance, s->lengths + literals, distances);
}

static __init void inflate_decode_blocks(struct inflate *s)
{
	static const u8 literals[] __initconst = {
		[0 ... 143] = 8, [144 ... 255] = 9, [256 ... 279] = 7, [280 ... 287] = 8
	};
	static const u8 distances[] __initconst = { [0 ... 31] = 5 };
	u32 last, type;

	do {
		last = unpack_bits(&s->io, 1);
		type = unpack_bits(&s->io, 2);
		unpack_check(&s->io, type <= 2);
		if (type == 0) {
			inflate_stored_block(s);
			continue;
		}
		if (type == 1) {
			inflate_build_code(s, &s->literal, literals, sizeof(literals));
			inflate_build_code(s, &s->distance, distances, sizeof(distances));
		} else {
			inflate_dynamic_codes(s);
		}
		inflate_coded_block(s);
	} while (!last);
}

/** inflate_decode() - unpack one gzip member; see unpack.h */
__init void inflate_decode(struct unpack_io *io)
{
	u32 crc;

	/* Method deflate, and no name or comment: kernels have none. */
	unpack_check(io, unpack_number(io, 2) == 8);
	unpack_take(io, 6);
	inflate_decode_blocks(container_of(io, struct inflate, io));
	unpack_align(io);
	crc = unpack_number(io, 4);
	unpack_check(io, crc == unpack_crc32(io, io->base, io->out - io->base));
	unpack_check(io, unpack_number(io, 4) == (u32)(io->out - io->base));
}
