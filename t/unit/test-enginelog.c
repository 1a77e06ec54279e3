#include "config.h"

#include "unit.h"

#include <string.h>

#include "run/enginelog.h"

/* A frame: the stream, three zeros, the size in four bytes. */
#define FRAME(stream, size, text) stream "\0\0\0\0\0\0" size text
#define T0			  "2026-01-02T03:04:05.000000000Z "
#define T1			  "2026-01-02T03:04:06.500000000Z "

static const char log_bytes[] = FRAME("\1", "\x24", T0 "line\n") FRAME("\2", "\x24", T1 "oops\n")
	FRAME("\1", "\x23", T0 "half") FRAME("\1", "\x22", T1 "ed\n") FRAME("\2", "\0", "")
		FRAME("\1", "\x22", T1 "end");

/* The sizes above, as they must be. */
static void the_frames_are_well_made(unused_arg void **state)
{
	assert_int_equal(sizeof T0 - 1, 31);
	assert_int_equal(sizeof T0 "line\n" - 1, 0x24);
	assert_int_equal(sizeof T0 "half" - 1, 0x23);
	assert_int_equal(sizeof T0 "end" - 1, 0x22);
}

static void check_lines(const struct container_record *record)
{
	static const struct {
		const char *text;
		bool is_error;
		uint64_t time;
	} lines[] = {
		{ "line", false, UINT64_C(0) },
		{ "oops", true, UINT64_C(1500000000) },
		{ "halfed", false, UINT64_C(1500000000) },
		{ "end", false, UINT64_C(1500000000) },
	};

	assert_int_equal(record->log_count, array_size(lines));
	for (size_t i = 0; i < array_size(lines); i++) {
		assert_string_equal(record->log[i].text, lines[i].text);
		assert_int_equal(record->log[i].is_error, lines[i].is_error);
		assert_int_equal(record->log[i].time, lines[i].time);
	}
}

static void lines_in_pieces_of_any_size(unused_arg void **state)
{
	for (size_t piece = 1; piece < sizeof log_bytes; piece++) {
		auto_container_record struct container_record record = { 0 };
		struct enginelog log;

		enginelog_init(&log, &record);
		log.started = UINT64_C(1767323045) * 1000000000;
		for (size_t at = 0; at < sizeof log_bytes - 1; at += piece) {
			size_t left = sizeof log_bytes - 1 - at;

			assert_true(
				enginelog_take(&log, log_bytes + at, left < piece ? left : piece));
		}
		assert_true(enginelog_finish(&log));
		enginelog_release(&log);
		check_lines(&record);
	}
}

static void cut_anywhere_is_told(unused_arg void **state)
{
	size_t whole = 0;

	for (size_t size = 0; size < sizeof log_bytes; size++) {
		auto_container_record struct container_record record = { 0 };
		struct enginelog log;

		enginelog_init(&log, &record);
		assert_true(enginelog_take(&log, log_bytes, size));
		whole += enginelog_finish(&log);
		enginelog_release(&log);
	}
	/* before the first, and behind each of the six */
	assert_int_equal(whole, 7);
}

static void no_frames(unused_arg void **state)
{
	static const char *const headers[] = { "\3\0\0\0\0\0\0\1",	   "\1\1\0\0\0\0\0\1",
					       "\1\0\1\0\0\0\0\1",	   "\1\0\0\1\0\0\0\1",
					       "\1\0\0\0\x7f\xff\xff\xff", "a log of a terminal" };

	for (size_t i = 0; i < array_size(headers); i++) {
		auto_container_record struct container_record record = { 0 };
		struct enginelog log;

		enginelog_init(&log, &record);
		assert_false(enginelog_take(&log, headers[i], 8));
		enginelog_release(&log);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_frames_are_well_made),
		cmocka_unit_test(lines_in_pieces_of_any_size),
		cmocka_unit_test(cut_anywhere_is_told),
		cmocka_unit_test(no_frames),
	};

	return cmocka_run_group_tests_name("enginelog", tests, NULL, NULL);
}
