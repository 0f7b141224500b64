import { hostTag } from '@chatelaine/crypto';
import type { Discovered } from '@chatelaine/oauth-client';
import { type ServerMetadata, serverMetadataSchema } from '@chatelaine/protocol';
import type { Deps } from '../deps.ts';
import type { Prisma } from '../generated/prisma/client.ts';

/** A Host as the AM knows it. */
export interface KnownHost {
  readonly id: string;
  readonly issuer: string;
  readonly name: string;
  readonly metadata: ServerMetadata;
}

export type Remembered =
  | { readonly kind: 'remembered'; readonly host: KnownHost }
  /** Others are linked to a Host of this issuer whose endpoints were elsewhere: not taken silently. */
  | { readonly kind: 'moved' };

/**
 * Keeps what a Host says of itself; one row per issuer, whoever adds it. While anybody is linked to it, its endpoints stay those they were
 * linked at: a changed document must not redirect their tokens.
 */
export async function rememberHost(
  { prisma, config }: Pick<Deps, 'prisma' | 'config'>,
  { metadata, resources }: Discovered,
): Promise<Remembered> {
  const host = { id: hostTag(metadata.issuer), issuer: metadata.issuer, name: nameOf(metadata), metadata };
  const data = {
    name: host.name,
    metadata: metadata as Prisma.InputJsonObject,
    resources: ownResources(config.issuer, resources),
    bearer: takesBearer(resources),
    transferScopes: metadata.chatelaine_transfer_scopes ?? {},
    checkedAt: new Date(),
  };
  return prisma.$transaction(async (tx) => {
    await tx.host.createMany({ data: [{ ...data, id: host.id, issuer: host.issuer }], skipDuplicates: true });
    const [known] = await tx.$queryRaw<{ metadata: unknown; in_use: boolean }[]>`
      select h.metadata, exists (select from link l where l.host_id = h.id and l.state <> 'ended')
        or exists (select from revocation r where r.host_id = h.id and r.state = 'pending') as in_use
      from host h where h.id = ${host.id} for update`;
    if (known === undefined) throw new Error('a host row vanished');
    if (known.in_use && !sameEndpoints(serverMetadataSchema.parse(known.metadata), metadata)) return { kind: 'moved' };
    await tx.host.update({ where: { id: host.id }, data });
    return { kind: 'remembered', host };
  });
}

/** A Host used with several AMs has a resource for each (PROTOCOL §6): those that name others in our place are left out, unless there are no others. */
function ownResources(issuer: string, resources: Discovered['resources']): string[] {
  const ours = resources.filter(
    ({ authorization_servers: servers = [] }) => servers.length <= 1 || servers.includes(issuer),
  );
  return (ours.length === 0 ? resources : ours).map(({ resource }) => resource);
}

/** Whether a Host says outright that its tokens need not be bound to a key. What it leaves unsaid is no. RFC 9728 §2. */
function takesBearer(resources: Discovered['resources']): boolean {
  return (
    resources.length > 0 &&
    resources.every(
      ({ dpop_bound_access_tokens_required: required, bearer_methods_supported: methods = [] }) =>
        required === false && methods.includes('header'),
    )
  );
}

const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'pushed_authorization_request_endpoint',
  'revocation_endpoint',
] as const;

function sameEndpoints(known: ServerMetadata, found: ServerMetadata): boolean {
  return ENDPOINTS.every((endpoint) => known[endpoint] === found[endpoint]);
}

function nameOf({ chatelaine_name: name, issuer }: ServerMetadata): string {
  return name ?? new URL(issuer).hostname;
}
