#!/bin/sh
# The trial of images in a registry gives what it gives for those images in files.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/registry.sh"
need_command mmdebstrap
need_command jq
need_command prove

OUT=$BUILDDIR/example
export OUT
ok 'the example'"'"'s images are built' "$SRCDIR/examples/webhook/build-images" "$OUT"
conf=$SRCDIR/examples/webhook/seatrial.conf
items='15.1 15.7 16'

registry_start htpasswd tls
registry_push "docker-archive:$OUT/before.tar" shop/webhook:before
registry_push "docker-archive:$OUT/after.tar" shop/webhook:after
registry_login auth.json >/dev/null
registry_forget

# shellcheck disable=SC2086
run seatrial -q -c "$conf" -o remote -s "IMAGE=docker://registry.invalid/shop/webhook:after" \
	-s "BASELINE=docker://$REGISTRY/shop/webhook:before" -s "AUTHFILE=$T/auth.json" -s "CA_FILE=$REGISTRY_CA" \
	-s "MIRRORS=registry.invalid=$REGISTRY" $items
is "$status" 0 'by a mirror, with a login and a certificate of its own'
[ "$status" -eq 0 ] || show_output
ok 'the registry was asked' test "$(registry_requests | wc -l)" -gt 0
# shellcheck disable=SC2086
run seatrial -q -c "$conf" -o local $items
is "$status" 0 'from files'
is "$(jq -c '.items | map_values(.status)' remote/metrics.json)" "$(jq -c '.items | map_values(if .status == "skip" then "ok" else .status end)' local/metrics.json)" \
	'each item is decided alike, and what a file does not tell is decided, too'
is "$(jq -c '.figures | del(.compressed_bytes, .ready_ns, .first_instruction_ns)' remote/metrics.json)" \
	"$(jq -c '.figures | del(.compressed_bytes, .ready_ns, .first_instruction_ns)' local/metrics.json)" 'with the same figures'

run seatrial -q -c "$conf" -o stranger -s "IMAGE=docker://$REGISTRY/shop/webhook:after" -s BASELINE= -s "CA_FILE=$REGISTRY_CA" 15.1
is "$status" 1 'without the login it fails'
has out 'docker login' 'and says what is missing'

done_testing
