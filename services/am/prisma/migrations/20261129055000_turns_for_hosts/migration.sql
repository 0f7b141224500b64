-- What Hosts are told and asked in the background goes by turns. What of `revocation` is pending, and whose turn it is, has a small table of its own: it changes with
-- every try, and what it holds goes when the Host has confirmed.

-- AlterTable
ALTER TABLE "link_attempt" ADD COLUMN "held_until" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "host_turn" (
    "host_id" TEXT NOT NULL,
    "turn_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "at_once" INTEGER NOT NULL DEFAULT 2,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "not_before" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "slow_until" TIMESTAMPTZ(3),

    CONSTRAINT "host_turn_pkey" PRIMARY KEY ("host_id")
);

-- CreateTable
CREATE TABLE "revocation_due" (
    "id" TEXT COLLATE "C" NOT NULL,
    "host_id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "link_id" TEXT NOT NULL,
    "connection_id" TEXT,
    "grant_id" TEXT,
    "tried" BOOLEAN NOT NULL,
    "next_try_at" TIMESTAMPTZ(3) NOT NULL,
    "held_until" TIMESTAMPTZ(3),

    CONSTRAINT "revocation_due_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "revocation_due_host_id_tried_next_try_at_idx" ON "revocation_due"("host_id", "tried", "next_try_at");

-- CreateIndex
CREATE INDEX "revocation_due_connection_id_link_id_idx" ON "revocation_due"("connection_id", "link_id");

-- AddForeignKey
ALTER TABLE "host_turn" ADD CONSTRAINT "host_turn_host_id_fkey" FOREIGN KEY ("host_id") REFERENCES "host"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- ---- by hand ---------------------------------------------------------------------------------------------------------

ALTER TABLE "host_turn" ADD CONSTRAINT "host_turn_check" CHECK (at_once > 0 AND failures >= 0);

-- every Host has one: what is due at a Host is taken by whoever has its row
INSERT INTO host_turn (host_id) SELECT id FROM host;
CREATE FUNCTION on_host_known() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO host_turn (host_id) VALUES (NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER host_has_turns AFTER INSERT ON host FOR EACH ROW EXECUTE FUNCTION on_host_known();

-- What is under way at a Host, and the last of one owner's there, are found without looking at the others.
CREATE INDEX "revocation_due_held_idx" ON "revocation_due" (host_id, held_until) WHERE held_until IS NOT NULL;
CREATE INDEX "revocation_due_owner_idx" ON "revocation_due" (host_id, owner_id, next_try_at) WHERE NOT tried;
CREATE INDEX "link_attempt_resume_idx" ON "link_attempt" (host_id, resume_at) WHERE resume_at IS NOT NULL;
CREATE INDEX "link_attempt_held_idx" ON "link_attempt" (host_id, held_until) WHERE resume_at IS NOT NULL AND held_until IS NOT NULL;

-- The queue is empty mostly, and suddenly long: a plan that was made for the one is not for the other. So these go by their indexes, whatever statistics say.

-- Owners take turns at a Host, too: of each, one end a second comes before everybody's that are due, however many there are. Nothing waits for that time:
-- it says only who is first.
CREATE FUNCTION revocation_turn(host text, owner text) RETURNS timestamptz LANGUAGE plpgsql VOLATILE
  SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE last timestamptz;
BEGIN
  SELECT d.next_try_at INTO last FROM revocation_due d WHERE d.host_id = host AND d.owner_id = owner AND NOT d.tried
    ORDER BY d.next_try_at DESC LIMIT 1;
  RETURN greatest(now(), last + interval '1 second');
END $$;

-- How many ends of a connection through a link its Host has not confirmed.
CREATE FUNCTION unconfirmed_ends(connection text, link text) RETURNS integer LANGUAGE plpgsql STABLE
  SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
  RETURN (SELECT count(*) FROM revocation_due d WHERE d.connection_id = connection AND d.link_id = link);
END $$;

-- Whoever makes or settles an end, by whatever statement: a pending one has its row here, in the same transaction, and no other has.
CREATE FUNCTION on_revocation_changed() RETURNS trigger LANGUAGE plpgsql
  SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.state = OLD.state THEN RETURN NULL; END IF;
  IF TG_OP <> 'INSERT' THEN DELETE FROM revocation_due WHERE id = OLD.id; END IF;
  IF TG_OP <> 'DELETE' AND NEW.state = 'pending' THEN
    INSERT INTO revocation_due (id, host_id, owner_id, link_id, connection_id, grant_id, tried, next_try_at)
      VALUES (NEW.id, NEW.host_id, NEW.owner_id, NEW.link_id, NEW.connection_id, NEW.grant_id, NEW.attempts > 0, revocation_turn(NEW.host_id, NEW.owner_id));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER revocation_is_due AFTER INSERT OR DELETE OR UPDATE OF state ON revocation FOR EACH ROW EXECUTE FUNCTION on_revocation_changed();

LOCK TABLE revocation IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO revocation_due (id, host_id, owner_id, link_id, connection_id, grant_id, tried, next_try_at)
  SELECT id, host_id, owner_id, link_id, connection_id, grant_id, attempts > 0, created_at FROM revocation WHERE state = 'pending';
