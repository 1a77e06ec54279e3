#!/bin/sh
# Programs that want to break ro-run, or to write unseen. Whatever they do: ro-run ends in time, says what is true,
# takes little memory, and leaves no process, no mount and no folder. HOSTILE_ALL=yes pours a whole gigabyte of log.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/rorun.sh"

# by its name the test's own processes are told from those of others
program=hostile$$
box_root
cp "$BUILDDIR/t/lib/hostile" "root/bin/$program"
mkdir root/odd && : >root/odd/empty && echo 'no program' >root/odd/text && printf '#!/bin/none\n' >root/odd/lost &&
	echo content >root/srv/file && chmod 755 root/odd/*
# the head of a program for a machine of 1975
printf '\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\1\0\1\0\0\0\0\0\0\0\64\0\0\0\0\0\0\0\0\0\0\0\64\0\40\0\1\0\50\0\0\0\0\0' >root/odd/foreign
chmod 755 root/odd/foreign
box_image box '{"Cmd":["/bin/sh"],"Env":["PATH=/bin"]}'

# h [OPTION...] CASE [ARGUMENT]: the case under ro-run; everything that must hold in any case is tested.
for_time=3s
format=--json
h() {
	options=
	while [ "${1#--}" != "$1" ]; do
		options="$options $1"
		shift
	done
	words=$(printf ',"%s"' "$@")
	# shellcheck disable=SC2086 # options are words
	run hostile measure figures 12 ro-run $format --cache "$cache" --for "$for_time" --grace 200ms $options \
		--cmd "[\"/bin/$program\"$words]" box
	sound "$*$options"
}

# Control bytes, but for the ends of lines; those that UTF-8 has in two bytes, too.
obeyed() {
	LC_ALL=C tr -d '\11\12\40-\176\200-\377' <"$1" | wc -c
	LC_ALL=C grep -c "$(printf '\302[\200-\237]')" "$1"
}

sound() {
	problems=
	case $status in 0 | 1 | 2) ;; *) problems="exit status $status;" ;; esac
	read -r took memory <figures
	[ -n "$SANITIZED" ] || [ "$memory" -lt 32768 ] || problems="$problems $memory kB;"
	[ "$(cat err out | wc -c)" -gt 0 ] || problems="$problems nothing said;"
	[ "$(obeyed err | tr '\n' ' ')" = '0 0 ' ] || problems="$problems a terminal would obey standard error;"
	[ "$format" = --json ] || [ "$(obeyed out | tr '\n' ' ')" = '0 0 ' ] || problems="$problems a terminal would obey;"
	[ "$format" != --json ] || [ ! -s out ] || jq -e .verdict out >/dev/null || problems="$problems no JSON;"
	[ "$status" -ne 2 ] || [ "$(wc -l <err)" -eq 1 ] || problems="$problems not one line of trouble;"
	left=$(ps -eo pid,stat,args | grep -F "/bin/$program" | grep -v grep)
	[ -z "$left" ] || problems="$problems processes: $left;"
	[ "$(grep -cF "$T" /proc/self/mountinfo)" -eq 0 ] || problems="$problems mounts;"
	[ -z "$(find "$cache" -name '*.new*' 2>/dev/null)" ] || problems="$problems folders;"
	is "$problems" '' "ends well in $took ms with $memory kB: $1"
	[ -z "$problems" ] || show_output
}

logged() {
	jq -r '[.log[].text] | join(";")' out
}
refused() {
	jq -r '[.refused[] | "\(.call) \(.path) \(.errno)"] | join(";")' out
}
reason() {
	jq -r '"\(.exit.reason) \(.exit.code // .exit.signal)"' out
}

# --- processes
for_time=1s
h fork-bomb
is "$(reason)" 'killed 9' 'a fork bomb has no more than its time'
is "$(jq '.refused_forks > 0' out)" true 'and that processes were denied is told'
h sleepers
is "$(logged)" 'children: EAGAIN' 'there is a most of processes'
h threads
is "$(logged)" 'threads: EAGAIN' 'and of threads'
for_time=8s
h daemons
is "$(reason)" 'ended 0' 'daemons end with process 1'
h orphans
is "$(logged)" 'orphans and zombies' 'a thousand orphans and zombies'
h vfork-storm 300
is "$(logged)" stormed 'vfork and exec, again and again'
h thread-exec
is "$(refused)" 'mkdir /from-exec EROFS' 'a thread that becomes another program is followed'
h leader-leaves
is "$(refused)" 'mkdir /from-thread EROFS' 'and one that outlives its leader'
h hammer
is "$(jq -r '"\(.refused_count) \(.refused | length) \([.refused[].count] | unique)"' out)" '10000 1000 [10]' \
	'ten threads at once: none is lost'

# --- signals
for_time=300ms
h deaf
is "$(reason) $(jq -r .stop.killed out)" 'killed 9 true' 'who ignores and blocks every signal is killed'
for_time=8s
h kill-first
is "$(logged) $(reason)" 'still here ended 0' 'process 1 is killed and stopped by nobody inside'
h stop-first
is "$(logged) $(reason)" 'went on ended 0' 'and does not stop itself'
h stops
is "$(logged) $(refused)" 'stopped mkdir /after-the-stop EROFS' 'others stop, go on, and stop'

# --- ways past the tracer
h untraced-child
is "$(refused)" 'mkdir /untraced EROFS' 'a child that asks not to be traced is'
h traces
is "$(logged)" 'traceme: EPERM;traceme: EPERM;attach: EPERM;seize: EPERM' 'a tracer of its own is denied'
is "$(refused)" 'mkdir /traced EROFS' 'and its writes are seen'
for word in 9999 0 32766 32765; do
	h filter-trace $word
	is "$(logged) $(refused)" 'mkdirat: ENOSYS;getppid: ENOSYS;rmdir: EROFS rmdir /by-filter EROFS' \
		'a filter that asks for a tracer of its own has none'
	is "$(jq -c .unknown_calls out)" '[]' 'and makes no call unknown'
done
h filter-notify
is "$(logged) $(refused)" 'listener: EBUSY;mkdirat: EROFS mkdirat /by-listener EROFS' 'no listener lets a call go on unseen'
h filter-errno
is "$(logged) $(refused)" 'mkdirat: ENOTTY ' 'what its own filter denies is not the root'"'"'s'
h filter-trap
is "$status" 1 'a filter with a trap'
h filter-kill
is "$(reason)" 'ended 31' 'a filter that kills'
h undumpable
is "$(refused)" 'mkdir /undumpable EROFS' 'a process whose memory is private is read'
h by-proc
is "$(refused)" 'mkdir /by-cwd EROFS;mkdir /by-root EROFS;mkdir /by-fd EROFS;mkdir /by-pid EROFS;chmod /srv/file EROFS' \
	'the names of /proc lead to the root'
h wild-pointers
is "$(refused)" 'mkdirat /at-end EROFS' 'paths that lie nowhere are none, one at the end of the memory is'
is "$(logged)" 'zero: EFAULT;kernel: EFAULT;endless: EFAULT;at the end: EROFS;openat2: EFAULT;bind: ENOTSOCK;renameat2: EFAULT' \
	'and they are answered by the kernel'

# --- what is not allowed
h namespaces
is "$(logged)" 'user: EPERM;mount: EPERM;pid: EPERM;setns: EPERM;pivot_root: EPERM;umount: EPERM;remount: EPERM;tmpfs: EPERM' \
	'no namespaces, no mounts'
h kernel-files
is "$(logged | sed 's/oom: .*/oom/')" "sysrq: $([ -e /proc/sysrq-trigger ] && echo EROFS || echo ENOENT);core_pattern: EROFS;sys: EROFS;oom" \
	'the kernel'"'"'s files are read-only'
h watches
is "$(logged)" 'inotify: ok;fanotify: EPERM' 'what is written can be watched, not stopped'
if [ "$(id -u)" -eq 0 ]; then
	h changes-root
	is "$(refused)" 'mkdir /srv/in-new-root EROFS;mkdir /srv/in-new-root-too EROFS' 'in a root of its own the path is the container'"'"'s'
	h device-node /dev
	is "$(logged)" 'open: EACCES' 'a device that it makes in /dev leads nowhere'
	h --writable device-node /tmp
	is "$(logged)" 'open: EACCES' 'nor on a writable root'
	h --volume=/data device-node /data
	is "$(logged)" 'open: EACCES' 'nor on a volume'
	h --tmpfs=/data device-node /data
	is "$(logged)" 'open: EACCES' 'nor on a tmpfs'
fi
h fill /dev/shm
is "$(logged)" 'write: ENOSPC' '/dev/shm has an end'
if [ "$(id -u)" -eq 0 ]; then
	h fill /dev
	is "$(logged)" 'write: ENOSPC' 'and so has /dev'
fi
h --tmpfs=/tmp fill-inodes
is "$(jq .written_count out)" 20000 'twenty thousand files in a tmpfs are counted'

# --- output
[ "${HOSTILE_ALL:-}" = yes ] && megabytes=1024 || megabytes=64
for_time=10s
h pour-line "$megabytes"
is "$(jq -r '"\(.log_truncated) \([.log[].text | length] | max)"' out)" 'true 262144' "$megabytes MiB in one line: it is cut"
h pour-lines "$megabytes"
is "$(jq -r '.log_truncated' out)" true "$megabytes MiB in lines"
is "$(jq -r '.log_summary.lines >= '$((megabytes * 10000)) out)" true 'they are counted'
h pour-ends 4
is "$(jq -r '.log_summary.lines' out)" 4194304 'lines of nothing are counted, too'
h close-all
is "$(refused)" 'mkdir /closed EROFS' 'a program without its streams'
h obeyed
is "$(jq '.refused | length' out)" 2 'odd paths are told'
h obeyed-unknown
is "$(jq '.unknown_calls | length' out)" 1 'and an odd name of who made an unknown call'
for format in --tap --allow=/none; do
	h obeyed
	has out '\x1b[2J' 'escape sequences are not obeyed, but shown'
	is "$(grep -c '^not ok 1 - .*31m' out)" 0 'and no line is another'
	h obeyed-unknown
done
format=--json

# --- paths
h many-paths 20000
is "$(jq -r '"\(.refused_count) \(.refused | length)"' out)" '20000 2500' 'of many paths all are counted, the first are told'
h long-paths
is "$(jq -r '"\(.refused_count) \([.refused[].path | length] | max)"' out)" '2001 4095' 'paths of the longest kind'

# --- what is no program
odd() {
	run ro-run --json --cache "$cache" --cmd "[\"$1\"]" box
	is "$status $(json out .exit.code)" "1 $2" "$1: status $2"
	has out "$3" 'the reason is told'
}
odd /odd/missing 127 'No such file or directory'
odd /odd 126 'Permission denied'
odd /odd/empty 126 'Exec format error'
odd /odd/text 126 'Exec format error'
odd /odd/foreign 126 'Exec format error'
odd /odd/lost 127 'No such file or directory'

done_testing
