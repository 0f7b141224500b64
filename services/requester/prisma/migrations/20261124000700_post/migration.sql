-- What a person writes here and keeps here: Lifestream is a Host, too.
-- CreateTable
CREATE TABLE "post" (
    "id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "post_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "post_owner_id_created_at_id_idx" ON "post"("owner_id", "created_at" DESC, "id");

ALTER TABLE "post" ADD CONSTRAINT "post_text_check" CHECK (char_length(text) BETWEEN 1 AND 2000);
