# What the tests of packages share: packages made for the moment, in the extension directory of the server under test.
package TodoAssoc;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(extension_directory make_package remove_package report steps_of);

my %made;
my $directory;

END { unlink map { @$_ } values %made }

# Where the server finds extensions; undef if it can't be written.
sub extension_directory
{
	my ($node) = @_;

	$directory = $node->config_data('--sharedir') . '/extension';
	return -w $directory ? $directory : undef;
}

# make_package(name, default version, {'1.0' => script, '1.0--1.1' => script, ...}, line of the control file...)
# replaces all files of the package.
sub make_package
{
	my ($name, $default, $scripts, @control) = @_;
	my %files = ("$name.control" => join("\n", "default_version = '$default'", "requires = 'todo_assoc'", 'superuser = false',
			@control ? @control : ('relocatable = false', 'schema = public')) . "\n");

	remove_package($name);
	$files{"$name--$_.sql"} = $scripts->{$_} for keys %$scripts;
	foreach my $file (keys %files)
	{
		append_to_file("$directory/$file", $files{$file});
		push @{ $made{$name} }, "$directory/$file";
	}
	return;
}

sub remove_package
{
	my ($name) = @_;

	unlink @{ delete $made{$name} // [] };
	return;
}

# The report of a statement that must fail, without what depends on the place: ERROR, DETAIL, HINT, CONTEXT, one a line.
sub report
{
	my ($node, $database, $sql, @params) = @_;
	my ($status, $out, $err) = $node->psql($database, $sql, extra_params => [ '-v', 'VERBOSITY=verbose', @params ]);

	return 'no error' if $status == 0 || $err !~ /ERROR:/;
	$err = "$err\n" =~ s/^psql:<stdin>:\d+: //mgr;
	$err =~ s/^(?:NOTICE|WARNING):.*\n(?:(?!ERROR:).*\n)*//mg;
	$err =~ s/^(?:LOCATION|QUERY|LINE \d+):.*\n(?: +\^\n)?//mg;
	chomp $err;
	return $err;
}

# "from>to" of each step that the call did.
sub steps_of
{
	my ($node, $database, $call, @params) = @_;

	return $node->safe_psql($database,
		"SELECT string_agg(COALESCE(from_version, '-') || '>' || COALESCE(to_version, '-'), ' ' ORDER BY step) FROM $call",
		extra_params => [@params]);
}

1;
