/*
 * Floor 4. One line of JSON, checked whole and looked into without building anything: a line of a
 * log may be long, and most of it is of no interest.
 *
 * What is accepted is RFC 8259's grammar in valid UTF-8, and no more: members may be there twice
 * and numbers may be of any size, as loggers write them. Nesting is bounded.
 */
#ifndef CHECK_JSONSKIM_H
#define CHECK_JSONSKIM_H

#include <stdbool.h>
#include <stddef.h>

/* Arrays and objects within each other; deeper is no JSON here. */
#define JSON_SKIM_DEPTH_MAX 2048
/* Members are told down to this depth of objects. */
#define JSON_SKIM_KEYS_MAX 3

struct json_slice {
	const char *text; /* of a string what stands between the quotes, as it is written */
	size_t size;
};

struct json_member {
	struct json_slice keys[JSON_SKIM_KEYS_MAX]; /* from the outside in */
	size_t depth;	/* of keys; 1 for a member of the object itself */
	bool is_string; /* else a number */
	struct json_slice value;
};

typedef void json_member_seen(void *context, const struct json_member *member);

/*
 * Whether the text is one JSON object, blanks around it allowed. `seen` is called for its strings
 * and numbers in order, those in arrays left out; what it was told counts only if the answer is
 * true.
 */
bool json_skim(const char *text, size_t size, json_member_seen *seen, void *context);

#endif
