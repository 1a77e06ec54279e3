# shellcheck shell=sh
# The same image from a file and through a pipe: source it after harness.sh.

# stream_differs TITLE: says so, and what differs.
stream_differs() {
	fail "$1"
	diag "exit status: $file_status from the file, $pipe_status through the pipe"
	diff file.out pipe.out | head -n 20 | sed 's/^/#   /'
	sed 's/^/#   file: /' file.err
	sed 's/^/#   pipe: /' pipe.err
}

# both FILE PROGRAM ARGUMENT...: runs it with IMAGE in the arguments standing for the archive, once as the
# file and once as what comes through a pipe; the latter may store nothing. PREFIX and SUFFIX are put around
# the name.
both() {
	both_file=$1
	shift
	both_command=
	for both_argument; do
		[ "$both_argument" = IMAGE ] && both_command="$both_command \"\$both_name\"" && continue
		both_command="$both_command '$both_argument'"
	done
	both_name=${PREFIX:-}$both_file${SUFFIX:-}
	eval "timeout 60 $both_command" >file.out 2>file.err
	file_status=$?
	both_name=${PREFIX:-}-${SUFFIX:-}
	# shellcheck disable=SC2002 # a pipe is the point
	cat "$both_file" | {
		eval "TMPDIR=/nowhere timeout 60 $both_command" >pipe.out 2>pipe.err
		echo $? >pipe.status
	}
	pipe_status=$(cat pipe.status)
	# only the name is another
	sed "s|${PREFIX:-}$both_file${SUFFIX:-}|$both_name|g" file.out >file.named
	mv file.named file.out
}

# same TITLE FILE PROGRAM ARGUMENT...: byte for byte the same result; of what is refused, in one line.
same() {
	same_title=$1
	shift
	both "$@"
	if [ "$file_status" -ne "$pipe_status" ] || ! cmp -s file.out pipe.out; then
		stream_differs "$same_title"
	elif [ "$pipe_status" -gt 1 ] && { [ "$pipe_status" -ne 2 ] || [ "$(wc -l <pipe.err)" -ne 1 ]; }; then
		stream_differs "$same_title"
	else
		pass "$same_title"
	fi
}
