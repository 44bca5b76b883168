// SPDX-License-Identifier: GPL-2.0-only
/*
 * XZ decompression: the container (XZ file format 1.0.4), LZMA2 and the x86
 * branch filter, which is what Linux kernels are packed with.
 *
 *	stream header | block ... block | index | stream footer
 *	block:  header | LZMA2 chunks | padding | check
 *
 * The output is the LZMA2 dictionary. The x86 filter is undone over a block's
 * whole output once it is complete: the dictionary is the filtered data.
 * Of the checks, CRC32 is verified (kernels have no other); CRC64 and SHA-256
 * are stepped over. So are sizes that are stated besides.
 */
#include "unpack.h"

enum { XZ_CHECK_CRC32 = 1, XZ_FILTER_X86 = 4, XZ_FILTER_LZMA2 = 0x21 };

/* From LZMA_STATE_AFTER_MATCH on, the last was no literal. */
enum { LZMA_STATE_AFTER_MATCH = 7, LZMA_STATES = 12, LZMA_POS_STATES = 16, LZMA_MATCH_MIN = 2 };

struct lzma_length_probs {
	u16 choice, choice2;
	u16 low[LZMA_POS_STATES][8], mid[LZMA_POS_STATES][8], high[256];
};

/* Adaptive probabilities: all u16, so that a reset is one loop. */
struct lzma_probs {
	u16 is_match[LZMA_STATES][LZMA_POS_STATES];
	u16 is_rep[LZMA_STATES], is_rep0[LZMA_STATES], is_rep1[LZMA_STATES], is_rep2[LZMA_STATES];
	u16 is_rep0_long[LZMA_STATES][LZMA_POS_STATES];
	u16 slot[4][64], special[128], align[16];
	struct lzma_length_probs match_len, rep_len;
	u16 literal[0x300 << 4];	/* LZMA2: lc + lp <= 4 */
};

struct lzma_rc {
	const u8 *in, *end;
	u32 range, code;
};

struct unxz {
	struct unpack_io io;	/* base: start of the dictionary */
	u32 state;
	u32 rep[4];		/* last distances, less one */
	u32 lc, lp_mask, pos_mask;
	struct lzma_probs probs;
};

UNPACK_CHECK_STATE(struct unxz);

/*
 * The range decoder. Past the end of a chunk it reads zeros and goes on
 * counting: lzma_decode_chunk() compares the count once at the end, and the
 * loop is bounded by the output.
 */
static __always_inline void rc_normalize(struct lzma_rc *rc)
{
	if (rc->range < 1u << 24) {
		rc->range <<= 8;
		rc->code = rc->code << 8 | (rc->in < rc->end ? *rc->in : 0);
		rc->in++;
	}
}

static __always_inline u32 rc_bit(struct lzma_rc *rc, u16 *prob)
{
	u32 p = *prob, bound;

	rc_normalize(rc);
	bound = (rc->range >> 11) * p;
	if (rc->code < bound) {
		rc->range = bound;
		*prob = p + ((2048 - p) >> 5);
		return 0;
	}
	rc->range -= bound;
	rc->code -= bound;
	*prob = p - (p >> 5);
	return 1;
}

/* A number of @bits bits, highest first; with a 1 above it. */
static __always_inline u32 rc_tree(struct lzma_rc *rc, u16 *probs, u32 bits)
{
	u32 sym = 1;

#pragma GCC unroll 8
	for (u32 i = 0; i < bits; i++)
		sym = sym << 1 | rc_bit(rc, &probs[sym]);
	return sym;
}

/* A number of @bits bits, lowest first. */
static __always_inline u32 rc_tree_reverse(struct lzma_rc *rc, u16 *probs, u32 bits)
{
	u32 sym = 1, value = 0;

	for (u32 i = 0; i < bits; i++) {
		sym = sym << 1 | rc_bit(rc, &probs[sym]);
		value |= (sym & 1) << i;
	}
	return value;
}

static __always_inline u32 rc_direct(struct lzma_rc *rc, u32 bits)
{
	u32 value = 0;

	while (bits--) {
		rc_normalize(rc);
		rc->range >>= 1;
		value <<= 1;
		if (rc->code >= rc->range) {
			rc->code -= rc->range;
			value |= 1;
		}
	}
	return value;
}

/* A literal right after a match is coded against the byte the match would have. */
static __always_inline u8 lzma_literal(struct lzma_rc *rc, u16 *probs, bool matched, u32 match)
{
	u32 sym = 1, offset = 0x100, bit;

	if (!matched)
		return rc_tree(rc, probs, 8);
#pragma GCC unroll 8
	for (u32 i = 0; i < 8; i++) {
		match <<= 1;
		bit = rc_bit(rc, &probs[offset + (match & offset) + sym]);
		sym = sym << 1 | bit;
		offset &= bit ? match : ~match;
	}
	return sym;
}

static __always_inline u32 lzma_length(struct lzma_rc *rc, struct lzma_length_probs *p,
				       u32 pos_state)
{
	if (!rc_bit(rc, &p->choice))
		return LZMA_MATCH_MIN + rc_tree(rc, p->low[pos_state], 3) - 8;
	if (!rc_bit(rc, &p->choice2))
		return LZMA_MATCH_MIN + rc_tree(rc, p->mid[pos_state], 3);
	return LZMA_MATCH_MIN + rc_tree(rc, p->high, 8) - 256 + 16;
}

/* A new distance, less one. Short lengths have a slot table of their own. */
static __always_inline u32 lzma_distance(struct lzma_rc *rc, struct lzma_probs *p, u32 len)
{
	u32 slot = rc_tree(rc, p->slot[MIN(len - LZMA_MATCH_MIN, 3u)], 6) - 64;
	u32 bits, dist;

	if (slot < 4)
		return slot;
	bits = (slot >> 1) - 1;
	dist = (2 | (slot & 1)) << bits;
	if (slot < 14)
		return dist + rc_tree_reverse(rc, p->special + dist - slot, bits);
	dist += rc_direct(rc, bits - 4) << 4;
	return dist + rc_tree_reverse(rc, p->align, 4);
}

/*
 * Everything but a plain literal: fills s->rep[0] and the new state.
 * Return: the length; 1 is the single byte at rep0.
 */
static __always_inline u32 lzma_match(struct lzma_rc *rc, struct unxz *s, u32 *state_p,
				      u32 pos_state)
{
	struct lzma_probs *p = &s->probs;
	u32 state = *state_p, len, dist, which = 0;
	bool after = state >= LZMA_STATE_AFTER_MATCH;

	if (!rc_bit(rc, &p->is_rep[state])) {
		*state_p = after ? 10 : 7;
		len = lzma_length(rc, &p->match_len, pos_state);
		dist = lzma_distance(rc, p, len);
		which = 3;
	} else {
		if (rc_bit(rc, &p->is_rep0[state])) {
			which = 1;
			if (rc_bit(rc, &p->is_rep1[state]))
				which = 2 + rc_bit(rc, &p->is_rep2[state]);
		} else if (!rc_bit(rc, &p->is_rep0_long[state][pos_state])) {
			*state_p = after ? 11 : 9;
			return 1;
		}
		*state_p = after ? 11 : 8;
		len = lzma_length(rc, &p->rep_len, pos_state);
		dist = s->rep[which];
	}
	/* It moves to the front of the last four, or comes in there. */
	for (; which; which--)
		s->rep[which] = s->rep[which - 1];
	s->rep[0] = dist;
	return len;
}

/* One LZMA chunk: exactly @out_len bytes from exactly @in_len. */
static __init_hot void lzma_decode_chunk(struct unxz *s, size_t in_len, size_t out_len)
{
	static const u8 after_literal[] __initconst = { 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 4, 5 };
	const u8 *in = unpack_take(&s->io, in_len), *dict = s->io.base;
	const u32 lc = s->lc, lp_mask = s->lp_mask, pos_mask = s->pos_mask;
	struct lzma_rc rc = { .in = in + 5, .end = in + in_len, .range = ~0u,
			      .code = __builtin_bswap32(unpack_le(in + 1, 4)) };
	size_t pos, end = s->io.out - dict + out_len;
	u32 state = s->state;

	while ((pos = s->io.out - dict) < end) {
		u32 pos_state = pos & pos_mask, len;

		if (!rc_bit(&rc, &s->probs.is_match[state][pos_state])) {
			const u8 *out = s->io.out;
			u32 prev = pos ? out[-1] : 0;
			u32 set = (pos & lp_mask) << lc | prev >> (8 - lc);
			bool matched = state >= LZMA_STATE_AFTER_MATCH;
			u32 match = matched ? out[-(ptrdiff_t)s->rep[0] - 1] : 0;

			*unpack_reserve(&s->io, 1) =
				lzma_literal(&rc, s->probs.literal + 0x300 * set, matched, match);
			state = after_literal[state];
			continue;
		}
		len = lzma_match(&rc, s, &state, pos_state);
		unpack_repeat(&s->io, (size_t)s->rep[0] + 1, len);
	}
	rc_normalize(&rc);
	unpack_check(&s->io, pos == end && rc.in == rc.end && !rc.code && !in[0]);
	s->state = state;
}

static __init void lzma_reset_state(struct unxz *s)
{
	for (u16 *prob = (u16 *)&s->probs; prob < (u16 *)(&s->probs + 1); prob++)
		*prob = 1024;	/* one half, of 11 bits */
	s->state = 0;
	memset(s->rep, 0, sizeof(s->rep));
}

static __init void lzma_set_props(struct unxz *s, u8 props)
{
	u32 lp = props / 9 % 5, pb = props / 45;

	s->lc = props % 9;
	unpack_check(&s->io, pb <= 4 && s->lc + lp <= 4);
	s->lp_mask = (1u << lp) - 1;
	s->pos_mask = (1u << pb) - 1;
}

/* A size of 16 bits, highest byte first, less one. */
static __init size_t lzma2_read_size(struct unxz *s)
{
	const u8 *p = unpack_take(&s->io, 2);

	return (p[0] << 8 | p[1]) + 1;
}

/*
 * Chunks, each with a control byte: 0 for the end, 1 or 2 for stored bytes, or
 * from 0x80 on for LZMA. A chunk may reset things first: the coder's state (1),
 * its properties also (2), the dictionary also (3). The first one has to.
 */
static __init void lzma2_decode(struct unxz *s)
{
	u32 control, reset, needed = 3;
	size_t len, packed;

	while ((control = unpack_number(&s->io, 1))) {
		reset = control >= 0x80 ? control >> 5 & 3 : control == 1 ? 3 : 0;
		unpack_check(&s->io, control >= 0x80 || control <= 2);
		if (reset == 3) {
			s->io.base = s->io.out;
			needed = 2;
		}
		len = lzma2_read_size(s);
		if (control < 0x80) {
			unpack_check(&s->io, needed < 3);
			unpack_put(&s->io, unpack_take(&s->io, len), len);
			continue;
		}
		unpack_check(&s->io, reset >= needed);
		needed = 0;
		len += (control & 0x1f) << 16;
		packed = lzma2_read_size(s);
		unpack_check(&s->io, packed >= 5);
		if (reset >= 2)
			lzma_set_props(s, unpack_number(&s->io, 1));
		if (reset)
			lzma_reset_state(s);
		lzma_decode_chunk(s, packed, len);
	}
}

static __always_inline bool bcj_is_sign(u32 byte)
{
	return byte == 0 || byte == 0xff;
}

/*
 * Undo the x86 filter: targets of CALL (e8) and JMP (e9) were made absolute
 * where the operand's top byte looked like a sign extension. @hist has bit n
 * set when the byte n + 1 before is an opcode byte left alone: such operand
 * bytes overlap ours, and the encoder treats that case apart.
 */
static __init_hot void bcj_x86_decode(u8 *buf, size_t size)
{
	u32 hist = 0, near, addr;

	for (size_t i = 0; i + 5 <= size; i++) {
		if ((buf[i] & 0xfe) != 0xe8) {
			hist <<= 1;
			continue;
		}
		hist &= 7;
		/* Converted only with at most one such byte before it. */
		near = hist & 4 ? 3 : hist;
		if ((hist & (hist - 1)) || !bcj_is_sign(buf[i + 4]) ||
		    (hist && bcj_is_sign(buf[i + 4 - near]))) {
			hist = hist << 1 | 1;
			continue;
		}
		addr = unpack_le(buf + i + 1, 4) - (u32)(i + 5);
		if (hist && bcj_is_sign(addr >> (24 - 8 * near) & 0xff))
			addr = (addr ^ ((1u << (32 - 8 * near)) - 1)) - (u32)(i + 5);
		/* Bit 24 is the sign of the 25-bit operand. */
		addr &= 0x01ffffff;
		addr |= -(addr & 0x01000000);
		__builtin_memcpy(buf + i + 1, &addr, sizeof(addr));
		hist = 0;
		i += 4;
	}
}

/* A variable-length integer of the container, up to 63 bits. */
static __init u64 xz_read_number(struct unpack_io *io)
{
	u64 value = 0, byte;

	for (u32 shift = 0; shift < 63; shift += 7) {
		byte = unpack_number(io, 1);
		value |= (byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	unpack_fail(io, -EINVAL);
}

/* The next word is the CRC32 of [@start, @end). */
static __init void xz_check_crc(struct unpack_io *io, const u8 *start, const u8 *end)
{
	unpack_check(io, unpack_number(io, 4) == unpack_crc32(io, start, end - start));
}

/* A multiple of four bytes is filled up, from @start on. */
static __init void xz_skip_padding(struct unpack_io *io, const u8 *start)
{
	unpack_take(io, (start - io->in) & 3);
}

/* Return: are the bytes to go through the x86 filter? */
static __init bool xz_read_block_header(struct unpack_io *io, u32 words)
{
	const u8 *start = io->in - 1, *end = unpack_enter(io, words * 4 - 1);
	u8 flags = unpack_number(io, 1);

	for (u32 sizes = (flags >> 6 & 1) + (flags >> 7); sizes; sizes--)
		xz_read_number(io);
	/* One filter or two; the dictionary's size does not matter: it is all there. */
	unpack_check(io, !(flags & 0x3e));
	if (flags & 1)
		unpack_check(io, unpack_number(io, 2) == XZ_FILTER_X86);
	unpack_check(io, unpack_number(io, 2) == (XZ_FILTER_LZMA2 | 1 << 8));
	unpack_check(io, unpack_number(io, 1) <= 40);
	unpack_take(io, io->in_end - io->in);
	unpack_leave(io, end);
	xz_check_crc(io, start, io->in);
	return flags & 1;
}

static __init void xz_decode_block(struct unxz *s, u32 header_words, u32 check_type)
{
	const u8 *start = s->io.in - 1;
	bool x86 = xz_read_block_header(&s->io, header_words);
	u8 *out = s->io.out;

	lzma2_decode(s);
	if (x86)
		bcj_x86_decode(out, s->io.out - out);
	xz_skip_padding(&s->io, start);
	/* Types 1-3 have 4 bytes, each next three twice as many. */
	if (check_type == XZ_CHECK_CRC32)
		xz_check_crc(&s->io, out, s->io.out);
	else if (check_type)
		unpack_take(&s->io, 4 << (check_type - 1) / 3);
}

/** unxz_decode() - unpack one stream; see unpack.h */
__init void unxz_decode(struct unpack_io *io)
{
	const u8 *flags = unpack_take(io, 2), *index, *footer;
	u32 blocks, size;

	unpack_check(io, !flags[0] && flags[1] <= 15);
	xz_check_crc(io, flags, flags + 2);
	/* A block starts with the size of its header, the index with a zero byte. */
	for (blocks = 0; (size = unpack_number(io, 1)); blocks++)
		xz_decode_block(container_of(io, struct unxz, io), size, flags[1]);
	index = io->in - 1;
	unpack_check(io, xz_read_number(io) == blocks);
	for (u32 i = 0; i < 2 * blocks; i++)
		xz_read_number(io);
	xz_skip_padding(io, index);
	size = io->in - index;
	xz_check_crc(io, index, io->in);
	footer = unpack_take(io, 12);
	unpack_check(io, unpack_le(footer, 4) == unpack_crc32(io, footer + 4, 6));
	unpack_check(io, unpack_le(footer + 4, 4) == size / 4 &&
		     !memcmp(footer + 8, flags, 2) && !memcmp(footer + 10, "YZ", 2));
}
