-- A package whose script puts triggers in force: of rows deleted softly, polymorphic, with scope and condition.
CREATE EXTENSION todo_assoc;
SELECT * FROM assoc.migrate('ta_enforced');
INSERT INTO b_users VALUES (1, 2, 'admin'), (2, 1, NULL), (3, NULL, NULL);
INSERT INTO a_todos VALUES (1, 1, 'open', 1), (2, 1, 'done', 99), (3, 3, NULL, NULL);
INSERT INTO a_comments VALUES (1, 'Todo', 1), (2, 'User', 2);
UPDATE b_users SET gone = '2026-01-01' WHERE id = 3;
