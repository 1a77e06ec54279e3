#!/bin/sh
# What `docker login` and `skopeo login` leave behind opens registries: as files, through a credential helper,
# as an identity token. Each of them is the real program.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/registry.sh"
need_command jq
need_command docker
need_command docker-credential-pass
need_command pass
need_command gpg

# nobody's files but those of this test, and no daemon: docker logs in by itself then
HOME=$T/home DOCKER_CONFIG=$T/home/.docker XDG_RUNTIME_DIR=$T/run DOCKER_HOST=unix://$T/no-daemon
export HOME DOCKER_CONFIG XDG_RUNTIME_DIR DOCKER_HOST
unset REGISTRY_AUTH_FILE XDG_CONFIG_HOME DOCKER_CONTEXT http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy
forget() {
	rm -rf "$HOME" "$XDG_RUNTIME_DIR"
	mkdir -p "$DOCKER_CONFIG" "$XDG_RUNTIME_DIR"
}
forget

mkdir layer
echo 'in the layer' >layer/file
pack_layer layer.tar layer
pack_image image.tar layer.tar

docker_login() {
	printf %s "$REGISTRY_PASSWORD" | docker login -u "$REGISTRY_USER" --password-stdin "$REGISTRY"
}

# opens NAME [OPTION]... / refused NAME [OPTION]...: the image in the registry, with its layers.
opens() {
	opens_name=$1
	shift
	run image-size --content "$@" "docker://$REGISTRY/team/app:1"
	if [ "$status" -eq 0 ] && [ ! -s err ]; then
		pass "$opens_name"
	else
		fail "$opens_name"
		diag "exit status $status"
		show_output
	fi
}
# No error may show the password, neither plain nor as it is sent.
refused() {
	refused_text=$1
	refused_name=$2
	shift 2
	run image-size "$@" "docker://$REGISTRY/team/app:1"
	if [ "$status" -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] && grep -qF -- "$refused_text" err &&
		! grep -qF -e "$REGISTRY_PASSWORD" -e "$(printf %s "$REGISTRY_USER:$REGISTRY_PASSWORD" | base64)" err; then
		pass "$refused_name"
	else
		fail "$refused_name"
		diag "exit status $status, wanted 2 and one line with: $refused_text"
		show_output
	fi
}

registry_start htpasswd
ok 'the image is pushed' registry_push docker-archive:image.tar team/app:1
refused 'log in with' 'without a login it is refused'

# where it has an entry already, docker does not look around for a store of secrets
echo '{"auths":{"other.example":{"auth":"dTpw"}}}' >"$DOCKER_CONFIG/config.json"
ok 'docker login' docker_login
is "$(jq --arg host "$REGISTRY" '.auths[$host] | has("auth")' "$DOCKER_CONFIG/config.json")" true 'docker login: as an entry'
opens 'docker login: opens it'
opens 'docker login: in its usual place, too' --authfile "$DOCKER_CONFIG/config.json"
cp "$DOCKER_CONFIG/config.json" docker.json
forget
refused 'log in with' 'without it, no longer'
opens 'docker login: --authfile' --authfile docker.json
cp docker.json "$HOME/elsewhere.json"
REGISTRY_AUTH_FILE=$HOME/elsewhere.json
export REGISTRY_AUTH_FILE
opens 'docker login: REGISTRY_AUTH_FILE'
unset REGISTRY_AUTH_FILE

registry_login "$XDG_RUNTIME_DIR/containers/auth.json" >login.out 2>&1
ok 'skopeo login' test -s "$XDG_RUNTIME_DIR/containers/auth.json"
opens 'skopeo login: opens it'
forget
registry_trusting
printf %s "$REGISTRY_PASSWORD" |
	skopeo login "$registry_trust" -u "$REGISTRY_USER" --password-stdin "$REGISTRY/team" --authfile spaces.json >login.out 2>&1
is "$(jq -r '.auths | keys[0]' spaces.json)" "$REGISTRY/team" 'skopeo login: for a namespace'
opens 'skopeo login: opens what is in it' --authfile spaces.json
jq -c --arg to "$REGISTRY/tea" '.auths |= with_entries(.key = $to)' spaces.json >other.json
refused 'log in with' 'skopeo login: and not what is in another' --authfile other.json

jq -c '.auths[].auth |= (@base64d | "\(.)x" | @base64)' docker.json >wrong.json
refused 'refuses the credentials of wrong.json' 'a wrong password' --authfile wrong.json
printf '{"auths":{"%s":{"auth":"%s"' "$REGISTRY" "$REGISTRY_PASSWORD" >cut.json
refused 'cut.json: no JSON' 'a file that was cut' --authfile cut.json
refused 'absent.json' 'a file that is not there' --authfile absent.json

# a credential helper that keeps its secrets with gpg
forget
GNUPGHOME=$T/gpg PASSWORD_STORE_DIR=$T/store
export GNUPGHOME PASSWORD_STORE_DIR
at_exit="gpgconf --kill all; $at_exit"
mkdir -m 700 "$GNUPGHOME"
echo '{"credsStore":"pass"}' >"$DOCKER_CONFIG/config.json"
ok 'pass: a key' gpg --batch --pinentry-mode loopback --passphrase '' --quick-generate-key test future-default
# not the function of the harness
ok 'pass: a store' env pass init test
refused 'log in with' 'pass: it has nothing yet'
ok 'pass: docker login' docker_login
hasnt "$DOCKER_CONFIG/config.json" '"auth":' 'pass: the secret is not in the file'
opens 'pass: opens it'
printf '{"credHelpers":{"%s":"pass"},"credsStore":"absent"}' "$REGISTRY" >helper.json
opens 'pass: for this host alone' --authfile helper.json
printf '{"credHelpers":{"other.example":"pass"},"credsStore":"absent"}' >helper.json
refused 'helper.json: docker-credential-absent' 'pass: and no other' --authfile helper.json
printf '{"credHelpers":{"%s":"pass"}}' "$REGISTRY" >skopeo.json
rm -rf "$PASSWORD_STORE_DIR/docker-credential-helpers"
ok 'pass: skopeo login' registry_login skopeo.json
opens 'pass: opens it after skopeo login' --authfile skopeo.json

# an identity token
forget
echo '{"auths":{"other.example":{"auth":"dTpw"}}}' >"$DOCKER_CONFIG/config.json"
registry_start token
ok 'the image is pushed for tokens' registry_push docker-archive:image.tar team/app:1
refused 'log in with' 'tokens: without a login it is refused'
ok 'tokens: docker login' docker_login
is "$(jq -r --arg host "$REGISTRY" '.auths[$host].identitytoken' "$DOCKER_CONFIG/config.json")" "$REGISTRY_REFRESH_TOKEN" \
	'tokens: leaves an identity token'
: >"$TOKENS_LOG"
opens 'tokens: opens it'
is "$(cat "$TOKENS_LOG")" "POST $REGISTRY_USER repository:team/app:pull 200" 'tokens: by one request in the form of OAuth2'
echo '{"credsStore":"pass"}' >"$DOCKER_CONFIG/config.json"
ok 'tokens: docker login with pass' docker_login
is "$(echo "$REGISTRY" | docker-credential-pass get | jq -r .Username)" '<token>' 'tokens: which keeps the identity token'
opens 'tokens: opens it from there'
sed 's/.*/{"auths":{"&":{"identitytoken":"was-good-once"}}}/' >expired.json <<EOT
$REGISTRY
EOT
refused 401 'tokens: one that does not count any more' --authfile expired.json
hasnt err was-good-once 'tokens: is not shown'

done_testing
