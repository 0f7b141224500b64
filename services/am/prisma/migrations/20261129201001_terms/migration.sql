-- Terms that an owner proffers and a Requester signs (docs/protocol.md, section 10).
ALTER TABLE "owner" ADD COLUMN "terms" TEXT[] DEFAULT ARRAY[]::TEXT[],
  ADD COLUMN "signers_only" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "owner" ALTER COLUMN "terms" SET NOT NULL;

ALTER TABLE "transfer" ADD COLUMN "proffer_jti" TEXT;

CREATE TABLE "terms_document" (
    "name" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "kept_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "terms_document_pkey" PRIMARY KEY ("name")
);

CREATE TABLE "proffer" (
    "bucket" INTEGER NOT NULL,
    "jti" TEXT NOT NULL,
    "connection_id" TEXT NOT NULL,
    "terms" TEXT[],
    "proffer" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "answer" TEXT,
    "decision" TEXT,
    "accepted" TEXT,
    "signer_keys" JSONB,
    "answered_at" TIMESTAMPTZ(3),

    CONSTRAINT "proffer_pkey" PRIMARY KEY ("bucket","jti")
);
CREATE INDEX "proffer_connection_id_created_at_idx" ON "proffer"("connection_id", "created_at");
ALTER TABLE "proffer" ADD CONSTRAINT "proffer_connection_id_fkey" FOREIGN KEY ("connection_id") REFERENCES "connection"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "proffer" ADD CONSTRAINT "proffer_bucket_check" CHECK (bucket BETWEEN 0 AND 65535);
ALTER TABLE "proffer" ADD CONSTRAINT "proffer_decision_check" CHECK (
  CASE WHEN decision IS NULL THEN num_nonnulls(answer, accepted, signer_keys, answered_at) = 0
    ELSE decision IN ('accepted', 'declined') AND num_nulls(answer, signer_keys, answered_at) = 0 AND (decision = 'accepted') = (accepted IS NOT NULL) END);

CREATE TABLE "proffer_key" (
    "kid" TEXT NOT NULL,
    "jwk" JSONB NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "proffer_key_pkey" PRIMARY KEY ("kid")
);

-- Consent writes the offer with the connection's rows; it comes into force with the grant.
CREATE FUNCTION on_grant_offered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.terms := (SELECT p.jti FROM proffer p WHERE p.connection_id = NEW.id ORDER BY p.created_at DESC LIMIT 1);
  RETURN NEW;
END $$;

CREATE TRIGGER grant_takes_its_terms BEFORE INSERT ON oauth_grant FOR EACH ROW EXECUTE FUNCTION on_grant_offered();
