/* Prints what a compose file says, for a test that asks another reader: compose-text FILE. */
#include "config.h"

#include "composetext.h"

int main(int argc, char **argv)
{
	auto_compose struct compose compose = { 0 };
	struct error err = ERROR_INIT;
	auto_buf struct buf data;
	auto_buf struct buf out;

	buf_init(&data, COMPOSE_SIZE_MAX);
	buf_init(&out, BUF_MAX_DEFAULT);
	if (argc != 2 || buf_read_file(&data, argv[1], &err) < 0 ||
	    compose_parse(data.data, data.size, argv[1], NULL, &compose, &err) < 0) {
		(void)fprintf(stderr, "compose-text: %s\n", err.text);
		return 2;
	}
	compose_text(&compose, &out);
	if (buf_check(&out, "the text", &err) < 0)
		return 2;
	return fputs(out.data, stdout) == EOF || fclose(stdout) == EOF ? 2 : 0;
}
