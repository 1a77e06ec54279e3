#include "config.h"

#include "file/compose.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "file/yaml.h"

#define SERVICES_MAX 1000
/* Nested defaults in a variable's default. */
#define VARIABLE_DEPTH_MAX 32

struct reader {
	const struct yml *yml;
	const struct variables *variables;
};

/* What is handed to read_compose. */
struct reading {
	const struct variables *variables;
	struct compose *compose;
};

/* Variables. */

struct template
{
	const char *at;
	const struct variables *variables;
	unsigned depth;
	char *unknown;
};

static int template_expand(struct template *template, bool nested, struct buf *out,
			   struct error *err);

static int template_unknown(struct template *template, const char *name, struct error *err)
{
	if (template->unknown != NULL)
		return 0;
	template->unknown = strdup(name);
	return template->unknown == NULL ? error_memory(err) : 0;
}

static size_t name_length(const char *text)
{
	size_t length = 0;

	if (isdigit((unsigned char)*text))
		return 0;
	while (isalnum((unsigned char)text[length]) || text[length] == '_')
		length++;
	return length;
}

static int template_value(struct template *template, const char *name, struct buf *out,
			  struct error *err)
{
	const struct variable *variable = variables_find(template->variables, name);

	if (variable == NULL)
		return template_unknown(template, name, err);
	buf_add_string(out, variable->value);
	return 0;
}

/* Behind "${NAME", at the operator. */
static int template_operator(struct template *template, const char *name, struct buf *out,
			     struct error *err)
{
	const struct variable *variable = variables_find(template->variables, name);
	auto_free char *before = steal(&template->unknown);
	auto_free char *inner = NULL;
	bool colon = *template->at == ':';
	auto_buf struct buf word;
	bool missing = variable == NULL || (colon && variable->value[0] == '\0');
	char sign;

	buf_init(&word, SHELLWORD_SIZE_MAX);
	template->at += colon ? 1 : 0;
	sign = *template->at;
	if (sign != '-' && sign != '+' && sign != '?')
		return error_set(err, ERROR_INPUT, "malformed variable '${%s'", name);
	template->at++;
	if (template_expand(template, true, &word, err) < 0 || buf_check(&word, "value", err) < 0)
		return -1;
	/* what the word hangs on only counts where it is used */
	inner = steal(&template->unknown);
	template->unknown = steal(&before);
	if (sign == '?' && missing)
		return error_set(err, ERROR_INPUT, "the variable '%s' is demanded: %s", name,
				 word.size > 0 ? word.data : "it is not set");
	if (sign == '+' ? missing : !missing) {
		if (sign != '+')
			buf_add_string(out, variable->value);
		return 0;
	}
	buf_add(out, word.data, word.size);
	return inner != NULL ? template_unknown(template, inner, err) : 0;
}

/* Behind '$'. */
static int template_dollar(struct template *template, struct buf *out, struct error *err)
{
	bool braces = *template->at == '{';
	auto_free char *name = NULL;
	size_t length;
	int result;

	if (*template->at == '$') {
		template->at++;
		buf_add_char(out, '$');
		return 0;
	}
	template->at += braces ? 1 : 0;
	length = name_length(template->at);
	if (length == 0)
		return error_set(err, ERROR_INPUT, "malformed variable at '$%s%.8s'",
				 braces ? "{" : "", template->at);
	name = strndup(template->at, length);
	if (name == NULL)
		return error_memory(err);
	template->at += length;
	if (!braces)
		return template_value(template, name, out, err);
	if (*template->at == '}') {
		template->at++;
		return template_value(template, name, out, err);
	}
	if (template->depth == VARIABLE_DEPTH_MAX)
		return error_set(err, ERROR_INPUT, "variables are nested too deeply");
	template->depth++;
	result = template_operator(template, name, out, err);
	template->depth--;
	return result;
}

/* To the end, or where nested behind the '}' that ends it. */
static int template_expand(struct template *template, bool nested, struct buf *out,
			   struct error *err)
{
	while (*template->at != '\0') {
		char c = *template->at++;

		if (nested && c == '}')
			return 0;
		if (c != '$')
			buf_add_char(out, c);
		else if (template_dollar(template, out, err) < 0)
			return -1;
	}
	return nested ? error_set(err, ERROR_INPUT, "a variable lacks its '}'") : 0;
}

static void value_release(struct compose_value *value)
{
	free(value->text);
	free(value->value);
	free(value->unknown);
	*value = (struct compose_value) { 0 };
}

/* Takes `text` over. */
static int value_set(const struct reader *reader, const yaml_node_t *node, char *text,
		     struct compose_value *value, struct error *err)
{
	struct template template = { .variables = reader->variables };
	auto_buf struct buf out;

	buf_init(&out, COMPOSE_SIZE_MAX);
	value->text = text;
	value->line = node->start_mark.line + 1;
	yml_place(reader->yml, node, &value->place);
	if (text == NULL)
		return error_memory(err);
	if (node->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
	    node->data.scalar.style == YAML_FOLDED_SCALAR_STYLE)
		value->line++;
	template.at = text;
	if (template_expand(&template, false, &out, err) < 0 || buf_check(&out, "value", err) < 0) {
		free(template.unknown);
		return yml_error(reader->yml, node, err);
	}
	value->unknown = template.unknown;
	value->value = out.size > 0 ? buf_detach(&out) : strdup("");
	return value->value == NULL ? error_memory(err) : 0;
}

static int check_scalar(const struct reader *reader, const yaml_node_t *node, const char *what,
			struct error *err)
{
	if (node == NULL || node->type != YAML_SCALAR_NODE) {
		(void)error_set(err, ERROR_INPUT, "%s is no text", what);
		return node != NULL ? yml_error(reader->yml, node, err) : -1;
	}
	if (memchr(node->data.scalar.value, '\0', node->data.scalar.length) != NULL) {
		(void)error_set(err, ERROR_INPUT, "%s has a NUL in it", what);
		return yml_error(reader->yml, node, err);
	}
	return 0;
}

static int read_value(const struct reader *reader, const yaml_node_t *mapping, const char *key,
		      struct compose_value *value, struct error *err)
{
	const yaml_node_t *node;

	if (yml_find(reader->yml, mapping, key, &node, err) < 0)
		return -1;
	if (node == NULL)
		return 0;
	if (check_scalar(reader, node, key, err) < 0)
		return -1;
	return value_set(reader, node, strdup((const char *)node->data.scalar.value), value, err);
}

static int list_add(const struct reader *reader, const yaml_node_t *key, const yaml_node_t *node,
		    const char *what, struct compose_value **list, size_t *count, struct error *err)
{
	struct compose_value *items;
	char *text = NULL;
	bool null = node != NULL && yml_is_null(node);

	if (check_scalar(reader, node, what, err) < 0 ||
	    (key != NULL && check_scalar(reader, key, what, err) < 0))
		return -1;
	items = reallocarray(*list, *count + 1, sizeof *items);
	if (items == NULL)
		return error_memory(err);
	*list = items;
	items[*count] = (struct compose_value) { 0 };
	if (key == NULL || null)
		text = strdup((const char *)(key == NULL ? node : key)->data.scalar.value);
	else if (asprintf(&text, "%s=%s", (const char *)key->data.scalar.value,
			  (const char *)node->data.scalar.value) < 0)
		text = NULL;
	return value_set(reader, node, text, &items[(*count)++], err);
}

/* A list of "NAME=VALUE", or a mapping of the same. */
static int read_list(const struct reader *reader, const yaml_node_t *mapping, const char *key,
		     struct compose_value **list, size_t *count, struct error *err)
{
	const yaml_node_t *node;

	if (yml_find(reader->yml, mapping, key, &node, err) < 0)
		return -1;
	if (node == NULL)
		return 0;
	if (node->type == YAML_SEQUENCE_NODE) {
		for (const yaml_node_item_t *item = node->data.sequence.items.start;
		     item < node->data.sequence.items.top; item++)
			if (list_add(reader, NULL, yml_node(reader->yml, *item), key, list, count,
				     err) < 0)
				return -1;
		return 0;
	}
	if (node->type != YAML_MAPPING_NODE)
		return check_scalar(reader, NULL, key, err);
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++)
		if (!yml_is_key(yml_node(reader->yml, pair->key), "<<") &&
		    list_add(reader, yml_node(reader->yml, pair->key),
			     yml_node(reader->yml, pair->value), key, list, count, err) < 0)
			return -1;
	return 0;
}

static int read_build(const struct reader *reader, const yaml_node_t *build,
		      struct compose_service *service, struct error *err)
{
	if (build->type == YAML_SCALAR_NODE) {
		if (check_scalar(reader, build, "build", err) < 0)
			return -1;
		return value_set(reader, build, strdup((const char *)build->data.scalar.value),
				 &service->context, err);
	}
	if (build->type != YAML_MAPPING_NODE) {
		(void)error_set(err, ERROR_INPUT, "build is neither text nor a mapping");
		return yml_error(reader->yml, build, err);
	}
	if (read_value(reader, build, "context", &service->context, err) < 0 ||
	    read_value(reader, build, "dockerfile", &service->dockerfile, err) < 0 ||
	    read_value(reader, build, "dockerfile_inline", &service->dockerfile_inline, err) < 0 ||
	    read_value(reader, build, "target", &service->target, err) < 0 ||
	    read_list(reader, build, "args", &service->args, &service->arg_count, err) < 0)
		return -1;
	return read_list(reader, build, "additional_contexts", &service->contexts,
			 &service->context_count, err);
}

static int read_service(const struct reader *reader, const yaml_node_t *key,
			const yaml_node_t *node, struct compose_service *service, struct error *err)
{
	const yaml_node_t *member;

	if (check_scalar(reader, key, "the name of a service", err) < 0)
		return -1;
	service->name = strdup((const char *)key->data.scalar.value);
	service->line = key->start_mark.line + 1;
	if (service->name == NULL)
		return error_memory(err);
	if (node == NULL || node->type != YAML_MAPPING_NODE) {
		(void)error_set(err, ERROR_INPUT, "the service '%s' is no mapping", service->name);
		return yml_error(reader->yml, key, err);
	}
	if (read_value(reader, node, "image", &service->image, err) < 0 ||
	    read_value(reader, node, "pull_policy", &service->pull_policy, err) < 0 ||
	    yml_find(reader->yml, node, "extends", &member, err) < 0)
		return -1;
	service->extends = member != NULL;
	if (yml_find(reader->yml, node, "build", &member, err) < 0)
		return -1;
	service->builds = member != NULL;
	return member != NULL ? read_build(reader, member, service, err) : 0;
}

static int read_services(const struct reader *reader, const yaml_node_t *services,
			 struct compose *compose, unsigned depth, struct error *err);

/* Services that come by a merge key, unless the file has one of that name itself. */
static int read_merged_services(const struct reader *reader, const yaml_node_t *merge,
				struct compose *compose, unsigned depth, struct error *err)
{
	if (merge == NULL || merge->type == YAML_SCALAR_NODE)
		return 0;
	if (yml_check_merge(reader->yml, merge, depth, err) < 0)
		return -1;
	if (merge->type == YAML_MAPPING_NODE)
		return read_services(reader, merge, compose, depth + 1, err);
	for (const yaml_node_item_t *item = merge->data.sequence.items.start;
	     item < merge->data.sequence.items.top; item++)
		if (yml_node(reader->yml, *item)->type == YAML_MAPPING_NODE &&
		    read_services(reader, yml_node(reader->yml, *item), compose, depth + 1, err) <
			    0)
			return -1;
	return 0;
}

static bool has_service(const struct compose *compose, const yaml_node_t *key)
{
	for (size_t i = 0; i < compose->count; i++)
		if (yml_is_key(key, compose->services[i].name))
			return true;
	return false;
}

static int add_service(const struct reader *reader, const yaml_node_pair_t *pair,
		       struct compose *compose, struct error *err)
{
	struct compose_service *services =
		compose->count < SERVICES_MAX
			? reallocarray(compose->services, compose->count + 1, sizeof *services)
			: NULL;

	if (compose->count == SERVICES_MAX)
		return error_set(err, ERROR_INPUT, "%s: more than %d services", reader->yml->name,
				 SERVICES_MAX);
	if (services == NULL)
		return error_memory(err);
	compose->services = services;
	services[compose->count] = (struct compose_service) { 0 };
	return read_service(reader, yml_node(reader->yml, pair->key),
			    yml_node(reader->yml, pair->value), &services[compose->count++], err);
}

static int read_services(const struct reader *reader, const yaml_node_t *services,
			 struct compose *compose, unsigned depth, struct error *err)
{
	const yaml_node_pair_t *start = services->data.mapping.pairs.start;
	const yaml_node_pair_t *end = services->data.mapping.pairs.top;

	for (const yaml_node_pair_t *pair = start; pair < end; pair++) {
		const yaml_node_t *key = yml_node(reader->yml, pair->key);

		if (yml_is_key(key, "<<"))
			continue;
		if (has_service(compose, key)) {
			if (depth > 0)
				continue;
			(void)error_set(err, ERROR_INPUT, "the service '%s' is given twice",
					(const char *)key->data.scalar.value);
			return yml_error(reader->yml, key, err);
		}
		if (add_service(reader, pair, compose, err) < 0)
			return -1;
	}
	for (const yaml_node_pair_t *pair = start; pair < end; pair++)
		if (yml_is_key(yml_node(reader->yml, pair->key), "<<") &&
		    read_merged_services(reader, yml_node(reader->yml, pair->value), compose, depth,
					 err) < 0)
			return -1;
	return 0;
}

static int read_document(const struct reader *reader, struct compose *compose, struct error *err)
{
	const yaml_node_t *root = yaml_document_get_root_node(reader->yml->document);
	const yaml_node_t *services;

	if (root == NULL || root->type != YAML_MAPPING_NODE)
		return error_set(err, ERROR_INPUT, "%s: no compose file: it is no mapping",
				 reader->yml->name);
	if (yml_find(reader->yml, root, "services", &services, err) < 0)
		return -1;
	if (services == NULL)
		return error_set(err, ERROR_INPUT, "%s: no compose file: it has no services",
				 reader->yml->name);
	if (services->type != YAML_MAPPING_NODE) {
		(void)error_set(err, ERROR_INPUT, "services is no mapping");
		return yml_error(reader->yml, services, err);
	}
	return read_services(reader, services, compose, 0, err);
}

static int read_compose(const struct yml *yml, void *context, struct error *err)
{
	struct reading *reading = context;
	struct reader reader = { .yml = yml, .variables = reading->variables };

	return read_document(&reader, reading->compose, err);
}

int compose_parse(const char *data, size_t size, const char *name,
		  const struct variables *variables, struct compose *ret_compose, struct error *err)
{
	auto_compose struct compose compose = { 0 };
	struct reading reading = { .variables = variables, .compose = &compose };

	if (size > COMPOSE_SIZE_MAX)
		return error_set(err, ERROR_INPUT, "%s: larger than %zu bytes", name,
				 COMPOSE_SIZE_MAX);
	if (yml_each(data, size, name, false, read_compose, &reading, err) < 0)
		return -1;
	*ret_compose = compose;
	compose = (struct compose) { 0 };
	return 0;
}

static void values_release(struct compose_value *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		value_release(&values[i]);
	free(values);
}

void compose_release(struct compose *compose)
{
	for (size_t i = 0; i < compose->count; i++) {
		struct compose_service *service = &compose->services[i];

		free(service->name);
		value_release(&service->image);
		value_release(&service->pull_policy);
		value_release(&service->context);
		value_release(&service->dockerfile);
		value_release(&service->dockerfile_inline);
		value_release(&service->target);
		values_release(service->args, service->arg_count);
		values_release(service->contexts, service->context_count);
	}
	free(compose->services);
	*compose = (struct compose) { 0 };
}
