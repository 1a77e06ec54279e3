#!/bin/sh
# The image's health check, run inside the sandbox as Docker runs it.
. "${SRCDIR:-.}/t/lib/harness.sh"
. "$SRCDIR/t/lib/archive.sh"
. "$SRCDIR/t/lib/rorun.sh"

box_root
# by its time the test's own "sleep" is told from those of others
long=987.$$
# checked FILE TEST [MEMBERS]: an image whose health check is TEST; seconds are nanoseconds there.
second=1000000000
checked() {
	box_image "$1" "{\"Cmd\":[\"/bin/sleep\",\"1000\"],\"User\":\"app\",\"WorkingDir\":\"/home/app\",
		\"Env\":[\"PATH=/bin\",\"COLOUR=red\"],\"StopSignal\":\"KILL\",\"Healthcheck\":{\"Test\":$2${3:+,$3}}}"
}
checks() {
	json out '[.health_checks[].exit_status] | join(" ")'
}

checked good '["CMD-SHELL","echo fine; echo on error >&2; id -un; pwd; echo $COLOUR"]' "\"Interval\":$second"
ro --health-interval 100ms --for 2s good
is "$status" 0 'an image whose check succeeds'
is "$(json out .health)" healthy 'it is healthy'
is "$(json out '[.health_changes[].status] | join(" ")')" 'starting healthy' 'the transitions are told'
is "$(json out '.health_changes[1].time_ms >= 100')" true 'with their times'
is "$(json out '.health_checks | length >= 3')" true 'the check runs on its interval'
is "$(json out '.health_checks[0].output | split("\n") | join(" ")')" 'fine on error app /home/app red ' \
	'it has the user, the folder and the environment of the container; both streams are kept'
is "$(json out '[.health_checks[].before_stop] | any')" false 'none was made before the stop'
run ro-run --cache "$cache" --health-interval 100ms --for 350ms good
has out 'health check: healthy' 'the text form tells the state'

checked bad '["CMD","sh","-c","echo broken; exit 3"]' '"Retries":2'
ro --health-interval 100ms --for 3s bad
is "$(json out .health)" unhealthy 'failures in a row make it unhealthy'
is "$(json out '[.health_changes[].status] | join(" ")')" 'starting unhealthy' 'once'
is "$(json out '[.health_checks[:2][].exit_status] | join(" ")')" '3 3' 'the status of each check is told'
is "$(json out '.health_changes[1].time_ms as $time | [.health_checks[].time_ms] | .[1] <= $time and $time <= .[2]')" true \
	'with the second failure'
run ro-run --cache "$cache" --health-interval 100ms --for 500ms bad
has out 'ended with status 3' 'the text form tells why'
has out 'broken' 'and what the check said'

checked slow "[\"CMD\",\"sleep\",\"$long\"]" "\"Timeout\":$((second / 5)),\"Retries\":1"
ro --health-interval 100ms --for 2s slow
is "$(json out '.health_checks[0] | "\(.timed_out) \(.took_ms >= 200 and .took_ms < 1900)"')" 'true true' \
	'a check that goes on is ended at its timeout'
is "$(json out .health)" unhealthy 'and counts as failed'

checked starting '["CMD","false"]' "\"Retries\":1,\"StartPeriod\":$((10 * second))"
ro --health-interval 100ms --for 500ms starting
is "$(json out .health)" starting 'failures in the start period do not count'
is "$(json out '.health_checks | length >= 2')" true 'though checks were made'

# a run that is too short for its first check makes one at its end
checked usual '["CMD","true"]'
ro --for 200ms usual
is "$(json out '.health_checks[] | "\(.exit_status) \(.before_stop)"')" '0 true' 'a short run makes one check before the stop'
is "$(json out .health)" healthy 'and tells what came of it'
ro --cmd '["/bin/true"]' usual
is "$(json out '.health_checks | length')" 0 'a program that ends by itself is not checked at its end'
ro --no-healthcheck --for 200ms usual
is "$(json out '.health') $(json out '.health_checks | length')" 'null 0' '--no-healthcheck leaves it alone'
checked none '["NONE"]'
ro --for 200ms none
is "$(json out '.health') $(json out '.health_checks | length')" 'null 0' 'so does NONE'
checked inherited '[]'
ro --for 200ms inherited
is "$(json out .health)" null 'and a check without a command'

# a check that cannot be run, and one that writes
checked missing '["CMD","/bin/none"]'
ro --for 200ms missing
is "$(checks)" 127 'a program that is not there: 127'
is "$(json out '.health_checks[0].output')" "cannot execute '/bin/none': No such file or directory" 'and why'
checked writer '["CMD-SHELL","touch /tmp/checked"]'
ro --for 200ms writer
is "$status" 1 'a check that writes to the root fails the run'
is "$(attempts)" 'openat /tmp/checked EROFS' 'its refused write is on record'
is "$(json out '.refused[0].process')" touch 'with its process'

# what it leaves, and what is cut off
checked forker "[\"CMD-SHELL\",\"sleep $long & echo left\"]"
ro --for 200ms forker
is "$(json out '.health_checks[0].exit_status')" 0 'a check that leaves a process behind'
is "$(pgrep -fc "^sleep $long\$")" 0 'no process outlives the container'

ln -sf busybox root/bin/yes
checked talker '["CMD-SHELL","yes no | head -c 100000"]'
ro --for 200ms talker
is "$(json out '.health_checks[0].output | length')" 4096 'as much of its output is kept as Docker keeps'
is "$(checks)" 0 'and it does not wait for somebody to read the rest'

# the program ends while a check runs
checked long "[\"CMD\",\"sleep\",\"$long\"]"
ro --health-interval 50ms --for 10s --cmd '["/bin/sleep","0.3"]' long
is "$status $(json out .exit.early)" '1 true' 'a program that ends while its check runs'
is "$(pgrep -fc "^sleep $long\$")" 0 'takes the check with it'

done_testing
