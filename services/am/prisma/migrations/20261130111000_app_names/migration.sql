-- What owners call apps; no row: as the app calls itself.
CREATE TABLE "app_name" (
    "owner_id" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,

    CONSTRAINT "app_name_pkey" PRIMARY KEY ("owner_id","client_id")
);
ALTER TABLE "app_name" ADD CONSTRAINT "app_name_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "owner"("id") ON DELETE CASCADE ON UPDATE CASCADE;
