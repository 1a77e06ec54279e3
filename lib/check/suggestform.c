#include "config.h"

#include "check/suggest.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/doc.h"
#include "image/reference.h"

/* A path in double quotes, as JSON and YAML have it. */
static void add_quoted(struct buf *text, const char *value)
{
	auto_doc json_t *string = doc_text(value);
	auto_free char *quoted = string != NULL ? json_dumps(string, JSON_ENCODE_ANY) : NULL;

	buf_add_string(text, quoted != NULL ? quoted : "\"\"");
}

/* In a compose file a "$" begins the name of a variable; two of them are one. */
static void add_compose_quoted(struct buf *text, const char *value)
{
	auto_buf struct buf doubled;

	buf_init(&doubled, BUF_MAX_DEFAULT);
	for (const char *p = value; *p != '\0'; p++)
		buf_add_string(&doubled, (char[3]) { *p, *p == '$' ? '$' : '\0', '\0' });
	if (doubled.failed)
		text->failed = true;
	else
		add_quoted(text, doubled.size > 0 ? doubled.data : "");
}

/* A word for a POSIX shell. */
static void add_word(struct buf *text, const char *value)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_@%+=:,./-";

	if (value[0] != '\0' && strspn(value, plain) == strlen(value)) {
		buf_add_string(text, value);
		return;
	}
	buf_add_char(text, '\'');
	for (const char *p = value; *p != '\0'; p++)
		if (*p == '\'')
			buf_add_string(text, "'\\''");
		else
			buf_add_char(text, *p);
	buf_add_char(text, '\'');
}

static char *finish(struct buf *text)
{
	return text->failed ? NULL : buf_detach(text);
}

/* RFC 1123's labels, as Kubernetes wants them. */
static void label_of(const char *path, char label[48])
{
	size_t length = 0;

	for (const char *p = path; *p != '\0' && length < 40; p++)
		if (isalnum((unsigned char)*p))
			label[length++] = (char)tolower((unsigned char)*p);
		else if (length > 0 && label[length - 1] != '-')
			label[length++] = '-';
	while (length > 0 && label[length - 1] == '-')
		length--;
	label[length] = '\0';
}

void suggest_subject_release(struct suggest_subject *subject)
{
	free(subject->image);
	free(subject->name);
	*subject = (struct suggest_subject) { 0 };
}

int suggest_subject_of(const char *name, const struct container_record *record,
		       const struct container_options *options, struct suggest_subject *ret_subject,
		       struct error *err)
{
	auto_image_name struct image_name parsed = { 0 };
	struct suggest_subject subject = { .record = record, .options = options };
	char label[48];
	char *last;

	if (image_name_parse(name, &parsed, err) < 0)
		return -1;
	subject.image = strdup(parsed.transport == TRANSPORT_DOCKER ||
					       parsed.transport == TRANSPORT_DOCKER_DAEMON ||
					       parsed.transport == TRANSPORT_BARE
				       ? parsed.location
				       : "IMAGE");
	parsed.location[strcspn(parsed.location, "@")] = '\0';
	last = strrchr(parsed.location, '/');
	last = last != NULL ? last + 1 : parsed.location;
	last[strcspn(last, ":")] = '\0';
	label_of(last, label);
	subject.name = strdup(label[0] != '\0' ? label : "service");
	if (subject.image == NULL || subject.name == NULL) {
		suggest_subject_release(&subject);
		return error_memory(err);
	}
	*ret_subject = subject;
	return 0;
}

/* Of the volume for a mount; with its number where another one before it has the same. */
static void volume_name(const struct suggestion *suggestion, size_t i, char name[64])
{
	char label[48];
	bool unique = true;

	label_of(suggestion->mounts[i].path, label);
	for (size_t k = 0; k < i; k++) {
		char other[48];

		label_of(suggestion->mounts[k].path, other);
		unique = unique && strcmp(other, label) != 0;
	}
	if (unique && label[0] != '\0')
		(void)snprintf(name, 64, "%s", label);
	else
		(void)snprintf(name, 64, "%s-%zu", label[0] != '\0' ? label : "writable", i);
}

/* --- docker -------------------------------------------------------------------------------- */

char *suggest_docker(const struct suggestion *suggestion, const struct suggest_subject *subject)
{
	auto_buf struct buf text;

	buf_init(&text, BUF_MAX_DEFAULT);
	buf_add_string(&text, "docker run --read-only");
	for (size_t i = 0; i < subject->options->tmpfs_count; i++) {
		buf_add_string(&text, " --tmpfs ");
		add_word(&text, subject->options->tmpfs[i]);
	}
	for (size_t i = 0; i < subject->options->volume_count; i++) {
		buf_add_string(&text, " --volume ");
		add_word(&text, subject->options->volumes[i]);
	}
	for (size_t i = 0; i < suggestion->count; i++) {
		buf_add_string(&text, suggestion->mounts[i].kind == SUGGEST_TMPFS ? " --tmpfs "
										  : " --volume ");
		add_word(&text, suggestion->mounts[i].path);
	}
	if (suggestion->no_bytecode)
		buf_add_string(&text, " --env PYTHONDONTWRITEBYTECODE=1");
	buf_add_char(&text, ' ');
	add_word(&text, subject->image);
	buf_add_char(&text, '\n');
	return finish(&text);
}

/* --- compose ------------------------------------------------------------------------------- */

static size_t count_of(const struct suggestion *suggestion, enum suggest_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < suggestion->count; i++)
		count += suggestion->mounts[i].kind == kind;
	return count;
}

static void add_compose_lists(struct buf *text, const struct suggestion *suggestion,
			      const struct container_options *options)
{
	if (options->tmpfs_count + count_of(suggestion, SUGGEST_TMPFS) > 0)
		buf_add_string(text, "    tmpfs:\n");
	for (size_t i = 0; i < options->tmpfs_count; i++) {
		buf_add_string(text, "      - ");
		add_compose_quoted(text, options->tmpfs[i]);
		buf_add_char(text, '\n');
	}
	for (size_t i = 0; i < suggestion->count; i++)
		if (suggestion->mounts[i].kind == SUGGEST_TMPFS) {
			buf_add_string(text, "      - ");
			add_compose_quoted(text, suggestion->mounts[i].path);
			buf_add_char(text, '\n');
		}
	if (options->volume_count + count_of(suggestion, SUGGEST_VOLUME) > 0)
		buf_add_string(text, "    volumes:\n");
	for (size_t i = 0; i < options->volume_count; i++) {
		buf_add_string(text, "      - type: volume\n        target: ");
		add_compose_quoted(text, options->volumes[i]);
		buf_add_char(text, '\n');
	}
	for (size_t i = 0; i < suggestion->count; i++)
		if (suggestion->mounts[i].kind == SUGGEST_VOLUME) {
			char name[64];

			volume_name(suggestion, i, name);
			buf_printf(
				text,
				"      - type: volume\n        source: %s\n        target: ", name);
			add_compose_quoted(text, suggestion->mounts[i].path);
			buf_add_char(text, '\n');
		}
}

char *suggest_compose(const struct suggestion *suggestion, const struct suggest_subject *subject)
{
	auto_buf struct buf text;

	buf_init(&text, BUF_MAX_DEFAULT);
	buf_printf(&text, "services:\n  %s:\n    image: ", subject->name);
	add_compose_quoted(&text, subject->image);
	buf_add_string(&text, "\n    read_only: true\n");
	add_compose_lists(&text, suggestion, subject->options);
	if (suggestion->no_bytecode)
		buf_add_string(&text, "    environment:\n      PYTHONDONTWRITEBYTECODE: \"1\"\n");
	if (count_of(suggestion, SUGGEST_VOLUME) > 0)
		buf_add_string(&text, "volumes:\n");
	for (size_t i = 0; i < suggestion->count; i++)
		if (suggestion->mounts[i].kind == SUGGEST_VOLUME) {
			char name[64];

			volume_name(suggestion, i, name);
			buf_printf(&text, "  %s: {}\n", name);
		}
	return finish(&text);
}

/* --- Kubernetes ---------------------------------------------------------------------------- */

/* What is writable, whoever asked for it: Kubernetes knows nothing of an image's volumes. */
static int all_places(const struct suggestion *suggestion, const struct suggest_subject *subject,
		      struct suggestion *ret_all)
{
	const struct container_options *options = subject->options;
	struct suggestion all = { 0 };
	size_t volumes = 0;

	while (subject->record->volumes != NULL && subject->record->volumes[volumes] != NULL)
		volumes++;
	all.mounts = calloc(suggestion->count + volumes + options->tmpfs_count +
				    options->volume_count + 1,
			    sizeof *all.mounts);
	if (all.mounts == NULL)
		return -1;
	for (size_t i = 0; i < volumes; i++)
		all.mounts[all.count++] =
			(struct suggest_mount) { .path = subject->record->volumes[i],
						 .kind = SUGGEST_VOLUME };
	for (size_t i = 0; i < options->tmpfs_count; i++)
		all.mounts[all.count++] =
			(struct suggest_mount) { .path = (char *)(uintptr_t)options->tmpfs[i],
						 .kind = SUGGEST_TMPFS };
	for (size_t i = 0; i < options->volume_count; i++)
		all.mounts[all.count++] =
			(struct suggest_mount) { .path = (char *)(uintptr_t)options->volumes[i],
						 .kind = SUGGEST_VOLUME };
	for (size_t i = 0; i < suggestion->count; i++)
		all.mounts[all.count++] = suggestion->mounts[i];
	*ret_all = all;
	return 0;
}

/* An emptyDir is empty: the image's content is copied by the image itself, before it starts. */
static void add_copier(struct buf *text, const struct suggestion *all, const char *image)
{
	bool any = count_of(all, SUGGEST_VOLUME) > 0;

	if (!any)
		return;
	buf_add_string(text, "  initContainers:\n    - name: content\n      image: ");
	add_quoted(text, image);
	buf_add_string(text, "\n      command: [\"/bin/sh\", \"-c\", \"");
	for (size_t i = 0, number = 0; i < all->count; i++)
		if (all->mounts[i].kind == SUGGEST_VOLUME)
			buf_printf(text, "%scp -a \\\"$%zu/.\\\" /content/%zu/",
				   number > 0 ? " && " : "", number + 1, i),
				number++;
	buf_add_string(text, "\", \"sh\"");
	for (size_t i = 0; i < all->count; i++)
		if (all->mounts[i].kind == SUGGEST_VOLUME) {
			buf_add_string(text, ", ");
			add_quoted(text, all->mounts[i].path);
		}
	buf_add_string(text, "]\n      securityContext:\n        readOnlyRootFilesystem: true\n"
			     "      volumeMounts:\n");
	for (size_t i = 0; i < all->count; i++)
		if (all->mounts[i].kind == SUGGEST_VOLUME) {
			char name[64];

			volume_name(all, i, name);
			buf_printf(text, "        - name: %s\n          mountPath: /content/%zu\n",
				   name, i);
		}
}

static void add_security(struct buf *text, const struct container_record *record)
{
	if (!record->user_known || record->uid == 0)
		return;
	buf_printf(text,
		   "  securityContext:\n    runAsNonRoot: true\n    runAsUser: %u\n"
		   "    runAsGroup: %u\n    fsGroup: %u\n",
		   (unsigned)record->uid, (unsigned)record->gid, (unsigned)record->gid);
}

static void add_pod(struct buf *text, const struct suggestion *suggestion,
		    const struct suggestion *all, const struct suggest_subject *subject)
{
	char name[64];

	buf_add_string(text, "spec:\n");
	add_security(text, subject->record);
	add_copier(text, all, subject->image);
	buf_printf(text, "  containers:\n    - name: %s\n      image: ", subject->name);
	add_quoted(text, subject->image);
	buf_add_string(text, "\n      securityContext:\n        readOnlyRootFilesystem: true\n");
	if (suggestion->no_bytecode)
		buf_add_string(text, "      env:\n        - name: PYTHONDONTWRITEBYTECODE\n"
				     "          value: \"1\"\n");
	if (all->count == 0)
		return;
	buf_add_string(text, "      volumeMounts:\n");
	for (size_t i = 0; i < all->count; i++) {
		volume_name(all, i, name);
		buf_printf(text, "        - name: %s\n          mountPath: ", name);
		add_quoted(text, all->mounts[i].path);
		buf_add_char(text, '\n');
	}
	buf_add_string(text, "  volumes:\n");
	for (size_t i = 0; i < all->count; i++) {
		volume_name(all, i, name);
		buf_printf(text, "    - name: %s\n      emptyDir: {}\n", name);
	}
}

char *suggest_kubernetes(const struct suggestion *suggestion, const struct suggest_subject *subject)
{
	auto_buf struct buf text;
	struct suggestion all;

	buf_init(&text, BUF_MAX_DEFAULT);
	if (all_places(suggestion, subject, &all) < 0)
		return NULL;
	add_pod(&text, suggestion, &all, subject);
	free(all.mounts);
	return finish(&text);
}

/* --- ECS ----------------------------------------------------------------------------------- */

/* A task definition's members; on Fargate a volume without a host is an empty one of the task. */
json_t *suggest_ecs(const struct suggestion *suggestion, const struct suggest_subject *subject)
{
	json_t *mounts = json_array();
	json_t *volumes = json_array();
	json_t *environment = json_array();
	struct suggestion all;

	if (all_places(suggestion, subject, &all) < 0)
		all = (struct suggestion) { 0 };
	for (size_t i = 0; i < all.count; i++) {
		char name[64];

		volume_name(&all, i, name);
		(void)json_array_append_new(
			mounts, json_pack("{s:s,s:o,s:b}", "sourceVolume", name, "containerPath",
					  doc_text(all.mounts[i].path), "readOnly", 0));
		(void)json_array_append_new(volumes, json_pack("{s:s}", "name", name));
	}
	free(all.mounts);
	if (suggestion->no_bytecode)
		(void)json_array_append_new(
			environment,
			json_pack("{s:s,s:s}", "name", "PYTHONDONTWRITEBYTECODE", "value", "1"));
	return json_pack("{s:[{s:s,s:o,s:b,s:o,s:o}],s:o}", "containerDefinitions", "name",
			 subject->name, "image", doc_text(subject->image), "readonlyRootFilesystem",
			 1, "environment", environment, "mountPoints", mounts, "volumes", volumes);
}
