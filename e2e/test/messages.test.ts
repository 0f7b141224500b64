import { addHost, type Constellation, type Person, signUp, startConstellation } from '@chatelaine/constellation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Answer,
  answerOf,
  type Connection,
  openRawRequester,
  RAW_CALLBACK,
  type RawRequester,
} from './support/raw-requester.ts';
import { MISTAKES, type World } from './support/mistakes.ts';

// What the developer of a Requester reads about a request that is wrong.

const READ = 'entries.read';

let deployment: Constellation;
let robin: Person;
let raw: RawRequester;
let connection: Connection;

beforeAll(async () => {
  deployment = await startConstellation({ ams: 1, hosts: ['photos', 'notes'], requester: false, label: 'messages' });
  robin = deployment.person({ username: 'robin', stopsAt: [RAW_CALLBACK] });
  await signUp(robin, deployment.am.url);
  await signUp(robin, deployment.host('photos').url);
  await addHost(robin, { am: deployment.am, host: deployment.host('photos') });
  raw = await openRawRequester(deployment);
  connection = await raw.connect(robin, ({ scope }) => (scope === READ ? 'allow' : 'ask'));
});

afterAll(() => deployment?.stop());

/** An OAuth error with a description for people, which caches must not store. */
function expectMessage({ status, headers, body }: Answer, outcome: string, says: RegExp): void {
  expect(`${status} ${String(body['error'])}`).toBe(outcome);
  expect(body['error_description']).toMatch(/^[A-Za-z"][ -~]{10,}\.$/);
  expect(body['error_description']).toMatch(says);
  expect(headers.get('content-type')).toMatch(/^application\/json/);
  expect(headers.get('cache-control')).toBe('no-store');
  // members that only the framework's own errors have
  expect(Object.keys(body)).not.toContain('statusCode');
}

const world = (): World => ({ deployment, raw, connection });
const exchange = (wanted: Readonly<Record<string, string>>) => raw.exchange(connection.accessToken, wanted);
const photos = () => deployment.host('photos').resource;

describe('at the AM', () => {
  test.each(MISTAKES)('%s', async (_mistake, make, outcome, says) => {
    expectMessage(await make(world()), outcome, says);
  });

  test('a Host that is not linked is answered as one that nobody knows, byte for byte but for the id', async () => {
    const answers = await Promise.all(
      [deployment.host('notes').resource, 'https://unknown.example/api'].map((resource) =>
        exchange({ resource, scope: READ }),
      ),
    );
    const [notLinked, unknown] = answers.map(({ status, body: { request_id: id, ...said } }) => {
      expect(id).toMatch(/^[\w-]{12}$/);
      return { status, said };
    });
    expect(notLinked).toEqual(unknown);
  });

  test('what the owner denies for good says who denies it', async () => {
    const { body } = await exchange({ resource: photos(), scope: 'entries.write' });
    await robin.visit(String(body['interaction_uri']));
    await robin.press('never');
    const denied = await exchange({ resource: photos(), scope: 'entries.write' });
    expectMessage(denied, '400 access_denied', /owner's rules/);
    expect(denied.body).toMatchObject({ denied_by: 'am' });
  });
});

describe('at a Host', () => {
  const entries = () => `${photos()}/entries`;
  const token = async () => String((await exchange({ resource: photos(), scope: READ })).body['access_token']);
  const call = async (authorization: string | null, init: RequestInit = {}) =>
    answerOf(await deployment.fetch(entries(), { ...init, headers: authorization === null ? {} : { authorization } }));

  test('no token: where to learn who gives one, and for which scope', async () => {
    const answer = await call(null);
    expectMessage(answer, '401 invalid_token', /access token is needed/);
    expect(answer.headers.get('www-authenticate')).toMatch(/^DPoP .*scope="entries\.read".*resource_metadata="http/);
  });

  test('a token without its proof', async () => {
    expectMessage(await call(`DPoP ${await token()}`), '401 invalid_dpop_proof', /proof/);
  });

  test('a token for something less', async () => {
    const accessToken = await token();
    const dpop = await raw.proof('POST', entries(), accessToken);
    const headers = { authorization: `DPoP ${accessToken}`, dpop, 'content-type': 'application/json' };
    const answer = await answerOf(await deployment.fetch(entries(), { method: 'POST', headers, body: '{}' }));
    expectMessage(answer, '403 insufficient_scope', /scope/);
    expect(answer.body).toMatchObject({ scope: 'entries.read entries.write' });
  });

  test('its refusals name no framework', async () => {
    const answer = await answerOf(await deployment.fetch(`${deployment.host('photos').url}/api/nothing-here`));
    expect([answer.status, Object.keys(answer.body)]).toEqual([404, ['error', 'error_description']]);
  });
});

describe('what the metadata lists is there', () => {
  type Metadata = Readonly<Record<string, unknown>> & { readonly grant_types_supported: string[] };
  const read = async (issuer: string) => {
    const answer = await answerOf(await deployment.fetch(`${issuer}/.well-known/oauth-authorization-server`));
    return answer.body as Metadata;
  };
  const endpointsOf = (metadata: Metadata) =>
    Object.keys(metadata)
      .filter((name) => name.endsWith('_endpoint'))
      .toSorted();

  const COMMON = [
    'authorization_endpoint',
    'introspection_endpoint',
    'pushed_authorization_request_endpoint',
    'revocation_endpoint',
    'token_endpoint',
  ];
  test.each([
    [
      'the AM',
      () => deployment.am.url,
      [
        'chatelaine_agreements_endpoint',
        'chatelaine_refusals_endpoint',
        'chatelaine_targets_endpoint',
        'chatelaine_transfers_endpoint',
        'registration_endpoint',
      ],
    ],
    ['a Host', () => deployment.host('photos').url, []],
  ])('%s answers at each endpoint, in its own words', async (_who, issuer, more) => {
    const metadata = await read(issuer());
    expect(endpointsOf(metadata)).toEqual([...COMMON, ...more].toSorted());
    for (const name of endpointsOf(metadata)) {
      for (const method of ['GET', 'POST']) {
        const answer = await deployment.fetch(String(metadata[name]), {
          method,
          ...(method === 'POST' && { body: new URLSearchParams() }),
        });
        const type = name === 'authorization_endpoint' ? 'text/html' : 'application/json';
        expect([name, method, answer.headers.get('content-type')]).toEqual([
          name,
          method,
          expect.stringContaining(type),
        ]);
        expect([400, 401, 403, 405, 415]).toContain(answer.status);
        if (answer.status === 405) expect(answer.headers.get('allow')).not.toBeNull();
        await answer.arrayBuffer();
      }
    }
  });

  test('each protected resource of a Host describes itself and names the Host', async () => {
    const { url, resource } = deployment.host('photos');
    expect((await read(url))['protected_resources']).toEqual([resource]);
    const { pathname } = new URL(resource);
    const { body } = await answerOf(await deployment.fetch(`${url}/.well-known/oauth-protected-resource${pathname}`));
    expect(body).toMatchObject({ resource, authorization_servers: [url] });
  });

  test('each grant of the AM exists', async () => {
    const { grant_types_supported: grants } = await read(deployment.am.url);
    expect(grants.length).toBeGreaterThanOrEqual(3);
    for (const grant_type of grants) {
      const { body } = await raw.post('/token', { grant_type });
      expect([grant_type, body['error']]).toEqual([grant_type, 'invalid_request']);
    }
  });
});
