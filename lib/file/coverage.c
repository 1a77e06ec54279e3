#include "config.h"

#include "file/coverage.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/array.h"
#include "base/doc.h"
#include "file/xml.h"

/* One mention of a line; the same line may be mentioned often. */
struct coverage_line {
	uint32_t part; /* index into parts, later the rank of its file's name */
	uint32_t number;
	bool covered;
};

/* One mention of a file: a class, a record, a member. */
struct coverage_part {
	char *name;
	/* the report's totals for it, used where it lists no lines */
	uint64_t total;
	uint64_t covered;
	uint64_t surplus; /* lines listed as run that the report itself does not count */
	uint32_t rank;
};

struct coverage {
	struct coverage_part *parts;
	size_t part_count;
	size_t part_capacity;
	struct coverage_line *lines;
	size_t line_count;
	size_t line_capacity;
	char **notes;
	size_t note_count;
};

int coverage_new(struct coverage **ret_coverage, struct error *err)
{
	struct coverage *coverage = calloc(1, sizeof *coverage);

	if (coverage == NULL)
		return error_memory(err);
	*ret_coverage = coverage;
	return 0;
}

void coverage_free(struct coverage *coverage)
{
	if (coverage == NULL)
		return;
	for (size_t i = 0; i < coverage->part_count; i++)
		free(coverage->parts[i].name);
	for (size_t i = 0; i < coverage->note_count; i++)
		free(coverage->notes[i]);
	free(coverage->parts);
	free(coverage->lines);
	free(coverage->notes);
	free(coverage);
}

const char *coverage_note(const struct coverage *coverage, size_t index)
{
	return index < coverage->note_count ? coverage->notes[index] : NULL;
}

static int coverage_add_note(struct coverage *coverage, const char *file, const char *what,
			     uint64_t claimed, uint64_t counted, struct error *err)
{
	char **notes;
	char *text;

	if (coverage->note_count == COVERAGE_NOTES_MAX)
		return 0;
	if (asprintf(&text, "%s%s%s: it claims %" PRIu64 "; counted: %" PRIu64, file,
		     file[0] != '\0' ? ": " : "", what, claimed, counted) < 0)
		return error_memory(err);
	notes = reallocarray(coverage->notes, coverage->note_count + 1, sizeof *notes);
	if (notes == NULL) {
		free(text);
		return error_memory(err);
	}
	coverage->notes = notes;
	coverage->notes[coverage->note_count++] = text;
	return 0;
}

static int coverage_add_part(struct coverage *coverage, const char *name, size_t size,
			     uint32_t *ret_part, struct error *err)
{
	struct coverage_part *part;

	if (array_room(&coverage->parts, coverage->part_count, &coverage->part_capacity, err) < 0)
		return -1;
	/* a part takes more bytes of a report than this allows */
	if (coverage->part_count >= COVERAGE_LINES_MAX)
		return error_set(err, ERROR_INPUT, "too many files");
	part = &coverage->parts[coverage->part_count];
	*part = (struct coverage_part) { .name = strndup(name, size) };
	if (part->name == NULL)
		return error_memory(err);
	*ret_part = (uint32_t)coverage->part_count++;
	return 0;
}

static int coverage_add_line(struct coverage *coverage, uint32_t part, uint32_t number,
			     bool covered, struct error *err)
{
	if (coverage->line_count == COVERAGE_LINES_MAX)
		return error_set(err, ERROR_INPUT, "more than %zu lines", COVERAGE_LINES_MAX);
	if (array_room(&coverage->lines, coverage->line_count, &coverage->line_capacity, err) < 0)
		return -1;
	coverage->lines[coverage->line_count++] =
		(struct coverage_line) { .part = part, .number = number, .covered = covered };
	return 0;
}

/* Digits and nothing else, up to `max`. */
static bool coverage_number(const char *text, size_t size, uint64_t max, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (size == 0)
		return false;
	for (size_t i = 0; i < size; i++) {
		unsigned digit = (unsigned)(text[i] - '0');

		if (digit > 9 || number > (max - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*ret_number = number;
	return true;
}

/* How often a line ran: only whether it did matters, so that any length will do. Compilers'
 * counters that ran over are written with a minus sign; such a line counts as not covered. */
static bool coverage_hits(const char *text, size_t size, bool *ret_covered)
{
	bool negative = size > 0 && text[0] == '-';
	bool covered = false;

	if (size <= negative)
		return false;
	for (size_t i = negative; i < size; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		covered = covered || text[i] != '0';
	}
	*ret_covered = covered && !negative;
	return true;
}

static int coverage_part_by_name(const void *a, const void *b)
{
	const struct coverage_part *const *left = a;
	const struct coverage_part *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

static int coverage_line_by_place(const void *a, const void *b)
{
	const struct coverage_line *left = a;
	const struct coverage_line *right = b;

	if (left->part != right->part)
		return left->part < right->part ? -1 : 1;
	return left->number < right->number ? -1 : left->number > right->number;
}

/* A file for each name; totals are the largest that any report claims for it. */
static size_t coverage_rank(struct coverage_part **sorted, size_t count,
			    struct coverage_file *files)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		struct coverage_file *file;

		if (i == 0 || strcmp(sorted[i]->name, sorted[i - 1]->name) != 0)
			files[used++] = (struct coverage_file) { .name = sorted[i]->name };
		file = &files[used - 1];
		sorted[i]->rank = (uint32_t)(used - 1);
		if (sorted[i]->total > file->total) {
			file->total = sorted[i]->total;
			file->covered = sorted[i]->covered;
		}
	}
	return used;
}

/* Counts the sorted lines of one file, each once; they replace the totals it claims. */
static void coverage_count_file(const struct coverage_line *lines, size_t count,
				struct coverage_file *file)
{
	file->total = 0;
	file->covered = 0;
	for (size_t i = 0, next; i < count; i = next) {
		bool covered = false;

		for (next = i; next < count && lines[next].number == lines[i].number; next++)
			covered = covered || lines[next].covered;
		file->total++;
		file->covered += covered;
	}
}

static void coverage_count_lines(const struct coverage_line *lines, size_t count,
				 struct coverage_file *files)
{
	for (size_t i = 0, next; i < count; i = next) {
		for (next = i; next < count && lines[next].part == lines[i].part; next++)
			;
		coverage_count_file(&lines[i], next - i, &files[lines[i].part]);
	}
}

/*
 * Takes away what was listed as run and is no statement. It lowers both sides by the same, and a
 * file's largest surplus stands for all of its parts: they come from one tool and list the same.
 */
static int coverage_drop_surplus(struct coverage_part *const *sorted, size_t count,
				 struct coverage_file *files, size_t file_count, struct error *err)
{
	auto_free uint64_t *surplus = calloc(file_count + 1, sizeof *surplus);

	if (surplus == NULL)
		return error_memory(err);
	for (size_t i = 0; i < count; i++)
		if (sorted[i]->surplus > surplus[sorted[i]->rank])
			surplus[sorted[i]->rank] = sorted[i]->surplus;
	for (size_t i = 0; i < file_count; i++) {
		uint64_t less = surplus[i] < files[i].covered ? surplus[i] : files[i].covered;

		files[i].covered -= less;
		files[i].total -= less;
	}
	return 0;
}

/* What the parts from `first` on say; the rest is as if it were not there. */
static int coverage_count_from(const struct coverage *coverage, size_t first_part,
			       size_t first_line, struct coverage_sum *ret_sum, struct error *err)
{
	size_t part_count = coverage->part_count - first_part;
	size_t line_count = coverage->line_count - first_line;
	auto_free struct coverage_part **sorted = calloc(part_count + 1, sizeof(void *));
	auto_free struct coverage_line *lines = calloc(line_count + 1, sizeof *lines);
	auto_free struct coverage_file *files = calloc(part_count + 1, sizeof *files);
	struct coverage_sum sum = { 0 };

	if (sorted == NULL || lines == NULL || files == NULL)
		return error_memory(err);
	for (size_t i = 0; i < part_count; i++)
		sorted[i] = &coverage->parts[first_part + i];
	qsort(sorted, part_count, sizeof *sorted, coverage_part_by_name);
	sum.count = coverage_rank(sorted, part_count, files);
	for (size_t i = 0; i < line_count; i++) {
		lines[i] = coverage->lines[first_line + i];
		lines[i].part = coverage->parts[lines[i].part].rank;
	}
	qsort(lines, line_count, sizeof *lines, coverage_line_by_place);
	coverage_count_lines(lines, line_count, files);
	if (coverage_drop_surplus(sorted, part_count, files, sum.count, err) < 0)
		return -1;
	for (size_t i = 0; i < sum.count; i++) {
		sum.total += files[i].total;
		sum.covered += files[i].covered;
	}
	if (sum.total > COVERAGE_LINES_MAX)
		return error_set(err, ERROR_INPUT, "more than %zu lines", COVERAGE_LINES_MAX);
	sum.files = steal(&files);
	*ret_sum = sum;
	return 0;
}

int coverage_count(struct coverage *coverage, struct coverage_sum *ret_sum, struct error *err)
{
	return coverage_count_from(coverage, 0, 0, ret_sum, err);
}

/* What one report claims, against what it lists. */
struct coverage_claim {
	bool made;
	uint64_t total;
	uint64_t covered;
};

static int coverage_check(struct coverage *coverage, size_t first_part, size_t first_line,
			  const struct coverage_claim *claim, struct error *err)
{
	struct coverage_sum sum = { 0 };

	if (coverage_count_from(coverage, first_part, first_line, &sum, err) < 0)
		return -1;
	free(sum.files);
	if (sum.total == 0)
		return error_set(err, ERROR_INPUT, "it tells of no line");
	if (!claim->made)
		return 0;
	if (claim->total != sum.total &&
	    coverage_add_note(coverage, "", "lines", claim->total, sum.total, err) < 0)
		return -1;
	if (claim->covered != sum.covered &&
	    coverage_add_note(coverage, "", "covered lines", claim->covered, sum.covered, err) < 0)
		return -1;
	return 0;
}

/* Totals that can be used: the part is not larger than the whole, and both are of this world. */
static int coverage_check_totals(uint64_t total, uint64_t covered, struct error *err)
{
	if (total > COVERAGE_LINES_MAX)
		return error_set(err, ERROR_INPUT, "it claims more than %zu lines",
				 COVERAGE_LINES_MAX);
	if (covered > total)
		return error_set(err, ERROR_INPUT,
				 "it claims %" PRIu64 " covered lines of %" PRIu64, covered, total);
	return 0;
}

/*
 * Ends a part whose lines are those from `first_line` on and whose totals are the claim. Without
 * lines the totals are believed. coverage.py lists lines as run that are no statements (excluded
 * ones, the first of an empty file) and leaves them out of its total, though its LCOV counts them
 * among the covered: they are a surplus. Anything else is a contradiction and told.
 */
static int coverage_end_part(struct coverage *coverage, uint32_t index, size_t first_line,
			     const struct coverage_claim *claim, struct error *err)
{
	struct coverage_part *part = &coverage->parts[index];
	struct coverage_file counted = { 0 };
	size_t line_count = coverage->line_count - first_line;

	if (!claim->made)
		return 0;
	if (line_count == 0) {
		if (coverage_check_totals(claim->total, claim->covered, err) < 0)
			return error_prefix(err, "%s", part->name);
		part->total = claim->total;
		part->covered = claim->covered;
		return 0;
	}
	qsort(&coverage->lines[first_line], line_count, sizeof *coverage->lines,
	      coverage_line_by_place);
	coverage_count_file(&coverage->lines[first_line], line_count, &counted);
	if (counted.total >= claim->total) {
		uint64_t surplus = counted.total - claim->total;

		if (surplus <= counted.covered && (claim->covered == counted.covered ||
						   claim->covered == counted.covered - surplus)) {
			part->surplus = surplus;
			return 0;
		}
	}
	if (counted.total != claim->total &&
	    coverage_add_note(coverage, part->name, "lines", claim->total, counted.total, err) < 0)
		return -1;
	if (counted.covered != claim->covered)
		return coverage_add_note(coverage, part->name, "covered lines", claim->covered,
					 counted.covered, err);
	return 0;
}

/*
 * Cobertura. A class lists its lines, and its methods list theirs once more or only there. Inner
 * classes are classes of the same file.
 */
struct cobertura_class {
	char *key; /* package, class and file */
	uint32_t part;
};

struct cobertura {
	struct coverage *coverage;
	struct coverage_claim claim;
	char *package;
	struct cobertura_class *classes;
	size_t class_count;
	size_t class_capacity;
	bool seen_root;
	bool in_class;
};

static int cobertura_root(struct cobertura *report, const char *element,
			  const char *const *attributes, struct error *err)
{
	const char *total = xml_attribute(attributes, "lines-valid");
	const char *covered = xml_attribute(attributes, "lines-covered");
	struct coverage_claim *claim = &report->claim;

	if (strcmp(element, "coverage") != 0)
		return error_set(err, ERROR_INPUT, "no Cobertura report: its root element is '%s'",
				 element);
	report->seen_root = true;
	claim->made = total != NULL && covered != NULL &&
		      coverage_number(total, strlen(total), UINT64_MAX, &claim->total) &&
		      coverage_number(covered, strlen(covered), UINT64_MAX, &claim->covered);
	return 0;
}

static int cobertura_begin_class(struct cobertura *report, const char *const *attributes,
				 struct error *err)
{
	const char *file = xml_attribute(attributes, "filename");
	const char *name = xml_attribute(attributes, "name");
	struct cobertura_class *item;
	uint32_t part = 0;

	if (report->in_class)
		return error_set(err, ERROR_INPUT, "a class within a class");
	if (file == NULL || file[0] == '\0')
		return error_set(err, ERROR_INPUT, "a class without a file name");
	if (array_room(&report->classes, report->class_count, &report->class_capacity, err) < 0)
		return -1;
	if (coverage_add_part(report->coverage, file, strlen(file), &part, err) < 0)
		return -1;
	item = &report->classes[report->class_count];
	item->part = part;
	if (asprintf(&item->key, "%s\n%s\n%s", report->package != NULL ? report->package : "",
		     name != NULL ? name : "", file) < 0)
		return error_memory(err);
	report->class_count++;
	report->in_class = true;
	return 0;
}

static int cobertura_line(struct cobertura *report, const char *const *attributes,
			  struct error *err)
{
	const char *number = xml_attribute(attributes, "number");
	const char *hits = xml_attribute(attributes, "hits");
	uint64_t line = 0;
	bool covered = false;

	if (!report->in_class)
		return error_set(err, ERROR_INPUT, "a line outside of a class");
	if (number == NULL || !coverage_number(number, strlen(number), UINT32_MAX, &line))
		return error_set(err, ERROR_INPUT, "'%s' is no line number",
				 number != NULL ? number : "");
	if (hits == NULL || !coverage_hits(hits, strlen(hits), &covered))
		return error_set(err, ERROR_INPUT, "'%s' is no number of hits",
				 hits != NULL ? hits : "");
	return coverage_add_line(report->coverage, report->classes[report->class_count - 1].part,
				 (uint32_t)line, covered, err);
}

static int cobertura_on_begin(void *context, const char *element, const char *const *attributes,
			      struct error *err)
{
	struct cobertura *report = context;

	if (!report->seen_root)
		return cobertura_root(report, element, attributes, err);
	if (strcmp(element, "package") == 0) {
		const char *name = xml_attribute(attributes, "name");

		free(report->package);
		report->package = strdup(name != NULL ? name : "");
		return report->package != NULL ? 0 : error_memory(err);
	}
	if (strcmp(element, "class") == 0)
		return cobertura_begin_class(report, attributes, err);
	if (strcmp(element, "line") == 0)
		return cobertura_line(report, attributes, err);
	return 0;
}

static int cobertura_on_end(void *context, const char *element, unused_arg struct error *err)
{
	struct cobertura *report = context;

	if (strcmp(element, "class") == 0)
		report->in_class = false;
	return 0;
}

static int cobertura_class_by_key(const void *a, const void *b)
{
	const struct cobertura_class *left = a;
	const struct cobertura_class *right = b;
	int order = strcmp(left->key, right->key);

	return order != 0 ? order : (left->part > right->part) - (left->part < right->part);
}

/*
 * With several source folders coverage.py writes each file's name relative to its own folder: two
 * `__init__.py` become the same class twice. They are two files, and one must not cover for the
 * other, so the second gets a name of its own.
 */
static int cobertura_part_twins(struct cobertura *report, struct error *err)
{
	size_t twins = 0;

	if (report->class_count == 0)
		return 0;
	qsort(report->classes, report->class_count, sizeof *report->classes,
	      cobertura_class_by_key);
	for (size_t i = 1; i < report->class_count; i++) {
		struct coverage_part *part = &report->coverage->parts[report->classes[i].part];
		char *name;

		if (strcmp(report->classes[i].key, report->classes[i - 1].key) != 0) {
			twins = 0;
			continue;
		}
		twins++;
		if (asprintf(&name, "%s (%zu)", part->name, twins + 1) < 0)
			return error_memory(err);
		free(part->name);
		part->name = name;
	}
	return 0;
}

/* A report that was cut down to its totals: they are believed, where they are whole numbers. */
static int cobertura_believe_totals(struct cobertura *report, struct error *err)
{
	char name[64];
	int length;
	uint32_t part = 0;

	if (!report->claim.made || report->claim.total == 0)
		return error_set(err, ERROR_INPUT, "it tells of no line");
	/* a name of its own: two such reports are not about the same file */
	length = snprintf(name, sizeof name, "(totals of report %zu)",
			  report->coverage->part_count + 1);
	if (coverage_check_totals(report->claim.total, report->claim.covered, err) < 0 ||
	    coverage_add_part(report->coverage, name, (size_t)length, &part, err) < 0)
		return -1;
	report->coverage->parts[part].total = report->claim.total;
	report->coverage->parts[part].covered = report->claim.covered;
	return 0;
}

int coverage_add_cobertura(struct coverage *coverage, const void *data, size_t size,
			   struct error *err)
{
	static const struct xml_handler handler = {
		.begin = cobertura_on_begin,
		.end = cobertura_on_end,
	};
	struct cobertura report = { .coverage = coverage };
	size_t first_part = coverage->part_count;
	size_t first_line = coverage->line_count;
	int result = xml_parse(data, size, &handler, &report, err);

	if (result == 0)
		result = cobertura_part_twins(&report, err);
	for (size_t i = 0; i < report.class_count; i++)
		free(report.classes[i].key);
	free(report.classes);
	free(report.package);
	if (result < 0)
		return -1;
	if (coverage->line_count == first_line)
		return cobertura_believe_totals(&report, err);
	return coverage_check(coverage, first_part, first_line, &report.claim, err);
}

/* LCOV: geninfo(1), "FILES". A record is SF:, then DA: lines and totals, then end_of_record. */
struct lcov {
	struct coverage *coverage;
	bool in_record;
	uint32_t part;
	struct coverage_claim claim; /* of the record */
	bool has_total;
	bool has_covered;
	size_t first_line; /* of the record */
};

static int lcov_line(struct lcov *report, const char *text, size_t size, struct error *err)
{
	const char *comma = memchr(text, ',', size);
	size_t digits = comma != NULL ? (size_t)(comma - text) : size;
	const char *hits = comma != NULL ? comma + 1 : text + size;
	size_t rest = size - (size_t)(hits - text);
	const char *checksum = memchr(hits, ',', rest);
	uint64_t line = 0;
	bool covered = false;

	if (checksum != NULL)
		rest = (size_t)(checksum - hits);
	if (!report->in_record)
		return error_set(err, ERROR_INPUT, "DA outside of a record");
	if (!coverage_number(text, digits, UINT32_MAX, &line) ||
	    !coverage_hits(hits, rest, &covered))
		return error_set(err, ERROR_INPUT, "'DA:%.*s' is no line and its count", (int)size,
				 text);
	return coverage_add_line(report->coverage, report->part, (uint32_t)line, covered, err);
}

static int lcov_total(struct lcov *report, const char *key, const char *text, size_t size,
		      uint64_t *ret_total, bool *ret_seen, struct error *err)
{
	if (!report->in_record)
		return error_set(err, ERROR_INPUT, "%s outside of a record", key);
	if (!coverage_number(text, size, COVERAGE_LINES_MAX, ret_total))
		return error_set(err, ERROR_INPUT, "'%s:%.*s' is no number of lines", key,
				 (int)size, text);
	*ret_seen = true;
	return 0;
}

static int lcov_end(struct lcov *report, struct error *err)
{
	if (!report->in_record)
		return error_set(err, ERROR_INPUT, "end_of_record outside of a record");
	report->in_record = false;
	/* one total without the other says nothing */
	report->claim.made = report->has_total && report->has_covered;
	return coverage_end_part(report->coverage, report->part, report->first_line, &report->claim,
				 err);
}

static bool lcov_is(const char *line, size_t size, const char *key)
{
	return size >= strlen(key) && memcmp(line, key, strlen(key)) == 0;
}

static int lcov_take(struct lcov *report, const char *line, size_t size, struct error *err)
{
	size_t letters = 0;

	if (size == 0 || line[0] == '#')
		return 0;
	if (memchr(line, '\0', size) != NULL)
		return error_set(err, ERROR_INPUT, "a NUL byte");
	if (lcov_is(line, size, "end_of_record"))
		return lcov_end(report, err);
	if (lcov_is(line, size, "DA:"))
		return lcov_line(report, line + 3, size - 3, err);
	if (lcov_is(line, size, "LF:"))
		return lcov_total(report, "LF", line + 3, size - 3, &report->claim.total,
				  &report->has_total, err);
	if (lcov_is(line, size, "LH:"))
		return lcov_total(report, "LH", line + 3, size - 3, &report->claim.covered,
				  &report->has_covered, err);
	if (lcov_is(line, size, "SF:")) {
		if (report->in_record)
			return error_set(err, ERROR_INPUT, "SF within a record");
		if (size == 3)
			return error_set(err, ERROR_INPUT, "SF without a file name");
		report->in_record = true;
		report->claim = (struct coverage_claim) { 0 };
		report->has_total = report->has_covered = false;
		report->first_line = report->coverage->line_count;
		return coverage_add_part(report->coverage, line + 3, size - 3, &report->part, err);
	}
	/* the rest tells of functions and branches, and of what later versions add */
	while (letters < size &&
	       (isupper((unsigned char)line[letters]) || isdigit((unsigned char)line[letters])))
		letters++;
	if (letters == 0 || letters == size || line[letters] != ':')
		return error_set(err, ERROR_INPUT, "no record of LCOV");
	return 0;
}

int coverage_add_lcov(struct coverage *coverage, const void *data, size_t size, struct error *err)
{
	static const struct coverage_claim none = { 0 };
	struct lcov report = { .coverage = coverage };
	size_t first_part = coverage->part_count;
	size_t first_line = coverage->line_count;
	const char *text = data;
	size_t number = 1;

	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		size -= 3;
	}
	for (; size > 0; number++) {
		const char *end = memchr(text, '\n', size);
		size_t length = end != NULL ? (size_t)(end - text) : size;
		size_t used = length + (end != NULL);

		while (length > 0 && isspace((unsigned char)text[length - 1]))
			length--;
		if (lcov_take(&report, text, length, err) < 0)
			return error_prefix(err, "line %zu", number);
		text += used;
		size -= used;
	}
	if (report.in_record)
		return error_set(err, ERROR_INPUT, "line %zu: it ends within the record of '%s'",
				 number - 1, coverage->parts[report.part].name);
	return coverage_check(coverage, first_part, first_line, &none, err);
}

/* coverage.py: "files" by name, each with the numbers of its lines. */
static int coverage_py_lines(struct coverage *coverage, uint32_t part, const json_t *file,
			     const char *name, const char *key, bool covered, struct error *err)
{
	json_t *list = NULL;
	json_t *item;
	size_t index;

	if (doc_array(file, name, key, DOC_OPTIONAL, &list, err) < 0)
		return -1;
	json_array_foreach (list, index, item) {
		json_int_t number = json_integer_value(item);

		if (!json_is_integer(item) || number < 0 || number > UINT32_MAX)
			return error_set(err, ERROR_INPUT, "'%s' of %s: item %zu is no line number",
					 key, name, index);
		if (coverage_add_line(coverage, part, (uint32_t)number, covered, err) < 0)
			return -1;
	}
	return 0;
}

static int coverage_py_totals(const json_t *owner, const char *at, const char *key,
			      struct coverage_claim *ret_claim, struct error *err)
{
	json_t *totals = NULL;
	struct coverage_claim claim = { .made = true };

	if (doc_object(owner, at, key, DOC_OPTIONAL, &totals, err) < 0)
		return -1;
	if (totals == NULL)
		return 0;
	if (doc_size(totals, key, "num_statements", DOC_REQUIRED, &claim.total, err) < 0 ||
	    doc_size(totals, key, "covered_lines", DOC_REQUIRED, &claim.covered, err) < 0)
		return -1;
	*ret_claim = claim;
	return 0;
}

static int coverage_py_file(struct coverage *coverage, const char *name, const json_t *file,
			    struct error *err)
{
	struct coverage_claim claim = { 0 };
	size_t first_line = coverage->line_count;
	uint32_t part = 0;

	if (coverage_add_part(coverage, name, strlen(name), &part, err) < 0 ||
	    coverage_py_lines(coverage, part, file, name, "executed_lines", true, err) < 0 ||
	    coverage_py_lines(coverage, part, file, name, "missing_lines", false, err) < 0 ||
	    coverage_py_totals(file, name, "summary", &claim, err) < 0)
		return -1;
	return coverage_end_part(coverage, part, first_line, &claim, err);
}

int coverage_add_coverage_py(struct coverage *coverage, const void *data, size_t size,
			     struct error *err)
{
	auto_doc json_t *doc = NULL;
	struct coverage_claim claim = { 0 };
	json_t *files = NULL;
	json_t *file;
	const char *name;
	size_t first_part = coverage->part_count;
	size_t first_line = coverage->line_count;

	if (doc_parse(data, size, "coverage.py", &doc, err) < 0)
		return -1;
	if (!json_is_object(doc) || json_object_get(doc, "files") == NULL)
		return error_set(err, ERROR_INPUT, "JSON, but no report of coverage.py");
	if (doc_object(doc, "the report", "files", DOC_REQUIRED, &files, err) < 0 ||
	    coverage_py_totals(doc, "the report", "totals", &claim, err) < 0)
		return -1;
	json_object_foreach (files, name, file)
		if (coverage_py_file(coverage, name, file, err) < 0)
			return -1;
	return coverage_check(coverage, first_part, first_line, &claim, err);
}
