import { answerConsent, createLoopbackFetch, type ConnectOptions, type Person } from '@chatelaine/constellation';
import {
  challengeOf,
  createDpopProof,
  createVerifier,
  generateSigningKey,
  publicJwks,
  signShortJwt,
  systemClock,
  thumbprint,
} from '@chatelaine/crypto';
import { CLIENT_ASSERTION_TYPE, GRANT, TOKEN_TYPE } from '@chatelaine/protocol';

/** What an app says that it wants, and for what purpose. PROTOCOL §2.4. */
export interface Wanted {
  readonly scope: string;
  /** The Host's resource. */
  readonly resource: string;
  readonly purpose: string;
}

/** An app without our kit, which follows the protocol by itself. */
export interface App {
  /** Sends the owner's browser to the AM; it comes back to `APP_CALLBACK`, where nobody listens. */
  connect(owner: Person, options: { wants: readonly Wanted[] } & Pick<ConnectOptions, 'answers'>): Promise<void>;
  /** Asks for a token. Resolves with the AM's answer. RFC 8693. */
  ask(wanted: { resource: string; scope: string }): Promise<Readonly<Record<string, unknown>>>;
  close(): Promise<void>;
}

export const APP_CALLBACK = 'http://127.0.0.1:49153/callback';

/** Registers an app with an AM. RFC 7591. */
export async function registerApp({
  am,
  name,
  logoUri,
}: {
  am: { readonly url: string };
  name: string;
  /** Where its icon is. */
  logoUri: string;
}): Promise<App> {
  const way = createLoopbackFetch();
  const keys = { client: generateSigningKey(), dpop: generateSigningKey() };
  const registered = await way.fetch(`${am.url}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: name,
      logo_uri: logoUri,
      redirect_uris: [APP_CALLBACK],
      grant_types: Object.values(GRANT),
      jwks: publicJwks([keys.client]),
    }),
  });
  const clientId = given(await jsonOf(registered), 'client_id');
  let connection = '';
  const post = async (path: string, form: Readonly<Record<string, string>>) => {
    const client_assertion = await signShortJwt({
      typ: 'JWT',
      key: keys.client,
      clock: systemClock,
      lifetimeSeconds: 30,
      claims: { iss: clientId, sub: clientId, aud: am.url },
    });
    const url = `${am.url}${path}`;
    const dpop = await createDpopProof({ key: keys.dpop, htm: 'POST', htu: url, clock: systemClock });
    const body = new URLSearchParams({ ...form, client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion });
    return jsonOf(await way.fetch(url, { method: 'POST', body, headers: { dpop } }));
  };
  return {
    async connect(owner, { wants, answers }) {
      const verifier = createVerifier();
      const pushed = await post('/par', {
        response_type: 'code',
        scope: 'transfer',
        redirect_uri: APP_CALLBACK,
        state: verifier.slice(0, 8),
        code_challenge: challengeOf(verifier),
        code_challenge_method: 'S256',
        dpop_jkt: thumbprint(keys.dpop.publicJwk),
        chatelaine_wants: JSON.stringify(wants),
      });
      const request = new URLSearchParams({ client_id: clientId, request_uri: given(pushed, 'request_uri') });
      await owner.visit(`${am.url}/authorize?${request.toString()}`);
      const { url } = await answerConsent(owner, answers);
      const code = url.searchParams.get('code') ?? '';
      const redeemed = await post('/token', { grant_type: GRANT.authorizationCode, code, code_verifier: verifier });
      connection = given(redeemed, 'access_token');
    },
    ask: (wanted) =>
      post('/token', {
        grant_type: GRANT.tokenExchange,
        subject_token: connection,
        subject_token_type: TOKEN_TYPE.accessToken,
        ...wanted,
      }),
    close: way.close,
  };
}

async function jsonOf(response: Response): Promise<Readonly<Record<string, unknown>>> {
  return (await response.json()) as Readonly<Record<string, unknown>>;
}

function given(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name];
  if (typeof value !== 'string') throw new Error(`The AM gave no ${name}: ${JSON.stringify(body)}`);
  return value;
}
