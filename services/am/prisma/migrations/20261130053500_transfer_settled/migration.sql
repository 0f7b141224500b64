-- The outcome of a transfer is in no index any more, not even in what an index is for, so that closing it leaves its row where it is (heap-only tuples).
-- Those that nobody closes are found by when they began, among those that began since all earlier ones were seen to be closed.
CREATE TABLE "transfer_settled" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "before" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "transfer_settled_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "transfer_settled_one_check" CHECK (id = 1)
);
-- one that is being written right now may not be seen yet
INSERT INTO "transfer_settled" ("before")
  SELECT least(min(started_at), now() - interval '1 hour') FROM "transfer" WHERE state = 'intent';

CREATE INDEX "transfer_started_at_idx" ON "transfer"("started_at");
DROP INDEX "transfer_intent_idx";

-- room for the second version of each row
DO $$
DECLARE part regclass;
BEGIN
  FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'transfer'::regclass LOOP
    EXECUTE format('ALTER TABLE %s SET (fillfactor = 60)', part);
  END LOOP;
END $$;
