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

/** The name of these requests, grants and rows in what the AM stores. */
export const STOCK_CLIENTS = 'facade';

const dataSchema = z.object({ resource: z.string() });

/** The resource that a request is for; null for a request of another kind. */
export function resourceOf(asked: Asked): string | null {
  const { request } = asked.interaction;
  return request.answeredBy === STOCK_CLIENTS ? dataSchema.parse(request.extensions[STOCK_CLIENTS]).resource : null;
}

/**
 * Reads a request with `resource` (RFC 8707): one for a Host's own token, by a client that may know nothing of
 * transfers. Nothing is looked up yet: only an owner who has signed in learns whether the AM knows such a Host, and
 * whether they have linked it. PROTOCOL §6.
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
  // PROTOCOL §2.2: the AM is never a Host of its own
  if (parseIssuer(new URL(resource).origin, config.schemes) === config.issuer)
    return refused('invalid_target', 'This server is not a resource.');
  if (params.has('transfer_scope')) return refused('invalid_request', 'transfer_scope has no meaning here.');
  const asked = params.get('scope');
  const scope = asked === undefined ? [] : parseLooseScope(asked);
  if (scope === null) return refused('invalid_scope', 'scope is not a list of scope values.');
  // checked before unknown scopes are left out: a request gets one kind of grant only, never both
  if (scope.includes(TRANSFER_SCOPE))
    return refused('invalid_scope', 'A request is for a resource or for the scope "transfer", not for both.');
  // RFC 6749 §3.1: a parameter without a value counts as omitted; a blank one does not, because without `scope`
  // everything is offered
  if (scope.length === 0 && asked !== undefined && asked !== '')
    return refused('access_denied', 'scope names nothing.');
  return { kind: 'own', data: { resource }, scope };
}

/**
 * RFC 8707 §2: a request that does not ask for a connection (PROTOCOL §2.1) must name its resource, which cannot be
 * guessed.
 */
function withoutResource(params: ExtensionRequest['params']): ExtensionReading {
  const scope = parseLooseScope(params.get('scope') ?? TRANSFER_SCOPE);
  const isOrdinary = scope === null || scope.includes(TRANSFER_SCOPE) || params.has('transfer_scope');
  return isOrdinary ? { kind: 'none' } : refused('invalid_target', 'Name the resource that the token is to be for.');
}

/**
 * Normalizes a resource that a client names. Many clients add a slash to it, above all to an origin (WHATWG URL), and
 * no Host has two resources that differ only in that.
 */
export function canonicalResource(given: string, schemes: Schemes): ResourceUrl | null {
  return parseResource(given.endsWith('/') ? given.slice(0, -1) : given, schemes) ?? parseResource(given, schemes);
}

/**
 * Which of a Host's resources a client means: the one that it names, with or without a slash at the end; or the Host's
 * only one if the client names the Host's origin, as clients do that only know the address they were given. Null: none
 * of them, or it could be several.
 */
export function meantBy(asked: string, resources: readonly string[]): string | null {
  const bare = (url: string): string => url.replace(/\/$/, '');
  const named = resources.find((resource) => bare(resource) === bare(asked));
  if (named !== undefined) return named;
  const [only, ...others] = resources;
  return only !== undefined && others.length === 0 && new URL(only).origin === bare(asked) ? only : null;
}

const refused = (error: ErrorCode, message: string): ExtensionReading => ({ kind: 'refused', error, message });
