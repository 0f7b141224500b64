-- Requesters that wait for the owner with a code, instead of asking again (docs/protocol.md, section 3.7).
-- CreateTable
CREATE TABLE "deferral" (
    "bucket" INTEGER NOT NULL,
    "hash" BYTEA NOT NULL,
    "connection_id" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "jkt" TEXT NOT NULL,
    "resource" TEXT NOT NULL,
    "scopes" TEXT[],
    "ask_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "next_poll_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "attempt_id" TEXT,
    "attempted_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "deferral_pkey" PRIMARY KEY ("bucket","hash")
);

-- CreateIndex
CREATE INDEX "deferral_connection_id_idx" ON "deferral"("connection_id");

-- CreateIndex
CREATE INDEX "deferral_ask_id_idx" ON "deferral"("ask_id");

-- CreateIndex
CREATE INDEX "deferral_expires_at_idx" ON "deferral"("expires_at");

-- AddForeignKey
ALTER TABLE "deferral" ADD CONSTRAINT "deferral_connection_id_fkey" FOREIGN KEY ("connection_id") REFERENCES "connection"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "deferral" ADD CONSTRAINT "deferral_bucket_check" CHECK (bucket BETWEEN 0 AND 65535);
ALTER TABLE "deferral" ADD CONSTRAINT "deferral_hash_check" CHECK (octet_length(hash) = 32);
