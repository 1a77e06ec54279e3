#!/bin/sh
# image-diff: pairs of images that differ in one thing each, images against themselves, and stored in other ways.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
need_command jq
need_command skopeo

config='{"Cmd":["/a"],"Env":["PATH=/bin"]}'
mkdir -p root/dir && echo a >root/a && echo b >root/dir/b && ln -s a root/link && ln root/a root/hard
touch -d '2001-02-03 04:05:06 UTC' root/a root/dir/b root/dir root
touch -h -d '2001-02-03 04:05:06 UTC' root/link

# pack FILE [TAR-OPTION]...: an image of the folder `root`.
pack() {
	file=$1
	shift
	(cd root && tar --numeric-owner --sort=name --owner=0 --group=0 "$@" -cf ../"$file.layer" .) || return 1
	PACK_CONFIG=${PACK_CONFIG:-$config} pack_image "$file" "$file.layer"
}
# what BEFORE AFTER: the differences as text.
differences() {
	jq -r '[.layers[], {differences: .configuration}] | .[].differences[] | "\(.field) \(.path): \(.first) | \(.second)"' out
}
# differs NAME EXPECTED: of first.tar and second.tar.
differs() {
	run image-diff --json first.tar second.tar
	is "$status $(differences)" "1 $2" "$1"
}

pack first.tar
pack second.tar
run image-diff first.tar second.tar
is "$status" 0 'two builds that give the same'
has out 'first.tar and second.tar: 1 layers are the same, no difference' 'are the same'

pack second.tar --mtime='2020-01-01 00:00:00 UTC'
run image-diff first.tar second.tar
is "$status" 1 'other times'
has out 'SOURCE_DATE_EPOCH' 'with what mends them'
run image-diff --json --top 0 first.tar second.tar
is "$(jq -c '.layers[0] | [.entries_differ, .counts]' out)" '[6,{"time":6}]' 'all of them counted'
is "$(differences | grep '^time dir/b')" 'time dir/b: 2001-02-03T04:05:06Z | 2020-01-01T00:00:00Z' 'each with both'
run image-diff --ignore time first.tar second.tar
is "$status" 0 'that do not count where they are not to'
has out 'no difference, 6 ignored' 'and are told'
run image-diff --json --top 2 first.tar second.tar
is "$(jq -c '.layers[0] | [.difference_count, (.differences | length)]' out)" '[6,2]' '--top lists fewer, and counts all'

pack second.tar --owner=7
run image-diff --json first.tar second.tar
is "$(jq -c '.layers[0].counts' out)" '{"owner":6}' 'another owner'
chmod 600 root/a && pack second.tar
run image-diff --json first.tar second.tar
is "$(differences | head -n 1)" 'mode a: 0644 | 0600' 'another mode'
chmod 644 root/a
echo A >root/dir/b && touch -d '2001-02-03 04:05:06 UTC' root/dir/b root/dir && pack second.tar
differs 'another content of the same size' "content dir/b: 2 bytes, sha256:$(printf 'b\n' | sha256sum | cut -c 1-64) | 2 bytes, sha256:$(printf 'A\n' | sha256sum | cut -c 1-64)"
echo b >root/dir/b && touch -d '2001-02-03 04:05:06 UTC' root/dir/b root/dir
ln -sfn b root/link && touch -h -d '2001-02-03 04:05:06 UTC' root/link && touch -d '2001-02-03 04:05:06 UTC' root && pack second.tar
differs 'another target' 'target link: a | b'
ln -sfn a root/link && touch -h -d '2001-02-03 04:05:06 UTC' root/link
echo c >root/c && touch -d '2001-02-03 04:05:06 UTC' root && pack second.tar
differs 'a file more' 'only-second c: null | file'
mv second.tar more.tar && mv first.tar second.tar && cp more.tar first.tar
differs 'a file less' 'only-first c: file | null'
mv second.tar first.tar
rm root/c && mkdir root/c && touch -d '2001-02-03 04:05:06 UTC' root root/c && cp more.tar before.tar && pack second.tar
run image-diff --json before.tar second.tar
is "$(differences | head -n 1)" 'type c: file | directory' 'a folder in place of a file'
rmdir root/c && touch -d '2001-02-03 04:05:06 UTC' root

(cd root && tar --numeric-owner --owner=0 --group=0 --no-recursion -cf ../order.layer ./link ./dir ./dir/b .)
(cd root && tar --numeric-owner --owner=0 --group=0 --no-recursion -cf ../order2.layer . ./dir ./dir/b ./link)
PACK_CONFIG=$config pack_image one.tar order.layer
PACK_CONFIG=$config pack_image two.tar order2.layer
run image-diff --json one.tar two.tar
is "$(jq -c '.layers[0].counts' out)" '{"order":1}' 'another order of the same'
pack second.tar --format=pax
differs 'another form of the same archive' 'stream : the same entries | in another archive'
run image-diff first.tar second.tar
has out 'stream      the same entries in another archive' 'in words'

PACK_CONFIG='{"Cmd":["/a"],"Env":["PATH=/bin","X=1"],"Labels":{"a/b":"c"}}' pack second.tar
differs 'another configuration' 'config /config/Env/1: null | "X=1"
config /config/Labels: null | {"a/b":"c"}'
run image-diff -i config first.tar second.tar
is "$status" 0 'which may be left out'

# layers that one of them has not
PACK_CONFIG=$config pack_image first.tar first.tar.layer order.layer
PACK_CONFIG=$config pack_image second.tar first.tar.layer order2.layer order.layer
run image-diff --json first.tar second.tar
is "$(jq -c '[.layers[] | [.first.index, .second.index, .same]]' out)" '[[0,0,true],[null,1,false],[1,2,true]]' 'a layer in between is told as one'
PACK_CONFIG=$config pack_image second.tar order.layer first.tar.layer order.layer
PACK_CONFIG=$config pack_image first.tar order2.layer first.tar.layer order2.layer
run image-diff --json first.tar second.tar
is "$(jq -c '[.layers[] | [.first.index, .second.index, .same, .counts.order]]' out)" '[[0,0,false,1],[1,1,true,null],[2,2,false,1]]' \
	'a layer that is there twice'

# stored in other ways
pack first.tar
rm -rf layout && skopeo copy --quiet --dest-compress --dest-compress-format zstd docker-archive:first.tar oci:layout:app >/dev/null
run image-diff --json first.tar oci:layout:app
is "$(jq -c '[.layers[].same]' out)" '[true]' 'how it is stored makes no difference'
pack second.tar --mtime='2020-01-01 00:00:00 UTC'
rm -rf layout && skopeo copy --quiet --dest-compress docker-archive:second.tar oci:layout:app >/dev/null
run image-diff --json first.tar oci:layout:app
is "$(jq -c '.layers[0].counts' out)" '{"time":6}' 'nor hides it one'
run sh -c 'image-diff --json first.tar - <second.tar'
is "$(jq -c '.layers[0].counts' out)" '{"time":6}' 'from standard input'

run image-diff --tap first.tar second.tar
is "$status $(grep -c '^not ok' out)" '1 1' 'TAP'
ok 'that prove takes' prove -e cat /dev/fd/3 3<<END
$(image-diff --tap first.tar first.tar)
END

# names that are no text, and entries that come twice
mkdir odd && printf 'x' >"odd/$(printf 'a\377\nb')" && touch odd/__x.pyc
(cd odd && tar --owner=0 --group=0 -cf ../odd.layer . && tar --owner=0 --group=0 -rf ../odd.layer ./__x.pyc)
echo y >odd/__x.pyc
(cd odd && tar --owner=0 --group=0 -cf ../odd2.layer . && tar --owner=0 --group=0 -rf ../odd2.layer ./__x.pyc && rm "$(printf 'a\377\nb')" &&
	tar --owner=0 --group=0 -cf ../odd3.layer .)
for name in odd odd2 odd3; do
	PACK_CONFIG=$config pack_image $name.tar $name.layer
done
run image-diff --ignore time odd.tar odd2.tar
is "$(grep -c '^  content' out)" 2 'each of two entries of one path is set against its own'
has out 'invalidation-mode' 'causes are named'
run image-diff odd.tar odd3.tar
has out 'a\xff\x0ab' 'bytes that are no text are told'
run image-diff --json odd.tar odd3.tar
ok 'in JSON, too' jq -e '[.layers[].differences[] | select(.field == "only-first")] | length == 2' out

expect_trouble "'weather' is no kind of difference" image-diff --ignore weather first.tar second.tar
expect_trouble 'standard input cannot be both' image-diff - -
expect_trouble 'no-such.tar' image-diff first.tar no-such.tar
expect_trouble 'missing operand' image-diff first.tar

# 18.25
cat >seatrial.conf <<'END'
IMAGE=first.tar
SECOND_IMAGE=second.tar
END
run seatrial -q 18.25
is "$(jq -r '.items["18.25"] | "\(.status): \(.found)"' seatrial-report/metrics.json)" 'ok: 6 differences: 6 time' '18.25 names them'
run seatrial -q -s SECOND_IMAGE=again.tar -s 'SECOND_BUILD_COMMAND=cp first.tar again.tar' 18.25
is "$(jq -r '.items["18.25"] | "\(.status): \(.found)"' seatrial-report/metrics.json)" 'ok: the same image' 'or says that there are none'

# under valgrind that takes many minutes, and shows nothing that the images above do not
if [ -n "${CORPUS:-}" ] && [ -z "${WRAPPERS:-}" ]; then
	compared=0
	jq -r 'to_entries[] | select(.value | type == "object") | .key' "$CORPUS/images/facts.json" >names
	while read -r name; do
		image=$CORPUS/${name%%#*}
		image-size --verify --json "$image" >/dev/null 2>&1 || continue
		image-diff -n 0 "$image" "$image" >same 2>&1 || fail "$image against itself: $(head -n 3 same)"
		compared=$((compared + 1))
	done <names
	ok 'images of the corpus do not differ from themselves' test "$compared" -gt 10
fi

done_testing
