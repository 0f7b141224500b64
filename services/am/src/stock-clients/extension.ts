import type { ExtensionReading, ExtensionRequest, RequestExtension } from '@chatelaine/oauth-server';
import type { Asked } from '@chatelaine/oauth-server-fastify';
import {
  type ErrorCode,
  parseIssuer,
  parseResource,
  parseLooseScope,
  type ResourceUrl,
  type Schemes,
  TRANSFER_SCOPE,
} from '@chatelaine/protocol';
import { z } from 'zod';
import type { Deps } from '../deps.ts';

/** What the AM's requests, grants and rows of this kind are called. */
export const STOCK_CLIENTS = 'facade';

const dataSchema = z.object({ resource: z.string() });

/** The resource that a request is for; null for a request of another kind. */
export function resourceOf(asked: Asked): string | null {
  const { request } = asked.interaction;
  return request.answeredBy === STOCK_CLIENTS ? dataSchema.parse(request.extensions[STOCK_CLIENTS]).resource : null;
}

/**
 * A request with `resource` (RFC 8707) is one for a Host's own token, by a client that need not have heard of
 * transfers. Nothing is looked up: whether there is such a Host, and whether anybody here has linked it, is between the
 * AM and an owner who has signed in. PROTOCOL §6.
 */
export function readRequest(
  { config }: Pick<Deps, 'config'>,
  { params }: ExtensionRequest,
): ReturnType<RequestExtension['read']> {
  return Promise.resolve(read(config, params));
}

function read(config: Deps['config'], params: ExtensionRequest['params']): ExtensionReading {
  const given = params.get('resource');
  if (given === undefined) return withoutResource(params);
  const resource = canonicalResource(given, config.schemes);
  if (resource === null)
    return refused('invalid_target', 'resource is not an absolute URL without query and fragment.');
  // PROTOCOL §2.2: the AM never takes itself for a Host
  if (parseIssuer(new URL(resource).origin, config.schemes) === config.issuer)
    return refused('invalid_target', 'This server is not a resource.');
  if (params.has('transfer_scope')) return refused('invalid_request', 'transfer_scope has no meaning here.');
  const asked = params.get('scope');
  const scope = asked === undefined ? [] : parseLooseScope(asked);
  if (scope === null) return refused('invalid_scope', 'scope is not a list of scope values.');
  // before anything is left out: nobody gets one kind of grant for having asked for the other, too
  if (scope.includes(TRANSFER_SCOPE))
    return refused('invalid_scope', 'A request is for a resource or for the scope "transfer", not for both.');
  // RFC 6749 §3.1: without a value is as left out; blank is not, for what is left out is offered whole
  if (scope.length === 0 && asked !== undefined && asked !== '')
    return refused('access_denied', 'scope names nothing.');
  return { kind: 'own', data: { resource }, scope };
}

/**
 * RFC 8707 §2: what asks for no connection of PROTOCOL §2.1 must say for which resource; nothing here could be guessed.
 */
function withoutResource(params: ExtensionRequest['params']): ExtensionReading {
  const scope = parseLooseScope(params.get('scope') ?? TRANSFER_SCOPE);
  const isOrdinary = scope === null || scope.includes(TRANSFER_SCOPE) || params.has('transfer_scope');
  return isOrdinary ? { kind: 'none' } : refused('invalid_target', 'Name the resource that the token is to be for.');
}

/**
 * Many clients end a resource with a slash, a whole origin above all (WHATWG URL); no Host has two that differ in
 * nothing else.
 */
export function canonicalResource(given: string, schemes: Schemes): ResourceUrl | null {
  return parseResource(given.endsWith('/') ? given.slice(0, -1) : given, schemes) ?? parseResource(given, schemes);
}

/**
 * Which of a Host's resources a client means: the one it names, with or without a slash at its end; or the Host's only
 * one, by its origin, which is all that clients know that look no further than the address they were given. Null: none
 * of them, or several might be meant.
 */
export function meantBy(asked: string, resources: readonly string[]): string | null {
  const bare = (url: string): string => url.replace(/\/$/, '');
  const named = resources.find((resource) => bare(resource) === bare(asked));
  if (named !== undefined) return named;
  const [only, ...others] = resources;
  return only !== undefined && others.length === 0 && new URL(only).origin === bare(asked) ? only : null;
}

const refused = (error: ErrorCode, message: string): ExtensionReading => ({ kind: 'refused', error, message });
