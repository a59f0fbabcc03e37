# A plain database owner makes the extension; who may declare and apply what, and who may write the catalog directly.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('owner');
$node->init;
$node->start;
$node->safe_psql('postgres', "CREATE ROLE $_ LOGIN") for qw(boss alice bob);
$node->safe_psql('postgres', 'CREATE DATABASE app OWNER boss');

# Returns what the role sees; undef in place of it when the statement fails.
sub as
{
	my ($role, $sql) = @_;
	my ($status, $out, $err) = $node->psql('app', $sql, extra_params => [ '-U', $role ]);
	diag($err) if $status != 0;
	return $status == 0 ? $out : undef;
}

# The statement must fail for the role with this SQLSTATE; returns the whole report.
sub refused
{
	my ($role, $sql, $state, $name) = @_;
	my ($status, $out, $err) =
	  $node->psql('app', $sql, extra_params => [ '-U', $role, '-v', 'VERBOSITY=verbose' ]);
	like($err, qr/^(?:psql:.*?: )?ERROR:  $state:/m, $name);
	return $err;
}

as('boss', 'CREATE EXTENSION todo_assoc');
is(as('boss', "SELECT r.rolname FROM pg_extension e JOIN pg_roles r ON r.oid = e.extowner
	WHERE extname = 'todo_assoc'"), 'boss', 'a plain owner of a database makes the extension');
as('boss', 'GRANT CREATE ON SCHEMA public TO PUBLIC');

# alice has users, bob has todos
as('alice', q{CREATE TABLE users (id integer PRIMARY KEY, secret text); CREATE TABLE notes (id integer PRIMARY KEY, user_id integer)});
as('bob', q{CREATE TABLE todos (id integer PRIMARY KEY, user_id integer)});

# a model belongs to its table's owner
my $err = refused('bob', q{SELECT assoc.define_model('User', 'users')}, '42501', 'no model of another one\'s table');
like($err, qr/must be owner of/, '... which says who may');
refused('boss', q{SELECT assoc.define_model('User', 'users')}, '42501', 'nor for the owner of the database');
is(as('alice', q{SELECT assoc.define_model('User', 'users')}), 'User: model of table users, key id', 'its owner may');
refused('bob', q{SELECT assoc.define_model('User', 'users', plural => 'people')}, '42501', 'nobody else redefines it');
refused('bob', q{SELECT assoc.define_model('User', 'todos')}, '42501', 'nor takes it away');
refused('bob', q{SELECT assoc.rename_model('User', 'Person')}, '42501', 'nor renames it');
refused('bob', q{SELECT assoc.drop_model('User')}, '42501', 'nor drops it');

# REFERENCES on the parent
$err = refused('bob', q{SELECT assoc.belongs_to('Todo', 'User')}, '42501', 'no reference without REFERENCES');
like($err, qr/HINT:  Its owner can GRANT REFERENCES ON public\.users TO/, '... with the GRANT as hint');
is(as('bob', 'SELECT count(*) FROM assoc.associations'), '0', '... and nothing was declared');
as('alice', 'GRANT REFERENCES (secret) ON users TO bob');
refused('bob', q{SELECT assoc.belongs_to('Todo', 'User')}, '42501', 'REFERENCES on another column is not enough');
as('alice', 'GRANT REFERENCES (id) ON users TO bob');
like(as('bob', q{SELECT assoc.belongs_to('Todo', 'User')}), qr/^Todo\.user: belongs to User/, 'REFERENCES on the key is');
refused('bob', q{SELECT assoc.has_many('User', 'Todo')}, '42501', 'the parent\'s side is for the parent\'s owner');
refused('alice', q{SELECT assoc.has_many('User', 'Todo')}, '42501', 'who has to own the child, too');
refused('alice', q{SELECT assoc.drop_association('Todo.user')}, '42501', 'only the owner drops an association');
refused('alice', q{SELECT assoc.rename_association('Todo.user', 'owner')}, '42501', '... or renames it');

# apply() runs as the caller
refused('alice', q{SELECT * FROM assoc.apply('Todo.user')}, '42501', 'apply() does what its caller may');
is(as('bob', 'SELECT count(*) FROM assoc.plan()'), '3', '... and nothing else was done');
is(as('bob', q{SELECT DISTINCT outcome FROM assoc.apply('Todo.user')}), 'done', 'the child\'s owner applies');
is(as('bob', q{SELECT r.rolname FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner WHERE p.proname = 'user'
	AND p.pronargs = 1 AND p.pronamespace = 'public'::regnamespace}), 'bob', 'the accessor is the table owner\'s');
as('bob', q{INSERT INTO todos VALUES (1, NULL)});
refused('bob', q{SELECT u.id FROM todos t, "user"(t) u}, '42501', 'an accessor reads with the reader\'s privileges');
as('alice', 'GRANT SELECT ON users TO bob');
is(as('bob', q{SELECT count(*) FROM todos t, "user"(t) u}), '0', '... once they are there');

# a role that is a member of the owner counts as it
$node->safe_psql('app', 'GRANT alice TO bob');
like(as('bob', q{SELECT assoc.has_many('User', 'Todo')}), qr/^User\.todos: has many Todo/, 'a member of both owners says both sides');
$node->safe_psql('app', 'REVOKE alice FROM bob');

# everybody looks
$node->safe_psql('postgres', 'CREATE ROLE guest LOGIN');
is(as('guest', 'SELECT string_agg(association, \',\' ORDER BY association) FROM assoc.associations'), 'Todo.user,User.todos',
	'associations are readable by everybody');
is(as('guest', 'SELECT string_agg(model, \',\' ORDER BY model) FROM assoc.models'), 'Todo,User', 'so are models');
is(as('guest', 'SELECT count(*) FROM assoc.plan()'), '0', 'so is the plan');
like(as('guest', q{SELECT * FROM assoc.describe('Todo')}), qr/user: belongs to User/, 'and describe()');

# direct writes
my $model = 'INSERT INTO assoc_internal.model (name, declarer, schema_name, table_name) VALUES';
my $decl = 'INSERT INTO assoc_internal.declaration (model, alias, declarer, kind, target, foreign_key, target_key, reference) VALUES';
refused('bob', "$model ('Forged', '', 'public', 'todos')", '42501', 'only the extension\'s owner writes directly');
refused('boss', "$model ('Forged', '', 'public', 'todos')", '42501', '... and only models of its own tables');
refused('boss', "$decl ('Todo', 'forged', '', 'belongs_to', 'User', '{user_id}', '{id}', 'forged')", '42501',
	'... and declarations of them');
refused('boss', "$model ('Forged', 'todo_app', 'public', 'nothing')", '42501', 'nobody speaks for a package');
refused('boss', "INSERT INTO assoc_internal.recorded SELECT reference, 'index', 'forged', 'todo_app' FROM assoc_internal.declaration LIMIT 1",
	'42501', 'nor records for one');
refused('boss', "INSERT INTO assoc_internal.recorded SELECT reference, 'forged', 'forged', '' FROM assoc_internal.declaration LIMIT 1",
	'42501', 'nor for a reference of another one\'s table');
refused('boss', "$_", '42501', "not granted: $_")
  for ('UPDATE assoc_internal.model SET plural = NULL', 'DELETE FROM assoc_internal.declaration', 'TRUNCATE assoc_internal.recorded');
as('boss', 'CREATE TABLE own (id integer PRIMARY KEY, user_id integer)');
is(as('boss', "$model ('Own', '', 'public', 'own') RETURNING name"), "Own\nINSERT 0 1" =~ s/\nINSERT.*//r, 'its own model is written');
is(as('boss', "$model ('Own', '', 'public', 'own') RETURNING name") // '', '', 'the same again is skipped');
my ($status, $out, $warning) = $node->psql('app', "$model ('Own', '', 'public', 'other')", extra_params => [ '-U', 'boss' ]);
like($warning, qr/WARNING:  "Own" is already declared, and differently/, 'one that differs is set aside');
is(as('boss', 'DELETE FROM assoc_internal.conflict RETURNING name'), 'Own', '... until its row is deleted');

# a superuser mends whatever must be mended
my ($super) = $node->psql('app', q{UPDATE assoc_internal.model SET plural = 'owns' WHERE name = 'Own'});
is($super, 0, 'a superuser writes directly');
is(as('guest', q{SELECT plural FROM assoc.models WHERE model = 'Own'}), 'owns', '... and it is seen');

# the trust ends with the role
is(as('boss', q{SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname IN ('assoc', 'assoc_internal') AND c.relowner <> 10}), '0', 'tables and views are the bootstrap superuser\'s');

$node->stop;
done_testing();
