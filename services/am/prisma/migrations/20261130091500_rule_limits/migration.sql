-- How often what a rule allows may be had, and how often it was: one for the rules of one decision, whichever connection uses it.
CREATE TABLE "rule_limit" (
    "id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "most" INTEGER NOT NULL,
    "per" TEXT NOT NULL,
    "used" INTEGER NOT NULL DEFAULT 0,
    "since" TIMESTAMPTZ(3),

    CONSTRAINT "rule_limit_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "rule_limit_check" CHECK (most > 0 AND used >= 0 AND per IN ('day', 'all'))
);
-- its counter changes often, and never its key
ALTER TABLE "rule_limit" SET (fillfactor = 50);
CREATE INDEX "rule_limit_owner_id_idx" ON "rule_limit"("owner_id");

-- A yes to a question is good for what its owner was shown: the key that asked, and the terms it had signed.
ALTER TABLE "rule" ADD COLUMN "limit_id" TEXT, ADD COLUMN "for_jkt" TEXT, ADD COLUMN "for_terms" TEXT;
ALTER TABLE "rule" ADD CONSTRAINT "rule_limit_id_fkey" FOREIGN KEY ("limit_id") REFERENCES "rule_limit"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "rule" ADD CONSTRAINT "rule_limit_check" CHECK (limit_id IS NULL OR effect = 'allow');
ALTER TABLE "ask" ADD COLUMN "for_jkt" TEXT, ADD COLUMN "for_terms" TEXT;

-- A rule that is replaced stays for those who ask why, so they become more: those of one connection are found by it.
CREATE INDEX "rule_owner_id_connection_id_idx" ON "rule"("owner_id", "connection_id");
DROP INDEX "rule_owner_id_idx";
CREATE INDEX "rule_connection_id_idx" ON "rule"("connection_id");
CREATE INDEX "rule_link_id_idx" ON "rule"("link_id");
CREATE INDEX "rule_limit_id_idx" ON "rule"("limit_id");
CREATE INDEX "rule_expires_at_idx" ON "rule"("expires_at");

-- The rules by which it was decided.
ALTER TABLE "transfer" ADD COLUMN "rule_ids" TEXT[] DEFAULT ARRAY[]::TEXT[];
