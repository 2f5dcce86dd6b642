#include "core/base/base.h"

#include "core/base/error.h"
#include "core/base/text.h"

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

int error_help_names(
	struct error *err, const char *name, const char *const *names, const char *known)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	const char *closest = text_closest(name, names);

	if (closest)
		strbuf_addf(&text, "did you mean `%s`? ", closest);
	strbuf_addf(&text, "%s: ", known);
	for (size_t i = 0; names[i]; i++)
		strbuf_addf(&text, "%s%s", i ? ", " : "", names[i]);
	return error_help(err, "%s", text.buf);
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
