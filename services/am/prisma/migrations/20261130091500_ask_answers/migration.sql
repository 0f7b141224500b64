-- What the owner answered, and which of the scopes they allowed where that was fewer than were asked for; what approves those alone names the question.
ALTER TABLE "ask" ADD COLUMN "answer" TEXT;
ALTER TABLE "ask" ADD COLUMN "allowed" TEXT[];
ALTER TABLE "ask" ADD COLUMN "part_of" TEXT;
ALTER TABLE "ask" ADD CONSTRAINT "ask_answer_check" CHECK (answer IN ('once', 'hour', 'always', 'not-now', 'never'));

-- How often something was asked for; how much was asked lately.
CREATE INDEX "ask_owner_id_host_id_scope_key_idx" ON "ask"("owner_id", "host_id", "scope_key");
CREATE INDEX "ask_owner_id_created_at_idx" ON "ask"("owner_id", "created_at");
