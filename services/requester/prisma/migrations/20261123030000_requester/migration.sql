CREATE TABLE "connection" (
    "id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "am" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "sealed" BYTEA NOT NULL,
    "access_expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "connection_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "connection_owner_id_created_at_idx" ON "connection"("owner_id", "created_at");

CREATE TABLE "connect_state" (
    "state_hash" BYTEA NOT NULL,
    "owner_id" TEXT NOT NULL,
    "session" TEXT NOT NULL,
    "am" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "sealed" BYTEA NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "connect_state_pkey" PRIMARY KEY ("state_hash"),
    CONSTRAINT "connect_state_hash_size" CHECK (octet_length("state_hash") = 32)
);

CREATE INDEX "connect_state_expires_at_idx" ON "connect_state"("expires_at");

CREATE TABLE "signing_key" (
    "kid" TEXT NOT NULL,
    "sealed" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "signing_key_pkey" PRIMARY KEY ("kid")
);
