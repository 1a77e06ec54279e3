#include "config.h"

#include "file/junit.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/text.h"
#include "file/xml.h"

#define JUNIT_SUITES_MAX 64
#define JUNIT_NAME_MAX	 ((size_t)64 << 10)

/* What a suite says of itself; a number that is not there or is none counts as not claimed. */
struct junit_claim {
	bool made;
	uint64_t count;
};

struct junit_suite {
	char *name; /* "" for none */
	struct junit_claim tests;
	struct junit_claim failing; /* failures and errors together */
	size_t first;		    /* index of the first test case in it */
};

struct junit_reader {
	struct junit *junit;
	struct junit_suite suites[JUNIT_SUITES_MAX];
	size_t depth;
	size_t other; /* depth within an element that says nothing to us */
	bool in_case;
	bool of_suite; /* the case stands for a failure that hangs on the suite itself */
	enum junit_outcome verdict; /* the failure, error or skip that is being read */
	bool in_verdict;
	char *verdict_message;
	struct buf text;
	bool text_full;
};

const char *junit_outcome_name(enum junit_outcome outcome)
{
	static const char *const names[] = {
		[JUNIT_PASSED] = "passed",
		[JUNIT_SKIPPED] = "skipped",
		[JUNIT_FAILED] = "failed",
		[JUNIT_ERROR] = "error",
	};

	return names[outcome];
}

/* A copy that counts against the bound on what one report may make us keep. */
static int junit_keep(struct junit *junit, const char *text, size_t size, char **ret_copy,
		      struct error *err)
{
	char *copy;

	if (size + 1 > JUNIT_TEXT_MAX - junit->held)
		return error_set(err, ERROR_INPUT, "its names and messages are larger than %zu MiB",
				 JUNIT_TEXT_MAX >> 20);
	copy = strndup(text, size);
	if (copy == NULL)
		return error_memory(err);
	junit->held += size + 1;
	*ret_copy = copy;
	return 0;
}

static int junit_keep_buf(struct junit *junit, const struct buf *text, char **ret_copy,
			  struct error *err)
{
	if (buf_check(text, "name of a test case", err) < 0)
		return -1;
	return junit_keep(junit, text->data, text->size, ret_copy, err);
}

static int junit_note(struct junit *junit, struct error *err, const char *format, ...)
	printf_like(3, 4);

static int junit_note(struct junit *junit, struct error *err, const char *format, ...)
{
	auto_free char *text = NULL;
	va_list arguments;
	char **notes;
	int length;

	if (junit->note_count == JUNIT_NOTES_MAX) {
		junit->notes_dropped++;
		return 0;
	}
	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		text = NULL;
		return error_memory(err);
	}
	notes = reallocarray(junit->notes, junit->note_count + 1, sizeof *notes);
	if (notes == NULL)
		return error_memory(err);
	junit->notes = notes;
	junit->notes[junit->note_count++] = steal(&text);
	return 0;
}

/* Names go into other names, so a long one would be kept many times over. */
static int junit_name_check(const char *text, struct error *err)
{
	if (text != NULL && strlen(text) > JUNIT_NAME_MAX)
		return error_set(err, ERROR_INPUT, "a name is longer than %zu KiB",
				 JUNIT_NAME_MAX >> 10);
	return 0;
}

static void junit_claim(struct junit_claim *claim, const char *text)
{
	uint64_t count;

	if (text == NULL || text_parse_number(text, &count, NULL) < 0)
		return;
	claim->made = true;
	claim->count = count > UINT64_MAX - claim->count ? UINT64_MAX : claim->count + count;
}

static int junit_begin_suite(struct junit_reader *reader, const char *const *attributes,
			     struct error *err)
{
	const char *name = xml_attribute(attributes, "name");
	struct junit_suite suite = { .first = reader->junit->count };

	if (reader->depth == JUNIT_SUITES_MAX)
		return error_set(err, ERROR_INPUT, "suites nested more than %d deep",
				 JUNIT_SUITES_MAX);
	if (junit_name_check(name, err) < 0)
		return -1;
	suite.name = strdup(name != NULL ? name : "");
	if (suite.name == NULL)
		return error_memory(err);
	junit_claim(&suite.tests, xml_attribute(attributes, "tests"));
	junit_claim(&suite.failing, xml_attribute(attributes, "failures"));
	junit_claim(&suite.failing, xml_attribute(attributes, "errors"));
	reader->suites[reader->depth++] = suite;
	return 0;
}

static int junit_note_claim(struct junit_reader *reader, uint64_t claimed, const char *what,
			    uint64_t counted, struct error *err)
{
	const char *suite = reader->suites[reader->depth - 1].name;

	if (suite[0] == '\0')
		return junit_note(reader->junit, err, "it claims %" PRIu64 " %s; counted: %" PRIu64,
				  claimed, what, counted);
	return junit_note(reader->junit, err, "suite '%s' claims %" PRIu64 " %s; counted: %" PRIu64,
			  suite, claimed, what, counted);
}

/* Compares what the suite claims with what stood in it. */
static int junit_end_suite(struct junit_reader *reader, struct error *err)
{
	struct junit *junit = reader->junit;
	struct junit_suite *suite = &reader->suites[reader->depth - 1];
	uint64_t counted = junit->count - suite->first;
	uint64_t claimed = suite->failing.count;
	uint64_t failing = 0;
	uint64_t parts = 0;

	for (size_t i = suite->first; i < junit->count; i++) {
		failing += junit->cases[i].outcome >= JUNIT_FAILED;
		parts += junit->cases[i].failure_count;
	}
	if (suite->tests.made && suite->tests.count != counted &&
	    junit_note_claim(reader, suite->tests.count, "tests", counted, err) < 0)
		return -1;
	/* some count test cases, others each failed assertion */
	if (suite->failing.made && claimed != failing && claimed != parts) {
		if (claimed > parts)
			junit->hidden_failures = true;
		if (junit_note_claim(reader, claimed, "failures and errors", failing, err) < 0)
			return -1;
	}
	free(steal(&suite->name));
	reader->depth--;
	return 0;
}

/* "SUITE > SUITE > NAME" of the suites that have a name. */
static void junit_path(const struct junit_reader *reader, const char *name, struct buf *out)
{
	for (size_t i = 0; i < reader->depth; i++) {
		if (reader->suites[i].name[0] == '\0')
			continue;
		if (out->size > 0)
			buf_add_string(out, " > ");
		buf_add_string(out, reader->suites[i].name);
	}
	if (name[0] == '\0')
		return;
	if (out->size > 0)
		buf_add_string(out, " > ");
	buf_add_string(out, name);
}

/* Names of test cases that runners make for a class that could not be set up. */
static bool junit_names_class(const char *name, const char *class)
{
	static const char *const names[] = { "", "initializationError", "executionError",
					     "classMethod" };

	for (size_t i = 0; i < array_size(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return strcmp(name, class) == 0;
}

static int junit_name_case(const struct junit_reader *reader, const char *class, const char *name,
			   struct junit_case *item, struct error *err)
{
	struct junit *junit = reader->junit;
	const char *container = name;
	auto_buf struct buf full;

	buf_init(&full, BUF_MAX_DEFAULT);
	if (class == NULL) {
		junit_path(reader, name, &full);
		if (full.size == 0)
			buf_add_string(&full, "(no name)");
		/* what gotestsum calls a package that failed before its tests, and a failure that
		 * hangs on the suite */
		if (reader->depth > 0 && (strcmp(name, "TestMain") == 0 || name[0] == '\0'))
			container = reader->suites[reader->depth - 1].name;
		if (container[0] != '\0' &&
		    junit_keep(junit, container, strlen(container), &item->container, err) < 0)
			return -1;
		return junit_keep_buf(junit, &full, &item->name, err);
	}
	buf_add_string(&full, class);
	if (name[0] != '\0' && strcmp(name, class) != 0)
		buf_printf(&full, ".%s", name);
	if (name[0] != '\0' && junit_names_class(name, class) &&
	    junit_keep(junit, class, strlen(class), &item->container, err) < 0)
		return -1;
	return junit_keep_buf(junit, &full, &item->name, err);
}

/* "1.5", "1,234.5" as Surefire groups, "0,5" of other locales, "1.2E-4". */
static bool junit_time(const char *text, uint64_t *ret_nanoseconds)
{
	char digits[64];
	size_t length = 0;
	bool grouped = strchr(text, '.') != NULL;
	char *end;
	double seconds;

	for (; *text != '\0'; text++) {
		if (*text == ',' && grouped)
			continue;
		if (strchr("0123456789.,eE+-", *text) == NULL || length + 1 == sizeof digits)
			return false;
		digits[length++] = *text == ',' ? '.' : *text;
	}
	digits[length] = '\0';
	errno = 0;
	seconds = strtod(digits, &end);
	if (length == 0 || *end != '\0' || !isfinite(seconds) || seconds < 0 || seconds > 1e9)
		return false;
	*ret_nanoseconds = (uint64_t)(seconds * 1e9 + 0.5);
	return true;
}

/* Googletest tells a disabled test by an attribute alone, and others tell failures so. */
static enum junit_outcome junit_status(const char *text)
{
	static const struct {
		const char *text;
		enum junit_outcome outcome;
	} states[] = {
		{ "notrun", JUNIT_SKIPPED },   { "skipped", JUNIT_SKIPPED },
		{ "disabled", JUNIT_SKIPPED }, { "suppressed", JUNIT_SKIPPED },
		{ "ignored", JUNIT_SKIPPED },  { "pending", JUNIT_SKIPPED },
		{ "failed", JUNIT_FAILED },    { "failure", JUNIT_FAILED },
		{ "fail", JUNIT_FAILED },      { "error", JUNIT_ERROR },
	};

	for (size_t i = 0; text != NULL && i < array_size(states); i++)
		if (strcasecmp(text, states[i].text) == 0)
			return states[i].outcome;
	return JUNIT_PASSED;
}

static int junit_source(struct junit *junit, const char *const *attributes, struct junit_case *item,
			struct error *err)
{
	const char *file = xml_attribute(attributes, "file");
	const char *line = xml_attribute(attributes, "line");
	auto_buf struct buf source;

	buf_init(&source, JUNIT_NAME_MAX);
	if (file == NULL || file[0] == '\0')
		return 0;
	buf_add_string(&source, file);
	if (line != NULL && line[0] != '\0')
		buf_printf(&source, ":%s", line);
	return junit_keep_buf(junit, &source, &item->source, err);
}

/* A place at the end of the list; the caller fills it, junit_free clears it. */
static int junit_add_case(struct junit *junit, struct junit_case **ret_item, struct error *err)
{
	if (junit->count == JUNIT_CASES_MAX)
		return error_set(err, ERROR_INPUT, "more than %zu test cases", JUNIT_CASES_MAX);
	if (array_room(&junit->cases, junit->count, &junit->capacity, err) < 0)
		return -1;
	*ret_item = &junit->cases[junit->count++];
	**ret_item = (struct junit_case) { .outcome = JUNIT_PASSED };
	return 0;
}

static int junit_begin_case(struct junit_reader *reader, const char *const *attributes,
			    struct error *err)
{
	const char *class = xml_attribute(attributes, "classname");
	const char *name = xml_attribute(attributes, "name");
	const char *time = xml_attribute(attributes, "time");
	enum junit_outcome status = junit_status(xml_attribute(attributes, "status"));
	enum junit_outcome result = junit_status(xml_attribute(attributes, "result"));
	struct junit_case *item = NULL;

	if (junit_name_check(class, err) < 0 || junit_name_check(name, err) < 0 ||
	    junit_add_case(reader->junit, &item, err) < 0)
		return -1;
	/* Node's own runner gives this class to everything */
	if (class != NULL && (class[0] == '\0' || strcmp(class, "test") == 0))
		class = NULL;
	item->outcome = status > result ? status : result;
	item->timed = time != NULL && junit_time(time, &item->nanoseconds);
	reader->in_case = true;
	if (junit_name_case(reader, class, name != NULL ? name : "", item, err) < 0)
		return -1;
	return junit_source(reader->junit, attributes, item, err);
}

static void junit_end_case(struct junit_reader *reader)
{
	struct junit_case *item = &reader->junit->cases[reader->junit->count - 1];

	/* failed by its status alone */
	if (item->outcome >= JUNIT_FAILED && item->failure_count == 0)
		item->failure_count = 1;
	reader->in_case = false;
	reader->of_suite = false;
}

static bool junit_is_verdict(const char *element, enum junit_outcome *ret_outcome)
{
	static const struct {
		const char *element;
		enum junit_outcome outcome;
	} verdicts[] = {
		{ "failure", JUNIT_FAILED },   { "error", JUNIT_ERROR },
		{ "skipped", JUNIT_SKIPPED },  { "skip", JUNIT_SKIPPED },
		{ "disabled", JUNIT_SKIPPED },
	};

	for (size_t i = 0; i < array_size(verdicts); i++)
		if (strcmp(element, verdicts[i].element) == 0) {
			*ret_outcome = verdicts[i].outcome;
			return true;
		}
	return false;
}

static int junit_begin_verdict(struct junit_reader *reader, enum junit_outcome verdict,
			       const char *const *attributes, struct error *err)
{
	const char *message = xml_attribute(attributes, "message");
	const char *type = xml_attribute(attributes, "type");

	if (message == NULL || message[strspn(message, " \t\r\n")] == '\0')
		message = NULL;
	reader->verdict = verdict;
	reader->in_verdict = true;
	buf_clear(&reader->text);
	reader->text_full = false;
	if (message == NULL)
		message = type != NULL && type[0] != '\0' ? type : NULL;
	if (message == NULL)
		return 0;
	return junit_keep(reader->junit, message, strlen(message), &reader->verdict_message, err);
}

/* A suite that could not be set up, told at the suite itself. */
static int junit_begin_suite_verdict(struct junit_reader *reader, enum junit_outcome verdict,
				     const char *const *attributes, struct error *err)
{
	struct junit_case *item = NULL;

	if (junit_add_case(reader->junit, &item, err) < 0 ||
	    junit_name_case(reader, NULL, "", item, err) < 0)
		return -1;
	reader->in_case = true;
	reader->of_suite = true;
	return junit_begin_verdict(reader, verdict, attributes, err);
}

/* Without white space at both ends. */
static void junit_trim(const char **text, size_t *size)
{
	while (*size > 0 && isspace((unsigned char)(*text)[0])) {
		(*text)++;
		(*size)--;
	}
	while (*size > 0 && isspace((unsigned char)(*text)[*size - 1]))
		(*size)--;
}

/* Go's reports say "Failed" and put the reason into the text, behind the runner's own lines. */
static int junit_message_of_text(struct junit_reader *reader, const char *text, size_t size,
				 struct error *err)
{
	const char *message = reader->verdict_message;

	if (message != NULL && strcmp(message, "Failed") != 0)
		return 0;
	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		size_t length = end != NULL ? (size_t)(end - text) : size;
		const char *line = text;
		size_t line_size = length;

		junit_trim(&line, &line_size);
		if (line_size > 0 && (line_size < 3 || (memcmp(line, "===", 3) != 0 &&
							memcmp(line, "---", 3) != 0))) {
			free(steal(&reader->verdict_message));
			return junit_keep(reader->junit, line, line_size, &reader->verdict_message,
					  err);
		}
		length += end != NULL;
		text += length;
		size -= length;
	}
	return 0;
}

static int junit_end_verdict(struct junit_reader *reader, struct error *err)
{
	struct junit_case *item = &reader->junit->cases[reader->junit->count - 1];
	const char *text = reader->text.data;
	size_t size = reader->text.size;
	bool first = reader->verdict >= JUNIT_FAILED
			     ? item->failure_count == 0
			     : item->message == NULL && item->details == NULL;

	reader->in_verdict = false;
	if (first) {
		junit_trim(&text, &size);
		if (junit_message_of_text(reader, text, size, err) < 0)
			return -1;
		free(item->message);
		item->message = steal(&reader->verdict_message);
		free(steal(&item->details));
		if (size > 0 && junit_keep(reader->junit, text, size, &item->details, err) < 0)
			return -1;
	}
	free(steal(&reader->verdict_message));
	item->failure_count += reader->verdict >= JUNIT_FAILED;
	if (reader->verdict > item->outcome)
		item->outcome = reader->verdict;
	if (reader->of_suite)
		junit_end_case(reader);
	return 0;
}

static int junit_on_begin(void *context, const char *element, const char *const *attributes,
			  struct error *err)
{
	struct junit_reader *reader = context;
	bool is_case = strcmp(element, "testcase") == 0;
	bool is_suite = strcmp(element, "testsuite") == 0 || strcmp(element, "testsuites") == 0;
	enum junit_outcome verdict = JUNIT_PASSED;

	if (reader->depth == 0 && !is_suite)
		return error_set(err, ERROR_INPUT, "no JUnit report: its root element is '%s'",
				 element);
	if ((reader->in_case || reader->other > 0) && (is_case || is_suite))
		return error_set(err, ERROR_INPUT, "'%s' stands where none may be", element);
	if (reader->other > 0 || reader->in_verdict) {
		reader->other++;
		return 0;
	}
	if (is_suite)
		return junit_begin_suite(reader, attributes, err);
	if (is_case)
		return junit_begin_case(reader, attributes, err);
	if (junit_is_verdict(element, &verdict)) {
		if (reader->in_case)
			return junit_begin_verdict(reader, verdict, attributes, err);
		if (verdict >= JUNIT_FAILED)
			return junit_begin_suite_verdict(reader, verdict, attributes, err);
	}
	reader->other = 1;
	return 0;
}

static int junit_on_end(void *context, unused_arg const char *element, struct error *err)
{
	struct junit_reader *reader = context;

	if (reader->other > 0) {
		reader->other--;
		return 0;
	}
	if (reader->in_verdict)
		return junit_end_verdict(reader, err);
	if (reader->in_case) {
		junit_end_case(reader);
		return 0;
	}
	return junit_end_suite(reader, err);
}

static int junit_on_text(void *context, const char *data, size_t size, unused_arg struct error *err)
{
	struct junit_reader *reader = context;
	size_t room;

	if (!reader->in_verdict || reader->other > 0 || reader->text_full)
		return 0;
	room = JUNIT_DETAILS_MAX - reader->text.size;
	if (size > room) {
		size = room;
		reader->text_full = true;
		/* never within a character */
		while (size > 0 && ((unsigned char)data[size] & 0xc0) == 0x80)
			size--;
	}
	buf_add(&reader->text, data, size);
	return 0;
}

/*
 * Node's own runner writes a test that has subtests as a suite, and where that test itself fails
 * only the comments at the end ("fail 1") know it.
 */
static int junit_on_comment(void *context, const char *text, unused_arg struct error *err)
{
	static const char *const words[] = { "fail ", "cancelled " };
	struct junit_reader *reader = context;

	if (reader->depth != 1 || reader->in_case)
		return 0;
	text += strspn(text, " ");
	for (size_t i = 0; i < array_size(words); i++)
		if (strncmp(text, words[i], strlen(words[i])) == 0) {
			char number[32];
			size_t length = strcspn(text + strlen(words[i]), " ");

			if (length >= sizeof number)
				return 0;
			memcpy(number, text + strlen(words[i]), length);
			number[length] = '\0';
			junit_claim(&reader->suites[0].failing, number);
		}
	return 0;
}

int junit_parse(const void *data, size_t size, struct junit **ret_junit, struct error *err)
{
	static const struct xml_handler handler = {
		.begin = junit_on_begin,
		.end = junit_on_end,
		.text = junit_on_text,
		.comment = junit_on_comment,
	};
	auto_junit struct junit *junit = calloc(1, sizeof *junit);
	struct junit_reader reader = { .junit = junit };
	int result;

	if (junit == NULL)
		return error_memory(err);
	buf_init(&reader.text, JUNIT_DETAILS_MAX);
	result = xml_parse(data, size, &handler, &reader, err);
	while (reader.depth > 0)
		free(reader.suites[--reader.depth].name);
	free(reader.verdict_message);
	buf_release(&reader.text);
	if (result < 0)
		return -1;
	*ret_junit = steal(&junit);
	return 0;
}

void junit_free(struct junit *junit)
{
	if (junit == NULL)
		return;
	for (size_t i = 0; i < junit->count; i++) {
		struct junit_case *item = &junit->cases[i];

		free(item->name);
		free(item->container);
		free(item->message);
		free(item->details);
		free(item->source);
	}
	for (size_t i = 0; i < junit->note_count; i++)
		free(junit->notes[i]);
	free(junit->notes);
	free(junit->cases);
	free(junit);
}
