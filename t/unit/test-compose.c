#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "file/compose.h"

static void parse(const char *text, struct compose *compose)
{
	auto_variables struct variables variables = { 0 };
	struct error err = ERROR_INIT;

	assert_success(variables_set(&variables, "V", "value", NULL, &err), err);
	assert_success(variables_set(&variables, "E", "", NULL, &err), err);
	assert_success(compose_parse(text, strlen(text), "C", &variables, compose, &err), err);
}

static void reads_services(unused_arg void **state)
{
	auto_compose struct compose compose = { 0 };

	parse("x-base: &base\n  image: one\n  pull_policy: always\nservices:\n  a:\n    <<: *base\n"
	      "  b:\n    <<: [*base]\n    image: 'two'\n  c: {build: ./c, extends: {service: a}}\n"
	      "  d:\n    image: &i three\n    build:\n      context: .\n      args: {X: 1, Y: }\n"
	      "      dockerfile_inline: |\n        FROM a\n  e:\n    image: *i\n    build:\n"
	      "      args: [Z=2, W]\n      additional_contexts: {n: docker-image://x}\n  f: {}\n",
	      &compose);
	assert_int_equal(compose.count, 6);
	assert_string_equal(compose.services[0].image.value, "one");
	assert_int_equal(compose.services[0].image.line, 2);
	assert_int_equal(compose.services[0].line, 5);
	assert_string_equal(compose.services[1].image.value, "two");
	assert_string_equal(compose.services[1].pull_policy.value, "always");
	assert_string_equal(compose.services[2].image.value, "one");
	assert_true(compose.services[2].image.taken);
	assert_true(compose.services[2].builds);
	assert_false(compose.services[2].build_taken);
	assert_false(compose.services[2].extends);
	assert_string_equal(compose.services[2].context.value, "./c");
	assert_string_equal(compose.services[3].image.value, "three");
	assert_int_equal(compose.services[3].args.count, 2);
	assert_string_equal(compose.services[3].args.items[0].value, "X=1");
	assert_string_equal(compose.services[3].args.items[1].value, "Y");
	assert_string_equal(compose.services[3].dockerfile_inline.value, "FROM a\n");
	assert_int_equal(compose.services[3].dockerfile_inline.line, 17);
	assert_string_equal(compose.services[4].image.value, "three");
	assert_string_equal(compose.services[4].args.items[1].value, "W");
	assert_string_equal(compose.services[4].contexts.items[0].value, "n=docker-image://x");
	assert_false(compose.services[5].builds);
}

static void replaces_variables(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *value;
		const char *unknown;
	} cases[] = {
		{ "a$V", "avalue", NULL },
		{ "a${V}b", "avalueb", NULL },
		{ "$$V", "$V", NULL },
		{ "${N:-d}", "d", NULL },
		{ "${N-d}", "d", NULL },
		{ "${E:-d}", "d", NULL },
		{ "${E-d}", "", NULL },
		{ "${N:-${V}}", "value", NULL },
		{ "${N:-a:$V}", "a:value", NULL },
		{ "${V:+x}", "x", NULL },
		{ "${N:+x}", "", NULL },
		{ "${E+x}", "x", NULL },
		{ "${V:?no}", "value", NULL },
		{ "a:$N", "a:", "N" },
		{ "${N:-$M}", "", "M" },
		{ "${V:-$M}", "value", NULL },
		{ "${N}", "", "N" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_compose struct compose compose = { 0 };
		char text[200];

		(void)snprintf(text, sizeof text, "services:\n  a:\n    image: \"%s\"\n",
			       cases[i].text);
		parse(text, &compose);
		assert_string_equal(compose.services[0].image.text, cases[i].text);
		if (strcmp(compose.services[0].image.value, cases[i].value) != 0)
			fail_msg("%s: '%s'", cases[i].text, compose.services[0].image.value);
		if (cases[i].unknown == NULL)
			assert_null(compose.services[0].image.unknown);
		else
			assert_string_equal(compose.services[0].image.unknown, cases[i].unknown);
	}
}

static void refuses(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{ "", "C: no compose file" },
		{ "a: [", "C:2: did not find" },
		{ "- a", "C: no compose file: it is no mapping" },
		{ "a: b", "C: no compose file: it has no services" },
		{ "services:", "it has no services" },
		{ "services: x", "C:1: services is no mapping" },
		{ "services: {a: x}", "the service 'a' is no mapping" },
		{ "services:\n  a:\n    image: [x]", "C:3: image is no text" },
		{ "services:\n  a: {image: x}\n  a: {image: y}",
		  "C:3: the service 'a' is given twice" },
		{ "services:\n  a:\n    image: x\n    image: y",
		  "C:4: the key 'image' is given twice" },
		{ "services: {a: {image: x}}\n---\nservices: {}", "several YAML documents" },
		{ "services: {a: {image: x}}\n---\n", "several YAML documents" },
		{ "services: {a: {image: \"${\"}}", "malformed variable" },
		{ "services: {a: {image: \"${N\"}}", "malformed variable" },
		{ "services: {a: {image: \"${N:-x\"}}", "lacks its '}'" },
		{ "services:\n  a: {image: \"${N:?give it}\"}",
		  "C:2: the variable 'N' is demanded: give it" },
		{ "services: {a: {image: \"x\\0y\"}}", "image has a NUL" },
		{ "services: {a: {build: [x]}}", "build is neither" },
		{ "services: {a: &a {<<: *a}}", "merge keys lead too far" },
		{ "services: &a {<<: *a}", "merge keys lead too far" },
		{ "services: {a: *x}", "alias" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct compose compose = { 0 };
		struct error err;

		assert_failure(compose_parse(cases[i].text, strlen(cases[i].text), "C", NULL,
					     &compose, &err),
			       err, ERROR_INPUT, cases[i].why);
	}
}

/* Lists of aliases of lists of aliases: what they say is small, their expansion is not. */
static void survives_multiplication(unused_arg void **state)
{
	auto_buf struct buf text;
	struct compose compose = { 0 };
	struct error err;

	buf_init(&text, 200000);
	for (int i = 0; i < 100000; i++)
		buf_add_char(&text, '[');
	assert_failure(compose_parse(text.data, text.size, "C", NULL, &compose, &err), err,
		       ERROR_INPUT, "C:1: nested too deeply");
	buf_clear(&text);
	buf_add_string(&text, "x0: &x0 {a: b}\n");
	for (int i = 1; i < 15; i++)
		buf_printf(&text,
			   "x%d: &x%d {<<: [*x%d, *x%d, *x%d, *x%d, *x%d, *x%d, *x%d, *x%d]}\n", i,
			   i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	buf_add_string(&text, "services: {s: *x14}\n");
	assert_failure(compose_parse(text.data, text.size, "C", NULL, &compose, &err), err,
		       ERROR_INPUT, "merge keys lead too far");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_services),
		cmocka_unit_test(replaces_variables),
		cmocka_unit_test(refuses),
		cmocka_unit_test(survives_multiplication),
	};

	return cmocka_run_group_tests_name("compose", tests, NULL, NULL);
}
