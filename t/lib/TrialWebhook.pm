# Sample webhooks of a file, and the answers that are expected: seatrial.conf(5) tells its form.
package TrialWebhook;

use strict;
use warnings;
use Exporter 'import';
use JSON::PP;

our @EXPORT_OK = qw(read_cases);

my $json = JSON::PP->new->canonical->allow_nonref->utf8;
my %kinds = (
	name => '', path => '', method => '', headers => 'HASH', body => 'any', body_file => '', status => '', json => 'HASH', matches => '',
);

# Arguments of a program are bytes.
sub octets {
	my ($text) = @_;
	utf8::encode($text) if utf8::is_utf8($text);
	return $text;
}

sub check {
	my ($where, $case) = @_;
	die "$where is no object\n" unless ref $case eq 'HASH';
	for my $member (sort keys %$case) {
		my $kind = $kinds{$member} // die "$where: there is no member '" . octets($member) . "'\n";
		die "$where: '$member' is no " . ($kind eq 'HASH' ? 'object' : 'text') . "\n"
		  unless $kind eq 'any' || defined $case->{$member} && ref $case->{$member} eq $kind;
	}
	die "$where: both 'body' and 'body_file'\n" if exists $case->{body} && exists $case->{body_file};
	die "$where: cannot read '$case->{body_file}'\n" if exists $case->{body_file} && !-r $case->{body_file};
	die "$where: '$case->{status}' is no status\n" if defined $case->{status} && $case->{status} !~ /^\d{3}(?:-\d{3})?(?:,\d{3}(?:-\d{3})?)*$/;
	return;
}

# A text is sent as it is, anything else as JSON.
sub data_of {
	my ($where, $case) = @_;
	return ('--data', '@' . octets($case->{body_file})) if exists $case->{body_file};
	return unless exists $case->{body};
	my $body = $json->encode($case->{body});
	$body = octets($case->{body}) if $body =~ /^"/;
	die "$where: a 'body' that begins with '\@' is for a 'body_file'\n" if $body =~ /^\@/;
	return ('--data', $body);
}

sub headers_of {
	my ($case, @usual) = @_;
	my %own = map { lc $_ => 1 } keys %{ $case->{headers} // {} };
	my @headers = (grep({ !$own{ lc s/\s*:.*//sr } } @usual), map { octets("$_: $case->{headers}{$_}") } sort keys %{ $case->{headers} // {} });
	return map { ('--header', $_) } @headers;
}

sub case_of {
	my ($where, $number, $case, $usual) = @_;
	check($where, $case);
	my $path = $case->{path} // $usual->{path} // die "$where: no 'path', and no WEBHOOK_PATH in the settings\n";
	my $expected = $case->{json} // {};
	return {
		name => octets($case->{name} // "case $number"),
		label => "webhook-$number",
		url => $usual->{url} . octets($path),
		options => [
			'--method', octets($case->{method} // 'POST'), data_of($where, $case), headers_of($case, @{ $usual->{headers} }),
			'--status', $case->{status} // $usual->{status} // 200,
			(map { ('--json-equals', octets($_) . '=' . $json->encode($expected->{$_})) } sort keys %$expected),
			(map { ('--body', octets($_)) } grep { defined } $case->{matches}),
		],
	};
}

# [{name, label, url, options (of probe)}]; what a case leaves out is as `usual` says: {url (without a
# path), path, status, headers}. Dies with one line that names the file and the case.
sub read_cases {
	my ($file, $usual) = @_;
	open my $in, '<:raw', $file or die "cannot open '$file': $!\n";
	my $text = do { local $/ = undef; <$in> };
	my $cases = eval { $json->decode($text // '') };
	die "'$file' is no JSON: " . ($@ =~ s/ at \S+ line \d+\.?\s*\z//r) . "\n" if $@;
	die "'$file' is no list of cases\n" unless ref $cases eq 'ARRAY' && @$cases;
	my $number = 0;
	return map { ++$number; case_of("'$file', case $number", $number, $_, $usual) } @$cases;
}

1;
