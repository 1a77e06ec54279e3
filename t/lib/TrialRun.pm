# The image under ro-run, with the probes of an episode as ro-run's COMMAND, and what its log says.
package TrialRun;

use strict;
use warnings;
use Exporter 'import';
use Trial;

our @EXPORT = qw(trial_run over_run asked endpoint endpoints answer log_errors log_read_only log_cache_warnings
  log_not_json lines_in first_lines refused first_refused refused_text by_interval home_cache);

# The URL of a configured endpoint, or undef.
sub endpoint {
	my ($name) = @_;
	my $path = setting("${name}_PATH") // return;
	return 'http://localhost:' . (setting('PORT') // return) . $path;
}

sub endpoints { return grep { defined } map { endpoint($_) } @_ }

# A header whose name speaks of a secret is evidence for nobody: it comes by a variable, TRIAL_HEADER_N.
sub word_of {
	my ($word, $hidden) = @_;
	my ($name, $value) = $word =~ /\A([\w-]*(?:auth|token|secret|key|signature|cookie|passw)[\w-]*:\s*)(.+)/is or return Trial::quote($word);
	push @$hidden, $value;
	return Trial::quote($name) . '"$TRIAL_HEADER_' . @$hidden . '"';
}

# A script of probes, one after the other; each leaves its document in the folder that the script is
# given. One named first that fails ends it. What must not be in it is put into `hidden`.
sub probe_script {
	my ($stem, $hidden, @probes) = @_;
	my $script = "# The probes of this run. Their answers go to the folder that is named.\nfailed=\n"
	  . "here=\${1:-\$(mktemp -d)}\n[ \$# -gt 0 ] || echo \"answers are in \$here\" >&2\n";
	for my $probe (@probes) {
		# one list, or some that go side by side
		my @beside = ref $probe->[0] ? @$probe : $probe;
		my @waits;
		for my $one (@beside) {
			my ($label, @arguments) = @$one;
			my $file = '"$here"/' . Trial::quote("$stem.$label");
			$script .= 'probe --json ${SEATRIAL_PID:+--pid "$SEATRIAL_PID"} ' . join(' ', map { word_of($_, $hidden) } @arguments) . " >$file.json 2>$file.err";
			push @waits, "wait \$p" . @waits . " || failed=$label\n";
			$script .= @beside > 1 ? " & p$#waits=\$!\n" : " || failed=$label\n";
		}
		$script .= join '', @waits if @beside > 1;
		$script .= "[ -z \"\$failed\" ] || exit 1\n" if $probe == $probes[0];
	}
	my $number = 0;
	return join '', (map { '# TRIAL_HEADER_' . ++$number . ": the value of a header, which is not written down\n" } @$hidden), $script, "[ -z \"\$failed\" ]\n";
}

# How every run is made; options as trial_run has them.
sub run_options {
	my ($options) = @_;
	my @arguments = ('--grace', setting('GRACE'));
	push @arguments, map { ('--env', $_) } setting_list('RUN_ENV'), @{ $options->{env} // [] };
	push @arguments, map { ('--tmpfs', $_) } setting_list('TMPFS');
	push @arguments, map { ('--volume', $_) } setting_list('VOLUMES');
	push @arguments, map { ('--allow', $_) } setting_list('ALLOW');
	push @arguments, ('--user', setting('RUN_USER')) if setting('RUN_USER');
	push @arguments, ('--entrypoint', setting('RUN_ENTRYPOINT')) if setting('RUN_ENTRYPOINT');
	push @arguments, ('--cmd', setting('RUN_CMD')) if setting('RUN_CMD');
	push @arguments, '--writable' if $options->{writable};
	push @arguments, '--suggest' if $options->{suggest};
	push @arguments, map { ('--read-only-path', $_) } @{ $options->{read_only_paths} // [] };
	return @arguments;
}

# Runs IMAGE while the probes run; each leaves its document as evidence "NAME.LABEL". Where one named
# first fails nothing else could be measured.
# A list of probes goes side by side.
# Options: writable, suggest, read_only_paths, env, for (without probes: how long).
sub trial_run {
	my ($name, $image, $options, @probes) = @_;
	my $base = Trial::evidence_path($name);
	my ($folder, $stem) = $base =~ m{(.*)/(.*)}s;
	# wherever the image is: only the sandbox tells who wrote what
	my @arguments = ('--engine', 'sandbox', [ '--log', "$base.log", '--timeline', "$base.svg" ], run_options($options));
	return utility($name, 'ro-run', @arguments, '--for', $options->{for}, $image) unless @probes;
	my @hidden;
	my $file = save("$name.sh", probe_script($stem, \@hidden, @probes));
	local @ENV{ map { "TRIAL_HEADER_$_" } 1 .. @hidden } = @hidden;
	return utility($name, 'ro-run', @arguments, $image, '--', 'sh', $file, [$folder]);
}

# A verdict on all of a run: what a program that ended early would have done later is not known.
sub over_run {
	my ($run, $result) = @_;
	return $result if $result->{status} ne 'ok' || !$run->{exit}{early};
	my $why = defined $run->{first_instruction_ms} ? 'ended after ' . millis($run->{duration_ms}) : 'did not start: ' . ($run->{exit}{error} // 'why is not known');
	return { %$result, status => 'fail', text => "$result->{text}, but it $why" };
}

# The document of a probe that came after the first.
sub asked {
	my ($name, $label) = @_;
	my $found = eval { evidence("$name.$label") };
	return $found if $found;
	die "it was never ready to be asked\n" if grep { !$_->{holds} } @{ evidence("$name.ready")->{urls} };
	die $@;
}

# The answer of one URL in a probe's document.
sub answer {
	my ($document, $url) = @_;
	my ($found) = grep { $_->{url} eq $url } @{ $document->{urls} };
	return $found // die "no answer of $url on record\n";
}

# A member of a line of ro-run's log. It may be null; where it is missing nothing was judged.
sub judged {
	my ($line, $member) = @_;
	die "ro-run's log says nothing about '$member'\n" unless exists $line->{$member};
	return $line->{$member};
}

# The level of a line that is JSON: undef where it is none, or has no level that is known.
sub line_level {
	my ($line) = @_;
	my $level = judged($line, 'level');
	return judged($line, 'json') ? $level : undef;
}

sub is_error {
	my ($line) = @_;
	return (judged($line, 'level') // '') =~ /^(?:error|critical)$/;
}

# A line has one sign that is most to the point, and may have others.
sub has_sign {
	my ($line, @wanted) = @_;
	my $first = judged($line, 'sign');
	my %found = map { $_ => 1 } grep { defined } $first, @{ $line->{signs} // [] };
	return scalar grep { $found{$_} } @wanted;
}

# The texts of EROFS, and of a consequence that nothing else has.
sub is_read_only { return has_sign($_[0], 'read-only', 'no-temporary-directory') }

sub is_cache_warning { return has_sign($_[0], 'cache') }

# All lines were judged, and the first of them kept: those that are not here are one line more.
sub with_rest {
	my ($run, $total, @kept) = @_;
	my $rest = $run->{log_truncated} ? $total->($run->{log_summary}) - @kept : 0;
	push @kept, { text => "and $rest more behind what was kept of the log", lines => $rest } if $rest > 0;
	return @kept;
}

# How many they are, with those that were not kept.
sub lines_in {
	my $count = 0;
	$count += $_->{lines} // 1 for @_;
	return $count;
}

sub log_errors {
	my ($run) = @_;
	return with_rest($run, sub { $_[0]{levels}{error} + $_[0]{levels}{critical} }, grep { is_error($_) } @{ $run->{log} });
}

sub log_read_only {
	my ($run) = @_;
	return with_rest($run, sub { $_[0]{signs}{'read-only'} + $_[0]{signs}{'no-temporary-directory'} },
		grep { is_read_only($_) } @{ $run->{log} });
}

sub log_cache_warnings {
	my ($run) = @_;
	return with_rest($run, sub { $_[0]{signs}{cache} }, grep { is_cache_warning($_) } @{ $run->{log} });
}

sub log_not_json {
	my ($run) = @_;
	return with_rest($run, sub { $_[0]{lines} - $_[0]{json_lines_with_level} }, grep { !defined line_level($_) } @{ $run->{log} });
}

sub first_lines {
	my (@lines) = @_;
	my @first = map { substr $_->{text}, 0, 200 } @lines[ 0 .. ($#lines < 2 ? $#lines : 2) ];
	return [@first];
}

# How many of the lines fall into each tenth of the time from `from` to `to` (milliseconds).
sub by_interval {
	my ($from, $to, @lines) = @_;
	my @counts = (0) x 10;
	my $length = ($to - $from) / 10 || 1;
	for my $line (grep { defined $_->{time_ms} } @lines) {
		my $at = int(($line->{time_ms} - $from) / $length);
		$counts[ $at > 9 ? 9 : $at ]++ if $at >= 0;
	}
	return \@counts;
}

# Those that count. There may be more of them than are listed: refused_count tells.
sub refused { my ($run) = @_; return grep { !$_->{allowed} } @{ $run->{refused} } }

# "mkdir /x by y", of the first that is listed.
sub first_refused {
	my (@records) = @_;
	return @records ? "$records[0]{call} $records[0]{path} by $records[0]{process}" : 'none of which is among the first that ro-run lists';
}

sub refused_text {
	my (@records) = @_;
	return [
		map { "$_->{call} $_->{path} by $_->{process} ($_->{executable}): $_->{errno}" }
		  @records[ 0 .. ($#records < 9 ? $#records : 9) ]
	];
}

sub home_cache { return setting('CACHE_PATH') // '~/.cache' }

1;
