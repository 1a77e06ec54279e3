# What a CI system shows beside the sources: annotations.txt, workflow commands for GitHub's runner, and
# codequality.json, a Code Quality report for GitLab; each as a text of characters.
#
# Both tell what fails. Findings of the form FILE:LINE: TEXT [RULE] stand at that line, if FILE is the
# Dockerfile or the compose file; an item without any is told as a whole.
package TrialAnnotations;

use strict;
use warnings;
use Cwd ();
use Digest::SHA ();
use Encode ();
use Exporter 'import';
use File::Basename qw(basename dirname);
use JSON::PP;
use TrialResults;

our @EXPORT = qw(annotations code_quality);

# Values of an item that hold findings.
my @findings = qw(findings hadolint);

# --- paths, which count from the root of the repository ------------------------------------------

sub below { my ($path, $root) = @_; return $root eq '/' || index("$path/", "$root/") == 0 }

# Bytes: the CI system's word for it, or where .git is, or the settings' folder.
sub repository {
	my ($folder) = @_;
	for my $told (grep { length } map { $_ // '' } @ENV{qw(GITHUB_WORKSPACE CI_PROJECT_DIR)}) {
		my $root = Cwd::abs_path($told) // next;
		return $root if below($folder, $root);
	}
	for (my $root = $folder; $root ne '/'; $root = dirname($root)) {
		return $root if -e "$root/.git";
	}
	return $folder;
}

# A path of the settings as the repository has it; undef: it is elsewhere. A link stays one.
sub in_repository {
	my ($settings, $path) = @_;
	return unless length($path // '');
	my $folder = Cwd::abs_path(Encode::encode('UTF-8', $settings->{CONFIG_DIR} // '.')) // return;
	$path = Encode::encode('UTF-8', $path);
	$path = "$folder/$path" unless $path =~ m{^/};
	my ($root, $place) = (repository($folder), Cwd::abs_path(dirname($path)));
	return unless defined $place && below($place, $root);
	return decode_text(substr("$place/" . basename($path), length($root =~ s{/\z}{}r) + 1));
}

# --- what there is to tell -----------------------------------------------------------------------

# The findings of an item that name a line: {file, line, text, rule}.
sub placed {
	my ($settings, $item) = @_;
	my %file = map { ($_ => scalar in_repository($settings, $_)) } grep { length($_ // '') } @$settings{qw(DOCKERFILE COMPOSE_FILE)};
	my @placed;
	for my $finding (map { @$_ } grep { ref eq 'ARRAY' } @{ $item->{values} }{@findings}) {
		for my $name (grep { defined $file{$_} } sort keys %file) {
			my ($line, $text, $rule) = $finding =~ /\A\Q$name\E:([1-9]\d*): (.*) \[([^\[\]\s]+)\]\z/s or next;
			push @placed, { file => $file{$name}, line => $line, text => $text, rule => $rule };
		}
	}
	return @placed;
}

# What CI systems show of many is the beginning: what most items fail of comes first, and every item's
# first finding before any item's second.
sub issues {
	my ($results) = @_;
	my @items = items_of($results, 'fail');
	my $verdict = verdict($results);
	push @items, { id => 'trial', subject => 'not decided', found => $verdict->{text} } if $verdict->{word} eq 'undecided';
	my (@issues, %known);
	for my $item (@items) {
		my @found = placed($results->{settings}, $item);
		@found = { text => $item->{found} } unless @found;
		for my $rank (0 .. $#found) {
			my $issue = $found[$rank];
			my $key = join "\0", map { $_ // '' } @$issue{qw(file line text rule)};
			push @issues, $known{$key} = { %$issue, rank => $rank, items => [], number => scalar @issues } unless $known{$key};
			my $items = $known{$key}{items};
			push @$items, $item unless grep { $_ == $item } @$items;
		}
	}
	return sort { @{ $b->{items} } <=> @{ $a->{items} } || $a->{rank} <=> $b->{rank} || $a->{number} <=> $b->{number} } @issues;
}

sub ids { return join ', ', map { $_->{id} } @{ $_[0]{items} } }

sub told { return printable(cut($_[0]{text}, 1000)) }

# --- GitHub --------------------------------------------------------------------------------------

# A message ends at a line break, a property at a comma and a colon, too.
sub data { return $_[0] =~ s/([%\r\n])/sprintf '%%%02X', ord $1/ger }
sub property { return data(printable($_[0])) =~ s/([:,])/sprintf '%%%02X', ord $1/ger }

sub annotation {
	my ($issue) = @_;
	my @properties = defined $issue->{file} ? ('file=' . property($issue->{file}), "line=$issue->{line}") : ();
	push @properties, 'title=' . property(ids($issue) . " $issue->{items}[0]{subject}");
	return '::error ' . join(',', @properties) . '::' . data(told($issue) . (defined $issue->{rule} ? " [$issue->{rule}]" : '')) . "\n";
}

sub annotations {
	my ($results) = @_;
	return join '', map { annotation($_) } issues($results);
}

# --- GitLab --------------------------------------------------------------------------------------

# What is known of an issue from one run to the next: its line moves, and what was measured changes.
sub identity {
	my ($issue, $path) = @_;
	return join "\n", $path, "item $issue->{items}[0]{id}" unless defined $issue->{rule};
	return join "\n", $path, $issue->{rule}, $issue->{text} =~ s/\bline \d+/line/gr;
}

sub code_quality {
	my ($results) = @_;
	my $settings = $results->{settings};
	# a path must be there: that of what would be changed
	my $whole = in_repository($settings, $settings->{DOCKERFILE}) // in_repository($settings, $settings->{CONFIG_FILE} // 'seatrial.conf')
	  // 'seatrial.conf';
	my (@report, %same);
	for my $issue (sort { ($a->{line} // 0) <=> ($b->{line} // 0) } issues($results)) {
		my $path = $issue->{file} // $whole;
		my $identity = identity($issue, $path);
		$identity .= "\n" . $same{$identity} if $same{$identity}++;
		push @report, {
			type => 'issue',
			description => ids($issue) . ': ' . told($issue),
			check_name => $issue->{rule} // "seatrial-$issue->{items}[0]{id}",
			fingerprint => Digest::SHA::sha256_hex(Encode::encode('UTF-8', $identity)),
			severity => 'major',
			location => { path => $path, lines => { begin => 0 + ($issue->{line} // 1) } },
		};
	}
	return JSON::PP->new->canonical->pretty->encode(\@report);
}

1;
