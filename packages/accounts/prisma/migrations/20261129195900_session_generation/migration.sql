-- What ends all sessions of an account counts it up: a sign-in that is under way meanwhile, with the credentials of before, begins none.
ALTER TABLE "account" ADD COLUMN "session_generation" INTEGER NOT NULL DEFAULT 0;
