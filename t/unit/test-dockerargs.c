/* One joined line of a Dockerfile: its flags, and its arguments by kind. */
#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "file/dockerargs.h"

static void add_words(struct buf *out, const struct words *words, char open, char close)
{
	for (size_t i = 0; i < words->count; i++)
		buf_printf(out, "%c%s%c", open, words->items[i].data, close);
}

/* NAME, flags in angle brackets, "exec" where it is, arguments in square ones, a trigger behind
 * a colon. */
static void describe(struct buf *out, const struct instruction *instruction)
{
	buf_printf(out, "%s%s ", instruction->name, instruction->known ? "" : "?");
	add_words(out, &instruction->flags, '<', '>');
	buf_add_string(out, instruction->exec_form ? "exec" : "");
	add_words(out, &instruction->args, '[', ']');
	if (instruction->trigger != NULL) {
		buf_add_string(out, ": ");
		describe(out, instruction->trigger);
	}
}

static void arguments_by_kind(unused_arg void **state)
{
	static const struct {
		const char *line, *wanted;
	} cases[] = {
		{ "FROM a AS b", "from [a][AS][b]" },
		{ "  from\ta  ", "from [a]" },
		{ "FROM --platform=x a", "from <--platform=x>[a]" },
		{ "COPY --from='a b' --chown=1 x y", "copy <--from=a b><--chown=1>[x][y]" },
		{ "COPY --from=a\\ b x y", "copy <--from=a b>[x][y]" },
		/* "--" alone ends the flags */
		{ "COPY -- --from=x y", "copy [--from=x][y]" },
		{ "COPY [\"a b\", \"c\"]", "copy exec[a b][c]" },
		{ "COPY [a b", "copy [[a][b]" },
		{ "RUN echo  'a' && b", "run [echo  'a' && b]" },
		{ "RUN [\"a\", \"b c\"]", "run exec[a][b c]" },
		{ "RUN ['a']", "run [['a']]" },
		{ "CMD []", "cmd exec" },
		{ "ENV a=1 b=\"x y\" c=d\\ e", "env [a][1][=][b][\"x y\"][=][c][d\\ e][=]" },
		{ "ENV a  b c", "env [a][b c][]" },
		{ "LABEL a=", "label [a][][=]" },
		{ "ARG A='x y' B", "arg [A='x y'][B]" },
		{ "HEALTHCHECK --interval=5s CMD [\"x\"]",
		  "healthcheck <--interval=5s>exec[CMD][x]" },
		{ "HEALTHCHECK NONE", "healthcheck [NONE]" },
		{ "ONBUILD COPY --from=a b c", "onbuild : copy <--from=a>[b][c]" },
		{ "USER a b", "user [a b]" },
		{ "EXPOSE 1 2", "expose [1][2]" },
		{ "NONSENSE a b", "nonsense? " },
		{ "RUN", "run " },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct instruction instruction = { 0 };
		auto_buf struct buf found;
		struct error err = ERROR_INIT;

		buf_init(&found, BUF_MAX_DEFAULT);
		assert_success(instruction_parse(cases[i].line, '\\', &instruction, &err), err);
		describe(&found, &instruction);
		assert_string_equal(found.data, cases[i].wanted);
		assert_string_equal(instruction.original, cases[i].line);
		instruction_release(&instruction);
	}
}

static void refuses(unused_arg void **state)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
		{ "ENV a", "ENV needs a name and a value" },
		{ "label a=1 b", "label: 'b' is not of the form name=value" },
		{ "ONBUILD ONBUILD RUN x", "ONBUILD cannot have ONBUILD" },
		{ "COPY [\"a\", 1]", "nothing but strings" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct instruction instruction = { 0 };
		struct error err;

		assert_failure(instruction_parse(cases[i].line, '\\', &instruction, &err), err,
			       ERROR_INPUT, cases[i].why);
		instruction_release(&instruction);
	}
}

/* The escape character is the file's in words, a backslash in flags. */
static void escape_characters(unused_arg void **state)
{
	struct instruction instruction = { 0 };
	struct error err = ERROR_INIT;

	assert_success(instruction_parse("ARG --x=a\\ b A=c` d E=\\", '`', &instruction, &err),
		       err);
	assert_string_equal(instruction.flags.items[0].data, "--x=a b");
	assert_int_equal(instruction.args.count, 2);
	assert_string_equal(instruction.args.items[0].data, "A=c` d");
	assert_string_equal(instruction.args.items[1].data, "E=\\");
	instruction_release(&instruction);
}

static void heredocs(unused_arg void **state)
{
	/* NAME, "-" where tabs go, "$" where variables are put in, the descriptor where not 0 */
	static const struct {
		const char *line, *wanted;
	} cases[] = {
		{ "RUN <<EOF", "EOF$ " },	  { "RUN <<-EOF", "EOF-$ " },
		{ "RUN <<'EOF'", "EOF " },	  { "RUN <<-\"E F\"", "E F- " },
		{ "RUN 3<<EOF cat", "EOF$3 " },	  { "COPY <<a <<'b' /", "a$ b " },
		{ "ONBUILD RUN <<EOF", "EOF$ " }, { "RUN <<<word", "" },
		{ "RUN [\"<<EOF\"]", "" },	  { "ENV a=<<EOF", "" },
		{ "RUN echo it's <<EOF", "" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct instruction instruction = { 0 };
		auto_buf struct buf found;
		struct error err = ERROR_INIT;

		buf_init(&found, BUF_MAX_DEFAULT);
		assert_success(instruction_parse(cases[i].line, '\\', &instruction, &err), err);
		assert_success(instruction_find_heredocs(&instruction, &err), err);
		for (size_t k = 0; k < instruction.heredoc_count; k++) {
			const struct heredoc *heredoc = &instruction.heredocs[k];

			buf_printf(&found, "%s%s%s", heredoc->name, heredoc->chomps ? "-" : "",
				   heredoc->expands ? "$" : "");
			if (heredoc->descriptor != 0)
				buf_printf(&found, "%u", heredoc->descriptor);
			buf_add_char(&found, ' ');
		}
		if (strcmp(found.size > 0 ? found.data : "", cases[i].wanted) != 0)
			fail_msg("%s: '%s' and not '%s'", cases[i].line, found.data,
				 cases[i].wanted);
		instruction_release(&instruction);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_by_kind),
		cmocka_unit_test(refuses),
		cmocka_unit_test(escape_characters),
		cmocka_unit_test(heredocs),
	};

	return cmocka_run_group_tests_name("dockerargs", tests, NULL, NULL);
}
