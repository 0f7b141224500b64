-- Where an app says its icon is, as its owner agreed to it; null: nowhere, or from before this was kept.
ALTER TABLE "connection" ADD COLUMN "logo_uri" TEXT;
CREATE INDEX "connection_logo_uri_idx" ON "connection"("logo_uri");

-- An app's icon, by the address that it names for it.
CREATE TABLE "icon" (
    "uri" TEXT NOT NULL,
    "id" TEXT,
    "picture" BYTEA,
    "wanted_at" TIMESTAMPTZ(3) NOT NULL,
    "due_at" TIMESTAMPTZ(3),
    "tried_at" TIMESTAMPTZ(3),
    "again_at" TIMESTAMPTZ(3),

    CONSTRAINT "icon_pkey" PRIMARY KEY ("uri"),
    CONSTRAINT "icon_picture_check" CHECK ((id IS NULL) = (picture IS NULL) AND octet_length(picture) <= 32768)
);
CREATE UNIQUE INDEX "icon_id_key" ON "icon"("id");
CREATE INDEX "icon_due_at_idx" ON "icon"("due_at");
CREATE INDEX "icon_tried_at_idx" ON "icon"("tried_at");
