import { answerConsent, type Person, signInIfAsked } from '@chatelaine/constellation';
import { challengeOf, createVerifier, publicJwks } from '@chatelaine/crypto';
import { GRANT } from '@chatelaine/protocol';
import { REDIRECT_URI, SCOPE } from './code.ts';
import { runBlock } from './load.ts';
import { type Endpoint, newParty, type Party, type Prepared, prepare } from './requests.ts';
import { register } from './target.ts';

/** The tokens of a connection. */
export interface Tokens {
  readonly access: string;
  readonly refresh: string;
}

/** Registers a client with the AM. */
export async function registered(am: Endpoint, name = 'Measured'): Promise<Party> {
  const party = newParty('');
  const clientId = await register(am, {
    client_name: name,
    redirect_uris: [REDIRECT_URI],
    grant_types: [GRANT.authorizationCode, GRANT.refreshToken, GRANT.tokenExchange],
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: publicJwks([party.key]),
  });
  return { ...party, clientId };
}

/** Makes a connection for which this person allows everything: push, consent, code. */
export async function connect(person: Person, am: Endpoint, party: Party): Promise<Tokens> {
  const verifier = createVerifier();
  await person.visit(`${am.issuer}${await pushRequest(am, party, verifier)}`);
  await signInIfAsked(person);
  const back = await answerConsent(person, () => 'allow');
  const code = back.url.searchParams.get('code') ?? '';
  const form = { grant_type: GRANT.authorizationCode, code, code_verifier: verifier, redirect_uri: REDIRECT_URI };
  const tokens = await only(am, party, 'with proof', '/token', form);
  return { access: String(tokens['access_token']), refresh: String(tokens['refresh_token']) };
}

/** Pushes a request for a connection; the path to which a browser goes with it. */
export async function pushRequest(am: Endpoint, party: Party, verifier: string): Promise<string> {
  const pushed = await only(am, party, 'without proof', '/par', {
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: SCOPE,
    state: 'state',
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
    dpop_jkt: party.dpop.kid,
  });
  const query = new URLSearchParams({ client_id: party.clientId, request_uri: String(pushed['request_uri']) });
  return `/authorize?${query.toString()}`;
}

async function only(
  am: Endpoint,
  party: Party,
  proof: 'with proof' | 'without proof',
  endpoint: string,
  form: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, unknown>>> {
  const request: Prepared = await prepare(am, party, { path: endpoint, form, proof });
  const { answers } = await runBlock(am.port, [request], 1);
  return answers[0]?.json ?? {};
}
