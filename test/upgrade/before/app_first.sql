-- A package at a version that is not its default.
CREATE EXTENSION todo_app VERSION '1.0' CASCADE;
INSERT INTO "Users" (name) VALUES ('Ada'), ('Grace');
INSERT INTO "Todos" (title) VALUES ('sleep');
