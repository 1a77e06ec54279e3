# The corpus, with the facts that others worked out about it. For tests in Perl: the test is skipped
# where CORPUS is not set, and fails where SEATRIAL_REQUIRE demands it.
package Corpus;
use strict;
use warnings;
use Exporter 'import';
use File::Copy;
use File::Temp 'tempdir';
use JSON::PP;
use Test::More;

our @EXPORT = qw(slurp ask restored corpus_folder corpus_images);

my $corpus = $ENV{CORPUS};
my $scratch = tempdir(CLEANUP => 1);

sub slurp {
	my ($path) = @_;
	open my $in, '<:raw', $path or die "$path: $!";
	local $/ = undef;
	return scalar <$in>;
}

# ask(COMMAND...): exit status, signal, standard output, standard error.
sub ask {
	my (@command) = @_;
	my $line = join ' ', map { my $word = $_; $word =~ s/'/'\\''/g; "'$word'" } @command;
	open my $pipe, '-|', "$line 2>$scratch/err" or die $!;
	binmode $pipe;
	local $/ = undef;
	my $out = <$pipe> // '';
	close $pipe;
	return ($? >> 8, $? & 127, $out, slurp("$scratch/err"));
}

# A folder of the corpus that this test cannot do without.
sub corpus_folder {
	my ($name) = @_;
	my $folder = defined $corpus ? "$corpus/$name" : '';
	if (!-d $folder) {
		my $required = ($ENV{SEATRIAL_REQUIRE} // '') =~ /\b(?:all|corpus)\b/;
		BAIL_OUT("CORPUS has no folder '$name'") if $required;
		plan skip_all => "CORPUS has no folder '$name'";
	}
	return $folder;
}

# Blobs that are links may have become small files that hold the link's text: made links again.
sub restored {
	my ($path, $fact) = @_;
	return $path unless $fact->{blob_symlinks} && -d $path;
	my $copy = "$scratch/" . ($path =~ s{\W}{_}gr);
	mkdir $copy;
	for my $file (split /\n/, `cd '$path' && find . -mindepth 1`) {
		if (-d "$path/$file") { mkdir "$copy/$file"; next }
		my $text = -l "$path/$file" ? readlink "$path/$file" : -s "$path/$file" < 200 ? slurp("$path/$file") : '';
		my $is_link = -l "$path/$file" || ($file =~ m{/blobs/} && $text =~ m{^\.\./\S+$});
		$is_link ? symlink($text, "$copy/$file") : copy("$path/$file", "$copy/$file");
	}
	return $copy;
}

# What to call each image on the command line: {title, arguments, fact, image (the facts), paths (the
# file that lists its merged file system), path}. What is no image is left out.
sub corpus_images {
	my $facts = decode_json(slurp(corpus_folder('images') . '/facts.json'));
	my @images;
	for my $name (sort keys %$facts) {
		my $fact = $facts->{$name};
		my $path = restored("$corpus/$name", $fact);
		my $number = 0;
		my %seen;
		for my $image (@{ $fact->{images} }) {
			my $index = $number++;
			my ($suffix, @options) = ('');
			my $several = @{ $fact->{images} } > 1;
			if ($image->{view} eq 'docker') {
				$suffix = ":\@$index" if $several;
			} else {
				my $top = @{ $image->{via} } ? $image->{via}[0] : $image->{manifest_digest};
				$suffix = ":$top" if $several || @{ $image->{via} };
				my $platform = $image->{platform};
				@options = ('--platform', "$platform->{os}/$platform->{architecture}")
				  if $platform && @{ $image->{via} };
			}
			my $title = join ' ', @options, "$name$suffix";
			next if $seen{$title}++;
			my $list = $name =~ s{^images/}{}r =~ s{/}{__}gr;
			push @images, { title => $title, arguments => [ @options, "$path$suffix" ], fact => $fact,
				image => $image, path => $path, paths => "$corpus/images/paths/$list.$index.paths.txt" };
		}
	}
	return @images;
}

1;
