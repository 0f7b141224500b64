-- What was last seen of a link's Host, by this owner's own use of it.
CREATE TABLE "link_seen" (
    "link_id" TEXT NOT NULL,
    "answered_at" TIMESTAMPTZ(3),
    "unreachable_since" TIMESTAMPTZ(3),

    CONSTRAINT "link_seen_pkey" PRIMARY KEY ("link_id")
);
ALTER TABLE "link_seen" ADD CONSTRAINT "link_seen_link_id_fkey" FOREIGN KEY ("link_id") REFERENCES "link"("id") ON DELETE CASCADE ON UPDATE CASCADE;
