import { ENDPOINT } from '@chatelaine/oauth-server';
import { leadOn, oauthScope, OPENID_CONFIGURATION, refuseOtherMethods } from '@chatelaine/oauth-server-fastify';
import {
  type ApiOperation,
  parseResource,
  type ResourceMetadata,
  type ResourceUrl,
  resourceMetadataSchema,
  resourceMetadataUrl,
  SIGNING_ALGS,
} from '@chatelaine/protocol';
import type { FastifyInstance } from 'fastify';
import type { HostSettings } from './options.ts';
import type { HostResource } from './resources.ts';

/** What a Requester reads to find out who issues tokens for this Host. RFC 9728 §2. */
export function resourceMetadata(settings: HostSettings, { url, servers }: HostResource): ResourceMetadata {
  return {
    resource: url,
    authorization_servers: [...servers],
    // RFC 9728 §2: scopes for authorization requests, which only stock clients make here; a Requester that signs its
    // own statements reads the server's metadata (PROTOCOL §3.6)
    scopes_supported: Object.keys(settings.scopes).filter((scope) => !settings.statementScopes.includes(scope)),
    bearer_methods_supported: ['header'],
    resource_name: settings.name,
    dpop_signing_alg_values_supported: [...SIGNING_ALGS],
    dpop_bound_access_tokens_required: !settings.bearer,
  };
}

export function resourceMetadataOperation(resource: ResourceUrl): ApiOperation {
  return {
    method: 'get',
    path: new URL(resourceMetadataUrl(resource)).pathname,
    summary: 'Protected-resource metadata (RFC 9728)',
    answer: { status: 200, schema: resourceMetadataSchema, description: 'Who gives tokens for this resource' },
    errors: [405],
  };
}

export async function resourceMetadataRoutes(
  app: FastifyInstance,
  { settings }: { settings: HostSettings },
): Promise<void> {
  await oauthScope(app);
  const documents = new Map(
    settings.resources.flatMap((resource) => pathsOf(resource).map((path) => [path, resource])),
  );
  const origin = resourceOfOrigin(settings);
  if (origin !== null && !documents.has(ROOT)) documents.set(ROOT, origin);
  for (const [path, resource] of documents) {
    app.get(path, async (_request, reply) => {
      reply.header('cache-control', 'public, max-age=300');
      return resourceMetadata(settings, resource);
    });
    refuseOtherMethods(app, path, ['GET']);
  }
  const right = settings.resources.map(({ url }) => resourceMetadataUrl(url));
  if (!documents.has(ROOT)) leadOn(app, ROOT, right);
  leadOn(app, `${ROOT}/*`, right);
  for (const { url } of settings.resources) {
    const { pathname } = new URL(url);
    if (pathname === '/') continue;
    for (const place of [ENDPOINT.metadata, OPENID_CONFIGURATION])
      leadOn(app, `${pathname}${place}`, [resourceMetadataUrl(url)]);
  }
}

const ROOT = ENDPOINT.resourceMetadata;

/** RFC 9728 §3.1 puts the well-known part before the path. Some clients put it after; the document is the same. */
function pathsOf({ url }: HostResource): string[] {
  const { pathname } = new URL(url);
  const right = new URL(resourceMetadataUrl(url)).pathname;
  return pathname === '/' ? [right] : [right, `${pathname}${ROOT}`];
}

/**
 * Clients that know only the origin ask for its document, and then for a token for the origin. An AM that the Host
 * names gives them one for its only resource (PROTOCOL §6). If no AM is named there is nowhere to send them, and among
 * several resources none is chosen.
 */
function resourceOfOrigin({ issuer, resources, schemes }: HostSettings): HostResource | null {
  const [{ servers }, ...others] = resources;
  const url = parseResource(issuer, schemes);
  return servers.length < 2 || others.length > 0 || url === null ? null : { url, servers };
}
