/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the file that the boot loader handed over to the kernel's ELF file:
 * bzimage_parse() finds the payload, unpack_payload() knows its format by its
 * magic and decompresses it.
 *
 * The whole input and the whole output lie in memory, so the output itself is
 * the dictionary and nothing is copied twice. All state is in the caller's
 * scratch buffer. Input is hostile: every read is checked against the end of
 * the input and every write against the end of the output.
 */
#ifndef XENLITE_UNPACK_H
#define XENLITE_UNPACK_H

/**
 * struct kernel_image - where the kernel's ELF file is, and how it is packed
 * @payload: first byte of the ELF file or of its compressed form
 * @payload_len: bytes of it
 * @unpacked_size: size of the ELF file; what the image claims, not verified
 * @is_elf: @payload is the ELF file itself, nothing to unpack
 */
struct kernel_image {
	const void *payload;
	size_t payload_len, unpacked_size;
	bool is_elf;
};

const char *bzimage_parse(const void *file, size_t len, struct kernel_image *out);

/* What unpack_payload() needs as scratch, any alignment, any contents. */
#define UNPACK_SCRATCH_SIZE	(192u << 10)

long unpack_payload(const void *in, size_t in_len, void *out, size_t out_size,
		    void *scratch, size_t scratch_size);
const char *unpack_name(const void *in, size_t len);

/* From here on: what the decoders share. */

/**
 * struct unpack_io - where a decoder stands; heads its state in the scratch buffer
 * @in: next byte of input
 * @in_end: end of the input, or of the part of it that is being read
 * @base: first byte that a match may reach back to
 * @out: where the next byte goes
 * @out_end: end of the room
 * @bits: bits taken off the input and not used yet, the next one lowest
 * @nr_bits: number of them
 * @error: what unpack_payload() is to return
 * @failed: where it is to go on then
 * @crc_table: the CRC-32 of each byte
 */
struct unpack_io {
	const u8 *in, *in_end;
	u8 *base, *out, *out_end;
	u64 bits;
	u32 nr_bits;
	int error;
	void *failed[5];
	u32 crc_table[256];
};

/*
 * The decoders take one unit (stream, member or frame) off the input, from
 * behind its magic number to its last checksum.
 */
void unxz_decode(struct unpack_io *io);
void inflate_decode(struct unpack_io *io);
void unzstd_decode(struct unpack_io *io);
void unlz4_decode(struct unpack_io *io);

/* A decoder's state fits the scratch buffer, however that is aligned. */
#define UNPACK_ALIGN		64u
#define UNPACK_CHECK_STATE(type) \
	static_assert(offsetof(type, io) == 0 && \
		      sizeof(type) <= UNPACK_SCRATCH_SIZE - UNPACK_ALIGN, "scratch")

/* Runs for every byte: in the init section, but not `cold`, nor inlined into such. */
#define __init_hot		__section(".init.text") __attribute__((hot)) noinline

void unpack_fail(struct unpack_io *io, int error) __noreturn;
u32 unpack_crc32(const struct unpack_io *io, const u8 *data, size_t len);
void unpack_put(struct unpack_io *io, const u8 *data, size_t len);
void unpack_repeat(struct unpack_io *io, size_t distance, size_t len);

/* Damage ends it all: nobody has to hand an error on, nor can forget to. */
static __always_inline void unpack_check(struct unpack_io *io, bool good)
{
	if (unlikely(!good))
		unpack_fail(io, -EINVAL);
}

/* The next @size bytes of the input. */
static __always_inline const u8 *unpack_take(struct unpack_io *io, size_t size)
{
	const u8 *p = io->in;

	unpack_check(io, size <= (size_t)(io->in_end - p));
	io->in += size;
	return p;
}

/* The next @size bytes of the output, to be filled. */
static __always_inline u8 *unpack_reserve(struct unpack_io *io, size_t size)
{
	u8 *p = io->out;

	if (unlikely(size > (size_t)(io->out_end - p)))
		unpack_fail(io, -ENOSPC);
	io->out += size;
	return p;
}

/* Only the next @size bytes are the input, until unpack_leave() gets what this returns. */
static __always_inline const u8 *unpack_enter(struct unpack_io *io, size_t size)
{
	const u8 *end = io->in_end;

	unpack_check(io, size <= (size_t)(end - io->in));
	io->in_end = io->in + size;
	return end;
}

/* That part of the input must be used up. */
static __always_inline void unpack_leave(struct unpack_io *io, const u8 *end)
{
	unpack_check(io, io->in == io->in_end);
	io->in_end = end;
}

/* A little-endian number of up to 8 bytes at any address. */
static __always_inline u64 unpack_le(const void *p, size_t size)
{
	u64 v = 0;

	__builtin_memcpy(&v, p, size);
	return v;
}

static __always_inline u64 unpack_number(struct unpack_io *io, size_t size)
{
	return unpack_le(unpack_take(io, size), size);
}

/* The next @n <= 32 bits of the input as a number, its lowest bit first; they stay there. */
static __always_inline u32 unpack_peek(struct unpack_io *io, u32 n)
{
	for (; io->nr_bits < n; io->nr_bits += 8)
		io->bits |= unpack_number(io, 1) << io->nr_bits;
	return io->bits & ((1ull << n) - 1);
}

static __always_inline u32 unpack_bits(struct unpack_io *io, u32 n)
{
	u32 value = unpack_peek(io, n);

	io->bits >>= n;
	io->nr_bits -= n;
	return value;
}

/* Back to whole bytes: to the first of which no bit was used. */
static __always_inline void unpack_align(struct unpack_io *io)
{
	io->in -= io->nr_bits / 8;
	io->bits = io->nr_bits = 0;
}

#endif
