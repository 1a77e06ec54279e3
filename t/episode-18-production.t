#!/usr/bin/perl
# Episode 18: ready for production.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP;
use Trial (episode => 18);
use TrialBuild qw(build_log);
use TrialRun;
use TrialScan qw(scan_report scanner);
use TrialWebhook qw(read_cases);

my $endpoints = 'HEALTH_PATH|READY_PATH|LIVE_PATH';
my @health = endpoints(qw(HEALTH READY LIVE));

sub production { return setting('PRODUCTION_IMAGE') // setting('IMAGE') }

# The expectations that an endpoint's settings name: NAME_STATUS, NAME_JSON (lines POINTER=VALUE), …
sub expectations {
	my ($name) = @_;
	return ((map { ('--status', $_) } grep { defined } setting("${name}_STATUS")),
		(map { ('--json-equals', $_) } setting_list("${name}_JSON")));
}

sub webhook {
	return (expectations('WEBHOOK'), '--method', 'POST', '--data', setting('WEBHOOK_DATA') // '{}',
		map { ('--header', $_) } setting_list('WEBHOOK_HEADERS'));
}

# The sample of the settings and those of WEBHOOK_CASES, as read_cases() has them. With a file the
# sample must be asked for, for the path is the file's, too.
sub webhooks {
	my $file = setting('WEBHOOK_CASES');
	my @sample = endpoint('WEBHOOK') && (setting('WEBHOOK_DATA') || !$file)
	  ? { name => 'sample', label => 'webhook', url => endpoint('WEBHOOK'), options => [ webhook() ] } : ();
	return @sample unless $file;
	return @sample, read_cases($file, {
		url => 'http://localhost:' . setting('PORT'), path => setting('WEBHOOK_PATH'), status => setting('WEBHOOK_STATUS'),
		headers => [ setting_list('WEBHOOK_HEADERS') ],
	});
}

# Over the integration period.
sub long_answers {
	return map { @{ asked('run', $_)->{urls} } } endpoint('HEALTH') ? 'long-health' : (), endpoints(qw(READY LIVE)) ? 'long' : ();
}

# One run with the production environment serves most items.
sub run {
	my $options = { env => [ setting_list('PRODUCTION_ENV') ], for => setting('INTEGRATION_PERIOD') };
	return trial_run('run', production(), $options) unless @health;
	my @probes = ([ 'ready', '--wait', setting('READY_LIMIT'), '--max-latency', setting('LATENCY_LIMIT'), @health ]);
	push @probes, [ 'health', expectations('HEALTH'), endpoint('HEALTH') ] if endpoint('HEALTH');
	push @probes, [ 'secrets', expectations('SECRETS'), endpoint('SECRETS') ] if endpoint('SECRETS');
	push @probes, map { [ $_->{label}, @{ $_->{options} }, $_->{url} ] } webhooks();
	# what the health endpoint must say it must go on to say
	my @often = ('--max-latency', setting('LATENCY_LIMIT'), '--every', setting('STABILITY_EVERY'), '--for', setting('INTEGRATION_PERIOD'));
	my @others = endpoints(qw(READY LIVE));
	push @probes, [ endpoint('HEALTH') ? [ 'long-health', expectations('HEALTH'), @often, endpoint('HEALTH') ] : (), @others ? [ 'long', @often, @others ] : () ];
	return trial_run('run', production(), $options, @probes);
}

# A start, and no longer than until it is ready.
sub start_options { return { env => [ setting_list('PRODUCTION_ENV') ], for => setting('START_PERIOD'), @_ } }
sub ready_probe { return @health ? [ 'ready', '--wait', setting('READY_LIMIT'), @health ] : () }

# The baseline, with a writable root: read-only it may not start at all.
sub baseline { return trial_run($_[0] // 'baseline', setting('BASELINE'), start_options(writable => 1), ready_probe()) }

# A probe inside the run, judged by its own verdict.
sub probed {
	my ($label, $name) = @_;
	my $url = endpoint($name);
	run();
	my $found = answer(asked('run', $label), $url);
	return verdict_of($found->{holds}, 'status ' . ($found->{status} // 'none') . ($found->{reason} ? ": $found->{reason}" : '')
		  . (setting_list("${name}_JSON") ? '' : "; no ${name}_JSON in the settings demands a body"),
		url => $url, status => $found->{status}, latency_ms => $found->{latency_ms}, shape => shape($found->{json}));
}

sub ready_ms {
	my ($run, $label) = @_;
	my ($latest) = sort { $b <=> $a } map { $_->{ready_ms} // die "$_->{url} never answered\n" } @{ evidence("$label.ready")->{urls} };
	return $run->{command}{started_ms} + $latest;
}

# The type of each member, and never its value.
sub shape {
	my ($value) = @_;
	return 'null' unless defined $value;
	return '{' . join(',', map { "$_:" . shape($value->{$_}) } sort keys %$value) . '}' if ref $value eq 'HASH';
	if (ref $value eq 'ARRAY') {
		my %seen = map { shape($_) => 1 } @$value;
		return '[' . join('|', sort keys %seen) . ']';
	}
	return 'boolean' if JSON::PP::is_bool($value);
	return JSON::PP->new->allow_nonref->encode($value) =~ /^"/ ? 'string' : 'number';
}

sub pins {
	return utility('pins', 'pin-check', (map { ('--base', $_) } setting_list('BASE')), dockerfile());
}

# As lint_found() has them.
sub pin_findings {
	return [ map { setting('DOCKERFILE') . ":$_->{line}: $_->{raw}: $_->{reason} [pin-check]" } @_ ];
}

sub pin_checks {
	my ($wanted, $text) = @_;
	my $pins = pins();
	my ($check) = grep { $_->{name} eq $wanted } @{ $pins->{checks} };
	die "pin-check made no check '$wanted'\n" unless $check;
	my @references = grep { $_->{pin} !~ /^(?:stage|scratch)$/ } map { @{ $_->{references} } } @{ $pins->{files} };
	# what has none shares none
	return skips('no base has a digest that could be shared') if $wanted eq 'consistent' && $check->{holds} && !grep { $_->{pin} =~ /digest/ } @references;
	my @bad = grep { !$_->{holds} } @references;
	my @wrong = map { "line $_->{line}: $_->{raw}: $_->{reason}" } @bad;
	return verdict_of($check->{holds}, $check->{holds} ? "$text: " . counted(scalar @references, 'reference') : $wrong[0] // "$wanted does not hold",
		references => [ map { "line $_->{line}: " . ($_->{resolved} // $_->{raw}) } @references ],
		@bad ? (wrong => \@wrong, findings => pin_findings(@bad)) : ());
}

# A build that was needed and failed, with what it said.
sub build_failed {
	my ($what, $ran) = @_;
	return fails("$what ended with status $ran->{status}", last_lines => last_lines($ran->{output}));
}

lasts run => seconds(setting('INTEGRATION_PERIOD'));

# How long a build took tells of what else the machine did, too. Hence what seems slower than the baseline's
# is measured once more, and so is that; their better times count.
sub is_slower {
	my ($build, $before) = @_;
	my $slower = sub { $build->{seconds} > $before->{seconds} * 1.1 + 1 };
	for my $timed ($slower->() ? ($build, $before) : ()) {
		my $again = shell("$timed->{name}-again", $timed->{command});
		# a cache may serve the second one
		next if $again->{status} || build_log($again->{output})->{unheard};
		$timed->{seconds} = $again->{seconds} if $again->{seconds} < $timed->{seconds};
	}
	return $slower->();
}

item '18.1', builds => 1, lane => 'project', needs => ['PRODUCTION_BUILD_COMMAND|BUILD_COMMAND'], sub {
	my $command = setting('PRODUCTION_BUILD_COMMAND') // setting('BUILD_COMMAND');
	# a second build of 17.1's would come from its cache, in no time and without a warning
	my $ran = $command eq (setting('BUILD_COMMAND') // '') ? Trial::of_episode(17, sub { shell('build_command', $command) }) : shell('build', $command);
	return build_failed('the build', $ran) if $ran->{status};
	my ($build, $before) = { %$ran, name => 'build', command => $command, log => build_log($ran->{output}) };
	if (my $baseline = setting('BASELINE_BUILD_COMMAND')) {
		$ran = shell('baseline-build', $baseline);
		return build_failed('the baseline\'s build', $ran) if $ran->{status};
		$before = { %$ran, name => 'baseline-build', command => $baseline, log => build_log($ran->{output}) };
	}
	my @cached = grep { $_ && $_->{log}{unheard} } $build, $before;
	my $slower = $before && !@cached && is_slower($build, $before);
	my @warnings = @{ $build->{log}{warnings} };
	my $in_time = $build->{seconds} <= seconds(setting('BUILD_LIMIT'));
	my @values = (seconds => $build->{seconds}, $before ? (baseline_seconds => $before->{seconds}) : ());
	if (@cached && !@warnings && $in_time) {
		my $log = $cached[0]{log};
		return skips('it builds, but ' . ($cached[0] == $build ? '' : 'of the baseline ') . "$log->{unheard} of " . counted($log->{steps}, 'step')
			. ' ran in an earlier build: neither their time nor their warnings are known; a build without a cache tells', @values);
	}
	return verdict_of(!@warnings && $in_time && !$slower,
		'built in ' . millis(1000 * $build->{seconds}) . ', ' . counted(scalar @warnings, 'warning') . ($build->{log}{builder} ? '' : ' in an output that is no known builder\'s log') . (@warnings ? ": $warnings[0]" : '')
		  . ($slower ? ', slower than the baseline\'s build in ' . millis(1000 * $before->{seconds}) : ''),
		@values, @warnings ? (warnings => [ @warnings[ 0 .. ($#warnings < 4 ? $#warnings : 4) ] ]) : ());
};

item '18.2', by => 'size', sub {
	my $sizes = utility('size', 'image-size', production());
	$sizes = compressed_sizes() if !defined $sizes->{compressed_bytes} && production() eq setting('IMAGE');
	return holds('content ' . bytes($sizes->{content_bytes}) . ', compressed ' . bytes($sizes->{compressed_bytes}),
		%$sizes{qw(content_bytes unpacked_bytes compressed_bytes layer_count)});
};

item '18.3', by => 'run', sub {
	my $run = run();
	my $started = defined $run->{first_instruction_ms} && !$run->{exit}{early};
	return verdict_of($started, $started ? "@{$run->{argv}} as uid $run->{user}{uid}" : 'it did not stay up',
		environment => [ map { Trial::masked(Trial::quote($_)) } setting_list('PRODUCTION_ENV') ], user => $run->{user}, exit => $run->{exit});
};

# What has no endpoint is asked by the health check of the image: how long it took to be healthy, and whether it
# stayed so. The first check comes after an interval, so the time is one at the most.
sub no_answers { return setting('PORT') && @health ? undef : "no HEALTH_PATH, READY_PATH or LIVE_PATH in the settings" }

# Decides by the run and the time at which its health check first said that it is healthy.
sub by_health_check {
	my ($decide) = @_;
	my $run = run();
	return skips(no_answers() . ', and the image has no health check') unless defined $run->{health};
	my ($since) = grep { $_->{status} eq 'healthy' } @{ $run->{health_changes} };
	return fails('its health check never said that it is healthy') unless $since;
	return over_run($run, $decide->($run, $since->{time_ms}));
}

sub healthy_within_limit {
	my ($run, $since) = @_;
	return skips('healthy by its health check after ' . millis($since) . ', which is not asked more often') if $since >= 1000 * seconds(setting('READY_LIMIT'));
	return holds('healthy by its health check after ' . millis($since) . ' at the most', ready_ms => $since);
}

sub stayed_healthy {
	my ($run, $since) = @_;
	my @checks = @{ $run->{health_checks} };
	my @bad = grep { $_->{time_ms} >= $since && ($_->{timed_out} || $_->{exit_status}) } @checks;
	return skips('its health check was asked ' . counted(scalar @checks, 'time') . ' only in ' . setting('INTEGRATION_PERIOD')) if @checks < 2 && !@bad;
	return verdict_of(!@bad && $run->{health} eq 'healthy',
		@bad . ' of ' . counted(scalar @checks, 'health check') . ' failed over ' . setting('INTEGRATION_PERIOD'), checks => scalar @checks);
}

item '18.4', by => 'run', settles => @health ? 'run.ready' : undef, sub {
	return by_health_check(\&healthy_within_limit) if no_answers();
	my $ready = ready_ms(run(), 'run');
	my $before = setting('BASELINE') ? eval { ready_ms(baseline(), 'baseline') } : undef;
	return verdict_of($ready < 1000 * seconds(setting('READY_LIMIT')),
		'ready after ' . millis($ready) . (defined $before ? ', the baseline after ' . millis($before) : ''),
		ready_ms => $ready, before_ready_ms => $before);
};

item '18.5', by => 'run', needs => ['HEALTH_PATH', 'PORT'], sub { probed('health', 'HEALTH') };

item '18.6', by => 'run', needs => ['READY_PATH|LIVE_PATH', 'PORT'], sub {
	my @urls = endpoints(qw(READY LIVE));
	run();
	my @found = map { answer(evidence('run.ready'), $_) } @urls;
	my @wrong = grep { ($_->{status} // 0) != 200 } @found;
	return verdict_of(!@wrong, join(', ', map { "$_->{url}: " . ($_->{status} // 'no answer') } @found));
};

item '18.7', by => 'run', needs => ['SECRETS_PATH', 'PORT', $endpoints], sub { probed('secrets', 'SECRETS') };

item '18.8', by => 'run', needs => [$endpoints, 'PORT'], sub {
	run();
	my @found = @{ evidence('run.ready')->{urls} };
	my @silent = map { $_->{url} } grep { !defined $_->{latency_ms} } @found;
	return fails("no answer from @silent") if @silent;
	my %slowest = map { ($_->{url} => $_->{latency_ms}) } @found;
	for my $answer (long_answers()) {
		my $most = $answer->{series}{max_ms} // return fails("no answer from $answer->{url} over " . setting('INTEGRATION_PERIOD'));
		$slowest{ $answer->{url} } = $most if $most > $slowest{ $answer->{url} };
	}
	my ($slowest) = sort { $b <=> $a } values %slowest;
	return verdict_of($slowest <= 1000 * seconds(setting('LATENCY_LIMIT')), 'slowest ' . millis($slowest) . '; limit ' . setting('LATENCY_LIMIT'), %slowest);
};

item '18.9', by => 'run', needs => ['WEBHOOK_PATH|WEBHOOK_CASES', 'PORT', $endpoints], sub {
	run();
	my @told = map { { name => $_->{name}, %{ answer(asked('run', $_->{label}), $_->{url}) } } } webhooks();
	my @lines = map { "$_->{name}: " . ($_->{reason} // "status $_->{status}") } @told;
	my @wrong = grep { !$told[$_]{holds} } 0 .. $#told;
	return verdict_of(!@wrong, @wrong ? scalar(@wrong) . ' of ' . counted(scalar @told, 'webhook') . " not as expected; $lines[$wrong[0]]"
		  : counted(scalar @told, 'webhook') . ' answered as expected', answers => \@lines);
};

item '18.10', by => 'run', sub {
	my $run = run();
	my @plain = log_not_json($run);
	return fails('the log is empty: nothing shows its form') unless @{ $run->{log} };
	return over_run($run, verdict_of(!@plain,
		@plain ? counted(lines_in(@plain), 'line is', 'lines are') . ' no JSON with a level' : counted(scalar @{ $run->{log} }, 'line') . ', all JSON with a level',
		@plain ? (lines => first_lines(@plain)) : ()));
};

item '18.11', by => 'run', sub {
	my $run = run();
	my @lines = (log_errors($run), log_read_only($run));
	my @refused = refused($run);
	return over_run($run, verdict_of(!@lines && !$run->{refused_count}, counted(lines_in(log_errors($run)), 'error line') . ', ' . counted(lines_in(log_read_only($run)), 'line of a read-only file system', 'lines of a read-only file system')
		. ', ' . counted($run->{refused_count}, 'refused write'),
		lines => first_lines(@lines), attempts => refused_text(@refused)));
};

item '18.12', by => 'run', sub {
	return by_health_check(\&stayed_healthy) if no_answers();
	run();
	my @answers = long_answers();
	my @failed = grep { !$_->{series} || $_->{series}{failures} || !$_->{series}{count} } @answers;
	return verdict_of(!@failed, scalar(@failed) . ' of ' . counted(scalar @answers, 'endpoint') . ' unsteady over ' . setting('INTEGRATION_PERIOD'),
		map { ($_->{url} => $_->{series}) } @answers);
};

# What a start needed. Runs of different lengths are compared by the time that both have: until each was ready,
# or as long as the baseline ran. Processor time lies between the samples around that moment. undef: it was never
# ready.
sub start_figures {
	my ($label, $run, $before) = @_;
	my $until = @health ? eval { ready_ms($run, $label) } : ($before // $run)->{duration_ms};
	return unless defined $until;
	my %found = (memory => 0);
	my ($earlier, $used) = (0, 0);
	for my $sample (@{ $run->{samples} }) {
		my ($at, $cpu, $memory) = @$sample{qw(time_ms cpu_time_ms memory_bytes)};
		$found{memory} = $memory if $memory > $found{memory};
		$found{cpu} //= $used + ($cpu - $used) * ($until - $earlier) / ($at - $earlier) if $at > $earlier && $at >= $until;
		last if $at >= $until;
		($earlier, $used) = ($at, $cpu);
	}
	# none came after it, or none at all
	$found{cpu} //= $run->{cpu_time_ms};
	$found{memory} ||= $run->{peak_memory_bytes};
	return \%found;
}

# Both come by samples that are a tenth of a second apart, processor time in hundredths.
sub is_more_cpu { return $_[0]{cpu} > 1.25 * $_[1]{cpu} + 100 }
sub is_more_memory { return $_[0]{memory} > 1.1 * $_[1]{memory} + (4 << 20) }

# Of a start of the image that is as short as the baseline's: in a long run samples are further apart.
sub starts {
	my ($label, $before, $before_label) = @_;
	my $run = trial_run($label, production(), start_options(), ready_probe());
	return (start_figures($label, $run, $before), start_figures($before_label, $before, $before));
}

# Processor time tells of what else the machine did, too, and samples miss peaks. Hence what seems more than
# the baseline's is measured once more, and so is that; the lesser times and the higher peaks count.
sub compared_starts {
	my ($before) = @_;
	my @found = starts('start', $before, 'baseline');
	return @found if @found < 2 || !(is_more_cpu(@found) || is_more_memory(@found));
	my @again = starts('start-again', baseline('baseline-again'), 'baseline-again');
	return @found if @again < 2;
	$found[$_]{cpu} = $again[$_]{cpu} for grep { $again[$_]{cpu} < $found[$_]{cpu} } 0, 1;
	$found[$_]{memory} = $again[$_]{memory} for grep { $again[$_]{memory} > $found[$_]{memory} } 0, 1;
	return @found;
}

item '18.13', by => 'run', sub {
	my $run = run();
	my $before = setting('BASELINE') ? baseline() : undef;
	my ($memory, $cpu) = @$run{qw(peak_memory_bytes cpu_time_ms)};
	return fails('peak memory or CPU time is not known') unless defined $memory && defined $cpu;
	my @over;
	push @over, 'memory above ' . setting('MAX_MEMORY') if setting('MAX_MEMORY') && $memory > Trial::size_limit(setting('MAX_MEMORY'));
	push @over, 'CPU time above ' . setting('MAX_CPU') if setting('MAX_CPU') && $cpu > 1000 * seconds(setting('MAX_CPU'));
	my @starts = $before ? compared_starts($before) : start_figures('run', $run);
	if ($before && $before->{exit}{early}) { push @over, 'and the baseline did not stay up to be compared with' }
	elsif ($before && @starts < 2) { push @over, 'and it was never ready, or the baseline was not, so they cannot be compared' }
	elsif ($before) {
		my ($now, $usual) = @starts;
		push @over, 'memory of the start, ' . bytes($now->{memory}) . ", above the baseline's " . bytes($usual->{memory})
		  if is_more_memory(@starts);
		push @over, 'CPU time of the start, ' . millis($now->{cpu}) . ", above the baseline's " . millis($usual->{cpu}) if is_more_cpu(@starts);
	}
	return over_run($run, verdict_of(!@over, 'peak memory ' . bytes($memory) . ', CPU time ' . millis($cpu) . (@over ? ': ' . join(', ', @over) : ''),
		peak_memory_bytes => $memory, cpu_time_ms => $cpu,
		@starts == ($before ? 2 : 1) ? (map { ($_->[0] . 'memory_bytes' => $_->[1]{memory}, $_->[0] . 'cpu_time_ms' => $_->[1]{cpu}) }
			[ 'start_', $starts[0] ], $before ? [ 'before_start_', $starts[1] ] : ()) : ()));
};

item '18.14', by => 'pins', needs => ['DOCKERFILE'], sub {
	my $pinned = pin_checks('pinned', 'pinned by digest' . (setting('BASE') ? '' : ', and no BASE in the settings demands another'));
	return $pinned if $pinned->{status} ne 'ok' || !setting('BASE');
	return pin_checks('base', 'all are ' . setting('BASE'));
};

item '18.15', by => 'pins', needs => ['DOCKERFILE'], sub { pin_checks('consistent', 'one digest per base') };
item '18.16', needs => ['DOCKERFILE'], sub {
	my $dockerfile = dockerfile();
	my $pins = eval { utility('pins-verified', 'pin-check', '--verify', $dockerfile) };
	if (!$pins) {
		# that nobody answers says nothing of the digest; any other trouble does
		die $@ unless $@ =~ /could not resolve|failed to connect|couldn't connect|timed? ?out|unreachable/i;
		return skips('no registry can be reached: ' . $@ =~ s/\s+\z//r);
	}
	my ($check) = grep { $_->{name} eq 'exists' } @{ $pins->{checks} };
	my @asked = grep { $_->{registry} } map { @{ $_->{references} } } @{ $pins->{files} };
	return fails('no reference has a digest that could be asked for') unless @asked;
	my @moved = map { "line $_->{line}: $_->{note}" } grep { $_->{note} } @asked;
	my @gone = grep { !$_->{registry}{exists} } @asked;
	my ($wrong) = map { "line $_->{line}: $_->{raw}: $_->{reason}" } @gone;
	return verdict_of($check->{holds}, $wrong // 'the registry has ' . scalar(@asked) . ' of ' . scalar(@asked) . ' digests'
		. (@moved ? ', ' . scalar(@moved) . ' of them older than its tag' : ''),
		references => [ map { "line $_->{line}: $_->{resolved}" } @asked ], @moved ? (moved => \@moved) : (),
		@gone ? (findings => pin_findings(@gone)) : ());
};

sub dockerfile_lint {
	my ($name, @rules) = @_;
	return lint("lint-$name", \@rules, dockerfile() // return);
}

# What several items ask about the image is looked up at once: it may have to come from far.
my @image_rules = qw(
  cmd-shell-form entrypoint-shell-form start-calls-package-manager
  user-root user-not-in-passwd user-not-expected
  no-healthcheck healthcheck-timing healthcheck-program-missing
  port-not-exposed port-mismatch no-expose
  venv-not-on-path start-not-in-venv app-not-owned);

sub image_lint {
	my %wanted = map { $_ => 1 } @_;
	my $document = lint('lint-image', \@image_rules, production());
	return { %$document, findings => [ grep { $wanted{ $_->{rule} } } @{ $document->{findings} } ] };
}

item '18.17', needs => ['DOCKERFILE'], sub {
	my $lint = dockerfile_lint('digest', 'digest-undocumented');
	my @found = lint_found($lint);
	return fails($found[0], findings => \@found) if @found;
	my ($silenced) = lint_silenced($lint);
	return skips($silenced) if defined $silenced;
	return verdict_of(lint_credit_of($lint, 'digests documented'), lint_credit_of($lint, 'digests documented')
		? 'a comment says how to verify and how to update the digest' : 'there is no digest that could be documented');
};

item '18.18', needs => ['DOCKERFILE'], sub {
	my $lint = dockerfile_lint('stages', 'single-stage', 'build-tools-in-final');
	my $found = utility('build-tools', 'layer-grep', '--rules', setting('RULES_BUILD_TOOLS'), '--deny', production());
	my @findings = lint_found($lint);
	my @wrong = (@findings, map { "layer $_->{layer}: $_->{path}" } @{ $found->{matches} });
	my ($silenced) = lint_silenced($lint);
	return skips($silenced) if !@wrong && defined $silenced;
	return verdict_of(!@wrong, @wrong ? $wrong[0] : 'a builder and a runtime stage; no build tools in any layer',
		@wrong ? (found => first_lines(map { { text => $_ } } @wrong)) : (), @findings ? (findings => \@findings) : ());
};

# What the settings start in the image's place.
sub instead {
	my ($program) = map { s{.*/}{}r } @{ run()->{argv} };
	return $program =~ /^(?:uvx?|pip[0-9.]*|pipx|pipenv|poetry|pdm|hatch|npm|npx|yarn|pnpm|bundle|make)$/ ? "the run is started by '$program': RUN_CMD or RUN_ENTRYPOINT" : ();
}

item '18.19', sub {
	my @rules = qw(cmd-shell-form entrypoint-shell-form start-calls-package-manager);
	my $file = dockerfile_lint('start', @rules);
	my $image = image_lint(@rules);
	my @found = ($file ? lint_found($file) : (), lint_found($image));
	push @found, instead() if setting('RUN_CMD') || setting('RUN_ENTRYPOINT');
	my ($silenced) = $file ? lint_silenced($file) : ();
	return skips($silenced) if !@found && defined $silenced;
	return verdict_of(!@found, @found ? $found[0] : 'exec form, and no package manager: in '
		. ($file ? 'the Dockerfile and in the image' : 'the image; no DOCKERFILE in the settings'), @found ? (findings => \@found) : ());
};

item '18.20', by => 'run', sub {
	my $run = run();
	return fails('it did not start: ' . ($run->{exit}{error} // 'why is not known')) unless defined $run->{first_instruction_ms};
	my $uid = $run->{user}{uid};
	my $wanted = setting('USER_ID');
	my @found = lint_found(image_lint('user-root', 'user-not-in-passwd', 'user-not-expected'));
	return verdict_of(!@found && $uid != 0 && (!defined $wanted || $uid == $wanted),
		"the program runs as uid $uid" . (defined $wanted ? "; demanded $wanted" : '') . (@found ? "; $found[0]" : ''),
		user => $run->{user}, @found ? (findings => \@found) : ());
};

item '18.21', by => 'run', sub {
	my @found = lint_found(image_lint('no-healthcheck', 'healthcheck-timing', 'healthcheck-program-missing'));
	return fails($found[0], findings => \@found) if @found;
	my $run = run();
	my $last = $run->{health_checks}[-1] // return fails('its command was never run');
	my $how = $last->{timed_out} ? 'has not ended in its time' : "ended with status $last->{exit_status}";
	my ($since) = grep { $_->{status} eq 'healthy' } @{ $run->{health_changes} };
	my $said = last_lines($last->{output} // '')->[-1];
	return verdict_of($run->{health} eq 'healthy',
		($run->{health} eq 'healthy' ? 'as agreed; run ' : 'run ') . "inside the container it $how after " . millis($last->{took_ms}) . ": $run->{health}"
		  . ($since ? ' after ' . millis($since->{time_ms}) : '') . ($run->{health} ne 'healthy' && $said ? ": $said" : ''),
		checks => scalar @{ $run->{health_checks} }, changes => $run->{health_changes}, output => $last->{output});
};

item '18.22', by => 'run', needs => ['PORT'], sub {
	my $port = setting('PORT');
	my @found = lint_found(image_lint('port-not-exposed', 'port-mismatch', 'no-expose'));
	my $ports = run()->{ports} // return fails('nobody can see which ports it listens on');
	my @listening = grep { $_->{port} == $port } @$ports;
	push @found, "nothing listens on $port" unless @listening;
	push @found, "$port is listened on at $listening[0]{address} only: nobody outside the container reaches it"
	  if @listening && !grep { $_->{address} !~ /^(?:127\.|::1$|::ffff:127\.)/ } @listening;
	return verdict_of(!@found, @found ? $found[0] : "port $port is exposed, and listened on: "
		. join(', ', map { "$_->{address}:$_->{port}" } @listening), ports => $ports);
};

item '18.23', needs => ['DOCKERFILE'], sub {
	my $lint = dockerfile_lint('order', 'sources-before-dependencies');
	my @found = lint_found($lint);
	return fails($found[0], findings => \@found) if @found;
	my ($silenced) = lint_silenced($lint);
	return skips($silenced) if defined $silenced;
	return skips('no instruction is known to install what the project\'s files name') unless lint_credit_of($lint, 'dependencies installed before the sources come');
	return holds('dependencies are installed before the sources come');
};

item '18.24', builds => 1, lane => 'project', needs => ['REBUILD_COMMAND'], sub {
	my $ran = shell('rebuild', setting('REBUILD_COMMAND'));
	return build_failed('the rebuild', $ran) if $ran->{status};
	my $file = setting('REBUILD_LOG');
	my $stale = $file && stale($ran, $file);
	return fails($stale) if $stale;
	my $log = build_log($file ? slurp($file) : $ran->{output});
	return fails('no build steps in the log of REBUILD_COMMAND') unless $log->{steps};
	return verdict_of(2 * $log->{reused} >= $log->{steps}, "$log->{reused} of $log->{steps} steps reused, by $log->{builder}",
		%$log{qw(builder steps reused)});
};

item '18.25', builds => 1, lane => 'project', needs => ['SECOND_IMAGE'], sub {
	my $second = setting('SECOND_IMAGE');
	my ($own, $file) = map { image_file($_) } production(), $second;
	my $is_same = defined $own && defined $file && -e $own && -e $file && join(':', (stat $own)[ 0, 1 ]) eq join(':', (stat $file)[ 0, 1 ]);
	return fails("SECOND_IMAGE is the image itself: '$second'") if $is_same || $second eq production();
	my ($command, $unheard) = setting('SECOND_BUILD_COMMAND');
	if ($command) {
		my $ran = shell('second-build-command', $command);
		return build_failed('the second build', $ran) if $ran->{status};
		$file = image_file($second);
		my $stale = defined $file && stale($ran, -d $file ? "$file/index.json" : $file);
		return fails($stale) if $stale;
		$unheard = build_log($ran->{output})->{unheard};
	}
	my $diff = utility('second-build', 'image-diff', '--top', 100, production(), $second);
	my @all = map { @$_ } (map { $_->{differences} } @{ $diff->{layers} }), $diff->{configuration};
	my %kinds;
	for my $layer (@{ $diff->{layers} }) { $kinds{$_} += $layer->{counts}{$_} for keys %{ $layer->{counts} } }
	$kinds{config} = $diff->{configuration_difference_count} if $diff->{configuration_difference_count};
	my @named = map { "$_->{field} $_->{path}" . ($_->{cause} ? " ($_->{cause})" : '') } @all[ 0 .. ($#all < 19 ? $#all : 19) ];
	my $count = $diff->{difference_count};
	return skips('the same image, but no SECOND_BUILD_COMMAND shows that it was built twice') if !$count && !$command;
	return skips("the same image, but $unheard of the second build's steps came from a cache") if !$count && $unheard;
	return holds($count ? counted($count, 'difference') . ': ' . join(', ', map { "$kinds{$_} $_" } sort keys %kinds) : 'the same image',
		differences => $count, kinds => \%kinds, first_differences => \@named, first => $diff->{first}{id}, second => $diff->{second}{id});
};

# The report that is named, or one that a scanner makes now; a text: why there is none.
sub vulnerabilities {
	if (my $file = setting('VULNERABILITY_REPORT')) { return scan_report($file, slurp($file)) }
	my @command = scanner(production());
	my $ran = shell('vulnerabilities', join ' ', map { Trial::quote($_) } @command);
	my $text = slurp(Trial::evidence_path('vulnerabilities.out'));
	# it may be told by settings of its own to fail for what it finds; without its database it knows nothing
	return "$command[0] ended with status $ran->{status}: " . ((grep { /\S/ } split /\n/, $ran->{output})[-1] // 'no word')
	  if $ran->{status} && $text !~ /\A\s*\{.*\}\s*\z/s;
	return scan_report($command[0], $text);
}

sub no_scanner {
	return if setting('VULNERABILITY_REPORT') || scanner(production());
	return 'no VULNERABILITY_REPORT in the settings, and neither trivy nor grype is installed';
}

item '18.26', needs => [ \&no_scanner ], sub {
	my $report = vulnerabilities();
	return skips($report) unless ref $report;
	my $image = utility('size', 'image-size', production())->{image};
	return fails('the report does not say of which image it is') unless defined $report->{image};
	return fails("the report is of another image: $report->{name}", report_image => $report->{image}, image => $image->{id})
	  unless grep { defined && $_ eq $report->{image} } @$image{qw(id manifest_digest)};
	return fails("$report->{scanner} looked at nothing in the image") unless $report->{targets};
	my %severe = map { lc $_ => 1 } split ' ', setting('VULNERABILITY_SEVERITIES') // '';
	my %ignored = map { $_ => 1 } setting_list('VULNERABILITY_IGNORE');
	my @severe = grep { $severe{ $_->{severity} } } @{ $report->{found} };
	my @bad = grep { !$ignored{ $_->{id} } } @severe;
	my $text = @bad . ' of ' . @{ $report->{found} } . ' are ' . join(' or ', sort keys %severe) . ", by $report->{scanner}"
	  . (@severe > @bad ? ', ' . (@severe - @bad) . ' ignored' : '');
	my @named = map { "$_->{id} $_->{severity}: $_->{package} $_->{version}" . ($_->{fixed} ? ", mended in $_->{fixed}" : '') }
	  @bad[ 0 .. ($#bad < 9 ? $#bad : 9) ];
	return fails("$text, but nobody records the flaws of $report->{unsupported} any more") if !@bad && defined $report->{unsupported};
	return verdict_of(!@bad, @bad ? "$text; first $named[0]" : $text, @bad ? (first => \@named) : ());
};

item '18.27', sub {
	my $lint = image_lint('venv-not-on-path', 'start-not-in-venv', 'app-not-owned');
	my @found = lint_found($lint);
	return fails($found[0], findings => \@found) if @found;
	return skips('the image has no virtual environment; the application\'s files belong to its user')
	  unless lint_credit_of($lint, 'virtual environment active');
	return holds('the virtual environment is active, and the application\'s files belong to its user');
};

item '18.28', by => 'run', needs => ['BASELINE', $endpoints, 'PORT'], sub {
	run();
	baseline();
	my ($after, $before) = (evidence('run.ready'), evidence('baseline.ready'));
	my @changed;
	for my $url (@health) {
		my ($new, $old) = (answer($after, $url), answer($before, $url));
		# two that say nothing say not the same
		if (!defined $new->{status} && !defined $old->{status}) { push @changed, "$url: neither answers"; next }
		push @changed, "$url: status " . ($old->{status} // 'none') . ' to ' . ($new->{status} // 'none')
		  if ($new->{status} // 0) != ($old->{status} // 0);
		push @changed, "$url: " . shape($old->{json}) . ' to ' . shape($new->{json}) if shape($new->{json}) ne shape($old->{json});
	}
	return verdict_of(!@changed, @changed ? $changed[0] : counted(scalar @health, 'answer') . ' of the same status and shape',
		shapes => [ map { shape($_->{json}) } @{ $after->{urls} } ], @changed ? (changed => \@changed) : ());
};

item '18.29', lane => 'project', needs => ['DEPLOYMENT_CHECKS'], sub {
	my @commands = setting_list('DEPLOYMENT_CHECKS');
	return skips('DEPLOYMENT_CHECKS names none') unless @commands;
	my $number = 0;
	my @failed = map { Trial::shown($_) } grep { shell('deployment-' . ++$number, $_)->{status} != 0 } @commands;
	return verdict_of(!@failed, @failed ? "failed: $failed[0]" : counted(scalar @commands, 'check') . (@commands == 1 ? ' succeeds' : ' succeed'), failed => \@failed);
};

item '18.30', last => 1, sub {
	my (@failed, @open, $count, @absent);
	for my $before (15, 16, 17) {
		my %items = Trial::checklist($before);
		my @found = grep { defined } map { Trial::read_result($_) } sort { ($a =~ s/.*\.//r) <=> ($b =~ s/.*\.//r) } keys %items;
		push @absent, "Episode $before was " . (@found ? 'run in part' : 'not run') if @found < keys %items;
		$count += grep { $_->{status} ne 'skip' } @found;
		push @open, map { $_->{id} } grep { $_->{status} eq 'skip' } @found;
		push @failed, map { $_->{id} } grep { $_->{status} eq 'fail' } @found;
	}
	return fails('failed: ' . id_list(@failed), failed => \@failed) if @failed;
	return skips(join '; ', @absent) if @absent;
	return skips(counted($count, 'item') . ' decided, none failed; not decided: ' . id_list(@open)) if @open;
	return verdict_of($count > 0, counted($count, 'item') . ' decided, none failed');
};

done;
