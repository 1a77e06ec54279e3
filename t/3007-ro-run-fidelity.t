#!/bin/sh
# The sandbox beside `docker run --read-only --network none`: what a program finds in both is the same, but for a
# list of differences that the manual names.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/rorun.sh"
. "$SRCDIR/t/lib/dockerd.sh"

box_root
for applet in awk cut find readlink sed sort stat wc; do
	ln -sf busybox "root/bin/$applet"
done
cat >root/bin/look <<'EOT'
#!/bin/sh
id
umask
pwd
grep -E '^(Cap...|NoNewPrivs|Seccomp|SigBlk|SigCgt|Threads):' /proc/self/status
cat /proc/self/oom_score_adj
ulimit -a
# where something is mounted, and how; what it is made of is each engine's own business
awk '{ print "mount", $5, $6 }' /proc/self/mountinfo | sed 's/,relatime//; s/,nosuid//; s/,nodev//' | sort
ls -la /dev /dev/shm | awk 'NF > 8 && $NF != ".." { print $1, $3, $4, $5, $NF }'
for path in /proc/acpi /proc/asound /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/sched_debug \
	/proc/scsi /sys/firmware /sys/devices/virtual/powercap; do
	echo "masked $path $(stat -c '%F %a %t,%T' $path 2>/dev/null) $(ls -A $path 2>/dev/null | wc -l)"
done
for path in /proc/sys/kernel/hostname /proc/sysrq-trigger /sys/kernel/profiling /etc/hosts /etc/hostname /etc/resolv.conf; do
	echo "writable $path $(attempt append $path)"
done
sed 's/[0-9a-f]\{12\}$/HOST/' /etc/hosts /etc/hostname
cat /etc/resolv.conf
env | sed 's/^HOSTNAME=.*/HOSTNAME=/' | sort
ls -ld /home/app/new /srv /vol /vol/new | awk '{ print $1, $3, $4, $NF }'
readlink /proc/self/fd/0
cut -d' ' -f5,6 /proc/self/stat
cat /proc/sys/net/ipv4/ip_unprivileged_port_start
ls /sys/class/net
attempt unshare
attempt mount /data
EOT
chmod +x root/bin/look
box_image box '{"Cmd":["/bin/look"],"User":"app","WorkingDir":"/home/app/new","Env":["PATH=/bin"],"Volumes":{"/srv":{},"/vol/new":{}}}'
dockerd_start
docker load -q -i box >loaded 2>&1
is $? 0 'the engine has the image'

# What differs, each for a reason:
#   /sys/fs/cgroup   the engine puts the container's control groups there; the sandbox has none
#   devices          are mounts of their own, so that a node which the program makes in /dev leads nowhere
#   the own name     the engine lists it where there is a network, and the sandbox always
#   ignored signals  an engine hands down what its daemon was started with; the sandbox resets all
#   io_uring         newer engines deny it, as the sandbox does, and older ones do not
#   Seccomp_filters  the sandbox has one filter more, for the calls that nobody knows
alike() {
	sed "/^mount \/sys\/fs\/cgroup/d; /^mount \/dev\/[a-z]* rw\$/{/pts\|shm\|mqueue/!d}; /^127.0.0.1[[:space:]]HOST\$/d; /^Seccomp_filters/d"
}

for user in app 0 4242 app:extra; do
	ro --user "$user" box
	jq -r '.log[].text' out | alike >sandbox
	docker run --rm --read-only --network none --user "$user" test:1 2>&1 | alike >engine
	is "$(wc -l <engine | awk '{ print ($1 > 60) }')" 1 "user $user: the engine's container has looked"
	diff engine sandbox >differences
	is "$(cat differences)" '' "user $user: the sandbox shows the program the same"
done
for option in '--no-new-privileges --user app' '--ulimit nofile=100:200 --ulimit core=0'; do
	# shellcheck disable=SC2086
	ro $option box
	jq -r '.log[].text' out | alike >sandbox
	case $option in
	*privileges*) set -- --security-opt no-new-privileges --user app ;;
	*) set -- --ulimit nofile=100:200 --ulimit core=0 ;;
	esac
	docker run --rm --read-only --network none "$@" test:1 2>&1 | alike >engine
	diff engine sandbox >differences
	is "$(cat differences)" '' "$option: the same"
	# shellcheck disable=SC2086
	run ro-run --json --engine docker --writable $option docker-daemon:test:1
	jq -r '.log[].text' out | alike | grep -E '^(NoNewPrivs|nofiles|open files|-n)' >asked
	is "$(cat asked)" "$(grep -E '^(NoNewPrivs|nofiles|open files|-n)' engine)" "$option: and by way of the engine"
done
expect_trouble 'is no NAME=SOFT' ro-run --cache "$cache" --ulimit files=3 box
expect_trouble 'lies above the hard one' ro-run --cache "$cache" --ulimit nofile=3:2 box
expect_trouble 'has no number' ro-run --cache "$cache" --ulimit nofile=many box

done_testing
