import { VaultError } from '@chatelaine/crypto';
import { defineQuery, run, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import type { Posted } from './post-everywhere.ts';

type AttemptDeps = Pick<Deps, 'pool' | 'vault'>;

/** An attempt to post something, with its results; null while it is in progress, or when they will never be known. */
export interface Attempt {
  readonly text: string;
  readonly results: readonly Posted[] | null;
}

export interface AttemptRef {
  readonly owner: string;
  /** Chosen by the form: sending the form twice is one attempt. */
  readonly id: string;
}

/** How long an attempt is kept, in seconds. */
const KEPT = 3_600;
export const ATTEMPT_ID = /^[A-Za-z0-9_-]{20,64}$/;

const BEGIN = defineQuery<{ id: string }>({
  name: 'post_attempt.begin',
  text: `with expired as (delete from post_attempt where expires_at <= now())
    insert into post_attempt (owner_id, id, sealed, expires_at) values ($1, $2, $3, now() + make_interval(secs => $4))
    on conflict do nothing returning id`,
});
const END = defineQuery({
  name: 'post_attempt.end',
  text: 'update post_attempt set sealed = $3 where owner_id = $1 and id = $2',
});
const FIND = defineQuery<{ sealed: Buffer }>({
  name: 'post_attempt.find',
  text: 'select sealed from post_attempt where owner_id = $1 and id = $2 and expires_at > now()',
});

/** False if this attempt was begun before: then nothing may be posted again. */
export async function beginAttempt(deps: AttemptDeps, ref: AttemptRef, text: string): Promise<boolean> {
  const encrypted = encrypt(deps, ref, { text, results: null });
  return (await runOne(deps.pool, BEGIN, [ref.owner, ref.id, encrypted, KEPT])) !== null;
}

export async function endAttempt(deps: AttemptDeps, ref: AttemptRef, attempt: Attempt): Promise<void> {
  await run(deps.pool, END, [ref.owner, ref.id, encrypt(deps, ref, attempt)]);
}

/** Null if this owner has no such attempt, or it has expired. */
export async function findAttempt(deps: AttemptDeps, ref: AttemptRef): Promise<Attempt | null> {
  const row = await runOne(deps.pool, FIND, [ref.owner, ref.id]);
  if (row === null) return null;
  try {
    return JSON.parse(deps.vault.decrypt(row.sealed, aadOf(ref))) as Attempt;
  } catch (error) {
    // encrypted with a key that no longer exists
    if (error instanceof VaultError) return null;
    throw error;
  }
}

function encrypt(deps: AttemptDeps, ref: AttemptRef, attempt: Attempt): Uint8Array {
  return deps.vault.encrypt(JSON.stringify(attempt), aadOf(ref));
}

const aadOf = ({ owner, id }: AttemptRef): string => JSON.stringify(['post_attempt', owner, id]);
