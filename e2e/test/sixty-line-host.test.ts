import { addHost, type Constellation, type Person, signUp, startConstellation } from '@chatelaine/constellation';
import { createTestDatabase, type TestDatabase } from '@chatelaine/dev-postgres';
import type { LinkAccess, TransferAttempt } from '@chatelaine/host-kit';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { ResponseBodyError } from 'oauth4webapi';
import pg from 'pg';
import { agree } from './support/agree.ts';
import { eventually } from '@chatelaine/test-kit';
import { byOauth4webapi } from './support/stock/by-oauth4webapi.ts';
import type { StockRequester } from './support/stock/requester.ts';
import { openTinyHost } from './support/tiny-host.ts';

// an existing app joins the deployment; there is one person, and each test continues where the one before ended

const REDIRECT_URI = 'http://127.0.0.1:49152/callback';
const READ = 'recipes.read';

let deployment: Constellation;
let robin: Person;
let recipes: FastifyInstance;
let database: TestDatabase;
let pool: pg.Pool;
let reader: StockRequester;
const asked: TransferAttempt[] = [];
let closed = false;

beforeAll(async () => {
  deployment = await startConstellation({
    ams: 1,
    hosts: [],
    requester: false,
    guests: ['recipes'],
    label: 'sixty-line-host',
  });
  robin = deployment.person({ username: 'robin', stopsAt: [REDIRECT_URI] });
  database = await createTestDatabase(deployment.postgres, {
    instances: [{ role: 'recipes' }],
    apply: async () => undefined,
  });
  pool = new pg.Pool({ connectionString: database.url('recipes') });
  const am = { host: 'am.localhost', port: deployment.am.port, scheme: 'http', cidr: '127.0.0.0/8' } as const;
  const { url, port } = deployment.guest('recipes');
  recipes = await openTinyHost({
    issuer: url,
    pool,
    demo: true,
    outboundExceptions: [am],
    checks(transfer) {
      asked.push(transfer);
      return closed ? { denied: true, sentence: 'Recipes is closed on Mondays.' } : null;
    },
  });
  await recipes.listen({ port, host: '127.0.0.1' });
});

afterAll(async () => {
  await recipes?.close();
  await pool?.end();
  await database?.drop();
  await deployment?.stop();
});

const resource = () => `${deployment.guest('recipes').url}/api`;
const transfer = () => reader.exchange({ resource: resource(), scope: READ });

test('the owner adds it at the AM, and sets there how far the AM may go', async () => {
  const { url } = deployment.guest('recipes');
  await signUp(robin, deployment.am.url);
  const linked = await addHost(robin, { am: deployment.am, host: { url }, ceiling: [READ] });
  expect(linked.text).toContain('Recipes');
  expect(linked.text).not.toContain('Write recipes for you');
  await robin.visit(url);
  await robin.press('Keep', { recipe: 'Bread' });
});

test('a Requester gets a token that it minted, and reads with it as the owner', async () => {
  reader = await byOauth4webapi(
    { am: deployment.am.url, redirectUri: REDIRECT_URI, fetch: deployment.fetch },
    { kind: 'dynamic', keys: null },
  );
  await reader.finish(await agree(robin, await reader.start(), () => 'allow'));
  const minted = await transfer();
  expect(minted).toMatchObject({ scope: READ, resource: resource(), iss: deployment.guest('recipes').url });
  const { json } = await reader.call(minted.access_token, `${resource()}/recipes`);
  expect(json).toEqual({ recipes: ['Bread'], readBy: { requester: 'Stock', through: deployment.am.url } });
});

test('its own policy is asked last, and its no reaches the Requester as the Host’s', async () => {
  expect(asked.at(-1)).toMatchObject({ owner: 'user-robin', am: deployment.am.url, scope: [READ], bearer: false });
  closed = true;
  const refused = await transfer().catch((error: unknown) => error);
  closed = false;
  expect(refused).toBeInstanceOf(ResponseBodyError);
  expect(refused).toMatchObject({ status: 400, cause: { error: 'access_denied', denied_by: 'host' } });
  await expect(transfer()).resolves.toMatchObject({ scope: READ });
});

test('what was its own stays its own: its body parser, its error page, its routes', async () => {
  const { url } = deployment.guest('recipes');
  const burned = await deployment.fetch(`${url}/burn`);
  expect([burned.status, await burned.text()]).toEqual([500, 'Recipes burned something.']);
  const refused = await deployment.fetch(`${url}/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'x' }),
  });
  expect([refused.status, await refused.json()]).toMatchObject([401, { error: 'invalid_client' }]);
  expect((await robin.visit(url)).heading).toBe('Your recipes');
});

test('it shows the owner who has access; what the owner stops at the AM is shown as ended and refused', async () => {
  const sharing = async (): Promise<LinkAccess[]> =>
    JSON.parse((await robin.visit(`${deployment.guest('recipes').url}/sharing`)).html) as LinkAccess[];
  const minted = await transfer();
  expect(await sharing()).toMatchObject([
    { am: deployment.am.url, ceiling: [READ], requesters: [{ name: 'Stock', endedAt: null }] },
  ]);
  await robin.visit(`${deployment.am.url}/apps`);
  await robin.press('Stop Stock');
  await eventually(sharing, { until: ([link]) => link?.requesters[0]?.endedAt !== null });
  await expect(reader.call(minted.access_token, `${resource()}/recipes`)).rejects.toMatchObject({ status: 401 });
});
