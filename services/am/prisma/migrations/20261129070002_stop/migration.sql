-- Since when what an app had begun with an owner counts for nothing: its pushed requests, open consents, codes nobody redeemed, and deferrals. PROTOCOL §7.
-- '' stands for any.
CREATE TABLE "stop_epoch" (
    "owner_id" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "stopped_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "stop_epoch_pkey" PRIMARY KEY ("owner_id","client_id")
);
CREATE INDEX "stop_epoch_stopped_at_idx" ON "stop_epoch"("stopped_at");

-- Deferrals that wait: few at any time, of one owner still fewer.
CREATE INDEX "deferral_bucket_idx" ON "deferral"("bucket") WHERE ended_at IS NULL;

CREATE FUNCTION note_stop(owner text, client text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO stop_epoch (owner_id, client_id, stopped_at) VALUES (owner, client, clock_timestamp())
    ON CONFLICT (owner_id, client_id) DO UPDATE SET stopped_at = excluded.stopped_at;
$$;

-- The owner's row is where a stop and a consent meet: whichever comes second sees the other.
CREATE FUNCTION on_grant_begun() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM owner WHERE id = NEW.subject FOR SHARE;
  PERFORM FROM stop_epoch
    WHERE owner_id IN (NEW.subject, '') AND client_id IN (NEW.client_id, '') AND stopped_at >= NEW.begun_at;
  IF FOUND THEN RETURN NULL; END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER grant_was_not_stopped_before BEFORE INSERT ON oauth_grant FOR EACH ROW EXECUTE FUNCTION on_grant_begun();

-- The owner stopped a connection: what its app has begun beside it ends, too.
CREATE FUNCTION on_grant_stopped() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- everything of this owner ends in this transaction
  PERFORM FROM stop_epoch WHERE owner_id = NEW.subject AND client_id = '' AND stopped_at >= now();
  IF FOUND THEN RETURN NULL; END IF;
  PERFORM FROM owner WHERE id = NEW.subject FOR NO KEY UPDATE;
  PERFORM note_stop(NEW.subject, NEW.client_id);
  UPDATE oauth_grant g SET ended_at = now(), ended_by = 'owner'
    WHERE g.bucket = NEW.bucket AND g.subject = NEW.subject AND g.client_id = NEW.client_id AND g.ended_at IS NULL
      AND g.id IN (SELECT c.grant_id FROM oauth_code c WHERE c.bucket = NEW.bucket AND c.used_at IS NULL);
  UPDATE deferral d SET ended_at = now() FROM connection c
    WHERE d.bucket = NEW.bucket AND d.client_id = NEW.client_id AND d.ended_at IS NULL AND c.id = d.connection_id AND c.owner_id = NEW.subject;
  RETURN NULL;
END $$;

CREATE TRIGGER what_was_begun_ends_with_it AFTER UPDATE OF ended_at ON oauth_grant
  FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL AND NEW.ended_by = 'owner') EXECUTE FUNCTION on_grant_stopped();

-- Who renews the link's token at its Host right now, and until when nobody else does: a Host that rotates takes a refresh token that is used twice for stolen.
ALTER TABLE "link" ADD COLUMN "renewal_id" TEXT;
ALTER TABLE "link" ADD COLUMN "renewal_until" TIMESTAMPTZ(3);
