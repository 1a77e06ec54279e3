/*
 * Floor 3. For compose.c and composeservice.c: the values of a service that is made of several
 * mappings, its own and those of the services that it extends.
 */
#ifndef FILE_COMPOSEVALUE_H
#define FILE_COMPOSEVALUE_H

#include "file/compose.h"

struct compose_reader {
	const struct yml *yml;
	const struct variables *variables;
	bool demands;  /* ${V:?e} is an error where V is not set */
	size_t *bytes; /* of all values so far */
};

/* Services that extend services. */
#define COMPOSE_LAYERS_MAX 32

/* The nodes that make up one thing: its own comes first, then what it is laid over. */
struct compose_view {
	const yaml_node_t *layers[COMPOSE_LAYERS_MAX];
	bool taken[COMPOSE_LAYERS_MAX];
	size_t count;
};

/* A member of mappings; `count` is 0 where it is not there. Merge keys, !reset and !override are
 * followed; layers that are no mappings have no members. `null_ends`: null does not leave it to the
 * layers below, it is nothing. */
int compose_member(const struct compose_reader *reader, const struct compose_view *view,
		   const char *key, bool null_ends, struct compose_view *ret_member,
		   struct error *err) must_check;
/* A member that is a mapping; "KEY is no mapping". */
int compose_mapping(const struct compose_reader *reader, const struct compose_view *view,
		    const char *key, struct compose_view *ret_member, struct error *err) must_check;

/* "WHAT is no text" (NULL: it is not there), "WHAT has a NUL in it". */
int compose_check_scalar(const struct compose_reader *reader, const yaml_node_t *node,
			 const char *what, struct error *err) must_check;
size_t compose_line(const yaml_node_t *node);

/* Of a scalar; `value` is what the caller releases, also on failure. */
int compose_value_read(const struct compose_reader *reader, const yaml_node_t *node, bool taken,
		       const char *what, struct compose_value *value, struct error *err) must_check;
/* Of a text that is part of a scalar; it has no place. `plain`: without variables. */
int compose_value_part(const struct compose_reader *reader, const yaml_node_t *node, bool taken,
		       const char *text, size_t size, bool plain, struct compose_value *value,
		       struct error *err) must_check;
void compose_value_release(struct compose_value *value);

int compose_read(const struct compose_reader *reader, const struct compose_view *view,
		 const char *key, struct compose_value *value, struct error *err) must_check;
int compose_read_command(const struct compose_reader *reader, const struct compose_view *view,
			 const char *key, struct compose_command *command,
			 struct error *err) must_check;

/* What a list may be besides a list of texts. */
struct compose_list_kind {
	bool named;	    /* "NAME=VALUE", each name once; or a mapping of the same */
	bool text;	    /* a text is a list of one */
	const char *member; /* of an item that is a mapping; NULL: none may be */
};
int compose_read_list(const struct compose_reader *reader, const struct compose_view *view,
		      const char *key, const struct compose_list_kind *kind,
		      struct compose_list *list, struct error *err) must_check;
/* The names of a mapping's members. */
int compose_read_names(const struct compose_reader *reader, const struct compose_view *view,
		       const char *key, struct compose_list *list, struct error *err) must_check;
void compose_list_release(struct compose_list *list);

#endif
