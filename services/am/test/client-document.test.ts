import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hostTag } from '@chatelaine/crypto';
import { send } from '@chatelaine/test-kit';
import { createWorld, type World } from './support/world.ts';

let world: World;

beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const get = (path: string, port = world.am.port) => send(port, { path });

describe('who the AM is to a Host', () => {
  test('any well-formed tag has a document, known or not: it is no list of Hosts', async () => {
    for (const tag of [hostTag(world.host.issuer), hostTag('https://never-seen.example'), 'A'.repeat(22)]) {
      const answer = await get(`/clients/${tag}`);
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toMatch(/^application\/json/);
      expect(answer.headers['cache-control']).toBe('public, max-age=300');
      expect(JSON.parse(answer.text)).toMatchObject({
        client_id: `${world.issuer}/clients/${tag}`,
        redirect_uris: [`${world.issuer}/callback/${tag}`],
        jwks_uri: `${world.issuer}/jwks`,
        chatelaine_issuer: world.issuer,
        token_endpoint_auth_method: 'private_key_jwt',
      });
    }
  });

  test.each([
    ['short'],
    ['A'.repeat(21)],
    ['A'.repeat(23)],
    [`${'A'.repeat(21)}%2F`],
    [`${'A'.repeat(21)}%00`],
    [`${'A'.repeat(21)}.`],
  ])('no document at %s', async (tag) => {
    expect((await get(`/clients/${tag}`)).status).toBe(404);
  });

  test('only public halves of keys are published', async () => {
    const answer = await get('/jwks');
    const { keys } = JSON.parse(answer.text) as { keys: Record<string, unknown>[] };
    expect(answer.headers['content-type']).toMatch(/^application\/jwk-set\+json/);
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });
});

describe('the signing key', () => {
  test('processes that start at once share one', async () => {
    await world.pool.query('delete from signing_key');
    const replicas = await Promise.all([world.replica(), world.replica(), world.replica()]);
    const published = await Promise.all(replicas.map(async ({ port }) => (await get('/jwks', port)).text));
    expect(new Set(published).size).toBe(1);
    expect((await world.pool.query('select 1 from signing_key')).rowCount).toBe(1);
    for (const replica of replicas) await replica.close();
  });

  test('is stored encrypted', async () => {
    const { rows } = await world.pool.query<{ sealed: Buffer }>('select sealed from signing_key');
    expect(rows[0]?.sealed.toString('latin1')).not.toContain('"d"');
  });

  test('a process with another ENCRYPTION_KEY refuses to start', async () => {
    await expect(world.replica({ encryptionKey: Buffer.alloc(32, 7) })).rejects.toThrow(
      'ENCRYPTION_KEY is not the key that this database was encrypted with',
    );
  });
});

test('of a Host with a resource for each AM, those of other AMs are left alone', async () => {
  const { issuer, behaviour } = world.host;
  const { browser } = await world.person();
  const [api, ours, theirs] = ['api', 'ours', 'theirs'].map((path) => `${issuer}/${path}`);
  const first = new Map([
    [ours, world.issuer],
    [theirs, 'https://am.example'],
  ]);
  behaviour.metadata = (m) => ({ ...m, protected_resources: [api, ours, theirs] });
  behaviour.resource = (m) => ({
    ...m,
    authorization_servers: [...[first.get(String(m['resource'])) ?? []].flat(), issuer],
  });
  expect((await browser.submit('/hosts/add', '/hosts/add', { host: issuer })).status).toBe(200);
  const { rows } = await world.pool.query('select resources from host where issuer = $1', [issuer]);
  expect(rows).toEqual([{ resources: [api, ours] }]);
});
