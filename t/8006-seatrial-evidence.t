#!/bin/sh
# Evidence that proves nothing is no pass: of another run, of another image, of nobody, of a part.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/trial.sh"

box_root
mkdir -p root/www && echo '{"status":"healthy"}' >root/www/health
web_image app.tar
box_image short.tar '{"Cmd":["/bin/false"],"Env":["PATH=/bin"],"User":"1000"}'
cat >seatrial.conf <<'END'
IMAGE=app.tar
READY_PATH=
LIVE_PATH=
STABILITY_PERIOD=500ms
STABILITY_EVERY=100ms
INTEGRATION_PERIOD=500ms
START_PERIOD=300ms
READY_LIMIT=60s
END

# reports and logs that the command did not write
cat >before.xml <<'END'
<testsuite name="a" tests="1"><testcase name="b" classname="c"/></testsuite>
END
cp before.xml after.xml
printf 'STEP 1/2: FROM a\nSTEP 2/2: RUN b\n--> Using cache 0123\n' >build.log
cp app.tar second.tar
touch -d '2001-01-01' after.xml build.log second.tar
old='is older than the run: the command did not write it'
decides 'a report of another run' 17.8 "fail: 'after.xml' $old" -s BASELINE_TEST_REPORT=before.xml -s TEST_REPORT=after.xml -s TEST_COMMAND=true
decides 'one of this run' 17.8 'ok: no test got worse' -s BASELINE_TEST_REPORT=before.xml -s TEST_REPORT=after.xml -s 'TEST_COMMAND=touch after.xml'
decides 'a log of another build' 18.24 "fail: 'build.log' $old" -s REBUILD_COMMAND=true -s REBUILD_LOG=build.log
decides 'one of this build' 18.24 'ok: 1 of 1 steps reused, by Buildah' -s 'REBUILD_COMMAND=touch build.log' -s REBUILD_LOG=build.log
decides 'an image of another build' 18.25 "fail: 'second.tar' $old" -s SECOND_IMAGE=second.tar -s SECOND_BUILD_COMMAND=true
decides 'one of this build' 18.25 'ok: the same image' -s SECOND_IMAGE=docker-archive:second.tar -s 'SECOND_BUILD_COMMAND=touch second.tar'
decides 'an image and itself' 18.25 "fail: SECOND_IMAGE is the image itself: 'app.tar'" -s SECOND_IMAGE=app.tar

# what a report claims without showing it
echo '<testsuite name="a" tests="2" failures="1"><testcase name="b" classname="c"/></testsuite>' >claims.xml
decides 'failures that no test case shows' 17.2 'fail: 1 test, 1 passed, 0 failed, 0 skipped, and failures that no test case shows' \
	-s 'TEST_COMMAND=touch claims.xml' -s TEST_REPORT=claims.xml
echo '<testsuite name="a" tests="1"><testcase name="d" classname="c"/></testsuite>' >after.xml
decides 'tests that are gone' 17.8 'ok: no test got worse, 1 gone' -s BASELINE_TEST_REPORT=before.xml -s TEST_REPORT=after.xml

# a build that comes from a cache is heard of once
printf '#5 [2/3] RUN make\n#5 %s\n#6 [3/3] COPY a b\n#6 CACHED\n' CACHED >cached
printf '#5 [2/3] RUN make\n#5 0.1 warning: old\n' >fresh
decides 'warnings of a build that was not run' 18.1 \
	'skip: it builds, but 1 of 2 steps ran in an earlier build: neither their time nor their warnings are known; a build without a cache tells' \
	-s 'BUILD_COMMAND=cat cached'
run seatrial -q -s 'BUILD_COMMAND=echo x >>built; cat fresh; cp cached fresh' 17.1 18.1
is "$(jq -r '.items | "\(.["17.1"].status) \(.["18.1"].status) \(.["18.1"].values.warnings)"' seatrial-report/metrics.json)" \
	'ok fail ["#5 0.1 warning: old"]' '18.1: one build serves both episodes'
is "$(cat built)" x '18.1: and it ran once'

# a time is measured once more before it is held against a build
run seatrial -q -s 'BUILD_COMMAND=sleep 2.2' -s BASELINE_BUILD_COMMAND=true 18.1
is "$(jq -r '.items["18.1"] | .status, .found' seatrial-report/metrics.json | tr '\n' ' ' | sed 's/[0-9.]* m\?s\>/TIME/g')" \
	"fail built in TIME, 0 warnings in an output that is no known builder's log, slower than the baseline's build in TIME " '18.1: slower than the baseline'
is "$(find seatrial-report/evidence -name '*-again.out' | wc -l | tr -d ' ')" 2 '18.1: both were built twice'
run seatrial -q -s 'BUILD_COMMAND=[ -e slept ] || { touch slept; sleep 2.2; }' -s BASELINE_BUILD_COMMAND=true 18.1
is "$(jq -r '.items["18.1"].status' seatrial-report/metrics.json)" ok '18.1: slower once'
decides 'a baseline that was not built' 18.1 \
	'skip: it builds, but of the baseline 1 of 2 steps ran in an earlier build: neither their time nor their warnings are known; a build without a cache tells' \
	-s BUILD_COMMAND=true -s 'BASELINE_BUILD_COMMAND=cat fresh'

# targets of names that look alike
printf 'a-b:\n\ttrue\na/b:\n\tfalse\n' >Makefile
decides 'each target runs' 17.7 'fail: a/b: status 2' -s 'MAKE_TARGETS=a-b
a/b'

# two that say nothing
decides 'nobody answers' 18.28 'fail: http://localhost:5001/health: neither answers' -s BASELINE=app.tar -s PORT=5001 -s READY_LIMIT=300ms
run seatrial -q -s BASELINE=short.tar 18.13
is "$(jq -r '.items["18.13"] | "\(.status) \(.found | sub(".*: "; ""))"' seatrial-report/metrics.json)" \
	'fail and the baseline did not stay up to be compared with' '18.13: a baseline that ends at once'

# what a start costs
web_image busy.tar '' 'i=0; while [ $i -lt 1000000 ]; do i=$((i + 1)); done; '
run seatrial -q -s IMAGE=busy.tar -s BASELINE=app.tar 18.13
is "$(jq -r '.items["18.13"] | "\(.status) \(.found | sub(".*: (?<a>CPU time of the start), .* above the baseline.s .*"; .a))"' seatrial-report/metrics.json)" \
	'fail CPU time of the start' '18.13: more processor time than the baseline'
is "$(find seatrial-report/evidence -name '*-again.json' | wc -l | tr -d ' ')" 2 '18.13: measured twice'
run seatrial -q -s IMAGE=app.tar -s BASELINE=busy.tar 18.13
is "$(jq -r '.items["18.13"].status' seatrial-report/metrics.json)" ok '18.13: and less'
[ "$status" -eq 0 ] || show_output
decides 'no port to ask' 15.4 'skip: no PORT in the settings' -s PORT=

# a log of which the beginning was kept
ln -s busybox root/bin/yes
box_image loud.tar '{"Cmd":["/bin/sh","-c","trap \"kill $!; exit 0\" TERM; yes info: fine | head -n 400000; httpd -f -p 5000 -h /www & p=$!; for i in 1 2 3; do sleep 0.2; echo ERROR: late >&2; done; wait $p"],"Env":["PATH=/bin"],"User":"1000"}'
run seatrial -q -s IMAGE=loud.tar -s STABILITY_PERIOD=2s 15.9 15.13 18.10
is "$(jq -r '.items | map("\(.status) \(.found | sub("40000[0-9]"; "all"))") | join("; ")' seatrial-report/metrics.json)" \
	'fail 3 error lines since it was ready; fail 3 error lines; fail all lines are no JSON with a level' 'errors behind what was kept of the log'

# some of the gates
decides 'gates that were not run' 18.30 'skip: Episode 15 was not run; Episode 16 was not run; Episode 17 was not run'
mkdir 'a[1] '"'b'"
run seatrial -q -s MAKE_TARGETS=a-b -o "a[1] 'b'" 15.1 16.4 17 18.30
is "$(jq -r '.items["18.30"] | "\(.status): \(.found)"' "a[1] 'b'/metrics.json")" \
	'skip: Episode 15 was run in part; Episode 16 was run in part' '18.30: gates of which a part was run'
run seatrial -q -s MAKE_TARGETS=a/b -o "a[1] 'b'" 17.7 18.30
is "$(jq -r '.items["18.30"] | "\(.status): \(.found)"' "a[1] 'b'/metrics.json")" 'fail: failed: 17.7' '18.30: one that fails, in any folder'

# what is said to reproduce it does, and leaves the evidence alone
run seatrial -q -s 'RUN_ENV=A=it'"'"'s "x" $y' -o 'a report' 15.4
sums() { find 'a report' -type f -exec sha256sum {} + | sort; }
sums >sums
jq -r '.items["15.4"].commands[0]' 'a report/metrics.json' >again
TMPDIR=$T run sh ./again
is "$status $(jq -r .verdict out)" '0 holds' 'a command that reproduces'
has err 'answers are in' 'says where its answers are'
is "$(jq -r '.urls[0].status' "$(sed -n 's/^answers are in //p' err)"/15-run.ready.json)" 200 'and there they are'
sums >sums2
ok 'the evidence is what it was' cmp sums sums2

# no secret is in the papers
run seatrial -q -o secret -s 'RUN_ENV=api_token=hunter1
DATABASE_URL=postgres://u:hunter2@db/x
MODE=plain' -s 'PRODUCTION_ENV=SECRET_KEY=hunter3
SITE=https://hunter4@example.org/' -s "LINT_COMMAND=NPM_TOKEN='hunter5 x' sort --key=2 </dev/null" -s 'DEPLOYMENT_CHECKS=API_KEY=hunter6 false' 15.2 17.3 18.3 18.29
is "$(grep -rohE 'hunter[0-9]' secret | sort -u | tr '\n' ' ')" '' 'no secret is in the report'
has secret/checklist.md '--env MODE=plain' 'what is none'
has secret/checklist.md 'sort --key=2' 'is there'

# hadolint's word on another file
echo 'FROM scratch' >Dockerfile
echo '[{"file":"../Dockerfile.dev","line":1,"level":"error","code":"DL1","message":"m"}]' >hadolint.json
decides 'a report on another file' 17.4 "fail: could not be decided: 'hadolint.json' is a report on '../Dockerfile.dev'" \
	-s DOCKERFILE=Dockerfile -s HADOLINT_REPORT=hadolint.json

done_testing
