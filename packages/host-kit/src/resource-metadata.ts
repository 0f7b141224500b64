import { refuseOtherMethods, oauthScope } from '@chatelaine/oauth-server-pg';
import {
  type ApiOperation,
  type ResourceMetadata,
  type ResourceUrl,
  resourceMetadataSchema,
  resourceMetadataUrl,
  SIGNING_ALGS,
} from '@chatelaine/protocol';
import type { FastifyInstance } from 'fastify';
import type { HostSettings } from './options.ts';
import type { HostResource } from './resources.ts';

/** What a Requester reads to find out who gives tokens for this Host. RFC 9728 §2. */
export function resourceMetadata(settings: HostSettings, { url, servers }: HostResource): ResourceMetadata {
  return {
    resource: url,
    authorization_servers: [...servers],
    scopes_supported: Object.keys(settings.scopes),
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
  for (const resource of settings.resources) {
    const path = new URL(resourceMetadataUrl(resource.url)).pathname;
    app.get(path, async (_request, reply) => {
      reply.header('cache-control', 'public, max-age=300');
      return resourceMetadata(settings, resource);
    });
    refuseOtherMethods(app, path, ['GET']);
  }
}
