# The extension's own versions: a release never changes, neither its members nor its scripts; a fresh install and an
# updated one are the same, both ways, with declarations, packages and history in place, whoever owns it.
use strict;
use warnings;

use Digest::SHA;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TodoAssoc;

my $node = PostgreSQL::Test::Cluster->new('versions');
$node->init;
$node->start;

# what CREATE EXTENSION makes, from test/members; a file NAME.txt for each version from 1.0 on
foreach my $file (sort glob 'test/members/*.txt')
{
	my ($version) = $file =~ m{([^/]+)\.txt$};
	my $database = "v$version" =~ tr/./_/r;
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, "CREATE EXTENSION todo_assoc VERSION '$version'");
	my $members = $node->safe_psql($database, q{
		SELECT pg_describe_object(classid, objid, 0) AS member FROM pg_depend
		WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
			AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'todo_assoc')
			AND classid <> 'pg_type'::regclass -- row types are members from 17 on
		ORDER BY pg_describe_object(classid, objid, 0) COLLATE "C"});
	is("$members\n", slurp_file($file), "the members of $version");
}

# lines of "sha256  sql/file", as sha256sum writes them, for scripts that were released
SKIP:
{
	skip 'nothing was released yet', 1 unless -e 'test/released.sha256';
	foreach my $line (split /\n/, slurp_file('test/released.sha256'))
	{
		my ($sum, $file) = $line =~ /^([0-9a-f]{64}) [ *](.+)$/ or die "test/released.sha256: $line";
		is(Digest::SHA->new(256)->addfile($file)->hexdigest, $sum, "$file is as it was released");
	}
}

# the version that is made is the one the control file says, and the library's
my ($control) = slurp_file('todo_assoc.control') =~ /^default_version *= *'(.*)'/m;
$node->safe_psql('postgres', 'CREATE EXTENSION todo_assoc');
is($node->safe_psql('postgres', q{SELECT extversion FROM pg_extension WHERE extname = 'todo_assoc'}), $control, 'the default version');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extension_versions
	WHERE name = 'todo_assoc' AND NOT (trusted AND NOT relocatable AND schema = 'pg_catalog')}), '0', 'trusted, in every version');

# Everything there is to say of the members: definitions, comments, privileges, marks for dump.
my $definitions = q{
	SELECT pg_describe_object(d.classid, d.objid, 0) || ': ' || concat_ws(' | ',
		COALESCE(obj_description(d.objid, (SELECT relname FROM pg_class WHERE oid = d.classid)), 'NO COMMENT'),
		(SELECT concat_ws(' ', CASE p.prokind WHEN 'a' THEN (SELECT a::text FROM pg_aggregate a WHERE a.aggfnoid = p.oid) ELSE pg_get_functiondef(p.oid) END, p.proacl::text) FROM pg_proc p WHERE d.classid = 'pg_proc'::regclass AND p.oid = d.objid),
		(SELECT concat_ws(' ', c.relkind, c.relacl::text, CASE c.relkind WHEN 'v' THEN pg_get_viewdef(c.oid) END,
			(SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid), col_description(c.oid, attnum)), ', ' ORDER BY attnum)
				FROM pg_attribute a LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
			(SELECT string_agg(pg_get_constraintdef(oid), ', ' ORDER BY conname) FROM pg_constraint WHERE conrelid = c.oid),
			(SELECT string_agg(pg_get_indexdef(indexrelid), ', ' ORDER BY indexrelid::regclass::text) FROM pg_index WHERE indrelid = c.oid),
			(SELECT string_agg(pg_get_triggerdef(oid), ', ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal),
			(SELECT extcondition[array_position(extconfig, c.oid)] FROM pg_extension WHERE extname = 'todo_assoc'))
			FROM pg_class c WHERE d.classid = 'pg_class'::regclass AND c.oid = d.objid),
		(SELECT concat_ws(' ', evtevent, evtfoid::regprocedure, evtenabled, evttags) FROM pg_event_trigger t WHERE d.classid = 'pg_event_trigger'::regclass AND t.oid = d.objid),
		(SELECT nspacl::text FROM pg_namespace n WHERE d.classid = 'pg_namespace'::regclass AND n.oid = d.objid))
	FROM pg_depend d WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e' AND classid <> 'pg_type'::regclass
		AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'todo_assoc')
	ORDER BY 1;
	SELECT cardinality(extconfig), extversion FROM pg_extension WHERE extname = 'todo_assoc';
	SELECT count(*) FROM pg_event_trigger; SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'assoc%'};

# Only the lines that differ.
sub same
{
	my ($got, $expected, $name) = @_;
	my %count;
	$count{$_}++ for split /\n/, $expected;
	$count{$_}-- for split /\n/, $got;
	is(join("\n", map { ($count{$_} > 0 ? "lost: $_" : "new: $_") } grep { $count{$_} } sort keys %count), '', $name);
	return;
}

$node->safe_psql('postgres', 'CREATE ROLE plain LOGIN');
my @versions = map { m{([^/]+)\.txt$} } sort { ($a =~ /(\d+)\.txt/)[0] <=> ($b =~ /(\d+)\.txt/)[0] } glob 'test/members/*.txt';
is($versions[-1], $control, 'the last version has a file of members');
foreach my $role ($node->safe_psql('postgres', 'SELECT current_user'), 'plain')
{
	my $sql = sub { my ($database, $text) = @_; return $node->safe_psql($database, $text, extra_params => [ '-U', $role ]) };
	my %fresh;
	foreach my $version (@versions)
	{
		my $database = "fresh_${role}_$version" =~ tr/./_/r;
		$node->safe_psql('postgres', "CREATE DATABASE $database OWNER $role TEMPLATE template0");
		$sql->($database, "CREATE EXTENSION todo_assoc VERSION '$version'");
		$fresh{$version} = $node->safe_psql($database, $definitions);
		unlike($fresh{$version}, qr/NO COMMENT/, "$role: every member of $version has a comment");
	}

	# up and down, empty
	my $database = "chain_$role";
	$node->safe_psql('postgres', "CREATE DATABASE $database OWNER $role TEMPLATE template0");
	$sql->($database, "CREATE EXTENSION todo_assoc VERSION '$versions[0]'");
	foreach my $version (@versions[ 1 .. $#versions ], reverse(@versions[ 0 .. $#versions - 1 ]), @versions[ 1 .. $#versions ])
	{
		$sql->($database, "ALTER EXTENSION todo_assoc UPDATE TO '$version'");
		same($node->safe_psql($database, $definitions), $fresh{$version}, "$role: updated to $version as made at $version");
	}

	# the same with declarations and rows, a package that marks its tables as 1.0 asks it to, and from 1.1 on its history
	next unless extension_directory($node);
	make_package('ta_app', '1.1', { '1.0' => q{
CREATE TABLE public."Users" (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name text);
CREATE TABLE public."Todos" (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, title text);
SELECT pg_catalog.pg_extension_config_dump('public."Users"', '');
SELECT pg_catalog.pg_extension_config_dump('public."Users_id_seq"', '');
SELECT pg_catalog.pg_extension_config_dump('public."Todos"', '');
SELECT pg_catalog.pg_extension_config_dump('public."Todos_id_seq"', '');
SELECT assoc.define_model('User', 'public."Users"');
SELECT assoc.define_model('Todo', 'public."Todos"');},
		'1.0--1.1' => q{SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'CASCADE', inverse => 'todos'); SELECT assoc.apply();},
		'1.1--1.0' => q{SELECT assoc.drop_association('User.todos'); SELECT assoc.drop_association('Todo.user'); ALTER TABLE public."Todos" DROP COLUMN "userId";} });
	my $content = q{
		SELECT association, kind, foreign_key, on_delete, status, difference, declared_by FROM assoc.associations ORDER BY 1; SELECT model, table_name, key, singular, plural, associations, status, inferred, declared_by FROM assoc.models ORDER BY 1;
		SELECT assoc.document(); SELECT * FROM assoc.plan(); SELECT r::text FROM assoc_internal.recorded r ORDER BY 1;
		SELECT jsonb_strip_nulls(to_jsonb(d)) FROM assoc_internal.declaration d ORDER BY d::text; SELECT jsonb_strip_nulls(to_jsonb(m)) FROM assoc_internal.model m ORDER BY m::text;
		SELECT t.title, u.name FROM "Todos" t, "user"(t) u ORDER BY 1; SELECT n.id, u.name FROM notes n, "user"(n) u ORDER BY 1;
		SELECT config_table, name FROM assoc_internal.conflict WHERE config_table <> 'history' ORDER BY 1, 2};
	$database = "full_$role";
	$node->safe_psql('postgres', "CREATE DATABASE $database OWNER $role TEMPLATE template0");
	$sql->($database, "CREATE EXTENSION todo_assoc VERSION '1.0'");
	$sql->($database, q{CREATE EXTENSION ta_app;
		INSERT INTO "Users" (name) VALUES ('Ada'), ('Grace'); INSERT INTO "Todos" (title, "userId") VALUES ('a', 1), ('b', 2);
		CREATE TABLE notes (id integer PRIMARY KEY, user_id integer); INSERT INTO notes VALUES (1, 1);
		SELECT assoc.belongs_to('Note', 'User', foreign_key => 'user_id', inverse => 'notes'); SELECT count(*) FROM assoc.apply();
		INSERT INTO assoc_internal.model (name, declarer, schema_name, table_name) VALUES ('Note', '', 'public', 'other')});
	my $before = $node->safe_psql($database, $content);
	like($before, qr/^Todo\.user\|.*ta_app$/m, "$role: a package and declarations by hand in 1.0");
	like($before, qr/^model\|Note$/m, '... and a row that was set aside');
	$sql->($database, q{ALTER EXTENSION todo_assoc UPDATE TO '1.1'});
	same($node->safe_psql($database, $content), $before, '... stay in 1.1');
	is($node->safe_psql($database, q{SELECT package, action, to_version, applied_by FROM assoc_internal.history}), "ta_app|observed|1.1|$role",
		'... which notes the package that was there');
	$sql->($database, q{SELECT * FROM assoc.undo('ta_app'); SELECT * FROM assoc.migrate('ta_app')});
	my $history = q{SELECT * FROM assoc_internal.history ORDER BY applied_at};
	my $told = $node->safe_psql($database, $history);
	$before = $node->safe_psql($database, $content);
	$sql->($database, q{ALTER EXTENSION todo_assoc UPDATE TO '1.0'});
	same($node->safe_psql($database, $content), $before, '... stay on the way down');
	is($node->safe_psql($database, q{SELECT count(*) FROM assoc_internal.conflict WHERE config_table = 'history'}), '3', '... the history is set aside');
	# the library is newer than what the database has
	$sql->($database, q{CREATE TABLE late (id integer PRIMARY KEY, user_id integer); SELECT assoc.belongs_to('Late', 'User', foreign_key => 'user_id'); SELECT count(*) FROM assoc.apply();
		ALTER TABLE late RENAME TO later; DROP TABLE later CASCADE; SELECT assoc.drop_model('Late', cascade => true); ALTER EXTENSION ta_app UPDATE TO '1.0'; ALTER EXTENSION ta_app UPDATE});
	is(($node->psql($database, 'SELECT * FROM assoc.migrations'))[0], 3, '... 1.0 has no view of migrations');
	# a dump of it, restored at 1.0, goes up as well
	my $copy = "copy_$role";
	$node->command_ok([ 'pg_dump', '-U', $role, '-f', $node->basedir . "/$copy", $database ], "$role: dumped at 1.0");
	$node->safe_psql('postgres', "CREATE DATABASE $copy OWNER $role TEMPLATE template0");
	$sql->($copy, q{CREATE EXTENSION todo_assoc VERSION '1.0'});
	$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-U', $role, '-d', $copy, '-f', $node->basedir . "/$copy" ], '... restored');
	foreach my $again ($database, $copy)
	{
		$sql->($again, q{ALTER EXTENSION todo_assoc UPDATE});
		same($node->safe_psql($again, $content), $before, "$again: up again");
		is(join("\n", (split /\n/, $node->safe_psql($again, $history))[ 0 .. 2 ]), $told, '... with the history');
		is($node->safe_psql($again, q{SELECT count(*) FROM assoc_internal.conflict WHERE config_table = 'history'}), '0', '... none of which is set aside any more');
		is($node->safe_psql($again, q{SELECT count(*) FROM assoc.validate() WHERE code <> 'conflict'}), '0', '... nothing is wrong');
	}
}

$node->stop;
done_testing();
