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
#include "unpack.h"

#define ZSTD_BLOCK_MAX		(128u << 10)

enum { ZSTD_MAX_CODES = 53, ZSTD_FSE_MAX_LOG = 9, ZSTD_HUFF_MAX_LOG = 11, ZSTD_WEIGHT_MAX_LOG = 6 };
enum zstd_block { ZSTD_BLOCK_RAW, ZSTD_BLOCK_RLE, ZSTD_BLOCK_COMPRESSED };
enum zstd_literals { ZSTD_RAW, ZSTD_REPEATED_BYTE, ZSTD_HUFFMAN, ZSTD_TREELESS };
enum zstd_mode { ZSTD_PREDEFINED, ZSTD_RLE, ZSTD_COMPRESSED, ZSTD_REPEAT };
enum zstd_kind { ZSTD_LITERAL_LENGTHS, ZSTD_OFFSETS, ZSTD_MATCH_LENGTHS, ZSTD_KINDS };

/* Decoding table: the next state is @base plus @bits bits of the stream. */
struct zstd_fse {
	bool ready;
	u32 log;
	struct {
		u16 base;
		u8 bits, symbol;
	} entry[1 << ZSTD_FSE_MAX_LOG];
};

/* A stream read backwards: @left bits from @start on. */
struct zstd_bits {
	struct unpack_io *io;
	const u8 *start;
	s64 left;
};

struct unzstd {
	struct unpack_io io;
	const u8 *literals, *literals_end;
	u32 offset[3];		/* the last three, most recent first */
	struct zstd_fse fse[ZSTD_KINDS], weight_fse;
	u32 base[ZSTD_KINDS][ZSTD_MAX_CODES];
	u32 huff_log;					/* 0: no table yet */
	u16 huff[1 << ZSTD_HUFF_MAX_LOG];		/* bits << 8 | symbol */
	u8 literal_buffer[ZSTD_BLOCK_MAX];
};

UNPACK_CHECK_STATE(struct unzstd);

/*
 * Each kind of code. Code n stands for the numbers that follow those of code
 * n - 1; which one, @extra[n] bits say (3.1.1.3.2.1.1). @defaults is the
 * distribution if none is sent (3.1.1.3.2.2).
 */
static const struct zstd_kind_info {
	u8 max_log, codes, default_log, first;
	u8 extra[ZSTD_MAX_CODES];
	s16 defaults[ZSTD_MAX_CODES];
} zstd_kinds[ZSTD_KINDS] __initconst = {
	[ZSTD_LITERAL_LENGTHS] = { 9, 36, 6, 0,
		{ [16 ... 19] = 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
		{ 4, 3, [2 ... 12] = 2, [13 ... 15] = 1, [16 ... 24] = 2, 3, 2,
		  [27 ... 31] = 1, [32 ... 35] = -1 } },
	[ZSTD_OFFSETS] = { 8, 32, 5, 1,
		{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
		  22, 23, 24, 25, 26, 27, 28, 29, 30, 31 },
		{ [0 ... 5] = 1, [6 ... 8] = 2, [9 ... 23] = 1, [24 ... 28] = -1 } },
	[ZSTD_MATCH_LENGTHS] = { 9, 53, 6, 3,
		{ [32 ... 35] = 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
		{ 1, 4, 3, [3 ... 8] = 2, [9 ... 45] = 1, [46 ... 52] = -1 } },
};

/* Bits needed for @v, 0 for 0. */
static __always_inline u32 zstd_width(u32 v)
{
	return v ? 32 - __builtin_clz(v) : 0;
}

/* A stream of all the input; the highest bit set in its last byte marks its end. */
static __always_inline struct zstd_bits zstd_bits_open(struct unpack_io *io)
{
	size_t len = io->in_end - io->in;
	const u8 *start = unpack_take(io, len);

	unpack_check(io, len && start[len - 1]);
	return (struct zstd_bits){ io, start, len * 8 - 9 + zstd_width(start[len - 1]) };
}

/* The 57 bits or more before the current position, at the top of the word. */
static __always_inline u64 zstd_bits_window(const struct zstd_bits *b)
{
	s64 bytes = (b->left + 7) >> 3;

	return unpack_le(b->start + bytes - 8, 8) << (bytes * 8 - b->left);
}

/* Takes @n <= 57 bits. */
static __always_inline u32 zstd_bits_read(struct zstd_bits *b, u32 n)
{
	u64 v = zstd_bits_window(b) >> 1 >> (63 - n);

	b->left -= n;
	unpack_check(b->io, b->left >= 0);
	return v;
}

/* Spreads the symbols over the table by their probabilities, in 1 / 2^log (4.1.1). */
static __init void zstd_fse_build(struct zstd_fse *t, const s16 *probs, u32 n, u32 log)
{
	u32 size = 1u << log, high = size - 1, step = (size >> 1) + (size >> 3) + 3, pos = 0;
	u16 next[ZSTD_MAX_CODES];

	for (u32 i = 0; i < n; i++) {
		next[i] = probs[i] < 0 ? 1 : probs[i];
		if (probs[i] < 0)
			t->entry[high--].symbol = i;
	}
	for (u32 i = 0; i < n; i++)
		for (s32 j = 0; j < probs[i]; j++) {
			t->entry[pos].symbol = i;
			do {
				pos = (pos + step) & (size - 1);
			} while (pos > high);
		}
	for (u32 i = 0; i < size; i++) {
		u32 state = next[t->entry[i].symbol]++;

		t->entry[i].bits = log + 1 - zstd_width(state);
		t->entry[i].base = (state << t->entry[i].bits) - size;
	}
	t->log = log;
	t->ready = true;
}

/* Reads a table's description (4.1.1) and builds the table. */
static __init void zstd_fse_read(struct unpack_io *io, struct zstd_fse *t, u32 max_log, u32 symbols)
{
	u32 log = unpack_bits(io, 4) + 5, left = 1u << log, sym = 0;
	s16 probs[ZSTD_MAX_CODES] = { 0 };

	unpack_check(io, log <= max_log);
	while (left) {
		/* A value of 0 to left + 1; the first few take a bit less. */
		u32 width = zstd_width(left + 1), few = (1u << width) - 2 - left, zeros;
		u32 value = unpack_bits(io, width - 1);

		if (value >= few && unpack_bits(io, 1))
			value += (1u << (width - 1)) - few;
		unpack_check(io, sym < symbols);
		probs[sym++] = (s16)value - 1;
		left -= value ? value - 1 : 1;
		if (value != 1)
			continue;
		/* Zero: how many more zeros, 3 meaning that it goes on. */
		do {
			zeros = unpack_bits(io, 2);
			sym += zeros;
		} while (zeros == 3);
	}
	unpack_align(io);
	zstd_fse_build(t, probs, symbols, log);
}

/* Huffman weights packed by two interleaved states of one FSE table (4.2.1.2). */
static __init u32 zstd_read_weights(struct unzstd *s, u8 *weights)
{
	struct zstd_fse *t = &s->weight_fse;
	struct zstd_bits b;
	u32 state[2], n;

	zstd_fse_read(&s->io, t, ZSTD_WEIGHT_MAX_LOG, ZSTD_HUFF_MAX_LOG + 1);
	b = zstd_bits_open(&s->io);
	state[0] = zstd_bits_read(&b, t->log);
	state[1] = zstd_bits_read(&b, t->log);
	for (n = 0; n < 254; n++) {
		u32 *turn = &state[n & 1], bits = t->entry[*turn].bits;

		weights[n] = t->entry[*turn].symbol;
		/* The stream ends where a state cannot be renewed; the other has one left. */
		if (bits > b.left) {
			weights[n + 1] = t->entry[state[~n & 1]].symbol;
			return n + 2;
		}
		*turn = t->entry[*turn].base + zstd_bits_read(&b, bits);
	}
	unpack_fail(&s->io, -EINVAL);
}

/* Builds the table: short codes last, symbols of one length in order (4.2.1.3). */
static __init void zstd_huff_build(struct unzstd *s, u8 *weights, u32 n)
{
	u32 total = 0, log, left, at = 0;

	for (u32 i = 0; i < n; i++) {
		unpack_check(&s->io, weights[i] <= ZSTD_HUFF_MAX_LOG);
		total += 1u << weights[i] >> 1;
	}
	log = zstd_width(total);
	/* The last weight is not sent: it fills up to a power of two. */
	left = (1u << log) - total;
	unpack_check(&s->io, total && log <= ZSTD_HUFF_MAX_LOG && !(left & (left - 1)));
	weights[n++] = zstd_width(left);
	for (u32 w = 1; w <= log; w++)
		for (u32 i = 0; i < n; i++)
			for (u32 fill = weights[i] == w ? 1u << (w - 1) : 0; fill; fill--)
				s->huff[at++] = (log + 1 - w) << 8 | i;
	s->huff_log = log;
}

static __init void zstd_huff_read(struct unzstd *s)
{
	u32 size = unpack_number(&s->io, 1), n = size - 127;
	u8 weights[256];

	if (size >= 128) {
		const u8 *packed = unpack_take(&s->io, (n + 1) / 2);

		for (u32 i = 0; i < n; i++)
			weights[i] = packed[i / 2] >> (i & 1 ? 0 : 4) & 15;
	} else {
		const u8 *end = unpack_enter(&s->io, size);

		n = zstd_read_weights(s, weights);
		unpack_leave(&s->io, end);
	}
	zstd_huff_build(s, weights, n);
}

static __init_hot void zstd_huff_stream(struct unzstd *s, u8 *out, size_t len)
{
	struct zstd_bits b = zstd_bits_open(&s->io);

	while (len--) {
		u32 entry = s->huff[zstd_bits_window(&b) >> (64 - s->huff_log)];

		*out++ = entry;
		b.left -= entry >> 8;
		unpack_check(&s->io, b.left >= 0);
	}
	unpack_check(&s->io, !b.left);
}

/* Streams of equal output, with the sizes of all but the last in front (3.1.1.3.1.6). */
static __init void zstd_huff_streams(struct unzstd *s, u32 streams, size_t len)
{
	size_t part = (len + streams - 1) / streams;
	const u8 *sizes = unpack_take(&s->io, 2 * (streams - 1));
	u8 *out = s->literal_buffer;

	unpack_check(&s->io, part * (streams - 1) <= len);
	for (; --streams; sizes += 2, out += part, len -= part) {
		const u8 *end = unpack_enter(&s->io, unpack_le(sizes, 2));

		zstd_huff_stream(s, out, part);
		unpack_leave(&s->io, end);
	}
	zstd_huff_stream(s, out, len);
}

/* The literals section (3.1.1.3.1): fills s->literals. */
static __init void zstd_read_literals(struct unzstd *s)
{
	struct unpack_io *io = &s->io;
	u64 header = unpack_number(io, 1);
	u32 type = header & 3, format = header >> 2 & 3, more, bits;
	size_t len, packed = 0;

	if (type >= ZSTD_HUFFMAN) {
		more = MAX(format, 1u) + 1;
		bits = 4 * more + 2;
		header |= unpack_number(io, more) << 8;
		len = header >> 4 & ((1u << bits) - 1);
		packed = header >> (4 + bits);
	} else {
		more = format & 1 ? (format + 1) / 2 : 0;
		header |= unpack_number(io, more) << 8;
		len = header >> (more ? 4 : 3);
	}
	unpack_check(io, len <= ZSTD_BLOCK_MAX);
	s->literals = s->literal_buffer;
	if (type == ZSTD_RAW) {
		s->literals = unpack_take(io, len);
	} else if (type == ZSTD_REPEATED_BYTE) {
		memset(s->literal_buffer, *unpack_take(io, 1), len);
	} else {
		const u8 *end = unpack_enter(io, packed);

		if (type == ZSTD_HUFFMAN)
			zstd_huff_read(s);
		unpack_check(io, s->huff_log);
		zstd_huff_streams(s, format ? 4 : 1, len);
		unpack_leave(io, end);
	}
	s->literals_end = s->literals + len;
}

static __init void zstd_read_table(struct unzstd *s, enum zstd_kind kind, enum zstd_mode mode)
{
	const struct zstd_kind_info *k = &zstd_kinds[kind];
	struct zstd_fse *t = &s->fse[kind];

	switch (mode) {
	case ZSTD_PREDEFINED:
		zstd_fse_build(t, k->defaults, k->codes, k->default_log);
		break;
	case ZSTD_RLE:
		/* One state that needs no bits: it is always that code. */
		t->log = t->entry[0].base = t->entry[0].bits = 0;
		t->entry[0].symbol = unpack_number(&s->io, 1);
		unpack_check(&s->io, t->entry[0].symbol < k->codes);
		t->ready = true;
		break;
	case ZSTD_COMPRESSED:
		zstd_fse_read(&s->io, t, k->max_log, k->codes);
		break;
	case ZSTD_REPEAT:
		unpack_check(&s->io, t->ready);
	}
}

/* The number that the code of a state and further bits stand for. */
static __always_inline u32 zstd_read_value(struct unzstd *s, struct zstd_bits *b,
					   enum zstd_kind kind, u32 state)
{
	u32 code = s->fse[kind].entry[state].symbol;

	return s->base[kind][code] + zstd_bits_read(b, zstd_kinds[kind].extra[code]);
}

static __always_inline u32 zstd_next_state(struct unzstd *s, struct zstd_bits *b,
					   enum zstd_kind kind, u32 state)
{
	return s->fse[kind].entry[state].base + zstd_bits_read(b, s->fse[kind].entry[state].bits);
}

/* The offset that a code's value stands for; keeps the history (3.1.1.5). */
static __always_inline u32 zstd_resolve_offset(struct unzstd *s, u32 value, u32 literals)
{
	u32 which = value > 3 ? 3 : value - 1 + !literals;
	u32 offset = value > 3 ? value - 3 : which == 3 ? s->offset[0] - 1 : s->offset[which];

	for (which = MIN(which, 2u); which; which--)
		s->offset[which] = s->offset[which - 1];
	s->offset[0] = offset;
	return offset;
}

/* @len of the decoded literals go to the output. */
static __always_inline void zstd_put_literals(struct unzstd *s, size_t len)
{
	unpack_check(&s->io, len <= (size_t)(s->literals_end - s->literals));
	unpack_put(&s->io, s->literals, len);
	s->literals += len;
}

static __init_hot void zstd_run_sequences(struct unzstd *s, u32 count)
{
	struct zstd_bits b = zstd_bits_open(&s->io);
	u32 literal = zstd_bits_read(&b, s->fse[ZSTD_LITERAL_LENGTHS].log);
	u32 offset = zstd_bits_read(&b, s->fse[ZSTD_OFFSETS].log);
	u32 match = zstd_bits_read(&b, s->fse[ZSTD_MATCH_LENGTHS].log);

	for (;;) {
		u32 distance = zstd_read_value(s, &b, ZSTD_OFFSETS, offset);
		u32 len = zstd_read_value(s, &b, ZSTD_MATCH_LENGTHS, match);
		u32 literals = zstd_read_value(s, &b, ZSTD_LITERAL_LENGTHS, literal);

		zstd_put_literals(s, literals);
		unpack_repeat(&s->io, zstd_resolve_offset(s, distance, literals), len);
		if (!--count)
			break;
		literal = zstd_next_state(s, &b, ZSTD_LITERAL_LENGTHS, literal);
		match = zstd_next_state(s, &b, ZSTD_MATCH_LENGTHS, match);
		offset = zstd_next_state(s, &b, ZSTD_OFFSETS, offset);
	}
	unpack_check(&s->io, !b.left);
}

/* The sequences section (3.1.1.3.2): how many, their tables, their stream. */
static __init void zstd_read_sequences(struct unzstd *s)
{
	u32 count = unpack_number(&s->io, 1), modes;

	if (count == 255)
		count = unpack_number(&s->io, 2) + 0x7f00;
	else if (count >= 128)
		count = (count - 128) << 8 | unpack_number(&s->io, 1);
	if (!count)
		return;
	modes = unpack_number(&s->io, 1);
	unpack_check(&s->io, !(modes & 3));
	for (u32 kind = 0; kind < ZSTD_KINDS; kind++)
		zstd_read_table(s, kind, modes >> (6 - 2 * kind) & 3);
	zstd_run_sequences(s, count);
}

static __init void zstd_decode_block(struct unzstd *s, enum zstd_block type, u32 size)
{
	unpack_check(&s->io, size <= ZSTD_BLOCK_MAX && type <= ZSTD_BLOCK_COMPRESSED);
	if (type == ZSTD_BLOCK_RAW) {
		unpack_put(&s->io, unpack_take(&s->io, size), size);
	} else if (type == ZSTD_BLOCK_RLE) {
		memset(unpack_reserve(&s->io, size), *unpack_take(&s->io, 1), size);
	} else {
		const u8 *end = unpack_enter(&s->io, size);

		zstd_read_literals(s);
		zstd_read_sequences(s);
		zstd_put_literals(s, s->literals_end - s->literals);
		unpack_leave(&s->io, end);
	}
}

#define XXH64_P1	0x9e3779b185ebca87ull
#define XXH64_P2	0xc2b2ae3d27d4eb4full
#define XXH64_P3	0x165667b19e3779f9ull
#define XXH64_P4	0x85ebca77c2b2ae63ull
#define XXH64_P5	0x27d4eb2f165667c5ull

static __always_inline u64 zstd_rotate(u64 v, u32 n)
{
	return v << n | v >> (64 - n);
}

static __always_inline u64 zstd_xxh64_round(u64 acc, u64 lane)
{
	return zstd_rotate(acc + lane * XXH64_P2, 31) * XXH64_P1;
}

/* XXH64 with seed 0, as the xxHash specification has it. */
static __init_hot u64 zstd_xxh64(const u8 *p, const u8 *end)
{
	u64 acc[4] = { XXH64_P1 + XXH64_P2, XXH64_P2, 0, -XXH64_P1 };
	u64 h = XXH64_P5, len = end - p;

	if (len >= 32) {
		while (end - p >= 32)
			for (u32 i = 0; i < 4; i++, p += 8)
				acc[i] = zstd_xxh64_round(acc[i], unpack_le(p, 8));
		h = zstd_rotate(acc[0], 1) + zstd_rotate(acc[1], 7) +
		    zstd_rotate(acc[2], 12) + zstd_rotate(acc[3], 18);
		for (u32 i = 0; i < 4; i++)
			h = (h ^ zstd_xxh64_round(0, acc[i])) * XXH64_P1 + XXH64_P4;
	}
	h += len;
	for (; end - p >= 8; p += 8)
		h = zstd_rotate(h ^ zstd_xxh64_round(0, unpack_le(p, 8)), 27) * XXH64_P1 + XXH64_P4;
	for (; end - p >= 4; p += 4)
		h = zstd_rotate(h ^ unpack_le(p, 4) * XXH64_P1, 23) * XXH64_P2 + XXH64_P3;
	for (; p < end; p++)
		h = zstd_rotate(h ^ *p * XXH64_P5, 11) * XXH64_P1;
	h = (h ^ h >> 33) * XXH64_P2;
	h = (h ^ h >> 29) * XXH64_P3;
	return h ^ h >> 32;
}

/* A new frame repeats nothing of the one before. */
static __init void zstd_reset(struct unzstd *s)
{
	static const u32 offsets[] __initconst = { 1, 4, 8 };

	memset(s->fse, 0, sizeof(s->fse));
	memcpy(s->offset, offsets, sizeof(offsets));
	s->huff_log = 0;
	for (u32 kind = 0; kind < ZSTD_KINDS; kind++) {
		u32 base = zstd_kinds[kind].first;

		for (u32 i = 0; i < ZSTD_MAX_CODES; i++) {
			s->base[kind][i] = base;
			base += 1u << zstd_kinds[kind].extra[i];
		}
	}
}

/** unzstd_decode() - unpack one frame; see unpack.h */
__init void unzstd_decode(struct unpack_io *io)
{
	struct unzstd *s = container_of(io, struct unzstd, io);
	u32 flags = unpack_number(io, 1), single = flags >> 5 & 1, header;

	/* Neither a dictionary nor the reserved bit (3.1.1.1). */
	unpack_check(io, !(flags & 0x0b));
	/* The window is all of the output, and that has an end: neither size matters. */
	unpack_take(io, !single + (flags >> 6 ? 1u << (flags >> 6) : single));
	zstd_reset(s);
	do {
		header = unpack_number(io, 3);
		zstd_decode_block(s, header >> 1 & 3, header >> 3);
	} while (!(header & 1));
	if (flags & 0x04)
		unpack_check(io, (u32)zstd_xxh64(io->base, io->out) == unpack_number(io, 4));
}
