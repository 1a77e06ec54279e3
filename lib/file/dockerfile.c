#include "config.h"

#include "file/dockerfile.h"

#include <ctype.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/doc.h"
#include "file/dockerargs.h"

/* From `joined` on, a joined line is what stands at `offset` in the file. */
struct segment {
	size_t joined;
	size_t offset;
};

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct parser {
	const char *name;
	const char *start;
	const char *at;
	const char *end;
	size_t line; /* of what was last read */
	struct dockerfile *file;
	struct words comments; /* that wait for their instruction */
	/* of the present instruction */
	struct segment *segments;
	size_t segment_count;
	size_t segment_capacity;
	/* directives are over with the first line that is none */
	bool directives_done;
	bool seen_syntax;
	bool seen_escape;
	bool seen_check;
};

/* A line of the file, its break included. */
struct line {
	const char *data;
	size_t size;
};

static int parser_error(const struct parser *parser, size_t line, struct error *err)
{
	return error_prefix(err, "%s:%zu", parser->name, line);
}

/* 1 with the next line, 0 at the end. */
static int parser_line(struct parser *parser, struct line *line, struct error *err)
{
	const char *newline;

	if (parser->at == parser->end)
		return 0;
	newline = memchr(parser->at, '\n', (size_t)(parser->end - parser->at));
	line->data = parser->at;
	parser->at = newline != NULL ? newline + 1 : parser->end;
	line->size = (size_t)(parser->at - line->data);
	parser->line++;
	if (line->size > DOCKERFILE_LINE_MAX)
		return error_set(err, ERROR_INPUT, "%s:%zu: a line of more than %zu bytes",
				 parser->name, parser->line, DOCKERFILE_LINE_MAX);
	return 1;
}

static void line_trim_break(struct line *line)
{
	while (line->size > 0 &&
	       (line->data[line->size - 1] == '\n' || line->data[line->size - 1] == '\r'))
		line->size--;
}

static bool line_is_comment(struct line line)
{
	space_trim_start(&line.data, &line.size);
	return line.size > 0 && line.data[0] == '#';
}

static int parser_add_comment(struct parser *parser, struct line line, struct error *err)
{
	struct dockerfile *file = parser->file;
	struct dockerfile_comment *comments;
	const char *hash;

	space_trim_start(&line.data, &line.size);
	hash = line.data;
	line.data++;
	line.size--;
	space_trim(&line.data, &line.size);
	if ((file->comment_count & (file->comment_count + 1)) == 0) {
		comments =
			reallocarray(file->comments, file->comment_count * 2 + 2, sizeof *comments);
		if (comments == NULL)
			return error_memory(err);
		file->comments = comments;
	}
	comments = &file->comments[file->comment_count];
	*comments = (struct dockerfile_comment) {
		.line = parser->line,
		.offset = (size_t)(hash - parser->start),
	};
	comments->text = strndup(line.data, line.size);
	if (comments->text == NULL)
		return error_memory(err);
	file->comment_count++;
	return 0;
}

/* "KEY = VALUE", trimmed; the key has letters and digits only. */
static bool split_directive(struct line line, struct line *key, struct line *value)
{
	size_t i = 0;

	space_trim(&line.data, &line.size);
	if (line.size == 0 || !isalpha((unsigned char)line.data[0]))
		return false;
	while (i < line.size && isalnum((unsigned char)line.data[i]))
		i++;
	*key = (struct line) { .data = line.data, .size = i };
	line.data += i;
	line.size -= i;
	space_trim_start(&line.data, &line.size);
	if (line.size == 0 || line.data[0] != '=')
		return false;
	line.data++;
	line.size--;
	space_trim_start(&line.data, &line.size);
	*value = line;
	return line.size > 0;
}

static bool line_equals(struct line line, const char *text)
{
	return line.size == strlen(text) && strncasecmp(line.data, text, line.size) == 0;
}

/* Looks whether a line (without leading white space) is a directive; *ret_is tells. */
static int parser_directive(struct parser *parser, struct line line, bool *ret_is,
			    struct error *err)
{
	struct line key;
	struct line value;
	bool *seen;

	*ret_is = false;
	if (parser->directives_done)
		return 0;
	parser->directives_done = true;
	if (line.size == 0 || line.data[0] != '#')
		return 0;
	line.data++;
	line.size--;
	if (!split_directive(line, &key, &value))
		return 0;
	if (line_equals(key, "syntax"))
		seen = &parser->seen_syntax;
	else if (line_equals(key, "escape"))
		seen = &parser->seen_escape;
	else if (line_equals(key, "check"))
		seen = &parser->seen_check;
	else
		return 0;
	if (*seen)
		return error_set(err, ERROR_INPUT, "the directive '%.*s' is given twice",
				 (int)key.size, key.data);
	*seen = true;
	if (seen == &parser->seen_escape) {
		if (value.size != 1 || (*value.data != '\\' && *value.data != '`'))
			return error_set(err, ERROR_INPUT,
					 "the escape character is '\\' or '`', not '%.*s'",
					 value.size > 16 ? 16 : (int)value.size, value.data);
		parser->file->escape = *value.data;
	}
	parser->directives_done = false;
	*ret_is = true;
	return 0;
}

/* Cuts the escape character that continues a line, and blanks behind it. Two of them continue
 * nothing. */
static bool line_trim_continuation(struct line *line, char escape)
{
	size_t size = line->size;

	while (size > 0 && (line->data[size - 1] == ' ' || line->data[size - 1] == '\t'))
		size--;
	if (size == 0 || line->data[size - 1] != escape)
		return false;
	if (size > 1 && line->data[size - 2] == escape)
		return false;
	line->size = size - 1;
	return true;
}

/* Adds a piece of the file to the joined line. */
static int parser_join(struct parser *parser, struct buf *text, struct line line, struct error *err)
{
	if (array_room(&parser->segments, parser->segment_count, &parser->segment_capacity, err) <
	    0)
		return -1;
	parser->segments[parser->segment_count++] = (struct segment) {
		.joined = text->size,
		.offset = (size_t)(line.data - parser->start),
	};
	buf_add(text, line.data, line.size);
	return 0;
}

/* Where a byte of the joined line stands in the file. */
static size_t parser_offset(const struct parser *parser, size_t joined)
{
	size_t low = 0;
	size_t high = parser->segment_count;

	/* the last piece that begins there or before; the first begins at 0 */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (parser->segments[middle].joined <= joined)
			low = middle;
		else
			high = middle;
	}
	return parser->segments[low].offset + (joined - parser->segments[low].joined);
}

static void parser_map(const struct parser *parser, struct span *at)
{
	size_t start = parser_offset(parser, at->start);

	/* the last byte tells the end: the one behind it may stand lines below */
	at->end = at->end > at->start ? parser_offset(parser, at->end - 1) + 1 : start;
	at->start = start;
}

static void parser_map_instruction(const struct parser *parser, struct instruction *instruction)
{
	parser_map(parser, &instruction->keyword_at);
	parser_map(parser, &instruction->text_at);
	for (size_t i = 0; i < instruction->flags.count; i++)
		parser_map(parser, &instruction->flags.items[i].at);
	for (size_t i = 0; i < instruction->args.count; i++)
		parser_map(parser, &instruction->args.items[i].at);
}

/* The lines that continue an instruction. Comments and empty lines between them are passed over. */
static int parser_continue(struct parser *parser, struct buf *text, struct error *err)
{
	struct line line;
	int more;

	while ((more = parser_line(parser, &line, err)) > 0) {
		struct line trimmed;
		bool goes_on;

		line_trim_break(&line);
		if (line_is_comment(line)) {
			if (parser_add_comment(parser, line, err) < 0)
				return -1;
			continue;
		}
		trimmed = line;
		space_trim_start(&trimmed.data, &trimmed.size);
		if (trimmed.size == 0)
			continue;
		goes_on = line_trim_continuation(&line, parser->file->escape);
		if (parser_join(parser, text, line, err) < 0)
			return -1;
		if (!goes_on)
			return 0;
	}
	return more;
}

static int parser_heredoc(struct parser *parser, struct heredoc *heredoc, struct error *err)
{
	auto_buf struct buf content;
	struct line line;
	int more;

	buf_init(&content, DOCKERFILE_SIZE_MAX);
	heredoc->first_line = parser->line + 1;
	while ((more = parser_line(parser, &line, err)) > 0) {
		struct line end = line;

		line_trim_break(&end);
		while (heredoc->chomps && end.size > 0 && *end.data == '\t') {
			end.data++;
			end.size--;
		}
		if (end.size == strlen(heredoc->name) &&
		    memcmp(end.data, heredoc->name, end.size) == 0) {
			heredoc->last_line = parser->line;
			if (buf_check(&content, "heredoc", err) < 0)
				return -1;
			heredoc->content = content.size > 0 ? buf_detach(&content) : strdup("");
			return heredoc->content == NULL ? error_memory(err) : 0;
		}
		buf_add(&content, line.data, line.size);
	}
	if (more < 0)
		return -1;
	return error_set(err, ERROR_INPUT, "%s:%zu: the heredoc '%s' has no end", parser->name,
			 heredoc->first_line - 1, heredoc->name);
}

static int parser_add_instruction(struct parser *parser, const char *text, size_t first_line,
				  struct error *err)
{
	struct dockerfile *file = parser->file;
	struct instruction *instruction;

	if ((file->count & (file->count + 1)) == 0) {
		struct instruction *instructions =
			reallocarray(file->instructions, file->count * 2 + 2, sizeof *instructions);

		if (instructions == NULL)
			return error_memory(err);
		file->instructions = instructions;
	}
	instruction = &file->instructions[file->count++];
	*instruction = (struct instruction) { .first_line = first_line };
	if (instruction_parse(text, file->escape, instruction, err) < 0 ||
	    instruction_find_heredocs(instruction, err) < 0)
		return parser_error(parser, first_line, err);
	parser_map_instruction(parser, instruction);
	if (instruction->trigger != NULL)
		parser_map_instruction(parser, instruction->trigger);
	for (size_t i = 0; i < instruction->heredoc_count; i++)
		if (parser_heredoc(parser, &instruction->heredocs[i], err) < 0)
			return -1;
	if (strcmp(instruction->name, "from") == 0)
		file->stage_count++;
	instruction->stage = file->stage_count > 0 ? file->stage_count - 1 : DOCKERFILE_NO_STAGE;
	instruction->last_line = parser->line;
	instruction->comments = parser->comments;
	parser->comments = (struct words) { 0 };
	if (instruction->trigger != NULL) {
		instruction->trigger->first_line = first_line;
		instruction->trigger->last_line = parser->line;
		instruction->trigger->stage = instruction->stage;
	}
	return 0;
}

/* A comment line, which an instruction may follow. An empty comment parts it from those above. */
static int parser_comment(struct parser *parser, struct line line, bool is_directive,
			  struct error *err)
{
	const char *text;

	if (parser_add_comment(parser, line, err) < 0)
		return -1;
	text = parser->file->comments[parser->file->comment_count - 1].text;
	if (is_directive)
		return 0;
	if (text[0] == '\0') {
		words_release(&parser->comments);
		return 0;
	}
	return words_add(&parser->comments, text, strlen(text), err);
}

static int parser_run(struct parser *parser, struct error *err)
{
	auto_buf struct buf text;
	struct line line;
	int more;

	buf_init(&text, DOCKERFILE_SIZE_MAX);
	while ((more = parser_line(parser, &line, err)) > 0) {
		size_t first_line = parser->line;
		bool is_directive;
		bool goes_on;

		line_trim_break(&line);
		space_trim_start(&line.data, &line.size);
		if (parser_directive(parser, line, &is_directive, err) < 0)
			return parser_error(parser, first_line, err);
		if (line_is_comment(line)) {
			if (parser_comment(parser, line, is_directive, err) < 0)
				return -1;
			continue;
		}
		goes_on = line_trim_continuation(&line, parser->file->escape);
		if (!goes_on && line.size == 0)
			continue;
		buf_clear(&text);
		parser->segment_count = 0;
		if (parser_join(parser, &text, line, err) < 0 ||
		    (goes_on && parser_continue(parser, &text, err) < 0))
			return -1;
		if (buf_check(&text, parser->name, err) < 0 ||
		    parser_add_instruction(parser, text.data, first_line, err) < 0)
			return -1;
	}
	return more;
}

static int set_syntax(struct dockerfile *file, struct line value, size_t line, struct error *err)
{
	const char *space = memchr(value.data, ' ', value.size);

	if (space != NULL)
		value.size = (size_t)(space - value.data);
	file->syntax = strndup(value.data, value.size);
	file->syntax_line = line;
	return file->syntax == NULL ? error_memory(err) : 0;
}

/* The syntax among directives that begin with `mark`. 1 where it was found. */
static int find_syntax_behind(struct dockerfile *file, const char *start, const char *data,
			      const char *end, const char *mark, size_t first_line,
			      struct error *err)
{
	struct parser parser = {
		.start = start, .at = data, .end = end, .name = "", .line = first_line
	};
	struct error ignored = ERROR_INIT;
	struct line line;

	while (parser_line(&parser, &line, &ignored) > 0) {
		struct line key;
		struct line value;

		line_trim_break(&line);
		if (line.size < strlen(mark) || memcmp(line.data, mark, strlen(mark)) != 0)
			return 0;
		line.data += strlen(mark);
		line.size -= strlen(mark);
		if (!split_directive(line, &key, &value))
			return 0;
		if (line_equals(key, "syntax")) {
			if (set_syntax(file, value, parser.line, err) < 0)
				return -1;
			file->syntax_at.start = (size_t)(value.data - start);
			file->syntax_at.end = file->syntax_at.start + strlen(file->syntax);
			return 1;
		}
		if (!line_equals(key, "escape") && !line_equals(key, "check"))
			return 0;
	}
	return 0;
}

/*
 * Which frontend reads the file is found out before it is parsed, by rules of their own: a first
 * line "#!" is passed over, and "// syntax=" and a JSON document with a member "syntax" count too.
 */
static int find_syntax(struct dockerfile *file, const char *start, const char *data,
		       const char *end, struct error *err)
{
	static const char *const marks[] = { "#", "//" };
	size_t first_line = 0;
	auto_doc json_t *doc = NULL;
	json_error_t ignored;
	const char *text;

	if (end - data > 2 && memcmp(data, "#!", 2) == 0) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));

		data = newline != NULL ? newline + 1 : end;
		first_line = 1;
	}
	for (size_t i = 0; i < array_size(marks); i++) {
		int found = find_syntax_behind(file, start, data, end, marks[i], first_line, err);

		if (found != 0)
			return found < 0 ? -1 : 0;
	}
	if (data == end || *data != '{')
		return 0;
	doc = json_loadb(data, (size_t)(end - data), 0, &ignored);
	text = json_string_value(json_object_get(doc, "syntax"));
	if (text == NULL)
		return 0;
	return set_syntax(file, (struct line) { .data = text, .size = strlen(text) },
			  first_line + 1, err);
}

static int find_lines(struct dockerfile *file, const char *data, size_t size, struct error *err)
{
	size_t count = 1;

	for (size_t i = 0; i < size; i++)
		count += data[i] == '\n' ? 1 : 0;
	file->lines = calloc(count, sizeof *file->lines);
	if (file->lines == NULL)
		return error_memory(err);
	if (size >= 3 && memcmp(data, BYTE_ORDER_MARK, 3) == 0)
		file->lines[0] = 3;
	file->line_count = 1;
	for (size_t i = 0; i + 1 < size; i++)
		if (data[i] == '\n')
			file->lines[file->line_count++] = i + 1;
	file->size = size;
	return 0;
}

void dockerfile_locate(const struct dockerfile *dockerfile, size_t offset, size_t *ret_line,
		       size_t *ret_column)
{
	size_t low = 0;
	size_t high = dockerfile->line_count;

	if (offset > dockerfile->size)
		offset = dockerfile->size;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (dockerfile->lines[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	*ret_line = low + 1;
	*ret_column = offset > dockerfile->lines[low] ? offset - dockerfile->lines[low] + 1 : 1;
}

static int check_bytes(const char *data, size_t size, const char *name, struct error *err)
{
	const char *nul = memchr(data, '\0', size);
	size_t line = 1;

	if (size > DOCKERFILE_SIZE_MAX)
		return error_set(err, ERROR_INPUT, "%s: larger than %zu bytes", name,
				 DOCKERFILE_SIZE_MAX);
	if (nul == NULL)
		return 0;
	for (const char *at = data; at < nul; at++)
		line += *at == '\n' ? 1 : 0;
	return error_set(err, ERROR_INPUT, "%s:%zu: a NUL byte: this is no text file", name, line);
}

int dockerfile_parse(const char *data, size_t size, const char *name,
		     struct dockerfile **ret_dockerfile, struct error *err)
{
	auto_dockerfile struct dockerfile *file = NULL;
	struct parser parser = { .name = name, .start = data, .at = data, .end = data + size };
	int result;

	if (check_bytes(data, size, name, err) < 0)
		return -1;
	file = calloc(1, sizeof *file);
	if (file == NULL)
		return error_memory(err);
	file->escape = '\\';
	parser.file = file;
	if (find_lines(file, data, size, err) < 0)
		return -1;
	parser.at += file->lines[0];
	result = find_syntax(file, data, parser.at, parser.end, err);
	if (result == 0)
		result = parser_run(&parser, err);
	words_release(&parser.comments);
	free(parser.segments);
	if (result < 0)
		return -1;
	if (file->count == 0)
		return error_set(err, ERROR_INPUT, "%s: there is no instruction in it", name);
	*ret_dockerfile = steal(&file);
	return 0;
}

void dockerfile_free(struct dockerfile *dockerfile)
{
	if (dockerfile == NULL)
		return;
	for (size_t i = 0; i < dockerfile->count; i++)
		instruction_release(&dockerfile->instructions[i]);
	for (size_t i = 0; i < dockerfile->comment_count; i++)
		free(dockerfile->comments[i].text);
	free(dockerfile->instructions);
	free(dockerfile->comments);
	free(dockerfile->syntax);
	free(dockerfile->lines);
	free(dockerfile);
}
