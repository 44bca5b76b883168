/* SPDX-License-Identifier: GPL-2.0-only */
/* Formatting with an argument list, for the callers inside the framework. */
#ifndef MICRO_PRINT_H
#define MICRO_PRINT_H

#include <stdarg.h>
#include <stddef.h>

int print_format_list(char *buffer, size_t size, const char *format,
		      va_list args);

#endif
