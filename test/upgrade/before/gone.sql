-- A package that is gone, of which the history still tells.
CREATE EXTENSION todo_assoc;
SELECT * FROM assoc.migrate('todo_app');
INSERT INTO "Users" (name) VALUES ('Ada');
SELECT * FROM assoc.undo_all('todo_app', confirm => true);
