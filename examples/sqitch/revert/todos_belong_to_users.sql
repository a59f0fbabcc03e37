-- Revert todos:todos_belong_to_users from pg

BEGIN;

-- The associations end with their column; the foreign key, the index and the accessors go too.
ALTER TABLE "Todos" DROP COLUMN "userId";

COMMIT;
