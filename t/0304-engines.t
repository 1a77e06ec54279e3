#!/bin/sh
# Images in container engines: Docker's and Podman's, by each kind of name, and what becomes of an engine that
# fails. The engines are real ones; their faults are those of a proxy before them.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/registry.sh"
. "$SRCDIR/t/lib/dockerd.sh"
. "$SRCDIR/t/lib/podmand.sh"
. "$SRCDIR/t/lib/rorun.sh"

HOME=$T/home XDG_RUNTIME_DIR=$T/runtime
export HOME XDG_RUNTIME_DIR
unset REGISTRY_AUTH_FILE XDG_CONFIG_HOME http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy DOCKER_CERT_PATH
mkdir -p "$HOME" "$XDG_RUNTIME_DIR"

mkdir -p below/bin above
echo 'the secret below' >below/deleted
head -c 300000 /dev/urandom >below/noise
ln below/noise below/again
echo 'a needle here' >above/kept
: >above/.wh.deleted
pack_layer below.tar below
pack_layer above.tar above
pack_image image.tar below.tar above.tar below.tar
sed -i s/test:1/other:1/ pack/manifest.json
(cd pack && printf ' ' >>config.json && tar -cf - -- *) >other.tar
sed -i s/other:1/podmans:1/ pack/manifest.json
(cd pack && tar -cf - -- *) >podmans.tar
id=$(tar -xOf image.tar config.json | sha256sum | cut -d' ' -f1)
other_id=$(tar -xOf other.tar config.json | sha256sum | cut -d' ' -f1)

# document FILE: it without the image's name.
document() {
	jq 'del(.image.name)' "$1"
}

# same TITLE IMAGE [FILE]: measured and searched, it is what is in the file; and nothing of it is stored.
same() {
	for same_command in 'image-size --json --top 0' 'image-size --verify --json' \
		'layer-grep --json --path --content --config -E e[a-z]+' 'layer-grep --json --final *'; do
		set -f
		# shellcheck disable=SC2086
		run $same_command "${3:-image.tar}"
		document out >wanted
		# shellcheck disable=SC2086
		run env TMPDIR=/nowhere $same_command "$2"
		set +f
		if [ "$status" -eq 0 ] && [ ! -s err ] && document out >found && cmp -s wanted found; then
			pass "$1: $same_command"
		else
			fail "$1: $same_command"
			diag "exit status $status"
			[ ! -s err ] || show_output
			diff wanted found | head -n 20 | sed 's/^/#   /'
		fi
	done
}

# finds NAME IMAGE: layer-grep finds what is deleted.
finds() {
	run env TMPDIR=/nowhere layer-grep --content -F 'secret below' "$2"
	is "$status $(cat err)" '0 ' "$1"
}

dockerd_start
docker_host=$DOCKER_HOST
podmand_start "$XDG_RUNTIME_DIR/podman/podman.sock"
podman_host=$DOCKER_HOST
ok 'Podman takes an image' podmand load -q -i image.tar
DOCKER_HOST=$docker_host
ok 'Docker takes an image' docker load -q -i image.tar
ok 'and another one' docker load -q -i other.tar

# by every kind of name
for engine in Docker Podman; do
	[ "$engine" = Docker ] && DOCKER_HOST=$docker_host || DOCKER_HOST=$podman_host
	same "$engine, docker-daemon:NAME:TAG" docker-daemon:test:1
	same "$engine, docker-daemon:ALGORITHM:ID" "docker-daemon:sha256:$id"
	finds "$engine, a bare name" test:1
	finds "$engine, a bare ID" "sha256:$id"
	finds "$engine, an ID without its algorithm" "docker-daemon:$id"
	finds "$engine, the start of an ID" "docker-daemon:$(printf %.12s "$id")"
	expect_trouble "no such image in the engine at $DOCKER_HOST" image-size docker-daemon:test:2
	expect_trouble "no such image in the engine at $DOCKER_HOST" image-size docker-daemon:nowhere
	expect_trouble "no such image in the engine at $DOCKER_HOST" layer-grep x "docker-daemon:sha256:$(printf x | sha256sum | cut -c-64)"
	expect_trouble 'there is no image for linux/s390x, but: linux/amd64' image-size --platform linux/s390x docker-daemon:test:1
	run image-size --json docker-daemon:test:1
	is "$(jq -c '[.image.manifest_digest, .image.index_digest, .compressed_bytes, .layers_read]' out)" '[null,null,null,true]' \
		"$engine: what an engine does not tell is not known"
done
run image-size --json --baseline docker-daemon:test:1 docker-daemon:test:1
is "$status $(jq .change.reduction_percent out)" '0 0' 'two exports in one run'
run image-size --json --baseline image.tar --min-reduction 0% test:1
is "$status" 0 'an export against a file'

DOCKER_HOST=$docker_host
same 'the name of another image' docker-daemon:other:1 other.tar
expect_trouble 'no image ID' image-size "docker-daemon:sha256:$(printf %.12s "$id")"
expect_trouble 'no image reference' image-size docker-daemon:UPPER
expect_trouble 'names no image' image-size docker-daemon:
expect_trouble "no such file, and no such image in the engine at $DOCKER_HOST" image-size "sha256:$(printf x | sha256sum | cut -c-64)"
DOCKER_HOST=$podman_host
podman_digest=$(podmand image inspect -f '{{.Digest}}' test:1)
finds 'Podman, by digest' "docker-daemon:localhost/test@$podman_digest"
finds 'Podman, by tag and digest' "docker-daemon:localhost/test:remark@$podman_digest"
DOCKER_HOST=$docker_host
same_size=$(docker image inspect -f '{{.Size}}' test:1)
run image-size --json docker-daemon:test:1
if grep -q 'Native Overlay Diff: true' "$dockerd_dir/info"; then
	is "$(jq .content_bytes out)" "$same_size" "the content is Docker's Size"
else
	skip "the content is Docker's Size" 'the overlay2 driver cannot use native diffs here'
fi

# the sandbox wants the layers in their order: the export is kept until it is unpacked, and not longer
box_root
box_image box.tar '{"Cmd":["sh","-c","touch /refused; exec sleep 60"]}'
sed -i s/test:1/box:1/ pack/manifest.json && (cd pack && tar -cf - -- *) >box.tar
ok 'Docker takes an image that runs' docker load -q -i box.tar
mkdir spool
run ro-run --json --cache "$cache" --for 300ms box.tar
cp out wanted
rm -rf "$cache"
run env TMPDIR="$T/spool" ro-run --json --cache "$cache" --engine sandbox --for 300ms docker-daemon:box:1
is "$status $(jq -c '[.image.id, .verdict, [.refused[].path]]' out)" "1 $(jq -c '[.image.id, .verdict, [.refused[].path]]' wanted)" \
	"ro-run: the engine's image in the sandbox"
is "$(jq -r '.verdict' wanted)$(find spool -type f)" fails 'and nothing of it is left'
expect_trouble "cannot make a temporary file in '/nowhere'" \
	env TMPDIR=/nowhere ro-run --cache "$T/other-cache" --engine sandbox docker-daemon:box:1
expect_trouble "no such image in the engine at $DOCKER_HOST" ro-run --cache "$cache" --engine sandbox docker-daemon:nowhere

# a file, then an engine, then a registry
registry_start
registry_push docker-archive:image.tar team/app:1
digest=$(registry_curl /v2/team/app/manifests/1 -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
	-D headers -o manifest && sed -n 's/^docker-content-digest: \([^[:cntrl:]]*\).*/\1/ip' headers)
registry_forget
expect_trouble "no such file, no such image in the engine at $DOCKER_HOST, and as an image in a registry: " \
	image-size "$REGISTRY/team/app:2"
is "$(registry_requests | cut -d' ' -f1-3)" 'GET /v2/team/app/manifests/2 404' 'a name that no engine has is asked for in the registry'
finds 'a bare name that the registry has' "$REGISTRY/team/app:1"
ok 'Docker pulls from the registry' docker pull -q "$REGISTRY/team/app:1"
registry_forget
same 'a bare name that the engine has' "$REGISTRY/team/app:1"
finds 'by digest' "$REGISTRY/team/app@$digest"
finds 'by tag and digest' "docker-daemon:$REGISTRY/team/app:remark@$digest"
is "$(registry_requests)" '' 'the registry is not asked for what the engine has'
cp other.tar test:1
run image-size --json test:1
is "$(jq -r .image.id out)" "sha256:$other_id" 'a file of that name comes before the engine'
rm test:1
same 'where no engine is, the registry is asked' "docker-daemon:$REGISTRY/team/app:1"
DOCKER_HOST=unix://$T/no-socket
finds 'a registry is asked where no engine is' "$REGISTRY/team/app:1"
expect_trouble "no such file, no container engine there: unix://$T/no-socket: No such file or directory, and as an image in a registry: " \
	image-size "$REGISTRY/team/app:2"

# which engine
unset DOCKER_HOST
ok 'an image for Podman alone' podmand load -q -i podmans.tar
# with_sockets COMMAND...: where SOCKET, if any, is at the place of Docker's, and nothing else of this machine's.
cat >with-sockets <<'END'
#!/bin/sh
mount -t tmpfs none /run || exit 99
[ -z "$SOCKET" ] || ln -s "$SOCKET" /run/docker.sock
exec "$@"
END
chmod +x with-sockets
with_sockets() {
	unshare -m "$T/with-sockets" "$@"
}
if unshare -m ./with-sockets test /var/run/ -ef /run 2>/dev/null; then
	SOCKET=
	export SOCKET
	run with_sockets layer-grep --content -F 'secret below' docker-daemon:podmans:1
	is "$status $(cat err)" '0 ' "Podman's socket is found"
	expect_trouble "no such image in the engine at $podman_host" with_sockets image-size docker-daemon:other:1
	XDG_RUNTIME_DIR=$T expect_trouble 'no container engine is running; start one, or set DOCKER_HOST' \
		with_sockets image-size docker-daemon:test:1
	XDG_RUNTIME_DIR=$T expect_trouble 'no such file, no container engine is running, and as an image in a registry: ' \
		with_sockets image-size "$REGISTRY/team/app:2"
	SOCKET=${docker_host#unix://}
	run with_sockets layer-grep --content -F 'secret below' docker-daemon:other:1
	is "$status $(cat err)" '0 ' "Docker's socket is found"
	run with_sockets layer-grep --content -F 'secret below' docker-daemon:podmans:1
	is "$status $(cat err)" '0 ' 'an engine that does not have it is not the last'
	expect_trouble "no such image in the engine at unix:///var/run/docker.sock, $podman_host" \
		with_sockets image-size docker-daemon:nobodys
else
	skip 'the usual sockets' 'no mount name space can be made here'
fi
mkdir -p "$DOCKER_CONFIG/contexts/meta/$(printf here | sha256sum | cut -c-64)"
jq -n --arg host "$docker_host" '{Name: "here", Endpoints: {docker: {Host: $host}}}' \
	>"$DOCKER_CONFIG/contexts/meta/$(printf here | sha256sum | cut -c-64)/meta.json"
run env DOCKER_CONTEXT=here layer-grep --content -F 'secret below' docker-daemon:other:1
is "$status $(cat err)" '0 ' "docker's context says where the engine is"
expect_trouble "docker's context 'gone' is not there" env DOCKER_CONTEXT=gone image-size docker-daemon:other:1

# an engine that fails
expect_trouble 'no container engine there: unix:///nowhere: No such file or directory' \
	env DOCKER_HOST=unix:///nowhere image-size docker-daemon:test:1
expect_trouble 'Failed to connect' env DOCKER_HOST=tcp://127.0.0.1:1 image-size docker-daemon:test:1
expect_trouble 'is no address of an engine' env DOCKER_HOST=nonsense image-size docker-daemon:test:1
expect_trouble 'is no address of an engine' env DOCKER_HOST=nonsense image-size test:1
# this user is no member of the group that may ask Docker
if command -v setpriv >/dev/null 2>&1; then
	chmod 755 "$T"
	chmod 711 "$dockerd_dir"
	# the one that was built may lie where nobody else can read it
	cp "$(command -v image-size)" image-size.copy && chmod 755 image-size.copy
	expect_trouble 'docker.sock: Permission denied' setpriv --reuid=65534 --regid=65534 --clear-groups \
		env "DOCKER_HOST=$docker_host" "$T/image-size.copy" docker-daemon:test:1
else
	skip 'a socket that may not be used' 'setpriv is not installed'
fi

# trouble_with SCENARIO TEXT COMMAND...: of an engine behind a proxy.
trouble_with() {
	trouble_scenario=$1
	trouble_text=$2
	shift 2
	# shellcheck disable=SC2086
	faults_start --before "$docker_host" $trouble_scenario
	expect_trouble "$trouble_text" env "DOCKER_HOST=tcp://$FAULTS" "$@" docker-daemon:test:1
}
faults_start --before "$docker_host" --on none never
DOCKER_HOST=tcp://$FAULTS
export DOCKER_HOST
same 'an engine by TCP' docker-daemon:test:1
for cut in 0 100 1000 5000 100000 300000; do
	trouble_with "cut=$cut,9" 'the engine broke off' image-size
	trouble_with "cut-quietly=$cut,9" 'docker-daemon:test:1: ' layer-grep --content secret
	trouble_with "give-up=$cut" 'the engine gave up the export: layer does not exist' image-size --json
done
trouble_with '--on /get$ status=500' 'GET /images/sha256:' image-size
trouble_with '--on /get$ drop' 'no answer from the engine' image-size
trouble_with '--on /json$ status=500' '/json: HTTP status 500' image-size
trouble_with '--on /json$ drop' 'no answer from the engine' image-size
trouble_with 'status=500' 'HTTP status 500' image-size
trouble_with drop 'no answer from the engine' image-size
faults_start --before "$docker_host" '--on' '/json$' status=500
expect_trouble 'HTTP status 500' env "DOCKER_HOST=tcp://$FAULTS" image-size test:1

done_testing
