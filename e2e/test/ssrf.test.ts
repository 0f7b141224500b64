import net from 'node:net';
import os from 'node:os';
import { hostTag } from '@chatelaine/crypto';
import { type Constellation, type Person, signUp, startConstellation } from '@chatelaine/constellation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';
import { openTrap, type Trap } from './support/trap.ts';

// A deployment whose services may call no address of this machine: the SSRF policy has no exceptions. A server listens
// here that must never be called.

let deployment: Constellation;
let robin: Person;
let trap: Trap;

beforeAll(async () => {
  deployment = await startConstellation({
    ams: 1,
    hosts: ['photos'],
    requester: false,
    guests: ['trap'],
    label: 'ssrf',
    env: ({ service }) => ({
      OUTBOUND_EXCEPTIONS: '[]',
      REFUSALS_PER_MINUTE: '1000',
      ...(service === 'am' && { HOSTS_ADDED_PER_HOUR: '1000', REGISTRATIONS_PER_HOUR: '1000' }),
    }),
  });
  trap = await openTrap(deployment.guest('trap').port);
  robin = deployment.person({ username: 'robin' });
  await signUp(robin, deployment.am.url);
});

afterAll(async () => {
  await trap?.close();
  await deployment?.stop();
});

/** Spellings of this machine's address, at the port of the trap, where a server would answer. */
const NAMES = [
  '127.0.0.1',
  '127.1',
  '127.0.0.1.',
  '127.8.8.8',
  '0x7f000001',
  '2130706433',
  '0177.0.0.1',
  '017700000001',
  '%31%32%37.0.0.1',
  '１２７.0.0.1',
  '0.0.0.0',
  '0',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[64:ff9b::7f00:1]',
  '[2002:7f00:1::]',
  'localhost',
  'LOCALHOST.',
  'trap.localhost',
  os.hostname().toLowerCase(),
];

const INSIDE = [
  ...['10.0.0.1', '172.16.0.1', '192.168.0.1', '100.64.0.1', '[fd00::1]', '[fe80::1]'].map((name) => `https://${name}`),
  // the metadata service of clouds, which hands out credentials
  'http://169.254.169.254',
  'https://metadata.google.internal',
  'https://168.63.129.16',
];

/** The addresses of this machine in its networks, which are private ones wherever such a test runs. */
const interfaces = (): string[] =>
  Object.values(os.networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, scopeid }) => !internal && (scopeid ?? 0) === 0)
    .map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address));

const insideOrigins = (): string[] =>
  [...NAMES, ...interfaces()].flatMap((name) => [`http://${name}:${trap.port}`, `https://${name}:${trap.port}`]);

test('the trap notices who calls', async () => {
  const before = trap.connections;
  const socket = net.connect(trap.port, '127.0.0.1');
  await new Promise((resolve) => socket.once('close', resolve).resume());
  expect(trap.connections).toBe(before + 1);
});

describe('adding a Host', () => {
  const tryToAdd = async (host: string) => {
    const tab = robin.tab();
    await tab.visit(`${deployment.am.url}/hosts/add`);
    const page = await tab.press('Continue', { host });
    const [, sentence] = /\S+ (is not a service that can be linked[^\n]*)/.exec(page.text) ?? [];
    return { host, status: page.status, sentence };
  };

  test('however it spells this machine or a private network, is refused as if nothing were there', async () => {
    const before = trap.connections;
    const hosts = [...insideOrigins(), ...INSIDE];
    // only so many requests of one person wait for unknown servers at once; the others are told to try again
    const answered = (host: string) => eventually(() => tryToAdd(host), { until: ({ status }) => status !== 503 });
    const [control, ...answers] = await Promise.all(['https://photos.nowhere.example', ...hosts].map(answered));
    expect(control?.sentence).toMatch(/^is not a service that can be linked, or could not be reached\./);
    // apart from the address, which the owner typed
    expect(answers).toEqual(hosts.map((host) => ({ ...control, host })));
    expect(trap.connections).toBe(before);
  });
});

describe('a client whose document lies on this machine', () => {
  test('is unknown to the AM, to programs and to browsers, and is not fetched', async () => {
    const before = trap.connections;
    for (const origin of insideOrigins()) {
      const client = { client_id: `${origin}/client`, redirect_uri: 'https://app.example/callback' };
      const pushed = await deployment.fetch(`${deployment.am.url}/par`, {
        method: 'POST',
        body: new URLSearchParams(client),
      });
      expect([origin, pushed.status, await pushed.json()]).toMatchObject([origin, 401, { error: 'invalid_client' }]);
      const page = await robin.visit(`${deployment.am.url}/authorize?${new URLSearchParams(client).toString()}`);
      expect([origin, page.status, page.url.origin]).toEqual([origin, 400, deployment.am.url]);
    }
    expect(trap.connections).toBe(before);
  });

  test('is unknown to a Host, even at the path where an AM publishes the document made for it', async () => {
    const before = trap.connections;
    const { url } = deployment.host('photos');
    for (const origin of insideOrigins()) {
      const query = new URLSearchParams({ client_id: `${origin}/clients/${hostTag(url)}`, request_uri: 'any' });
      const page = await robin.visit(`${url}/authorize?${query.toString()}`);
      expect([origin, page.status, page.url.origin]).toEqual([origin, 400, url]);
    }
    expect(trap.connections).toBe(before);
  });

  test('may register, but its keys are not fetched from here either', async () => {
    const before = trap.connections;
    let clients = 0;
    for (const origin of insideOrigins()) {
      const metadata = { redirect_uris: ['https://app.example/callback'], jwks_uri: `${origin}/jwks` };
      const registered = await deployment.fetch(`${deployment.am.url}/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(metadata),
      });
      expect([201, 400]).toContain(registered.status);
      if (registered.status === 400) continue; // not a URL
      clients += 1;
      const { client_id: id } = (await registered.json()) as { client_id: string };
      const pushed = await deployment.fetch(`${deployment.am.url}/par`, { method: 'POST', body: asserting(id) });
      expect([origin, pushed.status, await pushed.json()]).toMatchObject([origin, 401, { error: 'invalid_client' }]);
    }
    expect(clients).toBeGreaterThan(30);
    expect(trap.connections).toBe(before);
  });
});

/**
 * A pushed request with an assertion that is valid except for its signature, which can be verified only with the
 * client's keys.
 */
function asserting(clientId: string): URLSearchParams {
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: 'ES256', kid: 'k', typ: 'client-authentication+jwt' };
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: deployment.am.url,
    iat: now,
    exp: now + 30,
    jti: crypto.randomUUID(),
  };
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  return new URLSearchParams({
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: `${encode(header)}.${encode(claims)}.${Buffer.alloc(64, 1).toString('base64url')}`,
  });
}
