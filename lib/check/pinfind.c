#include "config.h"

#include "check/pinfind.h"

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

#include "base/buf.h"
#include "check/pintext.h"
#include "check/remotesource.h"
#include "file/compose.h"
#include "file/workload.h"

/* One Dockerfile, while it is looked through. */
struct finder {
	const struct dockerfile *dockerfile;
	const struct build_settings *settings;
	const char *name;    /* in errors */
	const char *service; /* NULL outside of compose files */
	size_t line_offset;  /* of an inline Dockerfile in its file */
	struct stages stages;
	struct variables scope; /* of the present stage */
	struct pins *pins;
	char *fixed; /* the present place's, where it had to be made */
};

static size_t finder_line(const struct finder *finder, const struct instruction *instruction)
{
	return finder->line_offset + instruction->first_line;
}

/* A stage goes by its name or, like in COPY --from, by its number. */
static const char *stage_label(const struct finder *finder, size_t stage, char text[24])
{
	if (stage == DOCKERFILE_NO_STAGE)
		return NULL;
	if (finder->stages.items[stage].name != NULL)
		return finder->stages.items[stage].name;
	(void)snprintf(text, 24, "%zu", stage);
	return text;
}

static struct pin_place finder_place(const struct finder *finder,
				     const struct instruction *instruction, const char *what,
				     char label[24])
{
	return (struct pin_place) {
		.line = finder_line(finder, instruction),
		.instruction = what,
		.stage = stage_label(finder, instruction->stage, label),
		.service = finder->service,
	};
}

/* Where a word, or its end from `value` on, stands. */
static void place_word(struct finder *finder, const struct word *word, const char *value,
		       struct pin_place *place)
{
	/* an inline Dockerfile counts in a text that the file has in another form */
	if (finder->service != NULL) {
		place->fixed = "it stands in an inline Dockerfile";
		return;
	}
	place->at = word->at;
	if (word->at.end - word->at.start == word->size) {
		place->at.start += (size_t)(value - word->data);
		place->at.end = place->at.start + strlen(value);
	} else {
		place->fixed = "it is written with quotes, escapes or over several lines";
	}
	place->end = place->at;
	dockerfile_locate(finder->dockerfile, place->at.start, &place->token_line, &place->column);
}

static int add_unresolved(struct finder *finder, const struct pin_place *place, const char *raw,
			  const char *variable, struct error *err)
{
	auto_free char *reason = NULL;

	if (asprintf(&reason, "not known: the variable '%s' is not set", variable) < 0)
		return error_memory(err);
	return pins_add(finder->pins, place, PIN_UNRESOLVED, raw, NULL, reason, err);
}

/* The base of a FROM: its text may come from the default of an ARG. */
static int place_base(struct finder *finder, const struct instruction *from,
		      struct pin_place *place, struct error *err)
{
	const struct word *word = &from->args.items[0];

	place_word(finder, word, word->data, place);
	if (place->fixed != NULL)
		return 0;
	free(steal(&finder->fixed));
	if (pintext_find(finder->dockerfile, from, finder->settings, &finder->stages.globals,
			 &place->end, &finder->fixed, err) < 0)
		return -1;
	place->fixed = finder->fixed;
	return 0;
}

static int find_from(struct finder *finder, const struct instruction *instruction,
		     struct error *err)
{
	const struct stage *stage = &finder->stages.items[instruction->stage];
	const char *raw = instruction->args.count > 0 ? instruction->args.items[0].data : "";
	char label[24];
	struct pin_place place = finder_place(finder, instruction, "FROM", label);

	variables_release(&finder->scope);
	stage_scope_begin(&finder->stages, instruction->stage, &finder->scope);
	place.base = true;
	if (instruction->args.count > 0 && place_base(finder, instruction, &place, err) < 0)
		return -1;
	if (stage->unknown != NULL)
		return add_unresolved(finder, &place, raw, stage->unknown, err);
	/* a reference that is none is told as such before the instruction's form is */
	if (stage->problem != NULL) {
		auto_reference struct reference reference = { 0 };
		struct error wrong = ERROR_INIT;

		if (reference_parse(stage->base, REFERENCE_NORMALISED, &reference, &wrong) < 0)
			return pins_add(finder->pins, &place, PIN_INVALID, raw, stage->base,
					wrong.text, err);
		return pins_add(finder->pins, &place, PIN_INVALID, raw, stage->base, stage->problem,
				err);
	}
	if (stage->parent != STAGE_NONE)
		return pins_add(finder->pins, &place, PIN_STAGE, raw, stage->base, NULL, err);
	if (stage->scratch)
		return pins_add(finder->pins, &place, PIN_SCRATCH, raw, stage->base, NULL, err);
	return pins_add_image(finder->pins, &place, raw, stage->base, err);
}

/* What a --from or from= names, other than by number: a stage, wherever it stands, or an image. */
static int find_source(struct finder *finder, const struct pin_place *place, size_t here,
		       const char *raw, struct error *err)
{
	size_t stage = stages_find(&finder->stages, finder->stages.count, raw);

	if (strchr(raw, '$') != NULL)
		return pins_add(finder->pins, place, PIN_UNRESOLVED, raw, NULL,
				"not known: no variable is expanded here; use a stage FROM it",
				err);
	if (stage != STAGE_NONE && stage == here)
		return pins_add(finder->pins, place, PIN_INVALID, raw, raw,
				"the stage copies from itself", err);
	if (stage != STAGE_NONE)
		return pins_add(finder->pins, place, PIN_STAGE, raw, raw, NULL, err);
	if (strcmp(raw, "scratch") == 0)
		return pins_add(finder->pins, place, PIN_SCRATCH, raw, raw, NULL, err);
	return pins_add_image(finder->pins, place, raw, raw, err);
}

/* Is the text a number as Go's Atoi takes it? Numbers too large for any stage become SIZE_MAX. */
static bool is_number(const char *text, size_t *ret_number)
{
	bool negative = *text == '-';
	size_t number = 0;

	text += *text == '+' || *text == '-' ? 1 : 0;
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (!isdigit((unsigned char)*text))
			return false;
		number = number > STAGES_MAX ? number : number * 10 + (size_t)(*text - '0');
	}
	*ret_number = negative && number > 0 ? (size_t)-1 : number;
	return true;
}

static int find_copy(struct finder *finder, const struct instruction *instruction,
		     const char *prefix, struct error *err)
{
	auto_free char *what = NULL;
	const char *from;
	size_t at = 0;

	if (asprintf(&what, "%s%s --from", prefix,
		     strcmp(instruction->name, "add") == 0 ? "ADD" : "COPY") < 0)
		return error_memory(err);
	while ((from = instruction_flag(instruction, "from", &at)) != NULL) {
		char label[24];
		struct pin_place place = finder_place(finder, instruction, what, label);
		size_t number;
		int result;

		place_word(finder, &instruction->flags.items[at - 1], from, &place);
		if (from[0] == '\0' && from[-1] != '=')
			result = pins_add(finder->pins, &place, PIN_INVALID, "--from", NULL,
					  "--from has no value", err);
		else if (from[0] == '\0')
			result = 0;
		else if (!is_number(from, &number))
			result = find_source(finder, &place, instruction->stage, from, err);
		else if (number >= finder->stages.count || number == instruction->stage)
			result = pins_add(finder->pins, &place, PIN_INVALID, from, NULL,
					  "no other stage has this number", err);
		else
			result = pins_add(finder->pins, &place, PIN_STAGE, from, from, NULL, err);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* The next field of a line of comma-separated values; quotes only around whole fields. False for
 * a malformed one. */
static bool next_field(const char **at, struct buf *field)
{
	buf_clear(field);
	if (**at != '"') {
		size_t size = strcspn(*at, ",");

		if (memchr(*at, '"', size) != NULL)
			return false;
		buf_add(field, *at, size);
		*at += size;
		return true;
	}
	for ((*at)++; **at != '\0'; (*at)++) {
		if (**at == '"' && *++(*at) != '"')
			return **at == ',' || **at == '\0';
		buf_add_char(field, **at);
	}
	return false;
}

/* The value of from= in what --mount says, "" for none, and where it begins there. False where it
 * is malformed. */
static bool mount_source(const char *mount, struct buf *source, const char **ret_where)
{
	auto_buf struct buf field;

	buf_init(&field, DOCKERFILE_SIZE_MAX);
	buf_clear(source);
	for (;;) {
		const char *start = mount;

		if (!next_field(&mount, &field))
			return false;
		if (strncasecmp(field.data, "from=", 5) == 0) {
			*ret_where = start + (*start == '"' ? 6 : 5);
			buf_clear(source);
			buf_add_string(source, field.data + 5);
		}
		if (*mount == '\0')
			return true;
		mount++;
	}
}

static int find_mounts(struct finder *finder, const struct instruction *instruction,
		       const char *prefix, struct error *err)
{
	auto_free char *what = NULL;
	auto_buf struct buf source;
	const char *mount;
	size_t at = 0;

	buf_init(&source, DOCKERFILE_SIZE_MAX);
	if (asprintf(&what, "%sRUN --mount", prefix) < 0)
		return error_memory(err);
	while ((mount = instruction_flag(instruction, "mount", &at)) != NULL) {
		char label[24];
		struct pin_place place = finder_place(finder, instruction, what, label);
		const char *where = mount;
		bool well = mount_source(mount, &source, &where);
		int result = 0;

		place_word(finder, &instruction->flags.items[at - 1], where, &place);
		if (place.fixed == NULL)
			place.at.end = place.end.end = place.at.start + source.size;
		if (!well)
			result = pins_add(finder->pins, &place, PIN_INVALID, mount, NULL,
					  "malformed list of values", err);
		else if (source.size > 0)
			result = find_source(finder, &place, instruction->stage, source.data, err);
		if (result < 0 || buf_check(&source, "mount", err) < 0)
			return -1;
	}
	return 0;
}

/* Expands a word of the present stage; a malformed one becomes a reference that does not hold. */
static int expand_here(struct finder *finder, const struct pin_place *place, const char *raw,
		       struct shellword *word, bool *ret_done, struct error *err)
{
	struct shellword_options options = {
		.escape = finder->dockerfile->escape,
		.lookup = variables_lookup,
		.context = &finder->scope,
	};
	struct error wrong = ERROR_INIT;

	*ret_done = false;
	if (shellword_expand(&options, raw, word, &wrong) == 0)
		return 0;
	*ret_done = true;
	if (wrong.kind == ERROR_MEMORY)
		return error_memory(err);
	return pins_add(finder->pins, place, PIN_INVALID, raw, NULL, wrong.text, err);
}

/* Could a text become something remote, once the variable that it begins with is known? */
static bool begins_unknown(const char *raw)
{
	raw += strspn(raw, "\"");
	return *raw == '$';
}

static int find_add_source(struct finder *finder, const struct pin_place *place, const char *raw,
			   const char *checksum, struct error *err)
{
	auto_shellword struct shellword source = { 0 };
	auto_shellword struct shellword sum = { 0 };
	enum remote_kind kind;
	bool done;

	if (expand_here(finder, place, raw, &source, &done, err) < 0)
		return -1;
	if (done)
		return 0;
	kind = remote_kind(source.text);
	if (source.unknown != NULL && (kind != REMOTE_NONE || begins_unknown(raw)))
		return add_unresolved(finder, place, raw, source.unknown, err);
	if (kind == REMOTE_NONE)
		return 0;
	if (checksum != NULL) {
		if (expand_here(finder, place, checksum, &sum, &done, err) < 0)
			return -1;
		if (done)
			return 0;
		if (sum.unknown != NULL)
			return add_unresolved(finder, place, raw, sum.unknown, err);
	}
	return remote_add(finder->pins, place, kind, raw, source.text, sum.text, err);
}

static int find_add(struct finder *finder, const struct instruction *instruction,
		    const char *prefix, struct error *err)
{
	auto_free char *what = NULL;
	size_t at = 0;
	const char *checksum = instruction_flag(instruction, "checksum", &at);
	char label[24];
	struct pin_place place;

	if (asprintf(&what, "%sADD", prefix) < 0)
		return error_memory(err);
	place = finder_place(finder, instruction, what, label);
	for (size_t i = 0; i + 1 < instruction->args.count; i++)
		if (find_add_source(finder, &place, instruction->args.items[i].data, checksum,
				    err) < 0)
			return -1;
	return 0;
}

static int add_refused(struct finder *finder, const struct instruction *instruction,
		       const char *reason, struct error *err)
{
	char label[24];
	struct pin_place place = finder_place(finder, instruction, instruction->keyword, label);

	return pins_add(finder->pins, &place, PIN_INVALID, instruction->text, NULL, reason, err);
}

static int find_instruction(struct finder *finder, const struct instruction *instruction,
			    const char *prefix, struct error *err)
{
	const char *name = instruction->name;

	if (!instruction->known)
		return add_refused(finder, instruction,
				   "unknown instruction: what it takes is not known", err);
	if (instruction->stage == DOCKERFILE_NO_STAGE && strcmp(name, "arg") != 0)
		return add_refused(finder, instruction, "stands before the first FROM", err);
	if (strcmp(name, "from") == 0 && prefix[0] != '\0')
		return add_refused(finder, instruction, "ONBUILD cannot have FROM as its trigger",
				   err);
	if (strcmp(name, "from") == 0)
		return find_from(finder, instruction, err);
	if (strcmp(name, "copy") == 0)
		return find_copy(finder, instruction, prefix, err);
	if (strcmp(name, "run") == 0)
		return find_mounts(finder, instruction, prefix, err);
	if (strcmp(name, "add") == 0) {
		/* BuildKit has no --from here, but another builder may */
		if (find_copy(finder, instruction, prefix, err) < 0)
			return -1;
		return find_add(finder, instruction, prefix, err);
	}
	if (strcmp(name, "onbuild") == 0 && instruction->trigger != NULL)
		return find_instruction(finder, instruction->trigger, "ONBUILD ", err);
	if (instruction->stage == DOCKERFILE_NO_STAGE)
		return 0;
	if (stage_scope_apply(&finder->stages, finder->dockerfile, finder->settings, instruction,
			      &finder->scope, err) < 0)
		return error_prefix(err, "%s:%zu", finder->name, finder_line(finder, instruction));
	return 0;
}

/* The frontend that reads the file is an image too. A build argument can name another. */
static int find_syntax(struct finder *finder, struct error *err)
{
	const struct variable *given = variables_find(finder->settings->args, "BUILDKIT_SYNTAX");
	const char *syntax = given != NULL ? given->value : finder->dockerfile->syntax;
	struct pin_place place = {
		.line = finder->line_offset +
			(finder->dockerfile->syntax_line > 0 ? finder->dockerfile->syntax_line : 1),
		.instruction = "syntax",
		.service = finder->service,
	};

	if (syntax == NULL)
		return 0;
	place.at = place.end = finder->dockerfile->syntax_at;
	if (given != NULL)
		place.fixed = "it is given on the command line";
	else if (finder->service != NULL || place.at.end == 0)
		place.fixed = "it stands in another text";
	else
		dockerfile_locate(finder->dockerfile, place.at.start, &place.token_line,
				  &place.column);
	if (given != NULL && given->unknown != NULL)
		return add_unresolved(finder, &place, "BUILDKIT_SYNTAX", given->unknown, err);
	return pins_add_image(finder->pins, &place, syntax, syntax, err);
}

static int finder_run(struct finder *finder, struct error *err)
{
	const struct dockerfile *dockerfile = finder->dockerfile;

	if (dockerfile->stage_count == 0)
		return error_set(err, ERROR_INPUT, "%s: no stage in it: there is no FROM",
				 finder->name);
	if (stages_resolve(dockerfile, finder->name, finder->settings, &finder->stages, err) < 0 ||
	    find_syntax(finder, err) < 0)
		return -1;
	for (size_t i = 0; i < dockerfile->count; i++)
		if (find_instruction(finder, &dockerfile->instructions[i], "", err) < 0)
			return -1;
	return 0;
}

static int find_in_dockerfile(const char *data, size_t size, const char *name, const char *service,
			      size_t line_offset, const struct build_settings *settings,
			      struct pins *pins, struct error *err)
{
	auto_dockerfile struct dockerfile *dockerfile = NULL;
	struct finder finder = {
		.name = name,
		.service = service,
		.line_offset = line_offset,
		.settings = settings,
		.pins = pins,
	};
	int result;

	if (dockerfile_parse(data, size, name, &dockerfile, err) < 0)
		return -1;
	finder.dockerfile = dockerfile;
	result = finder_run(&finder, err);
	variables_release(&finder.scope);
	stages_release(&finder.stages);
	free(finder.fixed);
	return result;
}

/* What a service takes from one that it extends is found there, once. */
static bool is_written_here(const struct compose_value *value)
{
	return value->text != NULL && !value->taken;
}

/* The build arguments of a service under those of the command line. */
static int service_arguments(const struct compose_service *service,
			     const struct build_settings *outer, struct variables *args,
			     struct error *err)
{
	for (size_t i = 0; i < service->args.count; i++) {
		const struct compose_value *arg = &service->args.items[i];
		const char *sign = strchr(arg->value, '=');
		auto_free char *name = NULL;

		/* a bare name takes its value from the environment of whoever builds */
		if (sign == NULL || arg->taken)
			continue;
		name = strndup(arg->value, (size_t)(sign - arg->value));
		if (name == NULL)
			return error_memory(err);
		if (variables_set(args, name, sign + 1, arg->unknown, err) < 0)
			return -1;
	}
	for (size_t i = 0; outer->args != NULL && i < outer->args->count; i++)
		if (variables_set(args, outer->args->items[i].name, outer->args->items[i].value,
				  NULL, err) < 0)
			return -1;
	return 0;
}

static int add_unknown_value(struct pins *pins, const struct pin_place *place,
			     const struct compose_value *value, struct error *err)
{
	struct finder finder = { .pins = pins };

	return add_unresolved(&finder, place, value->text, value->unknown, err);
}

static int find_inline(const struct compose_service *service, const char *name,
		       const struct build_settings *outer, struct pins *pins, struct error *err)
{
	const struct compose_value *text = &service->dockerfile_inline;
	struct pin_place place = { .line = text->line,
				   .instruction = "dockerfile_inline",
				   .service = service->name };
	auto_variables struct variables args = { 0 };
	struct build_settings settings = { .args = &args, .platform = outer->platform };

	if (text->unknown != NULL)
		return add_unknown_value(pins, &place, text, err);
	if (service_arguments(service, outer, &args, err) < 0 ||
	    find_in_dockerfile(text->value, strlen(text->value), "dockerfile_inline", service->name,
			       text->line - 1, &settings, pins, err) < 0)
		return error_prefix(err, "%s:%zu: service '%s'", name, text->line, service->name);
	return 0;
}

/* The reference ends with the text at the place, or with its part behind the last variable. */
static void place_value(const struct yml_place *where, const char *text, struct pin_place *place)
{
	const char *dollar = strrchr(text, '$');
	const char *sign = strrchr(text, '@');

	place->token_line = where->line;
	place->column = where->column;
	place->at = place->end = where->at;
	if (where->line == 0)
		place->fixed = "it is written in another way, or over several lines";
	else if (dollar != NULL && sign != NULL && sign > dollar)
		place->end.start += (size_t)(sign - text);
	else if (dollar != NULL)
		place->fixed = "it is made of variables";
}

/* `image` beside `build` is the name of what is built, unless the policy is to pull it. */
static bool is_built_here(const struct compose_service *service)
{
	const char *policy =
		is_written_here(&service->pull_policy) ? service->pull_policy.value : NULL;

	return service->builds && !service->build_taken &&
	       (policy == NULL || strcmp(policy, "build") == 0 || strcmp(policy, "never") == 0);
}

static int find_image(const struct compose_service *service, struct pins *pins, struct error *err)
{
	const struct compose_value *image = &service->image;
	struct pin_place place = { .line = image->line,
				   .instruction = "image",
				   .service = service->name };

	if (!is_written_here(image))
		return 0;
	place_value(&image->place, image->text, &place);
	if (is_built_here(service))
		return pins_add(pins, &place, PIN_STAGE, image->text,
				image->unknown == NULL ? image->value : NULL, NULL, err);
	if (image->unknown != NULL)
		return add_unknown_value(pins, &place, image, err);
	return pins_add_image(pins, &place, image->text, image->value, err);
}

/* A build's context, by itself or by name ("NAME=WHERE"). */
static int find_context(const struct compose_service *service, const struct compose_value *context,
			bool named, struct pins *pins, struct error *err)
{
	static const char image[] = "docker-image://";
	struct pin_place place = {
		.line = context->line,
		.instruction = named ? "additional_contexts" : "context",
		.service = service->name,
		.fixed = "it is the context of a build",
	};
	const char *where = context->value;
	enum remote_kind kind;

	if (named && where != NULL)
		where = strchr(where, '=') != NULL ? strchr(where, '=') + 1 : where;
	if (!is_written_here(context))
		return 0;
	kind = remote_kind(where);
	if (context->unknown != NULL)
		return kind != REMOTE_NONE || strchr(where, ':') != NULL || where[0] == '\0'
			       ? add_unknown_value(pins, &place, context, err)
			       : 0;
	if (strncmp(where, image, sizeof image - 1) == 0)
		return pins_add_image(pins, &place, context->text, where + sizeof image - 1, err);
	if (kind == REMOTE_NONE)
		return 0;
	return remote_add(pins, &place, kind, context->text, where, NULL, err);
}

static int find_in_service(const struct compose_service *service, const char *name,
			   const struct pin_settings *settings, struct pins *pins,
			   struct error *err)
{
	if (find_image(service, pins, err) < 0 ||
	    find_context(service, &service->context, false, pins, err) < 0)
		return -1;
	for (size_t i = 0; i < service->contexts.count; i++)
		if (find_context(service, &service->contexts.items[i], true, pins, err) < 0)
			return -1;
	if (!is_written_here(&service->dockerfile_inline))
		return 0;
	return find_inline(service, name, &settings->build, pins, err);
}

static int find_in_compose(const char *data, size_t size, const char *name,
			   const struct pin_settings *settings, struct pins *pins,
			   struct error *err)
{
	auto_compose struct compose compose = { 0 };

	if (compose_parse(data, size, name, settings->environment, &compose, err) < 0)
		return -1;
	for (size_t i = 0; i < compose.count; i++)
		if (find_in_service(&compose.services[i], name, settings, pins, err) < 0)
			return -1;
	return 0;
}

static int add_workload(const struct workload_image *image, struct pins *pins, struct error *err)
{
	struct pin_place place = { .line = image->line,
				   .instruction = image->what,
				   .service = image->owner };

	place_value(&image->place, image->text, &place);
	if (image->image == NULL)
		return pins_add(pins, &place, PIN_UNRESOLVED, image->text, NULL,
				"not known: it is an expression", err);
	/* what stands before the image */
	if (place.fixed == NULL && place.end.start == place.at.start)
		place.end.start += strlen(image->text) - strlen(image->image);
	return pins_add_image(pins, &place, image->text, image->image, err);
}

static int find_in_workload(const char *data, size_t size, const char *name, bool workflow,
			    struct pins *pins, struct error *err)
{
	auto_workload struct workload workload = { 0 };

	if ((workflow ? workflow_parse(data, size, name, &workload, err)
		      : kubernetes_parse(data, size, name, &workload, err)) < 0)
		return -1;
	for (size_t i = 0; i < workload.count; i++)
		if (add_workload(&workload.items[i], pins, err) < 0)
			return -1;
	return 0;
}

int pins_find(const char *data, size_t size, const char *name, enum pin_file_type type,
	      const struct pin_settings *settings, struct pins *ret_pins, struct error *err)
{
	auto_pins struct pins pins = { 0 };
	int result = 0;

	switch (type) {
	case PIN_FILE_COMPOSE:
		result = find_in_compose(data, size, name, settings, &pins, err);
		break;
	case PIN_FILE_KUBERNETES:
	case PIN_FILE_WORKFLOW:
		result = find_in_workload(data, size, name, type == PIN_FILE_WORKFLOW, &pins, err);
		break;
	case PIN_FILE_DOCKERFILE:
		result =
			find_in_dockerfile(data, size, name, NULL, 0, &settings->build, &pins, err);
		break;
	}
	if (result < 0)
		return -1;
	*ret_pins = pins;
	pins = (struct pins) { 0 };
	return 0;
}

/* Does a line begin with one of these keys? Only lines at the margin are keys of the root. */
static bool has_key(const char *data, size_t size, const char *const *keys, size_t count)
{
	const char *end = data + size;

	if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
		data += 3;
	while (data < end) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		size_t length = (size_t)((newline != NULL ? newline : end) - data);

		for (size_t i = 0; i < count; i++)
			if (length >= strlen(keys[i]) &&
			    memcmp(data, keys[i], strlen(keys[i])) == 0)
				return true;
		data += length + (newline != NULL ? 1 : 0);
	}
	return false;
}

/* A compose file has services; the others have keys that one of those never has. */
static enum pin_file_type yaml_type(const char *name, const char *data, size_t size)
{
	static const char *const services[] = { "services:", "\"services\":", "include:" };
	static const char *const kubernetes[] = { "apiVersion:", "\"apiVersion\":" };
	static const char *const workflow[] = { "jobs:", "\"jobs\":", "runs:" };

	if (strstr(name, ".github/workflows/") != NULL)
		return PIN_FILE_WORKFLOW;
	if (has_key(data, size, services, array_size(services)))
		return PIN_FILE_COMPOSE;
	if (has_key(data, size, kubernetes, array_size(kubernetes)))
		return PIN_FILE_KUBERNETES;
	if (has_key(data, size, workflow, array_size(workflow)))
		return PIN_FILE_WORKFLOW;
	return PIN_FILE_COMPOSE;
}

static bool looks_like_yaml(const char *data, size_t size)
{
	static const char *const keys[] = {
		"services:", "version:", "name:", "include:", "networks:",   "volumes:", "configs:",
		"secrets:",  "jobs:",	 "runs:", "on:",      "apiVersion:", "kind:"
	};

	return has_key(data, size, keys, array_size(keys));
}

enum pin_file_type pin_file_type(const char *name, const char *data, size_t size)
{
	static const char *const dockerfiles[] = {
		"dockerfile",	      "dockerfile[.-]*", "containerfile",
		"containerfile[.-]*", "*.dockerfile",	 "*.containerfile",
	};
	const char *slash = strrchr(name, '/');
	const char *base = slash != NULL ? slash + 1 : name;

	if (fnmatch("*.yml", base, FNM_CASEFOLD) == 0 || fnmatch("*.yaml", base, FNM_CASEFOLD) == 0)
		return yaml_type(name, data, size);
	for (size_t i = 0; i < array_size(dockerfiles); i++)
		if (fnmatch(dockerfiles[i], base, FNM_CASEFOLD) == 0)
			return PIN_FILE_DOCKERFILE;
	return looks_like_yaml(data, size) ? yaml_type(name, data, size) : PIN_FILE_DOCKERFILE;
}
