-- A package at its default version, made by a plain CREATE EXTENSION.
CREATE EXTENSION todo_app CASCADE;
INSERT INTO "Users" (name) VALUES ('Ada'), ('Grace');
INSERT INTO "Todos" (title, "userId") VALUES ('write the first program', 1), ('sleep', 1), ('find the moth', 2);
