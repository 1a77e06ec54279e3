#include "config.h"

#include "unit.h"

#include <string.h>

#include "net/challenge.h"

static void parses(unused_arg void **state)
{
	static const struct {
		const char *field;
		enum challenge_scheme scheme;
		const char *realm, *service, *scope;
	} cases[] = {
		{ "Basic realm=\"Registry\"", CHALLENGE_BASIC, "Registry", NULL, NULL },
		{ "basic", CHALLENGE_BASIC, NULL, NULL, NULL },
		{ "Bearer realm=\"https://auth.example/token\",service=\"registry.example\","
		  "scope=\"repository:team/app:pull\"",
		  CHALLENGE_BEARER, "https://auth.example/token", "registry.example",
		  "repository:team/app:pull" },
		{ "BEARER  Realm = x ,  service= y", CHALLENGE_BEARER, "x", "y", NULL },
		{ "Bearer realm=\"a \\\"b\\\" \\\\c\"", CHALLENGE_BEARER, "a \"b\" \\c", NULL,
		  NULL },
		/* several in one field, in either order; their parameters stay apart */
		{ "Basic realm=\"b\", Bearer realm=\"t\",service=s", CHALLENGE_BEARER, "t", "s",
		  NULL },
		{ "Bearer realm=\"t\", Basic realm=\"b\", charset=\"UTF-8\"", CHALLENGE_BEARER, "t",
		  NULL, NULL },
		{ "Negotiate, Basic realm=b", CHALLENGE_BASIC, "b", NULL, NULL },
		{ "Digest realm=x, nonce=\"y\"", CHALLENGE_OTHER, NULL, NULL, NULL },
		/* the first of two counts, empty list elements do not */
		{ "Bearer realm=a,,realm=b,", CHALLENGE_BEARER, "a", NULL, NULL },
		{ "", CHALLENGE_OTHER, NULL, NULL, NULL },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_challenge struct challenge challenge = { 0 };
		struct error err = ERROR_INIT;

		assert_success(challenge_parse(cases[i].field, &challenge, &err), err);
		assert_int_equal(challenge.scheme, cases[i].scheme);
		if (cases[i].scheme == CHALLENGE_OTHER)
			continue;
		assert_int_equal(challenge.realm == NULL, cases[i].realm == NULL);
		assert_int_equal(challenge.service == NULL, cases[i].service == NULL);
		assert_int_equal(challenge.scope == NULL, cases[i].scope == NULL);
		if (cases[i].realm != NULL)
			assert_string_equal(challenge.realm, cases[i].realm);
		if (cases[i].service != NULL)
			assert_string_equal(challenge.service, cases[i].service);
		if (cases[i].scope != NULL)
			assert_string_equal(challenge.scope, cases[i].scope);
	}
}

static void refuses(unused_arg void **state)
{
	static const char *const cases[] = {
		"\"quoted\"", "Bearer realm=\"no end", "Bearer realm=",
		"Bearer =x",  "Bearer realm=@",
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_challenge struct challenge challenge = { 0 };
		struct error err = ERROR_INIT;

		assert_failure(challenge_parse(cases[i], &challenge, &err), err, ERROR_INPUT,
			       "malformed WWW-Authenticate");
		assert_null(challenge.realm);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(refuses),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("challenge", tests, NULL, NULL);
}
