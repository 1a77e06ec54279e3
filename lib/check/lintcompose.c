#include "config.h"

#include "check/lintcompose.h"

int lint_compose(struct lint *lint, size_t target, const char *name, const char *data, size_t size,
		 const struct lint_compose_settings *settings, struct error *err)
{
	(void)lint;
	(void)target;
	(void)name;
	(void)data;
	(void)size;
	(void)settings;
	(void)err;
	return 0;
}
