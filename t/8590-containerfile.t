#!/bin/sh
# The Containerfile, built in a Docker daemon on a bare Debian 12, which proves ./bootstrap install on one, too; the image
# does what docs/ci.md says of it. make check-containerfile runs it, and so does CI.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/dockerd.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/rorun.sh"
need_command mmdebstrap
need_root
dockerd_start

# --- a bare Debian ---

# There may be no registry: the base is assembled from apt's own sources, which it keeps for the build.
codename=bookworm
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
apt-get update -q >update.log 2>&1
apt-get indextargets --format "\$(CODENAME) deb [signed-by=$keyring] \$(REPO_URI) \$(RELEASE) \$(COMPONENT)" \
	'Created-By: Packages' 'Origin: Debian' 2>/dev/null |
	awk -v release=$codename '$1 == release || index($1, release "-") == 1 { sub(/^[^ ]* /, ""); print }' | sort -u >sources.list
[ -s sources.list ]
need debian "apt knows no sources of Debian $codename"
apt-config dump | grep -E '^Acquire::(Check-|http|https|Retries|ForceIPv)' >apt.conf || :
# In a process group of its own: mmdebstrap hangs up its whole group when it fails.
ok 'a bare Debian is assembled' setsid --wait mmdebstrap --quiet --variant=minbase --aptopt=apt.conf \
	--customize-hook="cp '$T/apt.conf' \"\$1/etc/apt/apt.conf.d/build\"" $codename base.tar - <sources.list
ok 'and known to the daemon' docker import base.tar base:12
[ "$tests_failed" -eq 0 ] || done_testing

# --- the build ---

# with the builder that every docker has
run env DOCKER_BUILDKIT=0 docker build --network host --build-arg BASE=base:12 --tag seatrial --file "$SRCDIR/Containerfile" "$SRCDIR"
is "$status" 0 'the image builds'
cat out err >log
[ "$status" -eq 0 ] || {
	tail -n 30 log | sed 's/^/# /'
	done_testing
}
has log 'bootstrap: installing:' 'on a Debian that lacks what it is built with'
is "$(grep 'bootstrap: installing:' log | grep -cwE 'docker.io|podman|docker-registry|skopeo')" 0 'no engine is among that'

# --- what it carries ---

in_image() { run docker run --rm --network none "$@"; }
for program in $PROGRAMS seatrial; do
	in_image seatrial "$program" --version
	is "$status $(cat out)" "0 $("$program" --version)" "$program runs"
done
in_image seatrial
is "$status $(head -n 1 out)" "0 $(seatrial --help | head -n 1)" 'by itself it tells how it is used'
in_image seatrial sh -c 'id -u; command -v gcc make autoconf setcap; ls /usr/include/*.h /src 2>/dev/null'
is "$(cat out)" 1000 'an ordinary user, and nothing of the build'
docker save seatrial >seatrial.tar
run layer-grep --deny --rules build-tools seatrial.tar
is "$status" 0 'no layer has build tools'
[ "$status" -eq 0 ] || show_output
# the Containerfile has its reason
run image-lint --disable no-healthcheck seatrial.tar
is "$status" 0 'image-lint finds nothing in the image'
[ "$status" -eq 0 ] || show_output
# shellcheck disable=SC2016
is "$(docker image inspect -f '{{index .Config.Labels "org.opencontainers.image.version"}}' seatrial)" "$(seatrial --version | sed 's/.* //')" 'its label names the version'

# --- what needs nothing ---

mkdir -p work/service
box_root
mkdir -p root/www/health && echo '{"status":"healthy"}' >root/www/health/index.html
# shellcheck disable=SC2016
config='{"Cmd":["/bin/sh","-c","trap \"kill $!; exit 0\" TERM; httpd -f -p 5000 -h /www & wait"],"Env":["PATH=/bin"],"User":"1000","ExposedPorts":{"5000/tcp":{}}}'
box_image work/app.tar "$config"
chown -R 1000:1000 work
docker run --rm -i --network none seatrial image-size --json - <work/app.tar >out 2>err
is "$? $(jq .content_bytes out)" "0 $(image-size --json work/app.tar | jq .content_bytes)" 'image-size of standard input'
cp "$SRCDIR/Containerfile" work/Dockerfile
in_image --volume "$PWD/work:/work" seatrial image-lint Dockerfile
is "$status" 1 'image-lint of a folder, without its .dockerignore'
has out '[no-dockerignore]' 'which it finds'

# --- what makes namespaces ---

flags=$(sed -n 's/^ *docker run --rm \(--security-opt .*[^ ]\) *\\$/\1/p' "$SRCDIR/docs/ci.md")
root_flags=$(sed -n 's/.*`\(--user 0 --cap-add .*\)`.*/\1/p' "$SRCDIR/docs/ci.md")
is "${flags:+flags} ${root_flags:+flags}" 'flags flags' 'docs/ci.md has the flags'
# ro_in_image FLAG...
ro_in_image() {
	in_image --volume "$PWD/work:/work" "$@" seatrial ro-run --json app.tar -- probe --wait 10s http://localhost:5000/health/
}
holds() {
	is "$status $(jq -r '.verdict' out)" '0 holds' "$1"
	[ "$status" -eq 0 ] || show_output
}
ro_in_image
is "$status $(cat err)" '2 ro-run: app.tar: cannot make a user namespace: Operation not permitted' 'ro-run without flags says what is missing'
# shellcheck disable=SC2086
{
	ro_in_image $flags
	holds 'ro-run with the flags of docs/ci.md'
	is "$(jq -r .user.mapping out)" subordinate 'has subordinate ids'
	ro_in_image $flags --user 4321:4321
	holds 'as another user'
	ro_in_image $flags --user 4321:4321 --security-opt no-new-privileges --cap-drop ALL
	holds 'as another user, without any capability'
	ro_in_image $root_flags
	holds 'as root'
}

# --- a trial ---

cat >work/service/seatrial.conf <<'END'
IMAGE=../app.tar
DOCKERFILE=../Dockerfile
HEALTH_PATH=/health/
READY_PATH=
LIVE_PATH=
STABILITY_PERIOD=1s
STABILITY_EVERY=100ms
INTEGRATION_PERIOD=1s
START_PERIOD=500ms
END
# shellcheck disable=SC2086
in_image $flags --volume "$PWD/work:/work" seatrial seatrial -c service/seatrial.conf 15 16.7
is "$status" 0 'a trial with settings of a folder'
[ "$status" -eq 0 ] || show_output
is "$(jq -c '[.verdict, .counts.holds, .counts.skipped]' work/seatrial-report/metrics.json)" '["holds",14,2]' 'decides what it can'
need_yaml
script=$("$python" -c 'import sys, yaml; (job,) = list(yaml.safe_load_all(open(sys.argv[1])))[1].values(); print("\n".join(job["script"]))' "$SRCDIR/templates/seatrial.yml")
# shellcheck disable=SC2086
in_image $flags --volume "$PWD/work:/work" --env TRIAL_CONFIG=service/seatrial.conf --env TRIAL_ITEMS='15.4 17.4' --env TRIAL_STRICT=false \
	--env TRIAL_OUTPUT=kept --env CI_PROJECT_DIR=/work seatrial sh -e -c "$script"
is "$status $(jq -r '.items | map_values(.status) | to_entries | map("\(.key)=\(.value)") | join(" ")' work/kept/metrics.json)" '1 15.4=ok 17.4=fail' \
	'the script of the GitLab template'
is "$(jq -r '[.[].location.path] | unique | join(" ")' work/kept/codequality.json)" Dockerfile 'names the file'

done_testing
