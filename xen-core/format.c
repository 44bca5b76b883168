// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text from values.
 *
 * The conversions are the ones printk.h lists; there is no floating point and
 * nothing is allocated. Output past the end of the buffer is only counted.
 */
#include "printk.h"

struct sink {
	char *buf;
	size_t size;		/* of buf, the terminator included */
	size_t len;		/* characters produced so far, also those cut off */
};

struct spec {
	bool zero;
	unsigned int width;
	int precision;		/* -1: none */
	unsigned int longs;	/* 0: int, 1 or more: 64 bits */
};

static void format_put(struct sink *s, char c)
{
	if (s->len + 1 < s->size)
		s->buf[s->len] = c;
	s->len++;
}

static void format_pad(struct sink *s, char c, size_t from, size_t to)
{
	while (from++ < to)
		format_put(s, c);
}

static void format_string(struct sink *s, const struct spec *spec, const char *str)
{
	size_t len = 0, max = spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision;

	if (!str)
		str = "(null)";
	while (len < max && str[len])
		len++;
	format_pad(s, ' ', len, spec->width);
	for (size_t i = 0; i < len; i++)
		format_put(s, str[i]);
}

static void format_number(struct sink *s, const struct spec *spec, u64 value,
			  unsigned int base, bool negative)
{
	char text[24];
	size_t n = 0, min = spec->precision < 0 ? 1 : (size_t)spec->precision;
	size_t len;

	for (; value; value /= base)
		text[n++] = "0123456789abcdef"[value % base];
	if (spec->zero && spec->width > min + negative)
		min = spec->width - negative;
	len = MAX(n, min) + negative;
	format_pad(s, ' ', len, spec->width);
	if (negative)
		format_put(s, '-');
	format_pad(s, '0', n, min);
	for (size_t i = n; i; i--)
		format_put(s, text[i - 1]);
}

/* Flags, width, precision and size of one conversion; returns its letter. */
static const char *format_parse_spec(const char *f, struct spec *spec, va_list *args)
{
	*spec = (struct spec){ .precision = -1 };
	if (*f == '0') {
		spec->zero = true;
		f++;
	}
	while (*f >= '0' && *f <= '9')
		spec->width = spec->width * 10 + (unsigned int)(*f++ - '0');
	if (*f == '.') {
		spec->precision = 0;
		if (*++f == '*') {
			spec->precision = va_arg(*args, int);
			f++;
		}
		while (*f >= '0' && *f <= '9')
			spec->precision = spec->precision * 10 + (*f++ - '0');
	}
	while (*f == 'l' || *f == 'z') {
		spec->longs++;
		f++;
	}
	return f;
}

static void format_convert(struct sink *s, struct spec *spec, char letter, va_list *args)
{
	s64 number;

	switch (letter) {
	case 'd':
		number = spec->longs ? va_arg(*args, s64) : va_arg(*args, int);
		format_number(s, spec, number < 0 ? -(u64)number : (u64)number, 10, number < 0);
		break;
	case 'u':
	case 'x':
		format_number(s, spec, spec->longs ? va_arg(*args, u64) : va_arg(*args, u32),
			      letter == 'u' ? 10 : 16, false);
		break;
	case 's':
		format_string(s, spec, va_arg(*args, const char *));
		break;
	case 'c':
		format_put(s, (char)va_arg(*args, int));
		break;
	default:
		format_put(s, '%');
		if (letter != '%')
			format_put(s, letter);
		break;
	}
}

/**
 * vsnprintf() - text from @fmt and @args into @buf, terminated, cut at @size
 * Return: the length it would have without being cut.
 */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct sink s = { .buf = buf, .size = size };
	struct spec spec;
	va_list ap;

	va_copy(ap, args);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			format_put(&s, *fmt);
			continue;
		}
		fmt = format_parse_spec(fmt + 1, &spec, &ap);
		if (!*fmt)
			break;
		format_convert(&s, &spec, *fmt, &ap);
	}
	va_end(ap);
	if (size)
		buf[MIN(s.len, size - 1)] = '\0';
	return (int)s.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}
