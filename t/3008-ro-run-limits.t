#!/bin/sh
# --memory and --cpus: limits of the container, in a control group of the run's own.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/rorun.sh"

box_root
box_image box '{"Cmd":["/bin/sh"],"Env":["PATH=/bin"],"Healthcheck":{"Test":["CMD","true"]}}'

# Folders that are left anywhere below the mounts of control groups.
groups_left() {
	awk '$9 ~ /^cgroup2?$/ || $8 ~ /^cgroup2?$/ || / - cgroup2? / { print $5 }' /proc/self/mountinfo | while read -r mount; do
		find "$mount" -type d -name 'seatrial-*' 2>/dev/null
	done
}

hog='["/bin/sh","-c","dd if=/dev/zero of=/dev/null bs=200M count=1; echo ended with $?; exit 0"]'
ro --memory 64MiB --cmd "$hog" box
if [ "$status" -eq 2 ]; then
	has err 'cannot limit the container: no control group can be made here' 'where there is no group that is said'
	# an ordinary user to whom no group was delegated
	if [ "$(id -u)" -ne 0 ]; then
		done_testing
		exit 0
	fi
fi
is "$(json out .out_of_memory)" true 'a program that wants more memory than it may have is ended'
is "$(json out '[.log[].text] | any(test("ended with 137"))')" true 'by the kernel'
is "$(json out '.peak_memory_bytes <= 65 * 1048576')" true 'the peak is the exact one of the group'
is "$(groups_left)" '' 'no group is left'
run ro-run --cache "$cache" --memory 64MiB --cmd "$hog" box
has out 'ended for want of memory: the limit is 67.1 MB' 'the text form tells'
ro --memory 512MiB --cmd "$hog" box
is "$(json out .out_of_memory)" false 'with enough of it nothing is ended'
is "$(json out '[.log[].text] | any(test("ended with 0"))')" true 'and the program comes to its end'
is "$(json out '.peak_memory_bytes > 200000000')" true 'its peak is known'

ro --cpus 0.2 --for 1s --grace 0s --cmd '["/bin/sh","-c","while :; do :; done"]' box
is "$(json out '.cpu_time_ms < 600')" true '--cpus holds a busy loop down'

ro --memory 64MiB --cpus 1 --health-interval 100ms --for 1s --grace 0s --cmd '["/bin/sleep","10"]' box
is "$(json out .health)" healthy 'a health check is in the group'
is "$(groups_left)" '' 'which goes with both'
ro-run --cache "$cache" --memory 64MiB --cmd '["/bin/sleep","100"]' --for 100s box >out 2>err &
pid=$!
sleep 0.5
kill -INT "$pid"
wait "$pid"
is "$? $(groups_left)" '2 ' 'nor is one left by a run that was interrupted'
expect_trouble 'is no number of processors' ro-run --cache "$cache" --cpus many box
expect_trouble 'is no number of processors' ro-run --cache "$cache" --cpus -1 box

done_testing
