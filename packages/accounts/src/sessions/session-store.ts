import { sha256 } from '@chatelaine/crypto';
import type fastifySession from '@fastify/session';
import type { Session } from 'fastify';
import type { Account } from '@chatelaine/ui';
import { defineQuery, type Pool, run, runOne } from '@chatelaine/postgres';

export interface SessionLifetime {
  /** Seconds without a request. */
  idle: number;
  /** Seconds since sign-in. */
  absolute: number;
}

/** The kind of credential with which somebody signed in. */
export type SignInMethod = 'password' | 'passkey' | 'recovery code';

/** How a session began, as it is shown to its owner. */
export interface SignIn {
  readonly method: SignInMethod;
  /** Browser and system, as {@link deviceName} gives them. */
  readonly device: string;
  /** The IP address from which it began. */
  readonly address: string;
}

type Callback = (error?: unknown) => void;

// times are compared by the database's clock, which is the same for all replicas
const FIND = defineQuery<{ data: object; stale: boolean }>({
  name: 'session.find',
  text: `select data, seen_at < now() - interval '1 minute' as stale from session
    where id_hash = $1 and seen_at > now() - make_interval(secs => $2)
      and created_at > now() - make_interval(secs => $3)`,
});
const TOUCH = defineQuery({ name: 'session.touch', text: 'update session set seen_at = now() where id_hash = $1' });
const INSERT = defineQuery({
  name: 'session.insert',
  text: `insert into session (id_hash, account_id, data) values ($1, $2, $3)
    on conflict (id_hash) do update set account_id = excluded.account_id, data = excluded.data`,
});
// locks the account's row, as does whatever ends all of its sessions: whichever comes second sees the other
const BEGIN = defineQuery<{ begun: boolean }>({
  name: 'session.begin',
  text: `insert into session (id_hash, account_id, data)
    select $1, id, $3 from account where id = $2 and session_generation = $4 for share
    on conflict (id_hash) do update set account_id = excluded.account_id, data = excluded.data returning true as begun`,
});
const UPDATE = defineQuery({
  name: 'session.update',
  text: 'update session set account_id = $2, data = $3 where id_hash = $1',
});
const DELETE = defineQuery({ name: 'session.delete', text: 'delete from session where id_hash = $1' });

/** The session was read from the table: it may be updated there, but not inserted again after it was deleted. */
const STORED = 'stored';

/** The session did not begin, because all sessions of the account were ended after its credentials had been checked. */
export class NotBegun extends Error {
  override name = 'NotBegun';
}

interface Begun {
  account?: Account;
  /** The account's generation when its credentials were checked. */
  generation?: number;
}

/**
 * Stores sessions in table `session` by the SHA-256 of their id, so that nobody can sign in with what the database
 * holds.
 */
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
    this.#write(sessionId, session).then(() => callback(), callback);
  }

  destroy(sessionId: string, callback: Callback): void {
    run(this.#pool, DELETE, [sessionHash(sessionId)]).then(() => callback(), callback);
  }

  async #write(sessionId: string, session: Session): Promise<void> {
    const { cookie: _cookie, account, generation, ...others } = session as Session & Begun;
    const { [STORED]: stored, ...rest } = others as Record<string, unknown>;
    const data = JSON.stringify({ ...rest, ...(account && { account }) });
    const id = sessionHash(sessionId);
    // a request that is under way while the person signs out ends with a save, which must not restore the session
    if (stored === true) await run(this.#pool, UPDATE, [id, account?.id ?? null, data]);
    else if (account === undefined) await run(this.#pool, INSERT, [id, null, data]);
    else if ((await runOne(this.#pool, BEGIN, [id, account.id, data, generation ?? 0])) === null) throw new NotBegun();
  }

  async #find(sessionId: string): Promise<Session | null> {
    const { idle, absolute } = this.#lifetime;
    const row = await runOne(this.#pool, FIND, [sessionHash(sessionId), idle, absolute]);
    if (row === null) return null;
    if (row.stale) await run(this.#pool, TOUCH, [sessionHash(sessionId)]);
    return { ...row.data, [STORED]: true } as unknown as Session;
  }
}

/** What is stored of a session's id. It also identifies the session on the page where its owner ends it. */
export function sessionHash(sessionId: string): Buffer {
  return sha256(sessionId);
}
