-- The offer of terms that is in force for a grant (PROTOCOL §10): on this row, because a transfer that is being completed and a stop meet here, too. Written by
-- the service whose grant it is; the kernel does not look at it.
ALTER TABLE "oauth_grant" ADD COLUMN "terms" TEXT;
