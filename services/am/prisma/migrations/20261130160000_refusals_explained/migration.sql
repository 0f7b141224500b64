-- Whoever made a request that was refused may ask why, by its id.
CREATE INDEX "transfer_connection_id_request_id_idx" ON "transfer" ("connection_id", "request_id") WHERE request_id IS NOT NULL;
