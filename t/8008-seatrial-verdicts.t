#!/bin/sh
# Verdicts at their edges: what was not looked at does not hold, and what changes later is seen.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/trial.sh"

box_root
mkdir -p root/www/cgi-bin && echo '{"status":"healthy"}' >root/www/health
# the fourth answer and those after it are others
cat >root/www/cgi-bin/health <<'END'
#!/bin/sh
read n </tmp/n || n=0
echo $((n + 1)) >/tmp/n
status=healthy
[ $n -lt 3 ] || case $MODE in slow) sleep 1 ;; sick) status=unhealthy ;; esac
printf 'Content-Type: application/json\r\n\r\n{"status":"%s"}\n' $status
END
chmod +x root/www/cgi-bin/health
web_image app.tar
cat >seatrial.conf <<'END'
IMAGE=app.tar
READY_PATH=
LIVE_PATH=
STABILITY_PERIOD=2s
STABILITY_EVERY=100ms
INTEGRATION_PERIOD=2s
START_PERIOD=300ms
READY_LIMIT=60s
LATENCY_LIMIT=5s
END

# more attempts than a list has
web_image many.tar '' 'i=0; while [ $i -lt 2600 ]; do echo >/srv/a/$i; i=$((i + 1)); done; mkdir /home/app/.cache; '
run seatrial -q -s IMAGE=many.tar -s 'ALLOW=/srv/a/*' 15.7 15.11 18.11
is "$(found 15.7 | cut -c 1-61)" 'fail: 1 refused: none of which is among the first that ro-run' '15.7: a refused write behind those that are listed'
is "$(found 15.11)" 'fail: more attempts to write than ro-run lists: what the rest is is not known' '15.11: nor is it known what it was'
is "$(found 18.11 | cut -d, -f3)" ' 1 refused write' '18.11: it counts'

# a cache where it may be written
web_image cache.tar '' 'mkdir -p /home/app/.cache/uv; '
decides 'a cache on a tmpfs' 15.11 'fail: mkdir tried mkdir /home/app/.cache' -s IMAGE=cache.tar -s TMPFS=/home/app

# what changes while it runs
run seatrial -q -s HEALTH_PATH=/cgi-bin/health -s TMPFS=/tmp -s RUN_ENV=MODE=sick 15.12 18.5 18.12
is "$(found 15.12 | sed 's/.*, //') $(found 18.5 | cut -d: -f1) $(found 18.12)" '1 endpoint unsteady ok fail: 1 of 1 endpoint unsteady over 2s' 'a service that gets sick'
run seatrial -q -s HEALTH_PATH=/cgi-bin/health -s TMPFS=/tmp -s RUN_ENV=MODE=slow -s LATENCY_LIMIT=500ms 18.8 18.12
is "$(found 18.8 | cut -d. -f1 | cut -d' ' -f1-2) $(found 18.12 | cut -d: -f1)" 'fail: slowest fail' 'one that gets slow'
run seatrial -q -s HEALTH_PATH=/cgi-bin/health -s TMPFS=/tmp 15.12 18.8 18.12
is "$(jq -r '[.items[].status] | unique | join(" ")' seatrial-report/metrics.json)" ok 'and one that does neither'

# nobody outside reaches it
box_image lo.tar '{"Cmd":["/bin/sh","-c","trap \"kill $!; exit 0\" TERM; httpd -f -p 127.0.0.1:5000 -h /www & wait"],"Env":["PATH=/bin"],"User":"1000","ExposedPorts":{"5000/tcp":{}}}'
decides 'a service on loopback' 18.22 'fail: 5000 is listened on at 127.0.0.1 only: nobody outside the container reaches it' -s IMAGE=lo.tar
box_image exec.tar '{"Cmd":["/bin/httpd","-f","-p","5000","-h","/www"],"Env":["PATH=/bin"],"User":"1000"}'
decides 'a package manager in the image'"'"'s place' 18.19 "fail: the run is started by 'uv': RUN_CMD or RUN_ENTRYPOINT" -s IMAGE=exec.tar -s 'RUN_CMD=["uv","run","x"]'

# what needs an answer first
decides 'secrets without a health endpoint' 18.7 'skip: no HEALTH_PATH, READY_PATH or LIVE_PATH in the settings' -s HEALTH_PATH= -s SECRETS_PATH=/health
decides 'a body that is not demanded' 18.5 'ok: status 200; no HEALTH_JSON in the settings demands a body' -s HEALTH_JSON=

# a health check in the endpoints' place
web_image well.tar '"Healthcheck":{"Test":["CMD","/bin/true"],"Interval":300000000}'
run seatrial -q -s IMAGE=well.tar -s HEALTH_PATH= 18.4 18.12
is "$(found 18.4 | sed 's/after .* at/after TIME at/') $(found 18.12 | sed 's/of [0-9]*/of N/')" \
	'ok: healthy by its health check after TIME at the most ok: 0 of N health checks failed over 2s' 'an image that only its health check can tell of'
web_image ill.tar '"Healthcheck":{"Test":["CMD","/bin/false"],"Interval":300000000}'
run seatrial -q -s IMAGE=ill.tar -s HEALTH_PATH= 18.4 18.12
is "$(found 18.4) $(found 18.12)" 'fail: its health check never said that it is healthy fail: its health check never said that it is healthy' 'one that is never healthy'
decides 'an image that nothing tells of' 18.4 'skip: no HEALTH_PATH, READY_PATH or LIVE_PATH in the settings, and the image has no health check' -s HEALTH_PATH=

# gates of which some are open
run seatrial -q -s DOCKERFILE= 15 16 17 18.30
is "$(found 18.30 | sed 's/[0-9]* items decided/N items decided/; s/15.5.*/.../')" 'skip: N items decided, none failed; not decided: ...' '18.30: gates that nobody decided'
[ "$status" -eq 0 ] || show_output

# lists without an entry, settings without a value
decides 'no target' 17.7 'skip: MAKE_TARGETS names none' -s 'MAKE_TARGETS= '
decides 'no check' 18.29 'skip: DEPLOYMENT_CHECKS names none' -s 'DEPLOYMENT_CHECKS=
'
for name in STABILITY_PERIOD GRACE VULNERABILITY_SEVERITIES RULES_BUILD_TOOLS; do
	expect_trouble "$name: it cannot be empty; the default is '" seatrial -q -s "$name=" 15.1
done
expect_trouble "HEALTH_STATUS: '404' is no status of an answer that is healthy" seatrial -q -s HEALTH_STATUS=404 15.1

# what a Dockerfile silences
printf '# image-lint: ignore=single-stage "one is enough"\nFROM scratch\nCOPY . .\nRUN ./install-deps.sh\nUSER 1000\nCMD ["/x"]\n' >Dockerfile
run seatrial -q -s DOCKERFILE=Dockerfile 18.18 18.23
is "$(found 18.18 | cut -c 1-31)" 'skip: silenced in Dockerfile:2:' '18.18: what a comment silences'
is "$(found 18.23)" "skip: no instruction is known to install what the project's files name" '18.23: what nobody knows'

# a second build that is none
printf '#5 [2/2] RUN make\n#5 CACHED\n' >cached
decides 'a second build from a cache' 18.25 "skip: the same image, but 1 of the second build's steps came from a cache" -s SECOND_IMAGE=second.tar -s 'SECOND_BUILD_COMMAND=cp app.tar second.tar; cat cached'
decides 'a mere copy' 18.25 'skip: the same image, but no SECOND_BUILD_COMMAND shows that it was built twice' -s SECOND_IMAGE=second.tar
decides 'the image by another name' 18.25 "fail: SECOND_IMAGE is the image itself: 'docker-archive:./app.tar'" -s SECOND_IMAGE=docker-archive:./app.tar

# layers that no history names
pack_image unnamed.tar box.tar
sed -i 's/RUN step 0//' pack/config.json
(cd pack && tar -cf ../unnamed.tar -- *)
run seatrial -q -s BASELINE=unnamed.tar 16.5
is "$(found 16.5 | sed 's/, [0-9.]* MB$//')" 'fail: the history of the baseline does not say what made layer 0' '16.5: a layer without an instruction'
decides 'layers of one image only' 16.4 'skip: 1 layer; no BASELINE to compare with'

done_testing
