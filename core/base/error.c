#include "core/base/base.h"

#include "core/base/error.h"

/* Writes as much as fits; a cut text ends with an ellipsis, so that nobody takes it for whole. */
static void put(char *buf, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(buf, size, fmt, ap);

	if (n >= 0 && (size_t)n >= size)
		memcpy(buf + size - 4, "...", 4);
}

int error_set(struct error *err, enum exit_code code, const char *fmt, ...)
{
	if (!err)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	put(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	err->code = code;
	err->help[0] = '\0';
	return -1;
}

int error_set_errno(struct error *err, enum exit_code code, int errnum, const char *fmt, ...)
{
	if (!err)
		return -1;
	char text[sizeof(err->text)];
	va_list ap;
	va_start(ap, fmt);
	put(text, sizeof(text), fmt, ap);
	va_end(ap);
	return error_set(err, code, "%s: %s", text, strerror(errnum));
}

int error_help(struct error *err, const char *fmt, ...)
{
	if (!err)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	put(err->help, sizeof(err->help), fmt, ap);
	va_end(ap);
	return -1;
}

int error_wrap(struct error *err, const char *fmt, ...)
{
	if (!err)
		return -1;
	char context[sizeof(err->text)], text[sizeof(err->text)];
	va_list ap;
	va_start(ap, fmt);
	put(context, sizeof(context), fmt, ap);
	va_end(ap);
	memcpy(text, err->text, sizeof(text));
	int n = snprintf(err->text, sizeof(err->text), "%s: %s", context, text);
	if (n >= 0 && (size_t)n >= sizeof(err->text))
		memcpy(err->text + sizeof(err->text) - 4, "...", 4);
	return -1;
}
