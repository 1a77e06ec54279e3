#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "image/configuration.h"

#define ID_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" ID_A "\",\"" ID_B "\"]}"

static int parse(const char *text, struct configuration *ret_configuration, struct error *err)
{
	return configuration_parse(text, strlen(text), "it", ret_configuration, err);
}

static void reads_all_of_it(unused_arg void **state)
{
	static const char text[] =
		"{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\","
		"\"created\":\"2024-01-02T03:04:05Z\",\"config\":{\"User\":\"app:app\","
		"\"WorkingDir\":\"/srv\",\"StopSignal\":\"SIGQUIT\","
		"\"Env\":[\"PATH=/bin\",\"A=1\",\"A=2\",\"EMPTY=\",\"odd\"],"
		"\"Entrypoint\":[\"/init\"],\"Cmd\":[\"serve\",\"--x\"],\"Shell\":[\"/bin/sh\",\"-c\"],"
		"\"OnBuild\":[\"RUN true\"],\"Volumes\":{\"/data\":{}},"
		"\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}},\"Labels\":{\"a\":\"b\",\"n\":null},"
		"\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"],\"Interval\":30000000000,"
		"\"Timeout\":1,\"StartPeriod\":2,\"Retries\":3}}," ROOTFS
		",\"history\":[{\"created_by\":\"ADD a\"},{\"created_by\":\"ENV x\","
		"\"empty_layer\":true},{\"created_by\":\"RUN b\",\"comment\":\"c\"}],\"more\":[1]}";
	auto_configuration struct configuration c = { 0 };
	struct error err = ERROR_INIT;

	assert_success(parse(text, &c, &err), err);
	assert_string_equal(c.os, "linux");
	assert_string_equal(c.architecture, "arm");
	assert_string_equal(c.variant, "v7");
	assert_string_equal(c.created, "2024-01-02T03:04:05Z");
	assert_string_equal(c.user, "app:app");
	assert_string_equal(c.working_dir, "/srv");
	assert_string_equal(c.stop_signal, "SIGQUIT");
	assert_int_equal(c.env.count, 5);
	assert_null(c.env.items[5]);
	assert_string_equal(c.entrypoint.items[0], "/init");
	assert_int_equal(c.cmd.count, 2);
	assert_int_equal(c.shell.count, 2);
	assert_string_equal(c.on_build.items[0], "RUN true");
	assert_string_equal(c.volumes.items[0], "/data");
	assert_int_equal(c.exposed_ports.count, 2);
	assert_int_equal(json_object_size(c.labels), 2);
	assert_string_equal(json_string_value(json_object_get(c.labels, "a")), "b");
	assert_string_equal(json_string_value(json_object_get(c.labels, "n")), "");
	assert_true(c.healthcheck.set);
	assert_int_equal(c.healthcheck.test.count, 2);
	assert_int_equal(c.healthcheck.interval, 30000000000);
	assert_int_equal(c.healthcheck.timeout, 1);
	assert_int_equal(c.healthcheck.start_period, 2);
	assert_int_equal(c.healthcheck.retries, 3);
	assert_int_equal(c.diff_id_count, 2);
	assert_int_equal(c.history_count, 3);
	assert_string_equal(c.history[2].comment, "c");
	assert_non_null(json_object_get(c.document, "more"));
	assert_string_equal(configuration_env(&c, "PATH"), "/bin");
	assert_string_equal(configuration_env(&c, "A"), "2");
	assert_string_equal(configuration_env(&c, "EMPTY"), "");
	assert_null(configuration_env(&c, "odd"));
	assert_null(configuration_env(&c, "PAT"));
	assert_string_equal(configuration_instruction(&c, 0), "ADD a");
	assert_string_equal(configuration_instruction(&c, 1), "RUN b");
	assert_string_equal(configuration_instruction(&c, 2), "");
}

/* Absent, null and empty members say the same. */
static void takes_null_for_absent(unused_arg void **state)
{
	static const char *const cases[] = {
		"{\"rootfs\":{}}",
		"{\"rootfs\":{\"diff_ids\":null},\"config\":null,\"history\":null,\"os\":null}",
		"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]},\"config\":{}}",
		("{\"rootfs\":{},\"config\":{\"Env\":null,\"Cmd\":null,\"Entrypoint\":null,"
		 "\"Labels\":null,\"Volumes\":null,\"ExposedPorts\":null,\"Healthcheck\":null,"
		 "\"User\":null,\"OnBuild\":null,\"Shell\":null,\"StopSignal\":null}}"),
		("{\"rootfs\":{},\"config\":{\"Env\":[],\"Cmd\":[],\"Labels\":{},\"Volumes\":{}},"
		 "\"history\":[]}"),
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_configuration struct configuration c = { 0 };

		assert_success(parse(cases[i], &c, &err), err);
		assert_string_equal(c.os, "");
		assert_string_equal(c.user, "");
		assert_string_equal(c.working_dir, "");
		assert_int_equal(c.env.count + c.cmd.count + c.entrypoint.count + c.shell.count +
					 c.volumes.count + c.exposed_ports.count + c.on_build.count,
				 0);
		assert_false(c.healthcheck.set);
		assert_int_equal(c.diff_id_count, 0);
		assert_int_equal(c.history_count, 0);
		assert_non_null(c.labels);
		assert_int_equal(json_object_size(c.labels), 0);
	}
}

static void takes_a_lone_string_for_a_list(unused_arg void **state)
{
	auto_configuration struct configuration c = { 0 };
	struct error err = ERROR_INIT;

	assert_success(parse("{\"rootfs\":{},\"config\":{\"Entrypoint\":\"/init\"}}", &c, &err),
		       err);
	assert_int_equal(c.entrypoint.count, 1);
	assert_string_equal(c.entrypoint.items[0], "/init");
	assert_null(c.entrypoint.items[1]);
}

static void history_that_does_not_fit_says_nothing(unused_arg void **state)
{
	static const char *const cases[] = {
		"[{\"created_by\":\"one\"}]",
		"[{\"created_by\":\"1\"},{\"created_by\":\"2\"},{\"created_by\":\"3\"}]",
		"[{\"created_by\":\"1\",\"empty_layer\":true}]",
		"[]",
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_configuration struct configuration c = { 0 };
		auto_free char *text = NULL;

		assert_true(asprintf(&text, "{" ROOTFS ",\"history\":%s}", cases[i]) > 0);
		assert_success(parse(text, &c, &err), err);
		assert_string_equal(configuration_instruction(&c, 0), "");
		assert_string_equal(configuration_instruction(&c, 1), "");
	}
}

static void refuses(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{ "", "no JSON" },
		{ "[]", "no object" },
		{ "null", "no object" },
		{ "{\"rootfs\":{}", "no JSON" },
		{ "{\"rootfs\":{}}x", "no JSON" },
		{ "{}", "no image configuration" },
		{ "{\"rootfs\":null}", "no image configuration" },
		{ "{\"rootfs\":[]}", "'rootfs' of the configuration is no object" },
		{ "{\"rootfs\":{\"diff_ids\":\"x\"}}", "'diff_ids' of rootfs is no array" },
		{ "{\"rootfs\":{\"diff_ids\":[\"x\"]}}", "diff_ids[0]" },
		{ "{\"rootfs\":{\"diff_ids\":[\"" ID_A "\",\"sha256:12\"]}}", "diff_ids[1]" },
		{ "{\"rootfs\":{\"diff_ids\":[7]}}", "diff_ids[0] is no string" },
		{ "{\"rootfs\":{},\"os\":7}", "'os' of the configuration is no string" },
		{ "{\"rootfs\":{},\"config\":[]}", "'config' of the configuration is no object" },
		{ "{\"rootfs\":{},\"config\":{\"Env\":{}}}", "'Env' of config is no array" },
		{ "{\"rootfs\":{},\"config\":{\"Cmd\":[1]}}", "'Cmd' of config holds" },
		{ "{\"rootfs\":{},\"config\":{\"Cmd\":[null]}}", "'Cmd' of config holds" },
		{ "{\"rootfs\":{},\"config\":{\"Labels\":{\"a\":1}}}", "label 'a' is no string" },
		{ "{\"rootfs\":{},\"config\":{\"Volumes\":[]}}", "'Volumes' of config" },
		{ "{\"rootfs\":{},\"config\":{\"Healthcheck\":{\"Interval\":-1}}}", "negative" },
		{ "{\"rootfs\":{},\"config\":{\"Healthcheck\":{\"Interval\":1e3}}}",
		  "whole number" },
		{ "{\"rootfs\":{},\"config\":{\"Healthcheck\":{\"Retries\":99999999999999999999}}}",
		  "no JSON" },
		{ "{\"rootfs\":{},\"history\":[7]}", "history[0]" },
		{ "{\"rootfs\":{},\"history\":[{\"empty_layer\":\"yes\"}]}", "history[0]" },
		{ "{\"rootfs\":{},\"rootfs\":{}}", "no JSON" },
		{ "{\"rootfs\":{},\"os\":\"a\\u0000b\"}", "no JSON" },
		{ "{\"rootfs\":{},\"os\":\"\xff\"}", "no JSON" },
	};
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++) {
		struct configuration c;

		assert_failure(parse(cases[i].text, &c, &err), err, ERROR_INPUT, cases[i].why);
	}
}

/* Neither depth nor size can be turned against the reader. */
static void survives_bombs(unused_arg void **state)
{
	auto_buf struct buf text;
	struct configuration c;
	struct error err;

	buf_init(&text, (size_t)64 << 20);
	buf_add_string(&text, "{\"rootfs\":{},\"x\":");
	for (size_t i = 0; i < 1000000; i++)
		buf_add_char(&text, '[');
	assert_failure(configuration_parse(text.data, text.size, "deep", &c, &err), err,
		       ERROR_INPUT, "deep: no JSON");
	buf_clear(&text);
	buf_add_string(&text, "{\"rootfs\":{},\"x\":\"");
	for (size_t i = 0; i < (size_t)17 << 20; i++)
		buf_add_char(&text, 'x');
	buf_add_string(&text, "\"}");
	assert_success(buf_check(&text, "text", &err), err);
	assert_failure(configuration_parse(text.data, text.size, "long", &c, &err), err,
		       ERROR_INPUT, "long: larger than");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_of_it),
		cmocka_unit_test(takes_null_for_absent),
		cmocka_unit_test(takes_a_lone_string_for_a_list),
		cmocka_unit_test(history_that_does_not_fit_says_nothing),
		cmocka_unit_test(refuses),
		cmocka_unit_test(survives_bombs),
	};

	return cmocka_run_group_tests_name("configuration", tests, NULL, NULL);
}
