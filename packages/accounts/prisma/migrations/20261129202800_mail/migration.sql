-- the confirmed address; whoever has it may have several accounts, and nobody learns of that by trying
ALTER TABLE "account" ADD COLUMN "email" TEXT;

CREATE INDEX "account_email_idx" ON "account"("email");

CREATE TABLE "mail_token" (
    "account_id" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "hash" BYTEA NOT NULL,
    "email" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "mail_token_pkey" PRIMARY KEY ("account_id", "purpose"),
    CONSTRAINT "mail_token_purpose_check" CHECK ("purpose" IN ('confirm', 'reset')),
    CONSTRAINT "mail_token_hash_size" CHECK (octet_length("hash") = 32)
);

CREATE UNIQUE INDEX "mail_token_hash_key" ON "mail_token"("hash");
CREATE INDEX "mail_token_expires_at_idx" ON "mail_token"("expires_at");

ALTER TABLE "mail_token" ADD CONSTRAINT "mail_token_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;
