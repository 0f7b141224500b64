-- An app is (owner, client), and its page says when each of its connections was last used.
CREATE INDEX "connection_owner_id_client_id_idx" ON "connection"("owner_id", "client_id");
DROP INDEX "connection_owner_id_idx";
CREATE INDEX "transfer_connection_id_started_at_idx" ON "transfer"("connection_id", "started_at" DESC);
DROP INDEX "transfer_connection_id_idx";
