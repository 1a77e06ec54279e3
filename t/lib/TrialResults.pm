# What the papers of a report folder share: the results as the episodes left them, the figures of the
# closing table, and text that is fit to print.
#
# All text is characters in here, whatever the images' programs printed: a byte that is no UTF-8 has
# become \xNN, and so has a control character where text is printed.
package TrialResults;

use strict;
use warnings;
use Encode ();
use Exporter 'import';
use JSON::PP;
use Trial ();

our @EXPORT = qw(read_results decode_text document printable cut value figures figure_text change_text
  counts verdict items_of undecided_items by_reason);

my %titles = (15 => 'read-only root', 16 => 'size', 17 => 'tests', 18 => 'production');
my $interrupted = 'not decided: interrupted';

sub decode_text {
	my ($bytes, $escape) = @_;
	$escape //= '\\';
	return Encode::decode('UTF-8', $bytes, sub { join '', map { sprintf '%sx%02X', $escape, $_ } @_ });
}

# A JSON document; in its strings the backslash of \xNN is escaped itself.
sub document {
	my ($path) = @_;
	my $document = eval { JSON::PP->new->decode(decode_text(Trial::slurp($path), '\\\\')) };
	die "cannot read '$path': " . ($@ =~ s/ at \S+ line \d+\.?\n\z//r =~ s/\s+/ /gr) . "\n" unless ref $document eq 'HASH';
	return $document;
}

# Invisible characters, and those that turn the direction of writing, are told and not printed.
sub printable {
	my ($text) = @_;
	$text =~ s/([\x00-\x08\x0b-\x1f\x7f-\x9f])/sprintf '\\x%02X', ord $1/ge;
	$text =~ s/([\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{2069}\x{feff}\x{fffe}\x{ffff}\x{d800}-\x{dfff}])/sprintf '\\u%04X', ord $1/ge;
	return $text;
}

sub cut {
	my ($text, $length) = @_;
	return length $text > $length ? substr($text, 0, $length) . "\x{2026}" : $text;
}

# The ids that were asked for, in the checklist's order, with their subjects.
sub asked {
	my ($number) = @_;
	my %selected = map { $_ => 1 } split ' ', $ENV{SEATRIAL_ITEMS} // '';
	my @subjects = map { decode_text($_) } Trial::checklist($number);
	my @asked;
	while (my ($id, $subject) = splice @subjects, 0, 2) {
		push @asked, { id => $id, subject => $subject } if !%selected || $selected{$id} || $selected{$number};
	}
	return @asked;
}

# An item that was asked for and has no result was not reached.
sub episode {
	my ($folder, $number) = @_;
	my @asked = asked($number) or return;
	my $path = "$folder/results/episode-$number.json";
	my $results = -e $path ? document($path) : { items => [] };
	my %found = map { $_->{id} => $_ } @{ $results->{items} };
	# of an episode that nobody reached to tell of some may be decided all the same
	$found{$_} //= document("$folder/results/$_.json") for grep { -e "$folder/results/$_.json" } map { $_->{id} } @asked;
	my @items = map { $found{ $_->{id} } // { %$_, status => 'interrupted', found => $interrupted, values => {}, seconds => 0 } } @asked;
	return { number => $number, title => $titles{$number}, items => \@items };
}

# {folder, settings, episodes[] {number, title, items[]}, item {by id}, interrupted}
sub read_results {
	my ($folder) = @_;
	my $settings = JSON::PP->new->decode(decode_text($ENV{SEATRIAL_SETTINGS} // '{}', '\\\\'));
	my @episodes = map { episode($folder, $_) } 15 .. 18;
	my %item = map { $_->{id} => $_ } map { @{ $_->{items} } } @episodes;
	return {
		folder => $folder,
		settings => $settings,
		episodes => \@episodes,
		item => \%item,
		interrupted => scalar(grep { $_->{status} eq 'interrupted' } values %item),
	};
}

sub value {
	my ($results, $id, $name) = @_;
	return $results->{item}{$id} && $results->{item}{$id}{values}{$name};
}

# The closing table: what it is called in metrics.json and on paper, which items measured it, how it
# is printed.
my @figures = (
	[ 'content_bytes', 'image size, content', [ '16.2', 'before_content_bytes' ], [ '16.2', 'after_content_bytes' ], 'bytes' ],
	[ 'compressed_bytes', 'image size, compressed', [ '16.2', 'before_compressed_bytes' ], [ '16.2', 'after_compressed_bytes' ], 'bytes' ],
	[ 'build_seconds', 'build time', [ '18.1', 'baseline_seconds' ], [ '18.1', 'seconds' ], 'seconds' ],
	[ 'layer_count', 'layers', [ '16.4', 'before' ], [ '16.4', 'after' ], 'number' ],
	[ 'ready_ms', 'time to ready', [ '18.4', 'before_ready_ms' ], [ '18.4', 'ready_ms' ], 'ms' ],
	[ 'coverage_percent', 'test coverage', [ '17.5', 'before_percent' ], [ '17.5', 'percent' ], 'percent' ],
	[ 'start_memory_bytes', 'peak memory until ready', [ '18.13', 'before_start_memory_bytes' ], [ '18.13', 'start_memory_bytes' ], 'bytes' ],
	[ 'start_cpu_time_ms', 'CPU time until ready', [ '18.13', 'before_start_cpu_time_ms' ], [ '18.13', 'start_cpu_time_ms' ], 'ms' ],
	[ 'refused_writes', 'refused writes', [ '15.7', 'before_refused' ], [ '15.7', 'refused' ], 'number' ],
);

sub figures {
	my ($results) = @_;
	return map {
		my ($name, $title, $before, $after, $unit) = @$_;
		{ name => $name, title => $title, before => value($results, @$before), after => value($results, @$after), unit => $unit }
	} @figures;
}

sub figure_text {
	my ($figure, $number) = @_;
	my %print = (
		bytes => \&Trial::bytes,
		ms => \&Trial::millis,
		seconds => sub { Trial::millis(1000 * $_[0]) },
		percent => \&Trial::percent,
		number => sub { $_[0] },
	);
	return defined $number ? $print{ $figure->{unit} }->($number) : 'not known';
}

# As a difference, and as a part of what it was where that says something.
sub change_text {
	my ($figure) = @_;
	my ($before, $after) = @$figure{qw(before after)};
	return '' unless defined $before && defined $after;
	my $difference = $after - $before;
	return 'none' unless $difference;
	my $sign = $difference < 0 ? "\x{2212}" : '+';
	return $sign . sprintf('%.1f points', abs $difference) if $figure->{unit} eq 'percent';
	my $text = $sign . figure_text($figure, abs $difference);
	return $before ? $text . sprintf(' (%s%.1f %%)', $sign, abs(100 * $difference / $before)) : $text;
}

sub counts {
	my (@items) = @_;
	my %count = (ok => 0, fail => 0, skip => 0, interrupted => 0);
	$count{ $_->{status} }++ for @items;
	return \%count;
}

# {word: "holds", "fails" or "undecided", text, exit: of the trial}
sub verdict {
	my ($results) = @_;
	my $count = counts(values %{ $results->{item} });
	my $all = keys %{ $results->{item} };
	my $rest = $count->{interrupted} ? "interrupted: $count->{interrupted} of $all items were not decided" : '';
	return { word => 'fails', exit => 1, text => "$count->{fail} of $all items fail" . ($rest && "; $rest") } if $count->{fail};
	return { word => 'undecided', exit => 2, text => $rest } if $rest;
	return { word => 'undecided', exit => 2, text => 'nothing was decided' } unless $count->{ok};
	return { word => 'holds', exit => 0, text => Trial::counted($count->{ok}, 'item holds', 'items hold') . ', none fails' };
}

sub items_of {
	my ($results, $status) = @_;
	return grep { $_->{status} eq $status } map { @{ $_->{items} } } @{ $results->{episodes} };
}

# Items that share what was found, as [text, items], in the order of the first of each. Which utility
# could not read an image makes no difference.
sub by_reason {
	my (@items) = @_;
	my (@reasons, %items);
	for my $item (@items) {
		my $reason = $item->{found} =~ s/^(could not be decided: )[a-z]+-[a-z]+: /$1/r =~ s/^not decided: //r;
		push @reasons, $reason unless $items{$reason};
		push @{ $items{$reason} }, $item;
	}
	return map { [ $_, $items{$_} ] } @reasons;
}

# Those without a verdict.
sub undecided_items { my ($results) = @_; return grep { $_->{status} =~ /^(?:skip|interrupted)$/ } map { @{ $_->{items} } } @{ $results->{episodes} } }

1;
