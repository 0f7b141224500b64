-- What every page counts of what waits for its owner.
CREATE INDEX "revocation_failed_idx" ON "revocation" (owner_id) WHERE state = 'failed';
CREATE INDEX "link_broken_idx" ON "link" (owner_id) WHERE state = 'broken';
