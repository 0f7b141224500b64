import { isDatabaseUnavailable } from '@chatelaine/postgres';
import { formatScope, type ResourceUrl, valuesOf } from '@chatelaine/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { resourceOf } from '../resources.ts';
import { challenge } from './challenge.ts';
import { type Allowed, type CheckDeps, judge, type Verdict } from './check-request.ts';

/** A Fastify hook: `onRequest` (before any body is read) or `preHandler`. */
export type RequireScopeHook = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

/** What a route requires of a token. */
export interface Wanted {
  readonly scopes: readonly string[];
  /** What a client without a token is told to request: `scopes`, and further ones where they are of use. */
  readonly askFor: readonly string[];
}

/**
 * The check before a route. It answers a refused request itself, in OAuth's form and not by the app's error handler,
 * and hands an accepted one to `allow`.
 */
export function requireScopeHook(
  deps: CheckDeps,
  wanted: Wanted,
  allow: (request: FastifyRequest, allowed: Allowed) => void,
): RequireScopeHook {
  return async (request, reply) => {
    const { rawHeaders } = request.raw;
    const resource = resourceOf(deps.settings.resources, request.originalUrl);
    let verdict: Verdict;
    try {
      verdict = await judge(deps, {
        method: request.method,
        target: request.originalUrl,
        authorization: valuesOf(rawHeaders, 'authorization'),
        dpop: valuesOf(rawHeaders, 'dpop'),
        resource,
        scopes: wanted.scopes,
      });
    } catch (error) {
      if (!isDatabaseUnavailable(error)) throw error;
      request.log.warn({ err: error }, 'a request cannot be judged');
      return unavailable(reply, 2);
    }
    if (verdict.kind === 'allowed') {
      allow(request, verdict);
      return undefined;
    }
    if (verdict.kind === 'unavailable') {
      request.log.warn({ cause: verdict.cause }, 'a request cannot be judged');
      return unavailable(reply, verdict.retryAfter);
    }
    return refuse(deps, { verdict, wanted, resource, request, reply });
  };
}

function refuse(
  { settings }: CheckDeps,
  input: {
    verdict: Exclude<Verdict, { kind: 'allowed' | 'unavailable' }>;
    wanted: Wanted;
    resource: ResourceUrl;
    request: FastifyRequest;
    reply: FastifyReply;
  },
): FastifyReply {
  const { verdict, wanted, resource, request, reply } = input;
  // one step-up is enough: a client that requests these scopes keeps what its token has and gets all that the route
  // needs
  const held = verdict.kind === 'refused' ? (verdict.held ?? []) : [];
  const scope = formatScope([...new Set([...held, ...wanted.scopes, ...wanted.askFor])]);
  const [status, fault] =
    verdict.kind === 'refused' ? ([verdict.status, verdict.fault] as const) : ([401, null] as const);
  request.log.info(
    { outcome: fault?.error ?? 'anonymous', status, cause: verdict.kind === 'refused' ? verdict.cause : undefined },
    'refused',
  );
  const body =
    fault === null
      ? { error: 'invalid_token', error_description: 'An access token is needed.' }
      : { error: fault.error, error_description: fault.description, ...(status === 403 ? { scope } : {}) };
  reply.header('www-authenticate', challenge(settings, { resource, scope, fault }));
  return reply.code(status).header('cache-control', 'no-store').send(body);
}

function unavailable(reply: FastifyReply, retryAfter: number): FastifyReply {
  const body = { error: 'temporarily_unavailable', error_description: 'The server cannot answer right now.' };
  return reply.code(503).header('cache-control', 'no-store').header('retry-after', String(retryAfter)).send(body);
}
