import { inTransaction, query, queryOne, statement } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { scopeSentences } from './scope-sentences.ts';
import { whoInShort } from '../identity/who.tsx';
import type { ToldHost } from './told.tsx';

/** A link as its owner sees it. */
export interface OwnLink {
  readonly id: string;
  readonly label: string;
  readonly hostName: string;
  readonly hostIssuer: string;
  readonly state: 'active' | 'broken';
  readonly since: Date;
  /** It was made in the place of another. */
  readonly isRepaired: boolean;
  /** Who uses it, and for what. */
  readonly usedBy: readonly LinkUser[];
  /** The ceiling: what the owner allowed at the Host, each with the Host's sentence. */
  readonly ceiling: readonly { readonly scope: string; readonly sentence: string }[];
}

/** A Requester that is shown a link. */
export interface LinkUser {
  readonly clientName: string;
  /** Who that is, in a few words. */
  readonly who: string;
  readonly sentences: readonly string[];
  /** It may have tokens that are bound to no key. */
  readonly bearer: boolean;
}

/** A link that ended here, and what its Host knows of it. */
export interface EndedLink {
  readonly id: string;
  readonly label: string;
  readonly endedAt: Date;
  /** Another link was made in its place. */
  readonly replaced: boolean;
  readonly host: ToldHost;
}

const AGREED = statement<{ id: string; keyless: boolean }>({
  name: 'hosts_agreed_connections',
  text: `
    select c.id, g.jkt is null as keyless from connection c join oauth_grant g on g.id = c.id and g.subject = c.owner_id
    where c.owner_id = $1 and c.ended_at is null and g.ended_at is null and (c.expires_at is null or c.expires_at > now())`,
});

/** A connection without its kernel's grant was never agreed to. */
async function agreedConnections(
  { pool }: Pick<Deps, 'pool'>,
  ownerId: string,
): Promise<ReadonlyMap<string, { keyless: boolean }>> {
  return new Map((await query(pool, AGREED, [ownerId])).map(({ id, keyless }) => [id, { keyless }]));
}

/** The owner's links that are not ended, by Host and name. */
export async function readOwnLinks(
  { pool, prisma }: Pick<Deps, 'pool' | 'prisma'>,
  ownerId: string,
): Promise<OwnLink[]> {
  const links = await prisma.link.findMany({
    where: { ownerId, state: { not: 'ended' } },
    include: { host: true, shown: { where: { connection: { endedAt: null } }, include: { connection: true } } },
    orderBy: [{ host: { name: 'asc' } }, { label: 'asc' }, { id: 'asc' }],
  });
  const agreed = await agreedConnections({ pool }, ownerId);
  return links.map((link) => {
    return {
      id: link.id,
      label: link.label,
      hostName: link.host.name,
      hostIssuer: link.host.issuer,
      state: link.state === 'active' ? 'active' : 'broken',
      since: link.createdAt,
      isRepaired: link.replaces !== null,
      usedBy: link.shown
        .filter(({ connectionId }) => agreed.has(connectionId))
        .map(({ connectionId, connection, scopes, bearer }) => ({
          clientName: connection.clientName,
          who: whoInShort(connection),
          sentences: scopeSentences(link.host, scopes).map(({ sentence }) => sentence),
          // one that has proved a key since has none that fits anybody any more
          bearer: bearer && agreed.get(connectionId)?.keyless === true,
        })),
      ceiling: scopeSentences(link.host, link.transferScope),
    };
  });
}

interface EndedRow {
  id: string;
  label: string;
  ended_at: Date;
  replaced: boolean;
  host_name: string;
  state: ToldHost['state'];
  attempts: number;
  tried_at: Date | null;
}

const ENDED = statement<EndedRow>({
  name: 'hosts_ended_links',
  text: `
    select l.id, l.label, l.ended_at, h.name as host_name, r.state, r.attempts, r.tried_at,
      exists (select from link other where other.replaces = l.id and other.owner_id = l.owner_id) as replaced
    from revocation r join link l on l.id = r.link_id and l.owner_id = r.owner_id join host h on h.id = r.host_id
    where r.owner_id = $1 and r.grant_id is null and l.ended_at is not null and (l.ended_at > now() - interval '7 days' or r.state <> 'confirmed')
    order by l.ended_at desc, l.id limit 200`,
});

/** Links that ended in the last week, or whose end their Host has not confirmed. PROTOCOL §7. */
export async function readEndedLinks({ pool }: Pick<Deps, 'pool'>, ownerId: string): Promise<EndedLink[]> {
  const rows = await query(pool, ENDED, [ownerId]);
  return rows.map(
    ({ id, label, ended_at: endedAt, replaced, host_name: hostName, state, attempts, tried_at: triedAt }) => ({
      id,
      label,
      endedAt,
      replaced,
      host: { hostName, state, attempts, triedAt },
    }),
  );
}

// the owner's row first: several ends of his things take their turns instead of each other's locks
const LOCK_OWNER = statement({ name: 'hosts_lock_owner', text: 'select 1 from owner where id = $1 for update' });
const END_LINK = statement<{ ended: boolean }>({ name: 'hosts_end_link', text: 'select end_link($1, $2) as ended' });

/** Ends a link of this owner at once, and has its Host told; false when there is none. PROTOCOL §7. */
export async function endLink(
  { pool }: Pick<Deps, 'pool'>,
  { linkId, ownerId }: { linkId: string; ownerId: string },
): Promise<boolean> {
  return inTransaction(
    pool,
    async (tx) => {
      await query(tx, LOCK_OWNER, [ownerId]);
      return (await queryOne(tx, END_LINK, [ownerId, linkId]))?.ended === true;
    },
    { patient: true },
  );
}

/** Gives a link of this owner another name; false when there is none. */
export async function renameLink(
  { prisma }: Pick<Deps, 'prisma'>,
  { linkId, ownerId, label }: { linkId: string; ownerId: string; label: string },
): Promise<boolean> {
  const { count } = await prisma.link.updateMany({
    where: { id: linkId, ownerId, state: { not: 'ended' } },
    data: { label },
  });
  return count === 1;
}
