/* image-lint: rules on Dockerfiles, compose files and images, and on them together. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/doc.h"
#include "check/lint.h"
#include "check/lintcompose.h"
#include "check/lintfile.h"
#include "check/lintimage.h"
#include "check/lintreport.h"
#include "check/outline.h"
#include "check/pinfind.h"
#include "tool.h"

#define FILE_SIZE_MAX ((size_t)4 << 20)
/* What is enough to tell a text from an archive. */
#define LOOK_SIZE ((size_t)512)

enum format { AS_TEXT, AS_JSON, AS_TAP, AS_SARIF, AS_GITHUB, AS_GITLAB };

static const char *const formats[] = { "text", "json", "tap", "sarif", "github", "gitlab", NULL };
static const char *const severities[] = { "info", "warning", "error", NULL };

struct settings {
	struct tool tool;
	struct image_options image;
	struct option_list only;
	struct option_list enable;
	struct option_list disable;
	struct option_list expect;
	struct option_list build_args;
	struct option_list environment;
	const char *stage;
	const char *context;
	int format;
	int fail_on;
	bool list;
	bool outline;
	bool fix;
	bool diff;
};

static const struct option_spec options[] = {
	{ "list", 0, OPTION_FLAG, offsetof(struct settings, list), NULL,
	  "list all rules, and which of them are enabled", NULL },
	{ "outline", 0, OPTION_FLAG, offsetof(struct settings, outline), NULL,
	  "tell what the targets say of what is built and run,\nand check nothing", NULL },
	{ "only", 0, OPTION_LIST, offsetof(struct settings, only), "RULE[,RULE]...",
	  "enable these rules and no others", NULL },
	{ "enable", 0, OPTION_LIST, offsetof(struct settings, enable), "RULE[,RULE]...",
	  "enable rules that are off by default", NULL },
	{ "disable", 0, OPTION_LIST, offsetof(struct settings, disable), "RULE[,RULE]...",
	  "disable rules", NULL },
	{ "fail-on", 0, OPTION_CHOICE, offsetof(struct settings, fail_on), "SEVERITY",
	  "the least severity that fails: info, warning or\nerror (default: warning)", severities },
	{ "expect", 0, OPTION_LIST, offsetof(struct settings, expect), "NAME=VALUE",
	  "what was agreed on: uid=, port=,\n"
	  "health-interval=, health-timeout=,\n"
	  "health-start-period=, health-retries=",
	  NULL },
	{ "fix", 0, OPTION_FLAG, offsetof(struct settings, fix), NULL,
	  "mend in the files what can be mended mechanically", NULL },
	{ "diff", 0, OPTION_FLAG, offsetof(struct settings, diff), NULL,
	  "print what --fix would change, and change nothing", NULL },
	{ "target", 0, OPTION_STRING, offsetof(struct settings, stage), "STAGE",
	  "the stage of Dockerfiles that is built (default:\nthe last)", NULL },
	{ "context", 0, OPTION_STRING, offsetof(struct settings, context), "DIR",
	  "the folder that is built from (default: the\nDockerfile's)", NULL },
	{ "build-arg", 0, OPTION_LIST, offsetof(struct settings, build_args), "NAME=VALUE",
	  "set an ARG, as the build does", NULL },
	{ "env", 0, OPTION_LIST, offsetof(struct settings, environment), "NAME=VALUE",
	  "set a variable of compose files", NULL },
	{ "format", 0, OPTION_CHOICE, offsetof(struct settings, format), "FORMAT",
	  "text, json, tap, sarif, github or gitlab", formats },
	TOOL_IMAGE_OPTIONS(struct settings),
	TOOL_OPTIONS(struct settings),
};

static const struct program program = {
	.name = "image-lint",
	.operands = "TARGET...",
	.summary =
		"Checks Dockerfiles, compose files and images against rules for production. A\n"
		"Dockerfile and the image that was built from it, given together, are one\n"
		"matter, and so is a compose file beside them.\n"
		"Exit status: 0 nothing was found that fails, 1 something was, 2 a target could\n"
		"not be read or understood.",
	.options = options,
	.operands_min = 0,
	.operands_max = SIZE_MAX,
};

struct target {
	struct lint_target facts;
	struct buf data;
	struct buf mended;
	struct edits edits;
	struct image *image;
	char id[DIGEST_TEXT_MAX];
};

struct run {
	const struct settings *settings;
	const struct operands *operands;
	struct lint lint;
	struct variables build_args;
	struct variables environment;
	struct build_settings build;
	struct target *targets;
	size_t count;
	struct lint_target *facts; /* of the targets, in a row */
	struct lint_report report;
};

/* "RULE,RULE" */
static int set_rules(struct lint *lint, const char *text, const char *option, bool on,
		     struct error *err)
{
	/* no rule at all would let everything pass */
	do {
		size_t length = strcspn(text, ",");
		auto_free char *slug = strndup(text, length);
		enum lint_id rule;

		if (slug == NULL)
			return error_memory(err);
		rule = lint_rule_find(slug);
		if (rule == LINT_RULE_COUNT)
			return error_set(err, ERROR_USAGE,
					 "--%s: there is no rule '%s': did you mean '%s'?", option,
					 slug, lint_rule_nearest(slug));
		lint->enabled[rule] = on;
		text += length + (text[length] == ',');
	} while (*text != '\0');
	return 0;
}

static int choose_rules(struct run *run, struct error *err)
{
	const struct settings *settings = run->settings;

	for (size_t i = 0; settings->only.count > 0 && i < LINT_RULE_COUNT; i++)
		run->lint.enabled[i] = false;
	/* that something is hidden wrongly is never a matter of choice */
	run->lint.enabled[LINT_SILENCE_INVALID] = true;
	for (size_t i = 0; i < settings->only.count; i++)
		if (set_rules(&run->lint, settings->only.items[i], "only", true, err) < 0)
			return -1;
	for (size_t i = 0; i < settings->enable.count; i++)
		if (set_rules(&run->lint, settings->enable.items[i], "enable", true, err) < 0)
			return -1;
	for (size_t i = 0; i < settings->disable.count; i++)
		if (set_rules(&run->lint, settings->disable.items[i], "disable", false, err) < 0)
			return -1;
	for (size_t i = 0; i < settings->expect.count; i++)
		if (lint_expect(&run->lint.expectations, settings->expect.items[i], err) < 0)
			return error_prefix(err, "--expect");
	return 0;
}

/* A tar, or something compressed. */
static bool is_archive(const char *data, size_t size)
{
	return memchr(data, '\0', size) != NULL ||
	       (size > 2 &&
		(memcmp(data, "\x1f\x8b", 2) == 0 || memcmp(data, "\x28\xb5\x2f", 3) == 0));
}

/* Is it an image? A folder, an archive, or a name that is no file's. */
static int tell_image(const char *name, bool *ret_image, struct error *err)
{
	auto_file FILE *file = NULL;
	char data[LOOK_SIZE];
	struct stat st;

	*ret_image = false;
	if (stat(name, &st) < 0) {
		const char *slash = strrchr(name, '/');
		const char *last = slash != NULL ? slash + 1 : name;

		*ret_image = strstr(last, "ockerfile") == NULL &&
			     strstr(last, "ontainerfile") == NULL && strstr(last, ".yml") == NULL &&
			     strstr(last, ".yaml") == NULL;
		return 0;
	}
	*ret_image = S_ISDIR(st.st_mode);
	if (!S_ISREG(st.st_mode))
		return 0;
	file = fopen(name, "re");
	if (file == NULL)
		return error_set(err, ERROR_INPUT, "cannot open '%s': %s", name, strerror(errno));
	*ret_image = is_archive(data, fread(data, 1, sizeof data, file));
	return 0;
}

static int open_image(struct run *run, struct target *target, struct error *err)
{
	struct image_options how = run->settings->image;

	how.once = true;
	if (image_open(target->facts.name, &how, &target->image, err) < 0)
		return -1;
	target->facts.subject = LINT_ON_IMAGE;
	if (!image_is_pending(target->image))
		target->facts.id = digest_text(image_id(target->image), target->id);
	return 0;
}

/* Standard input, of which the beginning tells whether it is an image. */
static int open_input(struct run *run, struct target *target, struct error *err)
{
	auto_stream struct stream *input = NULL;
	struct image_options how = run->settings->image;
	struct stream *whole = NULL;
	char piece[LOOK_SIZE];
	ssize_t got = 1;

	if (stream_of_descriptor(STDIN_FILENO, target->facts.name, &input, err) < 0)
		return -1;
	while (got > 0 && target->data.size < LOOK_SIZE) {
		got = stream_read(input, piece, sizeof piece, err);
		if (got > 0)
			buf_add(&target->data, piece, (size_t)got);
	}
	if (got < 0)
		return -1;
	if (!is_archive(target->data.data, target->data.size))
		return buf_read_fd(&target->data, STDIN_FILENO, target->facts.name, err);
	if (stream_after(target->data.data, target->data.size, steal(&input), &whole, err) < 0)
		return -1;
	target->facts.subject = LINT_ON_IMAGE;
	how.once = true;
	return image_open_stream("-", whole, target->facts.name, &how, &target->image, err);
}

static int read_target(struct run *run, struct target *target, const char *name, struct error *err)
{
	bool is_image;

	if (strcmp(name, "-") == 0) {
		target->facts.name = "standard input";
		return open_input(run, target, err);
	}
	if (tell_image(name, &is_image, err) < 0)
		return -1;
	return is_image ? open_image(run, target, err) : buf_read_file(&target->data, name, err);
}

static int open_target(struct run *run, struct target *target, const char *name, struct error *err)
{
	buf_init(&target->data, FILE_SIZE_MAX);
	buf_init(&target->mended, 2 * FILE_SIZE_MAX);
	target->facts.name = name;
	if (read_target(run, target, name, err) < 0)
		return -1;
	if (target->image != NULL)
		return 0;
	if (memchr(target->data.data, '\0', target->data.size) != NULL)
		return error_set(err, ERROR_INPUT, "%s: no text: it holds a NUL byte",
				 target->facts.name);
	target->facts.data = target->data.data;
	target->facts.size = target->data.size;
	switch (pin_file_type(name, target->data.data, target->data.size)) {
	case PIN_FILE_DOCKERFILE:
		target->facts.subject = LINT_ON_DOCKERFILE;
		return 0;
	case PIN_FILE_COMPOSE:
		target->facts.subject = LINT_ON_COMPOSE;
		return 0;
	case PIN_FILE_KUBERNETES:
	case PIN_FILE_WORKFLOW:
	default:
		return error_set(err, ERROR_INPUT,
				 "%s: neither Dockerfile nor compose file nor image",
				 target->facts.name);
	}
}

static size_t count_of(const struct run *run, enum lint_subject subject)
{
	size_t count = 0;

	for (size_t i = 0; i < run->count; i++)
		count += run->targets[i].facts.subject == subject;
	return count;
}

/* The folder of a file; the caller frees. */
static char *folder_of(const char *name)
{
	const char *slash = strrchr(name, '/');

	if (slash == NULL)
		return strdup(".");
	return strndup(name, slash == name ? 1 : (size_t)(slash - name));
}

static int check_dockerfile(struct run *run, size_t number, struct lint_file_facts *facts,
			    struct error *err)
{
	struct target *target = &run->targets[number];
	bool is_stdin = strcmp(run->operands->items[number], "-") == 0;
	auto_free char *folder = folder_of(target->facts.name);
	struct lint_file_settings settings = {
		.build = &run->build,
		.stage = run->settings->stage,
		.context = run->settings->context,
		.has_image =
			count_of(run, LINT_ON_DOCKERFILE) == 1 && count_of(run, LINT_ON_IMAGE) > 0,
	};

	if (folder == NULL)
		return error_memory(err);
	if (settings.context == NULL && !is_stdin)
		settings.context = folder;
	run->lint.edits = run->settings->fix || run->settings->diff ? &target->edits : NULL;
	lint_file_facts_release(facts);
	return lint_dockerfile(&run->lint, number, target->facts.name, target->data.data,
			       target->data.size, &settings, facts, err);
}

/* Dockerfiles first: what they say counts for the others. */
static int check_all(struct run *run, struct error *err)
{
	struct lint_file_facts facts = { 0 };
	int result = 0;

	for (size_t i = 0; i < run->count && result == 0; i++)
		if (run->targets[i].facts.subject == LINT_ON_DOCKERFILE)
			result = check_dockerfile(run, i, &facts, err);
	run->lint.edits = NULL;
	for (size_t i = 0; i < run->count && result == 0; i++) {
		struct target *target = &run->targets[i];
		struct lint_compose_settings settings = {
			.environment = &run->environment,
			.built = count_of(run, LINT_ON_DOCKERFILE) == 1 ? &facts : NULL,
		};

		if (target->facts.subject == LINT_ON_COMPOSE)
			result = lint_compose(&run->lint, i, target->facts.name, target->data.data,
					      target->data.size, &settings, err);
		else if (target->facts.subject == LINT_ON_IMAGE)
			result = lint_image(&run->lint, i, target->image, err);
		if (result == 0 && target->image != NULL)
			target->facts.id = digest_text(image_id(target->image), target->id);
	}
	lint_file_facts_release(&facts);
	return result < 0 ? -1 : lint_finish(&run->lint, err);
}

/* All files are ready before the first one is replaced. */
static int mend(const struct run *run, struct error *err)
{
	struct rewrite **rewrites = calloc(run->count + 1, sizeof(struct rewrite *));
	int result = 0;

	if (rewrites == NULL)
		return error_memory(err);
	for (size_t i = 0; i < run->count && result == 0; i++) {
		struct target *target = &run->targets[i];

		if (target->edits.count == 0)
			continue;
		result = edits_apply(&target->edits, target->data.data, target->data.size,
				     &target->mended, err);
		if (result == 0 && !run->settings->diff)
			result = rewrite_new(run->operands->items[i], &target->data,
					     &target->mended, &rewrites[i], err);
	}
	for (size_t i = 0; i < run->count && result == 0; i++)
		if (rewrites[i] != NULL)
			result = rewrite_finish(rewrites[i], err);
	for (size_t i = 0; i < run->count; i++)
		rewrite_free(rewrites[i]);
	free(rewrites);
	return result;
}

static int open_targets(struct run *run, struct error *err)
{
	const struct settings *settings = run->settings;

	if (run->operands->count == 0)
		return error_set(err, ERROR_USAGE, "no TARGET (see --help)");
	if (tool_read_variables(&settings->build_args, "build-arg", &run->build_args, err) < 0 ||
	    tool_read_variables(&settings->environment, "env", &run->environment, err) < 0)
		return -1;
	run->build.args = &run->build_args;
	platform_host(&run->build.platform);
	if (settings->image.platform != NULL &&
	    platform_parse(settings->image.platform, &run->build.platform, err) < 0)
		return error_prefix(err, "--platform");
	run->targets = calloc(run->operands->count, sizeof *run->targets);
	run->facts = calloc(run->operands->count, sizeof *run->facts);
	if (run->targets == NULL || run->facts == NULL)
		return error_memory(err);
	for (size_t i = 0; i < run->operands->count; i++) {
		if (settings->fix && !settings->diff && strcmp(run->operands->items[i], "-") == 0)
			return error_set(err, ERROR_USAGE,
					 "standard input cannot be mended: use --diff");
		run->count++;
		if (open_target(run, &run->targets[i], run->operands->items[i], err) < 0)
			return -1;
	}
	return 0;
}

static int run_check(struct run *run, struct error *err)
{
	const struct settings *settings = run->settings;

	if (open_targets(run, err) < 0 || check_all(run, err) < 0)
		return -1;
	for (size_t i = 0; i < run->count; i++)
		run->facts[i] = run->targets[i].facts;
	run->report = (struct lint_report) {
		.lint = &run->lint,
		.targets = run->facts,
		.target_count = run->count,
		.fail_on = (enum lint_severity)settings->fail_on,
		.version = PACKAGE_VERSION,
		.fixing = settings->fix && !settings->diff,
	};
	return mend(run, err);
}

static void run_release(struct run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		buf_release(&run->targets[i].data);
		buf_release(&run->targets[i].mended);
		edits_release(&run->targets[i].edits);
		image_free(run->targets[i].image);
	}
	free(run->targets);
	free(run->facts);
	variables_release(&run->build_args);
	variables_release(&run->environment);
	lint_release(&run->lint);
}

static enum format format_of(const struct settings *settings)
{
	return settings->tool.json  ? AS_JSON
	       : settings->tool.tap ? AS_TAP
				    : (enum format)settings->format;
}

static bool is_colourful(void)
{
	const char *never = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) != 0 && (never == NULL || never[0] == '\0');
}

static int print_report(const struct run *run, struct error *err)
{
	switch (format_of(run->settings)) {
	case AS_JSON:
		lint_report_json(&run->report, stdout);
		return 0;
	case AS_TAP:
		lint_report_tap(&run->report, stdout);
		return 0;
	case AS_SARIF:
		return lint_report_sarif(&run->report, stdout, err);
	case AS_GITHUB:
		lint_report_github(&run->report, stdout);
		return 0;
	case AS_GITLAB:
		return lint_report_gitlab(&run->report, stdout, err);
	case AS_TEXT:
	default:
		return lint_report_text(&run->report, is_colourful(), stdout, err);
	}
}

static void print_diffs(const struct run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		auto_buf struct buf out;

		buf_init(&out, BUF_MAX_DEFAULT);
		if (run->targets[i].edits.count == 0)
			continue;
		diff_lines(run->targets[i].facts.name, &run->targets[i].data,
			   &run->targets[i].mended, &out);
		(void)fwrite(out.data, 1, out.size, stdout);
	}
}

static int print_list(const struct run *run)
{
	auto_doc json_t *rules = NULL;

	if (format_of(run->settings) != AS_JSON) {
		lint_rules_text(&run->lint, stdout);
		return TOOL_HOLDS;
	}
	rules = lint_rules_json(&run->lint);
	tool_print_json(rules);
	return TOOL_HOLDS;
}

static json_t *outline_of(const struct run *run, const struct target *target, struct error *err)
{
	const struct lint_target *facts = &target->facts;

	if (facts->subject == LINT_ON_DOCKERFILE)
		return outline_dockerfile(facts->name, facts->data, facts->size, &run->build,
					  run->settings->stage, err);
	if (facts->subject == LINT_ON_COMPOSE)
		return outline_compose(facts->name, facts->data, facts->size, &run->environment,
				       err);
	if (image_is_pending(target->image) && image_pass(target->image, NULL, err) < 0)
		return NULL;
	return outline_image(image_configuration(target->image), err);
}

/* Schema "seatrial/outline/1". */
static int print_outlines(struct run *run, struct error *err)
{
	auto_doc json_t *document = json_object();
	json_t *targets = json_array();

	(void)json_object_set_new(document, "schema", json_string("seatrial/outline/1"));
	(void)json_object_set_new(document, "targets", targets);
	if (open_targets(run, err) < 0)
		return -1;
	for (size_t i = 0; i < run->count; i++) {
		json_t *outline = outline_of(run, &run->targets[i], err);

		if (outline == NULL)
			return -1;
		(void)json_object_set_new(outline, "target", doc_text(run->targets[i].facts.name));
		(void)json_array_append_new(targets, outline);
	}
	if (format_of(run->settings) == AS_JSON)
		tool_print_json(document);
	else
		outline_text(targets, stdout);
	return 0;
}

static int run_all(struct run *run)
{
	struct error err = ERROR_INIT;

	lint_init(&run->lint);
	if (choose_rules(run, &err) < 0)
		return tool_fail(&program, &err);
	if (run->settings->list)
		return print_list(run);
	if (run->settings->outline)
		return print_outlines(run, &err) < 0 ? tool_fail(&program, &err) : TOOL_HOLDS;
	if (run->settings->diff && format_of(run->settings) != AS_TEXT &&
	    error_set(&err, ERROR_USAGE, "--diff: only behind the text for people") < 0)
		return tool_fail(&program, &err);
	if (run_check(run, &err) < 0 || print_report(run, &err) < 0)
		return tool_fail(&program, &err);
	if (run->settings->diff)
		print_diffs(run);
	return lint_holds(&run->report) ? TOOL_HOLDS : TOOL_FAILS;
}

static void settings_release(struct settings *settings)
{
	option_list_release(&settings->only);
	option_list_release(&settings->enable);
	option_list_release(&settings->disable);
	option_list_release(&settings->expect);
	option_list_release(&settings->build_args);
	option_list_release(&settings->environment);
	registry_options_release(&settings->image.registry);
}

int main(int argc, char **argv)
{
	struct settings settings = { .fail_on = LINT_WARNING };
	struct operands operands = { 0 };
	struct run run = { .settings = &settings, .operands = &operands };
	int status = tool_begin(&program, argc, argv, &settings, &operands);

	if (status >= 0) {
		settings_release(&settings);
		return status;
	}
	status = run_all(&run);
	run_release(&run);
	settings_release(&settings);
	operands_release(&operands);
	return tool_finish(&program, status);
}
