#!/bin/sh
# layer-grep on images made here from folders: what it finds, how it says so, what it refuses.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
need_command jq

# image FILE LAYER.tar...: a docker-archive; `env` and `history` hold JSON lists, or nothing.
env='[]'
history='[]'
image() {
	image_file=$1
	shift
	rm -rf save && mkdir save || exit 1
	ids=
	names=
	for layer; do
		cp "$layer" "save/$(basename "$layer")"
		ids="$ids${ids:+,}\"sha256:$(sha256sum <"$layer" | cut -d' ' -f1)\""
		names="$names${names:+,}\"$(basename "$layer")\""
	done
	printf '{"architecture":"amd64","os":"linux","config":{"Env":%s,"Labels":{"note":"label-word"},"Cmd":["serve","cmd-word"]},"rootfs":{"type":"layers","diff_ids":[%s]},"history":%s}' \
		"$env" "$ids" "$history" >save/config.json
	printf '[{"Config":"config.json","RepoTags":["test:1"],"Layers":[%s]}]' "$names" >save/manifest.json
	tar -C save -cf "$image_file" .
}

# layer FILE FOLDER: its entries, in the order of their names.
layer() {
	tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$2" -cf "$1" .
}

mkdir -p l0/usr/bin l0/app l0/old l1/app l1/old l2/usr/bin
printf 'ELF' >l0/usr/bin/gcc
ln l0/usr/bin/gcc l0/usr/bin/x86-gcc
ln -s gcc l0/usr/bin/cc
printf 'A=1\nTOKEN=abc\nB=2\nTOKEN=def' >l0/app/.env
printf 'nothing\n' >l0/app/notes
printf 'bin\000ary TOKEN=zz\000\n\033[31m\n' >l0/old/blob
printf 'TOKEN=new\n' >l1/app/notes
: >l1/app/.wh..env
: >l1/old/.wh..wh..opq
printf 'later\n' >l2/usr/bin/make
: >l2/usr/bin/.wh.gcc
for l in l0 l1 l2; do layer $l.tar $l; done
env='["PATH=/bin","DB_PASSWORD=hunter2"]'
history='[{"created_by":"COPY . /"},{"created_by":"ENV X=hist-word","empty_layer":true},{"created_by":"RUN rm app/.env"},{"created_by":"RUN rm gcc"}]'
image app.tar l0.tar l1.tar l2.tar

# -- paths
expect_status 0 layer-grep gcc app.tar
is "$(cat out)" '# layer 0: COPY . /
0:deleted@2:usr/bin/gcc' 'a deleted file is found, with its layer, instruction and fate'
expect_status 0 layer-grep --no-heading '*gcc' app.tar
is "$(cat out)" '0:deleted@2:usr/bin/gcc
0:final:usr/bin/x86-gcc' 'a hard link has a fate of its own'
expect_status 0 layer-grep --final -l -E '(gcc|cc|make)$' app.tar
is "$(cat out)" 'usr/bin/cc
usr/bin/x86-gcc
usr/bin/make' '--final and -l: the paths of the final file system'
expect_status 1 layer-grep --final /usr/bin/gcc app.tar
is "$(wc -c <out | tr -d ' ')" 0 'not found: nothing is printed'
expect_status 1 layer-grep '.wh.*' app.tar
expect_status 0 layer-grep -c '**/bin/*' app.tar
is "$(cat out)" '0:3
2:1' '-c counts paths by layer'
expect_status 0 layer-grep --no-heading notes app.tar
is "$(cat out)" '0:replaced@1:app/notes
1:final:app/notes' 'a replaced file and what replaced it'
expect_status 0 layer-grep -i -F /BIN/Make app.tar
expect_status 1 layer-grep -F /BIN/Make app.tar

# -- contents
expect_status 0 layer-grep --content --no-heading -n TOKEN app.tar
is "$(cat out)" '0:deleted@1:app/.env:2:TOKEN=abc
0:deleted@1:app/.env:4:TOKEN=def
0:deleted@1:old/blob:1:bin\x00ary TOKEN=zz\x00
1:final:app/notes:1:TOKEN=new' 'lines of every layer, binary files too, escaped'
expect_status 0 layer-grep --content --no-heading -c TOKEN app.tar
is "$(cat out)" '0:deleted@1:app/.env:2
0:deleted@1:old/blob:1
1:final:app/notes:1' '-c counts lines by file'
expect_status 0 layer-grep --content -l -0 TOKEN app.tar
printf 'app/.env\0old/blob\0app/notes\0' >wanted
ok '-l -0: each file once, ended by NUL' cmp out wanted
expect_status 0 layer-grep --content --no-heading ELF app.tar
is "$(cat out)" '0:linked:usr/bin/gcc:ELF' 'content that only another name keeps'
expect_status 0 layer-grep --content --no-heading --final ELF app.tar
is "$(cat out)" '0:final:usr/bin/x86-gcc:ELF' '--final shows it under that name'
expect_status 0 layer-grep --content --no-heading -E '^TOKEN=[a-d]+$' app.tar
is "$(cat out)" '0:deleted@1:app/.env:TOKEN=abc' '-E sees one line at a time'
expect_status 1 layer-grep --content -E 'A=1.TOKEN' app.tar
expect_status 0 layer-grep --content '[31m' app.tar
has out '\x1b[31m' 'no escape sequence reaches the terminal'

# -- the configuration
expect_status 0 layer-grep --config --no-heading word app.tar
is "$(cat out)" '-:history:ENV X=hist-word
-:label:note=label-word
-:configuration:CMD serve cmd-word' 'history, labels and command'
expect_status 0 layer-grep --config --no-heading -E '^DB_' app.tar
is "$(cat out)" '-:environment:DB_PASSWORD=hunter2' 'environment'
expect_status 0 layer-grep --config --content --path --no-heading notes app.tar
is "$(wc -l <out | tr -d ' ')" 2 'all places at once'

# -- rules, forms of result
cat >list <<'EOF'
compiler path glob **/bin/gcc
compiler path glob **/bin/cc
token content regex TOKEN=[a-z]{3}
except notes
never path glob no-such-thing
EOF
expect_status 1 layer-grep --deny --rules list app.tar
is "$(grep -v '^#' out)" 'token:0:deleted@1:app/.env:TOKEN=abc
token:0:deleted@1:app/.env:TOKEN=def
compiler:0:final:usr/bin/cc
compiler:0:deleted@2:usr/bin/gcc' 'rules in one pass, in archive order'
expect_status 0 layer-grep --rules ./list --json app.tar
is "$(json out '[.schema, .verdict, .match_count, (.matches | length), .matches[0].line, .matches[0].final] | map(tostring) | join(" ")')" \
	'seatrial/layer-grep/1 holds 4 4 2 false' '--json: counts, numbers, fate'
is "$(json out '.rules | map("\(.name)=\(.match_count)") | join(" ")')" 'compiler=2 token=2 never=0' '--json: every rule'
is "$(json out '.matches[3] | "\(.instruction)|\(.fate)|\(.gone_layer)|\(.text)"')" 'COPY . /|deleted|2|null' '--json: a path'
expect_status 1 layer-grep --rules list --json --deny app.tar
is "$(json out .verdict)" fails '--json --deny: the verdict'
expect_status 1 layer-grep --rules list --tap --deny app.tar
is "$(grep -c '^not ok' out)/$(grep -c '^ok' out)" 2/1 '--tap: a test for each rule'
expect_status 0 layer-grep --deny no-such-thing app.tar
expect_status 1 layer-grep --deny gcc app.tar
expect_status 1 layer-grep --deny --rules secrets app.tar
is "$(grep -v '^#' out)" 'environment-secret:-:environment:DB_PASSWORD=hunter2' \
	'the list of secrets knows a password in the environment'
# a library that tests itself with keys of its own is none that leaked
mkdir -p keys/usr/lib/any keys/srv
printf 'x\0-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAabcdefghijklmnopqrstuvwxyz0123456789+/\n' >keys/srv/libgnutls.key
cp keys/srv/libgnutls.key keys/usr/lib/any/libgnutls.so.30.34.3
tar -C keys -cf keys-layer.tar .
pack_image keys.tar keys-layer.tar
expect_status 1 layer-grep --deny --rules secrets -l keys.tar
is "$(grep -v '^#' out | tr '\n' ' ')" 'srv/libgnutls.key ' "the self-test's keys in GnuTLS are no secrets, others are"
if [ -c /dev/full ]; then
	layer-grep gcc app.tar >/dev/full 2>err
	is $? 2 'a standard output that cannot be written: exit 2'
fi

# -- the last of two entries of a name counts
cp l0.tar twice.tar
printf 'TOKEN=last\n' >l0/app/notes
tar --owner=0 --group=0 -C l0 -rf twice.tar ./app/notes
image twice-image.tar twice.tar
expect_status 0 layer-grep --no-heading notes twice-image.tar
is "$(cat out)" '0:replaced@0:app/notes
0:final:app/notes' 'the same name twice in a layer'

# -- layers may be compressed
gzip -c l0.tar >l0.gz
image gzip.tar l0.gz
sed 's/a/a/' save/config.json >/dev/null
id=$(sha256sum <l0.tar | cut -d' ' -f1)
sed "s/sha256:[0-9a-f]*/sha256:$id/" save/config.json >config.new && mv config.new save/config.json
tar -C save -cf gzip.tar .
expect_status 0 layer-grep --verify --content --no-heading TOKEN=abc gzip.tar
is "$(cat out)" '0:final:app/.env:TOKEN=abc' 'a gzip layer'

# -- long lines, edges of buffers, hostile names
mkdir -p big
awk 'BEGIN { for (i = 0; i < 600000; i++) printf "x"; printf "EDGE-MARK"; for (i = 0; i < 600000; i++) printf "y" }' >big/line
printf 'x\n' >"big/new
line"
printf 'x\n' >"$(printf 'big/\033]0;title\007')"
layer big.tar big
image big-image.tar big.tar
expect_status 0 layer-grep --content --no-heading EDGE-MARK big-image.tar
is "$(cut -d: -f1-3 out) $(wc -c <out | awk '{ print ($1 < 500) ? "short" : $1 }')" '0:final:line short' \
	'a line of any length, cut for people'
expect_status 0 layer-grep --content -E 'E[A-F]GE-.{4}y' big-image.tar
expect_trouble 'could be longer than 32768 bytes' layer-grep --content -E 'x.*NOT-THERE' big-image.tar
expect_status 0 layer-grep --no-heading '*line' big-image.tar
is "$(cat out)" '0:final:line
0:final:new\x0aline' 'a line break in a name is escaped'
expect_status 0 layer-grep '*title*' big-image.tar
has out '0:final:\x1b]0;title\x07' 'so is an escape sequence'

# -- trouble
expect_trouble 'no-such.tar' layer-grep x no-such.tar
expect_trouble 'an empty pattern' layer-grep '' app.tar
expect_trouble "without ']'" layer-grep '[' app.tar
expect_trouble 'no leading' layer-grep -E '^/usr' app.tar
expect_trouble 'missing closing parenthesis' layer-grep --content -E '(' app.tar
expect_trouble 'PATTERN and IMAGE' layer-grep app.tar
expect_trouble 'one operand' layer-grep --rules list x app.tar
expect_trouble 'exclude each other' layer-grep -E -F x app.tar
expect_trouble 'do not go with --rules' layer-grep --rules list -i app.tar
expect_trouble 'neither a file nor in' layer-grep --rules no-such-list app.tar
: >empty
expect_trouble 'empty: there is no rule' layer-grep --rules empty app.tar
printf 'a path glob x\n\nb nowhere glob x\n' >wrong
expect_trouble "layer-grep: wrong:3: 'nowhere' is none of" layer-grep --rules wrong app.tar
mkdir -p run
awk 'BEGIN { for (i = 0; i < 60; i++) printf "a"; print "b" }' >run/away
layer run.tar run
image run-image.tar run.tar
expect_trouble "'away'" layer-grep --content -E '^(a+)+$' run-image.tar
head -c 3000 l0.tar >cut.tar
image cut-image.tar l1.tar cut.tar
expect_trouble 'layer 1' layer-grep notes cut-image.tar
expect_trouble 'layer 1' layer-grep --deny --content TOKEN cut-image.tar

done_testing
