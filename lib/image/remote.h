/*
 * Floor 2. Images in a registry, as a source: the root document is an index made here, with the one
 * document that the tag or digest stands for, so that manifest.c reads it like an OCI image
 * layout's.
 */
#ifndef IMAGE_REMOTE_H
#define IMAGE_REMOTE_H

#include "attributes.h"
#include "image/reference.h"
#include "image/source.h"
#include "net/registry.h"

/* `reference` as normalised; without tag and digest, "latest". The options are borrowed. */
int remote_open(const struct reference *reference, const struct registry_options *options,
		struct source **ret_source, struct error *err) must_check;

#endif
