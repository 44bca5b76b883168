// SPDX-License-Identifier: GPL-2.0-only
/*
 * Strings and formatting for micro-guests.
 *
 * Just enough printf for result lines: %s %c %d %u %x with l, zero padding and
 * a width. The memory functions are here because the compiler may call them.
 */
#include <stdarg.h>

#include "micro.h"
#include "print.h"

void *memset(void *to, int value, size_t size)
{
	void *at = to;

	asm volatile("rep stosb" : "+D" (at), "+c" (size) : "a" (value)
		     : "memory");
	return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
	void *at = to;

	asm volatile("rep movsb" : "+D" (at), "+S" (from), "+c" (size)
		     :: "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *x = a, *y = b;

	for (; size; size--, x++, y++) {
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int strncmp(const char *a, const char *b, size_t size)
{
	for (; size; size--, a++, b++) {
		if (*a != *b)
			return (unsigned char)*a - (unsigned char)*b;
		if (!*a)
			break;
	}
	return 0;
}

struct sink {
	char *at, *end;
};

static void print_char(struct sink *sink, char c)
{
	if (sink->at < sink->end)
		*sink->at++ = c;
}

static void print_number(struct sink *sink, uint64_t value, unsigned int base,
			 int width, char pad)
{
	char digits[24];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (width-- > n)
		print_char(sink, pad);
	while (n)
		print_char(sink, digits[--n]);
}

static uint64_t print_argument(char conversion, bool is_long, va_list *args)
{
	if (is_long)
		return va_arg(*args, unsigned long);
	if (conversion == 'd')
		return (uint64_t)(int64_t)va_arg(*args, int);
	return va_arg(*args, unsigned int);
}

static const char *print_conversion(struct sink *sink, const char *format,
				    va_list *args)
{
	bool is_long = false;
	const char *string;
	char pad = ' ';
	int width = 0;
	uint64_t value;

	if (*format == '0')
		pad = *format++;
	while (*format >= '0' && *format <= '9')
		width = width * 10 + *format++ - '0';
	while (*format == 'l' || *format == 'z') {
		is_long = true;
		format++;
	}
	switch (*format) {
	case 's':
		for (string = va_arg(*args, const char *); *string; string++)
			print_char(sink, *string);
		break;
	case 'c':
		print_char(sink, (char)va_arg(*args, int));
		break;
	case 'd':
	case 'u':
		value = print_argument(*format, is_long, args);
		if (*format == 'd' && (int64_t)value < 0) {
			print_char(sink, '-');
			value = -value;
		}
		print_number(sink, value, 10, width, pad);
		break;
	case 'x':
		value = print_argument(*format, is_long, args);
		print_number(sink, value, 16, width, pad);
		break;
	default:
		print_char(sink, *format);
		break;
	}
	return format + 1;
}

/**
 * print_format_list() - format into a buffer, always terminated
 * @buffer: where to
 * @size: bytes there, at least 1
 * @format: printf-like; %s %c %d %u %x, with l, width and zero padding
 * @args: arguments
 *
 * Return: the length of the text in @buffer.
 */
int print_format_list(char *buffer, size_t size, const char *format,
		      va_list args)
{
	struct sink sink = { buffer, buffer + size - 1 };
	va_list copy;

	va_copy(copy, args);
	while (*format) {
		if (*format == '%')
			format = print_conversion(&sink, format + 1, &copy);
		else
			print_char(&sink, *format++);
	}
	va_end(copy);
	*sink.at = '\0';
	return (int)(sink.at - buffer);
}

int micro_format(char *buffer, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = print_format_list(buffer, size, format, args);
	va_end(args);
	return length;
}
