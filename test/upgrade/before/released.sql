-- A package that was ended, and whose tables stayed.
CREATE EXTENSION todo_assoc;
SELECT * FROM assoc.migrate('todo_app');
INSERT INTO "Users" (name) VALUES ('Ada');
INSERT INTO "Todos" (title, "userId") VALUES ('sleep', 1);
SELECT assoc.release('todo_app');
