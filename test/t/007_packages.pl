# What a package says and what is said by hand of the same thing: they must agree, and neither takes back or renames
# what the other said. Also what only a superuser can bring about.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('packages');
$node->init;
$node->start;
plan skip_all => 'todo_app is not installed'
  if $node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = 'todo_app'") eq '0';
my $databases = 0;
my @made;
END { unlink @made }

# A database with todo_app at that version.
sub fresh
{
	my ($version) = @_;
	my $name = 'packages_' . ++$databases;
	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, "CREATE EXTENSION todo_app VERSION '$version' CASCADE");
	return $name;
}

# The statement must fail with exactly this report.
sub refused
{
	my ($database, $sql, $report, $name) = @_;
	my ($status, $out, $err) = $node->psql($database, $sql, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	$err =~ s/^psql:<stdin>:\d+: //mg;
	my @lines = grep { /^(?:ERROR|DETAIL|HINT):/ } split /\n/, $err;
	is(join("\n", @lines), $report, $name);
	return;
}

my $associations = q{SELECT association, foreign_key, on_delete, status, declared_by FROM assoc.associations ORDER BY 1};

# models
{
	my $database = fresh('1.1');
	my $before = $node->safe_psql($database, $associations);
	$node->safe_psql($database, 'CREATE TABLE people (id integer PRIMARY KEY)');
	refused($database, q{SELECT assoc.define_model('User', 'people')},
		q{ERROR:  42P17: model "User" is said in two ways
DETAIL:  its table is said to be public.people and public."Users".
HINT:  Redefine it where it is said wrongly: SELECT assoc.define_model('User', ...).}, 'the table of a package\'s model');
	is($node->safe_psql($database, q{SELECT assoc.define_model('User', '"Users"', key => 'id')}),
		'User: model of table "Users", key id', 'a key by hand, of which the package says nothing');
	refused($database, q{SELECT assoc.rename_model('User', 'Person')},
		q{ERROR:  55000: model "User" is declared by package "todo_app"
HINT:  Rename it where it was declared.}, 'a model that a package says is not renamed');
	refused($database, q{SELECT assoc.drop_model('Todo', cascade => true)},
		q{ERROR:  55000: association "Todo.user" is declared by package "todo_app"
HINT:  Drop it where it was declared.}, 'nor dropped with what the package declares');
	is($node->safe_psql($database, $associations), $before, 'all is as it was');
}
{
	my $database = fresh('1.0');
	refused($database, q{SELECT assoc.drop_model('Todo')},
		q{ERROR:  55000: model "Todo" is declared by package "todo_app"
HINT:  Drop it where it was declared.}, 'a package\'s model without associations is not dropped');
}

# associations
{
	my $database = fresh('1.1');
	my $before = $node->safe_psql($database, $associations);
	refused($database, q{SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'otherId')},
		q{ERROR:  42710: association "Todo.user" is already declared, and differently
DETAIL:  Declared by package "todo_app": belongs to User.
HINT:  Say another alias, or change it where it was declared.}, 'another foreign key under a package\'s alias');
	refused($database, q{SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId', on_delete => 'RESTRICT')},
		q{ERROR:  42P17: declarations of the reference Todo ("userId") -> User contradict each other
DETAIL:  Todo.user (hand) says on_delete RESTRICT, Todo.user (todo_app) says CASCADE.
HINT:  Say it on one side only; declaring an association again replaces what was said of it.}, 'another action');
	refused($database, q{SELECT assoc.drop_association('User.todos')},
		q{ERROR:  55000: association "User.todos" is declared by package "todo_app"
HINT:  Drop it where it was declared.}, 'a package\'s association is not dropped');
	refused($database, q{SELECT assoc.rename_association('User.todos', 'tasks')},
		q{ERROR:  55000: association "User.todos" is declared by package "todo_app"
HINT:  Rename it where it was declared.}, 'nor renamed');
	refused($database, q{SELECT assoc.set_enforcement('Todo.user', 'trigger')},
		q{ERROR:  55000: association "Todo.user" is declared by package "todo_app"
HINT:  Change it where it was declared.}, 'nor enforced in another way');
	is($node->safe_psql($database, $associations), $before, 'all is as it was');

	# said in the same words by both
	$node->safe_psql($database, q{SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'userId')});
	like($node->safe_psql($database, $associations), qr/^Todo\.user\|"?userId"?\|CASCADE\|in place\|hand, todo_app$/m, 'both say it');
	refused($database, q{SELECT assoc.rename_association('Todo.user', 'owner')},
		q{ERROR:  55000: association "Todo.user" is declared by package "todo_app"
HINT:  Rename it where it was declared.}, 'what both say is not renamed by one');
	like($node->safe_psql($database, q{SELECT assoc.drop_association('Todo.user')}), qr/another declarer still says it/,
		'taken back by hand');
	is($node->safe_psql($database, $associations), $before, '... the package still says it');
	is($node->safe_psql($database, q{SELECT count(*) FROM "Todos" t, "user"(t)}), '0', '... and the accessor is there');
}

# the hand came first: the package's script fails whole
{
	my $database = fresh('1.0');
	$node->safe_psql($database, q{SELECT assoc.belongs_to('Todo', 'User', foreign_key => 'otherId')});
	my $before = $node->safe_psql($database, $associations);
	refused($database, q{ALTER EXTENSION todo_app UPDATE TO '1.1'},
		q{ERROR:  42710: association "Todo.user" is already declared, and differently
DETAIL:  Declared by hand: belongs to User.
HINT:  Say another alias, or change it where it was declared.}, 'a package cannot say otherwise than the hand');
	is($node->safe_psql($database, $associations), $before, '... and nothing of it was done');
	is($node->safe_psql($database, q{SELECT extversion FROM pg_extension WHERE extname = 'todo_app'}), '1.0', '... at all');
	$node->safe_psql($database, q{SELECT assoc.drop_association('Todo.user'); ALTER EXTENSION todo_app UPDATE TO '1.1'});
	like($node->safe_psql($database, $associations), qr/^Todo\.user\|.*\|in place\|todo_app$/m, 'its way is free once the hand took it back');
}

# a package that says more, made for the moment where the server's directory can be written
SKIP:
{
	my $directory = $node->config_data('--sharedir') . '/extension';
	my %files = (
		'ta_said.control' => "default_version = '1.0'\nrequires = 'todo_assoc'\nschema = public\nrelocatable = false\n",
		'ta_said--1.0.sql' => "SELECT assoc.define_model('Thing', 'public.things', plural => 'stuff', key => 'id');\n");
	skip "$directory is not ours", 10 unless -w $directory;
	push @made, map { "$directory/$_" } keys %files;
	unlink @made;
	append_to_file("$directory/$_", $files{$_}) for keys %files;

	my $database = fresh('1.0');
	$node->safe_psql($database, q{CREATE TABLE things (id integer PRIMARY KEY, code integer UNIQUE); CREATE EXTENSION ta_said});
	foreach my $case ([ q{plural => 'things'}, 'plural is said to be things and stuff' ], [ q{key => 'code'}, 'its key is said in two ways' ])
	{
		my ($option, $problem) = @$case;
		refused($database, "SELECT assoc.define_model('Thing', 'things', $option)", qq{ERROR:  42P17: model "Thing" is said in two ways
DETAIL:  $problem.
HINT:  Redefine it where it is said wrongly: SELECT assoc.define_model('Thing', ...).}, "$option by hand");
	}
	$node->safe_psql($database, q{SELECT assoc.define_model('Thing', 'things', plural => 'stuff', key => 'id')});
	is($node->safe_psql($database, q{SELECT plural, key, declared_by FROM assoc.models WHERE model = 'Thing'}), 'stuff|id|hand, ta_said',
		'both say the same');

	# declarers that come to disagree by a direct write: told, and nothing that only looks fails
	$node->safe_psql($database, q{SELECT assoc.belongs_to('Todo', 'Thing', inverse => 'todos')});
	my $other = $node->background_psql($database);
	like($other->query_safe(q{SELECT string_agg(d, ' ') FROM assoc.describe('Thing') d}), qr/declared by hand and ta_said\s+key/, 'cached');
	$node->safe_psql($database, q{UPDATE assoc_internal.model SET table_name = 'Users' WHERE name = 'Thing' AND declarer = ''});
	like($other->query_safe(q{SELECT string_agg(d, ' ') FROM assoc.describe('Thing') d}),
		qr/conflict: its table is said to be public\."Users" and public\.things/, 'describe() tells how declarers disagree');
	isnt($other->query_safe('SELECT count(*) FROM assoc.plan()'), '', '... plan() goes on');
	is($other->query_safe('SELECT count(*) FROM assoc.associations'), '2', '... as does the view');
	refused($database, q{SELECT assoc.belongs_to('Todo', 'Thing', 'second', foreign_key => 'x')}, q{ERROR:  42P17: model "Thing" is said in two ways
DETAIL:  its table is said to be public."Users" and public.things.
HINT:  Redefine it where it is said wrongly: SELECT assoc.define_model('Thing', ...).}, '... nothing is declared upon it');
	$node->safe_psql($database, q{DELETE FROM assoc_internal.model WHERE name = 'Thing' AND declarer = ''});
	unlike($other->query_safe(q{SELECT string_agg(d, ' ') FROM assoc.describe('Thing') d}), qr/conflict/, 'the package alone agrees with itself');
	$other->quit;
}

# a superuser truncates: other sessions see it at once
{
	my $database = fresh('1.1');
	my $other = $node->background_psql($database);
	is($other->query_safe('SELECT count(*) FROM assoc.associations'), '2', 'cached');
	like($other->query_safe(q{SELECT string_agg(d, ' ') FROM assoc.describe('User') d}), qr/todos: has many/, '... in describe()');
	$node->safe_psql($database, 'TRUNCATE assoc_internal.declaration');
	is($other->query_safe('SELECT count(*) FROM assoc.associations'), '0', 'TRUNCATE of the declarations is seen');
	unlike($other->query_safe(q{SELECT string_agg(d, ' ') FROM assoc.describe('User') d}), qr/todos: has many/, '... in describe()');
	$node->safe_psql($database, 'TRUNCATE assoc_internal.model');
	is($other->query_safe('SELECT count(*) FROM assoc.models'), '0', 'TRUNCATE of the models is seen');
	$other->quit;
	refused($database, q{SELECT * FROM assoc.describe('User')}, q{ERROR:  42704: model "User" does not exist
HINT:  Define it: SELECT assoc.define_model('User', 'table_name'). Defined models: SELECT * FROM assoc.models.}, '... and each is unknown');
}

# functions of the library that a superuser calls otherwise than meant
{
	$node->safe_psql('postgres', q{
		CREATE FUNCTION guard() RETURNS integer LANGUAGE c AS '$libdir/todo_assoc', 'ta_guard_config';
		CREATE FUNCTION describe(text) RETURNS SETOF text LANGUAGE c STRICT AS '$libdir/todo_assoc', 'ta_describe'});
	refused('postgres', 'SELECT guard()', 'ERROR:  39P01: function "guard_config" was not called by trigger manager',
		'the trigger function outside of a trigger');
	refused('postgres', q{SELECT * FROM describe('User')},
		q{ERROR:  42P01: table "assoc_internal.declaration" does not exist
HINT:  DROP EXTENSION todo_assoc, then CREATE EXTENSION todo_assoc.}, 'a function without the extension');
}

$node->stop;
done_testing();
