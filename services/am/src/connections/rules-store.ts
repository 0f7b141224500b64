import { randomId } from '@chatelaine/crypto';
import type { Deps } from '../deps.ts';
import type { ChangedRule } from './rules-form.ts';

/**
 * Puts the owner's new answers in the place of those for exactly this connection, account and scope. The decision version moves, so that no
 * transfer begins on the old ones; questions they settle are closed. False when the connection, or an account's place in it, is gone or was never this
 * owner's. PROTOCOL §3.2.
 */
export async function changeRules(
  { prisma }: Pick<Deps, 'prisma'>,
  { id, ownerId, changed }: { id: string; ownerId: string; changed: readonly ChangedRule[] },
): Promise<boolean> {
  return prisma.$transaction(async (tx) => {
    // first, as everybody who changes what is decided does
    const owner = await tx.owner.updateMany({ where: { id: ownerId }, data: { policyVersion: { increment: 1 } } });
    const connection = await tx.connection.findFirst({
      where: { id, ownerId, endedAt: null },
      include: { shown: true },
    });
    if (owner.count === 0 || connection === null) return false;
    const shown = new Map(connection.shown.map((one) => [one.linkId, one.scopes]));
    if (!changed.every(({ linkId, scope }) => shown.get(linkId)?.includes(scope))) return false;
    for (const { linkId, scope, effect } of changed) {
      const pins = { ownerId, connectionId: id, linkId, scope };
      await tx.rule.deleteMany({ where: pins });
      await tx.rule.create({ data: { ...pins, id: randomId('rule'), effect, expiresAt: connection.expiresAt } });
      await tx.ask.updateMany({
        where: { connectionId: id, linkId, scopes: { has: scope }, state: { in: ['open', 'approved'] } },
        data: { state: 'closed' },
      });
      const details = JSON.stringify({ connection: id, link: linkId, scope, effect });
      await tx.$executeRaw`select timeline_append(${ownerId}, 'rule_changed', ${details}::jsonb)`;
    }
    return true;
  });
}
