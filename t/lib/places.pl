#!/usr/bin/perl
# For t/1091-places.t, which has started a registry (REGISTRY, REGISTRY_LOG) and Docker (DOCKER_HOST): takes each
# image of the corpus to four kinds of place, and compares what image-size, layer-grep and image-lint say of it
# there with what they say of the file. Prints TAP, and how many requests each utility made of the registry.
#
# What differs by the place's nature, and is compared otherwise:
#
#   pipe      nothing
#   registry  skopeo compresses layers that are not, and writes a manifest of its own where the image had none or
#             a layer has changed: digests, media types and compressed sizes are then those of the manifest that
#             the registry hands out. It writes every index anew. Searches of paths read an eStargz layer's table
#             of contents, and that says nothing on whether the tar ends before the table or behind it: so
#             'stargz.index.json' may be one path more than in the layer
#   Docker    keeps layers uncompressed and no manifest: digests and compressed sizes are not known
#
# What skopeo or Docker do not take is named, with what they say: zstd layers, which skopeo does not convert.
use strict;
use warnings;
use Digest::SHA 'sha256_hex';
use FindBin;
use lib $FindBin::Bin;
use Corpus;
use HTTP::Tiny;
use JSON::PP;
use POSIX ();
use Test::More;

my $registry = $ENV{REGISTRY} or die 'no REGISTRY';
my $scratch = "$ENV{TMPDIR}/places";
mkdir $scratch or die "$scratch: $!";
my @size = qw(image-size --json --top 0 --depth 99);
my @paths = ('layer-grep', '--json', '--path', '-E', 'e[a-z]+');
my @grep = ('layer-grep', '--json', '--path', '--content', '--config', '-E', 'e[a-z]+');
my @lint = ('image-lint', '--json', '--enable', 'setuid-files,no-expose');
my %requests;    # by utility: how many there were, and of how many images
my %places;      # how many images were compared there

# --- the places ------------------------------------------------------------------------------------

# done(TITLE, COMMAND...): did it succeed? Otherwise reason(TITLE) is its last line.
sub done {
	my ($title, @command) = @_;
	my $line = join ' ', map { "'$_'" } @command;
	return system("$line >'$scratch/$title.log' 2>&1") == 0;
}

sub reason {
	my ($title) = @_;
	my ($last) = slurp("$scratch/$title.log") =~ /(.*)\Z/;
	return $last;
}

# The layout in a folder of its own, whose index names this digest alone: what skopeo can be told to take.
sub layout_alone {
	my ($case, $top, $folder) = @_;
	my $from = $case->{path};
	if (!-d $from) {
		mkdir "$folder.tar";
		system('tar', '-xf', $from, '-C', "$folder.tar") == 0 or die "$from: no tar";
		$from = "$folder.tar";
	}
	mkdir $folder;
	symlink "$from/blobs", "$folder/blobs";
	my $blob = slurp("$from/blobs/" . $top =~ s/:/\//r);
	my $document = decode_json($blob);
	my $type = $document->{mediaType} // 'application/vnd.oci.image.' . ($document->{manifests} ? 'index' : 'manifest') . '.v1+json';
	open my $out, '>', "$folder/index.json" or die $!;
	print $out encode_json({ schemaVersion => 2,
			manifests => [ { mediaType => $type, digest => $top, size => length $blob } ] });
	close $out;
	open $out, '>', "$folder/oci-layout" or die $!;
	print $out '{"imageLayoutVersion":"1.0.0"}';
	close $out;
	return "oci:$folder";
}

# How skopeo calls an archive, which it wants uncompressed.
sub archive_alone {
	my ($case, $folder) = @_;
	my $path = $case->{path};
	my ($position) = $case->{arguments}[-1] =~ /(:\@\d+)\z/;
	if ($path =~ /\.gz\z/) {
		system("gzip -dc '$path' >$folder.tar");
		$path = "$folder.tar";
	}
	return "docker-archive:$path" . ($position // '');
}

sub push_to_registry {
	my ($case, $number) = @_;
	my $image = $case->{image};
	my $via = @{ $image->{via} // [] } ? $image->{via}[0] : undef;
	my $source = $image->{view} eq 'docker' ? archive_alone($case, "$scratch/$number")
	  : layout_alone($case, $via // $image->{manifest_digest}, "$scratch/$number");
	return done("registry-$number", 'skopeo', '--insecure-policy', 'copy', '-q', defined $via ? '--all' : (), '--dest-tls-verify=false',
		$source, "docker://$registry/corpus:$number");
}

# Archives that Docker loads itself; by way of skopeo layouts, and archives whose names it does not like. Both
# may say nothing where it did not work: what counts is is_in_docker().
sub load_into_docker {
	my ($case, $number) = @_;
	my $image = $case->{image};
	my $docker = $image->{view} eq 'docker';
	return 1 if $docker && done("docker-$number", 'docker', 'load', '-i', $case->{path});
	my $source = $docker ? archive_alone($case, "$scratch/docker-$number")
	  : layout_alone($case, $image->{manifest_digest}, "$scratch/docker-$number");
	return done("docker-$number", 'skopeo', '--insecure-policy', 'copy', '-q', '--dest-daemon-host', $ENV{DOCKER_HOST},
		$source, "docker-daemon:corpus:$number");
}

sub is_in_docker {
	my ($name) = @_;
	return done('inspect', 'docker', 'image', 'inspect', $name);
}

# Does that for all images, beside what is asked of the files. Returns its process; finished() leaves which of
# them it worked for.
sub all_at_once {
	my ($place, $sub, @cases) = @_;
	my $pid = fork() // die $!;
	return $pid if $pid > 0;
	open my $out, '>', "$scratch/$place" or POSIX::_exit(1);
	print $out join ' ', grep { $sub->($cases[ $_ - 1 ], $_) } 1 .. @cases;
	close $out;
	POSIX::_exit(0);
}

sub finished {
	my ($pid, $place) = @_;
	waitpid $pid, 0;
	return map { $_ => 1 } split / /, slurp("$scratch/$place");
}

# The command that reads the image from a pipe, for a shell.
sub piped {
	my ($case, @command) = @_;
	my ($suffix) = $case->{arguments}[-1] =~ /\A\Q$case->{path}\E(.*)\z/s;
	my $reader = join ' ', map { "'$_'" } @command, @{ $case->{arguments} }[ 0 .. $#{ $case->{arguments} } - 1 ];
	my $transport = $suffix eq '' ? '' : $case->{image}{view} eq 'docker' ? 'docker-archive:' : 'oci-archive:';
	my $writer = -d $case->{path} ? "tar -C '$case->{path}' -cf - ." : "cat '$case->{path}'";
	return ('sh', '-c', "$writer | TMPDIR=/nowhere $reader '$transport-$suffix'");
}

# --- what is asked of the registry -----------------------------------------------------------------

# The registry writes its log when it has answered.
sub log_size {
	my $size = -1;
	while ($size != -s $ENV{REGISTRY_LOG}) {
		$size = -s $ENV{REGISTRY_LOG};
		select undef, undef, undef, 0.01;
	}
	return $size;
}

# counted(UTILITY, COMMAND...): as ask(), and the requests as [path, ...].
sub counted {
	my ($utility, @command) = @_;
	my $before = log_size();
	my @result = ask(@command);
	log_size();
	my @paths = substr(slurp($ENV{REGISTRY_LOG}), $before) =~ /"GET (\S+) HTTP/g;
	$requests{$utility}{ scalar @paths }++;
	return (\@paths, @result);
}

# --- comparing -------------------------------------------------------------------------------------

sub document {
	my ($text, @without) = @_;
	my $document = decode_json($text);
	delete $document->{image}{name};
	for my $name (@without) {
		delete $document->{$name};
		delete $document->{image}{$name};
		delete $_->{$name} for @{ $document->{layers} };
	}
	return $document;
}
my @of_storage = qw(manifest_digest index_digest digest media_type compression compressed_bytes);

# A list of paths without the member that holds the table of contents.
sub without_table {
	my ($document) = @_;
	$document->{matches} = [ grep { $_->{path} ne 'stargz.index.json' } @{ $document->{matches} } ];
	delete @$document{qw(match_count verdict rules)};
	return $document;
}

# What the registry hands out, and its digest.
sub manifest_of {
	my ($reference) = @_;
	my $answer = HTTP::Tiny->new->get("http://$registry/v2/corpus/manifests/$reference",
		{ headers => { Accept => join ', ', map { "application/vnd.$_+json" } 'oci.image.manifest.v1',
					'oci.image.index.v1', 'docker.distribution.manifest.v2',
					'docker.distribution.manifest.list.v2' } });
	return (decode_json($answer->{content}), 'sha256:' . sha256_hex($answer->{content}));
}

# What image-lint found, wherever the image is: its findings and credits, without its name.
sub found_by_lint {
	my ($status, $out) = @_;
	my $doc = $status > 1 ? {} : decode_json($out);
	return [ $status, [ map { $_->{id} } @{ $doc->{targets} } ], [ map { [ @$_{qw(rule message)} ] } @{ $doc->{findings} } ],
		[ map { $_->{text} } @{ $doc->{credits} } ] ];
}

sub lint_of_file {
	my ($case) = @_;
	my ($status, undef, $out) = ask(@lint, @{ $case->{arguments} });
	return found_by_lint($status, $out);
}

sub compare_registry {
	my ($title, $number, $file, $found, @without) = @_;
	my $doc = decode_json($found);
	is_deeply(document($found, @without), document($file, @without), "$title: registry: image-size");
	my ($manifest, $digest) = manifest_of($doc->{image}{manifest_digest});
	is($digest, $doc->{image}{manifest_digest}, "$title: registry: the manifest has this digest");
	my ($top, $top_digest) = manifest_of($number);
	is($doc->{image}{index_digest}, $top->{manifests} ? $top_digest : undef, "$title: registry: and the index that")
	  or diag $top_digest;
	is_deeply([ map { [ $_->{digest}, $_->{media_type} ] } @{ $doc->{layers} } ],
		[ map { [ $_->{digest}, $_->{mediaType} ] } @{ $manifest->{layers} } ],
		"$title: registry: digests and media types are the manifest's");
	my @sizes = map { $_->{size} } @{ $manifest->{layers} };
	my $sum = 0;
	$sum += $_ for @sizes;
	is_deeply([ $doc->{compressed_bytes}, map { $_->{compressed_bytes} } @{ $doc->{layers} } ], [ $sum, @sizes ],
		"$title: registry: so are the compressed sizes")
	  if !grep { $_->{compression} eq 'none' } @{ $doc->{layers} };
	return $doc;
}

# What the manifest alone tells, and in how many requests.
sub compare_manifest {
	my ($title, $name, $doc, @options) = @_;
	my ($paths, $status, $signal, $out, $err) = counted('image-size', 'image-size', '--json', @options, $name);
	is("$status $signal $err", '0 0 ', "$title: registry: image-size without the layers") or return;
	my $small = decode_json($out);
	is_deeply([ $small->{image}, $small->{compressed_bytes}, $small->{content_bytes}, $small->{layers_read} ],
		[ $doc->{image}, $doc->{compressed_bytes}, undef, JSON::PP::false ],
		"$title: registry: the same image, and nothing said of what was not read");
	my $index = defined $doc->{image}{index_digest} ? 1 : 0;
	is(scalar @$paths, 2 + $index, "$title: registry: manifest and configuration were asked for") or diag "@$paths";
}

# As often as there are layers, and no more.
sub requests_are {
	my ($title, $doc, $paths) = @_;
	my %layers = map { $_->{digest} => 1 } @{ $doc->{layers} };
	my %asked;
	$asked{$_}++ for @$paths;
	my $wanted = 2 + (defined $doc->{image}{index_digest} ? 1 : 0) + keys %layers;
	is(scalar @$paths, $wanted, "$title: manifest, configuration and each layer once") or diag "@$paths";
}

sub from_registry {
	my ($case, $number, $file, $found_in_file) = @_;
	my $title = $case->{title};
	my @options = @{ $case->{arguments} }[ 0 .. $#{ $case->{arguments} } - 1 ];
	my $name = "docker://$registry/corpus:$number";
	my $changed = $case->{image}{view} eq 'docker' || grep { $_->{compression} eq 'none' } @{ $case->{image}{layers} };
	my @without = $changed ? @of_storage : 'index_digest';
	my ($paths, $status, $signal, $out, $err) = counted('image-size --content', @size, '--content', @options, $name);
	is("$status $signal $err", '0 0 ', "$title: registry: measured") or return;
	my $doc = compare_registry($title, $number, $file, $out, @without);
	requests_are("$title: registry: image-size --content", $doc, $paths);
	compare_manifest($title, $name, $doc, @options);
	($paths, $status, $signal, $out, $err) = counted('layer-grep', @grep, @options, $name);
	is_deeply(document($out, @without), document($found_in_file, @without), "$title: registry: layer-grep");
	requests_are("$title: registry: layer-grep", $doc, $paths);
	($paths, $status, $signal, $out, $err) = counted('image-lint', @lint, @options, $name);
	my @lint_found = (found_by_lint($status, $out), lint_of_file($case));
	is_deeply([ @{ $lint_found[0] }[ 0, 2, 3 ] ], [ @{ $lint_found[1] }[ 0, 2, 3 ] ], "$title: registry: image-lint");
	requests_are("$title: registry: image-lint", $doc, $paths);
	($paths) = counted('image-lint, configuration', 'image-lint', '--only', 'no-labels,no-healthcheck', @options, $name);
	is(scalar @$paths, 2 + (defined $doc->{image}{index_digest} ? 1 : 0), "$title: registry: image-lint reads no layer for nothing");
	# a search of paths may do with a table of contents, and finds the same
	my (undef, undef, $found_by_path, undef) = ask(@paths, @{ $case->{arguments} });
	($paths, $status, $signal, $out, $err) = counted('layer-grep, paths', @paths, @options, $name);
	my @how = qw(table table_bytes);
	is_deeply(without_table(document($out, @without, @how)), without_table(document($found_by_path, @without, @how)),
		"$title: registry: layer-grep, paths");
	my ($table) = grep { defined } map { $_->{table} } @{ decode_json($out)->{layers} };
	is($table, $title =~ /estargz/ ? 'estargz' : undef, "$title: registry: layer-grep, paths: how it was read");
	requests_are("$title: registry: layer-grep, paths", $doc, $paths) if !defined $table;
	$places{registry}++;
}

sub from_docker {
	my ($case, $file, $found_in_file) = @_;
	my $title = $case->{title};
	my $name = 'docker-daemon:' . decode_json($file)->{image}{id};
	my ($status, $signal, $out, $err) = ask(@size, $name);
	is("$status $signal $err", '0 0 ', "$title: Docker: measured") or return;
	is_deeply(document($out, @of_storage), document($file, @of_storage), "$title: Docker: image-size");
	my $doc = decode_json($out);
	is_deeply([ @{ $doc->{image} }{qw(manifest_digest index_digest)}, $doc->{compressed_bytes},
			map { @$_{qw(compression compressed_bytes)} } @{ $doc->{layers} } ],
		[ undef, undef, undef, map { ('none', undef) } @{ $doc->{layers} } ],
		"$title: Docker: neither manifest nor compressed sizes are known");
	($status, $signal, $out, $err) = ask(@grep, $name);
	is_deeply(document($out, @of_storage), document($found_in_file, @of_storage), "$title: Docker: layer-grep");
	($status, $signal, $out, $err) = ask(@lint, $name);
	is_deeply(found_by_lint($status, $out), lint_of_file($case), "$title: Docker: image-lint") or diag $err;
	$places{Docker}++;
}

sub from_pipe {
	my ($case, $file, $found_in_file) = @_;
	my ($status, $signal, $out, $err) = ask(piped($case, @size));
	is("$status $signal $err", '0 0 ', "$case->{title}: pipe: measured") or return;
	is_deeply(document($out), document($file), "$case->{title}: pipe: image-size");
	($status, $signal, $out, $err) = ask(piped($case, @grep));
	is_deeply(document($out), document($found_in_file), "$case->{title}: pipe: layer-grep");
	($status, $signal, $out, $err) = ask(piped($case, @lint));
	is_deeply(found_by_lint($status, $out), lint_of_file($case), "$case->{title}: pipe: image-lint") or diag $err;
	$places{pipe}++;
}

# What a run came to, as both engines can tell it: an engine says 128 and the signal, as a shell does.
sub outcome {
	my ($engine, $time, @image) = @_;
	my ($status, $signal, $out, $err) =
	  ask('timeout', 60, 'ro-run', '--json', '--cache', "$scratch/engines", '--engine', $engine, '--for', $time, '--grace', '1s', @image);
	my $doc = $status < 2 ? decode_json($out) : undef;
	return { status => $status, why => $err =~ s/^[^:]*: \S+: //r } if !defined $doc;
	return {
		status => $status,
		verdict => $doc->{verdict},
		code => $doc->{exit}{code} // $doc->{exit}{signal} + 128,
		early => $doc->{exit}{early},
		path => $doc->{refused}[0]{path},
	};
}

sub runs_alike {
	my ($case, $file) = @_;
	my $image = decode_json($file)->{image};
	return if $image->{platform} ne 'linux/amd64';
	my @arguments = @{ $case->{arguments} };
	my $both = sub { my ($time) = @_; return (outcome('sandbox', $time, @arguments), outcome('docker', $time, "docker-daemon:$image->{id}")) };
	my ($sandbox, $docker) = $both->('1s');
	# what ends by itself may need longer than that on a busy machine
	($sandbox, $docker) = $both->('15s') if !$sandbox->{early} != !$docker->{early};
	if ($sandbox->{status} == 2 && $docker->{status} == 2) {
		$places{'not run by either engine'}++;
		return;
	}
	is_deeply($docker, $sandbox, "$case->{title}: both engines run it alike") or diag encode_json([ $sandbox, $docker ]);
	$places{'run alike'}++;
}

# What is wrong in the file is wrong wherever it gets to.
sub wrong_everywhere {
	my ($case, $number, $problem, $is_pushed) = @_;
	my @options = @{ $case->{arguments} }[ 0 .. $#{ $case->{arguments} } - 1 ];
	my %commands = (
		file => [ 'image-size', '--verify', @{ $case->{arguments} } ],
		pipe => [ piped($case, 'image-size', '--verify') ],
	);
	$commands{registry} = [ 'image-size', '--content', @options, "docker://$registry/corpus:$number" ]
	  if $is_pushed;
	for my $place (sort keys %commands) {
		my ($status, $signal, $out, $err) = ask(@{ $commands{$place} });
		is("$status $signal $out" . ($err =~ tr/\n//), '2 0 1', "$case->{title}: $place: refused, for $problem")
		  or diag $err;
		$places{"refused from $place"}++;
	}
	ok(!is_in_docker("corpus:$number"), "$case->{title}: Docker does not take it");
}

my @cases = corpus_images();
my $pushing = all_at_once('registry', \&push_to_registry, @cases);
my $loading = all_at_once('docker', \&load_into_docker, @cases);
for my $case (@cases) {
	($case->{problem}) = grep { !/^history has/ } @{ $case->{image}{problems} };
	next if $case->{problem};
	my ($status, $signal, $file, $err) = ask(@size, @{ $case->{arguments} });
	is("$status $signal $err", '0 0 ', "$case->{title}: file: measured") or next;
	my (undef, undef, $found, undef) = ask(@grep, @{ $case->{arguments} });
	@$case{qw(file found)} = ($file, $found);
	$places{file}++;
	from_pipe($case, $file, $found);
}
my %pushed = finished($pushing, 'registry');
my %loaded = finished($loading, 'docker');
for my $number (1 .. @cases) {
	my $case = $cases[ $number - 1 ];
	if ($case->{problem}) {
		wrong_everywhere($case, $number, $case->{problem}, $pushed{$number});
		next;
	}
	next if !defined $case->{file};
	if ($pushed{$number}) {
		from_registry($case, $number, @$case{qw(file found)});
	} else {
		note "$case->{title}: not in the registry: ", reason("registry-$number");
	}
	if ($loaded{$number} && is_in_docker(decode_json($case->{file})->{image}{id})) {
		from_docker($case, @$case{qw(file found)});
		runs_alike($case, $case->{file});
	} else {
		note "$case->{title}: not in Docker: ", reason("docker-$number");
	}
}
# What is unpacked is asked for once, and no layer again while it is in the cache.
for my $number (1 .. @cases) {
	my $case = $cases[ $number - 1 ];
	next if !$pushed{$number} || $case->{title} !~ /busybox/ || !defined $case->{file};
	my $layers = decode_json($case->{file})->{layer_count};
	for my $state ('', ' (in the cache)') {
		my ($paths, $status, $signal, $out, $err) = counted("ro-run$state", 'ro-run', '--cache', "$scratch/cache",
			'--for', '200ms', "docker://$registry/corpus:$number");
		like("$status $signal", qr/^[01] 0$/, "$case->{title}: registry: ro-run$state") or diag $err;
		is(scalar @$paths, $state ? 2 : 2 + $layers, "$case->{title}: registry: ro-run$state: requests") or diag "@$paths";
	}
}
cmp_ok($places{$_} // 0, '>=', 30, "$_: images were compared") for qw(file pipe registry Docker);

note "images: ", join ', ', map { "$_ $places{$_}" } sort keys %places;
for my $utility (sort keys %requests) {
	my $of = $requests{$utility};
	note "$utility docker://...: ", join ', ', map { "$_ requests for each of $of->{$_} images" } sort { $a <=> $b } keys %$of;
}

done_testing();
