import type { ServerDeps } from '@chatelaine/oauth-server';
import type { FastifyRequest } from 'fastify';
import type { Limit, RateLimits } from '../limits.ts';
import { countedSource } from './counted-source.ts';

export interface RequestDepsOptions {
  readonly deps: ServerDeps;
  readonly rateLimits: RateLimits;
  readonly limits: { readonly documents: Limit };
}

const authenticated = new WeakSet<FastifyRequest>();

/** Whether the client of a request has proved who it is, by a key or a secret. */
export function isAuthenticated(request: FastifyRequest): boolean {
  return authenticated.has(request);
}

/**
 * The kernel's dependencies for one request. A stranger may name any URL as a client: what that makes us fetch, and keep, is counted against
 * his source. Documents that are still fresh cost nothing.
 */
export function requestDeps({ deps, rateLimits, limits }: RequestDepsOptions, request: FastifyRequest): ServerDeps {
  return {
    ...deps,
    authenticated: () => void authenticated.add(request),
    async fetchDocument(url) {
      await rateLimits.consume(limits.documents, countedSource(deps.config.issuer, request));
      return deps.fetchDocument(url);
    },
  };
}
