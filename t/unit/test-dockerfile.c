#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "file/dockerfile.h"

static struct dockerfile *parse(const char *text)
{
	struct dockerfile *file = NULL;
	struct error err = ERROR_INIT;

	assert_success(dockerfile_parse(text, strlen(text), "D", &file, &err), err);
	return file;
}

/* "name arg|arg", one line each. */
static void assert_instructions(const char *text, const char *expected)
{
	auto_dockerfile struct dockerfile *file = parse(text);
	char found[1000] = "";

	for (size_t i = 0; i < file->count; i++) {
		const struct instruction *it = &file->instructions[i];

		(void)snprintf(found + strlen(found), sizeof found - strlen(found), "%s%zu-%zu %s",
			       i > 0 ? "\n" : "", it->first_line, it->last_line, it->name);
		for (size_t j = 0; j < it->args.count; j++)
			(void)snprintf(found + strlen(found), sizeof found - strlen(found), "%c%s",
				       j == 0 ? ' ' : '|', it->args.items[j].data);
	}
	assert_string_equal(found, expected);
}

static void joins_lines(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{ "FROM a", "1-1 from a" },
		{ "from a\n", "1-1 from a" },
		{ "\n  FROM\ta  AS\vb \n", "2-2 from a|AS|b" },
		{ "\xef\xbb\xbf"
		  "FROM a\n",
		  "1-1 from a" },
		{ "FROM a\r\nRUN x \\\r\n  y\r\n", "1-1 from a\n2-3 run x   y" },
		{ "FROM \\\n  a\n", "1-2 from a" },
		{ "RUN a \\\n# no\n\n   # FROM x\n b\nRUN c", "1-5 run a  b\n6-6 run c" },
		{ "# RUN \\\nFROM a", "2-2 from a" },
		{ "RUN a \\  \t\nb", "1-2 run a b" },
		{ "RUN a\\\\\nFROM b", "1-1 run a\\\\\n2-2 from b" },
		{ "\\\nFROM a", "1-2 from a" },
		{ "RUN a \\", "1-1 run a" },
		{ "RUN echo # no comment\n", "1-1 run echo # no comment" },
		{ "# escape=`\nRUN a `\nb\\\nRUN c", "2-3 run a b\\\n4-4 run c" },
		{ "# Syntax = x\n# ESCAPE = `\nRUN a `\nb", "3-4 run a b" },
		{ "# check=skip=all\n# escape=`\nRUN a `\nb", "3-4 run a b" },
		/* only at the top, and not behind anything else */
		{ "\n# escape=`\nRUN a `\nRUN b", "3-3 run a `\n4-4 run b" },
		{ "# hello\n# escape=`\nRUN a `\nRUN b", "3-3 run a `\n4-4 run b" },
		{ "# other=x\n# escape=`\nRUN a `\nRUN b", "3-3 run a `\n4-4 run b" },
		{ "FROM a\n# escape=`\nRUN a `\nRUN b", "1-1 from a\n3-3 run a `\n4-4 run b" },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		assert_instructions(cases[i].text, cases[i].expected);
}

static void reads_arguments(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{ "COPY a b  c", "1-1 copy a|b|c" },
		{ "COPY [\"a b\", \"c\"]", "1-1 copy a b|c" },
		{ "COPY --from=x a b", "1-1 copy a|b" },
		{ "COPY --from=\"x y\" -- --a b", "1-1 copy --a|b" },
		{ "RUN --mount=type=cache,target=/x a b", "1-1 run a b" },
		{ "RUN [\"a\", \"b\"]", "1-1 run a|b" },
		{ "RUN [\"a\", b]", "1-1 run [\"a\", b]" },
		{ "CMD", "1-1 cmd" },
		{ "ENV a b c", "1-1 env a|b c|" },
		{ "ENV a=b c='d e' f=g\\ h", "1-1 env a|b|=|c|'d e'|=|f|g\\ h|=" },
		{ "ARG a b=\"c d\"", "1-1 arg a|b=\"c d\"" },
		{ "HEALTHCHECK --interval=5s CMD a b", "1-1 healthcheck CMD|a b" },
		{ "HEALTHCHECK CMD [\"a\", \"b\"]", "1-1 healthcheck CMD|a|b" },
		{ "WORKDIR /a b", "1-1 workdir /a b" },
		{ "EXPOSE 1  2", "1-1 expose 1|2" },
		{ "FROBNICATE a b", "1-1 frobnicate" },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		assert_instructions(cases[i].text, cases[i].expected);
}

static void finds_flags(unused_arg void **state)
{
	auto_dockerfile struct dockerfile *file =
		parse("RUN --mount=a --network=none --mount=\"b c\" --bare x");
	const struct instruction *run = &file->instructions[0];
	size_t from = 0;

	assert_string_equal(instruction_flag(run, "mount", &from), "a");
	assert_string_equal(instruction_flag(run, "mount", &from), "b c");
	assert_null(instruction_flag(run, "mount", &from));
	from = 0;
	assert_string_equal(instruction_flag(run, "bare", &from), "");
	from = 0;
	assert_null(instruction_flag(run, "net", &from));
	assert_string_equal(run->text, "x");
	assert_string_equal(run->keyword, "RUN");
}

static void keeps_heredocs(unused_arg void **state)
{
	static const struct {
		const char *text;
		size_t count;
		const char *name;
		const char *content;
		bool expands;
		bool chomps;
		size_t last_line;
	} cases[] = {
		{ "RUN <<EOF\nFROM x\nEOF\n", 1, "EOF", "FROM x\n", true, false, 3 },
		{ "RUN <<EOF\r\nFROM x\r\nEOF\r\n", 1, "EOF", "FROM x\r\n", true, false, 3 },
		{ "RUN <<'EOF' cat\n$x\nEOF", 1, "EOF", "$x\n", false, false, 3 },
		{ "RUN <<\"E\"OF\nEOF", 1, "EOF", "", false, false, 2 },
		{ "RUN <<-EOF\n\ta\n\tEOF\n", 1, "EOF", "\ta\n", true, true, 3 },
		{ "RUN <<-\\EOF\n\ta\n\tEOF\n", 1, "EOF", "\ta\n", true, true, 3 },
		{ "RUN <<EOF\n\tEOF\nEOF\n", 1, "EOF", "\tEOF\n", true, false, 3 },
		{ "RUN << EOF\n EOF\nEOF\n", 1, "EOF", " EOF\n", true, false, 3 },
		{ "RUN 3<<EOF\nEOF\n", 1, "EOF", "", true, false, 2 },
		{ "RUN <<$EOF\n$EOF\n", 1, "$EOF", "", true, false, 2 },
		{ "COPY <<a <<b /x\nb\na\na\nb\n", 2, "a", "b\n", true, false, 5 },
		{ "RUN a \\\n <<EOF\nb \\\nEOF\n", 1, "EOF", "b \\\n", true, false, 4 },
		{ "ONBUILD RUN <<EOF\nFROM x\nEOF", 1, "EOF", "FROM x\n", true, false, 3 },
		{ "ADD <<EOF /x\nEOF", 1, "EOF", "", true, false, 2 },
		/* none of these is one */
		{ "RUN cat <<<EOF\nRUN x", 0, NULL, NULL, false, false, 1 },
		{ "RUN \"<<EOF\"\nRUN x", 0, NULL, NULL, false, false, 1 },
		{ "RUN a<<EOF\nRUN x", 0, NULL, NULL, false, false, 1 },
		{ "RUN [\"<<EOF\"]\nRUN x", 0, NULL, NULL, false, false, 1 },
		{ "USER <<EOF\nRUN x", 0, NULL, NULL, false, false, 1 },
		{ "RUN it's <<EOF\nRUN x", 0, NULL, NULL, false, false, 1 },
		{ "RUN $((1<<2))\nRUN x", 0, NULL, NULL, false, false, 1 },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_dockerfile struct dockerfile *file = parse(cases[i].text);
		const struct instruction *it = &file->instructions[0];

		if (it->heredoc_count != cases[i].count || it->last_line != cases[i].last_line)
			fail_msg("%s: %zu heredocs to line %zu", cases[i].text, it->heredoc_count,
				 it->last_line);
		if (cases[i].count == 0) {
			assert_int_equal(file->count, 2);
			continue;
		}
		assert_int_equal(file->count, 1);
		assert_string_equal(it->heredocs[0].name, cases[i].name);
		assert_string_equal(it->heredocs[0].content, cases[i].content);
		assert_int_equal(it->heredocs[0].expands, cases[i].expands);
		assert_int_equal(it->heredocs[0].chomps, cases[i].chomps);
	}
}

static void finds_the_syntax(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *syntax;
		size_t line;
	} cases[] = {
		{ "# syntax=docker/dockerfile:1\nFROM a", "docker/dockerfile:1", 1 },
		{ "#syntax = x more\nFROM a", "x", 1 },
		{ "# escape=`\n# SYNTAX=x\r\nFROM a", "x", 2 },
		{ "#!/bin/x\n# syntax=x\nFROM a", "x", 2 },
		{ "// syntax=x\nFROM a", "x", 1 },
		{ "\xef\xbb\xbf# syntax=x\nFROM a", "x", 1 },
		{ "\n# syntax=x\nFROM a", NULL, 0 },
		{ "# a\n# syntax=x\nFROM a", NULL, 0 },
		{ "FROM a\n# syntax=x\n", NULL, 0 },
		{ "# syntax=\nFROM a", NULL, 0 },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_dockerfile struct dockerfile *file = parse(cases[i].text);

		if (cases[i].syntax == NULL)
			assert_null(file->syntax);
		else
			assert_string_equal(file->syntax, cases[i].syntax);
		assert_int_equal(file->syntax_line, cases[i].line);
	}
}

static void keeps_comments_and_stages(unused_arg void **state)
{
	auto_dockerfile struct dockerfile *file =
		parse("# syntax=x\n# one\n#\n# two\n\n#three \nARG a\nFROM a # b\n#four\nRUN a \\\n"
		      "# five\n b\nFROM b\n# six");

	assert_int_equal(file->comment_count, 8);
	assert_string_equal(file->comments[5].text, "four");
	assert_int_equal(file->comments[5].line, 9);
	assert_string_equal(file->comments[6].text, "five");
	assert_int_equal(file->comments[6].line, 11);
	/* an empty comment parts, an empty line does not */
	assert_int_equal(file->instructions[0].comments.count, 2);
	assert_string_equal(file->instructions[0].comments.items[0].data, "two");
	assert_string_equal(file->instructions[0].comments.items[1].data, "three");
	assert_int_equal(file->instructions[0].stage, DOCKERFILE_NO_STAGE);
	assert_int_equal(file->instructions[1].stage, 0);
	assert_int_equal(file->instructions[1].comments.count, 0);
	assert_string_equal(file->instructions[2].comments.items[0].data, "four");
	assert_int_equal(file->instructions[2].stage, 0);
	assert_int_equal(file->instructions[3].stage, 1);
	assert_int_equal(file->stage_count, 2);
}

static void refuses(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{ "", "D: there is no instruction" },
		{ "# a\n\n# b", "D: there is no instruction" },
		{ "FROM a\nENV b", "D:2: ENV needs a name and a value" },
		{ "FROM a\nLABEL b=c d", "D:2: LABEL: 'd' is not of the form name=value" },
		{ "FROM a\n\nCMD [ \"a\", [ \"b\" ] ]", "D:3: an array in JSON form" },
		{ "COPY [1]", "D:1: an array in JSON form" },
		{ "RUN <<EOF\nFROM x", "D:1: the heredoc 'EOF' has no end" },
		{ "RUN <<A <<B\nA", "D:2: the heredoc 'B' has no end" },
		{ "# escape=x\nFROM a", "D:1: the escape character is" },
		{ "# escape=`\n# escape=`\nFROM a", "D:2: the directive 'escape' is given twice" },
		{ "ONBUILD onbuild RUN x", "D:1: ONBUILD cannot have ONBUILD" },
	};
	static char text[70000];
	struct dockerfile *file = NULL;
	struct error err;

	for (size_t i = 0; i < array_size(cases); i++)
		assert_failure(
			dockerfile_parse(cases[i].text, strlen(cases[i].text), "D", &file, &err),
			err, ERROR_INPUT, cases[i].why);
	assert_failure(dockerfile_parse("FROM a\nRUN \0", 12, "D", &file, &err), err, ERROR_INPUT,
		       "D:2: a NUL byte");
	memset(text, 'x', sizeof text);
	text[0] = '\n';
	assert_failure(dockerfile_parse(text, sizeof text, "D", &file, &err), err, ERROR_INPUT,
		       "D:2: a line of more than");
}

/* What stands in the file at a place, with its line and column. */
static void print_place(const struct dockerfile *file, const char *text, const char *what,
			struct span at, struct buf *out)
{
	size_t line;
	size_t column;

	dockerfile_locate(file, at.start, &line, &column);
	buf_printf(out, "%s%s %zu:%zu %.*s", out->size > 0 ? "|" : "", what, line, column,
		   (int)(at.end - at.start), text + at.start);
}

static void print_places(const struct dockerfile *file, const char *text,
			 const struct instruction *it, struct buf *out)
{
	print_place(file, text, "k", it->keyword_at, out);
	for (size_t i = 0; i < it->flags.count; i++)
		print_place(file, text, "f", it->flags.items[i].at, out);
	print_place(file, text, "t", it->text_at, out);
	for (size_t i = 0; i < it->args.count; i++)
		print_place(file, text, "a", it->args.items[i].at, out);
	if (it->trigger != NULL)
		print_places(file, text, it->trigger, out);
}

static void keeps_places(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{ "FROM a", "k 1:1 FROM|t 1:6 a|a 1:6 a" },
		{ "\xef\xbb\xbf  FROM\ta ", "k 1:3 FROM|t 1:8 a|a 1:8 a" },
		{ "\r\nfrom --platform=x a AS b\r\n",
		  "k 2:1 from|f 2:6 --platform=x|t 2:19 a AS b|a 2:19 a|a 2:21 AS|a 2:24 b" },
		{ "FROM \\\n# no\n\n  # FROM x\n \\\n\ta:1 \\  \n AS b",
		  "k 1:1 FROM|t 6:2 a:1 \\  \n AS b|a 6:2 a:1|a 7:2 AS|a 7:5 b" },
		{ "FROM a\\\n# b\nc:1\\\r\n2 AS d",
		  "k 1:1 FROM|t 1:6 a\\\n# b\nc:1\\\r\n2 AS d|a 1:6 a\\\n# b\nc:1\\\r\n2|"
		  "a 4:3 AS|a 4:6 d" },
		{ "COPY a\\\n b", "k 1:1 COPY|t 1:6 a\\\n b|a 1:6 a|a 2:2 b" },
		{ "# escape=`\nCOPY `\n--from=\"a b\" `\n c d",
		  "k 2:1 COPY|f 3:1 --from=\"a b\"|t 4:2 c d|a 4:2 c|a 4:4 d" },
		{ "\\\nFR\\\nOM a", "k 2:1 FR\\\nOM|t 3:4 a|a 3:4 a" },
		{ "RUN  --mount=from=a,to=\\b  x y ",
		  "k 1:1 RUN|f 1:6 --mount=from=a,to=\\b|t 1:28 x y|a 1:28 x y" },
		{ "ONBUILD  COPY --from=a \\\n b c",
		  "k 1:1 ONBUILD|t 1:10 COPY --from=a \\\n b c|k 1:10 COPY|f 1:15 --from=a|t 2:2 b c|"
		  "a 2:2 b|a 2:4 c" },
		{ "ENV a=b c='d e'", "k 1:1 ENV|t 1:5 a=b c='d e'|a 1:5 a|a 1:7 b|a 1:7 |a 1:9 c|"
				     "a 1:11 'd e'|a 1:11 " },
		{ "ENV a  b c", "k 1:1 ENV|t 1:5 a  b c|a 1:5 a|a 1:8 b c|a 1:8 " },
		{ "ARG a b=\"c d\"", "k 1:1 ARG|t 1:5 a b=\"c d\"|a 1:5 a|a 1:7 b=\"c d\"" },
		{ "CMD  [ \"a\", \\\n \"b c\" ]",
		  "k 1:1 CMD|t 1:6 [ \"a\", \\\n \"b c\" ]|a 1:8 \"a\"|a 2:2 \"b c\"" },
		{ "HEALTHCHECK --interval=5s CMD [\"a\"]",
		  "k 1:1 HEALTHCHECK|f 1:13 --interval=5s|t 1:27 CMD [\"a\"]|a 1:27 CMD|a 1:32 \"a\"" },
		{ "HEALTHCHECK CMD a b", "k 1:1 HEALTHCHECK|t 1:13 CMD a b|a 1:13 CMD|a 1:17 a b" },
		{ "USER", "k 1:1 USER|t 1:5 " },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_dockerfile struct dockerfile *file = parse(cases[i].text);
		auto_buf struct buf found;

		buf_init(&found, BUF_MAX_DEFAULT);
		print_places(file, cases[i].text, &file->instructions[0], &found);
		assert_string_equal(found.data, cases[i].expected);
	}
}

static void keeps_places_of_comments(unused_arg void **state)
{
	static const char text[] = "#!/x\n#  syntax = a/b:1 c\nFROM a\nRUN x \\\n  # y\n z\n";
	static const char slashes[] = "// syntax=a\nFROM b";
	static const char json[] = "{ \"syntax\": \"a\" }";
	auto_dockerfile struct dockerfile *file = parse(text);
	auto_dockerfile struct dockerfile *other = parse(slashes);
	auto_dockerfile struct dockerfile *third = parse(json);
	size_t line;
	size_t column;

	assert_int_equal(file->syntax_at.start, 17);
	assert_memory_equal(text + file->syntax_at.start, "a/b:1", 5);
	assert_int_equal(file->syntax_at.end, 22);
	assert_int_equal(other->syntax_at.start, 10);
	assert_int_equal(third->syntax_at.end, 0);
	assert_int_equal(file->comment_count, 3);
	assert_int_equal(file->comments[1].offset, 5);
	dockerfile_locate(file, file->comments[2].offset, &line, &column);
	assert_int_equal(line, 5);
	assert_int_equal(column, 3);
	dockerfile_locate(file, SIZE_MAX, &line, &column);
	assert_int_equal(line, 6);
	assert_int_equal(column, 4);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins_lines),
		cmocka_unit_test(reads_arguments),
		cmocka_unit_test(finds_flags),
		cmocka_unit_test(keeps_heredocs),
		cmocka_unit_test(finds_the_syntax),
		cmocka_unit_test(keeps_comments_and_stages),
		cmocka_unit_test(refuses),
		cmocka_unit_test(keeps_places),
		cmocka_unit_test(keeps_places_of_comments),
	};

	return cmocka_run_group_tests_name("dockerfile", tests, NULL, NULL);
}
