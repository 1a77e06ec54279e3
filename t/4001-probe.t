#!/bin/sh
# probe against real servers on loopback.
. "${SRCDIR:-.}/t/lib/harness.sh"
need_command python3
need_command jq

python=$(command -v /usr/bin/python3 || command -v python3)
"$python" "$SRCDIR/t/lib/server.py" >port 2>server.err &
server=$!
at_exit="kill $server 2>/dev/null; wait $server 2>/dev/null; $at_exit"
until [ -s port ]; do sleep 0.05; done
base=http://127.0.0.1:$(cat port)

expect_status 0 probe "$base/status/200"
expect_status 0 probe "$base/status/204"
expect_status 1 probe "$base/status/404"
has out 'status 404' 'the status is told'
expect_status 1 probe "$base/redirect"
expect_status 0 probe -L "$base/redirect"
expect_status 0 probe --status 404 "$base/status/404"
expect_status 0 probe --status 200-299,404 "$base/status/404"
expect_status 1 probe --status 201 "$base/status/200"
expect_status 1 probe "$base/status/200" "$base/status/500"
has out "holds  $base/status/200" 'the one holds'
has out "FAILS  $base/status/500" 'the other fails, in the order of the operands'

expect_status 0 probe -j /status=healthy "$base/json"
expect_status 0 probe -j /n=7 -j /s=7 -j /list/0=1 -j '/list/1/a~1b=true' -j '/list/1/c~0d=null' "$base/json"
expect_status 1 probe -j /status=sick "$base/json"
has out "'/status' is \"healthy\", not sick" 'what is there is told'
expect_status 1 probe -j /none=1 "$base/json"
has out "the JSON has no '/none'" 'what is missing is told'
expect_status 1 probe -j /list/01=1 "$base/json"
expect_status 1 probe -j /n=7 "$base/status/200"
has out 'the body is no JSON' 'no JSON is told'
expect_status 0 probe --body '^status$' "$base/status/200"
expect_status 1 probe --body '^other' "$base/status/200"
expect_status 1 probe --body x "$base/big"
has out 'longer than' 'a body that is too long is not judged'
expect_status 0 probe "$base/big"
expect_status 1 probe "$base/half"
has out 'broke off' 'half a body is no answer'

expect_status 0 probe -d text -H 'X-Test: yes' -j /method=POST -j /body=text -j /headers/X-Test=yes "$base/echo"
printf 'from a file' >data
expect_status 0 probe -X PUT -d @data -j /method=PUT -j '/body=from a file' "$base/echo"
expect_status 0 probe -X HEAD "$base/status/200"

expect_status 1 probe --max-latency 50ms "$base/slow/0.3"
has out 'more than 50 ms' 'the limit is told'
expect_status 1 probe --time-out 100ms "$base/slow/5"
has out 'no HTTP response' 'a request that takes too long is no answer'

# waiting
expect_status 0 probe --wait 10s "$base/flaky/4"
run probe --json --wait 10s "$base/flaky/3"
is "$(jq -c '.urls[0] | [.holds, .status, .attempts]' out)" '[true,200,4]' 'a 503 may precede the 200'
expect_status 1 probe --wait 300ms "$base/status/503"
expect_status 1 probe --wait 300ms http://127.0.0.1:1/
has out 'no HTTP response' 'nobody there: said so, and no trouble'
expect_status 0 probe --wait 10s "$base/slow/0.2" "$base/flaky/2/x" "$base/status/200"
run probe --json --wait 20s "$base/slow/2/a" "$base/slow/2/b" "$base/slow/2/c"
is "$(jq '.elapsed_ms < 5900' out)" true 'all are asked at the same time'

# a server that accepts and says nothing, and one that talks nonsense
"$python" -c '
import os, socket, sys, threading, time
silent, noise = socket.socket(), socket.socket()
for s in silent, noise:
    s.bind(("127.0.0.1", 0)); s.listen(9)
print(silent.getsockname()[1], noise.getsockname()[1], flush=True)
kept = []
def talk():
    while True:
        c, _ = noise.accept(); c.sendall(b"SSH-2.0-x\r\n"); c.close()
threading.Thread(target=talk, daemon=True).start()
def hold():
    while True: kept.append(silent.accept())
threading.Thread(target=hold, daemon=True).start()
parent = os.getppid()
while os.getppid() == parent: time.sleep(0.2)
' >ports &
other=$!
at_exit="kill $other 2>/dev/null; wait $other 2>/dev/null; $at_exit"
until [ -s ports ]; do sleep 0.05; done
read -r silent noise <ports
expect_status 1 probe --time-out 300ms "http://127.0.0.1:$silent/"
expect_status 1 probe --wait 1s --time-out 200ms "http://127.0.0.1:$silent/"
expect_status 1 probe "http://127.0.0.1:$noise/"
has out 'no HTTP response' 'what is no HTTP is no answer'

# localhost may mean ::1 first
expect_status 0 probe "http://localhost:$(cat port)/status/200"

# the series
run probe --json --every 300ms --for 3s "$base/json"
is "$status" 0 'a steady endpoint'
is "$(jq -c '.urls[0].series | [.count >= 8, .count <= 10, .failures, .p50_ms <= .p95_ms, .p95_ms <= .max_ms]' out)" \
	'[true,true,0,true,true]' 'count, failures and percentiles'
is "$(jq -c '.urls[0] | [(.samples | length) == .series.count, (.samples | map(.latency_ms) | max) == .series.max_ms,
	all(.samples[]; .holds), (.samples | map(.time_ms) | . == sort), .samples[1].time_ms >= 150]' out)" '[true,true,true,true,true]' 'and every single answer'
run probe --tap --every 100ms --for 300ms "$base/json"
hasnt out samples 'which TAP goes without'
run probe --json --every 50ms --for 1s "$base/unsteady"
is "$status" 1 'an unsteady one'
is "$(jq -c '.urls[0] | [.holds, .series.failures >= 2, .series.first_failure]' out)" '[false,true,"status 500"]' 'is told with its failure'
is "$(jq -c '.urls[0] | [.samples[] | select(.holds | not)] | length' out)" "$(jq '.urls[0].series.failures' out)" 'and where it failed'
run probe --json -X HEAD --every 1ms --for 3s "$base/json"
is "$(jq -c '.urls[0] | (.samples | length) as $kept | [$kept == .series.count or ($kept >= 128 and .series.count > 256), $kept <= 256,
	(.samples | map(.time_ms) | . == sort), .samples[-1].time_ms > 1500]' out)" '[true,true,true,true]' 'of a long series some, evenly spread'
run probe --json --every 500ms --for 2500ms "$base/slow/0.05"
is "$(jq -c '.urls[0].series.count' out)" 5 'a slow answer does not shift the schedule'
run probe --json --wait 300ms --every 100ms --for 5s "$base/status/500"
is "$status $(jq -c '.urls[0].series, .elapsed_ms < 2000' out | tr '\n' ' ')" '1 null true ' 'no series where the wait fails'

run probe --json --every 1s --for 1200ms "$base/json"
is "$(jq -c '[.urls[0].series.count, .elapsed_ms >= 1200]' out)" '[2,true]' 'the period lasts as long as was asked'
sleep 1.2 &
run probe --pid $! --every 1s --for 30s --wait 1s "$base/json"
is "$status" 1 'a process that ends in the period'
has out 'ended while it was asked again' 'is told'
sleep 0.5 &
run probe --pid $! --every 10s --for 2s "$base/json"
is "$status" 1 'also when nobody is to be asked any more'

# a process that ends
sleep 0.3 &
run probe --pid $! --wait 20s "$base/status/503"
is "$status" 1 'the end of a process ends the wait'
has out 'ended while it was waited for' 'and is the reason'
expect_status 1 probe --pid 4194303 --wait 20s "$base/status/200"

# the other ways there
"$python" "$SRCDIR/t/lib/server.py" "$T/socket" >ready 2>&1 &
unix=$!
at_exit="kill $unix 2>/dev/null; wait $unix 2>/dev/null; $at_exit"
until [ -s ready ]; do sleep 0.05; done
expect_status 0 probe --unix-socket "$T/socket" -j /n=7 http://any/json
expect_status 0 probe --connect-to "app.example:80:127.0.0.1:$(cat port)" -j "/headers/Host=app.example" http://app.example/echo
if command -v openssl >/dev/null 2>&1; then
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost 2>/dev/null
	openssl s_server -quiet -accept 127.0.0.1:0 -key key.pem -cert cert.pem -www >tls 2>&1 &
	tls=$!
	at_exit="kill $tls 2>/dev/null; wait $tls 2>/dev/null; $at_exit"
	for _ in $(seq 100); do
		tls_port=$(ss -ltnpH 2>/dev/null | sed -n "s/.*127.0.0.1:\([0-9]*\) .*pid=$tls,.*/\1/p")
		[ -n "$tls_port" ] && break
		sleep 0.1
	done
	if [ -n "$tls_port" ]; then
		expect_status 1 probe "https://localhost:$tls_port/"
		has out 'no HTTP response' 'an unknown certificate is refused'
		expect_status 0 probe --ca-file cert.pem "https://localhost:$tls_port/"
		expect_status 0 probe --insecure "https://127.0.0.1:$tls_port/"
		expect_status 1 probe --ca-file cert.pem "https://127.0.0.1:$tls_port/"
	fi
fi

run probe --tap "$base/status/200" "$base/status/500"
has out "ok 1 - $base/status/200" 'TAP: the one'
has out "not ok 2 - $base/status/500" 'TAP: the other'
prove -e cat out >prove.out 2>&1
is $? 1 'prove sees the failure'
has prove.out 'Failed test:  2' 'and which it is'

expect_trouble 'no http or https URL' probe ftp://localhost/
expect_trouble 'no http or https URL' probe localhost:5000
expect_trouble 'no list of statuses' probe --status 20 "$base/"
expect_trouble 'no list of statuses' probe --status 300-200 "$base/"
expect_trouble 'no POINTER=VALUE' probe -j status=healthy "$base/"
expect_trouble 'no expression' probe --body '(' "$base/"
expect_trouble 'no duration' probe --wait soon "$base/"
expect_trouble 'no header' probe -H nonsense "$base/"
expect_trouble '--every needs --for' probe --every 1s "$base/"
expect_trouble 'no-such-file' probe -d @no-such-file "$base/"

done_testing
