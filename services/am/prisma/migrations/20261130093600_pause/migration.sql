-- When it was last paused: what Hosts were told since then is what they know of it.
ALTER TABLE "connection" ADD COLUMN "paused_at" TIMESTAMPTZ(3);
