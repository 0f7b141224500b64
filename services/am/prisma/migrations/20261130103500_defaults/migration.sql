-- What the page on which an owner agrees to a new app begins with.
ALTER TABLE "owner" ADD COLUMN "new_apps_read" TEXT NOT NULL DEFAULT 'ask',
  ADD COLUMN "new_apps_write" TEXT NOT NULL DEFAULT 'no',
  ADD COLUMN "new_services" TEXT NOT NULL DEFAULT 'allow';
ALTER TABLE "owner" ADD CONSTRAINT "owner_defaults_check"
  CHECK (new_apps_read IN ('no', 'ask', 'allow') AND new_apps_write IN ('no', 'ask', 'allow') AND new_services IN ('no', 'ask', 'allow'));
