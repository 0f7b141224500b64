import { inTransaction, query, queryOne, statement } from '@chatelaine/service-kit';
import type { Deps } from '../deps.ts';
import { scopeSentences } from './scope-sentences.ts';

/** A link as its owner sees it. */
export interface OwnLink {
  readonly id: string;
  readonly label: string;
  readonly hostName: string;
  readonly hostIssuer: string;
  readonly state: 'active' | 'broken';
  readonly since: Date;
  /** The ceiling: what the owner allowed at the Host, each with the Host's sentence. */
  readonly ceiling: readonly { readonly scope: string; readonly sentence: string }[];
}

/** A link that ended here while its Host does not know yet, or was never reached. */
export interface UnconfirmedEnd {
  readonly label: string;
  readonly hostName: string;
  readonly state: 'pending' | 'failed';
  readonly attempts: number;
}

/** The owner's links that are not ended, by name. */
export async function readOwnLinks({ prisma }: Pick<Deps, 'prisma'>, ownerId: string): Promise<OwnLink[]> {
  const links = await prisma.link.findMany({
    where: { ownerId, state: { not: 'ended' } },
    include: { host: true },
    orderBy: [{ label: 'asc' }, { id: 'asc' }],
  });
  return links.map((link) => {
    return {
      id: link.id,
      label: link.label,
      hostName: link.host.name,
      hostIssuer: link.host.issuer,
      state: link.state === 'active' ? 'active' : 'broken',
      since: link.createdAt,
      ceiling: scopeSentences(link.host, link.transferScope),
    };
  });
}

const UNCONFIRMED = statement<{ label: string; host_name: string; state: 'pending' | 'failed'; attempts: number }>({
  name: 'hosts_unconfirmed_ends',
  text: `
    select l.label, h.name as host_name, r.state, r.attempts from revocation r join link l on l.id = r.link_id join host h on h.id = r.host_id
    where r.owner_id = $1 and r.grant_id is null and r.state <> 'confirmed'
    order by r.created_at desc limit 50`,
});

/** Ended links whose Hosts have not confirmed it. */
export async function readUnconfirmedEnds({ pool }: Pick<Deps, 'pool'>, ownerId: string): Promise<UnconfirmedEnd[]> {
  const rows = await query(pool, UNCONFIRMED, [ownerId]);
  return rows.map(({ label, host_name: hostName, state, attempts }) => ({ label, hostName, state, attempts }));
}

// the owner's row first: several ends of his things take their turns instead of each other's locks
const LOCK_OWNER = statement({ name: 'hosts_lock_owner', text: 'select 1 from owner where id = $1 for update' });
const END_LINK = statement<{ ended: boolean }>({ name: 'hosts_end_link', text: 'select end_link($1, $2) as ended' });

/** Ends a link of this owner at once, and has its Host told; false when there is none. PROTOCOL §7. */
export async function endLink(
  { pool }: Pick<Deps, 'pool'>,
  { linkId, ownerId }: { linkId: string; ownerId: string },
): Promise<boolean> {
  return inTransaction(pool, async (tx) => {
    await query(tx, LOCK_OWNER, [ownerId]);
    return (await queryOne(tx, END_LINK, [ownerId, linkId]))?.ended === true;
  });
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
