#!/usr/bin/perl
# Episode 15: the root file system may be read-only.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Trial (episode => 15);
use TrialRun;

my @health = endpoints(qw(HEALTH READY LIVE));

my $endpoints = 'HEALTH_PATH|READY_PATH|LIVE_PATH';

# One run serves most items: wait until all endpoints answer, then ask again and again. What has no
# endpoint is left alone for as long.
sub run {
	return trial_run('run', setting('IMAGE'), { for => setting('STABILITY_PERIOD') }) unless @health;
	return trial_run('run', setting('IMAGE'), {},
		ready(),
		[ 'stable', '--every', setting('STABILITY_EVERY'), '--for', setting('STABILITY_PERIOD'), @health ]);
}

sub ready { return @health ? [ 'ready', '--wait', setting('READY_LIMIT'), @health ] : () }

# How many writes the baseline is refused, for the closing table; undef where that cannot be told.
sub before {
	my $run = eval { trial_run('before', setting('BASELINE'), { for => setting('START_PERIOD') }, ready()) };
	return $run && $run->{refused_count};
}

# What would let it hold, proved by a run with just that; in words, and as values.
sub suggestion {
	my $found = eval { trial_run('suggestion', setting('IMAGE'), { suggest => 1, for => setting('START_PERIOD') }, ready())->{suggestion} }
	  or return 'what would mend it could not be found';
	my @mends = ((map { ($_->{kind} eq 'tmpfs' ? 'TMPFS' : 'VOLUMES') . "=$_->{path}" } @{ $found->{mounts} }), map { "RUN_ENV=$_" } @{ $found->{environment} });
	my $why = defined $found->{impossible} ? "no mount can serve $found->{impossible}" : $found->{problem};
	my @values = (suggestion => { settings => \@mends, proved => $found->{proved}, docker => $found->{docker} });
	return ('nothing is known to mend it' . ($why ? ": $why" : ''), @values) unless $found->{proved} && @mends;
	return ('it holds with ' . join(', ', @mends), @values);
}

# The endpoint answered 200 once the wait was over.
sub answers {
	my ($name) = @_;
	my $url = endpoint($name);
	run();
	my $found = answer(evidence('run.ready'), $url);
	return verdict_of(
		($found->{status} // 0) == 200,
		'status ' . ($found->{status} // 'none: ' . ($found->{reason} // 'no answer')),
		url => $url, status => $found->{status}, latency_ms => $found->{latency_ms});
}

# The lines found in a log must be none.
sub none {
	my ($what, @lines) = @_;
	return over_run(run(), holds("no $what in " . counted(scalar @{ run()->{log} }, 'line'))) unless @lines;
	return fails(counted(lines_in(@lines), $what), lines => first_lines(@lines));
}

lasts run => seconds(setting('STABILITY_PERIOD'));

item '15.1', by => 'image', sub {
	my $image = utility('image', 'image-size', setting('IMAGE'))->{image};
	my $digest = $image->{manifest_digest} // $image->{id};
	return holds("$image->{name}: $digest", id => $image->{id}, manifest_digest => $image->{manifest_digest},
		platform => $image->{platform});
};

item '15.2', by => 'run', sub {
	my $run = run();
	my $started = defined $run->{first_instruction_ms} && $run->{mode} eq 'read-only';
	return verdict_of($started, $started ? "@{$run->{argv}} as uid $run->{user}{uid}" : 'it did not start',
		argv => $run->{argv}, user => $run->{user}, volumes => [ map { $_->{path} } @{ $run->{volumes} } ],
		first_instruction_ms => $run->{first_instruction_ms});
};

item '15.3', by => 'run', sub {
	my $run = run();
	my $needed = 1000 * seconds(setting('START_PERIOD'));
	my $stayed = !$run->{exit}{early} && $run->{duration_ms} >= $needed;
	return verdict_of($stayed,
		$stayed ? 'ran for ' . millis($run->{duration_ms}) . ' until it was stopped'
		  : !$run->{exit}{early} ? 'it was stopped after ' . millis($run->{duration_ms}) . ', before the start-up period of ' . setting('START_PERIOD') . ' was over'
		  : 'it ended after ' . millis($run->{duration_ms}) . ' with status ' . ($run->{exit}{code} // 'none'),
		duration_ms => $run->{duration_ms}, exit => $run->{exit},
		$stayed ? () : (last_lines => last_lines(join "\n", map { $_->{text} } @{ $run->{log} })));
};

item '15.4', by => 'run', needs => ['HEALTH_PATH', 'PORT'], sub { answers('HEALTH') };
item '15.5', by => 'run', needs => ['READY_PATH', 'PORT'], sub { answers('READY') };
item '15.6', by => 'run', needs => ['LIVE_PATH', 'PORT'], sub { answers('LIVE') };

item '15.7', by => 'run', sub {
	my $run = run();
	my @refused = refused($run);
	my @before = setting('BASELINE') ? (before_refused => before()) : ();
	return over_run($run, holds('no refused write', refused => 0, @before)) unless $run->{refused_count};
	my ($mend, @suggested) = suggestion();
	return fails("$run->{refused_count} refused: " . first_refused(@refused) . "; $mend",
		refused => $run->{refused_count}, @before, attempts => refused_text(@refused), @suggested);
};

item '15.8', by => 'run', sub { none('read-only line', log_read_only(run())) };
item '15.9', by => 'run', sub { none('error line', log_errors(run())) };
item '15.10', by => 'run', sub { none('cache warning', log_cache_warnings(run())) };

# An attempt is one, wherever it leads and whether it succeeds.
item '15.11', by => 'run', sub {
	my $run = run();
	my @lists = @$run{qw(refused written failed)};
	my @caches = grep {
		$_->{path} =~ m{(?:^|/)(?:\.cache|\.npm|\.local/share/uv|\.?uv|pip)(?:/|$)} || $_->{process} =~ /^(?:uvx?|pip[0-9.]*)$/
	} map { @$_ } @lists;
	return fails("$caches[0]{process} tried $caches[0]{call} $caches[0]{path}", attempts => refused_text(@caches)) if @caches;
	# the lists may have been cut
	my $listed = 0;
	$listed += $_->{count} // 1 for map { @$_ } @lists[ 1, 2 ];
	return fails('more attempts to write than ro-run lists: what the rest is is not known') if @{ $lists[0] } >= 2500 || $listed < $run->{written_count} + $run->{failed_count};
	return over_run($run, holds('no attempt at a package manager\'s cache'));
};

item '15.12', by => 'run', needs => [$endpoints, 'PORT'], sub {
	run();
	my $answers = asked('run', 'stable')->{urls};
	# "healthy" that becomes "unhealthy" with status 200 is not the same
	my $state = sub { my $json = $_[0]{json}; return ref $json eq 'HASH' && !ref $json->{status} ? $json->{status} // '' : '' };
	my @failed = grep {
		!$_->{series} || $_->{series}{failures} || !$_->{series}{count} || $state->($_) ne $state->(answer(evidence('run.ready'), $_->{url}))
	} @$answers;
	my $count = 0;
	$count += $_->{series}{count} // 0 for @$answers;
	return verdict_of(!@failed, counted($count, 'answer') . ' in ' . setting('STABILITY_PERIOD') . ', ' . counted(scalar @failed, 'endpoint') . ' unsteady',
		map { ($_->{url} => $_->{series}) } @$answers);
};

item '15.13', by => 'run', sub {
	my $run = run();
	return fails('it was never ready') if grep { !$_->{holds} } @health ? @{ evidence('run.ready')->{urls} } : ();
	my $from = @health ? $run->{command}{started_ms} + evidence('run.ready')->{elapsed_ms} : 1000 * seconds(setting('START_PERIOD'));
	# what it says of being stopped is no part of the period
	my $to = $run->{duration_ms} - ($run->{stop} ? $run->{stop}{took_ms} : 0);
	return over_run($run, fails('the run was over before the start-up period of ' . setting('START_PERIOD'))) if $to <= $from;
	# of a line that was not kept nobody knows the time
	my @new = grep { !defined $_->{time_ms} || $_->{time_ms} >= $from && $_->{time_ms} <= $to } log_errors($run);
	my $counts = by_interval($from, $to, @new);
	return over_run($run, verdict_of(!@new, counted(lines_in(@new), 'error line') . ' since it was ready', by_interval => $counts,
		@new ? (lines => first_lines(@new)) : ()));
};

item '15.14', by => 'cache', sub {
	my $path = home_cache();
	my $run = trial_run('cache', setting('IMAGE'),
		{ writable => 1, read_only_paths => [$path], for => setting('START_PERIOD') }, ready());
	my @bad = refused($run);
	my $bad = $run->{refused_count};
	my @lines = (log_read_only($run), log_cache_warnings($run));
	my @silent = @health ? grep { ($_->{status} // 0) != 200 } @{ evidence('cache.ready')->{urls} } : ();
	return holds((@health ? 'all endpoints answer' : 'it stays up') . " with $path read-only") unless $bad || @lines || @silent || $run->{exit}{early};
	return fails(($run->{exit}{early} ? 'it ended after ' . millis($run->{duration_ms}) . '; ' : '') . counted($bad, 'refused write') . ', ' . counted(lines_in(@lines), 'log line') . ', ' . counted(scalar @silent, 'endpoint') . ' silent',
		attempts => refused_text(@bad), lines => first_lines(@lines));
};

item '15.15', by => 'run', sub {
	my $run = run();
	my $stop = $run->{stop} // {};
	return fails('it ended before it was stopped', exit => $run->{exit}) if $run->{exit}{early};
	my $clean = $run->{exit}{reason} eq 'stopped' && !$stop->{killed} && !@{ $run->{leftovers} };
	return verdict_of($clean,
		$stop->{killed} ? "$stop->{signal} was ignored for " . millis($stop->{grace_ms})
		  : "ended " . millis($stop->{took_ms}) . " after $stop->{signal}" . (@{ $run->{leftovers} } ? ', leaving things behind' : ''),
		stop => $stop, exit => $run->{exit}, leftovers => $run->{leftovers});
};

done;
