-- U2: the associations end with their column; the foreign key, the index and the accessors go too

ALTER TABLE "Todos" DROP COLUMN "userId";
