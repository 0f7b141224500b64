-- AlterTable
ALTER TABLE "signing_key" ADD COLUMN "use_from" TIMESTAMPTZ(3);
