#!/bin/sh
# Images in a registry: what is asked for, and what becomes of a registry that misbehaves. The registry is a real
# one; its faults are those of a proxy before it.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/registry.sh"
need_command jq

HOME=$T/home DOCKER_CONFIG=$T/home/.docker XDG_RUNTIME_DIR=$T/run DOCKER_HOST=unix://$T/no-daemon
export HOME DOCKER_CONFIG XDG_RUNTIME_DIR DOCKER_HOST
unset REGISTRY_AUTH_FILE XDG_CONFIG_HOME http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy
mkdir -p "$HOME" "$XDG_RUNTIME_DIR"

mkdir -p below above
echo 'the secret below' >below/deleted
head -c 300000 /dev/urandom >below/noise
echo 'a needle here' >above/kept
: >above/.wh.deleted
pack_layer below.tar below
pack_layer above.tar above
pack_image image.tar below.tar above.tar

# holds NAME COMMAND...: exit status 0 and nothing on standard error.
holds() {
	holds_name=$1
	shift
	run "$@"
	if [ "$status" -eq 0 ] && [ ! -s err ]; then
		pass "$holds_name"
	else
		fail "$holds_name"
		diag "exit status $status: $*"
		show_output
	fi
}

registry_start
registry_push docker-archive:image.tar team/app:1
image=docker://$REGISTRY/team/app:1
registry_forget
run image-size --json "$image"
is "$(registry_requests | cut -d' ' -f1-3 | sed 's/sha256:[0-9a-f]*/DIGEST/')" \
	'GET /v2/team/app/manifests/1 200
GET /v2/team/app/blobs/DIGEST 200' 'image-size asks for the manifest and the configuration'
is "$(jq -c '[.layers_read, .content_bytes, .layer_count, .wasted_bytes, .top_files]' out)" '[false,null,2,null,null]' \
	'and says that it has not read the layers'
is "$(jq '.compressed_bytes == ([.layers[].compressed_bytes] | add)' out)" true 'the compressed sizes are known'
manifest=$(jq -r .image.manifest_digest out)
registry_forget
run image-size --content --json "$image"
cp out content
is "$(registry_requests | grep -c blobs)" 3 'with --content each layer is asked for once'
run image-size --json image.tar
is "$(jq -c 'del(.image.name,.image.manifest_digest,.compressed_bytes,.layers[].digest,.layers[].media_type,
	.layers[].compression,.layers[].compressed_bytes)' content)" \
	"$(jq -c 'del(.image.name,.image.manifest_digest,.compressed_bytes,.layers[].digest,.layers[].media_type,
	.layers[].compression,.layers[].compressed_bytes)' out)" 'and the figures are those of the file'
for options in '--max 1GB' '--max-waste 1GB' "--baseline $image --min-reduction 0%"; do
	# shellcheck disable=SC2086
	holds "a demand reads the layers where it needs them: $options" image-size $options --json "$image"
	is "$(jq .layers_read out)" true 'and says so'
done
holds 'a demand of the compressed size does not' image-size --measure compressed --max 1GB --json "$image"
is "$(jq .layers_read out)" false 'and says so, too'


# what gzip makes of the file is what the push has made of it, or nearly so
stored=$(jq .compressed_bytes out)
run image-size --compress --json image.tar
is "$(jq --argjson stored "$stored" '.compressed_here and (.compressed_bytes - $stored | fabs) < 0.01 * $stored' out)" true \
	'--compress knows what a push stores'
holds '--compress needs no layers where the manifest knows' image-size --compress --json "$image"
is "$(jq -c '[.layers_read, .compressed_here]' out)" '[false,false]' 'and reads none'
skopeo --insecure-policy copy -q --dest-oci-accept-uncompressed-layers docker-archive:image.tar oci:plain:1
# skopeo calls them gzip all the same
old=$(jq -r '.manifests[0].digest' plain/index.json)
sed 's/\.tar+gzip/.tar/g' "plain/blobs/sha256/${old#*:}" >manifest
new=sha256:$(sha256sum manifest | cut -d' ' -f1)
jq --arg digest "$new" --argjson size "$(wc -c <manifest)" '.manifests[0] |= (.digest = $digest | .size = $size)' plain/index.json >index
mv index plain/index.json
mv manifest "plain/blobs/sha256/${new#*:}"
registry_push oci:plain:1 team/plain:1 --preserve-digests
holds 'an image that is stored uncompressed' image-size --json "docker://$REGISTRY/team/plain:1"
is "$(jq -c '[.layers_read, .compressed_bytes]' out)" '[false,null]' 'has no compressed size'
holds 'unless it is compressed' image-size --compress --json "docker://$REGISTRY/team/plain:1"
is "$(jq --argjson stored "$stored" '.layers_read and .compressed_here and (.compressed_bytes - $stored | fabs) < 0.01 * $stored' out)" true \
	'for which it is read'

registry_forget
# what pushed the image may have left something there
find "$HOME" "$XDG_RUNTIME_DIR" -type f | sort >stored
holds 'layer-grep finds what is deleted' layer-grep --content -F 'secret below' "$image"
is "$(registry_requests | cut -d' ' -f1,3 | sort | uniq -c | tr -s ' ')" ' 4 GET 200' 'each blob is read once'
holds 'by digest' layer-grep -F kept "docker://$REGISTRY/team/app@$manifest"
holds 'by tag and digest' layer-grep -F kept "docker://$REGISTRY/team/app:other@$manifest"
holds 'a bare name that is no file' layer-grep -F kept "$REGISTRY/team/app:1"
is "$(find "$HOME" "$XDG_RUNTIME_DIR" -type f | sort)" "$(cat stored)" 'nothing is stored'

# What is not there, and who is not there
expect_trouble 'HTTP 404' image-size "docker://$REGISTRY/team/none:1"
expect_trouble 'HTTP 404' image-size "docker://$REGISTRY/team/app:none"
expect_trouble 'HTTP 404' image-size "docker://$REGISTRY/team/app@sha256:$(printf x | sha256sum | cut -d' ' -f1)"
expect_trouble 'Could not resolve host' image-size docker://nowhere.invalid/app
expect_trouble 'Failed to connect' image-size docker://127.0.0.1:1/app
expect_trouble 'no image reference' image-size docker://127.0.0.1/UPPER
expect_trouble ', and as an image in a registry: ' image-size 127.0.0.1:1/app
expect_trouble "a mirror is HOST=MIRROR, not 'x'" image-size --mirror x "$image"
expect_trouble 'no image for linux/s390x' image-size --platform linux/s390x "$image"

# Faults that pass: the result is the same, and nothing is reported
plain=$REGISTRY
for scenario in retry-after=2,0 retry-after=1,- unavailable=2 cut=1000,2 cut-whole=1000,2 redirect 'redirect --elsewhere localhost' \
	no-header; do
	# shellcheck disable=SC2086
	faults_start $scenario
	holds "$scenario: image-size" image-size --content --json "docker://$FAULTS/team/app:1"
	is "$(jq -c 'del(.image.name)' out)" "$(jq -c 'del(.image.name)' content)" "$scenario: the same result"
done
has "$FAULTS_LOG" 'GET' 'the faults are asked'
faults_start cut=1000,2
holds 'cut: layer-grep' layer-grep --content -F 'a needle here' "docker://$FAULTS/team/app:1"
has "$FAULTS_LOG" 'bytes=1000-' 'cut: the rest is asked for by Range'

# Faults that do not pass
trouble_with() {
	trouble_scenario=$1
	trouble_text=$2
	shift 2
	# shellcheck disable=SC2086
	faults_start $trouble_scenario
	expect_trouble "$trouble_text" "$@" "docker://$FAULTS/team/app:1"
}
trouble_with retry-after=9,3600 'asked again after 3600' image-size
trouble_with status=500 'HTTP 500' image-size
trouble_with status=418 'HTTP 418' image-size
trouble_with status=401 'docker login' image-size
trouble_with never 'no answer within 300 ms' image-size --time-out 300ms
trouble_with 'slow=1000,3' 'no answer within 300 ms' image-size --content --time-out 300ms
trouble_with drop '127.0.0.1' image-size
trouble_with redirect-loop 'redirected more than 10 times' image-size
trouble_with cut-shifted=1000,9 'others came' image-size --content
trouble_with cut-quietly=1000,9 'wrong' image-size --content
trouble_with wrong-header 'wrong digest: the registry says' image-size
trouble_with wrong-body 'wrong digest' image-size
trouble_with '--on /blobs/ wrong-body' 'wrong digest' layer-grep --content x
trouble_with '--on /blobs/ longer-body' 'wrong size' image-size --content
trouble_with type=application/vnd.example.unknown+json 'its media type is application/vnd.example.unknown+json' image-size
trouble_with big=33000000 'manifests/1' image-size
trouble_with 'challenge=Bearer' 'names no token service' image-size
trouble_with challenge=Digest 'a kind of authentication' image-size

# Proxies, as curl has them
faults_start --on nothing never
holds 'by a proxy' env http_proxy="http://$FAULTS" image-size --insecure registry.invalid docker://registry.invalid/team/app:1
has "$FAULTS_LOG" 'GET http://registry.invalid/v2/team/app/manifests/1' 'which is asked for it'
holds 'not for what no_proxy names' env http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 no_proxy=127.0.0.1 \
	image-size "docker://$plain/team/app:1"
expect_trouble 'CONNECT tunnel failed' env https_proxy="http://$FAULTS" image-size docker://registry.invalid/team/app:1

# A mirror, and one that has nothing
registry_start
empty=$REGISTRY
for mirror in "$plain" "http://$plain"; do
	holds "a mirror, $mirror" image-size --mirror "registry.invalid=$mirror" docker://registry.invalid/team/app:1
done
registry_forget
holds 'a mirror that has nothing' image-size --mirror "$plain=$empty" "docker://$plain/team/app:1"
is "$(registry_requests | cut -d' ' -f1-3 | head -n 1)" 'GET /v2/team/app/manifests/1 404' 'is asked first'
expect_trouble 'registry.invalid' image-size --mirror "registry.invalid=$empty" docker://registry.invalid/team/app:1

# Passwords, and where they go
registry_start htpasswd
registry_push docker-archive:image.tar team/app:1
registry_login auth.json >/dev/null
expect_trouble 'docker login' image-size "docker://$REGISTRY/team/app:1"
registry_forget
holds 'a password' image-size --content --authfile auth.json "docker://$REGISTRY/team/app:1"
is "$(registry_requests | grep -c ' 401 ')" 1 'is asked for once'
jq --arg host "$REGISTRY" '.auths[$host].auth = ("someone:wrong" | @base64)' auth.json >wrong.json
expect_trouble 'refuses the credentials of wrong.json' image-size --authfile wrong.json "docker://$REGISTRY/team/app:1"
expect_trouble 'nowhere.json' image-size --authfile nowhere.json "docker://$REGISTRY/team/app:1"
faults_start --elsewhere localhost redirect
jq --arg host "$REGISTRY" --arg other "$FAULTS" '.auths[$other] = .auths[$host]' auth.json >faults.json
run image-size --content --authfile faults.json "docker://$FAULTS/team/app:1"
has "$FAULTS_LOG" 'Basic' 'the password goes to the registry'
is "$(grep ^elsewhere "$FAULTS_LOG" | cut -f3 | sort -u)" - 'and never where it redirects to'

# Tokens
registry_start token
registry_push docker-archive:image.tar team/app:1
registry_push docker-archive:image.tar public/app:1
registry_login auth.json >/dev/null
registry_forget
: >"$TOKENS_LOG"
holds 'a token for everybody' image-size "docker://$REGISTRY/public/app:1"
is "$(registry_requests | cut -d' ' -f3 | tr '\n' ' ')" '401 200 200 ' 'two requests after authentication'
is "$(wc -l <"$TOKENS_LOG")" 1 'one token'
expect_trouble 'docker login' image-size "docker://$REGISTRY/team/app:1"
holds 'a token for the user' image-size --content --authfile auth.json "docker://$REGISTRY/team/app:1"
jq --arg host "$REGISTRY" '.auths[$host].auth = ("someone:wrong" | @base64)' auth.json >wrong.json
expect_trouble "refuses the user 'someone'" image-size --authfile wrong.json "docker://$REGISTRY/team/app:1"
jq --arg host "$REGISTRY" --arg token "$REGISTRY_REFRESH_TOKEN" \
	'.auths[$host] = {auth: ("user:" | @base64), identitytoken: $token}' auth.json >identity.json
holds 'an identity token' image-size --authfile identity.json "docker://$REGISTRY/team/app:1"
jq --arg host "$REGISTRY" '.auths[$host] = {registrytoken: "old"}' auth.json >old.json
expect_trouble 'wrong or expired' image-size --authfile old.json "docker://$REGISTRY/team/app:1"
registry_start token --lifetime 8
registry_push docker-archive:image.tar public/app:1
faults_start --on /blobs/ slow=1000,9.5
holds 'a token that expires between two requests is renewed' image-size --content "docker://$FAULTS/public/app:1"

# TLS
registry_start anonymous tls
registry_push docker-archive:image.tar team/app:1
expect_trouble 'certificate' image-size "docker://$REGISTRY/team/app:1"
holds 'a CA that is named is trusted' image-size --content --ca-file "$REGISTRY_CA" "docker://$REGISTRY/team/app:1"
holds 'an insecure host is not checked' image-size --insecure "$REGISTRY" "docker://$REGISTRY/team/app:1"
holds 'whatever its port' image-size --insecure 127.0.0.1 "docker://$REGISTRY/team/app:1"
expect_trouble 'certificate' image-size --insecure localhost "docker://$REGISTRY/team/app:1"
expect_trouble 'certificate' image-size --insecure 127.0.0.1:1 "docker://$REGISTRY/team/app:1"
expect_trouble 'nowhere.pem' image-size --ca-file nowhere.pem "docker://$REGISTRY/team/app:1"
is "$(curl -sS --cacert "$REGISTRY_CA" -o /dev/null -w '%{http_version}' "$REGISTRY_URL/v2/")" 2 'this registry speaks HTTP/2'
has "$REGISTRY_LOG" 'HTTP/2' 'and is asked in it'

done_testing
