-- In the midst of a restore: the keys of a package are lifted.
CREATE EXTENSION todo_assoc;
SELECT * FROM assoc.migrate('todo_app');
INSERT INTO "Users" (name) VALUES ('Ada');
SELECT assoc.pre_restore();
INSERT INTO "Todos" (title, "userId") VALUES ('sleep', 1);
