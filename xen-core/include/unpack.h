/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decompression of kernel payloads: one call, format found by its magic.
 *
 * The whole input and the whole output lie in memory, so the output itself is
 * the dictionary and nothing is copied twice. All state is in the caller's
 * scratch buffer. Input is hostile: every decoder checks each read against the
 * end of the input and each write against the end of the output.
 */
#ifndef XENLITE_UNPACK_H
#define XENLITE_UNPACK_H

#include "compiler.h"
#include "types.h"

/* What unpack_payload() needs as scratch, any alignment, any contents. */
#define UNPACK_SCRATCH_SIZE	(192u << 10)

long unpack_payload(const void *in, size_t in_len, void *out, size_t out_size,
		    void *scratch, size_t scratch_size);
const char *unpack_name(const void *in, size_t len);

/* From here on: what the decoders share. */

/**
 * struct unpack_io - where a decoder stands; heads its state in the scratch buffer
 * @in: next byte of input
 * @in_end: end of the input
 * @base: first byte that a match may reach back to
 * @out: where the next byte goes
 * @out_end: end of the room
 */
struct unpack_io {
	const u8 *in, *in_end;
	u8 *base, *out, *out_end;
};

/*
 * The decoders take one unit (stream, member or frame) off the input, from its
 * magic number to its last checksum. Return: 0, -EINVAL or -ENOSPC.
 */
int unxz_decode(struct unpack_io *io);
int inflate_decode(struct unpack_io *io);
int unzstd_decode(struct unpack_io *io);
int unlz4_decode(struct unpack_io *io);

/* A decoder's state fits the scratch buffer, however that is aligned. */
#define UNPACK_ALIGN		64u
#define UNPACK_CHECK_STATE(type) \
	static_assert(offsetof(type, io) == 0 && \
		      sizeof(type) <= UNPACK_SCRATCH_SIZE - UNPACK_ALIGN, "scratch")

/* Runs for every byte: in the init section, but not `cold`, nor inlined into such. */
#define __init_hot		__section(".init.text") __attribute__((hot)) noinline
#define __unpack_inline		inline __attribute__((always_inline))

/** struct unpack_crc32 - tables to take eight bytes a step (IEEE 802.3, reflected) */
struct unpack_crc32 {
	u32 table[8][256];
};

void unpack_crc32_init(struct unpack_crc32 *crc);
u32 unpack_crc32(const struct unpack_crc32 *crc, const u8 *data, size_t len);
int unpack_store(struct unpack_io *io, size_t len);
int unpack_repeat(struct unpack_io *io, size_t distance, size_t len);
void unpack_copy_match(u8 *dst, size_t distance, size_t len);

static __unpack_inline size_t unpack_left(const struct unpack_io *io)
{
	return io->in_end - io->in;
}

static __unpack_inline size_t unpack_room(const struct unpack_io *io)
{
	return io->out_end - io->out;
}

/* Little-endian loads from any address; one instruction each. */
static __unpack_inline u16 unpack_le16(const void *p)
{
	u16 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static __unpack_inline u32 unpack_le32(const void *p)
{
	u32 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static __unpack_inline u64 unpack_le64(const void *p)
{
	u64 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

/*
 * Copies short runs faster than a call of memcpy() does. @dst may lie behind
 * @src and overlap it, by 8 bytes or more: the last word is taken last, when
 * all that is in front of it has been written.
 */
static __unpack_inline void unpack_copy(u8 *dst, const u8 *src, size_t len)
{
	size_t i;
	u64 v;

	for (i = 0; i + 8 <= len; i += 8) {
		v = unpack_le64(src + i);
		__builtin_memcpy(dst + i, &v, sizeof(v));
	}
	if (i < len && len >= 8) {
		v = unpack_le64(src + len - 8);
		__builtin_memcpy(dst + len - 8, &v, sizeof(v));
		return;
	}
	for (; i < len; i++)
		dst[i] = src[i];
}

#endif
