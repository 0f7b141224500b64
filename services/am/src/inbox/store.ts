import { randomId } from '@chatelaine/crypto';
import { LIFETIME } from '@chatelaine/protocol';
import type { Deps } from '../deps.ts';
import { scopeSentences } from '../hosts/scope-sentences.ts';

export interface OpenAsk {
  readonly id: string;
  readonly connectionId: string;
  readonly linkId: string;
  readonly clientName: string;
  readonly hostName: string;
  readonly label: string;
  readonly purpose: string | null;
  readonly scopes: readonly { readonly scope: string; readonly sentence: string }[];
}

export type AskAnswer = 'once' | 'always' | 'not-now' | 'never';

/** An open question of this owner; null for one that is another's, answered, or never was. */
export async function findOpenAsk(
  deps: Pick<Deps, 'prisma'>,
  input: { id: string; ownerId: string },
): Promise<OpenAsk | null> {
  const { id, ownerId } = input;
  const ask = await deps.prisma.ask.findFirst({ where: { id, ownerId, state: 'open', expiresAt: { gt: new Date() } } });
  if (ask === null) return null;
  const connection = await deps.prisma.connection.findFirst({
    where: { id: ask.connectionId, ownerId, endedAt: null },
  });
  const link = await deps.prisma.link.findFirst({
    where: { id: ask.linkId, ownerId, state: 'active' },
    include: { host: true },
  });
  if (connection === null || link === null) return null;
  return {
    id,
    connectionId: connection.id,
    linkId: link.id,
    clientName: connection.clientName,
    hostName: link.host.name,
    label: link.label,
    purpose: ask.purpose,
    scopes: scopeSentences(link.host, ask.scopes),
  };
}

/**
 * Records the owner's answer. `once` approves exactly one transfer of exactly these scopes within ten minutes; `always` and `never` write
 * rules; `not-now` only closes the question. False if somebody else was faster. PROTOCOL §3.7.
 */
export async function answerAsk(
  deps: Pick<Deps, 'prisma' | 'clock'>,
  input: { ask: OpenAsk; ownerId: string; answer: AskAnswer },
): Promise<boolean> {
  const { ask, ownerId, answer } = input;
  return deps.prisma.$transaction(async (tx) => {
    const decidedAt = new Date(deps.clock.now() * 1000);
    const data =
      answer === 'once'
        ? { state: 'approved', decidedAt, expiresAt: new Date((deps.clock.now() + LIFETIME.approval) * 1000) }
        : { state: 'closed', decidedAt };
    const { count } = await tx.ask.updateMany({ where: { id: ask.id, ownerId, state: 'open' }, data });
    if (count === 0) return false;
    if (answer === 'always' || answer === 'never') {
      const pins = { ownerId, connectionId: ask.connectionId, linkId: ask.linkId };
      const scopes = ask.scopes.map(({ scope }) => scope);
      const connection = await tx.connection.findUniqueOrThrow({ where: { id: ask.connectionId } });
      await tx.rule.deleteMany({ where: { ...pins, scope: { in: scopes } } });
      await tx.rule.createMany({
        data: scopes.map((scope) => ({
          ...pins,
          id: randomId('rule'),
          scope,
          effect: answer === 'always' ? 'allow' : 'deny',
          expiresAt: connection.expiresAt,
        })),
      });
      await tx.owner.update({ where: { id: ownerId }, data: { policyVersion: { increment: 1 } } });
    }
    const details = { ask: ask.id, connection: ask.connectionId, link: ask.linkId, answer };
    await tx.$executeRaw`select timeline_append(${ownerId}, 'ask_answered', ${JSON.stringify(details)}::jsonb)`;
    return true;
  });
}
