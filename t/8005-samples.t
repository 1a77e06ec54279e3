#!/bin/sh
# What other files bring into a trial: sample webhooks with the answers expected, hadolint's report, coverage of before.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/trial.sh"

box_root
mkdir -p root/www/health root/www/cgi-bin && echo '{"status":"healthy"}' >root/www/health/index.html
cat >root/www/cgi-bin/hook <<'END'
#!/bin/sh
body=$(cat)
case $body in
*'"id":7'*) printf 'Status: 202 Accepted\r\nContent-Type: application/json\r\n\r\n{"status":"queued","id":7,"kind":"%s"}' "$HTTP_X_KIND" ;;
*grün*) printf 'Content-Type: text/plain\r\n\r\ngrün' ;;
*'"id":9'*) printf 'Content-Type: application/json\r\n\r\n{"length":%d}' "${#HTTP_X_AUTH_TOKEN}" ;;
*plain*) printf 'Content-Type: text/plain\r\n\r\n%s' "$CONTENT_TYPE" ;;
*) printf 'Status: 400 Bad Request\r\nContent-Type: application/json\r\n\r\n{"error":"no id"}' ;;
esac
END
chmod 755 root/www/cgi-bin/hook
web_image app.tar '"ExposedPorts":{"5000/tcp":{}}'

cat >seatrial.conf <<'END'
IMAGE=app.tar
HEALTH_PATH=/health/
READY_PATH=
LIVE_PATH=
INTEGRATION_PERIOD=300ms
STABILITY_EVERY=100ms
WEBHOOK_PATH=/cgi-bin/hook
WEBHOOK_CASES=cases.json
END

# webhooks
printf '{"id":7}' >body.json
cat >cases.json <<'END'
[
  {"name": "accepted", "body": {"id": 7}, "headers": {"X-Kind": "a b"}, "status": "202", "json": {"/status": "queued", "/id": 7, "/kind": "a b"}},
  {"name": "from a file", "body_file": "body.json", "status": 202},
  {"name": "grün", "body": "grün", "matches": "^grün$"},
  {"body": "plain", "headers": {"content-type": "text/x"}, "matches": "^text/x$"},
  {"name": "refused", "body": "", "status": "400-499", "json": {"/error": "no id"}},
  {"name": "another path", "method": "GET", "path": "/health/", "json": {"/status": "healthy"}}
]
END
decides 'webhooks and their answers' 18.9 'ok: 6 webhooks answered as expected'
[ "$status" -eq 0 ] || show_output
is "$(jq -r '.items["18.9"].values.answers | .[0,3]' seatrial-report/metrics.json)" 'accepted: status 202
case 4: status 200' 'each is on record, by its name or its number'
decides 'the sample goes with them where it has a body' 18.9 'ok: 7 webhooks answered as expected' -s 'WEBHOOK_DATA={"id":7}' \
	-s WEBHOOK_STATUS=200-499
jq '.[0].json["/id"] = "7" | .[4].status = 200' cases.json >wrong.json
decides 'answers that are wrong' 18.9 "fail: 2 of 6 webhooks not as expected; accepted: '/id' is 7, not \"7\"" -s WEBHOOK_CASES=wrong.json
decides 'a path that nobody has' 18.9 'fail: 1 of 1 webhook not as expected; sample: status 501' -s WEBHOOK_CASES= \
	-s WEBHOOK_PATH=/none

# a header that is a secret is sent, and written down nowhere
token="it's \"hunter\" \$x \`y\`"
decides 'a header with a secret' 18.9 'ok: 1 webhook answered as expected' -s WEBHOOK_CASES= -s 'WEBHOOK_DATA={"id":9}' \
	-s "WEBHOOK_HEADERS=X-Auth-Token: $token" -s "WEBHOOK_JSON=/length=${#token}"
is "$(grep -rl hunter seatrial-report)" '' 'is in no part of the report'
has seatrial-report/evidence/18-run.sh '# TRIAL_HEADER_1: the value of a header' 'which says where it is missing'

# refused NAME WORDS TEXT: a file of cases that is wrong is told before anything runs.
refused() {
	printf '%s\n' "$3" >bad.json
	rm -rf never
	run seatrial -q -o never -s WEBHOOK_CASES=bad.json 18.9
	is "$status $(wc -l <err | tr -d ' ') $(ls never 2>/dev/null)" '2 1 ' "$1"
	has err "bad.json'$2" "$1: it says so"
}
refused 'no JSON' ' is no JSON' '[{]'
refused 'no list' ' is no list of cases' '{"body":1}'
refused 'no case' ' is no list of cases' '[]'
refused 'no object' ', case 2 is no object' '[{},1]'
refused 'a member that is spelt wrong' ", case 1: there is no member 'stauts'" '[{"stauts":1}]'
refused 'two bodies' ", case 1: both 'body' and 'body_file'" '[{"body":"","body_file":"bad.json"}]'
refused 'a body that is not there' ", case 1: cannot read 'gone'" '[{"body_file":"gone"}]'
refused 'no status' ", case 1: 'ok' is no status" '[{"status":"ok"}]'
refused 'headers as a list' ", case 1: 'headers' is no object" '[{"headers":[]}]'
refused 'a file by mistake' ", case 1: a 'body' that begins with '@'" '[{"body":"@body.json"}]'
run seatrial -q -o never -s WEBHOOK_PATH= 18.9
is "$status" 2 'a case without a path, and none in the settings'
has err "case 1: no 'path', and no WEBHOOK_PATH" 'which is said'

# hadolint
printf 'FROM scratch\nCOPY x /x\nUSER 1000\nHEALTHCHECK --interval=30s --timeout=10s CMD ["/x"]\nCMD ["/x"]\n' >Dockerfile
echo '[{"file":"Dockerfile","line":2,"column":1,"level":"info","code":"DL1","message":"a"}]' >fine.json
echo '[{"file":"Dockerfile","line":2,"column":1,"level":"info","code":"DL1","message":"a"},
	{"file":"Dockerfile","line":3,"column":1,"level":"warning","code":"DL2","message":"b"}]' >hadolint.json
cat >>seatrial.conf <<'END'
DOCKERFILE=Dockerfile
END
run image-lint --json Dockerfile
counts=$(jq -r '.counts | "\(.errors) error\(if .errors == 1 then "" else "s" end), \(.warnings) warning\(if .warnings == 1 then "" else "s" end), \(.notes) note\(if .notes == 1 then "" else "s" end)"' out)
lint='ok'
[ "$status" -eq 0 ] || lint=fail
is "$lint" ok 'a Dockerfile that image-lint lets pass'
decides "hadolint's report with notes" 17.4 "ok: $counts; hadolint: 0 errors and warnings" -s HADOLINT_REPORT=fine.json
decides "hadolint's report with a warning" 17.4 "fail: $counts; hadolint: 1 error or warning: Dockerfile:3: b [DL2]" -s HADOLINT_REPORT=hadolint.json
echo '{"runs":[]}' >sarif.json
decides 'what is no report' 17.4 "fail: could not be decided: 'sarif.json' is no report of hadolint" -s HADOLINT_REPORT=sarif.json
decides 'a report that is not there' 17.4 "fail: could not be decided: cannot open 'gone.json': No such file or directory" -s HADOLINT_REPORT=gone.json
mkdir tools
cat >tools/hadolint <<'END'
#!/bin/sh
[ "$*" = '--no-fail --format json -- Dockerfile' ] || exit 9
cat hadolint.json
END
chmod 755 tools/hadolint
PATH=$PWD/tools:$PATH decides 'hadolint where it is installed' 17.4 "fail: $counts; hadolint: 1 error or warning: Dockerfile:3: b [DL2]"
printf '#!/bin/sh\necho broken >&2\nexit 3\n' >tools/hadolint
PATH=$PWD/tools:$PATH decides 'hadolint that fails' 17.4 'fail: could not be decided: hadolint ended with status 3: broken'

# coverage of before
printf 'SF:a.c\nDA:1,1\nDA:2,0\nend_of_record\n' >before.info
printf 'SF:a.c\nDA:1,1\nDA:2,1\nend_of_record\n' >after.info
decides 'coverage before and after' 17.5 'ok: 100.0 % of lines, before 50.0 %; demanded 85%' -s COVERAGE_REPORT=after.info -s BASELINE_COVERAGE_REPORT=before.info
is "$(jq -c '.figures.coverage_percent' seatrial-report/metrics.json)" '{"after":100,"before":50}' 'both are in the closing table'
echo '<testsuite><testcase name="a" classname="b"/></testsuite>' >none.xml
decides 'a report without coverage' 17.5 "fail: 'none.xml' tells no coverage" -s COVERAGE_REPORT=after.info -s BASELINE_COVERAGE_REPORT=none.xml

done_testing
