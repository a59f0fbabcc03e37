-- Conditions: rows of a child for which a reference counts, rows of a parent that may be referred to, rows deleted softly.
SET client_min_messages = warning;
CREATE SCHEMA enforce_scope;
CREATE SCHEMA ours;
SET search_path = enforce_scope, ours;
\getenv abs_srcdir PG_ABS_SRCDIR
\set include :abs_srcdir '/include/enforce.sql'
\set ECHO none
\i :include
\set ECHO all

CREATE TABLE ours."user" (id int PRIMARY KEY, role text, level int, active boolean, "deletedAt" timestamptz);
CREATE TABLE ours.doc (id int PRIMARY KEY, approver int, title text);
INSERT INTO "user" VALUES (1, 'admin', 1, true), (2, 'admin', 5, true), (3, 'guest', 1, true), (4, NULL, 1, true), (5, 'admin', NULL, true);

-- only some parents may be referred to
SELECT enforce('Doc.approver', 'ours.doc', '{approver}',
    '[{"table": "ours.\"user\"", "key": ["id"], "scope": {"role": "admin", "level": [1, 2, null], "active": true}}]');
SELECT ways('INSERT INTO doc VALUES (1, 1), (2, 5), (3, 1), (4, NULL)');
SELECT ways('INSERT INTO doc VALUES (5, 2)');
SELECT ways('INSERT INTO doc VALUES (5, 3)');
SELECT ways('INSERT INTO doc VALUES (5, 4)');
SELECT ways('INSERT INTO doc VALUES (5, 9)');
SELECT ways('UPDATE doc SET approver = 3 WHERE id = 1');
SELECT ways('UPDATE "user" SET role = ''admin'' WHERE id = 3', 'INSERT INTO doc VALUES (6, 3), (7, 3)');
SELECT ways('INSERT INTO "user" VALUES (6, ''guest'', 1, true)', 'UPDATE doc SET approver = 6 WHERE id = 1');
SELECT unenforce('Doc.approver');
TRUNCATE doc;

-- the reference counts for some rows only
CREATE TABLE ours.task (id int PRIMARY KEY, state text, urgent boolean, owner int);
SELECT enforce('Task.owner', 'ours.task', '{owner}', '[{"table": "ours.\"user\"", "key": ["id"]}]',
    '{"condition": {"state": ["open", "late"], "urgent": [true, null]}}');
SELECT ways('INSERT INTO task VALUES (1, ''open'', true, 1), (2, ''late'', NULL, 2), (3, ''done'', true, 77), (4, NULL, true, 77), (5, ''open'', false, 77)');
SELECT ways('INSERT INTO task VALUES (6, ''open'', true, 77)');
SELECT ways('INSERT INTO task VALUES (6, ''late'', NULL, 77)');
SELECT ways('UPDATE task SET state = ''open'' WHERE id = 3');
SELECT ways('UPDATE task SET state = ''open'', owner = 3 WHERE id = 3');
SELECT ways('UPDATE task SET urgent = NULL WHERE id = 5');
SELECT ways('UPDATE task SET state = ''done'', owner = 77 WHERE id = 1');
SELECT ways('INSERT INTO task VALUES (6, ''open'', true, 77)', 'UPDATE task SET state = ''done'' WHERE id = 6');
SELECT unenforce('Task.owner');

-- parents that can be deleted softly: a row that is live refers to a live one, a row that is not to any that is there
CREATE TABLE ours.item (id int PRIMARY KEY, "user" int, removed boolean);
SELECT enforce('Item.user', 'ours.item', '{user}', '[{"table": "ours.\"user\"", "key": ["id"], "soft_delete": "deletedAt"}]',
    '{"child_soft_delete": "removed"}');
INSERT INTO "user" VALUES (20, 'admin', 1, true, '2026-01-01'), (21, 'admin', 1, true, NULL);
SELECT ways('INSERT INTO item VALUES (1, 21, NULL), (2, 20, true), (3, 21, false)');
SELECT ways('INSERT INTO item VALUES (4, 20)');
SELECT ways('INSERT INTO item VALUES (4, 20, false)');
SELECT ways('INSERT INTO item VALUES (4, 22, true)');
SELECT ways('INSERT INTO item VALUES (4, 22)');
-- to come to life is to refer
SELECT ways('UPDATE item SET removed = false WHERE id = 2');
SELECT ways('UPDATE item SET removed = true WHERE id = 1');
SELECT ways('UPDATE item SET removed = NULL WHERE id = 1');
SELECT ways('UPDATE item SET "user" = 20 WHERE id = 2');
SELECT ways('UPDATE item SET "user" = 20 WHERE id = 3');
-- what a removed row has proven is too little for a live one
SELECT ways('INSERT INTO item VALUES (5, 20, true), (6, 20, NULL)');
SELECT ways('INSERT INTO item VALUES (5, 21, NULL), (6, 21, true), (7, 21, NULL)');
SELECT unenforce('Item.user');
-- a flag on the parent, no column on the child
CREATE TABLE ours.box (id int PRIMARY KEY, gone boolean);
CREATE TABLE ours.thing (id int PRIMARY KEY, box int);
INSERT INTO box VALUES (1, false), (2, NULL), (3, true);
SELECT enforce('Thing.box', 'ours.thing', '{box}', '[{"table": "ours.box", "key": ["id"], "soft_delete": "gone"}]');
SELECT ways('INSERT INTO thing VALUES (1, 1), (2, 2)');
SELECT ways('INSERT INTO thing VALUES (3, 3)');
SELECT ways('UPDATE thing SET box = 3');
SELECT ways('UPDATE box SET gone = false WHERE id = 3', 'UPDATE thing SET box = 3');
SELECT unenforce('Thing.box');

DROP SCHEMA ours, enforce_scope CASCADE;
