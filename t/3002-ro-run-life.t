#!/bin/sh
# Start, end, stop, COMMAND, log, and that nothing is left behind however ro-run ends.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/rorun.sh"

box_root
# by its naps a test's own processes are told from those of others
nap=0.05$$
long=987.$$
box_image box "$(printf '{"Cmd":["/bin/sh","-c","echo up; trap \\"echo down; exit 3\\" TERM; while :; do sleep %s; done"],"Env":["PATH=/bin"]}' $nap)"
box_image deaf '{"Cmd":["/bin/sleep","1000"],"StopSignal":"SIGUSR1","Env":["PATH=/bin"]}'
box_image server '{"Cmd":["/bin/httpd","-f","-p","8080","-h","/srv"],"StopSignal":"INT","Env":["PATH=/bin"]}'

ro --for 1s box
is "$status" 0 'runs for a time and stops on SIGTERM'
is "$(json out '.exit | "\(.reason) \(.code) \(.early)"')" 'stopped 3 false' 'its status after the stop is told'
is "$(json out '[.log[].text] | join(" ")')" 'up down' 'the log is kept'
is "$(json out '.stop.killed')" false 'no SIGKILL was needed'
is "$(json out '.duration_ms >= 1000')" true 'it ran as long as asked'

ro --for 10s --cmd '["/bin/true"]' box
is "$status" 1 'an early end fails'
is "$(json out '.exit | "\(.reason) \(.code) \(.early)"')" 'ended 0 true' 'and is called early'
ro --cmd '["/bin/sh","-c","exit 7"]' box
is "$status $(json out .exit.code)" '1 7' 'a one-shot that fails'
ro --cmd '["/bin/true"]' box
is "$status" 0 'a one-shot that succeeds'
ro --cmd '["/bin/none"]' box
is "$status $(json out .exit.code)" '1 127' 'no such program: 127'
ro --cmd '["/etc/passwd"]' box
is "$status $(json out .exit.code)" '1 126' 'no program: 126'
has out "cannot execute '/etc/passwd'" 'and the reason is told'
ro --cmd 'exit 5' box
is "$(json out '.argv | join(" ")') $(json out .exit.code)" '/bin/sh -c exit 5 5' 'a text is for the shell'

ro --for 200ms --grace 300ms deaf
is "$(json out '.exit.reason') $(json out .stop.signal) $(json out .stop.killed)" 'killed SIGUSR1 true' \
	'a deaf program is killed after the grace period'

ro server -- curl -sf http://localhost:8080/owned-by-root
is "$status" 0 'COMMAND reaches the container'
is "$(cat err)" content 'its output goes to standard error'
is "$(json out '.ports[] | "\(.protocol) \(.port)"')" 'tcp6 8080' 'the listening port is told'
is "$(json out .stop.signal)" SIGINT 'the stop signal is the image'"'"'s'
# a program that is gone before COMMAND could enter its network is a result, not trouble
statuses=
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	ro --cmd '["/bin/true"]' --grace 100ms server -- true
	statuses="$statuses$status"
done
is "$(printf %s "$statuses" | tr -d 01)" '' 'a program that ends at once, and COMMAND: whichever ends first'
ro server -- sh -c 'curl -s --max-time 2 http://192.0.2.1/'
is "$status" 1 'a COMMAND that fails'
is "$(json out .command.exit_status)" 7 'its status is told: there is no way out of this network'
run ro-run --cache "$cache" server -- no-such-command
is "$status" 2 'a COMMAND that is not there: nothing decided'
has err "cannot run COMMAND 'no-such-command'" 'and it is named'
ro server -- sh -c 'exit 127'
is "$status $(json out .command.exit_status)" '1 127' 'a COMMAND that ends with 127 did run'
ro server -- sh -c 'test "$(cat /proc/$SEATRIAL_PID/comm)" = httpd'
is "$status" 0 'COMMAND knows the process'
ro server -- sh -c 'probe --wait 10s http://localhost:8080/owned-by-root && exec sleep 1' 2>/dev/null
is "$(json out '[.ready_ms > 0, .ready_ms < .command.ended_ms - 900, ([.timeline[] | select(.kind == "ready").time_ms] == [.ready_ms])] | tojson')" \
	'[true,true,true]' 'ready is when probe says so, not when COMMAND ends'
ro server -- sh -c 'probe --wait 10s http://localhost:8080/owned-by-root && exit 3' 2>/dev/null
is "$status $(json out '.ready_ms > 0')" '1 true' 'also of a COMMAND that fails later'
ro server -- sh -c 'echo "$NOTIFY_SOCKET"; exit 3' 2>/dev/null
is "$status $(json out .ready_ms)" '1 null' 'and never where nobody says so'

ro --log log --for 1s --cmd '["/bin/sh","-c","echo out; echo err >&2; sleep 1000"]' --grace 0s box
is "$(awk '{ print $2, $3, $4 }' log | sort | tr '\n' ';')" 'stderr F err;stdout F out;' '--log writes both streams'
is "$(json out '.log | map("\(.stream)=\(.text)") | sort | join(";")')" 'stderr=err;stdout=out' 'the document has them apart'
ro --cmd '["/bin/sh","-c","printf no-end"]' box
is "$(json out '.log[0].text')" no-end 'a last line without an end is kept'

# what the program finds
ro --env A=b --cmd 'echo $A $HOSTNAME $HOME $0 $$; hostname; pwd' box
is "$(json out '.log[0].text')" "b $(json out .hostname) /root /bin/sh 1" 'environment, and it is process 1'
is "$(json out '.log[1].text')" "$(json out .hostname)" 'its own host name'
ro --cmd 'mount' box
is "$(json out '[.log[].text | select(test(" on / "))][-1] | test("\\(ro")')" true 'the root is read-only'
is "$(json out '[.log[].text | select(test(" on /tmp "))] | length')" 0 '/tmp is no mount'
is "$(json out '[.log[].text | select(test("'"$T"'"))] | length')" 0 'no mount of this side is seen'

# interrupted, terminated, killed
for signal in INT TERM KILL; do
	ro-run --cache "$cache" box -- sleep "$long" >out 2>err &
	pid=$!
	for _ in $(seq 300); do
		pgrep -f "^sleep $long" >/dev/null && break
		sleep 0.1
	done
	kill -$signal "$pid"
	wait "$pid"
	status=$?
	if [ $signal = KILL ]; then
		# nobody waits for what ends with it
		for _ in $(seq 100); do
			pgrep -f "sleep $long|while :; do sleep $nap" >/dev/null || break
			sleep 0.1
		done
	else
		is "$status" 2 "SIG$signal: nothing decided"
		has err "SIG$signal" "SIG$signal is named"
	fi
	is "$(pgrep -f "sleep $long|while :; do sleep $nap" | wc -l)" 0 "SIG$signal: no process is left"
	is "$(grep -c "$cache" /proc/self/mountinfo)" 0 "SIG$signal: no mount is left"
done
ro --cmd '["/bin/true"]' box
is "$status" 0 'the cache is whole after all this'

# what belongs to subordinate ids is left: what is left is no image
rm -rf "$cache" 2>/dev/null
ro --cmd '["/bin/true"]' box
is "$status" 0 'a cache that was removed, or half of it'

# two at a time on a cold cache
run ro-run --clear-cache --cache "$cache"
is "$status $(find "$cache" | wc -l)" '0 1' '--clear-cache leaves nothing'
run ro-run --clear-cache --cache "$cache/none"
is "$status" 0 'where there is nothing, too'
expect_trouble 'runs no image' ro-run --clear-cache box
expect_trouble 'missing operand' ro-run
ro-run --cache "$cache" --cmd '["/bin/true"]' box >out1 2>&1 &
first=$!
ro-run --cache "$cache" --cmd '["/bin/true"]' box >out2 2>&1
second=$?
wait "$first"
is "$? $second" '0 0' 'two runs share a cold cache'
is "$(find "$cache/roots" -maxdepth 1 -mindepth 1 | wc -l)" 1 'and unpack once'

# killed while it unpacks
ro-run --clear-cache --cache "$cache"
mkdir big && head -c 200000000 /dev/zero >big/zeros
pack_layer big.tar big
PACK_CONFIG='{"Cmd":["/bin/true"]}' pack_image big.img box.tar big.tar
ro-run --cache "$cache" big.img >out 2>err &
pid=$!
sleep 0.15
kill -KILL "$pid" 2>/dev/null
wait "$pid" 2>/dev/null
ro big.img
is "$status" 0 'a run after one that was killed while unpacking'
is "$(find "$cache/roots" -name '*.new*' | wc -l)" 0 'and what that left is cleared away'

# ten roots are kept, those used last, and what is in use
ro-run --clear-cache --cache "$cache"
ro-run --cache "$cache" --for 60s box >out1 2>err1 &
long_run=$!
i=0
while [ $i -lt 12 ]; do
	mkdir -p one && echo $i >one/number && pack_layer one.tar one
	PACK_CONFIG='{"Cmd":["/bin/true"],"Env":["PATH=/bin"]}' pack_image one.$i box.tar one.tar
	ro-run --cache "$cache" one.$i >out2 2>err2 || diag "run $i: $(cat err2)"
	# it was used after the others
	[ $i -ne 8 ] || ro-run --cache "$cache" one.0 >out2 2>err2
	i=$((i + 1))
done
is "$(find "$cache/roots" -maxdepth 1 -mindepth 1 | wc -l)" 11 'ten roots are kept, and the one that is in use'
numbers=$(cat "$cache"/roots/*/root/number | sort -n | tr '\n' ' ')
is "$numbers" '0 3 4 5 6 7 8 9 10 11 ' 'those that were used last'
ro-run --cache "$cache" --cmd '["/bin/cat","/number"]' --for 5s one.1 >out2 2>err2
is "$(grep -c '^ *1$' out2)$(find "$cache/roots" -name '*.new*' | wc -l)" 10 'one that was removed is unpacked again, and nothing is half removed'
kill -TERM "$long_run"
wait "$long_run"
is "$(find "$cache/roots" -maxdepth 1 -mindepth 1 | wc -l)" 11 'the one in use stayed'

expect_trouble 'no such file' ro-run --cache "$cache" no-such-image
expect_trouble 'runs images that the engine has' ro-run --cache "$cache" --engine docker box
expect_trouble "no user 'nobody-here'" ro-run --cache "$cache" --user nobody-here box
expect_trouble "is no NAME=VALUE" ro-run --cache "$cache" --env x box
expect_trouble 'no absolute path' ro-run --cache "$cache" --tmpfs x box
expect_trouble "no COMMAND behind '--'" ro-run --cache "$cache" box --
box_image empty '{}'
expect_trouble 'neither entry point nor command' ro-run --cache "$cache" empty

done_testing
