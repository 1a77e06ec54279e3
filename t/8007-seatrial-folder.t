#!/bin/sh
# The report folder in bad company: other people's files, a second trial, a trial that was killed, commands that
# delete it, fill it or play with the terminal, readers that go away.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/trial.sh"
need_command script

box_root
box_image app.tar '{"Cmd":["/bin/sleep","100"],"Env":["PATH=/bin"],"User":"1000"}'
box_image other.tar '{"Cmd":["/bin/sleep","200"],"Env":["PATH=/bin"],"User":"1000"}'
cat >seatrial.conf <<'END'
IMAGE=app.tar
HEALTH_PATH=
READY_PATH=
LIVE_PATH=
LINT_COMMAND=true
END

# wait_until COMMAND...: ten seconds at the most.
wait_until() {
	i=0
	while ! "$@" >/dev/null 2>&1 && [ $i -lt 100 ]; do
		sleep 0.1
		i=$((i + 1))
	done
}
none_runs() { ! pgrep -f "$1"; }

# what is not ours
mkdir -p mine/results
echo precious >mine/results/data
expect_trouble "is no report folder, and its 'results' would be lost" seatrial -q -o mine 17.3
is "$(cat mine/results/data)" precious 'other people'"'"'s files are left alone'
ln -s /none/none dangling
expect_trouble "cannot make the report folder '$T/dangling'" seatrial -q -o dangling 17.3

# two at once
seatrial -q -o both -s LINT_COMMAND='touch begun; sleep 2; touch ended' 17.3 >first.out 2>&1 &
first=$!
wait_until test -e begun
expect_trouble "another trial is writing '$T/both'" seatrial -q -o both 17.3
wait "$first"
is "$? $(found 17.3 both | cut -d' ' -f1-2)" '0 ok: status' 'the first one does not notice'

# killed: what it ran ends with it, and what it decided is not lost
echo 'LINT_COMMAND="echo once >>linted"; DEPLOYMENT_CHECKS="echo deployed >>checked; [ -e go-on ] || exec sleep 4714"' >>seatrial.conf
seatrial -q -o killed 17.3 18.29 >out 2>err &
pid=$!
wait_until test -e checked
kill -KILL "$pid"
wait "$pid" 2>/dev/null
wait_until none_runs 'sleep 4714'
is "$(pgrep -f 'sleep 4714' | wc -l | tr -d ' ')" 0 'SIGKILL: nothing goes on'
touch go-on
run seatrial -q --resume -o killed 17.3 18.29
is "$status $(cat linted) $(wc -l <checked | tr -d ' ')" '0 once 2' 'and --resume decides the rest only'
[ "$status" -eq 0 ] || show_output
is "$(ls -A killed | tr '\n' ' ')" 'annotations.txt checklist.md codequality.json evidence gathered junit.xml metrics.json report.html report.md report.tap results tap trial.json ' \
	'nothing else is left'

# killed while the new report took the place of the old one
mkdir -p killed/.trial/.former killed/.trial/results
mv killed/report.md killed/.trial/
echo new >killed/.trial/report.md
echo old >killed/.trial/.former/report.md

# ended at any moment of its start
for moment in 0.05 0.15 0.25; do
	seatrial -q -o early 17.3 >out 2>err &
	pid=$!
	sleep $moment
	kill -TERM "$pid"
	wait "$pid" 2>/dev/null
done
is "$([ -e early/.trial ] && echo half)" '' 'a trial that is ended as it starts leaves no half'

# what could not be decided is no verdict, either
run seatrial -q -o trouble -s DOCKERFILE=later 17.4
is "$status $(jq -r '.items["17.4"].found' trouble/metrics.json | cut -c 1-22)" '1 could not be decided: ' 'an item in trouble'
printf 'FROM scratch\nUSER 1000\nCOPY x /x\nCMD ["/x"]\n' >later
run seatrial -q --resume -o trouble -s DOCKERFILE=later 17.4
is "$(jq -r '.items["17.4"].found' trouble/metrics.json | cut -c 1-20)" '0 errors, 1 warning,' '--resume tries it again'
run seatrial -q --resume -o killed -s PORT=1 17.3
has err 'its settings were others' 'a trial that finds the halves'
is "$(cat killed/report.md) $([ -e killed/.trial ] || echo whole)" 'new whole' 'makes them whole first'

# of what the settings name
echo 'USER 1001' >>later
expect_trouble "'later' has changed" seatrial -q --resume -o trouble -s DOCKERFILE=later 17.4

# what a verdict is about is decided again
run seatrial -q --strict -o again 17.3 18.24 18.30
is "$(found 18.24 again) $(found 18.30 again)" \
	'fail: not decided (--strict): no REBUILD_COMMAND in the settings fail: not decided (--strict): Episode 15 was not run; Episode 16 was not run; Episode 17 was run in part' 'strict'
run seatrial -q --resume -o again 17.3 18.24 18.30
is "$(found 18.24 again)" 'skip: no REBUILD_COMMAND in the settings' '--resume without --strict'
[ "$status" -eq 0 ] || show_output

# an image that is built by the trial, which is killed
cat >builds.conf <<'END'
IMAGE=made.tar
BUILD_COMMAND='[ -e made.tar ] || cp app.tar made.tar'
LINT_COMMAND='touch linting; [ -e go-on-linting ] || sleep 4717'
END
seatrial -q -c builds.conf -o builds 15.1 17.1 17.3 >out 2>err &
pid=$!
wait_until test -e linting
kill -KILL $pid
wait $pid 2>/dev/null
wait_until none_runs 'sleep 4717'
touch go-on-linting
run seatrial -q -c builds.conf -o builds --resume 15.1 17.1 17.3
is "$status $(found 15.1 builds | cut -d: -f1)" '0 ok' '--resume of a trial that had built its image'
[ "$status" -eq 0 ] || show_output

# the same size and the same time, but another image; one in an archive by its name
cp -p app.tar copy.tar
touch -r app.tar other.tar
run seatrial -q -o images -s IMAGE=docker-archive:copy.tar:@0 17.3
is "$(jq -r '.images.IMAGE' images/trial.json)" "$(image-size --json app.tar | jq -r .image.id)" 'an image is known by its ID'
cp -p other.tar copy.tar
run seatrial -q --resume -o images -s IMAGE=docker-archive:copy.tar:@0 17.3
is "$status $(cut -d: -f3 err)" '2  it is of another image' 'however much its file looks the same'

# evidence of what was not decided is gathered again
mkdir tools
printf '#!/bin/sh\n[ -e %s/database ] || exit 1\ncat %s/trivy.json\n' "$T" "$T" >tools/trivy
chmod +x tools/trivy
jq -n --arg id "$(image-size --json app.tar | jq -r .image.id)" \
	'{SchemaVersion: 2, Metadata: {ImageID: $id}, Results: [{Class: "os-pkgs", Vulnerabilities: []}]}' >trivy.json
PATH=$T/tools:$PATH seatrial -q -o again 18.26 >out 2>err
is "$(found 18.26 again | cut -d: -f1)" skip 'a scanner without its database'
touch database
PATH=$T/tools:$PATH seatrial -q --resume -o again 18.26 >out 2>err
is "$(found 18.26 again)" 'ok: 0 of 0 are critical or high, by trivy' 'is asked again'

# commands that misbehave
run seatrial -q -o deleted -s 'LINT_COMMAND=rm -rf deleted; sleep 0.2' -s 'DEPLOYMENT_CHECKS=' 15.3 17.3
is "$status" 2 'a folder that a command deletes is trouble'
is "$(grep -c '^seatrial: ' err) $(pgrep -f "$T/deleted" | wc -l | tr -d ' ')" '1 0' 'which is said, and nothing goes on'
run seatrial -q -o talker -s LINT_COMMAND=yes 17.3
is "$status $(found 17.3 talker)" "1 fail: could not be decided: '/bin/sh' has printed more than 256.0 MB" 'a command that never stops talking'
is "$(find talker -size +1100k)" '' 'leaves a part of it'
run seatrial -q -o daemon -s 'LINT_COMMAND=(setsid sh -c "setsid sleep 4715" </dev/null >/dev/null 2>&1 &); sleep 0.3' 17.3
is "$status $(pgrep -f 'sleep 4715' | wc -l | tr -d ' ')" '0 0' 'a daemon of a command ends with it'
seatrial -q -o daemon -s 'LINT_COMMAND=(setsid sleep 4716 </dev/null >/dev/null 2>&1 &); sleep 0.3; touch has-daemon; sleep 100' 17.3 >out 2>err &
pid=$!
wait_until test -e has-daemon
kill -TERM "$pid"
wait "$pid" 2>/dev/null
wait_until none_runs 'sleep 4716'
is "$(pgrep -f 'sleep 4716' | wc -l | tr -d ' ')" 0 'also where the trial is interrupted'
cat >terminal.sh <<'END'
seatrial -q -o terminal -s ITEM_LIMIT=20s -s LINT_COMMAND='stty raw </dev/tty; read x </dev/tty; echo heard' 17.3
END
script -qec 'sh terminal.sh' /dev/null </dev/null >out 2>&1
is "$(found 17.3 terminal | sed 's/ in .*//')" 'ok: status 0' 'a command that wants a terminal has none, and does not wait for it'

# a reader that goes away
: >go-on
(seatrial -o reader -s 'LINT_COMMAND=sleep 0.3' 17.3 18.29 15.1 2>err; echo $? >reader.status) | head -n 1 >out
is "$(cat reader.status) $([ -s reader/report.html ] && echo written)" '2 written' 'a closed standard output is trouble, and the report is written'

# the papers' process
mkdir perl5
cat >perl5/Die.pm <<'END'
kill KILL => $$ if $0 =~ /trial-report/;
1;
END
run seatrial -q -o papers 17.3
sha256sum papers/* 2>/dev/null >before
PERL5OPT="-I$T/perl5 -MDie" run seatrial -q -o papers 17.3
is "$status" 2 'papers that were not written are no pass'
has err 'the report was not written: its process ended by signal 9' 'which is said'
sha256sum papers/* 2>/dev/null >after
ok 'and the former report is whole' cmp before after
cat >perl5/Slow.pm <<'EOP'
END { sleep 2 if ($ENV{SEATRIAL_MODE} // '') =~ /^item / }
1;
EOP
PERL5OPT="-I$T/perl5 -MSlow" run seatrial -q -o papers 17.3
is "$status" 0 'an item whose process takes its time to end is decided'
cat >perl5/Die.pm <<'END'
if ($0 =~ /trial-report/) { kill INT => getppid, $$; kill TERM => getppid, $$ }
1;
END
PERL5OPT="-I$T/perl5 -MDie" run seatrial -q -o papers 17.3
is "$status $(found 17.3 papers | cut -d: -f1)" '0 ok' 'a signal while they are written does not stop them'

done_testing
