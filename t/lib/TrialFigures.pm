# The pictures of report.html, as SVG without text: what they say in words stands beside them, and so
# they may be as narrow as a telephone.
package TrialFigures;

use strict;
use warnings;
use Exporter 'import';
use Trial ();
use TrialResults;

our @EXPORT = qw(html swatch instruction layers_bytes layer_bar change_bar latency_charts embedded_svg);

my $tints = 6;
# Engines have no more.
our $layers_most = 128;

sub html {
	my ($text) = @_;
	$text = printable($text // '');
	$text =~ s/([&<>"'])/'&#' . ord($1) . ';'/ge;
	return $text;
}

sub instruction {
	my ($layer) = @_;
	return cut(length($layer->{instruction} // '') ? $layer->{instruction} : 'not in the history', 1000);
}

sub tint { return 'tint-' . $_[0] % $tints }

sub swatch { return '<span class="swatch ' . tint($_[0]) . '" aria-hidden="true"></span>' }

sub layers_bytes {
	my ($size) = @_;
	my $sum = 0;
	$sum += $_->{content_bytes} // 0 for @{ $size->{layers} };
	return $sum;
}

# What is behind the first of them would be too thin to be seen: it stays empty.
sub layer_bar {
	my ($title, $layers, $scale) = @_;
	my ($at, $parts) = (0, '');
	for my $layer (grep { defined } @$layers[ 0 .. $layers_most - 1 ]) {
		my $width = 1000 * ($layer->{content_bytes} // 0) / $scale;
		my $says = "Layer $layer->{index}, " . Trial::bytes($layer->{content_bytes}) . ': ' . instruction($layer);
		$parts .= sprintf qq(<rect class="%s" x="%.2f" y="0" width="%.2f" height="40"><title>%s</title></rect>\n), tint($layer->{index}), $at, $width, html($says);
		$at += $width;
	}
	return qq(<svg class="bar" viewBox="0 0 1000 40" preserveAspectRatio="none" role="img" aria-label=") . html($title) . qq(">\n$parts</svg>\n);
}

# Less is to the left of the middle, more to the right.
sub change_bar {
	my ($change, $scale) = @_;
	my $width = 50 * abs($change) / $scale;
	return sprintf '<svg class="change" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
	  . '<rect class="%s" x="%.2f" y="1" width="%.2f" height="8"/><path class="axis" d="M50 0V10"/></svg>',
	  $change < 0 ? 'less' : 'more', $change < 0 ? 50 - $width : 50, $width;
}

# One chart an endpoint, all with the same scales. A dot is an answer; a bar over the whole height is
# a request that did not hold. Dots are lines without length, since those stay round in any width.
sub latency_charts {
	my (@urls) = @_;
	my @samples = map { @{ $_->{samples} // [] } } @urls or return '';
	my $longest = (sort { $b <=> $a } map { $_->{time_ms} } @samples)[0] || 1;
	my $slowest = (sort { $b <=> $a } map { $_->{latency_ms} // 0 } @samples)[0] || 1;
	my $text = '<p>Upwards: latency, to ' . Trial::millis($slowest) . '. To the right: time, to ' . Trial::millis($longest) . ".</p>\n";
	return $text . join '', map { latency_chart($_, $longest, $slowest) } @urls;
}

sub latency_chart {
	my ($url, $longest, $slowest) = @_;
	my ($dots, $line, $bad) = ('', '', '');
	for my $sample (@{ $url->{samples} // [] }) {
		my $x = sprintf '%.1f', 5 + 590 * $sample->{time_ms} / $longest;
		$bad .= "M$x 0V60" unless $sample->{holds};
		next unless defined $sample->{latency_ms};
		my $y = sprintf '%.1f', 56 - 52 * $sample->{latency_ms} / $slowest;
		$line .= ($line eq '' ? 'M' : 'L') . "$x $y";
		$dots .= "M$x ${y}h0";
	}
	my $says = "$url->{url}: $url->{series}{count} answers, $url->{series}{failures} failures, slowest " . Trial::millis($url->{series}{max_ms});
	return '<figure><figcaption><code>' . html($url->{url}) . '</code></figcaption>'
	  . '<svg class="latency" viewBox="0 0 600 60" preserveAspectRatio="none" role="img" aria-label="' . html($says) . '">'
	  . qq(<path class="axis" d="M0 59.5H600"/><path class="failed" d="$bad"/><path class="line" d="$line"/><path class="dots" d="$dots"/></svg></figure>\n);
}

my %elements = map { $_ => 1 } qw(svg title desc style rect path text tspan g line circle polyline polygon);

# A picture of ro-run's in a page with others: its ids and its style are its own. undef: it has what
# those pictures do not have, and is not shown.
sub embedded_svg {
	my ($svg, $name) = @_;
	$svg =~ s/\A\s*<\?xml[^>]*\?>\s*//;
	while ($svg =~ m{<([^>]*)>}g) {
		my ($element, $attributes) = $1 =~ m{\A/?([a-z]+)((?:\s+[a-zA-Z:-]+="[^"<]*")*)\s*/?\z} or return;
		return if !$elements{$element} || $attributes =~ /\s(?:on\w+|(?:xlink:)?href|style)=/i;
	}
	$svg =~ s/ (id|aria-labelledby)="([^"]*)"/ qq( $1=") . join(' ', map { "$name-$_" } split ' ', $2) . '"'/ge;
	$svg =~ s{<style>(.*?)</style>}{'<style>' . own_style($1, $name) . '</style>'}gse;
	$svg =~ s/<svg /<svg id="$name" /;
	return printable($svg);
}

sub own_rule {
	my ($name, $selectors, $declarations) = @_;
	return join(',', map { $_ eq 'svg' ? "#$name" : "#$name $_" } split /,/, $selectors) . "{$declarations}";
}

sub own_style {
	my ($style, $name) = @_;
	return '' if $style =~ /url\(|\@import/i;
	$style =~ s/\@media\s*\(/\@media screen and (/g;
	$style =~ s/([^{}\@]+)\{([^{}]*)\}/own_rule($name, $1, $2)/ge;
	return $style;
}

1;
