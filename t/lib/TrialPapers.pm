# The papers of a report folder but the page: report.tap, checklist.md, report.md, metrics.json and
# junit.xml, each as a text of characters.
package TrialPapers;

use strict;
use warnings;
use Exporter 'import';
use JSON::PP;
use Trial ();
use TrialResults;

our @EXPORT = qw(tap_stream checklist report_markdown metrics junit);

my %word = (ok => 'Holds', fail => '**Fails**', skip => 'Not decided', interrupted => 'Not decided');

# Text of others between Markdown: on one line, and nothing in it is markup, or what GitHub would link,
# refer to or send mail for.
sub markdown {
	my ($text) = @_;
	$text = printable($text =~ s/\s+/ /gr);
	$text =~ s/&/&amp;/g;
	$text =~ s/([|<>*_`~\\\[\]\$])/\\$1/g;
	$text =~ s/((?<!\w)@(?=\w)|#(?=\d)|\bGH-(?=\d)|\b(?:https?|ftp|mailto|xmpp):(?=\S)|\bwww(?=\.))/$1&#8203;/gi;
	return $text;
}

# Code in a list: the fence is longer than any run of backticks within.
sub fenced {
	my (@lines) = @_;
	my $code = printable(join "\n", @lines);
	my $fence = '```';
	$fence .= '`' while index($code, $fence) >= 0;
	return join '', map { "  $_\n" } "${fence}sh", split(/\n/, $code), $fence;
}

sub tap_item {
	my ($number, $item) = @_;
	my $line = ($item->{status} =~ /^(?:ok|skip)$/ ? 'ok' : 'not ok') . " $number - $item->{id} " . tap_words($item->{subject});
	return "$line # SKIP " . tap_words($item->{found}) . "\n" if $item->{status} eq 'skip';
	my $yaml = "  ---\n  found: " . Trial::yaml($item->{found}) . "\n";
	for my $name (sort keys %{ $item->{values} }) {
		$yaml .= '  ' . ($name =~ /\A[a-z]\w*\z/i ? $name : Trial::yaml($name)) . ': ' . Trial::yaml($item->{values}{$name}) . "\n";
	}
	return "$line\n$yaml  ...\n";
}

sub tap_words {
	my ($text) = @_;
	$text = printable($text =~ s/\s+/ /gr);
	$text =~ s/([\\#])/\\$1/g;
	return $text;
}

# One stream of all items. What was interrupted is "not ok": a SKIP would be counted as good.
sub tap_stream {
	my ($results) = @_;
	my @items = map { @{ $_->{items} } } @{ $results->{episodes} };
	return "TAP version 13\n" . join('', map { tap_item($_ + 1, $items[$_]) } 0 .. $#items) . '1..' . scalar(@items) . "\n";
}

sub ticked {
	my ($results, $line, $id) = @_;
	my $item = $results->{item}{$id} // return "$line\n  Not asked for.\n";
	$line =~ s/^- \[ \]/- [x]/ if $item->{status} eq 'ok';
	my $found = $item->{found} =~ s/^not decided: //r;
	my $text = "$line\n  $word{ $item->{status} }: " . markdown($found) . ".\n";
	$text .= "\n" . fenced(@{ $item->{commands} }) if @{ $item->{commands} // [] };
	return $text;
}

# The checklist as it stands, each box ticked that was decided and holds; behind it what was measured,
# and what to type to see it again.
sub checklist {
	my ($results) = @_;
	my $paper = "# Checklist\n\nOf `" . printable($results->{settings}{IMAGE} =~ tr/`\n/' /r) . "`: " . verdict($results)->{text} . ".\n\n";
	for my $number (15 .. 18) {
		my $text = decode_text(Trial::slurp("$ENV{SEATRIAL_CHECKLISTS}/episode-$number.md"));
		$text =~ s/^# /## /;
		$text =~ s/^(- \[ \] \*\*(\d+\.\d+)\*\* .*)\n/ticked($results, $1, $2)/gme;
		$paper .= "$text\n";
	}
	return $paper =~ s/\n+\z/\n/r;
}

sub closing_table {
	my ($results) = @_;
	my $table = "| | before | after | change |\n|---|---:|---:|---:|\n";
	for my $figure (figures($results)) {
		my @cells = ($figure->{title}, map({ figure_text($figure, $_) } @$figure{qw(before after)}), change_text($figure));
		$table .= '| ' . join(' | ', @cells) . " |\n";
	}
	return $table;
}

sub ids { return Trial::id_list(map { $_->{id} } @_) }

# What fails, or a part of it: it is to fit into the description of a pull request.
sub failing {
	my ($results) = @_;
	my @reasons = by_reason(items_of($results, 'fail')) or return '';
	my $most = 12;
	my $text = "## What fails\n\n";
	for my $reason (grep { defined } @reasons[ 0 .. $most - 1 ]) {
		my ($found, $items) = @$reason;
		$text .= '- **' . ids(@$items) . '** ' . (@$items == 1 ? markdown($items->[0]{subject}) . ': ' : '') . markdown(cut($found, 300)) . "\n";
	}
	$text .= '- and ' . ids(map { @{ $_->[1] } } @reasons[ $most .. $#reasons ]) . "\n" if @reasons > $most;
	return "$text\n";
}

sub undecided {
	my ($results) = @_;
	my @reasons = by_reason(undecided_items($results)) or return '';
	my $text = "## What was not decided\n\n";
	$text .= '- ' . ids(@{ $_->[1] }) . ': ' . markdown(cut($_->[0], 300)) . "\n" for @reasons;
	return "$text\n";
}

sub report_markdown {
	my ($results) = @_;
	my ($settings, $verdict) = ($results->{settings}, verdict($results));
	my $text = '# Trial of ' . markdown($settings->{IMAGE}) . "\n\n**" . ucfirst($verdict->{text}) . ".**\n\n";
	$text .= 'Baseline: ' . markdown($settings->{BASELINE}) . "\n\n" if length($settings->{BASELINE} // '');
	$text .= failing($results) . undecided($results) . "## Before and after\n\n" . closing_table($results);
	return "$text\n[The checklist](checklist.md) has each item with its value; [the page](report.html) has pictures and evidence.\n";
}

sub metrics {
	my ($results) = @_;
	my %kept = map { $_ => 1 } qw(status found values seconds commands evidence);
	my %figures = map { $_->{name} => { before => $_->{before}, after => $_->{after} } } figures($results);
	my %items;
	for my $item (values %{ $results->{item} }) {
		$items{ $item->{id} } = { map { $_ => $item->{$_} } grep { $kept{$_} } keys %$item };
	}
	my $count = counts(values %{ $results->{item} });
	return JSON::PP->new->canonical->pretty->encode({
		schema => 'seatrial/metrics/1',
		image => $results->{settings}{IMAGE},
		baseline => $results->{settings}{BASELINE} || undef,
		verdict => verdict($results)->{word},
		counts => { holds => $count->{ok}, fails => $count->{fail}, skipped => $count->{skip}, interrupted => $count->{interrupted} },
		figures => \%figures,
		items => \%items,
	});
}

sub xml {
	my ($text) = @_;
	$text = printable($text);
	$text =~ s/([&<>"\n\t])/'&#' . ord($1) . ';'/ge;
	return $text;
}

sub test_case {
	my ($number, $item) = @_;
	my %element = (fail => 'failure', skip => 'skipped', interrupted => 'error');
	my $element = $element{ $item->{status} };
	my $inner = $element ? "<$element message=\"" . xml($item->{found}) . '"/>' : '';
	return sprintf qq(    <testcase classname="episode-%d" name="%s" time="%.3f">%s</testcase>\n),
	  $number, xml("$item->{id} $item->{subject}"), $item->{seconds}, $inner;
}

sub junit {
	my ($results) = @_;
	my $suites = '';
	for my $episode (@{ $results->{episodes} }) {
		my @items = @{ $episode->{items} };
		my $count = counts(@items);
		$suites .= sprintf qq(  <testsuite name="episode-%d" tests="%d" failures="%d" skipped="%d" errors="%d">\n%s  </testsuite>\n),
		  $episode->{number}, scalar @items, @$count{qw(fail skip interrupted)}, join '', map { test_case($episode->{number}, $_) } @items;
	}
	return qq(<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="seatrial">\n$suites</testsuites>\n);
}

1;
