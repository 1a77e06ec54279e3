/*
 * Floor 3. For composeservice.c: the volumes of a service.
 */
#ifndef FILE_COMPOSEVOLUME_H
#define FILE_COMPOSEVOLUME_H

#include "file/composevalue.h"

int compose_read_volumes(const struct compose_reader *reader, const struct compose_view *view,
			 struct compose_service *service, struct error *err) must_check;
void compose_volumes_release(struct compose_service *service);

#endif
