-- Until when a grant is paused, 'infinity' for one that goes on only when somebody says so: on this row, because a transfer that is being completed and
-- a pause meet here, as a stop does. Written by the service whose grant it is; the kernel does not look at it.
ALTER TABLE "oauth_grant" ADD COLUMN "paused_until" TIMESTAMPTZ(6);
