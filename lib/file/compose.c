#include "config.h"

#include "file/compose.h"

#include <string.h>

#include "base/array.h"
#include "file/composeservice.h"

#define SERVICES_MAX 1000

/* The services of a file, before they are read: they may extend each other. */
struct named_service {
	const yaml_node_t *key;
	const yaml_node_t *node;
};

struct names {
	struct named_service *items;
	size_t count;
	size_t capacity;
	bool includes; /* and there may be more in other files */
};

/* What is handed to read_compose. */
struct reading {
	const struct variables *variables;
	struct compose *compose;
};

static int node_failed(const struct yml *yml, const yaml_node_t *node, struct error *err,
		       const char *what)
{
	(void)error_set(err, ERROR_INPUT, "%s", what);
	return yml_error(yml, node, err);
}

static const struct named_service *names_find(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (yml_is_key(names->items[i].key, name))
			return &names->items[i];
	return NULL;
}

/* Which services there are. */

static int find_services(const struct compose_reader *reader, const yaml_node_t *services,
			 struct names *names, unsigned depth, struct error *err);

/* Services that come by a merge key, unless the file has one of that name itself. */
static int find_merged_services(const struct compose_reader *reader, const yaml_node_t *merge,
				struct names *names, unsigned depth, struct error *err)
{
	if (merge == NULL || merge->type == YAML_SCALAR_NODE)
		return 0;
	if (yml_check_merge(reader->yml, merge, depth, err) < 0)
		return -1;
	if (merge->type == YAML_MAPPING_NODE)
		return find_services(reader, merge, names, depth + 1, err);
	for (const yaml_node_item_t *item = merge->data.sequence.items.start;
	     item < merge->data.sequence.items.top; item++) {
		const yaml_node_t *node = yml_node(reader->yml, *item);

		if (node != NULL && node->type == YAML_MAPPING_NODE &&
		    find_services(reader, node, names, depth + 1, err) < 0)
			return -1;
	}
	return 0;
}

static int add_service(const struct compose_reader *reader, const yaml_node_pair_t *pair,
		       struct names *names, struct error *err)
{
	struct named_service service = { yml_node(reader->yml, pair->key),
					 yml_node(reader->yml, pair->value) };

	if (names->count == SERVICES_MAX)
		return error_set(err, ERROR_INPUT, "%s: more than %d services", reader->yml->name,
				 SERVICES_MAX);
	if (compose_check_scalar(reader, service.key, "the name of a service", err) < 0)
		return -1;
	if (service.node != NULL && yml_has_tag(service.node, "!reset"))
		return 0;
	if (service.node == NULL || service.node->type != YAML_MAPPING_NODE) {
		(void)error_set(err, ERROR_INPUT, "the service '%s' is no mapping",
				(const char *)service.key->data.scalar.value);
		return yml_error(reader->yml, service.key, err);
	}
	if (array_room(&names->items, names->count, &names->capacity, err) < 0)
		return -1;
	names->items[names->count++] = service;
	return 0;
}

static int find_services(const struct compose_reader *reader, const yaml_node_t *services,
			 struct names *names, unsigned depth, struct error *err)
{
	const yaml_node_pair_t *start = services->data.mapping.pairs.start;
	const yaml_node_pair_t *end = services->data.mapping.pairs.top;

	for (const yaml_node_pair_t *pair = start; pair < end; pair++) {
		const yaml_node_t *key = yml_node(reader->yml, pair->key);

		if (yml_is_key(key, "<<"))
			continue;
		if (yml_work(reader->yml, services, names->count + 1, err) < 0)
			return -1;
		if (key->type == YAML_SCALAR_NODE &&
		    names_find(names, (const char *)key->data.scalar.value) != NULL) {
			if (depth > 0)
				continue;
			(void)error_set(err, ERROR_INPUT, "the service '%s' is given twice",
					(const char *)key->data.scalar.value);
			return yml_error(reader->yml, key, err);
		}
		if (add_service(reader, pair, names, err) < 0)
			return -1;
	}
	for (const yaml_node_pair_t *pair = start; pair < end; pair++)
		if (yml_is_key(yml_node(reader->yml, pair->key), "<<") &&
		    find_merged_services(reader, yml_node(reader->yml, pair->value), names, depth,
					 err) < 0)
			return -1;
	return 0;
}

/* What they extend. */

/* "./compose.yaml" in the file "dir/compose.yaml", or that file's own name from the root. */
static bool is_this_file(const char *name, const char *file)
{
	const char *slash = strrchr(name, '/');

	if (file[0] == '/')
		return strcmp(name, file) == 0;
	while (strncmp(file, "./", 2) == 0)
		file += 2 + strspn(file + 2, "/");
	return strcmp(slash != NULL ? slash + 1 : name, file) == 0;
}

static int find_named(const struct compose_reader *reader, const struct names *names,
		      const yaml_node_t *extends, const struct compose_value *service,
		      const yaml_node_t **ret_base, bool *elsewhere, struct error *err)
{
	const struct named_service *base;

	*ret_base = NULL;
	if (service->text == NULL)
		return node_failed(reader->yml, extends, err, "extends names no service");
	if (service->unknown != NULL) {
		*elsewhere = true;
		return 0;
	}
	base = names_find(names, service->value);
	if (base == NULL && names->includes) {
		*elsewhere = true;
		return 0;
	}
	if (base == NULL) {
		(void)error_set(err, ERROR_INPUT,
				"extends the service '%s', which is not in the file",
				service->value);
		return error_prefix(err, "%s:%zu", reader->yml->name, service->line);
	}
	*ret_base = base->node;
	return 0;
}

/* The service that `node` extends in this file. *ret_base is NULL where there is none; *elsewhere
 * is set where it is in another file, or hangs on a variable. */
static int find_base(const struct compose_reader *reader, const struct names *names,
		     const yaml_node_t *node, const yaml_node_t **ret_base, bool *elsewhere,
		     struct error *err)
{
	struct compose_view own = { { node }, { false }, 1 };
	struct compose_view extends;
	struct compose_value service = { 0 };
	struct compose_value file = { 0 };
	int result;

	*ret_base = NULL;
	if (compose_member(reader, &own, "extends", false, &extends, err) < 0)
		return -1;
	if (extends.count == 0)
		return 0;
	node = extends.layers[0];
	if (node->type == YAML_SCALAR_NODE)
		result = compose_value_read(reader, node, false, "extends", &service, err);
	else if (node->type != YAML_MAPPING_NODE)
		result = node_failed(reader->yml, node, err,
				     "extends is neither text nor a mapping");
	else if ((result = compose_read(reader, &extends, "service", &service, err)) == 0)
		result = compose_read(reader, &extends, "file", &file, err);
	if (result == 0 && file.text != NULL &&
	    (file.unknown != NULL || !is_this_file(reader->yml->name, file.value)))
		*elsewhere = true;
	else if (result == 0)
		result = find_named(reader, names, node, &service, ret_base, elsewhere, err);
	compose_value_release(&service);
	compose_value_release(&file);
	return result;
}

/* The service, what it extends, what that extends… */
static int find_layers(const struct compose_reader *reader, const struct names *names,
		       const struct named_service *named, struct compose_view *view,
		       bool *elsewhere, struct error *err)
{
	const yaml_node_t *node = named->node;

	view->count = 0;
	for (;;) {
		const yaml_node_t *base;

		view->layers[view->count] = node;
		view->taken[view->count] = view->count > 0;
		view->count++;
		if (yml_work(reader->yml, node, names->count, err) < 0 ||
		    find_base(reader, names, node, &base, elsewhere, err) < 0)
			return -1;
		if (base == NULL || yml_has_tag(node, "!override"))
			return 0;
		for (size_t i = 0; i < view->count; i++)
			if (view->layers[i] == base)
				return node_failed(reader->yml, node, err,
						   "services extend each other in a circle");
		if (view->count == COMPOSE_LAYERS_MAX)
			return node_failed(reader->yml, node, err, "extends leads too far");
		node = base;
	}
}

/* What they say. */

static int read_service(const struct compose_reader *reader, const struct names *names,
			const struct named_service *named, struct compose_service *service,
			struct error *err)
{
	struct compose_view view;

	service->name = strdup((const char *)named->key->data.scalar.value);
	service->line = named->key->start_mark.line + 1;
	if (service->name == NULL)
		return error_memory(err);
	if (find_layers(reader, names, named, &view, &service->extends, err) < 0)
		return -1;
	return compose_service_read(reader, &view, service, err);
}

static int read_services(const struct compose_reader *reader, const struct names *names,
			 struct compose *compose, struct error *err)
{
	if (names->count == 0)
		return 0;
	compose->services = calloc(names->count, sizeof *compose->services);
	if (compose->services == NULL)
		return error_memory(err);
	for (; compose->count < names->count; compose->count++)
		if (read_service(reader, names, &names->items[compose->count],
				 &compose->services[compose->count], err) < 0) {
			compose->count++;
			return -1;
		}
	return 0;
}

static int read_top_level(const struct compose_reader *reader, const yaml_node_t *root,
			  struct compose *compose, struct error *err)
{
	struct compose_view view = { { root }, { false }, 1 };

	if (compose_read_names(reader, &view, "volumes", &compose->volumes, err) < 0 ||
	    compose_read_names(reader, &view, "secrets", &compose->secrets, err) < 0)
		return -1;
	return compose_read_names(reader, &view, "networks", &compose->networks, err);
}

static int find_include(const struct compose_reader *reader, const yaml_node_t *root,
			bool *includes, struct error *err)
{
	struct compose_view view = { { root }, { false }, 1 };
	struct compose_view include;

	if (compose_member(reader, &view, "include", false, &include, err) < 0)
		return -1;
	*includes = include.count > 0;
	return 0;
}

static int read_document(const struct compose_reader *reader, struct compose *compose,
			 struct error *err)
{
	const yaml_node_t *root = yaml_document_get_root_node(reader->yml->document);
	const yaml_node_t *services;
	struct names names = { 0 };
	int result;

	if (root == NULL || root->type != YAML_MAPPING_NODE)
		return error_set(err, ERROR_INPUT, "%s: no compose file: it is no mapping",
				 reader->yml->name);
	if (yml_find(reader->yml, root, "services", &services, err) < 0)
		return -1;
	if (services == NULL)
		return error_set(err, ERROR_INPUT, "%s: no compose file: it has no services",
				 reader->yml->name);
	if (services->type != YAML_MAPPING_NODE)
		return node_failed(reader->yml, services, err, "services is no mapping");
	if (find_include(reader, root, &names.includes, err) < 0)
		return -1;
	compose->includes = names.includes;
	result = find_services(reader, services, &names, 0, err);
	if (result == 0)
		result = read_services(reader, &names, compose, err);
	free(names.items);
	return result < 0 ? -1 : read_top_level(reader, root, compose, err);
}

static int read_compose(const struct yml *yml, void *context, struct error *err)
{
	struct reading *reading = context;
	size_t bytes = 0;
	struct compose_reader reader = { .yml = yml,
					 .variables = reading->variables,
					 .bytes = &bytes };

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

void compose_release(struct compose *compose)
{
	for (size_t i = 0; i < compose->count; i++)
		compose_service_release(&compose->services[i]);
	free(compose->services);
	compose_list_release(&compose->volumes);
	compose_list_release(&compose->secrets);
	compose_list_release(&compose->networks);
	*compose = (struct compose) { 0 };
}
