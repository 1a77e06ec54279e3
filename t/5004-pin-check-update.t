#!/bin/sh
# pin-check --update: pins become what their tags point to, and nothing else changes.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/registry.sh"
need_command jq

HOME=$T/home DOCKER_CONFIG=$T/home/.docker XDG_RUNTIME_DIR=$T/run
export HOME DOCKER_CONFIG XDG_RUNTIME_DIR
unset REGISTRY_AUTH_FILE XDG_CONFIG_HOME http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy
mkdir -p "$HOME" "$XDG_RUNTIME_DIR" content

registry_start
echo one >content/for
pack_layer layer.tar content
pack_image image.tar layer.tar
registry_push docker-archive:image.tar base/os:1
registry_push docker-archive:image.tar base/os:latest
echo two >content/for
pack_layer layer.tar content
pack_image image.tar layer.tar
registry_push docker-archive:image.tar base/os:2
os=$REGISTRY/base/os
one=$(registry_curl /v2/base/os/manifests/1 -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' | sha256sum)
one=sha256:${one%% *}
two=$(registry_curl /v2/base/os/manifests/2 -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' | sha256sum)
two=sha256:${two%% *}
old=sha256:1111111111111111111111111111111111111111111111111111111111111111

# updates NAME INPUT OUTPUT [STATUS]: both with printf's escapes; what --update makes of a file, which --diff shows.
updates() {
	printf "$2" >file
	printf "$3" >wanted
	cp file before
	diff -u --label file --label file before wanted >wanted.diff
	run pin-check --diff file
	sed -n '/^---/,$p' out >diff.out
	is "$(cat diff.out)" "$(cat wanted.diff)" "$1: --diff says what diff says"
	ok "$1: and changes nothing" cmp file before
	expect_status "${4:-0}" pin-check --update file
	ok "$1: rewritten" cmp file wanted
	[ "$status" -eq 0 ] || diff -u wanted file | sed 's/^/# /'
}

updates 'a tag gets a digest' "FROM $os:1\n" "FROM $os:1@$one\n"
updates 'an old digest becomes the new one' "FROM $os:1@$old\n" "FROM $os:1@$one\n"
updates 'no tag is latest' "FROM $os AS x\n" "FROM $os@$one AS x\n"
updates 'what is right stays' "FROM  $os:1@$one\n" "FROM  $os:1@$one\n"
has out '1 external reference, all pinned; 0 rewritten' 'and nothing is said to be rewritten'
updates 'CRLF, no line break at the end' "FROM\t$os:1@$old \r\n# $os:1\r\nRUN x" "FROM\t$os:1@$one \r\n# $os:1\r\nRUN x"
updates 'continuation lines, comments, case' "\\357\\273\\277# c\nfrom \\\\\n# x\n\n  $os:2 \\\\\n  as b\n" \
	"\\357\\273\\277# c\nfrom \\\\\n# x\n\n  $os:2@$two \\\\\n  as b\n"
updates 'COPY, mounts, ONBUILD' \
	"FROM $os:1\nCOPY --chown=1 --from=$os:2 a b\nRUN --mount=type=bind,from=$os:1@$old,target=/x true\nONBUILD COPY --from=$os a b\n" \
	"FROM $os:1@$one\nCOPY --chown=1 --from=$os:2@$two a b\nRUN --mount=type=bind,from=$os:1@$one,target=/x true\nONBUILD COPY --from=$os@$one a b\n"
updates 'the frontend' "# syntax = $os:2 \nFROM $os:1\n" "# syntax = $os:2@$two \nFROM $os:1@$one\n"
updates 'quotes around it all' "FROM \"$os:1\"\n" "FROM \"$os:1@$one\"\n"
updates 'several on one line and the same twice' "FROM $os:1\nFROM $os:1\nFROM $os:2\n" "FROM $os:1@$one\nFROM $os:1@$one\nFROM $os:2@$two\n"
updates 'stages and scratch' "FROM $os:1 AS a\nFROM a\nFROM scratch\nCOPY --from=a x y\n" "FROM $os:1@$one AS a\nFROM a\nFROM scratch\nCOPY --from=a x y\n"

# ARGs
updates 'the default of an ARG' "ARG B=$os:1\nFROM \$B\n" "ARG B=$os:1@$one\nFROM \$B\n"
updates 'in quotes, among others' "ARG A B=\"$os:1@$old\" C\nFROM \${B} AS x\nFROM \${B}\n" "ARG A B=\"$os:1@$one\" C\nFROM \${B} AS x\nFROM \${B}\n"
updates 'a tag that is an ARG' "ARG V=2\nFROM $os:\${V}\n" "ARG V=2@$two\nFROM $os:\${V}\n"
updates 'a default in the FROM' "ARG B\nFROM \${B:-$os:1}\n" "ARG B\nFROM \${B:-$os:1@$one}\n"
updates 'a digest behind a variable' "ARG V=1\nFROM $os:\$V@$old\n" "ARG V=1\nFROM $os:\$V@$one\n"
updates 'a digest that is used elsewhere' "ARG B=$os:1@$old\nFROM \$B\nARG B\nRUN echo \$B\n" "ARG B=$os:1@$one\nFROM \$B\nARG B\nRUN echo \$B\n"

# stays NAME INPUT TEXT: nothing is changed, and TEXT says why.
stays() {
	updates "$1" "$2" "$2" 1
	has out "not rewritten: $3" "$1: told why"
}
stays 'a tag made of variables' "ARG V=1\nARG S=\nFROM $os:\$V\$S\n" 'the file writes it in another way'
stays 'a variable in the middle' "ARG D=os\nFROM $REGISTRY/base/\$D:1\n" 'its tag is made of variables'
stays 'a variable with other uses' "ARG V=1\nFROM $os:\$V\nRUN echo\nARG V\n" "'V' is used in line 4, too"
stays 'two bases of one variable' "ARG V=1\nFROM $os:\${V}\nFROM $os:\$V\n" "'V' is used in line 3, too"
stays 'a variable of a variable' "ARG V=1\nARG W=\$V\nFROM $os:\$W\n" "the value of 'W' is no plain text"
stays 'a variable declared twice' "ARG V=2\nARG V=1\nFROM $os:\$V\n" "'V' is declared 2 times"
stays 'words over several lines' "FROM $REGISTRY/base\\\\\n/os:1\n" 'it is written with quotes, escapes or over several lines'

# YAML: the files' names tell what they are
# updates_as NAME INPUT OUTPUT STATUS: of a file of this name.
updates_as() {
	mkdir -p "$(dirname "$1")"
	printf '%b' "$2" >"$1"
	printf '%b' "$3" >wanted
	expect_status "$4" pin-check --update "$1"
	ok "$1: rewritten" cmp "$1" wanted
	[ "$status" -eq 0 ] || diff -u wanted "$1" | sed 's/^/# /'
}
updates_as compose.yaml "# \303\244\r\nservices:\r\n  a: { image: $os:1 } # $os:1\r\n  b:\r\n    image: '$os:2@$old'\r\n  c:\r\n    image: \"\${X:-$os}\"\r\n" \
	"# \303\244\r\nservices:\r\n  a: { image: $os:1@$one } # $os:1\r\n  b:\r\n    image: '$os:2@$two'\r\n  c:\r\n    image: \"\${X:-$os}\"\r\n" 1
has out 'compose.yaml:7: image' 'what cannot be rewritten in a compose file'
has out 'it is made of variables' 'and why'
updates_as anchors.yaml "services:\n  a: {image: &i $os:1}\n  b: {image: *i}\n  c: {build: {dockerfile_inline: \"FROM $os:1@$one\"}}" \
	"services:\n  a: {image: &i $os:1@$one}\n  b: {image: *i}\n  c: {build: {dockerfile_inline: \"FROM $os:1@$one\"}}" 0
updates_as deploy/app.yaml "apiVersion: v1\nkind: Pod\nspec:\n  initContainers:\n  - image: $os:1\n  containers:\n  - name: x\n    image: $os:2@$old   \n---\napiVersion: v1\nspec: {containers: [{image: \"$os\"}]}" \
	"apiVersion: v1\nkind: Pod\nspec:\n  initContainers:\n  - image: $os:1@$one\n  containers:\n  - name: x\n    image: $os:2@$two   \n---\napiVersion: v1\nspec: {containers: [{image: \"$os@$one\"}]}" 0
updates_as .github/workflows/ci.yml "on: push\njobs:\n  a:\n    container: $os:1\n    services:\n      b: {image: $os:2}\n    steps:\n    - uses: docker://$os:1@$old\n    - uses: actions/checkout@v4\n" \
	"on: push\njobs:\n  a:\n    container: $os:1@$one\n    services:\n      b: {image: $os:2@$two}\n    steps:\n    - uses: docker://$os:1@$one\n    - uses: actions/checkout@v4\n" 0
updates_as action.yml "name: x\nruns:\n  using: docker\n  image: docker://$os:1\n" "name: x\nruns:\n  using: docker\n  image: docker://$os:1@$one\n" 0

# What has a digest and no tag can not be moved, and needs not be
printf 'FROM %s@%s\n' "$os" "$old" >digest
expect_status 0 pin-check --update digest
has out "digest:1: FROM $os@$old: note: stays: there is no tag beside the digest" 'a digest without a tag stays, and is told'
is "$(cat digest)" "FROM $os@$old" 'as it was'
printf 'FROM %s:1\nFROM $UNSET\nADD https://example.org/x /x\n' "$os" >some
expect_status 1 pin-check --update some
is "$(head -n 1 some)" "FROM $os:1@$one" 'what can be rewritten is, beside findings'
printf 'ARG V=1\nFROM %s:$V\n' "$os" >given
cp given before
expect_status 1 pin-check --update --build-arg V=2 given
has out "the value of 'V' is given on the command line" 'a value that is not of the file'
ok 'as it was' cmp given before
printf 'FROM %s:1\n' "$os" >platform
expect_status 1 pin-check --update --platform linux/arm64 platform
has out 'not rewritten: not for linux/arm64' 'a tag whose image is for another platform is not taken'
is "$(cat platform)" "FROM $os:1" 'as it was'
expect_status 0 pin-check --update --platform linux/amd64 platform

# All or nothing
printf 'FROM %s:1\n' "$os" >first
printf 'FROM %s:none\n' "$os" >second
cp first before
expect_trouble "second:1: $os:none: the registry does not have it" pin-check --update first second
ok 'nothing is written where one tag is not there' cmp first before
printf 'FROM 127.0.0.1:1/x:1\n' >second
expect_trouble 'second:1: 127.0.0.1:1/x:1: ' pin-check --update first second
ok 'nor where one registry cannot be asked' cmp first before
printf 'FROM %s:1\n' "$os" >second
mkdir locked
printf 'FROM %s:1\n' "$os" >locked/second
if [ "$(id -u)" -ne 0 ]; then
	chmod a-w locked
	expect_trouble 'cannot create' pin-check --update first locked/second
	ok 'nor where one folder cannot be written' cmp first before
	chmod u+w locked
fi
expect_trouble "fifo' is no regular file" sh -c "mkfifo fifo && (cat second >fifo & exec pin-check --update first fifo)"
ok 'nor where one is no file' cmp first before
is "$(find . -name '*.??????' -newer wanted -name 'first*' | tr '\n' ' ')" '' 'nothing is left beside'
expect_trouble 'standard input cannot be rewritten' sh -c 'pin-check --update - <first'
expect_status 0 sh -c 'pin-check --diff - <first'
has out "+FROM $os:1@$one" '--diff takes standard input'
expect_trouble 'not with --verify' pin-check --update --verify first

# The file is another, and looks the same
mkdir sub
printf 'FROM %s:1\n' "$os" >sub/real
chmod 4751 sub/real
ln -s sub/real link
expect_status 0 pin-check --update link second
is "$(stat -c %a sub/real) $(readlink link)" '4751 sub/real' 'mode and link stay'
is "$(cat sub/real)" "FROM $os:1@$one" 'the real file is rewritten'
is "$(ls -A sub)" real 'and alone in its folder'
if [ "$(id -u)" -eq 0 ]; then
	printf 'FROM %s:2\n' "$os" >sub/real
	chown 1234:2345 sub/real
	expect_status 0 pin-check --update link
	is "$(stat -c %u:%g sub/real)" 1234:2345 'so does the owner'
fi
expect_status 0 pin-check --update --json first
is "$(jq -c '.files[].references[] | [.place.line, .place.column, .digest, .change.kind, .change.from, .change.to]' out)" \
	"[1,6,\"$one\",\"changed\",null,\"$one\"]" 'JSON: the change'

# Every real Dockerfile, by a server that has every tag
need_corpus
need_command python3
cat >everything.py <<'END'
import http.server, json, sys, threading, os
class Handler(http.server.BaseHTTPRequestHandler):
	protocol_version = "HTTP/1.1"
	def log_message(self, *arguments): pass
	def do_GET(self):
		body = json.dumps({"schemaVersion": 2, "manifests": [], "annotations": {"path": self.path}}).encode()
		self.send_response(200)
		self.send_header("Content-Type", "application/vnd.oci.image.index.v1+json")
		self.send_header("Content-Length", str(len(body)))
		self.end_headers()
		self.wfile.write(body)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
END
python3 everything.py >everything.port &
registry_pids="$registry_pids $!"
registry_wait $! test -s everything.port
need python3 'the server does not start'
server=127.0.0.1:$(cat everything.port)
mkdir real
changed=0 wrong=''
for dockerfile in "$CORPUS"/dockerfiles/real/*; do
	cat "$dockerfile" >real/Dockerfile
	run pin-check --json real/Dockerfile
	[ "$status" -ne 2 ] || continue
	mirrors=$(jq -r '.files[].references[].resolved // empty | split("/")[0] | select(test("[.:]"))' out | sort -u |
		sed "s|\(.*\)|--mirror=\1=http://$server|")
	# shellcheck disable=SC2086
	run pin-check --update --json --mirror "docker.io=http://$server" $mirrors real/Dockerfile
	sed -E 's/@sha256:[0-9a-f]{64}//g' real/Dockerfile >masked
	sed -E 's/@sha256:[0-9a-f]{64}//g' "$dockerfile" >original
	lines=$(jq '[.files[].references[] | select(.change.kind == "changed")] | length' out)
	changed=$((changed + lines))
	# what ADD fetches is no image
	left=$(jq '[.files[].references[] | select((.pin | IN("tag", "latest", "untagged")) and (.instruction | endswith("ADD") | not) and .change.kind != "stuck")] | length' out)
	if [ "$status" -gt 1 ] || ! cmp -s masked original || [ "$left" -ne 0 ] ||
		{ [ "$lines" -gt 0 ] && cmp -s real/Dockerfile "$dockerfile"; }; then
		wrong="$wrong ${dockerfile##*/}"
		show_output
	fi
done
is "$wrong" '' 'every Dockerfile of the corpus: nothing but digests changes'
is "$([ "$changed" -gt 100 ] && echo many)" many "and they do: $changed"

done_testing
