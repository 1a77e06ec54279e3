#!/bin/sh
# layer-grep against facts about real images that were worked out by other means.
# shellcheck disable=SC2154 # run sets status
. "${SRCDIR:-.}/t/lib/harness.sh"
need_corpus
need_command jq

facts=$CORPUS/images/grep-facts.json
jq -r '.images // . | keys[]' "$facts" >keys

# Where the facts' key counts several images of one archive or index, the transport's @N picks one.
platform_of() {
	jq -r --arg file "${1%#*}" --argjson n "${1#*#}" \
		'.[$file].images[$n].config | "\(.os)/\(.architecture)" + (if .variant then "/" + .variant else "" end)' \
		"$CORPUS/images/facts.json"
}

# linked LAYOUT: a copy in which the blobs are links again, should the checkout have lost them.
linked() {
	rm -rf linked
	cp -R "$1" linked && chmod -R u+w linked
	for blob in linked/blobs/sha256/*; do
		[ -L "$blob" ] && continue
		to=$(head -c 200 "$blob" | tr -d '\000')
		case $to in
		../*) ln -sf "$to" "$blob" ;;
		esac
	done
	echo linked
}

# name KEY: how to name that image; nothing where it cannot be told from its neighbours.
name() {
	name_path=$CORPUS/${1%#*}
	name_count=$(jq -r --arg f "${1%#*}" '.[$f].image_count' "$CORPUS/images/facts.json")
	if [ -d "$name_path" ]; then
		name_transport=oci
		if [ "$(jq -r --arg f "${1%#*}" '.[$f].blob_symlinks' "$CORPUS/images/facts.json")" -gt 0 ]; then
			name_path=$(linked "$name_path")
		fi
	elif [ "$(jq -r --arg f "${1%#*}" '.[$f].has["manifest.json"]' "$CORPUS/images/facts.json")" = true ]; then
		name_transport=docker-archive
	else
		name_transport=oci-archive
	fi
	if [ "$name_count" -gt 1 ]; then
		echo "$name_transport:$name_path:@${1#*#}"
	else
		echo "$name_transport:$name_path"
	fi
}

searched=0
while read -r key; do
	n=$(jq -r --arg k "$key" '.[$k] | [.path, .content] | map(length) | add' "$facts")
	[ "$n" -gt 0 ] || continue
	image=$(name "$key")
	platform=$(platform_of "$key")
	for kind in path content; do
		jq -r --arg k "$key" --arg kind "$kind" '.[$k][$kind] | keys[]' "$facts" >patterns
		while read -r pattern; do
			searched=$((searched + 1))
			jq --arg k "$key" --arg kind "$kind" --arg p "$pattern" '.[$k][$kind][$p]' "$facts" >fact.json
			# The facts count whiteouts among the paths; to layer-grep they are none.
			markers='[]'
			[ "$kind" = content ] || markers=$(jq -c --arg k "$key" '.[$k].path["(^|/)\\.wh\\."].per_layer // []' "$facts")
			case $pattern in
			'(^|/)\.wh\.' | '(^|/)\.[^/]+$') ;;
			*) markers='[]' ;;
			esac
			wanted=$(jq -c --argjson m "$markers" '[.per_layer | to_entries[] | .value - ($m[.key] // 0)] | . as $l | {layers: $l}' fact.json)
			run layer-grep --platform "$platform" --"$kind" -E --json "$pattern" "$image"
			[ "$status" -le 1 ] || {
				fail "$key $kind $pattern: exit $status"
				show_output
				continue
			}
			# For contents the facts count files.
			got=$(jq -c --argjson n "$(jq '.per_layer | length' fact.json)" \
				'[.matches[] | {layer, path}] | unique | . as $m | {layers: [range($n) as $i | [$m[] | select(.layer == $i)] | length]}' out)
			is "$got" "$wanted" "$key $kind $pattern: matches in each layer"
			is "$(jq '[.matches[] | select(.final) | .path] | unique | length' out)" "$(jq .surviving fact.json)" \
				"$key $kind $pattern: what survives"
			first=$(jq -c '[.first[] | .[:1]] | flatten | map(select(test("(^|/)\\.wh\\.") | not)) | unique' fact.json)
			is "$(jq -c --argjson f "$first" '[.matches[].path] as $p | $f - $p' out)" '[]' "$key $kind $pattern: the first paths"
			run layer-grep --platform "$platform" --final --"$kind" -E --json "$pattern" "$image"
			is "$(jq '[.matches[].path] | unique | length' out)" "$(jq .surviving fact.json)" "$key $kind $pattern: --final"
		done <patterns
	done
done <keys
is "$([ "$searched" -gt 40 ] && echo enough || echo "$searched")" enough 'the facts were read'

# The suite's own rules on images without secrets: nothing.
for file in dive/test-docker-image.tar ggcr/history-mutate_test_new_hc.tar; do
	[ -f "$CORPUS/images/$file" ] || continue
	expect_status 0 layer-grep --deny --rules secrets "docker-archive:$CORPUS/images/$file"
done

done_testing
