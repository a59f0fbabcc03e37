# What tests share: packages made for the moment, in the extension directory of the server under test; dumps of databases,
# and their restores.
package TodoAssoc;

use strict;
use warnings;

use Exporter 'import';
use Fcntl ':flock';
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(dump_of extension_directory lost_and_new make_package remove_package report restore_into steps_of);

my %made;
my ($directory, $lock);
my $dumps = 0;

END { unlink map { @$_ } values %made }

# Where the server finds extensions; undef if it can't be written. Tests run side by side, but those that make packages there one after
# the other: packages of different tests have the same names.
sub extension_directory
{
	my ($node) = @_;

	$directory = $node->config_data('--sharedir') . '/extension';
	return unless -w $directory;
	unless ($lock)
	{
		open $lock, '>', "$directory/packages.lock" or die "$directory/packages.lock: $!";
		flock $lock, LOCK_EX or die "$directory/packages.lock: $!";
	}
	return $directory;
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

# dump_of(node, database, role, option...) returns the name of the file, or of the directory.
sub dump_of
{
	my ($node, $database, $role, @options) = @_;
	my $file = $node->basedir . '/dump_' . ++$dumps;

	$node->command_ok([ 'pg_dump', '-U', $role, '-f', $file, @options, $database ], "$database: pg_dump @options as $role");
	return $file;
}

# Restores a dump of any format into a database; returns what was said.
sub restore_into
{
	my ($node, $database, $role, $file, @options) = @_;
	my $script = !-d $file && slurp_file($file) =~ /\A--\n/;
	my @command = $script ? ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-d', $database) : ('pg_restore', '-d', $database, @options, $file);
	my ($out, $err) = run_command([ $command[0], '-h', $node->host, '-p', $node->port, '-U', $role, @command[ 1 .. $#command ] ]);

	return $err =~ s/^(?:could not change directory.*|psql:\S*: NOTICE:.*)(?:\n|\z)//mgr;
}

# The lines of one text that the other has not, and the other way round.
sub lost_and_new
{
	my ($got, $expected) = @_;
	my %count;

	$count{$_}++ for split /\n/, $expected;
	$count{$_}-- for split /\n/, $got;
	return join("\n", map { ($count{$_} > 0 ? "lost: $_" : "new: $_") } grep { $count{$_} } sort keys %count);
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
