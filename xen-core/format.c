// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text from values.
 *
 * The conversions are the ones printk.h lists; there is no floating point and
 * nothing is allocated. Output past the end of the buffer is only counted.
 */

struct sink {
	char *buf;
	size_t size;		/* of buf, the terminator included */
	size_t len;		/* characters produced so far, also those cut off */
	va_list args;
	/* Of the conversion at hand: */
	bool zero, wide;		/* wide: 64 bits, not int */
	size_t width, precision;	/* precision: SIZE_MAX for none */
};

static void format_put(struct sink *s, char c)
{
	if (s->len + 1 < s->size)
		s->buf[s->len] = c;
	s->len++;
}

/* @len characters, with a sign and @zeros in front, filled up with blanks to the width. */
static void format_field(struct sink *s, bool negative, size_t zeros, const char *text, size_t len)
{
	for (size_t n = negative + zeros + len; n < s->width; n++)
		format_put(s, ' ');
	if (negative)
		format_put(s, '-');
	while (zeros--)
		format_put(s, '0');
	while (len--)
		format_put(s, *text++);
}

static void format_string(struct sink *s, const char *str)
{
	size_t len = 0;

	while (len < s->precision && str[len])
		len++;
	format_field(s, false, 0, str, len);
}

static void format_number(struct sink *s, u64 value, u32 base, bool negative)
{
	size_t len = 0, min = s->precision == SIZE_MAX ? 1 : s->precision;
	char text[24], *p = text + sizeof(text);

	for (; value; value /= base, len++)
		*--p = "0123456789abcdef"[value % base];
	if (s->zero)
		min = MAX(min, s->width - MIN(s->width, (size_t)negative));
	format_field(s, negative, min - MIN(min, len), p, len);
}

static const char *format_parse_digits(const char *f, size_t *value)
{
	for (*value = 0; *f >= '0' && *f <= '9'; f++)
		*value = *value * 10 + (*f - '0');
	return f;
}

/* Flag, width, precision and size of one conversion; returns where its letter is. */
static const char *format_parse_spec(struct sink *s, const char *f)
{
	s->zero = *f == '0';
	s->wide = false;
	s->precision = SIZE_MAX;
	f = format_parse_digits(f, &s->width);
	if (f[0] == '.' && f[1] == '*') {
		s->precision = va_arg(s->args, int);
		f += 2;
	} else if (*f == '.') {
		f = format_parse_digits(f + 1, &s->precision);
	}
	for (; *f == 'l' || *f == 'z'; f++)
		s->wide = true;
	return f;
}

static void format_convert(struct sink *s, char letter)
{
	s64 number;

	switch (letter) {
	case 'd':
		number = s->wide ? va_arg(s->args, s64) : va_arg(s->args, int);
		format_number(s, number < 0 ? -(u64)number : (u64)number, 10, number < 0);
		break;
	case 'u':
	case 'x':
		format_number(s, s->wide ? va_arg(s->args, u64) : va_arg(s->args, u32),
			      letter == 'u' ? 10 : 16, false);
		break;
	case 's':
		format_string(s, va_arg(s->args, const char *) ?: "(null)");
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

	va_copy(s.args, args);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			format_put(&s, *fmt);
			continue;
		}
		fmt = format_parse_spec(&s, fmt + 1);
		if (!*fmt)
			break;
		format_convert(&s, *fmt);
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
