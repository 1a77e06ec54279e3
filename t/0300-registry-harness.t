#!/bin/sh
# The registries of the tests can do what is asked of them: each mode by curl and skopeo, each fault by curl.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/registry.sh"
need_command curl
need_command jq

XDG_RUNTIME_DIR=$T/nowhere HOME=$T DOCKER_CONFIG=$T/nowhere
export XDG_RUNTIME_DIR HOME DOCKER_CONFIG
unset REGISTRY_AUTH_FILE http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy

mkdir layer
echo 'in the layer' >layer/file
head -c 20000 /dev/urandom >layer/noise
pack_layer layer.tar layer
pack_image image.tar layer.tar

accept='Accept: application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json'
trust() {
	registry_trusting
	echo "$registry_trust"
}
# status PATH [CURL-OPTION]...: the HTTP status only.
status() {
	status_path=$1
	shift
	registry_curl "$status_path" -o body -w '%{http_code}' "$@" 2>curl.err
}

# anonymous
registry_start
ok 'anonymous: push' registry_push docker-archive:image.tar team/app:1
is "$(status /v2/)" 200 'anonymous: nobody is asked for'
ok 'anonymous: skopeo reads it' skopeo inspect --tls-verify=false "docker://$REGISTRY/team/app:1"
registry_forget
is "$(status /v2/team/app/manifests/1 -H "$accept")" 200 'anonymous: the manifest'
digest=$(jq -r '.layers[0].digest' body)
config=$(jq -r '.config.digest' body)
is "$(status "/v2/team/app/blobs/$digest")" 200 'anonymous: the layer'
is "sha256:$(sha256sum <body | cut -d' ' -f1)" "$digest" 'anonymous: and it is that'
bytes=$(wc -c <body)
cp body layer.blob
is "$(status "/v2/team/app/blobs/$digest" -H 'Range: bytes=100-')" 206 'anonymous: a part of it'
is "$(registry_requests | cut -d' ' -f1-3 | tr '\n' ';')" \
	"GET /v2/team/app/manifests/1 200;GET /v2/team/app/blobs/$digest 200;GET /v2/team/app/blobs/$digest 206;" \
	'anonymous: the requests are told, those before registry_forget are not'
is "$(registry_requests | sed -n 's/.* 206 //p')" $((bytes - 100)) 'anonymous: with their bytes'
is "$(status /v2/team/none/manifests/1 -H "$accept")" 404 'anonymous: an unknown repository'
plain=$REGISTRY

# faults, before this registry
fault() {
	curl -sS -m 10 -o body -w '%{http_code}' "$@" 2>curl.err
}
# fault_is EXIT STATUS NAME CURL-OPTION...
fault_is() {
	fault_exit=$1
	fault_status=$2
	fault_name=$3
	shift 3
	got=$(fault "$@")
	is "$? $got" "$fault_exit $fault_status" "$fault_name"
}
same_layer() { cmp body layer.blob; }
manifest=v2/team/app/manifests/1
blob=v2/team/app/blobs/$digest

faults_start retry-after=2,7
fault_is 0 429 'retry-after: once' "http://$FAULTS/$manifest" -D headers
has headers 'Retry-After: 7' 'retry-after: with its seconds'
fault_is 0 429 'retry-after: twice' "http://$FAULTS/$manifest"
fault_is 0 200 'retry-after: and then no more' "http://$FAULTS/$manifest" -H "$accept"

faults_start --on /blobs/ unavailable=1
fault_is 0 200 'unavailable: where --on says, nowhere else' "http://$FAULTS/$manifest" -H "$accept"
fault_is 0 503 'unavailable: once' "http://$FAULTS/$blob"
fault_is 0 200 'unavailable: and then no more' "http://$FAULTS/$blob"
ok 'unavailable: what passes is whole' same_layer

faults_start cut=1000,2
fault_is 0 200 'cut: what is shorter does not count' "http://$FAULTS/v2/team/app/blobs/$config"
fault_is 18 200 'cut: broken off' "http://$FAULTS/$blob"
is "$(wc -c <body)" 1000 'cut: after so many bytes'
fault_is 18 206 'cut: a second time' "http://$FAULTS/$blob" -H 'Range: bytes=1000-'
fault_is 0 206 'cut: then the rest' "http://$FAULTS/$blob" -H 'Range: bytes=2000-'
is "$(wc -c <body)" $((bytes - 2000)) 'cut: Range is honoured'
is "$(cut -f1,3,4 "$FAULTS_LOG" | tr '\t\n' ' ;')" 'main - -;main - -;main - bytes=1000-;main - bytes=2000-;' 'cut: the log has the ranges'

faults_start cut-whole=1000
fault_is 18 200 'cut-whole: broken off' "http://$FAULTS/$blob"
fault_is 0 200 'cut-whole: Range is ignored' "http://$FAULTS/$blob" -H 'Range: bytes=1000-'
ok 'cut-whole: all of it comes' same_layer

faults_start cut-shifted=1000
fault_is 18 200 'cut-shifted: broken off' "http://$FAULTS/$blob"
fault_is 0 206 'cut-shifted: the wrong range' "http://$FAULTS/$blob" -H 'Range: bytes=1000-' -D headers
has headers "Content-Range: bytes 1001-$((bytes - 1))/$bytes" 'cut-shifted: and it says so'

faults_start cut-quietly=1000
fault_is 0 200 'cut-quietly: nobody notices' "http://$FAULTS/$blob" -D headers
is "$(wc -c <body)" 1000 'cut-quietly: it is not whole'
hasnt headers Content-Length 'cut-quietly: and nobody said how long it is'
fault_is 0 200 'cut-quietly: again' "http://$FAULTS/$blob"
ok 'cut-quietly: then it is whole' same_layer

faults_start slow=1000,0.5
fault_is 28 200 'slow: stops' "http://$FAULTS/$blob" -m 0.3
fault_is 0 200 'slow: and goes on' "http://$FAULTS/$blob"
ok 'slow: to the end' same_layer

faults_start --elsewhere localhost redirect
fault_is 0 307 'redirect: told' "http://$FAULTS/$blob"
fault_is 0 200 'redirect: followed' -L "http://$FAULTS/$blob" -u a:b
ok 'redirect: to the layer' same_layer
has "$FAULTS_LOG" "elsewhere	GET /$blob	-	-" 'redirect: the log shows what arrived there'
has "$FAULTS_LOG" "main	GET /$blob	Basic YTpi	-" 'redirect: and here'
fault_is 0 200 'redirect: were credentials sent' -L "http://$FAULTS/$blob" -u a:b --location-trusted
has "$FAULTS_LOG" "elsewhere	GET /$blob	Basic YTpi" 'redirect: it would be seen'

faults_start redirect-loop
fault_is 47 307 'redirect-loop' -L --max-redirs 5 "http://$FAULTS/$blob"

faults_start wrong-header
fault_is 0 200 'wrong-header: an answer' "http://$FAULTS/$manifest" -H "$accept" -D headers
real=$(sha256sum <body | cut -d' ' -f1)
is "$(registry_curl "/$manifest" -H "$accept" | sha256sum | cut -d' ' -f1)" "$real" 'wrong-header: the body is the real one'
grep '^Docker-Content-Digest: sha256:' headers >digest-header
is "$(wc -l <digest-header)" 1 'wrong-header: there is a digest'
hasnt digest-header "$real" 'wrong-header: but another'
faults_start no-header
fault_is 0 200 'no-header: an answer' "http://$FAULTS/$manifest" -H "$accept" -D headers
hasnt headers 'Docker-Content-Digest' 'no-header: no digest'

faults_start wrong-body
fault_is 0 200 'wrong-body: a layer' "http://$FAULTS/$blob"
is "$(same_layer >cmp.out && echo same || cmp -l body layer.blob | wc -l)" 1 'wrong-body: one byte differs'
fault_is 0 200 'wrong-body: a manifest' "http://$FAULTS/v2/team/app/manifests/sha256:$real" -H "$accept"
is "$(sha256sum <body | grep -c "$real") $(jq -r .schemaVersion body)" '0 2' 'wrong-body: not what was asked for, but JSON'
faults_start longer-body
fault_is 0 200 'longer-body' "http://$FAULTS/$blob"
is "$(wc -c <body)" $((bytes + 1)) 'longer-body: one byte'

faults_start type=application/x-unknown
fault_is 0 200 'type: an answer' "http://$FAULTS/$manifest" -H "$accept" -D headers
has headers 'Content-Type: application/x-unknown' 'type: in the header'
is "$(jq -r .mediaType body)" application/x-unknown 'type: and in the body'
has headers "Docker-Content-Digest: sha256:$(sha256sum <body | cut -d' ' -f1)" 'type: with the digest of that'

faults_start big=100000
fault_is 0 200 'big: an answer' "http://$FAULTS/$manifest" -H "$accept"
is "$(($(wc -c <body) > 100000)) $(jq -r .schemaVersion body)" '1 2' 'big: still JSON, and long'

faults_start challenge='Bearer realm="http://127.0.0.1:1/token",service="a, b"'
fault_is 0 401 'challenge: refused' "http://$FAULTS/$manifest" -H "$accept" -D headers
has headers 'WWW-Authenticate: Bearer realm="http://127.0.0.1:1/token",service="a, b"' 'challenge: in these words'
fault_is 0 200 'challenge: with something it passes' "http://$FAULTS/$manifest" -H "$accept" -H 'Authorization: Bearer x'

faults_start --tls redirect
fault_is 60 000 'tls: not trusted without its CA' "https://$FAULTS/v2/"
fault_is 0 307 'tls: trusted with it' --cacert "$FAULTS_CA" "https://$FAULTS/$blob" -D headers
has headers 'Location: http://127.0.0.1:' 'tls: and redirects to plain HTTP'

run "$registry_python" "$SRCDIR/t/lib/faults.py" --log log no-such-thing
is "$status" 2 'an unknown scenario is refused'

faults_start --alone never
fault_is 28 000 'never' "http://$FAULTS/v2/" -m 0.3
faults_start --alone drop
fault_is 52 000 'drop' "http://$FAULTS/v2/"
faults_start --alone status=404
fault_is 0 404 'status: 404' "http://$FAULTS/v2/"
faults_start --alone --on /manifests/ status=401
fault_is 0 200 'alone: /v2/ is there' "http://$FAULTS/v2/"
fault_is 0 404 'alone: nothing else is' "http://$FAULTS/$blob"
fault_is 0 401 'status: 401' "http://$FAULTS/$manifest" -D headers
has headers 'WWW-Authenticate: Basic' 'status: 401 asks for somebody'

# htpasswd
registry_start htpasswd
ok 'htpasswd: push' registry_push docker-archive:image.tar team/app:1
is "$(status "/$manifest" -H "$accept")" 401 'htpasswd: nobody is refused'
is "$(status "/$manifest" -H "$accept" -u "$REGISTRY_USER:wrong")" 401 'htpasswd: a wrong password is refused'
is "$(status "/$manifest" -H "$accept" -u "$REGISTRY_USER:$REGISTRY_PASSWORD")" 200 'htpasswd: the right one is taken'
ok 'htpasswd: login' registry_login auth.json
is "$(jq -r --arg host "$REGISTRY" '.auths[$host].auth' auth.json | base64 -d)" "$REGISTRY_USER:$REGISTRY_PASSWORD" 'htpasswd: as written by skopeo'
is "$([ "$REGISTRY" != "$plain" ] && echo other)" other 'two registries at a time'
is "$(curl -sS -o body -w '%{http_code}' "http://$plain/v2/")" 200 'and the first still answers'

# htpasswd tls
registry_start htpasswd tls
ok 'tls: push' registry_push docker-archive:image.tar team/app:1
is "$(status "/$manifest" -H "$accept" -u "$REGISTRY_USER:$REGISTRY_PASSWORD")" 200 'tls: its CA is enough'
is "$(curl -sS -o body -w '%{http_code}' --cacert "$REGISTRY_CA" "https://localhost:${REGISTRY#*:}/v2/")" 401 'tls: as localhost, too'
curl -sS -o body "$REGISTRY_URL/v2/" >curl.out 2>curl.err
is $? 60 'tls: and without its CA it is refused'
ok 'tls: skopeo reads it' skopeo inspect "$(trust)" --creds "$REGISTRY_USER:$REGISTRY_PASSWORD" "docker://$REGISTRY/team/app:1"

# token
# token_for SCOPE [CURL-OPTION]...: asks the service that the registry named.
token_for() {
	token_scope=$1
	shift
	[ -z "$REGISTRY_CA" ] || set -- --cacert "$REGISTRY_CA" "$@"
	curl -sS -G "$realm" --data-urlencode "service=$service" --data-urlencode "scope=$token_scope" "$@"
}
# challenge PATH: what the registry names for it.
challenge() {
	registry_curl "$1" -o body -D headers
	realm=$(sed -n 's/.*realm="\([^"]*\)".*/\1/p' headers)
	service=$(sed -n 's/.*service="\([^"]*\)".*/\1/p' headers)
	scope=$(sed -n 's/.*scope="\([^"]*\)".*/\1/p' headers)
}
for tls in '' tls; do
	# shellcheck disable=SC2086
	registry_start token $tls
	title="token${tls:+ }$tls"
	ok "$title: push" registry_push docker-archive:image.tar team/app:1
	ok "$title: push, public" registry_push docker-archive:image.tar public/app:1
	ok "$title: skopeo reads it" skopeo inspect "$(trust)" --creds "$REGISTRY_USER:$REGISTRY_PASSWORD" "docker://$REGISTRY/team/app:1"
	ok "$title: skopeo reads the public one as nobody" skopeo inspect "$(trust)" --no-creds "docker://$REGISTRY/public/app:1"
	challenge "/$manifest"
	is "$scope" repository:team/app:pull "$title: the scope is named"
	: >"$TOKENS_LOG"
	token=$(token_for "$scope" | jq -r .token)
	is "$(status "/$manifest" -H "$accept" -H "Authorization: Bearer $token")" 401 "$title: nobody's token is too little"
	token=$(token_for "$scope" -u "$REGISTRY_USER:$REGISTRY_PASSWORD" | jq -r .token)
	is "$(status "/$manifest" -H "$accept" -H "Authorization: Bearer $token")" 200 "$title: the user's is good"
	is "$(status "/v2/public/app/manifests/1" -H "$accept" -H "Authorization: Bearer $token")" 401 "$title: for its repository"
	is "$(status "/$manifest" -H "$accept" -H "Authorization: Bearer ${token%????}AAAA")" 401 "$title: a token that was tampered with is not"
	is "$(token_for "$scope" -u "$REGISTRY_USER:wrong" -o body -w '%{http_code}')" 401 "$title: no token for a wrong password"
	challenge /v2/public/app/manifests/1
	token=$(token_for "$scope" | jq -r .access_token)
	is "$(status "/v2/public/app/manifests/1" -H "$accept" -H "Authorization: Bearer $token")" 200 "$title: everybody's is good for public/"
	is "$(cat "$TOKENS_LOG")" "GET - repository:team/app:pull 200
GET $REGISTRY_USER repository:team/app:pull 200
GET - repository:team/app:pull 401
GET - repository:public/app:pull 200" "$title: the log of the service"
done

registry_start token --lifetime 3 --says 300 --field access_token
challenge "/$manifest"
# oauth SCOPE REFRESH-TOKEN [CURL-OPTION]...
oauth() {
	oauth_scope=$1
	oauth_token=$2
	shift 2
	curl -sS "$realm" -d grant_type=refresh_token -d client_id=test --data-urlencode "service=$service" \
		--data-urlencode "scope=$oauth_scope" --data-urlencode "refresh_token=$oauth_token" "$@"
}
oauth "$scope" "$REGISTRY_REFRESH_TOKEN" >token.json
is "$(jq -r 'has("token"), .expires_in' token.json | tr '\n' ' ')" 'false 300 ' 'token: the answer has the form that was asked for'
token=$(jq -r .access_token token.json)
code=$(status "/v2/" -H "Authorization: Bearer $token")
is "$code" 200 'token: OAuth2 with a refresh token'
sleep 4
is "$(status "/v2/" -H "Authorization: Bearer $token")" 401 'token: it ends after its lifetime'
is "$(oauth "$scope" other -o body -w '%{http_code}')" 401 'token: not with another one'
is "$(grep -c '^POST' "$TOKENS_LOG")" 2 'token: the requests are counted'

registry_start token --answer 'no JSON' --status 503
challenge "/$manifest"
is "$(token_for "$scope" -w ' %{http_code}')" 'no JSON 503' 'token: the service answers as it was told'

# what was started is ended by pid
started=$registry_pids
registry_stop_all
left=
for pid in $started; do
	kill -0 "$pid" 2>/dev/null && left="$left $pid"
done
is "$left" '' 'nothing is left running'

done_testing
