SELECT pg_temp.told('accessors give their rows', 'SELECT u.name, t.title FROM "Users" u, todos(u) t', 'Ada|sleep');
SELECT pg_temp.refused('a to-do of nobody is refused', 'UPDATE "Todos" SET "userId" = 42', '23503');
SELECT pg_temp.told('what it said is said by hand', 'SELECT association, status, declared_by FROM assoc.associations', 'Todo.user|in place|hand, User.todos|in place|hand');
ALTER TABLE "Todos" RENAME COLUMN "userId" TO "ownerId";
SELECT pg_temp.told('a rename is followed', $$SELECT foreign_key, status FROM assoc.associations WHERE association = 'Todo.user'$$, 'ownerId|in place');
SELECT pg_temp.refused('the package does not take its tables back', $$SELECT * FROM assoc.migrate('todo_app')$$, '42P07');
