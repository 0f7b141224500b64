import { defineQuery, run, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

/** An owner's account at a service, as it is stored. */
export interface ServiceAccount {
  readonly id: string;
  readonly owner: string;
  readonly service: string;
  readonly origin: string;
  /** The service's own, stable id. */
  readonly account: string;
  readonly label: string;
  /** The scopes of the service that it granted. */
  readonly granted: readonly string[];
  /** The scopes of the bridge that these allow. */
  readonly shares: readonly string[];
  readonly state: 'active' | 'broken';
  /** Encrypted. */
  readonly credential: Buffer;
  /** Seconds until its access token expires; null: not before it is revoked, as far as is known. */
  readonly secondsLeft: number | null;
  /** Seconds until the next refresh may be tried; 0: now. */
  readonly pausedFor: number;
  /** Epoch seconds. */
  readonly connectedAt: number;
}

interface Row {
  id: string;
  owner: string;
  service: string;
  origin: string;
  account: string;
  label: string;
  granted: string[];
  shares: string[];
  state: 'active' | 'broken';
  credential: Buffer;
  seconds_left: number | null;
  paused_for: number;
  connected_at: number;
}

const COLUMNS = `id, owner, service, origin, account, label, granted, shares, state, credential,
  extract(epoch from expires_at - now())::float8 as seconds_left,
  greatest(0, coalesce(extract(epoch from paused_until - now()), 0))::float8 as paused_for,
  extract(epoch from connected_at)::float8 as connected_at`;

const toAccount = ({ seconds_left: secondsLeft, paused_for: pausedFor, connected_at: connectedAt, ...row }: Row) =>
  ({ ...row, secondsLeft, pausedFor, connectedAt }) satisfies ServiceAccount;

const FIND = defineQuery<Row>({
  name: 'service_account.find',
  text: `select ${COLUMNS} from service_account where owner = $1 and service = $2`,
});
const LIST = defineQuery<Row>({
  name: 'service_account.list',
  text: `select ${COLUMNS} from service_account where owner = $1 order by service`,
});

export async function findAccount(
  { pool }: Pick<Deps, 'pool'>,
  { owner, service }: { owner: string; service: string },
): Promise<ServiceAccount | null> {
  const row = await runOne(pool, FIND, [owner, service]);
  return row && toAccount(row);
}

export async function listAccounts({ pool }: Pick<Deps, 'pool'>, owner: string): Promise<readonly ServiceAccount[]> {
  return (await run(pool, LIST, [owner])).map(toAccount);
}

const SHARES = defineQuery<{ scope: string }>({
  name: 'service_account.shares',
  text: `select unnest(shares) as scope from service_account where owner = $1 and state = 'active'`,
});

/** The scopes that an owner has to share now. */
export async function listShares({ pool }: Pick<Deps, 'pool'>, owner: string): Promise<readonly string[]> {
  return (await run(pool, SHARES, [owner])).map(({ scope }) => scope);
}

export interface NewAccount extends Omit<ServiceAccount, 'state' | 'secondsLeft' | 'pausedFor' | 'connectedAt'> {
  readonly expiresIn: number | null;
}

// connecting the same account again repairs a broken one; its id and time stay, and with them the tokens that were
// issued for it. Another account is refused
const SAVE = defineQuery<{ id: string }>({
  name: 'service_account.save',
  text: `insert into service_account as known
      (id, owner, service, origin, account, label, granted, shares, credential, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + make_interval(secs => $10))
    on conflict (owner, service) do update set label = excluded.label, granted = excluded.granted,
      shares = excluded.shares, credential = excluded.credential, expires_at = excluded.expires_at, state = 'active',
      paused_until = null, renewal = null, renewal_until = null
    where known.id = excluded.id and known.account = excluded.account and known.origin = excluded.origin
    returning id`,
});

/** False if another account is connected there, or has been in the meantime. */
export async function saveAccount({ pool }: Pick<Deps, 'pool'>, account: NewAccount): Promise<boolean> {
  const { id, owner, service, origin, account: who, label, granted, shares, credential, expiresIn } = account;
  const values = [id, owner, service, origin, who, label, granted, shares, credential, expiresIn];
  return (await runOne(pool, SAVE, values)) !== null;
}

const REMOVE = defineQuery<Row>({
  name: 'service_account.remove',
  text: `delete from service_account where owner = $1 and service = $2 returning ${COLUMNS}`,
});

/** Removes an account and returns it; null if there was none. */
export async function removeAccount(
  { pool }: Pick<Deps, 'pool'>,
  { owner, service }: { owner: string; service: string },
): Promise<ServiceAccount | null> {
  const row = await runOne(pool, REMOVE, [owner, service]);
  return row && toAccount(row);
}

const BREAK = defineQuery<{ id: string }>({
  name: 'service_account.break',
  text: `update service_account set state = 'broken', renewal = null, renewal_until = null
    where id = $1 and credential = $2 and state = 'active' returning id`,
});

/**
 * Marks an account as one that the service no longer accepts; false if it was refreshed, connected again or removed in
 * the meantime. `used` is the refused credential, encrypted.
 */
export async function breakAccount(
  { pool }: Pick<Deps, 'pool'>,
  { id, used }: { id: string; used: Buffer },
): Promise<boolean> {
  return (await runOne(pool, BREAK, [id, used])) !== null;
}
