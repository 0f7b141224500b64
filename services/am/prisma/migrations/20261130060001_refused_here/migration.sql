-- What was refused before a Host was asked is kept beside what was asked of one: it may be for a Host that is not linked. And by which request.
ALTER TABLE "transfer" ALTER COLUMN "link_id" DROP NOT NULL, ALTER COLUMN "host_id" DROP NOT NULL, ADD COLUMN "request_id" TEXT;
