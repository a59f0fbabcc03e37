-- What is there already and does the job is adopted, whatever its name; what is unsaid is as it is found.
CREATE SCHEMA plan_adopt;
SET search_path = plan_adopt;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/plan.sql'
\i :include

CREATE TABLE users (id integer PRIMARY KEY, tenant_id integer, no integer, UNIQUE (tenant_id, no));

--
-- Keys of any name and with any actions, and indexes of any name.
--
CREATE TABLE posts (id integer PRIMARY KEY,
	user_id integer CONSTRAINT "Écrit par" REFERENCES users ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE,
	editor_id integer NOT NULL REFERENCES users ON DELETE RESTRICT);
CREATE INDEX "an index" ON posts (user_id);
CREATE UNIQUE INDEX "another index" ON posts (editor_id, user_id);
SELECT assoc.belongs_to('Post', 'User');
SELECT assoc.has_many('User', 'Post', 'edited', foreign_key => 'editor_id');
SELECT * FROM steps();
SELECT association, on_delete, on_update, status FROM assoc.associations ORDER BY 1;
SELECT * FROM assoc.describe('Post');
-- equal to what is said: nothing to do; two keys on the same columns: the one that is as said
SELECT assoc.belongs_to('Post', 'User', on_delete => 'SET NULL', on_update => 'CASCADE', deferral => 'immediate');
SELECT * FROM steps();
ALTER TABLE posts ADD CONSTRAINT strict FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;
SELECT assoc.belongs_to('Post', 'User', on_delete => 'CASCADE');
SELECT * FROM steps();
SELECT assoc.belongs_to('Post', 'User', on_delete => 'SET NULL');
SELECT * FROM steps();

--
-- MATCH FULL stays when the key is replaced; the rows that break it are those that are null in part, too.
--
CREATE TABLE pairs (id integer PRIMARY KEY, tenant_id integer, user_no integer,
	CONSTRAINT full_pair FOREIGN KEY (user_no, tenant_id) REFERENCES users (no, tenant_id) MATCH FULL);
CREATE INDEX ON pairs (tenant_id, user_no);
SELECT assoc.belongs_to('Pair', 'User', foreign_key => 'tenant_id, user_no', target_key => 'tenant_id, no');
SELECT * FROM steps('Pair');
SELECT assoc.belongs_to('Pair', 'User', foreign_key => 'tenant_id, user_no', target_key => 'tenant_id, no',
	on_delete => 'CASCADE');
SELECT * FROM steps('Pair');
SELECT * FROM outcomes('Pair');
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'pairs'::regclass AND contype = 'f';
ALTER TABLE pairs DROP CONSTRAINT full_pair;
INSERT INTO users VALUES (1, 1, 1);
INSERT INTO pairs VALUES (1, 1, 1), (2, NULL, NULL), (3, 1, NULL), (4, 1, 2);
ALTER TABLE pairs ADD CONSTRAINT half FOREIGN KEY (user_no, tenant_id) REFERENCES users (no, tenant_id) MATCH FULL
	ON DELETE CASCADE NOT VALID;
SELECT detail FROM assoc.apply('Pair');
SELECT regexp_replace(detail, '.*see them: (.*);', '\1') AS query FROM assoc.apply('Pair') \gset
SELECT q FROM (:query) q ORDER BY 1;
-- other columns, or the same to another key, are not that key
CREATE TABLE crossed (id integer PRIMARY KEY, tenant_id integer, user_no integer,
	FOREIGN KEY (tenant_id, user_no) REFERENCES users (no, tenant_id));
SELECT assoc.belongs_to('Crossed', 'User', foreign_key => 'tenant_id, user_no', target_key => 'tenant_id, no',
	index => false);
SELECT * FROM steps('Crossed');

--
-- A key that is NOT VALID is validated.
--
CREATE TABLE late (id integer PRIMARY KEY, user_id integer);
INSERT INTO late VALUES (1, 1);
ALTER TABLE late ADD CONSTRAINT too_late FOREIGN KEY (user_id) REFERENCES users NOT VALID;
SELECT assoc.belongs_to('Late', 'User', index => false);
SELECT * FROM steps('Late');
SELECT * FROM outcomes('Late');
SELECT * FROM steps('Late');

--
-- Self-references.
--
CREATE TABLE nodes (id integer PRIMARY KEY, parent_id integer REFERENCES nodes);
SELECT assoc.belongs_to('Node', 'Node', 'parent', inverse => 'children');
SELECT * FROM steps('Node');
SELECT assoc.belongs_to('Node', 'Node', 'parent', inverse => 'children', on_delete => 'CASCADE');
SELECT * FROM steps('Node');
SELECT * FROM outcomes('Node');
SELECT assoc.has_one('Node', 'Node', 'next', foreign_key => 'previous_id');
SELECT * FROM steps('Node');
SELECT * FROM outcomes('Node');
SELECT * FROM steps('Node');

--
-- Partitioned tables, as child and as parent; the inherited key of a partition.
--
CREATE TABLE events (id integer, day date, user_id integer, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE events_2 PARTITION OF events DEFAULT;
INSERT INTO events VALUES (1, '2020-05-05', 1), (2, '2022-02-02', NULL);
SELECT count(assoc.belongs_to('Event', 'User', required => false));
-- before version 18 a key of a partitioned table can't be NOT VALID: it is checked at once
SELECT regexp_replace(sql, ' NOT VALID', ''), lock, on_table FROM assoc.plan('Event') WHERE sql NOT LIKE '%VALIDATE%'
ORDER BY step;
SELECT DISTINCT outcome FROM assoc.apply('Event');
SELECT * FROM steps('Event');
SELECT conrelid::regclass, conname, confdeltype, convalidated FROM pg_constraint
WHERE confrelid = 'users'::regclass AND conname LIKE 'event%' ORDER BY conrelid::regclass::text;
SELECT indrelid::regclass FROM pg_index WHERE indrelid::regclass::text LIKE 'events%' AND indkey::text = '3'
ORDER BY indrelid::regclass::text;
-- a bad row there blocks, and leaves nothing behind
CREATE TABLE days (day date, user_id integer) PARTITION BY LIST (day);
CREATE TABLE days_1 PARTITION OF days DEFAULT;
INSERT INTO days VALUES ('2020-01-01', 77), ('2020-01-02', 77);
SELECT count(assoc.belongs_to('Day', 'User', index => false));
SELECT outcome, detail FROM assoc.apply('Day') WHERE outcome = 'blocked';
DELETE FROM days;
SELECT DISTINCT outcome FROM assoc.apply('Day');
SELECT * FROM steps('Day');
-- the partition has its parent's key: adopted, and not to be changed there
SELECT assoc.define_model('FirstEvent', 'events_1');
SELECT assoc.belongs_to('FirstEvent', 'User', foreign_key => 'user_id');
SELECT * FROM steps('FirstEvent');
SELECT assoc.belongs_to('FirstEvent', 'User', foreign_key => 'user_id', on_delete => 'CASCADE', deferral => 'deferred');
SELECT * FROM steps('FirstEvent');
SELECT * FROM outcomes('FirstEvent');
SELECT assoc.belongs_to('FirstEvent', 'User', foreign_key => 'user_id');
-- changed on the root, it changes in all partitions
SELECT count(assoc.belongs_to('Event', 'User', on_delete => 'CASCADE'));
SELECT DISTINCT outcome FROM assoc.apply('Event');
SELECT * FROM steps();
SELECT conrelid::regclass, conname, confdeltype, convalidated FROM pg_constraint
WHERE confrelid = 'users'::regclass AND conname LIKE 'event%' ORDER BY conrelid::regclass::text;
-- as the parent
CREATE TABLE comments (id integer PRIMARY KEY, event_id integer, event_day date);
SELECT assoc.has_many('Event', 'Comment', foreign_key => 'event_id, event_day', on_delete => 'CASCADE');
SELECT * FROM steps('Comment');
SELECT * FROM steps('Event.comments');
SELECT * FROM outcomes('Event.comments');
SELECT * FROM steps('Event.comments');
-- a has_one whose unique index would lack the partition key
SELECT assoc.has_one('User', 'Event', 'last_event', foreign_key => 'user_id');
SELECT assoc.has_one('User', 'Event', 'last_event', foreign_key => 'user_id', order_by => 'day DESC');
SELECT * FROM steps();
-- the whole and one of its parts as models, declared at once: what the whole gets, the part has too
CREATE TABLE visits (id integer, day date, user_id integer, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE a_visits PARTITION OF visits FOR VALUES FROM ('2020-01-01') TO ('2021-01-01') PARTITION BY RANGE (day);
CREATE TABLE a_visits_1 PARTITION OF a_visits DEFAULT;
SELECT assoc.define_model('Visit', 'visits'), assoc.define_model('AVisit', 'a_visits'), assoc.define_model('AVisit1', 'a_visits_1');
SELECT assoc.belongs_to('AVisit1', 'User', foreign_key => 'user_id', required => true);
SELECT count(assoc.belongs_to('AVisit', 'User', foreign_key => 'user_id', target_key => 'id'));
SELECT count(assoc.belongs_to('Visit', 'User', foreign_key => 'visitor_id'));
SELECT count(assoc.belongs_to('AVisit', 'User', 'visitor', foreign_key => 'visitor_id'));
SELECT count(assoc.belongs_to('Visit', 'User', 'user_of', foreign_key => 'user_id', index => false));
SELECT association, regexp_replace(sql, ' NOT VALID', '') FROM assoc.plan('Visit, AVisit, AVisit1') WHERE sql NOT LIKE '%VALIDATE%' ORDER BY step;
-- alone, the part gets its own
SELECT association, regexp_replace(sql, ' NOT VALID', '') FROM assoc.plan('AVisit1') WHERE sql NOT LIKE '%VALIDATE%' ORDER BY step;
SELECT DISTINCT outcome FROM assoc.apply('Visit, AVisit, AVisit1');
SELECT * FROM steps('Visit, AVisit, AVisit1');
SELECT assoc.drop_model('Visit', cascade => true), assoc.drop_model('AVisit', cascade => true), assoc.drop_model('AVisit1', cascade => true);

--
-- Keys of different types and collations.
--
CREATE COLLATION other (provider = libc, locale = 'C');
CREATE TABLE codes (id bigint PRIMARY KEY, code text UNIQUE);
CREATE TABLE uses (id integer PRIMARY KEY, code_id smallint, code varchar(9) COLLATE other);
INSERT INTO codes VALUES (1, 'a');
INSERT INTO uses VALUES (1, 1, 'a'), (2, 2, 'b');
SELECT assoc.belongs_to('Use', 'Code', 'by_text', foreign_key => 'code', target_key => 'code', inverse => 'uses');
SELECT outcome, detail FROM assoc.apply('Use') ORDER BY step;
SELECT u.id, c.id FROM uses u, by_text(u) c;
SELECT u.id, c.id FROM codes c, uses(c) u;
SELECT assoc.belongs_to('Use', 'Code', 'by_number', foreign_key => 'code_id', index => false);
SELECT outcome, detail FROM assoc.apply('Use.by_number') ORDER BY step;
-- an index by another collation than the column's does not serve
CREATE TABLE texts (id integer PRIMARY KEY, code text REFERENCES codes (code));
CREATE INDEX ON texts (code COLLATE other);
SELECT assoc.belongs_to('Text', 'Code', 'coded', foreign_key => 'code', target_key => 'code');
SELECT * FROM steps('Text');
CREATE INDEX ON texts (code text_pattern_ops);
SELECT * FROM steps('Text');

--
-- Tables with inheritance children: a key sees the table's own rows only.
--
CREATE TABLE base (id integer PRIMARY KEY, user_id integer);
CREATE TABLE derived () INHERITS (base);
INSERT INTO derived VALUES (1, 99);
SELECT assoc.belongs_to('Base', 'User', index => false);
SELECT * FROM outcomes('Base');
INSERT INTO base VALUES (2, 98);
SELECT assoc.drop_association('Base.user');
ALTER TABLE base DROP CONSTRAINT base_user_id_fkey;
DELETE FROM ONLY base;
INSERT INTO base VALUES (2, 98);
SELECT assoc.belongs_to('Base', 'User', index => false);
SELECT * FROM outcomes('Base');

--
-- an adopted SET NULL that the column will refuse, now or once it is required
--
CREATE TABLE refusing (id integer PRIMARY KEY, user_id integer NOT NULL REFERENCES users ON DELETE SET NULL);
SELECT assoc.belongs_to('Refusing', 'User');
SELECT reason, sql FROM assoc.plan('Refusing');
SELECT status FROM assoc.associations WHERE association = 'Refusing.user';
SELECT assoc.belongs_to('Refusing', 'User', on_delete => 'CASCADE');
SELECT reason FROM assoc.plan('Refusing');
--
-- circles of ON DELETE CASCADE are warned of, trees are not
--
CREATE TABLE hens (id integer PRIMARY KEY, egg_id integer, mother_id integer);
CREATE TABLE eggs (id integer PRIMARY KEY, hen_id integer);
SELECT assoc.belongs_to('Hen', 'Hen', 'mother', on_delete => 'CASCADE');
SELECT assoc.belongs_to('Hen', 'Egg', on_delete => 'CASCADE');
SELECT assoc.belongs_to('Egg', 'Hen', on_delete => 'CASCADE');
SELECT assoc.declare('{"models": {"Egg": {"belongs_to": {"hen": {"target": "Hen", "on_delete": "CASCADE", "index": false}}}}}') IS NOT NULL AS declared;

SELECT pg_temp.forget();
