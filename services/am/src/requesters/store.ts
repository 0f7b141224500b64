import { inTransaction, query, queryOne, statement } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { scopeSentences } from '../hosts/scope-sentences.ts';
import type { ToldHost } from '../hosts/told.tsx';
import type { Who } from '../identity/who.tsx';
import { evaluate } from '../rules/evaluate.ts';
import type { Effect, Rule } from '../rules/rule.ts';
import { noteStop } from './stop-store.ts';

/** A live connection as its owner sees it. */
export interface OwnConnection extends Who {
  readonly id: string;
  readonly since: Date;
  /** Null: until the owner stops it. */
  readonly until: Date | null;
  /** Of an app that speaks no token exchange: the one resource it is for. */
  readonly resource: string | null;
  readonly hosts: readonly ShownHost[];
}

export interface ShownHost {
  readonly linkId: string;
  readonly hostName: string;
  /** Which of the owner's accounts there. */
  readonly label: string;
  readonly linkState: 'active' | 'broken' | 'ended';
  readonly scopes: readonly { readonly scope: string; readonly sentence: string; readonly effect: Effect }[];
}

/** A connection that ended, and what its Hosts know of it. */
export interface EndedConnection {
  readonly id: string;
  readonly clientName: string;
  readonly endedAt: Date;
  readonly hosts: readonly ToldHost[];
}

interface ConnectionRow {
  id: string;
  client_id: string;
  client_name: string;
  client_uri: string | null;
  redirect_uri: string | null;
  created_at: Date;
  expires_at: Date | null;
  resource: string | null;
}

// a connection without its kernel's grant was never agreed to
const LIVE = statement<ConnectionRow>({
  name: 'requesters_live',
  text: `
    select c.id, c.client_id, c.client_name, c.client_uri, c.redirect_uri, c.created_at, c.expires_at, c.resource
    from connection c join oauth_grant g on g.id = c.id and g.subject = c.owner_id
    where c.owner_id = $1 and c.ended_at is null and g.ended_at is null and (c.expires_at is null or c.expires_at > now())
    order by c.created_at desc, c.id limit 500`,
});

/** The owner's live connections, newest first. */
export async function readConnections(
  { pool, prisma }: Pick<Deps, 'pool' | 'prisma'>,
  ownerId: string,
): Promise<OwnConnection[]> {
  const rows = await query(pool, LIVE, [ownerId]);
  const [shown, stored] = await Promise.all([
    prisma.connectionHost.findMany({
      where: { connectionId: { in: rows.map(({ id }) => id) } },
      include: { host: true, link: true },
    }),
    prisma.rule.findMany({ where: { ownerId, OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] } }),
  ]);
  const rules = stored.map(
    ({ connectionId, linkId, scope, effect }): Rule => ({ connectionId, linkId, scope, effect: effect as Effect }),
  );
  return rows.map((row) => ({
    id: row.id,
    clientId: row.client_id,
    clientName: row.client_name,
    clientUri: row.client_uri,
    redirectUri: row.redirect_uri,
    since: row.created_at,
    until: row.expires_at,
    resource: row.resource,
    hosts: shown
      .filter(({ connectionId }) => connectionId === row.id)
      .map(({ host, link, scopes, linkId }) => ({
        linkId,
        hostName: host.name,
        label: link.label,
        linkState: link.state as ShownHost['linkState'],
        scopes: scopeSentences(host, scopes).map((one) => ({
          ...one,
          effect: evaluate(rules, { connectionId: row.id, linkId, scope: one.scope }),
        })),
      }))
      .toSorted((a, b) => a.hostName.localeCompare(b.hostName)),
  }));
}

/** A live connection of this owner, or null. */
export async function readConnection(
  deps: Pick<Deps, 'pool' | 'prisma'>,
  { id, ownerId }: { id: string; ownerId: string },
): Promise<OwnConnection | null> {
  return (await readConnections(deps, ownerId)).find((connection) => connection.id === id) ?? null;
}

interface EndedRow {
  id: string;
  client_name: string;
  ended_at: Date;
  host_name: string | null;
  state: ToldHost['state'] | null;
  attempts: number | null;
  tried_at: Date | null;
}

const ENDED = statement<EndedRow>({
  name: 'requesters_ended',
  text: `
    select c.id, c.client_name, c.ended_at, h.name as host_name, r.state, r.attempts, r.tried_at
    from connection c left join revocation r on r.connection_id = c.id and r.owner_id = c.owner_id left join host h on h.id = r.host_id
    where c.owner_id = $1 and c.ended_at is not null and (c.ended_at > now() - interval '7 days' or r.state <> 'confirmed')
    order by c.ended_at desc, c.id, h.name limit 200`,
});

/** Connections that ended in the last week, or whose end some Host has not confirmed. PROTOCOL §7. */
export async function readEndedConnections({ pool }: Pick<Deps, 'pool'>, ownerId: string): Promise<EndedConnection[]> {
  const rows = await query(pool, ENDED, [ownerId]);
  return [...Map.groupBy(rows, ({ id }) => id).values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const hosts = group.flatMap(({ host_name: hostName, state, attempts, tried_at: triedAt }) =>
      hostName === null || state === null ? [] : [{ hostName, state, attempts: attempts ?? 0, triedAt }],
    );
    return [{ id: first.id, clientName: first.client_name, endedAt: first.ended_at, hosts }];
  });
}

const STOP = statement<{ ended: boolean }>({
  name: 'requesters_stop',
  text: `select oauth_end_grant(c.id, 'owner') as ended from connection c where c.id = $1 and c.owner_id = $2`,
});

// before any other row, so that several ends of one owner's things take their turns instead of each other's locks
const LOCK_OWNER = statement({ name: 'requesters_lock_owner', text: 'select 1 from owner where id = $1 for update' });

/** Ends a connection of this owner, at once on every replica; stopping it again changes nothing. `unknown`: there is none. PROTOCOL §7. */
export async function stopConnection(
  { pool }: Pick<Deps, 'pool'>,
  { id, ownerId }: { id: string; ownerId: string },
): Promise<'stopped' | 'unknown'> {
  return inTransaction(
    pool,
    async (tx) => {
      await query(tx, LOCK_OWNER, [ownerId]);
      const row = await queryOne(tx, STOP, [id, ownerId]);
      return row === null ? 'unknown' : 'stopped';
    },
    { patient: true },
  );
}

const STOP_ALL_CONNECTIONS = statement<{ ended: boolean }>({
  name: 'requesters_stop_all_connections',
  patienceMs: 47_000,
  text: `select oauth_end_grant(c.id, 'owner') as ended from connection c where c.owner_id = $1 and c.ended_at is null`,
});
const STOP_ALL_LINKS = statement<{ ended: boolean }>({
  name: 'requesters_stop_all_links',
  patienceMs: 47_000,
  text: `select end_link($1, l.id) as ended from link l where l.owner_id = $1 and l.state <> 'ended'`,
});

// before the owner's row, as whoever makes the link takes them; what its Host yields after this is handed back
const GIVE_UP_LINKS = statement({
  name: 'requesters_give_up_links',
  text: 'update link_attempt set given_up_at = now() where owner_id = $1 and resume_at is not null and given_up_at is null',
});

// somebody may have thousands of connections; what ends them all must not be cut off like a look-up
const TAKE_TIME = statement({
  name: 'requesters_take_time',
  text: `select set_config('statement_timeout', '45000', true)`,
});

/** Ends everything the owner has, links that are being made included: all of it, or, when it fails, nothing. */
export async function stopEverything(
  { pool }: Pick<Deps, 'pool'>,
  ownerId: string,
): Promise<{ connections: number; links: number }> {
  return inTransaction(
    pool,
    async (tx) => {
      await query(tx, TAKE_TIME, []);
      await query(tx, GIVE_UP_LINKS, [ownerId]);
      await query(tx, LOCK_OWNER, [ownerId]);
      await noteStop(tx, { ownerId, clientId: null });
      const connections = await query(tx, STOP_ALL_CONNECTIONS, [ownerId]);
      const links = await query(tx, STOP_ALL_LINKS, [ownerId]);
      // and what began while these ended
      await noteStop(tx, { ownerId, clientId: null });
      const count = (rows: readonly { ended: boolean }[]): number => rows.filter(({ ended }) => ended).length;
      return { connections: count(connections), links: count(links) };
    },
    { patient: true },
  );
}
