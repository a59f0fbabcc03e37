# validate() for who may not see everything, with keys switched off, and what is ignored through dump, restore and
# versions; every code is explained.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TodoAssoc;

my $node = PostgreSQL::Test::Cluster->new('validate');
$node->init;
$node->append_conf('postgresql.conf', 'autovacuum = off');
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

# how bad a missing index is: rows as ANALYZE counted them, parents that were deleted
$node->safe_psql('postgres', 'CREATE DATABASE sizes OWNER plain');
my $severity = q{SELECT severity, code FROM assoc.validate(data => false) WHERE code LIKE 'fk_index%'};
run('plain', q{
	CREATE EXTENSION todo_assoc;
	CREATE TABLE users (id integer PRIMARY KEY);
	CREATE TABLE posts (id integer PRIMARY KEY, user_id integer REFERENCES users);
	SELECT assoc.belongs_to('Post', 'User', index => false);
	INSERT INTO users VALUES (1), (2);
}, 'sizes');
my $rows_are = sub { $node->safe_psql('sizes', "UPDATE pg_class SET reltuples = $_[0] WHERE oid = 'posts'::regclass") };
$rows_are->(2000000);
is(run('plain', $severity, 'sizes'), 'info|fk_index_missing', 'many rows of which no parent is deleted');
run('plain', 'DELETE FROM users WHERE id = 2; SELECT pg_stat_force_next_flush()', 'sizes');
is(run('plain', $severity, 'sizes'), 'error|fk_index_missing', '... and of which one is');
$rows_are->(999999);
is(run('plain', $severity, 'sizes'), 'warning|fk_index_missing', 'fewer rows');
$rows_are->(999);
is(run('plain', $severity, 'sizes'), 'info|fk_index_missing', 'few rows');
run('plain', 'CREATE INDEX partly ON posts (user_id) WHERE id > 0', 'sizes');
$rows_are->(2000000);
is(run('plain', $severity, 'sizes'), 'error|fk_index_unusable', 'an index that does not serve is as bad as none');
run('plain', run('plain', q{SELECT fix FROM assoc.validate(data => false) WHERE code = 'fk_index_unusable'}, 'sizes'), 'sizes');
is(run('plain', $severity, 'sizes'), '', 'mended');

# a cascade over owners
$node->safe_psql('postgres', 'CREATE DATABASE owners OWNER plain');
run('plain', q{
	CREATE EXTENSION todo_assoc;
	CREATE TABLE users (id integer PRIMARY KEY);
	GRANT SELECT, REFERENCES ON users TO other;
	GRANT CREATE ON SCHEMA public TO other;
	SELECT assoc.define_model('User', 'users');
}, 'owners');
run('other', q{
	CREATE TABLE likes (id integer PRIMARY KEY, user_id integer REFERENCES users);
	CREATE INDEX ON likes (user_id);
	SELECT assoc.belongs_to('Like', 'User');
}, 'owners');
is(run('plain', $found, 'owners'), '', 'tables of two owners');
run('other', q{SELECT assoc.belongs_to('Like', 'User', on_delete => 'CASCADE'); SELECT * FROM assoc.apply()}, 'owners');
is(run('plain', 'SELECT severity, code, association, message FROM assoc.validate(data => false)', 'owners'),
	"info|cascade_crosses_owners|Like.user|deleting a row of users, which is plain's, deletes rows of likes, which is other's", 'a cascade from one to the other');

# a declaration that cannot be carried out, a watch that is off, an inverse that is not there
run('other', 'DROP TABLE likes', 'owners');
run('plain', q{CREATE TABLE posts (id integer PRIMARY KEY, user_id integer REFERENCES users); CREATE INDEX ON posts (user_id);
	SELECT assoc.belongs_to('Post', 'User', inverse => 'posts')}, 'owners');
is(run('plain', $found, 'owners'), '', 'nothing is wrong');
$node->safe_psql('owners', 'ALTER EVENT TRIGGER todo_assoc_end DISABLE');
is($node->safe_psql('owners', $found), 'warning|watch_disabled||ALTER EVENT TRIGGER todo_assoc_end ENABLE;', 'an event trigger is disabled');
$node->safe_psql('owners', $node->safe_psql('owners', 'SELECT fix FROM assoc.validate(data => false)'));
is(run('plain', $found, 'owners'), '', '... and enabled by the fix');
$node->safe_psql('owners', q{UPDATE assoc_internal.declaration SET inverse = NULL WHERE alias = 'user'; DELETE FROM assoc_internal.declaration WHERE alias = 'posts';
	UPDATE assoc_internal.declaration SET inverse = 'posts' WHERE alias = 'user'});
is(run('plain', $found, 'owners'), q{info|inverse_missing|Post.user|SELECT assoc.has_many('User', 'Post', 'posts', foreign_key => 'user_id');}, 'an inverse that is not there');
run('plain', run('plain', 'SELECT fix FROM assoc.validate(data => false)', 'owners'), 'owners');
is(run('plain', $found, 'owners'), '', '... declared by the fix');
run('plain', q{CREATE TABLE tags (id integer PRIMARY KEY); SELECT assoc.belongs_to_many('Post', 'Tag', through => 'post_tags', inverse => 'posts');
	SELECT * FROM assoc.apply()}, 'owners');
is(run('plain', $found, 'owners'), '', 'a belongs_to_many and its inverse');
$node->safe_psql('owners', q{DELETE FROM assoc_internal.declaration WHERE model = 'Tag' AND alias = 'posts'; DROP FUNCTION posts(tags)});
is(run('plain', $found, 'owners'), q{info|inverse_missing|Post.tags|SELECT assoc.belongs_to_many('Tag', 'Post', 'posts', through => 'post_tags', foreign_key => 'tag_id', other_key => 'post_id');},
	'... which is not there');
run('plain', run('plain', 'SELECT fix FROM assoc.validate(data => false)', 'owners'), 'owners');
is(run('plain', $found, 'owners'), '', '... declared by the fix');
$node->safe_psql('owners', 'ALTER TABLE posts DROP CONSTRAINT posts_user_id_fkey; SET session_replication_role = replica; ALTER TABLE posts ALTER user_id TYPE text');
is(run('plain', 'SELECT severity, code, association, message, fix FROM assoc.validate(data => false)', 'owners'),
	'error|declaration_unfit|Post.user|foreign key column posts.user_id and key users.id have incompatible types. Change one: ALTER TABLE public.posts ALTER COLUMN user_id TYPE integer USING user_id::integer;|',
	'a declaration that no DDL makes true');

# findings about a package's table say whose work the fix is
SKIP:
{
	skip 'the extension directory cannot be written', 8 unless extension_directory($node);
	make_package('ta_check', '1.0', { '1.0' => q{
		CREATE TABLE public.users (id bigint PRIMARY KEY);
		CREATE TABLE public.posts (id serial PRIMARY KEY, user_id integer CONSTRAINT "by user" REFERENCES public.users);
		CREATE INDEX ON public.posts (user_id);
		SELECT pg_catalog.pg_extension_config_dump('public.posts', '');
		SELECT pg_catalog.pg_extension_config_dump('public.users', '');
		SELECT pg_catalog.pg_extension_config_dump('public.posts_id_seq', '');
		SELECT assoc.belongs_to('Post', 'User', inverse => 'posts');} });
	$node->safe_psql('postgres', 'CREATE DATABASE packages OWNER plain');
	run('plain', 'CREATE EXTENSION ta_check CASCADE', 'packages');
	like(run('plain', q{SELECT detail FROM assoc.validate(data => false) WHERE code = 'type_narrower'}, 'packages'),
		qr/^lock: ACCESS EXCLUSIVE on public\.posts; rewrites it; the table is package ta_check's, whose next version should do it$/, 'the fix belongs into the package');
	# accessors that the package's declarations have
	my $accessor = q{SELECT severity, code, association, fix FROM assoc.validate(data => false) WHERE code LIKE 'accessor%'};
	$node->safe_psql('packages', 'ALTER EXTENSION ta_check DROP FUNCTION posts(users); DROP FUNCTION posts(users)');
	is(run('plain', $accessor, 'packages'), q{warning|accessor_missing|User.posts|SELECT * FROM assoc.apply('User.posts');}, "a package's accessor is gone");
	run('plain', run('plain', $accessor =~ s/severity.*fix/fix/r, 'packages'), 'packages');
	is(run('plain', $accessor, 'packages'), '', '... and made again by the fix');
	# one that is said by hand as well is told once
	run('plain', q{SELECT assoc.has_many('User', 'Post', foreign_key => 'user_id')}, 'packages');
	$node->safe_psql('packages', 'ALTER EXTENSION ta_check DROP FUNCTION posts(users); DROP FUNCTION posts(users)');
	is(run('plain', $accessor, 'packages'), 'warning|accessor_missing|User.posts|SELECT assoc.declare(assoc.document()::jsonb);', '... told once, whoever says the association');
	run('plain', run('plain', $accessor =~ s/severity.*fix/fix/r, 'packages'), 'packages');
	is(run('plain', $accessor, 'packages'), '', '... and mended');
	# what a dump would lose
	$node->safe_psql('packages', q{CREATE SEQUENCE numbers; ALTER SEQUENCE numbers OWNER TO plain; ALTER EXTENSION ta_check ADD SEQUENCE numbers});
	is(run('plain', q{SELECT severity, code, message, detail FROM assoc.validate(data => false) WHERE code = 'sequence_not_dumped'}, 'packages'),
		q{warning|sequence_not_dumped|the value of numbers is not part of a dump|In the next version of package "ta_check": SELECT pg_catalog.pg_extension_config_dump('public.numbers', '');},
		'a sequence that is not marked');
	my $owner = q{SELECT severity, code, message FROM assoc.validate(data => false) WHERE code = 'owner_differs'};
	is(run('plain', $owner, 'packages'), '', 'package and tables have one owner');
	$node->safe_psql('packages', 'ALTER TABLE posts OWNER TO other');
	is(run('plain', $owner, 'packages'), 'info|owner_differs|package "ta_check" belongs to plain, its table posts to other', '... and two');
}

# keys that are NOT ENFORCED
SKIP:
{
	skip 'NOT ENFORCED came with PostgreSQL 18', 14 if $node->safe_psql('postgres', 'SHOW server_version_num') < 180000;
	$node->safe_psql('postgres', 'CREATE DATABASE loose OWNER plain');
	run('plain', q{
		CREATE EXTENSION todo_assoc;
		CREATE TABLE users (id integer PRIMARY KEY);
		CREATE TABLE posts (id integer PRIMARY KEY, user_id integer CONSTRAINT "no Key" REFERENCES users ON DELETE CASCADE NOT ENFORCED);
		CREATE INDEX ON posts (user_id);
		SELECT assoc.belongs_to('Post', 'User');
		INSERT INTO posts VALUES (1, 7);
	}, 'loose');
	my $all = 'SELECT severity, code, association, message, fix, detail FROM assoc.validate(data => false)';
	is(run('plain', $all, 'loose'), 'warning|step_pending|Post.user|foreign key "no Key" is NOT ENFORCED|ALTER TABLE public.posts ALTER CONSTRAINT "no Key" ENFORCED;|lock: ACCESS EXCLUSIVE on posts, users; scans it',
		'a key that is NOT ENFORCED, where one is wanted');
	like(run('plain', q{SELECT string_agg(d, ';') FROM assoc.describe('Post') d}, 'loose'), qr/foreign key "no Key" NOT ENFORCED: ON DELETE CASCADE \(adopted\)/, '... as described');
	like(run('plain', 'SELECT assoc.diagram()', 'loose'), qr/not enforced/, '... and drawn');
	is(run('plain', 'SELECT outcome, detail FROM assoc.apply()', 'loose'),
		'blocked|1 row of posts without a row of users; see them: SELECT t.* FROM public.posts t WHERE t.user_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM public.users p WHERE p.id OPERATOR(pg_catalog.=) t.user_id);',
		'rows can be in the way');
	run('plain', 'DELETE FROM posts', 'loose');
	my $locks = run('plain', q{BEGIN; } . run('plain', 'SELECT fix FROM assoc.validate(data => false)', 'loose')
		  . q{ SELECT string_agg(DISTINCT relation::regclass || ' ' || mode, ', ' ORDER BY relation::regclass || ' ' || mode) FROM pg_locks
		WHERE relation IN ('users'::regclass, 'posts'::regclass) AND mode LIKE '%Exclusive%'}, 'loose');
	like($locks, qr/posts AccessExclusiveLock/, '... the lock on the child');
	like($locks, qr/users (?:AccessExclusive|ShareRowExclusive)Lock/, '... and on the parent');
	is(run('plain', 'SELECT outcome, sql FROM assoc.apply()', 'loose'), 'done|ALTER TABLE public.posts ALTER CONSTRAINT "no Key" ENFORCED', 'it is enforced');
	is(run('plain', "$all UNION ALL SELECT 'x', conname, convalidated::text, conenforced::text, NULL, NULL FROM pg_constraint WHERE conrelid = 'posts'::regclass AND contype = 'f'", 'loose'), 'x|no Key|true|true||', '... the one there was');
	run('plain', q{ALTER TABLE posts ALTER CONSTRAINT "no Key" NOT ENFORCED; SELECT assoc.belongs_to('Post', 'User', on_delete => 'SET NULL', deferral => 'deferred')}, 'loose');
	is(run('plain', 'SELECT sql, reason FROM assoc.plan()', 'loose'),
		'ALTER TABLE public.posts DROP CONSTRAINT "no Key", ADD CONSTRAINT "no Key" FOREIGN KEY (user_id) REFERENCES public.users (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED NOT VALID'
		. '|foreign key "no Key" is NOT ENFORCED; ON DELETE: declared SET NULL by Post.user, found CASCADE; deferral: declared deferred by Post.user, found none' . "\n"
		. 'ALTER TABLE public.posts VALIDATE CONSTRAINT "no Key"|the replaced key starts NOT VALID', 'one that differs is replaced');
	is(run('plain', 'SELECT outcome FROM assoc.apply()', 'loose'), "done\ndone", '... by apply()');
	is(run('plain', $all, 'loose'), '', '... and all is well');
	run('plain', q{ALTER TABLE posts ALTER CONSTRAINT "no Key" NOT ENFORCED; SELECT assoc.belongs_to('Post', 'User', enforce => 'none')}, 'loose');
	is(run('plain', $all, 'loose'), '', 'where no key is wanted it is no finding');
	run('plain', q{CREATE TABLE visits (id integer, user_id integer, CONSTRAINT v FOREIGN KEY (user_id) REFERENCES users NOT ENFORCED) PARTITION BY RANGE (id);
		CREATE TABLE visits_1 PARTITION OF visits DEFAULT; CREATE INDEX ON visits (user_id); SELECT assoc.belongs_to('Visit', 'User')}, 'loose');
	is(run('plain', 'SELECT outcome FROM assoc.apply()', 'loose') . run('plain', $all, 'loose'), 'done', 'of a partitioned table');
	run('plain', q{ALTER TABLE visits ALTER CONSTRAINT v NOT ENFORCED; SELECT assoc.define_model('Visit1', 'visits_1'); SELECT assoc.drop_model('Visit', cascade => true);
		SELECT assoc.belongs_to('Visit1', 'User')}, 'loose');
	like(run('plain', $all, 'loose'), qr/^error\|declaration_unfit\|Visit1\.user\|foreign key \S+ is NOT ENFORCED and belongs to the partitioned parent's, declare it there\|\|$/, '... is the whole\'s');
}

# every code has its heading
my ($codes) = run('plain', q{DO $$ BEGIN PERFORM assoc.ignore('none such'); EXCEPTION WHEN OTHERS THEN DECLARE d text; BEGIN
	GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL; CREATE TEMP TABLE told AS SELECT d; END; END $$; SELECT d FROM told}) =~ /The codes are (.*)\./;
my $docs = slurp_file("$FindBin::RealBin/../../docs/validate.md");
is(join(' ', grep { $docs !~ /^### $_$/m } split(/, /, $codes)), '', 'every code is explained');

done_testing();
