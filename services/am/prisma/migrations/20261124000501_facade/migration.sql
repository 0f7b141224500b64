-- Stock OAuth clients as Requesters (docs/protocol.md, section 6): a connection to exactly one Host, whose code and refresh answers are that Host's own tokens.
-- Where the client proves no key they are bound to none, if the Host says that it hands such out and the owner agreed.
-- AlterTable
ALTER TABLE "host" ADD COLUMN     "bearer" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "connection" ADD COLUMN     "resource" TEXT;

-- AlterTable
ALTER TABLE "connection_host" ADD COLUMN     "bearer" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "transfer" ALTER COLUMN "jkt" DROP NOT NULL;

-- AlterTable
ALTER TABLE "link_attempt" ADD COLUMN     "return_to" TEXT;

-- The timeline says it when an owner lets a Requester have tokens that are bound to no key.
CREATE OR REPLACE FUNCTION on_grant_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM timeline_append(NEW.subject, 'connection_made', jsonb_build_object('connection', c.id, 'client', c.client_name))
    FROM connection c WHERE c.id = NEW.id AND c.owner_id = NEW.subject;
  PERFORM timeline_append(NEW.subject, 'bearer_allowed', jsonb_build_object('connection', c.id, 'client', c.client_name, 'link', ch.link_id, 'host', ch.host_id))
    FROM connection c JOIN connection_host ch ON ch.connection_id = c.id AND ch.bearer WHERE c.id = NEW.id AND c.owner_id = NEW.subject;
  RETURN NULL;
END $$;
