# Every example of README.md and docs/*.md does what the page says.
#
# Each ```sql block of a file is run by psql, in order, as the plain owner of a database of the file's own, in which
# test/docs_setup.sql has made the tables.  In the pages:
#
#   <!-- new database -->    from here on in another, empty database
#   <!-- error: SQLSTATE --> the last statement of the next block must fail so, and those before it must not
#   ```text right after it   what psql -q prints, but for blanks at line ends
#   ```line right after it   the same of psql -q -A -t: rows only, for columns that are wide
#
# A block with another word after the fence is not run.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('docs');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE docs_owner LOGIN');
my $has_package =
  $node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = 'todo_app'");
my $databases = 0;

# The items of a page: blocks with the line they start at, and new databases.
sub items_of
{
	my ($page) = @_;
	my (@items, $block, $error);
	my $number = 0;

	foreach my $line (split /\n/, $page)
	{
		$number++;
		if ($block)
		{
			if ($line ne '```') { $block->{body} .= "$line\n"; next }
			if ($block->{word} eq 'sql') { push @items, $block }
			elsif ($block->{word} =~ /^(text|line)$/)
			{
				die "line $block->{line}: an output without its example\n" unless @items && $items[-1]{follows};
				$items[-1]{output} = $block->{body};
				$items[-1]{bare} = $1 eq 'line';
			}
			$_->{follows} = 0 for grep { $_ != $block } @items;
			$block = undef;
		}
		elsif ($line =~ /^```(\w*)$/)
		{
			$block = { word => $1, line => $number, body => '', error => $error, follows => 1 };
			$error = undef if $1 eq 'sql';
		}
		elsif ($line eq '<!-- new database -->') { push @items, { new => 1 } }
		elsif ($line =~ /^<!-- error: (\w{5}) -->$/) { $error = $1 }
		elsif ($line ne '') { $_->{follows} = 0 for @items }
	}
	die "line $block->{line}: the block has no end\n" if $block;
	return @items;
}

sub new_database
{
	my ($setup) = @_;
	my $name = 'docs_' . ++$databases;

	$node->safe_psql('postgres', "CREATE DATABASE $name OWNER docs_owner TEMPLATE template0");
	run_block($name, slurp_file('test/docs_setup.sql'), 1) if $setup;
	return $name;
}

# Returns the exit status and what psql printed.
sub run_block
{
	my ($database, $sql, $stop, $bare) = @_;
	my $output = '';
	my @command = ('psql', '-X', '-q', '-P', 'pager=off', '-U', 'docs_owner', '-d', $node->connstr($database));

	push @command, '-v', 'ON_ERROR_STOP=1' if $stop;
	push @command, '-A', '-t' if $bare;
	local $ENV{PGAPPNAME} = 'docs';
	IPC::Run::run \@command, '<', \$sql, '>', \$output, '2>&1';
	return ($? >> 8, trimmed($output));
}

sub trimmed
{
	my ($text) = @_;

	$text =~ s/\r//g;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/^\n+//;
	$text =~ s/\n*$/\n/;
	return $text;
}

# What is wrong with a block's run, or ''.
sub verdict
{
	my ($database, $block) = @_;
	my ($status, $output);

	if (defined $block->{error})
	{
		($status, $output) = run_block($database, "$block->{body}\n\\echo SQLSTATE :SQLSTATE :ERROR\n", 0);
		return "it was to fail with $block->{error}, but:\n$output"
		  unless $output =~ s/^SQLSTATE $block->{error} true\n\z//m;
		return "an earlier statement failed too:\n$output" if (() = $output =~ /^ERROR:/mg) > 1;
		$output = trimmed($output);
	}
	else
	{
		($status, $output) = run_block($database, $block->{body}, 1, $block->{bare});
		return "it failed:\n$output" if $status != 0;
	}
	return '' unless defined $block->{output};
	my $expected = trimmed($block->{output});
	return $output eq $expected ? '' : "it printed:\n$output\nand not:\n$expected";
}

# Runs a page; returns how many blocks there are, and what is wrong, each with its line.
sub run_page
{
	my ($page) = @_;
	my $database = new_database(1);
	my ($count, $skip, @wrong) = (0, 0);

	foreach my $item (items_of($page))
	{
		if ($item->{new}) { $database = new_database(0); $skip = 0; next }
		# make installcheck on a server of the user's own may lack the example package
		$skip = 1 if !$has_package && $item->{body} =~ /todo_app/;
		next if $skip;
		$count++;
		my $verdict = verdict($database, $item);
		push @wrong, "line $item->{line}: $verdict" if $verdict ne '';
	}
	return ($count, @wrong);
}

sub leads_somewhere
{
	my ($file, $folder, $link) = @_;
	my ($path, $anchor) = split /#/, $link, 2;

	return 1 if $link =~ /^https?:/;
	$path = $path eq '' ? $file : "$folder$path";
	return 0 unless -e $path;
	return 1 unless defined $anchor;
	return grep { my $h = lc; $h =~ s/[^\w -]//g; $h =~ tr/ /-/; $h eq $anchor } slurp_file($path) =~ /^#+ (.*)$/mg;
}

# First that this test can fail at all.
my ($count, @wrong) = run_page(<<'END');
```sql
SELECT 1 AS one;
```
```text
 one
-----
   2
(1 row)
```
```sql
SELECT 1/0;
```
<!-- error: 22012 -->
```sql
SELECT 1;
```
<!-- error: 22012 -->
```sql
SELECT 'x'::int;
```
<!-- error: 22012 -->
```sql
SELECT 'x'::int;
SELECT 1/0;
```
<!-- error: 22012 -->
```sql
SELECT 1;
SELECT 1/0;
```
```sh
false
```
```sql
SELECT 1 AS one;
```

```text
 one
-----
   1
(1 row)
```
END
is($count, 7, 'blocks are found');
is(scalar @wrong, 5, 'a wrong output and a wrong outcome are told') or diag(join "\n", @wrong);

foreach my $file ('README.md', sort glob 'docs/*.md')
{
	($count, @wrong) = run_page(slurp_file($file));
	ok(!@wrong, "$file: $count examples") or diag(map { "$file $_\n" } @wrong);
}

# Links inside the tree lead somewhere: to a file, and to a heading of a page.
foreach my $file ('README.md', sort glob 'docs/*.md')
{
	my $folder = $file =~ m{^(.*/)} ? $1 : '';
	my @broken = grep { !leads_somewhere($file, $folder, $_) } slurp_file($file) =~ /\]\(([^)\s]+)\)/g;

	is("@broken", '', "$file: links");
}

# Nothing is left out of the reference, and nothing in it does not exist.
my $reference = slurp_file('docs/reference.md');
my $surface = new_database(0);
run_block($surface, 'CREATE EXTENSION todo_assoc;', 1);
my $there = $node->safe_psql($surface, <<'END');
SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'assoc'::regnamespace
UNION SELECT relname FROM pg_class WHERE relnamespace = 'assoc'::regnamespace AND relkind = 'v' ORDER BY 1
END
my %described = map { $_ => 1 } $reference =~ /^### (\w+)$/mg;
is(join("\n", sort keys %described), $there, 'docs/reference.md has a section for each function and view');

# The arguments it lists are those that the functions have.
my @signatures = split /\n/, $node->safe_psql($surface, <<'END');
SELECT DISTINCT proname || '(' || a || ')' FROM pg_proc, LATERAL (
    SELECT string_agg(n, ', ' ORDER BY i) FROM unnest(proargnames) WITH ORDINALITY u(n, i) WHERE i <= pronargs) s(a)
WHERE pronamespace = 'assoc'::regnamespace AND pronargs > 0 ORDER BY 1
END
foreach my $signature (@signatures)
{
	my ($name, $arguments) = $signature =~ /^(\w+)\((.*)\)$/;
	my ($section) = $reference =~ /^### \Q$name\E\n(.*?)(?=^##)/ms;
	my @listed = ($section // '') =~ /^\| `(\w+)` \|/mg;
	is(join(', ', @listed), $arguments, "docs/reference.md: arguments of $name");
}

$node->stop;
done_testing();
