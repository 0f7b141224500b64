import {
  challengeOf,
  createDpopProof,
  createVerifier,
  generateSigningKey,
  publicJwks,
  readProffer,
  signAgreement,
  type SigningKey,
  signShortJwt,
} from '@chatelaine/crypto';
import { CLIENT_ASSERTION_TYPE, formatForm, GRANT, JWT_TYP, LIFETIME, TOKEN_TYPE } from '@chatelaine/protocol';
import type { Documents } from '@chatelaine/test-kit';
import { type Decision, now, type Outcome, type Seen } from './history.ts';

export const clock = { now: () => Date.now() / 1_000 };
/** How long clients wait for a response. */
export const PATIENCE_MS = 15_000;

/**
 * A Requester that uses only keys and plain HTTP, so that no request is retried without being recorded in the history.
 */
export interface Client {
  readonly name: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly key: SigningKey;
  readonly continuesWith: 'access_token';
  /** Pushes an authorization request; `null` when it was not accepted. */
  push(): Promise<{ url: string; verifier: string } | null>;
  /** Does everything slow in advance; the function that it returns sends the request. */
  prepareRedemption(code: string, verifier: string): Promise<() => Promise<Outcome>>;
  redeem(code: string, verifier: string): Promise<Outcome>;
  transfer(input: { accessToken: string; resource: string; scope: string }): Promise<Seen>;
  call(input: { accessToken: string; url: string }): Promise<Seen>;
  /** Reads the terms that its owner offers; with an agreement, sends it. PROTOCOL §10.3. */
  agreements(input: { accessToken: string; agreement?: string }): Promise<Seen>;
  /** Signs the first terms that an offer names, or declines them all. */
  sign(proffer: string, decision: Decision): Promise<string>;
}

export interface ClientOptions {
  name: string;
  am: string;
  documents: Documents;
  fetch: typeof globalThis.fetch;
}

export function createClient({ name, am, documents, fetch }: ClientOptions): Client {
  const path = `/${name.toLowerCase().replaceAll(' ', '-')}`;
  const clientId = `${documents.origin}${path}.json`;
  const redirectUri = `${documents.origin}/callback${path}`;
  const [key, ownKey] = [generateSigningKey('ES256'), generateSigningKey('EdDSA')];
  documents.publish(`${path}.jwks`, publicJwks([ownKey]));
  documents.publish(`${path}.json`, {
    client_id: clientId,
    client_name: name,
    client_uri: documents.origin,
    redirect_uris: [redirectUri],
    grant_types: Object.values(GRANT),
    scope: 'transfer',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks_uri: `${documents.origin}${path}.jwks`,
  });
  const assertion = (): Promise<string> =>
    signShortJwt({
      typ: JWT_TYP.clientAssertion,
      key: ownKey,
      clock,
      lifetimeSeconds: LIFETIME.statement,
      claims: { iss: clientId, sub: clientId, aud: am },
    });
  const prepare = async (endpoint: string, form: Readonly<Record<string, string>>): Promise<() => Promise<Outcome>> => {
    const body = formatForm({
      ...form,
      client_assertion_type: CLIENT_ASSERTION_TYPE,
      client_assertion: await assertion(),
    });
    const dpop = await createDpopProof({ key, htm: 'POST', htu: `${am}${endpoint}`, clock });
    const headers = { 'content-type': 'application/x-www-form-urlencoded', dpop };
    return () => ask(fetch, `${am}${endpoint}`, { method: 'POST', headers, body });
  };
  const prepareRedemption = (code: string, verifier: string) =>
    prepare('/token', { grant_type: GRANT.authorizationCode, code, code_verifier: verifier });
  return {
    name,
    clientId,
    redirectUri,
    key,
    continuesWith: 'access_token',
    prepareRedemption,
    redeem: async (code, verifier) => (await prepareRedemption(code, verifier))(),
    async push() {
      const verifier = createVerifier();
      const send = await prepare('/par', {
        response_type: 'code',
        scope: 'transfer',
        redirect_uri: redirectUri,
        code_challenge: challengeOf(verifier),
        code_challenge_method: 'S256',
        dpop_jkt: key.kid,
        state: name,
      });
      const pushed = await send();
      if (pushed.kind === 'broken_promise') throw new Error(pushed.what);
      if (pushed.kind !== 'ok') return null;
      const query = formatForm({ client_id: clientId, request_uri: String(pushed.json['request_uri']) });
      return { url: `${am}/authorize?${query}`, verifier };
    },
    async transfer({ accessToken, resource, scope }) {
      const send = await prepare('/token', {
        grant_type: GRANT.tokenExchange,
        subject_token: accessToken,
        subject_token_type: TOKEN_TYPE.accessToken,
        resource,
        scope,
      });
      const begin = now();
      const outcome = await send();
      return { begin, end: now(), outcome };
    },
    async agreements({ accessToken, agreement }) {
      const url = `${am}/agreements`;
      const method = agreement === undefined ? 'GET' : 'POST';
      const dpop = await createDpopProof({ key, htm: method, htu: url, accessToken, clock });
      const headers = { authorization: `DPoP ${accessToken}`, dpop, 'content-type': 'application/json' };
      const body = agreement === undefined ? {} : { body: JSON.stringify({ agreement }) };
      const begin = now();
      const outcome = await ask(fetch, url, { method, headers, ...body });
      return { begin, end: now(), outcome };
    },
    async sign(proffer, decision) {
      const read = await readProffer(proffer);
      const accepted = 'fault' in read ? undefined : read.claims.terms[0];
      if (accepted === undefined) throw new Error(`The AM made an offer that is none: ${proffer}`);
      const claims = { iss: clientId, sub: clientId, aud: am, iat: Math.floor(clock.now()), proffer };
      return signAgreement(decision === 'accepted' ? { ...claims, accepted } : { ...claims, declined: true }, ownKey);
    },
    async call({ accessToken, url }) {
      const dpop = await createDpopProof({ key, htm: 'GET', htu: url, accessToken, clock });
      const begin = now();
      const outcome = await ask(fetch, url, { headers: { authorization: `DPoP ${accessToken}`, dpop } });
      return { begin, end: now(), outcome };
    },
  };
}

const PROMISED: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * Sends one request and classifies the response. Errors of the front itself, when no process is behind it, count as
 * `unknown`.
 */
export async function ask(fetch: typeof globalThis.fetch, url: string, init: RequestInit): Promise<Outcome> {
  let status: number;
  let type: string;
  let text: string;
  try {
    const answer = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(PATIENCE_MS) });
    status = answer.status;
    type = answer.headers.get('content-type') ?? '';
    text = await answer.text();
  } catch {
    return { kind: 'unknown' };
  }
  if (status === 502 && type.startsWith('text/plain')) return { kind: 'unknown' };
  const json = parse(text);
  if (status >= 200 && status < 300) return { kind: 'ok', json: json ?? {} };
  const error = json?.['error'];
  if (typeof error !== 'string')
    return { kind: 'broken_promise', what: `${url} answered ${status} without an error code` };
  // the machine is so busy that the request did not arrive in time: nothing was decided (RFC 9110 §15.5.9)
  if (status === 408) return { kind: 'unavailable', status };
  if (status < 500) return { kind: 'refused', status, error };
  if (PROMISED.has(status)) return { kind: 'unavailable', status };
  return { kind: 'broken_promise', what: `${url} answered ${status} ${error}` };
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}
