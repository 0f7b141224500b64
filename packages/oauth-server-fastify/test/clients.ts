import { createHmac, createPrivateKey, randomUUID, sign as nodeSign } from 'node:crypto';
import { createDpopProof, generateSigningKey, publicJwks, type SigningKey, signShortJwt } from '@chatelaine/crypto';
import { CLIENT_ASSERTION_TYPE, GRANT, JWT_TYP } from '@chatelaine/protocol';
import { type Answer, type Form, postForm, postJson, type Sent } from '@chatelaine/test-kit';
import type { Rig, Side } from './rig.ts';

export const REDIRECT_URI = 'https://app.example/cb';
const ALL_GRANTS = [GRANT.authorizationCode, GRANT.refreshToken];

/** A client as a test plays it. */
export interface Party {
  readonly id: string;
  readonly redirectUri: string;
  /** Signs its assertions; null for a client without keys. */
  readonly key: SigningKey | null;
  /** Its DPoP key; null where tokens are not bound. */
  readonly dpop: SigningKey | null;
  /** RFC 7592; empty for a client with a document. */
  readonly registrationToken: string;
}

// making keys takes time, and no test needs a secret one
const keys = Array.from({ length: 6 }, () => generateSigningKey());
let nextKey = 0;
export function someKey(): SigningKey {
  nextKey += 1;
  const key = keys[nextKey % keys.length];
  if (key === undefined) throw new Error('no key');
  return key;
}

/** A client without keys that registered itself at the AM. */
export async function registered(rig: Rig, metadata: Readonly<Record<string, unknown>> = {}): Promise<Party> {
  const answer = await postJson(rig.am.ports[0], '/register', {
    redirect_uris: [REDIRECT_URI],
    grant_types: ALL_GRANTS,
    ...metadata,
  });
  if (answer.status !== 201) throw new Error(`not registered: ${answer.text}`);
  const { client_id: id, registration_access_token: registrationToken } = answer.json;
  return {
    id: String(id),
    redirectUri: REDIRECT_URI,
    key: null,
    dpop: someKey(),
    registrationToken: String(registrationToken),
  };
}

/** A client with keys, known by its document. */
export function documented(rig: Rig, side: Side, metadata: Readonly<Record<string, unknown>> = {}): Party {
  const id = `https://${randomUUID()}.example/client`;
  const key = someKey();
  rig.documents.set(id, {
    client_id: id,
    client_name: 'A client with a document',
    redirect_uris: [REDIRECT_URI],
    grant_types: ALL_GRANTS,
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: publicJwks([key]),
    ...metadata,
  });
  const dpop = side.config.relationshipTokens === 'bound' ? someKey() : null;
  return { id, redirectUri: REDIRECT_URI, key, dpop, registrationToken: '' };
}

/** The client a side is made for: with keys at the Host, without at the AM. */
export const usual = async (rig: Rig, side: Side): Promise<Party> =>
  side === rig.am ? registered(rig) : documented(rig, side);

/** How a client says who it is in a form: by its id alone, or by an assertion that is good once. */
export async function identification(rig: Rig, side: Side, party: Party): Promise<Form> {
  if (party.key === null) return { client_id: party.id };
  return withAssertion(await assertion(rig, side, party));
}

export const withAssertion = (token: string): Form => ({
  client_assertion_type: CLIENT_ASSERTION_TYPE,
  client_assertion: token,
});

/** RFC 7523 §2.2 */
export function assertion(rig: Rig, side: Side, party: Party): Promise<string> {
  if (party.key === null) throw new Error('a client without keys');
  const claims = { iss: party.id, sub: party.id, aud: side.issuer };
  return signShortJwt({ typ: JWT_TYP.clientAssertion, claims, key: party.key, clock: rig.clock, lifetimeSeconds: 60 });
}

/** A DPoP proof for a POST to one of a side's endpoints. */
export function proof(rig: Rig, side: Side, key: SigningKey, path = '/token'): Promise<string> {
  return createDpopProof({ key, htm: 'POST', htu: `${side.issuer}${path}`, clock: rig.clock });
}

export interface CallOptions {
  /** Instead of a proof by the client's own key: these headers, or none. */
  readonly dpop?: readonly string[];
  readonly replica?: 0 | 1;
  readonly headers?: Sent['headers'];
}

/** A client's POST to an endpoint, with all it needs to be itself; parameters given win over those made. */
export async function call(
  rig: Rig,
  side: Side,
  input: { party: Party; path?: string; form?: Form } & CallOptions,
): Promise<Answer> {
  const { party, path = '/token', form = {} } = input;
  const own = path === '/token' && party.dpop !== null ? [await proof(rig, side, party.dpop, path)] : [];
  const dpop = input.dpop ?? own;
  const headers = { ...(dpop.length === 0 ? {} : { dpop }), ...input.headers };
  return postForm(
    side.ports[input.replica ?? 0],
    path,
    { ...(await identification(rig, side, party)), ...form },
    headers,
  );
}

const b64 = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A JWT put together by hand, so that tests can break every rule the signer keeps. */
export function forge(header: object, claims: unknown, key: SigningKey): string {
  const input = `${b64(header)}.${b64(claims)}`;
  const d = createPrivateKey({ key: { ...key.privateJwk }, format: 'jwk' });
  const signature = nodeSign('sha256', Buffer.from(input), { key: d, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

export function forgeHmac(header: object, claims: unknown, secret: string): string {
  const input = `${b64(header)}.${b64(claims)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

export const INVALID_GRANT = { status: 400, json: { error: 'invalid_grant' } };
export const INVALID_REQUEST = { status: 400, json: { error: 'invalid_request' } };

/** Both kinds of server, each with a client of its own. */
export const sidesOf = (rig: Rig, { party, am }: { party: Party; am: Party }): readonly (readonly [Side, Party])[] => [
  [rig.am, party],
  [rig.host, am],
];
