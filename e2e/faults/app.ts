import { challengeOf, createDpopProof, createVerifier, type SigningKey } from '@chatelaine/crypto';
import { formatForm, GRANT } from '@chatelaine/protocol';
import type { Documents } from '@chatelaine/test-kit';
import type { Redeemer } from './connect.ts';
import { now, type Outcome, type Seen } from './history.ts';
import { ask, clock } from './requester.ts';

/** A stock OAuth client that uses plain HTTP and takes the AM for the Host's own authorization server. PROTOCOL §6. */
export interface App extends Redeemer {
  readonly continuesWith: 'refresh_token';
  /** Without a key it gets bearer tokens, and its refresh tokens are rotated. */
  readonly key: SigningKey | null;
  authorize(input: { resource: string; scope: string }): { url: string; verifier: string };
  refresh(refreshToken: string): Promise<Seen>;
  /** Revokes a refresh token. RFC 7009 */
  revoke(refreshToken: string): Promise<Outcome>;
  call(input: { accessToken: string; url: string }): Promise<Seen>;
}

export interface AppOptions {
  name: string;
  am: string;
  documents: Documents;
  fetch: typeof globalThis.fetch;
  key: SigningKey | null;
}

export function createApp({ name, am, documents, fetch, key }: AppOptions): App {
  const path = `/${name.toLowerCase().replaceAll(' ', '-')}`;
  const clientId = `${documents.origin}${path}.json`;
  const redirectUri = `${documents.origin}/callback${path}`;
  documents.publish(`${path}.json`, {
    client_id: clientId,
    client_name: name,
    client_uri: documents.origin,
    redirect_uris: [redirectUri],
    grant_types: [GRANT.authorizationCode, GRANT.refreshToken],
    token_endpoint_auth_method: 'none',
  });
  const prepare = async (endpoint: string, form: Readonly<Record<string, string>>): Promise<() => Promise<Outcome>> => {
    const url = `${am}${endpoint}`;
    const body = formatForm({ ...form, client_id: clientId });
    const proof = key === null ? {} : { dpop: await createDpopProof({ key, htm: 'POST', htu: url, clock }) };
    const headers = { 'content-type': 'application/x-www-form-urlencoded', ...proof };
    return () => ask(fetch, url, { method: 'POST', headers, body });
  };
  const prepareRedemption = (code: string, verifier: string) =>
    prepare('/token', {
      grant_type: GRANT.authorizationCode,
      code,
      code_verifier: verifier,
      redirect_uri: redirectUri,
    });
  return {
    name,
    clientId,
    redirectUri,
    continuesWith: 'refresh_token',
    key,
    prepareRedemption,
    redeem: async (code, verifier) => (await prepareRedemption(code, verifier))(),
    authorize({ resource, scope }) {
      const verifier = createVerifier();
      const query = formatForm({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        code_challenge: challengeOf(verifier),
        code_challenge_method: 'S256',
        state: name,
        resource,
        scope,
        ...(key !== null && { dpop_jkt: key.kid }),
      });
      return { url: `${am}/authorize?${query}`, verifier };
    },
    async refresh(refreshToken) {
      const send = await prepare('/token', { grant_type: GRANT.refreshToken, refresh_token: refreshToken });
      const begin = now();
      const outcome = await send();
      return { begin, end: now(), outcome };
    },
    revoke: async (refreshToken) => (await prepare('/revoke', { token: refreshToken }))(),
    async call({ accessToken, url }) {
      const headers =
        key === null
          ? { authorization: `Bearer ${accessToken}` }
          : {
              authorization: `DPoP ${accessToken}`,
              dpop: await createDpopProof({ key, htm: 'GET', htu: url, accessToken, clock }),
            };
      const begin = now();
      const outcome = await ask(fetch, url, { headers });
      return { begin, end: now(), outcome };
    },
  };
}
