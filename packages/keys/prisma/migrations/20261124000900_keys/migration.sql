-- CreateTable
CREATE TABLE "encryption_key" (
    "id" INTEGER NOT NULL,
    "fingerprint" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "retired_at" TIMESTAMPTZ(6),

    CONSTRAINT "encryption_key_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "kept_secret" (
    "name" TEXT NOT NULL,
    "sealed" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "kept_secret_pkey" PRIMARY KEY ("name")
);

-- CreateIndex
CREATE UNIQUE INDEX "encryption_key_fingerprint_key" ON "encryption_key"("fingerprint");

-- the id is one byte in front of what is sealed
ALTER TABLE "encryption_key" ADD CONSTRAINT "encryption_key_id_check" CHECK ("id" BETWEEN 1 AND 255);
