-- What an owner did and what was asked of them is kept beyond doubt shortly after: by a keyed hash chain for each owner, of which these are the links. No request writes here.
CREATE TABLE "checkpoint" (
    "owner_id" TEXT NOT NULL,
    "stream" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "count" INTEGER NOT NULL,
    "total" BIGINT NOT NULL,
    "last_at" TIMESTAMPTZ(3) NOT NULL,
    -- compared with ids of transfers, which sort byte by byte
    "last_id" TEXT COLLATE "C" NOT NULL,
    "digest" BYTEA NOT NULL,
    "previous" BYTEA,
    "mac" BYTEA NOT NULL,
    "made_at" TIMESTAMPTZ(3) NOT NULL,
    "ids" TEXT[],
    "macs" BYTEA,

    CONSTRAINT "checkpoint_pkey" PRIMARY KEY ("owner_id","stream","number"),
    CONSTRAINT "checkpoint_stream_check" CHECK (stream IN ('entry', 'asked')),
    CONSTRAINT "checkpoint_rows_check" CHECK ((ids IS NULL) = (macs IS NULL) AND count > 0)
);
CREATE INDEX "checkpoint_stream_last_at_idx" ON "checkpoint"("stream", "last_at") WHERE ids IS NOT NULL;

CREATE TABLE "kept_since" (
    "owner_id" TEXT NOT NULL,
    "stream" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "mac" BYTEA NOT NULL,

    CONSTRAINT "kept_since_pkey" PRIMARY KEY ("owner_id","stream"),
    CONSTRAINT "kept_since_stream_check" CHECK (stream IN ('entry', 'asked'))
);

CREATE TABLE "checkpoint_progress" (
    "stream" TEXT NOT NULL,
    "before" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "checkpoint_progress_pkey" PRIMARY KEY ("stream")
);
-- what there is already is taken as it is now
INSERT INTO "checkpoint_progress" ("stream", "before")
  SELECT 'entry', coalesce(min(at), now()) - interval '1 hour' FROM "timeline_entry"
  UNION ALL SELECT 'asked', coalesce(min(started_at), now()) - interval '1 hour' FROM "transfer";

-- An owner may have less kept of their activity than the server keeps.
ALTER TABLE "owner" ADD COLUMN "keep_days" INTEGER, ADD CONSTRAINT "owner_keep_days_check" CHECK (keep_days BETWEEN 1 AND 36500);
CREATE INDEX "owner_keep_days_idx" ON "owner"("keep_days") WHERE keep_days IS NOT NULL;
