/*
 * Floor 2. Platforms: "os/arch[/variant]", the values of Go's GOOS and GOARCH (OCI image
 * specification, image-index.md), with the aliases that containerd takes.
 */
#ifndef IMAGE_PLATFORM_H
#define IMAGE_PLATFORM_H

#include "attributes.h"
#include "base/error.h"

#define PLATFORM_PART_MAX 32

struct platform {
	char os[PLATFORM_PART_MAX]; /* "" for one that is not told */
	char architecture[PLATFORM_PART_MAX];
	char variant[PLATFORM_PART_MAX];
};

/* ERROR_USAGE where the text is no "os/arch[/variant]". Aliases are resolved. */
int platform_parse(const char *text, struct platform *ret_platform, struct error *err) must_check;
/* Of parts as a descriptor or a configuration writes them; NULL counts as "". */
void platform_of(const char *os, const char *architecture, const char *variant,
		 struct platform *ret_platform);
/* This machine's. */
void platform_host(struct platform *ret_platform);

#define PLATFORM_TEXT_MAX (3 * (size_t)PLATFORM_PART_MAX)
const char *platform_text(const struct platform *platform, char text[PLATFORM_TEXT_MAX]);

/* How well an image for `image` runs on `wanted`: 0 not at all, more is better. An arm/v7 takes
 * v6 and v5, an amd64/v3 takes v2 and v1. */
int platform_match(const struct platform *wanted, const struct platform *image);

#endif
