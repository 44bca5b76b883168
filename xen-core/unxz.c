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
 * are stepped over. The index must repeat the sizes of the blocks seen.
 */
#include "compiler.h"
#include "errno.h"
#include "string.h"
#include "types.h"
#include "unpack.h"

#define XZ_HEADER_SIZE		12
#define XZ_FILTER_X86		0x04
#define XZ_FILTER_LZMA2		0x21
#define XZ_CHECK_CRC32		1
#define XZ_NONE			(~0ull)

#define LZMA_STATES		12
#define LZMA_STATE_AFTER_MATCH	7	/* states from here on: last was no literal */
#define LZMA_POS_STATES		16
#define LZMA_PROB_INIT		1024	/* one half, of 11 bits */
#define LZMA_MATCH_MIN		2
#define LZMA_LITERAL_PROBS	(0x300 << 4)	/* LZMA2: lc + lp <= 4 */

struct lzma_length_probs {
	u16 choice, choice2;
	u16 low[LZMA_POS_STATES][8];
	u16 mid[LZMA_POS_STATES][8];
	u16 high[256];
};

/* Adaptive probabilities: all u16, so that a reset is one loop. */
struct lzma_probs {
	u16 is_match[LZMA_STATES][LZMA_POS_STATES];
	u16 is_rep[LZMA_STATES];
	u16 is_rep0[LZMA_STATES];
	u16 is_rep1[LZMA_STATES];
	u16 is_rep2[LZMA_STATES];
	u16 is_rep0_long[LZMA_STATES][LZMA_POS_STATES];
	u16 slot[4][64];
	u16 special[128];
	u16 align[16];
	struct lzma_length_probs match_len, rep_len;
	u16 literal[LZMA_LITERAL_PROBS];
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
	bool need_props, need_state;
	u8 check_size, check_type;
	u64 blocks, blocks_hash;
	struct lzma_probs probs;
	struct unpack_crc32 crc32;
};

UNPACK_CHECK_STATE(struct unxz);

/*
 * The range decoder. Past the end of a chunk it reads zeros and goes on
 * counting: lzma_decode_chunk() compares the count once at the end, and the
 * loop is bounded by the output.
 */
static __unpack_inline void rc_normalize(struct lzma_rc *rc)
{
	if (rc->range < 1u << 24) {
		rc->range <<= 8;
		rc->code = rc->code << 8 | (rc->in < rc->end ? *rc->in : 0);
		rc->in++;
	}
}

static __unpack_inline u32 rc_bit(struct lzma_rc *rc, u16 *prob)
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
static __unpack_inline u32 rc_tree(struct lzma_rc *rc, u16 *probs, u32 bits)
{
	u32 sym = 1, i;

#pragma GCC unroll 8
	for (i = 0; i < bits; i++)
		sym = sym << 1 | rc_bit(rc, &probs[sym]);
	return sym;
}

/* A number of @bits bits, lowest first. */
static __unpack_inline u32 rc_tree_reverse(struct lzma_rc *rc, u16 *probs, u32 bits)
{
	u32 sym = 1, value = 0, i, bit;

	for (i = 0; i < bits; i++) {
		bit = rc_bit(rc, &probs[sym]);
		sym = sym << 1 | bit;
		value |= bit << i;
	}
	return value;
}

static __unpack_inline u32 rc_direct(struct lzma_rc *rc, u32 bits)
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
static __unpack_inline u8 lzma_literal(struct lzma_rc *rc, u16 *probs, bool matched, u32 match)
{
	u32 sym = 1, offset = 0x100, bit, i;

	if (!matched)
		return rc_tree(rc, probs, 8);
#pragma GCC unroll 8
	for (i = 0; i < 8; i++) {
		match <<= 1;
		bit = rc_bit(rc, &probs[offset + (match & offset) + sym]);
		sym = sym << 1 | bit;
		offset &= bit ? match : ~match;
	}
	return sym;
}

static __unpack_inline u32 lzma_length(struct lzma_rc *rc, struct lzma_length_probs *p,
				       u32 pos_state)
{
	u32 len;

	if (!rc_bit(rc, &p->choice))
		len = rc_tree(rc, p->low[pos_state], 3) - 8;
	else if (!rc_bit(rc, &p->choice2))
		len = rc_tree(rc, p->mid[pos_state], 3);
	else
		len = rc_tree(rc, p->high, 8) - 256 + 16;
	return len + LZMA_MATCH_MIN;
}

/* A new distance, less one. Short lengths have a slot table of their own. */
static __unpack_inline u32 lzma_distance(struct lzma_rc *rc, struct lzma_probs *p, u32 len)
{
	u32 set = MIN(len - LZMA_MATCH_MIN, 3u);
	u32 slot = rc_tree(rc, p->slot[set], 6) - 64;
	u32 dist = slot, bits;

	if (slot >= 4) {
		bits = (slot >> 1) - 1;
		dist = (2 | (slot & 1)) << bits;
		if (slot < 14) {
			dist += rc_tree_reverse(rc, p->special + dist - slot, bits);
		} else {
			dist += rc_direct(rc, bits - 4) << 4;
			dist += rc_tree_reverse(rc, p->align, 4);
		}
	}
	return dist;
}

/* Which of the last four distances comes back, and moves to the front. */
static __unpack_inline void lzma_rotate_reps(struct lzma_rc *rc, struct unxz *s, u32 state)
{
	u32 which = 1, dist;

	if (rc_bit(rc, &s->probs.is_rep1[state]))
		which = 2 + rc_bit(rc, &s->probs.is_rep2[state]);
	dist = s->rep[which];
	for (; which; which--)
		s->rep[which] = s->rep[which - 1];
	s->rep[0] = dist;
}

/*
 * Everything but a plain literal: fills s->rep[0] and the new state.
 * Return: the length; 1 is the single byte at rep0.
 */
static __unpack_inline u32 lzma_match(struct lzma_rc *rc, struct unxz *s, u32 *state_p,
				      u32 pos_state)
{
	struct lzma_probs *p = &s->probs;
	u32 state = *state_p, len;
	bool after = state >= LZMA_STATE_AFTER_MATCH;

	if (!rc_bit(rc, &p->is_rep[state])) {
		len = lzma_length(rc, &p->match_len, pos_state);
		s->rep[3] = s->rep[2];
		s->rep[2] = s->rep[1];
		s->rep[1] = s->rep[0];
		s->rep[0] = lzma_distance(rc, p, len);
		*state_p = after ? 10 : 7;
		return len;
	}
	if (rc_bit(rc, &p->is_rep0[state])) {
		lzma_rotate_reps(rc, s, state);
	} else if (!rc_bit(rc, &p->is_rep0_long[state][pos_state])) {
		*state_p = after ? 11 : 9;
		return 1;
	}
	*state_p = after ? 11 : 8;
	return lzma_length(rc, &p->rep_len, pos_state);
}

static const u8 lzma_state_after_literal[LZMA_STATES] __initconst = {
	0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 4, 5
};

/* One LZMA chunk: exactly @out_len bytes from exactly @in_len. */
static __init_hot int lzma_decode_chunk(struct unxz *s, size_t in_len, size_t out_len)
{
	const u8 *in = s->io.in, *dict = s->io.base;
	struct lzma_rc rc = {
		.in = in + 5, .end = in + in_len, .range = ~0u,
		.code = (u32)in[1] << 24 | in[2] << 16 | in[3] << 8 | in[4],
	};
	const u32 lc = s->lc, lp_mask = s->lp_mask, pos_mask = s->pos_mask;
	u8 *out = s->io.out, *out_end = out + out_len;
	u32 state = s->state;

	if (in[0])
		return -EINVAL;
	while (out < out_end) {
		u32 pos = out - dict, pos_state = pos & pos_mask, len;

		if (!rc_bit(&rc, &s->probs.is_match[state][pos_state])) {
			u32 prev = pos ? out[-1] : 0;
			u32 set = (pos & lp_mask) << lc | prev >> (8 - lc);
			bool matched = state >= LZMA_STATE_AFTER_MATCH;
			u32 match = matched ? out[-(ptrdiff_t)s->rep[0] - 1] : 0;

			*out++ = lzma_literal(&rc, s->probs.literal + 0x300 * set, matched, match);
			state = lzma_state_after_literal[state];
			continue;
		}
		len = lzma_match(&rc, s, &state, pos_state);
		if (s->rep[0] >= (size_t)(out - dict) || len > (size_t)(out_end - out))
			return -EINVAL;
		unpack_copy_match(out, (size_t)s->rep[0] + 1, len);
		out += len;
	}
	rc_normalize(&rc);
	if (rc.in != rc.end || rc.code)
		return -EINVAL;
	s->state = state;
	s->io.in = rc.in;
	s->io.out = out;
	return 0;
}

static __init void lzma_reset_state(struct unxz *s)
{
	u16 *prob = (u16 *)&s->probs, *end = (u16 *)(&s->probs + 1);

	while (prob < end)
		*prob++ = LZMA_PROB_INIT;
	s->state = 0;
	memset(s->rep, 0, sizeof(s->rep));
	s->need_state = false;
}

static __init int lzma_set_props(struct unxz *s, u8 props)
{
	u32 lp = props / 9 % 5, pb = props / 45;

	s->lc = props % 9;
	if (pb > 4 || s->lc + lp > 4)
		return -EINVAL;
	s->lp_mask = (1u << lp) - 1;
	s->pos_mask = (1u << pb) - 1;
	s->need_props = false;
	return 0;
}

/* Control bytes 0x80 to 0xff: an LZMA chunk, and what it resets first. */
static __init int lzma2_lzma_chunk(struct unxz *s, u8 control)
{
	const u8 *p = s->io.in;
	size_t in_len, out_len;
	bool props = control >= 0xc0;

	if (unpack_left(&s->io) < 5u + props)
		return -EINVAL;
	out_len = ((control & 0x1f) << 16 | p[0] << 8 | p[1]) + 1;
	in_len = (p[2] << 8 | p[3]) + 1;
	s->io.in += 4 + props;
	if ((props ? lzma_set_props(s, p[4]) : s->need_props) ||
	    (control < 0xa0 && s->need_state) || in_len < 5 || in_len > unpack_left(&s->io))
		return -EINVAL;
	if (out_len > unpack_room(&s->io))
		return -ENOSPC;
	if (control >= 0xa0)
		lzma_reset_state(s);
	return lzma_decode_chunk(s, in_len, out_len);
}

static __init int lzma2_stored_chunk(struct unxz *s)
{
	const u8 *p = s->io.in;

	if (unpack_left(&s->io) < 2)
		return -EINVAL;
	s->io.in += 2;
	return unpack_store(&s->io, (p[0] << 8 | p[1]) + 1);
}

static __init int lzma2_decode(struct unxz *s)
{
	bool need_dict = true;
	u8 control;
	int ret;

	s->need_state = true;
	do {
		if (!unpack_left(&s->io))
			return -EINVAL;
		control = *s->io.in++;
		if (control == 0)
			return 0;
		if (control == 1 || control >= 0xe0) {
			s->io.base = s->io.out;
			need_dict = false;
			s->need_props = true;
		}
		if (need_dict || (control > 2 && control < 0x80))
			return -EINVAL;
		ret = control < 0x80 ? lzma2_stored_chunk(s) : lzma2_lzma_chunk(s, control);
	} while (!ret);
	return ret;
}

static __unpack_inline bool bcj_is_sign(u32 byte)
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
	const u64 ones = 0x0101010101010101;
	u32 hist = 0, near, addr;
	size_t i = 0;
	u64 x;

	while (size - i >= 5) {
		/* On to the next e8 or e9: a zero byte after the xor. */
		if (!hist && size - i >= 8) {
			x = (unpack_le64(buf + i) & ~ones) ^ 0xe8 * ones;
			x = (x - ones) & ~x & 0x80 * ones;
			i += x ? __builtin_ctzll(x) / 8 : 8;
			if (!x || size - i < 5)
				continue;
		} else if ((buf[i] & 0xfe) != 0xe8) {
			hist = hist << 1 & 7;
			i++;
			continue;
		}
		/* Converted only with at most one such byte before it. */
		near = hist & 4 ? 3 : hist & 2 ? 2 : hist;
		if ((hist & (hist - 1)) || !bcj_is_sign(buf[i + 4]) ||
		    (hist && bcj_is_sign(buf[i + 4 - near]))) {
			hist = (hist << 1 | 1) & 7;
			i++;
			continue;
		}
		addr = unpack_le32(buf + i + 1) - (u32)(i + 5);
		if (hist && bcj_is_sign(addr >> (24 - 8 * near) & 0xff))
			addr = (addr ^ ((1u << (32 - 8 * near)) - 1)) - (u32)(i + 5);
		/* Bit 24 is the sign of the 25-bit operand. */
		addr &= 0x01ffffff;
		addr |= -(addr & 0x01000000);
		__builtin_memcpy(buf + i + 1, &addr, sizeof(addr));
		hist = 0;
		i += 5;
	}
}

/* A variable-length integer of the container, up to 63 bits; XZ_NONE if damaged. */
static __init u64 xz_read_number(const u8 **in, const u8 *end)
{
	u64 value = 0;
	u32 shift;
	u8 byte;

	for (shift = 0; shift < 63 && *in < end; shift += 7) {
		byte = *(*in)++;
		value |= (u64)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return byte || !shift ? value : XZ_NONE;
	}
	return XZ_NONE;
}

/* Zeros fill up to a multiple of four bytes from @start. */
static __init bool xz_skip_padding(struct unxz *s, const u8 *start)
{
	for (; (s->io.in - start) & 3; s->io.in++)
		if (!unpack_left(&s->io) || *s->io.in)
			return false;
	return true;
}

/* What a block's header says; a size is XZ_NONE if it is not stated. */
struct xz_block {
	u64 packed, unpacked;
	bool x86;
};

static __init int xz_read_block_header(struct unxz *s, struct xz_block *b)
{
	size_t size = (*s->io.in + 1) * 4;
	const u8 *p = s->io.in + 2, *end = s->io.in + size - 4;
	u8 flags;

	if (size > unpack_left(&s->io) ||
	    unpack_crc32(&s->crc32, s->io.in, size - 4) != unpack_le32(end))
		return -EINVAL;
	flags = s->io.in[1];
	b->packed = flags & 0x40 ? xz_read_number(&p, end) : XZ_NONE;
	b->unpacked = flags & 0x80 ? xz_read_number(&p, end) : XZ_NONE;
	b->x86 = flags & 1;
	/* One filter or two; the dictionary's size does not matter: it is all there. */
	if ((flags & 0x3e) || (b->x86 && (xz_read_number(&p, end) != XZ_FILTER_X86 ||
					  xz_read_number(&p, end) != 0)) ||
	    xz_read_number(&p, end) != XZ_FILTER_LZMA2 ||
	    xz_read_number(&p, end) != 1 || p == end || *p++ > 40)
		return -EINVAL;
	for (; p < end; p++)
		if (*p)
			return -EINVAL;
	s->io.in += size;
	return 0;
}

/* Folds the sizes of one block into a hash, to compare blocks and index by. */
static __init u64 xz_hash_sizes(u64 hash, u64 a, u64 b)
{
	hash = (hash ^ a) * 0x9e3779b97f4a7c15;
	hash = (hash ^ hash >> 29 ^ b) * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 32;
}

static __init int xz_decode_block(struct unxz *s)
{
	const u8 *header = s->io.in, *data;
	u8 *out = s->io.out;
	struct xz_block b;
	size_t len;
	int ret;

	ret = xz_read_block_header(s, &b);
	data = s->io.in;
	ret = ret ?: lzma2_decode(s);
	if (ret)
		return ret;
	len = s->io.out - out;
	if ((b.packed != XZ_NONE && b.packed != (u64)(s->io.in - data)) ||
	    (b.unpacked != XZ_NONE && b.unpacked != len))
		return -EINVAL;
	if (b.x86)
		bcj_x86_decode(out, len);
	s->blocks++;
	s->blocks_hash = xz_hash_sizes(s->blocks_hash, s->io.in - header + s->check_size, len);
	if (!xz_skip_padding(s, header) || s->check_size > unpack_left(&s->io) ||
	    (s->check_type == XZ_CHECK_CRC32 &&
	     unpack_crc32(&s->crc32, out, len) != unpack_le32(s->io.in)))
		return -EINVAL;
	s->io.in += s->check_size;
	return 0;
}

/* The index, which starts with a zero byte, and the footer behind it. */
static __init int xz_read_index(struct unxz *s, const u8 *stream_flags)
{
	const u8 *start = s->io.in++, *end = s->io.in_end, *footer;
	u64 records = xz_read_number(&s->io.in, end), packed, unpacked, hash = 0;
	size_t size;

	if (records != s->blocks)
		return -EINVAL;
	while (records--) {
		packed = xz_read_number(&s->io.in, end);
		unpacked = xz_read_number(&s->io.in, end);
		hash = xz_hash_sizes(hash, packed, unpacked);
	}
	if (hash != s->blocks_hash || !xz_skip_padding(s, start) ||
	    unpack_left(&s->io) < 4 + XZ_HEADER_SIZE)
		return -EINVAL;
	size = s->io.in - start;
	footer = s->io.in + 4;
	s->io.in += 4 + XZ_HEADER_SIZE;
	if (unpack_crc32(&s->crc32, start, size) != unpack_le32(footer - 4) ||
	    unpack_crc32(&s->crc32, footer + 4, 6) != unpack_le32(footer) ||
	    unpack_le32(footer + 4) != size / 4 ||
	    memcmp(footer + 8, stream_flags, 2) || memcmp(footer + 10, "YZ", 2))
		return -EINVAL;
	return 0;
}

/** unxz_decode() - unpack one stream; see unpack.h */
__init int unxz_decode(struct unpack_io *io)
{
	struct unxz *s = container_of(io, struct unxz, io);
	const u8 *flags = io->in + 6;
	int ret;

	unpack_crc32_init(&s->crc32);
	if (unpack_left(io) < XZ_HEADER_SIZE || memcmp(io->in, "\xfd" "7zXZ", 6) ||
	    unpack_crc32(&s->crc32, flags, 2) != unpack_le32(flags + 2) ||
	    flags[0] || flags[1] > 15)
		return -EINVAL;
	io->in += XZ_HEADER_SIZE;
	s->check_type = flags[1];
	/* Types 1-3 have 4 bytes, each next three twice as many. */
	s->check_size = s->check_type ? 4 << (s->check_type - 1) / 3 : 0;
	s->blocks = 0;
	s->blocks_hash = 0;
	while (unpack_left(io) && *io->in) {
		ret = xz_decode_block(s);
		if (ret)
			return ret;
	}
	if (!unpack_left(io) || xz_read_index(s, flags))
		return -EINVAL;
	return 0;
}
