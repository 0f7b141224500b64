import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { describeException, type OutboundException, ownRanges, parseExceptions, type Resolve } from '../src/index.ts';
import { createResolve } from '../src/resolve.ts';
import { closeAll, names, outboundWith, serve } from './servers.ts';

afterEach(closeAll);

const document = (_request: unknown, response: ServerResponse) =>
  void response.setHeader('content-type', 'application/json').end('{"ok":true}');

describe('an exception is exact: scheme, name, port and address', () => {
  const exceptionFor = (port: number, change: Partial<OutboundException> = {}): OutboundException => ({
    host: 'photos.internal',
    port,
    scheme: 'http',
    cidr: '127.0.0.0/8',
    ...change,
  });
  const where = names({ 'photos.internal': ['127.0.0.1'], 'other.internal': ['127.0.0.1'] });

  test('what matches all four is reached', async () => {
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

  test('an exception may be for an address, which matches in any spelling', async () => {
    const { port } = await serve(document);
    const outbound = outboundWith({ exceptions: [exceptionFor(port, { host: '127.0.0.1', cidr: '127.0.0.1/32' })] });
    expect(await outbound.fetchJson({ url: `http://127.0.0.1:${port}/` })).toMatchObject({ kind: 'ok' });
    expect(await outbound.fetchJson({ url: `http://0x7f.1:${port}/` })).toMatchObject({ kind: 'ok' });
    expect(outbound.check(`http://127.0.0.2:${port}/`).kind).toBe('refused');
  });

  test('it allows nothing else', async () => {
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

  test('with a range beyond loopback the system resolves them, and only its addresses are allowed', async () => {
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

test('names with an exception are resolved by the system', async () => {
  const found = await createResolve({ timeoutSeconds: 1 })('localhost', 'system');
  expect(found.length).toBeGreaterThan(0);
  for (const { address } of found) expect(['127.0.0.1', '::1']).toContain(address);
});

test.each(['localhost', '127.0.0.1', '[::1]', 'nothing-of-this-name.localhost'])(
  '%s of ours is loopback',
  async (name) => {
    expect(await ownRanges(name)).toEqual(['127.0.0.0/8', '::1/128']);
  },
);

test.each([
  ['192.0.2.7', '192.0.2.7/32'],
  ['[2001:db8::7]', '2001:db8::7/128'],
])('%s of ours is where it is found, and nowhere else', async (name, range) => {
  expect(await ownRanges(name)).toEqual([range]);
});
