-- What a Host answered is kept, sealed, until it is settled whether its code was redeemed: a crash in between must not leave a link at the
-- Host that nobody here knows of.
-- AlterTable
ALTER TABLE "link_attempt" ADD COLUMN     "answer" BYTEA,
ADD COLUMN     "given_up_at" TIMESTAMPTZ(3),
ADD COLUMN     "resume_at" TIMESTAMPTZ(3);

ALTER TABLE "link_attempt" ADD CONSTRAINT "link_attempt_answer_check" CHECK ((answer IS NULL) = (resume_at IS NULL));
CREATE INDEX "link_attempt_unsettled_idx" ON "link_attempt" (resume_at) WHERE resume_at IS NOT NULL;
