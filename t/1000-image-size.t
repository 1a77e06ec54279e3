#!/bin/sh
# image-size on images made here: figures, lists, differences, demands, and what it refuses.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
need_command jq

bytes() { head -c "$1" /dev/zero | tr '\0' x; }

mkdir -p l0/usr/bin l0/usr/lib/deep/er l0/var/cache l1/var/cache l1/usr/bin l2/usr
bytes 4000 >l0/usr/bin/tool
ln l0/usr/bin/tool l0/usr/bin/alias
bytes 3000 >l0/usr/lib/deep/er/data
bytes 2000 >l0/var/cache/old
bytes 500 >l0/var/cache/older
ln -s tool l0/usr/bin/link
bytes 100 >l1/usr/bin/tool
: >l1/var/cache/.wh.old
: >l1/var/cache/.wh.older
bytes 10 >l1/var/cache/new
bytes 100 >l2/added
for l in l0 l1 l2; do pack_layer $l.tar $l && gzip -nk $l.tar; done
pack_image app.tar l0.tar l1.tar l2.tar
pack_image small.tar l0.tar
pack_image gzip.tar l0.tar.gz l1.tar.gz
mkdir empty && pack_layer empty-layer.tar empty
pack_image empty.tar empty-layer.tar

# -- figures
expect_status 0 image-size --json app.tar
is "$(jq -c '[.schema, .content_bytes, .layer_count, .wasted_bytes, .wasted_files, .compressed_bytes, .verdict]' out)" \
	'["seatrial/image-size/1",9714,3,2500,2,null,"holds"]' 'figures of the image'
is "$(json out .unpacked_bytes)" "$(cat l0.tar l1.tar l2.tar | wc -c | tr -d ' ')" 'unpacked bytes are those of the archives'
is "$(jq -c '.layers[] | [.index, .instruction, .content_bytes, .files, .wasted_bytes, .compression, .compressed_bytes]' out)" \
	'[0,"RUN step 0",9504,4,2500,"none",null]
[1,"RUN step 1",110,2,0,"none",null]
[2,"RUN step 2",100,1,0,"none",null]' 'figures of the layers'
is "$(json out .image.id)" "sha256:$(tar -xOf app.tar config.json | sha256sum | cut -d' ' -f1)" \
	'the image ID is the digest of its configuration'
id=$(json out .image.id)
is "$(jq -c '.top_files[] | [.path, .bytes, .layer]' out)" '["usr/bin/alias",4000,0]
["usr/lib/deep/er/data",3000,0]
["added",100,2]
["usr/bin/tool",100,1]
["var/cache/new",10,1]' 'the largest files: a rewritten hard link leaves the other name its bytes'
is "$(jq -c '.top_directories[] | [.path, .bytes]' out)" '["usr",7104]
["usr/bin",4104]
["usr/lib",3000]
["usr/lib/deep",3000]
["var",10]
["var/cache",10]' 'the largest directories, with all below them, three deep'
is "$(jq -c '.wasted[] | [.path, .bytes, .times]' out)" '["var/cache/old",2000,1]
["var/cache/older",500,1]' 'what is wasted'
for i in 0 1 2; do
	tar -tvf l$i.tar | awk '$1 ~ /^-/ && $6 !~ /\.wh\./ { sum += $3 } $1 ~ /^l/ { sum += length($8) } END { print sum + 0 }'
done >sums
is "$(jq -r '.layers[].content_bytes' out)" "$(cat sums)" 'GNU tar lists the same bytes'

expect_status 0 image-size --json --top 1 --depth 1 app.tar
is "$(jq -c '[.top_files, .top_directories, .wasted | map(.path)]' out)" '[["usr/bin/alias"],["usr"],["var/cache/old"]]' \
	'--top and --depth cut the lists'
expect_status 0 image-size --json --top 0 --depth 9 app.tar
is "$(json out '.top_directories | length')" 7 '--top 0 and a large --depth: all of them'

expect_status 0 image-size --json gzip.tar
is "$(json out .compressed_bytes)" "$(cat l0.tar.gz l1.tar.gz | wc -c | tr -d ' ')" 'compressed bytes where layers are stored compressed'
expect_status 0 image-size --json empty.tar
is "$(jq -c '[.content_bytes, .wasted_bytes, .top_files]' out)" '[0,0,[]]' 'an image without files'
is "$(image-size --json - <app.tar | jq .content_bytes)" 9714 'an archive on standard input'
expect_status 0 image-size --verify --json app.tar

# -- text
expect_status 0 image-size app.tar
is "$(sed -n 1p out | cut -d' ' -f1,3)" 'app.tar linux/amd64' 'the first line says which image'
has out '  content        9.7 kB' 'text: content'
has out 'not known  stored uncompressed' 'text: an unknown measure is said to be so'
has out '2 files deleted or overwritten by later layers' 'text: waste'
has out '  0   9.5 kB  2.5 kB  RUN step 0' 'text: layers with their instructions'
has out '  4.0 kB  layer 0  usr/bin/alias' 'text: largest files'
is "$(grep -c ' $' out)" 0 'text: no blanks at the ends of lines'

# -- comparison
expect_status 0 image-size --json --baseline small.tar app.tar
is "$(jq -c '.change.reduction_percent |= (. * 1000 | round) | .change' out)" \
	'{"measure":"content","before_bytes":9504,"after_bytes":9714,"reduction_percent":-2210}' 'it grew'
is "$(jq -c '.differences.files[] | [.path, .before_bytes, .after_bytes, .change_bytes]' out)" '["var/cache/old",2000,0,-2000]
["var/cache/older",500,0,-500]
["added",0,100,100]
["usr/bin/tool",0,100,100]
["var/cache/new",0,10,10]' 'files that differ in size'
is "$(jq -c '.differences.directories[] | [.path, .change_bytes]' out)" '["var",-2490]
["var/cache",-2490]
["usr",100]
["usr/bin",100]' 'directories that differ in size'
is "$(jq -c '.baseline | [.layer_count, .content_bytes, (.layers | length), .wasted_bytes]' out)" '[1,9504,1,0]' 'the baseline'
expect_status 0 image-size --json --baseline app.tar app.tar
is "$(jq -c '[.change.reduction_percent == 0, .differences.files, .differences.directories]' out)" '[true,[],[]]' 'an image is no different from itself'
expect_status 0 image-size --baseline small.tar app.tar
has out '  2.0 kB    0 B  -2.0 kB  var/cache/old' 'text: differences'
has out '+2.2 %' 'text: change'

# -- demands, at their edges
expect_status 0 image-size --max 9714 app.tar
expect_status 1 image-size --max 9713 app.tar
has out 'FAILS  max  9714 B content; at most 9713 B demanded' 'figures that read alike are told apart'
expect_status 0 image-size --max-layers 3 app.tar
expect_status 1 image-size --max-layers 2 app.tar
is "$(image-size --id app.tar) $(image-size --id - <app.tar)" "$id $id" '--id prints it'
expect_trouble '--id measures nothing' image-size --id --json app.tar
expect_trouble '--id measures nothing' image-size --id --baseline small.tar app.tar
expect_status 0 image-size --max-waste 2500 app.tar
expect_status 1 image-size --max-waste 2499 app.tar
expect_status 0 image-size --max-waste 25.8% app.tar
expect_status 1 image-size --max-waste 25.7% app.tar
expect_status 0 image-size --max-waste 0% small.tar
expect_status 0 image-size --max-waste 0% empty.tar
mkdir half whole && bytes 1000 >whole/x && bytes 700 >half/x
pack_layer whole.tar whole && pack_layer half.tar half
pack_image before.tar whole.tar
pack_image after.tar half.tar
expect_status 0 image-size --baseline before.tar --min-reduction 30% after.tar
expect_status 1 image-size --baseline before.tar --min-reduction 30.001% after.tar
expect_status 1 image-size --baseline after.tar --min-reduction 0% before.tar
has out '42.9 % more content than the baseline' 'a growth is no reduction'
expect_status 0 image-size --measure unpacked --max "$(wc -c <half.tar)" after.tar
expect_status 0 image-size --measure compressed --max "$(cat l0.tar.gz l1.tar.gz | wc -c)" gzip.tar
expect_status 1 image-size --json --max 1 --max-layers 9 app.tar
is "$(jq -c '[.verdict, (.checks[] | [.name, .holds, .value, .limit, .unit])]' out)" \
	'["fails",["max",false,9714,1,"bytes"],["max-layers",true,3,9,"layers"]]' 'JSON: a demand that fails, and exit 1'

# -- TAP
expect_status 1 image-size --tap --max-layers 2 --max 1MB app.tar
is "$(grep -E '^(not )?ok|^1\.\.|^TAP' out)" 'TAP version 13
ok 1 - app.tar: measured
ok 2 - max: 9.7 kB content; at most 1.0 MB demanded
not ok 3 - max-layers: 3 layers; at most 2 demanded
1..3' 'TAP: a test for each demand'
has out '  content_bytes: 9714' 'TAP: measured values'

# -- unknown is never a pass, and unlike measures are not compared
for measure in '--max 1GB' '--min-reduction 1% --baseline gzip.tar' '--baseline gzip.tar' ''; do
	# shellcheck disable=SC2086
	expect_trouble 'compressed size is not known: layer 0 is stored uncompressed' \
		image-size --measure compressed $measure app.tar
done
expect_trouble 'app.tar: its compressed size' image-size --measure compressed --baseline app.tar gzip.tar
expect_trouble '--min-reduction needs --baseline' image-size --min-reduction 1% app.tar
expect_trouble 'no bytes that could become fewer' image-size --baseline empty.tar --min-reduction 1% app.tar

# --compress tells what gzip makes of it
for tar in l0 l1 l2; do
	python3 -c 'import sys, zlib; c = zlib.compressobj(-1, zlib.DEFLATED, 31); print(len(c.compress(sys.stdin.buffer.read()) + c.flush()))' <$tar.tar
done >packed
expect_status 0 image-size --json --compress app.tar
is "$(jq '.layers[].compressed_bytes' out)" "$(cat packed)" '--compress: each layer'
is "$(jq -c '[.compressed_here, .compressed_bytes == ([.layers[].compressed_bytes] | add), .layers[0].compression]' out)" '[true,true,"none"]' '--compress: the image'
cp out packed.json
image-size --json --compress - <app.tar >out
is "$(jq -c 'del(.image.name)' out)" "$(jq -c 'del(.image.name)' packed.json)" '--compress: a stream'
expect_status 0 image-size --json --compress --verify app.tar
is "$(jq -c . out)" "$(jq -c . packed.json)" '--compress: verified, too'
expect_status 0 image-size --json --compress gzip.tar
is "$(jq -c '[.compressed_here, .compressed_bytes]' out)" "[false,$(cat l0.tar.gz l1.tar.gz | wc -c)]" '--compress: what is compressed counts as it is'
expect_status 0 image-size --json --compress empty.tar
is "$(jq '.compressed_here and .compressed_bytes > 0' out)" true '--compress: an empty layer'
expect_status 0 image-size --compress --measure compressed --baseline app.tar --max 1MB gzip.tar
has out 'compressed is what gzip makes of layers that are stored uncompressed' '--compress: text says so'
expect_status 0 image-size --compress app.tar
has out 'what gzip makes of layers that are stored uncompressed' '--compress: of one image, too'

# -- bad input
expect_trouble 'no-such' image-size no-such.tar
expect_trouble 'no-such' image-size --baseline no-such.tar app.tar
expect_trouble '12x' image-size --max 12x app.tar
expect_trouble '130%' image-size --max-waste 130% app.tar
expect_trouble 'measure' image-size --measure docker app.tar
expect_trouble 'operand' image-size app.tar small.tar
head -c 8000 app.tar >cut.tar
expect_trouble 'cut.tar' image-size cut.tar
head -c 3000 l0.tar >cut-layer.tar
pack_image cut-image.tar cut-layer.tar
expect_trouble 'layer 0' image-size cut-image.tar
echo 'no tar' >text && pack_image text.tar text
expect_trouble 'text.tar' image-size text.tar

# -- hostile names
mkdir names
bytes 50 >"names/$(printf 'a\033[31mred\nline')"
bytes 60 >names/'# SKIP'
pack_layer names.tar names
pack_image names-image.tar names.tar
expect_status 0 image-size names-image.tar
has out 'a\x1b[31mred\x0aline' 'text: control bytes of names are shown, not sent'
expect_status 0 image-size --json names-image.tar
is "$(json out '.top_files[1].path')" "$(printf 'a\033[31mred\nline')" 'JSON: names as they are'
cp names-image.tar '# TODO.tar'
expect_status 1 image-size --tap --max 1 '# TODO.tar'
has out 'ok 1 - \# TODO.tar' 'TAP: a name is no directive'

# -- a long instruction is shortened for people only
jq -c '.history[0].created_by = ("/bin/sh -c apt-get update   &&\t" + ("x" * 300))' pack/config.json >long.json
mv long.json pack/config.json
(cd pack && tar -cf ../long.tar -- *)
expect_status 0 image-size long.tar
is "$(awk 'length > 80' out | wc -l | tr -d ' ')" 0 'text: lines of 80 columns'
has out 'RUN apt-get update && xxx' 'text: the instruction as one writes it'
expect_status 0 image-size --json long.tar
is "$(json out '.layers[0].instruction | length')" 331 'JSON: the whole instruction'

# -- of many files the largest, however they come
mkdir many
perl -e 'for (1 .. 4000) { open my $out, ">", "many/f$_" or die; truncate $out, 1 + $_ * 7919 % 9973 or die }'
pack_layer many.tar many
pack_image many-image.tar many.tar
expect_status 0 image-size --json --top 0 many-image.tar
cp out all
for top in 1 9 1500; do
	expect_status 0 image-size --json --top $top many-image.tar
	is "$(jq -c '.top_files' out)" "$(jq -c ".top_files[:$top]" all)" "--top $top: the first of all"
done

done_testing
