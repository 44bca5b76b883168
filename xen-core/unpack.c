// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chooses the decompressor for a payload, and holds what several of them use.
 *
 * The magic number decides; file names and headers around the payload are the
 * caller's business (bzimage.c). Each format has its own file: unxz.c,
 * inflate.c (gzip), unzstd.c, unlz4.c.
 */
#include "errno.h"
#include "string.h"
#include "unpack.h"

struct unpack_format {
	char name[16];
	u8 magic[6];
	u8 magic_len;
	int (*decode)(struct unpack_io *io);
};

static const struct unpack_format unpack_formats[] = {
	{ "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, unxz_decode },
	{ "gzip", { 0x1f, 0x8b }, 2, inflate_decode },
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, unzstd_decode },
	{ "lz4", { 0x02, 0x21, 0x4c, 0x18 }, 4, unlz4_decode },
};

static __init const struct unpack_format *unpack_find_format(const void *in, size_t len)
{
	const struct unpack_format *f;

	for (f = unpack_formats; f < unpack_formats + ARRAY_SIZE(unpack_formats); f++)
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
	int ret;

	if (!f)
		return -ENOSYS;
	if (scratch_size < UNPACK_SCRATCH_SIZE)
		return -ENOMEM;
	*io = (struct unpack_io){ .in = in, .in_end = (const u8 *)in + in_len,
				  .out = out, .out_end = (u8 *)out + out_size };
	do {
		io->base = io->out;
		ret = f->decode(io);
		if (ret)
			return ret;
	} while (io->in < io->in_end);
	return io->out - (u8 *)out;
}

/** unpack_crc32_init() - build the tables: row k is a byte followed by k zeros */
__init void unpack_crc32_init(struct unpack_crc32 *crc)
{
	u32 i, bit, row, v;

	for (i = 0; i < 256; i++) {
		v = i;
		for (bit = 0; bit < 8; bit++)
			v = v >> 1 ^ (v & 1 ? 0xedb88320 : 0);
		crc->table[0][i] = v;
	}
	for (row = 1; row < 8; row++)
		for (i = 0; i < 256; i++) {
			v = crc->table[row - 1][i];
			crc->table[row][i] = v >> 8 ^ crc->table[0][v & 0xff];
		}
}

/** unpack_crc32() - the CRC-32 of gzip and XZ over @len bytes of @data */
__init_hot u32 unpack_crc32(const struct unpack_crc32 *crc, const u8 *data, size_t len)
{
	const u32 (*t)[256] = crc->table;
	u32 v = ~0u;
	u64 x;

	for (; len >= 8; len -= 8, data += 8) {
		x = unpack_le64(data) ^ v;
		v = t[7][x & 0xff] ^ t[6][x >> 8 & 0xff] ^
		    t[5][x >> 16 & 0xff] ^ t[4][x >> 24 & 0xff] ^
		    t[3][x >> 32 & 0xff] ^ t[2][x >> 40 & 0xff] ^
		    t[1][x >> 48 & 0xff] ^ t[0][x >> 56];
	}
	while (len--)
		v = v >> 8 ^ t[0][(v ^ *data++) & 0xff];
	return ~v;
}

/** unpack_store() - @len bytes go from input to output; -EINVAL or -ENOSPC */
__init_hot int unpack_store(struct unpack_io *io, size_t len)
{
	if (len > unpack_left(io))
		return -EINVAL;
	if (len > unpack_room(io))
		return -ENOSPC;
	unpack_copy(io->out, io->in, len);
	io->in += len;
	io->out += len;
	return 0;
}

/** unpack_repeat() - @len bytes of output repeat what is @distance back; -EINVAL or -ENOSPC */
__init_hot int unpack_repeat(struct unpack_io *io, size_t distance, size_t len)
{
	if (!distance || distance > (size_t)(io->out - io->base))
		return -EINVAL;
	if (len > unpack_room(io))
		return -ENOSPC;
	unpack_copy_match(io->out, distance, len);
	io->out += len;
	return 0;
}

/**
 * unpack_copy_match() - repeat bytes written before, without a check
 * @dst: where to write; [@dst - @distance, @dst + @len) is the caller's to check
 * @distance: how far back the source starts, at least 1
 * @len: bytes; more than @distance repeats the pattern
 */
__init_hot void unpack_copy_match(u8 *dst, size_t distance, size_t len)
{
	size_t wide = distance, head;

	/*
	 * Words may only be copied from 8 bytes back or more. The same bytes
	 * are found any multiple of the distance back, once they are there.
	 */
	while (wide < 8)
		wide += distance;
	for (head = MIN(wide - distance, len); head; head--, len--, dst++)
		*dst = dst[-(ptrdiff_t)distance];
	unpack_copy(dst, dst - wide, len);
}
