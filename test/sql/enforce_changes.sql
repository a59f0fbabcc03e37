-- What becomes of what is in force when something else is declared, or a table has become another.
SET client_min_messages = warning;
CREATE SCHEMA changes;
SET search_path = changes;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/errors.sql'
\set plan :abs_srcdir '/include/plan.sql'
\set ECHO none
\i :include
\i :plan
\set ECHO all

-- a model that stops saying soft_delete: the unique index of its has_one counts all rows again
CREATE TABLE "Users" (id integer PRIMARY KEY, "deletedAt" timestamptz);
CREATE TABLE "Profiles" (id integer PRIMARY KEY, "userId" integer, "deletedAt" timestamptz);
SELECT assoc.define_model('Profile', 'Profiles', soft_delete => 'deletedAt');
SELECT assoc.has_one('User', 'Profile', foreign_key => 'userId', on_delete => 'NO ACTION');
SELECT outcomes();
SELECT model, key, soft_delete, type_value FROM assoc.models;
INSERT INTO "Users" VALUES (1);
INSERT INTO "Profiles" VALUES (1, 1, NULL), (2, 1, now());
SELECT assoc.define_model('Profile', 'Profiles');
SELECT association, status FROM assoc.associations;
SELECT steps();
-- rows that were deleted softly are in its way: the one there was stays
SELECT outcomes();
SELECT indexrelid::regclass, pg_get_expr(indpred, indrelid) FROM pg_index WHERE indrelid = '"Profiles"'::regclass AND NOT indisprimary ORDER BY 1::text;
-- online, the new one comes before the old one goes, too
SELECT steps(online => true);
SELECT outcome FROM assoc.apply(online => true);
SELECT steps();
DELETE FROM "Profiles" WHERE id = 2;
SELECT outcomes();
SELECT indexrelid::regclass, indisunique, pg_get_expr(indpred, indrelid) FROM pg_index WHERE indrelid = '"Profiles"'::regclass AND NOT indisprimary ORDER BY 1::text;
SELECT steps();
-- an index of all rows is stricter, and stays when the model says soft_delete again
SELECT assoc.define_model('Profile', 'Profiles', soft_delete => 'deletedAt');
SELECT steps();
-- where another column says it, and where no has_one wants it any more
CREATE TABLE "Cards" (id integer PRIMARY KEY, "userId" integer, "deletedAt" timestamptz, hidden boolean);
SELECT assoc.define_model('Card', 'Cards', soft_delete => 'deletedAt');
SELECT assoc.has_one('User', 'Card', foreign_key => 'userId', on_delete => 'NO ACTION');
SELECT count(*) FROM assoc.apply();
SELECT assoc.define_model('Card', 'Cards', soft_delete => 'hidden');
SELECT outcomes();
SELECT assoc.define_model('Card', 'Cards');
SELECT assoc.has_many('User', 'Card', foreign_key => 'userId');
SELECT assoc.drop_association('User.card');
SELECT outcomes();
SELECT steps();

-- CASCADE of soft deletion to rows that can't be deleted softly: refused where there are such, whoever deletes
CREATE TABLE "Members" (id integer PRIMARY KEY, role text, "deletedAt" timestamptz);
CREATE TABLE "Rooms" (id integer PRIMARY KEY, "memberId" integer, "ownerId" integer);
SELECT assoc.define_model('Member', 'Members', soft_delete => 'deletedAt');
SELECT assoc.belongs_to('Room', 'Member', foreign_key => 'memberId', on_delete => 'CASCADE');
SELECT count(*) FROM assoc.apply();
INSERT INTO "Members" VALUES (1, 'admin'), (2, 'admin'), (3, 'admin');
INSERT INTO "Rooms" VALUES (1, 1), (2, NULL);
SELECT failing($$ UPDATE "Members" SET "deletedAt" = now() WHERE id = 1 $$);
UPDATE "Members" SET "deletedAt" = now() WHERE id = 2;
SELECT id, "deletedAt" IS NOT NULL AS deleted FROM "Members" ORDER BY id;
DELETE FROM "Members" WHERE id = 1;
SELECT id FROM "Rooms";
-- where a row leaves the scope they are deleted, as by its DELETE
SELECT assoc.belongs_to('Room', 'Member', 'owner', foreign_key => 'ownerId', scope => '{"role": "admin"}', on_delete => 'CASCADE', enforce => 'trigger');
SELECT count(*) FROM assoc.apply();
INSERT INTO "Rooms" VALUES (3, NULL, 3), (4, 3, NULL);
UPDATE "Members" SET role = 'member' WHERE id = 3;
SELECT id FROM "Rooms" ORDER BY id;

-- a table that once had heirs, of which pg_class does not know yet that they are gone, is a plain table
CREATE TABLE people (id integer PRIMARY KEY);
CREATE TABLE heirs () INHERITS (people);
CREATE TABLE errands (id integer PRIMARY KEY, person_id integer);
CREATE TABLE more_errands () INHERITS (errands);
DROP TABLE heirs, more_errands;
SELECT assoc.belongs_to('Errand', 'Person', foreign_key => 'person_id', on_delete => 'CASCADE', enforce => 'statement');
SELECT relname, relhassubclass FROM pg_class WHERE oid IN ('people'::regclass, 'errands'::regclass) ORDER BY 1;
SELECT outcome FROM assoc.apply();
SELECT regexp_replace(tgname, '[0-9a-f]{16}', '*') AS name, tgoldtable FROM pg_trigger WHERE tgrelid = 'people'::regclass ORDER BY tgname COLLATE "C";
SELECT failing($$ INSERT INTO errands VALUES (1, 1) $$);
INSERT INTO people VALUES (1);
INSERT INTO errands VALUES (1, 1);
DELETE FROM people;
SELECT count(*) FROM errands;
SELECT pg_temp.forget();
