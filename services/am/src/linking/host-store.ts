import { hostTag } from '@chatelaine/crypto';
import type { Discovered } from '@chatelaine/oauth-client';
import { type ServerMetadata, serverMetadataSchema } from '@chatelaine/protocol';
import { defineQuery, inTransaction, run, runForRow } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';

/** A Host as the AM knows it. */
export interface KnownHost {
  readonly id: string;
  readonly issuer: string;
  readonly name: string;
  readonly metadata: ServerMetadata;
}

export type Remembered =
  | { readonly kind: 'remembered'; readonly host: KnownHost }
  /** Others are linked to a Host of this issuer with other endpoints: the change is not accepted silently. */
  | { readonly kind: 'moved' };

const INSERT = defineQuery({
  name: 'linking_insert_host',
  text: `
    insert into host (id, issuer, name, metadata, resources, bearer, transfer_scopes)
      values ($1, $2, $3, $4::jsonb, $5, $6, $7::jsonb)
    on conflict do nothing`,
});
const LOCK = defineQuery<{ metadata: unknown; in_use: boolean }>({
  name: 'linking_lock_host',
  text: `
    select h.metadata, exists (select from link l where l.host_id = h.id and l.state <> 'ended')
      or exists (select from revocation r where r.host_id = h.id and r.state = 'pending') as in_use
    from host h where h.id = $1 for update`,
});
const UPDATE = defineQuery({
  name: 'linking_update_host',
  text: `
    update host set name = $2, metadata = $3::jsonb, resources = $4, bearer = $5, transfer_scopes = $6::jsonb,
      checked_at = now()
    where id = $1`,
});

/**
 * Stores a Host's metadata; one row per issuer, whoever adds it. While anybody is linked to it, its endpoints stay
 * those they were linked at: a changed document must not redirect their tokens.
 */
export async function rememberHost(
  { pool, config }: Pick<Deps, 'pool' | 'config'>,
  { metadata, resources }: Discovered,
): Promise<Remembered> {
  const host = { id: hostTag(metadata.issuer), issuer: metadata.issuer, name: nameOf(metadata), metadata };
  const said = [
    host.name,
    JSON.stringify(metadata),
    ownResources(config.issuer, resources),
    takesBearer(resources),
    JSON.stringify(metadata.chatelaine_transfer_scopes ?? {}),
  ];
  return inTransaction(pool, async (tx) => {
    await run(tx, INSERT, [host.id, host.issuer, ...said]);
    const known = await runForRow(tx, LOCK, [host.id]);
    if (known.in_use && !sameEndpoints(serverMetadataSchema.parse(known.metadata), metadata)) return { kind: 'moved' };
    await run(tx, UPDATE, [host.id, ...said]);
    return { kind: 'remembered', host };
  });
}

/** Whether an owner has a working link at a Host. */
export async function hasActiveLink(
  { prisma }: Pick<Deps, 'prisma'>,
  { ownerId, hostId }: { ownerId: string; hostId: string },
): Promise<boolean> {
  return (await prisma.link.findFirst({ where: { ownerId, hostId, state: 'active' }, select: { id: true } })) !== null;
}

/**
 * A Host used with several AMs has a resource for each (PROTOCOL §6): those that name other AMs in our place are left
 * out, unless there are no others.
 */
function ownResources(issuer: string, resources: Discovered['resources']): string[] {
  const ours = resources.filter(
    ({ authorization_servers: servers = [] }) => servers.length <= 1 || servers.includes(issuer),
  );
  return (ours.length === 0 ? resources : ours).map(({ resource }) => resource);
}

/** Whether a Host declares that its tokens may be bearer tokens. Silence means no. RFC 9728 §2. */
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
