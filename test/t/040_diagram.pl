# assoc.diagram with names that need every kind of escaping, read by Graphviz and by a reader of the lines that Mermaid
# knows; and script/diagram, as one calls it. Without Graphviz, what it would draw is left out.
use strict;
use warnings;

use Cwd;
use Encode;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $script = getcwd() . '/script/diagram';
my $dir = PostgreSQL::Test::Utils::tempdir();
my $node = PostgreSQL::Test::Cluster->new('diagram');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE plain LOGIN');
local $ENV{PGHOST} = $node->host;
local $ENV{PGPORT} = $node->port;
my $graphviz = run_quietly('dot', '-V');

sub run_quietly
{
	my ($out, $err);

	return eval { IPC::Run::run \@_, '<', \'', '>', \$out, '2>', \$err };
}

# Runs a command as a plain user; returns its exit status, its output and its errors, as bytes.
sub call
{
	my ($in, @command) = @_;
	my ($out, $err) = ('', '');
	local $ENV{PGUSER} = 'plain';

	IPC::Run::run \@command, '<', \$in, '>', \$out, '2>', \$err;
	return ($? >> 8, $out, $err);
}

# The database's answer, as bytes.
sub sql
{
	my ($database, $sql) = @_;
	my ($status, $out, $err) = call($sql, 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', $database);

	die "$err in $sql" if $status;
	chomp $out;
	return $out;
}

sub slurp
{
	return slurp_file("$dir/$_[0]");
}

# ---- What Mermaid's grammar has of lines, and no more.

my $id = qr/[A-Za-z][A-Za-z0-9_]*/;
my $text = qr/"(?!.*(?i:direction)\s)(?:[^"\\%`~<>*\x00-\x1f\x7f#;]|#(?:quot|lt|gt|amp|\d+);)+"/;
my $word = qr/[A-Za-z_\x{c0}-\x{10ffff}][A-Za-z0-9_\[\]()\x{c0}-\x{10ffff}-]*/;
my $mark = qr/(?:PK|FK|UK)/;

# Returns the numbers of boxes, columns and lines; or the line that is none.
sub read_mermaid
{
	my ($diagram) = @_;
	my ($open, $columns, $edges, %boxes) = (0, 0, 0);

	my @lines = split /\n/, decode('UTF-8', $diagram), -1;
	return 'no erDiagram' if shift @lines ne 'erDiagram';
	foreach my $line (@lines)
	{
		if ($open)
		{
			if ($line eq '    }') { $open = 0 }
			elsif ($line =~ /^        $word (?!(?i:$mark)(?![A-Za-z0-9_]))$word(?: $mark(?:, $mark)*)?(?: $text)?$/) { $columns++ }
			else { return "no column: $line" }
		}
		elsif ($line =~ /^    ($id)(?:\[$text\])?( \{)?$/)
		{
			return "twice: $1" if $boxes{$1}++;
			$open = defined $2;
		}
		elsif ($line =~ /^    ($id) (?:\|\||\|o)(?:--|\.\.)(?:o\||o\{) ($id) : $text$/)
		{
			return "unknown: $line" unless $boxes{$1} && $boxes{$2};
			$edges++;
		}
		elsif ($line ne '' && $line !~ /^    %% [^%]*$/) { return "no line: $line" }
	}
	return $open ? 'not closed' : scalar(keys %boxes) . " boxes, $columns columns, $edges lines";
}

is(read_mermaid(<<'END'), '2 boxes, 1 columns, 1 lines', 'what reads Mermaid reads it');
erDiagram
    A["x"] {
        integer id PK
    }
    B
    A ||--o{ B : "b"
END
foreach my $wrong ('A["x"y"]', 'A["x%"]', 'A ||--o{ C : "b"', 'A ||--o{ A : "#x"', 'A ||--|{ A : "b"', "A {\n        a-b c d\n    }", "A {\n        a pk\n    }", 'A ||--o{ A : "~"', 'A ||--o{ A : "direction TB"', 'a b', 'Ä')
{
	unlike(read_mermaid("erDiagram\n    A\n    $wrong\n"), qr/^\d/, "... and not $wrong");
}

# ---- The lesson, and how the script is called

sub database
{
	my ($database, $more) = @_;

	$node->safe_psql('postgres', qq{CREATE DATABASE "$database" OWNER plain TEMPLATE template0 } . ($more // ''));
	sql($database, 'CREATE EXTENSION todo_assoc');
	return;
}

database('lesson');
sql('lesson', q{
	CREATE TABLE "Users" (id integer PRIMARY KEY);
	CREATE TABLE "Todos" (id integer PRIMARY KEY, "userId" integer NOT NULL);
	SELECT assoc.has_many('User', 'Todo', foreign_key => 'userId', inverse => 'user');
	SELECT assoc.apply()});
my $lesson = <<'END';
erDiagram
    Todo["Todo (Todos)"] {
        integer id PK
        integer userId FK
    }
    User["User (Users)"] {
        integer id PK
    }
    User ||--o{ Todo : "todos / user"
END
{
	local $ENV{PGDATABASE} = 'lesson';
	is_deeply([ call('', $script, '--format', 'mermaid') ], [ 0, $lesson, '' ], 'script/diagram --format mermaid');
	is_deeply([ call('', $script, '-o', "$dir/lesson.mmd") ], [ 0, '', '' ], '... as the file is named');
	is(slurp('lesson.mmd'), $lesson, '... is the same');
	my ($status, $out) = call('', $script, '--format', 'dot');
	like($out, qr/^digraph models \{\n.*\n\}\n$/s, '... dot');
}
is_deeply([ call('', $script, '--format', 'mermaid', 'lesson') ], [ 0, $lesson, '' ], '... of the database named');
is_deeply([ call('', $script, '-d', 'lesson', '--format', 'mermaid') ], [ 0, $lesson, '' ], '... with -d');
is_deeply([ call('', $script, '--format', 'mermaid', "dbname=lesson host=@{[ $node->host ]} user=plain") ], [ 0, $lesson, '' ],
	'... of a connection string');
{
	my ($status, $out) = call('', $script, '--format', 'mermaid', '--only', 'User', 'lesson');
	is($out, $lesson, '... of what is named');
}

my @wrong = (
	[ 2, qr/there is no format gif; there are: svg, png, mermaid, dot/, '--format', 'gif' ],
	[ 2, qr/-o needs a value/, '-o' ],
	[ 2, qr/more than one database/, 'lesson', 'postgres' ],
	[ 2, qr/usage: script\/diagram/, '--colour' ],
	[ 1, qr/model "Usr" does not exist\nHINT:  Did you mean "User"\?\n.*nothing was drawn/s, '--only', 'Usr', 'lesson' ],
	[ 1, qr/schema "assoc" does not exist.*nothing was drawn/s, 'postgres' ],
	[ 1, qr/database "nowhere" does not exist.*nothing was drawn/s, 'nowhere' ]);
append_to_file("$dir/kept.dot", 'as before');
foreach my $call (@wrong)
{
	my ($wanted, $told, @arguments) = @$call;
	my ($status, $out, $err) = call('', $script, $wanted == 1 ? ('-o', "$dir/kept.dot") : (), @arguments);
	is($status, $wanted, "script/diagram @arguments: fails");
	like($err, $told, '... and says why');
	is($out, '', '... and nothing else');
}
is(slurp('kept.dot'), 'as before', 'a file is not touched when it fails');

# ---- A table that went while nobody watched

sql('lesson', q{CREATE TABLE tags (id integer PRIMARY KEY); SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags')});
$node->safe_psql('lesson', 'SET client_min_messages = warning; SET session_replication_role = replica; DROP TABLE tags CASCADE');
like(sql('lesson', q{SELECT assoc.diagram()}), qr/^    Tag\["Tag \(tags, missing\)"\]/m, 'a table is missing: the box says so');
like(sql('lesson', q{SELECT assoc.diagram()}), qr/^    Tag \S+\.\.\S+ todo_tags : "\w+ \(broken: [^"]+\)"$/m, '... the line is broken');
is(read_mermaid(sql('lesson', q{SELECT assoc.diagram()})), '4 boxes, 6 columns, 3 lines', '... all is drawn');
like(sql('lesson', q{SELECT assoc.diagram('dot')}), qr/^  (\d+) \[.*broken: .*\n  Tag:\S+ -> \1:w \[.*style=dashed, color="#B3382C".*\n  \1:e -> todo_tags:.*style=dashed, color="#B3382C"/m, '... in red');

# ---- Names

my @pieces = ('"', "'", '\\', '<', '>', '&', '&amp;', '#', ';', '%', '%%{init: {}}%%', '{', '}', '[', ']', '(', ')', '|', '*', '_', '`', ':',
	'~', '$', '@', '!', '?', '^', '-', '+', '=', '/', ' ', "\n", "\t", "\r", "\x01", "\x7f", '<b>', '<br/>', '--', '||--o{', '\\N', '\\G',
	'"x"', 'style a:b#c;', 'classDef x:#f;', "\xe4", "\x{a0}", "\x{6f22}", "\x{1f600}", 'PK', 'uk', 'direction TB', 'node', 'Ab', 'z', '9');
my $seed = 42;

# the same on every machine
sub pick
{
	my ($below) = @_;
	$seed = ($seed * 1103515245 + 12345) % 2147483648;
	return int($seed / 65536) % $below;
}

sub nasty
{
	my ($tail) = @_;
	my $name = '';
	my $length = 1 + pick(8);

	$name .= $pieces[ pick(scalar @pieces) ] for 1 .. $length;
	chop $name while length(encode('UTF-8', $name . $tail)) > 63;
	return $name . $tail;
}

sub literal
{
	return "'" . encode('UTF-8', $_[0] =~ s/'/''/gr) . "'";
}

sub name
{
	return '"' . encode('UTF-8', $_[0] =~ s/"/""/gr) . '"';
}

database('nasty');
my (@models, @script);
foreach my $n (1 .. 60)
{
	my $model = nasty($n);
	my ($key, $other) = (nasty('k'), nasty('o'));
	my $table = nasty("t$n");
	push @script, 'CREATE TABLE ' . name($table) . ' (' . name($key) . ' integer PRIMARY KEY, ' . name($other) . ' integer' .
		($n % 3 ? ' NOT NULL' : '') . ')';
	push @script, "SELECT assoc.define_model(@{[ literal($model) ]}, @{[ literal(name_as_typed($table)) ]})";
	push @script, 'SELECT assoc.belongs_to(' . literal($model) . ', ' . literal($models[ pick(scalar @models) ]) . ", alias => " .
		literal(nasty("b$n") =~ s/\./_/gr) . ', foreign_key => ' . literal('{' . array_element($other) . '}') .
		', inverse => ' . literal(nasty("h$n")) . ')'
	  if @models;
	push @models, $model;
}
push @script, 'SELECT assoc.apply()';

# A name where SQL's own quoting is read, and one in an array.
sub name_as_typed
{
	return '"' . ($_[0] =~ s/"/""/gr) . '"';
}

sub array_element
{
	return '"' . ($_[0] =~ s/(["\\])/\\$1/gr) . '"';
}

sql('nasty', join(";\n", @script));
my $mermaid = sql('nasty', 'SELECT assoc.diagram()');
is(read_mermaid($mermaid), '60 boxes, 119 columns, 59 lines', 'nasty names: Mermaid');
unlike($mermaid, qr/\.\./, '... every line is solid');

# the long and the same in part
database('long');
my $x = 'x' x 62;
sql('long', qq{CREATE TABLE "${x}a" ("${x}k" integer PRIMARY KEY); CREATE TABLE "${x}b" ("${x}k" integer PRIMARY KEY, "${x}f" integer);
	SELECT assoc.define_model('${x}a', '${x}a'), assoc.define_model('${x}b', '${x}b');
	SELECT assoc.belongs_to('${x}b', '${x}a', '${x}p', foreign_key => '${x}f', inverse => '${x}c')});
is(read_mermaid(sql('long', 'SELECT assoc.diagram()')), '2 boxes, 3 columns, 1 lines', '63 bytes');

# another encoding
database('latin', q{ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'});
{
	local $ENV{PGCLIENTENCODING} = 'UTF8';
	sql('latin', encode('UTF-8', qq{CREATE TABLE "\xdcbung" ("gr\xf6\xdfe" integer PRIMARY KEY); SELECT assoc.define_model('\xdcb', '\xdcbung')}));
}
{
	local $ENV{PGCLIENTENCODING} = 'LATIN1';
	is(decode('UTF-8', (call('', $script, '--format', 'mermaid', 'latin'))[1]),
		join("\n    ", 'erDiagram', qq(m_b["\xdcb (\xdcbung)"] {), qq(    integer gr_e PK "gr\xf6\xdfe"), "}\n"), 'a database in LATIN1: UTF-8');
}

# ---- What Graphviz makes of it

SKIP:
{
	skip 'Graphviz is not installed', 1 unless $graphviz;
	foreach my $of ([ 'nasty', 60, 59 ], [ 'long', 2, 1 ], [ 'lesson', 4, 3 ], [ 'latin', 1, 0 ])
	{
		my ($database, $boxes, $lines) = @$of;
		my ($status, $out, $err) = call('', $script, '-o', "$dir/$database.svg", $database);
		is_deeply([ $status, $out, $err ], [ 0, '', '' ], "$database: an svg, without a warning");
		my $svg = decode('UTF-8', slurp("$database.svg"));
		is(scalar(() = $svg =~ /class="node"/g), $boxes + $lines, '... of all boxes, and labels of lines');
		is(scalar(() = $svg =~ /class="edge"/g), 2 * $lines, '... and all lines, each before and behind its label');
	}
	my ($status, $out, $err) = call('', $script, '-o', "$dir/lesson.png", 'lesson');
	is_deeply([ $status, $out, $err ], [ 0, '', '' ], 'a png');
	like(slurp('lesson.png'), qr/^\x89PNG\r\n/, '... it is one');
	($status, $out, $err) = call('', $script, 'lesson');
	like($out, qr/<svg.*>todos \/ user<.*<\/svg>/s, 'an svg is what comes without a word');
}

$node->stop;
done_testing();
