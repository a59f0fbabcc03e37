-- The extension at its first version, made by a superuser, with a package and a table of its own.
CREATE EXTENSION todo_assoc VERSION '1.0';
CREATE EXTENSION todo_app;
INSERT INTO "Users" (name) VALUES ('Ada');
INSERT INTO "Todos" (title, "userId") VALUES ('sleep', 1);
CREATE TABLE notes (id integer PRIMARY KEY, "userId" integer);
SELECT assoc.belongs_to('Note', 'User', inverse => 'notes');
SELECT outcome FROM assoc.apply();
INSERT INTO notes VALUES (1, 1);
