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
import { type Load, failuresIn, startLoad } from './support/load.ts';

// docker-compose.tls.yml with the demo profile, and what docs/operations.md tells an operator to do with it. Each test
// continues where the one before it ended.

const SERVICES = ['am', 'photos', 'calendar', 'notes', 'lifestream', 'bridge'] as const;
const UP = ['--profile', 'demo', 'up', '-d', '--no-build'];

let deployment: Deployment;
let ca: string;
let tlsFetch: LoopbackFetch;
let demo: Person;
let robin: Person;
let raw: RawRequester;
let connection: Connection;
let load: Load | undefined;

beforeAll(async () => {
  deployment = await openDeployment({ overlays: ['docker-compose.tls.yml'], scheme: 'https' });
  await deployment.compose(UP);
  // the command that docs/operations.md gives for one's browser
  ca = await deployment.compose(['run', '--rm', '--no-deps', 'certificates', 'cat', '/tls/public/ca.pem']);
  tlsFetch = createLoopbackFetch({ ca });
});

afterAll(async () => {
  await load?.stop();
  await tlsFetch?.close();
  await deployment?.down();
});

/** The exit code and the log of the container that makes the demo account. */
async function demoResult(): Promise<{ code: string; says: string }> {
  const [id = ''] = await deployment.containers('demo', 'exited');
  return { code: await docker('inspect', '-f', '{{.State.ExitCode}}', id), says: await docker('logs', id) };
}
const waitForDemo = async () => {
  await eventually(() => deployment.containers('demo', 'exited'), {
    until: (ids) => ids.length === 1,
  });
  return demoResult();
};
const valueAfter = (label: string, text: string): string =>
  new RegExp(`^ *${label} +(\\S+)$`, 'm').exec(text)?.[1] ?? '';
const cookiesOf = (page: Page): string[] => [page.headers['set-cookie'] ?? []].flat();
/** Runs a command as root, in a container of its own that has the volume at `/v`. */
function inVolume(volume: string, ...command: string[]): Promise<string> {
  const mounted = ['-v', `${deployment.project}_${volume}:/v:ro`];
  return docker('run', '--rm', '--network', 'none', ...mounted, 'chatelaine-postgres', ...command);
}

describe('docker-compose with TLS and a demo account [needs a container engine]', () => {
  test('the first start makes a certificate authority for localhost names, whose key no container has', async () => {
    const authority = new X509Certificate(ca);
    expect([authority.ca, authority.checkIssued(authority)]).toEqual([true, true]);
    for (const name of SERVICES) {
      await eventually(() => statusOf(`${deployment.url(name)}/readyz`), { until: (it) => it === 200 });
      const refusal = await deployment.fetch(`${deployment.url(name)}/readyz`).catch((error: Error) => error);
      expect((refusal as Error & { cause?: { code?: string } }).cause?.code).toMatch(/SELF_SIGNED|VERIFY/);
    }
  });

  test('the authority’s key is in no volume of a running container; only the proxy has the TLS keys', async () => {
    expect(await inVolume('tls-authority', 'stat', '-c', '%a %u', '/v/ca.key')).toBe('600 0');
    const mounts = '{{range .Mounts}}{{.Name}} {{end}}';
    const servicesThatMount = async (volume: string) => {
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
    expect(await servicesThatMount('tls-authority')).toEqual([]);
    expect(await servicesThatMount('tls-proxy')).toEqual(['proxy']);
    expect(await inVolume('tls-public', 'ls', '/v')).toBe('ca.pem');
    expect((await inVolume('tls-public', 'cat', '/v/ca.pem')).includes('PRIVATE KEY')).toBe(false);
  });

  test('a person signs up, links a Host and has a token transferred; cookies are Secure, without HSTS', async () => {
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
    raw = await openRawRequester({ am, fetch: tlsFetch.fetch });
    connection = await raw.connect(robin);
    expect(await readEntries(connection)).toContain('kept behind TLS');
  });

  test('the demo account is made once, and its password printed; it has linked Hosts and a feed', async () => {
    const { code, says } = await waitForDemo();
    expect(code).toBe('0');
    demo = deployment.person({ username: valueAfter('username', says), password: valueAfter('password', says), ca });
    for (const name of ['am', 'lifestream'] as const) await signIn(demo, deployment.url(name));
    const hosts = (await demo.visit(`${deployment.url('am')}/hosts`)).text;
    for (const name of ['photos', 'calendar', 'notes', 'bridge'] as const)
      expect(hosts).toContain(deployment.url(name));
    const feed = (await demo.visit(deployment.url('lifestream'))).text;
    // the last two are from services that know nothing of AMs, through the bridge
    for (const entry of ['Fog over the allotments', 'Choir rehearsal', 'Learned to whistle', 'On keeping a diary'])
      expect(feed).toContain(entry);
    // its scope is on `ask`, and the question has not been answered
    expect(feed).not.toContain('Ask about the spare key');
  });

  test('a second `up` changes nothing: secrets, authority and account stay, and nothing is made twice', async () => {
    const kept = ['secrets-am', 'tls-authority', 'tls-proxy', 'demo', 'stand-ins-shared'];
    const sum = ['sh', '-c', 'find /v -type f -exec sha256sum {} + | sort'];
    const sums = () => Promise.all(kept.map((it) => inVolume(it, ...sum)));
    const before = await sums();
    const tables = ['am.link', 'am.connection', 'photos.entry', 'bridge.service_account'];
    const counted = tables.map((table) => `(select count(*) from ${table})`);
    const rows = async () => sql(await postgres(), `select ${counted.join()}`);
    const rowsBefore = await rows();
    await deployment.compose(UP);
    const { code, says } = await waitForDemo();
    expect([code, valueAfter('password', says)]).toEqual(['0', demo.password]);
    expect(await sums()).toEqual(before);
    expect(await rows()).toBe(rowsBefore);
    expect((await demo.visit(deployment.url('lifestream'))).text).toContain('Fog over the allotments');
  });

  test('each container has a label with the commit that it was built from, and is healthy', async () => {
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
  test('chatelaine doctor finds nothing wrong; with another issuer it says what is wrong', async () => {
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
    expect(await readEntries(other)).toContain('kept behind TLS');
    const listed = (await chatelaine('connections', '--owner', 'robin')).split('\n');
    expect(listed).toHaveLength(2);
    const [id = ''] = listed.at(-1)?.split('  ') ?? [];
    expect(await chatelaine('stop', 'connection', id)).toBe(`Connection ${id} has ended.`);
    expect((await exchange(other)).status).toBe(400);
    expect((await exchange(connection)).status).toBe(200);
  });

  test('a backup of a running AM is restored; what has ended at a Host stays ended', async () => {
    const stopped = await raw.connect(robin);
    load = startLoad(raw, { token: connection.accessToken, ...photosTarget() });
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'chatelaine-backup-')), 'am.dump');
    const copy = await dumpSchema(deployment, { schema: 'am', file });
    const sent = await load.stop();
    expect(failuresIn(sent)).toEqual([]);

    const token = String((await exchange(stopped)).body['access_token']);
    const [id = ''] = (await chatelaine('connections', '--owner', 'robin')).split('\n').at(-1)?.split('  ') ?? [];
    await chatelaine('stop', 'connection', id);
    await eventually(() => photosStatus(token), { until: (status) => status === 401 });

    await deployment.compose(['stop', 'am']);
    await sql(await postgres(), 'drop schema am, am_jobs cascade');
    await deployment.compose(['up', 'roles']);
    await restore(deployment, copy);
    fs.rmSync(path.dirname(file), { recursive: true });
    await deployment.compose(['start', 'am']);
    await eventually(() => statusOf(`${deployment.url('am')}/readyz`), { until: (it) => it === 200 });

    expect(await chatelaine('doctor')).toMatch(/\nNothing is wrong\.$/);
    // existing sessions are valid, and signing in works
    expect((await robin.visit(`${deployment.url('am')}/hosts`)).text).toContain(deployment.url('photos'));
    await signIn(deployment.person({ username: 'robin', ca }), deployment.url('am'));
    expect(await readEntries(connection)).toContain('kept behind TLS');
    // the connection is active again here, but no Host accepts it
    expect(await chatelaine('connections', '--owner', 'robin')).toContain(id);
    expect(await exchange(stopped)).toMatchObject({ status: 502, body: { error: 'server_error' } });
    expect(await chatelaine('stop', 'everything', '--yes')).toMatch(/nobody has access through this AM/);
    expect((await exchange(connection)).status).toBe(400);
  });
});

const photosTarget = () => ({ resource: deployment.resource('photos'), scope: 'entries.read' });
const exchange = (through: Connection) => raw.exchange(through.accessToken, photosTarget());
const readPhotos = (token: string) => raw.get(`${deployment.resource('photos')}/entries`, token);
const photosStatus = async (token: string): Promise<number> => (await readPhotos(token)).status;
/** By `docker exec`, which is a second faster than `docker-compose exec`. */
const chatelaine = async (...words: string[]): Promise<string> => {
  const [am = ''] = await deployment.containers('am');
  return docker('exec', am, 'chatelaine', ...words);
};

async function readEntries(through: Connection): Promise<string> {
  const { body } = await exchange(through);
  return JSON.stringify((await readPhotos(String(body['access_token']))).body);
}

async function postgres(): Promise<string> {
  const [id = ''] = await deployment.containers('postgres');
  return id;
}

async function statusOf(url: string): Promise<number> {
  return tlsFetch.fetch(url).then(
    ({ status }) => status,
    () => 0,
  );
}
