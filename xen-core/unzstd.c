// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zstandard decompression (RFC 8878), without dictionaries.
 *
 *	frame: header | block ... block | checksum
 *	block: literals section (raw, one byte repeated, or Huffman coded)
 *	       sequences section: literal length, match length, offset, each
 *	       coded by a finite state machine ("FSE"), in one bit stream
 *
 * Huffman and sequence bit streams are read from their last byte to their
 * first. A read is one 64-bit load that ends at the current bit; it may reach
 * up to 8 bytes in front of the stream, where the frame and block headers are:
 * that is inside the input, and those bits are shifted out.
 * Numbers of sections in comments are those of the RFC.
 */
#include "compiler.h"
#include "errno.h"
#include "string.h"
#include "types.h"
#include "unpack.h"

#define ZSTD_MAGIC		0xfd2fb528
#define ZSTD_BLOCK_MAX		(128u << 10)
#define ZSTD_FSE_MAX_LOG	9
#define ZSTD_FSE_MAX_SYMBOLS	53
#define ZSTD_HUFF_MAX_LOG	11
#define ZSTD_WEIGHT_MAX_LOG	6

enum zstd_mode { ZSTD_PREDEFINED, ZSTD_RLE, ZSTD_COMPRESSED, ZSTD_REPEAT };
enum zstd_kind { ZSTD_LITERAL_LENGTHS, ZSTD_OFFSETS, ZSTD_MATCH_LENGTHS, ZSTD_KINDS };

/* Decoding table: the next state is @base plus @bits bits of the stream. */
struct zstd_fse {
	u32 log;
	bool ready;
	struct {
		u16 base;
		u8 bits, symbol;
	} entry[1 << ZSTD_FSE_MAX_LOG];
};

struct zstd_huff {
	u32 log;
	bool ready;
	u16 entry[1 << ZSTD_HUFF_MAX_LOG];	/* bits << 8 | symbol */
};

/* A stream read backwards: @left bits from @start on; below 0 is overrun. */
struct zstd_bits {
	const u8 *start;
	s64 left;
};

struct unzstd {
	struct unpack_io io;
	const u8 *literals, *literals_end;
	u64 offset[3];		/* the last three, most recent first */
	struct zstd_fse fse[ZSTD_KINDS];
	struct zstd_fse weight_fse;
	struct zstd_huff huff;
	u8 literal_buffer[ZSTD_BLOCK_MAX];
};

UNPACK_CHECK_STATE(struct unzstd);

/* 3.1.1.3.2.1.1: what a length code stands for: a base and a number of bits. */
static const struct zstd_length_code {
	u32 base;
	u8 bits;
} zstd_literal_lengths[36] __initconst = {
	{ 0, 0 }, { 1, 0 }, { 2, 0 }, { 3, 0 }, { 4, 0 }, { 5, 0 }, { 6, 0 }, { 7, 0 },
	{ 8, 0 }, { 9, 0 }, { 10, 0 }, { 11, 0 }, { 12, 0 }, { 13, 0 }, { 14, 0 }, { 15, 0 },
	{ 16, 1 }, { 18, 1 }, { 20, 1 }, { 22, 1 }, { 24, 2 }, { 28, 2 }, { 32, 3 }, { 40, 3 },
	{ 48, 4 }, { 64, 6 }, { 128, 7 }, { 256, 8 }, { 512, 9 }, { 1024, 10 }, { 2048, 11 },
	{ 4096, 12 }, { 8192, 13 }, { 16384, 14 }, { 32768, 15 }, { 65536, 16 },
}, zstd_match_lengths[53] __initconst = {
	{ 3, 0 }, { 4, 0 }, { 5, 0 }, { 6, 0 }, { 7, 0 }, { 8, 0 }, { 9, 0 }, { 10, 0 },
	{ 11, 0 }, { 12, 0 }, { 13, 0 }, { 14, 0 }, { 15, 0 }, { 16, 0 }, { 17, 0 }, { 18, 0 },
	{ 19, 0 }, { 20, 0 }, { 21, 0 }, { 22, 0 }, { 23, 0 }, { 24, 0 }, { 25, 0 }, { 26, 0 },
	{ 27, 0 }, { 28, 0 }, { 29, 0 }, { 30, 0 }, { 31, 0 }, { 32, 0 }, { 33, 0 }, { 34, 0 },
	{ 35, 1 }, { 37, 1 }, { 39, 1 }, { 41, 1 }, { 43, 2 }, { 47, 2 }, { 51, 3 }, { 59, 3 },
	{ 67, 4 }, { 83, 4 }, { 99, 5 }, { 131, 7 }, { 259, 8 }, { 515, 9 }, { 1027, 10 },
	{ 2051, 11 }, { 4099, 12 }, { 8195, 13 }, { 16387, 14 }, { 32771, 15 }, { 65539, 16 },
};

/* Each kind of code: its limits, and its distribution if none is sent (3.1.1.3.2.2). */
static const struct zstd_kind_info {
	u8 max_log, symbols, default_log, default_symbols;
	s16 defaults[ZSTD_FSE_MAX_SYMBOLS];
} zstd_kinds[ZSTD_KINDS] __initconst = {
	[ZSTD_LITERAL_LENGTHS] = { 9, 36, 6, 36, {
		4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2,
		2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1 } },
	[ZSTD_OFFSETS] = { 8, 32, 5, 29, {
		1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1 } },
	[ZSTD_MATCH_LENGTHS] = { 9, 53, 6, 53, {
		1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1 } },
};

/* Bits needed for @v, 0 for 0. */
static __unpack_inline u32 zstd_width(u32 v)
{
	return v ? 32 - __builtin_clz(v) : 0;
}

/* A little-endian number of up to 8 bytes; the caller has checked that it is there. */
static __init u64 zstd_read_number(const u8 **in, u32 size)
{
	u64 value = 0;
	u32 i;

	for (i = 0; i < size; i++)
		value |= (u64)*(*in)++ << 8 * i;
	return value;
}

/* The highest bit set in the last byte marks the end of the stream. */
static __unpack_inline bool zstd_bits_init(struct zstd_bits *b, const u8 *start, size_t len)
{
	if (!len || !start[len - 1])
		return false;
	b->start = start;
	b->left = len * 8 - 9 + zstd_width(start[len - 1]);
	return true;
}

/* The 57 bits or more before the current position, at the top of the word. */
static __unpack_inline u64 zstd_bits_window(const struct zstd_bits *b)
{
	s64 bytes = (b->left + 7) >> 3;

	return unpack_le64(b->start + bytes - 8) << (bytes * 8 - b->left);
}

/* Takes @n <= 57 bits; 0 once the stream is overrun, which stays so. */
static __unpack_inline u64 zstd_bits_read(struct zstd_bits *b, u32 n)
{
	u64 v;

	if (unlikely(n > b->left)) {
		b->left = -1;
		return 0;
	}
	v = zstd_bits_window(b) >> 1 >> (63 - n);
	b->left -= n;
	return v;
}

/* Spreads the symbols over the table by their probabilities, in 1 / 2^log (4.1.1). */
static __init void zstd_fse_build(struct zstd_fse *t, const s16 *probs, u32 n, u32 log)
{
	u32 size = 1u << log, high = size - 1, step = (size >> 1) + (size >> 3) + 3;
	u16 next[ZSTD_FSE_MAX_SYMBOLS];
	u32 i, pos = 0, state;
	s32 j;

	for (i = 0; i < n; i++) {
		next[i] = probs[i] < 0 ? 1 : probs[i];
		if (probs[i] < 0)
			t->entry[high--].symbol = i;
	}
	for (i = 0; i < n; i++)
		for (j = 0; j < probs[i]; j++) {
			t->entry[pos].symbol = i;
			do {
				pos = (pos + step) & (size - 1);
			} while (pos > high);
		}
	for (i = 0; i < size; i++) {
		state = next[t->entry[i].symbol]++;
		t->entry[i].bits = log + 1 - zstd_width(state);
		t->entry[i].base = (state << t->entry[i].bits) - size;
	}
	t->log = log;
	t->ready = true;
}

/* 25 bits or more from bit @at on, lowest first; zeros behind the end. */
static __init u32 zstd_peek_forward(const u8 *in, const u8 *end, u32 at)
{
	u32 v = 0, i;

	in += MIN((size_t)at / 8, (size_t)(end - in));
	for (i = 0; i < 4 && in < end; i++)
		v |= (u32)*in++ << 8 * i;
	return v >> at % 8;
}

/* Reads a table's description (4.1.1) and builds the table. */
static __init int zstd_fse_read(struct zstd_fse *t, const u8 **in, const u8 *end,
				u32 max_log, u32 symbols)
{
	u32 log = (zstd_peek_forward(*in, end, 0) & 15) + 5, at = 4, sym = 0;
	u32 left = 1u << log, width, few, v, value;
	s16 probs[ZSTD_FSE_MAX_SYMBOLS] = { 0 };

	if (log > max_log)
		return -EINVAL;
	while (left) {
		if (sym >= symbols)
			return -EINVAL;
		/* A value of 0 to left + 1; the first few take a bit less. */
		width = zstd_width(left + 1);
		few = (1u << width) - 1 - (left + 1);
		v = zstd_peek_forward(*in, end, at);
		value = v & ((1u << (width - 1)) - 1);
		if (value < few) {
			at += width - 1;
		} else {
			value = v & ((1u << width) - 1);
			if (value >= 1u << (width - 1))
				value -= few;
			at += width;
		}
		probs[sym++] = (s16)value - 1;
		left -= value ? value - 1 : 1;
		if (value != 1)
			continue;
		/* Zero: how many more zeros, 3 meaning that it goes on. */
		do {
			v = zstd_peek_forward(*in, end, at) & 3;
			at += 2;
			sym += v;
		} while (v == 3 && sym < symbols);
	}
	if ((at + 7) / 8 > (size_t)(end - *in) || sym > symbols)
		return -EINVAL;
	*in += (at + 7) / 8;
	zstd_fse_build(t, probs, symbols, log);
	return 0;
}

/* Huffman weights packed by two interleaved states of one FSE table (4.2.1.2). */
static __init int zstd_read_weights(struct unzstd *s, const u8 *in, const u8 *end, u8 *weights)
{
	struct zstd_fse *t = &s->weight_fse;
	struct zstd_bits b;
	u32 state[2], n = 0, which = 0;

	if (zstd_fse_read(t, &in, end, ZSTD_WEIGHT_MAX_LOG, ZSTD_HUFF_MAX_LOG + 1) ||
	    !zstd_bits_init(&b, in, end - in))
		return -EINVAL;
	state[0] = zstd_bits_read(&b, t->log);
	state[1] = zstd_bits_read(&b, t->log);
	if (b.left < 0)
		return -EINVAL;
	/* The stream ends where a state cannot be renewed; the other has one left. */
	for (; n < 254; which ^= 1) {
		weights[n++] = t->entry[state[which]].symbol;
		state[which] = t->entry[state[which]].base +
			       zstd_bits_read(&b, t->entry[state[which]].bits);
		if (b.left < 0) {
			weights[n++] = t->entry[state[which ^ 1]].symbol;
			return n;
		}
	}
	return -EINVAL;
}

/* Builds the table: short codes last, symbols of one length in order (4.2.1.3). */
static __init int zstd_huff_build(struct zstd_huff *h, u8 *weights, u32 n)
{
	u32 total = 0, log, left, i, w, at = 0, fill;

	for (i = 0; i < n; i++) {
		if (weights[i] > ZSTD_HUFF_MAX_LOG)
			return -EINVAL;
		total += weights[i] ? 1u << (weights[i] - 1) : 0;
	}
	log = zstd_width(total);
	/* The last weight is not sent: it fills up to a power of two. */
	left = (1u << log) - total;
	if (!total || log > ZSTD_HUFF_MAX_LOG || (left & (left - 1)))
		return -EINVAL;
	weights[n++] = zstd_width(left);
	for (w = 1; w <= log; w++)
		for (i = 0; i < n; i++) {
			if (weights[i] != w)
				continue;
			for (fill = 1u << (w - 1); fill; fill--)
				h->entry[at++] = (log + 1 - w) << 8 | i;
		}
	h->log = log;
	h->ready = true;
	return 0;
}

static __init int zstd_huff_read(struct unzstd *s, const u8 **in, const u8 *end)
{
	u8 weights[256];
	u32 size, i;
	int n;

	if (*in == end)
		return -EINVAL;
	size = *(*in)++;
	if (size >= 128) {
		n = size - 127;
		size = (n + 1) / 2;
		if (size > (size_t)(end - *in))
			return -EINVAL;
		for (i = 0; i < (u32)n; i++)
			weights[i] = (*in)[i / 2] >> (i & 1 ? 0 : 4) & 15;
	} else {
		if (size > (size_t)(end - *in))
			return -EINVAL;
		n = zstd_read_weights(s, *in, *in + size, weights);
		if (n < 0)
			return n;
	}
	*in += size;
	return zstd_huff_build(&s->huff, weights, n);
}

static __init_hot int zstd_huff_stream(const struct zstd_huff *h, const u8 *in, size_t len,
				       u8 *out, size_t out_len)
{
	u8 *end = out + out_len;
	struct zstd_bits b;
	u32 shift = 64 - h->log, entry, i;
	u64 window;

	if (!zstd_bits_init(&b, in, len))
		return -EINVAL;
	/* Five codes of 11 bits fit the 57 bits of a window. */
	while (end - out >= 5 && b.left >= 5 * ZSTD_HUFF_MAX_LOG) {
		window = zstd_bits_window(&b);
		for (i = 0; i < 5; i++) {
			entry = h->entry[window >> shift];
			*out++ = entry;
			window <<= entry >> 8;
			b.left -= entry >> 8;
		}
	}
	while (out < end) {
		entry = h->entry[zstd_bits_window(&b) >> shift];
		*out++ = entry;
		b.left -= entry >> 8;
		if (b.left < 0)
			return -EINVAL;
	}
	return b.left ? -EINVAL : 0;
}

/* Four streams of equal output, the sizes of the first three in front (3.1.1.3.1.6). */
static __init int zstd_huff_four_streams(struct unzstd *s, const u8 *in, size_t len, size_t out_len)
{
	size_t quarter = (out_len + 3) / 4, size, i;
	u8 *out = s->literal_buffer;
	const u8 *sizes = in;
	int ret;

	if (len < 6 || quarter * 3 > out_len)
		return -EINVAL;
	in += 6;
	len -= 6;
	for (i = 0; i < 4; i++) {
		size = i < 3 ? unpack_le16(sizes + 2 * i) : len;
		if (size > len)
			return -EINVAL;
		ret = zstd_huff_stream(&s->huff, in, size, out, i < 3 ? quarter : out_len);
		if (ret)
			return ret;
		in += size;
		len -= size;
		out += quarter;
		out_len -= quarter;
	}
	return 0;
}

/* The sizes, for "treeless" literals the last code again, then the streams. */
static __init int zstd_coded_literals(struct unzstd *s, const u8 **in, const u8 *end)
{
	u32 type = **in & 3, format = **in >> 2 & 3;
	u32 header = format < 2 ? 3 : format + 2, bits = format < 2 ? 10 : 6 + 4 * format;
	size_t out_len, len;
	const u8 *p;
	u64 v;

	if (end - *in < (ptrdiff_t)header)
		return -EINVAL;
	v = zstd_read_number(in, header);
	out_len = v >> 4 & ((1u << bits) - 1);
	len = v >> (4 + bits);
	p = *in;
	if (len > (size_t)(end - p) || out_len > ZSTD_BLOCK_MAX)
		return -EINVAL;
	*in += len;
	end = *in;
	if (type == 2 && zstd_huff_read(s, &p, end))
		return -EINVAL;
	if (!s->huff.ready)
		return -EINVAL;
	s->literals = s->literal_buffer;
	s->literals_end = s->literal_buffer + out_len;
	if (format)
		return zstd_huff_four_streams(s, p, end - p, out_len);
	return zstd_huff_stream(&s->huff, p, end - p, s->literal_buffer, out_len);
}

/* The literals section (3.1.1.3.1): fills s->literals. */
static __init int zstd_read_literals(struct unzstd *s, const u8 **in, const u8 *end)
{
	u32 type, header, len, size;

	if (*in == end)
		return -EINVAL;
	type = **in & 3;
	if (type >= 2)
		return zstd_coded_literals(s, in, end);
	/* Raw, or one byte to be repeated. */
	header = **in & 4 ? 2 + (**in >> 3 & 1) : 1;
	if (end - *in < (ptrdiff_t)header)
		return -EINVAL;
	len = zstd_read_number(in, header) >> (header == 1 ? 3 : 4);
	size = type ? 1 : len;
	if (len > ZSTD_BLOCK_MAX || size > (size_t)(end - *in))
		return -EINVAL;
	s->literals = type ? s->literal_buffer : *in;
	s->literals_end = s->literals + len;
	if (type)
		memset(s->literal_buffer, **in, len);
	*in += size;
	return 0;
}

static __init int zstd_read_table(struct unzstd *s, enum zstd_kind kind, enum zstd_mode mode,
				  const u8 **in, const u8 *end)
{
	const struct zstd_kind_info *k = &zstd_kinds[kind];
	struct zstd_fse *t = &s->fse[kind];

	switch (mode) {
	case ZSTD_PREDEFINED:
		zstd_fse_build(t, k->defaults, k->default_symbols, k->default_log);
		return 0;
	case ZSTD_RLE:
		if (*in == end || **in >= k->symbols)
			return -EINVAL;
		t->entry[0].base = 0;
		t->entry[0].bits = 0;
		t->entry[0].symbol = *(*in)++;
		t->log = 0;
		t->ready = true;
		return 0;
	case ZSTD_COMPRESSED:
		return zstd_fse_read(t, in, end, k->max_log, k->symbols);
	default:
		return t->ready ? 0 : -EINVAL;
	}
}

/* The offset that a code's value stands for; keeps the history (3.1.1.5). */
static __unpack_inline u64 zstd_resolve_offset(struct unzstd *s, u64 value, u64 literals)
{
	u64 offset;
	u32 which;

	if (value > 3) {
		offset = value - 3;
		which = 2;
	} else {
		which = value - 1 + !literals;
		if (!which)
			return s->offset[0];
		offset = which == 3 ? s->offset[0] - 1 : s->offset[which];
	}
	if (which != 1)
		s->offset[2] = s->offset[1];
	s->offset[1] = s->offset[0];
	s->offset[0] = offset;
	return offset;
}

/* @len of the decoded literals go to the output. */
static __unpack_inline int zstd_put_literals(struct unzstd *s, size_t len)
{
	if (len > (size_t)(s->literals_end - s->literals))
		return -EINVAL;
	if (len > unpack_room(&s->io))
		return -ENOSPC;
	unpack_copy(s->io.out, s->literals, len);
	s->literals += len;
	s->io.out += len;
	return 0;
}

static __init_hot int zstd_run_sequences(struct unzstd *s, struct zstd_bits b, u32 count)
{
	const struct zstd_fse *lt = &s->fse[ZSTD_LITERAL_LENGTHS];
	const struct zstd_fse *ot = &s->fse[ZSTD_OFFSETS];
	const struct zstd_fse *mt = &s->fse[ZSTD_MATCH_LENGTHS];
	u32 ls = zstd_bits_read(&b, lt->log);
	u32 os = zstd_bits_read(&b, ot->log);
	u32 ms = zstd_bits_read(&b, mt->log);
	const struct zstd_length_code *code;
	u64 offset, len, literals;
	int ret;

	while (count--) {
		offset = 1ull << ot->entry[os].symbol;
		offset += zstd_bits_read(&b, ot->entry[os].symbol);
		code = &zstd_match_lengths[mt->entry[ms].symbol];
		len = code->base + zstd_bits_read(&b, code->bits);
		code = &zstd_literal_lengths[lt->entry[ls].symbol];
		literals = code->base + zstd_bits_read(&b, code->bits);
		if (b.left < 0)
			return -EINVAL;
		offset = zstd_resolve_offset(s, offset, literals);
		ret = zstd_put_literals(s, literals) ?: unpack_repeat(&s->io, offset, len);
		if (ret)
			return ret;
		if (!count)
			break;
		ls = lt->entry[ls].base + zstd_bits_read(&b, lt->entry[ls].bits);
		ms = mt->entry[ms].base + zstd_bits_read(&b, mt->entry[ms].bits);
		os = ot->entry[os].base + zstd_bits_read(&b, ot->entry[os].bits);
	}
	return b.left ? -EINVAL : 0;
}

/* The sequences section (3.1.1.3.2): how many, their tables, their stream. */
static __init int zstd_read_sequences(struct unzstd *s, const u8 *in, const u8 *end)
{
	struct zstd_bits b;
	u32 count, modes, kind;
	int ret;

	if (in == end)
		return -EINVAL;
	count = *in++;
	if (!count)
		return in == end ? 0 : -EINVAL;
	if (count >= 128) {
		if (end - in < 2)
			return -EINVAL;
		if (count == 255) {
			count = unpack_le16(in) + 0x7f00;
			in += 2;
		} else {
			count = (count - 128) << 8 | *in++;
		}
	}
	if (in == end || (*in & 3))
		return -EINVAL;
	modes = *in++;
	for (kind = 0; kind < ZSTD_KINDS; kind++) {
		ret = zstd_read_table(s, kind, modes >> (6 - 2 * kind) & 3, &in, end);
		if (ret)
			return ret;
	}
	if (!zstd_bits_init(&b, in, end - in))
		return -EINVAL;
	return zstd_run_sequences(s, b, count);
}

static __init int zstd_compressed_block(struct unzstd *s, u32 size)
{
	const u8 *in = s->io.in, *end = in + size;
	u8 *start = s->io.out;
	int ret;

	if (size > unpack_left(&s->io))
		return -EINVAL;
	ret = zstd_read_literals(s, &in, end) ?: zstd_read_sequences(s, in, end) ?:
	      zstd_put_literals(s, s->literals_end - s->literals);
	s->io.in = end;
	return ret ?: s->io.out - start > ZSTD_BLOCK_MAX ? -EINVAL : 0;
}

/* A block of one byte, repeated. */
static __init int zstd_rle_block(struct unzstd *s, u32 size)
{
	if (!unpack_left(&s->io))
		return -EINVAL;
	if (size > unpack_room(&s->io))
		return -ENOSPC;
	memset(s->io.out, *s->io.in++, size);
	s->io.out += size;
	return 0;
}

static __init int zstd_decode_block(struct unzstd *s, u32 type, u32 size)
{
	if (size > ZSTD_BLOCK_MAX)
		return -EINVAL;
	switch (type) {
	case 0:
		return unpack_store(&s->io, size);
	case 1:
		return zstd_rle_block(s, size);
	case 2:
		return zstd_compressed_block(s, size);
	}
	return -EINVAL;
}

#define XXH64_P1	0x9e3779b185ebca87ull
#define XXH64_P2	0xc2b2ae3d27d4eb4full
#define XXH64_P3	0x165667b19e3779f9ull
#define XXH64_P4	0x85ebca77c2b2ae63ull
#define XXH64_P5	0x27d4eb2f165667c5ull

static __unpack_inline u64 zstd_rotate(u64 v, u32 n)
{
	return v << n | v >> (64 - n);
}

static __unpack_inline u64 zstd_xxh64_round(u64 acc, u64 lane)
{
	return zstd_rotate(acc + lane * XXH64_P2, 31) * XXH64_P1;
}

/* XXH64 with seed 0, as the xxHash specification has it. */
static __init_hot u64 zstd_xxh64(const u8 *p, size_t len)
{
	u64 acc[4] = { XXH64_P1 + XXH64_P2, XXH64_P2, 0, -XXH64_P1 };
	u64 h = XXH64_P5;
	size_t left = len;
	u32 i;

	if (len >= 32) {
		for (; left >= 32; left -= 32)
			for (i = 0; i < 4; i++, p += 8)
				acc[i] = zstd_xxh64_round(acc[i], unpack_le64(p));
		h = zstd_rotate(acc[0], 1) + zstd_rotate(acc[1], 7) +
		    zstd_rotate(acc[2], 12) + zstd_rotate(acc[3], 18);
		for (i = 0; i < 4; i++)
			h = (h ^ zstd_xxh64_round(0, acc[i])) * XXH64_P1 + XXH64_P4;
	}
	h += len;
	for (; left >= 8; left -= 8, p += 8)
		h = zstd_rotate(h ^ zstd_xxh64_round(0, unpack_le64(p)), 27) * XXH64_P1 + XXH64_P4;
	if (left >= 4) {
		h = zstd_rotate(h ^ unpack_le32(p) * XXH64_P1, 23) * XXH64_P2 + XXH64_P3;
		left -= 4;
		p += 4;
	}
	for (; left; left--, p++)
		h = zstd_rotate(h ^ *p * XXH64_P5, 11) * XXH64_P1;
	h = (h ^ h >> 33) * XXH64_P2;
	h = (h ^ h >> 29) * XXH64_P3;
	return h ^ h >> 32;
}

/* Frame header (3.1.1.1): only the content size matters, ~0 if not stated. */
static __init int zstd_read_header(struct unpack_io *io, u8 flags, u64 *content)
{
	bool single = flags & 0x20;
	u32 size = flags >> 6 ? 1u << (flags >> 6) : single;

	/* Neither a dictionary nor the reserved bit. */
	if (unpack_left(io) < !single + size || (flags & 0x0b))
		return -EINVAL;
	io->in += !single;	/* the window is all of the output */
	*content = zstd_read_number(&io->in, size) + (size == 2 ? 256 : 0);
	if (!size)
		*content = ~0ull;
	return 0;
}

static __init int zstd_decode_frame(struct unzstd *s)
{
	struct unpack_io *io = &s->io;
	u32 header;
	u64 content;
	u8 flags;
	int ret;

	if (!unpack_left(io))
		return -EINVAL;
	flags = *io->in++;
	if (zstd_read_header(io, flags, &content))
		return -EINVAL;
	s->offset[0] = 1;
	s->offset[1] = 4;
	s->offset[2] = 8;
	s->huff.ready = false;
	for (header = 0; header < ZSTD_KINDS; header++)
		s->fse[header].ready = false;
	do {
		if (unpack_left(io) < 3)
			return -EINVAL;
		header = zstd_read_number(&io->in, 3);
		ret = zstd_decode_block(s, header >> 1 & 3, header >> 3);
		if (ret)
			return ret;
	} while (!(header & 1));
	if (content != ~0ull && content != (u64)(io->out - io->base))
		return -EINVAL;
	if (!(flags & 0x04))
		return 0;
	if (unpack_left(io) < 4 ||
	    (u32)zstd_xxh64(io->base, io->out - io->base) != unpack_le32(io->in))
		return -EINVAL;
	io->in += 4;
	return 0;
}

/** unzstd_decode() - unpack one frame; see unpack.h */
__init int unzstd_decode(struct unpack_io *io)
{
	if (unpack_left(io) < 4 || zstd_read_number(&io->in, 4) != ZSTD_MAGIC)
		return -EINVAL;
	return zstd_decode_frame(container_of(io, struct unzstd, io));
}
