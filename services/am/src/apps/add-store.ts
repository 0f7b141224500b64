import { type Db, defineQuery, inTransaction, run } from '@chatelaine/postgres';
import { LIVE_CONNECTIONS } from '../connections/live.ts';
import { SHOWN, widen, type Widened } from '../connections/widen-store.ts';
import type { Deps } from '../deps.ts';
import { scopeSentences } from '../links/scope-sentences.ts';
import { appendToTimeline, movePolicyVersion } from '../links/owner-store.ts';
import { type AddableAccount, type AddedScope, addableOf, canBeGiven } from './addable.ts';

/** How many accounts one page considers. */
const MOST_ACCOUNTS = 200;

interface Whose {
  readonly ownerId: string;
  readonly clientId: string;
}

/**
 * What the owner can let an app ask for beyond what it may, through those of its connections that use transfers
 * (PROTOCOL §3).
 */
export async function readAddable({ pool }: Pick<Deps, 'pool'>, whose: Whose): Promise<AddableAccount[]> {
  const [accounts, connections] = await Promise.all([accountsOf(pool, whose), connectionsOf(pool, whose)]);
  return addableOf(
    accounts,
    connections.map(({ shown }) => shown),
  );
}

/**
 * Lets each of the app's connections that use transfers ask for more, with the owner's answer for each scope: at a Host
 * that it was shown already, or at another one, which gets a grant id of its own. A connection that uses another
 * account at that Host stays as it is. What is added ends with its connection. Nothing is added if any part of it can
 * no longer be given to any of the connections, or cannot be given together with the rest. PROTOCOL §2.1, §3.2.
 */
export async function addScopes(
  { pool }: Pick<Deps, 'pool'>,
  { added, ...whose }: Whose & { added: readonly AddedScope[] },
): Promise<Added> {
  const { ownerId } = whose;
  return inTransaction(pool, async (tx): Promise<Added> => {
    // first, as in every transaction that changes what is decided
    if (!(await movePolicyVersion(tx, ownerId))) return { kind: 'stale' };
    const accounts = new Map((await accountsOf(tx, whose)).map((account) => [account.linkId, account]));
    const connections = await connectionsOf(tx, whose);
    const before = connections.map(({ shown }) => [...shown]);
    for (const one of added) {
      const account = accounts.get(one.linkId);
      if (account === undefined || !account.scopes.some(({ scope }) => scope === one.scope))
        return undo({ kind: 'stale' });
      const concerned = connections.filter(({ shown }) => canBeGiven(shown, account, one.scope));
      const [first] = concerned;
      if (first === undefined) {
        const wasOffered = before.some((shown) => canBeGiven(shown, account, one.scope));
        return undo(wasOffered ? { kind: 'second account', hostName: account.hostName } : { kind: 'stale' });
      }
      for (const connection of concerned) await widen(tx, connection, { ownerId, hostId: account.hostId, added: one });
      const { linkId, scope, effect } = one;
      await appendToTimeline(tx, ownerId, 'scope_added', { connection: first.id, link: linkId, scope, effect });
    }
    return { kind: 'added' };
  }).catch((error: unknown) => {
    if (error instanceof NotAdded) return error.outcome;
    throw error;
  });
}

/** `second account`: more than one account at a Host was chosen, where a connection can use only one. */
export type Added =
  | { readonly kind: 'added' | 'stale' }
  | { readonly kind: 'second account'; readonly hostName: string };

class NotAdded extends Error {
  readonly outcome: Added;
  constructor(outcome: Added) {
    super(outcome.kind);
    this.outcome = outcome;
  }
}
const undo = (outcome: Added): never => {
  throw new NotAdded(outcome);
};

interface AccountRow {
  id: string;
  host_id: string;
  host_name: string;
  label: string;
  transfer_scope: string[];
  transfer_scopes: unknown;
}

const ACCOUNTS = defineQuery<AccountRow>({
  name: 'apps_addable_accounts',
  text: `
    select l.id, l.host_id, h.name as host_name, l.label, l.transfer_scope, h.transfer_scopes
    from link l join host h on h.id = l.host_id
    where l.owner_id = $1 and l.state = 'active' order by h.name, l.host_id, l.created_at, l.id limit $2`,
});

async function accountsOf(db: Db, { ownerId }: Whose): Promise<AddableAccount[]> {
  const rows = await run(db, ACCOUNTS, [ownerId, MOST_ACCOUNTS]);
  return rows.map((row) => ({
    linkId: row.id,
    hostId: row.host_id,
    hostName: row.host_name,
    label: row.label,
    scopes: scopeSentences({ transferScopes: row.transfer_scopes }, row.transfer_scope),
  }));
}

// the newest first
const CONNECTIONS = defineQuery<Widened>({
  name: 'apps_connections_that_transfer',
  text: `
    select c.id, ${SHOWN}
    from ${LIVE_CONNECTIONS}
    where c.owner_id = $1 and c.client_id = $2 and c.resource is null
    order by c.created_at desc, c.id desc`,
});

const connectionsOf = (db: Db, { ownerId, clientId }: Whose): Promise<Widened[]> =>
  run(db, CONNECTIONS, [ownerId, clientId]);
