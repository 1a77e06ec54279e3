#!/usr/bin/perl
# Episode 17: the whole test suite.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Trial (episode => 17);

# A configured command, run once.
sub command {
	my ($name) = @_;
	return shell(lc $name, setting($name) // return);
}

sub last_lines {
	my ($output) = @_;
	my @lines = grep { /\S/ } split /\n/, $output;
	return [ @lines > 5 ? @lines[ -5 .. -1 ] : @lines ];
}

sub by_status {
	my ($name) = @_;
	my $ran = command($name);
	return verdict_of($ran->{status} == 0, "status $ran->{status} in " . millis(1000 * $ran->{seconds}),
		command => setting($name), status => $ran->{status}, seconds => $ran->{seconds},
		$ran->{status} ? (last_lines => last_lines($ran->{output})) : ());
}

# A report that the command did not write anew tells of another run. Some file systems keep whole
# seconds.
sub stale {
	my ($ran, $file) = @_;
	my @found = stat $file or return;
	return $found[9] < int $ran->{began} ? "'$file' is older than the run: the command did not write it" : undef;
}

# The command must succeed, and its report must say so, too.
sub by_report {
	my ($name, $report) = @_;
	my $ran = command($name);
	my $file = setting($report) // return fails("no $report in the settings: the command's status alone proves no test");
	my $stale = stale($ran, $file);
	return fails($stale, command => setting($name)) if $stale;
	my $tests = utility(lc $report, 'test-tally', $file)->{tests};
	my $failed = $tests->{failed} + $tests->{errors};
	my $text = "$tests->{total} tests, $tests->{passed} passed, $failed failed, $tests->{skipped} skipped";
	return verdict_of($ran->{status} == 0 && $failed == 0 && $tests->{passed} > 0,
		$ran->{status} ? "$text; the command ended with status $ran->{status}" : $text,
		%$tests{qw(total passed failed errors skipped)}, seconds => $ran->{seconds},
		$failed ? (failures => [ map { $_->{name} } @{ $tests->{failures} } ]) : (),
		$ran->{status} ? (last_lines => last_lines($ran->{output})) : ());
}

item '17.1', builds => 1, lane => 'project', needs => ['BUILD_COMMAND'], sub { by_status('BUILD_COMMAND') };
item '17.2', lane => 'project', needs => ['TEST_COMMAND'], sub { by_report('TEST_COMMAND', 'TEST_REPORT') };
item '17.3', lane => 'project', needs => ['LINT_COMMAND'], sub { by_status('LINT_COMMAND') };
# hadolint's word counts, too, where somebody has it.
sub hadolint {
	my ($dockerfile) = @_;
	my ($program) = grep { -x } map { "$_/hadolint" } split /:/, $ENV{PATH};
	return unless $program;
	my $ran = shell('hadolint', "'$program' --failure-threshold warning --no-color -- '" . $dockerfile =~ s/'/'\\''/gr . "'");
	return { %$ran, lines => last_lines($ran->{output}) };
}

item '17.4', needs => ['DOCKERFILE'], sub {
	my $dockerfile = setting('DOCKERFILE');
	my $found = utility('lint', 'image-lint', (setting('CONTEXT') ? ('--context', setting('CONTEXT')) : ()),
		$dockerfile, setting('COMPOSE_FILE') // ());
	my %counts = %{ $found->{counts} };
	my $other = hadolint($dockerfile);
	my $text = "$counts{errors} errors, $counts{warnings} warnings, $counts{notes} notes"
	  . ($counts{silenced} ? ", $counts{silenced} silenced" : '')
	  . ($other ? '; hadolint: ' . ($other->{status} ? "status $other->{status}" : 'clean') : '; hadolint is not installed');
	my @failing = map { $_->{text} } map { { text => (lint_found({ findings => [$_] }))[0] } } grep { !$_->{silenced} && $_->{severity} ne 'info' } @{ $found->{findings} };
	return verdict_of($found->{verdict} eq 'holds' && !($other && $other->{status}), @failing ? "$text: $failing[0]" : $text,
		%counts, @failing ? (findings => \@failing) : (), $other && $other->{status} ? (hadolint => $other->{lines}) : ());
};

item '17.5', lane => 'project', needs => ['COVERAGE_REPORT'], sub {
	my $file = setting('COVERAGE_REPORT');
	my $ran = command('TEST_COMMAND');
	my $stale = $ran && stale($ran, $file);
	return fails($stale) if $stale;
	my $tally = utility('coverage', 'test-tally', '--min-coverage', setting('MIN_COVERAGE'), $file);
	my ($check) = grep { $_->{name} eq 'min-coverage' } @{ $tally->{checks} };
	return verdict_of($check->{holds}, percent($tally->{coverage}{percent}) . ' of lines; demanded ' . setting('MIN_COVERAGE'),
		%{ $tally->{coverage} });
};

item '17.6', lane => 'project', needs => ['INTEGRATION_COMMAND'], sub { by_report('INTEGRATION_COMMAND', 'INTEGRATION_REPORT') };

item '17.7', lane => 'project', needs => ['MAKE_TARGETS'], sub {
	my @targets = setting_list('MAKE_TARGETS');
	my @failed;
	for my $target (@targets) {
		my $ran = shell('make-' . $target =~ s/\W+/-/gr, setting('MAKE_COMMAND') . " $target");
		push @failed, "$target: status $ran->{status}" if $ran->{status} != 0;
	}
	return verdict_of(!@failed, @failed ? join('; ', @failed) : scalar(@targets) . ' targets work', targets => \@targets);
};

item '17.8', lane => 'project', needs => ['BASELINE_TEST_REPORT'], sub {
	my $before = setting('BASELINE_TEST_REPORT');
	my $after = setting('TEST_REPORT') // return fails('no TEST_REPORT in the settings');
	command('TEST_COMMAND');
	my $tally = utility('regressions', 'test-tally', '--baseline', $before, $after);
	my @worse = @{ $tally->{regressions} };
	return verdict_of(!@worse, @worse ? scalar(@worse) . " regressions, first $worse[0]" : 'no test got worse',
		regressions => \@worse);
};

done;
