-- What was done is kept for a time, and then dropped: transfers, what Hosts were told, the timeline. These tables are partitioned by their ids, which sort
-- by time, so that a row is found in its partition and what is past its time goes as a whole. docs/storage.md.

-- ---- ids that sort by time ------------------------------------------------------------------------------------------

-- A UUIDv7 (RFC 9562 §5.7) without hyphens, after a prefix; packages/crypto has the same in `timeId`.
CREATE FUNCTION time_id(prefix text) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT prefix || '_' || lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14)
$$;

-- What sorts before all such ids of that moment and after, and behind all before it.
CREATE FUNCTION time_id_from(prefix text, at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT prefix || '_' || lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
$$;

-- The same as a number: milliseconds, then 20 bits of a sequence, which keep the order of what happened in one of them.
CREATE FUNCTION time_number_from(at timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT (extract(epoch FROM at) * 1000)::bigint << 20
$$;

CREATE FUNCTION timeline_id() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT time_number_from(clock_timestamp()) | (nextval('timeline_entry_id_seq') & 1048575)
$$;

-- ---- transfers ------------------------------------------------------------------------------------------------------

LOCK TABLE transfer, revocation, timeline_entry IN ACCESS EXCLUSIVE MODE;

ALTER TABLE transfer RENAME TO transfer_unpartitioned;
ALTER INDEX transfer_pkey RENAME TO transfer_unpartitioned_pkey;
ALTER INDEX transfer_owner_id_started_at_idx RENAME TO transfer_unpartitioned_owner_idx;
ALTER INDEX transfer_connection_id_idx RENAME TO transfer_unpartitioned_connection_idx;
ALTER INDEX transfer_intent_idx RENAME TO transfer_unpartitioned_intent_idx;

-- bytes sort the same everywhere; the rules of a language do not
CREATE TABLE transfer (
    "bucket" INTEGER NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "owner_id" TEXT NOT NULL,
    "connection_id" TEXT NOT NULL,
    "link_id" TEXT NOT NULL,
    "host_id" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "resource" TEXT NOT NULL,
    "scopes" TEXT[],
    "jkt" TEXT,
    "policy_version" BIGINT NOT NULL,
    "ask_id" TEXT,
    "state" TEXT NOT NULL DEFAULT 'intent',
    "error" TEXT,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "transfer_pkey" PRIMARY KEY ("bucket","id"),
    CONSTRAINT "transfer_state_check" CHECK (state IN ('intent', 'minted', 'withheld', 'refused', 'failed') AND (state = 'intent') = (closed_at IS NULL)),
    CONSTRAINT "transfer_bucket_check" CHECK (bucket BETWEEN 0 AND 65535)
) PARTITION BY RANGE (id);
CREATE INDEX "transfer_owner_id_started_at_idx" ON "transfer"("owner_id", "started_at" DESC);
CREATE INDEX "transfer_connection_id_idx" ON "transfer"("connection_id");
CREATE INDEX "transfer_intent_idx" ON "transfer" (started_at) WHERE state = 'intent';

-- ---- ends -----------------------------------------------------------------------------------------------------------

ALTER TABLE revocation RENAME TO revocation_unpartitioned;
ALTER INDEX revocation_pkey RENAME TO revocation_unpartitioned_pkey;
ALTER INDEX revocation_owner_id_idx RENAME TO revocation_unpartitioned_owner_idx;
ALTER INDEX revocation_connection_id_idx RENAME TO revocation_unpartitioned_connection_idx;
ALTER INDEX revocation_pending_idx RENAME TO revocation_unpartitioned_pending_idx;

CREATE TABLE revocation (
    "id" TEXT COLLATE "C" NOT NULL DEFAULT time_id('rev'),
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
    "tried_at" TIMESTAMPTZ(3),

    CONSTRAINT "revocation_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "revocation_state_check" CHECK (state IN ('pending', 'confirmed', 'failed') AND (state = 'confirmed') = (confirmed_at IS NOT NULL))
) PARTITION BY RANGE (id);
CREATE INDEX "revocation_owner_id_idx" ON "revocation"("owner_id");
CREATE INDEX "revocation_connection_id_idx" ON "revocation"("connection_id");
CREATE INDEX "revocation_pending_idx" ON "revocation" (created_at) WHERE state = 'pending';

-- ---- the timeline ---------------------------------------------------------------------------------------------------

ALTER TABLE timeline_entry RENAME TO timeline_entry_unpartitioned;
ALTER INDEX timeline_entry_pkey RENAME TO timeline_entry_unpartitioned_pkey;
ALTER INDEX timeline_entry_owner_id_id_idx RENAME TO timeline_entry_unpartitioned_owner_idx;
ALTER SEQUENCE timeline_entry_id_seq OWNED BY NONE;

CREATE TABLE timeline_entry (
    "id" BIGINT NOT NULL DEFAULT timeline_id(),
    "owner_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "kind" TEXT NOT NULL,
    "data" JSONB NOT NULL,

    CONSTRAINT "timeline_entry_pkey" PRIMARY KEY ("id")
) PARTITION BY RANGE (id);
CREATE INDEX "timeline_entry_owner_id_id_idx" ON "timeline_entry"("owner_id", "id" DESC);

-- ---- what there is --------------------------------------------------------------------------------------------------

-- One partition for all that came before and the week to come, so that a service that cannot make more yet loses nothing; one for what falls into none: ids of
-- the version before this one, which may still run, and rows that came before their partition.
DO $$
DECLARE until timestamptz := date_trunc('day', now(), 'UTC') + interval '8 days';
BEGIN
  EXECUTE format('CREATE TABLE transfer_first PARTITION OF transfer FOR VALUES FROM (%L) TO (%L)', time_id_from('tr', 'epoch'), time_id_from('tr', until));
  EXECUTE format('CREATE TABLE revocation_first PARTITION OF revocation FOR VALUES FROM (%L) TO (%L)', time_id_from('rev', 'epoch'), time_id_from('rev', until));
  EXECUTE format('CREATE TABLE timeline_entry_first PARTITION OF timeline_entry FOR VALUES FROM (%L) TO (%L)', time_number_from('epoch'), time_number_from(until));
END $$;
CREATE TABLE transfer_default PARTITION OF transfer DEFAULT;
CREATE TABLE revocation_default PARTITION OF revocation DEFAULT;
CREATE TABLE timeline_entry_default PARTITION OF timeline_entry DEFAULT;

-- What is over gets an id of its time. What somebody is at work on keeps its own.
INSERT INTO transfer (bucket, id, owner_id, connection_id, link_id, host_id, client_id, resource, scopes, jkt, policy_version, ask_id, state, error, started_at, closed_at)
  SELECT bucket, CASE state WHEN 'intent' THEN id ELSE time_id_from('tr', started_at) || substr(time_id('x'), 15) END,
    owner_id, connection_id, link_id, host_id, client_id, resource, scopes, jkt, policy_version, ask_id, state, error, started_at, closed_at
  FROM transfer_unpartitioned;
INSERT INTO revocation (id, owner_id, link_id, host_id, connection_id, grant_id, state, attempts, last_error, created_at, confirmed_at, tried_at)
  SELECT CASE state WHEN 'pending' THEN id ELSE time_id_from('rev', created_at) || substr(time_id('x'), 15) END,
    owner_id, link_id, host_id, connection_id, grant_id, state, attempts, last_error, created_at, confirmed_at, tried_at
  FROM revocation_unpartitioned;
INSERT INTO timeline_entry (id, owner_id, at, kind, data)
  SELECT time_number_from(at) | (id & 1048575), owner_id, at, kind, data FROM timeline_entry_unpartitioned;

DROP TABLE transfer_unpartitioned;
DROP TABLE revocation_unpartitioned;
DROP TABLE timeline_entry_unpartitioned;

-- ---- steps that make such rows --------------------------------------------------------------------------------------

-- ids of ends are made by their default
CREATE OR REPLACE FUNCTION on_grant_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE connection SET ended_at = now() WHERE id = NEW.id AND ended_at IS NULL;
  IF FOUND THEN
    -- once per transaction is enough, and ten thousand ends in one would walk ten thousand versions of the row
    UPDATE owner SET policy_version = policy_version + 1 WHERE id = NEW.subject AND xmin <> pg_current_xact_id()::xid;
    UPDATE ask SET state = 'closed' WHERE connection_id = NEW.id AND state IN ('open', 'approved');
    INSERT INTO revocation (owner_id, link_id, host_id, connection_id, grant_id)
      SELECT l.owner_id, ch.link_id, ch.host_id, ch.connection_id, ch.grant_id
      FROM connection_host ch JOIN link l ON l.id = ch.link_id
      WHERE ch.connection_id = NEW.id AND l.state <> 'ended';
    PERFORM timeline_append(NEW.subject, 'connection_ended', jsonb_build_object('connection', NEW.id, 'by', NEW.ended_by));
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION end_link(owner text, link text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE ended_host text;
BEGIN
  UPDATE link l SET state = 'ended', ended_at = now() WHERE l.id = link AND l.owner_id = owner AND l.state <> 'ended' RETURNING l.host_id INTO ended_host;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE owner o SET policy_version = policy_version + 1 WHERE o.id = owner;
  UPDATE ask a SET state = 'closed' WHERE a.link_id = link AND a.state IN ('open', 'approved');
  INSERT INTO revocation (owner_id, link_id, host_id) VALUES (owner, link, ended_host);
  PERFORM timeline_append(owner, 'link_ended', jsonb_build_object('link', link, 'host', ended_host));
  RETURN true;
END $$;

-- ---- what goes row by row -------------------------------------------------------------------------------------------

-- Questions, connections, links and Hosts, when nothing that is kept names them any more.
CREATE INDEX "ask_expires_at_idx" ON "ask"("expires_at");
CREATE INDEX "connection_ended_at_idx" ON "connection"("ended_at") WHERE ended_at IS NOT NULL;
CREATE INDEX "link_ended_at_idx" ON "link"("ended_at") WHERE ended_at IS NOT NULL;
CREATE INDEX "connection_host_host_id_idx" ON "connection_host"("host_id");
