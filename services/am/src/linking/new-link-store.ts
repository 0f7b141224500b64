import { randomId } from '@chatelaine/crypto';
import type { Deps } from '../deps.ts';
import { takeOver } from './repair-store.ts';

export const newLinkId = (): string => randomId('link');

export interface NewLink {
  readonly id: string;
  readonly ownerId: string;
  readonly hostId: string;
  readonly hostName: string;
  /** The attempt it comes of; settled with it. */
  readonly stateHash: Buffer;
  readonly ceiling: readonly string[];
  /** Sealed. */
  readonly accessToken: Buffer;
  readonly expiresIn: number;
  /** Sealed. */
  readonly refreshToken: Buffer;
}

/** Somebody else settled the attempt meanwhile: by sending the code again, which ended what it had yielded. Or its owner has stopped everything. */
export class AlreadySettled extends Error {
  override name = 'AlreadySettled';
}

/**
 * A new link; it replaces another only where that is what it was asked for ({@link takeOver}). With it its attempt is settled, the owner's decision version moves and the timeline says so. PROTOCOL §2.2.
 *
 * @throws AlreadySettled when the attempt was
 */
export async function insertLink({ prisma }: Pick<Deps, 'prisma'>, link: NewLink): Promise<void> {
  const { id, ownerId, hostId, hostName, stateHash, ceiling, expiresIn } = link;
  await prisma.$transaction(async (tx) => {
    const settled = await tx.linkAttempt.updateMany({
      where: { stateHash: Uint8Array.from(stateHash), answer: { not: null }, givenUpAt: null },
      data: { answer: null, resumeAt: null },
    });
    if (settled.count === 0) throw new AlreadySettled();
    // first, so that two links made at once get two names
    await tx.owner.upsert({
      where: { id: ownerId },
      create: { id: ownerId, policyVersion: 1 },
      update: { policyVersion: { increment: 1 } },
    });
    const others = await tx.link.findMany({ where: { ownerId, state: { not: 'ended' } }, select: { label: true } });
    const label = freeLabel(hostName, new Set(others.map((other) => other.label)));
    await tx.$executeRaw`
      insert into link (id, owner_id, host_id, label, transfer_scope, access_token, access_expires_at, refresh_token)
      values (${id}, ${ownerId}, ${hostId}, ${label}, ${[...ceiling]}::text[], ${Uint8Array.from(link.accessToken)},
        now() + make_interval(secs => ${expiresIn}::float8), ${Uint8Array.from(link.refreshToken)})`;
    if (await takeOver(tx, { ownerId, hostId, stateHash, linkId: id, ceiling })) return;
    const details = JSON.stringify({ link: id, host: hostId, label });
    await tx.$executeRaw`select timeline_append(${ownerId}, 'link_made', ${details}::jsonb)`;
  });
}

const MOST_ACCOUNTS = 1000;

/** How a link is called until its owner names it. */
function freeLabel(hostName: string, taken: ReadonlySet<string>): string {
  const first = `my ${hostName}`;
  if (!taken.has(first)) return first;
  for (let account = 2; account < MOST_ACCOUNTS; account++) {
    const label = `${first}, account ${account}`;
    if (!taken.has(label)) return label;
  }
  return first;
}
