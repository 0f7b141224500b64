-- What somebody posted to Hosts, and what came of it, for an hour: a post that is sent twice is one.
CREATE TABLE "post_attempt" (
    "owner_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "sealed" BYTEA NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "post_attempt_pkey" PRIMARY KEY ("owner_id","id")
);

CREATE INDEX "post_attempt_expires_at_idx" ON "post_attempt"("expires_at");
