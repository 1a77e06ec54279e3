#include "config.h"

#include "check/lintreport.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/doc.h"
#include "base/tap.h"
#include "base/text.h"

/* Columns of a source line that are shown. */
#define LINE_WIDTH 120

static const struct lint_rule *rule_of(const struct lint_finding *finding)
{
	return lint_rule(finding->rule);
}

/* Is it still there, and nobody's decision? */
static bool counts(const struct lint_report *report, const struct lint_finding *finding)
{
	return finding->silenced == NULL && !(report->fixing && finding->fixed);
}

bool lint_holds(const struct lint_report *report)
{
	for (size_t i = 0; i < report->lint->count; i++) {
		const struct lint_finding *finding = &report->lint->findings[i];

		if (counts(report, finding) && rule_of(finding)->severity >= report->fail_on)
			return false;
	}
	return true;
}

/* What a finding is known by from one run to the next. */
struct fingerprint {
	struct digest digest;
	size_t number; /* of the finding */
	size_t same;   /* how many before it are alike */
};

struct totals {
	size_t errors;
	size_t warnings;
	size_t notes;
	size_t silenced;
	size_t mended;
	size_t mendable;
};

static struct totals totals_of(const struct lint_report *report)
{
	struct totals totals = { 0 };

	for (size_t i = 0; i < report->lint->count; i++) {
		const struct lint_finding *finding = &report->lint->findings[i];

		if (finding->silenced != NULL)
			totals.silenced++;
		else if (report->fixing && finding->fixed)
			totals.mended++;
		else if (rule_of(finding)->severity == LINT_ERROR)
			totals.errors++;
		else if (rule_of(finding)->severity == LINT_WARNING)
			totals.warnings++;
		else
			totals.notes++;
		totals.mendable += finding->silenced == NULL && rule_of(finding)->fixes;
	}
	return totals;
}

static const struct lint_target *target_of(const struct lint_report *report,
					   const struct lint_place *place)
{
	return &report->targets[place->target];
}

static const char *subject_name(enum lint_subject subject)
{
	return subject == LINT_ON_DOCKERFILE ? "dockerfile"
	       : subject == LINT_ON_COMPOSE  ? "compose"
					     : "image";
}

/* The line on which a place begins, without its line break. */
static void find_line(const struct lint_target *target, const struct lint_place *place,
		      size_t *ret_start, size_t *ret_end)
{
	size_t start = place->at.start < target->size ? place->at.start : target->size;
	const char *end;

	while (start > 0 && target->data[start - 1] != '\n')
		start--;
	end = memchr(target->data + start, '\n', target->size - start);
	*ret_start = start;
	*ret_end = end != NULL ? (size_t)(end - target->data) : target->size;
	if (*ret_end > start && target->data[*ret_end - 1] == '\r')
		(*ret_end)--;
}

/* The last line and, behind the last byte, the column of a place. */
static void find_end(const struct lint_target *target, const struct lint_place *place,
		     size_t *ret_line, size_t *ret_column)
{
	*ret_line = place->line;
	*ret_column = place->column;
	for (size_t i = place->at.start; i < place->at.end && i < target->size; i++)
		if (target->data[i] == '\n') {
			(*ret_line)++;
			*ret_column = 1;
		} else {
			(*ret_column)++;
		}
}

static bool has_place(const struct lint_target *target, const struct lint_place *place)
{
	return target->data != NULL && place->line > 0 && place->column > 0 &&
	       place->at.end > place->at.start && place->at.start < target->size;
}

/* --- text --- */

static void add_escaped(struct buf *out, const char *text)
{
	text_escape(out, text, strlen(text));
}

/* One character of a source line: a tab as a blank, what is no text as a dot. Its bytes. */
static size_t add_character(struct buf *out, const char *text, size_t size)
{
	size_t length = text_character(text, size);

	if (length > 0)
		buf_add(out, text, length);
	else
		buf_add_char(out, (char)(*text == '\\' ? '\\' : *text == '\t' ? ' ' : '.'));
	return length > 0 ? length : 1;
}

/* The source line, and what is meant underlined. */
static void add_source(const struct lint_target *target, const struct lint_place *place,
		       const char *colour, struct buf *out)
{
	auto_buf struct buf source;
	auto_buf struct buf mark;
	size_t start;
	size_t end;
	size_t width = 0;
	size_t at;
	bool cut;

	buf_init(&source, BUF_MAX_DEFAULT);
	buf_init(&mark, BUF_MAX_DEFAULT);
	if (!has_place(target, place))
		return;
	find_line(target, place, &start, &end);
	/* of a long line, what is around the place */
	cut = place->at.start - start > LINE_WIDTH / 2 && end - start > LINE_WIDTH;
	at = cut ? place->at.start - LINE_WIDTH / 4 : start;
	while (cut && at < end && ((unsigned char)target->data[at] & 0xc0) == 0x80)
		at++;
	buf_add_string(&source, cut ? "..." : "");
	buf_add_string(&mark, cut ? "   " : "");
	while (at < end && width++ < LINE_WIDTH) {
		char sign = at == place->at.start			 ? '^'
			    : at > place->at.start && at < place->at.end ? '~'
									 : ' ';

		at += add_character(&source, target->data + at, end - at);
		buf_add_char(&mark, sign);
	}
	if (at < end)
		buf_add_string(&source, "...");
	while (mark.size > 0 && mark.data[mark.size - 1] == ' ')
		buf_truncate(&mark, mark.size - 1);
	buf_printf(out, "    %s\n    %s%s%s\n", source.data, colour, mark.data,
		   colour[0] != '\0' ? "\033[0m" : "");
}

static const char *colour_of(enum lint_severity severity)
{
	return severity == LINT_ERROR	  ? "\033[1;31m"
	       : severity == LINT_WARNING ? "\033[1;33m"
					  : "\033[1;34m";
}

static const char *word_of(enum lint_severity severity)
{
	return severity == LINT_INFO ? "note" : lint_severity_name(severity);
}

static void add_finding(const struct lint_report *report, const struct lint_finding *finding,
			bool first, bool colour, struct buf *out)
{
	const struct lint_target *target = target_of(report, &finding->place);
	const struct lint_rule *rule = rule_of(finding);
	const char *begin = colour ? colour_of(rule->severity) : "";
	const char *end = colour ? "\033[0m" : "";

	add_escaped(out, target->name);
	if (finding->place.line > 0)
		buf_printf(out, ":%zu", finding->place.line);
	if (finding->place.line > 0 && finding->place.column > 0)
		buf_printf(out, ":%zu", finding->place.column);
	buf_printf(out, ": %s%s%s: ", begin, word_of(rule->severity), end);
	add_escaped(out, finding->message);
	buf_printf(out, " [%s]%s\n", rule->slug,
		   report->fixing && finding->fixed ? " (mended)" : "");
	add_source(target, &finding->place, begin, out);
	if (first)
		buf_printf(out, "  why: %s\n  mend: %s\n", rule->reason, rule->mend);
}

static void add_credits(const struct lint_report *report, size_t target, struct buf *out)
{
	const struct lint *lint = report->lint;
	bool any = false;

	for (size_t i = 0; i < lint->credit_count; i++) {
		if (lint->credits[i].place.target != target)
			continue;
		if (!any)
			add_escaped(out, report->targets[target].name);
		buf_printf(out, "%s%s", any ? ", " : ": done well: ", lint->credits[i].text);
		any = true;
	}
	if (any)
		buf_add_char(out, '\n');
}

static void add_count(struct buf *out, size_t count, const char *what)
{
	buf_printf(out, "%s%zu %s%s", out->size > 0 ? ", " : "", count, what,
		   count == 1 ? "" : "s");
}

static void add_totals(const struct lint_report *report, struct buf *out)
{
	struct totals totals = totals_of(report);
	auto_buf struct buf line;

	buf_init(&line, 1000);
	if (totals.errors > 0)
		add_count(&line, totals.errors, "error");
	if (totals.warnings > 0)
		add_count(&line, totals.warnings, "warning");
	if (totals.notes > 0)
		add_count(&line, totals.notes, "note");
	if (line.size == 0)
		buf_add_string(&line, "nothing found");
	if (totals.silenced > 0)
		buf_printf(&line, "; %zu silenced", totals.silenced);
	if (totals.mended > 0)
		buf_printf(&line, "; %zu mended", totals.mended);
	else if (totals.mendable > 0)
		buf_printf(&line, "; --fix mends up to %zu", totals.mendable);
	buf_printf(out, "%s: %s\n", line.data, lint_holds(report) ? "passes" : "fails");
}

static int flush(struct buf *text, FILE *out, struct error *err)
{
	if (buf_check(text, "the report", err) < 0)
		return -1;
	(void)fwrite(text->data, 1, text->size, out);
	buf_clear(text);
	return 0;
}

int lint_report_text(const struct lint_report *report, bool colour, FILE *out, struct error *err)
{
	bool told[LINT_RULE_COUNT] = { false };
	auto_buf struct buf text;

	buf_init(&text, BUF_MAX_DEFAULT);
	for (size_t i = 0; i < report->lint->count; i++) {
		const struct lint_finding *finding = &report->lint->findings[i];

		if (finding->silenced != NULL)
			continue;
		add_finding(report, finding, !told[finding->rule], colour, &text);
		told[finding->rule] = true;
		if (flush(&text, out, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < report->target_count; i++)
		add_credits(report, i, &text);
	add_totals(report, &text);
	return flush(&text, out, err);
}

/* --- JSON --- */

static json_t *text_or_null(const char *text)
{
	return text != NULL ? doc_text(text) : json_null();
}

static json_t *number_or_null(size_t number)
{
	return number > 0 ? json_integer((json_int_t)number) : json_null();
}

static json_t *finding_json(const struct lint_report *report, const struct lint_finding *finding)
{
	const struct lint_target *target = target_of(report, &finding->place);

	return json_pack("{s:o,s:s,s:s,s:o,s:o,s:o,s:o,s:b}", "target", doc_text(target->name),
			 "rule", rule_of(finding)->slug, "severity",
			 lint_severity_name(rule_of(finding)->severity), "line",
			 number_or_null(finding->place.line), "column",
			 number_or_null(finding->place.column), "message",
			 doc_text(finding->message), "silenced", text_or_null(finding->silenced),
			 "fixed", (int)(report->fixing && finding->fixed));
}

static size_t count_of(const struct lint_report *report, enum lint_id rule)
{
	size_t count = 0;

	for (size_t i = 0; i < report->lint->count; i++)
		count += report->lint->findings[i].rule == rule &&
			 counts(report, &report->lint->findings[i]);
	return count;
}

static json_t *checks_json(const struct lint_report *report)
{
	json_t *checks = json_array();

	for (size_t i = 0; i < LINT_RULE_COUNT; i++) {
		const struct lint_rule *rule = lint_rule((enum lint_id)i);
		size_t count = count_of(report, (enum lint_id)i);

		if (report->lint->enabled[i])
			(void)json_array_append_new(
				checks,
				json_pack("{s:s,s:s,s:b,s:I}", "name", rule->slug, "severity",
					  lint_severity_name(rule->severity), "holds",
					  (int)(count == 0), "value", (json_int_t)count));
	}
	return checks;
}

static json_t *targets_json(const struct lint_report *report)
{
	json_t *targets = json_array();

	for (size_t i = 0; i < report->target_count; i++)
		(void)json_array_append_new(targets,
					    json_pack("{s:o,s:s,s:o}", "name",
						      doc_text(report->targets[i].name), "type",
						      subject_name(report->targets[i].subject),
						      "id", text_or_null(report->targets[i].id)));
	return targets;
}

/* The members of an object, a line each, with a comma behind each. */
static void print_members(json_t *object, FILE *out)
{
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		(void)fprintf(out, "\"%s\": ", key);
		(void)json_dumpf(value, out, JSON_ENCODE_ANY);
		(void)fputs(",\n", out);
	}
}

/* An array of what `make` gives for each finding that `wants` wants, one at a time: all of them
 * together may be many times as large as what they are made of. `prints` is handed on. */
static void print_findings(const struct lint_report *report,
			   bool (*wants)(const struct lint_report *report, size_t number),
			   json_t *(*make)(const struct lint_report *report,
					   const struct fingerprint *prints, size_t number),
			   const struct fingerprint *prints, FILE *out)
{
	const char *separator = "[\n";

	for (size_t i = 0; i < report->lint->count; i++) {
		json_t *item = wants == NULL || wants(report, i) ? make(report, prints, i) : NULL;

		if (item == NULL)
			continue;
		(void)fputs(separator, out);
		(void)json_dumpf(item, out, 0);
		json_decref(item);
		separator = ",\n";
	}
	(void)fputs(separator[0] == '[' ? "[]" : "\n]", out);
}

static json_t *numbered_finding_json(const struct lint_report *report,
				     unused_arg const struct fingerprint *prints, size_t number)
{
	return finding_json(report, &report->lint->findings[number]);
}

void lint_report_json(const struct lint_report *report, FILE *out)
{
	struct totals totals = totals_of(report);
	json_t *credits = json_array();
	auto_doc json_t *document = NULL;

	for (size_t i = 0; i < report->lint->credit_count; i++) {
		const struct lint_credit *credit = &report->lint->credits[i];

		(void)json_array_append_new(
			credits,
			json_pack("{s:o,s:s,s:o}", "target",
				  doc_text(target_of(report, &credit->place)->name), "text",
				  credit->text, "line", number_or_null(credit->place.line)));
	}
	document = json_pack("{s:s,s:o,s:o,s:o,s:{s:i,s:i,s:i,s:i,s:i},s:s,s:s}", "schema",
			     "seatrial/image-lint/1", "targets", targets_json(report), "checks",
			     checks_json(report), "credits", credits, "counts", "errors",
			     (int)totals.errors, "warnings", (int)totals.warnings, "notes",
			     (int)totals.notes, "silenced", (int)totals.silenced, "mended",
			     (int)totals.mended, "fail_on", lint_severity_name(report->fail_on),
			     "verdict", lint_holds(report) ? "holds" : "fails");
	(void)fputs("{\n", out);
	print_members(document, out);
	(void)fputs("\"findings\": ", out);
	print_findings(report, NULL, numbered_finding_json, NULL, out);
	(void)fputs("\n}\n", out);
}

/* --- TAP --- */

void lint_report_tap(const struct lint_report *report, FILE *out)
{
	struct tap tap;

	tap_begin(&tap, out);
	for (size_t i = 0; i < LINT_RULE_COUNT; i++) {
		const struct lint_rule *rule = lint_rule((enum lint_id)i);
		auto_free char *description = NULL;
		auto_doc json_t *values = json_object();
		json_t *findings = json_array();

		if (!report->lint->enabled[i]) {
			json_decref(findings);
			continue;
		}
		for (size_t k = 0; k < report->lint->count; k++)
			if (report->lint->findings[k].rule == i)
				(void)json_array_append_new(
					findings, finding_json(report, &report->lint->findings[k]));
		if (asprintf(&description, "%s: %s", rule->slug, rule->reason) < 0)
			description = NULL;
		(void)json_object_set(values, "findings", findings);
		tap_test(&tap,
			 count_of(report, (enum lint_id)i) == 0 || rule->severity < report->fail_on,
			 description != NULL ? description : rule->slug,
			 json_array_size(findings) > 0 ? values : NULL);
		json_decref(findings);
	}
	tap_end(&tap);
}

/* --- SARIF --- */

static const char *sarif_level(enum lint_severity severity)
{
	return word_of(severity);
}

/* Unreserved characters, and what separates, stay: RFC 3986, 2.3. */
static json_t *uri_json(const char *name)
{
	auto_buf struct buf uri;

	buf_init(&uri, BUF_MAX_DEFAULT);
	buf_add_string(&uri, name[0] == '/' ? "file://" : "");
	for (; *name != '\0'; name++)
		if (isalnum((unsigned char)*name) || strchr("-._~/", *name) != NULL)
			buf_add_char(&uri, *name);
		else
			buf_printf(&uri, "%%%02X", (unsigned char)*name);
	return json_string(uri.data);
}

static void fingerprint_of(const struct lint_report *report, size_t number,
			   struct fingerprint *print, struct buf *data)
{
	const struct lint_finding *finding = &report->lint->findings[number];
	const struct lint_target *target = target_of(report, &finding->place);
	size_t start;
	size_t end;

	buf_clear(data);
	buf_printf(data, "%s\n%s\n%s\n", target->name, rule_of(finding)->slug, finding->message);
	if (has_place(target, &finding->place)) {
		find_line(target, &finding->place, &start, &end);
		buf_add(data, target->data + start, end - start);
	}
	*print = (struct fingerprint) { .number = number };
	if (digest_of(DIGEST_SHA256, data->data, data->size, &print->digest, NULL) < 0)
		print->digest = (struct digest) { 0 };
}

static int compare_prints(const void *a, const void *b)
{
	const struct fingerprint *one = a;
	const struct fingerprint *other = b;
	int result = memcmp(&one->digest, &other->digest, sizeof one->digest);

	return result != 0 ? result : (one->number > other->number) - (one->number < other->number);
}

static int compare_numbers(const void *a, const void *b)
{
	const struct fingerprint *one = a;
	const struct fingerprint *other = b;

	return (one->number > other->number) - (one->number < other->number);
}

/* One for each finding: the same as long as its line and message are, wherever in the file they
 * stand; of several that are alike, it is counted which one it is. The caller frees. */
static struct fingerprint *fingerprints_new(const struct lint_report *report)
{
	size_t count = report->lint->count;
	struct fingerprint *prints = calloc(count + 1, sizeof *prints);
	auto_buf struct buf data;

	buf_init(&data, BUF_MAX_DEFAULT);
	if (prints == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		fingerprint_of(report, i, &prints[i], &data);
	qsort(prints, count, sizeof *prints, compare_prints);
	for (size_t i = 1; i < count; i++)
		if (digest_equal(&prints[i - 1].digest, &prints[i].digest))
			prints[i].same = prints[i - 1].same + 1;
	qsort(prints, count, sizeof *prints, compare_numbers);
	return prints;
}

static json_t *fingerprint_json(const struct fingerprint *print)
{
	char text[DIGEST_TEXT_MAX];

	return print->same == 0
		       ? json_string(digest_hex(&print->digest, text))
		       : json_sprintf("%s-%zu", digest_hex(&print->digest, text), print->same);
}

/* Columns are bytes here and UTF-16 code units there: of the line from its beginning to `end`. */
static size_t utf16_column(const char *data, size_t start, size_t end)
{
	size_t units = 1;

	while (start < end) {
		size_t length = text_character(data + start, end - start);

		units += length == 4 ? 2 : 1;
		start += length > 0 ? length : 1;
	}
	return units;
}

static json_t *region_json(const struct lint_target *target, const struct lint_place *place)
{
	size_t start;
	size_t end;
	size_t last_line;
	size_t last_column;
	size_t last = place->at.end < target->size ? place->at.end : target->size;
	size_t last_start = last;

	if (!has_place(target, place))
		return json_pack("{s:I}", "startLine", (json_int_t)place->line);
	find_line(target, place, &start, &end);
	find_end(target, place, &last_line, &last_column);
	while (last_start > 0 && target->data[last_start - 1] != '\n')
		last_start--;
	return json_pack("{s:I,s:I,s:I,s:I}", "startLine", (json_int_t)place->line, "startColumn",
			 (json_int_t)utf16_column(target->data, start, place->at.start), "endLine",
			 (json_int_t)last_line, "endColumn",
			 (json_int_t)utf16_column(target->data, last_start, last));
}

static json_t *location_json(const struct lint_report *report, const struct lint_finding *finding)
{
	const struct lint_target *target = target_of(report, &finding->place);
	json_t *physical;

	/* who shows results wants a file to show them at */
	if (target->data == NULL)
		return json_pack("{s:[{s:o,s:s}],s:{s:{s:o}}}", "logicalLocations",
				 "fullyQualifiedName", doc_text(target->name), "kind", "module",
				 "physicalLocation", "artifactLocation", "uri",
				 uri_json(target->name));
	physical = json_pack("{s:{s:o}}", "artifactLocation", "uri", uri_json(target->name));
	if (finding->place.line > 0)
		(void)json_object_set_new(physical, "region", region_json(target, &finding->place));
	return json_pack("{s:o}", "physicalLocation", physical);
}

static json_t *result_json(const struct lint_report *report, const struct fingerprint *prints,
			   size_t number)
{
	const struct lint_finding *finding = &report->lint->findings[number];
	json_t *result = json_pack("{s:s,s:i,s:s,s:{s:o},s:[o],s:{s:o}}", "ruleId",
				   rule_of(finding)->slug, "ruleIndex", (int)finding->rule, "level",
				   sarif_level(rule_of(finding)->severity), "message", "text",
				   doc_text(finding->message), "locations",
				   location_json(report, finding), "partialFingerprints",
				   "findingHash/v1", fingerprint_json(&prints[number]));

	if (finding->silenced != NULL)
		(void)json_object_set_new(result, "suppressions",
					  json_pack("[{s:s,s:o}]", "kind", "inSource",
						    "justification", doc_text(finding->silenced)));
	return result;
}

/* "hadolint DL3006 DL3007, dockle X": an item each. */
static json_t *tags_json(const char *counterparts)
{
	json_t *tags = json_array();

	while (*counterparts != '\0') {
		size_t length = strcspn(counterparts, ",");
		auto_free char *tag = strndup(counterparts, length);

		if (tag != NULL)
			(void)json_array_append_new(tags, json_string(tag));
		counterparts += length + strspn(counterparts + length, ", ");
	}
	return tags;
}

static json_t *sarif_rules(void)
{
	json_t *rules = json_array();

	for (size_t i = 0; i < LINT_RULE_COUNT; i++) {
		const struct lint_rule *rule = lint_rule((enum lint_id)i);
		json_t *item = json_pack("{s:s,s:{s:s},s:{s:s},s:{s:s}}", "id", rule->slug,
					 "shortDescription", "text", rule->reason, "help", "text",
					 rule->mend, "defaultConfiguration", "level",
					 sarif_level(rule->severity));

		(void)json_object_set_new(
			item, "properties",
			json_pack("{s:o}", "tags", tags_json(rule->counterparts)));
		(void)json_array_append_new(rules, item);
	}
	return rules;
}

static bool is_left(const struct lint_report *report, size_t number)
{
	return !report->fixing || !report->lint->findings[number].fixed;
}

int lint_report_sarif(const struct lint_report *report, FILE *out, struct error *err)
{
	auto_free struct fingerprint *prints = fingerprints_new(report);
	auto_doc json_t *run = json_pack("{s:{s:{s:s,s:s,s:o}},s:s}", "tool", "driver", "name",
					 "image-lint", "version", report->version, "rules",
					 sarif_rules(), "columnKind", "utf16CodeUnits");

	if (prints == NULL)
		return error_memory(err);
	(void)fputs("{\n\"version\": \"2.1.0\",\n"
		    "\"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n"
		    "\"runs\": [{\n",
		    out);
	print_members(run, out);
	(void)fputs("\"results\": ", out);
	print_findings(report, is_left, result_json, prints, out);
	(void)fputs("\n}]\n}\n", out);
	return 0;
}

/* --- GitHub and GitLab --- */

/* A property ends at a comma and a colon, a message at a line break. */
static void add_workflow_text(struct buf *out, const char *text, bool property)
{
	for (; *text != '\0'; text++)
		if (*text == '%' || *text == '\r' || *text == '\n' ||
		    (property && (*text == ':' || *text == ',')))
			buf_printf(out, "%%%02X", (unsigned char)*text);
		else
			buf_add_char(out, *text);
}

void lint_report_github(const struct lint_report *report, FILE *out)
{
	for (size_t i = 0; i < report->lint->count; i++) {
		const struct lint_finding *finding = &report->lint->findings[i];
		const struct lint_target *target = target_of(report, &finding->place);
		enum lint_severity severity = rule_of(finding)->severity;
		auto_buf struct buf line;
		auto_buf struct buf message;
		auto_buf struct buf name;
		size_t last_line;
		size_t last_column;

		buf_init(&line, BUF_MAX_DEFAULT);
		buf_init(&message, BUF_MAX_DEFAULT);
		buf_init(&name, BUF_MAX_DEFAULT);
		if (!counts(report, finding))
			continue;
		buf_printf(&line, "::%s ",
			   severity == LINT_INFO ? "notice" : lint_severity_name(severity));
		if (target->data != NULL) {
			add_escaped(&name, target->name);
			buf_add_string(&line, "file=");
			add_workflow_text(&line, name.data, true);
			buf_add_char(&line, ',');
		}
		if (finding->place.line > 0) {
			find_end(target, &finding->place, &last_line, &last_column);
			buf_printf(&line, "line=%zu,endLine=%zu,", finding->place.line, last_line);
		}
		if (finding->place.line > 0 && finding->place.column > 0)
			buf_printf(&line, "col=%zu,", finding->place.column);
		buf_printf(&line, "title=image-lint%%3A %s::", rule_of(finding)->slug);
		if (target->data == NULL) {
			add_escaped(&message, target->name);
			buf_add_string(&message, ": ");
		}
		add_escaped(&message, finding->message);
		buf_printf(&message, "\n%s\n%s", rule_of(finding)->reason, rule_of(finding)->mend);
		add_workflow_text(&line, message.data, false);
		(void)fprintf(out, "%s\n", line.data);
	}
}

static bool is_counted(const struct lint_report *report, size_t number)
{
	return counts(report, &report->lint->findings[number]);
}

static json_t *issue_json(const struct lint_report *report, const struct fingerprint *prints,
			  size_t number)
{
	static const char *const severities[] = {
		[LINT_INFO] = "info",
		[LINT_WARNING] = "minor",
		[LINT_ERROR] = "major",
	};
	const struct lint_finding *finding = &report->lint->findings[number];
	size_t line = finding->place.line > 0 ? finding->place.line : 1;

	return json_pack("{s:s,s:o,s:s,s:o,s:s,s:{s:o,s:{s:I}}}", "type", "issue", "description",
			 doc_text(finding->message), "check_name", rule_of(finding)->slug,
			 "fingerprint", fingerprint_json(&prints[number]), "severity",
			 severities[rule_of(finding)->severity], "location", "path",
			 doc_text(target_of(report, &finding->place)->name), "lines", "begin",
			 (json_int_t)line);
}

int lint_report_gitlab(const struct lint_report *report, FILE *out, struct error *err)
{
	auto_free struct fingerprint *prints = fingerprints_new(report);

	if (prints == NULL)
		return error_memory(err);
	print_findings(report, is_counted, issue_json, prints, out);
	(void)fputc('\n', out);
	return 0;
}

/* --- the rules --- */

void lint_rules_text(const struct lint *lint, FILE *out)
{
	for (size_t i = 0; i < LINT_RULE_COUNT; i++) {
		const struct lint_rule *rule = lint_rule((enum lint_id)i);

		(void)fprintf(out, "%s (%s%s%s)\n  why: %s\n  mend: %s\n", rule->slug,
			      word_of(rule->severity), lint->enabled[i] ? "" : ", off",
			      rule->fixes ? ", --fix" : "", rule->reason, rule->mend);
		if (rule->counterparts[0] != '\0')
			(void)fprintf(out, "  elsewhere: %s\n", rule->counterparts);
	}
}

static json_t *subjects_json(unsigned subjects)
{
	static const struct {
		unsigned subject;
		const char *name;
	} known[] = {
		{ LINT_ON_DOCKERFILE, "dockerfile" },
		{ LINT_ON_IMAGE, "image" },
		{ LINT_ON_COMPOSE, "compose" },
		{ LINT_ON_CONTEXT, "context" },
	};
	json_t *list = json_array();

	for (size_t i = 0; i < array_size(known); i++)
		if ((subjects & known[i].subject) != 0)
			(void)json_array_append_new(list, json_string(known[i].name));
	return list;
}

json_t *lint_rules_json(const struct lint *lint)
{
	json_t *list = json_array();

	for (size_t i = 0; i < LINT_RULE_COUNT; i++) {
		const struct lint_rule *rule = lint_rule((enum lint_id)i);

		(void)json_array_append_new(
			list,
			json_pack("{s:s,s:s,s:o,s:b,s:b,s:s,s:s,s:s}", "name", rule->slug,
				  "severity", lint_severity_name(rule->severity), "on",
				  subjects_json(rule->subjects), "enabled", (int)lint->enabled[i],
				  "fixes", (int)rule->fixes, "reason", rule->reason, "mend",
				  rule->mend, "counterparts", rule->counterparts));
	}
	return json_pack("{s:s,s:o}", "schema", "seatrial/image-lint-rules/1", "rules", list);
}
