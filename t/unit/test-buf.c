#include "config.h"

#include "unit.h"

#include <fcntl.h>
#include <string.h>

#include "base/buf.h"

static void grows(unused_arg void **state)
{
	auto_buf struct buf buf;
	struct error err = ERROR_INIT;

	buf_init(&buf, BUF_MAX_DEFAULT);
	assert_string_equal(buf.data, "");
	for (int i = 0; i < 1000; i++)
		buf_printf(&buf, "%d,", i);
	buf_add_string(&buf, "end");
	buf_add_char(&buf, '\n');
	buf_add(&buf, "\0x", 2);
	assert_success(buf_check(&buf, "text", &err), err);
	assert_int_equal(buf.size, 10 * 2 + 90 * 3 + 900 * 4 + 4 + 2);
	assert_int_equal(strncmp(buf.data, "0,1,2,3,", 8), 0);
	assert_int_equal(buf.data[buf.size], '\0');
}

static void failure_is_sticky(unused_arg void **state)
{
	auto_buf struct buf buf;
	struct error err = ERROR_INIT;

	buf_init(&buf, 5);
	buf_add_string(&buf, "12345");
	assert_success(buf_check(&buf, "text", &err), err);
	buf_add_char(&buf, '6');
	buf_truncate(&buf, 0);
	buf_add_string(&buf, "1");
	assert_failure(buf_check(&buf, "the text", &err), err, ERROR_MEMORY, "the text");
	assert_null(buf_detach(&buf));
	buf_clear(&buf);
	buf_printf(&buf, "%s", "abc");
	assert_success(buf_check(&buf, "text", &err), err);
	assert_string_equal(buf.data, "abc");
	buf_printf(&buf, "%s", "def");
	assert_failure(buf_check(&buf, "text", &err), err, ERROR_MEMORY, "5 bytes");
}

static void detaches(unused_arg void **state)
{
	auto_buf struct buf buf;
	auto_free char *empty = NULL;
	auto_free char *text = NULL;

	buf_init(&buf, 100);
	empty = buf_detach(&buf);
	assert_string_equal(empty, "");
	buf_add_string(&buf, "mine");
	text = buf_detach(&buf);
	assert_string_equal(text, "mine");
	assert_int_equal(buf.size, 0);
}

static void reads_files(unused_arg void **state)
{
	char path[] = "/tmp/test-buf-XXXXXX";
	auto_buf struct buf buf;
	struct error err = ERROR_INIT;
	auto_fd int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "0123456789", 10), 10);
	buf_init(&buf, 10);
	assert_success(buf_read_file(&buf, path, &err), err);
	assert_string_equal(buf.data, "0123456789");
	buf_release(&buf);
	buf_init(&buf, 9);
	assert_failure(buf_read_file(&buf, path, &err), err, ERROR_MEMORY, path);
	assert_int_equal(unlink(path), 0);
	assert_failure(buf_read_file(&buf, path, &err), err, ERROR_MISSING, path);
	assert_failure(buf_read_file(&buf, "/tmp", &err), err, ERROR_INPUT, "'/tmp'");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows),
		cmocka_unit_test(failure_is_sticky),
		cmocka_unit_test(detaches),
		cmocka_unit_test(reads_files),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
