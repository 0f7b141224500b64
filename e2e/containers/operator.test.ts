import { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  addHost,
  createLoopbackFetch,
  type LoopbackFetch,
  type Page,
  type Person,
  signIn,
  signUp,
} from '@chatelaine/constellation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';
import { type Connection, openRawRequester, RAW_CALLBACK, type RawRequester } from '../test/support/raw-requester.ts';
import { dumpSchema, restore, sql } from './support/backup.ts';
import { type Deployment, openDeployment } from './support/deployment.ts';
import { docker } from './support/docker.ts';
import { type Load, lostIn, startLoad } from './support/load.ts';

// docker-compose.tls.yml with the demo profile, and what operations.md has an operator do with it; each test goes on
// where the one before ended

const SERVICES = ['am', 'photos', 'calendar', 'notes', 'lifestream', 'bridge'] as const;
const UP = ['--profile', 'demo', 'up', '-d', '--no-build'];

let deployment: Deployment;
let ca: string;
let trusting: LoopbackFetch;
let demo: Person;
let robin: Person;
let raw: RawRequester;
let connection: Connection;
let load: Load | undefined;

beforeAll(async () => {
  deployment = await openDeployment({ overlays: ['docker-compose.tls.yml'], scheme: 'https' });
  await deployment.compose(UP);
  // as operations.md says how to get it for one's browser
  ca = await deployment.compose(['run', '--rm', '--no-deps', 'certificates', 'cat', '/tls/public/ca.pem']);
  trusting = createLoopbackFetch({ ca });
});

afterAll(async () => {
  await load?.stop();
  await trusting?.close();
  await deployment?.down();
});

/** What the container that makes the demo account says when it has ended, and with which code. */
async function seeded(): Promise<{ code: string; says: string }> {
  const [id = ''] = await deployment.containers('demo', 'exited');
  return { code: await docker('inspect', '-f', '{{.State.ExitCode}}', id), says: await docker('logs', id) };
}
const whenSeeded = async () => {
  await eventually(() => deployment.containers('demo', 'exited'), {
    until: (ids) => ids.length === 1,
  });
  return seeded();
};
const wordAfter = (label: string, text: string): string =>
  new RegExp(`^ *${label} +(\\S+)$`, 'm').exec(text)?.[1] ?? '';
const cookiesOf = (page: Page): string[] => [page.headers['set-cookie'] ?? []].flat();
/** As root in a container of the image with all files of these volumes, which no service has. */
function inVolume(volume: string, ...command: string[]): Promise<string> {
  const mounted = ['-v', `${deployment.project}_${volume}:/v:ro`];
  return docker('run', '--rm', '--network', 'none', ...mounted, 'chatelaine-postgres', ...command);
}

describe('docker-compose with TLS and a demo account [needs a container engine]', () => {
  test('the first start makes an authority for localhost names, whose key no container has', async () => {
    const authority = new X509Certificate(ca);
    expect([authority.ca, authority.checkIssued(authority)]).toEqual([true, true]);
    for (const name of SERVICES) {
      await eventually(() => statusOf(`${deployment.url(name)}/readyz`), { until: (it) => it === 200 });
      const refusal = await deployment.fetch(`${deployment.url(name)}/readyz`).catch((error: Error) => error);
      expect((refusal as Error & { cause?: { code?: string } }).cause?.code).toMatch(/SELF_SIGNED|VERIFY/);
    }
  });

  test('the authority’s key is in a volume of no running container; a service’s key is the proxy’s alone', async () => {
    expect(await inVolume('tls-authority', 'stat', '-c', '%a %u', '/v/ca.key')).toBe('600 0');
    const mounts = '{{range .Mounts}}{{.Name}} {{end}}';
    const withKeys = async (volume: string) => {
      const found = await Promise.all(
        ['postgres', 'proxy', ...SERVICES].map(async (service) => {
          const ids = await deployment.containers(service);
          return (await docker('inspect', '-f', mounts, ...ids)).includes(`${deployment.project}_${volume}`)
            ? [service]
            : [];
        }),
      );
      return found.flat();
    };
    expect(await withKeys('tls-authority')).toEqual([]);
    expect(await withKeys('tls-proxy')).toEqual(['proxy']);
    expect(await inVolume('tls-public', 'ls', '/v')).toBe('ca.pem');
    expect((await inVolume('tls-public', 'cat', '/v/ca.pem')).includes('PRIVATE KEY')).toBe(false);
  });

  test('somebody signs up, links a Host and has a token transferred, with Secure cookies, without HSTS', async () => {
    robin = deployment.person({ username: 'robin', stopsAt: [RAW_CALLBACK], ca });
    const am = { url: deployment.url('am') };
    const host = { url: deployment.url('photos') };
    const page = await robin.visit(`${am.url}/sign-up`);
    expect(cookiesOf(page).length).toBeGreaterThan(0);
    for (const cookie of cookiesOf(page)) expect(cookie).toMatch(/^__Host-.*; Secure/);
    expect(page.headers['strict-transport-security']).toBeUndefined();
    await signUp(robin, am.url);
    await signUp(robin, host.url);
    await robin.press('Add', { text: 'kept behind TLS' });
    await addHost(robin, { am, host });
    raw = await openRawRequester({ am, fetch: trusting.fetch });
    connection = await raw.connect(robin);
    expect(await entriesSeen(connection)).toContain('kept behind TLS');
  });

  test('the demo account is made once and its password told; it has linked Hosts and a feed', async () => {
    const { code, says } = await whenSeeded();
    expect(code).toBe('0');
    demo = deployment.person({ username: wordAfter('username', says), password: wordAfter('password', says), ca });
    for (const name of ['am', 'lifestream'] as const) await signIn(demo, deployment.url(name));
    const hosts = (await demo.visit(`${deployment.url('am')}/hosts`)).text;
    for (const name of ['photos', 'calendar', 'notes', 'bridge'] as const)
      expect(hosts).toContain(deployment.url(name));
    const feed = (await demo.visit(deployment.url('lifestream'))).text;
    // the latter two of services that have never heard of an AM, through the bridge
    for (const entry of ['Fog over the allotments', 'Choir rehearsal', 'Learned to whistle', 'On keeping a diary'])
      expect(feed).toContain(entry);
    // may be asked for, and was not answered yet
    expect(feed).not.toContain('Ask about the spare key');
  });

  test('a second up changes nothing: same secrets, same authority, same account, nothing twice', async () => {
    const kept = ['secrets-am', 'tls-authority', 'tls-proxy', 'demo', 'stand-ins-shared'];
    const sum = ['sh', '-c', 'find /v -type f -exec sha256sum {} + | sort'];
    const sums = () => Promise.all(kept.map((it) => inVolume(it, ...sum)));
    const before = await sums();
    const tables = ['am.link', 'am.connection', 'photos.entry', 'bridge.service_account'];
    const counted = tables.map((table) => `(select count(*) from ${table})`);
    const rows = async () => sql(await postgres(), `select ${counted.join()}`);
    const there = await rows();
    await deployment.compose(UP);
    const { code, says } = await whenSeeded();
    expect([code, wordAfter('password', says)]).toEqual(['0', demo.password]);
    expect(await sums()).toEqual(before);
    expect(await rows()).toBe(there);
    expect((await demo.visit(deployment.url('lifestream'))).text).toContain('Fog over the allotments');
  });

  test('each container says from which commit it was built, and is healthy', async () => {
    const label = (name: string) => `{{index .Config.Labels "org.opencontainers.image.${name}"}}`;
    const format = `${label('title')} ${label('licenses')} ${label('revision')} {{.State.Health.Status}}`;
    const images = { am: 'am', photos: 'host', lifestream: 'requester', bridge: 'bridge' };
    for (const [service, image] of Object.entries(images)) {
      const [id = ''] = await deployment.containers(service);
      const saysSo = new RegExp(`^chatelaine-${image} Apache-2\\.0 [0-9a-f]{40} healthy$`);
      const says = () => docker('inspect', '-f', format, id);
      await eventually(says, { until: (it) => it.endsWith(' healthy') });
      expect(await says()).toMatch(saysSo);
    }
  });
});

describe('what an operator does with it [needs a container engine]', () => {
  test('chatelaine doctor finds nothing wrong; started for another issuer, it says what is', async () => {
    expect(await deployment.compose(['exec', '-T', 'am', 'chatelaine', 'doctor'])).toMatch(/\nNothing is wrong\.\n$/);
    const elsewhere = [
      'run',
      '--rm',
      '--no-deps',
      '-T',
      '-e',
      'ISSUER=https://am.localhost:9',
      'am',
      'chatelaine',
      'doctor',
    ];
    const refused = await deployment
      .compose(elsewhere)
      .catch((error: Error & { code?: number; stdout?: string }) => error);
    expect(refused).toMatchObject({ code: 1 });
    expect((refused as { stdout: string }).stdout).toMatch(/WRONG The AM is not reachable at its issuer from here/);
  });

  test('chatelaine stop ends a connection that chatelaine connections lists', async () => {
    const other = await raw.connect(robin);
    expect(await entriesSeen(other)).toContain('kept behind TLS');
    const listed = (await chatelaine('connections', '--owner', 'robin')).split('\n');
    expect(listed).toHaveLength(2);
    const [id = ''] = listed.at(-1)?.split('  ') ?? [];
    expect(await chatelaine('stop', 'connection', id)).toBe(`Connection ${id} has ended.`);
    expect((await exchange(other)).status).toBe(400);
    expect((await exchange(connection)).status).toBe(200);
  });

  test('a backup of a serving AM goes on in an empty database, and what had ended at a Host stays ended', async () => {
    const stopped = await raw.connect(robin);
    load = startLoad(raw, { token: connection.accessToken, ...PHOTOS() });
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'chatelaine-backup-')), 'am.dump');
    const copy = await dumpSchema(deployment, { schema: 'am', file });
    const sent = await load.stop();
    expect(lostIn(sent)).toEqual([]);

    const token = String((await exchange(stopped)).body['access_token']);
    const [id = ''] = (await chatelaine('connections', '--owner', 'robin')).split('\n').at(-1)?.split('  ') ?? [];
    await chatelaine('stop', 'connection', id);
    await eventually(() => statusAtPhotos(token), { until: (status) => status === 401 });

    await deployment.compose(['stop', 'am']);
    await sql(await postgres(), 'drop schema am, am_jobs cascade');
    await deployment.compose(['up', 'roles']);
    await restore(deployment, copy);
    fs.rmSync(path.dirname(file), { recursive: true });
    await deployment.compose(['start', 'am']);
    await eventually(() => statusOf(`${deployment.url('am')}/readyz`), { until: (it) => it === 200 });

    expect(await chatelaine('doctor')).toMatch(/\nNothing is wrong\.$/);
    // whoever was signed in is, and anybody can sign in
    expect((await robin.visit(`${deployment.url('am')}/hosts`)).text).toContain(deployment.url('photos'));
    await signIn(deployment.person({ username: 'robin', ca }), deployment.url('am'));
    expect(await entriesSeen(connection)).toContain('kept behind TLS');
    // in force again here, and of no use
    expect(await chatelaine('connections', '--owner', 'robin')).toContain(id);
    expect(await exchange(stopped)).toMatchObject({ status: 502, body: { error: 'server_error' } });
    expect(await chatelaine('stop', 'everything', '--yes')).toMatch(/nobody has access through this AM/);
    expect((await exchange(connection)).status).toBe(400);
  });
});

const PHOTOS = () => ({ resource: deployment.resource('photos'), scope: 'entries.read' });
const exchange = (through: Connection) => raw.exchange(through.accessToken, PHOTOS());
const atPhotos = (token: string) => raw.get(`${deployment.resource('photos')}/entries`, token);
const statusAtPhotos = async (token: string): Promise<number> => (await atPhotos(token)).status;
/** `docker exec` is what `docker-compose exec` does, a second sooner. */
const chatelaine = async (...words: string[]): Promise<string> => {
  const [am = ''] = await deployment.containers('am');
  return docker('exec', am, 'chatelaine', ...words);
};

async function entriesSeen(through: Connection): Promise<string> {
  const { body } = await exchange(through);
  return JSON.stringify((await atPhotos(String(body['access_token']))).body);
}

async function postgres(): Promise<string> {
  const [id = ''] = await deployment.containers('postgres');
  return id;
}

async function statusOf(url: string): Promise<number> {
  return trusting.fetch(url).then(
    ({ status }) => status,
    () => 0,
  );
}
