# What hostile users, damaged rows and odd moments must not bring about: another's rights, a crash, another's DDL that
# fails, rows that are lost.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TodoAssoc;

my $node = PostgreSQL::Test::Cluster->new('hostile');
$node->init;
$node->start;
plan skip_all => 'the extension directory cannot be written' unless extension_directory($node);
$node->safe_psql('postgres', 'CREATE ROLE alice LOGIN; CREATE ROLE bob LOGIN; CREATE ROLE mallory LOGIN');
my $databases = 0;

# A database of alice with the extension, and a schema for each of the others.
sub fresh
{
	my $name = 'hostile_' . ++$databases;
	$node->safe_psql('postgres', "CREATE DATABASE $name OWNER alice TEMPLATE template0");
	as($name, 'alice', 'CREATE EXTENSION todo_assoc; CREATE SCHEMA a');
	$node->safe_psql($name, "CREATE SCHEMA $_->[0] AUTHORIZATION $_->[1]; GRANT USAGE ON SCHEMA $_->[0] TO PUBLIC") for [ 'b', 'bob' ], [ 'mal', 'mallory' ];
	return $name;
}

sub as { my ($database, $role, $sql) = @_; return $node->safe_psql($database, $sql, extra_params => [ '-U', $role ]) }

# What psql says on the error channel.
sub told
{
	my ($database, $role, $sql) = @_;
	my ($status, $out, $err) = $node->psql($database, $sql, extra_params => [ '-U', $role ]);
	return $err =~ s/^psql:<stdin>:\d+: //mgr;
}

# a function that was put in an accessor's place is not given away with the table
{
	my $db = fresh();
	as($db, 'mallory', q{CREATE TABLE mal.users (id integer PRIMARY KEY); CREATE TABLE mal.todos (id integer PRIMARY KEY, user_id integer);
		SELECT assoc.define_model('MU', 'mal.users'); SELECT assoc.define_model('MT', 'mal.todos');
		SELECT assoc.has_many('MU', 'MT', 'todos', foreign_key => 'user_id', inverse => 'owner');
		CREATE OR REPLACE FUNCTION mal.todos(mal.users) RETURNS SETOF mal.todos LANGUAGE plpgsql SECURITY DEFINER AS $$
			BEGIN RAISE NOTICE 'runs as %', current_user; END$$;
		ALTER FUNCTION mal.todos(mal.users) DEPENDS ON EXTENSION todo_assoc});
	$node->safe_psql($db, 'ALTER TABLE mal.users OWNER TO postgres; ALTER TABLE mal.todos OWNER TO postgres');
	unlike(told($db, 'mallory', 'SELECT * FROM mal.todos(NULL::mal.users)'), qr/runs as postgres/, 'no function of mallory\'s runs as the new owner of her table');
	is($node->safe_psql($db, q{SELECT proowner::regrole, lanname, prosecdef FROM pg_proc p JOIN pg_language l ON l.oid = prolang WHERE p.oid = 'mal.todos(mal.users)'::regprocedure}),
		'postgres|sql|f', '... the accessor is made anew');
	# what is done to an accessor in place is undone when it is made anew
	as($db, 'alice', q{CREATE TABLE a.x (id integer PRIMARY KEY); CREATE TABLE a.y (id integer PRIMARY KEY, x_id integer); SELECT assoc.define_model('X', 'a.x'); SELECT assoc.define_model('Y', 'a.y');
		SELECT assoc.has_many('X', 'Y', 'ys', foreign_key => 'x_id'); ALTER FUNCTION a.ys(a.x) SECURITY DEFINER SET search_path = a; ALTER TABLE a.y RENAME x_id TO xx_id});
	is($node->safe_psql($db, q{SELECT prosecdef, proconfig FROM pg_proc WHERE oid = 'a.ys(a.x)'::regprocedure}), 'f|', 'SECURITY DEFINER and settings do not stay');
}

# our trigger functions on other people's tables
{
	my $db = fresh();
	foreach my $table ('model (a bigint, b bigint, name text, declarer text)', 'history (LIKE assoc_internal.history)', 'declaration (LIKE assoc_internal.declaration)')
	{
		my ($name) = $table =~ /^(\w+)/;
		is(told($db, 'mallory', "CREATE TABLE mal.$table; CREATE TRIGGER g BEFORE INSERT ON mal.$name FOR EACH ROW EXECUTE FUNCTION assoc_internal.guard_config(); INSERT INTO mal.$name DEFAULT VALUES"),
			qq{ERROR:  function "guard_config" is for the tables of todo_assoc}, "guard_config() on a table called $name");
	}
	like(told($db, 'mallory', 'CREATE TABLE mal.t (); CREATE TRIGGER s AFTER INSERT ON mal.t EXECUTE FUNCTION assoc_internal.settle_history()'),
		qr/^ERROR:  permission denied for function (?:assoc_internal\.)?settle_history/, 'settle_history() is nobody\'s');
	$node->safe_psql($db, q{CREATE TABLE t (); CREATE TRIGGER s AFTER INSERT ON t EXECUTE FUNCTION assoc_internal.settle_history()});
	like(told($db, 'postgres', 'INSERT INTO t DEFAULT VALUES'), qr/^ERROR:  function "settle_history" is for the tables of todo_assoc/, '... not on a superuser\'s table either');
	$node->safe_psql($db, q{CREATE FUNCTION e1() RETURNS integer LANGUAGE c AS '$libdir/todo_assoc', 'ta_on_drop'; CREATE FUNCTION e2() RETURNS integer LANGUAGE c AS '$libdir/todo_assoc', 'ta_settle_history'});
	like(told($db, 'postgres', 'SELECT e1()'), qr/^ERROR:  function "on_drop" was not called by event trigger manager/, 'an event trigger that is called');
	like(told($db, 'postgres', 'SELECT e2()'), qr/^ERROR:  function "settle_history" was not called by trigger manager/, 'a trigger that is called');
}

# rows that no declaration writes
{
	my $db = fresh();
	as($db, 'alice', q{CREATE TABLE a.t (id integer PRIMARY KEY, u_id integer, k text); CREATE TABLE a.u (id integer PRIMARY KEY);
		SELECT assoc.define_model('T', 'a.t'); SELECT assoc.define_model('U', 'a.u')});
	my @rows = (
		[ 'no reference', q{'belongs_to', 'U', '{u_id}', NULL, '{id}', NULL, NULL, NULL, NULL, NULL} ],
		[ 'no foreign key', q{'belongs_to', 'U', NULL, NULL, '{id}', NULL, NULL, NULL, 'r', NULL} ],
		[ 'no junction', q{'belongs_to_many', 'U', '{u_id}', NULL, NULL, NULL, NULL, NULL, NULL, NULL} ],
		[ 'no junction, but a reference', q{'belongs_to_many', 'U', '{u_id}', NULL, NULL, NULL, '{u_id}', NULL, 'r1', 'r2'} ],
		[ 'a path with a reference', q{'has_many', 'U', NULL, NULL, NULL, 'x.y', NULL, NULL, 'r', NULL} ],
		[ 'a null in a list', q{'belongs_to', 'U', '{NULL}', NULL, '{id}', NULL, NULL, NULL, 'r', NULL} ],
		map { [ "scope $_", qq{'belongs_to', 'U', '{u_id}', NULL, '{id}', NULL, NULL, '$_', 'r', NULL} ] } '[1]', '"s"', 'null', '{}', '{"k": {"a": [1]}}', '{"k": [[1]]}', '1');
	foreach my $row (@rows)
	{
		my ($name, $values) = @$row;
		my $insert = "INSERT INTO assoc_internal.declaration (model, alias, declarer, kind, target, foreign_key, source_key, target_key, through, other_key, scope, reference, other_reference)
			VALUES ('T', 'bad', '', $values)";
		like(told($db, 'alice', $insert), qr/^WARNING:  the row about "T\.bad" is none that a declaration writes\s+DETAIL:  The incoming row was set aside/, "$name: set aside");
		# past the trigger, as a restore with triggers disabled writes
		$node->safe_psql($db, "SET session_replication_role = replica; $insert");
		my $err = told($db, 'alice', q{SELECT * FROM assoc.associations; SELECT * FROM assoc.describe('T'); SELECT assoc.document(); SELECT * FROM assoc.plan(); SELECT * FROM assoc.validate();
			ALTER TABLE a.t RENAME u_id TO v_id; ALTER TABLE a.t RENAME v_id TO u_id; ALTER TABLE a.t ADD COLUMN z integer; ALTER TABLE a.t DROP COLUMN z; CREATE TABLE a.w (); DROP TABLE a.w});
		is($err, '', '... and past the trigger, nothing believes it');
		$node->safe_psql($db, q{SET session_replication_role = replica; DELETE FROM assoc_internal.declaration; DELETE FROM assoc_internal.conflict});
	}
	# a history row that differs, and one that somebody put where a downgrade sets the history aside
	as($db, 'alice', q{INSERT INTO assoc_internal.history (id, package, action, applied_by, server_version, extension_version) VALUES ('00000000-0000-0000-0000-000000000001', 'p', 'migrate', 'x', '1', '1')});
	like(told($db, 'alice', q{INSERT INTO assoc_internal.history (id, package, action, applied_by, server_version, extension_version) VALUES ('00000000-0000-0000-0000-000000000001', 'p', 'migrate', 'y', '1', '1')}),
		qr/^WARNING:  "p" is already declared, and differently/, 'a history row that differs is set aside');
	as($db, 'alice', q{ALTER EXTENSION todo_assoc UPDATE TO '1.0'; INSERT INTO assoc_internal.conflict (config_table, name, declarer, incoming) VALUES ('history', 'x', '', '{"id": null}'), ('history', 'y', '', '[]'), ('history', 'y', '', '{"id": "x", "applied_at": "now or never"}');
		ALTER EXTENSION todo_assoc UPDATE});
	is($node->safe_psql($db, q{SELECT count(*) FROM assoc_internal.history WHERE package = 'p'; SELECT count(*) FROM assoc_internal.conflict WHERE name IN ('x', 'y')}), "1\n3",
		'... and one that is none does not stop an update');
	# a superuser updates what is alice's
	as($db, 'alice', q{ALTER EXTENSION todo_assoc UPDATE TO '1.0'});
	$node->safe_psql($db, 'ALTER EXTENSION todo_assoc UPDATE');
	is($node->safe_psql($db, q{SELECT has_table_privilege('alice', 'assoc_internal.history', 'INSERT')}), 't', 'an update by a superuser grants to the owner');
}

# what others do to their accessors, schemas and scopes is their own: DDL goes on
{
	my $db = fresh();
	as($db, 'bob', q{CREATE TABLE b.users (id integer PRIMARY KEY, k text); GRANT REFERENCES, SELECT ON b.users TO alice});
	as($db, 'bob', q{SELECT assoc.define_model('BU', 'b.users')});
	as($db, 'alice', q{CREATE TABLE a.t (id integer PRIMARY KEY, u_id integer, k integer); SELECT assoc.define_model('T', 'a.t'); SELECT assoc.belongs_to('T', 'BU', 'u', foreign_key => 'u_id');
		CREATE TABLE a.s (id integer PRIMARY KEY, t_id integer, k integer); SELECT assoc.define_model('S', 'a.s'); SELECT assoc.has_many('T', 'S', 'ss', foreign_key => 't_id', scope => '{"k": 3}')});
	# alice's accessor gets a named parameter
	as($db, 'alice', q{DROP FUNCTION a.u(a.t); CREATE FUNCTION a.u(x a.t) RETURNS SETOF b.users LANGUAGE sql AS 'SELECT * FROM b.users'; ALTER FUNCTION a.u(a.t) DEPENDS ON EXTENSION todo_assoc});
	is(told($db, 'bob', 'ALTER TABLE b.users RENAME id TO number'), '', 'a function in the place of an accessor does not stop a rename');
	is($node->safe_psql($db, q{SELECT key FROM assoc.associations WHERE association = 'T.u'; SELECT proargnames FROM pg_proc WHERE oid = 'a.u(a.t)'::regprocedure}), "number\n", '... the accessor is made anew');
	as($db, 'bob', 'REVOKE USAGE ON SCHEMA b FROM PUBLIC');
	like(told($db, 'bob', 'ALTER TABLE b.users RENAME number TO id'), qr/^WARNING:  the accessor of "T\.u" could not be brought up to date\s+DETAIL:  permission denied for schema b$/m, 'nor does a schema without rights');
	is($node->safe_psql($db, q{SELECT key FROM assoc.associations WHERE association = 'T.u'}), 'id', '... the rename is followed');
	as($db, 'bob', 'GRANT USAGE ON SCHEMA b TO PUBLIC');
	like(told($db, 'alice', q{ALTER TABLE a.s ALTER k TYPE json USING NULL}), qr/^WARNING:  the accessor of "T\.ss" could not be brought up to date\s+DETAIL:  column "k" of type json cannot be in a scope$/m,
		'a type that a scope does not fit');
	as($db, 'alice', q{ALTER TABLE a.s ALTER k TYPE integer USING NULL; CREATE VIEW a.v AS SELECT s.* FROM a.t, a.ss(t) s; CREATE SCHEMA a9});
	like(told($db, 'alice', 'ALTER TABLE a.t SET SCHEMA a9'), qr/^WARNING:  the accessor "ss" stays in schema a$/m, 'an accessor that a view uses stays where it is');
	is($node->safe_psql($db, q{SELECT table_name FROM assoc.models WHERE model = 'T'; SELECT count(*) FROM a.v}), "a9.t\n0", '... the move is followed, and the view works');
}

# only what a drop took is judged
{
	my $db = fresh();
	as($db, 'alice', q{CREATE TABLE a.todos (id integer PRIMARY KEY, junk integer); CREATE TABLE a.tags (id integer PRIMARY KEY); SET search_path = a;
		SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', inverse => 'todos'); CREATE TABLE a.users (id integer PRIMARY KEY); ALTER TABLE todos ADD COLUMN user_id integer;
		SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user_id', inverse => 'todos')});
	is(told($db, 'alice', 'ALTER TABLE a.todos DROP COLUMN junk'), '', 'a planned junction does not end with an unrelated column');
	is($node->safe_psql($db, 'SELECT count(*) FROM assoc.associations'), '4', '... all is declared');
	$node->safe_psql($db, 'SET session_replication_role = replica; DROP TABLE a.users CASCADE');
	as($db, 'alice', 'ALTER TABLE a.todos ADD COLUMN junk integer');
	is(told($db, 'alice', 'ALTER TABLE a.todos DROP COLUMN junk'), '', 'nor does an association whose parent is missing');
	is($node->safe_psql($db, q{SELECT status FROM assoc.associations WHERE association = 'Todo.user'}), 'missing', '... it stays what it is');
}

# pg_dump --clean drops keys and accessors first, then tables in no order of ours
{
	my $db = fresh();
	as($db, 'alice', q{SET search_path = a; CREATE TABLE users (id integer PRIMARY KEY); CREATE TABLE todos (id integer PRIMARY KEY, user_id integer); INSERT INTO users VALUES (1); INSERT INTO todos VALUES (1, 1);
		SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user_id', inverse => 'todos'); SELECT count(*) FROM assoc.apply();
		CREATE TABLE notes (id integer PRIMARY KEY, user_id integer); SELECT assoc.belongs_to('Note', 'User', foreign_key => 'user_id', inverse => 'notes')});
	my $look = q{SELECT association, status, difference FROM assoc.associations ORDER BY 1; SELECT * FROM a.users; SELECT * FROM a.todos; SELECT count(*) FROM assoc.plan(); SELECT t.id FROM a.users u, a.todos(u) t};
	$node->safe_psql($db, 'DROP SCHEMA b, mal');
	my $before = $node->safe_psql($db, $look);
	my $file = $node->basedir . '/clean';
	foreach my $options ([], ['--if-exists'])
	{
		$node->command_ok([ 'pg_dump', '-U', 'alice', '--clean', @$options, '-f', $file, $db ], "pg_dump --clean @$options");
		my ($out, $err) = run_command([ 'psql', '-X', '-q', '-h', $node->host, '-p', $node->port, '-U', 'alice', '-d', $db, '-f', $file ]);
		is(join('', grep { /ERROR/ } split /^/, $err), '', '... restores over the database');
		is($node->safe_psql($db, $look), $before, '... which is as before');
	}
	# but who only drops the parent is held
	like(told($db, 'alice', 'DROP TABLE a.notes, a.users'), qr/^ERROR:  cannot drop desired object/, 'a parent alone is held by its key');
}

# undo_all: partitions made by hand, and rows that come in meanwhile
{
	my $db = fresh();
	make_package('ta_parts', '1.0', { '1.0' => 'CREATE TABLE public.ev (id integer, k integer) PARTITION BY LIST (k); CREATE TABLE public.plain (id integer);' });
	as($db, 'alice', q{SELECT count(*) FROM assoc.migrate('ta_parts'); CREATE TABLE ev_1 PARTITION OF ev FOR VALUES IN (1); INSERT INTO ev VALUES (1, 1), (2, 1), (3, 1)});
	is(report($node, $db, q{SELECT * FROM assoc.undo_all('ta_parts')}, '-U', 'alice'), q{ERROR:  55000: tables of package "ta_parts" hold rows
DETAIL:  They would be lost: ev_1 (3 rows).
HINT:  To lose them: SELECT * FROM assoc.undo_all('ta_parts', confirm => true); to keep the tables without the package: SELECT assoc.release('ta_parts');}, 'rows of a partition made by hand hold the package');
	as($db, 'alice', 'DELETE FROM ev');
	my $writer = $node->background_psql($db, extra_params => [ '-U', 'alice' ]);
	my $undoer = $node->background_psql($db, extra_params => [ '-U', 'alice' ], on_error_stop => 0);
	$writer->query_safe('BEGIN; INSERT INTO plain VALUES (42)');
	$undoer->query_until(qr/started/, qq{\\echo started\nSELECT * FROM assoc.undo_all('ta_parts');\n\\echo done\n});
	ok($node->poll_query_until($db, q{SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'plain'::regclass AND NOT granted)}), 'undo_all waits for who writes');
	$writer->query_safe('COMMIT');
	$undoer->query_until(qr/done/, '');
	is($node->safe_psql($db, 'SELECT count(*) FROM plain'), '1', '... and does not lose the row');
	$_->quit for $writer, $undoer;

	# the filter of a mark runs as the package's owner
	make_package('ta_filter', '1.0', { '1.0' => q{CREATE FUNCTION public.is_seed(integer) RETURNS boolean LANGUAGE sql AS 'SELECT true'; CREATE TABLE public.seeds (id integer);
		SELECT pg_catalog.pg_extension_config_dump('public.seeds', 'WHERE NOT public.is_seed(id)'); INSERT INTO public.seeds VALUES (1);} });
	as($db, 'alice', q{SELECT count(*) FROM assoc.migrate('ta_filter'); CREATE OR REPLACE FUNCTION public.is_seed(integer) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE 'runs as %', current_user; RETURN false; END$$});
	my $err = told($db, 'postgres', q{SELECT * FROM assoc.undo_all('ta_filter')});
	like($err, qr/NOTICE:  runs as alice/, 'a superuser\'s undo_all runs alice\'s filter as alice');
	unlike($err, qr/runs as postgres/, '... only');
}

# release() of every kind of object
{
	my $db = fresh();
	make_package('ta_kinds', '1.0', { '1.0' => q{
CREATE TYPE public.k_pair AS (a integer, b integer);
CREATE TYPE public.k_mood AS ENUM ('sad', 'glad');
CREATE TYPE public.k_range AS RANGE (subtype = float8);
CREATE DOMAIN public.k_positive AS integer CHECK (VALUE > 0);
CREATE TABLE public.k_table (id serial PRIMARY KEY, p public.k_pair, m public.k_mood, r public.k_range, d public.k_positive);
CREATE VIEW public.k_view AS SELECT * FROM public.k_table;
CREATE MATERIALIZED VIEW public.k_matview AS SELECT 1 AS x;
CREATE FUNCTION public.k_function(integer, integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
CREATE PROCEDURE public.k_procedure() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE public.k_count(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0');
CREATE OPERATOR public.<%%> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = public.k_function);
CREATE SCHEMA k_schema;
GRANT SELECT ON public.k_table TO bob;} });
	as($db, 'alice', q{SELECT count(*) FROM assoc.migrate('ta_kinds'); CREATE TABLE k_user (p k_pair, m k_mood); INSERT INTO k_table (d) VALUES (1)});
	like(as($db, 'alice', q{SELECT assoc.release('ta_kinds')}), qr/^ta_kinds: released; its \d+ objects stay, its 0 associations are by hand now$/, 'release() of every kind of object');
	is($node->safe_psql($db, q{SELECT count(*) FROM pg_class WHERE relname LIKE 'k\_%' AND relkind IN ('r', 'v', 'm', 'c', 'S'); SELECT count(*) FROM pg_proc WHERE proname IN ('k_function', 'k_procedure', 'k_count');
		SELECT count(*) FROM pg_type WHERE typname IN ('k_pair', 'k_mood', 'k_range', 'k_positive'); SELECT 1 OPERATOR(public.<%%>) 2; SELECT count(*) FROM pg_depend WHERE deptype = 'e' AND refobjid NOT IN (SELECT oid FROM pg_extension)}),
		"6\n3\n4\n1\n0", '... all stay');
	as($db, 'alice', 'DROP EXTENSION todo_assoc');
	my $target = fresh();
	as($target, 'alice', 'DROP EXTENSION todo_assoc');
	my $file = $node->basedir . '/released';
	$node->command_ok([ 'pg_dump', '-U', 'alice', '-n', 'public', '-f', $file, $db ], '... and are in a dump');
	my ($out, $err) = run_command([ 'psql', '-X', '-q', '-h', $node->host, '-p', $node->port, '-U', 'alice', '-d', $target, '-f', $file ]);
	is(join('', grep { /ERROR/ && !/schema "public" already exists/ } split /^/, $err), '', '... that restores');
	is($node->safe_psql($target, q{SELECT has_table_privilege('bob', 'k_table', 'SELECT'), (SELECT count(*) FROM k_table)}), 't|1', '... with privileges and rows');
}

# renames between pre_restore() and post_restore(), and a key that can't be put back
{
	my $db = fresh();
	make_package('ta_lift', '1.0', { '1.0' => 'CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE c (id integer, pid integer REFERENCES p);' }, 'relocatable = true');
	as($db, 'alice', q{SELECT count(*) FROM assoc.migrate('ta_lift'); SET client_min_messages = error; SELECT assoc.pre_restore(); ALTER TABLE c RENAME pid TO parent; ALTER TABLE p RENAME id TO number;
		ALTER TABLE c RENAME TO child; CREATE SCHEMA l1; ALTER EXTENSION ta_lift SET SCHEMA l1; ALTER SCHEMA l1 RENAME TO l2; ALTER TABLE l2.p RENAME TO parent});
	is(as($db, 'alice', 'SELECT item, outcome FROM assoc.post_restore()'), 'foreign key c_pid_fkey of l2.child|done', 'a lifted key follows renames');
	is($node->safe_psql($db, q{SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'c_pid_fkey'}), 'FOREIGN KEY (parent) REFERENCES l2.parent(number)', '... and is what it was');
	as($db, 'alice', q{SET client_min_messages = error; SELECT assoc.pre_restore(); ALTER TABLE l2.parent DROP CONSTRAINT p_pkey});
	is(as($db, 'alice', q{SELECT outcome, detail FROM assoc.post_restore() WHERE item LIKE 'foreign key%'}), 'blocked|there is no unique constraint matching given keys for referenced table "parent"', 'one that can\'t be put back');
	is(as($db, 'alice', q{ALTER TABLE l2.parent ADD PRIMARY KEY (number); SELECT outcome, detail FROM assoc.post_restore() WHERE item LIKE 'foreign key%'}), 'done|', '... is, when it can');
}

# seed rows and the end of the transaction, where todo_assoc was made in the same command
{
	make_package('ta_seed', '1.0', { '1.0' => 'CREATE TABLE public.seeds (id integer); INSERT INTO public.seeds VALUES (1);' });
	$node->safe_psql('postgres', 'CREATE DATABASE hostile_seed OWNER alice TEMPLATE template0');
	is(told('hostile_seed', 'alice', 'BEGIN; SET LOCAL client_min_messages = warning; CREATE EXTENSION ta_seed CASCADE; ROLLBACK; SELECT 1'), '', 'ROLLBACK is no moment to look at seed rows');
	is(told('hostile_seed', 'alice', 'BEGIN; SET LOCAL client_min_messages = warning; SAVEPOINT s; CREATE EXTENSION ta_seed CASCADE; ROLLBACK TO s; SELECT 1; COMMIT'), '', '... nor ROLLBACK TO');
	like(told('hostile_seed', 'alice', 'BEGIN; SET LOCAL client_min_messages = warning; CREATE EXTENSION ta_seed CASCADE; COMMIT'), qr/^ERROR:  table seeds of package "ta_seed" holds rows/, 'COMMIT is');
	# a package whose creation failed below a savepoint, and then todo_assoc anew
	make_package('ta_seed', '1.0', { '1.0' => 'CREATE TABLE public.fine (id integer);' });
	make_package('ta_fails', '1.0', { '1.0' => 'CREATE TABLE public.x (); SELECT 1/0;' });
	as('hostile_seed', 'alice', 'CREATE EXTENSION todo_assoc');
	like(told('hostile_seed', 'alice', q{DO $$BEGIN BEGIN CREATE EXTENSION ta_fails; EXCEPTION WHEN division_by_zero THEN NULL; END; SET client_min_messages = warning; DROP EXTENSION todo_assoc; CREATE EXTENSION ta_seed CASCADE; END$$}), qr/^$/, 'after a failure');
	is($node->safe_psql('hostile_seed', 'SELECT package, to_version FROM assoc_internal.history'), 'ta_seed|1.0', '... the next package is noticed');
}

# a script that runs another package; a clock that was put back; the default version that is not said
{
	my $db = fresh();
	make_package('ta_inner', '1.0', { '1.0' => 'CREATE TABLE public.inner_rows (id integer);' });
	make_package('ta_outer', '1.1', { '1.0' => 'CREATE TABLE public.outer_rows (id integer);', '1.0--1.1' => q{SELECT assoc.undo_all('ta_inner', confirm => true);},
		'1.1--1.0' => 'DROP TABLE public.outer_rows;' });
	as($db, 'alice', q{SELECT count(*) FROM assoc.migrate('ta_inner'); INSERT INTO inner_rows VALUES (1); SELECT count(*) FROM assoc.migrate('ta_outer'); INSERT INTO outer_rows VALUES (1), (2)});
	is($node->safe_psql($db, q{SELECT string_agg(package || ' ' || action || ' ' || COALESCE(to_version, '-') || COALESCE(' ' || rows_dropped, ''), ', ' ORDER BY applied_at) FROM assoc_internal.history}),
		'ta_inner migrate 1.0, ta_outer migrate 1.0, ta_inner undo_all - 1, ta_outer migrate 1.1', 'a script that undoes another package');
	is(as($db, 'alice', q{SELECT rows_dropped FROM assoc.undo('ta_outer')}), '2', '... and rows are counted');
	$node->safe_psql($db, q{UPDATE assoc_internal.history SET applied_at = applied_at + interval '1 year' WHERE package = 'ta_outer'});
	as($db, 'alice', q{SELECT count(*) FROM assoc.migrate('ta_outer')});
	is($node->safe_psql($db, q{SELECT to_version FROM assoc_internal.history WHERE package = 'ta_outer' ORDER BY applied_at DESC LIMIT 1; SELECT count(*) FROM assoc.validate() WHERE code = 'history_differs'}), "1.1\n0",
		'a clock that was put back does not turn the history around');
	make_package('ta_nodefault', '1.0', { '1.0' => 'CREATE TABLE public.nd ();', '1.0--1.1' => 'SELECT 1;' });
	my $control = $node->config_data('--sharedir') . '/extension/ta_nodefault.control';
	my $text = slurp_file($control) =~ s/^default_version.*\n//mr;
	unlink $control;
	append_to_file($control, $text);
	is(report($node, $db, q{SELECT * FROM assoc.migrate('ta_nodefault')}, '-U', 'alice'), q{ERROR:  55000: the control file of package "ta_nodefault" says no default version
HINT:  Say one: SELECT * FROM assoc.migrate('ta_nodefault', '1.1');}, 'a control file without default version');
	is(steps_of($node, $db, q{assoc.migrate('ta_nodefault', '1.1')}, '-U', 'alice'), '->1.0 1.0>1.1', '... when one is said');
	like(report($node, $db, q{SELECT * FROM assoc.migrate('ta_outer')}, '-U', 'mallory'), qr/^ERROR:  42501: must be owner of extension ta_outer\nHINT:  Call it as alice\.$/, 'who may not, waits for nobody');
}

# DROP of a partitioned table whose partition is a model; two renames at once
{
	my $db = fresh();
	as($db, 'alice', q{SET search_path = a; CREATE TABLE root (id integer, k integer, PRIMARY KEY (id, k)) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF root FOR VALUES IN (1); CREATE TABLE kids (id integer PRIMARY KEY, p_id integer, p_k integer);
		SELECT assoc.define_model('Part', 'p1'); SELECT assoc.belongs_to('Kid', 'Part', 'part', foreign_key => 'p_id, p_k', inverse => 'kids')});
	like(told($db, 'alice', 'DROP TABLE a.kids, a.root'), qr/^NOTICE:  no longer declared: /, 'DROP of the whole takes its parts\' accessors along');
	is($node->safe_psql($db, q{SELECT count(*) FROM assoc.associations; SELECT count(*) FROM pg_proc WHERE pronamespace = 'a'::regnamespace}), "0\n0", '... and their declarations');
	as($db, 'alice', q{SET search_path = a; CREATE TABLE users (id integer PRIMARY KEY); CREATE TABLE todos (id integer PRIMARY KEY, uid integer); SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'uid', target_key => 'id')});
	my @session = map { $node->background_psql($db, extra_params => [ '-U', 'alice' ]) } 1 .. 2;
	$session[0]->query_safe('BEGIN; ALTER TABLE a.users RENAME id TO number');
	$session[1]->query_until(qr/started/, qq{\\echo started\nALTER TABLE a.todos RENAME uid TO owner_id;\n\\echo done\n});
	ok($node->poll_query_until($db, q{SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)}), 'a second rename waits');
	$session[0]->query_safe('COMMIT');
	$session[1]->query_until(qr/done/, '');
	is($node->safe_psql($db, 'SELECT foreign_key, key, status FROM assoc.associations'), 'owner_id|number|planned', '... and both are followed');
	$session[0]->query_safe('SET client_min_messages = error; BEGIN; ALTER TABLE a.todos DROP COLUMN owner_id');
	$session[1]->query_until(qr/started/, qq{\\echo started\nALTER TABLE a.users RENAME number TO id;\n\\echo done\n});
	$node->poll_query_until($db, q{SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)});
	$session[0]->query_safe('COMMIT');
	$session[1]->query_until(qr/done/, '');
	is($node->safe_psql($db, 'SELECT count(*) FROM assoc.associations'), '0', 'an association that was dropped does not come back');
	# renames and declarations of two sessions end, one after the other
	$session[0]->query_safe(q{BEGIN; ALTER TABLE a.users RENAME TO people});
	$session[1]->query_until(qr/started/, qq{\\echo started\nSET search_path = a; SELECT assoc.define_model('Again', 'a.todos');\n\\echo done\n});
	$node->poll_query_until($db, q{SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)});
	$session[0]->query_safe(q{SELECT assoc.define_model('Other', 'a.people'); COMMIT});
	like($session[1]->query_until(qr/done/, ''), qr/Again: model of table/, 'a rename and then a declaration: no deadlock');
	$_->quit for @session;
}

$node->stop;
done_testing();
