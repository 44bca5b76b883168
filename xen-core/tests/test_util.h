/* SPDX-License-Identifier: GPL-2.0-only */
/* What the host tests share: cmocka's includes, skips, files, random bytes. */
#ifndef XENLITE_TEST_UTIL_H
#define XENLITE_TEST_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "types.h"

/* Skips the test; the reason shows in the TAP line (see run-tests). */
#define skip_because(...) do { \
	printf("# skip: " __VA_ARGS__); \
	putchar('\n'); \
	fflush(stdout); \
	skip(); \
} while (0)

/** struct test_blob - bytes on the heap, allocated exactly: ASan sees the edges */
struct test_blob {
	u8 *data;
	size_t len;
};

static inline struct test_blob test_blob_copy(const void *data, size_t len)
{
	struct test_blob b = { malloc(len), len };

	assert_true(b.data || !len);
	if (len)
		memcpy(b.data, data, len);
	return b;
}

static inline void test_blob_free(struct test_blob *b)
{
	free(b->data);
	*b = (struct test_blob){ 0 };
}

/* All that @f gives. */
static inline struct test_blob test_read_stream(FILE *f)
{
	size_t room = 1 << 16, n;
	struct test_blob b = { malloc(room), 0 };

	while ((n = fread(b.data + b.len, 1, room - b.len, f)) > 0) {
		b.len += n;
		if (b.len == room) {
			room *= 2;
			b.data = realloc(b.data, room);
			assert_non_null(b.data);
		}
	}
	b.data = realloc(b.data, b.len ? b.len : 1);
	return b;
}

/* A file's contents; .data is NULL if it cannot be read. */
static inline struct test_blob test_read_file(const char *path)
{
	struct test_blob b = { 0 };
	FILE *f = fopen(path, "rb");

	if (f) {
		b = test_read_stream(f);
		fclose(f);
	}
	return b;
}

/* Numbers that look random and are the same in every run (xorshift64*). */
static inline u64 test_random(u64 *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d;
}

#endif
