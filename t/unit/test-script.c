#include "config.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "file/script.h"

/*
 * A script as text: commands behind one another, each with what led to it; words in brackets,
 * assignments with a colon; "$" for nested ones, "!" for silent ones.
 */
static void print_words(struct buf *out, const struct words *words, char open, char close)
{
	for (size_t i = 0; i < words->count; i++) {
		buf_add_char(out, open);
		buf_add_string(out, words->items[i].data);
		buf_add_char(out, close);
	}
}

static char *print_script(const struct script *script)
{
	static const char *const operators[] = {
		[SCRIPT_BEGINS] = "", [SCRIPT_SEQUENCE] = ";", [SCRIPT_AND] = "&",
		[SCRIPT_OR] = "or",   [SCRIPT_PIPE] = "|",
	};
	auto_buf struct buf out;
	char *text;

	buf_init(&out, (size_t)1 << 24);
	buf_add_string(&out, "");
	for (size_t i = 0; i < script->count; i++) {
		const struct script_command *command = &script->items[i];

		buf_printf(&out, "%s%s%s%s", i > 0 ? " " : "", operators[command->operator],
			   command->nested ? "$" : "", command->silent ? "!" : "");
		print_words(&out, &command->assignments, '<', '>');
		print_words(&out, &command->words, '[', ']');
	}
	text = strdup(out.data);
	assert_non_null(text);
	return text;
}

struct parse_case {
	const char *text;
	const char *commands;
};

static void check(const struct parse_case *item, const struct script_source *source)
{
	auto_script struct script script = { 0 };
	struct error err = ERROR_INIT;
	auto_free char *text = NULL;

	assert_success(script_parse(item->text, strlen(item->text), source, &script, &err), err);
	text = print_script(&script);
	if (strcmp(text, item->commands) != 0)
		fail_msg("%s\nis      %s\nand not %s", item->text, text, item->commands);
}

static const struct script_source shell = { .escape = '\\' };
static const struct script_source docker = { .escape = '\\', .docker = true };

static void lists_and_pipes(unused_arg void **state)
{
	static const struct parse_case cases[] = {
		{ "", "" },
		{ " \t\n ; ;; & \n", "" },
		{ "a", "[a]" },
		{ "a b\tc", "[a][b][c]" },
		{ "a;b", "[a] ;[b]" },
		{ "a&b", "[a] ;[b]" },
		{ "a\nb\r\nc", "[a] ;[b] ;[c]" },
		{ "a&&b||c", "[a] &[b] or[c]" },
		{ "a|b|&c", "[a] |[b] |[c]" },
		{ "a |\n b", "[a] |[b]" },
		{ "a &&\n\n b", "[a] &[b]" },
		{ "a # | b ; c\nd", "[a] ;[d]" },
		{ "a#b", "[a#b]" },
		{ "(a;b)|c", "[a] ;[b] |[c]" },
		{ "{ a; b; } && c", "[a] ;[b] &[c]" },
		{ "! a | b", "[a] |[b]" },
		{ "a && (b | c)", "[a] &[b] |[c]" },
		{ "f() { a; }; f", "[f] ;[a] ;[f]" },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		check(&cases[i], &shell);
}

static void compound_commands(unused_arg void **state)
{
	static const struct parse_case cases[] = {
		{ "if a; then b; elif c; then d; else e; fi", "[a] ;[b] ;[c] ;[d] ;[e]" },
		{ "if a\nthen b\nfi\nc", "[a] ;[b] ;[c]" },
		{ "while a; do b; done | c", "[a] ;[b] |[c]" },
		{ "until ! a; do b; done", "[a] ;[b]" },
		{ "for x in a b; do c $x; done", "[for][x][in][a][b] ;[c][$x]" },
		{ "case $a in x|y) b;; *) c | d;; esac; e", "[case][$a][in] ;[b] ;[c] |[d] ;[e]" },
		{ "case $a in\n  # why\n  (x) b ;;\n  'y)z') c ;;\nesac && d",
		  "[case][$a][in] ;[b] ;[c] &[d]" },
		{ "case a in x)case b in y) c;; esac;; z) d;; esac",
		  "[case][a][in] ;[case][b][in] ;[c] ;[d]" },
		{ "case a in b)c;;esac", "[case][a][in] ;[c]" },
		{ "case a in esac; b", "[case][a][in] ;[b]" },
		{ "case a in x) b;& y) c;;& z) d; esac", "[case][a][in] ;[b] ;[c] ;[d]" },
		{ "x=$(case a in b) c;; esac); d",
		  "$[case][a][in] ;$[c] <x=$(\xe2\x80\xa6)> ;[d]" },
		{ "echo case a in b | c", "[echo][case][a][in][b] |[c]" },
		{ "echo if then", "[echo][if][then]" },
		{ "'if' a", "[if][a]" },
		{ "[[ $a =~ ^(x|y)$ && b < c ]] && d",
		  "[[[][$a][=~][^(x|y)$][&&][b][<][c][]]] &[d]" },
		{ "[[ a ]]; b | c", "[[[][a][]]] ;[b] |[c]" },
		{ "[ a ] || b", "[[][a][]] or[b]" },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		check(&cases[i], &shell);
}

static void quotes_and_expansions(unused_arg void **state)
{
	static const struct parse_case cases[] = {
		{ "a 'b | c'", "[a][b | c]" },
		{ "a \"b ; 'c'\"", "[a][b ; 'c']" },
		{ "a 'b'\"c\"d", "[a][bcd]" },
		{ "a '' \"\"", "[a][][]" },
		{ "a b\\ c \\| \\\"", "[a][b c][|][\"]" },
		{ "a \"\\\"\\$\\`\\\\\\n\"", "[a][\"$`\\\\n]" },
		{ "a $x ${y:-b c} \"${z}\"", "[a][$x][${y:-b c}][${z}]" },
		{ "a $((1 | 2))", "[a][$((1 | 2))]" },
		{ "a $(b | c)", "$[b] |$[c] [a][$(\xe2\x80\xa6)]" },
		{ "a `b` c", "$[b] [a][$(\xe2\x80\xa6)][c]" },
		{ "a \"x$(b \"c d\")y\"", "$[b][c d] [a][x$(\xe2\x80\xa6)y]" },
		{ "a $(b $(c))", "$[c] $[b][$(\xe2\x80\xa6)] [a][$(\xe2\x80\xa6)]" },
		{ "a '$(b)'", "[a][$(b)]" },
		{ "x=$(a)", "$[a] <x=$(\xe2\x80\xa6)>" },
		{ "a |\n$(b)", "[a] $[b] |[$(\xe2\x80\xa6)]" },
		{ "X=1 Y='2 3' a Z=4", "<X=1><Y=2 3>[a][Z=4]" },
		{ "X+=1 a", "<X+=1>[a]" },
		{ "1X=2 -a=b", "[1X=2][-a=b]" },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		check(&cases[i], &shell);
}

static void redirections(unused_arg void **state)
{
	static const struct parse_case cases[] = {
		{ "a >b <c d", "[a][d]" },
		{ "a>b", "[a]" },
		{ "a >/dev/null b", "![a][b]" },
		{ "a 1>/dev/null", "![a]" },
		{ "a &>/dev/null", "![a]" },
		{ "a 2>/dev/null", "[a]" },
		{ "a 2 >b", "[a][2]" },
		{ "a b2>c", "[a][b2]" },
		{ "a >c 2>&1 | b", "[a] |[b]" },
		{ "a >>b >|c <>d", "[a]" },
		{ "a <<<b c", "[a][c]" },
		{ "a <(b c)", "$[b][c] [a][]" },
		{ "a <<E | b\nx; y\nE\nc", "[a] |[b] ;[c]" },
		{ "a <<-E\n\tx\n\tE\nc", "[a] ;[c]" },
		{ "a <<'E' <<F\n1\nE\n2\nF\nc", "[a] ;[c]" },
		{ "a <<E\r\nx | y\r\nE\r\nc", "[a] ;[c]" },
		{ "a <<E\nx | y", "[a]" },
		{ "a <<E\n E\nb\nE \nE", "[a]" },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		check(&cases[i], &shell);
}

static void continued_lines(unused_arg void **state)
{
	static const struct script_source backtick = { .escape = '`', .docker = true };
	static const struct parse_case in_shell[] = {
		{ "a \\\n b", "[a][b]" },
		{ "a\\\nb", "[ab]" },
		{ "a \"b\\\nc\"", "[a][bc]" },
		{ "a 'b\\\nc'", "[a][b\\\nc]" },
		{ "a # b \\\nc", "[a] ;[c]" },
		/* blanks behind the backslash end it */
		{ "a \\ \nb", "[a][ ] ;[b]" },
	};
	static const struct parse_case in_docker[] = {
		{ "a \\\n b", "[a][b]" },
		{ "a \\\r\n b", "[a][b]" },
		{ "a \\  \n b", "[a][b]" },
		{ "a \\\n  # comment ; \\\n# another\n\n \t\n b", "[a][b]" },
		{ "a \\\n#", "[a]" },
		{ "a 'b\\\nc'", "[a][bc]" },
		{ "a && \\\n b \\", "[a] &[b]" },
		/* the lines are one before the shell sees the '#' */
		{ "a # b \\\n && c", "[a]" },
	};
	static const struct parse_case other_escape[] = {
		{ "a `\n b", "[a][b]" },
		{ "a `  \n# c\n b C:\\\\d", "[a][b][C:\\d]" },
	};

	for (size_t i = 0; i < array_size(in_shell); i++)
		check(&in_shell[i], &shell);
	for (size_t i = 0; i < array_size(in_docker); i++)
		check(&in_docker[i], &docker);
	for (size_t i = 0; i < array_size(other_escape); i++)
		check(&other_escape[i], &backtick);
}

/* Each word's place is what stands there in the text, quotes included. */
static void places(unused_arg void **state)
{
	static const char text[] = "aa 'b b';cc&&(d)|e\\\n  \"f\" # x\ng$(h i)<j k>l;m`n`||o";
	static const char *const wanted[] = { "aa", "'b b'",   "cc", "d", "e",	  "\"f\"", "h",
					      "i",  "g$(h i)", "k",  "n", "m`n`", "o" };
	struct script_source source = { .escape = '\\', .start = 1000 };
	auto_script struct script script = { 0 };
	struct error err = ERROR_INIT;
	size_t number = 0;

	assert_success(script_parse(text, sizeof text - 1, &source, &script, &err), err);
	for (size_t i = 0; i < script.count; i++)
		for (size_t k = 0; k < script.items[i].words.count; k++) {
			struct span at = script.items[i].words.items[k].at;
			char found[64] = "";

			assert_true(at.start >= 1000 && at.end > at.start &&
				    at.end - 1000 <= sizeof text - 1);
			memcpy(found, text + at.start - 1000, at.end - at.start);
			assert_true(number < array_size(wanted));
			/* a continued line before a word belongs to none */
			assert_string_equal(found, wanted[number]);
			number++;
		}
	assert_int_equal(number, array_size(wanted));
}

static void programs(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *name;
	} cases[] = {
		{ "a", "a" },
		{ "/usr/bin/a b", "a" },
		{ "X=1", "" },
		{ "exec a", "a" },
		{ "exec -a b a", "a" },
		{ "env -i X=1 Y=2 a", "a" },
		{ "env -u X a", "a" },
		{ "sudo -u b -E a", "a" },
		{ "sudo -- a", "a" },
		{ "time -p nice -n 5 nohup a", "a" },
		{ "timeout -k 5 10s a", "a" },
		{ "/sbin/tini -g -- /a b", "a" },
		{ "gosu b a", "a" },
		{ "xargs -0 -n 1 a", "a" },
		{ "exec", "" },
		{ "timeout", "" },
		{ "env X=1", "" },
		{ "sudo -u", "" },
		{ "a sudo b", "a" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_script struct script script = { 0 };
		struct error err = ERROR_INIT;

		assert_success(
			script_parse(cases[i].text, strlen(cases[i].text), &shell, &script, &err),
			err);
		assert_int_equal(script.count, 1);
		if (strcmp(script_program_name(&script.items[0]), cases[i].name) != 0)
			fail_msg("'%s' runs '%s'", cases[i].text,
				 script_program_name(&script.items[0]));
	}
}

static void inner_scripts(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *inner; /* NULL for none */
	} cases[] = {
		{ "sh -c 'a b'", "a b" },   { "/bin/bash -euo pipefail -c 'a b' c", "a b" },
		{ "exec sh -ec a", "a" },   { "bash -lc a", "a" },
		{ "busybox sh -c a", "a" }, { "sh a", NULL },
		{ "sh -c", NULL },	    { "sh --norc", NULL },
		{ "echo sh -c a", NULL },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_script struct script script = { 0 };
		struct error err = ERROR_INIT;
		const struct word *inner;

		assert_success(
			script_parse(cases[i].text, strlen(cases[i].text), &shell, &script, &err),
			err);
		inner = script_inner(&script.items[0]);
		if (cases[i].inner == NULL)
			assert_null(inner);
		else if (inner == NULL)
			fail_msg("nothing inside of '%s'", cases[i].text);
		else
			assert_string_equal(inner->data, cases[i].inner);
	}
}

static void words_are_one_command(unused_arg void **state)
{
	auto_words struct words words = { 0 };
	auto_script struct script script = { 0 };
	struct error err = ERROR_INIT;

	assert_success(words_add(&words, "a;b", 3, &err), err);
	assert_success(words_add(&words, "x\0y", 3, &err), err);
	words.items[1].at = (struct span) { 5, 9 };
	assert_success(script_of_words(&words, &script, &err), err);
	assert_int_equal(script.count, 1);
	assert_int_equal(script.items[0].operator, SCRIPT_BEGINS);
	assert_string_equal(script.items[0].words.items[0].data, "a;b");
	assert_int_equal(script.items[0].words.items[1].size, 3);
	assert_int_equal(script.items[0].words.items[1].at.end, 9);
	assert_ptr_not_equal(script.items[0].words.items[0].data, words.items[0].data);
}

/* Nothing may crash, fail or take long; the text has no byte more than it says. */
static void survives(const char *text, size_t size, const struct script_source *source)
{
	char *exact = malloc(size > 0 ? size : 1);
	auto_script struct script script = { 0 };
	struct error err = ERROR_INIT;

	assert_non_null(exact);
	memcpy(exact, text, size);
	assert_success(script_parse(exact, size, source, &script, &err), err);
	free(exact);
	assert_true(script.count <= SCRIPT_COMMANDS_MAX);
	for (size_t i = 0; i < script.count; i++) {
		(void)script_program_name(&script.items[i]);
		(void)script_inner(&script.items[i]);
		for (size_t k = 0; k < script.items[i].words.count; k++)
			assert_true(script.items[i].words.items[k].at.end <= source->start + size);
	}
}

static void survives_anything(unused_arg void **state)
{
	static const char *const pieces[] = { "'",     "\"",   "`",	     "$(",
					      "${",    "$((",  "(",	     ")",
					      "((",    "\\",   "\\\n",	     "<<E\n",
					      "<<",    "<(",   "&>",	     ">",
					      "|",     ";;",   "case a in ", "case a in b) ",
					      "esac ", "[[ ",  "\n#",	     "#",
					      "a=",    "\"$(", "`\"",	     "$'",
					      "{ ",    "\n" };
	const size_t many = 10000;
	auto_buf struct buf text;

	for (size_t i = 0; i < array_size(pieces); i++)
		for (size_t k = 0; k < array_size(pieces); k++) {
			const char *two[] = { pieces[i], pieces[k] };

			buf_init(&text, BUF_MAX_DEFAULT);
			for (size_t n = 0; n < many / 100; n++)
				buf_add_string(&text, two[n % 2]);
			survives(text.data, text.size, &shell);
			survives(text.data, text.size, &docker);
			buf_release(&text);
		}
	for (size_t i = 0; i < array_size(pieces); i++) {
		buf_init(&text, BUF_MAX_DEFAULT);
		for (size_t n = 0; n < many; n++)
			buf_add_string(&text, pieces[i]);
		survives(text.data, text.size, &shell);
		survives(text.data, text.size, &docker);
		buf_release(&text);
	}
	buf_init(&text, BUF_MAX_DEFAULT);
}

static void huge_and_binary(unused_arg void **state)
{
	const size_t size = (size_t)3 << 20;
	char *text = malloc(size);
	unsigned random = 1;

	assert_non_null(text);
	memset(text, 'x', size);
	survives(text, size, &shell);
	/* much longer when it is read */
	memset(text, '`', size);
	survives(text, size, &shell);
	memset(text, '\0', size);
	survives(text, size, &shell);
	/* deeper than any stack */
	for (size_t i = 0; i + 1 < size; i += 2)
		memcpy(text + i, "$(", 2);
	survives(text, size, &shell);
	for (size_t i = 0; i + 2 < size; i += 3)
		memcpy(text + i, "\"$(", 3);
	survives(text, size, &docker);
	survives("a\0b |\0 c", 8, &shell);
	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < 300; i++) {
			random = random * 1103515245u + 12345u;
			text[i] = "ab '\"`$(){}<>|&;\\\n#=-\0E!\xff\t["[(random >> 16) % 28];
		}
		survives(text, 300, round % 2 == 0 ? &shell : &docker);
	}
	free(text);
}

static void too_many_are_cut_off(unused_arg void **state)
{
	auto_script struct script script = { 0 };
	struct error err = ERROR_INIT;
	const size_t count = SCRIPT_COMMANDS_MAX + 100;
	char *text = malloc(2 * count);

	assert_non_null(text);
	for (size_t i = 0; i < count; i++)
		memcpy(text + 2 * i, "a;", 2);
	assert_success(script_parse(text, 2 * count, &shell, &script, &err), err);
	free(text);
	assert_int_equal(script.count, SCRIPT_COMMANDS_MAX);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_and_pipes),
		cmocka_unit_test(compound_commands),
		cmocka_unit_test(quotes_and_expansions),
		cmocka_unit_test(redirections),
		cmocka_unit_test(continued_lines),
		cmocka_unit_test(places),
		cmocka_unit_test(programs),
		cmocka_unit_test(inner_scripts),
		cmocka_unit_test(words_are_one_command),
		cmocka_unit_test(survives_anything),
		cmocka_unit_test(huge_and_binary),
		cmocka_unit_test(too_many_are_cut_off),
	};

	return cmocka_run_group_tests_name("script", tests, NULL, NULL);
}
