import { hashToken } from '@chatelaine/crypto';
import {
  BAD_TARGET_TEXT,
  BAD_TOKEN_TEXT,
  canWait,
  displayText,
  type FormParams,
  GRANT,
  invalidDpopProof,
  invalidRequest,
  invalidScope,
  invalidTarget,
  type OAuthError,
  parseIssuer,
  parseResource,
  parseScope,
  parseToken,
  type ResourceUrl,
  type Schemes,
  TOKEN_TYPE,
} from '@chatelaine/protocol';
import { type Client, type Grant, isProven, type TokenKey } from '@chatelaine/oauth-server';
import type { TransferRequest } from './request.ts';
import { actorTokenOf, readRequesterStatement } from './requester-statement.ts';
import { toOAuthError } from './to-oauth-error.ts';
import { transfer, type TransferDeps } from './transfer.ts';

/** Hop 1: the token exchange grant of the AM's token endpoint. RFC 8693 §2, PROTOCOL §3.1. */
export function exchangeGrant(deps: TransferDeps): Grant {
  return {
    grantType: GRANT.tokenExchange,
    async handle({ client, params, jkt, guards, signal }) {
      const request = readTransferRequest(deps.config.schemes, { client, jkt, params });
      const outcome = await transfer(deps, { request, guards, quota: 'to be counted', signal });
      if (outcome.kind !== 'token') throw toOAuthError(outcome);
      return { ...outcome.response };
    },
  };
}

const badToken = (cause: string): OAuthError => invalidRequest(BAD_TOKEN_TEXT, { cause });

/** Reads hop 1. RFC 8693 §2.1, PROTOCOL §3.1. */
export function readTransferRequest(
  schemes: Schemes,
  input: { client: Pick<Client, 'id' | 'authMethod'>; jkt: string | null; params: FormParams },
): TransferRequest {
  const { client, jkt, params } = input;
  const clientId = client.id;
  const connectionToken = readSubject(params);
  if (jkt === null) throw invalidDpopProof("A transfer needs a DPoP proof by the connection's key.");
  refuseNames(params);
  const resource = readResource(schemes, params);
  const scopes = parseScope(params.get('scope') ?? '');
  if (scopes === null) throw invalidScope('scope is missing or not a list of scope values.');
  return {
    clientId,
    isAuthenticated: isProven(client),
    subject: { kind: 'token', key: connectionToken },
    binding: { kind: 'key', jkt },
    resource,
    scopes,
    purpose: readPurpose(params),
    requesterStatement:
      params.has('actor_token') || params.has('actor_token_type')
        ? readRequesterStatement(actorTokenOf(params), { clientId, jkt, resource, scopes })
        : null,
    completion: canWait(params.get('completion_mode')) ? 'deferral' : 'interaction',
  };
}

function readSubject(params: FormParams): TokenKey {
  const token = params.get('subject_token');
  if (token === undefined) throw badToken('subject_token missing');
  if (params.get('subject_token_type') !== TOKEN_TYPE.accessToken) throw badToken('subject_token_type');
  const requested = params.get('requested_token_type') ?? TOKEN_TYPE.accessToken;
  if (requested !== TOKEN_TYPE.accessToken) throw invalidRequest('Only access tokens are issued.');
  const parsed = parseToken(token);
  if (parsed === null || parsed.kind !== 'ct') throw badToken('not a connection token');
  return { bucket: parsed.bucket, hash: hashToken(token) };
}

/** The caller may name no other actor or key. */
function refuseNames(params: FormParams): void {
  for (const name of ['cnf', 'req_cnf', 'jkt', 'act', 'grant_id']) {
    if (params.has(name)) throw invalidRequest(`${name} is not a parameter of this request.`);
  }
}

/** RFC 8693 §2.1, RFC 8707 §2: exactly one resource; audience may add the issuer of the same Host. */
function readResource(schemes: Schemes, params: FormParams): ResourceUrl {
  const given = params.get('resource');
  if (given === undefined) throw invalidRequest('resource is missing.');
  const resource = parseResource(given, schemes);
  if (resource === null) {
    if (!URL.canParse(given) || given.includes('#'))
      throw invalidRequest('resource is not an absolute URL without fragment.');
    throw invalidTarget(BAD_TARGET_TEXT, { cause: 'resource not canonical' });
  }
  const audience = params.get('audience');
  if (audience === undefined) return resource;
  const issuer = parseIssuer(audience, schemes);
  if (issuer === null || new URL(resource).origin !== issuer) {
    throw invalidTarget(BAD_TARGET_TEXT, { cause: 'audience is not the Host of the resource' });
  }
  return resource;
}

// shown on the page where the owner decides, so it must read as it looks
const purposeSchema = displayText(200);

function readPurpose(params: FormParams): string | null {
  const purpose = params.get('purpose');
  if (purpose === undefined) return null;
  if (!purposeSchema.safeParse(purpose).success)
    throw invalidRequest('purpose must be 1 to 200 visible characters in one line.');
  return purpose;
}
