// SPDX-License-Identifier: GPL-2.0-only
/*
 * The decompressors against the real compressors, and against damaged input.
 *
 * Rules under test: what xz, gzip, zstd and lz4 write comes back bit for bit,
 * in a buffer of exactly the right size; a file cut short is an error; so is a
 * changed bit unless it does not matter; nothing outside the buffers is
 * touched (each is allocated exactly, so ASan sees the first byte too many).
 *
 * Links: unpack.c unxz.c inflate.c unzstd.c unlz4.c
 */
#include <unistd.h>
#include "test_util.h"
#include "errno.h"
#include "unpack.h"

static u8 scratch[UNPACK_SCRATCH_SIZE];

enum raw_kind { RAW_ZERO, RAW_TEXT, RAW_NOISE, RAW_CODE, RAW_CALLS, RAW_MIXED };

static const struct raw {
	const char *name;
	enum raw_kind kind;
	size_t len;
} raws[] = {
	{ "empty", RAW_ZERO, 0 },
	{ "one byte", RAW_NOISE, 1 },
	{ "five bytes", RAW_CALLS, 5 },
	{ "zeros", RAW_ZERO, 300000 },
	{ "text", RAW_TEXT, 200000 },
	{ "short text", RAW_TEXT, 1500 },
	{ "noise", RAW_NOISE, 140000 },
	{ "just below 64K", RAW_MIXED, 65535 },
	{ "64K", RAW_MIXED, 65536 },
	{ "just above 128K", RAW_MIXED, 131073 },
	{ "code", RAW_CODE, 400000 },
	{ "calls", RAW_CALLS, 150000 },
	{ "above 8M", RAW_MIXED, (8 << 20) + 4321 },
};

/* Each is run as: command < raw > packed. @big: also for the large one. */
static const struct packer {
	const char *command;
	bool big;
} packers[] = {
	{ "xz -0 --check=crc32", true },
	{ "xz -6 --check=crc64" },
	{ "xz -9e --check=none" },
	{ "xz -2 --check=sha256" },
	{ "xz --check=crc32 --x86 --lzma2=preset=6,dict=4MiB", true },
	{ "xz --check=crc32 --lzma2=preset=3,lc=0,lp=4,pb=4" },
	{ "xz --check=crc32 --x86 --lzma2=preset=3,lc=4,lp=0,pb=0" },
	{ "xz -1 --block-size=40000" },
	{ "sh -c 'head -c 1000 | xz; cat | xz -3'" },
	{ "gzip -1", true },
	{ "gzip -6" },
	{ "gzip -9", true },
	{ "sh -c 'head -c 1000 | gzip; cat | gzip'" },
	{ "zstd -q -1", true },
	{ "zstd -q -3 --no-check" },
	{ "zstd -q -9" },
	{ "zstd -q -19", true },
	{ "zstd -q --ultra -22" },
	{ "zstd -q --fast=5" },
	{ "sh -c 'head -c 1000 | zstd -q; cat | zstd -q'" },
	{ "lz4 -q -l -1", true },
	{ "lz4 -q -l -9", true },
	{ "sh -c 'head -c 1000 | lz4 -q -l; cat | lz4 -q -l'" },
};

static void raw_fill_text(u8 *p, size_t len, u64 *seed)
{
	static const char * const words[] = {
		"page", "frame", "table", "event", "channel", "guest", "the", "of", "a",
		"hypervisor", "is", "not", "mapped", "domain", "when", "entry",
	};
	size_t n = 0;

	while (n < len) {
		const char *w = words[test_random(seed) % ARRAY_SIZE(words)];

		while (*w && n < len)
			p[n++] = *w++;
		if (n < len)
			p[n++] = test_random(seed) % 9 ? ' ' : '\n';
	}
}

/* Bytes that the x86 filter stumbles over: opcodes and sign bytes, close by. */
static void raw_fill_calls(u8 *p, size_t len, u64 *seed)
{
	static const u8 often[] = { 0xe8, 0xe9, 0x00, 0xff, 0xe8, 0x01, 0xfe, 0x0f };
	size_t i;

	for (i = 0; i < len; i++) {
		u64 r = test_random(seed) >> 20;

		p[i] = r % 5 ? often[r / 8 % sizeof(often)] : r / 64;
	}
}

/* Machine code to try the x86 filter on: our own. */
static void raw_fill_code(u8 *p, size_t len)
{
	struct test_blob self = test_read_file("/proc/self/exe");
	size_t i;

	assert_true(self.len > len / 2);
	for (i = 0; i < len; i++)
		p[i] = self.data[(self.len / 3 + i) % self.len];
	test_blob_free(&self);
}

static struct test_blob raw_make(enum raw_kind kind, size_t len)
{
	struct test_blob b = { calloc(1, len ? len : 1), len };
	u64 seed = 0x5eed + len;
	size_t i;

	switch (kind) {
	case RAW_ZERO:
		break;
	case RAW_TEXT:
		raw_fill_text(b.data, len, &seed);
		break;
	case RAW_NOISE:
		for (i = 0; i < len; i++)
			b.data[i] = test_random(&seed) >> 30;
		break;
	case RAW_CODE:
		raw_fill_code(b.data, len);
		break;
	case RAW_CALLS:
		raw_fill_calls(b.data, len, &seed);
		break;
	case RAW_MIXED:
		raw_fill_text(b.data, len / 2, &seed);
		for (i = len / 2; i < len / 8 * 5; i++)
			b.data[i] = test_random(&seed) >> 30;
		raw_fill_calls(b.data + len / 4 * 3, len / 8, &seed);
		break;
	}
	return b;
}

/* What @command makes of @raw; both through files, in a directory of our own. */
static struct test_blob pack(const char *command, const struct test_blob *raw)
{
	char dir[] = "/tmp/test_unpack.XXXXXX", line[512], in[64];
	struct test_blob packed;
	FILE *f, *p;

	assert_non_null(mkdtemp(dir));
	snprintf(in, sizeof(in), "%s/raw", dir);
	f = fopen(in, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(raw->data, 1, raw->len, f), raw->len);
	fclose(f);
	snprintf(line, sizeof(line), "%s < %s", command, in);
	p = popen(line, "r");
	assert_non_null(p);
	packed = test_read_stream(p);
	if (pclose(p))
		fail_msg("'%s' failed", line);
	unlink(in);
	rmdir(dir);
	return packed;
}

/* Unpacks into a buffer of exactly @room bytes. */
static long unpack(const struct test_blob *packed, size_t room, struct test_blob *out)
{
	*out = (struct test_blob){ malloc(room), room };
	return unpack_payload(packed->data, packed->len, out->data, room, scratch, sizeof(scratch));
}

static void check_round_trip(const struct raw *raw, const struct packer *packer)
{
	struct test_blob b = raw_make(raw->kind, raw->len);
	struct test_blob packed = pack(packer->command, &b), out;
	long ret = unpack(&packed, b.len, &out);

	if (ret != (long)b.len || memcmp(out.data, b.data, b.len))
		fail_msg("%s of %s: %ld of %zu bytes", packer->command, raw->name, ret, b.len);
	test_blob_free(&out);
	if (b.len) {
		ret = unpack(&packed, b.len - 1, &out);
		if (ret != -ENOSPC)
			fail_msg("%s of %s: %ld with no room", packer->command, raw->name, ret);
		test_blob_free(&out);
	}
	test_blob_free(&packed);
	test_blob_free(&b);
}

static void round_trips(const char *tool)
{
	size_t i, j, done = 0;

	for (i = 0; i < ARRAY_SIZE(packers); i++) {
		if (!strstr(packers[i].command, tool))
			continue;
		for (j = 0; j < ARRAY_SIZE(raws); j++) {
			if (raws[j].len > 1 << 20 && !packers[i].big)
				continue;
			check_round_trip(&raws[j], &packers[i]);
			done++;
		}
	}
	assert_true(done > 20);
}

static void xz_round_trips(void **state)
{
	round_trips("xz");
}

static void gzip_round_trips(void **state)
{
	round_trips("gzip");
}

static void zstd_round_trips(void **state)
{
	round_trips("zstd");
}

static void lz4_round_trips(void **state)
{
	round_trips("lz4");
}

/* Formats with a checksum that we verify, and those without. */
static const struct small_packer {
	const char *command;
	bool sealed;
} small_packers[] = {
	{ "xz --check=crc32 --x86 --lzma2=preset=6,dict=4MiB", true },
	{ "xz --check=crc64", false },
	{ "gzip -9", true },
	{ "zstd -q -19", true },
	{ "zstd -q -1", true },
	{ "lz4 -q -l -9", false },
};

static struct test_blob small_raw(void)
{
	struct test_blob b = raw_make(RAW_TEXT, 3000);
	u64 seed = 7;

	raw_fill_calls(b.data + 1000, 200, &seed);
	return b;
}

/* Every prefix of @packed is an error; without a checksum, at least a prefix of @raw. */
static void check_prefixes(const struct small_packer *packer, const struct test_blob *raw)
{
	struct test_blob packed = pack(packer->command, raw), cut, out;
	size_t len;
	long ret;

	for (len = 0; len < packed.len; len++) {
		cut = test_blob_copy(packed.data, len);
		ret = unpack(&cut, raw->len, &out);
		if (ret >= 0 && (packer->sealed || memcmp(out.data, raw->data, ret)))
			fail_msg("%s cut to %zu gives %ld", packer->command, len, ret);
		test_blob_free(&cut);
		test_blob_free(&out);
	}
	test_blob_free(&packed);
}

static void truncation_is_an_error(void **state)
{
	struct test_blob text = small_raw(), noise = raw_make(RAW_NOISE, 2000);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(small_packers); i++) {
		check_prefixes(&small_packers[i], &text);
		check_prefixes(&small_packers[i], &noise);
	}
	test_blob_free(&text);
	test_blob_free(&noise);
}

/* Every output size that is too small gives -ENOSPC, and nothing behind it changes. */
static void small_output_is_refused(void **state)
{
	struct test_blob raw = small_raw(), packed, out;
	size_t i, room;
	long ret;

	for (i = 0; i < ARRAY_SIZE(small_packers); i++) {
		packed = pack(small_packers[i].command, &raw);
		for (room = 0; room < raw.len; room++) {
			ret = unpack(&packed, room, &out);
			if (ret != -ENOSPC)
				fail_msg("%s into %zu gives %ld", small_packers[i].command,
					 room, ret);
			test_blob_free(&out);
		}
		test_blob_free(&packed);
	}
	test_blob_free(&raw);
}

/* Each bit in turn: an error, or the same output (a bit that says nothing). */
static void bit_flips_are_found(void **state)
{
	struct test_blob raw = small_raw(), packed, out;
	size_t i, bit;
	long ret;

	for (i = 0; i < ARRAY_SIZE(small_packers); i++) {
		packed = pack(small_packers[i].command, &raw);
		for (bit = 0; bit < packed.len * 8; bit++) {
			packed.data[bit / 8] ^= 1u << bit % 8;
			ret = unpack(&packed, raw.len, &out);
			if (ret >= 0 && small_packers[i].sealed &&
			    (ret != (long)raw.len || memcmp(out.data, raw.data, raw.len)))
				fail_msg("%s: bit %zu not noticed", small_packers[i].command, bit);
			test_blob_free(&out);
			packed.data[bit / 8] ^= 1u << bit % 8;
		}
		test_blob_free(&packed);
	}
	test_blob_free(&raw);
}

/* Streams that no compressor writes, put together bit by bit, lowest first. */
static u8 made[256];
static size_t made_bits;

static void put_bits(u32 value, u32 n)
{
	for (; n; n--, value >>= 1, made_bits++)
		made[made_bits / 8] |= (value & 1) << made_bits % 8;
}

static void put_bytes(const void *bytes, size_t len)
{
	made_bits = ROUND_UP(made_bits, 8);
	memcpy(made + made_bits / 8, bytes, len);
	made_bits += 8 * len;
}

static void check_made(long expected)
{
	struct test_blob b = test_blob_copy(made, (made_bits + 7) / 8), out;

	assert_int_equal(unpack(&b, 100, &out), expected);
	test_blob_free(&b);
	test_blob_free(&out);
	memset(made, 0, sizeof(made));
	made_bits = 0;
}

/*
 * A dynamic block whose code lengths are coded by 18 (many zeros) and 1, a bit
 * each, and are those of 257 literals and 1 distance.
 */
static void put_dynamic_header(void)
{
	static const u8 coded[18] = { [2] = 1, [17] = 1 };	/* of 18, and of 1 */
	size_t i;

	put_bytes("\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
	put_bits(1 | 2 << 1, 3);
	put_bits(14 << 10, 14);
	for (i = 0; i < sizeof(coded); i++)
		put_bits(coded[i], 3);
}

static void put_zeros(u32 n)
{
	put_bits(1, 1);
	put_bits(n - 11, 7);
}

/* Ends the block with its only symbol, then the CRC and the size of nothing. */
static void put_empty_end(void)
{
	put_bits(0, 1);
	put_bytes("\0\0\0\0\0\0\0\0", 8);
}

static void made_gzip_streams(void **state)
{
	/* Only the end-of-block symbol, and no distance: allowed. */
	put_dynamic_header();
	put_zeros(138);
	put_zeros(118);
	put_bits(0, 2);
	put_empty_end();
	check_made(0);
	/* A run beyond the last length. */
	put_dynamic_header();
	put_zeros(138);
	put_zeros(118);
	put_bits(0, 1);
	put_zeros(138);
	put_empty_end();
	check_made(-EINVAL);
	/* Three codes of one bit. */
	put_dynamic_header();
	put_bits(0, 2);
	put_zeros(138);
	put_zeros(116);
	put_bits(0, 2);
	put_empty_end();
	check_made(-EINVAL);
	/* No code for the end of the block. */
	put_dynamic_header();
	put_bits(0, 2);
	put_zeros(138);
	put_zeros(118);
	put_empty_end();
	check_made(-EINVAL);
	/* A reserved kind of block. */
	put_bytes("\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
	put_bits(7, 3);
	check_made(-EINVAL);
}

/* A frame of one compressed block: @size bytes of it follow. */
static void put_zstd_header(u32 size)
{
	put_bytes("\x28\xb5\x2f\xfd\x00\x00", 6);
	put_bits(1 | 2 << 1 | size << 3, 24);
}

static void made_zstd_streams(void **state)
{
	u32 i;

	/* One literal and no sequence. */
	put_zstd_header(3);
	put_bytes("\x08" "a\0", 3);
	check_made(1);
	/* One sequence of the longest codes, from a stream that is empty. */
	put_zstd_header(7);
	put_bytes("\0\1\x54\x23\x1f\x34\1", 7);
	check_made(-EINVAL);
	/* Codes beyond the last: literal length 36, offset 32, match length 53. */
	put_zstd_header(7);
	put_bytes("\0\1\x54\x24\x1f\x34\1", 7);
	check_made(-EINVAL);
	put_zstd_header(7);
	put_bytes("\0\1\x54\x23\x20\x34\1", 7);
	check_made(-EINVAL);
	put_zstd_header(7);
	put_bytes("\0\1\x54\x23\x1f\x35\1", 7);
	check_made(-EINVAL);
	/* Tables repeated that were never there. */
	put_zstd_header(4);
	put_bytes("\0\1\xfc\1", 4);
	check_made(-EINVAL);
	/* A match at offset 0: the last offset, 1, less one. */
	put_zstd_header(8);
	put_bytes("\x08" "a\1\x54\0\1\0\3", 8);
	check_made(-EINVAL);
	/* A table of sixty symbols, each of probability 1/64. */
	put_zstd_header(60);
	put_bits(2 | 40 << 4 | 55 << 14, 24);
	put_bits(50, 8);
	put_bits(1, 4);
	put_bits(2, 6);
	put_bits(2, 6);
	for (i = 0; i < 60; i++)
		put_bits(2, 6);
	put_bytes("0123456789012", 13);
	check_made(-EINVAL);
}

/* Runs of damage in larger files; ASan and UBSan judge, and the return value's range. */
static void random_damage_is_survived(void **state)
{
	struct test_blob raw = raw_make(RAW_MIXED, 60000), packed, bad, out;
	u64 seed = 99;
	size_t i, n, k;
	long ret;

	for (i = 0; i < ARRAY_SIZE(packers); i++) {
		packed = pack(packers[i].command, &raw);
		for (n = 0; n < 60; n++) {
			bad = test_blob_copy(packed.data, packed.len);
			for (k = 0; k <= n % 7; k++)
				bad.data[test_random(&seed) % bad.len] = test_random(&seed) >> 40;
			ret = unpack(&bad, raw.len, &out);
			assert_true(ret <= (long)raw.len);
			test_blob_free(&bad);
			test_blob_free(&out);
		}
		test_blob_free(&packed);
	}
	test_blob_free(&raw);
}

static void names_and_unknown_formats(void **state)
{
	u8 out[4];

	assert_string_equal(unpack_name("\xfd" "7zXZ", 6), "xz");
	assert_string_equal(unpack_name("\x1f\x8b", 2), "gzip");
	assert_string_equal(unpack_name("\x28\xb5\x2f\xfd", 4), "zstd");
	assert_string_equal(unpack_name("\x02\x21\x4c\x18", 4), "lz4");
	assert_null(unpack_name("\xfd" "7zXZ", 5));
	assert_null(unpack_name("BZh9", 4));
	assert_null(unpack_name("", 0));
	assert_int_equal(unpack_payload("BZh9", 4, out, sizeof(out), scratch,
					sizeof(scratch)), -ENOSYS);
	assert_int_equal(unpack_payload("\x1f\x8b\x08", 3, out, sizeof(out), scratch, 100),
			 -ENOMEM);
	assert_int_equal(unpack_payload("\x1f\x8b\x08", 3, out, sizeof(out), scratch,
					sizeof(scratch)), -EINVAL);
}

/* The scratch buffer may start anywhere and hold anything. */
static void scratch_is_used_within_bounds(void **state)
{
	struct test_blob raw = small_raw(), packed, out;
	size_t i, skew;
	u8 *edge;

	for (i = 0; i < ARRAY_SIZE(small_packers); i++) {
		packed = pack(small_packers[i].command, &raw);
		for (skew = 0; skew < 3; skew++) {
			edge = malloc(UNPACK_SCRATCH_SIZE + skew);
			memset(edge, 0xa5, UNPACK_SCRATCH_SIZE + skew);
			out = (struct test_blob){ malloc(raw.len), raw.len };
			assert_int_equal(unpack_payload(packed.data, packed.len, out.data, raw.len,
							edge + skew, UNPACK_SCRATCH_SIZE), raw.len);
			assert_memory_equal(out.data, raw.data, raw.len);
			test_blob_free(&out);
			free(edge);
		}
		test_blob_free(&packed);
	}
	test_blob_free(&raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_unknown_formats),
		cmocka_unit_test(xz_round_trips),
		cmocka_unit_test(gzip_round_trips),
		cmocka_unit_test(zstd_round_trips),
		cmocka_unit_test(lz4_round_trips),
		cmocka_unit_test(truncation_is_an_error),
		cmocka_unit_test(small_output_is_refused),
		cmocka_unit_test(bit_flips_are_found),
		cmocka_unit_test(made_gzip_streams),
		cmocka_unit_test(made_zstd_streams),
		cmocka_unit_test(random_damage_is_survived),
		cmocka_unit_test(scratch_is_used_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
