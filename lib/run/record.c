#include "config.h"

#include "run/container.h"
#include "run/writes.h"

static void texts_free(char **texts)
{
	for (size_t i = 0; texts != NULL && texts[i] != NULL; i++)
		free(texts[i]);
	free(texts);
}

void container_record_release(struct container_record *record)
{
	texts_free(record->argv);
	texts_free(record->volumes);
	free(record->working_dir);
	free(record->hostname);
	free(record->user_name);
	free(record->home);
	free(record->start_error);
	trace_release(&record->trace);
	for (size_t i = 0; i < record->log_count; i++)
		free(record->log[i].text);
	free(record->log);
	free(record->ports);
	writes_release(&record->writes);
	writes_release(&record->would);
	health_record_release(&record->health);
	free(record->samples);
	free(record->second_problem);
	texts_free(record->leftovers);
	*record = (struct container_record) { 0 };
}
