#!/bin/sh
# An image through a pipe: read once, as it comes, with the results of a file, and nothing stored.
# shellcheck disable=SC2016
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/stream.sh"

need_command jq
need_command zstd
need_command strace

sha256() {
	sha256sum "$1" | cut -d ' ' -f 1
}

layer() {
	tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$2" -cf "$1" .
}

# --- three layers; the first is there a second time, on top

mkdir -p one/etc one/usr/bin two/etc three/usr/bin
echo password=secret >one/etc/shadow
echo 'the first' >one/etc/motd
head -c 70000 /dev/zero | tr '\0' x >one/usr/bin/gcc
ln one/usr/bin/gcc one/usr/bin/cc
echo 'the second' >two/etc/motd
: >two/etc/.wh.shadow
: >three/usr/bin/.wh.gcc
echo another >three/usr/bin/new
layer one.tar one
layer two.tar two
layer three.tar three
printf '{"architecture":"amd64","os":"linux","created":"2020-01-02T03:04:05Z","config":{"Env":["TOKEN=secret"],"Cmd":["gcc"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s","sha256:%s","sha256:%s","sha256:%s"]},"history":[{"created_by":"ADD one"},{"created_by":"ENV TOKEN=secret","empty_layer":true},{"created_by":"ADD two"},{"created_by":"RUN rm gcc"},{"created_by":"ADD one"}]}' \
	"$(sha256 one.tar)" "$(sha256 two.tar)" "$(sha256 three.tar)" "$(sha256 one.tar)" >config
config=$(sha256 config)

# Docker before 25: a folder for each layer, named by an ID that has nothing to do with its order;
# what is there twice is a link. The manifest comes last.
legacy() {
	rm -rf legacy
	mkdir legacy
	cp config "legacy/$config.json"
	n=0
	for id in e5 0a b7 03; do
		n=$((n + 1))
		mkdir "legacy/$id"
		printf 1.0 >"legacy/$id/VERSION"
		printf '{"id":"%s"}' "$id" >"legacy/$id/json"
		case $n in
		1) cp one.tar "legacy/$id/layer.tar" ;;
		2) cp two.tar "legacy/$id/layer.tar" ;;
		3) cp three.tar "legacy/$id/layer.tar" ;;
		4) ln -s ../e5/layer.tar "legacy/$id/layer.tar" ;;
		esac
	done
	printf '{"app":{"1":"03"}}' >legacy/repositories
	printf '[{"Config":"%s.json","RepoTags":["app:1"],"Layers":["e5/layer.tar","0a/layer.tar","b7/layer.tar","03/layer.tar"]}]' \
		"$config" >legacy/manifest.json
	tar --sort=name --owner=0 --group=0 -C legacy -cf legacy.tar \
		03 0a b7 "$config.json" e5 manifest.json repositories
}

# Docker 25 and later: a docker-archive and an OCI layout at once.
blob() {
	mkdir -p modern/blobs/sha256
	cp "$1" "modern/blobs/sha256/$(sha256 "$1")"
	printf '"digest":"sha256:%s","size":%s' "$(sha256 "$1")" "$(wc -c <"$1")"
}

# modern [SUFFIX]: of layers FILE.tarSUFFIX
modern() {
	rm -rf modern
	type=application/vnd.oci.image
	descriptors=
	names=
	for name in one two three one; do
		descriptors="$descriptors${descriptors:+,}{\"mediaType\":\"$type.layer.v1.tar\",$(blob "$name.tar${1:-}")}"
		names="$names${names:+,}\"blobs/sha256/$(sha256 "$name.tar${1:-}")\""
	done
	printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":{"mediaType":"%s.config.v1+json",%s},"layers":[%s]}' \
		"$type" "$type" "$(blob config)" "$descriptors" >manifest
	printf '{"schemaVersion":2,"manifests":[{"mediaType":"%s.manifest.v1+json",%s,"annotations":{"org.opencontainers.image.ref.name":"1"}}]}' \
		"$type" "$(blob manifest)" >modern/index.json
	printf '{"imageLayoutVersion":"1.0.0"}' >modern/oci-layout
	printf '[{"Config":"blobs/sha256/%s","RepoTags":["app:1"],"Layers":[%s]}]' "$config" "$names" >modern/manifest.json
	tar --sort=name --owner=0 --group=0 -C modern -cf modern.tar blobs index.json manifest.json oci-layout
}

# Podman: layers first, then what is there twice as a link, then the configuration.
podman() {
	rm -rf podman
	mkdir podman
	for name in one two three; do
		cp "$name.tar" "podman/$(sha256 "$name.tar").tar"
	done
	mkdir podman/ff
	ln -s "../$(sha256 one.tar).tar" podman/ff/layer.tar
	cp config "podman/$config.json"
	printf '[{"Config":"%s.json","RepoTags":["localhost/app:1"],"Layers":["%s.tar","%s.tar","%s.tar","ff/layer.tar"]}]' \
		"$config" "$(sha256 one.tar)" "$(sha256 two.tar)" "$(sha256 three.tar)" >podman/manifest.json
	tar --owner=0 --group=0 -C podman -cf podman.tar ff "$(sha256 three.tar).tar" "$(sha256 one.tar).tar" \
		"$(sha256 two.tar).tar" "$config.json" manifest.json
}

# all_the_same TITLE FILE
all_the_same() {
	for option in --json --tap '--json --verify' '--top=0 --depth=9'; do
		# shellcheck disable=SC2086
		same "$1: image-size $option" "$2" image-size $option IMAGE
	done
	is "$pipe_status" 0 "$1: it is taken"
	same "$1: paths" "$2" layer-grep '*c*' IMAGE
	is "$pipe_status" 0 "$1: and something found"
	has pipe.out 'deleted@2' "$1: with its fate"
	same "$1: contents" "$2" layer-grep --content --config -n secret IMAGE
	has pipe.out 'password=secret' "$1: secrets are found"
	same "$1: as JSON, verified" "$2" layer-grep --verify --json --content --path -E 'c|x' IMAGE
	same "$1: the configuration only" "$2" layer-grep --config secret IMAGE
	same "$1: counts" "$2" layer-grep -c '*' IMAGE
	same "$1: nothing found" "$2" layer-grep nothing-like-it IMAGE
	is "$pipe_status" 1 "$1: is nothing found"
}

legacy
all_the_same 'before Docker 25' legacy.tar
modern
all_the_same 'Docker 25' modern.tar
podman
all_the_same 'Podman' podman.tar
for file in one two three; do
	gzip -nc $file.tar >$file.tar.gz
	zstd -qc $file.tar >$file.tar.zst
done
modern .gz
cp modern.tar gzip.tar
all_the_same 'gzip layers' gzip.tar
modern .zst
cp modern.tar zstd.tar
all_the_same 'zstd layers' zstd.tar
modern
rm modern/manifest.json
tar -C modern -cf oci.tar blobs index.json oci-layout
all_the_same 'an OCI archive' oci.tar
PREFIX=oci-archive: SUFFIX=:1 same 'an OCI archive by its tag' oci.tar image-size --json IMAGE
is "$pipe_status" 0 'is taken'
gzip -nc legacy.tar >legacy.tar.gz
zstd -qc podman.tar >podman.tar.zst
all_the_same 'a gzip stream' legacy.tar.gz
all_the_same 'a zstd stream' podman.tar.zst

# --- names, baselines

PREFIX=docker-archive: SUFFIX=:app:1 same 'by its name' legacy.tar image-size --json IMAGE
is "$pipe_status" 0 'it is found'
PREFIX=docker-archive: SUFFIX=:other same 'by another name' legacy.tar image-size --json IMAGE
is "$pipe_status" 2 'it is not'
mkdir two-images
cp -R legacy/. two-images
jq -c '. + [.[0] | .RepoTags = ["other:2"]]' legacy/manifest.json >two-images/manifest.json
tar -C two-images -cf two-images.tar .
same 'two images want a name' two-images.tar image-size --json IMAGE
has pipe.err '@1 (other:2)' 'they are listed'
PREFIX=docker-archive: SUFFIX=:@1 same 'it can be given' two-images.tar image-size --json IMAGE
is "$pipe_status" 0 'and is taken'

same 'against a baseline' legacy.tar image-size --json --baseline modern.tar IMAGE
same 'as the baseline' legacy.tar image-size --json --baseline IMAGE modern.tar
is "$pipe_status" 0 'is decided'
expect_trouble 'standard input cannot be both' image-size --baseline - docker-archive:-

# --- what can be seeked is

run sh -c 'TMPDIR=/nowhere image-size --json - <legacy.tar'
is "$status" 0 'a file on standard input is not spooled'
run sh -c 'TMPDIR=/nowhere image-size --json - <legacy.tar.gz'
is "$status" 0 'nor is a compressed one'

# --- nothing of it on disk, nor in memory

# LeakSanitizer cannot work under a tracer.
run sh -c 'cat legacy.tar.gz | ASAN_OPTIONS=detect_leaks=0 strace -f -o trace -e trace=open,openat,creat,memfd_create,rename,mkdir layer-grep --content secret -'
is "$status" 0 'it runs under strace'
is "$(grep -c 'O_WRONLY\|O_RDWR\|O_CREAT\|O_TMPFILE\|memfd\|creat(\|mkdir(' trace)" 0 'nothing is opened for writing'
is "$(grep -c openat trace | sed 's/^[1-9].*/some/')" some 'as far as strace can tell'

mkdir big
truncate -s 300000000 big/zeros
tar --owner=0 --group=0 -C big -cf - zeros | zstd -q >big.tar.zst
printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
	"$(zstd -dc big.tar.zst | sha256sum | cut -d ' ' -f 1)" >config.json
printf '[{"Config":"config.json","Layers":["big.tar.zst"]}]' >manifest.json
tar -cf big.tar big.tar.zst config.json manifest.json
if prlimit --as=150000000 image-size --version >/dev/null 2>&1; then
	run sh -c 'zstd -c big.tar | prlimit --as=150000000 image-size --json -'
	is "$status $(json out .content_bytes)" '0 300000000' 'more bytes than there may be memory are measured'
	run sh -c 'zstd -c big.tar | prlimit --as=150000000 layer-grep --verify --content needle -'
	is "$status" 1 'and searched'
else
	skip 'more bytes than there may be memory' 'this build needs more memory than the test would leave it'
fi

# --- what is wrong

# wrong TITLE FILE TEXT [OPTION]: refused, in one line that holds TEXT
wrong() {
	title=$1
	file=$2
	text=$3
	shift 3
	same "$title" "$file" image-size --json "$@" IMAGE
	is "$pipe_status" 2 "$title: refused"
	has pipe.err "$text" "$title: it says why"
	same "$title: by layer-grep" "$file" layer-grep "$@" x IMAGE
	is "$pipe_status" 2 "$title: by layer-grep: refused"
}

# pack: the folder `bad` as bad.tar
pack() {
	tar --sort=name --owner=0 --group=0 -C bad -cf bad.tar .
}

bad() {
	rm -rf bad
	cp -R legacy bad
}

run sh -c ': | image-size -'
is "$status $(cat err)" '2 image-size: -: standard input: it is empty' 'an empty stream'
run sh -c 'echo no archive | image-size -'
is "$status $(cat err)" '2 image-size: -: no tar archive' 'no archive'
bad && rm bad/manifest.json && pack
wrong 'no manifest' bad.tar 'neither manifest.json nor index.json'
bad && rm bad/0a/layer.tar && pack
wrong 'a missing layer' bad.tar "layer 1: '0a/layer.tar' is missing in 'standard input'"
bad && rm "bad/$config.json" && pack
wrong 'a missing configuration' bad.tar "configuration: '$config.json' is missing"
bad && cp config bad/0a/layer.tar && pack
wrong 'a document for a layer' bad.tar '0a/layer.tar: no tar archive'
bad && head -c 2000 one.tar | tail -c 1000 >bad/0a/layer.tar && pack
wrong 'rubbish for a layer' bad.tar '0a/layer.tar: no tar archive'
bad && cp one.tar "bad/$config.json" && pack
wrong 'a layer for the configuration' bad.tar 'it is no document'
bad && rm bad/e5/layer.tar && ln -s ../03/layer.tar bad/e5/layer.tar && pack
wrong 'links in a circle' bad.tar 'is a link without an end'
bad && rm bad/03/layer.tar && ln -s ../../../one.tar bad/03/layer.tar && pack
wrong 'a link that leads outside' bad.tar 'leads outside'
bad && cp two.tar bad/e5/layer.tar && pack
wrong 'another layer than was meant' bad.tar 'layer 0: e5/layer.tar: wrong diff_id' --verify
same 'nobody looks without --verify' bad.tar image-size --json IMAGE
is "$pipe_status" 0 'and it is measured'
bad && mkdir bad/zz && head -c 1000 one.tar.gz >bad/zz/layer.tar && echo >bad/zz/other && pack
same 'damaged and not named' bad.tar image-size --json IMAGE
is "$pipe_status" 0 'does not matter'
bad && head -c 150 one.tar.gz >bad/0a/layer.tar && pack
wrong 'a damaged layer' bad.tar 'layer 1: 0a/layer.tar: the compressed data is cut short'
bad && head -c 71000 one.tar >bad/e5/layer.tar && pack
wrong 'a layer that is cut short' bad.tar "'e5/layer.tar' is truncated: "
modern
name=$(sha256 two.tar)
cp one.tar "modern/blobs/sha256/$name"
tar -C modern -cf bad.tar .
wrong 'a blob with another digest' bad.tar 'wrong digest' --verify
rm modern/manifest.json
tar -C modern -cf bad.tar .
wrong 'a blob of another size' bad.tar 'wrong size'

# Wherever a stream ends too soon: what came is never the whole.
cuts=
for file in legacy.tar modern.tar legacy.tar.gz podman.tar.zst; do
	size=$(wc -c <$file)
	cut=100
	# the zeros at the end of a tar are no loss
	case $file in *.tar) size=$((size - 10240)) ;; esac
	while [ "$cut" -lt "$size" ]; do
		head -c "$cut" $file | timeout 60 image-size - >out 2>err
		[ $? -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] || cuts="$cuts $file:$cut"
		cut=$((cut + size / 13))
	done
done
is "$cuts" '' 'a stream cut anywhere is refused in one line'

# Whoever writes is not cut off: what stands behind the end of the archive is read, too.
run sh -c '{ cat legacy.tar && head -c 1000000 /dev/zero && echo written >end; } | image-size -'
is "$status $(cat end)" '0 written' 'the stream is read to its end'

done_testing
