-- Whoever makes a grant asks whether one of the same client and owner is paused: without reading all grants of that owner. Few are paused, so
-- this index is small, and a grant that never was is not in it.
CREATE INDEX "oauth_grant_paused_idx" ON "oauth_grant" (bucket, subject, client_id) WHERE paused_until IS NOT NULL;
