// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chooses the decompressor for a payload, and holds what several of them use.
 *
 * The magic number decides; file names and headers around the payload are the
 * caller's business (bzimage.c). Each format has its own file: unxz.c,
 * inflate.c (gzip), unzstd.c, unlz4.c.
 */
#include "unpack.h"

static const struct unpack_format {
	char name[16];
	u8 magic[6];
	u8 magic_len;
	void (*decode)(struct unpack_io *io);
} unpack_formats[] = {
	{ "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, unxz_decode },
	{ "gzip", { 0x1f, 0x8b }, 2, inflate_decode },
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, unzstd_decode },
	{ "lz4", { 0x02, 0x21, 0x4c, 0x18 }, 4, unlz4_decode },
};

static __init const struct unpack_format *unpack_find_format(const void *in, size_t len)
{
	const struct unpack_format *f = unpack_formats, *end = f + ARRAY_SIZE(unpack_formats);

	for (; f < end; f++)
		if (len >= f->magic_len && !memcmp(in, f->magic, f->magic_len))
			return f;
	return NULL;
}

/**
 * unpack_name() - name of a payload's format
 * @in: the payload
 * @len: bytes of it; a few are enough
 *
 * Return: a constant string, or NULL for a format that is not supported.
 */
__init const char *unpack_name(const void *in, size_t len)
{
	const struct unpack_format *f = unpack_find_format(in, len);

	return f ? f->name : NULL;
}

static __init void unpack_init_crc_table(struct unpack_io *io)
{
	for (u32 i = 0; i < 256; i++) {
		u32 v = i;

		for (u32 bit = 0; bit < 8; bit++)
			v = v >> 1 ^ (v & 1 ? 0xedb88320 : 0);
		io->crc_table[i] = v;
	}
}

/**
 * unpack_payload() - decompress a whole payload: one unit of its format or several
 * @in: compressed bytes, the format known by its magic number
 * @in_len: number of them
 * @out: where the result goes; must not overlap @in or @scratch
 * @out_size: room there
 * @scratch: working memory
 * @scratch_size: its size, UNPACK_SCRATCH_SIZE or more
 *
 * On an error the contents of @out are undefined, within @out_size.
 *
 * Return: bytes produced; -EINVAL corrupt or cut short, -ENOSPC more output
 * than @out_size, -ENOSYS unknown format, -ENOMEM scratch too small.
 */
__init long unpack_payload(const void *in, size_t in_len, void *out, size_t out_size,
			   void *scratch, size_t scratch_size)
{
	const struct unpack_format *f = unpack_find_format(in, in_len);
	struct unpack_io *io = (void *)ROUND_UP((uintptr_t)scratch, UNPACK_ALIGN);

	if (!f)
		return -ENOSYS;
	if (scratch_size < UNPACK_SCRATCH_SIZE)
		return -ENOMEM;
	*io = (struct unpack_io){ .in = in, .in_end = in + in_len,
				  .out = out, .out_end = out + out_size };
	unpack_init_crc_table(io);
	if (__builtin_setjmp(io->failed))
		return io->error;
	do {
		const u8 *magic = unpack_take(io, f->magic_len);

		unpack_check(io, !memcmp(magic, f->magic, f->magic_len));
		io->base = io->out;
		f->decode(io);
	} while (io->in < io->in_end);
	return io->out - (u8 *)out;
}

/**
 * unpack_fail() - the payload cannot be unpacked: have unpack_payload() return @error
 *
 * It leaves every function of the decoder at once, wherever that is: they hold
 * nothing that would have to be given back.
 */
__init noinline void unpack_fail(struct unpack_io *io, int error)
{
	io->error = error;
	__builtin_longjmp(io->failed, 1);
}

/** unpack_crc32() - the CRC-32 of gzip and XZ over @len bytes of @data (IEEE 802.3, reflected) */
__init_hot u32 unpack_crc32(const struct unpack_io *io, const u8 *data, size_t len)
{
	u32 v = ~0u;

	while (len--)
		v = v >> 8 ^ io->crc_table[(v ^ *data++) & 0xff];
	return ~v;
}

/*
 * Copies short runs faster than a call of memcpy() does. @dst may lie behind
 * @src and overlap it, by 8 bytes or more.
 */
static __always_inline void unpack_copy(u8 *dst, const u8 *src, size_t len)
{
	for (; len >= 8; len -= 8, dst += 8, src += 8) {
		u64 v = unpack_le(src, 8);

		__builtin_memcpy(dst, &v, sizeof(v));
	}
	while (len--)
		*dst++ = *src++;
}

/** unpack_put() - @len bytes of @data go to the output */
__init_hot void unpack_put(struct unpack_io *io, const u8 *data, size_t len)
{
	unpack_copy(unpack_reserve(io, len), data, len);
}

/** unpack_repeat() - @len bytes of output repeat what is @distance back */
__init_hot void unpack_repeat(struct unpack_io *io, size_t distance, size_t len)
{
	size_t wide = distance;
	u8 *dst;

	unpack_check(io, distance && distance <= (size_t)(io->out - io->base));
	dst = unpack_reserve(io, len);
	/*
	 * Words may only be copied from 8 bytes back or more. The same bytes
	 * are found any multiple of the distance back, once they are there.
	 */
	while (wide < 8)
		wide += distance;
	for (size_t head = MIN(wide - distance, len); head; head--, len--, dst++)
		*dst = dst[-(ptrdiff_t)distance];
	unpack_copy(dst, dst - wide, len);
}
