#include "config.h"

#include "unit.h"

#include <string.h>

#include "file/stages.h"

struct fixture {
	struct dockerfile *file;
	struct variables args;
	struct build_settings settings;
	struct stages stages;
};

static void fixture_init(struct fixture *fixture, const char *text, const char *arg)
{
	struct error err = ERROR_INIT;

	*fixture = (struct fixture) { .file = NULL };
	fixture->settings.args = &fixture->args;
	platform_of("linux", "arm64", NULL, &fixture->settings.platform);
	if (arg != NULL)
		assert_success(variables_set(&fixture->args, "ARG", arg, NULL, &err), err);
	assert_success(dockerfile_parse(text, strlen(text), "D", &fixture->file, &err), err);
	assert_success(
		stages_resolve(fixture->file, "D", &fixture->settings, &fixture->stages, &err),
		err);
}

static void fixture_release(struct fixture *fixture)
{
	stages_release(&fixture->stages);
	variables_release(&fixture->args);
	dockerfile_free(fixture->file);
}

static void resolves_bases(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *arg;     /* --build-arg ARG= */
		const char *base;    /* of the last stage */
		const char *unknown; /* its variable */
	} cases[] = {
		{ "ARG A=x\nFROM $A", NULL, "x", NULL },
		{ "ARG A=x\nARG B=${A}y\nFROM $B", NULL, "xy", NULL },
		{ "ARG A=x B=$A\nFROM $B", NULL, "x", NULL },
		{ "ARG A=\"x\"\nFROM \"${A}\"", NULL, "x", NULL },
		{ "ARG A\nFROM $A", NULL, "", "A" },
		{ "ARG A\nFROM ${A:-d}", NULL, "d", NULL },
		{ "ARG A\nARG B=a:$A\nFROM $B", NULL, "a:", "A" },
		{ "FROM a:$A", NULL, "a:", "A" },
		/* an ARG of a stage does not leak, neither before nor behind it */
		{ "FROM a\nARG A=x\nFROM $A", NULL, "", "A" },
		{ "ARG A=x\nFROM a\nARG A=y\nFROM $A", NULL, "x", NULL },
		{ "FROM a\nENV A=x\nFROM $A", NULL, "", "A" },
		{ "ARG ARG=x\nFROM $ARG", "y", "y", NULL },
		{ "ARG ARG\nFROM $ARG", "y", "y", NULL },
		{ "FROM a:$ARG", "y", "a:", "ARG" },
		{ "FROM a-$TARGETARCH", NULL, "a-arm64", NULL },
		{ "FROM a-${TARGETPLATFORM#*/}", NULL, "a-arm64", NULL },
		{ "FROM a-${TARGETARCHX}", NULL, "a-", "TARGETARCHX" },
		{ "# escape=`\nARG A=x\nFROM a:`$A", NULL, "a:$A", NULL },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct fixture fixture;
		const struct stage *last;

		fixture_init(&fixture, cases[i].text, cases[i].arg);
		last = &fixture.stages.items[fixture.stages.count - 1];
		if (strcmp(last->base, cases[i].base) != 0)
			fail_msg("%s: '%s', not '%s'", cases[i].text, last->base, cases[i].base);
		if (cases[i].unknown == NULL)
			assert_null(last->unknown);
		else
			assert_string_equal(last->unknown, cases[i].unknown);
		fixture_release(&fixture);
	}
}

static void knows_stages(unused_arg void **state)
{
	static const struct {
		const char *text;
		size_t parent; /* of the last stage */
		bool scratch;
		const char *problem;
	} cases[] = {
		{ "FROM a AS b\nFROM b", 0, false, NULL },
		{ "FROM a as B\nFROM b", 0, false, NULL },
		{ "FROM a AS b\nFROM B", 0, false, NULL },
		{ "FROM a AS b\nFROM c AS b\nFROM b", 1, false, NULL },
		{ "FROM b\nFROM a AS b", STAGE_NONE, false, NULL },
		{ "FROM a AS a", STAGE_NONE, false, NULL },
		{ "FROM x AS a\nFROM a AS a", 0, false, NULL },
		{ "FROM a AS b\nFROM b:latest", STAGE_NONE, false, NULL },
		{ "FROM a AS b\nFROM 0", STAGE_NONE, false, NULL },
		{ "ARG A=b\nFROM a AS b\nFROM $A", 0, false, NULL },
		{ "FROM scratch", STAGE_NONE, true, NULL },
		{ "FROM a AS scratch\nFROM scratch", 0, false, NULL },
		{ "FROM", STAGE_NONE, false, "FROM names no image" },
		{ "FROM a b", STAGE_NONE, false, "FROM takes an image" },
		{ "FROM a IS b", STAGE_NONE, false, "FROM takes an image" },
		{ "FROM a AS 1b", STAGE_NONE, false, "malformed" },
		{ "FROM a AS b/c", STAGE_NONE, false, "malformed" },
		{ "ARG A=\nFROM $A", STAGE_NONE, false, "empty" },
		{ "FROM ${A", STAGE_NONE, false, "lacks its '}'" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct fixture fixture;
		const struct stage *last;

		fixture_init(&fixture, cases[i].text, NULL);
		last = &fixture.stages.items[fixture.stages.count - 1];
		if (last->parent != cases[i].parent || last->scratch != cases[i].scratch)
			fail_msg("%s: stage %zd", cases[i].text, (ssize_t)last->parent);
		if (cases[i].problem == NULL)
			assert_null(last->problem);
		else if (last->problem == NULL || strstr(last->problem, cases[i].problem) == NULL)
			fail_msg("%s: %s", cases[i].text, last->problem);
		fixture_release(&fixture);
	}
}

static void keeps_scopes(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *value; /* of A at the end of the last stage; NULL: not set */
		const char *unknown;
	} cases[] = {
		{ "ARG A=x\nFROM a", NULL, NULL },
		{ "ARG A=x\nFROM a\nARG A", "x", NULL },
		{ "ARG A=x\nFROM a\nARG A=y", "y", NULL },
		{ "FROM a\nARG A", NULL, NULL },
		{ "FROM a\nARG A=x\nENV A=$A-y", "x-y", NULL },
		{ "FROM a\nENV A=x B=$A", "x", NULL },
		{ "FROM a AS b\nENV A=x\nFROM b", "x", NULL },
		{ "FROM a AS b\nENV A=x\nFROM c", NULL, NULL },
		{ "FROM a\nENV A=$B", "", "B" },
		{ "FROM a\nENV A='x", "", "A" },
		{ "FROM a\nARG TARGETARCH\nENV A=$TARGETARCH", "arm64", NULL },
		{ "FROM a\nENV A=$TARGETARCH", "", "TARGETARCH" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct fixture fixture;
		const struct variable *found;

		fixture_init(&fixture, cases[i].text, NULL);
		found = variables_find(&fixture.stages.items[fixture.stages.count - 1].variables,
				       "A");
		if ((found == NULL) != (cases[i].value == NULL))
			fail_msg("%s: set or not", cases[i].text);
		if (found != NULL) {
			assert_string_equal(found->value, cases[i].value);
			assert_int_equal(found->unknown == NULL, cases[i].unknown == NULL);
			if (found->unknown != NULL)
				assert_string_equal(found->unknown, cases[i].unknown);
		}
		fixture_release(&fixture);
	}
}

static void refuses(unused_arg void **state)
{
	static const char text[] = "FROM a\nARG";
	static char many[STAGES_MAX * 8];
	auto_dockerfile struct dockerfile *file = NULL;
	auto_dockerfile struct dockerfile *long_file = NULL;
	struct build_settings settings = { .args = NULL };
	struct stages stages;
	struct error err = ERROR_INIT;

	assert_success(dockerfile_parse("\nARG A='x\nFROM a", 16, "D", &file, &err), err);
	assert_failure(stages_resolve(file, "D", &settings, &stages, &err), err, ERROR_INPUT,
		       "D:2: a single quote");
	for (size_t i = 0; i < STAGES_MAX + 1; i++)
		memcpy(many + i * 7, text, 7);
	err = (struct error)ERROR_INIT;
	assert_success(dockerfile_parse(many, (size_t)(STAGES_MAX + 1) * 7, "D", &long_file, &err),
		       err);
	assert_failure(stages_resolve(long_file, "D", &settings, &stages, &err), err, ERROR_INPUT,
		       "more than 1000 stages");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolves_bases),
		cmocka_unit_test(knows_stages),
		cmocka_unit_test(keeps_scopes),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests_name("stages", tests, NULL, NULL);
}
