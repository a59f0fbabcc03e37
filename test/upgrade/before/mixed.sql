-- Declared by hand upon the tables of a package.
CREATE EXTENSION todo_assoc;
SELECT * FROM assoc.migrate('todo_app');
INSERT INTO "Users" (name) VALUES ('Ada'), ('Grace');
INSERT INTO "Todos" (title, "userId") VALUES ('sleep', 1), ('find the moth', 2);
CREATE TABLE "Sticky Notes" (id integer PRIMARY KEY, "User" integer);
SELECT assoc.define_model('Note', '"Sticky Notes"');
SELECT assoc.belongs_to('Note', 'User', foreign_key => 'User', on_delete => 'CASCADE', inverse => 'notes');
SELECT outcome FROM assoc.apply();
INSERT INTO "Sticky Notes" VALUES (1, 1), (2, 1), (3, 2);
