#!/bin/sh
# The two engines of ro-run give the same verdict, the same exit status of the program and the same first path; where
# they cannot, the table here says so and why. The engine is a real Docker.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/rorun.sh"
. "$SRCDIR/t/lib/dockerd.sh"
. "$SRCDIR/t/lib/podmand.sh"
need_command mmdebstrap
need_command prove
OUT=$BUILDDIR/example
export OUT

box_root
box_image box '{"Cmd":["/bin/sh"],"User":"app","WorkingDir":"/home/app","Env":["PATH=/bin","HOME=/home/app"]}'
box_image volume '{"Cmd":["/bin/sh","-c","echo x >/data/new"],"Env":["PATH=/bin"],"Volumes":{"/data":{}}}'
box_image elsewhere '{"Cmd":["/bin/sh","-c","pwd; echo x >new"],"Env":["PATH=/bin"],"WorkingDir":"/made/by/the/engine"}'
box_image healthy '{"Cmd":["/bin/sleep","60"],"Env":["PATH=/bin"],
	"Healthcheck":{"Test":["CMD","true"],"Interval":1000000000,"Timeout":1000000000,"Retries":1}}'
dockerd_start
for image in box volume elsewhere healthy; do
	docker load -q -i $image >loaded && docker tag test:1 $image:1 || fail "docker loads $image"
done

# summary: what both engines must say alike. An engine tells 128 and the signal, as a shell does.
summary() {
	jq -c '[.verdict, .exit.code // .exit.signal + 128, .refused[0].path, .exit.early]' out
}

# both IMAGE OPTION...: runs it under each; `sandbox` and `docker` hold their summaries.
both() {
	image=$1
	shift
	ro "$@" $image
	sandbox="$status $(summary)"
	cp out sandbox.json
	run ro-run --json --engine docker "$@" docker-daemon:$image:1
	docker="$status $(summary)"
}

# agree NAME VERDICT IMAGE OPTION...
agree() {
	name=$1
	verdict=$2
	shift 2
	both "$@"
	is "$docker" "$sandbox" "$name: both say the same"
	is "$(json out .verdict)" "$verdict" "$name: $verdict"
	[ "$docker" = "$sandbox" ] || show_output
}

# differ NAME SANDBOX DOCKER IMAGE OPTION...: verdict and first path under each, which are known not to be the same.
differ() {
	name=$1
	in_sandbox=$2
	in_docker=$3
	shift 3
	both "$@"
	is "$(jq -r '"\(.verdict) \(.refused[0].path)"' sandbox.json)" "$in_sandbox" "$name: the sandbox"
	is "$(jq -r '"\(.verdict) \(.refused[0].path)"' out)" "$in_docker" "$name: Docker"
}

# script TEXT: the options that have the shell run it.
script() {
	printf '["/bin/sh","-c","%s"]' "$1"
}

agree 'it writes nothing' holds box --cmd "$(script 'cat /etc/passwd >/dev/null; echo fine')"
agree 'it writes to /' fails box --user 0 --cmd "$(script 'echo x >/new; exit 0')"
agree 'it writes to /tmp' fails box --cmd "$(script 'echo x >/tmp/new; exit 0')"
agree 'it writes to a tmpfs' holds box --tmpfs /tmp --cmd "$(script 'echo x >/tmp/new')"
agree 'it writes to its home' fails box --cmd "$(script 'mkdir $HOME/.cache; exit 0')"
agree 'it writes to a volume' holds volume
agree 'it changes what is there' fails box --cmd "$(script 'echo more >>/home/app/mine; exit 0')"
agree 'it removes what is there' fails box --cmd "$(script 'rm -f /home/app/mine; exit 0')"
agree 'it changes a mode' fails box --cmd "$(script 'chmod 700 /home/app/mine; exit 0')"
agree 'it writes where the engine has made its folder' fails elsewhere
agree 'a write that --allow covers' holds box --allow '/tmp/*' --cmd "$(script 'echo x >/tmp/new; exit 0')"
agree 'it writes, and fails for it' fails box --cmd "$(script 'echo x >/tmp/new')"
agree 'it ends early' fails box --for 20s --cmd "$(script 'exit 3')"
agree 'it ends with a status' fails box --cmd "$(script 'exit 3')"
agree 'it is ended by a signal' fails box --cmd "$(script 'kill -9 1; kill -USR1 $$; sleep 0.1; exit 9')"
agree 'it ends at SIGTERM' holds box --for 1s --cmd "$(script 'trap \"exit 0\" TERM; while :; do sleep 0.1; done')"
agree 'it ignores SIGTERM' holds box --for 1s --grace 1s --cmd "$(script 'trap : TERM; while :; do sleep 0.1; done')"
agree 'it runs until it is stopped' holds box --for 1s --user 0 --cmd "$(script 'while :; do sleep 0.1; done')"
agree 'there is no such program' fails box --entrypoint '["/nowhere"]'
agree 'it is no program' fails box --entrypoint '["/etc/passwd"]'
agree 'there is no such program on PATH' fails box --entrypoint '["nowhere"]'
agree 'a shell form that is no command' fails box --cmd 'nowhere'
for user in 0 root app 1000 4242 app:extra 1000:2000; do
	agree "user $user" holds box --user $user --cmd "$(script 'id; exit 0')"
	is "$(jq -r '.log[0].text' out)" "$(jq -r '.log[0].text' sandbox.json)" "user $user: the same ids"
done
agree 'its user is looked up' holds box --user app:extra --for 1s --cmd "$(script 'trap \"exit 0\" TERM; while :; do sleep 0.1; done')"
is "$(jq -c '[.user.uid, .user.gid]' out)" "$(jq -c '[.user.uid, .user.gid]' sandbox.json)" 'its user is looked up: and both report it'
for form in '["sh","-c","echo $0 $HOME"]' 'echo $0 $HOME' '["echo","$HOME"]'; do
	agree "the form $form" holds box --cmd "$form"
	is "$(jq -c '[.argv, [.log[].text]]' out)" "$(jq -c '[.argv, [.log[].text]]' sandbox.json)" "the form $form: runs alike"
done
agree 'its environment' holds box --env A=b --cmd "$(script 'echo $A $PATH $HOME; pwd')"
is "$(jq -c '[.log[].text]' out)" "$(jq -c '[.log[].text]' sandbox.json)" 'its environment: alike'

# What no engine shows who cannot see system calls.
differ 'it asks for the right to write' 'fails /home/app' 'holds null' box --cmd "$(script 'attempt access /home/app; exit 0')"
differ 'it may not write there anyway' 'fails /srv/owned-by-root' 'holds null' box \
	--cmd "$(script 'echo x >/srv/owned-by-root; exit 0')"
differ 'it makes and removes a file' 'fails /home/app/new' 'fails /home/app' box --cmd "$(script 'mkdir new; rmdir new; exit 0')"
agree 'it makes a file and changes another' fails box \
	--cmd "$(script 'cat mine >copy; cat copy >mine; exit 0')"

# Errors are one line, and leave nothing.
box_image none '{"Cmd":["/bin/sh"],"User":"nobody-here"}'
docker load -q -i none >loaded
expect_trouble 'nobody-here' ro-run --engine docker docker-daemon:test:1
expect_trouble 'no such image' ro-run --engine docker docker-daemon:nowhere:1
expect_trouble 'runs images that the engine has' ro-run --engine docker box
expect_trouble 'knows no such thing' ro-run --engine docker --read-only-path /x docker-daemon:box:1
expect_trouble 'nothing is traced' ro-run --engine docker --no-trace docker-daemon:box:1
expect_trouble "cannot run COMMAND 'nowhere'" ro-run --cmd '["sleep","60"]' docker-daemon:box:1 -- nowhere
expect_trouble 'no container engine' env DOCKER_HOST=unix:///nowhere.sock ro-run docker-daemon:box:1
expect_trouble 'has it for linux/amd64' ro-run --platform linux/s390x docker-daemon:box:1

# What it says
run ro-run docker-daemon:box:1 --cmd "$(script 'echo x >/tmp/new; exit 0')"
has out 'would write, were the root writable: 1 paths' 'the engine is the default for images that it has'
has out 'made  /tmp/new' 'with the path'
run ro-run --engine sandbox --cache "$cache" --cmd "$(script 'echo x >/tmp/new; exit 0')" docker-daemon:box:1
has out 'openat  /tmp/new  EROFS' 'the sandbox can be asked for'
run ro-run --json --engine docker --writable --cmd "$(script 'echo x >/tmp/new; rm mine; exit 0')" docker-daemon:box:1
is "$(jq -c '[.writes[] | [.what, .path]] | sort' out)" '[["deleted","/home/app/mine"],["made","/tmp/new"]]' '--writable tells what it writes'
run ro-run --json --for 4s --log log docker-daemon:healthy:1
is "$(json out .health)" healthy 'the health check is the engine'"'"'s'
is "$(jq '.peak_memory_bytes > 0 and .cpu_time_ms != null' out)" true 'with memory and processor time'
run ro-run --tap --cmd "$(script 'echo x >/tmp/new')" docker-daemon:box:1
is "$(grep -c '^not ok 1 - no write was refused' out)" 1 'TAP'
run ro-run --json --log log --cmd "$(script 'echo one; echo two >&2; printf three')" docker-daemon:box:1
is "$(jq -c '[.log[] | [.stream, .text]] | sort' out)" '[["stderr","two"],["stdout","one"],["stdout","three"]]' 'both streams are told apart'
is "$(cut -d' ' -f2- log | sort | tr '\n' ' ')" 'stderr F two stdout F one stdout F three ' 'and in the file, too'

# COMMAND is in the container's network, and no port is published.
run ro-run --json --cmd '["httpd","-f","-p","8080","-h","/srv"]' docker-daemon:box:1 -- \
	sh -c 'probe --wait 10s http://localhost:8080/owned-by-root && exec sleep 0.3'
is "$(jq -c '.ready_ms > 0 and .ready_ms < .command.ended_ms - 250' out)" true 'COMMAND tells when it is ready'
is "$(jq -c '[.verdict, .command.exit_status, .ports[0].port]' out)" '["holds",0,8080]' 'COMMAND reaches the program'
[ "$status" -eq 0 ] || show_output

# The example. The one before ends at its first refused write; in the writable run it goes on, and an engine's list
# has no times: so it is not the first of that list.
ok 'the example'"'"'s images are built' "$SRCDIR/examples/webhook/build-images" "$OUT"
for which in before after; do
	docker load -q -i "$OUT/$which.tar" >loaded
	name=$(sed -n 's/^Loaded image: //p' loaded)
	ro "$OUT/$which.tar" -- probe --wait 30s -j /status=healthy http://localhost:5000/health
	cp out sandbox.json
	sandbox="$status $(jq -c '[.verdict, .exit.code, .exit.early]' out)"
	run ro-run --json "docker-daemon:$name" -- probe --wait 30s -j /status=healthy http://localhost:5000/health
	is "$status $(jq -c '[.verdict, .exit.code, .exit.early]' out)" "$sandbox" \
		"the example $which: both say the same"
	is "$(jq -n --slurpfile a sandbox.json --slurpfile b out '[$a[0].refused[].path] - [$b[0].refused[].path] == []')" true \
		"the example $which: what the sandbox refused is what Docker lists"
	case $which-$status in
	before-1 | after-0) ;;
	*) show_output ;;
	esac
done
is "$sandbox $(jq -c '[.command.exit_status, (.refused | length)]' out)" '0 ["holds",0,false] [0,0]' 'the one after holds'
run seatrial -q -c "$SRCDIR/examples/webhook/seatrial.conf" -o report -s IMAGE=docker-daemon:webhook:after \
	-s BASELINE=docker-daemon:webhook:before 15.1 15.7 15.14 16.3
is "$status $(jq -c '.items | map_values(.status) | [.[]] | unique' report/metrics.json)" '0 ["ok"]' 'a trial of images that an engine has'
[ "$status" -eq 0 ] || show_output

# Interrupted, terminated, killed
for signal in INT TERM KILL; do
	ro-run --for 60s --grace 1s --cmd '["sleep","600"]' docker-daemon:box:1 >out 2>err &
	pid=$!
	for _ in $(seq 150); do
		[ "$(docker ps -q | wc -l)" -eq 2 ] && break
		sleep 0.2
	done
	is "$(docker ps -q | wc -l)" 2 "SIG$signal: two containers run"
	kill -$signal "$pid"
	wait "$pid"
	status=$?
	[ $signal = KILL ] && break
	is "$status" 2 "SIG$signal: nothing decided"
	has err "SIG$signal" "SIG$signal is named"
	is "$(docker ps -aq | wc -l)" 0 "SIG$signal: no container is left"
done
is "$(docker ps -aq | wc -l)" 2 'one that was killed cannot clear up'
run ro-run --cmd '["true"]' docker-daemon:box:1
is "$status $(docker ps -aq | wc -l)" '0 0' 'the next one does'
is "$(docker volume ls -q | wc -l)" 0 'no volume is left'

# The engine dies half-way
ro-run --for 60s --cmd '["sleep","600"]' docker-daemon:box:1 >out 2>err &
pid=$!
for _ in $(seq 150); do
	[ "$(docker ps -q | wc -l)" -eq 2 ] && break
	sleep 0.2
done
dockerd_crash
wait "$pid"
is "$?" 2 'an engine that dies: nothing decided'
is "$(wc -l <err) $(wc -c <out)" '1 0' 'one line, and no result'
has err 'engine' 'that names it'
dockerd_start
is "$(docker ps -aq | wc -l)" 2 'its containers are there when it is back'
run ro-run --cmd '["true"]' docker-daemon:box:1
is "$status $(docker ps -aq | wc -l)" '0 0' 'and the next run removes them'

# Podman, by the same interface.
podmand_start
podmand load -q -i box >loaded
podman_agrees() {
	ro $3 "$4" "$5" box
	sandbox="$status $(summary)"
	run ro-run --json $3 "$4" "$5" docker-daemon:localhost/test:1
	is "$status $(summary)" "$sandbox" "Podman: $1: both say the same"
	is "$(json out .verdict)" "$2" "Podman: $1: $2"
	[ "$status $(summary)" = "$sandbox" ] || show_output
}
podman_agrees 'it writes nothing' holds '' --cmd "$(script 'echo fine')"
podman_agrees 'it writes to /tmp' fails '' --cmd "$(script 'echo x >/tmp/new; exit 0')"
podman_agrees 'it writes to a tmpfs' holds '--tmpfs /tmp' --cmd "$(script 'echo x >/tmp/new')"
podman_agrees 'it ends with a status' fails '' --cmd "$(script 'exit 3')"
podman_agrees 'there is no such program' fails '' --entrypoint '["/nowhere"]'
podman_agrees 'it runs until it is stopped' holds '--for 1s --grace 1s' --cmd "$(script 'trap \"exit 0\" TERM; while :; do sleep 0.1; done')"
is "$(json out .health)" null 'Podman: there is no health check'
is "$(podmand ps -aq | wc -l)" 0 'Podman: no container is left'

done_testing
