#!/bin/sh
# What logs of builds say: real ones of Docker's two builders and of Podman, first and second build, and forms that
# newer builders have.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/dockerd.sh"
need_command jq
need_command busybox

cat >read.pl <<'EOP'
	my $log = TrialBuild::build_log(do { local $/; <STDIN> });
	print join(' ', $log->{builder} // 'none', $log->{steps}, $log->{reused}, scalar @{ $log->{warnings} }), "\n";
	print "$_\n" for @{ $log->{warnings} };
EOP
log_says() {
	PERL5LIB=$SRCDIR/t/lib perl -MTrialBuild read.pl
}

mkdir project
cp "$(command -v busybox)" project/busybox
echo one >project/file
cat >project/Dockerfile <<'END'
FROM scratch AS builder
COPY busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "echo WARNING: this is one; echo warnings.py -Wno-warnings 0 warnings"]
FROM scratch
COPY busybox /bin/other
COPY --from=builder /bin/busybox /bin/sh
COPY file /file
END

dockerd_start
# newer command lines need a plug-in for BuildKit, which Debian's has built in
docker=docker
[ ! -x /usr/bin/docker ] || docker=/usr/bin/docker
DOCKER_BUILDKIT=0 "$docker" build --network none -t app project >classic1 2>&1
is "$(log_says <classic1 | head -n 1)" 'Docker 5 0 1' "Docker's classic builder: nothing to reuse yet" || cat classic1
DOCKER_BUILDKIT=0 "$docker" build --network none -t app project >classic2 2>&1
# which prints what a step said only when it runs it
is "$(log_says <classic2)" 'Docker 5 5 0' 'and all of it the second time'
echo two >project/file
DOCKER_BUILDKIT=0 "$docker" build --network none -t app project >classic3 2>&1
is "$(log_says <classic3)" 'Docker 5 4 0' 'and all but one step where a file is another'
DOCKER_BUILDKIT=1 "$docker" build --network none --progress=plain -t app project >kit1 2>&1
is "$(log_says <kit1 | head -n 1)" 'BuildKit 5 0 1' 'BuildKit: the first build' || cat kit1
has kit1 'WARNING: this is one' 'with what a step said'
DOCKER_BUILDKIT=1 "$docker" build --network none --progress=plain -t app project >kit2 2>&1
is "$(log_says <kit2)" 'BuildKit 5 5 0' 'and the second' || cat kit2
echo three >project/file
DOCKER_BUILDKIT=1 "$docker" build --network none --progress=plain -t app project >kit3 2>&1
is "$(log_says <kit3)" 'BuildKit 5 4 0' 'and one with a file that is another'

podman_build() {
	podman --root "$T/podman" --runroot "$T/podman-run" --storage-driver vfs --cgroup-manager cgroupfs build --isolation chroot \
		--layers -t app project
}
at_exit="podman --root '$T/podman' --runroot '$T/podman-run' --storage-driver vfs unshare true >/dev/null 2>&1; $at_exit"
command -v podman >/dev/null 2>&1
need podman 'podman is not installed'
podman_build >buildah1 2>&1
is "$(log_says <buildah1 | head -n 1)" 'Buildah 5 0 1' 'Buildah: the first build' || cat buildah1
podman_build >buildah2 2>&1
is "$(log_says <buildah2)" 'Buildah 5 5 0' 'and the second' || cat buildah2

# newer forms
cat >newer <<'END'
#0 building with "default" instance using docker driver
#1 [internal] load build definition from Dockerfile
#1 WARN: FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 1)
#1 DONE 0.0s
#5 [build 1/3] FROM example.com/base:1@sha256:00
#5 CACHED
#6 [build 2/3] RUN make
#7 [final 2/2] COPY --from=build /a /a
#6 CACHED
#6 [build 2/3] RUN make
#8 [build 3/3] RUN npm ci
#8 0.412 npm warn deprecated left-pad@1.0.0
#8 0.413 src/a.c:3:5: warning: unused variable 'x'
#8 0.500 build finished, 0 warnings
#8 DONE 0.6s
#7 DONE 0.1s

 1 warning found (use docker --debug to expand):
 - FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 1)
END
is "$(log_says <newer)" "BuildKit 3 1 3
#1 WARN: FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 1)
#8 0.412 npm warn deprecated left-pad@1.0.0
#8 0.413 src/a.c:3:5: warning: unused variable 'x'" "steps that take turns, and BuildKit's own warnings, which it says twice"
is "$(grep -v WARN <newer | log_says | tail -n 1)" "FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 1)" 'or once'
printf '[1/2] STEP 1/2: FROM a AS b\n[1/2] STEP 2/2: RUN c\n--> Cache pulled from remote host/cache:0123\n[2/2] STEP 1/2: FROM b\n[2/2] STEP 2/2: COPY d e\n--> Using cache 0123\n' >pulled
is "$(log_says <pulled)" 'Buildah 2 2 0' 'steps from a cache in a registry'
short=$(printf 'a stage is not used' | base64)
said=$(printf 'fine\nWARNING: not fine\n' | base64)
cat >raw <<END
{"vertexes":[{"digest":"sha256:a","name":"[build 1/2] FROM scratch","started":"2026-01-01T00:00:00Z"}]}
{"vertexes":[{"digest":"sha256:b","name":"[build 2/2] RUN make","started":"2026-01-01T00:00:00Z"}]}
{"vertexes":[{"digest":"sha256:b","name":"[build 2/2] RUN make","cached":true}],"warnings":[{"vertex":"sha256:b","level":1,"short":"$short"}]}
{"vertexes":[{"digest":"sha256:c","name":"[final 2/2] COPY a b"}],"logs":[{"vertex":"sha256:c","stream":2,"data":"$said"}]}
END
is "$(log_says <raw)" 'BuildKit 2 1 2
a stage is not used
WARNING: not fine' 'rawjson'
printf '\033[1mSTEP 1/2: FROM a\033[0m\r\nSTEP 2/2: RUN b\r\n--> Using cache 0123\r\n' >coloured
is "$(log_says <coloured)" 'Buildah 1 1 0' 'colours and ends of lines of a terminal'
is "$(printf 'make: done\n' | log_says)" 'none 0 0 0' 'what is no log of a build is none'
is "$(printf 'WARN[0001] a base is old\ntime="x" level=warning msg="y"\n' | log_says | head -n 1)" 'none 0 0 2' 'though it may warn'

# the items
cat >seatrial.conf <<'END'
IMAGE=no-image
BUILD_COMMAND='cat kit1'
REBUILD_COMMAND='cat kit2'
END
run seatrial -q 18.1 18.24
is "$(jq -r '.items["18.24"].found' seatrial-report/metrics.json)" '5 of 5 steps reused, by BuildKit' '18.24 counts'
is "$(jq -r '.items["18.1"] | "\(.status) \(.values.warnings | length)"' seatrial-report/metrics.json)" 'fail 1' '18.1 counts the warnings'
is "$(jq -r '.items["18.1"] | .values.warnings[0] as $first | .found | endswith(": " + $first)' seatrial-report/metrics.json)" true 'and names the first'
run seatrial -q -s REBUILD_COMMAND=true 18.24
is "$(jq -r '.items["18.24"].status' seatrial-report/metrics.json)" fail 'no steps are no pass'
run seatrial -q -s REBUILD_COMMAND=true -s REBUILD_LOG=kit1 18.24
is "$(jq -r '.items["18.24"].status' seatrial-report/metrics.json)" fail 'nor is a build that reuses nothing, read from its log'
for broken in BUILD_COMMAND BASELINE_BUILD_COMMAND REBUILD_COMMAND SECOND_BUILD_COMMAND; do
	case $broken in BUILD* | BASELINE*) item=18.1 ;; REBUILD*) item=18.24 ;; *) item=18.25 ;; esac
	run seatrial -q -s BUILD_COMMAND=true -s SECOND_IMAGE=x -s "$broken=echo no disk; exit 9" $item
	is "$status $(jq -c --arg item $item '.items[$item] | [.status, (.found | test("ended with status 9$")), .values.last_lines]' seatrial-report/metrics.json)" \
		'1 ["fail",true,["no disk"]]' "a $broken that fails is no build, and its last words are told"
done

done_testing
