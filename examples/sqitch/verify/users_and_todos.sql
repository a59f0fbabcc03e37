-- Verify todos:users_and_todos on pg

BEGIN;

SELECT id, name, "createdAt", "updatedAt" FROM "Users" WHERE false;
SELECT id, title, done, "createdAt", "updatedAt" FROM "Todos" WHERE false;

ROLLBACK;
