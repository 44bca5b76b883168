/* SPDX-License-Identifier: GPL-2.0-only */
/* The few string functions a freestanding C program needs. */
#ifndef XENLITE_STRING_H
#define XENLITE_STRING_H

#ifdef XENLITE_FAKE
#include_next <string.h>
#else

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
#endif
size_t strlcpy(char *dst, const char *src, size_t size);

#endif
