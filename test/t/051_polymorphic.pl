# Polymorphic associations through the life of a database, as superuser and as plain owner: dump and restore, packages,
# two sessions, and the way back to 1.2.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TodoAssoc;

my $node = PostgreSQL::Test::Cluster->new('polymorphic');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE plain LOGIN CREATEDB');
my $super = $node->safe_psql('postgres', 'SELECT current_user');
my $dir = $node->basedir;
my $databases = 0;

sub fresh
{
	my ($role) = @_;
	my $name = 'polymorphic_' . ++$databases;
	$node->safe_psql('postgres', "CREATE DATABASE $name OWNER $role TEMPLATE template0");
	return $name;
}

sub as { my ($database, $role, $sql) = @_; return $node->safe_psql($database, $sql, extra_params => [ '-U', $role ]) }

# What the statement raises.
sub error_of
{
	my ($database, $role, $sql) = @_;
	my ($status, $out, $err) = $node->psql($database, $sql, extra_params => [ '-U', $role ]);
	return $err;
}

my $look = q{
	SELECT association, kind, target, foreign_key, key, on_delete, enforce, status FROM assoc.associations ORDER BY 1;
	SELECT assoc.document(); SELECT * FROM assoc.plan();
	SELECT reference, mode, columns, type_column FROM assoc_internal.enforced ORDER BY 1;
	SELECT reference, type_value, parent_table, key FROM assoc_internal.enforced_target ORDER BY 1, 2;
	SELECT * FROM "Notes" ORDER BY id; SELECT n.id, p.title FROM "Notes" n, subject_post(n) p ORDER BY 1;
	SELECT oid::regprocedure::text COLLATE "C" FROM pg_proc WHERE prosrc LIKE '%subject%' ORDER BY 1};

foreach my $role ($super, 'plain')
{
	my $database = fresh($role);
	as($database, $role, q{
		CREATE EXTENSION todo_assoc;
		CREATE TABLE posts (id int PRIMARY KEY, title text);
		CREATE TABLE "Odd ""Table" (id bigint PRIMARY KEY);
		CREATE TABLE "Notes" (id int PRIMARY KEY, "subjectType" text, "subject Id" bigint);
		SELECT assoc.define_model('Odd "M"', '"Odd ""Table"', type_value => 'it''s, "odd"');
		SELECT assoc.belongs_to_polymorphic('Note', 'subject', '{Post,"Odd \"M\""}', foreign_key => 'subject Id', on_delete => 'CASCADE');
		SELECT assoc.has_many('Post', 'Note', polymorphic => 'subject');
		SELECT * FROM assoc.apply();
		INSERT INTO posts VALUES (1, 'one'); INSERT INTO "Odd ""Table" VALUES (1);
		INSERT INTO "Notes" VALUES (1, 'Post', 1), (2, 'it''s, "odd"', 1), (3, NULL, NULL)});
	my $before = as($database, $role, $look);
	like($before, qr/Note\.subject\|belongs_to_polymorphic\|Post, Odd "M"\|subjectType, subject Id\|id\|CASCADE\|trigger\|in place/, "$role: declared, and in force");

	foreach my $format ('p', 'c')
	{
		my $copy = fresh($role);
		my $file = "$dir/dump" . ++$databases;
		$node->command_ok([ 'pg_dump', '-U', $role, '-F', $format, '-f', $file, $database ], "$role: dumped, format $format");
		my @restore = $format eq 'c' ? ('pg_restore', '-U', $role, '-d', $copy, '-e', $file)
		  : ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-U', $role, '-d', $copy, '-f', $file);
		$node->command_ok(\@restore, '... and restored');
		as($copy, $role, 'SELECT * FROM assoc.apply()');
		is(as($copy, $role, $look), $before, '... it is all there');
		like(error_of($copy, $role, q{INSERT INTO "Notes" VALUES (4, 'Post', 2)}), qr/Key \(subjectType, subject Id\)=\(Post, 2\) is not present in table "posts"/, '... and in force');
		as($copy, $role, q{DELETE FROM "Odd ""Table"});
		is(as($copy, $role, q{SELECT id FROM "Notes" ORDER BY 1}), "1\n3", '... on the parents\' side too');
	}

	# what somebody else owns
	as($database, $super, q{CREATE ROLE other LOGIN; GRANT CREATE ON SCHEMA public TO other}) if $role eq $super;
	as($database, $super, q{GRANT CREATE ON SCHEMA public TO other; SET ROLE other; CREATE TABLE others (id int PRIMARY KEY)});
	as($database, $super, q{SET ROLE other; SELECT assoc.define_model('Other', 'others')});
	like(error_of($database, 'plain', q{SELECT assoc.belongs_to_polymorphic('Note', 'subject', 'Post, Other')}), $role eq 'plain' ? qr/permission denied for table others/ : qr/must be owner of table/,
		"$role: a target takes the REFERENCES privilege");
	like(error_of($database, 'other', q{SELECT assoc.has_many('Other', 'Note', polymorphic => 'subject')}), qr/must be owner of table "Notes"/, '... and the other side the child');
	like(error_of($database, 'other', q{SELECT assoc.drop_target('Note.subject', 'Post')}), qr/must be owner of table "Notes"/, '... as taking a target away');

	# renamed, moved, given another name in the database: followed
	as($database, $role, q{
		CREATE SCHEMA elsewhere; ALTER TABLE posts RENAME TO articles; ALTER TABLE articles SET SCHEMA elsewhere;
		ALTER TABLE elsewhere.articles RENAME id TO number; ALTER TABLE "Notes" RENAME "subjectType" TO kind;
		SELECT assoc.rename_model('Post', 'Article'); SELECT assoc.rename_association('Note.subject', 'about')});
	is(as($database, $role, q{SELECT count(*) FROM assoc.plan(); SELECT n.id, p.title FROM "Notes" n, about_article(n) p; SELECT target FROM assoc.associations WHERE association = 'Note.about'}),
		qq{0\n1|one\nArticle, Odd "M"}, "$role: renames are followed");
	like(error_of($database, $role, q{INSERT INTO "Notes" VALUES (4, 'Post', 2)}), qr/Key \(kind, subject Id\)=\(Post, 2\) is not present in table "articles"/, '... by what is in force');

	# the way back
	as($database, $super, q{SELECT assoc.drop_model('Other')});
	like(error_of($database, $role, q{ALTER EXTENSION todo_assoc UPDATE TO '1.2'}), qr/cannot go back to 1\.2 while/, "$role: no way back while it is declared");
	as($database, $role, q{SELECT assoc.declare('{"models": {}}', prune => true); SELECT * FROM assoc.apply(); ALTER EXTENSION todo_assoc UPDATE TO '1.2'});
	as($database, $role, q{SELECT assoc.define_model('Note', '"Notes"'); SELECT assoc.define_model('Article', 'elsewhere.articles');
		SELECT assoc.has_many('Article', 'Note', foreign_key => 'subject Id', enforce => 'none', inverse => 'article')});
	is(as($database, $role, q{SELECT count(*) FROM assoc.associations; SELECT t.title FROM "Notes" n, article(n) t ORDER BY n.id LIMIT 1}), "2\none", '... and then 1.2 works');
	like(error_of($database, $role, q{SELECT assoc.declare('{"models": {"Note": {"belongs_to_polymorphic": {"subject": "Article"}}}}')}), qr/this version of the database's todo_assoc has no polymorphic associations/, '... as far as it goes');
	as($database, $role, q{ALTER EXTENSION todo_assoc UPDATE; SELECT assoc.belongs_to_polymorphic('Note', 'subject', 'Article', type_column => 'kind', foreign_key => 'subject Id', enforce => 'none')});
	is(as($database, $role, q{SELECT count(*) FROM assoc.associations}), '3', '... and up again');
}

# native keys of generated columns are plain objects of a dump, and are known again after it
foreach my $role ($super, 'plain')
{
	my $database = fresh($role);
	as($database, $role, q{
		CREATE EXTENSION todo_assoc;
		CREATE TABLE posts (id int PRIMARY KEY);
		CREATE TABLE photos (id bigint PRIMARY KEY);
		CREATE TABLE notes (id int PRIMARY KEY, owner_type varchar(20), owner_id bigint);
		SELECT assoc.belongs_to_polymorphic('Note', 'owner', 'Post, Photo', enforce => 'foreign_key', on_delete => 'CASCADE');
		SELECT * FROM assoc.apply();
		INSERT INTO posts VALUES (1); INSERT INTO photos VALUES (1);
		INSERT INTO notes VALUES (1, 'Post', 1), (2, 'Photo', 1), (3, NULL, NULL)});
	my $copy = fresh($role);
	my $file = "$dir/natives" . ++$databases;
	$node->command_ok([ 'pg_dump', '-U', $role, '-F', 'c', '-f', $file, $database ], "$role: native keys dumped");
	$node->command_ok([ 'pg_restore', '-U', $role, '-d', $copy, '-e', $file ], '... and restored');
	is(as($copy, $role, q{SELECT count(*) FROM assoc.plan(); SELECT enforce, status FROM assoc.associations; SELECT count(*) FROM assoc.validate()}),
		"0\nforeign_key|in place\n0", '... in place, and nothing to find');
	like(error_of($copy, $role, q{INSERT INTO notes VALUES (4, 'Post', 2)}), qr/Key \(owner_post_id\)=\(2\) is not present in table "posts"/, '... and in force');
	as($copy, $role, q{DELETE FROM posts; SELECT assoc.set_enforcement('Note.owner', 'trigger')});
	is(as($copy, $role, q{SELECT count(*) FROM assoc.plan(); SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = 'notes'::regclass AND attnum > 0 AND NOT attisdropped; SELECT id FROM notes ORDER BY id}),
		"0\nid owner_type owner_id\n2\n3", '... and what apply() made is still known to be its own');
}

# a package says it, and its next version takes it back
SKIP:
{
	skip 'the extension directory cannot be written', 1 unless extension_directory($node);
	make_package('ta_poly', '1.1', {
		'1.0' => q{CREATE TABLE public.posts (id integer PRIMARY KEY); CREATE TABLE public.photos (id integer PRIMARY KEY);
CREATE TABLE public.comments (id integer PRIMARY KEY, commentable_type text, commentable_id integer);
SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post, Photo'); SELECT assoc.apply();},
		'1.0--1.1' => q{SELECT assoc.drop_target('Comment.commentable', 'Photo'); SELECT assoc.apply();},
		'1.1--1.0' => q{SELECT assoc.belongs_to_polymorphic('Comment', 'commentable', 'Post, Photo'); SELECT assoc.apply();} });
	my $database = fresh('plain');
	as($database, 'plain', q{CREATE EXTENSION ta_poly VERSION '1.0' CASCADE; INSERT INTO photos VALUES (1); INSERT INTO comments VALUES (1, 'Photo', 1)});
	like(error_of($database, 'plain', 'ALTER EXTENSION ta_poly UPDATE'), qr/model "Photo" is still a target of "Comment\.commentable"/, 'a script is held by rows as well');
	like(error_of($database, 'plain', q{SELECT assoc.drop_target('Comment.commentable', 'Photo')}), qr/association "Comment\.commentable" is declared by package "ta_poly"\nHINT:  Take the target away where it was declared\./, 'what a package says, its scripts take back');
	as($database, 'plain', q{DELETE FROM comments; ALTER EXTENSION ta_poly UPDATE});
	like(error_of($database, 'plain', q{INSERT INTO comments VALUES (1, 'Photo', 1)}), qr/none of the types that can be referred to: Post/, 'the next version takes a target away');
	as($database, 'plain', q{ALTER EXTENSION ta_poly UPDATE TO '1.0'; INSERT INTO comments VALUES (1, 'Photo', 1)});
	my $file = "$dir/package";
	my $copy = fresh('plain');
	$node->command_ok([ 'pg_dump', '-U', 'plain', '-f', $file, $database ], 'its database is dumped');
	as($copy, 'plain', q{CREATE EXTENSION ta_poly VERSION '1.0' CASCADE; SELECT * FROM assoc.pre_restore()});
	$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-U', 'plain', '-d', $copy, '-f', $file ], '... and restored');
	as($copy, 'plain', 'SELECT * FROM assoc.post_restore()');
	is(as($copy, 'plain', q{SELECT target, declared_by FROM assoc.associations; SELECT * FROM comments; SELECT code FROM assoc.validate() WHERE code <> 'version_not_default'}), "Post, Photo|ta_poly\n1|Photo|1", '... whole');
	as($copy, 'plain', 'DELETE FROM photos');
	is(as($copy, 'plain', 'SELECT * FROM comments'), '1||', '... and in force');
	# what is said by hand of its tables is written into its next version
	as($copy, 'plain', q{SELECT assoc.has_many('Post', 'Comment', polymorphic => 'commentable')});
	my $script = as($copy, 'plain', q{SELECT script FROM assoc.generate_migration('ta_poly', '1.0', '1.0.1') WHERE filename NOT LIKE '%1.0.1--1.0%'});
	like($script, qr/SELECT assoc\.has_many\('Post', 'Comment', alias => 'comments', .*polymorphic => 'commentable', type_column => 'commentable_type'\);/, '... what the hand adds is written for it');
	as($copy, 'plain', q{SELECT assoc.drop_association('Post.comments')});
	as($copy, 'plain', 'DROP EXTENSION ta_poly');
	is(as($copy, 'plain', 'SELECT count(*) FROM assoc.associations; SELECT count(*) FROM assoc_internal.enforced'), "0\n0", '... until it is dropped');
}

# two sessions that add a target each: the second waits, and both are there
my $database = fresh('plain');
as($database, 'plain', q{CREATE EXTENSION todo_assoc; CREATE TABLE posts (id int PRIMARY KEY); CREATE TABLE photos (id int PRIMARY KEY);
	CREATE TABLE comments (id int PRIMARY KEY, commentable_type text, commentable_id int);
	SELECT assoc.define_model('Comment', 'comments'); SELECT assoc.define_model('Post', 'posts'); SELECT assoc.define_model('Photo', 'photos')});
my $one = $node->background_psql($database, extra_params => [ '-U', 'plain' ]);
my $two = $node->background_psql($database, extra_params => [ '-U', 'plain' ]);
$one->query_safe(q{BEGIN; SELECT assoc.has_many('Post', 'Comment', polymorphic => 'commentable')});
$two->query_until(qr/waits/, qq{\\echo waits\nSELECT assoc.has_many('Photo', 'Comment', polymorphic => 'commentable');\n});
$node->poll_query_until($database, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'plain'});
$one->query_safe('COMMIT');
$one->quit;
$two->quit;
is(as($database, 'plain', q{SELECT assoc.belongs_to_polymorphic('Comment', 'commentable') ~ 'Photo or Post|Post or Photo'; SELECT count(DISTINCT reference) FROM assoc_internal.declaration}), "t\n1", 'two sessions add to one reference');

done_testing();
