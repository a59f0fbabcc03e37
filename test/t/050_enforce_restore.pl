# What triggers enforce through dump and restore, as superuser and as plain owner: in every format, over itself, and of
# packages. Afterwards it is enforced as before, and only what is known of the rows must be found again.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TodoAssoc;

my $node = PostgreSQL::Test::Cluster->new('enforce_restore');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE plain LOGIN CREATEDB');
my $super = $node->safe_psql('postgres', 'SELECT current_user');
my $databases = 0;

sub fresh
{
	my ($role) = @_;
	my $name = 'triggers_' . ++$databases;
	$node->safe_psql('postgres', "CREATE DATABASE $name OWNER $role TEMPLATE template0");
	return $name;
}

sub as { my ($database, $role, $sql) = @_; return $node->safe_psql($database, $sql, extra_params => [ '-U', $role ]) }

sub same { my ($got, $expected, $name) = @_; return is(lost_and_new($got, $expected), '', $name) }

my $look = q{
	SELECT association, enforce, on_delete, on_update, status, difference FROM assoc.associations ORDER BY 1;
	SELECT e::text FROM assoc_internal.enforced e ORDER BY 1; SELECT t::text FROM assoc_internal.enforced_target t ORDER BY 1;
	SELECT c::text FROM assoc_internal.conflict c; SELECT r::text FROM assoc_internal.recorded r ORDER BY 1;
	SELECT tgrelid::regclass, pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, tgname;
	SELECT conrelid::regclass, conname, contype, condeferrable, condeferred FROM pg_constraint
		WHERE connamespace NOT IN ('pg_catalog'::regnamespace, 'assoc_internal'::regnamespace, 'information_schema'::regnamespace) ORDER BY 1, 2, 3;
	SELECT * FROM assoc.plan(); SELECT severity, code, message FROM assoc.validate(min_severity => 'warning')};

# of every kind, with names that need care; notes are enforced, and declared no more
sub make
{
	my ($database, $role) = @_;
	as($database, $role, q{
		CREATE EXTENSION todo_assoc;
		CREATE SCHEMA "My ""schema""";
		SET search_path = "My ""schema""";
		CREATE TABLE "Users" (id integer PRIMARY KEY, "a.b" text, z varchar(10) UNIQUE, n numeric UNIQUE);
		CREATE TABLE "Todos" (id integer PRIMARY KEY, "user's id" integer, name text, z varchar(10), n numeric);
		CREATE TABLE tags (id integer, kind "char", PRIMARY KEY (id, kind));
		CREATE TABLE taggings (tag_id integer, tag_kind "char") PARTITION BY LIST (tag_kind);
		CREATE TABLE taggings_a PARTITION OF taggings FOR VALUES IN ('a');
		CREATE TABLE places (id integer NOT NULL) PARTITION BY RANGE (id);
		CREATE TABLE places_1 PARTITION OF places FOR VALUES FROM (0) TO (10);
		CREATE TABLE stays (id integer PRIMARY KEY, place_id integer);
		CREATE TABLE notes (id integer PRIMARY KEY, user_id integer);
		SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user''s id', on_delete => 'SET NULL ("user''s id")', deferral => 'deferred', enforce => 'trigger', inverse => 'todos');
		SELECT assoc.belongs_to('Todo', 'User', 'named', foreign_key => 'name', target_key => 'a.b', enforce => 'trigger');
		SELECT assoc.belongs_to('Todo', 'User', 'zed', foreign_key => 'z', target_key => 'z', on_update => 'CASCADE', enforce => 'statement');
		SELECT assoc.belongs_to('Todo', 'User', 'number', foreign_key => 'n', target_key => 'n', enforce => 'trigger', deferral => 'immediate');
		SELECT assoc.belongs_to('Tagging', 'Tag', foreign_key => 'tag_id, tag_kind', enforce => 'trigger', on_delete => 'CASCADE');
		SELECT assoc.belongs_to('Stay', 'Place', foreign_key => 'place_id', target_key => 'id', enforce => 'trigger', on_delete => 'RESTRICT');
		SELECT assoc.belongs_to('Note', 'User', foreign_key => 'user_id', enforce => 'trigger');
		SELECT count(*) FROM assoc.apply();
		SELECT assoc.drop_association('Note.user');
		INSERT INTO "Users" VALUES (1, 'x', 'z', 1.0), (2, 'x', NULL, NULL);
		INSERT INTO "Todos" VALUES (1, 1, 'x', 'z', 1.00), (2, NULL, NULL, NULL, NULL);
		INSERT INTO tags VALUES (1, 'a'); INSERT INTO taggings VALUES (1, 'a'); INSERT INTO places VALUES (1); INSERT INTO stays VALUES (1, 1);
		INSERT INTO notes VALUES (1, 1)});
	return;
}

# what each reference refuses
my %orphans = (
	'Todos (user)' => q{INSERT INTO "My ""schema"""."Todos" (id, "user's id") VALUES (9, 9)},
	'Todos (named)' => q{INSERT INTO "My ""schema"""."Todos" (id, name) VALUES (9, 'y')},
	'Todos (zed)' => q{INSERT INTO "My ""schema"""."Todos" (id, z) VALUES (9, 'y')},
	'Todos (number)' => q{INSERT INTO "My ""schema"""."Todos" (id, n) VALUES (9, 2)},
	'taggings' => q{INSERT INTO "My ""schema""".taggings VALUES (2, 'a')},
	'stays' => q{INSERT INTO "My ""schema""".stays VALUES (9, 2)},
	'notes' => q{INSERT INTO "My ""schema""".notes VALUES (9, 9)},
	'TRUNCATE of a partition' => q{TRUNCATE "My ""schema""".places_1});

sub enforces
{
	my ($database, $role, $name) = @_;
	my @through = grep { report($node, $database, $orphans{$_}, '-U', $role) !~ /violates|cannot truncate/ } sort keys %orphans;
	is("@through", '', "$name: everything is enforced");
	return;
}

foreach my $role ($super, 'plain')
{
	my $db = fresh($role);
	make($db, $role);
	as($db, $role, 'SELECT count(*) FROM assoc.apply(' . "'Todo, Tagging, Stay')");
	my $before = as($db, $role, $look);
	like($before, qr/^Stay\.place\|trigger\|RESTRICT\|NO ACTION\|in place\|$/m, "$role: there is something to dump");
	enforces($db, $role, $role);
	foreach my $way ([ [], [] ], [ ['--inserts'], [] ], [ ['-Fc'], ['--exit-on-error'] ], [ [ '-Fd', '-j2' ], [ '-j2', '--exit-on-error' ] ],
		[ [ '-Fc', '--no-owner', '--no-acl' ], [ '--no-owner', '--no-acl', '--exit-on-error' ] ])
	{
		my $target = fresh($role);
		my $way_name = "@{ $way->[0] }";
		is(restore_into($node, $target, $role, dump_of($node, $db, $role, @{ $way->[0] }), @{ $way->[1] }), '', "$way_name: restored as $role");
		is($node->safe_psql($target, 'SELECT count(*), count(*) FILTER (WHERE validated) FROM assoc_internal.enforced'), '7|0', '... nothing is known of the rows');
		is($node->safe_psql($target, 'SELECT DISTINCT sql FROM assoc.plan() ORDER BY 1'),
			join("\n", (sort map { "SELECT assoc_internal.validate_reference('$_')" } qw(Stay.place Tagging.tag Todo.named Todo.number Todo.user Todo.zed)) , q{} )
			  =~ s/^(.*)\n$/"SELECT assoc_internal.unenforce('notes_user_id')\n$1"/ser =~ s/^(.*unenforce.*)\n((?:.*\n?)+)$/$1\n$2/r, '... so that is what is planned');
		enforces($target, $role, $way_name);
		is(as($target, $role, q{SELECT DISTINCT outcome FROM assoc.apply('Todo, Tagging, Stay')}), 'done', '... and done');
		# the one that nobody declares is not validated: nothing but its end is planned
		same(as($target, $role, $look) =~ s/^(\(notes_user_id,.*),f\)$/$1,t)/mr, $before, '... all is as before');
		$node->safe_psql('postgres', "DROP DATABASE $target");
	}
	# over itself: what is there goes first, in an order that is not ours
	foreach my $options ([], ['--if-exists'])
	{
		my $file = dump_of($node, $db, $role, '--clean', @$options);
		is(restore_into($node, $db, $role, $file), '', "--clean @$options over itself as $role");
		enforces($db, $role, '... and then');
		is(as($db, $role, q{SELECT DISTINCT outcome FROM assoc.apply('Todo, Tagging, Stay')}), 'done', '... checked');
		same(as($db, $role, $look) =~ s/^(\(notes_user_id,.*),f\)$/$1,t)/mr, $before, '... all is as before');
	}
	# the data alone, into the tables as they are
	if ($role eq $super)
	{
		my $target = fresh($role);
		is(restore_into($node, $target, $role, dump_of($node, $db, $role, '--schema-only')), '', 'the schema alone');
		unlike(restore_into($node, $target, $role, dump_of($node, $db, $role, '--data-only', '--disable-triggers')), qr/ERROR/, '... and the data');
		enforces($target, $role, '... and then');
		like(as($target, $role, q{SELECT DISTINCT outcome FROM assoc.apply('Todo, Tagging, Stay')}), qr/^(done)?$/, '... checked');
		same(as($target, $role, $look) =~ s/^(\(notes_user_id,.*),f\)$/$1,t)/mr, $before, '... all is as before');
	}
	# rows that break a reference come with the dump, and are told
	as($db, $super, q{SET session_replication_role = replica; INSERT INTO "My ""schema""".stays VALUES (7, 7)});
	my $target = fresh($role);
	is(restore_into($node, $target, $role, dump_of($node, $db, $role)), '', "a broken row is restored as $role");
	is(as($target, $role, q{SELECT association, outcome, detail FROM assoc.apply('Stay.place')}),
		q{Stay.place|blocked|1 row of "My ""schema""".stays without a row of "My ""schema""".places; see them: SELECT t.* FROM "My ""schema""".stays t WHERE t.place_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "My ""schema""".places p WHERE p.id OPERATOR(pg_catalog.=) t.place_id);},
		'... and blocks what says that there are none');
}

# rows of the two tables, written by hand as a restore does
{
	my $db = fresh('plain');
	make($db, 'plain');
	$node->safe_psql('postgres', 'CREATE ROLE other LOGIN');
	$node->safe_psql($db, 'CREATE TABLE public.others (id integer PRIMARY KEY); ALTER TABLE public.others OWNER TO other; CREATE TABLE public.mine (id integer PRIMARY KEY, other_id integer); ALTER TABLE public.mine OWNER TO plain');
	my $row = q{INSERT INTO assoc_internal.enforced (reference, declarer, name, mode, child_schema, child_table, columns, on_delete, on_update, deferral, validated)
		VALUES ('%s', '%s', 'x_fkey', 'trigger', 'public', '%s', '{%s}', '%s', 'NO ACTION', 'none', true)};
	my $target = q{INSERT INTO assoc_internal.enforced_target (reference, declarer, parent_schema, parent_table, key) VALUES ('%s', '', 'public', '%s', '{id}')};
	my $try = sub { return report($node, $db, sprintf($_[0], @_[ 1 .. $#_ ]), '-U', 'plain') };
	is($try->($row, 'r', '', 'others', 'id', 'CASCADE'), "ERROR:  42501: must be owner of table others\nDETAIL:  A model belongs to the owner of its table.", 'a row about a table of others');
	is($try->($row, 'r', 'ta_app', 'mine', 'other_id', 'CASCADE'),
		"ERROR:  42501: rows said by package \"ta_app\" cannot be written directly\nHINT:  Only the package's scripts say them; write declarer '' for by hand.", 'a row said by a package');
	is($try->($row, 'r', '', 'mine', 'other_id', 'CASCADE'), 'no error', 'a row about one\'s own table');
	is($try->($target, 'r', 'others'), "ERROR:  42501: permission denied for table others\nDETAIL:  A reference to it needs the REFERENCES privilege on it.", 'a target of others');
	as($db, 'other', 'GRANT REFERENCES ON others TO plain');
	is($try->($target, 'r', 'others'), 'no error', '... who let one refer');
	is($node->safe_psql($db, q{SELECT validated FROM assoc_internal.enforced WHERE reference = 'r'}), 'f', 'nothing is known of the rows');
	is($try->($row, 'r', '', 'mine', 'other_id', 'CASCADE'), 'no error', 'the same row once more');
	is($node->safe_psql($db, 'SELECT count(*) FROM assoc_internal.conflict'), '0', '... is skipped');
	is($try->($row, 'r', '', 'mine', 'other_id', 'RESTRICT'), 'no error', 'one that differs');
	is($node->safe_psql($db, 'SELECT config_table, name FROM assoc_internal.conflict'), 'enforced|r', '... is set aside');
	is($try->($row, 's', '', 'mine', 'other_id', 'DROP TABLE'), 'no error', 'an action that there is not');
	is($node->safe_psql($db, q{SELECT name FROM assoc_internal.conflict ORDER BY name}), "r\ns", '... is set aside');
	# the row alone makes no trigger act, and none on the table of others
	is($node->safe_psql($db, q{SELECT count(*) FROM pg_trigger WHERE tgrelid = 'others'::regclass}), '0', 'no trigger on the table of others');
	is(as($db, 'plain', q{INSERT INTO mine VALUES (1, 1); SELECT sql FROM assoc.plan() WHERE sql LIKE '%''r''%'}), q{SELECT assoc_internal.unenforce('r')}, 'and what nobody declares is to end');
	is(as($db, 'plain', q{SELECT outcome FROM assoc.apply() WHERE sql LIKE '%''r''%'}), 'done', '... and does');
}

# what nobody noticed, for event triggers did not fire, is refused, and mended by apply()
{
	my $db = fresh($super);
	$node->safe_psql($db, q{CREATE EXTENSION todo_assoc; CREATE TABLE users (id integer PRIMARY KEY); CREATE TABLE todos (id integer PRIMARY KEY, user_id integer); INSERT INTO users VALUES (1);
		SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user_id', enforce => 'trigger'); SELECT count(*) FROM assoc.apply()});
	my $unseen = 'SET session_replication_role = replica;';
	foreach my $change ([ 'ALTER TABLE users RENAME TO people', 'ALTER TABLE people RENAME TO users', 'Table "public.users" does not exist.' ],
		[ 'ALTER TABLE todos RENAME COLUMN user_id TO owner', 'ALTER TABLE todos RENAME COLUMN owner TO user_id', 'Column "user_id" of table "todos" does not exist.' ])
	{
		$node->safe_psql($db, "$unseen $change->[0]");
		is(report($node, $db, 'INSERT INTO todos VALUES (2, 1)'), qq{ERROR:  55000: reference "todos_user_id" cannot be enforced\nDETAIL:  $change->[2]\nHINT:  SELECT * FROM assoc.apply();}, "$change->[0]: nothing passes");
		$node->safe_psql($db, "$unseen $change->[1]");
	}
	is($node->safe_psql($db, 'INSERT INTO todos VALUES (2, 1); SELECT count(*) FROM todos'), '1', '... and is as it was, when that is');
	$node->safe_psql($db, "$unseen DROP TABLE todos CASCADE");
	is($node->safe_psql($db, q{SELECT sql FROM assoc.plan() WHERE sql LIKE '%enforce%'}), '', 'a child that went unnoticed: it is missing');
	like(report($node, $db, 'DELETE FROM users'), qr/^ERROR:  55000: reference "todos_user_id" cannot be enforced/, '... and its parent is held');
	$node->safe_psql($db, q{SELECT assoc.drop_model('Todo', cascade => true)});
	is($node->safe_psql($db, q{SELECT sql, outcome FROM assoc.apply()}), q{SELECT assoc_internal.unenforce('todos_user_id')|done}, '... until it is declared no more');
	is($node->safe_psql($db, 'DELETE FROM users; SELECT count(*) FROM users'), '0', '... and free');
}

# back to 1.2, which has no triggers, and up again
{
	my $db = fresh('plain');
	as($db, 'plain', q{CREATE EXTENSION todo_assoc; CREATE TABLE users (id integer PRIMARY KEY); CREATE TABLE "My todos" (id integer PRIMARY KEY, user_id integer);
		SELECT assoc.define_model('User', 'users'); SELECT assoc.define_model('Todo', 'My todos'); SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user_id', enforce => 'trigger'); SELECT count(*) FROM assoc.apply()});
	like(report($node, $db, 'DROP EXTENSION todo_assoc', '-U', 'plain'), qr/^ERROR:  2BP01: cannot drop extension todo_assoc because other objects depend on it/, 'triggers hold the extension');
	my $refusal = sub { return "ERROR:  55000: cannot go back to 1.2 while associations are enforced by triggers\nDETAIL:  $_[0]\n" .
		'HINT:  ' . ($_[0] =~ /declared/ ? "SELECT assoc.set_enforcement('Todo.user', 'foreign_key'); " : '') . 'SELECT * FROM assoc.apply(); drops those that nobody declares.' };
	my $down = sub { return report($node, $db, q{ALTER EXTENSION todo_assoc UPDATE TO '1.2'}, '-U', 'plain') =~ s/^CONTEXT:.*//msr =~ s/\n$//r };
	is($down->(), $refusal->('Triggers are on public."My todos". They are declared by Todo.user.'), '... and no way back');
	as($db, 'plain', q{SELECT assoc.drop_association('Todo.user')});
	is($down->(), $refusal->('Triggers are on public."My todos".'), '... nor for what nobody declares');
	as($db, 'plain', q{SELECT count(*) FROM assoc.apply(); SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user_id', enforce => 'statement')});
	is($down->(), $refusal->('They are declared by Todo.user.'), '... nor for what is only declared');
	is(as($db, 'plain', q{SELECT assoc.set_enforcement('Todo.user', 'foreign_key')}), 'Todo.user: enforced by a foreign key; 2 steps done', 'switched');
	is($down->(), 'no error', '... there is');
	is(report($node, $db, q{SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user_id', enforce => 'trigger')}, '-U', 'plain'),
		"ERROR:  22023: invalid value for argument \"enforce\": \"trigger\"\nHINT:  Use foreign_key or none; triggers came with 1.3: ALTER EXTENSION todo_assoc UPDATE.", '1.2 has none');
	is(as($db, 'plain', q{SELECT count(*) FROM assoc.plan(); ALTER EXTENSION todo_assoc UPDATE; SELECT assoc.set_enforcement('Todo.user', 'trigger')}), "0\nTodo.user: enforced by triggers; 1 step done", '... and 1.3 has');
	as($db, 'plain', 'SET client_min_messages = error; DROP EXTENSION todo_assoc CASCADE');
	is($node->safe_psql($db, 'SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal'), '0', 'with CASCADE they go with it');
}

# rows that are deleted softly: said, in force, and their batches
foreach my $role ($super, 'plain')
{
	my $db = fresh($role);
	as($db, $role, q{CREATE EXTENSION todo_assoc; CREATE SCHEMA "My soft";
		CREATE TABLE "My soft"."Users" (id integer PRIMARY KEY, "deleted At" timestamptz); CREATE TABLE "My soft"."Todos" (id integer PRIMARY KEY, "userId" integer, hidden boolean);
		SELECT assoc.define_model('User', '"My soft"."Users"', soft_delete => 'deleted At'); SELECT assoc.define_model('Todo', '"My soft"."Todos"', soft_delete => 'hidden');
		SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'CASCADE'); SELECT assoc.has_one('User', 'Todo', 'first', foreign_key => 'userId'); SELECT count(*) FROM assoc.apply();
		INSERT INTO "My soft"."Users" VALUES (1), (2); INSERT INTO "My soft"."Todos" VALUES (1, 1, false), (2, 1, true), (3, 2, false);
		UPDATE "My soft"."Users" SET "deleted At" = '2026-01-01' WHERE id = 1});
	my $models = q{SELECT name, soft_delete FROM assoc_internal.model ORDER BY 1; SELECT t::text FROM "My soft"."Todos" t ORDER BY 1; SELECT u::text FROM "My soft"."Users" u ORDER BY 1};
	my $before = as($db, $role, "$look; $models");
	like($before, qr/^Todo\|hidden\nUser\|deleted At$/m, "$role: models whose rows are deleted softly");
	foreach my $options ([], ['-Fc'])
	{
		my $target = fresh($role);
		is(restore_into($node, $target, $role, dump_of($node, $db, $role, @$options)), '', '... restored');
		as($target, $role, 'SELECT count(*) FROM assoc.apply()');
		same(as($target, $role, "$look; $models"), $before, '... as before');
		is(report($node, $target, q{INSERT INTO "My soft"."Todos" VALUES (9, 1, NULL)}, '-U', $role) =~ s/\n.*//sr,
			'ERROR:  23503: insert or update on table "Todos" violates foreign key constraint "Todos_userId_fkey"', '... and enforced');
		is(as($target, $role, q{UPDATE "My soft"."Users" SET "deleted At" = NULL WHERE id = 1; SELECT id, hidden FROM "My soft"."Todos" ORDER BY id}), "1|f\n2|t\n3|f", '... a batch comes back');
	}
	as($db, $role, q{SELECT count(*) FROM assoc.set_enforcement('Todo.user', 'foreign_key')});
	is(report($node, $db, q{ALTER EXTENSION todo_assoc UPDATE TO '1.2'}, '-U', $role) =~ s/^CONTEXT:.*//msr,
		"ERROR:  55000: cannot go back to 1.2 while models are deleted softly\nDETAIL:  They are Todo, User.\nHINT:  SELECT assoc.define_model('Todo'); SELECT assoc.define_model('User'); " .
			"That unsays their other options, too: say those again in the same call. What a package says, its scripts take back: assoc.undo.\n", '1.2 knows of none');
	is(report($node, $db, q{SELECT assoc.define_model('User'); SELECT assoc.define_model('Todo'); ALTER EXTENSION todo_assoc UPDATE TO '1.2'; ALTER EXTENSION todo_assoc UPDATE}, '-U', $role), 'no error', '... so it is unsaid first');
}

# a package's tables: its script makes the triggers again, and rows come between pre_restore() and post_restore()
SKIP:
{
	skip 'the extension directory cannot be written', 1 unless extension_directory($node);
	# what is said by hand of a package's tables, as its next version
	make_package('ta_soft', '1.0', { '1.0' => q{
CREATE TABLE public.s_users (id integer PRIMARY KEY, gone date); CREATE TABLE public.s_todos (id integer PRIMARY KEY, user_id integer, gone date);} });
	my $db = fresh($super);
	as($db, $super, q{CREATE EXTENSION ta_soft CASCADE; SELECT assoc.define_model('User', 's_users', soft_delete => 'gone'); SELECT assoc.define_model('Todo', 's_todos', soft_delete => 'gone');
		SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user_id', on_delete => 'CASCADE')});
	like(as($db, $super, q{SELECT string_agg(detail, E'\n') FROM assoc.apply()}),
		qr/^s_users belongs to extension ta_soft, and a dump would not hold this change\..*^s_todos belongs to extension ta_soft, and/ms, 'soft deletion of a package\'s tables is its next version\'s');
	my %soft = map { my ($file, $script) = split /\x1f/; $file =~ /^ta_soft--(.*)\.sql$/ ? ($1 => $script) : () } split /\x1e/,
	  as($db, $super, q{SELECT string_agg(filename || E'\x1f' || script, E'\x1e') FROM assoc.generate_migration('ta_soft')});
	like($soft{'1.0--1.1'}, qr/s_users ADD COLUMN deletion_id uuid.*s_todos ADD COLUMN deletion_id uuid.*define_model\('User'[^;]*soft_delete => 'gone'.*assoc_internal\.enforce\('Todo\.user'\)/s, '... which declares it');
	like($soft{'1.1--1.0'}, qr/unenforce\('Todo\.user'\).*s_todos DROP COLUMN deletion_id.*s_users DROP COLUMN deletion_id/s, '... and takes it back');
	make_package('ta_soft', '1.1', { '1.0' => slurp_file($node->config_data('--sharedir') . '/extension/ta_soft--1.0.sql'), %soft });
	as($db, $super, q{SELECT assoc.drop_model('Todo', cascade => true); SELECT assoc.drop_model('User', cascade => true)});
	foreach my $move (q{assoc.migrate('ta_soft')}, q{assoc.undo('ta_soft')}, q{assoc.migrate('ta_soft')})
	{
		as($db, $super, "SELECT * FROM $move");
		is($node->safe_psql($db, q{SELECT string_agg(e.declarer || ' ' || child_soft_delete || ' ' || soft_delete || ' ' || validated, ', ') FROM assoc_internal.enforced e JOIN assoc_internal.enforced_target USING (reference)}),
			$move =~ /undo/ ? '' : 'ta_soft gone gone true', "... $move");
	}
	is(as($db, $super, 'SELECT count(*) FROM assoc.plan()'), '0', '... nothing is left to do');

	make_package('ta_app', '1.0', { '1.0' => q{
CREATE TABLE public.a_todos (id integer PRIMARY KEY, user_id integer);
CREATE TABLE public.b_users (id integer PRIMARY KEY, boss_id integer);
SELECT assoc.define_model('Todo', 'public.a_todos'); SELECT assoc.define_model('User', 'public.b_users');
SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user_id', on_delete => 'CASCADE', enforce => 'trigger', inverse => 'todos');
SELECT assoc.belongs_to('User', 'User', 'boss', foreign_key => 'boss_id', on_delete => 'RESTRICT', enforce => 'trigger', deferral => 'deferred');
SELECT assoc.apply();} });
	foreach my $role ($super, 'plain')
	{
		my $db = fresh($role);
		as($db, $role, q{CREATE EXTENSION ta_app CASCADE; INSERT INTO b_users VALUES (1, 2), (2, 1); INSERT INTO a_todos VALUES (1, 1), (2, NULL)});
		my $before = as($db, $role, $look);
		like($before, qr/^Todo\.user\|trigger\|CASCADE\|NO ACTION\|in place\|$/m, "$role: the script has put it in force");
		is($node->safe_psql($db, 'SELECT DISTINCT declarer, validated FROM assoc_internal.enforced'), 'ta_app|t', '... for the package');
		my $file = dump_of($node, $db, $role, '-Fd', '-j2');
		my $target = fresh($role);
		# which table comes first, pg_restore of each major decides otherwise
		my $told = restore_into($node, $target, $role, $file, '-j2');
		ok($told =~ /violates foreign key constraint/ || $told eq '' && $node->safe_psql($target,
			'SELECT count(*) FROM a_todos WHERE user_id NOT IN (SELECT id FROM b_users)') eq '0' && as($target, $role, $look) ne '',
			'several sessions at once are checked: rows that come before what they refer to are refused') or diag $told;
		$target = fresh($role);
		is(restore_into($node, $target, $role, $file, '--section=pre-data'), '', '... so in sections');
		same(as($target, $role, $look), $before, '... the triggers are made by the script');
		my ($status, $out, $err) = $node->psql($target, 'SELECT assoc.pre_restore()', extra_params => [ '-U', $role ]);
		is($out, '0 foreign keys lifted, triggers of 2 associations off', '... and switched off');
		like($node->safe_psql($target, 'SELECT severity, code, message, fix FROM assoc.validate()'),
			qr/^error\|trigger_disabled\|trigger "RI_assoc_c_[0-9a-f]{16}" of a_todos is disabled\|ALTER TABLE public\.a_todos ENABLE TRIGGER "RI_assoc_c_[0-9a-f]{16}";$/m, '... which validate() tells');
		is(restore_into($node, $target, $role, $file, '--section=data', '-j2'), '', '... the rows, in parallel');
		is(as($target, $role, 'SELECT item, outcome, detail FROM assoc.post_restore() ORDER BY 1'), "triggers of a_todos (user_id)|done|\ntriggers of b_users (boss_id)|done|", '... switched on and checked');
		is(restore_into($node, $target, $role, $file, '--section=post-data'), '', '... and what comes after');
		same(as($target, $role, $look), $before, '... all is as before');
		is(as($target, $role, 'SELECT * FROM assoc.post_restore()'), '', 'once more, there is nothing to do');
		like(report($node, $target, 'INSERT INTO a_todos VALUES (9, 9)', '-U', $role), qr/violates foreign key constraint "a_todos_user_id_fkey"/, 'it is enforced');

		# a row that breaks it
		as($target, $role, 'SET client_min_messages = error; SELECT assoc.pre_restore(); INSERT INTO a_todos VALUES (9, 9)');
		is(as($target, $role, q{SELECT item, outcome, detail FROM assoc.post_restore() WHERE outcome = 'blocked'}),
			'triggers of a_todos (user_id)|blocked|1 row of a_todos without a row of b_users; see them: SELECT t.* FROM public.a_todos t WHERE t.user_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM public.b_users p WHERE p.id OPERATOR(pg_catalog.=) t.user_id);',
			'a row that came meanwhile and breaks it is told');
		as($target, $role, 'DELETE FROM a_todos WHERE id = 9');
		is(as($target, $role, 'SELECT item, outcome FROM assoc.post_restore()'), 'triggers of a_todos (user_id)|done', '... and when it is mended, all is well');

		# by hand beside it
		as($target, $role, q{CREATE TABLE hand (id integer PRIMARY KEY, user_id integer); SELECT assoc.belongs_to('Hand', 'User', foreign_key => 'user_id', enforce => 'trigger')});
		is(as($target, $role, q{SELECT outcome, detail FROM assoc.apply('Hand') WHERE sql LIKE '%enforce(%'}),
			q{blocked|It makes triggers on b_users too, which belongs to extension ta_app: a dump would not hold them. A foreign key, enforce => 'foreign_key', it holds.},
			'triggers on a package\'s table are not for a table that is none');
		is(as($target, $role, q{SELECT assoc.drop_model('Hand', cascade => true); DROP TABLE hand; SELECT outcome, detail FROM assoc.apply('Todo.user')}),
			'Hand: dropped, and with it Hand.user', 'nothing is left of it');
		like(as($target, $role, q{SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'user_id', enforce => 'trigger', on_update => 'CASCADE'); SELECT outcome, detail FROM assoc.apply('Todo.user')}),
			qr/^blocked\|a_todos belongs to extension ta_app, and a dump would not hold this change\./m, 'nor are they changed from outside of its scripts');
		as($target, $role, q{SELECT assoc.drop_association('Todo.user')});

		# the next version of the package, written out of what is said by hand; up, down and up
		as($target, $role, q{CREATE TABLE c_notes (id integer PRIMARY KEY)});
		if ($role ne $super)
		{
			my $generated = fresh($role);
			as($generated, $role, q{CREATE EXTENSION ta_app CASCADE; SELECT assoc.belongs_to('Todo', 'User', 'author', foreign_key => 'author_id', on_delete => 'SET NULL', enforce => 'trigger')});
			my %scripts = map { my ($file, $script) = split /\x1f/; $file =~ /^ta_app--(.*)\.sql$/ ? ($1 => $script) : () } split /\x1e/,
			  as($generated, $role, q{SELECT string_agg(filename || E'\x1f' || script, E'\x1e') FROM assoc.generate_migration('ta_app')});
			is(join(' ', sort keys %scripts), '1.0--1.1 1.1--1.0', 'a next version is written');
			like($scripts{'1.0--1.1'}, qr/ADD COLUMN author_id.*belongs_to\('Todo', 'User', alias => 'author'.*assoc_internal\.enforce\('Todo\.author'\).*validate_reference\('Todo\.author'\)/s, '... which declares, then enforces');
			like($scripts{'1.1--1.0'}, qr/unenforce\('Todo\.author'\).*drop_association\('Todo\.author'\).*DROP COLUMN author_id/s, '... and the way back');
			my $base = slurp_file($node->config_data('--sharedir') . '/extension/ta_app--1.0.sql');
			make_package('ta_app', '1.1', { '1.0' => $base, %scripts });
			as($generated, $role, q{SELECT assoc.drop_association('Todo.author')});
			foreach my $move (q{assoc.migrate('ta_app')}, q{assoc.undo('ta_app')}, q{assoc.migrate('ta_app')})
			{
				as($generated, $role, "SELECT * FROM $move");
				is($node->safe_psql($generated, q{SELECT string_agg(declarer || ' ' || validated, ', ') FROM assoc_internal.enforced WHERE reference = 'a_todos_author_id'}),
					$move =~ /undo/ ? '' : 'ta_app true', "... $move");
			}
			is(as($generated, $role, q{SELECT count(*) FROM assoc.plan()}), '0', '... nothing is left to do');
			make_package('ta_app', '1.0', { '1.0' => $base });
		}

		# its end
		my $in_force = q{SELECT (to_jsonb(e) - 'declarer')::text FROM assoc_internal.enforced e UNION ALL SELECT (to_jsonb(t) - 'declarer')::text FROM assoc_internal.enforced_target t ORDER BY 1};
		my $was = $node->safe_psql($target, $in_force);
		like(as($target, $role, q{SELECT assoc.release('ta_app')}), qr/^ta_app: released;/, 'released');
		is($node->safe_psql($target, q{SELECT DISTINCT declarer FROM assoc_internal.enforced UNION SELECT declarer FROM assoc_internal.enforced_target}), '', '... what is in force is by hand');
		same($node->safe_psql($target, $in_force), $was, '... and stays');
		is(as($db, $role, q{SET client_min_messages = error; DROP EXTENSION ta_app; SELECT count(*) FROM assoc_internal.enforced}), '0', 'dropped, nothing is in force any more');
	}
}

$node->stop;
done_testing();
