#!/usr/bin/perl
# Episode 17: the whole test suite.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Trial (episode => 17);
use TrialScan qw(hadolint_report on_path);

# A configured command, run once.
sub command {
	my ($name) = @_;
	return shell(lc $name, setting($name) // return);
}

sub by_status {
	my ($name) = @_;
	my $ran = command($name);
	return verdict_of($ran->{status} == 0, "status $ran->{status} in " . millis(1000 * $ran->{seconds}),
		command => Trial::shown(setting($name)), status => $ran->{status}, seconds => $ran->{seconds},
		$ran->{status} ? (last_lines => last_lines($ran->{output})) : ());
}

# The command must succeed, and its report must say so, too.
sub by_report {
	my ($name, $report) = @_;
	my $ran = command($name);
	my $file = setting($report);
	return verdict_of(0, "the command ended with status $ran->{status}", command => Trial::shown(setting($name)), last_lines => last_lines($ran->{output}))
	  if !defined $file && $ran->{status};
	return skips("no $report in the settings: the command's status alone proves no test") unless defined $file;
	return fails(($ran->{status} ? "the command ended with status $ran->{status} and" : 'the command') . " left no '$file'",
		command => Trial::shown(setting($name)), status => $ran->{status}, last_lines => last_lines($ran->{output})) unless -e $file;
	my $stale = stale($ran, $file);
	return fails($stale, command => Trial::shown(setting($name))) if $stale;
	my $tests = utility(lc $report, 'test-tally', $file)->{tests};
	my $failed = $tests->{failed} + $tests->{errors};
	my $text = counted($tests->{total}, 'test') . ", $tests->{passed} passed, $failed failed, $tests->{skipped} skipped";
	$text .= ', and failures that no test case shows' if $tests->{hidden_failures};
	return verdict_of($ran->{status} == 0 && $failed == 0 && $tests->{passed} > 0 && !$tests->{hidden_failures},
		$ran->{status} ? "$text; the command ended with status $ran->{status}" : $text,
		%$tests{qw(total passed failed errors skipped)}, seconds => $ran->{seconds},
		$failed ? (failures => [ map { $_->{name} } @{ $tests->{failures} } ]) : (),
		$ran->{status} ? (last_lines => last_lines($ran->{output})) : ());
}

item '17.1', builds => 1, lane => 'project', needs => ['BUILD_COMMAND'], sub { by_status('BUILD_COMMAND') };
item '17.2', lane => 'project', needs => ['TEST_COMMAND'], sub { by_report('TEST_COMMAND', 'TEST_REPORT') };
item '17.3', lane => 'project', needs => ['LINT_COMMAND'], sub { by_status('LINT_COMMAND') };
# hadolint's word counts, too, where somebody has it; undef where nobody does.
sub hadolint {
	my ($dockerfile) = @_;
	if (my $file = setting('HADOLINT_REPORT')) { return hadolint_report($file, slurp($file), $dockerfile) }
	my $program = on_path('hadolint') // return;
	my $ran = shell('hadolint', join ' ', map { Trial::quote($_) } $program, qw(--no-fail --format json --), $dockerfile);
	die "hadolint ended with status $ran->{status}: " . (last_lines($ran->{output})->[-1] // 'no word') . "\n" if $ran->{status};
	return hadolint_report('hadolint', slurp(Trial::evidence_path('hadolint.out')), $dockerfile);
}

item '17.4', needs => ['DOCKERFILE'], sub {
	my $dockerfile = dockerfile();
	my $found = utility('lint', 'image-lint', (setting('CONTEXT') ? ('--context', setting('CONTEXT')) : ()),
		$dockerfile, setting('COMPOSE_FILE') // ());
	my %counts = %{ $found->{counts} };
	my $other = hadolint($dockerfile);
	my @failing = map { lint_found({ findings => [$_] }) } grep { $_->{severity} ne 'info' } @{ $found->{findings} };
	my @others = map { "$dockerfile:$_->{line}: $_->{message} [$_->{code}]" } grep { $_->{level} =~ /^(?:error|warning)$/ } @{ $other // [] };
	my $text = join(', ', map { counted($counts{"${_}s"}, $_) } qw(error warning note))
	  . ($counts{silenced} ? ", $counts{silenced} silenced" : '')
	  . ($other ? '; hadolint: ' . counted(scalar @others, 'error or warning', 'errors and warnings') : '; hadolint is not installed');
	my ($first) = (@failing, @others);
	return verdict_of($found->{verdict} eq 'holds' && !@others, defined $first ? "$text: $first" : $text,
		%counts, @failing ? (findings => \@failing) : (), @others ? (hadolint => \@others) : ());
};

item '17.5', lane => 'project', needs => ['COVERAGE_REPORT'], sub {
	my $file = setting('COVERAGE_REPORT');
	my $ran = command('TEST_COMMAND');
	return fails("TEST_COMMAND ended with status $ran->{status} and left no '$file'") if $ran && !-e $file;
	my $stale = $ran && stale($ran, $file);
	return fails($stale) if $stale;
	my $tally = utility('coverage', 'test-tally', '--min-coverage', setting('MIN_COVERAGE'), $file);
	my ($check) = grep { $_->{name} eq 'min-coverage' } @{ $tally->{checks} };
	my $former = setting('BASELINE_COVERAGE_REPORT');
	my $before = $former && utility('coverage-before', 'test-tally', $former)->{coverage}{percent};
	return fails("'$former' tells no coverage") if $former && !defined $before;
	return verdict_of($check->{holds}, percent($tally->{coverage}{percent}) . ' of lines' . ($former ? ', before ' . percent($before) : '')
		  . '; demanded ' . setting('MIN_COVERAGE'),
		%{ $tally->{coverage} }, $former ? (before_percent => $before) : ());
};

item '17.6', lane => 'project', needs => ['INTEGRATION_COMMAND'], sub { by_report('INTEGRATION_COMMAND', 'INTEGRATION_REPORT') };

item '17.7', lane => 'project', needs => ['MAKE_TARGETS'], sub {
	my @targets = setting_list('MAKE_TARGETS');
	return skips('MAKE_TARGETS names none') unless @targets;
	my (@failed, $number);
	for my $target (@targets) {
		# "a/b" is not "a-b"
		my $ran = shell('make-' . ++$number . '-' . $target =~ s/\W+/-/gr, setting('MAKE_COMMAND') . " $target");
		push @failed, "$target: status $ran->{status}" if $ran->{status} != 0;
	}
	return verdict_of(!@failed, @failed ? join('; ', @failed) : counted(scalar @targets, 'target') . (@targets == 1 ? ' works' : ' work'), targets => \@targets);
};

item '17.8', lane => 'project', needs => ['BASELINE_TEST_REPORT'], sub {
	my $before = setting('BASELINE_TEST_REPORT');
	my $after = setting('TEST_REPORT') // return fails('no TEST_REPORT in the settings');
	my $ran = command('TEST_COMMAND');
	my $stale = $ran && stale($ran, $after);
	return fails($stale) if $stale;
	my $tally = utility('regressions', 'test-tally', '--baseline', $before, $after);
	my @worse = @{ $tally->{regressions} };
	return verdict_of(!@worse, @worse ? counted(scalar @worse, 'regression') . ", first $worse[0]" : 'no test got worse'
		  . join('', map { my ($name, $how) = @$_; @{ $tally->{$name} } ? ', ' . @{ $tally->{$name} } . " $how" : '' } [ gone => 'gone' ], [ skipped_now => 'skipped now' ]),
		regressions => \@worse, gone => $tally->{gone}, skipped_now => $tally->{skipped_now});
};

done;
