-- The calls of a connection that are under way, over all processes (PROTOCOL §5).
CREATE TABLE "call_place" (
    "connection_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "call_id" TEXT NOT NULL,
    "held_until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "call_place_pkey" PRIMARY KEY ("connection_id","number")
);
CREATE INDEX "call_place_held_until_idx" ON "call_place"("held_until");
