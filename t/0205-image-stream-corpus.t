#!/bin/sh
# Every archive of the corpus through a pipe: the same as from the file.
# shellcheck disable=SC2034 # PREFIX and SUFFIX are read by stream.sh
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/stream.sh"

need_command jq
need_corpus

# images FILE: what names its images, "-" where it needs none.
images() {
	case $1 in
	*.gz | *.tgz) gzip -dc "$1" ;;
	*.zst) zstd -qdc "$1" ;;
	*) cat "$1" ;;
	esac >plain.tar 2>/dev/null
	count=$(tar -xOf plain.tar manifest.json 2>/dev/null | jq 'if type == "array" then length else 0 end' 2>/dev/null)
	echo -
	[ "${count:-0}" -gt 1 ] || return 0
	n=0
	while [ "$n" -lt "$count" ]; do
		echo "$n"
		n=$((n + 1))
	done
}

read_well=0
find "$CORPUS/images" -type f \( -name '*.tar' -o -name '*.tar.gz' -o -name '*.tgz' -o -name '*.tar.zst' \) | sort >archives
while read -r archive; do
	title=${archive#"$CORPUS/images/"}
	for image in $(images "$archive"); do
		PREFIX=
		SUFFIX=
		if [ "$image" != - ]; then
			PREFIX=docker-archive:
			SUFFIX=:@$image
		fi
		same "$title$SUFFIX: image-size" "$archive" image-size --json --top 0 --depth 99 IMAGE
		[ "$pipe_status" -ne 0 ] || read_well=$((read_well + 1))
		same "$title$SUFFIX: image-size --verify" "$archive" image-size --verify IMAGE
		same "$title$SUFFIX: layer-grep" "$archive" layer-grep --json --path --content --config -E 'e[a-z]+' IMAGE
	done
done <archives
is "$([ "$read_well" -ge 10 ] && echo many)" many "images were read: $read_well"

done_testing
