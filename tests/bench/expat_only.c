#include "core/base/base.h"

#include <expat.h>
#include <fcntl.h>

/* The yardstick of `tests/bench/run junit`: what it costs to parse files and to do nothing more. */
static int parse(const char *path)
{
	enum { BLOCK_BYTES = 128 * 1024 };
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	XML_Parser parser = XML_ParserCreate(NULL);
	ssize_t n = fd < 0 ? -1 : 1;

	while (n > 0) {
		void *block = XML_GetBuffer(parser, BLOCK_BYTES);
		n = block ? read(fd, block, BLOCK_BYTES) : -1;
		if (n >= 0 && XML_ParseBuffer(parser, (int)n, n == 0) != XML_STATUS_OK)
			n = -1;
	}
	XML_ParserFree(parser);
	return n < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (parse(argv[i]) != 0) {
			fprintf(stderr, "cannot parse %s\n", argv[i]);
			return 1;
		}
	return 0;
}
