# report.html: one file that needs no network and no script. What comes from an image is text in it.
package TrialHtml;

use strict;
use warnings;
use Exporter 'import';
use JSON::PP;
use POSIX ();
use Trial ();
use TrialFigures;
use TrialResults;

our @EXPORT = qw(report_page);

# Of a file of evidence the page shows so much, and of all files together.
my $excerpt_bytes = 6000;
my $excerpt_lines = 60;
my $line_length = 400;
my $excerpts_bytes = 600_000;

my %word = (ok => 'holds', fail => 'fails', skip => 'not decided', interrupted => 'interrupted');
my %verdict_word = (holds => 'Holds', fails => 'Fails', undecided => 'Not decided');

sub badge {
	my ($status) = @_;
	return qq(<span class="badge $status">$word{$status}</span>);
}

sub section {
	my ($id, $title, @content) = @_;
	my $content = join '', @content;
	return length $content ? qq(<section id="$id" aria-labelledby="$id-title">\n<h2 id="$id-title">$title</h2>\n$content</section>\n) : '';
}

# A table's cells are HTML; the first of each row is its heading, the others are aligned as numbers
# where the table says so.
sub table {
	my ($caption, $heads, $rows, $class) = @_;
	my $text = '<div class="scroll" role="region" tabindex="0" aria-label="' . html($caption) . qq("><table class="$class">);
	$text .= '<caption>' . html($caption) . '</caption><thead><tr>' . join('', map { qq(<th scope="col">$_</th>) } @$heads) . "</tr></thead>\n<tbody>";
	for my $row (@$rows) {
		my ($head, @cells) = @$row;
		$text .= qq(<tr><th scope="row">$head</th>) . join('', map { "<td>$_</td>" } @cells) . "</tr>\n";
	}
	return "$text</tbody></table></div>\n";
}

sub masthead {
	my ($results) = @_;
	my ($settings, $verdict) = ($results->{settings}, verdict($results));
	my $id = value($results, '15.1', 'id');
	my @facts = ([ 'Image', html($settings->{IMAGE}) ]);
	push @facts, [ 'Baseline', html($settings->{BASELINE}) ] if length($settings->{BASELINE} // '');
	push @facts, [ 'Image id', html($id) ] if defined $id;
	push @facts, [ 'Written', POSIX::strftime('%Y-%m-%d %H:%M UTC', gmtime) ];
	my $facts = join '', map { "<div><dt>$_->[0]</dt><dd>$_->[1]</dd></div>" } @facts;
	return qq(<header class="verdict $verdict->{word}">\n<div class="wrap">\n<p class="kind">Acceptance trial</p>\n)
	  . "<h1>$verdict_word{ $verdict->{word} }</h1>\n"
	  . '<p class="lead">' . ucfirst(html($verdict->{text})) . ".</p>\n<dl>$facts</dl>\n</div>\n</header>\n";
}

sub overview {
	my ($results) = @_;
	my @rows;
	for my $episode (@{ $results->{episodes} }) {
		my $count = counts(@{ $episode->{items} });
		push @rows, [ qq(<a href="#episode-$episode->{number}">$episode->{number}, $episode->{title}</a>),
			@$count{qw(ok fail)}, $count->{skip} + $count->{interrupted} ];
	}
	return section('overview', 'Overview', table('Items by episode', [ 'Episode', 'Hold', 'Fail', 'Not decided' ], \@rows, 'numbers'),
		failing($results), undecided($results));
}

sub item_link { return qq(<a href="#item-$_[0]">$_[0]</a>) }

sub item_links { return join ', ', map { item_link($_->{id}) } @_ }

sub failing {
	my ($results) = @_;
	my @reasons = by_reason(items_of($results, 'fail')) or return '';
	my $line = sub {
		my ($found, $items) = @{ $_[0] };
		return '<li>' . item_links(@$items) . (@$items == 1 ? ' ' . html($items->[0]{subject}) : '') . ': <strong>' . html(cut($found, 500)) . "</strong></li>\n";
	};
	return "<h3>What fails</h3>\n<ul class=\"findings\">\n" . join('', map { $line->($_) } @reasons) . "</ul>\n";
}

sub undecided {
	my ($results) = @_;
	my @reasons = by_reason(undecided_items($results)) or return '';
	return "<h3>What was not decided</h3>\n<ul class=\"findings\">\n"
	  . join('', map { '<li>' . item_links(@{ $_->[1] }) . ': ' . html(cut($_->[0], 500)) . "</li>\n" } @reasons) . "</ul>\n";
}

# A unit stays with its number where a narrow column is broken into lines.
sub figure_html { return html($_[0] =~ s/(?<=\d) (?=[A-Za-z%])/\x{a0}/gr) }

sub closing_table {
	my ($results) = @_;
	my @rows;
	for my $figure (figures($results)) {
		my @both = map { figure_html(figure_text($figure, $_)) } @$figure{qw(before after)};
		push @rows, [ ucfirst $figure->{title}, @both, figure_html(change_text($figure)) ];
	}
	return section('change', 'Before and after', table('Figures of the two images', [ 'Figure', 'Before', 'After', 'Change' ], \@rows, 'numbers'));
}

# A document among the evidence; undef where there is none that can be read.
sub evidence_document {
	my ($results, $name) = @_;
	return eval { document("$results->{folder}/evidence/$name") };
}

sub layers {
	my ($results) = @_;
	my $sizes = evidence_document($results, '16-sizes.json') // return '';
	my @images = map { $_->[1] && @{ $_->[1]{layers} // [] } ? $_ : () } [ 'Before', $sizes->{baseline} ], [ 'After', $sizes ];
	my $scale = (sort { $b <=> $a } map { layers_bytes($_->[1]) } @images)[0] or return '';
	my $text = '<p>' . (@images > 1 ? 'Both bars have the same scale. ' : '') . "Each part is a layer.</p>\n";
	for my $image (@images) {
		my ($name, $size) = @$image;
		my $layers = $size->{layers};
		my $title = "$name: " . Trial::bytes(layers_bytes($size)) . ' in ' . @$layers . (@$layers == 1 ? ' layer' : ' layers');
		my @rows = map { [ swatch($_->{index}) . $_->{index}, Trial::bytes($_->{content_bytes}), '<code>' . html(instruction($_)) . '</code>' ] }
		  grep { defined } @$layers[ 0 .. $TrialFigures::layers_most - 1 ];
		my $rest = @$layers - @rows;
		$text .= "<h3>$title</h3>\n" . layer_bar($title, $layers, $scale)
		  . "<details><summary>Layers of the image " . lc($name) . "</summary>\n"
		  . table("$name: layers", [ 'Layer', 'Content', 'Made by' ], \@rows, 'layers')
		  . ($rest ? "<p>And $rest more in evidence/16-sizes.json.</p>\n" : '') . "</details>\n";
	}
	return section('layers', 'Layers', $text);
}

# The deepest directories say what has changed: one of which most of the change is in one below it
# says nothing more.
sub directories {
	my ($results) = @_;
	my $sizes = evidence_document($results, '16-sizes.json') // return '';
	my @all = @{ ($sizes->{differences} // {})->{directories} // [] };
	my @told;
	for my $directory (@all) {
		my $inner = grep { index($_->{path}, "$directory->{path}/") == 0 && abs $_->{change_bytes} > 0.8 * abs $directory->{change_bytes} } @all;
		push @told, $directory unless $inner;
	}
	my @most = grep { defined && $_->{change_bytes} } @told[ 0 .. 14 ];
	my $scale = (sort { $b <=> $a } map { abs $_->{change_bytes} } @most)[0] or return '';
	my @rows = map {
		[ '<code>/' . html($_->{path}) . '</code>', change_bar($_->{change_bytes}, $scale),
			figure_html(change_text({ before => $_->{before_bytes}, after => $_->{after_bytes}, unit => 'bytes' })),
			Trial::bytes($_->{before_bytes}), Trial::bytes($_->{after_bytes}) ]
	} @most;
	return section('directories', 'Differences by directory',
		"<p>Directories hold what is below them. A bar to the left is less than before, one to the right is more.</p>\n",
		table('The largest differences', [ 'Directory', 'To scale', 'Change', 'Before', 'After' ], \@rows, 'changes'));
}

sub timelines {
	my ($results) = @_;
	my @pictures = ([ '15-run.svg', 'Read-only run' ], [ '18-run.svg', 'Production run' ], [ '15-before.svg', 'The image before, read-only' ]);
	my $text = '';
	for my $picture (@pictures) {
		my ($file, $title) = @$picture;
		my $path = "$results->{folder}/evidence/$file";
		next unless -s $path && -s $path < 500_000;
		my $svg = embedded_svg(decode_text(Trial::slurp($path)), 'picture-' . $file =~ s/\W/-/gr) // next;
		$text .= "<h3>$title</h3>\n<div class=\"scroll picture\" role=\"region\" tabindex=\"0\" aria-label=\"Timeline: $title\">$svg</div>\n"
		  . timeline_table($results, $file =~ s/svg$/json/r, $title);
	}
	return section('timeline', 'Start-up timeline', $text);
}

sub timeline_table {
	my ($results, $file, $title) = @_;
	my $run = evidence_document($results, $file) // return '';
	my @events = @{ $run->{timeline} // [] } or return '';
	my $most = 50;
	my @rows = map { [ html(Trial::millis($_->{time_ms})), html($_->{kind}) . ($_->{count} > 1 ? " \x{d7}$_->{count}" : ''), html(cut($_->{text}, 200)) ] }
	  grep { defined } @events[ 0 .. $most - 1 ];
	my $rest = @events > $most ? '<p>And ' . (@events - $most) . " more in evidence/$file.</p>\n" : '';
	return "<details><summary>$title as a table</summary>\n" . table("$title: events", [ 'Time', 'Event', 'What' ], \@rows, 'events') . "$rest</details>\n";
}

sub latencies {
	my ($results) = @_;
	my $text = '';
	for my $series ([ '15-run.stable.json', 'Stability period, Episode 15' ], [ '18-run.long-health.json', 'Integration period, Episode 18' ], [ '18-run.long.json', 'Integration period, Episode 18' ]) {
		my ($file, $title) = @$series;
		my $probe = evidence_document($results, $file) // next;
		my @urls = grep { $_->{series} } @{ $probe->{urls} // [] } or next;
		my @rows = map {
			[ '<code>' . html($_->{url}) . '</code>', $_->{series}{count}, $_->{series}{failures}, map({ html(Trial::millis($_)) } @{ $_->{series} }{qw(p50_ms p95_ms max_ms)}) ]
		} @urls;
		$text .= "<h3>$title</h3>\n" . latency_charts(@urls)
		  . table("$title: answers", [ 'Endpoint', 'Answers', 'Failures', 'Median', '95th percentile', 'Slowest' ], \@rows, 'numbers answers');
	}
	return section('latencies', 'Latencies', $text);
}

# A file's name in the page's addresses.
sub anchor { return 'evidence-' . ($_[0] =~ s{^evidence/}{}r =~ s/([^\w.-])/sprintf '_%02x', ord $1/ger) }

sub value_text {
	my ($value) = @_;
	return 'not known' unless defined $value;
	return ref $value ? JSON::PP->new->canonical->allow_nonref->encode($value) : $value;
}

sub item {
	my ($item) = @_;
	my @names = sort keys %{ $item->{values} };
	my $text = '<p>' . html(cut($item->{found}, 4000)) . ".</p>\n";
	$text .= '<dl class="values">' . join('', map { '<div><dt>' . html(cut($_, 200)) . '</dt><dd>' . html(cut(value_text($item->{values}{$_}), 2000)) . '</dd></div>' } @names) . "</dl>\n" if @names;
	$text .= "<h4>To see it again</h4>\n" . join '', map { '<pre tabindex="0"><code>' . html(cut($_, 4000)) . "</code></pre>\n" } @{ $item->{commands} } if @{ $item->{commands} // [] };
	$text .= '<p>Evidence: ' . join(', ', map { '<a href="#' . html(anchor($_)) . '">' . html($_) . '</a>' } @{ $item->{evidence} }) . "</p>\n" if @{ $item->{evidence} // [] };
	my $open = $item->{status} eq 'fail' ? ' open' : '';
	return qq(<details class="item $item->{status}"$open><summary id="item-$item->{id}">) . badge($item->{status})
	  . qq( <span class="id">$item->{id}</span> <span class="subject">) . html($item->{subject}) . '</span> <span class="found">' . html(cut($item->{found}, 160)) . qq(</span></summary>\n<div class="inner">\n$text</div></details>\n);
}

sub checklist {
	my ($results) = @_;
	my $text = '';
	for my $episode (@{ $results->{episodes} }) {
		$text .= qq(<h3 id="episode-$episode->{number}">Episode $episode->{number}: $episode->{title}</h3>\n) . join '', map { item($_) } @{ $episode->{items} };
	}
	return section('items', 'Every item', $text);
}

# The beginning of a file, and whether that is all. A line may be as long as the file.
sub excerpt {
	my ($path) = @_;
	open my $in, '<:raw', $path or return ('', 0);
	my $got = read $in, (my $bytes), $excerpt_bytes;
	close $in;
	return ('', 0) unless $got;
	my $all = $got == -s $path;
	# a character that the limit has cut in two
	$bytes =~ s/[\xc0-\xff][\x80-\xbf]{0,2}\z// unless $all;
	my @lines = split /\n/, decode_text($bytes);
	$all = 0 if @lines > $excerpt_lines || grep { length > $line_length } @lines;
	return (join("\n", map { cut($_, $line_length) } grep { defined } @lines[ 0 .. $excerpt_lines - 1 ]), $all);
}

sub evidence_files {
	my ($results) = @_;
	opendir my $folder, "$results->{folder}/evidence" or return;
	my @files = grep { -f "$results->{folder}/evidence/$_" && -s _ } readdir $folder;
	closedir $folder;
	return sort @files;
}

sub evidence {
	my ($results) = @_;
	my ($text, $left) = ('', $excerpts_bytes);
	for my $file (evidence_files($results)) {
		my $path = "$results->{folder}/evidence/$file";
		my $name = html(decode_text($file));
		my ($excerpt, $all) = $left > 0 ? excerpt($path) : ('', 0);
		$left -= length $excerpt;
		my $note = $all ? '' : "<p>Cut: the whole of it is in the file <code>evidence/$name</code>.</p>\n";
		$text .= "<details><summary><code>evidence/$name</code> <span class=\"found\">" . Trial::bytes(-s $path) . "</span></summary>\n"
		  . '<div class="inner" id="' . html(anchor($file)) . qq("><pre tabindex="0"><code>) . html($excerpt) . "</code></pre>\n$note</div></details>\n";
	}
	return section('evidence', 'Evidence', $text);
}

sub report_page {
	my ($results) = @_;
	my @sections = (overview($results), closing_table($results), layers($results), directories($results), timelines($results),
		latencies($results), checklist($results), evidence($results));
	my $main = join '', @sections;
	my $links = join '', map { /<section id="([\w-]+)"[^>]*>\s*<h2[^>]*>([^<]*)/ ? qq(<li><a href="#$1">$2</a></li>) : () } @sections;
	my $title = $verdict_word{ verdict($results)->{word} } . ': trial of ' . html($results->{settings}{IMAGE});
	my $style = Trial::slurp(__FILE__ =~ s/TrialHtml\.pm\z/report.css/r);
	return <<"HTML";
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>$title</title>
<style>
$style</style>
</head>
<body>
<a class="jump" href="#main">To the results</a>
@{[ masthead($results) ]}<nav aria-label="Sections"><ul class="wrap">$links</ul></nav>
<main id="main" class="wrap" tabindex="-1">
$main</main>
<footer class="wrap"><p>The same in other forms: <a href="checklist.md">checklist.md</a>, <a href="report.md">report.md</a>,
<a href="metrics.json">metrics.json</a>, <a href="junit.xml">junit.xml</a>, <a href="report.tap">report.tap</a>.</p></footer>
</body>
</html>
HTML
}

1;
