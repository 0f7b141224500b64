-- The AM's own tables, as prisma/schema.prisma has them; below, what Prisma's language cannot say.
-- CreateTable
CREATE TABLE "owner" (
    "id" TEXT NOT NULL,
    "policy_version" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "owner_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "host" (
    "id" TEXT NOT NULL,
    "issuer" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "metadata" JSONB NOT NULL,
    "resources" TEXT[],
    "transfer_scopes" JSONB NOT NULL,
    "checked_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "host_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "link" (
    "id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "host_id" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "transfer_scope" TEXT[],
    "state" TEXT NOT NULL DEFAULT 'active',
    "access_token" BYTEA,
    "access_expires_at" TIMESTAMPTZ(3),
    "refresh_token" BYTEA,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "link_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "link_attempt" (
    "state_hash" BYTEA NOT NULL,
    "owner_id" TEXT NOT NULL,
    "host_id" TEXT NOT NULL,
    "session_hash" BYTEA NOT NULL,
    "verifier" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "link_attempt_pkey" PRIMARY KEY ("state_hash")
);

-- CreateTable
CREATE TABLE "connection" (
    "id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "client_name" TEXT NOT NULL,
    "client_uri" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "connection_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "connection_host" (
    "connection_id" TEXT NOT NULL,
    "host_id" TEXT NOT NULL,
    "link_id" TEXT NOT NULL,
    "scopes" TEXT[],
    "grant_id" TEXT NOT NULL,

    CONSTRAINT "connection_host_pkey" PRIMARY KEY ("connection_id","host_id")
);

-- CreateTable
CREATE TABLE "rule" (
    "id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "connection_id" TEXT,
    "link_id" TEXT,
    "scope" TEXT,
    "effect" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "rule_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ask" (
    "id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "connection_id" TEXT NOT NULL,
    "host_id" TEXT NOT NULL,
    "link_id" TEXT NOT NULL,
    "scopes" TEXT[],
    "scope_key" TEXT NOT NULL,
    "purpose" TEXT,
    "state" TEXT NOT NULL DEFAULT 'open',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "decided_at" TIMESTAMPTZ(3),

    CONSTRAINT "ask_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "transfer" (
    "bucket" INTEGER NOT NULL,
    "id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "connection_id" TEXT NOT NULL,
    "link_id" TEXT NOT NULL,
    "host_id" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "resource" TEXT NOT NULL,
    "scopes" TEXT[],
    "jkt" TEXT NOT NULL,
    "policy_version" BIGINT NOT NULL,
    "ask_id" TEXT,
    "state" TEXT NOT NULL DEFAULT 'intent',
    "error" TEXT,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "transfer_pkey" PRIMARY KEY ("bucket","id")
);

-- CreateTable
CREATE TABLE "timeline_entry" (
    "id" BIGSERIAL NOT NULL,
    "owner_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "kind" TEXT NOT NULL,
    "data" JSONB NOT NULL,

    CONSTRAINT "timeline_entry_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "revocation" (
    "id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "link_id" TEXT NOT NULL,
    "host_id" TEXT NOT NULL,
    "connection_id" TEXT,
    "grant_id" TEXT,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "last_error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "confirmed_at" TIMESTAMPTZ(3),

    CONSTRAINT "revocation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "signing_key" (
    "kid" TEXT NOT NULL,
    "alg" TEXT NOT NULL,
    "sealed" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "retired_at" TIMESTAMPTZ(3),

    CONSTRAINT "signing_key_pkey" PRIMARY KEY ("kid")
);

-- CreateIndex
CREATE UNIQUE INDEX "host_issuer_key" ON "host"("issuer");

-- CreateIndex
CREATE INDEX "link_owner_id_idx" ON "link"("owner_id");

-- CreateIndex
CREATE INDEX "link_host_id_idx" ON "link"("host_id");

-- CreateIndex
CREATE INDEX "link_attempt_expires_at_idx" ON "link_attempt"("expires_at");

-- CreateIndex
CREATE INDEX "connection_owner_id_idx" ON "connection"("owner_id");

-- CreateIndex
CREATE UNIQUE INDEX "connection_host_grant_id_key" ON "connection_host"("grant_id");

-- CreateIndex
CREATE INDEX "connection_host_link_id_idx" ON "connection_host"("link_id");

-- CreateIndex
CREATE INDEX "rule_owner_id_idx" ON "rule"("owner_id");

-- CreateIndex
CREATE INDEX "ask_owner_id_state_idx" ON "ask"("owner_id", "state");

-- CreateIndex
CREATE INDEX "transfer_owner_id_started_at_idx" ON "transfer"("owner_id", "started_at" DESC);

-- CreateIndex
CREATE INDEX "transfer_connection_id_idx" ON "transfer"("connection_id");

-- CreateIndex
CREATE INDEX "timeline_entry_owner_id_id_idx" ON "timeline_entry"("owner_id", "id" DESC);

-- CreateIndex
CREATE INDEX "revocation_owner_id_idx" ON "revocation"("owner_id");

-- CreateIndex
CREATE INDEX "revocation_connection_id_idx" ON "revocation"("connection_id");

-- AddForeignKey
ALTER TABLE "link" ADD CONSTRAINT "link_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "owner"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "link" ADD CONSTRAINT "link_host_id_fkey" FOREIGN KEY ("host_id") REFERENCES "host"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "link_attempt" ADD CONSTRAINT "link_attempt_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "owner"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "link_attempt" ADD CONSTRAINT "link_attempt_host_id_fkey" FOREIGN KEY ("host_id") REFERENCES "host"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "connection" ADD CONSTRAINT "connection_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "owner"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "connection_host" ADD CONSTRAINT "connection_host_connection_id_fkey" FOREIGN KEY ("connection_id") REFERENCES "connection"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "connection_host" ADD CONSTRAINT "connection_host_host_id_fkey" FOREIGN KEY ("host_id") REFERENCES "host"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "connection_host" ADD CONSTRAINT "connection_host_link_id_fkey" FOREIGN KEY ("link_id") REFERENCES "link"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "rule" ADD CONSTRAINT "rule_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "owner"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "rule" ADD CONSTRAINT "rule_connection_id_fkey" FOREIGN KEY ("connection_id") REFERENCES "connection"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "rule" ADD CONSTRAINT "rule_link_id_fkey" FOREIGN KEY ("link_id") REFERENCES "link"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- ---- checks --------------------------------------------------------------------------------------------------------
ALTER TABLE "host" ADD CONSTRAINT "host_id_check" CHECK (id ~ '^[A-Za-z0-9_-]{22}$');
ALTER TABLE "link" ADD CONSTRAINT "link_state_check" CHECK (state IN ('active', 'broken', 'ended') AND (state = 'ended') = (ended_at IS NOT NULL));
ALTER TABLE "link_attempt" ADD CONSTRAINT "link_attempt_hash_check" CHECK (octet_length(state_hash) = 32 AND octet_length(session_hash) = 32);
ALTER TABLE "connection_host" ADD CONSTRAINT "connection_host_grant_id_check" CHECK (grant_id ~ '^[A-Za-z0-9_-]{22}$');
ALTER TABLE "rule" ADD CONSTRAINT "rule_effect_check" CHECK (effect IN ('allow', 'ask', 'deny'));
ALTER TABLE "ask" ADD CONSTRAINT "ask_state_check" CHECK (state IN ('open', 'approved', 'used', 'closed'));
ALTER TABLE "transfer" ADD CONSTRAINT "transfer_state_check" CHECK (state IN ('intent', 'minted', 'withheld', 'refused', 'failed') AND (state = 'intent') = (closed_at IS NULL));
ALTER TABLE "transfer" ADD CONSTRAINT "transfer_bucket_check" CHECK (bucket BETWEEN 0 AND 65535);
ALTER TABLE "revocation" ADD CONSTRAINT "revocation_state_check" CHECK (state IN ('pending', 'confirmed', 'failed') AND (state = 'confirmed') = (confirmed_at IS NOT NULL));

-- one open question per (connection, Host, scope set): a repeat finds the same one (PROTOCOL §3.7)
CREATE UNIQUE INDEX "ask_open_key" ON "ask" (connection_id, host_id, scope_key) WHERE state = 'open';
CREATE INDEX "ask_live_idx" ON "ask" (connection_id, host_id) WHERE state IN ('open', 'approved');
CREATE INDEX "revocation_pending_idx" ON "revocation" (created_at) WHERE state = 'pending';
-- for the check that every intent was closed
CREATE INDEX "transfer_intent_idx" ON "transfer" (started_at) WHERE state = 'intent';

-- ---- steps that more than one writer takes -------------------------------------------------------------------------

CREATE FUNCTION timeline_append(owner text, what text, details jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO timeline_entry (owner_id, kind, data) VALUES (owner, what, details);
$$;

-- A connection is made with its grant: consent writes the AM's rows first, and whether the grant comes is decided after.
CREATE FUNCTION on_grant_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM timeline_append(NEW.subject, 'connection_made', jsonb_build_object('connection', c.id, 'client', c.client_name))
    FROM connection c WHERE c.id = NEW.id AND c.owner_id = NEW.subject;
  RETURN NULL;
END $$;

CREATE TRIGGER connection_is_made_with_its_grant AFTER INSERT ON oauth_grant FOR EACH ROW EXECUTE FUNCTION on_grant_made();

-- A connection ends with its grant, whoever ends that: the owner, the Requester (RFC 7009), the deletion of a client (RFC 7592), or the
-- second use of a code. In the same transaction the decision version moves, open questions close, and every Host is due to be told.
CREATE FUNCTION on_grant_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE connection SET ended_at = now() WHERE id = NEW.id AND ended_at IS NULL;
  IF FOUND THEN
    -- once per transaction is enough, and ten thousand ends in one would walk ten thousand versions of the row
    UPDATE owner SET policy_version = policy_version + 1 WHERE id = NEW.subject AND xmin <> pg_current_xact_id()::xid;
    UPDATE ask SET state = 'closed' WHERE connection_id = NEW.id AND state IN ('open', 'approved');
    INSERT INTO revocation (id, owner_id, link_id, host_id, connection_id, grant_id)
      SELECT 'rev_' || replace(gen_random_uuid()::text, '-', ''), l.owner_id, ch.link_id, ch.host_id, ch.connection_id, ch.grant_id
      FROM connection_host ch JOIN link l ON l.id = ch.link_id
      WHERE ch.connection_id = NEW.id AND l.state <> 'ended';
    PERFORM timeline_append(NEW.subject, 'connection_ended', jsonb_build_object('connection', NEW.id, 'by', NEW.ended_by));
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER connection_ends_with_its_grant AFTER UPDATE OF ended_at ON oauth_grant
  FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION on_grant_ended();

-- Ends one link of this owner; false if it is not his, or was ended before.
CREATE FUNCTION end_link(owner text, link text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE ended_host text;
BEGIN
  UPDATE link l SET state = 'ended', ended_at = now() WHERE l.id = link AND l.owner_id = owner AND l.state <> 'ended' RETURNING l.host_id INTO ended_host;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE owner o SET policy_version = policy_version + 1 WHERE o.id = owner;
  UPDATE ask a SET state = 'closed' WHERE a.link_id = link AND a.state IN ('open', 'approved');
  INSERT INTO revocation (id, owner_id, link_id, host_id) VALUES ('rev_' || replace(gen_random_uuid()::text, '-', ''), owner, link, ended_host);
  PERFORM timeline_append(owner, 'link_ended', jsonb_build_object('link', link, 'host', ended_host));
  RETURN true;
END $$;

-- The Host refused the link's refresh token: it ended there. Only if the link still has the token that was refused.
CREATE FUNCTION break_link(link text, refused bytea) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE broken record;
BEGIN
  UPDATE link l SET state = 'broken', access_token = NULL, access_expires_at = NULL
    WHERE l.id = link AND l.state = 'active' AND l.refresh_token = refused RETURNING l.owner_id, l.host_id INTO broken;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE owner o SET policy_version = policy_version + 1 WHERE o.id = broken.owner_id;
  PERFORM timeline_append(broken.owner_id, 'link_broken', jsonb_build_object('link', link, 'host', broken.host_id));
  RETURN true;
END $$;
