import { bucketOf, randomId } from '@chatelaine/crypto';
import { type Client, isProven } from '@chatelaine/oauth-server';
import type { Deps } from '../deps.ts';
import { scopesOf } from '../links/scope-sentences.ts';
import type { NewProffer } from '../terms/proffer.ts';
import type { ShownHost } from './consent-form.ts';
import type { OwnLink } from './offered.ts';

/**
 * How many accounts a consent page offers: its form has one or two fields for each, and the number of fields in a form
 * is bounded (`LIMIT`).
 */
export const MOST_OFFERED = 200;

/** The owner's live links, by Host, with what each can pass on; and whether there are more than are offered. */
export async function offeredLinks(
  deps: Pick<Deps, 'prisma'>,
  ownerId: string,
): Promise<{ readonly links: readonly OwnLink[]; readonly hasMore: boolean }> {
  const found = await deps.prisma.link.findMany({
    where: { ownerId, state: 'active' },
    include: { host: true },
    orderBy: [{ host: { name: 'asc' } }, { hostId: 'asc' }, { createdAt: 'asc' }, { id: 'asc' }],
    take: MOST_OFFERED + 1,
  });
  const links = found.slice(0, MOST_OFFERED).map(({ id, hostId, host, label, transferScope }) => ({
    linkId: id,
    hostId,
    hostName: host.name,
    hostIssuer: host.issuer,
    resources: host.resources,
    label,
    scopes: scopesOf(host, transferScope),
  }));
  const beyond = found[MOST_OFFERED];
  if (beyond === undefined) return { links, hasMore: false };
  // a preset never chooses between two accounts at one Host: a Host whose accounts do not all fit is left out
  const whole = links.filter(({ hostId }) => hostId !== beyond.hostId);
  return { links: whole.length > 0 ? whole : links, hasMore: true };
}

/**
 * An owner's links at one Host that have not ended, active ones before broken ones. Reads one more than is offered,
 * which tells whether there are more.
 */
export async function linksAtHost({ prisma }: Pick<Deps, 'prisma'>, at: { ownerId: string; issuer: string }) {
  return prisma.link.findMany({
    where: { ownerId: at.ownerId, state: { not: 'ended' }, host: { issuer: at.issuer } },
    include: { host: true },
    orderBy: [{ state: 'asc' }, { createdAt: 'asc' }, { id: 'asc' }],
    take: MOST_OFFERED + 1,
  });
}

const MOST_BROKEN = 10;

/** The labels of accounts whose links are broken; and whether there are more. */
export async function brokenLinks(
  { prisma }: Pick<Deps, 'prisma'>,
  ownerId: string,
): Promise<{ readonly labels: readonly string[]; readonly hasMore: boolean }> {
  const links = await prisma.link.findMany({
    where: { ownerId, state: 'broken' },
    orderBy: [{ label: 'asc' }, { id: 'asc' }],
    take: MOST_BROKEN + 1,
  });
  return { labels: links.slice(0, MOST_BROKEN).map(({ label }) => label), hasMore: links.length > MOST_BROKEN };
}

export type Inserted = { readonly kind: 'inserted' } | { readonly kind: 'full'; readonly problem: string };

/**
 * Writes what the owner agreed to: the connection, the link that it uses at each Host, and a rule for each scope. The
 * authorization server's grant of the same id is written afterwards, and with it the timeline's entry; without that
 * grant these rows permit nothing, and are cleaned up. `full`: nothing was written, because the owner has as many
 * connections as are allowed; `problem` is the sentence for the owner.
 */
export async function insertConnection(
  deps: Pick<Deps, 'prisma' | 'config'>,
  input: {
    id: string;
    ownerId: string;
    client: Client;
    redirectUri: string;
    shown: readonly ShownHost[];
    expiresAt: Date | null;
    /**
     * For a client that does not use token exchange: its one resource, and whether its tokens may be bound to no key.
     * PROTOCOL §6.
     */
    plain?: { resource: string; bearer: boolean };
    /** The terms that are offered to it; null: none. */
    proffer: NewProffer | null;
  },
): Promise<Inserted> {
  const { id, ownerId, client, redirectUri, shown, expiresAt, plain, proffer } = input;
  return deps.prisma.$transaction(async (tx) => {
    // locks the owner's row until we commit, so that nobody counts connections before ours is written
    await tx.owner.update({ where: { id: ownerId }, data: { policyVersion: { increment: 1 } } });
    const problem = await noRoom(tx, { ownerId, client, limits: deps.config.limits.connections });
    if (problem !== null) return { kind: 'full', problem };
    await tx.connection.create({
      data: {
        id,
        ownerId,
        clientId: client.id,
        clientName: client.name,
        clientUri: client.uri,
        logoUri: client.logoUri,
        redirectUri,
        isProven: isProven(client),
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
    if (proffer !== null) await insertProffer(tx, { connectionId: id, bucket: bucketOf(ownerId), proffer });
    return { kind: 'inserted' };
  });
}

/** The first offer of a connection; it comes into force with the authorization server's grant. PROTOCOL §10. */
async function insertProffer(
  tx: Pick<Deps['prisma'], 'proffer' | 'profferKey'>,
  { connectionId, bucket, proffer }: { connectionId: string; bucket: number; proffer: NewProffer },
): Promise<void> {
  const { jti, text, terms, key } = proffer;
  await tx.profferKey.createMany({ data: [{ kid: key.kid, jwk: { ...key.publicJwk } }], skipDuplicates: true });
  await tx.proffer.create({ data: { bucket, jti, connectionId, terms: [...terms], proffer: text } });
}

/** Why the owner cannot make another connection, as a sentence; null when they can. */
async function noRoom(
  tx: Pick<Deps['prisma'], 'connection'>,
  input: { ownerId: string; client: Client; limits: Deps['config']['limits']['connections'] },
): Promise<string | null> {
  const { ownerId, client, limits } = input;
  const live = { ownerId, endedAt: null };
  if ((await tx.connection.count({ where: { ...live, clientId: client.id } })) >= limits.ofClient)
    return (
      `You have connected this app ${limits.ofClient} times. ` +
      'Stop connections that you no longer need, then try again.'
    );
  if ((await tx.connection.count({ where: live })) >= limits.inAll)
    return `You have ${limits.inAll} connections. Stop those that you no longer need, then try again.`;
  return null;
}
