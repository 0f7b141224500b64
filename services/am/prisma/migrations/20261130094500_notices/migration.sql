-- What owners want to be told of, and how; no row: nothing. No table here names the owner by a reference: whoever notes something holds other rows already.
CREATE TABLE "notice_choice" (
    "owner_id" TEXT NOT NULL,
    "topic" TEXT NOT NULL,
    "way" TEXT NOT NULL,

    CONSTRAINT "notice_choice_pkey" PRIMARY KEY ("owner_id","topic","way"),
    CONSTRAINT "notice_choice_check" CHECK (topic IN ('questions', 'services') AND way IN ('mail', 'push'))
);
CREATE INDEX "notice_choice_topic_idx" ON "notice_choice"("topic");

-- One row for all of a kind that is to be told one way: however much happens, it is told once, and not again for a while.
CREATE TABLE "notice" (
    "owner_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "way" TEXT NOT NULL,
    "due_at" TIMESTAMPTZ(3),
    "tries" INTEGER NOT NULL DEFAULT 0,
    "held_until" TIMESTAMPTZ(3),
    "sent_at" TIMESTAMPTZ(3),

    CONSTRAINT "notice_pkey" PRIMARY KEY ("owner_id","kind","way"),
    CONSTRAINT "notice_kind_check" CHECK (kind IN ('question', 'broke', 'recovered'))
);
CREATE INDEX "notice_due_at_idx" ON "notice"("due_at");

CREATE TABLE "link_trouble" (
    "link_id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "told_at" TIMESTAMPTZ(3),

    CONSTRAINT "link_trouble_pkey" PRIMARY KEY ("link_id")
);
CREATE INDEX "link_trouble_owner_id_idx" ON "link_trouble"("owner_id");
ALTER TABLE "link_trouble" ADD CONSTRAINT "link_trouble_link_id_fkey" FOREIGN KEY ("link_id") REFERENCES "link"("id") ON DELETE CASCADE ON UPDATE CASCADE;
