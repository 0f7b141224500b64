import type { Constellation } from '@chatelaine/constellation';
import { type Answer, answerOf, type Connection, RAW_CALLBACK, type RawRequester } from './raw-requester.ts';

export interface World {
  readonly deployment: Constellation;
  readonly raw: RawRequester;
  /** May read entries at photos; the owner is asked about writing. */
  readonly connection: Connection;
}

/** A mistake in a request to the AM, the status and error of the answer, and what its description has to say. */
export type Mistake = readonly [
  mistake: string,
  make: (world: World) => Promise<Answer>,
  outcome: string,
  says: RegExp,
];

const READ = 'entries.read';
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

const photos = ({ deployment }: World) => deployment.host('photos').resource;
const exchange = ({ raw, connection }: World, wanted: Readonly<Record<string, string>>, proof?: null) =>
  raw.exchange(connection.accessToken, wanted, proof === undefined ? {} : { proof });
const send = async ({ deployment }: World, path: string, init: RequestInit = {}) =>
  answerOf(await deployment.fetch(`${deployment.am.url}${path}`, init));
const register = (world: World, metadata: object) =>
  send(world, '/register', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(metadata),
  });
/** A pushed request that is valid except for `params`. */
const push = ({ raw }: World, params: Readonly<Record<string, string>>) => {
  const pkce = { code_challenge: CHALLENGE, code_challenge_method: 'S256' };
  const request = {
    response_type: 'code',
    scope: 'transfer',
    redirect_uri: RAW_CALLBACK,
    dpop_jkt: CHALLENGE,
    ...pkce,
  };
  return raw.post('/par', { ...request, ...params }, { proof: null });
};

const tokenRequests: readonly Mistake[] = [
  [
    'a scope beyond the consent',
    (world) => exchange(world, { resource: photos(world), scope: 'entries.delete' }),
    '400 invalid_scope',
    /beyond what this connection may ask for/,
  ],
  ['no scope', (world) => exchange(world, { resource: photos(world) }), '400 invalid_scope', /^scope is missing/],
  ['no resource', (world) => exchange(world, { scope: READ }), '400 invalid_request', /^resource is missing/],
  [
    'a resource that is no URL',
    (world) => exchange(world, { resource: 'photos', scope: READ }),
    '400 invalid_request',
    /^resource is not an absolute URL/,
  ],
  [
    'a Host nobody knows',
    (world) => exchange(world, { resource: 'https://unknown.example/api', scope: READ }),
    '400 invalid_target',
    /cannot obtain tokens for that resource/,
  ],
  [
    'no DPoP proof',
    (world) => exchange(world, { resource: photos(world), scope: READ }, null),
    '400 invalid_dpop_proof',
    /DPoP proof by the connection's key/,
  ],
  [
    'a scope to be asked about',
    (world) => exchange(world, { resource: photos(world), scope: 'entries.write' }),
    '400 interaction_required',
    /owner has to be asked/,
  ],
  [
    'a token that is none',
    (world) => world.raw.exchange('nonsense', { resource: photos(world), scope: READ }),
    '400 invalid_request',
    /subject_token/,
  ],
];
const authorizationRequests: readonly Mistake[] = [
  [
    'the Host’s scope where the connection’s belongs',
    (world) => push(world, { scope: READ }),
    '400 invalid_target',
    /^Name the resource/,
  ],
  ['no PKCE', (world) => push(world, { code_challenge: '' }), '400 invalid_request', /^code_challenge is missing/],
  ['plain PKCE', (world) => push(world, { code_challenge_method: 'plain' }), '400 invalid_request', /must be S256/],
  ['no key named', (world) => push(world, { dpop_jkt: '' }), '400 invalid_request', /dpop_jkt/],
  [
    'another redirect_uri',
    (world) => push(world, { redirect_uri: 'https://elsewhere.example/' }),
    '400 invalid_request',
    /redirect_uri/,
  ],
  [
    'no refresh_token',
    ({ raw }) => raw.post('/token', { grant_type: 'refresh_token' }),
    '400 invalid_request',
    /^refresh_token is missing/,
  ],
  ['a code that is none', ({ raw }) => raw.redeem('nonsense'), '400 invalid_grant', /code is not valid/],
];
const otherRequests: readonly Mistake[] = [
  [
    'no client authentication',
    (world) => send(world, '/token', { method: 'POST', body: new URLSearchParams({ grant_type: 'x' }) }),
    '401 invalid_client',
    /authentication failed/,
  ],
  [
    'a grant there is not',
    ({ raw }) => raw.post('/token', { grant_type: 'password' }),
    '400 unsupported_grant_type',
    /does not have that grant type/,
  ],
  [
    'JSON at the token endpoint',
    (world) => send(world, '/token', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
    '415 invalid_request',
    /must be application\/x-www-form-urlencoded/,
  ],
  ['GET at the token endpoint', (world) => send(world, '/token'), '405 invalid_request', /Only POST/],
  [
    'registering without redirect_uris',
    (world) => register(world, { client_name: 'x' }),
    '400 invalid_redirect_uri',
    /^redirect_uris must hold/,
  ],
  [
    'a form at the registration endpoint',
    (world) => send(world, '/register', { method: 'POST', body: new URLSearchParams() }),
    '415 invalid_request',
    /must be application\/json/,
  ],
  [
    'registering with a secret of the client’s own making',
    (world) => register(world, { redirect_uris: [RAW_CALLBACK], token_endpoint_auth_method: 'client_secret_jwt' }),
    '400 invalid_client_metadata',
    /token_endpoint_auth_method must be/,
  ],
  [
    'many transfers by nobody',
    (world) =>
      send(world, '/transfers', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ transfers: [{ id: '1', resource: photos(world), scope: READ }] }),
      }),
    '401 invalid_client',
    /authentication failed/,
  ],
  [
    'asking without a token why something was refused',
    (world) => send(world, '/refusals?request_id=aaaaaaaaaaaa'),
    '401 invalid_token',
    /access token is not valid/,
  ],
  ['targets without a token', (world) => send(world, '/targets'), '401 invalid_token', /access token is not valid/],
];

export const MISTAKES = [...tokenRequests, ...authorizationRequests, ...otherRequests];
