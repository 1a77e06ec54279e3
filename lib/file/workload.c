#include "config.h"

#include "file/workload.h"

#include <string.h>

#include "base/array.h"

#define DOCKER "docker://"

void workload_release(struct workload *workload)
{
	for (size_t i = 0; i < workload->count; i++) {
		free(workload->items[i].owner);
		free(workload->items[i].text);
		free(workload->items[i].image);
	}
	free(workload->items);
	*workload = (struct workload) { 0 };
}

static const char *scalar_text(const yaml_node_t *node)
{
	return node != NULL && node->type == YAML_SCALAR_NODE
		       ? (const char *)node->data.scalar.value
		       : NULL;
}

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static int add_image(const struct yml *yml, struct workload *workload, const char *what,
		     const char *owner, const yaml_node_t *node, struct error *err)
{
	const char *text = scalar_text(node);
	struct workload_image *image;

	if (text == NULL || memchr(text, '\0', node->data.scalar.length) != NULL) {
		(void)error_set(err, ERROR_INPUT, "the image of %s is no text", what);
		return yml_error(yml, node, err);
	}
	if (workload->count == WORKLOAD_IMAGES_MAX)
		return error_set(err, ERROR_INPUT, "%s: more than %d images", yml->name,
				 WORKLOAD_IMAGES_MAX);
	if (array_room(&workload->items, workload->count, &workload->capacity, err) < 0)
		return -1;
	image = &workload->items[workload->count++];
	*image = (struct workload_image) { .what = what, .line = node->start_mark.line + 1 };
	yml_place(yml, node, &image->place);
	image->text = strdup(text);
	image->owner = owner != NULL ? strdup(owner) : NULL;
	if (strstr(text, "${{") == NULL) {
		image->image = strdup(text + (has_prefix(text, DOCKER) ? strlen(DOCKER) : 0));
		if (image->image == NULL)
			return error_memory(err);
	}
	return image->text == NULL || (owner != NULL && image->owner == NULL) ? error_memory(err)
									      : 0;
}

static int add_containers(const struct yml *yml, struct workload *workload, const char *what,
			  const yaml_node_t *list, struct error *err)
{
	for (const yaml_node_item_t *item = list->data.sequence.items.start;
	     item < list->data.sequence.items.top; item++) {
		const yaml_node_t *container = yml_node(yml, *item);
		const yaml_node_t *image;
		const yaml_node_t *name;

		if (container == NULL || container->type != YAML_MAPPING_NODE)
			continue;
		if (yml_find(yml, container, "image", &image, err) < 0 ||
		    yml_find(yml, container, "name", &name, err) < 0)
			return -1;
		if (image != NULL &&
		    add_image(yml, workload, what, scalar_text(name), image, err) < 0)
			return -1;
	}
	return 0;
}

static int read_kubernetes(const struct yml *yml, void *context, struct error *err)
{
	static const char *const lists[] = { "containers", "initContainers",
					     "ephemeralContainers" };
	struct workload *workload = context;

	/* all nodes of the document, each once, however deep and however often it is used */
	for (const yaml_node_t *node = yml->document->nodes.start; node < yml->document->nodes.top;
	     node++) {
		if (node->type != YAML_MAPPING_NODE)
			continue;
		for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		     pair < node->data.mapping.pairs.top; pair++) {
			const yaml_node_t *value = yml_node(yml, pair->value);

			for (size_t i = 0; i < array_size(lists); i++)
				if (yml_is_key(yml_node(yml, pair->key), lists[i]) &&
				    value->type == YAML_SEQUENCE_NODE &&
				    add_containers(yml, workload, lists[i], value, err) < 0)
					return -1;
		}
	}
	return 0;
}

/* `container` and members of `services`: an image, or a mapping with one. */
static int add_container(const struct yml *yml, struct workload *workload, const char *what,
			 const char *owner, const yaml_node_t *node, struct error *err)
{
	const yaml_node_t *image = node;

	if (node->type == YAML_MAPPING_NODE && yml_find(yml, node, "image", &image, err) < 0)
		return -1;
	/* an empty text stands for no container */
	if (image == NULL || yml_is_null(image) ||
	    (image->type == YAML_SCALAR_NODE && image->data.scalar.length == 0))
		return 0;
	return add_image(yml, workload, what, owner, image, err);
}

static int add_job(const struct yml *yml, struct workload *workload, const char *name,
		   const yaml_node_t *job, struct error *err)
{
	const yaml_node_t *node;

	if (yml_find(yml, job, "container", &node, err) < 0 ||
	    (node != NULL && add_container(yml, workload, "container", name, node, err) < 0) ||
	    yml_find(yml, job, "services", &node, err) < 0)
		return -1;
	if (node == NULL || node->type != YAML_MAPPING_NODE)
		return 0;
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++)
		if (add_container(yml, workload, "services", scalar_text(yml_node(yml, pair->key)),
				  yml_node(yml, pair->value), err) < 0)
			return -1;
	return 0;
}

/* Steps stand in jobs and in actions; "uses: docker://" means an image wherever it stands. */
static int add_steps(const struct yml *yml, struct workload *workload, struct error *err)
{
	for (const yaml_node_t *node = yml->document->nodes.start; node < yml->document->nodes.top;
	     node++) {
		if (node->type != YAML_MAPPING_NODE)
			continue;
		for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		     pair < node->data.mapping.pairs.top; pair++) {
			const yaml_node_t *value = yml_node(yml, pair->value);
			const char *text = scalar_text(value);

			if (text != NULL && has_prefix(text, DOCKER) &&
			    yml_is_key(yml_node(yml, pair->key), "uses") &&
			    add_image(yml, workload, "uses", NULL, value, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int add_action(const struct yml *yml, struct workload *workload, const yaml_node_t *runs,
		      struct error *err)
{
	const yaml_node_t *image;

	if (yml_find(yml, runs, "image", &image, err) < 0)
		return -1;
	/* others are Dockerfiles in the action's own folder */
	if (scalar_text(image) == NULL || !has_prefix(scalar_text(image), DOCKER))
		return 0;
	return add_image(yml, workload, "runs", NULL, image, err);
}

static int read_workflow(const struct yml *yml, void *context, struct error *err)
{
	const yaml_node_t *root = yaml_document_get_root_node(yml->document);
	struct workload *workload = context;
	const yaml_node_t *jobs = NULL;
	const yaml_node_t *runs = NULL;

	if (root != NULL && root->type == YAML_MAPPING_NODE &&
	    (yml_find(yml, root, "jobs", &jobs, err) < 0 ||
	     yml_find(yml, root, "runs", &runs, err) < 0))
		return -1;
	if (runs != NULL && runs->type == YAML_MAPPING_NODE &&
	    add_action(yml, workload, runs, err) < 0)
		return -1;
	if (runs == NULL && (jobs == NULL || jobs->type != YAML_MAPPING_NODE))
		return error_set(err, ERROR_INPUT, "%s: neither a workflow nor an action",
				 yml->name);
	for (const yaml_node_pair_t *pair = jobs != NULL ? jobs->data.mapping.pairs.start : NULL;
	     jobs != NULL && pair < jobs->data.mapping.pairs.top; pair++) {
		const yaml_node_t *job = yml_node(yml, pair->value);

		if (job->type == YAML_MAPPING_NODE &&
		    add_job(yml, workload, scalar_text(yml_node(yml, pair->key)), job, err) < 0)
			return -1;
	}
	return add_steps(yml, workload, err);
}

static int compare_places(const void *a, const void *b)
{
	const struct workload_image *one = a;
	const struct workload_image *other = b;

	if (one->line != other->line)
		return one->line > other->line ? 1 : -1;
	return (one->place.at.start > other->place.at.start) -
	       (one->place.at.start < other->place.at.start);
}

static int parse(const char *data, size_t size, const char *name, bool several,
		 int (*visit)(const struct yml *yml, void *context, struct error *err),
		 struct workload *ret_workload, struct error *err)
{
	auto_workload struct workload workload = { 0 };

	if (size > WORKLOAD_SIZE_MAX)
		return error_set(err, ERROR_INPUT, "%s: larger than %zu bytes", name,
				 WORKLOAD_SIZE_MAX);
	if (yml_each(data, size, name, several, visit, &workload, err) < 0)
		return -1;
	if (workload.count > 0)
		qsort(workload.items, workload.count, sizeof *workload.items, compare_places);
	*ret_workload = workload;
	workload = (struct workload) { 0 };
	return 0;
}

int kubernetes_parse(const char *data, size_t size, const char *name, struct workload *ret_workload,
		     struct error *err)
{
	return parse(data, size, name, true, read_kubernetes, ret_workload, err);
}

int workflow_parse(const char *data, size_t size, const char *name, struct workload *ret_workload,
		   struct error *err)
{
	return parse(data, size, name, false, read_workflow, ret_workload, err);
}
