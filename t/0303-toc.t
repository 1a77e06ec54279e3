#!/bin/sh
# Layers with tables of contents (eStargz, zstd:chunked) in a real registry: a search of paths reads the tables and
# nothing else, says so, and finds what it finds in the layers.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/registry.sh"
need_command jq
need_command python3
need_command zstd

HOME=$T/home DOCKER_CONFIG=$T/home/.docker XDG_RUNTIME_DIR=$T/run DOCKER_HOST=unix://$T/no-daemon
export HOME DOCKER_CONFIG XDG_RUNTIME_DIR DOCKER_HOST
unset REGISTRY_AUTH_FILE XDG_CONFIG_HOME http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy
mkdir -p "$HOME" "$XDG_RUNTIME_DIR"

# Of everything that a layer may hold something, and enough noise that a layer is much longer than its table
mkdir -p below/etc below/opt/old/deep 'below/with blank' above/etc above/opt/old
echo 'the secret below' >below/etc/deleted
echo one >below/etc/first
ln below/etc/first below/etc/second
ln -s ../first below/etc/link
mkfifo below/etc/fifo
: >below/empty
echo x >below/opt/old/deep/file
echo x >'below/with blank/naïve "quoted"\file'
long=$(printf '%0200d' 0)
mkdir "below/$long" && echo x >"below/$long/$long"
head -c 3000000 /dev/urandom >below/noise
: >above/etc/.wh.deleted
: >above/opt/old/.wh..wh..opq
echo two >above/etc/first
head -c 300000 /dev/urandom >above/noise
pack_layer below.tar below --format=pax
pack_layer above.tar above --format=gnu

# made NAME LAYER...: such an image in the registry under this name; its address in $image.
made() {
	made_name=$1
	shift
	rm -rf layout
	ok "$made_name is made" "$registry_python" "$SRCDIR/t/lib/toc.py" layout "$@"
	ok "$made_name is pushed" registry_push oci:layout "team/$made_name:1"
	image=docker://$REGISTRY/team/$made_name:1
}

# blobs: what was asked for of the blobs since registry_forget, as "STATUS BYTES" in the order of the layers; the
# configuration and the manifest are not told.
blobs() {
	registry_requests | grep /blobs/ | grep -v "$(jq -r .image.id out.json)" | sort | cut -d' ' -f3,4
}

note='only the table of contents was read (--verify reads all)'

# by_table NAME: a search reads the tables and finds what is found in the layers.
by_table() {
	registry_forget
	run layer-grep --json '*' "$image"
	cp out out.json
	is "$status$(cat err)" 0 "$1: a search of paths"
	is "$(jq -c '[.layers[].table]' out)" "$2" "$1: the JSON says what was read"
	is "$(registry_requests | grep -c ' 200 ')" 2 "$1: manifest and configuration are read"
	is "$(blobs | grep -cv '^206 ')" 0 "$1: and of the layers parts only"
	is "$(blobs | awk '{ sum += $2 } END { print sum }')" "$(jq '[.layers[].table_bytes] | add' out.json)" \
		"$1: as many bytes as it says"
	ok "$1: and these are few" test "$(jq '[.layers[].table_bytes] | add' out.json)" -lt 40000
	jq -c .matches[] out.json >by-table
	registry_forget
	run layer-grep --verify --json '*' "$image"
	is "$status$(cat err)" 0 "$1: the same with --verify"
	is "$(jq -c '[.layers[].table] | unique' out)" '[null]' "$1: says that it reads the layers"
	is "$(blobs | cut -d' ' -f1 | sort -u)" 200 "$1: and does"
	jq -c .matches[] out >by-layer
	ok "$1: the same paths in the same order with the same fates" cmp by-table by-layer
	ok "$1: and these are some" test "$(wc -l <by-table)" -gt 6
}

registry_start

for format in estargz stargz zstd zstd,old-keys zstd,both; do
	name=$(echo "$format" | tr , -)
	made "$name" "$format:below.tar" "$format:above.tar"
	table='"zstd:chunked"'
	[ "$format" = "${format#zstd}" ] && table='"estargz"'
	by_table "$format" "[$table,$table]"
done
has by-table '"path":"etc/deleted"' 'a deleted file is found'
has by-table '"fate":"deleted","gone_layer":1' 'and known to be deleted'
made estargz estargz:below.tar estargz:above.tar
run layer-grep --json '*' "$image"
has out '"path":"stargz.index.json"' "an eStargz layer's own member is an entry as in the layer"
has out '"path":".no.prefetch.landmark"' 'and so is the landmark'
# its 1.9 loses the blocks of zeros behind the second at the end of an archive
pack_layer below-short.tar below --format=pax --blocking-factor=1
pack_layer above-short.tar above --format=gnu --blocking-factor=1
pack_image image.tar below-short.tar above-short.tar
ok "skopeo's zstd:chunked is pushed" registry_push docker-archive:image.tar team/skopeo:1 --format oci \
	--dest-compress-format zstd:chunked
image=docker://$REGISTRY/team/skopeo:1
by_table "skopeo's own zstd:chunked" '["zstd:chunked","zstd:chunked"]'
mkdir many
i=0
while [ $i -lt 600 ]; do
	echo $i >many/$i
	i=$((i + 1))
done
pack_layer many.tar many
made many estargz:many.tar
by_table 'a table that is longer than what is fetched at first' '["estargz"]'
registry_forget
run layer-grep many "$image"
is "$(blobs | wc -l)" 2 'is fetched in two pieces'

# What it says to people
made mixed gzip:below.tar estargz:above.tar zstd:above.tar
run layer-grep first "$image"
is "$(cat err)" "layer-grep: $image: layers 1, 2: $note" 'text: a line on standard error'
is "$(grep -v '^#' out)" '0:replaced@1:etc/first
1:replaced@2:etc/first
2:final:etc/first' 'and the results as ever'
run layer-grep --tap first "$image"
has out "# $image: layers 1, 2: $note" 'TAP: a diagnostic'
is "$(cat err)" '' 'and nothing on standard error'
run layer-grep --json first "$image"
is "$(jq -c '[.layers[] | [.index, .searched, .table, .table_bytes != null]]' out)" \
	'[[0,true,null,false],[1,true,"estargz",true],[2,true,"zstd:chunked",true]]' 'JSON: each layer'
expect_status 1 layer-grep no-such-name "$image"
printf 'it path glob first\nkey history fixed step\n' >paths.rules
registry_forget
run layer-grep --rules paths.rules "$image"
has err 'layers 1, 2' 'rules for paths and the configuration do with tables'
printf 'it path glob first\nkey content fixed two\n' >contents.rules
for arguments in '--rules contents.rules' '--content two' '--path --content two' '--verify first' '--deny first'; do
	# shellcheck disable=SC2086
	run layer-grep $arguments "$image"
	is "$((status < 2)) $(cat err)" '1 ' "reads the layers, and says nothing: $arguments"
done
registry_forget
run layer-grep --config --json step "$image"
is "$(jq -c '[.layers[].searched] | unique' out)" '[false]' 'a search of the configuration'
is "$(registry_requests | wc -l)" 2 'reads no layer at all'
run layer-grep --json first oci:layout
is "$(jq -c '[.layers[].table]' out)" '[null,null,null]' 'an image on disk is read whole'
run image-size --content "$image"
is "$status$(cat err)" 0 'image-size reads all of it'

# Not usable: the layer is read, and nothing else is claimed
for spec in estargz,no-digest=sha256:12 estargz,no-footer estargz,offset=ffffffffffffffff estargz,offset=fffff estargz,version=2 \
	estargz,unknown-type zstd,no-digest=md5:00 zstd,position=1:2:3 zstd,position=0:1:99999999999999999999:1 \
	zstd,position=18446744073709551615:2:3:1 zstd,position=1:2:3:2 zstd,version=2 zstd,unknown-type; do
	made "$(echo "$spec" | tr ',=:' ---)" "$spec:above.tar"
	run layer-grep --json first "$image"
	is "$status$(cat err)$(jq -c '[.match_count, .layers[].table]' out)" '0[1,null]' "the layer is read: $spec"
done
printf x >"$(printf 'above/caf\351')"
pack_layer latin.tar above
for format in estargz zstd; do
	made "$format-latin" "$format:latin.tar"
	run layer-grep --json 'caf*' "$image"
	is "$(jq -c '[.matches[].path, .layers[].table]' out)" '["caf\\xe9",null]' "$format: a name that a table cannot hold"
done

# Wrong: one line, and nothing that could be taken for a result
for format in estargz zstd; do
	made "$format-wrong" "$format,wrong-digest:above.tar"
	expect_trouble 'table of contents: wrong digest' layer-grep no-such-name "$image"
	expect_status 0 layer-grep --deny no-such-name "$image"
	made "$format-good" "$format:above.tar"
	faults_start --on '/blobs/' cut-whole=99999999,1
	run layer-grep --json first "docker://$FAULTS/team/$format-good:1"
	is "$status$(cat err)$(jq -c '[.match_count, .layers[].table]' out)" '0[1,null]' "$format: a host without ranges"
	has "$FAULTS_LOG" 'bytes=' "$format: was asked for one"
	faults_start --on "/blobs/$(jq -r '.layers[0].digest' out)" cut=100,2
	run layer-grep --json first "docker://$FAULTS/team/$format-good:1"
	is "$status$(cat err)$(jq -c '[.match_count, .layers[].table != null]' out)" '0[1,true]' \
		"$format: an answer that breaks off is asked for again"
	faults_start wrong-range=150
	expect_trouble 'table of contents: ' layer-grep no-such-name "docker://$FAULTS/team/$format-good:1"
done
made hidden estargz,hide=etc/first:above.tar
expect_status 1 layer-grep first "$image"
expect_status 0 layer-grep --verify first "$image"
expect_status 1 layer-grep --deny first "$image"

done_testing
