#!/bin/sh
# docker save, piped: the same as from the file it would write.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/stream.sh"
. "$SRCDIR/t/lib/dockerd.sh"
. "$SRCDIR/t/lib/archive.sh"
need_command jq
dockerd_start

mkdir -p base/usr/bin top/usr/bin
head -c 100000 /dev/zero | tr '\0' x >base/usr/bin/gcc
ln base/usr/bin/gcc base/usr/bin/cc
echo password=secret >base/secret
: >top/usr/bin/.wh.gcc
: >top/.wh.secret
pack_layer base.tar base
pack_layer top.tar top
# a layer that is there twice is a link in what Docker saves
pack_image image.tar base.tar top.tar base.tar
run docker load -q -i image.tar
is "$status" 0 'Docker takes the image'

for command in 'image-size --json' 'image-size --verify --json' 'layer-grep *c*' 'layer-grep --content secret' \
	'layer-grep --verify --json --config step'; do
	docker save test:1 >saved.tar
	set -f
	# shellcheck disable=SC2086
	same "$command" saved.tar $command IMAGE
	set +f
	is "$pipe_status" 0 "$command: answers"
	# the daemon's own pipe
	set -f
	# shellcheck disable=SC2086
	set -- $command
	set +f
	docker save test:1 | {
		TMPDIR=/nowhere "$@" - >direct.out 2>direct.err
		echo $? >direct.status
	}
	is "$(cat direct.status)" 0 "docker save | $command -"
	ok "docker save | $command -: says the same" cmp pipe.out direct.out
done

# it ends half-way
docker save test:1 | head -c 60000 >cut.tar
run sh -c 'cat cut.tar | image-size -'
is "$status $(wc -l <err)" '2 1' 'a save that ends half-way is refused in one line'

done_testing
