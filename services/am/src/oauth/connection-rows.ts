import { randomId } from '@chatelaine/crypto';
import type { Client } from '@chatelaine/oauth-server';
import type { Deps } from '../deps.ts';
import { scopeSentences } from '../hosts/scope-sentences.ts';
import type { OfferedLink, ShownHost } from './consent-form.ts';

/** The owner's live links, with what each could hand on. */
export async function offeredLinks(deps: Pick<Deps, 'prisma'>, ownerId: string): Promise<OfferedLink[]> {
  const links = await deps.prisma.link.findMany({
    where: { ownerId, state: 'active' },
    include: { host: true },
    orderBy: [{ host: { name: 'asc' } }, { createdAt: 'asc' }],
  });
  return links.map(({ id, hostId, host, label, transferScope }) => ({
    linkId: id,
    hostId,
    hostName: host.name,
    label,
    scopes: scopeSentences(host, transferScope),
  }));
}

/** What the owner calls the accounts whose links are broken. */
export async function brokenLinks({ prisma }: Pick<Deps, 'prisma'>, ownerId: string): Promise<string[]> {
  const links = await prisma.link.findMany({ where: { ownerId, state: 'broken' }, orderBy: { label: 'asc' } });
  return links.map(({ label }) => label);
}

/**
 * Writes what the owner agreed to: the connection, which link it uses at each Host, and a rule per scope. The kernel's grant of the same id
 * comes after, and with it the timeline's entry; without it these rows grant nothing, and they are cleared away.
 */
export async function insertConnection(
  deps: Pick<Deps, 'prisma'>,
  input: {
    id: string;
    ownerId: string;
    client: Client;
    redirectUri: string;
    shown: readonly ShownHost[];
    expiresAt: Date | null;
    /** Of a client that speaks no token exchange: its one resource, and whether its tokens may be bound to no key. PROTOCOL §6. */
    plain?: { resource: string; bearer: boolean };
  },
): Promise<void> {
  const { id, ownerId, client, redirectUri, shown, expiresAt, plain } = input;
  await deps.prisma.$transaction(async (tx) => {
    await tx.owner.update({ where: { id: ownerId }, data: { policyVersion: { increment: 1 } } });
    await tx.connection.create({
      data: {
        id,
        ownerId,
        clientId: client.id,
        clientName: client.name,
        clientUri: client.uri,
        redirectUri,
        expiresAt,
        resource: plain?.resource ?? null,
      },
    });
    await tx.connectionHost.createMany({
      data: shown.map(({ hostId, linkId, answers }) => ({
        connectionId: id,
        hostId,
        linkId,
        scopes: answers.map(({ scope }) => scope),
        grantId: randomId(),
        bearer: plain?.bearer ?? false,
      })),
    });
    await tx.rule.createMany({
      data: shown.flatMap(({ linkId, answers }) =>
        answers.map(({ scope, effect }) => ({
          id: randomId('rule'),
          ownerId,
          connectionId: id,
          linkId,
          scope,
          effect,
          expiresAt,
        })),
      ),
    });
  });
}
