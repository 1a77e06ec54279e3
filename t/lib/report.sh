# shellcheck shell=sh
# A report folder by hand: what an image says is hostile in every place where it can say something.

# made_report FOLDER: results of three items, and evidence.
made_report() {
	mkdir -p "$1/results" "$1/evidence"
	cat >"$1/made.pl" <<'EOF_PERL'
use strict;
use warnings;
use JSON::PP;
my ($folder) = @ARGV;
my $hostile = "<script>alert(1)</script> ]]> --> \"q\" '&amp; | *b* `c` <img src=x onerror=alert(2)>\x01\x1b[31m\xff\xc3\xa4\x7f";
my @items = (
	{ id => '15.1', subject => 'The image is there', status => 'ok', found => 'it is', values => { id => 'sha256:0', $hostile => $hostile }, seconds => 0.5,
		commands => [ 'image-size --json a.tar', "sh -c 'echo ```` | tr \\` x'" ], evidence => [ 'evidence/15-run.json', 'evidence/15-odd name&.log' ] },
	{ id => '15.7', subject => 'No write is refused', status => 'fail', found => $hostile, values => { before_refused => 4, refused => 2 }, seconds => 1,
		evidence => ['evidence/15-long.log'] },
	{ id => '16.2', subject => 'Sizes', status => 'skip', found => "no \`registry\` | <b>\nsays", seconds => 0,
		values => { before_content_bytes => 1000, after_content_bytes => 250, before_compressed_bytes => undef, after_compressed_bytes => 99 } },
);
sub spew { open my $out, '>:raw', "$folder/$_[0]" or die; print {$out} $_[1]; close $out or die }
my $json = JSON::PP->new->canonical;
spew('results/episode-15.json', $json->encode({ episode => 15, items => [ @items[ 0, 1 ] ] }));
spew('results/episode-16.json', $json->encode({ episode => 16, items => [ $items[2] ] }));
spew('evidence/15-run.json', $json->encode({ timeline => [ map { { time_ms => $_, kind => 'refused', count => 2, text => $hostile } } 1 .. 80 ] }));
spew('evidence/15-odd name&.log', "$hostile\n");
spew('evidence/15-line.log', 'x' x 1_000_000);
spew('evidence/15-long.log', join '', map { "line $_\n" } 1 .. 100_000);
spew('evidence/15-cut.log', 'xx' . ("\xc3\xa4" x 100 . "\n") x 100);
spew('evidence/15-few.log', "few\n" x 61);
spew('evidence/15-wide.log', 'w' x 401);
spew('evidence/15-whole.log', ('w' x 400 . "\n") . "few\n" x 59);
spew('evidence/15-run.stable.json', $json->encode({ urls => [ { url => "http://localhost/$hostile", series => { count => 3, failures => 1, p50_ms => 1, p95_ms => 2, max_ms => 2 },
	samples => [ { time_ms => 0, latency_ms => 1, holds => JSON::PP::true }, { time_ms => 500, latency_ms => undef, holds => JSON::PP::false }, { time_ms => 1000, latency_ms => 2, holds => JSON::PP::true } ] } ] }));
my $layer = sub { { index => $_[0], instruction => $_[1], content_bytes => $_[2] } };
spew('evidence/16-sizes.json', $json->encode({ layers => [ $layer->(0, $hostile, 250) ], baseline => { layers => [ $layer->(0, 'FROM a', 600), $layer->(1, undef, 400) ] },
	differences => { directories => [ { path => $hostile, before_bytes => 1000, after_bytes => 250, change_bytes => -750 }, { path => 'new', before_bytes => 0, after_bytes => 5, change_bytes => 5 } ] } }));
spew('evidence/15-run.svg', qq(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" role="img" aria-labelledby="title"><title id="title">run &lt;x&gt;</title><style>svg{fill:#fff}.t,.u{fill:#123}\@media(prefers-color-scheme:dark){.t{fill:#eee}}</style><rect class="t" width="5" height="5"/></svg>\n));
spew('evidence/18-run.svg', qq(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect onload="alert(3)" width="5" height="5"/></svg>\n));
EOF_PERL
	perl "$1/made.pl" "$1" && rm "$1/made.pl"
}

# trial_report FOLDER: its papers, as seatrial has them written.
trial_report() {
	SEATRIAL_SETTINGS=${SETTINGS:-'{"IMAGE":"docker-archive:a`<b>.tar","BASELINE":"old.tar"}'} \
		SEATRIAL_CHECKLISTS=$SRCDIR/checklists SEATRIAL_ITEMS=${ITEMS-15.1 15.7 16.2} perl "$SRCDIR/t/lib/trial-report" "$@"
}
