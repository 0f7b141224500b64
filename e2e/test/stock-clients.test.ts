import { addHost, type Constellation, type Person, signUp, startConstellation } from '@chatelaine/constellation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as openid from 'openid-client';
import { stockClientsInABrowser } from './browser/stock-clients.ts';
import { agree } from './support/agree.ts';
import { approve } from './support/approve.ts';
import { eventually } from '@chatelaine/test-kit';
import { byOauth4webapi, type Manageable } from './support/stock/by-oauth4webapi.ts';
import { byOpenid4vc } from './support/stock/by-openid4vc.ts';
import { byOpenidClient } from './support/stock/by-openid-client.ts';
import { type ClientDocuments, serveClientDocuments } from './support/stock/client-documents.ts';
import type { PlainClient, PlainWorld } from './support/stock/plain.ts';
import { plainBadgateway } from './support/stock/plain-badgateway.ts';
import { plainOpenidClient } from './support/stock/plain-openid-client.ts';
import { metadataOf, refusalOf, type StockRequester, type StockWorld, type Tokens } from './support/stock/requester.ts';

// These clients contain none of our code; only names under localhost are resolved for them.

const READ = 'entries.read';

let deployment: Constellation;
let robin: Person;
let world: StockWorld;
let documents: ClientDocuments;

beforeAll(async () => {
  deployment = await startConstellation({
    hosts: ['photos'],
    requester: false,
    guests: ['stock'],
    // for the app without DPoP
    env: ({ service }): Record<string, string> => (service === 'host' ? { BEARER_TOKENS: 'true' } : {}),
    label: 'stock-clients',
  });
  const guest = deployment.guest('stock');
  documents = await serveClientDocuments(guest);
  world = { am: deployment.am.url, redirectUri: `${guest.url}/callback`, fetch: deployment.fetch };
  robin = deployment.person({ username: 'robin', stopsAt: [world.redirectUri] });
  const host = deployment.host('photos');
  await signUp(robin, deployment.am.url);
  await signUp(robin, host.url);
  await robin.press('Add', { text: 'the first snow' });
  await addHost(robin, { am: deployment.am, host, ceiling: [READ] });
});

afterAll(async () => {
  await documents?.close();
  await deployment?.stop();
});

const newKeys = () => crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);

const publish = async (name: string, keys: CryptoKeyPair | null): Promise<string> =>
  documents.publish(name, await metadataOf(world.redirectUri, keys));

const connect = async (client: StockRequester): Promise<Tokens> =>
  client.finish(await agree(robin, await client.start(), () => 'allow'));

const CLIENTS: Readonly<Record<string, () => Promise<StockRequester>>> = {
  'oauth4webapi, registering, with private_key_jwt': async () =>
    byOauth4webapi(world, { kind: 'dynamic', keys: await newKeys() }),
  'oauth4webapi, registering, without keys of its own': () => byOauth4webapi(world, { kind: 'dynamic', keys: null }),
  'oauth4webapi, by its document, with private_key_jwt': async () => {
    const keys = await newKeys();
    return byOauth4webapi(world, { kind: 'document', clientId: await publish('keyed', keys), keys });
  },
  '@openid4vc/oauth2, by its document, without keys of its own': async () =>
    byOpenid4vc(world, await publish('wallet', null)),
  'openid-client, registering, with private_key_jwt': async () =>
    byOpenidClient(world, { kind: 'dynamic', keys: await newKeys() }),
};

describe.each(Object.entries(CLIENTS))('%s', (_name, create) => {
  let client: StockRequester;
  let connection: Tokens;

  test('connects: discovery, pushed request, the owner’s consent, code, a token bound to its key', async () => {
    client = await create();
    connection = await connect(client);
    expect(connection).toMatchObject({
      access_token: expect.stringMatching(/^cha_ct_/),
      token_type: expect.stringMatching(/^dpop$/i),
      scope: 'transfer',
    });
  });

  test('finds out what it may ask for, exchanges its token, and calls the Host', async () => {
    const { json } = await client.call(connection.access_token, String(client.metadata['chatelaine_targets_endpoint']));
    const { targets } = json as { targets: { resource: string; scopes: unknown }[] };
    expect(targets).toMatchObject([{ resource: deployment.host('photos').resource }]);

    const minted = await client.exchange({ resource: targets[0]?.resource ?? '', scope: READ });
    expect(minted).toMatchObject({
      token_type: expect.stringMatching(/^dpop$/i),
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      scope: READ,
      iss: deployment.host('photos').url,
    });
    const called = await client.call(minted.access_token, `${deployment.host('photos').resource}/entries`);
    expect(called).toMatchObject({ status: 200, json: { entries: [{ text: 'the first snow' }] } });
  });

  test('refreshes its connection token and goes on with the new one', async () => {
    const renewed = await client.refresh();
    expect(renewed.access_token).not.toBe(connection.access_token);
    const minted = await client.exchange({ resource: deployment.host('photos').resource, scope: READ });
    const called = await client.call(minted.access_token, `${deployment.host('photos').resource}/entries`);
    expect(called.status).toBe(200);
  });

  test('is told in OAuth’s words what it may not have', async () => {
    const { resource } = deployment.host('photos');
    expect(await refusalOf(client.exchange({ resource, scope: 'entries.write' }))).toBe('invalid_scope');
    const elsewhere = { resource: 'https://elsewhere.example/api', scope: READ };
    expect(await refusalOf(client.exchange(elsewhere))).toBe('invalid_target');
  });
});

describe('oauth4webapi with keys', () => {
  let client: Manageable;

  test('reads of the Host who gives tokens for it', async () => {
    client = await byOauth4webapi(world, { kind: 'dynamic', keys: await newKeys() });
    const { url, resource } = deployment.host('photos');
    expect(await client.describe(resource)).toMatchObject({ resource, authorization_servers: [url] });
  });

  test('learns of its own connection token, ends the connection, and it is dead', async () => {
    await connect(client);
    expect(await client.introspect()).toMatchObject({ active: true, scope: 'transfer', token_type: 'DPoP' });
    await client.revoke();
    expect(await client.introspect()).toEqual({ active: false });
    const wanted = { resource: deployment.host('photos').resource, scope: READ };
    expect(await refusalOf(client.exchange(wanted))).toBe('invalid_request');
  });
});

test('openid-client finds the AM by its own default, too, which is the suffix of OpenID Connect', async () => {
  const options = {
    [openid.customFetch]: (url: string, given: object) => deployment.fetch(url, given),
    execute: [openid.allowInsecureRequests],
  };
  const config = await openid.discovery(new URL(world.am), 'a-client', undefined, openid.None(), options);
  expect(config.serverMetadata()).toMatchObject({ issuer: world.am, token_endpoint: `${world.am}/token` });
});

describe.each<[string, (world: PlainWorld) => Promise<PlainClient>, { tokenType: unknown }]>([
  ['openid-client, with resource and DPoP', plainOpenidClient, { tokenType: expect.stringMatching(/^dpop$/i) }],
  ['@badgateway/oauth2-client, with a secret, Bearer', plainBadgateway, { tokenType: undefined }],
])('%s, which has never heard of token exchange', (_name, create, { tokenType }) => {
  let client: PlainClient;

  test('gets the Host’s own token by code and resource, and reads with it', async () => {
    const { resource } = deployment.host('photos');
    client = await create({ ...world, resource });
    const tokens = await client.finish(await approve(robin, await client.start(READ), [READ]));
    expect(tokens).toMatchObject({ access_token: expect.stringMatching(/^cha_at_/), scope: READ });
    expect(tokens['token_type']).toEqual(tokenType);
    const called = await client.call(`${resource}/entries`);
    expect(called).toMatchObject({ status: 200, json: { entries: [{ text: 'the first snow' }] } });
  });

  test('refreshes, and reads with what it gets', async () => {
    const before = await client.refresh();
    const after = await client.refresh();
    expect(after.access_token).not.toBe(before.access_token);
    expect(await client.call(`${deployment.host('photos').resource}/entries`)).toMatchObject({ status: 200 });
  });

  test('is told to begin anew once its owner stopped it, and its token is dead at the Host', async () => {
    await robin.visit(`${deployment.am.url}/apps`);
    await robin.press(`Stop ${client.name}`);
    expect(await codeOf(client.refresh())).toBe('invalid_grant');
    const read = () => client.call(`${deployment.host('photos').resource}/entries`);
    // some libraries try to refresh after a 401, warn about it, and then throw
    const { warn } = console;
    console.warn = () => undefined;
    const status = () =>
      read().then(
        (answer) => answer.status,
        () => 401,
      );
    await eventually(status, { until: (seen) => seen === 401 }).finally(() => void (console.warn = warn));
  });
});

stockClientsInABrowser(() => ({ deployment, owner: robin, resource: deployment.host('photos').resource, scope: READ }));

/** The `error` of a refused token request, wherever each of these libraries keeps it. */
async function codeOf(refused: Promise<unknown>): Promise<unknown> {
  const thrown = await refused.then(
    () => ({}),
    (reason: { error?: unknown; oauth2Code?: unknown }) => reason,
  );
  return 'oauth2Code' in thrown ? thrown.oauth2Code : (thrown as { error?: unknown }).error;
}
