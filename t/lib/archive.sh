# shellcheck shell=sh
# Images for tests, made from folders with GNU tar: source it after harness.sh.

# pack_layer FILE FOLDER [TAR-OPTION...]: its entries, in the order of their names.
pack_layer() {
	pack_file=$1
	pack_folder=$2
	shift 2
	tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 "$@" -C "$pack_folder" -cf "$pack_file" .
}

# pack_image FILE LAYER...: a docker-archive named test:1 of these layers, lowest first. The history says
# "RUN step N" for each. PACK_CONFIG is the JSON of its member "config".
pack_image() {
	pack_file=$1
	shift
	rm -rf pack && mkdir pack || return 1
	pack_config=${PACK_CONFIG:-}
	[ -n "$pack_config" ] || pack_config='{"Cmd":["true"]}'
	pack_ids=
	pack_names=
	pack_history=
	pack_count=0
	for pack_layer_file; do
		cp "$pack_layer_file" "pack/$pack_count.tar" || return 1
		pack_ids="$pack_ids${pack_ids:+,}\"sha256:$(sha256sum <"$pack_layer_file" | cut -d' ' -f1)\""
		pack_names="$pack_names${pack_names:+,}\"$pack_count.tar\""
		pack_history="$pack_history${pack_history:+,}{\"created_by\":\"RUN step $pack_count\"}"
		pack_count=$((pack_count + 1))
	done
	printf '{"architecture":"amd64","os":"linux","config":%s,"rootfs":{"type":"layers","diff_ids":[%s]},"history":[%s]}' \
		"$pack_config" "$pack_ids" "$pack_history" >pack/config.json
	printf '[{"Config":"config.json","RepoTags":["test:1"],"Layers":[%s]}]' "$pack_names" >pack/manifest.json
	(cd pack && tar -cf - -- *) >"$pack_file"
}
