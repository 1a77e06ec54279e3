#!/bin/sh
# What is no image, or a damaged or hostile one: one line that says why, exit 2, never a crash or a
# hang, and nothing left behind.
# shellcheck disable=SC2016
. "${SRCDIR:-.}/t/lib/harness.sh"

need_command jq
mkdir spool
TMPDIR=$T/spool DOCKER_HOST=unix://$T/no-daemon
export TMPDIR DOCKER_HOST

# refused TEXT IMAGE [OPTION...]: by a program, within a minute.
refused() {
	text=$1
	shift
	expect_trouble "$text" timeout 60 image-size "$@"
}

# taken IMAGE [OPTION...]
taken() {
	expect_status 0 timeout 60 image-size "$@"
}

sha256() {
	sha256sum "$1" | cut -d ' ' -f 1
}

# blob FILE: into the layout $L; says its descriptor without the media type.
blob() {
	mkdir -p "$L/blobs/sha256"
	cp "$1" "$L/blobs/sha256/$(sha256 "$1")"
	printf '"digest":"sha256:%s","size":%s' "$(sha256 "$1")" "$(wc -c <"$1")"
}

# layout DIR LAYER...: an image of these layers, plain tars, in an OCI layout.
layout() {
	L=$1
	shift
	mkdir -p "$L"
	layers=
	ids=
	for layer; do
		layers="$layers${layers:+,}{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",$(blob "$layer")}"
		ids="$ids${ids:+,}\"sha256:$(sha256 "$layer")\""
	done
	printf '{"os":"linux","architecture":"amd64","config":{},"rootfs":{"type":"layers","diff_ids":[%s]}}' "$ids" >config
	printf '{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json",%s},"layers":[%s]}' \
		"$(blob config)" "$layers" >manifest
	printf '{"imageLayoutVersion":"1.0.0"}' >"$L/oci-layout"
	index "$L" "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",$(blob manifest)}"
}

# index DIR ENTRIES
index() {
	printf '{"schemaVersion":2,"manifests":[%s]}' "$2" >"$1/index.json"
}

# archive DIR FILE
archive() {
	(cd "$1" && tar -cf - --sort=name --owner=0 --group=0 -- *) >"$2"
}

mkdir root root/bin
head -c 3000 /dev/zero | tr '\0' x >root/bin/tool
printf hello >root/hello
tar -C root -cf one.tar --sort=name bin
tar -C root -cf two.tar hello
layout good one.tar two.tar
cp manifest good.manifest
cp config good.config
taken oci:good --verify
archive good good.tar
taken good.tar --verify

# --- no image at all

refused 'no such file' nowhere.tar
refused 'No such file' oci:nowhere
refused 'No such file' docker-archive:nowhere.tar:app
refused 'is empty' /dev/null
refused 'names no image' docker-archive:
refused 'is empty' ''
refused 'http://localhost:1/v2/app/manifests/latest: Failed to connect' docker://localhost:1/app
refused 'no image reference' docker://localhost/App
refused 'no container engine there' docker-daemon:app
mkdir empty
refused 'no index.json' ./empty
refused 'no index.json' oci:empty
: >empty.tar
refused 'is empty' ./empty.tar
printf 'no tar\n' >text.tar
refused 'no tar' ./text.tar
head -c 100000 /dev/zero >zeros.tar
refused 'neither manifest.json nor index.json' ./zeros.tar
refused 'neither manifest.json nor index.json' ./one.tar
refused 'no manifest.json' docker-archive:good.tar
refused 'use oci-archive:' oci:good.tar
refused 'use oci:' oci-archive:good
refused 'no platform like' good --platform amd64
refused 'no image for linux/s390x' good --platform linux/s390x
mkfifo pipe
sh -c ': >pipe' &
writer=$!
refused 'pipe' docker-archive:pipe
wait "$writer"

# --- cut short: refused, or nothing that matters is missing

size=$(wc -c <good.tar)
image-size --json --verify good.tar | jq 'del(.image, .generated, .name)' >whole.json
wrong=
answered=0
cut=0
while [ "$cut" -lt "$size" ]; do
	for odd in 0 1 511; do
		at=$((cut + odd))
		[ "$at" -lt "$size" ] || continue
		head -c "$at" good.tar >cut.tar
		timeout 20 image-size --json --verify cut.tar >cut.json 2>err
		status=$?
		if [ "$status" -eq 0 ]; then
			answered=$((answered + 1))
			jq 'del(.image, .generated, .name)' cut.json | sed 's/cut\.tar/good.tar/' | cmp -s - whole.json ||
				wrong="$wrong $at:answer"
		elif [ "$status" -ne 2 ] || [ "$(wc -l <err)" -ne 1 ] || [ -s cut.json ]; then
			wrong="$wrong $at:$status"
		fi
	done
	cut=$((cut + 512))
done
is "$wrong" '' 'an archive cut anywhere is refused in one line, or answers as the whole does'
is "$([ "$answered" -lt 80 ] && echo few)" few 'and few cuts are answered'

gzip -c good.tar >good.tar.gz
taken good.tar.gz --verify
size=$(wc -c <good.tar.gz)
wrong=
cut=4
while [ "$cut" -lt "$size" ]; do
	head -c "$cut" good.tar.gz >cut.tar.gz
	timeout 20 image-size cut.tar.gz >out 2>err
	status=$?
	[ "$status" -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] || wrong="$wrong $cut:$status"
	cut=$((cut + 23))
done
is "$wrong" '' 'a compressed archive cut anywhere is refused in one line'

# --- standard input

run sh -c 'timeout 60 image-size - <good.tar'
is "$status" 0 'an archive on standard input'
run sh -c 'cat good.tar.gz | timeout 60 image-size --verify -'
is "$status" 0 'a compressed one through a pipe'
run sh -c 'head -c 9000 good.tar | timeout 60 image-size -'
is "$status $(wc -l <err)" '2 1' 'one cut short is refused in one line'
run sh -c ': | timeout 60 image-size -'
is "$status $(wc -l <err)" '2 1' 'nothing at all is refused in one line'
run sh -c 'timeout 60 image-size - <&-'
is "$status $(wc -l <err)" '2 1' 'closed standard input is refused in one line'
run sh -c 'cat good.tar | TMPDIR=/nowhere timeout 60 image-size -'
is "$status" 0 'nothing is spooled'
run sh -c 'TMPDIR=/nowhere timeout 60 image-size good.tar.gz'
is "$status $(wc -l <err)" '2 1' 'no place to spool to is told in one line'
has err '/nowhere' 'and the place is named'
is "$(ls -A spool)" '' 'nothing is left in the temporary directory'

# --- blobs that are not what they should be

digest=$(sha256 two.tar)
broken() {
	rm -rf bad
	cp -R good bad
}
broken
rm "bad/blobs/sha256/$digest"
refused "$digest" ./bad
broken
printf x >>"bad/blobs/sha256/$digest"
refused "$digest: wrong size" ./bad
broken
tr h H <two.tar >"bad/blobs/sha256/$digest"
refused "$digest: wrong digest" ./bad --verify
for name in good.config good.manifest; do
	broken
	tr l L <"$name" >"bad/blobs/sha256/$(sha256 "$name")"
	refused "$(sha256 "$name"): wrong digest" ./bad
	rm "bad/blobs/sha256/$(sha256 "$name")"
	refused "$(sha256 "$name")" ./bad
done
printf 'this is no tar at all, however long it is made to be' >text
layout notar text
refused "$(sha256 text): no tar" ./notar
head -c 1300 one.tar >cut-one.tar
layout cutlayer cut-one.tar
refused "$(sha256 cut-one.tar)" ./cutlayer
gzip -c one.tar | head -c 100 >cut-one.gz
layout cutgzip cut-one.gz
refused "$(sha256 cut-one.gz)" ./cutgzip
# a diff_id of something else
layout diff one.tar
sed "s/$(sha256 one.tar)/$digest/" config >other
index diff "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",$(
	sed "s/$(sha256 config)/$(sha256 other)/" manifest >second
	blob other >/dev/null
	blob second
)}"
refused 'wrong diff_id' ./diff --verify

# --- links

broken
blob=bad/blobs/sha256/$digest
mv "$blob" bad/two.tar
ln -s ../../two.tar "$blob"
taken ./bad --verify
archive bad bad.tar
taken bad.tar --verify
for target in ../../../two.tar "$T/two.tar" /etc/passwd; do
	ln -sf "$target" "$blob"
	refused 'leads outside' ./bad
	archive bad bad.tar
	refused 'leads outside' bad.tar
done
ln -sf "$digest" "$blob"
refused "$digest" ./bad
archive bad bad.tar
refused 'without an end' bad.tar
rm "$blob"
mkfifo "$blob"
refused 'no regular file' ./bad

# --- docker save

# docker FILE MANIFEST: with the two layers and the configuration beside it.
docker() {
	rm -rf saved
	mkdir saved saved/a saved/b
	cp one.tar saved/a/layer.tar
	cp two.tar saved/b/layer.tar
	cp good.config saved/config.json
	printf '%s' "$2" >saved/manifest.json
	archive saved "$1"
}
one='{"Config":"config.json","RepoTags":["app:1"],"Layers":["a/layer.tar","b/layer.tar"]}'
docker saved.tar "[$one]"
taken saved.tar --verify
taken docker-archive:saved.tar:app:1
refused "no image 'app:2'" docker-archive:saved.tar:app:2
docker saved.tar "[$one,$one]"
refused 'it holds 2 images' saved.tar
taken docker-archive:saved.tar:@1
docker saved.tar '[{"Config":"config.json","Layers":["a/layer.tar"]}]'
refused 'the manifest has 1 layers and the configuration 2 diff_ids' saved.tar
docker saved.tar '[{"Config":"config.json","Layers":["a/layer.tar","c/layer.tar"]}]'
refused "'c/layer.tar' is missing" saved.tar
docker saved.tar '[{"Config":"config.json","Layers":["a/layer.tar","../two.tar"]}]'
refused 'names nothing inside' saved.tar
docker saved.tar '[{"Config":"config.json","Layers":["a/layer.tar","a/layer.tar"]}]'
refused 'wrong diff_id' saved.tar --verify
docker saved.tar '[{"Config":"../config.json","Layers":[]}]'
refused 'names nothing inside' saved.tar
docker saved.tar null
refused 'no array' saved.tar
docker saved.tar '[{"Config":"config.json","RepoTags":["\u001b[31m\nred"],"Layers":[]},{}]'
refused '\x1b[31m\x0ared' saved.tar
rm -rf saved/a
mkdir saved/a
truncate -s 1M saved/a/layer.tar
printf '[{"Config":"config.json","Layers":["a/layer.tar","b/layer.tar"]}]' >saved/manifest.json
(cd saved && tar --sparse --format=gnu -cf - a b config.json manifest.json) >sparse.tar
refused 'is a sparse file' sparse.tar

# --- documents

bomb() {
	head -c "$1" /dev/zero | tr '\0' "$2"
}
for text in '' '{' '[]' '7' 'null' '{"manifests":{}}' '{"manifests":[{}]}' '{"manifests":[{"digest":"sha256:x","size":1}]}' \
	'{"manifests":[{"digest":7,"size":1}]}' '{"manifests":null}' '{"manifests":[],"manifests":[]}'; do
	broken
	printf '%s' "$text" >bad/index.json
	refused './bad: ' ./bad
done
broken
bomb 2000000 '[' >bad/index.json
refused 'no JSON' ./bad
bomb 20000000 ' ' >bad/index.json
refused 'index.json' ./bad
rm -f bad/index.json
mkfifo bad/index.json
refused 'index.json' ./bad

# indexes within indexes, and each named many times
L=deep
mkdir -p deep
cp -R good/blobs deep/
entry=$(jq -c '.manifests[0]' good/index.json)
depth=0
while [ "$depth" -lt 10 ]; do
	index . "$entry,$entry,$entry,$entry"
	mv index.json nested
	entry="{\"mediaType\":\"application/vnd.oci.image.index.v1+json\",$(blob nested)}"
	depth=$((depth + 1))
done
index deep "$entry"
refused 'nested deeper' ./deep

# a layer count that makes no sense costs nothing
L=many
mkdir -p many
cp -R good/blobs many/
jq -c '.layers = [range(100000) as $i | .layers[0]]' good.manifest >manylayers
index many "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",$(blob manylayers)}"
refused 'the manifest has 100000 layers' ./many

# missing media types are no fault
broken
L=bad
jq -c 'del(.config.mediaType, .layers[].mediaType)' good.manifest >untyped
index bad "{$(blob untyped)}"
taken ./bad --verify

is "$(ls -A spool)" '' 'nothing is left behind at all'
done_testing
