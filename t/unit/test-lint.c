#include "config.h"

#include "unit.h"

#include <string.h>

#include "check/lint.h"

static void rules_are_a_table(unused_arg void **state)
{
	for (size_t i = 0; i < LINT_RULE_COUNT; i++) {
		const struct lint_rule *rule = lint_rule((enum lint_id)i);

		assert_non_null(rule->slug);
		assert_true(rule->reason[0] != '\0' && rule->mend[0] != '\0');
		assert_non_null(rule->counterparts);
		assert_int_not_equal(rule->subjects, 0);
		assert_int_equal(lint_rule_find(rule->slug), i);
		/* in the order of their names */
		if (i > 0)
			assert_true(strcmp(lint_rule((enum lint_id)(i - 1))->slug, rule->slug) < 0);
		/* blanks and commas part slugs where they are silenced */
		assert_true(strspn(rule->slug, "abcdefghijklmnopqrstuvwxyz-") ==
			    strlen(rule->slug));
	}
	assert_int_equal(lint_rule_find(""), LINT_RULE_COUNT);
	assert_int_equal(lint_rule_find("USER-ROOT"), LINT_RULE_COUNT);
	assert_int_equal(lint_rule_find("user-roo"), LINT_RULE_COUNT);
}

static void nearest_name(unused_arg void **state)
{
	char huge[10000];

	assert_string_equal(lint_rule_nearest("user-rot"), "user-root");
	assert_string_equal(lint_rule_nearest("sudo"), "sudo-used");
	assert_string_equal(lint_rule_nearest("package-unpined"), "package-unpinned");
	assert_string_equal(lint_rule_nearest("user-root"), "user-root");
	assert_non_null(lint_rule_nearest(""));
	memset(huge, 'x', sizeof huge - 1);
	huge[sizeof huge - 1] = '\0';
	assert_non_null(lint_rule_nearest(huge));
}

static void expectations(unused_arg void **state)
{
	static const char *const wrong[] = { "",
					     "uid",
					     "uid=",
					     "uid=x",
					     "uid=-1",
					     "uid=1 ",
					     "ui=1",
					     "uidx=1",
					     "=1",
					     "port=80/tcp",
					     "health-interval=",
					     "health-interval=fast",
					     "health-retries=3s",
					     "uid=99999999999999999999" };
	struct lint_expectations expected = { 0 };
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(wrong); i++) {
		struct lint_expectations unchanged = { 0 };

		assert_failure(lint_expect(&unchanged, wrong[i], &err), err, ERROR_USAGE, wrong[i]);
		assert_false(unchanged.uid.set || unchanged.port.set || unchanged.interval.set ||
			     unchanged.retries.set);
	}
	assert_success(lint_expect(&expected, "uid=1000", &err), err);
	assert_success(lint_expect(&expected, "health-interval=30s", &err), err);
	assert_success(lint_expect(&expected, "health-timeout=1m", &err), err);
	assert_success(lint_expect(&expected, "health-start-period=0", &err), err);
	assert_success(lint_expect(&expected, "health-retries=3", &err), err);
	assert_true(expected.uid.set && expected.uid.value == 1000);
	assert_true(expected.interval.set && expected.interval.value == UINT64_C(30000000000));
	assert_true(expected.timeout.set && expected.timeout.value == UINT64_C(60000000000));
	assert_true(expected.start_period.set && expected.start_period.value == 0);
	assert_true(expected.retries.set && expected.retries.value == 3);
	assert_false(expected.port.set);
	/* the last one counts */
	assert_success(lint_expect(&expected, "uid=0", &err), err);
	assert_int_equal(expected.uid.value, 0);
}

static struct lint_place at(size_t target, size_t line, size_t column, size_t instruction)
{
	return (struct lint_place) {
		.target = target, .line = line, .column = column, .instruction = instruction
	};
}

static void find(struct lint *lint, enum lint_id rule, struct lint_place place, const char *message)
{
	struct error err = ERROR_INIT;

	assert_success(lint_find(lint, rule, &place, &err, "%s", message), err);
}

static void silence(struct lint *lint, const char *comment, size_t target, size_t line)
{
	struct lint_place place = at(target, line, 1, line);
	struct error err = ERROR_INIT;

	assert_success(lint_silence(lint, comment, &place, line + 1, &err), err);
}

static void finish(struct lint *lint)
{
	struct error err = ERROR_INIT;

	assert_success(lint_finish(lint, &err), err);
}

/* The reason of the one finding of that rule, or NULL. */
static const char *reason_of(const struct lint *lint, enum lint_id rule)
{
	const struct lint_finding *found = NULL;

	for (size_t i = 0; i < lint->count; i++)
		if (lint->findings[i].rule == rule) {
			assert_null(found);
			found = &lint->findings[i];
		}
	assert_non_null(found);
	return found != NULL ? found->silenced : NULL;
}

static size_t count_of(const struct lint *lint, enum lint_id rule)
{
	size_t count = 0;

	for (size_t i = 0; i < lint->count; i++)
		count += lint->findings[i].rule == rule;
	return count;
}

static void disabled_rules_find_nothing(unused_arg void **state)
{
	auto_lint struct lint lint;

	lint_init(&lint);
	for (size_t i = 0; i < LINT_RULE_COUNT; i++)
		assert_int_equal(lint.enabled[i], !lint_rule((enum lint_id)i)->off);
	lint.enabled[LINT_SUDO_USED] = false;
	find(&lint, LINT_SUDO_USED, at(0, 1, 1, 1), "x");
	assert_int_equal(lint.count, 0);
	lint.enabled[LINT_SUDO_USED] = true;
	find(&lint, LINT_SUDO_USED, at(0, 1, 1, 1), "x");
	assert_int_equal(lint.count, 1);
	finish(&lint);
	assert_int_equal(lint_count(&lint, lint_rule(LINT_SUDO_USED)->severity), 1);
}

static void a_comment_silences(unused_arg void **state)
{
	static const struct {
		const char *comment;
		const char *reason; /* NULL: it does not silence sudo-used */
		size_t invalid;
		size_t unused;
	} cases[] = {
		{ " image-lint: ignore=sudo-used because", "because", 0, 0 },
		{ "image-lint:ignore=sudo-used because it is", "because it is", 0, 0 },
		{ "\timage-lint:\tignore=sudo-used\twhy", "why", 0, 0 },
		{ " image-lint: ignore=sudo-used: why", "why", 0, 0 },
		{ " image-lint: ignore=sudo-used - why", "why", 0, 0 },
		{ " image-lint: ignore=user-root,sudo-used why", "why", 0, 1 },
		{ " image-lint: ignore=sudo-used,sudo-used why", "why", 0, 0 },
		{ " image-lint: ignore=sudo-used", NULL, 1, 0 },
		{ " image-lint: ignore=sudo-used  ", NULL, 1, 0 },
		{ " image-lint: ignore=sudo-used :", NULL, 1, 0 },
		{ " image-lint: ignore=sudo-usd why", NULL, 1, 0 },
		{ " image-lint: ignore=sudo-used,nonsense why", NULL, 1, 0 },
		{ " image-lint: ignore=sudo-used, why", NULL, 1, 0 },
		{ " image-lint: ignore= why", NULL, 1, 0 },
		{ " image-lint: ignore", NULL, 1, 0 },
		{ " image-lint:", NULL, 1, 0 },
		{ " image-lint: ignore=user-root why", NULL, 0, 1 },
		{ " image-lint ignore=sudo-used why", NULL, 0, 0 },
		{ " see image-lint: ignore=sudo-used why", NULL, 0, 0 },
		{ "", NULL, 0, 0 },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_lint struct lint lint;
		const char *reason;

		lint_init(&lint);
		silence(&lint, cases[i].comment, 0, 4);
		find(&lint, LINT_SUDO_USED, at(0, 5, 3, 5), "sudo");
		finish(&lint);
		reason = reason_of(&lint, LINT_SUDO_USED);
		if ((reason == NULL) != (cases[i].reason == NULL))
			fail_msg("'%s': silenced with '%s'", cases[i].comment, reason);
		if (reason != NULL)
			assert_string_equal(reason, cases[i].reason);
		if (count_of(&lint, LINT_SILENCE_INVALID) != cases[i].invalid ||
		    count_of(&lint, LINT_SILENCE_UNUSED) != cases[i].unused)
			fail_msg("'%s': %zu invalid, %zu unused", cases[i].comment,
				 count_of(&lint, LINT_SILENCE_INVALID),
				 count_of(&lint, LINT_SILENCE_UNUSED));
		assert_int_equal(lint_count(&lint, lint_rule(LINT_SUDO_USED)->severity) > 0 &&
					 reason == NULL,
				 reason == NULL);
	}
}

static void only_its_own_line(unused_arg void **state)
{
	static const struct {
		struct lint_place place;
		bool silenced;
	} cases[] = {
		{ { .target = 0, .line = 5, .instruction = 5 }, true },
		/* the instruction goes on below */
		{ { .target = 0, .line = 9, .instruction = 5 }, true },
		/* the comment stands inside of the instruction */
		{ { .target = 0, .line = 5, .instruction = 2 }, true },
		{ { .target = 0, .line = 6, .instruction = 6 }, false },
		{ { .target = 0, .line = 4, .instruction = 4 }, false },
		{ { .target = 1, .line = 5, .instruction = 5 }, false },
		/* the target as a whole */
		{ { .target = 0 }, false },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_lint struct lint lint;

		lint_init(&lint);
		silence(&lint, "image-lint: ignore=sudo-used why", 0, 4);
		find(&lint, LINT_SUDO_USED, cases[i].place, "sudo");
		finish(&lint);
		assert_int_equal(reason_of(&lint, LINT_SUDO_USED) != NULL, cases[i].silenced);
		assert_int_equal(count_of(&lint, LINT_SILENCE_UNUSED), !cases[i].silenced);
	}
}

static void unused_is_told_of_enabled_rules_only(unused_arg void **state)
{
	auto_lint struct lint lint;

	lint_init(&lint);
	lint.enabled[LINT_SUDO_USED] = false;
	silence(&lint, "image-lint: ignore=sudo-used,user-root why", 0, 1);
	finish(&lint);
	assert_int_equal(lint.count, 1);
	assert_int_equal(lint.findings[0].rule, LINT_SILENCE_UNUSED);
	assert_non_null(strstr(lint.findings[0].message, "user-root"));
	assert_int_equal(lint.findings[0].place.line, 1);
}

static void a_wrong_silence_cannot_be_silenced(unused_arg void **state)
{
	auto_lint struct lint lint;

	lint_init(&lint);
	silence(&lint, "image-lint: ignore=silence-invalid why", 0, 1);
	silence(&lint, "image-lint: ignore=nonsense why", 0, 2);
	finish(&lint);
	assert_null(reason_of(&lint, LINT_SILENCE_INVALID));
}

static void several_reasons(unused_arg void **state)
{
	auto_lint struct lint lint;

	lint_init(&lint);
	silence(&lint, "image-lint: ignore=sudo-used,user-root one", 0, 4);
	find(&lint, LINT_SUDO_USED, at(0, 5, 1, 5), "a");
	find(&lint, LINT_USER_ROOT, at(0, 5, 1, 5), "b");
	find(&lint, LINT_WORLD_WRITABLE, at(0, 5, 1, 5), "c");
	finish(&lint);
	assert_string_equal(reason_of(&lint, LINT_SUDO_USED), "one");
	assert_string_equal(reason_of(&lint, LINT_USER_ROOT), "one");
	assert_null(reason_of(&lint, LINT_WORLD_WRITABLE));
	assert_int_equal(lint.count, 3);
}

static void order_of_findings(unused_arg void **state)
{
	auto_lint struct lint lint;
	static const char wanted[] = "abcdefg";

	lint_init(&lint);
	find(&lint, LINT_USER_ROOT, at(1, 1, 1, 1), "g");
	find(&lint, LINT_USER_ROOT, at(0, 9, 1, 9), "f");
	find(&lint, LINT_USER_ROOT, at(0, 2, 3, 2), "e");
	find(&lint, LINT_USER_ROOT, at(0, 2, 1, 2), "d");
	find(&lint, LINT_SUDO_USED, at(0, 2, 1, 2), "c");
	find(&lint, LINT_SUDO_USED, at(0, 2, 1, 2), "b");
	find(&lint, LINT_USER_ROOT, at(0, 0, 0, 0), "a");
	finish(&lint);
	for (size_t i = 0; i < sizeof wanted - 1; i++)
		assert_int_equal(lint.findings[i].message[0], wanted[i]);
}

static void mends_do_not_touch(unused_arg void **state)
{
	auto_edits struct edits edits = { 0 };
	auto_lint struct lint lint;
	struct error err = ERROR_INIT;

	lint_init(&lint);
	find(&lint, LINT_SUDO_USED, at(0, 1, 1, 1), "x");
	/* mends are not wanted */
	assert_success(lint_fix(&lint, LINT_SUDO_USED, (struct span) { 1, 3 }, "", &err), err);
	assert_false(lint.findings[0].fixed);
	lint.edits = &edits;
	/* of a rule that is disabled, so that the last finding is another one's */
	assert_success(lint_fix(&lint, LINT_USER_ROOT, (struct span) { 1, 3 }, "", &err), err);
	assert_int_equal(edits.count, 0);
	assert_success(lint_fix(&lint, LINT_SUDO_USED, (struct span) { 1, 3 }, "", &err), err);
	assert_true(lint.findings[0].fixed);
	find(&lint, LINT_SUDO_USED, at(0, 1, 1, 1), "y");
	assert_success(lint_fix(&lint, LINT_SUDO_USED, (struct span) { 2, 5 }, "", &err), err);
	assert_false(lint.findings[1].fixed);
	assert_int_equal(edits.count, 1);
	assert_success(lint_fix(&lint, LINT_SUDO_USED, (struct span) { 5, 2 }, "", &err), err);
	assert_int_equal(edits.count, 1);
}

static void credits_once_per_target(unused_arg void **state)
{
	auto_lint struct lint lint;
	struct lint_place one = at(0, 1, 1, 1);
	struct lint_place other = at(1, 1, 1, 1);
	struct error err = ERROR_INIT;

	lint_init(&lint);
	assert_success(lint_credit(&lint, "good", &one, &err), err);
	assert_success(lint_credit(&lint, "good", &one, &err), err);
	assert_success(lint_credit(&lint, "better", &one, &err), err);
	assert_success(lint_credit(&lint, "good", &other, &err), err);
	assert_int_equal(lint.credit_count, 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_a_table),
		cmocka_unit_test(nearest_name),
		cmocka_unit_test(expectations),
		cmocka_unit_test(disabled_rules_find_nothing),
		cmocka_unit_test(a_comment_silences),
		cmocka_unit_test(only_its_own_line),
		cmocka_unit_test(unused_is_told_of_enabled_rules_only),
		cmocka_unit_test(a_wrong_silence_cannot_be_silenced),
		cmocka_unit_test(several_reasons),
		cmocka_unit_test(order_of_findings),
		cmocka_unit_test(mends_do_not_touch),
		cmocka_unit_test(credits_once_per_target),
	};

	return cmocka_run_group_tests_name("lint", tests, NULL, NULL);
}
