#!/bin/sh
# pin-check --verify: pins against a real registry, and against one that misbehaves.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/registry.sh"
need_command jq

HOME=$T/home DOCKER_CONFIG=$T/home/.docker XDG_RUNTIME_DIR=$T/run
export HOME DOCKER_CONFIG XDG_RUNTIME_DIR
unset REGISTRY_AUTH_FILE XDG_CONFIG_HOME http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy
mkdir -p "$HOME" "$XDG_RUNTIME_DIR" content

# one image per platform, put together in an index
registry_start
for architecture in amd64 arm64; do
	echo "$architecture" >content/for
	pack_layer layer.tar content
	pack_image "$architecture.tar" layer.tar
	# the harness packs for amd64: its configuration says what an image is for
	sed -i "s/\"architecture\":\"amd64\"/\"architecture\":\"$architecture\"/" pack/config.json
	(cd pack && tar -cf "../$architecture.tar" -- *)
	registry_push "docker-archive:$architecture.tar" "base/os:$architecture"
done

# digest_of_tag NAME:TAG: by the bytes, as the test's own second opinion.
digest_of_tag() {
	registry_curl "/v2/${1%:*}/manifests/${1##*:}" -H 'Accept: application/vnd.oci.image.index.v1+json' \
		-H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
		-H 'Accept: application/vnd.oci.image.manifest.v1+json' >manifest.bytes
	echo "sha256:$(sha256sum <manifest.bytes | cut -d' ' -f1)"
}

# put_index NAME:TAG ARCHITECTURE...: an index of the images pushed above; `note` makes its bytes differ.
put_index() {
	index_name=$1
	shift
	for index_architecture; do
		index_digest=$(digest_of_tag "base/os:$index_architecture")
		printf '{"mediaType":"application/vnd.docker.distribution.manifest.v2+json","digest":"%s","size":%d,"platform":{"os":"linux","architecture":"%s"}}\n' \
			"$index_digest" "$(wc -c <manifest.bytes)" "$index_architecture"
	done | jq -cs --arg note "$note" \
		'{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: ., annotations: {note: $note}}' >index.json
	registry_curl "/v2/${index_name%:*}/manifests/${index_name##*:}" -f -X PUT --data-binary @index.json \
		-H 'Content-Type: application/vnd.oci.image.index.v1+json' -o index.answer
}

note=first
put_index base/os:1 amd64 arm64
both=$(digest_of_tag base/os:1)
single=$(digest_of_tag base/os:amd64)
other=$(digest_of_tag base/os:arm64)
is "$(printf '%s\n' "$both" "$single" "$other" | sort -u | wc -l)" 3 'three documents to tell apart'

os=$REGISTRY/base/os
cat >Dockerfile <<END
FROM $os:1@$both AS build
FROM $os:1@$both
COPY --from=$os@$single /a /b
COPY --from=build /a /b
END
registry_forget
expect_status 0 pin-check --verify Dockerfile
is "$(cat out)" '3 external references, all pinned; 3 asked for, all as pinned' 'pins that are there'
is "$(registry_requests | cut -d' ' -f1-3 | sort)" "$(printf 'GET /v2/base/os/manifests/%s 200\n' "$both" "$single" 1 | sort)" \
	'each digest and each tag is asked for once'
expect_status 0 pin-check --verify --json Dockerfile
is "$(jq -c '[.files[].references[] | .registry]' out)" \
	"[{\"exists\":true,\"tag\":\"same\",\"tag_digest\":\"$both\",\"platforms\":null},{\"exists\":true,\"tag\":\"same\",\"tag_digest\":\"$both\",\"platforms\":null},{\"exists\":true,\"tag\":null,\"tag_digest\":null,\"platforms\":null},null]" \
	'JSON: what the registry says; nothing of stages'
is "$(jq -c '[.checks[] | [.name, .holds]]' out)" '[["pinned",true],["consistent",true],["exists",true]]' 'JSON: the check'

# A digit of a digest: nothing about the text is wrong
case $both in *0) wrong=${both%?}1 ;; *) wrong=${both%?}0 ;; esac
sed "s/@$both/@$wrong/" Dockerfile >digit
expect_status 0 pin-check digit
expect_status 1 pin-check --verify digit
has out "digit:1: FROM $os:1@$wrong: the registry does not have this digest" 'a changed digit is caught, with its line'
has out '2 not there' 'and counted'
expect_status 1 pin-check --tap --verify digit
is "$(grep -c '^not ok' out)" 3 'TAP: both references and the demand'
expect_status 1 pin-check --verify --json digit
is "$(jq -c '[.checks[] | select(.name == "exists") | .value], .verdict' out | tr '\n' ' ')" '[2] "fails" ' 'JSON: so many'

# What is not pinned stays a finding, and nobody asks for it
printf 'FROM %s:1\n' "$os" >tag
registry_forget
expect_status 1 pin-check --verify tag
is "$(registry_requests)" '' 'a tag without a digest is not asked for'

# The trial's item
# item_is STATUS TEXT DOCKERFILE [SETTING]...: what 18.16 comes to, and says.
item_is() {
	item_status=$1 item_text=$2 item_file=$3
	shift 3
	rm -rf report
	run seatrial -o report -s IMAGE="$T/amd64.tar" -s DOCKERFILE="$T/$item_file" "$@" 18.16
	is "$(jq -r '.items["18.16"].status' report/metrics.json)" "$item_status" "18.16 of $item_file: $item_status"
	cat out err >both.out
	has both.out "$item_text" "18.16 of $item_file: $item_text"
}
item_is ok '3 of 3 digests' Dockerfile
item_is fail 'the registry does not have this digest' digit
item_is fail 'no reference has a digest' tag
sed "s,$REGISTRY,127.0.0.1:1," Dockerfile >nobody
item_is skip 'no registry can be reached' nobody
sed "s,$REGISTRY,registry.invalid," Dockerfile >mirrored
item_is skip 'no registry can be reached' mirrored
item_is ok '3 of 3 digests' mirrored -s "MIRRORS=registry.invalid=http://$REGISTRY"

# Platforms
expect_status 0 pin-check --verify --platform linux/amd64 Dockerfile
expect_status 1 pin-check --verify --platform linux/amd64 --platform linux/arm64 Dockerfile
is "$(grep -c 'not for linux/arm64' out)" 1 'one reference is for one platform only'
has out "Dockerfile:3: COPY --from $os@$single: not for linux/arm64: it is no index, but the manifest of linux/amd64" 'and what it is for is told'
expect_status 1 pin-check --verify --platform linux/s390x Dockerfile
has out "FROM $os:1@$both: not for linux/s390x: its index has linux/amd64, linux/arm64" 'an index tells what it has'
expect_status 1 pin-check --verify --json --platform linux/arm64 Dockerfile
is "$(jq -c '[.checks[] | select(.name == "platforms")]' out)" '[{"name":"platforms","holds":false,"value":1,"limit":["linux/arm64"]}]' 'JSON: the check of platforms'

# A tag that moves on
note=second
put_index base/os:1 amd64 arm64
now=$(digest_of_tag base/os:1)
expect_status 0 pin-check --verify Dockerfile
has out "Dockerfile:1: FROM $os:1@$both: note: the tag '1' has moved: it is $now now, and the pin is $both" 'a tag that has moved is told with both digests'
has out '2 whose tag has moved' 'and counted'
expect_status 1 pin-check --fresh Dockerfile
has out "the tag '1' is $now now, and the pin is $both" '--fresh: it fails'
expect_status 0 pin-check --verify --json Dockerfile
is "$(jq -c '[.files[].references[0].registry | .tag, .tag_digest]' out)" "[\"moved\",\"$now\"]" 'JSON: moved, and to what'
sed "s/$both/$now/" Dockerfile >fresh
expect_status 0 pin-check --fresh fresh
sed "s/:1@/:gone@/" Dockerfile >gone
expect_status 0 pin-check --verify gone
has out "the tag 'gone' is gone; the digest is still there" 'a tag that is not there'
expect_status 1 pin-check --fresh gone

# A mirror has what the file calls by another name
printf 'FROM registry.invalid/base/os:1@%s\n' "$both" >elsewhere
expect_status 0 pin-check --verify --mirror "registry.invalid=http://$REGISTRY" elsewhere
expect_trouble 'elsewhere:1: registry.invalid/base/os@' pin-check --verify elsewhere

# What could not be asked is never a pass, and nothing is said of the rest
for scenario in 'wrong-body|wrong digest' 'wrong-header|wrong digest' 'status=500|HTTP 500' 'status=418|HTTP 418' \
	'challenge=Basic|gives this to nobody' 'big=20000000|is larger than' 'drop|GET '; do
	faults_start "${scenario%%|*}"
	sed "s,$REGISTRY,$FAULTS,g" Dockerfile >fault
	expect_trouble "${scenario#*|}" pin-check --verify fault
done
faults_start no-header
sed "s,$REGISTRY,$FAULTS,g" fresh >fault
expect_status 0 pin-check --fresh fault
faults_start never
sed "s,$REGISTRY,$FAULTS,g" Dockerfile >fault
expect_trouble 'fault:1: ' pin-check --verify --time-out 200ms fault
echo "FROM 127.0.0.1:1/x@$both" >nobody
expect_trouble 'Failed to connect' pin-check --verify nobody
expect_trouble "a mirror is HOST=MIRROR" pin-check --verify --mirror x Dockerfile
expect_trouble "'x' is no platform" pin-check --verify --platform linux/amd64 --platform x Dockerfile

# Many at once, a failure among them
i=0
while [ $i -lt 40 ]; do
	printf 'FROM %s/base/os:%s@%s\n' "$REGISTRY" "$i" "$both"
	i=$((i + 1))
done >many
expect_status 0 pin-check --verify many
is "$(grep -c '^many:.*\(is gone\|has moved\)' out)" 40 'forty tags are asked for'
echo "FROM 127.0.0.1:1/x@$both" >>many
expect_trouble 'many:41: 127.0.0.1:1/x@' pin-check --verify many

# Who may ask
registry_start htpasswd
registry_push docker-archive:amd64.tar private/os:1
printf 'FROM %s/private/os:1@%s\n' "$REGISTRY" "$single" >private
expect_trouble 'gives this to nobody' pin-check --verify private
registry_login auth.json >login.out
expect_status 0 pin-check --verify --platform linux/amd64 --authfile auth.json private
has out 'all as pinned' 'with a login it is there'
sed "s/$single/$wrong/" private >private-digit
expect_status 1 pin-check --verify --authfile auth.json private-digit

registry_start anonymous tls
registry_push docker-archive:amd64.tar team/os:1
printf 'FROM %s/team/os:1@%s\n' "$REGISTRY" "$single" >tls
expect_trouble 'certificate' pin-check --verify tls
expect_status 0 pin-check --verify --ca-file "$REGISTRY_CA" tls
expect_status 0 pin-check --verify --insecure "$REGISTRY" tls

done_testing
