import { defineQuery, run, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

export interface Attempt {
  readonly hash: Buffer;
  readonly owner: string;
  readonly session: Buffer;
  readonly service: string;
}

/** How long a person may take at the service. */
const LIFETIME_SECONDS = 600;

const SAVE = defineQuery({
  name: 'connect_attempt.save',
  text: `with expired as (delete from connect_attempt where expires_at <= now())
    insert into connect_attempt (hash, owner, session, service, sealed, expires_at)
    values ($1, $2, $3, $4, $5, now() + make_interval(secs => ${LIFETIME_SECONDS}))`,
});
const TAKE = defineQuery<{ sealed: Buffer }>({
  name: 'connect_attempt.take',
  text: `delete from connect_attempt
    where hash = $1 and owner = $2 and session = $3 and service = $4 and expires_at > now() returning sealed`,
});

/** `encrypted`: what finishing the attempt needs. */
export async function saveAttempt(
  { pool }: Pick<Deps, 'pool'>,
  { hash, owner, session, service, encrypted }: Attempt & { encrypted: Buffer },
): Promise<void> {
  await run(pool, SAVE, [hash, owner, session, service, encrypted]);
}

/** Takes an attempt, once, for the owner, session and service that it was started with; null for any other. */
export async function takeAttempt(
  { pool }: Pick<Deps, 'pool'>,
  { hash, owner, session, service }: Attempt,
): Promise<Buffer | null> {
  return (await runOne(pool, TAKE, [hash, owner, session, service]))?.sealed ?? null;
}
