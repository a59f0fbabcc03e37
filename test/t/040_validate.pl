# validate() for who may not see everything, with keys switched off, and what is ignored through dump, restore and
# versions; every code is explained.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use FindBin;

my $node = PostgreSQL::Test::Cluster->new('validate');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE plain LOGIN; CREATE ROLE other LOGIN; CREATE ROLE nobody LOGIN; CREATE DATABASE db OWNER plain');

sub run
{
	my ($role, $sql, $database) = @_;
	return $node->safe_psql($database // 'db', $sql, extra_params => [ '-U', $role ]);
}
my $found = q{SELECT severity, code, association, fix FROM assoc.validate(data => false)};

run('plain', q{
	CREATE EXTENSION todo_assoc;
	GRANT CREATE ON SCHEMA public TO other;
	CREATE TABLE users (id serial PRIMARY KEY);
	CREATE TABLE posts (id integer PRIMARY KEY, user_id integer REFERENCES users);
	SELECT assoc.belongs_to('Post', 'User', index => false);
});
$node->safe_psql('db', 'GRANT SELECT, REFERENCES ON users TO other');
run('other', q{
	CREATE TABLE likes (id integer PRIMARY KEY, user_id integer);
	SELECT assoc.belongs_to('Like', 'User', index => false);
});
my $index = 'info|fk_index_missing|Post.user|CREATE INDEX ON public.posts (user_id);';

# without rights: told, not failed
is(run('nobody', q{SELECT detail FROM assoc.validate(data => false) WHERE code = 'not_visible'}), 'how far sequence public.users_id_seq is', 'what can not be seen is told');
is(run('nobody', q{SELECT count(*) FROM assoc.validate(data => false) WHERE code = 'not_visible'}), '1', '... in one finding');
my ($status, undef, $err) = $node->psql('db', q{SELECT assoc.ignore('fk_index_missing')}, extra_params => [ '-U', 'nobody' ]);
like($err, qr/must be owner of extension todo_assoc/, 'a code is ignored by the owner of the extension');
(undef, undef, $err) = $node->psql('db', q{SELECT assoc.ignore('fk_index_missing', 'Post.user')}, extra_params => [ '-U', 'other' ]);
like($err, qr/must be owner of table posts/, "... or one association's by the owner of its table");
is(run('other', q{SELECT assoc.ignore('fk_index_missing', 'Like.user')}), 'fk_index_missing of Like.user: ignored', '... who may');

# owners
$node->safe_psql('db', 'REVOKE ALL ON users FROM other');
like(run('plain', $found), qr/^warning\|references_denied\|Like.user\|GRANT REFERENCES ON public.users TO other;$/m, 'a key that its owner may not make');
like(run('plain', $found), qr/^warning\|target_not_readable\|Like.user\|GRANT SELECT ON public.users TO other;$/m, '... and a table that they may not read');
run('plain', 'GRANT SELECT, REFERENCES ON public.users TO other');
run('other', 'SELECT * FROM assoc.apply()');
is(run('plain', $found), $index, 'nothing else is wrong');

# keys that are switched off
$node->safe_psql('db', 'ALTER TABLE posts DISABLE TRIGGER ALL');
is(run('plain', $found), "error|fk_triggers_disabled|Post.user|ALTER TABLE public.posts ENABLE TRIGGER ALL;\n$index", 'a key that is switched off');
$node->safe_psql('db', 'ALTER TABLE public.posts ENABLE TRIGGER ALL');
is(run('plain', $found), $index, '... and on again');

run('other', 'DROP TABLE likes');
run('plain', q{SELECT assoc.ignore('fk_index_missing', 'Post.user', reason => 'few')});
is(run('plain', $found), '', 'ignored');
my $ignored = q{SELECT code, association, message, reason, ignored_by FROM assoc_internal.ignored ORDER BY 1, 2};
my $before = run('plain', $ignored);

# through a dump
my $dump = $node->basedir . '/ignored.sql';
$node->command_ok([ 'pg_dump', '-U', 'plain', '-f', $dump, 'db' ], 'dump');
$node->safe_psql('postgres', 'CREATE DATABASE again OWNER plain; CREATE DATABASE clash OWNER plain');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-U', 'plain', '-d', 'again', '-f', $dump ], 'restore');
is(run('plain', $ignored, 'again'), $before, 'what was ignored comes back');
is(run('plain', $found, 'again'), '', '... and is');
run('plain', q{CREATE EXTENSION todo_assoc; SELECT assoc.ignore('fk_index_missing'); }, 'clash');
$node->safe_psql('clash', q{INSERT INTO assoc_internal.ignored (code, association, reason) VALUES ('fk_index_missing', 'Post.user', 'other')});
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-U', 'plain', '-d', 'clash', '-f', $dump ], 'restore over another list');
is(run('plain', q{SELECT reason FROM assoc_internal.ignored WHERE association = 'Post.user'; SELECT count(*) FROM assoc_internal.conflict}, 'clash'), "other\n0",
	'... the row that is there stays');

# down and up
run('plain', q{ALTER EXTENSION todo_assoc UPDATE TO '1.1'});
is(run('plain', q{SELECT severity, code, association, message, fix, detail FROM assoc.validate()}), '', '1.1 finds what it found');
is(run('plain', q{SELECT assoc.document() -> 'ignored'}), '', '... and its document has no ignored findings');
(undef, undef, $err) = $node->psql('db', q{SELECT assoc.declare('{"ignored": []}')}, extra_params => [ '-U', 'plain' ]);
like($err, qr/this version of the database's todo_assoc ignores no findings/, '... nor can it be told any');
run('plain', q{SELECT assoc.rename_association('Post.user', 'author'); SELECT assoc.rename_association('Post.author', 'user')});
run('plain', 'ALTER EXTENSION todo_assoc UPDATE');
is(run('plain', $ignored), $before, '1.2 has again what was ignored');
is(run('plain', 'SELECT count(*) FROM assoc_internal.conflict'), '0', '... and keeps no copy');

# every code has its heading
my ($codes) = run('plain', q{DO $$ BEGIN PERFORM assoc.ignore('none such'); EXCEPTION WHEN OTHERS THEN DECLARE d text; BEGIN
	GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL; CREATE TEMP TABLE told AS SELECT d; END; END $$; SELECT d FROM told}) =~ /The codes are (.*)\./;
my $docs = slurp_file("$FindBin::RealBin/../../docs/validate.md");
is(join(' ', grep { $docs !~ /^### $_$/m } split(/, /, $codes)), '', 'every code is explained');

done_testing();
