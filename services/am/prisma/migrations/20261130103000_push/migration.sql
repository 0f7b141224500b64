-- A browser that is told by web push, as long as its session lasts.
CREATE TABLE "push_subscription" (
    "session_hash" BYTEA NOT NULL,
    "owner_id" TEXT NOT NULL,
    "endpoint" TEXT NOT NULL,
    "p256dh" TEXT NOT NULL,
    "auth" TEXT NOT NULL,
    "push_key" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "push_subscription_pkey" PRIMARY KEY ("session_hash")
);
CREATE INDEX "push_subscription_owner_id_idx" ON "push_subscription"("owner_id");

CREATE FUNCTION on_session_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM push_subscription WHERE session_hash = OLD.id_hash;
  RETURN NULL;
END $$;

CREATE TRIGGER push_ends_with_it AFTER DELETE ON "session" FOR EACH ROW EXECUTE FUNCTION on_session_ended();
