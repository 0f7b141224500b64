import { connect, type LookupFunction } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createConnector } from '../src/connector.ts';
import { createGuard } from '../src/guard.ts';
import type { Resolve } from '../src/index.ts';
import { closeAll, names, outboundWith, serveRaw } from './servers.ts';

afterEach(closeAll);

describe('only https to strangers (M1)', () => {
  test.each([
    'http://photos.example/',
    'ftp://photos.example/',
    'file:///etc/passwd',
    'data:application/json,{}',
    'gopher://photos.example/',
    'javascript:1',
    'ws://photos.example',
    'blob:https://photos.example/1',
    '',
    '/relative',
    '//photos.example',
    'https://',
    'not a url',
  ])('%p is refused before any name is looked up', async (url) => {
    const asked: string[] = [];
    const outbound = outboundWith({ resolve: (host) => Promise.reject(new Error(String(asked.push(host)))) });
    expect(outbound.check(url).kind).toBe('refused');
    expect(await outbound.fetchJson({ url })).toMatchObject({ kind: 'failed', reason: 'refused' });
    await expect(outbound.fetch(url)).rejects.toMatchObject({ name: 'OutboundError', reason: 'refused' });
    expect(asked).toEqual([]);
  });

  test.each([
    'https://user@photos.example/',
    'https://user:secret@photos.example/',
    'https://:secret@photos.example/',
    'https://photos.example@127.0.0.1/',
  ])('%p is refused: a URL carries no credentials', (url) => expect(outboundWith().check(url).kind).toBe('refused'));
});

describe('no address that is not public, however it is spelled (M2, M3, M8)', () => {
  test.each([
    '127.0.0.1',
    '127.255.255.254',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.127.255.255',
    '0.0.0.0',
    '0.1.2.3',
    '192.0.0.1',
    '192.0.2.1',
    '192.88.99.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.1.1.1',
    '240.0.0.1',
    '255.255.255.255',
    '168.63.129.16',
    '127.1',
    '127.0.1',
    '0x7f000001',
    '0x7f.1',
    '0x7f.0x0.0x0.0x1',
    '2130706433',
    '017700000001',
    '0177.0.0.1',
    '127.0.0.1.',
    '１２７.０.０.１',
    '127。0。0。1',
    '%31%32%37.0.0.1',
    '0xa9fea9fe',
    '2852039166',
    '0250.077.0201.020',
    '[::1]',
    '[::]',
    '[0:0:0:0:0:0:0:1]',
    '[fd00::1]',
    '[fc00::1]',
    '[fe80::1]',
    '[fec0::1]',
    '[ff02::1]',
    '[fd00:ec2::254]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:10.0.0.1]',
    '[::127.0.0.1]',
    '[::7f00:1]',
    '[::ffff:0:127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b::127.0.0.1]',
    '[64:ff9b:1::7f00:1]',
    '[2002:7f00:1::]',
    '[2002:a9fe:a9fe::1]',
    '[2001:0:7f00:1::]',
    '[2001:db8::1]',
    '[3fff::1]',
    '[100::1]',
    '[5f00::1]',
    '[4000::1]',
  ])('https://%s/ is refused', async (host) => {
    const outbound = outboundWith();
    expect(outbound.check(`https://${host}/`).kind).toBe('refused');
    // not "unreachable": no connection was tried
    expect(await outbound.fetchJson({ url: `https://${host}/` })).toMatchObject({ kind: 'failed', reason: 'refused' });
  });

  test.each([
    '1.1.1.1',
    '8.8.8.8',
    '172.15.255.255',
    '172.32.0.1',
    '100.63.255.255',
    '100.128.0.1',
    '168.63.129.15',
    '[2606:4700::1111]',
    '[::ffff:8.8.8.8]',
  ])('https://%s/ is public', (host) => {
    const { kind } = outboundWith().check(`https://${host}/`);
    // IPv4 inside IPv6 counts as the IPv4 address it is
    expect(kind).toBe('allowed');
  });
});

describe('no name that is ours or local (M8)', () => {
  test.each([
    'localhost',
    'LOCALHOST',
    'localhost.',
    'am.localhost',
    'postgres',
    'am-token',
    'metadata.google.internal',
    'METADATA.GOOGLE.INTERNAL.',
    'x.internal',
    'printer.local',
    'am.default.svc',
    'am.default.svc.cluster.local',
    'router.home.arpa',
    'nas.lan',
    'x.corp',
    'x.intranet',
    'x.onion',
    'photos.example.',
  ])('https://%s/ is refused', (host) =>
    expect(outboundWith({ demo: true }).check(`https://${host}/`).kind).toBe('refused'),
  );

  test.each(['am.example', 'AM.example', 'am.example.'])('https://%s/ is us', (host) => {
    const own = { host: 'am.example', port: 443, scheme: 'https' as const, cidr: '0.0.0.0/0' };
    expect(outboundWith({ ownNames: ['am.example'] }).check(`https://${host}/`).kind).toBe('refused');
    expect(outboundWith({ ownNames: ['AM.example'], exceptions: [own] }).check(`https://${host}/`).kind).toBe(
      'refused',
    );
  });

  test('a name that merely contains such a word is nobody’s but its owner’s', () => {
    for (const host of [
      'localhost.example',
      'internal.example',
      'mylocal.example',
      'notam.example',
      'photos.example',
    ]) {
      expect(outboundWith({ ownNames: ['am.example'] }).check(`https://${host}/`).kind).toBe('allowed');
    }
  });
});

test.each([22, 25, 80, 5432, 6379, 8443, 444])('port %d is refused (M9)', (port) => {
  expect(outboundWith().check(`https://photos.example:${port}/`).kind).toBe('refused');
  expect(outboundWith().check('https://photos.example:443/').kind).toBe('allowed');
});

describe('a name is what all its addresses are (M4)', () => {
  test.each([
    ['a private address', ['10.0.0.5']],
    ['loopback', ['127.0.0.1']],
    ['loopback in IPv6', ['::1']],
    ['loopback in IPv4 inside IPv6', ['::ffff:127.0.0.1']],
    ['link-local with a zone', ['fe80::1%eth0']],
    ['the metadata service', ['169.254.169.254']],
    ['one public and one private address', ['8.8.8.8', '192.168.0.1']],
    ['a public IPv6 and a private IPv4 address', ['2606:4700::1111', '10.0.0.1']],
    ['something that is no address', ['localhost']],
  ])('a public name that resolves to %s is refused', async (_what, addresses) => {
    const outbound = outboundWith({ resolve: names({ 'photos.example': addresses }) });
    expect(outbound.check('https://photos.example/').kind).toBe('allowed');
    expect(await outbound.fetchJson({ url: 'https://photos.example/' })).toMatchObject({
      kind: 'failed',
      reason: 'refused',
    });
    await expect(outbound.fetch('https://photos.example/')).rejects.toMatchObject({ reason: 'refused' });
  });

  test('a name without addresses, or one nobody knows, is unreachable', async () => {
    const empty = outboundWith({ resolve: names({}) });
    expect(await empty.fetchJson({ url: 'https://photos.example/' })).toMatchObject({
      kind: 'failed',
      reason: 'unreachable',
    });
    const unknown = outboundWith({
      resolve: () => Promise.reject(Object.assign(new Error('secret name'), { code: 'ENOTFOUND' })),
    });
    const failed = await unknown.fetchJson({ url: 'https://photos.example/' });
    expect(failed).toEqual({ kind: 'failed', reason: 'unreachable', detail: 'The connection failed (ENOTFOUND).' });
  });
});

describe('the address connected to is the address checked (M5)', () => {
  const guard = createGuard({ exceptions: [], demo: false });
  const request = { hostname: 'photos.example', host: 'photos.example', protocol: 'https:', port: '' };
  const attempt = (connector: ReturnType<typeof createConnector>) =>
    new Promise<unknown>((resolve) => connector(request, (...[error]) => resolve(error)));

  test('DNS is asked once per connection and the connection knows only that answer; a second answer counts for the next', async () => {
    const answers = [['8.8.8.8'], ['127.0.0.1']];
    let asked = 0;
    const resolve: Resolve = () => Promise.resolve((answers[asked++] ?? []).map((address) => ({ address, family: 4 })));
    const tried: unknown[] = [];
    const connector = createConnector({
      guard,
      resolve,
      timeoutSeconds: 1,
      build: (options) => (_request, callback) => {
        const { lookup } = options as { lookup: LookupFunction };
        lookup('photos.example', { all: true }, (_error, addresses) => {
          tried.push(addresses);
          callback(new Error('nothing there'), null);
        });
      },
    });
    expect(await attempt(connector)).toMatchObject({ reason: 'unreachable' });
    expect([asked, tried]).toEqual([1, [[{ address: '8.8.8.8', family: 4 }]]]);
    expect(await attempt(connector)).toMatchObject({ reason: 'refused' });
    expect([asked, tried.length]).toEqual([2, 1]);
  });

  test('a socket that ended at another address all the same is closed before a byte is sent', async () => {
    const received: Buffer[] = [];
    const gone = Promise.withResolvers<void>();
    const server = await serveRaw((socket) =>
      socket.on('data', (chunk) => received.push(chunk)).on('close', () => gone.resolve()),
    );
    const connector = createConnector({
      guard,
      resolve: names({ 'photos.example': ['8.8.8.8'] }),
      timeoutSeconds: 1,
      build: () => (_request, callback) => {
        const socket = connect(server.port, '127.0.0.1', () => callback(null, socket));
      },
    });
    expect(await attempt(connector)).toMatchObject({ reason: 'refused' });
    await gone.promise;
    expect(received).toEqual([]);
  });

  test('the connector judges the destination itself, whoever asks', async () => {
    const connector = createConnector({ guard, resolve: names({}), timeoutSeconds: 1 });
    for (const hostname of ['127.0.0.1', '::1', 'localhost']) {
      const error = await new Promise((resolve) =>
        connector({ ...request, hostname, host: hostname }, (...[failure]) => resolve(failure)),
      );
      expect(error).toMatchObject({ reason: 'refused' });
    }
  });
});

test('a private authority is trusted beside the public ones, not instead of them', async () => {
  const trusted: unknown[] = [];
  const connector = createConnector({
    guard: createGuard({ exceptions: [], demo: false }),
    resolve: names({ 'photos.example': ['8.8.8.8'] }),
    timeoutSeconds: 1,
    ca: 'private',
    build: (options) => (_request, callback) => {
      trusted.push(...[(options as { ca: unknown }).ca].flat());
      callback(new Error('nothing there'), null);
    },
  });
  const request = { hostname: 'photos.example', host: 'photos.example', protocol: 'https:', port: '' };
  await new Promise((resolve) => connector(request, (...[error]) => resolve(error)));
  expect(trusted).toContain('private');
  expect(trusted.length).toBeGreaterThan(50);
});
