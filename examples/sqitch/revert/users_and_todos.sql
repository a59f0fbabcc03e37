-- Revert todos:users_and_todos from pg

BEGIN;

DROP TABLE "Todos";
DROP TABLE "Users";

COMMIT;
