import type { ExtensionReading, ExtensionRequest, RequestExtension } from '@chatelaine/oauth-server';
import type { ConsentView } from '@chatelaine/oauth-server-pg';
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
export const FACADE = 'facade';

const dataSchema = z.object({ resource: z.string() });

/** The resource that a request is for; null for a request of another kind. */
export function resourceOf(view: ConsentView): string | null {
  const { request } = view.interaction;
  return request.answeredBy === FACADE ? dataSchema.parse(request.extensions[FACADE]).resource : null;
}

/**
 * A request with `resource` (RFC 8707) is one for a Host's own token, by a client that need not have heard of transfers. Nothing is looked up: whether there is such a Host,
 * and whether anybody here has linked it, is between the AM and an owner who has signed in. PROTOCOL §6.
 */
export function readRequest(
  { config }: Pick<Deps, 'config'>,
  { params }: ExtensionRequest,
): ReturnType<RequestExtension['read']> {
  return Promise.resolve(read(config, params));
}

function read(config: Deps['config'], params: ExtensionRequest['params']): ExtensionReading {
  const given = params.get('resource');
  if (given === undefined) return { kind: 'none' };
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

/** Many clients spell a resource that is a whole origin with a slash (WHATWG URL); it is the same one. */
export function canonicalResource(given: string, schemes: Schemes): ResourceUrl | null {
  const whole = URL.canParse(given) && given === `${new URL(given).origin}/`;
  return parseResource(whole ? given.slice(0, -1) : given, schemes);
}

const refused = (error: ErrorCode, message: string): ExtensionReading => ({ kind: 'refused', error, message });
