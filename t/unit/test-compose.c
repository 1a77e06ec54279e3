#include "config.h"

#include "unit.h"

#include <string.h>

#include "composetext.h"

static void parse(const char *text, struct compose *compose)
{
	auto_variables struct variables variables = { 0 };
	struct error err = ERROR_INIT;

	assert_success(variables_set(&variables, "V", "value", NULL, &err), err);
	assert_success(variables_set(&variables, "E", "", NULL, &err), err);
	assert_success(compose_parse(text, strlen(text), "C", &variables, compose, &err), err);
}

static void reads_services(unused_arg void **state)
{
	auto_compose struct compose compose = { 0 };

	parse("x-base: &base\n  image: one\n  pull_policy: always\nservices:\n  a:\n    <<: *base\n"
	      "  b:\n    <<: [*base]\n    image: 'two'\n  c: {build: ./c, extends: {service: a}}\n"
	      "  d:\n    image: &i three\n    build:\n      context: .\n      args: {X: 1, Y: }\n"
	      "      dockerfile_inline: |\n        FROM a\n  e:\n    image: *i\n    build:\n"
	      "      args: [Z=2, W]\n      additional_contexts: {n: docker-image://x}\n  f: {}\n",
	      &compose);
	assert_int_equal(compose.count, 6);
	assert_string_equal(compose.services[0].image.value, "one");
	assert_int_equal(compose.services[0].image.line, 2);
	assert_int_equal(compose.services[0].line, 5);
	assert_string_equal(compose.services[1].image.value, "two");
	assert_string_equal(compose.services[1].pull_policy.value, "always");
	assert_string_equal(compose.services[2].image.value, "one");
	assert_true(compose.services[2].image.taken);
	assert_true(compose.services[2].builds);
	assert_false(compose.services[2].build_taken);
	assert_false(compose.services[2].extends);
	assert_string_equal(compose.services[2].context.value, "./c");
	assert_string_equal(compose.services[3].image.value, "three");
	assert_int_equal(compose.services[3].args.count, 2);
	assert_string_equal(compose.services[3].args.items[0].value, "X=1");
	assert_string_equal(compose.services[3].args.items[1].value, "Y");
	assert_string_equal(compose.services[3].dockerfile_inline.value, "FROM a\n");
	assert_int_equal(compose.services[3].dockerfile_inline.line, 17);
	assert_string_equal(compose.services[4].image.value, "three");
	assert_string_equal(compose.services[4].args.items[1].value, "W");
	assert_string_equal(compose.services[4].contexts.items[0].value, "n=docker-image://x");
	assert_false(compose.services[5].builds);
}

static void replaces_variables(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *value;
		const char *unknown;
	} cases[] = {
		{ "a$V", "avalue", NULL },
		{ "a${V}b", "avalueb", NULL },
		{ "$$V", "$V", NULL },
		{ "${N:-d}", "d", NULL },
		{ "${N-d}", "d", NULL },
		{ "${E:-d}", "d", NULL },
		{ "${E-d}", "", NULL },
		{ "${N:-${V}}", "value", NULL },
		{ "${N:-a:$V}", "a:value", NULL },
		{ "${V:+x}", "x", NULL },
		{ "${N:+x}", "", NULL },
		{ "${E+x}", "x", NULL },
		{ "${V:?no}", "value", NULL },
		{ "a:$N", "a:", "N" },
		{ "${N:-$M}", "", "M" },
		{ "${V:-$M}", "value", NULL },
		{ "${N}", "", "N" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_compose struct compose compose = { 0 };
		char text[200];

		(void)snprintf(text, sizeof text, "services:\n  a:\n    image: \"%s\"\n",
			       cases[i].text);
		parse(text, &compose);
		assert_string_equal(compose.services[0].image.text, cases[i].text);
		if (strcmp(compose.services[0].image.value, cases[i].value) != 0)
			fail_msg("%s: '%s'", cases[i].text, compose.services[0].image.value);
		if (cases[i].unknown == NULL)
			assert_null(compose.services[0].image.unknown);
		else
			assert_string_equal(compose.services[0].image.unknown, cases[i].unknown);
	}
}

/* What the file says, line by line; `expected` is what the test's services lead to. */
static void assert_says(const char *text, const char *expected)
{
	auto_compose struct compose compose = { 0 };
	auto_buf struct buf out;

	parse(text, &compose);
	buf_init(&out, BUF_MAX_DEFAULT);
	compose_text(&compose, &out);
	if (strcmp(out.data, expected) != 0)
		fail_msg("%s\nexpected:\n%s\nactual:\n%s", text, expected, out.data);
}

#define A "services:\n  a:\n"

static void reads_scalars(unused_arg void **state)
{
	assert_says(
		A "    user: 1000:1000\n    read_only: true\n    restart: unless-stopped\n"
		  "    stop_grace_period: 30s\n    stop_signal: SIGINT\n    init: yes\n"
		  "    privileged: false\n    network_mode: host\n    pid: host\n"
		  "    platform: linux/arm64\n    mem_limit: 1g\n    mem_reservation: 512m\n"
		  "    cpus: 0.5\n    container_name: c\n    x-user: {a: b}\n    hostname: [x]\n",
		"a 2\na.container_name 16 c\na.cpus 15 0.5\na.init 8 yes\na.mem_limit 13 1g\n"
		"a.mem_reservation 14 512m\na.network_mode 10 host\na.pid 11 host\n"
		"a.platform 12 linux/arm64\na.privileged 9 false\na.read_only 4 true\n"
		"a.restart 5 unless-stopped\na.stop_grace_period 6 30s\na.stop_signal 7 SIGINT\n"
		"a.user 3 1000:1000\n");
	assert_says(A "    user: ~\n    restart: \"no\"\n    pid: ''\n",
		    "a 2\na.pid 5 \na.restart 4 no\n");
}

static void reads_parts(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{ "    command: a b\n    entrypoint: [a, 'b c']\n",
		  "a.command 3 (text)\na.command 3 a b\na.entrypoint 4 (list)\na.entrypoint 4 a\n"
		  "a.entrypoint 4 b c\n" },
		{ "    command: []\n    entrypoint:\n", "a.command 3 (list)\n" },
		{ "    entrypoint: |\n      a\n      b\n",
		  "a.entrypoint 4 (text)\na.entrypoint 4 a\\nb\\n\n" },
		{ "    command:\n      - a\n      - 8000\n",
		  "a.command 4 (list)\na.command 4 a\na.command 5 8000\n" },
		{ "    healthcheck:\n      test: [CMD, x]\n      interval: 30s\n      timeout: 5s\n"
		  "      start_period: 1m\n      start_interval: 2s\n      retries: 3\n",
		  "a healthcheck 4\na.healthcheck.interval 5 30s\na.healthcheck.timeout 6 5s\n"
		  "a.healthcheck.start_period 7 1m\na.healthcheck.start_interval 8 2s\n"
		  "a.healthcheck.retries 9 3\na.healthcheck.test 4 (list)\n"
		  "a.healthcheck.test 4 CMD\na.healthcheck.test 4 x\n" },
		{ "    healthcheck: {disable: true}\n",
		  "a healthcheck 3\na.healthcheck.disable 3 true\n" },
		{ "    healthcheck: {test: curl x}\n",
		  "a healthcheck 3\na.healthcheck.test 3 (text)\na.healthcheck.test 3 curl x\n" },
		{ "    healthcheck:\n", "" },
		{ "    deploy:\n      replicas: 2\n      resources:\n"
		  "        limits: {memory: 4g, cpus: '2'}\n        reservations: {memory: 2g}\n"
		  "      restart_policy: {condition: on-failure}\n",
		  "a deploy 4\na restart_policy\na.deploy.replicas 4 2\n"
		  "a.deploy.resources.limits.memory 6 4g\na.deploy.resources.limits.cpus 6 2\n"
		  "a.deploy.resources.reservations.memory 7 2g\n"
		  "a.deploy.restart_policy.condition 8 on-failure\n" },
		{ "    deploy: {restart_policy: {}}\n", "a deploy 3\na restart_policy\n" },
		{ "    logging:\n      driver: json-file\n      options: {max-size: 10m, max-file: \"3\"}\n",
		  "a logging 4\na.logging.driver 4 json-file\na.logging.options 5 max-size=10m\n"
		  "a.logging.options 5 max-file=3\n" },
		{ "    environment: {A: 1, B: , C: ''}\n    labels: [a=b, c]\n",
		  "a.environment 3 A=1\na.environment 3 B\na.environment 3 C=\na.labels 4 a=b\n"
		  "a.labels 4 c\n" },
		{ "    environment:\n      - A=1\n      - B\n      - A=2\n",
		  "a.environment 6 A=2\na.environment 5 B\n" },
		{ "    env_file: x.env\n    tmpfs: /tmp\n",
		  "a.env_file 3 x.env\na.tmpfs 4 /tmp\n" },
		{ "    env_file: [x, {path: y, required: false}]\n    tmpfs: [/tmp, '/run:size=1m']\n",
		  "a.env_file 3 x\na.env_file 3 y\na.tmpfs 4 /tmp\na.tmpfs 4 /run:size=1m\n" },
		{ "    ports:\n      - 80:80\n      - 8080\n      - mode: host\n        target: 90\n",
		  "a.ports 4 80:80\na.ports 5 8080\na.ports 7 90\n" },
		{ "    cap_add: [A]\n    cap_drop: [ALL]\n    security_opt: ['no-new-privileges:true']\n"
		  "    profiles: [p]\n    secrets: [s, {source: t, target: u}]\n",
		  "a.cap_add 3 A\na.cap_drop 4 ALL\na.profiles 6 p\na.secrets 7 s\na.secrets 7 t\n"
		  "a.security_opt 5 no-new-privileges:true\n" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		char text[1000];
		char expected[1000];

		(void)snprintf(text, sizeof text, A "%s", cases[i].text);
		(void)snprintf(expected, sizeof expected, "a 2\n%s", cases[i].expected);
		assert_says(text, expected);
	}
}

static void reads_volumes(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{ "data:/data", "volume data /data" },
		{ "/data", "volume - /data" },
		{ "./x:/x:ro", "bind ./x /x ro" },
		{ "../x:/x", "bind ../x /x" },
		{ "/var/run/docker.sock:/var/run/docker.sock:rw",
		  "bind /var/run/docker.sock /var/run/docker.sock rw" },
		{ "~/x:/x:z,ro", "bind ~/x /x ro" },
		{ "C:\\\\x:/x", "bind C:\\x /x" },
		{ "C:\\\\x:D:\\\\y:ro", "bind C:\\x D:\\y ro" },
		{ "\\\\\\\\.\\\\pipe\\\\x:/x", "bind \\\\.\\pipe\\x /x" },
		{ "data:/data:nocopy", "volume data /data" },
		{ "d", "volume - d" },
		/* a name of one letter is a drive to Compose */
		{ "d:/x", "volume - d:/x" },
		{ "$V:/x", "volume value /x" },
		{ "${N:-./d}:/x", "bind ./d /x" },
		{ "$$x:/x", "volume $x /x" },
		/* what hangs on what is not known */
		{ "$N:/x", "unknown $N /x" },
		{ "${N:-$M}/x:/x:ro", "unknown ${N:-$M}/x /x ro" },
		{ "./$N:/x", "bind ./$N /x" },
		{ "data$N:/x", "volume data$N /x" },
		{ "data:/x:$N", "volume data /x unclear" },
		{ "$N", "unknown - $N" },
		{ "/x:$N", "bind /x $N" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		char text[200];
		char expected[200];

		(void)snprintf(text, sizeof text, A "    volumes:\n      - \"%s\"\n",
			       cases[i].text);
		(void)snprintf(expected, sizeof expected, "a 2\na.volumes 4 %s\n",
			       cases[i].expected);
		assert_says(text, expected);
	}
	assert_says(A "    volumes:\n      - type: bind\n        source: ./x\n        target: /x\n"
		      "        read_only: true\n      - {type: tmpfs, target: /t}\n"
		      "      - {type: volume, target: /u, read_only: no}\n"
		      "      - {type: $N, source: s, target: /v, read_only: $N}\n"
		      "      - {type: npipe, source: s, target: /w}\n"
		      "      - {type: cluster, source: s, target: /c}\n"
		      "      - {type: image, source: s, target: /i}\n"
		      "      - {type: new, source: s, target: /n}\n      - yy:/x\n",
		    "a 2\na.volumes 15 volume yy /x\na.volumes 8 tmpfs - /t\n"
		    "a.volumes 9 volume - /u rw\na.volumes 10 unknown s /v unclear\n"
		    "a.volumes 11 npipe s /w\na.volumes 12 cluster s /c\na.volumes 13 image s /i\n"
		    "a.volumes 14 unknown s /n\n");
}

static void reads_top_level(unused_arg void **state)
{
	assert_says(
		"x-v: &v {w: }\ninclude: [x.yaml]\nvolumes:\n  v:\n  u: {driver: local}\n  <<: *v\n"
		"networks: {n: }\nsecrets:\n  s: {file: x}\nservices: {}\n",
		".include\n.volumes 4 v\n.volumes 5 u\n.volumes 1 w\n.secrets 9 s\n"
		".networks 7 n\n");
}

static void follows_merges(unused_arg void **state)
{
	assert_says(
		"x-e: &e {A: 1, B: 2}\nx-f: &f\n  B: 3\n  C: 4\nx-h: &h {test: &t [CMD, x], retries: 3}\n" A
		"    environment:\n      <<: [*e, *f]\n      A: 5\n    healthcheck:\n      <<: *h\n"
		"      retries: 4\n    command: *t\n    logging: {options: {<<: {o: p}}}\n",
		"a 7\na healthcheck 12\na logging 15\na.healthcheck.retries 13 4\n"
		"a.command 5 (list)\na.command 5 CMD\na.command 5 x\n"
		"a.healthcheck.test 5 (list)\na.healthcheck.test 5 CMD\na.healthcheck.test 5 x\n"
		"a.logging.options 15 o=p\na.environment 10 A=5\na.environment 1 B=2\n"
		"a.environment 4 C=4\n");
}

/* `a` is the base, with line 3 its first; `b` extends it. */
static void extends_within_the_file(unused_arg void **state)
{
	static const struct {
		const char *a;
		const char *b;
		const char *expected;
	} cases[] = {
		{ "user: 1\n    pid: host", "user: 2", "b.pid 4+ host\nb.user 7 2\n" },
		{ "user: 1", "user: ~", "b.user 3+ 1\n" },
		{ "user: 1", "user: !reset 2", "" },
		{ "user: 1", "user: !override 2", "b.user 6 2\n" },
		{ "command: [a]", "command: [b]", "b.command 6 (list)\nb.command 6 b\n" },
		{ "command: [a]", "command: c d", "b.command 6 (text)\nb.command 6 c d\n" },
		{ "command: [a]", "command: []", "b.command 6 (list)\n" },
		{ "command: [a]", "command: ~", "" },
		{ "command: [a]", "pid: x", "b.pid 6 x\nb.command 3+ (list)\nb.command 3+ a\n" },
		{ "healthcheck: {test: [a, b], retries: 1}", "healthcheck: {test: [c]}",
		  "b healthcheck 6\nb.healthcheck.retries 3+ 1\nb.healthcheck.test 6 (list)\n"
		  "b.healthcheck.test 6 c\n" },
		{ "healthcheck: {retries: 1}", "healthcheck: !override {timeout: 2s}",
		  "b healthcheck 6\nb.healthcheck.timeout 6 2s\n" },
		{ "healthcheck: {retries: 1}", "healthcheck: {retries: !reset 1}",
		  "b healthcheck 6\n" },
		{ "healthcheck: {retries: 1}", "pid: x",
		  "b healthcheck 3+\nb.pid 6 x\nb.healthcheck.retries 3+ 1\n" },
		{ "environment: {A: 1, B: 2}", "environment: [B=3, C=4]",
		  "b.environment 3+ A=1\nb.environment 6 B=3\nb.environment 6 C=4\n" },
		{ "environment: [A=1, B=2]", "environment: {A: !reset 1, B: , C: 3}",
		  "b.environment 6 B\nb.environment 6 C=3\n" },
		{ "environment: [A=1]", "environment: !override [B=1]", "b.environment 6 B=1\n" },
		{ "environment: [A=1]", "environment: !reset []", "" },
		{ "ports: ['1']", "ports: ['2']", "b.ports 3+ 1\nb.ports 6 2\n" },
		{ "ports: ['1']", "ports: !override ['2']", "b.ports 6 2\n" },
		{ "tmpfs: /a", "tmpfs: [/b]", "b.tmpfs 3+ /a\nb.tmpfs 6 /b\n" },
		{ "volumes: ['aa:/x', 'bb:/y']", "volumes: ['./c:/x:ro']",
		  "b.volumes 6 bind ./c /x ro\nb.volumes 3+ volume bb /y\n" },
		{ "logging: {driver: d, options: {a: b}}", "logging: {options: {c: d}}",
		  "b logging 6\nb.logging.driver 3+ d\nb.logging.options 3+ a=b\n"
		  "b.logging.options 6 c=d\n" },
		{ "logging: {driver: d, options: {a: b}}", "logging: {driver: e, options: {c: d}}",
		  "b logging 6\nb.logging.driver 6 e\nb.logging.options 6 c=d\n" },
		{ "deploy: {resources: {limits: {memory: 1g}}}",
		  "deploy: {resources: {limits: {cpus: 1}}}",
		  "b deploy 6\nb.deploy.resources.limits.memory 3+ 1g\n"
		  "b.deploy.resources.limits.cpus 6 1\n" },
		{ "build: .", "build: {args: {A: 1}}",
		  "b builds\nb.build.context 3+ .\nb.build.args 6 A=1\n" },
		{ "build: {context: x, target: t, args: [A=0]}", "build: y",
		  "b builds\nb.build.context 6 y\nb.build.target 3+ t\nb.build.args 3+ A=0\n" },
		{ "build: x", "build: !reset y", "" },
		{ "build: x", "build: {context: !reset y, target: t}",
		  "b builds\nb.build.target 6 t\n" },
		{ "build: x", "pid: y", "b builds+\nb.build.context 3+ x\nb.pid 6 y\n" },
	};
	static const char *const ways[] = { "a", "{service: a}", "{file: C, service: a}",
					    "{file: ././C, service: a}" };

	for (size_t i = 0; i < array_size(cases) * array_size(ways); i++) {
		auto_compose struct compose compose = { 0 };
		auto_buf struct buf out;
		const char *way = ways[i % array_size(ways)];
		char text[1000];
		char expected[1000];
		size_t at = i / array_size(ways);
		bool longer = strchr(cases[at].a, '\n') != NULL;

		(void)snprintf(text, sizeof text,
			       "services:\n  a:\n    %s\n  b:\n    extends: %s\n    %s\n",
			       cases[at].a, way, cases[at].b);
		(void)snprintf(expected, sizeof expected, "b %d\n%s", longer ? 5 : 4,
			       cases[at].expected);
		parse(text, &compose);
		buf_init(&out, BUF_MAX_DEFAULT);
		compose_text_service(&compose.services[1], &out);
		if (strcmp(out.data, expected) != 0)
			fail_msg("%s\nexpected:\n%s\nactual:\n%s", text, expected, out.data);
	}
}

static void extends_further(unused_arg void **state)
{
	/* over two, before the base, by a merge key; what other files have */
	assert_says("services:\n  c: {extends: b, user: 3}\n  b: {extends: {service: a}, pid: x}\n"
		    "  a: {user: 1, init: yes}\n",
		    "c 2\nc.init 4+ yes\nc.pid 3+ x\nc.user 2 3\nb 3\nb.init 4+ yes\nb.pid 3 x\n"
		    "b.user 4+ 1\na 4\na.init 4 yes\na.user 4 1\n");
	assert_says("x-x: &x\n  extends: a\nservices:\n  a: {user: 1}\n  b: {<<: *x}\n",
		    "a 4\na.user 4 1\nb 5\nb.user 4+ 1\n");
	assert_says("services:\n  a: {extends: {file: D, service: a}, user: 1}\n  b: {extends: a}\n"
		    "  c: {extends: {file: x/C, service: b}}\n  d: {extends: $N}\n"
		    "  e: {extends: {file: $N, service: f}}\n  f: {extends: ~}\n",
		    "a 2\na extends\na.user 2 1\nb 3\nb extends\nb.user 2+ 1\nc 4\nc extends\n"
		    "d 5\nd extends\ne 6\ne extends\nf 7\n");
	assert_says(
		"services:\n  a: !reset {user: 1}\n  b: !override {extends: c, user: 1}\n  c: {pid: x}\n",
		"b 3\nb.user 3 1\nc 4\nc.pid 4 x\n");
	assert_says("include: [x]\nservices:\n  a: {extends: b}\n", "a 3\na extends\n.include\n");
}

static void knows_its_own_file(unused_arg void **state)
{
	static const struct {
		const char *name;
		const char *file;
		bool own;
	} cases[] = {
		{ "c.yaml", "c.yaml", true },	    { "c.yaml", ".//./c.yaml", true },
		{ "d/c.yaml", "c.yaml", true },	    { "/d/c.yaml", "./c.yaml", true },
		{ "/d/c.yaml", "/d/c.yaml", true }, { "d/c.yaml", "d/c.yaml", false },
		{ "d/c.yaml", "../c.yaml", false }, { "d/c.yaml", "/c.yaml", false },
		{ "c.yaml", "/c.yaml", false },	    { "c.yaml", "xc.yaml", false },
		{ "c.yaml", "d.yaml", false },	    { "-", "c.yaml", false },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_compose struct compose compose = { 0 };
		struct error err = ERROR_INIT;
		char text[200];

		(void)snprintf(text, sizeof text,
			       A "    extends: {file: %s, service: b}\n  b: {user: 1}\n",
			       cases[i].file);
		assert_success(
			compose_parse(text, strlen(text), cases[i].name, NULL, &compose, &err),
			err);
		if (compose.services[0].extends == cases[i].own ||
		    (compose.services[0].user.text != NULL) != cases[i].own)
			fail_msg("%s in %s", cases[i].file, cases[i].name);
	}
}

static void tells_what_is_true(unused_arg void **state)
{
	static const struct {
		const char *text;
		enum compose_truth truth;
	} cases[] = {
		{ "true", COMPOSE_TRUE },     { "'True'", COMPOSE_TRUE },
		{ "on", COMPOSE_TRUE },	      { "no", COMPOSE_FALSE },
		{ "FALSE", COMPOSE_FALSE },   { "$N", COMPOSE_UNCLEAR },
		{ "maybe", COMPOSE_UNCLEAR }, { "''", COMPOSE_UNCLEAR },
		{ "~", COMPOSE_NOT_SAID },    { "${N:-yes}", COMPOSE_TRUE },
		{ "1", COMPOSE_UNCLEAR },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_compose struct compose compose = { 0 };
		char text[200];

		(void)snprintf(text, sizeof text, A "    init: %s\n", cases[i].text);
		parse(text, &compose);
		if (compose_truth(&compose.services[0].init) != cases[i].truth)
			fail_msg("%s", cases[i].text);
	}
}

/* What an image hangs on is demanded; elsewhere it is not known. */
static void replaces_variables_of_the_rest(unused_arg void **state)
{
	auto_compose struct compose compose = { 0 };
	const struct compose_service *a;

	parse(A "    user: ${N:?no}\n    environment: {$V: $V, W: \"${M:?}$$\", $N: }\n"
		"    volumes: ['$$x/$V:/$V$$', './$$y:/$N$V']\n    x: ${\n",
	      &compose);
	a = &compose.services[0];
	assert_string_equal(a->user.unknown, "N");
	assert_string_equal(a->environment.items[0].value, "$V=value");
	assert_int_equal(a->environment.items[0].place.column, 23);
	assert_string_equal(a->environment.items[1].value, "W=$");
	assert_string_equal(a->environment.items[1].unknown, "M");
	assert_string_equal(a->environment.items[2].value, "$N");
	assert_null(a->environment.items[2].unknown);
	assert_string_equal(a->volumes[0].source.value, "$x/value");
	assert_string_equal(a->volumes[0].target.value, "/value$");
	assert_string_equal(a->volumes[1].source.value, "./$y");
	assert_null(a->volumes[1].source.unknown);
	assert_string_equal(a->volumes[1].target.value, "/value");
	assert_string_equal(a->volumes[1].target.unknown, "N");
}

static void refuses(unused_arg void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{ "", "C: no compose file" },
		{ "a: [", "C:2: did not find" },
		{ "- a", "C: no compose file: it is no mapping" },
		{ "a: b", "C: no compose file: it has no services" },
		{ "services:", "it has no services" },
		{ "services: x", "C:1: services is no mapping" },
		{ "services: {a: x}", "the service 'a' is no mapping" },
		{ "services:\n  a:\n    image: [x]", "C:3: image is no text" },
		{ "services:\n  a: {image: x}\n  a: {image: y}",
		  "C:3: the service 'a' is given twice" },
		{ "services:\n  a:\n    image: x\n    image: y",
		  "C:4: the key 'image' is given twice" },
		{ "services: {a: {image: x}}\n---\nservices: {}", "several YAML documents" },
		{ "services: {a: {image: x}}\n---\n", "several YAML documents" },
		{ "services: {a: {image: \"${\"}}", "malformed variable" },
		{ "services: {a: {image: \"${N\"}}", "malformed variable" },
		{ "services: {a: {image: \"${N:-x\"}}", "lacks its '}'" },
		{ "services:\n  a: {image: \"${N:?give it}\"}",
		  "C:2: the variable 'N' is demanded: give it" },
		{ "services: {a: {image: \"x\\0y\"}}", "image has a NUL" },
		{ "services: {a: {build: [x]}}", "build is neither" },
		{ "services: {a: &a {<<: *a}}", "an anchor holds an alias of itself" },
		{ "services: &a {<<: *a}", "an anchor holds an alias of itself" },
		{ "services: {a: *x}", "alias" },
		{ A "    user: [x]", "C:3: user is no text" },
		{ A "    user: {x: y}", "C:3: user is no text" },
		{ A "    command: {x: y}", "C:3: command is neither text nor a list" },
		{ A "    command:\n      - a\n      - [b]", "C:5: command is no text" },
		{ A "    command: &c [*c]", "C:3: an anchor holds an alias of itself" },
		{ A "    healthcheck: &h {<<: *h}", "C:3: an anchor holds an alias of itself" },
		{ A "    healthcheck: x", "C:3: healthcheck is no mapping" },
		{ A "    deploy: {resources: [x]}", "C:3: resources is no mapping" },
		{ A "    deploy: {resources: {limits: 1}}", "C:3: limits is no mapping" },
		{ A "    logging: {options: {a: [b]}}", "C:3: options is no text" },
		{ A "    environment: x", "C:3: environment is neither a list nor a mapping" },
		{ A "    environment: {A: {}}", "C:3: environment is no text" },
		{ A "    environment: {A: 1, A: 2}", "C:3: the key 'A' is given twice" },
		{ A "    environment: {A: '${'}", "C:3: malformed variable" },
		{ A "    environment: &e {<<: *e}", "C:3: an anchor holds an alias of itself" },
		{ A "    build:\n      args: x", "C:4: args is neither" },
		{ A "    cap_add: ALL", "C:3: cap_add is no list" },
		{ A "    tmpfs: {a: b}", "C:3: tmpfs is neither text nor a list" },
		{ A "    tmpfs: [{a: b}]", "C:3: tmpfs is no text" },
		{ A "    ports: [{published: 1}]", "C:3: ports has an item without 'target'" },
		{ A "    volumes: x", "C:3: volumes is no list" },
		{ A "    volumes: [[x]]", "C:3: volumes is no text" },
		{ A "    volumes: [{type: bind}]", "C:3: volumes has an item without 'target'" },
		{ A "    volumes: ['aa::b']", "C:3: the volume 'aa::b' has an empty part" },
		{ A "    volumes: ['']", "C:3: the volume '' has an empty part" },
		{ A "    volumes: ['aa:/b:ro:dd']", "has too many colons" },
		{ A "    volumes: ['$E:/b']", "C:3: the volume ':/b' has an empty part" },
		{ A "    extends: a", "C:3: services extend each other in a circle" },
		{ "services:\n  a: {extends: b}\n  b: {extends: {service: a}}",
		  "services extend each other in a circle" },
		{ A "    extends: b", "C:3: extends the service 'b', which is not in the file" },
		{ A "    extends: {service: b, file: C}", "C:3: extends the service 'b', which" },
		{ A "    extends: {file: C}", "C:3: extends names no service" },
		{ A "    extends: [b]", "C:3: extends is neither text nor a mapping" },
		{ "services: {}\nvolumes: [x]", "C:2: volumes is no mapping" },
		{ "services: {[x]: {}}", "C:1: the name of a service is no text" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_variables struct variables variables = { 0 };
		struct compose compose = { 0 };
		struct error err;

		assert_success(variables_set(&variables, "E", "", NULL, &err), err);
		assert_failure(compose_parse(cases[i].text, strlen(cases[i].text), "C", &variables,
					     &compose, &err),
			       err, ERROR_INPUT, cases[i].why);
	}
}

/* Lists of aliases of lists of aliases: what they say is small, their expansion is not. */
static void survives_multiplication(unused_arg void **state)
{
	auto_buf struct buf text;
	struct compose compose = { 0 };
	struct error err;

	buf_init(&text, 200000);
	for (int i = 0; i < 100000; i++)
		buf_add_char(&text, '[');
	assert_failure(compose_parse(text.data, text.size, "C", NULL, &compose, &err), err,
		       ERROR_INPUT, "C:1: nested too deeply");
	buf_clear(&text);
	buf_add_string(&text, "x0: &x0 {a: b}\n");
	for (int i = 1; i < 15; i++)
		buf_printf(&text,
			   "x%d: &x%d {<<: [*x%d, *x%d, *x%d, *x%d, *x%d, *x%d, *x%d, *x%d]}\n", i,
			   i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	buf_add_string(&text, "services: {s: *x14}\n");
	assert_failure(compose_parse(text.data, text.size, "C", NULL, &compose, &err), err,
		       ERROR_INPUT, "merge keys lead too far");
	/* a list that many services have; a mapping in which many keys are looked for */
	for (int way = 0; way < 2; way++) {
		buf_clear(&text);
		buf_add_string(&text, way == 0 ? "x: &x [" : "x: &x {");
		for (int i = 0; i < 10000; i++)
			buf_printf(&text, way == 0 ? "a," : "a%d: ,", i);
		buf_add_string(&text, way == 0 ? "]\nservices:\n" : "}\nservices:\n");
		for (int i = 0; i < 500; i++)
			buf_printf(&text, way == 0 ? "  s%d: {ports: *x}\n" : "  s%d: *x\n", i);
		assert_failure(compose_parse(text.data, text.size, "C", NULL, &compose, &err), err,
			       ERROR_INPUT,
			       way == 0 ? "its values take more than" : "too many keys");
	}
	buf_clear(&text);
	buf_add_string(&text, "services:\n  s100: {user: 1}\n");
	for (int i = 0; i < 100; i++)
		buf_printf(&text, "  s%d: {extends: s%d}\n", i, i + 1);
	assert_failure(compose_parse(text.data, text.size, "C", NULL, &compose, &err), err,
		       ERROR_INPUT, "extends leads too far");
}

/* Places count bytes, in files that have characters of several and marks of the order of bytes. */
static void tells_places(unused_arg void **state)
{
	auto_compose struct compose compose = { 0 };
	struct error err = ERROR_INIT;
	auto_buf struct buf text;

	buf_init(&text, 200000);
	buf_add_string(&text, "\xef\xbb\xbfx: &x here # \xc3\xa4\n");
	for (int i = 0; i < 3000; i++)
		buf_add_string(&text, "# \xe2\x82\xac\r\n");
	buf_add_string(&text, "services:\n  a: {\"\xc3\xa4\": 1, image: 'there', user: *x}\n"
			      "  b: {image: *x, user: \"q\"}\n");
	assert_success(compose_parse(text.data, text.size, "C", NULL, &compose, &err), err);
	for (size_t i = 0; i < compose.count; i++) {
		const struct compose_value *values[] = { &compose.services[i].image,
							 &compose.services[i].user };

		for (size_t j = 0; j < array_size(values); j++) {
			const struct yml_place *place = &values[j]->place;

			assert_int_equal(place->line, values[j]->line);
			assert_int_equal(place->at.end - place->at.start, strlen(values[j]->text));
			assert_memory_equal(text.data + place->at.start, values[j]->text,
					    strlen(values[j]->text));
		}
	}
	assert_int_equal(compose.services[0].image.place.column, 24);
	assert_int_equal(compose.services[0].user.place.column, 7);
	assert_int_equal(compose.services[1].user.place.column, 25);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_services),
		cmocka_unit_test(replaces_variables),
		cmocka_unit_test(reads_scalars),
		cmocka_unit_test(reads_parts),
		cmocka_unit_test(reads_volumes),
		cmocka_unit_test(reads_top_level),
		cmocka_unit_test(follows_merges),
		cmocka_unit_test(extends_within_the_file),
		cmocka_unit_test(extends_further),
		cmocka_unit_test(knows_its_own_file),
		cmocka_unit_test(tells_what_is_true),
		cmocka_unit_test(replaces_variables_of_the_rest),
		cmocka_unit_test(refuses),
		cmocka_unit_test(survives_multiplication),
		cmocka_unit_test(tells_places),
	};

	return cmocka_run_group_tests_name("compose", tests, NULL, NULL);
}
