# Dropping: the extension, a package, what an owner owns, a table.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TodoAssoc;

my $node = PostgreSQL::Test::Cluster->new('drop');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE plain LOGIN; CREATE ROLE guest LOGIN');
my $databases = 0;

# A database of the plain owner with a model set that is in place.
sub fresh
{
	my $name = 'drop_' . ++$databases;
	$node->safe_psql('postgres', "CREATE DATABASE $name OWNER plain");
	$node->safe_psql($name, q{
		CREATE EXTENSION todo_assoc;
		CREATE TABLE users (id integer PRIMARY KEY);
		CREATE TABLE todos (id integer PRIMARY KEY, user_id integer);
		CREATE TABLE tags (id integer PRIMARY KEY);
		SELECT assoc.belongs_to('Todo', 'User', inverse => 'todos');
		SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags', inverse => 'todos');
		SELECT assoc.has_many('User', 'Tag', through => 'todos.tags');
		SELECT * FROM assoc.apply();
	}, extra_params => [ '-U', 'plain' ]);
	return $name;
}

my $tables = q{SELECT c.oid::regclass, c.relkind FROM pg_class c WHERE relnamespace = 'public'::regnamespace ORDER BY 1};
my $keys = q{SELECT conrelid::regclass, conname, convalidated FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2};
my $functions = q{SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace};

# the extension
{
	my $database = fresh();
	my ($before, $before_keys) = map { $node->safe_psql($database, $_) } $tables, $keys;
	is($node->safe_psql($database, $functions), '5', 'five accessors');
	$node->safe_psql($database, 'DROP EXTENSION todo_assoc', extra_params => [ '-U', 'plain' ]);
	is($node->safe_psql($database, $tables), $before, 'DROP EXTENSION leaves tables and indexes');
	is($node->safe_psql($database, $keys), $before_keys, '... and keys');
	is($node->safe_psql($database, $functions), '0', '... and takes the accessors');
	is($node->safe_psql($database, q{SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'assoc%'}), '0', '... and its schemas');
	$node->safe_psql($database, q{CREATE EXTENSION todo_assoc; SELECT assoc.belongs_to('Todo', 'User', inverse => 'todos');
		SELECT assoc.belongs_to_many('Todo', 'Tag', through => 'todo_tags')}, extra_params => [ '-U', 'plain' ]);
	is($node->safe_psql($database, 'SELECT count(*) FROM assoc.plan()'), '0', 'made again and declared again, nothing is planned');
}

# the extension and a view over an accessor
{
	my $database = fresh();
	$node->safe_psql($database, 'CREATE VIEW v AS SELECT t.* FROM users u, todos(u) t', extra_params => [ '-U', 'plain' ]);
	my ($status, $out, $err) = $node->psql($database, 'DROP EXTENSION todo_assoc');
	like($err, qr/view v depends on function todos\(users\)/, 'a view over an accessor holds the extension');
	$node->safe_psql($database, 'SET client_min_messages = warning; DROP EXTENSION todo_assoc CASCADE');
	is($node->safe_psql($database, q{SELECT count(*) FROM pg_views WHERE viewname = 'v'}), '0', '... and goes with CASCADE');
}

# tables: what is declared of them goes with them
{
	my $database = fresh();
	$node->safe_psql($database, 'SET client_min_messages = warning; DROP TABLE todo_tags, tags CASCADE', extra_params => [ '-U', 'plain' ]);
	is($node->safe_psql($database, q{SELECT string_agg(association || ' ' || status, ', ' ORDER BY association) FROM assoc.associations}),
		'Todo.user in place, User.todos in place', 'associations go with a dropped table');
	is($node->safe_psql($database, q{SELECT model, status FROM assoc.models ORDER BY 1}), "Todo|in place\nUser|in place",
		'... also among models');
	is($node->safe_psql($database, 'SELECT count(*) FROM assoc.plan()'), '0', '... and all is well');
	is($node->safe_psql($database, $functions), '2', '... without accessors that are left');
}

# while nobody watches, a dropped table shows as missing
{
	my $database = fresh();
	$node->safe_psql($database, 'SET client_min_messages = warning; SET session_replication_role = replica; DROP TABLE todo_tags, tags CASCADE');
	is($node->safe_psql($database, q{SELECT string_agg(association || ' ' || status, ', ' ORDER BY association) FROM assoc.associations}),
		'Tag.todos missing, Todo.tags missing, Todo.user in place, User.tags missing, User.todos in place', 'dropped unwatched: missing');
	is($node->safe_psql($database, q{SELECT model, status FROM assoc.models ORDER BY 1}), "Tag|missing\nTodo|in place\nUser|in place\ntodo_tags|missing",
		'... also among models');
	is($node->safe_psql($database, q{SELECT count(*) FROM assoc.plan() WHERE sql IS NOT NULL}), '0', '... and nothing is planned for it');
	like($node->safe_psql($database, q{SELECT * FROM assoc.describe('Tag')}), qr/missing|does not exist/, '... describe() says so');
	like($node->safe_psql($database, q{SELECT severity, code, message, fix FROM assoc.validate()}),
		qr/^error\|model_missing\|model "Tag" stands for table public\.tags, which does not exist\|SELECT assoc\.drop_model\('Tag', cascade => true\);$/m,
		'... as does validate(), with what mends it');
	$node->safe_psql($database, q{SELECT assoc.drop_model('Tag', cascade => true)}, extra_params => [ '-U', 'plain' ]);
	is($node->safe_psql($database, q{SELECT string_agg(association || ' ' || status, ', ' ORDER BY association) FROM assoc.associations}),
		'Todo.user in place, User.todos in place', 'its owner, or who could be, forgets it');
	is($node->safe_psql($database, 'SELECT count(*) FROM assoc.plan()'), '0', '... and all is well');
}

# by who may not: nothing has happened
{
	my $database = fresh();
	my ($status, $out, $err) = $node->psql($database, 'DROP TABLE todos', extra_params => [ '-U', 'guest' ]);
	like($err, qr/must be owner of table todos/, 'a drop that is refused');
	is($node->safe_psql($database, $functions), '5', '... has moved no accessor');
	($status, $out, $err) = $node->psql($database, 'DROP OWNED BY plain', extra_params => [ '-U', 'guest' ]);
	like($err, qr/permission denied/, 'DROP OWNED that is refused');
	is($node->safe_psql($database, $functions), '5', '... has moved none either');
}

# a key and an index that were dropped are planned again; a column takes the association along
{
	my $database = fresh();
	$node->safe_psql($database, 'DROP INDEX todos_user_id_idx; ALTER TABLE todos DROP CONSTRAINT todos_user_id_fkey',
		extra_params => [ '-U', 'plain' ]);
	is($node->safe_psql($database, 'SELECT count(*) FROM assoc.plan()'), '3', 'a dropped key and index are planned again');
	is($node->safe_psql($database, q{SELECT DISTINCT outcome FROM assoc.apply()}, extra_params => [ '-U', 'plain' ]), 'done', '... and made again');
	$node->safe_psql($database, 'SET client_min_messages = warning; ALTER TABLE todos DROP COLUMN user_id', extra_params => [ '-U', 'plain' ]);
	is($node->safe_psql($database, q{SELECT string_agg(association, ', ' ORDER BY association) FROM assoc.associations}), 'Tag.todos, Todo.tags',
		'a dropped column takes its associations along, and the paths through them');
}

# a schema with everything in it
{
	my $database = fresh();
	$node->safe_psql($database, 'SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public');
	is($node->safe_psql($database, q{SELECT count(*) FROM pg_extension WHERE extname = 'todo_assoc'}), '1',
		'DROP SCHEMA public CASCADE leaves the extension');
	is($node->safe_psql($database, q{SELECT count(*) FROM assoc.associations}), '0', '... and nothing declared');
	is($node->safe_psql($database, q{SELECT count(*) FROM assoc.models}), '0', '... no model either');
}

# what an owner owns
{
	my $database = fresh();
	$node->safe_psql($database, 'GRANT CREATE ON SCHEMA public TO guest; GRANT REFERENCES ON users TO guest');
	$node->safe_psql($database, q{CREATE TABLE notes (id integer PRIMARY KEY, user_id integer); SELECT assoc.belongs_to('Note', 'User');
		SELECT * FROM assoc.apply()}, extra_params => [ '-U', 'guest' ]);
	$node->safe_psql($database, 'SET client_min_messages = warning; DROP OWNED BY guest');
	is($node->safe_psql($database, q{SELECT count(*) FROM assoc.associations WHERE association = 'Note.user'}),
		'0', 'DROP OWNED BY the owner of a table');
	$node->safe_psql($database, 'SET client_min_messages = warning; DROP OWNED BY plain CASCADE');
	is($node->safe_psql($database, q{SELECT count(*) FROM pg_extension WHERE extname = 'todo_assoc'}), '0',
		'DROP OWNED BY the owner of the extension takes it along');
	is($node->safe_psql($database, $functions), '0', '... with its accessors');
	is($node->safe_psql($database, $tables), '', '... and tables');
	$node->safe_psql($database, q{CREATE EXTENSION todo_assoc});
	is($node->safe_psql($database, 'SELECT count(*) FROM assoc.associations'), '0', '... and it can be made again');
}

# a package
SKIP:
{
	skip 'todo_app is not installed', 10
	  if $node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = 'todo_app'") eq '0';
	my $database = 'packages';
	$node->safe_psql('postgres', "CREATE DATABASE $database OWNER plain");
	my $all = q{SELECT association, status, declared_by FROM assoc.associations ORDER BY 1;
		SELECT c.relname FROM pg_class c WHERE relnamespace = 'public'::regnamespace ORDER BY 1;
		SELECT p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'public'::regnamespace ORDER BY 1};
	$node->safe_psql($database, 'CREATE EXTENSION todo_app CASCADE', extra_params => [ '-U', 'plain' ]);
	my $before = $node->safe_psql($database, $all);
	like($before, qr/Todo\.user\|in place\|todo_app/, 'a package in place');
	foreach my $turn (1, 2)
	{
		$node->safe_psql($database, 'DROP EXTENSION todo_app', extra_params => [ '-U', 'plain' ]);
		is($node->safe_psql($database, "$all; SELECT * FROM assoc.plan(); SELECT * FROM assoc.models"), '', "$turn: its declarations go with it");
		$node->safe_psql($database, 'CREATE EXTENSION todo_app', extra_params => [ '-U', 'plain' ]);
		is($node->safe_psql($database, $all), $before, "$turn: and come back");
	}
	# the rows it left behind are swept by whoever declares next
	$node->safe_psql($database, 'DROP EXTENSION todo_app', extra_params => [ '-U', 'plain' ]);
	$node->safe_psql($database, q{CREATE TABLE things (id integer PRIMARY KEY); SELECT assoc.define_model('Thing', 'things')},
		extra_params => [ '-U', 'plain' ]);
	is($node->safe_psql($database, 'SELECT count(*) FROM assoc_internal.declaration'), '0', 'nothing is left of it');
	# said by hand as well: the hand's word stays
	$node->safe_psql($database, 'CREATE EXTENSION todo_app', extra_params => [ '-U', 'plain' ]);
	$node->safe_psql($database, q{CREATE TABLE notes (id integer PRIMARY KEY, "userId" integer); SELECT assoc.belongs_to('Note', 'User')},
		extra_params => [ '-U', 'plain' ]);
	my ($status, $out, $err) = $node->psql($database, q{SELECT assoc.drop_association('Todo.user')}, extra_params => [ '-U', 'plain' ]);
	like($err, qr/declared by package "todo_app"/, 'what a package said is not dropped by hand');
	($status, $out, $err) = $node->psql($database, 'DROP EXTENSION todo_app', extra_params => [ '-U', 'plain' ]);
	like($err, qr/NOTICE:  no longer declared: Note\.user/, 'an association by hand to a table of the package ends with it');
	unlike($err, qr/ERROR/, '... and its accessor does not hold it');
	$node->safe_psql($database, q{CREATE EXTENSION todo_app}, extra_params => [ '-U', 'plain' ]);
	$node->safe_psql($database, q{SELECT assoc.belongs_to('Note', 'User')}, extra_params => [ '-U', 'plain' ]);
	$node->safe_psql($database, q{ALTER EXTENSION todo_app UPDATE TO '1.0'; ALTER EXTENSION todo_app UPDATE TO '1.1'}, extra_params => [ '-U', 'plain' ]);
	is($node->safe_psql($database, q{SELECT status FROM assoc.associations WHERE association = 'Note.user'}), 'planned',
		'a package whose script applies does only what the package says');
	$node->safe_psql($database, 'SELECT * FROM assoc.apply()', extra_params => [ '-U', 'plain' ]);
	is($node->safe_psql($database, q{SELECT status FROM assoc.associations WHERE association = 'Note.user'}), 'in place', '... until it is applied');
	is($node->safe_psql($database, q{SELECT count(*) FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
		AND objid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'notes'::regclass UNION SELECT oid FROM pg_proc WHERE proargtypes[0] = 'notes'::regtype)}),
		'0', '... without what that made being the package\'s');
}

# todo_assoc under a package
SKIP:
{
	skip 'todo_app is not installed', 10
	  if $node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = 'todo_app'") eq '0';
	my $database = 'under';
	my $refused = q{ERROR:  2BP01: cannot drop extension todo_assoc because packages depend on it
DETAIL:  Packages are todo_app; they would be dropped too, with their tables and rows.
HINT:  SELECT assoc.release('todo_app'); keeps the tables, SELECT * FROM assoc.undo_all('todo_app', confirm => true); drops them.};
	$node->safe_psql('postgres', "CREATE DATABASE $database OWNER plain");
	$node->safe_psql($database, q{CREATE EXTENSION todo_app CASCADE; INSERT INTO "Users" (name) VALUES ('Ada'); INSERT INTO "Todos" (title, "userId") VALUES ('a', 1)},
		extra_params => [ '-U', 'plain' ]);
	is(report($node, $database, $_), $refused, $_) for 'DROP EXTENSION todo_assoc', 'DROP EXTENSION todo_assoc CASCADE', 'DROP EXTENSION IF EXISTS todo_assoc CASCADE';
	$node->safe_psql('postgres', 'CREATE ROLE other LOGIN IN ROLE plain');
	my $before = $node->safe_psql($database, qq{$tables; $keys});
	like(report($node, $database, q{SELECT assoc.release('todo_app')}, '-U', 'guest'), qr/^ERROR:  42501: must be owner of package "todo_app"\nHINT:  Call it as plain\.$/,
		'release() is for the owner');
	is(report($node, $database, q{SELECT assoc.release('todo_ap')}), q{ERROR:  42704: package "todo_ap" is not installed
HINT:  SELECT DISTINCT package FROM assoc.migrations WHERE is_current;}, '... of a package that is there');
	is($node->safe_psql($database, q{SELECT assoc.release('todo_app')}, extra_params => [ '-U', 'plain' ]),
		'todo_app: released; its 6 objects stay, its 2 associations are by hand now', 'released');
	is($node->safe_psql($database, qq{$tables; $keys}), $before, '... its tables and keys stand');
	is($node->safe_psql($database, q{SELECT association, status, declared_by FROM assoc.associations ORDER BY 1; SELECT model, declared_by FROM assoc.models ORDER BY 1}),
		"Todo.user|in place|hand\nUser.todos|in place|hand\nTodo|hand\nUser|hand", '... what it declared is by hand');
	is($node->safe_psql($database, q{SELECT (SELECT count(*) FROM assoc.plan()), (SELECT count(*) FROM "Users" u, todos(u)), (SELECT count(*) FROM assoc.validate())}),
		'0|1|0', '... all in place');
	is($node->safe_psql($database, q{SELECT action, from_version, to_version FROM assoc_internal.history ORDER BY applied_at DESC LIMIT 1}), 'release|1.1|', '... and in the history');
	$node->safe_psql($database, 'DROP EXTENSION todo_assoc', extra_params => [ '-U', 'plain' ]);
	is($node->safe_psql($database, qq{$tables; $keys}), $before, 'now todo_assoc can go; tables and keys stand');
	is($node->safe_psql($database, $functions), '0', '... no function of ours is left');
	is($node->safe_psql($database, q{SELECT (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal), (SELECT count(*) FROM pg_event_trigger)}), '0|0', '... no trigger either');
	is($node->safe_psql($database, q{SELECT count(*) FROM "Todos"}), '1', '... and the rows are there');

	# both in one command, and by DROP OWNED
	$node->safe_psql('postgres', 'CREATE DATABASE two OWNER plain');
	$node->safe_psql('two', q{CREATE EXTENSION todo_app CASCADE; DROP EXTENSION todo_app, todo_assoc}, extra_params => [ '-U', 'plain' ]);
	is($node->safe_psql('two', $tables), '', 'both named: both dropped');
	$node->safe_psql('two', q{CREATE EXTENSION todo_assoc}, extra_params => [ '-U', 'plain' ]);
	$node->safe_psql('two', q{GRANT CREATE ON SCHEMA public TO guest}, extra_params => [ '-U', 'plain' ]);
	$node->safe_psql('two', q{CREATE EXTENSION todo_app}, extra_params => [ '-U', 'guest' ]);
	is(report($node, 'two', 'DROP OWNED BY plain CASCADE'), $refused, 'DROP OWNED does not take the package of somebody else');
	$node->safe_psql('two', q{SET client_min_messages = warning; DROP OWNED BY plain, guest CASCADE});
	is($node->safe_psql('two', $tables), '', '... but what is all theirs');
}

$node->stop;
done_testing();
