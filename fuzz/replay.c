/*
 * Runs a fuzz target over files, without a fuzzer: what `make check` does with the corpus. Each
 * file is given whole, and cut at a few odd places, since truncation is the commonest damage.
 */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly `size` bytes, so that a sanitizer sees a read behind it. */
static void replay_piece(const char *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (copy == NULL)
		exit(1);
	if (size > 0)
		memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct error err = ERROR_INIT;
		auto_buf struct buf data;

		buf_init(&data, BUF_MAX_DEFAULT);
		if (buf_read_file(&data, argv[i], &err) < 0) {
			(void)fprintf(stderr, "replay: %s\n", err.text);
			return 2;
		}
		replay_piece(data.data, data.size);
		for (size_t cut = 1; cut < data.size; cut = cut * 2 + 1)
			replay_piece(data.data, data.size - cut);
	}
	return 0;
}
