import { type Db, defineQuery, inTransaction, type Pool, run, runOne } from '@chatelaine/postgres';
import { lockAccount, nextGeneration } from '../accounts/account-store.ts';
import { endOtherSessions } from '../sessions/own-sessions-store.ts';
import type { Transport } from './read-response.ts';
import { CHALLENGE_SECONDS } from './challenge.ts';

export interface NewPasskey {
  /** The credential id, base64url. */
  readonly id: string;
  /** COSE_Key (RFC 9052 §7). */
  readonly publicKey: Buffer;
  readonly counter: number;
  readonly transports: readonly Transport[];
  /** Whether it is synchronized to other devices (WebAuthn §6.1.3). */
  readonly backedUp: boolean;
}

export interface Passkey extends NewPasskey {
  readonly accountId: string;
  /** The name that its owner gave it. */
  readonly name: string;
  /** Epoch seconds. */
  readonly createdAt: number;
  /** Epoch seconds; null if never. */
  readonly lastUsedAt: number | null;
}

/** More than anybody has devices. */
export const PASSKEYS_PER_ACCOUNT = 20;

interface Row {
  id: string;
  account_id: string;
  public_key: Buffer;
  counter: string;
  transports: Transport[];
  backed_up: boolean;
  name: string;
  created_at: number;
  last_used_at: number | null;
}

const COLUMNS = `id, account_id, public_key, counter, transports, backed_up, name,
  extract(epoch from created_at)::float8 as created_at, extract(epoch from last_used_at)::float8 as last_used_at`;
const LIST = defineQuery<Row>({
  name: 'passkey.list',
  text: `select ${COLUMNS} from passkey where account_id = $1 order by passkey.created_at, id`,
});
const FIND = defineQuery<Row>({ name: 'passkey.find', text: `select ${COLUMNS} from passkey where id = $1` });
const SPEND = defineQuery<{ ok: boolean }>({
  name: 'spent_challenge.insert',
  text: `insert into spent_challenge (hash, expires_at)
    values ($1, now() + make_interval(secs => ${2 * CHALLENGE_SECONDS}))
    on conflict do nothing returning true as ok`,
});
const USE = defineQuery<{ account_id: string; username: string; generation: number }>({
  name: 'passkey.use',
  text: `with spent as (
      insert into spent_challenge (hash, expires_at)
        values ($1, now() + make_interval(secs => ${2 * CHALLENGE_SECONDS}))
      on conflict do nothing returning 1)
    update passkey set counter = $3, backed_up = $4, last_used_at = now() from account
    where passkey.id = $2 and account.id = passkey.account_id and exists (select from spent)
      and (passkey.counter < $3 or (passkey.counter = 0 and $3 = 0))
    returning account.id as account_id, account.username, account.session_generation as generation`,
});
const INSERT = defineQuery<{ id: string }>({
  name: 'passkey.insert',
  text: `insert into passkey (id, account_id, public_key, counter, transports, backed_up, name)
    select $1, $2, $3, $4, $5, $6, $7 where (select count(*) from passkey
      where account_id = $2) < ${PASSKEYS_PER_ACCOUNT}
    on conflict do nothing returning id`,
});
const REMOVE = defineQuery<{ id: string }>({
  name: 'passkey.remove',
  text: `delete from passkey where account_id = $1 and id = $2
      and exists (select from account where account.id = $1
        and (password_hash is not null or exists (select from passkey other
          where other.account_id = $1 and other.id <> $2)))
    returning id`,
});

/** The passkeys of an account, oldest first. */
export async function listPasskeys(db: Db, accountId: string): Promise<Passkey[]> {
  return (await run(db, LIST, [accountId])).map(passkeyOf);
}

export async function findPasskey(db: Db, id: string): Promise<Passkey | null> {
  const row = await runOne(db, FIND, [id]);
  return row === null ? null : passkeyOf(row);
}

export interface UsedPasskey {
  readonly account: { readonly id: string; readonly username: string };
  readonly generation: number;
}

/**
 * Records the use of a valid signature: its challenge is used up and the passkey's counter is updated. Null if the
 * challenge was used before, or the counter did not increase.
 */
export async function usePasskey(
  pool: Pool,
  input: { passkeyId: string; counter: number; backedUp: boolean; spends: Buffer },
): Promise<UsedPasskey | null> {
  const row = await runOne(pool, USE, [input.spends, input.passkeyId, input.counter, input.backedUp]);
  if (row === null) return null;
  return { account: { id: row.account_id, username: row.username }, generation: row.generation };
}

export type Added = { kind: 'added' } | { kind: 'used before' } | { kind: 'too many' } | { kind: 'known' };

/** Adds a passkey to an account and uses up its challenge, in a transaction that may also make the account. */
export async function addPasskey(
  db: Db,
  { accountId, passkey, name }: { accountId: string; passkey: NewPasskey & { spends: Buffer }; name: string },
): Promise<Added> {
  if ((await runOne(db, SPEND, [passkey.spends])) === null) return { kind: 'used before' };
  await lockAccount(db, accountId);
  const { id, publicKey, counter, transports, backedUp } = passkey;
  const row = await runOne(db, INSERT, [id, accountId, publicKey, counter, transports, backedUp, name]);
  if (row !== null) return { kind: 'added' };
  return (await findPasskey(db, id)) === null ? { kind: 'too many' } : { kind: 'known' };
}

export type Removed = { kind: 'removed' } | { kind: 'not there' } | { kind: 'the last way in' };

/**
 * Removes a passkey of this account and ends its other sessions, which may have begun with it. Refused if nothing else
 * would remain to sign in with.
 */
export async function removePasskey(
  pool: Pool,
  { accountId, id, session }: { accountId: string; id: string; session: Buffer },
): Promise<Removed> {
  return inTransaction(
    pool,
    async (db) => {
      await lockAccount(db, accountId);
      if ((await runOne(db, REMOVE, [accountId, id])) !== null) {
        await nextGeneration(db, accountId);
        await endOtherSessions(db, { accountId, current: session });
        return { kind: 'removed' };
      }
      const passkey = await findPasskey(db, id);
      return passkey?.accountId === accountId ? { kind: 'the last way in' } : { kind: 'not there' };
    },
    { patient: true },
  );
}

function passkeyOf(row: Row): Passkey {
  return {
    id: row.id,
    accountId: row.account_id,
    publicKey: row.public_key,
    counter: Number(row.counter),
    transports: row.transports,
    backedUp: row.backed_up,
    name: row.name,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
  };
}
