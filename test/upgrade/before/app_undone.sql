-- A package that was taken up and down.
CREATE EXTENSION todo_assoc;
SELECT * FROM assoc.migrate('todo_app');
INSERT INTO "Users" (name) VALUES ('Ada');
INSERT INTO "Todos" (title, "userId") VALUES ('sleep', 1);
SELECT * FROM assoc.undo('todo_app');
