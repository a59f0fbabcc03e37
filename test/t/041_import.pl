# Imports what exists: a generated database of 200 tables and 400 foreign keys of all shapes, as superuser and as a plain
# owner; then what the caller may not see, read or declare.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use TodoAssoc;

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

# The tables, each with its name, its kind and what it has already. The last fifty are called as the first, in another schema.
sub make_tables
{
	my @first = qw(red big old new hot dry raw odd icy shy tiny dark soft long fast);
	my @second = qw(user order category box person item city invoice news quiz);
	my @reserved = qw(user order group table select check default references all end);
	my @kinds = qw(plain plain plain plain plain plain shared partitioned composite junction inherited);
	my @made;

	for my $n (0 .. $tables - 1)
	{
		my ($first, $second) = ($first[ $n % 15 ], $second[ int($n / 15) % 10 ]);
		my $name = $n % 5 == 0 ? ucfirst($first) . ucfirst($second) . 's' : $n % 17 == 0 ? "$first \"${second}'s\".x" : "${first}_${second}s";
		$name = substr("${first}_" . 'x' x 63, 0, 57 - length $second) . "_${second}s" if $n % 23 == 4;
		$name .= 'z' x (63 - length $name) if $n % 23 == 4;
		$name = $reserved[ int($n / 11) ] if $n % 11 == 6 && $n < 110;
		$name = $made[ $n - 150 ]{name} if $n >= 150;
		my $kind = $kinds[ random(scalar @kinds) ];
		$kind = 'ancestor' if $n == 0;
		my %columns = (id => 1, parent_id => 1);
		push @made, { name => $name, table => 's' . $n % 4 . '.' . quoted($name), kind => $kind, n => $n, type => (qw(int bigint int smallint))[ random(4) ], columns => \%columns };
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
	return "CREATE TABLE $t->{table} (id int PRIMARY KEY, parent_id int REFERENCES $t->{table})" if $t->{kind} eq 'ancestor';
	# it has the columns of the ancestor, and neither its key nor its foreign key
	return "CREATE TABLE $t->{table} (PRIMARY KEY (id)) INHERITS (s0.\"RedUsers\")" if $t->{kind} eq 'inherited';
	return "CREATE TABLE $t->{table} (id $t->{type} PRIMARY KEY, code varchar(20) UNIQUE, other bigint);
		CREATE UNIQUE INDEX ON $t->{table} (other)";
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

# A key from one table to another, with its columns, and perhaps an index. Each shape is noted by its name.
my %shapes;

sub make_key
{
	my ($child, $parent, $not_null) = @_;
	my @columns = (new_column($child, $parent));
	my @sql;
	my $default = random(3) == 0;
	my $required = $not_null || random(4) == 0;
	my $composite = $parent->{kind} eq 'composite';
	my $to = $composite ? '(tenant_id, id)' : '(id)';
	my $type = $composite ? 'int' : (qw(int int bigint smallint))[ random(4) ];
	my $shape = sub { $shapes{ $_[0] }++ if $_[1] };

	unshift @columns, new_column($child, $parent) if $composite;
	my $own = $parent->{kind} eq 'plain' ? random(8) : 9;
	($to, $type) = ('(code)', (qw(text varchar(10)))[ random(2) ]) if $own == 0;
	$default = 0 if $own == 0;
	$to = '(other)' if $own == 1;
	my $list = join ', ', map { quoted($_) } @columns;
	push @sql, "ALTER TABLE $child->{table} ADD COLUMN " . quoted($_) . " $type" . ($default ? ' DEFAULT 1' : '') . ($required ? ' NOT NULL' : '')
	  for @columns;
	my $delete = random_action('DELETE', $default);
	my $update = random_action('UPDATE', $default);
	if ($required)
	{
		s/SET NULL/RESTRICT/ for ($delete, $update);
	}
	my $some = $composite && $delete =~ /SET NULL/ && random(2);
	$delete .= ' (' . quoted($columns[1]) . ')' if $some;
	my $defer = ('', '', ' DEFERRABLE', ' DEFERRABLE INITIALLY DEFERRED')[ random(4) ];
	my $match = random(8) ? '' : ' MATCH FULL';
	my $valid = random(15) || $child->{kind} eq 'partitioned' ? '' : ' NOT VALID';
	my $unused = $child->{kind} eq 'junction' ? '' : ', id';
	push @sql, "ALTER TABLE $child->{table} ADD FOREIGN KEY ($list) REFERENCES $parent->{table} $to$match$delete$update$defer$valid";
	my $index = random(7);
	push @sql, "CREATE INDEX ON $child->{table} ($list)" if $index < 2;
	push @sql, "CREATE INDEX ON $child->{table} ($list$unused)" if $index == 4;
	push @sql, "CREATE UNIQUE INDEX ON $child->{table} ($list)" if $index == 2 && $child->{kind} ne 'partitioned';
	push @sql, "CREATE UNIQUE INDEX ON $child->{table} ($list) WHERE $list IS NOT NULL" if $index == 3 && @columns == 1 && $child->{kind} ne 'partitioned';

	$shape->('a self reference', $child == $parent);
	$shape->('several columns', $composite);
	$shape->('a unique constraint', $own == 0);
	$shape->('a unique index', $own == 1);
	$shape->('another type', !$composite && $own > 1 && $type ne $parent->{type});
	$shape->("$child->{kind} child", 1);
	$shape->("$parent->{kind} parent", 1);
	$shape->('SET NULL (column)', $some);
	$shape->('MATCH FULL', $match);
	$shape->("deferrable$defer", $defer);
	$shape->('NOT VALID', $valid);
	$shape->('unique', $index == 2);
	$shape->('tables of one name', $child != $parent && $child->{name} eq $parent->{name});
	$shape->('a second one to the same table', $child->{to}{ $parent->{table} }++);
	$shape->('a name of 63 bytes', length $child->{name} == 63);
	$shape->('a reserved word', $child->{name} =~ /^(user|order|group|table|select|check|default|references|all|end)$/);
	return ($list, @sql);
}

# All of it as one script; the number of keys is exactly the one asked for.
sub make_database
{
	$seed = 20;
	my $made = make_tables();
	my @sql = ((map { "CREATE SCHEMA s$_" } 0 .. 3), map { definition($_) } @$made);
	my @things = grep { $_->{kind} ne 'junction' } @$made; # the ancestor is the first
	my $count = 1; # the ancestor's own
	my @equal = grep { $_->{n} >= 150 && $_->{kind} ne 'junction' && $made->[ $_->{n} - 150 ]{kind} ne 'junction' } @$made;

	for my $t (@$made)
	{
		if ($t->{kind} eq 'junction')
		{
			my ($a, @a) = make_key($t, $things[ random(scalar @things) ], 1);
			my ($b, @b) = make_key($t, $things[ random(scalar @things) ], 1);
			my $form = random(3);
			push @sql, @a, @b, "ALTER TABLE $t->{table} ADD " . ($form ? 'UNIQUE' : 'PRIMARY KEY') . " ($a, $b)";
			push @sql, "ALTER TABLE $t->{table} ADD id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY" if $form == 2;
			push @sql, "ALTER TABLE $t->{table} ADD note$_ text" for 1 .. random(3);
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
		my $child = $things[ 1 + random($#things) ];
		my $parent = random(12) ? $things[ random(scalar @things) ] : $child;
		($child) = splice @equal, 0, 1 if @equal > 20;
		$parent = $made->[ $child->{n} - 150 ] if @equal > 20;
		my (undef, @key) = make_key($child, $parent, 0);
		push @sql, @key;
		$count++;
	}
	push @sql, "ALTER TABLE $things[$_]{table} ADD COLUMN something_id int, ADD COLUMN thing_type text, ADD COLUMN thing_id int" for 0 .. 4;
	return join ";\n", @sql, '';
}

my $script = make_database();
my $validate = q{SELECT v.sql FROM (SELECT format('ALTER TABLE %s VALIDATE CONSTRAINT %I', (SELECT format('%I.%I', n.nspname, r.relname) FROM pg_class r
	JOIN pg_namespace n ON n.oid = r.relnamespace WHERE r.oid = c.conrelid), c.conname) FROM pg_constraint c WHERE contype = 'f' AND NOT convalidated AND conparentid = 0) v (sql)
	ORDER BY v.sql COLLATE "C"};

cmp_ok($shapes{$_} // 0, '>', 0, "a key with $_")
  for 'a self reference', 'several columns', 'a unique constraint', 'a unique index', 'another type', 'SET NULL (column)', 'MATCH FULL',
  'deferrable DEFERRABLE', 'deferrable DEFERRABLE INITIALLY DEFERRED', 'NOT VALID', 'unique', 'tables of one name', 'a second one to the same table',
  'a name of 63 bytes', 'a reserved word', (map { ("$_ child", "$_ parent") } qw(plain shared partitioned composite inherited)), 'junction child';

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

	my $unindexed = $run->(q{SELECT string_agg(name, ' ' ORDER BY name COLLATE "C") FROM assoc.import_foreign_keys()
		WHERE kind = 'belongs_to' AND inferred ~ '(^|; )no index$'});
	is($run->('SELECT * FROM assoc.import_foreign_keys(declare => true)'), $shown, "$role: declaring shows the same");
	is($run->('SELECT sql FROM assoc.plan() ORDER BY sql COLLATE "C"'), $run->($validate), "$role: nothing is left to plan, but to validate what is NOT VALID");
	$run->($validate . ' \gexec');
	is($run->('SELECT association, reason FROM assoc.plan()'), '', "$role: and then nothing");
	is($run->(q{SELECT string_agg(association, ' ' ORDER BY association COLLATE "C") FROM assoc.validate() WHERE code ~ '^fk_index_(missing|unusable)$'}), $unindexed,
		"$role: the keys without an index are the ones found");
	is($run->(q{SELECT association, message FROM assoc.validate(min_severity => 'error')}), '', "$role: no error is found");
	is($run->(q{SELECT association, status, difference FROM assoc.associations WHERE status <> 'in place' OR difference IS NOT NULL}), '',
		"$role: everything is in place, with its accessor");

	cmp_ok($run->(q{SELECT count(*) FROM assoc.validate() WHERE code ~ '^fk_index'}), '>', 50, "$role: of which there are many");

	my $document = $run->('SELECT assoc.document()');
	is($run->(q{SELECT DISTINCT status FROM assoc.import_foreign_keys(declare => true) WHERE kind <> 'proposal'}), 'declared', "$role: again: all is declared");
	is($run->('SELECT assoc.document()'), $document, "$role: and nothing has changed");

	$run->(q{SELECT assoc.declare('{}', prune => true)});
	is($run->('SELECT count(*) FROM assoc.associations'), 0, "$role: everything is dropped");
	$run->(qq{SELECT assoc.declare(\$document\$$document\$document\$)});
	is($run->('SELECT association, reason FROM assoc.plan()'), '', "$role: the document alone leaves nothing to plan");
	is($run->('SELECT assoc.document()'), $document, "$role: and is what it gives again");

	$run->(q{SELECT assoc.declare('{}', prune => true)});
	# elsewhere: the same tables, and nothing but the document
	my $twin = sub { $node->safe_psql("${db}_2", $_[0], extra_params => [@as]) };
	$node->safe_psql('postgres', "CREATE DATABASE ${db}_2" . ($role eq 'plain' ? ' OWNER plain' : ''));
	$twin->("CREATE EXTENSION todo_assoc;\n$script");
	$twin->($validate . ' \gexec');
	$twin->(qq{SELECT assoc.declare(\$document\$$document\$document\$)});
	is($twin->('SELECT association, reason FROM assoc.plan()'), '', "$role: elsewhere the document leaves nothing to plan");
	is($twin->('SELECT assoc.document()'), $document, "$role: and is what it gives there");
	is($twin->(q{SELECT count(*) FROM assoc.import_foreign_keys() WHERE status = 'new'}), '0', "$role: nor anything to import");

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

# ---- a junction of which the caller owns one side alone
$reader->('CREATE TABLE roles (id int PRIMARY KEY); CREATE TABLE user_roles (user_id int REFERENCES users, role_id int REFERENCES roles, PRIMARY KEY (user_id, role_id))');
is($reader->(q{SELECT status, name, inferred FROM assoc.import_foreign_keys() WHERE kind = 'belongs_to_many' ORDER BY 1}),
	"new|Role.users|alias users from the junction's other key; public.user_roles is a junction\nskipped||not the owner of table public.users", 'its own side alone is imported');
$reader->('DROP TABLE user_roles, roles');
$plain->('CREATE TABLE remarks (id int PRIMARY KEY, thing_type text, thing_id int)');
is($reader->(q{SELECT evidence FROM assoc.import_foreign_keys() WHERE "table" = 'public.remarks'}), 'values not read: public.remarks cannot be read in full by you', 'nor are types read that may not be');
$plain->('DROP TABLE remarks; REVOKE USAGE ON SCHEMA public FROM PUBLIC');
is($reader->('SELECT count(*) FROM assoc.import_foreign_keys()'), '0', 'no schema, no keys');
$plain->('GRANT USAGE ON SCHEMA public TO PUBLIC');

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

# ---- values are counted before others have to wait
$plain->('CREATE TABLE notes (id int PRIMARY KEY, user_id int)');
my $waiting = $node->background_psql('rights', extra_params => [ '-U', 'plain' ]);
my $locked = $node->background_psql('rights', extra_params => [ '-U', 'plain' ]);
$locked->query_safe(q{BEGIN; SELECT assoc.define_model('Note', 'notes')});
$waiting->query_until(qr/started/, qq{\\echo started\nSELECT name, evidence FROM assoc.import_foreign_keys(declare => true) WHERE kind = 'proposal';\n\\echo done\n});
ok($node->poll_query_until('rights', q{SELECT count(*) = 1 FROM pg_locks w JOIN pg_locks r USING (pid)
	WHERE w.relation = 'assoc_internal.declaration'::regclass AND NOT w.granted AND r.relation = 'notes'::regclass AND r.granted}),
	'an import that waits to declare has read the rows');
$locked->query_safe('COMMIT');
like($waiting->query_until(qr/done/, "\n"), qr/^Note\.user\|no rows$/m, 'and then goes by what others declared');
$_->quit for $waiting, $locked;

# ---- tables of a package: imported by hand, and by its own script
SKIP:
{
	skip "the extension directory is not ours", 9 unless extension_directory($node);
	my $tables_sql = 'CREATE TABLE authors (id int PRIMARY KEY); CREATE TABLE books (id int PRIMARY KEY, author_id int REFERENCES authors ON DELETE CASCADE);';
	my $said = q{SELECT association, on_delete, status, declared_by FROM assoc.associations ORDER BY 1};
	make_package('ta_library', '1.0', { '1.0' => $tables_sql });
	$node->safe_psql('postgres', "CREATE DATABASE $_ OWNER plain") for qw(library library_2 library_3);
	my $library = sub { $node->safe_psql($_[1] // 'library', $_[0], extra_params => [ '-U', 'plain' ]) };

	$library->('CREATE EXTENSION ta_library CASCADE; INSERT INTO authors VALUES (1); INSERT INTO books VALUES (1, 1)');
	is($library->(q{SELECT status, kind, name FROM assoc.import_foreign_keys(declare => true) ORDER BY 3}),
		"new|model|Author\nnew|has_many|Author.books\nnew|model|Book\nnew|belongs_to|Book.author", 'tables of a package are imported');
	is($library->($said), "Author.books|CASCADE|in place|hand\nBook.author|CASCADE|in place|hand", 'by hand');
	is($library->('SELECT reason FROM assoc.plan()'), '', 'with nothing to plan');
	my $file = $node->basedir . '/library.sql';
	my @there = ('-U', 'plain', '-h', $node->host, '-p', $node->port);
	$node->command_ok([ 'pg_dump', @there, '-f', $file, 'library' ], 'dumped');
	$node->command_ok([ 'psql', '-q', '-X', '-v', 'ON_ERROR_STOP=1', @there, '-f', $file, 'library_2' ], 'and restored');
	is($library->($said, 'library_2'), $library->($said), 'with what was imported');
	is($library->('SELECT count(*) FROM books', 'library_2'), '1', 'and its rows');

	make_package('ta_library', '1.0', { '1.0' => "$tables_sql SELECT count(*) FROM assoc.import_foreign_keys('public', declare => true);" });
	$library->('CREATE EXTENSION ta_library CASCADE', 'library_3');
	is($library->($said, 'library_3'), "Author.books|CASCADE|in place|ta_library\nBook.author|CASCADE|in place|ta_library", q{by the package's script});
	is($library->('DROP EXTENSION ta_library; SELECT count(*) FROM assoc.associations', 'library_3'), '0', 'gone with it');
}

$node->stop;
done_testing();
