# shellcheck shell=sh
# Trials of images with a static busybox inside. Source it after harness.sh and archive.sh.

. "$SRCDIR/t/lib/rorun.sh"
need_command prove

# the runs of a trial unpack into the test's cache
XDG_CACHE_HOME=$cache
export XDG_CACHE_HOME
at_exit="ro-run --clear-cache --cache '$cache/seatrial'; $at_exit"

# web_image FILE [MEMBERS [COMMANDS]]: an image that serves /www on port 5000, and ends when it is told to. MEMBERS
# are its configuration's; COMMANDS, with their `;`, run before it serves.
web_image() {
	# shellcheck disable=SC2016 # the image's shell expands
	box_image "$1" '{"Cmd":["/bin/sh","-c","trap \"kill $!; exit 0\" TERM; '"${3:-}"'httpd -f -p 5000 -h /www & wait"],"Env":["PATH=/bin"],"User":"1000"'"${2:+,$2}"'}'
}

# found ITEM [FOLDER]: status and words, from a report.
found() { jq -r --arg id "$1" '.items[$id] | "\(.status): \(.found)"' "${2:-seatrial-report}/metrics.json"; }

# decides NAME ITEM EXPECTED [ARGUMENT]...: what a trial of one item finds, status and words.
decides() {
	name=$1
	item=$2
	expected=$3
	shift 3
	run seatrial -q "$@" "$item"
	is "$(found "$item")" "$expected" "$item: $name"
}
