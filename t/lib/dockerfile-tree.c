/*
 * Prints how a Dockerfile was parsed, for tests that compare it with what others expect:
 * dockerfile-tree [--json] FILE. The tree has the form of BuildKit's own expectations, a line per
 * instruction; the JSON has what the tree leaves out. Exit 2 where the file is refused.
 */
#include "config.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/doc.h"
#include "file/dockerfile.h"

/* A string as Go's strconv.Quote writes it, as far as the expectations go. */
static void quote(const struct word *word, struct buf *out)
{
	static const char plain[] = "\a\b\f\n\r\t\v\\\"";
	static const char letters[] = "abfnrtv\\\"";

	buf_add_char(out, '"');
	for (size_t i = 0; i < word->size; i++) {
		char c = word->data[i];
		const char *found = c != '\0' ? strchr(plain, c) : NULL;

		if (found != NULL)
			buf_printf(out, "\\%c", letters[found - plain]);
		else if ((unsigned char)c < 0x20 || c == 0x7f)
			buf_printf(out, "\\x%02x", (unsigned)c);
		else
			buf_add_char(out, c);
	}
	buf_add_char(out, '"');
}

static void print_instruction(const struct instruction *instruction, struct buf *out)
{
	buf_printf(out, "(%s", instruction->name);
	for (size_t i = 0; i < instruction->flags.count; i++) {
		buf_add_string(out, i == 0 ? " [" : " ");
		quote(&instruction->flags.items[i], out);
	}
	if (instruction->flags.count > 0)
		buf_add_char(out, ']');
	if (instruction->trigger != NULL) {
		buf_add_char(out, ' ');
		print_instruction(instruction->trigger, out);
	}
	for (size_t i = 0; i < instruction->args.count; i++) {
		buf_add_char(out, ' ');
		quote(&instruction->args.items[i], out);
	}
	buf_add_char(out, ')');
}

static json_t *words_document(const struct words *words)
{
	json_t *list = json_array();

	for (size_t i = 0; i < words->count; i++)
		(void)json_array_append_new(
			list, json_stringn(words->items[i].data, words->items[i].size));
	return list;
}

/* [START, END] of each flag and argument, in the file. */
static json_t *places_document(const struct instruction *instruction)
{
	const struct words *both[] = { &instruction->flags, &instruction->args };
	json_t *list = json_array();

	for (size_t i = 0; i < array_size(both); i++)
		for (size_t j = 0; j < both[i]->count; j++)
			(void)json_array_append_new(list, json_pack("[i, i]",
								    (int)both[i]->items[j].at.start,
								    (int)both[i]->items[j].at.end));
	return list;
}

static json_t *instruction_document(const struct instruction *instruction)
{
	json_t *heredocs = json_array();
	json_t *stage = instruction->stage == DOCKERFILE_NO_STAGE
				? json_null()
				: json_integer((json_int_t)instruction->stage);

	for (size_t i = 0; i < instruction->heredoc_count; i++) {
		const struct heredoc *heredoc = &instruction->heredocs[i];

		(void)json_array_append_new(
			heredocs,
			json_pack("{s:s, s:i, s:b, s:b, s:s, s:i, s:i}", "name", heredoc->name,
				  "descriptor", (int)heredoc->descriptor, "expands",
				  heredoc->expands, "chomps", heredoc->chomps, "content",
				  heredoc->content, "first_line", (int)heredoc->first_line,
				  "last_line", (int)heredoc->last_line));
	}
	return json_pack("{s:s, s:b, s:b, s:o, s:o, s:o, s:i, s:i, s:o, s:o, s:o, s:s}", "name",
			 instruction->name, "known", instruction->known, "exec_form",
			 instruction->exec_form, "flags", words_document(&instruction->flags),
			 "args", words_document(&instruction->args), "places",
			 places_document(instruction), "first_line", (int)instruction->first_line,
			 "last_line", (int)instruction->last_line, "stage", stage, "heredocs",
			 heredocs, "comments", words_document(&instruction->comments), "original",
			 instruction->original);
}

static void print_json(const struct dockerfile *dockerfile)
{
	json_t *list = json_array();
	auto_doc json_t *document = NULL;

	for (size_t i = 0; i < dockerfile->count; i++)
		(void)json_array_append_new(list,
					    instruction_document(&dockerfile->instructions[i]));
	document = json_pack("{s:s?, s:i, s:i, s:o}", "syntax", dockerfile->syntax, "stages",
			     (int)dockerfile->stage_count, "comments",
			     (int)dockerfile->comment_count, "instructions", list);
	(void)json_dumpf(document, stdout, JSON_INDENT(1));
	(void)putchar('\n');
}

int main(int argc, char **argv)
{
	bool json = argc == 3 && strcmp(argv[1], "--json") == 0;
	auto_dockerfile struct dockerfile *dockerfile = NULL;
	struct error err = ERROR_INIT;
	auto_buf struct buf data;

	buf_init(&data, DOCKERFILE_SIZE_MAX);
	if (argc != (json ? 3 : 2) || buf_read_file(&data, argv[argc - 1], &err) < 0 ||
	    dockerfile_parse(data.data, data.size, argv[argc - 1], &dockerfile, &err) < 0) {
		(void)fprintf(stderr, "dockerfile-tree: %s\n", err.text);
		return 2;
	}
	if (json) {
		print_json(dockerfile);
		return 0;
	}
	for (size_t i = 0; i < dockerfile->count; i++) {
		auto_buf struct buf line;

		buf_init(&line, BUF_MAX_DEFAULT);
		print_instruction(&dockerfile->instructions[i], &line);
		(void)puts(line.data);
	}
	return 0;
}
