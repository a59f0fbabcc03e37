# Imports what exists: a generated database of 200 tables and 400 foreign keys of all shapes, as superuser and as a plain
# owner; then what the caller may not see, read or declare.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tables = 200;
my $keys = 400;

my $node = PostgreSQL::Test::Cluster->new('import');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\njit = off\nclient_min_messages = warning\nmax_locks_per_transaction = 512");
$node->start;
$node->safe_psql('postgres', "CREATE ROLE $_ LOGIN") for qw(plain reader);

# A generator of our own: the same database on every machine.
my $seed;

sub random
{
	my ($below) = @_;
	$seed = ($seed * 1103515245 + 12345) % 2147483648;
	return int($seed / 65536) % $below;
}

sub quoted
{
	my ($name) = @_;
	return '"' . $name =~ s/"/""/gr . '"';
}

# The tables, each with its name, its kind and what it has already.
sub make_tables
{
	my @first = qw(red big old new hot dry raw odd icy shy tiny dark soft long fast flat warm wild calm rare);
	my @second = qw(user order category box person item city invoice news quiz);
	my @made;

	for my $n (0 .. $tables - 1)
	{
		my ($first, $second) = ($first[ $n % 20 ], $second[ int($n / 20) ]);
		my $name = $n % 5 == 0 ? ucfirst($first) . ucfirst($second) . 's' : $n % 17 == 0 ? "$first \"${second}'s\".x" : "${first}_${second}s";
		my $kind = (qw(plain plain plain plain plain plain shared partitioned composite junction))[ random(10) ];
		push @made, { table => 's' . $n % 4 . '.' . quoted($name), kind => $kind, n => $n, columns => { id => 1 } };
	}
	return \@made;
}

sub definition
{
	my ($t) = @_;
	return "CREATE TABLE $t->{table} (tenant_id int, id int, PRIMARY KEY (tenant_id, id))" if $t->{kind} eq 'composite';
	return "CREATE TABLE $t->{table} (id int PRIMARY KEY) PARTITION BY RANGE (id);
		CREATE TABLE s0.part_$t->{n}_a PARTITION OF $t->{table} FOR VALUES FROM (0) TO (100);
		CREATE TABLE s0.part_$t->{n}_b PARTITION OF $t->{table} FOR VALUES FROM (100) TO (200)" if $t->{kind} eq 'partitioned';
	return "CREATE TABLE $t->{table} ()" if $t->{kind} eq 'junction';
	return "CREATE TABLE $t->{table} (id int PRIMARY KEY, code text UNIQUE)";
}

# A column name of one of many kinds that the table does not have yet.
sub new_column
{
	my ($t, $parent) = @_;
	my ($word) = $parent->{table} =~ /"([A-Za-z_]+)/;
	my @names = ("${word}_id", "${word}Id", 'author_id', 'editorId', 'owner', 'parent_id', 'user_ID', 'a "b".c, d_id', 'red_users', 'id_');
	my $name = $names[ random(scalar @names) ];
	my $tries = '';
	$tries++ while $t->{columns}{"$name$tries"};
	$t->{columns}{"$name$tries"} = 1;
	return "$name$tries";
}

sub random_action
{
	my ($event, $has_default) = @_;
	my @actions = ('', 'NO ACTION', 'RESTRICT', 'CASCADE', 'SET NULL', $has_default ? 'SET DEFAULT' : 'CASCADE');
	my $action = $actions[ random(6) ];
	return $action eq '' ? '' : " ON $event $action";
}

# A key from one table to another, with its columns, and perhaps an index.
sub make_key
{
	my ($child, $parent, $not_null) = @_;
	my @columns = (new_column($child, $parent));
	my @sql;
	my $default = random(3) == 0;
	my $required = $not_null || random(4) == 0;
	my $composite = $parent->{kind} eq 'composite';
	my $to = $composite ? '(tenant_id, id)' : '(id)';
	my $type = 'int';

	unshift @columns, new_column($child, $parent) if $composite;
	if (!$composite && !$not_null && $parent->{kind} ne 'partitioned' && random(6) == 0)
	{
		($to, $type) = ('(code)', 'text');
		$default = 0;
	}
	my $list = join ', ', map { quoted($_) } @columns;
	push @sql, "ALTER TABLE $child->{table} ADD COLUMN " . quoted($_) . " $type" . ($default ? ' DEFAULT 1' : '') . ($required ? ' NOT NULL' : '')
	  for @columns;
	my $delete = random_action('DELETE', $default);
	my $update = random_action('UPDATE', $default);
	if ($required)
	{
		s/SET NULL/RESTRICT/ for ($delete, $update);
	}
	$delete .= ' (' . quoted($columns[1]) . ')' if $composite && $delete =~ /SET NULL/ && random(2);
	my $defer = ('', '', ' DEFERRABLE', ' DEFERRABLE INITIALLY DEFERRED')[ random(4) ];
	my $match = random(8) ? '' : ' MATCH FULL';
	push @sql, "ALTER TABLE $child->{table} ADD FOREIGN KEY ($list) REFERENCES $parent->{table} $to$match$delete$update$defer";
	my $index = random(6);
	push @sql, "CREATE INDEX ON $child->{table} ($list)" if $index < 2;
	push @sql, "CREATE UNIQUE INDEX ON $child->{table} ($list)" if $index == 2 && $child->{kind} ne 'partitioned';
	push @sql, "CREATE UNIQUE INDEX ON $child->{table} ($list) WHERE $list IS NOT NULL" if $index == 3 && @columns == 1 && $child->{kind} ne 'partitioned';
	return ($list, @sql);
}

# All of it as one script; the number of keys is exactly the one asked for.
sub make_database
{
	$seed = 20;
	my $made = make_tables();
	my @sql = ((map { "CREATE SCHEMA s$_" } 0 .. 3), map { definition($_) } @$made);
	my @things = grep { $_->{kind} ne 'junction' } @$made;
	my $count = 0;

	for my $t (@$made)
	{
		if ($t->{kind} eq 'junction')
		{
			my ($a, @a) = make_key($t, $things[ random(scalar @things) ], 1);
			my ($b, @b) = make_key($t, $things[ random(scalar @things) ], 1);
			push @sql, @a, @b, "ALTER TABLE $t->{table} ADD " . (random(2) ? 'PRIMARY KEY' : 'UNIQUE') . " ($a, $b)";
			$count += 2;
		}
		elsif ($t->{kind} eq 'shared')
		{
			my @parents = grep { $_->{kind} eq 'plain' } @things;
			push @sql, "ALTER TABLE $t->{table} ADD FOREIGN KEY (id) REFERENCES $parents[ random(scalar @parents) ]{table}";
			$count++;
		}
	}
	while ($count < $keys)
	{
		my $child = $things[ random(scalar @things) ];
		my $parent = random(12) ? $things[ random(scalar @things) ] : $child;
		my (undef, @key) = make_key($child, $parent, 0);
		push @sql, @key;
		$count++;
	}
	push @sql, "ALTER TABLE $things[$_]{table} ADD COLUMN something_id int, ADD COLUMN thing_type text, ADD COLUMN thing_id int" for 0 .. 4;
	return join ";\n", @sql, '';
}

my $script = make_database();

for my $role ('postgres_super', 'plain')
{
	my $db = "imported_$role";
	my @as = $role eq 'plain' ? ('-U', 'plain') : ();
	$node->safe_psql('postgres', "CREATE DATABASE $db" . ($role eq 'plain' ? ' OWNER plain' : ''));
	my $run = sub { $node->safe_psql($db, $_[0], extra_params => [@as]) };

	$run->("CREATE EXTENSION todo_assoc;\n$script");
	is($run->(q{SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND connamespace::regnamespace::text ~ '^s\d$'}), $keys, "$role: $keys keys");
	cmp_ok($run->(q{SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace::regnamespace::text ~ '^s\d$'}),
		'==', $tables, "$role: $tables tables");

	my $shown = $run->('SELECT * FROM assoc.import_foreign_keys()');
	is($run->('SELECT assoc.document()::jsonb'), '{"models": {}}', "$role: looking declares nothing");
	is($run->(q{SELECT count(*) FROM assoc.import_foreign_keys() WHERE status = 'skipped'}), 0, "$role: no key is passed over");
	is($run->(q{SELECT string_agg(DISTINCT kind, ' ' ORDER BY kind) FROM assoc.import_foreign_keys()}),
		'belongs_to belongs_to_many has_many has_one model proposal', "$role: every kind is there");
	is($run->(q{SELECT count(*) FROM assoc.import_foreign_keys() WHERE kind = 'belongs_to'}), $keys, "$role: one belongs_to for each");

	is($run->('SELECT * FROM assoc.import_foreign_keys(declare => true)'), $shown, "$role: declaring shows the same");
	is($run->('SELECT association, reason FROM assoc.plan()'), '', "$role: nothing is left to plan");
	is($run->(q{SELECT association, message FROM assoc.validate(min_severity => 'error')}), '', "$role: no error is found");
	is($run->(q{SELECT association, status, difference FROM assoc.associations WHERE status <> 'in place' OR difference IS NOT NULL}), '',
		"$role: everything is in place, with its accessor");

	my $document = $run->('SELECT assoc.document()');
	is($run->(q{SELECT DISTINCT status FROM assoc.import_foreign_keys(declare => true) WHERE kind <> 'proposal'}), 'declared', "$role: again: all is declared");
	is($run->('SELECT assoc.document()'), $document, "$role: and nothing has changed");

	$run->(q{SELECT assoc.declare('{}', prune => true)});
	is($run->('SELECT count(*) FROM assoc.associations'), 0, "$role: everything is dropped");
	$run->(qq{SELECT assoc.declare(\$document\$$document\$document\$)});
	is($run->('SELECT association, reason FROM assoc.plan()'), '', "$role: the document alone leaves nothing to plan");
	is($run->('SELECT assoc.document()'), $document, "$role: and is what it gives again");

	$run->(q{SELECT assoc.declare('{}', prune => true)});
	my $calls = $run->(q{SELECT statement FROM assoc.import_foreign_keys() WHERE status = 'new'});
	$run->($calls);
	is($run->('SELECT association, reason FROM assoc.plan()'), '', "$role: so do the statements, typed one by one");
	is($run->('SELECT assoc.document()'), $document, "$role: which say the same");
}

# ---- what the caller may not
$node->safe_psql('postgres', 'CREATE DATABASE rights OWNER plain');
my $plain = sub { $node->safe_psql('rights', $_[0], extra_params => [ '-U', 'plain' ]) };
my $reader = sub { $node->safe_psql('rights', $_[0], extra_params => [ '-U', 'reader' ]) };
my $look = q{SELECT status, kind, name, "table", inferred, evidence FROM assoc.import_foreign_keys() ORDER BY status, "table"};
my $why = q{SELECT DISTINCT evidence FROM assoc.import_foreign_keys() WHERE kind = 'proposal'};

$plain->(q{CREATE EXTENSION todo_assoc; CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE todos (id int PRIMARY KEY, user_id int);
	INSERT INTO users VALUES (1); INSERT INTO todos VALUES (1, 1), (2, 2)});
is($plain->($why), '1 of 2 values match (50 %), exact', 'the owner sees the share of matches');
is($reader->($why), 'values not read: public.todos cannot be read in full by you', 'values that may not be selected are not read');
is($reader->(q{SELECT statement IS NULL FROM assoc.import_foreign_keys()}), 't', 'nor is there a statement for who may not declare it');
$plain->('GRANT SELECT ON users, todos TO reader');
is($reader->($why), '1 of 2 values match (50 %), exact', 'values that may be selected are');
$plain->('ALTER TABLE users ENABLE ROW LEVEL SECURITY');
is($reader->($why), 'values not read: public.users cannot be read in full by you', 'rows that row security hides are not counted');
is($plain->($why), '1 of 2 values match (50 %), exact', 'its owner sees them all');
$plain->('ALTER TABLE users FORCE ROW LEVEL SECURITY');
is($plain->($why), 'values not read: public.users cannot be read in full by you', 'but not when it is forced');
$plain->('ALTER TABLE users DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY');

$plain->('ALTER TABLE todos ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID');
is($reader->($look), 'skipped|belongs_to||public.todos|not the owner of table public.todos|foreign key todos_user_id_fkey, NOT VALID',
	'a key of somebody else is passed over');
$plain->('GRANT CREATE ON SCHEMA public TO reader; GRANT REFERENCES ON users TO reader');
$reader->('CREATE TABLE mine (id int PRIMARY KEY REFERENCES users)');
my $mine = q{SELECT status, kind, name, inferred FROM assoc.import_foreign_keys(declare => %s) WHERE evidence = 'foreign key mine_id_fkey'};
is($reader->(sprintf($mine, 'true')), 'skipped|belongs_to||not the owner of table public.users, which is no model',
	'so is one to a table that only its owner can define as a model');
$plain->(q{SELECT assoc.define_model('User', 'users')});
$plain->('REVOKE REFERENCES ON users FROM reader');
is($reader->(sprintf($mine, 'true')), 'skipped|belongs_to||no REFERENCES privilege on table public.users', 'and one that could not be made again');
$plain->('GRANT REFERENCES ON users TO reader');
is($reader->(sprintf($mine, 'true')), "new|belongs_to|Mine.user|alias user from the target's name\nskipped|has_one||not the owner of table public.users",
	"the child's side is declared, the parent's is not");
is($reader->('SELECT association, status FROM assoc.associations'), 'Mine.user|in place', 'as shown');

# ---- other schemas and extensions
$node->safe_psql('postgres', 'CREATE DATABASE others');
my $others = sub { $node->safe_psql('others', $_[0]) };
$others->(q{CREATE EXTENSION todo_assoc; CREATE TABLE theirs (id int PRIMARY KEY, parent_id int REFERENCES theirs); CREATE TABLE ours (their_id int REFERENCES theirs);
	ALTER EXTENSION plpgsql ADD TABLE theirs});
is($others->($look), 'skipped|belongs_to||public.ours|table public.theirs belongs to another extension|foreign key ours_their_id_fkey',
	'the tables of extensions are left to them');
$others->('ALTER EXTENSION plpgsql DROP TABLE theirs; CREATE SCHEMA hidden; CREATE TABLE hidden.ours (their_id int REFERENCES theirs)');
is($others->(q{SELECT name FROM assoc.import_foreign_keys() WHERE kind = 'model'}), "Our\nTheir\nHiddenOur", 'every schema of users, public first');

SKIP:
{
	skip 'NOT ENFORCED came with PostgreSQL 18', 3 if $others->('SHOW server_version_num') < 180000;
	$others->('CREATE TABLE loose (their_id int REFERENCES theirs NOT ENFORCED)');
	is($others->(q{SELECT evidence, statement FROM assoc.import_foreign_keys('public', declare => true) WHERE name = 'Loose.their'}),
		q{foreign key loose_their_id_fkey, NOT ENFORCED|SELECT assoc.belongs_to('Loose', 'Their', alias => 'their', foreign_key => 'their_id', enforce => 'none', index => false);},
		'a key that is not enforced is declared so');
	is($others->('SELECT reason FROM assoc.plan()'), '', 'and leaves nothing to plan');
	$others->(q{CREATE SCHEMA times; CREATE TABLE times.rooms (id int4range, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));
		CREATE TABLE times.stays (room_id int4range, during daterange, FOREIGN KEY (room_id, PERIOD during) REFERENCES times.rooms (id, PERIOD during))});
	is($others->(q{SELECT status, inferred FROM assoc.import_foreign_keys('times')}), 'skipped|a key with PERIOD cannot be declared', 'PERIOD is passed over');
}

$node->stop;
done_testing();
