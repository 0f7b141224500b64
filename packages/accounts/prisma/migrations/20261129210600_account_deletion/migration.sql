-- no foreign key: the account is gone, and what is left of it at the service is named by its id until it is, too
CREATE TABLE "account_deletion" (
    "token_hash" BYTEA NOT NULL,
    "account_id" TEXT,
    "begun_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "done_at" TIMESTAMPTZ(6),

    CONSTRAINT "account_deletion_pkey" PRIMARY KEY ("token_hash"),
    CONSTRAINT "account_deletion_hash_size" CHECK (octet_length("token_hash") = 32),
    CONSTRAINT "account_deletion_done_check" CHECK (("account_id" IS NULL) = ("done_at" IS NOT NULL))
);

CREATE UNIQUE INDEX "account_deletion_account_id_key" ON "account_deletion"("account_id");
