-- What we have signed for an owner, or declined (docs/protocol.md, section 10). It stays when the connection ends: the promise does.
CREATE TABLE "agreement" (
    "jti" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "connection_id" TEXT NOT NULL,
    "record" TEXT NOT NULL,
    "am_keys" JSONB NOT NULL,
    "kept_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "agreement_pkey" PRIMARY KEY ("jti")
);
CREATE INDEX "agreement_owner_id_connection_id_idx" ON "agreement"("owner_id", "connection_id");
