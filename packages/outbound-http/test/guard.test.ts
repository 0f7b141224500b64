import type { ServerResponse } from 'node:http';
import { connect, type LookupFunction } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createConnector } from '../src/connector.ts';
import { createGuard } from '../src/guard.ts';
import { describeException, type OutboundException, parseExceptions, type Resolve } from '../src/index.ts';
import { createResolve } from '../src/resolve.ts';
import { closeAll, names, outboundWith, serve, serveRaw } from './servers.ts';

afterEach(closeAll);

const document = (_request: unknown, response: ServerResponse) =>
  void response.setHeader('content-type', 'application/json').end('{"ok":true}');

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

describe('an exception is exact: scheme, name, port and address', () => {
  const exceptionFor = (port: number, change: Partial<OutboundException> = {}): OutboundException => ({
    host: 'photos.internal',
    port,
    scheme: 'http',
    cidr: '127.0.0.0/8',
    ...change,
  });
  const where = names({ 'photos.internal': ['127.0.0.1'], 'other.internal': ['127.0.0.1'] });

  test('what fits all four is reached', async () => {
    const { port } = await serve(document);
    const outbound = outboundWith({ exceptions: [exceptionFor(port)], resolve: where });
    expect(await outbound.fetchJson({ url: `http://photos.internal:${port}/` })).toMatchObject({
      kind: 'ok',
      json: { ok: true },
    });
    expect(await outbound.fetchJson({ url: `http://PHOTOS.internal:${port}/` })).toMatchObject({ kind: 'ok' });
  });

  test.each<[string, (port: number) => string]>([
    ['another port', (port) => `http://photos.internal:${port + 1}/`],
    ['the default port', () => 'http://photos.internal/'],
    ['another scheme', (port) => `https://photos.internal:${port}/`],
    ['another name at the same address', (port) => `http://other.internal:${port}/`],
    ['a name below it', (port) => `http://x.photos.internal:${port}/`],
    ['the name with a dot at its end', (port) => `http://photos.internal.:${port}/`],
    ['the address itself', (port) => `http://127.0.0.1:${port}/`],
    ['the name with credentials', (port) => `http://me@photos.internal:${port}/`],
  ])('%s is refused', async (_what, urlFor) => {
    const server = await serve(document);
    const outbound = outboundWith({ exceptions: [exceptionFor(server.port)], resolve: where });
    expect(await outbound.fetchJson({ url: urlFor(server.port) })).toMatchObject({ kind: 'failed', reason: 'refused' });
    expect(server.connections()).toBe(0);
  });

  test('an address outside the range is refused, a public one too', async () => {
    const server = await serve(document);
    const url = `http://photos.internal:${server.port}/`;
    for (const [cidr, address] of [
      ['10.0.0.0/8', '127.0.0.1'],
      ['127.0.0.2/32', '127.0.0.1'],
      ['127.0.0.1/32', '8.8.8.8'],
      ['::1/128', '127.0.0.1'],
    ] as const) {
      const outbound = outboundWith({
        exceptions: [exceptionFor(server.port, { cidr })],
        resolve: names({ 'photos.internal': [address] }),
      });
      expect(await outbound.fetchJson({ url })).toMatchObject({ kind: 'failed', reason: 'refused' });
    }
    expect(server.connections()).toBe(0);
  });

  test('an address may be excepted as itself, in any spelling of it', async () => {
    const { port } = await serve(document);
    const outbound = outboundWith({ exceptions: [exceptionFor(port, { host: '127.0.0.1', cidr: '127.0.0.1/32' })] });
    expect(await outbound.fetchJson({ url: `http://127.0.0.1:${port}/` })).toMatchObject({ kind: 'ok' });
    expect(await outbound.fetchJson({ url: `http://0x7f.1:${port}/` })).toMatchObject({ kind: 'ok' });
    expect(outbound.check(`http://127.0.0.2:${port}/`).kind).toBe('refused');
  });

  test('one does not open the way to anything else', async () => {
    const outbound = outboundWith({
      exceptions: [exceptionFor(8080)],
      resolve: names({ 'photos.example': ['127.0.0.1'] }),
    });
    expect(await outbound.fetchJson({ url: 'https://photos.example/' })).toMatchObject({ reason: 'refused' });
    expect(outbound.check('http://photos.example/').kind).toBe('refused');
  });
});

describe('names under localhost mean this machine in demo mode only', () => {
  const exception = (port: number) => ({ host: 'am.localhost', port, scheme: 'http' as const, cidr: '127.0.0.1/32' });
  const dead: Resolve = createResolve({ timeoutSeconds: 1 });

  test('with an exception and demo mode they are 127.0.0.1', async () => {
    const { port } = await serve(document);
    const outbound = outboundWith({ demo: true, exceptions: [exception(port)], resolve: dead });
    expect(await outbound.fetchJson({ url: `http://am.localhost:${port}/` })).toMatchObject({ kind: 'ok' });
  });

  test('without either they are refused', async () => {
    const { port, connections } = await serve(document);
    for (const options of [{ demo: true }, { demo: false, exceptions: [exception(port)] }]) {
      expect(await outboundWith(options).fetchJson({ url: `http://am.localhost:${port}/` })).toMatchObject({
        reason: 'refused',
      });
    }
    expect(connections()).toBe(0);
  });

  test('with a range beyond loopback they are what the system says, within that range only', async () => {
    const { port, connections } = await serve(document);
    const resolve: Resolve = async () => [{ address: '127.0.0.1', family: 4 }];
    const elsewhere = { ...exception(port), cidr: '10.0.0.0/8' };
    const outbound = outboundWith({ demo: true, exceptions: [elsewhere], resolve });
    expect(await outbound.fetchJson({ url: `http://am.localhost:${port}/` })).toMatchObject({ reason: 'refused' });
    expect(connections()).toBe(0);
  });
});

describe('exceptions as configured', () => {
  const good = { host: 'am.localhost', port: 4800, scheme: 'http', cidr: '127.0.0.1/32' };
  test('are read, and each can be printed', () => {
    const read = parseExceptions([good]);
    expect(read).toEqual({ kind: 'valid', exceptions: [good] });
    expect(read.kind === 'valid' && read.exceptions.map(describeException)).toEqual([
      'http://am.localhost:4800 at 127.0.0.1/32',
    ]);
  });

  test.each<[string, unknown]>([
    ['no list', good],
    ['null', [null]],
    ['a pattern', [{ ...good, host: '*.localhost' }]],
    ['an upper-case name', [{ ...good, host: 'AM.localhost' }]],
    ['a rooted name', [{ ...good, host: 'am.localhost.' }]],
    ['no name', [{ ...good, host: '' }]],
    ['a port as text', [{ ...good, port: '4800' }]],
    ['port 0', [{ ...good, port: 0 }]],
    ['port 65536', [{ ...good, port: 65_536 }]],
    ['another scheme', [{ ...good, scheme: 'ftp' }]],
    ['an address without a prefix', [{ ...good, cidr: '127.0.0.1' }]],
    ['a prefix too long', [{ ...good, cidr: '127.0.0.1/33' }]],
    ['no range', [{ host: 'a.b', port: 1, scheme: 'http' }]],
    ['something more', [{ ...good, redirects: true }]],
  ])('with %s stop the start with a sentence', (_what, value) => {
    const read = parseExceptions(value);
    expect(read.kind === 'invalid' && read.reason).toMatch(/^Outbound exception.+\.$/);
    expect(() => outboundWith({ exceptions: value as OutboundException[] })).toThrow(TypeError);
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

test('excepted names are looked up as the system does', async () => {
  const found = await createResolve({ timeoutSeconds: 1 })('localhost', 'system');
  expect(found.length).toBeGreaterThan(0);
  for (const { address } of found) expect(['127.0.0.1', '::1']).toContain(address);
});
