#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/options.h"

struct settings {
	bool flag;
	const char *string;
	struct option_list list;
	struct option_number number;
	struct option_number size;
	struct option_number duration;
	struct option_percent percent;
	struct limit limit;
	int choice;
	bool help;
};

static const char *const colours[] = { "red", "green", NULL };

static const struct option_spec specs[] = {
	{ "flag", 'f', OPTION_FLAG, offsetof(struct settings, flag), NULL, "a flag", NULL },
	{ "string", 's', OPTION_STRING, offsetof(struct settings, string), "TEXT", "text", NULL },
	{ "list", 'l', OPTION_LIST, offsetof(struct settings, list), "ITEM", "one\ntwo", NULL },
	{ "number", 'n', OPTION_NUMBER, offsetof(struct settings, number), "N", "count", NULL },
	{ "size", 0, OPTION_SIZE, offsetof(struct settings, size), "SIZE", "bytes", NULL },
	{ "duration", 0, OPTION_DURATION, offsetof(struct settings, duration), "TIME", "t", NULL },
	{ "percent", 0, OPTION_PERCENT, offsetof(struct settings, percent), "N%", "part", NULL },
	{ "limit", 0, OPTION_LIMIT, offsetof(struct settings, limit), "SIZE|%", "limit", NULL },
	{ "choice", 0, OPTION_CHOICE, offsetof(struct settings, choice), "red|green", "c",
	  colours },
	{ "help", 'h', OPTION_FLAG, offsetof(struct settings, help), NULL, "help", NULL },
	{ NULL, 0, OPTION_FLAG, 0, NULL, NULL, NULL },
};

static const struct program program = {
	.name = "prog",
	.operands = "FILE [-- COMMAND...]",
	.summary = "Does a thing.",
	.options = specs,
	.operands_min = 1,
	.operands_max = 2,
	.takes_command = true,
};

#define ARGUMENTS_MAX 16

static int parse(const char *const *arguments, struct settings *settings, struct operands *operands,
		 struct error *err)
{
	static char *argv[ARGUMENTS_MAX + 2];
	int argc = 1;

	argv[0] = (char *)(uintptr_t) "prog";
	for (; arguments[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
	argv[argc] = NULL;
	*settings = (struct settings) { 0 };
	return options_parse(&program, argc, argv, settings, operands, err);
}

static void fills_the_struct(unused_arg void **state)
{
	static const char *const arguments[] = {
		"-fs", "text",		 "file",  "--list=a", "--list",	      "b",
		"-n7", "--siz=2kB",	 "--dur", "1m",	      "--percent=5%", "--limit",
		"1MB", "--choice=green", "more",  NULL,
	};
	struct error err = ERROR_INIT;
	struct settings settings;
	struct operands operands = { 0 };

	assert_success(parse(arguments, &settings, &operands, &err), err);
	assert_true(settings.flag);
	assert_string_equal(settings.string, "text");
	assert_int_equal(settings.list.count, 2);
	assert_string_equal(settings.list.items[1], "b");
	assert_true(settings.number.set);
	assert_int_equal(settings.number.value, 7);
	assert_int_equal(settings.size.value, 2000);
	assert_int_equal(settings.duration.value, UINT64_C(60000000000));
	assert_true(settings.percent.set);
	assert_int_equal(settings.limit.bytes, 1000000);
	assert_int_equal(settings.choice, 1);
	assert_int_equal(operands.count, 2);
	assert_string_equal(operands.items[1], "more");
	assert_null(operands.command);
	operands_release(&operands);
	option_list_release(&settings.list);
}

static void a_command_stays_as_it_is(unused_arg void **state)
{
	static const char *const arguments[] = { "file", "--", "cmd", "--flag", "--", "-x", NULL };
	static const char *const dash[] = { "-", NULL };
	struct error err = ERROR_INIT;
	struct settings settings;
	struct operands operands = { 0 };

	assert_success(parse(arguments, &settings, &operands, &err), err);
	assert_false(settings.flag);
	assert_int_equal(operands.count, 1);
	assert_string_equal(operands.command[0], "cmd");
	assert_string_equal(operands.command[3], "-x");
	assert_null(operands.command[4]);
	operands_release(&operands);
	assert_success(parse(dash, &settings, &operands, &err), err);
	assert_string_equal(operands.items[0], "-");
	operands_release(&operands);
}

static void refuses(unused_arg void **state)
{
	static const struct {
		const char *arguments[4];
		const char *why;
	} cases[] = {
		{ { NULL }, "missing operand" },
		{ { "a", "b", "c", NULL }, "one operand too many: 'c'" },
		{ { "--nope", "a", NULL }, "unknown option '--nope'" },
		{ { "-x", "a", NULL }, "unknown option '-x'" },
		{ { "--", NULL }, "missing operand" },
		{ { "--l", "a", NULL }, "may mean '--list' or '--limit'" },
		{ { "--=x", "a", NULL }, "unknown option '--'" },
		{ { "--flag=1", "a", NULL }, "takes no value" },
		{ { "a", "--string", NULL }, "'--string' needs TEXT" },
		{ { "a", "-s", NULL }, "'-s' needs TEXT" },
		{ { "a", "--number=x", NULL }, "--number: 'x' is no whole number" },
		{ { "a", "-nx", NULL }, "-n: 'x' is no whole number" },
		{ { "a", "--choice=blue", NULL }, "'blue' is none of red|green" },
		{ { "a", "--size=", NULL }, "--size: '' is no size" },
	};
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++) {
		struct settings settings;
		struct operands operands = { 0 };

		assert_failure(parse(cases[i].arguments, &settings, &operands, &err), err,
			       ERROR_USAGE, cases[i].why);
		assert_null(operands.items);
		option_list_release(&settings.list);
	}
}

static void help_needs_no_operand_and_lists_all(unused_arg void **state)
{
	static const char *const arguments[] = { "--help", NULL };
	struct error err = ERROR_INIT;
	struct settings settings;
	struct operands operands = { 0 };
	auto_free char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	assert_success(parse(arguments, &settings, &operands, &err), err);
	assert_true(settings.help);
	options_help(&program, file);
	assert_int_equal(fclose(file), 0);
	for (const struct option_spec *spec = specs; spec->name != NULL; spec++)
		assert_non_null(strstr(text, spec->name));
	assert_non_null(strstr(text, "  -f, --flag                a flag\n"));
	assert_non_null(strstr(text, "                            two\n"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_the_struct),
		cmocka_unit_test(a_command_stays_as_it_is),
		cmocka_unit_test(refuses),
		cmocka_unit_test(help_needs_no_operand_and_lists_all),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
