#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/doc.h"
#include "base/tap.h"
#include "base/text.h"
#include "check/grep.h"
#include "check/rules.h"
#include "tool.h"

#define TAP_MATCHES 10

struct settings {
	struct tool tool;
	struct image_options image;
	bool path, content, config;
	bool regex, fixed, caseless;
	bool deny, final;
	bool files, count, numbers, zero, no_heading;
	struct option_list rules;
};

#define FLAG(name, letter, field, help)                                                       \
	{                                                                                     \
		name, letter, OPTION_FLAG, offsetof(struct settings, field), NULL, help, NULL \
	}

static const struct option_spec options[] = {
	FLAG("path", 0, path, "look at paths (the default)"),
	FLAG("content", 0, content, "look into files"),
	FLAG("config", 0, config,
	     "look at history, environment, labels and commands\n"
	     "(with --rules: content rules, too, apply to them)"),
	{ "rules", 'f', OPTION_LIST, offsetof(struct settings, rules), "FILE",
	  "look for all that a rules file lists; a bare name is\n"
	  "one of the suite's: build-tools, package-managers,\n"
	  "development-dependencies, secrets",
	  NULL },
	FLAG("regex", 'E', regex, "PATTERN is a regular expression (PCRE2)"),
	FLAG("fixed", 'F', fixed, "PATTERN is a fixed string (default for contents)"),
	FLAG("ignore-case", 'i', caseless, "ASCII letters match in both cases"),
	FLAG("deny", 0, deny, "nothing may be found: 0 nothing, 1 found, 2 trouble"),
	FLAG("final", 0, final, "only what the final file system holds"),
	FLAG("files-with-matches", 'l', files, "print only the paths"),
	FLAG("count", 'c', count, "print counts: a file's lines, a layer's paths"),
	FLAG("line-number", 'n', numbers, "print the number of each line"),
	FLAG("null", '0', zero, "a NUL ends each result; names and text are raw"),
	FLAG("no-heading", 0, no_heading, "do not name the layers' instructions"),
	TOOL_IMAGE_OPTIONS(struct settings),
	TOOL_OPTIONS(struct settings),
};

static const struct program program = {
	.name = "layer-grep",
	.operands = "{PATTERN | --rules FILE} IMAGE",
	.summary = "Searches all layers of an image, files that later layers delete included.\n"
		   "Each result says the layer, whether it is still there in the end, and where.\n"
		   "Exit status: 0 found, 1 not found, 2 trouble.",
	.options = options,
	.operands_min = 1,
	.operands_max = 2,
};

/* ---- what to look for ---- */

static int add_pattern(struct rules *rules, const struct settings *settings, unsigned where,
		       const char *text, struct error *err)
{
	unsigned flags = settings->caseless ? PATTERN_CASELESS : 0;
	enum pattern_syntax syntax = settings->regex	  ? PATTERN_REGEX
				     : settings->fixed	  ? PATTERN_FIXED
				     : where == RULE_PATH ? PATTERN_GLOB
							  : PATTERN_FIXED;
	struct pattern *pattern = NULL;

	if (where == RULE_PATH)
		flags |= PATTERN_PATH;
	if (pattern_new(syntax, flags, text, strlen(text), &pattern, err) < 0)
		return -1;
	if (rules_add(rules, NULL, where, pattern, err) < 0) {
		pattern_free(pattern);
		return -1;
	}
	return 0;
}

static int rules_of_pattern(struct rules *rules, const struct settings *settings, const char *text,
			    struct error *err)
{
	unsigned where = 0;

	if (settings->content)
		where |= RULE_CONTENT;
	if (settings->config)
		where |= RULE_CONFIG;
	if ((settings->path || where == 0) &&
	    add_pattern(rules, settings, RULE_PATH, text, err) < 0)
		return -1;
	return where == 0 ? 0 : add_pattern(rules, settings, where, text, err);
}

/* Where the lists are: an installed tree may have been moved as a whole. NULL: no memory. */
static char *rules_directory(void)
{
	const char *named = getenv("SEATRIAL_RULES");
	char own[PATH_MAX];
	auto_free char *beside = NULL;
	ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
	const char *slash;

	if (named != NULL && *named != '\0')
		return strdup(named);
	if (length <= 0)
		return strdup(RULES_DIR);
	own[length] = '\0';
	slash = strrchr(own, '/');
	if (slash == NULL)
		return strdup(RULES_DIR);
	if (asprintf(&beside, "%.*s/../share/seatrial/rules", (int)(slash - own), own) < 0) {
		beside = NULL;
		return NULL;
	}
	return access(beside, X_OK) == 0 ? steal(&beside) : strdup(RULES_DIR);
}

/* A file of that name, or one of the installed lists. */
static int read_rules(struct rules *rules, const char *name, struct error *err)
{
	auto_free char *directory = rules_directory();
	auto_free char *path = NULL;
	struct stat about;

	/* A directory may happen to have a list's name. */
	if (strchr(name, '/') != NULL || (stat(name, &about) == 0 && !S_ISDIR(about.st_mode)))
		return rules_read_file(rules, name, err);
	if (directory == NULL || asprintf(&path, "%s/%s", directory, name) < 0) {
		path = NULL;
		return error_memory(err);
	}
	if (access(path, F_OK) != 0)
		return error_set(err, ERROR_MISSING, "rules '%s': neither a file nor in '%s': %s",
				 name, directory, strerror(errno));
	return rules_read_file(rules, path, err);
}

static int gather_rules(struct rules *rules, const struct settings *settings,
			const struct operands *operands, struct error *err)
{
	if (settings->regex && settings->fixed)
		return error_set(err, ERROR_USAGE, "-E and -F exclude each other");
	if (settings->files && settings->count)
		return error_set(err, ERROR_USAGE, "-l and -c exclude each other");
	if (settings->rules.count == 0) {
		if (operands->count != 2)
			return error_set(err, ERROR_USAGE, "PATTERN and IMAGE are wanted");
		return rules_of_pattern(rules, settings, operands->items[0], err);
	}
	if (operands->count != 1)
		return error_set(err, ERROR_USAGE, "with --rules one operand is wanted: IMAGE");
	if (settings->path || settings->content || settings->regex || settings->fixed ||
	    settings->caseless)
		return error_set(err, ERROR_USAGE,
				 "--path, --content, -E, -F and -i do not go with --rules");
	for (size_t i = 0; i < settings->rules.count; i++)
		if (read_rules(rules, settings->rules.items[i], err) < 0)
			return -1;
	if (settings->config)
		rules_include_config(rules);
	return 0;
}

/* ---- what was read ---- */

static const char *table_name(enum layer_table table)
{
	static const char *const names[] = {
		[LAYER_WHOLE] = NULL,
		[LAYER_ESTARGZ] = "estargz",
		[LAYER_ZSTD_CHUNKED] = "zstd:chunked",
	};

	return names[table];
}

/* "NAME: layers 0, 2: only …"; nothing where no table was read. */
static void describe_tables(const struct image *image, const struct grep *grep, struct buf *text)
{
	size_t count = 0;

	for (size_t i = 0; i < image_layer_count(image); i++)
		count += grep_layer(grep, i)->table != LAYER_WHOLE;
	if (count == 0)
		return;
	buf_printf(text, "%s: %s", image_name(image), count == 1 ? "layer" : "layers");
	for (size_t i = 0, listed = 0; i < image_layer_count(image); i++)
		if (grep_layer(grep, i)->table != LAYER_WHOLE)
			buf_printf(text, "%s%zu", listed++ > 0 ? ", " : " ", i);
	buf_add_string(text, ": only the table of contents was read (--verify reads all)");
}

/* ---- text ---- */

struct report {
	const struct settings *settings;
	const struct rules *rules;
	size_t heading; /* the layer that was named last */
	bool headed;
	uint64_t *in_layer; /* by rule: paths of the layer that have not been printed, for -c */
	size_t count_layer;
	bool counting;
	size_t printed; /* JSON: matches so far */
	json_t **first; /* TAP: by rule, its first matches */
};

static void put(const struct report *report, const char *data, size_t size)
{
	auto_buf struct buf escaped;

	buf_init(&escaped, BUF_MAX_DEFAULT);
	if (report->settings->zero) {
		(void)fwrite(data, 1, size, stdout);
		return;
	}
	text_escape(&escaped, data, size);
	(void)fwrite(escaped.data, 1, escaped.size, stdout);
}

static void put_end(const struct report *report)
{
	(void)putchar(report->settings->zero ? '\0' : '\n');
}

static void put_layer(const char *rule, size_t layer)
{
	if (rule != NULL)
		(void)printf("%s:", rule);
	if (layer == GREP_NO_LAYER)
		(void)fputs("-:", stdout);
	else
		(void)printf("%zu:", layer);
}

static void put_fate(const struct report *report, const struct grep_match *match)
{
	switch (match->fate) {
	case FATE_FINAL:
		(void)fputs("final:", stdout);
		break;
	case FATE_LINKED:
		(void)fputs(report->settings->final ? "final:" : "linked:", stdout);
		break;
	case FATE_DELETED:
		(void)printf("deleted@%zu:", match->gone_layer);
		break;
	case FATE_REPLACED:
		(void)printf("replaced@%zu:", match->gone_layer);
		break;
	case FATE_OUTSIDE:
	default:
		(void)fputs("outside:", stdout);
	}
}

/* The name under which it is asked for: with --final the one that is there in the end. */
static const char *shown_path(const struct settings *settings, const struct grep_match *match)
{
	return settings->final && match->linked_path != NULL ? match->linked_path : match->path;
}

static void put_heading(struct report *report, const struct grep_match *match)
{
	const struct settings *settings = report->settings;

	if (settings->zero || settings->no_heading || settings->files || settings->count)
		return;
	if (report->headed && report->heading == match->layer)
		return;
	report->headed = true;
	report->heading = match->layer;
	if (match->layer == GREP_NO_LAYER) {
		(void)puts("# configuration");
		return;
	}
	(void)printf("# layer %zu", match->layer);
	if (match->instruction[0] != '\0') {
		(void)fputs(": ", stdout);
		put(report, match->instruction, strlen(match->instruction));
	}
	(void)putchar('\n');
}

static void put_text(const struct report *report, const struct grep_match *match)
{
	if (match->cut_before)
		(void)fputs("...", stdout);
	put(report, match->text, match->text_size);
	if (match->cut_after)
		(void)fputs("...", stdout);
}

/* -c and paths: the figures of one layer. */
static void put_layer_counts(struct report *report)
{
	for (size_t i = 0; report->counting && i < report->rules->name_count; i++) {
		if (report->in_layer[i] == 0)
			continue;
		put_layer(report->rules->names[i], report->count_layer);
		(void)printf("%" PRIu64, report->in_layer[i]);
		put_end(report);
		report->in_layer[i] = 0;
	}
	report->counting = false;
}

static void count_path(struct report *report, const struct grep_match *match)
{
	if (report->counting && report->count_layer != match->layer)
		put_layer_counts(report);
	report->counting = true;
	report->count_layer = match->layer;
	report->in_layer[match->name] += match->count;
}

static int print_text(void *context, const struct grep_match *match, unused_arg struct error *err)
{
	struct report *report = context;
	const struct settings *settings = report->settings;
	const char *path = shown_path(settings, match);

	if (settings->count && match->kind == GREP_PATH) {
		count_path(report, match);
		return 0;
	}
	if (settings->files) {
		if (match->same_file)
			return 0;
		if (path != NULL)
			put(report, path, strlen(path));
		else
			(void)fputs(grep_kind_name(match->kind), stdout);
		put_end(report);
		return 0;
	}
	put_heading(report, match);
	put_layer(match->rule, match->layer);
	if (path != NULL) {
		put_fate(report, match);
		put(report, path, strlen(path));
	} else {
		(void)fputs(grep_kind_name(match->kind), stdout);
	}
	if (settings->count) {
		(void)printf(":%" PRIu64, match->count);
	} else if (match->kind != GREP_PATH) {
		(void)putchar(':');
		if (match->line != 0 && path != NULL)
			(void)printf("%" PRIu64 ":", match->line);
		put_text(report, match);
	}
	put_end(report);
	return 0;
}

static int report_text(struct report *report, struct grep *grep, struct error *err)
{
	auto_free uint64_t *in_layer = calloc(report->rules->name_count + 1, sizeof *in_layer);

	if (in_layer == NULL)
		return error_memory(err);
	report->in_layer = in_layer;
	if (grep_each(grep, print_text, report, err) < 0)
		return -1;
	put_layer_counts(report);
	return 0;
}

/* ---- JSON ---- */

static json_t *digest_or_null(const struct digest *digest)
{
	char text[DIGEST_TEXT_MAX];

	return digest_is_set(digest) ? json_string(digest_text(digest, text)) : json_null();
}

static json_t *text_or_null(const char *text)
{
	return text == NULL ? json_null() : doc_text(text);
}

/* A NUL cannot be in a C string: then the line is written as the text form has it. */
static json_t *line_or_null(const struct grep_match *match)
{
	auto_buf struct buf line;

	buf_init(&line, BUF_MAX_DEFAULT);
	if (match->kind == GREP_PATH)
		return json_null();
	if (match->cut_before)
		buf_add_string(&line, "...");
	if (memchr(match->text, '\0', match->text_size) != NULL)
		text_escape(&line, match->text, match->text_size);
	else
		buf_add(&line, match->text, match->text_size);
	if (match->cut_after)
		buf_add_string(&line, "...");
	return doc_text(line.data);
}

static const char *fate_name(enum fate fate)
{
	static const char *const names[] = {
		[FATE_FINAL] = "final",	    [FATE_LINKED] = "linked",
		[FATE_DELETED] = "deleted", [FATE_REPLACED] = "replaced",
		[FATE_OUTSIDE] = "outside",
	};

	return names[fate];
}

static json_t *match_document(const struct grep_match *match)
{
	bool gone = match->fate == FATE_DELETED || match->fate == FATE_REPLACED;
	bool layer = match->layer != GREP_NO_LAYER;

	return json_pack(
		"{so, ss, so, so, so, so, so, so, sb, so, so, so}", "rule",
		text_or_null(match->rule), "kind", grep_kind_name(match->kind), "layer",
		layer ? json_integer((json_int_t)match->layer) : json_null(), "instruction",
		layer ? doc_text(match->instruction) : json_null(), "path",
		text_or_null(match->path), "line",
		match->line != 0 ? json_integer((json_int_t)match->line) : json_null(), "text",
		line_or_null(match), "count", json_integer((json_int_t)match->count), "final",
		match->fate == FATE_FINAL || match->fate == FATE_LINKED, "fate",
		match->path != NULL ? json_string(fate_name(match->fate)) : json_null(),
		"gone_layer", gone ? json_integer((json_int_t)match->gone_layer) : json_null(),
		"linked_path", text_or_null(match->linked_path));
}

static int print_json(void *context, const struct grep_match *match, struct error *err)
{
	struct report *report = context;
	auto_doc json_t *document = match_document(match);

	if (document == NULL)
		return error_memory(err);
	(void)fputs(report->printed++ == 0 ? "\n    " : ",\n    ", stdout);
	(void)json_dumpf(document, stdout, JSON_COMPACT);
	return 0;
}

static json_t *image_document(const struct image *image)
{
	return json_pack("{so, so, so, so, so}", "name", doc_text(image_name(image)), "platform",
			 doc_text(image_platform(image)), "id", digest_or_null(image_id(image)),
			 "manifest_digest", digest_or_null(image_manifest_digest(image)),
			 "index_digest", digest_or_null(image_index_digest(image)));
}

static json_t *layers_document(const struct image *image, const struct grep *grep)
{
	json_t *list = json_array();

	for (size_t i = 0; i < image_layer_count(image); i++) {
		const struct grep_layer *layer = grep_layer(grep, i);
		const char *table = table_name(layer->table);
		json_t *size =
			table != NULL ? json_integer((json_int_t)layer->table_size) : json_null();

		(void)json_array_append_new(
			list, json_pack("{sI, so, sb, ss?, so}", "index", (json_int_t)i, "digest",
					digest_or_null(&image_layer(image, i)->digest), "searched",
					layer->searched, "table", table, "table_bytes", size));
	}
	return list;
}

static json_t *rules_document(const struct rules *rules, const struct grep *grep)
{
	json_t *list = json_array();

	for (size_t i = 0; i < rules->name_count; i++)
		if (rules->names[i] != NULL)
			(void)json_array_append_new(
				list, json_pack("{ss, sI}", "name", rules->names[i], "match_count",
						(json_int_t)grep_rule_count(grep, i)));
	return list;
}

static void put_member(const char *name, const json_t *value)
{
	(void)printf(",\n  \"%s\": ", name);
	(void)json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* The matches may be many: they are written one by one, never gathered. */
static int report_json(struct report *report, const struct image *image, struct grep *grep,
		       struct error *err)
{
	const struct settings *settings = report->settings;
	auto_doc json_t *about = image_document(image);
	auto_doc json_t *layers = layers_document(image, grep);
	auto_doc json_t *rules = NULL;
	bool found;

	if (about == NULL || layers == NULL)
		return error_memory(err);
	(void)fputs("{\n  \"schema\": \"seatrial/layer-grep/1\"", stdout);
	put_member("image", about);
	put_member("layers", layers);
	(void)printf(",\n  \"deny\": %s,\n  \"final\": %s,\n  \"matches\": [",
		     settings->deny ? "true" : "false", settings->final ? "true" : "false");
	if (grep_each(grep, print_json, report, err) < 0)
		return -1;
	(void)fputs(report->printed == 0 ? "]" : "\n  ]", stdout);
	(void)printf(",\n  \"match_count\": %" PRIu64, grep_count(grep));
	rules = rules_document(report->rules, grep);
	if (rules == NULL)
		return error_memory(err);
	put_member("rules", rules);
	found = grep_count(grep) > 0;
	(void)printf(",\n  \"verdict\": \"%s\"\n}\n", found != settings->deny ? "holds" : "fails");
	return 0;
}

/* ---- TAP ---- */

static int gather_tap(void *context, const struct grep_match *match, struct error *err)
{
	struct report *report = context;
	json_t *list = report->first[match->name];
	json_t *document;

	if (json_array_size(list) >= TAP_MATCHES)
		return 0;
	document = match_document(match);
	if (document == NULL || json_array_append_new(list, document) < 0)
		return error_memory(err);
	return 0;
}

static void tap_rule(const struct report *report, struct tap *tap, const struct grep *grep,
		     size_t name)
{
	const struct settings *settings = report->settings;
	uint64_t count = grep_rule_count(grep, name);
	const char *rule = report->rules->names[name];
	auto_doc json_t *values = json_pack("{sI, sO}", "match_count", (json_int_t)count, "first",
					    report->first[name]);
	auto_buf struct buf description;

	buf_init(&description, BUF_MAX_DEFAULT);
	buf_printf(&description, "%s is %s", rule == NULL ? "the pattern" : rule,
		   settings->deny ? "not found" : "found");
	tap_test(tap, (count > 0) != settings->deny, description.data, values);
}

/* With --deny a test for each rule. Without, one match of any rule is what was asked for. */
static void put_tap(const struct report *report, const struct grep *grep, const char *remark)
{
	struct tap tap;

	tap_begin(&tap, stdout);
	if (remark[0] != '\0')
		tap_comment(&tap, remark);
	if (report->settings->deny || report->rules->name_count == 1) {
		for (size_t i = 0; i < report->rules->name_count; i++)
			tap_rule(report, &tap, grep, i);
	} else {
		auto_doc json_t *values =
			json_pack("{sI, so}", "match_count", (json_int_t)grep_count(grep), "rules",
				  rules_document(report->rules, grep));

		tap_test(&tap, grep_count(grep) > 0, "one of the rules is found", values);
	}
	tap_end(&tap);
}

static int report_tap(struct report *report, struct grep *grep, const char *remark,
		      struct error *err)
{
	size_t count = report->rules->name_count;
	auto_free json_t **first = calloc(count + 1, sizeof(json_t *));
	int result;

	if (first == NULL)
		return error_memory(err);
	for (size_t i = 0; i < count; i++)
		first[i] = json_array();
	report->first = first;
	result = grep_each(grep, gather_tap, report, err);
	if (result == 0)
		put_tap(report, grep, remark);
	for (size_t i = 0; i < count; i++)
		json_decref(first[i]);
	return result;
}

/* ---- the whole ---- */

static int search(const struct settings *settings, const struct rules *rules, const char *name,
		  struct error *err)
{
	enum tool_format format = tool_format(&settings->tool);
	const struct grep_options grep_options = {
		.final = settings->final,
		.numbers = settings->numbers || format != FORMAT_TEXT,
		/* that nothing is there is not taken on anybody's word */
		.whole = settings->deny,
		.detail = settings->count   ? GREP_COUNTS
			  : settings->files ? GREP_FIRST
					    : GREP_LINES,
	};
	struct report report = { .settings = settings, .rules = rules };
	auto_image struct image *image = NULL;
	auto_grep struct grep *grep = NULL;
	auto_buf struct buf remark;
	int result;

	buf_init(&remark, BUF_MAX_DEFAULT);
	if (image_open(name, &settings->image, &image, err) < 0)
		return -1;
	if (grep_run(image, rules, &grep_options, &grep, err) < 0)
		return error_prefix(err, "%s", name);
	describe_tables(image, grep, &remark);
	result = format == FORMAT_JSON	? report_json(&report, image, grep, err)
		 : format == FORMAT_TAP ? report_tap(&report, grep, remark.data, err)
					: report_text(&report, grep, err);
	if (result < 0)
		return -1;
	if (format == FORMAT_TEXT && remark.size > 0)
		tool_note(&program, remark.data);
	return (grep_count(grep) > 0) != settings->deny ? TOOL_HOLDS : TOOL_FAILS;
}

int main(int argc, char **argv)
{
	struct settings settings = { .image = { .once = true } };
	struct operands operands = { .items = NULL };
	struct error err = ERROR_INIT;
	auto_rules struct rules rules;
	int status = tool_begin(&program, argc, argv, &settings, &operands);

	rules_init(&rules);
	if (status >= 0)
		return status;
	if (gather_rules(&rules, &settings, &operands, &err) < 0)
		status = tool_fail(&program, &err);
	else
		status = search(&settings, &rules, operands.items[operands.count - 1], &err);
	if (status < 0)
		status = tool_fail(&program, &err);
	operands_release(&operands);
	option_list_release(&settings.rules);
	registry_options_release(&settings.image.registry);
	return tool_finish(&program, status);
}
