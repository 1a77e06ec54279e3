/*
 * What a line of a log says. Where a case names a program, the line is one that this program
 * wrote on a read-only root, or one from its reports of faults, with other names and numbers.
 */
#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/doc.h"
#include "check/logscan.h"

static struct log_scan *new_scan(void)
{
	struct error err = ERROR_INIT;
	struct log_scan *scan = NULL;

	assert_success(log_scan_new(&scan, &err), err);
	return scan;
}

static struct log_finding judged(const struct log_scan *scan, const char *line)
{
	struct log_finding finding;

	log_scan_line(scan, line, strlen(line), &finding);
	return finding;
}

struct level_case {
	const char *who;
	const char *line;
	enum log_level level;
};

static const char *name_of(enum log_level level)
{
	return level == LOG_LEVEL_NONE ? "none" : log_level_name(level);
}

static void check_levels(const struct level_case *cases, size_t count, bool json)
{
	auto_log_scan struct log_scan *scan = new_scan();

	for (size_t i = 0; i < count; i++) {
		struct log_finding finding = judged(scan, cases[i].line);

		if (finding.is_json != json)
			fail_msg("%s: '%s': JSON: %d", cases[i].who, cases[i].line,
				 finding.is_json);
		if (finding.level != cases[i].level)
			fail_msg("%s: '%s': %s, expected %s", cases[i].who, cases[i].line,
				 name_of(finding.level), name_of(cases[i].level));
	}
}

static void json_levels(unused_arg void **state)
{
	static const struct level_case cases[] = {
		{ "zap", "{\"level\":\"error\",\"ts\":1700000000.1,\"msg\":\"x\"}",
		  LOG_LEVEL_ERROR },
		{ "zap", "{\"level\":\"dpanic\",\"msg\":\"x\"}", LOG_LEVEL_CRITICAL },
		{ "slog", "{\"time\":\"t\",\"level\":\"ERROR+2\",\"msg\":\"x\"}", LOG_LEVEL_ERROR },
		{ "slog", "{\"level\":\"DEBUG-4\"}", LOG_LEVEL_DEBUG },
		{ "pino", "{\"level\":30,\"time\":1,\"msg\":\"ok\"}", LOG_LEVEL_INFO },
		{ "pino", "{\"level\":50,\"time\":1,\"msg\":\"x\"}", LOG_LEVEL_ERROR },
		{ "bunyan", "{\"name\":\"a\",\"pid\":1,\"level\":10,\"v\":0}", LOG_LEVEL_TRACE },
		{ "bunyan", "{\"name\":\"a\",\"level\":20}", LOG_LEVEL_DEBUG },
		{ "bunyan", "{\"name\":\"a\",\"level\":40}", LOG_LEVEL_WARNING },
		{ "bunyan", "{\"name\":\"a\",\"level\":60}", LOG_LEVEL_CRITICAL },
		{ "pino, labels", "{\"level\":\"60\"}", LOG_LEVEL_CRITICAL },
		{ "bunyan, own level", "{\"level\":35}", LOG_LEVEL_INFO },
		{ "Google Cloud", "{\"severity\":\"NOTICE\",\"message\":\"x\"}", LOG_LEVEL_NOTICE },
		{ "Google Cloud", "{\"severity\":\"EMERGENCY\"}", LOG_LEVEL_CRITICAL },
		{ "Google Cloud", "{\"severity\":400}", LOG_LEVEL_WARNING },
		{ "Google Cloud", "{\"severity\":500}", LOG_LEVEL_ERROR },
		{ "Google Cloud", "{\"severity\":300}", LOG_LEVEL_NOTICE },
		{ "Google Cloud", "{\"severity\":800}", LOG_LEVEL_CRITICAL },
		{ "Google Cloud", "{\"severity\":\"DEFAULT\"}", LOG_LEVEL_NONE },
		{ "Monolog", "{\"message\":\"x\",\"level\":400,\"level_name\":\"ERROR\"}",
		  LOG_LEVEL_ERROR },
		{ "Monolog", "{\"level\":400}", LOG_LEVEL_ERROR },
		{ "Monolog", "{\"level\":250}", LOG_LEVEL_NOTICE },
		{ "Monolog", "{\"level\":550}", LOG_LEVEL_CRITICAL },
		{ "GELF", "{\"version\":\"1.1\",\"short_message\":\"x\",\"level\":3}",
		  LOG_LEVEL_ERROR },
		{ "GELF", "{\"version\":\"1.1\",\"level\":0}", LOG_LEVEL_CRITICAL },
		{ "the journal", "{\"PRIORITY\":\"6\",\"MESSAGE\":\"x\"}", LOG_LEVEL_INFO },
		{ "Elastic", "{\"@timestamp\":\"t\",\"log.level\":\"WARN\"}", LOG_LEVEL_WARNING },
		{ "Elastic", "{\"log\":{\"logger\":\"a\",\"level\":\"error\"},\"message\":\"x\"}",
		  LOG_LEVEL_ERROR },
		{ "python-json-logger", "{\"levelname\": \"CRITICAL\", \"message\": \"x\"}",
		  LOG_LEVEL_CRITICAL },
		{ "python-json-logger", "{\"levelno\": 40}", LOG_LEVEL_ERROR },
		{ "structlog", "{\"event\":\"x\",\"level\":\"warning\",\"level_number\":30}",
		  LOG_LEVEL_WARNING },
		{ "loguru",
		  "{\"text\":\"x\",\"record\":{\"level\":{\"icon\":\"i\",\"name\":\"ERROR\",\"no\":40}}}",
		  LOG_LEVEL_ERROR },
		{ "Logstash encoder",
		  "{\"@version\":\"1\",\"level\":\"WARN\",\"level_value\":30000}",
		  LOG_LEVEL_WARNING },
		{ ".NET", "{\"EventId\":0,\"LogLevel\":\"Information\",\"Category\":\"A\"}",
		  LOG_LEVEL_INFO },
		{ ".NET", "{\"EventId\":0,\"LogLevel\":\"Critical\"}", LOG_LEVEL_CRITICAL },
		{ "Serilog", "{\"@t\":\"t\",\"@mt\":\"x\",\"@l\":\"Fatal\"}", LOG_LEVEL_CRITICAL },
		{ "Serilog", "{\"@t\":\"t\",\"@mt\":\"x\"}", LOG_LEVEL_INFO },
		{ "OpenTelemetry", "{\"severityText\":\"WARN\",\"severityNumber\":13}",
		  LOG_LEVEL_WARNING },
		{ "OpenTelemetry", "{\"severityNumber\":17}", LOG_LEVEL_ERROR },
		{ "MongoDB",
		  "{\"t\":{\"$date\":\"d\"},\"s\":\"E\",  \"c\":\"CONTROL\", \"id\":1,\"ctx\":\"main\",\"msg\":\"x\"}",
		  LOG_LEVEL_ERROR },
		{ "MongoDB", "{\"t\":{},\"s\":\"D1\",\"ctx\":\"c\"}", LOG_LEVEL_DEBUG },
		{ "winston", "{\"level\":\"silly\",\"message\":\"x\"}", LOG_LEVEL_TRACE },
		{ "Grafana", "{\"lvl\":\"eror\",\"msg\":\"x\"}", LOG_LEVEL_ERROR },
		{ "any", "{\"log_level\":\"info\"}", LOG_LEVEL_INFO },
		{ "any", "{\"loglevel\":\"fatal\"}", LOG_LEVEL_CRITICAL },
		/* what loggers do with JSON that other readers refuse */
		{ "zerolog, a field twice", "{\"level\":\"info\",\"a\":1,\"a\":2}",
		  LOG_LEVEL_INFO },
		{ "Go, a large number", "{\"level\":\"info\",\"n\":18446744073709551615}",
		  LOG_LEVEL_INFO },
		{ "any, a NUL", "{\"level\":\"info\",\"msg\":\"a\\u0000b\"}", LOG_LEVEL_INFO },
		{ "any, blanks around", " \t{\"level\":\"info\"}\r", LOG_LEVEL_INFO },
		/* several of them */
		{ "both", "{\"severity\":\"high\",\"level\":\"error\"}", LOG_LEVEL_ERROR },
		{ "the word before the number", "{\"level\":40,\"levelname\":\"ERROR\"}",
		  LOG_LEVEL_ERROR },
		{ "the first in rank", "{\"severity\":\"ERROR\",\"level\":\"info\"}",
		  LOG_LEVEL_INFO },
		/* no level */
		{ "a word nobody knows", "{\"level\":\"banana\"}", LOG_LEVEL_NONE },
		{ "a fraction", "{\"level\":3.5}", LOG_LEVEL_NONE },
		{ "negative", "{\"level\":-1}", LOG_LEVEL_NONE },
		{ "a huge one", "{\"level\":99999999999999999999}", LOG_LEVEL_NONE },
		{ "null", "{\"level\":null}", LOG_LEVEL_NONE },
		{ "in an array", "{\"level\":[\"error\"]}", LOG_LEVEL_NONE },
		{ "further in", "{\"request\":{\"level\":\"error\"}}", LOG_LEVEL_NONE },
		{ "in the message only", "{\"msg\":\"ERROR: level=error\"}", LOG_LEVEL_NONE },
		{ "a member named s", "{\"s\":\"E\"}", LOG_LEVEL_NONE },
		{ "empty", "{}", LOG_LEVEL_NONE },
	};

	check_levels(cases, array_size(cases), true);
}

static void no_json(unused_arg void **state)
{
	static const struct level_case cases[] = {
		{ "cut", "{\"level\":\"error\"", LOG_LEVEL_NONE },
		{ "something behind", "{\"level\":\"error\"} x", LOG_LEVEL_NONE },
		{ "two of them", "{\"level\":\"error\"}{}", LOG_LEVEL_NONE },
		{ "an array", "[{\"level\":\"error\"}]", LOG_LEVEL_NONE },
		{ "a string", "\"error\"", LOG_LEVEL_NONE },
		{ "Python's repr", "{'level': 'error'}", LOG_LEVEL_NONE },
		{ "not UTF-8", "{\"level\":\"error\",\"a\":\"\xff\"}", LOG_LEVEL_NONE },
		{ "a comma too many", "{\"level\":\"error\",}", LOG_LEVEL_NONE },
		{ "a prefix", "app: {\"level\":\"error\"}", LOG_LEVEL_NONE },
		{ "nothing", "", LOG_LEVEL_NONE },
	};

	check_levels(cases, array_size(cases), false);
}

static void plain_levels(unused_arg void **state)
{
	static const struct level_case cases[] = {
		{ "Python", "WARNING:root:w", LOG_LEVEL_WARNING },
		{ "Python", "ERROR:a.b:x", LOG_LEVEL_ERROR },
		{ "Python", "CRITICAL:root:c", LOG_LEVEL_CRITICAL },
		{ "Python", "2026-11-23 18:57:20,123 - app.db - ERROR - no connection",
		  LOG_LEVEL_ERROR },
		{ "Python", "Traceback (most recent call last):", LOG_LEVEL_ERROR },
		{ "Python", "OSError: [Errno 30] Read-only file system: '/x'", LOG_LEVEL_ERROR },
		{ "Python", "sqlite3.OperationalError: unable to open database file",
		  LOG_LEVEL_ERROR },
		{ "Python", "ZeroDivisionError", LOG_LEVEL_ERROR },
		{ "Python", "/app/x.py:3: DeprecationWarning: old", LOG_LEVEL_WARNING },
		{ "Python", "Fatal Python error: init_sys_streams: can't", LOG_LEVEL_CRITICAL },
		{ "Flask", "[2026-11-23 18:57:20,123] ERROR in app: Exception on / [GET]",
		  LOG_LEVEL_ERROR },
		{ "Celery", "[2026-11-23 18:57:20,123: ERROR/MainProcess] Task x raised",
		  LOG_LEVEL_ERROR },
		{ "rich", "                    WARNING  something                 a.py:3",
		  LOG_LEVEL_WARNING },
		{ "gunicorn", "[2026-11-23 18:57:20 +0000] [28573] [INFO] Starting gunicorn 20.1.0",
		  LOG_LEVEL_INFO },
		{ "gunicorn",
		  "[2026-11-23 18:57:20 +0000] [28573] [INFO] Unhandled exception in main loop",
		  LOG_LEVEL_INFO },
		{ "gunicorn", "[2026-11-23 20:44:32 +0000] [74] [CRITICAL] WORKER TIMEOUT (pid:91)",
		  LOG_LEVEL_CRITICAL },
		{ "uvicorn", "ERROR:    Exception in ASGI application", LOG_LEVEL_ERROR },
		{ "uvicorn, in colour", "\033[32mINFO\033[0m:     Started server process",
		  LOG_LEVEL_INFO },
		{ "pip",
		  "WARNING: The directory '/root/.cache/pip' or its parent directory is not "
		  "owned or is not writable by the current user.",
		  LOG_LEVEL_WARNING },
		{ "nginx",
		  "2026/11/23 18:57:59 [emerg] 29075#29075: mkdir() \"/var/lib/nginx/body\" failed "
		  "(30: Read-only file system)",
		  LOG_LEVEL_CRITICAL },
		{ "nginx", "2026/11/23 18:57:59 [error] 7#7: *1 open() \"/x\" failed",
		  LOG_LEVEL_ERROR },
		{ "nginx", "nginx: [warn] the \"user\" directive makes sense only if",
		  LOG_LEVEL_WARNING },
		{ "Apache",
		  "[Mon Nov 23 18:57:59.123456 2026] [core:error] [pid 1:tid 2] AH00037: x",
		  LOG_LEVEL_ERROR },
		{ "Apache", "[Mon Nov 23 18:57:59.123456 2026] [mpm_event:notice] [pid 1] AH00489",
		  LOG_LEVEL_NOTICE },
		{ "HAProxy", "[ALERT]    (1) : config : x", LOG_LEVEL_CRITICAL },
		{ "PostgreSQL",
		  "2026-11-23 18:57:19.703 UTC [28542] FATAL:  could not create lock file "
		  "\"postmaster.pid\": Read-only file system",
		  LOG_LEVEL_CRITICAL },
		{ "PostgreSQL", "2026-11-23 18:57:19.703 UTC [9] app@db ERROR:  relation \"x\"",
		  LOG_LEVEL_ERROR },
		{ "PostgreSQL", "2026-11-23 18:57:19.703 UTC [28542] PANIC:  could not write",
		  LOG_LEVEL_CRITICAL },
		{ "PostgreSQL",
		  "2026-11-23 18:57:19.772 UTC [28553] LOG:  database system is ready",
		  LOG_LEVEL_INFO },
		{ "initdb",
		  "initdb: error: could not create directory \"/x\": Read-only file system",
		  LOG_LEVEL_ERROR },
		{ "MariaDB", "2026-11-23 18:57:19 0 [ERROR] mariadbd: Can't create/write to file",
		  LOG_LEVEL_ERROR },
		{ "MySQL", "2026-11-23T18:57:19.1Z 0 [Warning] [MY-010068] [Server] CA",
		  LOG_LEVEL_WARNING },
		{ "Redis", "2958:M 23 Nov 2026 19:03:33.456 # Can't open or create append-only dir",
		  LOG_LEVEL_WARNING },
		{ "Redis", "2958:M 23 Nov 2026 19:03:33.456 * Ready to accept connections",
		  LOG_LEVEL_NOTICE },
		{ "Redis", "2958:C 23 Nov 2026 19:03:33.456 - Client closed", LOG_LEVEL_DEBUG },
		{ "Redis", "*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***", LOG_LEVEL_CRITICAL },
		{ "Redis, once", "Warning: no config file specified", LOG_LEVEL_WARNING },
		{ "MongoDB 4.2", "2026-11-23T18:57:19.703+0000 E STORAGE  [initandlisten] x",
		  LOG_LEVEL_ERROR },
		{ "RabbitMQ", "2026-11-23 18:57:19.703 [error] <0.123.0> x", LOG_LEVEL_ERROR },
		{ "logback", "18:12:46.532 [main] ERROR c.e.Foo - msg", LOG_LEVEL_ERROR },
		{ "logback", "18:12:46.532 [Thread pool worker 1] WARN  c.e.Foo - msg",
		  LOG_LEVEL_WARNING },
		{ "Spring Boot",
		  "2017-03-11 18:12:46.532 ERROR 1 --- [           main] "
		  "o.s.boot.SpringApplication               : Application startup failed",
		  LOG_LEVEL_ERROR },
		{ "Elasticsearch",
		  "[2026-11-23T18:57:19,703][ERROR][o.e.b.Bootstrap          ] [node-1] Exception",
		  LOG_LEVEL_ERROR },
		{ "Kafka", "[2026-11-23 18:57:19,703] FATAL [KafkaServer id=1] x",
		  LOG_LEVEL_CRITICAL },
		{ "Tomcat", "23-Nov-2026 18:57:19.703 SEVERE [main] org.apache.catalina.x Failed",
		  LOG_LEVEL_ERROR },
		{ "java.util.logging", "SEVERE: bad", LOG_LEVEL_ERROR },
		{ "java.util.logging", "WARNING: hm", LOG_LEVEL_WARNING },
		{ "java.util.logging", "INFO: ok", LOG_LEVEL_INFO },
		{ "java.util.logging", "FINE: ok", LOG_LEVEL_DEBUG },
		{ "Java", "Exception in thread \"main\" java.io.IOException: end",
		  LOG_LEVEL_ERROR },
		{ "Java", "java.nio.file.FileSystemException: /y: Read-only file system",
		  LOG_LEVEL_ERROR },
		{ "Java", "Error: Could not find or load main class J", LOG_LEVEL_ERROR },
		{ "Java", "Error occurred during initialization of VM", LOG_LEVEL_CRITICAL },
		{ "Node", "Error: EROFS: read-only file system, open '/x'", LOG_LEVEL_ERROR },
		{ "Node", "[Error: EROFS: read-only file system, open '/x'] {", LOG_LEVEL_ERROR },
		{ "Node", "TypeError [ERR_INVALID_ARG_TYPE]: The \"path\"", LOG_LEVEL_ERROR },
		{ "Node", "node:fs:1386", LOG_LEVEL_ERROR },
		{ "Node", "node:internal/process/promises:288", LOG_LEVEL_ERROR },
		{ "Node", "(node:1) Warning: Accessing non-existent property", LOG_LEVEL_WARNING },
		{ "Node", "(node:1) [DEP0040] DeprecationWarning: The `punycode` module",
		  LOG_LEVEL_WARNING },
		{ "Nest", "[Nest] 1  - 11/23/2026, 6:57:19 PM   ERROR [ExceptionHandler] x",
		  LOG_LEVEL_ERROR },
		{ "winston", "error: something", LOG_LEVEL_ERROR },
		{ "npm", "npm error code EROFS", LOG_LEVEL_ERROR },
		{ "npm", "npm ERR! code EROFS", LOG_LEVEL_ERROR },
		{ "npm", "npm warn Unknown user config \"nodedir\".", LOG_LEVEL_WARNING },
		{ "Go", "panic: open /x: read-only file system", LOG_LEVEL_CRITICAL },
		{ "Go", "fatal error: all goroutines are asleep - deadlock!", LOG_LEVEL_CRITICAL },
		{ "klog", "E1123 18:57:20.123456       1 reflector.go:138] Failed to watch",
		  LOG_LEVEL_ERROR },
		{ "klog", "I1123 18:57:20.123456       1 main.go:1] ERROR is a word here",
		  LOG_LEVEL_INFO },
		{ "klog", "F1123 18:57:20.123456       1 main.go:1] x", LOG_LEVEL_CRITICAL },
		{ "logrus", "time=\"2026-11-23T18:57:20Z\" level=error msg=\"x failed\"",
		  LOG_LEVEL_ERROR },
		{ "logrus", "time=\"2026-11-23T18:57:20Z\" level=info msg=\"level=error is set\"",
		  LOG_LEVEL_INFO },
		{ "logrus, a terminal", "ERRO[0000] x failed", LOG_LEVEL_ERROR },
		{ "logfmt, late", "ts=1 caller=main.go:3 msg=\"a \\\"level=info\\\" b\" level=warn",
		  LOG_LEVEL_WARNING },
		{ "slog", "time=t level=ERROR+2 msg=x", LOG_LEVEL_ERROR },
		{ "Grafana", "t=2026-11-23T18:57:20+0000 lvl=eror msg=\"x\"", LOG_LEVEL_ERROR },
		{ "a prefix", "app_1  | time=t level=error msg=x", LOG_LEVEL_ERROR },
		{ "zap, for people", "2026-11-23T18:57:20.123Z\terror\tserver/x.go:1\tbad",
		  LOG_LEVEL_ERROR },
		{ "zerolog, for people", "6:57PM ERR failed error=\"x\"", LOG_LEVEL_ERROR },
		{ "Consul", "2026/11/23 18:57:20 [ERR] agent: x", LOG_LEVEL_ERROR },
		{ "Telegraf", "2026-11-23T18:57:20Z E! [agent] Error writing to outputs",
		  LOG_LEVEL_ERROR },
		{ "Rust", "thread 'main' panicked at r.rs:1:132:", LOG_LEVEL_CRITICAL },
		{ "Rust", "thread 'main' (28666) panicked at r.rs:1:132:", LOG_LEVEL_CRITICAL },
		{ "Rust", "Error: Read-only file system (os error 30)", LOG_LEVEL_ERROR },
		{ "env_logger", "[2026-11-23T18:57:20Z ERROR app::db] x", LOG_LEVEL_ERROR },
		{ "tracing", "  2026-11-23T18:57:20.123456Z ERROR app::db: x", LOG_LEVEL_ERROR },
		{ ".NET",
		  "Unhandled exception. System.IO.IOException: Read-only file system : '/x'",
		  LOG_LEVEL_CRITICAL },
		{ ".NET", "fail: Microsoft.AspNetCore.Server.Kestrel[13]", LOG_LEVEL_ERROR },
		{ ".NET", "crit: Microsoft.AspNetCore.Server.Kestrel[0]", LOG_LEVEL_CRITICAL },
		{ ".NET", "info: Microsoft.Hosting.Lifetime[14]", LOG_LEVEL_INFO },
		{ "Serilog", "[18:57:20 ERR] x", LOG_LEVEL_ERROR },
		{ "ClickHouse", "2026.11.23 18:57:20.123456 [ 1 ] {} <Error> Application: x",
		  LOG_LEVEL_ERROR },
		{ "PHP", "PHP Fatal error:  Uncaught Exception: x in /a.php:3",
		  LOG_LEVEL_CRITICAL },
		{ "PHP", "PHP Warning:  mkdir(): Read-only file system in /a.php on line 3",
		  LOG_LEVEL_WARNING },
		{ "PHP-FPM", "[23-Nov-2026 18:57:20] NOTICE: fpm is running, pid 1",
		  LOG_LEVEL_NOTICE },
		{ "Rails", "E, [2026-11-23T18:57:20.123 #1] ERROR -- : x", LOG_LEVEL_ERROR },
		{ "syslog", "<3>app: x", LOG_LEVEL_ERROR },
		{ "syslog", "<165>1 2026-11-23T18:57:20Z host app - - - x", LOG_LEVEL_NOTICE },
		{ "apt", "E: Unable to mkstemp /tmp/x - GetTempFile (30: Read-only file system)",
		  LOG_LEVEL_ERROR },
		{ "git", "fatal: cannot mkdir /x: Read-only file system", LOG_LEVEL_CRITICAL },
		{ "dpkg", "dpkg: error: unable to access the dpkg database directory",
		  LOG_LEVEL_ERROR },
		{ "Fontconfig", "Fontconfig error: No writable cache directories",
		  LOG_LEVEL_ERROR },
		{ "an entrypoint", "redis 21:43:13.48 INFO  ==> ** Starting Redis **",
		  LOG_LEVEL_INFO },
		{ "Python", "requests.exceptions.ConnectTimeout: x", LOG_LEVEL_ERROR },
		{ "Go", "2026/11/23 18:57:20 http: panic serving 127.0.0.1:1: boom",
		  LOG_LEVEL_ERROR },
		{ "log4j", "[18:57:20] [Server thread/ERROR]: bad", LOG_LEVEL_ERROR },
		{ "rsyslog", "Nov 23 18:57:20 myhost myapp[1]: ERROR x", LOG_LEVEL_ERROR },
		{ "Erlang", "=ERROR REPORT==== 23-Nov-2026::18:57:20 ===", LOG_LEVEL_ERROR },
		{ "a line end of Windows", "18:12:46 ERROR\r", LOG_LEVEL_ERROR },
	};

	check_levels(cases, array_size(cases), false);
}

/* What only speaks of errors. */
static void no_false_alarms(unused_arg void **state)
{
	static const struct level_case cases[] = {
		{ "a count", "0 errors", LOG_LEVEL_NONE },
		{ "a count", "Compiled with 0 errors and 3 warnings", LOG_LEVEL_NONE },
		{ "a count", "errors=0", LOG_LEVEL_NONE },
		{ "a count", "ERROR=0 WARNING=0", LOG_LEVEL_NONE },
		{ "a count", "error: 0", LOG_LEVEL_NONE },
		{ "nothing", "Error: none", LOG_LEVEL_NONE },
		{ "nothing", "error: <nil>", LOG_LEVEL_NONE },
		{ "a setting", "error_log off;", LOG_LEVEL_NONE },
		{ "a setting", "LOG_LEVEL=ERROR", LOG_LEVEL_NONE },
		{ "a setting", "level=error", LOG_LEVEL_NONE },
		{ "a setting", "Log level: ERROR", LOG_LEVEL_NONE },
		{ "a setting", "Setting log level to ERROR", LOG_LEVEL_NONE },
		{ "a setting", "app --log-level=error", LOG_LEVEL_NONE },
		{ "a file", "logging to /var/log/nginx/error.log", LOG_LEVEL_NONE },
		{ "a request",
		  "10.0.0.1 - - [23/Nov/2026:18:57:20 +0000] \"GET /error HTTP/1.1\" 200 5",
		  LOG_LEVEL_NONE },
		{ "a request",
		  "127.0.0.1 - - [23/Nov/2026:18:57:20 +0000] \"ERROR / HTTP/1.1\" 400 5",
		  LOG_LEVEL_NONE },
		{ "a request", "GET /error?level=error 200", LOG_LEVEL_NONE },
		{ "a request", "127.0.0.1 - \"GET /x\" ERROR", LOG_LEVEL_NONE },
		{ "a URL", "see https://example.org/error: it is there", LOG_LEVEL_NONE },
		{ "a denial", "no error", LOG_LEVEL_NONE },
		{ "a denial", "No error: all is well", LOG_LEVEL_NONE },
		{ "a denial", "finished without ERROR", LOG_LEVEL_NONE },
		{ "a denial", "[no error]", LOG_LEVEL_NONE },
		{ "a path", "(see docs/error)", LOG_LEVEL_NONE },
		{ "prose", "Error reporting is enabled", LOG_LEVEL_NONE },
		{ "prose", "# standard error:", LOG_LEVEL_NONE },
		{ "prose", "using level=error", LOG_LEVEL_NONE },
		{ "prose", "Warning-free build", LOG_LEVEL_NONE },
		{ "prose", "the server answers FATAL to that", LOG_LEVEL_NONE },
		{ "prose", "Registered handler for error: NotFound", LOG_LEVEL_NONE },
		{ "a name", "ErrorHandler started", LOG_LEVEL_NONE },
		{ "a name", "java.lang.Error is a class", LOG_LEVEL_NONE },
		{ "a module", "Loading module errors ... done", LOG_LEVEL_NONE },
		{ "the level comes first", "INFO retrying after ERROR from upstream",
		  LOG_LEVEL_INFO },
		{ "the level comes first",
		  "2026-11-23 18:57:20,123 INFO app: error: none of these failed", LOG_LEVEL_INFO },
		{ "the level comes first", "time=t level=info msg=x error=\"boom\"",
		  LOG_LEVEL_INFO },
		{ "the level comes first", "[notice] 1#1: using the \"error\" method",
		  LOG_LEVEL_NOTICE },
		{ "Redis' banner", "1:C 05 Sep 2020 21:43:13.491 * WARNING is a word here",
		  LOG_LEVEL_NOTICE },
		{ "PostgreSQL", "2026-11-23 18:57:20 UTC [9] STATEMENT:  select 'x' ERROR",
		  LOG_LEVEL_NONE },
		/* what goes on with the line before */
		{ "Java", "\tat J.main(J.java:9)", LOG_LEVEL_NONE },
		{ "Java", "Caused by: java.lang.RuntimeException: cause", LOG_LEVEL_NONE },
		{ "Java", "Caused by: org.postgresql.util.PSQLException: ERROR: x",
		  LOG_LEVEL_NONE },
		{ "Java", "\t... 1 more", LOG_LEVEL_NONE },
		{ "Node", "    at Object.writeFileSync (node:fs:2380:20)", LOG_LEVEL_NONE },
		{ "Node", "  code: 'EROFS',", LOG_LEVEL_NONE },
		{ "Python", "  File \"/app/x.py\", line 3, in <module>", LOG_LEVEL_NONE },
		{ "Python", "    raise FileNotFoundError(_errno.ENOENT,", LOG_LEVEL_NONE },
		{ "Python", "    ERROR = 1", LOG_LEVEL_NONE },
		{ "Python", "NoneType: None", LOG_LEVEL_NONE },
		{ "Go", "goroutine 1 [running]:", LOG_LEVEL_NONE },
		{ "PostgreSQL", "\tERROR is a word here", LOG_LEVEL_NONE },
		{ "java.util.logging", "Nov 23, 2026 6:57:24 PM J main", LOG_LEVEL_NONE },
		/* a shell has no levels */
		{ "dash", "sh: 1: cannot create /y: Read-only file system", LOG_LEVEL_NONE },
		{ "blanks", "   ", LOG_LEVEL_NONE },
		{ "an escape at the end", "\033[", LOG_LEVEL_NONE },
		{ "no priority", "<999>x", LOG_LEVEL_NONE },
	};

	check_levels(cases, array_size(cases), false);
}

struct sign_case {
	const char *who;
	const char *line;
	enum log_sign sign;
	unsigned more; /* further signs, LOG_SIGN_BIT each */
};

static void check_signs(const struct sign_case *cases, size_t count)
{
	auto_log_scan struct log_scan *scan = new_scan();

	for (size_t i = 0; i < count; i++) {
		struct log_finding finding = judged(scan, cases[i].line);
		const char *found = log_sign_name(finding.sign);
		const char *expected = log_sign_name(cases[i].sign);

		if (finding.sign != cases[i].sign)
			fail_msg("%s: '%s': %s, expected %s", cases[i].who, cases[i].line,
				 found != NULL ? found : "none",
				 expected != NULL ? expected : "none");
		if ((finding.signs & cases[i].more) != cases[i].more)
			fail_msg("%s: '%s': signs %#x lack some of %#x", cases[i].who,
				 cases[i].line, finding.signs, cases[i].more);
	}
}

#define ALSO_CACHE LOG_SIGN_BIT(LOG_SIGN_CACHE)
#define ALSO_TEMP  LOG_SIGN_BIT(LOG_SIGN_NO_TEMPORARY)

static void read_only_signs(unused_arg void **state)
{
	static const struct sign_case cases[] = {
		{ "coreutils", "touch: cannot touch '/x': Read-only file system",
		  LOG_SIGN_READ_ONLY, 0 },
		{ "dash", "sh: 1: cannot create /y: Read-only file system", LOG_SIGN_READ_ONLY, 0 },
		{ "bash", "bash: line 4: /y: Read-only file system", LOG_SIGN_READ_ONLY, 0 },
		{ "busybox", "mkdir: can't create directory '/z': Read-only file system",
		  LOG_SIGN_READ_ONLY, 0 },
		{ "bash", "bash: cannot create temp file for here-document: Read-only file system",
		  LOG_SIGN_READ_ONLY, ALSO_TEMP },
		{ "Python", "OSError: [Errno 30] Read-only file system: '/x'", LOG_SIGN_READ_ONLY,
		  0 },
		{ "Python, another locale", "OSError: [Errno 30] x: '/x'", LOG_SIGN_READ_ONLY, 0 },
		{ "Go", "2026/11/23 18:57:59 open /x: read-only file system", LOG_SIGN_READ_ONLY,
		  0 },
		{ "Go", "{\"level\":\"error\",\"err\":\"mkdir /a: read-only file system\"}",
		  LOG_SIGN_READ_ONLY, 0 },
		{ "Java", "java.io.FileNotFoundException: /x (Read-only file system)",
		  LOG_SIGN_READ_ONLY, 0 },
		{ "Java", "java.nio.file.FileSystemException: /y: Read-only file system",
		  LOG_SIGN_READ_ONLY, 0 },
		{ "Java", "java.nio.file.ReadOnlyFileSystemException", LOG_SIGN_READ_ONLY, 0 },
		{ "Node", "Error: EROFS: read-only file system, open '/x'", LOG_SIGN_READ_ONLY, 0 },
		{ "Node", "  errno: -30,", LOG_SIGN_READ_ONLY, 0 },
		{ "Node", "  code: 'EROFS',", LOG_SIGN_READ_ONLY, 0 },
		{ "pino", "{\"level\":50,\"err\":{\"errno\":-30,\"code\":\"E\"}}",
		  LOG_SIGN_READ_ONLY, 0 },
		{ "npm", "npm error errno EROFS", LOG_SIGN_READ_ONLY, 0 },
		{ "Rust", "Error: Read-only file system (os error 30)", LOG_SIGN_READ_ONLY, 0 },
		{ "Rust", "create cache dir success: Os { code: 30, kind: ReadOnlyFilesystem }",
		  LOG_SIGN_READ_ONLY, 0 },
		{ "Rust", "read-only filesystem or storage medium", LOG_SIGN_READ_ONLY, 0 },
		{ ".NET",
		  "Unhandled exception. System.IO.IOException: Read-only file system : '/x'",
		  LOG_SIGN_READ_ONLY, 0 },
		{ "Ruby",
		  "a.rb:1:in `mkdir': Read-only file system @ dir_s_mkdir - /y (Errno::EROFS)",
		  LOG_SIGN_READ_ONLY, 0 },
		{ "Erlang", "{error,erofs}", LOG_SIGN_READ_ONLY, 0 },
		{ "PHP", "PHP Warning:  mkdir(): Read-only file system in /a.php on line 3",
		  LOG_SIGN_READ_ONLY, 0 },
		{ "nginx",
		  "[emerg] 1#1: open() \"/run/nginx.pid\" failed (30: Read-only file system)",
		  LOG_SIGN_READ_ONLY, 0 },
		{ "the nginx image",
		  "10-listen-on-ipv6-by-default.sh: info: can not modify "
		  "/etc/nginx/conf.d/default.conf (read-only file system?)",
		  LOG_SIGN_READ_ONLY, 0 },
		{ "uv",
		  "error: failed to create directory '/home/app/.cache/uv': Read-only file system "
		  "(os error 30)",
		  LOG_SIGN_READ_ONLY, ALSO_CACHE },
		{ "de", "mkdir: /x: Das Dateisystem ist nur lesbar", LOG_SIGN_READ_ONLY, 0 },
		{ "fr", "mkdir: /x: Syst\xc3\xa8me de fichiers accessible en lecture seulement",
		  LOG_SIGN_READ_ONLY, 0 },
		{ "es", "Sistema de ficheros de s\xc3\xb3lo lectura", LOG_SIGN_READ_ONLY, 0 },
		{ "zh_CN",
		  "\xe5\x8f\xaa\xe8\xaf\xbb\xe6\x96\x87\xe4\xbb\xb6\xe7\xb3\xbb\xe7\xbb\x9f",
		  LOG_SIGN_READ_ONLY, 0 },
		{ "no UTF-8 around it", "\xff\xfe /x: Read-only file system \xff",
		  LOG_SIGN_READ_ONLY, 0 },
		/* what is none */
		{ "a release note", "Read-only package manifest browsing from S3", LOG_SIGN_NONE,
		  0 },
		{ "PostgreSQL", "ERROR:  cannot execute INSERT in a read-only transaction",
		  LOG_SIGN_NONE, 0 },
		{ "Redis", "READONLY You can't write against a read only replica.", LOG_SIGN_NONE,
		  0 },
		{ "a file system of that name", "loading plugin io.containerd.snapshotter.v1.erofs",
		  LOG_SIGN_NONE, 0 },
		{ "another number", "OSError: [Errno 300] x", LOG_SIGN_NONE, 0 },
		{ "another number", "Connection refused (os error 304)", LOG_SIGN_NONE, 0 },
		{ "part of a word", "ZEROFS mounted", LOG_SIGN_NONE, 0 },
	};

	check_signs(cases, array_size(cases));
}

static void other_signs(unused_arg void **state)
{
	static const struct sign_case cases[] = {
		{ "Python, gunicorn",
		  "FileNotFoundError: [Errno 2] No usable temporary directory found in ['/tmp', "
		  "'/var/tmp', '/usr/tmp', '/app']",
		  LOG_SIGN_NO_TEMPORARY, 0 },
		{ "Spring Boot",
		  "org.springframework.boot.web.server.WebServerException: Unable to create "
		  "tempDir. java.io.tmpdir is set to /tmp",
		  LOG_SIGN_NO_TEMPORARY, 0 },
		{ "Java", "java.io.IOException: Unable to create temporary directory /tmp/x",
		  LOG_SIGN_NO_TEMPORARY, 0 },
		{ "Tomcat", "The temporary upload location [/tmp/tomcat.1/work] is not valid",
		  LOG_SIGN_NO_TEMPORARY, 0 },
		{ "Jetty", "Parent for temp dir not configured correctly: writeable=false",
		  LOG_SIGN_NO_TEMPORARY, 0 },
		{ "Java", "WARN java.io.tmpdir directory does not exist", LOG_SIGN_NO_TEMPORARY,
		  0 },
		{ "mktemp",
		  "mktemp: failed to create file via template \xe2\x80\x98/tmp/tmp.X\xe2\x80\x99: "
		  "Permission denied",
		  LOG_SIGN_NO_TEMPORARY, 0 },
		{ "sed", "sed: couldn't open temporary file /etc/sedeRMxjV: Permission denied",
		  LOG_SIGN_NO_TEMPORARY, 0 },
		{ "Perl",
		  "Error in tempfile() using template /tmp/X: Could not create temp file /tmp/5",
		  LOG_SIGN_NO_TEMPORARY, 0 },
		{ "pip",
		  "WARNING: The directory '/root/.cache/pip' or its parent directory is not owned or "
		  "is not writable by the current user. The cache has been disabled.",
		  LOG_SIGN_CACHE, 0 },
		{ "pip 9",
		  "The directory '/h/Library/Caches/pip' or its parent directory is not owned by the "
		  "current user and caching wheels has been disabled.",
		  LOG_SIGN_CACHE, 0 },
		{ "uv", "error: Failed to initialize cache at `/.cache/uv`", LOG_SIGN_CACHE, 0 },
		{ "uv",
		  "  Caused by: failed to create directory `/.cache/uv`: Permission denied "
		  "(os error 13)",
		  LOG_SIGN_CACHE, 0 },
		{ "uv",
		  "error: failed to open file `a/.cache/uv/sdists-v9/.git`: Permission denied "
		  "(os error 13)",
		  LOG_SIGN_CACHE, 0 },
		{ "Matplotlib",
		  "Matplotlib created a temporary config/cache directory at /tmp/matplotlib-x because "
		  "the default path (/root/.config/matplotlib) is not a writable directory; it is "
		  "highly recommended to set the MPLCONFIGDIR environment variable",
		  LOG_SIGN_CACHE, 0 },
		{ "Fontconfig", "Fontconfig error: No writable cache directories", LOG_SIGN_CACHE,
		  0 },
		{ "Hugging Face",
		  "There was a problem when trying to write in your cache folder "
		  "(/.cache/huggingface/hub).",
		  LOG_SIGN_CACHE, 0 },
		{ "Go",
		  "failed to initialize build cache at /.cache/go-build: mkdir /.cache: "
		  "permission denied",
		  LOG_SIGN_CACHE, 0 },
		{ "Mesa",
		  "Failed to create /.cache for shader cache (Permission denied)---disabling.",
		  LOG_SIGN_CACHE, 0 },
		{ "Numba",
		  "RuntimeError: cannot cache function 'f': no locator available for file '/a'",
		  LOG_SIGN_CACHE, 0 },
		{ "Composer",
		  "Cannot create cache directory /.composer/cache/repo/, or directory is not writable. "
		  "Proceeding without cache",
		  LOG_SIGN_CACHE, 0 },
		{ "Node", "Error: EACCES: permission denied, mkdir '/.cache'", LOG_SIGN_CACHE, 0 },
		{ "nginx",
		  "nginx: [emerg] mkdir() \"/var/cache/nginx/client_temp\" failed (13: Permission denied)",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "nginx",
		  "[emerg] 1#1: mkdir() \"/var/lib/nginx/body\" failed (2: No such file or "
		  "directory)",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "PostgreSQL",
		  "FATAL:  could not create lock file \"/run/postgresql/.s.PGSQL.5432.lock\": No such "
		  "file or directory",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "PostgreSQL",
		  "FATAL:  could not open shared memory segment \"/PostgreSQL.918343978\": Permission "
		  "denied",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "PostgreSQL",
		  "LOG:  could not write temporary statistics file \"pg_stat_tmp/global.tmp\": x",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "Redis",
		  "1:M 23 Nov 2026 19:03:33.456 # Can't open or create append-only dir appendonlydir: "
		  "Permission denied",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "Redis",
		  "1:C 05 Jul 2024 20:45:22.029 # Failed opening the temp RDB file temp-3194.rdb (in "
		  "server root dir unknown) for saving: No such file or directory",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "Redis", "# Can't open the append-only file: Permission denied",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "OpenSSL", "genrsa: Can't open \"/x\" for writing, Permission denied",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "Python", "PermissionError: [Errno 13] Permission denied: '/x'",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "Node", "Error: EACCES: permission denied, mkdir '/x'", LOG_SIGN_CANNOT_WRITE,
		  0 },
		{ "Node", "Error: EACCES: permission denied, open '/x'", LOG_SIGN_CANNOT_WRITE, 0 },
		{ "Node", "Error: ENOENT: no such file or directory, mkdir '/nonexistent/a'",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "Java", "java.io.FileNotFoundException: /x (Permission denied)",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "Java", "java.nio.file.AccessDeniedException: /x", LOG_SIGN_CANNOT_WRITE, 0 },
		{ ".NET", "System.UnauthorizedAccessException: Access to the path '/x' is denied.",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "Go", "mkdir /a: permission denied", LOG_SIGN_CANNOT_WRITE, 0 },
		{ "Go", "listen unix /run/x.sock: bind: permission denied", LOG_SIGN_CANNOT_WRITE,
		  0 },
		{ "SQLite", "sqlite3.OperationalError: unable to open database file",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "SQLite", "attempt to write a readonly database", LOG_SIGN_CANNOT_WRITE, 0 },
		{ "npm",
		  "npm error Log files were not written due to an error writing to the directory: "
		  "/root/.npm/_logs",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "shadow", "useradd: cannot lock /etc/passwd; try again later.",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "Tomcat",
		  "23-Nov-2026 19:50:17.123 SEVERE [main] "
		  "org.apache.catalina.startup.HostConfig.beforeStart Unable to create [/etc/tomcat10]",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "Node", "Error: ENOENT: no such file or directory, mkdir '/home/app/.cache/web'",
		  LOG_SIGN_CACHE, 0 },
		{ "coreutils", "chown: /var/lib/redis: Operation not permitted",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "MongoDB",
		  "Failed to unlink socket file /tmp/mongodb-27017.sock Operation not permitted",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "MySQL", "Can't start server : Bind on unix socket: Permission denied",
		  LOG_SIGN_CANNOT_WRITE, 0 },
		{ "any", "could not write PID file: Operation not permitted", LOG_SIGN_CANNOT_WRITE,
		  0 },
	};

	check_signs(cases, array_size(cases));
}

static void no_false_signs(unused_arg void **state)
{
	static const struct sign_case cases[] = {
		{ "the JVM's options", "JVM arguments [-Xms1g, -Djava.io.tmpdir=/tmp/es-1]",
		  LOG_SIGN_NONE, 0 },
		{ "all is well", "created temporary directory /tmp/x", LOG_SIGN_NONE, 0 },
		{ "Redis",
		  "1:M 23 Nov 2026 19:03:34.983 # WARNING Memory overcommit must be enabled! Without it, a "
		  "background save or replication may fail under low memory condition.",
		  LOG_SIGN_NONE, 0 },
		{ "all is well", "cache directory is /var/cache/app", LOG_SIGN_NONE, 0 },
		{ "a cache of another kind", "failed to get key from cache: timeout", LOG_SIGN_NONE,
		  0 },
		{ "a cache of another kind", "cache miss for /x", LOG_SIGN_NONE, 0 },
		{ "a cache of another kind",
		  "Failed to initialize cache: redis: connection refused", LOG_SIGN_NONE, 0 },
		{ "a header", "Cache-Control: no-store", LOG_SIGN_NONE, 0 },
		{ "no file", "could not create connection to database", LOG_SIGN_NONE, 0 },
		{ "no file", "failed to create profile of user", LOG_SIGN_NONE, 0 },
		{ "a connection", "failed to write response for /x: broken pipe", LOG_SIGN_NONE,
		  0 },
		{ "a request", "failed to write response of GET /x", LOG_SIGN_NONE, 0 },
		{ "PostgreSQL", "ERROR:  permission denied for table users", LOG_SIGN_NONE, 0 },
		{ "ssh", "Permission denied (publickey).", LOG_SIGN_NONE, 0 },
		{ "nginx, a page that is not there",
		  "[error] 7#7: *1 open() \"/srv/x.html\" failed (2: No such file or directory), "
		  "client: 127.0.0.1",
		  LOG_SIGN_NONE, 0 },
		{ "nginx, a port", "[emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)",
		  LOG_SIGN_NONE, 0 },
		{ "Node, a file that is not there",
		  "Error: ENOENT: no such file or directory, open '/app/x.json'", LOG_SIGN_NONE,
		  0 },
		{ "Amazon", "AccessDeniedException: User is not authorized", LOG_SIGN_NONE, 0 },
		{ "a lock that is none", "failed with deadlock on file", LOG_SIGN_NONE, 0 },
		{ "Redis", "DB saved on disk", LOG_SIGN_NONE, 0 },
		{ "nothing", "", LOG_SIGN_NONE, 0 },
	};

	check_signs(cases, array_size(cases));
}

/* Lines of the corpus, told by hand: whether a read-only root is behind them. */
static void lines_of_the_corpus(unused_arg void **state)
{
	const char *corpus = getenv("CORPUS");
	auto_log_scan struct log_scan *scan = new_scan();
	struct error err = ERROR_INIT;
	auto_doc json_t *doc = NULL;
	json_t *lines = NULL;
	char path[4096];

	if (corpus == NULL || corpus[0] == '\0')
		return;
	(void)snprintf(path, sizeof path, "%s/read-only-log-lines.json", corpus);
	assert_success(doc_read_file(path, &doc, &err), err);
	assert_success(doc_array(doc, "corpus", "lines", DOC_REQUIRED, &lines, &err), err);
	assert_true(json_array_size(lines) > 0);
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const char *line = NULL;
		bool expected = false;
		struct log_finding finding;

		assert_success(doc_string(json_array_get(lines, i), "line", "line", DOC_REQUIRED,
					  &line, &err),
			       err);
		assert_success(doc_bool(json_array_get(lines, i), "line", "ro", DOC_REQUIRED,
					&expected, &err),
			       err);
		finding = judged(scan, line);
		if ((finding.sign == LOG_SIGN_READ_ONLY || finding.sign == LOG_SIGN_NO_TEMPORARY) !=
		    expected)
			fail_msg("'%s': %s", line, log_sign_name(finding.sign));
	}
}

/* Whatever a line consists of, and wherever it is cut. */
static void long_and_odd_lines(unused_arg void **state)
{
	static const char *const pieces[] = {
		"create ",    "failed to create ",
		"[",	      "{",
		"{\"a\":",    "\"",
		"\\",	      "\033[",
		" level=",    "cache",
		"\xff",	      "\xe2\x80\x98",
		"error: ",    "a=\"",
		"/",	      "0",
		"\t",	      "<",
		"mkdir() \"",
	};
	auto_log_scan struct log_scan *scan = new_scan();
	size_t size = (size_t)256 << 10;
	auto_free char *line = malloc(size);
	struct log_finding finding;

	assert_non_null(line);
	for (size_t i = 0; i < array_size(pieces); i++) {
		size_t length = strlen(pieces[i]);

		for (size_t at = 0; at < size; at++)
			line[at] = pieces[i][at % length];
		log_scan_line(scan, line, size, &finding);
		log_scan_line(scan, line, size - 1, &finding);
		assert_false(finding.is_json);
	}
	memset(line, 'x', size);
	memcpy(line, "{\"msg\":\"", 8);
	memcpy(line + size - 19, "\",\"level\":\"error\" }", 19);
	log_scan_line(scan, line, size, &finding);
	assert_true(finding.is_json);
	assert_int_equal(finding.level, LOG_LEVEL_ERROR);
	/* a sign at the far end, and a NUL on the way */
	line[size / 2] = '\0';
	memcpy(line + size - 21, "Read-only file system", 21);
	log_scan_line(scan, line, size, &finding);
	assert_false(finding.is_json);
	assert_int_equal(finding.sign, LOG_SIGN_READ_ONLY);
	/* cut anywhere */
	for (size_t cut = 0; cut < 21; cut++) {
		auto_free char *copy = malloc(cut + 1);

		assert_non_null(copy);
		memcpy(copy, line + size - 21, cut);
		log_scan_line(scan, copy, cut, &finding);
		assert_int_equal(finding.sign, LOG_SIGN_NONE);
		log_scan_line(scan, line + size - 21, cut, &finding);
		assert_int_equal(finding.sign, LOG_SIGN_NONE);
	}
}

static void tallies(unused_arg void **state)
{
	static const struct {
		const char *line;
		bool is_error;
	} lines[] = {
		{ "{\"level\":\"info\"}", false },
		{ "{\"level\":\"banana\"}", false },
		{ "ERROR: mkdir /.cache/x: read-only file system, failed to create /.cache/x",
		  true },
		{ "hello", true },
	};
	auto_log_scan struct log_scan *scan = new_scan();
	struct log_tally tally = { .output.lines = 0 };
	struct log_count total;

	for (size_t i = 0; i < array_size(lines); i++) {
		struct log_finding finding = judged(scan, lines[i].line);

		log_tally_add(&tally, lines[i].is_error, &finding);
	}
	assert_int_equal(tally.output.lines, 2);
	assert_int_equal(tally.output.json, 2);
	assert_int_equal(tally.output.json_level, 1);
	assert_int_equal(tally.output.levels[LOG_LEVEL_INFO], 1);
	assert_int_equal(tally.output.levels[LOG_LEVEL_NONE], 1);
	assert_int_equal(tally.output.signs[LOG_SIGN_NONE], 2);
	assert_int_equal(tally.errors.lines, 2);
	assert_int_equal(tally.errors.levels[LOG_LEVEL_ERROR], 1);
	assert_int_equal(tally.errors.signs[LOG_SIGN_READ_ONLY], 1);
	assert_int_equal(tally.errors.signs[LOG_SIGN_CACHE], 1);
	total = log_tally_total(&tally);
	assert_int_equal(total.lines, 4);
	assert_int_equal(total.json, 2);
	assert_int_equal(total.levels[LOG_LEVEL_NONE], 2);
	assert_int_equal(total.signs[LOG_SIGN_NONE], 3);
}

static void names(unused_arg void **state)
{
	assert_null(log_level_name(LOG_LEVEL_NONE));
	assert_string_equal(log_level_name(LOG_LEVEL_WARNING), "warning");
	assert_string_equal(log_level_name(LOG_LEVEL_CRITICAL), "critical");
	assert_null(log_sign_name(LOG_SIGN_NONE));
	assert_string_equal(log_sign_name(LOG_SIGN_NO_TEMPORARY), "no-temporary-directory");
	assert_string_equal(log_sign_name(LOG_SIGN_CANNOT_WRITE), "cannot-write");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_levels),
		cmocka_unit_test(no_json),
		cmocka_unit_test(plain_levels),
		cmocka_unit_test(no_false_alarms),
		cmocka_unit_test(read_only_signs),
		cmocka_unit_test(other_signs),
		cmocka_unit_test(no_false_signs),
		cmocka_unit_test(lines_of_the_corpus),
		cmocka_unit_test(long_and_odd_lines),
		cmocka_unit_test(tallies),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("logscan", tests, NULL, NULL);
}
