/*
 * Floor 3. For compose.c: what a service says.
 */
#ifndef FILE_COMPOSESERVICE_H
#define FILE_COMPOSESERVICE_H

#include "file/composevalue.h"

/* Everything but name, line and `extends`. `view` is the service and those that it extends. */
int compose_service_read(const struct compose_reader *reader, const struct compose_view *view,
			 struct compose_service *service, struct error *err) must_check;
void compose_service_release(struct compose_service *service);

#endif
