-- A Requester that is a Host, too, brings its Host's grant along (PROTOCOL §2.3): kept from the owner's consent until the Requester redeems its code.
-- CreateTable
CREATE TABLE "host_half" (
    "connection_id" TEXT NOT NULL,
    "host_id" TEXT NOT NULL,
    "host_grant" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "host_half_pkey" PRIMARY KEY ("connection_id")
);

-- CreateIndex
CREATE INDEX "host_half_created_at_idx" ON "host_half"("created_at");

-- AddForeignKey
ALTER TABLE "host_half" ADD CONSTRAINT "host_half_connection_id_fkey" FOREIGN KEY ("connection_id") REFERENCES "connection"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "host_half" ADD CONSTRAINT "host_half_host_id_fkey" FOREIGN KEY ("host_id") REFERENCES "host"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- A link that is made of such a grant; what becomes of it is settled like that of any other code.
-- AlterTable
ALTER TABLE "link_attempt" ADD COLUMN     "connection_id" TEXT;
