import { randomId } from '@chatelaine/crypto';
import type { Deps } from '../deps.ts';
import type { Prisma } from '../generated/prisma/client.ts';

/** A link that is to have a new one in its place. */
export interface ReplaceableLink {
  readonly label: string;
  readonly hostName: string;
  readonly hostIssuer: string;
}

/** A link of this owner that has not ended, or null. */
export async function readReplaceable(
  { prisma }: Pick<Deps, 'prisma'>,
  { linkId, ownerId }: { linkId: string; ownerId: string },
): Promise<ReplaceableLink | null> {
  const link = await prisma.link.findFirst({
    where: { id: linkId, ownerId, state: { not: 'ended' } },
    include: { host: true },
  });
  return link === null ? null : { label: link.label, hostName: link.host.name, hostIssuer: link.host.issuer };
}

export interface TakeOver {
  readonly ownerId: string;
  readonly hostId: string;
  /** The attempt that the new link comes of. */
  readonly stateHash: Buffer;
  /** The new link. */
  readonly linkId: string;
  /** The new link's. */
  readonly ceiling: readonly string[];
}

/**
 * Puts a new link in the place of the one its attempt names: what used the old one uses the new one, under a grant of its own there and for no
 * more than the new ceiling; the old one ends and its Host is due to be told. Only of the same owner and Host, and only while the old one has
 * not ended: otherwise false, and the new link is one of its own. The caller holds the owner's row and has moved the decision version.
 * PROTOCOL §2.2, §3.3.
 */
export async function takeOver(tx: Prisma.TransactionClient, input: TakeOver): Promise<boolean> {
  const { ownerId, hostId, stateHash, linkId } = input;
  const [old] = await tx.$queryRaw<{ id: string; label: string; state: string }[]>`
    select l.id, l.label, l.state from link_attempt a join link l on l.id = a.replaces
    where a.state_hash = ${Uint8Array.from(stateHash)} and a.owner_id = ${ownerId}
      and l.owner_id = ${ownerId} and l.host_id = ${hostId} and l.state <> 'ended'
    for update of l`;
  if (old === undefined) return false;
  const moved = await moveConnections(tx, input, old.id);
  await tx.rule.updateMany({ where: { ownerId, linkId: old.id }, data: { linkId } });
  // asked or approved about the old link; the Requester asks again
  await tx.ask.updateMany({
    where: { linkId: old.id, state: { in: ['open', 'approved'] } },
    data: { state: 'closed' },
  });
  await tx.link.update({ where: { id: old.id }, data: { state: 'ended', endedAt: new Date() } });
  await tx.link.update({ where: { id: linkId }, data: { label: old.label, replaces: old.id } });
  await tx.revocation.create({ data: { id: randomId('rev'), ownerId, linkId: old.id, hostId } });
  const lost = moved.filter(({ scopes }) => scopes.length > 0);
  const details = JSON.stringify({ link: linkId, host: hostId, was: old.state, lost });
  await tx.$executeRaw`select timeline_append(${ownerId}, 'link_repaired', ${details}::jsonb)`;
  return true;
}

interface Lost {
  readonly client: string;
  /** What it may no longer ask for, because the new ceiling leaves it out. */
  readonly scopes: readonly string[];
}

async function moveConnections(
  tx: Prisma.TransactionClient,
  { hostId, linkId, ceiling }: TakeOver,
  oldId: string,
): Promise<Lost[]> {
  const shown = await tx.connectionHost.findMany({
    where: { linkId: oldId, connection: { endedAt: null } },
    include: { connection: true },
    orderBy: { connectionId: 'asc' },
  });
  const may = new Set(ceiling);
  const lost: Lost[] = [];
  for (const { connectionId, connection, scopes } of shown) {
    const where = { connectionId_hostId: { connectionId, hostId } };
    const kept = scopes.filter((scope) => may.has(scope));
    if (kept.length === 0) await tx.connectionHost.delete({ where });
    else await tx.connectionHost.update({ where, data: { linkId, scopes: kept, grantId: randomId() } });
    lost.push({ client: connection.clientName, scopes: scopes.filter((scope) => !may.has(scope)) });
  }
  return lost;
}
