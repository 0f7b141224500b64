import { type Db, defineQuery, run, runOne } from '@chatelaine/postgres';
import type { SessionLifetime, SignIn } from './session-store.ts';

/** A browser in which somebody is signed in, as it is shown to them. */
export interface OwnSession {
  /** The SHA-256 of the session's id in hex, which identifies the session but does not open it. */
  readonly id: string;
  /** Whether it is the session of this request. */
  readonly own: boolean;
  /** Null if it began before this was stored. */
  readonly signIn: SignIn | null;
  /** Epoch seconds. */
  readonly signedInAt: number;
  /** Epoch seconds, rounded to minutes. */
  readonly seenAt: number;
}

/** More than people have. Whoever has more can end all others at once. */
export const SESSIONS_SHOWN = 50;

const LIST = defineQuery<{ id: string; own: boolean; sign_in: SignIn | null; signed_in_at: number; seen_at: number }>({
  name: 'session.list',
  text: `select encode(id_hash, 'hex') as id, id_hash = $2 as own, data->'signIn' as sign_in,
      extract(epoch from created_at)::float8 as signed_in_at, extract(epoch from seen_at)::float8 as seen_at
    from session
    where account_id = $1 and seen_at > now() - make_interval(secs => $3)
      and created_at > now() - make_interval(secs => $4)
    order by own desc, seen_at desc, id_hash limit ${SESSIONS_SHOWN}`,
});
const LIVE = defineQuery<{ id: string }>({
  name: 'session.live',
  text: `select encode(id_hash, 'hex') as id from session
    where id_hash = any($1::bytea[]) and account_id is not null
      and seen_at > now() - make_interval(secs => $2) and created_at > now() - make_interval(secs => $3)`,
});
const END = defineQuery<{ id: string }>({
  name: 'session.end',
  text: `delete from session where account_id = $1 and id_hash = decode($2, 'hex')
    returning encode(id_hash, 'hex') as id`,
});
const END_OTHERS = defineQuery<{ n: number }>({
  name: 'session.end_others',
  text: `with ended as (delete from session where account_id = $1 and id_hash <> $2 returning 1)
    select count(*)::int as n from ended`,
});

const END_ALL = defineQuery({ name: 'session.end_all', text: 'delete from session where account_id = $1' });

/** The live sessions of an account: that of the request first, then those used last. At most {@link SESSIONS_SHOWN}. */
export async function listSessions(
  db: Db,
  { accountId, current, lifetime }: { accountId: string; current: Buffer; lifetime: SessionLifetime },
): Promise<OwnSession[]> {
  const rows = await run(db, LIST, [accountId, current, lifetime.idle, lifetime.absolute]);
  return rows.map((row) => ({
    id: row.id,
    own: row.own,
    signIn: row.sign_in,
    signedInAt: row.signed_in_at,
    seenAt: row.seen_at,
  }));
}

/** Which of these sessions are live, in hex. It does not count as a use, so it does not prolong them. */
export async function findLive(
  db: Db,
  { sessions, lifetime }: { sessions: readonly Buffer[]; lifetime: SessionLifetime },
): Promise<ReadonlySet<string>> {
  const rows = await run(db, LIVE, [sessions, lifetime.idle, lifetime.absolute]);
  return new Set(rows.map(({ id }) => id));
}

/** Ends one session of this account; false if it has no session of this id. */
export async function endOneSession(db: Db, { accountId, id }: { accountId: string; id: string }): Promise<boolean> {
  if (!/^[0-9a-f]{64}$/.test(id)) return false;
  return (await runOne(db, END, [accountId, id])) !== null;
}

/** Ends all sessions of this account except the current one, and returns their number. */
export async function endOtherSessions(
  db: Db,
  { accountId, current }: { accountId: string; current: Buffer },
): Promise<number> {
  return (await runOne(db, END_OTHERS, [accountId, current]))?.n ?? 0;
}

/** Ends every session of this account, within the transaction that makes that necessary. */
export async function endAllSessions(db: Db, accountId: string): Promise<void> {
  await run(db, END_ALL, [accountId]);
}
