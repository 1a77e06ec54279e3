#!/bin/sh
# How a trial runs: side by side, interrupted, taken up again, items that never end, a full disk; its plan and its settings.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/trial.sh"

box_root
mkdir -p root/data root/www/health && echo '{"status":"healthy"}' >root/www/health/index.html
web_image app.tar '"ExposedPorts":{"5000/tcp":{}}'

conf() {
	cat >seatrial.conf
	cat >>seatrial.conf <<'END'
IMAGE=app.tar
HEALTH_PATH=/health/
READY_PATH=
LIVE_PATH=
STABILITY_PERIOD=1s
STABILITY_EVERY=100ms
INTEGRATION_PERIOD=1s
START_PERIOD=500ms
END
}

statuses() {
	jq -r '.items | to_entries | sort_by(.key | split(".") | map(tonumber)) | map("\(.key)=\(.value.status)") | join(" ")' "$1/metrics.json"
}

# side by side
conf <<'END'
LINT_COMMAND='echo $$ >lint; i=0; while [ ! -e deployed ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done; [ ! -e deployed ]'
DEPLOYMENT_CHECKS='sleep 0.3; [ -e lint ]; touch deployed'
END
run seatrial -q 17.3 18.29
is "$status $(statuses seatrial-report)" '0 17.3=ok 18.29=ok' 'commands of the project run one after the other'
run seatrial -q 15 16.2
is "$status" 0 'an image that has one endpoint'
[ "$status" -eq 0 ] || show_output
is "$(statuses seatrial-report)" "$(for item in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	case $item in 5 | 6) printf '15.%s=skip ' "$item" ;; *) printf '15.%s=ok ' "$item" ;; esac
done)16.2=ok" 'what it has is decided'
is "$(jq -r '.items["16.2"].found' seatrial-report/metrics.json | sed 's/[0-9.]* [kM]B/SIZE/g')" 'content SIZE; compressed SIZE, by gzip as a push would; no BASELINE to compare with' \
	'sizes that no registry has told'
run seatrial -q -s MAX_SIZE=1kB -o large 16.2
is "$status $(jq -r '.items["16.2"] | "\(.status) \(.found | sub(".*: "; ""))"' large/metrics.json)" '1 fail the content is above 1kB' 'a size that is demanded'
is "$(jq -r '.items[] | select(.id == "15.4") | .commands[0]' seatrial-report/results/episode-15.json | cut -d' ' -f1-2)" 'ro-run --json' \
	'each result tells the command that gives it again'
is "$(jq -r '.items[] | select(.id == "15.4") | .evidence | map(select(. == "evidence/15-run.json")) | length' seatrial-report/results/episode-15.json)" 1 \
	'and where its evidence is'
is "$(find seatrial-report -name '.trial*' | wc -l)" 0 'nothing else is left'

# nothing to ask
run seatrial -q -s HEALTH_PATH= -o silent 15.2 15.4 15.7 15.12 15.13 15.14
is "$status $(statuses silent)" '0 15.2=ok 15.4=skip 15.7=ok 15.12=skip 15.13=ok 15.14=ok' 'an image that has no endpoint is watched for as long'

# a refused write, and what would mend it
box_image writer.tar '{"Cmd":["/bin/sh","-c","trap \"kill $!; exit 0\" TERM; echo 1 >/data/state; httpd -f -p 5000 -h /www & wait"],"Env":["PATH=/bin"]}'
run seatrial -q -s IMAGE=writer.tar -o writer 15.7
is "$status $(jq -c '.items["15.7"] | [.status, (.found | sub(" by .*;"; ";"))]' writer/metrics.json)" \
	'1 ["fail","1 refused: openat /data/state; it holds with TMPFS=/data"]' 'a refused write comes with what mends it'
[ "$(jq '.items["15.7"].found | length' writer/metrics.json)" -gt 10 ] || show_output
is "$(jq -c '.items["15.7"].values.suggestion | [.proved, .settings, (.docker | contains("--tmpfs"))]' writer/metrics.json)" \
	'[true,["TMPFS=/data"],true]' 'proved, and in the form for docker'

# what ended, or never began, has shown nothing of the rest
box_image short.tar '{"Cmd":["/bin/sh","-c","sleep 0.1"],"Env":["PATH=/bin"],"User":"1000"}'
run seatrial -q -s IMAGE=short.tar -s HEALTH_PATH= -o short 15.2 15.7 15.8 15.9 15.10 15.11 15.13 18.11 18.13 18.20
is "$status $(statuses short)" \
	'1 15.2=ok 15.7=fail 15.8=fail 15.9=fail 15.10=fail 15.11=fail 15.13=fail 18.11=fail 18.13=fail 18.20=ok' 'a program that ends early'
is "$(jq -r '.items["15.7"].found' short/metrics.json | sed 's/[0-9.]* m*s$/T/')" 'no refused write, but it ended after T' 'says so'
run seatrial -q -s IMAGE=short.tar -o short 15.13
is "$status $(jq -r '.items["15.13"].found' short/metrics.json)" '1 it was never ready' 'and one that was never ready has no time since'
box_image none.tar '{"Cmd":["/none"],"User":"1000"}'
run seatrial -q -s IMAGE=none.tar -s HEALTH_PATH= -o none 15.2 15.7 15.11 18.13 18.20
is "$status $(statuses none)" '1 15.2=fail 15.7=fail 15.11=fail 18.13=fail 18.20=fail' 'a program that does not start'
is "$(jq -r '.items["18.20"].found' none/metrics.json)" "it did not start: cannot execute '/none': No such file or directory" 'says why'

# errors at the end are in the log, but not in the period
box_image sorry.tar '{"Cmd":["/bin/sh","-c","trap \"echo ERROR: going >&2; kill $!; exit 0\" TERM; httpd -f -p 5000 -h /www & wait"],"Env":["PATH=/bin"]}'
run seatrial -q -s IMAGE=sorry.tar -o sorry 15.9 15.13
is "$status $(statuses sorry)" '1 15.9=fail 15.13=ok' 'what is said of the stop is an error line, and not one of the stability period'

# builds come first, and alone
conf <<'END'
BUILD_COMMAND='[ ! -e deployed2 ] && sleep 0.5 && touch built'
DEPLOYMENT_CHECKS='touch deployed2; [ -e built ]'
END
run seatrial -q 17.1 18.29
is "$status $(statuses seatrial-report)" '0 17.1=ok 18.29=ok' 'what builds runs before all else'

# what is decided is said at once: 17.3 waits for somebody who has read of 17.1
conf <<'END'
BUILD_COMMAND=true
LINT_COMMAND='i=0; while [ ! -e heard ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done; [ -e heard ]'
END
mkfifo said
seatrial 17.1 17.3 >said 2>err &
while read -r line; do case $line in 'ok 1 - 17.1'*) touch heard ;; esac; done <said
wait $!
is $? 0 'each result is said when it is there'

# what runs, in place of the image's own
conf </dev/null
box_image idle.tar '{"Entrypoint":["/bin/sh"],"Cmd":["-c","exit 3"],"Env":["PATH=/bin"],"User":"1000"}'
run seatrial -q -s IMAGE=idle.tar -s 'RUN_CMD=["-c", "trap \"kill $!; exit 0\" TERM; httpd -f -p 5000 -h /www & wait"]' -o cmd 15.2 15.4
is "$status $(jq -r '.items["15.2"].found' cmd/metrics.json | cut -c 1-15)" '0 /bin/sh -c trap' 'RUN_CMD'
run seatrial -q -s IMAGE=idle.tar -s 'RUN_ENTRYPOINT=["/bin/httpd"]' -s 'RUN_CMD=["-f","-p","5000","-h","/www"]' -o cmd 15.2 15.4
is "$status $(jq -r '.items["15.2"].found' cmd/metrics.json)" '0 /bin/httpd -f -p 5000 -h /www as uid 1000' 'RUN_ENTRYPOINT'

# an item that never ends
conf <<END
LINT_COMMAND='sleep 4711.$$ & exec sleep 4712.$$'
ITEM_LIMIT=1s
END
run seatrial -q 17.3 16.10
is "$status $(statuses seatrial-report)" '1 16.10=ok 17.3=fail' 'an item has a time'
has out "has not ended within 1s (ITEM_LIMIT)" 'and that is said'
is "$(pgrep -f "sleep 471[12][.]$$\\b" | wc -l | tr -d ' ')" 0 'nothing of it is left running'

# reports of another run
cat >old.xml <<'END'
<testsuite name="a" tests="1"><testcase name="b" classname="c"/></testsuite>
END
touch -d '2001-01-01' old.xml
conf <<'END'
TEST_COMMAND=true
TEST_REPORT=old.xml
END
run seatrial -q 17.2
is "$(jq -r '.items["17.2"] | "\(.status): \(.found)"' seatrial-report/metrics.json)" \
	"fail: 'old.xml' is older than the run: the command did not write it" 'a report that the command did not write proves nothing'
run seatrial -q -s 'TEST_COMMAND=touch old.xml' 17.2
is "$(statuses seatrial-report)" 17.2=ok 'one that it did write does'

# interrupted, and taken up again
conf <<END
LINT_COMMAND='echo once >>linted'
DEPLOYMENT_CHECKS='echo deployed >>checked; [ -e go-on ] || exec sleep 4713.$$'
END
for signal in INT TERM; do
	rm -rf cut linted checked go-on
	seatrial -o cut 15.2 17.3 18.29 >out 2>err &
	pid=$!
	i=0
	while { [ ! -e checked ] || ! ls cut/.trial/results/15.2.json >/dev/null 2>&1; } && [ $i -lt 200 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	kill -"$signal" "$pid"
	wait "$pid"
	is $? 2 "SIG$signal: it is not decided"
	has err "interrupted by SIG$signal" "SIG$signal: it says so"
	is "$(statuses cut)" '15.2=ok 17.3=ok 18.29=interrupted' "SIG$signal: the report has what was decided"
	is "$(pgrep -f "sleep 4713[.]$$\\b" | wc -l | tr -d ' ')" 0 "SIG$signal: nothing is left running"
	has cut/tap/episode-18.tap 'Bail out! interrupted' "SIG$signal: the stream tells, too"
done
run seatrial -q --resume -o cut -s PORT=5001 15.2 17.3 18.29
is "$status" 2 'other settings are another trial'
has err 'its settings were others' 'which is said'
is "$(statuses cut)" '15.2=ok 17.3=ok 18.29=interrupted' 'and nothing is lost'
touch go-on
run seatrial -q --resume -o cut 15.2 17.3 18.29
is "$status $(statuses cut)" '0 15.2=ok 17.3=ok 18.29=ok' '--resume decides the rest'
is "$(cat linted)" once 'and that only'
mv app.tar kept.tar
cp writer.tar app.tar
run seatrial -q --resume -o cut 15.2
is "$status" 2 'another image is another trial'
has err 'it is of another image' 'which is said'
mv kept.tar app.tar

# an image that goes away half-way
conf <<'END'
BUILD_COMMAND='mv app.tar gone.tar'
END
run seatrial -q -o gone 17.1 15.1 16.10
is "$status $(statuses gone)" '1 15.1=fail 16.10=fail 17.1=ok' 'an image that goes away fails what it cannot show'
has out 'app.tar' 'by name'
mv gone.tar app.tar

# the former report outlives a disk that is full
if unshare --user --map-root-user --mount true 2>/dev/null; then
	conf <<'END'
LINT_COMMAND=true
END
	mkdir full
	# shellcheck disable=SC2016
	unshare --user --map-root-user --mount sh -c '
		mount -t tmpfs -o size=600k none full && seatrial -q -o full/report 17.3 >/dev/null && cp full/report/metrics.json first &&
		{ dd if=/dev/zero of=full/rest bs=1k >/dev/null 2>&1; dd if=/dev/zero of=full/rest2 bs=1 count=4096 >/dev/null 2>&1
		seatrial -q -o full/report 17.3; echo $? >second; cp full/report/metrics.json after; find full/report >names; }' >out 2>err
	is "$(cat second)" 2 'a full disk is trouble'
	is "$(cmp first after && echo same)" same 'and the former report is whole'
	has err 'No space left' 'which is said'
fi

# settings
conf </dev/null
expect_trouble "there is no setting 'IMGAE', the nearest is 'IMAGE'" seatrial -s IMGAE=x
echo 'STABILTY_PERIOD=3s' >>seatrial.conf
expect_trouble "there is no setting 'STABILTY_PERIOD', the nearest is 'STABILITY_PERIOD'" seatrial
conf </dev/null
expect_trouble "STABILITY_PERIOD: '3 weeks' is no duration" seatrial -s 'STABILITY_PERIOD=3 weeks'
SEATRIAL_PROT=1 expect_trouble "there is no setting 'PROT', the nearest is 'PORT'" env SEATRIAL_PROT=1 seatrial
echo 'IMAGE=(' >broken.conf
expect_trouble 'broken.conf' seatrial -c broken.conf
echo 'exit 3' >ends.conf
expect_trouble 'ended with status 3' seatrial -c ends.conf
expect_trouble "no-such.conf" seatrial -c no-such.conf
expect_trouble 'unknown option' seatrial --no-such-option
expect_trouble "neither an episode" seatrial 14
expect_trouble 'no item 15.99' seatrial 15.99
printf '\357\273\277IMAGE=app.tar\n' >mark.conf
expect_trouble 'mark.conf: it begins with a byte order mark' seatrial plan -c mark.conf
printf '# dos\nIMAGE=app.tar\r\n' >dos.conf
expect_trouble 'dos.conf:2: the line ends with a carriage return' seatrial plan -c dos.conf
for line in 'PORT = 8080' 'PORT= 8080' 'export PORT =8080'; do
	printf 'IMAGE=app.tar\n%s\n' "$line" >space.conf
	expect_trouble "space.conf:2: a space beside the '=' of 'PORT'" seatrial plan -c space.conf
done
printf 'IMAGE=app.tar\nHEALTH_PATH= # none\nREADY_PATH= LIVE_PATH=\nsleep 30 &\necho told; cd /\n' >fine.conf
run timeout 20 seatrial plan -c fine.conf 15.1 15.4
is "$status $(grep -c told err)" '0 1' 'a file may set nothing, say something, go elsewhere, and leave something running'
echo 'while :; do :; done' >endless.conf
run timeout 20 perl -I"$SRCDIR/t/lib" -MTrialSettings -e '$TrialSettings::file_seconds = 1; TrialSettings::load("endless.conf", {})'
has err 'endless.conf: it has not ended within 1 s' 'but it must end'
for set in IMAGE=-x DOCKERFILE=--help; do
	expect_trouble "is no name: begin it with ./" seatrial plan -s "$set"
done
is "$(perl -I"$SRCDIR/t/lib" -MTrial -e 'print join " ", map { Trial::size_limit($_) } qw(7 8b 1k 2KiB 3Mi 1.5gb 1TiB)')" \
	'7 8 1000 2048 3145728 1500000000 1099511627776' 'every size that the settings take is one'
for set in PORT=0 PORT=65536 "PORT=80
" HEALTH_PATH=health 'VULNERABILITY_SEVERITIES=high crtical'; do
	run seatrial plan -s "$set"
	is "$status" 2 "trouble: $set"
done
cat >own.conf <<'END'
name=app
IMAGE=$name.tar
HEALTH_PATH=/$name
PRODUCTION_ENV="$PRODUCTION_ENV
MORE=\$HOME 'x'"
END
SEATRIAL_PORT=7000
export SEATRIAL_PORT
run seatrial plan --json -c own.conf
is "$status" 0 'variables in small letters are the file'"'"'s own'
unset SEATRIAL_PORT
cat >show.pl <<'END'
	my $settings = TrialSettings::load('own.conf', { GRACE => '3s' });
	print join '|', @$settings{qw(IMAGE HEALTH_PATH PORT GRACE PRODUCTION_ENV LATENCY_LIMIT)};
END
is "$(SEATRIAL_PORT=7000 PERL5LIB=$SRCDIR/t/lib perl -MTrialSettings show.pl)" \
	"$(printf "app.tar|/app|7000|3s|LOG_LEVEL=INFO\nFLASK_ENV=production\nMORE=\$HOME 'x'|10s")" \
	'defaults, then the file, then the environment, then --set'

# the plan
run seatrial plan 15.4 18.26 18.28
is "$status" 0 'a plan'
has out '15.4   decided' 'says what will be decided'
has out 'no BASELINE in the settings' 'and why the rest will not'
has out '1 of 3 items will be decided, 2 cannot be.' 'and counts'
run seatrial plan -s STABILITY_PERIOD=90s 15.4
has out 'The runs of the image take 1:30 min at the least' 'and for how long'
run seatrial plan --json
is "$(jq -c '[.items[] | select(.id == "15.7" or .id == "16.4") | .lasts_seconds]' out)" '[1,null]' 'which is in the document, too'
is "$(jq -r '[.items[] | select(.decided | not) | .id] | index("18.26") != null' out)" true 'as JSON'
is "$(jq '.items | length' out)" 64 'all items'

# progress on a terminal: what is running, and how long it has
script -qec 'stty cols 78; seatrial -q -s STABILITY_PERIOD=2s 15.2 15.7' /dev/null </dev/null >out 2>&1
has out 'of 2 items decided; running 15.2 (0:00 of 0:02)' 'progress says what runs and how long it has'
is "$(tr '\r' '\n' <out | awk 'length($0) > 84' | wc -l)" 0 'within the width'

done_testing
