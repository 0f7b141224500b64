import type { ServerDeps } from '@chatelaine/oauth-server';
import { OAuthError } from '@chatelaine/protocol';
import type { FastifyRequest } from 'fastify';
import type { Limit, RateLimits } from '@chatelaine/oauth-server-pg';
import { countedSource } from './counted-source.ts';

export interface RequestDepsOptions {
  readonly deps: ServerDeps;
  readonly rateLimits: RateLimits;
  readonly limits: { readonly documents: Limit; readonly documentKilobytes: Limit };
}

const authenticated = new WeakSet<FastifyRequest>();

/** Whether the client of a request has proved who it is, by a key or a secret. */
export function isAuthenticated(request: FastifyRequest): boolean {
  return authenticated.has(request);
}

/**
 * The kernel's dependencies for one request. A stranger may name any URL as a client: what we then fetch and keep is
 * counted against their source. Documents that are still fresh cost nothing.
 */
export function requestDeps({ deps, rateLimits, limits }: RequestDepsOptions, request: FastifyRequest): ServerDeps {
  return {
    ...deps,
    authenticated: () => void authenticated.add(request),
    async fetchDocument(url) {
      const source = countedSource(deps.config.issuer, request);
      await rateLimits.consume(limits.documents, source);
      const fetched = await deps.fetchDocument(url);
      if (fetched.kind === 'failed') return fetched;
      const kilobytes = Math.ceil(Buffer.byteLength(JSON.stringify(fetched.json)) / 1024);
      const mayBeStored = await has(rateLimits.consume(limits.documentKilobytes, source, kilobytes));
      return { ...fetched, mayBeStored };
    },
  };
}

/** Whether a limit is not yet used up. */
async function has(consumed: Promise<void>): Promise<boolean> {
  try {
    await consumed;
    return true;
  } catch (error) {
    if (error instanceof OAuthError && error.status === 429) return false;
    throw error;
  }
}
