#!/bin/sh
# The content figure is what `docker image inspect` calls Size, for the same image loaded into a
# Docker daemon with the overlay2 driver; and it is the same when the daemon's image is measured.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/dockerd.sh"
. "$SRCDIR/t/lib/archive.sh"
need_command jq
dockerd_start
# Without it the daemon adds up the headers' sizes instead of what lies on disk.
grep -q 'Native Overlay Diff: true' "$dockerd_dir/info"
need docker 'the overlay2 driver cannot use native diffs here'

# same_size TITLE IMAGE ID: both sizes.
same_size() {
	run image-size --json "$2"
	if [ "$status" -ne 0 ]; then
		fail "$1: measured"
		show_output
		return
	fi
	same_docker=$(docker image inspect -f '{{.Size}}' "$3")
	is "$(json out .content_bytes)" "$same_docker" "$1: content is Docker's Size"
	# there are images that Docker takes and cannot hand out any more
	if docker save "$3" >saved.tar 2>save.err; then
		run image-size --json "docker-daemon:$3"
		is "$(json out .content_bytes) $(cat err)" "$same_docker " "$1: so is that of the daemon's own image"
		is "$(image-size --id "docker-daemon:$3")" "$(docker image inspect -f '{{.Id}}' "$3")" "$1: and its ID"
		saved=$((saved + 1))
	else
		expect_trouble "$(sed 's/^Error response from daemon: //' save.err)" image-size "docker-daemon:$3"
	fi
}

saved=0
loads=0
# load TITLE FILE: every image of an archive that Docker takes.
load() {
	docker image prune -af >prune.out 2>&1
	docker load -q -i "$2" >load.out 2>&1 && grep -q Loaded load.out || return 1
	count=$(tar -xOf "$2" manifest.json | jq length)
	[ "${count:-0}" -gt 0 ] || return 1
	n=0
	while [ "$n" -lt "$count" ]; do
		name="docker-archive:$2:@$n"
		same_size "$1 @$n" "$name" "$(image-size --json "$name" | jq -r .image.id)"
		loads=$((loads + 1))
		n=$((n + 1))
	done
}

# fixture TITLE LAYER...: it must load.
fixture() {
	title=$1
	shift
	pack_image image.tar "$@"
	load "$title" image.tar || {
		fail "$title: loads"
		diag "$(cat load.out)"
	}
}

bytes() { head -c "$1" /dev/zero | tr '\0' x; }

mkdir -p base/dir/sub base/gone base/opaque base/file
bytes 1000 >base/dir/a
bytes 3 >base/dir/sub/b
bytes 50000 >base/gone/c
bytes 700 >base/opaque/d
bytes 9 >base/both
: >base/empty
pack_layer base.tar base
fixture 'plain files' base.tar

mkdir links
bytes 1000 >links/a
ln links/a links/b
ln links/a links/c
ln -s a links/to-a
ln -s /usr/share/somewhere/else links/dangling
ln -s ä links/umlaut
ln links/dangling links/dangling-too
pack_layer links.tar links
fixture 'hard and symbolic links' base.tar links.tar
fixture 'hard links in each of two layers' links.tar links.tar

mkdir -p changes/dir/sub changes/opaque changes/both
: >changes/.wh.gone
: >changes/dir/sub/.wh.b
bytes 5 >changes/opaque/e
: >changes/opaque/.wh..wh..opq
: >changes/.wh..wh.plnk
bytes 11 >changes/both/f
bytes 1001 >changes/dir/a
pack_layer changes.tar changes
fixture 'whiteouts, opaque directories, files replaced' base.tar changes.tar

mkdir refill
: >refill/.wh.gone
bytes 20 >refill/.wh.data
pack_layer refill.tar refill
fixture 'whiteouts with bytes in them, of nothing' base.tar refill.tar base.tar

mkdir sparse
truncate -s 1000000 sparse/hole
echo end >>sparse/hole
pack_layer sparse.tar sparse --sparse --format=pax
[ "$(wc -c <sparse.tar)" -lt 100000 ] || fail 'the sparse layer is sparse'
fixture 'sparse files' sparse.tar

mkdir names
long=$(bytes 120)
mkdir -p "names/$long/$long"
bytes 77 >"names/$long/$long/$long"
ln "names/$long/$long/$long" "names/$long/again"
ln -s "$long/$long/$long" names/long-link
bytes 8 >"names/$(printf 'bl nk\tt\303\244b')"
pack_layer names-gnu.tar names --format=gnu
pack_layer names-pax.tar names --format=pax
fixture 'long names, GNU' names-gnu.tar
fixture 'long names, pax' names-pax.tar

mkdir nodes
mkfifo nodes/fifo
mknod nodes/char c 1 3 2>mknod.err || : >nodes/char
bytes 6 >nodes/file
pack_layer nodes.tar nodes
fixture 'FIFOs and devices' nodes.tar

mkdir up
bytes 100 >up/file
tar -P --transform 's,^file,../up,' -C up -cf up.tar file
fixture 'an entry with ".."' base.tar up.tar
fixture 'no layer'

# The same bytes are counted where Docker refuses to: a name twice in one layer.
mkdir twice
bytes 40 >twice/a
tar -C twice -cf twice.tar a
bytes 2 >twice/a
tar -C twice -rf twice.tar a
pack_image twice-image.tar twice.tar
if load 'a name twice in one layer' twice-image.tar; then
	:
else
	has load.out 'duplicates' 'Docker takes no name twice in one layer'
	run image-size --json twice-image.tar
	is "$(json out .content_bytes)" 2 'the last of equal names counts'
fi

if [ -n "${CORPUS:-}" ] && [ -d "$CORPUS/images" ]; then
	loads=0
	for file in "$CORPUS"/images/*/*.tar "$CORPUS"/images/*/*.tar.gz; do
		load "${file#"$CORPUS"/}" "$file"
	done
	ok 'images of the corpus were compared' test "$loads" -ge 10 -a "$saved" -ge 10
else
	skip 'images of the corpus' 'CORPUS names no folder of test images'
fi

done_testing
