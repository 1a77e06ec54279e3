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
# the head of a program for s390x
{ printf '\177ELF\2\2\1' && head -c 9 /dev/zero && printf '\0\2\0\26\0\0\0\1' && head -c 40 /dev/zero; } >root/odd/foreign
printf '#!/bin/sh\r\n' >root/odd/dos
# a program of this machine, whose loader is not in the image
loader=$(readelf -l "$(command -v env)" 2>/dev/null | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
cp "$(command -v env)" root/odd/unloaded
chmod 755 root/odd/*
box_image box '{"Cmd":["/bin/sh"],"Env":["PATH=/bin"]}'

# h [OPTION...] CASE [ARGUMENT]: the case under ro-run; everything that must hold in any case is tested.
limit=70
for_time=60s
format=--json
h() {
	options=
	while [ "${1#--}" != "$1" ]; do
		options="$options $1"
		shift
	done
	words=$(printf ',"%s"' "$@")
	# shellcheck disable=SC2086 # options are words
	run hostile measure figures "$limit" ro-run $format --cache "$cache" --for "$for_time" --grace 200ms $options \
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
	! grep -q 'ERROR: .*Sanitizer\|runtime error:' err || problems="$problems a sanitizer speaks;"
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
# as long as it needs, and no longer: it takes the whole machine
for for_time in 1s 4s 10s; do
	h fork-bomb
	[ "$(jq '.refused_forks > 0' out)" = false ] || break
done
is "$(reason)" 'killed 9' 'a fork bomb has no more than its time'
is "$(jq '.refused_forks > 0' out)" true 'and that processes were denied is told'
for_time=60s
h sleepers
is "$(logged)" 'children: EAGAIN' 'there is a most of processes'
h threads
is "$(logged)" 'threads: EAGAIN' 'and of threads'
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
for_time=60s
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
# who is root of its own only is asked first whether he may
[ "$(id -u)" -eq 0 ] && denied=EROFS || denied=EACCES
is "$(logged | sed 's/oom: .*/oom/')" "sysrq: $([ -e /proc/sysrq-trigger ] && echo EROFS || echo ENOENT);core_pattern: $denied;sys: EROFS;oom" \
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
megabytes=64
[ "${HOSTILE_ALL:-}" = yes ] && megabytes=1024 && limit=100 && for_time=90s
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
h many-paths 50000
is "$(jq -r '"\(.refused_count) \(.refused | length)"' out)" '50000 2500' 'of many paths all are counted, the first are told'
h long-paths
is "$(jq -r '"\(.refused_count) \([.refused[].path | length] | max) \(.refused | length > 200)"' out)" '2001 4095 true' 'paths of the longest kind'

# --- what is no program
odd() {
	run ro-run --json --cache "$cache" --cmd "[\"$1\"]" box
	is "$status $(json out .exit.code)" "1 $2" "$1: status $2"
	is "$(json out .exit.error)" "cannot execute '$1': $3" 'the reason is told'
}
odd /odd/missing 127 'No such file or directory'
odd /odd 126 'Permission denied: it is a directory'
odd /srv/file 126 'Permission denied: it is not marked as executable'
odd /odd/empty 126 'Exec format error: it is empty'
odd /odd/text 126 'Exec format error: it is no program, and no script that names its interpreter'
odd /odd/foreign 126 "Exec format error: it is a program for s390x, and this machine is $(uname -m)"
odd /odd/lost 127 "No such file or directory: its interpreter '/bin/none' is missing"
odd /odd/dos 127 "No such file or directory: its interpreter '/bin/sh' is missing, for its first line ends in CR LF"
odd /odd/unloaded 127 "No such file or directory: its loader '$loader' is missing"

# --- COMMAND
# c CASE [ARGUMENT]: beside a program that ends after $naps seconds.
naps=30
c() {
	run hostile measure figures 12 ro-run --json --cache "$cache" --grace 200ms \
		--cmd "[\"/bin/$program\",\"naps\",\"$naps\"]" box -- "$T/bin/$program" "$@"
	sound "COMMAND $*"
}
mkdir bin && cp "$BUILDDIR/t/lib/hostile" "bin/$program"
c daemons 1500
is "$status $(json out .command.exit_status)" '0 0' 'what COMMAND leaves behind is ended, however much'
c orphans
is "$(json out .command.exit_status)" 0 'orphans and zombies of COMMAND'
c kill-parent
is "$(json out .command.exit_status)" 137 'a COMMAND that kills whoever watches it'
naps=0.3
c deaf
is "$(json out '"\(.exit.reason) \(.exit.early)"')" 'ended true' 'a deaf COMMAND ends with the program'
c stops-itself
is "$status" 1 'and so does one that is stopped'

# --- the end of ro-run at any moment
# shot SIGNAL MILLISECONDS: then nothing is left, and what is said is one line.
shots=0
missed=
shot() {
	"$T/bin/$program" measure figures 12 "$T/bin/$program" shoots "$1" "$2" ro-run --cache "$shot_cache" --grace 100ms --cmd \
		"[\"/bin/sh\",\"-c\",\"$program naps 30 & $program orphans 20; $program naps 30\"]" "$shot_image" -- \
		"$T/bin/$program" daemons 3 >out 2>err
	status=$?
	shots=$((shots + 1))
	case $status in 2 | 129 | 130 | 137 | 143) ;; *) missed="$missed $1 after $2 ms: status $status;" ;; esac
	[ "$(wc -l <err)" -le 1 ] || [ "$1" = 9 ] || grep -q daemons err || missed="$missed $1 after $2 ms: $(cat err);"
	for _ in $(seq 100); do
		left=$(ps -eo pid,stat,args | grep -F "/$program" | grep -v grep)$(find "$shot_cache" -name '*.new*' 2>/dev/null)
		[ -n "$left" ] || break
		sleep 0.1
	done
	[ -z "$left" ] || missed="$missed $1 after $2 ms: $left;"
}
shot_cache=$cache
shot_image=box
for milliseconds in 1 2 3 5 7 9 11 14 18 25; do
	for signal in 2 9 15 1; do
		shot $signal $milliseconds
	done
done
is "$missed" '' "nothing is left, whenever ro-run is ended ($shots times)"
shots=0
missed=
mkdir -p many/files && for i in 1 2 3 4 5 6 7 8; do head -c 4000000 /dev/zero >many/files/$i; done
pack_layer many.tar many
PACK_CONFIG='{"Env":["PATH=/bin"]}' pack_image many.img box.tar many.tar
shot_cache=$T/cold
shot_image=many.img
for milliseconds in 4 10 20 30 40; do
	for signal in 2 9 15; do
		rm -rf "$shot_cache"
		shot $signal $milliseconds
	done
done
is "$missed" '' "nor of what was being unpacked ($shots times)"

# --- a poor environment
run hostile measure figures 12 sh -c 'ulimit -n 20; exec ro-run --cache "$0" --cmd "[\"/bin/true\"]" box' "$cache"
is "$status" 0 'with twenty descriptors'
run hostile measure figures 12 sh -c 'ulimit -n 9; exec ro-run --cache "$0" --cmd "[\"/bin/true\"]" box' "$cache"
is "$status $(wc -l <err)" '2 1' 'with nine of them: one line of trouble'
run hostile measure figures 12 perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' ro-run --cache "$cache" --cmd '["/bin/true"]' box
is "$status" 0 'started by who ignores the end of children'
run hostile measure figures 12 sh -c 'exec ro-run --cache "$0" --cmd "[\"/bin/true\"]" box <&- 2>&-' "$cache"
is "$status" 0 'without standard input and error'
run hostile measure figures 12 sh -c 'exec ro-run --cache "$0" --cmd "[\"/bin/true\"]" box >&-' "$cache"
is "$status $(wc -l <err)" '2 1' 'without standard output nothing is decided'
run hostile measure figures 12 ro-run --cache "$cache" --log /dev/full --cmd '["/bin/echo","x"]' box
is "$status $(wc -l <err)" '2 1' 'a log that cannot be written is trouble'
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
	mkdir small
	# shellcheck disable=SC2016 # the inner shell expands
	run unshare -m sh -c 'mount -t tmpfs -o size=600k none small || exit 9
		ro-run --cache small/cache --cmd "[\"/bin/true\"]" box && exit 8
		find small/cache -type f -o -name "*.new*"
		ro-run --cache "$0" --log small/log --cmd "[\"/bin/$1\",\"pour-lines\",\"4\"]" box && exit 7
		exit 0' "$cache" "$program"
	is "$status $(grep -c 'No space left on device' err) $(wc -l <err) $(wc -l <out)" '0 2 2 0' \
		'a full disk: one line of trouble each, and nothing is left'
	if [ -z "$SANITIZED" ]; then
		# shellcheck disable=SC2016
		run unshare -m sh -c 'mount -t tmpfs none /proc && ro-run --cache "$0" --cmd "[\"/bin/true\"]" box' "$cache"
		is "$status $(wc -l <err)" '2 1' 'without /proc: one line of trouble'
	else
		skip 'without /proc: one line of trouble' 'the sanitizers need /proc'
	fi
fi

done_testing
