#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "check/install.h"

static void parse(const char *text, struct script *script)
{
	struct script_source source = { .escape = '\\' };
	struct error err = ERROR_INIT;

	assert_success(script_parse(text, strlen(text), &source, script, &err), err);
	assert_int_equal(script->count, 1);
}

static void commands(unused_arg void **state)
{
	static const struct {
		const char *text;
		enum manager manager;
		enum manager_verb verb;
		bool confirmed;
		const char *packages;
	} cases[] = {
		{ "apt-get install -y a b=1", MANAGER_APT, VERB_INSTALL, true, "a b=1 " },
		{ "apt-get -qq -t stable install a", MANAGER_APT, VERB_INSTALL, true, "a " },
		{ "DEBIAN_FRONTEND=x apt-get install -o A::B=c a", MANAGER_APT, VERB_INSTALL, false,
		  "a " },
		{ "sudo -E apt update", MANAGER_APT, VERB_UPDATE, false, "" },
		{ "/usr/bin/apt-get autoremove --yes", MANAGER_APT, VERB_REMOVE, true, "" },
		{ "apt-get dist-clean", MANAGER_APT, VERB_CLEAN_LISTS, false, "" },
		{ "apk add --no-cache --virtual .deps a", MANAGER_APK, VERB_INSTALL, false, "a " },
		{ "apk del .deps", MANAGER_APK, VERB_REMOVE, false, ".deps " },
		{ "microdnf install -y a", MANAGER_DNF, VERB_INSTALL, true, "a " },
		{ "yum clean all", MANAGER_DNF, VERB_CLEAN, false, "all " },
		{ "zypper --non-interactive in a", MANAGER_ZYPPER, VERB_INSTALL, true, "a " },
		{ "pip install -r requirements.txt", MANAGER_PIP, VERB_PROJECT, false, "" },
		{ "pip3.11 install --index-url https://x a==1", MANAGER_PIP, VERB_INSTALL, false,
		  "a==1 " },
		{ "python3 -m pip install a", MANAGER_PIP, VERB_INSTALL, false, "a " },
		{ "uv pip install a", MANAGER_UV, VERB_INSTALL, false, "a " },
		{ "uv sync --frozen", MANAGER_UV, VERB_PROJECT, false, "" },
		{ "npm install", MANAGER_NPM, VERB_PROJECT, false, "" },
		{ "npm i -g a@1", MANAGER_NPM, VERB_INSTALL, false, "a@1 " },
		{ "yarn", MANAGER_YARN, VERB_PROJECT, false, "" },
		{ "bundle install", MANAGER_OTHER, VERB_PROJECT, false, "" },
		{ "go mod download", MANAGER_GO, VERB_PROJECT, false, "download " },
		{ "pipe install a", MANAGER_NONE, VERB_OTHER, false, "" },
		{ "echo apt-get install a", MANAGER_NONE, VERB_OTHER, false, "" },
		{ "python3 setup.py install", MANAGER_NONE, VERB_OTHER, false, "" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_script struct script script = { 0 };
		auto_buf struct buf packages;
		struct install install;
		const struct word *package;
		size_t index;

		buf_init(&packages, 1000);
		buf_add_string(&packages, "");
		parse(cases[i].text, &script);
		install_read(&script.items[0], &install);
		index = install.first;
		while (install.manager != MANAGER_NONE &&
		       (package = install_next(&script.items[0], &install, &index)) != NULL)
			buf_printf(&packages, "%s ", package->data);
		if (install.manager != cases[i].manager || install.verb != cases[i].verb ||
		    install.confirmed != cases[i].confirmed ||
		    strcmp(packages.data, cases[i].packages) != 0)
			fail_msg("%s: manager %d, verb %d, confirmed %d, '%s'", cases[i].text,
				 (int)install.manager, (int)install.verb, install.confirmed,
				 packages.data);
	}
}

static void versions(unused_arg void **state)
{
	static const struct {
		enum manager manager;
		const char *package;
		bool pinned;
	} cases[] = {
		{ MANAGER_APT, "curl", false },	       { MANAGER_APT, "curl=8", true },
		{ MANAGER_APT, "./x.deb", true },      { MANAGER_APT, "$PACKAGES", true },
		{ MANAGER_APK, "curl~8", true },       { MANAGER_APK, "curl", false },
		{ MANAGER_DNF, "curl-8.1", true },     { MANAGER_DNF, "python3.11-devel", false },
		{ MANAGER_PIP, "flask", false },       { MANAGER_PIP, "flask==2", true },
		{ MANAGER_PIP, "flask>=2", false },    { MANAGER_PIP, "x @ git+https://y", true },
		{ MANAGER_NPM, "@scope/x", false },    { MANAGER_NPM, "@scope/x@1", true },
		{ MANAGER_GO, "a.b/c@latest", false }, { MANAGER_GO, "a.b/c@v1", true },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		if (install_is_pinned(cases[i].manager, cases[i].package) != cases[i].pinned)
			fail_msg("%s", cases[i].package);
}

static void build_tools(unused_arg void **state)
{
	assert_true(install_is_build_tool(MANAGER_APT, "build-essential"));
	assert_true(install_is_build_tool(MANAGER_APT, "gcc=12"));
	assert_true(install_is_build_tool(MANAGER_APT, "gcc-12"));
	assert_true(install_is_build_tool(MANAGER_APK, "musl-dev"));
	assert_true(install_is_build_tool(MANAGER_DNF, "python3.11-devel"));
	assert_false(install_is_build_tool(MANAGER_APT, "libgcc-s1"));
	assert_false(install_is_build_tool(MANAGER_APT, "developers"));
	assert_false(install_is_build_tool(MANAGER_PIP, "make"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands),
		cmocka_unit_test(versions),
		cmocka_unit_test(build_tools),
	};

	return cmocka_run_group_tests_name("install", tests, NULL, NULL);
}
