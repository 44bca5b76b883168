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
	va_list args;
};

struct spec {
	bool zero, wide;	/* wide: 64 bits, not int */
	size_t width;
	size_t precision;	/* SIZE_MAX: none */
};

static void format_put(struct sink *s, char c)
{
	if (s->len + 1 < s->size)
		s->buf[s->len] = c;
	s->len++;
}

/* @len characters, with a sign and @zeros in front, filled up with blanks to @width. */
static void format_field(struct sink *s, size_t width, bool negative, size_t zeros,
			 const char *text, size_t len)
{
	for (size_t n = negative + zeros + len; n < width; n++)
		format_put(s, ' ');
	if (negative)
		format_put(s, '-');
	while (zeros--)
		format_put(s, '0');
	while (len--)
		format_put(s, *text++);
}

static void format_string(struct sink *s, const struct spec *spec, const char *str)
{
	size_t len = 0;

	while (len < spec->precision && str[len])
		len++;
	format_field(s, spec->width, false, 0, str, len);
}

static void format_number(struct sink *s, const struct spec *spec, u64 value, u32 base,
			  bool negative)
{
	size_t len = 0, min = spec->precision == SIZE_MAX ? 1 : spec->precision;
	char text[24], *p = text + sizeof(text);

	for (; value; value /= base, len++)
		*--p = "0123456789abcdef"[value % base];
	if (spec->zero)
		min = MAX(min, spec->width - MIN(spec->width, (size_t)negative));
	format_field(s, spec->width, negative, min - MIN(min, len), p, len);
}

/* Flag, width, precision and size of one conversion; returns its letter. */
static const char *format_parse_spec(const char *f, struct spec *spec, struct sink *s)
{
	*spec = (struct spec){ .zero = *f == '0', .precision = SIZE_MAX };
	for (; *f >= '0' && *f <= '9'; f++)
		spec->width = spec->width * 10 + (*f - '0');
	if (*f == '.') {
		spec->precision = 0;
		if (*++f == '*') {
			spec->precision = va_arg(s->args, int);
			f++;
		}
		for (; *f >= '0' && *f <= '9'; f++)
			spec->precision = spec->precision * 10 + (*f - '0');
	}
	for (; *f == 'l' || *f == 'z'; f++)
		spec->wide = true;
	return f;
}

static void format_convert(struct sink *s, const struct spec *spec, char letter)
{
	s64 number;

	switch (letter) {
	case 'd':
		number = spec->wide ? va_arg(s->args, s64) : va_arg(s->args, int);
		format_number(s, spec, number < 0 ? -(u64)number : (u64)number, 10, number < 0);
		break;
	case 'u':
	case 'x':
		format_number(s, spec, spec->wide ? va_arg(s->args, u64) : va_arg(s->args, u32),
			      letter == 'u' ? 10 : 16, false);
		break;
	case 's':
		format_string(s, spec, va_arg(s->args, const char *) ?: "(null)");
		break;
	case 'c':
		format_put(s, (char)va_arg(s->args, int));
		break;
	default:
		format_put(s, '%');
		if (letter != '%')
			format_put(s, letter);
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

	va_copy(s.args, args);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			format_put(&s, *fmt);
			continue;
		}
		fmt = format_parse_spec(fmt + 1, &spec, &s);
		if (!*fmt)
			break;
		format_convert(&s, &spec, *fmt);
	}
	va_end(s.args);
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
