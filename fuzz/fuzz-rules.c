/*
 * A rules file from outside, and its patterns at work: the file is what stands before a line of
 * "%%", the rest is a path on its first line and a text. A pattern that matches has to say so in
 * the same way however it is asked: by itself, and through the sieve of all path patterns.
 */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "check/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct subject {
	const char *path, *text;
	size_t path_size, text_size;
};

static struct subject subject_of(const char *data, size_t size, size_t *ret_rules_size)
{
	static const char path[] = "usr/lib/python3/.env";
	struct subject subject = { path, data, sizeof path - 1, size };
	const char *mark = memmem(data, size, "\n%%\n", 4);
	const char *end;

	*ret_rules_size = size;
	if (mark == NULL)
		return subject;
	*ret_rules_size = (size_t)(mark - data) + 1;
	subject.path = mark + 4;
	subject.path_size = size - *ret_rules_size - 3;
	subject.text = subject.path;
	subject.text_size = subject.path_size;
	end = memchr(subject.path, '\n', subject.path_size);
	if (end != NULL) {
		subject.path_size = (size_t)(end - subject.path);
		subject.text = end + 1;
		subject.text_size -= subject.path_size + 1;
	}
	return subject;
}

/* The whole, then the same from where the last match ended: it never goes back. */
static void search(const struct pattern *pattern, struct scratch *scratch,
		   const struct subject *subject, unsigned flags)
{
	size_t from = 0;

	while (from <= subject->text_size) {
		size_t begin = from;
		size_t end = from;
		struct error err = ERROR_INIT;
		enum search_result result =
			pattern_search(pattern, scratch, subject->text, subject->text_size, from,
				       flags, &begin, &end, &err);

		if (result == SEARCH_FAILED && err.kind == ERROR_NONE)
			abort();
		if (result == SEARCH_PARTIAL && ((flags & SEARCH_NOT_END) == 0 || begin < from))
			abort();
		if (result != SEARCH_FOUND)
			return;
		if (begin < from || end < begin || end > subject->text_size)
			abort();
		from = end > from ? end : from + 1;
	}
}

/* 1 where some path pattern matches; -1 where one could not tell. */
static int match_all(const struct rules *rules, struct scratch *scratch,
		     const struct subject *subject)
{
	int any = 0;

	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->items[i];
		struct error err = ERROR_INIT;
		int result;

		if (rule_is_for(rule, scratch, subject->path, subject->path_size, &err) < 0 ||
		    rule_exempts(rule, scratch, subject->path, subject->path_size, true, &err) < 0)
			return -1;
		if (rule->where != RULE_PATH) {
			if (pattern_syntax(rule->pattern) == PATTERN_REGEX) {
				search(rule->pattern, scratch, subject, 0);
				search(rule->pattern, scratch, subject,
				       SEARCH_NOT_BEGIN | SEARCH_NOT_END);
			}
			continue;
		}
		result = pattern_match_path(rule->pattern, scratch, subject->path,
					    subject->path_size, true, &err);
		if (result < 0 && err.kind == ERROR_NONE)
			abort();
		if (result < 0)
			return -1;
		any = any || result > 0;
	}
	return any;
}

static void check_sieve(const struct rules *rules, struct scratch *scratch,
			const struct subject *subject, int any)
{
	struct pattern **patterns = calloc(rules->count, sizeof *patterns);
	struct path_sieve *sieve = NULL;
	struct error err = ERROR_INIT;
	size_t count = 0;

	if (patterns == NULL)
		abort();
	for (size_t i = 0; i < rules->count; i++)
		if (rules->items[i].where == RULE_PATH)
			patterns[count++] = rules->items[i].pattern;
	if (count > 0 && path_sieve_new(patterns, count, &sieve, &err) == 0 &&
	    path_sieve_test(sieve, scratch, subject->path, subject->path_size, &err) == 0 &&
	    any > 0)
		abort();
	path_sieve_free(sieve);
	free(patterns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_rules struct rules rules;
	struct scratch *scratch = NULL;
	struct error err = ERROR_INIT;
	size_t rules_size;
	struct subject subject = subject_of((const char *)data, size, &rules_size);

	rules_init(&rules);
	if (rules_parse(&rules, (const char *)data, rules_size, "rules", &err) < 0) {
		if (err.kind != ERROR_INPUT || err.text[0] == '\0')
			abort();
		return 0;
	}
	if (rules.count == 0 || rules_where(&rules) == 0 || scratch_new(&scratch, &err) < 0)
		abort();
	rules_include_config(&rules);
	check_sieve(&rules, scratch, &subject, match_all(&rules, scratch, &subject));
	scratch_free(scratch);
	return 0;
}
