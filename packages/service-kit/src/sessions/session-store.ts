import { createHash } from 'node:crypto';
import type fastifySession from '@fastify/session';
import type { Session } from 'fastify';
import type { Account } from '../accounts/account.ts';
import { defineQuery, type Pool, run, runOne } from '@chatelaine/postgres';

export interface SessionLifetime {
  /** Seconds without a request. */
  idle: number;
  /** Seconds since sign-in, whatever happens. */
  absolute: number;
}

type Callback = (error?: unknown) => void;

// every comparison with the database's clock: one clock for all replicas
const FIND = defineQuery<{ data: object; stale: boolean }>({
  name: 'session.find',
  text: `select data, seen_at < now() - interval '1 minute' as stale from session
    where id_hash = $1 and seen_at > now() - make_interval(secs => $2) and created_at > now() - make_interval(secs => $3)`,
});
const TOUCH = defineQuery({ name: 'session.touch', text: 'update session set seen_at = now() where id_hash = $1' });
const INSERT = defineQuery({
  name: 'session.insert',
  text: `insert into session (id_hash, account_id, data) values ($1, $2, $3)
    on conflict (id_hash) do update set account_id = excluded.account_id, data = excluded.data`,
});
const UPDATE = defineQuery({
  name: 'session.update',
  text: 'update session set account_id = $2, data = $3 where id_hash = $1',
});
const DELETE = defineQuery({ name: 'session.delete', text: 'delete from session where id_hash = $1' });

/** Came from the table: it may be changed there, but never brought back once it is gone. */
const STORED = 'stored';

/** Sessions in table `session`, by SHA-256 of their id: whoever reads the database cannot sign in with what is there. */
export class SessionStore implements fastifySession.SessionStore {
  readonly #pool: Pool;
  readonly #lifetime: SessionLifetime;

  constructor(pool: Pool, lifetime: SessionLifetime) {
    this.#pool = pool;
    this.#lifetime = lifetime;
  }

  get(sessionId: string, callback: (error: unknown, session?: Session | null) => void): void {
    this.#find(sessionId).then((session) => callback(null, session), callback);
  }

  set(sessionId: string, session: Session, callback: Callback): void {
    const { cookie: _cookie, account, ...others } = session as Session & { account?: Account };
    const { [STORED]: stored, ...rest } = others as Record<string, unknown>;
    const data = JSON.stringify({ ...rest, ...(account && { account }) });
    // a request that was under way while the person signed out ends with a save: it must not bring the session back
    const write = stored === true ? UPDATE : INSERT;
    run(this.#pool, write, [hash(sessionId), account?.id ?? null, data]).then(() => callback(), callback);
  }

  destroy(sessionId: string, callback: Callback): void {
    run(this.#pool, DELETE, [hash(sessionId)]).then(() => callback(), callback);
  }

  async #find(sessionId: string): Promise<Session | null> {
    const { idle, absolute } = this.#lifetime;
    const row = await runOne(this.#pool, FIND, [hash(sessionId), idle, absolute]);
    if (row === null) return null;
    if (row.stale) await run(this.#pool, TOUCH, [hash(sessionId)]);
    return { ...row.data, [STORED]: true } as unknown as Session;
  }
}

function hash(sessionId: string): Buffer {
  return createHash('sha256').update(sessionId).digest();
}
