# What the log of a build says: its steps, which of them came from a cache, and its warnings. Logs of
# BuildKit (plain and rawjson), of Docker's classic builder, and of Buildah and Podman.
package TrialBuild;

use strict;
use warnings;
use Exporter 'import';
use JSON::PP;

our @EXPORT_OK = qw(build_log);

# A compiler's "FILE:LINE: warning:" and what package managers say at the beginning of a line; not any
# line that has the word in it.
my $warning = qr/^(?:\S+:\s+)?(?:\w*warning|deprecation):\s*\S|^(?:npm|yarn)\swarn(?:ing)?\b|^warning\s\S+\s>\s|^CMake\s(?:\w+\s)?Warning\b|^\w+\swarning:\s
	|^W:\s|^\[warning\]\s|^\s*WARN(?:\[\d+\]|:|\s)|\blevel=warning\b/ix;

sub is_warning { return $_[0] =~ $warning }

# FROM makes nothing that could be reused.
sub is_from { return $_[0] =~ /^FROM\b/i }

sub lines_of {
	my ($text) = @_;
	$text =~ s/\e\[[0-9;?]*[A-Za-z]//g;
	# what a terminal would have overwritten
	return map { s/\s+\z//r } map { (split /\r(?!\z)/, $_)[-1] // '' } split /\r?\n/, $text;
}

sub result_of {
	my ($builder, $steps, $warnings) = @_;
	my @steps = grep { !is_from($_->{text}) } @$steps;
	my @reused = grep { $_->{reused} } @steps;
	return { builder => $builder, steps => scalar @steps, reused => scalar @reused, unheard => scalar(grep { $_->{text} =~ /^RUN\b/i } @reused), warnings => $warnings };
}

# "#7 [builder 2/5] RUN make", "#7 CACHED", "#7 0.213 output"; vertices take turns.
sub buildkit_plain {
	my (@lines) = @_;
	my (%steps, @order, @warnings, $block);
	for my $line (@lines) {
		if ($line =~ /^#(\d+) \[(?:[^\]]* )?\d+\/\d+\] (.*)/) {
			push @order, $1 unless $steps{$1};
			$steps{$1} //= { text => $2 };
		} elsif ($line =~ /^#(\d+) CACHED$/) {
			$steps{$1}{reused} = 1 if $steps{$1};
		} elsif ($line =~ /^\s*\d+ warnings? found\b/) {
			$block = 1;
		} elsif ($block && $line =~ /^ - (.+)/) {
			my $text = $1;
			# newer ones have told it where it arose, too
			push @warnings, $text unless grep { /\Q$text\E$/ } @warnings;
		} elsif ($line =~ /^#\d+ (?:\d+\.\d+ )?(.*)/ ? is_warning($1) : is_warning($line)) {
			push @warnings, $line;
		}
	}
	return result_of('BuildKit', [ @steps{@order} ], \@warnings);
}

sub base64 {
	my ($text) = @_;
	return unpack 'u', join '', map { chr(32 + length($_) * 3 / 4) . tr{A-Za-z0-9+/}{ -_}r . "\n" }
	  ($text =~ tr{A-Za-z0-9+/}{}cdr) =~ /(.{1,60})/g;
}

# A JSON object a line; a vertex is told again whenever something of it changes.
sub buildkit_json {
	my (@lines) = @_;
	my (%steps, @order, @warnings);
	for my $line (grep { /^\{/ } @lines) {
		my $told = eval { JSON::PP->new->decode($line) } // next;
		for my $vertex (@{ $told->{vertexes} // [] }) {
			my ($text) = ($vertex->{name} // '') =~ /^\[(?:[^\]]* )?\d+\/\d+\] (.*)/ or next;
			push @order, $vertex->{digest} unless $steps{ $vertex->{digest} };
			$steps{ $vertex->{digest} }{text} = $text;
			$steps{ $vertex->{digest} }{reused} ||= $vertex->{cached};
		}
		push @warnings, map { base64($_->{short} // '') } @{ $told->{warnings} // [] };
		push @warnings, grep { is_warning($_) } map { lines_of(base64($_->{data} // '')) } @{ $told->{logs} // [] };
	}
	return result_of('BuildKit', [ @steps{@order} ], \@warnings);
}

# "Step 2/3 : RUN make" and " ---> Using cache"; "[1/2] STEP 2/3: RUN make" and "--> Using cache ID".
sub one_after_the_other {
	my ($builder, @lines) = @_;
	my (@steps, @warnings);
	for my $line (@lines) {
		if ($line =~ /^Step \d+\/\d+ : (.*)/ || $line =~ /^(?:\[\d+\/\d+\] )?STEP \d+(?:\/\d+)?: (.*)/) { push @steps, { text => $1 } }
		elsif ($line =~ /^ ?-{2,3}> (?:Using cache|Cache pulled from remote)\b/) { $steps[-1]{reused} = 1 if @steps }
		elsif (is_warning($line)) { push @warnings, $line }
	}
	return result_of($builder, \@steps, \@warnings);
}

# {builder, steps, reused, unheard (programs among the reused steps: what they said is not told again),
# warnings}; builder undef where no build's log is known in it: then nothing is known of its steps, and
# warnings are those lines that look like one.
sub build_log {
	my ($text) = @_;
	my @lines = lines_of($text);
	return buildkit_json(@lines) if grep { /^\{.*"vertexes"/ } @lines;
	return buildkit_plain(@lines) if grep { /^#\d+ \[/ } @lines;
	return one_after_the_other('Docker', @lines) if grep { /^Step \d+\/\d+ : / } @lines;
	return one_after_the_other('Buildah', @lines) if grep { /^(?:\[\d+\/\d+\] )?STEP \d+(?:\/\d+)?: / } @lines;
	return { builder => undef, steps => 0, reused => 0, unheard => 0, warnings => [ grep { is_warning($_) } @lines ] };
}

1;
