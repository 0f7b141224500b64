import { hashToken } from '@chatelaine/crypto';
import {
  BAD_TARGET_TEXT,
  BAD_TOKEN_TEXT,
  canWait,
  displayText,
  type FormParams,
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
  type ScopeSet,
  TOKEN_TYPE,
} from '@chatelaine/protocol';
import { type Client, isProven, type TokenKey } from '@chatelaine/oauth-server';
import { actorTokenOf, readRequesterStatement } from './requester-statement.ts';

/**
 * On whose behalf: the connection whose token was shown, one that was found by a code or refresh token of its own (PROTOCOL §6), or the one that waits
 * with a deferral code (PROTOCOL §3.7).
 */
export type TransferSubject =
  | { readonly kind: 'token'; readonly key: TokenKey }
  | { readonly kind: 'grant'; readonly bucket: number; readonly id: string }
  | { readonly kind: 'deferral'; readonly key: TokenKey };

/** What the token is to be bound to: the key that signed the request, or, for a client that proves none, nothing. */
export type TransferBinding = { readonly kind: 'key'; readonly jkt: string } | { readonly kind: 'bearer' };

/**
 * What becomes of a request that the owner has to be asked about. `interaction`: the Requester sends them to the question and asks again. `deferral`: it
 * gets a code to wait with. `poll`: it waits already. PROTOCOL §3.7.
 */
export type Completion = 'interaction' | 'deferral' | 'poll';

/** One transfer as a Requester asks for it. */
export interface TransferRequest {
  readonly clientId: string;
  /** The client proved that it is the client: by its key or its secret. */
  readonly isAuthenticated: boolean;
  readonly subject: TransferSubject;
  readonly binding: TransferBinding;
  readonly resource: ResourceUrl;
  readonly scopes: ScopeSet;
  /** What the Requester says it is for; shown to the owner as its words. */
  readonly purpose: string | null;
  /** What it signed itself, for the Host; not believed here. PROTOCOL §3.6. */
  readonly requesterStatement: string | null;
  readonly completion: Completion;
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
    requesterStatement: readRequesterStatement(actorTokenOf(params), { clientId, jkt, resource, scopes }),
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

/** Nothing that names another actor or key is taken from the caller. */
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

// shown on the page where the owner decides: it must look like what it says
const purposeSchema = displayText(200);

function readPurpose(params: FormParams): string | null {
  const purpose = params.get('purpose');
  if (purpose === undefined) return null;
  if (!purposeSchema.safeParse(purpose).success)
    throw invalidRequest('purpose must be 1 to 200 visible characters in one line.');
  return purpose;
}
