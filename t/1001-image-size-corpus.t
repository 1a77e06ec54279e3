#!/usr/bin/perl
# image-size on every image of the corpus: layers, sizes, waste and merged file system are those that
# others worked out.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Corpus;
use JSON::PP;
use Test::More;

# What opens headers only cannot see that a digest differs: that takes --verify.
my $compared = 0;
for my $case (corpus_images()) {
	my ($title, $image) = @$case{qw(title image)};
	my @problems = grep { !/^history has/ } @{ $image->{problems} };
	if (@problems) {
		my ($status, $signal, $out, $err) = ask('image-size', '--verify', @{ $case->{arguments} });
		is("$status $signal", '2 0', "$title: refused, for $problems[0]");
		is($out, '', "$title: nothing on standard output");
		is(scalar(split(/\n/, $err)), 1, "$title: in one line") or diag $err;
		next;
	}
	my ($status, $signal, $out, $err) = ask('image-size', '--json', '--top', 0, @{ $case->{arguments} });
	is("$status $signal $err", '0 0 ', "$title: measured") or next;
	my $size = decode_json($out);
	$compared++;
	is($size->{layer_count}, $image->{layer_count}, "$title: layers");
	is($size->{unpacked_bytes}, $image->{unpacked_size_total}, "$title: unpacked bytes");
	is($size->{file_bytes}, $image->{fs}{fs_bytes}, "$title: bytes of the merged file system");
	is($size->{overwritten_bytes}, $image->{fs}{overwritten_bytes}, "$title: overwritten bytes");
	is($size->{overwritten_files}, $image->{fs}{overwritten_files}, "$title: overwritten files");

	my $compressed = 0;
	for my $i (0 .. $image->{layer_count} - 1) {
		my ($layer, $fact) = ($size->{layers}[$i], $image->{layers}[$i]);
		my $stored = $fact->{compression} eq 'none' ? undef : $fact->{stored_size};
		$compressed = defined $stored && defined $compressed ? $compressed + $stored : undef;
		is($layer->{compression}, $fact->{compression}, "$title: layer $i: compression");
		is($layer->{compressed_bytes}, $stored, "$title: layer $i: compressed bytes");
		is($layer->{unpacked_bytes}, $fact->{unpacked_size}, "$title: layer $i: unpacked bytes");
		cmp_ok($layer->{content_bytes}, '>=', $fact->{tar}{regular_bytes}, "$title: layer $i: content bytes")
		  unless @{ $fact->{tar}{duplicate_paths} };
		is($layer->{content_bytes}, $fact->{tar}{regular_bytes}, "$title: layer $i: content bytes, without links")
		  unless $fact->{tar}{symlinks} || @{ $fact->{tar}{duplicate_paths} };
		is($layer->{files}, $fact->{tar}{regular}, "$title: layer $i: files")
		  unless @{ $fact->{tar}{duplicate_paths} } || @{ $fact->{tar}{whiteouts} } || @{ $fact->{tar}{opaques} };
	}
	is($size->{compressed_bytes}, $compressed, "$title: compressed bytes");

	my $sum = 0;
	$sum += $_->{bytes} for @{ $size->{top_files} };
	is($sum, $size->{file_bytes}, "$title: the files listed add up");
	$sum = 0;
	$sum += $_->{bytes} for @{ $size->{wasted} };
	is($sum, $size->{wasted_bytes}, "$title: the waste listed adds up");

	($status, $signal, $out, $err) = ask("$ENV{BUILDDIR}/t/lib/rootfs-paths", @{ $case->{arguments} });
	is($out, slurp($case->{paths}), "$title: paths of the merged file system");
}
cmp_ok($compared, '>', 20, 'images were compared');

done_testing();
