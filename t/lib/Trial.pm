# What the episodes share: settings in, evidence gathered by the utilities, one TAP line per item out.
#
# An episode's script says
#
#     use Trial (episode => 15);
#     item '15.1', sub { holds 'what was measured', bytes => 12 };
#     done;
#
# The subject of an item is read from the checklist, so each stands in one place. An item's code
# returns holds(), fails() or skips(). It fails when it dies: what could not be decided because a
# utility was in trouble is no pass. skips() is for what was not asked for or is not installed.
#
# From the environment: SEATRIAL_SETTINGS (a JSON object), SEATRIAL_REPORT (the report folder),
# SEATRIAL_ITEMS (ids to decide; empty is all), SEATRIAL_STRICT, SEATRIAL_CHECKLISTS.
package Trial;

use strict;
use warnings;
use parent 'Exporter';
use IO::Handle;
use JSON::PP;
use POSIX ();
use Time::HiRes ();

our @EXPORT = qw(item done holds fails skips setting setting_list setting_on utility evidence save
  shell seconds bytes millis percent slurp verdict_of ratio_check lint lint_found lint_credit_of);

my $json = JSON::PP->new->canonical->allow_nonref;
my ($episode, @results, %subjects, $tap, %selected);
my $settings = {};

sub import {
	my ($class, %options) = @_;
	$class->export_to_level(1, $class);
	return unless $options{episode};
	$episode = $options{episode};
	start();
	return;
}

sub slurp {
	my ($path) = @_;
	open my $in, '<:raw', $path or die "cannot open '$path': $!\n";
	local $/ = undef;
	my $text = <$in>;
	close $in;
	return $text;
}

sub spew {
	my ($path, $text) = @_;
	open my $out, '>:raw', "$path.new" or die "cannot write '$path': $!\n";
	print {$out} $text;
	close $out or die "cannot write '$path': $!\n";
	rename "$path.new", $path or die "cannot write '$path': $!\n";
	return;
}

sub start {
	my $report = $ENV{SEATRIAL_REPORT} or plan_skip("no settings: run by 'seatrial'");
	$settings = $json->decode($ENV{SEATRIAL_SETTINGS} // '{}');
	mkdir "$report/$_" for qw(tap evidence results);
	open $tap, '>:raw', "$report/tap/episode-$episode.tap" or die "cannot write the TAP file: $!\n";
	my $list = slurp("$ENV{SEATRIAL_CHECKLISTS}/episode-$episode.md");
	while ($list =~ /^- \[ \] \*\*(\d+\.\d+)\*\* (.+?)\. Decided by: /mg) {
		$subjects{$1} = $2;
	}
	$selected{$_} = 1 for split ' ', $ENV{SEATRIAL_ITEMS} // '';
	STDOUT->autoflush(1);
	say_tap('TAP version 13');
	return;
}

sub plan_skip {
	my ($reason) = @_;
	print "1..0 # SKIP $reason\n";
	exit 0;
}

sub say_tap {
	my ($line) = @_;
	print "$line\n";
	print {$tap} "$line\n";
	return;
}

# A description may hold anything that an image holds.
sub tap_text {
	my ($text) = @_;
	$text =~ s/([\x00-\x1f\x7f])/sprintf '\\x%02x', ord $1/ge;
	$text =~ s/([\\#])/\\$1/g;
	utf8::encode($text) if utf8::is_utf8($text);
	return $text;
}

sub holds { my ($text, @values) = @_; return { status => 'ok', text => $text, values => \@values } }
sub fails { my ($text, @values) = @_; return { status => 'fail', text => $text, values => \@values } }
sub skips { my ($text, @values) = @_; return { status => 'skip', text => $text, values => \@values } }

# holds or fails, by a condition.
sub verdict_of {
	my ($holds, $text, @values) = @_;
	return $holds ? holds($text, @values) : fails($text, @values);
}

sub item {
	my ($id, $decide) = @_;
	return if %selected && !$selected{$id} && !$selected{$episode};
	my $subject = $subjects{$id} // die "the checklist has no item $id\n";
	my $began = Time::HiRes::time();
	my $result = eval { $decide->() };
	if (!defined $result) {
		(my $why = $@ || 'it gave no result') =~ s/\s+\z//;
		$result = fails("could not be decided: $why");
	}
	if ($result->{status} eq 'skip' && $ENV{SEATRIAL_STRICT}) {
		$result = fails("not decided (--strict): $result->{text}");
	}
	my %values = @{ $result->{values} };
	my $number = @results + 1;
	my $line = ($result->{status} eq 'fail' ? 'not ok' : 'ok') . " $number - $id " . tap_text($subject);
	$line .= ' # SKIP ' . tap_text($result->{text}) if $result->{status} eq 'skip';
	say_tap($line);
	if ($result->{status} ne 'skip') {
		say_tap('  ---');
		say_tap('  found: ' . yaml($result->{text}));
		my @order = grep { defined } map { $_ % 2 ? undef : $result->{values}[$_] } 0 .. $#{ $result->{values} };
		say_tap('  ' . (/^\w+$/ ? $_ : yaml($_)) . ': ' . yaml($values{$_})) for @order;
		say_tap('  ...');
	}
	push @results,
	  {
		id => $id,
		subject => $subject,
		status => $result->{status},
		found => $result->{text},
		values => \%values,
		seconds => Time::HiRes::time() - $began,
	  };
	return;
}

# JSON is YAML.
sub yaml {
	my ($value) = @_;
	return JSON::PP->new->canonical->allow_nonref->ascii->encode($value);
}

sub done {
	say_tap('1..' . scalar(@results));
	close $tap or die "cannot write the TAP file: $!\n";
	spew("$ENV{SEATRIAL_REPORT}/results/episode-$episode.json",
		$json->pretty->encode({ episode => 0 + $episode, items => \@results }));
	# the plan and the lines tell; a status of its own would only repeat them
	exit 0;
}

sub setting {
	my ($name) = @_;
	my $value = $settings->{$name};
	return defined $value && length $value ? $value : undef;
}

# A setting of several lines or words: one value a line.
sub setting_list {
	my ($name) = @_;
	return grep { length } map { s/^\s+|\s+$//gr } split /\n/, setting($name) // '';
}

sub setting_on { return (setting($_[0]) // '') =~ /^(?:1|yes|true|on)$/i }

sub seconds {
	my ($text) = @_;
	my %unit = (ns => 1e-9, us => 1e-6, ms => 1e-3, s => 1, m => 60, h => 3600, '' => 1);
	my $total = 0;
	die "'$text' is no duration\n" unless $text =~ /^(?:\d+(?:\.\d+)?(?:ns|us|ms|[smh])?)+$/;
	$total += $1 * $unit{$2} while $text =~ /(\d+(?:\.\d+)?)(ns|us|ms|s|m|h|)/g;
	return $total;
}

sub size_limit {
	my ($text) = @_;
	my %unit = ('' => 1, b => 1, k => 1e3, m => 1e6, g => 1e9, kb => 1e3, mb => 1e6, gb => 1e9,
		kib => 2**10, mib => 2**20, gib => 2**30);
	my ($number, $name) = $text =~ /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i;
	die "'$text' is no size\n" unless defined $number && exists $unit{ lc $name };
	return $number * $unit{ lc $name };
}

# As docker prints sizes.
sub bytes {
	my ($value) = @_;
	return 'not known' unless defined $value;
	my @units = qw(B kB MB GB TB);
	my $unit = 0;
	while (abs $value >= 999.95 && $unit < $#units) { $value /= 1000; $unit++ }
	return $unit ? sprintf '%.1f %s', $value, $units[$unit] : "$value B";
}

sub millis {
	my ($value) = @_;
	return 'not known' unless defined $value;
	return $value < 1000 ? sprintf('%.0f ms', $value) : sprintf('%.2f s', $value / 1000);
}

# Rounded down: 84.96 % is not 85 %.
sub percent { return sprintf '%.1f %%', POSIX::floor(10 * $_[0]) / 10 }

# A value against a limit and against the baseline's with some tolerance.
sub ratio_check {
	my ($value, $before, $tolerance) = @_;
	return !defined $before || $value <= $before * (1 + $tolerance / 100);
}

sub evidence_path { return "$ENV{SEATRIAL_REPORT}/evidence/$episode-$_[0]" }

# Keeps a text as evidence; returns its path.
sub save {
	my ($name, $text) = @_;
	my $path = evidence_path($name);
	spew($path, $text);
	return $path;
}

# Runs a program without a shell; returns exit status, standard output and standard error, which are
# also kept as evidence.
sub capture {
	my ($name, @command) = @_;
	my ($out, $err) = (evidence_path("$name.out"), evidence_path("$name.err"));
	my $pid = fork // die "cannot fork: $!\n";
	if ($pid == 0) {
		open STDIN, '<', '/dev/null' or POSIX::_exit(126);
		open STDOUT, '>', $out or POSIX::_exit(126);
		open STDERR, '>', $err or POSIX::_exit(126);
		{ no warnings 'exec'; exec { $command[0] } @command }
		print STDERR "cannot run '$command[0]': $!\n";
		POSIX::_exit(127);
	}
	waitpid $pid, 0;
	my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	return ($status, slurp($out), slurp($err));
}

# Runs a utility with --json and returns its document; dies with its own words when it was in trouble.
# How the utilities that read images reach those in registries.
my %reads_images = map { ($_ => 1) } qw(image-size layer-grep ro-run image-lint);

sub registry_options {
	my @options;
	push @options, ('--authfile', setting('AUTHFILE')) if setting('AUTHFILE');
	push @options, ('--ca-file', setting('CA_FILE')) if setting('CA_FILE');
	push @options, map { ('--insecure', $_) } setting_list('INSECURE');
	push @options, map { ('--mirror', $_) } setting_list('MIRRORS');
	return @options;
}

# The same evidence is gathered once.
my %gathered;

sub utility {
	my ($name, $utility, @arguments) = @_;
	if (!$gathered{$name}) {
		unshift @arguments, registry_options() if $reads_images{$utility} || $utility eq 'pin-check' && $arguments[0] eq '--verify';
		my ($status, $out, $err) = capture($name, $utility, '--json', @arguments);
		my $document = $status <= 1 ? eval { $json->decode($out) } : undef;
		if (!defined $document) {
			$err =~ s/\s+\z//;
			$err =~ s/\n/; /g;
			$gathered{$name} = { failed => $err || "$utility ended with status $status and no document" };
		} else {
			rename evidence_path("$name.out"), evidence_path("$name.json");
			unlink evidence_path("$name.err") unless length $err;
			$gathered{$name} = { document => $document, status => $status };
		}
	}
	die "$gathered{$name}{failed}\n" if exists $gathered{$name}{failed};
	return $gathered{$name}{document};
}

# What image-lint says of a target, by some rules only; NAME is the evidence's.
sub lint {
	my ($name, $rules, $target) = @_;
	my @options = ('--only', join ',', @$rules);
	my %expected = (
		'uid' => 'USER_ID', 'port' => 'PORT', 'health-interval' => 'HEALTH_INTERVAL', 'health-timeout' => 'HEALTH_TIMEOUT',
		'health-start-period' => 'HEALTH_START_PERIOD', 'health-retries' => 'HEALTH_RETRIES',
	);
	push @options, map { ('--expect', "$_=" . setting($expected{$_})) } grep { defined setting($expected{$_}) } sort keys %expected;
	push @options, '--context', setting('CONTEXT') if setting('CONTEXT');
	return utility($name, 'image-lint', @options, $target);
}

# Its findings, one line each, but for those that the file silences with a reason.
sub lint_found {
	my ($document) = @_;
	return map { ($_->{line} ? "$_->{target}:$_->{line}: " : "$_->{target}: ") . "$_->{message} [$_->{rule}]" }
	  grep { !$_->{silenced} } @{ $document->{findings} };
}

sub lint_credit_of {
	my ($document, $text) = @_;
	return scalar grep { $_->{text} eq $text } @{ $document->{credits} };
}

# A document that another program left among the evidence (a probe inside a run).
sub evidence {
	my ($name) = @_;
	my $path = evidence_path("$name.json");
	die "nothing was measured: no $name\n" unless -s $path;
	return $json->decode(slurp($path));
}

# Runs a configured command by the shell, in CONFIG_DIR; returns {status, seconds, output}.
sub shell {
	my ($name, $command) = @_;
	my $began = Time::HiRes::time();
	my $directory = setting('CONFIG_DIR') // '.';
	my ($status, $out, $err) =
	  capture($name, '/bin/sh', '-c', 'cd "$1" && eval "$2"', 'sh', $directory, $command);
	return { status => $status, seconds => Time::HiRes::time() - $began, output => $out . $err };
}

1;
