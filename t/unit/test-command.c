#include "config.h"

#include "unit.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/command.h"

/* Whoever waits for a program that has gone is told so, and not that COMMAND is not there. */
static void nobody_to_reach(unused_arg void **state)
{
	char *argv[] = { (char[]) { "true" }, NULL };
	struct command_place place = { .pid = fork() };
	struct error err = ERROR_INIT;
	struct command command;

	if (place.pid == 0)
		_exit(0);
	assert_int_equal(waitpid(place.pid, NULL, 0), place.pid);
	command_init(&command);
	assert_int_equal(command_start(&command, argv, &place, &err), -1);
	assert_int_equal(err.kind, ERROR_MISSING);
	assert_non_null(strstr(err.text, "/ns/net"));
	assert_int_equal(command.guard, 0);
	command_release(&command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_to_reach),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
