#include "config.h"

#include "check/lintimage.h"

int lint_image(struct lint *lint, size_t target, const struct image *image, struct error *err)
{
	(void)lint;
	(void)target;
	(void)image;
	(void)err;
	return 0;
}
