-- A link may be made in the place of another; and the owner is told when a Host was last tried.
-- AlterTable
ALTER TABLE "link" ADD COLUMN     "replaces" TEXT;

-- AlterTable
ALTER TABLE "link_attempt" ADD COLUMN     "replaces" TEXT;

-- AlterTable
ALTER TABLE "revocation" ADD COLUMN     "tried_at" TIMESTAMPTZ(3);
