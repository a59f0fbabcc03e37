# Dropping: the extension, a package, what an owner owns, a table.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

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

# tables
{
	my $database = fresh();
	$node->safe_psql($database, 'SET client_min_messages = warning; DROP TABLE todo_tags, tags CASCADE', extra_params => [ '-U', 'plain' ]);
	is($node->safe_psql($database, q{SELECT string_agg(association || ' ' || status, ', ' ORDER BY association) FROM assoc.associations}),
		'Tag.todos missing, Todo.tags missing, Todo.user in place, User.tags missing, User.todos in place', 'a dropped table shows as missing');
	is($node->safe_psql($database, q{SELECT model, status FROM assoc.models ORDER BY 1}), "Tag|missing\nTodo|in place\nUser|in place\ntodo_tags|missing",
		'... also among models');
	is($node->safe_psql($database, q{SELECT count(*) FROM assoc.plan() WHERE sql IS NOT NULL}), '0', '... and nothing is planned for it');
	like($node->safe_psql($database, q{SELECT * FROM assoc.describe('Tag')}), qr/missing|does not exist/, '... describe() says so');
	$node->safe_psql($database, q{SELECT assoc.drop_model('Tag', cascade => true)}, extra_params => [ '-U', 'plain' ]);
	is($node->safe_psql($database, q{SELECT string_agg(association || ' ' || status, ', ' ORDER BY association) FROM assoc.associations}),
		'Todo.user in place, User.todos in place', 'its owner, or who could be, forgets it');
	is($node->safe_psql($database, 'SELECT count(*) FROM assoc.plan()'), '0', '... and all is well');
}

# a column, a key and an index that were dropped are planned again
{
	my $database = fresh();
	$node->safe_psql($database, 'ALTER TABLE todos DROP COLUMN user_id', extra_params => [ '-U', 'plain' ]);
	is($node->safe_psql($database, q{SELECT string_agg(split_part(sql, ' ', 1) || ' ' || (sql ~ 'COLUMN')::int, ',' ORDER BY step) FROM assoc.plan()}),
		'ALTER 1,ALTER 0,CREATE 0,ALTER 0', 'a dropped column is planned again, with key and index');
	$node->safe_psql($database, 'SELECT * FROM assoc.apply(); DROP INDEX todos_user_id_idx; ALTER TABLE todos DROP CONSTRAINT todos_user_id_fkey',
		extra_params => [ '-U', 'plain' ]);
	is($node->safe_psql($database, 'SELECT count(*) FROM assoc.plan()'), '3', '... so are a dropped key and index');
	is($node->safe_psql($database, q{SELECT DISTINCT outcome FROM assoc.apply()}, extra_params => [ '-U', 'plain' ]), 'done', '... and made again');
}

# a schema with everything in it
{
	my $database = fresh();
	$node->safe_psql($database, 'SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public');
	is($node->safe_psql($database, q{SELECT count(*) FROM pg_extension WHERE extname = 'todo_assoc'}), '1',
		'DROP SCHEMA public CASCADE leaves the extension');
	is($node->safe_psql($database, q{SELECT DISTINCT status FROM assoc.associations}), 'missing', '... and all shows as missing');
}

# what an owner owns
{
	my $database = fresh();
	$node->safe_psql($database, 'GRANT CREATE ON SCHEMA public TO guest; GRANT REFERENCES ON users TO guest');
	$node->safe_psql($database, q{CREATE TABLE notes (id integer PRIMARY KEY, user_id integer); SELECT assoc.belongs_to('Note', 'User');
		SELECT * FROM assoc.apply()}, extra_params => [ '-U', 'guest' ]);
	$node->safe_psql($database, 'DROP OWNED BY guest');
	is($node->safe_psql($database, q{SELECT string_agg(association || ' ' || status, ', ' ORDER BY association) FROM assoc.associations WHERE status <> 'in place'}),
		'Note.user missing', 'DROP OWNED BY the owner of a table');
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
	like($err, qr/function "user"\(notes\) depends on type "Users"/, 'an accessor by hand to its table holds the package');
	$node->safe_psql($database, 'SET client_min_messages = warning; DROP EXTENSION todo_app CASCADE', extra_params => [ '-U', 'plain' ]);
	is($node->safe_psql($database, 'SELECT association, status FROM assoc.associations'), 'Note.user|missing',
		'an association by hand to a model of the package is missing');
	$node->safe_psql($database, 'CREATE EXTENSION todo_app', extra_params => [ '-U', 'plain' ]);
	is($node->safe_psql($database, q{SELECT status FROM assoc.associations WHERE association = 'Note.user'}), 'planned',
		'... and is planned again when the package is back, whose script applies only what the package says');
	$node->safe_psql($database, 'SELECT * FROM assoc.apply()', extra_params => [ '-U', 'plain' ]);
	is($node->safe_psql($database, q{SELECT status FROM assoc.associations WHERE association = 'Note.user'}), 'in place', '... until it is applied');
	is($node->safe_psql($database, q{SELECT count(*) FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
		AND objid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'notes'::regclass UNION SELECT oid FROM pg_proc WHERE proargtypes[0] = 'notes'::regtype)}),
		'0', '... without what that made being the package\'s');
}

$node->stop;
done_testing();
